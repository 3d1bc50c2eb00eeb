"""Small trained weights: those that are packaged, or one's own in a folder."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from nlp.threads import VERSION, ThreadModel, load_model
from nlp.threads.model import WEIGHTS, read_model
from service.errors import BadSetting


def thread_version(folder: Path | None) -> str:
    """Return what links of a model are marked with: other weights, other links."""
    if folder is None:
        return VERSION
    try:
        return f"{VERSION}-{sha256((folder / WEIGHTS).read_bytes()).hexdigest()[:12]}"
    except OSError as error:
        raise BadSetting(
            f"GROUNDSWELL_HEADS_DIR: {folder} holds no {WEIGHTS}; `groundswell train threads` "
            "writes it"
        ) from error


def thread_model(folder: Path | None) -> ThreadModel:
    """Return the model of a folder, or the packaged one; raise BadSetting where there is none."""
    if folder is None:
        return load_model()
    thread_version(folder)
    try:
        return read_model(folder / WEIGHTS)
    except (ValueError, KeyError, OSError) as error:
        raise BadSetting(
            f"GROUNDSWELL_HEADS_DIR: {folder / WEIGHTS} is damaged: train it again"
        ) from error
