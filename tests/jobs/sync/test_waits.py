"""How long platforms ask to wait, as each of them says it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from jobs.sync.waits import asked, backoff
from tests.conftest import NOW

LATER = str(int(NOW.timestamp()) + 90)


@pytest.mark.parametrize(
    ("headers", "data", "seconds"),
    [
        ({}, None, None),
        ({"retry-after": "7"}, None, 7.0),
        ({"retry-after": "1.5"}, None, 1.5),
        ({"retry-after": "-3"}, None, 0.0),
        ({"retry-after": "Mon, 01 Jun 2026 12:00:42 GMT"}, None, 42.0),
        ({"retry-after": "Mon, 01 Jun 2026 11:00:00 GMT"}, None, 0.0),
        ({"retry-after": "soon"}, None, None),
        ({"retry-after": "nan"}, {"retry_after": 3}, 3.0),
        ({}, {"retry_after": 0.25, "global": False}, 0.25),
        ({}, {"retry-after": 28.5}, 28.5),
        ({}, {"error_type": "rate_limit", "extras": {"wait_seconds": 11}}, 11.0),
        ({}, {"extras": {"wait_seconds": "many"}}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": LATER}, None, 90.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "4.5"}, None, 4.5),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": LATER}, None, None),
        ({}, {"message": "You have exceeded a secondary rate limit."}, 60.0),
        ({}, ["no object"], None),
    ],
)
def test_what_is_asked(headers: dict[str, str], data: Any, seconds: float | None) -> None:
    assert asked(headers, data, NOW) == seconds


def test_backoff_doubles_with_jitter_up_to_a_minute() -> None:
    dice = Random(1)
    waits = [backoff(attempt, dice) for attempt in range(10)]
    for attempt, wait in enumerate(waits):
        top = min(60.0, 2.0**attempt)
        assert top / 2 <= wait <= top
    assert waits == [backoff(n, again) for again in [Random(1)] for n in range(10)]
