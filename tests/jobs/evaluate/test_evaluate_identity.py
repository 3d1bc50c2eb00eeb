"""The planted set of handles, and the measurement of merges: its figures by hand and in whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from jobs.evaluate import identity
from jobs.evaluate.identity import Outcome, broken, calibration_error, equal, figures, outcome
from jobs.evaluate.result import Options
from jobs.sample.aliases import PLATFORMS, Aliases, plant
from service.insights.identity import Handle, suggest
from service.settings import Settings

IDS = count(1)


def handle(platform: str, value: str, name: str | None = None, *, is_bot: bool = False) -> Handle:
    number = next(IDS)
    return Handle(number, number, platform, value, name, None, False, is_bot, False, False, ())


@pytest.fixture(scope="module")
def planted() -> Aliases:
    return plant(0)


def test_a_planted_set_is_seeded_and_each_handle_has_one_owner(planted: Aliases) -> None:
    assert plant(0) == planted
    assert plant(1, people=30) != plant(2, people=30)
    assert sorted(planted.truth) == [handle.id for handle in planted.handles]
    places = Counter((h.platform, h.value.lower()) for h in planted.handles)
    assert max(places.values()) == 1
    assert {h.platform for h in planted.handles} == set(PLATFORMS)


def test_a_planted_set_holds_what_misleads(planted: Aliases) -> None:
    held: dict[int, list[Handle]] = defaultdict(list)
    for one in planted.handles:
        held[planted.truth[one.id]].append(one)
    assert sum(len(own) in (2, 3, 4) for own in held.values()) >= 300
    assert max(len(own) for own in held.values()) <= 4
    assert all(len({h.platform for h in own}) == len(own) for own in held.values())
    shown = defaultdict(set)
    for one in planted.handles:
        if one.name and " " in one.name:
            shown[one.name].add(planted.truth[one.id])
    assert sum(len(owners) > 1 for owners in shown.values()) >= 5
    assert max(len(owners) for owners in shown.values()) >= 3
    taken = defaultdict(set)
    for one in planted.handles:
        taken[one.value.lower()].add(planted.truth[one.id])
    assert sum(len(owners) > 1 for owners in taken.values()) >= 15
    for kind in ("is_bot", "is_staff", "is_deleted"):
        assert sum(getattr(h, kind) for h in planted.handles) >= 5
    foreign = [h for h in planted.handles if h.name and not h.name.isascii()]
    assert len(foreign) >= 150
    assert sum(h.email is None for h in planted.handles) > len(planted.handles) / 2
    assert any(h.member != h.id for h in planted.handles)


def test_suggestions_on_a_planted_set_are_right_and_break_no_rule(planted: Aliases) -> None:
    found = outcome(planted, [one.members for one in suggest(planted.handles)])
    assert found.precision >= 0.975
    assert found.recall >= 0.84
    assert found.broken == 0


def test_an_outcome_by_hand() -> None:
    a, b, c = handle("x", "zephyr"), handle("y", "Zephyr"), handle("z", "else")
    d, e = handle("y", "other"), handle("y", "zephyr")
    aliases = Aliases([a, b, c, d, e], {a.id: 0, b.id: 0, c.id: 0, d.id: 1, e.id: 1})
    found = outcome(aliases, [(a.id, b.id), (b.id, c.id), (d.id, c.id)])
    # Accepting all puts everybody together, two handles of y and z among them.
    assert found == Outcome(shown=3, right=2, pairs=3, together=3, broken=1)
    assert outcome(aliases, [(a.id, b.id)]) == Outcome(1, 1, 3, 1, 0)
    assert outcome(aliases, []).precision == 1.0
    assert figures([Outcome(3, 2, 4, 4, 1), Outcome(1, 1, 4, 1, 0)]) == {
        "precision": 0.75,
        "recall": 0.625,
        "broken_rules": 1.0,
        "suggestions": 4.0,
    }
    assert equal(aliases.handles, lambda h: h.value) == [(a.id, b.id), (a.id, e.id)]


def test_rules_that_a_merge_breaks() -> None:
    person, bot = handle("x", "zephyr"), handle("y", "zephyr", is_bot=True)
    assert broken([person, bot])
    assert broken([person, handle("x", "zephyr")])
    assert not broken([person, handle("z", "zephyr")])
    assert not broken([bot])


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.62, 1.0])
    right = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    # (0.2 * 4 - 0) within the last bin, where 4.8 was said and 4 is so; 0.38 in the other.
    assert calibration_error(confidence, right) == pytest.approx((0.8 + 0.38) / 6)
    assert calibration_error(np.array([]), np.array([])) == 0.0


def test_identity_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "SETS", 1)
    heard: list[str] = []
    found = identity.evaluate(Options(Settings(data_dir=tmp_path), log=heard.append))
    assert (found.name, found.data) == ("identity", "planted sets 1000 to 1000")
    assert found.n > 1_000
    assert heard == ["planting sets 1000 to 1000", "suggesting merges"]
    assert set(found.baselines) == {"email_only", "same_handle", "exact_name"}
    ours = found.metrics
    assert ours["broken_rules"] == 0
    assert ours["precision"] == ours["precision_worst"] > 0.97
    assert ours["recall"] == ours["recall_worst"] > 0.84
    assert 0 < ours["ece"] < 0.06
    for figures_ in found.baselines.values():
        assert figures_["precision"] < ours["precision"]
        assert figures_["recall"] < ours["recall"] - 0.3
