"""Labelled texts of any known schema, with their labels in ours.

A label of theirs that is coarser than ours may be any of several; a text is asked only about the
labels that its data set tells apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from jobs.evaluate.result import records
from nlp.judgements.labels import TASKS, Targets, targets
from nlp.text import plain
from service.errors import BadArchive

Row = dict[str, Any]
Group = tuple[str, ...]

HOSTILE: Group = ("hostile", "personal")
ISSUE: Mapping[str, Group] = {
    "bug": ("bug_report",),
    "feature": ("feature_request",),
    "question": ("question",),
}
META: Mapping[str, Group] = {
    "bug": ("bug_report",),
    "feature-request": ("feature_request",),
    "support": ("question",),
    "discussion": ("question", "complaint", "answer", "praise", "announcement", "other"),
}
DIALOG: Mapping[str, Group] = {
    "other": tuple(label for label in TASKS["intent"] if label != "feature_request"),
    "feature": ("feature_request",),
}
TWEET_EMOTIONS = ("anger", "joy", "optimism", "sadness")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Plain texts of one task and the label of each, as a group of ours that it may be.

    `groups` are the labels that the data tell apart, in order; `gold` numbers them. `parts` are
    what figures are averaged over (repositories), one for each text.
    """

    task: str
    texts: list[str]
    groups: tuple[Group, ...]
    gold: list[int]
    parts: list[str]

    def targets(self) -> Targets:
        """Return what a head may learn of the texts."""
        asked = tuple(label for group in self.groups for label in group)
        given = [self.groups[number] for number in self.gold]
        return targets(TASKS[self.task], given, [asked] * len(given))


def labelled(path: Path, task: str, limit: int | None, schema: str | None = None) -> Labelled:
    """Return the labelled texts of a file; rows that nobody labelled are left out.

    Raises BadArchive with the columns found and those wanted, or with the labels.
    """
    rows = records(path, (), limit)
    found = {name for row in rows for name, value in row.items() if value is not None}
    for columns, read in SCHEMAS[schema or task]:
        if set(columns) <= found:
            return _labelled(path, task, rows, read)
    wanted = " or ".join(", ".join(columns) for columns, _ in SCHEMAS[schema or task])
    raise BadArchive(f"{path} has columns {', '.join(sorted(found))}; wanted {wanted}")


def linked(path: Path, links: Path, task: str, limit: int | None) -> Labelled:
    """Return the posts of an archive that a file of judgements names by id, with those labels.

    Raises BadArchive where the archive holds none of them.
    """
    said = {str(row["id"]): row[task] for row in records(links, ("id", task), None)}
    posts = records(path, ("id", "text"), limit)
    rows = [{**row, task: said[str(row["id"])]} for row in posts if str(row["id"]) in said]
    if not rows:
        raise BadArchive(f"{path} holds none of the posts that {links} judges")
    read = _hostile if task == "hostility" else _named(task)
    return _labelled(links, task, rows, read, lone=True)


Read = Callable[[Row], tuple[str, Group | None, Sequence[Group], str]]


def _labelled(
    path: Path, task: str, rows: list[Row], read: Read, *, lone: bool = False
) -> Labelled:
    """Return the rows as texts of groups: all that were asked about, if they occur or not.

    Unless `lone`, texts of one group alone are refused: nothing can be told apart by them.
    """
    held: list[tuple[str, Group, str]] = []
    choice: Sequence[Group] = ()
    for number, row in enumerate(rows, start=1):
        try:
            text, group, asked, part = read(row)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise BadArchive(f"{path}, line {number}: no label of {task}: {error}") from error
        if group:
            # Numbers may stand beside words, of which more were asked about.
            choice = max(choice, asked, key=len)
            held.append((text, group, part))
    there = {group for _, group, _ in held}
    groups = tuple(choice)
    if len(there) < 2 and not lone:
        raise BadArchive(f"{path} tells fewer than two labels of {task} apart")
    return Labelled(
        task,
        [plain(text).text for text, _, _ in held],
        groups,
        [groups.index(group) for _, group, _ in held],
        [part for _, _, part in held],
    )


def _named(task: str) -> Read:
    """Return what reads `label`, or a column of the task's own name, in words or in numbers.

    Numbers are those of TweetEval, which asks about four emotions only; words may be any of ours.
    """
    numbered = TWEET_EMOTIONS if task == "emotion" else TASKS[task]

    def read(row: Row) -> tuple[str, Group | None, Sequence[Group], str]:
        label = row.get(task, row.get("label"))
        if label is None:
            return row["text"], None, (), ""
        choice = TASKS[task]
        # A number below zero would count from the end.
        if isinstance(label, int) and not isinstance(label, bool) and label >= 0:
            label, choice = numbered[label], numbered
        if label not in choice:
            raise ValueError(f"{label!r} is none of {', '.join(choice)}")
        return row["text"], (label,), [(name,) for name in choice], ""

    return read


def _hostile(row: Row) -> tuple[str, Group | None, Sequence[Group], str]:
    label = row.get("hostility", row.get("toxic", row.get("label")))
    if "tbdf" in row:
        # The tone of a comment that nobody annotated is null.
        label = None if row["tbdf"] is None else int(row["tbdf"] != "None")
    if isinstance(label, str):
        label = {"civil": 0, "hostile": 1, "personal": 1}[label]
    group = None if label is None else (HOSTILE if label else ("civil",))
    return row["text"], group, (("civil",), HOSTILE), ""


def _mapped(names: Mapping[str, Group], column: str, body: Callable[[Row], str]) -> Read:
    def read(row: Row) -> tuple[str, Group | None, Sequence[Group], str]:
        group = names.get(row.get(column) or "")
        return body(row) if group else "", group, list(names.values()), str(row.get("repo", ""))

    return read


def _issue(row: Row) -> str:
    return f"{row['title']}\n\n{row.get('body') or ''}"


def _question(row: Row) -> str:
    return f"{row.get('thread_title') or ''}\n\n{row['text']}"


def _dialog(row: Row) -> str:
    """Return what the opener of a dialog says: who asks for a feature opens one, others answer.

    What comes before the first answer is one line, in which a chat opens as an issue does in its
    title.
    """
    said = row["messages"]
    opener = said[0].get("author")
    own = [str(one["text"]) for one in said if one.get("author") == opener]
    before = [*takewhile(lambda one: one.get("author") == opener, said)]
    first = " ".join(" ".join(own[: len(before)]).split())
    return "\n\n".join([first, *own[len(before) :]])


SCHEMAS: Mapping[str, Sequence[tuple[tuple[str, ...], Read]]] = {
    "sentiment": (
        (("text", "sentiment"), _named("sentiment")),
        (("text", "label"), _named("sentiment")),
    ),
    "emotion": ((("text", "emotion"), _named("emotion")), (("text", "label"), _named("emotion"))),
    "hostility": (
        (("text", "hostility"), _hostile),
        (("text", "tbdf"), _hostile),
        (("text", "toxic"), _hostile),
        (("text", "label"), _hostile),
    ),
    "intent": (
        (("title", "body", "label"), _mapped(ISSUE, "label", _issue)),
        (("text", "meta_type"), _mapped(META, "meta_type", _question)),
        (("text", "intent"), _named("intent")),
        (("text", "label"), _named("intent")),
    ),
    "request-dialogs": ((("messages", "label"), _mapped(DIALOG, "label", _dialog)),),
}
