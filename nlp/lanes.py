"""Batches of a transformer side by side, each on a core of its own.

Two batches on a core each are through sooner than one after the other on both: matrices this small
leave the threads of one batch waiting for each other at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Batch], Result], batches: Sequence[Batch]) -> Iterator[Result]:
    """Yield what `work`, which calls torch, makes of each batch, in their order.

    As many run at once as torch has threads here; a batch that is alone has them all.
    """
    import torch

    cores = torch.get_num_threads()
    if min(cores, len(batches)) < 2:
        yield from map(work, batches)
        return
    try:
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as lanes:
            yield from lanes.map(work, batches)
    finally:
        # Threads that torch has not met yet would take over the last count that was set anywhere.
        torch.set_num_threads(cores)
