"""The tuned layers of the packaged encoder: a file of half-precision weights and its card."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from nlp.encoders.registry import PACKAGED, describe, model_folder
from nlp.errors import DamagedHead
from nlp.judgements.head import put
from nlp.judgements.reader import Reader, make

SHARED = "reader"
FILE = f"{SHARED}.safetensors"
CARD = f"{SHARED}.json"


@dataclass(frozen=True, slots=True)
class LayersCard:
    """What the layers are tuned from (`encoder`, name and revision) and their own hash."""

    version: str
    encoder: str
    sha256: str
    about: dict[str, Any]

    @property
    def key(self) -> str:
        """Name these layers, as heads do that were trained on them."""
        return f"{self.version}-{self.sha256[:12]}"


def base() -> str:
    """Return the name and revision of the packaged encoder."""
    card = describe(PACKAGED)
    return f"{card.name}@{card.revision}"


def read_card(folder: Path, stem: str = SHARED) -> LayersCard:
    """Return the card of the layers that lie in a folder under a name.

    Raises DamagedHead, naming the file, where there is none, or where they were tuned from
    another revision of the encoder than the one that is installed.
    """
    path = folder / f"{stem}.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        card = LayersCard(
            str(held["version"]), str(held["encoder"]), str(held["sha256"]), dict(held["about"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedHead(
            f"{path} is no card of tuned layers: `groundswell train judges`"
        ) from error
    if card.encoder != base():
        raise DamagedHead(
            f"{folder / stem}.safetensors was tuned from {card.encoder}, and {base()} is "
            "installed: install that one, or train it again with `groundswell train judges`"
        )
    return card


def load(
    folder: Path, stem: str = SHARED, *, threads: int = 0, batch_tokens: int = 2_048
) -> Reader:
    """Return a reader by the layers of a folder; raise DamagedHead."""
    return make(*transformer(folder, stem), threads=threads, batch_tokens=batch_tokens)


def transformer(folder: Path, stem: str = SHARED) -> tuple[Any, Any]:
    """Return the packaged transformer with the layers of a folder, and its tokenizer.

    In full precision. Raises DamagedHead, naming the file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as read_tensors

    card = read_card(folder, stem)
    path = folder / f"{stem}.safetensors"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedHead(f"{path} cannot be read: `groundswell train judges` writes it") from error
    if sha256(data).hexdigest() != card.sha256:
        raise DamagedHead(f"{path} is not what its card describes: train it again")
    try:
        tensors = read_tensors(data)
    except SafetensorError as error:
        raise DamagedHead(f"{path} cannot be read: train it again") from error
    model, tokenizer = untuned()
    missing = set(tensors) ^ set(learned(model))
    if missing:
        raise DamagedHead(f"{path} lacks or adds {sorted(missing)[0]}: train it again")
    model.load_state_dict({name: held.float() for name, held in tensors.items()}, strict=False)
    return model, tokenizer


def untuned() -> tuple[Any, Any]:
    """Return the packaged transformer and its tokenizer."""
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = str(model_folder(PACKAGED))
    return AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def learned(model: Any) -> dict[str, Any]:
    """Return the weights that tuning changes: every layer, not the word embeddings."""
    return {name: held for name, held in model.state_dict().items() if name.startswith("encoder.")}


def write(
    model: Any, folder: Path, version: str, about: dict[str, Any], stem: str = SHARED
) -> LayersCard:
    """Write the layers in half precision with their card; return the card."""
    import torch
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    data = save({name: held.to(torch.float16) for name, held in learned(model).items()})
    card = LayersCard(version, base(), sha256(data).hexdigest(), about)
    put(folder / f"{stem}.safetensors", data)
    written = {
        "version": card.version,
        "encoder": card.encoder,
        "sha256": card.sha256,
        "about": about,
    }
    put(folder / f"{stem}.json", (json.dumps(written, indent=2) + "\n").encode())
    return card
