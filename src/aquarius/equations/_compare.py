"""The comparison behind `conform`: draws and probes against the oracle, then gradients; what is said of a difference is in `_explain`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ._calling import Called, Caller, Failed
from ._conform import Conformance
from ._interpret import Interpreter, Unfit
from ._translate import Reading, Translation, wanted_names
from ._typed import Sizes, dim_atoms
from ._values import draw, stand_ins

RANDOM = (*((seed, "random", 0) for seed in range(3)), *((seed, "random", 1) for seed in range(3, 6)), (6, "positive", 0))
_PROBES = ((7, "whole", 0), (8, "whole", 1), *((seed, kind, 0) for seed, kind in enumerate(("negative", "tiny", "zero", "large", "mixed", "offset", "mixed", "large"), start=9)))  # fmt: skip
_UNSTABLE = {"large", "tiny", "mixed"}  # where rounding in the function's own steps may be larger than its result
_DOUBLE = (1e-9, 1e-12)  # relative, absolute
_SINGLE = (2e-4, 5e-6)
_STRANGE = (Unfit, RuntimeError, ValueError, IndexError, OverflowError, ZeroDivisionError, KeyError)


@dataclass
class Run:
    """One draw: what was given, expected and returned."""

    values: dict[str, Any]
    others: dict[str, Any]
    sizes: Sizes
    want: dict[str, Tensor]
    called: Called | None
    error: str = ""
    kind: str = "random"

    @property
    def got(self) -> dict[str, Tensor]:
        return self.called.results if self.called is not None else {}


class Comparison:
    """An implementation beside the oracle."""

    def __init__(
        self,
        translation: Translation,
        implementation: Callable[..., Any],
        binding: Mapping[str, str],
        functions: Mapping[str, Callable[..., Any]] | None,
        explain: bool = True,
    ) -> None:
        self.explain = explain
        self.translation = translation
        self.symbols = translation.symbols
        self.given = functions
        self.reading: Reading = translation.readings[0]
        self.names = wanted_names(self.symbols, self.reading)
        self.binding = binding
        self.caller = Caller(self.symbols, implementation, binding, self.names)
        self.single = False
        pool = self.reading.sizes.pool
        self.pools = [pool, tuple(size + 2 for size in pool)]
        free = [name for name in self.reading.sizes.values if name not in self.symbols.dims and dim_atoms(name) == [name]]
        for place in range(min(len(free), 4)):  # one axis of one element at a time
            rest = tuple(size for size in pool if size != 1)
            self.pools.append((*rest[:place], 1, *rest[place:]))

    def draws(self) -> list[tuple[int, str, int]]:
        """(seed, kind, pool) of every comparison, random ones first."""
        alone = [(20 + place, "random", place) for place in range(2, len(self.pools))]
        return [*RANDOM, *_PROBES, *alone]

    def functions(self, kind: str) -> Mapping[str, Callable[..., Any]]:
        """The functions given, else smooth stand-ins of the shapes that the reading supposes."""
        return self.given if self.given else stand_ins(self.reading.outputs, kind, self.reading.sizes)

    def oracle(self, values: dict[str, Any], sizes: Sizes, kind: str) -> dict[str, Tensor]:
        """Evaluate by the reading that the functions fit.

        Raises:
            Unfit: none fits.
        """
        last: Unfit | None = None
        for reading in self.translation.readings:
            try:
                functions = self.given if self.given else stand_ins(reading.outputs, kind, reading.sizes)
                found = Interpreter(self.symbols, values, functions, sizes).run(reading.outputs)
            except Unfit as unfit:
                last = unfit
                continue
            self.reading = reading
            return dict(found)
        raise last or Unfit("no reading fits")

    def one(self, seed: int, kind: str, pool: tuple[int, ...]) -> Run | None:
        """Compare on one draw; None where the equation has no finite value there."""
        sizes = Sizes(self.symbols, pool)
        return self.run(draw(self.symbols, sizes, seed, kind), draw(self.symbols, sizes, seed + 500, kind), sizes, kind)

    def run(self, values: dict[str, Any], others: dict[str, Any], sizes: Sizes, kind: str) -> Run | None:
        """Compare on given values; None where the equation has no finite value there."""
        try:
            want = self.oracle(values, sizes, kind)
        except _STRANGE:
            return None
        if not all(bool(torch.isfinite(want[name].to(torch.float64)).any()) for name in self.names):
            return None
        try:
            called = self.caller.call(values, others, sizes, self.functions(kind))
        except Failed as failed:
            return Run(values, others, sizes, want, None, str(failed), kind)
        self.single |= called.single
        return Run(values, others, sizes, want, called, kind=kind)

    def error(self, run: Run) -> tuple[float, str]:
        """The largest relative error over the outputs, against the tolerance (1 is its edge), and what is wrong in words."""
        size, words = self.gap(run.want, run)
        if 1.0 < size < float("inf") and not self.single and self.gap(run.want, run, _SINGLE)[0] <= 1.0:
            if self.caller.rounds(run.values, run.others, run.sizes, self.functions(run.kind)):
                self.single = True  # it rounds on the way, so it is held to what single precision can do
                return self.gap(run.want, run)
            if self.gap(run.want, run, _DOUBLE, self.noise(run))[0] <= 1.0:
                return 0.0, ""
        return size, words

    def gap(
        self,
        expected: Mapping[str, Tensor],
        run: Run,
        tolerance: tuple[float, float] | None = None,
        noise: Mapping[str, Tensor] | None = None,
    ) -> tuple[float, str]:
        """The error against a tolerance, where the expected values are numbers."""
        relative, absolute = tolerance or (_SINGLE if self.single else _DOUBLE)
        worst, words = 0.0, ""
        for name in self.names:
            want, got = expected[name].detach().to(torch.float64), run.got[name]
            if want.squeeze().shape != got.squeeze().shape:
                return float("inf"), f"the shape is {list(got.shape)}, the equation gives {list(want.shape)}"
            want, got = want.squeeze(), got.detach().squeeze().to(torch.float64)
            usable = torch.isfinite(want)
            if not bool(torch.isfinite(got[usable]).all()):
                return float("inf"), "it returns NaN or infinity where the equation has a value"
            scale = float(want[usable].abs().max()) if bool(usable.any()) else 1.0
            allowed = absolute * max(1.0, scale) + relative * want.abs()
            if noise is not None:
                allowed = allowed + noise[name].squeeze()
            gap = (got - want).abs()[usable] / allowed[usable]
            size = float(gap.max()) if gap.numel() else 0.0
            if size > worst:
                worst = size
                words = f"{name} differs by up to {float((got - want).abs()[usable].max()):.3g}"
        return worst, words

    def noise(self, run: Run) -> dict[str, Tensor]:
        """Ten times what a change of the inputs in the twelfth digit does to the equation: no code can be nearer to it than that."""
        generator = torch.Generator().manual_seed(7)
        moved = {
            name: value * (1 + 1e-12 * (torch.rand(value.shape, generator=generator, dtype=torch.float64) - 0.5))
            if isinstance(value, Tensor)
            and value.is_floating_point()
            and self.symbols.domains.get(name, "normal") not in {"binary", "adj", "onehot"}
            else value
            for name, value in run.values.items()
        }
        try:
            found = self.oracle(moved, run.sizes, run.kind)
        except _STRANGE:
            found = run.want
        return {
            name: 10 * torch.nan_to_num((found[name].to(torch.float64) - run.want[name].to(torch.float64)).abs()).detach()
            for name in self.names
        }

    def unstable(self, run: Run) -> bool:
        """Whether its own rounding explains a difference: in single precision it disagrees with itself."""
        single = self.caller.in_single(run.values, run.others, run.sizes, self.functions(run.kind))
        if single is None:
            return False
        itself = Run(run.values, run.others, run.sizes, run.got, single, kind=run.kind)
        return self.gap(run.got, itself, (1e-2, 1e-4))[0] > 1.0

    def counts(self, run: Run) -> tuple[float, str]:
        """The error of a draw where it counts: overflow and rounding at extreme inputs are a matter of stability, not of meaning."""
        size, words = self.error(run)
        if size > 1.0 and run.kind in _UNSTABLE:
            overflow = words.startswith("it returns NaN") and run.kind != "tiny"
            if overflow or self.single or self.unstable(run):
                return 0.0, ""
        return size, words

    def unbound(self) -> str:
        """The inputs that no parameter takes, in words: the likeliest reason why nothing fits."""
        names = [name for name in self.symbols.inputs if name not in self.binding]
        return f"; no parameter takes {', '.join(names)}" if names else ""

    def relative(self, run: Run) -> float:
        """The largest relative difference, for the report."""
        worst = 0.0
        for name in self.names:
            want, got = run.want[name].detach().to(torch.float64).squeeze(), run.got[name].detach().to(torch.float64).squeeze()
            usable = torch.isfinite(want) & torch.isfinite(got)
            if bool(usable.any()):
                least = float(want[usable].abs().max()) * 1e-3 + 1e-9
                worst = max(worst, float(((got - want).abs()[usable] / (1e-12 + want.abs()[usable]).clamp(min=least)).max()))
        return worst


def compare(
    translation: Translation,
    implementation: Callable[..., Any],
    binding: Mapping[str, str],
    functions: Mapping[str, Callable[..., Any]] | None,
    explain: bool = True,
) -> Conformance:
    """Run the draws and probes, then the gradients, and say what was found. Of several results, one has to be the equation's."""
    state = Comparison(translation, implementation, binding, functions, explain)
    first = held(state)
    for pick in range(1, state.caller.results):
        if first.verdict == "conforms":
            break
        other = Comparison(translation, implementation, binding, functions, explain)
        other.caller.pick, other.caller.results = pick, state.caller.results
        found = held(other)
        if found.verdict == "conforms":
            return found
    return first


def held(state: Comparison) -> Conformance:
    """Hold one result of the function against the equation."""
    from ._explain import explained, shown
    from ._gradients import gradient_gap

    worst, tried, random_draws, raised = 0.0, 0, 0, ""
    for seed, kind, pool in state.draws():
        run = state.one(seed, kind, state.pools[pool])
        if run is None:
            continue
        ordinary = (seed, kind, pool) in RANDOM
        if run.called is None:
            if ordinary:
                return Conformance("differs", f"the implementation {run.error}" + state.unbound(), None, None, tried + 1, shown(state, run))
            raised = raised or run.error
            continue
        if state.counts(run)[0] > 1.0:
            return explained(state, run, tried + 1)
        tried += 1
        random_draws += ordinary
        worst = max(worst, state.relative(run) if kind not in _UNSTABLE else 0.0)
    if random_draws < 2:
        few = "the equation has finite values on too few random inputs: declare the domains of its inputs"
        return Conformance("unsure", few, None, None, tried)
    gradient, name = gradient_gap(state)
    if gradient is not None and gradient > 1.0:
        words = f"the values agree, the gradients do not: the gradient with respect to {name} is cut off somewhere, or another"
        return Conformance("differs", words, worst, gradient, tried, None, "values match, gradients differ")
    reason = f"equal in {'float32' if state.single else 'float64'} on {tried} draws" + _form(state)
    reason += f"; on an extreme input it {raised}" if raised else ""
    return Conformance("conforms", reason, worst, gradient, tried)


def _form(state: Comparison) -> str:
    """What had to be done to call it, where that is not the usual."""
    form, words = state.caller.form, ""
    if form is not None and form.library == "numpy":
        words += ", called with NumPy arrays"
    if form is not None and form.batched:
        words += f", with a batch axis in front of {', '.join(form.batched)}"
    if state.caller.results > 1 and len(state.names) == 1:
        words += f", result {state.caller.pick + 1} of {state.caller.results}"
    return words
