"""`judge` and `correct`: what a text says between the lines, and what people say of a post."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from jobs import output
from jobs.commands.context import ACTOR, Json, clock, opened
from nlp.judgements.panel import Verdicts
from nlp.judgements.reading import parts, reading
from nlp.text import plain
from service.judgements import Given, hostility
from service.judgements import correct as write_down
from service.settings import load

LEAST_SHOWN = 0.05


def judge(
    text: Annotated[
        list[str] | None, typer.Argument(help="Texts; left out, standard input is one.")
    ] = None,
    json: Json = False,
) -> None:
    """Say what texts say between the lines, as a run would of posts with these words."""
    from jobs.judges import panel

    given = text or [sys.stdin.read()]
    words = [plain(one).text for one in given]
    found = panel(load()).judge(words)
    told: list[dict[str, Any]] = [
        {
            "parts": len(parts(reading(one))),
            **{task: _told(said, row) for task, said in found.items()},
        }
        for row, one in enumerate(words)
    ]
    if json:
        output.print_json({"data": told})
        return
    for one, row in zip(words, told, strict=True):
        output.say(_cut(one))
        for task in found:
            output.say(f"  {task:>10}  {_line(row[task])}")
        if row["parts"] > 1:
            output.say(f"  judged in {row['parts']} parts")


def correct(
    post: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Number of a post.")],
    task: Annotated[str, typer.Argument(help="sentiment, emotion, hostility, intent or language.")],
    label: Annotated[str, typer.Argument(help="What it is; the model's own label confirms it.")],
    note: Annotated[str | None, typer.Option(help="Why, in at most 500 characters.")] = None,
) -> None:
    """Give a post the label that it should have: it wins over every model; `train` learns it."""
    with opened() as context, context.database.write() as session:
        written = write_down(session, post, Given(task, label, note), clock(), ACTOR)
    output.say(f"post {post}: {task} is {label}" + ("" if written else ", as it was"))


def _told(said: Verdicts, row: int) -> dict[str, Any]:
    shares = dict(zip(said.card.labels, said.probabilities[row].tolist(), strict=True))
    sure = float(said.confidence[row])
    score, aimed = hostility(said.card.task, sure, shares)
    return {
        "label": said.label(row),
        "confidence": round(sure, 4),
        "score": score,
        "aimed_at_person": aimed,
        "probabilities": {name: round(part, 4) for name, part in shares.items() if part >= 0.0001},
        "model": said.card.name,
        "version": said.card.version,
    }


def _line(told: dict[str, Any]) -> str:
    label = told["label"] or "no label: too little is said, or another language, or in doubt"
    rest = sorted(told["probabilities"].items(), key=lambda pair: -pair[1])
    shown = ", ".join(f"{name} {share:.2f}" for name, share in rest if share >= LEAST_SHOWN)
    return f"{label}  ({shown})" if shown else label


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
