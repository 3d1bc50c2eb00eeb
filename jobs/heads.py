"""Small trained weights: those that are packaged, or one's own in a folder."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile, is_zipfile
from zlib import error as BadStream

from nlp.heat.model import WEIGHTS as HEAT
from nlp.judgements import TASKS
from nlp.judgements.layers import CARD
from nlp.threads import VERSION, ThreadModel, load_model
from nlp.threads.model import WEIGHTS, read_model
from service.errors import BadSetting

_OTHERS = (*(f"{task}.npz" for task in TASKS), CARD, HEAT)


def thread_version(folder: Path | None) -> str:
    """Return what links of a model are marked with: other weights, other links."""
    path = _own(folder)
    if path is None:
        return VERSION
    try:
        return f"{VERSION}-{sha256(path.read_bytes()).hexdigest()[:12]}"
    except OSError as error:
        raise BadSetting(
            f"GROUNDSWELL_HEADS_DIR: {folder} holds no {WEIGHTS}; `groundswell train threads` "
            "writes it"
        ) from error


def thread_model(folder: Path | None) -> ThreadModel:
    """Return the model of a folder, or the packaged one where it holds other heads only.

    Raises BadSetting for a folder without any head, and for a damaged one.
    """
    path = _own(folder)
    if path is None:
        return load_model()
    thread_version(folder)
    damaged = BadSetting(f"GROUNDSWELL_HEADS_DIR: {path} is damaged: train it again")
    # Of what is no archive numpy leaves the file open.
    if not is_zipfile(path):
        raise damaged
    try:
        return read_model(path)
    except (ValueError, KeyError, OSError, BadZipFile, BadStream) as error:
        raise damaged from error


def _own(folder: Path | None) -> Path | None:
    """Return where one's own weights are, or should be; None where the packaged ones serve."""
    if folder is None:
        return None
    path = folder / WEIGHTS
    others = not path.exists() and any((folder / name).is_file() for name in _OTHERS)
    return None if others else path
