import pytest

from jobs.importers.mail_text import new_words


def lines(*rows):
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            lines("Hello all,", "", "it works.", "", "-- ", "Ann", "Example Inc"),
            "Hello all,\n\nit works.",
        ),
        (lines("It works.", "", "--", "Ann"), "It works."),
        (lines("It works.", "", "Sent from my iPhone"), "It works."),
        (
            lines(
                "On Mon, 3 Jan 2005 at 10:00, Bob <bob@x.org> wrote:", "> does it?", ">", "", "Yes."
            ),
            "Yes.",
        ),
        (
            lines(
                "Yes.",
                "",
                "On Mon, 3 Jan 2005 at 10:00, Bob Long",
                "<bob@x.org> wrote:",
                "",
                "> does it?",
            ),
            "Yes.",
        ),
        (lines("> first?", "Yes.", "> second?", "No."), "Yes.\n\nNo."),
        (lines("Am 03.01.2005 um 10:00 schrieb Bob:", "> geht es?", "Ja."), "Ja."),
        (lines("Le 3 janv. 2005 à 10:00, Bob a écrit :", "> ça va ?", "Oui."), "Oui."),
        (lines("Yes.", "", "-- ", "Ann", "", "On 3 Jan 2005, Bob wrote:", "> does it?"), "Yes."),
        (lines("Yes.", "", "-----Original Message-----", "From: Bob", "does it?"), "Yes."),
        (
            lines(
                "Yes.",
                "",
                "________________________________",
                "From: Bob",
                "Sent: Monday",
                "To: Ann",
                "x",
            ),
            "Yes.",
        ),
        (
            lines("Yes.", "_" * 40, "users mailing list", "users at x.org"),
            "Yes.",
        ),
        (
            lines(
                "Yes.", "-------------- next part --------------", "An HTML attachment was scrubbed"
            ),
            "Yes.",
        ),
        (lines("Yes.", "", "On 3 Jan 2005, Bob wrote:", "does it work?", "I wonder"), "Yes."),
    ],
)
def test_only_new_words_are_kept(text, expected):
    assert new_words(text) == expected
    assert new_words(text.replace("\n", "\r\n")) == expected


@pytest.mark.parametrize(
    "text",
    [
        "He wrote: this is fine.\nAnd so it is.",
        "Compare a > b\n    x = 1\n\n--verbose is a flag",
        "The manual writes:\n\n    make install\n\nThat is all.",
        "one\n" + "-" * 30 + "\ntwo",
    ],
)
def test_words_that_look_like_quotes_are_kept(text):
    assert new_words(text) == text


def test_a_mail_that_is_nothing_but_a_quote_keeps_it():
    text = "On 3 Jan 2005, Bob wrote:\n> does it?"
    assert new_words(text + "\n-- \nAnn") == text
    assert new_words("") == ""
    assert new_words("-----Original Message-----\nx") == "-----Original Message-----\nx"


def test_long_texts_take_little_time():
    for text in ("-" * 2_000_000, "> a\n" * 200_000, ("_" * 30 + "\n") * 50_000, "On " * 300_000):
        assert isinstance(new_words(text), str)
