"""Tuned layers: the file, its card, and what is refused by name."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from nlp.errors import DamagedHead
from nlp.judgements import layers


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "base", lambda: "encoder@2")


def _card(folder: Path, **changes: object) -> None:
    held = {"version": "reader-1", "encoder": "encoder@2", "sha256": "ab" * 32, "about": {}}
    (folder / "reader.json").write_text(json.dumps({**held, **changes}))


@pytest.mark.usefixtures("fixed")
def test_a_card_names_its_layers(tmp_path: Path) -> None:
    _card(tmp_path, about={"seed": 7})
    card = layers.read_card(tmp_path)
    assert card.key == "reader-1-abababababab"
    assert card.about == {"seed": 7}


@pytest.mark.usefixtures("fixed")
def test_layers_of_another_encoder_are_refused_by_name(tmp_path: Path) -> None:
    _card(tmp_path, encoder="encoder@1")
    with pytest.raises(DamagedHead) as refused:
        layers.read_card(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}/reader.safetensors was tuned from encoder@1, and encoder@2 is installed: "
        "install that one, or train it again with `groundswell train judges`"
    )


@pytest.mark.parametrize("text", [None, "", "[]", "null", "{}", '{"version": 1, "about": 3}'])
def test_a_broken_card_is_refused_by_name(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "reader.json").write_text(text)
    with pytest.raises(DamagedHead, match=r"reader\.json is no card .*groundswell train judges"):
        layers.read_card(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("fixed")
def test_a_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    _card(tmp_path)
    with pytest.raises(DamagedHead, match=r"reader\.safetensors cannot be read: .*train judges"):
        layers.load(tmp_path)
    (tmp_path / "reader.safetensors").write_bytes(b"junk")
    with pytest.raises(DamagedHead, match=r"reader\.safetensors is not what its card describes"):
        layers.load(tmp_path)
    _card(tmp_path, sha256=sha256(b"junk").hexdigest())
    with pytest.raises(DamagedHead, match=r"reader\.safetensors cannot be read: train it again"):
        layers.load(tmp_path)


@pytest.mark.slow
def test_layers_are_read_as_they_were_written(tmp_path: Path) -> None:
    import torch

    model, _ = layers.untuned()
    with torch.no_grad():
        model.encoder.layer[5].output.LayerNorm.bias += 0.5
    card = layers.write(model, tmp_path / "own", "reader-t", {"seed": 7})
    assert layers.read_card(tmp_path / "own") == card
    assert card.encoder == layers.base()
    assert card.encoder.startswith("all-MiniLM-L6-v2@")
    again = layers.write(model, tmp_path / "again", "reader-t", {"seed": 7})
    assert again.sha256 == card.sha256

    reader, plain = layers.load(tmp_path / "own"), layers.make(*layers.untuned())
    moved, before = (one.features(["it does not sync"]).vectors for one in (reader, plain))
    np.testing.assert_allclose(moved - before, 0.5, atol=0.05)
    held = layers.learned(reader._model)
    assert len(held) == len(layers.learned(model)) > 90
    for name, weights in layers.learned(model).items():
        torch.testing.assert_close(held[name].float(), weights, atol=4e-3, rtol=8e-3)


@pytest.mark.slow
def test_layers_that_lack_weights_are_refused_by_name(tmp_path: Path) -> None:
    from safetensors.torch import save

    model, _ = layers.untuned()
    held = layers.learned(model)
    name = sorted(held)[0]
    data = save({key: weights for key, weights in held.items() if key != name})
    _card(tmp_path, encoder=layers.base(), sha256=sha256(data).hexdigest())
    (tmp_path / "reader.safetensors").write_bytes(data)
    with pytest.raises(DamagedHead, match=f"reader.safetensors lacks or adds {name}"):
        layers.load(tmp_path)
