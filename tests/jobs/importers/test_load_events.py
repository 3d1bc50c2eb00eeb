from datetime import UTC, datetime

from service.db.models import Account, Event, Identity, Member

AT = datetime(2024, 6, 1, tzinfo=UTC)


def happened(id="e1", kind="joined", **more):
    return {"id": id, "kind": kind, "source": "forum", "occurred_at": "2024-06-01"} | more


def test_events_make_the_members_and_accounts_that_they_name(store, post):
    store.load(post("a", "ann", source="forum"))
    result = store.load(
        happened(member="ann"),
        happened("e2", "purchased", account="Acme.example", amount=1200, data={"plan": "team"}),
        happened("e3", "referred", member="bob", account="acme.example"),
        kind="events",
    )
    assert (result.added, result.members_added, result.sources) == (3, 1, ("forum",))
    assert store.rows(Identity.value) == [("ann",), ("bob",)]
    # Ann was there before her first post.
    assert store.rows(Member.created_at) == [(AT,), (AT,)]
    assert store.rows(Account.domain, Account.name) == [("acme.example", None)]
    columns = (Event.kind, Event.member_id, Event.account_id, Event.amount, Event.data)
    assert store.rows(Event.external_id, *columns, Event.occurred_at) == [
        ("e1", "joined", 1, None, None, {}, AT),
        ("e2", "purchased", None, 1, 1200.0, {"plan": "team"}, AT),
        ("e3", "referred", 2, 1, None, {}, AT),
    ]


def test_events_are_repeated_changed_and_doubled(store):
    rows = [happened(amount=1.5, data={"a": [1, {"b": None}]}), happened("e2")]
    store.load(*rows, kind="events")
    again = store.load(*rows, kind="events")
    assert (again.added, again.updated, again.unchanged) == (0, 0, 2)
    result = store.load(happened(amount=2), happened(amount=3), kind="events")
    assert (result.updated, result.rejected) == (1, 1)
    assert store.rejects(result)[0]["place"] == "line 2"
    assert store.rows(Event.amount) == [(2.0,), (None,)]


def test_bad_events_are_refused(store):
    result = store.load(
        happened(),
        happened("e2", "danced"),
        happened("e3", amount="12"),
        happened("e4", data=[1]),
        happened("e5", occurred_at="2262-01-01"),
        {"id": "e6", "kind": "joined"},
        kind="events",
    )
    assert (result.added, result.rejected) == (1, 5)
    reasons = [reject["reason"] for reject in store.rejects(result)]
    assert reasons[0].startswith("`kind` is none of joined, invited, ")
    assert reasons[1:] == [
        "`amount` is text; it must be a finite number",
        "`data` is a list; it must be an object",
        "`occurred_at` lies in 2262; times run from 1980 to now",
        "`occurred_at` is missing",
    ]


def test_accounts_are_added_changed_and_doubled(store):
    acme = {"domain": "Acme.example", "name": "Acme", "plan": "team", "annual_value": 12_000}
    result = store.load(acme, acme, {"domain": "b.example"}, {"name": "x"}, kind="accounts")
    assert (result.added, result.unchanged, result.rejected) == (2, 1, 1)
    assert store.rejects(result)[0]["reason"] == "`domain` is missing or empty"
    result = store.load(
        {"domain": "acme.example", "plan": "free"},
        {"domain": "acme.example", "plan": "team"},
        {"domain": "b.example", "name": None},
        kind="accounts",
    )
    assert (result.updated, result.unchanged, result.rejected) == (1, 1, 1)
    columns = (Account.domain, Account.name, Account.plan, Account.annual_value)
    assert store.rows(*columns) == [
        ("acme.example", "Acme", "free", 12_000.0),
        ("b.example", None, None, None),
    ]
