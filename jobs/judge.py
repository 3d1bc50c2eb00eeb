"""Step `judge`: what posts say between the lines, where a judge in force has not read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from jobs.encode import Progress
from nlp.judgements import JudgeCard, Panel, Verdicts
from service.db.queries import scores
from service.db.queries.embeddings import PendingText
from service.db.queries.scores import Said
from service.db.session import Database

CHUNK = 2_048
# No model has this id: every post lacks a score by it.
UNUSED = -1


@dataclass(frozen=True, slots=True)
class JudgeResult:
    """Posts that were judged, distinct texts read for them, and by task how many got no label."""

    posts: int
    texts: int
    abstained: dict[str, int]


def judge(
    database: Database,
    cards: Mapping[str, JudgeCard],
    load_panel: Callable[[], Panel],
    *,
    now: datetime,
    progress: Progress | None = None,
) -> JudgeResult:
    """Judge every post that lacks a score by any of these judges. They are loaded if one does.

    Each batch is its own transaction and the models run outside of it: a killed run loses at most
    the batch it was at. A score by an older version stays until the new one is written.
    """
    if not cards:
        return JudgeResult(0, 0, {})
    with database.read() as session:
        known = [scores.model_id(session, c.task, c.name, c.version) for c in cards.values()]
        total = scores.pending_count(session, [UNUSED if id_ is None else id_ for id_ in known])
    # Loaded before they are written down: one that is damaged must not come into force.
    panel = load_panel() if total else None
    with database.write() as session:
        models = {task: _taken_up(session, card, now) for task, card in cards.items()}
    done, texts, last = 0, 0, None
    abstained = dict.fromkeys(cards, 0)
    while panel and (chunk := _read(database, list(models.values()), last)):
        texts += _judge_chunk(database, models, panel, chunk, abstained)
        done, last = done + len(chunk), chunk[-1]
        if progress:
            progress(done, total)
    return JudgeResult(done, texts, abstained)


def _taken_up(session: Session, card: JudgeCard, now: datetime) -> int:
    named = (card.task, card.name, card.version, card.labels)
    return scores.add_model(session, *named, now, prior=card.prior)


def _read(database: Database, models: list[int], last: PendingText | None) -> list[PendingText]:
    with database.read() as session:
        return scores.pending_texts(session, models, CHUNK, last)


def _judge_chunk(
    database: Database,
    models: Mapping[str, int],
    panel: Panel,
    chunk: list[PendingText],
    abstained: dict[str, int],
) -> int:
    """Write the scores of a chunk; texts that other posts share are not read again."""
    wanted = list(models.values())
    with database.read() as session:
        said = scores.known_scores(session, wanted, [post.content_hash for post in chunk])
    said = {text: found for text, found in said.items() if len(found) == len(models)}
    texts = {post.content_hash: post.plain for post in chunk if post.content_hash not in said}
    verdicts = panel.judge(list(texts.values())) if texts else {}
    for row, text in enumerate(texts):
        said[text] = {models[task]: _said(found, row) for task, found in verdicts.items()}
    with database.write() as session:
        # An import may have edited or withdrawn a post while the models ran.
        kept = scores.unchanged(session, chunk)
        rows = [
            _score(post.post_id, task, model, said[post.content_hash][model])
            for post in kept
            for task, model in models.items()
        ]
        scores.put_scores(session, rows)
    for score in rows:
        abstained[score["task"]] += score["label"] is None
    return len(texts)


def _said(found: Verdicts, row: int) -> Said:
    return (
        found.label(row),
        float(found.confidence[row]),
        found.probabilities[row].astype(np.float16),
    )


def _score(post: int, task: str, model: int, said: Said) -> dict[str, Any]:
    label, confidence, probabilities = said
    return {
        "post_id": post,
        "model_id": model,
        "task": task,
        "label": label,
        "confidence": round(confidence, 4),
        "probabilities": probabilities,
    }
