from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.errors import Unauthorized
from service.ingest.signatures import MARKS, check, platform

# The example of GitHub's documentation, and the one of Slack's.
GITHUB = (
    "It's a Secret to Everybody",
    b"Hello, World!",
    {
        "x-hub-signature-256": (
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        )
    },
)
SLACK = (
    "8f742231b10e8888abcd99yyyzzz85a5",
    (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    ),
    {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": (
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        ),
    },
)
THEN = datetime.fromtimestamp(1531420618, UTC)


def test_the_examples_of_the_platforms_are_believed() -> None:
    check("github", GITHUB[0], GITHUB[2], GITHUB[1], THEN)
    check("slack", SLACK[0], SLACK[2], SLACK[1], THEN)
    as_forum = {"x-discourse-event-signature": GITHUB[2]["x-hub-signature-256"]}
    check("discourse", GITHUB[0], as_forum, GITHUB[1], THEN)


def test_every_changed_byte_is_noticed() -> None:
    secret, body, headers = GITHUB
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(Unauthorized, match="wrong"):
            check("github", secret, headers, changed, THEN)
    given = headers["x-hub-signature-256"]
    for place in range(len(given)):
        changed_mark = given[:place] + ("0" if given[place] != "0" else "1") + given[place + 1 :]
        with pytest.raises(Unauthorized, match="wrong"):
            check("github", secret, {"x-hub-signature-256": changed_mark}, body, THEN)


def test_the_timestamp_is_signed_and_near() -> None:
    secret, body, headers = SLACK
    for off in (-301, 301):
        with pytest.raises(Unauthorized, match="5 minutes"):
            check("slack", secret, headers, body, THEN + timedelta(seconds=off))
    moved = {**headers, "x-slack-request-timestamp": "1531420619"}
    with pytest.raises(Unauthorized, match="wrong"):
        check("slack", secret, moved, body, THEN)


@pytest.mark.parametrize("name", MARKS)
def test_an_unsigned_webhook_is_refused(name: str) -> None:
    with pytest.raises(Unauthorized, match=MARKS[name][0]):
        check(name, "secret", {}, b"", THEN)


def test_headers_show_the_platform() -> None:
    for name, marks in MARKS.items():
        assert {platform({mark: "x"}) for mark in marks} == {name}
    assert platform({"content-type": "application/json"}) is None
