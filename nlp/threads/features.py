"""What tells a reply from its neighbours: time, turns, names and words of pairs of messages.

After Kummerfeld et al. 2019 (https://aclanthology.org/P19-1374), Section 5, with what a message
may look at bounded by REACH so that a link never depends on what is far away or comes later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.threads.conversations import Message
from nlp.threads.names import ADDRESSED, PLAIN, PREFIX, Strengths, mentions, opens_with_address
from nlp.threads.words import LINK, Floats, Ints, bucket, buckets, words

WINDOW = 100
HISTORY = 100
REACH = WINDOW + 2 * HISTORY
NEVER = -(1 << 30)
MINUTE = 60.0

ASKS, THANKS, GREETS = (
    frozenset(line.split())
    for line in (
        "who what when where why how which can could does do is are anyone anybody any has should",
        "thanks thank thx ty cheers ok okay yes no yeah yep nope yup k sure right",
        "hi hello hey hiya morning evening greetings yo all everyone folks",
    )
)
BOT = re.compile(r"bot(?:u|tu)?\d*$|^u?bot", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """Arrays of m messages in a row; authors are numbered within the block.

    `named[t, a]` is how t names a, `spoke[t, a]` the position of a's last message before t,
    `said[t, a]` how many a wrote before t, and `called[t, a]` how many before t name a.
    """

    author: Ints
    minute: Floats
    named: Strengths
    spoke: Ints
    said: Ints
    called: Ints
    told: Ints
    heard: Ints
    single: Floats
    common: Floats
    weights: Floats


def block(messages: Sequence[Message], idf: Floats) -> Block:
    """Return the arrays that pair features are read from."""
    names, author = _numbered([message.author for message in messages])
    texts = [message.text for message in messages]
    named = mentions(texts, names, lambda word: float(idf[bucket(word)]))
    named[np.arange(len(author)), author] = 0
    one = np.eye(len(names), dtype=np.int64)[author]
    said = np.cumsum(one, axis=0) - one
    hits = (named >= PLAIN).astype(np.int64)
    spoke, told, heard = _histories(author, named)
    minute = np.floor(np.array([message.at for message in messages]) / MINUTE)
    common, weights = _shared_words(texts, idf)
    return Block(
        author=author,
        minute=minute,
        named=named,
        spoke=spoke,
        said=said,
        called=np.cumsum(hits, axis=0) - hits,
        told=told,
        heard=heard,
        single=_single(messages, author, minute, named, spoke),
        common=common,
        weights=weights,
    )


def _numbered(authors: list[str]) -> tuple[list[str], Ints]:
    names = list(dict.fromkeys(authors))
    numbers = {name: number for number, name in enumerate(names)}
    return names, np.array([numbers[author] for author in authors], dtype=np.int64)


def _histories(author: Ints, named: Strengths) -> tuple[Ints, Ints, Ints]:
    """Return for each message, before it: when each author spoke last, when its author last
    named each, and when each last named its author."""
    count, size = named.shape
    last = np.full(size, NEVER)
    pair = np.full((size, size), NEVER)
    spoke, told, heard = (np.empty((count, size), dtype=np.int64) for _ in range(3))
    for t, a in enumerate(author.tolist()):
        spoke[t], told[t], heard[t] = last, pair[a], pair[:, a]
        last[a] = t
        pair[a, named[t] >= PLAIN] = t
    return spoke, told, heard


def _shared_words(texts: list[str], idf: Floats) -> tuple[Floats, Floats]:
    """Return the weight of words that pairs of different messages share, and each one's own."""
    rows = [buckets(text) for text in texts]
    vocabulary, flat = np.unique(np.concatenate(rows), return_inverse=True)
    table = np.zeros((len(texts), len(vocabulary)))
    table[np.repeat(np.arange(len(rows)), [len(row) for row in rows]), flat] = 1.0
    weighted = table * idf[vocabulary] ** 2
    often = table.sum(axis=0) > 1
    return weighted[:, often] @ table[:, often].T, weighted.sum(axis=1)


def _single(
    messages: Sequence[Message], author: Ints, minute: Floats, named: Strengths, spoke: Ints
) -> Floats:
    """Return what a message shows by itself and by what its author did before, [m, features]."""
    m = len(messages)
    t = np.arange(m)
    previous = spoke[t, author]
    known = t - previous <= HISTORY
    safe = np.where(known, previous, t)
    present = spoke >= (t - HISTORY)[:, None]
    someone = np.asarray(((named >= PLAIN) & present).any(axis=1))
    adjacent = np.zeros(m, dtype=bool)
    adjacent[1:] = author[1:] == author[:-1]
    first = np.maximum(t - WINDOW, 0)
    tempo = (t - first) / np.maximum(minute - minute[first], 1.0)
    columns = [
        someone,
        ((named == ADDRESSED) & present).any(axis=1),
        ((named == PREFIX) & present).any(axis=1),
        ((named >= PLAIN) & present).sum(axis=1) > 1,
        known,
        known & someone[safe],
        known & (named[safe] >= PLAIN).any(axis=1),
        np.where(known, np.log1p(t - safe), 5.0) / 5,
        np.where(known, np.log1p(np.maximum(minute - minute[safe], 0)), 8.0) / 5,
        known & (minute - minute[safe] <= 1),
        adjacent,
        np.log1p(tempo) / 3,
    ]
    texts = np.array([_shape(message) for message in messages], dtype=np.float64)
    return np.concatenate([np.stack(columns, axis=1).astype(np.float64), texts], axis=1)


def _shape(message: Message) -> list[float]:
    text = message.text
    found = words(text)
    first = set(found[:2])
    every = set(found)
    return [
        float(np.log1p(len(found))) / 3,
        "?" in text,
        text.rstrip().endswith("?"),
        bool(first & ASKS),
        bool(first & THANKS),
        bool(every & GREETS),
        text.startswith("!"),
        BOT.search(message.author) is not None,
        LINK.search(text) is not None,
        opens_with_address(text),
        len(found) <= 2,
        text.rstrip().endswith((",", "...", "and", "but")),
        text.lstrip().startswith(("^", "s/", "*")),
        text[:1].islower(),
    ]


def pairs(b: Block, queries: Ints, steps: Ints) -> Floats:
    """Return features of each query with the messages `steps` before it, 0 for with itself.

    `steps` is [WINDOW + 1] or [queries, candidates]; returned is [queries, candidates, features].
    """
    i, j = positions(queries, steps)
    parts = [_place(b, i, j), _people(b, i, j), _overlap(b, i, j)]
    flag = (i == j)[..., None]
    found = np.concatenate([flag.astype(np.float64), *parts], axis=-1)
    found[..., 1:] *= ~flag
    return found


def positions(queries: Ints, steps: Ints) -> tuple[Ints, Ints]:
    """Return the positions of queries and candidates, both [queries, candidates].

    A candidate before the first message of the block stands at the first: it is to be masked.
    """
    j = np.maximum(queries[:, None] - steps, 0)
    return np.broadcast_to(queries[:, None], j.shape), j


def _place(b: Block, i: Ints, j: Ints) -> Floats:
    d = (i - j).astype(np.float64)
    minutes = np.maximum(b.minute[i] - b.minute[j], 0)
    after = np.minimum(j + 1, i)
    columns = [
        d / 100,
        np.log1p(d) / 5,
        *(d == step for step in (1, 2, 3)),
        (d > 3) & (d <= 6),
        (d > 6) & (d <= 12),
        d > 30,
        np.log1p(minutes) / 5,
        *(minutes == step for step in (0, 1, 2)),
        (minutes > 2) & (minutes <= 5),
        (minutes > 5) & (minutes <= 15),
        minutes > 60,
        b.author[after] == b.author[j],
    ]
    return np.stack(columns, axis=-1).astype(np.float64)


def _people(b: Block, i: Ints, j: Ints) -> Floats:
    ai, aj = b.author[i], b.author[j]
    names, named = b.named[i, aj], b.named[j, ai]
    since_i = b.said[i, ai] - b.said[np.minimum(j + 1, i), ai]
    since_j = b.said[i, aj] - b.said[np.minimum(j + 1, i), aj]
    between = np.maximum(i - j - 1, 0)
    others = between - since_i - np.where(ai == aj, 0, since_j)
    called_i = b.called[i, ai] - b.called[np.minimum(j + 1, i), ai]
    called_j = b.called[i, aj] - b.called[np.minimum(j + 1, i), aj]
    told, heard = b.told[i, aj], b.heard[i, aj]
    old = i - HISTORY
    # The last whom the author of i named, and the last who named them.
    last_told = np.maximum(b.told[i[:, 0]].max(axis=1), old[:, 0])[:, None]
    last_heard = np.maximum(b.heard[i[:, 0]].max(axis=1), old[:, 0])[:, None]
    present = b.spoke >= (np.arange(len(b.author)) - HISTORY)[:, None]
    seen = ((b.named >= PLAIN) & present).astype(np.float32)
    targets = seen[i[:, 0]] @ seen.T
    some_i, some_j = seen.sum(axis=1)[i] > 0, seen.sum(axis=1)[j] > 0
    columns = [
        ai == aj,
        *(names == strength for strength in (PREFIX, PLAIN, ADDRESSED)),
        *(named == strength for strength in (PREFIX, PLAIN, ADDRESSED)),
        np.take_along_axis(targets, j, axis=1) > 0,
        some_i & (names == 0),
        some_j & (named == 0),
        some_i & (names == 0) & some_j & (named == 0),
        since_j == 0,
        since_i == 0,
        np.log1p(since_i) / 3,
        np.log1p(since_j) / 3,
        np.log1p(others) / 4,
        others == 0,
        called_i == 0,
        called_j == 0,
        (called_i == 0) & (named >= PLAIN),
        (since_j == 0) & (names >= PLAIN),
        (since_i == 0) & (named >= PLAIN),
        (since_j == 0) & (ai == aj),
        (told >= old) & (told < j),
        told > j,
        (heard >= old) & (heard < j),
        heard > j,
        (told >= old) & (told == last_told),
        (heard >= old) & (heard == last_heard),
        heard == j,
    ]
    return np.stack(columns, axis=-1).astype(np.float64)


def _overlap(b: Block, i: Ints, j: Ints) -> Floats:
    common = b.common[i, j]
    wi, wj = b.weights[i], b.weights[j]
    tiny = 1e-9
    columns = [
        common / (np.sqrt(wi * wj) + tiny),
        common / (wi + tiny),
        common / (wj + tiny),
        np.log1p(common),
        common > 0.35,
        common == 0,
    ]
    return np.stack(columns, axis=-1).astype(np.float64)
