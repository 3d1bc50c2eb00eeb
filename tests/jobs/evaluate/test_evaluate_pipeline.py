"""What `evaluate pipeline` times is work that was done, and missing work is an error."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from jobs import judges
from jobs.evaluate import pipeline
from jobs.evaluate.nights import Night, Nights, check_import, check_run, nights
from jobs.evaluate.result import MeasurementFailed, Options
from jobs.load import ImportResult
from jobs.pipeline import RunResult
from nlp.encoders import load as load_encoder
from service.db.models import Embedding, Post, PostTopic, Topic
from service.db.session import open_database
from service.errors import InvalidInput
from service.settings import Settings
from tests.jobs.community import records, write

IMPORTED = ImportResult("jsonl", ("archive",), 10, 8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 2, None)


def test_both_nights_are_stored_and_counted(
    settings: Settings, now: datetime, tmp_path: Path
) -> None:
    rows = records(each=300)
    last = len(rows) // 100
    folder = tmp_path / "timed"
    parts = [rows[:-last], rows[-last:]]
    panel = judges.panel(settings)
    found = nights(settings, folder, parts, load_encoder("hashing"), panel, now)
    first, nightly = found.nights
    assert (first.imported.added, nightly.imported.added) == (len(rows) - last, last)
    assert first.done.steps["topics"]["fitted"]
    assert not nightly.done.steps["topics"]["fitted"]
    assert nightly.done.steps["topics"]["placed"] == last
    assert nightly.done.steps["index"]["added"] == last
    judged = [night.done.steps["judge"]["posts"] for night in found.nights]
    assert judged == [len(rows) - last, last]
    assert found.refit.steps.keys() == {"topics"}
    assert found.refit.steps["topics"]["fitted"]
    assert found.refit.steps["topics"]["placed"] == len(rows)
    assert min(first.seconds, nightly.seconds, found.refit_seconds) > 0
    assert found.posts == len(rows)
    assert found.topics >= 2
    assert found.outlier_share == nightly.done.steps["topics"]["outliers"] / len(rows)

    own = settings.model_copy(update={"data_dir": folder, "database_url": None})
    database = open_database(own.url)
    with database.read() as session:
        counts = [
            session.scalar(select(func.count()).select_from(kind))
            for kind in (Post, Embedding, PostTopic)
        ]
        topics = session.scalar(
            select(func.count()).select_from(Topic).where(Topic.retired_at.is_(None))
        )
    database.close()
    assert counts == [len(rows)] * 3
    assert topics == found.refit.steps["topics"]["topics"]
    assert 1 <= len(list(own.index_dir.iterdir())) <= 2


def test_records_that_are_not_stored_are_an_error(
    settings: Settings, now: datetime, tmp_path: Path
) -> None:
    rows = records(each=30)
    rows[3] = {**rows[3], "created_at": "yesterday"}
    with pytest.raises(MeasurementFailed, match=f"{len(rows) - 1} of {len(rows)} records"):
        nights(
            settings,
            tmp_path / "timed",
            [rows],
            load_encoder("hashing"),
            judges.panel(settings),
            now,
        )


def test_an_import_keeps_every_record() -> None:
    check_import(10, IMPORTED)
    with pytest.raises(MeasurementFailed, match=r"10 of 11 records were stored \(0 rejected"):
        check_import(11, IMPORTED)
    with pytest.raises(MeasurementFailed, match="8 of 10 records"):
        check_import(10, replace(IMPORTED, unchanged=0, updated=2))


@pytest.mark.parametrize(
    ("posts", "judged", "vectors", "topics", "line"),
    [
        (999, 9, 999, 0, None),
        (1_000, 9, 1_000, 1, None),
        (1_000, 8, 1_000, 1, "8 of 9 new posts were judged"),
        (1_000, 9, 999, 5, "999 vectors of 1,000 posts"),
        (1_000, 9, 1_000, 0, "no topic was found in 1,000 posts: why"),
    ],
)
def test_a_run_does_all_of_its_work(
    posts: int, judged: int, vectors: int, topics: int, line: str | None
) -> None:
    steps = {
        "judge": {"posts": judged},
        "index": {"vectors": vectors},
        "topics": {"topics": topics, "note": "why"},
    }
    if line is None:
        check_run(posts, 9, RunResult(steps))
        return
    with pytest.raises(MeasurementFailed, match=line):
        check_run(posts, 9, RunResult(steps))


def test_speedups_are_with_and_without_judgements() -> None:
    """Ours takes 10 s, 4 of them to judge; the script 30 s, 300 more to judge one task."""
    imported = replace(IMPORTED, added=50)
    steps = {"topics": {"topics": 2, "outliers": 10}}
    done = RunResult(steps, {"judge": 4.0, "encode": 3.0})
    night = Night(imported, done, 10.0)
    ours = Nights([night, replace(night, seconds=1.0)], done, 2.0)
    parts = {"encode_seconds": 20.0, "topics_seconds": 9.0, "index_seconds": 1.0}
    script = pipeline._summed({**parts, "judge_seconds": 300.0})
    assert (script["seconds"], script["seconds_whole"]) == (30, 330)
    fast = pipeline._summed({**parts, "topics_seconds": 3.0, "judge_seconds": 100.0})
    found = pipeline._figures(ours, {pipeline.RAW: script, pipeline.PLAIN: fast})
    assert found == {
        "seconds_first": 10.0,
        "seconds_encode": 3.0,
        "seconds_judge": 4.0,
        "seconds_nightly": 1.0,
        "seconds_refit": 2.0,
        "nightly_share": 0.1,
        "posts_per_second": 5.0,
        "topics": 2,
        "outlier_share": 0.1,
        "speedup": 5.0,
        "speedup_whole": 33.0,
        "speedup_plain_text": 4.0,
        "speedup_whole_plain_text": 12.4,
    }


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    hashing = Settings(data_dir=tmp_path, encoder="hashing")
    with pytest.raises(InvalidInput, match="nothing to compare with"):
        pipeline.evaluate(Options(hashing, data=tmp_path / "unread"))
    path = write(tmp_path / "archive.jsonl", records(each=5))
    with pytest.raises(InvalidInput, match="32 posts are too few"):
        pipeline.evaluate(Options(Settings(data_dir=tmp_path), data=path))


def test_a_script_that_fails_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MeasurementFailed, match="exit code 1"):
        pipeline._script({"script": ["one"]}, "hashing")
    assert "nothing to compare with" in capfd.readouterr().err
