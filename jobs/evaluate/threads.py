"""`evaluate threads`: conversations rebuilt from flat chat, against annotated ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from jobs.evaluate import partitions
from jobs.evaluate.result import Evaluation, Figures, Options, records, rounded, timed, versions
from jobs.heads import thread_model, thread_version
from nlp.threads import Link, Message, conversations, link
from service.errors import BadArchive

WANTED = ("id", "segment", "author", "created_at", "text", "annotated")
DAY = 86_400.0
GAP_SECONDS = 300.0
SILENCE_SECONDS = 1_800.0
TABLE_4 = "Kummerfeld et al. 2019, Table 4, Ubuntu test set: https://aclanthology.org/P19-1374"
PUBLISHED = {
    "Kummerfeld 2019 feed-forward": (91.3, 75.6, 34.6, 38.0, 36.2),
    "Kummerfeld 2019 ten votes": (91.5, 76.0, 36.3, 39.7, 38.0),
    "Kummerfeld 2019 linear": (88.9, 69.5, 19.3, 24.9, 21.8),
    "Elsner 2008": (82.1, 51.4, 12.1, 21.5, 15.5),
}

Linker = Callable[[list[Message], int], list[Link]]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a channel; `parents` and `threads` are of the positions that count.

    These are the annotated ones from the longest run of them on. Those that stand apart before
    it were annotated only as parents: what they answer themselves is not known, and the published
    evaluation cuts them off too (tools/format_conversion/graph_to_cluster.py).
    """

    name: str
    messages: list[Message]
    parents: dict[int, int | None]
    threads: dict[int, str]


def evaluate(options: Options) -> Evaluation:
    """Link the messages of each segment and compare the annotated ones' conversations.

    Links of annotated messages alone count, as in the published evaluation.
    """
    segments = read(options.path(), options.limit)
    heads = options.settings.heads_dir
    model = thread_model(heads)
    linkers: dict[str, Linker] = {
        "ours": lambda messages, start: link(messages, model, start=start),
        "gap_rule": gap_rule,
        "previous_message": previous_message,
        "name_rule": name_rule,
    }
    figures, seconds = {}, 0.0
    for name, linker in linkers.items():
        options.log(f"{name}: {len(segments)} segments")
        figures[name], taken = timed(partial(measure, segments, linker))
        seconds += taken
    return Evaluation(
        name="threads",
        data=str(options.path()),
        n=sum(len(segment.threads) for segment in segments),
        metrics=rounded(figures.pop("ours"), 2),
        baselines={name: rounded(found, 2) for name, found in figures.items()},
        versions=versions("numpy", threads=thread_version(heads)),
        seconds=round(seconds, 1),
        published={name: _published(row) for name, row in PUBLISHED.items()},
    )


def _published(row: tuple[float, ...]) -> dict[str, Any]:
    names = ("vi", "one_to_one", "precision", "recall", "f1")
    return {**dict(zip(names, row, strict=True)), "source": TABLE_4}


def measure(segments: Sequence[Segment], linker: Linker) -> Figures:
    """Return the figures of a way of linking, conversations of all segments pooled."""
    truth, found = [], []
    right, ours = set(), set()
    for number, segment in enumerate(segments):
        start = min(segment.threads)
        links = linker(segment.messages, start)
        known = [Link(None, 0.0)] * start + links
        counted = [known[p] if p in segment.threads else Link(None, 0.0) for p in range(len(known))]
        labels = conversations(counted)
        for position, thread in segment.threads.items():
            truth.append((number, thread))
            found.append((number, labels[position]))
            right.add((number, position, segment.parents[position]))
            ours.add((number, position, known[position].parent))
    precision, recall, f1 = partitions.exact(truth, found)
    return {
        "vi": partitions.variation(truth, found),
        "one_to_one": partitions.one_to_one(truth, found),
        "f1": f1,
        "precision": precision,
        "recall": recall,
        "graph_f1": partitions.shared(right, ours)[2],
    }


def read(path: Path, limit: int | None) -> list[Segment]:
    """Return the segments of a file that are annotated somewhere, in the file's order.

    Raises BadArchive where columns or annotations do not fit.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in records(path, WANTED, limit):
        rows.setdefault(str(row["segment"]), []).append(row)
    segments = [_segment(path, name, found) for name, found in rows.items()]
    annotated = [segment for segment in segments if segment.threads]
    if not annotated:
        raise BadArchive(f"{path} has no record with annotated true: take more records of it")
    return annotated


def _segment(path: Path, name: str, rows: list[dict[str, Any]]) -> Segment:
    positions = {str(row["id"]): position for position, row in enumerate(rows)}
    cutoff = _longest_run([bool(row["annotated"]) for row in rows])
    parents: dict[int, int | None] = {}
    threads: dict[int, str] = {}
    for position, row in enumerate(rows):
        if position < cutoff or not row["annotated"]:
            continue
        parent, thread = row.get("parent_id"), row.get("thread_id")
        if thread is None or (parent is not None and str(parent) not in positions):
            raise BadArchive(
                f"{path}: annotated record {row['id']} of {name} has columns parent_id {parent!r} "
                f"and thread_id {thread!r}; wanted a thread_id, and a parent_id in its segment"
            )
        parents[position] = None if parent is None else positions[str(parent)]
        threads[position] = str(thread)
    return Segment(name, _messages(path, rows), parents, threads)


def _longest_run(flags: list[bool]) -> int:
    """Return where the longest run of true flags begins, the first of equal ones."""
    best, begin, length = 0, 0, 0
    for position, flag in enumerate(flags):
        begin = begin if flag else position + 1
        if position + 1 - begin > length:
            best, length = begin, position + 1 - begin
    return best


def _messages(path: Path, rows: list[dict[str, Any]]) -> list[Message]:
    """Return messages in the order of the file; the clock may go round at midnight."""
    messages, days, last = [], 0.0, None
    for row in rows:
        try:
            at = datetime.fromisoformat(str(row["created_at"])).timestamp() + days
        except ValueError as error:
            raise BadArchive(f"{path}, {row['id']}: created_at is no time: {error}") from error
        if last is not None and at < last - DAY / 2:
            days, at = days + DAY, at + DAY
        messages.append(Message(str(row["author"]), at, str(row["text"])))
        last = at
    return messages


def gap_rule(messages: list[Message], start: int) -> list[Link]:
    """Begin a conversation after five quiet minutes; everything else answers what is before it."""
    return [
        Link(None, 1.0)
        if at == 0 or messages[at].at - messages[at - 1].at >= GAP_SECONDS
        else Link(at - 1, 1.0)
        for at in range(start, len(messages))
    ]


def previous_message(messages: list[Message], start: int) -> list[Link]:
    """Let every message answer the one before it."""
    return [Link(at - 1 if at else None, 1.0) for at in range(start, len(messages))]


def name_rule(messages: list[Message], start: int) -> list[Link]:
    """Answer the last message of whom the text opens by naming, else one's own of half an hour."""
    last: dict[str, int] = {}
    links = []
    for at, message in enumerate(messages):
        opening = message.text.split(maxsplit=1)[:1]
        name = opening[0].strip("@,:").casefold() if opening else ""
        own = last.get(message.author.casefold())
        if own is not None and message.at - messages[own].at > SILENCE_SECONDS:
            own = None
        links.append(Link(last.get(name, own), 1.0))
        last[message.author.casefold()] = at
    return links[start:]
