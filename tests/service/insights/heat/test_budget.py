"""How hot a thread must be for a moderator who can read so many a day."""

from __future__ import annotations

import numpy as np

from service.insights.heat.budget import LEAST_HEAT, LEAST_LEARNED, threshold


def test_as_many_reach_the_threshold_as_there_is_room_for() -> None:
    hot = np.linspace(0.88, 0.99, 51)
    for a_day, room in ((0.5, 5), (1.0, 10), (2.0, 20)):
        assert (hot >= threshold(hot, days=10, a_day=a_day)).sum() == room


def test_a_calm_community_has_the_least_heat_as_its_threshold() -> None:
    assert threshold(np.array([0.1, 0.2, 0.9]), days=28, a_day=1) == LEAST_HEAT
    assert threshold(np.empty(0), days=28, a_day=1) == LEAST_HEAT


def test_ties_at_the_edge_are_left_out_together() -> None:
    hot = np.array([0.99, 0.9, 0.9, 0.9])
    assert (hot >= threshold(hot, days=7, a_day=2 / 7)).sum() == 1


def test_a_young_archive_counts_as_a_week() -> None:
    hot = np.full(8, 0.9) + np.arange(8) / 100
    assert (hot >= threshold(hot, days=1, a_day=1)).sum() == 7


def test_what_learned_from_verdicts_has_a_bound_of_its_own() -> None:
    hot = np.array([0.1, 0.2, 0.3])
    assert threshold(hot, days=28, a_day=1) == LEAST_HEAT
    assert threshold(hot, days=28, a_day=1, least=LEAST_LEARNED) == LEAST_LEARNED
    assert (round(LEAST_HEAT, 3), round(LEAST_LEARNED, 3)) == (0.866, 0.167)
