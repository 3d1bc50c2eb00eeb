"""The set of keys knows what it was given, whether it holds it or has set it down."""

import random

import pytest

from service.ingest.keys import Keys


@pytest.mark.parametrize("held", [1, 7, 1_000])
def test_a_key_is_new_once(held):
    keys = Keys(held)
    assert not keys
    names = [("source", str(number % 60)) for number in range(300)]
    random.Random(3).shuffle(names)
    met: set[tuple[str, str]] = set()
    for name in names:
        assert (name in keys) == (name in met)
        assert keys.add(*name) == (name not in met)
        met.add(name)
    assert keys
    assert ("source", "60") not in keys


def test_parts_of_a_key_are_told_apart():
    keys = Keys()
    keys.add("a", "bc")
    assert keys.add("ab", "c")
    assert not keys.add("a", "bc")


def test_arrays_are_merged_to_few():
    keys = Keys(10)
    for number in range(1_000):
        keys.add(str(number))
    assert len(keys._sorted) < 8
    assert sum(map(len, keys._sorted)) == 1_000
    assert not keys.add("5")
