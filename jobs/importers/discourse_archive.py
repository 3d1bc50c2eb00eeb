"""What Discourse lets one person download: a zip with all their posts in `user_archive.csv`.

Posts have no ids there, so topic and number within it stand in for them. The columns:
https://github.com/discourse/discourse, `app/jobs/regular/export_user_archive.rb`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from jobs.importers.bundle import Bundle, Entry, shown
from jobs.importers.tables import rows
from service.ingest.fields import TITLE_LIMIT, BadRecord, link, moment, word
from service.ingest.formats.discourse import address, is_anonymised, is_bot, text
from service.ingest.formats.values import packed, whole
from service.ingest.records import Item, PostRecord, Progress, ReactionRecord, Reject, raw_text

COLUMNS = (
    *("topic_title", "categories", "is_pm", "post_raw", "post_cooked"),
    *("like_count", "reply_count", "url", "created_at"),
)
PLACE = re.compile(r"/t/(?:[^/\s]+/)?(\d{1,18})/(\d{1,18})/?")
OWNER = re.compile(r"user_archive-(.{1,100}?)-\d{6}-\d{6}")
# The column is in the language of the site, but a direct message has no category in any.
YES, NO = ("yes", "true", "1"), ("no", "false", "0")
NO_CATEGORY = ("", "-")


def files(bundle: Bundle) -> list[Entry]:
    """Return the one file that holds the posts."""
    return bundle.find("user_archive.csv") or bundle.find("*/user_archive.csv")


def posts(bundle: Bundle, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the posts of the person whose archive it is."""
    author, name = _owner(bundle)
    for entry in bundle.walk(files(bundle), progress):
        for row in rows(bundle, entry.name, {column: column for column in COLUMNS}):
            if isinstance(row, Reject):
                yield row
                continue
            try:
                yield post(row.values, author, now, name=name, place=row.place)
            except BadRecord as error:
                yield Reject(row.place, str(error), raw_text(row.raw))


def post(
    row: Mapping[str, Any], author: str, now: datetime, *, name: str | None = None, place: str = ""
) -> PostRecord:
    """Return the post of a row; raise BadRecord with the reason where there is none."""
    url = link(row, ("url",)) or ""
    found = PLACE.search(url)
    if found is None:
        raise BadRecord("`url` is missing or leads to no post")
    topic_id, number = found.groups()
    host = urlsplit(url).hostname
    likes = whole(row, ("like_count",)) or 0
    if likes < 0:
        raise BadRecord("`like_count` is less than 0")
    categories = word(row, ("categories",)) or ""
    return PostRecord(
        external_id=f"{topic_id}/{number}",
        author=author,
        created_at=moment(row, ("created_at",), now),
        text=text(row, ("post_raw",), ("post_cooked",)),
        thread_id=topic_id,
        thread_title=word(row, ("topic_title",), TITLE_LIMIT),
        channel=None if categories in NO_CATEGORY else categories.rsplit("|", 1)[-1],
        reactions=(ReactionRecord("like", "", likes),) if likes else (),
        url=address(host, topic_id, number),
        platform=host,
        visibility=_visibility(row, categories),
        author_name=name,
        is_bot=is_bot(author),
        is_deleted=is_anonymised(author),
        raw=packed(dict(row)),
        place=place,
    )


def _visibility(row: Mapping[str, Any], categories: str) -> str:
    """Return who may read a post; `-` stands for a category that not even its author may see."""
    told = (word(row, ("is_pm",)) or "").lower()
    if told in NO:
        return "private" if categories == "-" else "public"
    return "direct" if told in YES or categories in NO_CATEGORY else "public"


def _owner(bundle: Bundle) -> tuple[str, str | None]:
    """Return the username and name of the person, from their settings or the archive's name."""
    file = shown(bundle.path.name)
    told = OWNER.match(file)
    author = told[1] if told else file.split(".")[0]
    for entry in bundle.find("preferences.json") + bundle.find("*/preferences.json"):
        try:
            value = bundle.json(entry.name)
            user = value.get("user", value) if isinstance(value, dict) else {}
            if isinstance(user, dict):
                return word(user, ("username",)) or author, word(user, ("name",))
        except BadRecord:
            continue
    return author[:400] or "~", None
