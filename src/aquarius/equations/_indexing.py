"""Running indices: their ranges, the axes they walk over, and elements of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._names import parts
from ._symbols import Symbols
from ._tokens import Refusal
from ._tree import Node, key, latex
from ._typed import IndexVar, Scope, Sizes, Term, constant, shown, terms

if TYPE_CHECKING:
    from ._resolve import Resolver


def dim_of(resolver: Resolver, variable: IndexVar, at: int) -> str:
    """The size of an index range as a size expression."""
    if variable.dim and not variable.explicit:
        return variable.dim
    if variable.upper is None:
        raise Refusal(f"the range of the index {variable.name} does not show: declare it under 'index'", at)
    upper = dim_text(variable.upper, resolver.symbols)
    lower = dim_text(variable.lower, resolver.symbols) if variable.lower is not None else "1"
    if upper is None or lower is None:
        raise Refusal(f"the range of the index {variable.name} depends on another index", at)
    if lower == "1":
        return upper
    if lower == "0":
        return upper.removesuffix("-1") if upper.endswith("-1") else f"{upper}+1"
    return f"{upper}-{lower}+1"


def index_variable(
    resolver: Resolver, node: Node, lower: Node | None = None, upper: Node | None = None, scope: Scope | None = None
) -> IndexVar:
    """A new running index, with its bounds where they are printed or declared."""
    name = key(node, fonts=False)
    variable = IndexVar(latex(node))
    if lower is None and upper is None:
        declared = resolver.ranges.get(name) or resolver.ranges.get(name.rstrip("'")) or resolver.ranges.get(name.replace("'", ""))
        if declared is None:
            variable.base = 0 if resolver.zero_based else 1
            return variable
        lower, upper = declared
    scope = scope or Scope()
    variable.lower = resolver.expression(lower, scope) if lower is not None else constant(1)
    variable.upper = resolver.expression(upper, scope) if upper is not None else None
    variable.explicit = variable.upper is not None
    if variable.lower.rank or (variable.upper is not None and variable.upper.rank):
        raise Refusal(f"a bound of the index {variable.name} is not a number", node.at)
    if not all(_whole(limit, resolver.symbols) for limit in (variable.lower, variable.upper) if limit is not None):
        raise Refusal(f"a bound of the index {variable.name} is not a whole number", node.at)
    variable.base = 0 if variable.lower.op == "number" and variable.lower.data[0] == 0 else 1
    if variable.upper is None:
        raise Refusal(f"the upper bound of {variable.name} is missing", node.at)
    return variable


def index_term(resolver: Resolver, node: Node, scope: Scope) -> Term:
    """An index as a whole-number term."""
    if node.kind == "group" and len(node.items) == 1 and not node.tag:
        return index_term(resolver, node.items[0], scope)
    term = resolver.expression(node, scope)
    if term.rank:
        raise Refusal(f"an index of shape {shown(term)} is not understood", node.at)
    if not _whole(term, resolver.symbols) and not _is_place(resolver, term):
        raise Refusal(f"{latex(node)} is not an index", node.at)
    return term


def _is_place(resolver: Resolver, term: Term) -> bool:
    """e_k where k = argmin_j ... stands above: a computed position."""
    if term.op != "local":
        return False
    outputs = [item.output for item in resolver.definitions.values() if item.output is not None and item.output.name == term.data[0]]
    bodies = [rule.body for output in outputs for rule in output.rules]
    return len(bodies) == 1 and bodies[0].op == "reduce" and bodies[0].data[0] in {"argmax", "argmin"}


def element_at(resolver: Resolver, array: Term, nodes: tuple[Node, ...], scope: Scope, at: int) -> Term:
    """array_{i, j}: elements along the leading axes."""
    nodes = tuple(part for node in nodes for part in parts(node))
    if len(nodes) == array.rank == 1 and nodes[0].kind == "group" and nodes[0].tag == (":",) and len(nodes[0].items) == 2:
        return _stretch(resolver, array, nodes[0], scope, at)
    if len(nodes) > array.rank:
        if array.rank == 0:
            raise Refusal(f"the index {latex(nodes[0])} stands on a value that has no axes", nodes[0].at)
        raise Refusal(f"{len(nodes)} indices stand on a value of shape {shown(array)}", nodes[0].at)
    if any(is_whole_axis(node) for node in nodes):
        for axis in range(len(nodes) - 1, -1, -1):  # from the last axis, so that the numbers of the others hold
            if not is_whole_axis(nodes[axis]):
                index = index_term(resolver, nodes[axis], scope)
                base = _bind(resolver, index, array.shape[axis], at)
                array = Term("select", (array, index), array.shape[:axis] + array.shape[axis + 1 :], (axis, base), "", at)
        return array
    indices = tuple(index_term(resolver, node, scope) for node in nodes)
    return element_of(resolver, array, indices, at)


def _stretch(resolver: Resolver, array: Term, node: Node, scope: Scope, at: int) -> Term:
    """x_{1:k}: the elements from the first to the last, both included."""
    variable = index_variable(resolver, Node("symbol", at, "\\ellipsis", (), ("",)), node.items[0], node.items[1], scope)
    variable.name = "i"
    count = dim_of(resolver, variable, at)
    element = element_of(resolver, array, (Term("index", (), (), (variable,), "", at),), at)
    return Term("collect", (element,), (count,), (variable,), "", at)


def element_of(resolver: Resolver, array: Term, indices: tuple[Term, ...], at: int) -> Term:
    bases = tuple(_bind(resolver, term, array.shape[axis], at) for axis, term in enumerate(indices))
    return Term("element", (array, *indices), array.shape[len(indices) :], bases, "", at)


def _bind(resolver: Resolver, term: Term, dim: str, at: int) -> int:
    """Tie an index to the axis it walks over; return the number of the axis's first element."""
    variables = [item.data[0] for item in indices_in(term)]
    if not variables:
        if any(is_label(item, resolver.symbols) for item in terms(term)):
            return 0  # labels count from nought
        return resolver.dim_bases.get(dim, 0 if resolver.zero_based else 1)
    variable = variables[0]
    if variable.base and any(is_label(item, resolver.symbols) for item in _terms_beside(term)):
        raise Refusal("a label, which counts from nought, and an index, which does not, stand in one subscript", at)
    offset = _offset(term)
    if offset is not None:
        if not variable.explicit:
            if variable.dim and not resolver.sizes.same(variable.dim, dim):
                raise Refusal(f"the index {variable.name} walks over axes of different sizes, {variable.dim} and {dim}", at)
            variable.dim = variable.dim or dim
            variable.least, variable.most = min(variable.least, offset), max(variable.most, offset)
        else:
            _inside(resolver, variable, dim, offset, at)
    return variable.base


def is_label(term: Term, symbols: Symbols) -> bool:
    """Whether a term is a declared label, which counts from nought."""
    array = term.args[0] if term.op in {"element", "select"} else term
    return array.op == "input" and symbols.domains.get(array.data[0], "").startswith("int:")


def label_positions(symbols: Symbols, left: Term, right: Term) -> tuple[Term, Term]:
    """j != y_i: a label counts from nought, so the index beside it is taken as a position."""
    sides = [left, right]
    for place, other in ((0, right), (1, left)):
        term = sides[place]
        if _offset(term) is not None and is_label(other, symbols):
            variable = indices_in(term)[0].data[0]
            sides[place] = Term("position", (term,), (), (variable.base,), "", term.at)
    return sides[0], sides[1]


def _inside(resolver: Resolver, variable: IndexVar, dim: str, offset: int, at: int) -> None:
    bound = variable.upper
    if bound is not None and bound.op == "constant" and dim in resolver.sizes.values and dim not in resolver.symbols.dims:
        raise Refusal(f"the index {variable.name} runs to {bound.data[0]} over an axis of size {dim}", at)
    lower = whole_number(variable.lower, resolver.sizes) if variable.lower is not None else 1
    upper = whole_number(variable.upper, resolver.sizes) if variable.upper is not None else None
    if lower is None or upper is None:
        return
    size = resolver.sizes.of(dim)
    name = dim_text(variable.upper) if variable.upper is not None else None
    if lower + offset - variable.base < 0 or upper + offset - variable.base >= size:
        raise Refusal(f"the index {variable.name} runs out of the axis {dim}", at)
    if name is not None and not name.isdigit() and upper - variable.base + 1 != size and not set(_letters(name)) & set(_letters(dim)):
        raise Refusal(f"the index {variable.name} runs to {name} over an axis of size {dim}", at)


def indices_in(term: Term) -> list[Term]:
    found = [term] if term.op == "index" else []
    if term.op in {"element", "select"}:
        return found
    return found + [item for argument in term.args for item in indices_in(argument)]


def _terms_beside(term: Term) -> list[Term]:
    """The terms of a subscript, without those inside the subscripts of its elements."""
    if term.op in {"element", "select"}:
        return [term]
    return [term, *(found for item in term.args for found in _terms_beside(item))]


def is_whole_axis(node: Node) -> bool:
    return node.kind == "symbol" and node.text in {":", "\\cdot", "*", "\\ast"}


def _offset(term: Term) -> int | None:
    """k of an index i + k; None for anything else."""
    if term.op == "index":
        return 0
    if term.op == "add" and len(term.args) == 2 and term.args[0].op == "index" and term.args[1].op == "number" and term.data[0] == "+":
        value = int(term.args[1].data[0])
        return value if term.data[1] == "+" else -value
    return None


def _whole(term: Term, symbols: Symbols) -> bool:
    if term.op == "number":
        return float(term.data[0]).is_integer()
    if term.op in {"index", "size"}:
        return True
    if term.op == "constant":
        return isinstance(symbols.constants[term.data[0]], int)
    if term.op == "input":
        return symbols.domains.get(term.data[0], "").startswith("int:")
    if term.op == "element":
        return term.args[0].op == "input" and _whole(term.args[0], symbols)
    if term.op in {"add", "multiply", "negate", "divide"} or (term.op == "unary" and term.data[0] in {"floor", "ceil"}):
        return all(_whole(item, symbols) for item in term.args)
    return False


def highest(term: Term, count: int, base: int) -> int:
    """The last position an index pattern such as 2i + 1 reaches when its index takes `count` values from `base`."""
    value = _with_index(term, base + count - 1)
    return int(value) - base


def _with_index(term: Term, value: int) -> float:
    if term.op == "index":
        return value
    if term.op == "number":
        return float(term.data[0])
    if term.op == "add":
        return sum((1 if sign == "+" else -1) * _with_index(item, value) for item, sign in zip(term.args, term.data, strict=True))
    if term.op == "multiply":
        return _with_index(term.args[0], value) * _with_index(term.args[1], value)
    raise Refusal("an index on the left side is not understood", term.at)


def whole_number(term: Term | None, sizes: Sizes) -> int | None:
    """The number a bound stands for with these sizes; None where it depends on another index or is not known."""
    if term is None:
        return None
    if term.op == "number":
        return int(term.data[0])
    text = dim_text(term)
    value = sizes.of(text) if text is not None else -1
    return value if value >= 0 else None


def dim_text(term: Term, symbols: Symbols | None = None) -> str | None:
    """A bound or size as a size expression, whole constants by their value; None where it holds anything else."""
    if term.op == "constant" and symbols is not None and isinstance(symbols.constants[term.data[0]], int):
        return str(symbols.constants[term.data[0]])
    if term.op == "number" and float(term.data[0]).is_integer():
        return str(int(term.data[0]))
    if term.op == "size":
        return str(term.data[0])
    if term.op == "add":
        texts = [dim_text(item, symbols) for item in term.args]
        if any(text is None for text in texts):
            return None
        return "".join(f"{sign}{text}" for sign, text in zip(term.data, texts, strict=True)).removeprefix("+")
    if term.op in {"multiply", "divide"}:
        texts = [dim_text(item, symbols) for item in term.args]
        if any(text is None for text in texts):
            return None
        wrapped = [f"({text})" if set("+-") & set(text or "") else str(text) for text in texts]
        return f"{wrapped[0]}{'*' if term.op == 'multiply' else '/'}{wrapped[1]}"
    if term.op == "unary" and term.data[0] in {"floor", "ceil"}:
        return dim_text(term.args[0], symbols)
    return None


def _letters(text: str) -> list[str]:
    return [character for character in text if character.isalpha()]
