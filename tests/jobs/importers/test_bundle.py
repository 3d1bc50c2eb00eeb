"""Archives of every shape are read alike, and bombs are refused before they go off."""

import bz2
import gzip
import io
import json
import os
import resource
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.fields import BadRecord

FILES = {"a/one.json": b'[{"n": 1}]', "a/two.json": b"[]", "users.json": b"{}"}


def as_folder(path: Path) -> Path:
    for name, content in FILES.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return path


def as_packed_folder(path: Path) -> Path:
    as_folder(path)
    for name in ("a/one.json", "users.json"):
        content = (path / name).read_bytes()
        (path / name).unlink()
        (path / f"{name}.gz").write_bytes(gzip.compress(content))
    return path


def as_zip(path: Path, root: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(root + name, content)
    return path


def as_rooted_zip(path: Path) -> Path:
    return as_zip(path, "export-2024/")


def as_tar(path: Path, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(f"./export/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        picture = tarfile.TarInfo("./export/uploads/cat.png")
        archive.addfile(picture, io.BytesIO())
    return path


@pytest.mark.parametrize(
    "make", [as_folder, as_packed_folder, as_zip, as_rooted_zip, as_tar], ids=lambda f: f.__name__
)
def test_every_shape_holds_the_same(tmp_path, make):
    with open_bundle(make(tmp_path / "export")) as bundle:
        assert [entry.name for entry in bundle.entries] == sorted(FILES)
        assert {name: bundle.read(name) for name in FILES} == FILES
        assert bundle.json("a/one.json") == [{"n": 1}]
        assert [entry.name for entry in bundle.find("*/*.json")] == ["a/one.json", "a/two.json"]
        heard = []
        walked = bundle.walk(bundle.entries, lambda done, total: heard.append((done, total)))
        assert [entry.name for entry in walked] == sorted(FILES)
        assert heard[-1][0] == heard[-1][1]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_one_file_is_a_bundle_of_one(tmp_path, pack):
    ending = {gzip.compress: ".gz", bz2.compress: ".bz2"}.get(pack, "")
    path = tmp_path / f"chat.json{ending}"
    path.write_bytes(pack(b'{"a": "\xc3\xa9"}'))
    with open_bundle(path) as bundle:
        assert [entry.name for entry in bundle.entries] == ["chat.json"]
        assert bundle.json("chat.json") == {"a": "é"}
        assert bundle.head("chat.json", 4) == b'{"a"'


def test_a_file_that_is_too_large_is_refused_alone(tmp_path):
    with open_bundle(as_folder(tmp_path / "export")) as bundle:
        with pytest.raises(BadRecord, match="larger than 0 MB"):
            bundle.read("a/one.json", limit=3)
        assert bundle.read("users.json") == b"{}"


def test_json_with_half_a_surrogate_is_read_and_deep_json_is_not(tmp_path):
    (tmp_path / "a.json").write_bytes(b'["\xff", "ok"]')
    (tmp_path / "deep.json").write_bytes(b"[" * 200_000)
    (tmp_path / "cut.json").write_bytes(b'["a", ')
    with open_bundle(tmp_path) as bundle:
        assert bundle.json("a.json")[1] == "ok"
        with pytest.raises(BadRecord, match="nested too deeply"):
            bundle.json("deep.json")
        with pytest.raises(BadRecord, match="no valid JSON at character 7"):
            bundle.json("cut.json")


def test_links_in_a_folder_are_not_followed(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("[]")
    folder = as_folder(tmp_path / "export")
    (folder / "link.json").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    with open_bundle(folder) as bundle:
        assert [entry.name for entry in bundle.entries] == sorted(FILES)


@pytest.mark.parametrize("name", ["../out.json", "/etc/x.json", "a/../../x.json", "a\\x.json"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    for make in (zip_of, tar_of):
        path = make(tmp_path / make.__name__, name)
        with pytest.raises(BadArchive, match="leads out"), open_bundle(path):
            pass


def zip_of(path: Path, *names: str, content: bytes = b"[]") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return path


def tar_of(path: Path, name: str) -> Path:
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return path


def test_links_in_archives_are_refused(tmp_path):
    linked = tmp_path / "links.zip"
    with zipfile.ZipFile(linked, "w") as archive:
        info = zipfile.ZipInfo("a.json")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    tarred = tmp_path / "links.tar"
    with tarfile.open(tarred, "w") as archive:
        member = tarfile.TarInfo("a.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    for path in (linked, tarred):
        with pytest.raises(BadArchive, match="holds a link"), open_bundle(path):
            pass


def test_an_archive_within_an_archive_is_not_opened(tmp_path):
    inner = as_zip(tmp_path / "inner.zip").read_bytes()
    with open_bundle(zip_of(tmp_path / "outer.zip", "a.zip", content=inner)) as bundle:
        with pytest.raises(BadRecord, match="an archive within"):
            bundle.read("a.zip")
        assert bundle.head("a.zip") == b""


def test_a_size_that_lies_is_found(tmp_path):
    path = zip_of(tmp_path / "lie.zip", "a.json", content=b"[" + b" " * 100_000 + b"]")
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = raw.find(mark) + at
        raw[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(raw)
    with open_bundle(path) as bundle, pytest.raises(BadRecord, match=r"damaged|larger"):
        bundle.read("a.json")


def test_double_overlapping_and_locked_entries_are_refused(tmp_path):
    double = tmp_path / "double.zip"
    with zipfile.ZipFile(double, "w") as archive:
        archive.writestr("a.json", "[]")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.json", "{}")
    locked = bytearray(zip_of(tmp_path / "locked.zip", "a.json").read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(mark) + at] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    overlap = bytearray(zip_of(tmp_path / "overlap.zip", "a.json", "b.json").read_bytes())
    second = overlap.rfind(b"PK\x01\x02")
    overlap[second + 42 : second + 46] = struct.pack("<I", 5)
    (tmp_path / "overlap.zip").write_bytes(overlap)
    reasons = {"double": "two entries", "locked": "password", "overlap": "overlap"}
    for name, reason in reasons.items():
        with pytest.raises(BadArchive, match=reason), open_bundle(tmp_path / f"{name}.zip"):
            pass


@pytest.mark.parametrize("size", [0, 3, 21, 60])
def test_a_zip_that_was_cut_is_refused(tmp_path, size):
    path = as_zip(tmp_path / "cut.zip")
    path.write_bytes(path.read_bytes()[: 4 + size])
    with pytest.raises(BadArchive, match="fetch it again"), open_bundle(path):
        pass


@pytest.mark.parametrize(
    ("head", "remedy"),
    [(b"7z\xbc\xaf\x27\x1c", "7z x"), (b"\xfd7zXZ\x00", "unxz"), (b"Rar!", "rar")],
)
def test_other_packers_are_named(tmp_path, head, remedy):
    path = tmp_path / "export.bin"
    path.write_bytes(head + bytes(600))
    with pytest.raises(BadArchive, match=remedy), open_bundle(path):
        pass


def test_nothing_there_is_said(tmp_path):
    for path in (tmp_path / "none", Path("/dev/null")):
        with pytest.raises(BadArchive, match=r"check the path|no regular file"), open_bundle(path):
            pass


LIMITED = """
import resource, sys, time
from pathlib import Path

def peak():
    # The system's count for a process begins with what its parent held: this is of its own.
    try:
        held = Path("/proc/self/status").read_text()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(held.split("VmHWM:")[1].split()[0])

from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.fields import BadRecord
before = time.process_time()
try:
    with open_bundle(Path(sys.argv[1])) as bundle:
        for entry in bundle.entries:
            bundle.read(entry.name)
    said = "nothing"
except (BadArchive, BadRecord) as error:
    said = str(error)
print(time.process_time() - before, peak() // 1024, said)
"""


def zeros(path: Path) -> Path:
    packer = zlib.compressobj(9, wbits=31)
    with path.open("wb") as out:
        for _ in range(1_024):
            out.write(packer.compress(bytes(1 << 20)))
        out.write(packer.flush())
    return path


def zip_of_zeros(path: Path) -> Path:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("zeros.json", "w", force_zip64=True) as file,
    ):
        for _ in range(512):
            file.write(bytes(1 << 20))
    return path


def million_entries(path: Path) -> Path:
    """Write a table of contents of a million entries, as no library would in a second."""
    count = 1_000_000
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0
    )
    table = (entry + b"a") * count
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 7, 7, len(table), len(local), 0)
    path.write_bytes(local + table + end)
    return path


def million_members(path: Path) -> Path:
    block = tarfile.TarInfo("a.json").tobuf()
    path.write_bytes(gzip.compress(block * 300_000, 1))
    return path


def many_files(path: Path) -> Path:
    return zip_of(path, *(f"{n}.json" for n in range(70_000)))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (zeros, "200 times"),
        (zip_of_zeros, "200 times"),
        (million_entries, "holds more than 250,000 files"),
        (million_members, "holds more than 50,000 entries|200 times"),
        (many_files, "nothing"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_bombs_are_refused_within_5_s_of_cpu_and_300_mb(tmp_path, make, reason):
    path = make(tmp_path / "bomb")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (30, 30)),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    seconds, peak, said = done.stdout.strip().split(" ", 2)
    assert any(part in said for part in reason.split("|")), said
    # Twice as much, as a machine that runs other tests beside counts its waiting as work.
    assert float(seconds) < 10
    assert int(peak) < 300
    assert sorted(path.parent.iterdir()) == [path]


def test_json_is_read_as_json_reads_it(tmp_path):
    value = {
        "a": [1, 2.5, None, True, "é\n"],
        "b": {"c": "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
    }
    (tmp_path / "a.json").write_text("\ufeff" + json.dumps(value), encoding="utf-8")
    with open_bundle(tmp_path) as bundle:
        assert bundle.json("a.json") == value
