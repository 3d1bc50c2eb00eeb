"""Writing one post: recipes of moves, tone, typos and the ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from jobs.sample import clock, grammar, words
from jobs.sample.grammar import Scene
from jobs.sample.ledger import Ledger, sentences
from jobs.sample.people import Person
from jobs.sample.world import CHAT, Post, Thread, World

Recipe = Sequence[tuple[str, float]]
CASES = {
    "question": (
        ("question.state", 1.0),
        ("question.setup", 0.45),
        ("question.tried", 0.5),
        ("question.ask", 0.7),
        ("question.close", 0.3),
    ),
    "howto": (("question.howto", 1.0), ("question.setup", 0.4), ("question.close", 0.25)),
    "answer": (
        ("answer.open", 0.4),
        ("answer.why", 0.6),
        ("answer.fix", 1.0),
        ("answer.also", 0.4),
        ("answer.close", 0.25),
    ),
    "guess": (("answer.wrong", 1.0), ("answer.why", 0.2)),
    "follow": (("follow.ask", 1.0), ("follow.detail", 0.35)),
    "thanks": (("thanks.main", 1.0), ("thanks.extra", 0.35)),
    "welcome": (("thanks.welcome", 1.0),),
    "metoo": (("metoo.main", 1.0), ("question.setup", 0.25), ("question.tried", 0.2)),
    "bug": (("bug.state", 1.0), ("bug.steps", 0.7), ("question.setup", 0.6), ("bug.steps", 0.3)),
    "praise": (("talk.praise", 1.0), ("talk.muse", 0.4), ("talk.tip", 0.25)),
    "gripe": (("talk.gripe", 1.0), ("talk.muse", 0.4), ("question.setup", 0.2)),
    "tip": (("talk.tip", 1.0), ("talk.muse", 0.4), ("talk.praise", 0.25)),
    "opinion": (("talk.opinion", 1.0), ("talk.muse", 0.5), ("talk.opinion", 0.3)),
    "agree": (("talk.agree", 1.0), ("talk.muse", 0.4)),
    "differ": (("talk.differ", 1.0), ("talk.muse", 0.35), ("talk.opinion", 0.25)),
    "react": (("talk.react", 1.0), ("talk.muse", 0.25)),
}
SHORT = {
    "question": (("question.short", 1.0), ("question.setup", 0.15)),
    "howto": (("question.howshort", 1.0),),
    "answer": (("answer.short", 1.0), ("answer.also", 0.12)),
    "guess": (("answer.wrong", 1.0),),
    "follow": (("follow.short", 1.0),),
    "thanks": (("thanks.short", 1.0),),
    "metoo": (("metoo.short", 1.0),),
    "react": (("talk.reshort", 1.0),),
}
GRAVE = frozenset({"quarrel", "firm", "sharp", "hostile", "retort", "drift", "burst", "gripe"})
TOLD_ONCE = ("vault", "role", "notes")
ANYWHERE = frozenset(
    {
        "sync",
        "search",
        "tags",
        "templates",
        "offline",
        "encryption",
        "sharing",
        "calendar",
        "notify",
        "files",
        "access",
    }
)
EMOJI = ("🙂", "👍", "🎉", "😅", "🙏", "🤔", "😬", "🌱", "💡", "☕")


def recipe(act: str, thread: Thread) -> Recipe:
    """Return the moves of an act, in the short form for most of the chat."""
    return SHORT[act] if thread.chat and act in SHORT else CASES[act]


def persona(world: World, person: Person) -> dict[str, str]:
    """Return what stays the same in a person's posts: trade, systems, kind of notes, vault."""
    rng = world.rng
    if person.pid not in world.personas:
        fill = words.frames()
        scene = Scene(rng, fill)
        world.personas[person.pid] = {
            "role": [rng.choice(fill["role"])],
            "desk_os": [rng.choice(fill["desk_os"])],
            "phone_os": [rng.choice(fill["phone_os"])],
            "notes": rng.sample(fill["notes"], 3),
            "vault": [grammar.expand(rng.choice(fill["vault"]), scene) for _ in range(2)],
        }
    return {key: rng.choice(pool) for key, pool in world.personas[person.pid].items()}


def fixed(
    world: World, at: datetime, person: Person, parent: Post | None, thread: Thread
) -> dict[str, str]:
    """Return the slot values that are settled before a post is written."""
    late = world.rng.random() < 0.75
    found = {
        "ver": clock.version(at, 0 if late else 1),
        "oldver": clock.version(at, 2),
        "slug": thread.area or "start",
        **persona(world, person),
    }
    phone = thread.area == "mobile" or (thread.area in ANYWHERE and world.rng.random() < 0.3)
    found["os"] = found["phone_os" if phone else "desk_os"]
    if parent:
        found["to"] = parent.person.handle(thread.source)
    return found


def say(
    world: World,
    thread: Thread,
    person: Person,
    at: datetime,
    act: str,
    parent: Post | None = None,
    moves: Recipe | None = None,
    extra: Mapping[str, str] | None = None,
    plain: bool = False,
) -> Post | None:
    """Append a post to a thread and return it; None if it would fall after the archive's end."""
    if at > clock.END:
        return None
    settled = {**fixed(world, at, person, parent, thread), **(extra or {})}
    steps = moves if moves is not None else recipe(act, thread)
    for _ in range(40):
        text = compose(world, thread, steps, settled)
        if not text or text.count("{to}"):
            continue
        text = finish(world, thread, person, text, parent, act, plain)
        if text.casefold() in world.texts:
            continue
        world.texts.add(text.casefold())
        world.ledger.take(text)
        post = Post(thread, person, at.replace(microsecond=0), text, act, parent)
        thread.posts.append(post)
        world.counts[thread.area] += 1
        return post
    raise RuntimeError(f"nothing new to say: {act} in {thread.area}, {steps}")


def compose(world: World, thread: Thread, steps: Recipe, settled: Mapping[str, str]) -> str:
    """Return the text of one post, or nothing if its first move found no unused sentence."""
    scene = Scene(world.rng, thread.pools, dict(settled), thread.used)
    parts: list[str] = []
    for index, (move, chance) in enumerate(steps):
        if index and world.rng.random() > chance:
            continue
        line = unused(world.ledger, scene, move, parts)
        if line:
            parts.append(line)
        elif not index:
            return ""
    return join(world.rng, parts)


def unused(ledger: Ledger, scene: Scene, move: str, parts: Sequence[str]) -> str:
    """Return a line for a move that the ledger allows and the post does not contain yet."""
    before = {one for part in parts for one in sentences(part)}
    told = [v for k in TOLD_ONCE if (v := scene.fixed.get(k)) and any(v in p for p in parts)]
    for _ in range(25):
        line = grammar.sentence(scene, move)
        if "{to}" in line or any(value in line for value in told):
            continue
        if ledger.fits(line) and not (sentences(line) & before):
            return line
    return ""


def join(rng: Random, parts: Sequence[str]) -> str:
    """Return the lines of a post joined by spaces, sometimes with a paragraph break."""
    text = ""
    for i, part in enumerate(parts):
        gap = "\n\n" if i > 1 and rng.random() < 0.3 else " "
        if text and text[-1].isalnum():
            text += "."
        text += (gap if text else "") + part
    return text


def finish(
    world: World,
    thread: Thread,
    person: Person,
    text: str,
    parent: Post | None,
    act: str,
    plain: bool,
) -> str:
    """Return the text with the person's tone, extras and typos, as far as the ledger allows."""
    if plain or person.role in {"bot", "staff"}:
        return text
    rng = world.rng
    toned = tone(rng, person, thread, text, act in GRAVE)
    toned = ("" if act == "vote" else quoted(rng, parent, thread)) + toned
    toned += code(world, thread, act)
    return toned if world.ledger.fits(toned) else text


def tone(rng: Random, person: Person, thread: Thread, text: str, grave: bool) -> str:
    """Return the text in the person's manner: case, end mark, emoji and typos."""
    casual = person.casual + (0.3 if thread.chat else 0.0)
    if rng.random() < casual * 0.6:
        text = re.sub(r"(^|(?<=[.!?])\s)([A-Z])(?=[a-z])", lambda m: m[1] + m[2].lower(), text)
    if rng.random() < casual * 0.8 and text.endswith("."):
        text = text[:-1]
        if rng.random() < 0.35 and not grave:
            text += " " + rng.choice(EMOJI)
    text = text.replace(":tada:", "🎉")
    return slip(rng, text) if rng.random() < person.typos else text


def slip(rng: Random, text: str) -> str:
    """Return the text with one or two letters swapped inside longer words."""
    spots = [m.start() for m in re.finditer(r"(?<![@\w/`.-])[a-z]{6,}\b(?![`/.-]\w)", text)]
    for spot in rng.sample(spots, min(len(spots), rng.choice((1, 1, 2)))):
        i = spot + rng.randint(1, 3)
        text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    return text


def quoted(rng: Random, parent: Post | None, thread: Thread) -> str:
    """Return a quoted line from the parent post, for some replies in the forum."""
    if parent is None or thread.chat or rng.random() > 0.09:
        return ""
    plain = [
        one
        for one in re.split(r"(?<=[.!?])\s+|\n+", parent.text)
        if 20 < len(one) < 180 and not one.startswith((">", "`", "-")) and "```" not in one
    ]
    return f"> {rng.choice(plain)}\n\n" if plain else ""


def code(world: World, thread: Thread, act: str) -> str:
    """Return a fenced block for some technical posts, else nothing."""
    area = world.areas.get(thread.area)
    if area is None or not area.code or act not in {"question", "bug", "answer"}:
        return ""
    if world.rng.random() > (0.04 if thread.source == CHAT else 0.14):
        return ""
    return f"\n\n```\n{world.rng.choice(area.code)}\n```"


def raw(
    world: World,
    thread: Thread,
    person: Person,
    at: datetime,
    act: str,
    text: str,
    parent: Post | None = None,
) -> Post:
    """Append a post with ready-made text and return it; ValueError if a sentence is used up."""
    world.ledger.take(text)
    post = Post(thread, person, at.replace(microsecond=0), text, act, parent)
    thread.posts.append(post)
    world.counts[thread.area] += 1
    return post


def fillers(rng: Random, name: str, pools: Mapping[str, words.Lines], **settled: str) -> str:
    """Return one filled line of a pool, outside any post."""
    return grammar.expand(rng.choice(pools[name]), Scene(rng, pools, dict(settled)))
