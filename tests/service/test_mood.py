"""Mood told of a store in which one subject turned sour four weeks ago."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from nlp.judgements.head import read_card
from nlp.judgements.panel import card_of
from nlp.judgements.shelf import PACKAGED
from service.db.models import (
    EncoderRow,
    Member,
    Post,
    PostTopic,
    ScoreModel,
    Source,
    Thread,
    Topic,
    TopicFit,
)
from service.db.queries import corrections, scores
from service.db.session import Database
from service.errors import NothingRun
from service.insights import mood as insights
from service.mood import By, Mood, errors_of, mood

END = datetime(2026, 3, 2, tzinfo=UTC)
LABELS = ("negative", "neutral", "positive")
POSTS = 600
VECTOR = np.ones(2, dtype=np.float16)
SURE = {name: np.float16(np.where(np.arange(3) == place, 0.9, 0.05))
        for place, name in enumerate(LABELS)}  # fmt: skip


def label_of(number: int, at: datetime) -> str:
    """Themes are praised until four weeks before END and scolded since; the rest is even."""
    if number % 3 == 0:
        return "negative" if at >= END - timedelta(days=28) else "positive"
    return LABELS[number // 3 % 3]


@pytest.fixture
def store(database: Database, now: datetime) -> Iterator[Session]:
    """Eight weeks of 600 posts, a third on themes; a tenth unread, another tenth in doubt."""
    with database.write() as session:
        session.add(Source(id=1, name="forum", kind="jsonl", platform="forum", created_at=now))
        session.add(Member(id=1, name="Ada", created_at=now))
        session.add(EncoderRow(id=1, name="none", revision="1", dimensions=2, created_at=now))
        session.flush()
        session.add(TopicFit(id=1, encoder_id=1, model="none", parameters={}, posts=0, outliers=0,
                             fitted_at=now))  # fmt: skip
        session.flush()
        for number, name in enumerate(("Themes", "Plugins", "Rare words"), 1):
            session.add(Topic(id=number, fit_id=1, label=name, words=[], centroid=VECTOR, radius=1,
                              representatives=[], born_at=now))  # fmt: skip
            session.add(Thread(
                id=number, source_id=1, external_id=str(number), channel=name.lower(),
                first_post_at=now, last_post_at=now,
            ))  # fmt: skip
        session.flush()
        _talk(session, now)
    with database.read() as session:
        yield session


def _talk(session: Session, now: datetime) -> None:
    model = scores.add_model(session, "sentiment", "judge", "1", LABELS, now)
    rows = []
    for number in range(POSTS):
        at = END - timedelta(days=56) * (1 - number / POSTS)
        place = 1 if number % 3 == 0 else 3 if number % 60 == 1 else 2
        session.add(Post(
            id=number + 1, source_id=1, external_id=str(number), thread_id=place, member_id=1,
            created_at=at, text="x", plain="x", content_hash=bytes(16), record_hash=bytes(16),
        ))  # fmt: skip
        label = label_of(number, at)
        rows.append({
            "post_id": number + 1, "task": "sentiment", "model_id": model,
            "confidence": 0.0 if number % 10 == 0 else 0.9,
            "label": None if number % 10 < 2 else label, "probabilities": SURE[label],
        })  # fmt: skip
    session.flush()
    for number in range(POSTS):
        place = 1 if number % 3 == 0 else 3 if number % 60 == 1 else 2
        session.add(PostTopic(post_id=number + 1, topic_id=place, fit_id=1, similarity=0.5))
    scores.put_scores(session, rows)


def told(session: Session, by: By, **more: object) -> Mood:
    values: dict[str, object] = {"weeks": 4, "as_of": END, "now": END, "stale_after_days": 2}
    return mood(session, by=by, **(values | more))  # type: ignore[arg-type]


def test_the_topic_that_turned_has_arrows_and_no_other(store: Session) -> None:
    found = told(store, By.TOPIC)
    assert [(row.id, row.name) for row in found.segments] == [(2, "Plugins"), (1, "Themes")]
    plugins, themes = found.segments
    assert (themes.posts, themes.posts_before) == (90, 90)
    assert [share.direction for share in themes.shares] == ["up", None, "down"]
    assert [share.direction for share in plugins.shares] == [None] * 3
    sour = themes.shares[0]
    assert sour.label == "negative"
    assert sour.low > 0.6
    assert sour.difference is not None
    assert sour.difference > 0.5
    assert sum(share.share for share in themes.shares) == pytest.approx(1, abs=1e-3)


def test_what_is_counted_is_told(store: Session) -> None:
    found = told(store, By.TOPIC)
    assert (found.judged, found.unread, found.corrected) == (270, 30, 0)
    assert found.too_small == 1
    assert (found.task, found.model, found.model_version) == ("sentiment", "judge", "1")
    assert found.data_as_of == END - timedelta(days=56) / POSTS
    assert [row.name for row in told(store, By.TOPIC, limit=1).segments] == ["Plugins"]


def test_one_topic_alone_is_told_as_it_is_among_all(
    store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = told(store, By.TOPIC).segments
    made: list[object] = []
    drawn = insights._drawn
    monkeypatch.setattr(insights, "_drawn", lambda *given: made.append(1) or drawn(*given))
    for one in whole:
        assert told(store, By.TOPIC, only=one.id).segments == (one,)
    assert len(made) == 4, "each before and after, and nothing of the other topics"
    assert told(store, By.TOPIC, only=99).segments == ()
    assert told(store, By.CHANNEL, only="themes").segments[0].posts == 90


def test_channels_of_two_sources_are_kept_apart(store: Session, database: Database) -> None:
    alike = told(store, By.CHANNEL).segments
    with database.write() as session:
        session.add(Source(id=2, name="chat", kind="jsonl", platform="chat", created_at=END))
        session.flush()
        facts = {"source_id": 2, "first_post_at": END, "last_post_at": END}
        session.add(Thread(id=4, external_id="4", channel="themes", **facts))
        session.add(Thread(id=5, external_id="5", channel="plugins", visibility="private", **facts))
        session.flush()
        late = Post.created_at >= END - timedelta(days=28)
        moved = update(Post).where(Post.thread_id == 1, late).values(thread_id=4)
        session.execute(moved)
    with database.read() as session:
        found = told(session, By.CHANNEL)
    assert [(row.id, row.name, row.posts, row.posts_before) for row in found.segments] == [
        ("plugins", "plugins", alike[0].posts, alike[0].posts_before),
        ("chat · themes", "chat · themes", 90, 0),
    ]
    before = found.too_small
    with database.read() as session:
        found = told(session, By.CHANNEL, as_of=END - timedelta(days=28))
    assert "forum · themes" in [row.id for row in found.segments], "whatever the time"
    assert before == 1


def test_channels_go_by_name(store: Session) -> None:
    found = told(store, By.CHANNEL)
    assert [row.id for row in found.segments] == ["plugins", "themes"]
    assert found.segments[1].shares[0].direction == "up"


def test_weeks_go_from_the_oldest_and_each_against_the_one_before(store: Session) -> None:
    found = told(store, By.WEEK, weeks=6)
    assert [row.name for row in found.segments][::5] == [
        "2026-01-19 to 2026-01-26",
        "2026-02-23 to 2026-03-02",
    ]
    arrows = [row.shares[0].direction for row in found.segments]
    assert arrows == [None, None, "up", None, None, None]
    assert [row.posts_before for row in found.segments][1:] == [
        row.posts for row in found.segments
    ][:-1]


def test_everything_is_one_segment(store: Session) -> None:
    [whole] = told(store, By.ALL).segments
    assert (whole.id, whole.posts, whole.posts_before) == ("all", 270, 270)
    assert whole.shares[0].direction == "up"


def test_a_person_is_believed_also_where_the_model_could_not_read(
    store: Session, database: Database
) -> None:
    with database.write() as session:
        for post in range(301, POSTS + 1, 3):
            for label in ("negative", "neutral"):
                corrections.add(session, post, "sentiment", label, "ada", None, False, END)
    with database.read() as session:
        found = told(session, By.CHANNEL)
    themes = next(row for row in found.segments if row.id == "themes")
    assert (found.corrected, found.unread, themes.posts) == (100, 20, 100)
    assert themes.shares[1].share > 0.95
    assert themes.shares[1].direction == "up"


def test_an_earlier_time_sees_no_later_post(store: Session) -> None:
    found = told(store, By.TOPIC, as_of=END - timedelta(days=28))
    assert found.judged == 270
    assert [share.direction for share in found.segments[0].shares] == [None] * 3
    assert found.segments[1].posts_before == 0
    assert found.segments[1].shares[0].difference is None


def test_what_has_not_been_judged_is_named(database: Database, now: datetime) -> None:
    with database.read() as session, pytest.raises(NothingRun, match="groundswell import"):
        told(session, By.ALL, as_of=None)
    with database.read() as session, pytest.raises(NothingRun, match="groundswell run"):
        told(session, By.ALL)


def test_a_task_without_posts_in_the_time_is_empty(store: Session) -> None:
    found = told(store, By.TOPIC, as_of=END - timedelta(days=400))
    assert (found.segments, found.judged, found.data_as_of) == ((), 0, None)
    assert told(store, By.WEEK, as_of=END - timedelta(days=400)).segments == ()


@pytest.mark.parametrize("task", ["sentiment", "emotion", "hostility", "intent"])
def test_error_rates_are_those_of_the_very_judge(task: str) -> None:
    card = read_card(PACKAGED, task)
    judge = card_of(card)
    counts = errors_of(task, judge.name, judge.version)
    assert counts is not None
    assert counts.tolist() == card.about["confusion"]
    assert counts.shape == (len(judge.labels),) * 2
    assert errors_of(task, judge.name, f"{card.version}-0000.{judge.version[-1]}") is None
    assert errors_of(task, judge.name, card.version) is None
    assert errors_of(task, "another", judge.version) is None


def test_a_task_that_nobody_packages_has_no_error_rates() -> None:
    assert errors_of("mischief", "judge", "1") is None


def test_of_the_packaged_judge_neutral_posts_may_be_plainer(
    store: Session, database: Database
) -> None:
    before = {share.label: share for share in told(store, By.ALL).segments[0].shares}
    judge = card_of(read_card(PACKAGED, "sentiment"))
    with database.write() as session:
        session.execute(
            update(ScoreModel).values(name=judge.name, version=judge.version, prior=judge.prior)
        )
    with database.read() as session:
        found = told(session, By.ALL)
    assert (found.model, found.model_version) == (judge.name, judge.version)
    after = {share.label: share for share in found.segments[0].shares}
    assert after["neutral"].share == pytest.approx(before["neutral"].share, abs=0.1)
    for label in ("negative", "positive"):
        width = before[label].high - before[label].low
        assert after[label].high - after[label].low > 1.5 * width
