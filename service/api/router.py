"""Every operation under /api/v1."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from service.api import (
    alerts,
    audit,
    conflict_actions,
    conflict_bulk,
    conflict_lists,
    conflicts,
    corrections,
    hooks,
    jobs,
    judgements,
    judges,
    members,
    moods,
    posts,
    push,
    search,
    suggestions,
    threads,
    topic_actions,
    topic_areas,
    topics,
    trending,
)
from service.deps import require

PREFIX = "/api/v1"

# No operation is without a key where keys are needed, not even one that forgets to ask for it.
guarded = APIRouter(dependencies=[Depends(require("read"), scope="function")])
PARTS = (
    posts,
    push,
    judgements,
    corrections,
    threads,
    search,
    trending,
    topic_areas,
    topics,
    topic_actions,
    alerts,
    conflict_lists,
    conflicts,
    conflict_bulk,
    conflict_actions,
    judges,
    moods,
    members,
    suggestions,
    jobs,
    audit,
)
for part in PARTS:
    guarded.include_router(part.router)
router = APIRouter(prefix=PREFIX)
router.include_router(guarded)
# But for webhooks: their signature is their key.
router.include_router(hooks.router)
