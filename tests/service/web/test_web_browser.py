"""The pages in a real browser: no script of a post runs, no other host is asked."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from sqlalchemy import update

from service.app import create_app
from service.db.models import Member, Post, Thread, Topic
from service.db.session import open_database
from tests.service import http_store

CHROMIUM = shutil.which("chromium")
PAGES = ("/", "/search?q=sync", "/threads/2", "/topics/1")
PAYLOADS = (
    "<script>window.ran=1</script>",
    '"><img src=x onerror=window.ran=1>',
    "</title></style><svg onload=window.ran=1>",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def address(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a store whose posts and names try to run scripts."""
    folder = Path(shutil.copytree(built, tmp_path_factory.mktemp("bad") / "store"))
    database = open_database(http_store.settings(folder).url)
    with database.write() as session:
        for number, bad in enumerate(PAYLOADS):
            chosen = Post.id % len(PAYLOADS) == number
            session.execute(update(Post).where(chosen).values(text=bad, plain=bad))
        session.execute(update(Thread).values(title=PAYLOADS[0], channel=PAYLOADS[1]))
        session.execute(update(Topic).values(label=PAYLOADS[2]))
        session.execute(update(Member).values(name=PAYLOADS[1]))
    database.close()
    app = create_app(http_store.settings(folder), clock=lambda: http_store.NOW)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_in_a_browser(address: str, scheme: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(color_scheme=scheme, viewport={"width": 360, "height": 800})
        page = context.new_page()
        said: list[str] = []
        asked: set[str] = set()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append("dialog"))
        page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
        for path in PAGES:
            page.goto(address + path, wait_until="load")
            assert page.evaluate("window.ran") is None
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not page.evaluate(wide), path
        page.goto(address + "/docs")
        page.wait_for_selector("#operations-posts-list_posts", timeout=30_000)
        browser.close()
    assert asked == {address}
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_label_is_corrected_in_a_browser_without_scripts(address: str, scheme: str) -> None:
    from playwright.sync_api import sync_playwright

    chosen = "hostile" if scheme == "light" else "personal"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": 360, "height": 800}, java_script_enabled=False
        )
        page = context.new_page()
        page.goto(address + "/threads/3", wait_until="load")
        post = page.locator("article").first
        place = post.get_attribute("id")
        post.get_by_text("Labels: look and correct").click()
        post.get_by_label("Hostility").select_option(chosen)
        post.get_by_role("button", name="Correct").click()
        page.wait_for_url("**/threads/3?post=*")
        assert page.url.endswith(f"#{place}")
        said = page.locator(f"#{place} .chips").inner_text()
        assert f"hostility {chosen} (corrected)" in " ".join(said.split())
        page.locator(f"#{place} summary").click()
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide)
        browser.close()
