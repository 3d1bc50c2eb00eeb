"""Which topics rise and fall: distinct people against what eight weeks led to expect."""

from service.insights.trends.habits import dispersion, expectations, known_days
from service.insights.trends.rises import LEAST_HISTORY, Options, Surprise, support, surprise
from service.insights.trends.tails import false_discovery, fisher, tail
from service.insights.trends.windows import (
    BASELINE_DAYS,
    DAILY,
    DAY,
    DAYS,
    HOUR,
    HOURLY,
    TESTED,
    Activity,
    Counts,
    Crowd,
    Floats,
    Ticks,
    crowd,
    day_numbers,
    distinct_authors,
    trusted_authors,
)

VERSION = "trends-2"
TESTED_DAYS = TESTED

__all__ = [
    "BASELINE_DAYS",
    "DAILY",
    "DAY",
    "DAYS",
    "HOUR",
    "HOURLY",
    "LEAST_HISTORY",
    "TESTED",
    "TESTED_DAYS",
    "VERSION",
    "Activity",
    "Counts",
    "Crowd",
    "Floats",
    "Options",
    "Surprise",
    "Ticks",
    "crowd",
    "day_numbers",
    "dispersion",
    "distinct_authors",
    "expectations",
    "false_discovery",
    "fisher",
    "known_days",
    "support",
    "surprise",
    "tail",
    "trusted_authors",
]
