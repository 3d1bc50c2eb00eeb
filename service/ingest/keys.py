"""A set of keys that takes little memory, however many posts an archive has."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from hashlib import blake2b
from heapq import merge

HELD = 100_000


class Keys:
    """Keys by 64 bits of their digests: the newest in a set, the others in sorted arrays.

    A set takes a hundred bytes a key, an array eight. Two keys of a hundred million that share
    their 64 bits are less likely than one in three thousand.
    """

    def __init__(self, held: int = HELD) -> None:
        self._limit = held
        self._held: set[int] = set()
        self._sorted: list[array[int]] = []

    def add(self, *key: str) -> bool:
        """Add a key; return whether it is new."""
        number = _number(key)
        if self._has(number):
            return False
        self._held.add(number)
        if len(self._held) >= self._limit:
            self._set_down()
        return True

    def __contains__(self, key: tuple[str, ...]) -> bool:
        return self._has(_number(key))

    def __bool__(self) -> bool:
        return bool(self._held or self._sorted)

    def _has(self, number: int) -> bool:
        if number in self._held:
            return True
        for numbers in self._sorted:
            place = bisect_left(numbers, number)
            if place < len(numbers) and numbers[place] == number:
                return True
        return False

    def _set_down(self) -> None:
        """Move the held keys to an array, which is merged with those that are no larger."""
        numbers = array("Q", sorted(self._held))
        self._held = set()
        while self._sorted and len(self._sorted[-1]) <= len(numbers):
            numbers = array("Q", merge(self._sorted.pop(), numbers))
        self._sorted.append(numbers)


def _number(key: tuple[str, ...]) -> int:
    return int.from_bytes(blake2b("\0".join(key).encode(), digest_size=8).digest(), "big")
