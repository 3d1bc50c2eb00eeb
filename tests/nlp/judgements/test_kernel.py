"""How alike texts are: scaled blocks, topics, and the kernel of both."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from nlp.judgements.features import Floats
from nlp.judgements.kernel import (
    BY_MATTER,
    BY_WORDS,
    DENSE,
    QUIET,
    SPARSE,
    Rows,
    grams,
    kernel,
    scale,
    topics,
)
from nlp.judgements.sight import Sight
from tests.nlp.judgements.sights import WORDS, Numbers, kinds, sight

seeds = st.integers(0, 10_000)


def _by_hand() -> Sight:
    """Return three texts; the last shows nothing that is not common to all."""
    dense = np.array([[4, 0], [2, 6], [3, 3]], dtype=np.float32)
    bags = np.array([[1, 4, 1, 0], [1, 1, 0, 1], [1, 0, 0, 0]], dtype=np.float32)
    blocks = (dense, dense, dense, dense, dense, csr_array(bags), csr_array(bags))
    return Sight(*blocks)


def _lengths(rows: Rows, name: str) -> Floats:
    block = rows[name].toarray() if name in SPARSE else rows[name]
    return np.asarray(np.linalg.norm(block, axis=1))


def _alike(seen: Sight) -> tuple[dict[str, Floats], Floats]:
    rows = scale(seen).rows(seen)
    products = grams(rows, rows)
    found = topics(products["pieces"])
    return products, found.rows @ found.rows.T


def test_dense_blocks_by_hand() -> None:
    rows = scale(_by_hand()).rows(_by_hand())
    side = np.array([1, -3]) / np.sqrt(10)
    for name in ("read", "opening", "stored", "stored_opening"):
        np.testing.assert_allclose(rows[name], np.stack([side, -side, 0 * side]), atol=1e-6)
        assert rows[name].dtype == np.float32


def test_cues_are_weighed_by_their_spread() -> None:
    measure = scale(_by_hand())
    spread = np.array([np.sqrt(2 / 3), np.sqrt(6)]) + QUIET
    np.testing.assert_allclose(measure.spread, spread, rtol=1e-6)
    side = np.array([1, -3]) / spread
    side /= np.linalg.norm(side)
    np.testing.assert_allclose(
        measure.rows(_by_hand())["cues"], np.stack([side, -side, 0 * side]), atol=1e-6
    )


def test_rare_pieces_count_more_and_those_of_one_text_nothing() -> None:
    measure = scale(_by_hand())
    rare = np.log(4 / 3) + 1
    for name in SPARSE:
        np.testing.assert_allclose(measure.rarity[name], [1, rare, 0, 0], rtol=1e-6)
        found = measure.rows(_by_hand())[name].toarray()
        # Counts are rooted: four times a piece says twice as much as once.
        first = np.array([1, 2 * rare, 0, 0]) / np.sqrt(1 + 4 * rare**2)
        other = np.array([1, rare, 0, 0]) / np.sqrt(1 + rare**2)
        np.testing.assert_allclose(found, [first, other, [1, 0, 0, 0]], rtol=1e-5)


@given(seeds)
def test_a_piece_that_nobody_else_has_changes_nothing(seed: int) -> None:
    seen = sight(kinds(12, seed), seed)
    bags = seen.pieces.toarray()
    bags[:, -1] = 0
    plain = replace(seen, pieces=csr_array(bags))
    bags[3, -1] = 0.7
    odd = replace(seen, pieces=csr_array(bags))
    one, other = scale(plain).rows(plain)["pieces"], scale(odd).rows(odd)["pieces"]
    np.testing.assert_array_equal(one.toarray(), other.toarray())


def test_pieces_that_were_not_learned_say_nothing() -> None:
    measure, seen = scale(_by_hand()), _by_hand()
    bags = csr_array(np.array([[0, 0, 1, 1], [0, 1, 0, 5], [0, 0, 0, 0]], dtype=np.float32))
    found = measure.rows(replace(seen, pieces=bags))["pieces"].toarray()
    np.testing.assert_allclose(found, [[0] * 4, [0, 1, 0, 0], [0] * 4], atol=1e-6)


def test_what_is_seen_stays_as_it_was() -> None:
    seen, before = _by_hand(), _by_hand()
    scale(seen).rows(seen)
    for block in fields(Sight):
        one, other = getattr(seen, block.name), getattr(before, block.name)
        if block.name in SPARSE:
            one, other = one.toarray(), other.toarray()
        np.testing.assert_array_equal(one, other)


@settings(deadline=None)
@given(seeds, st.integers(2, 20))
def test_rows_have_length_one_or_zero(seed: int, texts: int) -> None:
    seen = sight(kinds(texts, seed), seed)
    measure = scale(seen)
    for shown in (seen, sight(kinds(texts, seed), seed + 1)):
        rows = measure.rows(shown)
        for name in BY_WORDS:
            lengths = _lengths(rows, name)
            whole = np.isclose(lengths, 1, atol=1e-5)
            assert (whole | (lengths == 0)).all(), name
            assert whole.all() or name in SPARSE


def test_grams_are_inner_products_and_symmetrical() -> None:
    seen = sight(kinds(10, 1), 1)
    rows = scale(seen).rows(seen)
    products = grams(rows, rows)
    assert set(products) == set(DENSE) | set(SPARSE) == set(BY_WORDS) == set(BY_MATTER)
    for name, product in products.items():
        block = rows[name].toarray() if name in SPARSE else rows[name]
        np.testing.assert_allclose(product, block @ block.T, atol=1e-6)
        np.testing.assert_allclose(product, product.T, atol=1e-6)
        np.testing.assert_allclose(np.diag(product), 1, atol=1e-5)
        assert product.dtype == np.float32


def test_grams_of_some_and_others() -> None:
    seen = sight(kinds(10, 1), 1)
    measure = scale(seen)
    rows, some = measure.rows(seen), measure.rows(seen.take([7, 2]))
    for name, product in grams(some, rows).items():
        np.testing.assert_allclose(product, grams(rows, rows)[name][[7, 2]], atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(seeds, st.integers(8, 40))
def test_topics_of_learned_texts_are_found_again(seed: int, texts: int) -> None:
    seen = sight(kinds(texts, seed), seed)
    rows = scale(seen).rows(seen)
    alike = grams(rows, rows)["pieces"]
    found = topics(alike)
    np.testing.assert_allclose(found.of(alike), found.rows, atol=2e-3)
    lengths = np.linalg.norm(found.rows, axis=1)
    assert (np.isclose(lengths, 1, atol=1e-4) | (lengths < 1e-2)).all()
    assert found.rows.shape == found.axes.shape
    assert found.rows.shape[1] <= max(1, texts // 4)


def _spoken(numbers: Numbers, seed: int) -> Sight:
    """Return texts of six words: four of the eight of their topic, two of eight for all."""
    random, bags = np.random.default_rng(seed), np.zeros((len(numbers), WORDS), np.float32)
    for row, number in zip(bags, numbers, strict=True):
        row[8 * number + random.permutation(8)[:4]] = 6**-0.5
        row[16 + random.permutation(8)[:2]] = 6**-0.5
    return replace(sight(numbers, seed), pieces=csr_array(bags))


def test_two_topics_are_told_apart() -> None:
    numbers, others = np.arange(48) % 2, np.arange(40) // 20
    seen, fresh = _spoken(numbers, 2), _spoken(others, 3)
    measure = scale(seen)
    rows = measure.rows(seen)
    found = topics(grams(rows, rows)["pieces"])
    own = found.of(grams(measure.rows(fresh), rows)["pieces"])
    shared, same = own @ found.rows.T, others[:, None] == numbers
    assert shared[same].mean() > 0.2
    assert shared[~same].mean() < -0.2
    assert ((shared.sum(axis=1, where=same) > 4) & (shared.sum(axis=1, where=~same) < -4)).all()


def test_texts_that_are_all_alike_have_no_topic() -> None:
    found = topics(np.ones((5, 5), np.float32))
    assert found.rows.shape == (5, 0)
    assert (found.rows @ found.rows.T).tolist() == [[0.0] * 5] * 5
    assert found.of(np.ones((2, 5), np.float32)).shape == (2, 0)


def _products(**values: float) -> dict[str, Floats]:
    """Return products of one text with another, by block; those left out are not alike."""
    return {name: np.array([[values.get(name, 0.0)]], np.float32) for name in BY_WORDS}


@pytest.mark.parametrize(
    ("products", "topic", "words", "matter"),
    [
        (_products(), 1.0, 0.3, 0.3),
        (_products(**dict.fromkeys(BY_WORDS, 1.0)), 1.0, 6.25 * 2 + 0.3, 10.25 * 2 + 0.3),
        (_products(**dict.fromkeys(BY_WORDS, 0.5)), 0.2, 3.125 * 1.2 + 0.3, 5.125 * 1.2 + 0.3),
        (_products(pieces=0.4), -1.0, 0.3, 0.3),
        (_products(pieces=0.4, read=-0.8), -0.5, 0.7, 0.7),
        (_products(stored=0.5, stored_opening=-0.1), 0.0, 0.7, 1.5),
    ],
)
def test_the_kernel_by_hand(
    products: dict[str, Floats], topic: float, words: float, matter: float
) -> None:
    shared = np.array([[topic]], dtype=np.float32)
    assert kernel(products, shared, BY_WORDS)[0, 0] == pytest.approx(words, abs=1e-6)
    assert kernel(products, shared, BY_MATTER)[0, 0] == pytest.approx(matter, abs=1e-6)


def test_the_kernel_of_three_texts_by_hand() -> None:
    products, shared = _alike(_by_hand())
    near = kernel(products, shared, BY_WORDS)
    rare = np.log(4 / 3) + 1
    long, other = np.sqrt(1 + 4 * rare**2), np.sqrt(1 + rare**2)
    pieces = np.array([(1 + 2 * rare**2) / (long * other), 1 / long, 1 / other])
    # What is dense pulls the first two apart, and says nothing of the third.
    plain = 3.0 * pieces - [3.25, 0, 0]
    topic = np.array([shared[0, 1], shared[0, 2], shared[1, 2]])
    found = np.array([near[0, 1], near[0, 2], near[1, 2]])
    np.testing.assert_allclose(found, plain * (1 + topic) + 0.3, atol=1e-5)
    np.testing.assert_allclose(np.diag(near), [12.8, 12.8, 6.3], atol=1e-4)
    # Of three texts one topic is found: the first two on one side of it, the third on the other.
    np.testing.assert_allclose(topic, [1, -1, -1], atol=1e-4)


@settings(deadline=None, max_examples=25)
@given(seeds, st.integers(2, 30), st.sampled_from([BY_WORDS, BY_MATTER]))
def test_the_kernel_is_positive_semidefinite(seed: int, texts: int, shares: Any) -> None:
    near = kernel(*_alike(sight(kinds(texts, seed), seed)), shares)
    assert near.shape == (texts, texts)
    assert near.dtype == np.float32
    np.testing.assert_allclose(near, near.T, atol=1e-4)
    assert np.linalg.eigvalsh(near.astype(np.float64)).min() > -1e-4


def test_words_beyond_those_learned_from_are_left_out_of_topics() -> None:
    seen = sight(kinds(20, 5), 5)
    measure = scale(seen)
    rows = measure.rows(seen)
    found = topics(grams(rows, rows)["pieces"])
    bags = csr_array((1, WORDS), dtype=np.float32)
    silent = replace(seen.take([0]), pieces=bags)
    alike = grams(measure.rows(silent), rows)["pieces"]
    assert np.abs(alike).max() == 0
    assert np.linalg.norm(found.of(alike)) <= 1 + 1e-5
