from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from nlp.encoders import load
from service.db.models import Post
from service.db.session import open_database
from tests.service import http_store
from tests.service.conftest import open_client

QUERY = "the phone will not sync my notebook"


def search(client: TestClient, q: str = QUERY, **params) -> dict:
    answer = client.get("/api/v1/search", params={"q": q} | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def exact(folder: Path, text: str) -> list[tuple[int, float]]:
    """Every readable post by its cosine, computed without the index."""
    database = open_database(http_store.settings(folder).url)
    with database.read() as session:
        rows = session.execute(select(Post.id, Post.plain).where(Post.id < 197)).all()
    database.close()
    scores = load("hashing").encode([row.plain for row in rows]) @ load("hashing").encode([text])[0]
    return sorted(zip([row.id for row in rows], scores.tolist(), strict=True), key=lambda r: -r[1])


def test_hits_are_those_of_an_exact_search(client: TestClient, built: Path) -> None:
    body = search(client, limit=10)
    expected = [score for _, score in exact(built, QUERY)][:10]
    np.testing.assert_allclose([hit["score"] for hit in body["data"]], expected, atol=1e-3)
    assert body["index"]["behind"] == 0
    assert body["data_as_of"] == "2026-02-28T09:46:00Z"
    first = body["data"][0]
    assert first["post"]["thread"]["title"].startswith("Offline sync")
    assert first["snippet"] in first["post"]["text"]


def test_pages_follow_each_other(client: TestClient) -> None:
    whole = [hit["post"]["id"] for hit in search(client, limit=30)["data"]]
    first = search(client, limit=15)
    second = search(client, limit=15, cursor=first["next_cursor"])
    assert [hit["post"]["id"] for hit in first["data"] + second["data"]] == whole


def test_a_cursor_of_another_question_is_foreign(client: TestClient) -> None:
    cursor = search(client, limit=1)["next_cursor"]
    answer = client.get("/api/v1/search", params={"q": "themes", "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_filters_reach_the_search(client: TestClient) -> None:
    body = search(client, channel="editor", author="Jun", after="2026-01-01", before="2026-02-01")
    posts = [hit["post"] for hit in body["data"]]
    assert len(posts) == 3
    assert {(post["channel"], post["author"]["name"]) for post in posts} == {("editor", "Jun")}
    assert all("2026-01-01" <= post["created_at"] < "2026-02-02" for post in posts)
    assert search(client, source="nowhere")["data"] == []


def test_hidden_posts_are_never_found(client: TestClient) -> None:
    for text in ("a private word about sync", "a deleted word about sync"):
        body = search(client, q=text, limit=200)
        assert not {197, 198} & {hit["post"]["id"] for hit in body["data"]}


@pytest.mark.parametrize("nothing", ["**", "?!", "> ", "---", "\U0001f600", "<b></b>"])
def test_a_query_without_a_word_is_refused(client: TestClient, nothing: str) -> None:
    answer = client.get("/api/v1/search", params={"q": nothing})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    if nothing.strip():
        assert "nothing to look for" in answer.json()["detail"]
    page = client.get("/search", params={"q": nothing}, headers={"Accept": "text/html"})
    assert page.status_code == 422
    assert search(client, q="**sync**")["data"]


def test_a_damaged_index_is_never_an_empty_answer(store: Path) -> None:
    [vectors] = store.glob("index/*/vectors.index")
    vectors.write_bytes(vectors.read_bytes()[:-1])
    with open_client(store) as client:
        answer = client.get("/api/v1/search", params={"q": "sync"})
    assert (answer.status_code, answer.json()["code"]) == (503, "index_not_ready")
    assert "groundswell rebuild-index" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "5"


def test_a_missing_index_is_never_an_empty_answer(store: Path) -> None:
    shutil.rmtree(store / "index")
    with open_client(store) as client:
        answer = client.get("/api/v1/search", params={"q": "sync"})
        ready = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "index_not_ready")
    assert "groundswell rebuild-index" in answer.json()["detail"]
    assert (ready.status_code, ready.json()["checks"][1]["ok"]) == (503, False)
