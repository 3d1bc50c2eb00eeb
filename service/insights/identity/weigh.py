"""How much each thing that two members share speaks for one person behind them.

Weights are log-likelihood ratios in the manner of Fellegi and Sunter (1969): how often accounts of
one person agree so, over how often strangers do, which depends on how rare the shared value is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from service.insights.identity.handles import FREE, Account, nicks, signature, stems
from service.insights.identity.letters import sound
from service.insights.identity.likeness import NAME, P_INITIAL, Likeness, Names
from service.insights.identity.names import Form, Name, forms
from service.insights.identity.pairs import Key, twins
from service.insights.identity.people import Person
from service.insights.identity.rarity import Rarity
from service.insights.identity.records import Part

# Strangers are at least so many, or a handful of accounts would be taken for one person's.
FEWEST = 1_000
# What one kind of evidence brings at most, beyond what makes up for the number of strangers.
VERIFIED, ISSUED, VOUCHED, ADDRESS = 7.0, 5.0, 4.5, 3.5
PROFILE, PAGE = 3.5, 1.5
NICK = 4.5
# An address or a page of so many people on one platform is nobody's own.
SHARERS = 5
ELSEWHERE = -0.8
# An address at work beside one at home is what to expect, two at home are less so.
WORK, HOME = -0.4, -1.0


class Scale:
    """Weighs pairs among the members given, whose numbers and rarities set the measure."""

    def __init__(self, everyone: Sequence[Person]):
        self.base = math.log(max(FEWEST, len(everyone)))
        self.rarity = Rarity(everyone)
        self._twins = twins(everyone)
        self._names = Names(self.rarity, self.base, self._twins)
        self._linkers = Counter(link for p in everyone for link in p.links)
        self._claimers = Counter(account for p in everyone for account in p.claimed)
        self._domains = Counter(domain for p in everyone for domain in p.domains)
        shared = (domain for domain, n in self._domains.items() if n > 1)
        self._firms = {nick for domain in shared for nick in nicks(domain.partition(".")[0])}

    def likeness(self, a: Person, b: Person) -> Likeness:
        """Return how alike the two names are that are most alike."""
        return self._names.alike(a, b)

    def parts(self, a: Person, b: Person) -> list[Part]:
        """Return the reasons for and against; their weights and `-base` add up to the log-odds."""
        likeness = self.likeness(a, b)
        found = [self._email(a, b), self._account(a, b), self._page(a, b), self._domain(a, b)]
        name = self._name(a, b, likeness)
        formed = name is not None and " is made of the name " in name.why
        nick = self._nick(a, b, likeness, formed)
        return [part for part in (*found, nick, name) if part is not None and part.weight]

    def _email(self, a: Person, b: Person) -> Part | None:
        shared = sorted(a.emails.keys() & b.emails.keys())
        best: Part | None = None
        for email in shared:
            others = self._twins[("email", email)] - 1
            if others >= SHARERS:
                continue
            vouched = a.emails[email] + b.emails[email]
            name = "verified_email" if vouched == 2 else "email"
            weight = self.base + (ADDRESS, VOUCHED, VERIFIED)[vouched]
            why = (
                "Both accounts name the same e-mail address.",
                "Both accounts name the same e-mail address, and one platform vouches for it.",
                "Both platforms vouch for the same e-mail address.",
            )[vouched]
            if others:
                weight -= 3.0
                why = why[:-1] + ", which others use as well."
            if best is None or weight > best.weight:
                best = Part(name, weight, why)
        return best

    def _account(self, a: Person, b: Person) -> Part | None:
        for one, other in ((a, b), (b, a)):
            for account in sorted(one.issued & (other.owned | other.issued), key=str):
                why = f"The e-mail address is the one that {account.site} gives {account.login}."
                return Part("email", self.base + ISSUED, why)
        for one, other in ((a, b), (b, a)):
            for account in sorted(one.claimed & (other.owned | other.claimed), key=str):
                common = self._claimers[account] >= SHARERS or self._twins[_key(account)] > 1
                if not common and self._firms.isdisjoint(nicks(account.login)):
                    brings = PROFILE if account in other.owned else PAGE
                    why = f"A profile links to {account.login} on {account.site}."
                    return Part("link", self.base + brings, why)
        return None

    def _page(self, a: Person, b: Person) -> Part | None:
        for link in sorted(a.links & b.links):
            host = link.partition("/")[0]
            shared = self._twins[("page", link)] > 1 or self._linkers[link] >= SHARERS
            if not shared and self._domains[host] < 2:
                return Part("link", self.base + PAGE, f"Both profiles link to {link}.")
        return None

    def _domain(self, a: Person, b: Person) -> Part | None:
        """Return a doubt where one company gave the two different addresses."""
        if a.emails.keys() & b.emails.keys():
            return None
        ours = {email.rpartition("@")[2] for email in a.emails} - FREE
        theirs = {email.rpartition("@")[2] for email in b.emails} - FREE
        if ours & theirs:
            return Part("email", -1.5, "They have different e-mail addresses at one company.")
        if a.emails and b.emails:
            brings = HOME if not ours and not theirs else WORK
            return Part("email", brings, "Their e-mail addresses differ.")
        return None

    def _nick(self, a: Person, b: Person, likeness: Likeness, formed: bool) -> Part | None:
        best, shown, other = 0.0, "", ""
        known = _weighed(a, b)
        for nick in a.nicks.keys() & b.nicks.keys():
            sources = (a.nicks[nick], b.nicks[nick])
            if self._firm(nick) or _told(nick, sources, known):
                continue
            agree = 0.55 if sources == ("handle", "handle") else 0.3
            weight = self._worth(nick, agree, likeness)
            if (weight, nick) > (best, shown):
                best, shown, other = weight, nick, nick
        if not shown:
            best, shown, other = self._stem(a, b, likeness)
        if shown and best > 0:
            why = _shared(shown, a.nicks[shown], other, b.nicks[other])
            return Part("handle", min(best, self.base + NICK), why)
        apart = not shown and not formed and not known
        if apart and all("handle" in p.nicks.values() for p in (a, b)):
            return Part("handle", ELSEWHERE, "Their handles have nothing in common.")
        return None

    def _worth(self, nick: str, agree: float, likeness: Likeness) -> float:
        odds = self.rarity.nick(nick, likeness.agreed)
        return math.log(agree / min(agree, odds))

    def _stem(self, a: Person, b: Person, likeness: Likeness) -> tuple[float, str, str]:
        best, pair = 0.0, ("", "")
        for mine, other in ((m, o) for m in sorted(a.nicks) for o in sorted(b.nicks)):
            # Two that were both changed, each in its way, were most likely not changed by one.
            root = min(mine, other, key=len)
            if mine == other or self._firm(root):
                continue
            if root in stems(mine) and root in stems(other):
                weight = self._worth(root, 0.05, likeness)
                if weight > best:
                    best, pair = weight, (mine, other)
        return best, *pair

    def _firm(self, nick: str) -> bool:
        """Return whether a nick is that of a company or of one of its offices."""
        return bool(self._firms) and any(
            nick[:end] in self._firms for end in range(3, len(nick) + 1)
        )

    def _name(self, a: Person, b: Person, likeness: Likeness) -> Part | None:
        form = max(self._form(a, b, likeness), self._form(b, a, likeness))
        weight = likeness.weight + form[0]
        if likeness.clash and weight < 0:
            return Part("name", weight, "Their names differ.")
        if not weight:
            return None
        if form[0] > likeness.weight:
            return Part("name", min(weight, self.base + NAME), form[1])
        weight = min(weight, self.base + NAME)
        return Part("name", weight, "They have the same or nearly the same name.")

    def _form(self, a: Person, b: Person, likeness: Likeness) -> tuple[float, str]:
        """Return what it brings that a handle of b is made of the name of a."""
        best, why = 0.0, ""
        if any(name.full for name in b.names):
            return best, why
        ours, theirs = _written(a), _written(b)
        for name in (name for name in a.names if name.full):
            for form in (*forms(name), *(Form(w, (w,)) for w in name.words if len(w) > 2)):
                key = form.login if form.login in theirs else "~" + form.sound
                # What both use as a handle is weighed as one.
                if key not in theirs or key in ours:
                    continue
                weight = self._made(form, name, likeness)
                if weight > best:
                    kept = b.nicks[theirs[key]] == "address"
                    what = "An e-mail address" if kept else f"The handle {theirs[key]}"
                    best, why = weight, f"{what} is made of the name {name.shown}."
        return best, why

    def _made(self, form: Form, name: Name, likeness: Likeness) -> float:
        pairs = zip(name.words, name.sounds, strict=True)
        fresh = [key for word, key in pairs if word in form.words and key not in likeness.agreed]
        odds = self.rarity.name(fresh) * P_INITIAL**form.initials
        if form.login in form.words:
            return math.log(max(1.0, 0.05 / (2 * max(odds, self.rarity.nick(form.login)))))
        return math.log(max(1.0, 0.12 / (2 * odds)))


def _weighed(a: Person, b: Person) -> set[str]:
    """Return the nicks within the addresses, accounts and pages that two share."""
    texts = [email.partition("@")[0] for email in a.emails.keys() & b.emails.keys()]
    ours, theirs = (p.owned | p.claimed | p.issued for p in (a, b))
    texts += [account.login for account in ours & theirs]
    texts += [signature(link) or "" for link in a.links & b.links]
    return {nick for text in texts for nick in nicks(text)}


def _told(nick: str, sources: tuple[str, str], known: set[str]) -> bool:
    """Return whether a shared nick is but part of something else that is weighed already."""
    if set(sources) == {"name"}:
        return nick.isalpha()
    return nick in known and not {"address", "link"}.isdisjoint(sources)


def _shared(one: str, source: str, other: str, origin: str) -> str:
    """Return what is alike in words, without any of an e-mail address."""
    private = (source == "address") + (origin == "address")
    if private == 2:
        return "Their e-mail addresses begin alike."
    if private:
        public = other if source == "address" else one
        return f"The handle {public} is like the beginning of the other's e-mail address."
    if one == other:
        return f"Both use the handle {one}."
    return f"Their handles {one} and {other} differ by little."


def _written(person: Person) -> dict[str, str]:
    """Return the handles and addresses of a person by how they are written and how they sound."""
    found: dict[str, str] = {}
    for nick, source in sorted(person.nicks.items()):
        for root in stems(nick) if source != "name" else ():
            found.setdefault(root, nick)
            found.setdefault("~" + sound(root), nick)
    return found


def _key(account: Account) -> Key:
    return ("account", account.site, account.login)
