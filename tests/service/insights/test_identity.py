"""Who is who: each rule on accounts made by hand, and what no accounts may ever bring about."""

from __future__ import annotations

import math
import random
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.insights.identity import LEAST, VERSION, Handle, Part, Suggestion, suggest

IDS = count(1)


def handle(
    platform: str,
    value: str,
    name: str | None = None,
    email: str | None = None,
    *,
    id: int | None = None,
    member: int | None = None,
    verified: bool = False,
    is_bot: bool = False,
    is_staff: bool = False,
    is_deleted: bool = False,
    links: tuple[str, ...] = (),
    posts: int = 0,
) -> Handle:
    number = next(IDS) if id is None else id
    return Handle(
        id=number,
        member=number if member is None else member,
        platform=platform,
        value=value,
        name=name,
        email=email,
        verified=verified,
        is_bot=is_bot,
        is_staff=is_staff,
        is_deleted=is_deleted,
        links=links,
        posts=posts,
    )


def pairs(*handles: Handle, least: float = LEAST) -> list[tuple[int, int]]:
    return [found.members for found in suggest(handles, least=least)]


def only(*handles: Handle, least: float = LEAST) -> Suggestion:
    (found,) = suggest(handles, least=least)
    return found


def reasons(found: Suggestion) -> list[str]:
    return [part.name for part in found.parts]


def test_nobody_and_one_alone_get_no_suggestion() -> None:
    assert suggest([]) == []
    assert suggest([handle("github", "xq_zephyr")]) == []


def test_an_address_that_both_platforms_vouch_for_is_nearly_certain() -> None:
    found = only(
        handle("github", "octo", None, "Mira.Holm+git@Gmail.com", verified=True, id=7),
        handle("slack:acme", "U04ZELWE1M9", None, "mirah.olm@gmail.com", verified=True, id=3),
    )
    assert found.members == (3, 7)
    assert reasons(found) == ["verified_email"]
    assert found.version == VERSION == "identity-1"
    # 1,000 strangers at least, and what vouching brings beyond their number.
    assert found.parts[0] == Part(
        "verified_email",
        pytest.approx(math.log(1_000) + 7.0),
        "Both platforms vouch for the same e-mail address.",
    )
    assert found.confidence == pytest.approx(1 / (1 + math.exp(-(0.6 * 7.0 + 1.6))), abs=1e-4)


def test_the_member_with_more_posts_is_kept() -> None:
    a = handle("github", "octo", None, "mira@holm.example", posts=2, id=1)
    b = handle("discourse", "mh", None, "mira@holm.example", posts=9, id=2)
    assert only(a, b).members == (2, 1)


def test_an_address_without_proof_is_less_and_one_that_names_speak_against_is_nothing() -> None:
    a = handle("zulip", "user101", "Mira Holm", "m@holm.example")
    b = handle("discourse", "sea", None, "M@holm.example")
    assert only(a, b).parts[0].name == "email"
    c = handle("discourse", "sea", "Tobias Ebeling", "m@holm.example")
    assert pairs(a, c) == []


@pytest.mark.parametrize(
    "email", ["info@acme.example", "no-reply@acme.example", "support@acme.example", "x@localhost"]
)
def test_the_address_of_an_office_is_no_evidence(email: str) -> None:
    a = handle("zulip", "user101", None, email, verified=True)
    b = handle("discourse", "sea", None, email, verified=True)
    assert pairs(a, b, least=0.0) == []


def test_an_address_that_one_platform_shows_twice_is_shared() -> None:
    shared = [handle("discourse", f"kid{n}", None, "fam@holm.example") for n in (1, 2)]
    assert pairs(handle("zulip", "user101", None, "fam@holm.example"), *shared) == []


def test_the_address_a_code_host_gives_out_names_the_account_there() -> None:
    a = handle("github", "Octo-Holm", id=1)
    email = "48151+octo-holm@users.noreply.github.com"
    found = only(a, handle("mailing-list", email, None, email, id=2))
    assert found.members == (1, 2)
    assert reasons(found) == ["email"]
    assert found.parts[0].why == "The e-mail address is the one that github gives octo-holm."
    other = handle("mailing-list", "5+else@users.noreply.github.com")
    assert pairs(a, other) == []


def test_a_rare_handle_is_strong_and_one_that_anybody_takes_is_not() -> None:
    found = only(handle("discord", "xq_zephyr"), handle("github", "XQ-Zephyr"))
    assert found.parts[0].why == "Both use the handle xqzephyr."
    assert found.confidence > 0.95
    for common in ("alex", "admin", "info", "shadow", "dev", "anna", "neo"):
        assert pairs(handle("discord", common), handle("github", common)) == []


def test_decorations_of_a_handle_are_seen_through() -> None:
    a = handle("github", "xqzephyrim")
    for value in ("xqzephyrim|away", "xqzephyrim_", "theXqzephyrim", "xqzephyrim77"):
        assert len(pairs(a, handle("irc", value))) == 1, value
    # Both changed, each in its own way: most likely two people.
    assert pairs(handle("discord", "ferret481"), handle("irc", "ferret663")) == []


def test_numbers_that_a_platform_gives_and_look_alike_letters_are_no_handles() -> None:
    assert pairs(handle("stackexchange", "4099123"), handle("zulip", "user4099123")) == []
    same = "U04ZELWE1M9"
    assert pairs(handle("slack:acme", same), handle("slack:other", same)) == []
    # The third letter is Cyrillic: somebody wants to be taken for somebody else.
    assert pairs(handle("github", "xqzephyrim"), handle("irc", "xqz\u0435phyrim")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tanaka Hiroshi", "Hiroshi Tanaka"),
        ("Jürgen Obermüller", "Juergen Obermueller"),
        ("Jürgen Obermüller", "Jurgen Obermuller (she/her)"),
        ("Søren Kjærgaard", "Soeren Kjaergaard | Platform"),
        ("Kretschmann, Friederike", "Dr. Friederike Kretschmann"),
        ("Сергей Жуковский", "Sergei Zhukovsky"),
        ("Щербаков Ярослав", "Yaroslav Shcherbakov"),
        ("C\u0435ргей Жуковский", "Сергей Жуковский"),
        ("Ευάγγελος Χατζηγιάννης", "Evangelos Chatzigiannis"),
        ("Νίκος Παπαδόπουλος", "Nikos Papadopoulos"),
        ("诸葛梓萱", "诸葛 梓萱"),
        ("诸葛梓萱", "Zixuan Zhuge"),
        ("황보 동현", "Donghyun Hwangbo"),
        ("राहुल चतुर्वेदी", "Rahul Chaturvedi"),
        ("طارق القحطاني", "Tarek Al-Qahtani"),
        ("إبراهيم القحطاني", "ابراهيم القحطاني"),
        ("יוסף רוזנצוויג", "יוסף רוזנצוויג"),
        ("Bob Thistlewood", "Robert Thistlewood"),
        ("Friederike Kretschmann", "Friederike Kretchmann"),
    ],
)
def test_a_rare_name_is_known_again_however_it_is_written(one: str, other: str) -> None:
    a, b = handle("slack:acme", "U04ZELWE1M9", one), handle("stackexchange", "4099", other)
    found = only(a, b, least=0.8)
    assert reasons(found) == ["name"]
    assert found.parts[0].why == "They have the same or nearly the same name."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Friederike Kretschmann", "Ulrike Kretschmann"),
        ("Friederike Kretschmann", "Friederike Luchterhand"),
        ("Friederike", "Friederike"),
        ("Zeynep Taşkın", "Zeynep T. Çelik"),
        ("Jihoon Kwon", "Qiang Zhou"),
        ("Support", "Support"),
        ("Unknown User", "Unknown User"),
        ("🌱", "🌱"),
    ],
)
def test_half_a_name_no_name_and_relatives_are_not_enough(one: str, other: str) -> None:
    a = handle("slack:acme", "U04ZELWE1M9", one)
    assert pairs(a, handle("stackexchange", "4099", other)) == []


def test_a_common_name_is_not_enough_alone() -> None:
    john = [handle(place, f"1{n}4099", "John Smith") for n, place in enumerate("abcde")]
    assert pairs(*john) == []
    twins = [handle("slack:acme", f"U04ZELWE1M{n}", "Zita Obermüller") for n in range(2)]
    assert pairs(handle("stackexchange", "4099", "Zita Obermüller"), *twins) == []


def test_of_rivals_only_a_clear_winner_is_suggested() -> None:
    a = handle("stackexchange", "4099", "Zita Obermüller", links=("https://zita.example/me",))
    loser = handle("slack:acme", "U04ZELWE1M8", "Zita Obermüller")
    winner = handle("slack:acme", "U04ZELWE1M9", "Zita Obermüller", links=("zita.example/me/",))
    assert pairs(a, loser, winner) == [(a.id, winner.id)]


@pytest.mark.parametrize("login", ["hobermueller", "hans.obermuller", "obermueller-h", "hobermu"])
def test_a_handle_made_of_a_name(login: str) -> None:
    named = handle("slack:acme", "U04ZELWE1M9", "Hans Obermüller")
    (found,) = suggest([named, handle("irc", login)], least=0.5)
    assert found.parts[0].why.endswith(" is made of the name Hans Obermüller.")


def test_a_page_of_ones_own_and_the_page_of_a_company() -> None:
    page = "https://www.zitaober.example/notes/?x=1"
    a = handle("stackexchange", "4099", None, links=(page,))
    b = handle("discourse", "sea", None, links=("http://zitaober.example/notes",))
    found = only(a, b, least=0.8)
    assert found.parts == (
        Part(
            "link",
            pytest.approx(math.log(1_000) + 1.5),
            "Both profiles link to zitaober.example/notes.",
        ),
    )
    staff = [
        handle("zulip", f"user10{n}", None, f"{login}@zitaober.example", verified=True)
        for n, login in enumerate(("kai", "ole"))
    ]
    site = ("https://zitaober.example",)
    c, d = handle("github", "kaiserly", links=site), handle("discord", "olesund", links=site)
    assert pairs(c, d, *staff) == []


def test_a_link_to_an_account_names_its_owner() -> None:
    a = handle("github", "octo-holm")
    b = handle("discord", "seaside", links=("https://github.com/Octo-Holm/",))
    assert reasons(only(a, b)) == ["link"]
    c = handle("discord", "seaside", links=("https://github.com/octo-holm/a-project",))
    assert pairs(a, c) == []


def test_different_addresses_at_one_company_speak_against() -> None:
    a = handle("zulip", "user101", "Zita Obermüller", "zita@acme.example")
    b = handle("discourse", "sea", "Zita Obermüller", "zo@acme.example")
    found = only(a, b, least=0.5)
    assert [part.weight for part in found.parts if part.name == "email"] == [-1.5]


def test_no_reason_tells_an_e_mail_address() -> None:
    a = handle("zulip", "user101", "Zita Obermüller", "zitz_qopher@acme.example")
    b = handle("mailing-list", "zitzqopher@mail.example", None, "zitzqopher@mail.example")
    found = only(a, b, least=0.0)
    assert "Their e-mail addresses begin alike." in [part.why for part in found.parts]
    assert not any("zitz" in part.why or "@" in part.why for part in found.parts)


def test_two_handles_of_a_platform_never_meet_not_even_through_a_third() -> None:
    mail = "mira@holm.example"
    known = [
        handle("slack:acme", "U04ZELWE1M9", None, mail, id=1, member=1, verified=True),
        handle("github", "octo", None, mail, id=2, member=1, verified=True),
    ]
    assert pairs(*known, handle("slack:acme", "U04ZELWE1M8", None, mail, verified=True)) == []
    a = handle("slack:acme", "U04ZELWE1M9", None, mail, id=11, verified=True)
    b = handle("discourse", "xq_zephyr", None, mail, id=12, verified=True)
    c = handle("SLACK:acme", "xq_zephyr", id=13)
    assert pairs(a, b, c) == [(11, 12)]


@pytest.mark.parametrize(
    "other",
    [
        handle("irc", "xq_zephyr", is_bot=True),
        handle("irc", "xq_zephyr", is_deleted=True),
        handle("irc", "xq_zephyr[bot]"),
        handle("irc", "xq_zephyr", "Zephyr Bot"),
        handle("irc", "xq_zephyr", "Deleted User"),
    ],
)
def test_machines_and_the_deleted_are_left_out(other: Handle) -> None:
    assert pairs(handle("github", "xq_zephyr"), other, least=0.0) == []
    assert pairs(*(handle(place, "ghost") for place in ("github", "irc")), least=0.0) == []
    bots = [handle(place, "xq_zephyr", is_bot=True) for place in ("github", "irc")]
    assert pairs(*bots, least=0.0) == []


def test_staff_are_people() -> None:
    a = handle("github", "xq_zephyr", is_staff=True)
    assert len(pairs(a, handle("irc", "xq_zephyr"))) == 1


def test_what_was_dismissed_stays_so_even_through_a_third() -> None:
    a, b, c = (handle(place, "xq_zephyr", id=n) for n, place in enumerate(("x", "y", "z"), 1))
    assert len(suggest([a, b, c])) == 2
    found = suggest([a, b, c], dismissed=[frozenset((1, 2))])
    assert len(found) == 1
    assert 3 in found[0].members


def test_a_third_account_brings_no_two_people_together() -> None:
    a = handle("slack:acme", "U04ZELWE1M9", "Zita Obermüller", "z@holm.example", verified=True)
    b = handle("discourse", "xq_zephyr", None, "z@holm.example", verified=True)
    c = handle("irc", "xq_zephyr", "Torsten Luchterhand")
    assert pairs(a, b, c) == [(a.id, b.id)]


NAMES = st.sampled_from(
    [
        None,
        "Zita Obermüller",
        "Zita",
        "John Smith",
        "王伟",
        "Сергей Жуков",
        "Bot",
        "Deleted User",
        "",
    ]
)
VALUES = st.sampled_from(
    ["xq_zephyr", "zobermueller", "zita", "ghost", "U04ZELWE1M9", "7", "a@b.io"]
)
EMAILS = st.sampled_from([None, "z@holm.example", "z+1@holm.example", "info@b.io", "@", "a@b.io"])
LINKS = st.sampled_from(["https://z.dev", "http://github.com/zita", "http://[", "x", "//", ""])
ACCOUNTS = st.builds(
    handle,
    platform=st.sampled_from(["github", "slack:acme", "irc", "zulip"]),
    value=VALUES | st.text(max_size=12),
    name=NAMES | st.text(max_size=12),
    email=EMAILS,
    id=st.just(0),
    member=st.integers(1, 9),
    verified=st.booleans(),
    is_bot=st.integers(0, 9).map(lambda n: n == 0),
    is_deleted=st.integers(0, 9).map(lambda n: n == 0),
    links=st.lists(LINKS, max_size=2).map(tuple),
    posts=st.integers(0, 3),
)


def numbered(handles: list[Handle]) -> list[Handle]:
    fields = [{name: getattr(h, name) for name in h.__slots__} for h in handles]
    return [Handle(**{**one, "id": n}) for n, one in enumerate(fields, start=1)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ACCOUNTS, max_size=14),
    st.sets(st.frozensets(st.integers(1, 9), min_size=2, max_size=2), max_size=3),
    st.randoms(),
)
def test_the_hard_rules_hold_for_any_accounts(
    made: list[Handle], dismissed: set[frozenset[int]], chance: random.Random
) -> None:
    handles = numbered(made)
    found = suggest(handles, least=0.05, dismissed=dismissed)
    shuffled = chance.sample(handles, len(handles))
    assert suggest(shuffled, least=0.05, dismissed=dismissed) == found
    group = {h.member: {h.member} for h in handles}
    for one in found:
        assert 0.05 <= one.confidence <= 1
        a, b = one.members
        assert group[a] is not group[b]
        ours, theirs = ([h for h in handles if h.member in group[m]] for m in (a, b))
        assert {h.platform for h in ours}.isdisjoint(h.platform for h in theirs)
        assert not any(h.is_bot or h.is_deleted for h in (*ours, *theirs))
        joined = group[a] | group[b]
        assert not any(pair <= joined for pair in dismissed)
        for member in joined:
            group[member] = joined
