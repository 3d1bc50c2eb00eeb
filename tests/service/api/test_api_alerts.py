"""Alerts over HTTP, and trends of every window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from service.db.models import Alert
from service.db.session import Database
from tests.service.http_store import NOW, open_client

ALERTS, TRENDS = "/api/v1/alerts", "/api/v1/topics/trending"


@pytest.fixture
def database(own: TestClient) -> Database:
    return own.app.state.services.database


@pytest.fixture
def counted(own: TestClient, database: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(connection, cursor, statement, *rest) -> None:
        if statement.startswith("SELECT") and "encoder" not in statement:
            said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(database.engine, "before_cursor_execute", hear)


def test_an_alert_has_its_receipt(client: TestClient) -> None:
    [alert] = client.get(ALERTS).json()["data"]
    assert (alert["id"], alert["topic"]) == (1, {"id": 2, "label": "Editor shortcuts"})
    assert (alert["span"], alert["verdict"], alert["observed"]) == ("daily", "organic", 6)
    assert alert["tick"] == "2026-02-20T12:00:00Z"
    assert alert["ended_at"] == "2026-02-23T12:00:00Z"
    assert alert["people"] == [
        {"id": 1, "name": "Ada", "posts": 3}, {"id": 2, "name": "Bo", "posts": 2},
    ]  # fmt: skip
    assert alert["voices"]["accounts"] == 6
    assert (alert["sentiment"]["direction"], alert["sentiment"]["now"]) == ("up", 0.6)
    assert [post["id"] for post in alert["posts"]] == [1, 4]


def test_brigades_are_listed_for_who_asks(client: TestClient) -> None:
    [brigade] = client.get(ALERTS, params={"verdict": "brigade"}).json()["data"]
    assert (brigade["id"], brigade["verdict"], brigade["sentiment"]) == (2, "brigade", None)
    assert client.get(ALERTS, params={"topic": 3}).json()["data"] == []
    assert client.get(ALERTS, params={"span": "hourly"}).json()["data"] == []
    assert client.get(ALERTS, params={"verdict": "loud"}).status_code == 422


def more(database: Database, count: int) -> None:
    with database.write() as session:
        one = session.get_one(Alert, 1)
        session.query(Alert).filter_by(span="hourly").delete()
        for number in range(count):
            session.add(Alert(
                topic_id=1 + number % 3, span="hourly", tick=NOW.replace(hour=number),
                verdict="organic", observed=6, expected=1.0, p=1e-6, q=1e-6, level=1e-4,
                quiet=0, ended_at=NOW, receipt=one.receipt, version="trends-2",
            ))  # fmt: skip


def test_pages_follow_each_other(own: TestClient, database: Database) -> None:
    more(database, 6)
    ids, cursor = [], None
    for _ in range(4):
        body = own.get(ALERTS, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        ids += [row["id"] for row in body["data"]]
        cursor = body["next_cursor"]
    assert cursor is None
    assert ids == [8, 7, 6, 5, 4, 3, 1]


def test_more_alerts_take_no_more_statements(
    own: TestClient, database: Database, counted: list[str]
) -> None:
    more(database, 3)
    own.get(ALERTS)
    counted.clear()
    assert len(own.get(ALERTS).json()["data"]) == 4
    firsts = list(counted)
    more(database, 9)
    counted.clear()
    assert len(own.get(ALERTS).json()["data"]) == 10
    assert sorted(one[:90] for one in counted) == sorted(one[:90] for one in firsts)


@pytest.mark.parametrize("window", ["1h", "1d", "7d", "28d"])
def test_every_window_is_told(client: TestClient, window: str) -> None:
    body = client.get(TRENDS, params={"window": window}).json()
    assert body["window"] == window
    assert (body["level"] is None) == (window in {"7d", "28d"})
    shown = {(row["topic_id"], row["verdict"]) for row in body["data"]}
    assert shown == {"1h": set(), "1d": {(1, "rising")}, "7d": set(), "28d": set()}[window]
    for row in body["data"]:
        assert row["first_seen"] >= "2026-02-2"
        assert (row["voices"] is not None) == (window == "1d")
    assert client.get(TRENDS, params={"window": "2d"}).status_code == 422


def test_the_day_s_rise_is_by_many(client: TestClient) -> None:
    [row] = client.get(TRENDS).json()["data"]
    assert row["voices"] == {
        "accounts": 9, "posts": 9, "copied": 0.0, "young": 0.0, "top": 0.333, "verdict": "organic",
    }  # fmt: skip


def test_hidden_topics_do_not_trend(own: TestClient, database: Database) -> None:
    from service.db.models import Topic

    with database.write() as session:
        session.get_one(Topic, 1).hidden_at = NOW
    body = own.get(TRENDS).json()
    assert (body["data"], body["topics_tested"]) == ([], 2)


def test_alerts_of_hidden_topics_are_told_to_who_asks_for_the_topic(
    own: TestClient, database: Database
) -> None:
    from service.db.models import Topic

    with database.write() as session:
        session.get_one(Topic, 2).hidden_at = NOW
    listed = own.get(ALERTS).json()["data"]
    assert 2 not in {alert["topic"]["id"] for alert in listed}
    [alert] = own.get(ALERTS, params={"topic": 2}).json()["data"]
    assert alert["id"] == 1


def test_trends_take_few_statements(own: TestClient, counted: list[str]) -> None:
    counted.clear()
    own.get(TRENDS)
    assert len(counted) <= 18


def test_without_a_tick_there_is_no_alert(tmp_path: Path, built: Path) -> None:
    import shutil

    shutil.copytree(built, tmp_path / "store")
    with open_client(tmp_path / "store") as client:
        database = client.app.state.services.database
        with database.write() as session:
            session.query(Alert).delete()
        assert client.get(ALERTS).json() == {"data": [], "next_cursor": None}
