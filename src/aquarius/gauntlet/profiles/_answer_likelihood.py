"""Log-probabilities of whole answers, as preferences and policies over text use them: which tokens count, and whether they are summed or averaged."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._functions import called
from .._inputs import is_integer

NAMED = r"log_?p(?:rob)?s?(?:$|_)|log_?probabilit|log_?like|logps"
SAME = 1e-4


def answer_likelihood(examination: Examination) -> Evidence:
    """Hold a function of a model, tokens and a mask against the log-probability of the tokens that the mask marks, and against its known mistakes."""
    for name, calls in called(examination).items():
        if not re.search(NAMED, name.rpartition(".")[2].lower()):
            continue
        parts = _parts(calls[0].arguments)
        result = calls[0].result
        if parts is None or not isinstance(result, Tensor) or result.ndim != 1 or len(result) != len(parts[1]):
            continue
        model, tokens, mask = parts
        with torch.no_grad():
            scores = examination.quiet(lambda model=model, tokens=tokens: model(tokens))  # type: ignore[misc]
        if not isinstance(scores, Tensor) or scores.ndim != 3 or scores.shape[:2] != tokens.shape:
            continue
        forms = _forms(scores.double().log_softmax(-1), tokens, mask.double())
        equal = [(right, words) for right, words, value in forms if distance(value, result.detach().double()) < SAME]
        averaged = _averaged(examination, name)
        for right, words in equal:
            if isinstance(right, str) and averaged in ("", right):
                return examination.passed(f"{name} is the log-probability of the tokens that its mask marks{words}")
        if equal:
            words = equal[0][1]
            message = f"{name} is the log-probability of the tokens that its mask marks{words}"
            hint = "Scores of a position belong to the next token, and the mask to the token that is scored."
            return examination.finding("fail", message, where=name, hint=hint)
        return examination.unsure(f"{name} is no usual form of the log-probability of an answer")
    return examination.skipped("no function of a model, tokens and a mask is called after a log-probability")


def _parts(arguments: dict[str, Any]) -> tuple[nn.Module, Tensor, Tensor] | None:
    """Return (model, tokens, mask) of a call."""
    models = [value for value in arguments.values() if isinstance(value, nn.Module)]
    pairs = [value for value in arguments.values() if isinstance(value, Tensor) and value.ndim == 2]
    masks = [v for v in pairs if bool(((v == 0) | (v == 1)).all())]
    tokens = [v for v in pairs if is_integer(v) and all(v is not mask for mask in masks)]
    if len(models) != 1 or len(tokens) != 1 or len(masks) != 1 or masks[0].shape != tokens[0].shape or tokens[0].shape[1] < 3:
        return None
    return models[0], tokens[0], masks[0]


def _averaged(examination: Examination, name: str) -> str:
    """Return "sum" or "mean" where the function's equation shows one of them, else ""."""
    equations = examination.facts.get("equations")
    latex = str(equations.get(name, "")) if isinstance(equations, dict) else ""
    return "" if not latex else "mean" if re.search(r"\\frac|1\s*/|mean|\\overline", latex) else "sum" if r"\sum" in latex else ""


def _forms(log: Tensor, tokens: Tensor, mask: Tensor) -> list[tuple[bool | str, str, Tensor]]:
    """Return (is it right: True, False or the statement that it takes, in words, value)."""
    following = log[:, :-1].gather(2, tokens[:, 1:, None]).squeeze(2)
    same = log.gather(2, tokens[..., None]).squeeze(2)
    after, before = mask[:, 1:], mask[:, :-1]
    total, count = (following * after).sum(1), after.sum(1).clamp(min=1)
    return [
        ("sum", ", summed", total),
        ("mean", ", averaged", total / count),
        ("mean", ", averaged", total / mask.sum(1).clamp(min=1)),
        (False, ", with scores that are given the token itself", (same * mask).sum(1)),
        (False, ", with scores that are given the token itself, averaged", (same * mask).sum(1) / mask.sum(1).clamp(min=1)),
        (False, ", one place too early", (following * before).sum(1)),
        (False, " and of all others: the mask is not used", following.sum(1)),
        (False, " averaged over all places", (following * after).mean(1)),
        (False, " not at all: of the others", (following * (1 - after)).sum(1)),
    ]


LIKELIHOOD = card(
    "preferences",
    "answer likelihood",
    "A log-probability of an answer that counts the prompt, is a place off, or is averaged where a sum is stated.",
    ("equations",),
    "Averages over an answer's length where nothing is stated, and scores of a bidirectional model: 'unsure' or taken as they are.",
    answer_likelihood,
)
