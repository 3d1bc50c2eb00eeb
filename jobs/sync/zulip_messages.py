"""Messages of Zulip as they are asked for: by narrow and id, and again where they were moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from jobs.sync.client import Answer, Client
from jobs.sync.cursors import is_number
from jobs.sync.live import Refused
from service.ingest.fields import TITLE_LIMIT, BadRecord, flag, needed, word
from service.ingest.formats.values import inner, listed, thing
from service.ingest.formats.zulip import topic

Narrow = list[dict[str, Any]]
SIZE = 1_000
LARGEST = 2**53
# So many lookups for the messages of moved topics; what is left over waits for the next check.
LOOKUPS = 200


def rows(answer: Answer, name: str) -> list[Any]:
    """Return a list of an answer; raise BadRecord where it has none: that is not an empty one."""
    page = thing(answer.data, "the answer")
    if page.get(name) is None:
        raise BadRecord(f"`{name}` is missing")
    return listed(page, name)


def identity(value: Any) -> int | None:
    """Return an id that messages can have; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST:
        return None
    return value


def messages(client: Client, narrow: Narrow, begin: int) -> Iterator[tuple[list[Any], int]]:
    """Yield messages from an id on, oldest first, each page with the id to go on with."""
    while True:
        page = thing(_page(client, narrow, begin, SIZE).data, "the messages")
        found = listed(page, "messages")
        if "messages" not in page:
            raise BadRecord("`messages` is missing")
        reached = max([begin, *(id_ + 1 for id_ in identities(found))])
        yield found, reached
        if page.get("found_newest") is True or reached == begin:
            return
        begin = reached


def moved(client: Client, narrow: Narrow, ids: list[str]) -> Iterator[tuple[list[Any], list[str]]]:
    """Yield messages as they are now, with the ids that are gone, or out of sight, beside them.

    The first is looked up, and what else is wanted is mostly found in the topic where that is.
    """
    left = sorted(int(id_) for id_ in ids if is_number(id_))
    for _ in range(LOOKUPS):
        if not left:
            return
        first = left[0]
        found = rows(_page(client, narrow, first, 0), "messages")
        if first not in identities(found):
            yield [], [str(first)]
            left = left[1:]
            continue
        row = next(row for row in found if isinstance(row, dict) and row.get("id") == first)
        where = _topic(row)
        around = [] if where is None else rows(_page(client, where, first, SIZE), "messages")
        wanted = [one for one in around if not set(identities([one])).isdisjoint(left)] or [row]
        yield wanted, []
        left = [id_ for id_ in left if id_ != first and id_ not in identities(wanted)]


def topics(client: Client, stream: str) -> set[str] | None:
    """Return the thread ids of a channel's topics; None where the channel does not tell them."""
    try:
        answer = client.get(f"/users/me/{stream}/topics")
    except Refused as error:
        if error.answered == 400:
            return None
        raise
    names = [
        word(thing(row, "the topic"), ("name",), TITLE_LIMIT) for row in rows(answer, "topics")
    ]
    return {topic(stream, name or "")[0] for name in names}


def closed(client: Client, stream: str) -> bool:
    """Return whether a channel is gone, or private; an archived one that can be read is neither."""
    try:
        answer = client.get(f"/streams/{stream}")
    except Refused as error:
        if error.answered == 400:
            return True
        raise
    return flag(inner(thing(answer.data, "the answer"), "stream"), ("invite_only",)) is True


def _page(client: Client, narrow: Narrow, anchor: int, size: int) -> Answer:
    query = {
        "anchor": anchor,
        "num_before": 0,
        "num_after": size,
        "narrow": orjson.dumps(narrow).decode(),
        "apply_markdown": "false",
        "client_gravatar": "true",
    }
    return client.get("/messages", query)


def identities(found: list[Any]) -> list[int]:
    """Return the ids of messages; those that tell none are left out."""
    ids = (identity(row.get("id")) for row in found if isinstance(row, dict))
    return [id_ for id_ in ids if id_ is not None]


def _topic(row: dict[str, Any]) -> Narrow | None:
    try:
        stream = needed(row, ("stream_id",), 20)
        subject = word(row, ("subject",), TITLE_LIMIT)
    except BadRecord:
        return None
    if not is_number(stream) or subject is None:
        return None
    return [
        {"operator": "stream", "operand": int(stream)},
        {"operator": "topic", "operand": subject},
    ]
