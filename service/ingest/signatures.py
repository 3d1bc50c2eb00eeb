"""Signatures of inbound webhooks: HMAC-SHA256 with a shared secret, as each platform sends it.

GitHub: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries. Slack:
https://docs.slack.dev/authentication/verifying-requests-from-slack. Discourse signs as GitHub does.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from service.errors import Unauthorized

# What shows who sent a webhook. Names are in lower case here and in what is looked at.
MARKS = {
    "github": ("x-hub-signature-256", "x-github-event"),
    "discourse": (
        "x-discourse-event-signature",
        "x-discourse-event-type",
        "x-discourse-event",
    ),
    "slack": ("x-slack-signature", "x-slack-request-timestamp"),
}
# Older than that, a signed request of Slack may be somebody else's who has kept it.
TOLERANCE = 300
_SECONDS = re.compile(r"[0-9]{1,12}")


def platform(headers: Mapping[str, str]) -> str | None:
    """Return `github`, `discourse` or `slack`, by the headers of a webhook; None for neither."""
    for name, marks in MARKS.items():
        if any(mark in headers for mark in marks):
            return name
    return None


def check(name: str, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raise Unauthorized unless the body is signed with the secret, as the platform does it."""
    header = MARKS[name][0]
    given = headers.get(header)
    if not given:
        raise Unauthorized(f"the webhook is not signed: it has no {header}")
    sign, signed = "sha256=", body
    if name == "slack":
        stamp = headers.get("x-slack-request-timestamp", "")
        if not _SECONDS.fullmatch(stamp) or abs(now.timestamp() - int(stamp)) > TOLERANCE:
            raise Unauthorized("the webhook's timestamp is more than 5 minutes off, or missing")
        sign, signed = "v0=", f"v0:{stamp}:".encode() + body
    expected = sign + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Unauthorized("the webhook's signature is wrong: both sides need the same secret")
