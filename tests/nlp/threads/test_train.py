"""Training: the same from the same, able to learn, and written as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp.threads.conversations import Message
from nlp.threads.model import read_model, write_model
from nlp.threads.replies import link
from nlp.threads.train import Annotated, Plan, fit

PLAN = Plan(first_epochs=20, second_epochs=10, nets=1)


def channel(count: int, seed: int) -> Annotated:
    """Return two talks in turns: who answers names whom they answer, and begins without."""
    chance = np.random.default_rng(seed)
    messages: list[Message] = []
    parents: dict[int, int | None] = {}
    last: dict[int, int] = {}
    for at in range(count):
        talk = int(chance.integers(2))
        parent = last.get(talk) if chance.random() > 0.1 else None
        text = "who knows?" if parent is None else f"{messages[parent].author}: so"
        messages.append(Message(f"person{at}", 60.0 * at, text))
        parents[at], last[talk] = parent, at
    return Annotated(messages, parents)


@pytest.mark.slow
def test_a_rule_is_learned_the_same_way_twice(tmp_path: Path) -> None:
    channels = [channel(150, seed) for seed in range(2)]
    model = fit(channels, PLAN)
    write_model(model, tmp_path / "one.npz")
    write_model(fit(channels, PLAN), tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    fresh = channel(200, 9)
    found = link(fresh.messages, read_model(tmp_path / "one.npz"))
    right = [f.parent == fresh.parents[at] for at, f in enumerate(found)]
    assert np.mean(right) > 0.9


@pytest.mark.slow
def test_messages_whose_parent_is_unknown_teach_nothing() -> None:
    whole = channel(120, 1)
    known = replace(whole, parents={at: p for at, p in whole.parents.items() if at != 60})
    model = fit([known], replace(PLAN, first_epochs=1, second_epochs=1))
    assert len(model.second) == 1
    assert np.isfinite(model.first.w1).all()
