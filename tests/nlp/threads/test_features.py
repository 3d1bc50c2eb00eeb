"""What pairs of messages show, on channels small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.threads.conversations import Message
from nlp.threads.features import NEVER, block, pairs
from nlp.threads.names import ADDRESSED
from nlp.threads.talk import roots
from nlp.threads.words import BUCKETS, bucket, buckets, frequencies, words

FLAT = np.ones(BUCKETS)

CHANNEL = [
    Message("ann", 0, "does the printer work?"),
    Message("bob", 30, "ann: which printer"),
    Message("cat", 60, "lunch anyone"),
    Message("ann", 200, "bob: the laser printer"),
]


def test_words_keep_versions_and_contractions_whole() -> None:
    assert words("Isn't 8.04 on x86-64?") == ["isn't", "8.04", "on", "x86-64"]
    assert list(buckets("a b a")) == sorted({bucket("a"), bucket("b")})


def test_rare_words_weigh_more() -> None:
    idf = frequencies(["the printer", "the laser", "the lunch"])
    assert idf[bucket("the")] == 0.0
    assert idf[bucket("printer")] == pytest.approx(np.log(4 / 2) / np.log(4))
    assert idf[bucket("unseen")] == 1.0


def test_a_block_knows_who_spoke_and_who_was_named() -> None:
    b = block(CHANNEL, FLAT)
    assert b.author.tolist() == [0, 1, 2, 0]
    assert b.minute.tolist() == [0, 0, 1, 3]
    assert b.named[1, 0] == ADDRESSED
    assert b.named[3, 1] == ADDRESSED
    assert b.spoke[3].tolist() == [0, 1, 2]
    assert b.said[3].tolist() == [1, 1, 1]
    assert b.called[3].tolist() == [1, 0, 0]
    assert b.heard[3].tolist() == [NEVER, 1, NEVER]
    assert b.told[3].tolist() == [NEVER, NEVER, NEVER]
    assert b.common[0, 3] == 2.0  # the, printer
    assert b.common[2, 3] == 0.0


def test_a_pair_with_itself_shows_nothing_but_that() -> None:
    b = block(CHANNEL, FLAT)
    found = pairs(b, np.array([3]), np.arange(4))
    assert found.shape[:2] == (1, 4)
    assert found[0, :, 0].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert not found[0, 0, 1:].any()
    assert found[0, 1, 1] == pytest.approx(0.01)  # one message before, in hundreds
    assert np.isfinite(found).all()


def test_empty_texts_are_read() -> None:
    b = block([Message("ann", 0, ""), Message("", 0, "   ")], FLAT)
    assert np.isfinite(pairs(b, np.array([0, 1]), np.arange(2))).all()


def test_conversations_of_a_window_end_at_its_edge() -> None:
    parents = np.array([0, 1, 0, 1, 2, 4])
    found = roots(parents, np.array([6]))[0]
    # The six messages before position 6, nearest first: 5 to 4 to 2 to 0, 3 to 1.
    assert found[:6].tolist() == [0, 0, 1, 0, 1, 0]
    chain = np.maximum(np.arange(150) - 1, 0)
    assert set(roots(chain, np.array([150]))[0].tolist()) == {50}
