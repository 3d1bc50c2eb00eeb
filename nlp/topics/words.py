"""Words and labels of topics: used by several people, close to the topic, unlike each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from nlp.topics.clusters import Labels, Rows

Phrases = Callable[[Sequence[str]], Rows]

TERM = re.compile(r"\b[^\W\d_][\w'’-]*[^\W_]\b")
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
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    wide = CountVectorizer(analyzer=terms)
    if not any(True for text in texts for _ in written(text)):
        return Counted(csr_matrix((len(texts), 0)), [], None)
    holds = wide.fit_transform(texts)
    keep = _shared(holds, authors)
    names = wide.get_feature_names_out()[keep].tolist()
    narrow = CountVectorizer(analyzer=terms, vocabulary=names) if names else None
    return Counted(holds[:, keep], names, narrow)


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
        if word.lower() in stops:
            before = None
            continue
        yield word
        if before is not None and not text[before.end() : found.start()].strip(" \t\xa0"):
            yield f"{before[0]} {word}"
        before = found


@cache
def stop_words() -> frozenset[str]:
    """Return the words that say nothing about a subject: English stop words and words of talk."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    talk = resources.files("nlp.topics").joinpath("talk.txt").read_text(encoding="utf-8")
    return frozenset([*ENGLISH_STOP_WORDS, *talk.split()])


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


def label(words: Sequence[str], surface: dict[str, str], others: Collection[str] = ()) -> str:
    """Return a label of up to three of the words that share no token, as people write them.

    A label that another topic has already is told apart by more words.
    """
    taken: list[str] = []
    tokens: set[str] = set()
    for word in words:
        parts = set(_stems(word))
        if parts & tokens:
            continue
        taken.append(surface.get(word, word))
        tokens |= parts
        if len(taken) >= LABEL_WORDS and _headed(taken) not in others:
            break
    name = _headed(taken) if taken else "Unnamed"
    number = 2
    while name in others:
        name, number = f"{_headed(taken) if taken else 'Unnamed'} ({number})", number + 1
    return name


def _headed(taken: Sequence[str]) -> str:
    """Return words as a label; a word that is written with capitals of its own keeps them."""
    text = ", ".join(taken)
    return text[0].upper() + text[1:] if taken[0].split()[0].islower() else text


def _stems(word: str) -> list[str]:
    return [re.sub(r"(ies|es|s|ing|ed)$", "", part) for part in word.split()]


def surfaces(words: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """Return how people most often write each word: its capitals."""
    seen: dict[str, Counter[str]] = {word: Counter() for word in words}
    for text in texts:
        for term in written(text):
            if term.lower() in seen:
                seen[term.lower()][term] += 1
    return {
        word: min(counts, key=lambda term: (-counts[term], term))
        for word, counts in seen.items()
        if counts
    }
