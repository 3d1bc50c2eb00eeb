"""What posts say over HTTP: models judge, people correct, and who may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from service import auth
from service.db.models import Post
from service.db.session import open_database
from tests.service import http_store, judged

POSTS = "/api/v1/posts"
AT = "2026-02-28T12:00:00Z"


def held(client: TestClient, post: int, task: str = "sentiment") -> dict[str, Any]:
    answer = client.get(f"{POSTS}/{post}/judgements")
    assert answer.status_code == 200, answer.text
    [found] = [row for row in answer.json()["data"] if row["task"] == task]
    return found


def put(client: TestClient, post: int, task: str, label: str, **more: Any) -> Any:
    headers = more.pop("headers", {})
    body = {"label": label} | more
    return client.put(f"{POSTS}/{post}/judgements/{task}", json=body, headers=headers)


def audit(client: TestClient) -> list[dict[str, Any]]:
    return client.get("/api/v1/audit").json()["data"]


def test_a_post_has_its_labels_with_where_they_come_from(client: TestClient) -> None:
    body = client.get(f"{POSTS}/1/judgements").json()
    assert (body["post"], body["parts"], body["next_cursor"]) == (1, 1, None)
    assert [row["task"] for row in body["data"]] == [
        "sentiment", "emotion", "hostility", "intent", "language",
    ]  # fmt: skip
    assert [row["label"] for row in body["data"]] == ["neutral", "none", "civil", "question", "en"]
    assert body["data"][0] == {
        "task": "sentiment", "label": "neutral", "by": "model", "model_label": "neutral",
        "confidence": 0.7, "score": None, "aimed_at_person": None,
        "probabilities": {"negative": 0.15, "neutral": 0.7, "positive": 0.15},
        "model": "test-sentiment", "version": "1", "used_since": AT,
        "corrected_by": None, "corrected_at": None, "note": None,
    }  # fmt: skip
    assert body["data"][4]["probabilities"] == {"en": 0.75}  # those that are 0 are left out


def test_where_the_model_abstained_there_is_no_label(client: TestClient) -> None:
    row = held(client, 85)
    assert (row["label"], row["model_label"], row["by"]) == (None, None, "model")
    assert row["confidence"] == 0.4
    assert row["probabilities"] == {"negative": 0.4, "neutral": 0.3, "positive": 0.3}


def test_hostility_is_a_number_and_at_whom(own: TestClient) -> None:
    row = held(own, 1, "hostility")
    assert (row["label"], row["confidence"]) == ("civil", 0.9)
    assert (row["score"], row["aimed_at_person"]) == (0.1, 0.5)
    said = {2: ("personal", 0.75, False), 4: ("hostile", 0.25, True), 8: ("civil", 1.0, False),
            10: ("civil", 0.0, False)}  # fmt: skip
    with own.app.state.services.database.write() as session:
        model = judged.model(session, "hostility", http_store.NOW, "2")
        for post, (label, sure, unsure) in said.items():
            judged.score(session, post, model, "hostility", label, sure, unsure)
    rows = {post: held(own, post, "hostility") for post in said}
    assert {post: (row["score"], row["aimed_at_person"]) for post, row in rows.items()} == {
        2: (0.875, 0.857), 4: (0.625, 0.6), 8: (0.0, None), 10: (None, None),
    }  # fmt: skip
    assert rows[4]["label"] is None, "also where the model abstained"
    row = put(own, 2, "hostility", "civil").json()
    assert (row["label"], row["score"]) == ("civil", 0.875), "the number stays the model's"


@pytest.mark.parametrize(
    ("text", "parts"), [("", 0), ("\U0001f600", 1), ("word " * 300, 3), ("word " * 50_000, 8)]
)
def test_a_long_post_is_judged_in_parts_and_says_so(store: Path, text: str, parts: int) -> None:
    database = open_database(http_store.settings(store).url)
    with database.write() as session:
        session.execute(update(Post).where(Post.id == 1).values(text=text, plain=text))
    database.close()
    with http_store.open_client(store) as client:
        assert client.get(f"{POSTS}/1/judgements").json()["parts"] == parts


@pytest.mark.parametrize("post", [197, 198, 999])
def test_of_hidden_posts_nothing_is_told_and_nothing_taken(own: TestClient, post: int) -> None:
    for path in ("judgements", "judgements/history"):
        answer = own.get(f"{POSTS}/{post}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    before = audit(own)
    assert put(own, post, "sentiment", "neutral").status_code == 404
    assert audit(own) == before


def test_a_person_wins_over_every_model(own: TestClient, store: Path) -> None:
    answer = put(own, 1, "sentiment", "negative", note=" not polite at all ")
    assert answer.status_code == 200
    row = answer.json()
    assert row == held(own, 1)
    assert (row["label"], row["by"], row["model_label"]) == ("negative", "person", "neutral")
    assert (row["corrected_by"], row["corrected_at"]) == ("local", AT)
    assert (row["note"], row["confidence"]) == ("not polite at all", 0.7)
    assert held(own, 1, "intent")["by"] == "model"
    entry = audit(own)[0]
    assert (entry["actor"], entry["action"], entry["target"]) == (
        "local", "judgement.correct", "post 1",
    )  # fmt: skip
    assert entry["detail"] == {
        "task": "sentiment", "label": "negative", "before": "neutral", "sampled": False,
    }  # fmt: skip
    assert "polite" not in str(entry)
    database = own.app.state.services.database
    with database.write() as session:
        new = judged.model(session, "sentiment", http_store.NOW, "2")
        judged.score(session, 1, new, "sentiment", "positive", 0.9, False)
    row = held(own, 1)
    assert (row["label"], row["version"], row["model_label"]) == ("negative", "2", "positive")


def test_every_correction_is_kept_newest_first(own: TestClient) -> None:
    for label in ("negative", "positive", "neutral"):
        assert put(own, 1, "sentiment", label).json()["label"] == label
    put(own, 1, "intent", "complaint", note="see the end")
    rows = own.get(f"{POSTS}/1/judgements/history").json()["data"]
    assert [(row["task"], row["label"]) for row in rows] == [
        ("intent", "complaint"), ("sentiment", "neutral"), ("sentiment", "positive"),
        ("sentiment", "negative"),
    ]  # fmt: skip
    assert rows[0] == {
        "id": 5, "task": "intent", "label": "complaint", "actor": "local", "note": "see the end",
        "sampled": False, "model": "test-intent", "version": "1", "model_label": "question",
        "model_confidence": 0.9, "created_at": AT,
    }  # fmt: skip
    assert own.get(f"{POSTS}/2/judgements/history").json()["data"] == []


def test_to_repeat_a_correction_changes_nothing(own: TestClient) -> None:
    first, second = (put(own, 1, "sentiment", "negative", sampled=True) for _ in range(2))
    assert first.json() == second.json()
    assert [answer.headers["idempotency-replayed"] for answer in (first, second)] == ["false"] * 2
    assert put(own, 1, "sentiment", "negative").json() == first.json()  # sampled it stays
    rows = own.get(f"{POSTS}/1/judgements/history").json()["data"]
    assert [row["sampled"] for row in rows] == [True]
    assert len(audit(own)) == 2  # with the one that was there


def test_a_key_that_comes_again_writes_once(own: TestClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = put(own, 1, "sentiment", "negative", headers=key)
    put(own, 1, "sentiment", "positive")
    again = put(own, 1, "sentiment", "negative", headers=key)
    assert again.json() == first.json()
    assert [a.headers["idempotency-replayed"] for a in (first, again)] == ["false", "true"]
    assert held(own, 1)["label"] == "positive"
    for post, task, label in ((1, "sentiment", "neutral"), (2, "sentiment", "negative")):
        answer = put(own, post, task, label, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert len(own.get("/api/v1/jobs").json()["data"]) == 2  # those that were there


def test_a_refused_correction_does_not_use_up_its_key(own: TestClient) -> None:
    key = {"Idempotency-Key": "k-2"}
    assert put(own, 999, "sentiment", "negative", headers=key).status_code == 404
    assert put(own, 1, "sentiment", "negative", headers=key).status_code == 200


def test_one_key_sent_many_times_at_once_writes_once(own: TestClient) -> None:
    def ask(_: int) -> int:
        answer = put(own, 1, "intent", "praise", headers={"Idempotency-Key": "crowd"})
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(16))) == {200}
    assert len(own.get(f"{POSTS}/1/judgements/history").json()["data"]) == 1


@pytest.mark.parametrize(
    ("task", "body", "said"),
    [
        ("mood", {"label": "good"}, "tasks are sentiment, emotion, hostility, intent, language"),
        ("sentiment", {"label": "happy"}, "labels are negative, neutral, positive"),
        ("hostility", {"label": "neutral"}, "labels are civil, hostile, personal"),
        ("language", {"label": "xx"}, "ISO 639-1"),
        ("language", {"label": "EN"}, "ISO 639-1"),
        ("sentiment", {}, "body.label"),
        ("sentiment", {"label": "neutral", "note": " "}, "body.note"),
        ("sentiment", {"label": "neutral", "note": "x" * 501}, "body.note"),
        ("sentiment", {"label": "neutral", "sampled": "yes"}, "body.sampled"),
        ("sentiment", {"label": "neutral", "by": "me"}, "body.by"),
    ],
)
def test_what_is_no_label_is_refused_by_name(
    own: TestClient, task: str, body: dict[str, Any], said: str
) -> None:
    answer = own.put(f"{POSTS}/1/judgements/{task}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("code", ["de", "und", "ig"])
def test_a_language_is_given_by_its_code(own: TestClient, code: str) -> None:
    row = put(own, 1, "language", code).json()
    assert (row["label"], row["by"], row["probabilities"]) == (code, "person", {"en": 0.75})


def test_a_post_that_no_model_has_seen_can_be_labelled(own: TestClient) -> None:
    database = own.app.state.services.database
    with database.write() as session:
        http_store._post(session, 900, 1, 0, 0, 1)
    assert own.get(f"{POSTS}/900/judgements").json()["data"] == []
    row = put(own, 900, "emotion", "joy").json()
    assert (row["label"], row["by"], row["model"], row["probabilities"]) == (
        "joy", "person", None, {},
    )  # fmt: skip
    assert put(own, 900, "hostility", "hostile").json()["score"] is None


@pytest.mark.parametrize("scope", auth.SCOPES)
def test_to_correct_needs_the_scope_to_write(own: TestClient, scope: str) -> None:
    with own.app.state.services.database.write() as session:
        key = auth.make_key(session, "ann", [scope], http_store.NOW)
    headers = {"Authorization": f"Bearer {key}"}
    answer = put(own, 1, "sentiment", "negative", headers=headers)
    assert answer.status_code == (403 if scope == "read" else 200)
    answer = own.get(f"{POSTS}/1/judgements/history", headers=headers)
    assert [row["actor"] for row in answer.json()["data"]] == ([] if scope == "read" else ["ann"])
