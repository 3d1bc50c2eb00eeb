"""Answers that are damaged anywhere: good items, rejects, or one typed error; never a crash."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import orjson
import pytest

from jobs.sync.client import Answer
from jobs.sync.cursors import PRIVATE, packed, unpacked
from jobs.sync.live import Access, Refused
from jobs.sync.registry import KINDS
from service.errors import SyncFailed
from service.ingest.fields import BadRecord
from tests.conftest import NOW
from tests.jobs.sync.forum import Forum
from tests.jobs.sync.guild import GUILD, Guild
from tests.jobs.sync.hub import REPO, Hub, note
from tests.jobs.sync.local import Asked, Reply
from tests.jobs.sync.realm import Realm
from tests.jobs.sync.stack import SITE, Stack
from tests.jobs.sync.workspace import Workspace

VALUES: list[Any] = [None, True, 0, -1, 2**70, 1.5, "", "x", "\ud800", "\0", [], [[]], {}, {"a": 1}]
VALUES += [float("inf"), "2026-05-01", {"id": {"id": []}}, "9" * 5_000, [None, 3]]
ROUNDS = 400


class Mangled:
    """Stands in for the client; every answer is damaged in some places."""

    api = httpx2.URL("http://127.0.0.1:1")
    access = Access(secret=True, variable="GROUNDSWELL_TOKEN")
    host = "127.0.0.1:1"

    def __init__(self, root: str, answer: Callable[[Asked], Reply], dice: Random) -> None:
        self.root = root
        self.answer = answer
        self.dice = dice
        self.left = 60

    def get(self, path: str, params: Any = None, *, headers: Any = None) -> Any:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        for name, value in (params or {}).items():
            query[name] = [str(one) for one in value] if isinstance(value, list) else [str(value)]
        return self._damaged(Asked("GET", self.root + parts.path, query, {}))

    def post(self, path: str, body: Any) -> Any:
        return self._damaged(Asked("POST", path, {}, {}, body))

    def rest(self, seconds: float) -> None:
        assert seconds >= 0

    def hint(self) -> str:
        return ""

    def _damaged(self, asked: Asked) -> Any:
        self.left -= 1
        if self.left < 0:
            raise SyncFailed("enough")
        try:
            reply = self.answer(asked)
        except (KeyError, ValueError, TypeError, OverflowError):
            raise SyncFailed("asked for something odd") from None
        if reply.status >= 400:
            raise Refused("no", reply.status, reply.data)
        data = copy.deepcopy(reply.data)
        for _ in range(self.dice.randrange(3)):
            data = damage(data, self.dice)
        return Answer(200, data, {}, None)


class Nothing:
    """Stands in for the store."""

    def thread(self, external_id: str) -> dict[str, str | None]:
        return {"1": None, "issuecomment-1": None, "issuecomment-2": "x", "issuecomment-3": None}

    def is_public(self, external_id: str) -> bool:
        return True

    def threads(self) -> list[str]:
        return ["1", "issue-1", "1/topic 9", "8/old", "C1/1", "C9/1"]

    def recent(self, since: datetime, limit: int) -> list[str]:
        return ["1", "c90", "c1", "C1/1777626060.000100", "C1/1", "C1/x"]


def damage(data: Any, dice: Random) -> Any:
    """Return the data with one value, anywhere in it, replaced or gone."""
    places: list[tuple[Any, Any]] = []
    waiting = [data]
    while waiting:
        at = waiting.pop()
        keys = list(at) if isinstance(at, dict) else range(len(at)) if isinstance(at, list) else ()
        places += [(at, key) for key in keys]
        waiting += [at[key] for key in keys]
    if not places or dice.random() < 0.05:
        return dice.choice(VALUES)
    at, key = dice.choice(places)
    if isinstance(at, dict) and dice.random() < 0.3:
        del at[key]
    else:
        at[key] = copy.deepcopy(dice.choice(VALUES))
    return data


def kept(cursor: Any, dice: Random) -> dict[str, Any]:
    """Return a cursor as the next sync finds it: sometimes damaged, most often none."""
    try:
        text = orjson.dumps(damage(cursor, dice)).decode()
    except TypeError:
        return {}
    return unpacked(text) if dice.random() < 0.3 else {}


def discourse() -> tuple[str, Callable[[Asked], Reply]]:
    """Return a small forum."""
    forum = Forum()
    forum.add(1)
    forum.add(2, posts=25)
    return "http://127.0.0.1:1", forum.answer


def github() -> tuple[str, Callable[[Asked], Reply]]:
    """Return a small repository."""
    hub = Hub()
    hub.issue(1, 0)
    hub.comment(1, 1, 5)
    hub.review(2, 1, 6)
    hub.discuss(7, 9, [note(71, 10, note(72, 11), more=True)])
    return f"http://127.0.0.1:1/{REPO}", hub.answer


def stackexchange() -> tuple[str, Callable[[Asked], Reply]]:
    """Return a small site."""
    stack = Stack(more={"backoff": 1})
    stack.question(1, 0)
    stack.reply(2, 1, 5)
    stack.comment(90, 2, 9)
    return f"http://127.0.0.1:1/{SITE}", stack.answer


def zulip() -> tuple[str, Callable[[Asked], Reply]]:
    """Return a small organization."""
    realm = Realm()
    for id_ in range(1, 6):
        realm.say(id_, f"topic {id_ % 2}", id_, reactions=[{"emoji_name": "tada", "user_id": 10}])
    return "http://127.0.0.1:1", realm.answer


def slack() -> tuple[str, Callable[[Asked], Reply]]:
    """Return a small workspace."""
    workspace = Workspace(url="http://127.0.0.1:1")
    workspace.say("C1", 1)
    workspace.say("C1", 2, thread=1)
    workspace.say("C2", 3, reactions=[{"name": "tada", "users": ["U1"], "count": 1}])
    return workspace.url, workspace.answer


def discord() -> tuple[str, Callable[[Asked], Reply]]:
    """Return a small server."""
    guild = Guild()
    del guild.channels["300"], guild.channels["400"]
    guild.say("100", 1, type=7)
    guild.say("200", 2)
    guild.say(guild.open("200", 2, archived=9), 3)
    return f"http://127.0.0.1:1/channels/{GUILD}", guild.answer


ROOTS = {"stackexchange": "/2.3", "zulip": "/api/v1", "slack": "/api", "discord": "/api/v10"}


@pytest.mark.parametrize("make", [discourse, github, stackexchange, zulip, slack, discord])
def test_damaged_answers_are_survived(make: Callable[[], Any]) -> None:
    address, answer = make()
    root = ROOTS.get(make.__name__, "")
    pull = KINDS[make.__name__].pull
    dice = Random(make.__name__)
    ends = {"whole": 0, "error": 0}
    cursor: dict[str, Any] = {PRIVATE: False}
    for _ in range(ROUNDS):
        client: Any = Mangled(root, answer, dice)
        try:
            for page in pull(client, address, cursor, now=NOW, stored=Nothing()):
                cursor = unpacked(packed(page.cursor))
            ends["whole"] += 1
        except (SyncFailed, BadRecord):
            ends["error"] += 1
        cursor = {**kept(cursor, dice), PRIVATE: False}
    assert min(ends.values()) > ROUNDS // 20
