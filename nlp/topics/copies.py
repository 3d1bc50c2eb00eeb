"""Copies of a text, and of a template: what differs in numbers, links and names alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from nlp.topics.clusters import Labels

# Links, addresses, mentions, and whatever holds a digit.
SLOT = re.compile(r"[\d@]|://|^www\.")
WORD = re.compile(r"[^\W\d_]+")
# A word that fewer posts hold is a name, as far as templates go.
LEAST_POSTS = 5
# Fewer words than this make no template: "it works" is what people say.
TEMPLATE_WORDS = 4
# Texts that begin alike for so many characters are copies.
BEGINNING = 600


def first_of_each(texts: Sequence[str]) -> Labels:
    """Return the first row of each text, int64; of texts of one template, of the template."""
    masked = [_words(text) for text in texts]
    used = Counter(word for words in masked for word in {*words})
    seen: set[str] = set()
    first = []
    for row, (text, words) in enumerate(zip(texts, masked, strict=True)):
        common = [word for word in words if used[word] >= LEAST_POSTS]
        told = " ".join(common) if len(common) >= TEMPLATE_WORDS else text
        if told not in seen:
            seen.add(told)
            first.append(row)
    return np.array(first, dtype=np.int64)


def _words(text: str) -> list[str]:
    """Return the first words of a text in lower case, without what fills a template's slots."""
    found: list[str] = []
    for piece in text[:BEGINNING].lower().split():
        if piece.isalpha():
            found.append(piece)
        elif SLOT.search(piece) is None:
            found += WORD.findall(piece)
    return found
