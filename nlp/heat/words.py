"""What each feature says to a moderator, where it is above the usual or below it."""

from __future__ import annotations

OPENING = "opening_"
HIGH = {
    "hostile": "The last posts read as hostile.",
    "negative": "The mood of the last posts is negative.",
    "anger": "The last posts sound angry or frustrated.",
    "worst": "One of the last posts is clearly hostile.",
    "hostile_rise": "Hostility is rising from post to post.",
    "sharp_rise": "The tone is sharper than it was earlier in the thread.",
    "warmth_fall": "Thanks and hedges that were there earlier are gone.",
    "hedge": "People hedge what they say.",
    "courtesy": "People are strikingly polite.",
    "reasoning": "People are arguing the point.",
    "impatience": "Somebody is losing patience.",
    "bitter": "Somebody is bitter or contemptuous.",
    "gripe": "Somebody runs things down.",
    "demand": "Somebody tells the other what to do, or why they have not.",
    "dispute": "Somebody disputes what the other said or meant.",
    "contradict": "Somebody flatly contradicts.",
    "refuse": "Something was refused, closed, blocked or reported.",
    "accuse": "Somebody accuses: of attacks, lies, bias or bad faith.",
    "mock": "Somebody mocks or is sarcastic.",
    "insult": "There are insulting words.",
    "groups": "It is about them and us.",
    "you": "Posts are about the other person rather than the matter.",
    "you_first": "Sentences start with \u201cyou\u201d.",
    "you_not": "Somebody says what the other is not, or did not.",
    "asks_you": "Pointed questions go to the other person.",
    "question": "There are more questions than usual.",
    "shout": "Words are in capitals.",
    "exclaim": "There are many exclamation marks.",
    "code": "There is more code than usual.",
    "named": "People are called out by name.",
    "quoted": "People are quoted in order to be rebutted.",
    "back_and_forth": "The same two people are going back and forth.",
    "against_one": "Several people are against one.",
    "haste": "Answers come much faster than is usual here.",
    "newcomer": "A newcomer is in the middle of it.",
    "past": "These two have clashed before.",
    "posts": "The thread is long.",
    "words": "The posts are long.",
}
LOW = {
    "hedge": "Statements are blunt: few hedges such as \u201cmaybe\u201d or \u201cI think\u201d.",
    "courtesy": "Few thanks and little courtesy.",
    "reasoning": "There is little reasoning: few a \u201cbecause\u201d or an \u201cif\u201d.",
    "code": "It is no longer about code.",
    "named": "People do not address each other by name.",
    "question": "Nobody asks anything.",
    "exclaim": "The tone is flat.",
    "posts": "The thread is short.",
    "words": "The posts are short.",
}


def told(name: str, high: bool) -> str:
    """Return what a feature says where it is above the usual, or below it; its name if nothing."""
    if name.startswith(OPENING):
        first = HIGH.get(name.removeprefix(OPENING), name)
        return f"{'At the opening already' if high else 'Not so at the opening'}: {first}"
    return (HIGH if high else LOW).get(name, name)
