"""`train judges`: the tuned layers and the four packaged heads, from the public data sets.

The layers are tuned on all tasks at once, each with a head of its own. Texts that the tuning has
read look surer to it than new ones do, so that what follows learns from texts held out of it: how
far to trust the tuned head beside one on word pieces, what the cues add, how sure to be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from jobs.train.figures import confusion, measured
from jobs.train.lessons import HELPERS, Lesson, lessons, talk
from nlp.judgements import layers, teach
from nlp.judgements.features import softmax
from nlp.judgements.head import Head, HeadCard, write
from nlp.judgements.labels import TASKS, Targets, loss, targets
from nlp.judgements.lean import lean
from nlp.judgements.mix import Net, alone, mixed
from nlp.judgements.reader import Reader
from nlp.judgements.tune import Lessons, Plan, Tuned, tune

VERSION = 1
LIMITS = (
    "English: the judges abstain where another language is recognised",
    "tweets of 2013 to 2018 and examples of our own writing: other communities may talk otherwise",
    "sarcasm, quotes that are not marked as quotes, and what only the thread tells are missed",
    "the labels of our own examples are one reading; the posts judged by hand say how it carries",
)
Log = Callable[[str], None]
DATA = (
    {
        "name": "TweetEval sentiment train, rebuilt from SemEval-2017 4A",
        "source": "https://github.com/cbaziotis/datastories-semeval2017-task4",
        "licence": "MIT",
    },
    {
        "name": "TweetEval offensive, irony and emotion train; emotion validation to mix with",
        "source": "https://github.com/cardiffnlp/tweeteval",
        "licence": "released without any restrictions",
    },
    {
        "name": "VADER ground truth, tweets and reviews, to tune the layers only",
        "source": "https://github.com/cjhutto/vaderSentiment",
        "licence": "MIT",
    },
    {
        "name": "Toxicity in GitHub issues, half A of the comments (Raman et al. 2020)",
        "source": "https://github.com/CMUSTRUDEL/toxicity-detector",
        "licence": "MIT",
    },
    {
        "name": "CS Theory Meta Stack Exchange, types of questions and answers",
        "source": "https://github.com/szyyn95/SE_duplicate_loader",
        "licence": "CC BY-SA",
    },
    {
        "name": "jobs/train/examples, of our own writing, all four labels on each",
        "source": "this repository",
        "licence": "Apache-2.0",
    },
)


def train(
    data: Path, folder: Path, *, now: datetime, seed: int = 0, log: Log = lambda line: None
) -> Path:
    """Write `reader.safetensors` and a head for each task, with their cards; return the first.

    `data` is the folder of the public data sets, each as its README describes it. Raise BadArchive
    where one is missing.
    """
    every = lessons(data)
    learned = [lesson for lesson in every if not lesson.held and lesson.text]
    log(f"{len(learned):,} texts to learn from, {len(every) - len(learned):,} held out")
    tuned = tuned_layers([lesson for lesson in learned if lesson.passes], seed, log)
    card = layers.write(tuned.model, folder, f"reader-{VERSION}", about(every, seed, now))
    reader = layers.load(folder)
    for task in TASKS:
        head = head_of(task, every, tuned.heads[task], reader, card.key)
        head.card.about.update(about(every, seed, now) | {"limits": LIMITS})
        if task == "intent":
            head = talked(head, every, reader, seed)
        head.card.about["figures"] = measured(task, head, reader, data)
        head.card.about["confusion"] = confusion(task, head, reader, data)
        write(head, folder)
        log(f"{task}: log loss of held-out texts {head.card.about['held_out']}")
    return folder / layers.FILE


def tuned_layers(learned: Sequence[Lesson], seed: int, log: Log) -> Tuned:
    """Return the packaged encoder, tuned on all tasks at once."""
    weights = np.array([lesson.weight for lesson in learned], dtype=np.float32)
    plan, labels = Plan(seed=seed), {**TASKS, **HELPERS}
    taught = Lessons(
        [lesson.text for lesson in learned],
        {task: known(task, learned) for task in labels},
        dict.fromkeys(labels, weights),
        np.array([lesson.passes for lesson in learned]),
    )
    return tune(*layers.untuned(), taught, plan, log)


def known(task: str, some: Sequence[Lesson]) -> Targets:
    """Return what the lessons say of a task."""
    given = [lesson.given.get(task) for lesson in some]
    labels = {**TASKS, **HELPERS}[task]
    return targets(labels, given, [lesson.asked.get(task) for lesson in some])


def head_of(task: str, every: Sequence[Lesson], net: Net, reader: Reader, key: str) -> Head:
    """Return the head of a task, calibrated on the lessons that were held out."""
    learned = [some for some in every if task in some.given and not some.held and some.text]
    held = [some for some in every if task in some.given and some.held and some.text]
    texts = [lesson.text for lesson in learned]
    words = alone(
        [lesson.plain for lesson in learned],
        texts,
        reader.tokens(texts),
        known(task, learned),
        np.array([lesson.weight for lesson in learned], dtype=np.float32),
    )
    features = reader.features([lesson.plain for lesson in held]).mean()
    rows = known(task, held)
    weights = mixed(net, words, features, rows)
    labels = len(TASKS[task])
    even, alike = (1 / labels,) * labels, (1.0,) * labels
    card = HeadCard(
        task, f"groundswell-{task}", f"{task}-{VERSION}", TASKS[task], even, alike, key, {}
    )
    said = softmax(weights.scores(features))
    about = {"held_out": {"texts": len(held), "log_loss": round(loss(said, rows), 4)}}
    card = replace(card, prior=teach.prior(rows, card), about=about)
    # A post is called hostile when that is likelier than not: a moderator's time is dear.
    if task != "hostility":
        card = replace(card, lean=lean(said, rows, card))
    return Head(card, weights)


def talked(head: Head, every: Sequence[Lesson], reader: Reader, seed: int) -> Head:
    """Return a head taught by talk in threads, which no data set covers, among the held-out texts.

    Without it nearly all that is said in a thread is taken for answers.
    """
    task = head.card.task
    held = [some for some in every if task in some.given and some.held and some.text] + talk()
    features = reader.features([lesson.plain for lesson in held]).mean()
    found = teach.teach(features, known(task, held), head, teach.Plan(seed=seed))
    texts = {**head.card.about["texts"], "own:talk": len(talk())}
    held_out = {"texts": len(held), **found.card.about["held_out"]}
    told = {**head.card.about, "texts": texts, "held_out": held_out}
    return Head(replace(found.card, about=told), found.weights)


def about(every: Sequence[Lesson], seed: int, now: datetime) -> dict[str, Any]:
    """Return what the cards say of how the weights came about."""
    counts = Counter(lesson.source for lesson in every if not lesson.held)
    return {
        "command": f"groundswell train judges --data ../shared/data --out nlp/heads --seed {seed}",
        "seed": seed,
        "date": now.date().isoformat(),
        "data": list(DATA),
        "texts": dict(sorted(counts.items())),
    }
