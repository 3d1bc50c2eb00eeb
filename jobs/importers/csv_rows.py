"""Tables with a header, separated by commas, semicolons or tabs, to rows.

A quote that is never closed costs its own line only: reading goes on with the next line that has
as many cells as the header. Cells that a spreadsheet would run as a formula carry an apostrophe,
which is taken off again.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from jobs.csv_guard import unguard
from jobs.importers.csv_feed import RECORD_LIMIT, Broken, Feed
from jobs.importers.lines import Line, lines
from jobs.importers.peek import TABLE, delimiter, seen
from jobs.importers.pieces import begin
from jobs.importers.rows import Row
from service.errors import BadArchive
from service.ingest.records import Progress, Reject, raw_text

# What is passed over in search of the next record, and bad records in a row, before giving up.
SEARCH_LIMIT = 3_000_000
BAD_LIMIT = 100_000
COLUMNS = 1_000
SEPARATOR = re.compile(r"sep=(.)\r?", re.IGNORECASE)
Names = dict[str, str]


def is_table(path: Path) -> bool:
    """Return whether a file begins as a table and not as JSON; raise BadArchive for no file."""
    found = seen(begin(path, 1 << 16))
    if found is None:
        return ".csv" in path.name.lower()
    return found.form == TABLE


def table(
    path: Path, progress: Progress, names: Names, required: Iterable[str] = ()
) -> Iterator[Row | Reject]:
    """Yield the rows of a table, by the names that `names` gives its columns (in lower case).

    Empty cells are left out, and so are columns that nobody named. Raises BadArchive where the
    header lacks a column that is required.
    """
    feed = Feed(lines(path, progress, limit=RECORD_LIMIT, blank=True))
    columns, mark = _header(path, feed, names)
    for name in required:
        if name not in columns:
            raise BadArchive(f"{path} has no column `{name}`: name it in the header")
    bad = 0
    for row in _records(feed, columns, mark):
        yield row
        bad = bad + 1 if isinstance(row, Reject) else 0
        if bad > BAD_LIMIT:
            yield Reject("the rest", f"over {BAD_LIMIT:,} bad lines in a row: it is not read")
            return


def _records(feed: Feed, columns: list[str | None], mark: str) -> Iterator[Row | Reject]:
    reader = csv.reader(feed, delimiter=mark)
    while True:
        yield from feed.told()
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (Broken, csv.Error) as error:
            yield from _rejected(feed, str(error), columns, mark)
            reader = csv.reader(feed, delimiter=mark)
            continue
        if not any(cells):
            continue
        reason = _unfit(cells, columns, feed.ended)
        if reason:
            yield from _rejected(feed, reason, columns, mark)
        else:
            yield _row(cells, columns, feed.taken)


def _header(path: Path, feed: Feed, names: Names) -> tuple[list[str | None], str]:
    """Return what each column means, and the mark between cells."""
    csv.field_size_limit(RECORD_LIMIT + 1)
    text = _title(feed)
    given = SEPARATOR.fullmatch(text)
    if given:
        text = _title(feed)
    mark = given[1] if given and given[1] in ",;\t|" else delimiter(text)
    try:
        cells = next(csv.reader([text], delimiter=mark), [])
    except csv.Error:
        cells = []
    columns: list[str | None] = []
    for cell in cells[:COLUMNS]:
        name = names.get(plain_name(cell))
        columns.append(None if name in columns else name)
    if len(cells) > COLUMNS or not any(columns):
        known = ", ".join(dict.fromkeys(names.values()))
        raise BadArchive(f"{path} has no header that is known: name columns {known}")
    return columns, mark


def _title(feed: Feed) -> str:
    """Return the next line that is not blank, as text."""
    while (line := feed.pull()) is not None:
        if line.text.strip():
            return line.text.decode("utf-8", "replace").strip("\r")
    return ""


def plain_name(cell: str) -> str:
    """Return the name of a column as it is compared."""
    return "_".join(cell.strip().lower().split())


def _unfit(cells: list[str], columns: list[str | None], ended: bool) -> str:
    """Return why a record cannot be used, or nothing; empty cells too many are taken off."""
    if ended:
        return "a quote that opens here is never closed"
    while len(cells) > len(columns) and not cells[-1]:
        cells.pop()
    if len(cells) != len(columns):
        return f"the line has {len(cells)} cells; the header has {len(columns)}"
    return ""


def _rejected(
    feed: Feed, reason: str, columns: list[str | None], mark: str
) -> Iterator[Row | Reject]:
    """Yield what is wrong with the record at hand, and go on behind its first line."""
    taken = feed.taken
    if not taken:
        return
    many = len(taken) > 1
    yield Reject(f"line {taken[0].number}", _told(reason, many), _start(taken))
    yield from feed.told()
    feed.back()
    if many and not _resume(feed, len(columns), mark.encode()):
        yield Reject("the rest", f"no record in {SEARCH_LIMIT:,} lines: it is not read")
        feed.found = iter(())
        feed.waiting.clear()


def _told(reason: str, many: bool) -> str:
    if "new-line character" in reason:
        return "a carriage return stands outside of quotes: save the table again"
    return f"{reason}: is a quote left open?" if many and "quote" not in reason else reason


def _resume(feed: Feed, columns: int, mark: bytes) -> bool:
    """Pass over the lines that cannot begin a record; return whether it was worth it."""
    for _ in range(SEARCH_LIMIT):
        line = feed.pull()
        if line is None:
            return True
        if line.text.count(mark) >= columns - 1:
            feed.waiting.appendleft(line)
            return True
    return False


def _row(cells: list[str], columns: list[str | None], taken: list[Line]) -> Row:
    values = {
        name: unguard(cell)
        for name, cell in zip(columns, cells, strict=True)
        if name is not None and cell
    }
    more = len(values) < len(cells) - cells.count("")
    raw = taken[0].text if len(taken) == 1 else b"\n".join(line.text for line in taken)
    return Row(values, f"line {taken[0].number}", raw, more)


def _start(taken: list[Line]) -> str:
    return raw_text(b"\n".join(line.text for line in taken[:20])[: 1 << 14])
