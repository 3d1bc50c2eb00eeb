"""The rows of an XML file of Stack Exchange, read in pieces and safely.

No entity is resolved and nothing fetched; the parser's own caps hold (10 MB to an attribute, 256
elements deep). A DOCTYPE, by which bombs begin, is refused: no data dump has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from service.ingest.fields import BadRecord

ROW = "row"
DOCTYPE = re.compile(rb"<!\s*DOCTYPE", re.IGNORECASE)
NESTED = 16
ATTRIBUTES = 200


def doctype(head: bytes) -> bool:
    """Return whether a file has a DOCTYPE near its beginning, in UTF-8 or UTF-16."""
    return DOCTYPE.search(head.replace(b"\0", b"")) is not None


def rows(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Yield the attributes of each `row`; raise BadRecord where the file cannot be read on.

    A row is held back until more is read: the parser may hand out the one that it fails in, so
    one that stands in the line of the failure is left out.
    """
    walk = etree.iterparse(
        file,
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    depth = 0
    held: dict[str, str] | None = None
    at = 0
    try:
        for event, element in walk:
            if event == "start":
                depth += 1
                _check(element, depth)
                continue
            depth -= 1
            if element.tag == ROW:
                if held is not None:
                    yield held
                held, at = _attributes(element), element.sourceline or 0
            _forget(element)
    except etree.XMLSyntaxError as error:
        # Of an unknown entity only the log knows where it stands.
        line = error.lineno or next((entry.line for entry in error.error_log), 0)
        if held is not None and at < line:
            yield held
        raise BadRecord(f"no valid XML at line {line}: fetch the file again") from error
    if held is not None:
        yield held


def _attributes(element: etree._Element) -> dict[str, str]:
    """Return the attributes; the time that listing them takes grows with their square."""
    if len(element.attrib) > ATTRIBUTES:
        raise BadRecord(f"no data dump: a row has more than {ATTRIBUTES} attributes")
    return {str(name): str(value) for name, value in element.attrib.items()}


def _check(element: etree._Element, depth: int) -> None:
    if depth == 1 and element.getroottree().docinfo.internalDTD is not None:
        raise BadRecord("the file has a DOCTYPE, as no data dump has: fetch it again")
    if depth > NESTED:
        raise BadRecord("no data dump: its elements are nested too deeply")


def _forget(element: etree._Element) -> None:
    """Free an element and what stands before it, so that memory does not grow with the file."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
