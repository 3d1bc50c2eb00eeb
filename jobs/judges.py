"""Which judges the settings name: their cards, quickly, and the panel of them, loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from jobs.stored import StoredEncoder
from nlp.encoders import registry as encoders
from nlp.encoders.registry import PACKAGED
from nlp.errors import NlpError
from nlp.judgements import TASKS, JudgeCard, Panel, external, layers
from nlp.judgements import head as heads
from nlp.judgements.external import ExternalJudge
from nlp.judgements.features import FeatureReader
from nlp.judgements.head import Head
from nlp.judgements.labels import LANGUAGE
from nlp.judgements.language import languages
from nlp.judgements.lists import ListJudge
from nlp.judgements.naming import mapping
from nlp.judgements.panel import LANGUAGE_CARD, Bench, External, card_of
from nlp.judgements.shelf import Layers, Shelved, find, shelved
from nlp.judgements.sight import WideReader, widened
from service.db.session import Database
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


def panel(
    settings: Settings,
    tasks: Collection[str] = (LANGUAGE, *TASKS),
    database: Database | None = None,
) -> Panel:
    """Return the judges of some tasks, loaded; raise BadSetting, naming the file or the setting.

    The language is always told, as other judges go by it. Heads that need a text's own vector take
    it from the database where that holds it.
    """
    try:
        packaged = [task for task in _judged_by(settings, "packaged") if task in tasks]
        benches = _benches(settings, shelved(settings.heads_dir, packaged), database)
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


def _benches(
    settings: Settings, found: Mapping[str, Shelved], database: Database | None
) -> list[Bench]:
    """Return the heads by the layers that they share."""
    benches = []
    for place in dict.fromkeys(one.layers for one in found.values()):
        heads_there = {task: one.head for task, one in found.items() if one.layers == place}
        reader = load_reader(settings, place, heads_there.values(), database)
        benches.append(Bench(reader, heads_there))
    return benches


def load_reader(
    settings: Settings, place: Layers, needed_by: Iterable[Head], database: Database | None = None
) -> FeatureReader:
    """Return a reader by tuned layers, loaded, that sees what the heads need.

    Raises DamagedHead, naming the file.
    """
    sizes = {"threads": settings.threads, "batch_tokens": settings.encode_tokens}
    reader = layers.load(place.folder, place.stem, **sizes)
    if not any(head.bend for head in needed_by):
        return reader
    if database is None:
        return widened(reader, **sizes)
    load = partial(encoders.load, PACKAGED, **sizes)
    return WideReader(reader, StoredEncoder(database, encoders.describe(PACKAGED), load))


def own_head(settings: Settings, task: str) -> tuple[Head, FeatureReader]:
    """Return one's own head of a task, or the packaged one, and its reader; raise DamagedHead."""
    found = shelved(settings.heads_dir, [task])[task]
    return found.head, load_reader(settings, found.layers, [found.head])


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
