"""The real samples hold what their README says that they hold."""

import re

import pytest
from sqlalchemy import func, select

from jobs.importers.registry import guess
from service.db.models import Post, Thread

# Kind, posts, threads, accepted answers.
SAMPLES = {
    "zulip_lean": ("zulip-archive", 281, 12, 0),
    "stackexchange_quantum_xml": ("stackexchange", 612 + 1_060 + 3_413, 612, 389),
    "stackexchange_coffee_xml": ("stackexchange", 225 + 327, 225, 105),
    "irc_ubuntu": ("irc", 1_165 + 1_958, 1_165 + 1_958, 0),
    "irc_qtox": ("irc", 1_091, 1_091, 0),
    "discourse_girder_md": ("discourse", 437, 132, 0),
    "github_issue_comments_csv": ("github", 400, 27, 0),
}


@pytest.mark.shared
@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_has_the_counts_of_its_readme(shared_data, store, name):
    path = shared_data / "raw_samples" / name
    kind, posts, threads, accepted = SAMPLES[name]
    assert guess(path) == kind
    result = store.read(path, kind)
    assert (result.added, result.rejected, result.private_skipped) == (posts, 0, 0)
    with store.database.read() as session:
        found = session.execute(
            select(func.count(Thread.id), func.count(Thread.accepted_post_external_id))
        ).one()
        assert tuple(found) == (threads, accepted)
        assert session.scalar(select(func.count(Post.id))) == posts
    again = store.read(path, kind)
    assert (again.added, again.updated, again.unchanged) == (0, 0, posts)


@pytest.mark.shared
def test_posts_of_stack_exchange_are_questions_answers_and_comments(shared_data, store):
    store.read(shared_data / "raw_samples" / "stackexchange_quantum_xml", "stackexchange")
    parents, places = store.parents(), store.places()
    comments = {id_ for id_ in parents if id_.startswith("c")}
    questions = {id_ for id_ in parents if places[id_] == id_}
    answers = parents.keys() - comments - questions
    assert (len(questions), len(answers), len(comments)) == (612, 1_060, 3_413)
    assert {parents[id_] for id_ in answers} <= questions
    assert not [id_ for id_ in comments if parents[id_] is None]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "lines", "system"),
    [("2004-12-25.train-c", 1_500, 335), ("2008-04-27.train-a", 1_979, 21)],
)
def test_lines_of_irc_are_posts_and_lines_of_the_system(shared_data, store, name, lines, system):
    """Of what the README counts, what was said is a post; joins, leaves and renames are none."""
    path = shared_data / "raw_samples" / "irc_ubuntu" / f"{name}.raw.txt"
    text = path.read_text(encoding="utf-8", errors="replace").splitlines()
    assert len(text) == lines
    assert sum(line.startswith("===") for line in text) == system
    assert store.read(path, "irc").added == lines - system


@pytest.mark.shared
def test_actions_in_irc_are_posts(shared_data, store):
    path = shared_data / "raw_samples" / "irc_qtox"
    said = re.compile(r"\[\d\d:\d\d:\d\d\] (?:<|\* )")
    files = [file for file in path.rglob("*") if file.is_file()]
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert len(files) == 12
    assert store.read(path, "irc").added == sum(said.match(line) is not None for line in lines)
