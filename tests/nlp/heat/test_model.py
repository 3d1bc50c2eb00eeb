"""The additive model: fitting, weights within bounds, the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.errors import DamagedHead
from nlp.heat import NAMES, HeatModel, Turn, fit, load_model, prefixes
from nlp.heat.model import WEIGHTS, accustomed, read_card, read_model, ways, write_model


def rows(count: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    table = chance.normal(size=(count, 3))
    logits = 2 * table[:, 0] - table[:, 1]
    return table, (chance.random(count) < 1 / (1 + np.exp(-logits))).astype(int)


def test_weights_follow_the_labels() -> None:
    table, labels = rows()
    model = fit(table, labels, names="abc", version="1", strength=1.0)
    assert model.weights[0] > 1 > 0 > model.weights[1]
    assert abs(model.weights[2]) < 0.5
    heat = model.heat(table)
    assert heat[labels == 1].mean() > 0.65 > 0.35 > heat[labels == 0].mean()


def test_weights_stay_on_their_side() -> None:
    table, labels = rows()
    bound = fit(table, labels, names="abc", version="1", signs={"a": -1, "b": -1})
    assert bound.weights[0] == 0 > bound.weights[1]
    free = fit(table, labels, names="abc", version="1", signs={"a": 1, "b": -1})
    assert np.allclose(
        free.weights, fit(table, labels, names="abc", version="1").weights, atol=1e-5
    )


def test_the_prior_holds_what_few_labels_say() -> None:
    table, labels = rows()
    prior = fit(table, labels, names="abc", version="1", strength=1.0)
    few = fit(table[:10], 1 - labels[:10], names="abc", version="2", prior=prior, strength=100.0)
    assert np.allclose(few.weights, prior.weights, atol=0.3)
    assert np.array_equal(few.mean, prior.mean)
    held = fit(table, 1 - labels, names="abc", version="2", prior=prior, without=("a",))
    assert held.weights[0] == prior.weights[0]
    assert held.weights[1] != prior.weights[1]


def test_parts_add_up() -> None:
    table, labels = rows()
    model = fit(table, labels, names="abc", version="1")
    logits = model.parts(table).sum(axis=1) + model.bias
    assert np.allclose(model.heat(table), 1 / (1 + np.exp(-logits)))
    assert np.allclose(model.parts(model.mean[None]), 0)


def test_one_label_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="both labels"):
        fit(np.zeros((3, 1)), [1, 1, 1], names="a", version="1")


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    table, labels = rows()
    model = fit(table, labels, names="abc", version="7")
    write_model(model, {"limits": ["few"]}, tmp_path / WEIGHTS)
    again = load_model(tmp_path)
    assert (again.version, again.names) == ("7", ("a", "b", "c"))
    assert np.allclose(again.heat(table), model.heat(table), atol=1e-4)
    assert read_card(tmp_path)["limits"] == ["few"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_text('{"version": 1, "features": []}')
    with pytest.raises(DamagedHead, match=r"heat\.json is damaged"):
        read_model(tmp_path / WEIGHTS)


def test_the_packaged_model_knows_our_features(tmp_path: Path) -> None:
    model = load_model()
    assert isinstance(model, HeatModel)
    assert model.names == NAMES
    assert load_model(tmp_path).version == model.version
    sides = ways(NAMES)
    for name, weight in zip(model.names, model.weights, strict=True):
        assert weight * sides.get(name, 0) >= 0
    assert read_card()["licence"]


def test_a_quarrel_is_hotter_than_help() -> None:
    help_ = [
        "How do I set the port?",
        "Maybe in config.toml, if you use 2.0.",
        "Thanks, that works!",
    ]
    quarrel = [
        "This is broken again, for years now.",
        "You did not read the manual.",
        "You people never listen! Stop lying, this is ridiculous.",
    ]
    cool, hot = (
        load_model().heat(prefixes([Turn(n % 2, text) for n, text in enumerate(texts)]))[-1]
        for texts in (help_, quarrel)
    )
    assert cool < 0.3
    assert hot > 0.7


def test_what_is_usual_in_a_community_is_no_heat() -> None:
    table, labels = rows()
    model = fit(table, labels, names="abc", version="1")
    blunt = table + np.array([2.0, 0.0, 0.0])
    used = accustomed(model, np.repeat(blunt, 50, axis=0))
    assert used.mean[0] == pytest.approx(model.mean[0] + 2 * 10_000 / 10_500)
    assert (used.scale >= model.scale).all()
    assert used.heat(blunt).mean() < model.heat(blunt).mean()
    assert accustomed(model, blunt[:0]) is model
