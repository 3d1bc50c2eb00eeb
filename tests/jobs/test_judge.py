"""Step `judge`: each post once, each text once, and no score is lost to a newer judge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select

from jobs.judge import JudgeResult, judge
from jobs.pipeline import run
from nlp.judgements import TASKS, JudgeCard, Panel
from nlp.judgements.panel import LANGUAGE, LANGUAGE_CARD
from service.db.models import Post, Score, ScoreModel
from service.db.queries import scores
from service.db.session import Database
from service.settings import Settings
from tests.jobs.community import records
from tests.jobs.conftest import Import

LABELS = TASKS["sentiment"]


class Tone:
    """A judge that finds `merge` good, `margin` bad, and all else as likely as not."""

    def __init__(
        self, version: str = "1", fail_after: int | None = None, task: str = "sentiment"
    ) -> None:
        self.card = JudgeCard(task, "tone", version, LABELS, (0.2, 0.5, 0.3))
        self.asked: list[str] = []
        self._fail_after = fail_after

    def judge(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._fail_after is not None and len(self.asked) >= self._fail_after:
            raise RuntimeError("power cut")
        self.asked += texts
        return np.array([_tone(text) for text in texts], dtype=np.float32)


def _tone(text: str) -> tuple[float, float, float]:
    if "merge" in text:
        return 0.0, 0.25, 0.75
    return (0.75, 0.25, 0.0) if "margin" in text else (0.34, 0.33, 0.33)


def english(texts: Sequence[str]) -> list[tuple[str, float]]:
    return [("en", 0.5) for _ in texts]


@pytest.fixture
def go(database: Database, now: datetime) -> Any:
    def judge_all(tone: Tone, at: datetime = now, progress: Any = None) -> JudgeResult:
        cards = {LANGUAGE: LANGUAGE_CARD, "sentiment": tone.card}
        panel = Panel([], {"sentiment": tone}, english, 0.4)
        return judge(database, cards, lambda tasks: panel, now=at, progress=progress)

    return judge_all


def held(database: Database, task: str = "sentiment") -> dict[str, tuple[str | None, str]]:
    """Return the label and the version of each post's score, by its name."""
    query = select(Post.external_id, Score.label, ScoreModel.version).join(
        Post, Post.id == Score.post_id
    )
    joined = query.join(ScoreModel, ScoreModel.id == Score.model_id).where(Score.task == task)
    with database.read() as session:
        return {row.external_id: (row.label, row.version) for row in session.execute(joined)}


def count(database: Database, column: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count(column))) or 0


def test_every_post_is_judged_and_each_text_is_read_once(
    database: Database, bring: Import, go: Any
) -> None:
    rows = records()
    for row in rows[:20]:
        row["text"] = "thanks everyone"
    bring(rows)
    tone = Tone()
    heard: list[tuple[int, int]] = []
    done = go(tone, progress=lambda *told: heard.append(told))
    assert (done.posts, done.texts) == (len(rows), len(tone.asked))
    assert len(tone.asked) == len(set(tone.asked)) == len({row["text"] for row in rows})
    assert count(database, Score.post_id) == 2 * len(rows)
    assert heard == [(len(rows), len(rows))]


def test_scores_are_those_of_their_posts(database: Database, bring: Import, go: Any) -> None:
    rows = records()
    rows[0]["text"] = ""
    bring(rows)
    done = go(Tone())
    side = {0.75: "positive", 0.0: "negative", 0.33: None}
    said = {row["id"]: (side[_tone(row["text"])[2]], "1") for row in rows}
    assert held(database) == said
    doubtful = sum(label is None for label, _ in said.values())
    assert done.abstained == {"language": 0, "sentiment": doubtful}
    assert 0 < doubtful < len(rows)
    with database.read() as session:
        by_post = {
            row.external_id: row.Score
            for row in session.execute(
                select(Post.external_id, Score)
                .join(Score, Score.post_id == Post.id)
                .where(Score.task == "sentiment")
            )
        }
        model = session.scalars(select(ScoreModel).where(ScoreModel.task == "sentiment")).one()
    assert (model.name, model.labels, model.prior) == ("tone", list(LABELS), [0.2, 0.5, 0.3])
    assert by_post[rows[0]["id"]].confidence == 0
    merged = next(row["id"] for row in rows if "merge" in row["text"])
    assert by_post[merged].confidence == 0.75
    assert by_post[merged].probabilities.tolist() == [0, 0.25, 0.75]
    assert {label for label, _ in held(database, "language").values()} == {"en"}


def test_judges_are_not_loaded_when_nothing_is_new(
    database: Database, bring: Import, go: Any, now: datetime
) -> None:
    bring(records())
    go(Tone())

    def refuse(tasks: Collection[str]) -> Panel:
        raise AssertionError("loaded for nothing")

    cards = {LANGUAGE: LANGUAGE_CARD, "sentiment": Tone().card}
    done = judge(database, cards, refuse, now=now)
    assert done == JudgeResult(0, 0, {"language": 0, "sentiment": 0})
    assert judge(database, {}, refuse, now=now) == JudgeResult(0, 0, {})


def test_a_text_that_was_judged_before_is_not_read_again(
    database: Database, bring: Import, go: Any
) -> None:
    rows = records()
    copies = [{**row, "id": f"copy-{row['id']}"} for row in rows[:30]]
    bring(rows)
    go(Tone())
    bring(rows + copies)
    tone = Tone()
    done = go(tone)
    assert (done.posts, done.texts, tone.asked) == (30, 0, [])
    found = held(database)
    assert [found[row["id"]] for row in copies] == [found[row["id"]] for row in rows[:30]]


def test_judging_goes_on_where_it_was_cut(
    database: Database, bring: Import, go: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.judge.CHUNK", 50)
    bring(records())
    cut = Tone(fail_after=100)
    with pytest.raises(RuntimeError, match="power cut"):
        go(cut)
    kept = len(held(database))
    assert 0 < kept < len(records())
    rest = Tone()
    heard: list[tuple[int, int]] = []
    assert go(rest, progress=lambda *told: heard.append(told)).posts == len(records()) - kept
    assert len(held(database)) == len(records())
    assert not set(rest.asked) & set(cut.asked)
    assert [done for done, _ in heard] == [*range(50, len(records()) - kept, 50), heard[-1][1]]


def test_an_edited_post_is_judged_anew(database: Database, bring: Import, go: Any) -> None:
    rows = records()
    rows[5]["text"] = "merge at last"
    bring(rows)
    go(Tone())
    assert held(database)[rows[5]["id"]] == ("positive", "1")
    rows[5]["text"] = "margin again"
    bring(rows)
    assert rows[5]["id"] not in held(database), "what was said of other words is gone"
    tone = Tone()
    assert (go(tone).posts, tone.asked) == (1, ["margin again"])
    assert held(database)[rows[5]["id"]] == ("negative", "1")


@pytest.fixture
def go_by_two(database: Database, now: datetime) -> Any:
    """Return what judges by two of one's own and the language, and says which it asked for."""

    def judge_all(
        tone: Tone, temper: Tone, language: JudgeCard = LANGUAGE_CARD
    ) -> tuple[JudgeResult, list[set[str]]]:
        own = {"sentiment": tone, "emotion": temper}
        cards = {LANGUAGE: language, **{task: one.card for task, one in own.items()}}
        asked: list[set[str]] = []

        def load(tasks: Collection[str]) -> Panel:
            asked.append(set(tasks))
            return Panel([], {task: own[task] for task in tasks if task in own}, english, 0.4)

        return judge(database, cards, load, now=now), asked

    return judge_all


def test_a_new_judge_of_one_task_judges_that_task_alone(
    database: Database, bring: Import, go_by_two: Any
) -> None:
    bring(records())
    _, asked = go_by_two(Tone(), Tone(task="emotion"))
    assert asked == [{LANGUAGE, "sentiment", "emotion"}]
    before = held(database, "sentiment")
    tone, temper = Tone(), Tone("2", task="emotion")
    done, asked = go_by_two(tone, temper)
    assert asked == [{"emotion"}]
    assert (done.posts, len(temper.asked), tone.asked) == (len(records()), done.texts, [])
    assert done.abstained[LANGUAGE] == done.abstained["sentiment"] == 0
    assert {version for _, version in held(database, "emotion").values()} == {"2"}
    assert held(database, "sentiment") == before
    assert go_by_two(tone, temper) == (JudgeResult(0, 0, dict.fromkeys(done.abstained, 0)), [])


def test_where_the_language_is_told_anew_all_judge_anew(
    database: Database, bring: Import, go_by_two: Any
) -> None:
    bring(records())
    go_by_two(Tone(), Tone(task="emotion"))
    tone = Tone()
    done, asked = go_by_two(tone, Tone(task="emotion"), replace(LANGUAGE_CARD, version="2"))
    assert asked == [{LANGUAGE, "sentiment", "emotion"}]
    assert (done.posts, len(tone.asked)) == (len(records()), done.texts)
    assert {version for _, version in held(database, LANGUAGE).values()} == {"2"}


def test_posts_are_judged_by_what_each_of_them_lacks(
    database: Database, bring: Import, go_by_two: Any
) -> None:
    rows = records()
    bring(rows)
    go_by_two(Tone(), Tone(task="emotion"))
    copies = [{**row, "id": f"copy-{row['id']}"} for row in rows[:30]]
    fresh = [{**rows[0], "id": "fresh", "text": "zebra quagga"}]
    bring(rows + copies + fresh)
    tone, temper = Tone(), Tone("2", task="emotion")
    done, asked = go_by_two(tone, temper)
    assert asked == [{"emotion"}, {LANGUAGE, "sentiment", "emotion"}]
    assert (done.posts, done.texts) == (len(rows) + 31, len(temper.asked))
    assert len(temper.asked) == len(set(temper.asked)), "each text once, whoever wrote it"
    assert tone.asked == ["zebra quagga"]
    for task, version in (("sentiment", "1"), ("emotion", "2"), (LANGUAGE, LANGUAGE_CARD.version)):
        found = held(database, task)
        assert len(found) == len(rows) + 31
        assert {told for _, told in found.values()} == {version}


def test_a_cut_leaves_no_post_between_two_sets_of_judges(
    database: Database, bring: Import, go_by_two: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.judge.CHUNK", 50)
    bring(records())
    go_by_two(Tone(), Tone(task="emotion"))
    with pytest.raises(RuntimeError, match="power cut"):
        go_by_two(Tone(), Tone("2", fail_after=100, task="emotion"))
    tone, temper = Tone("2"), Tone("2", task="emotion")
    done, asked = go_by_two(tone, temper)
    assert asked == [{"sentiment"}, {"sentiment", "emotion"}]
    assert done.posts == len(records())
    assert set(tone.asked) == {row["text"] for row in records()}
    assert len(tone.asked) == len(set(tone.asked))
    assert 0 < len(set(temper.asked)) < len(set(tone.asked))
    for task in ("sentiment", "emotion"):
        assert {version for _, version in held(database, task).values()} == {"2"}


def test_an_older_score_stays_until_the_new_one_is_written(
    database: Database, bring: Import, go: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.judge.CHUNK", 50)
    bring(records())
    go(Tone())
    before = held(database)
    with pytest.raises(RuntimeError, match="power cut"):
        go(Tone("2", fail_after=100))
    half = held(database)
    assert half.keys() == before.keys()
    assert {version for _, version in half.values()} == {"1", "2"}
    assert count(database, Score.post_id) == 2 * len(records())
    go(Tone("2"))
    assert held(database) == {name: (label, "2") for name, (label, _) in before.items()}
    assert count(database, Score.post_id) == 2 * len(records())


def test_a_setting_may_go_back_and_forth(
    database: Database, bring: Import, go: Any, now: datetime
) -> None:
    bring(records())
    for hour, version in enumerate(("1", "2", "1", "2")):
        assert go(Tone(version), now + timedelta(hours=hour)).posts == len(records())
        assert {found for _, found in held(database).values()} == {version}
        with database.read() as session:
            newest = scores.newest_model(session, "sentiment")
        assert newest is not None
        assert newest.version == version
        assert go(Tone(version), now + timedelta(hours=hour)).posts == 0
    assert count(database, ScoreModel.id) == 3


def test_a_judge_that_cannot_be_loaded_does_not_come_into_force(
    database: Database, bring: Import, go: Any, now: datetime
) -> None:
    bring(records())
    go(Tone())

    def broken(tasks: Collection[str]) -> Panel:
        raise RuntimeError("damaged")

    cards = {LANGUAGE: LANGUAGE_CARD, "sentiment": Tone("2").card}
    with pytest.raises(RuntimeError, match="damaged"):
        judge(database, cards, broken, now=now)
    with database.read() as session:
        newest = scores.newest_model(session, "sentiment")
    assert newest is not None
    assert newest.version == "1"
    assert {version for _, version in held(database).values()} == {"1"}


def test_what_is_withdrawn_is_not_judged(database: Database, bring: Import, go: Any) -> None:
    rows = records()
    bring(rows)
    rows[0]["visibility"] = "private"
    bring(rows)
    tone = Tone()
    assert go(tone).posts == len(rows) - 1
    assert rows[0]["text"] not in tone.asked
    rows[1]["visibility"] = "private"
    bring(rows)
    assert not {rows[0]["id"], rows[1]["id"]} & held(database).keys()
    assert go(Tone()).posts == 0


def test_a_post_edited_while_the_judge_read_is_judged_again(
    database: Database, bring: Import, go: Any
) -> None:
    rows = records()
    bring(rows)

    class Slow(Tone):
        def judge(self, texts: Sequence[str]) -> NDArray[np.float32]:
            if not self.asked:
                rows[0]["text"] = "zebra quagga"
                rows[1]["visibility"] = "private"
                bring(rows)
            return super().judge(texts)

    slow = Slow()
    go(slow)
    assert len(held(database)) == len(rows) - 2
    assert go(slow).posts == 1
    assert slow.asked[-1] == "zebra quagga"


def test_what_no_post_lacked_at_the_start_is_judged_in_the_same_run(
    database: Database, bring: Import, go_by_two: Any
) -> None:
    """Whenever the second judge reads, a post is edited: one more round, and then the next run."""
    rows = records()
    bring(rows)
    go_by_two(Tone(), Tone(task="emotion"))
    # By their hashes the later one comes first, where the round has been.
    edits = iter(enumerate(("okapi", "zebra quagga", "tapir")))

    class Slow(Tone):
        def judge(self, texts: Sequence[str]) -> NDArray[np.float32]:
            number, text = next(edits)
            rows[number]["text"] = text
            bring(rows)
            return super().judge(texts)

    tone, slow = Tone(), Slow("2", task="emotion")
    done, asked = go_by_two(tone, slow)
    whole = {LANGUAGE, "sentiment", "emotion"}
    assert asked == [{"emotion"}, whole]
    assert tone.asked == ["okapi"]
    for task, version in (("sentiment", "1"), ("emotion", "2")):
        found = held(database, task)
        assert len(found) == len(rows) - 1
        assert {told for _, told in found.values()} == {version}
    assert done.posts == len(rows) + 1
    done, asked = go_by_two(tone, Tone("2", task="emotion"))
    assert (done.posts, asked, tone.asked[-1]) == (1, [whole], "zebra quagga")


def test_a_run_judges_by_lists_or_not_at_all(
    database: Database, settings: Settings, bring: Import, now: datetime
) -> None:
    bring(records()[:200])
    none = settings.model_copy(update={"judges": "none"})
    assert run(database, none, now=now).steps["judge"] == {
        "posts": 0,
        "texts": 0,
        "abstained": {},
    }
    assert count(database, Score.post_id) == 0
    first = run(database, settings, now=now)
    assert (first.steps["judge"]["posts"], first.idle) == (200, False)
    assert first.steps["judge"]["abstained"].keys() == {"language", *TASKS}
    assert run(database, settings, now=now).idle
    bring(records())
    assert run(database, none, now=now).steps["judge"]["posts"] == 0
    assert count(database, Score.post_id) == 5 * 200, "what was judged stays"
