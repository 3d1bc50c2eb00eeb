"""A transformer that trains in a second, and its tokenizer of one piece a word."""

from __future__ import annotations

from typing import Any

WIDE = 16


class Letters:
    """A tokenizer that knows words by their first letters."""

    def __call__(self, texts: list[str], **_: object) -> dict[str, list[list[int]]]:
        return {"input_ids": [[1, *(2 + ord(word[0]) % 60 for word in t.split())] for t in texts]}

    def pad(self, tokens: dict[str, list[list[int]]], **_: object) -> dict[str, Any]:
        import torch

        ids = tokens["input_ids"]
        width = max(map(len, ids))
        rows = [row + [0] * (width - len(row)) for row in ids]
        mask = [[1] * len(row) + [0] * (width - len(row)) for row in ids]
        return {"input_ids": torch.tensor(rows), "attention_mask": torch.tensor(mask)}


def transformer() -> Any:
    """Return a BERT of one layer, the same each time."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    return BertModel(
        BertConfig(
            vocab_size=64,
            hidden_size=WIDE,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
        )
    )
