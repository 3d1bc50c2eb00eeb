"""What is new in an e-mail: its words without quotes, signature and list footer."""

from __future__ import annotations

import re

QUOTE = re.compile(r"\s{0,3}(?:>|\|\s|[A-Za-z]{1,3}>)")
WROTE = (
    r"(?:wrote|writes|said|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|napisał|"
    r"пишет|написал|写道)\b.{0,80}[:\uff1a]\s*"
)
# "On ... wrote:" and its like may run over three lines; "Ann <ann@x> writes:" stands on one.
OPENED = re.compile(r"\s*(?:on|am|le|el|il|op|em|den|w dniu)\b.{4,400}?" + WROTE, re.I | re.DOTALL)
NAMED = re.compile(r".{0,200}?[\d@<].{0,200}?" + WROTE, re.I)
WROTE_END = re.compile(WROTE + "$", re.IGNORECASE)
# From here on there is nothing new.
REST = re.compile(
    r"\s*(?:-{2,}\s*(?:original message|original appointment|forwarded message|ursprüngliche "
    r"nachricht|message d'origine|mensaje original|messaggio originale)\s*-{2,}|"
    r"-{8,} next part -{8,}|begin forwarded message:)\s*",
    re.IGNORECASE,
)
OUTLOOK = re.compile(r"\s*\*?(?:from|von|de|da):\*?\s.{0,300}", re.IGNORECASE)
OUTLOOK_NEXT = re.compile(
    r"\s*\*?(?:sent|date|to|gesendet|datum|an|envoyé|à|enviado|para|inviato|a|subject):\*?\s",
    re.IGNORECASE,
)
RULE = re.compile(r"\s*[_=-]{20,}\s*")
FOOTER = re.compile(
    r"mailing list|unsubscribe|listinfo|to post to this group|google groups|list-help",
    re.IGNORECASE,
)
SIGNED = re.compile(r"-- ?")
SENT_FROM = re.compile(
    r"\s*(?:sent from (?:my|yahoo|outlook|mail)\b.{0,60}|get outlook for .{0,60}|"
    r"von meinem .{1,40} gesendet)\s*",
    re.IGNORECASE,
)
FOOTER_LINES = 12
SIGNATURE_LINES = 15


def new_words(text: str) -> str:
    """Return what the writer added; all but the signature where that would be nothing."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = _without_footer(lines)
    return _joined(_unsigned(_without_quotes(lines))) or _joined(_unsigned(lines))


def _without_footer(lines: list[str]) -> list[str]:
    """Return the lines above the rest that a mail program or a list added."""
    for at, line in enumerate(lines):
        if REST.fullmatch(line):
            return lines[:at] if _joined(lines[:at]) else lines
        below = lines[at + 1 : at + 4]
        if OUTLOOK.fullmatch(line) and sum(bool(OUTLOOK_NEXT.match(row)) for row in below) >= 2:
            return lines[: at - 1 if at and RULE.fullmatch(lines[at - 1]) else at]
        if at >= len(lines) - FOOTER_LINES * 2 and RULE.fullmatch(line):
            under = lines[at + 1 :]
            if any(FOOTER.search(row[:400]) for row in under):
                return lines[:at]
    return lines


def _unsigned(lines: list[str]) -> list[str]:
    """Return the lines above the signature: above the last mark of one, or `Sent from my ...`."""
    for at in range(len(lines) - 1, max(-1, len(lines) - 1 - SIGNATURE_LINES), -1):
        if SIGNED.fullmatch(lines[at]):
            lines = lines[:at]
            break
    while lines and (not lines[-1].strip() or SENT_FROM.fullmatch(lines[-1])):
        lines = lines[:-1]
    return lines


def _without_quotes(lines: list[str]) -> list[str]:
    said: list[str] = []
    quoting = False
    for line in lines:
        if QUOTE.match(line):
            if not quoting:
                _drop_attribution(said)
            quoting = True
            continue
        if quoting and not line.strip():
            continue
        if quoting and said and said[-1].strip():
            said.append("")
        quoting = False
        said.append(line)
    if not quoting:
        _cut_tail(said)
    return said


def _drop_attribution(said: list[str]) -> None:
    """Take off "On ... wrote:" above a quote, which may run over three lines."""
    while said and not said[-1].strip():
        said.pop()
    if not said or not WROTE_END.search(said[-1][-400:]):
        return
    for count in range(1, min(3, len(said)) + 1):
        block = " ".join(line.strip() for line in said[-count:])
        if len(block) < 800 and OPENED.fullmatch(block):
            del said[-count:]
            return
    if len(said[-1]) < 800 and NAMED.fullmatch(said[-1]):
        del said[-1]


def _cut_tail(said: list[str]) -> None:
    """Take off an attribution below which everything was quoted without marks."""
    for at, line in enumerate(said):
        if at and len(line) < 400 and line.rstrip().endswith(":") and OPENED.fullmatch(line):
            del said[at:]
            return


def _joined(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip("\n").strip()
