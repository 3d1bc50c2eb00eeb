"""Plain text to what the judges read: moods spelled out, machines and identities left out.

An emoji becomes its name and a hashtag its words, since the encoder's word pieces know neither.
Logs and stack traces go: a machine has no temper. Words for who somebody is (faith, origin,
gender, sexuality, disability, age) and first names become one neutral word each, so that who is
named cannot move a score: what is said about them still can.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata

from nlp.judgements.neutral import masked

# Longer texts are judged in parts of at most so many characters: as much as the reader's window.
PART_CHARS = 500
# So many parts of a post are read at most: its start, its end, and evenly from between.
PARTS = 8
# Beyond this, cutting at blanks is not worth its time.
_WHOLE = 20_000

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
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
        text = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text).replace("\\n", " ")
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


def parts(text: str) -> list[str]:
    """Return the parts of a reading that are judged, cut at blanks: at most PARTS of a long one."""
    if len(text) <= PART_CHARS:
        return [text] if text else []
    cut = (
        textwrap.wrap(text, PART_CHARS, break_on_hyphens=False)
        if len(text) <= _WHOLE
        else [text[start : start + PART_CHARS] for start in range(0, len(text), PART_CHARS)]
    )
    if len(cut) <= PARTS:
        return cut
    step = (len(cut) - 1) / (PARTS - 1)
    return [cut[round(number * step)] for number in range(PARTS)]


def _paired(text: str) -> str:
    """Return the text with surrogates joined; lone ones, which no tokenizer takes, are left out."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _named(found: re.Match[str]) -> str:
    name = unicodedata.name(found.group(), "").lower()
    return f" {name.removesuffix(' sign').replace('-', ' ')} "
