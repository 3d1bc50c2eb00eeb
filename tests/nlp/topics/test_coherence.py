"""Coherence and diversity by hand, and windows one by one."""

from __future__ import annotations

import random
from math import log

import numpy as np
import pytest

from nlp.topics.coherence import EPSILON, diversity, npmi, together


def slowly(documents: list[list[str]], words: list[str], window: int) -> tuple[np.ndarray, int]:
    """Count pairs window by window, as gensim does: what leaves is forgotten, copies or not."""
    counts, total = np.zeros((len(words), len(words)), dtype=np.int64), 0
    for document in documents:
        inside = {*document[:window]}
        for start in range(max(1, len(document) - window + 1)):
            if start:
                inside.discard(document[start - 1])
                inside.add(document[start + window - 1])
            places = [words.index(word) for word in inside & {*words}]
            counts[np.ix_(places, places)] += 1
            total += 1
    return counts, total


def test_windows_slide_over_each_document() -> None:
    seen = together([["a", "b", "c", "a"], ["b"], []], ["a", "b"], window=2)
    # Windows: a b, b c, c a; b; and an empty one.
    assert seen.total == 5
    assert seen.counts.tolist() == [[2, 1], [1, 3]]


def test_a_window_of_none_is_the_whole_document() -> None:
    seen = together([["a", "x", "x", "b"], ["a", "a"], ["b"]], ["a", "b", "c"], window=None)
    assert seen.total == 3
    assert seen.counts.tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 0]]


@pytest.mark.parametrize("window", [1, 3, 10])
def test_counts_are_those_of_the_definition(window: int) -> None:
    chance = random.Random(7)
    documents = [
        [f"w{chance.randrange(12)}" for _ in range(chance.choice([0, 1, 9, 10, 11, 30]))]
        for _ in range(40)
    ]
    words = [f"w{n}" for n in range(8)]
    counts, total = slowly(documents, words, window)
    seen = together(documents, words, window)
    assert seen.total == total
    np.testing.assert_array_equal(seen.counts, counts)


def test_npmi_by_hand() -> None:
    documents = [["a", "b"], ["a", "b"], ["a"], ["c"]]
    seen = together(documents, ["a", "b", "c"])
    together_half = log(0.5 / (0.75 * 0.5)) / -log(0.5)
    assert npmi([["a", "b"]], seen) == pytest.approx(together_half)
    # Words that never meet: as gensim has it, the logarithm of a trillionth, not -1.
    never = log(EPSILON / (0.75 * 0.25)) / -log(EPSILON)
    assert npmi([["a", "c"]], seen) == pytest.approx(never)
    pairs = [together_half, never, log(EPSILON / (0.5 * 0.25)) / -log(EPSILON)]
    assert npmi([["a", "b", "c"]], seen) == pytest.approx(sum(pairs) / 3)
    assert npmi([["a", "b"], ["a", "c"]], seen) == pytest.approx((together_half + never) / 2)


def test_npmi_agrees_with_gensim() -> None:
    """Figures of gensim 4.4.0's CoherenceModel(coherence="c_npmi", topn=10) on these documents."""
    chance = random.Random(1)
    vocabulary = [f"w{n}" for n in range(40)]
    documents = [
        [
            f"w{int(chance.paretovariate(0.6)) % 40}"
            for _ in range(chance.choice([3, 8, 10, 11, 40]))
        ]
        for _ in range(120)
    ]
    topics = [[f"w{n}" for n in chance.sample(range(40), 10)] for _ in range(6)]
    seen = together(documents, vocabulary)
    assert npmi(topics, seen) == pytest.approx(-0.1785775953998534, abs=1e-12)
    assert npmi(topics[:1], seen) == pytest.approx(-0.11382903653367009, abs=1e-12)


def test_words_that_always_or_never_occur() -> None:
    seen = together([["a", "b"], ["a", "b"]], ["a", "b", "gone"])
    assert npmi([["a", "b"]], seen) == pytest.approx(0, abs=1e-6)
    assert npmi([["a", "gone"], ["a", "unknown"]], seen) == 0
    assert npmi([["a"], []], seen) == 0
    assert npmi([], seen) == 0


def test_diversity_is_the_share_of_distinct_words() -> None:
    assert diversity([["a", "b"], ["a", "c"]]) == 0.75
    assert diversity([]) == 0
