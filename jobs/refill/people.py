"""Members and their handles, and which members are one person."""

from __future__ import annotations

from typing import Any

from jobs.export.fields import FLAGS, TABLES
from jobs.importers.groundswell import batched
from jobs.importers.rows import Row
from jobs.refill.lookups import Refill, handles, one, picked, wrong
from service.db.models import Identity, Member
from service.db.queries import load, load_people

HANDLE = tuple(name for name in TABLES["identities"] if name not in ("key", "member"))


def members(refill: Refill) -> None:
    """Add members with the handles that they were made for: the two files go line by line."""
    told = refill.rows("identities")
    for batch in refill.batches("members"):
        homes = [_home(refill, row, next(told, None)) for row in batch]
        made = load_people.add_members(refill.session, _people(refill, batch))
        rows = [
            picked(home, *HANDLE)
            | {"platform": home.values["key"][0], "value": home.values["key"][1]}
            | {"member_id": id_, "home_id": id_}
            for home, id_ in zip(homes, made, strict=True)
        ]
        load_people.add_identities(refill.session, rows)
    if (rest := next(told, None)) is not None:
        raise wrong(refill, rest, "is of no member in members.jsonl")


def _home(refill: Refill, row: Row, home: Row | None) -> Row:
    if home is None or home.values["key"] != row.values["key"]:
        raise wrong(refill, row, "has no handle of its own in identities.jsonl")
    return home


def _people(refill: Refill, batch: list[Row]) -> list[dict[str, Any]]:
    domains = {row.values["account"] for row in batch} - {None}
    accounts = load.accounts(refill.session, domains) if domains else {}
    found = []
    for row in batch:
        account = one(refill, row, accounts, row.values["account"], "an account")
        known = {"account_id": account.id if account else None}
        found.append(picked(row, "name", "created_at", *FLAGS) | known)
    return found


def merges(refill: Refill) -> None:
    """Let members that are one person be one again."""
    merged = (row for row in refill.rows("members") if row.values["merged_into"])
    for batch in batched(merged):
        homes = handles(refill, batch, "key", "merged_into")
        changed = [
            {
                "id": homes[row.values["key"]].home_id,
                "merged_into_id": homes[row.values["merged_into"]].home_id,
            }
            for row in batch
        ]
        load.change(refill.session, Member, changed)
    moved = (row for row in refill.rows("identities") if row.values["key"] != row.values["member"])
    for batch in batched(moved):
        homes = handles(refill, batch, "key", "member")
        changed = [
            {"id": homes[row.values["key"]].id, "member_id": homes[row.values["member"]].home_id}
            for row in batch
        ]
        load.change(refill.session, Identity, changed)
