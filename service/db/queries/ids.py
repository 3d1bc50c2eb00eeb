"""Ids taken before their rows are written, so that a batch goes in by one statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Boolean, Dialect, LargeBinary, Table, insert, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from service.db.base import Base, UtcDateTime, sqlite_time

T = TypeVar("T")
PART = 1_000


def parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield items by as many as one statement may name."""
    for start in range(0, len(items), PART):
        yield items[start : start + PART]


def reserve(session: Session, table: type[Base], count: int) -> list[int]:
    """Return ids of a table that no row has had, in rising order; inside a write only."""
    name = table.__tablename__
    if session.get_bind().dialect.name == "sqlite":
        # The counter of AUTOINCREMENT: it outlives the rows, and rows with ids of ours raise it.
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        last = session.scalar(query, {"name": name}) or 0
        return list(range(last + 1, last + 1 + count))
    sequence = "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"
    return sorted(session.scalars(text(sequence), {"name": name, "count": count}))


def add(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add rows that all have the same columns, and return their ids in the order of the rows."""
    if not rows:
        return []
    ids = reserve(session, table, len(rows))
    _insert(session, table, rows, {"id": ids})
    return ids


def put(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows that all have the same columns; what they leave out takes its default."""
    if rows:
        _insert(session, table, rows, {})


def _insert(
    session: Session,
    table: type[Base],
    rows: Sequence[Mapping[str, Any]],
    more: Mapping[str, Sequence[Any]],
) -> None:
    """Add rows, with columns beside them that are given whole."""
    core = table.__table__
    assert isinstance(core, Table)
    connection = session.connection()
    names = [*more, *rows[0]]
    compiled = insert(core).compile(dialect=connection.dialect, column_keys=names)
    if not compiled.positional:
        beside = [
            dict(zip(more, values, strict=True)) for values in zip(*more.values(), strict=True)
        ]
        whole = [{**one, **row} for one, row in zip(beside or [{}] * len(rows), rows, strict=True)]
        connection.execute(insert(core), whole)
        return
    # The driver takes tuples as they are: to prepare each value by name takes as long as to write.
    order = list(compiled.positiontup or ())
    columns = [
        more[name] if name in more else _column(core.c[name].type, connection.dialect, name, rows)
        for name in order
    ]
    connection.exec_driver_sql(compiled.string, list(zip(*columns, strict=True)))


def _column(
    kind: TypeEngine[Any], dialect: Dialect, name: str, rows: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """Return the values of one column as the driver takes them."""
    values = [row[name] for row in rows]
    # The driver takes bytes and booleans as they are, and times need no format of parts: to
    # prepare them takes longer than to write them.
    if isinstance(kind, LargeBinary | Boolean):
        return values
    if isinstance(kind, UtcDateTime) and dialect.name == "sqlite":
        return [None if value is None else sqlite_time(value) for value in values]
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    return values if process is None else [process(value) for value in values]
