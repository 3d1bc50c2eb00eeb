"""Judges: which models judge posts, how often people agree, and posts to find that out by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from nlp.judgements.labels import TASKS as LABELS
from service.api.judgements import Task
from service.api.params import Query
from service.api.posts import PostOut, present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.models import ScoreModel
from service.db.queries import corrections, posts, scores
from service.db.queries.corrections import Agreement
from service.db.queries.scores import ScoreCount
from service.deps import ReadSession
from service.insights.agreement import LEVEL, agreed
from service.judgements import TASKS

router = APIRouter(prefix="/judgements", tags=["judgements"], route_class=StrictRoute)
SEEDS = 2**31 - 1


class CellOut(BaseModel):
    """How many posts the model gave one label and a person one."""

    model_label: str | None = Field(description="Null where the model abstained.")
    label: str = Field(description="What people say now.")
    posts: int


class AgreementOut(BaseModel):
    """How often people agree with a judge."""

    reviewed: int = Field(description="Posts with a label by the judge and one by a person.")
    agreeing: int = Field(description="Of these, those where the two are equal.")
    abstained: int = Field(description="Posts that a person labelled and the judge did not.")
    share: float | None = Field(description="Agreeing of reviewed; null where none was.")
    low: float | None = Field(description="Lower end of its interval (Wilson).")
    high: float | None = Field(description="Upper end of its interval.")
    confusion: list[CellOut] = Field(description="All labels of the judge against people's.")


class JudgeOut(BaseModel):
    """The model in force for one task."""

    task: str
    model: str
    version: str
    labels: list[str]
    used_since: datetime
    posts: int = Field(description="How many posts it has judged.")
    abstained: int = Field(description="On how many of these it gave no label.")
    earlier: int = Field(description="Posts that still have the label of an earlier model.")
    sampled: AgreementOut = Field(
        description="On posts of the random sample: this is the judge's measured accuracy."
    )
    chosen: AgreementOut = Field(
        description="On posts that people picked themselves. They pick what they see to be wrong: "
        "the judge is better than this share says."
    )


class JudgeList(BaseModel):
    """The judges in force."""

    data: list[JudgeOut] = Field(description="By task; a task without a judge is left out.")
    next_cursor: None = Field(None, description="Always null: there is one page.")
    level: float = Field(description="How often the intervals hold the true share.")


class SampleList(BaseModel):
    """Posts to be labelled, without what the model says of them, so that nobody is led."""

    data: list[PostOut]
    next_cursor: None = Field(None, description="Always null: label these, then ask again.")
    task: str
    labels: list[str] = Field(description="What to choose from; empty for `language`.")


class SampleQuery(Query):
    """How many posts, in which order."""

    limit: int = Field(20, ge=1, le=200, description="How many at most.")
    seed: int = Field(0, ge=0, le=SEEDS, description="The same seed gives the same order.")


@router.get("", operation_id="list_judges", responses=documented())
def list_judges(query: Annotated[Query, QueryParams()], session: ReadSession) -> JudgeList:
    """The judges in force: how much each has judged, and how often people agree with it.

    Agreement is of the version in force, with what it said when the person looked.
    """
    counts = scores.counts(session)
    judges = [scores.newest_model(session, task) for task in TASKS]
    data = [_present(session, judge, counts) for judge in judges if judge]
    return JudgeList(data=data, level=LEVEL)


@router.get("/{task}/sample", operation_id="sample_posts", responses=documented())
def sample_posts(
    task: Task, query: Annotated[SampleQuery, QueryParams()], session: ReadSession
) -> SampleList:
    """Posts at random that nobody has labelled: label them with `sampled` set.

    They come from all that a model has judged and anyone may read.
    """
    ids = corrections.sample(session, task, query.limit, query.seed)
    rows = posts.by_ids(session, ids)
    data = present(session, [rows[id_] for id_ in ids if id_ in rows])
    return SampleList(data=data, task=task, labels=list(LABELS.get(task, ())))


def _present(session: Session, judge: ScoreModel, counts: Sequence[ScoreCount]) -> JudgeOut:
    own = [row for row in counts if row.task == judge.task]
    force = [row for row in own if (row.model, row.version) == (judge.name, judge.version)]
    posts_ = sum(row.posts for row in force)
    told = [
        row
        for row in corrections.agreement(session, judge.task)
        if (row.model, row.version) == (judge.name, judge.version)
    ]
    return JudgeOut(
        task=judge.task,
        model=judge.name,
        version=judge.version,
        labels=judge.labels,
        used_since=judge.created_at,
        posts=posts_,
        abstained=sum(row.abstained for row in force),
        earlier=sum(row.posts for row in own) - posts_,
        sampled=_agreement([row for row in told if row.sampled]),
        chosen=_agreement([row for row in told if not row.sampled]),
    )


def _agreement(rows: Sequence[Agreement]) -> AgreementOut:
    found = agreed((row.model_label, row.label, row.posts) for row in rows)
    cells = [CellOut(model_label=row.model_label, label=row.label, posts=row.posts) for row in rows]
    return AgreementOut(
        reviewed=found.reviewed,
        agreeing=found.agreeing,
        abstained=found.abstained,
        share=_short(found.share),
        low=_short(found.low),
        high=_short(found.high),
        confusion=cells,
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
