"""Letters of many scripts to plain Latin ones, as far as names need it.

Cyrillic and Greek have tables; kana, Hangul and Devanagari are read off the names that Unicode
gives to their letters. Han, Arabic and Hebrew stay as they are, after normalisation: their
readings cannot be told from the letters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CYRILLIC_SOUNDS = "a b v g g d dj e ye z i i yi y j k l lj m n nj o p r s t c u u f kh ts e y dz"
_GREEK_SOUNDS = "a v g d e z i th i k l m n x o p r s s t y f ch ps o"
_CYRILLIC = dict(
    zip(
        "абвгґдђеєзиіїйјклљмнњопрстћуўфхцэыѕ",
        _CYRILLIC_SOUNDS.split(),
        strict=True,
    )
) | {
    "ё": "e", "ж": "zh", "ч": "ch", "џ": "dz", "ш": "sh", "щ": "shch", "ъ": "", "ь": "",
    "ю": "yu", "я": "ya", "’": "",
}  # fmt: skip
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        _GREEK_SOUNDS.split(),
        strict=True,
    )
)
_PAIRS = (("ου", "ou"), ("αυ", "av"), ("ευ", "ev"), ("γγ", "ng"), ("ντ", "nt"), ("τζ", "tz"))
_LATIN = {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"}
_SEMITIC = {
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ـ": "",
    "ی": "ي", "ک": "ك", "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
}  # fmt: skip
_LATIN_TABLE = str.maketrans({**_LATIN})
_TABLE = str.maketrans({**_CYRILLIC, **_GREEK, **_LATIN, **_SEMITIC})
# Letters that look alike, Latin and Cyrillic: a slip of the keyboard layout, or a disguise.
_LATIN_TWINS = str.maketrans("асеорхуіјѕ", "aceopxyijs")
_CYRILLIC_TWINS = str.maketrans("aceopxyijs", "асеорхуіјѕ")
_KANA = {
    "si": "shi", "ti": "chi", "tu": "tsu", "hu": "fu", "zi": "ji", "di": "ji", "du": "zu",
    "wo": "o",
}  # fmt: skip
_SURNAMES = {
    "gim": "kim", "i": "lee", "bag": "park", "choe": "choi", "jeong": "jung", "gang": "kang",
    "jo": "cho", "im": "lim", "yun": "yoon", "bak": "park", "no": "roh", "yu": "yoo", "sin": "shin",
}  # fmt: skip
# How names are spelt, where that differs from the official spelling.
_SYLLABLES = {
    "hyeon": "hyun", "u": "woo", "yeong": "young", "su": "soo", "seong": "sung", "hun": "hoon",
    "ju": "joo", "gyu": "kyu", "geon": "gun", "jeong": "jung", "cheol": "chul", "gi": "ki",
    "hui": "hee", "gyeong": "kyung", "gwon": "kwon", "byeong": "byung", "seung": "seung",
}  # fmt: skip
_SOUNDS = (
    ("woo", "u"), ("wu", "u"), ("yeo", "u"),
    ("tsch", "ch"), ("sch", "sh"), ("shch", "sh"), ("tch", "ch"), ("cz", "ch"), ("ph", "f"),
    ("th", "t"), ("kh", "h"), ("gh", "g"), ("ck", "k"), ("ks", "x"), ("dzh", "j"), ("zh", "j"),
    ("ae", "a"), ("oe", "o"), ("ue", "u"), ("ou", "u"), ("oo", "u"), ("eo", "o"), ("eu", "u"),
    ("ee", "i"), ("ey", "i"), ("ei", "i"), ("ai", "a"), ("ay", "a"), ("yi", "i"), ("iy", "i"),
    ("ij", "i"), ("ia", "a"), ("ya", "a"), ("yu", "u"), ("iu", "u"), ("ye", "e"), ("ie", "i"),
)  # fmt: skip
_SINGLE = str.maketrans("yjwqczg", "iivkksk")
_ARTICLE = re.compile(r"^(?:al|el)(?=\w{4})")
_ARABIC_BONES = str.maketrans(
    dict(
        zip(
            "ابتثجحخدذرزسشصضطظعغفقكلمنهويء",
            ". b t t i h h d d r s s sh s d t s . g f k k l m n h . . .".replace(".", "a").split(),
            strict=True,
        )
    )
)
_HEBREW_BONES = str.maketrans(
    dict(
        zip(
            "אבגדהוזחטיכלמנסעפצקרשת",
            ". b g d h . s h t . k l m n s . p ts k r sh t".replace(".", "a").split(),
            strict=True,
        )
    )
)
_DOUBLE = re.compile(r"(.)\1+")
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u200b-\u200f\u2060]"
)
_INDIC_LETTER = re.compile(r"DEVANAGARI LETTER (\w+)$")
_INDIC_SIGN = re.compile(r"DEVANAGARI VOWEL SIGN (?:VOCALIC |CANDRA |SHORT )?(\w+)$")


def fold(text: str) -> str:
    """Return text in small letters of one kind: compatibility forms, case and accents are gone."""
    composed = unicodedata.normalize("NFKC", text).casefold()
    return composed if composed.isascii() else _spread(composed)


@lru_cache(maxsize=65_536)
def _spread(text: str) -> str:
    words = (_one_script(word) for word in text.split(" "))
    plain = " ".join(words).translate(_LATIN_TABLE)
    # й and ё are letters of their own: they go through the table before marks are taken off.
    kept = "".join(c if c in "йёїў" else unicodedata.normalize("NFKD", c) for c in plain)
    return unicodedata.normalize("NFC", _MARKS.sub("", kept))


def scripts(text: str) -> set[str]:
    """Return the scripts of the letters in a text, as the first words of their Unicode names."""
    return {_script(c) for c in text if c.isalpha()}


@lru_cache(maxsize=8_192)
def _script(char: str) -> str:
    return "LATIN" if char.isascii() else unicodedata.name(char, "OTHER").split(" ")[0]


def _one_script(word: str) -> str:
    """Return a word whose stray look-alike letters are those of the script around them."""
    if word.isascii() or not {"LATIN", "CYRILLIC"} <= scripts(word):
        return word
    latin = sum(_script(c) == "LATIN" for c in word)
    cyrillic = sum(_script(c) == "CYRILLIC" for c in word)
    return word.translate(_LATIN_TWINS if latin >= cyrillic else _CYRILLIC_TWINS)


@lru_cache(maxsize=65_536)
def romanise(word: str) -> str:
    """Return a folded word in Latin letters where its script spells sounds, else as it is."""
    if word.isascii():
        return word
    kinds = scripts(word)
    if "HANGUL" in kinds:
        return "".join(_hangul(c) for c in word)
    if kinds & {"HIRAGANA", "KATAKANA"} and "CJK" not in kinds:
        return _kana(word)
    if "DEVANAGARI" in kinds:
        return _DOUBLE.sub(r"\1", _devanagari(word))
    if "GREEK" in kinds:
        for pair, sound in _PAIRS:
            word = word.replace(pair, sound)
    return word.translate(_TABLE)


def surname(syllable: str) -> str:
    """Return a Korean family name as its bearers mostly spell it in Latin letters."""
    plain = romanise(syllable)
    return _SURNAMES.get(plain, plain)


def _hangul(char: str) -> str:
    name = unicodedata.name(char, "")
    if not name.startswith("HANGUL SYLLABLE "):
        return char
    official = name.removeprefix("HANGUL SYLLABLE ").lower()
    return _SYLLABLES.get(official, official)


def _kana(word: str) -> str:
    found = ""
    double = False
    for char in word:
        name = unicodedata.name(char, "")
        sound = name.rsplit(" ", 1)[-1].lower()
        if " LETTER SMALL TU" in name:
            double = True
            continue
        if " LETTER SMALL Y" in name:
            found = found[:-1] + (sound[1:] if found.endswith(("shi", "chi", "ji")) else sound)
            continue
        if " LETTER " not in name:
            continue
        sound = _KANA.get(sound, sound)
        found += (sound[0] if double else "") + sound
        double = False
    return found


def _devanagari(word: str) -> str:
    """Return Hindi as it is spelt in Latin letters: the last short a is not spoken."""
    found, open_ = "", False
    for char in word:
        name = unicodedata.name(char, "")
        if sign := _INDIC_SIGN.match(name):
            found, open_ = found + {"r": "ri"}.get(sign[1].lower(), sign[1].lower()), False
        elif "VIRAMA" in name:
            open_ = False
        elif "ANUSVARA" in name or "CANDRABINDU" in name:
            found, open_ = found + ("a" if open_ else "") + "n", False
        elif letter := _INDIC_LETTER.match(name):
            sound = letter[1].lower()
            spoken = sound if sound[0] in "aeiou" else sound[:-1]
            found, open_ = found + ("a" if open_ else "") + spoken, sound[0] not in "aeiou"
    return found


@lru_cache(maxsize=262_144)
def bones(word: str) -> str:
    """Return the consonants of an Arabic, Hebrew or Latin word, much reduced; "" for Han.

    Arabic and Hebrew write few vowels, so this is what a name and its Latin spelling share.
    """
    kinds = scripts(word)
    if "ARABIC" in kinds:
        plain = word.removeprefix("ال").translate(_ARABIC_BONES)
    elif "HEBREW" in kinds:
        plain = word.translate(_HEBREW_BONES)
    elif word.isascii():
        plain = sound(_ARTICLE.sub("", word)).replace("ch", "h")
    else:
        return ""
    kept = re.sub(r"[aeiouvy]", "", plain)
    return _DOUBLE.sub(r"\1", re.sub(r"(?<=.)h$", "", kept))


@lru_cache(maxsize=262_144)
def sound(word: str) -> str:
    """Return a rough key of how a Latin word sounds, equal for usual spellings of one name."""
    if not word.isascii():
        return word
    key = word
    for old, new in _SOUNDS:
        if old in key:
            key = key.replace(old, new)
    return _DOUBLE.sub(r"\1", key.translate(_SINGLE))
