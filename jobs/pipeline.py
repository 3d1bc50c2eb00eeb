"""The nightly run, from conversations to trends. Each step does only what is new."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache
from time import perf_counter
from typing import Any, Protocol

from jobs import judges
from jobs.conversations import rebuild
from jobs.encode import Progress, encode
from jobs.heat import update_heat
from jobs.index import update_index
from jobs.judge import judge
from jobs.naming import name_topics
from jobs.topics import TopicsResult, update_topics
from jobs.trends import record_trends
from nlp.encoders import Card, Encoder, describe, load
from nlp.errors import NlpError
from nlp.heat import load_model
from nlp.judgements import Panel
from service.db.session import Database
from service.errors import BadSetting, InvalidInput
from service.identity import look
from service.settings import Settings

STEPS = (*("conversations", "identities", "encode", "judge", "heat", "index", "topics", "trends"),)


class Reporter(Protocol):
    """Hears how a run goes on."""

    def __call__(self, step: str) -> AbstractContextManager[Progress | None]:
        """Return a context that lasts as long as the step, and what hears of its progress."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What each step did, and its seconds of wall time, by its name."""

    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Return whether there was nothing to do."""
        done = {
            "conversations": ("posts",),
            "identities": ("new", "dropped", "accepted"),
            "encode": ("posts",),
            "judge": ("posts",),
            "heat": ("threads",),
            "index": ("added", "removed", "rebuilt"),
            "topics": ("fitted", "placed", "named"),
            "trends": ("new",),
        }
        return not any(self.steps[step][name] for step in self.steps for name in done[step])


def silent(step: str) -> AbstractContextManager[Progress | None]:
    """Report nothing."""
    return nullcontext()


def run(
    database: Database,
    settings: Settings,
    *,
    now: datetime,
    steps: Sequence[str] = STEPS,
    as_of: datetime | None = None,
    refit: bool = False,
    encoder: Encoder | None = None,
    panel: Panel | None = None,
    report: Reporter = silent,
) -> RunResult:
    """Bring vectors, index, topics and trends up to the posts. Repeating it is always safe.

    `encoder` and `panel` are loaded already; left out, they are loaded when a step needs them.
    """
    if unknown := set(steps) - set(STEPS):
        raise InvalidInput(f"no step {sorted(unknown)[0]!r}: steps are {', '.join(STEPS)}")
    card = _card(settings)

    @cache
    def loaded() -> Encoder:
        return encoder or load_encoder(settings)

    @lru_cache(maxsize=1)
    def panel_of(tasks: tuple[str, ...]) -> Panel:
        return judges.panel(settings, tasks, database)

    def loaded_panel(tasks: Collection[str]) -> Panel:
        return panel or panel_of(tuple(tasks))

    work = _work(database, settings, card, loaded, loaded_panel, now, as_of, refit)
    result = RunResult()
    for step in STEPS:
        if step in steps:
            started = perf_counter()
            with report(step) as progress:
                result.steps[step] = asdict(work[step](progress))
            result.seconds[step] = round(perf_counter() - started, 3)
    return result


def _work(
    database: Database,
    settings: Settings,
    card: Card,
    loaded: Callable[[], Encoder],
    loaded_panel: Callable[[Collection[str]], Panel],
    now: datetime,
    as_of: datetime | None,
    refit: bool,
) -> dict[str, Callable[[Progress | None], Any]]:
    stale = settings.stale_after_days
    return {
        "conversations": lambda heard: rebuild(database, heads=settings.heads_dir, progress=heard),
        "identities": lambda heard: look(
            database, now=now, rule=settings.identity_rule, actor="run"
        ),
        "encode": lambda heard: encode(database, card, loaded, now=now, progress=heard),
        "judge": lambda heard: judge(
            database, judges.cards(settings), loaded_panel, now=now, progress=heard
        ),
        "heat": lambda heard: update_heat(
            database,
            card,
            lambda: load_model(settings.heads_dir),
            now=now,
            a_day=settings.flag_budget,
            stale_after_days=stale,
            progress=heard,
        ),
        "index": lambda heard: update_index(database, card, settings.index_dir, now=now),
        "topics": lambda heard: _topics(database, settings, card, loaded, now, refit),
        "trends": lambda heard: record_trends(
            database,
            now=now,
            stale_after_days=stale,
            monthly=settings.alert_budget,
            as_of=as_of,
        ),
    }


def _topics(
    database: Database,
    settings: Settings,
    card: Card,
    loaded: Callable[[], Encoder],
    now: datetime,
    refit: bool,
) -> TopicsResult:
    found = update_topics(database, card, loaded, now=now, refit=refit)
    names = name_topics(database, settings, loaded, now=now)
    return replace(found, named=names.named, note=found.note or names.note)


def _card(settings: Settings) -> Card:
    try:
        return describe(settings.encoder)
    except NlpError as error:
        raise BadSetting(str(error)) from error


def load_encoder(settings: Settings) -> Encoder:
    """Return the encoder of the settings; raise BadSetting where there is none."""
    try:
        return load(settings.encoder, threads=settings.threads, batch_tokens=settings.encode_tokens)
    except NlpError as error:
        raise BadSetting(str(error)) from error
