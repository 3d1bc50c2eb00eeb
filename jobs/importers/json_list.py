"""One JSON list of objects, read object by object so that its size does not matter."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path

from jobs.importers.lines import Line
from jobs.importers.loose_json import LINE_VALUES
from jobs.importers.pieces import pieces
from jobs.importers.unpack import Damage
from service.ingest.records import Progress, Reject, raw_text

OBJECT_LIMIT = 16 << 20
BETWEEN = re.compile(r"[\s,]*")
# Numbers are left as they stand: only where an object ends is asked for.
SCAN = json.JSONDecoder(parse_int=str, parse_float=str)
# How far before the end of what was read the scanner may stop for want of more.
NEAR = 16


class _Text:
    """A window over the text of a file that moves on as it is used."""

    def __init__(self, found: Iterator[bytes]) -> None:
        self._found = found
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.held, self.at, self.ended = "", 0, False

    def more(self, size: int = 1) -> None:
        """Read at least `size` more characters where there are any."""
        new = []
        while size > 0 and not self.ended:
            piece = next(self._found, None)
            self.ended = piece is None
            new.append(self._decoder.decode(piece or b"", self.ended))
            size -= len(new[-1])
        self.held = self.held[self.at :] + "".join(new)
        self.at = 0

    def skip(self) -> str:
        """Move to the next object or mark, and return its first character; "" at the end."""
        while True:
            found = BETWEEN.match(self.held, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.held) or self.ended:
                return self.held[self.at : self.at + 1]
            self.more()


def listed(path: Path, progress: Progress) -> Iterator[Line | Reject]:
    """Yield the bytes of each object, numbered from 1; a broken one ends the list."""
    text, number = _Text(pieces(path, progress)), 0
    try:
        text.more()
        text.skip()
        text.at += 1
        while (mark := text.skip()) not in ("", "]"):
            number += 1
            reason = _object(text)
            if not isinstance(reason, int):
                yield Reject(f"record {number}", reason, _start(text))
                return
            entry = text.held[text.at : reason]
            text.at = reason
            yield Line(number, entry.encode("utf-8", "surrogateescape"))
        if mark == "":
            yield Reject(f"record {number + 1}", "the file ends within the list: fetch it again")
    except Damage as damage:
        yield Reject(f"record {number + 1}", str(damage), _start(text))


def _object(text: _Text) -> int | str:
    """Return where the object at hand ends, or why it has no end."""
    while True:
        try:
            return SCAN.raw_decode(text.held, text.at)[1]
        except json.JSONDecodeError as error:
            near = 1 if text.ended else NEAR
            cut = error.msg.startswith("Unterminated") or error.pos >= len(text.held) - near
            if not cut:
                return "no valid JSON: what follows it in the list is not read"
        except RecursionError:
            return "no usable JSON, it is nested too deeply: what follows it is not read"
        if text.ended:
            return "the file ends within the record: fetch it again"
        if len(text.held) - text.at > OBJECT_LIMIT:
            return f"the record is longer than {OBJECT_LIMIT >> 20} MB: what follows is not read"
        if _values(text) > LINE_VALUES:
            return f"the record holds more than {LINE_VALUES:,} values: what follows is not read"
        text.more(len(text.held) - text.at)


def _values(text: _Text) -> int:
    return sum(text.held.count(mark, text.at) for mark in ",[{")


def _start(text: _Text) -> str:
    return raw_text(text.held[text.at : text.at + 2_000].encode("utf-8", "surrogateescape"))
