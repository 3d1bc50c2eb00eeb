"""`evaluate conflict` on an archive: threads that derailed, planted among its calm ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from math import nan
from statistics import fmean
from typing import Any

import numpy as np

from jobs.evaluate import escalations
from jobs.evaluate.escalations import A_WEEK, DAY, HISTORY, WEEK, Flagged, Floats, Story
from jobs.evaluate.result import (
    Evaluation,
    Figures,
    MeasurementFailed,
    Options,
    records,
    rounded,
    timed,
    versions,
)
from jobs.evaluate.talks import DERAILED, Talk, comments, judged, talks, turn
from jobs.train.heat import fitted
from nlp.heat import Habits, HeatModel, Turn, load_model, prefixes
from service.errors import InvalidInput
from service.ingest.fields import looks_bot

COLUMNS = ("thread_id", "author", "created_at", "text")
SHARE = 0.03
WORLDS = 5
WEEKS = 4
FOLDS = 5
NEW = 14 * DAY
LONGEST_GAP = 3 * DAY

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread's times in seconds, the features after each of its posts, and the first toxic post.

    `turned` is None for a thread of the archive; `hostile` [n] is the hostility of each post.
    """

    number: int
    times: Floats
    rows: Floats
    turned: int | None
    hostile: Floats


@dataclass(frozen=True, slots=True)
class Given:
    """The archive's threads, threads to plant without times, and what weights are fitted to.

    `gaps` are the archive's seconds between posts of one thread. The n-th thread to plant is the
    n-th of the conversations that derail.
    """

    own: list[Thread]
    whole: list[Thread]
    found: Sequence[Talk]
    curves: list[Floats]
    gaps: Floats


def evaluate(options: Options) -> Evaluation:
    """Plant threads that derailed in an archive, three in a hundred, and read ten flags a week.

    Planted are whole threads (`--train`, columns of github_derailment), each once in a world, at a
    random time, with the archive's own gaps between posts; each is judged by weights that were
    fitted to the others (five folds) as `train heat` fits them. The archive's threads are taken as
    calm: a quarrel of its own counts as a false alarm. Every evening of four weeks the hottest
    threads that stand flagged are read, ten a week in all; the threshold is found by the job's own
    function from the eight weeks before. Figures are means over five worlds.

    `precision_at_10` is the share of planted threads among what is read; `lead_posts` and
    `lead_minutes` are medians over these from the flag to the first toxic post, 0 where that post
    raised the flag; `early_share` is the share raised before it. `*_before` are of threads that end
    before their first toxic post. `withdrawn_rightly` is the share of the archive's own threads
    among flags taken back. Baselines: the last post's hostility, and length.
    """
    if len(options.train) != 1:
        raise InvalidInput("an archive needs threads to plant: give one file with --train PATH")
    rows = [row for row in records(options.path(), COLUMNS, options.limit) if _person(row)]
    found = talks(options.train[0])
    options.log(f"judging {len(rows):,} posts and {len(found):,} conversations")
    given, seconds = timed(lambda: read(options, rows, found))
    every: list[dict[str, Figures]] = []
    for world in range(WORLDS):
        options.log(f"world {world + 1} of {WORLDS}")
        every.append(_world(given, options.seed + world))
    mean = {
        name: {key: _mean([one[name][key] for one in every]) for key in every[0][name]}
        for name in every[0]
    }
    shipped = load_model(options.settings.heads_dir)
    return Evaluation(
        name="conflict",
        data=str(options.path()),
        n=len(rows),
        metrics=rounded(mean.pop("heat")),
        baselines={name: rounded(figures) for name, figures in mean.items()},
        versions=versions("scikit-learn", heat=shipped.version),
        seconds=round(seconds, 1),
        learned_from=False,
    )


def _person(row: dict[str, Any]) -> bool:
    return not looks_bot(str(row["author"]))


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return fmean(known) if known else nan


def read(options: Options, rows: list[dict[str, Any]], found: Sequence[Talk]) -> Given:
    """Return the archive's threads, whole derailed ones, and conversations to learn from."""
    own = list(_archive(rows))
    planted = [row for row in records(options.train[0], (), None) if _derailed(row)]
    shown = [talk.turns for talk in found]
    said = [*(turns for _, turns in own), *(comments(row["comments"]) for row in planted), *shown]
    every = judged(options.settings, said)
    ends = (len(own), len(own) + len(planted))
    gaps = np.concatenate([np.diff(times) for times, _ in own])
    habits = Habits(gap=float(np.median(gaps)))
    threads = [
        Thread(number, times, prefixes(turns, habits), None, _hostile(turns))
        for number, ((times, _), turns) in enumerate(zip(own, every, strict=False))
    ]
    whole = [
        Thread(-1, np.empty(0), prefixes(turns, habits), _toxic(row), _hostile(turns))
        for row, turns in zip(planted, every[ends[0] : ends[1]], strict=True)
    ]
    rest = every[ends[1] :]
    return Given(threads, whole, found, [prefixes(turns) for turns in rest], gaps)


def _hostile(turns: Sequence[Turn]) -> Floats:
    return np.array([0.0 if np.isnan(turn.hostility) else turn.hostility for turn in turns])


def _archive(rows: list[dict[str, Any]]) -> Iterator[tuple[Floats, list[Turn]]]:
    """Yield the times and turns of each thread."""
    made = [datetime.fromisoformat(str(row["created_at"])).timestamp() for row in rows]
    first: dict[str, float] = {}
    for row, at in zip(rows, made, strict=True):
        author = str(row["author"])
        first[author] = min(first.get(author, at), at)
    begin = min(made)
    keys = [
        (str(row["thread_id"]), at, place)
        for place, (row, at) in enumerate(zip(rows, made, strict=True))
    ]
    for _, own in groupby(sorted(keys), key=lambda key: key[0]):
        people: dict[str, int] = {}
        turns, times = [], []
        for _, at, place in own:
            author = str(rows[place]["author"])
            who = people.setdefault(author, len(people))
            new = first[author] - begin >= NEW and at - first[author] < NEW
            turns.append(replace(turn(who, str(rows[place]["text"])), at=at, newcomer=new))
            times.append(at)
        yield np.array(times), turns


def _derailed(row: dict[str, Any]) -> bool:
    return row.get("group") == DERAILED and _toxic(row) > 0


def _toxic(row: dict[str, Any]) -> int:
    """Return the place of the first toxic post."""
    return sum(one["seq"] < row["first_toxic_seq"] for one in row["comments"])


def _world(given: Given, seed: int) -> dict[str, Figures]:
    """Return the figures of heat, of heat before anything toxic was said, and of the rules."""
    chance = np.random.default_rng(seed)
    start = _start(given.own, chance)
    models, of = _fitted(given, seed)
    planted = _planted(given, start, chance)
    shown = [(replace(one, number=10**7 + n), of[n]) for n, one in planted]
    heat = [_story(one, _heat(one.rows, models)) for one in given.own]
    hot = [_story(one, models[model].heat(one.rows)) for one, model in shown]
    found = _told([*heat, *hot], start, len(shown))
    short = _told([*heat, *map(_before, hot)], start, len(shown))
    found |= {f"{name}_before": short[name] for name in ("precision_at_10", "recall", "lead_posts")}
    every = [*given.own, *(one for one, _ in shown)]
    rules = {
        "last post's hostility": [_story(one, one.hostile) for one in every],
        "length": [_story(one, _long(one)) for one in every],
    }
    return {"heat": found} | {name: _told(rule, start, len(shown)) for name, rule in rules.items()}


def _start(own: Sequence[Thread], chance: np.random.Generator) -> float:
    """Return when the weeks begin: history before them, and archive until their end."""
    first = min(one.times[0] for one in own)
    weeks = int((max(one.times[-1] for one in own) - first) / WEEK) - HISTORY - WEEKS
    if weeks < 0:
        raise MeasurementFailed(f"the archive is too short: give {HISTORY + WEEKS} weeks or more")
    return float(first + (HISTORY + chance.integers(weeks + 1)) * WEEK)


def _fitted(given: Given, seed: int) -> tuple[list[HeatModel], list[int]]:
    """Return a model for each fold, and for each thread to plant the one that never saw it."""
    from sklearn.model_selection import StratifiedKFold

    labels = np.array([talk.label for talk in given.found])
    models = []
    fold = np.zeros(len(labels), dtype=np.int64)
    drawn = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for number, (learn, rest) in enumerate(drawn.split(labels, labels)):
        fold[rest] = number
        talks_of = [given.found[place] for place in learn]
        curves = [given.curves[place] for place in learn]
        models.append(fitted(talks_of, curves, seed))
    return models, fold[labels == 1].tolist()


def _heat(rows: Floats, models: Sequence[HeatModel]) -> Floats:
    return np.asarray(np.mean([model.heat(rows) for model in models], axis=0))


def _planted(given: Given, start: float, chance: np.random.Generator) -> list[tuple[int, Thread]]:
    """Return some of the threads, at random times, so many that they are SHARE of all."""
    active = sum(bool(((one.times >= start) & (one.times < start + WEEKS * WEEK)).any())
                 for one in given.own)  # fmt: skip
    count = min(round(active * SHARE / (1 - SHARE)), len(given.whole))
    gaps = given.gaps[(given.gaps > 0) & (given.gaps < LONGEST_GAP)]
    found = []
    for place in chance.permutation(len(given.whole))[:count].tolist():
        one = given.whole[place]
        begin = start + chance.uniform(0, WEEKS * WEEK - DAY)
        steps = np.concatenate([[0.0], chance.choice(gaps, len(one.rows) - 1)])
        found.append((place, replace(one, times=begin + np.cumsum(steps))))
    return found


def _story(one: Thread, heats: Floats) -> Story:
    return Story(one.number, one.times, heats, one.turned)


def _before(one: Story) -> Story:
    """Return a planted thread as if it had ended before its first toxic post.

    When that post came is still known, to tell how early a flag is.
    """
    assert one.turned is not None
    heats = one.heats.copy()
    heats[one.turned :] = 0.0
    return replace(one, heats=heats)


def _long(one: Thread) -> Floats:
    return np.log1p(np.arange(1, len(one.times) + 1)) / 10


def _told(stories: Sequence[Story], start: float, planted: int) -> Figures:
    found: list[Flagged] = escalations.flags(stories, start, WEEKS, A_WEEK)
    seen = escalations.read(found, start, WEEKS, A_WEEK)
    return escalations.figures(found, seen, planted)
