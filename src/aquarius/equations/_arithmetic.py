"""Sums, products and powers of typed terms: which of the few readings the shapes allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ._tokens import Refusal
from ._typed import Sizes, Term, constant, mismatch, shown


@dataclass
class Choices:
    """The choices of one reading: replayed from a script, then the first option; what was open is remembered."""

    script: tuple[int, ...] = ()
    made: dict[str, int] | None = None
    counts: list[int] | None = None
    labels: dict[str, str] | None = None
    results: Mapping[str, tuple[str, ...]] | None = None  # shapes of results of foreign functions that are known
    wide: bool = False  # also suppose results of every declared shape

    def choose(self, name: str, options: Sequence[str]) -> str:
        """Pick one option; the same question gets the same answer throughout one reading."""
        if len(options) == 1:
            return options[0]
        if self.made is None or self.counts is None or self.labels is None:
            self.made, self.counts, self.labels = {}, [], {}
        if name not in self.made:
            place = len(self.counts)
            self.counts.append(len(options))
            self.made[name] = self.script[place] if place < len(self.script) else 0
        picked = options[min(self.made[name], len(options) - 1)]
        self.labels[name] = picked
        return picked


class Arithmetic:
    """Typed arithmetic over one set of sizes and one set of choices."""

    def __init__(self, sizes: Sizes, choices: Choices) -> None:
        self.sizes = sizes
        self.choices = choices
        self.rows = False  # a vector was met on the left of a matrix, so vectors are rows here
        self.took_rows = False
        self.took_row_elements = False  # q_i k_j^T of two rows of matrices: needs a declared result

    def same(self, left: Term, right: Term) -> bool:
        return left.rank == right.rank and all(self.sizes.same(a, b) for a, b in zip(left.shape, right.shape, strict=True))

    def broadcast(self, left: Term, right: Term, what: str) -> tuple[str, ...]:
        """The shape of an elementwise operation: equal shapes, a number beside anything, or a vector along the last axis."""
        if left.op in SHAPELESS and not left.shape:
            return right.shape
        if right.op in SHAPELESS and not right.shape:
            return left.shape
        if not left.shape or not right.shape:
            return left.shape or right.shape
        if self.same(left, right):
            return left.shape
        if left.rank == right.rank and "1" in left.shape + right.shape:  # [n, d] + [n, 1]
            pairs = list(zip(left.shape, right.shape, strict=True))
            if all(self.sizes.same(a, b) or "1" in (a, b) for a, b in pairs):
                return tuple(b if a == "1" else a for a, b in pairs)
        for small, big in ((left, right), (right, left)):
            if small.rank < big.rank and all(self.sizes.same(a, b) for a, b in zip(small.shape[::-1], big.shape[::-1], strict=False)):
                if small.rank == 1 and big.rank == 2 and small.side == "c" and not self.sizes.same(big.shape[0], big.shape[1]):
                    continue
                if small.rank == 1 and big.rank == 2 and big.shape[0] == big.shape[1] and small.side != "r":
                    raise Refusal(
                        f"{what} of a vector and a square matrix runs along rows or columns; the display does not say which", right.at
                    )
                return big.shape
        raise mismatch(what, left, right)

    def elementwise(self, op: str, left: Term, right: Term, what: str, at: int = 0) -> Term:
        if {left.rank, right.rank} == {1, 2} and self._down_columns(*((left, right) if left.rank == 1 else (right, left))):
            turned = [self.transpose(term, at) if term.rank == 2 else term for term in (left, right)]
            return self.transpose(self.elementwise(op, turned[0], turned[1], what, at), at)
        shape = self.broadcast(left, right, what)
        left, right = fitted(left, shape), fitted(right, shape)
        return Term(
            op, (left, right), shape, (), left.side if left.rank == 1 and left.side else (right.side if right.rank == 1 else ""), at
        )

    def _down_columns(self, vector: Term, matrix: Term) -> bool:
        """l \\odot K^T where only the columns of the matrix have the vector's length."""
        height, width = matrix.shape
        if vector.op in SHAPELESS or matrix.op in SHAPELESS or vector.side in {"r", "t"}:
            return False
        return self.sizes.same(vector.shape[0], height) and not self.sizes.same(height, width)

    def add(self, items: Sequence[Term], signs: Sequence[str], at: int = 0) -> Term:
        """A sum with signs; identity matrices take the shape of their neighbours."""
        if self._columns(items):  # W X + b with a bias for every row: the sum of the transposes, transposed
            turned = [self.transpose(item, at) if item.rank == 2 else item for item in items]
            return self.transpose(self.add(turned, signs, at), at)
        shape: tuple[str, ...] = ()
        known = [item for item in items if item.op not in SHAPELESS or item.shape]
        whole = known[0] if known else items[0]
        for item in known:
            if not item.rank and any(other.rank for other in known) and _loose_inner(item):
                raise Refusal("an inner product without a mark of it is added to a vector", item.at)
        for item in known[1:]:
            shape = self.broadcast(whole, item, "a sum")
            whole = Term("sum", (), shape, (), whole.side or item.side, item.at)
        if len(items) != len(known):
            if whole.rank != 2 and any(item.op in {"eye", "scaled-eye"} and not item.shape for item in items):
                raise Refusal("the size of the identity matrix does not show", at)
            for item in items:
                if item.op == "ones-outer" and not self._fits_outer(item, whole.shape):
                    raise Refusal("the shapes do not fit a sum", at)
            items = [fitted(item, whole.shape) for item in items]
        if len(items) == 1:
            return items[0] if signs[0] == "+" else Term("negate", (items[0],), items[0].shape, (), items[0].side, at)
        return Term("add", tuple(items), whole.shape, tuple(signs), whole.side, at)

    def _fits_outer(self, item: Term, shape: tuple[str, ...]) -> bool:
        if len(shape) != 2 or item.data == ("all",):
            return len(shape) == 2
        return self.sizes.same(item.args[0].shape[0], shape[item.data == ("rows",)])

    def _columns(self, items: Sequence[Term]) -> bool:
        """Whether vectors beside matrices can only be columns."""
        matrices = [item for item in items if item.rank == 2]
        vectors = [item for item in items if item.rank == 1]
        if not matrices or not vectors or any(item.op in SHAPELESS or item.rank > 2 for item in items):
            return False
        height, width = matrices[0].shape
        alike = all(self.same(item, matrices[0]) for item in matrices) and not self.sizes.same(height, width)
        return alike and all(item.side not in {"r", "t"} and self.sizes.same(item.shape[0], height) for item in vectors)

    def multiply(self, operator: str, left: Term, right: Term, at: int = 0) -> Term:
        """The product of two terms under the printed operator."""
        if operator not in _PRODUCTS:
            raise Refusal(f"the operator {operator} is not supported", at)
        if "ones-outer" in {left.op, right.op}:
            raise Refusal("the size of the vector of ones does not show", at)
        across = self._outer_of_ones(left, right, at) if operator == "" and _stand_across(left, right) else None
        if across is not None:
            return across
        for scaled, other in ((left, right), (right, left)):
            if scaled.op == "scaled-eye" and operator in {"", "\\cdot"}:
                product = self.multiply("", scaled.args[0], other, at)
                return product if other.rank else Term("scaled-eye", (product,), (), (), "", at)
            if scaled.op == "scaled-eye":
                self._refuse_eye(at)
            if scaled.op == "scaled-ones":
                raise Refusal("the size of the vector of ones does not show", at)
        if not left.rank or not right.rank:
            if operator == "/":
                return self.divide(left, right, at)
            if (left.op == "eye" and not left.shape) or (right.op == "eye" and not right.shape):
                other = right if left.op == "eye" and not left.shape else left
                if other.rank == 2 and operator in {"", "\\cdot", "\\times"}:
                    return other
                return Term("scaled-eye", (other,), (), (), "", at) if not other.rank else self._refuse_eye(at)
            ones = [term for term in (left, right) if term.op == "ones" and not term.shape]
            if ones and (left.rank or right.rank) and operator in {"", "\\cdot"}:
                if left.op == "ones" and not left.shape:
                    return self.multiply(operator, replace(left, shape=right.shape[:1]), right, at)
                return self.multiply(operator, left, replace(right, shape=left.shape[-1:]), at)
            if ones and operator in {"", "\\cdot"} and not (left.rank or right.rank) and len(ones) == 1:
                return Term("scaled-ones", (right if left.op == "ones" else left,), (), (), "", at)
            if ones:
                raise Refusal("the size of the vector of ones does not show", at)
            side = left.side or right.side
            return Term("multiply", (left, right), left.shape or right.shape, (), side, at)
        if operator == "/":
            return self.divide(left, right, at)
        if operator in {"\\odot", "\\circ"}:
            return self.elementwise("multiply", left, right, f"the elementwise product {operator}", at)
        if operator == "\\star":
            raise Refusal("\\star is a convolution or a product; the display does not say which", at)
        options = self._readings(operator, left, right)
        if not options:
            raise mismatch("a product", left, right)
        question = {"": "two vectors side by side", "*": "*", "\\cdot": "\\cdot", "\\times": "\\times", "\\otimes": "\\otimes"}.get(
            operator, operator
        )
        kind = "vectors" if left.rank == right.rank == 1 else "matrices"
        return self._apply(self.choices.choose(f"{question} between {kind}", options), left, right, at)

    def _outer_of_ones(self, left: Term, right: Term, at: int) -> Term | None:
        """1 x^T, x 1^T and 1 1^T, with a number in front or without; their size is that of what they are added to."""
        loose = {"ones", "scaled-ones"}
        if left.shape[1:] or right.shape[1:] or not any(term.op in loose and not term.shape for term in (left, right)):
            return None
        factors = [term.args[0] for term in (left, right) if term.op == "scaled-ones"]
        vectors = [term for term in (left, right) if term.rank]
        scale = factors[0] if factors else constant(1, at)
        if not vectors:
            return Term("ones-outer", (scale,), (), ("all",), "", at) if {left.op, right.op} <= loose else None
        vector = self.multiply("", scale, vectors[0], at) if factors else vectors[0]
        return Term("ones-outer", (vector,), (), ("rows" if right.rank else "columns",), "", at)

    def _refuse_eye(self, at: int) -> Term:
        raise Refusal("the size of the identity matrix does not show", at)

    def _readings(self, operator: str, left: Term, right: Term) -> list[str]:
        """The readings that the shapes allow, the usual one first."""
        equal = self.same(left, right)
        if left.rank == right.rank == 1:
            if operator == "":
                return self._side_by_side(left, right, equal)
            if operator == "\\cdot":
                if left.side in {"t", "r"} and right.side in {"", "c"}:
                    return ["inner"] if equal else []
                return ["inner", "elementwise"] if equal else []
            if operator == "\\otimes":
                return ["outer", "elementwise"] if equal else ["outer"]
            return ["elementwise"] if equal else []
        matrix = self._matmul_shape(left, right) is not None
        if operator in {"", "\\cdot", "\\times", "*"}:
            if operator == "" or left.rank == 1 or right.rank == 1:
                return ["matrix"] if matrix else []
            if operator == "\\cdot" and matrix and (_is_inverse(left) or _is_inverse(right)):
                return ["matrix"]
            return (["matrix"] if matrix else []) + (["elementwise"] if equal else [])
        if operator == "\\otimes" and equal and left.rank == 2:
            return ["elementwise", "Kronecker"]
        return []

    def _side_by_side(self, left: Term, right: Term, equal: bool) -> list[str]:
        if left.side == "t" and right.side == "" and not equal:
            return ["outer of rows"]  # k^T v of two rows
        if left.side in {"t", "r"} and right.side in {"", "c"}:
            return ["inner"] if equal else []
        if right.side in {"t", "r"}:
            if left.side == "r":
                return ["inner"] if equal else []
            if left.side == "" and right.side == "t" and equal:
                return ["outer", "inner of rows"]
            return ["outer"] if left.side != "t" else []
        if left.side == right.side == "" and left.op in _NAMES and right.op in _NAMES:
            return ["elementwise", "inner"] if equal else []
        if left.side == "c" and "matmul" in {left.op, right.op}:  # A x y: neither is what a matrix times two columns is
            return ["elementwise", "inner"] if equal else []
        return ["elementwise"] if equal else []

    def _matmul_shape(self, left: Term, right: Term) -> tuple[str, ...] | None:
        a, b = left.shape, right.shape
        if len(a) == 1 and len(b) >= 2:
            return b[:-2] + b[-1:] if self.sizes.same(a[0], b[-2]) else None
        if len(b) == 1 and len(a) >= 2:
            return a[:-1] if self.sizes.same(a[-1], b[0]) else None
        if len(a) >= 2 and len(b) >= 2 and self.sizes.same(a[-1], b[-2]) and (len(a) == 2 or len(b) == 2 or a[:-2] == b[:-2]):
            return (*(a if len(a) >= len(b) else b)[:-2], a[-2], b[-1])
        return None

    def _apply(self, reading: str, left: Term, right: Term, at: int) -> Term:
        if reading == "elementwise":
            return self.elementwise("multiply", left, right, "a product", at)
        if reading in {"inner", "inner of rows"}:
            rows = left.op == right.op == "element"
            self.took_rows |= reading == "inner of rows" and not rows
            self.took_row_elements |= reading == "inner of rows" and rows
            if not self.same(left, right):
                raise mismatch("an inner product", left, right)
            marked = (left.side in {"t", "r"} or right.side in {"t", "r"}) and reading != "inner of rows" and left.data != ("unmarked",)
            return Term("matmul", (left, right), (), () if marked else ("loose",), "", at)
        if reading == "Kronecker":
            sizes = (f"({a})*({b})" for a, b in zip(left.shape, right.shape, strict=True))
            return Term("kronecker", (left, right), tuple(sizes), (), "", at)
        if reading in {"outer", "outer of rows"}:
            self.took_rows |= reading == "outer of rows"
            return Term("outer", (left, right), (left.shape[0], right.shape[0]), (), "", at)
        shape = self._matmul_shape(left, right)
        if shape is None:
            raise mismatch("a product", left, right)
        if (left.rank == 1 and left.side == "") or (right.rank == 1 and right.side == "t"):
            self.rows = True
        if right.op == "softmax" and right.rank == 2:
            raise Refusal("over rows or columns of a matrix that stands on the right the softmax runs does not show", right.at)
        side = "r" if left.rank == 1 else "c" if right.rank == 1 else ""
        unmarked = left.rank == 1 and left.side not in {"t", "r"}  # a row only because the matrix behind it asks for one
        return Term("matmul", (left, right), shape, ("unmarked",) if unmarked else (), side, at)

    def divide(self, above: Term, below: Term, at: int = 0) -> Term:
        if below.rank >= 2 and above.rank >= 2 and not self.same(above, below):
            raise mismatch("a division", above, below)
        if below.rank == above.rank == 2 and below.shape[0] == below.shape[1]:
            raise Refusal("a division by a square matrix is elementwise or by its inverse; the display does not say which", at)
        if below.rank and not above.rank and below.rank >= 2:
            raise Refusal("a number is divided by a matrix", at)
        return self.elementwise("divide", above, below, "a division", at)

    def transpose(self, term: Term, at: int = 0) -> Term:
        if term.rank == 0 and term.op != "ones":
            return term
        if term.rank <= 1:
            return replace(term, side={"": "t", "t": "", "r": "c", "c": "r"}[term.side])
        return Term("transpose", (term,), (*term.shape[:-2], term.shape[-1], term.shape[-2]), (), "", at)

    def power(self, base: Term, exponent: Term, at: int = 0) -> Term:
        """A power: of numbers and vectors elementwise, of square matrices as matrices."""
        if exponent.rank and base.rank and not (base.rank == exponent.rank == 1 and self.same(base, exponent)):
            raise Refusal(f"a power with an exponent of shape {shown(exponent)} is not understood", at)
        if base.rank == 1 and base.side in {"t"}:
            raise Refusal("a power of a transposed vector is not understood", at)
        if base.rank >= 2:
            if not self.sizes.same(base.shape[-1], base.shape[-2]):
                raise Refusal(f"a matrix of shape {shown(base)} has no power", at)
            return Term("matrix-power", (base, exponent), base.shape, (), "", at)
        return Term("power", (base, exponent), base.shape or exponent.shape, (), base.side, at)


_PRODUCTS = {"", "\\cdot", "\\times", "*", "\\odot", "\\circ", "\\otimes", "\\star", "/"}
SHAPELESS = {"eye", "ones", "scaled-eye", "scaled-ones", "ones-outer"}  # they take the shape of their place
_NAMES = {"input", "element", "local", "select", "constant"}


def _loose_inner(term: Term) -> bool:
    """An inner product that nothing but a shape speaks for, alone or in a product."""
    if term.op == "matmul":
        return term.data == ("loose",)
    return term.op in {"multiply", "divide", "negate"} and any(_loose_inner(item) for item in term.args)


def _stand_across(left: Term, right: Term) -> bool:
    """1 x^T and x 1^T: a column times a row, one of them of ones."""
    return left.side in {"", "c"} and right.side in {"t", "r"}


def _is_inverse(term: Term) -> bool:
    """A power of a matrix, alone or times a number: it stands in products of matrices."""
    return term.op == "matrix-power" or (term.op == "multiply" and any(_is_inverse(item) for item in term.args))


def fitted(term: Term, shape: tuple[str, ...]) -> Term:
    """Give an identity matrix or a vector of ones the shape it has in its place."""
    if term.op in {"eye", "ones"} and not term.shape and shape:
        return replace(term, shape=shape)
    if term.op == "ones-outer" and len(shape) == 2:  # 1 x^T: x in every row
        (vector,) = term.args
        if term.data == ("all",):
            return Term("multiply", (vector, Term("ones", (), shape, (), "", term.at)), shape, (), "", term.at)
        pair = (Term("ones", (), shape[:1]), vector) if term.data == ("rows",) else (vector, Term("ones", (), shape[1:]))
        return Term("outer", pair, shape, (), "", term.at)
    if term.op == "scaled-ones" and shape:
        return Term("multiply", (term.args[0], Term("ones", (), shape, (), "", term.at)), shape, (), "", term.at)
    if term.op == "scaled-eye":
        return Term("multiply", (term.args[0], Term("eye", (), shape, (), "", term.at)), shape, (), "", term.at)
    return term


def unary(name: str, term: Term, at: int = 0) -> Term:
    """An elementwise function; the logarithm of exp x is x."""
    if name == "log" and term.op == "unary" and term.data == ("exp",):
        return term.args[0]
    return Term("unary", (term,), term.shape, (name,), term.side, at)
