"""The languages that are recognised, and words that tell them apart at a glance."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

NAME, VERSION = "groundswell-language", "language-1"
UNKNOWN = "und"

LATIN = (
    "en",
    "de",
    "fr",
    "es",
    "pt",
    "it",
    "nl",
    "sv",
    "da",
    "nb",
    "fi",
    "pl",
    "cs",
    "hu",
    "ro",
    "tr",
    "id",
    "vi",
)
CYRILLIC = ("ru", "uk", "bg")

# First word of the Unicode names of a script's letters, and the largest language written in it.
SCRIPTS = {
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "HEBREW": "he",
    "GREEK": "el",
    "THAI": "th",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "LAO": "lo",
    "MYANMAR": "my",
    "KHMER": "km",
    "TIBETAN": "bo",
    "ETHIOPIC": "am",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
}

CODES = tuple(sorted({*LATIN, *CYRILLIC, *SCRIPTS.values(), "ar", "fa", "ur", UNKNOWN}))

# Endings of English contractions.
CONTRACTED = ("n't", "'ve", "'ll", "'re", "i'm", "i'd")


@lru_cache(maxsize=1)
def words() -> dict[str, frozenset[str]]:
    """Return lists of words by name.

    `english` are words of no other of these languages, the chats in them included; `shared` are
    words elsewhere too ("was in" is Dutch, "are" Romanian), half a proof; `foreign` are words of
    other languages, and of Scots, that English has not, or hardly; `keywords` are words of English
    that programs are written in.
    """
    found: dict[str, list[str]] = {}
    name = ""
    listed = files("nlp.judgements").joinpath("tongues.txt").read_text(encoding="utf-8")
    for line in listed.splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        else:
            found.setdefault(name, []).extend(line.split())
    return {name: frozenset(own) for name, own in found.items()}
