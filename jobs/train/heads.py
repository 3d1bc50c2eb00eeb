"""`train sentiment|emotion|hostility|intent`: a head of one's own, from labels of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from shlex import join
from typing import Any

import numpy as np

from jobs.evaluate.labelled import Labelled, labelled
from jobs.train.lessons import own, talk
from nlp.judgements import layers, teach
from nlp.judgements.deepen import LEAST, deepen
from nlp.judgements.features import FeatureReader
from nlp.judgements.head import Head, write
from nlp.judgements.labels import TASKS
from nlp.judgements.reading import reading
from nlp.judgements.shelf import PACKAGED, Shelved, own_stem, shared_layers, shelved
from nlp.judgements.sight import widened
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
    now: datetime,
    heads: Path | None = None,
    seed: int = 0,
    log: Log = lambda line: None,
) -> Path:
    """Teach the packaged head by labelled files, and by people's corrections; return its path.

    It begins with the head that came with the layers in force. Corrections are mostly the errors
    that people saw. They are therefore learned among the examples of our own writing, and neither
    how common labels are nor which is chosen in doubt is taken from them.
    The new head and its card are written into `folder`. Raise BadArchive for a file of another
    kind, and InvalidInput where fewer than FEWEST labels are on texts that say anything.
    """
    # What a person says of a text wins over what a file says.
    given = ([people] if people else []) + [labelled(path, task, None) for path in data]
    count = sum(len(one.texts) for one in given)
    said = sum(bool(reading(text)) for one in given for text in one.texts)
    if said < FEWEST:
        mute = f" ({count - said} more are of texts that say nothing)" if said < count else ""
        raise InvalidInput(
            f"{said} labels of {task} are too few{mute}: "
            f"give --data, or correct posts, up to {FEWEST}"
        )
    start = beginning(heads, task)
    log(f"{count:,} labelled texts")
    lessons = given + ([replayed(task)] if people else [])
    usual = start.head.card.prior if people else ()
    found = taught(start, lessons, deep=many(given), seed=seed, log=log, usual=usual)
    head = found.head
    kept = start.head.card if people else head.card
    version = f"{task}-{_digest(given)}"
    about = _about(task, data, people, count, seed, head.card.about)
    about |= {
        "command": _command(task, data, people, folder, seed),
        "date": now.date().isoformat(),
    }
    card = replace(head.card, prior=kept.prior, lean=kept.lean, version=version, about=about)
    path = _put(Taught(replace(head, card=card), found.reader, found.model), folder)
    log(f"log loss of texts held out {card.about['held_out']['log_loss']}")
    return path


def beginning(heads: Path | None, task: str) -> Shelved:
    """Return the head that teaching begins with: that which came with the layers in force."""
    place = shared_layers(heads)
    found = shelved(None if place.folder == PACKAGED else place.folder, [task])[task]
    # One with layers of its own took the place of the one that came with those that are shared.
    return found if found.layers.stem == layers.SHARED else shelved(None, [task])[task]


def replayed(task: str) -> Labelled:
    """Return the examples of our own writing, so that a few corrections do not make all forget.

    Only those that the tuning never read: the head is surer of the others than of new texts.
    """
    labels = TASKS[task]
    found = [lesson for lesson in own() + talk() if lesson.held]
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
    reader: FeatureReader
    model: Any = None


def taught(
    start: Shelved,
    lessons: Sequence[Labelled],
    *,
    deep: bool,
    seed: int,
    log: Log,
    usual: tuple[float, ...] = (),
) -> Taught:
    """Return a head taught by the lessons, and if `deep` the layers below it.

    `usual` says how common labels are where the lessons do not. Texts that are there twice are
    learned once: they would look surer than new ones do.
    """
    every = [text for some in lessons for text in some.texts]
    rows, _ = distinct(every)
    texts, known = [every[row] for row in rows], np.vstack([s.targets() for s in lessons])[rows]
    place = start.layers
    if deep:
        model, tokenizer = layers.transformer(place.folder, place.stem)
        found = deepen(model, tokenizer, texts, known, start.head, seed=seed, log=log)
        return Taught(found.head, found.reader, found.model)
    reader = widened(layers.load(place.folder, place.stem))
    return Taught(teach.bent(reader.features(texts), known, start.head, usual), reader)


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
    path = write(replace(found.head, card=card), folder)
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
    return {
        **figures,
        "seed": seed,
        "data": [{"name": path.name, "source": "a file of one's own"} for path in data]
        + ([{"name": "people's corrections", "texts": len(people.texts)}] if people else []),
        "licence": "as the data that it learned from",
        "texts": count,
    }


def _command(
    task: str, data: Sequence[Path], people: Labelled | None, folder: Path, seed: int
) -> str:
    """Return the line that makes the head again, with the paths as they were given."""
    files = [word for path in data for word in ("--data", str(path))]
    corrected = "--corrections" if people else "--no-corrections"
    words = ["groundswell", "train", task, *files, corrected, "--out", str(folder)]
    return join([*words, "--seed", str(seed)])


def _digest(lessons: Sequence[Labelled]) -> str:
    """Return a short hash of what was learned from: the same labels, the same version."""
    held = sha256()
    for some in lessons:
        for text, number in zip(some.texts, some.gold, strict=True):
            label = "/".join(some.groups[number])
            held.update(f"{label}\n{text}\0".encode("utf-8", "replace"))
    return held.hexdigest()[:12]
