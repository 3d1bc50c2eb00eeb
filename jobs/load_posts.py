"""A batch of posts into the record: what is new, what changed, what is there already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from jobs import load_threads
from jobs.importers.records import PostRecord, raw_of
from jobs.load_people import Person, gather, members
from jobs.load_state import Import
from nlp.text import content_hash, plain
from service.db.models import Post
from service.db.queries import load as queries
from service.db.queries.load import Found
from service.db.session import Database


@dataclass(frozen=True, slots=True)
class Fresh:
    """A post that is new or changed, with all that is computed before the transaction."""

    record: PostRecord
    record_hash: bytes
    plain: str
    content_hash: bytes


@dataclass(slots=True)
class Work:
    """What a batch has to write to one source."""

    fresh: dict[str, Fresh]
    withdrawn: list[str]


def store_posts(database: Database, records: Collection[PostRecord], run: Import) -> None:
    """Write a batch of posts in one transaction, or none where nothing is new."""
    groups = run.by_source(records)
    with database.read() as session:
        run.find_sources(session, groups)
        hashes = {
            name: _hashes(session, run.source_ids.get(name), group)
            for name, group in groups.items()
        }
    work = {name: _work(name, group, hashes[name], run) for name, group in groups.items()}
    if not any(group.fresh or group.withdrawn for group in work.values()):
        return
    with database.write() as session:
        for name, group in work.items():
            source_id = run.source_id(session, name)
            _withdraw(session, source_id, group.withdrawn, run)
            if group.fresh:
                _write(session, name, source_id, group.fresh, run)


def _hashes(
    session: Session, source_id: int | None, records: Iterable[PostRecord]
) -> dict[str, bytes]:
    if source_id is None:
        return {}
    return queries.post_hashes(session, source_id, [record.external_id for record in records])


def _work(
    name: str, records: Collection[PostRecord], hashes: Mapping[str, bytes], run: Import
) -> Work:
    """Sort a batch into new or changed, known, private and refused.

    One record that calls a post private is enough, wherever it stands among the others.
    """
    private = {record.external_id for record in records if record.visibility != "public"}
    for external_id in private:
        run.hide(name, external_id)
    work = Work({}, sorted(private & hashes.keys()))
    now_at = dict(hashes)
    for record in records:
        first = run.meet(name, record.external_id)
        if run.hides(name, record.external_id):
            run.counts["private_skipped"] += 1
            continue
        digest = record.digest()
        if now_at.get(record.external_id) == digest:
            run.counts["unchanged"] += 1
        elif not first:
            reason = "the id came before with other content; the first is kept"
            run.refuse(record.place, reason, raw_of(record))
            continue
        else:
            now_at[record.external_id] = digest
            work.fresh[record.external_id] = _fresh(record, digest)
        run.counts["self_replies"] += record.parent_id == record.external_id
        run.counts["truncated"] += record.truncated
    return work


def _fresh(record: PostRecord, digest: bytes) -> Fresh:
    words = plain(record.text).text
    return Fresh(record, digest, words, content_hash(words))


def _withdraw(session: Session, source_id: int, ids: Collection[str], run: Import) -> None:
    """Remove posts that their source has made private since."""
    if ids:
        known = queries.posts(session, source_id, ids)
        queries.drop_posts(session, [row.id for row in known.values()])
        queries.span_threads(session, {row.thread_id for row in known.values()})
        run.counts["withdrawn"] += len(known)


def _write(
    session: Session, name: str, source_id: int, fresh: Mapping[str, Fresh], run: Import
) -> None:
    known = queries.posts(session, source_id, fresh.keys())
    people = gather(
        _person(item.record, item.record.external_id in known) for item in fresh.values()
    )
    member_ids, made = members(session, name, people)
    run.counts["members_added"] += made
    thread_ids, made = _threads(session, source_id, fresh, known)
    run.counts["threads_added"] += made
    added, changed = [], []
    for external_id, item in fresh.items():
        thread_id, member_id = thread_ids[external_id], member_ids[item.record.author]
        row = _row(item) | {"thread_id": thread_id, "member_id": member_id}
        if external_id in known:
            changed.append(row | _edit(item, known[external_id], run.now))
        else:
            added.append(row | {"source_id": source_id, "external_id": external_id})
    ids = {external_id: row.id for external_id, row in known.items()}
    _drop_stale(session, fresh, known)
    queries.change(session, Post, changed)
    ids |= queries.add_posts(session, added)
    queries.add_reactions(session, list(_reactions(fresh, ids)))
    moved = {row.thread_id for row in known.values()}
    queries.span_threads(session, moved | set(thread_ids.values()))
    run.counts["added"] += len(added)
    run.counts["updated"] += len(changed)


def _person(record: PostRecord, edited: bool) -> Person:
    return Person(
        record.author,
        record.created_at,
        record.author_name,
        record.is_bot,
        record.is_staff,
        renamed=edited and record.author_name is not None,
    )


def _threads(
    session: Session, source_id: int, fresh: Mapping[str, Fresh], known: Mapping[str, Found]
) -> tuple[dict[str, int], int]:
    """Return the thread ids by post, and how many threads were made."""
    records = {external_id: item.record for external_id, item in fresh.items()}
    places = load_threads.placed(records, session, source_id)
    threads = load_threads.states(session, source_id, set(places.values()))
    before = {external_id: state.heading for external_id, state in threads.items()}
    for external_id, thread_id in places.items():
        record = records[external_id]
        heading, at = load_threads.heading(record), record.created_at
        if thread_id in threads:
            threads[thread_id].hear(heading, at, edited=external_id in known)
        else:
            threads[thread_id] = load_threads.State(heading, at, at)
    made = load_threads.write(session, source_id, threads, before)
    ids = {external_id: state.id for external_id, state in threads.items()}
    return {post: id_ for post, thread in places.items() if (id_ := ids[thread])}, made


def _row(item: Fresh) -> dict[str, Any]:
    record = item.record
    return {
        "created_at": record.created_at,
        "parent_external_id": record.parent_id,
        "text": record.text,
        "plain": item.plain,
        "truncated": record.truncated,
        "url": record.url,
        "content_hash": item.content_hash,
        "record_hash": item.record_hash,
    }


def _edit(item: Fresh, old: Found, now: datetime) -> dict[str, Any]:
    same_parent = item.record.parent_id == old.parent_external_id
    return {
        "id": old.id,
        "edited_at": old.edited_at if item.record.text == old.text else now,
        "reply_to_id": old.reply_to_id if same_parent else None,
    }


def _drop_stale(session: Session, fresh: Mapping[str, Fresh], known: Mapping[str, Found]) -> None:
    """Remove what hangs on changed posts and will be made again."""
    queries.drop_reactions(session, [row.id for row in known.values()])
    reworded = [
        row.id
        for external_id, row in known.items()
        if row.content_hash != fresh[external_id].content_hash
    ]
    queries.drop_judgements(session, reworded)


def _reactions(fresh: Mapping[str, Fresh], ids: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    for external_id, item in fresh.items():
        for reaction in item.record.reactions:
            yield {
                "post_id": ids[external_id],
                "name": reaction.name,
                "author": reaction.author,
                "count": reaction.count,
            }
