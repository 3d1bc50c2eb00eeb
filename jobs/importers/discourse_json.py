"""Saved answers of Discourse's API: topics, chunks of their posts, categories, lists of posts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jobs.importers.bundle import Bundle, Entry
from service.ingest.fields import BadRecord, word
from service.ingest.formats import discourse as form
from service.ingest.formats.chat import beginning
from service.ingest.formats.discourse import Category, Site, Topic
from service.ingest.formats.values import inner, listed, thing
from service.ingest.records import Item, Progress, Reject

MARKS = (b'"post_stream"', b'"latest_posts"', b'"category_list"', b'"cooked"')
# Answers that hold no post: what they tell is in the topics too, or of no use here.
USELESS = ("topic_list", "about", "users", "user", "tags", "badges", "groups", "directory_items")


@dataclass(slots=True)
class Plan:
    """Which files hold what: parts of one topic by its id, and files of mixed posts."""

    categories: dict[str, Category] = field(default_factory=dict)
    topics: dict[str, list[Entry]] = field(default_factory=dict)
    mixed: list[Entry] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def files(bundle: Bundle) -> list[Entry]:
    """Return the files that may be answers."""
    return bundle.find("*.json")


def begins(head: bytes) -> bool:
    """Return whether a file begins as an answer of Discourse that matters."""
    return any(mark in head for mark in MARKS)


def posts(bundle: Bundle, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the posts topic by topic; each file is looked through once before."""
    plan = Plan()
    for entry in files(bundle):
        try:
            _sort(entry, bundle.json(entry.name), plan)
        except BadRecord as error:
            plan.rejects.append(Reject(entry.name, str(error)))
    yield from plan.rejects
    site = Site(categories=plan.categories)
    groups = [*plan.topics.values(), *([entry] for entry in plan.mixed)]
    total = sum(entry.size for group in groups for entry in group)
    done = 0
    for group in groups:
        for chunk in _chunks(bundle, group):
            yield from _posts(chunk, site, now)
        done += sum(entry.size for entry in group)
        progress(done, total)


def _sort(entry: Entry, value: Any, plan: Plan) -> None:
    """Note what a file holds; raise BadRecord where it is nothing of Discourse's."""
    if isinstance(value, dict) and "post_stream" in value:
        plan.topics.setdefault(word(value, ("id",)) or entry.name, []).append(entry)
    elif isinstance(value, dict) and ("category_list" in value or "categories" in value):
        plan.categories |= form.categories(value)
    elif isinstance(value, list) or (isinstance(value, dict) and _is_posts(value)):
        plan.mixed.append(entry)
    elif not isinstance(value, dict) or not any(name in value for name in USELESS):
        raise BadRecord("the file holds no topic, posts or categories of Discourse")


def _is_posts(value: Mapping[str, Any]) -> bool:
    return any(name in value for name in ("latest_posts", "post", "cooked", "raw"))


def _chunks(bundle: Bundle, group: list[Entry]) -> Iterator[list[tuple[str, Any]]]:
    """Yield what belongs together, as (place, answer): a topic's files, or each of a list."""
    found = []
    for entry in group:
        try:
            value = bundle.json(entry.name)
        except BadRecord:
            continue
        if isinstance(value, list):
            loose = [item for item in value if not _is_topic(item)]
            yield [(entry.name, {"latest_posts": loose})]
            for position, item in enumerate(value, start=1):
                if _is_topic(item):
                    yield [(f"{entry.name}, topic {position}", item)]
        else:
            found.append((entry.name, value))
    yield found


def _is_topic(value: Any) -> bool:
    return isinstance(value, dict) and "post_stream" in value


def _posts(chunk: list[tuple[str, Any]], site: Site, now: datetime) -> Iterator[Item]:
    """Yield the posts of one topic, or those of a file that come without one."""
    rows, topic = [], None
    for place, value in chunk:
        try:
            rows += [(f"{place}, post {at}", row) for at, row in enumerate(_rows(value), start=1)]
            topic = _better(topic, value, site)
        except BadRecord as error:
            yield Reject(place, str(error), beginning(value))
    numbers = _numbers(rows, topic)
    for place, row in rows:
        try:
            of = topic or form.own_topic(row, site)
            found = form.post(row, topic, site, now, numbers=numbers.get(of.id), place=place)
        except BadRecord as error:
            yield Reject(place, str(error), beginning(row))
            continue
        if found is not None:
            yield found


def _better(topic: Topic | None, value: Any, site: Site) -> Topic | None:
    """Return what is known of a topic after one more of its files: a chunk has no title."""
    if not _is_topic(value):
        return topic
    found = form.topic(value, site) if value.get("id") is not None else None
    return topic if found is None or (topic is not None and topic.title) else found


def _rows(value: Any) -> list[Any]:
    if _is_topic(value):
        return listed(inner(value, "post_stream"), "posts")
    rows = listed(value, "latest_posts") if "latest_posts" in value else [value]
    return [row["post"] if isinstance(row, dict) and "post" in row else row for row in rows]


def _numbers(rows: list[tuple[str, Any]], topic: Topic | None) -> dict[str, dict[str, str]]:
    """Return the ids of posts by their numbers, for each topic."""
    found: dict[str, dict[str, str]] = {}
    for _, row in rows:
        try:
            row = thing(row, "the post")
            of = topic.id if topic else word(row, ("topic_id",))
            number, id_ = word(row, ("post_number",)), word(row, ("id",))
        except BadRecord:
            continue
        if of and number and id_:
            found.setdefault(of, {})[number] = id_
    return found
