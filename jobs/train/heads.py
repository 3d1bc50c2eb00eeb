"""`train sentiment|emotion|hostility|intent`: a head of one's own, from labels of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from jobs.evaluate.labelled import Labelled, labelled
from jobs.train.lessons import own, talk
from nlp.judgements import layers, teach
from nlp.judgements.deepen import LEAST, deepen
from nlp.judgements.head import Head, write
from nlp.judgements.labels import TASKS
from nlp.judgements.reader import Reader
from nlp.judgements.shelf import PACKAGED, Shelved, own_stem, shared_layers, shelved
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

    It begins with the head that came with the layers in force. Corrections are mostly the errors
    that people saw. They are therefore learned among the examples of our own writing, and neither
    how common labels are nor which is chosen in doubt is taken from them.
    The new head and its card are written into `folder`. Raise BadArchive for a file of another
    kind, and InvalidInput where there are fewer than FEWEST labels.
    """
    # What a person says of a text wins over what a file says.
    given = ([people] if people else []) + [labelled(path, task, None) for path in data]
    count = sum(len(one.texts) for one in given)
    if count < FEWEST:
        raise InvalidInput(
            f"{count} labels of {task} are too few: give --data, or correct posts, up to {FEWEST}"
        )
    start = beginning(heads, task)
    log(f"{count:,} labelled texts")
    lessons = given + ([replayed(task)] if people else [])
    found = taught(start, lessons, deep=many(given), seed=seed, log=log)
    head = found.head
    kept = start.head.card if people else head.card
    version = f"{task}-{_digest(given)}"
    about = _about(task, data, people, count, seed, head.card.about)
    card = replace(head.card, prior=kept.prior, lean=kept.lean, version=version, about=about)
    path = _put(Taught(Head(card, head.weights), found.reader, found.model), folder)
    log(f"cross-validated log loss {card.about['held_out']['log_loss']}")
    return path


def beginning(heads: Path | None, task: str) -> Shelved:
    """Return the head that teaching begins with: that which came with the layers in force."""
    place = shared_layers(heads)
    return shelved(None if place.folder == PACKAGED else place.folder, [task])[task]


def replayed(task: str) -> Labelled:
    """Return the examples of our own writing, so that a few corrections do not make all forget."""
    labels = TASKS[task]
    found = own() + talk()
    return Labelled(
        task,
        [lesson.plain for lesson in found],
        tuple((label,) for label in labels),
        [labels.index(lesson.given[task][0]) for lesson in found],
        [""] * len(found),
    )


@dataclass(frozen=True, slots=True)
class Taught:
    """A head, the reader that it goes with, and the transformer where that was taught as well."""

    head: Head
    reader: Reader
    model: Any = None


def taught(
    start: Shelved, lessons: Sequence[Labelled], *, deep: bool, seed: int, log: Log
) -> Taught:
    """Return a head taught by the lessons, and if `deep` the layers below it.

    Texts that are there twice are learned once: they would look surer than new ones do.
    """
    every = [text for some in lessons for text in some.texts]
    rows, _ = distinct(every)
    texts, known = [every[row] for row in rows], np.vstack([s.targets() for s in lessons])[rows]
    place = start.layers
    if deep:
        model, tokenizer = layers.transformer(place.folder, place.stem)
        found = deepen(model, tokenizer, texts, known, start.head, seed=seed, log=log)
        return Taught(found.head, found.reader, found.model)
    reader = layers.load(place.folder, place.stem)
    features = reader.features(texts).mean()
    return Taught(teach.teach(features, known, start.head, teach.Plan(seed=seed)), reader)


def many(lessons: Sequence[Labelled]) -> bool:
    """Return whether there are labels enough to teach the layers as well."""
    return len(distinct([text for some in lessons for text in some.texts])[0]) >= LEAST


def distinct(texts: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return the row that each distinct text is first in, and by row the number of its text."""
    number: dict[str, int] = {}
    first: list[int] = []
    owner: list[int] = []
    for row, text in enumerate(texts):
        key = " ".join(text.split())
        if key not in number:
            number[key] = len(first)
            first.append(row)
        owner.append(number[key])
    return first, owner


def _put(found: Taught, folder: Path) -> Path:
    """Write a head, its layers first where they were taught, and return its path.

    The head names its layers and is written last, so that whoever reads it finds them; those of
    an earlier head go after that.
    """
    card = found.head.card
    stem = own_stem(card.task, card.version.rpartition("-")[2])
    if found.model is not None:
        key = layers.write(found.model, folder, f"reader-{card.version}", card.about, stem).key
        card = replace(card, reader=key)
    path = write(Head(card, found.head.weights), folder)
    for old in folder.glob(f"{own_stem(card.task)}*"):
        if found.model is None or old.stem != stem:
            old.unlink()
    return path


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
