"""Web addresses: where one ends in running text, and the few words that stand for it."""

import re
from urllib.parse import unquote

_CUT = re.compile(r"[\s\-_+~,;:=()%]+")
_TAIL = ".,;:!?'*_~"
_IDENT = re.compile(r"(?=.*\d)[0-9a-fA-F]{12,}|.{31,}")
_SPACE = 4096
WORDS = 6


def trim(url: str) -> str:
    """Return `url` without the punctuation of the sentence around it.

    A closing bracket stays when the address itself opens one, as in encyclopaedia titles.
    """
    end = len(url)
    spare = url.count(")") - url.count("(")
    while end and (url[end - 1] in _TAIL or (url[end - 1] == ")" and spare > 0)):
        spare -= url[end - 1] == ")"
        end -= 1
    return url[:end]


def words(url: str) -> str:
    """Return the host and the last telling path words, at most six: `example.org pull 12`.

    Segments are taken from the end, until three words are there, since the end of a path is
    what tells two links of one site apart. Queries, hashes and long identifiers say nothing.
    """
    rest = url[:_SPACE].partition("://")[2]
    rest, _, anchor = rest.partition("#")
    host, _, path = rest.partition("?")[0].partition("/")
    host = host.rpartition("@")[2].removeprefix("www.")
    found = _topic(anchor) if anchor.startswith("narrow/") else _path(path)
    return " ".join([host, *found[: WORDS - 1]]).strip()


def _path(path: str) -> list[str]:
    found: list[str] = []
    for segment in reversed(path.split("/")):
        found = _split(unquote(segment)) + found
        if len(found) >= 3:
            break
    return found


def _topic(anchor: str) -> list[str]:
    """Return the words of a Zulip topic, whose links write `.20` for `%20`."""
    topic = anchor.partition("/topic/")[2].partition("/")[0]
    return _split(unquote(topic.replace(".", "%")))


def _split(segment: str) -> list[str]:
    parts = _CUT.split(segment)
    return [part for part in parts if part and not _IDENT.fullmatch(part)]


def safe(url: str) -> bool:
    """Return whether `url` is a link worth listing: web, mail, site-relative or Zulip's own.

    Anything else, `javascript:` above all, is kept out of lists and out of the display.
    """
    return url.lower().startswith(("http://", "https://", "ftp://", "mailto:", "/", "#narrow/"))
