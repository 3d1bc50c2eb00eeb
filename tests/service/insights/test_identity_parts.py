"""The pieces of identity matching: letters, names, handles, addresses, kinds and rarity."""

from __future__ import annotations

import pytest

from service.insights.identity import deleted_account, machine, role_address
from service.insights.identity.handles import (
    Account,
    address,
    nicks,
    noreply,
    page,
    profile,
    signature,
    stems,
)
from service.insights.identity.letters import bones, fold, romanise, sound
from service.insights.identity.names import close, forms, parse, pets
from service.insights.identity.pairs import candidates
from service.insights.identity.people import people
from service.insights.identity.pinyin import reading
from service.insights.identity.rarity import Rarity
from service.insights.identity.records import Handle


def handle(number: int, value: str, name: str | None = None, platform: str = "irc") -> Handle:
    return Handle(number, number, platform, value, name, None, False, False, False, False, ())


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("Ｍüller", "muller"),
        ("Łukasz", "lukasz"),
        ("Straße", "strasse"),
        ("Сергей", "sergey"),
        ("Щукин", "shchukin"),
        ("Παπαδόπουλος", "papadopoulos"),
        ("ひろし", "hiroshi"),
        ("キョウコ", "kyouko"),
        ("はっとり", "hattori"),
        ("민준", "minjun"),
        ("शर्मा", "sharma"),
        ("王伟", "王伟"),
        ("أحمد", "احمد"),
    ],
)
def test_letters_of_many_scripts(word: str, plain: str) -> None:
    assert romanise(fold(word)) == plain


def test_spellings_that_sound_alike() -> None:
    for one, other in (
        ("sergey", "sergei"),
        ("mueller", "muller"),
        ("yuri", "yuriy"),
        ("zhukovsky", "zhukovskiy"),
        ("mohammed", "mohamed"),
        ("catherine", "katherine"),
    ):
        assert sound(one) == sound(other)
    assert sound("maria") != sound("marko")
    assert bones("طارق") == bones("tariq") == bones("tarek") == "trk"
    assert bones(romanise(fold("כהן"))) == bones("cohen") == "khn"
    assert bones("王") == ""


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ("Dr. Hans  Müller (she/her)", ("hans", "muller")),
        ("Müller, Hans | Acme", ("muller", "hans")),
        ("J.R. van der Berg", ("j", "r", "berg")),
        ("Jean-Luc O'Neill 🌱", ("jeanluc", "oneill")),
        ("HansMüller", ("hans", "muller")),
        ("김민준", ("kim", "minjun")),
        ("김 민준", ("kim", "minjun")),
        ("田中 ひろし", ("田中ひろし",)),
    ],
)
def test_the_name_within_a_display_name(shown: str, words: tuple[str, ...]) -> None:
    found = parse(shown)
    assert found is not None
    assert found.words == words
    assert found.full


@pytest.mark.parametrize(
    "shown", ["", "x", "zephyr_77", "Deleted User", "Support Team", "🌱", "n/a"]
)
def test_what_is_no_name(shown: str) -> None:
    assert parse(shown) is None


def test_readings_of_chinese_names() -> None:
    assert reading("王伟") == ("wang", "wei")
    assert reading("欧阳梓萱") == ("ouyang", "zixuan")
    assert reading("王") is None
    assert reading("田中ひろし") is None


def test_slips_pet_names_and_logins() -> None:
    assert [close("marta", w) for w in ("marta", "mart", "matra", "marte", "mara", "marit")] == [
        True, True, True, True, True, False,
    ]  # fmt: skip
    assert pets("bob", "robert")
    assert not pets("bob", "bill")
    name = parse("Hans Obermüller")
    assert name is not None
    assert {"hansobermuller", "hobermuller", "obermullerh", "hobermu"} <= {
        form.login for form in forms(name)
    }


def test_what_a_handle_is() -> None:
    assert nicks("XQ_Zephyr|away") == ("xqzephyr",)
    assert nicks("zephyr#1234") == ("zephyr",)
    assert nicks("U04ZELWE1M9") == nicks("4099123") == nicks("user17") == nicks("a@b.io") == ()
    assert stems("realzephyr77") == ("realzephyr77", "zephyr77", "zephyr")
    assert stems("zephyr") == ("zephyr",)


def test_what_an_address_and_a_link_are() -> None:
    assert address(" Mira.Holm+x@GoogleMail.com ") == "miraholm@gmail.com"
    assert address("mira.holm@acme.example") == "mira.holm@acme.example"
    assert address("info@acme.example") is address("x") is address(None) is None
    assert noreply("1+octo@users.noreply.github.com") == Account("github", "octo")
    assert noreply("octo@github.com") is None
    assert page("HTTPS://www.Mira.example/Notes/?q=1#x") == "mira.example/notes"
    assert page("http://[") is page("nothing") is None
    assert profile("https://github.com/Octo/") == Account("github", "octo")
    assert profile("https://github.com/orgs") is profile("https://github.com/a/b") is None
    assert signature("https://zephyr.dev") == signature("http://uni.example/~zephyr") == "zephyr"
    assert signature("https://uni.example/zephyr") is None


def test_kinds_of_accounts() -> None:
    assert machine("dependabot[bot]", None)
    assert machine("renovate", None)
    assert machine("x", "Standup Bot")
    assert not machine("talbot", "Anna Talbot")
    assert not machine("abbott", None)
    assert deleted_account("[deleted]", None)
    assert deleted_account("x", "Deleted User")
    assert deleted_account("ghost", None)
    assert not deleted_account("ghostwriter", "Anna Formerly")
    assert role_address("Info@acme.example")
    assert role_address("do-not-reply@acme.example")
    assert role_address("x@noreply.acme.example")
    assert not role_address("infante@acme.example")


def test_rarity_counts_people_and_knows_what_is_common_anywhere() -> None:
    few = Rarity(people([handle(1, "anna"), handle(2, "xq_zephyr")]))
    assert few.nick("xqzephyr") < 1e-4 < 1e-3 < few.nick("anna")
    assert few.nick("zephyr") > few.nick("xqzephyr")
    assert few.word("smit") > 10 * few.word(sound("thistlewood"))
    many = Rarity(people([handle(n, f"q{n}", "Zita Obermüller") for n in range(1, 90)]))
    assert many.word("sita") > 100 * few.word("sita")
    # The one person who is asked about does not count, on however many platforms.
    one = [handle(n, f"q{n}", "Zita Obermüller", f"p{n}") for n in range(1, 5)]
    assert Rarity(people(one)).word("sita") <= few.word("sita")


def test_a_crowd_with_one_key_makes_no_pairs() -> None:
    crowd = [handle(n, "anna", platform=f"p{n}") for n in range(1, 60)]
    assert len(candidates(people(crowd))) == 0
    assert candidates(people(crowd[:3])).tolist() == [[0, 1], [0, 2], [1, 2]]


def test_pairs_grow_no_faster_than_people() -> None:
    def pairs(size: int) -> int:
        places = [f"p{n % 7}" for n in range(size)]
        made = [handle(n + 1, f"n{n // 2}zephyr", "Anna Smith", p) for n, p in enumerate(places)]
        return len(candidates(people(made)))

    assert pairs(2_000) < 20 * pairs(200)
