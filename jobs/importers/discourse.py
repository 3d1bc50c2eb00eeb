"""Discourse: the Markdown export, saved answers of its API, or what one person may download."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from jobs.importers import discourse_archive, discourse_json, discourse_markdown
from jobs.importers.bundle import Bundle, open_bundle
from service.errors import BadArchive
from service.ingest.records import Item, Progress

LOOKS = 20


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the posts of an export; raise BadArchive where it is none of the three."""
    with open_bundle(path) as bundle:
        for form in (discourse_archive, discourse_json, discourse_markdown):
            if form.files(bundle):
                yield from form.posts(bundle, now, progress)
                return
    raise BadArchive(f"{path} holds no .md, .json or user_archive.csv: name an export of Discourse")


def fits(bundle: Bundle) -> bool:
    """Return whether an archive looks like one of Discourse's."""
    if discourse_archive.files(bundle):
        return True
    for form in (discourse_json, discourse_markdown):
        for entry in form.files(bundle)[:LOOKS]:
            if form.begins(bundle.head(entry.name)):
                return True
    return False
