"""Whether the service lives, and whether it can answer."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from indexes.errors import IndexFault
from nlp.errors import NlpError
from service.api.problems import Check, described, respond
from service.deps import IsReader, Services, ServicesDep
from service.errors import GroundswellError
from service.web.render import error_page

router = APIRouter(tags=["operations"])


class NotReady(GroundswellError):
    """Something that requests need is not there."""

    status = 503
    code = "not_ready"
    title = "Not ready"


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """Everything that requests need is there."""

    status: Literal["ready"] = "ready"
    checks: list[Check]


@router.get("/livez", operation_id="get_livez")
async def get_livez() -> Alive:
    """Whether the process answers. Looks at nothing else."""
    return Alive()


@router.get(
    "/readyz", operation_id="get_readyz", response_model=Ready, responses=described(NotReady)
)
def get_readyz(request: Request, held: ServicesDep, known: IsReader) -> Ready | Response:
    """Whether requests can be answered: the database and its schema, and the index.

    Where keys are needed, the state of the index is told in full to those with a key.
    """
    checks = [_database(held)]
    index = _index(held) if checks[0].ok else _unknown()
    # What is wrong, and the encoder, may name folders of this machine.
    checks.append(index if known or not checks[0].ok else _brief(index))
    if all(check.ok for check in checks):
        return Ready(checks=checks)
    said = "; ".join(f"{check.name}: {check.detail}" for check in checks if not check.ok)
    return respond(request, NotReady(said), error_page, checks=checks)


def _database(held: Services) -> Check:
    try:
        held.schema.check()
    except GroundswellError as error:
        return Check(name="database", ok=False, detail=str(error))
    return Check(name="database", ok=True, detail="its schema is this version's")


def _index(held: Services) -> Check:
    try:
        with held.database.read() as session:
            status = held.searcher.status(session)
    except (GroundswellError, NlpError, IndexFault) as error:
        return Check(name="index", ok=False, detail=str(error))
    if not status.ready:
        return Check(name="index", ok=False, detail=status.reason or "not ready")
    held_posts = f"{status.posts:,} posts by {status.encoder}, {status.behind:,} behind"
    return Check(name="index", ok=True, detail=held_posts)


def _brief(check: Check) -> Check:
    detail = "it answers" if check.ok else "it does not answer; `groundswell doctor` says why"
    return check.model_copy(update={"detail": detail})


def _unknown() -> Check:
    return Check(name="index", ok=False, detail="not looked at: the database comes first")
