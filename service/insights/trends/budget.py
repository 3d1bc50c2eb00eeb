"""A budget of false alerts, spent tick by tick: online control of false discoveries.

Each tick is a batch of tests (Zrnic et al. 2020) within which the tick's level is shared out
evenly (Bonferroni): the sum of the levels is how many false alerts chance is let raise. The level
follows LORD++ (Javanmard and Montanari 2018; Ramdas et al. 2017) with geometric weights, for which
all of the past is one number, the wealth: a fixed part of it is spent at each tick, and each alert
earns some back. So that a calm community does not go deaf, some is handed out at each tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from service.insights.trends.windows import DAY, HOURLY, Ticks

MONTH = timedelta(days=30)
# Part of a month's false alerts that is handed out whatever happens, and what an alert earns.
ALLOWED = 0.25
EARNED = 0.2
# Part of the wealth that a day spends.
SPENT = 0.1
# Part of the whole budget that hourly ticks have.
HOURLY_PART = 0.25


@dataclass(frozen=True, slots=True)
class Budget:
    """At most so many false alerts in 30 days, in ticks of one length."""

    monthly: float
    length: timedelta = DAY

    @property
    def cap(self) -> float:
        """Return the most that one tick may spend: 30 days of it are the whole budget."""
        return self.monthly * (self.length / MONTH)

    @property
    def start(self) -> float:
        """Return the wealth before the first tick: what a calm month is handed out."""
        return self.monthly * ALLOWED

    def level(self, wealth: float) -> float:
        """Return how many false alerts the next tick may raise by chance."""
        return min(self.cap, wealth * SPENT * (self.length / DAY))

    def after(self, wealth: float, level: float, alerts: int) -> float:
        """Return the wealth after a tick that spent a level and raised so many alerts.

        Never more than a month's budget, so that a lively month buys no later one.
        """
        handed = self.cap * ALLOWED
        return min(max(wealth - level, 0.0) + handed + EARNED * alerts, self.monthly)


def budget(monthly: float, ticks: Ticks) -> Budget:
    """Return the part of a budget that daily, or hourly, ticks have."""
    part = HOURLY_PART if ticks is HOURLY else 1.0 - HOURLY_PART
    return Budget(monthly * part, ticks.length)
