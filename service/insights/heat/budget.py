"""How hot a thread must be for a moderator who can read so many a day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


# Nobody is shown a thread that is more likely calm than twice over, however much time they have.
LEAST_HEAT = 0.35
# The threshold follows what the last so many days had; what is younger is a week's at least.
DAYS = 56
LEAST_DAYS = 7


def threshold(peaks: Floats, days: float, a_day: float) -> float:
    """Return the heat that about `a_day` threads a day reached.

    `peaks` [n] is the highest heat of each thread in the last `days`. Never below LEAST_HEAT; where
    fewer threads were as hot as that, it is LEAST_HEAT. Ties are shown or left out together: no
    more threads reach it than the budget has room for.
    """
    room = int(a_day * max(days, LEAST_DAYS))
    hot = np.sort(peaks[peaks >= LEAST_HEAT])[::-1]
    if len(hot) <= room:
        return LEAST_HEAT
    # The first peak that there is no room for, and whatever equals it, stay below.
    return float(np.nextafter(hot[room], 1.0))
