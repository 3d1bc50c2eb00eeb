import bz2
import gzip
import zipfile

import pytest

from jobs.importers import lines as module
from jobs.importers import unpack
from jobs.importers.lines import Line, lines
from service.errors import BadArchive
from service.ingest.records import Reject


def read(path):
    return list(lines(path, lambda done, total: None))


@pytest.fixture
def file(tmp_path):
    def make(content, name="in.jsonl"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


def test_lines_are_numbered_and_blank_ones_skipped(file):
    found = read(file(b"\xef\xbb\xbfa\r\n\n  \nb"))
    assert found == [Line(1, b"a\r"), Line(4, b"b", ended=False)]


def test_gzip_is_known_by_its_first_bytes_and_not_by_its_name(file):
    assert read(file(gzip.compress(b"a\nb\n"))) == [Line(1, b"a"), Line(2, b"b")]
    assert read(file(b"a\n", "in.jsonl.gz")) == [Line(1, b"a")]


def test_gzip_members_and_padding_are_one_text(file):
    packed = gzip.compress(b"a\nb") + gzip.compress(b"c\n") + b"\0" * 512
    assert read(file(packed)) == [Line(1, b"a"), Line(2, b"bc")]


def test_bzip2_and_utf16_are_read(file):
    packed = bz2.compress(b"a\n") + bz2.compress(b"b\n")
    assert read(file(packed)) == [Line(1, b"a"), Line(2, b"b")]
    assert read(file(packed[:-5]))[-1].reason == "the file ends early: fetch it again"
    for name in ("utf-16-le", "utf-16-be"):
        content = "\ufeffä\r\nb\n".encode(name)
        assert read(file(content)) == [Line(1, "ä\r".encode()), Line(2, b"b")]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_a_bomb_is_refused_before_it_is_unpacked(file, compress):
    found = read(file(compress(b"0" * (64 << 20))))
    assert len(found) == 1
    assert isinstance(found[0], Reject)
    assert found[0].reason.startswith("the file becomes more than 200 times as large")


def test_blank_lines_where_they_are_asked_for(file):
    path = file(b"a\n\n \nb")
    found = list(lines(path, lambda done, total: None, blank=True))
    assert [line.text for line in found] == [b"a", b"", b" ", b"b"]


def test_lines_across_pieces(file, monkeypatch):
    monkeypatch.setattr(unpack, "PIECE", 3)
    content = b"abcdefgh\nij\nklmnop"
    expected = [Line(1, b"abcdefgh"), Line(2, b"ij"), Line(3, b"klmnop", ended=False)]
    assert read(file(content)) == expected
    assert read(file(gzip.compress(content))) == expected


def test_a_cut_gzip_gives_its_whole_lines_and_one_reject(file):
    body = b"".join(b'{"n": %d}\n' % n for n in range(50_000))
    found = read(file(gzip.compress(body)[:-5_000]))
    rows, last = found[:-1], found[-1]
    assert [line.text for line in rows] == body.split(b"\n")[: len(rows)]
    assert len(rows) > 10_000
    assert isinstance(last, Reject)
    assert last.place == f"line {len(rows) + 1}"
    assert last.reason == "the file ends early: fetch it again"


def test_a_gzip_cut_in_its_header_is_one_reject(file):
    reject = Reject("line 1", "the file ends early: fetch it again")
    assert read(file(gzip.compress(b"a\n")[:6])) == [reject]


def test_a_gzip_with_wrong_bytes_is_refused_from_there(file):
    packed = bytearray(gzip.compress(b"a\nb\n"))
    packed[-6] ^= 0xFF
    found = read(file(bytes(packed)))
    assert found[-1].reason == "the packed file is damaged here: fetch it again"


def test_bytes_after_a_gzip_are_refused(file):
    found = read(file(gzip.compress(b"a\n") + b"junk"))
    assert found[0] == Line(1, b"a")
    assert found[1].reason == "the packed file is damaged here: fetch it again"


def test_a_line_that_is_too_long_is_refused_without_being_held(file, monkeypatch):
    monkeypatch.setattr(unpack, "PIECE", 64)
    monkeypatch.setattr(module, "LINE_LIMIT", 1 << 20)
    found = read(file(b"a\n" + b"x" * (5 << 20) + b"\nb\n" + b"y" * (2 << 20)))
    assert found[0] == Line(1, b"a")
    assert (found[1].place, found[1].reason) == ("line 2", "the line is longer than 1 MB")
    assert 0 < len(found[1].raw) <= 2_000
    assert found[2] == Line(3, b"b")
    assert found[3].place == "line 4"
    assert len(found) == 4


def test_progress_counts_bytes_up_to_the_end(file):
    heard = []
    path = file(gzip.compress(b"a\nb\n"))
    list(lines(path, lambda done, total: heard.append((done, total))))
    assert heard[-1] == (path.stat().st_size, path.stat().st_size)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "is a PNG image: name a file of JSON Lines"),
        (b"\xfd7zXZ\0", "is packed with xz: unpack it with `unxz`"),
        (b"\x7fELF\0\0\0", "is no text: name a file of JSON Lines"),
        (b'[\n  {"id": 1}\n]', "is one JSON list: put each object on a line with `jq -c '.[]'`"),
    ],
)
def test_other_files_are_refused_with_the_remedy(file, content, reason):
    path = file(content)
    with pytest.raises(BadArchive) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path} {reason}")
    with pytest.raises(BadArchive):
        read(file(gzip.compress(content)))


def test_a_zip_a_folder_and_nothing_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(BadArchive, match="is a zip archive: unpack it"):
        read(tmp_path / "in.zip")
    with pytest.raises(BadArchive, match="is a folder: name a file inside it"):
        read(tmp_path)
    with pytest.raises(BadArchive, match=r"there is no file .*: check the path"):
        read(tmp_path / "nothing")
