"""Which language a plain text is in: by its script, by its English words, then by lingua.

Most posts of an English community show themselves by words such as `the` and `would`, at some
microseconds each. Only what is left meets the n-gram models of lingua (`lingua-language-detector`,
Apache-2.0), held to some twenty languages: with all 75, short English goes anywhere, and a gigabyte
of memory with it. The models load when a text first needs them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from nlp.judgements.tongues import CONTRACTED, CYRILLIC, LATIN, SCRIPTS, UNKNOWN, words

if TYPE_CHECKING:
    from lingua import LanguageDetector

# So many characters are read: a language shows itself soon.
READ_CHARS = 2_000
# So much of the words goes through lingua, whose cost grows with it.
LINGUA_CHARS = 300
# Fewer letters say nothing to n-grams ("lol ok thx" is Turkish to them).
LEAST_LETTERS = 20
LEAST_CONFIDENCE = 0.4
# Distinct English words needed, their least share of all words, and the other languages' words that
# may stand beside each of them.
LEAST_PROOF, LEAST_SHARE, MOST_FOREIGN = 2, 0.2, 0.25
LEAST_SHARE_IN_CODE = 0.1
# English is so many times as likely as another language, unless a word of another one is there.
PRIOR = 5
# From this share of tokens in code on, a text must prove that it is prose.
CODE_SHARE = 0.15
# A character of these scripts says as much as a few letters.
_DENSE = {"CJK": 3, "HIRAGANA": 3, "KATAKANA": 3, "HANGUL": 3}
_KANA_SHARE = 0.05
_FENCED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\[code\]", re.DOTALL)
_LINK = re.compile(
    r"(?<!\w)(?:\w{1,12}://|www\.)\S+|(?<!\S)\S{1,64}@\S+\.\w+|(?<!\w)[@#:][\w+-]+:?"
    r"|(?<![\w.-])(?:[\w-]+\.)+(?:com|org|net|io|dev|html|png|jpg)\b\S*"
)
_RUN = re.compile(r"[^\W\d_]{2,}")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_CODE = re.compile(r"[_{}\[\]<>=\\|$^~`+*;]|\w\(|\w\.\w\w|[a-z][A-Z]|::|[^\W\d]\d|\d[^\W\d]|^\W+$")
_MARKS = frozenset({":", ";", "(", ")", ":=", "--", "*"})
_EDGES = "\"'.,;:!?()*\u2026\u2013\u2014-"
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})
_PERSIAN, _URDU = re.compile("[پچژگکی]"), re.compile("[ٹڈڑںےہ]")
_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")


def languages(texts: Sequence[str], *, ngrams: bool = True) -> list[tuple[str, float]]:
    """Return the ISO 639-1 code of each plain text, or "und", and a confidence from 0 to 1.

    The confidence is the share of letters in the script, of function words that are English, or
    the probability by lingua among its languages. Scripts of several languages go by the largest:
    Devanagari is "hi", and a Cyrillic word or two "ru". "und" has the confidence of what was
    likeliest, 0 where nothing was. Without `ngrams` lingua is not asked, nor loaded.
    """
    return [_language(text[:READ_CHARS], ngrams) for text in texts]


def _language(text: str, ngrams: bool) -> tuple[str, float]:
    prose = _LINK.sub(" ", _FENCED.sub(" ", text)).translate(_QUOTES)
    if not prose.isascii() and (found := _by_script(prose)):
        return found
    said, code_share = _said(prose)
    in_code = code_share >= CODE_SHARE
    if english := _as_english(said, in_code):
        return "en", english
    if in_code or not ngrams or sum(map(len, said)) < LEAST_LETTERS:
        return UNKNOWN, 0.0
    prior = PRIOR if words()["foreign"].isdisjoint(word.lower() for word in said) else 1
    return _by_ngrams(" ".join(said)[:LINGUA_CHARS], prior)


def _by_script(prose: str) -> tuple[str, float] | None:
    """Return the language of a script that has one; None where most letters are of another."""
    letters = "".join(_RUN.findall(prose))
    counts: Counter[str] = Counter()
    for letter, count in Counter(letters).items():
        script = _script(letter)
        counts[script] += count * _DENSE.get(script, 1)
    kana = counts["HIRAGANA"] + counts["KATAKANA"]
    if kana and kana >= _KANA_SHARE * (kana + counts["CJK"]):
        counts["HIRAGANA"] = kana + counts.pop("CJK", 0)
        counts.pop("KATAKANA", None)
    script, count = counts.most_common(1)[0] if counts else ("", 0)
    code = _written_in(script, letters)
    return (code, count / counts.total()) if code else None


def _written_in(script: str, letters: str) -> str | None:
    if script == "ARABIC":
        return _in_arabic(letters)
    if script == "CYRILLIC" and len(letters) < LEAST_LETTERS:
        return "uk" if _UKRAINIAN.search(letters) else "ru"
    return SCRIPTS.get(script)


@lru_cache(maxsize=4_096)
def _script(letter: str) -> str:
    """Return the first word of the letter's Unicode name, which is its script."""
    return unicodedata.name(letter, "").split(" ")[0]


def _in_arabic(letters: str) -> str:
    if len(_URDU.findall(letters)) >= len(letters) / 40:
        return "ur"
    return "fa" if len(_PERSIAN.findall(letters)) >= len(letters) / 40 else "ar"


def _said(prose: str) -> tuple[list[str], float]:
    """Return the words, and the share of tokens that look like code; numbers are neither."""
    said: list[str] = []
    code = 0
    for token in prose.split():
        bare = token if token.isalpha() else token.strip(_EDGES)
        if bare.isalpha():
            said.append(bare)
        elif _CODE.search(bare) or token in _MARKS:
            code += 1
        else:
            said += _WORD.findall(bare)
    return said, code / max(1, code + len(said))


def _as_english(said: list[str], in_code: bool) -> float:
    """Return the share of English among the function words; 0 where they prove nothing.

    Capitals amid other words (SQL) are no proof, nor in code what may be a keyword.
    """
    lists = words()
    shouted = all(map(str.isupper, said))
    low = [word.lower() for word in said if shouted or len(word) == 1 or not word.isupper()]
    if in_code:
        low = [word for word in low if len(word) > 1 and word not in lists["keywords"]]
    sure = [word for word in low if word in lists["english"] or word.endswith(CONTRACTED)]
    half = [word for word in low if word in lists["shared"]]
    proof = len(set(sure)) + len(set(half)) / 2 if sure else 0.0
    foreign = sum(word in lists["foreign"] for word in low)
    own = len(sure) + len(half) / 2
    least = LEAST_SHARE_IN_CODE if in_code else LEAST_SHARE
    if proof < LEAST_PROOF or own < least * max(1, len(low)) or foreign > MOST_FOREIGN * own:
        return 0.0
    return own / (own + foreign)


def _by_ngrams(prose: str, prior: int) -> tuple[str, float]:
    # lingua adds in an order of its own: the last bits differ from call to call.
    chances = {
        found.language.iso_code_639_1.name.lower(): round(found.value, 6)
        for found in _detector().compute_language_confidence_values(prose)
    }
    chances["en"] *= prior
    code = max(chances, key=lambda each: (chances[each], each))
    confidence = chances[code] / (sum(chances.values()) or 1.0)
    return (code if confidence >= LEAST_CONFIDENCE else UNKNOWN), round(confidence, 4)


@lru_cache(maxsize=1)
def _detector() -> LanguageDetector:
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, code.upper()) for code in chain(LATIN, CYRILLIC)]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
