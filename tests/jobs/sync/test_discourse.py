"""Discourse: first sync, then only what is new; edits, deletions, paging, cuts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from service.errors import BadSetting, InvalidInput
from tests.conftest import NOW
from tests.jobs.sync.conftest import Rows, Serve, Sync
from tests.jobs.sync.forum import Forum, at, post
from tests.jobs.sync.local import Asked, Reply

KEY = {"discourse_token": "s3cret-key", "discourse_user": "robot"}
POSTS = "SELECT external_id FROM post WHERE deleted_at IS NULL ORDER BY created_at, external_id"


@pytest.fixture
def forum() -> Forum:
    """Return a forum of three topics, of which one has more posts than one answer holds."""
    found = Forum()
    found.add(1)
    found.add(2, posts=45)
    found.add(3)
    return found


def test_a_first_sync_brings_every_post(forum: Forum, serve: Serve, pull: Sync, rows: Rows) -> None:
    server = serve(forum.answer)
    forum.topics[3][1]["reply_to_post_number"] = 1
    result = pull("discourse", server.url)
    assert result.error is None
    assert result.imported is not None
    assert (result.imported.added, result.imported.threads_added) == (49, 3)
    assert result.imported.sources == ("127.0.0.1",)
    chunks = [len(one.query["post_ids[]"]) for one in server.asked if one.path == "/t/2/posts.json"]
    assert chunks == [20, 5]
    assert all(one.headers["user-agent"].startswith("groundswell/") for one in server.asked)
    query = "SELECT p.text, q.external_id FROM post p JOIN post q ON q.id = p.reply_to_id"
    assert rows(query) == [("words of 3001", "3000")]
    assert rows("SELECT name, kind, platform, address FROM source") == [
        ("127.0.0.1", "discourse", "127.0.0.1", server.url)
    ]
    assert rows("SELECT title, channel FROM thread WHERE external_id = '2'") == [
        ("Topic 2", "General")
    ]


def test_a_second_sync_asks_only_for_what_is_new(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    pull("discourse", server.url)
    server.asked.clear()
    assert pull("discourse", server.url).imported.records == 0
    assert server.paths == ["/categories.json", "/latest.json"]
    made = forum.reply(2, 1_000, reply_to_post_number=45)
    server.asked.clear()
    result = pull("discourse", server.url)
    assert (result.imported.added, result.imported.updated) == (1, 0)
    assert server.paths == ["/categories.json", "/latest.json", "/t/2.json", "/t/2/posts.json"]
    query = "SELECT parent_external_id FROM post WHERE external_id = :id"
    assert rows(query, id=str(made["id"])) == [("2044",)]


def test_edits_and_deletions_come_in(forum: Forum, serve: Serve, pull: Sync, rows: Rows) -> None:
    server = serve(forum.answer)
    pull("discourse", server.url)
    edited = forum.topics[2][40]
    edited |= {"raw": "other words", "version": 2, "updated_at": at(2_000)}
    forum.bumped[2] = at(2_000)
    del forum.topics[1][1]
    del forum.topics[3], forum.bumped[3]
    result = pull("discourse", server.url)
    assert (result.imported.updated, result.imported.deleted, result.imported.added) == (1, 3, 0)
    query = "SELECT text, edited_at FROM post WHERE external_id = '2040'"
    assert rows(query) == [("other words", "2026-05-02 18:20:00.000000")]
    gone = "SELECT external_id, text FROM post WHERE deleted_at IS NOT NULL ORDER BY external_id"
    assert rows(gone) == [("1001", ""), ("3000", ""), ("3001", "")]
    server.asked.clear()
    assert pull("discourse", server.url).imported.records == 0
    assert server.paths == ["/categories.json", "/latest.json"]


def test_a_deleted_post_that_is_restored_is_there_again(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    pull("discourse", server.url)
    gone = forum.topics[1].pop()
    pull("discourse", server.url)
    forum.topics[1].append(gone)
    pull("discourse", server.url)
    assert rows("SELECT text, deleted_at FROM post WHERE external_id = '1001'") == [
        ("words of 1001", None)
    ]


def test_a_young_topic_is_looked_at_once_more(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    forum.add(4, minutes=44_800)
    server = serve(forum.answer)
    pull("discourse", server.url)
    forum.topics[4][0] |= {"raw": "thought better of it", "version": 2, "updated_at": at(44_900)}
    pull("discourse", server.url)
    query = "SELECT text FROM post WHERE external_id = '4000'"
    assert rows(query) == [("words of 4000",)]
    server.asked.clear()
    pull("discourse", server.url, at=NOW + timedelta(days=2))
    assert rows(query) == [("thought better of it",)]
    assert "/t/4.json" in server.paths
    server.asked.clear()
    pull("discourse", server.url, at=NOW + timedelta(days=3))
    assert server.paths == ["/categories.json", "/latest.json"]


def test_lists_are_read_down_to_the_last_sync(serve: Serve, pull: Sync, rows: Rows) -> None:
    forum = Forum(per_page=3)
    for topic in range(1, 9):
        forum.add(topic, posts=1)
    server = serve(forum.answer)
    assert pull("discourse", server.url).imported.added == 8
    assert server.paths.count("/latest.json") == 3
    for topic in range(9, 13):
        forum.add(topic, posts=1)
    server.asked.clear()
    assert pull("discourse", server.url).imported.added == 4
    assert len(server.asked) == 1 + 2 + 4


def test_after_a_cut_it_goes_on_where_it_was(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    server.fail(Reply(forum.answer(Asked("GET", "/t/3.json", {}, {})).data, cut=100), "/t/3", 6)
    result = pull("discourse", server.url)
    assert result.error is not None
    assert "cut the answer at /t/3.json, 6 times" in result.error
    assert result.imported.added == 47
    assert rows("SELECT synced_at FROM source") == [(None,)]
    server.asked.clear()
    result = pull("discourse", server.url)
    assert (result.error, result.imported.added, result.imported.records) == (None, 2, 2)
    assert server.paths == ["/categories.json", "/latest.json", "/t/3.json"]
    assert rows("SELECT synced_at FROM source") == [("2026-06-01 12:00:00.000000",)]


def test_a_cut_inside_a_topic_keeps_what_came_before(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    page = Reply(status=500)

    def answer(asked: Asked) -> Reply:
        late = asked.path == "/t/2/posts.json" and "2044" in asked.query["post_ids[]"]
        return page if late and page.status == 500 else forum.answer(asked)

    server.answer = answer
    assert pull("discourse", server.url).imported.added == 42
    server.answer = forum.answer
    assert pull("discourse", server.url).imported.added == 7
    assert len(rows(POSTS)) == 49


def test_a_bad_post_is_refused_and_the_others_are_in(
    forum: Forum, serve: Serve, pull: Sync
) -> None:
    forum.topics[1] += [{"id": 1002}, ["no post"], post(1003, 4, 102, created_at="soon")]
    result = pull("discourse", serve(forum.answer).url)
    assert result.error is None
    assert (result.imported.added, result.imported.rejected) == (49, 3)
    lines = [orjson.loads(line) for line in result.imported.rejects_file.read_bytes().splitlines()]
    assert lines[2]["place"] == "topic 1, post 4"
    assert "`created_at` is no time" in lines[2]["reason"]


def test_the_key_goes_in_headers_and_nowhere_else(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    pull("discourse", server.url, secrets=KEY)
    assert {one.headers["api-key"] for one in server.asked} == {"s3cret-key"}
    assert {one.headers["api-username"] for one in server.asked} == {"robot"}
    assert "s3cret" not in str(rows("SELECT * FROM source") + rows("SELECT * FROM audit_entry"))
    with pytest.raises(BadSetting, match="GROUNDSWELL_DISCOURSE_USER"):
        pull("discourse", server.url, secrets={"discourse_token": "s3cret-key"})


def test_private_topics_are_left_out_unless_asked_for(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    forum.category[1] = 2
    forum.messages.add(3)
    server = serve(forum.answer)
    result = pull("discourse", server.url, secrets=KEY)
    assert (result.imported.added, result.imported.private_skipped) == (45, 0)
    assert "/t/1.json" not in server.paths
    assert "/topics/private-messages/robot.json" not in server.paths
    result = pull("discourse", server.url, secrets=KEY, include_private=True)
    assert (result.imported.added, result.imported.private_skipped) == (4, 0)
    kinds = "SELECT external_id, visibility FROM thread ORDER BY external_id"
    assert rows(kinds) == [("1", "private"), ("2", "public"), ("3", "direct")]
    forum.reply(3, 5_000)
    assert pull("discourse", server.url, secrets=KEY).imported.added == 1
    denied = Reply({"errors": ["You are not permitted"]}, 403)
    server.fail(denied, "/t/1.json", 2)
    server.fail(denied, "/t/3.json", 2)
    forum.bumped |= {1: at(6_000), 3: at(6_001)}
    assert pull("discourse", server.url).imported.deleted == 0
    server.faults.clear()
    del forum.topics[3], forum.bumped[3]
    forum.messages.clear()
    assert pull("discourse", server.url, secrets=KEY, full=True).imported.deleted == 3


def test_a_topic_that_is_closed_to_us_is_emptied_but_a_wall_is_an_error(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    pull("discourse", server.url)
    forum.bumped[1] = at(3_000)
    server.fail(Reply(raw=b"<html>are you human?</html>", status=403), "/t/1.json")
    assert "shows /t/1.json to nobody" in (pull("discourse", server.url).error or "")
    assert len(rows(POSTS)) == 49
    denied = {"errors": ["You are not permitted"], "error_type": "invalid_access"}
    server.fail(Reply(denied, 403), "/t/1.json")
    assert pull("discourse", server.url).imported.deleted == 2


def test_a_topic_of_ten_thousand_posts_is_paged(serve: Serve, pull: Sync) -> None:
    forum = Forum()
    forum.add(1, posts=50)

    def answer(asked: Asked) -> Reply:
        reply = forum.answer(asked)
        if asked.path == "/t/1.json":
            page = int(asked.one("page", "1"))
            posts = forum.topics[1][(page - 1) * 20 : page * 20]
            data: dict[str, Any] = {**reply.data, "post_stream": {"posts": posts}}
            return Reply(data, 200 if posts else 404)
        return reply

    assert pull("discourse", serve(answer).url).imported.added == 50


def test_full_reads_everything_anew(forum: Forum, serve: Serve, pull: Sync) -> None:
    server = serve(forum.answer)
    pull("discourse", server.url)
    forum.topics[2][5] |= {"raw": "an old edit", "version": 2, "updated_at": at(300)}
    assert pull("discourse", server.url).imported.updated == 0
    del forum.topics[1], forum.bumped[1]
    result = pull("discourse", server.url, full=True)
    assert (result.imported.updated, result.imported.unchanged) == (1, 46)
    assert result.imported.deleted == 2


def test_a_topic_that_is_made_private_is_withdrawn(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    pull("discourse", server.url)
    forum.category[2] = 2
    result = pull("discourse", server.url)
    assert (result.error, result.imported.deleted, result.imported.added) == (None, 45, 0)
    assert rows("SELECT count(*) FROM post WHERE text LIKE 'words of 2%'") == [(0,)]
    assert len(rows(POSTS)) == 4
    result = pull("discourse", server.url, secrets=KEY, include_private=True)
    assert len(rows(POSTS)) == 49
    assert rows("SELECT visibility FROM thread WHERE external_id = '2'") == [("private",)]


def test_with_a_key_a_category_that_is_not_listed_is_private(
    forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    pull("discourse", server.url, secrets=KEY)
    forum.category |= {1: 77, 4: 77}
    forum.add(4)
    server.asked.clear()
    result = pull("discourse", server.url, secrets=KEY)
    assert (result.error, result.imported.deleted, result.imported.added) == (None, 2, 0)
    assert "/t/4.json" not in server.paths
    assert len(rows(POSTS)) == 47


def test_what_a_guest_reads_is_public_whether_its_category_is_listed_or_not(
    forum: Forum, serve: Serve, pull: Sync
) -> None:
    forum.category[1] = 77
    assert pull("discourse", serve(forum.answer).url).imported.added == 49


def test_categories_are_read_to_the_last_page(forum: Forum, serve: Serve, pull: Sync) -> None:
    forum.categories = [{"id": id_, "name": f"Room {id_}"} for id_ in range(1, 42)]
    forum.category = {1: 41, 2: 21}
    server = serve(forum.answer)
    assert pull("discourse", server.url, secrets=KEY).imported.added == 49
    pages = [one.one("page") for one in server.asked if one.path == "/categories.json"]
    assert pages == ["", "2", "3"]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_key_that_is_shown_no_categories_reads_nothing(
    status: int, forum: Forum, serve: Serve, pull: Sync, rows: Rows
) -> None:
    server = serve(forum.answer)
    server.fail(Reply({"errors": ["no"]}, status), "/categories.json", 2)
    error = pull("discourse", server.url, secrets=KEY).error or ""
    assert "let GROUNDSWELL_DISCOURSE_TOKEN read /categories.json, or sync without it" in error
    assert rows(POSTS) == []
    assert pull("discourse", server.url).imported.added == 49


@pytest.mark.parametrize(
    "address",
    ["", "ftp://forum.example.org", "https://me:pw@forum.example.org", "https://x.org/?key=pw"],
)
def test_what_is_no_address_is_refused_without_showing_secrets(address: str, pull: Sync) -> None:
    with pytest.raises(InvalidInput) as error:
        pull("discourse", address)
    assert "write https://forum.example.org" in str(error.value)
    assert "pw" not in str(error.value)
