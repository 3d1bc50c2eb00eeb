import gzip
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from jobs.load import ImportResult, load
from service.db.migrate import upgrade
from service.db.models import (
    Account,
    Event,
    Identity,
    Member,
    Post,
    Reaction,
    Source,
    Thread,
)
from service.db.session import Database, open_database
from service.settings import Settings

NOW = datetime(2025, 1, 1, tzinfo=UTC)


class Store:
    """A migrated database in a folder of its own, and short ways to fill it and look at it."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(data_dir=folder)
        shutil.copy(template, folder / "groundswell.sqlite3")
        self.database: Database = open_database(self.settings.url)

    def file(self, name: str, *rows: Any, pack: bool = False) -> Path:
        """Write rows, bytes as they are and all else as JSON, one a line."""
        lines = [row if isinstance(row, bytes) else orjson.dumps(row) for row in rows]
        content = b"".join(line + b"\n" for line in lines)
        path = self.folder / name
        path.write_bytes(gzip.compress(content) if pack else content)
        return path

    def load(self, *rows: Any, kind: str = "jsonl", **options: Any) -> ImportResult:
        """Import rows from a file called in.jsonl."""
        return self.read(self.file("in.jsonl", *rows), kind=kind, **options)

    def read(self, path: Path, kind: str = "jsonl", **options: Any) -> ImportResult:
        """Import a file."""
        options = {"now": NOW, "actor": "tester", "settings": self.settings} | options
        return load(self.database, kind, path, **options)

    def rows(self, *columns: Any, of: Any = None) -> list[tuple[Any, ...]]:
        """Return the columns of a table, in the order of its ids."""
        with self.database.read() as session:
            table = of or columns[0].class_
            query = select(*columns).select_from(table).order_by(table.id)
            return [tuple(row) for row in session.execute(query)]

    def posts(self, *columns: str) -> dict[str, Any]:
        """Return columns of the posts, by external id; one column alone is not wrapped."""
        found = self.rows(Post.external_id, *(getattr(Post, name) for name in columns))
        return {key: rest[0] if len(rest) == 1 else tuple(rest) for key, *rest in found}

    def places(self) -> dict[str, str]:
        """Return the external id of the thread of each post."""
        with self.database.read() as session:
            query = select(Post.external_id, Thread.external_id).join(
                Thread, Thread.id == Post.thread_id
            )
            return dict(tuple(row) for row in session.execute(query))

    def parents(self) -> dict[str, str | None]:
        """Return the external id of the post that each post replies to."""
        parent = aliased(Post)
        with self.database.read() as session:
            query = select(Post.external_id, parent.external_id).outerjoin(
                parent, parent.id == Post.reply_to_id
            )
            return dict(tuple(row) for row in session.execute(query))

    def rejects(self, result: ImportResult) -> list[dict[str, str]]:
        """Return what an import refused."""
        assert result.rejects_file is not None
        return [orjson.loads(line) for line in result.rejects_file.read_bytes().splitlines()]

    def snapshot(self) -> dict[str, list[Any]]:
        """Return every row by its natural keys, in an order that hangs on no id."""
        parent = aliased(Post)
        queries = {
            "post": select(
                Source.name,
                Post.external_id,
                Thread.external_id,
                Identity.value,
                parent.external_id,
                *(getattr(Post, name) for name in POST_COLUMNS),
            )
            .join(Source, Source.id == Post.source_id)
            .join(Thread, Thread.id == Post.thread_id)
            .join(Identity, Identity.member_id == Post.member_id)
            .outerjoin(parent, parent.id == Post.reply_to_id),
            "thread": select(Source.name, *(getattr(Thread, name) for name in THREAD_COLUMNS)).join(
                Source, Source.id == Thread.source_id
            ),
            "member": select(
                Identity.platform,
                Identity.value,
                Member.name,
                Member.is_bot,
                Member.is_staff,
                Member.created_at,
            ).join(Member, Member.id == Identity.member_id),
            "reaction": select(
                Post.external_id, Reaction.name, Reaction.author, Reaction.count
            ).join(Post, Post.id == Reaction.post_id),
            "event": select(Event.external_id, Event.kind, Event.occurred_at, Event.amount),
            "account": select(Account.domain, Account.name, Account.plan, Account.annual_value),
        }
        with self.database.read() as session:
            return {
                name: sorted((tuple(row) for row in session.execute(query)), key=repr)
                for name, query in queries.items()
            }


POST_COLUMNS = (
    "created_at",
    "edited_at",
    "deleted_at",
    "parent_external_id",
    "text",
    "plain",
    "truncated",
    "url",
    "content_hash",
    "record_hash",
)
THREAD_COLUMNS = (
    "external_id",
    "title",
    "channel",
    "visibility",
    "resolved",
    "accepted_post_external_id",
    "first_post_at",
    "last_post_at",
)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    database = open_database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture
def new_store(tmp_path: Path, template: Path) -> Iterator[Callable[[], Store]]:
    """Make stores, each empty and in its own folder."""
    made: list[Store] = []

    def make() -> Store:
        made.append(Store(tmp_path / f"store{len(made)}", template))
        return made[-1]

    yield make
    for store in made:
        store.database.close()


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Store:
    """An empty store."""
    return new_store()


@pytest.fixture(scope="session")
def post() -> Callable[..., dict[str, Any]]:
    """Make records of the archive schema, `at` minutes into June 2024."""

    def make(
        id: Any = "1", author: Any = "ann", at: int = 1, text: Any = "hello", **more: Any
    ) -> dict[str, Any]:
        stamp = f"2024-06-01T{at // 60:02}:{at % 60:02}:00Z"
        return {"id": id, "author": author, "created_at": stamp, "text": text, **more}

    return make
