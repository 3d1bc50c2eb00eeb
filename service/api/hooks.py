"""Webhooks that Discourse, GitHub and Slack send. The signature is who asks: there is no key."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, BaseModel, Field

from service.api.bodies import RawBody, read_json
from service.api.problems import described
from service.api.push import SOURCE_LIMIT, Counts
from service.deps import ClockDep, ServicesDep, SessionRoute
from service.errors import (
    BadRequest,
    Conflict,
    DatabaseNewer,
    DatabaseNotReady,
    Forbidden,
    InvalidInput,
    TooLarge,
    Unauthorized,
)
from service.ingest import signatures
from service.ingest.webhooks import Hook, receive
from service.settings import Settings

router = APIRouter(prefix="/hooks", tags=["hooks"], route_class=SessionRoute)

# The one that says most, where a webhook brings an issue and a comment on it.
RANK: tuple[Literal["added", "deleted", "updated", "private_skipped", "unchanged"], ...] = (
    "added",
    "deleted",
    "updated",
    "private_skipped",
    "unchanged",
)
ERRORS = (
    BadRequest,
    Unauthorized,
    Forbidden,
    Conflict,
    TooLarge,
    InvalidInput,
    DatabaseNotReady,
    DatabaseNewer,
)
SHAPE = {"schema": {"type": "object", "description": "As the platform sends it."}}


def _readable(name: str) -> str:
    if "\0" in name or name != name.strip().strip("/"):
        raise ValueError("should have no NUL, and no blank or slash around it")
    return name


Target = Annotated[
    str,
    Path(
        min_length=1,
        max_length=SOURCE_LIMIT,
        description=(
            "The name of the source that posts go to, such as `forum.example.org` or `acme/kit`; "
            "one source for each site, repository or workspace."
        ),
    ),
    AfterValidator(_readable),
]


class HookAnswer(BaseModel):
    """What became of a webhook."""

    outcome: Literal[
        "added", "deleted", "updated", "private_skipped", "unchanged", "ignored", "answered"
    ] = Field(description="`ignored`: an event of no post. `answered`: a greeting, not an event.")
    counts: Counts = Field(description="A comment may come with its issue: two records.")
    challenge: str | None = Field(None, description="What Slack asked to have sent back.")


@router.post(
    "/{source:path}",
    operation_id="receive_hook",
    responses=described(*ERRORS),
    response_model_exclude_none=True,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": SHAPE}}},
)
def receive_hook(
    request: Request, source: Target, held: ServicesDep, clock: ClockDep, raw: RawBody
) -> HookAnswer:
    """Take a signed webhook of Discourse, GitHub or Slack.

    Its headers show which platform sent it, and its signature that it did; the secrets are the
    settings `GROUNDSWELL_DISCOURSE_SECRET`, `GROUNDSWELL_GITHUB_SECRET` and
    `GROUNDSWELL_SLACK_SECRET`. The same webhook again, or an older one late, changes nothing.
    Private and direct posts are skipped. Discourse does not tell which of its categories are
    restricted: choose the public ones where the webhook is made.
    """
    platform, now = signatures.platform(request.headers), clock()
    if platform is None:
        raise Unauthorized("no signature of Discourse, GitHub or Slack came with the webhook")
    signatures.check(platform, _secret(held.settings, platform), request.headers, raw, now)
    payload = read_json(raw)
    if not isinstance(payload, dict):
        raise InvalidInput("the webhook is no JSON object")
    event = _event(platform, request, payload)
    if event in {"ping", "url_verification"}:
        challenge = payload.get("challenge") if event == "url_verification" else None
        given = challenge if isinstance(challenge, str) else None
        return HookAnswer(outcome="answered", counts=Counts(), challenge=given)
    held.schema.require()
    hook = Hook(platform, event, payload, now, _host(request))
    counts = receive(held.database, hook, source, held.settings)
    outcome = next((name for name in RANK if counts[name]), None)
    if outcome is None:
        structlog.get_logger().info("hook_ignored", platform=platform)
    told = Counts(**{name: counts[name] for name in Counts.model_fields})
    return HookAnswer(outcome=outcome or "ignored", counts=told)


def _secret(settings: Settings, platform: str) -> str:
    """Return the secret of a platform; an empty one would be everybody's."""
    held = getattr(settings, f"{platform}_secret")
    secret: str = held.get_secret_value().strip() if held is not None else ""
    if not secret:
        raise Forbidden(
            f"webhooks of {platform} are off: set GROUNDSWELL_{platform.upper()}_SECRET "
            "to the secret that signs them"
        )
    return secret


def _event(platform: str, request: Request, payload: dict[str, Any]) -> str:
    """Return what a webhook calls its event."""
    headers = request.headers
    if platform == "github":
        return headers.get("x-github-event", "")
    if platform == "discourse":
        return headers.get("x-discourse-event") or headers.get("x-discourse-event-type", "")
    inner = payload.get("event")
    named = inner if isinstance(inner, dict) else payload
    return str(named.get("type", ""))


def _host(request: Request) -> str | None:
    """Return the host that a forum calls its own."""
    try:
        return urlsplit(request.headers.get("x-discourse-instance", "")).hostname
    except ValueError:
        return None
