"""What is said of a difference: the nearest known deviation and the smallest inputs on which it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ._conform import Conformance
from ._emit import Emitter
from ._interpret import Interpreter
from ._mutate import deviations
from ._tokens import Refusal
from ._typed import Output, Term

if TYPE_CHECKING:
    from ._compare import Comparison, Run

_STEPS = 100_000  # of the interpreter, for the search of the deviation
_TRIES = 40  # draws, for the smallest inputs
_SMALL = ((1, 2, 3, 4, 5, 6, 7, 8, 9), (2, 3, 4, 5, 6, 7, 8, 9), (4, 6, 8, 2, 10, 12))
_OPEN = {"normal", "wide"}


def explained(state: Comparison, failing: Run, draws: int) -> Conformance:
    """The verdict on a draw that fails, with the smallest inputs found and the deviation that equals the function."""
    size, words = state.error(failing)
    if state.caller.random(failing.values, failing.others, failing.sizes, state.functions(failing.kind)):
        words = "it returns other values for the same inputs: it draws random numbers"
        return Conformance("differs", words, size if size == float("inf") else state.relative(failing), None, draws, shown(state, failing))
    if not state.explain:
        return Conformance("differs", words, size if size == float("inf") else state.relative(failing), None, draws, shown(state, failing))
    small = smallest(state, failing)
    reason = (state.error(small)[1] or words) + state.unbound()
    deviation = nearest(state, failing)
    return Conformance(
        "differs", reason, size if size == float("inf") else state.relative(failing), None, draws, shown(state, small), deviation
    )


@dataclass
class Budget:
    """What is left of a search: counted, not timed, so that the answer is the same on every machine."""

    left: int


# ---- the nearest deviation


def nearest(state: Comparison, failing: Run) -> str:
    """The first known deviation of the equation that equals the function on the failing draw and several others; empty where none does."""
    runs = [run for run in (failing, *(state.one(*plan) for plan in _plans(state))) if run is not None and run.called is not None]
    if len(runs) < 3:
        return ""
    if not state.error(failing)[1].startswith("the shape"):
        budget = Budget(_STEPS)
        for words, outputs in deviations(state.reading.outputs, state.reading.sizes, state.symbols, lambda term: say(state, term)):
            if budget.left <= 0:
                break
            if all(_equals(state, outputs, run, budget) for run in runs):
                return f"it matches the equation {words}"
    for words, change in whole_results():
        if all(_changed_equals(state, change, run) for run in runs):
            return f"it matches {words}"
    return _ratio(state, runs)


def _plans(state: Comparison) -> Iterator[tuple[int, str, tuple[int, ...]]]:
    yield 0, "random", state.pools[0]
    yield 1, "random", state.pools[1]
    yield 7, "whole", state.pools[0]
    yield 10, "tiny", state.pools[0]


def _equals(state: Comparison, outputs: list[Output], run: Run, budget: Budget) -> bool:
    interpreter = Interpreter(state.symbols, run.values, state.functions(run.kind), run.sizes, max(budget.left, 1))
    try:
        want = dict(interpreter.run(outputs))
        return _same_places(state, want, run) and state.gap(want, run)[0] <= 1.0
    except Exception:  # a changed equation may not be computable at all
        return False
    finally:
        budget.left = interpreter.steps


def _same_places(state: Comparison, want: dict[str, Tensor], run: Run) -> bool:
    """Whether both are numbers at the same places: what is not a number equals nothing."""
    for name in state.names:
        left, right = want[name].squeeze(), run.got[name].squeeze()
        if left.shape != right.shape or not bool(torch.isfinite(left).any()):
            return False
        if not torch.equal(torch.isfinite(left), torch.isfinite(right)):
            return False
    return True


def whole_results() -> list[tuple[str, Callable[[Tensor], Tensor]]]:
    """Changes of the whole result."""
    return [
        ("the equation with the sign of the whole reversed", lambda x: -x),
        ("the square root of the equation", torch.sqrt),
        ("the square of the equation", torch.square),
        ("the logarithm of the equation", torch.log),
        ("the exponential of the equation", torch.exp),
        ("one divided by the equation", torch.reciprocal),
        ("one minus the equation", lambda x: 1 - x),
        ("the absolute value of the equation", torch.abs),
        ("the sigmoid of the equation", torch.sigmoid),
        ("the hyperbolic tangent of the equation", torch.tanh),
        ("the equation, cut off below zero", torch.relu),
        ("the softmax of the equation", lambda x: torch.softmax(x, -1)),
        ("the softmax of the equation over its first axis", lambda x: torch.softmax(x, 0)),
        ("the logarithm of the equation to base 2", torch.log2),
        ("the equation transposed", lambda x: x.mT),
        ("the equation in reversed order", lambda x: x.flip(0)),
        ("the equation, shifted by one place", lambda x: x.roll(1, 0)),
        ("the equation, shifted back by one place", lambda x: x.roll(-1, 0)),
        ("the mean of the equation over its elements", torch.mean),
        ("the sum of the equation over its elements", torch.sum),
        ("the equation rounded", torch.round),
        ("the cumulative sum of the equation", lambda x: x.cumsum(0)),
    ]


def _changed_equals(state: Comparison, change: Callable[[Tensor], Tensor], run: Run) -> bool:
    if len(state.names) > 1:
        return False
    try:
        want = {name: change(run.want[name].detach().to(torch.float64).squeeze()) for name in state.names}
        return _same_places(state, want, run) and state.gap(want, run)[0] <= 1.0
    except Exception:  # a change of the result may not fit its shape
        return False


def _ratio(state: Comparison, runs: list[Run]) -> str:
    """One factor, or one number added, on every draw; a factor that follows the sizes is named after them."""
    if len(state.names) > 1:
        return ""
    ways = (("times the equation", lambda got, want: got / want, 1.0), ("more than the equation", lambda got, want: got - want, 0.0))
    for words, of, nothing in ways:
        found: list[tuple[float, Run]] = []
        for run in runs:
            want, got = (part[state.names[0]].detach().to(torch.float64).squeeze() for part in (run.want, run.got))
            usable = torch.isfinite(want) & (want.abs() > 1e-9 * float(want[torch.isfinite(want)].abs().max())) & (want.abs() > 1e-12)
            if want.shape != got.shape:
                return ""
            if not bool(usable.any()):
                continue
            each = of(got[usable], want[usable])
            middle = float(each.median())
            if not float((each - middle).abs().max()) <= (1e-3 if state.single else 1e-6) * max(abs(middle), 1e-6):
                break
            found.append((middle, run))
        else:
            named = _named(found, state) if len(found) >= 2 else ""
            if named and any(abs(value - nothing) > 1e-6 for value, _ in found):
                return f"it is {named} {words}"
    return ""


def _named(found: list[tuple[float, Run]], state: Comparison) -> str:
    """A number that is the same on every draw, or a size, its root or their inverses, times a number."""
    close = 1e-3 if state.single else 1e-6
    powers = (("", 0.0), ("{}", 1.0), ("1/{}", -1.0), ("the root of {}", 0.5), ("1/root of {}", -0.5))
    for label, power in powers:
        for name in found[0][1].sizes.values if power else ("",):
            values = [value / (run.sizes.of(name) ** power if power else 1.0) for value, run in found]
            if max(values) - min(values) <= close * max(abs(values[0]), 1e-9):
                number = f"{values[0]:.6g}"
                return number if not power else label.format(name) if number == "1" else f"{number} times {label.format(name)}"
    return ""


def say(state: Comparison, term: Term) -> str:
    """A term in the words of the emitted code."""
    try:
        return Emitter(state.symbols, state.reading.sizes, state.reading.outputs, []).term(term).text.replace("local_", "")
    except (Refusal, AttributeError, KeyError, IndexError, TypeError):
        return term.op


# ---- the smallest counterexample


def smallest(state: Comparison, failing: Run) -> Run:
    """A failing draw with few elements and short numbers, if there is one."""
    budget = Budget(_TRIES)
    for pool in _SMALL:
        for kind, seed in (("whole", 20), ("whole", 21), ("random", 22), ("positive", 23), ("random", 24), (failing.kind, 25)):
            budget.left -= 1
            run = state.one(seed, kind, pool)
            if run is not None and run.called is not None and 1.0 < state.counts(run)[0] < float("inf"):
                return _simpler(state, run, budget)
    return _simpler(state, failing, budget) if failing.called is not None else failing


def _simpler(state: Comparison, run: Run, budget: Budget) -> Run:
    """Round, then set to zero or one whatever the difference does not need: inputs without a domain may be any number."""
    for name, value in list(run.values.items()):
        if not isinstance(value, Tensor) or not value.is_floating_point():
            continue
        domain = state.symbols.domains.get(name, "normal")
        tries = [torch.zeros_like(value), torch.ones_like(value), value.round()] if domain in _OPEN else []
        if domain in _OPEN | {"pos", "prob"}:
            tries += [torch.round(value, decimals=1), torch.round(value, decimals=2)]
        for simple in tries:
            if domain in {"pos", "prob"} and not bool(((simple > 0) & ((simple < 1) | (domain == "pos"))).all()):
                continue
            found = _fails(state, run, {**run.values, name: simple}, budget)
            if found is not None:
                run = found
                break
        if domain in _OPEN and value.numel() <= 16:
            run = _sparser(state, run, name, budget)
    return run


def _sparser(state: Comparison, run: Run, name: str, budget: Budget) -> Run:
    for place in range(run.values[name].numel()):
        value = run.values[name]
        if float(value.reshape(-1)[place]) == 0.0:
            continue
        simple = value.clone()
        simple.view(-1)[place] = 0.0
        run = _fails(state, run, {**run.values, name: simple}, budget) or run
    return run


def _fails(state: Comparison, run: Run, values: dict[str, Any], budget: Budget) -> Run | None:
    """The run on other values, where it still differs, clearly enough to be seen."""
    budget.left -= 1
    if budget.left <= 0:
        return None
    found = state.run(values, run.others, run.sizes, run.kind)
    if found is None or found.called is None:
        return None
    size, _ = state.counts(found)
    return found if 1.0 < size < float("inf") and state.relative(found) > min(1e-3, state.relative(run) / 2) else None


def shown(state: Comparison, run: Run) -> dict[str, Any]:
    """Inputs, what was expected and what came, as plain lists."""
    plain = {name: value.detach().tolist() if isinstance(value, Tensor) else value for name, value in run.values.items()}
    want = {name: _short(run.want[name]) for name in state.names}
    got = {name: _short(value) for name, value in run.got.items()} if run.called is not None else None
    return {"inputs": plain, "expected": want, "returned": got}


def _short(value: Tensor) -> Any:
    """Numbers with twelve digits: enough to see a difference, short enough to read."""
    return _rounded(value.detach().to(torch.float64).tolist())


def _rounded(value: Any) -> Any:
    return [_rounded(item) for item in value] if isinstance(value, list) else float(f"{value:.12g}")
