"""Returns and advantages: a function of rewards over time looks ahead, discounts by one factor, and stops at the end of an episode."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall
from .._check import card
from .._examination import Examination
from .._functions import called
from ._reinforcement import ENDS, negated

SMALL = 1e-5
LONGEST = 64
FOLLOWING = ("next", "following", "bootstrap")  # values of the states after, as an argument of their own


@dataclass(frozen=True)
class Response:
    """How a function over time answers: by[t, s] is the change at time t for one unit more at time s, for every sample apart."""

    by: Tensor  # (time, time, samples)

    @property
    def before(self) -> float:
        """The largest answer to something earlier."""
        return _triangle(self.by, below=True)

    @property
    def after(self) -> float:
        """The largest answer to something later."""
        return _triangle(self.by, below=False)

    def lag(self, distance: int) -> Tensor:
        """Return the answers to what comes `distance` steps later: (time - distance, samples)."""
        return self.by.diagonal(offset=distance, dim1=0, dim2=1).T


def _triangle(by: Tensor, *, below: bool) -> float:
    given, taken = torch.arange(by.shape[0])[:, None], torch.arange(by.shape[1])[None]
    mask = given > taken if below else given < taken
    return float(by[mask].abs().max()) if bool(mask.any()) else 0.0


@dataclass(frozen=True)
class Recursion:
    """A function of rewards over time, as it was called: which argument is what, along which axis time runs."""

    examination: Examination
    call: FunctionCall
    rewards: str
    axis: int

    def argument(self, words: tuple[str, ...]) -> str | None:
        """Return the argument of the shape of the rewards, or one step longer, in whose name one of the words stands."""
        shape = list(self.call.arguments[self.rewards].shape)
        longer = [size + (axis == self.axis) for axis, size in enumerate(shape)]
        for name, value in self.call.arguments.items():
            fits = isinstance(value, Tensor) and list(value.shape) in (shape, longer) and any(word in name.lower() for word in words)
            if fits and not negated(name) and (words == FOLLOWING or not any(word in name.lower() for word in FOLLOWING)):
                return name
        return None

    def result(self, changed: dict[str, Tensor]) -> Tensor | None:
        """Call again with some arguments changed; time first, samples after: (time, samples)."""
        given = {name: value.clone() if isinstance(value, Tensor) else value for name, value in (self.call.arguments | changed).items()}
        with torch.no_grad():
            value = self.examination.quiet(lambda: self.call.again(given))
        if isinstance(value, tuple | list):
            value = next((item for item in value if isinstance(item, Tensor)), None)
        shape = self.call.arguments[self.rewards].shape
        if not isinstance(value, Tensor) or value.shape != shape or not bool(value.isfinite().all()):
            return None
        return value.movedim(self.axis, 0).flatten(1) if value.ndim > 1 else value[:, None]

    def response(self, name: str, changed: dict[str, Tensor] | None = None) -> Response | None:
        """Raise one argument at one time after the other by one, for all samples at once."""
        changed = changed or {}
        base = self.result(changed)
        start = changed.get(name, self.call.arguments[name])
        rows = []
        for time in range(start.shape[self.axis]):
            raised = start.clone()
            raised.select(self.axis, time).add_(1.0)
            after = self.result(changed | {name: raised})
            if base is None or after is None:
                return None
            rows.append(after - base)
        return Response(torch.stack(rows, dim=1))


def recursions(examination: Examination) -> list[tuple[str, Recursion]]:
    """Return the subject's functions that make of rewards over time something of the same shape, by name."""
    found = []
    for name, calls in called(examination).items():
        call = calls[0]
        rewards = next((key for key, value in call.arguments.items() if "reward" in key.lower() and isinstance(value, Tensor)), None)
        if rewards is None or not call.arguments[rewards].is_floating_point() or call.arguments[rewards].ndim not in (1, 2):
            continue
        for axis in range(call.arguments[rewards].ndim):
            recursion = Recursion(examination, call, rewards, axis)
            if not 3 <= call.arguments[rewards].shape[axis] <= LONGEST:
                continue
            response = recursion.response(rewards)
            if response is not None and max(response.before, response.after) > SMALL:
                found.append((name, recursion))
                break
    return found


def returns(examination: Examination) -> list[Evidence]:
    """Raise rewards, values and ends one by one, and look at what becomes of the returns."""
    found = [finding for name, recursion in recursions(examination) if (finding := _examined(examination, name, recursion)) is not None]
    return found or [examination.skipped("no function makes returns of rewards over time")]


def _examined(examination: Examination, name: str, recursion: Recursion) -> Evidence | None:
    ends = recursion.argument(ENDS)
    still = {ends: torch.zeros_like(recursion.call.arguments[ends])} if ends else {}
    free = recursion.response(recursion.rewards, still)
    if free is None:
        return examination.unsure(f"{name} refuses other ends")

    def failed(message: str, hint: str, **values: float) -> Evidence:
        return examination.finding("fail", f"{name}: {message}", where=name, hint=hint, values=values)

    if free.before > SMALL and free.after <= SMALL:
        return failed("a return is made of the rewards before it, not of those after it", "Sum from the last step to the first.")
    if free.before > SMALL:
        if _backwards(free.by):
            return failed("its results stand in the opposite order of the rewards", "Turn what is summed from the last step round again.")
        return examination.unsure(f"{name} makes each of its results of all rewards")
    if ends and (cut := _not_cut(recursion, ends)):
        return failed(
            f"what comes after an end ({ends}) counts before it: {cut}", "Multiply what is expected afterwards by one minus the end."
        )
    own, next_, second = free.lag(0), free.lag(1), free.lag(2)
    if float((own - 1).abs().max()) > 1e-3:
        return _bounded(examination, name, recursion) or _weighted(examination, name, free)
    trace = float(next_.mean())
    if float((next_ - trace).abs().max()) > 1e-3 or float((second - trace**2).abs().max()) > 2e-3:
        return examination.unsure(f"{name} discounts by no one factor")
    if trace > 1 + 1e-3:
        return failed(
            f"a later reward counts more: {trace:.4g} times for each step", "Multiply by the discount, do not divide.", trace=trace
        )
    if trace < -SMALL:
        return failed(f"the next reward counts {trace:.4g} times", "Look at the sign in the recursion.", trace=trace)
    return _constants(examination, name, recursion, still, trace)


def _backwards(by: Tensor) -> bool:
    """Say whether the last result is made of the first reward's return: all in order once the results are turned round."""
    turned = Response(by.flip(0))
    return turned.before <= SMALL and turned.after > SMALL and float((turned.lag(0) - 1).abs().max()) < 1e-3


def _weighted(examination: Examination, name: str, free: Response) -> Evidence:
    """A reward that counts as much as the discount, where the next one counts its square, was discounted one time too often."""
    own, next_ = float(free.lag(0).mean()), float(free.lag(1).mean())
    even = max(float((free.lag(k) - free.lag(k).mean()).abs().max()) for k in (0, 1)) < 1e-3
    if even and 0 < own < 1 and abs(next_ - own**2) < 1e-3 and abs(own - (examination.number("discount") or 0.0)) < 1e-3:
        message = f"{name}: the reward itself counts {own:.4g} times, and the stated discount is for what comes after it"
        return examination.finding("fail", message, where=name, hint="Discount the return of the next step, not the reward.")
    return examination.unsure(f"{name} weights the rewards themselves")


def _not_cut(recursion: Recursion, ends: str) -> str | None:
    """Say what passes an end; an end may belong to the step that leads to it, or to the state that begins anew."""
    given = recursion.call.arguments[ends]
    middle = recursion.call.arguments[recursion.rewards].shape[recursion.axis] // 2
    ended = torch.zeros_like(given)
    ended.select(recursion.axis, middle).fill_(1)
    values, following = recursion.argument(("value", "baseline")), recursion.argument(FOLLOWING)
    for argument in [recursion.rewards, *([values] if values and not following else [])]:
        response = recursion.response(argument, {ends: ended})
        if response is None:
            return None
        after, before = response.by[: middle + 1, middle + 1 :], response.by[:middle, middle:]
        if min(float(after.abs().max()), float(before.abs().max())) > SMALL:
            return argument
    return None


def _constants(examination: Examination, name: str, recursion: Recursion, still: dict[str, Tensor], trace: float) -> Evidence:
    """Compare the discount and the trace with the stated ones; the value of the next state carries what the trace leaves of the discount."""
    values, following = recursion.argument(("value", "baseline")), recursion.argument(FOLLOWING)
    response = recursion.response(values, still) if values else None
    ahead = recursion.response(following, still).lag(0) if following and recursion.response(following, still) else None  # type: ignore[union-attr]
    discount, smoothing = examination.number("discount"), examination.number("gae_lambda")
    if response is None or response.before > SMALL:
        measured, told = {"discount": trace}, {"discount": (trace, discount)} if smoothing is None else {}
    else:
        later = response.lag(1)[: response.by.shape[0] - 1] + trace  # behind the last step the value stands alone
        later = later if ahead is None else ahead
        found = float(later.mean())
        if float((later - found).abs().max()) > 1e-3:
            return examination.unsure(f"{name} weights the values of later states by no one factor")
        measured, told = {"discount": found, "trace": trace}, {"discount": (found, discount)}
        if discount is not None and smoothing is not None:
            told["discount times lambda"] = (trace, discount * smoothing)
        if found > 1 + 1e-3 or found < -SMALL:
            message = f"{name}: the value of the next state counts {found:.4g} times"
            return examination.finding(
                "fail", message, where=name, hint="Look at the discount and at the sign of the value.", values=measured
            )
        own = float(response.lag(0).mean())
        if found > SMALL and min(abs(own + 1), abs(own)) > 1e-3 and float((response.lag(0) - own).abs().max()) < 1e-3:
            message = f"{name}: the value of the state itself counts {own:.4g} times, and an advantage takes it away once"
            return examination.finding("fail", message, where=name, hint="Subtract the value of the state, once.", values=measured)
    for what, (got, stated) in told.items():
        if stated is not None and abs(got - stated) > 2e-3:
            message = f"{name}: the {what} is {got:.4g}, and {stated:.4g} is stated"
            return examination.finding("fail", message, where=name, hint="Look at the factors of the recursion.", values=measured)
    return examination.passed(f"{name} looks ahead, discounts by one factor and stops at ends", **measured)


def _bounded(examination: Examination, name: str, recursion: Recursion) -> Evidence | None:
    """Raise importance weights: where the function bounds them, it bounds them from above."""
    weights = recursion.argument(("ratio", "rho", "importance"))
    if weights is None:
        return None
    full = torch.ones_like(recursion.call.arguments[weights])
    one, two = (recursion.result({weights: size * full}) for size in (20.0, 40.0))
    if one is None or two is None:
        return None
    high = float((one - two).abs().max())
    if high > SMALL * float(two.abs().max()) and re.search(r"clamp|clip|minimum|\bmin\(", examination.source.code(name)):
        message = f"{name}: importance weights of 20 and 40 give different results, so the weights are not bounded from above"
        return examination.finding("fail", message, where=name, hint="Take the smaller of the weight and its bound.")
    return None


RETURNS = card(
    "reinforcement",
    "returns",
    "Returns summed in the wrong direction, past ends, with a growing or another discount than stated.",
    ("discount", "gae_lambda"),
    "Functions of rewards whose results are no sums over time: 'unsure'.",
    returns,
)
