"""The folder that `export --all` wrote, back into an empty store."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from jobs.export.fields import TABLES, values
from jobs.export.tables import export_all
from jobs.importers import groundswell
from jobs.importers.bundle import open_bundle
from jobs.importers.groundswell import check
from jobs.refill.store import refill
from service.db.models import Correction, Post
from service.db.queries import corrections, scores
from service.db.queries.audit import newest_first
from service.errors import BadArchive, Conflict
from service.ingest.fields import BadRecord
from tests.jobs.export.conftest import ACCOUNTS, NOW, Store, dump, dump_all, fill, rows

New = Callable[[], Store]


def sample(folder: Path) -> Path:
    """Write a small export of every table and return its folder."""
    shutil.copytree(_written(folder), folder / "export")
    return folder / "export"


def _written(folder: Path) -> Path:
    from service.db.migrate import upgrade
    from service.db.session import open_database

    path = folder / "template.sqlite3"
    database = open_database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    store = fill(Store(folder / "full", path))
    export_all(store.database, folder / "all")
    store.database.close()
    return folder / "all"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a full store."""
    return _written(tmp_path_factory.mktemp("full"))


@pytest.fixture
def archive(written: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    shutil.copytree(written, tmp_path / "copy")
    return tmp_path / "copy"


def bring(store: Store, archive: Path) -> Any:
    return refill(store.database, archive, now=NOW, actor="tester")


def change(archive: Path, table: str, number: int, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change one line of a table, and the manifest with it."""
    path = archive / f"{table}.jsonl"
    lines = path.read_bytes().splitlines()
    row = orjson.loads(lines[number])
    told = edit(row)
    lines[number] = told if isinstance(told, bytes) else orjson.dumps(row)
    seal(archive, table, b"".join(line + b"\n" for line in lines))


def seal(archive: Path, table: str, content: bytes) -> None:
    (archive / f"{table}.jsonl").write_bytes(content)
    manifest = orjson.loads((archive / "manifest.json").read_bytes())
    manifest["files"][f"{table}.jsonl"] = {
        "rows": content.count(b"\n"),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    (archive / "manifest.json").write_bytes(orjson.dumps(manifest))


def test_out_in_and_out_again_is_equal(written: Path, store: Store, tmp_path: Path) -> None:
    before = {file.name: file.read_bytes() for file in written.iterdir()}
    run = bring(store, written)
    after = dump_all(store, tmp_path / "again")
    assert after == {name: before[name] for name in after}
    assert set(before) - set(after) == {"audit.jsonl", "audit.sha256"}
    assert {name: run.counts[name] for name in ("records", "added", "members_added")} == {
        "records": 31,
        "added": 31,
        "members_added": 8,
    }
    assert sorted(run.sources) == ["chat", "forum", "shop"]


def test_the_audit_comes_back_with_one_more_entry(
    written: Path, store: Store, tmp_path: Path
) -> None:
    bring(store, written)
    export_all(store.database, tmp_path / "again")
    before = (written / "audit.jsonl").read_bytes()
    after = (tmp_path / "again" / "audit.jsonl").read_bytes()
    assert after.startswith(before)
    with store.database.read() as session:
        newest = newest_first(session, 1)[0]
    assert (newest.actor, newest.action, newest.target) == ("tester", "import", "chat, forum, shop")
    assert after.count(b"\n") == before.count(b"\n") + 1


def test_posts_replies_and_words_are_as_they_were(
    written: Path, store: Store, new_store: New
) -> None:
    original = fill(new_store())
    bring(store, written)
    assert store.snapshot() == original.snapshot()
    assert store.parents() == original.parents()
    assert dump(store, private=True, emails=True) == dump(original, private=True, emails=True)


def test_the_same_archives_change_nothing_afterwards(written: Path, store: Store) -> None:
    bring(store, written)
    known = [row for row in rows() if row["id"] not in ("p7", "gone")]
    result = store.load(*known, include_private=True)
    assert (result.added, result.updated, result.unchanged) == (0, 0, len(known))
    assert store.load(*ACCOUNTS, kind="accounts").unchanged == 2


def test_labels_that_people_corrected_come_back(written: Path, store: Store) -> None:
    bring(store, written)
    ids = store.posts("id")
    with store.database.read() as session:
        first, second = corrections.history(session, ids["c0"])
        (other,) = corrections.history(session, ids["c1"])
        assert (first.label, first.actor, first.note, first.sampled) == (
            "positive", "eve", None, True,
        )  # fmt: skip
        assert (second.label, second.actor, second.note) == ("negative", "zoe", "sure?")
        assert (first.model, first.version) == ("ours", "1")
        assert (first.model_label, first.model_confidence) == ("negative", 0.75)
        assert (other.task, other.label, other.model) == ("intent", "question", None)
        held = scores.of_posts(session, [ids["c0"]])[ids["c0"]]
        assert [(row.label, row.model, row.probabilities) for row in held] == [
            ("positive", None, {})
        ]
        newest = scores.newest_model(session, "sentiment")
        assert newest is not None
        assert (newest.labels, newest.created_at) == (["negative", "positive"], NOW)


def test_an_export_of_the_first_version_has_no_corrections(archive: Path, store: Store) -> None:
    (archive / "corrections.jsonl").unlink()
    manifest = orjson.loads((archive / "manifest.json").read_bytes())
    del manifest["files"]["corrections.jsonl"]
    (archive / "manifest.json").write_bytes(orjson.dumps(manifest))
    with pytest.raises(BadArchive, match=r"manifest\.json cannot be used"):
        bring(store, archive)
    manifest["version"] = 1
    (archive / "manifest.json").write_bytes(orjson.dumps(manifest))
    assert bring(store, archive).counts["added"] == 31
    assert store.rows(Correction.id) == []


def test_a_zip_of_the_folder_is_read_too(written: Path, store: Store, tmp_path: Path) -> None:
    path = shutil.make_archive(str(tmp_path / "all"), "zip", written.parent, written.name)
    bring(store, Path(path))
    after = dump_all(store, tmp_path / "again")
    assert after == {name: (written / name).read_bytes() for name in after}


def test_the_folder_is_recognised(written: Path, tmp_path: Path) -> None:
    with open_bundle(written) as bundle:
        assert groundswell.fits(bundle)
    for name in ("posts.jsonl", "manifest.json"):
        (tmp_path / "other").mkdir(exist_ok=True)
        (tmp_path / "other" / name).write_text('{"id": 1}')
        with open_bundle(tmp_path / "other") as bundle:
            assert not groundswell.fits(bundle)


def test_a_store_that_is_not_empty_is_refused(written: Path, store: Store) -> None:
    store.load({"domain": "example.net"}, kind="accounts")
    with pytest.raises(Conflict, match="the store is not empty"):
        bring(store, written)
    assert store.posts() == {}


def test_what_is_not_as_it_was_written_is_refused(archive: Path, store: Store) -> None:
    with (archive / "posts.jsonl").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(BadArchive, match=r"posts\.jsonl is not as it was written"):
        bring(store, archive)
    (archive / "posts.jsonl").unlink()
    with pytest.raises(BadArchive, match=r"holds no posts\.jsonl"):
        bring(store, archive)
    (archive / "manifest.json").write_text('{"format": "groundswell-export", "version": 3}')
    with pytest.raises(BadArchive, match="version 3, this Groundswell reads 1 to 2"):
        bring(store, archive)
    (archive / "manifest.json").write_text("[]")
    with pytest.raises(BadArchive, match=r"manifest\.json cannot be used"):
        bring(store, archive)
    (archive / "manifest.json").unlink()
    with pytest.raises(BadArchive, match=r"holds no manifest\.json"):
        bring(store, archive)


def _named(**values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda row: row.update(values)


@pytest.mark.parametrize(
    ("table", "edit", "message"),
    [
        ("posts", _named(thread="x"), "posts.jsonl line 1 names a thread that"),
        ("posts", _named(member=["x", "y"]), "posts.jsonl line 1 names a member that"),
        ("posts", _named(source="x"), "posts.jsonl line 1 names a source that"),
        ("posts", _named(text=None), "line 1: `text` is an object; it must be of kind text"),
        ("posts", _named(text="\0"), "line 1: `text` holds a NUL character"),
        ("posts", _named(created_at="2024-06-01"), "`created_at` is text; it must be of kind time"),
        ("posts", _named(record_hash="00"), "it must be of kind hash"),
        ("posts", _named(more=1), "the line has not the fields source, id, thread"),
        ("posts", lambda row: b"{", "posts.jsonl line 1 is no JSON"),
        ("posts", lambda row: b'{"id": "\\ud800"}', "posts.jsonl line 1 is no JSON"),
        ("posts", lambda row: b"7", "the line has not the fields"),
        ("threads", _named(visibility="open"), "it must be of kind visibility"),
        ("reactions", _named(post="x"), "reactions.jsonl line 1 names a post that"),
        ("corrections", _named(post="x"), "corrections.jsonl line 1 names a post that"),
        ("corrections", _named(sampled=1), "it must be of kind flag"),
        ("raw_items", _named(data={"base64": "?"}), "it must be of kind bytes"),
        ("members", _named(key=["a", "b"]), "has no handle of its own in identities.jsonl"),
        ("members", _named(account="x.org"), "members.jsonl line 1 names an account that"),
        ("members", _named(merged_into=["a", "b"]), "members.jsonl line 1 names a member that"),
        ("events", _named(amount=True), "it must be of kind number"),
        ("accounts", _named(domain="example.org"), "names one thing twice"),
    ],
)
def test_a_row_that_cannot_be_used_leaves_the_store_empty(
    archive: Path, store: Store, table: str, edit: Callable[[dict[str, Any]], Any], message: str
) -> None:
    change(archive, table, 0, edit)
    with pytest.raises(BadArchive) as caught:
        bring(store, archive)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert store.rows(Post.id) == []
    with store.database.read() as session:
        assert newest_first(session, 1) == []


def test_rows_too_many_or_too_few_are_refused(archive: Path, store: Store) -> None:
    for table in ("members", "identities"):
        content = (archive / f"{table}.jsonl").read_bytes()
        seal(archive, table, b"".join(content.splitlines(keepends=True)[:-1]))
        with pytest.raises(BadArchive, match=r"no handle of its own|is of no member"):
            bring(store, archive)
        seal(archive, table, content)
    manifest = orjson.loads((archive / "manifest.json").read_bytes())
    manifest["files"]["posts.jsonl"]["rows"] = 28
    (archive / "manifest.json").write_bytes(orjson.dumps(manifest))
    with pytest.raises(BadArchive, match="has 27 rows of 28"):
        bring(store, archive)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


FUZZ = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
TABLE = st.sampled_from([name for name in TABLES if name != "audit"])


@FUZZ
@given(st.data())
def test_any_value_anywhere_is_taken_or_refused(
    written: Path, tmp_path: Path, template: Path, data: st.DataObject
) -> None:
    archive, home = tmp_path / "fuzzed", tmp_path / "store"
    for path in (archive, home):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(written, archive)
    table = data.draw(TABLE)
    field = data.draw(st.sampled_from(list(TABLES[table])))
    change(archive, table, 0, _named(**{field: _fitting(data.draw(JSON))}))
    store = Store(home, template)
    with suppress(BadArchive):
        bring(store, archive)
    assert len(store.rows(Post.id)) in (0, 27)
    store.database.close()


@settings(FUZZ, max_examples=1_000)
@given(TABLE, st.data())
def test_any_line_is_taken_or_refused(written: Path, table: str, data: st.DataObject) -> None:
    line = (written / f"{table}.jsonl").read_bytes().splitlines()[0]
    row = orjson.loads(line) | {data.draw(st.sampled_from(list(TABLES[table]))): data.draw(JSON)}
    with suppress(BadRecord):
        assert values(table, row).keys() == TABLES[table].keys()


@settings(FUZZ, max_examples=300)
@given(st.data())
def test_any_damage_is_seen(written: Path, tmp_path: Path, data: st.DataObject) -> None:
    archive = tmp_path / "damaged"
    if not archive.exists():
        shutil.copytree(written, archive)
    name = data.draw(st.sampled_from([f"{name}.jsonl" for name in TABLES] + ["manifest.json"]))
    whole = (written / name).read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, min(len(whole), start + 9)))
    broken = whole[:start] + data.draw(st.binary(max_size=4)) + whole[end:]
    (archive / name).write_bytes(broken)
    try:
        with open_bundle(archive) as bundle:
            assert check(bundle, lambda size: None).keys() == TABLES.keys()
    except BadArchive:
        broken = b""
    # Of the manifest, what says nothing of a file may change.
    assert not broken or name == "manifest.json" or broken == whole
    (archive / name).write_bytes(whole)


def _fitting(value: Any) -> Any:
    """Return a value that JSON can hold."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None
    return value


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    event.listen(store.database.engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(store.database.engine, "before_cursor_execute", hear)


def test_statements_grow_with_batches_not_with_rows(
    written: Path, new_store: New, tmp_path: Path
) -> None:
    small = new_store()
    with counted(small) as few:
        bring(small, written)
    large = fill(new_store())
    large.load(*({**row, "id": f"{row['id']}-2"} for row in rows()), include_private=True)
    export_all(large.database, tmp_path / "large")
    other = new_store()
    with counted(other) as many:
        bring(other, tmp_path / "large")
    assert len(other.rows(Post.id)) == 2 * 27
    assert len(many) == len(few)
