"""Typed outputs to the PyTorch text a person would write. Text only: nothing here imports torch."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ._code import ATOM, PRODUCT, SIGN, SUM, Code, Names, python_name, summed
from ._reductions import every_term
from ._stable import stable_output
from ._symbols import Symbols
from ._tokens import Refusal
from ._typed import IndexVar, Output, Rule, Sizes, Term, dim_atoms, dim_pieces, terms
from ._vectorize import array_form
from ._write_reductions import REDUCTIONS
from ._write_values import VALUES

_WRITERS = {**VALUES, **REDUCTIONS}


class Emitter:
    """One translation to text."""

    def __init__(self, symbols: Symbols, sizes: Sizes, outputs: list[Output], wanted: list[str], arrays: bool = False) -> None:
        self.arrays = arrays
        self.symbols = symbols
        self.sizes = sizes
        self.outputs = [stable_output(output) for output in outputs]
        self.wanted = wanted
        self.names = Names()
        self.used_sizes: list[str] = []
        self.loops: dict[IndexVar, str] = {}
        self.live: set[str] = set()
        self.plain: set[str] = set()  # outputs that are Python numbers
        self.math = False
        self.functional = False
        self.every = [
            term for output in self.outputs for rule in output.rules for body in (rule.body, *rule.pattern) for term in self._all(body)
        ]

    def _all(self, term: Term) -> list[Term]:
        found = list(terms(term))
        for item in list(found):
            variables = item.data[1] if item.op == "reduce" else item.data if item.op in {"collect", "concat-range"} else ()
            for variable in variables:
                for limit in (variable.lower, variable.upper):
                    found += list(terms(limit)) if limit is not None else []
        return found

    def parameters(self) -> list[tuple[str, str]]:
        """(LaTeX name, kind) of everything the function takes: inputs, constants, functions, then sizes no input shows."""
        used = {(term.op, term.data[0]) for term in self.every if term.op in {"input", "constant", "call"}}
        found = [(name, "input") for name in self.symbols.inputs if ("input", name) in used]
        found += [(name, "constant") for name in self.symbols.constants if ("constant", name) in used]
        found += [(name, "function") for name in self.symbols.functions if ("call", name) in used]
        return found

    def function(self, title: str) -> tuple[str, list[tuple[str, str]]]:
        """The whole text of one function, and its parameters as (LaTeX name, Python name)."""
        parameters = [(name, self.names.of(name)) for name, _ in self.parameters()]
        for output in self.outputs:
            self.names.of("local:" + output.name, output.name)
        body: list[str] = []
        for output in self.outputs:
            body += self.output(output)
        last = self.outputs[-1].name
        wanted = [name for name in self.wanted if any(output.name == name for output in self.outputs)] or [last]
        if len(wanted) == 1 and wanted[0] == last and body and body[-1].startswith(self.names.of("local:" + last) + " = "):
            body[-1] = "return " + body[-1].split(" = ", 1)[1]
        else:
            body.append("return " + ", ".join(self.names.of("local:" + name) for name in wanted))
        heads, loose = self._size_lines({name for name, _ in parameters}, " ".join(body))
        parameters += loose
        title = python_name(title)
        while title in {python for _, python in parameters}:
            title += "_"
        lines = ["import math"] if self.math else []
        lines += ["", "import torch"] if lines else ["import torch"]
        lines += ["import torch.nn.functional as F"] if self.functional else []
        lines += ["", "", f"def {title}({', '.join(python for _, python in parameters)}):"]
        counts = [f"{self.names.of(name)} = {self.names.of(name)}.double()" for name, _ in self.parameters() if name in self._counts()]
        lines += ["    " + line for line in [*counts, *heads, *body]]
        return "\n".join(lines) + "\n", parameters

    def _counts(self) -> set[str]:
        """Inputs of whole numbers that are reckoned with and are no labels: in a library's default precision log k! would lose digits."""
        reckoned: set[str] = set()
        labels: set[str] = set()

        def visit(term: Term, inside: bool) -> None:
            if term.op == "input" and self.symbols.domains.get(term.data[0], "").startswith("int:") and inside:
                reckoned.add(term.data[0])
            for place, item in enumerate(term.args):
                if term.op in {"call", "position", "compare"} or (term.op in {"element", "select"} and place):
                    labels.update(found.data[0] for found in terms(item) if found.op == "input")
                visit(item, inside or term.op in {"unary", "divide", "power"})

        for output in self.outputs:
            for rule in output.rules:
                visit(rule.body, False)
        return reckoned - labels

    def _size_lines(self, given: set[str], body: str) -> tuple[list[str], list[tuple[str, str]]]:
        """Lines that read the sizes from the inputs; sizes that no input shows are parameters."""
        lines, loose = [], []
        for dim in dict.fromkeys(self.used_sizes):
            python = self.names.of("size:" + dim, dim)
            if not re.search(rf"\b{python}\b", body):
                continue  # an array form needs no length
            place = next(
                ((name, shape.index(dim)) for name, shape in self.symbols.inputs.items() if dim in shape and name in given),
                None,
            )
            shifted = None if place is not None else self._shifted_size(dim, given)
            if place is not None:
                lines.append(f"{python} = {self.names.of(place[0])}.shape[{place[1]}]")
            elif shifted is not None:
                lines.append(f"{python} = {shifted}")
            else:
                loose.append(("size:" + dim, python))
        return lines, loose

    def _shifted_size(self, dim: str, given: set[str]) -> str | None:
        """K of an axis declared K+1, K-1 or 2*K."""
        for name, shape in self.symbols.inputs.items():
            for axis, other in enumerate(shape):
                pieces = dim_pieces(other)
                if name not in given or len(pieces) != 3 or dim not in pieces:
                    continue
                text = f"{self.names.of(name)}.shape[{axis}]"
                number = pieces[0] if pieces[2] == dim else pieces[2]
                if number.isdigit() and pieces[1] in "+-*" and (pieces[0] == dim or pieces[1] != "-"):
                    return f"{text} {({'+': '-', '-': '+', '*': '//'})[pieces[1]]} {number}"
        return None

    def output(self, output: Output) -> list[str]:
        name = self.names.of("local:" + output.name)
        plain = len(output.rules) == 1 and all(term.op == "index" for term in output.rules[0].pattern) and not output.diagonal
        if output.start is not None:
            return self._recurrence(name, output, output.start)
        if plain:
            rule = output.rules[0]
            text = array_form(self, rule) if self.arrays and self._has_index(rule) else None
            if text is not None:
                return [f"{name} = {text}"]
            code = self.filled(rule)
            if code.plain:
                self.plain.add(output.name)
            return [f"{name} = {code.text}"]
        return self._assigned(name, output)

    def _recurrence(self, name: str, output: Output, start: Term) -> list[str]:
        """s_t from s_{t-1}: a loop that keeps the element before."""
        (rule,) = output.rules
        (variable,) = rule.variables
        before = self.names.of("before:" + output.name, "before")
        loop = self.loop(variable)
        lines = [f"{before} = {self.term(start).text}", f"{name} = []", f"for {loop} in {self.span(variable)}:"]
        lines += [f"    {before} = {self.term(rule.body).text}", f"    {name}.append({before})", f"{name} = torch.stack({name})"]
        self.done(rule.variables)
        return lines

    def _has_index(self, rule: Rule) -> bool:
        return any(term.op in {"index", "reduce"} for term in every_term(rule.body))

    def filled(self, rule: Rule) -> Code:
        """The body for every binding of the indices, stacked along new leading axes."""
        variables = [term.data[0] for term in rule.pattern]
        for variable in variables:
            self.loop(variable)
        code = self.term(rule.body)
        if not variables:
            return code
        text = code.text
        for position, variable in enumerate(reversed(variables)):
            items = f"{text} for {self.loops[variable]} in {self.span(variable)}"
            text = f"torch.tensor([{items}], dtype=torch.float64)" if code.plain and position == 0 else f"torch.stack([{items}])"
        self.done(variables)
        return Code(text)

    def _assigned(self, name: str, output: Output) -> list[str]:
        """Rows that fill parts of one array: even and odd positions, a diagonal."""
        sizes = ", ".join(self.size(dim).text for dim in output.shape)
        extents = [self._extent(output, axis) for axis in range(len(output.rules[0].pattern))]
        rest = [self.size(dim).text for dim in output.shape[len(extents) :]]
        sizes = ", ".join([*extents, *rest])
        lines = [f"{name} = torch.zeros({sizes}, dtype=torch.float64)"]
        for rule in output.rules:
            depth = 0
            for variable in rule.variables:
                self.loop(variable)
            for variable in rule.variables:
                lines.append("    " * depth + f"for {self.loops[variable]} in {self.span(variable)}:")
                depth += 1
            places = ", ".join(self.position(term, base) for term, base in zip(rule.pattern, rule.bases, strict=True))
            lines.append("    " * depth + f"{name}[{places}] = {self.term(rule.body).text}")
            self.done(rule.variables)
        return lines

    def _extent(self, output: Output, axis: int) -> str:
        """The size of an axis that several patterns fill: 2i and 2i + 1 together reach twice the count."""
        found = []
        for rule in output.rules:
            term = rule.pattern[axis]
            variable = next(item.data[0] for item in terms(term) if item.op == "index")
            factor = next((int(item.args[0].data[0]) for item in terms(term) if item.op == "multiply" and item.args[0].op == "number"), 1)
            found.append((factor, variable))
        factor, variable = max(found, key=lambda pair: pair[0])
        count = self.count(variable)
        return count.text if factor == 1 else f"{factor} * {count.at(SIGN)}"

    def size(self, dim: str) -> Code:
        """A size expression as text."""
        if dim.isdigit():
            return Code(dim, ATOM, True)
        known = dim in self.sizes.values and not (_compound(dim) and set("+-*/") & set(dim))  # 2N is a name of its own
        atoms = [dim] if known else dim_atoms(dim)
        text = dim
        if len(atoms) == 1 and atoms[0] == dim:
            self.used_sizes.append(dim)
            return Code(self.names.of("size:" + dim, dim), ATOM, True)
        pieces = dim_pieces(text)
        out = []
        for piece in pieces:
            if piece in "+-*/()" or piece.isdigit():
                out.append({"/": " // ", "*": " * ", "+": " + ", "-": " - "}.get(piece, piece))
            else:
                self.used_sizes.append(piece)
                out.append(self.names.of("size:" + piece, piece))
        joined = "".join(out)
        return Code(joined, SUM if set("+-") & set(joined) else PRODUCT if set("*/") & set(joined) else ATOM, True)

    def loop(self, variable: IndexVar) -> str:
        """The Python name of a running index; loops that do not enclose one another share names."""
        if variable not in self.loops:
            wish = name = python_name(variable.name if not variable.name.startswith("sample of") else "sample")
            number = 2
            while name in self.live or not self.names.taken.get(name, "index").startswith("index"):
                name, number = f"{wish}{number}", number + 1
            self.names.taken[name] = "index"
            self.loops[variable] = name
            self.live.add(name)
        return self.loops[variable]

    def done(self, variables: Iterable[IndexVar]) -> None:
        """Their loops end here."""
        for variable in variables:
            self.live.discard(self.loops.pop(variable, ""))

    def count(self, variable: IndexVar) -> Code:
        """How many values an index takes, as text."""
        if not variable.explicit:
            lost = variable.most - variable.least
            size = self.size(variable.dim)
            return size if not lost else Code(f"{size.at(SUM)} - {lost}", SUM, True)
        lower, upper = variable.lower, variable.upper
        assert lower is not None and upper is not None
        stop = self._stop(upper, variable.base)
        if lower.op == "number" and lower.data[0] == variable.base:
            return stop
        return Code(f"{stop.at(SUM)} - {self.shifted(lower, variable.base)}", SUM, True)

    def span(self, variable: IndexVar) -> str:
        """range(...) of the positions, counted from nought."""
        if not variable.explicit:
            size = self.size(variable.dim)
            start, lost = -variable.least, variable.most
            stop = size.text if not lost else f"{size.at(SUM)} - {lost}"
            return f"range({stop})" if not start else f"range({start}, {stop})"
        assert variable.lower is not None and variable.upper is not None
        stop = self._stop(variable.upper, variable.base).text
        if variable.lower.op == "number" and variable.lower.data[0] == variable.base:
            return f"range({stop})"
        return f"range({self.shifted(variable.lower, variable.base)}, {stop})"

    def _stop(self, upper: Term, base: int) -> Code:
        """The first position after the last: upper - base + 1."""
        if base == 1:
            return self.whole(upper)
        if (
            upper.op == "add"
            and upper.args[-1].op == "number"
            and upper.args[-1].data[0] == 1
            and upper.data[-1] == "-"
            and len(upper.args) == 2
        ):
            return self.whole(upper.args[0])
        if upper.op == "number":
            return Code(str(int(upper.data[0]) + 1), ATOM, True)
        return Code(f"{self.whole(upper).at(SUM)} + 1", SUM, True)

    def shifted(self, term: Term, base: int) -> str:
        """A position: the printed number less the number of the first element."""
        return self.position(term, base)

    def whole(self, term: Term) -> Code:
        """A whole-number term as text; division of sizes is whole."""
        if term.op == "divide":
            return Code(f"{self.whole(term.args[0]).at(PRODUCT)} // {self.whole(term.args[1]).at(SIGN)}", PRODUCT, True)
        if term.op in {"add", "multiply", "negate"} and all(item.op not in {"element", "input"} for item in terms(term)):
            code = summed([(sign, self.whole(item)) for sign, item in zip(term.data, term.args, strict=True)]) if term.op == "add" else None
            if code is not None:
                return code
            if term.op == "multiply":
                return Code(f"{self.whole(term.args[0]).at(PRODUCT)} * {self.whole(term.args[1]).at(SIGN)}", PRODUCT, True)
        return self.term(term)

    def position(self, term: Term, base: int) -> str:
        if term.op == "number":
            return str(int(term.data[0]) - base)
        if term.op == "index":
            shift = term.data[0].base - base
            return self.loop(term.data[0]) + (f" + {shift}" if shift > 0 else f" - {-shift}" if shift < 0 else "")
        if (
            term.op == "add"
            and len(term.args) == 2
            and term.args[0].op == "index"
            and term.args[1].op == "number"
            and term.args[0].data[0].base == base
        ):
            return f"{self.loop(term.args[0].data[0])} {term.data[1]} {int(term.args[1].data[0])}"
        if term.op in {"input", "element"}:
            code = self.term(term)
            return code.text if base == 0 else f"{code.at(SUM)} - {base}"
        together = self.index_sum(term, base) if term.op == "add" else None
        if together is not None:
            return together.text
        code = self.whole(term)
        return code.text if base == 0 else f"{code.at(SUM)} - {base}"

    def term(self, term: Term) -> Code:
        """One term as text."""
        if term.op not in _WRITERS:
            raise Refusal(f"there is no text for {term.op}", term.at)
        return _WRITERS[term.op](self, term)

    def index_sum(self, term: Term, base: int = 0) -> Code | None:
        """t - 1 and t' - t of running indices, which the loops count from nought."""
        if not all(item.op in {"index", "number"} for item in term.args) or not any(item.op == "index" for item in term.args):
            return None
        offset, parts = float(-base), []
        for sign, item in zip(term.data, term.args, strict=True):
            offset += (1 if sign == "+" else -1) * (item.data[0].base if item.op == "index" else item.data[0])
            if item.op == "index":
                parts.append((sign, Code(self.loop(item.data[0]), ATOM, True)))
        if not float(offset).is_integer():
            return None
        parts.sort(key=lambda part: part[0] != "+")
        if offset:
            parts.append(("+" if offset > 0 else "-", Code(str(abs(int(offset))), ATOM, True)))
        return parts[0][1] if len(parts) == 1 and parts[0][0] == "+" else summed(parts)


def _compound(dim: str) -> bool:
    return dim_atoms(dim) != [dim]
