"""The kinds of archive that can be imported."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.importers import accounts, events, jsonl, zulip
from jobs.importers.records import Reader
from service.errors import BadArchive


@dataclass(frozen=True, slots=True)
class Importer:
    """One kind of archive: its name on the command line, what it is, and how it is read."""

    kind: str
    about: str
    read: Reader


KINDS = {
    importer.kind: importer
    for importer in (
        Importer("jsonl", "posts, one JSON object a line, gzip or plain", jsonl.read),
        Importer("zulip-archive", "the folder that zulip-archive writes", zulip.read),
        Importer("events", "what happened beside posts, one JSON object a line", events.read),
        Importer("accounts", "companies, one JSON object a line", accounts.read),
    )
}


def importer(kind: str) -> Importer:
    """Return the importer of a kind; raise BadArchive naming the known ones."""
    try:
        return KINDS[kind]
    except KeyError:
        raise BadArchive(f"no importer is called {kind!r}: use {', '.join(KINDS)}") from None
