"""Kills of `groundswell run` between any two of its writes lose nothing and double nothing.

`python -m tests.jobs.test_kills` is a server that has everything imported and forks a child for
each run that it is asked for, so that a kill meets the work and not the imports.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, text

from indexes.store import read
from jobs import judges
from jobs.load import load
from nlp.encoders import load as load_encoder
from service.db.models import Embedding, IndexBuild, Post, PostTopic, Score
from service.db.session import Database
from service.settings import Settings
from tests.jobs.community import records, write

KILLS = 44
TIMED = 4
SEED = 20
CHUNK = 32
# Every kind of place where a run may be between two states of what is stored.
KINDS = {
    "before commit",
    "after commit",
    "encoded",
    "judged",
    "built",
    "published",
    "before pointing",
    "before sweep",
    "in sweep",
    "after sweep",
}
# Libraries that start threads of their own could not be forked safely.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ROOT = Path(__file__).parents[2]

Meet = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended, the write points that it met, in order, and its seconds."""

    returncode: int
    points: list[str]
    seconds: float


def kind(point: str) -> str:
    """Return the kind of a point; a commit's point also names the function that commits."""
    return point.split(" of ")[0]


# What the child does.


def serve() -> None:
    """Fork a run for each request on standard input and answer with how it ended."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    preload()
    threads = len(os.listdir("/proc/self/task")) if Path("/proc/self/task").is_dir() else 1
    print(json.dumps({"threads": threads}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(fork(**json.loads(line))), file=answers, flush=True)


def preload() -> None:
    """Import all that a run needs, and call none of it."""
    from nlp.topics import frame

    # Whichever comes first brings pandas, and that Arrow, which starts a thread.
    with frame._without_unused():
        import bertopic
        import bertopic.dimensionality
        import bertopic.vectorizers  # noqa: F401
        import sklearn.feature_extraction.text  # noqa: F401

    import faiss  # noqa: F401
    import scipy.cluster.hierarchy
    import scipy.optimize
    import scipy.stats  # noqa: F401

    import jobs.cli
    import jobs.pipeline  # noqa: F401


def fork(folder: str, point: int | None, seconds: float | None) -> dict[str, Any]:
    """Run in a child that is killed at its n-th point, after some seconds, or not at all."""
    reader, writer = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if not child:
        os.close(reader)
        run_child(folder, point, writer)
    os.close(writer)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader) as met:
        points = met.read().splitlines()
    _, status = os.waitpid(child, 0)
    took = time.monotonic() - started
    return {"returncode": os.waitstatus_to_exitcode(status), "points": points, "seconds": took}


def run_child(folder: str, last: int | None, writer: int) -> None:
    """Do `groundswell run` with hooks at the write points; never return."""
    from jobs import cli

    met = 0

    def meet(point: str) -> None:
        nonlocal met
        os.write(writer, f"{point}\n".encode())
        if met == last:
            os.kill(os.getpid(), signal.SIGKILL)
        met += 1

    code = 70
    try:
        os.environ["GROUNDSWELL_DATA_DIR"] = folder
        sys.argv = ["groundswell", "run"]
        hook(meet)
        cli.main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.stderr.flush()
        os._exit(code)


def hook(meet: Meet) -> None:
    """Put `meet` at every write point."""
    import indexes.store
    import jobs.encode
    import jobs.index
    import jobs.judge
    from nlp.encoders.hashing import HashingEncoder
    from nlp.judgements import Panel

    jobs.encode.CHUNK = jobs.judge.CHUNK = CHUNK
    commits(meet)
    HashingEncoder.encode = around(HashingEncoder.encode, meet, after="encoded")
    Panel.judge = around(Panel.judge, meet, after="judged")  # type: ignore[method-assign]
    indexes.store._replace = around(indexes.store._replace, meet, before="built")
    jobs.index.publish = around(jobs.index.publish, meet, after="published")
    jobs.index._point = around(jobs.index._point, meet, before="before pointing")
    jobs.index.sweep = around(jobs.index.sweep, meet, before="before sweep", after="after sweep")

    class Shutil:
        @staticmethod
        def rmtree(path: Path, **options: Any) -> None:
            files = sorted(inside for inside in path.rglob("*") if inside.is_file())
            if files:
                files[-1].unlink()
            meet("in sweep")
            shutil.rmtree(path, **options)

    indexes.store.shutil = Shutil


def commits(meet: Meet) -> None:
    """Put a point before and after each commit."""
    original = Database.write

    @contextmanager
    def counted(self: Database) -> Iterator[Any]:
        # Frame 1 is the context manager's own, 2 is the function that opens the transaction.
        name = sys._getframe(2).f_code.co_name
        with original(self) as session:
            yield session
            meet(f"before commit of {name}")
        meet(f"after commit of {name}")

    Database.write = counted  # type: ignore[method-assign]


def around(work: Any, meet: Meet, *, before: str = "", after: str = "") -> Any:
    """Return a function that also meets a point before and after it works."""

    def hooked(*given: Any, **named: Any) -> Any:
        if before:
            meet(before)
        value = work(*given, **named)
        if after:
            meet(after)
        return value

    return hooked


# What the test does.


@dataclass(frozen=True, slots=True)
class Server:
    """The server's process, as the test sees it."""

    process: subprocess.Popen[str]

    def run(self, folder: Path, *, point: int | None = None, seconds: float | None = None) -> Ran:
        """Run on the store in a folder."""
        request = {"folder": str(folder), "point": point, "seconds": seconds}
        assert self.process.stdin
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return Ran(**self.answer())

    def answer(self) -> dict[str, Any]:
        """Return what the server says next."""
        assert self.process.stdout
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    """Yield a server that has everything imported and is safe to fork."""
    environment = os.environ | ONE_THREAD | {"GROUNDSWELL_ENCODER": settings.encoder}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.test_kills"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        found = Server(process)
        assert found.answer() == {"threads": 1}
        yield found


@pytest.mark.slow
def test_kills_at_every_kind_of_point(
    database: Database, settings: Settings, now: datetime, tmp_path: Path, server: Server
) -> None:
    rows = records(each=500)
    chance = random.Random(SEED)
    chance.shuffle(rows)
    parts = [rows[number :: KILLS + TIMED] for number in range(KILLS + TIMED)]
    timed = set(chance.sample(range(len(parts)), TIMED))
    met: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for number, part in enumerate(parts):
        path = write(tmp_path / f"part{number}.jsonl", part)
        load(database, "jsonl", path, settings, now=now, source="archive", actor="test")
        dry = dry_run(server, settings, tmp_path / f"copy{number}")
        if number in timed:
            server.run(settings.data_dir, seconds=chance.uniform(0, dry.seconds))
        else:
            seen.update(set(dry.points))
            point = choose(dry.points, met, seen, chance)
            killed = server.run(settings.data_dir, point=point)
            assert killed.returncode == -signal.SIGKILL
            assert killed.points == dry.points[: point + 1]
            met[dry.points[point]] += 1
        check_served(database, settings)
    assert met.total() == KILLS
    assert {kind(point) for point in met} == KINDS
    assert set(met) == set(seen), "there are commits that no kill met: more kills are needed"
    finish(settings)
    check_whole(database, settings, len(rows))


def dry_run(server: Server, settings: Settings, copy: Path) -> Ran:
    """Return what a whole run on a copy of the store passes."""
    # Another process copies: closing the file here would drop the locks of our own connections.
    subprocess.run(["cp", "-r", str(settings.data_dir), str(copy)], check=True)
    # The shared memory file belongs to the open database: SQLite makes it anew from the log.
    for memory in copy.glob("*-shm"):
        memory.unlink()
    dry = server.run(copy)
    shutil.rmtree(copy)
    assert dry.returncode == 0
    return dry


def choose(points: list[str], met: Counter[str], seen: Counter[str], chance: random.Random) -> int:
    """Return the number of a point to kill at: one of those met least, of them the rarest."""
    ranks = [(met[point], seen[point]) for point in points]
    rarest = min(ranks)
    return chance.choice([place for place, rank in enumerate(ranks) if rank == rarest])


def finish(settings: Settings) -> None:
    """Do a run that nobody kills, as a person would."""
    environment = os.environ | {
        "GROUNDSWELL_DATA_DIR": str(settings.data_dir),
        "GROUNDSWELL_ENCODER": settings.encoder,
    }
    command = [sys.executable, "-c", "from jobs.cli import main; main()", "run"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, timeout=120, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def check_served(database: Database, settings: Settings) -> None:
    """Assert that the database is sound and that what it points to can be served."""
    with database.read() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        builds = session.scalars(select(IndexBuild)).all()
    for build in builds:
        index, _ = read(settings.index_dir, build.generation, build.sha256)
        assert len(index) == build.count


def check_whole(database: Database, settings: Settings, posts: int) -> None:
    """Assert that each post is there once, with its vector, judgements, topic and index entry."""
    encoder = load_encoder(settings.encoder)
    with database.read() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        assert session.scalar(select(func.count(func.distinct(Post.external_id)))) == posts
        pairs = session.execute(
            select(Post.id, Post.plain, Embedding.vector)
            .join(Embedding, Embedding.post_id == Post.id)
            .order_by(Post.id)
        ).all()
        ids = sorted(session.scalars(select(Post.id)))
        placed = sorted(session.scalars(select(PostTopic.post_id)))
        build = session.scalars(select(IndexBuild)).one()
    assert len(ids) == posts
    assert [row.id for row in pairs] == ids == placed
    expected = encoder.encode([row.plain for row in pairs]).astype(np.float16)
    np.testing.assert_array_equal(np.stack([row.vector for row in pairs]), expected)
    check_judged(database, settings, [row.plain for row in pairs])
    index, _ = read(settings.index_dir, build.generation, build.sha256)
    assert index.ids().tolist() == ids
    probe = expected[:50].astype(np.float32)
    nearest = index.search(probe, 1)
    assert (nearest.scores[:, 0] > 0.999).all()
    # Beside the generation that is served, the one before it may be there for late readers.
    left = [path.name for path in settings.index_dir.iterdir()]
    assert build.generation in left
    assert len(left) <= 2
    assert all(name.startswith("g-") for name in left)


def check_judged(database: Database, settings: Settings, texts: list[str]) -> None:
    """Assert that each post, in order, has what the judges say of its text, and nothing else."""
    said = judges.panel(settings).judge(texts)
    with database.read() as session:
        for task, found in said.items():
            held = session.execute(
                select(Score.label, Score.probabilities)
                .where(Score.task == task)
                .order_by(Score.post_id)
            ).all()
            assert [row.label for row in held] == [found.label(row) for row in range(len(texts))]
            expected = found.probabilities.astype(np.float16)
            np.testing.assert_array_equal(np.stack([row.probabilities for row in held]), expected)
        every = session.scalar(select(func.count()).select_from(Score))
    assert every == len(texts) * len(said)


if __name__ == "__main__":
    serve()
