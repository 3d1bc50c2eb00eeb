from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api import cursors
from service.api.excerpts import ELLIPSIS, excerpt, snippet
from service.api.params import end_of, start_of
from service.api.strict import strict_json
from service.errors import BadCursor

LONG = "one two three four five six seven eight nine ten " * 40


def test_an_excerpt_is_cut_at_a_whole_word() -> None:
    assert excerpt("short  and\nsweet", 50) == "short and sweet"
    assert excerpt("one two three four", 9) == "one two" + ELLIPSIS
    assert excerpt("one two, three", 8) == "one two" + ELLIPSIS
    assert excerpt("x" * 30, 10) == "x" * 10 + ELLIPSIS
    assert excerpt("", 10) == ""


@given(st.text(max_size=400), st.integers(1, 120))
def test_an_excerpt_is_short_and_out_of_the_text(text: str, limit: int) -> None:
    shown = excerpt(text, limit)
    assert len(shown) <= limit + 1
    assert " ".join(text.split()).startswith(shown.removesuffix(ELLIPSIS).rstrip())


def test_a_snippet_goes_to_the_words_that_were_asked_for() -> None:
    text = LONG + "the phone will not sync my notebook " + LONG
    shown = snippet(text, "Phone SYNC", 80)
    assert "phone will not sync" in shown
    assert shown.startswith(ELLIPSIS)
    assert len(shown) <= 82
    assert snippet(text, "absent", 40) == excerpt(text, 40)


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=2))
def test_a_cursor_gives_its_keys_back(keys: list[int]) -> None:
    assert cursors.decode("list", cursors.encode("list", *keys)) == keys
    with pytest.raises(BadCursor):
        cursors.decode("other", cursors.encode("list", *keys))


def test_a_cursor_keeps_a_time_to_the_microsecond() -> None:
    when = datetime(2024, 10, 5, 1, 2, 3, 456789, UTC)
    assert cursors.moment([cursors.micros(when), 7]) == (when, 7)
    early = datetime(1, 1, 1, tzinfo=UTC)
    assert cursors.moment([cursors.micros(early), 7]) == (early, 7)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-10-05", (2024, 10, 5), (2024, 10, 6)),
        ("2024-12-31", (2024, 12, 31), (2025, 1, 1)),
        ("2024-10-05T12:30:00Z", (2024, 10, 5, 12, 30), (2024, 10, 5, 12, 30)),
        ("2024-10-05t12:30z", (2024, 10, 5, 12, 30), (2024, 10, 5, 12, 30)),
        ("2024-10-05T00:30:00+02:00", (2024, 10, 4, 22, 30), (2024, 10, 4, 22, 30)),
        ("2024-10-05T00:30:00 02:00", (2024, 10, 4, 22, 30), (2024, 10, 4, 22, 30)),
    ],
)
def test_times_and_bare_dates(text: str, start: tuple[int, ...], end: tuple[int, ...]) -> None:
    assert start_of(text) == datetime(*start, tzinfo=UTC)  # type: ignore[misc]
    assert end_of(text) == datetime(*end, tzinfo=UTC)  # type: ignore[misc]


@pytest.mark.parametrize(
    "text",
    ["", "2024", "2024-10-05T12:30:00", "2024-13-01", "20241005", 5, None, "٢٠٢٤-١٠-٠٥"],
)
def test_what_is_no_time(text: object) -> None:
    with pytest.raises(ValueError, match="should be a time"):
        start_of(text)


@pytest.mark.parametrize(
    "text", ["0001-01-01", "1979-12-31T23:59:59Z", "2200-01-02", "2200-01-01T00:00:01Z"]
)
def test_times_that_no_post_has(text: str) -> None:
    for read in (start_of, end_of):
        with pytest.raises(ValueError, match="from 1980 to 2200"):
            read(text)


def test_the_first_and_last_times() -> None:
    assert start_of("1980-01-01").year == 1980
    assert end_of("2199-12-31").year == 2200


def test_plain_json_is_read() -> None:
    assert strict_json(b'{"a":[1,2.5,"x",null,true]}') == {"a": [1, 2.5, "x", None, True]}
    assert strict_json(b'{"a":9223372036854775807}') == {"a": 2**63 - 1}
