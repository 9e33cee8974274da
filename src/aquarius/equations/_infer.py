"""What a display's symbols stand for, as far as the text proves it. What it does not prove is named, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..core import BadInput, did_you_mean
from ._functions import BUILTIN
from ._names import NAME_KINDS, Split, is_transpose, left_side, parts, splits
from ._parse import RELATION_WORDS, UNBOUNDED
from ._statements import Statement, parse_name, statements
from ._symbols import DOMAINS, _words
from ._tokens import Refusal
from ._tree import Node, key, latex, walk

HINTS = ("meanings", "shapes", "numbers", "scalars", "functions")
_DISTRIBUTIONS = {"Cat", "Bern", "Bernoulli", "Uniform", "Unif"}
_NOT_VALUES = _DISTRIBUTIONS | {"Pr", "KL", "Cov", "Corr", "Var", "var", "supp"}
_FUNCTION_WORDS = re.compile(r"\b(?:function|activation|non-?linearity|mapping)\b", re.IGNORECASE)
_SIGMOID_WORDS = re.compile(r"\b(?:sigmoid|logistic)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Inferred:
    """`symbols` are declarations as `translate` takes them; `open` names what no hint settles: with any, nothing should be translated."""

    symbols: dict[str, Any]
    open: tuple[str, ...]


def infer(display: str, hints: Mapping[str, Any] | None = None) -> Inferred:
    """Declare the symbols of a display from what the text says of them; list by name those that stay open.

    `hints` are plain data: `meanings` (name -> words), `shapes` (name -> sizes), `numbers` (name -> number), `scalars` (name -> domain or
    ""), `functions` (names). A display that cannot be read has no symbols: `translate` says why.

    Raises:
        BadInput: the hints have an unknown key or a malformed value.
    """
    table = _Hints.of(hints or {})
    try:
        found = statements(display, table.words)
    except Refusal:
        return Inferred({}, ())
    finder = _Finder(table)
    finder.read(found)
    return finder.inferred()


def not_computed(display: str) -> str:
    """Say what a display is where it computes nothing: a bound, a distribution, a definition of notation; "" where it may compute."""
    try:
        found = [statement.node for statement in statements(display) if statement.kind == "equation"]
    except Refusal as refusal:
        return "a definition of notation" if refusal.reason.startswith("there is nothing to compute") else ""
    for node in found:
        if node.kind != "relation":
            continue
        bad = next((operator for operator in node.tag if operator != "="), None)
        if bad is not None:
            return RELATION_WORDS.get(bad, "a relation")
        right = node.items[-1]
        if right.kind == "group" and right.text == "{}" and not any(item.kind == "dots" for item in right.items):
            return "a definition of notation"
        head = right.items[0] if right.kind == "product" else None
        while head is not None and head.kind == "script":
            head = head.items[0]
        named = head is not None and head.kind == "symbol" and (key(head) == "cal:N" or head.text in _DISTRIBUTIONS)
        if named and len(right.items) == 2 and right.items[1].kind == "group":
            return "a distribution"
    return ""


def unreadable(display: str) -> tuple[str, int] | None:
    """Say why and at which byte no declarations could help: it cannot be parsed, a side is missing, it integrates or derives."""
    try:
        found = [statement.node for statement in statements(display) if statement.kind == "equation"]
    except Refusal as refusal:
        return refusal.reason, refusal.at
    for node in found:
        if node.kind == "relation" and any(item.kind == "none" for item in node.items):
            return "one side of the equation is missing", node.at
        big = next((item for item in walk(node) if item.kind == "big" and item.text in UNBOUNDED), None)
        if big is not None:
            return f"\\{big.text} is no finite computation", big.at
        derived = next((item for item in walk(node) if item.kind == "symbol" and item.text == "\\partial"), None)
        if derived is not None:
            return "a derivative is taken; only \\nabla is supported", derived.at
    return None


def defined_functions(display: str) -> tuple[tuple[str, int], ...]:
    """Return the functions that a display defines by name and plain arguments, f(x, y) = ..., with the number of arguments."""
    try:
        found = statements(display)
    except Refusal:
        return ()
    names = []
    for node in (statement.node for statement in found if statement.kind == "equation" and statement.node.kind == "relation"):
        left = left_side(node.items[0]) if node.tag[0] == "=" else None
        bar = any("|" in item.tag for item in walk(node.items[0]) if item.kind == "group")
        if left is not None and left.arguments and not left.indices and not bar and all(item.kind in NAME_KINDS for item in left.arguments):
            names.append((_tidy(latex(left.name)), len(left.arguments)))
    return tuple((name, count) for name, count in names if _key(name) is not None)


@dataclass(frozen=True)
class _Hints:
    """The hints by key of the name: ("shape", name), ("number", name), ("scalar", name) or ("function", name)."""

    shapes: dict[str, tuple[str, ...]]
    numbers: dict[str, float | int]
    scalars: dict[str, str]
    meanings: dict[str, str]
    known: dict[str, tuple[str, str]]
    said: dict[str, str]  # key -> meaning
    words: frozenset[str]

    @classmethod
    def of(cls, hints: Mapping[str, Any]) -> _Hints:
        for name in hints:
            if name not in HINTS:
                raise BadInput(f"The hints for an equation have no key {name!r}.{did_you_mean(str(name), HINTS)}")
        shapes = {str(name): _sizes(str(name), shape) for name, shape in dict(hints.get("shapes", {})).items()}
        numbers = dict(hints.get("numbers", {}))
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise BadInput(f"The hint for {name} under 'numbers' is a number, not {value!r}.")
        scalars = {str(name): str(domain or "") for name, domain in dict(hints.get("scalars", {})).items()}
        for name, domain in scalars.items():
            if domain and domain not in DOMAINS:
                raise BadInput(f"The domain {domain!r} of {name} is not known.{did_you_mean(domain, DOMAINS)}")
        meanings = {str(name): str(text) for name, text in dict(hints.get("meanings", {})).items()}
        functions = [str(name) for name in hints.get("functions", ())]
        known: dict[str, tuple[str, str]] = {}
        for kind, names in (("shape", shapes), ("number", numbers), ("scalar", scalars), ("function", functions)):
            for name in names:
                where = _key(str(name))
                if where is not None and known.setdefault(where, (kind, str(name)))[0] != kind:
                    known[where] = ("unclear", str(name))  # the text says two things of it
        said = {where: text for name, text in meanings.items() if (where := _key(name)) is not None}
        words = frozenset(word for name in (*shapes, *numbers, *scalars, *functions, *meanings) for word in _words(name))
        return cls(shapes, numbers, scalars, meanings, known, said, words)


def _sizes(name: str, shape: Any) -> tuple[str, ...]:
    if isinstance(shape, str) or not isinstance(shape, Sequence) or not all(isinstance(size, (str, int)) for size in shape):
        raise BadInput(f"The hint for {name} under 'shapes' is a list of sizes, not {shape!r}.")
    return tuple(str(size) for size in shape)


@lru_cache(maxsize=4096)
def _key(name: str) -> str | None:
    """The key of a printed name; None where it is no name."""
    try:
        node = parse_name(name, frozenset(_words(name)))
    except (Refusal, RecursionError):
        return None
    if node.kind not in {"symbol", "script", "accent"} or any(item.kind == "group" and item.text != "{}" for item in _bases(node)):
        return None
    return key(node)


def _bases(node: Node) -> list[Node]:
    return [*walk(node.items[0])] if node.kind == "script" else [node]


@lru_cache(maxsize=4096)
def dimension(text: str) -> str | None:
    """A printed size as the declarations spell it: d_k, d_model of d_{\\text{model}}, 2*d of 2d; None where it is more than that."""
    plain = re.sub(r"\\(?:text|mathrm|textrm|mathit|operatorname)\s*\{([^{}]*)\}|[{}\s]|\\[,;!]", lambda m: m.group(1) or "", text)
    plain = plain.replace("\\", "")
    if re.fullmatch(r"[1-9]\d*|[A-Za-z]\w*", plain):
        return plain
    several = re.fullmatch(r"([1-9]\d*)([A-Za-z]\w*)", plain)
    return f"{several[1]}*{several[2]}" if several else None


@dataclass
class _Finder:
    """Goes over the statements once and notes what is used, what is applied, and what is open."""

    hints: _Hints
    used: dict[str, str] = field(default_factory=dict)  # hint name -> printed name
    functions: dict[str, tuple[str, int]] = field(default_factory=dict)  # key -> (printed name, number of arguments)
    open: dict[str, str] = field(default_factory=dict)  # printed -> key, so that a size may still settle it
    defined: dict[str, bool] = field(default_factory=dict)  # key -> has arguments
    outputs: dict[str, str] = field(default_factory=dict)  # key -> printed name of what the display defines
    ranges: dict[str, tuple[Node | None, Node | None]] = field(default_factory=dict)
    needed: set[str] = field(default_factory=set)  # keys of what other rows use

    def read(self, found: list[Statement]) -> None:
        for statement in found:
            if statement.kind == "range":
                self.ranges[key(statement.node, fonts=False)] = (statement.lower, statement.upper)
            if statement.kind == "equation" and statement.node.kind == "relation":
                self._define(statement.node.items[0])
        for statement in found:
            if statement.kind == "equation":
                node = statement.node
                rights = node.items[1:] if node.kind == "relation" else (node,)
                for right in rights:
                    if right is rights[-1] or not self._names_it(right):
                        self.visit(right, dict(self.ranges))

    def _names_it(self, node: Node) -> bool:
        """Z = f(X, A) = ...: what stands between is another name for the left side."""
        left = left_side(node)
        plain = left is not None and bool(left.arguments) and all(item.kind in NAME_KINDS for item in left.arguments)
        return plain and left is not None and key(left.name) not in self.hints.known

    def _define(self, node: Node) -> None:
        left = left_side(node)
        if left is None:
            return
        for name in left.parts or (left.name,):
            if name.kind in NAME_KINDS:
                self.defined[key(name)] = bool(left.arguments)
                self.outputs[key(name)] = _tidy(latex(name))

    # ---- the tree

    def visit(self, node: Node, bound: dict[str, tuple[Node | None, Node | None]]) -> None:
        if node.kind in {"number", "none", "dots", "text"}:
            return
        if node.kind in NAME_KINDS and not (node.kind == "script" and node.items[0].kind not in NAME_KINDS):
            self.name(node, bound)
        elif node.kind == "script":
            base, below, above = node.items
            self.visit(base, bound)
            if base.kind != "group" or base.text not in {"\u2016\u2016", "||"}:
                self.visit(below, bound) if below.kind != "symbol" or below.text != "+" else None
            self._above(above, bound)
        elif node.kind == "big":
            self._big(node, bound)
        elif node.kind == "call":
            self._call(node.items[0], node.items[1], bound)
        elif node.kind == "product":
            self._product(node, bound)
        else:
            for item in node.items:
                self.visit(item, bound)

    def _big(self, node: Node, bound: dict[str, tuple[Node | None, Node | None]]) -> None:
        below, above, body = node.items
        inner = dict(bound)
        for item in below.items if below.kind == "group" else (below,):
            variable = item.items[0] if item.kind == "relation" else item
            for piece in parts(variable):
                if piece.kind in NAME_KINDS and key(piece) not in self.hints.known:
                    inner[key(piece, fonts=False)] = (item.items[1] if item.kind == "relation" else None, above)
                elif piece.kind in NAME_KINDS:
                    self.name(piece, bound) if node.text in {"min", "max"} else inner.update({key(piece, fonts=False): (None, above)})
            if item.kind == "relation":
                for side in item.items[1:]:
                    self.visit(side, inner)
        self.visit(above, bound)
        self.visit(body, inner)

    def _product(self, node: Node, bound: dict[str, tuple[Node | None, Node | None]]) -> None:
        position = 0
        while position < len(node.items):
            item = node.items[position]
            after = node.items[position + 1] if position + 1 < len(node.items) and node.tag[position] == "" else None
            bracket = after.items[0] if after is not None and after.kind == "script" else after
            named = item.kind in NAME_KINDS and not (item.kind == "script" and item.items[0].kind not in NAME_KINDS)
            if item.kind == "symbol" and item.text == "\\pi" and position and node.items[position - 1].kind == "number":
                position += 1  # 2 pi
            elif named and bracket is not None and bracket.kind == "group" and bracket.text in {"()", "[]", "{}"}:
                self._call(item, bracket, bound)
                if after is not bracket and after is not None:
                    self._above(after.items[2], bound)
                position += 2
            else:
                self.visit(item, bound)
                position += 1

    def _call(self, function: Node, argument: Node, bound: dict[str, tuple[Node | None, Node | None]]) -> None:
        self.visit(argument, bound)
        bare = function
        while bare.kind == "script":
            bare = bare.items[0]
        text = bare.text.lstrip("\\") if bare.kind == "symbol" else ""
        if key(bare, fonts=False) == "\\nabla" or key(bare) == "bb:E":
            self.visit(function, bound)
            return
        name = self._stem(function)
        where = key(name)
        if where in self.defined:
            self.needed.add(where)
            return
        kind = self.hints.known.get(where, ("", ""))[0]
        said = self.hints.said.get(where, "")
        items, marks = (argument.items, set(argument.tag)) if argument.kind == "group" else ((argument,), set())
        if kind in {"shape", "number", "scalar"}:
            single = len(items) == 1 and items[0].kind in NAME_KINDS
            self.open.setdefault(_tidy(latex(name)), "") if single or len(items) > 1 else self.name(function, bound)
            return
        if text == "sigma" and bare is function and kind != "function":
            if _SIGMOID_WORDS.search(said):
                return
            kind = "function"  # which one is not said: the code takes it as a parameter
        if not kind and text in BUILTIN and text not in _NOT_VALUES | {"sigma"}:
            return
        upright = bare.kind == "symbol" and len(bare.text) > 1 and bare.text[0] != "\\" and bare is function
        upright = upright and not any(
            item.kind == "sum" and any(part.kind == "number" for part in item.items) for item in items
        )  # lr(1 - x)
        if (kind == "function" or upright or _FUNCTION_WORDS.search(said)) and text not in _NOT_VALUES and "|" not in marks:
            _, count = self.functions.setdefault(where, (_tidy(latex(name)), len(items)))
            if count == len(items):
                return
        self.functions.pop(where, None)
        self.open.setdefault(_tidy(latex(name)), "")

    def _stem(self, node: Node) -> Node:
        """The part of a scripted name that the text or the display knows; the whole where neither does."""
        for split in splits(node):
            if key(split.name) in self.defined or key(split.name) in self.hints.known or key(split.name) in self.hints.said:
                return split.name
        return node

    def _above(self, above: Node, bound: dict[str, tuple[Node | None, Node | None]]) -> None:
        if above.kind == "none" or (above.kind == "symbol" and is_transpose(above) and not self._two_meanings(above)):
            return
        self.visit(above, bound)

    def _two_meanings(self, above: Node) -> bool:
        """T is a transposition and a number of this paper."""
        return above.text == "T" and (key(above) in self.hints.known or key(above) in self.hints.said)

    # ---- names

    def name(self, node: Node, bound: dict[str, tuple[Node | None, Node | None]]) -> None:
        for split in splits(node):
            where, plain = key(split.name), key(split.name, fonts=False)
            if plain in bound and not split.below:
                return self._above(split.above, bound) if split.above is not None else None
            if where in self.defined:
                self.needed.add(where)
                return self._above(split.above, bound) if split.above is not None else None
            if where not in self.hints.known:
                continue
            kind, name = self.hints.known[where]
            if kind in {"function", "unclear"} or _holds(split.name, bound) or not self._fits(split, kind, name, bound):
                break
            self.used.setdefault(name, kind)
            return self._above(split.above, bound) if split.above is not None else None
        if not self._constant(node, bound):
            self.open.setdefault(_printed(node, bound), key(_without_power(node)))

    def _fits(self, split: Split, kind: str, name: str, bound: dict[str, tuple[Node | None, Node | None]]) -> bool:
        """Each index runs over exactly its axis, and what stands above is a power or a transposition."""
        above = split.above
        if above is not None and above.kind != "number":
            power = above.kind in {"fraction", "sum"} or (kind != "shape" and above.kind in {"symbol", "product", "script"})
            if not (is_transpose(above) and not self._two_meanings(above)) and not power:
                return False
        shape = self.hints.shapes.get(name, ())
        if len(split.below) > len(shape):
            return False
        for piece, size in zip(split.below, shape, strict=False):
            span = bound.get(key(piece, fonts=False))
            if span is None or span[0] is None or span[1] is None or span[0].kind != "number" or span[0].text != "1":
                return False
            if span[1].kind == "none" or dimension(latex(span[1])) != dimension(size):
                return False
        return True

    def _constant(self, node: Node, bound: dict[str, tuple[Node | None, Node | None]]) -> bool:
        """A name that the notation itself settles: e^x, the matrix I_n, the ones, infinity."""
        base = node.items[0] if node.kind == "script" else node
        if base.kind != "symbol" or (node.kind == "script" and node.tag):
            return False
        below, above = (node.items[1], node.items[2]) if node.kind == "script" else (None, None)
        font = base.tag[0] if base.tag else ""
        if base.text == "e" and font in {"", "rm"} and below is not None and below.kind == "none" and above is not None:
            self._above(above, bound)
            return True
        if base.text in {"\\nabla", "\\partial"}:
            if below is not None:
                self.visit(below, bound)
            return True
        if base.text == "1" and font in {"bf", "bb"}:
            return True
        if base.text == "I" and (font == "bf" or (below is not None and below.kind != "none" and key(below) not in bound)):
            return above is None or above.kind == "none"
        return base.text == "\\infty"

    # ---- the result

    def inferred(self) -> Inferred:
        inputs = {name: self._shape(name) for name, kind in self.used.items() if kind == "shape"}
        unclear = [name for name, shape in inputs.items() if shape is None]
        shapes = {name: list(shape) for name, shape in inputs.items() if shape is not None}
        sizes = {re.sub(r"^\d+\*", "", size) for shape in shapes.values() for size in shape if not size.isdigit()}
        constants: dict[str, Any] = {}
        domains: dict[str, str] = {}
        for name, kind in self.used.items():
            if kind in {"number", "scalar"} and dimension(name) in sizes:
                constants[name] = dimension(name)
            elif kind == "number":
                constants[name] = self.hints.numbers[name]
            elif kind == "scalar":
                shapes[name] = []
                domains.update({name: self.hints.scalars[name]} if self.hints.scalars[name] else {})
        still = list(unclear)
        for printed, where in self.open.items():
            if where and dimension(printed) in sizes:
                constants[printed] = dimension(printed)
            else:
                still.append(printed)
        symbols: dict[str, Any] = {"inputs": shapes, "constants": constants, "domains": domains}
        symbols["functions"] = sorted(printed for where, (printed, _) in self.functions.items() if where not in self.defined)
        last = [printed for where, printed in self.outputs.items() if where not in self.needed]
        symbols["outputs"] = last if last else list(self.outputs.values())
        symbols["output_shapes"] = self._output_shapes(sizes)
        return Inferred({name: value for name, value in symbols.items() if value}, tuple(dict.fromkeys(still)))

    def _output_shapes(self, sizes: set[str]) -> dict[str, list[str]]:
        """What the text says of the shapes of what the display defines: it decides between readings, and a wrong result is refused."""
        found: dict[str, list[str]] = {}
        for where, printed in self.outputs.items():
            kind, name = self.hints.known.get(where, ("", ""))
            shape = self._shape(name) if kind == "shape" else () if kind in {"scalar", "number"} else None
            if shape is not None and all(size in sizes or size.isdigit() for size in shape):
                found[printed] = list(shape)
        return found

    def _shape(self, name: str) -> tuple[str, ...] | None:
        sizes = [dimension(size) for size in self.hints.shapes[name]]
        return None if None in sizes else tuple(size for size in sizes if size is not None)


def _holds(name: Node, bound: Mapping[str, Any]) -> bool:
    """Whether a running index stands in the scripts of a name."""
    if name.kind != "script":
        return False
    return any(key(item, fonts=False) in bound for side in name.items[1:] for item in walk(side) if item.kind in NAME_KINDS)


def _without_power(node: Node) -> Node:
    """A name without its transposition or numeric power."""
    power = all(item.kind in {"number", "sum", "fraction"} for item in walk(node.items[2])) if node.kind == "script" else False
    if node.kind == "script" and (power or is_transpose(node.items[2])):
        split = next((item for item in splits(node) if item.above is not None and not item.below), None)
        return split.name if split is not None else node
    return node


def _printed(node: Node, bound: Mapping[str, Any]) -> str:
    """A name as it is asked for: without powers, and without the indices that run."""
    node = _without_power(node)
    if node.kind == "script" and node.items[2].kind == "none" and all(key(piece, fonts=False) in bound for piece in parts(node.items[1])):
        node = node.items[0]
    return _tidy(latex(node))


def _tidy(printed: str) -> str:
    """t-1 as a person prints it, single scripts without braces, and words that hold an underscore as they are declared."""
    printed = re.sub(r"\\mathrm\{([A-Za-z]+(?:_[A-Za-z]+)+)\}", lambda match: match[1].replace("_", "\\_"), printed)
    return re.sub(r"([_^])\{(\w)\}", r"\1\2", re.sub(r"(?<=\S)\s*([-+])\s*(?=\S)", r"\1", printed))
