"""A few posts that models have scored, the same on every database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from service.db.models import (
    EncoderRow,
    Member,
    Post,
    PostTopic,
    Source,
    Thread,
    Topic,
    TopicFit,
)
from service.db.queries import ids, scores

AT = datetime(2026, 5, 4, tzinfo=UTC)  # a Monday
LABELS = {"sentiment": ("negative", "neutral", "positive"), "hostility": ("civil", "hostile")}
# Text, thread (1 help, 2 lobby, 3 private), member (3 is a bot), deleted; one post an hour.
POSTS = (
    ("this is great", 1, 1, False),
    ("this is bad", 1, 2, False),
    ("this is great", 2, 2, False),
    ("a secret", 3, 1, False),
    ("", 1, 2, True),
    ("build passed", 2, 3, False),
    ("", 2, 1, False),
    ("what is this", 1, 1, False),
)
FIRST, SECOND, THIRD, SECRET, GONE, BOT, EMPTY, LAST = range(1, 9)
SENTIMENT = {
    FIRST: (0.125, 0.25, 0.625),
    SECOND: (0.75, 0.125, 0.125),
    THIRD: (0.125, 0.25, 0.625),
    SECRET: (0.25, 0.5, 0.25),
    BOT: (0.0, 1.0, 0.0),
    LAST: (0.375, 0.375, 0.25),
}


def talk(session: Session) -> list[int]:
    """Add the posts and return their ids, which are 1 to 8 in an empty store."""
    session.add(Source(id=1, name="forum", kind="jsonl", platform="forum", created_at=AT))
    session.add_all(
        Member(id=number, name=name, created_at=AT, is_bot=name == "bot")
        for number, name in enumerate(("Ada", "Bo", "bot"), 1)
    )
    session.flush()
    places = (("help", "public"), ("lobby", "public"), ("help", "private"))
    for number, (channel, visibility) in enumerate(places, 1):
        session.add(
            Thread(
                id=number,
                source_id=1,
                external_id=f"t{number}",
                channel=channel,
                visibility=visibility,
                first_post_at=AT,
                last_post_at=AT,
            )
        )
    session.flush()
    return ids.add(session, Post, [_post(n, *row) for n, row in enumerate(POSTS, 1)])


def _post(number: int, plain: str, thread: int, member: int, gone: bool) -> dict[str, Any]:
    return {
        "source_id": 1,
        "external_id": f"p{number}",
        "thread_id": thread,
        "member_id": member,
        "created_at": AT + timedelta(hours=number),
        "deleted_at": AT + timedelta(days=1) if gone else None,
        "text": plain,
        "plain": plain,
        "content_hash": bytes(16) if gone else hashlib.md5(plain.encode()).digest(),
        "record_hash": bytes(16),
    }


def topic(session: Session, post_ids: Sequence[int]) -> int:
    """Put posts into a topic and return its id."""
    session.add(EncoderRow(id=1, name="e", revision="1", dimensions=2, created_at=AT))
    session.flush()
    session.add(
        TopicFit(id=1, encoder_id=1, model="m", parameters={}, posts=2, outliers=0, fitted_at=AT)
    )
    session.flush()
    zero = np.zeros(2, np.float16)
    session.add(
        Topic(
            id=1, fit_id=1, label="x", words=[], centroid=zero, radius=0.5, representatives=[],
            born_at=AT,
        )
    )  # fmt: skip
    session.flush()
    session.add_all(PostTopic(post_id=id_, topic_id=1, fit_id=1, similarity=1) for id_ in post_ids)
    session.flush()
    return 1


def model(session: Session, task: str, version: str = "1", at: datetime = AT) -> int:
    """Return the id of a model of a task at a version."""
    return scores.add_model(session, task, f"our {task}", version, LABELS[task], at)


def judge(session: Session, task: str, model_id: int, said: Mapping[int, Sequence[float]]) -> None:
    """Write the probabilities that a model gave posts; it abstains below one half."""
    rows = []
    for post_id, values in said.items():
        best = int(np.argmax(values))
        row = {
            "post_id": post_id,
            "task": task,
            "model_id": model_id,
            "label": LABELS[task][best] if values[best] >= 0.5 else None,
            "confidence": float(values[best]),
            "probabilities": np.array(values, dtype=np.float32),
        }
        rows.append(row)
    scores.put_scores(session, rows)


def scored(session: Session) -> tuple[int, int]:
    """Add the posts and what two models say of some; return the models' ids."""
    talk(session)
    sentiment, hostility = model(session, "sentiment"), model(session, "hostility")
    judge(session, "sentiment", sentiment, SENTIMENT)
    judge(session, "hostility", hostility, {FIRST: (0.875, 0.125), SECOND: (0.25, 0.75)})
    return sentiment, hostility
