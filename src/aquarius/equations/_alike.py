"""What the writers ask of terms: whether two are alike but for an index, what a product is made of, which positions are labels."""

from __future__ import annotations

from ._reductions import every_term
from ._typed import IndexVar, Term


def chained(term: Term) -> bool:
    """Whether a * (b / c) may be written a * b / c: neither a matrix product nor a number stands at its left end."""
    while term.op in {"multiply", "divide"}:
        term = term.args[0]
    return term.op not in {"matmul", "negate", "reduce", "number"}


def one_over(term: Term) -> Term | None:
    """b of 1 / b."""
    whole = term.op == "divide" and term.args[0].op == "number" and term.args[0].data[0] == 1
    return term.args[1] if whole else None


def factors_of(term: Term) -> list[Term]:
    return list(term.args) if term.op == "multiply" else [term]


def is_label_place(place: Term) -> bool:
    """y_n, where it stands as a position."""
    return place.op == "element" and len(place.args) == 2 and place.args[0].op == "input" and place.args[1].op == "index"


def labels_of(term: Term) -> list[tuple[Term, int]]:
    """The labels that stand as the second place of an element, each with the number of the first class."""
    elements = [item for item in every_term(term) if item.op == "element" and len(item.args) == 3]
    return [(item.args[2], item.data[1]) for item in elements if is_label_place(item.args[2])]


def same_but_index(left: Term, right: Term, one: IndexVar | Term, other: IndexVar) -> bool:
    """Whether two terms are equal once one running index (or label) is put for the other."""
    if left is one and right.op == "index" and right.data[0] is other:
        return True
    if left.op == "index" and right.op == "index":
        return left.data[0] is right.data[0] or (left.data[0] is one and right.data[0] is other)
    if left.op != right.op or left.shape != right.shape or len(left.args) != len(right.args) or left.op in {"reduce", "hole"}:
        return False
    if left.op == "element" and isinstance(one, Term):  # labels may be counted from another number than the index
        bases = zip(left.data, right.data, left.args[1:], strict=True)
        if any(a != b and place is not one for a, b, place in bases):
            return False
    elif left.data != right.data:
        return False
    return all(same_but_index(a, b, one, other) for a, b in zip(left.args, right.args, strict=True))


_OPPOSITES = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


def opposite(left: Term, right: Term) -> bool:
    """Whether one comparison holds exactly where the other does not."""
    from ._products import same_term

    if left.op != "compare" or right.op != "compare" or right.data[0] != _OPPOSITES[left.data[0]]:
        return False
    return all(same_term(a, b) for a, b in zip(left.args, right.args, strict=True))
