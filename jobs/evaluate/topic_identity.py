"""`evaluate topic-identity`: whether topics stay who they are overnight, and new ones are born."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from statistics import mean

import numpy as np

from jobs.evaluate.births import PATIENCE, Births, Planted, births
from jobs.evaluate.result import (
    Evaluation,
    Figures,
    Options,
    encoder_versions,
    own_place,
    records,
    rounded,
    timed,
    versions,
)
from jobs.evaluate.topic_nights import Archive, Ledger
from jobs.pipeline import load_encoder
from nlp.text import plain
from nlp.topics.clusters import Labels, Rows
from nlp.topics.posts import TopicPosts
from service.errors import InvalidInput
from service.ingest.fields import looks_bot

COLUMNS = ("id", "thread_id", "author", "created_at", "text")
NIGHTS = 14
# So many of the nights, the first ones, are also fits anew.
COLD = 4
GROWTH = 0.05
FEWEST = 1_000


def evaluate(options: Options) -> Evaluation:
    """Grow an archive by 5 % a night for 14 nights, and plant subjects in it to be born.

    The first night has what is left of the archive; each further one adds its posts in the order
    of time. `kept_share` is the mean over nights of the share of the posts in topics that have the
    same topic after the night, births and the refits after each fifth of growth within;
    `min_kept_share` is that of the worst night. The baseline fits the topics anew in each of the
    first four nights and gives them the ids of those whose posts they share (Hungarian).
    `identical_under_shuffle` is 1 where all nights on the shuffled archive, with people and threads
    numbered otherwise, lead to the same ids, centroids and places to the last bit; vectors are made
    once.

    `birth_recall` is the share of planted subjects that are born in the very night: half or more
    of the posts of a group that becomes a topic are theirs; `birth_recall_3` within three nights.
    `birth_purity` is the mean share of planted posts in these groups, `birth_share` that of the
    planted posts that are in them. A subject is a topic of the whole archive; its threads and those
    of related topics are withheld. It is new where its posts are further from all topics of the
    rest than from its own centre, by .15 of a cosine in the mean; what the rest covers better than
    that is counted by itself, as `covered_recall`. `births_per_night` counts births in nights of a
    thousand real posts with nothing planted, real news among them, and `false_births_per_night`
    those where the archive's threads come in a random order, so that nothing is new. Posts of bots
    are left out.
    """
    given = records(options.path(), COLUMNS, options.limit)
    rows = [row for row in given if not looks_bot(str(row["author"]))]
    if len(rows) < FEWEST:
        raise InvalidInput(f"{len(rows)} posts are too few for nights: give at least {FEWEST}")
    texts = [plain(str(row["text"])).text for row in rows]
    encoder = load_encoder(options.settings)
    options.log(f"encoding {len(texts):,} posts")
    # As the store keeps them.
    vectors = encoder.encode(texts).astype(np.float16).astype(np.float32)
    fields = [[str(row[name]) for name in COLUMNS[:4]] for row in rows]
    (metrics, baseline), seconds = timed(
        lambda: figures(fields, texts, vectors, options.seed, options.log)
    )
    return Evaluation(
        name="topic-identity",
        data=str(options.path()),
        n=len(rows),
        metrics=rounded(metrics),
        baselines={"a cold refit": rounded(baseline)},
        versions=versions("scipy", **encoder_versions(encoder)),
        seconds=round(seconds, 1),
    )


def figures(
    fields: list[list[str]], texts: list[str], vectors: Rows, seed: int, log: Callable[[str], None]
) -> tuple[Figures, Figures]:
    """Return our figures and those of cold refits; `fields` are id, thread, author and time."""
    own = archive(fields, texts, vectors)
    ledger, kept = grown(own, log)
    mixed = np.random.default_rng(seed).permutation(len(texts)).tolist()
    again, _ = grown(
        archive([fields[n] for n in mixed], [texts[n] for n in mixed], vectors[mixed]), log
    )
    cold = cold_refits(own, log)
    found = births(own, seed, log)
    metrics = {
        "kept_share": mean(kept),
        "min_kept_share": min(kept),
        "identical_under_shuffle": float(ledger.told() == again.told()),
        **birth_figures(found),
        "false_births_per_night": false_births(own, seed, log),
        "topics": float(len(ledger.ids)),
        "outlier_share": float((ledger.topics == -1).mean()),
    }
    return metrics, {"kept_share": mean(cold), "min_kept_share": min(cold)}


def archive(fields: list[list[str]], texts: list[str], vectors: Rows) -> Archive:
    """Return posts in the order of what they say; people and threads are numbered as they come."""
    keys = [(own_place(text), row[0]) for text, row in zip(texts, fields, strict=True)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    threads, authors = (_numbered([row[column] for row in fields]) for column in (1, 2))
    posts = TopicPosts([texts[n] for n in order], vectors[order], authors[order], threads[order])
    times = [(fields[n][3], fields[n][0]) for n in order]
    return Archive(posts, np.array(sorted(range(len(times)), key=times.__getitem__)))


def _numbered(names: list[str]) -> Labels:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def parts(count: int) -> list[int]:
    """Return how many posts there are before each night, and after the last."""
    return [round(count / (1 + GROWTH) ** (NIGHTS - night)) for night in range(NIGHTS + 1)]


def grown(own: Archive, log: Callable[[str], None]) -> tuple[Ledger, list[float]]:
    """Return the ledger after all nights, and the share of posts that kept their topic in each."""
    ends = parts(len(own.order))
    ledger = Ledger(own, own.order[: ends[0]])
    shares = []
    for start, end in pairwise(ends):
        before = ledger.topics.copy()
        ledger.settle(ledger.tonight(own.order[start:end]))
        shares.append(kept_share(before, ledger.topics))
        log(f"night of {end - start:,} posts: {shares[-1]:.4f} kept, {len(ledger.ids)} topics")
    return ledger, shares


def cold_refits(own: Archive, log: Callable[[str], None]) -> list[float]:
    """Return the share of posts that kept their topic in each of the first nights if each is a
    new fit."""
    ends = parts(len(own.order))[: COLD + 1]
    ledger = Ledger(own, own.order[: ends[0]])
    shares = []
    for start, end in pairwise(ends):
        before = ledger.topics.copy()
        ledger.topics[own.order[start:end]] = -1
        ledger.refit(warm=False)
        shares.append(kept_share(before, ledger.topics))
        log(f"cold refit of {end:,} posts: {shares[-1]:.4f} kept")
    return shares


def kept_share(before: Labels, after: Labels) -> float:
    """Return the share of posts in topics that are in the same one afterwards."""
    placed = before >= 0
    return float((after[placed] == before[placed]).mean())


def birth_figures(found: Births) -> Figures:
    """Return what became of planted subjects; 0 for all where none could be planted."""
    apart = [plant for plant in found.planted if plant.apart]
    others = [plant for plant in found.planted if not plant.apart]
    born = [plant for plant in apart if plant.night is not None]
    return {
        "birth_recall": _share(apart, 1),
        "birth_recall_3": _share(apart, PATIENCE),
        "birth_purity": mean(plant.purity for plant in born) if born else 0.0,
        "birth_share": mean(plant.found for plant in born) if born else 0.0,
        "nights_to_birth": mean(plant.night or 0 for plant in born) if born else 0.0,
        "births_planted": float(len(apart)),
        "covered_recall": _share(others, 1),
        "covered_planted": float(len(others)),
        "births_per_night": found.unplanted / max(found.nights, 1),
    }


def _share(planted: list[Planted], within: int) -> float:
    born = [plant for plant in planted if plant.night is not None and plant.night <= within]
    return len(born) / max(len(planted), 1)


def false_births(own: Archive, seed: int, log: Callable[[str], None]) -> float:
    """Return births a night, of 14 of a thousand posts, where threads come in a random order."""
    threads = own.posts.threads
    ranks = np.random.default_rng(seed).permutation(int(threads.max()) + 1)
    order = own.order[np.argsort(ranks[threads[own.order]], kind="stable")]
    size = min(1_000, len(order) // (2 * NIGHTS))
    start = len(order) - NIGHTS * size
    ledger = Ledger(Archive(own.posts, order), order[:start])
    born = 0
    for night in range(NIGHTS):
        tonight = ledger.tonight(order[start + night * size : start + (night + 1) * size])
        born += len(tonight.born)
        ledger.settle(tonight)
    log(f"threads in a random order: {born} births in {NIGHTS} nights")
    return born / NIGHTS
