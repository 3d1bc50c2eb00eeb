"""Cues of tone that word pieces blur: listed words, negation, capitals, punctuation, form.

Lists are of our own writing. A mood word within three words after a negator counts for the other
side, as in Pang, Lee & Vaithyanathan 2002 and VADER (Hutto & Gilbert 2014).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

SCOPE = 3
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SHOUT = re.compile(r"\b[A-Z]{3,}\b")
_CLAUSE = re.compile(r"[.,;:!?()\n]|\bbut\b", re.IGNORECASE)
_HAPPY = re.compile(r"(?<!\w)[:;=8x]-?[)\]DPp](?!\w)|<3|\^_?\^")
_SAD = re.compile(r"(?<!\w)[:;=]['-]?[(\[/\\|](?!\w|/)|T_T|-_-")
FORMS = (
    "negated positive",
    "negated negative",
    "shouted words",
    "exclamation marks",
    "question marks",
    "ends with a question mark",
    "ellipses",
    "happy emoticons",
    "sad emoticons",
    "begins with you",
    "begins with a question word",
    "insult near you",
    "length",
    "code",
    "link",
    "greeting",
)


def names() -> tuple[str, ...]:
    """Return what each column of `cues` is, in order."""
    return (*_lists()[1], *FORMS)


def cues(texts: Sequence[str], readings: Sequence[str]) -> NDArray[np.float32]:
    """Return the cues of plain texts and of what is read of them, float32 [n, cues].

    Counts are log1p of how many, so that a long rant is not a hundred short ones.
    """
    rows = np.zeros((len(texts), len(names())), dtype=np.float32)
    for row, text, read in zip(rows, texts, readings, strict=True):
        if read:
            row[:] = _row(text, read)
    return rows


@lru_cache(maxsize=1)
def _lists() -> tuple[dict[str, tuple[int, ...]], tuple[str, ...]]:
    """Return the numbers of the lists that each word is in, and the lists' names."""
    words: dict[str, tuple[int, ...]] = {}
    titles: list[str] = []
    for line in files("nlp.judgements").joinpath("cues.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            titles.append(line.strip("[]"))
            continue
        for word in line.split(", "):
            words[word] = (*words.get(word, ()), len(titles) - 1)
    return words, tuple(titles)


def _row(text: str, read: str) -> list[float]:
    lists, titles = _lists()
    positive, negative = titles.index("positive"), titles.index("negative")
    negator, insult, you = titles.index("negator"), titles.index("insult"), titles.index("you")
    counts = [0] * len(titles)
    flipped = [0, 0]
    near = 0
    addressed: list[int] = []
    place = 0
    for clause in _CLAUSE.split(read.lower()):
        scope = 0
        for word in _WORD.findall(clause):
            place += 1
            scope -= 1
            for number in lists.get(word, ()):
                if number == positive and scope > 0:
                    flipped[0] += 1
                elif number == negative and scope > 0:
                    flipped[1] += 1
                else:
                    counts[number] += 1
                if number == negator:
                    scope = SCOPE + 1
                elif number == you:
                    addressed.append(place)
                elif number == insult:
                    near += any(place - other <= 5 for other in addressed[-2:])
    first = _WORD.findall(read[:40].lower())[:2]
    forms = [
        *flipped,
        len(_SHOUT.findall(read)),
        read.count("!"),
        read.count("?"),
        float(read.endswith("?")),
        read.count("..") + read.count("\u2026"),
        len(_HAPPY.findall(read)),
        len(_SAD.findall(read)),
        float(bool(first) and first[0] in ("you", "your", "you're", "youre", "ur")),
        float(bool(first) and titles.index("question") in lists.get(first[0], ())),
        near,
        place / 4,
        float("[code]" in text or "`" in text),
        float("http" in text or "www." in text),
        float(bool(first) and first[0] in ("hi", "hey", "hello", "dear")),
    ]
    return [math.log1p(count) for count in (*counts, *forms)]
