"""Learning from verdicts: the shipped weights, moved as far as a moderator's decisions ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# With fewer verdicts, or fewer of either kind, the shipped weights stay.
LEAST_VERDICTS = 50
LEAST_OF_EACH = 5
# How far a weight may go from the shipped one: the standard deviation of its prior. The bias is
# free to follow how often this moderator confirms.
LEASH = 0.5
LOOSE = 3.0
ROUNDS = 50
# So many false alarms for one reason make it a feature: likeness to threads dismissed for it.
LEAST_ALIKE = 5


@dataclass(frozen=True, slots=True)
class Likeness:
    """A direction among thread vectors: from what was confirmed to what was dismissed for a reason.

    `direction` is a unit vector [d]; a thread's likeness is its cosine, standardised by `mean` and
    `scale` over the verdicts.
    """

    reason: str
    direction: Floats
    mean: float
    scale: float

    def of(self, vectors: Floats) -> Floats:
        """Return how much like those each thread is, float64 [n]; 0 is usual among flags."""
        return np.asarray((vectors @ self.direction - self.mean) / self.scale)


@dataclass(frozen=True, slots=True)
class Learned:
    """Weights [F] and bias after verdicts, and one more weight for each likeness."""

    weights: Floats
    bias: float
    likenesses: tuple[Likeness, ...]
    likeness_weights: Floats
    verdicts: int

    def logit(self, rows: Floats, vectors: Floats | None = None) -> Floats:
        """Return the log-odds that a moderator confirms, float64 [n].

        `rows` [n, F] are standardised features; without `vectors` [n, d] likeness is left out.
        """
        found = rows @ self.weights + self.bias
        if vectors is not None:
            for likeness, weight in zip(self.likenesses, self.likeness_weights, strict=True):
                found = found + weight * likeness.of(vectors)
        return np.asarray(found)


def learn(
    rows: Floats,
    confirmed: Flags,
    reasons: Sequence[str | None],
    vectors: Floats,
    weights: Floats,
    bias: float,
) -> Learned | None:
    """Return what verdicts on n flags teach; None where there are too few, or too few of a kind.

    `rows` [n, F] are standardised features as of when each flag was raised, `vectors` [n, d] what
    its thread was about, `reasons` why it was dismissed; `weights` and `bias` are the shipped ones.
    Logistic regression with a normal prior around them (MAP; Bishop 2006, section 4.5).
    """
    yes = int(confirmed.sum())
    if len(rows) < LEAST_VERDICTS or min(yes, len(rows) - yes) < LEAST_OF_EACH:
        return None
    alike = likenesses(vectors, confirmed, reasons)
    more = [likeness.of(vectors)[:, None] for likeness in alike]
    table = np.hstack([rows, *more, np.ones((len(rows), 1))])
    count = rows.shape[1]
    prior = np.concatenate([weights, np.zeros(len(alike)), [bias]])
    spread = np.full(len(prior), LEASH)
    spread[count:-1] = 2 * LEASH
    spread[-1] = LOOSE
    found = _map(table, confirmed.astype(np.float64), prior, spread)
    return Learned(found[:count], float(found[-1]), alike, found[count:-1], len(rows))


def likenesses(
    vectors: Floats, confirmed: Flags, reasons: Sequence[str | None]
) -> tuple[Likeness, ...]:
    """Return a likeness for each reason that enough flags were dismissed for, by name."""
    if not vectors.size or not confirmed.any():
        return ()
    heated = _unit(vectors[confirmed].mean(axis=0))
    named = np.array([reason or "" for reason in reasons])
    found = []
    for reason in sorted({*named[~confirmed].tolist()} - {""}):
        own = (named == reason) & ~confirmed
        if own.sum() < LEAST_ALIKE:
            continue
        direction = _unit(_unit(vectors[own].mean(axis=0)) - heated)
        told = vectors @ direction
        found.append(Likeness(reason, direction, float(told.mean()), max(float(told.std()), 1e-6)))
    return tuple(found)


def _map(table: Floats, truth: Floats, prior: Floats, spread: Floats) -> Floats:
    """Return the weights of most posterior probability, by Newton's method."""
    weights = prior.copy()
    precision = 1 / spread**2
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (truth - chance) - precision * (weights - prior)
        curve = (table * (chance * (1 - chance))[:, None]).T @ table + np.diag(precision)
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12))
