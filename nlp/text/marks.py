"""Inline HTML in Markdown: formulas, images, mentions, links, code."""

import re

from lxml import etree

from nlp.text.urls import safe

_MENTIONS = frozenset({"user-mention", "user-group-mention", "mention", "mention-group"})
_LEAD = re.compile(r"#{1,6}(?=\s)|[-+](?=\s)|[=|]|-{3,}$|`{3}|~{3}|\d{1,3}(?=[.)]\s)")
_LANG = re.compile(r"(?:lang(?:uage)?-|highlight-source-)([\w+#.-]{1,30})")


def special(el: etree._Element, tag: str, kinds: list[str]) -> str | None:
    """Return what an inline element is in Markdown, None when its own text says it."""
    if tag == "code":
        return span(text(el))
    if tag == "img":
        return image(el, "emoji" in kinds)
    if tag == "span" and "emoji" in kinds:
        return text(el)
    if tag in ("span", "a") and not _MENTIONS.isdisjoint(kinds):
        return mention(el, kinds)
    if tag == "aside" and "onebox" in kinds:
        return onebox(el)
    return formula(el, tag, kinds)


def formula(el: etree._Element, tag: str, kinds: list[str]) -> str | None:
    if tag == "math" or "katex" in kinds:
        note = next(el.iter("annotation"), None)
        parent = el.getparent()
        block = parent is not None and "katex-display" in parent.get("class", "").split()
        return None if note is None else dollars(text(note), block)
    if tag in ("span", "div") and "math" in kinds:
        return dollars(text(el), tag == "div")
    return None


def dollars(tex: str, block: bool) -> str:
    mark = "$$" if block else "$"
    return mark + " ".join(tex.split()) + mark


def span(text: str) -> str:
    flat = " ".join(text.split())
    fence = "`" * (ticks(flat) + 1)
    pad = " " if flat[:1] == "`" or flat[-1:] == "`" else ""
    return fence + pad + flat + pad + fence if flat else ""


def ticks(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def image(el: etree._Element, emoji: bool) -> str:
    name = el.get("alt") or el.get("title") or ""
    if emoji:
        return name
    source = el.get("src", "")
    alt = " ".join(re.sub(r"[\[\]]", " ", name).split())
    return f"![{alt}]({address(source)})" if safe(source) else f"![{alt}]()"


def mention(el: etree._Element, kinds: list[str]) -> str:
    name = " ".join(re.sub(r"[*|]", " ", text(el)).split()).lstrip("@")
    if "user-mention" not in kinds and "user-group-mention" not in kinds and " " not in name:
        return "@" + name
    return f"@_**{name}**" if "silent" in kinds else f"@**{name}**"


def onebox(el: etree._Element) -> str:
    links = [str(link.get("href")) for link in el.iter("a") if link.get("href")]
    url = el.get("data-onebox-src") or next(iter(links), "")
    return f" {url} " if safe(url) else " "


def link(core: str, href: str, whole: bool) -> str:
    plain = core.replace("\\", "")
    if not safe(href) or not (core or not whole):
        return core
    if not core or plain in (href, href.partition("://")[2]):
        return href
    return f"[{core}]({address(href)})"


def address(url: str) -> str:
    url = re.sub(r"[<>\n]", "", url)
    return f"<{url}>" if re.search(r"[\s()]", url) else url


def noise(el: etree._Element, kinds: list[str]) -> bool:
    """Return whether a site added this part: link previews, image sizes, the titles of quotes."""
    if "message_embed" in kinds:
        return True
    parent = el.getparent()
    around = "" if parent is None else parent.get("class", "")
    return ("title" in kinds and "quote" in around) or ("meta" in kinds and "lightbox" in around)


def language(el: etree._Element) -> str:
    parent, code = el.getparent(), el.find("code")
    for holder in (code, el, parent):
        if holder is None:
            continue
        if named := _LANG.search(holder.get("class", "")):
            return named[1]
        if language := holder.get("data-code-language"):
            return str(language).replace(" ", "-").replace("`", "")
    return ""


def text(el: etree._Element) -> str:
    return "".join(str(piece) for piece in el.itertext())


def name(el: etree._Element) -> str:
    return el.tag if isinstance(el.tag, str) else ""


def escape(found: re.Match[str]) -> str:
    return found.group() if found["tex"] else "\\" + found.group()


def lead(line: str) -> str:
    """Return `line` with what would open a block at its start escaped."""
    found = _LEAD.match(line)
    if not found:
        return line
    at = found.end() if line[0].isdigit() else 0
    return line[:at] + "\\" + line[at:]
