"""Accounts of a planted set that must not be merged, each behind a person of its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from random import Random

from jobs.sample import alias_names
from jobs.sample.alias_logins import made, opaque
from jobs.sample.alias_names import Human, latin, pool, shown
from service.insights.identity import Handle

Owned = tuple[int, Handle]
CHATS = ("github", "discord", "irc", "discourse")


def decoys(rng: Random, crowd: list[Human], owned: list[Owned]) -> list[Owned]:
    """Return bots, staff, deleted accounts, roles, squatters and takers of common handles.

    Their numbers grow with the crowd: about one for every five people.
    """
    size = max(1, len(crowd) // 100)
    handles = [
        *_bots(rng, crowd, 2 * size),
        *_staff(rng, crowd, size),
        *_deleted(rng, 3 * size),
        *_roles(rng, 2 * size),
        *_common(rng, crowd, 5 * size),
        *_squatters(rng, owned, (2 * size + 2) // 3),
        *_pages(rng, crowd, size),
    ]
    return list(zip(count(len(crowd)), handles, strict=False))


def _bots(rng: Random, crowd: list[Human], size: int) -> list[Handle]:
    found = []
    for _ in range(size):
        human = rng.choice(crowd)
        name = rng.choice(("Standup Bot", "CI", "Translate Bot", "Helper"))
        like = rng.random() < 0.5
        value = human.login if like else rng.choice(("release-bot", "buildbot", "welcome[bot]"))
        shows = shown(rng, human, abroad=1.0) if like else name
        platform = rng.choice(CHATS)
        flagged = like or not value.endswith("[bot]")
        found.append(made(rng, platform, value, shows, is_bot=flagged))
    return found


def _staff(rng: Random, crowd: list[Human], size: int) -> list[Handle]:
    found = []
    for _ in range(size):
        name = f"{rng.choice(crowd).given[-1]} (Acme)"
        email = f"{name.split()[0].lower()}@acme.example"
        found.append(
            made(rng, "slack:acme", opaque(rng), name, email, verified=True, is_staff=True)
        )
        found.append(made(rng, "discourse", "acme-team", "Acme Team", "team@acme.example"))
    return found


def _deleted(rng: Random, size: int) -> list[Handle]:
    found = []
    for index in range(size):
        value = rng.choice(("ghost", "[deleted]", f"deleted-{index}", "deleted_user"))
        name = rng.choice((None, "Deleted User", "deleted user", "Ghost"))
        flagged = rng.random() < 0.5
        if flagged and value.startswith("deleted-"):
            value, name = rng.choice(pool("tails")) + str(index), "Deleted User"
        platform = rng.choice((*CHATS, "slack:acme"))
        found.append(made(rng, platform, value, name, is_deleted=flagged))
    return found


def _roles(rng: Random, size: int) -> list[Handle]:
    """Return people of companies who are known by the address of an office."""
    found = []
    for _ in range(size):
        company = rng.choice(pool("companies"))
        role = rng.choice(("info", "support", "contact", "noreply", "admin", "team"))
        email = f"{role}@{company}.example"
        for platform in rng.sample(("mailing-list", "discourse", "zulip"), 2):
            name = rng.choice((None, role.title(), company.title()))
            value = email if platform == "mailing-list" else f"{company}-{role}{rng.randint(1, 99)}"
            found.append(made(rng, platform, value, name, email, verified=platform != "zulip"))
    return found


def _common(rng: Random, crowd: list[Human], size: int) -> list[Handle]:
    """Return strangers with handles that anybody might take."""
    found = []
    for _ in range(size):
        human = rng.choice(crowd)
        first = latin([human.given[-1]])
        handle = rng.choice((rng.choice(pool("common")), first if first != "user" else "sam"))
        name = human.given[0] if rng.random() < 0.3 else None
        found.append(made(rng, rng.choice(CHATS), handle, name))
    return found


def _squatters(rng: Random, owned: list[Owned], size: int) -> list[Handle]:
    """Return strangers who hold the very handle that somebody is known by elsewhere."""
    found = []
    known = [handle for _, handle in owned if handle.platform in CHATS]
    strangers = alias_names.crowd(rng, 30)
    for index, victim in enumerate(rng.sample(known, min(size, len(known)))):
        platform = rng.choice([place for place in CHATS if place != victim.platform])
        stranger = rng.choice(strangers)
        name = None if index % 4 == 3 else shown(rng, stranger, abroad=1.0)
        open_ = index % 2 == 1 and platform in ("github", "discourse")
        email = stranger.old.replace("@", "0@") if open_ else None
        found.append(made(rng, platform, victim.value, name, email, verified=True))
    return found


def _pages(rng: Random, crowd: list[Human], size: int) -> list[Handle]:
    """Return colleagues who link the page of their company or of a project they share."""
    found = []
    for _ in range(size):
        company = rng.choice(pool("companies"))
        page = rng.choice((f"https://{company}.example", f"https://github.com/{company}"))
        for platform in rng.sample(("github", "discourse", "stackexchange"), rng.choice((2, 3))):
            human = replace(rng.choice(crowd), middle="")
            handle = f"{latin(human.given)}{rng.randint(100, 999)}"
            found.append(made(rng, platform, handle, human.given[-1], links=(page,)))
    return found
