"""Causality: what a position may see, tested by changing what it may not."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._inputs import Batch, is_integer, is_mask
from .._objective import objective
from .._trace import first_difference, watching
from ._sequences import over_positions, read_sequences

SURE = 1e-4  # a change of the output, against its scale, that is no rounding
ROUNDING = 1e-6


def causality(examination: Examination) -> Evidence:
    """Change every position after t and look at the outputs up to t; where both sides are stated, demand that both matter."""
    stated = examination.facts.get("causal")
    keys = read_sequences(examination)
    model = examination.probe
    with torch.no_grad():
        output = examination.forward(model, examination.batch())
    keys = [key for key in keys if _positions(examination, output, key) is not None and not is_mask(examination.batch()[key])]
    keys = [
        key for key in keys if not (is_integer(examination.batch()[key]) and examination.batch()[key].ndim > 2)
    ]  # several rows of tokens
    if stated is None:
        return _answer_visible(examination, model)
    if not keys:
        return examination.skipped("no entry of the batch shares positions with the output")
    if stated == "decoder" or len(keys) > 1:
        named = [
            key
            for key in keys
            if key.lower() == "y" or any(word in key.lower() for word in ("target", "tgt", "decoder", "output", "answer"))
        ]
        tokens = [key for key in keys if is_integer(examination.batch()[key])]
        keys = (named or tokens or keys)[-1:] if stated == "decoder" else keys
    if stated is False:
        return _both_sides(examination, model, keys[0])
    worst, where, key = max((*_leak(examination, model, key), key) for key in keys)
    if worst > SURE:
        return examination.finding(
            "fail",
            f"changing {key} after a position changes the output at or before it, by {worst:.3g} of its scale",
            where=where or examination.where(model, ""),
            hint="Look at the sense, the diagonal and the broadcast of the causal mask, and for what mixes positions outside attention.",
            values={"change": worst},
        )
    if worst > ROUNDING:
        return examination.unsure("the future changes the past by little more than rounding", change=worst)
    if not _past_matters(examination, model, keys):
        message = "no position sees anything before itself: each output depends on its own position alone"
        return examination.finding("fail", message, where=examination.where(model, ""), hint="Look at the sense of the causal mask.")
    return examination.passed("the future changes nothing before it", change=worst)


def _answer_visible(examination: Examination, model: nn.Module) -> Evidence:
    """Where the loss asks for the next token of an entry, demand that the output that is asked does not see that token."""
    seen = objective(examination, model, examination.batch())
    calls = [call for call in seen.calls if call.name == "cross_entropy" and len(call.arguments) > 1 and is_integer(call.arguments[1])]
    if len(calls) != 1 or len(seen.outputs) != 1:
        return examination.skipped("nothing is stated of what a position may see, and the loss is no single cross-entropy")
    target, output = calls[0].arguments[1].flatten(), seen.outputs[0]
    for key in read_sequences(examination):
        value = examination.batch()[key]
        if not is_integer(value) or value.ndim != 2 or is_mask(value) or _positions(examination, output, key) is None:
            continue
        if target.shape != value[:, 1:].flatten().shape or not torch.equal(target, value[:, 1:].flatten()):
            continue
        worst, where = _leak(examination, model, key)
        if worst > SURE:
            return examination.finding(
                "fail",
                f"the loss asks for the next token of {key}, and the output that is asked changes with it, by {worst:.3g} of its scale",
                where=where or examination.where(model, ""),
                hint="Look at the sense, the diagonal and the broadcast of the causal mask.",
                values={"change": worst},
            )
        return examination.passed(f"the output that is asked for the next token of {key} does not see it", change=worst)
    return examination.skipped("nothing is stated of what a position may see, and the loss asks for no next token")


def _positions(examination: Examination, output: Tensor, key: str) -> Tensor | None:
    value = examination.batch()[key]
    return over_positions(output, value.shape[0], value.shape[1])


def changed(examination: Examination, key: str, begin: int, end: int | None, seed: int = 0) -> Batch:
    """Return a batch with other legal values of `key` from `begin` to `end`; padding stays where it was."""
    batch = examination.batch(seed=seed)
    value = batch[key]
    other = value.roll(1, dims=0) if seed else examination.batch(seed=seed + 11)[key]
    new = value.clone()
    new[:, begin:end] = other[:, begin:end]
    padding = examination.number("padding_index")
    if padding is not None and is_integer(value):
        new = torch.where((value == padding) | (new == padding), value, new)
    mask = examination.number("mask_index")
    if mask is not None and is_integer(value):
        new = torch.where((value == mask) | (new == mask), value, new)
    batch[key] = new
    return batch


def _leak(examination: Examination, model: nn.Module, key: str) -> tuple[float, str]:
    length = examination.batch()[key].shape[1]
    worst, where = 0.0, ""
    for t in sorted({0, length // 3, length // 2, length - 2}):
        with torch.no_grad(), watching(model) as one:
            before = examination.forward(model, examination.batch())
        with torch.no_grad(), watching(model) as two:
            after = examination.forward(model, changed(examination, key, t + 1, None))
        seen, again = _positions(examination, before, key), _positions(examination, after, key)
        assert seen is not None and again is not None
        change = distance(seen[:, : t + 1], again[:, : t + 1])
        if change > worst:
            view = lambda tensor, t=t: tensor[:, : t + 1] if tensor.ndim == 3 and tensor.shape[1] == length else None
            path = first_difference(one, two, view)
            worst, where = change, examination.where(model, path) if path is not None else ""
    return worst, where


def _both_sides(examination: Examination, model: nn.Module, key: str) -> Evidence:
    length = examination.batch()[key].shape[1]
    middle = length // 2
    with torch.no_grad():
        before = _positions(examination, examination.forward(model, examination.batch()), key)
        later = _positions(examination, examination.forward(model, changed(examination, key, middle + 1, None)), key)
        earlier = _positions(examination, examination.forward(model, changed(examination, key, 0, middle)), key)
    assert before is not None and later is not None and earlier is not None
    right = distance(before[:, : middle + 1], later[:, : middle + 1])
    left = distance(before[:, middle:], earlier[:, middle:])
    if min(left, right) <= ROUNDING:
        side = "after" if right <= ROUNDING else "before"
        mixing = {
            place.split(".")[0]
            for place in examination.source.holding(r"softmax|scaled_dot_product|tril|triu|GRU\(|LSTM\(|RNN\(")
            if "." in place
        }
        return examination.finding(
            "fail",
            f"both sides of a position are stated to matter, and what stands {side} it changes nothing",
            where=f"{mixing.pop()}.forward" if len(mixing) == 1 else examination.where(model, ""),
            hint="Look for a causal mask, or a recurrence in one direction, where both directions are meant.",
            values={"before": left, "after": right},
        )
    return examination.passed("positions on both sides matter", before=left, after=right)


def _past_matters(examination: Examination, model: nn.Module, keys: list[str]) -> bool:
    for key in keys:
        length = examination.batch()[key].shape[1]
        with torch.no_grad():
            before = _positions(examination, examination.forward(model, examination.batch()), key)
            after = _positions(examination, examination.forward(model, changed(examination, key, 0, length // 2)), key)
        assert before is not None and after is not None
        if distance(before[:, length // 2 :], after[:, length // 2 :]) > ROUNDING:
            return True
    return False


CAUSALITY = Check(
    name="causality",
    family="causality",
    finds="A position that sees what comes after it, or, where both sides are stated, one that sees one side only.",
    uses=("causal", "padding_index", "mask_index"),
    misled_by="An output that is not laid out over positions is skipped. Without the fact, only a loss that asks for the next token of an entry counts.",
    cost="forward",
    function=causality,
)
