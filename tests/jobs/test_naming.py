"""Names from a server on this machine that speaks as OpenAI's does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from structlog.testing import capture_logs

from jobs.encode import encode
from jobs.naming import NamesResult, name_topics
from nlp.encoders import Encoder, describe, load
from service.db.models import Post, Thread, Topic, TopicEvent, TopicFit, TopicNaming
from service.db.queries import embeddings
from service.db.session import Database
from service.settings import Settings
from tests.jobs import community
from tests.jobs.conftest import Import
from tests.jobs.sync.local import Asked, Reply, Server, start

KEY = "sk-very-secret"


def said(text: Any) -> Reply:
    return Reply({"choices": [{"message": {"role": "assistant", "content": text}}]})


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Yield a server that names topics of syncing, and a theme badly."""
    monkeypatch.setenv("NO_PROXY", "*")

    def answer(asked: Asked) -> Reply:
        about = asked.body["messages"][1]["content"].splitlines()[0]
        return said("Phone sync" if "Sync" in about else "Buy <b>now</b>")

    server = Server(answer)
    http = start(server)
    yield server
    http.shutdown()
    http.server_close()


@pytest.fixture
def topics(database: Database, bring: Import, now: datetime) -> Callable[[], list[Topic]]:
    """Write two topics of three posts each; return what reads them."""
    bring(community.records())
    encode(database, describe("hashing"), lambda: load("hashing"), now=now)
    with database.write() as session:
        card = describe("hashing")
        encoder = embeddings.encoder_id(session, card.name, card.revision)
        fit = TopicFit(
            encoder_id=encoder, model="m", parameters={}, posts=6, outliers=0, fitted_at=now
        )
        session.add(fit)
        session.flush()
        for label, words in (("Sync and queue", ["sync", "phone"]), ("Themes", ["theme", "css"])):
            query = select(Post.id).where(Post.plain.contains(words[0])).order_by(Post.id).limit(3)
            session.add(
                Topic(
                    fit_id=fit.id,
                    label=label,
                    words=words,
                    phrases=[],
                    description="",
                    centroid=load("hashing").encode([words[0]])[0].astype(np.float16),
                    radius=0.1,
                    representatives=list(session.scalars(query)),
                    born_at=now,
                )
            )

    def read() -> list[Topic]:
        with database.read() as session:
            return list(session.scalars(select(Topic).order_by(Topic.id)))

    return read


@pytest.fixture
def ask(
    database: Database, settings: Settings, served: Server, now: datetime
) -> Callable[..., NamesResult]:
    """Return a function that names topics; settings may be changed."""

    def name(**changes: Any) -> NamesResult:
        own = {"llm_url": f"{served.url}/v1", "llm_model": "small", "llm_timeout": 2, **changes}
        return name_topics(database, settings.model_copy(update=own), encoder, now=now)

    return name


def encoder() -> Encoder:
    return load("hashing")


Read = Callable[[], list[Topic]]
Ask = Callable[..., NamesResult]


def labels(read: Read) -> list[str]:
    return [topic.label for topic in read()]


def test_a_good_name_is_taken_and_a_bad_one_left(
    database: Database, topics: Read, ask: Ask, served: Server
) -> None:
    assert ask() == NamesResult(asked=2, named=1, failed=0)
    assert labels(topics) == ["Phone sync", "Themes"]
    with database.read() as session:
        event = session.scalars(select(TopicEvent)).one()
        kept = session.scalars(select(TopicNaming.name).order_by(TopicNaming.name)).all()
    assert (event.kind, event.actor) == ("labelled", "run")
    assert event.evidence == {"from": "Sync and queue", "to": "Phone sync", "model": "small"}
    assert kept == ["", "Phone sync"]


def test_what_is_sent_is_a_chat_without_authors(
    topics: Read, ask: Ask, served: Server, now: datetime
) -> None:
    ask(llm_key=SecretStr(KEY))
    assert served.paths == ["/v1/chat/completions"] * 2
    sent = served.asked[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.body["model"] == "small"
    assert [message["role"] for message in sent.body["messages"]] == ["system", "user"]
    assert "sync1" not in str(sent.body)


def test_nothing_is_asked_twice(topics: Read, ask: Ask, served: Server) -> None:
    ask()
    assert ask() == NamesResult(0, 0, 0)
    assert len(served.asked) == 2


def test_a_kept_name_is_given_again_without_asking(
    database: Database, topics: Read, ask: Ask, served: Server
) -> None:
    ask()
    with database.write() as session:
        session.execute(update(Topic).where(Topic.label == "Phone sync").values(label="Sync"))
    assert ask() == NamesResult(0, 1, 0)
    assert labels(topics) == ["Phone sync", "Themes"]
    assert len(served.asked) == 2


def test_without_an_endpoint_nothing_is_sent(topics: Read, ask: Ask, served: Server) -> None:
    assert ask(llm_url=None) == NamesResult()
    assert served.asked == []


@pytest.mark.parametrize(
    ("changes", "fix"),
    [
        ({"llm_model": ""}, "GROUNDSWELL_LLM_MODEL"),
        ({"llm_url": "ftp://host"}, "https://host/v1"),
        ({"llm_url": "http://10.0.0.9/v1", "llm_key": SecretStr(KEY)}, "https://"),
        ({"llm_key": SecretStr("sk-ü")}, "GROUNDSWELL_LLM_KEY"),
    ],
)
def test_what_cannot_be_asked_says_why(
    topics: Read, ask: Ask, changes: dict[str, Any], fix: str
) -> None:
    result = ask(**changes)
    assert result.asked == 0
    assert fix in str(result.note)
    assert KEY not in str(result.note)


@pytest.mark.parametrize(
    "reply",
    [
        Reply({}, status=500),
        Reply({"error": "no"}, status=401),
        Reply({}, status=307, headers={"location": "/elsewhere"}),
        Reply({"choices": []}),
        Reply({"choices": [{"message": {"content": None}}]}),
        Reply(raw=b"<html>"),
        Reply(raw=b'{"choices": [', cut=5),
        Reply(raw=b"[" * 100_000),
        Reply(raw=b" " * (2 << 20)),
    ],
)
def test_whatever_fails_a_topic_keeps_its_label(
    database: Database, topics: Read, ask: Ask, served: Server, reply: Reply
) -> None:
    served.fail(reply, times=2)
    assert ask() == NamesResult(asked=2, named=0, failed=2)
    assert labels(topics) == ["Sync and queue", "Themes"]
    with database.read() as session:
        assert session.scalars(select(TopicNaming)).all() == []
    # The next run asks again.
    assert ask().named == 1


def test_a_server_that_is_not_there_is_no_error(topics: Read, ask: Ask, served: Server) -> None:
    result = ask(llm_url="http://127.0.0.1:1/v1")
    assert (result.named, result.failed) == (0, 2)


def test_private_posts_never_go_out(
    database: Database, topics: Read, ask: Ask, served: Server
) -> None:
    with database.write() as session:
        texts = list(session.scalars(select(Post.plain)))
        session.execute(update(Thread).values(visibility="private"))
    ask()
    sent = " ".join(str(asked.body) for asked in served.asked)
    assert len(served.asked) == 2
    assert not any(text in sent for text in texts if text)
    assert "Post 1" not in sent


def test_what_a_person_decided_is_left_alone(
    database: Database, topics: Read, ask: Ask, served: Server, now: datetime
) -> None:
    with database.write() as session:
        session.execute(update(Topic).where(Topic.label == "Themes").values(name="Looks"))
        session.execute(update(Topic).where(Topic.label != "Themes").values(hidden_at=now))
    assert ask() == NamesResult(0, 0, 0)
    assert served.asked == []


def test_no_two_topics_get_the_same_name(topics: Read, ask: Ask, served: Server) -> None:
    served.answer = lambda asked: said("Sync of themes")
    assert ask().named == 1
    assert labels(topics) == ["Sync of themes", "Themes"]


def test_a_secret_is_in_no_log(
    topics: Read,
    ask: Ask,
    served: Server,
    capfd: pytest.CaptureFixture[str],
) -> None:
    served.fail(Reply({}, status=500), times=2)
    with capture_logs() as logged:
        ask(llm_key=SecretStr(KEY))
    out = "".join([*capfd.readouterr(), *map(str, logged)])
    assert "no name from the model" in out
    assert KEY not in out
    assert served.url not in out
