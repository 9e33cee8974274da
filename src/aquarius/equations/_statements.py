"""A display to statements: outer environments off, rows joined where one continues the other, clauses and prose told apart from equations."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ._parse import RELATIONS, Parser
from ._tokens import Refusal, Token, tokenize
from ._tree import Node

_OUTER = {
    "equation",
    "align",
    "aligned",
    "alignedat",
    "split",
    "gather",
    "gathered",
    "multline",
    "eqnarray",
    "displaymath",
    "alignat",
    "flalign",
    "math",
    "array",
}
_CONTINUES = {"+", "-", "=", "cdot", "times", "odot", "*", "/"}
_NEUTRAL = {
    "where",
    "with",
    "and",
    "here",
    "so",
    "then",
    "thus",
    "hence",
    "let",
    "in which",
    "where,",
    "and then",
    "with:",
    "where:",
    "respectively",
    "given",
}
_REMARK = re.compile(r"(by|using|from|due to|assuming|recall|note|see|since|because|this|we|this is)\b")
_CLAUSE = {"for", "for all", "for every", "for each", "forall"}


@dataclass(frozen=True, slots=True)
class Statement:
    """`equation` (a relation or an expression alone), `range` (i = 1, ..., n: index, lower, upper), or `member` (x in a set: said, not computed)."""

    kind: str
    node: Node
    lower: Node | None = None
    upper: Node | None = None


def statements(latex: str, words: frozenset[str] = frozenset(), names: dict[tuple[str, ...], str] | None = None) -> list[Statement]:
    """Parse a display into its statements, in the order printed.

    Raises:
        Refusal: it cannot be read.
    """
    tokens = _outer(_dollars(tokenize(latex, words)))
    if names:
        tokens = join_names(tokens, names)
    found: list[Statement] = []
    for row in _rows(tokens):
        found.extend(_statements_of(row, words))
    if not any(statement.kind == "equation" for statement in found):
        raise Refusal("there is nothing to compute in the display", tokens[0].at if tokens else 0)
    return found


def parse_name(latex: str, words: frozenset[str] = frozenset()) -> Node:
    """Parse one declared name or one short expression."""
    return Parser(tokenize(latex, words), words).whole()


def signature(tokens: list[Token]) -> tuple[str, ...]:
    """What is compared when a declared name with brackets is looked for: texts with fonts, braces left out."""
    return tuple(f"{token.font}:{token.text}" for token in tokens if token.kind not in {"open", "close", "space"})


def join_names(tokens: list[Token], names: dict[tuple[str, ...], str]) -> list[Token]:
    """Replace the tokens of a declared name that holds brackets (E[g^2]_t) by one token."""
    out: list[Token] = []
    position = 0
    ordered = sorted(names, key=len, reverse=True)
    while position < len(tokens):
        for name in ordered:
            end = _match(tokens, position, name)
            if end:
                out.append(Token("name", names[name], tokens[position].at))
                position = end
                break
        else:
            out.append(tokens[position])
            position += 1
    return out


def _match(tokens: list[Token], start: int, name: tuple[str, ...]) -> int:
    """Return where a name that starts at `start` ends, or 0; its braces must balance."""
    position, depth = start, 0
    if tokens[start].kind in {"open", "close", "space"}:
        return 0
    for part in name:
        while position < len(tokens) and tokens[position].kind in {"open", "close", "space"}:
            depth += 1 if tokens[position].kind == "open" else -1 if tokens[position].kind == "close" else 0
            if depth < 0:
                return 0
            position += 1
        if position >= len(tokens) or f"{tokens[position].font}:{tokens[position].text}" != part:
            return 0
        position += 1
    while depth and position < len(tokens) and tokens[position].kind == "close":
        depth -= 1
        position += 1
    return 0 if depth else position


def _dollars(tokens: list[Token]) -> list[Token]:
    return [token for token in tokens if token.text != "$" and not (token.kind == "command" and token.text in {"[", "]", "(", ")"})]


def _outer(tokens: list[Token]) -> list[Token]:
    """Drop the begin and end of outer environments; mark the cells and rows of inner ones."""
    out: list[Token] = []
    stack: list[str] = []
    stacked: list[bool] = []  # the open braces: whether they belong to \\substack, whose rows are no statements
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "open":
            stacked.append(bool(out) and out[-1].kind == "command" and out[-1].text == "substack")
        elif token.kind == "close" and stacked:
            stacked.pop()
        if token.kind == "command" and token.text in {"begin", "end"}:
            end = position + 1
            name = ""
            while end < len(tokens) and tokens[end].kind != "close":
                name += tokens[end].text if tokens[end].kind != "open" else ""
                end += 1
            name = name.strip()
            outer = name.rstrip("*") in _OUTER and not (name == "array" and any(stack))
            if token.text == "begin":
                stack.append("" if outer else name)
            elif not stack:
                raise Refusal(f"\\end{{{name}}} ends nothing", token.at)
            else:
                stack.pop()
            if outer:
                position = end + 1
                if (
                    name in {"alignedat", "alignat", "alignat*", "array"}
                    and token.text == "begin"
                    and position < len(tokens)
                    and tokens[position].kind == "open"
                ):
                    while tokens[position].kind != "close":
                        position += 1
                    position += 1
                if (
                    name in {"aligned", "split", "gathered"}
                    and position < len(tokens)
                    and tokens[position].text == "["
                    and tokens[position + 1].text in {"t", "b", "c"}
                ):
                    position += 3
                continue
            out.extend(tokens[position : end + 1])
            position = end + 1
            continue
        inner = any(stack) or any(stacked)
        if token.kind == "align" and inner:
            token = replace(token, kind="cell")
        elif token.kind == "row":
            token = replace(token, kind="row" if inner else "line")
            following = tokens[position + 1 : position + 2]
            if following and following[0].text == "[":  # \\[2pt]
                end = position + 1
                while end < len(tokens) and tokens[end].text != "]":
                    end += 1
                inside = "".join(piece.text for piece in tokens[position + 2 : end])
                if re.fullmatch(r"-?[0-9.]+(pt|em|ex|mm|cm|in|baselineskip)", inside):
                    position = end
        out.append(token)
        position += 1
    return out


def _rows(tokens: list[Token]) -> list[list[Token]]:
    """Split at line ends; a row that begins with an operator, or follows an open bracket or operator, continues the one before."""
    rows: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "line":
            rows.append([])
            continue
        rows[-1].append(token)
    joined: list[list[Token]] = []
    for row in rows:
        body = [token for token in row if token.kind not in {"align", "space"}]
        if not body:
            continue
        first = body[0]
        begins = first.kind in {"symbol", "command"} and (first.text in _CONTINUES or RELATIONS.get(first.text) == "=")
        last = next((token for token in reversed(joined[-1]) if token.kind not in {"align", "space"}), None) if joined else None
        hangs = last is not None and last.kind in {"symbol", "command"} and (last.text in _CONTINUES or last.text in RELATIONS)
        if joined and (begins or hangs or depth > 0):
            joined[-1].extend(row)
        else:
            joined.append(list(row))
        depth = _depth(joined[-1])
    return joined


def _depth(tokens: list[Token]) -> int:
    opened = sum(token.text in {"(", "["} or (token.kind == "command" and token.text == "{") for token in tokens)
    return opened - sum(token.text in {")", "]"} or (token.kind == "command" and token.text == "}") for token in tokens)


def _segments(row: list[Token]) -> list[tuple[list[Token], str]]:
    """Cut a row at commas, wide spaces and prose outside brackets; each piece comes with what stood before it."""
    segments: list[tuple[list[Token], str]] = []
    current: list[Token] = []
    before = ""
    depth = environments = 0

    def cut(mark: str, last: bool = False) -> None:
        nonlocal current, before
        if [token for token in current if token.kind not in {"align", "space"}] or (last and before not in {"", ","}):
            segments.append((current, before))
            before = mark
        elif before in {"", ","}:
            before = mark
        elif mark != ",":
            before = f"{before} {mark}"
        current = []

    for position, token in enumerate(row):
        if token.kind == "command" and token.text in {"begin", "end"}:
            environments += 1 if token.text == "begin" else -1
        if token.kind == "open" or (token.kind in {"symbol", "command"} and token.text in {"(", "[", "{", "langle", "lfloor", "lceil"}):
            depth += 1
        elif token.kind == "close" or (token.kind in {"symbol", "command"} and token.text in {")", "]", "}", "rangle", "rfloor", "rceil"}):
            depth -= 1
        level = depth == 0 and environments == 0
        if (level and token.kind == "symbol" and token.text in {",", ";"}) or (
            level and token.kind == "symbol" and token.text == "." and _sentence_end(row, position)
        ):
            cut(",")
        elif level and token.kind == "text":
            cut(token.text.strip().rstrip(",:").lower())
        elif level and token.kind == "word" and token.text.lower() in {"where", "with", "and", "for"}:
            cut(token.text.lower())
        elif level and token.kind == "command" and token.text == "forall":
            cut("for all")
        elif (
            level
            and token.kind == "space"
            and token.text in {"quad", "qquad"}
            and _has_relation(current)
            and _has_relation(row[position + 1 :])
        ):
            cut(",")
        else:
            current.append(token)
    cut("", last=True)
    return segments


def _sentence_end(row: list[Token], position: int) -> bool:
    return not any(token.text == "." for token in (row[position + 1 : position + 2] + row[max(0, position - 1) : position]))


def _has_relation(tokens: list[Token]) -> bool:
    """Whether a relation stands outside all brackets."""
    depth = 0
    for token in tokens:
        if token.kind == "open" or (token.kind in {"symbol", "command"} and token.text in {"(", "[", "{"}):
            depth += 1
        elif token.kind == "close" or (token.kind in {"symbol", "command"} and token.text in {")", "]", "}"}):
            depth -= 1
        elif depth == 0 and token.kind in {"symbol", "command"} and RELATIONS.get(token.text):
            return True
    return False


def _statements_of(row: list[Token], words: frozenset[str]) -> list[Statement]:
    found: list[Statement] = []
    segments = _segments(_unnumbered(row))
    position = 0
    while position < len(segments):
        tokens, before = segments[position]
        empty = all(token.kind in {"align", "space"} for token in tokens)
        if before and before not in _NEUTRAL | _CLAUSE | {","} and not _REMARK.match(before):
            at = next(
                (token.at for token in row if token.kind in {"text", "word"} and token.text.strip().rstrip(",:").lower() in before),
                row[0].at,
            )
            raise Refusal(f"'{before}' states a condition in words that code cannot carry", at)
        if empty:
            break
        node = _parsed(tokens, words)
        last = _range_end(segments, position, node)
        if last:
            found.append(Statement("range", node.items[0], node.items[1], _parsed(segments[last][0], words)))
            position = last + 1
            continue
        if node.kind == "relation" and node.tag == ("~",) and found:
            found.append(Statement("member", node))  # epsilon ~ N(0, I): said of a value that is given
        elif node.kind == "relation" and node.tag[0] == "in":
            found.append(_member(node))
        elif before in _CLAUSE:
            raise Refusal("a clause after 'for' is not understood", node.at)
        elif (
            node.kind != "relation"
            and position + 1 < len(segments)
            and _has_relation(segments[position + 1][0])
            and segments[position + 1][1] == ","
        ):
            rest = _parsed(segments[position + 1][0], words)
            if rest.kind != "relation" or rest.tag[0] != "=":
                raise Refusal("an expression stands alone beside an equation", node.at)
            left = Node("group", node.at, "()", (node, rest.items[0]), (",",))
            found.append(Statement("equation", Node("relation", node.at, "", (left, *rest.items[1:]), rest.tag)))
            position += 1
        elif node.kind != "relation" and found:
            raise Refusal("an expression stands alone after an equation", node.at)
        else:
            found.append(Statement("equation", node))
        position += 1
    return found


def _unnumbered(row: list[Token]) -> list[Token]:
    """A row without the (3) that is printed far behind it; anything else behind a wide space would be read as a factor."""
    shown = [place for place, token in enumerate(row) if token.kind != "align"]
    if len(shown) < 5 or [row[place].text for place in (shown[-3], shown[-1])] != ["(", ")"] or row[shown[-2]].kind != "number":
        return row
    gap = row[shown[-4]]
    return row[: shown[-4]] if gap.kind == "space" and gap.text in {"quad", "qquad", "hfill"} else row


def _range_end(segments: list[tuple[list[Token], str]], position: int, node: Node) -> int:
    """Where i = 1, 2, ..., n ends, as a place among the segments; 0 where no such clause stands here."""
    if node.kind != "relation" or node.tag != ("=",) or node.items[1].kind not in {"number", "symbol"}:
        return 0
    place = position + 1
    while place < min(len(segments) - 1, position + 3) and segments[place][1] == ",":
        if _is_dots(segments[place][0]):
            return place + 1 if segments[place + 1][1] == "," and not _has_relation(segments[place + 1][0]) else 0
        if _has_relation(segments[place][0]):
            return 0
        place += 1
    return 0


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
