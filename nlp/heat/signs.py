"""Signs of heat in one text: listed words and phrases, who is spoken to, and how it is written.

Lists are of our own writing. What they look for follows Zhang et al. 2018, Conversations Gone
Awry (https://aclanthology.org/P18-1125): direct questions, "you" at the start of a sentence,
second person with negation, hedges and thanks; and Imran et al. 2025 on derailed threads
(https://arxiv.org/abs/2503.02191): impatience, bitter frustration, entitlement.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from nlp.text import sentences

# Counts are of a post of so many words: twice as many in four times the words are the same.
USUAL_WORDS = 50.0
SHORTEST = 25
# What is read of a text: a wall of text says nothing more after so many characters.
READ = 6_000
NEAR = 6
LISTS = (
    "hedge", "courtesy", "reasoning", "impatience", "bitter", "gripe", "demand",
    "dispute", "contradict", "refuse", "accuse", "mock", "insult", "groups",
)  # fmt: skip
SIGNS = (*LISTS, "you", "you_first", "you_not", "asks_you", "question", "shout", "exclaim", "code")

Floats = NDArray[np.float64]
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_PUNCT = re.compile(r"!+\??|\?{2,}|\?!+")


@lru_cache(maxsize=1)
def _lists() -> tuple[dict[str, list[tuple[tuple[str, ...], str]]], frozenset[str]]:
    """Return listed phrases by their first word, and the words that only emphasis capitalises."""
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    name = ""
    for line in files("nlp.heat").joinpath("signs.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            continue
        for entry in line.split(", "):
            words = tuple(entry.split())
            phrases.setdefault(words[0], []).append((words, name))
    plain = {
        first for first, found in phrases.items() if any(len(words) == 1 for words, _ in found)
    }
    return phrases, frozenset(plain)


@lru_cache(maxsize=1 << 13)
def signs(text: str) -> Floats:
    """Return the signs of a text, [signs], as logarithms of counts by the root of its length."""
    rows, _ = spotted(text)
    counts = rows.sum(axis=0)
    counts[-1] += text.count("[code]")
    length = max(len(text[:READ].split()), SHORTEST) / USUAL_WORDS
    found: Floats = np.log1p(counts / np.sqrt(length))
    found.flags.writeable = False
    return found


@lru_cache(maxsize=1 << 13)
def spotted(text: str) -> tuple[Floats, tuple[tuple[int, int], ...]]:
    """Return how often each sign is in each sentence, [sentences, signs], and their offsets."""
    text = text[:READ]
    spans = tuple(sentences(text))
    rows = np.zeros((len(spans), len(SIGNS)))
    for row, (start, end) in zip(rows, spans, strict=True):
        _spot(text[start:end], row)
    rows.flags.writeable = False
    return rows, spans


_PLACE = {name: number for number, name in enumerate(SIGNS)}
_YOU = frozenset(("you", "your", "you're", "youre", "you've", "you'll", "you'd", "u"))
_OPENERS = frozenset(("and", "but", "so", "well", "no"))


def _spot(sentence: str, row: Floats) -> None:
    phrases, emphatic = _lists()
    raw = _WORD.findall(sentence.replace("\u2019", "'"))
    words = [word.lower() for word in raw]
    addressed: list[int] = []
    denied: list[int] = []
    anyone: set[int] = set()
    shouted = 0
    for place, word in enumerate(words):
        found = phrases.get(word)
        if found is None:
            continue
        for phrase, name in found:
            if len(phrase) > 1 and tuple(words[place : place + len(phrase)]) != phrase:
                continue
            if name == "you":
                addressed.append(place)
            elif name in ("generic", "courtesy") and len(phrase) > 1:
                anyone.update(range(place, place + len(phrase)))
                row[_PLACE["courtesy"]] += name == "courtesy"
            elif name == "negator":
                denied.append(place)
            elif name == "courtesy" or (name in _PLACE and place not in anyone):
                row[_PLACE[name]] += 1
        if word in emphatic and len(word) > 1 and raw[place].isupper():
            shouted += 1
    addressed = [place for place in addressed if place not in anyone]
    row[_PLACE["you"]] = len(addressed)
    row[_PLACE["you_not"]] = sum(any(abs(a - d) <= NEAR for d in denied) for a in addressed)
    opening = [word for word in words[:2] if word not in _OPENERS][:1]
    row[_PLACE["you_first"]] = bool(opening) and opening[0] in _YOU and 0 not in anyone
    asks = sentence.rstrip("\"')\u201d ").endswith("?")
    row[_PLACE["question"]] = asks
    row[_PLACE["asks_you"]] = asks and bool(addressed)
    row[_PLACE["shout"]] = shouted
    row[_PLACE["exclaim"]] = sum(len(found) for found in _PUNCT.findall(sentence))
