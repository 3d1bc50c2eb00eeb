"""What the judges read of a text: moods spelled out, machines and identities left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.encoders.registry import PACKAGED, model_folder
from nlp.judgements.neutral import masked
from nlp.judgements.reading import PART_CHARS, PART_PIECES, PARTS, parts, reading


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
        (r"C:\new\table.txt is gone", r"C:\new\table.txt is gone"),
        (r"gone:\n(C:\nginx\new) or\nC:\new\n", r"gone: (C:\nginx\new) or C:\new\n"),
        (r"\\host\new\x or %TEMP%\npm\nul", r"\\host\new\x or %TEMP%\npm\nul"),
        (r"Q:\nHow?\nA:\nSo. D:\n", "Q: How? A: So. D:"),
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


PROSE = "The sync stops when my phone is asleep, and then nothing is sent until I log out. "
FORMULA = r"$|\psi_{i}\rangle = \alpha_i|0\rangle + \beta_i^2|1\rangle$ "
CODE = "for (int i = 0; i < 10; ++i) { m[i] += f(x, 0.25); } "


def test_prose_is_cut_by_its_length_alone() -> None:
    text = (PROSE * 6)[:PART_CHARS].strip()
    assert parts(text) == [text]
    assert len(parts(f"{text} and much more")) == 2


def test_parts_are_cut_at_blanks_and_lose_no_word() -> None:
    for unit in (PROSE, FORMULA, CODE):
        text = (unit * 30)[:2_400].strip()
        cut = parts(text)
        assert max(map(len, cut)) <= PART_CHARS
        assert " ".join(cut if len(cut) < PARTS else [text]) == text
        assert all(f" {part} " in f" {text} " for part in cut)


def test_the_last_two_parts_are_even() -> None:
    text = (PROSE * 13).strip()
    cut = parts(text)
    assert [len(part) for part in cut] == [500, 285, 278]
    assert " ".join(cut) == text
    assert parts("同" * 150) == ["同" * 76, "同" * 74]


def test_wider_windows_have_longer_parts() -> None:
    text = (PROSE * 40).strip()
    assert [len(parts(text, pieces)) for pieces in (118, 236, 472)] == [7, 4, 2]
    assert parts("a b", 1) == ["a", "b"]


@pytest.mark.slow
def test_hardly_a_word_piece_is_beyond_the_window() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(model_folder(PACKAGED)))
    for unit in (PROSE, FORMULA, CODE, PROSE + FORMULA + CODE, "同步功能坏了", "x1 = Q; "):
        cut = parts((unit * 60)[:2_000].strip())
        lengths = [len(ids) - 2 for ids in tokenizer(cut)["input_ids"]]
        assert sum(min(length, 126) for length in lengths) >= 0.99 * sum(lengths)


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


@given(st.text(max_size=400).map(lambda text: reading(text * 3)))
def test_parts_of_any_text_are_all_of_it(text: str) -> None:
    cut = parts(text, 20)
    assert all(0 < len(part) <= PART_CHARS * 20 // PART_PIECES for part in cut)
    assert len(cut) == PARTS or "".join(cut).replace(" ", "") == text.replace(" ", "")


@settings(max_examples=30)
@given(st.integers(0, 30_000))
def test_there_are_never_more_parts_than_are_read(length: int) -> None:
    cut = parts(("lorem ipsum " * 2_500)[:length].strip())
    assert len(cut) <= PARTS
    assert all(0 < len(part) <= PART_CHARS for part in cut)
