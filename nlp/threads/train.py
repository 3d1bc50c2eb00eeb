"""Fit the thread model: annotated channels in, word weights and nets out. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.threads.conversations import Message
from nlp.threads.features import REACH, WINDOW, block, pairs, positions
from nlp.threads.model import LAYERS, Net, ThreadModel
from nlp.threads.replies import Look, looked
from nlp.threads.words import Floats, Ints, frequencies

UNITS = (128, 64)
BATCH = 128
RATE = 3e-3
DECAY = 1e-3
DROPOUT = 0.1
WARM = 0.1
MASKED = -1e9
NEAR = 20
FAR = 12

Halves = NDArray[np.float16]
Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Annotated:
    """A stretch of a channel, and the parents of messages in it that are known: None begins one."""

    messages: Sequence[Message]
    parents: dict[int, int | None]


@dataclass(frozen=True, slots=True)
class Examples:
    """n messages: features of candidates, what to add to their scores, which one is the parent."""

    features: Halves
    offsets: NDArray[np.float32]
    answer: Ints


@dataclass(frozen=True, slots=True)
class Plan:
    """Epochs of both looks, and how many nets take the second."""

    first_epochs: int = 4
    second_epochs: int = 5
    nets: int = 4
    seed: int = 0


def fit(channels: Sequence[Annotated], plan: Plan, log: Log = lambda line: None) -> ThreadModel:
    """Return the model of annotated channels; the same ones and plan give the same model."""
    idf = frequencies([message.text for channel in channels for message in channel.messages])
    log("first look")
    chance = np.random.default_rng(plan.seed)
    near = _stack([_first_examples(channel, idf, chance) for channel in channels])
    first = train_net(near, plan.first_epochs, plan.seed, log)
    del near
    log("second look")
    start = ThreadModel(idf, first, ())
    far = _stack([_second_examples(channel, start) for channel in channels])
    seeds = range(plan.seed + 1, plan.seed + 1 + plan.nets)
    return ThreadModel(
        idf, first, tuple(train_net(far, plan.second_epochs, seed, log) for seed in seeds)
    )


def _first_examples(channel: Annotated, idf: Floats, chance: np.random.Generator) -> Examples:
    low, high = min(channel.parents), max(channel.parents) + 1
    base = max(low - REACH, 0)
    b = block(channel.messages[base:high], idf)
    wanted = np.array(sorted(channel.parents))
    steps = np.array([_sample(at, channel.parents[at], chance) for at in wanted.tolist()])
    found = []
    for rows in np.array_split(np.arange(len(wanted)), -(-len(wanted) // BATCH)):
        queries = wanted[rows] - base
        look = Look(b, queries, steps[rows], pairs(b, queries, steps[rows]))
        found.append(
            _examples(look, wanted[rows], channel.parents, math.log((WINDOW - NEAR) / FAR))
        )
    return _stack(found)


def _sample(at: int, parent: int | None, chance: np.random.Generator) -> list[int]:
    """Return the distances of the nearest candidates, and of some of the far ones by chance.

    A parent is among them; each of the others that were drawn stands for several like it.
    """
    far = chance.permutation(np.arange(NEAR + 1, WINDOW + 1))[:FAR].tolist()
    answer = 0 if parent is None else at - parent
    if NEAR < answer <= WINDOW and answer not in far:
        far[0] = answer
    return [*range(NEAR + 1), *far]


def _second_examples(channel: Annotated, model: ThreadModel) -> Examples:
    low, high = min(channel.parents), max(channel.parents) + 1
    first = np.arange(len(channel.messages))
    if low > 0:
        looked(channel.messages, model, first, max(low - WINDOW, 0), low)
    look = looked(channel.messages, model, first, low, high)
    return _examples(look, np.arange(low, high), channel.parents, 0.0)


def _examples(
    look: Look, places: Ints, parents: dict[int, int | None], far_offset: float
) -> Examples:
    """Return those of a look whose parent is known and among the candidates."""
    _, j = positions(look.queries, look.steps)
    other = (look.steps > 0)[..., None]
    own = np.broadcast_to(
        look.block.single[look.queries][:, None], (*j.shape, look.block.single.shape[1])
    )
    whole = np.concatenate([look.pairs, own, look.block.single[j] * other], axis=-1)
    wanted = [parents.get(p, -1) for p in places.tolist()]
    step = np.array([0 if p is None else at - p for at, p in zip(places, wanted, strict=True)])
    hit = look.steps == step[:, None]
    kept = hit.any(axis=1) & np.array([p != -1 for p in wanted])
    offsets = np.where((look.steps > NEAR) & ~hit, far_offset, 0.0)
    offsets[look.queries[:, None] < look.steps] = MASKED
    return Examples(
        whole[kept].astype(np.float16), offsets[kept].astype(np.float32), hit[kept].argmax(axis=1)
    )


def _stack(parts: Sequence[Examples]) -> Examples:
    return Examples(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.offsets for part in parts]),
        np.concatenate([part.answer for part in parts]),
    )


def train_net(examples: Examples, epochs: int, seed: int, log: Log = lambda line: None) -> Net:
    """Return a net that gives the parents of the examples the most probability."""
    import torch

    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    net = _network(examples.features.shape[2])
    size = min(BATCH, len(examples.answer))
    batches = len(examples.answer) // size
    descent = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        descent, RATE, total_steps=epochs * batches + 1, pct_start=WARM
    )
    for epoch in range(epochs):
        order, total = chance.permutation(len(examples.answer)), 0.0
        for rows in order[: batches * size].reshape(batches, size):
            loss = _loss(net, examples, rows)
            descent.zero_grad()
            loss.backward()
            descent.step()
            pace.step()
            total += loss.item()
        log(f"net {seed}, epoch {epoch + 1} of {epochs}: loss {total / batches:.4f}")
    return _weights(net)


def _network(features: int) -> Any:
    from torch import nn

    wide, deep = UNITS
    return nn.Sequential(
        nn.Linear(features, wide),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(wide, deep),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(deep, 1),
    )


def _loss(net: Any, examples: Examples, rows: Ints) -> Any:
    import torch
    from torch.nn.functional import cross_entropy

    features = torch.from_numpy(examples.features[rows].astype(np.float32))
    scores = net(features)[..., 0] + torch.from_numpy(examples.offsets[rows])
    return cross_entropy(scores, torch.from_numpy(examples.answer[rows]))


def _weights(net: Any) -> Net:
    tables = [table.detach().numpy().astype(np.float64) for table in net.parameters()]
    w1, b1, w2, b2, w3, b3 = tables
    return Net(**dict(zip(LAYERS, (w1.T, b1, w2.T, b2, w3[0], b3), strict=True)))
