from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from service.db.models import Member, Post, Source, Thread, Topic
from service.db.session import open_database
from tests.service import http_store
from tests.service.conftest import open_client

HTML = {"Accept": "text/html"}


class Reader(HTMLParser):
    """Reads a page: its tags with attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(client: TestClient, path: str, status: int = 200) -> Reader:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Reader(answer.text)


def test_the_front_page_tells_what_rises(client: TestClient) -> None:
    page = read(client, "/")
    text = " ".join(page.text.split())
    assert "What is rising in chat, forum" in text
    assert "Data as of 2026-02-28 09:46 UTC" in text
    assert "9 people in the last day" in text
    assert "alarms this strong would be chance" in text
    assert "posts 196" in text
    assert "topics 3" in text
    assert "of posts in no topic 17.9 %" in text
    assert len(page.every("blockquote")) == 3
    assert len(page.every("svg")) == 1
    assert {link["href"].split("?")[0] for link in page.every("a")} >= {"/topics/1", "/docs"}
    quoted = [link["href"] for link in page.every("a") if "?post=" in link["href"]]
    assert len(quoted) == 3


def test_every_link_of_the_pages_leads_somewhere(client: TestClient) -> None:
    seen, left = set(), ["/", "/search?q=sync&channel=&after="]
    while left and len(seen) < 25:
        path = left.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 200
        page = Reader("" if path in {"/docs", "/readyz"} else answer.text)
        for link in page.every("a"):
            assert link["href"].startswith(("/", "#", "https://forum.example/")), link
            target = link["href"].partition("#")[0]
            if target.startswith("/"):
                left.append(target)
    assert len(seen) > 20


def test_pages_need_no_script_and_no_other_host(client: TestClient) -> None:
    for path in ("/", "/search?q=sync", "/threads/2", "/topics/1"):
        page = read(client, path)
        assert page.every("script") == []
        assert page.every("img") == []
        assert all(link["href"].startswith("/static/") for link in page.every("link"))
        assert not [a for _, a in page.tags if any(n == "style" or n.startswith("on") for n in a)]


def test_a_search_shows_its_hits_and_the_way_on(client: TestClient) -> None:
    page = read(client, "/search?q=the phone will not sync&channel=&author=")
    assert "will not sync my notebook" in page.text
    [more] = [link["href"] for link in page.every("a") if "cursor=" in link["href"]]
    assert read(client, more).text != page.text
    assert page.every("input")[0]["value"] == "the phone will not sync"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/search", 200, "Search posts by meaning"),
        ("/search?q=a&after=yesterday", 422, "should be a time"),
        ("/search?q=a&cursor=x", 400, "Cursor not usable"),
        ("/search?q=sync&author=Nobody", 200, "No post was found"),
        ("/threads/999", 404, "there is no thread 999"),
        ("/threads/20", 404, "there is no thread 20"),
        ("/topics/999", 404, "there is no topic 999"),
        ("/topics/x", 422, "should be a valid integer"),
        ("/nowhere", 404, "Not found"),
        ("/?as_of=x", 422, "should be a time"),
        ("/?as_of=0001-01-01", 422, "from 1980 to 2200"),
        ("/?as_of=2026-02-10", 200, "Nothing is rising"),
        ("/?as_of=1980-01-01", 200, "Too early to say what is rising"),
        ("/topics/1?as_of=2026-02-10", 200, "11 posts by"),
        ("/topics/1?as_of=2026-02-10", 200, "As of  2026-02-11 00:00 UTC"),
        ("/topics/1?as_of=1980-01-01", 200, "0 posts by 0 people"),
        ("/topics/1?as_of=x", 422, "should be a time"),
    ],
)
def test_pages_say_what_is_wrong(client: TestClient, path: str, status: int, said: str) -> None:
    assert said in read(client, path, status).text


def test_links_keep_the_time_that_was_asked_for(client: TestClient) -> None:
    page = read(client, "/?as_of=2026-02-28T10:00:00Z")
    links = [link["href"] for link in page.every("a") if link["href"].startswith("/topics/")]
    assert links == ["/topics/1?as_of=2026-02-28T10:00:00Z"]
    assert "As of" in read(client, links[0]).text


def test_a_quote_deep_in_a_thread_opens_at_its_post(own: TestClient, store: Path) -> None:
    database = open_database(http_store.settings(store).url)
    with database.write() as session:
        for number in range(150):
            http_store._post(session, 5_000 + number, 3, 0, 2, 68)
    database.close()
    posts = own.get("/api/v1/threads/3?limit=200").json()["data"]
    last, first = posts[-1]["id"], posts[0]["id"]
    page = read(own, f"/threads/3?post={last}")
    assert f"post-{last}" in {tag["id"] for tag in page.every("article")}
    assert "From the beginning" in page.text
    assert "From the beginning" not in read(own, f"/threads/3?post={first}").text


def test_an_empty_store_names_the_next_command(tmp_path: Path) -> None:
    http_store.empty(tmp_path).close()
    with open_client(tmp_path) as client:
        assert "groundswell import" in read(client, "/").text
        assert "groundswell run" in read(client, "/search?q=a", 503).text


def test_posts_without_a_run_name_the_next_command(store: Path) -> None:
    database = open_database(http_store.settings(store).url)
    with database.write() as session:
        session.execute(update(Topic).values(retired_at=http_store.NOW))
    database.close()
    with open_client(store) as client:
        assert "groundswell run" in read(client, "/").text


def test_a_missing_index_names_what_mends_it(store: Path) -> None:
    shutil.rmtree(store / "index")
    with open_client(store) as client:
        assert "groundswell rebuild-index" in read(client, "/").text
        assert "groundswell rebuild-index" in read(client, "/search?q=a", 503).text


def test_without_a_database_the_page_says_so(tmp_path: Path) -> None:
    with open_client(tmp_path) as client:
        assert "groundswell import" in read(client, "/", 503).text


BAD = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title></textarea></style><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "<a href=javascript:alert(1)>x</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "]]><!--<script>alert(1)//-->",
    "\u202e<b>\u0000".replace("\u0000", ""),
]


@pytest.mark.parametrize("bad", BAD)
def test_posts_and_names_are_shown_as_text_only(store: Path, bad: str) -> None:
    database = open_database(http_store.settings(store).url)
    with database.write() as session:
        session.execute(update(Post).values(text=bad, plain=bad, url=f"javascript:{bad}"))
        session.execute(update(Thread).values(title=bad, channel=bad))
        session.execute(update(Topic).values(label=bad, words=[bad]))
        session.execute(update(Member).values(name=bad))
        session.execute(update(Source).where(Source.id == 1).values(name=bad))
    database.close()
    with open_client(store) as client:
        clean = {"html", "head", "meta", "title", "link", "body", "a", "header", "form", "label"}
        clean |= {"input", "button", "main", "footer", "h1", "h2", "p", "dl", "div", "dt", "dd"}
        clean |= {"article", "svg", "polyline", "path", "rect", "desc", "details", "summary"}
        clean |= {"table", "thead", "tbody", "tr", "th", "td", "span", "time", "blockquote", "ul"}
        clean |= {"li", "strong", "code", "section", "select", "option"}
        for path in ("/", "/search", "/threads/2", "/topics/1"):
            answer = client.get(path, params={"q": bad}, headers=HTML)
            page = Reader(answer.text)
            assert {tag for tag, _ in page.tags} <= clean, path
            assert not [a for _, a in page.tags for name in a if name.startswith("on")]
            links = [link["href"] for link in page.every("a")]
            assert all(link.startswith(("/", "#")) for link in links)
            assert bad.strip() in page.text or path == "/search"
