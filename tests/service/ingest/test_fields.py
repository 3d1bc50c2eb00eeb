from datetime import UTC, datetime

import pytest

from service.ingest.fields import (
    BadRecord,
    body,
    flag,
    link,
    looks_bot,
    mapping,
    moment,
    needed,
    number,
    word,
)

NOW = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-06-01T00:08:26Z", datetime(2024, 6, 1, 0, 8, 26, tzinfo=UTC)),
        ("2024-06-01t00:08:26z", datetime(2024, 6, 1, 0, 8, 26, tzinfo=UTC)),
        ("2024-06-01 02:08:26+02:00", datetime(2024, 6, 1, 0, 8, 26, tzinfo=UTC)),
        ("2024-06-01 00:08:26 UTC", datetime(2024, 6, 1, 0, 8, 26, tzinfo=UTC)),
        ("2024-06-01T00:08:26.123456789", datetime(2024, 6, 1, 0, 8, 26, 123456, tzinfo=UTC)),
        ("2024-06-01", datetime(2024, 6, 1, tzinfo=UTC)),
        (1717200506, datetime(2024, 6, 1, 0, 8, 26, tzinfo=UTC)),
        (1717200506.5, datetime(2024, 6, 1, 0, 8, 26, 500000, tzinfo=UTC)),
        (1717200506500, datetime(2024, 6, 1, 0, 8, 26, 500000, tzinfo=UTC)),
        ("1717200506", datetime(2024, 6, 1, 0, 8, 26, tzinfo=UTC)),
        ("1717200506.500", datetime(2024, 6, 1, 0, 8, 26, 500000, tzinfo=UTC)),
        ("1980-01-01T00:00:00Z", datetime(1980, 1, 1, tzinfo=UTC)),
        ("2025-01-01T23:59:59Z", datetime(2025, 1, 1, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_utc(value, expected):
    assert moment({"t": value}, ("t",), NOW) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "`t` is missing"),
        ("yesterday", "`t` is no time; write it like 2024-06-01T00:08:26Z"),
        ("", "`t` is no time; write it like 2024-06-01T00:08:26Z"),
        (True, "`t` is no time; write it like 2024-06-01T00:08:26Z"),
        ([], "`t` is no time; write it like 2024-06-01T00:08:26Z"),
        (float("nan"), "`t` is no time; write it like 2024-06-01T00:08:26Z"),
        (1e300, "`t` is no time; write it like 2024-06-01T00:08:26Z"),
        ("0001-01-01T00:00:00+10:00", "`t` is no time; write it like 2024-06-01T00:08:26Z"),
        (0, "`t` lies in 1970; times run from 1980 to now"),
        ("1979-12-31T23:59:59Z", "`t` lies in 1979; times run from 1980 to now"),
        ("2025-01-02T00:00:00Z", "`t` lies in 2025; times run from 1980 to now"),
        ("2262-04-11T23:47:16Z", "`t` lies in 2262; times run from 1980 to now"),
    ],
)
def test_other_times_are_refused(value, reason):
    with pytest.raises(BadRecord) as caught:
        moment({"t": value}, ("t",), NOW)
    assert str(caught.value) == reason


def test_the_first_name_with_a_value_counts():
    assert word({"a": None, "b": " x ", "c": "y"}, ("a", "b", "c")) == "x"
    assert word({"a": 7}, ("a",)) == "7"
    assert word({"a": "  "}, ("a",)) is None


@pytest.mark.parametrize(
    ("read", "value", "reason"),
    [
        (word, ["x"], "`a` is a list; it must be text"),
        (word, True, "`a` is true or false; it must be text"),
        (word, 1.5, "`a` is a number; it must be text"),
        (word, "x" * 401, "`a` has 401 characters; at most 400 are allowed"),
        (word, "x\0", "`a` holds a NUL character"),
        (word, "x\ud800", "`a` holds characters that are no valid Unicode"),
        (needed, "", "`a` is missing or empty"),
        (needed, None, "`a` is missing or empty"),
        (body, None, "`a` is missing"),
        (body, 5, "`a` is a number; it must be text"),
        (body, "x\0", "`a` holds a NUL character"),
        (flag, "yes", "`a` is text; it must be true or false"),
        (number, float("inf"), "`a` is a number; it must be a finite number"),
        (number, True, "`a` is true or false; it must be a finite number"),
        (number, "5", "`a` is text; it must be a finite number"),
    ],
)
def test_wrong_values_are_refused_with_the_reason(read, value, reason):
    with pytest.raises(BadRecord) as caught:
        read({"a": value}, ("a",))
    assert str(caught.value) == reason


def test_flags_and_numbers():
    assert [flag({"a": value}, ("a",)) for value in (True, False, 1, 0, None)] == [
        True,
        False,
        True,
        False,
        None,
    ]
    assert number({"a": 5}, ("a",)) == 5.0
    assert number({}, ("a",)) is None


def test_only_links_to_pages_are_kept():
    assert link({"url": "https://example.org/1"}, ("url",)) == "https://example.org/1"
    assert link({"url": "javascript:alert(1)"}, ("url",)) is None


def deep(levels):
    value = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1], "`data` is a list; it must be an object"),
        ({"a": "x\0"}, "`data` holds a NUL character"),
        ({"a": "x" * 70_000}, "`data` is larger than 64 kB"),
        ({"a": "\ud800"}, "`data` is nested too deeply or holds no valid Unicode"),
        (deep(300), "`data` is nested too deeply or holds no valid Unicode"),
    ],
)
def test_objects_that_cannot_be_stored_are_refused(value, reason):
    with pytest.raises(BadRecord) as caught:
        mapping({"data": value}, "data")
    assert str(caught.value) == reason


def test_an_object_may_hold_a_backslash_and_u0000():
    assert mapping({"data": {"a": "\\u0000"}}, "data") == {"a": "\\u0000"}
    assert mapping({}, "data") == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("github mathlib4 bot", True),
        ("Notification Bot", True),
        ("dependabot[bot]", True),
        ("release-bot", True),
        ("Rémi Bottinelli", False),
        ("Abbot", False),
        ("Talbot", False),
    ],
)
def test_bots_are_known_by_their_last_word(name, expected):
    assert looks_bot(name) is expected
