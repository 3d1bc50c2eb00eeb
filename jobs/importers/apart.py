"""Reading a large archive in a process of its own, while this one writes what it has read.

Parsing and taking the markup off posts costs as much as storing them. Frames of `marshal` go
through a pipe: plain tuples between two processes of one program, never kept.
"""

from __future__ import annotations

import fcntl
import gc
import io
import marshal
import os
import queue
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import groupby, repeat
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from jobs.importers.registry import importer
from service.errors import BadArchive
from service.ingest.reading import batches, read
from service.ingest.records import (
    AccountRecord,
    Deletion,
    EventRecord,
    Item,
    PostRecord,
    Progress,
    ReactionRecord,
    Reading,
    Reject,
)

LARGE = 4 << 20
AHEAD = 2
COLLECT_EVERY = 32
SIZE = struct.Struct("<I")
KINDS: tuple[type[Any], ...] = (PostRecord, Deletion, EventRecord, AccountRecord, Reject)
NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in KINDS}
TELL = {kind: attrgetter(*names) for kind, names in NAMES.items()}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def worth_it(path: Path) -> bool:
    """Return whether an archive is large enough, and there is a second core to read it."""
    try:
        return path.is_file() and path.stat().st_size >= LARGE and (os.cpu_count() or 1) > 1
    except OSError:
        return False


def read_apart(
    kind: str, path: Path, *, now: datetime, max_chars: int, progress: Progress
) -> Iterator[list[Item]]:
    """Yield the batches of an archive, read by another process with all that can be computed.

    Raises BadArchive where that process says so, or ends before the archive does.
    """
    command = [sys.executable, "-P", "-m", "jobs.importers.apart", kind, str(path), now.isoformat()]
    child = subprocess.Popen([*command, str(max_chars)], stdout=subprocess.PIPE)  # noqa: S603
    assert child.stdout is not None
    _widen(child.stdout)
    try:
        for what, *rest in _frames(child.stdout):
            if what == "end":
                return
            if what == "bad":
                raise BadArchive(rest[0])
            done, total, packed = rest
            progress(done, total)
            yield unpack(packed)
        raise BadArchive(f"reading {path} ended early: run it again")
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def _widen(pipe: IO[bytes]) -> None:
    """Let the pipe hold a megabyte where the system can: a batch then takes few turns."""
    with suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def _frames(pipe: IO[bytes]) -> Iterator[tuple[Any, ...]]:
    # By no thread of its own: it would wrestle with the database for the interpreter.
    while len(head := pipe.read(SIZE.size)) == SIZE.size:
        size = SIZE.unpack(head)[0]
        body = pipe.read(size)
        if len(body) < size:
            return
        yield marshal.loads(body)  # noqa: S302


def pack(batch: Sequence[Item]) -> list[tuple[int, int, list[Any]]]:
    """Return a batch as runs of items of one kind, each as columns of plain values.

    Of posts all that can be computed is computed here.
    """
    packed = []
    for kind, group in groupby(batch, type):
        items = list(group)
        columns = dict(zip(NAMES[kind], zip(*map(TELL[kind], items), strict=True), strict=True))
        if kind is PostRecord:
            columns["reading"] = tuple(read(item) for item in items)  # type: ignore[arg-type]
        plain = [_plain(*column) for column in columns.items()]
        packed.append((KINDS.index(kind), len(items), plain))
    return packed


def _plain(name: str, column: Sequence[Any]) -> Any:
    """Return a column as `marshal` takes it; one value alone where all are the same."""
    if name.endswith("_at"):
        return [None if at is None else (at - EPOCH) // TICK for at in column]
    if name == "reactions":
        return [one and [(each.name, each.author, each.count) for each in one] for one in column]
    if name == "reading":
        return [tuple(one) for one in column]
    first = column[0]
    return (
        (first,)
        if not isinstance(first, dict) and column.count(first) == len(column)
        else list(column)
    )


def unpack(packed: Sequence[tuple[int, int, list[Any]]]) -> list[Item]:
    """Return the batch that `pack` was given."""
    items: list[Item] = []
    for number, length, columns in packed:
        kind = KINDS[number]
        full = [
            _whole(name, column, length) for name, column in zip(NAMES[kind], columns, strict=True)
        ]
        items += map(kind, *full)
    return items


def _whole(name: str, column: Any, length: int) -> Iterable[Any]:
    if name.endswith("_at"):
        return [None if at is None else EPOCH + timedelta(0, 0, at) for at in column]
    if name == "reactions":
        return [one and tuple([ReactionRecord(*each) for each in one]) for one in column]
    if name == "reading":
        return map(Reading._make, column)
    return repeat(column[0], length) if isinstance(column, tuple) else column


def main(kind: str, path: str, now: str, max_chars: str) -> None:
    """Write the frames of an archive to standard output."""
    gc.disable()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    # What a library prints must not end up between the frames.
    os.dup2(2, 1)
    frames: queue.Queue[tuple[Any, ...]] = queue.Queue(AHEAD)
    sender = threading.Thread(target=_send, args=(out, frames))
    sender.start()
    heard = [0, 0]

    def progress(done: int, total: int) -> None:
        heard[:] = done, total

    try:
        reader = importer(kind).read
        assert reader is not None
        items = reader(Path(path), now=datetime.fromisoformat(now), progress=progress)
        for number, batch in enumerate(batches(items, int(max_chars)), start=1):
            if number % COLLECT_EVERY == 0:
                gc.collect()
            frames.put(("items", *heard, pack(batch)))
        frames.put(("end",))
    except BadArchive as error:
        frames.put(("bad", str(error)))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    sender.join()


def _send(out: io.RawIOBase, frames: queue.Queue[tuple[Any, ...]]) -> None:
    """Write frames until the last one: the pipe holds little, and reading is to go on meanwhile."""
    try:
        while True:
            frame = frames.get()
            body = marshal.dumps(frame)
            rest = memoryview(SIZE.pack(len(body)) + body)
            while rest:
                rest = rest[out.write(rest) :]
            if frame[0] != "items":
                return
    except OSError:
        # Whoever reads has gone.
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
