"""Members as matching sees them, and which pairs of them are worth a look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.insights.identity import kinds, names
from service.insights.identity.handles import (
    FREE,
    Account,
    address,
    nicks,
    noreply,
    page,
    profile,
    signature,
)
from service.insights.identity.names import Name
from service.insights.identity.records import Handle


@dataclass(frozen=True, slots=True)
class Person:
    """One member and what all of their handles tell together.

    `emails` are personal addresses, true where a platform vouches for them; `nicks` maps a nick to
    "handle", "address", "link" or "name", wherever it is written most openly; `owned` are accounts
    on known sites, `claimed` those that links name, `issued` those that an address was given for;
    `domains` are those of all addresses but the mailbox providers'.
    """

    member: int
    posts: int
    first: int
    platforms: frozenset[str]
    names: tuple[Name, ...]
    emails: dict[str, bool]
    nicks: dict[str, str]
    links: frozenset[str]
    owned: frozenset[Account]
    claimed: frozenset[Account]
    issued: frozenset[Account]
    domains: frozenset[str]


def people(handles: Iterable[Handle]) -> list[Person]:
    """Return those members who may be suggested at all, by member number.

    Left out is who has one handle of a machine or of a deleted account.
    """
    held: dict[int, list[Handle]] = defaultdict(list)
    for handle in handles:
        held[handle.member].append(handle)
    return [_person(member, held[member]) for member in sorted(held) if _human(held[member])]


def _human(handles: Sequence[Handle]) -> bool:
    return not any(
        h.is_bot
        or h.is_deleted
        or kinds.machine(h.value, h.name)
        or kinds.deleted_account(h.value, h.name)
        for h in handles
    )


def _person(member: int, handles: Sequence[Handle]) -> Person:
    handles = sorted(handles, key=lambda h: h.id)
    parsed = (names.parse(h.name) for h in handles if h.name and not _firm(h))
    links = [link for h in handles for link in h.links]
    claims = {profile(link) for link in links} - {None}
    issued = {noreply(text) for h in handles for text in (h.email, h.value)} - {None}
    mailed = (text for h in handles for text in (h.email or "", h.value) if "@" in text)
    return Person(
        member=member,
        posts=sum(h.posts for h in handles),
        first=handles[0].id,
        platforms=frozenset(h.platform.strip().casefold() for h in handles),
        names=tuple(dict.fromkeys(read for n in parsed if n for read in names.readings(n))),
        emails=_emails(handles),
        nicks=_nicks(handles),
        links=frozenset(p for link in links if (p := page(link)) and not profile(link)),
        owned=frozenset(account for h in handles if (account := _owned(h))),
        claimed=frozenset(account for account in claims if account),
        issued=frozenset(account for account in issued if account),
        domains=frozenset(text.rpartition("@")[2].casefold() for text in mailed) - FREE,
    )


def _firm(handle: Handle) -> bool:
    """Return whether the display name is that of the company in the e-mail address."""
    label = (handle.email or handle.value).rpartition("@")[2].partition(".")[0]
    return (handle.name or "").strip().casefold() == label.casefold() != ""


def _emails(handles: Sequence[Handle]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for handle in handles:
        if email := address(handle.email):
            found[email] = found.get(email, False) or handle.verified
        if "@" in handle.value and (email := address(handle.value)):
            found.setdefault(email, False)
    return found


def _nicks(handles: Sequence[Handle]) -> dict[str, str]:
    found: dict[str, str] = {}
    for handle in handles:
        for nick in nicks(handle.value):
            found.setdefault(nick, "handle")
    for handle in handles:
        for text in (handle.email, handle.value):
            if (account := noreply(text)) is not None:
                found.setdefault("".join(nicks(account.login)), "link")
            elif email := address(text):
                for nick in nicks(email.partition("@")[0]):
                    found.setdefault(nick, "address")
    for link in (link for handle in handles for link in handle.links):
        account = profile(link)
        for nick in nicks(account.login if account else signature(link) or ""):
            found.setdefault(nick, "link")
    for handle in handles:
        if handle.name and " " not in handle.name.strip():
            for nick in nicks(handle.name):
                found.setdefault(nick, "name")
    found.pop("", None)
    return found


def _owned(handle: Handle) -> Account | None:
    site = handle.platform.strip().casefold().partition(":")[0]
    if site not in ("github", "gitlab") or "@" in handle.value:
        return None
    return Account(site, handle.value.strip().casefold())
