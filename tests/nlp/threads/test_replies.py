"""Links by the weights that ship: sensible, equal however they are asked for, never overriding."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from nlp.threads import CONTEXT, BadParent, Link, Message, conversations, link, load_model

MODEL = load_model()

TWO_TALKS = [
    Message("ann", 0, "hi, how do I mount an ntfs partition on this laptop?"),
    Message("bob", 20, "does anyone know why firefox crashes with flash videos?"),
    Message("cat", 45, "ann: sudo mount -t ntfs /dev/sda1 /mnt"),
    Message("dan", 70, "bob: remove the flash plugin and install the nonfree one"),
    Message("ann", 95, "cat: thanks, that mounted the partition"),
    Message("bob", 120, "dan: which package is the nonfree flash plugin in?"),
    Message("dan", 150, "bob: flashplugin-nonfree in multiverse"),
    Message("cat", 170, "ann: you are welcome"),
]


def chatter(count: int, seed: int = 0) -> list[Message]:
    """Return a channel of people who name each other, share words, fall silent and return."""
    chance = random.Random(seed)
    people = [f"user{n}" for n in range(25)]
    things = ["printer", "kernel", "wifi", "sound", "the", "is", "how", "ubuntu", "driver", "it"]
    found, at = [], 1e9
    for _ in range(count):
        at += chance.choice([3, 20, 60, 60, 400, 5000])
        text = " ".join(chance.choices(things, k=chance.randrange(8)))
        if chance.random() < 0.5:
            text = f"{chance.choice(people)}: {text}"
        found.append(Message(chance.choice(people), at, text + chance.choice(["", "?", "..."])))
    return found


def moved(found: Link, by: int) -> Link:
    return found if found.parent is None else replace(found, parent=found.parent + by)


def test_two_conversations_are_told_apart() -> None:
    links = link(TWO_TALKS, MODEL)
    assert [found.parent for found in links] == [None, None, 0, 1, 2, 3, 5, 4]
    assert conversations(links) == [0, 1, 0, 1, 0, 1, 1, 0]
    assert all(0.3 < found.confidence <= 1.0 for found in links)


def test_names_are_the_channels_own() -> None:
    names = {"ann": "Ann Lee", "bob": "Zoë", "cat": "kit_kat", "dan": "李雷"}
    renamed = []
    for message in TWO_TALKS:
        name, _, rest = message.text.partition(": ")
        text = f"@{names[name]} {rest}" if name in names else message.text
        renamed.append(replace(message, author=names[message.author], text=text))
    assert conversations(link(renamed, MODEL)) == [0, 1, 0, 1, 0, 1, 1, 0]


def test_part_by_part_gives_what_all_at_once_gives() -> None:
    channel = chatter(900)
    whole = link(channel, MODEL)
    assert link(channel, MODEL) == whole
    for start, stop in [(1, 2), (99, 180), (513, 700), (899, 900)]:
        assert link(channel[:stop], MODEL, start=start) == whole[start:stop]
        low = max(start - CONTEXT, 0)
        part = link(channel[low:stop], MODEL, start=start - low)
        assert [moved(x, low) for x in part] == whole[start:stop]


def test_what_comes_later_changes_nothing() -> None:
    channel = chatter(300, seed=1)
    other = channel[:200] + chatter(100, seed=2)
    assert link(channel, MODEL)[:200] == link(other, MODEL)[:200]


def test_explicit_parents_are_kept_as_they_are() -> None:
    channel = [*TWO_TALKS[:7], replace(TWO_TALKS[7], parent=1)]
    links = link(channel, MODEL)
    assert links[7] == Link(1, 1.0)
    assert links[:7] == link(TWO_TALKS, MODEL)[:7]
    far = chatter(600, seed=3)
    far[599] = replace(far[599], parent=2)
    assert link(far, MODEL)[599] == Link(2, 1.0)


def test_explicit_parents_before_the_context_change_nothing() -> None:
    channel = chatter(900, seed=4)
    for position, parent in [(450, 10), (700, 20), (701, 20), (790, 699), (850, 30)]:
        channel[position] = replace(channel[position], parent=parent)
    whole = link(channel, MODEL)
    low = 800 - CONTEXT
    part = [
        message if message.parent is None else replace(message, parent=message.parent - low)
        for message in channel[low:]
    ]
    assert [moved(x, low) for x in link(part, MODEL, start=CONTEXT)] == whole[800:]
    assert whole[850] == Link(30, 1.0)


@pytest.mark.parametrize("parent", [1, 8])
def test_an_explicit_parent_must_be_another_message(parent: int) -> None:
    channel = list(TWO_TALKS)
    channel[1] = replace(channel[1], parent=parent)
    with pytest.raises(BadParent, match="use another one below 8"):
        link(channel, MODEL)


def test_nothing_and_one_message() -> None:
    assert link([], MODEL) == []
    assert link([], MODEL, start=0) == []
    assert [found.parent for found in link(TWO_TALKS[:1], MODEL)] == [None]
    assert link(TWO_TALKS, MODEL, start=len(TWO_TALKS)) == []


def test_conversations_are_components() -> None:
    links = [Link(None, 1.0), Link(None, 1.0), Link(0, 1.0), Link(1, 1.0), Link(2, 1.0)]
    assert conversations(links) == [0, 1, 0, 1, 0]
    # A reply that stands before what it answers, as clocks that disagree give it.
    assert conversations([Link(2, 1.0), Link(None, 1.0), Link(1, 1.0)]) == [0, 0, 0]
    assert conversations([Link(-3, 1.0), Link(-3, 1.0), Link(1, 1.0)]) == [0, 1, 1]
    assert conversations([]) == []
