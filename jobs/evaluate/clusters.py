"""`evaluate clusters`: whether texts that people put together are found together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from nlp.text import plain
from nlp.topics import clusters
from nlp.topics.clusters import Labels, Rows
from nlp.topics.lexical import lexical
from service.errors import BadArchive, InvalidInput

# What the data sets call the class of a text.
COLUMNS = ("intent", "label", "newsgroup")
# Texts as alike as this are taken for one subject by the baseline of a threshold.
ALIKE = 0.6
FEWEST = 50
PUBLISHED = {
    "banking77": {
        "ClusterLLM (Instructor and ChatGPT)": {
            "accuracy": 0.71,
            "nmi": 0.85,
            "source": "Zhang et al. 2023, https://aclanthology.org/2023.emnlp-main.858",
        }
    },
    "stackoverflow_short": {
        "SCCL (fine-tuned)": {
            "accuracy": 0.755,
            "nmi": 0.745,
            "source": "Zhang et al. 2021, https://aclanthology.org/2021.naacl-main.427",
        }
    },
}


def evaluate(options: Options) -> Evaluation:
    """Cluster labelled texts into as many clusters as there are labels, and into as many as found.

    `accuracy`, `nmi` and `ari` are of vectors and words side by side; `*_by_vectors` are of the
    clusters that topics begin with, where words help to find the centroids and vectors alone say
    which text belongs to which, as new posts are placed without a look at their words.
    Texts go in by the order of their hashes, as posts do: that of the file, which may go by
    label, helps nobody.
    """
    texts, gold = labelled(options)
    encoder = load_encoder(options.settings)
    options.log(f"encoding {len(texts):,} texts")
    rows = encoder.encode(texts)
    k = int(gold.max()) + 1
    options.log(f"clustering into {k} and into as many as there seem to be")
    ours, seconds = timed(lambda: clusters.partition(rows, k, texts))
    auto = clusters.partition(rows, texts=texts)
    centroids = clusters.refine(rows, clusters.seeds(rows, k, texts))
    placed = likeness(gold, clusters.nearest(rows, centroids)[0])
    means, means_seconds = timed(lambda: k_means(rows, k, options.seed))
    figures = likeness(gold, ours) | {
        **{f"{name}_by_vectors": value for name, value in placed.items()},
        "nmi_auto": likeness(gold, auto)["nmi"],
        "k_auto": len(np.unique(auto)),
        "seconds": seconds,
    }
    led = leaders(rows, ALIKE)
    by_words = k_means(lexical(texts, k), k, options.seed)
    path = options.path()
    return Evaluation(
        name="clusters",
        data=str(path),
        n=len(texts),
        metrics=rounded(figures),
        baselines={
            "k-means": rounded(likeness(gold, means) | {"seconds": means_seconds}),
            "k-means on words alone": rounded(likeness(gold, by_words)),
            f"cosine of {ALIKE} to a first text": rounded(
                likeness(gold, led) | {"k_auto": len(np.unique(led))}
            ),
        },
        versions=versions("scikit-learn", "scipy", **encoder_versions(encoder)),
        seconds=round(seconds, 1),
        published=PUBLISHED.get(path.resolve().parent.name, {}),
    )


def labelled(options: Options) -> tuple[list[str], Labels]:
    """Return plain texts in the order of their hashes and the number of each one's label.

    Raises BadArchive for a file without a column of labels, and InvalidInput where too few texts
    are left or all have one label.
    """
    rows = records(options.path(), ("text",), options.limit)
    column = next((name for name in COLUMNS if name in rows[0]), None)
    if column is None:
        found = ", ".join(sorted(rows[0]))
        raise BadArchive(
            f"{options.path()} has columns {found}; wanted text and one of {', '.join(COLUMNS)}"
        )
    rows = records(options.path(), ("text", column), options.limit)
    given = [(plain(str(row["text"])).text, str(row[column])) for row in rows]
    said = sorted((pair for pair in given if pair[0].strip()), key=lambda pair: own_place(pair[0]))
    names, gold = np.unique([label for _, label in said], return_inverse=True)
    if len(said) < FEWEST or len(names) < 2:
        raise InvalidInput(
            f"{len(said)} texts of {len(names)} labels are too few to cluster: "
            f"give at least {FEWEST} of two"
        )
    return [text for text, _ in said], gold.astype(np.int64)


def likeness(gold: Labels, found: Labels) -> Figures:
    """Return accuracy by the best one-to-one matching, NMI (arithmetic mean) and ARI."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    table = np.zeros((int(gold.max()) + 1, int(found.max()) + 1), dtype=np.int64)
    np.add.at(table, (gold, found), 1)
    matched = table[linear_sum_assignment(table, maximize=True)].sum()
    return {
        "accuracy": float(matched / len(gold)),
        "nmi": float(normalized_mutual_info_score(gold, found)),
        "ari": float(adjusted_rand_score(gold, found)),
    }


def k_means(rows: Rows, k: int, seed: int) -> Labels:
    """Return what scikit-learn's k-means finds, the best of ten starts."""
    from sklearn.cluster import KMeans

    found: NDArray[Any] = KMeans(k, n_init=10, random_state=seed).fit_predict(rows)
    return found.astype(np.int64)


def leaders(rows: Rows, alike: float) -> Labels:
    """Return clusters where each text joins the likest first text, or is the first of a new one."""
    first = np.empty_like(rows)
    labels = np.empty(len(rows), dtype=np.int64)
    count = 0
    for number, row in enumerate(rows):
        scores = first[:count] @ row
        best = int(scores.argmax()) if count else -1
        if best < 0 or scores[best] < alike:
            first[count], best, count = row, count, count + 1
        labels[number] = best
    return labels
