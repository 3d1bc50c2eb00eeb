"""Every table as JSON Lines by natural keys, from which `import groundswell` fills a store.

Written is what people said, did and decided. What models made of it is left out (the manifest
says what), as a run makes it anew; so are API keys and jobs. Two stores with the same record give
the same bytes in every file but those of the audit, which has a checksum of its own.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.orm import Session

from jobs.export import deeds
from jobs.export.fields import AUDIT, AUDIT_SUM, FORMAT, LEFT_OUT, MANIFEST, TABLES, VERSION
from jobs.export.files import whole_folder
from jobs.export.formats import line
from service.db import models
from service.db.base import Base
from service.db.queries import export as queries
from service.db.queries.export import Found, Pages
from service.db.session import Database
from service.errors import GroundswellError
from service.ingest.records import Progress

Row = dict[str, Any]
MODELS: dict[str, type[Base]] = {
    "sources": models.Source,
    "accounts": models.Account,
    "members": models.Member,
    "identities": models.Identity,
    "threads": models.Thread,
    "posts": models.Post,
    "reactions": models.Reaction,
    "raw_items": models.RawItem,
    "reply_links": models.ReplyLink,
    "events": models.Event,
    "suggestions": models.Suggestion,
    "corrections": models.Correction,
    AUDIT: models.AuditEntry,
}
WHOLE: dict[str, Callable[[Session], Pages]] = {
    "sources": queries.sources,
    "accounts": queries.accounts,
    "members": queries.members,
    "identities": queries.identities,
}
BY_SOURCE: dict[str, Callable[[Session, int], Pages]] = {
    "threads": queries.threads,
    "posts": queries.every_post,
    "reactions": queries.every_reaction,
    "raw_items": queries.raw_items,
    "reply_links": queries.reply_links,
    "events": queries.events,
    "corrections": queries.corrections,
}


def export_all(
    database: Database, folder: Path, *, raw: bool = True, progress: Progress | None = None
) -> dict[str, int]:
    """Write every table to a new folder and return how many rows each has.

    Private and deleted posts and e-mail addresses are in it: nobody else may read the folder.
    Without `raw` the items that posts were read from stay behind. `progress` hears (rows written,
    rows in all). Raise InvalidInput where the folder is there and not empty.
    """
    with whole_folder(folder) as part, database.read() as session:
        queries.hold_still(session)
        sizes = {name: queries.count(session, model) for name, model in MODELS.items()}
        if not raw:
            sizes["raw_items"] = 0
        sums: dict[str, str] = {}
        done, total = 0, sum(sizes.values())
        for name, size in sizes.items():
            rows = _rows(session, name) if size else iter(())
            sums[name], count = _write(part / f"{name}.jsonl", name, rows)
            if count != size:
                raise GroundswellError(
                    f"{size - count} {name} hang on a member without a handle or on another "
                    "source: restore a backup of the store"
                )
            done += size
            if progress is not None:
                progress(done, total)
        _finish(part, sizes, sums)
    return sizes


def _write(path: Path, name: str, rows: Iterable[Row]) -> tuple[str, int]:
    """Write rows; return the file's SHA-256 and how many they are."""
    digest, count = sha256(), 0
    with path.open("wb") as file:
        for row in rows:
            text = line({field: row[field] for field in TABLES[name]})
            digest.update(text)
            file.write(text)
            count += 1
    return digest.hexdigest(), count


def _finish(part: Path, sizes: Mapping[str, int], sums: Mapping[str, str]) -> None:
    files = {
        f"{name}.jsonl": {"rows": size, "sha256": sums[name]}
        for name, size in sizes.items()
        if name != AUDIT
    }
    manifest = {"format": FORMAT, "version": VERSION, "files": files, "left_out": LEFT_OUT}
    (part / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    (part / AUDIT_SUM).write_text(f"{sums[AUDIT]}  {AUDIT}.jsonl\n", encoding="ascii")


def _rows(session: Session, name: str) -> Iterator[Row]:
    if name == "suggestions":
        yield from _suggestions(session)
    elif name == AUDIT:
        for entries in deeds.audit(session):
            yield from entries
    elif name in WHOLE:
        for page in WHOLE[name](session):
            yield from map(_row, page)
    else:
        sources = [source for page in queries.sources(session) for source in page]
        for source in sources:
            for page in BY_SOURCE[name](session, source.id):
                yield from ({"source": source.name, **_row(found)} for found in page)


def _suggestions(session: Session) -> list[Row]:
    """Return pairs in the order of their keys, as ids differ from store to store."""
    rows = [_row(found) for found in queries.suggestions(session)]
    for row in rows:
        row["left"], row["right"] = sorted((row["left"], row["right"]))
    return sorted(rows, key=lambda row: (row["kind"], row["left"], row["right"]))


def _row(found: Found) -> Row:
    """Return a row with each pair of `x_platform` and `x_value` as the key `x`."""
    row: Row = dict(found._mapping)
    for name in [name for name in row if name.endswith("_platform")]:
        stem = name.removesuffix("_platform")
        platform, value = row.pop(name), row.pop(f"{stem}_value")
        row[stem] = None if platform is None else [platform, value]
    if "data" in row and isinstance(row["data"], bytes):
        row["data"] = _text(row["data"])
    return row


def _text(data: bytes) -> str | dict[str, str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode("ascii")}
    return {"base64": b64encode(data).decode("ascii")} if "\0" in text else text
