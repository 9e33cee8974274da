"""Commands that build something: fractions, roots, accents, reductions with bounds, cases and matrices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ._brackets import items_until
from ._notation import ACCENTS, ASIDES, BIG, BRACKETS, CASES, CLOSERS, DOTS, MATRICES, OPENERS, OPERATORS, RELATIONS, UNBOUNDED
from ._tokens import Refusal, Token, shown
from ._tree import NONE, Node, latex

if TYPE_CHECKING:
    from ._parse import Parser


def command(parser: Parser, token: Token) -> Node:
    name = token.text
    if name == "lfloor" and _rounds(parser):
        return items_until(parser, "rceil", token, "\u230a\u2309")
    if name in OPENERS:
        inside = items_until(parser, OPENERS[name], token, BRACKETS[name])
        if inside.text == "{." and len(inside.items) == 1 and inside.items[0].kind == "matrix":
            return replace(inside.items[0], kind="cases")  # a brace on the left only
        return inside
    if name in {"frac", "dfrac", "tfrac", "cfrac"}:
        return Node("fraction", token.at, "", (parser.script(), parser.script()))
    if name == "nicefrac":
        return Node("fraction", token.at, "", (parser.script(), parser.script()))
    if name == "sqrt":
        degree = None
        if parser.peek().text == "[":
            degrees = items_until(parser, "]", parser.take(), "[]").items
            if len(degrees) != 1:
                raise Refusal("a root has one degree", token.at)
            degree = degrees[0]
        body = parser.script()
        return Node("root", token.at, "", (body,) if degree is None else (body, degree))
    if name in ACCENTS:
        inner = parser.script()
        if inner.kind == "script" and inner.items[0].kind in {"symbol", "accent"}:
            base, below, above = inner.items
            return Node("script", token.at, "", (Node("accent", token.at, ACCENTS[name], (base,)), below, above), inner.tag)
        return Node("accent", token.at, ACCENTS[name], (inner,))
    if name in BIG:
        return big(parser, name, token)
    if name == "arg" and parser.peek().text in {"max", "min"}:
        return big(parser, "arg" + parser.take().text, token)
    if name == "begin":
        return environment(parser, token)
    if name in DOTS:
        return Node("dots", token.at)
    if name in ASIDES:
        return aside(parser, token)
    if name in {"substack"}:
        return parser.script()
    if name in {"binom", "dbinom", "tbinom"}:
        pair = Node("group", token.at, "()", (parser.script(), parser.script()), (",",))
        return Node("call", token.at, "()", (Node("symbol", token.at, "\\binom", (), ("",)), pair))
    if name == "left.":
        return evaluated(parser, token)
    if name in CLOSERS or name == "}":
        raise Refusal(f"{shown(token)} closes nothing", token.at)
    if name in OPERATORS or name in RELATIONS:
        raise Refusal(f"{shown(token)} has nothing on its left", token.at)
    if name in {"lbrace", "rbrace", "over", "atop", "choose"}:
        raise Refusal(f"\\{name} is not supported", token.at)
    if name in {"#", "%", "&"}:
        return Node("symbol", token.at, "\\" + name, (), ("",))
    if not name[0].isalpha() or name in {"end", "limits", "middle"}:
        raise Refusal(f"\\{name} is not supported here", token.at)
    return parser.called(Node("symbol", token.at, "\\" + name, (), (token.font,)))


def _rounds(parser: Parser) -> bool:
    """Whether \\rceil closes what \\lfloor opened: the nearest whole number."""
    depth = 0
    for token in parser.tokens[parser.place :]:
        depth += {"lfloor": 1, "lceil": 1, "rfloor": -1, "rceil": -1}.get(token.text, 0)
        if depth < 0:
            return token.text == "rceil"
    return False


def aside(parser: Parser, token: Token) -> Node:
    """Braces and notes over or under an expression: the expression counts, the note does not."""
    first = parser.script()
    if token.text in {"underset", "overset", "stackrel"}:
        second = parser.script()
        if second.kind == "big" and second.items[2].kind == "none" and second.items[:2] == (NONE, NONE):
            second = Node("symbol", second.at, second.text, (), ("",))
        under = token.text == "underset"
        if under and second.kind == "symbol" and (second.text in BIG or second.text.removeprefix("\\") in BIG):
            return reduction(parser, second.text.removeprefix("\\"), token, first, NONE)
        if under:
            return Node("script", token.at, "", (second, first, NONE))
        return Node("accent", token.at, f"{token.text}{{{latex(first)}}}", (second,))
    parser.ignored += _note(parser)
    return Node("group", token.at, "{}", (first,), ())


def _note(parser: Parser) -> list[Token]:
    """What a brace under or over an expression is called: read, and left out of the tree."""
    start = parser.place
    parser.bounds()
    return parser.tokens[start : parser.place]


def evaluated(parser: Parser, token: Token) -> Node:
    r"""\left. f(x) \right|_{x = 0}: an expression, and the point at which it is meant."""
    body = parser.relation()
    if parser.peek().text != "right|":
        raise Refusal("a bar of evaluation is missing", token.at)
    parser.take()
    return Node("evaluated", token.at, "", (body, *parser.bounds()))


def big(parser: Parser, name: str, token: Token) -> Node:
    """A reduction with bounds; its body runs to the end of the product. max(a, b) without bounds is a call."""
    below, above = parser.bounds()
    return reduction(parser, name, token, below, above)


def reduction(parser: Parser, name: str, token: Token, below: Node, above: Node) -> Node:
    """A reduction once its bounds are read: its body, or its arguments where it has no bounds."""
    following = parser.peek()
    if name in {"max", "min", "argmax", "argmin"} and below.kind == "none" and above.kind == "none":
        function = Node("symbol", token.at, name, (), ("",))
        if following.text in {"(", "[", "{"}:
            argument = parser.atom()
            if argument.kind != "group":
                argument = Node("group", argument.at, "()", (argument,), ())
            return Node("call", token.at, "()", (function, argument))
        if parser.starts_factor(following):
            return Node("call", token.at, "", (function, parser.factor()))
        return function
    if not (parser.starts_factor(following) or parser.is_symbol("-")):
        if name in UNBOUNDED:
            return Node("big", token.at, name, (below, above, NONE))
        raise Refusal(f"{name} has no body", token.at)
    if name in {"max", "min", "argmax", "argmin"} and following.text in {"(", "[", "{"} and following.kind != "open":
        body = parser.factor()  # max_i (a, ...) holds exactly its bracket
    elif parser.is_symbol("-"):
        minus = parser.take()
        body = Node("sum", minus.at, "", (parser.product(),), ("-",))
    else:
        body = parser.product()
    return Node("big", token.at, name, (below, above, body))


def environment(parser: Parser, token: Token) -> Node:
    name = _brace_name(parser)
    if (name == "array" or name == "subarray") and parser.peek().kind == "open":
        _brace_name(parser)
    if name not in MATRICES | CASES:
        raise Refusal(f"the environment {name} is not supported inside an equation", token.at)
    rows: list[Node] = []
    cells: list[Node] = []
    parser.deeper()
    while True:
        here = parser.peek()
        if here.kind == "end":
            raise Refusal(f"\\begin{{{name}}} is never ended", token.at)
        if here.text == "end" and here.kind == "command":
            parser.take()
            _brace_name(parser)
            break
        if here.kind == "row":
            parser.take()
            if cells:
                rows.append(Node("row", cells[0].at, "", tuple(cells)))
            cells = []
        elif here.kind == "cell" or (here.text in {",", ";", "."} and here.kind == "symbol"):
            parser.take()
        elif here.kind == "text":
            parser.take()
            cells.append(Node("text", here.at, here.text))
        elif here.text in {"lvert"}:
            parser.take()
        else:
            cells.append(parser.relation())
    if cells:
        rows.append(Node("row", cells[0].at, "", tuple(cells)))
    parser.depth -= 1
    if not rows:
        raise Refusal(f"the environment {name} is empty", token.at)
    return Node("cases" if name in CASES else "matrix", token.at, name, tuple(rows))


def _brace_name(parser: Parser) -> str:
    if parser.peek().kind != "open":
        raise Refusal("the name of an environment is missing", parser.peek().at)
    parser.take()
    text = ""
    while parser.peek().kind not in {"close", "end"}:
        text += parser.take().text
    parser.take()
    return text
