"""Community posts to plain text: what the encoder and the topic words see of HTML and Markdown.

Code, quotes, links, mentions and emoji are reduced to what carries meaning, so that they neither
drown a post nor vanish from it, and are kept apart, whole, for display and search.
"""

from dataclasses import dataclass
from typing import Literal

from nlp.text.blocks import read
from nlp.text.chars import content_hash, nfc, sentences
from nlp.text.page import readable

__all__ = ["PlainText", "content_hash", "plain", "readable", "sentences"]


@dataclass(frozen=True, slots=True)
class PlainText:
    """One post in words: `text` for the encoder, the rest for display, search and the graph.

    `quoted` is left out of `text`, except when the post is nothing but a quote: then the words
    are the `text`, so that the post does not vanish, and `quoted` is empty. `code`, `links` and
    `mentions` cover quotes too; links and mentions are distinct and in order.
    """

    text: str
    quoted: str
    code: tuple[str, ...]
    links: tuple[str, ...]
    mentions: tuple[str, ...]


def plain(source: str, markup: Literal["markdown", "html"] = "markdown") -> PlainText:
    """Return the plain text of a post, one line to a paragraph, list item or table row.

    HTML goes through the Markdown that is kept for display, so both kinds of post meet the same
    rules and what the encoder saw can be recomputed from what is shown.
    """
    post = read(readable(source) if markup == "html" else source)
    said, quoted = (post.said, post.quoted) if post.said else (post.quoted, "")
    return PlainText(
        text=nfc(said),
        quoted=nfc(quoted),
        code=tuple(post.code),
        links=tuple(post.found.links),
        mentions=tuple(map(nfc, post.found.mentions)),
    )
