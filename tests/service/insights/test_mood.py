"""Mood on mixtures that were planted: shares are found, intervals hold, arrows are earned."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from service.insights.mood import Prevalence, Quantifier, change, prevalence, prevalences, series
from service.insights.quantify import adjusted_count, cells, emq, plainer

PRIOR = np.array([0.16, 0.46, 0.38])
SHIFTED = np.array([0.36, 0.36, 0.28])
CENTRES = 1.2 * np.array([[-1.0, 0.0], [0.0, 0.6], [1.0, 0.0]])

Posts = tuple[NDArray[np.int64], NDArray[np.float32]]


def said(shares: NDArray[np.float64], n: int, seed: int) -> Posts:
    """True labels of n posts, and probabilities that are calibrated under PRIOR (68 % right)."""
    chance = np.random.default_rng(seed)
    labels = chance.choice(3, size=n, p=shares)
    points = CENTRES[labels] + chance.normal(size=(n, 2))
    scores = np.log(PRIOR) - 0.5 * ((points[:, None] - CENTRES) ** 2).sum(axis=2)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return labels, (odds / odds.sum(axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def mood(shares: NDArray[np.float64], n: int, seed: int, **more: object) -> Prevalence:
    return prevalence(said(shares, n, seed)[1], PRIOR, seed=seed, **more)  # type: ignore[arg-type]


def off(shares: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    return float(np.abs(shares - truth).mean())


def test_a_shift_of_twenty_points_is_found_where_counting_is_far_off() -> None:
    counted, found = [], []
    for seed in range(30):
        probabilities = said(SHIFTED, 1000, seed)[1]
        counts = np.bincount(probabilities.argmax(axis=1), minlength=3)
        counted.append(off(counts / 1000, SHIFTED))
        found.append(off(prevalence(probabilities, PRIOR, draws=2).shares, SHIFTED))
    assert np.mean(found) <= 0.03
    assert np.mean(counted) >= 0.08


@pytest.mark.parametrize(("n", "truth"), [(30, PRIOR), (100, SHIFTED), (1000, SHIFTED)])
def test_intervals_hold_the_truth_about_as_often_as_they_say(
    n: int, truth: NDArray[np.float64]
) -> None:
    found = [mood(truth, n, seed) for seed in range(200)]
    held = np.mean([(row.low <= truth) & (truth <= row.high) for row in found], axis=0)
    assert ((held >= 0.8) & (held <= 0.99)).all(), held
    assert 0.85 <= held.mean() <= 0.96


def test_few_posts_are_drawn_to_what_is_usual() -> None:
    usual = np.array([0.1, 0.8, 0.1])
    sure = np.tile(np.float32([0.9, 0.05, 0.05]), (3, 1))
    few = prevalence(sure, PRIOR, habit=usual)
    many = prevalence(np.repeat(sure, 100, axis=0), PRIOR, habit=usual)
    assert 0.1 < few.shares[0] < 0.6 < 0.97 < many.shares[0] < 1.0
    assert few.high[0] - few.low[0] > 0.3


def test_one_post_says_little() -> None:
    one = prevalence(np.float32([[0.0, 0.0, 1.0]]), PRIOR)
    assert one.n == 1
    assert one.shares[2] == pytest.approx((1 + 4 * 0.38) / 5, abs=1e-3)
    assert one.low[2] < 0.3
    assert one.high[2] > 0.7


def test_no_post_says_nothing() -> None:
    none = prevalence(np.empty((0, 3), dtype=np.float32), PRIOR)
    assert none.n == 0
    assert none.shares == pytest.approx(PRIOR, abs=1e-3)
    assert (none.low.tolist(), none.high.tolist()) == ([0.0] * 3, [1.0] * 3)
    assert prevalences(np.empty(0, dtype=np.int64), 0, np.empty((0, 3)), Quantifier(PRIOR)) == []


def test_a_label_that_nobody_uses_has_almost_no_share() -> None:
    found = mood(np.array([0.0, 0.6, 0.4]), 2000, seed=1)
    assert found.shares[0] < 0.03
    assert found.low[0] < 0.01
    assert found.shares.sum() == pytest.approx(1)


def test_what_people_said_is_certain() -> None:
    labels, probabilities = said(SHIFTED, 300, seed=2)
    told = prevalence(probabilities, PRIOR, fixed=labels)
    true = (np.bincount(labels, minlength=3) + 4 * PRIOR) / 304
    assert told.shares == pytest.approx(true, abs=1e-3)
    guessed = prevalence(probabilities, PRIOR)
    assert (told.high - told.low < guessed.high - guessed.low).all()
    some = np.where(np.arange(300) < 150, 0, -1)
    assert prevalence(probabilities, PRIOR, fixed=some).shares[0] >= 0.5


def test_the_order_of_posts_changes_nothing_and_a_seed_repeats() -> None:
    probabilities = said(SHIFTED, 500, seed=3)[1]
    turned = np.random.default_rng(4).permutation(500)
    one, other = prevalence(probabilities, PRIOR), prevalence(probabilities[turned], PRIOR)
    assert one.draws.tobytes() == other.draws.tobytes()
    assert one.low.tobytes() == other.low.tobytes()
    again = prevalence(probabilities, PRIOR, seed=1)
    assert again.shares.tobytes() == one.shares.tobytes()
    assert again.draws.tobytes() != one.draws.tobytes()


def test_doubt_about_the_classifier_widens_the_interval() -> None:
    known = mood(SHIFTED, 2000, seed=5)
    tested = mood(SHIFTED, 2000, seed=5, confusion=np.array([[12, 7, 6], [5, 30, 8], [4, 6, 22]]))
    well = mood(SHIFTED, 2000, seed=5, confusion=1000 * np.array([[5, 3, 2], [1, 7, 2], [1, 2, 7]]))
    assert tested.shares == pytest.approx(known.shares, abs=1e-3)
    width = known.high - known.low
    assert (tested.high - tested.low > 1.5 * width).all()
    assert well.high - well.low == pytest.approx(width, rel=0.25)


def test_errors_that_both_sides_share_do_not_hide_a_change() -> None:
    confusion = np.array([[12, 7, 6], [5, 30, 8], [4, 6, 22]])
    before, after = (mood(SHIFTED, 8000, seed, confusion=confusion) for seed in (6, 6))
    found = change(before, after)
    assert (found.high - found.low < 0.6 * (before.high - before.low)).all()


def test_nothing_changed_and_no_arrow_is_drawn() -> None:
    arrows = 0
    for seed in range(200):
        before, after = mood(SHIFTED, 200, seed), mood(SHIFTED, 200, 1000 + seed)
        arrows += any(change(before, after).direction)
    assert arrows <= 20


def test_a_change_gets_its_arrow() -> None:
    found = [change(mood(PRIOR, 800, seed), mood(SHIFTED, 800, 1000 + seed)) for seed in range(40)]
    assert sum(row.direction[0] == "up" for row in found) >= 38
    assert not any(row.direction[0] == "down" or row.direction[1] == "up" for row in found)
    truth = SHIFTED - PRIOR
    held = [(row.low <= truth) & (truth <= row.high) for row in found]
    assert np.mean(held) >= 0.85


def test_fewer_than_twenty_posts_get_no_arrow() -> None:
    sad, glad = np.float32([[1.0, 0.0, 0.0]]), np.float32([[0.0, 0.0, 1.0]])
    before = prevalence(np.repeat(sad, 100, axis=0), PRIOR)
    few, enough = (prevalence(np.repeat(glad, n, axis=0), PRIOR) for n in (19, 20))
    assert change(before, few).direction == (None, None, None)
    assert change(before, enough).direction == ("down", None, "up")
    assert change(few, before).direction == (None, None, None)


def test_the_same_posts_twice_are_still_not_sure_to_be_the_same_mood() -> None:
    one = mood(SHIFTED, 100, seed=8)
    found = change(one, one)
    assert found.difference.tolist() == [0, 0, 0]
    assert found.high[0] > 0.1
    assert found.direction == (None, None, None)


def test_a_series_knows_in_which_week_it_changed() -> None:
    parts = [said(PRIOR if week < 3 else SHIFTED, 600, seed=20 + week)[1] for week in range(6)]
    weeks = np.repeat(np.arange(6), 600)
    found = series(weeks, 6, np.concatenate(parts), Quantifier(PRIOR))
    assert found[0][1] is None
    arrows = [row.direction[0] if row else None for _, row in found]
    assert arrows == [None, None, None, "up", None, None]
    assert [row.n for row, _ in found] == [600] * 6
    assert off(found[5][0].shares, SHIFTED) < 0.05
    assert series(weeks[:0], 0, parts[0][:0], Quantifier(PRIOR)) == []


def test_segments_are_those_of_their_posts() -> None:
    labels, probabilities = said(SHIFTED, 90, seed=9)
    segments = np.repeat([0, 2, -1], 30)
    fixed = np.where(np.arange(90) % 10 == 0, labels, -1)
    quantifier = Quantifier(PRIOR, habit=PRIOR)
    found = prevalences(segments, 3, probabilities, quantifier, fixed)
    assert [row.n for row in found] == [30, 0, 30]
    alone = prevalence(probabilities[:30], PRIOR, fixed=fixed[:30])
    assert found[0].shares == pytest.approx(alone.shares, abs=0.01)


def test_a_year_of_twenty_topics_takes_seconds() -> None:
    probabilities = said(SHIFTED, 40_000, seed=10)[1]
    segments = np.random.default_rng(11).integers(0, 260, size=40_000)
    start = time.process_time()
    prevalences(segments, 260, probabilities, Quantifier(PRIOR))
    assert time.process_time() - start < 5


def test_the_leaps_end_where_patience_does() -> None:
    seen = cells(said(SHIFTED, 80, seed=12)[1])
    counts = np.bincount(seen.places).astype(float)[None]
    sure, shares = 0.01 * PRIOR[None], PRIOR[None]
    for _ in range(20_000):
        density = shares @ (seen.means / PRIOR).T
        shares = (shares * ((counts / density) @ (seen.means / PRIOR)) + sure) / 80.01
    assert emq(counts, seen.means / PRIOR, sure, PRIOR) == pytest.approx(shares, abs=1e-3)


def test_many_labels_are_taken_together_coarsely() -> None:
    probabilities = np.random.default_rng(13).dirichlet(np.full(9, 0.5), 6000).astype(np.float32)
    seen = cells(probabilities)
    assert len(seen.means) <= 4096
    assert seen.means[seen.places].mean(axis=0) == pytest.approx(
        probabilities.mean(axis=0), abs=1e-3
    )


def test_adjusted_count_undoes_what_the_classifier_does() -> None:
    confusion = 10_000 * np.array([[5, 3, 2], [1, 7, 2], [1, 2, 7]])
    counts = 1000 * (confusion / 100_000).T @ SHIFTED
    assert adjusted_count(counts, confusion) == pytest.approx(SHIFTED, abs=1e-3)
    corner = adjusted_count(np.array([1000, 0, 0]), confusion)
    assert corner == pytest.approx([1, 0, 0], abs=1e-6)
    assert adjusted_count(np.zeros(3), confusion).tolist() == [1 / 3] * 3
    untested = adjusted_count(np.array([10, 20, 30]), np.zeros((3, 3)))
    assert untested.sum() == pytest.approx(1)


def test_both_estimators_agree() -> None:
    labels, tested = said(PRIOR, 20_000, seed=14)
    confusion = np.zeros((3, 3))
    np.add.at(confusion, (labels, tested.argmax(axis=1)), 1)
    probabilities = said(SHIFTED, 4000, seed=15)[1]
    counts = np.bincount(probabilities.argmax(axis=1), minlength=3)
    assert off(adjusted_count(counts, confusion), SHIFTED) < 0.03
    assert off(prevalence(probabilities, PRIOR, draws=2).shares, SHIFTED) < 0.03


# Of posts judged by hand, by true (row) and given label: most are neutral.
JUDGED = np.array([[5.0, 8, 0], [13, 252, 15], [1, 10, 21]])
QUIET = np.array([0.04, 0.86, 0.10])


def plain_talk(shares: NDArray[np.float64], n: int, seed: int) -> Posts:
    """Posts of a place where the judge was not trained: nine in ten neutral ones are plainer.

    Where it was, probabilities are spread as Beta and so calibrated; here a plain post is drawn
    as often as the eighth power of its neutral probability says.
    """
    chance = np.random.default_rng(seed)
    labels = chance.choice(3, size=n, p=shares)
    pool = chance.dirichlet(2 * PRIOR, size=60 * n)
    likely = pool / pool.sum(axis=0)
    plain = pool[:, 1] ** 8 / (pool[:, 1] ** 8).sum()
    drawn = np.where(
        (labels == 1) & (chance.random(n) < 0.9),
        chance.choice(len(pool), size=n, p=plain),
        np.select(
            [labels == place for place in range(3)],
            [chance.choice(len(pool), size=n, p=likely[:, place]) for place in range(3)],
        ),
    )
    return labels, pool[drawn].astype(np.float32)


def test_moods_are_found_among_talk_that_is_plainer_than_the_training() -> None:
    posts = [plain_talk(QUIET, 1000, seed)[1] for seed in range(20)]
    blind = [prevalence(some, PRIOR, draws=2) for some in posts]
    found = [prevalence(some, PRIOR, confusion=JUDGED) for some in posts]
    assert np.mean([row.shares[0] for row in blind]) < 0.01
    assert np.mean([off(row.shares, QUIET) for row in blind]) > 0.05
    assert np.mean([off(row.shares, QUIET) for row in found]) < 0.025
    assert 0.02 < np.mean([row.shares[0] for row in found]) < 0.06
    held = np.mean([(row.low <= QUIET) & (row.high >= QUIET) for row in found], axis=0)
    assert (held >= 0.8).all(), held


def test_talk_as_in_the_training_is_told_as_before() -> None:
    for truth in (PRIOR, SHIFTED, QUIET):
        posts = [said(truth, 1000, seed)[1] for seed in range(10)]
        plain = [prevalence(some, PRIOR, confusion=JUDGED, draws=2).shares for some in posts]
        known = [prevalence(some, PRIOR, draws=2).shares for some in posts]
        assert np.stack(plain) == pytest.approx(np.stack(known), abs=0.01)


def test_without_posts_judged_by_hand_nothing_is_plainer() -> None:
    probabilities = plain_talk(QUIET, 500, seed=1)[1]
    known = prevalence(probabilities, PRIOR)
    assert prevalence(probabilities, PRIOR, confusion=np.zeros((3, 3))).shares.tolist() == (
        known.shares.tolist()
    )


def test_few_plain_posts_in_a_segment_are_read_as_all_posts_are() -> None:
    probabilities = plain_talk(QUIET, 2000, seed=2)[1]
    segments = np.where(np.arange(2000) < 100, 0, 1)
    quantifier = Quantifier(PRIOR, habit=PRIOR, confusion=JUDGED)
    few = prevalences(segments, 2, probabilities, quantifier)[0]
    among = prevalences(segments, 2, probabilities, quantifier, wanted=[0])[0]
    assert few.shares.tolist() == among.shares.tolist()
    assert few.low[0] <= few.shares[0] <= few.high[0]
    assert 0.01 < few.shares[0] < 0.09


def test_a_change_among_plain_talk_has_its_arrow_and_noise_has_none() -> None:
    sour = np.array([0.24, 0.66, 0.10])
    segments = np.repeat([0, 1], 800)
    quantifier = Quantifier(PRIOR, confusion=JUDGED)
    arrows = []
    for after in (QUIET, sour):
        for seed in range(20):
            parts = [plain_talk(QUIET, 800, seed)[1], plain_talk(after, 800, 100 + seed)[1]]
            before, then = prevalences(segments, 2, np.concatenate(parts), quantifier)
            arrows.append(change(before, then).direction)
    assert sum(any(row) for row in arrows[:20]) <= 2
    assert sum(row[0] == "up" for row in arrows[20:]) >= 18
    assert not any(row[0] == "down" or row[1] == "up" for row in arrows[20:])


def test_the_usual_label_alone_is_drawn_to_what_is_plainer() -> None:
    sure = np.array([[0.01, 0.98, 0.01], [0.8, 0.1, 0.1]])
    odds = plainer(sure, PRIOR, np.array([90.0, 10.0]), 1)
    assert odds[:, [0, 2]].tolist() == (sure / PRIOR)[:, [0, 2]].tolist()
    assert odds[0, 1] > 1.5 * sure[0, 1] / PRIOR[1]
    assert odds[1, 1] < 0.3 * sure[1, 1] / PRIOR[1]
    assert plainer(sure, PRIOR, np.zeros(2), 1) == pytest.approx(sure / PRIOR, rel=1e-3)
