"""How often a judge and people agree, and how sure that is.

Interval: Wilson (1927), Probable inference, the law of succession, and statistical inference; it
stays inside 0 to 1 and is honest for few posts and for shares near the ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Agreed:
    """Of `reviewed` posts that a judge labelled and a person looked at, how many have one label.

    `share` is agreeing of reviewed, with its interval; all None where nothing was reviewed. On
    `abstained` more a person gave a label and the judge none: these say nothing of how often it is
    right, and do not count.
    """

    reviewed: int
    agreeing: int
    abstained: int
    share: float | None
    low: float | None
    high: float | None


def agreed(pairs: Iterable[tuple[str | None, str, int]], *, level: float = LEVEL) -> Agreed:
    """Return the agreement of (the judge's label or None, the person's label, posts)."""
    reviewed = agreeing = abstained = 0
    for said, label, posts in pairs:
        abstained += posts if said is None else 0
        reviewed += posts if said is not None else 0
        agreeing += posts if said == label else 0
    if not reviewed:
        return Agreed(0, 0, abstained, None, None, None)
    low, high = wilson(agreeing, reviewed, level=level)
    return Agreed(reviewed, agreeing, abstained, agreeing / reviewed, low, high)


def wilson(hits: int, trials: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the Wilson score interval of a share, two-sided at `level`; 0 to 1 of no trial.

    Raise ValueError unless 0 <= hits <= trials and 0 < level < 1.
    """
    if not 0 <= hits <= trials or not 0 < level < 1:
        raise ValueError(f"no share: {hits} of {trials} at {level}")
    if not trials:
        return 0.0, 1.0
    square = NormalDist().inv_cdf((1 + level) / 2) ** 2
    share = hits / trials
    middle = share + square / (2 * trials)
    reach = sqrt(square * (share * (1 - share) + square / (4 * trials)) / trials)
    whole = 1 + square / trials
    # At the ends the bound is the end itself, which rounding would miss.
    low = 0.0 if hits == 0 else (middle - reach) / whole
    high = 1.0 if hits == trials else (middle + reach) / whole
    return low, high
