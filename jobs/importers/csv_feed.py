"""The lines of a table as its reader asks for them, so that a broken record can be taken back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from jobs.importers.lines import Line
from service.ingest.records import Reject

RECORD_LIMIT = 8 << 20
LINES_LIMIT = 300_000


class Broken(Exception):
    """A record cannot be read to its end."""


class Feed:
    """Gives a reader one line after another, and keeps those of the record at hand."""

    def __init__(self, found: Iterator[Line | Reject]) -> None:
        self.found = found
        self.waiting: deque[Line] = deque()
        self.taken: list[Line] = []
        self.refused: Reject | None = None
        self.ended = False
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.pull()
        if line is None:
            if self.refused is not None:
                raise Broken("a line within it cannot be read")
            self.ended = True
            raise StopIteration
        self._size += len(line.text)
        if self._size > RECORD_LIMIT or len(self.taken) >= LINES_LIMIT:
            self.waiting.appendleft(line)
            raise Broken("a cell is too long, or its quote stays open")
        self.taken.append(line)
        return line.text.decode("utf-8", "surrogateescape") + ("\n" if line.ended else "")

    def pull(self) -> Line | None:
        """Return the next line; None at the end, or where `refused` says why there is none."""
        if self.waiting:
            return self.waiting.popleft()
        line = next(self.found, None)
        if isinstance(line, Reject):
            self.refused = line
            return None
        return line

    def begin(self) -> None:
        """Forget the record at hand."""
        self.taken, self._size, self.ended = [], 0, False

    def back(self) -> None:
        """Give all but the first line of the record at hand once more."""
        self.waiting.extendleft(reversed(self.taken[1:]))
        self.begin()

    def told(self) -> Iterator[Reject]:
        """Yield the line that could not be read, once."""
        if self.refused is not None:
            yield self.refused
            self.refused = None
