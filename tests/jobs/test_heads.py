"""One's own thread weights where a folder holds them, the packaged ones beside other heads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from jobs.heads import thread_model, thread_version
from nlp.judgements import TASKS
from nlp.threads import VERSION, load_model
from service.errors import BadSetting


def _packaged() -> Path:
    return Path(str(files("nlp.heads").joinpath("threads.npz")))


def test_no_folder_is_the_packaged_model() -> None:
    assert thread_version(None) == VERSION
    assert thread_model(None) is load_model()


@pytest.mark.parametrize("name", [*(f"{task}.npz" for task in TASKS), "reader.json"])
def test_a_folder_with_other_heads_keeps_the_packaged_model(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"one's own")
    assert thread_version(tmp_path) == VERSION
    assert thread_model(tmp_path) is load_model()


def test_own_weights_win_and_mark_their_links(tmp_path: Path) -> None:
    shutil.copy(_packaged(), tmp_path / "threads.npz")
    (tmp_path / "intent.npz").write_bytes(b"one's own")
    digest = sha256(_packaged().read_bytes()).hexdigest()[:12]
    assert thread_version(tmp_path) == f"{VERSION}-{digest}"
    own = thread_model(tmp_path)
    assert own is not load_model()
    np.testing.assert_array_equal(own.idf, load_model().idf)


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_without_any_head_names_the_command_that_writes_one(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "notes.txt").write_text("no head")
    for look in (thread_version, thread_model):
        with pytest.raises(BadSetting, match=r"holds no threads\.npz; `groundswell train threads`"):
            look(tmp_path / name)


def _cut(data: bytes, kept: int) -> bytes:
    return data[:kept]


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("spoil", "place"), [(_cut, 0), (_cut, 10), (_cut, -10), (_flipped, 60), (_flipped, 50_000)]
)
def test_damaged_weights_are_refused_by_name(
    tmp_path: Path, spoil: Callable[[bytes, int], bytes], place: int
) -> None:
    (tmp_path / "threads.npz").write_bytes(spoil(_packaged().read_bytes(), place))
    (tmp_path / "intent.npz").write_bytes(b"one's own")
    with pytest.raises(BadSetting, match=r"threads\.npz is damaged"):
        thread_model(tmp_path)
