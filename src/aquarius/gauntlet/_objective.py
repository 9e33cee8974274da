"""The loss from outside: the output it was computed from, its target, and the calls of library losses on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ._examination import Examination, main_output
from ._inputs import Batch, is_integer
from ._trace import Call, Recorder

LOSSES = frozenset(
    [
        "cross_entropy",
        "nll_loss",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "mse_loss",
        "l1_loss",
        "smooth_l1_loss",
        "huber_loss",
        "kl_div",
    ]
)
SHAPE_ONLY = (
    "View",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "TBackward",
    "Permute",
    "Select",
    "Index",
    "Slice",
    "Clone",
    "Alias",
    "Expand",
    "Reshape",
)


@dataclass
class Objective:
    """One evaluation of the loss: its value, the main outputs and the calls of library losses on the way."""

    value: Tensor
    outputs: list[Tensor] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


def objective(examination: Examination, model: nn.Module, batch: Batch, extra: frozenset[str] = frozenset(), seed: int = 0) -> Objective:
    """Evaluate the loss and keep what it was made of."""
    recorder = Recorder(examination.source, LOSSES | extra)
    with _outputs(examination) as outputs, recorder:
        value = examination.loss(model, batch, seed=seed)
    return Objective(value, outputs, recorder.calls)


@contextmanager
def _outputs(examination: Examination) -> Iterator[list[Tensor]]:
    """Collect what the subject's `forward` returns when its `loss` calls it."""
    collected: list[Tensor] = []
    original = examination.module.forward

    def forward(*arguments: object, **named: object) -> object:
        value = original(*arguments, **named)
        collected.append(main_output(value))
        return value

    examination.module.forward = forward  # type: ignore[attr-defined]
    try:
        yield collected
    finally:
        examination.module.forward = original  # type: ignore[attr-defined]


def made_by(tensor: Tensor) -> str:
    """Return the name of the operation that gave a tensor its values, looking through changes of shape; "" for a leaf."""
    node = tensor.grad_fn
    while node is not None and any(word in node.name() for word in SHAPE_ONLY):
        node = node.next_functions[0][0] if node.next_functions else None
    return node.name().removesuffix("0").removesuffix("Backward") if node is not None else ""


def labels(examination: Examination, batch: Batch) -> list[str]:
    """Return the whole-number entries that `loss` looks at and `forward` does not."""
    return [key for key, value in batch.items() if is_integer(value) and not examination.reads(key) and examination.loss_reads(key)]


def asked_earlier(examination: Examination, model: nn.Module, key: str) -> int:
    """Return how many positions before its own place a label is asked of the output, as where the loss itself shifts labels; 0 in doubt.

    The labels of one position are exchanged, and the one position of the output at which the slope of the loss then differs asks for them.
    """
    batch = examination.batch()
    wanted = batch[key]
    slope = _slope_over_positions(examination, model, batch, wanted)
    if slope is None:
        return 0
    valid = (wanted >= 0) & (wanted < slope.shape[-1])
    asked = [t for t in range(wanted.shape[1]) if int(valid[:, t].sum()) >= 2]
    shifts = set()
    for t in asked[len(asked) // 2 :][:2]:
        other = wanted.clone()
        other[valid[:, t], t] = (other[valid[:, t], t] + 1) % slope.shape[-1]
        moved = _slope_over_positions(examination, model, batch | {key: other}, wanted)
        places = (
            [] if moved is None else (moved - slope).abs().amax(dim=(0, 2)).gt(1e-6 * float(slope.abs().max())).nonzero().flatten().tolist()
        )
        if len(places) == 1:
            shifts.add(t - places[0])
    return shifts.pop() if len(shifts) == 1 and 0 <= min(shifts) <= 2 else 0


def _slope_over_positions(examination: Examination, model: nn.Module, batch: Batch, wanted: Tensor) -> Tensor | None:
    seen = examination.quiet(lambda: objective(examination, model, batch))
    if seen is None or len(seen.outputs) != 1 or not seen.outputs[0].requires_grad or not seen.value.requires_grad:
        return None
    output = seen.outputs[0]
    if wanted.ndim != 2 or output.ndim != 3 or output.shape[:2] != wanted.shape:
        return None
    return torch.autograd.grad(seen.value, output, allow_unused=True)[0]


def repeated(batch: Batch, axes: dict[str, int | None]) -> Batch:
    """Return a batch in which every sample stands twice."""
    return {
        key: torch.cat([value, value], dim=axis) if isinstance(value, Tensor) and (axis := axes.get(key)) is not None else value
        for key, value in batch.items()
    }
