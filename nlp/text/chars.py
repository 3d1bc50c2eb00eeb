"""Character level: cleaning, NFC, the content hash and sentence offsets."""

import re
import unicodedata
from hashlib import blake2b

# Controls, soft hyphen, zero-width and direction marks, tag characters, noncharacters and
# lone surrogates. Joiners go only after Latin text: Indic, Arabic and emoji spell with them.
_UNSEEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff"
)
_NOISE = re.compile(f"[{_UNSEEN}]|(?<![\u0300-\u1fff\u2070-\U0001ffff])[\u200c\u200d]")
# One class of characters is searched several times as fast as the alternatives above.
_NOISY = re.compile(f"[{_UNSEEN}\u200c\u200d]")
# Blocks that hold every character that NFC may change, join to the one before or reorder.
_LOOSE = re.compile(
    "[\u0300-\u036f\u0374\u037e\u0387\u0483-\u1fff\u20d0-\u20ff\u2126\u212a\u212b"
    "\u2329\u232a\u2adc\u2ce0-\u2dff\u302a-\u302f\u3099\u309a\ua640-\uabff\uf900-\ufaff"
    "\ufb1d-\ufb4f\ufe20-\ufe2f\U00010000-\U0001d3ff\U0001e000-\U0001efff\U0002f800-\U0002fa1f]"
)
# NFC orders a run of combining marks by insertion, so a long run costs its square.
_PIECE = re.compile(r"\S{1,1024}")
_WIDE = "\u3002\uff01\uff1f"
_STOP = re.compile(
    rf"(?<![.!?\u2026{_WIDE}])[.!?\u2026{_WIDE}]++[\"'\u201d\u2019)\]]*+(?=\s)|\n|[{_WIDE}](?=\w)"
)
_SHORT_WORDS = (
    "e.g. i.e. etc. vs. cf. dr. mr. mrs. ms. prof. st. fig. eq. sec. no. resp. "
    "approx. al. thm. def. lem. ch. p. pp. ref. refs. ca. inc. ltd."
)
_SHORT = frozenset(_SHORT_WORDS.split())


def clean(text: str) -> str:
    """Return `text` without invisible and control characters; emoji and their joiners stay."""
    if (text.isascii() and text.isprintable()) or not _NOISY.search(text):
        return text
    return _NOISE.sub("", text)


def flat(text: str) -> str:
    """Return `text` with each run of white space as one blank, and none around it."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(text.split())


def nfc(text: str) -> str:
    """Return `text` in NFC, a word at a time so that stacked accents cannot stall it.

    Words over 1,024 characters are normalised in pieces; nobody writes such a word.
    """
    if text.isascii() or not _LOOSE.search(text):
        return text
    return _PIECE.sub(lambda word: unicodedata.normalize("NFC", word.group()), text)


def content_hash(text: str) -> bytes:
    """Return 16 bytes that are equal for texts that differ only in white space or composition.

    Lone surrogates are hashed as they stand: two damaged texts must not look alike.
    """
    data = nfc(flat(text)).encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=16).digest()


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) offsets of the sentences of `text`, in order, without blanks.

    A stop counts when white space and no lower-case word follows and the word before it is
    neither an abbreviation nor an initial; a line break always ends a sentence.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for stop in _STOP.finditer(text):
        if _ends(text, start, stop):
            _keep(text, start, stop.end(), spans)
            start = stop.end()
    _keep(text, start, len(text), spans)
    return spans


def _ends(text: str, start: int, stop: re.Match[str]) -> bool:
    if stop.group() != ".":
        return True
    words = text[max(start, stop.end() - 24) : stop.end()].split()
    word = words[-1].lstrip("([\"'").lower()
    after = text[stop.end() + 1 : stop.end() + 2]
    initial = len(word) == 2 and word[0].isalpha() and word != "i."
    return not (word in _SHORT or initial or after.islower())


def _keep(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    if lead < len(piece):
        spans.append((start + lead, start + len(piece.rstrip())))
