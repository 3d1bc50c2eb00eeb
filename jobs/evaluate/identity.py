"""`evaluate identity`: suggested merges against planted sets of handles whose owners are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.result import Evaluation, Figures, Options, rounded, timed, versions
from jobs.sample.aliases import Aliases, plant
from service.insights.identity import LEAST, VERSION, Handle, suggest

SETS = 5
# The constants of the method were chosen on planted sets 0 to 9.
FIRST = 1_000
BINS = 10
DOUBTFUL = 0.5

Pair = tuple[int, int]
Figure = Callable[[Handle], str | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of one set: suggestions and right ones, true pairs of handles and those together."""

    shown: int
    right: int
    pairs: int
    together: int
    broken: int

    @property
    def precision(self) -> float:
        """Return the share of the suggestions that are right; 1 where there is none."""
        return self.right / self.shown if self.shown else 1.0

    @property
    def recall(self) -> float:
        """Return the share of the true pairs of handles that end up together."""
        return self.together / self.pairs if self.pairs else 1.0


def evaluate(options: Options) -> Evaluation:
    """Suggest merges in five planted sets of 600 people each, other ones for each seed.

    `precision` is the share of the suggested pairs of members, at the default confidence, that
    are one person. `recall`: every suggestion is accepted, in turn; of all pairs of handles of
    one person on different platforms, those that leave no trace of each other included, the share
    that is then in one member. `broken_rules` counts the members that then have two handles of
    one platform, a bot beside a person or a deleted account beside anything. All three are over
    the five sets together; `precision_worst` and `recall_worst` are of the worst set. `ece` is
    the expected calibration error, in ten bins, of all pairs with a confidence of at least .5.

    The baselines merge all members who share an e-mail address, a handle, or a display name, in
    any case of letters, on different platforms.
    """
    seeds = [FIRST + SETS * options.seed + number for number in range(SETS)]
    options.log(f"planting sets {seeds[0]} to {seeds[-1]}")
    sets = [plant(seed) for seed in seeds]
    options.log("suggesting merges")
    found, seconds = timed(lambda: [_suggested(aliases) for aliases in sets])
    outcomes = [outcome(a, pairs) for a, pairs in zip(sets, found, strict=True)]
    return Evaluation(
        name="identity",
        data=f"planted sets {seeds[0]} to {seeds[-1]}",
        n=sum(len(aliases.handles) for aliases in sets),
        metrics=rounded(
            {
                **figures(outcomes),
                "precision_worst": min(one.precision for one in outcomes),
                "recall_worst": min(one.recall for one in outcomes),
                "ece": _calibration(sets),
                "least": LEAST,
            }
        ),
        baselines={
            label: rounded(figures([outcome(a, equal(a.handles, what)) for a in sets]))
            for label, what in BASELINES.items()
        },
        versions=versions("numpy", method=VERSION),
        seconds=round(seconds, 1),
    )


def _suggested(aliases: Aliases) -> list[Pair]:
    return [suggestion.members for suggestion in suggest(aliases.handles)]


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Return precision, recall and broken rules of several sets together."""
    total = Outcome(
        shown=sum(one.shown for one in outcomes),
        right=sum(one.right for one in outcomes),
        pairs=sum(one.pairs for one in outcomes),
        together=sum(one.together for one in outcomes),
        broken=sum(one.broken for one in outcomes),
    )
    return {
        "precision": total.precision,
        "recall": total.recall,
        "broken_rules": float(total.broken),
        "suggestions": float(total.shown),
    }


def outcome(aliases: Aliases, pairs: Iterable[Pair]) -> Outcome:
    """Return the counts after all suggested pairs of members were accepted."""
    pairs = list(pairs)
    person = {h.member: aliases.truth[h.id] for h in aliases.handles}
    merged = union((h.member for h in aliases.handles), pairs)
    true = [
        merged[a.member] == merged[b.member]
        for own in _grouped(aliases.handles, lambda h: aliases.truth[h.id])
        for a, b in combinations(own, 2)
        if a.platform != b.platform
    ]
    together = _grouped(aliases.handles, lambda h: merged[h.member])
    return Outcome(
        shown=len(pairs),
        right=sum(person[a] == person[b] for a, b in pairs),
        pairs=len(true),
        together=sum(true),
        broken=sum(map(broken, together)),
    )


def union(members: Iterable[int], pairs: Iterable[Pair]) -> dict[int, int]:
    """Return for each member the one that stands for all it is merged with."""
    above = {member: member for member in members}

    def top(member: int) -> int:
        while above[member] != member:
            above[member] = above[above[member]]
            member = above[member]
        return member

    for a, b in pairs:
        above[top(b)] = top(a)
    return {member: top(member) for member in above}


def broken(handles: Sequence[Handle]) -> bool:
    """Return whether a member merged out of several breaks a rule that has no exceptions."""
    if len({h.member for h in handles}) < 2:
        return False
    doubled = len({h.platform for h in handles}) < len(handles)
    mixed = len({h.is_bot for h in handles}) > 1
    return doubled or mixed or any(h.is_deleted for h in handles)


def _grouped(handles: Iterable[Handle], key: Callable[[Handle], int]) -> list[list[Handle]]:
    groups: dict[int, list[Handle]] = defaultdict(list)
    for handle in handles:
        groups[key(handle)].append(handle)
    return list(groups.values())


def equal(handles: Iterable[Handle], what: Figure) -> list[Pair]:
    """Return pairs of members, on different platforms, for whom something is the same."""
    holders: dict[str, list[Handle]] = defaultdict(list)
    for handle in handles:
        if shown := what(handle):
            holders[shown.casefold()].append(handle)
    return sorted(
        {
            (min(a.member, b.member), max(a.member, b.member))
            for held in holders.values()
            for a, b in combinations(held, 2)
            if a.platform != b.platform and a.member != b.member
        }
    )


def _calibration(sets: Sequence[Aliases]) -> float:
    confidence: list[float] = []
    right: list[bool] = []
    for aliases in sets:
        person = {h.member: aliases.truth[h.id] for h in aliases.handles}
        for found in suggest(aliases.handles, least=DOUBTFUL):
            confidence.append(found.confidence)
            right.append(person[found.members[0]] == person[found.members[1]])
    return calibration_error(np.array(confidence), np.array(right, dtype=np.float64))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return how far confidence and share of right ones are apart, mean over ten equal bins."""
    if not len(confidence):
        return 0.0
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gaps = [abs(float((confidence[bins == one] - right[bins == one]).sum())) for one in range(BINS)]
    return sum(gaps) / len(confidence)


BASELINES: dict[str, Figure] = {
    "email_only": lambda h: h.email,
    "same_handle": lambda h: h.value,
    "exact_name": lambda h: h.name,
}
