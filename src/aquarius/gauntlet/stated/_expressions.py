"""A stated equation as a tree of operations on atoms, read without any declaration of shapes; what it does not know it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ._spellings import GREEK as LETTERS

GREEK = LETTERS | {"Delta", "Gamma", "ell"}
FUNCTIONS = frozenset(
    [
        "log",
        "ln",
        "exp",
        "sqrt",
        "tanh",
        "sin",
        "cos",
        "sigmoid",
        "softmax",
        "softplus",
        "relu",
        "sg",
        "clip",
        "clamp",
        "stopgrad",
        "abs",
        "sign",
        "logsumexp",
        "log_softmax",
    ]
)
OF_WEIGHTS = ("_\\theta", "_\\phi", "_\\psi")  # marks of a function with these weights
SCALARS = frozenset(["\\alpha", "\\beta", "\\gamma", "\\lambda", "\\tau", "\\epsilon", "\\eta", "\\kappa", "\\Delta", "\\delta"])
_SPACING = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|quad|qquad)(?![a-zA-Z])|\\[,;:! ]|~|\\(?:mathbf|boldsymbol|bm|vec)(?![a-zA-Z])"
)
_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|\S")
_DECORATION = re.compile(r"^(?:[+\-*]|w|l|s|t|\\ast|\\star|\\prime|\(.*\)|\\text\{.*\}|\\mathrm\{.*\}|[A-Za-z]{2,})$")


class Unreadable(Exception):
    """The display has something that this reader does not know."""


@dataclass(frozen=True)
class Node:
    """One operation: `kind` is number, atom, add, mul, div, pow, call, sum, mean, prod, max, min, norm, less; `name` its number, atom or function."""

    kind: str
    name: str = ""
    parts: tuple[Node, ...] = ()
    signs: tuple[int, ...] = ()
    index: str = ""  # of a reduction: the letters it runs over; of an atom: its decorations
    shift: int = 0  # of an atom: the k of t+k
    other: bool = False  # of a sum: the free element is left out

    def atoms(self) -> Iterator[Node]:
        """Yield the atoms, in the order in which they are printed."""
        if self.kind == "atom":
            yield self
        for part in self.parts:
            yield from part.atoms()

    def reductions(self) -> Iterator[Node]:
        """Yield what runs over an axis."""
        if self.kind in ("sum", "mean", "norm", "prod") or self.name in ("softmax", "logsumexp", "log_softmax"):
            yield self
        for part in self.parts:
            yield from part.reductions()


@dataclass(frozen=True)
class Display:
    """The expressions that a display gives, the names on their left, and the numbers it states."""

    results: tuple[tuple[Node | None, Node], ...]
    numbers: dict[str, float] = field(default_factory=dict)


def number(value: float) -> Node:
    """Return a number."""
    return Node("number", repr(float(value)))


def label(atom: Node) -> str:
    """Return what tells an atom from another: base and decorations, without its shift."""
    return atom.name + "|" + atom.index


def complex_parts(node: Node) -> tuple[Node, Node] | None:
    """Return the real and the imaginary part of a + i b, None where it is no such sum."""
    if node.kind != "add" or len(node.parts) != 2 or node.parts[1].kind != "mul" or node.parts[1].parts[0] != Node("atom", "i"):
        return None
    rest = node.parts[1].parts[1:]
    return node.parts[0], _product(list(rest))


def expects(node: Node) -> bool:
    """Say whether an expectation stands in an expression."""
    return (node.kind == "mean" and node.name == "E") or any(map(expects, node.parts))


def without_expectations(node: Node, inside: bool = True) -> Node:
    """Return an expression without its expectations; `inside`: only without those that stand in another one."""
    here = node.name == "E" and node.kind == "mean"
    parts = tuple(without_expectations(part, inside and not here) for part in node.parts)
    return parts[0] if here and not inside else replace(node, parts=parts)


def read(latex: str, wide: bool = False) -> Display:
    """Read a display; `wide`: a sum takes all that follows, not only the product beside it.

    Raises:
        Unreadable: something in it is unknown.
    """
    text = _SPACING.sub(" ", latex)
    text = re.sub(r"\\[td]frac(?![a-zA-Z])", r"\\frac", text)
    text = re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\langle(.*?),(.*?)\\rangle", r"{\1}^\\top {\2}", text)
    text = re.sub(r"\\(?:mathbb|mathbf)\s*(?:1|\{1\})|(?<![\d.])1(?=\s*\[)", r"\\chi", text)
    text = re.sub(r"\\(?:lVert|rVert|Vert|\|)", "‖", text)
    text = re.sub(r"\\[lr]vert(?![a-zA-Z])", "|", text)
    text = re.sub(r"\\text\{\s*(?:with|where|for|and)[^}]*\}|(?<![a-zA-Z\\])where(?![a-zA-Z])", ",", text)
    whole = re.fullmatch(r"\s*\((.*)\)\s*", text)
    if whole and len(_split(whole[1], ",")) > 1 and min(_depths(whole[1])) >= 0:
        text = whole[1]
    pieces = [piece for piece in _split(text, ",;") if piece.strip(" .")]
    numbers: dict[str, float] = {}
    results: list[tuple[Node | None, Node]] = []
    for place, piece in enumerate(pieces):
        sides = _split(piece.replace(r"\leftarrow", "=").replace(r"\triangleq", "=").replace(":=", "="), "=")
        if len(sides) == 1 and place and re.search(r"\\sim|\\in|\\le|\\ge|\\text|<|>|\\dots", piece):
            continue
        left = _atom_of(sides[0]) if len(sides) > 1 else None
        body = _Parser(sides[-1] if len(sides) > 1 else piece, wide).whole()
        if left is not None and body.kind == "number":
            numbers[label(left)] = float(body.name)
        elif left is not None and place and any(_means(left, atom) for _, node in results for atom in node.atoms()):
            results = [(side, _put(node, left, body)) for side, node in results]
        else:
            results.append((left, body))
    if not results:
        raise Unreadable("it defines nothing")
    return Display(tuple(results), numbers)


def _means(left: Node, atom: Node) -> bool:
    """Say whether an atom is what a definition's left side names: equal but for indices that follow."""
    return left.name == atom.name and (label(atom).startswith(label(left)) or _bare(left) == _bare(atom)) and atom.shift == left.shift


def _bare(atom: Node) -> str:
    """Return the decorations without indices of small letters."""
    return re.sub(r"_\{?[i-np-tx-z]+\}?$", "", atom.index)


def _put(node: Node, left: Node, body: Node) -> Node:
    if node.kind == "atom" and _means(left, node):
        return body
    return replace(node, parts=tuple(_put(part, left, body) for part in node.parts))


def _depths(text: str) -> list[int]:
    """Return how many parentheses are open after each letter."""
    depth, found = 0, [0]
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        found.append(depth)
    return found


def _split(text: str, marks: str) -> list[str]:
    """Split at marks outside all brackets."""
    depth, found = 0, [""]
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter in marks and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return found


def _atom_of(text: str) -> Node | None:
    try:
        node = _Parser(text, False).whole()
    except Unreadable:
        return None
    return node if node.kind == "atom" else None


class _Parser:
    """A descent over the tokens of one expression."""

    def __init__(self, text: str, wide: bool) -> None:
        self.tokens, self.at, self.wide = _TOKEN.findall(text), 0, wide
        self.bars = 0  # open signs of absolute value

    def whole(self) -> Node:
        node = self.sum()
        if self.peek():
            raise Unreadable(f"{self.peek()} is unknown here")
        return node

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise Unreadable(f"{wanted or 'something'} is missing")
        self.at += 1
        return token

    def sum(self) -> Node:
        signs, parts = [], []
        sign = 1
        if self.peek() in ("+", "-"):
            sign = -1 if self.take() == "-" else 1
        while True:
            signs.append(sign)
            parts.append(self.product())
            if self.peek() not in ("+", "-"):
                break
            sign = -1 if self.take() == "-" else 1
        return parts[0] if len(parts) == 1 and signs == [1] else Node("add", parts=tuple(parts), signs=tuple(signs))

    def product(self) -> Node:
        parts = [self.factor()]
        while (token := self.peek()) and token not in "+-)]},=;" and token not in ("\\}", "\\mid"):
            if self.bars and token in ("‖", "|"):
                break
            if token in ("\\cdot", "\\odot", "\\times", "*"):
                self.take()
                continue
            if token == "/":
                self.take()
                parts = [Node("div", parts=(_product(parts), self.factor()))]
                continue
            if token == "\\sum" and parts[-1].kind == "div" and (scale := _per_size(parts[-1])) is not None:
                inner = self.factor()
                if inner.kind == "sum" and not inner.other:
                    parts[-1] = scale
                    parts.append(replace(inner, kind="mean"))
                    continue
                parts.append(inner)
                continue
            parts.append(self.factor())
        return _product([part for part in parts if part != number(1.0)] or [number(1.0)])

    def factor(self) -> Node:
        node = self.primary()
        while self.peek() == "^":
            self.take()
            power = self.group()
            if "".join(power) in ("\\top", "T"):
                return Node("sum", parts=(_product([node, self.factor()]),), index="feature")
            if "".join(power) == "2" and node.kind == "norm":
                node = replace(node, name="square")
                continue
            node = Node("pow", parts=(node, _Parser(" ".join(power), self.wide).whole()))
        return node

    def group(self) -> list[str]:
        """Return the tokens of a braced group or the single token."""
        if self.peek() != "{":
            return [self.take()]
        self.take()
        depth, found = 1, []
        while depth:
            token = self.take()
            depth += (token == "{") - (token == "}")
            found.append(token)
        return found[:-1]

    def inner(self) -> Node:
        return _Parser(" ".join(self.group()), self.wide).whole()

    def primary(self) -> Node:
        token = self.take()
        if re.fullmatch(r"\d+(\.\d+)?", token):
            return number(float(token))
        if token in ("(", "[", "{", "\\{"):
            closing = {"(": ")", "[": "]", "{": "}", "\\{": "\\}"}[token]
            bars, self.bars = self.bars, 0
            node = self.sum()
            self.bars = bars
            self.take(closing)
            return node
        if token in ("|", "‖"):
            self.bars += 1
            node = self.sum()
            self.bars -= 1
            self.take(token)
            if token == "|":
                return Node("call", "abs", (node,))
            if self.peek() == "_":
                self.take()
                if "".join(self.group()) != "2":
                    raise Unreadable("a norm that is not Euclidean")
            return Node("norm", "root", (node,), index="norm")
        if token == "\\frac":
            return Node("div", parts=(self.inner(), self.inner()))
        if token in ("\\sum", "\\max", "\\min", "\\prod"):
            return self.reduced(token[1:])
        if self.expects(token):
            return self.expectation()
        if token == "\\chi" and self.peek() in ("[", "(", "\\{", "{", "_"):
            return self.indicator()
        name = self.name_of(token)
        if name in FUNCTIONS or (name == "\\sigma" and self.peek() in ("(", "[") and self.peek(1) != "t"):
            return self.call("sigmoid" if name == "\\sigma" else name)
        return self.atom(name)

    def name_of(self, token: str) -> str:
        if token in ("\\mathrm", "\\operatorname", "\\text", "\\mathcal"):
            name = "".join(self.group())
            lower = name.lower()
            return {"stopgrad": "sg", "clamp": "clip"}.get(lower, lower) if lower in FUNCTIONS else name
        if token in ("\\hat", "\\tilde", "\\bar"):
            return token + " " + self.name_of(self.group_token())
        if token.startswith("\\"):
            if token[1:] in FUNCTIONS:
                return "log" if token == "\\ln" else token[1:]
            if token[1:] not in GREEK:
                raise Unreadable(token)
            return token
        if not token.isalpha():
            raise Unreadable(token)
        return token

    def group_token(self) -> str:
        inside = self.group()
        if len(inside) != 1:
            raise Unreadable("an accent over more than one symbol")
        return inside[0]

    def is_plain_argument(self) -> bool:
        """Say whether what stands in the parentheses ahead is an argument: symbols and commas, and no sum."""
        depth, content = 0, []
        for token in self.tokens[self.at :]:
            depth += (token in "([{") - (token in ")]}")
            content.append(token)
            if depth == 0:
                break
        text = " ".join(content[1:-1])
        text = re.sub(r"_ \{[^{}]*\}|_ \S+|\^ \{[^{}]*\}|\^ \S+", "", text)
        return "+" not in text and "-" not in text and "\\frac" not in text and "/" not in text

    def call(self, name: str) -> Node:
        if self.peek() == "_":
            self.take()
            self.group()
        power = None
        if self.peek() == "^":
            self.take()
            power = self.inner()
        if name == "sqrt":
            body = self.inner()
        elif name == "clip":
            return self.clipped()
        elif name in ("log", "sin", "cos") and self.peek() not in ("(", "["):
            kept = self.at
            parts = [self.factor()]
            if self.peek() == "\\sum":  # log 1/K sum: the logarithm is of the mean
                self.at = kept
                parts = [self.product()]
            while parts[0].kind == "number" and self.peek() == "\\pi":
                parts.append(self.factor())
            body = _product(parts)
        else:
            body = self.factor()
        node = body if name in ("sg", "stopgrad") else Node("call", name, (body,), index=name if "soft" in name or "sum" in name else "")
        return node if power is None else Node("pow", parts=(node, power))

    def clipped(self) -> Node:
        parts = self.listed()
        if len(parts) != 3:
            raise Unreadable("clip of other than three")
        return Node("max", parts=(Node("min", parts=(parts[0], parts[2])), parts[1]))

    def expects(self, token: str) -> bool:
        """Say whether an expectation begins with this token, and step to what follows its letter."""
        kept = self.at
        named = token in ("\\mathbb", "\\mathrm", "\\operatorname") and "".join(self.group()) == "E"
        if named and (token == "\\mathbb" or self.peek() in ("_", "[", "‖", "(")):
            return True
        self.at = kept
        return False

    def expectation(self) -> Node:
        """Read what is expected: all in brackets, or the product that follows."""
        if self.peek() == "_":
            self.take()
            self.group()
        body = self.primary() if self.peek() in ("[", "(", "\\{") else self.product()
        return Node("mean", "E", (body,), index="all")

    def indicator(self) -> Node:
        if self.peek() == "_":
            self.take()
        text = " ".join(self.group()) if self.peek() == "{" else self.bracketed("[(", "])")
        found = re.fullmatch(r"(.+?)\s*(<|>|\\leq?|\\geq?)\s*(.+)", text)
        if found is None:
            raise Unreadable("an indicator")
        left, right = (_Parser(side, self.wide).whole() for side in (found[1], found[3]))
        return Node("less", parts=(left, right) if "<" in found[2] or "\\l" in found[2] else (right, left))

    def listed(self) -> list[Node]:
        opening = self.take()
        closing = {"(": ")", "[": "]", "{": "}", "\\{": "\\}"}.get(opening)
        if closing is None:
            raise Unreadable(opening)
        bars, self.bars = self.bars, 0
        parts = [self.sum()]
        while self.peek() in (",", ";"):
            self.take()
            parts.append(self.sum())
        self.bars = bars
        self.take(closing)
        return parts

    def reduced(self, kind: str) -> Node:
        index = last = ""
        while self.peek() in ("_", "^"):
            mark = self.take()
            content = "".join(self.group())
            index, last = (content, last) if mark == "_" else (index, content)
        if kind not in ("sum", "prod") and not index:
            parts = self.listed()
            return Node(kind, parts=tuple(parts)) if len(parts) > 1 else parts[0]
        if kind not in ("sum", "prod") or re.search(r"\\in[A-Z]|\\in\\|\\[gl]eq?|<|>", re.sub(r"\\in(?=P|B|\\mathcal)", "", index)):
            raise Unreadable(f"a {kind} over {index or 'nothing'}")
        other = "\\neq" in index or "\\ne" in index
        letters = re.match(r"[A-Za-z]*", index)
        if letters is None or (index and not letters[0]):
            raise Unreadable("the index of a sum")
        body = self.sum() if self.wide else self.product()
        return Node(
            kind, "up to" if kind == "prod" and last in ("t", "i", "s", "l") else "", (body,), index=letters[0] or "all", other=other
        )

    def atom(self, name: str) -> Node:
        decorations, shift = [], 0
        while True:
            token = self.peek()
            if token == "_":
                self.take()
                inside = "".join(self.group())
                text, shift = _shifted(inside, shift)
                decorations.append("_" + text.replace("\\mathrm", "").replace("\\text", ""))
            elif token == "^" and (what := self.superscript(name)):
                decorations.append("^" + what)
            elif token == "'":
                self.take()
                decorations.append("'")
            elif token == "(" and (name not in (*SCALARS, "i") or "".join(decorations[-1:]) in OF_WEIGHTS) and self.is_plain_argument():
                content = self.bracketed()
                text, shift = _shifted(content, shift)
                decorations.append("(" + text + ")")
            else:
                return Node("atom", name, index="".join(decorations), shift=shift)

    def bracketed(self, opening: str = "(", closing: str = ")") -> str:
        depth, found = 0, []
        while True:
            token = self.take()
            depth += (token in opening) - (token in closing)
            found.append(token)
            if depth == 0:
                return (" " if len(opening) > 1 else "").join(found[1:-1])

    def superscript(self, name: str) -> str:
        """Take a superscript that is a part of the name, "" where it is a power."""
        kept = self.at
        self.take()
        inside = "".join(self.group())
        if _DECORATION.match(inside) and not (inside in ("s", "t", "l", "w") and name in (*SCALARS, "\\sigma", "e")):
            return inside
        self.at = kept
        return ""


def _shifted(text: str, before: int) -> tuple[str, int]:
    """Return an index without its "+1" and by how much it shifts."""
    found = re.search(r"(?<=[a-z])([+-])(\d)", text)
    if found is None:
        return text, before
    return re.sub(r"(?<=[a-z])[+-]\d", "", text), int(found[1] + found[2])


def _product(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Node("mul", parts=tuple(parts))


def _per_size(quotient: Node) -> Node | None:
    """Return c of a quotient c/N whose N counts what the sum beside it runs over, None where it is another quotient."""
    above, below = quotient.parts
    factors = below.parts if below.kind == "mul" else (below,)
    sizes = [part for part in factors if _is_size(part)]
    rest = [part for part in factors if not _is_size(part)]
    if not sizes or any(part.kind != "number" for part in rest):
        return None  # N in \\frac{1}{N+1} is no mean
    scale = above if not rest else Node("div", parts=(above, _product(rest)))
    return scale


def _is_size(part: Node) -> bool:
    if part.kind == "call" and part.name == "abs" and part.parts[0].kind == "atom":
        return part.parts[0].name in ("B", "P", "D", "S", "A", "y", "o")
    return part.kind == "atom" and not part.index and part.name in ("N", "B", "K", "T", "M", "n", "D", "H", "Q", "d")
