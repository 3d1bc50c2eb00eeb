from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pytest

from service.insights.heat.copies import Said, groups, near, word_pairs
from service.insights.trends.trust import copies

AT = datetime(2026, 2, 1, tzinfo=UTC)
ADVERT = "Buy the cheapest notebook covers of the whole wide world at our little shop, number {}"
OTHER = "Does anybody know why the editor of my phone forgets where the cursor stood yesterday?"


def said(author: int, thread: int, text: str, day: float = 0) -> Said:
    return Said(author, thread, AT + timedelta(days=day), text)


def test_one_account_in_three_threads() -> None:
    posts = [said(1, thread, ADVERT.format(thread), thread) for thread in (1, 2, 3)]
    assert groups([*posts, said(2, 4, OTHER)]) == [[0, 1, 2]]
    assert groups(posts[:2]) == []
    assert groups([said(1, 1, ADVERT.format(n)) for n in range(3)]) == []  # in one thread
    assert groups([said(1, 1, ADVERT.format(n)) for n in range(8)]) == [list(range(8))]


def test_a_few_accounts_and_not_a_fashion() -> None:
    posts = [said(author, 1, ADVERT.format(author)) for author in (1, 2, 3)]
    assert groups(posts) == [[0, 1, 2]]
    assert groups([*posts, said(4, 1, ADVERT.format(4))]) == []


def test_a_formula_counts_only_where_it_is_loud() -> None:
    thanks = "Thanks a lot, that works for me!"
    assert groups([said(1, thread, thanks) for thread in range(7)]) == []
    assert groups([said(1, thread, thanks) for thread in range(8)]) == [list(range(8))]
    files = [
        said(1, n, f"Screenshot from 2026-02-{n} 14-05-0{n}.png and {n}.png") for n in range(5)
    ]
    assert groups(files) == []


def test_a_habit_is_no_wave() -> None:
    assert groups([said(1, n, ADVERT.format(n), 7.1 * n) for n in range(4)]) == []
    both = [0, 1, 2, 30, 31, 32]
    found = groups([said(1, n, ADVERT.format(n), day) for n, day in enumerate(both)])
    assert found == [[0, 1, 2], [3, 4, 5]]


def test_the_loudest_group_comes_first() -> None:
    posts = [said(1, n, OTHER) for n in range(3)] + [said(2, n, ADVERT.format(n)) for n in range(4)]
    assert groups(posts) == [[3, 4, 5, 6], [0, 1, 2]]
    assert groups([]) == groups([said(1, 1, "")]) == []


@pytest.mark.parametrize("seed", range(5))
def test_likeness_is_that_of_trends(seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = [f"w{letter}" for letter in "abcdefgh"]
    texts = [" ".join(rng.choice(words, size=rng.integers(4, 14))) for _ in range(60)]
    texts += [f"{text} {words[0]} {words[1]}" for text in texts[:20]]
    sets = {place: pairs for place, text in enumerate(texts) if (pairs := word_pairs(text))}
    places = list(sets)
    found = {(places[one], places[other]) for one, other in near(list(sets.values()))}
    found = {(min(pair), max(pair)) for pair in found}
    own = np.arange(2)
    expected = {
        (one, other)
        for one, other in combinations(range(len(texts)), 2)
        if copies([texts[one], texts[other]], own).any()
    }
    assert found == expected
    assert len(expected) > 10
