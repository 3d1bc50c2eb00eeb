"""Areas: few, deterministic, and kept."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.topics.areas import areas, label
from nlp.topics.clusters import Rows
from nlp.vectors import unit


def community(groups: int = 4, each: int = 4) -> Rows:
    """Return centroids of topics in groups, beside what all topics share."""
    chance = np.random.default_rng(5)
    axes = np.eye(24, dtype=np.float32)
    rows = [
        2 * axes[0] + axes[1 + group] + 0.2 * chance.normal(size=24)
        for group in range(groups)
        for _ in range(each)
    ]
    return unit(np.array(rows, dtype=np.float32))


def test_areas_are_what_topics_have_in_common() -> None:
    rows = community()
    found = areas(rows, np.arange(16.0))
    groups = [set(found[4 * group : 4 * group + 4].tolist()) for group in range(4)]
    assert all(len(group) == 1 for group in groups)
    assert set(found.tolist()) == {0, 1, 2, 3}


def test_the_largest_area_comes_first() -> None:
    found = areas(community(), np.repeat([1.0, 9.0, 5.0, 2.0], 4))
    assert found[4] == 0
    assert found[8] == 1


def test_few_topics_have_no_areas() -> None:
    assert areas(community(1, 5), np.ones(5)).tolist() == [-1] * 5
    assert areas(np.zeros((0, 3), dtype=np.float32), np.ones(0)).tolist() == []


def test_topics_keep_their_area_and_new_ones_join_the_nearest() -> None:
    rows = community()
    before = np.repeat([7, 3, 5, 1], 4)
    before[[0, 4, 15]] = -1
    found = areas(rows, np.ones(16), before=before)
    assert found.tolist() == np.repeat([7, 3, 5, 1], 4).tolist()
    moved = before.copy()
    moved[1] = 3
    assert areas(rows, np.ones(16), before=moved)[1] == 3


def test_what_was_given_is_left_as_it_was() -> None:
    before = np.array([0] * 15 + [-1])
    areas(community(), np.ones(16), before=before)
    assert before[15] == -1


def test_a_topic_that_lies_nowhere_has_no_area() -> None:
    rows = community()
    rows[3] = 0
    assert areas(rows, np.ones(16))[3] == -1
    assert areas(rows, np.ones(16), before=np.array([-1] * 4 + [2] * 12))[3] == -1


def test_where_no_topic_has_an_area_they_are_found_anew() -> None:
    rows = community()
    np.testing.assert_array_equal(
        areas(rows, np.ones(16), before=np.full(16, -1)), areas(rows, np.ones(16))
    )


@pytest.mark.parametrize("groups", [6, 9])
def test_there_are_about_as_many_as_the_root_of_the_topics(groups: int) -> None:
    found = areas(community(groups, groups), np.ones(groups**2))
    assert len(set(found.tolist())) == groups


def test_an_area_is_called_by_words_that_its_topics_share() -> None:
    topics = [["rings", "ideals"], ["fields", "rings"], ["groups", "cosets"]]
    assert label(topics, [10, 10, 10]) == "Rings, fields and groups"
    assert label([["sync", "syncing"]], [5]) == "Sync"
    assert label([[]], [5]) == "Unnamed"


def test_words_of_other_areas_say_less() -> None:
    topics = [["issues", "sync"], ["issues", "phones"]]
    assert label(topics, [9, 9], (), [["issues"]] * 9).split(" and ")[-1] == "issues"


def test_areas_are_told_apart() -> None:
    assert label([["sync"]], [5], {"Sync"}) == "Sync (2)"
