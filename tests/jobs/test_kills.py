"""Twenty kills at random moments of `groundswell run` lose nothing and double nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text

from indexes.store import read
from jobs.load import load
from nlp.encoders import load as load_encoder
from service.db.models import Embedding, IndexBuild, Post, PostTopic
from service.db.session import Database
from service.settings import Settings
from tests.jobs.community import records, write

KILLS = 20
SEED = 20
LONGEST_SECONDS = 6.0


def start(settings: Settings) -> subprocess.Popen[bytes]:
    """Start `groundswell run` on the store."""
    environment = os.environ | {
        "GROUNDSWELL_DATA_DIR": str(settings.data_dir),
        "GROUNDSWELL_ENCODER": settings.encoder,
    }
    command = [sys.executable, "-c", "from jobs.cli import main; main()", "run"]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def kill_at(settings: Settings, seconds: float) -> bool:
    """Kill a run after some seconds; return whether it was still going."""
    process = start(settings)
    time.sleep(seconds)
    going = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return going


@pytest.mark.slow
def test_twenty_kills(
    database: Database, settings: Settings, now: datetime, tmp_path: Path
) -> None:
    rows = records(each=500)
    chance = random.Random(SEED)
    chance.shuffle(rows)
    size = -(-len(rows) // KILLS)
    met = 0
    for number in range(KILLS):
        part = write(tmp_path / f"part{number}.jsonl", rows[number * size : (number + 1) * size])
        load(database, "jsonl", part, settings, now=now, source="archive", actor="test")
        met += kill_at(settings, chance.uniform(0.5, LONGEST_SECONDS))
    assert met >= KILLS // 2, "the kills came too late to meet a run"
    last = start(settings)
    output, _ = last.communicate(timeout=120)
    assert last.returncode == 0, output
    check_whole(database, settings, len(rows))


def check_whole(database: Database, settings: Settings, posts: int) -> None:
    """Assert that each post is there once, with its vector, topic and place in the index."""
    encoder = load_encoder(settings.encoder)
    with database.read() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        assert session.scalar(select(func.count(func.distinct(Post.external_id)))) == posts
        pairs = session.execute(
            select(Post.id, Post.plain, Embedding.vector)
            .join(Embedding, Embedding.post_id == Post.id)
            .order_by(Post.id)
        ).all()
        ids = sorted(session.scalars(select(Post.id)))
        placed = sorted(session.scalars(select(PostTopic.post_id)))
        build = session.scalars(select(IndexBuild)).one()
    assert len(ids) == posts
    assert [row.id for row in pairs] == ids == placed
    expected = encoder.encode([row.plain for row in pairs]).astype(np.float16)
    np.testing.assert_array_equal(np.stack([row.vector for row in pairs]), expected)
    index, _ = read(settings.index_dir, build.generation, build.sha256)
    assert index.ids().tolist() == ids
    probe = expected[:50].astype(np.float32)
    nearest = index.search(probe, 1)
    assert (nearest.scores[:, 0] > 0.999).all()
    assert [path.name for path in settings.index_dir.iterdir()] == [build.generation]
