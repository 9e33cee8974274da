"""What is known of a display's names that nothing states: which axes indices walk over, and why no shape would settle the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ._names import NAME_KINDS
from ._printed import dimension
from ._tree import Node, key, latex

Span = tuple[Node | None, Node | None]  # where a running index begins and ends
Bound = dict[str, Span]
FACTOR = "a factor or a function"
DRAWN = "over which samples it is taken, and what in it is drawn"
RANGE = "an index whose range does not show"
ONE_OF = "defined by the display for one index and used over all of them"
SEVERAL = "a function that is called in several ways"
SAMPLES = "samples"  # the axis that an expectation averages over


@dataclass(frozen=True)
class Unknown:
    """A name without a stated shape: the sizes of the axes that indices walk over ("" where unknown), or why its shape does not matter."""

    name: str  # as it is declared
    key: str
    axes: tuple[str, ...] = ()
    handed: bool = False  # it is only ever an argument of functions that the display does not define
    why: str = ""  # it is no value of some shape: a function or a factor, used with and without an index


@dataclass(frozen=True)
class Inferred:
    """`symbols` are declarations as `translate` takes them; `open` names what no hint settles: with any, nothing should be translated."""

    symbols: dict[str, Any]
    open: tuple[str, ...]
    unknown: tuple[Unknown, ...] = ()  # what is known of the open ones all the same
    samples: tuple[str, ...] = ()  # names whose first axis holds samples, because an expectation is taken over them
    words: frozenset[str] = frozenset()


def axis_size(span: Span | None) -> str:
    """The size of an axis that an index walks over from one end to the other; "" where it does not show."""
    lower, upper = span if span is not None else (None, None)
    if lower is None or upper is None or lower.kind != "number" or upper.kind == "none":
        return ""
    if lower.text == "0" and upper.kind == "sum" and upper.tag == ("+", "-") and upper.items[1].text == "1":
        return dimension(latex(upper.items[0])) or ""
    return (dimension(latex(upper)) or "") if lower.text == "1" else ""


def drawn_names(below: Node) -> Iterator[Node]:
    """The names under an expectation: of x, t; of x ~ p; of p(x | y), where x is drawn."""
    for item in below.items if below.kind == "group" and below.text == "{}" else (below,):
        if item.kind == "relation" and item.tag == ("~",):
            yield from (name for name in drawn_names(item.items[0]))
        elif item.kind == "group":
            yield from drawn_names(Node("group", item.at, "{}", item.items, item.tag))
        elif item.kind == "product" and len(item.items) == 2 and item.items[1].kind == "group" and item.items[1].tag[:1] != ("|",):
            yield from (name for name in item.items[1].items if name.kind in NAME_KINDS)
        elif item.kind == "product" and len(item.items) == 2 and item.items[1].kind == "group":
            yield item.items[1].items[0]
        elif item.kind in NAME_KINDS:
            yield item


def is_expectation(node: Node) -> bool:
    """E in blackboard letters, with or without what stands below it."""
    base = node.items[0] if node.kind == "script" else node
    return base.kind == "symbol" and key(base) == "bb:E"


def letters_of(node: Node) -> str:
    """An argument without its scripts and primes: x_i and x' are both x."""
    while node.kind == "script":
        node = node.items[0]
    return key(node) if node.kind in NAME_KINDS else ",".join(letters_of(item) for item in node.items)
