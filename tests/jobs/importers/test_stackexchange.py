import gzip
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from jobs.importers.bundle import open_bundle
from jobs.importers.stackexchange import fits, read
from service.errors import BadArchive
from service.ingest.records import Item, PostRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
STAMP = "2018-03-12T17:12:07.927"


def row(**values: str) -> str:
    return "<row " + " ".join(f"{name}={quoteattr(value)}" for name, value in values.items()) + "/>"


def question(id_: str, user: str, **more: str) -> str:
    told = {"Id": id_, "PostTypeId": "1", "CreationDate": STAMP, "Score": "2"}
    return row(**told, Body="<p>Why?</p>", Title=f"Title {id_}", OwnerUserId=user, **more)


def answer(id_: str, of: str, user: str) -> str:
    told = {"Id": id_, "PostTypeId": "2", "ParentId": of, "CreationDate": STAMP, "Score": "0"}
    return row(**told, Body="<p>So.</p>", OwnerUserId=user)


def comment(id_: str, of: str, user: str) -> str:
    return row(Id=id_, PostId=of, Text="a & b", CreationDate=STAMP, UserId=user, Score="1")


def write(path: Path, *rows: str, root: str = "posts") -> None:
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>\n' + "\n".join(rows) + f"\n</{root}>"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def sample(folder: Path) -> Path:
    """Write the dump of a site: two questions, answers, comments, the site's own bot."""
    root = folder / "tea.stackexchange.com"
    root.mkdir()
    write(
        root / "Posts.xml",
        question("1", "7", AcceptedAnswerId="2"),
        answer("2", "1", "8"),
        question("3", "-1"),
        row(Id="4", PostTypeId="5", CreationDate=STAMP, Body="wiki"),
        answer("5", "3", "9"),
    )
    write(root / "Comments.xml", comment("1", "2", "7"), comment("2", "3", "8"), root="comments")
    write(
        root / "Users.xml",
        row(Id="7", DisplayName="Ann", WebsiteUrl="https://ann.example.org"),
        row(Id="8", DisplayName="Bob"),
        root="users",
    )
    (root / "Votes.xml").write_text("<votes>")
    (root / "license.txt").write_text("CC BY-SA")
    return root


def items(path: Path) -> list[Item]:
    return list(read(path, now=NOW, progress=lambda done, total: None))


def posts(path: Path) -> dict[str, PostRecord]:
    return {item.external_id: item for item in items(path) if isinstance(item, PostRecord)}


def rejects(path: Path) -> list[tuple[str, str]]:
    return [(item.place, item.reason) for item in items(path) if isinstance(item, Reject)]


def test_a_dump(tmp_path: Path) -> None:
    found = posts(sample(tmp_path))
    assert {id_: item.thread_id for id_, item in found.items()} == {
        "1": "1",
        "2": "1",
        "3": "3",
        "5": "3",
        "c1": "1",
        "c2": "3",
    }
    assert found["1"].author_name == "Ann"
    assert found["c1"].author_links == ("https://ann.example.org",)
    assert found["c1"].text == "a & b"
    assert found["3"].is_bot
    assert found["1"].accepted_answer_id == "2"
    assert found["1"].platform == "tea.stackexchange.com"
    assert found["5"].place == "Posts.xml, row 5"


def test_several_dumps_keep_their_names(tmp_path: Path) -> None:
    sample(tmp_path)
    other = tmp_path / "coffee.stackexchange.com"
    other.mkdir()
    write(other / "posts.xml.gz", question("1", "7"))
    found = [item for item in items(tmp_path) if isinstance(item, PostRecord)]
    assert [(item.source, item.author_name) for item in found[:2]] == [
        ("coffee.stackexchange.com", None),
        ("tea.stackexchange.com", "Ann"),
    ]


def test_one_file_alone(tmp_path: Path) -> None:
    write(tmp_path / "coffee.xml.gz", question("1", "7"), answer("2", "1", "8"))
    assert list(posts(tmp_path / "coffee.xml.gz")) == ["1", "2"]
    alone = tmp_path / "Comments.xml"
    write(alone, comment("1", "2", "7"), root="comments")
    assert (posts(alone)["c1"].thread_id, posts(alone)["c1"].parent_id) == (None, "2")


def test_what_is_wrong_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    write(path, question("1", "7"), question("x", "7"), "<other/>", question("2", "7"))
    assert list(posts(path)) == ["1", "2"]
    assert rejects(path) == [("Posts.xml, row 2", "`Id` is no number of a post")]
    path.write_bytes(path.read_bytes()[:-30])
    assert list(posts(path)) == ["1"]
    assert rejects(path)[1][0] == "Posts.xml, row 3"
    assert "no valid XML at line 6" in rejects(path)[1][1]


BILLION = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
BOMBS: dict[str, Callable[[], str]] = {
    "entities": lambda: (
        f'<!DOCTYPE posts [<!ENTITY e0 "ha">{BILLION}]><posts><row Id="&e9;"/></posts>'
    ),
    "doctype": lambda: '<?xml version="1.0"?><!DOCTYPE posts SYSTEM "file:///etc/passwd"><posts/>',
    "late doctype": lambda: (
        f"<!--{' ' * 9_000}--><!DOCTYPE posts []><posts>{question('1', '7')}</posts>"
    ),
    "attribute": lambda: f'<posts><row Id="{"9" * (30 << 20)}"/></posts>',
    "text": lambda: f"<posts>{'x' * (30 << 20)}</posts>",
    "depth": lambda: "<posts>" + "<a>" * 100_000,
    "attributes": lambda: (
        "<posts><row " + " ".join(f'a{n}="1"' for n in range(300_000)) + "/></posts>"
    ),
    "unknown entity": lambda: '<posts><row Id="&nbsp;"/></posts>',
    "empty": lambda: "",
    "no xml": lambda: "Id,PostTypeId\n1,1\n",
    "utf-7": lambda: '<?xml version="1.0" encoding="utf-7"?>+ADw-posts+AD4-',
    "nul": lambda: "<posts>\0<row/></posts>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "Posts.xml"
    path.write_text(BOMBS[name]())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    with pytest.raises(BadArchive, match=r"DOCTYPE|no valid XML|no data dump"):
        items(path)
    assert time.process_time() - begin < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 << 10


def test_a_row_that_the_parser_fails_in_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    write(path, question("1", "7"), question("2", "7").replace("Why", "a & b"), question("3", "7"))
    assert list(posts(path)) == ["1"]
    assert rejects(path) == [("Posts.xml, row 2", "no valid XML at line 4: fetch the file again")]


def test_a_doctype_in_utf_16_is_one(tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    path.write_bytes("<?xml version='1.0'?><!DOCTYPE posts []><posts/>".encode("utf-16"))
    with pytest.raises(BadArchive, match="DOCTYPE"):
        items(path)


def test_what_fits(tmp_path: Path) -> None:
    other = tmp_path / "feed.xml"
    other.write_text("<rss></rss>")
    for path, expected in ((sample(tmp_path), True), (other, False)):
        with open_bundle(path) as bundle:
            assert fits(bundle) is expected
    with pytest.raises(BadArchive, match=r"holds no Posts\.xml"):
        items(tmp_path / "tea.stackexchange.com" / "license.txt")


@pytest.mark.shared
def test_the_samples(shared_data: Path) -> None:
    for name, expected in (
        ("stackexchange_quantum_xml", (612, 1_060, 3_413, 389)),
        ("stackexchange_coffee_xml", (225, 327, 0, 105)),
    ):
        path = shared_data / "raw_samples" / name
        found = [item for item in items(path) if isinstance(item, PostRecord)]
        comments = [item for item in found if item.external_id.startswith("c")]
        asked = [item for item in found if item.thread_id == item.external_id]
        answers = len(found) - len(comments) - len(asked)
        accepted = sum(item.accepted_answer_id is not None for item in found)
        assert (len(asked), answers, len(comments), accepted) == expected
        assert len(items(path)) == len(found)
        assert all(item.thread_id for item in found)
        with open_bundle(path) as bundle:
            assert fits(bundle)
