"""Packed bytes to plain ones in pieces, with a cap on how much a small file may become."""

from __future__ import annotations

import bz2
import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

PIECE = 1 << 18
GZIP = b"\x1f\x8b"
BZIP2 = b"BZh"
# Honest exports of chats pack 33:1; a thousand to one is a file of zeros.
RATIO = 200
FREE = 10 << 20


class Damage(Exception):
    """A packed file cannot be read further; the message says why and what to do."""


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """Yield what a file holds in pieces, unpacked where it is gzip or bzip2.

    Raises Damage where it is cut, broken, or becomes more than 200 times its size.
    """
    head = file.read(3)
    file.seek(-len(head), io.SEEK_CUR)
    if head.startswith(GZIP):
        return _guarded(file, _members(file, GZIP))
    if head == BZIP2:
        return _guarded(file, _members(file, BZIP2))
    return iter(lambda: file.read(PIECE), b"")


def _guarded(file: BinaryIO, pieces: Iterator[bytes]) -> Iterator[bytes]:
    made = 0
    for piece in pieces:
        made += len(piece)
        if too_much(made, file.tell()):
            raise Damage(f"the file becomes more than {RATIO} times as large: it is no export")
        yield piece


def too_much(made: int, packed: int) -> bool:
    """Return whether so many bytes came out of so many packed ones as no export holds."""
    return made > FREE and made > RATIO * packed


def _members(file: BinaryIO, mark: bytes) -> Iterator[bytes]:
    """Yield what a packed file holds, member by member."""
    packed = file.read(PIECE)
    while packed:
        member: Any = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        if mark == BZIP2:
            member = bz2.BZ2Decompressor()
        while not member.eof:
            if not packed and getattr(member, "needs_input", True):
                raise Damage("the file ends early: fetch it again")
            try:
                piece = member.decompress(packed, PIECE)
            except (zlib.error, OSError) as error:
                raise Damage("the packed file is damaged here: fetch it again") from error
            if piece:
                yield piece
            packed = _rest(file, member)
        # Tapes and some tools fill up the last block with zeros.
        packed = (member.unused_data or file.read(PIECE)).lstrip(b"\0")
        if packed and not packed.startswith(mark[: len(packed)]):
            raise Damage("the packed file is damaged here: fetch it again")


def _rest(file: BinaryIO, member: Any) -> bytes:
    """Return what a member is given next."""
    if member.eof:
        return b""
    if hasattr(member, "needs_input"):
        return file.read(PIECE) if member.needs_input else b""
    return member.unconsumed_tail or file.read(PIECE)


class Pieces(io.RawIOBase):
    """A stream over pieces of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the next piece goes; return 0 at the end."""
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = piece
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size


def stream(pieces: Iterator[bytes]) -> BinaryIO:
    """Return pieces as a file that can be read."""
    return io.BufferedReader(Pieces(pieces), PIECE)
