"""Many flags at once: nothing without a preview, and nothing but what it showed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service import flag_bulk, flags
from service.db.models import Flag
from service.db.session import Database, open_database
from service.errors import InvalidInput, NotFound, Stale
from service.flag_bulk import Change
from service.flags import Step
from tests.service import http_store

AT = http_store.NOW
STEP = Step("dismiss", "technical")


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    yield found
    found.close()


def preview(database: Database, *ids: int, step: Step = STEP) -> flag_bulk.Preview:
    with database.write() as session:
        return flag_bulk.preview(session, ids, step, "bo", AT)


def apply(database: Database, token: str, *ids: int, step: Step = STEP, actor: str = "bo") -> int:
    with database.write() as session:
        done = flag_bulk.apply(session, ids, step, token, actor, AT)
        return sum(one.changed for one in done)


def statuses(database: Database) -> list[str]:
    with database.read() as session:
        return [session.get_one(Flag, id_).status for id_ in (1, 2, 4)]


def test_a_preview_shows_what_would_change_and_changes_nothing(database: Database) -> None:
    before = statuses(database)
    shown = preview(database, 1, 2, 4)
    assert shown.changes[:2] == (
        Change(1, 1, "open", "dismissed"), Change(2, 2, "dismissed", "dismissed"),
    )  # fmt: skip
    assert shown.changes[2].refused is not None
    assert "claimed by ann" in shown.changes[2].refused
    assert statuses(database) == before
    assert apply(database, shown.token, 1, 2, 4) == 1
    assert statuses(database) == ["dismissed", "dismissed", "claimed"]


def test_nothing_is_done_where_anything_moved(database: Database) -> None:
    shown = preview(database, 1, 2)
    with database.write() as session:
        flags.act(session, 2, "reopen", revision=2, actor="ann", now=AT)
    with pytest.raises(Stale, match="flag 2 was changed since the preview: reopened by ann"):
        apply(database, shown.token, 1, 2)
    assert statuses(database)[0] == "open"


def test_a_step_that_would_do_something_else_by_now_is_stale(database: Database) -> None:
    step = Step("claim")
    with database.write() as session:
        until = AT + timedelta(hours=1)
        flags.act(session, 1, "snooze", revision=1, actor="bo", now=AT, until=until)
        flags.act(session, 1, "claim", revision=2, actor="ann", now=AT)
    shown = preview(database, 1, step=step)
    assert shown.changes[0].refused is not None
    with database.write() as session:  # as if the claim had never been
        session.get_one(Flag, 1).claimed_by = None
        session.get_one(Flag, 1).status = "open"
    with pytest.raises(Stale, match="something else by now"):
        apply(database, shown.token, 1, step=step)


def test_a_token_is_for_one_step_of_one_person_on_these_flags(database: Database) -> None:
    token = preview(database, 1, 2).token
    for ids, step, actor in (
        ((1,), STEP, "bo"), ((1, 2), Step("confirm"), "bo"), ((1, 2), STEP, "ann"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match="ask for a preview again"):
            apply(database, token, *ids, step=step, actor=actor)
    for forged in ("", "x", "é", token[:-6], "AAAA" * 10):
        with pytest.raises(InvalidInput, match="ask for a preview again"):
            apply(database, forged, 1, 2)


def test_of_one_thread_one_flag_comes_back(database: Database) -> None:
    with database.write() as session:
        old = session.get_one(Flag, 2)
        names = [column.key for column in Flag.__table__.columns if column.key != "id"]
        values = {name: getattr(old, name) for name in names}
        session.add(Flag(**values | {"id": 9, "status": "confirmed"}))
    step = Step("reopen")
    shown = preview(database, 2, 9, step=step)
    assert [one.after for one in shown.changes] == ["open", "confirmed"]
    assert shown.changes[1].refused == "its thread would have two flags that wait: this and flag 2"
    assert apply(database, shown.token, 2, 9, step=step) == 1


def test_how_many_at_once(database: Database) -> None:
    with pytest.raises(InvalidInput, match="1 to 100"):
        preview(database)
    with pytest.raises(InvalidInput, match="1 to 100"):
        preview(database, *range(1, 102))
    with pytest.raises(NotFound, match="no flag 99: nothing was changed"):
        preview(database, 1, 99)
