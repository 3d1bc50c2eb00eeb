"""Display names: what of them is a person's name, and how alike two such names are."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from service.insights.identity import common, kinds
from service.insights.identity.letters import fold, romanise, scripts, sound, surname
from service.insights.identity.pinyin import reading

_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|<[^<>]*>|（[^（）]*）")
_TAIL = re.compile(r"\s(?:\||/|•|·|@|–|—|-|via|from|at)\s.*$|\s?[|•@].*$", re.I)
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])")
_JOINERS = frozenset("'’`´ʼ-‐‑\u200c\u200d")
_TITLE_WORDS = """
dr prof mr mrs ms sir ing dipl phd md msc bsc mba jr sr ii iii esq
"""
_TITLES = frozenset(_TITLE_WORDS.split())
_PARTICLE_WORDS = """
de da do dos das del della di du van von der den ter la le al el bin bint ibn ben y e zu
"""
_PARTICLES = frozenset(_PARTICLE_WORDS.split())


@dataclass(frozen=True, slots=True)
class Name:
    """A name in Latin words, or in Han, Arabic or Hebrew ones; an initial is a word of one letter.

    `sounds` are the words as keys of how they sound, `shown` what a reader knows the name as,
    `foreign` tells that the words were spelt out of another script. `full` is whether there is
    more than a given name, `key` equal for one name in any order and in most spellings.
    """

    shown: str
    words: tuple[str, ...]
    sounds: tuple[str, ...]
    foreign: bool
    full: bool
    key: tuple[str, ...]


def _named(shown: str, words: tuple[str, ...], foreign: bool) -> Name:
    sounds = tuple(sound(word) for word in words)
    full = any(len(word) > 1 and (len(words) > 1 or han(word)) for word in words)
    return Name(shown, words, sounds, foreign, full, tuple(sorted(sounds)))


def han(word: str) -> bool:
    """Return whether a word has Han characters."""
    return not word.isascii() and "CJK" in scripts(word)


@lru_cache(maxsize=131_072)
def parse(shown: str) -> Name | None:
    """Return the name within a display name, or None where there is none.

    Asides, titles, companies, pronouns and emoji are left out, and so are placeholders.
    """
    if kinds.placeholder(shown):
        return None
    text = unicodedata.normalize("NFKC", shown)
    text = _TAIL.sub("", _ASIDE.sub(" ", text)).strip()
    if any(c.isdigit() for c in text) or "_" in text or kinds.placeholder(text):
        return None
    if " " not in text:
        text = _CAMEL.sub(" ", text)
    parts = _split(text)
    words = [word for part in parts for word in _words(part, alone=len(parts) == 1)]
    kept = [word for word in words if word not in _TITLES]
    bare = [word for word in kept if word not in _PARTICLES]
    found = tuple(bare or kept)
    if not any(len(word) > 1 and word not in kinds.ROLES for word in found):
        return None
    foreign = all(word.isascii() for word in found) and not fold(text).isascii()
    return _named(" ".join(text.split()), found, foreign)


def readings(name: Name) -> tuple[Name, ...]:
    """Return the name, and how it is read in Chinese if it may be a Chinese one."""
    spelt = reading(name.words[0]) if len(name.words) == 1 and han(name.words[0]) else None
    if spelt is None:
        return (name,)
    return name, _named(name.shown, spelt, foreign=True)


def _split(text: str) -> list[str]:
    parts = "".join(_kept(char) for char in text).split()
    if len(parts) > 1 and any(han(part) for part in parts) and all(map(_japanese, parts)):
        return ["".join(parts)]
    return parts


def _kept(char: str) -> str:
    """Return a letter or a sign of one as it is, nothing for a joiner, a space for the rest."""
    if char.isalnum():
        return char
    if char in _JOINERS:
        return ""
    sign = unicodedata.category(char) in ("Mn", "Mc") and not "\ufe00" <= char <= "\ufe0f"
    return char if sign else " "


def _japanese(part: str) -> bool:
    return scripts(part) <= {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}


def _words(part: str, alone: bool) -> list[str]:
    plain = fold(part)
    if scripts(plain) == {"HANGUL"}:
        if alone and 2 <= len(plain) <= 3:
            return [surname(plain[0]), romanise(plain[1:])]
        if len(plain) == 1:
            return [surname(plain)]
    return [romanise(plain)] if plain else []


def pets(one: str, other: str) -> bool:
    """Return whether one given name is a pet form or another form of the other."""
    shared = common.PETS.get(one, frozenset()) & common.PETS.get(other, frozenset())
    return bool(shared)


def close(one: str, other: str) -> bool:
    """Return whether two words differ by one letter left out, put in, changed or swapped."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        start += 1
    rest, more = one[start:], other[start:]
    if len(rest) == len(more):
        swapped = rest[:2] == more[1::-1] and rest[2:] == more[2:]
        return rest[1:] == more[1:] or swapped
    return rest[1:] == more or rest == more[1:]


def slips(word: str) -> list[str]:
    """Return the word and every form of it with one letter left out (Garbe's symmetric deletes)."""
    return [word, *(word[:i] + word[i + 1 :] for i in range(len(word)))]


@dataclass(frozen=True, slots=True)
class Form:
    """A login made of a name: the whole words in it, how many initials, and how it sounds.

    `sound` is "" where it would be the sound of other names too.
    """

    login: str
    words: tuple[str, ...]
    initials: int = 0
    sound: str = ""


@lru_cache(maxsize=65_536)
def forms(name: Name) -> tuple[Form, ...]:
    """Return logins that people make of a name of two words or more.

    The order of the words is not known, so both are tried.
    """
    found: dict[str, Form] = {}
    first, last = name.words[0], name.words[-1]
    for a, b in ((first, last), (last, first)) if len(name.words) > 1 else ():
        for form in (
            Form(a + b, (a, b), 0, _joined(a, b)),
            Form(a[0] + b, (b,), 1, _joined(a[0], b)),
            Form(a + b[0], (a,), 1, _joined(a, b[0])),
            # Eight letters were long all that a login might have.
            Form(a[0] + b[:7], (b,), 1),
            Form(a[0] + b[:6], (b,), 1),
        ):
            if form.login.isascii() and len(form.login) > 3:
                found.setdefault(form.login, form)
    return tuple(found.values())


def _joined(one: str, other: str) -> str:
    """Return how two words sound as one, "" where that is short or would hide the first."""
    key = sound(one + other)
    return key if len(key) > 5 and key == sound(one) + sound(other) else ""
