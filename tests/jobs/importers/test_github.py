import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.importers.bundle import open_bundle
from jobs.importers.github import fits, read
from service.errors import BadArchive
from service.ingest.records import Deletion, Item, PostRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
PAGE = "https://github.com/acme/kit"


def issue(number: int, user: str, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": f"Title {number}",
        "body": "words",
        "state": "open",
        "user": {"login": user, "type": "User"},
        "author_association": "NONE",
        "created_at": "2024-06-01T10:00:00Z",
        "html_url": f"{PAGE}/issues/{number}",
        **more,
    }


def comment(id_: int, number: int, user: str) -> dict[str, Any]:
    return {
        "id": id_,
        "body": "more words",
        "user": {"login": user, "type": "Bot" if user.endswith("[bot]") else "User"},
        "author_association": "MEMBER",
        "created_at": "2024-06-02T10:00:00Z",
        "html_url": f"{PAGE}/issues/{number}#issuecomment-{id_}",
        "issue_url": f"https://api.github.com/repos/acme/kit/issues/{number}",
    }


def discussion() -> dict[str, Any]:
    return {
        "number": 9,
        "title": "How?",
        "body": "words",
        "createdAt": "2024-06-01T10:00:00Z",
        "answerChosenAt": None,
        "author": {"login": "dan"},
        "comments": {
            "edges": [
                {
                    "node": {
                        "databaseId": 5,
                        "body": "so",
                        "createdAt": "2024-06-02T10:00:00Z",
                        "author": {"login": "ann"},
                    }
                }
            ]
        },
    }


def sample(folder: Path) -> Path:
    """Write saved answers: two issues, their comments, a discussion, a private repository's."""
    root = folder / "kit"
    root.mkdir()
    secret = {"full_name": "acme/inner", "private": True}
    home = {"nameWithOwner": "acme/kit", "discussions": {"nodes": [discussion()]}}
    files = {
        "issues.json": [[issue(1, "ann")], [issue(2, "bob", state="closed")]],
        "comments.json": [comment(11, 1, "cyd"), comment(12, 2, "ci[bot]")],
        "discussions.json": {"data": {"repository": home}},
        "hook.json": {"action": "opened", "issue": issue(3, "eve"), "repository": secret},
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
    path = sample(tmp_path)
    found = posts(path)
    assert rejects(path) == []
    assert list(found) == [
        *("issuecomment-11", "issuecomment-12", "discussion-9", "discussioncomment-5"),
        *("issue-3", "issue-1", "issue-2"),
    ]
    assert found["issuecomment-12"].is_bot
    assert found["issuecomment-12"].thread_id == "issue-2"
    assert found["issue-2"].resolved is True
    assert found["discussioncomment-5"].source == "acme/kit"
    assert found["issue-3"].visibility == "private"
    assert found["issue-1"].visibility == "public"


def test_lines_whatever_the_name(tmp_path: Path) -> None:
    lines = [json.dumps(item) for item in (issue(1, "ann"), comment(11, 1, "bob"))]
    for name in ("all.jsonl", "all.json"):
        path = tmp_path / name
        path.write_text("\n".join([*lines, "", "{", '{"a": 1}', lines[1]]))
        assert list(posts(path)) == ["issue-1", "issuecomment-11"]
        assert rejects(path) == [
            (f"{name}, line 4", "no valid JSON at character 3: fetch it again"),
            (f"{name}, line 5", "the item is neither issue, discussion nor comment"),
        ]


def test_what_gh_writes(tmp_path: Path) -> None:
    note = {
        "id": "IC_1",
        "author": {"login": "bob"},
        "body": "more",
        "createdAt": "2024-06-02T10:00:00Z",
        "url": f"{PAGE}/issues/1#issuecomment-11",
    }
    told = {
        "number": 1,
        "title": "It breaks",
        "body": "words",
        "author": {"login": "ann"},
        "createdAt": "2024-06-01T10:00:00Z",
        "url": f"{PAGE}/issues/1",
        "comments": [note, 5],
    }
    path = tmp_path / "issues.json"
    path.write_text(json.dumps([told]))
    assert {id_: item.thread_id for id_, item in posts(path).items()} == {
        "issue-1": "issue-1",
        "issuecomment-11": "issue-1",
    }
    assert rejects(path) == [("issues.json, item 3", "the comment is a number, and no object")]
    with open_bundle(path) as bundle:
        assert fits(bundle)


def test_the_migration_archive(tmp_path: Path) -> None:
    told = {"type": "issue", "url": f"{PAGE}/issues/4", "title": "It breaks", "body": "words"}
    told |= {"user": "https://github.com/ann", "created_at": "2024-06-01T10:00:00Z"}
    (tmp_path / "issues_000001.json").write_text(json.dumps([told]))
    (tmp_path / "users_000001.json").write_text('[{"type": "user", "login": "ann"}]')
    (tmp_path / "events.json").write_text('[{"type": "issue_event", "event": "closed"}]')
    (found,) = items(tmp_path)
    assert isinstance(found, PostRecord)
    assert (found.external_id, found.author, found.source) == ("issue-4", "ann", "acme/kit")


def test_deletions(tmp_path: Path) -> None:
    home = {"full_name": "acme/kit"}
    path = tmp_path / "hook.json"
    path.write_text(json.dumps({"action": "deleted", "issue": issue(1, "ann"), "repository": home}))
    assert items(path) == [Deletion("issue-1", "acme/kit")]


def test_a_table(tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text(
        ",project_name,issue_id,comment_id,comment_body,created_at,user_id\n"
        '1,acme/kit,100,100,"two\nlines",2024-06-01T10:00:00Z,7\n'
        "2,acme/kit,100,101,,2024-06-01T10:00:00Z,8\n"
        "3,acme/kit,100,102,x,never,8\n"
    )
    found = posts(path)
    assert {id_: (item.text, item.author) for id_, item in found.items()} == {
        "issue-100": ("two\nlines", "7"),
        "issuecomment-101": ("", "8"),
    }
    assert rejects(path) == [
        ("line 5", "`created_at` is no time; write it like 2024-06-01T00:08:26Z")
    ]
    with open_bundle(path) as bundle:
        assert fits(bundle)


def test_what_is_wrong_costs_itself_alone(tmp_path: Path) -> None:
    path = sample(tmp_path)
    (path / "broken.json").write_text('[{"title": "x"}')
    (path / "deep.json").write_text("[" * 100_000)
    (path / "odd.json").write_text(json.dumps([1, "a", None, {"title": "x"}, issue(8, "ann")]))
    assert len(posts(path)) == 8
    assert [place for place, _ in rejects(path)] == [
        "broken.json",
        "deep.json",
        *(f"odd.json, item {number}" for number in range(1, 5)),
    ]


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="name what GitHub answered"):
        items(tmp_path)
    other = tmp_path / "other.json"
    other.write_text('{"a": 1}')
    with open_bundle(other) as bundle:
        assert not fits(bundle)


@pytest.mark.shared
def test_the_sample_of_comments(shared_data: Path) -> None:
    path = shared_data / "raw_samples" / "github_issue_comments_csv"
    found = [item for item in items(path) if isinstance(item, PostRecord)]
    assert len(found) == len(items(path)) == 400
    assert len({(item.source, item.thread_id) for item in found}) == 27
    assert sum(item.external_id.startswith("issue-") for item in found) == 27
    with open_bundle(path) as bundle:
        assert fits(bundle)
