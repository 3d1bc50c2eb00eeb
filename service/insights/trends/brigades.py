"""Whether many people talk or a few make much noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.insights.trends.windows import Counts, Floats

ORGANIC, BRIGADE = "organic", "brigade"
FEW_ACCOUNTS = 3
# Posts an account, on average, from which a few are loud.
LOUD = 4.0
# The share of near-copies among the posts of a brigade, and of one whose accounts are young.
COPIED, COPIED_YOUNG = 0.5, 0.25
YOUNG = 0.7
YOUNG_TRUST = 0.75


@dataclass(frozen=True, slots=True)
class Voices:
    """Who made a rise: accounts, posts, shares (0 to 1), and the verdict.

    `copied` is the share of posts that are near-copies of another account's; `young` the share of
    accounts less than eleven days old; `top` the share of posts by the three loudest accounts.
    """

    accounts: int
    posts: int
    copied: float
    young: float
    top: float
    verdict: str


def judged(authors: Counts, original: Floats, trust: Floats) -> Voices:
    """Return who made n posts, by their author, `original` part (1: no copy) and trust."""
    found, counts = np.unique(authors, return_counts=True)
    copied = float((original < 1).mean()) if len(authors) else 0.0
    best = np.array([trust[authors == one].max() for one in found])
    young = float((best < YOUNG_TRUST).mean()) if len(found) else 0.0
    top = float(np.sort(counts)[-FEW_ACCOUNTS:].sum() / max(len(authors), 1))
    few = len(found) <= FEW_ACCOUNTS and len(authors) >= LOUD * len(found)
    brigade = few or copied >= (COPIED_YOUNG if young >= YOUNG else COPIED)
    verdict = BRIGADE if brigade else ORGANIC
    return Voices(
        len(found), len(authors), round(copied, 3), round(young, 3), round(top, 3), verdict
    )


def loud(authors: Counts, topics: Counts, k: int) -> NDArray[np.bool_]:
    """Return which of k topics have many posts by a few accounts, bool [k]."""
    inside = topics >= 0
    posts = np.bincount(topics[inside], minlength=k)
    pairs = np.unique(np.stack([topics[inside], authors[inside]]), axis=1)
    accounts = np.bincount(pairs[0], minlength=k)
    few = (accounts > 0) & (accounts <= FEW_ACCOUNTS)
    return np.asarray(few & (posts >= LOUD * np.maximum(accounts, 1)))
