"""What `evaluate pipeline` times is work that was done, and missing work is an error."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from jobs.evaluate import pipeline
from jobs.evaluate.nights import check_import, check_run, nights
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
    found = nights(settings, folder, parts, load_encoder("hashing"), now)
    first, nightly = found.nights
    assert (first.imported.added, nightly.imported.added) == (len(rows) - last, last)
    assert first.done.steps["topics"]["fitted"]
    assert not nightly.done.steps["topics"]["fitted"]
    assert nightly.done.steps["topics"]["placed"] == last
    assert nightly.done.steps["index"]["added"] == last
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
        nights(settings, tmp_path / "timed", [rows], load_encoder("hashing"), now)


def test_an_import_keeps_every_record() -> None:
    check_import(10, IMPORTED)
    with pytest.raises(MeasurementFailed, match=r"10 of 11 records were stored \(0 rejected"):
        check_import(11, IMPORTED)
    with pytest.raises(MeasurementFailed, match="8 of 10 records"):
        check_import(10, replace(IMPORTED, unchanged=0, updated=2))


@pytest.mark.parametrize(
    ("posts", "vectors", "topics", "line"),
    [
        (999, 999, 0, None),
        (1_000, 1_000, 1, None),
        (1_000, 999, 5, "999 vectors of 1,000 posts"),
        (1_000, 1_000, 0, "no topic was found in 1,000 posts: why"),
    ],
)
def test_a_run_does_all_of_its_work(posts: int, vectors: int, topics: int, line: str) -> None:
    steps = {"index": {"vectors": vectors}, "topics": {"topics": topics, "note": "why"}}
    if line is None:
        check_run(posts, RunResult(steps))
        return
    with pytest.raises(MeasurementFailed, match=line):
        check_run(posts, RunResult(steps))


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
