"""From messages to links: a first look at every candidate, a second one at the likely ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.threads.conversations import BadParent, Link, Message
from nlp.threads.features import NEVER, REACH, WINDOW, Block, block, pairs
from nlp.threads.model import Net, ThreadModel
from nlp.threads.talk import talk
from nlp.threads.words import Floats, Ints

CONTEXT = WINDOW + REACH
LIKELY = 16
CHUNK = 384
SLICE = 16
ALL = np.arange(WINDOW + 1)
DIGITS = 4
FLOOR = -30.0


@dataclass(frozen=True, slots=True)
class Look:
    """Queries of a block, their likely candidates by distance, and what is known of each pair."""

    block: Block
    queries: Ints
    steps: Ints
    pairs: Floats


def link(messages: Sequence[Message], model: ThreadModel, *, start: int = 0) -> list[Link]:
    """Return what each message from `start` on answers; those before it are context.

    Messages are of one channel and in time order. A link depends on the CONTEXT messages before
    it alone, so linking new ones with that much context gives what linking all of them would.
    Explicit parents are kept. Raises BadParent for one that is the message itself, or beyond the
    list's end.
    """
    parents = explicit(messages)
    found: list[Link] = []
    begin = max(start - WINDOW, 0)
    first = np.arange(len(messages))
    for low in range(begin, len(messages), CHUNK):
        high = min(low + CHUNK, len(messages))
        look = looked(messages, model, first, low, high)
        found += _links(look, second_odds(model.second, look), parents, low)
    return found[start - begin :]


def explicit(messages: Sequence[Message]) -> list[int | None]:
    """Return the explicit parents; raise BadParent for one that cannot be."""
    for position, message in enumerate(messages):
        parent = message.parent
        if parent is not None and (parent == position or parent >= len(messages)):
            raise BadParent(
                f"message {position} answers position {parent}: use another one below "
                f"{len(messages)}, or None"
            )
    return [message.parent for message in messages]


def looked(
    messages: Sequence[Message], model: ThreadModel, first: Ints, low: int, high: int
) -> Look:
    """Return the likely candidates of messages low to high, and note in `first` the likeliest.

    `first` holds the first look's parents by position, its own for a message with none, and must
    be filled for the WINDOW messages before `low` as far as REACH lets anyone see them.
    """
    base = max(low - REACH, 0)
    b = block(messages[base:high], model.idf)
    queries = np.arange(low - base, high - base)
    slices = np.array_split(queries, -(-len(queries) // SLICE))
    glances = [_glance(model.first, b, part) for part in slices]
    odds, steps, chosen = (np.concatenate(parts) for parts in zip(*glances, strict=True))
    first[low:high] = np.arange(low, high) - odds.argmax(axis=1)
    for position in range(low, high):
        parent = messages[position].parent
        if parent is not None:
            first[position] = min(parent, position)
    near = np.where(first[base:high] < base, NEVER, first[base:high] - base)
    company = talk(b, queries, steps, near, odds)
    return Look(b, queries, steps, np.concatenate([chosen, company], axis=-1))


def _glance(net: Net, b: Block, queries: Ints) -> tuple[Floats, Ints, Floats]:
    """Return the logarithms of the first look's probabilities of all candidates, the distances of
    the likely ones, and the features of their pairs."""
    known = pairs(b, queries, ALL)
    scores = net.scores(b, queries, ALL, known)
    scores[queries[:, None] < ALL] = -np.inf
    odds = np.maximum(log_softmax(scores), FLOOR)
    steps = likely(odds)
    return odds, steps, np.take_along_axis(known, steps[..., None], axis=1)


def likely(odds: Floats) -> Ints:
    """Return the distances of each query's likeliest candidates, itself among them, ascending."""
    wanted = odds.copy()
    wanted[:, 0] = np.inf
    return np.sort(np.argpartition(-wanted, LIKELY - 1, axis=1)[:, :LIKELY], axis=1)


def second_odds(nets: Sequence[Net], look: Look) -> Floats:
    """Return the logarithms of the nets' mean scores, made probabilities of the candidates."""
    every = [net.scores(look.block, look.queries, look.steps, look.pairs) for net in nets]
    scores = np.mean(every, axis=0)
    scores[look.queries[:, None] < look.steps] = -np.inf
    return log_softmax(scores)


def log_softmax(scores: Floats) -> Floats:
    """Return logarithms of probabilities along the last axis."""
    lowered = scores - scores.max(axis=-1, keepdims=True)
    odds: Floats = lowered - np.log(np.exp(lowered).sum(axis=-1, keepdims=True))
    return odds


def _links(look: Look, odds: Floats, parents: list[int | None], low: int) -> list[Link]:
    best = odds.argmax(axis=1)
    rows = np.arange(len(best))
    steps, sure = look.steps[rows, best].tolist(), np.exp(odds[rows, best]).tolist()
    found = []
    for position, (step, confidence) in enumerate(zip(steps, sure, strict=True), start=low):
        parent = parents[position]
        if parent is not None:
            found.append(Link(parent, 1.0))
        else:
            found.append(Link(position - step if step else None, round(confidence, DIGITS)))
    return found
