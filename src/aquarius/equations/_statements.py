"""A display to statements: equations, ranges of indices and memberships told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ._bracketed import join_names
from ._lexicon import words as _words
from ._parse import Parser
from ._rows import has_relation, joined_rows, outer, segments, undollared, unnumbered
from ._tokenize import tokenize
from ._tokens import Refusal, Token
from ._tree import Node, walk

_NEUTRAL = {"in which", "where,", "and then", "with:", "where:"} | _words("where with and here so then thus hence let respectively given")
_REMARK = re.compile(r"(by|using|from|due to|assuming|recall|note|see|since|because|this|we|this is)\b")
_CLAUSE = {"for", "for all", "for every", "for each", "forall"}


@dataclass(frozen=True, slots=True)
class Statement:
    """What one piece of a display says.

    equation (a relation or an expression alone) · range (i = 1, ..., n: index, lower, upper) · member (x in a set: said, not computed) ·
    open (read, and says something that code cannot carry: why)
    """

    kind: str
    node: Node
    lower: Node | None = None
    upper: Node | None = None
    why: str = ""


def statements(latex: str, words: frozenset[str] = frozenset(), names: dict[tuple[str, ...], str] | None = None) -> list[Statement]:
    """Parse a display into its statements, in the order printed.

    Raises:
        Refusal: it cannot be read, or says something that code cannot carry.
    """
    found = read_display(latex, words, names)
    for statement in found:
        if statement.kind == "open":
            raise Refusal(statement.why, statement.node.at)
        for node in walk(statement.node):
            why = _no_computation(node)
            if why:
                raise Refusal(why, node.at)
    if not any(statement.kind == "equation" for statement in found):
        raise Refusal("there is nothing to compute in the display", found[0].node.at if found else 0)
    return found


def read_display(latex: str, words: frozenset[str] = frozenset(), names: dict[tuple[str, ...], str] | None = None) -> list[Statement]:
    """Parse a display into its statements, those among them that code cannot carry.

    Raises:
        Refusal: it cannot be read.
    """
    tokens = outer(undollared(tokenize(latex, words)))
    if names:
        tokens = join_names(tokens, names)
    found: list[Statement] = []
    for row in joined_rows(tokens):
        found.extend(_statements_of(row, words))
    return [_beside(statement, found) for statement in found]


def _beside(statement: Statement, found: list[Statement]) -> Statement:
    """An expression alone is a statement of its own only where no equation stands beside it: it may go on from another row."""
    alone = statement.kind == "equation" and statement.node.kind != "relation"
    if alone and any(other.kind == "equation" and other.node.kind == "relation" for other in found):
        return replace(statement, kind="open", why="an expression stands alone beside an equation")
    return statement


def _no_computation(node: Node) -> str:
    """Why a construct that can be read cannot be computed; "" where it can."""
    if node.kind == "sum":
        sign = next((sign for sign in node.tag if sign in {"\\pm", "\\mp"}), "")
        return f"{sign} means two values at once" if sign else ""
    return "a condition stands behind a bar without brackets" if node.kind == "given" else ""


def parse_name(latex: str, words: frozenset[str] = frozenset()) -> Node:
    """Parse one declared name or one short expression."""
    return Parser(tokenize(latex, words), words).whole()


def _statements_of(row: list[Token], words: frozenset[str]) -> list[Statement]:
    found: list[Statement] = []
    pieces = segments(unnumbered(row))
    position = 0
    while position < len(pieces):
        tokens, before = pieces[position]
        empty = all(token.kind in {"align", "space"} for token in tokens)
        if before and before not in _NEUTRAL | _CLAUSE | {","} and not _REMARK.match(before):
            found.append(_in_words(row, before))
        if empty:
            break
        node = _parsed(tokens, words)
        spread = _spread(node)
        if spread is not None:
            found.append(spread)
            position += 1
            continue
        last = _range_end(pieces, position, node)
        following = pieces[position + 1] if position + 1 < len(pieces) else None
        if last:
            found.append(Statement("range", node.items[0], node.items[1], _parsed(pieces[last][0], words)))
            position = last
        elif node.kind == "relation" and node.tag == ("~",) and found:
            found.append(Statement("member", node))  # epsilon ~ N(0, I): said of a value that is given
        elif node.kind == "relation" and node.tag[0] == "in":
            found.append(_member(node))
        elif before in _CLAUSE:
            found.append(Statement("open", node, why="a clause after 'for' is not understood"))
        elif node.kind != "relation" and following is not None and has_relation(following[0]) and following[1] == ",":
            found.append(_paired(node, _parsed(following[0], words)))
            position += 1
        elif node.kind != "relation" and found:
            found.append(Statement("open", node, why="an expression stands alone after an equation"))
        else:
            found.append(Statement("equation", node))
        position += 1
    return found


def _in_words(row: list[Token], before: str) -> Statement:
    places = (token.at for token in row if token.kind in {"text", "word"} and token.text.strip().rstrip(",:").lower() in before)
    said = Node("text", next(places, row[0].at), before)
    return Statement("open", said, why=f"'{before}' states a condition in words that code cannot carry")


def _paired(node: Node, rest: Node) -> Statement:
    """a, b = f(x): the names of one left side."""
    if rest.kind != "relation" or rest.tag[0] != "=":
        both = Node("group", node.at, "()", (node, rest), (",",))
        return Statement("open", both, why="an expression stands alone beside an equation")
    left = Node("group", node.at, "()", (node, rest.items[0]), (",",))
    return Statement("equation", Node("relation", node.at, "", (left, *rest.items[1:]), rest.tag))


def _range_end(pieces: list[tuple[list[Token], str]], position: int, node: Node) -> int:
    """Where i = 1, 2, ..., n ends, as a place among the segments; 0 where no such clause stands here."""
    if node.kind != "relation" or node.tag != ("=",) or node.items[1].kind not in {"number", "symbol"}:
        return 0
    place = position + 1
    while place < min(len(pieces) - 1, position + 3) and pieces[place][1] == ",":
        if _is_dots(pieces[place][0]):
            return place + 1 if pieces[place + 1][1] == "," and not has_relation(pieces[place + 1][0]) else 0
        if has_relation(pieces[place][0]):
            return 0
        place += 1
    return 0


def _spread(node: Node) -> Statement | None:
    """i = 1 ... n, printed without commas."""
    if node.kind != "relation" or node.tag != ("=",) or node.items[0].kind != "symbol" or node.items[1].kind != "product":
        return None
    values = node.items[1]
    if len(values.items) != 3 or any(values.tag) or values.items[1].kind != "dots":
        return None
    return Statement("range", node.items[0], values.items[0], values.items[2])


def _member(node: Node) -> Statement:
    """i \\in {1, ..., n} is a range; W \\in R^{n x d} is a remark."""
    right = node.items[1]
    if right.kind == "group" and right.text in {"{}", "[]"} and len(right.items) >= 3 and any(item.kind == "dots" for item in right.items):
        return Statement("range", node.items[0], right.items[0], right.items[-1])
    return Statement("member", node)


def _is_dots(tokens: list[Token]) -> bool:
    return all(token.text in {"dots", "ldots", "cdots", ".", "dotsc"} or token.kind in {"align", "space"} for token in tokens)


def _parsed(tokens: list[Token], words: frozenset[str]) -> Node:
    return Parser(list(tokens), words).whole()
