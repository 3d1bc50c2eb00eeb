"""Coordinates of words: texts that share words lie together, whatever their vectors say."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.topics import clusters, lexical
from nlp.topics.lexical import joined
from nlp.vectors import unit

TEXTS = [
    f"{text} {number % 7}"
    for text in ("how to map a bean in spring", "how to map a table in hibernate")
    for number in range(30)
]


def noise(seed: int = 1) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return unit(chance.standard_normal((len(TEXTS), 16)).astype(np.float32))


def test_texts_of_like_words_lie_together() -> None:
    places = lexical.lexical(TEXTS, 1)
    alike = places @ places.T
    assert places.shape == (60, 3)
    assert alike[:30, :30].mean() > alike[:30, 30:].mean() + 0.3
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1, atol=1e-5)


def test_words_part_what_vectors_do_not() -> None:
    """Vectors that are nearly the same for all: only words tell the two subjects apart."""
    rows = unit(noise() * 0.05 + np.eye(16, dtype=np.float32)[0])
    found = clusters.partition(rows, 2, TEXTS)
    assert len(set(found[:30].tolist())) == len(set(found[30:].tolist())) == 1
    assert found[0] != found[30]
    assert len(set(clusters.partition(rows, 2)[:30].tolist())) == 2


def test_likeness_of_both_is_that_of_their_parts() -> None:
    rows, words = noise(1), unit(noise(2)[:, :5])
    both = joined(rows, words, 0.25)
    likeness = 0.75 * rows @ rows.T + 0.25 * words @ words.T
    np.testing.assert_allclose(both @ both.T, likeness, atol=1e-6)


def test_texts_without_common_words_keep_their_vectors_alone() -> None:
    rows = noise()
    texts = [chr(97 + number) * 5 for number in range(26)]
    assert lexical.lexical(texts, 3).shape == (26, 0)
    np.testing.assert_allclose(joined(rows[:26], lexical.lexical(texts, 3)), rows[:26], atol=1e-6)
    odd = lexical.lexical([*TEXTS, "", "unheard"], 2)
    assert not odd[-2:].any()


@pytest.mark.parametrize("sample", [20, 6_000], ids=["a sample", "all"])
def test_twice_is_the_same_to_the_last_bit(monkeypatch: pytest.MonkeyPatch, sample: int) -> None:
    monkeypatch.setattr(lexical, "SAMPLE", sample)
    once = lexical.lexical(TEXTS, 2)
    np.testing.assert_array_equal(once, lexical.lexical(list(TEXTS), 2))
    assert once.shape[0] == len(TEXTS)
