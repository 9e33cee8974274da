"""Loops over running indices as array operations: axes in front, matrix products, softmax in its stable form. Text only.

Whatever this cannot put in array form stays a loop; either text is run against the interpreter before it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ._alike import chained, factors_of, is_label_place, labels_of, one_over, opposite, same_but_index
from ._code import clamped
from ._reductions import every_term
from ._stable import log_of_quotient, turned
from ._tokens import Refusal
from ._typed import IndexVar, Rule, Term

if TYPE_CHECKING:
    from ._emit import Emitter

COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)


class NoArrayForm(Exception):
    """This part stays a loop. Never leaves the package."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of an array: axes of running indices in front (`lead`), then the axes of the value (`rank`)."""

    text: str
    level: int
    lead: tuple[IndexVar, ...]
    rank: int
    plain: bool = False

    def at(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"


class Vectorizer:
    """One rule in array form."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter
        self.order: list[IndexVar] = []

    def rule(self, rule: Rule) -> Piece:
        """The whole output of one rule whose pattern is plain indices.

        Raises:
            NoArrayForm: a part of it has none.
        """
        wanted = tuple(term.data[0] for term in rule.pattern)
        self.order = list(wanted)
        piece = self.term(rule.body)
        if set(piece.lead) != set(wanted) or piece.plain:
            raise NoArrayForm
        return self.ordered(piece, wanted)

    def ordered(self, piece: Piece, wanted: tuple[IndexVar, ...]) -> Piece:
        if piece.lead == wanted:
            return piece
        if len(wanted) == 2 and piece.rank == 0:
            return replace(piece, text=f"{piece.at(ATOM)}.T", level=ATOM, lead=wanted)
        raise NoArrayForm

    def term(self, term: Term) -> Piece:
        """One term; without a running index it is what the plain emitter writes."""
        inside = list(every_term(term))
        indexed = any(item.op == "index" and item.data[0] in self.order for item in inside)
        method = getattr(self, "on_" + term.op.replace("-", "_"), None)
        if not indexed and (method is None or not any(item.op == "reduce" for item in inside)):
            code = self.emitter.term(term)
            return Piece(code.text, code.level, (), term.rank, code.plain)
        if method is None:
            raise NoArrayForm
        return method(term)  # type: ignore[no-any-return]

    # ---- elements

    def on_element(self, term: Term) -> Piece:
        """x_i is x with the axis of i in front; x_{i+1} is a slice of it."""
        array, places = term.args[0], term.args[1:]
        if array.op == "select" and array.data[0] == 0:  # of one sample an element
            return self.on_element(replace(term, args=(*array.args, *places), data=(array.data[1], *term.data)))
        if array.op not in {"input", "local"}:
            raise NoArrayForm
        lead: list[IndexVar] = []
        slices: list[str] = []
        if len(places) == 2 and is_label_place(places[1]) and places[0].op == "index":
            row = self._slice(places[0].data[0], 0, array.shape[0], term.data[0])
            return self._picked(Piece(self.emitter.term(array).text, ATOM, (places[0].data[0],), term.rank), places[1], term.data[1], row)
        for axis, place in enumerate(places):
            variable, offset = _shifted(place)
            if variable in lead or variable not in self.order:
                raise NoArrayForm
            lead.append(variable)
            slices.append(self._slice(variable, offset, array.shape[axis], term.data[axis]))
        text = self.emitter.term(array).text
        while slices and slices[-1] == ":":
            slices.pop()
        return Piece(f"{text}[{', '.join(slices)}]" if slices else text, ATOM, tuple(lead), term.rank)

    def on_select(self, term: Term) -> Piece:
        """The value at one index of the first axis, which stands in front already."""
        array, place = term.args
        if array.op not in {"input", "local"} or term.data[0] != 0:
            raise NoArrayForm
        variable, offset = _shifted(place)
        if variable not in self.order:
            raise NoArrayForm
        text, part = self.emitter.term(array).text, self._slice(variable, offset, array.shape[0], term.data[1])
        return Piece(text if part == ":" else f"{text}[{part}]", ATOM, (variable,), term.rank)

    def _picked(self, rows: Piece, label: Term, base: int, row: str = ":") -> Piece:
        """x_{n, y_n}: of every row the element that its label names."""
        labels = self.term(label)
        if row != ":" or rows.lead != labels.lead or len(labels.lead) != 1 or labels.plain or rows.rank:
            raise NoArrayForm
        count = self.emitter.count(labels.lead[0]).text
        place = labels.text if not base else f"{labels.at(SUM)} - {base}"
        return replace(rows, text=f"{rows.at(ATOM)}[torch.arange({count}), {place}]", level=ATOM)

    def _slice(self, variable: IndexVar, offset: int, dim: str, base: int) -> str:
        if variable.explicit:
            lower = variable.lower
            whole = lower is not None and lower.op == "number" and lower.data[0] == variable.base == base and not offset
            if not whole or not self._covers(variable, dim):
                raise NoArrayForm
            return ":"
        start, stop = offset - variable.least, variable.most - offset
        return f"{start if start else ''}:{-stop if stop else ''}"

    def _covers(self, variable: IndexVar, dim: str) -> bool:
        return self.emitter.count(variable).text == self.emitter.size(dim).text

    # ---- elementwise

    def together(self, terms: Sequence[Term]) -> tuple[list[Piece], tuple[IndexVar, ...], int]:
        """Pieces with their axes lined up: missing ones inserted, so that broadcasting does the rest."""
        pieces = [self.term(term) for term in terms]
        used = {variable for piece in pieces for variable in piece.lead}
        lead = tuple(variable for variable in self.order if variable in used)
        rank = max(piece.rank for piece in pieces)
        return [self.lined_up(piece, lead, rank) for piece in pieces], lead, rank

    def lined_up(self, piece: Piece, lead: tuple[IndexVar, ...], rank: int) -> Piece:
        if not piece.lead or piece.plain:
            return piece
        piece = self.ordered(piece, tuple(variable for variable in lead if variable in piece.lead))
        places = [":" if variable in piece.lead else "None" for variable in lead]
        while places and places[0] == "None":
            places.pop(0)
        places += ["None"] * (rank - piece.rank) if piece.rank == 0 else []
        if piece.rank and piece.rank != rank:
            raise NoArrayForm
        while places and places[-1] == ":":
            places.pop()
        if "None" not in places:
            return piece
        return replace(piece, text=f"{piece.at(ATOM)}[{', '.join(places)}]", level=ATOM)

    def on_add(self, term: Term) -> Piece:
        pieces, lead, rank = self.together(term.args)
        text = ""
        for sign, piece in zip(term.data, pieces, strict=True):
            if not text:
                text = piece.at(SUM) if sign == "+" else "-" + piece.at(PRODUCT)
            else:
                text += f" {sign} {piece.at(PRODUCT if sign == '-' else SUM)}"
        return Piece(text, SUM, lead, rank)

    def on_negate(self, term: Term) -> Piece:
        rest = log_of_quotient(term.args[0])
        if rest is not None and self._softmax(term.args[0].args[0]) is None:
            return self.term(turned(rest))
        piece = self.term(term.args[0])
        return replace(piece, text="-" + piece.at(PRODUCT), level=PRODUCT)

    def _binary(self, term: Term, operator: str, levels: tuple[int, int, int]) -> Piece:
        (left, right), lead, rank = self.together(term.args)
        return Piece(f"{left.at(levels[0])} {operator} {right.at(levels[1])}", levels[2], lead, rank)

    def on_multiply(self, term: Term) -> Piece:
        left, right = term.args
        count = one_over(left)
        if count is not None:
            mean = self._mean(right, count)
            if mean is not None:
                return mean
        if one_over(right) is not None and left.op != "number":
            return self._binary(replace(term, args=(left, right.args[1])), "/", (PRODUCT, SIGN, PRODUCT))
        return self._binary(term, "*", (PRODUCT, PRODUCT if chained(right) else SIGN, PRODUCT))

    def on_divide(self, term: Term) -> Piece:
        found = self._softmax(term)
        if found is None:
            found = self._mean(*term.args)
        return found if found is not None else self._binary(term, "/", (PRODUCT, SIGN, PRODUCT))

    def _mean(self, total: Term, count: Term) -> Piece | None:
        """A sum over all elements, divided by how many there are, is their mean."""
        variables: tuple[IndexVar, ...] = ()
        while total.op == "reduce" and total.data[0] == "sum" and len(total.args) == 1:
            variables += total.data[1]
            total = total.args[0]
        sizes = sorted(self.emitter.whole(size).text for size in factors_of(count)) if variables else []
        if not variables or sizes != sorted(self.emitter.count(variable).text for variable in variables):
            return None
        try:
            return self.on_reduce(Term("reduce", (total,), total.shape, ("mean", variables)))
        except NoArrayForm:
            return None

    def on_power(self, term: Term) -> Piece:
        return self._binary(term, "**", (ATOM, SIGN, POWER))

    def on_compare(self, term: Term) -> Piece:
        return self._binary(term, term.data[0], (SUM, SUM, COMPARE))

    def on_and(self, term: Term) -> Piece:
        return self._binary(term, "&", (SUM, SUM, COMPARE))

    def on_unary(self, term: Term) -> Piece:
        name, inner = term.data[0], term.args[0]
        if name == "log" and inner.op == "divide" and self._softmax(inner) is not None:
            softmax = self._softmax(inner)
            assert softmax is not None
            return replace(softmax, text=softmax.text.replace("torch.softmax(", "torch.log_softmax(", 1))
        if name == "log" and inner.op == "unary" and inner.data[0] == "sigmoid":
            self.emitter.functional = True
            piece = self.term(inner.args[0])
            return replace(piece, text=f"F.logsigmoid({piece.text})", level=ATOM)
        if name == "log" and inner.op == "reduce":
            whole = self._logsumexp(inner)
            if whole is not None:
                return whole
        rest = log_of_quotient(term)
        if rest is not None:
            return self.term(rest)
        piece = self.term(inner)
        if piece.plain:
            raise NoArrayForm
        if name in {"gelu", "silu", "softplus"}:
            self.emitter.functional = True
            return replace(piece, text=f"F.{name}({piece.text})", level=ATOM)
        if name == "abs":
            return replace(piece, text=f"{piece.at(ATOM)}.abs()", level=ATOM)
        spelled = {"arctan": "atan", "arcsin": "asin", "arccos": "acos"}.get(name, name)
        return replace(piece, text=f"torch.{spelled}({piece.text})", level=ATOM)

    def _extreme(self, term: Term, name: str, limit: str) -> Piece:
        pieces, lead, rank = self.together(term.args)
        numbers = [piece for piece in pieces if piece.plain]
        if len(numbers) == 1:
            tensor = next(piece for piece in pieces if not piece.plain)
            if numbers[0].text == "0" and limit == "min":
                return Piece(f"torch.relu({tensor.text})", ATOM, lead, rank)
            return Piece(clamped(tensor.text, limit, numbers[0].text), ATOM, lead, rank)
        return Piece(f"torch.{name}({pieces[0].text}, {pieces[1].text})", ATOM, lead, rank)

    def on_maximum(self, term: Term) -> Piece:
        return self._extreme(term, "maximum", "min")

    def on_minimum(self, term: Term) -> Piece:
        return self._extreme(term, "minimum", "max")

    def on_indicator(self, term: Term) -> Piece:
        piece = self.term(term.args[0])
        return replace(piece, text=f"{piece.at(ATOM)}.double()", level=ATOM)

    def on_cases(self, term: Term) -> Piece:
        if len(term.args) == 4 and opposite(term.args[0], term.args[2]):
            term = replace(term, args=(*term.args[:2], term.args[3]))
        if len(term.args) != 3:
            raise NoArrayForm
        (condition, value, other), lead, rank = self.together(term.args)
        if value.plain and other.plain:
            raise NoArrayForm
        return Piece(f"torch.where({condition.text}, {value.text}, {other.text})", ATOM, lead, rank)

    def on_softmax(self, term: Term) -> Piece:
        piece = self.term(term.args[0])
        name = "softmax" if term.data[0] == "softmax" else "log_softmax"
        return replace(piece, text=f"torch.{name}({piece.text}, dim=-1)", level=ATOM)

    def on_transpose(self, term: Term) -> Piece:
        piece = self.term(term.args[0])
        return replace(piece, text=f"{piece.at(ATOM)}.mT", level=ATOM)

    def on_norm(self, term: Term) -> Piece:
        piece, order = self.term(term.args[0]), term.data[0]
        if piece.rank != 1 or order not in {1.0, 2.0}:
            raise NoArrayForm
        text = f"torch.linalg.vector_norm({piece.text}, dim=-1)" if order == 2.0 else f"{piece.at(ATOM)}.abs().sum(dim=-1)"
        return Piece(text, ATOM, piece.lead, 0)

    # ---- products

    def on_matmul(self, term: Term) -> Piece:
        left, right = (self.term(item) for item in term.args)
        if left.rank == right.rank == 1:
            return self._inner(left, right)
        if left.rank == 2 and right.rank == 1 and not left.lead:
            matrix = f"{left.at(ATOM)}.T"
            return Piece(f"{right.at(PRODUCT)} @ {matrix}", PRODUCT, right.lead, 1)
        if left.rank == 1 and right.rank == 2 and not right.lead:
            return Piece(f"{left.at(PRODUCT)} @ {right.at(SIGN)}", PRODUCT, left.lead, 1)
        if left.rank == right.rank == 2 and (not left.lead or not right.lead or left.lead == right.lead):
            return Piece(f"{left.at(PRODUCT)} @ {right.at(SIGN)}", PRODUCT, left.lead or right.lead, 2)
        raise NoArrayForm

    def _inner(self, left: Piece, right: Piece) -> Piece:
        """Inner products of rows: with one vector, of every pair, or row by row."""
        if not right.lead:
            return Piece(f"{left.at(PRODUCT)} @ {right.at(SIGN)}", PRODUCT, left.lead, 0)
        if not left.lead:
            return Piece(f"{right.at(PRODUCT)} @ {left.at(SIGN)}", PRODUCT, right.lead, 0)
        if left.lead == right.lead:
            return Piece(f"({left.at(PRODUCT)} * {right.at(SIGN)}).sum(dim=-1)", ATOM, left.lead, 0)
        if len(left.lead) == len(right.lead) == 1:
            if self.order.index(right.lead[0]) < self.order.index(left.lead[0]):
                left, right = right, left
            return Piece(f"{left.at(PRODUCT)} @ {right.at(ATOM)}.T", PRODUCT, (*left.lead, *right.lead), 0)
        raise NoArrayForm

    # ---- reductions

    def on_reduce(self, term: Term) -> Piece:
        operation, variables = term.data
        before = list(self.order)
        if any(
            limit is not None and any(item.op == "index" for item in every_term(limit)) for v in variables for limit in (v.lower, v.upper)
        ):
            raise NoArrayForm  # the range depends on another index
        self.order = before + [variable for variable in variables if variable not in before]
        try:
            return self._reduced(term, operation, variables)
        finally:
            self.order = before

    def _reduced(self, term: Term, operation: str, variables: tuple[IndexVar, ...]) -> Piece:
        body = term.args[0]
        if len(term.args) == 2:
            if operation != "sum":
                raise NoArrayForm
            body = Term("multiply", (Term("indicator", (term.args[1],)), body), body.shape)
        factors = factors_of(body) if operation == "sum" and len(variables) == 1 else []
        if len(factors) == 2:
            product = self._product(factors, variables[0])
            if product is not None:
                return product
        piece = self.term(body)
        if piece.plain or any(variable not in piece.lead for variable in variables):
            raise NoArrayForm
        axes = sorted(piece.lead.index(variable) for variable in variables)
        lead = tuple(variable for variable in piece.lead if variable not in variables)
        if operation in {"argmax", "argmin"} and not lead and not piece.rank:
            place, base = f"{piece.at(ATOM)}.{operation}()", variables[0].base
            return Piece(f"{place} + {base}", SUM, (), 0) if base else Piece(place, ATOM, (), 0)
        method = {"sum": "sum", "mean": "mean", "max": "amax", "min": "amin", "prod": "prod"}.get(operation)
        if method is None or (method == "prod" and len(axes) > 1):
            raise NoArrayForm
        if not lead and not piece.rank:
            where = "" if method in {"sum", "mean", "amax", "amin", "prod"} else f"dim={axes[0]}"
        else:
            where = f"dim={axes[0]}" if len(axes) == 1 else f"dim=({', '.join(map(str, axes))})"
        part = re.fullmatch(r"(.*)\.sum\(dim=\d+\)", piece.text) if method == "sum" and not where and piece.level == ATOM else None
        if part is not None:
            return Piece(f"{part[1]}.sum()", ATOM, lead, piece.rank)  # the sums of a sum are one
        return Piece(f"{piece.at(ATOM)}.{method}({where})", ATOM, lead, piece.rank)

    def _product(self, factors: list[Term], over: IndexVar) -> Piece | None:
        """sum_j a_{ij} b_j as a matrix product, where the axes stand right for it."""
        left, right = self._facing([self.term(factor) for factor in factors], over)
        if right.lead and left.lead and left.lead[-1:] != (over,) and right.lead[-1:] == (over,) and not right.rank:
            left, right = right, left
        if left.plain or right.plain or left.rank or not left.lead or left.lead[-1] is not over or right.lead[:1] != (over,):
            return None
        rest = right.lead[1:]
        if len(rest) + right.rank > 1 or set(rest) & set(left.lead) or (not left.lead[:-1] and len(right.lead) + right.rank > 2):
            return None
        return Piece(f"{left.at(PRODUCT)} @ {right.at(SIGN)}", PRODUCT, (*left.lead[:-1], *rest), right.rank)

    def _facing(self, factors: list[Piece], over: IndexVar) -> tuple[Piece, Piece]:
        """Two matrices turned so that the axis they are summed over stands last and first."""
        left, right = factors
        if any(piece.rank or piece.plain or len(piece.lead) != 2 or over not in piece.lead for piece in (left, right)):
            return left, right
        others = [next(variable for variable in piece.lead if variable is not over) for piece in (left, right)]
        if others[0] is others[1]:
            return left, right
        if self.order.index(others[1]) < self.order.index(others[0]):
            left, right = right, left
        return self._turned(left, left.lead[1] is not over), self._turned(right, right.lead[0] is not over)

    def _turned(self, piece: Piece, turn: bool) -> Piece:
        if not turn:
            return piece
        text = piece.text.removesuffix(".T") if piece.text.endswith(".T") else f"{piece.at(ATOM)}.T"
        return replace(piece, text=text, level=ATOM, lead=piece.lead[::-1])

    def _softmax(self, term: Term) -> Piece | None:
        """exp(f_i) / sum_j exp(f_j) is a softmax over i."""
        above, below = term.args
        if above.op != "unary" or above.data[0] != "exp" or below.op != "reduce" or below.data[0] != "sum" or len(below.args) != 1:
            return None
        if len(below.data[1]) != 1 or below.args[0].op != "unary" or below.args[0].data[0] != "exp":
            return None
        bound = below.data[1][0]
        if labels_of(above.args[0]):
            return self._softmax_of_label(term)
        piece = self.term(above.args[0])
        for variable in piece.lead:
            if self.emitter.count(variable).text != self.emitter.count(bound).text:
                continue
            if same_but_index(above.args[0], below.args[0].args[0], variable, bound):
                axis = piece.lead.index(variable)
                place = axis if piece.rank or axis < len(piece.lead) - 1 else -1
                return Piece(f"torch.softmax({piece.text}, dim={place})", ATOM, piece.lead, piece.rank)
        return None

    def _softmax_of_label(self, term: Term) -> Piece | None:
        """exp(x_{n, y_n}) / sum_c exp(x_{n, c}) is the softmax of the rows, at the labels."""
        above, total = term.args[0].args[0], term.args[1]
        below, bound = total.args[0].args[0], total.data[1][0]
        found = labels_of(above)
        label, base = found[0]
        if len(found) > 1 or not same_but_index(above, below, label, bound):
            return None
        before = list(self.order)
        self.order = [*before, bound]
        try:
            rows = self.term(below)
        finally:
            self.order = before
        if len(rows.lead) != 2 or rows.lead[1] is not bound or rows.rank:
            return None
        softmax = Piece(f"torch.softmax({rows.text}, dim=-1)", ATOM, rows.lead[:1], 0)
        return self._picked(softmax, label, base)

    def _logsumexp(self, term: Term) -> Piece | None:
        body, variables = term.args[0], term.data[1]
        if term.data[0] != "sum" or len(term.args) != 1 or len(variables) != 1 or body.op != "unary" or body.data[0] != "exp":
            return None
        before = list(self.order)
        self.order = [*before, variables[0]]
        try:
            piece = self.term(body.args[0])
        finally:
            self.order = before
        if variables[0] not in piece.lead:
            return None
        axis = piece.lead.index(variables[0])
        lead = tuple(variable for variable in piece.lead if variable is not variables[0])
        return Piece(f"torch.logsumexp({piece.text}, dim={axis})", ATOM, lead, piece.rank)


def _shifted(place: Term) -> tuple[IndexVar, int]:
    if place.op == "index":
        return place.data[0], 0
    if place.op == "add" and len(place.args) == 2 and place.args[0].op == "index" and place.args[1].op == "number":
        return place.args[0].data[0], int(place.args[1].data[0]) * (1 if place.data[1] == "+" else -1)
    raise NoArrayForm


def array_form(emitter: Emitter, rule: Rule) -> str | None:
    """The text of a rule in array form; None where it stays a loop."""
    try:
        return Vectorizer(emitter).rule(rule).text
    except (NoArrayForm, Refusal):
        return None
