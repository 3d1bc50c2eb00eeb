"""What a topic model reads: posts with their vectors, who wrote them and where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nlp.topics.clusters import Labels, Rows


@dataclass(frozen=True, slots=True)
class TopicPosts:
    """n posts in an order of their own, such as by content hash: texts, vectors, who and where.

    `titles` are the titles of the posts' threads, one for each post, "" where a thread has none.
    `names` are those of people: they speak to each other, and their names are no words of a
    subject.
    """

    texts: Sequence[str]
    vectors: Rows
    authors: Labels
    threads: Labels
    titles: Sequence[str] | None = None
    names: Collection[str] = ()
