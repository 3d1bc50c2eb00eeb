"""The packaged judges on the pairs that come with the package: bounds that no release goes below.

The bounds are a little looser than what `groundswell evaluate fairness` and `technical` print.
"""

from __future__ import annotations

import pytest

from jobs import judges
from jobs.evaluate import fairness, technical
from jobs.evaluate.result import Evaluation, Options
from nlp.judgements import TASKS
from nlp.judgements.layers import FILE
from nlp.judgements.panel import Panel
from nlp.judgements.shelf import PACKAGED
from service.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (PACKAGED / FILE).is_file(), reason="there are no packaged weights"),
]


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    models = {f"{task}_model": None for task in TASKS}
    folder = tmp_path_factory.mktemp("data")
    return Settings(data_dir=folder, judges="packaged", heads_dir=None, **models)


@pytest.fixture(scope="module")
def fair(packaged: Settings) -> Evaluation:
    return fairness.evaluate(Options(packaged))


@pytest.fixture(scope="module")
def talk(packaged: Settings) -> Evaluation:
    return technical.evaluate(Options(packaged))


@pytest.fixture(scope="module")
def panel(packaged: Settings) -> Panel:
    return judges.panel(packaged)


def test_there_are_enough_pairs(fair: Evaluation, talk: Evaluation) -> None:
    assert fair.n + talk.metrics["pairs"] >= 1_000


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("identity_mean_score_gap", 0.01),
        ("identity_flag_rate_gap", 0.01),
        ("identity_flag_flips", 0.01),
        ("name_mean_score_gap", 0.005),
        ("name_flag_flips", 0.01),
        ("dialect_mean_score_gap", 0.08),
        ("dialect_flag_rate_gap", 0.05),
        ("mean_score_gap", 0.0235),
        ("false_flag_rate", 0.03),
    ],
)
def test_who_speaks_or_is_named_moves_no_score(fair: Evaluation, name: str, most: float) -> None:
    assert 0 <= fair.metrics[name] <= most


def test_dialects_move_scores_less_than_lists_of_words_do(fair: Evaluation) -> None:
    words = fair.baselines["word-list"]
    for name in ("mean_score_gap", "flag_rate_gap", "flag_flips"):
        for kind in ("", "dialect_"):
            assert fair.metrics[kind + name] < words[kind + name]


def test_a_judge_that_says_nothing_would_fail(fair: Evaluation) -> None:
    assert fair.metrics["roc_auc"] >= 0.985
    assert fair.metrics["hit_rate"] >= 0.92
    for name in ("roc_auc", "hit_rate"):
        assert fair.metrics[name] > fair.baselines["word-list"][name] + 0.2


def test_technical_talk_is_not_anger(talk: Evaluation) -> None:
    words = talk.baselines["word-list"]
    assert talk.metrics["ordered"] >= 0.975 > words["ordered"]
    assert talk.metrics["calm_flagged"] <= 0.1 < words["calm_flagged"]
    assert talk.metrics["heated_flagged"] >= 0.79 > words["heated_flagged"]


def test_small_words_turn_a_mood(talk: Evaluation) -> None:
    lexicon = talk.baselines["lexicon"]
    assert talk.metrics["moods"] >= 0.89 > lexicon["moods"]
    assert talk.metrics["moods_both"] >= 0.8 > lexicon["moods_both"]


def test_the_panel_is_what_its_cards_say(packaged: Settings, panel: Panel) -> None:
    found = panel.judge(["Thank you so much, that fixed it!", ""])
    assert {task: said.card for task, said in found.items()} == judges.cards(packaged)
    assert found.keys() == {"language", *TASKS}
    assert [found[task].label(1) for task in TASKS] == [None] * len(TASKS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Thank you so much, that fixed it!",
            {"sentiment": "positive", "emotion": "gratitude", "hostility": "civil"},
        ),
        (
            "You are a complete idiot, get lost.",
            {"sentiment": "negative", "emotion": "anger", "hostility": "personal"},
        ),
        (
            "Would it be possible to add an option to sort the list by date?",
            {"intent": "feature_request", "hostility": "civil", "sentiment": "neutral"},
        ),
        (
            "Kill the parent process, then abort the transaction.",
            {"hostility": "civil", "emotion": "none"},
        ),
        ("El servidor no responde desde ayer y nadie sabe por qué.", {"language": "es"}),
    ],
)
def test_plain_cases(panel: Panel, text: str, said: dict[str, str]) -> None:
    found = panel.judge([text])
    assert {task: found[task].label(0) for task in said} == said


def test_other_languages_get_no_label_from_heads(panel: Panel) -> None:
    found = panel.judge(["El servidor no responde desde ayer y nadie sabe por qué."])
    assert [found[task].label(0) for task in TASKS] == [None] * len(TASKS)
