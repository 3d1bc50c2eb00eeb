"""Diffusion coordinates: chains of like rows lie together, apart from other chains."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.topics import diffusion
from nlp.topics.diffusion import coordinates
from nlp.vectors import unit


def chains(each: int) -> np.ndarray:
    """Return two arcs of rows: their ends are further from each other than from the other arc."""
    angles = np.linspace(0, np.pi, each)
    arc = np.stack([np.cos(angles), np.sin(angles), np.full(each, 0.35)], axis=1)
    return unit(np.concatenate([arc, arc * [1, 1, -1]]).astype(np.float32))


@pytest.mark.parametrize("each", [120, 500], ids=["all at once", "by a solver"])
def test_chains_come_apart(each: int) -> None:
    rows = chains(each)
    assert (rows[0] @ rows[each - 1]) < (rows[0] @ rows[each]), "by their vectors they do not"
    # A chain of each is a direction of its own where two are asked for.
    places = coordinates(rows, 2, neighbours=each // 6)
    alike = places @ places.T
    assert alike[:each, :each].min() > 0.99
    assert abs(alike[:each, each:]).max() < 0.01


def test_both_ways_of_finding_axes_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(4)
    rows = unit(chance.standard_normal((200, 12)).astype(np.float32))
    dense = coordinates(rows, 6)
    monkeypatch.setattr(diffusion, "DENSE", 10)
    by_solver = coordinates(rows, 6)
    # Axes have no sign: what counts is how alike rows are.
    np.testing.assert_allclose(by_solver @ by_solver.T, dense @ dense.T, atol=1e-3)


def test_twice_is_the_same_to_the_last_bit() -> None:
    rows = chains(500)
    np.testing.assert_array_equal(coordinates(rows, 5), coordinates(rows.copy(), 5))


def test_few_rows_and_rows_of_zeros() -> None:
    rows = np.concatenate([np.eye(3, dtype=np.float32), np.zeros((2, 3), dtype=np.float32)])
    places = coordinates(rows, 9)
    assert places.shape == (5, 5)
    assert np.isfinite(places).all()
    assert coordinates(rows[:1], 3).shape == (1, 1)
