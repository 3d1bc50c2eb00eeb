"""What a topic is called and what shows it: label, words, key phrases, description, posts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.topics.clusters import Labels, Rows
from nlp.topics.frame import ranked
from nlp.topics.posts import TopicPosts
from nlp.topics.wording import candidates
from nlp.topics.wording import labels as labelling
from nlp.topics.wording.candidates import family
from nlp.topics.wording.grams import Grams, grams
from nlp.topics.wording.labels import AND, MIXED, Candidate
from nlp.topics.wording.quotes import representatives
from nlp.topics.wording.spelling import written
from nlp.topics.wording.words import LEAST_AUTHORS, WORDS, Phrases, author_counts

# Key phrases: how many, from which share of the best one's score on, and how much likeness to the
# topic counts against unlikeness to phrases already taken (MMR, Carbonell & Goldstein 1998).
LEAST_PHRASES, MOST_PHRASES = 3, 8
WEAK = 0.12
LIKENESS = 0.7
# A word that is a noun in fewer of its uses than this says what is done, or how it is.
DONE = 0.1
# Phrases of the description: with their share of the threads, and without.
COUNTED, BESIDE = 3, 3


@dataclass(frozen=True, slots=True)
class Described:
    """A topic's label, top words, key phrases, one line about it and rows of posts that show it."""

    label: str
    words: list[str]
    phrases: list[str]
    description: str
    representatives: list[int]


def describe(
    posts: TopicPosts,
    rows: Rows,
    labels: Labels,
    similarity: Rows,
    centroids: Rows,
    phrases: Phrases,
    *,
    only: Collection[int] | None = None,
    taken: Collection[str] = (),
    titles: Sequence[str] | None = None,
) -> dict[int, Described]:
    """Return what to call each cluster, by its number; `only` names those that are wanted.

    `rows` are the posts in context; posts of other clusters and of the pool (-1) are the
    background that a cluster's words stand out from. `taken` are labels that are in use. `titles`
    are those of the posts' threads, one for each post, "" for none; `phrases` encodes each phrase
    that could be a label, some fifteen for each cluster, in one call.
    """
    wanted = list(range(len(centroids))) if only is None else sorted(only)
    read = grams(posts.texts, posts.authors, posts.names)
    if not read.names or not wanted:
        return {number: _nameless(posts, labels, similarity, number) for number in wanted}
    used = candidates.use(read, labels, posts.authors, posts.threads)
    told = candidates.of_posts(used, len(centroids))
    given = posts.titles if titles is None else titles
    said = None
    if given is not None and any(given):
        said = candidates.of_titles(read, given, posts.threads, labels, len(centroids))
    found = candidates.candidates(read, used, told, said, centroids, wanted, phrases)
    names = labelling.labels(found, taken)
    top = top_words(read, labels, posts.authors, wanted)
    described = {}
    for number in wanted:
        keys = key_phrases(found[number])
        described[number] = Described(
            label=names[number],
            words=top[number],
            phrases=[one.text for one in keys],
            description=description(names[number], keys, found[number]),
            representatives=representatives(
                posts, labels, similarity, centroids[number], number, [one.text for one in keys]
            ),
        )
    return described


def _nameless(posts: TopicPosts, labels: Labels, similarity: Rows, number: int) -> Described:
    inside = np.flatnonzero(labels == number)
    nearest = inside[np.argsort(-similarity[inside], kind="stable")]
    return Described(labelling.UNNAMED, [], [], "", nearest[:1].tolist())


def top_words(
    read: Grams, labels: Labels, authors: Labels, wanted: Sequence[int]
) -> dict[int, list[str]]:
    """Return up to ten words and runs of each topic that three of its authors use, best first."""
    plain = np.flatnonzero((read.whole >= candidates.PART) & ~read.joined & (read.noun >= DONE))
    holds = read.holds[:, plain]
    scored = ranked(holds, [str(n) for n in range(len(plain))], labels)
    chosen: dict[int, list[int]] = {}
    for number in wanted:
        columns = np.array([int(name) for name, _ in scored.get(number, [])], dtype=np.int64)
        inside = np.flatnonzero(labels == number)
        support = author_counts(holds[inside][:, columns], authors[inside])
        kept: dict[str, int] = {}
        for column, people in zip(columns.tolist(), support.tolist(), strict=True):
            if people >= LEAST_AUTHORS:
                gram = int(plain[column])
                kept.setdefault(family(read.names[gram]), gram)
        chosen[number] = list(kept.values())[:WORDS]
    text = written(read, sorted({gram for those in chosen.values() for gram in those}))
    return {number: [text[gram] for gram in those] for number, those in chosen.items()}


def key_phrases(those: Sequence[Candidate]) -> list[Candidate]:
    """Return three to eight candidates that tell much of the topic and differ in meaning."""
    if not those:
        return []
    vectors = np.array([one.vector for one in those])
    worth = np.array([one.score for one in those]) / max(those[0].score, 1e-9)
    between = vectors @ vectors.T
    taken: list[int] = []
    while len(taken) < min(MOST_PHRASES, len(those)):
        nearest = between[:, taken].max(axis=1) if taken else np.zeros(len(those))
        gain = LIKENESS * worth - (1 - LIKENESS) * nearest
        weak = worth < WEAK if len(taken) >= LEAST_PHRASES else np.zeros(len(those), dtype=bool)
        gain[taken] = -np.inf
        gain[weak] = -np.inf
        best = int(gain.argmax())
        if not np.isfinite(gain[best]):
            break
        taken.append(best)
    return [those[place] for place in taken]


def description(label: str, keys: Sequence[Candidate], those: Sequence[Candidate]) -> str:
    """Return one line: what the threads hold, with shares of them, and what stands beside it."""
    parts = [part.casefold() for part in label.removeprefix(MIXED).split(AND)]
    named = [one for part in parts for one in those if one.text.casefold() == part]
    rest = [one for one in keys if one not in named]
    rest = [one for one in rest if not any(one.stems <= other.stems for other in named)]
    counted = [*named, *rest][:COUNTED]
    beside = [one.text for one in rest if one not in counted][:BESIDE]
    if not counted:
        return ""
    first, *others = counted
    shares = [f"{first.text} (in {_percent(first.share)} of threads)"]
    shares += [f"{one.text} ({_percent(one.share)})" for one in others]
    line = _listed(shares) + (f"; also {_listed(beside)}" if beside else "")
    if labelling.mixed(those):
        return f"Talk without one subject, such as {line}."
    return f"{labelling.headed(line)}."


def _percent(share: float) -> str:
    return f"{max(1, round(100 * share))} %"


def _listed(parts: Sequence[str]) -> str:
    return AND.join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
