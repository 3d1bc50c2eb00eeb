"""What every importer promises, whatever it reads."""

import marshal
import random
from pathlib import Path

import pytest
from sqlalchemy import event, select

from jobs.export.tables import export_all
from jobs.importers.apart import pack, read_apart, unpack
from jobs.importers.registry import KINDS, guess
from service.db.models import Account, Event, Member, Post, Thread
from service.errors import BadArchive
from service.ingest.records import PostRecord, Reject
from tests.jobs.importers.kinds import NOW, SHAPES, SINGLE, check, key, unpacked

EVERY = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.kind)
PARTS = 7
# Of these the other process is started; what it sends is checked for all.
STARTED = ("jsonl", "slack", "irc")
# Their samples tell nothing but what a record holds.
PLAIN = ("jsonl", "csv")


def test_every_kind_has_a_sample():
    readers = {kind for kind, found in KINDS.items() if found.read is not None}
    assert {shape.kind for shape in SHAPES} == readers


@EVERY
def test_its_sample_is_known_by_how_it_looks(tmp_path, shape):
    assert guess(shape.sample(tmp_path)) == shape.kind


@EVERY
def test_every_item_is_whole_and_has_a_place_of_its_own(tmp_path, shape):
    items = shape.read(shape.sample(tmp_path))
    for item in items:
        check(item)
    assert not [item for item in items if isinstance(item, Reject)]
    places = [item.place for item in items]
    assert len(set(places)) == len(places) >= 6
    assert len({key(item) for item in items}) == len(items)
    posts = [item for item in items if isinstance(item, PostRecord)]
    assert all(bool(post.raw) == (shape.kind not in PLAIN) for post in posts)
    if posts:
        assert len({post.author for post in posts}) >= 3
        assert {post.author for post in posts if post.is_bot} == shape.bots
        closed = {
            post.external_id: post.visibility for post in posts if post.visibility != "public"
        }
        assert closed == shape.private


@EVERY
def test_progress_grows_and_ends_at_its_total(tmp_path, shape):
    heard = []
    path = shape.sample(tmp_path)
    shape.read(path, lambda *how: heard.append(how))
    assert heard == sorted(heard)
    assert {total for _, total in heard} == {heard[-1][0]}
    assert heard[-1][0] > 0


@EVERY
def test_reading_apart_gives_the_same(tmp_path, shape):
    path = shape.sample(tmp_path)
    items = shape.read(path)
    if shape.kind in STARTED:
        batches = read_apart(shape.kind, path, now=NOW, max_chars=10**6, progress=print)
        apart = [item for batch in batches for item in batch]
    else:
        apart = unpack(marshal.loads(marshal.dumps(pack(items))))
    assert apart == items
    assert [item.place for item in apart] == [item.place for item in items]
    for there, here in zip(apart, items, strict=True):
        if isinstance(here, PostRecord):
            assert there.raw == here.raw
            assert there.digest() == here.digest()


@EVERY
def test_once_more_changes_nothing(tmp_path, store, shape):
    path = shape.sample(tmp_path)
    result = store.read(path, shape.kind)
    assert (result.rejected, result.updated) == (0, 0)
    before = store.snapshot()
    again = store.read(path, shape.kind)
    assert (again.added, again.updated, again.rejected, again.members_added) == (0, 0, 0, 0)
    assert again.unchanged == result.added + result.unchanged
    assert store.snapshot() == before


def written(store, folder):
    """Return what `export --all` writes, but for the audit, which tells of each import."""
    export_all(store.database, folder)
    return {file.name: file.read_bytes() for file in folder.iterdir() if "audit" not in file.name}


@EVERY
def test_shuffled_parts_make_the_same_record(tmp_path, new_store, shape):
    path = shape.sample(tmp_path)
    whole, parted = new_store(), new_store()
    whole.read(path, shape.kind, source="forum", include_private=True)
    files = unpacked(path)
    units = shape.units(files)
    random.Random(1).shuffle(units)
    for number in range(PARTS):
        part = shape.write(shape.build(files, units[number::PARTS]), tmp_path / f"part{number}")
        if number < len(units) and shape.read(part):
            result = parted.read(part, shape.kind, source="forum", include_private=True)
            assert result.rejected == 0
    assert parted.snapshot() == whole.snapshot()
    assert written(parted, tmp_path / "parts") == written(whole, tmp_path / "whole")


@EVERY
def test_private_posts_are_skipped_unless_asked_for(tmp_path, new_store, shape):
    path = shape.sample(tmp_path)
    public, private = new_store(), new_store()
    result = public.read(path, shape.kind)
    assert result.private_skipped == len(shape.private)
    assert not public.posts("id").keys() & shape.private.keys()
    assert {row[0] for row in public.rows(Thread.visibility)} <= {"public"}
    members = {name for (name,) in public.rows(Member.name)}
    result = private.read(path, shape.kind, include_private=True)
    assert result.private_skipped == 0
    with private.database.read() as session:
        query = select(Post.external_id, Thread.visibility).join(Thread)
        found = dict(tuple(row) for row in session.execute(query))
    assert {id_: seen for id_, seen in found.items() if seen != "public"} == shape.private
    assert members <= {name for (name,) in private.rows(Member.name)}


@EVERY
def test_a_batch_that_breaks_leaves_nothing(tmp_path, store, shape):
    def broken(connection, cursor, statement, parameters, context, many):
        if statement.startswith(("INSERT INTO post", "INSERT INTO event", "INSERT INTO account")):
            raise RuntimeError("the disk is gone")

    path = shape.sample(tmp_path)
    event.listen(store.database.engine, "after_cursor_execute", broken)
    with pytest.raises(RuntimeError, match="the disk is gone"):
        store.read(path, shape.kind)
    event.remove(store.database.engine, "after_cursor_execute", broken)
    assert not any(store.snapshot().values())
    assert not list(store.settings.rejects_dir.glob("*"))
    result = store.read(path, shape.kind)
    assert result.records == len(shape.read(path))
    assert result.added == sum(map(len, (store.rows(table.id) for table in (Post, Event, Account))))


def others(tmp_path, kind):
    """Yield what people name by mistake."""
    yield tmp_path / "none"
    yield Path("/dev/null")
    for name in ("posts.jsonl", "a.csv", "a.json", "a.zip", "a.mbox", "a.xml", "a.md", "a.log"):
        path = tmp_path / "empty" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
        yield path
    yield path.parent
    (tmp_path / "nothing").mkdir()
    yield tmp_path / "nothing"
    for other in SHAPES:
        if other.kind != kind:
            (tmp_path / other.kind).mkdir()
            yield other.sample(tmp_path / other.kind)


@EVERY
def test_what_it_cannot_read_is_an_error_of_one_line_or_refused(tmp_path, shape):
    refused = {}
    for path in others(tmp_path, shape.kind):
        try:
            for item in shape.read(path):
                check(item)
        except BadArchive as error:
            refused[path] = str(error)
    assert all(str(path) in text and "\n" not in text for path, text in refused.items())
    assert len(refused) >= (4 if shape.kind in SINGLE else 11)


@EVERY
def test_what_is_no_archive_at_all_is_of_no_kind(tmp_path, shape):
    for path in (tmp_path / "none", Path("/dev/null"), tmp_path):
        with pytest.raises(BadArchive):
            guess(path)
        with pytest.raises(BadArchive):
            shape.read(path)
