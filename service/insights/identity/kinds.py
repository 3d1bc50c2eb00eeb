"""Accounts and addresses that stand for no person: machines, the deleted, offices."""

from __future__ import annotations

import re

_MACHINE = re.compile(
    r"\[bot\]$|^(?:dependabot|renovate|github-actions|greenkeeper|codecov|slackbot|mee6"
    r"|pre-commit-ci|allcontributors|stale|mergify|travis(?:ci)?|zulipbot|chanserv|nickserv)"
    r"(?:[-_]?bot)?$|[-_.]bot$|^bot[-_.]",
    re.I,
)
_MACHINE_NAME = re.compile(r"(?:^|\s)(?:bot|\[bot\]|ci bot|webhook)$", re.I)
_DELETED = re.compile(
    r"^\W*(?:deleted|removed|deactivated|former|suspended)"
    r"(?:[\W_]*(?:user|account|member|slack|participant))?[\W_\d]*$"
    r"|^(?:ghost|deleted[-_ ]?user\w{0,12})$",
    re.I,
)
_FILLED_IN = re.compile(
    r"^(?:anonymous|anonym|\[\[?unknown\]?\].*|unknown(?: user)?|n/?a|nobody|none|null|guest"
    r"|no name|user)$",
    re.I,
)
_OFFICES = """
abuse accounts admin administrator all billing bot ci community contact dev developers devnull
devops donotreply events feedback finance git hello help helpdesk hi hostmaster hr info it jobs
legal list lists mail mailer mailer-daemon marketing media me moderator news newsletter nobody
no-reply no_reply noreply notification notifications office ops partners postmaster press
privacy replies reply root sales security service social spam staff support sysadmin system
team tech test unsubscribe user users web webmaster
"""
ROLES = frozenset(_OFFICES.split())
_NO_DOMAINS = ("localhost", "invalid", "local", "localdomain")


def machine(value: str, name: str | None) -> bool:
    """Return whether a handle or display name says that a program posts under it."""
    return bool(_MACHINE.search(value.strip()) or _MACHINE_NAME.search((name or "").strip()))


def deleted_account(value: str, name: str | None) -> bool:
    """Return whether what is shown is a platform's placeholder for those who left it."""
    return bool(_DELETED.search(value.strip()) or _DELETED.search((name or "").strip()))


def placeholder(name: str) -> bool:
    """Return whether a display name is one that platforms fill in, for want of a name."""
    return bool(_DELETED.search(name.strip()) or _FILLED_IN.search(name.strip()))


def role_address(email: str) -> bool:
    """Return whether an address is an office's or a machine's rather than one person's."""
    local, _, domain = email.casefold().strip().partition("@")
    local = local.partition("+")[0]
    words = re.split(r"[-_.]", local)
    return (
        local in ROLES
        or any(word in ("noreply", "donotreply", "bounce", "bounces") for word in words)
        or local.startswith(("no-reply", "do-not-reply"))
        or local.endswith(("-bot", "[bot]", "-bounces", "-request"))
        or "noreply" in domain.split(".")
        or domain.split(".")[-1] in _NO_DOMAINS
        or "." not in domain
    )
