"""Writing a community to disk."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.sample.community import Community


@dataclass(frozen=True)
class SampleFiles:
    """Where the four files of a community lie."""

    messages: Path
    events: Path
    accounts: Path
    truth: Path


def put(path: Path, text: str) -> Path:
    """Write a file in one step and return its path; OSError if the folder refuses it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def rows(items: Iterable[Mapping[str, Any]]) -> str:
    """Return mappings as JSON, one a line."""
    return "".join(json.dumps(dict(one), ensure_ascii=False) + "\n" for one in items)


def write(community: Community, folder: Path) -> SampleFiles:
    """Write the four files into a folder, made if missing, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(community.truth), ensure_ascii=False, indent=1) + "\n"
    return SampleFiles(
        messages=put(folder / "messages.jsonl", rows(community.messages)),
        events=put(folder / "events.jsonl", rows(community.events)),
        accounts=put(folder / "accounts.jsonl", rows(community.accounts)),
        truth=put(folder / "truth.json", text),
    )
