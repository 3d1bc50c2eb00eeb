"""Slack: channels, threads, the last days anew; private ones only if asked for; refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from jobs.sync.slack import locate
from service.errors import InvalidInput
from service.ingest.formats import slack as formats
from tests.conftest import NOW
from tests.jobs.sync.conftest import Rows, Serve, Sync
from tests.jobs.sync.local import Asked, Reply, Server
from tests.jobs.sync.workspace import DAY, Workspace, no, ts

KEY = {"slack_token": "xoxb-s3cret"}
IDS = "SELECT external_id FROM post WHERE deleted_at IS NULL ORDER BY created_at"
LATE = 30 * DAY


@pytest.fixture
def workspace() -> Workspace:
    """Return a workspace with old messages and new ones, threads, and private channels."""
    found = Workspace()
    found.say("C1", 0, subtype="channel_join")
    found.say("C1", 1)
    found.say("C1", 2)
    found.say("C1", 3, thread=1)
    found.say("C2", LATE)
    found.say("C2", LATE + 1, reactions=[{"name": "tada", "users": ["U1"], "count": 1}])
    found.say("C2", LATE + 2, thread=LATE)
    found.say("C2", LATE + 3, thread=LATE)
    found.say("G3", 5, text="a secret")
    found.say("D4", 6, text="between us")
    return found


@pytest.fixture
def server(workspace: Workspace, serve: Serve) -> Server:
    """Return the server of the workspace."""
    found = serve(workspace.answer)
    workspace.url = found.url
    return found


def asked(server: Server, method: str) -> list[Asked]:
    """Return what a method was asked for."""
    return [one for one in server.asked if one.path == f"/api/{method}"]


def ids(*places: tuple[str, int]) -> list[str]:
    """Return the ids of messages."""
    return [f"{channel}/{ts(minutes)}" for channel, minutes in places]


ALL = ids(("C1", 1), ("C1", 2), ("C1", 3), *(("C2", LATE + n) for n in range(4)))


def test_a_first_sync_brings_channels_and_threads(server: Server, pull: Sync, rows: Rows) -> None:
    result = pull("slack", server.url, secrets=KEY)
    assert (result.error, result.imported.rejected, result.imported.private_skipped) == (None, 0, 0)
    assert [id_ for (id_,) in rows(IDS)] == ALL
    query = "SELECT t.external_id, count(*) FROM post p JOIN thread t ON t.id = p.thread_id"
    threads = dict(rows(f"{query} GROUP BY 1 HAVING count(*) > 1"))
    assert threads == {f"C1/{ts(1)}": 2, f"C2/{ts(LATE)}": 3}
    assert rows("SELECT name, author FROM reaction") == [("tada", "U1")]
    assert rows("SELECT external_id FROM event") == [("joined/U1",)]
    assert {one.headers["authorization"] for one in server.asked} == {"Bearer xoxb-s3cret"}
    assert "s3cret" not in str(rows("SELECT * FROM source") + rows("SELECT * FROM audit_entry"))


def test_private_ones_are_not_even_asked_for(server: Server, pull: Sync, rows: Rows) -> None:
    pull("slack", server.url, secrets=KEY)
    assert {one.one("types") for one in asked(server, "conversations.list")} == {"public_channel"}
    assert {one.one("channel") for one in asked(server, "conversations.history")} == {"C1", "C2"}
    result = pull("slack", server.url, secrets=KEY, include_private=True)
    assert (result.imported.added, result.imported.deleted) == (2, 0)
    closed = "SELECT visibility FROM thread WHERE visibility != 'public' ORDER BY 1"
    assert rows(closed) == [("direct",), ("private",)]
    result = pull("slack", server.url, secrets=KEY, include_private=False)
    assert (result.imported.deleted, result.imported.withdrawn) == (0, 0)


def test_a_second_sync_reads_the_last_days_anew(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("slack", server.url, secrets=KEY)
    edited = workspace.messages["C2"][ts(LATE)]
    edited |= {"text": "other words", "edited": {"user": "U1", "ts": ts(LATE + 8)}}
    del workspace.messages["C2"][ts(LATE + 1)]
    del workspace.messages["C2"][ts(LATE + 2)]
    workspace.say("C2", LATE + 9, thread=LATE)
    workspace.say("C2", LATE + 10)
    server.asked.clear()
    result = pull("slack", server.url, secrets=KEY)
    assert (result.imported.added, result.imported.updated, result.imported.deleted) == (2, 1, 2)
    bounds = {one.one("oldest") for one in asked(server, "conversations.history")}
    assert bounds == {f"{(NOW - timedelta(days=7)).timestamp():.6f}"}
    assert rows("SELECT text FROM post WHERE external_id = :id", id=ALL[3]) == [("other words",)]
    gone = "SELECT external_id FROM post WHERE deleted_at IS NOT NULL ORDER BY created_at"
    assert [id_ for (id_,) in rows(gone)] == [ALL[4], ALL[5]]
    server.asked.clear()
    result = pull("slack", server.url, secrets=KEY)
    assert result.imported.records == result.imported.unchanged
    assert asked(server, "conversations.replies") == []


def test_edits_of_replies_are_found_once_a_day(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("slack", server.url, secrets=KEY)
    workspace.messages["C2"][ts(LATE + 2)]["text"] = "reworded"
    assert pull("slack", server.url, secrets=KEY).imported.updated == 0
    result = pull("slack", server.url, secrets=KEY, at=NOW + timedelta(days=1))
    assert result.imported.updated == 1


def test_new_replies_to_older_messages_are_found_once_a_day(
    workspace: Workspace, server: Server, pull: Sync
) -> None:
    workspace.say("C1", 15 * DAY)
    pull("slack", server.url, secrets=KEY)
    workspace.say("C1", LATE + 20, thread=15 * DAY)
    assert pull("slack", server.url, secrets=KEY).imported.added == 0
    later = NOW + timedelta(days=1)
    assert pull("slack", server.url, secrets=KEY, at=later).imported.added == 1


def test_replies_to_what_is_older_still_are_looked_up_before_they_are_gone(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    workspace.say("C1", LATE + 20, thread=1)
    workspace.say("C1", LATE + 21, thread=1)
    pull("slack", server.url, secrets=KEY)
    del workspace.messages["C1"][ts(LATE + 20)]
    workspace.say("C1", LATE + 22, thread=1)
    assert pull("slack", server.url, secrets=KEY).imported.deleted == 0
    later = NOW + timedelta(days=2)
    result = pull("slack", server.url, secrets=KEY, at=later)
    assert (result.imported.deleted, result.imported.added) == (1, 1)


def test_a_rebuilt_conversation_loses_nothing(
    workspace: Workspace, server: Server, pull: Sync, database: Any, rows: Rows
) -> None:
    pull("slack", server.url, secrets=KEY)
    join = "UPDATE post SET thread_id = (SELECT id FROM thread WHERE external_id = :into)"
    with database.write() as session:
        session.connection().exec_driver_sql(
            join.replace(":into", "?") + " WHERE external_id = ?", (ALL[3], ALL[4])
        )
    workspace.say("C2", LATE + 9, thread=LATE)
    result = pull("slack", server.url, secrets=KEY, at=NOW + timedelta(days=1))
    assert (result.imported.added, result.imported.deleted) == (1, 0)


def test_full_finds_old_deletions(workspace: Workspace, server: Server, pull: Sync) -> None:
    pull("slack", server.url, secrets=KEY)
    del workspace.messages["C1"][ts(2)]
    assert pull("slack", server.url, secrets=KEY).imported.deleted == 0
    assert pull("slack", server.url, secrets=KEY, full=True).imported.deleted == 1


def test_channels_without_the_app_are_left_out_and_said_once(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    workspace.channels["C2"]["is_member"] = False
    result = pull("slack", server.url, secrets=KEY)
    assert (result.error, result.imported.added, result.imported.rejected) == (None, 4, 1)
    line = orjson.loads(result.imported.rejects_file.read_bytes())
    assert "1 are left out, as the app is not in them" in line["reason"]
    assert line["raw"] == "#help"
    assert not any("join" in path for path in server.paths)
    assert pull("slack", server.url, secrets=KEY).imported.rejected == 0
    workspace.bot = False
    assert {one.one("channel") for one in asked(server, "conversations.history")} == {"C1"}
    assert pull("slack", server.url, secrets=KEY).error is None
    workspace.channels["C2"]["is_member"] = True
    assert pull("slack", server.url, secrets=KEY).imported.added == 4


def test_a_channel_that_is_gone_is_emptied(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("slack", server.url, secrets=KEY)
    workspace.channels["C1"]["is_private"] = True
    assert pull("slack", server.url, secrets=KEY).imported.deleted == 3
    assert [id_ for (id_,) in rows(IDS)] == ALL[3:]


def test_full_empties_channels_that_are_gone(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("slack", server.url, secrets=KEY)
    workspace.channels["C1"]["is_private"] = True
    server.fail(Reply(status=500), "/api/conversations.history", times=6)
    assert pull("slack", server.url, secrets=KEY, full=True).error is not None
    result = pull("slack", server.url, secrets=KEY)
    assert (result.error, result.imported.deleted) == (None, 3)
    del workspace.channels["C2"]
    assert pull("slack", server.url, secrets=KEY, full=True).imported.deleted == 4
    assert rows(IDS) == []


def test_old_threads_of_a_channel_that_turned_private_are_private(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    workspace.messages["C1"][ts(1)] |= {"subtype": "tombstone", "user": "USLACKBOT"}
    pull("slack", server.url, secrets=KEY, include_private=True)
    public = "SELECT count(*) FROM thread WHERE visibility = 'public' AND external_id LIKE 'C1/%'"
    assert rows(public) == [(2,)]
    workspace.channels["C1"]["is_private"] = True
    result = pull("slack", server.url, secrets=KEY)
    assert (result.error, result.imported.deleted, rows(public)) == (None, 0, [(0,)])
    server.asked.clear()
    pull("slack", server.url, secrets=KEY)
    week = f"{(NOW - timedelta(days=7)).timestamp():.6f}"
    assert {one.one("oldest") for one in asked(server, "conversations.history")} == {week}


def test_cuts_go_on_in_the_middle_of_a_channel(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    workspace.size = 5
    for minutes in range(100, 130):
        workspace.say("C1", minutes)
    whole = workspace.answer

    def answer(one: Asked) -> Reply:
        late = one.path.endswith("history") and int(one.one("cursor", "0")) >= 20
        return Reply(whole(one).data, cut=60) if late else whole(one)

    server.answer = answer
    result = pull("slack", server.url, secrets=KEY)
    assert "cut the answer at /api/conversations.history, 6 times" in (result.error or "")
    assert result.imported.added == 20
    server.answer = whole
    server.asked.clear()
    result = pull("slack", server.url, secrets=KEY)
    assert (result.error, result.imported.deleted) == (None, 0)
    assert asked(server, "conversations.history")[0].one("cursor") == "20"
    assert len(rows(IDS)) == 37


def test_a_mark_that_is_worth_nothing_any_more_begins_the_channel_anew(
    workspace: Workspace, server: Server, pull: Sync, rows: Rows
) -> None:
    workspace.size = 1
    server.fail(Reply(status=500), "/api/conversations.replies", times=6)
    assert pull("slack", server.url, secrets=KEY).error is not None
    server.fail(no("invalid_cursor"), "/api/conversations.history")
    assert pull("slack", server.url, secrets=KEY).error is None
    assert len(rows(IDS)) == 7


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (no("missing_scope", needed="channels:history"), "needs the scope channels:history: add"),
        (no("invalid_auth"), "does not accept the token (invalid_auth): check GROUNDSWELL_SLACK"),
        (no("token_revoked"), "(token_revoked): check GROUNDSWELL_SLACK_TOKEN"),
        (no("<b>\n" * 99), "refused conversations.history (an unknown error)"),
    ],
)
def test_refusals_say_what_to_do(reply: Reply, told: str, server: Server, pull: Sync) -> None:
    server.fail(reply, "/api/conversations.history")
    result = pull("slack", server.url, secrets=KEY)
    assert told in (result.error or "")
    assert "s3cret" not in (result.error or "")


def test_limits_are_waited_for(server: Server, pull: Sync, slept: list[float]) -> None:
    limit = Reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"})
    server.fail(limit, "/api/conversations.history")
    server.fail(no("internal_error"), "/api/users.list")
    assert pull("slack", server.url, secrets=KEY).error is None
    assert slept == [5.0, 30.0]
    server.fail(no("fatal_error"), "/api/users.list", times=4)
    assert "answers fatal_error to users.list" in (
        pull("slack", server.url, secrets=KEY).error or ""
    )


def test_a_bad_message_is_refused_and_the_others_are_in(
    workspace: Workspace, server: Server, pull: Sync
) -> None:
    workspace.messages["C1"][ts(2)]["text"] = 5
    result = pull("slack", server.url, secrets=KEY)
    assert (result.error, result.imported.added, result.imported.rejected) == (None, 7, 1)


def test_ids_are_those_of_the_export(workspace: Workspace, server: Server, pull: Sync) -> None:
    pull("slack", server.url, secrets=KEY)
    row = workspace.messages["C1"][ts(3)]
    post = formats.post(row, formats.Channel("C1", "general"), formats.Workspace(), NOW)
    assert isinstance(post, formats.PostRecord)
    assert (post.external_id, post.thread_id) == (ALL[2], f"C1/{ts(1)}")


def test_a_token_of_another_workspace_is_refused(
    workspace: Workspace, server: Server, pull: Sync
) -> None:
    workspace.url = "https://other.slack.com"
    told = pull("slack", server.url, secrets=KEY).error or ""
    assert "GROUNDSWELL_SLACK_TOKEN is of other.slack.com: sync https://other.slack.com" in told


def test_addresses() -> None:
    place = locate("acme.slack.com")
    assert (place.address, place.api) == ("https://acme.slack.com", "https://slack.com/api")
    for wrong in ("https://acme.example.org", "https://acme.slack.com/archives/C1"):
        with pytest.raises(InvalidInput, match=r"write https://acme\.slack\.com"):
            locate(wrong)
