"""Reading the phrase books under `words/` into plain tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

Lines = tuple[str, ...]
Table = Mapping[str, Lines]

BOOKS = ("common", "quarrel", "wishes", "trade")


@dataclass(frozen=True)
class Area:
    """One product area with its own vocabulary."""

    key: str
    label: str
    table: Table
    cases: tuple[Table, ...]
    request: Table
    request_key: str
    code: Lines
    gap_label: str
    gap: Lines


def lines(block: str) -> Lines:
    """Return the non-empty lines of a text block, stripped."""
    return tuple(line.strip() for line in block.splitlines() if line.strip())


def book(name: str) -> dict[str, Any]:
    """Return the parsed TOML file `words/<name>.toml`; FileNotFoundError if there is none."""
    path = resources.files(__package__) / "words" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def table(raw: Mapping[str, Any]) -> dict[str, Lines]:
    """Return the text blocks of a TOML table as tuples of lines."""
    return {key: lines(value) for key, value in raw.items() if isinstance(value, str)}


def area(raw: Mapping[str, Any]) -> Area:
    """Return the Area described by one parsed `area_*.toml` file."""
    plain = table(raw)
    wish = raw["request"]
    gap = raw.get("gap", {})
    return Area(
        key=raw["key"],
        label=raw["label"],
        table={k: v for k, v in plain.items() if k not in {"key", "label", "code"}},
        cases=tuple(table(one) for one in raw["case"]),
        request={k: v for k, v in table(wish).items() if k != "key"},
        request_key=wish["key"],
        code=tuple(b.strip("\n") for b in raw.get("code", "").split("|||\n") if b.strip()),
        gap_label=gap.get("label", ""),
        gap=lines(gap.get("ask", "")),
    )


@cache
def areas() -> tuple[Area, ...]:
    """Return every product area, sorted by key."""
    folder = resources.files(__package__) / "words"
    names = sorted(p.name for p in folder.iterdir() if p.name.startswith("area_"))
    return tuple(area(book(name.removesuffix(".toml"))) for name in names)


@cache
def frames() -> Table:
    """Return all sentence frames and fillers, keyed `act.move` (fillers by bare name)."""
    found: dict[str, Lines] = {}
    for name in BOOKS:
        for act, raw in book(name).items():
            prefix = "" if act == "fill" else f"{act}."
            found.update({f"{prefix}{move}": v for move, v in table(raw).items()})
    return found


@cache
def social() -> Mapping[str, Table]:
    """Return the small-talk subjects, each a table of titles, openers, replies and fillers."""
    return {key: table(raw) for key, raw in book("social").items()}


@cache
def people() -> Table:
    """Return the lists that names, handles and companies are made from."""
    return table(book("people")["people"])
