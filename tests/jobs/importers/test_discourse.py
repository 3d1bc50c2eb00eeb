import csv
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.importers.bundle import open_bundle
from jobs.importers.discourse import fits, read
from service.errors import BadArchive
from service.ingest.records import Deletion, Item, PostRecord, ReactionRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
TITLE = "# A *title* & more\n\n"


def post(id_: int, topic: int, number: int, user: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "topic_id": topic,
        "post_number": number,
        "username": user,
        "user_id": id_,
        "created_at": f"2024-06-0{number}T10:00:00Z",
        "cooked": f"<p>words {id_}</p>",
        "post_type": 1,
        **more,
    }


def sample(folder: Path) -> Path:
    """Write saved answers of the API: three topics, one of them direct, and a bot."""
    root = folder / "forum"
    root.mkdir()
    files: dict[str, Any] = {
        "categories.json": {"category_list": {"categories": [{"id": 4, "name": "Help"}]}},
        "t-1.json": {
            "id": 1,
            "title": "First",
            "category_id": 4,
            "accepted_answer": {"post_number": 3},
            "post_stream": {"posts": [post(11, 1, 1, "ann"), post(12, 1, 2, "bob")]},
        },
        "t-1-more.json": {
            "id": 1,
            "post_stream": {"posts": [post(13, 1, 3, "cyd", reply_to_post_number=2)]},
        },
        "t-2.json": {
            "id": 2,
            "title": "Second",
            "archetype": "regular",
            "post_stream": {"posts": [post(21, 2, 1, "system", user_id=-1), post(22, 2, 2, "ann")]},
        },
        "t-3.json": {
            "id": 3,
            "title": "Secret",
            "archetype": "private_message",
            "post_stream": {"posts": [post(31, 3, 1, "ann")]},
        },
    }
    for name, value in files.items():
        (root / name).write_text(json.dumps(value))
    return root


def items(path: Path) -> list[Item]:
    return list(read(path, now=NOW, progress=lambda done, total: None))


def posts(path: Path) -> dict[str, PostRecord]:
    return {item.external_id: item for item in items(path) if isinstance(item, PostRecord)}


def rejects(path: Path) -> list[tuple[str, str]]:
    return [(item.place, item.reason) for item in items(path) if isinstance(item, Reject)]


def test_saved_answers(tmp_path: Path) -> None:
    found = posts(sample(tmp_path))
    assert sorted(found) == ["11", "12", "13", "21", "22", "31"]
    assert {found[id_].thread_title for id_ in ("11", "13")} == {"First"}
    assert found["12"].channel == "Help"
    assert found["13"].parent_id == "12"
    assert found["13"].accepted_answer_id == "13"
    assert found["11"].accepted_answer_id is None
    assert found["11"].resolved is True
    assert found["21"].is_bot
    assert found["31"].visibility == "direct"
    assert found["22"].visibility == "public"


def test_lists_of_posts_and_bodies_of_webhooks(tmp_path: Path) -> None:
    latest = [
        post(5, 1, 1, "ann", topic_title="First", raw="*one*"),
        {"post": post(6, 1, 2, "bob", reply_to_post_number=1, topic_title="First")},
        post(7, 1, 3, "cyd", deleted_at="2024-06-05T00:00:00Z"),
        post(8, 1, 4, "cyd", post_type=3),
    ]
    path = tmp_path / "posts.json"
    path.write_text(json.dumps({"latest_posts": latest}))
    found = items(path)
    assert [item for item in found if isinstance(item, Deletion)] == [Deletion("7")]
    assert [item.external_id for item in found if isinstance(item, PostRecord)] == ["5", "6"]
    assert posts(path)["5"].text == "*one*"
    assert posts(path)["6"].parent_id == "5"
    path.write_text(json.dumps(latest))
    assert items(path) == found


def test_what_is_wrong_costs_itself_alone(tmp_path: Path) -> None:
    root = sample(tmp_path)
    (root / "broken.json").write_text('{"post_stream":')
    (root / "other.json").write_text('{"a": 1}')
    (root / "t-4.json").write_text('{"id": 4, "post_stream": {"posts": [3, {"id": 5}]}}')
    (root / "t-5.json").write_text('{"id": 5, "post_stream": 7}')
    assert len(posts(root)) == 6
    assert rejects(root) == [
        ("broken.json", "no valid JSON at character 16: fetch it again"),
        ("other.json", "the file holds no topic, posts or categories of Discourse"),
        ("t-4.json, post 1", "the post is a number, and no object"),
        ("t-4.json, post 2", "`username` is missing or empty"),
        ("t-5.json", "`post_stream` is a number, and no object"),
    ]


def markdown(folder: Path, text: str, name: str = "a-title.md") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    return folder


def test_markdown(tmp_path: Path) -> None:
    text = (
        f"{TITLE}## ann on 2024-06-01T10:00:00.000Z\n\nHello\n\n## A heading\n\nof hers\n\n\n"
        "---\n\n"
        "## system on 2024-06-02T10:00:00.000Z\n\n\n---\n\n"
        "## bob on 2024-06-03T10:00:00.000Z\n\nHi\n\n---\n\nthere\n"
    )
    first, second, third = posts(markdown(tmp_path / "in", text)).values()
    assert (first.external_id, first.thread_id) == ("a-title/1", "a-title")
    assert first.thread_title == "A *title* & more"
    assert first.text == "Hello\n\n## A heading\n\nof hers"
    assert first.created_at == datetime(2024, 6, 1, 10, tzinfo=UTC)
    assert (second.text, second.is_bot) == ("", True)
    assert (third.text, third.author) == ("Hi\n\n---\n\nthere", "bob")


def test_headings_in_code_are_code(tmp_path: Path) -> None:
    fenced = "```\n\n## eve on 2024-06-02T10:00:00Z\n\n```\n\nas shown"
    text = (
        f"{TITLE}## ann on 2024-06-01T10:00:00Z\n\n{fenced}\n\n"
        "## bob on 2024-06-03T10:00:00Z\n\n```\nnever closed\n\n"
        "## cyd on 2024-06-04T10:00:00Z\n\n```\nclosed\n```\n\n"
        "## dan on 2024-06-05T10:00:00Z\n\nlast\n"
    )
    found = posts(markdown(tmp_path / "in", text))
    assert [item.author for item in found.values()] == ["ann", "bob", "cyd", "dan"]
    assert found["a-title/1"].text == fenced


def test_front_matter_and_bad_posts(tmp_path: Path) -> None:
    text = (
        '---\ntitle: "From: above"\ncategory: Help\n---\n\n## ann on 2024-06-01T10:00:00Z\n\na\n\n'
        "## bob on 2024-99-01T10:00:00Z\n\nb\n\n## cyd on 2024-06-01T10:00:00Z\n\n\udcff\n"
    )
    folder = markdown(tmp_path / "in", text)
    markdown(folder, "nothing", "b.md")
    markdown(folder, "about it", "README.md")
    (found,) = posts(folder).values()
    assert (found.thread_title, found.channel) == ("From: above", "Help")
    assert rejects(folder) == [
        ("a-title.md, post 2", "`at` is no time; write it like 2024-06-01T00:08:26Z"),
        ("a-title.md, post 3", "`text` holds characters that are no valid Unicode"),
        ("b.md", "the file holds no heading like `## user on 2024-06-01T00:08:26Z`"),
    ]


def archive(folder: Path, *rows: list[str]) -> Path:
    head = "topic_title categories is_pm post_raw post_cooked like_count reply_count url created_at"
    path = folder / "user_archive-ann-240601-101112-7.zip"
    plain = folder / "user_archive.csv"
    with plain.open("w", newline="") as file:
        csv.writer(file).writerows([head.split(), *rows])
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(plain, "user_archive.csv")
        packed.writestr("visits.csv", "visited_at\n2024-06-01\n")
    plain.unlink()
    return path


def test_what_one_person_downloads(tmp_path: Path) -> None:
    home, stamp = "https://forum.example.org/t/a-title", "2024-06-01 10:00:00 UTC"
    path = archive(
        tmp_path,
        ["A title", "Help|Deep", "No", "*Hi*,\nyou", "<p>x</p>", "2", "0", f"{home}/7/3", stamp],
        ["A talk", "-", "Ja", "", "<p>psst</p>", "0", "0", f"{home}/8/1", stamp],
        ["Crew", "-", "No", "x", "", "0", "0", f"{home}/9/1", stamp],
        ["Odd", "Help", "No", "x", "", "0", "0", "https://forum.example.org/7", stamp],
    )
    found = posts(path)
    first = found["7/3"]
    assert (first.thread_id, first.author, first.channel) == ("7", "ann", "Deep")
    assert (first.text, first.reactions) == ("*Hi*,\nyou", (ReactionRecord("like", "", 2),))
    assert (first.platform, first.url) == ("forum.example.org", "https://forum.example.org/t/7/3")
    assert first.created_at == datetime(2024, 6, 1, 10, tzinfo=UTC)
    assert (found["8/1"].visibility, found["8/1"].text) == ("direct", "psst")
    assert found["9/1"].visibility == "private"
    assert rejects(path) == [("line 6", "`url` is missing or leads to no post")]


def test_what_fits(tmp_path: Path) -> None:
    folder = markdown(tmp_path / "md", f"{TITLE}## ann on 2024-06-01T10:00:00Z\n\na\n")
    other = markdown(tmp_path / "other", "# Notes\n\n## Today\n\nnothing\n")
    for path, expected in ((folder, True), (other, False), (sample(tmp_path), True)):
        with open_bundle(path) as bundle:
            assert fits(bundle) is expected


def test_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(BadArchive, match="name an export of Discourse"):
        items(tmp_path)


@pytest.mark.shared
def test_the_sample_of_girder(shared_data: Path) -> None:
    path = shared_data / "raw_samples" / "discourse_girder_md"
    found = [item for item in items(path) if isinstance(item, PostRecord)]
    assert len(found) == len(items(path)) == 437
    assert len({item.thread_id for item in found}) == 132
    assert len({item.author for item in found}) == 65
    assert not any(item.text.endswith("\n---") for item in found)
    with open_bundle(path) as bundle:
        assert fits(bundle)
