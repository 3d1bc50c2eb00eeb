"""Measures a head on labelled texts: as it is, taught by other labels first, or in folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs import judges
from jobs.evaluate import prevalence
from jobs.evaluate.crossed import crossed, said
from jobs.evaluate.judgements import Judged, figures, grouped
from jobs.evaluate.labelled import Labelled, labelled, linked
from jobs.evaluate.result import Evaluation, Figures, Options, rounded, timed, versions
from jobs.train.heads import beginning, many, taught
from jobs.train.lessons import learned
from nlp.judgements import TASKS, JudgeCard
from nlp.judgements.features import Floats
from nlp.judgements.head import HeadCard
from nlp.judgements.lists import ListJudge
from nlp.judgements.panel import External, card_of
from nlp.text import plain
from service.errors import BadSetting, InvalidInput
from service.settings import Settings

Rule = Callable[[Labelled], Judged]


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured of a task, beside which rules and published figures.

    `shares` asks also how far off the shares of labels are that mood would tell.
    """

    name: str
    task: str
    metrics: tuple[str, ...]
    rules: Mapping[str, Rule]
    published: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    schema: str | None = None
    shares: bool = False


def evaluate(options: Options, measure: Measure) -> Evaluation:
    """Return the figures of a head; means over the parts (repositories) that the data name.

    As the settings name it; with `train` the packaged head, or that of one's own layers, taught by
    those files first; with `folds` by the other parts of the data each time. Every text is judged.
    """
    if options.train and options.folds:
        raise InvalidInput("--train and --folds are two ways to teach: use one")
    data = (
        linked(options.path(), options.links, measure.task, options.limit)
        if options.links
        else labelled(options.path(), measure.task, options.limit, measure.schema)
    )
    found, seconds = timed(lambda: _judged(options, measure, data))
    judgement, about, known = found
    rules = {name: rule(data) for name, rule in measure.rules.items()}
    metrics = averaged(judgement, data, measure.metrics)
    baselines = {name: averaged(one, data, measure.metrics) for name, one in rules.items()}
    if measure.shares:
        erred = prevalence.confusion(measure.task, about[measure.task], data.groups)
        told, counted = prevalence.errors(judgement, data.gold, options.seed, erred)
        metrics["prevalence_mae"] = told
        baselines["counting"] = {"prevalence_mae": counted}
    return Evaluation(
        name=measure.name,
        data=str(options.path()),
        n=len(data.texts),
        metrics=rounded(metrics),
        baselines={name: rounded(one) for name, one in baselines.items()},
        published={name: dict(value) for name, value in measure.published.items()},
        versions=versions("scikit-learn", "torch", "transformers", **about),
        seconds=round(seconds, 1),
        learned_from=known,
    )


def averaged(found: Judged, data: Labelled, names: Sequence[str]) -> Figures:
    """Return the figures, each the mean over the parts of the data."""
    every = []
    for part in sorted(set(data.parts)):
        rows = np.flatnonzero(np.array(data.parts) == part)
        mine = Judged(found.probabilities[rows], found.chosen[rows])
        every.append(figures(mine, [data.gold[row] for row in rows], names, data.groups))
    shared = [name for name in names if all(name in one for one in every)]
    return {name: fmean(one[name] for one in every) for name in shared}


@dataclass(frozen=True, slots=True)
class Judge:
    """The judge in force of a task: probabilities of our labels, and how it chooses.

    `learned_from` says whether it has learned from a file; None: nobody knows.
    """

    card: JudgeCard
    lean: tuple[float, ...]
    probabilities: Callable[[Sequence[str]], Floats]
    learned_from: Callable[[Path], bool | None]

    @property
    def about(self) -> dict[str, str]:
        """Name the judge for the versions of a measurement."""
        return {self.card.task: f"{self.card.name}@{self.card.version}"}

    def hostility(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the hostility of posts, 0 to 1, and whether each is called hostile."""
        found = self.probabilities([plain(text).text for text in texts])
        leaning = found * np.array(self.lean, dtype=np.float32)
        return 1 - found[:, 0].astype(np.float64), leaning[:, 1:].sum(axis=1) > leaning[:, 0]

    def chosen(self, texts: Sequence[str]) -> list[str]:
        """Return the label that is named of each post, sure or not."""
        found = self.probabilities([plain(text).text for text in texts])
        leaning = found * np.array(self.lean, dtype=np.float32)
        return [TASKS[self.card.task][number] for number in leaning.argmax(axis=1)]


def load_judge(settings: Settings, task: str) -> Judge:
    """Return the judge that the settings name, loaded; raise BadSetting, also where none judges."""
    if settings.judges == "none":
        raise BadSetting(
            "GROUNDSWELL_JUDGES=none: nothing judges here; set it to packaged or lists to measure"
        )
    name = judges.external_names(settings).get(task)
    if name:
        return _whole(judges.load_external(settings, task, name), None)
    if settings.judges == "lists":
        return _whole(ListJudge(task), False)
    head, reader = judges.own_head(settings, task)
    return Judge(
        card_of(head.card),
        head.card.lean,
        lambda texts: head.probabilities(reader.features(texts)),
        lambda path: _learned(head.card, path),
    )


def _learned(card: HeadCard, path: Path) -> bool:
    """Return whether a head has learned from a file: itself, or the packaged one it began with."""
    files = [one for one in card.about.get("data", ()) if isinstance(one, dict)]
    return learned(path) or path.name in {one.get("name") for one in files}


def _whole(judge: External, known: bool | None) -> Judge:
    even = (1.0,) * len(TASKS[judge.card.task])
    return Judge(judge.card, even, lambda texts: _spread(judge, texts), lambda path: known)


def _spread(external: External, texts: Sequence[str]) -> Floats:
    """Return probabilities of all our labels: zero for those that the model does not know."""
    labels = TASKS[external.card.task]
    found = np.zeros((len(texts), len(labels)), dtype=np.float32)
    columns = [labels.index(label) for label in external.card.labels]
    found[:, columns] = external.judge(texts)
    return found


def _judged(
    options: Options, measure: Measure, data: Labelled
) -> tuple[Judged, dict[str, str], bool | None]:
    """Return what the judge in force says of the data, which it is, if it has learned from them."""
    path = options.path()
    if not (options.train or options.folds):
        judge = load_judge(options.settings, measure.task)
        shares = judge.probabilities(data.texts)
        told = grouped(shares, judge.lean, data, judge.card.prior)
        return told, judge.about, judge.learned_from(path)
    if measure.task in judges.external_names(options.settings):
        raise InvalidInput(
            f"a model of other makers is not taught here: unset GROUNDSWELL_"
            f"{measure.task.upper()}_MODEL"
        )
    start = beginning(options.settings.heads_dir, measure.task)
    about = {measure.task: f"{start.head.card.name}@{start.head.card.version}, taught"}
    taught_by = {one.resolve() for one in options.train}
    known = _learned(start.head.card, path) or path.resolve() in taught_by
    if options.folds:
        return crossed(options, start, data), about, known
    lessons = [labelled(path, measure.task, None, measure.schema) for path in options.train]
    options.log(f"teaching by {sum(len(some.texts) for some in lessons):,} texts")
    found = taught(start, lessons, deep=many(lessons), seed=options.seed, log=options.log)
    return said(found, data), about, known
