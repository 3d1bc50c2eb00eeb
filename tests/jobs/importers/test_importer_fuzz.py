"""Whatever is wrong with an archive: a typed error or refused records, and never a traceback."""

import re
from base64 import b64decode
from collections import Counter
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from time import process_time
from xml.sax.saxutils import escape

import orjson
import pytest
from sqlalchemy import select

from service.db.models import Account, Event, Post, Source
from service.errors import BadArchive
from service.ingest.records import Reject
from tests.jobs.importers.kinds import SHAPES, SINGLE, Whole, check, keys, unpacked
from tests.jobs.importers.mutations import ODD_TEXT, mutate, record, words

EVERY = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.kind)
READ, LOADED = 1_000, 10
# Far above what any of them takes, far below what a search that does not end takes.
SECONDS = 5
ATTRIBUTE = re.compile(rb'="[^"]*"')
CORPUS = Path(__file__).parent / "corpus"


def wipe(root):
    """Remove files, and leave the folders for the next archive."""
    for path in root.rglob("*") if root.is_dir() else [root]:
        if path.is_file():
            path.unlink()


def told(shape, path):
    """Return the items of an archive, checked, or why there are none."""
    before = process_time()
    try:
        items, error = shape.read(path), ""
    except BadArchive as caught:
        items, error = [], str(caught)
    assert process_time() - before < SECONDS
    assert "\n" not in error
    for item in items:
        check(item)
    return items, error


@EVERY
def test_a_thousand_broken_archives(tmp_path, shape):
    """The number of an archive in the message makes it again: `Random(f"{kind}/{number}")`."""
    original = shape.sample(tmp_path)
    files = unpacked(original)
    packed = original.read_bytes() if original.is_file() else b""
    seen, outcomes = set(), Counter()
    for number in count():
        if len(seen) >= READ:
            break
        random = Random(f"{shape.kind}/{number}")
        if packed and shape.kind not in SINGLE and number % 10 == 0:
            path = tmp_path / "packed"
            path.write_bytes(mutate({"": packed}, random)[""])
            seen.add(sha256(path.read_bytes()).digest())
        else:
            broken = mutate(files, random)
            if broken == files:
                continue
            seen.add(sha256(repr(sorted(broken.items())).encode()).digest())
            path = shape.write(broken, tmp_path / "in")
        try:
            items, told_error = told(shape, path)
        except BaseException as error:
            raise AssertionError(f"archive {shape.kind}/{number}") from error
        outcomes[bool(told_error) or any(isinstance(item, Reject) for item in items)] += 1
        wipe(path)
    assert outcomes[True] >= 300, outcomes


def spoiled(shape, unit, random):
    """Return a unit with something wrong within it, so that what lies around it stays readable."""
    name, piece = unit[0]
    if isinstance(shape.cut(name), Whole):
        return [(name, mutate({name: piece}, random)[name])]
    if isinstance(piece, list):
        cells = [*piece]
        cells[random.randrange(len(cells))] = random.choice(ODD_TEXT)
        return [(name, cells)]
    if piece.startswith(b"<row"):
        odd = escape("".join(one for one in random.choice(ODD_TEXT) if one.isprintable()))
        found = random.choice(list(ATTRIBUTE.finditer(piece)))
        return [(name, piece[: found.start()] + quoted(odd) + piece[found.end() :])]
    if piece.startswith(b"From "):
        first, rest = piece.split(b"\n", 1)
        return [(name, first + b"\n" + words(rest, random))]
    return [(name, record(piece, random))]


def quoted(text):
    return b'="' + text.replace('"', "&quot;").encode() + b'"'


def stored(store):
    """Return the keys of what a store holds, as `keys` has them."""
    with store.database.read() as session:
        found = {
            (name, id_)
            for name, id_ in session.execute(
                select(Source.name, Post.external_id).join(Source, Source.id == Post.source_id)
            )
        }
        found |= {("event", id_) for id_ in session.scalars(select(Event.external_id))}
        return found | {("account", id_) for id_ in session.scalars(select(Account.domain))}


def taken(store, shape, path):
    """Import an archive; check what was counted against what is there, and the list of refused."""
    try:
        result = store.read(path, shape.kind, source="forum", include_private=True)
    except BadArchive:
        result = None
    if result is None:
        assert not any(store.snapshot().values())
        assert not list(store.settings.rejects_dir.glob("*"))
        return None
    assert len(stored(store)) == result.added
    assert result.records == result.added + result.unchanged + result.deleted + result.rejected
    found = list(store.settings.rejects_dir.glob("*"))
    assert found == ([result.rejects_file] if result.rejected else [])
    rejects = store.rejects(result) if found else []
    assert len(rejects) == result.rejected
    assert all(set(reject) == {"place", "reason", "raw"} for reject in rejects)
    assert all(reject["place"] and reject["reason"] for reject in rejects)
    return result


def kept():
    """Yield each archive of the corpus with its kind: broken ones that someone thought of."""
    for shape in SHAPES:
        for case in orjson.loads((CORPUS / f"{shape.kind}.json").read_bytes()):
            yield pytest.param(shape, case, id=f"{shape.kind}: {case['name']}")


@pytest.mark.parametrize(("shape", "case"), list(kept()))
def test_the_corpus(tmp_path, new_store, shape, case):
    files = {
        name: content.encode() if isinstance(content, str) else b64decode(content["base64"])
        for name, content in case["files"].items()
    }
    path = shape.write(files, tmp_path)
    items, error = told(shape, path)
    rejects = [f"{item.place}: {item.reason}" for item in items if isinstance(item, Reject)]
    assert error.replace(str(path), "PATH") == case.get("error", "")
    assert rejects == case.get("refused", [])
    assert len(items) - len(rejects) == case.get("good", 0)
    taken(new_store(), shape, path)


@EVERY
def test_file_names_that_are_no_text_are_shown_as_far_as_they_are(tmp_path, new_store, shape):
    path = shape.write(unpacked(shape.sample(tmp_path)), tmp_path / "in")
    root = tmp_path / "in" if path.is_file() else path
    for place in [place for place in root.rglob("*") if place.is_file()]:
        place.rename(place.with_name(f"\udcff{place.name}"))
    items, _ = told(shape, path if path.exists() else next(root.iterdir()))
    named = [item.place for item in items if "/" in item.place or ", " in item.place]
    assert all("\ufffd" in place for place in named)
    taken(new_store(), shape, path if path.exists() else next(root.iterdir()))


@EVERY
def test_one_spoiled_record_costs_itself_alone(tmp_path, new_store, shape):
    files = unpacked(shape.sample(tmp_path))
    units = shape.units(files)
    for number in range(LOADED):
        random = Random(f"{shape.kind}/unit/{number}")
        at = random.randrange(len(units))
        broken = [spoiled(shape, unit, random) if n == at else unit for n, unit in enumerate(units)]
        rest = shape.write(shape.build(files, units[:at] + units[at + 1 :]), tmp_path / "rest")
        expected = {(source or "forum", id_) for source, id_ in keys(shape.read(rest))}
        wipe(rest)
        store = new_store()
        path = shape.write(shape.build(files, broken), tmp_path / "in")
        try:
            assert taken(store, shape, path) is not None
            assert expected <= stored(store)
        except BaseException as error:
            raise AssertionError(f"archive {shape.kind}/unit/{number}") from error
        store.database.close()
        wipe(path)


@EVERY
def test_broken_archives_leave_the_store_as_they_are_counted(tmp_path, new_store, shape):
    files = unpacked(shape.sample(tmp_path))
    for number in range(LOADED):
        store = new_store()
        path = shape.write(mutate(files, Random(f"{shape.kind}/{number}")), tmp_path / "in")
        try:
            taken(store, shape, path)
        except BaseException as error:
            raise AssertionError(f"archive {shape.kind}/{number}") from error
        store.database.close()
        wipe(path)
