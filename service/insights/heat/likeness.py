"""Which threads that people decided on were most like one: by what the model saw of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

MOST = 3


def nearest(
    features: Mapping[str, float], others: Sequence[Mapping[str, float]], *, most: int = MOST
) -> list[tuple[int, float]]:
    """Return (place among others, similarity) of the most similar ones, most similar first.

    Similarity is 1 / (1 + the root mean square of the differences, each feature standardised over
    all): 1 is the same in every feature. Features that some do not have are left out; without a
    shared feature there is none.
    """
    names = sorted(set(features).intersection(*map(set, others))) if others else []
    if not names:
        return []
    rows = np.array([[row[name] for name in names] for row in (features, *others)], np.float64)
    rows = np.nan_to_num(rows)
    spread = rows.std(axis=0)
    rows = rows[:, spread > 0] / spread[spread > 0]
    gaps = (
        np.sqrt(np.square(rows[1:] - rows[0]).mean(axis=1)) if rows.size else np.zeros(len(others))
    )
    order = np.lexsort((np.arange(len(gaps)), gaps))[:most]
    return [(int(place), float(1 / (1 + gaps[place]))) for place in order]
