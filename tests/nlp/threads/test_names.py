"""Who is named in a message, on names of many communities."""

from __future__ import annotations

import pytest

from nlp.threads.names import ADDRESSED, PLAIN, PREFIX, mentions, opens_with_address

COMMON_WORDS = {"will": 0.1, "all": 0.1, "the": 0.0, "jane": 0.9}


def strength(text: str, author: str) -> int:
    return int(mentions([text], [author], lambda word: COMMON_WORDS.get(word, 1.0))[0, 0])


@pytest.mark.parametrize(
    ("text", "author", "expected"),
    [
        ("kleedrac: I'm afraid not", "kleedrac", ADDRESSED),
        ("KleeDrac, try again", "kleedrac", ADDRESSED),
        ("kleedrac : try again", "kleedrac", ADDRESSED),
        ("ask @kleedrac about it", "kleedrac", ADDRESSED),
        ("@Jane Doe have a look", "Jane Doe", ADDRESSED),
        ("Jane Doe: have a look", "Jane Doe", ADDRESSED),
        ("@**Jane Doe** have a look", "Jane Doe", ADDRESSED),
        ("as Jane said", "Jane Doe", PLAIN),
        ("as kleedrac said.", "kleedrac", PLAIN),
        ("trey is right", "|trey|", PLAIN),
        ("crim: look", "crimsun", PREFIX),
        ("Юлия: смотри", "юлия", ADDRESSED),
        ("kleedracs", "kleedrac", 0),
        ("nobody here", "kleedrac", 0),
        ("", "kleedrac", 0),
    ],
)
def test_names_are_whole_words_in_any_case(text: str, author: str, expected: int) -> None:
    assert strength(text, author) == expected


def test_everyday_words_and_short_names_count_only_where_addressed() -> None:
    assert strength("that will do", "will") == 0
    assert strength("will: that does", "will") == ADDRESSED
    assert strength("well jo knows", "jo") == 0
    assert strength("@jo knows", "jo") == ADDRESSED


def test_an_address_is_seen_whoever_it_is_for() -> None:
    assert opens_with_address("someone: hello")
    assert opens_with_address("@someone hello")
    assert not opens_with_address("see http://example.org")
    assert not opens_with_address("hello there")
