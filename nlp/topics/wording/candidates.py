"""Which phrases could name a topic: told apart by who uses them where, and by thread titles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.topics.clusters import Labels, Rows
from nlp.topics.wording.grams import Grams
from nlp.topics.wording.labels import Candidate, stems
from nlp.topics.wording.pieces import PIECE
from nlp.topics.wording.spelling import written
from nlp.topics.wording.words import LEAST_AUTHORS, Phrases

CANDIDATES = 24
# How much a phrase of one, two, three words tells, and one that a small word joins.
TELLS = (1.0, 1.5, 1.4)
JOINED = 1.1
# Used by a greater share of everything, a word tells of the whole community.
COMMON = 0.04
# A plural names a family where it is used much beside the singular, or where that is often one of
# many ("a graph", not "a notation"): from this product of both shares on.
PLURAL, COUNTED = 0.6, 0.03
# A form in words of its own ("measure theory" beside "MeasureTheory") names it from this share on.
APART = 0.15
# A run that stands by itself in a smaller share of its uses is a part of another one.
PART = 0.4
# What two capitals and never an article are worth: mostly people's names.
CALLED = 0.2
# A word that so many numbers follow is a kind of things in a list.
LIST = 5
# What further forms of a phrase add to the score of the best.
FORMS = 0.3
# So many people, or three in ten of a topic's, must share the use of a phrase.
VOICES, ENOUGH = 6.0, 0.3
# What a phrase of one thread alone is worth, where a topic has more than a few.
ALONE, FEW_THREADS = 0.6, 4
ENDINGS = (
    *(("ies", "y"), ("ves", "f"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")),
    *(("rices", "rix"), ("tices", "tex"), ("dices", "dex"), ("heses", "hesis")),
)
ODD = re.compile(r"[\d_./\\]|[a-z][A-Z]")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Use:
    """Who uses what where: `holds` [u, v] is 1 where a pair of author and thread of a topic uses
    a gram; `topic`, `author` and `thread` are of each such unit."""

    holds: Any
    topic: Labels
    author: Labels
    thread: Labels


def use(grams: Grams, labels: Labels, authors: Labels, threads: Labels) -> Use:
    """Return which pairs of author and thread use which grams in each topic; -1 is one, too."""
    from scipy.sparse import csr_matrix

    _, who = np.unique(authors, return_inverse=True)
    _, where = np.unique(threads, return_inverse=True)
    people, places = int(who.max()) + 1, int(where.max()) + 1
    key = ((labels + 1) * people + who) * places + where
    units, code = np.unique(key, return_inverse=True)
    ones = np.ones(len(code), dtype=np.int32)
    member = csr_matrix((ones, (code, np.arange(len(code)))), (len(units), len(code)))
    holds = (member @ grams.holds).tocsr()
    holds.data[:] = 1
    return Use(holds, units // places // people - 1, units // places % people, units % places)


def informative(counts: Any, sizes: Floats) -> Any:
    """Return how much each gram tells of each topic, sparse [k, v], 0 where it tells nothing.

    The gain in bits by the gram's share of the topic against its share of everything, weighed by
    the former: the informativeness of Tomokiyo & Hurst 2003, A language model approach to
    keyphrase extraction. `counts` [k, v] are uses in each topic, `sizes` [k] all that could be.
    """
    found = counts.tocoo()
    total = np.asarray(counts.sum(axis=0)).ravel() / max(float(sizes.sum()), 1.0)
    share = found.data / sizes[found.row]
    gain = share * np.log2(np.maximum(share / total[found.col], 1e-12))
    return type(found)((np.maximum(gain, 0), (found.row, found.col)), found.shape).tocsr()


def of_posts(used: Use, k: int) -> Any:
    """Return how much each gram tells of each of k topics by the posts, sparse [k, v]."""
    counts = one_hot(used.topic + 1, k + 1) @ used.holds
    sizes = np.bincount(used.topic + 1, minlength=k + 1).astype(np.float64)
    return informative(counts, np.maximum(sizes, 1))[1:]


def of_titles(grams: Grams, titles: Sequence[str], threads: Labels, labels: Labels, k: int) -> Any:
    """Return how much each gram tells of each of k topics by the titles of the threads.

    `titles` and `threads` are of each post; a thread counts for each topic by its posts there.
    """
    from scipy.sparse import diags

    _, first, code = np.unique(threads, return_index=True, return_inverse=True)
    holds = title_grams(grams, [titles[row] for row in first.tolist()])
    posts = np.bincount(code).astype(np.float64)
    places = one_hot(labels + 1, k + 1) @ one_hot(code, len(first)).T @ diags(1 / posts)
    sizes = np.asarray(places.sum(axis=1)).ravel()
    return informative(places @ holds, np.maximum(sizes, 1e-9))[1:]


def one_hot(labels: Labels, k: int) -> Any:
    """Return which of n things has which of k labels, sparse float64 [k, n]."""
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), (k, len(labels)))


def title_grams(grams: Grams, titles: Sequence[str]) -> Any:
    """Return which grams each title holds, sparse [m, v] of 0 and 1."""
    from scipy.sparse import csr_matrix

    number = {name: place for place, name in enumerate(grams.names)}
    rows: list[int] = []
    columns: list[int] = []
    for row, title in enumerate(titles):
        found = [piece.lower() for piece in PIECE.findall(title)]
        runs = {
            " ".join(found[start : start + size])
            for size in (1, 2, 3)
            for start in range(len(found) - size + 1)
        }
        here = sorted(number[run] for run in runs if run in number)
        rows.extend([row] * len(here))
        columns.extend(here)
    return csr_matrix((np.ones(len(rows)), (rows, columns)), (len(titles), len(grams.names)))


def form(grams: Grams, used: Use, titles: Any | None) -> Floats:
    """Return how well each gram would read as a name, 0 to about 2."""
    called = grams.proper & (grams.size > 1)
    if titles is not None:  # a product or a place is in a title, a person who is spoken to is not
        called &= np.asarray(titles.sum(axis=0)).ravel() == 0
    odd = np.array([bool(ODD.search(name)) for name in grams.names], dtype=bool)
    tells = np.array(TELLS)[grams.size - 1]
    tells = np.where(grams.joined, JOINED, tells)
    act = np.where(grams.size > 1, 1 - grams.act, 1.0)
    whole = np.where(grams.whole < PART, 0.1, grams.whole)
    noun = np.clip(grams.noun * 1.5, 0.05, 1)
    share = np.asarray(used.holds.sum(axis=0)).ravel() / max(used.holds.shape[0], 1)
    common = np.minimum(1, COMMON / np.maximum(share, 1e-9))
    score: Floats
    score = tells * act * whole * noun * common * np.where(odd, 0.6, 1.0)
    score *= np.where(called | _listed(grams), CALLED, 1.0)
    return score


def candidates(
    grams: Grams,
    used: Use,
    posts: Any,
    titles: Any | None,
    centroids: Rows,
    wanted: Sequence[int],
    phrases: Phrases,
) -> dict[int, list[Candidate]]:
    """Return the candidates of each wanted topic, best first; `phrases` encodes each of them once.

    `posts` and `titles` are how much each gram tells of each topic.
    """
    fit = form(grams, used, titles)
    best = {topic: _best(grams, used, topic, posts[topic], titles, fit) for topic in wanted}
    forms = families(grams)
    uses = np.asarray(used.holds.sum(axis=0)).ravel().astype(np.float64)
    keys = sorted({key for those in best.values() for key, *_ in those})
    shown = {key: _shown(grams, uses, forms[key]) for key in keys}
    text = written(grams, sorted(shown.values()))
    names = {key: text[shown[key]] for key in keys}
    vectors = dict(zip(keys, phrases([names[key] for key in keys]), strict=True)) if keys else {}
    found = {}
    for topic, those in best.items():
        made = [
            _candidate(names[key], score, units, share, vectors[key], centroids[topic])
            for key, score, units, share in those
        ]
        found[topic] = sorted(made, key=lambda one: (-one.score, one.text))
    return found


def families(grams: Grams) -> dict[str, list[int]]:
    """Return the forms of each phrase."""
    forms: dict[str, list[int]] = {}
    for gram, name in enumerate(grams.names):
        forms.setdefault(family(name), []).append(gram)
    return forms


def _listed(grams: Grams) -> NDArray[np.bool_]:
    """Return the runs with one of many numbers: "Lemma 5" is one, "Windows 11" is not."""
    parts = [name.split() for name in grams.names]
    numbered = [len(part) == 2 and part[1].isdecimal() for part in parts]
    of = Counter(part[0] for part, there in zip(parts, numbered, strict=True) if there)
    pairs = zip(parts, numbered, strict=True)
    return np.array([there and of[part[0]] >= LIST for part, there in pairs], dtype=bool)


def _candidate(
    text: str, score: float, units: Labels, share: float, vector: Rows, centroid: Rows
) -> Candidate:
    likeness = max(float(vector @ centroid), 0.0)
    return Candidate(text, stems(text), score * likeness, share, vector, units)


def _best(
    grams: Grams, used: Use, topic: int, told: Any, titles: Any | None, fit: Floats
) -> list[tuple[str, float, Labels, float]]:
    """Return the best families of grams of a topic, their scores, the units that use them and the
    share of its threads."""
    inside = np.flatnonzero(used.topic == topic)
    holds = used.holds[inside].tocsc()
    people, places = used.author[inside], used.thread[inside]
    score = np.zeros(len(grams.names))
    score[told.indices] = np.sqrt(_scaled(told.data)) * fit[told.indices]
    if titles is not None:
        said = titles[topic]
        score[said.indices] *= 1 + np.sqrt(_scaled(said.data))
    order = np.argsort(-score, kind="stable")[: 4 * CANDIDATES]
    forms: dict[str, list[int]] = {}
    units: dict[str, list[Labels]] = {}
    for gram in order[score[order] > 0].tolist():
        here = holds.indices[holds.indptr[gram] : holds.indptr[gram + 1]]
        if len(set(people[here].tolist())) >= LEAST_AUTHORS:
            key = family(grams.names[gram])
            forms.setdefault(key, []).append(gram)
            units.setdefault(key, []).append(here)
    threads = len(set(places.tolist()))
    voices = min(VOICES, ENOUGH * len(set(people.tolist())))
    found = []
    for key, those in forms.items():
        use = np.unique(np.concatenate(units[key]))
        worth = float(score[those].max() + FORMS * (score[those].sum() - score[those].max()))
        share = len(set(places[use].tolist())) / threads
        worth *= _shared(people[use], voices)
        worth *= ALONE if share * threads == 1 and threads >= FEW_THREADS else 1.0
        found.append((key, worth, use, share))
    return sorted(found, key=lambda one: (-one[1], one[0]))[:CANDIDATES]


def _shared(owners: Labels, enough: float) -> float:
    """Return 1 where as many people as are enough share the use of a phrase, less where few do.

    They count by how evenly they share it: one who says it always beside two who said it once
    is little more than one (the inverse of Simpson's index).
    """
    uses = np.bincount(owners).astype(np.float64)
    return float(min(1.0, uses.sum() ** 2 / (uses**2).sum() / enough))


def family(name: str) -> str:
    """Return what stands for all forms of a phrase: in the singular, also where run together."""
    return "".join(singular(word) for word in name.split())


def singular(word: str) -> str:
    """Return an English word without the ending of a plural."""
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    kept = len(word) < 3 or word.endswith(("ss", "us", "is")) or not word.endswith("s")
    return word if kept else word[:-1]


def _shown(grams: Grams, uses: Floats, those: Sequence[int]) -> int:
    """Return the form of a family that names it: in words of its own, in a plural that is used."""

    def most(of: Sequence[int]) -> int:
        return max(of, key=lambda gram: (uses[gram], -gram))

    best = most(those)
    size = max(int(grams.size[gram]) for gram in those if uses[gram] >= APART * uses[best])
    apart = [gram for gram in those if grams.size[gram] == size]
    best = most(apart)
    least = min(PLURAL, COUNTED / max(float(grams.one[best]), 1e-9))
    last = {gram: grams.names[gram].split()[-1] for gram in apart}
    many = [gram for gram in apart if last[gram] != singular(last[gram])]
    many = [gram for gram in many if uses[gram] >= least * uses[best]]
    return most(many) if many else best


def _scaled(values: Floats) -> Floats:
    top = values.max() if len(values) else 0.0
    scaled: Floats = values / top if top > 0 else values
    return scaled
