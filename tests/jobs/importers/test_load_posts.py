from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import event, insert, select

from jobs import load
from nlp.text import content_hash, plain
from service.db.models import (
    AuditEntry,
    Embedding,
    EncoderRow,
    Identity,
    Member,
    Post,
    PostTopic,
    Reaction,
    Source,
    Thread,
    TopicFit,
)
from service.ingest import reading as module

LATER = datetime(2025, 2, 1, tzinfo=UTC)


def minute(at):
    return datetime(2024, 6, 1, at // 60, at % 60, tzinfo=UTC)


def test_a_file_becomes_posts_threads_and_members(store, post):
    text = "**Bold** words\n\n```\ncode\n```"
    result = store.load(
        post("a", text=text, thread_id="t", thread_title="T", channel="c", source="forum"),
        post("b", "bob", 5, thread_id="t", source="forum", url="https://example.org/b"),
    )
    assert (result.sources, result.records, result.added) == (("forum",), 2, 2)
    assert (result.members_added, result.threads_added, result.rejects_file) == (2, 1, None)
    assert store.rows(Source.name, Source.kind) == [("forum", "jsonl")]
    words = plain(text).text
    assert store.posts("text", "plain", "content_hash", "url", "created_at", "edited_at") == {
        "a": (text, words, content_hash(words), None, minute(1), None),
        "b": (
            "hello",
            "hello",
            content_hash("hello"),
            "https://example.org/b",
            minute(5),
            None,
        ),
    }
    columns = (Thread.external_id, Thread.title, Thread.channel, Thread.visibility)
    assert store.rows(*columns, Thread.first_post_at, Thread.last_post_at) == [
        ("t", "T", "c", "public", minute(1), minute(5))
    ]
    assert store.rows(Identity.platform, Identity.value, Identity.kind) == [
        ("forum", "ann", "username"),
        ("forum", "bob", "username"),
    ]
    assert store.rows(Member.name, Member.created_at) == [
        ("ann", minute(1)),
        ("bob", minute(5)),
    ]


def test_the_source_is_the_records_then_the_callers_then_the_files(store, post):
    rows = (post("1", source="forum"), post("2"))
    assert store.read(store.file("chat.export.jsonl.gz", *rows)).sources == ("chat", "forum")
    assert store.load(*rows, source="named").sources == ("forum", "named")


def test_a_repeated_import_writes_nothing(store, post):
    rows = [post(str(n), f"p{n % 7}", n, thread_id=str(n % 5)) for n in range(100)]
    store.load(*rows)
    before = store.snapshot()
    statements = []
    event.listen(
        store.database.engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    result = store.load(*rows, now=LATER)
    assert (result.added, result.updated, result.unchanged) == (0, 0, 100)
    assert (result.members_added, result.threads_added) == (0, 0)
    assert store.snapshot() == before
    written = [text.split()[:3] for text in statements if text.startswith(("INSERT", "DELETE"))]
    assert written == [["INSERT", "INTO", "audit_entry"]]


def test_the_number_of_statements_does_not_grow_with_the_batch(new_store, post):
    def statements(count):
        store, seen = new_store(), []
        event.listen(
            store.database.engine,
            "before_cursor_execute",
            lambda *arguments: seen.append(arguments[2]),
        )
        store.load(*(post(str(n), f"p{n}", n % 60, thread_id=str(n)) for n in range(count)))
        return len(seen)

    assert statements(400) == statements(20)


def test_a_changed_text_is_an_edit_and_drops_what_models_made_of_it(store, post):
    store.load(post("a", text="one"), post("b", text="two"), post("c", text="three"))
    ids = store.posts("id")
    encoder = {"id": 1, "name": "n", "revision": "r", "dimensions": 2, "created_at": LATER}
    fit = {"id": 1, "encoder_id": 1, "model": "m", "parameters": {}, "posts": 3, "outliers": 3}
    with store.database.write() as session:
        session.execute(insert(EncoderRow), encoder)
        session.execute(insert(TopicFit), fit | {"fitted_at": LATER})
        for id_ in ids.values():
            vector = np.zeros(2, dtype=np.float16)
            session.execute(insert(Embedding), {"post_id": id_, "encoder_id": 1, "vector": vector})
            session.execute(insert(PostTopic), {"post_id": id_, "fit_id": 1, "similarity": 0.0})
    # The words of b stay the same: only its marks change.
    result = store.load(post("a", text="uno"), post("b", text="**two**"), now=LATER)
    assert (result.added, result.updated, result.unchanged) == (0, 2, 0)
    assert store.posts("text", "plain", "edited_at") == {
        "a": ("uno", "uno", LATER),
        "b": ("**two**", "two", LATER),
        "c": ("three", "three", None),
    }
    kept = {ids["b"], ids["c"]}
    with store.database.read() as session:
        assert set(session.scalars(select(Embedding.post_id))) == kept
        assert set(session.scalars(select(PostTopic.post_id))) == kept


def test_other_changes_are_no_edit_of_the_text(store, post):
    store.load(post("a", reactions={"heart": 1}), post("b"))
    result = store.load(post("a", reactions={"heart": 2, "eyes": 1}), post("b"), now=LATER)
    assert (result.updated, result.unchanged) == (1, 1)
    assert store.posts("edited_at")["a"] is None
    assert store.rows(Reaction.name, Reaction.author, Reaction.count) == [
        ("eyes", "", 1),
        ("heart", "", 2),
    ]


def test_a_later_record_of_one_id_with_other_text_is_refused(store, post):
    result = store.load(
        post("a", text="first"),
        post("a", text="first"),
        post("a", text="second"),
        post("b", text="other"),
    )
    assert (result.records, result.added, result.unchanged, result.rejected) == (4, 2, 1, 1)
    assert store.posts("text") == {"a": "first", "b": "other"}
    (reject,) = store.rejects(result)
    assert reject["place"] == "line 3"
    assert reject["reason"] == "the id came before with other content; the first is kept"
    assert '"second"' in reject["raw"]


def test_one_id_twice_is_noticed_across_batches_too(store, post, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    rows = [post("a", text="first"), *(post(str(n)) for n in range(5)), post("a", text="second")]
    result = store.load(*rows)
    assert (result.added, result.rejected) == (6, 1)
    assert store.load(*rows).rejected == 1
    assert store.posts("text")["a"] == "first"


def test_one_id_in_two_sources_is_two_posts(store, post):
    result = store.load(post("a", source="x"), post("a", source="y", text="other"))
    assert (result.added, result.members_added, result.threads_added) == (2, 2, 2)


def test_private_posts_are_left_out(store, post):
    result = store.load(
        post("a"),
        post("b", "bob", visibility="private", thread_id="secret"),
        post("c", visibility="Public"),
    )
    assert (result.records, result.added, result.private_skipped) == (3, 2, 1)
    assert set(store.posts("text")) == {"a", "c"}
    assert store.rows(Member.name) == [("ann",)]
    assert result.rejects_file is None


def test_posts_that_became_private_are_taken_out(store, post):
    store.load(
        post("a", thread_id="t"),
        post("b", at=2, thread_id="t", parent_id="a"),
        post("c", at=3, thread_id="u", reactions={"heart": 1}),
    )
    result = store.load(
        post("a", thread_id="t", visibility="private"),
        post("c", at=3, thread_id="u", visibility="private"),
    )
    assert (result.private_skipped, result.withdrawn, result.orphan_replies) == (2, 2, 1)
    assert store.parents() == {"b": None}
    assert store.rows(Thread.external_id, Thread.first_post_at) == [("t", minute(2))]
    assert store.rows(Reaction.name) == []
    again = store.load(post("a", thread_id="t"))
    assert (again.added, again.orphan_replies) == (1, 0)


@pytest.mark.parametrize("batch", [1, 2, 1_000])
@pytest.mark.parametrize("private_at", [0, 1, 2])
def test_one_private_record_hides_a_post_wherever_it_stands(
    store, post, monkeypatch, batch, private_at
):
    monkeypatch.setattr(module, "BATCH", batch)
    open_ = post("a", thread_id="t", text="words")
    rows = [open_, open_]
    rows.insert(private_at, open_ | {"visibility": "private"})
    result = store.load(*rows, post("b"))
    assert set(store.posts("text")) == {"b"}
    assert store.rows(Thread.external_id) == [("b",)]
    assert result.rejected == 0
    assert result.records == (
        result.added + result.updated + result.unchanged + result.rejected + result.private_skipped
    )
    assert result.added - result.withdrawn == 1


@pytest.mark.parametrize("private_first", [True, False])
def test_one_private_record_withdraws_a_stored_post(store, post, private_first):
    store.load(post("a"), post("b"))
    rows = [post("a", text="new words"), post("a", visibility="private")]
    result = store.load(*(reversed(rows) if private_first else rows))
    assert (result.private_skipped, result.withdrawn, result.updated) == (2, 1, 0)
    assert set(store.posts("text")) == {"b"}
    # What one source calls private is another's to show.
    assert store.load(post("a", visibility="private"), post("a", source="y")).added == 1


def test_long_texts_are_cut_and_marked(store, post):
    settings = store.settings.model_copy(update={"max_post_chars": 1_000})
    rows = [post("a", text="x" * 10_000_000), post("b", text="y" * 1_000)]
    result = store.load(*rows, settings=settings)
    assert (result.added, result.truncated) == (2, 1)
    assert store.posts("text", "truncated") == {
        "a": ("x" * 1_000, True),
        "b": ("y" * 1_000, False),
    }
    assert store.load(*rows, settings=settings).unchanged == 2


def test_a_batch_is_bounded_by_its_text_too(store, post, monkeypatch):
    monkeypatch.setattr(module, "BATCH_CHARS", 10)
    sizes = []
    real = load.store

    def count(database, batch, run):
        sizes.append(len(batch))
        real(database, batch, run)

    monkeypatch.setattr(load, "store", count)
    assert store.load(*(post(str(n), text="x" * 5) for n in range(5))).added == 5
    assert sizes == [2, 2, 1]


def test_bots_staff_and_names_are_kept_once_known(store, post):
    store.load(
        post("a", "ann"),
        post("b", "nightly bot", is_staff=True),
        post("c", "carl", author_name="Carl C."),
    )
    columns = (Member.name, Member.is_bot, Member.is_staff, Member.created_at)
    assert store.rows(*columns) == [
        ("ann", False, False, minute(1)),
        ("nightly bot", True, True, minute(1)),
        ("Carl C.", False, False, minute(1)),
    ]
    result = store.load(
        post("d", "ann", 0, is_staff=True, author_name="Ann A."),
        post("e", "nightly bot", 9),
        post("c", "carl", author_name="Carl D."),
    )
    assert result.members_added == 0
    assert store.rows(*columns) == [
        ("Ann A.", False, True, minute(0)),
        ("nightly bot", True, True, minute(1)),
        ("Carl D.", False, False, minute(1)),
    ]


def test_the_audit_trail_names_the_actor_and_the_counts(store, post):
    store.load(post("a", source="forum"), b"broken", actor="key:nightly")
    columns = (AuditEntry.actor, AuditEntry.action, AuditEntry.target, AuditEntry.detail)
    ((actor, action, target, detail),) = store.rows(*columns)
    assert (actor, action, target) == ("key:nightly", "import", "forum")
    assert (detail["records"], detail["added"], detail["rejected"]) == (2, 1, 1)


def test_progress_ends_at_the_size_of_the_file(store, post):
    path, heard = store.file("in.jsonl", post("a"), post("b"), pack=True), []
    store.read(path, progress=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (path.stat().st_size, path.stat().st_size)


def test_two_accounts_of_one_name_on_two_platforms_stay_two(store, post):
    store.load(post("a", source="x"), post("b", source="y"))
    assert store.rows(Post.member_id) == [(1,), (2,)]
