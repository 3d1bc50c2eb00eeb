"""A night: where posts go, how centroids move, and which groups become topics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlp.topics.clusters import place
from nlp.topics.nights import Known, Pool, births, night, stay
from nlp.vectors import unit

WIDTH = 96
TOPICS = 6


def near(centre: np.ndarray, count: int, cosine: float, chance: np.random.Generator) -> np.ndarray:
    """Return rows at this cosine of a centre, in every other direction as chance has it."""
    noise = chance.standard_normal((count, WIDTH)).astype(np.float32)
    noise = unit(noise - (noise @ centre)[:, None] * centre)
    return unit(cosine * centre + np.sqrt(1 - cosine**2) * noise)


def known() -> Known:
    centroids = np.eye(WIDTH, dtype=np.float32)[:TOPICS]
    return Known(centroids, np.full(TOPICS, 0.5, dtype=np.float32), np.full(TOPICS, 500.0))


def talk(count: int = 600, seed: int = 1) -> Pool:
    """Return posts about known topics by many people in threads of ten."""
    chance = np.random.default_rng(seed)
    topics = known()
    about = np.arange(count) // 10 % TOPICS
    rows = np.concatenate([near(topics.centroids[topic], 1, 0.7, chance) for topic in about])
    labels, similarity = about.astype(np.int64), (rows @ topics.centroids.T).max(axis=1)
    texts = [" ".join(chance.choice(list("abcdefghijklmnop"), 9)) for _ in range(count)]
    places = np.arange(count, dtype=np.int64)
    fresh = np.ones(count, dtype=np.bool_)
    return Pool(rows, places % 37, places // 10, labels, similarity, fresh, texts)


def planted(
    pool: Pool,
    count: int,
    *,
    threads: int = 5,
    authors: int = 8,
    fresh: bool = True,
    beside: float = 0.0,
) -> Pool:
    """Return the pool with a subject of its own at the end: its posts are alike across threads.

    `beside` is the cosine of its centre to that of the first known topic.
    """
    chance = np.random.default_rng(7)
    axes = np.eye(WIDTH, dtype=np.float32)
    centre = np.float32(beside) * axes[0] + np.float32((1 - beside**2) ** 0.5) * axes[-1]
    rows = near(centre, count, 0.75, chance)
    places = np.arange(count, dtype=np.int64)
    texts = [" ".join(chance.choice(list("qrstuvwxyz"), 9)) for _ in range(count)]
    return Pool(
        np.concatenate([pool.rows, rows]),
        np.concatenate([pool.authors, 100 + places % authors]),
        np.concatenate([pool.threads, 1_000 + places % threads]),
        np.concatenate([pool.labels, np.full(count, -1, dtype=np.int64)]),
        np.concatenate([pool.similarity, (rows @ known().centroids.T).max(axis=1)]),
        np.concatenate([pool.fresh, np.full(count, fresh)]),
        [*pool.texts, *texts],
    )


def test_a_night_places_posts_and_moves_their_topics_by_their_share() -> None:
    topics = replace(known(), mass=np.full(TOPICS, 3.0))
    aside = unit(np.eye(WIDTH, dtype=np.float32)[[0]] + np.eye(WIDTH, dtype=np.float32)[[50]])
    stray = np.eye(WIDTH, dtype=np.float32)[[60]]
    done = night(topics, np.concatenate([aside, stray]))
    assert done.labels.tolist() == [0, -1]
    assert done.similarity == pytest.approx([0.5**0.5, 0])
    np.testing.assert_allclose(
        done.known.centroids[0], unit(0.75 * topics.centroids[:1] + 0.25 * aside)[0], atol=1e-6
    )
    np.testing.assert_array_equal(done.known.centroids[1:], topics.centroids[1:])
    assert done.known.mass.tolist() == [4, 3, 3, 3, 3, 3]
    assert done.known.radii is topics.radii


def test_a_night_without_posts_changes_nothing() -> None:
    topics = known()
    done = night(topics, np.empty((0, WIDTH), dtype=np.float32))
    assert len(done.labels) == 0
    assert done.known.centroids.tobytes() == topics.centroids.tobytes()


def test_nothing_is_born_of_talk_about_known_topics() -> None:
    assert births(talk(), known()) == []
    assert births(talk(8), known()) == []
    nobody = replace(known(), centroids=known().centroids[:0], radii=known().radii[:0])
    assert births(talk(), nobody) == []


def test_a_subject_of_its_own_is_born_with_its_posts() -> None:
    pool = planted(talk(), 30)
    born = births(pool, known())
    assert [group.tolist() for group in born] == [list(range(600, 630))]


def test_the_least_that_is_a_subject_is_born() -> None:
    pool = planted(talk(), 15, threads=3, authors=5)
    assert [len(group) for group in births(pool, known())] == [15]


@pytest.mark.parametrize(("beside", "people", "born"), [(0.7, 5, 1), (0.84, 5, 0), (0.84, 40, 1)])
def test_few_people_beside_a_known_topic_are_no_subject(
    beside: float, people: int, born: int
) -> None:
    pool = planted(talk(), 4 * people, threads=people // 2 + 2, authors=people, beside=beside)
    assert len(births(pool, known())) == born


def test_the_larger_of_two_births_comes_first() -> None:
    pool = planted(talk(), 20)
    chance = np.random.default_rng(9)
    more = near(np.eye(WIDTH, dtype=np.float32)[-2], 40, 0.75, chance)
    places = np.arange(40, dtype=np.int64)
    both = Pool(
        np.concatenate([pool.rows, more]),
        np.concatenate([pool.authors, places % 11]),
        np.concatenate([pool.threads, 2_000 + places % 6]),
        np.concatenate([pool.labels, np.full(40, -1, dtype=np.int64)]),
        np.concatenate([pool.similarity, np.zeros(40, dtype=np.float32)]),
        np.concatenate([pool.fresh, np.ones(40, dtype=np.bool_)]),
        [*pool.texts, *(" ".join(chance.choice(list("hijklmnopq"), 9)) for _ in range(40))],
    )
    assert [len(group) for group in births(both, known())] == [40, 20]


@pytest.mark.parametrize(
    "lacking",
    [
        planted(talk(), 14),
        planted(talk(), 30, authors=4),
        planted(talk(), 30, threads=2),
        planted(talk(), 30, fresh=False),
    ],
    ids=["posts", "authors", "threads", "news"],
)
def test_too_little_is_no_birth(lacking: Pool) -> None:
    assert births(lacking, known()) == []


def test_what_lay_in_the_pool_before_is_not_new() -> None:
    pool = planted(planted(talk(), 60, fresh=False), 20)
    assert births(pool, known()) == []


def test_copies_of_a_template_are_no_subject() -> None:
    pool = planted(talk(), 30)
    copies = [f"Opened #{n} at https://example.org/{n} for review by all" for n in range(30)]
    assert births(replace(pool, texts=[*pool.texts[:600], *copies]), known()) == []
    # One post more than enough that says something of its own each.
    own = [*pool.texts[600:615], *copies[15:]]
    assert len(births(replace(pool, texts=[*pool.texts[:600], *own]), known())) == 1


def test_one_busy_thread_is_no_subject() -> None:
    pool = planted(talk(), 40, threads=3)
    threads = pool.threads.copy()
    threads[600:636] = 1_000
    assert births(replace(pool, threads=threads), known()) == []


def test_the_order_of_the_pool_changes_nothing() -> None:
    pool = planted(talk(), 30)
    mixed = np.random.default_rng(3).permutation(len(pool.rows))
    other = Pool(
        pool.rows[mixed],
        pool.authors[mixed],
        pool.threads[mixed],
        pool.labels[mixed],
        pool.similarity[mixed],
        pool.fresh[mixed],
        [pool.texts[place] for place in mixed],
    )
    assert [sorted(mixed[group].tolist()) for group in births(other, known())] == [
        group.tolist() for group in births(pool, known())
    ]


def test_what_was_born_is_not_born_again() -> None:
    pool = planted(talk(), 30)
    topics = known()
    own = unit(pool.rows[600:].mean(axis=0, keepdims=True))
    grown = Known(
        np.concatenate([topics.centroids, own]),
        np.append(topics.radii, np.float32(0.6)),
        np.append(topics.mass, 30.0),
    )
    # The similarity that was stored when the posts came knows nothing of the new topic.
    assert births(pool, grown) == []


def test_posts_between_two_topics_stay_where_they_were() -> None:
    centroids = np.eye(3, dtype=np.float32)[:2]
    rows = unit(np.array([[1, 1.02, 0], [1, 1.2, 0], [1, 0, 1.1], [0, 0, 1]], dtype=np.float32))
    found = place(rows, centroids, np.full(2, 0.68, dtype=np.float32))
    assert found.labels.tolist() == [1, 1, -1, -1]
    assert stay(found, rows, np.array([0, 0, 0, 0])).tolist() == [0, 1, 0, -1]
    assert stay(found, rows, np.full(4, -1)).tolist() == [1, 1, -1, -1]
