"""`evaluate threads`: its reading of annotated chat, its rules and its figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.evaluate.result import Options
from jobs.evaluate.threads import (
    evaluate,
    gap_rule,
    measure,
    name_rule,
    previous_message,
    read,
)
from nlp.threads import Link, Message
from service.errors import BadArchive
from service.settings import Settings

DEV = Path(__file__).parents[4] / "shared/data/ubuntu_irc/dev.jsonl.gz"


def row(number: int, author: str, clock: str, parent: int | None, thread: str | None) -> Any:
    return {
        "id": f"m{number}",
        "segment": "day",
        "author": author,
        "created_at": f"2004-11-15T{clock}:00Z",
        "text": f"text {number}",
        "annotated": thread is not None,
        "parent_id": None if parent is None else f"m{parent}",
        "thread_id": thread,
    }


ROWS = [
    row(0, "ann", "23:58", None, None),
    row(1, "bob", "23:59", None, "t1"),
    row(2, "ann", "00:01", None, "t2"),
    row(3, "bob", "00:09", 1, "t1"),
]


def saved(tmp_path: Path, rows: list[Any]) -> Path:
    path = tmp_path / "chat.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in rows), encoding="utf-8")
    return path


def options(tmp_path: Path, path: Path, limit: int | None = None) -> Options:
    return Options(Settings(data_dir=tmp_path), data=path, limit=limit)


def test_segments_keep_order_annotations_and_go_on_after_midnight(tmp_path: Path) -> None:
    (segment,) = read(saved(tmp_path, ROWS), None)
    assert segment.parents == {1: None, 2: None, 3: 1}
    assert segment.threads == {1: "t1", 2: "t2", 3: "t1"}
    times = [message.at - segment.messages[0].at for message in segment.messages]
    assert times == [0, 60, 180, 660]


def test_a_linker_that_knows_the_truth_gets_everything(tmp_path: Path) -> None:
    segments = read(saved(tmp_path, ROWS), None)
    truth = measure(segments, lambda messages, start: [Link(p, 1.0) for p in (None, None, 1)])
    assert set(truth.values()) == {100.0}
    heap = measure(segments, previous_message)
    assert heap["one_to_one"] == pytest.approx(200 / 3)
    assert heap["f1"] == heap["graph_f1"] == 0.0


def test_what_lies_between_annotated_messages_joins_nothing(tmp_path: Path) -> None:
    rows = [row(0, "ann", "10:00", None, "t1"), row(1, "bob", "10:01", None, None)]
    rows.append(row(2, "cat", "10:02", None, "t2"))
    segments = read(saved(tmp_path, rows), None)
    found = measure(segments, lambda messages, start: [Link(None, 1), Link(0, 1), Link(1, 1)])
    assert found["vi"] == 100.0


def test_messages_annotated_only_as_parents_are_cut_off(tmp_path: Path) -> None:
    rows = [row(0, "ann", "10:00", None, "t1"), row(1, "bob", "10:01", None, None)]
    rows += [row(2, "cat", "10:02", 0, "t1"), row(3, "dan", "10:03", None, "t2")]
    (segment,) = read(saved(tmp_path, rows), None)
    assert segment.parents == {2: 0, 3: None}


def test_rules_answer_what_they_say() -> None:
    messages = [
        Message("ann", 0, "who knows vim"),
        Message("bob", 60, "ann: I do"),
        Message("cat", 400, "@bob hello"),
        Message("ann", 420, "good"),
        Message("ann", 9_000, "back"),
    ]
    assert [x.parent for x in gap_rule(messages, 0)] == [None, 0, None, 2, None]
    assert [x.parent for x in previous_message(messages, 2)] == [1, 2, 3]
    assert [x.parent for x in name_rule(messages, 0)] == [None, 0, 1, 0, None]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"annotated": None}, "wanted id, segment, author, created_at, text, annotated"),
        ({"thread_id": None}, "wanted a thread_id"),
        ({"parent_id": "elsewhere"}, "a parent_id in its segment"),
        ({"created_at": "noon"}, "created_at is no time"),
    ],
)
def test_rows_that_do_not_fit_are_refused(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    path = saved(tmp_path, [*ROWS[:3], {**ROWS[3], **change}])
    with pytest.raises(BadArchive, match=complaint) as caught:
        read(path, None)
    assert "\n" not in str(caught.value)


def test_a_file_without_annotations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="no record with annotated true"):
        evaluate(options(tmp_path, saved(tmp_path, ROWS), limit=1))


def test_the_result_has_figures_baselines_and_what_was_published(tmp_path: Path) -> None:
    found = evaluate(options(tmp_path, saved(tmp_path, ROWS)))
    assert found.name == "threads"
    assert found.n == 3
    assert {"vi", "one_to_one", "f1"} <= set(found.metrics)
    assert set(found.baselines) == {"gap_rule", "previous_message", "name_rule"}
    assert found.published["Kummerfeld 2019 feed-forward"]["f1"] == 36.2
    again = evaluate(options(tmp_path, saved(tmp_path, ROWS)))
    assert (again.metrics, again.baselines) == (found.metrics, found.baselines)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.skipif(not DEV.exists(), reason="needs ../shared/data/ubuntu_irc")
def test_annotated_ubuntu_chat_is_rebuilt(tmp_path: Path) -> None:
    found = evaluate(options(tmp_path, DEV, limit=3_128))
    assert found.n == 631
    assert found.metrics["vi"] > 85
    assert found.metrics["one_to_one"] > 65
    assert found.metrics["one_to_one"] > found.baselines["gap_rule"]["one_to_one"] + 20
