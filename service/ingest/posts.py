"""A batch of posts into the record: what is new, what changed, what is there already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Post
from service.db.queries import load as queries
from service.db.queries import load_people
from service.db.queries.load import Found
from service.db.session import Database
from service.ingest import people, threads
from service.ingest.people import Person
from service.ingest.reading import read
from service.ingest.records import Deletion, PostRecord, Reading, raw_of
from service.ingest.state import Import, SourceRef

TWICE = "the id came before with other content; the first is kept"
# The record hash of a post that its source has deleted: no record has it.
GONE = bytes(16)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A post that is new or changed, with all that is computed before the transaction."""

    record: PostRecord
    reading: Reading


@dataclass(slots=True)
class Work:
    """What a batch has to write to one source."""

    fresh: dict[str, PostRecord] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    renamed: bool = False
    platform: str | None = None


def store_posts(database: Database, records: Collection[PostRecord], run: Import) -> None:
    """Write a batch of posts in one transaction, or none where nothing is new."""
    groups = run.by_source(records)
    work: dict[str, Work] = {}
    with database.read() as session:
        run.find_sources(session, groups)
        for name, group in groups.items():
            firsts = [run.meet(name, record.external_id) for record in group]
            known = _hashes(session, run.sources.get(name), group, firsts)
            work[name] = _work(name, group, firsts, known, run)
            work[name].renamed = _renamed(session, run.sources.get(name), work[name].people, run)
    read_now = {
        name: {id_: Fresh(record, read(record)) for id_, record in one.fresh.items()}
        for name, one in work.items()
    }
    if not any(one.fresh or one.withdrawn or one.renamed for one in work.values()):
        return
    # An archive is durable when it is finished; a part that was lost comes again.
    with database.write(durable=run.live) as session:
        for name, one in work.items():
            source = run.source_of(session, name, one.platform)
            _withdraw(session, source, one.withdrawn, run)
            _write(session, source, one.people, read_now[name], run)


def _hashes(
    session: Session,
    source: SourceRef | None,
    records: Sequence[PostRecord],
    firsts: Sequence[bool],
) -> dict[str, bytes]:
    """Return the hashes of the posts that are there; `firsts` says which ids are met first."""
    if source is None:
        return {}
    ids = [record.external_id for record in records]
    if source.made_here:
        ids = [external_id for external_id, first in zip(ids, firsts, strict=True) if not first]
    return queries.post_hashes(session, source.id, ids) if ids else {}


def _renamed(
    session: Session, source: SourceRef | None, persons: Mapping[str, Person], run: Import
) -> bool:
    """Return whether the batch says something new of handles that are known."""
    if source is None:
        return False
    asked = run.unsaid(source.platform, persons)
    known = load_people.people(session, source.platform, asked.keys()) if asked else {}
    return bool(people.changes(known, asked))


def _work(
    name: str,
    records: Sequence[PostRecord],
    firsts: Sequence[bool],
    hashes: Mapping[str, bytes],
    run: Import,
) -> Work:
    """Sort a batch into new or changed, known, private and refused.

    One record that calls a post private is enough, wherever it stands among the others.
    """
    work = Work(platform=next((one.platform for one in records if one.platform), None))
    if not run.include_private:
        private = {record.external_id for record in records if record.visibility != "public"}
        for external_id in private:
            run.hide(name, external_id)
        work.withdrawn = sorted(private & hashes.keys())
    now_at = dict(hashes)
    heard = []
    for record, first in zip(records, firsts, strict=True):
        if run.hides(name, record.external_id):
            run.count("private_skipped", record.place)
            continue
        digest = record.digest()
        held = now_at.get(record.external_id)
        if held == digest or (held == GONE and not run.live):
            run.count("unchanged", record.place)
        elif not first:
            run.refuse(record.place, TWICE, raw_of(record))
            continue
        else:
            now_at[record.external_id] = digest
            work.fresh[record.external_id] = record
        heard.append(record)
        run.counts["self_replies"] += record.parent_id == record.external_id
        run.counts["truncated"] += record.truncated
    work.people = people.authors(heard)
    return work


def _withdraw(session: Session, source: SourceRef, ids: Collection[str], run: Import) -> None:
    """Remove posts that their source has made private since.

    Those of threads that are known as private are left alone: they were asked for once.
    """
    if ids:
        known = queries.posts(session, source.id, ids)
        public = [row for row in known.values() if row.visibility == "public"]
        queries.drop_posts(session, [row.id for row in public])
        queries.span_threads(session, {row.thread_id for row in public})
        run.counts["withdrawn"] += len(public)


def _write(
    session: Session,
    source: SourceRef,
    persons: Mapping[str, Person],
    fresh: Mapping[str, Fresh],
    run: Import,
) -> None:
    member_ids, made = people.members(session, source.platform, persons)
    run.counts["members_added"] += made
    run.say(source.platform, persons)
    known = _known(session, source, fresh.keys(), run)
    fresh = _newer(fresh, known, run)
    if not fresh:
        return
    records = {external_id: item.record for external_id, item in fresh.items()}
    thread_ids, made = threads.of_posts(session, source.id, records, known)
    run.counts["threads_added"] += made
    added, changed = [], []
    for external_id, item in fresh.items():
        row = _row(item, thread_ids[external_id], member_ids[item.record.author])
        old = known.get(external_id)
        if old is not None:
            changed.append(row | _edit(item, old, run.now))
            run.count("updated", item.record.place)
        else:
            edited = {"edited_at": item.record.edited_at}
            added.append(row | edited | {"source_id": source.id, "external_id": external_id})
            run.count("added", item.record.place)
    _drop_stale(session, fresh, known)
    queries.change(session, Post, changed)
    ids = {external_id: row.id for external_id, row in known.items()}
    new_ids = queries.add_posts(session, added)
    run.newest_post = max([run.newest_post, *new_ids[-1:]])
    ids |= {row["external_id"]: id_ for row, id_ in zip(added, new_ids, strict=True)}
    _hang(session, fresh, ids, run)
    moved = {known[external_id].thread_id for external_id in fresh.keys() & known.keys()}
    if moved:
        queries.span_threads(session, moved | {row["thread_id"] for row in changed})
    if run.live:
        run.counts["threads_added"] -= threads.link(session, source.id, fresh.keys())


def _known(
    session: Session, source: SourceRef, ids: Collection[str], run: Import
) -> dict[str, Found]:
    """Return the posts that are there; none is where nobody but this import wrote any."""
    if source.made_here and queries.newest_post(session) <= run.newest_post:
        return {}
    return queries.posts(session, source.id, ids)


def _newer(fresh: Mapping[str, Fresh], known: Mapping[str, Found], run: Import) -> dict[str, Fresh]:
    """Return what is not older than what is stored: late news of an early version is no news."""
    found = {}
    for external_id, item in fresh.items():
        old = known.get(external_id)
        if old is not None and _is_older(item.record, old, run):
            run.count("unchanged", item.record.place)
        else:
            found[external_id] = item
    return found


def _is_older(record: PostRecord, old: Found, run: Import) -> bool:
    """Return whether a record tells of a time before what is stored of its post.

    A file that tells no time of an edit is older than one that did: of one source, both would.
    """
    if old.record_hash == GONE and not run.live:
        return True
    if old.edited_at is None or old.edit_met:
        return False
    if record.edited_at is None:
        return not run.live
    return bool(record.edited_at < old.edited_at)


def _row(item: Fresh, thread_id: int, member_id: int) -> dict[str, Any]:
    record = item.record
    return {
        "thread_id": thread_id,
        "member_id": member_id,
        "created_at": record.created_at,
        "parent_external_id": record.parent_id,
        "text": record.text,
        "plain": item.reading.plain,
        "truncated": record.truncated,
        "flat": record.flat,
        "url": record.url,
        "content_hash": item.reading.content_hash,
        "record_hash": item.reading.digest,
    }


def _edit(item: Fresh, old: Found, now: datetime) -> dict[str, Any]:
    same_parent = item.record.parent_id == old.parent_external_id
    unsaid = old.edited_at if item.record.text == old.text else now
    return {
        "id": old.id,
        "edited_at": item.record.edited_at or unsaid,
        "edit_met": item.record.edited_at is None and (old.edit_met or unsaid == now),
        "deleted_at": None,
        "reply_to_id": old.reply_to_id if same_parent else None,
    }


def _drop_stale(session: Session, fresh: Mapping[str, Fresh], known: Mapping[str, Found]) -> None:
    """Remove what hangs on changed posts and will be made again."""
    changed = [known[external_id].id for external_id in fresh if external_id in known]
    told = [
        known[external_id].id
        for external_id, item in fresh.items()
        if external_id in known and item.record.reactions is not None
    ]
    queries.drop_reactions(session, told)
    queries.drop_raw(session, changed)
    reworded = [
        known[external_id].id
        for external_id, item in fresh.items()
        if external_id in known and known[external_id].content_hash != item.reading.content_hash
    ]
    queries.drop_judgements(session, reworded)


def _hang(
    session: Session, fresh: Mapping[str, Fresh], ids: Mapping[str, int], run: Import
) -> None:
    """Add the reactions under posts, and the items that they were read from."""
    reactions = [
        {
            "post_id": ids[external_id],
            "name": reaction.name,
            "author": reaction.author,
            "count": reaction.count,
        }
        for external_id, item in fresh.items()
        for reaction in item.record.reactions or ()
    ]
    queries.add_reactions(session, reactions)
    if run.keep_raw:
        raw = [
            {"post_id": ids[external_id], "data": item.record.raw}
            for external_id, item in fresh.items()
            if item.record.raw
        ]
        queries.add_raw(session, raw)


def store_deletions(database: Database, deletions: Collection[Deletion], run: Import) -> None:
    """Empty posts that their source has deleted; those that are not here are counted as known."""
    groups = run.by_source(deletions)
    with database.write() as session:
        run.find_sources(session, groups)
        for name, group in groups.items():
            source = run.sources.get(name)
            known = (
                queries.posts(session, source.id, [one.external_id for one in group])
                if source
                else {}
            )
            for one in group:
                row = known.pop(one.external_id, None)
                gone = row is None or row.record_hash == GONE
                run.count("unchanged" if gone else "deleted", one.place)
                if not gone:
                    queries.empty_post(session, row.id, GONE, run.now)
