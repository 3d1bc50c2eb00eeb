"""Every operation under /api/v1."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from service.api import audit, jobs, posts, search, threads, topics, trending
from service.deps import require

PREFIX = "/api/v1"

# No operation is without a key where keys are needed, not even one that forgets to ask for it.
router = APIRouter(prefix=PREFIX, dependencies=[Depends(require("read"), scope="function")])
for part in (posts, threads, search, trending, topics, jobs, audit):
    router.include_router(part.router)
