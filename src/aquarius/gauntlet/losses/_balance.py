"""The loss that balances the load of experts: its form, its gradient, and the factor with which it enters the loss."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...core import Evidence
from .._calls import named
from .._check import card
from .._examination import Examination
from .._functions import own_functions
from ..profiles._experts import mixtures

SAME = 1e-3  # of the value
BALANCE = r"balance|balancing|load|aux"


def balance(examination: Examination) -> list[Evidence]:
    """Hold the balance loss against its usual forms, in value and gradient, and measure with which factor it enters the loss."""
    if examination.number("experts") is None or examination.number("balance_coefficient") is None:
        return [examination.skipped("no experts and no factor of a balance loss are stated")]
    model = examination.probe
    pairs = mixtures(examination, model)
    if not pairs:
        return [examination.skipped("no list of experts beside a router is seen")]
    terms = _terms(examination, model, pairs)
    if not terms:
        return [examination.unsure("no term that balances the load is seen")]
    found = [finding for finding in (_form(examination, terms), _factor(examination, model, terms)) if finding is not None]
    return found or [examination.unsure("the balance loss is of a form that this check does not know")]


@dataclass
class Term:
    """One balance term of one run: who made it, its value and the scores on which it has a gradient."""

    maker: str  # "function NAME", "attribute NAME" or "output PLACE"
    path: str  # of the mixture that keeps or gives it
    value: Tensor
    scores: list[Tensor]
    where: str


def _terms(examination: Examination, model: nn.Module, pairs: dict[str, tuple[Any, nn.Linear]]) -> list[Term]:
    """Return the scalars with a gradient on a router's scores that a function named after the balance gives, or that a mixture keeps."""
    scores: list[Tensor] = []
    kept: list[tuple[str, str, Any]] = []
    with ExitStack() as stack, torch.enable_grad():
        for path, (_, router) in pairs.items():
            stack.callback(router.register_forward_hook(lambda _, given, output: scores.append(output)).remove)
            holder = model.get_submodule(path)

            def look(module: nn.Module, given: Any, output: Any, path: str = path) -> None:
                for name, value in vars(module).items():
                    if isinstance(value, Tensor) and value.numel() == 1 and value.requires_grad:
                        kept.append((f"attribute {name}", path, value))
                for place, value in enumerate(output if isinstance(output, tuple) else ()):
                    if isinstance(value, Tensor) and value.numel() == 1 and value.requires_grad:
                        kept.append((f"output {place}", path, value))

            stack.callback(holder.register_forward_hook(look).remove)
        for name in own_functions(examination):
            if re.search(BALANCE, name.rpartition(".")[2].lower()) and (place := named(examination, name)) is not None:

                def tell(value: Any, name: str = name) -> Any:
                    kept.append((f"function {name}", "", value))
                    return value

                stack.enter_context(_changing(place, tell))
        if examination.quiet(lambda: examination.loss(model, examination.batch(), seed=3)) is None:
            return []
        found: list[Term] = []
        for maker, path, value in kept:
            if isinstance(value, Tensor) and value.numel() == 1:
                sources = [score for score in scores if (slope := _slope(value, score)) is not None and float(slope.abs().max()) > 0]
                where = maker.removeprefix("function ") if maker.startswith("function") else examination.where(model, path)
                if sources or maker.startswith("function"):
                    found.append(Term(maker, path, value, sources, where))
    functions = [term for term in found if term.maker.startswith("function")]
    made = Counter(term.maker for term in functions)
    each = [term for term in functions if made[term.maker] == len(scores)]  # one for each router; a sum over layers is no term of its own
    return each or functions or found


def _slope(value: Tensor, score: Tensor) -> Tensor | None:
    with suppress(RuntimeError):  # there is no graph
        return torch.autograd.grad(value.sum(), score, retain_graph=True, allow_unused=True)[0]
    return None


@contextmanager
def _changing(place: tuple[Any, str, Callable[..., Any]], change: Callable[[Any], Any]) -> Iterator[None]:
    """Let a function return what `change` makes of its result inside the block."""
    holder, attribute, function = place

    def wrapper(*arguments: Any, **by_name: Any) -> Any:
        return change(function(*arguments, **by_name))

    setattr(holder, attribute, wrapper)
    try:
        yield
    finally:
        setattr(holder, attribute, function)


def _forms(scores: Tensor, chosen: int, apart: bool) -> Iterator[tuple[str, Tensor]]:
    """Yield ("" for a usual form or the mistake in words, value) of a balance loss on a router's scores."""
    flat = scores.reshape(-1, scores.shape[-1])
    count = flat.shape[-1]
    shares = flat.softmax(dim=-1)
    first = F.one_hot(shares.argmax(dim=-1), count).to(shares.dtype).mean(dim=0)
    every = torch.zeros_like(shares).scatter(1, shares.topk(chosen, dim=-1).indices, 1.0).mean(dim=0)
    importance = shares.mean(dim=0)
    for load in dict.fromkeys([first, every, every / chosen]):
        yield "", count * (load * importance).sum()
        yield "without the number of experts", (load * importance).sum()
        yield "divided by the number of experts", (load * importance).sum() / count
        yield "", count**2 * (load * importance).mean()  # the same, written as a mean
    if apart:
        yield "with the mean share in the place of the load", count * importance.square().sum()
    yield "", importance.std() ** 2 / importance.mean() ** 2  # the squared coefficient of variation
    yield "", importance.var(unbiased=False) / importance.mean() ** 2


def _form(examination: Examination, terms: list[Term]) -> Evidence | None:
    chosen = int(examination.number("top_k") or 1)
    told: list[set[str]] = []
    equations = " ".join(str(text) for text in (examination.facts.get("equations") or {}).values())
    apart = re.search(r"f_\{?\w\}?\s*(?:\\cdot)?\s*P_", equations) is not None  # the load is told from the mean share
    for term in terms:
        words = set() if term.scores else {"without its gradient"}
        for scores in term.scores:
            own = _slope(term.value, scores)
            for text, value in _forms(scores, chosen, apart):
                slope = _slope(value, scores)
                if (
                    own is None
                    or slope is None
                    or abs(float(value.detach()) - float(term.value.detach())) > SAME * abs(float(value.detach()))
                ):
                    continue
                if float((own - slope).abs().max()) <= 1e-3 * max(float(slope.abs().max()), 1e-9):
                    words.add(text)
        told.append(words)
    common = set.intersection(*told)
    if "" in common:
        return examination.passed("the balance loss is the number of experts times the sum of load times mean share")
    if not common:
        return None
    text = min(common)
    message = f"the balance loss is the usual one {text}"
    return examination.finding(
        "fail", message, where=terms[0].where, hint="It is E times the sum over experts of f_e P_e; P_e carries the gradient."
    )


def _factor(examination: Examination, model: nn.Module, terms: list[Term]) -> Evidence | None:
    """Add a little to each term in turn: the loss must follow by the stated factor, alike for every layer."""
    stated = examination.number("balance_coefficient")
    if not stated or examination.random_evaluation or len({term.maker for term in terms}) > 1:
        return None
    step = 10.0

    def loss(moved: int | None) -> float | None:
        with ExitStack() as stack:
            if moved is not None:
                number = moved if terms[0].path == "" else 0
                stack.enter_context(_moved(examination, model, terms[moved], number, step))
            value = examination.quiet(lambda: examination.loss(model, examination.batch(), seed=3))
        return None if value is None else float(value.detach())

    plain = loss(None)
    moved = [loss(number) for number in range(len(terms))]
    if plain is None or any(value is None for value in moved):
        return None
    return judged_factors(examination, [(float(value or 0.0) - plain) / step for value in moved], stated)


@contextmanager
def _moved(examination: Examination, model: nn.Module, term: Term, number: int, step: float) -> Iterator[None]:
    """Add a number to one term inside the block: to what a function gives at one of its calls, or to what a mixture keeps or gives."""
    kind, name = term.maker.split(" ", 1)
    if kind == "function":
        place = named(examination, name)
        assert place is not None
        calls = itertools.count()
        with _changing(place, lambda value: value + step if next(calls) == number else value):
            yield
        return

    def change(module: nn.Module, given: Any, output: Any) -> Any:
        if kind == "output":
            return tuple(value + step if place == int(name) else value for place, value in enumerate(output))
        setattr(module, name, getattr(module, name) + step)
        return None

    handle = model.get_submodule(term.path).register_forward_hook(change)
    try:
        yield
    finally:
        handle.remove()


def judged_factors(examination: Examination, factors: list[float], stated: float) -> Evidence:
    """Judge the factors with which the terms of the layers enter the loss."""
    near = lambda value, wanted: abs(value - wanted) < 0.02 * stated
    text = ""
    if all(near(value, stated) for value in factors) or all(near(value, stated / len(factors)) for value in factors):
        return examination.passed(f"the balance loss enters the loss with the factor {stated:g}", factor=factors[0])
    if any(near(value, -stated) for value in factors):
        text = f"the balance loss enters the loss with the factor {factors[0]:.3g}, and {stated:g} is stated: an even load is punished"
    elif all(near(value, -stated / len(factors)) for value in factors):
        text = f"the balance loss enters the loss with the factor {sum(factors):.3g}, and {stated:g} is stated: an even load is punished"
    elif len(factors) > 1 and any(near(value, 0.0) for value in factors) and not all(near(value, 0.0) for value in factors):
        number = next(place for place, value in enumerate(factors) if near(value, 0.0))
        text = f"of {len(factors)} balance terms, the {number + 1}. does not enter the loss"
    elif all(near(value, 0.0) for value in factors):
        text = f"the balance loss does not enter the loss, and a factor of {stated:g} is stated"
    if not text:
        return examination.unsure(f"the balance loss enters the loss with the factor {factors[0]:.3g}, and {stated:g} is stated")
    return examination.finding(
        "fail", text, where="loss", hint="The loss is the main loss plus the factor times the balance of every layer."
    )


BALANCE_LOSS = card(
    "loss",
    "balance loss",
    "A balance loss with a wrong factor, sign or gradient, or one that leaves out a layer.",
    ("experts", "top_k", "balance_coefficient"),
    "Balance terms of other forms than load times mean share, or the coefficient of variation: 'unsure'.",
    balance,
)
