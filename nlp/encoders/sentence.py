"""Sentence encoders of the sentence-transformers library, run faster than by its defaults.

The library pads batches of a fixed count in float32. Here a batch holds a fixed number of word
pieces of texts of like length, each distinct text is read once, and the transformer runs in
bfloat16 where the processor has it; pooling stays in float32, which keeps the neighbours. A text is
padded to a length that is its own, whatever it is read beside: its vector is then the same to the
last bit in any company, and topics do not depend on how posts came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.encoders.base import Card
from nlp.vectors import unit

PAD = 8


class SentenceEncoder:
    """A loaded sentence-transformers model. One call at a time: callers that share it lock it."""

    def __init__(self, model: Any, card: Card, batch_tokens: int) -> None:
        self.card = card
        self._model = model
        self._batch_tokens = batch_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit rows, float32 [n, d]; each distinct text is computed once."""
        distinct = sorted({text for text in texts if text.strip()})
        vectors = self._encode_distinct(distinct)
        place = {text: row for row, text in enumerate(distinct)}
        rows = np.zeros((len(texts), self.card.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            if text in place:
                rows[row] = vectors[place[text]]
        return rows

    def lengths(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the word pieces that are read of each text, int64 [n]."""
        return np.array([len(ids) for ids in self._tokens(texts)], dtype=np.int64)

    def _encode_distinct(self, texts: list[str]) -> NDArray[np.float32]:
        import torch

        tokens = self._tokens(texts)
        vectors = np.zeros((len(texts), self.card.dimensions), dtype=np.float32)
        with torch.inference_mode():
            for rows in batches([len(ids) for ids in tokens], self._batch_tokens):
                vectors[rows] = self._forward([tokens[row] for row in rows])
        return unit(vectors)

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        tokenizer = self._model.tokenizer
        encoded = tokenizer(list(texts), truncation=True, max_length=self.card.max_tokens)
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def _forward(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        features = self._model.tokenizer.pad(
            {"input_ids": tokens},
            padding="max_length",
            max_length=padded(len(tokens[0])),
            return_tensors="pt",
        )
        modules = iter(self._model)
        state = next(modules)(dict(features))
        state["token_embeddings"] = state["token_embeddings"].float()
        for module in modules:
            state = module(state)
        vectors: NDArray[np.float32] = state["sentence_embedding"].float().numpy()
        return vectors


def padded(length: int, pad: int = PAD) -> int:
    """Return the length that a text of so many tokens is padded to: the next multiple of `pad`."""
    return -(-length // pad) * pad


def batches(lengths: Sequence[int], budget: int, pad: int = PAD) -> Iterator[list[int]]:
    """Yield rows of one padded length each, longest first, of at most `budget` tokens together."""
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    for length, rows in groupby(order, key=lambda row: padded(lengths[row], pad)):
        held = list(rows)
        size = max(1, budget // max(1, length))
        yield from (held[start : start + size] for start in range(0, len(held), size))


def load_sentence_encoder(path: str, card: Card, threads: int, tokens: int) -> SentenceEncoder:
    """Return the model in a folder (or of a hub name), ready to encode on the processor."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if threads:
        torch.set_num_threads(threads)
    model = SentenceTransformer(path, device="cpu")
    if has_bfloat16():
        model[0].to(torch.bfloat16)
    return SentenceEncoder(model.eval(), card, tokens)


def has_bfloat16() -> bool:
    """Return whether this processor multiplies bfloat16 natively, so that it gains by it."""
    import torch

    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)
