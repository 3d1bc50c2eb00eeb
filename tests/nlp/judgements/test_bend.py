"""Bending a head: leave-one-out by hand, how far the head is believed, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from nlp.judgements.bend import (
    RIDGES,
    STEPS,
    TRUSTS,
    VIEWS,
    Bend,
    Choice,
    Doubles,
    _unexplained,
    bend,
    restored,
    tables,
)
from nlp.judgements.features import Floats, softmax
from nlp.judgements.kernel import grams, kernel
from nlp.judgements.labels import UNASKED, Targets, loss
from nlp.judgements.sight import Sight
from tests.nlp.judgements.sights import KINDS, WORDS, Numbers, kinds, logged, said, sight

EVEN = np.full(KINDS, 1 / KINDS, np.float32)
SKEWED = np.array([0.5, 0.3, 0.2], np.float32)


def _targets(numbers: Numbers) -> Targets:
    return np.eye(KINDS, dtype=np.int8)[numbers]


def _bent(known: Floats, *, prior: Floats = EVEN, told: bool = True) -> tuple[Bend, Floats, Choice]:
    """Return a bend by texts whose kinds are their labels, unless these are told by nothing."""
    numbers = kinds(len(known), 1)
    shown = sight(numbers if told else kinds(len(known), 2), 1)
    return bend(shown, _targets(numbers), known, prior)


def _useless(count: int, seed: int = 9) -> Floats:
    """Return what a head says that is sure and that knows nothing."""
    return said(np.random.default_rng(seed).integers(KINDS, size=count), 2.0)


def _fresh(seed: int = 77, count: int = 120) -> tuple[Sight, Numbers]:
    numbers = kinds(count, seed)
    return sight(numbers, seed), numbers


def _solved(made: Bend, choice: Choice, rows: Numbers, rest: Floats) -> Doubles:
    """Return what some texts add to the labels of all, by the equations of the method."""
    shared = made.topics.rows @ made.topics.rows.T
    near = kernel(grams(made.rows, made.rows), shared, VIEWS[choice.view]).astype(np.float64)
    small = near[np.ix_(rows, rows)] + choice.ridge * np.eye(len(rows))
    return np.float32(choice.step) * (near[:, rows] @ np.linalg.solve(small, rest[rows]))


def _begun(known: Floats, choice: Choice, prior: Floats) -> Floats:
    start = choice.trust * known + (1 - choice.trust) * np.log(prior)
    return start.astype(np.float32)


@pytest.mark.parametrize("sure", [0.0, 0.8, 3.0])
def test_scores_are_those_of_really_leaving_a_text_out(sure: float) -> None:
    numbers = kinds(40, 1)
    known = said(numbers, sure)
    made, held, choice = _bent(known, prior=SKEWED)
    start = _begun(known, choice, SKEWED)
    rest = _targets(numbers) - softmax(start)
    for row in range(40):
        others = np.delete(np.arange(40), row)
        expected = start[row] + _solved(made, choice, others, rest)[row]
        np.testing.assert_allclose(held[row], logged(expected[None])[0], atol=2e-4)


def test_scores_of_learned_texts_solve_the_equations() -> None:
    numbers, known = kinds(40, 1), said(kinds(40, 1), 0.8)
    made, _, choice = _bent(known, prior=SKEWED)
    start = _begun(known, choice, SKEWED)
    whole = start + _solved(made, choice, np.arange(40), _targets(numbers) - softmax(start))
    np.testing.assert_allclose(made.scores(known, sight(numbers, 1)), logged(whole), atol=2e-4)


def test_the_choice_tells_the_loss_of_texts_left_out() -> None:
    made, held, choice = _bent(_useless(40))
    assert choice.loss == pytest.approx(loss(np.exp(held), _targets(kinds(40, 1))), abs=1e-4)
    assert choice.loss < np.log(KINDS)
    assert (choice.trust, choice.view) == (made.trust, made.view)
    assert choice.trust in TRUSTS
    assert choice.ridge in RIDGES
    assert choice.step in STEPS


def test_what_is_left_to_explain_by_hand() -> None:
    start = np.log(np.array([[0.5, 0.3, 0.2]] * 5, dtype=np.float32))
    known = np.array([[1, 0, 0], [0, 1, 1], [-1, 1, 0], [-1, 1, 1], [-1, -1, -1]], dtype=np.int8)
    all_rows = [[0.5, -0.3, -0.2], [-0.5, 0.3, 0.2], [0, 0.4, -0.4], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(_unexplained(start, known), np.array(all_rows), atol=1e-6)


def test_a_head_that_knows_is_trusted_and_stays() -> None:
    made, _, choice = _bent(said(kinds(60, 1), 5.0), told=False)
    assert made.trust == 1.0
    assert choice.loss < 0.05
    seen, numbers = _fresh()
    known = said(numbers, 5.0, seed=4)
    found = np.exp(made.scores(known, seen))
    np.testing.assert_allclose(found, np.exp(known), atol=0.06)
    assert (found.argmax(axis=1) == numbers).all()


@pytest.mark.parametrize("wrong", [False, True])
def test_a_head_that_is_no_use_is_not_believed(wrong: bool) -> None:
    known = said((kinds(75, 1) + 1) % KINDS, 3.0) if wrong else _useless(75)
    made, held, choice = _bent(known)
    assert made.trust == choice.trust
    assert wrong or choice.trust <= 0.25
    assert (held.argmax(axis=1) == kinds(75, 1)).mean() > 0.9
    seen, numbers = _fresh()
    other = said((numbers + 1) % KINDS, 3.0) if wrong else _useless(len(numbers))
    found = made.scores(other, seen)
    assert (other.argmax(axis=1) == numbers).mean() < 0.45
    assert (found.argmax(axis=1) == numbers).mean() > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_a_few_labels_by_chance_do_not_carry_it_away(seed: int) -> None:
    numbers = np.random.default_rng(seed).integers(KINDS, size=20)
    known = said(numbers, 1.0, seed)
    made, _, choice = bend(sight(kinds(20, seed + 50), seed), _targets(numbers), known, EVEN)
    fresh = kinds(300, seed + 90)
    other = np.random.default_rng(seed + 9).integers(KINDS, size=300)
    told = said(other, 1.0, seed + 9)
    before, after = loss(np.exp(told), _targets(other)), made.scores(told, sight(fresh, seed + 90))
    assert loss(np.exp(after), _targets(other)) < before + 0.15
    assert choice.step < 9


def test_labels_that_texts_do_not_tell_bend_nothing() -> None:
    """Where likeness says nothing of the labels, how common they are is all there is to say."""
    random = np.random.default_rng(5)
    numbers = random.choice(KINDS, size=80, p=SKEWED)
    made, _, choice = bend(sight(kinds(80, 2), 2), _targets(numbers), _useless(80), SKEWED)
    assert choice.trust <= 0.25
    found = np.exp(made.scores(np.log(np.tile(SKEWED, (120, 1))), _fresh()[0]))
    assert np.abs(found - SKEWED).mean() < 0.15


def _partly(count: int) -> tuple[Sight, Targets, Numbers]:
    """Return texts of two kinds; nobody was asked about the last label."""
    numbers = np.arange(count) % 2
    known = _targets(numbers)
    known[:, 2] = UNASKED
    return sight(numbers, 3), known, numbers


def test_labels_that_nobody_was_asked_about_keep_their_probability() -> None:
    seen, known, numbers = _partly(40)
    start = _useless(40)
    made, held, _ = bend(seen, known, start, SKEWED)
    assert made.asked.tolist() == [0, 1]
    for found in (held, made.scores(start, seen)):
        np.testing.assert_array_equal(found[:, 2], start[:, 2])
        np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, atol=1e-5)
    assert (made.scores(start, seen)[:, :2].argmax(axis=1) == numbers).mean() > 0.95


@settings(deadline=None, max_examples=10)
@given(st.data())
def test_scores_are_log_probabilities_whatever_is_known(data: st.DataObject) -> None:
    row = st.sampled_from([[1, 0, 0], [0, 1, 1], [1, 1, 1], [1, 0, -1], [-1, 0, 1], [-1, 1, -1]])
    known = np.array(data.draw(st.lists(row, min_size=4, max_size=12)), dtype=np.int8)
    seed = data.draw(st.integers(0, 1_000))
    start = said(kinds(len(known), seed), data.draw(st.floats(-8, 8)), seed)
    made, held, choice = bend(sight(kinds(len(known), seed), seed), known, start, SKEWED)
    for found in (held, made.scores(start[:4], sight(kinds(4, seed), seed + 1))):
        assert np.isfinite(found).all()
        np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, atol=1e-4)
    assert choice.loss >= 0
    assert made.fits(4, 4, WORDS, KINDS)


def test_coarse_labels_do_not_push_between_theirs() -> None:
    numbers = kinds(60, 1)
    known = np.where((numbers == 0)[:, None], [1, 0, 0], [0, 1, 1]).astype(np.int8)
    start = np.tile(np.log(np.array([0.4, 0.3, 0.3], np.float32)), (60, 1))
    made, held, _ = bend(sight(numbers, 1), known, start, EVEN)
    found = made.scores(start, sight(numbers, 1))
    for one in (held, found):
        np.testing.assert_allclose(one[:, 1], one[:, 2], atol=1e-4)
    assert ((found[:, 0] > np.log(0.5)) == (numbers == 0)).mean() > 0.95


def test_texts_that_leave_all_labels_open_add_nothing() -> None:
    known = np.tile(np.array([UNASKED, 1, 1], np.int8), (30, 1))
    made, held, choice = bend(sight(kinds(30, 1), 1), known, _useless(30), EVEN)
    np.testing.assert_array_equal(made.pull, np.zeros((30, 2), np.float32))
    assert choice.loss == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(held[:, 0], _useless(30)[:, 0])


def test_equal_lessons_bend_equally() -> None:
    one, other = (_bent(_useless(50)) for _ in range(2))
    assert one[2] == other[2]
    assert one[1].tobytes() == other[1].tobytes()
    saved, again = tables(one[0]), tables(other[0])
    assert list(saved) == list(again)
    for name, table in saved.items():
        assert table.tobytes() == again[name].tobytes(), name


@pytest.mark.parametrize("told", [True, False])
def test_a_text_unlike_all_gets_about_what_is_said_at_first(told: bool) -> None:
    made, _, _ = _bent(said(kinds(60, 1), 1.5), told=told)
    means = made.scale.means
    nothing = csr_array((1, WORDS), dtype=np.float32)
    dense = [means[name][None] for name in ("read", "opening", "stored", "stored_opening")]
    odd = Sight(dense[0], dense[1], dense[2], dense[3], means["cues"][None], nothing, nothing)
    known = logged(np.array([[1.0, 0.0, -1.0]]))
    start = made.trust * known + (1 - made.trust) * np.log(EVEN)
    np.testing.assert_allclose(made.scores(known, odd), logged(start), atol=0.1)
    seen, _ = _fresh(count=30)
    others = made.scores(np.repeat(known, 30, axis=0), seen)
    assert (np.abs(others - logged(start)).max(axis=1).min() > 0.5) == told


@pytest.mark.parametrize("known", [_useless(60), said(kinds(60, 1), 1.5)])
def test_a_bend_is_kept_in_half_precision(known: Floats) -> None:
    made, _, _ = _bent(known, prior=SKEWED)
    saved = tables(made)
    again = restored(saved)
    seen, numbers = _fresh()
    told = said(numbers, 1.0, 6)
    np.testing.assert_allclose(again.scores(told, seen), made.scores(told, seen), atol=0.02)
    assert (again.view, again.trust) == (made.view, made.trust)
    assert again.fits(4, 4, WORDS, KINDS)
    for name, table in tables(again).items():
        assert table.dtype == saved[name].dtype, name
        assert table.tobytes() == saved[name].tobytes(), name


def test_large_tables_are_small() -> None:
    saved = tables(_bent(_useless(30))[0])
    for name in ("topics", "rows_read", "rows_stored", "rarity_pieces", "rows_pieces_data"):
        assert saved[name].dtype == np.float16, name
    assert saved["rows_pieces_indices"].dtype == saved["rows_pieces_indptr"].dtype == np.int32
    assert saved["pull"].dtype == np.float32


def _set(name: str, value: Any) -> Callable[[Bend], Bend]:
    return lambda made: replace(made, **{name: value(getattr(made, name))})


def _scale(name: str, value: Any) -> Callable[[Bend], Bend]:
    def changed(made: Bend) -> Bend:
        held = getattr(made.scale, name)
        return replace(made, scale=replace(made.scale, **{name: value(held)}))

    return changed


def _topic(name: str, value: Any) -> Callable[[Bend], Bend]:
    def changed(made: Bend) -> Bend:
        held = getattr(made.topics, name)
        return replace(made, topics=replace(made.topics, **{name: value(held)}))

    return changed


def _block(name: str, value: Any) -> Callable[[Any], Any]:
    return lambda blocks: {**blocks, name: value(blocks[name])}


def _short(table: Any) -> Any:
    return table[:-1]


def _slim(table: Any) -> Any:
    return table[:, :-1]


def _odd(table: Any) -> Any:
    return np.where(np.arange(table.size).reshape(table.shape), table, np.nan)


MISFITS: dict[str, Callable[[Bend], Bend]] = {
    "a mean of vectors": _scale("means", _block("read", _short)),
    "a mean of openings": _scale("means", _block("opening", _short)),
    "a mean of what is stored": _scale("means", _block("stored", _short)),
    "a mean of cues": _scale("means", _block("cues", _short)),
    "the spread": _scale("spread", _short),
    "a rarity": _scale("rarity", _block("pieces", _short)),
    "a dense text less": _set("rows", _block("stored", _short)),
    "a dense block": _set("rows", _block("opening", _slim)),
    "openings of another encoder": lambda made: _set("rows", _block("stored_opening", _slim))(
        _scale("means", _block("stored_opening", _short))(made)
    ),
    "a sparse text less": _set("rows", _block("pieces", _short)),
    "a sparse block": _set("rows", _block("opening_pieces", _slim)),
    "the topics' texts": _topic("rows", _short),
    "the topics' axes": _topic("axes", _slim),
    "both topics' texts": lambda made: _topic("rows", _short)(_topic("axes", _short)(made)),
    "the centre": _topic("centre", _short),
    "the pull of texts": _set("pull", _short),
    "the pull of labels": _set("pull", _slim),
    "how common": _set("usual", _short),
    "a label too many": _set("asked", lambda _: np.array([0, 1, 3])),
    "a label below none": _set("asked", lambda _: np.array([-1, 0, 1])),
    "no label": lambda made: replace(
        made, asked=made.asked[:0], usual=made.usual[:0], pull=made.pull[:, :0]
    ),
    "a label twice": _set("asked", lambda _: np.array([0, 1, 1])),
    "an infinite pull": _set("pull", _odd),
    "an unknown trust": _set("trust", lambda _: float("nan")),
    "an unknown share": _set("usual", _odd),
    "an unknown topic": _topic("rows", _odd),
    "an unknown row": _set("rows", _block("cues", _odd)),
    "an unknown mean": _scale("means", _block("stored", _odd)),
    "an unknown rarity": _scale("rarity", _block("pieces", _odd)),
}


@pytest.fixture(scope="module")
def made() -> Bend:
    return _bent(_useless(12))[0]


@pytest.mark.parametrize("kind", MISFITS)
def test_what_does_not_fit_is_refused(made: Bend, kind: str) -> None:
    assert made.fits(4, 4, WORDS, KINDS)
    assert not MISFITS[kind](made).fits(4, 4, WORDS, KINDS)


@pytest.mark.parametrize("widths", [(5, 4, 24, 3), (4, 3, 24, 3), (4, 4, 25, 3), (4, 4, 24, 2)])
def test_other_widths_are_refused(made: Bend, widths: tuple[int, int, int, int]) -> None:
    assert not made.fits(*widths)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("view", lambda view: np.stack([view, view])),
        ("trust", lambda trust: np.stack([trust, trust])),
        ("pull", lambda pull: pull[0, 0]),
        ("axes", lambda axes: axes[0]),
        ("mean_cues", lambda mean: np.stack([mean, mean], axis=1)),
        ("mean_read", lambda mean: mean[0]),
        ("spread", lambda spread: np.stack([spread, spread], axis=1)),
        ("rarity_pieces", lambda rarity: rarity[0]),
        ("asked", lambda asked: asked[0]),
        ("rows_pieces_data", lambda data: data[None]),
        ("rows_pieces_indices", lambda found: np.where(np.arange(len(found)), found, WORDS)),
        ("rows_pieces_indices", lambda found: -found - 1),
        ("rows_pieces_indptr", _short),
        ("rows_pieces_indptr", lambda starts: starts[::-1]),
        ("rows_pieces_indptr", lambda starts: starts[[0, *range(len(starts) - 2, 0, -1), -1]]),
        ("rows_opening_pieces_data", _short),
    ],
)
def test_tables_that_are_no_bend_are_refused(made: Bend, name: str, value: Any) -> None:
    saved = tables(made)
    with pytest.raises(ValueError, match=r"axes and not|ind(ex|ices|ptr)|size 1"):
        restored({**saved, name: value(saved[name])})


@pytest.mark.parametrize("view", [-1, len(VIEWS)])
def test_an_unknown_view_is_refused(made: Bend, view: int) -> None:
    with pytest.raises(KeyError, match=str(view)):
        restored({**tables(made), "view": np.array(view)})


@pytest.mark.parametrize("name", ["view", "asked", "mean_read", "rarity_pieces", "rows_cues"])
def test_a_missing_table_is_named(made: Bend, name: str) -> None:
    saved = tables(made)
    del saved[name]
    with pytest.raises(KeyError, match=name):
        restored(saved)
