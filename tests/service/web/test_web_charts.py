from __future__ import annotations

from xml.etree import ElementTree

from service.web import charts, words


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)


def test_a_line_goes_from_the_ground_to_the_top() -> None:
    chart = parsed(charts.sparkline([0, 2, 4], key="a", title="People", text="Most: 4."))
    assert chart.find("polyline").get("points") == "4,44 120,24 236,4"
    assert chart.find("path").get("d") == "M236 4h0"
    assert chart.find("title").text == "People"
    assert chart.get("aria-labelledby") == "a-t a-d"


def test_charts_of_nothing_and_of_zeros_are_still_charts() -> None:
    for values in ([], [0], [0, 0]):
        for draw in (charts.sparkline, charts.columns):
            assert parsed(draw(values, key="a", title="t", text="d")).get("role") == "img"


def test_columns_stand_on_the_ground() -> None:
    chart = parsed(charts.columns([1, 4], key="a", title="t", text="d"))
    shapes = [(r.get("x"), r.get("y"), r.get("width"), r.get("height")) for r in chart.iter("rect")]
    assert shapes == [("0", "37", "96", "11"), ("120", "4", "96", "44")]


def test_texts_in_charts_are_escaped() -> None:
    bad = "<script>alert(1)</script>\"'&"
    markup = charts.sparkline([1], key=bad, title=bad, text=bad)
    assert "<script" not in markup
    assert parsed(markup).find("title").text == bad


def test_numbers_in_words() -> None:
    assert words.surprise(23, 4.08) == "23 people in the last day, 4.1 expected"
    assert words.people(1) == "1 person"
    assert words.posts(1_234) == "1,234 posts"
    assert words.chance(0.001) == "about 1 in 1,000 alarms this strong would be chance"
    assert words.chance(0.07) == "about 1 in 14 alarms this strong would be chance"
    assert words.chance(0.4) == "about 1 in 2 alarms this strong would be chance"
    assert words.chance(1.23e-4) == "about 1 in 8,100 alarms this strong would be chance"
    assert words.chance(0.0).startswith("fewer than 1 in 1,000,000")
    assert words.percent(0.1786) == "17.9 %"


def test_only_web_addresses_are_linked() -> None:
    assert words.web_link("https://forum.example/p/1") == "https://forum.example/p/1"
    for bad in (
        None,
        "",
        "javascript:alert(1)",
        "//evil.example",
        "data:text/html,x",
        "https:",
        "http://[",
    ):
        assert words.web_link(bad) is None
