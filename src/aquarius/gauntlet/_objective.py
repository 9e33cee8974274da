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


def repeated(batch: Batch, axes: dict[str, int | None]) -> Batch:
    """Return a batch in which every sample stands twice."""
    return {
        key: torch.cat([value, value], dim=axis) if isinstance(value, Tensor) and (axis := axes.get(key)) is not None else value
        for key, value in batch.items()
    }
