"""Who the people of a flagged thread are: context for whoever looks at the flag.

Nothing here is a number about a person that could be ranked or kept: it is read anew for one flag,
in the order in which people came, and is in no list.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.db.models import Flag
from service.db.queries import conflicts, flag_people, members
from service.db.queries.conflicts import FlagRow
from service.db.queries.members import Activity

# So many people of a thread are told, and so many earlier flags of each, the newest.
PEOPLE = 12
EARLIER = 5
# Of those looked at, some nobody may read.
LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier flag, and how much somebody had written in its thread by then."""

    row: FlagRow
    posts: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who posted in a flagged thread, and the flags of threads that they were in before.

    `posts` is of this thread; `activity` of all that anyone may read. The verdicts are on the
    threads, never on the person.
    """

    id: int
    name: str
    posts: int
    activity: Activity
    earlier: list[Earlier]


def history(session: Session, flag: Flag) -> list[Person]:
    """Return the people of a flagged thread in the order in which they came, by four statements."""
    rows = flag_people.people(session, flag.thread_id, PEOPLE)
    ids = [row.id for row in rows]
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for member, flag_id, posts in flag_people.earlier(session, flag, ids):
        if len(found[member]) < LOOKED_AT:
            found[member].append((flag_id, posts))
    shown = conflicts.by_ids(session, {flag_id for own in found.values() for flag_id, _ in own})
    told = members.activity(session, ids)
    return [
        Person(
            row.id,
            row.name,
            row.posts,
            told.get(row.id, Activity()),
            [Earlier(shown[id_], posts) for id_, posts in found[row.id] if id_ in shown][:EARLIER],
        )
        for row in rows
    ]
