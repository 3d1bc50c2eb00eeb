"""GitHub: issues, comments, discussions; only what is new, edits, deletions, limits."""

from __future__ import annotations

import pytest

from jobs.sync.github import locate
from service.errors import InvalidInput
from tests.jobs.sync.conftest import Rows, Serve, Sync
from tests.jobs.sync.hub import REPO, Hub, at, note
from tests.jobs.sync.local import Reply, Server

TOKEN = {"github_token": "ghp_s3cret"}
IDS = "SELECT external_id FROM post WHERE deleted_at IS NULL ORDER BY external_id"
HOME = f"/repos/{REPO}"
LISTS = [f"{HOME}/issues/comments", f"{HOME}/pulls/comments", f"{HOME}/issues"]


@pytest.fixture
def hub() -> Hub:
    """Return a repository of two issues, three comments and a pull request."""
    found = Hub()
    found.issue(1, 0)
    found.issue(2, 10, user=None)
    found.issue(3, 20, pull_request={"url": "x"})
    found.comment(11, 1, 30)
    found.comment(12, 1, 31)
    found.comment(21, 2, 32)
    found.review(31, 3, 33)
    found.review(32, 3, 34, in_reply_to_id=31)
    found.discuss(7, 40, [note(71, 41, note(72, 42)), note(73, 43)])
    return found


@pytest.fixture
def server(hub: Hub, serve: Serve) -> Server:
    """Return the server of the repository."""
    found = serve(hub.answer)
    hub.url = found.url
    return found


@pytest.fixture
def address(server: Server) -> str:
    """Return where the repository is."""
    return f"{server.url}/{REPO}"


def test_a_first_sync_brings_issues_comments_and_reviews(
    server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    result = pull("github", address)
    assert (result.error, result.imported.added, result.imported.threads_added) == (None, 8, 3)
    assert server.paths == [HOME, *LISTS]
    assert "authorization" not in server.asked[0].headers
    assert server.asked[0].headers["x-github-api-version"] == "2022-11-28"
    assert [id_ for (id_,) in rows(IDS)] == [
        "issue-1",
        "issue-2",
        "issue-3",
        "issuecomment-11",
        "issuecomment-12",
        "issuecomment-21",
        "reviewcomment-31",
        "reviewcomment-32",
    ]
    assert rows("SELECT name, kind, platform, address FROM source") == [
        (REPO, "github", "github", address)
    ]
    titles = "SELECT title, channel FROM thread ORDER BY external_id"
    assert rows(titles)[2] == ("Issue 3", "Pull requests")
    people = "SELECT value, is_bot, is_staff, is_deleted FROM identity ORDER BY value"
    assert rows(people) == [
        ("ada", 0, 0, 0),
        ("bob", 0, 1, 0),
        ("ci[bot]", 1, 0, 0),
        ("ghost", 0, 0, 1),
    ]


def test_a_second_sync_asks_since_the_last_and_a_third_costs_nothing(
    hub: Hub, server: Server, address: str, pull: Sync
) -> None:
    pull("github", address)
    hub.comment(13, 1, 100)
    server.asked.clear()
    result = pull("github", address)
    assert (result.imported.added, result.imported.updated) == (1, 0)
    since = {one.path: one.one("since") for one in server.asked}
    assert since == {
        HOME: "",
        LISTS[0]: "2026-05-01T09:31:59Z",
        LISTS[1]: "2026-05-01T09:33:59Z",
        LISTS[2]: "2026-05-01T09:31:59Z",
    }
    assert len(server.asked) == 4
    pull("github", address)
    server.asked.clear()
    assert pull("github", address).imported.records == 0
    conditional = [one.headers.get("if-none-match") for one in server.asked]
    assert conditional[0] is None
    assert all(conditional[1:])


def test_pages_are_cut_by_time(hub: Hub, server: Server, address: str, pull: Sync) -> None:
    for number in range(100, 130):
        hub.issue(number, 200 + number)
    for number in range(200, 225):
        hub.issue(number, 900)
    hub.issue(300, 901)
    hub.size = 10
    result = pull("github", address)
    assert (result.error, result.imported.added) == (None, 8 + 56)
    assert {one.one("per_page") for one in server.asked[1:]} == {"100"}


def test_edits_come_in(hub: Hub, address: str, pull: Sync, rows: Rows, server: Server) -> None:
    pull("github", address)
    hub.comments[12] |= {"body": "me neither", "updated_at": at(200)}
    hub.issues[1] |= {"state": "closed", "updated_at": at(201)}
    result = pull("github", address)
    assert (result.imported.added, result.imported.updated) == (0, 2)
    query = "SELECT text, edited_at FROM post WHERE external_id = 'issuecomment-12'"
    assert rows(query) == [("me neither", "2026-05-01 12:20:00.000000")]
    assert rows("SELECT resolved FROM thread WHERE external_id = 'issue-1'") == [(1,)]


def test_deletions_are_found_by_counting(
    hub: Hub, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    pull("github", address)
    hub.uncomment(11, 1, 300)
    hub.comment(22, 2, 301)
    server.asked.clear()
    result = pull("github", address)
    assert (result.imported.deleted, result.imported.added) == (1, 1)
    assert server.paths == [HOME, *LISTS, f"{HOME}/issues/1/comments"]
    query = "SELECT external_id, text FROM post WHERE deleted_at IS NOT NULL"
    assert rows(query) == [("issuecomment-11", "")]
    server.asked.clear()
    assert pull("github", address).imported.deleted == 0
    assert server.paths == [HOME, *LISTS]


def test_discussions_come_with_a_token(
    hub: Hub, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    result = pull("github", address, secrets=TOKEN)
    assert (result.error, result.imported.added) == (None, 8 + 4)
    assert {one.headers["authorization"] for one in server.asked} == {"Bearer ghp_s3cret"}
    query = "SELECT parent_external_id FROM post WHERE external_id = 'discussioncomment-72'"
    assert rows(query) == [("discussioncomment-71",)]
    for number, minutes in ((8, 50), (9, 51), (10, 52)):
        hub.discuss(number, minutes, [note(number * 10, minutes)])
    hub.discuss(7, 60, [note(71, 41, note(72, 42), more=True)])
    result = pull("github", address, secrets=TOKEN)
    assert (result.imported.added, result.imported.deleted) == (7, 1)
    server.asked.clear()
    assert pull("github", address, secrets=TOKEN).imported.added == 0
    assert server.paths.count("/graphql") == 1


def test_a_cut_goes_on_where_it_was(
    hub: Hub, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    server.fail(Reply(status=500), LISTS[1], times=6)
    result = pull("github", address)
    assert "answered 500 at /repos/octo/cat/pulls/comments, 6 times" in (result.error or "")
    assert result.imported.added == 3
    result = pull("github", address)
    assert (result.error, result.imported.added) == (None, 5)
    assert len(rows(IDS)) == 8


def test_a_bad_item_is_refused_and_the_others_are_in(
    hub: Hub, server: Server, address: str, pull: Sync
) -> None:
    hub.comments[12]["body"] = 5
    hub.issues[2]["title"] = None
    result = pull("github", address)
    assert (result.error, result.imported.added, result.imported.rejected) == (None, 6, 2)


def test_a_list_of_another_shape_is_an_error(server: Server, address: str, pull: Sync) -> None:
    server.fail(Reply({"what": "ever"}), LISTS[0])
    assert "answers in a shape that is not known" in (pull("github", address).error or "")


def test_limits_are_waited_for(
    server: Server, address: str, pull: Sync, slept: list[float]
) -> None:
    server.fail(Reply({"message": "slow down"}, 403, {"Retry-After": "7"}), LISTS[2])
    result = pull("github", address)
    assert (result.error, result.waited, slept) == (None, 7.0, [7.0])


def test_private_repositories_need_to_be_asked_for(
    hub: Hub, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    hub.private = True
    result = pull("github", address, secrets=TOKEN)
    assert "is private: add --include-private" in (result.error or "")
    assert (rows("SELECT * FROM source"), rows(IDS)) == ([], [])
    assert pull("github", address, secrets=TOKEN, include_private=True).imported.added == 12
    assert rows("SELECT DISTINCT visibility FROM thread") == [("private",)]


def test_a_repository_that_is_made_private_is_emptied(
    hub: Hub, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    pull("github", address, secrets=TOKEN)
    hub.private = True
    result = pull("github", address, secrets=TOKEN)
    assert "is private: add --include-private" in (result.error or "")
    assert (result.imported.deleted, rows(IDS)) == (12, [])
    assert pull("github", address, secrets=TOKEN).imported.records == 0
    hub.private = False
    result = pull("github", address, secrets=TOKEN)
    assert (result.error, len(rows(IDS))) == (None, 12)
    hub.private = True
    pull("github", address, secrets=TOKEN, include_private=True)
    pull("github", address, secrets=TOKEN, include_private=False)
    assert (len(rows(IDS)), rows("SELECT DISTINCT visibility FROM thread")) == (12, [("private",)])


def test_graphql_errors_are_named(server: Server, address: str, pull: Sync) -> None:
    server.fail(Reply({"errors": [{"type": "FORBIDDEN"}], "data": None}), "/graphql")
    error = pull("github", address, secrets=TOKEN).error or ""
    assert "let GROUNDSWELL_GITHUB_TOKEN read them" in error
    server.fail(Reply({"errors": [{"type": "RATE_LIMITED"}]}), "/graphql")
    assert "no more requests" in (pull("github", address, secrets=TOKEN).error or "")


def test_two_repositories_share_people(
    hub: Hub, server: Server, serve: Serve, address: str, pull: Sync, rows: Rows
) -> None:
    pull("github", address)
    other = serve(hub.answer)
    hub.url = other.url
    with pytest.raises(InvalidInput, match="name this one with --source"):
        pull("github", f"{other.url}/{REPO}")
    pull("github", f"{other.url}/{REPO}", name="fork")
    assert rows("SELECT count(*) FROM post") == [(16,)]
    assert rows("SELECT count(*) FROM member") == [(4,)]


@pytest.mark.parametrize(
    ("address", "api", "name"),
    [
        ("octo/cat", "https://api.github.com", "octo/cat"),
        ("https://github.com/octo/cat.git/", "https://api.github.com", "octo/cat"),
        ("https://git.example.org/octo/cat", "https://git.example.org/api/v3", "octo/cat"),
    ],
)
def test_addresses(address: str, api: str, name: str) -> None:
    place = locate(address)
    assert (place.api, place.name) == (api, name)


@pytest.mark.parametrize("address", ["octo", "octo/cat/issues", "https://github.com/octo", "a b/c"])
def test_what_is_no_repository_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="write OWNER/REPO"):
        locate(address)
