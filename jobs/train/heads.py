"""`train sentiment|emotion|hostility|intent`: a head of one's own, from labels of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from jobs.evaluate.labelled import Labelled, labelled
from jobs.train.lessons import own
from nlp.judgements import layers, teach
from nlp.judgements.head import Head, write
from nlp.judgements.labels import TASKS
from nlp.judgements.panel import PACKAGED, own_heads, reader_folder
from nlp.judgements.reader import Reader
from service.errors import InvalidInput

# Fewer labels than this cannot even tell whether they help.
FEWEST = 20
Log = Callable[[str], None]


def train(
    task: str,
    data: Sequence[Path],
    people: Labelled | None,
    folder: Path,
    *,
    heads: Path | None = None,
    seed: int = 0,
    log: Log = lambda line: None,
) -> Path:
    """Teach the packaged head by labelled files, and by people's corrections; return its path.

    It always begins with the packaged one: a head that has learned some of these labels would be
    sure of them. Corrections are mostly the errors that people saw. They are therefore learned
    among the examples of our own writing, and neither how common labels are nor which is chosen in
    doubt is taken from them.
    The new head and its card are written into `folder`. Raise BadArchive for a file of another
    kind, and InvalidInput where there are fewer than FEWEST labels.
    """
    given = [labelled(path, task, None) for path in data] + ([people] if people else [])
    count = sum(len(one.texts) for one in given)
    if count < FEWEST:
        raise InvalidInput(
            f"{count} labels of {task} are too few: give --data, or correct posts, up to {FEWEST}"
        )
    reader = layers.load(reader_folder(heads))
    start = packaged(heads, task)
    given += [replayed(task)] if people else []
    log(f"{count:,} labelled texts")
    head = taught(start, given, reader, seed)
    kept = start.card if people else head.card
    card = replace(
        head.card,
        prior=kept.prior,
        lean=kept.lean,
        version=f"{task}-{_digest(given)}",
        about=_about(task, data, people, count, seed, head.card.about),
    )
    path = write(Head(card, head.weights), folder)
    log(f"cross-validated log loss {card.about['held_out']['log_loss']}")
    return path


def packaged(heads: Path | None, task: str) -> Head:
    """Return the head that teaching begins with: that which came with the layers in force."""
    folder = reader_folder(heads)
    return own_heads(None if folder == PACKAGED else folder, [task])[task]


def replayed(task: str) -> Labelled:
    """Return the examples of our own writing, so that a few corrections do not make all forget."""
    labels = TASKS[task]
    found = own()
    return Labelled(
        task,
        [lesson.plain for lesson in found],
        tuple((label,) for label in labels),
        [labels.index(lesson.given[task][0]) for lesson in found],
        [""] * len(found),
    )


def taught(start: Head, lessons: Sequence[Labelled], reader: Reader, seed: int) -> Head:
    """Return a head taught by the lessons; its card says how well, by cross-validation."""
    features = reader.features([text for some in lessons for text in some.texts]).mean()
    known = np.vstack([some.targets() for some in lessons])
    return teach.teach(features, known, start, teach.Plan(seed=seed))


def _about(
    task: str,
    data: Sequence[Path],
    people: Labelled | None,
    count: int,
    seed: int,
    figures: dict[str, Any],
) -> dict[str, Any]:
    files = "".join(f"--data {path.name} " for path in data)
    return {
        **figures,
        "command": f"groundswell train {task} {files}--seed {seed}",
        "seed": seed,
        "date": datetime.now(UTC).date().isoformat(),
        "data": [{"name": path.name, "source": "a file of one's own"} for path in data]
        + ([{"name": "people's corrections", "texts": len(people.texts)}] if people else []),
        "licence": "as the data that it learned from",
        "texts": count,
    }


def _digest(lessons: Sequence[Labelled]) -> str:
    """Return a short hash of what was learned from: the same labels, the same version."""
    held = sha256()
    for some in lessons:
        for text, number in zip(some.texts, some.gold, strict=True):
            label = "/".join(some.groups[number])
            held.update(f"{label}\n{text}\0".encode("utf-8", "replace"))
    return held.hexdigest()[:12]
