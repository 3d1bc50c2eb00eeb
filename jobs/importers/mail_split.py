"""The messages of an mbox file, one held at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.importers.bundle import Bundle
from service.ingest.fields import BadRecord
from service.ingest.records import Reject, raw_text

MESSAGE_LIMIT = 10 << 20
LINE_LIMIT = 1 << 20
# What is shown of a message that is refused.
HELD = 1 << 14
# What programs put before a message; words of a text that begin with "From " have no such time.
FROM = re.compile(
    rb"From \S.{0,300}\s\d{1,2}:\d\d(?::\d\d)?\s.{0,40}\d{4}[^\n]{0,40}\r?\n?", re.DOTALL
)
ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message without its `From ` line, and where it stands."""

    text: bytes
    place: str


def letters(bundle: Bundle, name: str) -> Iterator[Letter | Reject]:
    """Yield the messages of an entry; those over 10 MB are refused without being held."""
    number, held, size = 0, bytearray(), 0
    blank = True
    try:
        with bundle.stream(name) as file:
            while line := file.readline(LINE_LIMIT):
                if blank and line.startswith(b"From ") and FROM.fullmatch(line):
                    yield from _letter(name, number, held, size)
                    number, held, size = number + 1, bytearray(), 0
                elif number or line.strip():
                    number = max(number, 1)
                    size += len(line)
                    if size <= MESSAGE_LIMIT:
                        held += line
                    else:
                        del held[HELD:]
                blank = not line.strip(b"\r\n")
    except BadRecord as error:
        yield from _letter(name, number, held, size)
        yield Reject(f"{name}, message {number + 1}", str(error))
        return
    yield from _letter(name, number, held, size)


def _letter(name: str, number: int, held: bytearray, size: int) -> Iterator[Letter | Reject]:
    if not number:
        return
    place = f"{name}, message {number}"
    if size > MESSAGE_LIMIT:
        reason = f"the message is larger than {MESSAGE_LIMIT >> 20} MB"
        yield Reject(place, reason, raw_text(bytes(held[:HELD])))
        return
    text = bytes(held).removeprefix(b"\xef\xbb\xbf")
    if text.startswith(b"From "):
        text = text[text.find(b"\n") + 1 :]
    yield Letter(ESCAPED.sub(rb"\1", text), place)
