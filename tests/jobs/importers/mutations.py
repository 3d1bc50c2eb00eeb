"""Archives that are broken in every way one can think of, each made from a good one by a seed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

from tests.jobs.importers.kinds import Files

# What stands in place of a JSON value: text that goes into the file as it is.
ODD_JSON = (
    *("null", "true", "false", "0", "-1", "3.5", "1e999", "-1e999", "NaN", "Infinity"),
    *("9223372036854775808", "1" + "0" * 400, "1" * 5_000, "253402300800", "-62135596801", "1e18"),
    *(
        '""',
        '"  "',
        '"a\\u0000b"',
        '"\\ud800"',
        '"\\udfff\\ud800"',
        '"\\u2028"',
        '"' + "x" * 500 + '"',
    ),
    *('"' + "y" * 20_000 + '"', '"1969-12-31T23:59:59Z"', '"2262-04-11T23:47:16Z"'),
    *('"0000-00-00"', '"2024-02-30T00:00:00Z"', '"2024-06-01T00:00:00+25:00"', '"-1"', '"nan"'),
    *('"../../etc/passwd"', '"=cmd()"', '"<b>&#0;"', '"\\u202e"', '"x@"', '"http://"', '"🙂"'),
    *("[]", "{}", "[[]]", "[null]", '{"a": {"b": []}}', '{"": ""}', "[1, 2, 3]", '[{"id": null}]'),
    "[" * 60 + "]" * 60,
    '{"a":' * 300 + "1" + "}" * 300,
    *('{"id": "1", "id": "2"}', '{"name": "x", "count": -5}', '[{"name": 7}]', '["a", {"b": 1}]'),
)
# What nothing can be parsed around.
BROKEN_JSON = ("", "[", "{", '"', "nul", "'x'", "[" * 100_000, '{"a":' * 50_000, "01", "1e", "\x01")
# What stands in place of a word of other texts, or between two.
ODD_TEXT = (
    *("", " ", "\t", "\0", "\ufeff", "\u202e", "\u2028", "\x85", "\x1a", "\x1b[31m", "é", "🙂"),
    *('"', "'", '""', '"\n"', ",", ";", "\r", "\r\n", "\n\n", "\\", "%s", "=cmd()", "<", ">", "&"),
    *(
        "&amp;",
        "&#0;",
        "&#xD800;",
        "&lol;",
        "<!DOCTYPE a>",
        "<![CDATA[",
        "-->",
        "<row",
        "/>",
        "</x>",
    ),
    *(
        "-1",
        "0",
        "99999999999999999999",
        "1e999",
        "NaN",
        "2262-04-11",
        "1969-12-31T00:00:00",
        "25:61",
    ),
    *(
        "=?utf-8?b?!!!?=",
        "=?utf-8?q?=FF?=",
        "=?x?x?x?=",
        "<>",
        "<<a@b>>",
        "From x",
        "\nFrom a b",
        "@",
    ),
    *(
        "Content-Type: multipart/mixed; boundary=a",
        "charset=utf-7",
        "base64",
        "--",
        "-- ",
        "> " * 40,
    ),
    *("[23:59]", "<ann>", "* ", "***", "=== ", "--- Day changed Foo 99 2024", "x" * 5_000),
    *("(" * 3_000, "[" * 3_000, ">" * 3_000, "*_" * 1_000, "`" * 999, "a\n" * 300),
)
ODD_BYTES = (
    b"\0",
    b"\xff",
    b"\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf8",
    b"\x80" * 9,
    b"\r",
    b"\n",
)
WORD = re.compile(r"[^\W_]+|[^\w\s]")
STAND_IN = "\u0001odd\u0001"


def mutate(files: Files, random: Random) -> Files:
    """Return files with one to three things wrong with them."""
    found = dict(files)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        name = random.choice(list(found))
        how = random.choice(WAYS)
        found[name] = how(found[name], random)
    if len(found) > 1 and random.random() < 0.1:
        _rearrange(found, random)
    return found


def _rearrange(found: Files, random: Random) -> None:
    """Lose a file, or swap what two of them hold."""
    first, second = random.sample(list(found), 2)
    if random.random() < 0.5:
        del found[first]
    else:
        found[first], found[second] = found[second], found[first]


def record(raw: bytes, random: Random) -> bytes:
    """Return one record with a value that it should not have; all around it stays as it is."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    return _with(value, random, ODD_JSON).encode("utf-8", "surrogatepass")


def structure(raw: bytes, random: Random) -> bytes:
    """Return a text with an odd value at a random place of its JSON; of lines, in one of them."""
    odd = ODD_JSON if random.random() < 0.8 else BROKEN_JSON
    try:
        return _with(json.loads(raw), random, odd).encode("utf-8", "surrogatepass")
    except RecursionError:
        return words(raw, random)
    except ValueError:
        lines = raw.split(b"\n")
        at = random.randrange(len(lines))
        try:
            value = json.loads(lines[at])
        except (ValueError, RecursionError):
            return words(raw, random)
        lines[at] = _with(value, random, odd).encode("utf-8", "surrogatepass")
        return b"\n".join(lines)


def _with(value: Any, random: Random, odd: tuple[str, ...]) -> str:
    """Return JSON with one value at any depth replaced, dropped, doubled or moved."""
    places: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict | list):
            inner = list(at) if isinstance(at, dict) else list(range(len(at)))
            places += [(at, key) for key in inner]
            waiting += [at[key] for key in inner]
    if not places or random.random() < 0.02:
        return random.choice(odd)
    holder, key = random.choice(places)
    how = random.random()
    if how < 0.65:
        holder[key] = STAND_IN
    elif how < 0.8:
        del holder[key]
    elif how < 0.9:
        # The same value twice: doubled ids, replies to themselves.
        other, name = random.choice(places)
        if isinstance(other[name], str | int):
            holder[key] = other[name]
    elif isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[f"{key}X"] = holder.pop(key)
    return json.dumps(value).replace(json.dumps(STAND_IN), random.choice(odd))


def words(raw: bytes, random: Random) -> bytes:
    """Return a text with a word or mark replaced, or something odd put beside it."""
    text = raw.decode("utf-8", "surrogateescape")
    found = [match.span() for match in WORD.finditer(text)]
    if not found:
        return raw + random.choice(ODD_TEXT).encode()
    start, end = random.choice(found)
    odd = random.choice(ODD_TEXT)
    kept = text[start:end] if random.random() < 0.3 else ""
    return (text[:start] + odd + kept + text[end:]).encode("utf-8", "surrogateescape")


def _bytes(raw: bytes, random: Random) -> bytes:
    at = random.randrange(len(raw) + 1)
    return raw[:at] + random.choice(ODD_BYTES) + raw[at + random.randrange(3) :]


def _flip(raw: bytes, random: Random) -> bytes:
    if not raw:
        return b"\0"
    changed = bytearray(raw)
    for _ in range(random.choice((1, 1, 8, 64))):
        changed[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(raw: bytes, random: Random) -> bytes:
    start, end = sorted(random.randrange(len(raw) + 1) for _ in range(2))
    return random.choice((raw[:start], raw[start:], raw[:start] + raw[end:], raw + raw[start:end]))


def _lines(raw: bytes, random: Random) -> bytes:
    lines = raw.splitlines(keepends=True) or [b""]
    at = random.randrange(len(lines))
    lines[at] = random.choice((b"", lines[at] * 2, random.choice(lines), lines[at].rstrip(b"\n")))
    return b"".join(lines)


def _coded(raw: bytes, random: Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    made: list[Callable[[], bytes]] = [
        lambda: b"\xef\xbb\xbf" + raw,
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-16-be"),
        lambda: b"\xff\xfe" + raw,
        lambda: text.encode("utf-32"),
        lambda: text.encode("latin-1", "replace"),
        lambda: raw.replace(b"\n", b"\r\n"),
        lambda: raw.replace(b"\n", b"\r"),
        lambda: b"\n\n" + raw,
        lambda: b"PK\x03\x04" + raw,
        lambda: b"\x1f\x8b\x08" + raw,
        lambda: b"BZh9" + raw,
        lambda: b"",
        lambda: b"null",
        lambda: b"[]",
    ]
    return random.choice(made)()


WAYS = (
    structure,
    structure,
    structure,
    structure,
    words,
    words,
    _bytes,
    _flip,
    _cut,
    _lines,
    _coded,
)
