"""Which judges the settings name: their cards, quickly, and the panel of them, loaded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from nlp.errors import NlpError
from nlp.judgements import TASKS, JudgeCard, Panel, external, layers
from nlp.judgements import head as heads
from nlp.judgements.external import ExternalJudge
from nlp.judgements.head import Head
from nlp.judgements.labels import LANGUAGE
from nlp.judgements.language import languages
from nlp.judgements.lists import ListJudge
from nlp.judgements.naming import mapping
from nlp.judgements.panel import LANGUAGE_CARD, Bench, External, card_of
from nlp.judgements.reader import Reader
from nlp.judgements.shelf import Layers, Shelved, find, shelved
from service.errors import BadSetting
from service.settings import Settings


def cards(settings: Settings) -> dict[str, JudgeCard]:
    """Return the judge in force of each task, without loading one; raise BadSetting."""
    if settings.judges == "none":
        return {}
    try:
        found = {LANGUAGE: LANGUAGE_CARD}
        others = external_names(settings)
        for task, folder in find(settings.heads_dir, _judged_by(settings, "packaged")).items():
            found[task] = card_of(heads.read_card(folder, task))
        for task in _judged_by(settings, "lists"):
            found[task] = ListJudge(task).card
        for task, name in others.items():
            found[task] = external.describe(task, name, meanings(settings, task))
    except NlpError as error:
        raise BadSetting(str(error)) from error
    return found


def panel(settings: Settings, tasks: Collection[str] = (LANGUAGE, *TASKS)) -> Panel:
    """Return the judges of some tasks, loaded; raise BadSetting, naming the file or the setting.

    The language is always told, as other judges go by it.
    """
    try:
        packaged = [task for task in _judged_by(settings, "packaged") if task in tasks]
        benches = _benches(settings, shelved(settings.heads_dir, packaged))
        others: dict[str, External] = {
            task: ListJudge(task) for task in _judged_by(settings, "lists") if task in tasks
        }
        for task, name in external_names(settings).items():
            if task in tasks:
                others[task] = load_external(settings, task, name)
    except NlpError as error:
        raise BadSetting(str(error)) from error
    detect = languages if settings.judges == "packaged" else partial(languages, ngrams=False)
    return Panel(benches, others, detect, settings.judge_confidence)


def _benches(settings: Settings, found: Mapping[str, Shelved]) -> list[Bench]:
    """Return the heads by the layers that they share."""
    places = dict.fromkeys(one.layers for one in found.values())
    return [
        Bench(
            load_reader(settings, place),
            {task: one.head for task, one in found.items() if one.layers == place},
        )
        for place in places
    ]


def load_reader(settings: Settings, place: Layers) -> Reader:
    """Return a reader by tuned layers, loaded; raise DamagedHead, naming the file."""
    return layers.load(
        place.folder,
        place.stem,
        threads=settings.threads,
        batch_tokens=settings.encode_tokens,
    )


def own_head(settings: Settings, task: str) -> tuple[Head, Reader]:
    """Return one's own head of a task, or the packaged one, and its reader; raise DamagedHead."""
    found = shelved(settings.heads_dir, [task])[task]
    return found.head, load_reader(settings, found.layers)


def load_external(settings: Settings, task: str, name: str) -> ExternalJudge:
    """Return a judge of other makers, loaded; raise UnknownModel, naming the fix."""
    return external.load(
        task,
        name,
        threads=settings.threads,
        batch_tokens=settings.encode_tokens,
        labels=meanings(settings, task),
    )


def external_names(settings: Settings) -> dict[str, str]:
    """Return which tasks have a judge of other makers, and its name."""
    named = {task: getattr(settings, f"{task}_model") for task in TASKS}
    return {task: name for task, name in named.items() if name}


def meanings(settings: Settings, task: str) -> Mapping[str, str]:
    """Return what the settings say that a model's labels mean."""
    text = getattr(settings, f"{task}_labels")
    return mapping(text) if text else {}


def _judged_by(settings: Settings, kind: str) -> list[str]:
    """Return the tasks that judges of this kind have, where no model of other makers does."""
    others = external_names(settings)
    return [task for task in TASKS if task not in others and settings.judges == kind]
