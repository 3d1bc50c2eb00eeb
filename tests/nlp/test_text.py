"""Plain text of community posts: one exact value per rule, in invented words."""

import gzip
import json
import re
import time
import unicodedata
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.text import blocks, chars, content_hash, inline, plain, readable, sentences

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LONG_TEX = "x^2 + " * 20


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# Head #\n## C#\nbody", "Head\nC#\nbody"),
        ("Title\n=====\nbody", "Title\nbody"),
        ("- [x] one\n- two\n  more\n2. three", "one\ntwo more\nthree"),
        ("a\n\n* * *\n\nb", "a\nb"),
        ("soft\nbreak\n\n\nnext   para", "soft break\nnext para"),
        ("**b** _i_ ~~s~~ *e* snake_case 2*3*4 a * b", "b i s e snake_case 2*3*4 a * b"),
        ("use `foo_bar *x*` and ``a`b``", "use foo_bar *x* and a`b"),
        ("an open ` tick", "an open ` tick"),
        ("| a | b |\n|---|:-:|\n| 1 \\| 2 | **c** |\nend", "a b\n1 | 2 c\nend"),
        ("a | b\n--|--\n1 | 2\n\nx | y", "a b\n1 2\nx | y"),
        (
            ":+1: :smile_cat::tada: at 10:30:45 std::vec::x",
            "+1 smile cat tada at 10:30:45 std::vec::x",
        ),
        ("fine \U0001f469\u200d\U0001f4bb", "fine \U0001f469\u200d\U0001f4bb"),
        (
            "&lt;b&gt; &amp; a&nbsp;b <b>x</b><br>y List<Nat> <!-- no --> z",
            "<b> & a b x y List<Nat> z",
        ),
        ("<!-- fill\nthis in -->\nok", "ok"),
        ("a\u200bb\x00c\u202e e\u0301", "abc \u00e9"),
        ("a\u200cb", "ab"),
        ("a\u200d \u0915\u200d\u3000\u200c b", "a \u0915\u200d \u200c b"),
        ("cost $5 and $10, \\*star\\*", "cost $5 and $10, *star*"),
        ("let $a_1 + b$, $$c$$ and \\(y^2\\)", "let a_1 + b, c and y^2"),
        (f"so ${LONG_TEX.strip()}$ holds", "so [math] holds"),
        ("$$\n- a\n+ b\n$$ tail", "- a + b\ntail"),
        (f"$$\n{LONG_TEX}\n$$", "[math]"),
        ("```math\n\\frac{a}{b}\n```", "\\frac{a}{b}"),
        ("see ![pic](https://e.org/u.png)", "see [image]"),
        ("in #**general>tea time** now", "in general > tea time now"),
        ("x[i][j] and [note]", "x[i][j] and [note]"),
        ("body\n-- \nBob\n555", "body"),
        ("body\n\n--\nBob", "body"),
        ("Title\n--\nbody", "Title\nbody"),
        ("body\n\nSent from my toaster", "body"),
        ("a\n```spoiler why\nb `c`\n```\nd", "a\nwhy\nb c\nd"),
        ("```text\nplain words\n```", "plain words"),
        ("", ""),
        ("> \n", ""),
    ],
)
def test_words(source: str, text: str) -> None:
    assert plain(source).text == text


@pytest.mark.parametrize(
    ("source", "text", "code"),
    [
        ("run\n```py\nx = 1\n\ny\n```\nok", "run\n[code]\nok", ("x = 1\n\ny",)),
        ("~~~\na\n~~~~\nb", "[code]\nb", ("a",)),
        ("````\n```\nin\n```\n````", "[code]", ("```\nin\n```",)),
        ("```\nopen\n\n> end", "[code]", ("open\n\n> end",)),
        ("a\n\n    x = 1\n\n      y\n\nb", "a\n[code]\nb", ("x = 1\n\n  y",)),
        ("- a\n\n    still a", "a\nstill a", ()),
        ("- a\n\nb\n\n    x", "a\nb\n[code]", ("x",)),
        ("- ```\n  x\n  ```", "[code]", ("  x",)),
        ("```not a fence``` here", "not a fence here", ()),
        ("```\n```", "", ()),
    ],
)
def test_code(source: str, text: str, code: tuple[str, ...]) -> None:
    post = plain(source)
    assert (post.text, post.code) == (text, code)


@pytest.mark.parametrize(
    ("source", "text", "quoted"),
    [
        ("Hi\n\n> q1\n> > q2\nreply", "Hi\nreply", "q1 q2"),
        ("Ann Lee said:\n\n> no\n\nyes", "yes", "Ann Lee said:\nno"),
        ("That said:\nno quote here", "That said: no quote here", ""),
        (
            "On 1 Jan at 10:00, Ann <a@b.c>\nwrote:\n> old\nnew",
            "new",
            "On 1 Jan at 10:00, Ann <a@b.c> wrote:\nold",
        ),
        ("a\n```quote\nhey\n```py\nx\n```\nso\n```\nb", "a\nb", "hey\n[code]\nso"),
        ('[quote="bob, post:1"]\nhey\n[/quote]\nyes', "yes", "hey"),
        ("> only *this*", "only this", ""),
        (">! the butler", "the butler", ""),
        ("sig\n-- \nBob\n> old", "sig", "old"),
    ],
)
def test_quotes(source: str, text: str, quoted: str) -> None:
    post = plain(source)
    assert (post.text, post.quoted) == (text, quoted)


@pytest.mark.parametrize(
    ("source", "text", "links"),
    [
        (
            "See https://www.github.com/org/tool/pull/12.",
            "See github.com tool pull 12.",
            ("https://www.github.com/org/tool/pull/12",),
        ),
        (
            "https://e.org/questions/1/why-do-birds-sing-at-dawn?x=1",
            "e.org why do birds sing at",
            ("https://e.org/questions/1/why-do-birds-sing-at-dawn?x=1",),
        ),
        (
            "https://z.org/#narrow/stream/1/topic/tea.20time/near/3",
            "z.org tea time",
            ("https://z.org/#narrow/stream/1/topic/tea.20time/near/3",),
        ),
        (
            "https://e.org/commit/0123456789abcdef01",
            "e.org commit",
            ("https://e.org/commit/0123456789abcdef01",),
        ),
        (
            'the [**docs**](https://e.org/a "t") <https://e.org/b>',
            "the docs e.org b",
            ("https://e.org/a", "https://e.org/b"),
        ),
        (
            "tool#12 (https://e.org/a_(b)), twice https://e.org/a_(b)",
            "tool#12, twice e.org a b",
            ("https://e.org/a_(b)",),
        ),
        ("[a][1] [1]\n\n[1]: https://r.org/z", "a 1", ("https://r.org/z",)),
        ("[![alt](https://e.org/i.png)](https://e.org/p)", "[image]", ("https://e.org/p",)),
        ("[x](javascript:no)", "x", ()),
        ("@http://e.org/a", "http://e.org/a", ()),
        ("x \\(https://e.org/a)", "x (e.org a)", ("https://e.org/a",)),
        ('<a href="https://e.org/?a=1&amp;b">t</a>', "t", ("https://e.org/?a=1&b",)),
    ],
)
def test_links(source: str, text: str, links: tuple[str, ...]) -> None:
    post = plain(source)
    assert (post.text, post.links) == (text, links)


def test_mentions() -> None:
    post = plain("@**Ann Lee** @_**Bob|12** @*crew* @cy. a@b.org @[simp] @**Ann Lee**")
    assert post.text == "Ann Lee Bob crew cy. a@b.org @[simp] Ann Lee"
    assert post.mentions == ("Ann Lee", "Bob", "crew", "cy")


def test_zulip_quote() -> None:
    post = plain("@_**Ann|12** [said](https://z.org/#narrow/near/2):\n```quote\nhey\n```\nok")
    assert (post.text, post.quoted) == ("ok", "Ann said:\nhey")
    assert (post.links, post.mentions) == (("https://z.org/#narrow/near/2",), ("Ann",))


KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi>'
    '<annotation encoding="application/x-tex">x^2</annotation></semantics></math></span>'
    '<span class="katex-html">x2</span></span>'
)


@pytest.mark.parametrize(
    ("html", "markdown", "text"),
    [
        (
            "<p>a <em>b</em> <strong>c</strong></p><p>d<br>e</p>",
            "a *b* **c**\n\nd\ne",
            "a b c\nd e",
        ),
        (
            "<p>a &lt;b&gt; c* _z_</p><p># 1</p><p>2. x</p>",
            "a \\<b> c\\* \\_z\\_\n\n\\# 1\n\n2\\. x",
            "a <b> c* _z_\n# 1\n2. x",
        ),
        (
            '<div class="codehilite" data-code-language="Lean4"><pre><span></span><code>def x\n\n'
            "  ```\n</code></pre></div>",
            "````Lean4\ndef x\n\n  ```\n````",
            "[code]",
        ),
        ('<pre><code class="lang-py">x = 1</code></pre>', "```py\nx = 1\n```", "[code]"),
        ("<p>use <code>a`b</code></p>", "use ``a`b``", "use a`b"),
        (
            "<blockquote><p>q</p><blockquote>r</blockquote></blockquote><p>yes</p>",
            "> q\n>\n> > r\n\nyes",
            "yes",
        ),
        (f"<p>so {KATEX}</p>", "so $x^2$", "so x^2"),
        (f'<span class="katex-display">{KATEX}</span>', "$$x^2$$", "x^2"),
        ("<p>let $a_b$ be</p>", "let $a_b$ be", "let a_b be"),
        (
            '<p><span class="user-mention" data-user-id="1">@Ann Lee</span> hi</p>',
            "@**Ann Lee** hi",
            "Ann Lee hi",
        ),
        (
            '<p>ok <span class="emoji emoji-1f642" title="smile">:smile:</span></p>',
            "ok :smile:",
            "ok smile",
        ),
        (
            '<p>ok <img class="emoji" alt=":tea_pot:" src="/e.png"></p>',
            "ok :tea_pot:",
            "ok tea pot",
        ),
        (
            '<div class="spoiler-block"><div class="spoiler-header"><p>Who</p></div>'
            '<div class="spoiler-content"><p>me</p></div></div>',
            "Who\n\nme",
            "Who\nme",
        ),
        (
            '<a class="stream" href="/#narrow/channel/1">#tea</a>',
            "[#tea](/#narrow/channel/1)",
            "#tea",
        ),
        (
            '<div class="message_inline_image"><a href="/u/i.png"><img src="/u/i.png"></a></div>',
            "[![](/u/i.png)](/u/i.png)",
            "[image]",
        ),
        (
            '<aside class="quote" data-username="bob"><div class="title">bob:</div><blockquote>'
            '<p>hey</p></blockquote></aside><p>Yes <a class="mention" href="/u/al">@al</a></p>',
            "bob said:\n\n> hey\n\nYes @al",
            "Yes al",
        ),
        (
            '<aside class="onebox" data-onebox-src="https://e.org/a"><p>Long preview</p></aside>',
            "https://e.org/a",
            "e.org a",
        ),
        (
            "<ul><li>a<ol><li>b</li><li>c</li></ol></li><li><p>d</p></li></ul>",
            "- a\n  1. b\n  2. c\n- d",
            "a\nb\nc\nd",
        ),
        (
            "<table><tr><th>a</th><th>b|c</th></tr><tr><td>1</td><td><p>2</p></td></tr></table>",
            "| a | b\\|c |\n| --- | --- |\n| 1 | 2 |",
            "a b|c\n1 2",
        ),
        (
            '<p><a href="javascript:x">t</a> <a href="https://e.org/a">https://e.org/a</a></p>',
            "t https://e.org/a",
            "t e.org a",
        ),
        ("<h2>Head</h2><hr>x<script>bad()</script>", "## Head\n\n---\n\nx", "Head\nx"),
        ("Hi<br>-- <br>Bob", "Hi\n--\nBob", "Hi\nBob"),
        ("<p>open <b>bold<p>next", "open **bold**\n\nnext", "open bold\nnext"),
        ('<meta charset="iso-8859-1">\u00e9', "\u00e9", "\u00e9"),
        ("", "", ""),
        ("<", "<", "<"),
    ],
)
def test_html(html: str, markdown: str, text: str) -> None:
    assert readable(html) == markdown
    assert plain(html, "html").text == text


def test_html_too_deep() -> None:
    """The parser drops what lies too deep, so the post comes back as it was."""
    html = "<div>" * 400 + "deep"
    assert readable(html) == html
    assert plain(html, "html").text == "deep"


def test_content_hash() -> None:
    assert len(content_hash("a")) == 16
    assert content_hash(" caf\u00e9\n x ") == content_hash("cafe\u0301 x")
    assert content_hash("a b") != content_hash("ab")
    assert content_hash("\ud800") != content_hash("\ud801")
    assert content_hash("").hex() == "cae66941d9efbd404e4d88758ea67670"


def test_sentences() -> None:
    text = 'Hi there. See e.g. Dr. Who? Yes!\nA "one." It is 3.5 x'
    parts = [text[start:end] for start, end in sentences(text)]
    assert parts == ["Hi there.", "See e.g. Dr. Who?", "Yes!", 'A "one."', "It is 3.5 x"]
    assert sentences(" \n ") == []


HARD = [
    "[", ">", "`", "*", "$", "a@", ":", "<", "http://", "\n", "(", "-- \n", ":a", "](", "![a](b) ",
    "_a ", "`a``b", "<a ", "<!--", "&a", "\\(", "$$a\n\n", "> a\n", "- a\n", "|a|\n", "```a\n",
    "```quote\n", "x said:\n\n", "    a\n", "@**a", "\u0301\u0316", "\u200d", "\ud800", "(http://",
    "http://a)", "#", "\\begin{align}\n", ".", "[a][", "]", "<div>", "<b><p>", "<li>", "<td>",
    "<pre>", "<em>a</em>", "<blockquote>", "`a` ", "a:// ", "(http://a(",
]  # fmt: skip


@pytest.mark.parametrize("unit", HARD, ids=[repr(unit) for unit in HARD])
def test_linear(unit: str) -> None:
    """100 kB of one construct takes a tenth of a second or so; a square would take minutes."""
    source = unit * (100_000 // len(unit))
    start = time.process_time()
    plain(source)
    plain(source, "html")
    sentences(source)
    content_hash(source)
    assert time.process_time() - start < 2


MARKS = st.lists(
    st.one_of(
        st.sampled_from([*HARD, "```", "~~~", "\n\n", "$$", "\\[", "</", "</b>", "</li>", "<tr>",
                         "</table>", "[/quote]", "[quote]", "-->", "| - |", "@**a|1**", "--"]),
        st.text(max_size=5),
    ),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.one_of(st.text(st.characters(), max_size=200), MARKS))
def test_never_raises(source: str) -> None:
    for post in (plain(source), plain(source, "html")):
        assert post.text == " ".join(post.text.split(" "))
        assert "\n\n" not in post.text
    content_hash(readable(source))
    for start, end in sentences(source):
        assert source[start:end].strip() == source[start:end] != ""


class Every(frozenset[str]):
    """The set of all signs: no line is taken for mere words."""

    def __contains__(self, sign: object) -> bool:
        return True


# What the short cuts tell apart: idle and live marks, pairs of ticks, kinds of white space.
PIECES = st.lists(
    st.sampled_from([
        "`", "``", " `a b ` ", "*", "**", "_", "~~", "[", "]", "![", "](http://a)", "[^", "$", "a$",
        "@al", "@**A|1**", "#", "#**", "#**a>b**", "#1", ":", ":a:", ":+1:", ": ", "!", "<", "<b>",
        "&", "&amp;", "&#x301;", "\\", "\\`", "\\(", "/", "//", "http", "https://e.org/a", "(",
        "(http://a.b)", "ftp://q.r", "sftp://x", ")", "x", "Sent from my", "S", "9", "1. ", "- ",
        "# ", "> ", "|", "--", "---\n", "|-|\n", "```", "    ", "\t", "\xa0", "\u3000\u200d", "  ",
        " ", "\n", "\n\n", "\r", "\r\n", "\ufeff", "\u200b", "\u0301", "\u00e9", "\x85", "\x7f",
    ]),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True)
@given(PIECES)
def test_short_cuts_agree(source: str) -> None:
    """Every line through the scan and every paragraph token by token gives the same post."""
    short = plain(source)
    signs = re.compile(r"[\\`$@*_~\[\]<&:!#]")
    with (
        mock.patch.object(blocks, "_OPENING", Every()),
        mock.patch.multiple(inline, _SIGN=signs, _unticked=lambda text: None),
        mock.patch.multiple(chars, _NOISY=re.compile(""), _LOOSE=re.compile("")),
    ):
        assert plain(source) == short


def test_composition_is_seen() -> None:
    """No character that NFC changes, joins or reorders is taken for settled."""
    for code in (*range(0x80, 0xD800), *range(0xE000, 0x1F000), *range(0x2F800, 0x2FA20)):
        for text in (chr(code), f"a{chr(code)}", f"\u0301{chr(code)}"):
            if not chr(code).isspace() and not unicodedata.is_normalized("NFC", text):
                assert chars.nfc(text) == unicodedata.normalize("NFC", text)


def test_speed_on_chat() -> None:
    """Real chat, where it is at hand: 2,000 posts in well under a second."""
    path = DATA / "lean_zulip" / "messages.jsonl.gz"
    if not path.exists():
        pytest.skip("no shared data")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        posts = [json.loads(line)["text"] for _, line in zip(range(2000), file, strict=False)]
    start = time.process_time()
    texts = [plain(post).text for post in posts]
    assert time.process_time() - start < 2
    assert sum(not text for text in texts) < 5
