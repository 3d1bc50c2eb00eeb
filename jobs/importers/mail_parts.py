"""An e-mail to its headers and its text: no recursion, few parts, whatever the charset."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from quopri import decodestring

from nlp.text import readable

HEADER_LIMIT = 20_000
# Encoded words are sought in a time that grows with the square of this.
WORDS_LIMIT = 4_000
HEADERS_LIMIT = 256 << 10
PARTS = 50
DEPTH = 8
# Far above what is kept of a post.
TEXT_LIMIT = 1 << 20
HTML_LIMIT = 1 << 20
BASE64 = re.compile(rb"[A-Za-z0-9+/\s]*")
FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:(.*)", re.DOTALL)
PARAMETER = re.compile(r";\s*([A-Za-z-]{1,40})(?:\*0?\*?)?\s*=\s*(\"[^\"]{0,500}\"|[^\s;]{0,500})")
ALIASES = {"unicode-1-1-utf-7": "utf-7", "x-unknown": "utf-8", "8bit": "utf-8", "default": "utf-8"}
# Python has codecs that are no charsets.
CODECS = re.compile(r"(?:utf|us-?ascii|iso|latin|windows|cp|koi|gb|big|euc|shift|hz|mac|x-)[\w-]*")
Headers = dict[str, list[str]]


def split_head(message: bytes) -> tuple[Headers, bytes]:
    """Return the headers, by their names in lower case, and the body."""
    head, body = _halves(message)
    headers: Headers = {}
    held: list[bytes] = []
    for line in [*head.splitlines(), b""]:
        if line[:1] in (b" ", b"\t") and held:
            held.append(line)
            continue
        _keep(headers, b"\n".join(held))
        held = [line]
    return headers, body


def _halves(message: bytes) -> tuple[bytes, bytes]:
    if message.startswith((b"\n", b"\r\n")):
        return b"", message
    found = re.search(rb"\r?\n\r?\n", message)
    if found is None:
        return message[:HEADERS_LIMIT], b""
    return message[: found.start()][:HEADERS_LIMIT], message[found.end() :]


def _keep(headers: Headers, raw: bytes) -> None:
    field = FIELD.fullmatch(raw)
    if field is None:
        return
    value = field[2][:HEADER_LIMIT]
    name = field[1].decode("ascii").lower()
    headers.setdefault(name, []).append(" ".join(_decoded(value, "utf-8").split()))


def header(headers: Headers, name: str) -> str:
    """Return a header as it stands, on one line; "" where it is missing."""
    return headers.get(name, [""])[0]


def words(value: str) -> str:
    """Return a header with its encoded words (RFC 2047) decoded."""
    value = value[:WORDS_LIMIT]
    if "=?" not in value:
        return value
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError, binascii.Error, IndexError):
        return value
    found = [
        part if isinstance(part, str) else _decoded(part, charset or "ascii")
        for part, charset in parts
    ]
    return " ".join("".join(found).split())


def text_of(headers: Headers, body: bytes) -> str:
    """Return the text of a message: its plain parts, else its HTML as Markdown."""
    plain: list[str] = []
    html: list[str] = []
    for kind, charset, content in _leaves(headers, body):
        if kind == "text/html":
            html.append(_decoded(content[:HTML_LIMIT], charset))
        else:
            plain.append(_decoded(content[:TEXT_LIMIT], charset))
    said = [part for part in plain if part.strip()]
    if said:
        return "\n\n".join(part.strip("\r\n") for part in said)
    return "\n\n".join(readable(part) for part in html)


def _leaves(headers: Headers, body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield kind, charset and content of each part that is shown as text."""
    waiting, seen = [(headers, body, 0)], 0
    while waiting and seen < PARTS:
        head, content, depth = waiting.pop()
        seen += 1
        kind, parameters = _kind(header(head, "content-type"))
        if kind.startswith("multipart/"):
            boundary = parameters.get("boundary", "").encode("utf-8", "replace")
            if depth < DEPTH and boundary:
                parts = _parts(content, boundary)
                waiting += [(*split_head(part), depth + 1) for part in reversed(parts)]
            continue
        attached = header(head, "content-disposition").lower().startswith("attachment")
        if attached or kind not in ("text/plain", "text/html"):
            continue
        coding = header(head, "content-transfer-encoding").lower()
        yield kind, parameters.get("charset", "utf-8"), _unpacked(content, coding)


def _kind(value: str) -> tuple[str, dict[str, str]]:
    kind = value.split(";", 1)[0].strip().lower()
    found = PARAMETER.findall(value[:4_000])
    parameters = {name.lower(): given.strip('"').strip() for name, given in found}
    return (kind if "/" in kind else "text/plain"), parameters


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    """Return the parts between the lines of a boundary, at most fifty."""
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary), body, maxsplit=PARTS)
    parts = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        start = piece.find(b"\n")
        if start >= 0 and not piece[:start].strip():
            parts.append(piece[start + 1 :])
    return parts


def _unpacked(content: bytes, coding: str) -> bytes:
    if coding == "quoted-printable":
        return decodestring(content)
    if coding == "base64":
        # Lists put their footer below, as it stands.
        found = BASE64.match(content)
        kept = b"".join(found[0].split()) if found else b""
        kept = kept[:-1] if len(kept) % 4 == 1 else kept
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
    return content


def _decoded(content: bytes, charset: str) -> str:
    """Return bytes as text; what is no valid UTF-8 of an unknown charset is read as Western."""
    charset = ALIASES.get(charset.lower().strip(), charset.lower().strip())
    if CODECS.fullmatch(charset) is None:
        charset = "utf-8"
    for name in (charset, "utf-8"):
        try:
            return _valid(content.decode(name))
        except (UnicodeError, LookupError, ValueError):
            continue
    return _valid(content.decode("cp1252", "replace"))


def _valid(text: str) -> str:
    """Return text without NULs and halves of characters, which some charsets let through."""
    text = text.replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
