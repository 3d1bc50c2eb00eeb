"""The same posts on PostgreSQL give the same answers as on SQLite: a real server on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from jobs.lock import alone
from jobs.pipeline import run
from service.db import migrate
from service.db.queries.index import Filters
from service.db.queries.trends import trending
from service.db.session import Database, open_database
from service.errors import Busy
from service.search import Searcher
from service.settings import Settings
from tests.jobs.community import records, write

pytest.importorskip("psycopg", reason="needs groundswell[postgres]")


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; skip where there is none."""
    there = [shutil.which(name), *map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    found = next((path for path in there if path), None)
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    return found


def as_user() -> dict[str, Any]:
    """Return how to start PostgreSQL: it refuses to run as root."""
    if os.getuid():
        return {}
    try:
        person = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL has no user of its own here")
    return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of an empty database on a server of its own."""
    folder = Path("/tmp") / f"groundswell-pg-{os.getpid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options: dict[str, Any] = {"cwd": "/", "capture_output": True, "check": True, **as_user()}
    data = str(folder / "data")
    subprocess.run([program("initdb"), "-D", data, "-A", "trust", "-U", "groundswell"], **options)
    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [program("pg_ctl"), "-D", data, "-w", "-l", str(folder / "log")]
    # The server keeps the pipes of whoever starts it: it gets none.
    quiet = options | {"capture_output": False, "stdout": subprocess.DEVNULL}
    subprocess.run([*control, "-o", settings, "start"], **quiet)
    try:
        yield f"postgresql+psycopg://groundswell@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder)


@pytest.fixture
def other(server: str, tmp_path: Path) -> Iterator[tuple[Database, Settings]]:
    """Yield the migrated database and settings with a data folder of their own."""
    folder = tmp_path / "other"
    folder.mkdir()
    settings = Settings(data_dir=folder, encoder="hashing", database_url=server)
    database = open_database(server)
    migrate.upgrade(database)
    yield database, settings
    database.close()


def answers(database: Database, settings: Settings, archive: Path, now: datetime) -> list[Any]:
    """Import, run twice, and return what search and trends say, by names and not by ids."""
    from jobs.load import load

    first = load(database, "jsonl", archive, settings, now=now, source="a", actor="test")
    again = load(database, "jsonl", archive, settings, now=now, source="a", actor="test")
    run(database, settings, now=now)
    idle = run(database, settings, now=now).idle
    with database.read() as session:
        found = trending(session, as_of=None, now=now, stale_after_days=2, limit=5)
        hits = Searcher(database, settings).search(session, "pdf margin", Filters(), 5)
        topics = session.execute(text("SELECT label FROM topic ORDER BY label")).scalars().all()
        judged = session.execute(
            text("SELECT task, label, count(*) FROM score GROUP BY task, label")
        ).all()
    return [
        (first.added, first.members_added, first.threads_added, again.added, again.updated, idle),
        [(trend.label, trend.observed, round(trend.q, 9), trend.series) for trend in found.trends],
        [round(hit.score, 4) for hit in hits],
        topics,
        sorted((task, label or "", posts) for task, label, posts in judged),
        found.data_as_of,
    ]


@pytest.mark.slow
def test_postgres_answers_as_sqlite_does(
    database: Database,
    settings: Settings,
    other: tuple[Database, Settings],
    now: datetime,
    tmp_path: Path,
) -> None:
    archive = write(tmp_path / "archive.jsonl", records())
    here = answers(database, settings, archive, now)
    there = answers(*other, archive, now)
    assert here == there
    assert here[0] == (len(records()), 72, 75, 0, 0, True)
    assert sum(posts for _, _, posts in here[4]) == 5 * len(records())


@pytest.mark.slow
def test_two_hosts_do_not_run_at_once(
    other: tuple[Database, Settings], server: str, tmp_path: Path
) -> None:
    second = open_database(server)
    with (
        alone(other[0], tmp_path / "one"),
        pytest.raises(Busy, match="another host"),
        alone(second, tmp_path / "two"),
    ):
        pytest.fail("both run")
    with alone(second, tmp_path / "two"):
        pass
    second.close()
