"""What each platform shows of a planted person: a handle, perhaps a name, an address, links."""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random

from jobs.sample.alias_names import Human, login_of, nick, shown
from service.insights.identity import Handle

# A second account that shares nothing with the first.
TRACELESS = 0.01


def account(rng: Random, human: Human, platform: str) -> Handle:
    """Return a person's account on a platform; its id and member are not set yet."""
    makers: dict[str, Callable[[Random, Human], Handle]] = {
        "github": _github,
        "slack:acme": _slack,
        "discord": _discord,
        "irc": _irc,
        "mailing-list": _mail,
        "discourse": _discourse,
        "stackexchange": _questions,
        "zulip": _zulip,
    }
    return makers[platform](rng, human)


def made(
    rng: Random,
    platform: str,
    value: str,
    name: str | None = None,
    email: str | None = None,
    *,
    verified: bool = False,
    links: tuple[str, ...] = (),
    is_bot: bool = False,
    is_staff: bool = False,
    is_deleted: bool = False,
) -> Handle:
    """Return a handle with some posts and without numbers."""
    return Handle(
        id=0,
        member=0,
        platform=platform,
        value=value,
        name=name,
        email=email,
        verified=verified and email is not None,
        is_bot=is_bot,
        is_staff=is_staff,
        is_deleted=is_deleted,
        links=links,
        posts=int(rng.paretovariate(0.9)),
    )


def opaque(rng: Random) -> str:
    """Return a user id as a chat service gives it."""
    return "U0" + "".join(rng.choices(string.ascii_uppercase + string.digits, k=9))


def _alias(rng: Random, human: Human, bynick: float) -> str:
    """Return the login that a person takes: the nick or the name, or what was free of it."""
    if rng.random() < TRACELESS:
        return nick(rng, "", "") if rng.random() < 0.5 else "".join(rng.choices("bcdfghaeiou", k=7))
    habit = 0.9 * human.bynick + 0.1 * bynick
    luck = rng.random()
    chosen = human.nick if luck < habit else human.login
    if rng.random() < 0.05:
        chosen = login_of(rng, human, rng.randrange(7))
    luck = rng.random()
    if luck < 0.05:
        return chosen + str(rng.randint(1, 99))
    if luck < 0.08:
        return rng.choice(("the", "real", "its")) + chosen
    if luck < 0.11:
        return chosen + rng.choice(("dev", "-dev", "_hq", "codes"))
    if luck < 0.20:
        return chosen.replace("_", "-") if "_" in chosen else chosen.capitalize()
    return chosen


def _address(rng: Random, human: Human) -> str:
    found = rng.choices((human.home, human.work, human.old), (74, 18, 8))[0]
    luck = rng.random()
    local, _, domain = found.partition("@")
    if luck < 0.04:
        return f"{local}+lists@{domain}"
    if luck < 0.08:
        return found.title()
    return found


def _github(rng: Random, human: Human) -> Handle:
    value = _alias(rng, human, 0.4)
    luck = rng.random()
    name = shown(rng, human, abroad=0.85) if luck < 0.85 else (human.nick if luck < 0.9 else None)
    email = _address(rng, human) if rng.random() < 0.5 else None
    links = (human.page,) if human.page and rng.random() < 0.5 else ()
    return made(rng, "github", value, name, email, verified=True, links=links)


def _slack(rng: Random, human: Human) -> Handle:
    value = opaque(rng) if rng.random() < 0.6 else _alias(rng, human, 0.0)
    name = shown(rng, human, abroad=0.8)
    luck = rng.random()
    if luck < 0.08:
        name += rng.choice((" (she/her)", " | Platform", " 🌱", " (Acme)", " - on leave"))
    elif luck < 0.12:
        name = name.split()[0]
    email = rng.choice((human.work, human.home, human.home)) if rng.random() < 0.93 else None
    return made(rng, "slack:acme", value, name, email, verified=True)


def _discord(rng: Random, human: Human) -> Handle:
    value = _alias(rng, human, 0.7).lower()
    luck = rng.random()
    name: str | None = None
    if luck < 0.2 + 0.2 * human.bynick:
        name = human.nick
    elif luck < 0.45:
        name = human.given[-1]
    elif luck < 0.85:
        name = shown(rng, human, abroad=0.5)
    links = (f"https://github.com/{human.login}",) if rng.random() < 0.04 else ()
    return made(rng, "discord", value, name, links=links)


def _irc(rng: Random, human: Human) -> Handle:
    value = _alias(rng, human, 0.6)
    luck = rng.random()
    if luck < 0.12:
        value += rng.choice(("_", "`", "|away", "__", "[m]"))
    name = shown(rng, human, abroad=0.9) if rng.random() < 0.7 else None
    return made(rng, "irc", value, name)


def _mail(rng: Random, human: Human) -> Handle:
    email = _address(rng, human)
    luck = rng.random()
    name = shown(rng, human, abroad=0.6) if luck < 0.9 else None
    if luck < 0.06 and name:
        name = f"{name} via lists"
    if 0.06 < luck < 0.12:
        login = human.login if rng.random() < 0.5 else human.nick
        number = rng.randint(1_000, 9_999_999)
        email = f"{number}+{login}@users.noreply.github.com"
    return made(rng, "mailing-list", email, name, email)


def _discourse(rng: Random, human: Human) -> Handle:
    value = _alias(rng, human, 0.5)
    name = shown(rng, human, abroad=0.6) if rng.random() < 0.75 else None
    email = _address(rng, human) if rng.random() < 0.85 else None
    links = (human.page + "/",) if human.page and rng.random() < 0.5 else ()
    return made(rng, "discourse", value, name, email, verified=True, links=links)


def _questions(rng: Random, human: Human) -> Handle:
    luck = rng.random()
    name = human.given[-1] + f" {human.family[-1][0]}."
    if luck < 0.5 * human.bynick:
        name = human.nick
    elif luck < 0.9:
        name = shown(rng, human, abroad=0.8)
    links: tuple[str, ...] = (human.page,) if human.page and rng.random() < 0.6 else ()
    if rng.random() < 0.35:
        links += (f"http://github.com/{rng.choice((human.login, human.nick))}",)
    return made(rng, "stackexchange", str(rng.randint(1_000, 9_999_999)), name, links=links)


def _zulip(rng: Random, human: Human) -> Handle:
    email = _address(rng, human)
    name = shown(rng, human, abroad=0.6)
    if rng.random() < 0.6:
        return made(rng, "zulip", email, name, email, verified=True)
    hidden = email if rng.random() < 0.5 else None
    return made(rng, "zulip", f"user{rng.randint(100, 99_999)}", name, hidden, verified=True)
