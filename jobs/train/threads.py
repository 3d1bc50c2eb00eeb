"""`train threads`: the weights of nlp/heads/threads, from annotated chat."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.evaluate.threads import Segment, measure, read
from nlp.threads import VERSION, ThreadModel, link
from nlp.threads.model import WEIGHTS, read_model, write_model
from nlp.threads.train import Annotated, Plan, fit
from service.errors import BadArchive

CARD = "threads.json"
HELD_OUT = 15
THREADS = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """What a card says of where the data are from, and what follows for the weights."""

    data: dict[str, str]
    licence: str
    limit: str


# Of the packaged weights.
UBUNTU = Origin(
    {
        "source": "https://github.com/jkkummerfeld/irc-disentanglement (Ubuntu IRC, annotated)",
        "licence": "CC BY 4.0",
        "citation": "Kummerfeld et al. 2019, https://aclanthology.org/P19-1374",
    },
    "CC BY 4.0, as the data; changed: only weights learned from it are here",
    "English help chat of 2004 to 2018: other languages keep time, turns and names only",
)
OWN = Origin(
    {"source": "a file of one's own"},
    "as the data that the weights were learned from",
    "other communities than that of the data keep time, turns and names at best",
)
Log = Callable[[str], None]


def train(
    data: Path,
    folder: Path,
    *,
    seed: int = 0,
    log: Log = lambda line: None,
    origin: Origin | None = None,
) -> Path:
    """Train on annotated segments, write weights and card into a folder, and return the weights.

    Every tenth segment or so, HELD_OUT in all, is kept out to say how good the model is. `origin`
    is what the card says of the data; left out, they are one's own. Raise BadArchive where there
    are less than two segments.
    """
    import torch

    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    segments = read(data, None)
    if len(segments) < 2:
        raise BadArchive(
            f"{data} has {len(segments)} annotated segment: two are needed, one to "
            "learn from and one to say how well; cut it by the `segment` column"
        )
    kept, held = split(segments)
    plan = Plan(seed=seed)
    model = fit([annotated(segment) for segment in kept], plan, log)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WEIGHTS
    write_model(model, path)
    figures = _figures(held, read_model(path))
    card = describe(data, kept, held, plan, figures, origin or OWN)
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    log(f"held-out segments: {figures}")
    return path


def split(segments: list[Segment]) -> tuple[list[Segment], list[Segment]]:
    """Return segments to train on and, evenly from the file, those to hold out."""
    step = max(len(segments) // HELD_OUT, 2)
    held = segments[step // 2 :: step][:HELD_OUT]
    return [segment for segment in segments if segment not in held], held


def annotated(segment: Segment) -> Annotated:
    """Return the messages of a segment and those whose parents are known."""
    return Annotated(segment.messages, segment.parents)


def _figures(held: list[Segment], model: ThreadModel) -> dict[str, float]:
    found = measure(held, lambda messages, start: link(messages, model, start=start))
    return {name: round(value, 2) for name, value in found.items()}


def describe(
    data: Path,
    kept: list[Segment],
    held: list[Segment],
    plan: Plan,
    figures: dict[str, float],
    origin: Origin,
) -> dict[str, Any]:
    """Return the card that goes with the weights: what they are, from what, and how good."""
    return {
        "name": "threads",
        "version": VERSION,
        "task": "for each message of a channel, the earlier message it answers, or none",
        "data": {
            "file": data.name,
            **origin.data,
        },
        "licence": origin.licence,
        "training": {
            "segments": len(kept),
            "messages": sum(len(annotated(segment).parents) for segment in kept),
            "epochs": [plan.first_epochs, plan.second_epochs],
            "nets": plan.nets,
            "seed": plan.seed,
        },
        "held_out": {"segments": [segment.name for segment in held], "percent": figures},
        "features": [
            "distance and minutes between the two messages",
            "same author; turns of either author, and of others, in between",
            "who names whom, in the two, before, and in between",
            "shared words weighted by inverse document frequency",
            "questions, greetings, links, commands, length and tempo",
            "second look: size, people, words and freshness of the candidate's conversation",
        ],
        "limits": [
            origin.limit,
            "candidates are the 100 messages before; times count by the minute",
            "confidence is the probability of the link, not of the whole conversation",
            "one parent for each message, so that two conversations are never merged later",
        ],
    }
