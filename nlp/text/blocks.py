"""Markdown blocks, line by line: what is said, what is quoted, what is code."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nlp.text.inline import Found, tex, words_of

_FENCE = re.compile(r"(`{3,}+|~{3,}+)[ \t]*+\{?\.?([\w+#.-]{0,30})")
_QUOTE = re.compile(r"(?:[ \t]{0,3}+>[ \t]?)++")
_BULLET = re.compile(r"(?:(?:[-*+•]|\d{1,3}[.)])[ \t]++(?:\[[ xX]\][ \t]++)?)++")
_REF = re.compile(r"\[([^\[\]]{1,200})\]:[ \t]*<?((?:https?://|/|mailto:)[^\s<>]+)")
_TEX = re.compile(
    r"\$\$|\\\[|\\begin\{((?:align|equation|gather|multline|eqnarray|tikzcd|array"
    r"|cases|[bpvBV]?matrix)\*?)\}"
)
_CREDIT = re.compile(
    r"(?:\b(?:said|says|wrote|writes|schrieb|escribió|escreveu|ha scritto|a écrit)"
    r"|\[said\]\([^\s()]*+\)) ?:$"
)
_SENT = re.compile(
    r"(?:Sent from (?:my|mail|outlook|yahoo|gmail|proton|samsung)\b|Get Outlook for )", re.I
)
_SENT_HEADS = frozenset({"sent", "get "})
_DATED = ("On ", "Am ", "Le ", "El ", "Em ", "Il ")
_SIGNATURE_LINES = 8
_WORDS = frozenset({"spoiler", "text"})


@dataclass(slots=True)
class Part:
    """Lines that belong together; `raw` ones are tokens and formulas, kept as they are."""

    quoted: bool
    lines: list[str]
    raw: bool = False


@dataclass(slots=True)
class Post:
    """What one post says and quotes, a paragraph to a line, and what was collected from it."""

    said: str = ""
    quoted: str = ""
    code: list[str] = field(default_factory=list)
    found: Found = field(default_factory=Found)


def read(source: str) -> Post:
    """Return the post that Markdown `source` holds.

    Only lines that carry the mark count as quoted, not the line that lazily follows: in chats
    that line is the answer.
    """
    post, parts = Post(), list[Part]()
    if "\r" in source:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    source = source.lstrip("\ufeff")
    if _single(source):
        post.said = words_of(source, post.found)
        return post
    _Scan(source.split("\n"), post, parts).run()
    said: list[str] = []
    quoted: list[str] = []
    for part in parts:
        joined = " ".join(part.lines)
        text = joined if part.raw else words_of(joined, post.found)
        if text:
            (quoted if part.quoted else said).append(text)
    post.said, post.quoted = "\n".join(said), "\n".join(quoted)
    return post


def _single(source: str) -> bool:
    """Return whether `source` is one line that opens no block, as two posts in three of a chat."""
    first = source[:1]
    return "\n" not in source and first not in _OPENING and not first.isspace()


class _Scan:
    """One walk over lines; quoted lines get a walk of their own, at most one level down."""

    def __init__(self, lines: list[str], post: Post, parts: list[Part], quoted: bool = False):
        self.lines = lines
        self.post = post
        self.parts = parts
        self.quoted = quoted
        self.boxes: list[tuple[str, int, bool]] = []
        self.part: Part | None = None
        self.dead: set[str] = set()
        self.blank = True
        self.listed = self.table = self.signed = False

    def run(self) -> None:
        at, lines, count = 0, self.lines, len(self.lines)
        while at < count:
            line = lines[at]
            body = line.strip()
            if not body:
                self.part, self.blank, self.table = None, True, False
                at += 1
                continue
            if line[0] in _OPENING or body[0] in _OPENING or self.table or self.signed:
                at = self.step(at, body)
            else:
                self.follow(body)
                at += 1
            self.blank = False

    def follow(self, body: str) -> None:
        """Take a line that opens no block: `step` and `say` in short, as most lines come here."""
        if self.blank:
            self.listed = False
        if self.part is None:
            self.part = self.put(body)
        else:
            self.part.lines.append(body)

    def step(self, at: int, body: str) -> int:
        """Take the block that begins at line `at`; return the line after it."""
        line = self.lines[at]
        if self.blank and line[0] not in " \t":
            self.listed = False
        if self.indented(line) and self.part is None and not self.listed:
            return self.indent(at)
        handler = _HEADS.get(body[0])
        after = handler(self, at, body) if handler else -1
        if after < 0:
            self.say(body)
        return max(after, at + 1)

    def say(self, body: str) -> None:
        if self.signed and not self.quoted:
            return
        if self.table and "|" in body:
            self.row(body)
        elif self.part is None:
            self.part = self.put(body)
        else:
            self.part.lines.append(body)

    def put(self, line: str, raw: bool = False) -> Part:
        part = Part(self.quoted, [line], raw)
        self.parts.append(part)
        self.part = None
        return part

    def row(self, body: str) -> None:
        self.put(body.replace("\\|", "\0").replace("|", " ").replace("\0", "|"))

    def indented(self, line: str) -> bool:
        return line.startswith(("    ", "\t"))

    def indent(self, at: int) -> int:
        """Take an indented code block, less the blank lines at its end."""
        end = last = at
        while end < len(self.lines) and (
            self.indented(self.lines[end]) or not self.lines[end].strip()
        ):
            last = end if self.lines[end].strip() else last
            end += 1
        block = self.lines[at : last + 1]
        self.keep("\n".join(line[1 if line[:1] == "\t" else 4 :] for line in block))
        return last + 1

    def keep(self, code: str) -> None:
        if code.strip():
            self.post.code.append(code)
            self.put("[code]", raw=True)

    def fence(self, at: int, body: str) -> int:
        opening = _FENCE.match(body)
        if not opening:
            return -1
        mark, size, word = body[0], len(opening[1]), opening[2].lower()
        if mark == "`" and "`" in body[size:]:
            return -1
        if not word and self.leave(mark, size):
            return at + 1
        title = body[opening.end() :].strip()
        if word == "quote" or word in _WORDS:
            return self.enter(at, (mark, size, self.quoted), word, title)
        end = self.closing(at + 1, mark, size)
        self.block(
            self.lines[at + 1 : end], len(self.lines[at]) - len(self.lines[at].lstrip()), word
        )
        return end + 1

    def enter(self, at: int, box: tuple[str, int, bool], word: str, title: str = "") -> int:
        self.part = None
        if word == "quote":
            self.credit()
            self.quoted = True
        self.boxes.append(box)
        if title:
            self.put(title)
        return at + 1

    def leave(self, mark: str, size: int) -> bool:
        if not self.boxes or self.boxes[-1][0] != mark or self.boxes[-1][1] > size:
            return False
        self.quoted, self.part = self.boxes.pop()[2], None
        return True

    def closing(self, at: int, mark: str, size: int) -> int:
        shortest = mark * size
        for end in range(at, len(self.lines)):
            if shortest in self.lines[end]:
                line = self.lines[end].strip()
                if line == mark * len(line):
                    return end
        return len(self.lines)

    def block(self, lines: list[str], margin: int, word: str) -> None:
        if margin:
            lines = [line[min(margin, len(line) - len(line.lstrip())) :] for line in lines]
        code = "\n".join(lines)
        if word in ("math", "latex-block"):
            self.put(tex(code), raw=True)
        else:
            self.keep(code)

    def quote(self, at: int, body: str) -> int:
        if body.startswith(">!"):
            self.say(body[2:].strip())
            return at + 1
        self.part = None
        self.credit()
        end = at
        inner: list[str] = []
        while end < len(self.lines) and (mark := _QUOTE.match(self.lines[end])):
            inner.append(self.lines[end][mark.end() :])
            end += 1
        if end == at:
            inner, end = [body.lstrip("> \t")], at + 1
        _Scan(inner, self.post, self.parts, quoted=True).run()
        return end

    def credit(self) -> None:
        """Move the line that names the author of the quote that begins here to the quote."""
        last = self.parts[-1] if self.parts else None
        if self.quoted or last is None or last.quoted or last.raw:
            return
        count = 2 if len(last.lines) > 1 and last.lines[-2].startswith(_DATED) else 1
        line = " ".join(last.lines[-count:])
        if _credits(line):
            del last.lines[-count:]
            self.parts.append(Part(True, [line]))

    def heading(self, at: int, body: str) -> int:
        rest = body.lstrip("#")
        if len(body) - len(rest) > 6 or (rest and not rest[0].isspace()):
            return -1
        bare = rest.rstrip("#")
        rest = (bare if not bare or bare[-1].isspace() else rest).strip()
        self.part = None
        if rest:
            self.say(rest)
        self.part = None
        return at + 1

    def dash(self, at: int, body: str) -> int:
        """Take a signature, a rule, an underline of a heading or a table, or a bullet."""
        if body == "--" and self.signs(at):
            self.signed = any(not part.quoted for part in self.parts)
            self.part = None
            return at + 1
        signs = set(body)
        if signs <= {body[0], " "} and (body[0] in "-=" or len(body) > 2):
            self.part = None
            return at + 1
        if signs <= set("|:-+= ") and "-" in signs and ("|" in signs or "+" in signs):
            return self.under(at)
        return self.bullet(at, body)

    def signs(self, at: int) -> bool:
        """Return whether the dashes at `at` open a signature and underline no heading."""
        short = self.blank and len(self.lines) - at <= _SIGNATURE_LINES + 1
        return not self.quoted and (self.lines[at] == "-- " or short)

    def under(self, at: int) -> int:
        if self.part and self.part.lines:
            self.row(self.part.lines.pop())
        self.part, self.table = None, True
        return at + 1

    def bullet(self, at: int, body: str) -> int:
        mark = _BULLET.match(body)
        if not mark:
            return -1
        rest = body[mark.end() :]
        self.part, self.listed = None, True
        after = self.fence(at, rest) if rest[:3] in ("```", "~~~") else -1
        if after < 0 and rest:
            self.say(rest)
        return max(after, at + 1)

    def pipe(self, at: int, body: str) -> int:
        if set(body) <= set("|:-+= ") and "-" in body:
            return self.under(at)
        if not self.table and not body.endswith("|"):
            return -1
        self.row(body)
        return at + 1

    def formula(self, at: int, body: str) -> int:
        """Take a formula of several lines, whose lines may look like lists or quotes."""
        mark = _TEX.match(body)
        if not mark:
            return -1
        closer = {"$$": "$$", "\\[": "\\]"}.get(mark.group(), f"\\end{{{mark[1]}}}")
        if closer in body[mark.end() :] or closer in self.dead:
            return -1
        for end in range(at + 1, len(self.lines)):
            head, found, tail = self.lines[end].partition(closer)
            if found:
                inner = [body[mark.end() :], *self.lines[at + 1 : end], head]
                self.put(tex("\n".join(inner)), raw=True)
                if tail.strip():
                    self.say(tail.strip())
                return end + 1
        self.dead.add(closer)
        return -1

    def bracket(self, at: int, body: str) -> int:
        if body.startswith("[quote") and body.endswith("]"):
            return self.enter(at, ("[", 0, self.quoted), "quote")
        if body.lower() == "[/quote]" and self.leave("[", 0):
            return at + 1
        ref = _REF.match(body)
        if not ref:
            return -1
        self.post.found.refs[ref[1].lower()] = ref[2]
        self.post.found.link(ref[2])
        return at + 1

    def remark(self, at: int, body: str) -> int:
        """Skip a comment; like the sites do, an unclosed one runs to the end."""
        if not body.startswith("<!--"):
            return -1
        text = body[4:]
        for end in range(at + 1, len(self.lines) + 1):
            _, found, tail = text.partition("-->")
            if found:
                if tail.strip():
                    self.say(tail.strip())
                return end
            text = self.lines[end] if end < len(self.lines) else ""
        return len(self.lines)

    def sent(self, at: int, body: str) -> int:
        if body[:4].lower() not in _SENT_HEADS:
            return -1
        return at + 1 if len(body) <= 80 and _SENT.match(body) and self.parts else -1


def _credits(line: str) -> bool:
    """Return whether `line` only says whose words follow."""
    if len(line) > 600 or not _CREDIT.search(line):
        return False
    return 1 < len(line.split()) <= 8 or line.startswith(_DATED)


_HEADS: dict[str, Callable[[_Scan, int, str], int]] = {
    "`": _Scan.fence,
    "~": _Scan.fence,
    ">": _Scan.quote,
    "#": _Scan.heading,
    **dict.fromkeys("-*+=_", _Scan.dash),
    **dict.fromkeys("0123456789•", _Scan.bullet),
    "|": _Scan.pipe,
    "$": _Scan.formula,
    "\\": _Scan.formula,
    "[": _Scan.bracket,
    "<": _Scan.remark,
    **dict.fromkeys("SsGg", _Scan.sent),
}
# What starts a line that may be more than words of its paragraph; white space may indent code.
_OPENING = frozenset({*_HEADS, " ", "\t"})
