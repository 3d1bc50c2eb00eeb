"""The model in force: the shipped weights, or those that verdicts have moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from sqlalchemy.orm import Session

from nlp.heat import HeatModel
from nlp.heat.model import Floats, standard
from service.db.queries import flags, heat_input
from service.insights.heat.learning import LEAST_VERDICTS, Learned, learn

# Weights are learned anew after so many more verdicts, not after each: heat then means the same
# for a while.
MORE = 10


@dataclass(frozen=True, slots=True)
class Scorer:
    """Heat by weights that may have learned; `version` names both what was shipped and learned."""

    model: HeatModel
    learned: Learned | None
    version: str

    @property
    def told(self) -> HeatModel:
        """Return the model whose parts are told as reasons."""
        if self.learned is None:
            return self.model
        return replace(
            self.model,
            version=self.version,
            weights=self.learned.weights,
            bias=self.learned.bias,
        )

    def heat(self, rows: Floats, vector: Floats | None = None) -> Floats:
        """Return the heat of rows of features [n, F] of a thread that is about `vector` [d]."""
        if self.learned is None:
            return self.model.heat(rows)
        table = standard(rows, self.model.mean, self.model.scale)
        vectors = None if vector is None else np.broadcast_to(vector, (len(rows), len(vector)))
        return np.asarray(1 / (1 + np.exp(-self.learned.logit(table, vectors))))


def scorer(session: Session, model: HeatModel, encoder: int | None) -> Scorer:
    """Return the shipped model, or what the first verdicts, counted in tens, have made of it."""
    said = [one for one in flags.verdicts(session) if set(model.names) <= set(one.features)]
    said = said[: len(said) // MORE * MORE]
    if len(said) < LEAST_VERDICTS:
        return Scorer(model, None, model.version)
    rows = np.array([[one.features[name] for name in model.names] for one in said])
    # What was posted after a flag was raised teaches nothing about why it was.
    known = vectors(session, encoder, {one.thread_id: one.post_id for one in said})
    width = len(next(iter(known.values()))) if known else 0
    about = np.array([known.get(one.thread_id, np.zeros(width)) for one in said])
    found = learn(
        standard(rows, model.mean, model.scale),
        np.array([one.confirmed for one in said]),
        [one.reason for one in said],
        about,
        model.weights,
        model.bias,
    )
    if found is None:
        return Scorer(model, None, model.version)
    return Scorer(model, found, f"{model.version}+{len(said)}.{_digest(found)}")


def _digest(found: Learned) -> str:
    """Return what tells learned weights apart: eight hexadecimal digits."""
    directions = [one.direction.round(6) for one in found.likenesses]
    table = [found.weights.round(6), found.likeness_weights.round(6), *directions]
    return blake2b(b"".join(one.tobytes() for one in table), digest_size=4).hexdigest()


def vectors(
    session: Session, encoder: int | None, until: Mapping[int, int | None]
) -> dict[int, Floats]:
    """Return what each thread is about: the unit mean of the vectors of its posts.

    `until` names, by thread, the last post that counts; None: all do.
    """
    if encoder is None or not until:
        return {}
    sums: dict[int, Floats] = {}
    for thread, post, vector in zip(
        *heat_input.vectors(session, encoder, sorted(until)), strict=True
    ):
        last = until[int(thread)]
        if last is None or post <= last:
            own = np.asarray(vector, dtype=np.float64)
            sums[int(thread)] = sums[int(thread)] + own if int(thread) in sums else own
    return {thread: one / max(float(np.linalg.norm(one)), 1e-12) for thread, one in sums.items()}
