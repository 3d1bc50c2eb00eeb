"""`evaluate topics`: whether the words of a topic belong together, beside BERTopic's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from jobs.evaluate import bertopics
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
from jobs.pipeline import load_encoder
from nlp.encoders import Encoder
from nlp.errors import TooFewPosts
from nlp.text import plain
from nlp.topics import coherence, model
from nlp.topics.clusters import Labels, Rows
from nlp.topics.coherence import Together
from nlp.topics.frame import ranked
from nlp.topics.posts import TopicPosts
from service.errors import BadArchive, InvalidInput

SIZES = (10, 20, 30, 40, 50)
WORDS = 10
VOCABULARY = 2_000
WORD = re.compile(r"[^\W\d_]{3,}")
FEWEST = 500
DEFAULTS = "BERTopic with its defaults"
IN_CONTEXT = "BERTopic on posts in the context of their threads"
PAPER = "Grootendorst 2022, https://arxiv.org/abs/2203.05794; other preprocessing: not comparable"
PUBLISHED = {
    "newsgroups20": {
        "BERTopic with MiniLM": {"npmi": 0.159, "diversity": 0.833, "source": PAPER},
        "Top2Vec with doc2vec": {"npmi": 0.192, "diversity": 0.823, "source": PAPER},
        "CTM": {"npmi": 0.096, "diversity": 0.886, "source": PAPER},
    },
}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Posts in the order of their hashes, and the words of each that every model counts."""

    posts: TopicPosts
    documents: list[list[str]]
    vocabulary: list[str]
    threaded: bool


@dataclass(frozen=True, slots=True)
class Model:
    """What a model found: the words of its topics for each of SIZES, and for its own number."""

    sizes: list[list[list[str]]]
    auto: list[list[str]]
    outlier_share: float
    seconds: Figures


def evaluate(options: Options) -> Evaluation:
    """Measure topics of 10, 20, 30, 40 and 50, and of as many as the data ask for.

    Every model gets the same documents, vectors and vocabulary: the 2,000 words that most
    documents hold, of words in lower case of at least three letters that are no English stop words
    (of texts whose column is `tokens`, all tokens as they are). `npmi`, `npmi_document`,
    `diversity`, `outlier_share` and `k` are means over the five numbers of topics, by ten words a
    topic, the reference corpus being the documents; with `_auto` they are those of as many topics
    as the model itself found. `seconds` are from vectors to topics and their words with its own
    number of topics: BERTopic's are of `fit_transform`, on whose result `reduce_topics` then gives
    each of the five numbers. `seconds_described` are of a whole fit of ours, which also writes
    labels, phrases and descriptions. Where posts have threads, ours reads them in the context of
    these: a second baseline does so too.
    """
    encoder = load_encoder(options.settings)
    corpus = read(options, encoder)
    options.log("counting which words stand together")
    seen = coherence.together(corpus.documents, corpus.vocabulary)
    whole = coherence.together(corpus.documents, corpus.vocabulary, window=None)
    options.log("ours: as many topics as the data ask for, then 10 to 50")
    ours = by_us(corpus, encoder)
    options.log("BERTopic with its defaults")
    given = {DEFAULTS: corpus.posts.vectors}
    if corpus.threaded:
        given[IN_CONTEXT] = model.in_context(corpus.posts.vectors, corpus.posts.threads)
    theirs = {
        name: by_bertopic(corpus.documents, rows, options.seed) for name, rows in given.items()
    }
    return Evaluation(
        name="topics",
        data=str(options.path()),
        n=len(corpus.documents),
        metrics=rounded(figures(ours, seen, whole)),
        baselines={name: rounded(figures(each, seen, whole)) for name, each in theirs.items()},
        versions=versions(
            *("bertopic", "umap-learn", "hdbscan", "scikit-learn", "scipy"),
            **encoder_versions(encoder),
        ),
        seconds=round(sum(sum(each.seconds.values()) for each in (ours, *theirs.values())), 1),
        published=PUBLISHED.get(options.path().resolve().parent.name, {}),
    )


def read(options: Options, encoder: Encoder) -> Corpus:
    """Return the posts with their vectors; raise BadArchive without texts, InvalidInput for few."""
    column = _column(options)
    rows = records(options.path(), (column,), options.limit)
    given = [(_text(row, column), row) for row in rows]
    said = sorted((pair for pair in given if pair[0].strip()), key=lambda pair: own_place(pair[0]))
    if len(said) < FEWEST:
        raise InvalidInput(f"{len(said)} texts are too few for 50 topics: give at least {FEWEST}")
    texts = [text for text, _ in said]
    documents = [text.split() if column == "tokens" else words(text) for text in texts]
    vocabulary = frequent(documents, None if column == "tokens" else VOCABULARY)
    known = set(vocabulary)
    options.log(f"encoding {len(texts):,} texts")
    posts = TopicPosts(
        texts,
        encoder.encode(texts),
        _codes([row.get("author") for _, row in said]),
        _codes([row.get("thread_id") for _, row in said]),
        [str(row.get("thread_title") or "") for _, row in said],
    )
    return Corpus(
        posts,
        [[word for word in document if word in known] for document in documents],
        vocabulary,
        any(row.get("thread_id") is not None for _, row in said),
    )


def words(text: str) -> list[str]:
    """Return the words that count: in lower case, of three letters or more, no stop words."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return [word for word in WORD.findall(text.lower()) if word not in ENGLISH_STOP_WORDS]


def frequent(documents: Sequence[Sequence[str]], most: int | None) -> list[str]:
    """Return the words that most documents hold, in the order of the alphabet."""
    holds = Counter(word for document in documents for word in set(document))
    return sorted(sorted(holds, key=lambda word: (-holds[word], word))[:most])


def by_us(corpus: Corpus, encoder: Encoder) -> Model:
    """Return what the topic model finds, its words counted in the vocabulary."""
    _warm(corpus.posts, encoder)
    auto, seconds = timed(lambda: _found(corpus, None))
    _, described = timed(lambda: model.fit(corpus.posts, encoder.encode))
    sizes = [_found(corpus, k) for k in SIZES]
    return Model(
        [topics for topics, _ in sizes],
        auto[0],
        float(np.mean([share for _, share in sizes])),
        {"seconds": seconds, "seconds_described": described},
    )


def _warm(posts: TopicPosts, encoder: Encoder) -> None:
    """Call every part once on the first posts: what it imports is not what is measured."""
    first = TopicPosts(
        posts.texts[:FEWEST],
        posts.vectors[:FEWEST],
        posts.authors[:FEWEST],
        posts.threads[:FEWEST],
    )
    with suppress(TooFewPosts):
        model.fit(first, encoder.encode)


def _found(corpus: Corpus, k: int | None) -> tuple[list[list[str]], float]:
    """Return the words of each topic, and the share of the posts that are in the outlier pool."""
    from sklearn.feature_extraction.text import CountVectorizer

    said = dict(zip(corpus.posts.texts, corpus.documents, strict=True))
    counter = CountVectorizer(analyzer=said.__getitem__, vocabulary=corpus.vocabulary)
    at = model.placed(corpus.posts, k=k)
    holds = counter.fit_transform(corpus.posts.texts)
    found = ranked(holds, corpus.vocabulary, at.found.labels, top=WORDS)
    words_of = [[word for word, _ in found[number]] for number in sorted(found)]
    return words_of, float(np.mean(at.found.labels < 0))


def by_bertopic(documents: Sequence[Sequence[str]], rows: Rows, seed: int) -> Model:
    """Return what BERTopic finds in a process of its own."""
    answered = bertopics.found(documents, rows, SIZES, seed)
    share, seconds = answered["outlier_share"], answered["seconds"]
    return Model(answered["sizes"], answered["auto"], share, {"seconds": seconds})


def figures(found: Model, seen: Together, whole: Together) -> Figures:
    """Return the figures of a model: means over SIZES, and of its own number of topics."""
    return {
        "npmi": float(np.mean([coherence.npmi(topics, seen) for topics in found.sizes])),
        "npmi_document": float(np.mean([coherence.npmi(topics, whole) for topics in found.sizes])),
        "diversity": float(np.mean([coherence.diversity(topics) for topics in found.sizes])),
        "outlier_share": found.outlier_share,
        "k": float(np.mean([len(topics) for topics in found.sizes])),
        **found.seconds,
        "npmi_auto": coherence.npmi(found.auto, seen),
        "npmi_document_auto": coherence.npmi(found.auto, whole),
        "diversity_auto": coherence.diversity(found.auto),
        "k_auto": len(found.auto),
    }


def _column(options: Options) -> str:
    first = records(options.path(), (), 1)[0]
    for column in ("text", "tokens"):
        if column in first:
            return column
    columns = ", ".join(sorted(first)) or "nothing"
    raise BadArchive(f"{options.path()} has columns {columns}; wanted text or tokens")


def _text(row: dict[str, Any], column: str) -> str:
    text = str(row[column])
    return text if column == "tokens" else plain(text).text


def _codes(values: Sequence[Any]) -> Labels:
    """Number values; each None, such as a post without a thread, is a value of its own."""
    numbers: dict[Any, int] = {}
    for place, value in enumerate(values):
        numbers.setdefault((place,) if value is None else value, len(numbers))
    return np.array(
        [numbers[(place,) if value is None else value] for place, value in enumerate(values)],
        dtype=np.int64,
    )
