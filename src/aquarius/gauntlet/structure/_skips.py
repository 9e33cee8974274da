"""Skip connections and shown answers: what must reach the output by another way, and what the loss must not ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._inputs import Batch
from ..sequences._causality import changed
from ..sequences._sequences import over_positions, read_sequences

NOTHING = 1e-7  # of the output's scale: rounding


def skip_connections(examination: Examination) -> Evidence:
    """Hold the coarsest features constant: the output must still follow the input, by the skip connections that are stated."""
    words = examination.words("skip_connections")
    if not words or words.startswith(("none", "no ")):
        return examination.skipped("no skip connection is stated")
    images = [
        key
        for key, value in examination.batch().items()
        if isinstance(value, Tensor) and value.ndim >= 3 and value.is_floating_point() and examination.reads(key)
    ]
    if len(images) != 1:
        return examination.skipped("there is no one input with places")
    model, batch, other = examination.probe, examination.batch(), examination.batch()
    other[images[0]] = examination.batch(seed=1)[images[0]]
    with torch.no_grad():
        seen = _outputs(examination, model, batch)
        sizes = sorted({value[0, 0].numel() for values in seen.values() for value in values})
        if len(sizes) < 2:
            return examination.skipped("its features all have one size")
        coarse = {path: values for path, values in seen.items() if all(value[0, 0].numel() == sizes[0] for value in values)}
        whole = examination.forward(model, batch)
        if whole.ndim < 3 or whole[0].numel() <= sizes[0]:
            return examination.skipped("the output has no more places than its coarsest features: there is no decoder")
        free = distance(whole, examination.forward(model, other))
        with _held(model, coarse):
            same = distance(whole, examination.forward(model, batch))
            held = distance(whole, examination.forward(model, other))
    if same > 1e-5 or free < 1e-3:
        return examination.unsure("its features cannot be held constant from outside")
    if held <= NOTHING * free:
        return examination.finding(
            "fail",
            f"with its coarsest features held constant the output does not follow {images[0]} at all, and skip connections are stated: {words}",
            where=examination.where(model, ""),
            hint="Look at which tensor is joined to the upsampled one.",
            values={"held": held, "free": free},
        )
    missing = _missing_level(examination, model, batch, seen, sizes)
    if missing is not None:
        size, path = missing
        return examination.finding(
            "fail",
            f"the decoder works on features of {size} places and what {path}, the last of the encoder at this size, gives does not reach it beside the coarser ones",
            where=examination.where(model, ""),
            path=path,
            hint="Look at which tensor is joined to the upsampled one at this size.",
        )
    return examination.passed("finer features reach the output beside the coarsest ones", held=held, free=free)


def _missing_level(
    examination: Examination, model: nn.Module, batch: Batch, seen: dict[str, list[Tensor]], sizes: list[int]
) -> tuple[int, str] | None:
    """Return (places, last encoder module) of a size at which encoder and decoder both work and which no skip connection serves."""
    once = [(path, values[0]) for path, values in seen.items() if len(values) == 1]
    if len(once) < len(seen):
        return None  # modules that are called twice have no place before or after the coarsest one
    turn = next(place for place, (_, value) in enumerate(once) if value[0, 0].numel() == sizes[0])
    with torch.no_grad():
        whole = examination.forward(model, batch)
        for size in sizes[1:]:
            before = [path for path, value in once[:turn] if value[0, 0].numel() == size]
            after = [path for path, value in once[turn:] if value[0, 0].numel() == size and _looks_around(model.get_submodule(path))]
            if not before or not after:
                continue
            value = dict(once)[before[-1]]
            noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(0)) * value.std()
            coarser = {path: values for path, values in seen.items() if values[0][0, 0].numel() < size}
            with _held(model, coarser), _held(model, {before[-1]: [value + noise]}):
                moved = examination.quiet(lambda: examination.forward(model, batch))
            if moved is not None and distance(whole, moved) <= NOTHING:
                return size, before[-1]
    return None


def _looks_around(module: nn.Module) -> bool:
    """Say whether a module is a convolution that sees more than one place and does not enlarge."""
    return isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d) and any(size > 1 for size in module.kernel_size)


def _outputs(examination: Examination, model: nn.Module, batch: Batch) -> dict[str, list[Tensor]]:
    """Return what the innermost modules gave, with axes of samples, channels and places."""
    seen: dict[str, list[Tensor]] = {}
    handles = []

    def keep(path: str, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim >= 4:
            seen.setdefault(path, []).append(output.detach().clone())

    for path, module in model.named_modules():
        if not any(True for _ in module.children()):
            handles.append(module.register_forward_hook(lambda _, given, output, path=path: keep(path, output)))
    try:
        examination.forward(model, batch)
    finally:
        for handle in handles:
            handle.remove()
    return seen


@contextmanager
def _held(model: nn.Module, outputs: dict[str, list[Tensor]]) -> Iterator[None]:
    """Let modules give the same outputs whatever they are given; each call in turn, again from the first after the last."""
    counts = dict.fromkeys(outputs, 0)
    handles = []

    def answer(path: str) -> Tensor:
        counts[path] += 1
        return outputs[path][(counts[path] - 1) % len(outputs[path])]

    for path in outputs:
        handles.append(model.get_submodule(path).register_forward_hook(lambda _, given, output, path=path: answer(path)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def shown_answer(examination: Examination) -> Evidence:
    """Find which output positions the loss holds against position t of an entry: a causal model that has read it is asked for what it sees."""
    if examination.facts.get("causal") is not True:
        return examination.skipped("no order of positions is stated")
    stated = " ".join(examination.words(key) for key in ("task", "loss", "input", "corruption"))
    if (
        any(word in stated for word in ("reconstruct", "autoencod", "denois", "enhanc", "separat", "copy", "corrupt"))
        or "corruption" in examination.facts
    ):
        return examination.skipped("to give back what was read may be the task")
    model, batch = examination.probe, examination.batch()
    with torch.no_grad():
        output = examination.forward(model, batch)
    for key in read_sequences(examination):
        value = batch[key]
        if over_positions(output, value.shape[0], value.shape[1]) is None or output.ndim < 3 or output.shape[1] != value.shape[1]:
            continue
        for answer, other in batch.items():
            if isinstance(other, Tensor) and other.shape == value.shape and torch.equal(other.double(), value.double()):
                found = _asked(examination, model, output, answer)
                if found is not None:
                    return _shown(examination, key, answer, found)
    return examination.skipped("the loss holds the output against no entry that the model reads")


def _asked(examination: Examination, model: nn.Module, output: Tensor, answer: str) -> list[tuple[int, list[int]]] | None:
    """Return (t, positions of the output whose gradient follows position t of the answer), None where it follows none."""
    found = []
    length = output.shape[1]
    for t in sorted({2, length // 2, length - 2}):
        before = pull(examination, model, output, examination.batch())
        after = pull(examination, model, output, changed(examination, answer, t, t + 1))
        if before is None or after is None:
            return None
        moved = (before - after).abs().flatten(2).amax(dim=(0, 2)) > 1e-3 * float(before.abs().max())
        found.append((t, moved.nonzero().flatten().tolist()))
    return found if all(positions for _, positions in found) else None


def pull(examination: Examination, model: nn.Module, output: Tensor, batch: Batch) -> Tensor | None:
    """Return the loss's gradient at an output that is held fixed."""
    fixed = output.detach().clone().requires_grad_()
    original = examination.module.forward
    examination.module.forward = lambda *arguments, **named: fixed  # type: ignore[attr-defined]
    try:
        value = examination.quiet(lambda: examination.loss(model, batch, seed=3))
        if value is None or not value.requires_grad:
            return None
        return torch.autograd.grad(value, fixed, allow_unused=True)[0]
    finally:
        examination.module.forward = original  # type: ignore[attr-defined]


def _shown(examination: Examination, key: str, answer: str, found: list[tuple[int, list[int]]]) -> Evidence:
    if all(min(positions) >= t and len(positions) == 1 for t, positions in found):
        t, positions = found[-1]
        return examination.finding(
            "fail",
            f"the loss holds output {positions[0]} against position {t} of {answer}, which a causal model has read in {key} by then",
            where="loss" if answer == key else "batch",
            hint="Look at the shift between inputs and targets.",
        )
    return examination.passed(f"the outputs that are held against {answer} come before what they are asked for")


SKIPS = Check(
    name="skip connections",
    family="architecture",
    finds="A decoder into which no finer feature of the encoder enters, or none at one of its sizes, though skip connections are stated.",
    uses=("skip_connections",),
    misled_by="Models whose features cannot be held constant by hooks: unsure.",
    cost="forward",
    function=skip_connections,
)
SHOWN = Check(
    name="shown answer",
    family="data",
    finds="A causal model that is asked at a position for what it has read there: targets that are not shifted.",
    uses=("causal", "task", "loss"),
    misled_by="Tasks in which what was read is to be given back: skipped where the facts say so.",
    cost="forward",
    function=shown_answer,
)
