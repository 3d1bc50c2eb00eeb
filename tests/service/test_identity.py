"""Suggestions that heed what people decided."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from service import identity
from service.db.queries import identities as queries
from service.db.session import Database
from service.errors import Conflict, InvalidInput, NotFound
from tests.service.people import World, check, trio_of


@pytest.fixture
def world(database: Database, now: datetime) -> World:
    return World(database, now)


@pytest.fixture
def trio(world: World) -> tuple[int, int, int]:
    return trio_of(world)


def test_doing_it_again_changes_nothing_and_the_contrary_names_who_decided(world: World) -> None:
    for platform in "abc":
        world.say(platform, "x")
    one, two = world.plant(1, 2), world.plant(1, 3)
    assert world.call(identity.accept, one).changed
    world.call(identity.dismiss, two, actor="zoe")
    before, written = world.dump(), world.audit()
    assert written == [
        ("eve", "member.merge"), ("eve", "suggestion.accept"), ("zoe", "suggestion.dismiss"),
    ]  # fmt: skip
    assert world.call(identity.accept, one, actor="kim") == identity.Outcome(False, 1)
    assert world.call(identity.merge, 1, 2, actor="kim") == identity.Outcome(False, 1)
    assert world.call(identity.dismiss, two, actor="kim") is False
    for act in (identity.dismiss, identity.restore):
        with pytest.raises(Conflict, match="suggestion 1 was accepted by eve: undo the merge"):
            world.call(act, one)
    with pytest.raises(Conflict, match="suggestion 2 was dismissed by zoe: restore it first"):
        world.call(identity.accept, two)
    with pytest.raises(Conflict, match="suggestion 2 was dismissed by zoe: restore it first"):
        world.call(identity.merge, 1, 3)
    with pytest.raises(NotFound, match="there is no suggestion 7"):
        world.call(identity.accept, 7)
    assert (world.dump(), world.audit()) == (before, written)
    assert world.call(identity.restore, two) is True
    assert world.call(identity.restore, two) is False
    assert world.call(identity.unmerge, 2).changed
    assert world.call(identity.unmerge, 2) == identity.Outcome(False, 2)


def test_suggestions_about_merged_members_are_about_who_they_are_now(world: World) -> None:
    for platform in "abc":
        world.say(platform, "x")
    world.say("c", "x")
    ids = {(1, 2): world.plant(1, 2), (2, 3): world.plant(2, 3, confidence=0.95)}
    world.call(identity.accept, ids[1, 2])
    assert world.suggested() == [(2, 3)]
    with world.database.read() as session:
        row = queries.between(session, 2, 3)
        assert row is not None
        assert identity.people(session, row) == (1, 3)  # as many posts, and came first
    ids[1, 3] = world.plant(1, 3)
    assert world.suggested() == [(1, 3)]  # the one that names the two themselves
    world.call(identity.dismiss, ids[1, 3])
    assert world.suggested() == []
    world.call(identity.restore, ids[1, 3])
    assert world.call(identity.accept, ids[2, 3]).member == 1
    assert world.suggested("accepted") == [(2, 3), (1, 2), (1, 3)]
    with world.database.read() as session:
        assert identity.people(session, world.between(1, 3)) == (1, 3)
    world.call(identity.unmerge, 2)
    assert world.suggested() == [(1, 2)]  # and (2, 3) is about the same two, too
    assert world.suggested("accepted") == [(1, 3)]


def test_looking_again_without_news_changes_nothing(
    world: World, trio: tuple[int, int, int]
) -> None:
    first = world.look()
    assert (first.handles, first.pending, first.new, first.dropped) == (4, 2, 2, 0)
    before, written = world.dump(), world.audit()
    assert ("test", "identity.look") in written
    again = world.look()
    assert (again.pending, again.new, again.dropped, again.accepted) == (2, 0, 0, 0)
    assert (world.dump(), world.audit()) == (before, written)
    with pytest.raises(InvalidInput, match="no rule 'all': rules are none, verified-email"):
        world.look("all")


def test_what_is_no_longer_found_expires_and_keeps_its_id(world: World) -> None:
    for platform, author in (("forum", "ada"), ("chat", "countess")):
        world.say(platform, author, email="ada@example.org", author_name="Ada Lovelace")
    world.look()
    id_ = world.between(1, 2).id
    before = world.dump()
    world.say("chat", "countess", email="other@example.net", author_name="Zenobia Qvist")
    assert world.look().dropped == 1
    assert world.between(1, 2).status == "expired"
    assert world.suggested() == []
    with pytest.raises(Conflict, match="no longer made"):
        world.call(identity.accept, id_)
    world.say("chat", "countess", email="ada@example.org", author_name="Ada Lovelace")
    assert (world.look("verified-email").accepted, world.between(1, 2).status) == (0, "pending")
    assert world.between(1, 2).id == id_
    assert world.dump()["suggestion"] == before["suggestion"]


def test_dismissed_pairs_are_not_suggested_again(world: World, trio: tuple[int, int, int]) -> None:
    ada, countess, lovelace = trio
    world.look()
    for pair in world.suggested():
        world.call(identity.dismiss, world.between(*pair).id)
    world.look()
    for pair in world.suggested():
        world.call(identity.dismiss, world.between(*pair).id)
    dismissed = set(world.suggested("dismissed"))
    assert dismissed == {(ada, countess), (ada, lovelace), (countess, lovelace)}
    assert (world.look("verified-email").pending, world.suggested("accepted")) == (0, [])
    # A fourth handle brings two of them together by another way.
    world.say("mail", "ada@example.org", email="ada@example.org", author_name="Ada of mail")
    mail = world.member("mail", "ada@example.org")
    world.call(identity.merge, mail, countess)
    world.look("verified-email")
    pairs = world.suggested(None)
    assert not {frozenset(pair) for pair in pairs if mail in pair} & {
        frozenset((mail, ada)), frozenset((mail, lovelace)),
    }  # fmt: skip
    assert world.suggested() == []
    with pytest.raises(Conflict, match="was dismissed by eve: restore it first"):
        world.call(identity.merge, ada, mail)


def test_the_rule_accepts_what_both_platforms_vouch_for(
    world: World, trio: tuple[int, int, int]
) -> None:
    ada, countess, lovelace = trio
    for platform, author in (("forum", "kim"), ("chat", "kimono")):  # an address nobody vouches for
        world.say(platform, author, author_name="Kimberly Vandersloot")
    found = world.look("verified-email")
    assert (found.accepted, found.pending) == (2, 1)
    assert len(world.posts(ada)) == 4
    assert ("rule:verified-email", "suggestion.accept") in world.audit()
    with world.database.read() as session:
        rows = queries.suggestions(session, "accepted")
        assert {row.resolved_by for row in rows} == {"rule:verified-email"}
    for member in (countess, lovelace):
        world.call(identity.unmerge, member)
    again = world.look("verified-email")
    assert (again.accepted, again.pending) == (0, 3)
    assert world.look("verified-email").accepted == 0


def test_the_rule_accepts_only_what_is_new(world: World, trio: tuple[int, int, int]) -> None:
    world.look()
    assert world.look("verified-email").accepted == 0
    world.say("mail", "ada.l", email="ada@example.org", author_name="Ada of mail")
    found = world.look("verified-email")
    assert found.accepted == 1
    assert world.member("mail", "ada.l") in {
        id_ for pair in world.suggested("accepted") for id_ in pair
    }


def test_the_rule_never_repeats_what_a_person_undid(world: World) -> None:
    world.say("forum", "ada", author_name="Ada Lovelace")
    world.say("chat", "countess", author_name="Zenobia Qvist")
    world.call(identity.merge, 1, 2)  # before anything suggested it
    world.call(identity.unmerge, 2)
    assert world.suggested(None) == []
    for platform, author in (("forum", "ada"), ("chat", "countess")):
        world.say(platform, author, email="ada@example.org")
    found = world.look("verified-email")
    assert (found.new, found.accepted, found.pending) == (1, 0, 1)
    # Nor when one of the two goes by another member since.
    world.say("mail", "al", author_name="Ada L.")
    world.say("mail", "al")
    world.say("mail", "al")
    world.call(identity.merge, 3, 1)
    assert world.look("verified-email").accepted == 0
    assert len(world.posts(3)) == 5


def test_machines_and_the_deleted_are_not_suggested(world: World) -> None:
    for platform in ("forum", "chat"):
        world.say(platform, f"{platform}-helper", email="help@example.org", is_bot=True)
        world.say(platform, f"{platform}-gone", email="gone@example.org", is_deleted=True)
    world.say("code", "pat", email="help@example.org")
    assert world.look("verified-email") == identity.Found(5, 0, 0, 0, 0)


def test_what_people_decide_during_a_look_stays(
    world: World, trio: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.look()
    (first, second), find = world.suggested(), identity.insight.suggest

    def slow(handles: Any, *, dismissed: Any) -> list[Any]:
        assert find(handles, dismissed=dismissed)
        world.call(identity.accept, world.between(*first).id)
        world.call(identity.dismiss, world.between(*second).id)
        return []  # nothing found: all that waits would go

    monkeypatch.setattr(identity.insight, "suggest", slow)
    assert world.look("verified-email").dropped == 0
    assert world.between(*first).status == "accepted"
    assert world.between(*second).status == "dismissed"


def test_what_was_found_before_a_merge_is_not_written_after_it(
    world: World, trio: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, countess, lovelace = trio
    find = identity.insight.suggest

    def slow(handles: Any, *, dismissed: Any) -> list[Any]:
        found = find(handles, dismissed=dismissed)
        world.call(identity.merge, ada, countess)
        return found

    monkeypatch.setattr(identity.insight, "suggest", slow)
    world.look("verified-email")
    check(world)
    assert all(countess not in pair for pair in world.suggested(None))
    assert lovelace in world.suggested(None)[0]


def test_accepted_by_many_at_once_it_is_merged_once(world: World, database: Database) -> None:
    world.say("forum", "ada")
    world.say("chat", "ada")
    id_ = world.plant(1, 2)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda n: world.call(identity.accept, id_, actor=f"k{n}"), range(16)))
    assert sum(one.changed for one in done) == 1
    assert {one.member for one in done} == {1}
    assert [action for _, action in world.audit()] == ["member.merge", "suggestion.accept"]
    assert world.posts(1) == ["p1", "p2"]
