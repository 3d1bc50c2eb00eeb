"""Who may ask for what: keys with scopes, or one local admin while nobody made a key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from service.db.models import ApiKey
from service.db.queries import keys
from service.db.queries.flags import RUN
from service.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthorized

SCOPES = ("read", "write", "admin")  # each implies those before it
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
PASSED_ON = frozenset({"forwarded", "via", "x-real-ip"})
MAKE_ONE = "make one with `groundswell keys create NAME`"
_KEY = re.compile(r"gsk_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a key by its name, or `local`."""

    name: str
    scopes: frozenset[str]
    key_id: int | None = None

    def may(self, scope: str) -> bool:
        """Return whether this actor has the scope or one that implies it."""
        return bool(self.scopes.intersection(SCOPES[SCOPES.index(scope) :]))

    def check(self, scope: str) -> None:
        """Raise Forbidden unless this actor has the scope or one that implies it."""
        if not self.may(scope):
            raise Forbidden(f"this key has not the scope `{scope}`")


LOCAL = Actor("local", frozenset({"admin"}))
# Names by which others than keys are told.
TAKEN = {LOCAL.name: "a person without a key", RUN: "a run"}


def make_key(
    session: Session,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """Add a key and return it; it cannot be shown again, as only its SHA-256 is kept.

    Raise InvalidInput for a scope or name that cannot be, Conflict for a name that is taken.
    """
    wanted = sorted(set(scopes), key=lambda scope: (scope not in SCOPES, scope))
    if not wanted or any(scope not in SCOPES for scope in wanted):
        raise InvalidInput(f"scopes are {', '.join(SCOPES)}")
    if not 1 <= len(name) <= 100 or not name.isprintable() or name.strip() != name:
        raise InvalidInput("a key's name has 1 to 100 printable characters")
    if name in TAKEN:
        raise InvalidInput(f"`{name}` is what the log calls {TAKEN[name]}")
    if keys.by_name(session, name) is not None:
        raise Conflict(f"there is already a key {name!r}; names are never used again")
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("a key cannot expire before it is made")
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    key = f"gsk_{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey(
        name=name, prefix=prefix, sha256=_digest(key), scopes=wanted, created_at=now,
        expires_at=expires_at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return key


def revoke_key(session: Session, name: str, now: datetime) -> None:
    """End a key for good; raise NotFound where no key has the name."""
    row = keys.by_name(session, name)
    if row is None:
        raise NotFound(f"there is no key {name!r}; `groundswell keys list` shows them")
    row.revoked_at = row.revoked_at or now
    session.flush()


def list_keys(session: Session) -> list[ApiKey]:
    """Return every key ever made, oldest first; none holds the secret itself."""
    return keys.every(session)


def authenticate(session: Session, key: str | None, now: datetime) -> Actor:
    """Return whose key this is; raise Unauthorized for none, an unknown or an ended one."""
    if not key:
        raise Unauthorized(f"send a key as `Authorization: Bearer KEY`; {MAKE_ONE}")
    match = _KEY.fullmatch(key)
    row = keys.by_prefix(session, match.group(1)) if match else None
    if not hmac.compare_digest(_digest(key), row.sha256 if row else "0" * 64) or row is None:
        raise Unauthorized(f"this key is not known here; {MAKE_ONE}")
    if row.revoked_at is not None:
        raise Unauthorized(f"this key was revoked; {MAKE_ONE}")
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthorized(f"this key has expired; {MAKE_ONE}")
    return Actor(row.name, frozenset(row.scopes), row.id)


def key_of(authorization: str | None) -> str | None:
    """Return the key in an Authorization header: a bearer token or the password of Basic."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None


def is_open(session: Session, host: str) -> bool:
    """Return whether direct requests act as the local admin: on loopback, before any key."""
    return is_loopback(host) and not keys.any_made(session)


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_direct(peer: str | None, headers: Mapping[str, str], http_version: str) -> bool:
    """Return whether this machine itself sent a request, and no proxy on it for someone else.

    A proxy shows in the headers that it adds; one that adds none, as nginx unless told to, mostly
    speaks HTTP/1.0, which browsers and curl do not. `headers` have their names in lower case.
    """
    if peer is None or not is_loopback(peer) or http_version == "1.0":
        return False
    return not any(name in PASSED_ON or name.startswith("x-forwarded-") for name in headers)


def check_binding(session: Session, host: str, now: datetime) -> None:
    """Raise Forbidden where an address reached by others would be served with no usable key."""
    if not is_loopback(host) and not keys.usable(session, now):
        raise Forbidden(f"serving on {host} needs a key: {MAKE_ONE}")


def check_sender(method: str, headers: Mapping[str, str], host: str) -> None:
    """Raise Forbidden where a foreign page may have made a browser send this request.

    Without keys the browser is all that stands between another site and this service: a name
    that another site points to 127.0.0.1 shows in Host, its forms and scripts in Origin and
    Sec-Fetch-Site.
    """
    if _host_name(f"//{headers.get('host', '')}") not in LOOPBACK_NAMES | {host}:
        raise Forbidden("without keys only localhost may be asked; " + MAKE_ONE)
    if method in SAFE_METHODS:
        return
    origin = headers.get("origin")
    foreign = origin is not None and _place(origin) != headers.get("host")
    if foreign or headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden("another site's page may not write here")


def check_form(headers: Mapping[str, str]) -> None:
    """Raise Forbidden unless a page of this service sent a form.

    A browser adds the password of HTTP Basic to the forms of every site; what a page cannot forge
    is Sec-Fetch-Site, which browsers send where the address is safe, and else Origin.
    """
    site = headers.get("sec-fetch-site")
    host = headers.get("host", "")
    if site != "same-origin" if site else not host or _place(headers.get("origin", "")) != host:
        raise Forbidden("another site's page may not write here")


def _place(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
