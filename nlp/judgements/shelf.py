"""Where heads and tuned layers lie: in a folder of one's own, else in the packaged one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.errors import DamagedHead
from nlp.judgements import head as heads
from nlp.judgements import layers
from nlp.judgements.head import Head
from nlp.judgements.labels import TASKS
from nlp.judgements.layers import SHARED

PACKAGED = Path(__file__).parent.parent / "heads"


@dataclass(frozen=True, slots=True)
class Layers:
    """Tuned layers by the folder and the name that they lie under."""

    folder: Path
    stem: str = SHARED


@dataclass(frozen=True, slots=True)
class Shelved:
    """A head and the layers that it was trained on."""

    head: Head
    layers: Layers


def own_stem(task: str, mark: str = "") -> str:
    """Return the name of layers that one task has for itself; `mark` tells them from others."""
    return f"{task}-{SHARED}-{mark}"


def find(folder: Path | None, tasks: Sequence[str] = tuple(TASKS)) -> dict[str, Path]:
    """Return the folder of each task's head: one's own where it holds one, else the packaged."""
    return {task: folder if folder and _holds(folder, task) else PACKAGED for task in tasks}


def _holds(folder: Path, task: str) -> bool:
    """Return whether a head lies there; half a one is no reason to take another."""
    return any((folder / f"{task}.{ending}").is_file() for ending in ("npz", "json"))


def shared_layers(folder: Path | None) -> Layers:
    """Return the layers that all heads share: one's own where there are some, else the packaged."""
    return Layers(folder if folder and (folder / layers.CARD).is_file() else PACKAGED)


def shelved(folder: Path | None, tasks: Sequence[str]) -> dict[str, Shelved]:
    """Return the heads of these tasks, each with its layers.

    Raises DamagedHead, naming the file, for one that is broken or whose layers are not there.
    """
    return {
        task: Shelved(head := heads.read(place, task), _layers_of(head, place))
        for task, place in find(folder, tasks).items()
    }


def _layers_of(head: Head, place: Path) -> Layers:
    task, wanted = head.card.task, head.card.reader
    own = [Layers(place, path.stem) for path in sorted(place.glob(f"{own_stem(task)}*.json"))]
    keys = []
    for one in (*own, Layers(place), Layers(PACKAGED)):
        if (one.folder / f"{one.stem}.json").is_file():
            keys.append(layers.read_card(one.folder, one.stem).key)
            if keys[-1] == wanted:
                return one
    raise DamagedHead(
        f"{place / task}.npz was trained on the tuned layers {wanted}, and there are "
        f"{', '.join(keys) or 'none'}: train it again"
    )
