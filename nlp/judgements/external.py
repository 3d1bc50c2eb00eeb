"""Judges of other makers: any text classifier in the format of Hugging Face transformers.

Nothing is fetched here: a name is looked up in the hub's local cache, where `hf download NAME` puts
it. Code that comes with a model is not run, and weights are read only as safetensors, since a
pickle can run code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlp.encoders.sentence import batches, padded
from nlp.errors import UnknownModel
from nlp.hub import downloaded
from nlp.judgements.features import Floats
from nlp.judgements.labelling import Labelling, labelling_of
from nlp.judgements.panel import JudgeCard
from nlp.judgements.reading import READING, parts

BATCH_TOKENS = 2_048
# What a model reads that does not say how much it can.
MAX_TOKENS = 512
_WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.h5", "*.msgpack", "*.onnx")
# What loading raises of files that are not what they should be.
_UNLOADABLE = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    ImportError,
    TypeError,
    AttributeError,
)
_HASHED = ("*.safetensors", "*.json", "*.txt", "*.model")


class ExternalJudge:
    """A loaded classifier. One call at a time: callers that share it lock it."""

    def __init__(
        self, model: Any, tokenizer: Any, card: JudgeCard, labelling: Labelling, batch_tokens: int
    ) -> None:
        self.card = card
        self._model = model
        self._tokenizer = tokenizer
        self._labelling = labelling
        self._batch_tokens = batch_tokens
        self._most = _most_tokens(model, tokenizer)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The model's labels that mean none of ours: where it sees them, nothing is said."""
        return self._labelling.dropped

    def judge(self, texts: Sequence[str]) -> Floats:
        """Return probabilities of the card's labels, float32 [n, K], in the order of `texts`.

        A text that is longer than the model can read is judged in parts (at most eight): its logits
        are the mean of theirs; of hostility the worst part counts. An empty text is a zero row,
        which is less sure than any threshold. A text gets the same row in any company, to rounding
        (1e-6).
        """
        distinct = sorted({text for text in texts if text.strip()})
        rows = self._judge_distinct(distinct)
        place = {text: row for row, text in enumerate(distinct)}
        found = np.zeros((len(texts), len(self.card.labels)), dtype=np.float32)
        for row, text in enumerate(texts):
            if text in place:
                found[row] = rows[place[text]]
        return found

    def _judge_distinct(self, texts: list[str]) -> Floats:
        if not texts:
            return np.zeros((0, len(self.card.labels)), dtype=np.float32)
        cut = self._parts(texts)
        logits = self._logits([part for held in cut for part in held])
        counts = np.array([len(held) for held in cut])
        starts = np.cumsum(counts) - counts
        if self.card.task != "hostility":
            means = np.add.reduceat(logits, starts, axis=0) / counts[:, None]
            return self._labelling.merged(means.astype(np.float32))
        rows = self._labelling.merged(logits)
        calm = -rows[:, [label != "civil" for label in self.card.labels]].sum(axis=1)
        owner = np.repeat(np.arange(len(texts)), counts)
        worst: Floats = rows[np.lexsort((calm, owner))[starts]]
        return worst

    def _parts(self, texts: list[str]) -> list[list[str]]:
        """Return each text as the parts that are read of it: itself, if the model can read it."""
        encoded = self._tokenizer(texts, truncation=True, max_length=self._most + 1)
        # Word pieces are guessed when parts are cut, and within a tenth.
        most = (self._most - self._tokenizer.num_special_tokens_to_add()) * 9 // 10
        return [
            [text] if len(ids) <= self._most else parts(" ".join(text.split()), max(1, most))
            for text, ids in zip(texts, encoded["input_ids"], strict=True)
        ]

    def _logits(self, texts: list[str]) -> Floats:
        """Return the logits of texts, float32 [n, model's labels]; equal texts are read once."""
        import torch

        distinct = list(dict.fromkeys(texts))
        encoded = self._tokenizer(distinct, truncation=True, max_length=self._most)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        found: dict[str, Floats] = {}
        with torch.inference_mode():
            for rows in batches(lengths, self._batch_tokens):
                features = {name: [held[row] for row in rows] for name, held in encoded.items()}
                logits = self._forward(features, lengths[rows[0]])
                found.update(zip((distinct[row] for row in rows), logits, strict=True))
        return np.stack([found[text] for text in texts])

    def _forward(self, features: dict[str, list[list[int]]], longest: int) -> Floats:
        read = self._tokenizer.pad(
            features,
            padding="max_length",
            max_length=min(padded(longest), self._most),
            return_tensors="pt",
        )
        logits: Floats = self._model(**read).logits.float().numpy()
        return logits


def describe(task: str, name: str, labels: Mapping[str, str] | None = None) -> JudgeCard:
    """Return the card of a model without loading it; raise UnknownModel, naming the fix.

    `labels` says what the model's labels mean, as `naming.mapping` reads it from a setting. The
    version changes with the weights, the settings, the tokenizer and the meaning of the labels.
    """
    folder = find(name)
    return _card(task, name, folder, labelling_of(task, name, _config(name, folder), labels or {}))


def load(
    task: str,
    name: str,
    *,
    threads: int = 0,
    batch_tokens: int = BATCH_TOKENS,
    labels: Mapping[str, str] | None = None,
) -> ExternalJudge:
    """Return a loaded judge; raise UnknownModel. `threads` 0 leaves the library's choice.

    The model runs in float32, whatever its weights are kept in: what bfloat16 does to a model that
    nobody has measured is not known.
    """
    folder = find(name)
    labelling = labelling_of(task, name, _config(name, folder), labels or {})
    card = _card(task, name, folder, labelling)
    model, tokenizer = _loaded(name, folder, threads)
    return ExternalJudge(model, tokenizer, card, labelling, batch_tokens)


def find(name: str) -> Path:
    """Return the folder of a model; a hub name is looked up in the hub's local cache."""
    path = Path(name).expanduser()
    folder = path if path.is_dir() else _cached(name)
    if not (folder / "config.json").is_file():
        raise UnknownModel(f"{folder} holds no model: there is no config.json in it")
    if not any(folder.glob("*.safetensors")):
        raise UnknownModel(_without_weights(name, folder))
    return folder


def _cached(name: str) -> Path:
    if folder := downloaded(name):
        return folder
    raise UnknownModel(
        f"no model {name!r} on this machine, and nothing is fetched without being asked: "
        f"fetch it with `hf download {name}`, or give the folder of a model"
    )


def _without_weights(name: str, folder: Path) -> str:
    if any(path for pattern in _WEIGHTS for path in folder.glob(pattern)):
        return (
            f"{name!r} has its weights in no safetensors file, and a pickle, which can run code, "
            "is not read: fetch a revision that has one (`hf download NAME --revision refs/pr/N`, "
            "as huggingface.co/spaces/safetensors/convert makes) and give the folder it prints"
        )
    return f"{name!r} is here without its weights: fetch them with `hf download {name}`"


def _config(name: str, folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnknownModel(_damaged(name)) from error
    if not isinstance(config, dict):
        raise UnknownModel(_damaged(name))
    return config


def _damaged(name: str) -> str:
    return f"the config.json of {name!r} is damaged: fetch it again with `hf download {name}`"


def _card(task: str, name: str, folder: Path, labelling: Labelling) -> JudgeCard:
    return JudgeCard(task, name, _version(folder, labelling), labelling.labels)


def _version(folder: Path, labelling: Labelling) -> str:
    """Return a short hash of weights, settings, tokenizer and labelling."""
    digest = hashlib.sha256(f"{labelling!r} {READING}".encode())
    for path in sorted({path for pattern in _HASHED for path in folder.glob(pattern)}):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _loaded(name: str, folder: Path, threads: int) -> tuple[Any, Any]:
    import torch
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if threads:
        torch.set_num_threads(threads)
    safely = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **safely)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **safely
        )
    except (*_UNLOADABLE, StrictDataclassError, SafetensorError) as error:
        reason = str(error).strip().splitlines() or ["no reason given"]
        raise UnknownModel(f"transformers cannot load {name!r}: {reason[0]}") from error
    if report["missing_keys"]:
        raise UnknownModel(
            f"{name!r} is no text classifier: it lacks {min(report['missing_keys'])}; use a model "
            "that was trained to classify texts"
        )
    if tokenizer.pad_token is None:
        raise UnknownModel(f"the tokenizer of {name!r} has no padding token: use another model")
    return model.eval(), tokenizer


def _most_tokens(model: Any, tokenizer: Any) -> int:
    """Return the most tokens the model reads: its positions, less those it keeps for padding."""
    positions = getattr(model.config, "max_position_embeddings", None) or MAX_TOKENS
    for name, module in model.named_modules():
        kept = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and kept is not None:
            positions -= kept + 1
    most = min(int(tokenizer.model_max_length), positions)
    return most if most > 0 else MAX_TOKENS
