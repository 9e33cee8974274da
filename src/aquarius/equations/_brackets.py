"""What stands between brackets: expressions with the commas, semicolons and bars between them, nothing dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._notation import RELATIONS
from ._tokens import Refusal, Token, shown
from ._tree import NONE, Node

if TYPE_CHECKING:
    from ._parse import Parser


_MARKS = {"cdot", "prime", "circ", "odot", "top", "ast", "star", "bullet", "dagger", "times"}
_HALF_OPEN = {"]": ")", ")": "]"}


def items_until(parser: Parser, stop: str, opened: Token, bracket: str = "") -> Node:
    """Items up to the closing brace (stop = "close") or bracket; one item is itself, several are a group with their separators."""
    parser.deeper()
    items: list[Node] = []
    separators: list[str] = []
    bars, parser.bars = parser.bars, []
    while not stops(parser, stop):
        token = parser.peek()
        full = bool(items) and len(separators) < len(items)
        if token.kind == "end":
            raise Refusal(f"{shown(opened)} is opened and never closed", opened.at)
        if full and separators == [","] and token.kind == "symbol" and token.text == _HALF_OPEN.get(stop):
            bracket = bracket[0] + token.text  # [0, 1)
            break
        if stop == "}" and token.text == "right.":
            bracket = "{."  # a brace on the left only
            break
        separator = _separator(parser, token, stop, items, full)
        if separator:
            parser.place += 1
            separators.append(separator)
        elif token.kind == "text":
            parser.place += 1
            items.append(Node("text", token.at, token.text))
        elif full and items[-1].kind != "text":
            _after(parser, token, stop, items)
        else:
            items.append(_item(parser, token, stop))
    parser.take()
    parser.bars = bars
    parser.depth -= 1
    if stop == "close" and len(items) == 1 and not separators:
        return items[0]
    return Node("group", opened.at, bracket or "{}", tuple(items), tuple(separators))


def _separator(parser: Parser, token: Token, stop: str, items: list[Node], full: bool) -> str:
    """What separates items, where the token does; a bar is one only behind an item: in front of one it opens a norm."""
    if token.kind == "row":
        return ";"
    if token.text in {",", ";", ":"} and token.kind == "symbol" and RELATIONS.get(":" + parser.peek(1).text) is None:
        if token.text == ":" and not items and stop == "close" and parser.peek(1).kind == "letter" and stops(parser, stop, 2):
            items.append(_symbol(token, ":"))  # H_{:t}
            return ","
        whole_axis = token.text == ":" and not full and (stops(parser, stop, 1) or parser.peek(1).text == ",")
        return "" if whole_axis else token.text
    if token.text in {"|", "\\|"} and full:
        return "|"
    if token.text == "|" and not items and stop != "close" and not parser.bar_opens("|"):
        items.append(NONE)  # pi(|s): what is printed is kept, and refused where it is computed
        return "|"
    return ""


def _after(parser: Parser, token: Token, stop: str, items: list[Node]) -> None:
    """A mark directly behind an item: B* in a script, the full stop of a sentence that ends inside braces."""
    if token.kind != "symbol" or not stops(parser, stop, 1) or token.text not in {"*", "+", "-", "."}:
        raise Refusal(f"{shown(token)} is out of place here", token.at)
    parser.place += 1
    if token.text != ".":
        items[-1] = Node("product", items[-1].at, "", (items[-1], _symbol(token, token.text)), ("",))


def _item(parser: Parser, token: Token, stop: str) -> Node:
    """One item: a lone mark (a star, a prime, the colon of a whole axis), or an expression."""
    last = stops(parser, stop, 1)
    if token.kind == "symbol" and (
        token.text == ":" or (token.text in {"*", "+", "-", "\u22c5"} and (last or (token.text == "*" and parser.peek(1).text == ",")))
    ):
        parser.place += 1
        return _symbol(token, token.text)
    lone = last or parser.peek(1).text in {"|", ","} or token.text in {"circ", "prime", "odot"}
    if token.text not in _MARKS or not lone:
        return parser.relation()
    parser.place += 1
    mark = _symbol(token, "\\" + token.text)
    if stops(parser, stop) or parser.peek().text in {",", ";", "|"}:
        return mark
    rest = parser.product()
    tail = rest.items if rest.kind == "product" else (rest,)
    return Node("product", token.at, "", (mark, *tail), ("", *(rest.tag if rest.kind == "product" else ())))


def _symbol(token: Token, text: str) -> Node:
    return Node("symbol", token.at, text, (), ("",))


def stops(parser: Parser, stop: str, ahead: int = 0) -> bool:
    """Whether what is read ends here: at a closing brace, or at the text `stop`."""
    token = parser.peek(ahead)
    return token.kind == "close" if stop == "close" else token.text == stop and token.kind in {"symbol", "command"}
