"""Step `encode`: a vector for each post that has none, written batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from nlp.encoders import Card, Encoder
from service.db.queries import embeddings
from service.db.queries.embeddings import PendingText
from service.db.session import Database

CHUNK = 2_048

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class EncodeResult:
    """Posts that got a vector, and distinct texts that the encoder had to read for them."""

    posts: int
    texts: int


def encode(
    database: Database,
    card: Card,
    load_encoder: Callable[[], Encoder],
    *,
    now: datetime,
    progress: Progress | None = None,
) -> EncodeResult:
    """Encode every post that has no vector by this encoder. The encoder is loaded if one has none.

    Each batch is its own transaction and the model runs outside of it: a killed run loses at most
    the batch it was at, and the next one goes on from there.
    """
    with database.read() as session:
        known = embeddings.encoder_id(session, card.name, card.revision)
        total = embeddings.pending_count(session, known)
    if not total:
        return EncodeResult(0, 0)
    with database.write() as session:
        encoder = embeddings.add_encoder(session, card.name, card.revision, card.dimensions, now)
    model = load_encoder()
    done, texts, last = 0, 0, None
    while chunk := _read(database, encoder, last):
        texts += _encode_chunk(database, encoder, model, chunk)
        done, last = done + len(chunk), chunk[-1]
        if progress:
            progress(done, total)
    return EncodeResult(done, texts)


def _read(database: Database, encoder: int, last: PendingText | None) -> list[PendingText]:
    with database.read() as session:
        return embeddings.pending_texts(session, encoder, CHUNK, last)


def _encode_chunk(
    database: Database, encoder: int, model: Encoder, chunk: list[PendingText]
) -> int:
    """Write the vectors of a chunk; texts that other posts share are not read again."""
    with database.read() as session:
        vectors = embeddings.known_vectors(session, encoder, [post.content_hash for post in chunk])
    texts = {post.content_hash: post.plain for post in chunk if post.content_hash not in vectors}
    rows = model.encode(list(texts.values())).astype(np.float16)
    vectors.update(zip(texts, rows, strict=True))
    with database.write() as session:
        # An import may have edited or withdrawn a post while the model ran.
        kept = embeddings.unchanged(session, chunk)
        ids = [post.post_id for post in kept]
        embeddings.add_vectors(session, encoder, ids, [vectors[post.content_hash] for post in kept])
    return len(texts)
