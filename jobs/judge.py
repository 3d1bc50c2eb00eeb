"""Step `judge`: what posts say between the lines, where a judge in force has not read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from jobs.encode import Progress
from nlp.judgements import JudgeCard, Panel, Verdicts
from nlp.judgements.labels import LANGUAGE
from service.db.queries import scores
from service.db.queries.embeddings import PendingText
from service.db.queries.scores import Said
from service.db.session import Database

# Larger than a chunk to encode: parts are read beside those of equal length only.
CHUNK = 4_096


@dataclass(frozen=True, slots=True)
class JudgeResult:
    """Posts that were judged, distinct texts read for them, and by task how many got no label."""

    posts: int
    texts: int
    abstained: dict[str, int]


def judge(
    database: Database,
    cards: Mapping[str, JudgeCard],
    load_panel: Callable[[Collection[str]], Panel],
    *,
    now: datetime,
    progress: Progress | None = None,
) -> JudgeResult:
    """Judge every post that lacks a score by any of these judges at the start, by those it lacks.

    Where one of them tells the language, which the others go by, all judge the post. `load_panel`
    is asked for the judges of some tasks, once for each set of tasks that posts lack together: a
    judge that no post needs is not asked for. Each batch is its own transaction and the models
    run outside of it: a killed run loses at most the batch it was at. A score by an older version
    stays until the new one is written. What posts lack that are edited meanwhile is looked up once
    more at the end: where no post lacked that at the start, they are judged in the same call.
    """
    if not cards:
        return JudgeResult(0, 0, {})
    with database.read() as session:
        models = _known(session, cards)
    total, lacks = _lacks(database, models)
    others = [task for task in cards if task not in chain(*lacks)]
    with database.write() as session:
        models |= {task: _taken_up(session, cards[task], now) for task in others}
    done, texts, abstained = 0, 0, dict.fromkeys(cards, 0)
    for lacking in chain(lacks, _late(database, models, lacks)):
        tasks = list(cards) if LANGUAGE in lacking else lacking
        # Loaded before they are written down: one that is damaged must not come into force.
        panel = load_panel(tasks)
        with database.write() as session:
            models |= {task: _taken_up(session, cards[task], now) for task in tasks}
        asked = {task: models[task] for task in tasks}
        last: PendingText | None = None
        while chunk := _read(database, models, lacking, last):
            texts += _judge_chunk(database, asked, panel, chunk, abstained)
            done, last = done + len(chunk), chunk[-1]
            if progress:
                progress(done, max(done, total))
    return JudgeResult(done, texts, abstained)


def _known(session: Session, cards: Mapping[str, JudgeCard]) -> dict[str, int]:
    """Return the judges' ids by task; one that was never used gets one that no model has."""
    return {
        task: scores.model_id(session, task, card.name, card.version) or -place
        for place, (task, card) in enumerate(cards.items(), 1)
    }


def _lacks(database: Database, models: Mapping[str, int]) -> tuple[int, list[list[str]]]:
    """Return how many posts lack a score, and of which tasks together.

    Few tasks first: what they say is then there for posts of equal words that lack more.
    """
    every = list(models.values())
    with database.read() as session:
        count = scores.pending_count(session, every)
        sets = scores.pending_sets(session, every) if count else []
    return count, [[task for task in models if models[task] in some] for some in sets]


def _late(
    database: Database, models: Mapping[str, int], tried: list[list[str]]
) -> Iterator[list[str]]:
    """Yield the tasks that posts lack together when asked, where that was not tried before."""
    if tried:
        _, lacks = _lacks(database, models)
        yield from (some for some in lacks if some not in tried)


def _taken_up(session: Session, card: JudgeCard, now: datetime) -> int:
    named = (card.task, card.name, card.version, card.labels)
    return scores.add_model(session, *named, now, prior=card.prior)


def _read(
    database: Database,
    models: Mapping[str, int],
    lacking: Collection[str],
    last: PendingText | None,
) -> list[PendingText]:
    every, some = list(models.values()), [models[task] for task in lacking]
    with database.read() as session:
        return scores.pending_texts(session, every, some, CHUNK, last)


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
        said[text] = {model: _said(verdicts[task], row) for task, model in models.items()}
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
