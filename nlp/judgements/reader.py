"""The second pass: one reading of a text by the tuned encoder that serves every head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.encoders.sentence import batches, has_bfloat16
from nlp.judgements.cues import cues
from nlp.judgements.features import Features
from nlp.judgements.pieces import pieces
from nlp.judgements.reading import parts, reading
from nlp.lanes import side_by_side

MAX_TOKENS = 128


class Reader:
    """The tuned encoder and its tokenizer. One call at a time: callers that share it lock it."""

    def __init__(self, model: Any, tokenizer: Any, batch_tokens: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._batch_tokens = batch_tokens

    def features(self, texts: Sequence[str]) -> Features:
        """Return what heads see of plain texts, a row for each part of each."""
        read = [reading(text) for text in texts]
        cut = [(row, part) for row, whole in enumerate(read) if whole for part in parts(whole)]
        owner = np.array([row for row, _ in cut], dtype=np.int64)
        tokens = self.tokens([part for _, part in cut])
        return Features(
            self._vectors(tokens),
            cues([texts[row] for row in owner], [part for _, part in cut]),
            pieces(tokens),
            owner,
            len(texts),
        )

    def tokens(self, texts: list[str]) -> list[list[int]]:
        """Return the word pieces that are read of each part."""
        if not texts:
            return []
        encoded = self._tokenizer(
            texts,
            truncation=True,
            max_length=MAX_TOKENS,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def _vectors(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        distinct: dict[tuple[int, ...], int] = {}
        place = [distinct.setdefault(tuple(ids), len(distinct)) for ids in tokens]
        own = list(distinct)
        vectors = np.zeros((len(own), self._model.config.hidden_size), dtype=np.float32)
        # Parts of one length beside each other need neither padding nor a mask, which take time.
        cut = list(batches([len(ids) for ids in own], self._batch_tokens, pad=1))
        read = side_by_side(self._forward, [[own[row] for row in rows] for rows in cut])
        for rows, some in zip(cut, read, strict=True):
            vectors[rows] = some
        return vectors[np.array(place, dtype=np.int64)]

    def _forward(self, tokens: list[tuple[int, ...]]) -> NDArray[np.float32]:
        """Return the mean of the states of each part; all have as many word pieces."""
        import torch

        with torch.inference_mode():
            states = self._model(input_ids=torch.tensor(tokens)).last_hidden_state
            vectors: NDArray[np.float32] = states.float().mean(1).numpy()
        return vectors


def make(model: Any, tokenizer: Any, *, threads: int = 0, batch_tokens: int = 2_048) -> Reader:
    """Return a reader of a loaded transformer, in bfloat16 where the processor has it."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    if has_bfloat16():
        model.to(torch.bfloat16)
    return Reader(model.eval(), tokenizer, batch_tokens)
