"""Batches side by side: in their order, one core to each, and torch as it was afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

from nlp.lanes import side_by_side

torch = pytest.importorskip("torch")


@pytest.fixture
def cores() -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield 2
    torch.set_num_threads(before)


def test_as_many_at_once_as_torch_has_threads_and_one_to_each(cores: int) -> None:
    met = Barrier(cores, timeout=10)

    def work(batch: int) -> tuple[int, int]:
        met.wait()
        return batch, torch.get_num_threads()

    assert list(side_by_side(work, range(6))) == [(batch, 1) for batch in range(6)]


def test_torch_is_as_it_was(cores: int) -> None:
    def broken(batch: int) -> int:
        return 1 // batch

    with pytest.raises(ZeroDivisionError):
        list(side_by_side(broken, [1, 0, 1]))
    seen: list[int] = []
    new = Thread(target=lambda: seen.append(torch.get_num_threads()))
    new.start()
    new.join()
    assert (torch.get_num_threads(), seen) == (cores, [cores])


def test_a_batch_that_is_alone_has_all_threads(cores: int) -> None:
    assert list(side_by_side(lambda batch: (batch, torch.get_num_threads()), [7])) == [(7, cores)]
    assert list(side_by_side(lambda batch: batch, [])) == []
