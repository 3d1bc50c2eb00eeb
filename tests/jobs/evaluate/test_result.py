"""Reading what is measured on: a bad line is named, and nothing is guessed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from jobs.evaluate.result import (
    MeasurementFailed,
    Options,
    encoder_versions,
    records,
    rounded,
    timed,
    versions,
)
from nlp.encoders import load
from service.errors import BadArchive, GroundswellError, InvalidInput
from service.settings import Settings

GOOD = b'{"id": "1", "text": "one"}\n\n{"id": "2", "text": ""}\n'


def test_records_plain_and_packed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_bytes(GOOD)
    packed.write_bytes(gzip.compress(GOOD, mtime=0))
    expected = [{"id": "1", "text": "one"}, {"id": "2", "text": ""}]
    assert records(plain, ("id", "text"), None) == records(packed, ("text",), None) == expected
    assert records(plain, ("text",), 1) == expected[:1]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "holds no record"),
        (b" \n\n", "holds no record"),
        (GOOD + b'{"id": "3"}\n', "line 4 has columns id; wanted id, text"),
        (GOOD + b'{"id": "3", "text": null}\n', "line 4 has columns id; wanted id, text"),
        (GOOD + b"{}\n", "line 4 has columns nothing; wanted id, text"),
        (GOOD + b'["3", "three"]\n', "line 4 is no JSON object; wanted one with id, text"),
        (GOOD + b"{broken\n", "line 4 is no JSON"),
        (b"\xff\xfe\n", "line 1 is no JSON"),
        (gzip.compress(GOOD, mtime=0)[:-9], "cannot read"),
        (b"\x1f\x8bno gzip", "cannot read"),
        # A sound header, then a block of a kind that there is none of: zlib's own error.
        (gzip.compress(GOOD, mtime=0)[:10] + b"\xff" * 20, "cannot read"),
    ],
)
def test_bad_input_is_one_line_with_its_place(tmp_path: Path, data: bytes, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(data)
    with pytest.raises(BadArchive, match=line) as caught:
        records(path, ("id", "text"), None)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_lines_beyond_the_limit_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(GOOD + b"{broken\n")
    assert len(records(path, ("id",), 2)) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="cannot read"):
        records(tmp_path / "nowhere.jsonl", ("id",), None)
    with pytest.raises(InvalidInput, match="--data"):
        Options(Settings(data_dir=tmp_path)).path()


def test_small_things() -> None:
    value, seconds = timed(lambda: 7)
    assert value == 7
    assert 0 <= seconds < 1
    assert rounded({"a": 1 / 3, "b": 2}) == {"a": 0.3333, "b": 2.0}
    assert versions(mixed="yes")["mixed"] == "yes"
    assert encoder_versions(load("hashing")) == {"encoder": "hashing@crc32-256"}
    assert issubclass(MeasurementFailed, GroundswellError)
    assert (MeasurementFailed.code, MeasurementFailed.exit_code) == ("measurement_failed", 1)
