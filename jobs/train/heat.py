"""`train heat`: the weights of nlp/heads/heat, from threads that are known to have derailed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from jobs.evaluate.talks import Talk, cut, judged, talks
from nlp.heat import NAMES, HeatModel, fit, prefixes
from nlp.heat.beginning import BEGUN, BY_HAND, beginning
from nlp.heat.features import LENGTH, OPENING
from nlp.heat.model import STRENGTH, WEIGHTS, Floats, ways, write_model
from service.settings import Settings

# Calm threads are cut so many times, each elsewhere, so that no one place decides.
CUTS = 5
# What kind of thread it is, and not what happens in it: elsewhere other kinds are usual.
LEFT_OUT = (*LENGTH, *OPENING)
# By the SHA-256 of a file.
ORIGINS = {
    "a9ce47be4a4bb4acdf229f742dc51cfb1c15dfde5dd2d906454672187b665b7c": {
        "name": "Conversation derailment on GitHub, half A",
        "source": "https://github.com/imranraad07/derailment-oss-replication",
        "licence": "MIT, as the data",
        "citation": "Imran et al. 2025, https://arxiv.org/abs/2503.02191",
    }
}
OWN = {
    "name": "one's own",
    "source": "a file of one's own",
    "licence": "as the data that the weights were learned from",
}
LIMITS = (
    "English: of other languages only turns, people, times and punctuation are seen",
    "learned from few threads of one place: other communities quarrel otherwise",
    "heat is among as many derailing threads as calm ones: where few derail, far fewer do",
    "features set by hand wait for the verdicts of moderators",
    "irony, banter among friends and what is known outside of the thread are missed",
)
Log = Callable[[str], None]


def train(
    data: Path,
    folder: Path,
    *,
    settings: Settings,
    now: datetime,
    seed: int = 0,
    log: Log = lambda line: None,
) -> Path:
    """Train on conversations, write weights and card as one file into a folder, return its path.

    Length, and how a thread opens, are left out: they tell sources apart as much as quarrels.
    Raise BadArchive where a record is of another kind.
    """
    found = talks(data)
    log(f"{len(found):,} conversations")
    read = judged(settings, [talk.turns for talk in found])
    curves = [prefixes(turns) for turns in read]
    model = fitted(found, curves, seed)
    model = replace(model, version=f"heat-{now:%Y%m%d}-{_digest(model)}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WEIGHTS
    write_model(model, _card(data, found, seed, now), path)
    return path


def fitted(found: list[Talk], curves: list[Floats], seed: int) -> HeatModel:
    """Return the model of conversations by their rows after every turn, without LEFT_OUT."""
    kept: list[Floats] = []
    labels: list[int] = []
    for number in range(CUTS):
        for talk, rows, shown in zip(found, curves, cut(found, seed + number), strict=True):
            if talk.free or number == 0:
                kept.append(rows[shown - 1])
                labels.append(talk.label)
    table = np.array(kept)
    return fit(
        table,
        labels,
        names=NAMES,
        version="heat",
        prior=beginning(table),
        strength=STRENGTH * len(kept) / len(found),
        signs=ways(NAMES),
        without=(*LEFT_OUT, *BY_HAND),
    )


def _digest(model: HeatModel) -> str:
    """Return what tells weights apart: eight hexadecimal digits."""
    table = np.array([model.mean, model.scale, model.weights]).round(6)
    return sha256(table.tobytes()).hexdigest()[:8]


def learned_digest(data: Path) -> str:
    """Return the SHA-256 of a file, by which a card names it; empty for a folder."""
    return sha256(data.read_bytes()).hexdigest() if data.is_file() else ""


def _card(data: Path, found: list[Talk], seed: int, now: datetime) -> dict[str, Any]:
    digest = learned_digest(data)
    origin = ORIGINS.get(digest, OWN)
    derailed = sum(talk.label for talk in found)
    return {
        "task": "how likely a thread is to turn toxic next, among as many that do as do not",
        "data": [{**origin, "file": data.name, "sha256": digest}],
        "licence": origin["licence"],
        "threads": {"derailed": derailed, "calm": len(found) - derailed},
        "command": f"groundswell train heat --data PATH/{data.name} --out nlp/heads --seed {seed}",
        "seed": seed,
        "date": now.date().isoformat(),
        "strength": STRENGTH,
        "by_hand": {name: weight for name, (weight, _) in BY_HAND.items()},
        "begun_at": BEGUN,
        "left_out": sorted(LEFT_OUT),
        "limits": list(LIMITS),
    }
