"""The text of a Slack message as Markdown.

The markup: https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from service.ingest.fields import TITLE_LIMIT, URL_LIMIT, Row, body, link, word
from service.ingest.formats.chat import Person, objects

CODE = re.compile(r"```(.+?)```|`([^`\n]+)`", re.DOTALL)
TOKEN = re.compile(r"<([^<>\n]+)>")
# What stands between angle brackets is passed over: its own stars are no marks.
STRONG = re.compile(r"<[^<>\n]*>|(?<![\w*])\*(?=\S)((?:<[^<>\n]*>|[^*\n<])+)(?<=\S)\*(?![\w*])")
STRUCK = re.compile(r"<[^<>\n]*>|(?<![\w~])~(?=\S)((?:<[^<>\n]*>|[^~\n<])+)(?<=\S)~(?![\w~])")
HIDDEN = ("tombstone", "hidden_by_limit")
# Blocks are nested a few deep; what goes on for longer is no message.
PARTS = 2_000


def content(row: Row) -> str:
    """Return the text of a message in Slack's own markup, or what stands in for it.

    Bots may write into attachments or blocks alone, and people may post a file alone. Files that
    are gone stand for nothing.
    """
    text = body(row, ("text",)) if row.get("text") is not None else ""
    if text.strip():
        return text
    told = [
        word(part, ("text", "fallback", "title"), URL_LIMIT * 8)
        for part in objects(row, "attachments")
    ]
    told += list(_blocks(row.get("blocks"))) if not any(told) else []
    told += [_file(file) for file in objects(row, "files") if file.get("mode") not in HIDDEN]
    return "\n".join(part for part in told if part)


def _blocks(value: Any) -> Iterator[str]:
    """Yield the texts of blocks, in order, however they are nested."""
    waiting = [value]
    for _ in range(PARTS):
        if not waiting:
            return
        part = waiting.pop()
        if isinstance(part, list):
            waiting += reversed(part)
        elif isinstance(part, dict):
            text = part.get("text")
            if isinstance(text, str):
                yield body(part, ("text",))
            names = ("text", "title", "fields", "elements")
            inner = [part.get(name) for name in names]
            waiting += reversed([entry for entry in inner if isinstance(entry, dict | list)])


def _file(file: Row) -> str | None:
    title = word(file, ("title", "name"), TITLE_LIMIT)
    # The private address carries the export's own token; the permalink asks who is there.
    address = link(file, ("permalink",))
    preview = word(file, ("preview",), URL_LIMIT * 8) if file.get("mode") == "snippet" else None
    shown = f"<{address}|{title}>" if address and title else title or address
    return f"{shown or ''}\n```\n{preview}\n```".strip() if preview else shown


def markdown(text: str, people: Mapping[str, Person], channels: Mapping[str, str]) -> str:
    """Return a text in Slack's markup as Markdown, with the names of who and what it mentions."""
    parts, done = [], 0
    for code in CODE.finditer(text):
        parts.append(_words(text[done : code.start()], people, channels))
        parts.append(_code(code))
        done = code.end()
    parts.append(_words(text[done:], people, channels))
    return "".join(parts).strip()


def _code(code: re.Match[str]) -> str:
    block, span = code.groups()
    plain = _unescaped(TOKEN.sub(lambda token: token[1].split("|")[-1], block or span))
    if block is None:
        return f"`{plain}`"
    return "\n```\n" + plain.strip("\n") + "\n```\n"


def _words(text: str, people: Mapping[str, Person], channels: Mapping[str, str]) -> str:
    text = STRONG.sub(lambda part: f"**{part[1]}**" if part[1] else part[0], text)
    text = STRUCK.sub(lambda part: f"~~{part[1]}~~" if part[1] else part[0], text)
    return _unescaped(TOKEN.sub(lambda token: _token(token[1], people, channels), text))


def _token(inner: str, people: Mapping[str, Person], channels: Mapping[str, str]) -> str:
    """Return what stands between angle brackets: a mention, a channel, a command or a link."""
    target, _, label = inner.partition("|")
    sign, key = target[:1], target[1:]
    if sign == "@":
        known = people.get(key)
        return f"@{(known and known.name) or label.lstrip('@') or key}"
    if sign == "#":
        return f"#{label or channels.get(key, key)}"
    if sign == "!":
        command = key.split("^")[0]
        return label if label else f"@{command}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if not label or label == address:
        return address
    return f"[{label}]({target})"


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
