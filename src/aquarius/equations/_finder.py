"""Goes over the statements of a display and notes what is used, what is applied, what the display defines, and what stays open."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from ._displays import DISTRIBUTIONS
from ._functions import BUILTIN
from ._hints import Hints
from ._names import NAME_KINDS, Split, _joined, is_transpose, left_side, parts, splits
from ._printed import dimension, holds, name_key, spelled, without_power
from ._statements import Statement, parse_name
from ._tree import NONE, Node, key, latex, walk
from ._unknowns import DRAWN, FACTOR, RANGE, SEVERAL, Bound, Span, Unknown, axis_size, drawn_names, is_expectation, letters_of

NOT_VALUES = DISTRIBUTIONS | {"Pr", "KL", "Cov", "Corr", "Var", "var", "supp"}
FUNCTION_WORDS = re.compile(r"\b(?:function|activation|non-?linearity|mapping)\b", re.IGNORECASE)
SIGMOID_WORDS = re.compile(r"\b(?:sigmoid|logistic)\b", re.IGNORECASE)


@dataclass
class Finder:
    """Goes over the statements once and notes what is used, what is applied, and what is open."""

    hints: Hints
    used: dict[str, str] = field(default_factory=dict)  # hint name -> printed name
    functions: dict[str, tuple[str, int]] = field(default_factory=dict)  # key -> (printed name, number of arguments)
    open: dict[str, str] = field(default_factory=dict)  # printed -> key, so that a size may still settle it
    defined: dict[str, bool] = field(default_factory=dict)  # key -> has arguments
    outputs: dict[str, str] = field(default_factory=dict)  # key -> printed name of what the display defines
    ranges: dict[str, tuple[Node | None, Node | None]] = field(default_factory=dict)
    stacks: set[str] = field(default_factory=set)  # keys of what the display defines for one index: alpha of alpha_t
    needed: set[str] = field(default_factory=set)  # keys of what other rows use
    unknown: dict[str, Unknown] = field(default_factory=dict)  # printed name -> what its indices say
    samples: dict[str, str] = field(default_factory=dict)  # key -> printed name of what an expectation is taken over
    sets: dict[str, str] = field(default_factory=dict)  # printed set that an index runs over -> its size
    named: dict[int, str] = field(default_factory=dict)  # node -> the name it was noted under
    uses: Counter[str] = field(default_factory=Counter)  # of each unknown name
    handed: Counter[str] = field(default_factory=Counter)  # of these, as the argument of a function
    ranged: dict[str, str] = field(default_factory=dict)  # index -> its range, as a person said
    first_calls: dict[str, tuple[str, ...]] = field(default_factory=dict)  # key of a function -> the letters of its first arguments
    seen: list[tuple[str, str]] = field(default_factory=list)  # (key, kind) of every name met: what an expectation's body holds

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
                self.outputs[key(name)] = spelled(name)
                self.stacks |= {key(split.name) for split in splits(name) if split.below}

    # ---- the tree

    def visit(self, node: Node, bound: Bound) -> None:
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
            skipped = self._ellipsis(node, bound)
            for item in node.items:
                if item not in skipped:
                    self.visit(item, bound)

    def _ellipsis(self, node: Node, bound: Bound) -> tuple[Node, ...]:
        """x_1, ..., x_n among the items: one stack of n, whose elements they are."""
        for first, dots, last in zip(node.items, node.items[1:], node.items[2:], strict=False):
            ends = dots.kind == "dots" and first.kind == last.kind == "script" and key(first.items[0]) == key(last.items[0])
            if (
                ends
                and first.items[1].kind == "number"
                and first.items[1].text == "1"
                and first.items[2].kind == last.items[2].kind == "none"
            ):
                size = dimension(latex(last.items[1]))
                base = first.items[0]
                if size is not None and key(base) not in self.defined and key(base) not in self.hints.known:
                    self._note(Unknown(spelled(base), key(base), (size,)))
                    return first, dots, last
        return ()

    def _big(self, node: Node, bound: Bound) -> None:
        below, above, body = node.items
        inner = dict(bound)
        for item in below.items if below.kind == "group" else (below,):
            variable = item.items[0] if item.kind == "relation" else item
            for piece in parts(variable):
                if piece.kind in NAME_KINDS and node.text in {"min", "max"} and key(piece) in self.hints.known:
                    self.name(piece, bound)
                elif piece.kind in NAME_KINDS:
                    inner[key(piece, fonts=False)] = self._span(piece, item.items[1] if item.kind == "relation" else None, above)
            if item.kind == "relation" and not self._set(item, inner):
                for side in item.items[1:]:
                    self.visit(side, inner)
        self.visit(above, bound)
        self.visit(body, inner)

    def _span(self, piece: Node, lower: Node | None, upper: Node | None) -> Span:
        """Where an index begins and ends: as printed, else as a person said."""
        printed = spelled(piece)
        if lower is None and printed in self.hints.index:
            begin, _, end = self.hints.index[printed].partition("..")
            self.ranged[printed] = self.hints.index[printed]
            return parse_name(begin.strip()), parse_name(end.strip())
        return lower, upper

    def _set(self, item: Node, bound: Bound) -> bool:
        """l \\in S: the index walks over an axis with one element for every member of S."""
        right = item.items[-1]
        if item.tag != ("in",) or right.kind not in {"symbol", "script"} or holds(right, bound):
            return False
        size = dimension(latex(right))
        if size is None:
            return False
        self.sets[spelled(right)] = size
        for piece in parts(item.items[0]):
            bound[key(piece, fonts=False)] = (Node("number", 0, "1"), right)
        return True

    def _product(self, node: Node, bound: Bound) -> None:
        position = 0
        while position < len(node.items):
            item = node.items[position]
            after = node.items[position + 1] if position + 1 < len(node.items) and node.tag[position] == "" else None
            bracket = after.items[0] if after is not None and after.kind == "script" else after
            named = item.kind in NAME_KINDS and not (item.kind == "script" and item.items[0].kind not in NAME_KINDS)
            enclosed = bracket is not None and bracket.kind == "group" and bracket.text in {"()", "[]", "{}"}
            if is_expectation(item) and after is not None and not enclosed:  # E_x E_y |x - y|: it takes all that follows
                rest = node.items[position + 1 :]
                self._expectation(item, rest[0] if len(rest) == 1 else Node("product", after.at, "", rest, node.tag[position + 1 :]), bound)
                return
            if item.kind == "symbol" and item.text == "\\pi" and position and node.items[position - 1].kind == "number":
                position += 1  # 2 pi
            elif named and enclosed and bracket is not None:
                self._call(item, bracket, bound)
                if after is not bracket and after is not None:
                    self._above(after.items[2], bound)
                position += 2
            else:
                self.visit(item, bound)
                position += 1

    def _call(self, function: Node, argument: Node, bound: Bound) -> None:
        bare = function
        while bare.kind == "script":
            bare = bare.items[0]
        if is_expectation(bare):
            self._expectation(function, argument, bound)
            return
        self.visit(argument, bound)
        text = bare.text.lstrip("\\") if bare.kind == "symbol" else ""
        if key(bare, fonts=False) == "\\nabla":
            self.visit(function, bound)
            return
        name = self._stem(function)
        where = key(name)
        if where in self.defined:
            self.needed.add(where)
            return
        kind = "function" if where in self.hints.applied else self.hints.known.get(where, ("", ""))[0]
        said = self.hints.said.get(where, "")
        items, marks = (argument.items, set(argument.tag)) if argument.kind == "group" else ((argument,), set())
        if kind in {"shape", "number", "scalar"}:
            single = len(items) == 1 and items[0].kind in NAME_KINDS
            self._leave(spelled(name), FACTOR) if single or len(items) > 1 else self.name(function, bound)
            return
        if not kind and where in self.hints.values and not (len(items) == 1 and items[0].kind in NAME_KINDS) and len(items) == 1:
            self.name(function, bound)
            return
        if not kind and all(item.kind in NAME_KINDS and key(item, fonts=False) in bound for item in items):
            axes = tuple(axis_size(bound[key(item, fonts=False)]) for item in items)
            self._note(Unknown(spelled(name), where, axes))  # w(x) with a running x
            return
        if text == "sigma" and bare is function and kind != "function":
            if SIGMOID_WORDS.search(said):
                return
            kind = "function"  # which one is not said: the code takes it as a parameter
        if not kind and text in BUILTIN and text not in NOT_VALUES | {"sigma"}:
            return
        upright = bare.kind == "symbol" and len(bare.text) > 1 and bare.text[0] != "\\" and bare is function
        upright = upright and not any(
            item.kind == "sum" and any(part.kind == "number" for part in item.items) for item in items
        )  # lr(1 - x)
        if (
            (kind == "function" or upright or FUNCTION_WORDS.search(said))
            and text not in NOT_VALUES
            and ("|" not in marks or kind == "function")
        ):
            _, count = self.functions.setdefault(where, (spelled(name), len(items)))
            if count == len(items) and self._one_function(where, items, argument.tag):
                self.handed.update(self.named[id(item)] for item in items if id(item) in self.named)
                return
        self.functions.pop(where, None)
        self._leave(spelled(name), FACTOR if not kind else SEVERAL)

    def _one_function(self, where: str, items: tuple[Node, ...], marks: tuple[str, ...]) -> bool:
        """p(x) and p(z) are two densities, p(x | y) and p(x | z) too; p(x_i) and p(x') are one with other arguments."""
        if where not in self.hints.overloaded and "|" not in marks:
            return True
        letters = tuple(letters_of(item) for item in items)
        return self.first_calls.setdefault(where, letters) == letters

    def _expectation(self, symbol: Node, body: Node, bound: Bound) -> None:
        """E_{x, t}[...]: a mean over samples of what is named, where nothing else in the body can hang on it."""
        below = symbol.items[1] if symbol.kind == "script" else None
        drawn = list(drawn_names(below)) if below is not None else []
        begin = len(self.seen)
        self.visit(body, bound)
        inside = self.seen[begin:]
        names = {key(item): spelled(item) for item in drawn}
        told = {
            where: name for name in self.hints.samples if (where := name_key(name)) is not None and any(where == item for item, _ in inside)
        }
        names = told or names
        plain = bool(names) and not any(where in bound for where in names) and set(names) <= {where for where, _ in inside}
        alone = bool(told) or all(where in names or kind in {"scalar", "number"} for where, kind in inside)
        if plain and alone and (not self.samples or self.hints.samples):
            self.samples |= names
            return
        self._leave("the expectation", DRAWN)

    def _leave(self, printed: str, why: str) -> None:
        """Note what no shape could settle."""
        self.open.setdefault(printed, "")
        self.unknown[printed] = Unknown(printed, "", why=why)

    def _note(self, found: Unknown, size: str = "") -> None:
        """Note a name without a stated shape, once for all its uses in the display."""
        before = self.unknown.get(found.name)
        if before is not None and not before.why and before.axes != found.axes:
            alike = len(before.axes) == len(found.axes) and all(
                a == b or "" in (a, b) for a, b in zip(before.axes, found.axes, strict=True)
            )
            axes = tuple(a or b for a, b in zip(before.axes, found.axes, strict=True)) if alike else ()
            found = Unknown(found.name, found.key, axes, why="" if alike else "used with and without an index")
        self.unknown[found.name] = found if before is None or not before.why else before
        self.open.setdefault(found.name, size)
        self.seen.append((found.key, "unknown"))
        self.uses[found.name] += 1

    def _stem(self, node: Node) -> Node:
        """The part of a scripted name that the text or the display knows; the whole where neither does."""
        for split in splits(node):
            where = key(split.name)
            number = self.hints.known.get(where, ("", ""))[0] in {"scalar", "number"} and bool(split.below)  # t of t_s is another name
            if not number and (where in self.defined or where in self.hints.known or where in self.hints.said):
                return split.name
        return node

    def _above(self, above: Node, bound: Bound) -> None:
        if above.kind == "none" or (above.kind == "symbol" and is_transpose(above) and not self._two_meanings(above)):
            return
        self.visit(above, bound)

    def _two_meanings(self, above: Node) -> bool:
        """T is a transposition and a number of this paper."""
        return above.text == "T" and (key(above) in self.hints.known or key(above) in self.hints.said)

    # ---- names

    def name(self, node: Node, bound: Bound) -> None:
        if is_expectation(node):
            return self._leave("the expectation", DRAWN)
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
            if kind == "function" and not split.below and split.above is None:
                return self._unknown(node, bound)  # a value of the same name, where the display does not call it too
            if kind in {"function", "unclear"} or holds(split.name, bound) or not self._fits(split, kind, name, bound):
                break
            self.used.setdefault(name, kind)
            self.seen.append((where, kind))
            return self._above(split.above, bound) if split.above is not None else None
        if not self._constant(node, bound):
            self._unknown(node, bound)

    def _unknown(self, node: Node, bound: Bound) -> None:
        """The name that has to be declared, without powers and without the indices that run."""
        printed = node
        node = without_power(node) if not self._numbered(node) else node
        base, below, above = node.items if node.kind == "script" else (node, None, None)
        axes: list[str] = []
        why = ""
        walked = [piece for piece in (parts(below) if below is not None else ()) if key(piece, fonts=False) in bound]
        if below is not None and above is not None:
            inner = above.items[0] if above.kind == "group" and len(above.items) == 1 else above
            if key(inner, fonts=False) in bound:
                axes.append(axis_size(bound[key(inner, fonts=False)]))
                above = NONE
            elif self._is_exponent(above):
                self._above(above, bound)
                above = NONE
            pieces = parts(below)
            running = [any(key(item, fonts=False) in bound for item in walk(piece)) for piece in pieces]
            kept = tuple(piece for piece, runs in zip(pieces, running, strict=True) if not runs)
            if sorted(running) != running and sorted(running, reverse=True) != running:
                why = "used with an index in the middle of its name"
            axes += [axis_size(bound.get(key(piece, fonts=False))) for piece, runs in zip(pieces, running, strict=True) if runs]
            below = below if len(kept) == len(pieces) else _joined(kept, below) if kept else NONE
            if holds(Node("script", 0, "", (base, NONE, above)), bound):
                why = "used with an index above"
            plain = below.kind == "none" and above.kind == "none" and not node.tag
            node = base if plain else replace(node, items=(base, below, above))
        if self.hints.known.get(key(node), ("", ""))[0] == "shape":
            why = "used with an index that is not known to run over its stated shape"
            unstated = [piece for piece in walked if bound.get(key(piece, fonts=False), (None, None))[0] is None]
            if unstated:
                return self._leave(spelled(unstated[0]), RANGE)
        elif self.hints.known.get(key(node), ("", ""))[0] == "unclear":
            why = "said to be two things in the text"
        name = spelled(node)
        self.named[id(printed)] = name
        self._note(Unknown(name, key(node), tuple(axes), why=why), key(node) if not axes else "")

    def _numbered(self, node: Node) -> bool:
        """x^1, x^2: a number above is part of the name where the paper counts so."""
        return node.kind == "script" and node.items[2].kind == "number" and key(node.items[0]) in self.hints.numbered

    def _is_exponent(self, above: Node) -> bool:
        known = above.kind in {"symbol", "script"} and self.hints.known.get(key(above), ("", ""))[0] in {"scalar", "number"}
        return known or above.kind in {"fraction", "product"}

    def _fits(self, split: Split, kind: str, name: str, bound: Bound) -> bool:
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

    def _constant(self, node: Node, bound: Bound) -> bool:
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
