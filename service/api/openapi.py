"""The description of the API: true examples for each operation and for each of its errors."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.problems import MEDIA_TYPE, Check, FieldError, Problem

DESCRIPTION = """\
What a community talks about, from its own posts.

Lists answer `{"data": [...], "next_cursor": ...}`; give the cursor back with the same filters for
the next page. Times are RFC 3339 in UTC; where a time is asked for, a bare date will do: `after`
begins with it, `before` and `as_of` include it. Errors are `application/problem+json` with a
`code` that never changes; a 500 has the code `internal_error` and a `request_id` that stands in
the log. `data_as_of` says when the newest post was made.

Until the first key is made, requests that this machine itself sends to a loopback address act as
one local admin. All others need a key, as does each after that: `groundswell keys create NAME`.
Webhooks need none: they are signed. HEAD is answered wherever GET is.
"""
TAGS = [
    {"name": "posts", "description": "What was said."},
    {"name": "threads", "description": "Conversations, whole."},
    {"name": "search", "description": "Posts by meaning."},
    {"name": "topics", "description": "What people talk about, and what is rising."},
    {"name": "conflicts", "description": "Threads that are heating up, and what people decide."},
    {
        "name": "judgements",
        "description": "What posts say between the lines, by models and by people, and the mood.",
    },
    {"name": "members", "description": "People, their handles, and merges of two that are one."},
    {"name": "suggestions", "description": "Who may be one person, for people to decide."},
    {"name": "hooks", "description": "Signed webhooks of Discourse, GitHub and Slack."},
    {"name": "jobs", "description": "Batch work: ask for it and look at how it goes."},
    {"name": "audit", "description": "Who did what."},
    {"name": "operations", "description": "Whether the service lives and can answer."},
]


class DocumentedApp(FastAPI):
    """An app whose description holds the recorded examples."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _describe(self)
        return self.openapi_schema


def operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of a description by their operationId."""
    found = (operation for path in schema["paths"].values() for operation in path.values())
    return {operation["operationId"]: operation for operation in found}


def examples(operation_id: str) -> dict[str, Any]:
    """Return the recorded examples of an operation by name; each has request and answer."""
    file = resources.files("service.api") / "examples" / f"{operation_id}.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def _describe(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    parts = schema.setdefault("components", {}).setdefault("schemas", {})
    template = "#/components/schemas/{model}"
    for model in (FieldError, Check, Problem):
        parts[model.__name__] = model.model_json_schema(ref_template=template)
    parts["Problem"].pop("$defs", None)
    for name, operation in operations(schema).items():
        operation["summary"] = operation["description"].split(".")[0].split(":")[0]
        for title, example in examples(name).items():
            _add(operation, title, example)
    return schema


def _add(operation: dict[str, Any], title: str, example: dict[str, Any]) -> None:
    answer = operation["responses"][str(example["status"])]
    kind = "application/json" if example["status"] < 400 else MEDIA_TYPE
    shown = {"summary": example["summary"], "value": example["body"]}
    answer["content"][kind].setdefault("examples", {})[title] = shown
    if "json" in example["request"] and example["status"] < 400:
        body = operation["requestBody"]["content"]["application/json"]
        body.setdefault("examples", {})[title] = {"value": example["request"]["json"]}
