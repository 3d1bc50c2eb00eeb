"""`mood` on a store whose posts were judged: tables for people, one document for machines."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import orjson
import pytest
from sqlalchemy import select

from jobs.commands.mood import bar, cell
from service.db.models import Post, Thread
from service.db.queries import scores
from service.db.session import Database
from service.mood import Share
from tests.jobs.community import START, records
from tests.jobs.conftest import Import, Run

LABELS = ("negative", "neutral", "positive")


@pytest.fixture
def judged(bring: Import, database: Database, now: datetime) -> None:
    """A community in which sync makes everybody angry in the last 28 days, and nothing else."""
    bring(records(each=140, burst=0))
    turned = START + timedelta(days=61)
    with database.write() as session:
        model = scores.add_model(session, "sentiment", "judge", "1", LABELS, now)
        found = session.execute(
            select(Post.id, Post.created_at, Thread.channel)
            .join(Thread, Thread.id == Post.thread_id)
            .order_by(Post.created_at, Post.external_id)
        )
        rows = []
        for number, (post, made, channel) in enumerate(found):
            place = 0 if channel == "sync-room" and made >= turned else number % 3
            sure = np.where(np.arange(3) == place, 0.9, 0.05).astype(np.float16)
            rows.append({
                "post_id": post, "task": "sentiment", "model_id": model, "confidence": 0.9,
                "label": LABELS[place], "probabilities": sure,
            })  # fmt: skip
        scores.put_scores(session, rows)


@pytest.mark.usefixtures("judged")
def test_channels_are_shown_with_arrows_where_they_turned(groundswell: Run) -> None:
    code, out, _ = groundswell("mood", "--by", "channel")
    assert code == 0
    assert out.startswith("sentiment by channel, 4 weeks to 2024-05-")
    lines = {line.split()[0]: line for line in out.splitlines() if "-room" in line}
    assert set(lines) == {"sync-room", "export-room", "plugin-room", "theme-room"}
    assert "▲" in lines["sync-room"]
    assert "▲" not in lines["theme-room"] + lines["export-room"] + lines["plugin-room"]
    assert len(groundswell("mood", "--by", "channel", "--limit", "1")[1].splitlines()) == 3


@pytest.mark.usefixtures("judged")
def test_one_document_has_it_all(groundswell: Run) -> None:
    found = orjson.loads(groundswell("mood", "--by", "week", "--weeks", "3", "--json")[1])
    assert (found["by"], found["weeks"], len(found["segments"])) == ("week", 3, 3)
    assert found["judged"] == sum(row["posts"] for row in found["segments"])
    [first, *_] = found["segments"][0]["shares"]
    assert first["label"] == "negative"
    assert first["low"] <= first["share"] <= first["high"]


@pytest.mark.usefixtures("judged")
def test_few_posts_are_said_to_be_few(groundswell: Run) -> None:
    out = groundswell("mood", "--by", "week", "--weeks", "1", "--as-of", "2024-03-02")[1]
    assert "1 with fewer than 20 posts are not shown" in out
    assert "too few posts to say anything" in out


def test_what_is_missing_is_named(groundswell: Run, bring: Import) -> None:
    code, _, error = groundswell("mood")
    assert (code, "groundswell import" in error) == (1, True)
    bring(records()[:30])
    code, _, error = groundswell("mood")
    assert (code, "groundswell run" in error) == (1, True)
    assert groundswell("mood", "--by", "smell")[0] == 2
    assert groundswell("mood", "--weeks", "0")[0] == 2


def test_a_cell_and_a_bar() -> None:
    share = Share("negative", 0.312, 0.27, 0.351, 0.1, "up")
    assert cell(share) == "31 % (27-35) ▲"
    assert cell(Share("negative", 0.312, 0.27, 0.351, None, None)) == "31 % (27-35)"
    assert bar([0.25, 0.5, 0.25], 8) == "██▒▒▒▒░░"
    assert len(bar([0.333, 0.333, 0.334])) == 24
