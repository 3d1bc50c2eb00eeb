"""Plain text to what the judges read: moods spelled out, machines and identities left out.

An emoji becomes its name and a hashtag its words, since the encoder's word pieces know neither.
Logs and stack traces go: a machine has no temper. Words for who somebody is (faith, origin,
gender, sexuality, disability, age) and first names become one neutral word each, so that who is
named cannot move a score: what is said about them still can.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import pairwise

from nlp.judgements.neutral import masked

# Raised whenever a text is read otherwise: scores by another reading are not comparable.
READING = 2
# Longer texts are judged in parts of at most so many characters, and of about so many word pieces:
# as much as the reader's window, in prose and in what is denser (code, formulas, other scripts).
PART_CHARS = 500
PART_PIECES = 118
# So many parts of a post are read at most: its start, its end, and evenly from between.
PARTS = 8
# Stands for one word piece of the packaged encoder. Over real posts it counts within a tenth of it.
_PIECE = re.compile(r"[A-Z]?[a-z]{1,9}|[A-Z]{1,9}|\d{1,2}|[^\sA-Za-z\d]")

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
# Line ends that were escaped, but for those of Windows paths: C:\new, \\host\new, %TEMP%\new.
_NEWLINE = re.compile(
    r"((?:(?<![a-zA-Z])|(?<=\\n))[a-zA-Z]:\\(?!n(?![a-z]))\S*"
    r"|(?<![^\s\"'(])\\\\[\w.$-]+\\\S*|%\w+%\\\S*)|\\n"
)
_SYMBOL = re.compile("[\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff]")
_JOINED = re.compile("[\ufe0e\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff]")
_HASHTAG = re.compile(r"#(\w+)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[a-zA-Z])(?=\d)|_")
_LONG = re.compile(r"([a-zA-Z!?.])\1{2,}")
_USERS = re.compile(r"\b(user)(?:\s+@?user\b)+", re.IGNORECASE)
_CODE = re.compile(r"\[code\]")
_TRACE = re.compile(
    r"Traceback \(most recent call last\):?"
    r"|File \"[^\"\n]*\", line \d+(?:, in \S+)?"
    r"|\bat [\w.$<>/]+\([^)\n]{0,120}\)"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,Z+:]*\]?(?:\s*\[?(?:TRACE|DEBUG|INFO|WARN|WARNING|"
    r"ERROR|FATAL|CRITICAL)\]?:?)?"
    r"|\b0x[0-9a-fA-F]{4,}\b"
)
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})


def reading(text: str) -> str:
    """Return one line that the judges read of a plain text; it is empty where nothing is said."""
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)
        text = _NEWLINE.sub(lambda found: found.group(1) or " ", text)
    if not text.isascii():
        text = _paired(text).translate(_QUOTES)
    text = masked(text)
    if not text.isascii():
        text = _SYMBOL.sub(_named, _JOINED.sub("", text))
    if "#" in text:
        text = _HASHTAG.sub(lambda found: f"# {_CAMEL.sub(' ', found.group(1))}", text)
    text = _TRACE.sub(" ", _CODE.sub(" ", text))
    text = _LONG.sub(r"\1\1", text)
    return _USERS.sub(r"\1", " ".join(text.split()))


def parts(text: str, pieces: int = PART_PIECES) -> list[str]:
    """Return the parts of a reading that are judged, cut at blanks: at most PARTS of a long one.

    A part has at most about `pieces` word pieces, and characters in proportion (PART_CHARS).
    """
    cut = _cut(text, PART_CHARS * pieces // PART_PIECES, pieces)
    if len(cut) <= PARTS:
        return cut
    step = (len(cut) - 1) / (PARTS - 1)
    return [cut[round(number * step)] for number in range(PARTS)]


def _cut(text: str, chars: int, pieces: int) -> list[str]:
    """Return all of a line in parts, the last two even: a part counts as much as any other."""
    if len(text) <= min(chars, pieces):
        return [text] if text else []
    ends = [found.end() for found in _PIECE.finditer(text)]
    starts = [0]
    while (limit := _limit(ends, starts[-1], chars, pieces)) < len(text):
        blank = text.rfind(" ", (starts[-1] + limit) // 2, limit + 1)
        starts.append(blank + 1 or limit)
    if len(starts) > 1:
        middle = _middle(ends, starts[-2], len(text))
        starts[-1] = min(starts[-1], text.find(" ", middle, starts[-1]) + 1 or middle)
    return [text[start:end].strip() for start, end in pairwise([*starts, len(text)])]


def _limit(ends: list[int], start: int, chars: int, pieces: int) -> int:
    """Return where a part that starts here must end, which may be beyond the text."""
    last = bisect_right(ends, start) + pieces - 1
    return min(start + chars, ends[last]) if last < len(ends) else start + chars


def _middle(ends: list[int], start: int, end: int) -> int:
    """Return from where on there is at most half of the characters, and of the word pieces."""
    return max((start + end) // 2, ends[(bisect_right(ends, start) + len(ends)) // 2])


def _paired(text: str) -> str:
    """Return the text with surrogates joined; lone ones, which no tokenizer takes, are left out."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _named(found: re.Match[str]) -> str:
    name = unicodedata.name(found.group(), "").lower()
    return f" {name.removesuffix(' sign').replace('-', ' ')} "
