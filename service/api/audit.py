"""The audit: who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Query as QueryParams
from pydantic import BaseModel, ConfigDict, Field

from service.api import cursors
from service.api.params import Page, PageQuery
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.queries import audit
from service.deps import ReadSession, require
from service.errors import BadCursor

router = APIRouter(
    prefix="/audit",
    tags=["audit"],
    dependencies=[Depends(require("admin"), scope="function")],
    route_class=StrictRoute,
)


class AuditOut(BaseModel):
    """One write."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor: str = Field(description="A key by its name, `local`, or a job.")
    action: str
    target: str
    detail: dict[str, Any]


class AuditList(Page[AuditOut]):
    """A page of the audit."""


@router.get("", operation_id="list_audit", responses=documented(BadCursor))
def list_audit(query: Annotated[PageQuery, QueryParams()], session: ReadSession) -> AuditList:
    """Every write, newest first. Needs the scope `admin`."""
    bound = cursors.scope("audit", query)
    start = cursors.number(cursors.decode(bound, query.cursor))
    rows = audit.newest_first(session, query.limit + 1, start)
    shown, after = cursors.page(rows, query.limit, bound, lambda row: (row.id,))
    return AuditList(data=[AuditOut.model_validate(row) for row in shown], next_cursor=after)
