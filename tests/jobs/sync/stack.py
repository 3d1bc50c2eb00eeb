"""A site of Stack Exchange in memory, which answers as API 2.3 is documented to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.jobs.sync.local import Asked, Reply

SITE = "coffee.stackexchange.com"
BEGIN = 1_779_000_000
SORTS = {"questions": "last_activity_date", "answers": "last_activity_date"}
IDS = {"questions": "question_id", "answers": "answer_id", "comments": "comment_id"}


def owner(id_: int) -> dict[str, Any]:
    """Return an account."""
    return {"user_id": id_, "user_type": "registered", "display_name": f"Person {id_}"}


@dataclass(slots=True)
class Stack:
    """Questions, answers and comments by id; `more` goes into every page."""

    questions: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    size: int = 100

    def question(self, id_: int, minutes: int, **more: Any) -> dict[str, Any]:
        """Add a question."""
        self.questions[id_] = {
            "question_id": id_,
            "title": f"Question &quot;{id_}&quot;",
            "body": f"<p>why {id_}?</p>",
            "owner": owner(5),
            "score": 3,
            **_times(minutes),
            **more,
        }
        return self.questions[id_]

    def reply(self, id_: int, to: int, minutes: int, **more: Any) -> dict[str, Any]:
        """Add an answer, which is activity of its question."""
        body = f"<p>because {id_}</p>"
        self.answers[id_] = {
            "answer_id": id_,
            "question_id": to,
            "body": body,
            "owner": owner(6),
            "is_accepted": False,
            **_times(minutes),
            **more,
        }
        self.questions[to]["last_activity_date"] = BEGIN + minutes * 60
        return self.answers[id_]

    def comment(self, id_: int, on: int, minutes: int, **more: Any) -> dict[str, Any]:
        """Add a comment."""
        self.comments[id_] = {
            "comment_id": id_,
            "post_id": on,
            "body": f"and <i>{id_}</i>",
            "body_markdown": f"and *{id_}*",
            "owner": owner(7),
            "creation_date": BEGIN + minutes * 60,
            **more,
        }
        return self.comments[id_]

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        if asked.path == "/2.3/filters/create":
            return Reply({"items": [{"filter": "!made"}], **self.more})
        if asked.one("site") != SITE:
            error = {"error_id": 400, "error_name": "bad_parameter", "error_message": "No site"}
            return Reply(error, 400)
        _, _, name, *ids = asked.path.split("/")
        if ids:
            return self._known(name, {int(id_) for id_ in ids[0].split(";")})
        by = SORTS.get(name, "creation_date")
        rows = [one for one in getattr(self, name).values() if _number(one, by) >= _min(asked)]
        rows.sort(key=lambda one: _number(one, by))
        page = int(asked.one("page", "1"))
        return self._paged(rows, page)

    def _known(self, name: str, ids: set[int]) -> Reply:
        if name == "comments":
            return self._paged([one for id_, one in self.comments.items() if id_ in ids], 1)
        found = ids & {*self.questions, *self.answers}
        return self._paged([{"post_id": id_} for id_ in sorted(found)], 1)

    def _paged(self, rows: list[dict[str, Any]], page: int) -> Reply:
        shown = rows[(page - 1) * self.size : page * self.size]
        more = len(rows) > page * self.size
        return Reply({"items": shown, "has_more": more, "quota_remaining": 99, **self.more})


def _times(minutes: int) -> dict[str, int]:
    at = BEGIN + minutes * 60
    return {"creation_date": at, "last_activity_date": at}


def _number(item: dict[str, Any], name: str) -> int:
    value = item.get(name)
    return value if isinstance(value, int) else 0


def _min(asked: Asked) -> int:
    return int(asked.one("min", "0"))
