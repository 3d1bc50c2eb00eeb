"""What the judges read of a text: moods spelled out, machines and identities left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.judgements.reading import PART_CHARS, PARTS, masked, parts, reading


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("love it 😀", "love it grinning face"),
        ("👍🏽 great", "thumbs up great"),
        ("👍 great", "thumbs up great"),
        ("so 😭😭", "so loudly crying face loudly crying face"),
        ("1️⃣ first", "1 first"),
        ("✔ done", "heavy check mark done"),
        ("🏽", ""),
        ("I #LoveThis", "I # Love This"),
        ("#win2024 and #snake_case", "# win 2024 and # snake case"),
        ("issue #12", "issue # 12"),
        ("# title", "# title"),
        ("don\\u2019t", "don't"),
        ("a\\nb", "a b"),
        ("\\ud83d\\ude00 yes", "grinning face yes"),
        ("can’t “quote” ‘it’", "can't \"quote\" 'it'"),
    ],
)
def test_symbols_become_words(text: str, read: str) -> None:
    assert reading(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (
            'why?\nTraceback (most recent call last):\n  File "a.py", line 3, in f\nIt: bad',
            "why? It: bad",
        ),
        ("2024-01-02T03:04:05.123Z [ERROR] boom", "boom"),
        ("[2024-01-02 03:04:05] ERROR: boom", "boom"),
        ("2024-01-02 03:04:05,678 WARN boom", "boom"),
        ("it broke\nat com.foo.Bar.baz(Bar.java:12)\nat Object.<anon>(/x/y.js:1:2)", "it broke"),
        ("it is at 0xdeadBEEF now", "it is at now"),
        ("[code] fails, [code] works", "fails, works"),
        ("meet at noon (or at one)", "meet at noon (or at one)"),
    ],
)
def test_machines_have_no_temper(text: str, read: str) -> None:
    assert reading(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("soooooo good!!!!!! wait.....", "soo good!! wait.."),
        ("good book", "good book"),
        ("100000 rows", "100000 rows"),
        ("@user @user user hi", "@user hi"),
        ("@user hi @user", "@user hi @user"),
        ("  two\n\n lines\t", "two lines"),
        ("", ""),
        (" \n\t ", ""),
        ("[code]", ""),
    ],
)
def test_form_is_made_even(text: str, read: str) -> None:
    assert reading(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("she is a Muslim woman", "she is a local person"),
        ("a gay colleague", "a local colleague"),
        ("an Asian colleague", "a local colleague"),
        ("An old man", "A local person"),
        ("the woman and the boy", "the local person and the local person"),
        ("women and boys", "local people and local people"),
        ("an african american man", "a local person"),
        ("an African-American engineer", "a local engineer"),
        ("the woman's patch", "the local person's patch"),
        ("MUSLIMS write", "local people write"),
        ("I am deaf, hard of hearing", "I am local, local"),
        ("made in Saudi Arabia, sold in Texas", "made in norway, sold in norway"),
        ("Kim's and Chen Wei's", "alex's and alex's"),
        ("mei-ling said", "alex said"),
        ("a very old tool", "a very local tool"),
        ("blackboard, whitelist, gayness, manage", "blackboard, whitelist, gayness, manage"),
        ("postman, Germanic, alexander", "postman, Germanic, alexander"),
        ("an apple", "an apple"),
    ],
)
def test_who_somebody_is_is_one_word(text: str, read: str) -> None:
    assert reading(text) == read


IDENTITIES = ("Muslim", "christian", "gay", "African American", "blind", "Nigerian", "non-binary")
NAMES = ("Greg", "Jamal", "fatima", "Chen Wei", "Mei-Ling", "JOSÉ", "Lakisha")
PEOPLE = ("women", "Muslims", "Wheelchair users", "young men", "Black women", "Mexicans")


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("I hate every {} developer here", IDENTITIES),
        ("thanks {}, that {} fix works", NAMES),
        ("{} are welcome; why do {} complain?", PEOPLE),
    ],
)
def test_who_is_named_does_not_change_the_reading(frame: str, words: tuple[str, ...]) -> None:
    assert len({reading(frame.replace("{}", word)) for word in words}) == 1


def test_a_dotless_i_is_no_phrase_of_the_list() -> None:
    assert reading("puerto rıcan food") == "puerto rıcan food"
    assert reading("ſri lanka and sri lanka") == "ſri lanka and norway"


def test_lone_surrogates_are_left_out_as_no_tokenizer_takes_them() -> None:
    assert reading("a\ud83d b") == "a b"
    assert reading("\\ud83d é") == "é"


def test_control_characters_do_not_break_the_line() -> None:
    assert reading("a\x1c\x0b\x85b\u2028c\r\nd") == "a b c d"


@given(st.text(max_size=300))
def test_any_text_is_one_line_that_can_be_stored(text: str) -> None:
    read = reading(text)
    assert read == " ".join(read.split())
    assert read.encode().decode() == read
    assert len(read.splitlines()) <= 1


PLAIN = st.lists(
    st.sampled_from(
        [*IDENTITIES, *NAMES, *PEOPLE, "a", "an", "is", "so", "😀", "#Tag", "user", "why?"]
    ),
    max_size=12,
).map(" ".join)


@given(PLAIN)
def test_reading_what_was_read_changes_nothing(text: str) -> None:
    assert reading(reading(text)) == reading(text)
    assert masked(masked(text)) == masked(text)


def test_parts_of_a_short_text_are_the_text() -> None:
    assert parts("") == []
    assert parts("x" * PART_CHARS) == ["x" * PART_CHARS]


def test_parts_are_cut_at_blanks_and_lose_no_word() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    cut = parts(text)
    assert [len(part) <= PART_CHARS for part in cut] == [True] * len(cut)
    assert len(cut) == -(-len(text) // PART_CHARS)
    assert " ".join(cut) == text


def test_of_a_long_text_first_and_last_and_some_between_are_read() -> None:
    for count in (1_500, 30_000):
        text = " ".join(f"{number:05d}" for number in range(count))
        cut = parts(text)
        assert len(cut) == PARTS
        assert cut[0].startswith("00000 00001")
        assert cut[-1].endswith(f"{count - 1:05d}")
        assert [text.index(part[:11]) for part in cut] == sorted(text.index(p[:11]) for p in cut)


@pytest.mark.parametrize(
    "unit", ["x", "( ", "at a.b.c/", "user ", "\\u", "😀", "[2024-01-02 ", "african ", "#aB", "a-"]
)
def test_the_longest_posts_are_read_in_time(unit: str) -> None:
    """256 kB, the most that is taken in; patterns must not go back and forth over it."""
    text = (unit * 262_144)[:262_144]
    cut = parts(reading(text))
    assert 1 <= len(cut) <= PARTS
    assert max(map(len, cut)) <= PART_CHARS


@settings(max_examples=30)
@given(st.integers(0, 30_000))
def test_there_are_never_more_parts_than_are_read(length: int) -> None:
    cut = parts(("lorem ipsum " * 2_500)[:length].strip())
    assert len(cut) <= PARTS
    assert all(0 < len(part) <= PART_CHARS for part in cut)
