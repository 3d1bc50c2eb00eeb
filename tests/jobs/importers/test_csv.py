import csv
import io
import time
from datetime import UTC, datetime

import orjson
import pytest

from jobs.importers import accounts, csv_feed, csv_posts, csv_rows, events, jsonl
from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.records import PostRecord, ReactionRecord, Reject

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2024, 6, 1, tzinfo=UTC)
HEAD = "id,author,timestamp,text"


def sample(folder):
    rows = [
        "id,author,timestamp,text,thread_id,reply_to,channel,is_bot,likes,visibility",
        '1,ann,2024-06-01T00:00:01Z,"Hello, all",a,,general,,3,',
        "2,bob,2024-06-01T00:00:02Z,Hi,a,1,general,,,",
        '3,cy,2024-06-01T00:00:03Z,"two\nlines",a,2,general,false,,',
        "4,nightly,2024-06-01T00:00:04Z,Red,b,,general,true,,",
        "5,ann,2024-06-01T00:00:05Z,Ok,b,4,general,,,",
        "6,bob,2024-06-01T00:00:06Z,Secret,c,,board,,,private",
    ]
    path = folder / "posts.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def read(path, module=csv_posts):
    return list(module.read(path, now=NOW, progress=lambda done, total: None))


@pytest.fixture
def table(tmp_path):
    def make(text, module=csv_posts):
        path = tmp_path / "in.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path, module)

    return make


def test_a_table_of_posts(tmp_path):
    posts = read(sample(tmp_path))
    assert posts[0] == PostRecord(
        external_id="1",
        author="ann",
        created_at=AT.replace(second=1),
        text="Hello, all",
        thread_id="a",
        channel="general",
        reactions=(ReactionRecord("like", "", 3),),
    )
    assert [post.parent_id for post in posts] == [None, "1", "2", None, "4", None]
    assert posts[2].text == "two\nlines"
    assert [post.is_bot for post in posts] == [False, False, False, True, False, False]
    assert posts[5].visibility == "private"
    assert [post.place for post in posts[2:4]] == ["line 4", "line 6"]
    assert {post.raw for post in posts} == {b""}


def test_a_row_with_a_cell_that_no_column_holds_is_kept(table):
    lines = ["1,ann,2024-06-01,a,", "2,bob,2024-06-01,b,blue", '3,cy,2024-06-01,"c\nd",red']
    posts = table("\n".join(["id,author,timestamp,text,mood", *lines]) + "\n")
    assert [post.raw.decode() for post in posts] == ["", *lines[1:]]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_marks_byte_order_and_names_of_other_tools(table, mark):
    head = mark.join(
        ["sourceId", "UserName", '"Created At"', "BODY", "tags", "Accepted", "platform"]
    )
    row = mark.join(["1", "ann", "1717200000", '"say ""hi"""', "x", "Yes", "forum"])
    for start in ("", "\ufeff", f"sep={mark}\n"):
        for end in ("\n", "\r\n"):
            (post,) = table(f"{start}{head}{end}{row}{end}")
            assert post == PostRecord(
                "1", "ann", AT, 'say "hi"', accepted_answer_id="1", source="forum"
            )
    assert table(f"{head}\n{row}\n".encode("utf-16"))[0].text == 'say "hi"'


def test_what_an_export_writes_comes_back_whole(table):
    row = {
        "id": "1",
        "author": "=ann",
        "author_name": "'quoted",
        "author_email": "ann@x.org",
        "author_verified": True,
        "author_links": ["https://x.org/a b", "https://y.org"],
        "created_at": "2024-06-01T00:00:00.000001Z",
        "edited_at": "2024-06-02T00:00:00Z",
        "text": '- one\r\n\n\'=two, "three"\ttab',
        "thread_id": "+t",
        "thread_title": "@all",
        "channel": "general",
        "parent_id": "0",
        "reactions": [{"name": "+1", "author": "bob", "count": 1}],
        "accepted_answer_id": "1",
        "resolved": True,
        "url": "https://x.org/1",
        "source": "s",
        "platform": "p",
        "visibility": "direct",
        "flat": False,
        "is_bot": False,
        "is_staff": True,
        "is_deleted": True,
    }
    cells = {
        name: orjson.dumps(value).decode() if isinstance(value, list) else str(value)
        for name, value in row.items()
    }
    guarded = {
        name: f"'{cell}" if cell.lstrip("'")[:1] in "=+-@\t\r" else cell
        for name, cell in cells.items()
    }
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(row))
    writer.writeheader()
    writer.writerow(guarded)
    assert "'- one" in out.getvalue()
    assert table(out.getvalue()) == [jsonl.post(row, "", NOW)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,ann,2024-06-01", "the line has 3 cells; the header has 4"),
        ("1,ann,2024-06-01,a,b", "the line has 5 cells; the header has 4"),
        (",ann,2024-06-01,a", "`id` is missing or empty"),
        ("1,ann,soon,a", "`created_at` is no time; write it like 2024-06-01T00:08:26Z"),
        ("1,ann,2024-06-01,a\0", "`text` holds a NUL character"),
        (b"1,ann,2024-06-01,caf\xe9", "`text` holds characters that are no valid Unicode"),
        ("1,ann,2024-06-01,a\rb", "a carriage return stands outside of quotes"),
    ],
)
def test_bad_lines_are_refused_one_by_one(table, row, reason):
    row = row if isinstance(row, bytes) else row.encode()
    good = b"2,bob,2024-06-01,b"
    found = table(b"\n".join([HEAD.encode(), good, row, good, b"", b",,,", b""]))
    assert [type(item) for item in found] == [PostRecord, Reject, PostRecord]
    assert found[1].place == "line 3"
    assert found[1].reason.startswith(reason)
    assert found[1].raw.startswith(row.decode("utf-8", "backslashreplace"))


@pytest.mark.parametrize(
    ("more", "cell", "reason"),
    [
        ("is_bot", "perhaps", "`is_bot` is text; it must be true or false"),
        ("likes", "many", "`likes` is text; it must be a finite number"),
        ("likes", "1e999", "`likes` is text; it must be a finite number"),
        ("reactions", "[1", "`reactions` holds no valid JSON"),
        ("reactions", "5", "`reactions` is a number; it must be an object or a list"),
        ("author_links", "[5]", ""),
    ],
)
def test_cells_of_a_kind(table, more, cell, reason):
    (item,) = table(f"{HEAD},{more}\n1,ann,2024-06-01,a,{cell}\n")
    assert (item.reason if isinstance(item, Reject) else "") == reason


def test_a_quote_left_open_costs_its_own_line_only(table):
    rows = [f'{n},ann,2024-06-01,"words, {n}"' for n in range(50)]
    open_ = 'x,ann,2024-06-01,"never closed'
    found = table("\n".join([HEAD, *rows[:20], open_, *rows[20:]]))
    assert sum(isinstance(item, PostRecord) for item in found) == 50
    (reject,) = [item for item in found if isinstance(item, Reject)]
    assert reject.place == "line 22"
    assert reject.reason.endswith("is a quote left open?")
    plain = [f"{n},ann,2024-06-01,words" for n in range(50)]
    found = table("\n".join([HEAD, *plain[:20], open_, *plain[20:]]) + "\n")
    assert sum(isinstance(item, PostRecord) for item in found) == 50
    assert found[20] == Reject("line 22", "a quote that opens here is never closed", found[20].raw)


def test_a_cell_that_is_too_long_is_refused_without_being_held(table, monkeypatch):
    monkeypatch.setattr(csv_feed, "RECORD_LIMIT", 1 << 20)
    monkeypatch.setattr(csv_rows, "RECORD_LIMIT", 1 << 20)
    good = "2,bob,2024-06-01,b"
    one = f'1,ann,2024-06-01,"{"x" * (3 << 20)}"'
    many = f'1,ann,2024-06-01,"{"x" * 79 + chr(10)}{("x" * 79 + chr(10)) * (3 << 14)}"'
    for row in (one, many):
        found = table("\n".join([HEAD, good, row, good]))
        assert [type(item) for item in found] == [PostRecord, Reject, PostRecord]
        assert found[1].place == "line 3"


def test_a_bomb_ends_soon(table, monkeypatch):
    monkeypatch.setattr(csv_rows, "SEARCH_LIMIT", 10_000)
    monkeypatch.setattr(csv_rows, "BAD_LIMIT", 1_000)
    started = time.process_time()
    found = table(f'{HEAD}\n1,ann,2024-06-01,"' + "x\n" * 1_000_000)
    assert [item.place for item in found] == ["line 2", "the rest"]
    found = table(f"{HEAD}\n" + "a,b\n" * 1_000_000)
    assert len(found) == 1_002
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no header that is known"),
        ("a,b\n1,2\n", "has no header that is known"),
        ("id,author,text\n1,ann,x\n", "has no column `created_at`: name it in the header"),
        ("," * 2_000, "has no header that is known"),
    ],
)
def test_a_header_is_needed(table, text, message):
    with pytest.raises(BadArchive, match=message):
        table(text)


def test_events_and_accounts_as_tables(table):
    head = "id,kind,occurred_at,member,account,amount,data"
    (event,) = table(f'{head}\n1,purchased,2024-06-01,ann,X.org,9.5,"{{""a"":1}}"\n', events)
    assert (event.external_id, event.kind, event.occurred_at) == ("1", "purchased", AT)
    assert (event.member, event.account, event.amount) == ("ann", "x.org", 9.5)
    assert event.data == {"a": 1}
    (reject,) = table("id;kind;created_at\n1;born;2024-06-01\n", events)
    assert reject.reason.startswith("`kind` is none of joined")
    (account,) = table("Domain,Name,annual_value\nX.org,X,1000\n", accounts)
    assert (account.domain, account.name, account.annual_value) == ("x.org", "X", 1_000.0)
    assert table("domain\nx.org\n", accounts)[0].domain == "x.org"
    assert table(b'{"domain":"x.org"}\n', accounts)[0].domain == "x.org"


def test_what_fits(tmp_path):
    files = {
        csv_posts: sample(tmp_path).read_bytes(),
        jsonl: b'{"id":"1","author":"a","created_at":"2024-06-01","text":"x"}\n',
        events: b"id,kind,occurred_at\n1,joined,2024-06-01\n",
        accounts: b"domain,name\nx.org,X\n",
    }
    for module, content in files.items():
        (tmp_path / "in").write_bytes(content)
        with open_bundle(tmp_path / "in") as bundle:
            assert [other for other in files if other.fits(bundle)] == [module]


@pytest.mark.shared
def test_comments_of_issues_are_another_kind(shared_data):
    path = shared_data / "raw_samples" / "github_issue_comments_csv" / "comments_sample.csv"
    with open_bundle(path) as bundle:
        assert not csv_posts.fits(bundle)
    with pytest.raises(BadArchive, match="has no column `id`"):
        read(path)


def test_tables_of_other_tools(table):
    (post,) = table("Post ID|User ID|Topic_ID|Created_At|Content\n1|2|3|2024-06-01|words\n")
    assert post == PostRecord("1", "2", AT, "words", thread_id="3")
