"""Fine-tunes the packaged encoder on many judgements at once: one second pass serves every head.

All transformer layers learn, the word embeddings stay. Each batch holds texts of like length of
whatever tasks; a text teaches the heads that it has labels of. A label that a data set did not ask
about takes no part in the loss of its texts, and a coarse label is the sum of the finer ones that
it covers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.labels import TRUE, UNASKED, Targets

Floats = NDArray[np.float32]
Log = Callable[[str], None]
# Steps between two that are averaged.
APART = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """How the layers are tuned. `rate` rises over the first tenth and falls to zero.

    Weights are the mean of those of the last steps, a share `settled` of all (stochastic weight
    averaging, Izmailov et al. 2018); 0: those of the last step.
    """

    rate: float = 6e-5
    batch: int = 32
    max_tokens: int = 128
    dropout: float = 0.1
    decay: float = 0.01
    settled: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Lessons:
    """Texts to learn from: `targets` and `weights` by task; `repeats` passes over each text."""

    texts: Sequence[str]
    targets: Mapping[str, Targets]
    weights: Mapping[str, Floats]
    repeats: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tuned:
    """The tuned transformer, and by task the weights [dimensions, labels] and bias [labels]."""

    model: Any
    heads: dict[str, tuple[Floats, Floats]]


def tune(
    model: Any,
    tokenizer: Any,
    lessons: Lessons,
    plan: Plan,
    log: Log,
    *,
    start: Mapping[str, tuple[Floats, Floats]] | None = None,
) -> Tuned:
    """Return the transformer with all its layers taught, and a head for each task.

    `start` are weights and bias that a task's head begins with; left out, it begins anew.
    """
    import torch

    torch.manual_seed(plan.seed)
    model.train()
    model.embeddings.requires_grad_(False)
    size = model.config.hidden_size
    heads = torch.nn.ModuleDict(
        {task: torch.nn.Linear(size, rows.shape[1]) for task, rows in lessons.targets.items()}
    )
    for task, (weights, bias) in (start or {}).items():
        heads[task].weight.data = torch.from_numpy(weights.T.astype(np.float32).copy())
        heads[task].bias.data = torch.from_numpy(bias.astype(np.float32).copy())
    tokens = tokenizer(list(lessons.texts), truncation=True, max_length=plan.max_tokens)
    order = schedule([len(ids) for ids in tokens["input_ids"]], lessons.repeats, plan)
    learned = [p for p in (*model.parameters(), *heads.parameters()) if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=plan.rate, weight_decay=plan.decay, fused=True)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, _slope(len(order)))
    losses: list[float] = []
    mean, first = _Mean(learned), round(len(order) * (1 - plan.settled))
    for step, rows in enumerate(order):
        batch = tokenizer.pad(
            {"input_ids": [tokens["input_ids"][row] for row in rows]}, return_tensors="pt"
        )
        vectors = torch.nn.functional.dropout(pooled(model, batch), plan.dropout)
        loss = _loss(heads, vectors, lessons, rows)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        rates.step()
        losses.append(loss.item())
        if step >= first and step % APART == 0:
            mean.add()
        if (step + 1) % 200 == 0:
            log(f"step {step + 1:,} of {len(order):,}: loss {np.mean(losses[-200:]):.3f}")
    mean.put()
    model.eval()
    return Tuned(model, {task: _numbers(heads[task]) for task in lessons.targets})


class _Mean:
    """The mean of parameters at the steps at which they were added."""

    def __init__(self, parameters: Sequence[Any]) -> None:
        self._parameters = parameters
        self._sums: list[Any] = []
        self._count = 0

    def add(self) -> None:
        if not self._count:
            self._sums = [held.detach().clone() for held in self._parameters]
        else:
            for total, held in zip(self._sums, self._parameters, strict=True):
                total.add_(held.detach())
        self._count += 1

    def put(self) -> None:
        """Set the parameters to their mean; where none was added they stay."""
        for total, held in zip(self._sums, self._parameters, strict=False):
            held.data.copy_(total / self._count)


def pooled(model: Any, batch: Any) -> Any:
    """Return the mean of the word pieces' states, a float32 tensor [n, dimensions]."""
    import torch

    with torch.autocast("cpu", torch.bfloat16):
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None].float()
    return (states.float() * mask).sum(1) / mask.sum(1).clamp(min=1)


def schedule(lengths: Sequence[int], repeats: NDArray[np.int64], plan: Plan) -> list[list[int]]:
    """Return the batches of all passes: shuffled, but texts of like length together."""
    random = np.random.default_rng(plan.seed)
    rows = random.permutation(np.repeat(np.arange(len(lengths)), repeats))
    sizes = np.asarray(lengths)
    batches: list[list[int]] = []
    for start in range(0, len(rows), 50 * plan.batch):
        near = rows[start : start + 50 * plan.batch]
        near = near[np.argsort(sizes[near], kind="stable")]
        batches += [near[at : at + plan.batch].tolist() for at in range(0, len(near), plan.batch)]
    return [batches[place] for place in _near_shuffle(len(batches), random)]


def _near_shuffle(count: int, random: np.random.Generator) -> list[int]:
    places: list[int] = []
    for start in range(0, count, 50):
        places += random.permutation(np.arange(start, min(start + 50, count))).tolist()
    return places


def _slope(steps: int) -> Callable[[int], float]:
    warm = max(1, steps // 10)
    return lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))


def _loss(heads: Any, vectors: Any, lessons: Lessons, rows: list[int]) -> Any:
    """Return the mean over texts of what each of their labels costs."""
    import torch

    total = torch.zeros(())
    for task, head in heads.items():
        known = torch.from_numpy(lessons.targets[task][rows])
        labelled = (known == TRUE).any(1)
        if not labelled.any():
            continue
        scores = head(vectors[labelled])
        known = known[labelled]
        asked = scores.masked_fill(known == UNASKED, -1e9).logsumexp(1)
        true = scores.masked_fill(known != TRUE, -1e9).logsumexp(1)
        weights = torch.from_numpy(lessons.weights[task][rows])[labelled]
        total = total + ((asked - true) * weights).sum()
    return total / len(rows)


def _numbers(head: Any) -> tuple[Floats, Floats]:
    return (
        head.weight.detach().numpy().T.astype(np.float32),
        head.bias.detach().numpy().astype(np.float32),
    )
