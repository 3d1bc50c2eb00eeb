"""Which posts show what a topic is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nlp.topics.clusters import Labels, Rows
from nlp.topics.posts import TopicPosts

POSTS = 3
# So many of the most typical posts are looked at.
LOOKED_AT = 150
# Characters of a text that is neither curt nor endless, and what one outside of that is worth.
SHORT, LONG = 60, 500
CURT = 0.25
# What each of a topic's phrases adds that a post holds, up to three of them.
HELD = 0.08
# What manners, code and links cost.
MANNERS, CODE = 0.15, 0.1
POLITE = re.compile(
    r"\W*(?:many |ok(?:ay)?,? |oh,? |ah,? |great,? )*"
    r"(?:thank|thx|sorry|apolog|congrat|welcome|lol|haha|hi\b|hello|good (?:point|catch|idea))",
    re.IGNORECASE,
)
MARKUP = re.compile(r"\[code\]|https?://|\w\.(?:com|org|io|net)\b")


def representatives(
    posts: TopicPosts,
    labels: Labels,
    similarity: Rows,
    centroid: Rows,
    number: int,
    phrases: Sequence[str],
    n: int = POSTS,
) -> list[int]:
    """Return up to n rows of posts by n people that show a topic best, of n threads if there are.

    They are near the topic by themselves, not only by their threads, hold its phrases, and are
    neither curt nor endless, mere thanks, nor mostly code.
    """
    inside = np.flatnonzero(labels == number)
    near = similarity[inside] + np.asarray(posts.vectors[inside], dtype=np.float32) @ centroid
    order = inside[np.argsort(-near, kind="stable")][:LOOKED_AT]
    nearness = dict(zip(inside.tolist(), near.tolist(), strict=True))
    held = [re.compile(rf"\b{re.escape(_begin(phrase))}", re.IGNORECASE) for phrase in phrases]
    worth = {row: nearness[row] / 2 + _worth(posts.texts[row], held) for row in order.tolist()}
    best = sorted(worth, key=lambda row: (-worth[row], row))
    taken = _apart(posts, best, n, threads=True)
    return taken if len(taken) == n else _apart(posts, best, n, threads=False)


def _begin(phrase: str) -> str:
    return phrase[:-1] if phrase.endswith("s") and len(phrase) > 3 else phrase


def _worth(text: str, held: Sequence[re.Pattern[str]]) -> float:
    """Return what a text's length, phrases and manners add to its nearness."""
    size = len(text)
    worth = HELD * min(3, sum(1 for phrase in held if phrase.search(text)))
    if size < SHORT:
        worth -= CURT * (1 - size / SHORT) + 0.05
    elif size > LONG:
        worth -= CURT * min(1.0, (size - LONG) / LONG)
    worth -= MANNERS if POLITE.match(text) else 0
    return worth - CODE * min(2, len(MARKUP.findall(text)))


def _apart(posts: TopicPosts, best: Sequence[int], n: int, *, threads: bool) -> list[int]:
    """Return the first n rows by n authors whose texts differ, each of a thread of its own."""
    taken: list[int] = []
    seen: set[tuple[str, object]] = set()
    for row in best:
        keys: set[tuple[str, object]] = {
            ("author", int(posts.authors[row])),
            ("text", posts.texts[row]),
        }
        if threads:
            keys.add(("thread", int(posts.threads[row])))
        if not keys & seen:
            taken.append(row)
            seen |= keys
        if len(taken) == n:
            break
    return taken
