"""The kinds of live source."""

from __future__ import annotations

from jobs.sync import discord, discourse, github, slack, stackexchange, zulip
from jobs.sync.live import Live
from service.errors import InvalidInput

KINDS = {
    live.kind: live
    for live in (
        Live(
            "discourse",
            "the address of a Discourse forum",
            discourse.locate,
            discourse.access,
            discourse.pull,
        ),
        Live("github", "OWNER/REPO", github.locate, github.access, github.pull),
        Live(
            "zulip", "the address of a Zulip organization", zulip.locate, zulip.access, zulip.pull
        ),
        Live("slack", "the address of a Slack workspace", slack.locate, slack.access, slack.pull),
        Live("discord", "the id of a Discord server", discord.locate, discord.access, discord.pull),
        Live(
            "stackexchange",
            "a site of Stack Exchange, such as coffee.stackexchange.com",
            stackexchange.locate,
            stackexchange.access,
            stackexchange.pull,
        ),
    )
}


def live_source(kind: str) -> Live:
    """Return the live source of a kind; raise InvalidInput naming the known ones."""
    try:
        return KINDS[kind]
    except KeyError:
        raise InvalidInput(f"no live source is called {kind!r}: use {', '.join(KINDS)}") from None
