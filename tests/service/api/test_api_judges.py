"""Judges over HTTP: what they judged, how often people agree, what is left to be labelled."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from service.insights.agreement import wilson
from tests.service import http_store, judged
from tests.service.api.test_api_judgements import put

PATH = "/api/v1/judgements"
NONE = {
    "reviewed": 0, "agreeing": 0, "abstained": 0, "share": None, "low": None, "high": None,
    "confusion": [],
}  # fmt: skip


def judge(client: TestClient, task: str = "sentiment") -> dict[str, Any]:
    [found] = [row for row in client.get(PATH).json()["data"] if row["task"] == task]
    return found


def sample(client: TestClient, **params: Any) -> list[int]:
    answer = client.get(f"{PATH}/sentiment/sample", params=params)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def test_judges_say_what_they_judged(client: TestClient) -> None:
    body = client.get(PATH).json()
    assert (body["level"], body["next_cursor"]) == (0.9, None)
    assert [row["task"] for row in body["data"]] == list(judged.LABELS)
    row = judge(client)
    assert (row["model"], row["version"], row["used_since"]) == (
        "test-sentiment", "1", "2026-02-28T12:00:00Z",
    )  # fmt: skip
    assert row["labels"] == ["negative", "neutral", "positive"]
    assert (row["posts"], row["abstained"], row["earlier"]) == (197, 4, 0)
    assert row["sampled"] == row["chosen"] == NONE


def test_accuracy_is_of_the_sample_and_told_apart_from_the_rest(own: TestClient) -> None:
    # The model says neutral of 1, positive of 2 and 8, negative of 4, and nothing of 85.
    given = {1: "neutral", 2: "positive", 4: "neutral", 8: "negative", 85: "negative"}
    for post, label in given.items():
        put(own, post, "sentiment", label, sampled=True)
    for post in (10, 12):
        put(own, post, "sentiment", "negative")
    row = judge(own)
    low, high = wilson(2, 4)
    assert row["sampled"] == {
        "reviewed": 4, "agreeing": 2, "abstained": 1, "share": 0.5,
        "low": round(low, 4), "high": round(high, 4),
        "confusion": [
            {"model_label": None, "label": "negative", "posts": 1},
            {"model_label": "negative", "label": "neutral", "posts": 1},
            {"model_label": "neutral", "label": "neutral", "posts": 1},
            {"model_label": "positive", "label": "negative", "posts": 1},
            {"model_label": "positive", "label": "positive", "posts": 1},
        ],
    }  # fmt: skip
    assert row["chosen"]["confusion"] == [
        {"model_label": "neutral", "label": "negative", "posts": 2}
    ]
    assert (row["chosen"]["reviewed"], row["chosen"]["share"]) == (2, 0.0)
    assert judge(own, "intent")["sampled"] == NONE
    put(own, 1, "sentiment", "negative")  # a change of mind: it is still of the sample
    assert judge(own)["sampled"]["reviewed"] == 4
    assert judge(own)["sampled"]["agreeing"] == 1


def test_a_new_version_starts_without_accuracy(own: TestClient) -> None:
    put(own, 1, "sentiment", "neutral", sampled=True)
    with own.app.state.services.database.write() as session:
        new = judged.model(session, "sentiment", http_store.NOW, "2")
        judged.score(session, 2, new, "sentiment", "positive", 0.9, False)
    row = judge(own)
    assert (row["version"], row["posts"], row["earlier"]) == ("2", 1, 196)
    assert row["sampled"] == NONE
    put(own, 2, "sentiment", "positive", sampled=True)
    assert judge(own)["sampled"]["share"] == 1.0


def test_a_sample_is_of_readable_posts_that_no_sample_had(own: TestClient) -> None:
    whole = sample(own, limit=200)
    assert len(whole) == len(set(whole)) == 196
    assert not {197, 198} & set(whole)  # private, deleted
    assert whole != sorted(whole)
    assert sample(own, limit=5) == whole[:5]
    assert sample(own, limit=5, seed=1) != whole[:5]
    put(own, whole[0], "sentiment", "negative", sampled=True)
    put(own, whole[2], "sentiment", "negative")
    put(own, whole[1], "intent", "other")
    assert sample(own, limit=200) == whole[1:]


def test_a_sample_leads_nobody(client: TestClient) -> None:
    body = client.get(f"{PATH}/sentiment/sample", params={"limit": 1}).json()
    assert (body["task"], body["labels"]) == ("sentiment", ["negative", "neutral", "positive"])
    [post] = body["data"]
    assert post == {
        name: value
        for name, value in client.get(f"/api/v1/posts/{post['id']}").json().items()
        if name != "data_as_of"
    }
    assert client.get(f"{PATH}/language/sample").json()["labels"] == []


@pytest.mark.parametrize(
    ("task", "params"),
    [
        ("mood", {}), ("sentiment", {"seed": -1}), ("sentiment", {"seed": 2**31}),
        ("sentiment", {"limit": 0}), ("sentiment", {"limit": 201}), ("sentiment", {"by": "x"}),
    ],
)  # fmt: skip
def test_a_sample_that_cannot_be(client: TestClient, task: str, params: dict[str, Any]) -> None:
    answer = client.get(f"{PATH}/{task}/sample", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_the_largest_seed_will_do(client: TestClient) -> None:
    assert len(sample(client, seed=2**31 - 1, limit=200)) == 196
