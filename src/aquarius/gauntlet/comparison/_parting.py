"""The child's side of `compare_models`: two implementations with the same weights on the same batch, and the first module where they part."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ...subject._child import load_module
from .._examination import Examination, distance, perturb
from .._inputs import Batch, copy
from .._trace import tensors
from ..sequences._layouts import layouts
from ._weights import Pair, Use, Uses, alternatives, lay, pair

AGREE = {torch.float64: 1e-5, torch.float32: 1e-3}  # the largest difference, against the scale of the output, that is no parting
ROUNDING = 1e-9  # in double precision, more than this is no rounding
TRIES = 3000  # maps
SECONDS = 25.0  # for trying them


@dataclass(frozen=True)
class Step:
    """One call of a module: what went in and what came out."""

    path: str
    inputs: list[Tensor]
    output: Tensor


@dataclass(frozen=True)
class Run:
    """One forward pass: every module's call in the order in which they ended, and the main output."""

    steps: list[Step]
    output: Tensor


class CannotCompare(Exception):
    """The two files cannot be held against one another; the sentence says why."""


def run_comparison(module: ModuleType, emit: Callable[[Any], None], payload: dict[str, Any]) -> dict[str, Any]:
    """Compare the subject with the one at payload["second"]; return status, message, where, path, values and details."""
    torch.set_num_threads(1)
    emit("first imported")
    other = _second(module, Path(payload["second"]))
    emit("second imported")
    one, two = Examination(module), Examination(other)
    names = payload["names"]
    try:
        return _Comparison(one, two, names).answer()
    except CannotCompare as error:
        return {"status": "unsure", "message": str(error)}


def _second(first: ModuleType, path: Path) -> ModuleType:
    """Import the other file; what the first one imported from beside itself does not stand in for what lies beside the second."""
    import sys

    beside = Path(first.__file__ or "").parent
    if beside != path.parent:
        for name, known in list(sys.modules.items()):
            if known is not first and Path(getattr(known, "__file__", None) or "/").parent == beside:
                del sys.modules[name]
    return load_module(path)


class _Comparison:
    """Two subjects, a batch that both read, and the weights of one laid onto the other."""

    def __init__(self, one: Examination, two: Examination, names: list[str]) -> None:
        self.one, self.two, self.names = one, two, names
        self.batch = self._shared_batch()
        self.precision = torch.float64
        self.tries = 0

    def answer(self) -> dict[str, Any]:
        """Map the weights, try what is open, and say where they part or that they agree."""
        models = [examination.build().eval() for examination in (self.one, self.two)]
        perturb(models[0], 1)
        self._random_buffers(*models)
        self._choose_precision(models)
        orders = [self._uses(examination, model) for examination, model in zip((self.one, self.two), models, strict=True)]
        pairs, left, missing = pair(orders[0], orders[1])
        if left or missing:  # one may hold in a single matrix what the other has in three: then it goes the other way round
            turned, left_of_two, missing_of_one = pair(orders[1], orders[0])
            if left_of_two or missing_of_one:
                return self._unmatched(models, left, missing)
            perturb(models[1], 1)
            self.one, self.two = self.two, self.one
            self.names, models, pairs = self.names[::-1], models[::-1], turned
        reference = self._run(self.one, models[0])
        if distance(reference.output, self._run(self.one, models[0], seed=7).output) > ROUNDING:
            raise CannotCompare(f"{self.names[0]} is random in evaluation mode, so no two outputs of it can be compared")
        pairs, run, complete = self._best(reference, models, pairs)
        return self._verdict(reference, run, models, pairs, complete)

    # --- what both are given ---------------------------------------------------------------------------------------

    def _shared_batch(self) -> Batch:
        batch, other = self.one.batch(), None
        try:
            other = self.two.call("batch", self.one.layout.size, 0)
        except Exception:
            self.two.calling = None
        if not isinstance(other, dict) or set(batch) <= set(other) or set(other) <= set(batch):
            return batch
        renamed: Batch = dict(batch)
        for key, value in other.items():
            alike = [name for name, mine in batch.items() if _kind(mine) == _kind(value)]
            if key not in batch and len(alike) != 1:
                raise CannotCompare(
                    f"the batches have different entries ({', '.join(sorted(batch))} and {', '.join(sorted(other))}), and which is which is not clear"
                )
            renamed.setdefault(key, batch[alike[0]] if alike else value)
        return renamed

    def _random_buffers(self, first: nn.Module, second: nn.Module) -> None:
        """Copy buffers that are drawn at random (fixed random features): they are weights by another name."""
        drawn = [_drawn(examination) for examination in (self.one, self.two)]
        if [shape for _, shape in drawn[0]] != [shape for _, shape in drawn[1]]:
            raise CannotCompare("the implementations hold random buffers of different shapes, which cannot be laid onto one another")
        source, target = dict(first.named_buffers()), dict(second.named_buffers())
        for (name, _), (other, _) in zip(*drawn, strict=True):
            target[other].copy_(source[name])

    def _choose_precision(self, models: list[nn.Module]) -> None:
        """Work in double precision where both can."""
        for model in models:
            model.double()
        try:
            for examination, model in zip((self.one, self.two), models, strict=True):
                self._run(examination, model)
        except (RuntimeError, TypeError, NotImplementedError):
            self.precision = torch.float32
            for model in models:
                model.float()

    def _uses(self, examination: Examination, model: nn.Module) -> list[Use]:
        uses = Uses(model)
        with torch.no_grad(), _precision(self.precision), uses:
            self._forward(examination, model, 0)
        return uses.order()

    def _forward(self, examination: Examination, model: nn.Module, seed: int) -> Tensor:
        batch = {key: value.to(self.precision) if _floating(value) else value for key, value in copy(self.batch).items()}
        try:
            return examination.forward(model, batch, seed=seed)
        except KeyError as error:
            raise CannotCompare(f"the same batch cannot be given to both: one of them asks for the entry {error}") from None

    def _run(self, examination: Examination, model: nn.Module, seed: int = 0) -> Run:
        with torch.no_grad(), _precision(self.precision), _steps(model) as steps:
            output = self._forward(examination, model, seed)
        return Run(steps, output)

    # --- the map ---------------------------------------------------------------------------------------------------

    def _best(self, reference: Run, models: list[nn.Module], pairs: list[Pair]) -> tuple[list[Pair], Run, bool]:
        """Climb from the map by order of use to one under which more modules agree; say whether every neighbour was tried."""
        end = time.perf_counter() + SECONDS
        run = self._with(pairs, models)
        score, better = self._score(reference, run), True
        while better and score[0] == 0:
            better = False
            for other in alternatives(pairs, self._suspects(reference, run, pairs)):
                if self.tries >= TRIES or time.perf_counter() > end:
                    return pairs, self._with(pairs, models), False
                again = self._with(other, models)
                if (new := self._score(reference, again)) > score:
                    pairs, run, score, better = other, again, new, True
                    break
            if not better:
                relaid, complete = self._relaid(reference, run, models, pairs, end)
                if relaid is None:
                    return pairs, self._with(pairs, models), complete
                pairs, run = relaid, self._with(relaid, models)
                score, better = self._score(reference, run), True
        return pairs, run, True

    def _relaid(self, reference: Run, run: Run, models: list[nn.Module], pairs: list[Pair], end: float) -> tuple[list[Pair] | None, bool]:
        """Return a map with rows in another order under which the module that parts agrees, and whether every one was tried."""
        parted = self._parting(reference, run, pairs)
        path, other_path = (parted[0].path, parted[1].path) if parted else ("", "")
        wanted = parted[0].output if parted else reference.output
        near = {use.name for one in pairs for use in one.firsts if _inside(use.name, path)}
        for other in layouts(pairs, near):
            self.tries += 1
            if self.tries >= TRIES or time.perf_counter() > end:
                return None, False
            lay(other, models[0], models[1])
            found: list[Tensor] = []
            note = lambda _, __, output, found=found: found.extend(tensors(output)[:1])
            handle = models[1].get_submodule(other_path).register_forward_hook(note)
            try:
                with torch.no_grad(), _precision(self.precision):
                    output = self._forward(self.two, models[1], 0)
            finally:
                handle.remove()
            if self._same(reference.output, output) or any(self._same(wanted, value) for value in found):
                return other, True
        return None, True

    def _with(self, pairs: list[Pair], models: list[nn.Module]) -> Run:
        self.tries += 1
        lay(pairs, models[0], models[1])
        return self._run(self.two, models[1])

    def _score(self, reference: Run, run: Run) -> tuple[int, int]:
        """Return whether the outputs agree, and how many calls of the first have an equal output in the second."""
        agree = self._same(reference.output, run.output)
        return int(agree), sum(self._matched(step.output, run.steps) for step in reference.steps)

    def _same(self, one: Tensor, two: Tensor) -> bool:
        return one.shape == two.shape and distance(one, two) <= AGREE[self.precision]

    def _matched(self, output: Tensor, steps: list[Step]) -> bool:
        return any(self._same(output, other.output) for other in steps)

    # --- where they part -------------------------------------------------------------------------------------------

    def _parting(self, reference: Run, run: Run, pairs: list[Pair]) -> tuple[Step, Step] | None:
        """Return the first calls that hold the same weights, are given the same and give back different tensors, and that no caller heals."""
        healed = [step.path for step in reference.steps if self._matched(step.output, run.steps)]
        for step in reference.steps:
            if self._matched(step.output, run.steps) or any(_inside(step.path, path) for path in healed):
                continue
            for other in run.steps:
                if step.output.shape != other.output.shape or self._matched(other.output, reference.steps):
                    continue
                if not _hold_the_same(step.path, other.path, pairs):
                    continue
                if len(step.inputs) == len(other.inputs) and all(map(self._same, step.inputs, other.inputs)):
                    return step, other
        return None

    def _suspects(self, reference: Run, run: Run, pairs: list[Pair]) -> set[str]:
        """Return the weights that can have to do with the parting: those in the module that parts, outside what agrees within it.

        What agrees can still have changed roles with another that is given the same, as queries with keys.
        """
        parted = self._parting(reference, run, pairs)
        path = parted[0].path if parted else ""
        agreed = {step.path for step in reference.steps if self._matched(step.output, run.steps)}
        agreed -= {step.path for step in reference.steps if not self._matched(step.output, run.steps)}
        agreed -= {step.path for step in reference.steps if step.path in agreed and self._has_double(step, reference)}
        names = {use.name for one in pairs for use in one.firsts}
        return {name for name in names if _inside(name, path) and not any(_inside(name, other) for other in agreed)}

    def _has_double(self, step: Step, reference: Run) -> bool:
        """Say whether another module is given the same and gives back a tensor of the same shape."""
        others = [
            other
            for other in reference.steps
            if not (other.path == step.path or _inside(other.path, step.path) or _inside(step.path, other.path))
        ]
        return any(
            other.output.shape == step.output.shape
            and len(other.inputs) == len(step.inputs)
            and all(map(self._same, step.inputs, other.inputs))
            for other in others
        )

    def _verdict(self, reference: Run, run: Run, models: list[nn.Module], pairs: list[Pair], complete: bool) -> dict[str, Any]:
        details = {"first": self.names[0], "second": self.names[1], "map": [_line(one) for one in pairs], "maps tried": self.tries}
        values = {"parameters": float(sum(parameter.numel() for parameter in models[0].parameters()))}
        if self._same(reference.output, run.output):
            return self._agreement(reference, run, models, values, details)
        parted = self._parting(reference, run, pairs)
        status = "fail" if complete else "unsure"
        agreed = [step.path for step in reference.steps if step.path and self._matched(step.output, run.steps)]
        doubt = "" if status == "fail" else f"; the map of the weights is ambiguous: {self.tries} maps were tried and more are possible"
        if parted is None:
            after = f"after {agreed[-1]}" if agreed else "before any module's output is equal"
            found = (reference.output, run.output)
            where = None
            message = f"{self.names[0]} and {self.names[1]} part {after}; no two modules with equal inputs tell where"
        else:
            step, other = parted
            found = (step.output, other.output)
            where = self.one.where(models[0], step.path)
            details |= {"path of second": other.path, "where of second": self.two.where(models[1], other.path)}
            message = (
                f"given the same input, {step.path or 'the model'} of {self.names[0]} ({where}) and {other.path or 'the model'} of "
                f"{self.names[1]} ({details['where of second']}) give different outputs"
            )
        size = distance(*found)
        if size < float("inf"):
            values["difference"] = size
            message += f": the largest difference is {size:.3g} of the scale"
        elif found[0].shape != found[1].shape:
            message += f": the shapes are {tuple(found[0].shape)} and {tuple(found[1].shape)}"
        hint = "Compare the two functions line by line: what goes in is equal."
        if parted is not None and agreed:
            message += f"; the last module with equal output is {agreed[-1]}"
        return {
            "status": status,
            "message": message + doubt,
            "where": where,
            "path": parted[0].path or None if parted else None,
            "hint": hint,
            "values": values,
            "details": details,
        }

    def _agreement(
        self, reference: Run, run: Run, models: list[nn.Module], values: dict[str, float], details: dict[str, Any]
    ) -> dict[str, Any]:
        size = distance(reference.output, run.output)
        values |= {"difference": size, "modules compared": float(len(reference.steps))}
        message = f"{self.names[0]} and {self.names[1]} agree: the largest difference of the outputs is {size:.3g} of their scale"
        if self.precision == torch.float64 and size > ROUNDING:
            message += ", more than rounding in double precision: look at epsilons and at tables made in single precision"
        losses = self._losses(models)
        if losses is None:
            message += "; the losses could not be compared"
        elif abs(losses[0] - losses[1]) > AGREE[self.precision] * max(1.0, abs(losses[0])):
            text = f"the outputs of {self.names[0]} and {self.names[1]} agree, and their losses do not: {losses[0]:.6g} and {losses[1]:.6g}"
            return {
                "status": "fail",
                "message": text,
                "where": "loss",
                "values": values | {"first loss": losses[0], "second loss": losses[1]},
                "details": details,
                "hint": "Compare the two loss functions: reduction, smoothing, ignored labels.",
            }
        return {"status": "pass", "message": message, "values": values, "details": details}

    def _losses(self, models: list[nn.Module]) -> list[float] | None:
        """Return both losses in evaluation mode, None where one cannot be had or is random."""
        if not (self.one.has("loss") and self.two.has("loss")):
            return None
        found = []
        for examination, model in zip((self.one, self.two), models, strict=True):
            batch = {key: value.to(self.precision) if _floating(value) else value for key, value in copy(self.batch).items()}
            with torch.no_grad(), _precision(self.precision):
                some = [examination.quiet(lambda: float(examination.loss(model, copy(batch), seed=seed))) for seed in (0, 7)]  # noqa: B023
            if None in some or some[0] != some[1]:
                return None
            found.append(float(some[0] or 0.0))
        return found

    def _unmatched(self, models: list[nn.Module], left: list[Use], missing: list[Use]) -> dict[str, Any]:
        """Say which weight has no partner: a difference where the numbers of weights differ, else a map that was not found."""
        counts = [sum(parameter.numel() for parameter in model.parameters()) for model in models]
        side, use = (0, left[0]) if left else (1, missing[0])
        text = f"{use.name} {use.shape} of {self.names[side]} has no partner of its shape in {self.names[1 - side]}"
        details = {
            name: [f"{one.name} {one.shape}" for one in uses] for name, uses in (("only in first", left), ("only in second", missing))
        }
        values = {"first parameters": float(counts[0]), "second parameters": float(counts[1])}
        if counts[0] == counts[1]:
            return {"status": "unsure", "message": f"the weights cannot be mapped: {text}", "values": values, "details": details}
        where = (self.one, self.two)[side].where_parameter(models[side], use.name, "__init__")
        message = f"the implementations hold {counts[0]:,} and {counts[1]:,} parameters: {text}"
        return {"status": "fail", "message": message, "where": where, "path": use.name, "values": values, "details": details}


@contextmanager
def _precision(dtype: torch.dtype) -> Iterator[None]:
    """Make what is made inside the block of one floating type."""
    kept = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(kept)


@contextmanager
def _steps(model: nn.Module) -> Iterator[list[Step]]:
    """Collect copies of what every module is given and gives back, in the order in which the calls end."""
    steps: list[Step] = []
    given: list[list[Tensor]] = []
    handles = []

    def before(_: nn.Module, positional: Any, named: Any) -> None:
        given.append([value.clone() for value in tensors([positional, list(named.values())])])

    def after(path: str) -> Callable[..., None]:
        def note(_: nn.Module, positional: Any, output: Any) -> None:
            inputs = given.pop()
            steps.extend(Step(path, inputs, value.clone()) for value in tensors(output)[:1])

        return note

    for path, module in model.named_modules():
        handles += [module.register_forward_pre_hook(before, with_kwargs=True), module.register_forward_hook(after(path))]
    try:
        yield steps
    finally:
        for handle in handles:
            handle.remove()


def _drawn(examination: Examination) -> list[tuple[str, torch.Size]]:
    """Return the buffers that differ between two seeds."""
    one, two = (dict(examination.build(seed=seed).named_buffers()) for seed in (0, 1))
    return [(name, value.shape) for name, value in one.items() if name in two and distance(value, two[name]) > 0]


def _kind(value: Any) -> tuple[Any, ...]:
    return (tuple(value.shape), value.dtype) if isinstance(value, Tensor) else (type(value).__name__,)


def _floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def _inside(path: str, outer: str) -> bool:
    return path != outer and (path.startswith(outer + ".") or outer == "")


def _hold_the_same(first: str, second: str, pairs: list[Pair]) -> bool:
    """Say whether a module of each implementation hold the two sides of the same pairs of weights."""
    mine = [one for one in pairs if any(_inside(use.name, first) for use in one.firsts)]
    return mine == [one for one in pairs if _inside(one.second.name, second)]


def _line(one: Pair) -> str:
    names = " + ".join(use.name for use in one.firsts)
    transposed = len(one.firsts[0].shape) == 2 and (bool(one.firsts[0].turned) != bool(one.second.turned)) != one.flip
    return f"{names} -> {one.second.name}{' (transposed)' if transposed else ''}{' (rows in another order)' if one.rows else ''}"
