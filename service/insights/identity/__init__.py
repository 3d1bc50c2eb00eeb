"""Who is who: suggestions that two members are one person, each with its reasons and odds."""

from service.insights.identity.kinds import deleted_account, machine, role_address
from service.insights.identity.merging import LEAST, suggest
from service.insights.identity.records import VERSION, Handle, Part, Suggestion

__all__ = [
    "LEAST",
    "VERSION",
    "Handle",
    "Part",
    "Suggestion",
    "deleted_account",
    "machine",
    "role_address",
    "suggest",
]
