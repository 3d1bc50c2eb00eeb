import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.importers import registry
from jobs.importers.registry import KINDS, Importer
from service.ingest import reading as module

AGAIN = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Stopped(Exception):
    """Stands for a kill."""


def stopping(kind, count):
    """Return an importer that stops after `count` records."""
    real = KINDS[kind].read

    def read(path, *, now, progress):
        for number, item in enumerate(real(path, now=now, progress=progress)):
            if number == count:
                raise Stopped
            yield item

    return Importer(kind, "stops", read, KINDS[kind].fits)


def community(post, count=60, seed=1):
    """Records in which every rule of an import has something to do."""
    random_ = random.Random(seed)
    rows = []
    for number in range(count):
        more = {"thread_id": f"t{number % 7}", "thread_title": f"T{number % 7}"}
        if number % 3 == 0:
            more = {}
        if number % 4 == 1:
            more["parent_id"] = str(random_.randrange(count + 5))
        if number % 5 == 0:
            more["reactions"] = {"heart": number}
        if number % 6 == 0:
            more["resolved"] = True
        if number % 9 == 0:
            more["visibility"] = "private"
        rows.append(post(str(number), f"p{number % 8}", number, text=f"w{number % 20}", **more))
    rows.insert(20, post("10", "p9", text="the same id again"))
    rows.insert(30, b"broken")
    return rows


@pytest.mark.parametrize("at", [0, 4, 5, 21, 41, 61])
def test_an_import_that_was_stopped_ends_as_if_it_was_not(new_store, post, monkeypatch, at):
    monkeypatch.setattr(module, "BATCH", 5)
    rows = community(post)
    whole, resumed = new_store(), new_store()
    expected = whole.load(*rows)
    with monkeypatch.context() as patch:
        patch.setitem(registry.KINDS, "jsonl", stopping("jsonl", at))
        with pytest.raises(Stopped):
            resumed.load(*rows)
    assert list(resumed.settings.rejects_dir.glob("*")) == []
    result = resumed.load(*rows)
    assert resumed.snapshot() == whole.snapshot()
    assert result.added + result.unchanged == expected.added + expected.unchanged
    assert result.rejected == expected.rejected == 2


def test_a_failing_batch_leaves_nothing_of_itself(new_store, post, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 5)
    rows = community(post)
    whole, store = new_store(), new_store()
    whole.load(*rows)
    with monkeypatch.context() as patch:
        patch.setattr("service.db.queries.load.add_reactions", _stop)
        with pytest.raises(Stopped):
            store.load(*rows)
    assert store.posts("text") == {}
    store.load(*rows)
    assert store.snapshot() == whole.snapshot()


def _stop(session, rows):
    raise Stopped


@AGAIN
@given(data=st.data())
def test_order_parts_and_repeats_do_not_matter(new_store, post, data):
    rows = data.draw(st.lists(_rows(post), min_size=1, max_size=12, unique_by=lambda r: r["id"]))
    whole, parts = new_store(), new_store()
    whole.load(*rows)
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    repeated = data.draw(st.integers(0, len(rows)))
    for part in (shuffled[:cut], shuffled[cut:], shuffled[:repeated]):
        if part:
            parts.load(*part)
    assert parts.snapshot() == whole.snapshot()


@st.composite
def _rows(draw, post):
    id_ = draw(st.integers(0, 14))
    more = {}
    if draw(st.booleans()):
        thread = draw(st.integers(0, 3))
        more |= {"thread_id": f"t{thread}", "channel": f"c{thread}"}
    # A parent with a smaller id: rings are no community's archive.
    if id_ and draw(st.booleans()):
        more["parent_id"] = str(draw(st.integers(0, id_ - 1)))
    more |= draw(
        st.sampled_from(
            [{}, {"resolved": True}, {"reactions": {"heart": 2}}, {"accepted_answer_id": "3"}]
        )
    )
    author = draw(st.sampled_from(["ann", "bob", "nightly bot"]))
    return post(str(id_), author, draw(st.integers(0, 99)), draw(st.text(max_size=8)), **more)
