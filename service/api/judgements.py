"""Judgements: what a post says between the lines, by models and by people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy.orm import Session

from nlp.judgements.labels import LANGUAGE
from nlp.judgements.reading import parts, reading
from service import judgements
from service.api.params import Id
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.queries import corrections, posts, scores
from service.db.queries.corrections import CorrectionRow
from service.db.queries.posts import PostRow
from service.db.queries.scores import ScoreRow
from service.deps import ReadSession
from service.errors import InvalidInput, NotFound
from service.judgements import DIGITS, TASKS, hostility

router = APIRouter(prefix="/posts/{id}/judgements", tags=["judgements"], route_class=StrictRoute)


def _task(text: str) -> str:
    try:
        return judgements.check_task(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from None


Task = Annotated[
    str,
    AfterValidator(_task),
    Path(description="What is judged.", json_schema_extra={"enum": list(TASKS)}),
]


class JudgementOut(BaseModel):
    """What is held of one task on a post."""

    task: str = Field(description=f"{', '.join(f'`{task}`' for task in TASKS)}.")
    label: str | None = Field(
        description="The label in force: a person's, else the model's; null where the model "
        "abstained."
    )
    by: Literal["person", "model"] = Field(description="Whose label that is.")
    model_label: str | None = Field(description="The model's label; null where it abstained.")
    confidence: float | None = Field(
        description="The model's probability of the label that it names, or would have named where "
        "it abstained; of `hostility`, of civil or of not civil. 0 where it could read nothing."
    )
    score: float | None = Field(
        description="Of `hostility`, how hostile the model finds the post: 1 minus its probability "
        "of civil, also where it abstained. Null where it could read nothing, and of other tasks."
    )
    aimed_at_person: float | None = Field(
        description="Of `hostility`, the model's probability that it is at a person or group, if "
        "there is any. Null where `score` is null or 0, and of a model without such a label."
    )
    probabilities: dict[str, float] = Field(
        description="The model's, by label; of languages, those above 0."
    )
    model: str | None = Field(description="Null where only a person has judged.")
    version: str | None = Field(description="Of the model.")
    used_since: datetime | None = Field(description="When the model was taken up.")
    corrected_by: str | None = Field(description="A key by its name, or `local`.")
    corrected_at: datetime | None
    note: str | None = Field(description="What that person noted.")


class JudgementList(BaseModel):
    """What is held of a post."""

    data: list[JudgementOut] = Field(
        description="By task; a task that nobody has looked at is left out."
    )
    next_cursor: None = Field(None, description="Always null: there is one page.")
    post: int = Field(description="The id of the post.")
    parts: int = Field(
        description="In how many parts the packaged judges read it: 1, more where it is long, 0 "
        "where it has no words. At most 8: the start, the end, and evenly from between."
    )


@router.get("", operation_id="list_judgements", responses=documented(NotFound))
def list_judgements(id: Id, session: ReadSession) -> JudgementList:
    """What a post says between the lines: labels in force, and what the models give for them."""
    post = readable(session, id)
    data = [present(*found) for found in held_of(session, id)]
    return JudgementList(data=data, post=id, parts=len(parts(reading(post.plain))))


def readable(session: Session, id_: int) -> PostRow:
    """Return a post that anyone may read; raise NotFound for any other."""
    row = posts.by_ids(session, [id_]).get(id_)
    if row is None:
        raise NotFound(f"there is no post {id_}")
    return row


def held_of(session: Session, id_: int) -> list[tuple[ScoreRow, CorrectionRow | None]]:
    """Return what is held of each task on a post, each with the correction that counts."""
    rows = {row.task: row for row in reversed(corrections.history(session, id_))}
    found = {row.task: row for row in scores.of_posts(session, [id_]).get(id_, [])}
    return [(found[task], rows.get(task)) for task in TASKS if task in found]


def present(row: ScoreRow, correction: CorrectionRow | None) -> JudgementOut:
    """Return what is held of one task as the API gives it."""
    shares = {label: round(share, DIGITS) for label, share in row.probabilities.items()}
    if row.task == LANGUAGE:
        shares = {label: share for label, share in shares.items() if share}
    score, aimed = hostility(row.task, row.confidence, row.probabilities)
    return JudgementOut(
        task=row.task,
        label=row.label,
        by="person" if correction else "model",
        model_label=row.model_label,
        confidence=row.confidence,
        score=score,
        aimed_at_person=aimed,
        probabilities=shares,
        model=row.model,
        version=row.version,
        used_since=row.used_since,
        corrected_by=correction.actor if correction else None,
        corrected_at=correction.created_at if correction else None,
        note=correction.note if correction else None,
    )
