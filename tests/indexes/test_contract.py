"""One contract for every index, asserted by value against the exact one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from indexes.base import VectorIndex
from indexes.errors import BadVectors, IndexDamaged
from indexes.exact import ExactIndex
from indexes.faiss_index import FaissIndex

D = 32
READ = {ExactIndex: ExactIndex.read, FaissIndex: FaissIndex.read}


def vectors(n: int, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((n, D)).astype(np.float16)
    rows = rows.astype(np.float32)
    return (
        (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    )


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.fixture(params=[ExactIndex, FaissIndex], ids=["exact", "faiss"])
def make(request: pytest.FixtureRequest) -> Callable[[], VectorIndex]:
    return lambda: request.param(D)


def test_nearest_are_those_of_brute_force(make: Callable[[], VectorIndex]) -> None:
    rows, queries = vectors(500), vectors(20, seed=2)
    names = np.arange(500, dtype=np.int64) * 7 + 2**40
    index = make()
    index.add(names, rows)
    found = index.search(queries, 10)
    truth = np.argsort(-(queries @ rows.T), axis=1)[:, :10]
    np.testing.assert_array_equal(found.ids, names[truth])
    np.testing.assert_allclose(
        found.scores, np.take_along_axis(queries @ rows.T, truth, axis=1), atol=1e-5
    )


def test_adding_an_id_again_replaces_its_vector(make: Callable[[], VectorIndex]) -> None:
    rows = vectors(3)
    index = make()
    index.add(ids(1, 2), rows[:2])
    index.add(ids(1), rows[2:])
    assert len(index) == 2
    assert index.search(rows[2:], 1).ids.tolist() == [[1]]
    assert index.search(rows[:1], 1).scores[0, 0] < 0.99


def test_removed_ids_are_found_no_more(make: Callable[[], VectorIndex]) -> None:
    rows = vectors(4)
    index = make()
    index.add(ids(5, 6, 7, 8), rows)
    assert index.remove(ids(6, 99)) == 1
    assert index.ids().tolist() == [5, 7, 8]
    assert 6 not in index.search(rows[1:2], 4).ids


def test_among_narrows_the_search(make: Callable[[], VectorIndex]) -> None:
    rows = vectors(50)
    index = make()
    index.add(np.arange(50, dtype=np.int64), rows)
    found = index.search(rows[:1], 5, among=ids(10, 20, 30, 1_000))
    assert set(found.ids[0].tolist()) == {10, 20, 30, -1}
    best = max((10, 20, 30), key=lambda place: float(rows[place] @ rows[0]))
    assert found.ids[0, 0] == best


def test_missing_neighbours_are_minus_one_at_the_end(make: Callable[[], VectorIndex]) -> None:
    index = make()
    assert index.search(vectors(1), 2).ids.tolist() == [[-1, -1]]
    index.add(ids(3), vectors(1))
    found = index.search(vectors(1), 3)
    assert found.ids.tolist() == [[3, -1, -1]]
    assert np.isneginf(found.scores[0, 1:]).all()


def test_equal_scores_stand_by_id(make: Callable[[], VectorIndex]) -> None:
    row = vectors(1)
    index = make()
    index.add(ids(9, 4, 6), np.repeat(row, 3, axis=0))
    assert index.search(row, 3).ids.tolist() == [[4, 6, 9]]
    assert index.search(row, 2).ids.tolist() == [[4, 6]]


def test_a_zero_vector_is_near_nothing(make: Callable[[], VectorIndex]) -> None:
    index = make()
    index.add(ids(1, 2), np.concatenate([np.zeros((1, D), np.float32), vectors(1)]))
    found = index.search(vectors(1), 2)
    assert found.ids.tolist() == [[2, 1]]
    assert found.scores[0, 1] == 0


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (ids(1), np.zeros((1, D + 1), np.float32)),
        (ids(1, 2), np.zeros((1, D), np.float32)),
        (ids(1, 1), np.zeros((2, D), np.float32)),
        (ids(-1), np.zeros((1, D), np.float32)),
        (np.array([1.0]), np.zeros((1, D), np.float32)),
        (ids(1), np.full((1, D), np.nan, np.float32)),
    ],
    ids=["dimensions", "lengths", "repeated", "negative", "not-int", "nan"],
)
def test_bad_vectors_are_refused(
    make: Callable[[], VectorIndex], names: np.ndarray, rows: np.ndarray
) -> None:
    index = make()
    with pytest.raises(BadVectors):
        index.add(names, rows)
    assert len(index) == 0


def test_reading_gives_what_was_saved(make: Callable[[], VectorIndex], tmp_path: Path) -> None:
    rows = vectors(100)
    index = make()
    index.add(np.arange(100, dtype=np.int64), rows)
    index.save(tmp_path / "index")
    again = READ[type(index)](tmp_path / "index")  # type: ignore[index]
    assert (len(again), again.dimensions, again.kind) == (100, D, index.kind)
    np.testing.assert_array_equal(again.search(rows, 3).ids, index.search(rows, 3).ids)
    again.add(ids(500), vectors(1, seed=9))
    assert again.remove(ids(0)) == 1


def test_a_file_that_is_no_index_is_damaged(
    make: Callable[[], VectorIndex], tmp_path: Path
) -> None:
    (tmp_path / "index").write_bytes(b"no index")
    with pytest.raises(IndexDamaged):
        READ[type(make())](tmp_path / "index")  # type: ignore[index]
