from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from starlette.testclient import TestClient

from service.ingest.formats import discourse, github, slack
from service.ingest.records import PostRecord
from tests.service.api.test_api_raw_input import BODIES, assert_problem
from tests.service.conftest import open_client
from tests.service.hook_payloads import (
    EVENTS,
    KIT,
    NOW,
    PAYLOADS,
    SECRETS,
    SOURCES,
    STAMP,
    a_comment,
    a_message,
    a_post,
    an_issue,
    bring,
    fields,
    of_issue,
    open_hooked,
    outcome,
    send,
    signed,
    stored,
)


@pytest.fixture
def hooked(store: Path) -> Iterator[TestClient]:
    with open_hooked(store) as client:
        yield client


@pytest.mark.parametrize("platform", SECRETS)
def test_a_webhook_goes_in_and_again_changes_nothing(hooked: TestClient, platform: str) -> None:
    answer = send(hooked, platform, EVENTS[platform], PAYLOADS[platform])
    assert answer["outcome"] == "added"
    assert answer["counts"]["added"] == 1
    assert "challenge" not in answer
    before = stored(hooked, SOURCES[platform])
    assert len(before) == 1
    entry = hooked.get("/api/v1/audit?limit=1").json()["data"][0]
    assert (entry["actor"], entry["action"]) == (f"hook:{platform}", "hook")
    assert entry["target"] == SOURCES[platform]
    assert outcome(hooked, platform, EVENTS[platform], PAYLOADS[platform]) == "unchanged"
    assert stored(hooked, SOURCES[platform]) == before


@pytest.mark.parametrize("platform", SECRETS)
def test_ids_and_texts_are_those_of_an_import(hooked: TestClient, platform: str) -> None:
    record = {
        "discourse": discourse.post(
            a_post(), discourse.Topic("7", "Sync"), discourse.Site("forum.example.org"), NOW
        ),
        "github": github.issue(an_issue(), "acme/kit", NOW),
        "slack": slack.post(
            PAYLOADS["slack"]["event"], slack.Channel("C1", "C1"), slack.Workspace(), NOW
        ),
    }[platform]
    assert isinstance(record, PostRecord)
    bring(hooked, platform, *[PostRecord(**{**fields(record), "source": None})])
    assert outcome(hooked, platform, EVENTS[platform], PAYLOADS[platform]) == "unchanged"


@pytest.mark.parametrize("platform", SECRETS)
def test_what_is_not_signed_right_is_refused(hooked: TestClient, platform: str) -> None:
    body = json.dumps(PAYLOADS[platform]).encode()
    good = signed(platform, body, EVENTS[platform])
    mark = next(name for name in good if "Signature" in name)
    path = f"/api/v1/hooks/{SOURCES[platform]}"
    wrong = [
        good[mark][:-1], good[mark] + "0", good[mark].upper(), good[mark].partition("=")[2], "",
        "=", "sha256=", "v0=", "é", "0" * 4_000, signed(platform, body, "", secret="another")[mark],
        signed(platform, body + b" ", "")[mark], signed(platform, body, "", secret=" ")[mark],
    ]  # fmt: skip
    for value in wrong:
        answer = hooked.post(path, content=body, headers={**good, mark: value.encode()})
        assert answer.status_code == 401, value
        assert_problem(answer)
    without = {name: value for name, value in good.items() if name != mark}
    assert hooked.post(path, content=body, headers=without).status_code == 401
    assert hooked.post(path, content=body).status_code == 401
    other = next(name for name in SECRETS if name != platform)
    crossed = {**signed(other, body, EVENTS[other], secret=SECRETS[platform])}
    assert hooked.post(path, content=body, headers=crossed).status_code == 401
    assert stored(hooked, SOURCES[platform]) == {}
    assert hooked.post(path, content=body, headers=good).status_code == 200


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1e9", "9" * 13, "٠", STAMP + ".5"])
def test_a_timestamp_that_cannot_be_is_refused(hooked: TestClient, stamp: str) -> None:
    body = b"{}"
    headers = signed("slack", body, "", stamp=stamp)
    sent = {name: value.encode() for name, value in headers.items()}
    answer = hooked.post("/api/v1/hooks/acme", content=body, headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("off", "status"), [(-301, 401), (-300, 200), (0, 200), (300, 200), (301, 401)]
)
def test_slack_is_believed_for_five_minutes(hooked: TestClient, off: int, status: int) -> None:
    body = json.dumps(PAYLOADS["slack"]).encode()
    stamp = str(int((NOW + timedelta(seconds=off)).timestamp()))
    headers = signed("slack", body, "", stamp=stamp)
    assert hooked.post("/api/v1/hooks/acme", content=body, headers=headers).status_code == status


@pytest.mark.parametrize("platform", SECRETS)
@pytest.mark.parametrize("secret", [None, "", "  "])
def test_without_a_secret_the_setting_is_named(
    store: Path, platform: str, secret: str | None
) -> None:
    with open_client(store, **{f"{platform}_secret": secret}) as client:
        body = json.dumps(PAYLOADS[platform]).encode()
        headers = signed(platform, body, EVENTS[platform], secret=secret or "")
        answer = client.post(f"/api/v1/hooks/{SOURCES[platform]}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert f"GROUNDSWELL_{platform.upper()}_SECRET" in answer.json()["detail"]


def test_a_webhook_needs_no_key_and_no_loopback(hooked: TestClient) -> None:
    from service import auth

    with hooked.app.state.services.database.write() as session:
        auth.make_key(session, "k", ["read"], NOW)
    body = json.dumps(PAYLOADS["github"]).encode()
    headers = {
        **signed("github", body, "issues"),
        "Host": "groundswell.example.org",
        "Via": "1.1 proxy",
    }
    assert hooked.post("/api/v1/hooks/acme/kit", content=body, headers=headers).status_code == 200
    encoded = hooked.post("/api/v1/hooks/acme%2Fkit", content=body, headers=headers)
    assert encoded.json()["outcome"] == "unchanged"


@pytest.mark.parametrize("source", ["%20x", "x%20", "a%00b", "a" * 201, "x/", "%2Fx"])
def test_a_name_that_no_source_has_is_refused(hooked: TestClient, source: str) -> None:
    body = json.dumps(PAYLOADS["github"]).encode()
    answer = hooked.post(
        f"/api/v1/hooks/{source}", content=body, headers=signed("github", body, "issues")
    )
    assert_problem(answer)
    assert answer.status_code == 422


def test_a_source_of_another_platform_is_left_alone(hooked: TestClient) -> None:
    send(hooked, "github", "issues", PAYLOADS["github"])
    body = json.dumps(PAYLOADS["discourse"]).encode()
    answer = hooked.post(
        "/api/v1/hooks/acme/kit", content=body, headers=signed("discourse", body, "post_created")
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert set(stored(hooked, "acme/kit")) == {"issue-4"}


@pytest.mark.parametrize("platform", SECRETS)
def test_odd_bodies_are_refused_signed_or_not(hooked: TestClient, platform: str) -> None:
    path = f"/api/v1/hooks/{SOURCES[platform]}"
    for body in BODIES:
        unsigned = hooked.post(path, content=body, headers={"X-GitHub-Event": "issues"})
        assert unsigned.status_code == 401
        assert_problem(unsigned, body)
        answer = hooked.post(path, content=body, headers=signed(platform, body, EVENTS[platform]))
        if answer.status_code == 200:
            assert answer.json()["outcome"] == "ignored"
        else:
            assert_problem(answer, body)
    assert stored(hooked, SOURCES[platform]) == {}


def test_a_body_over_one_mib_is_refused(hooked: TestClient) -> None:
    answer = hooked.post("/api/v1/hooks/acme/kit", content=b" " * 1_048_577)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


BAD = {
    "discourse": [{"post": 5}, {"post": {}}, {"post": a_post(created_at="soon")}, {"post": []}],
    "github": [
        of_issue("opened", issue=an_issue(number="x")), of_issue("opened", repository=[]),
        of_issue("created", comment=a_comment(body=5)), of_issue("opened", issue="x"),
    ],
    "slack": [a_message(channel=None), a_message(ts="soon"), a_message(event_ts=[], ts=None)],
}  # fmt: skip


@pytest.mark.parametrize("platform", SECRETS)
def test_a_payload_of_another_shape_is_refused_and_told(hooked: TestClient, platform: str) -> None:
    if platform == "slack":
        send(hooked, platform, "message", a_message())
    before = stored(hooked, SOURCES[platform])
    for payload in BAD[platform]:
        body = json.dumps(payload).encode()
        answer = hooked.post(
            f"/api/v1/hooks/{SOURCES[platform]}",
            content=body,
            headers=signed(platform, body, EVENTS[platform]),
        )
        assert_problem(answer)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), payload
    assert stored(hooked, SOURCES[platform]) == before


IGNORED = [
    ("discourse", "user_created", {"user": {"id": 1}}),
    ("discourse", "topic_edited", {"topic": {"id": 7, "title": "Other"}}),
    ("discourse", "post_created", {"post": a_post(post_type=3)}),
    ("github", "star", {"action": "created", "repository": KIT}),
    ("github", "push", {"ref": "main"}),
    ("github", "", {}),
    ("slack", "", {"type": "app_rate_limited"}),
    ("slack", "", {"type": "event_callback", "event": {"type": "reaction_added"}}),
    ("slack", "", a_message(subtype="channel_join")),
    ("slack", "", {"type": ["x"], "event": 5}),
]


@pytest.mark.parametrize("number", range(len(IGNORED)))
def test_events_of_no_post_are_ignored(hooked: TestClient, number: int) -> None:
    platform, event, payload = IGNORED[number]
    before = hooked.get("/api/v1/audit").json()
    answer = send(hooked, platform, event, payload)
    assert answer["outcome"] == "ignored"
    assert set(answer["counts"].values()) == {0}
    assert hooked.get("/api/v1/audit").json() == before


def test_greetings_are_answered(hooked: TestClient) -> None:
    asked = {"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"}
    assert send(hooked, "slack", "", asked)["challenge"] == "3eZbrw1a"
    assert outcome(hooked, "github", "ping", {"zen": "Keep it simple."}) == "answered"
    body = b'{"ping":"OK"}'
    headers = signed("discourse", body, "", **{"X-Discourse-Event-Type": "ping"})
    answer = hooked.post("/api/v1/hooks/forum.example.org", content=body, headers=headers)
    assert answer.json()["outcome"] == "answered"


def test_no_text_is_logged(hooked: TestClient) -> None:
    with structlog.testing.capture_logs() as logs:
        send(hooked, "slack", "", a_message(text="veryprivate"))
        send(hooked, "slack", "", a_message(text="veryprivate", subtype="veryprivate"))
        send(hooked, "github", "veryprivate", {"veryprivate": 1})
    assert "veryprivate" not in str(logs)
    assert "chat secret" not in str(logs)


PRIVATE = [
    ("discourse", "post_created", {"post": a_post(topic_archetype="private_message")}),
    ("github", "issues", of_issue("opened", repository={**KIT, "private": True})),
    ("slack", "", a_message(channel_type="group")),
    ("slack", "", a_message(channel_type="im", channel="D1")),
    ("slack", "", a_message(channel_type="mpim")),
    ("slack", "", a_message(channel_type=None)),
    ("slack", "", a_message(channel_type="odd")),
]


@pytest.mark.parametrize("number", range(len(PRIVATE)))
def test_private_posts_are_skipped(hooked: TestClient, number: int) -> None:
    platform, event, payload = PRIVATE[number]
    answer = send(hooked, platform, event, payload)
    assert answer["outcome"] == "private_skipped"
    assert stored(hooked, SOURCES[platform]) == {}
    assert hooked.get("/api/v1/audit?limit=1").json()["data"][0]["detail"]["private_skipped"] == 1
