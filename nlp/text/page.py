"""HTML posts to the Markdown that shows the same: one walk over the tree, no recursion."""

import re
from collections.abc import Callable

from lxml import etree

from nlp.text import marks
from nlp.text.chars import flat

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SKIP_NAMES = "script style head template noscript svg iframe object select button"
_SKIP = frozenset(_SKIP_NAMES.split())
_BLOCK_NAMES = (
    "p div section article header footer ul ol dl dt dd table h1 h2 h3 h4 h5 h6 figure figcaption "
    "details summary address main nav center aside fieldset form body"
)
_BLOCK = frozenset(_BLOCK_NAMES.split())
_SPANS = {"em": "*", "i": "*", "strong": "**", "b": "**", "del": "~~", "s": "~~", "strike": "~~"}
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
# A formula stands as it is; elsewhere what Markdown would take for a mark is escaped.
_ESCAPE = re.compile(
    r"(?P<tex>\$\$[^$]++\$\$|\$(?!\s)[^$\n]++(?<!\s)\$(?!\d)|\\\((?:[^\\]|\\(?![()]))*+\\\))"
    r"|`|\*(?=\S)|(?<=\S)\*|(?<!\w)_|_(?!\w)|~(?=~)|\](?=[(\[])|<(?=[a-zA-Z/!])"
)
_MARK = re.compile(r"[\\$`*_~\]<]")
_DEPTH = 8


def readable(html: str) -> str:
    """Return an HTML post as Markdown to keep for display.

    Code is fenced and whole, quotes carry `> `, formulas are `$...$` again, emoji `:name:`,
    mentions `@**name**`. Text that would read as markup is escaped. Previews that a site adds
    to a link are dropped, since they are not the author's words. What the parser refuses comes
    back as it was.
    """
    data = _ILLEGAL.sub("", html)
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = etree.fromstring(f"<div>{data}</div>".encode(), parser)
    except (etree.LxmlError, ValueError):
        return html
    if root is None or any("Excessive depth" in error.message for error in parser.error_log):
        return html
    return _Page().show(root)


class _Page:
    def __init__(self) -> None:
        self.rows: list[str] = []
        self.line: list[str] = []
        self.edge: list[str] = []
        self.bullet = ""
        self.tight = False
        self.counts: list[int] = []
        self.spans: list[tuple[int, int]] = []
        self.breaks = 0
        self.cells: list[str] | None = None
        self.nested = 0
        self.ruled = False
        self.depth = 0
        self.done: etree._Element | None = None

    def show(self, root: etree._Element) -> str:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, el in walk:
            if event == "end":
                self.end(el)
            elif self.start(el):
                self.done = el
                walk.skip_subtree()
        self.flush()
        return "\n".join(self.rows).strip("\n")

    def start(self, el: etree._Element) -> bool:
        """Open `el`; return whether all of it has been written."""
        tag, kinds = marks.name(el), el.get("class", "").split()
        if tag in _SKIP or self.special(el, tag, kinds):
            return True
        opener = _OPENERS.get(tag)
        if opener:
            opener(self, el)
        elif tag in _BLOCK:
            self.flush()
        if tag in _SPANS or tag == "a":
            self.spans.append((self.breaks, len(self.line)))
        self.write(el.text)
        return False

    def end(self, el: etree._Element) -> None:
        tag = marks.name(el)
        if el is self.done:
            self.done = None
        elif tag in _SPANS or tag == "a":
            self.unspan(el, tag)
        elif tag in _HEADINGS:
            self.flush(_HEADINGS[tag])
        elif tag in _CLOSERS:
            _CLOSERS[tag](self, el)
        elif tag in _BLOCK:
            self.flush()
        self.write(el.tail)

    def write(self, text: str | None) -> None:
        if text:
            text = text.replace("\n", " ")
            self.line.append(_ESCAPE.sub(marks.escape, text) if _MARK.search(text) else text)

    def put(self, lines: list[str]) -> None:
        """Add lines under the current quotes and bullets, after a blank line unless tight."""
        edge = "".join(self.edge[:_DEPTH])
        if self.rows and not self.tight:
            depth = min(self.depth, self.edge[:_DEPTH].count("> "))
            self.rows.append(("> " * depth).rstrip())
        self.tight, self.depth = False, self.edge[:_DEPTH].count("> ")
        first = edge[: len(edge) - len(self.bullet)] + self.bullet if self.bullet else edge
        self.bullet = ""
        for at, line in enumerate(lines):
            self.rows.append(((edge if at else first) + line).rstrip())

    def flush(self, head: str = "") -> None:
        """End the current paragraph; inside a table cell only a space is left of the break."""
        if self.cells is not None:
            self.line.append(" ")
            return
        self.breaks += 1
        if not self.line:
            return
        lines = [flat(line) for line in "".join(self.line).split("\n")]
        self.line.clear()
        if any(lines):
            text = "\n".join(lines if head else map(marks.lead, lines))
            self.put((head + text).strip().split("\n"))

    def unspan(self, el: etree._Element, tag: str) -> None:
        """Close emphasis or a link: what was written since its start goes between the marks."""
        breaks, at = self.spans.pop()
        whole = breaks == self.breaks and at <= len(self.line)
        inner = "".join(self.line[at:]) if whole else ""
        core = inner.strip()
        if tag != "a":
            mark = _SPANS[tag]
            wrapped = f"{mark}{core}{mark}"
        else:
            wrapped = marks.link(core, el.get("href", "").strip(), whole)
        if whole:
            del self.line[at:]
        if core and len(self.spans) < _DEPTH:
            lead, tail = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
            self.line.append(lead + wrapped + tail)
        elif whole:
            self.line.append(inner)
        elif tag == "a":
            self.line.append(wrapped)

    def special(self, el: etree._Element, tag: str, kinds: list[str]) -> bool:
        """Write an element that stands for something else than its text; tell whether it was."""
        text = marks.special(el, tag, kinds)
        if text is not None:
            if tag in _BLOCK:
                self.flush()
            self.line.append(text)
            if tag in _BLOCK:
                self.flush()
            return True
        if tag == "pre":
            self.code(el)
            return True
        if tag == "aside" and "quote" in kinds and el.get("data-username"):
            self.flush()
            self.line.append(f"{el.get('data-username')} said:")
            self.flush()
        return tag == "div" and marks.noise(el, kinds)

    def code(self, el: etree._Element) -> None:
        self.flush()
        for rule in el.iter("br"):
            rule.tail = "\n" + (rule.tail or "")
        text = marks.text(el).strip("\n").rstrip()
        fence = "`" * max(3, marks.ticks(text) + 1)
        if text and self.cells is None:
            self.put([fence + marks.language(el), *text.split("\n"), fence])
        elif text:
            self.line.append(f"{fence} {' '.join(text.split())} {fence}")

    def rule(self, el: etree._Element) -> None:
        self.flush()
        self.put(["---"])

    def newline(self, el: etree._Element) -> None:
        self.line.append(" " if self.cells is not None else "\n")

    def quote(self, el: etree._Element) -> None:
        self.flush()
        self.edge.append("" if "spoiler" in el.get("class", "").split() else "> ")

    def unquote(self, el: etree._Element) -> None:
        self.flush()
        self.edge.pop()

    def listing(self, el: etree._Element) -> None:
        self.flush()
        self.counts.append(0)

    def unlisting(self, el: etree._Element) -> None:
        self.flush()
        self.counts.pop()

    def item(self, el: etree._Element) -> None:
        self.flush()
        parent = el.getparent()
        bullet = "- "
        if self.counts and parent is not None and parent.tag == "ol":
            self.counts[-1] += 1
            bullet = f"{self.counts[-1]}. "
        self.tight = len(self.counts) > 1 or el.getprevious() is not None
        self.edge.append(" " * len(bullet))
        self.bullet = bullet if len(self.edge) <= _DEPTH else ""

    def unitem(self, el: etree._Element) -> None:
        self.flush()
        self.edge.pop()
        self.bullet = ""

    def table(self, el: etree._Element) -> None:
        self.flush()
        self.ruled = False

    def tr(self, el: etree._Element) -> None:
        if self.cells is not None:
            self.nested += 1
            return
        self.flush()
        self.cells = []

    def untr(self, el: etree._Element) -> None:
        if self.nested or self.cells is None:
            self.nested -= self.nested > 0
            return
        cells, self.cells = self.cells, None
        self.line.clear()
        if len(cells) < 2:
            self.line.extend(cells)
            self.flush()
            return
        self.tight = self.ruled
        self.put([f"| {' | '.join(cells)} |"])
        if not self.ruled:
            self.tight = True
            self.put(["|" + " --- |" * len(cells)])
        self.ruled = True

    def cell(self, el: etree._Element) -> None:
        if not self.nested and self.cells is not None:
            self.line.clear()
            self.breaks += 1

    def uncell(self, el: etree._Element) -> None:
        if self.nested or self.cells is None:
            self.line.append(" ")
            return
        self.cells.append(" ".join("".join(self.line).split()).replace("|", "\\|"))
        self.line.clear()
        self.breaks += 1


_OPENERS: dict[str, Callable[[_Page, etree._Element], None]] = {
    "br": _Page.newline,
    "hr": _Page.rule,
    "blockquote": _Page.quote,
    "ul": _Page.listing,
    "ol": _Page.listing,
    "li": _Page.item,
    "table": _Page.table,
    "tr": _Page.tr,
    "td": _Page.cell,
    "th": _Page.cell,
}
_CLOSERS: dict[str, Callable[[_Page, etree._Element], None]] = {
    "blockquote": _Page.unquote,
    "ul": _Page.unlisting,
    "ol": _Page.unlisting,
    "li": _Page.unitem,
    "tr": _Page.untr,
    "td": _Page.uncell,
    "th": _Page.uncell,
}
