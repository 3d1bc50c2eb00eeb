"""What posts hold is shown as it stands and steers nothing."""

from __future__ import annotations

import orjson
import pytest

from jobs import output

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("FORCE_COLOR", "1")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\ufffd[31mred"),
        ("\x1b]52;c;cm0gLXJm\x07", "\ufffd]52;c;cm0gLXJm\ufffd"),
        ("\x9b31mred", "\ufffd31mred"),
        ("abc\x08\x7f", "abc\ufffd\ufffd"),
        ("evil\u202egpj.exe", "evil\ufffdgpj.exe"),
        (":warning: 12:30:45", ":warning: 12:30:45"),
        ("[bold]x[/bold] [/] \\[red]", "[bold]x[/bold] [/] \\[red]"),
        ("a\tb\xa0c\u3000d", "a b c d"),
        ("one\ntwo", "one\ntwo"),
        ("é 漢字 👩\u200d💻 ✔", "é 漢字 👩\u200d💻 ✔"),
        ("1 https://example.org 'x' None", "1 https://example.org 'x' None"),
    ],
)
def test_text_is_printed_as_it_stands(text: str, shown: str, capfd: Capture) -> None:
    output.say(text)
    output.complain(text)
    assert capfd.readouterr() == (shown + "\n", shown + "\n")


def test_cells_are_printed_as_they_stand(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR")
    hostile = "\x1b[31m\x9b:warning:[bold]x[/bold]"
    output.table(hostile, [hostile, "n"], [[hostile, 1_000]])
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    shown = "\ufffd[31m\ufffd:warning:[bold]x[/bold]"
    assert lines == [[shown], [shown, "n"], [shown, "1,000"]]


def test_json_steers_no_terminal_and_says_the_same(capfd: Capture) -> None:
    text = "\x1b[31m \x9b \x7f \xc2 漢 :warning:"
    output.print_json({"text": text})
    printed = capfd.readouterr().out
    assert [mark for mark in printed if not mark.isprintable() and mark != "\n"] == []
    assert orjson.loads(printed) == {"text": text}
