"""`evaluate trends`: whether what rises is found, and how often the alarm is false."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.bursts import (
    Planted,
    Stream,
    plant_brigades,
    plant_bursts,
    plant_seasons,
    shuffled,
)
from jobs.evaluate.result import (
    Evaluation,
    Figures,
    Options,
    encoder_versions,
    records,
    rounded,
    timed,
    versions,
)
from jobs.pipeline import load_encoder
from nlp.text import plain
from nlp.topics import model
from service.errors import BadArchive
from service.ingest.fields import looks_bot
from service.insights.trends import DAYS, VERSION, Activity, Counts, Floats, alerts, trust
from service.settings import Settings

COLUMNS = ("thread_id", "author", "created_at", "text")
WORLDS = 6
SUBJECTS = 200
# A burst in every fourth subject, a brigade in every fifth, a busy weekday in every tenth.
BURSTS, BRIGADES, WEEKLY = 4, 5, 10
# Alerts of the first days after a burst or brigade ended still tell of it.
LATE = 1
LOUD_Z = 3.0
ORIGIN = datetime(2024, 1, 1, tzinfo=UTC)
LEAST_WEEKS = 16
RARE = 0.001
# What has a line to hold, also where subjects are made of posts without their threads.
LINES = (
    *("precision", "recall", "recall_all"),
    *("false_alerts_per_week", "brigades_shown", "delay_ticks"),
)
BUDGET = float(Settings.model_fields["alert_budget"].default)

# An alert: (tick, subject). Tick t sees days 0 to t-1.
Alarm = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Archive:
    """Posts by people as a stream of whole weeks, and their texts."""

    stream: Stream
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class World:
    """A stream in which things are planted, and what."""

    stream: Stream
    planted: list[Planted]
    said: list[str]


def evaluate(options: Options) -> Evaluation:
    """Plant bursts, brigades and seasons in an archive and run the daily ticks over it.

    The archive's posts are clustered into 200 subjects by their vectors in the context of their
    threads, as the product makes its topics. Its days are changed at random for
    others of the same weekday, so that rises of its own over several days are broken up; lively
    days stay whole, and an alert on one counts as false. Then, in each of six worlds, are
    planted: a busy weekday in 20 subjects, a release day on which all have twice their posts, a
    week in which a third is left; 50 bursts of one to three days, of 3 to 10 times the subject's
    authors and 8 at least, by moving posts of other people there from days far off; and 40
    brigades of at most three accounts with 12 to 40 near-copies. Figures are means over worlds.

    `precision` is over all that was shown. `recall` is over bursts of 5 times and more,
    `recall_all` over all; an alert on a burst's days or the day after finds it. The tick at the
    end of a burst's first day is a delay of 1. What is false: every other alert, a second one of a
    burst, and one of a brigade. `aa_alerts_per_week` is where only days were changed, with
    `aa_inflation` the share of p up to .001 there against .001; `untouched_alerts_per_week` on the
    archive as it is, its own rises among them. `*_by_post` are of subjects made from plain vectors
    of posts; `recall_two_threads` where a burst's posts are in two threads of their own.
    Baseline: a z-score above 3 of posts a day against 56 days before.
    """
    rows = [row for row in records(options.path(), COLUMNS, options.limit) if _person(row)]
    members, threads = (_numbered([str(row[name]) for row in rows]) for name in COLUMNS[1::-1])
    made = [datetime.fromisoformat(str(row["created_at"])) for row in rows]
    times = np.array([one.astimezone(UTC).replace(tzinfo=None) for one in made], "datetime64[us]")
    streamed(np.zeros_like(members), members, threads, times)
    texts = [plain(str(row["text"])).text for row in rows]
    encoder = load_encoder(options.settings)
    options.log(f"encoding {len(texts):,} posts")
    vectors = encoder.encode(texts)
    work = partial(measured, vectors, members, threads, times, texts, options.seed, options.log)
    found, seconds = timed(lambda: work(SUBJECTS))
    return Evaluation(
        name="trends",
        data=str(options.path()),
        n=len(rows),
        metrics=rounded(found[0]),
        baselines={"z-score on posts": rounded(found[1])},
        versions=versions("scikit-learn", trends=VERSION, **encoder_versions(encoder)),
        seconds=round(seconds, 1),
    )


def measured(
    vectors: NDArray[np.float32],
    members: Counts,
    threads: Counts,
    times: NDArray[np.datetime64],
    texts: Sequence[str],
    seed: int,
    log: Callable[[str], None],
    k: int,
) -> tuple[Figures, Figures]:
    """Return our figures and the baseline's; the budget is the default of the settings."""
    log(f"clustering into {k} subjects, twice")
    rows = model.in_context(vectors, threads)
    context = Archive(streamed(subjects(rows, k), members, threads, times), texts)
    alone = Archive(streamed(subjects(vectors, k), members, threads, times), texts)
    found, base, plain_found = [], [], []
    for number in range(WORLDS):
        log(f"world {number + 1} of {WORLDS}")
        world = planted(context, k, [seed, number])
        found.append(figures(ours(context, world, k, BUDGET)[0], world))
        base.append(figures(z_score(world.stream, k), world))
        world = planted(alone, k, [seed, number])
        plain_found.append(figures(ours(alone, world, k, BUDGET)[0], world))
    world = planted(context, k, [seed, 0], places=2)
    two = figures(ours(context, world, k, BUDGET)[0], world)
    by_post = _mean(plain_found)
    return {
        **_mean(found),
        **{f"{name}_by_post": by_post[name] for name in LINES},
        "recall_two_threads": two["recall"],
        **still(context, k, seed),
    }, _mean(base)


def still(archive: Archive, k: int, seed: int) -> Figures:
    """Return how often there is an alert where nothing is planted."""
    mixed = World(shuffled(archive.stream, np.random.default_rng([seed, WORLDS])), [], [])
    found, chances = ours(archive, mixed, k, BUDGET)
    real = ours(archive, World(archive.stream, [], []), k, BUDGET)[0]
    weeks = len(chances) / 7
    return {
        "aa_alerts_per_week": len(found) / weeks,
        "aa_inflation": float((chances <= RARE).mean()) / RARE,
        "untouched_alerts_per_week": len(real) / weeks,
    }


def streamed(
    topics: Counts, members: Counts, threads: Counts, times: NDArray[np.datetime64]
) -> Stream:
    """Return an archive's posts, trust by the real age of accounts; the last broken week is cut.

    Raise BadArchive where fewer than 16 weeks are left.
    """
    seconds = times.astype("datetime64[s]")
    start = seconds.min().astype("datetime64[D]").astype("datetime64[s]")
    days = ((seconds - start) // np.timedelta64(86_400, "s")).astype(np.int64)
    weeks = (int(days.max()) + 1) // 7
    if weeks < LEAST_WEEKS:
        raise BadArchive(f"trends are measured on {LEAST_WEEKS} weeks or more; these are {weeks}")
    first = np.full(int(members.max()) + 1, seconds.max())
    np.minimum.at(first, members, seconds)
    rows = np.flatnonzero(days < 7 * weeks)
    return Stream(
        topics=topics[rows],
        members=members[rows],
        threads=threads[rows],
        days=days[rows],
        clock=(seconds - start)[rows] - days[rows] * np.timedelta64(86_400, "s"),
        trust=trust.trust(seconds, first[members], seconds.min())[rows],
        text=rows,
    )


def subjects(rows: NDArray[np.float32], k: int) -> Counts:
    """Return the subject of each row, of k, by k-means."""
    from sklearn.cluster import MiniBatchKMeans

    means = MiniBatchKMeans(k, batch_size=4096, n_init=1, random_state=0)
    return np.asarray(means.fit(rows).labels_, dtype=np.int64)


def planted(archive: Archive, k: int, seed: int | list[int], *, places: int = 0) -> World:
    """Return a world of the archive's own posts in which things are planted."""
    chance = np.random.default_rng(seed)
    stream = plant_seasons(shuffled(archive.stream, chance), k, k // WEEKLY, chance)
    stream, bursts = plant_bursts(stream, k, k // BURSTS, chance, [], places=places)
    stream, brigades, said = plant_brigades(stream, k, k // BRIGADES, chance, bursts, archive.texts)
    return World(stream, [*bursts, *brigades], said)


def ours(archive: Archive, world: World, k: int, monthly: float) -> tuple[list[Alarm], Floats]:
    """Return the alerts of every daily tick, by the functions that a run calls, and every p."""
    activity = activity_of(world.stream)
    said = partial(_texts, archive.texts, world)
    standing = alerts.start(k, monthly)
    found: list[Alarm] = []
    chances = []
    for tick in range(DAYS, int(world.stream.days.max()) + 2):
        as_of = ORIGIN + timedelta(days=tick)
        done = alerts.decide(activity, k, as_of, standing, monthly, said)
        found += [(tick, topic) for topic in done.alerts]
        standing = done.standing
        chances.append(done.told.surprise.p)
    return found, np.array(chances)


def activity_of(stream: Stream) -> Activity:
    """Return the stream as a run would read it."""
    begin = np.datetime64(ORIGIN.replace(tzinfo=None), "s")
    times = begin + stream.days * np.timedelta64(86_400, "s") + stream.clock
    return Activity(stream.topics, stream.members, stream.threads, times, stream.trust)


def z_score(stream: Stream, k: int) -> list[Alarm]:
    """Return the alerts of a z-score above 3 on posts a day against the 56 days before."""
    days = int(stream.days.max()) + 1
    posts = np.bincount(stream.topics * days + stream.days, minlength=k * days).reshape(k, days)
    found: list[Alarm] = []
    quiet = np.full(k, alerts.QUIET_TICKS)
    for tick in range(DAYS, days + 1):
        base = posts[:, tick - 57 : tick - 1]
        score = (posts[:, tick - 1] - base.mean(axis=1)) / np.maximum(base.std(axis=1), 1e-9)
        over = score > LOUD_Z
        found += [(tick, int(one)) for one in np.flatnonzero(over & (quiet >= alerts.QUIET_TICKS))]
        quiet = np.where(over, 0, quiet + 1)
    return found


def figures(found: Sequence[Alarm], world: World) -> Figures:
    """Return how the alerts fit what was planted.

    An alert is right on a burst's days and the day after; everything else that was shown is false,
    also a second alert of one burst. The tick at the end of a burst's first day is its first.
    """
    hits: dict[int, int] = {}
    false = 0
    brigades: set[int] = set()
    for tick, topic in found:
        place = next((n for n, one in enumerate(world.planted) if _tells(one, tick, topic)), None)
        if place is None or place in hits or place in brigades:
            false += 1
        elif world.planted[place].kind == "brigade":
            brigades.add(place)
        else:
            hits[place] = tick - world.planted[place].day
    bursts = [n for n, one in enumerate(world.planted) if one.kind == "burst"]
    large = [n for n in bursts if world.planted[n].factor >= 5]
    weeks = (int(world.stream.days.max()) + 2 - DAYS) / 7
    shown = len(hits) + false + len(brigades)
    return {
        "precision": len(hits) / shown if shown else 1.0,
        "recall": sum(n in hits for n in large) / max(len(large), 1),
        "recall_all": len(hits) / max(len(bursts), 1),
        "false_alerts_per_week": (false + len(brigades)) / weeks,
        "brigades_shown": len(brigades) / max(len(world.planted) - len(bursts), 1),
        "delay_ticks": float(np.median(list(hits.values()))) if hits else float("nan"),
        "alerts": len(found),
        "bursts": len(bursts),
    }


def _tells(one: Planted, tick: int, topic: int) -> bool:
    return one.topic == topic and one.day < tick <= one.day + one.days + LATE


def _texts(texts: Sequence[str], world: World, rows: Counts) -> list[str]:
    numbers = world.stream.text[rows].tolist()
    return [texts[number] if number >= 0 else world.said[-1 - number] for number in numbers]


def _mean(found: Sequence[Figures]) -> Figures:
    return {name: fmean(one[name] for one in found) for name in found[0]}


def _person(row: dict[str, object]) -> bool:
    return not looks_bot(str(row["author"]))


def _numbered(names: list[str]) -> Counts:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
