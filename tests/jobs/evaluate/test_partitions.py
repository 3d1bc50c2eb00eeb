"""Measures of partitions, by values that a person can count."""

from __future__ import annotations

import pytest

from jobs.evaluate.partitions import exact, one_to_one, shared, variation


def test_equal_partitions_are_whole_under_any_names() -> None:
    truth, found = "aabbc", [7, 7, 3, 3, 1]
    assert variation(truth, found) == 100.0
    assert one_to_one(truth, found) == 100.0
    assert exact(truth, found) == (100.0, 100.0, 100.0)


def test_one_heap_against_two_halves() -> None:
    # H(truth | found) is 1 bit, H(found | truth) is 0, and log2 of 4 messages is 2.
    assert variation("aabb", "xxxx") == pytest.approx(50.0)
    assert one_to_one("aabb", "xxxx") == 50.0
    assert exact("aabb", "xxxx") == (0.0, 0.0, 0.0)


def test_crossed_halves_differ_by_two_bits() -> None:
    assert variation("aabb", "xyxy") == pytest.approx(0.0)
    assert one_to_one("aabb", "xyxy") == 50.0


def test_the_best_matching_is_not_the_greedy_one() -> None:
    # Greedily a takes x (3) and leaves b nothing (3 of 8); a to y and b to x keep 2 + 3.
    assert one_to_one("aaaaabbb", "xxxyyxxx") == pytest.approx(100 * 5 / 8)


def test_exact_match_skips_single_messages() -> None:
    # Found aa whole, bb in pieces, and joined c with one b: 1 of 2 found, 1 of 2 true.
    assert exact("aabbc", "xxyzz") == (50.0, 50.0, 50.0)
    assert exact("abc", "xyz") == (0.0, 0.0, 0.0)


def test_shared_members() -> None:
    precision, recall, f1 = shared({1, 2, 3, 4}, {1, 2, 9})
    assert precision == pytest.approx(200 / 3)
    assert recall == 50.0
    assert f1 == pytest.approx(2 * 200 / 3 * 50 / (200 / 3 + 50))
