"""Turning sentence frames with slots into English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from jobs.sample.words import Lines

CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
NUMBER = re.compile(r"\{#(\d+)-(\d+)\}")
SLOT = re.compile(r"\{([a-z_]+[0-9]?)\}")
START = re.compile(r"(^(?:- )?|(?<=[.!?])\s+|\n\s*(?:- )?)([a-z])")
ARTICLE = re.compile(r"\b([Aa])n? (8\d*|1[18]|\d+)\b")
STICKY = frozenset({"os", "ver", "oldver", "device", "phone", "notes", "role", "vault", "news"})
SWAPS = {"i": "you", "my": "your", "me": "you", "mine": "yours", "i'm": "you're", "we": "you"}
SWAP = re.compile(r"\b(I'm|I|[Mm]y|me|mine|[Ww]e)\b")


@dataclass
class Scene:
    """What one post may draw from: word pools, fixed words and what was said already."""

    rng: Random
    pools: Mapping[str, Lines]
    fixed: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)


def stems(text: str) -> set[str]:
    """Return the longer words of a phrase, shortened so that inflections match."""
    return {word[:5] for word in re.findall(r"[a-z]{4,}", text.lower())}


def clean(text: str) -> str:
    """Return the text with sentence starts capitalised and `a`/`an` put right before numbers."""

    def article(found: re.Match[str]) -> str:
        number = found[2]
        vowel = number.startswith("8") or number in {"11", "18"}
        return f"{found[1]}{'n' if vowel else ''} {number}"

    text = START.sub(lambda m: m[1] + m[2].upper(), ARTICLE.sub(article, text))
    return re.sub(r"([?!])\.", r"\1", text)


def address(text: str) -> str:
    """Return a first-person phrase turned to the second person."""
    return SWAP.sub(lambda m: SWAPS[m[1].lower()], text)


def pick(scene: Scene, name: str) -> str:
    """Return one line of a pool, preferring lines this thread has not used yet."""
    pool = scene.pools[name]
    fresh = [line for line in pool if line not in scene.used]
    if not fresh:
        scene.used.difference_update(pool)
        fresh = list(pool)
    if name == "when":
        fresh = [line for line in fresh if not stems(line) & scene.said] or fresh
    line = scene.rng.choice(fresh)
    scene.used.add(line)
    return line


def word(scene: Scene, name: str) -> str:
    """Return the filler for a slot, or the slot itself if nothing is known by that name."""
    if name in scene.fixed:
        return scene.fixed[name]
    if name.endswith("_you"):
        return address(word(scene, name.removesuffix("_you")))
    if name[-1].isdigit() and name not in scene.pools:
        return word_again(scene, name[:-1])
    if name not in scene.pools:
        return "{" + name + "}"
    text = expand(pick(scene, name), scene)
    scene.said |= stems(text)
    if name in STICKY:
        scene.fixed[name] = text
    return text


def word_again(scene: Scene, name: str) -> str:
    """Return a filler that differs from the one fixed for this post."""
    first = scene.fixed.get(name)
    choices = [line for line in scene.pools.get(name, ()) if line != first]
    return expand(scene.rng.choice(choices), scene) if choices else first or ""


def expand(text: str, scene: Scene) -> str:
    """Return a frame with its alternatives, numbers and slots filled in."""
    rng = scene.rng
    while CHOICE.search(text):
        text = CHOICE.sub(lambda m: rng.choice(m[1].split("|")), text)
    text = NUMBER.sub(lambda m: str(rng.randint(int(m[1]), int(m[2]))), text)
    return SLOT.sub(lambda m: word(scene, m[1]), text)


def sentence(scene: Scene, name: str) -> str:
    """Return one finished line drawn from the frames of a move."""
    return clean(expand(pick(scene, name), scene))
