"""`evaluate topic-identity`: nights over a small archive, what is planted, and figures by hand."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pytest

from jobs.evaluate import topic_identity
from jobs.evaluate.births import Births, Planted, births
from jobs.evaluate.result import Options
from jobs.evaluate.topic_identity import (
    archive,
    birth_figures,
    cold_refits,
    evaluate,
    false_births,
    grown,
    kept_share,
    parts,
)
from jobs.evaluate.topic_nights import Ledger
from nlp.topics.clusters import Clusters
from nlp.topics.lineage import Step
from nlp.topics.model import Placed
from nlp.vectors import unit
from service.errors import InvalidInput
from service.settings import Settings

SUBJECTS = 10
COUNT = 1_500
WIDTH = 64

Fields = list[list[str]]


def silent(line: str) -> None:
    """Hear nothing."""


@cache
def community() -> tuple[Fields, list[str], np.ndarray]:
    """Return posts about ten subjects that are spread over time, in threads of six."""
    chance = np.random.default_rng(5)
    centres = np.eye(WIDTH, dtype=np.float32)[:SUBJECTS]
    threads = np.arange(COUNT) // 6
    about = chance.integers(SUBJECTS, size=COUNT // 6)[threads]
    noise = unit(chance.standard_normal((COUNT, WIDTH)).astype(np.float32))
    rows = unit(centres[about] + 0.7 * noise)
    texts = [
        " ".join("aeiouyrlns"[subject] * 3 + one for one in chance.choice(list(ascii_lowercase), 6))
        for subject in about
    ]
    fields = [
        [f"p{n:04}", f"t{threads[n]}", f"a{chance.integers(40)}", f"2024-01-01T00:{n:06}"]
        for n in range(COUNT)
    ]
    return fields, texts, rows


def test_nights_add_five_in_a_hundred_each() -> None:
    ends = parts(10_000)
    assert len(ends) == 15
    assert ends[-1] == 10_000
    assert all(end / start == pytest.approx(1.05, abs=1e-3) for start, end in pairwise(ends))


def test_kept_share_by_hand() -> None:
    before = np.array([0, 0, 1, 1, -1, -2])
    assert kept_share(before, np.array([0, 1, 1, -1, 3, 3])) == 0.5
    assert kept_share(before, before) == 1


def test_the_order_of_the_records_changes_nothing_but_numbers() -> None:
    fields, texts, rows = community()
    own = archive(fields, texts, rows)
    back = archive(fields[::-1], texts[::-1], rows[::-1])
    assert own.posts.texts == back.posts.texts
    np.testing.assert_array_equal(own.posts.vectors, back.posts.vectors)
    np.testing.assert_array_equal(own.order, back.order)
    assert [own.posts.texts[n] for n in own.order[:3]] == texts[:3]
    assert own.posts.threads.tolist() != back.posts.threads.tolist()


def test_topics_keep_their_posts_and_a_shuffle_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topic_identity, "NIGHTS", 5)
    fields, texts, rows = community()
    ledger, kept = grown(archive(fields, texts, rows), silent)
    assert len(kept) == 5
    assert np.mean(kept) > 0.97
    assert ledger.seen.all()
    # One refit in five nights: hardly a topic did not go on.
    assert ledger.changes["kept"] >= ledger.changes["born"] - 1
    mixed = np.random.default_rng(2).permutation(COUNT).tolist()
    other, _ = grown(
        archive([fields[n] for n in mixed], [texts[n] for n in mixed], rows[mixed]), silent
    )
    assert ledger.told() == other.told()


def test_cold_refits_lose_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_identity, "NIGHTS", 2)
    assert [0.5 < share <= 1 for share in cold_refits(archive(*community()), silent)] == [True] * 2


def test_only_the_first_nights_are_fits_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_identity, "COLD", 1)
    assert len(cold_refits(archive(*community()), silent)) == 1


@pytest.mark.parametrize("warm", [True, False])
def test_posts_rather_stay_in_a_warm_refit(monkeypatch: pytest.MonkeyPatch, warm: bool) -> None:
    own = archive(*community())
    ledger = Ledger(own, own.order[:1_200])
    before, known = ledger.topics.copy(), ledger.known
    seen = np.flatnonzero(ledger.seen)
    rows = own.part(seen).vectors
    # Every post has become ever so little nearer to the next topic than to its own.
    away = np.roll(before[seen], 1)
    found = Clusters(known.centroids, known.radii - 2, away, np.ones(len(seen), dtype=np.float32))
    stays = found.centroids[before[seen]]
    kept = (before[seen] >= 0) & (np.einsum("nd,nd->n", rows, stays) > 0.6)
    found.similarity[:] = np.einsum("nd,nd->n", rows, stays) + np.where(kept, 0.02, 0.05)
    ids = np.arange(len(known.centroids))
    monkeypatch.setattr("nlp.topics.model.placed", lambda posts, start: Placed(rows, found, ids))
    monkeypatch.setattr(
        "jobs.evaluate.topic_nights.lineage",
        lambda *given: [Step("kept", place, place, 1.0, 1.0) for place in ids.tolist()],
    )
    ledger.refit(warm=warm)
    expected = np.where(kept, before[seen], away) if warm else away
    assert ledger.topics[seen].tolist() == expected.tolist()


def test_a_night_that_is_only_looked_at_changes_nothing() -> None:
    fields, texts, rows = community()
    own = archive(fields, texts, rows)
    ledger = Ledger(own, own.order[:1_200])
    before = ledger.told()
    night = ledger.tonight(own.order[1_200:1_300])
    assert ledger.told() == before
    ledger.settle(night)
    assert (ledger.topics > -2).sum() == 1_300


def test_planted_subjects_are_born_with_their_posts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.evaluate.births.ROUNDS", 2)
    monkeypatch.setattr("jobs.evaluate.births.SUBJECTS", 2)
    found = births(archive(*community()), 100, silent)
    assert found.nights == 2 * 4
    assert len(found.planted) == 2 * 2 * 2
    assert all(plant.apart for plant in found.planted)
    # A post at the edge of a topic may be missed, and then fifteen are too few.
    assert all(plant.night == 1 for plant in found.planted if plant.posts >= 20)
    assert all(plant.night in (1, 2) for plant in found.planted)
    figures = birth_figures(found)
    assert figures["birth_purity"] > 0.95
    assert figures["birth_share"] > 0.9


def test_figures_of_births_by_hand() -> None:
    told = Births(
        [
            Planted(True, 20, 1, 1.0, 0.9),
            Planted(True, 30, 3, 0.8, 0.7),
            Planted(True, 40, None, 0.0, 0.0),
            Planted(True, 50, 1, 0.9, 0.8),
            Planted(False, 50, None, 0.0, 0.0),
        ],
        2,
        8,
    )
    assert birth_figures(told) == pytest.approx(
        {
            "birth_recall": 0.5,
            "birth_recall_3": 0.75,
            "birth_purity": 0.9,
            "birth_share": 0.8,
            "nights_to_birth": 5 / 3,
            "births_planted": 4,
            "covered_recall": 0,
            "covered_planted": 1,
            "births_per_night": 0.25,
        }
    )
    nothing = birth_figures(Births([], 0, 0))
    assert not any(nothing.values())


def test_nothing_is_born_where_threads_come_in_any_order() -> None:
    assert false_births(archive(*community()), 0, silent) == 0


def test_a_run_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.evaluate.births.ROUNDS", 1)
    monkeypatch.setattr(topic_identity, "NIGHTS", 4)
    fields, texts, _ = community()
    path = tmp_path / "archive.jsonl"
    names = ("id", "thread_id", "author", "created_at")
    rows = [dict(zip(names, row, strict=True)) for row in fields[:1_000]]
    rows = [{**row, "text": text} for row, text in zip(rows, texts, strict=False)]
    rows.append({**rows[0], "id": "x", "author": "Build bot"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = Options(Settings(data_dir=tmp_path, encoder="hashing"), data=path)
    found = evaluate(options)
    assert (found.name, found.n) == ("topic-identity", 1_000)
    assert found.metrics["identical_under_shuffle"] == 1
    assert set(found.baselines) == {"a cold refit"}
    assert {"kept_share", "min_kept_share", "birth_recall", "false_births_per_night"} < set(
        found.metrics
    )


def test_a_small_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    row = {"id": "1", "thread_id": "1", "author": "a", "created_at": "2024", "text": "b"}
    path.write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(InvalidInput, match="1 posts are too few for nights"):
        evaluate(Options(Settings(data_dir=tmp_path, encoder="hashing"), data=path))
