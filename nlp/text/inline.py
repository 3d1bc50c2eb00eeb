"""Inline Markdown to words: one pass from left to right, each character looked at a few times.

Closing marks are found through indexes and memos, never by a pattern that may backtrack, so
that no post can make the pass slower than linear.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from html import unescape

from nlp.text.chars import clean, flat
from nlp.text.urls import safe, trim, words

TEX_LIMIT = 80
_FLAT = r"[^\s()<>]*+(?:\([^\s()<>]*+\)[^\s()<>]*+)*+"
# What begins a token, or ends the scheme of an address. The class comes first: the search for
# one is several times as fast as for alternatives. The rest leaves out marks that stand alone.
_SIGN = re.compile(
    r"[\\`$@*_~\[\]<&:!#](?:(?<![:!#])|(?<=:)(?=[/a-z0-9+-])|(?<=!)(?=\[)|(?<=#)(?=\*))"
)
_PATTERNS = {
    "\\": r"\\(?P<escape>[!-/:-@\[-`{-~])",
    "`": r"`(?P<code>[^`]++)`(?!`) | (?P<ticks>`+)",
    "$": r"(?P<tex>\${1,2})",
    "@": r"""(?P<mention>@_?\*{1,2}(?P<who>[^*|]{1,100})(?:\|\d{1,12})?\*{1,2}
        | (?<![\w@./])@(?P<user>\w[\w.-]{0,63}))""",
    "#": r"(?P<stream>\#\*\*(?P<room>[^*]{1,200})\*\*)",
    "<": r"""(?P<auto><(?P<within>(?:https?|ftp)://[^\s<>]++)>)
        | (?P<remark><!--)
        | (?P<tag></?(?P<element>[a-zA-Z][a-zA-Z0-9]{0,10})(?P<rest>(?=[\s/>])[^<>]{0,1000})>)""",
    "!": r"(?P<image>!\[)",
    "[": r"(?P<open>\[++)",
    "]": r"""(?P<close>\](?:
        \([ ]?(?:<(?P<boxed>[^<>]*+)>|(?P<bare>"""
    + _FLAT
    + r"""))(?:[ ](?:"[^"]*+"|'[^']*+'))?[ ]?\)
        | \[(?P<label>[^\[\]]{0,200})\])?)""",
    "*": r"(?P<marks>\*+)",
    "_": r"(?P<marks>_+)",
    "~": r"(?P<marks>~~)",
    ":": r"(?P<emoji>(?<!\w):(?P<name>[+-]1|[a-z0-9][a-z0-9_+-]{0,60}):(?!\w))",
    "&": r"(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)",
}
_TOKENS = {sign: re.compile(pattern, re.X).match for sign, pattern in _PATTERNS.items()}
_ASIDE = re.compile(rf"(?P<aside>\((?P<aim>https?://{_FLAT})\))")
_URL = re.compile(
    r"""(?P<url>(?:https?|ftp)://[^\s<>"`\[\]\u3001\u3002\u300d\u300f\u3011\uff09\uff0c]+)"""
)
_TICKS = re.compile("`+")
_HREF = re.compile(r"""\bhref ?= ?["']?([^"'\s>]+)""")
_TAG_NAMES = (
    "a abbr b big blockquote br center code dd del details div dl dt em font h1 h2 h3 h4 h5 h6 "
    "hr i img ins kbd li mark ol p picture pre q s samp small source span strike strong sub "
    "summary sup table tbody td th thead tr tt u ul var video"
)
_TAGS = frozenset(_TAG_NAMES.split())
_TIGHT_NAMES = "a abbr b code del em font i ins kbd mark s span strong sub sup u var"
_TIGHT = frozenset(_TIGHT_NAMES.split())
_TEX_SIGNS = re.compile(r"[\\^{]")


def tex(body: str) -> str:
    """Return a short formula as it stands and a long one as `[math]`."""
    body = flat(body)
    return body if len(body) <= TEX_LIMIT else "[math]"


class Found:
    """The links and mentions of one post, distinct, in order of appearance."""

    def __init__(self) -> None:
        self.links: dict[str, None] = {}
        self.mentions: dict[str, None] = {}
        self.refs: dict[str, str] = {}

    def link(self, url: str) -> None:
        url = clean(url)
        if safe(url):
            self.links[url] = None


def words_of(text: str, found: Found) -> str:
    """Return the words of one paragraph; its links and mentions are added to `found`."""
    text = flat(clean(text))
    if not _SIGN.search(text):
        return text
    bare = _unticked(text)
    return walk(text, found) if bare is None else bare


def _unticked(text: str) -> str | None:
    """Return `text` without its backticks, None unless pairs of single ones are all its marks."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0 or "``" in text or _SIGN.search("".join(pieces[::2])):
        return None
    pieces[1::2] = [code.strip() for code in pieces[1::2]]
    return flat("".join(pieces))


def walk(text: str, found: Found) -> str:
    """Return what `words_of` does, token by token; `text` is clean and has single blanks."""
    return flat(_Pass(text, found).run())


class _Pass:
    def __init__(self, text: str, found: Found) -> None:
        self.text = text
        self.found = found
        self.out: list[str] = []
        self.brackets: list[tuple[int, int, bool]] = []
        self.marks: dict[tuple[str, int], int] = {}
        self.ticks: dict[int, list[int]] | None = None
        self.dead: set[str] = set()
        self.emoji_end = -1

    def run(self) -> str:
        pos, text, out = 0, self.text, self.out
        sign = _SIGN.search(text)
        while sign:
            at = sign.start()
            token = self.token(at, pos)
            if token:
                if token.start() > pos:
                    out.append(text[pos : token.start()])
                pos = at = _HANDLERS[token.lastgroup or ""](self, token)
            else:
                at += 1
            sign = _SIGN.search(text, at)
        out.append(text[pos:])
        return "".join(out)

    def token(self, at: int, pos: int) -> re.Match[str] | None:
        """Return the token whose sign is at `at`, where all before `pos` is taken."""
        mark = self.text[at]
        if mark == ":" and self.text.startswith("//", at + 1):
            return self.address(at, pos)
        return _TOKENS[mark](self.text, at)

    def address(self, at: int, pos: int) -> re.Match[str] | None:
        """Return the address whose scheme ends at `at` and starts at `pos` or later."""
        for scheme in ("https", "http", "ftp"):
            start = at - len(scheme)
            if start >= pos and self.text.startswith(scheme, start):
                aside = start > pos and _ASIDE.match(self.text, start - 1)
                return aside or _URL.match(self.text, start)
        return None

    def escape(self, token: re.Match[str]) -> int:
        sign = token["escape"]
        if sign in "([":
            end = self.find("\\" + ")]"["([".index(sign)], token.end())
            body = self.text[token.end() : max(end, 0)]
            if _TEX_SIGNS.search(body):
                self.out.append(tex(body))
                return end + 2
        self.out.append(sign)
        return token.end()

    def find(self, closer: str, pos: int) -> int:
        """Return where `closer` next stands, or -1; a failed search is not made again."""
        if closer in self.dead:
            return -1
        end = self.text.find(closer, pos)
        if end < 0:
            self.dead.add(closer)
        return end

    def code(self, token: re.Match[str]) -> int:
        self.out.append(token["code"].strip())
        return token.end()

    def span(self, token: re.Match[str]) -> int:
        """Take code between runs of backticks, or the run alone where none of its size follows."""
        if self.ticks is None:
            self.ticks = {}
            for run in _TICKS.finditer(self.text):
                self.ticks.setdefault(len(run.group()), []).append(run.start())
        size = len(token.group())
        starts = self.ticks.get(size, [])
        at = bisect_left(starts, token.end())
        if at == len(starts):
            self.out.append(token.group() if size < 3 else " ")
            return token.end()
        self.out.append(self.text[token.end() : starts[at]].strip())
        return starts[at] + size

    def formula(self, token: re.Match[str]) -> int:
        sign = token.group()
        end = self.find(sign, token.end())
        body = self.text[token.end() : max(end, 0)]
        if end >= 0 and _is_tex(sign, body, self.text[end + 1 : end + 2]):
            self.out.append(tex(body))
            return end + len(sign)
        self.out.append(sign)
        return token.end()

    def mention(self, token: re.Match[str]) -> int:
        name = (token["who"] or token["user"].rstrip(".-")).strip()
        self.found.mentions[name] = None
        self.out.append(name)
        return token.end() if token["who"] else token.start() + 1 + len(name)

    def stream(self, token: re.Match[str]) -> int:
        self.out.append(token["room"].replace(">", " > "))
        return token.end()

    def aside(self, token: re.Match[str]) -> int:
        """Drop the target of a link that was flattened to `words (address)`."""
        self.found.link(token["aim"])
        if not token.start():
            self.out.append(words(token["aim"]))
        elif self.out:
            self.out[-1] = self.out[-1].rstrip()
        return token.end()

    def auto(self, token: re.Match[str]) -> int:
        self.found.link(token["within"])
        self.out.append(words(token["within"]))
        return token.end()

    def url(self, token: re.Match[str]) -> int:
        url = trim(token.group())
        whole = url.replace("\\", "")
        self.found.link(whole)
        self.out.append(words(whole))
        return token.start() + len(url)

    def open(self, token: re.Match[str]) -> int:
        """Note where a link may start; of a run only the last bracket, as the run may be long."""
        image, run = token.lastgroup == "image", token.group()
        mark = run if image else "["
        self.out.append(run[: len(run) - len(mark)])
        self.brackets.append((len(self.out), token.end(), image))
        self.out.append(mark)
        return token.end()

    def close(self, token: re.Match[str]) -> int:
        if not self.brackets:
            self.out.append("]")
            return token.start() + 1
        at, start, image = self.brackets.pop()
        target = self.target(token, start)
        if target is None:
            self.out.append("]")
            return token.start() + 1
        if image:
            self.replace(at, "[image]")
        else:
            self.out[at] = ""
            self.found.link(target)
        return token.end()

    def target(self, token: re.Match[str], start: int) -> str | None:
        if token["boxed"] is not None or token["bare"] is not None:
            return token["boxed"] or token["bare"] or ""
        if not self.found.refs:
            return None
        label = token["label"] or self.text[start : min(token.start(), start + 200)]
        return self.found.refs.get(label.lower())

    def replace(self, at: int, token: str) -> None:
        del self.out[at:]
        self.out.append(token)
        self.marks = {mark: seat for mark, seat in self.marks.items() if seat < at}

    def emphasis(self, token: re.Match[str]) -> int:
        run = token.group()
        before = self.text[token.start() - 1 : token.start()] or " "
        after = self.text[token.end() : token.end() + 1] or " "
        key, loose = (run[0], len(run)), run in ("**", "~~")
        closes = not before.isspace() and (loose or not _letter(after, run))
        if closes and key in self.marks:
            self.out[self.marks.pop(key)] = ""
            return token.end()
        if len(run) < 4 and not after.isspace() and (loose or not _letter(before, run)):
            self.marks[key] = len(self.out)
        self.out.append(run)
        return token.end()

    def emoji(self, token: re.Match[str]) -> int:
        start = token.start()
        if self.text[start - 1 : start] == ":" and start != self.emoji_end:
            self.out.append(":")
            return start + 1
        gap = " " if start == self.emoji_end else ""
        self.emoji_end = token.end()
        self.out.append(gap + token["name"].replace("_", " "))
        return token.end()

    def remark(self, token: re.Match[str]) -> int:
        end = self.find("-->", token.end())
        if end < 0:
            self.out.append(token.group())
            return token.end()
        return end + 3

    def tag(self, token: re.Match[str]) -> int:
        name = token["element"].lower()
        if name not in _TAGS:
            self.out.append(token.group())
            return token.end()
        href = _HREF.search(token["rest"]) if name == "a" else None
        if href:
            self.found.link(unescape(href[1]))
        self.out.append("[image]" if name == "img" else "" if name in _TIGHT else " ")
        return token.end()

    def entity(self, token: re.Match[str]) -> int:
        self.out.append(clean(unescape(token.group())))
        return token.end()


def _is_tex(sign: str, body: str, after: str) -> bool:
    """Return whether dollars enclose a formula and no prices, paths or prose."""
    if not body.strip() or (sign == "$" and (body != body.strip() or after.isdigit())):
        return False
    return sign == "$$" or len(body) <= TEX_LIMIT or bool(_TEX_SIGNS.search(body))


def _letter(sign: str, run: str) -> bool:
    return sign.isalnum() and (run[0] == "_" or sign.isascii())


_HANDLERS: dict[str, Callable[[_Pass, re.Match[str]], int]] = {
    "escape": _Pass.escape,
    "code": _Pass.code,
    "ticks": _Pass.span,
    "tex": _Pass.formula,
    "mention": _Pass.mention,
    "stream": _Pass.stream,
    "aside": _Pass.aside,
    "auto": _Pass.auto,
    "url": _Pass.url,
    "image": _Pass.open,
    "open": _Pass.open,
    "close": _Pass.close,
    "marks": _Pass.emphasis,
    "emoji": _Pass.emoji,
    "remark": _Pass.remark,
    "tag": _Pass.tag,
    "entity": _Pass.entity,
}
