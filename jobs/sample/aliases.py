"""A planted set of handles: who is who is known, and much of it is made to mislead.

People of sixteen cultures have one to four accounts on eight platforms, each of which shows what
such a platform shows: chats have no e-mail, Q&A sites number their members, lists know little but
an address. Among them are namesakes, families, look-alike and squatted handles, shared addresses
and pages, bots called like people, deleted accounts, second addresses, second scripts, typing
errors and people who leave no trace of being the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from jobs.sample import alias_logins, alias_names, decoys
from jobs.sample.alias_names import Human
from service.insights.identity import Handle

PLATFORMS = (
    "github",
    "slack:acme",
    "discord",
    "irc",
    "mailing-list",
    "discourse",
    "stackexchange",
    "zulip",
)
REACH = (22, 18, 15, 11, 12, 14, 9, 7)
SINGLE = 0.42
KNOWN = 0.06


@dataclass(frozen=True, slots=True)
class Aliases:
    """Handles, in no order that tells anything, and the person behind each handle's id."""

    handles: list[Handle]
    truth: dict[int, int]


def plant(seed: int, people: int = 600) -> Aliases:
    """Return the accounts of `people` persons and, beside them, decoys: bots, roles, the deleted.

    A handle is a member of its own, but for a few that were merged before.
    """
    rng = Random(f"aliases-{seed}")
    crowd = alias_names.crowd(rng, people)
    owned = [(human.number, handle) for human in crowd for handle in _accounts(rng, human)]
    owned += decoys.decoys(rng, crowd, owned)
    rng.shuffle(owned)
    owned = _own_pages(_unique(owned))
    numbered = [(who, replace(h, id=i, member=i)) for i, (who, h) in enumerate(owned, start=1)]
    return Aliases(_known(rng, numbered), {h.id: who for who, h in numbered})


def _accounts(rng: Random, human: Human) -> list[Handle]:
    count = 1 if rng.random() < SINGLE else rng.choice((2, 2, 2, 3, 3, 4))
    chosen: dict[str, None] = {}
    while len(chosen) < count:
        chosen.setdefault(rng.choices(PLATFORMS, REACH)[0])
    return [alias_logins.account(rng, human, platform) for platform in chosen]


def _unique(owned: list[tuple[int, Handle]]) -> list[tuple[int, Handle]]:
    """Return handles that differ on each platform: whoever comes second adds a number."""
    taken: set[tuple[str, str]] = set()
    found = []
    for who, handle in owned:
        value, extra = handle.value, 1
        while (handle.platform, value.lower()) in taken:
            extra += 1
            stem, at, domain = handle.value.partition("@")
            value = f"{stem}{extra}{at}{domain}"
        taken.add((handle.platform, value.lower()))
        same = value == handle.value
        email = handle.email if same or "@" not in value else value
        found.append((who, replace(handle, value=value, email=email)))
    return found


def _own_pages(owned: list[tuple[int, Handle]]) -> list[tuple[int, Handle]]:
    """Return the handles, none of which names a GitHub account that is somebody else's."""
    holder = {h.value.lower(): who for who, h in owned if h.platform == "github"}
    found = []
    for who, handle in owned:
        links = tuple(
            link
            for link in handle.links
            if holder.get(link.rpartition("github.com/")[2].lower(), who) == who
        )
        handle = replace(handle, links=links)
        if (email := handle.email or "").endswith("@users.noreply.github.com"):
            login = email.partition("@")[0].partition("+")[2]
            if holder.get(login.lower(), who) != who:
                email = email.replace("@", f"-{who}@")
                handle = replace(handle, value=email, email=email)
        found.append((who, handle))
    return found


def _known(rng: Random, numbered: list[tuple[int, Handle]]) -> list[Handle]:
    """Return the handles; a few people already have two of them under one member."""
    first: dict[int, int] = {}
    handles = []
    for who, handle in numbered:
        member = first.setdefault(who, handle.id)
        again = member != handle.id and rng.random() < KNOWN and not handle.is_bot
        handles.append(replace(handle, member=member) if again else handle)
    return handles
