import gzip
from datetime import UTC, datetime

import pytest

from jobs.importers import mail_split, mbox
from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.fields import BadRecord
from service.ingest.records import Reject

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def mail(id_, sender="Ann <ann@x.org>", title="Hello", body="words", **more):
    headers = {
        "From": sender,
        "Date": f"Mon, 3 Jan 2005 10:0{id_ % 10}:00 +0100",
        "Message-ID": f"<{id_}@x.org>",
        "Subject": title,
    } | {name.replace("_", "-"): value for name, value in more.items()}
    head = "".join(f"{name}: {value}\n" for name, value in headers.items() if value is not None)
    return f"From ann at x.org  Mon Jan  3 10:00:00 2005\n{head}\n{body}\n\n"


def parse(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return mbox.message(raw.split(b"\n", 1)[1], "m", None, NOW)


def read(path):
    return list(mbox.read(path, now=NOW, progress=lambda done, total: None))


def sample(folder):
    path = folder / "users.mbox"
    path.write_text(
        mail(1, title="[users] First")
        + mail(2, "Bob <bob@x.org>", "Re: [users] First", In_Reply_To="<1@x.org>")
        + mail(3, "Cy <cy@x.org>", "Re: [users] First", References="<1@x.org> <2@x.org>")
        + mail(4, "nightly bot <nightly@x.org>", "Build is red")
        + mail(5, "Dee <dee@x.org>", "Second")
        + mail(6, "Bob <bob@x.org>", "Re: Second")
    )
    return path


def test_an_mbox_file(tmp_path):
    path = sample(tmp_path)
    posts = read(path)
    assert [post.external_id for post in posts] == [f"{n}@x.org" for n in range(1, 7)]
    assert [post.parent_id for post in posts] == [None, "1@x.org", "2@x.org", None, None, None]
    assert [post.thread_id for post in posts] == [
        "subject:first",
        None,
        None,
        "subject:build is red",
        "subject:second",
        "subject:second",
    ]
    assert [post.thread_title for post in posts[:2]] == ["First", "First"]
    assert posts[0].created_at == datetime(2005, 1, 3, 9, 1, tzinfo=UTC)
    assert (posts[0].author, posts[0].author_name) == ("ann@x.org", "Ann")
    assert (posts[0].author_email, posts[0].verified) == ("ann@x.org", False)
    assert (posts[0].platform, posts[0].channel) == ("email", "users")
    assert [post.is_bot for post in posts] == [False, False, False, True, False, False]
    assert posts[4].place == "users.mbox, message 5"
    assert b"Message-ID: <5@x.org>" in posts[4].raw
    with open_bundle(path) as bundle:
        assert mbox.fits(bundle)


def test_pipermail_folders_of_gzip(tmp_path):
    folder = tmp_path / "r-devel"
    folder.mkdir()
    (folder / "2005-January.txt.gz").write_bytes(
        gzip.compress(mail(1, "ann at x.org (=?utf-8?q?Ann_S=C3=A6?=)").encode())
    )
    (folder / "2005-February.txt.gz").write_bytes(gzip.compress(mail(2).encode()))
    (folder / "index.html").write_text("<html>")
    found = {post.external_id: post for post in read(folder)}
    assert set(found) == {"1@x.org", "2@x.org"}
    assert (found["1@x.org"].author, found["1@x.org"].author_name) == ("ann@x.org", "Ann Sæ")
    assert {post.channel for post in found.values()} == {"r-devel"}
    assert read(folder / "2005-January.txt.gz")[0].channel == "r-devel"


@pytest.mark.parametrize(
    ("sender", "handle", "name"),
    [
        ("ANN@X.org", "ann@x.org", None),
        ('"Long, Ann" <ann@x.org>', "ann@x.org", "Long, Ann"),
        ("Ann at Work <ann at x.org>", "ann@x.org", "Ann at Work"),
        ("=?iso-8859-1?Q?J=F6rg?= <j@x.org>", "j@x.org", "Jörg"),
        ("=?koi8-r?B?98HT0Q==?= <v@x.org>", "v@x.org", "Вася"),
        ("=?x-made-up?Q?J=C3=B6rg?= <j@x.org>", "j@x.org", "Jörg"),
        ("=?utf-8?B?!!?= <j@x.org>", "j@x.org", None),
        ("Ann", "Ann", "Ann"),
        ("<email>", "email", "email"),
    ],
)
def test_authors(sender, handle, name):
    post = parse(mail(1, sender))
    assert (post.author, post.author_name) == (handle, name)


def test_a_list_that_writes_in_place_of_people_is_undone():
    text = mail(1, "Ann via users <users@l.org>", Reply_To="Ann <ann@x.org>", To="users@l.org")
    assert parse(text).author == "ann@x.org"
    assert parse(text).author_name == "Ann"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Re: Fwd: [list] AW: Hello", "Hello"),
        ("RE[2]: hello", "hello"),
        ("[list] Re: [list] [patch] x", "x"),
        ("[only]", "[only]"),
        ("Re:", ""),
        ("=?utf-8?b?UmU6IGjDqWxsbw==?=", "héllo"),
        ("folded\n title", "folded title"),
        ("Regarding x", "Regarding x"),
    ],
)
def test_subjects(title, expected):
    assert (parse(mail(1, title=title)).thread_title or "") == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ({"Content_Type": "text/plain; charset=iso-8859-1"}, b"caf\xe9", "café"),
        ({"Content_Type": "text/plain; charset=made-up"}, b"caf\xe9", "café"),
        ({"Content_Type": "text/plain; charset=hex"}, b"caf\xc3\xa9", "café"),
        ({"Content_Transfer_Encoding": "quoted-printable"}, b"caf=C3=A9 =\nx", "café x"),
        ({"Content_Transfer_Encoding": "base64"}, b"Y2Fmw6k", "café"),
        ({"Content_Transfer_Encoding": "base64"}, b"Y2Fmw6k=\nx", "café"),
        ({"Content_Type": "text/html"}, b"<p>one <b>two</b></p>", "one **two**"),
        ({"Content_Type": "application/pdf"}, b"%PDF", ""),
        ({}, b"a\0b", "ab"),
    ],
)
def test_bodies(head, body, expected):
    text = mail(1, body="@@", **head).encode().replace(b"@@", body)
    assert parse(text).text == expected


def test_the_plain_part_is_taken_and_attachments_are_not():
    body = (
        "preamble\n--b\nContent-Type: multipart/alternative; boundary=c\n\n"
        "--c\nContent-Type: text/html\n\n<p>html</p>\n"
        "--c\nContent-Type: text/plain\n\nplain\n--c--\n"
        "--b\nContent-Type: text/plain\nContent-Disposition: attachment\n\nlog file\n--b--\nend"
    )
    kind = 'multipart/mixed; boundary="b"'
    assert parse(mail(1, body=body, Content_Type=kind)).text == "plain"
    html = body.replace("text/plain", "image/png")
    assert parse(mail(1, body=html, Content_Type=kind)).text == "html"


def test_list_id_names_the_channel():
    assert parse(mail(1, List_Id='"Users" <users.l.org>')).channel == "users.l.org"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"Message_ID": None}, "`Message-ID` is missing or empty"),
        ({"Message_ID": f"<{'x' * 500}>"}, "`Message-ID` has 500 characters"),
        ({"Date": None}, "`Date` is missing"),
        ({"Date": "some day"}, "`Date` is no time that a mail program writes"),
        ({"Date": "Mon, 3 Jan 1970 10:00:00 +0000"}, "`Date` lies in 1970"),
        ({"From": None}, "`From` is missing or empty"),
    ],
)
def test_bad_mails_are_refused(more, reason):
    with pytest.raises(BadRecord) as caught:
        parse(mail(1, **more))
    assert str(caught.value).startswith(reason)


def test_bad_mails_beside_good_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(mail_split, "MESSAGE_LIMIT", 1 << 20)
    path = tmp_path / "x.mbox"
    path.write_text(
        mail(1, body="From here on\n\nFrom now on it works.\n>From me")
        + mail(2, Date="no")
        + mail(3, body="x\n" * (1 << 20))
        + mail(4)
    )
    found = read(path)
    assert found[0].text == "From here on\n\nFrom now on it works.\nFrom me"
    assert [item.place for item in found] == [f"x.mbox, message {n}" for n in range(1, 5)]
    assert [item.reason for item in found if isinstance(item, Reject)] == [
        "`Date` is no time that a mail program writes",
        "the message is larger than 1 MB",
    ]
    assert found[3].external_id == "4@x.org"


def test_nested_parts_end_somewhere():
    body = "".join(
        f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(999)
    )
    assert parse(mail(1, body=body, Content_Type="multipart/mixed; boundary=b0")).text == ""


def test_other_files_are_none(tmp_path):
    for content in (b"", b"From the start 2005\nhello: x", b'{"a": 1}', b"\0\1"):
        path = tmp_path / "x.txt"
        path.write_bytes(content)
        with pytest.raises(BadArchive, match="holds no mbox file"):
            read(path)
        with open_bundle(path) as bundle:
            assert not mbox.fits(bundle)
