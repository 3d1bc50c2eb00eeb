"""Words and labels of topics: used by several people, close to the topic, unlike each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from nlp.topics.clusters import Labels, Rows

Phrases = Callable[[Sequence[str]], Rows]

PATTERN = r"(?u)\b[^\W\d_][\w'’-]*[^\W_]\b"
LEAST_AUTHORS = 3
WORDS = 10
LABEL_WORDS = 3
# Share of likeness to the topic against unlikeness to words already taken (MMR, Carbonell 1998).
LIKENESS = 0.7
VOCABULARY = 40_000


@dataclass(frozen=True, slots=True)
class Counted:
    """Which words each post holds: `holds` [n, v] sparse, and the vectorizer that counted."""

    holds: Any
    words: list[str]
    vectorizer: Any


def count(texts: Sequence[str], authors: Labels) -> Counted:
    """Count words and pairs of words that at least three authors use."""
    from sklearn.feature_extraction.text import CountVectorizer

    wide = CountVectorizer(
        token_pattern=PATTERN, stop_words=stop_words(), ngram_range=(1, 2), min_df=LEAST_AUTHORS
    )
    holds = wide.fit_transform(texts)
    keep = _shared(holds, authors)
    names = wide.get_feature_names_out()[keep].tolist()
    narrow = CountVectorizer(
        token_pattern=PATTERN, stop_words=stop_words(), ngram_range=(1, 2), vocabulary=names
    )
    return Counted(holds[:, keep], names, narrow)


@cache
def stop_words() -> list[str]:
    """Return the words that say nothing about a subject: English stop words and words of talk."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    talk = resources.files("nlp.topics").joinpath("talk.txt").read_text(encoding="utf-8")
    return sorted(ENGLISH_STOP_WORDS | set(talk.split()))


def _shared(holds: Any, authors: Labels) -> Labels:
    """Return the columns that at least three authors use, the most used first where too many."""
    support = author_counts(holds, authors)
    columns = np.flatnonzero(support >= LEAST_AUTHORS)
    if len(columns) > VOCABULARY:
        order = np.lexsort((columns, -support[columns]))
        columns = np.sort(columns[order[:VOCABULARY]])
    kept: Labels = columns.astype(np.int64)
    return kept


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


def choose(
    scored: Sequence[tuple[str, float]],
    support: dict[str, int],
    centroid: Rows,
    vectors: dict[str, Rows],
) -> list[str]:
    """Return up to ten words, best first, that three authors use and that differ in meaning.

    `scored` are c-TF-IDF words; likeness is the cosine of a word's vector to the centroid, as
    KeyBERT has it, weighed by the c-TF-IDF; difference is maximal marginal relevance.
    """
    names = [word for word, _ in scored if support.get(word, 0) >= LEAST_AUTHORS]
    if not names:
        return []
    weights = np.array([weight for word, weight in scored if word in set(names)])
    rows = np.array([vectors[word] for word in names])
    likeness = (rows @ centroid).clip(0) * np.sqrt(weights / weights.max())
    between = rows @ rows.T
    taken: list[int] = []
    while len(taken) < min(WORDS, len(names)):
        nearest = between[:, taken].max(axis=1) if taken else np.zeros(len(names))
        gain = LIKENESS * likeness - (1 - LIKENESS) * nearest
        gain[taken] = -np.inf
        taken.append(int(gain.argmax()))
    return [names[place] for place in taken]


def label(words: Sequence[str], surface: dict[str, str]) -> str:
    """Return a label of up to three of the words that share no token, as people write them."""
    taken: list[str] = []
    tokens: set[str] = set()
    for word in words:
        parts = set(_stems(word))
        if parts & tokens:
            continue
        taken.append(surface.get(word, word))
        tokens |= parts
        if len(taken) == LABEL_WORDS:
            break
    text = ", ".join(taken) or "unnamed"
    return text[0].upper() + text[1:]


def _stems(word: str) -> list[str]:
    return [re.sub(r"(ies|es|s|ing|ed)$", "", part)[:5] for part in word.split()]


def surfaces(words: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """Return how people most often write each word: its capitals and its separator."""
    wanted = set(words)
    seen: dict[str, Counter[str]] = {word: Counter() for word in wanted}
    for text in texts:
        tokens = re.findall(PATTERN, text)
        for size in (1, 2):
            for start in range(len(tokens) - size + 1):
                written = " ".join(tokens[start : start + size])
                if written.lower() in wanted:
                    seen[written.lower()][written] += 1
    return {
        word: min(counts, key=lambda written: (-counts[written], written))
        for word, counts in seen.items()
        if counts
    }
