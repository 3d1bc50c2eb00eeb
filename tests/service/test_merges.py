"""Merges that leave no trace when undone."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service import identity, merges
from service.db import migrate
from service.db.models import (
    Event,
    Identity,
    Member,
)
from service.db.session import Database, open_database
from service.errors import Conflict, NotFound
from service.ingest.records import PostRecord
from tests.service.people import AT, World, check, trio_of


@pytest.fixture
def world(database: Database, now: datetime) -> World:
    return World(database, now)


@pytest.fixture
def trio(world: World) -> tuple[int, int, int]:
    return trio_of(world)


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_merge_undone_leaves_every_row_as_it_was(
    world: World, trio: tuple[int, int, int], by_hand: bool
) -> None:
    ada, countess, _ = trio
    assert world.look().pending == 2
    before = world.dump()
    if by_hand:
        done = world.call(identity.merge, ada, countess)
    else:
        done = world.call(identity.accept, world.between(ada, countess).id)
    assert done == identity.Outcome(True, ada, 1)
    assert world.posts(ada) == ["p1", "p3", "p7"]
    assert world.posts(countess) == []
    row = world.between(ada, countess)
    assert (row.status, row.resolved_by, row.resolved_at) == ("accepted", "eve", world.now)
    with world.database.read() as session:
        merged = session.get_one(Member, countess)
        assert (merged.merged_into_id, merged.name) == (ada, "Ada of chat")
    assert world.call(identity.unmerge, countess) == identity.Outcome(True, countess, 1)
    assert world.dump() == before


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_chain_is_undone_in_any_order(world: World, order: tuple[int, ...]) -> None:
    ids = []
    for number, platform in enumerate(("a", "b", "c", "d")):
        world.say(platform, f"handle-{platform}", is_staff=number == 2)
        world.do(platform, f"handle-{platform}")
        ids.append(world.member(platform, f"handle-{platform}"))
    for one, other in permutations(ids, 2):
        if one < other:
            world.plant(one, other)
    before = world.dump()
    for kept, other in ((2, 3), (1, 2), (0, 1)):  # d into c into b into a
        world.call(identity.merge, ids[kept], ids[other])
    assert world.posts(ids[0]) == ["p1", "p3", "p5", "p7"]
    assert world.suggested("pending") == []
    assert len(world.suggested("accepted")) == 6
    for number in order:
        world.call(identity.unmerge, ids[1:][number])
    assert world.dump() == before


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_merged_and_parted_all_is_as_before_in_the_end(world: World, seed: int) -> None:
    chance = random.Random(seed)
    ids = []
    for number in range(7):
        for _ in range(chance.randint(1, 3)):
            hidden = {"thread": "s", "visibility": "private"} if chance.random() < 0.4 else {}
            world.say(f"site{number}", f"h{number}", is_staff=chance.random() < 0.2, **hidden)
        ids.append(world.member(f"site{number}", f"h{number}"))
    for one in ids:
        for other in ids:
            if one < other and chance.random() < 0.6:
                world.plant(one, other, chance.choice(["pending", "pending", "dismissed"]))
    before = world.dump()
    for _ in range(40):
        try:
            if chance.random() < 0.6:
                world.call(identity.merge, *chance.sample(ids, 2))
            else:
                world.call(identity.unmerge, chance.choice(ids))
        except Conflict:
            pass
        check(world)
    for id_ in ids:
        with world.database.read() as session:
            merged = session.get_one(Member, id_).merged_into_id is not None
        if merged:
            world.call(identity.unmerge, id_)
    assert world.dump() == before


def test_what_was_said_in_between_goes_to_who_said_it(
    world: World, trio: tuple[int, int, int]
) -> None:
    ada, countess, lovelace = trio
    world.call(identity.merge, countess, lovelace)
    world.call(identity.merge, ada, countess)
    world.say("chat", "countess", author_name="The Countess")
    world.say("code", "lovelace", is_staff=True)
    world.say("forum", "ada", author_name="Ada the First")
    world.do("code", "lovelace")
    assert len(world.posts(ada)) == 7
    with world.database.read() as session:
        person = session.get_one(Member, ada)
        assert (person.name, person.is_staff) == ("Ada the First", True)
    assert world.call(identity.unmerge, countess).posts == 4
    assert world.posts(ada) == ["p1", "p7", "p11"]
    world.call(identity.unmerge, lovelace)
    assert world.posts(countess) == ["p3", "p9"]
    assert world.posts(lovelace) == ["p5", "p10"]
    with world.database.read() as session:
        rows = {id_: session.get_one(Member, id_) for id_ in trio}
        events = [
            (row.external_id, row.member_id) for row in session.scalars(select(Event)) if row.id > 2
        ]
    assert [(row.name, row.is_staff) for row in rows.values()] == [
        ("Ada the First", False), ("The Countess", False), ("Ada of code", True),
    ]  # fmt: skip
    assert events == [("e6", lovelace), ("e12", lovelace)]


def test_a_store_that_never_merged_is_no_different(
    world: World, now: datetime, tmp_path: Path
) -> None:
    def live(world: World, call: Callable[..., Any]) -> dict[str, list[tuple[Any, ...]]]:
        world.say("a", "one", author_name="Old")
        world.say("b", "two", author_name="Older")
        call(identity.merge, 1, 2)
        world.say("b", "two", author_name="New", is_staff=True, email="two@example.org")
        edit = PostRecord("p2", "two", AT - timedelta(days=9), "an edit", thread_id="t", source="b")
        world.put(edit)
        world.do("b", "two")
        call(identity.unmerge, 2)
        return world.dump()

    plain = open_database(f"sqlite:///{tmp_path / 'plain.sqlite3'}")
    migrate.upgrade(plain)
    other = live(World(plain, now), lambda *arguments: None)
    plain.close()
    assert live(world, world.call) == other


def name_of(world: World, member: int) -> str:
    with world.database.read() as session:
        return session.get_one(Member, member).name


@pytest.mark.parametrize("kept", [1, 2])
def test_a_name_told_in_private_is_not_gone_by(world: World, kept: int) -> None:
    private = {"thread": "s", "visibility": "private"}
    world.say("slack", "rs", author_name="Realname Secret", **private)
    world.say("slack", "rs", **private)
    world.say("forum", "nyx", author_name="Nyx")
    world.say("chat", "n", author_name="Later Nyx")
    before, other = world.dump(), 3 - kept
    with world.database.read() as session:
        assert merges.keeper(session, 1, 2) == merges.keeper(session, 2, 1) == (2, 1)
        assert identity.preview(session, kept, other).name == "Nyx"
    world.call(identity.merge, kept, other)
    assert name_of(world, kept) == "Nyx"
    world.call(identity.unmerge, other)
    assert world.dump() == before
    world.call(identity.merge, kept, other)
    world.call(identity.merge, kept, 3)
    world.say("slack", "rs", author_name="Realname Other", **private)
    assert name_of(world, kept) == "Nyx"
    world.say("forum", "nyx", author_name="Nyx the Second")
    assert name_of(world, kept) == "Nyx the Second"
    world.call(identity.unmerge, 3)
    world.call(identity.unmerge, other)
    assert (name_of(world, 1), name_of(world, 2)) == ("Realname Other", "Nyx the Second")


def test_where_nobody_wrote_in_public_the_name_is_of_the_kept(world: World) -> None:
    for platform in ("a", "b"):
        world.say(platform, "x", author_name=platform.upper(), thread="s", visibility="private")
    world.call(identity.merge, 2, 1)
    assert name_of(world, 2) == "B"


def test_the_one_to_part_is_the_one_merged_last(world: World) -> None:
    for platform in "abcd":
        world.say(platform, "x")
    for pair in ((1, 3), (1, 2), (4, 1)):
        world.call(identity.merge, *pair)
    with world.database.read() as session:
        found = {pair: identity.joint(session, *pair) for pair in ((1, 2), (2, 3), (3, 4), (1, 3))}
    assert found == {(1, 2): 2, (2, 3): 2, (3, 4): 1, (1, 3): 3}
    with pytest.raises(Conflict, match=r"merged into no other; part from it member 1$"):
        world.call(identity.unmerge, 4)
    world.call(identity.unmerge, 1)
    assert world.call(identity.unmerge, 1) == identity.Outcome(False, 1)
    with world.database.read() as session:
        assert identity.joint(session, 3, 4) is None


def test_two_handles_of_one_platform_or_a_bot_and_a_person_are_refused(world: World) -> None:
    world.say("forum", "ada")
    world.say("forum", "bob")
    world.say("chat", "helper", is_bot=True)
    world.say("chat", "ada")
    before = world.dump()
    with pytest.raises(Conflict, match="both have a handle on forum: one person has one there"):
        world.call(identity.merge, 1, 2)
    with pytest.raises(Conflict, match="one of them is a bot, the other a person"):
        world.call(identity.merge, 1, 3)
    with pytest.raises(Conflict, match="they are one member already"):
        world.call(identity.merge, 1, 1)
    with pytest.raises(NotFound, match="there is no member 9"):
        world.call(identity.merge, 1, 9)
    with pytest.raises(NotFound, match="there is no member 9"):
        world.call(identity.unmerge, 9)
    with pytest.raises(Conflict, match="member 1 was merged into no other"):
        world.call(identity.unmerge, 1)
    assert world.dump() == before
    world.call(identity.merge, 1, 4)
    with pytest.raises(Conflict, match="both have a handle on chat"):
        world.call(identity.merge, 1, 3)
    with pytest.raises(Conflict, match="member 4 was merged before: take member 1"):
        world.call(identity.merge, 2, 4)
    with pytest.raises(Conflict, match="they are one member already"):
        world.call(identity.merge, 4, 1)


def test_deeds_that_no_handle_accounts_for_stand_against_a_merge(world: World) -> None:
    world.say("forum", "ada")
    world.say("chat", "ada")
    with world.database.write() as session:
        session.scalars(select(Identity).where(Identity.platform == "chat")).one().platform = "irc"
    with pytest.raises(Conflict, match="member 2 did something on chat without a handle"):
        world.call(identity.merge, 1, 2)


def test_merged_crosswise_at_once_there_is_one_root(world: World) -> None:
    for platform in "abcd":
        world.say(platform, "x")

    def merge(pair: tuple[int, int]) -> bool:
        try:
            return bool(world.call(identity.merge, *pair).changed)
        except Conflict:
            return False

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(merge, permutations((1, 2, 3, 4), 2)))
    assert sum(done) <= 3
    check(world)
    with world.database.read() as session:
        rows = list(session.scalars(select(Member)))
    assert sum(row.merged_into_id is None for row in rows) == 4 - sum(done)
