"""Semantic search: a text in, posts out. Holds the loaded encoder and the served index."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from indexes.base import VectorIndex
from indexes.errors import IndexFault
from nlp.encoders import Encoder, describe, load
from nlp.errors import NlpError
from nlp.text import plain
from service.db.models import IndexBuild
from service.db.queries import embeddings, index
from service.db.queries.index import Filters
from service.db.session import Database
from service.errors import BadSetting, IndexNotReady
from service.settings import Settings

MEND = "run `groundswell rebuild-index`"
DEEPEST = 1_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A post found, and its cosine similarity to the query."""

    post_id: int
    score: float


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """Whether search answers, and how many posts the index does not hold yet."""

    ready: bool
    reason: str | None
    posts: int
    behind: int
    encoder: str
    built_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """The loaded index, and what the pointer said of it."""

    index: VectorIndex
    encoder: int
    generation: str
    built_at: datetime
    last_embedding_id: int

    def replaced_by(self, build: IndexBuild) -> bool:
        """Return whether the pointer has moved on.

        A session that began before a publication still sees the older pointer: that is no move.
        """
        if self.encoder != build.encoder_id:
            return True
        return self.generation != build.generation and self.built_at <= build.built_at


class Searcher:
    """Answers searches from many threads; follows the index pointer in the database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        # Two locks: the index answers /readyz while the encoder still loads.
        self._encoding = threading.Lock()
        self._reading = threading.Lock()
        self._encoder: Encoder | None = None
        self._held: Held | None = None

    def warm(self) -> None:
        """Load the encoder and the index ahead of the first search; a fault waits for it."""
        try:
            self._encode("warm")
            with self._database.read() as session:
                self._served(session)
        except (IndexNotReady, BadSetting):
            return

    def search(self, session: Session, text: str, filters: Filters, k: int) -> list[Hit]:
        """Return the k posts nearest to a text, best first.

        Raise IndexNotReady where there is no index, or where only posts that it does not hold yet
        could answer.
        """
        held = self._served(session)
        served = held.index
        among = None if filters.empty else index.filtered_posts(session, filters)
        if among is not None and not len(among):
            return []
        query = self._encode(text)
        if not query.any():
            return []
        # Posts deleted since the index was built are dropped below: ask for some more.
        found = served.search(query, min(k + 50, DEEPEST, max(len(served), 1)), among)
        shown = index.shown_posts(session, found.ids[0][found.ids[0] >= 0])
        pairs = zip(found.ids[0].tolist(), found.scores[0].tolist(), strict=True)
        hits = [Hit(post, score) for post, score in pairs if post in shown][:k]
        if not hits and (behind := self._behind(session, held)):
            posts = "1 post" if behind == 1 else f"{behind:,} posts"
            raise IndexNotReady(f"the index is {posts} behind: run `groundswell run`")
        return hits

    def status(self, session: Session) -> IndexStatus:
        """Return whether search answers, without loading the encoder."""
        try:
            held = self._served(session)
        except IndexNotReady as error:
            behind = embeddings.pending_count(session, None)
            return IndexStatus(False, str(error), 0, behind, self._settings.encoder, None)
        behind = self._behind(session, held)
        name = self._settings.encoder
        return IndexStatus(True, None, len(held.index), behind, name, held.built_at)

    def _behind(self, session: Session, held: Held) -> int:
        """Return how many posts, or new texts of posts, the index does not hold."""
        newer = embeddings.embedding_count(session, held.encoder, after=held.last_embedding_id)
        return embeddings.pending_count(session, held.encoder) + newer

    def _encode(self, text: str) -> NDArray[np.float32]:
        with self._encoding:
            if self._encoder is None:
                try:
                    self._encoder = load(
                        self._settings.encoder,
                        threads=self._settings.threads,
                        batch_tokens=self._settings.encode_tokens,
                    )
                except NlpError as error:
                    raise BadSetting(str(error)) from error
            return self._encoder.encode([plain(text).text])

    def _served(self, session: Session) -> Held:
        """Return the index that the pointer names, verified when it was loaded."""
        build = self._build(session)
        if build is None:
            raise IndexNotReady("there is no index yet: run `groundswell run`")
        with self._reading:
            held = self._held
            if held is None or held.replaced_by(build):
                held = self._held = self._read(build)
            return held

    def _build(self, session: Session) -> IndexBuild | None:
        """Return the pointer row; raise IndexNotReady where there is no such encoder."""
        try:
            card = describe(self._settings.encoder)
        except NlpError as error:
            raise IndexNotReady(str(error)) from error
        encoder = embeddings.encoder_id(session, card.name, card.revision)
        return None if encoder is None else index.index_build(session, encoder)

    def _read(self, build: IndexBuild) -> Held:
        from indexes.store import read

        try:
            index, _ = read(self._settings.index_dir, build.generation, build.sha256)
        except IndexFault as error:
            raise IndexNotReady(f"{error}: {MEND}") from error
        return Held(
            index, build.encoder_id, build.generation, build.built_at, build.last_embedding_id
        )
