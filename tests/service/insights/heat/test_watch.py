"""A thread is flagged by a post, and its flag is taken back when it calms down."""

from __future__ import annotations

from service.insights.heat.watch import Beat, Change, Kind, Standing, watch


def beats(thread: int, *heats: float) -> list[Beat]:
    return [Beat(thread, 100 * thread + place, heat) for place, heat in enumerate(heats)]


def told(changes: list[Change]) -> list[tuple[str, int]]:
    return [(change.kind, change.beat.post) for change in changes]


def test_a_thread_is_flagged_once_by_the_post_that_heats_it() -> None:
    changes, after = watch(beats(1, 0.1, 0.5, 0.8, 0.9), {}, 0.7)
    assert told(changes) == [("raised", 102)]
    assert after == {1: Standing(flagged=True, threshold=0.7, calm=0)}


def test_a_flag_is_taken_back_after_three_calm_posts() -> None:
    changes, after = watch(beats(1, 0.8, 0.3, 0.3, 0.3, 0.2), {}, 0.7)
    assert told(changes) == [("raised", 100), ("withdrawn", 103)]
    assert changes[1].threshold == 0.7
    assert after[1] == Standing()


def test_heat_between_starts_the_count_of_calm_posts_anew() -> None:
    changes, after = watch(beats(1, 0.8, 0.3, 0.3, 0.6, 0.3, 0.3), {}, 0.7)
    assert told(changes) == [("raised", 100)]
    assert after[1].calm == 2


def test_a_night_goes_on_where_the_last_one_stopped() -> None:
    whole = beats(1, 0.8, 0.3, 0.3, 0.3)
    first, standing = watch(whole[:2], {}, 0.7)
    second, _ = watch(whole[2:], standing, 0.7)
    assert told(first + second) == told(watch(whole, {}, 0.7)[0])


def test_a_flag_keeps_the_threshold_that_raised_it() -> None:
    standing = {1: Standing(flagged=True, threshold=0.9)}
    changes, _ = watch(beats(1, 0.5, 0.5, 0.5), standing, 0.6)
    assert changes == [Change(Kind.WITHDRAWN, Beat(1, 102, 0.5), 0.9)]


def test_threads_do_not_disturb_each_other() -> None:
    mixed = [*beats(1, 0.8), *beats(2, 0.1), *beats(3, 0.9)]
    assert told(watch(mixed, {}, 0.7)[0]) == [("raised", 100), ("raised", 300)]
