"""Batches of events and accounts into the record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Account, Event
from service.db.queries import load as queries
from service.db.queries.load import Found
from service.db.session import Database
from service.ingest.people import Person, gather, members
from service.ingest.records import AccountRecord, EventRecord, raw_of
from service.ingest.state import Import, SourceRef

TWICE = "the {} came before with other content; the first is kept"


def store_accounts(database: Database, records: Iterable[AccountRecord], run: Import) -> None:
    """Write a batch of accounts; a field that a record does not carry keeps its value."""
    batch = list(records)
    with database.write() as session:
        known = queries.accounts(session, {record.domain for record in batch})
        now_at = {domain: _account(row) for domain, row in known.items()}
        touched = {}
        for record in batch:
            old = now_at.get(record.domain)
            new = _account(record)
            if old:
                new = {key: old[key] if value is None else value for key, value in new.items()}
            first = run.meet(record.domain)
            if old == new:
                run.count("unchanged", record.place)
            elif first:
                run.count("updated" if record.domain in known else "added", record.place)
                now_at[record.domain] = touched[record.domain] = new
            else:
                run.refuse(record.place, TWICE.format("domain"), raw_of(record))
        added = [{"domain": key, **row} for key, row in touched.items() if key not in known]
        changed = [{"id": known[key].id, **row} for key, row in touched.items() if key in known]
        queries.add_accounts(session, added)
        queries.change(session, Account, changed)


def _account(row: AccountRecord | Found) -> dict[str, Any]:
    return {"name": row.name, "plan": row.plan, "annual_value": row.annual_value}


def store_events(database: Database, records: Iterable[EventRecord], run: Import) -> None:
    """Write a batch of events, with the members and accounts that they are the first to name."""
    with database.write() as session:
        for name, group in run.by_source(records).items():
            _store_source(session, name, run.source_of(session, name, None), group, run)


def _store_source(
    session: Session,
    name: str,
    source: SourceRef,
    records: Collection[EventRecord],
    run: Import,
) -> None:
    account_ids = _account_ids(session, {record.account for record in records if record.account})
    people = gather(
        Person(record.member, record.occurred_at) for record in records if record.member
    )
    member_ids, made = members(session, source.platform, people)
    run.counts["members_added"] += made
    known = queries.events(session, source.id, {record.external_id for record in records})
    now_at = {external_id: _event(row) for external_id, row in known.items()}
    touched: dict[str, dict[str, Any]] = {}
    for record in records:
        new = _columns(record, member_ids, account_ids)
        first = run.meet(name, record.external_id)
        if now_at.get(record.external_id) == new:
            run.count("unchanged", record.place)
        elif first:
            run.count("updated" if record.external_id in known else "added", record.place)
            now_at[record.external_id] = touched[record.external_id] = new
        else:
            run.refuse(record.place, TWICE.format("id"), raw_of(record))
    _write(session, source.id, touched, known)


def _write(
    session: Session,
    source_id: int,
    touched: Mapping[str, dict[str, Any]],
    known: Mapping[str, Found],
) -> None:
    added = [
        {"source_id": source_id, "external_id": key, **row}
        for key, row in touched.items()
        if key not in known
    ]
    changed = [{"id": known[key].id, **row} for key, row in touched.items() if key in known]
    queries.add_events(session, added)
    queries.change(session, Event, changed)


def _account_ids(session: Session, domains: Collection[str]) -> dict[str, int]:
    """Return account ids by domain; accounts that are missing are made."""
    if not domains:
        return {}
    known = queries.accounts(session, domains)
    missing = sorted(set(domains) - known.keys())
    queries.add_accounts(session, [{"domain": domain} for domain in missing])
    if missing:
        known |= queries.accounts(session, missing)
    return {domain: row.id for domain, row in known.items()}


def _columns(
    record: EventRecord, member_ids: Mapping[str, int], account_ids: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "kind": record.kind,
        "member_id": member_ids[record.member] if record.member else None,
        "account_id": account_ids[record.account] if record.account else None,
        "occurred_at": record.occurred_at,
        "amount": record.amount,
        "data": record.data,
    }


def _event(row: Found) -> dict[str, Any]:
    names = ("kind", "member_id", "account_id", "occurred_at", "amount", "data")
    return {name: getattr(row, name) for name in names}
