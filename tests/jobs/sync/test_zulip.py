"""Zulip: history by ids, the last days anew, moved topics; private ones only if asked for."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from service.errors import BadSetting
from service.ingest.formats import zulip as formats
from tests.conftest import NOW
from tests.jobs.sync.conftest import Rows, Serve, Sync
from tests.jobs.sync.local import Asked, Reply, Server
from tests.jobs.sync.realm import DAY, Realm

KEY = {"zulip_token": "s3cret", "zulip_user": "bot@chat.example"}
IDS = "SELECT external_id FROM post WHERE deleted_at IS NULL ORDER BY created_at"
LATE = 29 * DAY


@pytest.fixture
def realm() -> Realm:
    """Return an organization with old messages and new ones, some of them private."""
    found = Realm()
    found.say(1, "lunch", 0)
    found.say(2, "lunch", 1)
    found.say(3, "✔ install", 2, stream=2)
    found.say(4, "secret", 3, stream=3)
    found.tell(5, 4)
    found.say(6, "lunch", LATE, reactions=[{"emoji_name": "tada", "user_id": 10}])
    found.say(7, "tea", LATE + 1)
    return found


@pytest.fixture
def server(realm: Realm, serve: Serve) -> Server:
    """Return the server of the organization."""
    return serve(realm.answer)


def narrows(server: Server) -> list[str]:
    """Return what messages were asked for."""
    asked = [one for one in server.asked if one.path.endswith("/messages")]
    return [one.one("narrow") for one in asked]


def test_a_first_sync_brings_public_history(server: Server, pull: Sync, rows: Rows) -> None:
    result = pull("zulip", server.url, secrets=KEY)
    assert (result.error, result.imported.rejected) == (None, 0)
    assert [id_ for (id_,) in rows(IDS)] == ["1", "2", "3", "6", "7"]
    assert rows("SELECT external_id, title, channel, resolved FROM thread ORDER BY 1") == [
        ("1/lunch", "lunch", "general", 0),
        ("1/tea", "tea", "general", 0),
        ("2/install", "install", "help", 1),
    ]
    assert rows("SELECT name, author FROM reaction") == [("tada", "10")]
    assert rows("SELECT value, name FROM identity ORDER BY 1") == [
        ("10", "Person 10"),
        ("11", "Person 11"),
    ]
    assert rows("SELECT count(*) FROM event WHERE kind = 'joined'") == [(2,)]
    headers = {one.headers["authorization"] for one in server.asked}
    assert headers == {"Basic Ym90QGNoYXQuZXhhbXBsZTpzM2NyZXQ="}
    assert "s3cret" not in str(rows("SELECT * FROM source") + rows("SELECT * FROM audit_entry"))


def test_private_ones_are_not_even_asked_for(
    realm: Realm, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("zulip", server.url, secrets=KEY)
    assert set(narrows(server)) == {'[{"operator":"streams","operand":"public"}]'}
    lists = [one for one in server.asked if one.path == "/api/v1/streams"]
    assert {one.one("include_subscribed") for one in lists} == {"false"}
    result = pull("zulip", server.url, secrets=KEY, include_private=True)
    assert (result.imported.added, result.imported.private_skipped) == (2, 0)
    kinds = "SELECT external_id, visibility FROM thread WHERE visibility != 'public' ORDER BY 1"
    assert rows(kinds) == [("3/secret", "private"), ("direct/10,11", "direct")]
    realm.messages[4]["content"] = "thought better of it"
    result = pull("zulip", server.url, secrets=KEY, include_private=False)
    assert (result.imported.deleted, result.imported.withdrawn) == (0, 0)
    assert rows("SELECT text FROM post WHERE external_id = '4'") == [("words of 4",)]


def test_a_second_sync_goes_on_and_reads_the_last_days_anew(
    realm: Realm, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("zulip", server.url, secrets=KEY)
    realm.messages[6] |= {"content": "other words", "reactions": []}
    realm.messages[6]["last_edit_timestamp"] = realm.messages[7]["timestamp"]
    realm.messages[1]["content"] = "an old edit"
    del realm.messages[7]
    realm.say(8, "lunch", LATE + 9)
    server.asked.clear()
    result = pull("zulip", server.url, secrets=KEY)
    assert (result.imported.added, result.imported.updated, result.imported.deleted) == (1, 1, 1)
    assert [one.one("anchor") for one in server.asked if one.path.endswith("/messages")] == ["6"]
    assert rows("SELECT text FROM post WHERE external_id = '6'") == [("other words",)]
    assert rows("SELECT count(*) FROM reaction") == [(0,)]
    assert rows("SELECT external_id, text FROM post WHERE deleted_at IS NOT NULL") == [("7", "")]
    result = pull("zulip", server.url, secrets=KEY, full=True)
    assert (result.imported.updated, result.imported.deleted) == (1, 0)


def test_full_finds_old_deletions(realm: Realm, server: Server, pull: Sync) -> None:
    pull("zulip", server.url, secrets=KEY)
    del realm.messages[2]
    assert pull("zulip", server.url, secrets=KEY).imported.deleted == 0
    assert pull("zulip", server.url, secrets=KEY, full=True).imported.deleted == 1


def test_old_topics_that_were_moved_are_found_once_a_day(
    realm: Realm, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("zulip", server.url, secrets=KEY)
    realm.messages[3] |= {"subject": "set up", "stream_id": 1}
    server.asked.clear()
    assert pull("zulip", server.url, secrets=KEY).imported.updated == 0
    assert not any(path.endswith("/topics") for path in server.paths)
    later = NOW + timedelta(days=1)
    assert pull("zulip", server.url, secrets=KEY, at=later).imported.updated == 1
    query = "SELECT t.external_id FROM post p JOIN thread t ON t.id = p.thread_id"
    assert rows(f"{query} WHERE p.external_id = '3'") == [("1/set up",)]
    del realm.messages[3]
    later = NOW + timedelta(days=2)
    assert pull("zulip", server.url, secrets=KEY, at=later).imported.deleted == 1


def test_a_channel_that_is_made_private_is_emptied(
    realm: Realm, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("zulip", server.url, secrets=KEY)
    realm.streams[2]["invite_only"] = True
    assert pull("zulip", server.url, secrets=KEY).imported.deleted == 1
    assert [id_ for (id_,) in rows(IDS)] == ["1", "2", "6", "7"]


def test_pages_and_cuts(realm: Realm, server: Server, pull: Sync, rows: Rows) -> None:
    for id_ in range(20, 50):
        realm.say(id_, "long", 100 + id_)
    realm.size = 10

    def answer(asked: Asked) -> Reply:
        reply = realm.answer(asked)
        is_late = asked.path.endswith("/messages") and int(asked.one("anchor")) > 20
        return Reply(reply.data, cut=200) if is_late else reply

    server.answer = answer
    result = pull("zulip", server.url, secrets=KEY)
    assert "cut the answer at /api/v1/messages, 6 times" in (result.error or "")
    assert 5 < result.imported.added < 30
    server.answer = realm.answer
    result = pull("zulip", server.url, secrets=KEY)
    assert (result.error, result.imported.deleted) == (None, 0)
    assert len(rows(IDS)) == 35


def test_limits_are_waited_for(server: Server, pull: Sync, slept: list[float]) -> None:
    limit = {"result": "error", "code": "RATE_LIMIT_HIT", "retry-after": 12.5}
    server.fail(Reply(limit, 429), "/api/v1/messages")
    assert pull("zulip", server.url, secrets=KEY).error is None
    assert slept == [12.5]


def test_a_bad_message_is_refused_and_the_others_are_in(
    realm: Realm, server: Server, pull: Sync, rows: Rows
) -> None:
    realm.messages[2]["content"] = 5
    realm.users.append({"user_id": 9, "full_name": []})
    result = pull("zulip", server.url, secrets=KEY)
    assert (result.error, result.imported.rejected) == (None, 2)
    assert [id_ for (id_,) in rows(IDS)] == ["1", "3", "6", "7"]
    lines = [orjson.loads(line) for line in result.imported.rejects_file.read_bytes().splitlines()]
    assert [line["place"] for line in lines] == ["users", "message 2"]


def test_ids_are_those_of_the_export(realm: Realm, server: Server, pull: Sync, rows: Rows) -> None:
    pull("zulip", server.url, secrets=KEY)
    row = {"id": 3, "sender": 11, "recipient": 8, "subject": "✔ install", "content": "x"}
    known = formats.Realm(
        streams={"2": formats.Stream("2", "help")},
        recipients={"8": formats.Recipient(formats.STREAM, "2")},
    )
    post = formats.post({**row, "date_sent": 1_777_626_120.0}, known, NOW)
    query = """SELECT p.external_id, t.external_id, i.value FROM post p
        JOIN thread t ON t.id = p.thread_id JOIN identity i ON i.member_id = p.member_id
        WHERE p.external_id = '3'"""
    assert rows(query) == [(post.external_id, post.thread_id, post.author)]


def test_without_a_key_the_variables_are_named(server: Server, pull: Sync) -> None:
    server.fail(Reply({"result": "error", "code": "UNAUTHORIZED"}, 401), times=2)
    assert "set GROUNDSWELL_ZULIP_TOKEN" in (pull("zulip", server.url).error or "")
    assert "check GROUNDSWELL_ZULIP_TOKEN" in (pull("zulip", server.url, secrets=KEY).error or "")
    with pytest.raises(BadSetting, match="GROUNDSWELL_ZULIP_USER"):
        pull("zulip", server.url, secrets={"zulip_token": "s3cret"})


def test_a_message_that_tells_no_id_makes_none_vanish(
    realm: Realm, server: Server, pull: Sync
) -> None:
    pull("zulip", server.url, secrets=KEY)
    rows = [{"content": "who am I?"}]
    server.fail(Reply({"result": "success", "messages": rows}), "/api/v1/messages")
    result = pull("zulip", server.url, secrets=KEY)
    assert (result.error, result.imported.deleted, result.imported.rejected) == (None, 0, 1)
    server.fail(Reply({"result": "success"}), "/api/v1/messages")
    assert "a shape that is not known" in (pull("zulip", server.url, secrets=KEY).error or "")
