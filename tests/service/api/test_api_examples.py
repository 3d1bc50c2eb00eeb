from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.api.openapi import operations
from service.api.problems import MEDIA_TYPE
from tests.service.http_examples import FOLDER, Stage, cases, example, recorded

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "array": (list,), "object": (dict,), "null": (type(None),),
}  # fmt: skip


@pytest.fixture(scope="module")
def schema(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()


@pytest.fixture(scope="module")
def stage(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(built, tmp_path_factory.mktemp("stage"), stack)


def close(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, numbers to six digits."""
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-6, abs=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(close(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(close, one, other))
    return bool(one == other)


def faults(value: Any, part: dict[str, Any], whole: dict[str, Any], place: str = "$") -> list[str]:
    """What in a JSON value is not as a JSON schema says."""
    if "$ref" in part:
        part = whole["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    if "anyOf" in part:
        tried = [faults(value, choice, whole, place) for choice in part["anyOf"]]
        return [] if [] in tried else tried[0]
    kind = part.get("type")
    if kind and (
        not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        return [f"{place} is no {kind}"]
    if "const" in part and value != part["const"]:
        return [f"{place} is not {part['const']}"]
    if part.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        return [f"{place} has no zone"]
    found = []
    if kind == "array":
        for number, held in enumerate(value):
            found += faults(held, part["items"], whole, f"{place}[{number}]")
    if kind == "object" and "properties" in part:
        found += [
            f"{place}.{name} is missing" for name in part.get("required", []) if name not in value
        ]
        found += [f"{place}.{name} is unknown" for name in value if name not in part["properties"]]
        for name in value.keys() & part["properties"].keys():
            found += faults(value[name], part["properties"][name], whole, f"{place}.{name}")
    return found


@pytest.mark.parametrize(
    ("operation", "name"),
    [(operation, name) for operation in cases() for name in cases()[operation]],
)
def test_an_example_is_what_the_service_answers(stage: Stage, operation: str, name: str) -> None:
    case = cases()[operation][name]
    answer = stage.answer(case)
    kept = recorded(operation)[name]
    assert close(kept, example(case, answer)), "record anew: python -m tests.service.http_examples"
    assert kept["body"].get("code") == (None if name == "ok" else name)


def test_every_operation_has_an_example_for_its_answer_and_each_error(schema: dict) -> None:
    found = operations(schema)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(found)
    for name, operation in found.items():
        shown, codes = {"ok"}, {"ok"}
        for status, answer in operation["responses"].items():
            codes |= set(answer.get("x-codes", ()))
            kind = "application/json" if int(status) < 400 else MEDIA_TYPE
            assert list(answer["content"]) == [kind]
            shown |= set(answer["content"][kind]["examples"])
        assert shown == codes == set(recorded(name)), name


def test_examples_are_as_the_schema_says(schema: dict) -> None:
    for name, operation in operations(schema).items():
        for title, kept in recorded(name).items():
            answer = operation["responses"][str(kept["status"])]
            [content] = answer["content"].values()
            assert content["examples"][title]["value"] == kept["body"]
            assert faults(kept["body"], content["schema"], schema) == [], (name, title)


def test_the_description_is_fit_to_read(schema: dict) -> None:
    tags = {tag["name"] for tag in schema["tags"]}
    for name, operation in operations(schema).items():
        assert name.replace("_", "").isalpha()
        assert len(name) <= 16
        assert operation["summary"]
        assert operation["description"].rstrip().endswith(".")
        assert set(operation["tags"]) <= tags
        assert all(given.get("description") for given in operation.get("parameters", ()))
    for name, part in schema["components"]["schemas"].items():
        assert part.get("description"), name
