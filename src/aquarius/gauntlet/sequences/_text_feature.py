"""The place from which a tower reads its feature: the last real token counts."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._inputs import is_integer


def last_token_is_read(examination: Examination) -> Evidence:
    """Change the last token that is no padding, sample by sample: the loss changes each time."""
    padding, stated = examination.number("padding_index"), examination.words("text_feature") + examination.words("pooling")
    if padding is None or not re.search(r"last|end[- ]of", stated) or examination.random_evaluation:
        return examination.skipped("no feature at the last token is stated")
    batch = examination.batch()
    key = next((k for k, v in batch.items() if isinstance(v, Tensor) and is_integer(v) and v.ndim == 2 and examination.loss_reads(k)), None)
    if key is None:
        return examination.skipped("no tokens are in the batch")
    tokens, model, silent, looked = batch[key], examination.probe, 0, 0
    lengths = (tokens != int(padding)).sum(dim=1)
    words = tokens[tokens != int(padding)].unique()
    with torch.no_grad():
        plain = examination.loss(model, examination.batch(), seed=1)
        for row in range(min(len(tokens), 6)):
            place = int(lengths[row]) - 1
            others = words[words != tokens[row, max(place, 0)]]
            if place < 1 or not len(others) or bool((tokens[row, : place + 1] == int(padding)).any()):
                continue
            changed = tokens.clone()
            changed[row, place] = others[0]
            looked += 1
            silent += distance(plain, examination.loss(model, examination.batch() | {key: changed}, seed=1)) == 0
    if not looked:
        return examination.skipped("no sample has a last token with padding after it")
    if silent == looked:
        where = examination.where(model, _reader(model, key))
        message = f"the feature is stated to be read at the last token, and another last token changes nothing ({looked} samples)"
        return examination.finding(
            "fail", message, where=where, path=key, hint="Look at the index of the last token: off by one, or too early?"
        )
    return examination.passed("the last token that is no padding is read", samples=float(looked))


def _reader(model: torch.nn.Module, key: str) -> str:
    """Return the path of the child that reads tokens: the one with an embedding, "" where it is the model itself or not single."""
    paths = [
        name
        for name, child in model.named_children()
        if any(isinstance(m, torch.nn.Embedding) for m in child.modules()) and list(child.children())
    ]
    return paths[0] if len(paths) == 1 else ""


LAST_TOKEN = card(
    "padding",
    "last token",
    "A feature that is stated to stand at the last token and is read before it.",
    ("text_feature", "pooling", "padding_index"),
    "Only a token that changes nothing at all fails, so a model that looks both ways passes wherever it reads.",
    last_token_is_read,
)
