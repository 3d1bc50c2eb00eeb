"""Members over HTTP: who is shown to whom, and merges that are audited and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service import auth, identity, merges
from tests.service import http_store
from tests.service.api.test_api_raw_input import BODIES, ODD, assert_problem
from tests.service.people import World

PATH = "/api/v1/members"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Ada on two platforms, one of them private; Ivy in private only; a list with addresses."""
    database = http_store.empty(tmp_path / "own")
    world = World(database, http_store.NOW)
    world.say("forum", "ada", author_name="Ada Lovelace", is_staff=True)  # member 1
    world.say("inner", "countess", visibility="private", thread="s", author_name="Secret")  # 2
    world.say("inner", "ivy", visibility="private", thread="s", author_name="Ivy Inner")  # 3
    world.say("list", "zoe@example.org", email="zoe@example.org")  # 4
    world.say("forum", "helper", author_name="Helper", is_bot=True)  # 5
    world.say("forum", "änne", author_name="Änne 100%")  # 6
    world.say("forum", "ada")
    yield world
    database.close()


@pytest.fixture
def ask(world: World, tmp_path: Path) -> Iterator[Any]:
    """A function that asks with the scope that is named first."""
    with world.database.write() as session:
        keys = {
            scope: auth.make_key(session, f"the {scope}", [scope], http_store.NOW)
            for scope in auth.SCOPES
        }
    with http_store.open_client(tmp_path / "own") as client:

        def sent(scope: str, path: str = "", method: str = "GET", **given: Any) -> Any:
            headers = {"Authorization": f"Bearer {keys[scope]}"}
            return client.request(method, PATH + path, headers=headers, **given)

        yield sent


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def test_members_are_listed_with_their_handles(client: TestClient) -> None:
    page = client.get(PATH, params={"limit": 3}).json()
    assert [row["id"] for row in page["data"]] == [1, 2, 3]
    assert page["data_as_of"] == "2026-02-28T09:46:00Z"
    cleo = page["data"][2]
    assert [(one["platform"], one["value"]) for one in cleo["identities"]] == [
        ("forum", "cleo"), ("github", "cleo-dev"),
    ]  # fmt: skip
    assert (cleo["merged_into"], cleo["is_bot"]) == (None, False)
    read = []
    after: str | None = None
    while True:
        page = client.get(PATH, params={"limit": 4} | ({"cursor": after} if after else {})).json()
        read += [row["id"] for row in page["data"]]
        if (after := page["next_cursor"]) is None:
            break
    assert read == list(range(1, 15))  # and not 15, who was merged


def test_filters_narrow(ask: Any) -> None:
    assert ids(ask("admin")) == [1, 2, 3, 4, 5, 6]
    for query, expected in {
        "platform=forum": [1, 5, 6], "handle=ada": [1], "handle=Ada": [],
        "handle=ada&platform=inner": [], "platform=inner": [2, 3], "name=LOVE": [1],
        "name=%C3%A4NNE": [6], "name=100%25": [6], "name=%25": [6], "name=_": [],
        "is_bot=true": [5], "is_bot=false": [1, 2, 3, 4, 6], "is_staff=true": [1],
        "handle=zoe@example.org": [4], "name=zoe@": [4],
    }.items():  # fmt: skip
        assert ids(ask("admin", f"?{query}")) == expected, query
    assert ask("read", "?nope=1").status_code == 422
    assert ask("read", "?is_bot=maybe").status_code == 422


def test_who_wrote_in_private_only_is_not_there_for_readers(ask: Any) -> None:
    for scope in ("read", "write"):
        assert ids(ask(scope)) == [1, 4, 5, 6]
        assert ids(ask(scope, "?platform=inner")) == []
        assert ids(ask(scope, "?handle=ivy")) == []
        for id_ in (2, 3, 99):
            answer = ask(scope, f"/{id_}")
            assert (answer.status_code, answer.json()["detail"]) == (
                404,
                f"there is no member {id_}",
            )
            assert ask(scope, f"/1/merge-preview?other={id_}").status_code == 404
    ivy = ask("admin", "/3").json()
    assert (ivy["name"], ivy["posts"], ivy["last_post_at"]) == ("Ivy Inner", 0, None)
    answer = ask("write", "/1/merge", "POST", json={"other": 2})
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no member 2")


def test_addresses_are_for_admins(ask: Any) -> None:
    zoe = ask("admin", "/4").json()
    assert (zoe["name"], zoe["identities"][0]["email"]) == ("zoe@example.org",) * 2
    assert (zoe["identities"][0]["kind"], zoe["identities"][0]["verified"]) == ("email", True)
    for scope in ("read", "write"):
        answer = ask(scope, "/4")
        assert "zoe@" not in answer.text
        shown = answer.json()
        assert (shown["name"], shown["identities"][0]["value"]) == ("zo…@example.org",) * 2
        assert shown["identities"][0]["email"] is None
        assert "zoe@" not in ask(scope).text
        # Nor can one be guessed.
        assert ids(ask(scope, "?handle=zoe@example.org")) == []
        assert ids(ask(scope, "?name=zoe@")) == ids(ask(scope, "?name=zo")) == []


def test_only_what_anyone_may_read_is_counted(ask: Any, world: World) -> None:
    ada = ask("read", "/1").json()
    assert (ada["posts"], ada["first_seen"], ada["last_post_at"]) == (
        2, "2026-05-01T00:01:00Z", "2026-05-01T00:07:00Z",
    )  # fmt: skip
    assert ask("admin", "/1/merge", "POST", json={"other": 2}).status_code == 200
    merged = ask("admin", "/1").json()
    assert (merged["posts"], len(merged["identities"])) == (2, 2)
    assert merged["merged"] == [{"id": 2, "name": "Secret"}]
    for scope in ("read", "write"):
        shown = ask(scope, "/1")
        assert "ecret" not in shown.text
        assert [one["platform"] for one in shown.json()["identities"]] == ["forum"]
        assert shown.json() | {"merged": []} == ada
        assert ask(scope, "/2").status_code == 404
        assert ids(ask(scope, "?platform=inner")) == []
    assert ask("admin", "/2").json()["merged_into"] == 1
    world.say("inner", "countess", thread="open")
    assert ask("read", "/1").json()["posts"] == 3
    assert ask("read", "/2").json() | {"name": ""} == {
        "id": 2, "name": "", "is_bot": False, "is_staff": False, "is_deleted": False,
        "merged_into": 1, "posts": 0, "first_seen": None, "last_post_at": None,
        "identities": [], "merged": [],
    }  # fmt: skip


def test_a_merge_is_previewed_done_audited_and_undone(own: TestClient) -> None:
    before = [own.get(f"{PATH}/{id_}").json() for id_ in (1, 13)]
    seen = own.get(f"{PATH}/1/merge-preview", params={"other": 13}).json()
    assert seen == {
        "kept": 1, "other": 13, "name": "Ada", "platforms": ["forum", "github"], "posts": 0,
        "against": None,
    }  # fmt: skip
    assert own.get(f"{PATH}/13/merge-preview", params={"other": 1}).json()["posts"] == 16
    done = own.post(f"{PATH}/1/merge", json={"other": 13})
    assert done.status_code == 200
    assert [one["platform"] for one in done.json()["identities"]] == ["forum", "github"]
    assert done.json()["merged"] == [{"id": 13, "name": "Ada Byron"}]
    entries = own.get("/api/v1/audit").json()["data"]
    assert (entries[0]["actor"], entries[0]["action"]) == ("local", "member.merge")
    assert own.post(f"{PATH}/1/merge", json={"other": 13}).json() == done.json()
    assert len(own.get("/api/v1/audit").json()["data"]) == len(entries)
    assert own.get(f"{PATH}/1/merge-preview", params={"other": 13}).json()["against"] == (
        "they are one member already"
    )
    assert own.post(f"{PATH}/13/unmerge").json() == before[1]
    assert own.get(f"{PATH}/1").json() == before[0]
    assert own.post(f"{PATH}/13/unmerge").json() == before[1]
    assert own.get("/api/v1/audit").json()["data"][0]["action"] == "member.unmerge"
    assert len(own.get("/api/v1/audit").json()["data"]) == len(entries) + 1


def test_what_stands_against_a_merge_is_said(own: TestClient) -> None:
    answer = own.post(f"{PATH}/1/merge", json={"other": 2})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "both have a handle on forum" in answer.json()["detail"]
    answer = own.post(f"{PATH}/2/merge", json={"other": 14})
    assert "suggestion 2 was dismissed by local: restore it first" in answer.json()["detail"]
    answer = own.post(f"{PATH}/1/unmerge")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "member 1 was merged into no other",
    )
    for body in ({}, {"other": 0}, {"other": "x"}, {"other": 13, "more": 1}, [], {"other": None}):
        assert own.post(f"{PATH}/1/merge", json=body).status_code == 422


def test_what_stands_against_a_merge_in_private_is_for_admins(ask: Any, world: World) -> None:
    for platform, author in (("inner", "helper"), ("den", "helper"), ("den", "anne")):
        world.say(platform, author, visibility="private", thread="s")
    # Ada and Zoe both have a handle on `inner`, which nobody else may know.
    world.call(identity.merge, 1, 2)
    world.call(identity.merge, 4, 3)
    world.plant(6, 9, "dismissed")
    world.call(identity.merge, 4, 9)
    told = {(1, 4): "both have a handle on inner", (4, 6): "suggestion 1 was dismissed by zoe"}
    for (one, other), reason in told.items():
        path = f"/{one}/merge-preview?other={other}"
        body: dict[str, int] = {"other": other}
        assert ask("admin", path).json()["against"].startswith(reason)
        assert ask("read", path).json()["against"] == merges.HIDDEN
        refused = ask("write", f"/{one}/merge", "POST", json=body)
        assert (refused.status_code, refused.json()["detail"]) == (
            409, f"members {one} and {other} cannot be merged: {merges.HIDDEN}",
        )  # fmt: skip
        assert reason in ask("admin", f"/{one}/merge", "POST", json=body).json()["detail"]
    assert "on forum" in ask("read", "/1/merge-preview?other=6").json()["against"]
    assert ask("admin", "/1/unmerge", "POST").json()["detail"].endswith("part from it member 2")
    assert ask("write", "/1/unmerge", "POST").json()["detail"].endswith("merged into no other")


def test_writes_need_the_scope(ask: Any) -> None:
    for path in ("/1/merge", "/1/unmerge"):
        answer = ask("read", path, "POST", json={"other": 4})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert ask("write", "/1/merge", "POST", json={"other": 4}).status_code == 200
    assert [one["value"] for one in ask("write", "/1").json()["identities"]] == [
        "ada", "zo…@example.org",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["members", "members/1/merge-preview", "suggestions"])
@pytest.mark.parametrize("name", ["platform", "name", "is_bot", "other", "status", "cursor"])
def test_an_odd_parameter_is_refused_or_finds_nothing(
    client: TestClient, path: str, name: str
) -> None:
    for odd in ODD:
        answer = client.get(f"/api/v1/{path}?{name}={odd}")
        if answer.status_code != 200:
            assert_problem(answer, odd)
        elif name == "is_bot":
            assert odd in {"true", "0"}
        else:
            assert (path, name) in {("members", "platform"), ("members", "name")}
            assert "%00" not in odd


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_an_odd_body_is_refused(client: TestClient, number: int) -> None:
    sent = BODIES[number]
    json = {"content-type": "application/json"}
    assert_problem(client.post(f"{PATH}/1/merge", content=sent, headers=json), sent)


def test_an_odd_path_is_not_found(client: TestClient) -> None:
    for odd in ODD:
        assert_problem(client.get(f"{PATH}/{odd}"), odd)
        for verb in ("accept", "dismiss", "restore"):
            assert_problem(client.post(f"/api/v1/suggestions/{odd}/{verb}"), odd)
