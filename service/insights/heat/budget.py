"""How hot a thread must be for a moderator who can read so many a day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


# Of threads, so many heat up; to read a calm one is worth it where another that heats up in so many
# is read by that. Heat is told as if half of them did.
BASE_RATE, CALM_ONES = 0.03, 5
# Nobody is shown a thread that is less likely to heat up than that, however much time they have.
LEAST_HEAT = round(1 / (1 + CALM_ONES * BASE_RATE / (1 - BASE_RATE)), 3)
# Weights that learned from verdicts tell how probable it is that a moderator confirms.
LEAST_LEARNED = round(1 / (1 + CALM_ONES), 3)
# The threshold follows what the last so many days had; what is younger is a week's at least.
DAYS = 56
LEAST_DAYS = 7


def threshold(peaks: Floats, days: float, a_day: float, least: float = LEAST_HEAT) -> float:
    """Return the heat that about `a_day` threads a day reached.

    `peaks` [n] is the highest heat of each thread in the last `days`. Never below `least`; where
    fewer threads were as hot as that, it is `least`. Ties are shown or left out together: no
    more threads reach it than the budget has room for.
    """
    room = int(a_day * max(days, LEAST_DAYS))
    hot = np.sort(peaks[peaks >= least])[::-1]
    if len(hot) <= room:
        return least
    # The first peak that there is no room for, and whatever equals it, stay below.
    return float(np.nextafter(hot[room], 1.0))
