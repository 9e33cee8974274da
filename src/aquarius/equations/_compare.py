"""The comparison behind `conform`: draws, probes, gradients, the smallest counterexample, the nearest deviation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ._conform import Conformance
from ._emit import Emitter
from ._interpret import Interpreter, Unfit
from ._mutate import deviations
from ._tokens import Refusal
from ._translate import Reading, Translation, wanted_names
from ._typed import Sizes, Term, terms
from ._values import draw, stand_ins

_DRAWS = (
    *((seed, "random", 0) for seed in range(3)),
    *((seed, "random", 1) for seed in range(3, 6)),
    (6, "positive", 0), (7, "whole", 0), (8, "whole", 1), (9, "negative", 0), (10, "tiny", 0), (11, "zero", 0), (12, "large", 0), (13, "random", 2), (14, "whole", 2),
)  # fmt: skip
_SMALL = (2, 3, 4, 5, 6, 7, 8, 9)
_DOUBLE = (1e-9, 1e-11)  # relative, absolute
_SINGLE = (2e-4, 2e-5)
_FREE = {"normal", "wide", "pos", "prob", "corr"}  # domains in which every element may move on its own


@dataclass
class Run:
    """One draw: what was given, expected and returned."""

    values: dict[str, Any]
    want: dict[str, Tensor]
    got: dict[str, Tensor] | None
    error: str = ""
    single: bool = False
    kind: str = "random"


class Comparison:
    """An implementation beside the oracle."""

    def __init__(
        self,
        translation: Translation,
        implementation: Callable[..., Any],
        binding: Mapping[str, str],
        functions: Mapping[str, Callable[..., Any]] | None,
    ) -> None:
        self.translation = translation
        self.symbols = translation.symbols
        self.implementation = implementation
        self.binding = binding
        self.given = functions
        self.reading: Reading = translation.readings[0]
        self.names = wanted_names(self.symbols, self.reading)
        self.single = False
        self.kind = "random"
        pool = self.reading.sizes.pool
        self.pools = (pool, tuple(size + 2 for size in pool), (1, *(size for size in pool if size != 1)))

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """The functions given, else smooth stand-ins of the shapes that the reading supposes."""
        return self.given if self.given else stand_ins(self.reading.outputs, self.kind)

    def sizes(self, pool: tuple[int, ...]) -> Sizes:
        return Sizes(self.symbols, pool)

    def oracle(self, values: dict[str, Any], sizes: Sizes) -> dict[str, Tensor]:
        """Evaluate by the reading that the functions fit.

        Raises:
            Unfit: none fits.
        """
        last: Unfit | None = None
        for reading in self.translation.readings:
            try:
                functions = self.given if self.given else stand_ins(reading.outputs, self.kind)
                found = Interpreter(self.symbols, values, functions, sizes).run(reading.outputs)
            except Unfit as unfit:
                last = unfit
                continue
            self.reading = reading
            return dict(found)
        raise last or Unfit("no reading fits")

    def call(self, values: dict[str, Any], sizes: Sizes, single: bool) -> dict[str, Tensor]:
        """Call the implementation on clones, so that it cannot touch the oracle's inputs."""
        arguments: dict[str, Any] = {}
        functions = self.functions()
        for name, parameter in self.binding.items():
            if name in self.symbols.functions:
                arguments[parameter] = functions[name]
            elif name in values:
                value = values[name]
                if isinstance(value, Tensor):
                    value = value.clone()
                    value = value.to(torch.float32) if single and value.is_floating_point() else value
                arguments[parameter] = value
            else:
                arguments[parameter] = sizes.of(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = self.implementation(**arguments)
        return self.named(result)

    def named(self, result: Any) -> dict[str, Tensor]:
        """The implementation's results by the names of the outputs."""
        if isinstance(result, Mapping):
            items = list(result.items())
            if {str(name) for name in self.names} <= {str(name) for name, _ in items}:
                return {name: _tensor(result[name]) for name in self.names}
            result = tuple(value for _, value in items)
        if isinstance(result, (tuple, list)) and len(self.names) == len(result) and len(self.names) > 1:
            return {name: _tensor(value) for name, value in zip(self.names, result, strict=True)}
        if isinstance(result, (tuple, list)) and len(self.names) == 1 and len(result) == 1 and isinstance(result[0], Tensor):
            result = result[0]
        if len(self.names) > 1:
            raise TypeError(f"it returns one value, the equation defines {len(self.names)}: {', '.join(self.names)}")
        return {self.names[0]: _tensor(result)}

    def one(self, seed: int, kind: str, pool: tuple[int, ...]) -> Run | None:
        """Compare on one draw; None where the equation has no finite value there."""
        sizes = self.sizes(pool)
        self.kind = kind
        values = draw(self.symbols, sizes, seed, kind)
        try:
            want = self.oracle(values, sizes)
        except (Unfit, RuntimeError, ValueError, IndexError, OverflowError, ZeroDivisionError):
            return None
        if not all(bool(torch.isfinite(want[name].to(torch.float64)).any()) for name in self.names):
            return None
        for single in (True,) if self.single else (False, True):
            try:
                return Run(values, want, self.call(values, sizes, single), single=single, kind=kind)
            except Exception as error:  # whatever a stranger's code raises is an answer, not our failure
                message = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}".strip(": ")
                if single or not _about_dtype(str(error)):
                    return Run(values, want, None, message, single, kind)
        return None

    def error(self, run: Run) -> tuple[float, str]:
        """The largest relative error over the outputs, against the tolerance (1 is its edge), and what is wrong in words."""
        worst, words = 0.0, ""
        assert run.got is not None
        for name in self.names:
            want, got = run.want[name].to(torch.float64), run.got[name]
            if want.squeeze().shape != got.squeeze().shape:
                return float("inf"), f"the shape is {list(got.shape)}, the equation gives {list(want.shape)}"
            got = got.detach().squeeze()
            single = run.single or got.dtype in {torch.float32, torch.float16, torch.bfloat16}
            self.single |= single
            want, got = want.detach().squeeze(), got.to(torch.float64)
            usable = torch.isfinite(want)
            if not bool(torch.isfinite(got[usable]).all()):
                return float("inf"), "it returns NaN or infinity where the equation has a value"
            relative, absolute = _SINGLE if single else _DOUBLE
            scale = float(want[usable].abs().max()) if bool(usable.any()) else 1.0
            gap = (got - want).abs()[usable] / (absolute * max(1.0, scale) + relative * want.abs()[usable])
            size = float(gap.max()) if gap.numel() else 0.0
            if size > worst:
                worst = size
                words = f"{name} differs by up to {float((got - want).abs()[usable].max()):.3g}"
        return worst, words

    def relative(self, run: Run) -> float:
        worst = 0.0
        assert run.got is not None
        for name in self.names:
            want, got = run.want[name].detach().to(torch.float64).squeeze(), run.got[name].detach().to(torch.float64).squeeze()
            usable = torch.isfinite(want)
            gap = (got - want).abs()[usable] / (1e-12 + want.abs()[usable]).clamp(min=float(want[usable].abs().max()) * 1e-3 + 1e-12)
            worst = max(worst, float(gap.max()) if gap.numel() else 0.0)
        return worst

    # ---- gradients

    def gradient_error(self, seed: int) -> float | None:
        """The largest relative difference of gradients by the inputs that may move freely; None where they cannot be compared."""
        if any(term.op in {"gradient"} for output in self.reading.outputs for rule in output.rules for term in terms(rule.body)):
            return None
        sizes = self.sizes(self.pools[0])
        names = [name for name in self.symbols.inputs if self.symbols.domains.get(name, "normal") in _FREE and name in self.binding]
        if not names or self.single:
            return None  # rounding in float32 hides what a gradient would show
        slopes = []
        for side in ("oracle", "code"):
            values = draw(self.symbols, sizes, seed)
            self.kind = "random"
            leaves = {name: values[name].requires_grad_(True) for name in names}
            values.update(leaves)
            try:
                found = self.oracle(values, sizes) if side == "oracle" else self.call(values, sizes, False)
                total = torch.zeros((), dtype=torch.float64)
                for name in self.names:
                    value = found[name].to(torch.float64).squeeze()
                    weights = torch.linspace(0.5, 1.5, max(value.numel(), 1), dtype=torch.float64)[: value.numel()].reshape(value.shape)
                    total = total + (value * weights).sum()
                if not total.requires_grad:
                    return None
                slopes.append(torch.autograd.grad(total, list(leaves.values()), allow_unused=True))
            except Exception:  # a stranger's code again: no gradient, no comparison
                return None
        worst = 0.0
        for want, got in zip(*slopes, strict=True):
            if want is None and got is None:
                continue
            left = torch.zeros_like(got) if want is None else want
            right = torch.zeros_like(left) if got is None else got
            if not bool(torch.isfinite(left).all()) or not bool(torch.isfinite(right).all()):
                continue
            scale = max(float(left.abs().max()), 1e-6)
            worst = max(worst, float((left - right).abs().max()) / scale)
        return worst

    # ---- what to say about a difference

    def smallest(self, failing: Run) -> Run:
        """A smaller failing draw, if there is one."""
        for kind in ("whole", "random", "positive"):
            for seed in range(20, 24):
                run = self.one(seed, kind, _SMALL)
                if run is not None and run.got is not None and self.error(run)[0] > 1.0:
                    return run
        return failing

    def explain(self) -> str:
        """The first known deviation of the equation that equals the implementation on several draws."""
        draws = []
        for seed, kind, pool in (
            (0, "random", self.pools[0]),
            (1, "random", self.pools[1]),
            (7, "whole", self.pools[0]),
            (10, "tiny", self.pools[0]),
        ):
            run = self.one(seed, kind, pool)
            if run is not None and run.got is not None:
                draws.append((run, self.sizes(pool)))
        if not draws:
            return ""
        for words, outputs in deviations(self.reading.outputs, self.reading.sizes, self.say):
            if all(self._equals(outputs, run, sizes) for run, sizes in draws):
                return f"it matches the equation {words}"
        return ""

    def _equals(self, outputs: list[Any], run: Run, sizes: Sizes) -> bool:
        self.kind = run.kind
        try:
            want = Interpreter(self.symbols, run.values, self.functions(), sizes).run(outputs)
        except (Unfit, RuntimeError, ValueError, IndexError, KeyError, OverflowError, ZeroDivisionError):
            return False
        return self.error(Run(run.values, dict(want), run.got, single=run.single, kind=run.kind))[0] <= 1.0

    def say(self, term: Term) -> str:
        """A term in the words of the emitted code."""
        try:
            return Emitter(self.symbols, self.reading.sizes, self.reading.outputs, []).term(term).text
        except Refusal:
            return term.op


def compare(
    translation: Translation,
    implementation: Callable[..., Any],
    binding: Mapping[str, str],
    functions: Mapping[str, Callable[..., Any]] | None,
) -> Conformance:
    """Run the draws and probes, then the gradients, and say what was found."""
    state = Comparison(translation, implementation, binding, functions)
    worst, tried, random_draws, raised = 0.0, 0, 0, ""
    for seed, kind, pool in _DRAWS:
        run = state.one(seed, kind, state.pools[pool])
        if run is None:
            continue
        probe = kind not in {"random", "positive"} or pool == 2
        if run.got is None:
            if not probe:
                return _raises(state, run, tried)
            raised = raised or run.error
            continue
        size, words = state.error(run)
        if size > 1.0:
            unstable = size == float("inf") and words.startswith("it returns NaN")
            if probe and (unstable or (kind == "large" and state.single)):
                continue  # overflow at extreme inputs is a matter of stability, not of meaning
            failing = state.smallest(run)
            return Conformance(
                "differs",
                state.error(failing)[1] or words,
                size if size == float("inf") else state.relative(run),
                None,
                tried + 1,
                _shown(state, failing),
                "" if state.error(run)[1].startswith("the shape") else state.explain(),
            )
        tried += 1
        random_draws += not probe
        worst = max(worst, state.relative(run))
    if random_draws < 2:
        return Conformance(
            "unsure", "the equation has finite values on too few random inputs: declare the domains of its inputs", None, None, tried
        )
    gradients = [error for error in (state.gradient_error(seed) for seed in (0, 1)) if error is not None]
    gradient = max(gradients) if gradients else None
    if gradient is not None and gradient > 1e-5:
        words = "the values agree, the gradients do not: something is cut off from the gradient or rounded"
        return Conformance("differs", words, worst, gradient, tried, None, "values match, gradients differ")
    kind_of = "float32" if state.single else "float64"
    reason = f"equal in {kind_of} on {tried} draws" + (f"; on an extreme input it raises {raised}" if raised else "")
    return Conformance("conforms", reason, worst, gradient, tried)


def _raises(state: Comparison, run: Run, tried: int) -> Conformance:
    return Conformance("differs", f"the implementation raises {run.error}", None, None, tried + 1, _shown(state, run))


def _shown(state: Comparison, run: Run) -> dict[str, Any]:
    """Inputs, what was expected and what came, as plain lists."""
    plain = {name: value.detach().tolist() if isinstance(value, Tensor) else value for name, value in run.values.items()}
    want = {name: run.want[name].detach().tolist() for name in state.names}
    got = {name: value.detach().tolist() for name, value in run.got.items()} if run.got is not None else None
    return {"inputs": plain, "expected": want, "returned": got}


def _tensor(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    return torch.as_tensor(value, dtype=torch.float64)


def _about_dtype(message: str) -> bool:
    """Whether an error comes from code that works in float32 only."""
    text = message.lower()
    return "dtype" in text or "float" in text or "double" in text or "scalar type" in text
