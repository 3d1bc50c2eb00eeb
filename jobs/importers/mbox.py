"""Mailing lists as mbox files and pipermail's monthly texts, message by message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

from jobs.importers.bundle import Bundle, open_bundle
from jobs.importers.entries import MONTH, folder, stem
from jobs.importers.mail_parts import Headers, header, split_head, text_of, words
from jobs.importers.mail_split import Letter, letters
from jobs.importers.mail_text import new_words
from service.errors import BadArchive
from service.ingest.fields import ID_LIMIT, TITLE_LIMIT, BadRecord, looks_bot, moment, needed, word
from service.ingest.formats.values import kept
from service.ingest.records import Item, PostRecord, Progress, Reject, raw_text

BEGIN = re.compile(
    rb"\s*From \S.{0,300}\s\d{1,2}:\d\d(?::\d\d)?\s.{0,40}\d{4}.{0,40}\r?\n"
    rb"(?:>?[!-9;-~]{1,80}[ \t]*:|>From )"
)
WITHIN = re.compile(r"<\s*([^<>]+?)\s*>")
AT = re.compile(r"(?<=\S) at (?=[\w.-]+(?:\s|$|[)>,]))")
TAG = re.compile(
    r"\s*(?:re|aw|fwd?|wg|sv|antw|tr|rv|回复|答复)\s*(?:\[\d+\])?\s*[::]", re.IGNORECASE
)
LIST_TAG = re.compile(r"\s*\[([^\[\]]{1,60})\]")
VIA = re.compile(r"(.+?) via .+", re.IGNORECASE)
MACHINES = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply"})
PLATFORM = "email"
NOT_MAIL = re.compile(r"\.(?:json|jsonl|csv|xml|md|html?|ya?ml)$", re.IGNORECASE)


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the messages of every mbox file; raise BadArchive where there is none."""
    with open_bundle(path) as bundle:
        found = [entry for entry in bundle.entries if _is_mail(bundle, entry.name)]
        if not found:
            raise BadArchive(f"{path} holds no mbox file: name one that begins with `From `")
        for entry in bundle.walk(found, progress):
            channel = _channel(bundle, entry.name)
            for letter in letters(bundle, entry.name):
                yield letter if isinstance(letter, Reject) else _item(letter, channel, now)


def fits(bundle: Bundle) -> bool:
    """Return whether one of the first few files of an archive is an mbox file."""
    named = [entry.name for entry in bundle.entries if not NOT_MAIL.search(entry.name)]
    return any(_is_mail(bundle, name) for name in named[:5])


def _is_mail(bundle: Bundle, name: str) -> bool:
    if NOT_MAIL.search(name):
        return False
    return BEGIN.match(bundle.head(name).removeprefix(b"\xef\xbb\xbf")) is not None


def _item(letter: Letter, channel: str | None, now: datetime) -> Item:
    try:
        return message(letter.text, letter.place, channel, now)
    except BadRecord as error:
        return Reject(letter.place, str(error), raw_text(letter.text))


def message(raw: bytes, place: str, channel: str | None, now: datetime) -> PostRecord:
    """Return the post of one e-mail; raise BadRecord with the reason where there is none.

    It needs a Message-ID and a Date. One that answers nothing known by id hangs on its subject.
    """
    headers, body = split_head(raw)
    own = _ids(header(headers, "message-id"))[:1]
    external_id = needed({"Message-ID": "".join(own)}, ("Message-ID",))
    parent = _parent(headers)
    title = subject(header(headers, "subject"))
    handle, name, email = author(headers)
    return PostRecord(
        external_id=external_id,
        author=handle,
        created_at=_date(headers, now),
        text=new_words(text_of(headers, body)),
        thread_id=f"subject:{title.lower()}"[:ID_LIMIT] if parent is None and title else None,
        thread_title=title[:TITLE_LIMIT] or None,
        channel=_list_id(headers) or channel,
        parent_id=parent,
        platform=PLATFORM,
        author_name=name,
        author_email=email,
        is_bot=looks_bot(name or handle) or handle.split("@")[0] in MACHINES,
        raw=kept(raw),
        place=place,
    )


def subject(value: str) -> str:
    """Return a subject without Re:, Fwd: and the tag of the list."""
    title = words(value)[:TITLE_LIMIT].strip()
    answered, tagged = True, False
    while answered or tagged:
        answer = TAG.match(title)
        title = title[answer.end() :] if answer else title
        answered = answer is not None
        tag = LIST_TAG.match(title)
        # A subject may be nothing but a tag.
        tagged = tag is not None and bool(title[tag.end() :].strip())
        title = title[tag.end() :] if tag is not None and tagged else title
    return title.strip()


def author(headers: Headers) -> tuple[str, str | None, str | None]:
    """Return handle, name and address of who wrote; lists that write in their place are undone."""
    name, address = _person(header(headers, "from"))
    found = VIA.fullmatch(name)
    if found:
        for other in ("x-original-from", "reply-to"):
            _, true = _person(header(headers, other))
            if true and true != address and true != _person(header(headers, "to"))[1]:
                name, address = found[1].strip(" '\""), true
                break
    handle = needed({"From": address or name}, ("From",))
    shown = word({"From": name[:ID_LIMIT]}, ("From",))
    return handle, shown, address or None


def _person(value: str) -> tuple[str, str]:
    """Return name and address, in lower case, of `Ann <ann@x>` or `ann at x (Ann)`."""
    value = value[:2_000]
    if "@" not in value:
        # Of `Ann at Work <ann at work.org>` only the last is an address.
        before, mark, address = value.rpartition("<")
        value = before + mark + AT.sub("@", address, count=1)
    try:
        name, address = parseaddr(value)
    except (ValueError, IndexError, TypeError, AttributeError, RecursionError):
        name, address = "", ""
    address = "".join(address.split()).lower()
    if "@" not in address.strip("@") or len(address) > 320:
        return words(name or value.strip("<> \"'")), ""
    return words(name).strip(" '\""), address


def _ids(value: str) -> list[str]:
    """Return the message ids of a header without their brackets."""
    found = ["".join(id_.split()) for id_ in WITHIN.findall(value)]
    return [id_ for id_ in found if id_] or [id_.strip("<>") for id_ in value.split()[:1]]


def _parent(headers: Headers) -> str | None:
    """Return what a message answers: In-Reply-To, else the last of References."""
    answered = WITHIN.findall(header(headers, "in-reply-to"))
    found = _ids(f"<{answered[0]}>") if answered else _ids(header(headers, "references"))[-1:]
    id_ = found[0] if found else ""
    return id_ if id_ and len(id_) <= ID_LIMIT else None


def _date(headers: Headers, now: datetime) -> datetime:
    value = header(headers, "date")
    if not value:
        raise BadRecord("`Date` is missing")
    try:
        stamp = parsedate_to_datetime(value[:200]).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError) as error:
        raise BadRecord("`Date` is no time that a mail program writes") from error
    return moment({"Date": stamp}, ("Date",), now)


def _list_id(headers: Headers) -> str | None:
    value = header(headers, "list-id")
    found = WITHIN.findall(value)
    return (found[-1] if found else value).strip().lower()[:200] or None


def _channel(bundle: Bundle, name: str) -> str | None:
    """Return what a file's name says of its list: that less the month, else its folder's."""
    own = MONTH.sub("", stem(name)).strip("-_. ")
    return (own or folder(bundle, name))[:200] or None
