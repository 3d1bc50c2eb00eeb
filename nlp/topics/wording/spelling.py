"""How people write a run of words: with which capitals."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.topics.wording.grams import LONGEST, Grams
from nlp.topics.wording.pieces import Pieces

INNER = re.compile(r"[a-z][A-Z]")
# What the first word of a sentence counts for, and a form with capitals inside.
FIRST, INSIDE = 0.01, 3.0


def written(grams: Grams, wanted: Sequence[int]) -> dict[int, str]:
    """Return how people most often write each wanted run.

    A sentence's first word tells little, capitals inside a word tell much, and a word that people
    mostly write with a capital has one in every run.
    """
    number = {name: place for place, name in enumerate(grams.names)}
    words = {number[word] for run in wanted for word in grams.names[run].split() if word in number}
    usual = _usual(grams, sorted({*wanted, *words}))
    return {run: " ".join(_capitals(usual[run].split(), usual, number)) for run in wanted}


def _capitals(words: list[str], usual: dict[int, str], number: dict[str, int]) -> list[str]:
    if len(words) < 2:
        return words
    alone = [usual.get(number.get(word.lower(), -1), word) for word in words]
    return [one if word.islower() else word for word, one in zip(words, alone, strict=True)]


def _usual(grams: Grams, wanted: Sequence[int]) -> dict[int, str]:
    mask = np.zeros(len(grams.names), dtype=bool)
    mask[list(wanted)] = True
    use = np.flatnonzero(mask[grams.gram])
    place, gram = grams.place[use], grams.gram[use]
    read, sizes = grams.pieces, grams.size[gram]
    steps = np.minimum(np.arange(LONGEST), sizes[:, None] - 1)
    spelt = read.form[place[:, None] + steps]
    kinds, uses = np.unique(
        np.column_stack([gram, spelt, _begins(read)[place]]), axis=0, return_counts=True
    )
    seen: dict[int, dict[str, float]] = {}
    for (run, *forms, begins), count in zip(kinds.tolist(), uses.tolist(), strict=True):
        text = " ".join(read.forms[form] for form in forms[: grams.size[run]])
        weight = count * (FIRST if begins else 1.0) * (INSIDE if INNER.search(text) else 1.0)
        counts = seen.setdefault(run, {})
        counts[text] = counts.get(text, 0.0) + weight
    return {run: min(of, key=lambda text: (-of[text], text)) for run, of in seen.items()}


def _begins(read: Pieces) -> NDArray[np.bool_]:
    """Return whether each piece is the first of a text, or comes after a mark."""
    spelt = np.array([name[0].isalnum() for name in read.names], dtype=bool)
    begins = np.ones(len(read.word), dtype=bool)
    begins[1:] = (read.text[1:] != read.text[:-1]) | ~spelt[read.word[:-1]]
    return begins
