"""What a handle, an e-mail address or a link tells: nicks, addresses, accounts elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from service.insights.identity import kinds
from service.insights.identity.letters import fold, scripts

_OPAQUE = re.compile(r"(?:user|member|id|u)?[-_]?\d{2,}$|[UWB]0?[A-Z0-9]{7,12}$|[0-9a-f]{16,}$")
_LONG_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-", re.I)
# What chats and their users hang on a nick.
_AWAY = re.compile(
    r"(?:\[\w{0,8}\]|[|\[_-](?:away|afk|work|home|laptop|mobile|phone|irc|off|m|zzz)\]?|[_`^|]+)$",
    re.I,
)
_TAG = re.compile(r"#\d{4}$")
_SEPARATORS = re.compile(r"[\W_]+")
_PLAIN = re.compile(
    r"^(?:(?:the|real|its|iam|im|mr)[-_.]?(?=\w{5})|_+)|(?:[-_.]?(?:dev|codes?|hq|irl|official)|\d{1,4}|_+)$"
)
_NOREPLY = re.compile(r"(?:\d+[+-])?([\w-]+)@users\.noreply\.(github|gitlab)\.com$")
_SITES = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "twitter.com": "twitter",
    "x.com": "twitter",
    "linkedin.com/in": "linkedin",
    "keybase.io": "keybase",
    "mastodon.social": "mastodon",
}
_PAGES = """
about apps explore features login orgs organizations search settings sponsors
"""
_NO_LOGINS = frozenset(_PAGES.split())
_MAILBOXES = """
126.com 163.com aol.com fastmail.com free.fr gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net
googlemail.com hey.com hotmail.com icloud.com libero.it live.com mac.com mail.com mail.ru
me.com msn.com naver.com orange.fr outlook.com pm.me posteo.de proton.me protonmail.com qq.com
rediffmail.com t-online.de tutanota.com ukr.net web.de wp.pl yahoo.co.jp yahoo.com yandex.ru
"""
FREE = frozenset(_MAILBOXES.split())


@dataclass(frozen=True, slots=True)
class Account:
    """A login on a site, as a profile or an address names it."""

    site: str
    login: str


def nicks(value: str) -> tuple[str, ...]:
    """Return the nick that a handle is, written in plain small letters, or nothing.

    Numbers that a platform gives are no nicks. Neither are words that mix look-alike letters of
    two scripts: nobody but an impostor has such a handle.
    """
    text = _TAG.sub("", value.strip().lstrip("@~+"))
    if "@" in text or _OPAQUE.match(text) or _LONG_ID.match(text) or not text:
        return ()
    if {"LATIN", "CYRILLIC"} <= scripts(text) or {"LATIN", "GREEK"} <= scripts(text):
        return ()
    text = _AWAY.sub("", text) or text
    plain = _SEPARATORS.sub("", fold(text).replace("_", ""))
    return (plain,) if plain else ()


@lru_cache(maxsize=131_072)
def stems(nick: str) -> tuple[str, ...]:
    """Return a nick, and it without what is put around one that was taken: the-, -dev, numbers."""
    found = [nick]
    for _ in range(2):
        shorter = _PLAIN.sub("", found[-1], count=1)
        if len(shorter) > 3 and shorter != found[-1]:
            found.append(shorter)
    return tuple(found)


def address(email: str | None) -> str | None:
    """Return an e-mail address as its provider reads it; None for an office's or a machine's."""
    text = (email or "").strip().casefold()
    local, at, domain = text.rpartition("@")
    if not at or not local or kinds.role_address(text):
        return None
    local = local.partition("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def noreply(email: str | None) -> Account | None:
    """Return the account that a code host's address without a mailbox stands for."""
    found = _NOREPLY.match((email or "").strip().casefold())
    return Account(found[2], found[1]) if found else None


@lru_cache(maxsize=65_536)
def page(link: str) -> str | None:
    """Return a web address in one spelling: no scheme, www, query, or slash at the end."""
    text = link.strip()
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if "." not in host:
        return None
    return host + parts.path.rstrip("/").casefold()


def signature(link: str) -> str | None:
    """Return the nick that a home page is named after: its domain's first word, or its ~user."""
    host, _, path = (page(link) or "").partition("/")
    if path.startswith("~"):
        return path[1:] if "/" not in path else None
    labels = host.split(".")
    return labels[0] if not path and len(labels) == 2 else None


def profile(link: str) -> Account | None:
    """Return the account on a known site that a web address is the page of."""
    found = page(link)
    if not found:
        return None
    for prefix, site in _SITES.items():
        rest = found.removeprefix(prefix + "/")
        if rest != found and "/" not in rest and rest not in _NO_LOGINS:
            return Account(site, rest.lstrip("@"))
    return None
