"""Signs of heat in a text."""

from __future__ import annotations

import pytest

from nlp.heat.signs import SIGNS, signs, spotted


def counts(text: str) -> dict[str, float]:
    rows, _ = spotted(text)
    return {name: n for name, n in zip(SIGNS, rows.sum(axis=0), strict=True) if n}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("You broke it.", "you_first"),
        ("Well, you broke it.", "you_first"),
        ("I said you did not read it.", "you_not"),
        ("Why did you close it?", "asks_you"),
        ("This is NOT fixed.", "shout"),
        ("Fix it!!", "exclaim"),
        ("Maybe it is the cache.", "hedge"),
        ("Thank you.", "courtesy"),
        ("Still waiting for a fix.", "impatience"),
        ("This is ridiculous.", "bitter"),
        ("Why don\u2019t you fix it", "demand"),
        ("You claim it works.", "dispute"),
        ("That's not how it works.", "contradict"),
        ("That is a mess.", "gripe"),
        ("Won't fix.", "refuse"),
        ("You keep lying to us.", "accuse"),
        ("Oh wow, well done.", "mock"),
        ("What an idiot.", "insult"),
        ("You people never listen.", "groups"),
        ("It fails because the port is taken.", "reasoning"),
    ],
)
def test_a_sign_is_seen(text: str, name: str) -> None:
    assert counts(text).get(name, 0) > 0


@pytest.mark.parametrize(
    "text",
    ["", "   ", "[code]", "\u4f60\u597d\u3002\u518d\u89c1\u3002", "HTTP 404 from the JSON API"],
)
def test_what_says_nothing_has_no_sign(text: str) -> None:
    assert counts(text) == {}


def test_offsets_are_of_sentences() -> None:
    text = "The build is green. You broke it again!"
    rows, spans = spotted(text)
    assert [text[start:end] for start, end in spans] == [
        "The build is green.",
        "You broke it again!",
    ]
    assert rows[0, SIGNS.index("you")] == 0
    assert rows[1, SIGNS.index("you")] == 1


def test_a_longer_text_counts_by_the_root_of_its_length() -> None:
    short, long = "you " * 50, "you " * 200
    place = SIGNS.index("you")
    assert signs(short)[place] == pytest.approx(3.9318, abs=1e-3)
    assert signs(long)[place] == pytest.approx(4.6151, abs=1e-3)


def test_code_is_counted() -> None:
    assert signs("See [code] and [code]")[SIGNS.index("code")] > 1


def test_you_may_be_anyone() -> None:
    assert "you" not in counts("If you want that, you can set your config.")
    assert counts("You broke it, you liar.")["you"] == 2
