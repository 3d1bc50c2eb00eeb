"""Addresses as people write them, and tokens as the environment has them."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from service.errors import InvalidInput

LOCAL = ("127.0.0.1", "localhost", "::1")


def split(address: str, form: str) -> SplitResult:
    """Return the parts of a web address, https where no scheme is written.

    Raises InvalidInput, which shows the right `form`, for anything with a user, a password, a
    query or a fragment, and for what is no address.
    """
    text = address.strip()
    text = text if "://" in text else f"https://{text}"
    wrong = InvalidInput(f"{shown(address)} is no address of this kind: write {form}")
    if not text.isprintable() or any(mark.isspace() for mark in text):
        raise wrong
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018
    except ValueError:
        raise wrong from None
    odd = parts.query or parts.fragment or "@" in parts.netloc
    if "://" not in address and "." not in (parts.hostname or ""):
        raise wrong
    if parts.scheme not in ("http", "https") or not parts.hostname or odd:
        raise wrong
    return parts._replace(netloc=parts.netloc.lower(), path=parts.path.rstrip("/"))


def root(parts: SplitResult) -> str:
    """Return scheme, host and port: https://host:8443."""
    return f"{parts.scheme}://{parts.netloc}"


def is_local(parts: SplitResult) -> bool:
    """Return whether an address is of this machine, where tests and tunnels listen."""
    return parts.hostname in LOCAL


def shown(address: str) -> str:
    """Return an address for an error: what may be a password or a token is left out."""
    text = address.rpartition("@")[2].partition("?")[0]
    return repr(text[:200])


def opened(token: SecretStr | None) -> str | None:
    """Return a token to be sent; None where it is not set or empty."""
    value = "" if token is None else token.get_secret_value().strip()
    return value or None
