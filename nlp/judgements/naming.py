"""What other makers' labels mean: their names, folded, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nlp.errors import UnknownModel
from nlp.judgements.labels import TASKS

# Stands for no label of ours.
DROPPED = "-"
# The label of each task that is true where nothing else is.
REST = {"sentiment": "neutral", "emotion": "none", "hostility": "civil", "intent": "other"}
_PLAIN = re.compile(r"[\W_]+")

# By task and label of ours, other names for it; "-" has those that ours leave no room for. Stars
# are of product reviews.
_NAMES: dict[str, dict[str, str]] = {
    "sentiment": {
        "negative": "neg, very negative, 1 star, 2 stars, bearish",
        "neutral": "neu, mixed, 3 stars",
        "positive": "pos, very positive, 4 stars, 5 stars, bullish",
    },
    "emotion": {
        "anger": "angry, rage",
        "joy": "happy, happiness, love, amusement, admiration, excitement, enthusiasm, pride, "
        "caring, relief, fun",
        "optimism": "optimistic, hope, anticipation, desire",
        "sadness": "sad, grief, remorse, disappointment, pessimism",
        "gratitude": "grateful, gratefulness, thankful, thanks",
        "frustration": "frustrated, annoyance, annoyed, disapproval",
        "confusion": "confused",
        "none": "neutral, no emotion, other, others, approval, realization, curiosity",
        DROPPED: "disgust, fear, surprise, embarrassment, nervousness, trust, worry, shame, guilt, "
        "boredom",
    },
    "hostility": {
        "civil": "non toxic, not toxic, neutral, non offensive, not offensive, inoffensive, "
        "non hate, not hate, no hate, non hateful, not hateful, non hate speech, not hate speech, "
        "non abusive, not abusive, non insult, no attack, non hostile, appropriate, acceptable, "
        "normal, neither, clean, safe, benign, none, ok",
        "hostile": "toxic, toxicity, severe toxic, severe toxicity, hate, hateful, "
        "hate speech, offensive, offensive language, insult, insulting, obscene, abusive, abuse, "
        "threat, hostility, aggressive, inappropriate, uncivil, incivility, profanity, sexual "
        "explicit",
        "personal": "personal attack, attack, targeted, targeted insult, identity attack, "
        "identity hate, harassment, bullying, cyberbullying",
    },
    "intent": {
        "question": "support, help, how to, ask question, asking question, support request",
        "answer": "answering, solution, reply",
        "feature_request": "feature, enhancement, improvement, feature requests, new feature, "
        "suggestion, idea",
        "bug_report": "bug, bugs, defect, problem, problem report",
        "praise": "compliment, positive feedback, kudos",
        "complaint": "complain, negative feedback, dissatisfaction",
        "announcement": "announce, news, release, information giving",
        "buying_signal": "purchase intent, buying, buy, pricing, sales",
        "other": "others, none, misc, miscellaneous, chitchat",
    },
}


def mapping(text: str) -> dict[str, str]:
    """Return what a setting such as `LABEL_0=negative,LABEL_1=-` says labels mean.

    Raises UnknownModel where it cannot be read. "-" drops a label.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        theirs, equals, ours = (side.strip() for side in part.rpartition("="))
        if not (theirs and equals and ours):
            raise UnknownModel(f"{part.strip()!r} is no pair of labels: write theirs=ours")
        if theirs in found:
            raise UnknownModel(f"the label {theirs!r} is given twice: write it once")
        found[theirs] = ours
    return found


def resolve(
    task: str, name: str, theirs: Sequence[str], given: Mapping[str, str]
) -> tuple[str, ...]:
    """Return our label of each of a model's, or "-"; what is given comes before what is known.

    Raises UnknownModel, listing the labels of both, for one that means nothing here. Numbered
    labels (`LABEL_0`) mean something only where it is given.
    """
    held = {_folded(label): ours for label, ours in given.items()}
    strange = [label for label in given if _folded(label) not in set(map(_folded, theirs))]
    wrong = [ours for ours in given.values() if ours not in (*TASKS[task], DROPPED)]
    known = _known(task)
    meant = [held.get(_folded(label)) or known.get(_folded(label)) for label in theirs]
    lost = [label for label, ours in zip(theirs, meant, strict=True) if ours is None]
    if strange or wrong or lost:
        raise UnknownModel(_refusal(task, name, theirs, strange, wrong, lost))
    return tuple(ours for ours in meant if ours is not None)


def _refusal(
    task: str,
    name: str,
    theirs: Sequence[str],
    strange: Sequence[str],
    wrong: Sequence[str],
    lost: Sequence[str],
) -> str:
    reason = f"it is not known what {', '.join(map(repr, lost))} of {name!r} means"
    if strange:
        reason = f"{name!r} has no label {', '.join(map(repr, strange))}"
    elif wrong:
        reason = f"{task} has no label {', '.join(map(repr, wrong))}"
    return (
        f"{reason}: its labels are {', '.join(theirs)}, and ours {', '.join(TASKS[task])}; set "
        f'GROUNDSWELL_{task.upper()}_LABELS="theirs=ours,theirs=ours" ("-" drops one)'
    )


def _known(task: str) -> dict[str, str]:
    found = {_folded(label): label for label in TASKS[task]}
    for ours, names in _NAMES[task].items():
        found.update((_folded(label), ours) for label in names.split(","))
    return found


def _folded(label: str) -> str:
    """Return a label without case, punctuation and spaces; one of punctuation alone stays."""
    return _PLAIN.sub("", label).casefold() or label.strip()
