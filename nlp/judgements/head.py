"""A head: weights that turn a text's features into probabilities of labels, and its card."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nlp.errors import DamagedHead
from nlp.judgements.bend import Bend, restored, tables
from nlp.judgements.cues import names
from nlp.judgements.features import Features, Floats, Weights, logs, softmax
from nlp.judgements.labels import TASKS
from nlp.judgements.pieces import WIDTH

BLOCKS = ("vectors", "cues", "pieces", "bias")
BEND = "bend_"


@dataclass(frozen=True, slots=True)
class HeadCard:
    """What a head is.

    `prior` is how often the labels were in what it learned from, as its probabilities take for
    granted; `lean` weighs them when one is to be named (macro recall and F1 want rare labels
    named sooner); the probabilities stay as they are. `reader` names the tuned layers that its
    vectors come from. `about` is the rest: data, licences, seed, figures, date, limits;
    `sha256` is of the weights' file.
    """

    task: str
    name: str
    version: str
    labels: tuple[str, ...]
    prior: tuple[float, ...]
    lean: tuple[float, ...]
    reader: str
    about: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """A card and the weights that it describes.

    One that was taught may bend towards the texts that it was taught by; it then needs features
    with a sight (nlp.judgements.sight.WideReader).
    """

    card: HeadCard
    weights: Weights
    bend: Bend | None = None

    def probabilities(self, features: Features) -> Floats:
        """Return the probability of each label of each text, float32 [texts, labels].

        Scores of a long text's parts are averaged; of hostility the worst part counts, since one
        insult is not undone by pages of calm. A text in which nothing is said gets the prior.
        """
        found = self._straight(features)
        said = np.unique(features.owner)
        if self.bend is None or not len(said):
            return found
        assert features.sight is not None
        found[said] = np.exp(self.bend.scores(logs(found[said]), features.sight.take(said)))
        return found

    def _straight(self, features: Features) -> Floats:
        found = np.tile(np.array(self.card.prior, dtype=np.float32), (features.texts, 1))
        said = np.unique(features.owner)
        if not len(said):
            return found
        parts = self.weights.scores(features)
        if self.card.task == "hostility":
            found[said] = softmax(parts)[_worst(softmax(parts)[:, 0], features.owner)]
        else:
            starts = np.searchsorted(features.owner, said)
            counts = np.diff(np.append(starts, len(features.owner)))
            sums = np.add.reduceat(parts, starts, axis=0)
            found[said] = softmax((sums / counts[:, None]).astype(np.float32))
        return found

    def choice(self, probabilities: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Return which label is named of each text, int64 [n], and how sure that is, float32 [n].

        Of hostility, whether there is any is decided first, and then its kind: two kinds that
        share what is left must not make an insult look civil. Its sureness is of the first.
        """
        leaning = probabilities * np.array(self.card.lean, dtype=np.float32)
        rows = np.arange(len(probabilities))
        if self.card.task != "hostility":
            chosen = leaning.argmax(axis=1)
            return chosen, probabilities[rows, chosen]
        civil = leaning[:, 0] >= leaning[:, 1:].sum(axis=1)
        chosen = np.where(civil, 0, 1 + leaning[:, 1:].argmax(axis=1))
        sure = np.where(civil, probabilities[:, 0], 1 - probabilities[:, 0])
        return chosen, sure.astype(np.float32)


def _worst(civil: Floats, owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the least civil part of each text."""
    order = np.lexsort((civil, owner))
    first: NDArray[np.bool_] = np.diff(owner[order], prepend=-1) > 0
    worst: NDArray[np.int64] = order[first]
    return worst


def write(head: Head, folder: Path) -> Path:
    """Write the weights (half precision) and the card into a folder; return the weights' path."""
    folder.mkdir(parents=True, exist_ok=True)
    held: dict[str, NDArray[Any]] = {
        name: getattr(head.weights, name).astype(np.float16) for name in BLOCKS[:-1]
    }
    held["bias"] = head.weights.bias.astype(np.float32)
    if head.bend is not None:
        held |= {f"{BEND}{name}": table for name, table in tables(head.bend).items()}
    data = _archive(held)
    path = folder / f"{head.card.task}.npz"
    card = {**asdict(head.card), "sha256": sha256(data).hexdigest()}
    put(path, data)
    put(path.with_suffix(".json"), (json.dumps(card, indent=2) + "\n").encode())
    return path


def put(path: Path, data: bytes) -> None:
    """Write a file so that whoever reads it meets the old one or the new one, whole."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(data)
    os.replace(beside, path)


def read(folder: Path, task: str) -> Head:
    """Return the head of a task that lies in a folder.

    Raises DamagedHead, naming the file, where weights and card do not belong together or do not
    fit this version of Groundswell.
    """
    path = folder / f"{task}.npz"
    card = read_card(folder, task)
    try:
        data = path.read_bytes()
        expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["sha256"]
        if sha256(data).hexdigest() != expected:
            raise DamagedHead(f"{path} is not what its card describes: train it again")
        with np.load(io.BytesIO(data), allow_pickle=False) as saved:
            weights = Weights(*(saved[name].astype(np.float32) for name in BLOCKS))
            bend = _bend(saved)
    except (OSError, ValueError, KeyError, EOFError, ArithmeticError, BadZipFile) as error:
        raise DamagedHead(f"{path} cannot be read: train it again") from error
    _check(path, card, weights, bend)
    return Head(card, weights, bend)


def _bend(saved: Mapping[str, NDArray[Any]]) -> Bend | None:
    held = {name.removeprefix(BEND): saved[name] for name in saved if name.startswith(BEND)}
    return restored(held) if held else None


def read_card(folder: Path, task: str) -> HeadCard:
    """Return the card of a head; raise DamagedHead, naming the file."""
    path = folder / f"{task}.json"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        held = HeadCard(
            task=str(card["task"]),
            name=str(card["name"]),
            version=str(card["version"]),
            labels=tuple(map(str, card["labels"])),
            prior=tuple(map(float, card["prior"])),
            lean=tuple(map(float, card["lean"])),
            reader=str(card["reader"]),
            about=dict(card["about"]),
            sha256=str(card["sha256"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedHead(f"{path} is no card of a head: train it again") from error
    if held.task != task or held.labels != TASKS[task]:
        raise DamagedHead(f"{path} is of other labels than this version judges: train it again")
    return held


def _check(path: Path, card: HeadCard, weights: Weights, bend: Bend | None) -> None:
    labels = len(card.labels)
    fits = (
        weights.pieces.shape == (WIDTH, labels)
        and weights.cues.shape == (len(names()), labels)
        and weights.vectors.shape[1:] == (labels,)
        and weights.bias.shape == (labels,)
        and len(card.prior) == len(card.lean) == labels
        and all(np.isfinite(getattr(weights, name)).all() for name in BLOCKS)
        and (bend is None or bend.fits(len(weights.vectors), len(names()), WIDTH, labels))
    )
    if not fits:
        raise DamagedHead(f"{path} has weights of another shape than this version: train it again")


def _archive(tables: dict[str, NDArray[Any]]) -> bytes:
    """Return an npz; zip members carry no time, so that equal weights are equal bytes."""
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in tables.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(table), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return held.getvalue()
