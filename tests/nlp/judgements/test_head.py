"""Heads: probabilities of long texts, the choice, and the files that they come in."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from nlp.errors import DamagedHead
from nlp.judgements.bend import Bend, bend, tables
from nlp.judgements.cues import names
from nlp.judgements.features import Features, Weights
from nlp.judgements.head import Head, HeadCard, _archive, read, read_card, write
from nlp.judgements.labels import TASKS
from nlp.judgements.pieces import WIDTH
from nlp.judgements.sight import Sight
from tests.nlp.judgements.sights import kinds, said, sight


def _head(task: str, lean: tuple[float, ...] | None = None) -> Head:
    """Return a head whose scores are the first dimensions of the vectors."""
    labels = len(TASKS[task])
    share = tuple(float(s) for s in np.arange(1, labels + 1) / np.arange(1, labels + 1).sum())
    card = HeadCard(
        task, "ours", "v1", TASKS[task], share, lean or (1.0,) * labels, "r1", {"seed": 3}
    )
    weights = Weights(
        np.eye(4, labels, dtype=np.float32),
        np.zeros((len(names()), labels), np.float32),
        np.zeros((WIDTH, labels), np.float32),
        np.zeros(labels, np.float32),
    )
    return Head(card, weights)


def _features(vectors: list[list[float]], owner: list[int], texts: int) -> Features:
    rows = len(vectors)
    return Features(
        np.array(vectors, dtype=np.float32).reshape(rows, 4),
        np.zeros((rows, len(names())), np.float32),
        csr_array((rows, WIDTH), dtype=np.float32),
        np.array(owner, dtype=np.int64),
        texts,
    )


def test_scores_of_parts_are_averaged() -> None:
    log = float(np.log(4))
    found = _head("sentiment").probabilities(
        _features([[2 * log, 0, 0, 0], [0, 0, 0, 0], [0, log, 0, 0]], [0, 0, 2], 3)
    )
    expected = [[4 / 6, 1 / 6, 1 / 6], [1 / 6, 2 / 6, 3 / 6], [1 / 6, 4 / 6, 1 / 6]]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.dtype == np.float32


def test_of_hostility_the_worst_part_counts() -> None:
    calm, rude = [5.0, 0, 0, 0], [0.0, 0, 1, 0]
    found = _head("hostility").probabilities(
        _features([calm, rude, calm, calm, rude, calm], [0, 0, 0, 1, 3, 3], 4)
    )
    alone = np.exp([0, 0, 1]) / np.exp([0, 0, 1]).sum()
    np.testing.assert_allclose(found[[0, 3]], [alone, alone], atol=1e-6)
    assert found[1, 0] > 0.95
    np.testing.assert_allclose(found[2], [1 / 6, 2 / 6, 3 / 6], atol=1e-6)


@pytest.mark.parametrize("task", ["hostility", "sentiment"])
def test_where_nothing_is_said_the_prior_is_known(task: str) -> None:
    head = _head(task)
    found = head.probabilities(_features([], [], 2))
    np.testing.assert_allclose(found, [head.card.prior] * 2, atol=1e-6)
    assert head.probabilities(_features([], [], 0)).shape == (0, 3)


def test_the_lean_moves_the_choice_and_not_how_sure_it_is() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [0.9, 0.05, 0.05]], dtype=np.float32)
    chosen, sure = _head("sentiment", (1.0, 2.0, 1.0)).choice(shares)
    assert chosen.tolist() == [1, 0]
    assert sure.tolist() == pytest.approx([0.3, 0.9])
    assert _head("sentiment").choice(shares)[0].tolist() == [0, 0]


def test_two_kinds_of_hostility_do_not_make_an_insult_civil() -> None:
    shares = np.array(
        [[0.45, 0.25, 0.3], [0.45, 0.3, 0.25], [0.6, 0.4, 0], [0.5, 0.25, 0.25]], dtype=np.float32
    )
    chosen, sure = _head("hostility").choice(shares)
    assert chosen.tolist() == [2, 1, 0, 0]
    assert sure.tolist() == pytest.approx([0.55, 0.55, 0.6, 0.5])
    assert _head("hostility", (0.6, 1.0, 1.0)).choice(shares)[0].tolist() == [2, 1, 1, 1]


def _random(task: str) -> Head:
    random = np.random.default_rng(5)
    plain = _head(task)
    w = plain.weights
    pieces = w.pieces.copy()
    pieces[:50] = random.normal(size=(50, 3))
    blocks = (random.normal(size=b.shape).astype(np.float32) for b in (w.vectors, w.cues))
    return replace(
        plain, weights=Weights(*blocks, pieces, random.normal(size=3).astype(np.float32))
    )


def test_a_head_is_read_as_it_was_written(tmp_path: Path) -> None:
    head = _random("hostility")
    assert write(head, tmp_path / "own") == tmp_path / "own" / "hostility.npz"
    found = read(tmp_path / "own", "hostility")
    assert found.card == read_card(tmp_path / "own", "hostility")
    assert replace(found.card, sha256="") == head.card
    data = (tmp_path / "own" / "hostility.npz").read_bytes()
    assert found.card.sha256 == sha256(data).hexdigest()
    np.testing.assert_array_equal(found.weights.bias, head.weights.bias)
    for name in ("vectors", "cues", "pieces"):
        np.testing.assert_allclose(
            getattr(found.weights, name), getattr(head.weights, name), rtol=1e-3, atol=1e-6
        )
        assert getattr(found.weights, name).dtype == np.float32


def test_equal_weights_are_equal_bytes(tmp_path: Path) -> None:
    one, other = (write(_random("sentiment"), tmp_path / name) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    assert one.with_suffix(".json").read_bytes() == other.with_suffix(".json").read_bytes()
    again = write(read(tmp_path / "one", "sentiment"), tmp_path / "again")
    assert again.read_bytes() == one.read_bytes()


def _recard(path: Path, **changes: object) -> None:
    path = path.with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_weights_that_the_card_does_not_describe_are_refused(tmp_path: Path) -> None:
    path = write(_head("intent"), tmp_path)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DamagedHead, match=r"intent\.npz is not what its card describes: train"):
        read(tmp_path, "intent")


@pytest.mark.parametrize("data", [b"", b"junk", b"PK\x03\x04junk", b"\x93NUMPYjunk"])
def test_a_broken_file_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = write(_head("intent"), tmp_path)
    path.write_bytes(data)
    _recard(path, sha256=sha256(data).hexdigest())
    with pytest.raises(DamagedHead, match=r"intent\.npz cannot be read: train it again"):
        read(tmp_path, "intent")


def test_missing_weights_are_refused_by_name(tmp_path: Path) -> None:
    write(_head("intent"), tmp_path).unlink()
    with pytest.raises(DamagedHead, match=r"intent\.npz cannot be read"):
        read(tmp_path, "intent")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"task": "intent"}', '{"labels": 3}', "\ufeff{"]
)
def test_a_broken_card_is_refused_by_name(tmp_path: Path, text: str) -> None:
    write(_head("intent"), tmp_path).with_suffix(".json").write_text(text)
    with pytest.raises(DamagedHead, match=r"intent\.json is no card of a head: train it again"):
        read(tmp_path, "intent")
    with pytest.raises(DamagedHead, match=r"emotion\.json is no card of a head"):
        read_card(tmp_path, "emotion")


@pytest.mark.parametrize(
    "changes", [{"labels": ["civil", "personal", "hostile"]}, {"task": "sentiment"}]
)
def test_other_labels_are_refused_by_name(tmp_path: Path, changes: dict[str, object]) -> None:
    _recard(write(_head("hostility"), tmp_path), **changes)
    with pytest.raises(DamagedHead, match=r"hostility\.json is of other labels than this version"):
        read(tmp_path, "hostility")


def _misshapen(name: str, block: object) -> Weights:
    return replace(_head("hostility").weights, **{name: block})


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("pieces", np.zeros((WIDTH - 1, 3))),
        ("vectors", np.zeros((4, 2))),
        ("cues", np.zeros((len(names()), 4))),
        ("cues", np.zeros((len(names()) - 1, 3))),
        ("bias", np.zeros(2)),
        ("bias", np.array([0, np.nan, 0])),
        ("vectors", np.full((4, 3), 1e6)),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_weights_of_another_shape_are_refused_by_name(
    tmp_path: Path, name: str, block: object
) -> None:
    write(Head(_head("hostility").card, _misshapen(name, block)), tmp_path)
    with pytest.raises(DamagedHead, match=r"hostility\.npz has weights of another shape"):
        read(tmp_path, "hostility")


@pytest.mark.parametrize("name", ["prior", "lean"])
def test_a_prior_and_a_lean_for_every_label(tmp_path: Path, name: str) -> None:
    _recard(write(_head("hostility"), tmp_path), **{name: [0.5, 0.5]})
    with pytest.raises(DamagedHead, match=r"hostility\.npz has weights of another shape"):
        read(tmp_path, "hostility")


def _wide(texts: int, seed: int) -> Sight:
    return sight(kinds(texts, seed), seed, cues=len(names()), width=WIDTH)


def _bent(task: str = "hostility") -> tuple[Head, Bend]:
    """Return a head, and what bends it: twenty texts whose kinds are its labels."""
    known = said(np.zeros(20, dtype=np.int64), 1.0)
    head, targets = _head(task), np.eye(3, dtype=np.int8)[kinds(20, 1)]
    prior = np.array(head.card.prior, dtype=np.float32)
    made = bend(_wide(20, 1), targets, known, prior)[0]
    return replace(head, bend=made), made


def _shown(owner: list[int], texts: int) -> Features:
    rows = [[float(row % 3 == 0), 0.5, float(row % 2), 0.0] for row in range(len(owner))]
    return _features(rows, owner, texts).seen(_wide(texts, 4))


@pytest.mark.parametrize("task", ["hostility", "sentiment"])
def test_a_head_bends_each_text_by_its_own_sight(task: str) -> None:
    head, made = _bent(task)
    features = _shown([0, 0, 1, 3, 4, 4, 4, 5], 6)
    assert features.sight is not None
    found, straight = head.probabilities(features), _head(task).probabilities(features)
    own = [0, 1, 3, 4, 5]
    scores = made.scores(np.log(straight[own]), features.sight.take(own))
    np.testing.assert_allclose(found[own], np.exp(scores), atol=1e-6)
    assert np.abs(found[own] - straight[own]).max() > 0.2
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert found.dtype == np.float32


@pytest.mark.parametrize("owner", [[0, 2, 2], []])
def test_where_nothing_is_said_a_bent_head_knows_the_prior(owner: list[int]) -> None:
    head, _ = _bent()
    found = head.probabilities(_shown(owner, 4))
    silent = [row for row in range(4) if row not in owner]
    np.testing.assert_allclose(found[silent], [head.card.prior] * len(silent), atol=1e-6)
    if owner:
        assert np.abs(found[[0, 2]] - np.array(head.card.prior)).max() > 0.1


def test_a_bent_head_is_read_as_it_was_written(tmp_path: Path) -> None:
    head, made = _bent()
    path = write(head, tmp_path / "one")
    found = read(tmp_path / "one", "hostility")
    assert found.bend is not None
    assert (found.bend.view, found.bend.trust) == (made.view, made.trust)
    assert found.bend.asked.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(found.bend.pull, made.pull)
    features = _shown([0, 1, 2, 3], 4)
    np.testing.assert_allclose(
        found.probabilities(features), head.probabilities(features), atol=0.01
    )
    assert write(found, tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_head_that_was_not_bent_is_read_straight(tmp_path: Path) -> None:
    write(_head("hostility"), tmp_path)
    assert read(tmp_path, "hostility").bend is None


def _rewritten(path: Path, changes: dict[str, object]) -> None:
    """Write other arrays of the bend, which the card describes; None leaves one out."""
    with np.load(path) as saved:
        held = {**saved, **{f"bend_{name}": table for name, table in changes.items()}}
    data = _archive({name: np.asarray(table) for name, table in held.items() if table is not None})
    path.write_bytes(data)
    _recard(path, sha256=sha256(data).hexdigest())


@pytest.mark.parametrize(
    "changes",
    [
        {"pull": None},
        {"rows_pieces_indptr": None},
        {"view": np.array(9)},
        {"trust": np.zeros(2)},
        {"pull": np.array(1.0)},
        {"rows_pieces_indices": np.full(100, WIDTH)},
        {"rows_pieces_indices": np.zeros(3, np.int32)},
    ],
)
def test_a_bend_that_is_none_is_refused_by_name(tmp_path: Path, changes: dict[str, object]) -> None:
    _rewritten(write(_bent()[0], tmp_path), changes)
    with pytest.raises(DamagedHead, match=r"hostility\.npz cannot be read: train it again"):
        read(tmp_path, "hostility")


@pytest.mark.parametrize(
    "changes",
    [
        {"spread": np.ones(3)},
        {"usual": np.ones(2)},
        {"centre": np.full(20, np.nan)},
        {"asked": np.array([0, 1, 3])},
        {"mean_read": np.zeros(5)},
        {"rows_cues": np.zeros((20, 3))},
    ],
)
def test_a_bend_of_another_shape_is_refused_by_name(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    head, made = _bent()
    assert {f"bend_{name}" for name in changes} <= {f"bend_{name}" for name in tables(made)}
    _rewritten(write(head, tmp_path), changes)
    with pytest.raises(DamagedHead, match=r"hostility\.npz has weights of another shape"):
        read(tmp_path, "hostility")
