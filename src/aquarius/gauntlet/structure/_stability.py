"""Length: a long sequence does not make what a fresh model computes grow without bound."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from .._inputs import Batch
from .._trace import watching
from ..sequences._sequences import read_sequences

TIMES = 12
LEAST, SURE = 30.0, 1e3


def growth(examination: Examination) -> Evidence:
    """Repeat the sequences of a batch several times and compare the size of what every module gives at the start and at the end."""
    if not examination.layout.rows:
        return examination.skipped("samples are not rows of a batch")
    keys = read_sequences(examination)
    batch = examination.batch()
    lengths = {batch[key].shape[1] for key in keys if batch[key].ndim in (2, 3)}
    if len(lengths) != 1:
        return examination.skipped("no one length of sequences is in the batch")
    length = lengths.pop()
    longer: Batch = {
        key: torch.cat([value[:4]] * TIMES, dim=1) if isinstance(value, Tensor) and value.ndim >= 2 and value.shape[1] == length else value
        for key, value in batch.items()
    }
    longer = {k: v[:4] if isinstance(v, Tensor) and v.ndim and len(v) == examination.layout.size else v for k, v in longer.items()}
    model = examination.build().eval()
    with torch.no_grad(), watching(model) as events:
        output = examination.quiet(lambda: examination.forward(model, longer))
    if output is None:
        return examination.skipped("the subject does not take longer sequences")
    worst, where = 1.0, ""
    for kind, path, tensors in events:
        for tensor in tensors if kind == "out" else ():
            if tensor.ndim == 3 and tensor.is_floating_point() and tensor.shape[1] == TIMES * length:
                sizes = [tensor[:, start : start + length].double().square().mean().sqrt().item() for start in (0, (TIMES - 1) * length)]
                ratio = sizes[1] / max(sizes[0], 1e-12) if all(size == size for size in sizes) else float("inf")
                if ratio > worst:
                    worst, where = ratio, path
    if worst > SURE:
        return examination.finding(
            "fail",
            f"over a sequence {TIMES} times as long, what {where or 'the model'} gives grows {worst:.3g} times: a state grows without bound",
            where=examination.where(model, where),
            path=where,
            hint="Look at the sign of the decay, and at the factor that carries the state on.",
            values={"growth": worst},
        )
    if worst > LEAST:
        return examination.unsure(f"over a sequence {TIMES} times as long, what {where} gives grows {worst:.3g} times", growth=worst)
    return examination.passed("longer sequences do not make it grow", growth=worst)


GROWTH = Check(
    name="growth",
    family="architecture",
    finds="A recurrent state that grows without bound over a longer sequence: a decay of the wrong sign.",
    uses=(),
    misled_by="Sums over positions grow with the length, which is far less than is called a growth here.",
    cost="forward",
    function=growth,
)
