"""Conversations that derailed, read from either kind of file."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs import judges
from jobs.evaluate import talks as module
from jobs.evaluate.talks import anonymous, cut, judged, talks
from nlp.heat import Turn
from nlp.judgements import JudgeCard
from nlp.judgements.panel import Verdicts
from service.errors import BadArchive
from service.settings import Settings


def thread(group: str, count: int, toxic: int | None = None) -> dict[str, Any]:
    comments = [
        {"seq": n, "author": "ab"[n % 2], "text": f"@bob post {n}\n\n> old"}
        for n in range(1, count + 1)
    ]
    return {"group": group, "comments": comments, "first_toxic_seq": toxic}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    return path


@pytest.fixture
def github(tmp_path: Path) -> Path:
    return write(
        tmp_path / "threads.jsonl.gz",
        thread("derailed_toxic", 6, 4),
        thread("toxic_no_buildup", 3, 1),
        thread("derailed_toxic", 3, 1),
        thread("non_toxic", 9),
        thread("non_toxic", 2),
    )


def test_a_thread_is_shown_up_to_before_it_derails(github: Path) -> None:
    found = talks(github)
    assert [(len(talk.turns), talk.label, talk.free) for talk in found] == [
        (3, 1, False),
        (9, 0, True),
        (2, 0, True),
    ]
    first = found[0].turns[0]
    assert (first.who, first.text, first.mentions, first.quoted) == (0, "bob post 1", 1, 3)
    assert [turn.who for turn in found[0].turns] == [0, 1, 0]
    assert {turn.who for talk in anonymous(found) for turn in talk.turns} == {-1}


def test_calm_threads_are_cut_to_lengths_of_derailed_ones(github: Path) -> None:
    assert cut(talks(github), 0) == [3, 3, 2]


def test_a_folder_is_pooled(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl.gz", {"context": ["so"], "label": 1})
    calm = {"context": ["hello", "hi"], "label": 0}
    write(tmp_path / "a.jsonl.gz", calm, {"context": [], "label": 1})
    assert [(len(talk.turns), talk.label) for talk in talks(tmp_path)] == [(2, 0), (1, 1)]


def test_pieces_are_joined_and_quotes_taken_out(tmp_path: Path) -> None:
    texts = [
        'it \' s " so " wrong , is it not ?',
        '& gt ; so " wrong , is it yes ( it is ) & gt ; hm',
    ]
    path = write(
        tmp_path / "a.jsonl.gz", {"context": texts, "label": 1}, {"context": ["a"], "label": 0}
    )
    first, second = talks(path)[0].turns
    assert (first.text, first.quoted) == ('it\'s "so" wrong, is it not?', 0)
    assert second.text == "yes (it is) hm"
    assert second.quoted > 0


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"text": "a", "label": 1}], "wanted context and label"),
        ([{"context": ["a"], "label": 1}], "both needed"),
        ([thread("non_toxic", 3)], "both needed"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(BadArchive, match=said):
        talks(write(tmp_path / "x.jsonl.gz", *rows))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="holds no file"):
        talks(tmp_path)


class Panel:
    """Says that what holds an x is hostile, and nothing of what is empty."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def judge(self, texts: list[str]) -> dict[str, Verdicts]:
        self.read += texts
        hot = np.array([0.9 if "x" in text else 0.1 for text in texts], dtype=np.float32)
        sure = np.array([float(bool(text)) for text in texts], dtype=np.float32)
        labels = {
            "hostility": ("civil", "hostile", "personal"),
            "sentiment": ("neutral", "negative"),
            "emotion": ("joy", "none"),
        }
        return {
            task: Verdicts(
                JudgeCard(task, "test", "1", names),
                np.stack([1 - hot, *[hot / (len(names) - 1)] * (len(names) - 1)], axis=1),
                np.zeros(len(texts), dtype=np.int64),
                sure,
            )
            for task, names in labels.items()
        }


def test_every_text_is_judged_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = Panel()
    monkeypatch.setattr(judges, "panel", lambda settings, tasks: panel)
    monkeypatch.setattr(module, "BATCH", 2)
    turns = [Turn(0, "x"), Turn(1, "calm"), Turn(0, "")]
    whole = settings.model_copy(update={"judges": "packaged"})
    first, second = judged(whole, [turns, turns[:1]])
    assert panel.read == ["x", "calm", ""]
    assert [one.hostility for one in first[:2]] == pytest.approx([0.9, 0.1])
    assert first[0].negative == pytest.approx(0.9)
    assert math.isnan(first[0].anger)
    assert math.isnan(first[2].hostility)
    assert second[0].hostility == first[0].hostility


def test_without_judges_turns_stay_as_they_are(settings: Settings) -> None:
    turns = [Turn(0, "x")]
    found = judged(settings.model_copy(update={"judges": "none"}), [turns])
    assert found[0][0] is turns[0]


@pytest.mark.shared
def test_the_public_data_are_read(shared_data: Path) -> None:
    found = talks(shared_data / "github_derailment" / "threads_A.jsonl.gz")
    assert (len(found), sum(talk.label for talk in found)) == (400, 55)
    pooled = talks(shared_data / "conversations_gone_awry")
    assert (len(pooled), sum(talk.label for talk in pooled)) == (1093, 541)
