"""Better names of topics from a language model of one's own, where a setting names one.

Off unless `llm_url` is set. Nothing depends on it: whatever fails, a topic keeps its own label.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
import orjson
import structlog

from nlp.encoders import Encoder
from nlp.topics.clusters import Rows
from nlp.topics.wording import naming
from nlp.topics.wording.naming import Asked
from service.db.models import Topic, TopicEvent, TopicNaming
from service.db.queries import ledger
from service.db.queries import naming as queries
from service.db.session import Database
from service.settings import Settings

LOCAL = {"127.0.0.1", "::1", "localhost"}
MOST_BYTES = 1 << 20
MOST_TOKENS = 64
AT_ONCE = 4
# An endpoint that fails so often in a row is asked no more in this run.
FAILURES = 3


@dataclass(frozen=True, slots=True)
class NamesResult:
    """Questions sent, topics named, questions that came to nothing, and why none were sent."""

    asked: int = 0
    named: int = 0
    failed: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A topic that wants a name, and the key that its name is kept by."""

    topic: Topic
    asked: Asked
    key: str


class Endpoint:
    """An OpenAI-compatible server; `ask` is safe in threads. Close it, or use it in `with`."""

    def __init__(self, settings: Settings) -> None:
        # It would log addresses.
        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._url = httpx2.URL(f"{(settings.llm_url or '').rstrip('/')}/chat/completions")
        self._model = settings.llm_model
        secret = settings.llm_key.get_secret_value() if settings.llm_key else ""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._http = httpx2.Client(headers=headers, timeout=settings.llm_timeout)
        self._lock = threading.Lock()
        self._failures = 0
        self.asked = 0

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def ask(self, question: str) -> str | None:
        """Return the answer, None where there is none: nothing that goes wrong is raised."""
        with self._lock:
            if self._failures >= FAILURES:
                return None
            self.asked += 1
        try:
            answer = _said(self._send(question))
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            # The kind alone: an error's text may hold an address with a key in it.
            structlog.get_logger().warning("no name from the model", error=type(error).__name__)
            answer = None
        with self._lock:
            self._failures = self._failures + 1 if answer is None else 0
        return answer

    def _send(self, question: str) -> bytes:
        body = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": naming.INSTRUCTIONS},
                {"role": "user", "content": question},
            ],
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
        }
        read = bytearray()
        with self._http.stream("POST", self._url, json=body) as response:
            response.raise_for_status()
            for piece in response.iter_bytes():
                read += piece
                if len(read) > MOST_BYTES:
                    raise ValueError("an answer without end")
        return bytes(read)


def _said(raw: bytes) -> str:
    """Return the text of an answer; raise ValueError where it is none."""
    data: Any = orjson.loads(raw)
    try:
        said = data["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("not an answer") from error
    if not isinstance(said, str):
        raise ValueError("not a text")
    return said


def name_topics(
    database: Database,
    settings: Settings,
    load_encoder: Callable[[], Encoder],
    *,
    now: datetime,
) -> NamesResult:
    """Ask for names of topics that have none from this model yet, and write those that pass.

    Only public posts go out. The same words and posts are asked about once, whatever the answer.
    """
    if not settings.llm_url:
        return NamesResult()
    if note := _unusable(settings):
        return NamesResult(note=note)
    with database.read() as session:
        given = queries.names_by(session, settings.llm_model)
        topics = [topic for topic in queries.nameable(session) if topic.label not in given]
        shown = {post for topic in topics for post in topic.representatives}
        texts = queries.public_texts(session, shown)
        wanted = [_wanted(topic, texts, settings.llm_model) for topic in topics]
        answers = queries.kept(session, [one.key for one in wanted])
        taken = ledger.labels_in_use(session)
    new, asked = _ask(settings, [one for one in wanted if one.key not in answers])
    kept, names = _checked(wanted, {**answers, **new}, taken, load_encoder)
    named = _write(database, settings.llm_model, {key: kept[key] for key in new}, names, now)
    return NamesResult(asked, named, asked - len(new))


def _unusable(settings: Settings) -> str | None:
    """Return why the endpoint cannot be asked, in a line that names the fix."""
    try:
        url = httpx2.URL(settings.llm_url or "")
    except httpx2.InvalidURL:
        return "GROUNDSWELL_LLM_URL is no address: write it as https://host/v1"
    if url.scheme not in {"http", "https"} or not url.host:
        return "GROUNDSWELL_LLM_URL is no address: write it as https://host/v1"
    if not settings.llm_model:
        return "GROUNDSWELL_LLM_MODEL is not set: name a model of the endpoint"
    if settings.llm_key and not settings.llm_key.get_secret_value().isascii():
        return "GROUNDSWELL_LLM_KEY has signs that no key has: copy it again"
    if settings.llm_key and url.scheme != "https" and url.host not in LOCAL:
        return "a key is not sent by http: write GROUNDSWELL_LLM_URL with https://"
    return None


def _wanted(topic: Topic, texts: dict[int, str], model: str) -> Wanted:
    centroid: Rows = topic.centroid.astype("float32")
    shown = [texts[post] for post in topic.representatives if post in texts]
    said = list(dict.fromkeys([*topic.phrases, *topic.words]))
    asked = Asked(topic.label, [str(word) for word in said], shown, centroid)
    return Wanted(topic, asked, naming.key(model, asked))


def _ask(settings: Settings, wanted: Sequence[Wanted]) -> tuple[dict[str, str], int]:
    """Return the answers by key, and how many questions were sent."""
    if not wanted:
        return {}, 0
    with Endpoint(settings) as endpoint, ThreadPoolExecutor(AT_ONCE) as pool:
        said = list(pool.map(endpoint.ask, [naming.prompt(one.asked) for one in wanted]))
    found = zip(wanted, said, strict=True)
    return {one.key: text for one, text in found if text is not None}, endpoint.asked


def _checked(
    wanted: Sequence[Wanted],
    answers: dict[str, str],
    labels: set[str],
    load_encoder: Callable[[], Encoder],
) -> tuple[dict[str, str], dict[int, tuple[str, str]]]:
    """Return what to keep of each answer ("": no name), and topics' old and new labels by id."""
    taken = set(labels)
    kept: dict[str, str] = {}
    names: dict[int, tuple[str, str]] = {}
    for one in wanted:
        if one.key not in answers:
            continue
        name = naming.checked(
            answers[one.key], one.asked, lambda words: load_encoder().encode(list(words))
        )
        kept[one.key] = name or ""
        others = {label.casefold() for label in taken - {one.topic.label}}
        if name and name != one.topic.label and name.casefold() not in others:
            names[one.topic.id] = (one.topic.label, name)
            taken = (taken - {one.topic.label}) | {name}
    return kept, names


def _write(
    database: Database,
    model: str,
    kept: dict[str, str],
    names: dict[int, tuple[str, str]],
    now: datetime,
) -> int:
    """Keep the answers, write the labels of topics that nobody changed since; return how many."""
    if not kept and not names:
        return 0
    named = 0
    with database.write() as session:
        for key, name in sorted(kept.items()):
            session.merge(TopicNaming(key=key, model=model, name=name, made_at=now))
        for topic_id, topic in sorted(ledger.hold(session, list(names)).items()):
            old, new = names[topic_id]
            if topic.label != old or topic.name is not None:
                continue
            topic.label = new
            evidence = {"from": old, "to": new, "model": model}
            session.add(
                TopicEvent(
                    topic_id=topic_id, kind="labelled", at=now, actor="run", evidence=evidence
                )
            )
            named += 1
    return named
