"""The pieces that texts are made of, as arrays of numbers: words, and what parts them."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.topics.wording.words import TERM, stop_words

# A word, else what parts words: other letters and digits, marks, ends of lines.
PIECE = re.compile(rf"{TERM.pattern}|\w+|[^\w \t\xa0]+")
# A link stands in a text as its address, or as its host and up to five words of its path.
SITE = re.compile(r"\.(?:com|org|net|io|edu|dev|gov|ac|ai|app|uk|de|fr|ch)\b")
LINK = re.compile(rf"https?://\S+|\b[\w-]+(?:\.[\w-]+)*{SITE.pattern}(?: [\w'-]+){{0,4}}")
# "h2" is somebody's variable and "rc1" a number of a version; "X11" is a name.
VARIABLE = re.compile(r"[a-z]{1,2}\d+")
NUMBER = re.compile(r"[1-9]\d?")
# Half a name is one from this share of its uses in whole names on.
HALF = 0.15

# What small words do, as bits; a word may do several things.
DETERMINER, PREPOSITION, ACTOR, STATE, JOIN, ONE, NUMERAL = (1 << bit for bit in range(7))
SMALL = {
    DETERMINER: (
        *("the", "a", "an", "my", "your", "our", "his", "her", "their", "its", "some", "any"),
        *("each", "every", "no", "another", "which", "these", "those"),
    ),
    PREPOSITION: (
        *("of", "in", "for", "with", "from", "about", "on", "by", "into", "between", "via"),
    ),
    ACTOR: (
        *("to", "i", "we", "you", "they", "he", "she", "it", "can", "could", "will", "would"),
        *("should", "must", "may", "might", "don't", "doesn't", "didn't", "can't", "i'll"),
        *("we'll", "i've", "please", "not", "let's"),
    ),
    STATE: (
        *("is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "it's", "get"),
        *("gets", "got", "already", "just", "more", "very", "quite", "also", "that's", "not"),
    ),
    JOIN: ("of", "in", "for", "and", "vs"),
    ONE: ("a", "an", "another", "each", "every"),
}


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of texts in order: number of each, which text it is of, and what it looks like.

    `forms` are the distinct pieces as written and `lower` numbers them without their capitals;
    `names` are those. `term` and `kind` are of each piece: a word of a subject, or what it does.
    """

    form: NDArray[np.int32]
    text: NDArray[np.int32]
    word: NDArray[np.int32]
    forms: list[str]
    names: list[str]
    term: NDArray[np.bool_]
    kind: NDArray[np.int8]


def pieces(texts: Sequence[str], people: Collection[str] = ()) -> Pieces:
    """Return the pieces of texts; the names of people are no words of a subject."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    read = array("i")
    lengths: list[int] = []
    for text in texts:
        spelt = PIECE.findall(LINK.sub("|", text) if SITE.search(text) else text)
        read.extend(map(numbers.__getitem__, spelt))
        lengths.append(len(spelt))
    forms, lower = list(numbers), defaultdict[str, int]()
    lower.default_factory = lower.__len__
    small = np.array([lower[form.lower()] for form in forms], dtype=np.int32)
    form = np.array(read, dtype=np.int32)
    names = list(lower)
    stops = stop_words()
    term = np.array(
        [
            name.replace("’", "'") not in stops and TERM.fullmatch(name) is not None
            for name in names
        ],
        dtype=bool,
    )
    word = small[form] if len(form) else form
    found = Pieces(
        form=form,
        text=np.repeat(np.arange(len(texts), dtype=np.int32), lengths),
        word=word,
        forms=forms,
        names=names,
        term=term[word] if len(form) else np.zeros(0, dtype=bool),
        kind=_kinds(names)[word] if len(form) else np.zeros(0, dtype=np.int8),
    )
    variable = np.array([VARIABLE.fullmatch(form) is not None for form in forms], dtype=bool)
    found.term[variable[form] | _named(found, people)] = False
    return found


def _kinds(names: Sequence[str]) -> NDArray[np.int8]:
    kinds = np.zeros(len(names), dtype=np.int8)
    place = {name: number for number, name in enumerate(names)}
    for kind, group in SMALL.items():
        for name in group:
            if name in place:
                kinds[place[name]] |= kind
    kinds[[NUMBER.fullmatch(name) is not None for name in names]] |= NUMERAL
    return kinds


def _named(read: Pieces, people: Collection[str]) -> NDArray[np.bool_]:
    """Return which pieces are of a person's name of two words and more, or one half of it alone.

    A half is a name where people write it with a capital and where a good part of its uses lies in
    whole names: "Kim" is one, "Galois" is not because someone calls themselves "Galois Field".
    """
    number = {name: place for place, name in enumerate(read.names)}
    spelt = {tuple(PIECE.findall(name.lower())) for name in people}
    pairs = {
        number[a] * len(number) + number[b]
        for name in spelt
        for a, b in pairwise(name)
        if a in number and b in number
    }
    inside = np.zeros(len(read.word), dtype=bool)
    if not pairs:
        return inside
    key = read.word[:-1].astype(np.int64) * len(number) + read.word[1:]
    here = np.flatnonzero(np.isin(key, sorted(pairs)) & (read.text[:-1] == read.text[1:]))
    capital = capitals(read)
    here = here[capital[here] | capital[here + 1]]
    inside[here] = inside[here + 1] = True
    uses = np.bincount(read.word, minlength=len(number))
    half = np.bincount(read.word, inside, len(number)) >= HALF * np.maximum(uses, 1)
    half &= np.bincount(read.word, capital, len(number)) >= 0.9 * uses
    return inside | (half & (np.bincount(read.word, inside, len(number)) > 0))[read.word]


def capitals(read: Pieces) -> NDArray[np.bool_]:
    """Return whether each piece is written with a capital first."""
    upper: NDArray[np.bool_] = np.array([form[0].isupper() for form in read.forms], dtype=bool)
    return upper[read.form]


def before(read: Pieces) -> NDArray[np.int8]:
    """Return the kind of the piece before each one, 0 at the beginning of a text."""
    before = np.zeros(len(read.kind), dtype=np.int8)
    before[1:] = np.where(read.text[1:] == read.text[:-1], read.kind[:-1], 0)
    return before


def after(read: Pieces, values: NDArray[Any]) -> NDArray[Any]:
    """Return the value of the piece after each one, 0 at the end of a text."""
    after = np.zeros(len(values), dtype=values.dtype)
    after[:-1] = np.where(read.text[1:] == read.text[:-1], values[1:], 0)
    return after
