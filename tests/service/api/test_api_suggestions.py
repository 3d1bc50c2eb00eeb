"""Suggestions over HTTP: shown surest first, decided once, told to those who may know."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service import auth, identity
from service.db.models import Suggestion
from tests.service import http_store
from tests.service.people import World

PATH = "/api/v1/suggestions"


def test_suggestions_are_listed_by_status(client: TestClient) -> None:
    for status, number in (("pending", 1), ("dismissed", 2), ("accepted", 3)):
        [row] = client.get(PATH, params={"status": status}).json()["data"]
        assert (row["id"], row["status"], row["kind"]) == (number, status, "identity")
        assert [one["id"] for one in row["members"]] == [number, number + 12]
        assert row["resolved_by"] == (None if number == 1 else "local")
    assert client.get(PATH).json()["data"][0]["parts"] == [
        {"name": "name", "weight": 4.5, "why": "They have the same or nearly the same name."}
    ]
    assert client.get(PATH, params={"status": "all"}).status_code == 422


def test_a_suggestion_tells_what_accepting_it_would_do(client: TestClient) -> None:
    row = client.get(f"{PATH}/1").json()
    assert row["preview"] == {
        "kept": 1, "other": 13, "name": "Ada", "platforms": ["forum", "github"], "posts": 0,
        "against": None,
    }  # fmt: skip
    assert [one["value"] for m in row["members"] for one in m["identities"]] == [
        "ada", "adabyron-dev",
    ]  # fmt: skip
    dismissed = client.get(f"{PATH}/2").json()["preview"]
    assert dismissed["against"] == "suggestion 2 was dismissed by local: restore it first"
    assert client.get(f"{PATH}/3").json()["preview"] is None
    assert client.get(f"{PATH}/99").json()["detail"] == "there is no suggestion 99"


def test_of_one_that_expired_there_is_no_preview(own: TestClient) -> None:
    world = World(own.app.state.services.database, http_store.NOW)
    row = own.get(f"{PATH}/{world.plant(3, 4, 'expired')}").json()
    assert (row["status"], row["preview"]) == ("expired", None)


def test_pages_join_to_the_whole_list(own: TestClient) -> None:
    world = World(own.app.state.services.database, http_store.NOW)
    for number in range(1, 12):
        world.plant(number + 1, 13, confidence=(900 + number // 3) / 1000)
    whole = own.get(PATH, params={"limit": 200}).json()["data"]
    assert len(whole) == 12  # with the one that was there
    read: list[Any] = []
    after: str | None = None
    while True:
        page = own.get(PATH, params={"limit": 5} | ({"cursor": after} if after else {})).json()
        read += page["data"]
        if (after := page["next_cursor"]) is None:
            break
    assert read == whole
    keys = [(-row["confidence"], row["id"]) for row in whole]
    assert keys == sorted(keys)
    page = own.get(PATH, params={"limit": 5}).json()
    answer = own.get(PATH, params={"cursor": page["next_cursor"], "status": "dismissed"})
    assert answer.json()["code"] == "bad_cursor"


def test_a_verdict_is_kept_and_audited_once(own: TestClient) -> None:
    before = own.get(f"{PATH}/1").json()
    first = own.post(f"{PATH}/1/accept")
    assert (first.status_code, first.json()["status"]) == (200, "accepted")
    assert first.json()["members"][1]["merged_into"] == 1
    entries = own.get("/api/v1/audit").json()["data"]
    assert [row["action"] for row in entries[:2]] == ["suggestion.accept", "member.merge"]
    assert own.post(f"{PATH}/1/accept").json() == first.json()
    for contrary in ("dismiss", "restore"):
        answer = own.post(f"{PATH}/1/{contrary}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "was accepted by local" in answer.json()["detail"]
    assert len(own.get("/api/v1/audit").json()["data"]) == len(entries)
    assert own.post("/api/v1/members/13/unmerge").status_code == 200
    assert own.get(f"{PATH}/1").json() == before
    dismissed = own.post(f"{PATH}/1/dismiss").json()
    assert (dismissed["status"], dismissed["resolved_by"]) == ("dismissed", "local")
    assert own.get(PATH).json()["data"] == []
    answer = own.post(f"{PATH}/1/accept")
    assert answer.json()["detail"] == "suggestion 1 was dismissed by local: restore it first"
    assert own.post(f"{PATH}/1/restore").json() == before
    assert own.post(f"{PATH}/1/restore").json() == before


def test_many_who_accept_at_once_merge_once(own: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: own.post(f"{PATH}/1/accept"), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    actions = [row["action"] for row in own.get("/api/v1/audit").json()["data"]]
    assert (actions.count("suggestion.accept"), actions.count("member.merge")) == (1, 1)


@pytest.mark.parametrize("scope", auth.SCOPES)
def test_what_is_known_in_private_only_is_told_to_admins(tmp_path: Path, scope: str) -> None:
    database = http_store.empty(tmp_path / "own")
    world = World(database, http_store.NOW)
    world.say("forum", "ada")
    world.say("list", "ada@example.org", email="ada@example.org")
    world.say("inner", "countess", visibility="private", thread="s")
    world.say("code", "eve")
    world.say("inner", "eva", visibility="private", thread="s")
    public, private = world.plant(1, 2), world.plant(1, 3)
    world.plant(2, 4, confidence=0.8)
    world.call(
        identity.merge, 4, 5
    )  # eve has a private handle: what speaks for a pair may tell of it
    with database.write() as session:
        row = session.get_one(Suggestion, public)
        row.parts = [{"name": "email", "weight": 5.0, "why": "Both use ada@example.org here."}]
        key = auth.make_key(session, "key", [scope], http_store.NOW)
    with http_store.open_client(tmp_path / "own") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        listed = client.get(PATH)
        assert len(listed.json()["data"]) == (3 if scope == "admin" else 1)
        assert ("ada@example.org" in listed.text) == (scope == "admin")
        assert client.get(f"{PATH}/{public}").status_code == 200
        found = client.get(f"{PATH}/{private}").status_code
        assert found == (200 if scope == "admin" else 404)
        answer = client.post(f"{PATH}/{private}/accept")
        assert answer.status_code == {"read": 403, "write": 404, "admin": 200}[scope]
        if scope == "write":
            shown = client.post(f"{PATH}/{public}/accept").json()
            assert (shown["status"], shown["resolved_by"]) == ("accepted", "key")
            assert shown["members"][0]["identities"][1]["value"] == "ad…@example.org"
    database.close()
