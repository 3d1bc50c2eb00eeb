"""The sample community keeps its promises; every check reads the rows, not the generator."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.sample.community import Community, generate
from jobs.sample.files import write

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2024, 10, 1, tzinfo=UTC)
DAYS = 274
KINDS = {
    "joined", "invited", "referred", "attended", "hosted", "signed_up", "activated", "purchased",
    "renewed", "expanded", "contracted", "churned", "opportunity", "ticket_opened", "advocacy",
    "certified", "survey_answered", "viewed", "mentioned", "cost",
}  # fmt: skip
FIELDS = {
    "id", "thread_id", "thread_title", "channel", "author", "created_at", "parent_id", "text",
    "source",
}  # fmt: skip
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module", params=[7, 8])
def community(request: pytest.FixtureRequest) -> Community:
    """Return two different Larkspurs, one after the other."""
    return generate(request.param)


@pytest.fixture
def posts(community: Community) -> Rows:
    """Return the public posts of people."""
    return [
        dict(m)
        for m in community.messages
        if m.get("visibility") != "private" and not m.get("is_bot")
    ]


def when(row: dict[str, Any] | Any, key: str = "created_at") -> datetime:
    """Return a row's time."""
    return datetime.fromisoformat(row[key])


def by_id(community: Community) -> dict[str, Any]:
    """Return the messages by their id."""
    return {m["id"]: m for m in community.messages}


def said(text: str) -> set[str]:
    """Return a post's sentences: no code, no quoted lines, case and white space evened out."""
    text = re.sub(r"```.*?```", "\n", text, flags=re.S)
    kept = [line for line in text.splitlines() if not line.lstrip().startswith(">")]
    parts = [p for line in kept for p in re.split(r"(?<=[.!?])\s+", line)]
    return {" ".join(p.casefold().split()) for p in parts if p.strip()}


def area_days(community: Community, area: str) -> dict[str, list[Any]]:
    """Return an area's public posts by day."""
    found: dict[str, list[Any]] = defaultdict(list)
    for m in community.messages:
        entry = community.truth["posts"].get(m["id"])
        if entry and entry["area"] == area:
            found[m["created_at"][:10]].append(m)
    return found


def test_same_seed_gives_identical_files(tmp_path: Path) -> None:
    one = write(generate(3), tmp_path / "one")
    two = write(generate(3), tmp_path / "two")
    for a, b in (
        (one.messages, two.messages),
        (one.events, two.events),
        (one.accounts, two.accounts),
        (one.truth, two.truth),
    ):
        assert a.read_bytes() == b.read_bytes()
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == [
        "accounts.jsonl", "events.jsonl", "messages.jsonl", "truth.json",
    ]  # fmt: skip
    rows = [json.loads(line) for line in one.messages.read_text("utf-8").splitlines()]
    assert rows[0]["thread_id"]
    assert json.loads(one.truth.read_text("utf-8"))["seed"] == 3


def test_another_seed_is_another_larkspur() -> None:
    one, two = generate(7).truth, generate(8).truth
    spans = [{(b["area"], b["start"]) for b in t["bursts"]} for t in (one, two)]
    assert not spans[0] & spans[1]
    handles = [{h["handle"] for p in t["people"] for h in p["handles"]} for t in (one, two)]
    assert len(handles[0] & handles[1]) < len(handles[0]) / 4
    assert {r["key"] for r in one["requests"]} != {r["key"] for r in two["requests"]}


def test_size_span_and_authors(community: Community, posts: Rows) -> None:
    assert 5000 <= len(posts) <= 7500
    people = {
        (h["source"], h["handle"]): p["person"]
        for p in community.truth["people"]
        for h in p["handles"]
    }
    assert len({people[m["source"], m["author"]] for m in posts}) >= 250
    times = [when(m) for m in community.messages]
    assert times == sorted(times)
    assert BEGIN <= times[0] < BEGIN + timedelta(days=3)
    assert END - timedelta(days=1) < times[-1] < END
    private = [m for m in community.messages if m.get("visibility") == "private"]
    assert 10 <= len(private) <= 30
    assert not {m["id"] for m in private} & set(community.truth["posts"])


def test_messages_are_well_formed(community: Community) -> None:
    assert {m["source"] for m in community.messages} == {"larkspur-forum", "larkspur-chat"}
    assert len({(m["source"], m["id"]) for m in community.messages}) == len(community.messages)
    for m in community.messages:
        assert set(m) >= FIELDS
        assert m["text"].strip()
        assert m["created_at"].endswith("Z")
        assert not re.search(r"\{[a-z_]+\}", re.sub(r"`[^`]*`", "", m["text"])), m["text"]
        assert "  " not in m["text"].split("```")[0], m["text"]


def test_no_sentence_in_more_than_three_posts(community: Community) -> None:
    seen = Counter(one for m in community.messages for one in said(m["text"]))
    assert [s for s, n in seen.items() if n > 3] == []
    assert len(seen) > 6000


def test_replies_follow_their_parents_in_the_same_thread(community: Community) -> None:
    rows = by_id(community)
    answers = 0
    for m in community.messages:
        if m["parent_id"] is None:
            continue
        parent = rows[m["parent_id"]]
        assert parent["thread_id"] == m["thread_id"]
        assert when(parent) < when(m)
        answers += 1
    assert answers > 1500
    channels: dict[str, set[str]] = defaultdict(set)
    for m in community.messages:
        channels[m["thread_id"]].add(f"{m['source']} {m['channel']} {m['thread_title']}")
    assert all(len(found) == 1 for found in channels.values())


def test_accepted_answers_are_in_their_thread(community: Community) -> None:
    rows = by_id(community)
    solved = {s["thread"]: s for s in community.truth["solved"]}
    marked = [m for m in community.messages if "accepted_answer_id" in m]
    assert len(marked) == len(solved) > 100
    for m in marked:
        answer = rows[m["accepted_answer_id"]]
        assert answer["thread_id"] == m["thread_id"]
        assert answer["author"] != m["author"]
        assert solved[m["thread_id"]]["answer"] == answer["id"]
        first = min((x for x in rows.values() if x["thread_id"] == m["thread_id"]), key=when)
        assert first["id"] == m["id"]


def test_every_event_kind_occurs(community: Community) -> None:
    assert {e["kind"] for e in community.events} == KINDS
    assert len({e["id"] for e in community.events}) == len(community.events)
    domains = {a["domain"] for a in community.accounts}
    handles = {(h["source"], h["handle"]) for p in community.truth["people"] for h in p["handles"]}
    for e in community.events:
        assert when(e, "occurred_at") < END
        assert e.get("account", next(iter(domains))) in domains
        if "member" in e:
            assert (e["source"], e["member"]) in handles
    assert all(d.endswith(".example") for d in domains)


def test_nobody_writes_before_joining(community: Community) -> None:
    joined = {
        (e["source"], e["member"]): when(e, "occurred_at")
        for e in community.events
        if e["kind"] == "joined"
    }
    for m in community.messages:
        if not m.get("is_bot"):
            assert joined[m["source"], m["author"]] <= when(m)


def test_bursts_stand_out(community: Community) -> None:
    rows = by_id(community)
    bursts = community.truth["bursts"]
    assert 6 <= len(bursts) <= 8
    for burst in bursts:
        days = area_days(community, burst["area"])
        planted = defaultdict(set)
        for pid in burst["posts"]:
            planted[rows[pid]["created_at"][:10]].add(rows[pid]["author"])
        assert 2 <= len(planted) <= 5
        assert min(planted) == burst["start"]
        assert max(planted) == burst["end"]
        assert all(len(authors) >= 8 for authors in planted.values())
        inside = sum(len(days[day]) for day in planted) / len(planted)
        outside = [len(rows) for day, rows in days.items() if day not in planted]
        usual = sum(outside) / (DAYS - len(planted))
        assert 3 <= inside / usual <= 10
        assert {rows[p]["thread_id"] for p in burst["posts"]} == set(burst["threads"])


def test_one_burst_is_still_rising_at_the_end(community: Community) -> None:
    rows = by_id(community)
    late = [
        burst
        for burst in community.truth["bursts"]
        if sum(1 for p in burst["posts"] if when(rows[p]) > END - timedelta(hours=48)) >= 16
    ]
    assert len(late) == 1


def test_brigades_are_few_accounts_that_repeat_themselves(community: Community) -> None:
    rows = by_id(community)
    assert len(community.truth["brigades"]) == 2
    for brigade in community.truth["brigades"]:
        texts = [rows[p]["text"] for p in brigade["posts"]]
        assert len({rows[p]["author"] for p in brigade["posts"]}) <= 3
        assert len(texts) >= 20
        common = Counter(word for text in texts for word in set(text.casefold().split()))
        assert common.most_common(1)[0][1] > len(texts) * 0.7


def test_requests_come_from_many_people_in_many_words(community: Community) -> None:
    rows = by_id(community)
    requests = community.truth["requests"]
    assert len(requests) >= 12
    assert sum(1 for r in requests if r["shipped"]) == 3
    for request in requests:
        asked = [rows[p] for p in (*request["asks"], *request["pluses"])]
        assert 4 <= len({m["author"] for m in asked}) <= 25
        assert len({m["text"] for m in asked}) == len(asked)
        if request["shipped"]:
            news = rows[request["shipped"]]
            assert news["channel"] == "announcements"
            assert news["is_staff"]
            assert all(when(m) < when(news) for m in asked)
    assert sum(len(r["workarounds"]) for r in requests) >= 8
    assert sum(len(r["rivals"]) for r in requests) >= 6
    assert len(community.truth["negative_requests"]) >= 3


def test_quarrels_have_a_turning_post(community: Community) -> None:
    rows = by_id(community)
    for name in ("escalating", "calming"):
        plants = community.truth[name]
        assert len(plants) >= 12
        for plant in plants:
            turn = rows[plant["turning"]]
            assert turn["thread_id"] == plant["thread"]
            before = [p for p in plant["posts"] if when(rows[p]) < when(turn)]
            after = [p for p in plant["posts"] if when(rows[p]) > when(turn)]
            assert len(before) >= 4
            assert len(after) >= 2


def test_newcomers_are_told_as_they_fared(community: Community) -> None:
    rows = by_id(community)
    threads: dict[str, Rows] = defaultdict(list)
    for m in community.messages:
        threads[m["thread_id"]].append(dict(m))
    handles = {
        p["person"]: {(h["source"], h["handle"]) for h in p["handles"]}
        for p in community.truth["people"]
    }
    newcomers = community.truth["newcomers"]
    assert len(newcomers) > 60
    assert sum(n["cold_shouldered"] for n in newcomers) >= 10
    for n in newcomers:
        first = rows[n["first_post"]]
        mine = handles[n["person"]]
        assert (first["source"], first["author"]) in mine
        others = [
            m
            for m in threads[first["thread_id"]]
            if (m["source"], m["author"]) not in mine and when(m) > when(first)
        ]
        assert bool(others) == n["replied"]
        assert not (n["cold_shouldered"] and others)


def test_people_with_two_handles_and_those_who_fade(community: Community) -> None:
    authors = {(m["source"], m["author"]) for m in community.messages}
    doubles = community.truth["two_handles"]
    assert len(doubles) >= 8
    for double in doubles:
        assert double["forum"] != double["chat"]
        assert ("larkspur-forum", double["forum"]) in authors
        assert ("larkspur-chat", double["chat"]) in authors
    for name in ("at_risk", "silent"):
        plants = community.truth[name]
        assert sum(p["posts_before"] for p in plants) > 8 * sum(p["posts_after"] for p in plants)


def test_every_id_in_the_truth_exists(community: Community) -> None:
    rows = by_id(community)
    threads = {m["thread_id"] for m in community.messages}
    people = {p["person"] for p in community.truth["people"]}
    events = {e["id"] for e in community.events}

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for one in (*value, *value.values()):
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)
        elif isinstance(value, str):
            if re.fullmatch(r"[fc]\d{6}", value):
                assert value in rows
            elif re.fullmatch(r"[fc]t\d{5}", value):
                assert value in threads
            elif re.fullmatch(r"[psbg]\d{2,3}", value):
                assert value in people
            elif re.fullmatch(r"e\d{6}", value):
                assert value in events

    look(dict(community.truth))
    public = {m["id"] for m in community.messages if m.get("visibility") != "private"}
    assert set(community.truth["posts"]) == public


def test_gaps_stay_unanswered_and_polls_are_counted(community: Community) -> None:
    rows = by_id(community)
    assert len(community.truth["documentation_gaps"]) >= 5
    for gap in community.truth["documentation_gaps"]:
        assert len({rows[p]["author"] for p in gap["posts"]}) >= 4
        assert all("accepted_answer_id" not in rows[p] for p in gap["posts"])
    for poll in community.truth["polls"]:
        votes = [
            m
            for m in community.messages
            if m["thread_id"] == poll["thread"] and m["id"] != poll["post"]
        ]
        assert sum(poll["tally"].values()) == len(votes)
        assert all(option in rows[poll["post"]]["text"] for option in poll["options"].values())


def test_purchases_follow_the_signals(community: Community) -> None:
    rows = by_id(community)
    events = {e["id"]: e for e in community.events}
    assert len(community.truth["purchases"]) >= 5
    for plant in community.truth["purchases"]:
        bought = events[plant["event"]]
        assert bought["kind"] == "purchased"
        assert bought["account"] == plant["account"]
        assert all(when(rows[p]) < when(bought, "occurred_at") for p in plant["lead_posts"])
