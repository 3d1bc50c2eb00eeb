"""E-mail addresses stay in the store unless they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import orjson
import pytest

from tests.jobs.export.conftest import Store, dump

New = Callable[[], Store]
ANN = {"author": "ann@example.org", "author_email": "ann@example.org", "platform": "email"}
COMMON = {"created_at": "2024-06-01T00:00:00Z", "source": "list", "text": "hello"}
ROWS = [
    {"id": "m1", **ANN, "author_name": "ann@example.org", **COMMON},
    {"id": "m2", **ANN, "parent_id": "m1", **COMMON, "text": "again"},
    {
        "id": "m3",
        "author": "bo@example.org",
        "author_name": "Bo",
        "platform": "email",
        **COMMON,
        "reactions": [{"name": "+1", "users": ["ann@example.org", "cy"]}],
    },
    {"id": "m4", "author": "@cy:example.org", "platform": "email", **COMMON},
]


def pseudonym(address: str) -> str:
    return "mail-" + sha256(f"email{address}".encode()).hexdigest()[:12]


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_addresses_are_veiled_and_come_back_as_they_went(new_store: New, format: str) -> None:
    store, other = new_store(), new_store()
    store.load(*ROWS)
    first = dump(store)
    found = {row["id"]: row for row in map(orjson.loads, first.splitlines())}
    ann, bo = pseudonym("ann@example.org"), pseudonym("bo@example.org")
    assert {id_: (row["author"], row.get("author_name")) for id_, row in found.items()} == {
        "m1": (ann, None),
        "m2": (ann, None),
        "m3": (bo, "Bo"),
        "m4": ("@cy:example.org", None),
    }
    assert found["m2"]["parent_id"] == "m1"
    assert {one["author"] for one in found["m3"]["reactions"]} == {ann, "cy"}
    assert b"@example" not in first
    path = other.folder / f"out.{format}"
    path.write_bytes(dump(store, format))
    assert other.read(path, kind=format).rejected == 0
    assert dump(other) == first
    assert dump(other, format) == path.read_bytes()
    assert other.parents() == store.parents()


def test_addresses_stay_as_they_are_where_they_are_asked_for(new_store: New) -> None:
    store = new_store()
    store.load(*ROWS)
    found = [orjson.loads(line) for line in dump(store, emails=True).splitlines()]
    assert [row["author"] for row in found[:3]] == [
        "ann@example.org",
        "ann@example.org",
        "bo@example.org",
    ]
    assert found[0]["author_name"] == "ann@example.org"
