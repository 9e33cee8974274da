"""Typed outputs to the PyTorch text a person would write. Text only: nothing here imports torch."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ._reductions import every_term
from ._symbols import Symbols
from ._tokens import Refusal
from ._typed import IndexVar, Output, Rule, Sizes, Term, dim_atoms, dim_pieces, terms
from ._vectorize import array_form, chained, one_over, opposite

# How tightly a piece of text binds: comparison, sum, product, sign, power, atom.
COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
_RESERVED = {"torch", "math", "F", "sum", "max", "min", "abs", "range", "int", "float", "lambda", "zip", "len"}


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of text, how tightly it binds, and whether it is a plain Python number."""

    text: str
    level: int = ATOM
    plain: bool = False

    def at(self, level: int) -> str:
        """The text, in brackets where it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass
class Names:
    """Python names for LaTeX names, each used once."""

    taken: dict[str, str] = field(default_factory=dict)  # python -> what it stands for
    known: dict[str, str] = field(default_factory=dict)  # what it stands for -> python

    def of(self, what: str, wish: str | None = None) -> str:
        """The Python name of one thing; a number is added where two things would share it."""
        if what in self.known:
            return self.known[what]
        name = base = python_name(wish if wish is not None else what)
        number = 2
        while name in self.taken:
            name, number = f"{base}{number}", number + 1
        self.taken[name] = what
        self.known[what] = name
        return name


def python_name(latex: str) -> str:
    r"""A readable Python name: \hat{m}_t -> m_hat_t, W^Q -> W_Q, \theta_{t-1} -> theta_t_minus_1."""
    text = re.sub(
        r"\\(?:mathbf|mathrm|mathcal|mathbb|mathsf|mathit|mathfrak|boldsymbol|bm|text|textrm|textbf|textit|operatorname|mathscr|left|right)\b",
        "",
        latex,
    )
    for _ in range(4):
        text = re.sub(r"\\(?:wide)?(hat|tilde|bar|dot|ddot|vec|check)\s*\{([^{}]*)\}", r"\2_\1", text)
        text = re.sub(r"\\(?:wide)?(hat|tilde|bar|dot|ddot|vec|check)\s*(\\?[A-Za-z]+)", r"\2_\1", text)
        text = re.sub(r"\{([^{}]*)\}", lambda match: match.group(1) if match.group(1).isalnum() else f"_{match.group(1)}_", text)
    text = text.replace("\\ell", "ell").replace("\\_", "_").replace("'", "_prime").replace("\\prime", "_prime").replace("*", "_star")
    text = re.sub(r"\s*\+\s*", "_plus_", text)
    text = re.sub(r"\s*-\s*", "_minus_", text)
    text = re.sub(r"[^A-Za-z0-9_]+", "_", text.replace("\\", ""))
    text = re.sub(r"_+", "_", text).strip("_") or "value"
    text = f"x_{text}" if text[0].isdigit() else text
    return text + "_" if keyword.iskeyword(text) or text in _RESERVED else text


class Emitter:
    """One translation to text."""

    def __init__(self, symbols: Symbols, sizes: Sizes, outputs: list[Output], wanted: list[str], arrays: bool = False) -> None:
        self.arrays = arrays
        self.symbols = symbols
        self.sizes = sizes
        self.outputs = outputs
        self.wanted = wanted
        self.names = Names()
        self.used_sizes: list[str] = []
        self.loops: dict[IndexVar, str] = {}
        self.live: set[str] = set()
        self.math = False
        self.functional = False
        self.every = [
            term for output in outputs for rule in output.rules for body in (rule.body, *rule.pattern) for term in self._all(body)
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
        lines += ["    " + line for line in [*heads, *body]]
        return "\n".join(lines) + "\n", parameters

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

    # ---- outputs

    def output(self, output: Output) -> list[str]:
        name = self.names.of("local:" + output.name)
        plain = len(output.rules) == 1 and all(term.op == "index" for term in output.rules[0].pattern) and not output.diagonal
        if plain:
            rule = output.rules[0]
            text = array_form(self, rule) if self.arrays and self._has_index(rule) else None
            if text is not None:
                return [f"{name} = {text}"]
            return [f"{name} = {self.filled(rule).text}"]
        return self._assigned(name, output)

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

    # ---- sizes and indices

    def size(self, dim: str) -> Code:
        """A size expression as text."""
        if dim.isdigit():
            return Code(dim, ATOM, True)
        atoms = [dim] if dim in self.sizes.values and not _compound(dim) else dim_atoms(dim)
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
            code = (
                self._sum([(sign, self.whole(item)) for sign, item in zip(term.data, term.args, strict=True)]) if term.op == "add" else None
            )
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
        together = self._index_sum(term, base) if term.op == "add" else None
        if together is not None:
            return together.text
        code = self.whole(term)
        return code.text if base == 0 else f"{code.at(SUM)} - {base}"

    # ---- terms

    def term(self, term: Term) -> Code:
        """One term as text."""
        method = getattr(self, "on_" + term.op.replace("-", "_"), None)
        if method is None:
            raise Refusal(f"there is no text for {term.op}", term.at)
        return method(term)  # type: ignore[no-any-return]

    def on_number(self, term: Term) -> Code:
        value = term.data[0]
        if value == 3.141592653589793 or value == 2.718281828459045:
            self.math = True
            return Code("math.pi" if value > 3 else "math.e", ATOM, True)
        if value in (float("inf"), float("-inf")):
            self.math = True
            return Code("math.inf" if value > 0 else "-math.inf", ATOM if value > 0 else SIGN, True)
        text = str(int(value)) if float(value).is_integer() and abs(value) < 1e16 else repr(value)
        return Code(text, ATOM if value >= 0 else SIGN, True)

    def on_input(self, term: Term) -> Code:
        return Code(self.names.of(term.data[0]))

    def on_constant(self, term: Term) -> Code:
        return Code(self.names.of(term.data[0]), ATOM, True)

    def on_size(self, term: Term) -> Code:
        return self.size(term.data[0])

    def on_index(self, term: Term) -> Code:
        variable = term.data[0]
        name = self.loop(variable)
        return Code(f"{name} + {variable.base}", SUM, True) if variable.base else Code(name, ATOM, True)

    def on_position(self, term: Term) -> Code:
        return Code(self.position(term.args[0], int(term.data[0])), ATOM, True)

    def on_local(self, term: Term) -> Code:
        return Code(self.names.of("local:" + term.data[0]))

    def on_hole(self, term: Term) -> Code:
        return Code(self.names.of(f"hole:{id(term.data[0])}", "point"))

    def on_element(self, term: Term) -> Code:
        places = ", ".join(self.position(item, base) for item, base in zip(term.args[1:], term.data, strict=True))
        return Code(f"{self.term(term.args[0]).at(ATOM)}[{places}]")

    def on_select(self, term: Term) -> Code:
        axis, base = term.data
        return Code(f"{self.term(term.args[0]).at(ATOM)}[{':, ' * axis}{self.position(term.args[1], base)}]")

    def _sum(self, items: list[tuple[str, Code]]) -> Code:
        text = ""
        for sign, code in items:
            if not text:
                text = code.at(SUM) if sign == "+" else "-" + code.at(SIGN)
            else:
                text += f" {sign} {code.at(PRODUCT if sign == '-' else SUM)}"
        return Code(text, SUM, all(code.plain for _, code in items))

    def on_add(self, term: Term) -> Code:
        places = self._index_sum(term)
        if places is not None:
            return places
        return self._sum([(sign, self.term(item)) for sign, item in zip(term.data, term.args, strict=True)])

    def _index_sum(self, term: Term, base: int = 0) -> Code | None:
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
        return parts[0][1] if len(parts) == 1 and parts[0][0] == "+" else self._sum(parts)

    def on_negate(self, term: Term) -> Code:
        code = self.term(term.args[0])
        return Code("-" + code.at(PRODUCT), SIGN if code.level >= SIGN else PRODUCT, code.plain)

    def _pair(self, term: Term) -> tuple[Code, Code]:
        return self.term(term.args[0]), self.term(term.args[1])

    def on_multiply(self, term: Term) -> Code:
        under = one_over(term.args[1])
        if under is not None and term.args[0].op != "number":
            return self.on_divide(replace(term, args=(term.args[0], under)))
        left, right = self._pair(term)
        return Code(f"{left.at(PRODUCT)} * {right.at(PRODUCT if chained(term.args[1]) else SIGN)}", PRODUCT, left.plain and right.plain)

    def on_divide(self, term: Term) -> Code:
        left, right = self._pair(term)
        return Code(f"{left.at(PRODUCT)} / {right.at(SIGN)}", PRODUCT, left.plain and right.plain)

    def on_matmul(self, term: Term) -> Code:
        left, right = self._pair(term)
        return Code(f"{left.at(PRODUCT)} @ {right.at(SIGN)}", PRODUCT)

    def on_power(self, term: Term) -> Code:
        left, right = self._pair(term)
        exponent = term.args[1]
        small = exponent.op == "number" and abs(exponent.data[0]) <= 16
        if left.text.isdigit() and right.plain and not small:
            left = Code(f"{left.text}.0", ATOM, True)  # whole numbers in Python grow without bound
        return Code(f"{left.at(ATOM)} ** {right.at(SIGN)}", POWER, left.plain and right.plain)

    def on_matrix_power(self, term: Term) -> Code:
        base, exponent = term.args
        code = self.term(base)
        if (exponent.op == "number" and exponent.data[0] == -1) or (
            exponent.op == "negate" and exponent.args[0].op == "number" and exponent.args[0].data[0] == 1
        ):
            return Code(f"torch.linalg.inv({code.text})")
        if exponent.op in {"number", "constant", "size", "index"}:
            return Code(f"torch.linalg.matrix_power({code.text}, {self.term(exponent).text})")
        if (base.op == "input" and self.symbols.domains.get(base.data[0]) == "diagpos") or base.op == "local":
            power = self.term(exponent)
            return Code(f"torch.diag(torch.diagonal({code.text}) ** {power.at(POWER)})")
        return Code(f"torch.linalg.matrix_power({code.text}, {self.term(exponent).text})")

    def on_kronecker(self, term: Term) -> Code:
        left, right = self._pair(term)
        return Code(f"torch.kron({left.text}, {right.text})")

    def on_outer(self, term: Term) -> Code:
        left, right = self._pair(term)
        return Code(f"torch.outer({left.text}, {right.text})")

    def on_transpose(self, term: Term) -> Code:
        return Code(f"{self.term(term.args[0]).at(ATOM)}.mT" if term.rank > 2 else f"{self.term(term.args[0]).at(ATOM)}.T")

    def on_pseudo_inverse(self, term: Term) -> Code:
        return Code(f"torch.linalg.pinv({self.term(term.args[0]).text})")

    def on_unary(self, term: Term) -> Code:
        name = term.data[0]
        inner = term.args[0]
        if name == "log" and inner.op == "softmax" and inner.data[0] == "softmax":
            return Code(f"torch.log_softmax({self.term(inner.args[0]).text}, dim=-1)")
        if name == "log" and inner.op == "unary" and inner.data[0] == "sigmoid":
            self.functional = True
            return Code(f"F.logsigmoid({self._tensor(self.term(inner.args[0]))})")
        code = self.term(inner)
        if code.plain and name in {"exp", "log", "sin", "cos", "tan", "tanh", "sqrt", "floor", "ceil", "sinh", "cosh", "erf"}:
            self.math = True
            return Code(f"math.{name}({code.text})", ATOM, True)
        if code.plain and name == "abs":
            return Code(f"abs({code.text})", ATOM, True)
        text = self._tensor(code)
        if name in {"gelu", "silu", "softplus"}:
            self.functional = True
            return Code(f"F.{name}({text})")
        if name == "logit":
            return Code(f"torch.logit({text})")
        if name == "abs":
            return Code(f"{code.at(ATOM)}.abs()" if not code.plain else f"abs({code.text})")
        spelled = {"arctan": "atan", "arcsin": "asin", "arccos": "acos"}.get(name, name)
        return Code(f"torch.{spelled}({text})")

    def _tensor(self, code: Code) -> str:
        return f"torch.tensor({code.text}, dtype=torch.float64)" if code.plain else code.text

    def _extreme(self, term: Term, python: str, torch_name: str, limit: str) -> Code:
        left, right = self._pair(term)
        if left.plain and right.plain:
            return Code(f"{python}({left.text}, {right.text})", ATOM, True)
        if left.plain or right.plain:
            number, tensor = (left, right) if left.plain else (right, left)
            if number.text == "0" and limit == "min":
                return Code(f"torch.relu({tensor.text})")
            return Code(f"torch.clamp({tensor.text}, {limit}={number.text})")
        if term.args[0].shape != term.args[1].shape:
            return Code(f"torch.{torch_name}(*torch.broadcast_tensors({left.text}, {right.text}))")
        return Code(f"torch.{torch_name}({left.text}, {right.text})")

    def on_maximum(self, term: Term) -> Code:
        return self._extreme(term, "max", "maximum", "min")

    def on_minimum(self, term: Term) -> Code:
        return self._extreme(term, "min", "minimum", "max")

    def on_softmax(self, term: Term) -> Code:
        name = "softmax" if term.data[0] == "softmax" else "log_softmax"
        return Code(f"torch.{name}({self.term(term.args[0]).text}, dim=-1)")

    def on_norm(self, term: Term) -> Code:
        code, order = self.term(term.args[0]), term.data[0]
        if order == 2.0:
            return Code(f"torch.linalg.vector_norm({code.text})")
        if order == 1.0:
            return Code(f"{code.at(ATOM)}.abs().sum()")
        return Code(f"({code.at(ATOM)} != 0).sum()" if order == 0.0 else f"{code.at(ATOM)}.abs().max()")

    def on_reduce(self, term: Term) -> Code:
        code = self._reduced(term)
        self.done(term.data[1])
        return code

    def _reduced(self, term: Term) -> Code:
        operation, variables = term.data
        for variable in variables:
            self.loop(variable)
        body = self.term(term.args[0])
        condition = self.term(term.args[1]) if len(term.args) == 2 else None
        loops = " ".join(f"for {self.loops[variable]} in {self.span(variable)}" for variable in variables)
        items = f"{body.text} {loops}" + (f" if {condition.text}" if condition is not None else "")
        if operation == "sum":
            return Code(f"sum({items})", ATOM, body.plain)
        if operation == "prod":
            self.math = True
            return Code(f"math.prod({items})", ATOM, body.plain)
        if operation in {"max", "min"}:
            return Code(f"{operation}({items})" if not term.rank else f"torch.stack([{items}]).a{operation}(dim=0)", ATOM, body.plain)
        if operation == "mean":
            if body.plain:
                return Code(f"torch.tensor([{items}], dtype=torch.float64).mean()")
            return Code(f"torch.stack([{items}]).mean(dim=0)")
        variable = variables[0]
        name = self.loops[variable]
        pick = "max" if operation == "argmax" else "min"
        places = self.span(variable) if condition is None else f"[{name} for {name} in {self.span(variable)} if {condition.text}]"
        chosen = f"{pick}({places}, key=lambda {name}: {body.text})"
        return Code(f"{chosen} + {variable.base}", SUM, True) if variable.base else Code(chosen, ATOM, True)

    def on_reduce_all(self, term: Term) -> Code:
        code, operation = self.term(term.args[0]), term.data[0]
        if operation == "var":
            return Code(f"{code.at(ATOM)}.var(correction=0)")
        if operation == "logsumexp":
            return Code(f"torch.logsumexp({code.text}, dim=-1)")
        return Code(f"{code.at(ATOM)}.{operation}()")

    def on_cases(self, term: Term) -> Code:
        codes = [self.term(item) for item in term.args]
        pairs = (
            list(zip(codes[::2], codes[1::2], strict=False)) if len(codes) % 2 == 0 else list(zip(codes[:-1:2], codes[1:-1:2], strict=True))
        )
        self.math |= len(codes) % 2 == 0
        result = codes[-1] if len(codes) % 2 else Code("math.nan", ATOM, True)
        if len(codes) % 2 == 0 and len(pairs) >= 2 and opposite(term.args[-4], term.args[-2]):
            result = pairs.pop()[1]
            self.math = self.math and any("math." in code.text for code in codes)
        for condition, value in reversed(pairs):
            result = self._where(condition, value, result)
        return result

    def _where(self, condition: Code, value: Code, other: Code) -> Code:
        if condition.plain:
            return Code(f"{value.at(SUM)} if {condition.text} else {other.at(SUM)}", -1, value.plain and other.plain)
        if value.plain and other.plain:
            return Code(f"torch.where({condition.text}, torch.tensor({value.text}, dtype=torch.float64), {other.text})")
        return Code(f"torch.where({condition.text}, {value.text}, {other.text})")

    def on_compare(self, term: Term) -> Code:
        if all(item.op == "index" for item in term.args) and term.args[0].data[0].base == term.args[1].data[0].base:
            names = [self.loop(item.data[0]) for item in term.args]
            return Code(f"{names[0]} {term.data[0]} {names[1]}", COMPARE, True)
        left, right = self._pair(term)
        return Code(f"{left.at(SUM)} {term.data[0]} {right.at(SUM)}", COMPARE, left.plain and right.plain)

    def on_and(self, term: Term) -> Code:
        left, right = self._pair(term)
        if left.plain and right.plain:
            return Code(f"{left.at(SUM)} and {right.at(SUM)}", -1, True)
        return Code(f"{left.at(SUM)} & {right.at(SUM)}", COMPARE)

    def on_or(self, term: Term) -> Code:
        left, right = self._pair(term)
        if left.plain and right.plain:
            return Code(f"({left.at(SUM)} or {right.at(SUM)})", ATOM, True)
        return Code(f"{left.at(SUM)} | {right.at(SUM)}", COMPARE)

    def on_indicator(self, term: Term) -> Code:
        code = self.term(term.args[0])
        return Code(f"int({code.text})", ATOM, True) if code.plain else Code(f"{code.at(ATOM)}.double()")

    def on_call(self, term: Term) -> Code:
        return Code(f"{self.names.of(term.data[0])}({', '.join(self.term(item).text for item in term.args)})")

    def on_gradient(self, term: Term) -> Code:
        point = self.term(term.args[0])
        hole = self.names.of(f"hole:{id(term.data[0].data[0])}", "point")
        value = self.term(term.args[1]).text
        bare = re.fullmatch(rf"(\w+)\({hole}\)", value)  # f itself, not a lambda that calls it
        return Code(f"torch.func.grad({bare.group(1) if bare else f'lambda {hole}: {value}'})({point.text})")

    def on_eye(self, term: Term) -> Code:
        return Code(f"torch.eye({self.size(term.shape[0]).text}, dtype=torch.float64)")

    def on_ones(self, term: Term) -> Code:
        return Code(f"torch.ones({', '.join(self.size(dim).text for dim in term.shape)}, dtype=torch.float64)")

    def on_diagonal_matrix(self, term: Term) -> Code:
        return Code(f"torch.diag({self.term(term.args[0]).text})")

    def on_diagonal(self, term: Term) -> Code:
        return Code(f"torch.diagonal({self.term(term.args[0]).text})")

    def on_trace(self, term: Term) -> Code:
        return Code(f"torch.trace({self.term(term.args[0]).text})")

    def on_det(self, term: Term) -> Code:
        return Code(f"torch.det({self.term(term.args[0]).text})")

    def on_stack(self, term: Term) -> Code:
        codes = [self.term(item) for item in term.args]
        if all(code.plain for code in codes):
            return Code(f"torch.tensor([{', '.join(code.text for code in codes)}], dtype=torch.float64)")
        return Code(f"torch.stack([{', '.join(self._tensor(code) for code in codes)}])")

    def on_matrix(self, term: Term) -> Code:
        codes = [self._tensor(self.term(item)) for item in term.args]
        return Code(f"torch.stack([{', '.join(codes)}]).reshape({term.shape[0]}, {term.shape[1]})")

    def on_concat(self, term: Term) -> Code:
        axis = -1 if term.data[0] == term.rank - 1 else term.data[0]
        return Code(f"torch.cat([{', '.join(self.term(item).text for item in term.args)}], dim={axis})")

    def on_collect(self, term: Term) -> Code:
        name = self.loop(term.data[0])
        text = f"torch.stack([{self.term(term.args[0]).text} for {name} in {self.span(term.data[0])}])"
        self.done(term.data)
        return Code(text)

    def on_concat_range(self, term: Term) -> Code:
        name = self.loop(term.data[0])
        text = f"torch.cat([{self.term(term.args[0]).text} for {name} in {self.span(term.data[0])}], dim=-1)"
        self.done(term.data)
        return Code(text)


def _compound(dim: str) -> bool:
    return dim_atoms(dim) != [dim]
