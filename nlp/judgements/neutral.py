"""Words for who somebody is, and spellings of how somebody talks, made neutral before judging."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*(?:(?<=[^\W\d_]{3}in)'(?!\w))?")
_TWICE = re.compile(r"\b(?:(?:local|alex)[\s-]+)+(local|alex)\b")
_ARTICLE = re.compile(r"\b([aA])n(?= local\b)")
# What may need more than a look into the lists: dropped ends, possessives, compounds.
_BENT = re.compile(r"in'|'s\b|\b(?:anti|non|pro|ex|half|self|fellow|openly)-", re.IGNORECASE)
_PREFIXES = frozenset({"anti", "non", "pro", "ex", "half", "self", "fellow", "openly"})


def masked(text: str) -> str:
    """Return the text with identities, countries and first names as one neutral word of each kind.

    Spellings of spoken Englishes become the standard ones ("finna" is "going to", "comin'" is
    "coming"): how somebody talks is no hostility either.
    """
    words, starts, phrases = _neutral()
    found = set(_WORD.findall(text.lower()))
    if not starts.isdisjoint(found):
        text = phrases.sub(lambda phrase: words.get(phrase.group().lower(), phrase.group()), text)
    if not words.keys().isdisjoint(found) or _BENT.search(text):
        text = _WORD.sub(lambda word: _word(words, word), text)
    if "local" in text or "alex" in text:
        text = _ARTICLE.sub(r"\1", _TWICE.sub(r"\1", text))
    return text


def _word(words: dict[str, str], found: re.Match[str]) -> str:
    word = found.group()
    lower = word.lower()
    if lower in words:
        return words[lower]
    if lower.endswith("'"):
        quoted = found.string[max(0, found.start() - 1) : found.start()] == "'"
        return word if quoted else f"{word[:-1]}g"
    if lower.endswith("'s") and lower[:-2] in words:
        return f"{words[lower[:-2]]}'s"
    prefix, _, rest = lower.partition("-")
    return f"{prefix}-{words[rest]}" if prefix in _PREFIXES and rest in words else word


@lru_cache(maxsize=1)
def _neutral() -> tuple[dict[str, str], frozenset[str], re.Pattern[str]]:
    """Return the neutral form of each term, the first words of phrases, and those phrases."""
    words = {**_listed("spoken.txt"), **_listed("identities.txt")}
    phrases = sorted((word for word in words if not _WORD.fullmatch(word)), key=len, reverse=True)
    starts = frozenset(_WORD.findall(phrase)[0] for phrase in phrases)
    return words, starts, re.compile(rf"\b(?:{'|'.join(map(re.escape, phrases))})\b", re.IGNORECASE)


def _listed(name: str) -> dict[str, str]:
    """Return each word of a list with the heading that it stands under."""
    words: dict[str, str] = {}
    neutral = ""
    for line in files("nlp.judgements").joinpath(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            neutral = line[1:-1]
        else:
            words.update((word.strip(), neutral) for word in line.split(","))
    return words
