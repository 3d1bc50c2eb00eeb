"""What is computed of posts before they are stored, and how they are taken by batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nlp.text import content_hash, plain
from service.ingest.records import Item, PostRecord, Reading

# The first batches are small, so that storing begins while the rest is read.
FIRST, BATCH = 500, 4_000
BATCH_CHARS = 1 << 22


def read(record: PostRecord) -> Reading:
    """Return what is computed of a post before it is stored."""
    if record.reading is not None:
        return record.reading
    words = plain(record.text).text
    return Reading(record.digest(), words, content_hash(words))


def batches(items: Iterable[Item], max_chars: int) -> Iterator[list[Item]]:
    """Yield the items by batches that fit in memory, with texts cut to `max_chars`."""
    batch: list[Item] = []
    chars = 0
    most = min(FIRST, BATCH)
    for item in items:
        if isinstance(item, PostRecord):
            if len(item.text) > max_chars:
                item = replace(item, text=item.text[:max_chars], truncated=True)
            chars += len(item.text) + len(item.raw)
        batch.append(item)
        if len(batch) >= most or chars >= BATCH_CHARS:
            yield batch
            batch, chars = [], 0
            most = min(2 * most, BATCH)
    if batch:
        yield batch
