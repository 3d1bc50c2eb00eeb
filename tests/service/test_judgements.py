"""How hostile a post is, in numbers, by models of ours and of others."""

from __future__ import annotations

import pytest

from service.judgements import hostility


@pytest.mark.parametrize(
    ("confidence", "shares", "told"),
    [
        (0.75, {"civil": 0.25, "hostile": 0.25, "personal": 0.5}, (0.75, 0.667)),
        (1.0, {"civil": 1.0, "hostile": 0.0, "personal": 0.0}, (0.0, None)),
        (0.75, {"civil": 0.25, "hostile": 0.75}, (0.75, None)),
        (0.5, {"civil": 0.25, "hostile": 0.0, "personal": 0.5}, (0.75, 1.0)),
        (0.75, {"hostile": 0.75, "personal": 0.25}, (None, None)),
        (0.0, {"civil": 0.25, "hostile": 0.25, "personal": 0.5}, (None, None)),
        (None, {}, (None, None)),
    ],
)
def test_hostility_is_what_is_not_civil(
    confidence: float | None, shares: dict[str, float], told: tuple[float | None, float | None]
) -> None:
    assert hostility("hostility", confidence, shares) == told
    assert hostility("intent", confidence, shares) == (None, None)
