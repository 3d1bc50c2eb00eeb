"""Posts in the context of their thread: "yes, that works" is about what its thread is about."""

from __future__ import annotations

import numpy as np

from nlp.topics.clusters import Labels, Rows, means
from nlp.vectors import unit

THREAD_WEIGHT = 0.5


def in_context(vectors: Rows, threads: Labels) -> Rows:
    """Return each post's vector mixed with the mean of its thread, unit rows float32 [n, d]."""
    return beside(vectors, threads, vectors, threads)


def beside(vectors: Rows, threads: Labels, context: Rows, context_threads: Labels) -> Rows:
    """Return vectors mixed half and half with their threads' means over `context`, unit rows.

    Every thread of `threads` must be among `context_threads`.
    """
    names, codes = np.unique(context_threads, return_inverse=True)
    around = means(np.asarray(context, dtype=np.float32), codes, len(names))
    around = around[np.searchsorted(names, threads)]
    return unit((1 - THREAD_WEIGHT) * vectors + THREAD_WEIGHT * around)
