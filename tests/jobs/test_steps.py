"""The steps of a run: each does what is new, once, and mends what it finds broken."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select

from indexes.store import VECTORS, read
from jobs.encode import encode
from jobs.index import update_index
from jobs.pipeline import RunResult, run
from nlp.encoders import Card, load
from service.db.models import Embedding, IndexBuild, Post, PostTopic, Topic, TopicFit, Trend
from service.db.queries.index import Filters
from service.db.queries.trends import trending
from service.db.session import Database
from service.errors import IndexNotReady, InvalidInput, NothingRun
from service.search import Searcher
from service.settings import Settings
from tests.jobs.community import records
from tests.jobs.conftest import Import


class Counting:
    """The hashing encoder, and every text that it was asked for."""

    def __init__(self, fail_after: int | None = None) -> None:
        self._inner = load("hashing")
        self.asked: list[str] = []
        self._fail_after = fail_after

    @property
    def card(self) -> Card:
        return self._inner.card

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._fail_after is not None and len(self.asked) >= self._fail_after:
            raise RuntimeError("power cut")
        self.asked += texts
        return self._inner.encode(texts)

    def lengths(self, texts: Sequence[str]) -> NDArray[np.int64]:
        return self._inner.lengths(texts)


@pytest.fixture
def go(database: Database, settings: Settings, now: datetime) -> Any:
    def run_it(**options: Any) -> RunResult:
        return run(database, settings, now=now, **options)

    return run_it


def count(database: Database, column: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count(column))) or 0


def served(database: Database, settings: Settings) -> NDArray[np.int64]:
    with database.read() as session:
        build = session.scalars(select(IndexBuild)).one()
    return read(settings.index_dir, build.generation, build.sha256)[0].ids()


def test_every_post_gets_a_vector_and_each_text_is_read_once(
    database: Database, bring: Import, now: datetime
) -> None:
    rows = records()
    for row in rows[:20]:
        row["text"] = "thanks everyone"
    bring(rows)
    encoder = Counting()
    done = encode(database, encoder.card, lambda: encoder, now=now)
    assert done.posts == len(rows) == count(database, Embedding.id)
    assert encoder.asked.count("thanks everyone") == 1
    assert done.texts == len(encoder.asked) == len(set(encoder.asked))


def test_the_encoder_is_not_loaded_when_nothing_is_new(
    database: Database, bring: Import, now: datetime
) -> None:
    bring(records())
    encoder = Counting()
    encode(database, encoder.card, lambda: encoder, now=now)

    def refuse() -> Counting:
        raise AssertionError("loaded for nothing")

    assert encode(database, encoder.card, refuse, now=now).posts == 0


def test_encoding_goes_on_where_it_was_cut(
    database: Database, bring: Import, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.encode.CHUNK", 50)
    bring(records())
    cut = Counting(fail_after=100)
    with pytest.raises(RuntimeError, match="power cut"):
        encode(database, cut.card, lambda: cut, now=now)
    kept = count(database, Embedding.id)
    assert 0 < kept < count(database, Post.id)
    rest = Counting()
    encode(database, rest.card, lambda: rest, now=now)
    assert count(database, Embedding.id) == count(database, Post.id)
    assert not set(rest.asked) & set(cut.asked)


def test_vectors_are_those_of_their_posts(database: Database, bring: Import, go: Any) -> None:
    bring(records())
    go(steps=["encode"])
    with database.read() as session:
        rows = session.execute(
            select(Post.plain, Embedding.vector).join(Embedding, Embedding.post_id == Post.id)
        ).all()
    expected = load("hashing").encode([row.plain for row in rows]).astype(np.float16)
    np.testing.assert_array_equal(np.stack([row.vector for row in rows]), expected)


def test_the_index_holds_every_post_and_only_grows_by_what_is_new(
    database: Database, settings: Settings, bring: Import, go: Any
) -> None:
    rows = records()
    bring(rows[:200])
    assert go().steps["index"] == {"vectors": 200, "added": 200, "removed": 0, "rebuilt": True}
    bring(rows)
    new = len(rows) - 200
    assert go().steps["index"] == {
        "vectors": len(rows),
        "added": new,
        "removed": 0,
        "rebuilt": False,
    }
    with database.read() as session:
        posts = sorted(session.scalars(select(Post.id)))
    assert served(database, settings).tolist() == posts
    assert len(list(settings.index_dir.iterdir())) == 2, "the one before may still be read"
    assert go().idle
    assert len(list(settings.index_dir.iterdir())) == 1


def test_an_edited_post_is_found_by_its_new_words_only(
    database: Database, settings: Settings, bring: Import, go: Any
) -> None:
    rows = records()
    bring(rows)
    go()
    rows[5]["text"] = "zebra quagga okapi"
    bring(rows)
    done = go()
    assert done.steps["encode"]["posts"] == 1
    assert done.steps["index"]["vectors"] == len(rows)
    with database.read() as session:
        hit = Searcher(database, settings).search(session, "zebra quagga okapi", Filters(), 1)[0]
        found = session.scalars(select(Post.external_id).where(Post.id == hit.post_id)).one()
    assert (found, round(hit.score, 3)) == (rows[5]["id"], 1.0)


def test_a_withdrawn_post_leaves_the_index(
    database: Database, settings: Settings, bring: Import, go: Any
) -> None:
    rows = records()
    bring(rows)
    go()
    rows[3]["visibility"] = "private"
    bring(rows)
    assert go().steps["index"]["removed"] == 1
    assert len(served(database, settings)) == len(rows) - 1


@pytest.mark.parametrize("damage", ["truncate", "flip", "missing"])
def test_a_damaged_index_is_built_anew(
    database: Database, settings: Settings, bring: Import, go: Any, damage: str
) -> None:
    bring(records())
    go()
    path = next(settings.index_dir.glob(f"*/{VECTORS}"))
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(whole[:-9] if damage == "truncate" else b"\x00" + whole[1:])
    assert go().steps["index"]["rebuilt"]
    assert path.read_bytes() == whole


def test_the_pointer_moves_only_to_a_whole_index(
    database: Database, settings: Settings, bring: Import, go: Any, monkeypatch: Any
) -> None:
    rows = records()
    bring(rows[:200])
    go()
    before = served(database, settings).tolist()
    bring(rows)

    def fail(*_: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("jobs.index._point", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        go()
    monkeypatch.undo()
    assert served(database, settings).tolist() == before
    go()
    assert len(served(database, settings)) == len(rows)


def test_a_second_run_finds_nothing_to_do(bring: Import, go: Any) -> None:
    bring(records())
    assert not go().idle
    assert go().idle


def test_steps_are_those_asked_for(bring: Import, go: Any) -> None:
    bring(records())
    assert list(go(steps=["encode"]).steps) == ["encode"]
    with pytest.raises(InvalidInput, match="encode, judge, heat, index, topics, trends"):
        go(steps=["encoding"])


def test_topics_are_the_subjects(database: Database, bring: Import, go: Any) -> None:
    bring(records())
    done = go().steps["topics"]
    assert done["fitted"]
    assert done["placed"] == len(records())
    with database.read() as session:
        pairs = session.execute(
            select(PostTopic.topic_id, Post.external_id)
            .join(Post, Post.id == PostTopic.post_id)
            .where(PostTopic.topic_id.is_not(None))
        ).all()
    subjects: dict[int, set[str]] = {}
    for topic, name in pairs:
        subjects.setdefault(topic, set()).add(name.split("-")[0])
    assert all(len(found) == 1 for found in subjects.values())


def _topics(database: Database) -> list[tuple[str, list[Any], bytes]]:
    with database.read() as session:
        topics = session.scalars(select(Topic).order_by(Topic.id)).all()
        return [(topic.label, topic.words, topic.centroid.tobytes()) for topic in topics]


def test_import_order_does_not_change_the_topics(
    database: Database, settings: Settings, bring: Import, go: Any, tmp_path_factory: Any, now: Any
) -> None:
    from jobs.load import load as load_archive
    from service.db import migrate
    from service.db.session import open_database
    from tests.jobs.community import write

    bring(records())
    go()
    shuffled = records()
    random.Random(4).shuffle(shuffled)
    folder = tmp_path_factory.mktemp("other")
    other = settings.model_copy(update={"data_dir": folder})
    second = open_database(other.url)
    migrate.upgrade(second)
    path = write(folder / "archive.jsonl", shuffled)
    load_archive(second, "jsonl", path, other, now=now, source="archive", actor="test")
    run(second, other, now=now)
    assert _topics(database) == _topics(second)
    second.close()


def test_what_bots_post_is_nobodys_subject(database: Database, bring: Import, go: Any) -> None:
    rows = records()
    for number in range(60):
        rows[number].update(author="Build Bot", text=f"nightly build {number} has succeeded")
    bring(rows)
    assert go().steps["topics"]["placed"] == len(rows) - 60
    with database.read() as session:
        words = [str(topic.words) for topic in session.scalars(select(Topic))]
    assert not any("nightly" in found for found in words)
    assert go().idle


def test_new_posts_are_placed_without_a_new_fit(database: Database, bring: Import, go: Any) -> None:
    rows = records()
    held = [row for row in rows if str(row["id"]).endswith("7")]
    bring([row for row in rows if row not in held])
    go()
    before = _topics(database)
    bring(rows)
    done = go().steps["topics"]
    assert (done["fitted"], done["placed"]) == (False, len(held))
    after = _topics(database)
    assert [topic[:2] for topic in after] == [topic[:2] for topic in before]
    assert after != before, "centroids move towards what is new"
    with database.read() as session:
        assert session.scalars(select(TopicFit.posts)).one() == len(rows)


def test_a_grown_archive_is_fitted_anew_and_topics_keep_their_ids(
    database: Database, bring: Import, go: Any
) -> None:
    rows = records()
    bring(rows[:200])
    go()
    with database.read() as session:
        before = {topic.id: topic.centroid for topic in session.scalars(select(Topic))}
    bring(rows)
    assert go().steps["topics"]["fitted"]
    with database.read() as session:
        active = session.scalars(select(Topic).where(Topic.retired_at.is_(None))).all()
    kept = [topic for topic in active if topic.id in before]
    assert len(kept) >= 3
    assert all(float(topic.centroid @ before[topic.id]) > 0.75 for topic in kept)


def test_too_few_posts_are_no_error(bring: Import, go: Any, database: Database) -> None:
    bring(records()[:30])
    done = go()
    assert done.steps["topics"]["note"] == "30 posts are too few for topics: 50 needed"
    assert done.steps["trends"]["tick"] is None
    assert count(database, Embedding.id) == 30


def test_an_empty_store_is_no_error(go: Any) -> None:
    assert go().idle


def test_the_burst_is_what_rises(database: Database, bring: Import, go: Any, now: datetime) -> None:
    bring(records())
    assert go().steps["trends"]["rising"] == 1
    with database.read() as session:
        found = trending(session, as_of=None, now=now, stale_after_days=2, limit=5)
        newest = session.scalar(select(func.max(Post.created_at)))
        stored = session.scalars(select(Trend).where(Trend.verdict == "rising")).one()
    [trend] = found.trends
    assert found.data_as_of == newest
    assert found.as_of == newest + timedelta(seconds=1)
    assert trend.observed >= 10
    assert trend.expected < 2
    assert trend.channels[0][0] == "sync-room"
    assert len(trend.series) == 56
    assert trend.series[-1][1] == trend.observed == stored.observed
    assert len(trend.posts) == 3
    assert {name for _, name, _ in trend.people} >= {"guest1", "guest2"}


def test_nothing_rises_before_the_burst(
    database: Database, bring: Import, go: Any, now: datetime
) -> None:
    bring(records())
    go()
    with database.read() as session:
        early = datetime.fromisoformat("2024-05-20T00:00:00+00:00")
        found = trending(session, as_of=early, now=now, stale_after_days=2, limit=5)
    assert found.trends == []
    assert found.data_as_of < early


def test_trends_of_an_empty_store_name_the_next_command(database: Database, now: datetime) -> None:
    with database.read() as session, pytest.raises(NothingRun, match="groundswell import"):
        trending(session, as_of=None, now=now, stale_after_days=2, limit=5)


def test_rebuilding_gives_the_same_index(
    database: Database, settings: Settings, bring: Import, go: Any, now: datetime
) -> None:
    bring(records())
    go()
    before = served(database, settings).tolist()
    card = load("hashing").card
    assert update_index(database, card, settings.index_dir, now=now, rebuild=True).rebuilt
    assert served(database, settings).tolist() == before


class Small(Counting):
    """Another encoder: the hashing one in fewer dimensions."""

    @property
    def card(self) -> Card:
        return Card("small", "1", 64, 1_000)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = super().encode(texts).reshape(-1, 4, 64).sum(axis=1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_going_to_another_encoder_and_back_fits_anew_each_time(
    database: Database, settings: Settings, bring: Import, go: Any, monkeypatch: Any
) -> None:
    bring(records())
    go()
    first = served(database, settings).tolist()
    monkeypatch.setattr("jobs.pipeline.describe", lambda name: Small().card)
    assert go(encoder=Small()).steps["topics"]["fitted"]
    with database.read() as session:
        active = session.scalars(select(Topic).where(Topic.retired_at.is_(None))).all()
    assert {len(topic.centroid) for topic in active} == {64}
    monkeypatch.undo()
    again = go()
    assert (again.steps["encode"]["posts"], again.steps["topics"]["fitted"]) == (0, True)
    with database.read() as session:
        hits = Searcher(database, settings).search(session, "pdf margin", Filters(), 3)
    assert {hit.post_id for hit in hits} <= set(first)


def test_a_post_edited_while_the_model_ran_is_encoded_again(
    database: Database, bring: Import, now: datetime
) -> None:
    rows = records()
    bring(rows)

    class Slow(Counting):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            if not self.asked:
                rows[0]["text"] = "zebra quagga"
                rows[1]["visibility"] = "private"
                bring(rows)
            return super().encode(texts)

    slow = Slow()
    encode(database, slow.card, lambda: slow, now=now)
    assert count(database, Embedding.id) == len(rows) - 2
    done = encode(database, slow.card, lambda: slow, now=now)
    assert (done.posts, slow.asked[-1]) == (1, "zebra quagga")


@pytest.mark.parametrize(
    ("texts", "authors", "note"),
    [
        (["the same"] * 80, 20, "0 texts"),
        (["", "…"] * 40, 20, "0 texts"),
        ([f"word{n} more{n}" for n in range(80)], 2, ""),
        ([f"知识 库 {n}" for n in range(80)], 20, ""),
        ([f"the and of {n}" for n in range(80)], 20, ""),
    ],
    ids=["copies", "wordless", "two-authors", "chinese", "stop-words"],
)
def test_plain_communities_are_no_error(
    bring: Import, go: Any, texts: list[str], authors: int, note: str
) -> None:
    rows = records()[:80]
    for place, (row, text) in enumerate(zip(rows, texts, strict=True)):
        row.update(text=text, author=f"a{place % authors}")
    bring(rows)
    assert "trends" in go().steps


def test_a_search_that_only_new_posts_could_answer_is_no_empty_answer(
    database: Database, settings: Settings, bring: Import, go: Any
) -> None:
    rows = records()
    bring(rows[:-1])
    go()
    bring(rows)
    after = datetime.fromisoformat(str(rows[-1]["created_at"]))
    searcher = Searcher(database, settings)
    with database.read() as session:
        assert searcher.status(session).behind == 1
        with pytest.raises(IndexNotReady, match="1 post behind: run `groundswell run`"):
            searcher.search(session, "sync", Filters(after=after), 5)
        assert searcher.search(session, "sync", Filters(channel="nowhere"), 5) == []


def test_an_older_pointer_is_served_by_the_newer_index(
    database: Database, settings: Settings, bring: Import, go: Any, now: datetime
) -> None:
    rows = records()
    bring(rows[:200])
    go()
    searcher = Searcher(database, settings)
    with database.read() as early:
        assert searcher.search(early, "sync", Filters(), 1)
        bring(rows)
        run(database, settings, now=now + timedelta(hours=1))
        run(database, settings, now=now + timedelta(hours=1))
        with database.read() as late:
            assert searcher.status(late).posts == len(rows)
        early.expire_all()
        assert searcher.search(early, "sync", Filters(), 1)
