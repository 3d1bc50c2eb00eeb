"""Which words of a text may be of a subject, and how many people use them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from nlp.topics.clusters import Labels, Rows

Phrases = Callable[[Sequence[str]], Rows]

TERM = re.compile(r"\b[^\W\d_][\w'’-]*[^\W_]\b")
LEAST_AUTHORS = 3
WORDS = 10
VOCABULARY = 40_000


def terms(text: str) -> list[str]:
    """Return the words and pairs of neighbouring words of a text, in lower case."""
    return [term.lower() for term in written(text)]


def written(text: str) -> Iterator[str]:
    """Yield words, and pairs that stand beside each other, as they are written.

    Stop words are no terms and part what they stand between, and so does any mark but a blank: a
    pair is always something that a person wrote.
    """
    stops, before = stop_words(), None
    for found in TERM.finditer(text):
        word = found[0]
        if word.lower().replace("’", "'") in stops:
            before = None
            continue
        yield word
        if before is not None and not text[before.end() : found.start()].strip(" \t\xa0"):
            yield f"{before[0]} {word}"
        before = found


@cache
def stop_words() -> frozenset[str]:
    """Return the words that say nothing about a subject: English stop words and words of talk."""
    talk = resources.files("nlp.topics.wording").joinpath("talk.txt").read_text(encoding="utf-8")
    return frozenset(talk.split())


def author_counts(holds: Any, authors: Labels) -> Labels:
    """Return the number of distinct authors who use each word, int64 [v]."""
    from scipy.sparse import csr_matrix

    _, codes = np.unique(authors, return_inverse=True)
    people = int(codes.max()) + 1 if len(codes) else 0
    ones = np.ones(len(codes), dtype=np.float32)
    wrote = csr_matrix((ones, (codes, np.arange(len(codes)))), (people, len(codes)))
    used = (wrote @ (holds > 0)).tocsc()
    counts: Labels = np.diff(used.indptr).astype(np.int64)
    return counts
