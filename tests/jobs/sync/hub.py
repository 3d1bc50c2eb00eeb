"""A repository on GitHub in memory, which answers as REST and GraphQL are documented to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from tests.jobs.sync.local import Asked, Reply

REPO = "octo/cat"
BEGIN = datetime(2026, 5, 1, 9, tzinfo=UTC)
LISTS = {
    f"/repos/{REPO}/issues": "issues",
    f"/repos/{REPO}/issues/comments": "comments",
    f"/repos/{REPO}/pulls/comments": "reviews",
}


def at(minutes: int) -> str:
    """Return a time, in minutes after the repository was made."""
    return (BEGIN + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def user(name: str) -> dict[str, Any]:
    """Return an account."""
    kind = "Bot" if name.endswith("[bot]") else "User"
    return {"login": name, "id": len(name), "type": kind}


@dataclass(slots=True)
class Hub:
    """Issues by number, comments and review comments by id, discussions by number."""

    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    reviews: dict[int, dict[str, Any]] = field(default_factory=dict)
    discussions: dict[int, dict[str, Any]] = field(default_factory=dict)
    private: bool = False
    size: int = 100
    url: str = ""

    def issue(self, number: int, minutes: int, **more: Any) -> dict[str, Any]:
        """Add an issue."""
        self.issues[number] = {
            "number": number,
            "title": f"Issue {number}",
            "body": f"it breaks, {number}",
            "state": "open",
            "user": user("ada"),
            "author_association": "NONE",
            "comments": 0,
            "created_at": at(minutes),
            "updated_at": at(minutes),
            "html_url": f"https://github.com/{REPO}/issues/{number}",
            **more,
        }
        return self.issues[number]

    def comment(self, id_: int, number: int, minutes: int, **more: Any) -> dict[str, Any]:
        """Add a comment, which updates its issue."""
        self.issues[number]["comments"] += 1
        self.issues[number]["updated_at"] = at(minutes)
        self.comments[id_] = {
            "id": id_,
            "body": f"me too, {id_}",
            "user": user("bob"),
            "author_association": "MEMBER",
            "created_at": at(minutes),
            "updated_at": at(minutes),
            "issue_url": f"https://api.github.com/repos/{REPO}/issues/{number}",
            "html_url": f"https://github.com/{REPO}/issues/{number}#issuecomment-{id_}",
            **more,
        }
        return self.comments[id_]

    def uncomment(self, id_: int, number: int, minutes: int) -> None:
        """Delete a comment, which updates its issue."""
        del self.comments[id_]
        self.issues[number]["comments"] -= 1
        self.issues[number]["updated_at"] = at(minutes)

    def review(self, id_: int, number: int, minutes: int, **more: Any) -> None:
        """Add a comment on a line of a pull request."""
        self.reviews[id_] = {
            "id": id_,
            "body": f"a line, {id_}",
            "user": user("ci[bot]"),
            "author_association": "NONE",
            "created_at": at(minutes),
            "updated_at": at(minutes),
            "diff_hunk": "@@",
            "pull_request_url": f"https://api.github.com/repos/{REPO}/pulls/{number}",
            "html_url": f"https://github.com/{REPO}/pull/{number}#discussion_r{id_}",
            **more,
        }

    def discuss(self, number: int, minutes: int, comments: list[dict[str, Any]]) -> None:
        """Add a discussion, or write it anew."""
        self.discussions[number] = {
            **said(number, minutes, f"https://github.com/{REPO}/discussions/{number}"),
            "number": number,
            "title": f"Discussion {number}",
            "closed": False,
            "category": {"name": "Ideas"},
            "answer": None,
            "answerChosenAt": None,
            "comments": {"pageInfo": {"hasNextPage": False}, "nodes": comments},
        }

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        if asked.path == f"/repos/{REPO}":
            return Reply({"full_name": REPO, "private": self.private, "has_discussions": True})
        if asked.path == "/graphql":
            return Reply({"data": self._graph(asked.body["query"], asked.body["variables"])})
        under = re.fullmatch(rf"/repos/{REPO}/issues/(\d+)/comments", asked.path)
        if under:
            mark = f"/issues/{under[1]}"
            rows = [one for one in self.comments.values() if one["issue_url"].endswith(mark)]
            return self._paged(asked, rows)
        if asked.path not in LISTS:
            return Reply({"message": "Not Found"}, 404)
        rows = list(getattr(self, LISTS[asked.path]).values())
        since = asked.one("since")
        rows = sorted(
            (one for one in rows if str(one.get("updated_at")) >= since),
            key=lambda one: str(one.get("updated_at")),
        )
        return self._paged(asked, rows)

    def _paged(self, asked: Asked, rows: list[dict[str, Any]]) -> Reply:
        page = int(asked.one("page", "1"))
        shown = rows[(page - 1) * self.size : page * self.size]
        tag = '"' + sha256(orjson.dumps(shown)).hexdigest()[:16] + '"'
        if asked.headers.get("if-none-match") == tag:
            return Reply(status=304)
        headers = {"ETag": tag}
        if len(rows) > page * self.size:
            query = "&".join(f"{name}={value[0]}" for name, value in asked.query.items())
            query = re.sub(r"&page=\d+", "", query) + f"&page={page + 1}"
            headers["Link"] = f'<{self.url}{asked.path}?{query}>; rel="next"'
        return Reply(shown, headers=headers)

    def _graph(self, query: str, given: dict[str, Any]) -> dict[str, Any]:
        if "number" in given:
            found = self.discussions.get(given["number"])
            return {"repository": {"discussion": found}}
        if "id" in given:
            return {"node": {"replies": {"pageInfo": {"hasNextPage": False}, "nodes": [LATE]}}}
        rows = sorted(self.discussions.values(), key=lambda one: one["updatedAt"], reverse=True)
        rows = [{"number": one["number"], "updatedAt": one["updatedAt"]} for one in rows]
        begin = int(given["after"] or 0)
        info = {"hasNextPage": len(rows) > begin + 2, "endCursor": str(begin + 2)}
        shown = rows[begin : begin + 2]
        return {"repository": {"discussions": {"pageInfo": info, "nodes": shown}}}


def said(id_: int, minutes: int, url: str, **more: Any) -> dict[str, Any]:
    """Return what discussions and their comments have in common in GraphQL."""
    return {
        "id": f"D_{id_}",
        "databaseId": id_,
        "url": url,
        "body": f"thoughts of {id_}",
        "createdAt": at(minutes),
        "updatedAt": at(minutes),
        "authorAssociation": "NONE",
        "author": {"__typename": "User", "login": "eve"},
        "reactionGroups": [{"content": "HEART", "reactors": {"totalCount": 2}}],
        **more,
    }


def note(id_: int, minutes: int, *replies: dict[str, Any], more: bool = False) -> dict[str, Any]:
    """Return a comment on a discussion, with its replies."""
    info = {"hasNextPage": more, "endCursor": "next"}
    url = f"https://github.com/{REPO}/discussions/7#discussioncomment-{id_}"
    nested = {"replies": {"pageInfo": info, "nodes": list(replies)}} if replies or more else {}
    return said(id_, minutes, url, isAnswer=False, **nested)


LATE = note(999, 90)
