"""What filling an empty store looks up: one statement for a batch, whatever its size."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.models import Account, Identity, Member, Post, Source, Suggestion

# A row whose attributes are the columns of its query.
Found = Any


def is_empty(session: Session) -> bool:
    """Return whether nobody has brought anything into the store."""
    return not any(session.scalar(select(table.id).limit(1)) for table in (Source, Member, Account))


def handles(session: Session, platform: str, values: Collection[str]) -> dict[str, Found]:
    """Return id and home_id of handles of a platform, by handle."""
    query = select(Identity.value, Identity.id, Identity.home_id)
    found = session.execute(query.where(Identity.platform == platform, Identity.value.in_(values)))
    return {row.value: row for row in found}


def post_ids(session: Session, source_id: int, ids: Collection[str]) -> dict[str, int]:
    """Return the ids of posts, by external id."""
    query = select(Post.external_id, Post.id)
    found = session.execute(query.where(Post.source_id == source_id, Post.external_id.in_(ids)))
    return {row.external_id: row.id for row in found}


def suggestion_ids(session: Session, left_ids: Collection[int]) -> dict[tuple[str, int, int], int]:
    """Return the ids of the suggestions of some left members, by (kind, left, right)."""
    query = select(Suggestion.kind, Suggestion.left_id, Suggestion.right_id, Suggestion.id)
    found = session.execute(query.where(Suggestion.left_id.in_(left_ids)))
    return {(row.kind, row.left_id, row.right_id): row.id for row in found}
