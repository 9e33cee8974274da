"""Resolution: the tree and the symbol table to typed outputs, under one script of choices."""

from __future__ import annotations

from dataclasses import replace

from ._arithmetic import Arithmetic, Choices, unary
from ._definitions import Definition, collect, holds_declared_index, is_contradictory, read_ranges, resolved_rule, settle_shape
from ._functions import concatenation, norm, series
from ._indexing import dim_text, element_at, index_term, label_positions
from ._names import NAME_KINDS, Split, is_transpose, parts, splits
from ._parse import RELATION_WORDS
from ._products import call_of, indicator_of, product_of
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
        read_ranges(self, found)
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
            if done and name not in named and len(wanted) > 1 and not any(name in rule.parts for output in done for rule in output.rules):
                raise Refusal(f"the declared output {name} is not defined by the display", 0)
        for variable in self.hidden:
            if not variable.explicit and not variable.dim:
                raise Refusal(f"the range of the index {variable.name} does not show: declare it under 'index'", 0)
        if self.arithmetic.took_rows and not self.arithmetic.rows:
            raise Refusal("vectors are read as rows without a sign of it", 0)
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
        if kind == "cases":
            return self.cases(node, scope)
        if kind == "matrix":
            return self.matrix(node, scope)
        if kind == "relation":
            return self.condition(node, scope)
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
        first = below.items[0] if below.kind == "product" else below
        if first.kind == "symbol" and first.text in {"\\partial"} and self.symbols.find(first) is None:
            raise Refusal("a derivative is taken; only \\nabla is supported", node.at)
        if first.kind == "symbol" and first.text == "d" and below.kind == "product" and self.symbols.find(first) is None:
            raise Refusal("a derivative is taken; only \\nabla is supported", node.at)
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
        if isinstance(entity, str):
            raise Refusal(f"the function {latex(split.name)} stands without an argument", node.at)
        return self.finish(entity, split, scope, node.at)

    def finish(self, term: Term, split: Split, scope: Scope, at: int) -> Term:
        """Indices, then the exponent."""
        above = split.above
        below = split.below
        if above is not None and self._index_above(above, scope) and term.rank:
            inner = above.items[0] if above.kind == "group" else above
            if above.kind == "group" or self.choices.choose(f"the superscript {latex(above)}", ["index", "exponent"]) == "index":
                index, above = inner, None
                if below:
                    order = self.choices.choose("the order of the indices above and below", ["above first", "below first"])
                    below = (index, *below) if order == "above first" else (*below, index)
                else:
                    below = (index,)
        if below:
            term = element_at(self, term, below, scope, at)
        return self.raised(term, above, scope, at) if above is not None else term

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
        for split in splits(node):
            entity = self.entity(split.name, scope)
            if entity is None:
                continue
            if isinstance(entity, Term) and split.below and entity.rank == 0 and entity.op not in {"local"}:
                continue
            return entity, split
        return None

    def entity(self, name: Node, scope: Scope) -> Term | str | None:
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
        if brackets in {"\u230a\u230b", "\u2308\u2309"} and len(items) == 1:
            return unary("floor" if brackets == "\u230a\u230b" else "ceil", self.expression(items[0], scope), node.at)
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

    def cases(self, node: Node, scope: Scope) -> Term:
        """Branches with their conditions; the first that holds counts."""
        values: list[Term] = []
        conditions: list[Term | None] = []
        self.in_cases += 1
        for row in node.items:
            cells = [
                cell
                for cell in row.items
                if not (cell.kind == "text" and cell.text.strip(" ,.:") in {"if", "for", "when", "where", "and", "If"})
            ]
            if len(cells) != 2:
                raise Refusal("a branch needs a value and a condition", row.at)
            values.append(self.expression(cells[0], scope))
            if cells[1].kind in {"text", "symbol"} and cells[1].text.strip(" ,.:").lower() in {
                "otherwise",
                "else",
                "o.w",
                "otherwise.",
                "if otherwise",
            }:
                conditions.append(None)
            else:
                conditions.append(self.condition(cells[1], scope))
        self.in_cases -= 1
        if None in conditions[:-1]:
            raise Refusal("a branch follows after 'otherwise'", node.at)
        whole = values[0]
        for other in [*values[1:], *(condition for condition in conditions if condition is not None)]:
            shape = self.arithmetic.broadcast(whole, other, "the branches")
            whole = replace(whole, op="cases", args=(), shape=shape)
        arguments: list[Term] = []
        for value, condition in zip(values, conditions, strict=True):
            arguments += [value] if condition is None else [condition, value]
        return Term("cases", tuple(arguments), whole.shape, (), whole.side, node.at)

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

    def matrix(self, node: Node, scope: Scope) -> Term:
        """A printed matrix or vector of numbers; a column of vectors is their concatenation."""
        rows = [[self.expression(cell, scope) for cell in row.items] for row in node.items]
        if any(len(row) != len(rows[0]) for row in rows):
            raise Refusal("the rows of a matrix differ in length", node.at)
        flat = [cell for row in rows for cell in row]
        if all(cell.rank == 0 for cell in flat):
            if len(rows) == 1 or len(rows[0]) == 1:
                return Term("stack", tuple(flat), (str(len(flat)),), (), "c" if len(rows[0]) == 1 else "r", node.at)
            return Term("matrix", tuple(flat), (str(len(rows)), str(len(rows[0]))), (), "", node.at)
        if len(rows[0]) == 1 and all(cell.rank == 1 for cell in flat):
            return Term("concat", tuple(flat), ("+".join(cell.shape[0] for cell in flat),), (0,), "c", node.at)
        if all(cell.rank == 2 for cell in flat):
            return self._blocks(rows, node.at)
        raise Refusal("a matrix of blocks of different kinds is not supported", node.at)

    def _blocks(self, rows: list[list[Term]], at: int) -> Term:
        """A matrix of matrices: the blocks of a row have one height, those of a column one width."""
        for row in rows:
            if not all(self.sizes.same(cell.shape[0], row[0].shape[0]) for cell in row):
                raise Refusal("the blocks of a row differ in height", at)
            if not all(self.sizes.same(cell.shape[1], above.shape[1]) for cell, above in zip(row, rows[0], strict=True)):
                raise Refusal("the blocks of a column differ in width", at)
        width = "+".join(_bracketed(cell.shape[1]) for cell in rows[0])
        joined = [Term("concat", tuple(row), (row[0].shape[0], width), (1,), "", at) if len(row) > 1 else row[0] for row in rows]
        height = "+".join(_bracketed(row[0].shape[0]) for row in rows)
        return Term("concat", tuple(joined), (height, width), (0,), "", at) if len(joined) > 1 else joined[0]


def _bracketed(dim: str) -> str:
    return f"({dim})" if "-" in dim or "/" in dim else dim


def _plain(text: str) -> str:
    return text.replace("bf:", "")


def _holds_index(name: Node, scope: Scope) -> bool:
    """Whether a running index stands in the scripts of a name."""
    if name.kind != "script" or not scope.indices:
        return False
    return any(
        item.kind in {"symbol", "script"} and key(item, fonts=False) in scope.indices for side in name.items[1:] for item in walk(side)
    )
