"""The cells of a table, all of them text, to what JSON would give."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

import orjson

from service.ingest.fields import BadRecord

Kinds = dict[str, Literal["flag", "number", "json", "list"]]
YES = frozenset({"true", "t", "yes", "y", "1"})
NO = frozenset({"false", "f", "no", "n", "0"})
NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?")


def typed(values: dict[str, Any], kinds: Kinds) -> dict[str, Any]:
    """Return a row with the cells of `kinds` as flags, numbers, JSON values and lists.

    A cell that is none stays text, so that the field's own check refuses it by name.
    """
    found = dict(values)
    for name in kinds.keys() & values.keys():
        found[name] = _value(values[name].strip(), name, kinds[name])
    return found


def _value(cell: str, name: str, kind: str) -> Any:
    if kind == "flag":
        word = cell.lower()
        return True if word in YES else False if word in NO else cell
    if kind == "number":
        return _number(cell)
    if kind == "json" or cell.startswith("["):
        return _json(cell, name)
    return cell.split()


def _number(cell: str) -> float | str:
    if NUMBER.fullmatch(cell) is None:
        return cell
    value = float(cell)
    return value if math.isfinite(value) else cell


def _json(cell: str, name: str) -> Any:
    try:
        return orjson.loads(cell) if cell else None
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise BadRecord(f"`{name}` holds no valid JSON") from error
