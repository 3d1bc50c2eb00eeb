"""Stack Exchange: questions, answers, comments; quotas, backoff, what is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.sync.stackexchange import locate
from service.errors import InvalidInput
from tests.conftest import NOW
from tests.jobs.sync.conftest import Rows, Serve, Sync
from tests.jobs.sync.local import Reply, Server
from tests.jobs.sync.stack import BEGIN, SITE, Stack

KEY = {"stackexchange_token": "k3y"}
IDS = "SELECT external_id FROM post WHERE deleted_at IS NULL ORDER BY external_id"
ROOT = "/2.3"
LISTS = [f"{ROOT}/{name}" for name in ("questions", "answers", "comments")]


@pytest.fixture
def stack() -> Stack:
    """Return a site of two questions, two answers and two comments."""
    found = Stack()
    found.question(1, 0)
    found.question(2, 10, accepted_answer_id=22)
    found.reply(21, 1, 20)
    found.reply(22, 2, 30, is_accepted=True)
    found.comment(90, 1, 40)
    found.comment(91, 22, 41)
    return found


@pytest.fixture
def server(stack: Stack, serve: Serve) -> Server:
    """Return the server of the site."""
    return serve(stack.answer)


@pytest.fixture
def address(server: Server) -> str:
    """Return where the site is."""
    return f"{server.url}/{SITE}"


def test_a_first_sync_brings_everything(
    server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    result = pull("stackexchange", address, secrets=KEY)
    assert (result.error, result.imported.added, result.imported.threads_added) == (None, 6, 2)
    assert server.paths == [f"{ROOT}/filters/create", *LISTS]
    assert {one.one("key") for one in server.asked} == {"k3y"}
    assert {one.one("filter") for one in server.asked[1:]} == {"!made"}
    query = (
        "SELECT p.external_id, t.external_id, p.parent_external_id, p.text FROM post p "
        "JOIN thread t ON t.id = p.thread_id ORDER BY p.external_id"
    )
    assert rows(query) == [
        ("1", "1", None, "why 1?"),
        ("2", "2", None, "why 2?"),
        ("21", "1", "1", "because 21"),
        ("22", "2", "2", "because 22"),
        ("c90", "1", "1", "and *90*"),
        ("c91", "2", "22", "and *91*"),
    ]
    query = "SELECT title, accepted_post_external_id FROM thread WHERE external_id = '2'"
    assert rows(query) == [('Question "2"', "22")]
    assert rows("SELECT name, platform FROM source") == [(SITE, SITE)]
    assert "k3y" not in str(rows("SELECT * FROM source") + rows("SELECT * FROM audit_entry"))


def test_a_second_sync_asks_from_where_the_first_ended(
    stack: Stack, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    pull("stackexchange", address)
    stack.reply(23, 2, 100)
    stack.answers[21] |= {
        "body": "<p>rather</p>",
        "last_activity_date": BEGIN + 6_060,
        "last_edit_date": BEGIN + 6_060,
    }
    stack.questions[1]["last_activity_date"] = BEGIN + 6_060
    server.asked.clear()
    result = pull("stackexchange", address)
    assert (result.imported.added, result.imported.updated) == (1, 1)
    assert server.paths == LISTS
    assert [int(one.one("min")) - BEGIN for one in server.asked] == [1_800, 1_800, 2_460]
    assert rows("SELECT text FROM post WHERE external_id = '21'") == [("rather",)]


def test_pages_are_cut_by_time(stack: Stack, server: Server, address: str, pull: Sync) -> None:
    stack.size = 5
    for id_ in range(100, 117):
        stack.question(id_, id_)
    for id_ in range(200, 213):
        stack.question(id_, 300)
    result = pull("stackexchange", address)
    assert (result.error, result.imported.added) == (None, 36)


def test_once_a_day_what_is_gone_is_looked_for(
    stack: Stack, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    pull("stackexchange", address)
    del stack.answers[21], stack.comments[91]
    stack.comments[90]["body_markdown"] = "an edit"
    assert pull("stackexchange", address).imported.deleted == 0
    server.asked.clear()
    result = pull("stackexchange", address, at=NOW + timedelta(days=1))
    assert (result.imported.deleted, result.imported.updated) == (2, 1)
    assert server.paths == [*LISTS, f"{ROOT}/posts/22;21;2;1", f"{ROOT}/comments/91;90"]
    assert [id_ for (id_,) in rows(IDS)] == ["1", "2", "22", "c90"]
    assert rows("SELECT text FROM post WHERE external_id = 'c90'") == [("an edit",)]


def test_backoff_and_quota_are_kept_to(
    stack: Stack, server: Server, address: str, pull: Sync, slept: list[float], rows: Rows
) -> None:
    stack.more = {"backoff": 10}
    pull("stackexchange", address)
    assert slept == [10, 10, 10]
    stack.comment(92, 2, 200)
    stack.more = {"quota_remaining": 0}
    result = pull("stackexchange", address)
    assert "the quota of the day is spent: run `groundswell sync` again later" in result.error
    assert "GROUNDSWELL_STACKEXCHANGE_TOKEN" in result.error
    stack.more = {}
    assert pull("stackexchange", address).imported.added == 1


def test_errors_of_the_api_are_named(server: Server, address: str, pull: Sync, rows: Rows) -> None:
    result = pull("stackexchange", f"{server.url}/tea.stackexchange.com")
    assert "does not know tea.stackexchange.com" in (result.error or "")
    throttled = Reply({"error_id": 502, "error_name": "throttle_violation"}, 400)
    server.fail(throttled, LISTS[1])
    assert "quota" in (pull("stackexchange", address).error or "")
    assert len(rows(IDS)) == 2
    assert pull("stackexchange", address).imported.added == 4


def test_without_a_filter_of_its_own_it_takes_the_one_with_bodies(
    server: Server, address: str, pull: Sync
) -> None:
    server.fail(Reply({}, 400), f"{ROOT}/filters/create")
    assert pull("stackexchange", address).imported.added == 6
    assert server.asked[1].one("filter") == "withbody"


def test_a_bad_item_is_refused_and_the_others_are_in(
    stack: Stack, address: str, pull: Sync
) -> None:
    stack.answers[22]["body"] = None
    stack.comments[90] = {"comment_id": "x", "creation_date": "y"}
    result = pull("stackexchange", address)
    assert (result.error, result.imported.added, result.imported.rejected) == (None, 4, 2)


def test_addresses() -> None:
    place = locate("https://Coffee.stackexchange.com/")
    assert (place.name, place.address) == (SITE, f"https://{SITE}")
    assert place.api == "https://api.stackexchange.com/2.3"
    for wrong in ("coffee", f"https://{SITE}/questions", "http://127.0.0.1:8000/coffee"):
        with pytest.raises(InvalidInput, match="a site like"):
            locate(wrong)
