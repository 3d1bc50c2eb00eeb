"""Files and folders that appear whole, or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.export.files import whole_file, whole_folder
from service.errors import InvalidInput

KILLED = """
import os, signal
from pathlib import Path
from jobs.export.files import whole_file, whole_folder
with whole_file(Path({path!r})) as file, whole_folder(Path({path!r} + "s")) as folder:
    (folder / "a").write_text("new")
    file.write(b"new")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_is_replaced_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")

    def fail() -> None:
        with whole_file(path) as file, whole_folder(tmp_path / "all") as folder:
            (folder / "a").write_bytes(b"a")
            file.write(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(path=str(path))],
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert not (tmp_path / "out.jsonls").exists()


def test_a_link_is_followed_and_a_device_is_left_alone(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with whole_file(link) as file:
        file.write(b"new")
    assert (link.is_symlink(), target.read_bytes()) == (True, b"new")
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(InvalidInput, match="no regular file"), whole_file(path):
            pass


def test_a_folder_must_be_new_or_empty(tmp_path: Path) -> None:
    path = tmp_path / "all"
    path.mkdir()
    with whole_folder(path) as folder:
        (folder / "a").write_bytes(b"a")
    assert [file.name for file in path.iterdir()] == ["a"]
    assert path.stat().st_mode & 0o777 == 0o700
    for taken in (path, path / "a"):
        with pytest.raises(InvalidInput, match="not an empty folder"), whole_folder(taken):
            pass
