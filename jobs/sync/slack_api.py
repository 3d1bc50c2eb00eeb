"""The Web API of Slack: its lists by pages, and its refusals in words that say what to do.

https://docs.slack.dev/apis/web-api: every answer has `ok`, and `error` where that is false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jobs.sync.client import LATER, Client
from service.errors import SyncFailed
from service.ingest.fields import BadRecord, word
from service.ingest.formats.values import inner, listed, thing

PAGE = 200
# Non-Marketplace apps may ask once a minute; what fails passes within that time as well.
RESTS = (5.0, 60.0, 60.0)
PASSING = (
    "fatal_error",
    "internal_error",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
)
TOKEN = (
    "account_inactive",
    "invalid_auth",
    "no_permission",
    "not_authed",
    "org_login_required",
    "token_expired",
    "token_revoked",
)
NAME = re.compile(r"[a-z0-9_:.,-]{1,120}")


class Denied(SyncFailed):
    """Slack answered `ok: false`. `error` is its name for the reason."""

    def __init__(self, message: str, error: str) -> None:
        super().__init__(message)
        self.error = error


def call(client: Client, method: str, **params: Any) -> dict[str, Any]:
    """Return the answer of a method; raise Denied where Slack says no, SyncFailed for the rest."""
    query = {name: value for name, value in params.items() if value is not None}
    for rest in (*RESTS, None):
        page = thing(client.get(f"/{method}", query).data, "the answer")
        if page.get("ok") is True:
            return page
        error = _named(page.get("error"))
        if error not in PASSING:
            raise Denied(_told(client, method, error, page), error)
        if rest is not None:
            client.rest(rest)
    raise SyncFailed(f"{client.host} answers {error} to {method}: {LATER}")


def walk(
    client: Client, method: str, name: str, begin: str | None = None, **params: Any
) -> Iterator[tuple[list[Any], str | None]]:
    """Yield a list by pages, each with the mark of the next one, None with the last."""
    mark = begin
    while True:
        page = call(client, method, limit=PAGE, cursor=mark, **params)
        if page.get(name) is None:
            raise BadRecord(f"`{name}` is missing")
        onward = word(inner(page, "response_metadata"), ("next_cursor",))
        if (page.get("has_more") is True and onward is None) or onward == mark is not None:
            raise BadRecord(f"{method} does not tell where to go on")
        yield listed(page, name), onward
        if onward is None:
            return
        mark = onward


def _named(value: Any) -> str:
    """Return the name of an error; what is none is not shown."""
    return value if isinstance(value, str) and NAME.fullmatch(value) else "an unknown error"


def _told(client: Client, method: str, error: str, page: dict[str, Any]) -> str:
    variable = client.access.variable
    if error == "missing_scope":
        return (
            f"{client.host}: {method} needs the scope {_named(page.get('needed'))}: add it to the "
            f"app, install the app again and set {variable}"
        )
    if error == "not_authed" and not client.access.secret:
        return f"{client.host} shows nothing without a token: set {variable}"
    if error in TOKEN:
        return f"{client.host} does not accept the token ({error}): check {variable}"
    return f"{client.host} refused {method} ({error}): check what {variable} may read"
