"""Labels on pages: told in words, corrected without scripts, taken from our own forms only."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update
from starlette.testclient import TestClient

from service import auth
from service.db.models import Correction, ScoreModel
from tests.service import http_store, judged
from tests.service.web.test_web_pages import BAD, HTML, Reader, read

OURS = {"Sec-Fetch-Site": "same-origin", **HTML}


def send(
    client: TestClient, post: int, headers: dict[str, str] | None = None, **fields: str
) -> Any:
    sent = OURS if headers is None else headers
    return client.post(f"/posts/{post}/labels", data=fields, headers=sent, follow_redirects=False)


def history(client: TestClient, post: int) -> list[tuple[str, str, str | None]]:
    rows = client.get(f"/api/v1/posts/{post}/judgements/history").json()["data"]
    return [(row["task"], row["label"], row["note"]) for row in rows]


def chips(page: Reader) -> list[str]:
    """The titles of the chips of a page, in order."""
    return [item["title"] or "" for item in page.every("li") if "title" in item]


def test_a_thread_says_only_what_does_not_go_without_saying(client: TestClient) -> None:
    page = read(client, "/threads/3")  # on themes: positive, joyful announcements
    text = " ".join(page.text.split())
    assert "sentiment positive emotion joy intent announcement Labels" in text
    assert "hostility civil" not in text
    assert "Language: en 0.75 sure, by test-language 1" in text
    assert chips(page)[:3] == [
        "0.90 sure, by test-sentiment 1", "0.60 sure, by test-emotion 1",
        "0.50 sure, by test-intent 1",
    ]  # fmt: skip


def test_where_the_model_abstained_no_chip_is_shown(client: TestClient) -> None:
    page = read(client, "/threads/1?post=85")
    place = page.text.index("attempt number 85")
    text = " ".join(page.text[place : place + 900].split())
    assert "emotion frustration" in text.partition("Labels")[0]
    assert "sentiment" not in text.partition("Labels")[0]
    assert "Sentiment: not sure enough to say 0.40 sure, by test-sentiment 1" in text


def test_labels_of_a_whole_page_take_two_queries(own: TestClient) -> None:
    asked: list[str] = []
    engine = own.app.state.services.database.engine

    def note(connection, cursor, statement: str, *rest) -> None:
        if "score" in statement or "correction" in statement:
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    page = read(own, "/threads/2")
    event.remove(engine, "before_cursor_execute", note)
    assert len(page.every("article")) > 20
    assert len(asked) == 2


def test_every_field_of_the_form_is_labelled_and_needs_no_script(client: TestClient) -> None:
    answer = client.get("/threads/3", headers=HTML)
    assert answer.headers["referrer-policy"] == "same-origin"
    page = Reader(answer.text)
    forms = [form for form in page.every("form") if form.get("method") == "post"]
    assert len(forms) == len(page.every("article"))
    assert all(form["action"].startswith("/posts/") for form in forms)
    assert [one["name"] for one in page.every("select")[:4]] == [
        "sentiment", "emotion", "hostility", "intent",
    ]  # fmt: skip
    fields = len(page.every("select")) + len(page.every("input"))
    assert len(page.every("label")) == fields


def test_a_label_is_corrected_by_a_form(own: TestClient) -> None:
    fields = {"sentiment": "negative", "emotion": "", "language": "", "note": "irony"}
    answer = send(own, 2, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/threads/3?post=2#post-2")
    assert history(own, 2) == [("sentiment", "negative", "irony")]
    send(own, 2, **fields)
    assert len(history(own, 2)) == 1
    entry = own.get("/api/v1/audit").json()["data"][0]
    assert (entry["actor"], entry["action"]) == ("local", "judgement.correct")
    text = " ".join(read(own, "/threads/3").text.split())
    said = "corrected by local on 2026-02-28 12:00 UTC; the model said positive, 0.90 sure"
    assert f"Sentiment: negative (corrected) {said}" in text
    send(own, 2, sentiment="positive", language="de")
    text = " ".join(read(own, "/threads/3").text.split())
    assert "sentiment positive (confirmed)" in text
    assert "language de (corrected)" in text


def test_a_form_without_a_choice_changes_nothing(own: TestClient) -> None:
    assert send(own, 2, sentiment="", note="why?").status_code == 303
    assert history(own, 2) == []


@pytest.mark.parametrize(
    ("post", "fields", "status"),
    [
        (197, {"sentiment": "neutral"}, 404),
        (198, {"sentiment": "neutral"}, 404),
        (2, {"sentiment": "happy"}, 422),
        (2, {"language": "xx"}, 422),
        (2, {"mood": "good"}, 422),
        (2, {"sentiment": "neutral", "note": "x" * 501}, 422),
        (2, {"sentiment": "negative", "intent": "happy"}, 422),
        (2, {"sentiment": "neutral", "note": "\0"}, 422),
    ],
)
def test_a_form_that_cannot_be_changes_nothing(
    own: TestClient, post: int, fields: dict[str, str], status: int
) -> None:
    answer = send(own, post, **fields)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert len(own.get("/api/v1/audit").json()["data"]) == 1
    assert history(own, 2) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"sentiment": "neutral"}'),
        ("text/plain", b"sentiment=neutral"),
        ("", b"sentiment=neutral"),
        ("application/x-www-form-urlencoded", b"sentiment=neutral&sentiment=negative"),
        ("application/x-www-form-urlencoded", b"note=%ff&sentiment=neutral"),
        ("application/x-www-form-urlencoded", b"note=%ed%a0%80&sentiment=neutral"),
        ("application/x-www-form-urlencoded", b"\xff=1"),
        ("application/x-www-form-urlencoded", b"a=1&" * 5_000),
    ],
)
def test_what_is_no_form_is_refused(own: TestClient, kind: str, body: bytes) -> None:
    headers = OURS | {"Content-Type": kind}
    answer = own.post("/posts/2/labels", content=body, headers=headers)
    assert answer.status_code == 422
    assert history(own, 2) == []


SENDERS = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1"}, True),
    ({"Origin": "http://127.0.0.1"}, True),
    ({}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "http://[evil"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "none"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"}, False),
]


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize(("headers", "taken"), SENDERS)
def test_another_sites_form_is_not_taken(
    own: TestClient, headers: dict[str, str], taken: bool, keyed: bool
) -> None:
    sent = headers | HTML | (basic(own, "write") if keyed else {})
    answer = send(own, 2, sent, sentiment="negative")
    assert answer.status_code == (303 if taken else 403)
    if keyed:
        return
    assert len(history(own, 2)) == int(taken)


def basic(client: TestClient, scope: str) -> dict[str, str]:
    """The header by which a browser sends a key of this scope, made now."""
    with client.app.state.services.database.write() as session:
        key = auth.make_key(session, f"a {scope} key", [scope], http_store.NOW)
    return {"Authorization": "Basic " + base64.b64encode(f"me:{key}".encode()).decode()}


def test_who_may_only_read_sees_no_form_and_sends_none(own: TestClient) -> None:
    sent = basic(own, "read") | OURS
    answer = own.get("/threads/3", headers=sent)
    page = Reader(answer.text)
    assert "where they come from" in page.text
    assert [form for form in page.every("form") if form.get("method")] == []
    assert page.every("select") == []
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert send(own, 2, sent, sentiment="negative").status_code == 403
    assert send(own, 2, OURS, sentiment="negative").status_code == 401
    writer = basic(own, "write")
    assert send(own, 2, writer | OURS, sentiment="negative").status_code == 303
    rows = own.get("/threads/3", headers=writer).text
    assert "corrected by a write key on" in rows


@pytest.mark.parametrize("bad", BAD)
def test_names_and_notes_are_shown_as_text_only(store: Path, bad: str) -> None:
    with http_store.open_client(store) as client:
        with client.app.state.services.database.write() as session:
            session.execute(update(ScoreModel).values(name=bad))
        send(client, 2, sentiment="negative", note="n")
        with client.app.state.services.database.write() as session:
            session.execute(update(Correction).values(actor=bad, label=bad, note=bad))
        page = read(client, "/threads/3")
        assert not {"script", "img", "svg", "b"} & {tag for tag, _ in page.tags}
        assert not [a for _, a in page.tags for name in a if name.startswith("on")]
        assert bad.strip() in page.text
        assert any(bad in title for title in chips(page))


def test_a_topic_tells_its_mood_in_words(client: TestClient) -> None:
    text = " ".join(read(client, "/topics/3").text.split())
    row = client.get("/api/v1/moods").json()["data"][0]
    share = row["shares"][2]
    said = f"positive {100 * share['share']:.0f} % ({100 * share['low']:.0f} to"
    assert "Mood of the last 4 weeks, 28 posts judged, with 90 % intervals: negative" in text
    assert said in text
    assert "than in the 4 weeks before" not in text  # nothing changed
    assert "Too few of its posts" in read(client, "/topics/1").text


def test_a_change_that_is_sure_is_told_in_words(own: TestClient) -> None:
    with own.app.state.services.database.write() as session:
        new = judged.model(session, "sentiment", http_store.NOW, "2")
        for row in own.get("/api/v1/posts?topic=3&limit=200").json()["data"]:
            late = row["created_at"] >= "2026-01-31T12"
            label = "negative" if late else "positive"
            judged.score(session, row["id"], new, "sentiment", label, 0.95, False)
    text = " ".join(read(own, "/topics/3").text.split())
    assert "▲ more than in the 4 weeks before" in text
    assert "▼ less than in the 4 weeks before" in text


def test_where_nothing_was_judged_nothing_is_said(tmp_path: Path) -> None:
    http_store.empty(tmp_path).close()
    database = http_store.empty(tmp_path)
    with database.write() as session:
        http_store._people(session)
        http_store._talk(session)
        http_store._topics(session)
    database.close()
    with http_store.open_client(tmp_path) as client:
        page = read(client, "/threads/3")
        assert "Labels" not in page.text
        assert page.every("select") == []
        assert "Mood" not in read(client, "/topics/3").text
