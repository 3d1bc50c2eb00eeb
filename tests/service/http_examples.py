"""The requests whose answers are the examples of the API's description.

`python -m tests.service.http_examples` records the answers anew; a test replays them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from service import auth
from service.db.models import Source
from service.db.session import open_database
from service.flag_bulk import Change, token_of
from service.flags import Step
from tests.service import http_store, newcomers

FOLDER = Path(__file__).parents[2] / "service" / "api" / "examples"
API = "/api/v1"
JOB = {"kind": "run"}
SECRET = "a secret that both sides know"
PUSH = {
    "source": "forum",
    "posts": [
        {
            "id": "p900",
            "author": "ada",
            "created_at": "2026-02-28T11:00:00Z",
            "text": "The phone syncs again since this morning.",
            "thread_id": "t1",
        },
        {"id": "p12", "deleted": True},
        {"id": "p901", "author": "bo", "created_at": "soon", "text": "And mine?"},
    ],
}
ISSUE = {
    "action": "opened",
    "repository": {"full_name": "acme/kit", "private": False},
    "issue": {
        "number": 4,
        "title": "Sync stops in the tunnel",
        "body": "It never goes on again.",
        "state": "open",
        "user": {"login": "ann", "type": "User", "html_url": "https://github.com/ann"},
        "author_association": "NONE",
        "created_at": "2026-02-28T11:30:00Z",
        "updated_at": "2026-02-28T11:30:00Z",
        "html_url": "https://github.com/acme/kit/issues/4",
    },
}


@dataclass(frozen=True)
class Case:
    """One request: which store it meets, and how it is sent."""

    summary: str
    path: str
    method: str = "GET"
    store: str = "community"
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    content: str | None = None
    spaces: int = 0
    signed: str = ""


OK = {
    "list_posts": ("The newest two posts of a channel", "/posts?channel=sync&limit=2"),
    "get_post": ("A post", "/posts/1"),
    "list_judgements": ("What a post says", "/posts/4/judgements"),
    "list_corrections": ("What people said of a post", "/posts/125/judgements/history"),
    "list_judges": ("The judges", "/judgements"),
    "sample_posts": ("A post to be labelled", "/judgements/emotion/sample?limit=1"),
    "list_moods": ("The mood by topic", "/moods"),
    "list_threads": ("The two last active threads", "/threads?limit=2"),
    "get_thread": ("A thread and its first two posts", "/threads/2?limit=2"),
    "search_posts": ("The nearest two posts", "/search?q=my%20phone%20will%20not%20sync&limit=2"),
    "list_areas": ("Areas", "/topics/areas"),
    "list_topics": ("Topics", "/topics"),
    "get_topic": ("A topic", "/topics/1"),
    "list_trends": ("What rises", "/topics/trending?limit=1"),
    "list_alerts": ("Alerts", "/alerts"),
    "list_conflicts": ("What to read first", "/conflicts?limit=1"),
    "get_conflict": ("A flag that waits", "/conflicts/1"),
    "conflict_stats": ("What people made of it", "/conflicts/stats"),
    "list_first_posts": ("Who was left alone", "/conflicts/first-posts"),
    "list_copies": ("Three alike in a channel", "/conflicts/copies?channel=sync"),
    "list_reviews": ("What was done with a flag", "/conflicts/2/reviews"),
    "list_members": ("The first two members", "/members?limit=2"),
    "get_member": ("A member with two handles", "/members/3"),
    "preview_merge": ("What a merge would do", "/members/1/merge-preview?other=13"),
    "list_suggestions": ("What waits to be decided", "/suggestions"),
    "get_suggestion": ("A suggestion", "/suggestions/1"),
    "list_jobs": ("Jobs", "/jobs"),
    "get_job": ("A job that is done", "/jobs/1"),
    "list_audit": ("Who did what", "/audit"),
}
CURSORS = [
    "list_conflicts", "list_members", "list_suggestions",
    "list_posts", "list_threads", "get_thread", "search_posts", "list_topics", "list_jobs",
    "list_audit", "list_alerts",
]  # fmt: skip
INVALID = {"get_conflict": "/conflicts/x", "list_reviews": "/conflicts/x/reviews",
           "conflict_stats": "/conflicts/stats?since=soon", "get_member": "/members/x",
           "preview_merge": "/members/1/merge-preview",
           "get_suggestion": "/suggestions/x",
           "list_judgements": "/posts/x/judgements",
           "list_corrections": "/posts/x/judgements/history",
           "sample_posts": "/judgements/mood/sample", "list_moods": "/moods?by=weather",
           "get_post": "/posts/x", "get_job": "/jobs/x", "get_topic": "/topics/x",
           "search_posts": "/search", "list_trends": "/topics/trending?as_of=tomorrow"}  # fmt: skip
MISSING = {"get_conflict": "/conflicts/999", "list_reviews": "/conflicts/999/reviews",
           "get_member": "/members/999", "preview_merge": "/members/1/merge-preview?other=999",
           "get_suggestion": "/suggestions/999",
           "get_post": "/posts/999", "get_thread": "/threads/999", "get_topic": "/topics/999",
           "list_judgements": "/posts/999/judgements",
           "list_corrections": "/posts/999/judgements/history", "get_job": "/jobs/999"}  # fmt: skip
FOREIGN = {"Host": "evil.example"}


def cases() -> dict[str, dict[str, Case]]:
    """Return every example by operation and name."""
    found = {operation: _reading(operation, *OK[operation]) for operation in OK}
    found["create_job"] = _writing()
    found["push_posts"] = _pushing()
    found["receive_hook"] = _hooking()
    found["correct_label"] = _correcting()
    found["merge_members"] = _merging()
    found["unmerge_member"] = _deciding("Parted again", "/members/{}/unmerge", 15, 1)
    found["accept_identity"] = _deciding("Merged", "/suggestions/{}/accept", 1, 2)
    found["dismiss_identity"] = _deciding("Left as two", "/suggestions/{}/dismiss", 1, 3)
    found["restore_identity"] = _deciding("Waits again", "/suggestions/{}/restore", 2, 3)
    found["change_topic"] = _about_topics(
        "A person names it", "/topics/1", {"name": "Sync"}, {"name": ""}, "PATCH"
    )
    found["merge_topics"] = _about_topics(
        "Two are one", "/topics/2/merge", {"other": 3}, {"other": "3"}
    )
    found["split_topic"] = _about_topics(
        "A part is named", "/topics/2/split", {"posts": [1, 5]}, {"posts": [999]}
    )
    found["move_posts"] = _about_topics(
        "A post belongs elsewhere", "/topics/1/posts", {"posts": [1]}, {"posts": []}
    )
    found["undo_event"] = _deciding("Not pinned any more", "/topics/events/{}/undo", 2, 1)
    found["review_conflict"] = _about_flags(
        "A person confirms it", "/conflicts/{}/reviews", {"action": "confirm", "revision": 1}
    )
    found["claim_conflict"] = _about_flags("Taken", "/conflicts/{}/claim", {"revision": 1})
    found["release_conflict"] = _about_flags(
        "Given back", "/conflicts/{}/release", {"revision": 2}, good=4
    )
    found["undo_review"] = _deciding(
        "It waits again", "/conflicts/2/reviews/{}/undo", 1, 1, {"Idempotency-Key": "night-7"}
    )
    found["conflict_bulk"] = _about_many()
    found["get_livez"] = {"ok": Case("It lives", "/livez")}
    found["get_readyz"] = {
        "ok": Case("It is ready", "/readyz"),
        "not_ready": Case("The index is gone", "/readyz", store="no_index"),
    }
    found["search_posts"]["index_not_ready"] = Case(
        "The index is gone", f"{API}/search?q=sync", store="no_index"
    )
    found["list_first_posts"]["ok"] = replace(found["list_first_posts"]["ok"], store="newcomers")
    unready = ("list_areas", "list_topics", "list_trends", "list_moods")
    for operation in (*unready, "list_first_posts", "list_copies"):
        path = API + OK[operation][1]
        found[operation]["not_run"] = Case("Nothing has been run", path, store="empty")
    return found


def _reading(operation: str, summary: str, path: str) -> dict[str, Case]:
    joint = "&" if "?" in path else "?"
    found = {
        "ok": Case(summary, API + path),
        "invalid_input": Case(
            "A parameter cannot be", API + INVALID.get(operation, f"{path}{joint}limit=0")
        ),
        "unauthorized": Case("No key was sent", API + path, store="keyed"),
        "forbidden": Case("Another site's name", API + path, headers=FOREIGN),
        "database_not_ready": Case("No tables yet", API + path, store="none"),
        "database_newer": Case("A newer version's", API + path, store="newer"),
    }
    if operation in CURSORS:
        found["bad_cursor"] = Case("A damaged cursor", f"{API}{path}{joint}cursor=bm8")
    if operation in MISSING:
        found["not_found"] = Case("No such thing", API + MISSING[operation])
    return found


def _writing() -> dict[str, Case]:
    def case(summary: str, **changes: Any) -> Case:
        return Case(summary, f"{API}/jobs", "POST", **({"json": JOB} | changes))

    key = {"Idempotency-Key": "night-7"}
    return {
        "ok": case("A run is asked for", headers={"Idempotency-Key": "night-8"}),
        "bad_request": case("Not JSON", json=None, content='{"kind": NaN}'),
        "invalid_input": case("No such kind", json={"kind": "dance"}),
        "conflict": case("The key came with another body", headers=key),
        "too_large": case("More than 1 MiB", json=None, spaces=1_048_577),
        "unauthorized": case("No key was sent", store="keyed"),
        "forbidden": case("Another site's page", headers={"Origin": "https://evil.example"}),
        "database_not_ready": case("No tables yet", store="none"),
        "database_newer": case("A newer version's", store="newer"),
    }


def _correcting() -> dict[str, Case]:
    def case(summary: str, path: str = "/posts/4/judgements/sentiment", **changes: Any) -> Case:
        label = {"json": {"label": "neutral", "note": "Says what happens, no more."}}
        return Case(summary, API + path, "PUT", **(label | changes))

    return {
        "ok": case("A person says otherwise", headers={"Idempotency-Key": "c-18"}),
        "bad_request": case("Not JSON", json=None, content='{"label": NaN}'),
        "invalid_input": case("No such label", json={"label": "happy"}),
        "not_found": case("No such post", "/posts/999/judgements/sentiment"),
        "conflict": case("The key came before", headers={"Idempotency-Key": "night-7"}),
        "too_large": case("More than 1 MiB", json=None, spaces=1_048_577),
    } | _refusals(case)


def _merging() -> dict[str, Case]:
    def case(summary: str, path: str = "/members/1/merge", **changes: Any) -> Case:
        return Case(summary, API + path, "POST", **({"json": {"other": 13}} | changes))

    return {
        "ok": case("Two are one"),
        "bad_request": case("Not JSON", json=None, content='{"other": NaN}'),
        "invalid_input": case("No id", json={"other": "Ada"}),
        "not_found": case("No such member", json={"other": 999}),
        "conflict": case("Both are on one platform", json={"other": 2}),
        "too_large": case("More than 1 MiB", json=None, spaces=1_048_577),
    } | _refusals(case)


def _about_topics(
    summary: str, path: str, good: Any, bad: Any, method: str = "POST"
) -> dict[str, Case]:
    def case(summary: str, path: str = path, **changes: Any) -> Case:
        return Case(summary, API + path, method, **({"json": good} | changes))

    return {
        "ok": case(summary),
        "bad_request": case("Not JSON", json=None, content='{"name": NaN}'),
        "invalid_input": case("A value cannot be", json=bad),
        "not_found": case("No such topic", re.sub("[0-9]", "999", path, count=1)),
        "conflict": case("The key came before", headers={"Idempotency-Key": "night-7"}),
        "too_large": case("More than 1 MiB", json=None, spaces=1_048_577),
    } | _refusals(case)


def _about_flags(summary: str, path: str, body: dict[str, Any], good: int = 1) -> dict[str, Case]:
    def case(summary: str, id_: int = good, **changes: Any) -> Case:
        return Case(summary, API + path.format(id_), "POST", **({"json": body} | changes))

    # Flag 2 was dismissed: by what was seen before that, or with what is no longer to be done.
    late = {"revision": 2} | ({"action": "escalate"} if "action" in body else {})
    return {
        "ok": case(summary),
        "bad_request": case("Not JSON", json=None, content='{"revision": NaN}'),
        "invalid_input": case("No revision", json={}),
        "not_found": case("No such flag", 999),
        "conflict": case("It was dismissed", 2, json=late),
        "stale": case("Somebody came between", 2, json=body | {"revision": 1}),
        "too_large": case("More than 1 MiB", json=None, spaces=1_048_577),
    } | _refusals(case)


def _about_many() -> dict[str, Case]:
    step = {"action": "dismiss", "reason": "technical", "flags": [1, 2]}

    def case(summary: str, **changes: Any) -> Case:
        return Case(summary, f"{API}/conflicts/bulk", "POST", **({"json": step} | changes))

    seen = [Change(id_, 1, "open", "dismissed") for id_ in (1, 2)]
    token = token_of(seen, Step("dismiss", "technical"), "local")
    return {
        "ok": case("What it would do"),
        "bad_request": case("Not JSON", json=None, content='{"flags": [NaN]}'),
        "invalid_input": case("No flags", json=step | {"flags": []}),
        "not_found": case("No such flag", json=step | {"flags": [999]}),
        "conflict": case("The key came before", headers={"Idempotency-Key": "night-7"}),
        "stale": case("Flag 2 was dismissed since", json=step | {"token": token}),
        "too_large": case("More than 1 MiB", json=None, spaces=1_048_577),
    } | _refusals(case)


def _deciding(
    summary: str, path: str, good: int, contrary: int, headers: dict[str, str] | None = None
) -> dict[str, Case]:
    def case(summary: str, id_: int | str = good, **changes: Any) -> Case:
        return Case(summary, API + path.format(id_), "POST", **changes)

    return {
        "ok": case(summary),
        "invalid_input": case("No id", "x"),
        "not_found": case("No such thing", 999),
        "conflict": case("The contrary was decided before", contrary, headers=headers or {}),
    } | _refusals(case)


def _refusals(case: Callable[..., Case]) -> dict[str, Case]:
    return {
        "unauthorized": case("No key was sent", store="keyed"),
        "forbidden": case("Another site's page", headers={"Origin": "https://evil.example"}),
        "database_not_ready": case("No tables yet", store="none"),
        "database_newer": case("A newer version's", store="newer"),
    }


def _pushing() -> dict[str, Case]:
    def case(summary: str, **changes: Any) -> Case:
        return Case(summary, f"{API}/posts", "POST", **({"json": PUSH} | changes))

    return {
        "ok": case("A post comes, one goes, one cannot be", headers={"Idempotency-Key": "c-17"}),
        "bad_request": case("Not JSON", json=None, content='{"posts": [NaN]}'),
        "invalid_input": case("No record", json={"source": "forum", "posts": []}),
        "conflict": case("The key came before", headers={"Idempotency-Key": "night-7"}),
        "too_large": case("More than 8 MiB", json=None, spaces=8_388_609),
        "unauthorized": case("No key was sent", store="keyed"),
        "forbidden": case("Another site's page", headers={"Origin": "https://evil.example"}),
        "database_not_ready": case("No tables yet", store="none"),
        "database_newer": case("A newer version's", store="newer"),
    }


def _hooking() -> dict[str, Case]:
    def case(summary: str, **changes: Any) -> Case:
        sent = {"json": ISSUE, "signed": SECRET, "headers": {"X-GitHub-Event": "issues"}}
        return Case(summary, f"{API}/hooks/acme/kit", "POST", **(sent | changes))

    return {
        "ok": case("An issue is opened"),
        "bad_request": case("Not JSON", json=None, content="{"),
        "invalid_input": case(
            "An issue without a number", json={**ISSUE, "issue": {"title": "Sync"}}
        ),
        "conflict": case("A source of a forum", store="forum"),
        "too_large": case("More than 1 MiB", json=None, signed="", spaces=1_048_577),
        "unauthorized": case("Signed with another secret", signed="another"),
        "forbidden": case(
            "No secret is set", headers={"X-Discourse-Event": "post_created"}, signed=""
        ),
        "database_not_ready": case("No tables yet", store="none"),
        "database_newer": case("A newer version's", store="newer"),
    }


class Stage:
    """Stores in every state, and clients on them. A request that writes meets a fresh copy."""

    def __init__(self, built: Path, scratch: Path, stack: ExitStack) -> None:
        self._built, self._scratch, self._stack = built, scratch, stack
        self._clients: dict[str, TestClient] = {}
        self._copies = 0

    def answer(self, case: Case) -> dict[str, Any]:
        """Return status and body of the answer to a case."""
        headers = {"X-Request-ID": "7f3a9c21d0b84e56"} | case.headers
        sent: dict[str, Any] = {"headers": headers}
        if case.signed:
            body = case.content or json.dumps(case.json)
            digest = hmac.new(case.signed.encode(), body.encode(), hashlib.sha256).hexdigest()
            sent["content"] = body
            headers["X-Hub-Signature-256"] = f"sha256={digest}"
        elif case.json is not None:
            sent["json"] = case.json
        elif case.content is not None or case.spaces:
            sent["content"] = case.content or " " * case.spaces
            headers["Content-Type"] = "application/json"
        answer = self._client(case).request(case.method, case.path, **sent)
        shown = re.sub(r"g-[0-9a-f]{16}", "g-1f0e5c7d9a3b2846", answer.text)
        return {"status": answer.status_code, "body": json.loads(shown)}

    def _client(self, case: Case) -> TestClient:
        name = case.store
        if case.method != "GET" or name not in self._clients:
            self._copies += 1
            folder = self._scratch / f"{name}-{self._copies}"
            self._make(name, folder)
            client = self._stack.enter_context(http_store.open_client(folder, github_secret=SECRET))
            if case.method != "GET":
                return client
            self._clients[name] = client
        return self._clients[name]

    def _make(self, name: str, folder: Path) -> None:
        if name in {"community", "keyed", "no_index", "forum", "newcomers"}:
            shutil.copytree(self._built, folder)
        else:
            folder.mkdir()
        database = open_database(http_store.settings(folder).url)
        if name == "no_index":
            shutil.rmtree(folder / "index")
        elif name == "empty":
            http_store.empty(folder).close()
        elif name == "keyed":
            with database.write() as session:
                auth.make_key(session, "laptop", ["read"], http_store.NOW)
        elif name == "forum":
            with database.write() as session:
                session.add(Source(name="acme/kit", kind="discourse", created_at=http_store.NOW))
        elif name == "newcomers":
            with database.write() as session:
                newcomers.arrive(session)
        elif name == "newer":
            with database.write() as session:
                session.execute(text("create table alembic_version (version_num varchar(32))"))
                session.execute(text("insert into alembic_version values ('9999')"))
        database.close()


def recorded(operation: str) -> dict[str, Any]:
    """Return the examples of an operation as they are kept."""
    return json.loads((FOLDER / f"{operation}.json").read_text("utf-8"))


def example(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    """Return an example as it is kept: the request and the answer."""
    request = {name: value for name, value in asdict(case).items() if value and name != "summary"}
    return {"summary": case.summary, "request": request, **answer}


def main() -> None:
    """Record every example anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        built = Path(scratch) / "built"
        http_store.build(built)
        stage = Stage(built, Path(scratch), stack)
        for operation, named in cases().items():
            found = {name: example(case, stage.answer(case)) for name, case in named.items()}
            text = json.dumps(found, indent=1, ensure_ascii=False)
            (FOLDER / f"{operation}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
