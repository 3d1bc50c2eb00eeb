"""Models of the Hugging Face hub that are on this machine; nothing is ever fetched."""

from __future__ import annotations

from pathlib import Path


def downloaded(repo: str) -> Path | None:
    """Return the folder of a model that was downloaded before, None of any other."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo, local_files_only=True))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError):
        return None
