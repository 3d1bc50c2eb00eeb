"""Discord: channels, threads, forums, the last days anew; private ones only if asked for."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from jobs.sync.discord import locate
from service.errors import InvalidInput
from service.ingest.formats import discord as formats
from tests.conftest import NOW
from tests.jobs.sync.conftest import Rows, Serve, Sync
from tests.jobs.sync.guild import DAY, DENIED, GUILD, Guild, at, flake
from tests.jobs.sync.local import Asked, Reply, Server

KEY = {"discord_token": "s3cret"}
IDS = "SELECT external_id FROM post WHERE deleted_at IS NULL ORDER BY created_at"
GONE = "SELECT external_id FROM post WHERE deleted_at IS NOT NULL ORDER BY created_at"
THREAD = "SELECT t.external_id, t.title, t.channel FROM post p JOIN thread t ON t.id = p.thread_id"
LATE = 30 * DAY


@pytest.fixture
def guild() -> Guild:
    """Return a server with old messages and new ones, threads, a forum and a private channel."""
    found = Guild()
    found.say("100", 0, type=7)
    found.say("100", 1)
    found.say("100", 2, type=19, message_reference={"message_id": flake(1), "channel_id": "100"})
    found.say("200", 3)
    thread = found.open("200", 3, archived=50)
    found.say(thread, 4)
    found.say(found.open("300", 5), 5)
    found.say("400", 6)
    found.say(found.open("400", 7), 7)
    found.say(found.open("100", 8, kind=12), 8)
    found.say("100", LATE, reactions=[{"emoji": {"id": None, "name": "tada"}, "count": 2}])
    found.say("100", LATE + 1)
    return found


@pytest.fixture
def server(guild: Guild, serve: Serve) -> Server:
    """Return where the server answers."""
    return serve(guild.answer)


@pytest.fixture
def address(server: Server) -> str:
    """Return the server's address."""
    return f"{server.url}/channels/{GUILD}"


def read(server: Server) -> set[str]:
    """Return the channels whose messages were asked for."""
    return {path.split("/")[4] for path in server.paths if "/messages" in path}


PUBLIC = [flake(minutes) for minutes in (1, 2, 3, 4, 5, LATE, LATE + 1)]


def test_a_first_sync_brings_channels_threads_and_forums(
    server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    result = pull("discord", address, secrets=KEY)
    assert (result.error, result.imported.rejected, result.imported.private_skipped) == (None, 0, 0)
    assert [id_ for (id_,) in rows(IDS)] == PUBLIC
    query = f"{THREAD} WHERE p.external_id = :id"
    assert rows(query, id=flake(3)) == rows(query, id=flake(4))
    assert rows(query, id=flake(4)) == [(flake(3), "thread of 3", "help")]
    assert rows(query, id=flake(5)) == [(flake(5), "thread of 5", "ideas")]
    assert rows(query, id=flake(2)) == [(flake(1), None, "general")]
    assert rows("SELECT name, count FROM reaction") == [("tada", 2)]
    assert rows("SELECT external_id FROM event") == [("joined/70",)]
    assert rows("SELECT platform, kind FROM source") == [("discord", "discord")]
    assert {one.headers["authorization"] for one in server.asked} == {"Bot s3cret"}
    assert "s3cret" not in str(rows("SELECT * FROM source") + rows("SELECT * FROM audit_entry"))


def test_private_ones_are_not_even_asked_for(
    guild: Guild, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    pull("discord", address, secrets=KEY)
    assert read(server) == {"100", "200", flake(3), flake(5)}
    assert not any("400" in path or "private" in path for path in server.paths)
    result = pull("discord", address, secrets=KEY, include_private=True)
    assert (result.error, result.imported.added, result.imported.deleted) == (None, 3, 0)
    closed = "SELECT count(*) FROM thread WHERE visibility = 'private'"
    assert rows(closed) == [(3,)]
    result = pull("discord", address, secrets=KEY, include_private=False)
    assert (result.imported.deleted, result.imported.withdrawn) == (0, 0)


def test_a_server_that_hides_all_but_some_channels(
    guild: Guild, address: str, pull: Sync, rows: Rows
) -> None:
    guild.everyone = 0
    guild.channels["200"]["permission_overwrites"] = [
        {"id": GUILD, "type": 0, "allow": "1024", "deny": "0"},
        {"id": "77", "type": 0, "allow": "0", "deny": "1024"},
    ]
    assert pull("discord", address, secrets=KEY).imported.added == 2
    assert [id_ for (id_,) in rows(IDS)] == [flake(3), flake(4)]


def test_a_second_sync_reads_the_last_days_anew(
    guild: Guild, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    pull("discord", address, secrets=KEY)
    guild.messages["100"][flake(LATE)] |= {
        "content": "other words",
        "edited_timestamp": at(LATE + 5),
        "reactions": [],
    }
    guild.messages["100"][flake(1)]["content"] = "an old edit"
    del guild.messages["100"][flake(LATE + 1)]
    guild.say("100", LATE + 9)
    guild.say(flake(5), LATE + 10)
    server.asked.clear()
    result = pull("discord", address, secrets=KEY)
    assert (result.imported.added, result.imported.updated, result.imported.deleted) == (2, 1, 1)
    assert read(server) == {"100", flake(5)}
    query = "SELECT text FROM post WHERE external_id = :id"
    assert rows(query, id=flake(LATE)) == [("other words",)]
    assert rows("SELECT count(*) FROM reaction") == [(0,)]
    assert rows(GONE) == [(flake(LATE + 1),)]
    result = pull("discord", address, secrets=KEY, full=True)
    assert (result.imported.updated, result.imported.deleted) == (1, 0)


def test_full_finds_old_deletions(guild: Guild, address: str, pull: Sync) -> None:
    pull("discord", address, secrets=KEY)
    del guild.messages["100"][flake(2)], guild.messages[flake(3)][flake(4)]
    assert pull("discord", address, secrets=KEY).imported.deleted == 0
    assert pull("discord", address, secrets=KEY, full=True).imported.deleted == 2


def test_threads_that_come_later(
    guild: Guild, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    pull("discord", address, secrets=KEY)
    thread = guild.open("100", LATE)
    guild.say(thread, LATE + 20)
    guild.say(guild.open("300", LATE + 30, archived=LATE + 40), LATE + 30)
    guild.threads[flake(3)]["thread_metadata"] = {"archived": False, "archive_timestamp": at(LATE)}
    guild.say(flake(3), LATE + 50)
    result = pull("discord", address, secrets=KEY)
    assert (result.imported.added, result.imported.deleted) == (3, 0)
    assert rows(f"{THREAD} WHERE p.external_id = '{flake(LATE)}'") == [
        (thread, f"thread of {LATE}", "general")
    ]


def test_archived_threads_are_paged(guild: Guild, server: Server, address: str, pull: Sync) -> None:
    guild.size = 3
    for minutes in range(100, 110):
        guild.say(guild.open("300", minutes, archived=minutes + 500), minutes)
    assert pull("discord", address, secrets=KEY).imported.added == 18
    lists = [path for path in server.paths if path.endswith("/300/threads/archived/public")]
    assert len(lists) == 4
    server.asked.clear()
    pull("discord", address, secrets=KEY)
    assert server.paths.count("/api/v10/channels/300/threads/archived/public") == 1


def test_pages_come_newest_first_and_are_cut(
    guild: Guild, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    for minutes in range(100, 350):
        guild.say("100", minutes)

    def answer(asked: Asked) -> Reply:
        reply = guild.answer(asked)
        late = "messages" in asked.path and int(asked.one("after")) > int(flake(150))
        return Reply(reply.data, cut=100) if late else reply

    server.answer = answer
    result = pull("discord", address, secrets=KEY)
    assert "cut the answer at /api/v10/channels/100/messages, 6 times" in (result.error or "")
    assert result.imported.added == 99
    server.answer = guild.answer
    server.asked.clear()
    result = pull("discord", address, secrets=KEY)
    assert (result.error, result.imported.deleted) == (None, 0)
    after = [one.one("after") for one in server.asked if one.path.endswith("/100/messages")]
    assert int(after[0]) == int(flake(196))
    assert len(rows(IDS)) == 257


def test_channels_that_are_shut_are_said_once_and_lose_nothing(
    guild: Guild, server: Server, address: str, pull: Sync, rows: Rows
) -> None:
    pull("discord", address, secrets=KEY)
    guild.shut.add("100")
    result = pull("discord", address, secrets=KEY)
    assert (result.error, result.imported.deleted, result.imported.rejected) == (None, 0, 1)
    line = orjson.loads(result.imported.rejects_file.read_bytes())
    assert "1 are left out: give the bot View Channel" in line["reason"]
    assert line["raw"] == "#general"
    assert pull("discord", address, secrets=KEY).imported.rejected == 0
    guild.shut.clear()
    guild.blank.add("100")
    assert pull("discord", address, secrets=KEY).imported.deleted == 0


def test_a_channel_that_is_gone_or_closed_is_emptied(
    guild: Guild, address: str, server: Server, pull: Sync, rows: Rows
) -> None:
    pull("discord", address, secrets=KEY)
    guild.say(guild.open("100", 20, archived=30), 20)
    pull("discord", address, secrets=KEY, full=True)
    guild.channels["100"]["permission_overwrites"] = DENIED
    del guild.channels["200"], guild.threads[flake(3)]
    server.asked.clear()
    assert pull("discord", address, secrets=KEY).imported.deleted == 7
    assert "100" not in read(server)
    assert [id_ for (id_,) in rows(IDS)] == [flake(5)]


def test_without_the_intent_nothing_is_blanked(
    guild: Guild, address: str, pull: Sync, rows: Rows
) -> None:
    guild.flags = 0
    told = pull("discord", address, secrets=KEY).error or ""
    assert "turn on Message Content Intent" in told
    assert rows("SELECT * FROM post") == []


def test_limits_are_waited_for(
    server: Server, address: str, pull: Sync, slept: list[float]
) -> None:
    limit = {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}
    server.fail(Reply(limit, 429), "/api/v10/channels/100/messages")
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "2.25"}
    server.fail(Reply({}, 429, headers), "/api/v10/guilds")
    assert pull("discord", address, secrets=KEY).error is None
    assert slept == [2.25, 1.5]


def test_a_bad_message_is_refused_and_the_others_are_in(
    guild: Guild, address: str, pull: Sync
) -> None:
    guild.messages["100"][flake(2)]["content"] = 5
    guild.messages["200"][flake(3)]["author"] = None
    result = pull("discord", address, secrets=KEY)
    assert (result.error, result.imported.added, result.imported.rejected) == (None, 6, 2)


def test_what_is_dated_ahead_hides_nothing(guild: Guild, address: str, pull: Sync) -> None:
    ahead = guild.say("200", 600 * DAY)
    assert pull("discord", address, secrets=KEY).imported.rejected == 1
    guild.say("200", LATE + 3)
    guild.channels["200"]["last_message_id"] = ahead["id"]
    assert pull("discord", address, secrets=KEY).imported.added == 1


def test_ids_are_those_of_the_exporter(guild: Guild, address: str, pull: Sync, rows: Rows) -> None:
    pull("discord", address, secrets=KEY)
    head = {"id": flake(3), "type": "GuildPublicThread", "category": "help", "name": "thread of 3"}
    row = {"id": flake(4), "type": "Default", "timestamp": at(4), "content": "at 4"}
    row |= {"author": {"id": "70", "name": "user70"}}
    post = formats.post(row, formats.room(head), formats.Guild(GUILD), NOW)
    assert post is not None
    query = """SELECT p.external_id, t.external_id, t.channel, p.url, i.value FROM post p
        JOIN thread t ON t.id = p.thread_id JOIN identity i ON i.member_id = p.member_id
        WHERE p.external_id = :id"""
    told = (post.external_id, post.thread_id, post.channel, post.url, post.author)
    assert rows(query, id=flake(4)) == [told]


def test_a_later_day(guild: Guild, address: str, pull: Sync) -> None:
    pull("discord", address, secrets=KEY)
    guild.say("100", LATE + 2 * DAY)
    later = NOW + timedelta(days=60)
    assert pull("discord", address, secrets=KEY, at=later).imported.added == 1


@pytest.mark.parametrize("address", ["1234567890123456789", "https://discord.com/channels/90/7"])
def test_addresses(address: str) -> None:
    place = locate(address)
    assert place.api == "https://discord.com/api/v10"
    assert place.address in (f"https://discord.com/channels/{address}", address[:-2])


@pytest.mark.parametrize("address", ["https://discord.gg/abc", "home", "https://x.org/channels/9"])
def test_what_is_no_server_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="the server's id"):
        locate(address)
