"""The kinds of archive that can be imported, and which kind an archive is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.importers import (
    accounts,
    convokit,
    csv_posts,
    discord,
    discourse,
    events,
    github,
    groundswell,
    irc,
    jsonl,
    mattermost,
    mbox,
    slack,
    stackexchange,
    zulip,
    zulip_export,
)
from jobs.importers.bundle import Bundle, open_bundle
from service.errors import BadArchive
from service.ingest.records import Reader


@dataclass(frozen=True, slots=True)
class Importer:
    """One kind of archive: its name on the command line, what it is, and how it is read.

    `fits` looks at names and first bytes only, and at no other kind says yes. `read` is None for
    what is no stream of posts: the tables of another store.
    """

    kind: str
    about: str
    read: Reader | None
    fits: Callable[[Bundle], bool]


KINDS = {
    importer.kind: importer
    for importer in (
        Importer("jsonl", "posts, one JSON object a line", jsonl.read, jsonl.fits),
        Importer("csv", "posts, one a row under a header", csv_posts.read, csv_posts.fits),
        Importer("slack", "the zip of a Slack export", slack.read, slack.fits),
        Importer("discord", "JSON of DiscordChatExporter", discord.read, discord.fits),
        Importer(
            "discourse",
            "Discourse topics as Markdown or JSON, or one person's archive",
            discourse.read,
            discourse.fits,
        ),
        Importer("github", "saved issues, comments and discussions", github.read, github.fits),
        Importer("zulip", "the tarball of a Zulip export", zulip_export.read, zulip_export.fits),
        Importer("zulip-archive", "what zulip-archive writes", zulip.read, zulip.fits),
        Importer("mattermost", "posts of Mattermost", mattermost.read, mattermost.fits),
        Importer("stackexchange", "a Stack Exchange dump", stackexchange.read, stackexchange.fits),
        Importer("mbox", "a mailing list, mbox or pipermail", mbox.read, mbox.fits),
        Importer("irc", "logs of an IRC channel", irc.read, irc.fits),
        Importer("convokit", "a ConvoKit corpus", convokit.read, convokit.fits),
        Importer("groundswell", "the folder of `export --all`", None, groundswell.fits),
        Importer("events", "what happened beside posts", events.read, events.fits),
        Importer("accounts", "companies", accounts.read, accounts.fits),
    )
}


# What any table or list of posts is, if it is nothing that one platform writes.
GENERAL = ("jsonl", "csv")


def importer(kind: str) -> Importer:
    """Return the importer of a kind; raise BadArchive naming the known ones."""
    try:
        return KINDS[kind]
    except KeyError:
        raise BadArchive(f"no importer is called {kind!r}: use {', '.join(KINDS)}") from None


def guess(path: Path) -> str:
    """Return the kind of an archive; raise BadArchive where it is none, or could be several."""
    with open_bundle(path) as bundle:
        found = [importer.kind for importer in KINDS.values() if importer.fits(bundle)]
    special = [kind for kind in found if kind not in GENERAL] or found
    if len(special) == 1:
        return special[0]
    known = ", ".join(found or KINDS)
    what = "could be of several kinds" if found else "is of no kind that is known"
    raise BadArchive(f"{path} {what}: write `groundswell import KIND {path}`, KIND of {known}")
