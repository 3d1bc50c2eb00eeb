"""`evaluate pipeline`: import to trends, against the script that a data scientist would write."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import orjson

from jobs import judges
from jobs.evaluate.encoder import default_folder
from jobs.evaluate.nights import Nights, Record, nights
from jobs.evaluate.result import (
    Evaluation,
    Figures,
    MeasurementFailed,
    Options,
    encoder_versions,
    records,
    rounded,
    versions,
)
from jobs.pipeline import load_encoder
from nlp.encoders import Encoder
from nlp.judgements import Panel
from nlp.text import plain
from service.errors import InvalidInput
from service.settings import Settings

NIGHTLY = 100
WARM = 300
FEWEST = 100
COLUMNS = ("id", "thread_id", "author", "created_at", "text")
RAW = "script"
PLAIN = "script on plain text"


def evaluate(options: Options) -> Evaluation:
    """Time a first run over all but the last 1 % of the posts, a nightly run, and the script.

    Ours goes from the file to stored vectors, index, topics and trends, the preparation of plain
    text within. The script goes from texts in memory to vectors, topics and an index, twice:
    as "script" on the text column as it is, Markdown and all, which is what one would write and
    what `speedup` is against; and as "script on plain text" on the text that we prepare, the
    preparation free of charge, which is what `speedup_plain_text` is against. These leave
    judgements out on both sides; `speedup_whole` has them on both, the script's by a text
    classification pipeline of RoBERTa-base size, for one task where ours judges five.

    `seconds_nightly` is an import and run of the last 1 % and includes no refit of the topics: one
    happens each time that the archive has grown by 20 %. `seconds_refit` is a forced refit of the
    topics on the whole, timed by itself. `topics` and `outlier_share`, the share of the posts
    without a topic, are as the nightly run left them. Models are loaded and modules imported, and
    both sides have worked on as many posts as their code paths need, before the clocks start.
    Raises MeasurementFailed where a side did not do all of its work.
    """
    default_folder(options.settings.encoder)
    rows = records(options.path(), COLUMNS, options.limit)
    if len(rows) < FEWEST:
        raise InvalidInput(f"{len(rows)} posts are too few to time: give at least {FEWEST}")
    rows.sort(key=lambda row: str(row["created_at"]))
    last = max(1, len(rows) // NIGHTLY)
    encoder, panel = load_encoder(options.settings), judges.panel(options.settings)
    options.log(f"ours: first run over {len(rows) - last:,} posts, then {last:,} more")
    ours = _ours(options.settings, rows, last, encoder, panel)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    options.log("the script: default encoding, BERTopic with UMAP and HDBSCAN, FAISS flat")
    texts = [str(row["text"]) for row in rows[:-last]]
    scripts = _script(
        {RAW: texts, PLAIN: [plain(text).text for text in texts]}, options.settings.encoder
    )
    baselines = {name: _summed(parts) for name, parts in scripts.items()}
    figures = {**_figures(ours, baselines), "peak_mb": peak}
    measured = [figures[f"seconds_{part}"] for part in ("first", "nightly", "refit")]
    return Evaluation(
        name="pipeline",
        data=str(options.path()),
        n=len(rows),
        metrics=rounded(figures),
        baselines={name: rounded(parts) for name, parts in baselines.items()},
        versions=versions(
            *("bertopic", "faiss-cpu", "sentence-transformers", "torch", "umap-learn"),
            **encoder_versions(encoder),
        ),
        seconds=round(sum(measured) + sum(b["seconds_whole"] for b in baselines.values()), 1),
    )


def _summed(parts: Figures) -> Figures:
    whole = sum(parts.values())
    without = whole - parts["judge_seconds"]
    return {**parts, "seconds": without, "seconds_whole": whole}


def _figures(ours: Nights, baselines: dict[str, Figures]) -> Figures:
    first, nightly = (night.seconds for night in ours.nights)
    judging = [night.done.seconds["judge"] for night in ours.nights]
    rest = first - judging[0]
    return {
        "seconds_first": first,
        "seconds_encode": ours.nights[0].done.seconds["encode"],
        "seconds_judge": judging[0],
        "seconds_nightly": nightly,
        "seconds_refit": ours.refit_seconds,
        "nightly_share": nightly / first,
        "posts_per_second": ours.nights[0].imported.added / first,
        "topics": ours.topics,
        "outlier_share": ours.outlier_share,
        "speedup": baselines[RAW]["seconds"] / rest,
        "speedup_whole": baselines[RAW]["seconds_whole"] / first,
        "speedup_plain_text": baselines[PLAIN]["seconds"] / rest,
        "speedup_whole_plain_text": baselines[PLAIN]["seconds_whole"] / first,
    }


def _ours(
    settings: Settings, rows: list[Record], last: int, encoder: Encoder, panel: Panel
) -> Nights:
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        # A small store of its own first: imports and first calls are not what is measured.
        nights(settings, Path(folder) / "warm", [rows[:WARM]], encoder, panel, now)
        parts = [rows[:-last], rows[-last:]]
        return nights(settings, Path(folder) / "timed", parts, encoder, panel, now)


def _script(lists: dict[str, list[str]], name: str) -> dict[str, Figures]:
    """Return the seconds of each part of the script by list, run in a process of its own.

    Ours may have imported BERTopic without the parts that its defaults are made of.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "texts.json", Path(folder) / "seconds.json"
        given.write_bytes(orjson.dumps(lists))
        command = [sys.executable, "-m", "jobs.evaluate.script", name, str(given), str(answer)]
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603
        if done.returncode:
            raise MeasurementFailed(
                f"the script ended with exit code {done.returncode}: its own messages say why"
            )
        seconds: dict[str, Figures] = orjson.loads(answer.read_bytes())
    return seconds
