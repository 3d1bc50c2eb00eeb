"""Conversations that are known to have derailed, or not, as turns of plain text.

Read are Conversations Gone Awry as distributed for forecasting (`context`, `label`) and threads of
GitHub with their first toxic comment (`comments`, `group`, `first_toxic_seq`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jobs import judges
from jobs.evaluate.result import records
from nlp.heat import UNKNOWN, Turn
from nlp.heat.turns import READ
from nlp.judgements.panel import Verdicts
from nlp.text import plain
from service.errors import BadArchive
from service.settings import Settings

DERAILED, CALM = "derailed_toxic", "non_toxic"
BATCH = 512
# Fewer words in common are no quote.
FEWEST = 3
_QUOTE = re.compile(r"& ?gt ;")
FILES = ("*.jsonl", "*.jsonl.gz")
# Texts that were cut into word pieces are put together again, as far as that can be told.
_PIECES = (
    (re.compile(r"& ?amp ;"), "&"),
    (re.compile(r"& ?lt ;"), "<"),
    (re.compile(r" (?=[,.;:!?%)\]])"), ""),
    (re.compile(r"(?<=[(\[]) "), ""),
    (re.compile(r" ' (?=(?:s|re|t|ve|ll|d|m)\b)"), "'"),
    (re.compile(r'" ([^"]*) "'), r'"\1"'),
    (re.compile(r"(?<=\w) - (?=\w)"), "-"),
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Talk:
    """What is shown of one conversation, and whether it derails after that.

    `free` is whether it may be cut anywhere: where a calm one ends says nothing.
    """

    turns: tuple[Turn, ...]
    label: int
    free: bool = False


def talks(path: Path, limit: int | None = None) -> list[Talk]:
    """Return the conversations of a file, or of all files of a folder, in order.

    Raises BadArchive where a record is of neither kind, or only one label is there.
    """
    paths = sorted(p for glob in FILES for p in path.glob(glob)) if path.is_dir() else [path]
    if not paths:
        raise BadArchive(f"{path} holds no file {' or '.join(FILES)}")
    found = [talk for one in paths for row in records(one, (), limit) for talk in _read(one, row)]
    if len({talk.label for talk in found}) < 2:
        raise BadArchive(f"{path}: conversations that derail and calm ones are both needed")
    return found


def cut(found: Sequence[Talk], seed: int) -> list[int]:
    """Return how many turns of each are shown: of calm threads as many as of some derailed one.

    The lengths are drawn, by the seed, from those of what derails; a thread that is shorter than
    its draw is shown whole.
    """
    lengths = [len(talk.turns) for talk in found if talk.label]
    chance = np.random.default_rng(seed)
    return [
        min(int(chance.choice(lengths)), len(talk.turns)) if talk.free else len(talk.turns)
        for talk in found
    ]


def anonymous(found: Sequence[Talk]) -> list[Talk]:
    """Return conversations without who wrote: text and order of the turns alone."""
    return [
        replace(talk, turns=tuple(replace(turn, who=UNKNOWN) for turn in talk.turns))
        for talk in found
    ]


def judged(settings: Settings, every: Sequence[Sequence[Turn]]) -> list[list[Turn]]:
    """Return turns with what the judges in force say of their texts, each text judged once.

    They stay as they are where no judge is set, or the judge abstains.
    """
    texts = list(dict.fromkeys(turn.text for turns in every for turn in turns))
    if settings.judges == "none" and not judges.external_names(settings):
        return [list(turns) for turns in every]
    panel = judges.panel(settings, tuple(READ))
    shares: dict[str, tuple[float, ...]] = {}
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        verdicts = panel.judge(batch)
        columns = [_share(verdicts[task], labels) for task, labels in READ.items()]
        shares.update(zip(batch, zip(*columns, strict=True), strict=True))
    return [[_with(turn, shares[turn.text]) for turn in turns] for turns in every]


def _share(found: Verdicts, labels: Sequence[str]) -> list[float]:
    """Return the probability of some labels of each text; nan where the judge says nothing."""
    known = [number for number, label in enumerate(found.card.labels) if label in labels]
    shares = found.probabilities[:, known].sum(axis=1)
    open_ = (found.confidence > 0) & bool(known)
    return [float(value) for value in np.where(open_, shares, np.nan)]


def _with(turn: Turn, shares: tuple[float, ...]) -> Turn:
    hostility, negative, anger = shares
    return replace(turn, hostility=hostility, negative=negative, anger=anger)


def _read(path: Path, row: Row) -> list[Talk]:
    """Return the conversation of a record; none where nothing is shown before it derails."""
    if isinstance(row.get("context"), list) and row.get("label") in (0, 1):
        turns = _context([str(text) for text in row["context"]])
        return [Talk(turns, int(row["label"]))] if turns else []
    if isinstance(row.get("comments"), list) and isinstance(row.get("group"), str):
        return _thread(row) if row["group"] in (DERAILED, CALM) else []
    columns = ", ".join(sorted(row)) or "nothing"
    raise BadArchive(f"{path} has columns {columns}; wanted context and label, or comments, group")


def _thread(row: Row) -> list[Talk]:
    derailed = row["group"] == DERAILED
    shown = [one for one in row["comments"] if not derailed or one["seq"] < row["first_toxic_seq"]]
    turns = comments(shown)
    return [Talk(tuple(turns), int(derailed), not derailed)] if turns else []


def comments(rows: Sequence[Row]) -> list[Turn]:
    """Return the comments of a thread as turns, their authors numbered as they come."""
    people: dict[str, int] = {}
    return [
        turn(people.setdefault(str(one.get("author")), len(people)), str(one["text"]))
        for one in rows
    ]


def turn(who: int, text: str) -> Turn:
    """Return a post as a turn: its plain text, whom it names and what it quotes."""
    post = plain(text)
    return Turn(who, post.text, mentions=len(post.mentions), quoted=len(post.quoted))


def _context(texts: Sequence[str]) -> tuple[Turn, ...]:
    """Return turns of texts that lost their lines: what a quote repeats of others is taken out."""
    turns = []
    for number, text in enumerate(texts):
        before = " ".join(texts[:number])
        own, *rest = _QUOTE.split(text)
        said = [_unquoted(piece, before) for piece in rest]
        shown = turn(UNKNOWN, _joined(" ".join([own, *said])))
        turns.append(replace(shown, quoted=len(text) - len(own) - sum(map(len, said))))
    return tuple(turns)


def _unquoted(text: str, before: str) -> str:
    """Return a text without the words at its start that were said before."""
    words = text.split()
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if " ".join(words[:middle]) in before:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[low:]) if low >= FEWEST else " ".join(words)


def _joined(text: str) -> str:
    for pattern, put in _PIECES:
        text = pattern.sub(put, text)
    return text
