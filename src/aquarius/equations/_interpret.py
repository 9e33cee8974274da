"""The reference interpreter: slow and obvious, one element at a time, in float64. It is the oracle; nothing here is fast."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from ._symbols import Symbols
from ._typed import IndexVar, Output, Sizes, Term, dim_atoms

Bindings = dict[IndexVar, int]
MOST_ELEMENTS = 50_000  # of one range
MOST_STEPS = 5_000_000  # of one evaluation


class Unfit(Exception):
    """The values do not fit this reading: a shape, a bound or the result of a function is another. Never leaves the package."""

    def __init__(self, reason: str, call: Term | None = None, shape: tuple[int, ...] = ()) -> None:
        super().__init__(reason)
        self.call = call  # the foreign function whose result has another shape than supposed, and that shape
        self.shape = shape


def bound_sizes(symbols: Symbols, values: Mapping[str, Any]) -> Sizes:
    """The sizes that the given values have.

    Raises:
        Unfit: a value has another number of axes than declared, or one size would be two numbers.
    """
    sizes = Sizes(symbols)
    taken: dict[str, int] = dict(symbols.dims)
    for name, shape in symbols.inputs.items():
        value = values[name]
        if value.dim() != len(shape):
            raise Unfit(f"{name} has {value.dim()} axes, declared are {len(shape)}")
        for dim, size in zip(shape, value.shape, strict=True):
            if dim.isdigit():
                if int(dim) != size:
                    raise Unfit(f"{name} has an axis of {size}, declared is {dim}")
            elif dim in symbols.dims or taken.setdefault(dim, int(size)) == size:
                taken[dim] = int(size)
            else:
                raise Unfit(f"the size {dim} is {taken[dim]} in one input and {size} in {name}")
    for name, value in values.items():
        meant = symbols.constants.get(name)
        dim = meant if isinstance(meant, str) else name
        if dim in sizes.values and isinstance(value, int) and not isinstance(value, bool):
            if taken.setdefault(dim, value) != value and dim not in symbols.dims:
                raise Unfit(f"the size {dim} is {taken[dim]} in the inputs, but {value} is given")
            taken[dim] = value
    sizes.values = {name: size for name, size in taken.items() if dim_atoms(name) == [name] or not set("+-*/(") & set(name)}
    for name, size in taken.items():
        if name not in sizes.values:
            _solve(name, size, sizes)
    return sizes


def _solve(dim: str, size: int, sizes: Sizes) -> None:
    """K of an axis declared K+1: the one unknown name of a size expression follows from its size."""
    unknown = [atom for atom in dict.fromkeys(dim_atoms(dim)) if atom not in sizes.values]
    if len(unknown) == 1:
        for candidate in range(1, 2 * size + 2):
            sizes.values[unknown[0]] = candidate
            if sizes.of(dim) == size:
                return
        del sizes.values[unknown[0]]
    if sizes.of(dim) != size:
        raise Unfit(f"an axis declared {dim} has the size {size}")


class Interpreter:
    """Evaluates outputs for one set of values."""

    def __init__(
        self,
        symbols: Symbols,
        values: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
        sizes: Sizes | None = None,
        steps: int = MOST_STEPS,
    ) -> None:
        self.symbols = symbols
        self.values = values
        self.functions = functions
        self.sizes = sizes if sizes is not None else bound_sizes(symbols, values)
        self.steps = steps
        self.locals: dict[str, Tensor] = {}
        self.holes: dict[int, Tensor] = {}
        self.before: dict[str, Tensor] = {}  # the last element of what is being defined

    def run(self, outputs: list[Output]) -> dict[str, Tensor]:
        """Evaluate every output, in order."""
        for output in outputs:
            self.locals[output.name] = self.output(output)
        return self.locals

    def output(self, output: Output) -> Tensor:
        """Fill the output element by element, as its rules say."""
        cells: dict[tuple[int, ...], Tensor] = {}
        if output.start is not None:
            self.before[output.name] = self.value(output.start, {})
        for rule in output.rules:
            for bound in self.bindings(rule.variables, {}):
                place = tuple(self.whole(term, bound) - base for term, base in zip(rule.pattern, rule.bases, strict=True))
                if min(place, default=0) < 0:
                    raise Unfit(f"an index of {output.name} is negative")
                cells[place] = self.value(rule.body, bound)
                self.before[output.name] = cells[place]
        if list(cells) == [()]:
            return cells[()]
        if not cells:
            raise Unfit(f"{output.name} has no element")
        first = tuple(min(place[axis] for place in cells) for axis in range(len(next(iter(cells)))))
        if any(first) and len(output.rules) == 1 and not output.diagonal:  # d_t for t = 2, ..., T: as many elements as there are t
            cells = {tuple(place - start for place, start in zip(item, first, strict=True)): value for item, value in cells.items()}
        extent = tuple(max(place[axis] for place in cells) + 1 for axis in range(len(first)))
        example = next(iter(cells.values()))
        flat = []
        for place in itertools.product(*(range(size) for size in extent)):
            if place not in cells:
                if not output.diagonal:
                    raise Unfit(f"the display does not define every element of {output.name}")
                cells[place] = torch.zeros_like(example)
            flat.append(cells[place].to(torch.float64))
        return torch.stack(flat).reshape(*extent, *example.shape)

    def bindings(self, variables: tuple[IndexVar, ...], bound: Bindings) -> list[Bindings]:
        """Every binding of some indices, the first index slowest."""
        found = [dict(bound)]
        for variable in variables:
            if sum(len(self.span(variable, before)) for before in found) > MOST_ELEMENTS:
                raise Unfit(f"the index {variable.name} takes more than {MOST_ELEMENTS} values")
            found = [{**before, variable: value} for before in found for value in self.span(variable, before)]
        return found

    def span(self, variable: IndexVar, bound: Bindings) -> range:
        if variable.explicit and variable.lower is not None and variable.upper is not None:
            return range(self.whole(variable.lower, bound), self.whole(variable.upper, bound) + 1)
        size = self.size(variable.dim)
        return range(variable.base - variable.least, variable.base + size - variable.most)

    def size(self, dim: str) -> int:
        value = self.sizes.of(dim)
        if value < 0:
            raise Unfit(f"the size {dim} is not given")
        return value

    def whole(self, term: Term, bound: Bindings) -> int:
        if term.op == "index":
            return bound[term.data[0]]
        value = self.value(term, bound)
        number = float(value)
        if not number.is_integer():
            raise Unfit("an index is not a whole number")
        return int(number)

    def value(self, term: Term, bound: Bindings) -> Tensor:
        """Evaluate one term."""
        self.steps -= 1
        if self.steps < 0:
            raise Unfit("the display takes too many steps to evaluate")
        result = _OPERATIONS[term.op](self, term, bound)
        expected = tuple(self.sizes.of(dim) for dim in term.shape)
        if tuple(result.shape) != expected and term.op in {"call", "local", "input"}:
            reason = f"{term.data[0] if term.data else term.op} has the shape {list(result.shape)}, this reading expects {list(expected)}"
            raise Unfit(reason, term if term.op == "call" else None, tuple(result.shape))
        return result

    def argument(self, term: Term, bound: Bindings, place: int = 0) -> Tensor:
        return self.value(term.args[place], bound)


def _number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _input(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    value = run.values[term.data[0]]
    return value if isinstance(value, Tensor) else _number(float(value))


def _hole(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    return run.holes[id(term.data[0])]


def _element(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    array = run.argument(term, bound)
    for position, base in zip(term.args[1:], term.data, strict=True):
        place = run.whole(position, bound) - base
        if not 0 <= place < array.shape[0]:
            raise Unfit("an index runs out of its axis")
        array = array[place]
    return array


def _select(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    axis, base = term.data
    return run.argument(term, bound).select(axis, run.whole(term.args[1], bound) - base)


def _add(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    total: Tensor | None = None
    for sign, item in zip(term.data, term.args, strict=True):
        value = run.value(item, bound)
        value = value if sign == "+" else -value
        total = value if total is None else total + value
    assert total is not None
    return total


def _power(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    return run.argument(term, bound).to(torch.float64) ** run.argument(term, bound, 1)


def _matrix_power(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    """Whole powers by repetition, others through the eigenvalues of a symmetric matrix."""
    base = run.argument(term, bound)
    exponent = float(run.argument(term, bound, 1))
    if exponent.is_integer():
        if abs(exponent) > MOST_ELEMENTS:
            raise Unfit("a matrix is raised to too high a power")
        if not bool(torch.isfinite(base).all()):
            raise Unfit("a power of a matrix that is not finite")
        if exponent < 0 and float(torch.linalg.cond(base.detach())) > 1e9:
            raise Unfit("the inverse of a singular matrix is taken")
        result = torch.eye(base.shape[-1], dtype=torch.float64)
        factor = base if exponent >= 0 else torch.linalg.inv(base)
        for _ in range(abs(int(exponent))):
            result = result @ factor
        return result
    if torch.equal(base, torch.diag(torch.diagonal(base))):
        return torch.diag(torch.diagonal(base) ** exponent)
    if not torch.allclose(base, base.mT):
        raise Unfit("a fractional power of a matrix that is not symmetric")
    values, vectors = torch.linalg.eigh(base)
    return vectors @ torch.diag(values**exponent) @ vectors.mT


_UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp, "log": torch.log, "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "tanh": torch.tanh, "sinh": torch.sinh,
    "cosh": torch.cosh, "arctan": torch.atan, "arcsin": torch.asin, "arccos": torch.acos, "erf": torch.erf, "sqrt": torch.sqrt,
    "sigmoid": torch.sigmoid, "relu": lambda x: torch.where(x > 0, x, torch.zeros_like(x)), "softplus": lambda x: torch.log1p(torch.exp(-x.abs())) + x.clamp(min=0),
    "sign": torch.sign, "abs": torch.abs, "gelu": lambda x: x * 0.5 * (1 + torch.erf(x / math.sqrt(2))), "silu": lambda x: x * torch.sigmoid(x),
    "lgamma": torch.lgamma, "round": torch.round, "floor": torch.floor, "ceil": torch.ceil, "logit": lambda x: torch.log(x / (1 - x)),
}  # fmt: skip
_COMPARE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "<": torch.lt,
    "<=": torch.le,
    ">": torch.gt,
    ">=": torch.ge,
    "==": torch.eq,
    "!=": torch.ne,
}


def _unary(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    """Elementwise; the logarithm of a softmax or sigmoid in the form that does not underflow."""
    inner = term.args[0]
    if term.data[0] == "log" and inner.op == "softmax" and inner.data == ("softmax",):
        return _softmax(run, Term("softmax", inner.args, inner.shape, ("log-softmax",)), bound)
    if term.data[0] == "log" and inner.op == "unary" and inner.data[0] == "sigmoid":
        return -_UNARY["softplus"](-run.argument(inner, bound))
    return _UNARY[term.data[0]](run.argument(term, bound).to(torch.float64))


def _softmax(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    value = run.argument(term, bound)
    axis = term.data[1] if len(term.data) > 1 else -1
    shifted = value - value.amax(dim=axis, keepdim=True)
    result = torch.exp(shifted) / torch.exp(shifted).sum(dim=axis, keepdim=True)
    return result if term.data[0] == "softmax" else shifted - torch.log(torch.exp(shifted).sum(dim=axis, keepdim=True))


def _norm(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    value, order = run.argument(term, bound), term.data[0]
    if order == 2.0:
        return torch.linalg.vector_norm(value)  # its gradient at nought is nought, as code has it
    if order == 1.0:
        return value.abs().sum()
    return (value != 0).to(torch.float64).sum() if order == 0.0 else value.abs().max()


def _reduce(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    operation, variables = term.data
    kept: list[tuple[int, Tensor]] = []
    for inner in run.bindings(variables, bound):
        if len(term.args) == 2 and not bool(run.argument(term, inner, 1)):
            continue
        kept.append((inner[variables[0]], run.argument(term, inner)))
    if not kept:
        if operation in {"sum", "prod"}:
            shape = tuple(run.size(dim) for dim in term.shape)
            return torch.full(shape, 0.0 if operation == "sum" else 1.0, dtype=torch.float64)
        raise Unfit(f"{operation} over nothing")
    stacked = torch.stack([value.to(torch.float64) for _, value in kept])
    if operation in {"sum", "mean"}:
        return stacked.sum(dim=0) if operation == "sum" else stacked.sum(dim=0) / len(kept)
    if operation == "prod":
        return stacked.prod(dim=0)
    if operation in {"max", "min"}:
        return stacked.amax(dim=0) if operation == "max" else stacked.amin(dim=0)
    place = int(stacked.argmax() if operation == "argmax" else stacked.argmin())
    return _number(float(kept[place][0]))


def _reduce_all(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    value, operation = run.argument(term, bound), term.data[0]
    if operation == "sample-var":
        return ((value - value.mean()) ** 2).sum() / (value.numel() - 1)
    if operation == "var":
        return ((value - value.mean()) ** 2).mean()
    if operation in {"argmax", "argmin"}:
        return (value.argmax() if operation == "argmax" else value.argmin()).to(torch.float64)
    if operation == "logsumexp":
        return torch.logsumexp(value, dim=-1)
    return {"sum": value.sum, "mean": value.mean, "max": value.amax, "min": value.amin}[operation]()  # type: ignore[operator]


def _cases(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    shape = tuple(run.size(dim) for dim in term.shape)
    arguments = list(term.args)
    result = torch.full(shape, math.nan, dtype=torch.float64)
    if len(arguments) % 2:
        result = run.value(arguments.pop(), bound).expand(shape)
    for condition, value in reversed(list(zip(arguments[::2], arguments[1::2], strict=True))):
        result = torch.where(
            run.value(condition, bound).bool().expand(shape), run.value(value, bound).to(torch.float64).expand(shape), result
        )
    return result


def _call(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    name = term.data[0]
    function = run.functions.get(name)
    if function is None:
        raise Unfit(f"the function {name} is not given")
    result = function(*(run.value(item, bound) if item.op != "position" else _position(run, item, bound) for item in term.args))
    return result if isinstance(result, Tensor) else _number(float(result))


def _position(run: Interpreter, term: Term, bound: Bindings) -> int:
    return run.whole(term.args[0], bound) - int(term.data[0])


def _gradient(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    point = run.argument(term, bound)
    with torch.enable_grad():
        leaf = point if point.requires_grad else point.detach().clone().requires_grad_(True)
        leaf = leaf * 1.0
        hole = term.data[0]
        run.holes[id(hole.data[0])] = leaf
        (slope,) = torch.autograd.grad(run.argument(term, bound, 1), leaf, create_graph=True)
    return slope


def _matrix(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    rows = int(term.shape[0])
    return torch.stack([run.value(item, bound) for item in term.args]).reshape(rows, -1)


def _part(run: Interpreter, term: Term, bound: Bindings) -> Tensor:
    axis, place, dims = term.data
    return torch.split(run.argument(term, bound), [run.size(dim) for dim in dims], dim=axis)[place]


def _collected(run: Interpreter, term: Term, bound: Bindings) -> list[Tensor]:
    return [run.argument(term, inner) for inner in run.bindings(term.data, bound)]


_OPERATIONS: dict[str, Callable[[Interpreter, Term, Bindings], Tensor]] = {
    "number": lambda run, term, bound: _number(term.data[0]),
    "input": _input,
    "constant": lambda run, term, bound: _number(float(run.values.get(term.data[0], run.symbols.constants[term.data[0]]))),
    "size": lambda run, term, bound: _number(float(run.size(term.data[0]))),
    "index": lambda run, term, bound: _number(float(bound[term.data[0]])),
    "position": lambda run, term, bound: _number(float(_position(run, term, bound))),
    "previous": lambda run, term, bound: run.before[term.data[0]],
    "local": lambda run, term, bound: run.locals[term.data[0]],
    "hole": _hole,
    "element": _element,
    "select": _select,
    "add": _add,
    "negate": lambda run, term, bound: -run.argument(term, bound),
    "multiply": lambda run, term, bound: run.argument(term, bound) * run.argument(term, bound, 1),
    "divide": lambda run, term, bound: run.argument(term, bound).to(torch.float64) / run.argument(term, bound, 1),
    "power": _power,
    "matrix-power": _matrix_power,
    "matmul": lambda run, term, bound: run.argument(term, bound).to(torch.float64) @ run.argument(term, bound, 1).to(torch.float64),
    "kronecker": lambda run, term, bound: torch.kron(run.argument(term, bound), run.argument(term, bound, 1)),
    "outer": lambda run, term, bound: torch.outer(run.argument(term, bound), run.argument(term, bound, 1)),
    "transpose": lambda run, term, bound: run.argument(term, bound).mT,
    "pseudo-inverse": lambda run, term, bound: torch.linalg.pinv(run.argument(term, bound)),
    "unary": _unary,
    "maximum": lambda run, term, bound: torch.maximum(*torch.broadcast_tensors(run.argument(term, bound), run.argument(term, bound, 1))),
    "minimum": lambda run, term, bound: torch.minimum(*torch.broadcast_tensors(run.argument(term, bound), run.argument(term, bound, 1))),
    "softmax": _softmax,
    "norm": _norm,
    "reduce": _reduce,
    "reduce-all": _reduce_all,
    "cases": _cases,
    "compare": lambda run, term, bound: _COMPARE[term.data[0]](run.argument(term, bound), run.argument(term, bound, 1)),
    "and": lambda run, term, bound: run.argument(term, bound) & run.argument(term, bound, 1),
    "or": lambda run, term, bound: run.argument(term, bound) | run.argument(term, bound, 1),
    "indicator": lambda run, term, bound: run.argument(term, bound).to(torch.float64),
    "call": _call,
    "gradient": _gradient,
    "eye": lambda run, term, bound: torch.eye(run.size(term.shape[0]), dtype=torch.float64),
    "ones": lambda run, term, bound: torch.ones(tuple(run.size(dim) for dim in term.shape), dtype=torch.float64),
    "zeros": lambda run, term, bound: torch.zeros(tuple(run.size(dim) for dim in term.shape), dtype=torch.float64),
    "diagonal-matrix": lambda run, term, bound: torch.diag(run.argument(term, bound)),
    "diagonal": lambda run, term, bound: torch.diagonal(run.argument(term, bound)),
    "trace": lambda run, term, bound: torch.trace(run.argument(term, bound)),
    "det": lambda run, term, bound: torch.det(run.argument(term, bound)),
    "stack": lambda run, term, bound: torch.stack([run.value(item, bound) for item in term.args]),
    "matrix": _matrix,
    "concat": lambda run, term, bound: torch.cat([run.value(item, bound) for item in term.args], dim=term.data[0]),
    "part": _part,
    "collect": lambda run, term, bound: torch.stack(_collected(run, term, bound)),
    "concat-range": lambda run, term, bound: torch.cat(_collected(run, term, bound), dim=-1),
}
