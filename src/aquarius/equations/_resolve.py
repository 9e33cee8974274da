"""Resolution: the tree and the symbol table to typed outputs, under one script of choices."""

from __future__ import annotations

from dataclasses import replace

from ._arithmetic import Arithmetic, Choices, unary
from ._definitions import (
    Definition,
    collect,
    holds_declared_index,
    is_contradictory,
    part_of,
    previous_of,
    printed_ranges,
    read_ranges,
    resolved_rule,
    settle_shape,
)
from ._functions import concatenation, norm, series
from ._indexing import dim_of, dim_text, element_at, index_term, label_positions
from ._matrices import cases_of, matrix_of
from ._names import NAME_KINDS, Split, is_transpose, parts, splits
from ._notation import RELATION_WORDS
from ._points import derivative_of, evaluated_at
from ._products import call_of, indicator_of, product_of, signed_values
from ._reductions import big, every_term, summed, total_scope
from ._statements import Statement, parse_name
from ._symbols import Symbols
from ._tokens import Refusal
from ._tree import NONE, Node, key, latex, walk
from ._typed import IndexVar, Output, Scope, Sizes, Term, constant


class Resolver:
    """One reading of a display."""

    def __init__(self, symbols: Symbols, found: list[Statement], sizes: Sizes, choices: Choices) -> None:
        self.symbols = symbols
        self.sizes = sizes
        self.choices = choices
        self.arithmetic = Arithmetic(sizes, choices)
        self.definitions: dict[str, Definition] = {}
        self.ranges: dict[str, tuple[Node | None, Node | None]] = {}
        self.dim_bases: dict[str, int] = {}
        self.zero_based = False
        self.in_cases = 0  # inside branches the equation is written for one number
        self.current: list[Definition] = []
        self.hidden: list[IndexVar] = []
        self.size_keys: dict[str, str] = {}
        for atom in sizes.values:
            try:
                self.size_keys.setdefault(key(parse_name(atom, symbols.words), fonts=False), atom)
            except Refusal:
                continue
        self.containers = {  # what reductions run over: |X| is then how many elements X has
            key(item.items[0].items[1])
            for statement in found
            for item in walk(statement.node)
            if item.kind == "big" and item.items[0].kind == "relation" and item.items[0].tag == ("in",)
        }
        self.signed = {key(item) for statement in found for item in signed_values(statement.node)}
        read_ranges(self, found)
        self.printed = printed_ranges(found)
        self.by_bars = any(_divides_by_bars(item) for statement in found for item in walk(statement.node))
        collect(self, found)

    # ---- statements

    def outputs(self) -> list[Output]:
        """Resolve every definition; functions that only other rows use are not outputs."""
        wanted = set(self.symbols.outputs)
        done = []
        for definition in list(self.definitions.values()):
            if definition.called and definition.name not in wanted and len(self.definitions) > 1:
                continue
            done.append(self.resolve(definition))
        used = {term.data[0] for output in done for rule in output.rules for term in every_term(rule.body) if term.op == "local"}
        for definition in self.definitions.values():  # f(t) as a value and f(0) as a call
            if definition.output is not None and definition.output not in done and definition.output.name in used:
                done.append(definition.output)
        named = [output.name for output in done]
        for name in wanted:
            if done and name not in named and len(wanted) > 1:
                raise Refusal(f"the declared output {name} is not defined by the display", 0)
        for variable in self.hidden:
            if not variable.explicit and not variable.dim:
                raise Refusal(f"the range of the index {variable.name} does not show: declare it under 'index'", 0)
        final = wanted or {done[-1].name}
        for output in (output for output in done if output.name in final):
            for rule in output.rules:
                _check_places(rule.body, self.zero_based)
        _check_starts(done)
        if self.arithmetic.took_rows and not self.arithmetic.rows:
            raise Refusal("vectors are read as rows without a sign of it", 0)
        if self.arithmetic.took_row_elements and not self.arithmetic.rows and not self.symbols.output_shapes:
            raise Refusal("rows of matrices are read as rows without a sign of it", 0)
        return sorted(done, key=lambda output: self._order(output))

    def _order(self, output: Output) -> int:
        return next((definition.finished for definition in self.definitions.values() if definition.output is output), 0)

    def resolve(self, definition: Definition) -> Output:
        """Resolve one definition, and those it needs first."""
        if definition.output is not None:
            return definition.output
        if definition.busy:
            raise Refusal(f"{definition.name} is defined by itself", definition.node.at)
        definition.busy = True
        self.current.append(definition)
        output = Output(definition.name)
        if is_contradictory(self, definition):
            raise Refusal(f"{definition.name} is declared as an input and defined by the display", definition.node.at)
        for left, node, rights in definition.rights:
            output.rules.append(resolved_rule(self, left, node, rights))
        settle_shape(self, output, definition)
        self.current.pop()
        output.start = definition.start
        definition.output = output
        definition.finished = max(item.finished for item in self.definitions.values()) + 1
        return output

    # ---- indices

    # ---- expressions

    def expression(self, node: Node, scope: Scope) -> Term:
        """Resolve one expression."""
        kind = node.kind
        if kind == "number":
            return constant(float(node.text), node.at)
        if kind in NAME_KINDS:
            return self.scripted(node, scope)
        if kind == "group":
            return self.group(node, scope)
        if kind == "fraction":
            return self.fraction(node, scope)
        if kind == "root":
            body = self.expression(node.items[0], scope)
            if len(node.items) == 1:
                return unary("sqrt", body, node.at)
            degree = self.expression(node.items[1], scope)
            return self.arithmetic.power(body, self.arithmetic.divide(constant(1), degree), node.at)
        if kind == "sum":
            return self.total(node, scope)
        if kind == "product":
            return product_of(self, node, scope)
        if kind == "big":
            return big(self, node, scope)
        if kind == "call":
            return call_of(self, node, scope)
        if kind == "evaluated":
            return evaluated_at(self, node, scope)
        if kind == "cases":
            return cases_of(self, node, scope)
        if kind == "matrix":
            return matrix_of(self, node, scope)
        if kind == "relation":
            return self.condition(node, scope)
        if kind == "part":
            return part_of(self, node, self.expression(node.items[0], scope))
        if kind == "text":
            raise Refusal(f"the text '{node.text}' stands inside a formula", node.at)
        if kind == "dots":
            raise Refusal("an ellipsis stands where it cannot be completed", node.at)
        raise Refusal("something is missing here", node.at)

    def total(self, node: Node, scope: Scope) -> Term:
        items, signs = total_scope(self, node, scope)
        if any(item.kind == "dots" for item in items):
            return self._open_sum(items, signs, scope, node.at)
        return self.arithmetic.add([self.expression(item, scope) for item in items], signs, node.at)

    def _open_sum(self, items: list[Node], signs: list[str], scope: Scope, at: int) -> Term:
        """x_1 + x_2 + ... + x_n."""
        if set(signs) != {"+"}:
            raise Refusal("an ellipsis in a sum with a minus is not understood", at)
        variable, body = series(self, items, scope, at)
        return Term("reduce", (body,), body.shape, ("sum", (variable,)), "", at)

    def fraction(self, node: Node, scope: Scope) -> Term:
        above, below = node.items
        slope = derivative_of(self, node, scope)
        if slope is not None:
            return slope
        return self.arithmetic.divide(self.expression(above, scope), self.expression(below, scope), node.at)

    def scripted(self, node: Node, scope: Scope) -> Term:
        """A name with scripts, or scripts on something else."""
        if node.kind == "script" and node.items[0].kind not in NAME_KINDS:
            return self.scripts_on(node, scope)
        found = self.lookup(node, scope)
        if found is None and node.kind == "script" and node.items[0].kind == "script" and node.items[0].items[2].kind != "none":
            return self.scripts_on(node, scope)  # {b^c}^2
        if found is None:
            return self.unknown(node, scope)
        entity, split = found
        if isinstance(entity, str) and entity.startswith("local:"):
            definition = self.definitions[entity.removeprefix("local:")]
            if not any(_uses_argument(right, definition) for right in definition.rights[0][2]):  # mu_*(x) = ..., then mu_* alone
                output = self.resolve(definition)
                return self.finish(Term("local", (), output.shape, (output.name,), "", node.at), split, scope, node.at)
        if isinstance(entity, str):
            raise Refusal(f"the function {latex(split.name)} stands without an argument", node.at)
        return self.finish(entity, split, scope, node.at)

    def finish(self, term: Term, split: Split, scope: Scope, at: int) -> Term:
        """Indices, then the exponent."""
        above = split.above
        below = split.below
        if above is not None and self._index_above(above, scope) and term.rank:
            inner = above.items[0] if above.kind == "group" else above
            sure = above.kind == "group" or self._runs_along(term, inner, scope, at)
            if sure or self.choices.choose(f"the superscript {latex(above)}", ["index", "exponent"]) == "index":
                index, above = inner, None
                if below:
                    order = self.choices.choose("the order of the indices above and below", ["above first", "below first"])
                    below = (index, *below) if order == "above first" else (*below, index)
                else:
                    below = (index,)
        if below:
            term = element_at(self, term, below, scope, at)
        return self.raised(term, above, scope, at) if above is not None else term

    def _runs_along(self, term: Term, index: Node, scope: Scope, at: int) -> bool:
        """Whether an index above a vector runs over just its elements, as in sum_{j=1}^L s^j of an s with L elements."""
        variable = scope.indices[key(index, fonts=False)]
        if term.rank != 1 or not variable.explicit or variable.lower is None or variable.lower.op != "number":
            return False
        try:
            return self.sizes.same(dim_of(self, variable, at), term.shape[0])
        except Refusal:
            return False

    def _index_above(self, above: Node, scope: Scope) -> bool:
        inner = above.items[0] if above.kind == "group" and len(above.items) == 1 else above
        if above.kind == "group" and inner.kind == "number":
            return True
        return inner.kind in {"symbol", "script"} and key(inner, fonts=False) in scope.indices

    def raised(self, term: Term, above: Node, scope: Scope, at: int) -> Term:
        """A superscript that is not part of a name: transposition, inverse or power."""
        if is_transpose(above):
            found = self.symbols.find(above)
            if above.text == "T" and (found is not None or "T" in self.size_keys) and not term.rank and term.op != "ones":
                return self.arithmetic.power(term, self.expression(above, scope), at)
            power = above.text == "T" and found is not None and found[0] == "constant" and term.rank >= 2
            if power and self.choices.choose("the superscript T", ["transpose", "power"]) == "power":
                return self.arithmetic.power(term, self.expression(above, scope), at)
            if not term.rank and term.op != "ones":
                if term.op in {"matmul", "element"}:
                    return term
                raise Refusal("a number is transposed", at)
            return self.arithmetic.transpose(term, at)
        if above.kind == "sum" and above.tag == ("-",) and is_transpose(above.items[0]):
            return self.arithmetic.transpose(self.arithmetic.power(term, constant(-1), at), at)
        if above.kind == "symbol" and above.text in {"\\dagger", "+"} and term.rank == 2:
            return Term("pseudo-inverse", (term,), (term.shape[1], term.shape[0]), (), "", at)
        if above.kind == "product" and above.items[0].text in {"\\circ", "\\odot"}:
            return Term("power", (term, self.expression(above.items[1], scope)), term.shape, (), term.side, at)
        if above.kind == "symbol" and above.text in {"*", "\\star", "\\ast", "+", "-", "\\dagger", "H", "\\circ"}:
            raise Refusal(f"the superscript {latex(above)} is not declared", above.at)
        if above.kind == "group" and above.text == "()":
            raise Refusal(f"the superscript {latex(above)} is neither declared nor an index", above.at)
        exponent = self.expression(above, scope)
        return self.arithmetic.power(term, exponent, at)

    def scripts_on(self, node: Node, scope: Scope) -> Term:
        base, below, above = node.items
        if node.tag:
            raise Refusal("a prime stands on an expression", node.at)
        if base.kind == "group" and base.text in {"\u2016\u2016", "||"}:
            term = norm(self, base, below, scope)
            return self.raised(term, above, scope, node.at) if above.kind != "none" else term
        if base.kind == "group" and base.text in {"[]", "()"} and below.kind == "symbol" and below.text == "+":
            term = unary("relu", self.group(base, scope), node.at)
            return self.raised(term, above, scope, node.at) if above.kind != "none" else term
        if base.kind == "call" and base.text == "()" and below.kind == "none" and above.kind != "none":
            return self.raised(call_of(self, base, scope), above, scope, node.at)
        term = self.expression(base, scope)
        if below.kind != "none":
            term = element_at(self, term, parts(below), scope, node.at)
        return self.raised(term, above, scope, node.at) if above.kind != "none" else term

    def unknown(self, node: Node, scope: Scope) -> Term:
        """A name that nothing declares: a few constants, else a refusal by name."""
        base, above = (node.items[0], node.items[2]) if node.kind == "script" else (node, NONE)
        below = node.items[1] if node.kind == "script" else NONE
        value: Term | None = None
        if base.kind == "symbol" and below.kind == "none" and not (node.kind == "script" and node.tag):
            if base.text == "e" and base.tag[0] in {"", "rm"}:
                if above.kind != "none" and not is_transpose(above):
                    exponent = self.expression(above, scope)
                    if exponent.rank >= 2:
                        self.refuse_matrix_function("e^X", exponent)
                    return unary("exp", exponent, node.at)
                raise Refusal("e is not declared", node.at)  # Euler's number only where it has an exponent
            elif base.text == "\\pi" and not base.tag[0]:
                value = constant(3.141592653589793, node.at)
            elif base.text == "\\infty":
                value = constant(float("inf"), node.at)
        if base.kind == "symbol" and base.text in {"I", "E"} and base.tag[0] in {"", "bf", "bb"} and base.text == "I":
            shape: tuple[str, ...] = ()
            if below.kind != "none":
                size = self.expression(below, scope)
                text = dim_text(size)
                if text is None:
                    raise Refusal("the size of the identity matrix does not show", node.at)
                shape = (text, text)
            value = Term("eye", (), shape, (), "", node.at)
        if base.kind == "symbol" and base.text == "1" and base.tag[0] in {"bf", "bb"}:
            if (below.kind == "group" and any(item.kind == "relation" for item in below.items)) or below.kind == "relation":
                condition = below if below.kind == "group" else Node("group", below.at, "[]", (below,), ())
                value = indicator_of(self, condition, scope)
            else:
                length = dim_text(self.expression(below, scope)) if below.kind != "none" else ""
                if length is None:
                    raise Refusal("the size of the vector of ones does not show", node.at)
                value = Term("ones", (), (length,) if length else (), (), "", node.at)
        if base.kind == "symbol" and base.text == "\\delta" and below.kind != "none" and len(parts(below)) == 2:
            pair = [index_term(self, part, scope) for part in parts(below)]
            value = Term(
                "indicator", (Term("compare", label_positions(self.symbols, *pair), (), ("==",), "", node.at),), (), (), "", node.at
            )
        if value is None:
            raise Refusal(f"{latex(node)} is not declared", node.at)
        return self.raised(value, above, scope, node.at) if above.kind != "none" else value

    def refuse_matrix_function(self, what: str, term: Term) -> None:
        if self.sizes.same(term.shape[-1], term.shape[-2]):
            raise Refusal(f"{what} of a square matrix is elementwise or of the matrix; the display does not say which", term.at)

    def lookup(self, node: Node, scope: Scope) -> tuple[Term | str, Split] | None:
        """Find what a name stands for: a term, or the name of a function; the longest name wins."""
        before = previous_of(self, node, scope)
        if before is not None:
            return before, Split(node)
        for split in splits(node):
            entity = self.entity(split.name, scope, bool(split.below))
            if entity is None:
                continue
            if isinstance(entity, Term) and split.below and entity.rank == 0 and entity.op not in {"local"}:
                continue
            return entity, split
        plain = _without_line(node)
        return self.lookup(plain, scope) if plain is not node else None

    def entity(self, name: Node, scope: Scope, indexed: bool = True) -> Term | str | None:
        """What one whole name stands for, or None."""
        text, plain = key(name), key(name, fonts=False)
        if plain not in scope.indices and _holds_index(name, scope):
            return None  # x_i as one declared name cannot stand where i runs
        if text in scope.parameters:
            return scope.parameters[text]
        if scope.parameters and self.symbols.find(name) is None and text not in self.definitions:
            alike = [term for other, term in scope.parameters.items() if _plain(other) == plain]
            if len(alike) == 1:  # f(x) = ... \mathbf{x}: nothing else has the letter
                return alike[0]
        if plain in scope.indices and name.kind in {"symbol", "script"}:
            variable = scope.indices[plain]
            return Term("index", (), (), (variable,), "", name.at)
        if name.kind == "name" and name.text.startswith("size:"):
            return Term("size", (), (), (name.text[5:],), "", name.at)
        found = self.symbols.find(name)
        definition = self.definitions.get(text)
        if definition is not None and definition.index_pieces and not indexed and found is not None and found[0] == "constant":
            definition = None  # N beside a defined N_k
        if definition is None and found is None:
            definition = next((item for other, item in self.definitions.items() if _plain(other) == plain), None)
        if definition is not None and definition not in self.current and not (found and found[0] == "input" and self._later(definition)):
            if self._is_function(definition):
                return "local:" + next(other for other, item in self.definitions.items() if item is definition)
            output = self.resolve(definition)
            return Term("local", (), output.shape, (output.name,), "", name.at)
        if found is None:
            size = self.size_keys.get(plain)
            if size is not None:
                return Term("size", (), (), (size,), "", name.at)
            if definition is not None:
                raise Refusal(f"{definition.name} is defined by itself", name.at)
            return None
        kind, declared = found
        if kind == "input":
            return self.input_term(declared, scope, name.at)
        if kind == "constant":
            value = self.symbols.constants[declared]
            if isinstance(value, str) or declared in self.sizes.values:
                return Term("size", (), (), (value if isinstance(value, str) else declared,), "", name.at)
            return Term("constant", (), (), (declared,), "", name.at)
        if kind == "function":
            return "user:" + declared
        if kind == "size" and declared in self.sizes.values:
            return Term("size", (), (), (declared,), "", name.at)
        if kind == "output" and plain in self.size_keys:
            return Term("size", (), (), (self.size_keys[plain],), "", name.at)
        return None

    def _later(self, definition: Definition) -> bool:
        return bool(self.current) and definition.order >= self.current[-1].order

    def _is_function(self, definition: Definition) -> bool:
        """A row that defines a function of plain names which nothing declares as values."""
        arguments = definition.left.arguments
        return (
            bool(arguments)
            and any(self.symbols.find(item) is None for item in arguments if item.kind in NAME_KINDS)
            and not any(holds_declared_index(self, item) for item in arguments)
        )

    def input_term(self, name: str, scope: Scope, at: int) -> Term:
        shape = self.symbols.inputs[name]
        term = Term("input", (), shape, (name,), "", at)
        for axis, dim in enumerate(shape):
            if dim in scope.samples:
                variable = scope.samples[dim]
                rest = shape[:axis] + shape[axis + 1 :]
                return Term("select", (term, Term("index", (), (), (variable,), "", at)), rest, (axis, variable.base), "", at)
        return term

    # ---- products, calls, groups

    def group(self, node: Node, scope: Scope) -> Term:
        brackets, items = node.text, node.items
        if brackets == "\u2016\u2016":
            return norm(self, node, NONE, scope)
        if brackets == "||":
            return norm(self, node, NONE, scope)
        if brackets in _ROUNDED and len(items) == 1:
            return unary(_ROUNDED[brackets], self.expression(items[0], scope), node.at)
        if brackets == "\u27e8\u27e9" and len(items) == 2:
            left, right = (self.expression(item, scope) for item in items)
            if left.rank == right.rank == 1 and self.arithmetic.same(left, right):
                return Term("matmul", (replace(left, side="r"), replace(right, side="c")), (), (), "", node.at)
            if left.rank == right.rank == 2 and self.arithmetic.same(left, right):
                return summed(Term("multiply", (left, right), left.shape, (), "", node.at), "sum")
            raise Refusal("the inner product needs two vectors of one size", node.at)
        if len(items) == 1 and not node.tag:
            if brackets == "[]" and items[0].kind == "relation":
                return indicator_of(self, node, scope)
            return self.expression(items[0], scope)
        if not items:
            raise Refusal("a bracket is empty", node.at)
        if brackets in {"[]", "()"} and len(items) == len(node.tag) + 1:
            return concatenation(self, items, node.tag, scope, node.at)
        raise Refusal("a list stands where a value is needed", node.at)

    def condition(self, node: Node, scope: Scope) -> Term:
        """A comparison, a chain of them, or several joined by 'and' and 'or'."""
        if node.kind != "relation":
            raise Refusal("this is not a condition that can be computed", node.at)
        if node.tag[0] in {"and", "or"}:
            both = [self.condition(item, scope) for item in node.items]
            return Term(node.tag[0], tuple(both), self.arithmetic.broadcast(both[0], both[1], "a condition"), (), "", node.at)
        found: list[Term] = []
        for left, operator, right in zip(node.items, node.tag, node.items[1:], strict=False):
            if operator not in {"<", "<=", ">", ">=", "=", "!="}:
                raise Refusal(f"the condition {RELATION_WORDS.get(operator, operator)} cannot be computed", node.at)
            sides = label_positions(self.symbols, self.expression(left, scope), self.expression(right, scope))
            shape = self.arithmetic.broadcast(sides[0], sides[1], "a comparison")
            found.append(Term("compare", sides, shape, ("==" if operator == "=" else operator,), "", node.at))
        term = found[0]
        for other in found[1:]:
            term = Term("and", (term, other), self.arithmetic.broadcast(term, other, "a condition"), (), "", node.at)
        return term


_ROUNDED = {"\u230a\u230b": "floor", "\u2308\u2309": "ceil", "\u230a\u2309": "round"}


def _without_line(node: Node) -> Node:
    """A name without the line under it, which only marks it where nothing declares the two as different."""
    if node.kind == "script":
        return replace(node, items=(base, *node.items[1:])) if (base := _without_line(node.items[0])) is not node.items[0] else node
    return node.items[0] if node.kind == "accent" and node.text == "underline" and node.items[0].kind in NAME_KINDS else node


def _plain(text: str) -> str:
    return text.replace("bf:", "")


def _holds_index(name: Node, scope: Scope) -> bool:
    """Whether a running index stands in the scripts of a name."""
    if name.kind != "script" or not scope.indices:
        return False
    return any(
        item.kind in {"symbol", "script"} and key(item, fonts=False) in scope.indices
        for side in name.items[1:]
        if not _is_word(side, scope)
        for item in walk(side)
    )


def _check_starts(outputs: list[Output]) -> None:
    """Refuse elements of a value that is defined from its second element on: which is its first does not show."""
    late = {
        output.name
        for output in outputs
        if len(output.rules) == 1
        and any(
            variable.lower is not None and variable.lower.op == "number" and variable.lower.data[0] > 1
            for variable in output.rules[0].variables
        )
    }
    for term in (item for output in outputs for rule in output.rules for item in every_term(rule.body)):
        if late and term.op in {"element", "select"} and term.args[0].op == "local" and term.args[0].data[0] in late:
            raise Refusal(f"{term.args[0].data[0]} is not defined from its first element on, and elements of it are taken", term.at)


def _divides_by_bars(node: Node) -> bool:
    """x/|x|: what stands alone under a fraction is as likely a norm."""
    below = [node.items[1]] if node.kind == "fraction" else []
    if node.kind == "product":
        below = [item for item, operator in zip(node.items[1:], node.tag, strict=True) if operator == "/"]
    return any(item.kind == "group" and item.text == "||" for item in below)


def _check_places(term: Term, zero_based: bool) -> None:
    """Refuse a position as a value where nothing says from which number it counts."""
    if term.op == "reduce" and term.data[0] in {"argmax", "argmin"} and not zero_based:
        for variable in term.data[1]:
            if not variable.explicit:
                raise Refusal(f"from which number the index {variable.name} counts does not show: declare it under 'index'", term.at)
    for place, item in enumerate(term.args):
        if not (term.op in {"element", "select"} and place):
            _check_places(item, zero_based)


def _uses_argument(right: Node, definition: Definition) -> bool:
    names = {key(item, fonts=False) for item in definition.left.arguments}
    return any(item.kind in NAME_KINDS and key(item, fonts=False) in names for item in walk(right))


def _is_word(side: Node, scope: Scope) -> bool:
    """Three plain letters or more that are not all running indices, as in W_{noise}: a word and no row of indices."""
    letters = side.kind == "product" and not any(side.tag) and all(item.kind == "symbol" and item.text.isalpha() for item in side.items)
    return letters and len(side.items) >= 3 and not all(key(item, fonts=False) in scope.indices for item in side.items)
