"""What people send from pages, by forms that need no script."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse

from service.api.bodies import RawBody
from service.api.corrections import CorrectionRequest
from service.api.judgements import readable
from service.api.params import Id
from service.api.problems import clean
from service.api.strict import UNFIT
from service.deps import ClockDep, PageWriter, ServicesDep, SessionRoute
from service.errors import InvalidInput
from service.judgements import TASKS, Given, correct

router = APIRouter(include_in_schema=False, route_class=SessionRoute)
FORM = "application/x-www-form-urlencoded"
NOTE = "note"


@router.post("/posts/{id}/labels")
def post_labels(
    id: Id,
    request: Request,
    actor: PageWriter,
    held: ServicesDep,
    clock: ClockDep,
    raw: RawBody,
) -> RedirectResponse:
    """Give a post the labels that were chosen, and go back to it; to repeat it changes nothing."""
    given, now = _given(_fields(request, raw)), clock()
    with held.database.write() as session:
        post = readable(session, id)
        for one in given:
            correct(session, id, one, now, actor.name)
    return RedirectResponse(f"/threads/{post.thread_id}?post={id}#post-{id}", 303)


def _fields(request: Request, raw: bytes) -> dict[str, str]:
    """Return what was filled in; raise InvalidInput for what is no form of ours."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind != FORM or UNFIT.search(text := raw.decode("ascii")):
            raise ValueError
        pairs = parse_qsl(text, errors="strict", max_num_fields=2 * len(TASKS))
    except ValueError:
        raise InvalidInput("this is no form of a page here") from None
    fields = {name: value for name, value in pairs if value.strip()}
    known = all(name in (*TASKS, NOTE) for name in fields)
    if not known or len(dict(pairs)) < len(pairs) or UNFIT.search("".join(fields.values())):
        raise InvalidInput("this is no form of a page here")
    return fields


def _given(fields: dict[str, str]) -> list[Given]:
    note = fields.get(NOTE)
    try:
        asked = {
            task: CorrectionRequest(label=fields[task].strip(), note=note)
            for task in TASKS
            if task in fields
        }
    except ValidationError as invalid:
        first = invalid.errors()[0]
        raise InvalidInput(clean(f"{first['loc'][0]}: {first['msg']}")) from None
    return [Given(task, body.label, body.note) for task, body in asked.items()]
