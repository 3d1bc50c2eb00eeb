"""One line of a chat log, and the clock that its stamps show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

STAMP = re.compile(
    r"\[?(?:(\d{4}-\d\d-\d\d)[T ])?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:\.\d+)?Z?\]?"
    r"(\s+.*|)",
    re.DOTALL,
)
SAID = re.compile(r"<[@+%&~! ]{0,3}(\S{1,100}?)>(?: (.*)|)", re.DOTALL)
ACTED = re.compile(r"\* ([^\s*]\S{0,99})(?: (.*)|)", re.DOTALL)
TABBED = re.compile(r"[@+%&~! ]{0,3}([^\s]{1,100})\t(.*)", re.DOTALL)
# Joins, leaves, renames and what services say to one client.
SYSTEM = re.compile(r"===|\*\*\*|-[^\s>-]\S*-(?:\s|$)|-!-|<?--|-->|[-+*]{1,3}\s*(?:\s|$)")
DAY = re.compile(
    r"(?:---|\*{4}) (?:Day changed|Log opened|BEGIN LOGGING AT) "
    r"\w{3} (\w{3}) (\d\d)(.*?)(\d{4})\s*",
    re.IGNORECASE,
)
OTHER_DAY = re.compile(r"(?:---|\*{4})\s")
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# Bold, italic, underlined, reversed, plain, and colours with their numbers.
MARKS = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|[\x02\x0f\x11\x16\x1d\x1e\x1f]")
HALF = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Said:
    """Who said what, by which stamp; `nick` is "" in lines that nobody said."""

    day: date | None
    clock: timedelta | None
    nick: str = ""
    text: str = ""


def parse(line: str) -> Said | None:
    """Return what a line says; None where it is no line of a log.

    What somebody did, as in `* ann waves`, is told as `/me waves`.
    """
    line = line.rstrip("\r\n")
    if line.startswith("==="):
        return Said(None, None)
    if OTHER_DAY.match(line):
        return Said(_day(line), None)
    stamp = STAMP.fullmatch(line)
    if stamp is None:
        return None
    on, hour, minute, second, rest = stamp.groups()
    try:
        day = date.fromisoformat(on) if on else None
    except ValueError:
        return None
    clock = timedelta(hours=int(hour), minutes=int(minute), seconds=int(second or 0))
    return _said(day, clock, rest)


def _said(day: date | None, clock: timedelta, rest: str) -> Said | None:
    tabbed = rest.startswith("\t")
    rest = MARKS.sub("", rest.lstrip())
    if said := SAID.fullmatch(rest):
        return Said(day, clock, said[1], said[2] or "")
    if acted := ACTED.fullmatch(rest):
        return Said(day, clock, acted[1], f"/me {acted[2] or ''}".rstrip())
    if not rest or SYSTEM.match(rest):
        return Said(day, clock)
    if tabbed and (said := TABBED.fullmatch(rest)):
        return Said(day, clock, said[1], said[2])
    return None


def _day(line: str) -> date | None:
    found = DAY.fullmatch(line)
    if found is None or found[1].lower() not in MONTHS:
        return None
    try:
        return date(int(found[4]), MONTHS.index(found[1].lower()) + 1, int(found[2]))
    except ValueError:
        return None


class Clock:
    """Times that only grow, out of stamps that tell neither day nor half of the day.

    A stamp far before the last one is of the next half day where no stamp has been over 12
    hours yet (old logs show a clock of twelve hours), and else of the next day. Smaller steps
    back, as of a clock that is set, keep the time of the line before. Lines of one stamp are a
    microsecond apart, so that they keep their order.
    """

    def __init__(self, day: date | None) -> None:
        self.day = day
        self._shift = timedelta()
        self._last: timedelta | None = None
        self._full = False
        self._at: datetime | None = None

    def turn(self, day: date) -> None:
        """Begin a day that the log names."""
        self.day, self._shift, self._last, self._at = day, timedelta(), None, None

    def tell(self, clock: timedelta) -> None:
        """Take note of a stamp."""
        if clock >= timedelta(hours=13):
            self._full = True
            if self._shift % (2 * HALF):
                self._shift += HALF
        if self._last is not None:
            back = self._last - clock
            if back > HALF / 2 and not self._full:
                self._shift += HALF
            elif back > HALF and self._full:
                self._shift += 2 * HALF
        self._last = clock

    def time(self) -> datetime:
        """Return the time of a line with the stamp that was told last.

        Raises OverflowError at the end of the calendar.
        """
        assert self.day is not None
        assert self._last is not None
        at = datetime.combine(self.day, time(), UTC) + self._shift + self._last
        if self._at is not None and at <= self._at:
            at = self._at + timedelta(microseconds=1)
        self._at = at
        return at
