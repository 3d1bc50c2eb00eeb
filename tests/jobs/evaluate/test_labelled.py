"""Labelled texts: every schema that is known, and what is no such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs.evaluate.labelled import DIALOG, HOSTILE, META, SCHEMAS, Labelled, labelled, linked
from nlp.judgements.labels import FALSE, TASKS, TRUE, UNASKED
from service.errors import BadArchive

CIVIL = ("civil",)


def saved(path: Path, rows: list[Any]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read_rows(task: str, *rows: Any, **options: Any) -> Labelled:
        return labelled(saved(tmp_path / "some.jsonl", list(rows)), task, None, **options)

    return read_rows


def named(found: Labelled) -> list[tuple[str, ...]]:
    return [found.groups[number] for number in found.gold]


@pytest.mark.parametrize(
    ("task", "rows", "expected"),
    [
        (
            "sentiment",
            [{"sentiment": "positive"}, {"sentiment": "negative"}],
            [("positive",), ("negative",)],
        ),
        (
            "sentiment",
            [{"label": 0}, {"label": 2}, {"label": 1}],
            [("negative",), ("positive",), ("neutral",)],
        ),
        ("sentiment", [{"label": "neutral"}, {"label": 2}], [("neutral",), ("positive",)]),
        ("emotion", [{"label": 0}, {"label": 3}], [("anger",), ("sadness",)]),
        ("emotion", [{"emotion": "none"}, {"emotion": "joy"}], [("none",), ("joy",)]),
        (
            "hostility",
            [{"hostility": "personal"}, {"hostility": "civil"}, {"hostility": "hostile"}],
            [HOSTILE, CIVIL, HOSTILE],
        ),
        ("hostility", [{"toxic": 0}, {"toxic": 1}], [CIVIL, HOSTILE]),
        ("hostility", [{"label": 1}, {"label": 0}], [HOSTILE, CIVIL]),
        (
            "hostility",
            [{"tbdf": "None"}, {"tbdf": None}, {"tbdf": "Mocking"}],
            [CIVIL, HOSTILE],
        ),
        (
            "intent",
            [{"intent": "buying_signal"}, {"intent": "other"}],
            [("buying_signal",), ("other",)],
        ),
        ("intent", [{"label": 0}, {"label": "praise"}], [("question",), ("praise",)]),
        (
            "intent",
            [{"meta_type": "bug"}, {"meta_type": None}, {"meta_type": "support"}],
            [("bug_report",), ("question",)],
        ),
    ],
)
def test_names_and_numbers_are_labels(
    read: Any, task: str, rows: list[dict[str, Any]], expected: list[tuple[str, ...]]
) -> None:
    found = read(task, *({"text": "a *post*", **row} for row in rows))
    assert named(found) == expected
    assert found.texts == ["a post"] * len(expected)
    order = [TASKS[task].index(group[0]) for group in found.groups]
    if task != "intent" or "meta_type" not in rows[0]:
        assert order == sorted(order)


def test_issues_are_titles_and_bodies_by_repository(read: Any) -> None:
    found = read(
        "intent",
        {"title": "Crash", "body": "It `stops`.", "label": "bug", "repo": "a/b"},
        {"title": "Dark mode", "body": None, "label": "feature", "repo": "c/d"},
        {"title": "How?", "body": "", "label": "question", "repo": "a/b"},
    )
    assert named(found) == [("bug_report",), ("feature_request",), ("question",)]
    assert found.parts == ["a/b", "c/d", "a/b"]
    assert [text.split()[0] for text in found.texts] == ["Crash", "Dark", "How?"]
    assert "stops" in found.texts[0]


def test_types_of_questions_are_read_with_their_title(read: Any) -> None:
    rows = [
        {"thread_title": "Votes", "text": "why so few", "meta_type": "discussion"},
        {"thread_title": None, "text": "please add tags", "meta_type": "feature-request"},
    ]
    found = read("intent", *rows)
    assert found.texts == ["Votes\nwhy so few", "please add tags"]
    assert found.groups == tuple(META.values())
    assert found.gold == [3, 1]


def test_dialogs_are_what_their_opener_says(read: Any) -> None:
    said = [("a", "hi"), ("a", "all"), ("b", "hello"), ("a", "can it sort by date?")]
    talk = [{"author": author, "text": text} for author, text in said]
    found = read(
        "intent",
        {"messages": talk, "label": "feature"},
        {"messages": talk[:1], "label": "other"},
        schema="request-dialogs",
    )
    assert found.texts == ["hi all\ncan it sort by date?", "hi"]
    assert found.groups == (DIALOG["other"], ("feature_request",))
    assert found.gold == [1, 0]
    nameless = [{"messages": [{"text": "x"}, {"text": "y"}], "label": kind} for kind in DIALOG]
    assert read("intent", *nameless, schema="request-dialogs").texts == ["x y"] * 2


def test_a_head_is_asked_only_what_the_data_tell_apart(read: Any) -> None:
    found = read("hostility", {"text": "one", "label": 1}, {"text": "two", "label": 0}).targets()
    assert found.tolist() == [[FALSE, TRUE, TRUE], [TRUE, FALSE, FALSE]]
    rows = read("emotion", {"text": "one", "label": 1}, {"text": "two", "label": 3}).targets()
    tweets, rest = [FALSE, TRUE, FALSE, FALSE], [UNASKED] * 4
    assert rows.tolist() == [[*tweets, *rest], [FALSE, FALSE, FALSE, TRUE, *rest]]
    mixed = read("emotion", {"text": "one", "emotion": "none"}, {"text": "two", "emotion": 1})
    assert mixed.groups == tuple((label,) for label in TASKS["emotion"])


def test_rows_that_nobody_labelled_are_left_out(read: Any) -> None:
    rows = [
        {"text": "one", "sentiment": "positive"},
        {"text": "two"},
        {"text": "three", "sentiment": "negative"},
        {"text": "four", "sentiment": None},
    ]
    found = read("sentiment", *rows)
    assert (found.texts, found.gold) == (["one", "three"], [2, 0])


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("sentiment", "wanted text, sentiment or text, label"),
        ("hostility", "wanted text, hostility or text, tbdf or text, toxic or text, label"),
        ("intent", "wanted title, body, label or text, meta_type or text, intent or text, label"),
    ],
)
def test_other_columns_are_named_beside_those_wanted(read: Any, task: str, wanted: str) -> None:
    with pytest.raises(BadArchive, match="has columns feeling, text; " + wanted) as refused:
        read(task, {"text": "one", "feeling": "fine", "label": None})
    assert "some.jsonl" in str(refused.value)


@pytest.mark.parametrize(
    ("task", "rows", "line"),
    [
        (
            "sentiment",
            [{"text": "one", "label": 0}, {"text": "two", "label": "happy"}],
            "line 2: no label of sentiment: 'happy' is none of negative, neutral, positive",
        ),
        ("sentiment", [{"text": "one", "label": 3}], "line 1: no label of sentiment"),
        ("sentiment", [{"text": "one", "label": -1}], "-1 is none of negative"),
        ("sentiment", [{"text": "one", "label": True}], "True is none of"),
        ("sentiment", [{"text": "one", "label": 0.5}], "0.5 is none of"),
        ("hostility", [{"text": "one", "label": "rude"}], "line 1: no label of hostility: 'rude'"),
        ("sentiment", [{"text": "one", "label": 1}, {"label": 2}], "line 2: .*'text'"),
        ("sentiment", [{"text": "one", "label": 1}] * 2, "fewer than two labels of sentiment"),
        ("hostility", [{"text": "one", "tbdf": "None"}], "fewer than two labels"),
        ("intent", [{"title": "a", "body": "b", "label": "meh"}], "fewer than two labels"),
    ],
)
def test_what_is_no_label_is_named(
    read: Any, task: str, rows: list[dict[str, Any]], line: str
) -> None:
    with pytest.raises(BadArchive, match=line) as refused:
        read(task, *rows)
    assert "some.jsonl" in str(refused.value)


def test_only_the_first_rows_may_be_read(tmp_path: Path) -> None:
    rows = [{"text": f"post {n}", "label": n % 3} for n in range(9)]
    assert len(labelled(saved(tmp_path / "a.jsonl", rows), "sentiment", 4).texts) == 4


def test_posts_of_an_archive_are_tied_to_judgements_by_id(tmp_path: Path) -> None:
    posts = [{"id": str(n), "text": f"post {n}", "hostility": "kept out"} for n in range(4)]
    archive = saved(tmp_path / "archive.jsonl", posts)
    rows = [
        {"id": 3, "hostility": "civil", "intent": "answer"},
        {"id": "1", "hostility": "personal", "intent": "question"},
        {"id": "99", "hostility": "civil", "intent": "other"},
    ]
    links = saved(tmp_path / "links.jsonl", rows)
    found = linked(archive, links, "intent", None)
    assert (found.texts, named(found)) == (["post 1", "post 3"], [("question",), ("answer",)])
    hostile = linked(archive, links, "hostility", None)
    assert named(hostile) == [HOSTILE, CIVIL]
    civil = saved(tmp_path / "civil.jsonl", rows[:1])
    whole = linked(archive, civil, "hostility", None)
    assert (whole.groups, whole.gold) == ((CIVIL, HOSTILE), [0])
    assert linked(archive, civil, "intent", None).groups == tuple((n,) for n in TASKS["intent"])
    with pytest.raises(BadArchive, match=r"holds none of the posts that .*links\.jsonl judges"):
        linked(archive, links, "intent", 1)
    with pytest.raises(BadArchive, match="has columns hostility, id, intent; wanted id, emotion"):
        linked(archive, links, "emotion", None)


def test_every_task_has_a_schema() -> None:
    assert set(TASKS) < set(SCHEMAS)
