"""Macros that a display defines itself: collected, and their uses expanded."""

from __future__ import annotations

from dataclasses import replace

from ._tokens import Refusal, Token

MOST_TOKENS = 2_500  # after the expansion of macros


def expand(tokens: list[Token]) -> list[Token]:
    """Collect \\newcommand and \\def, and expand their uses; stops with a refusal where expansion does not end."""
    macros: dict[str, tuple[int, list[Token]]] = {}
    rest: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "command" and token.text in {
            "newcommand",
            "renewcommand",
            "providecommand",
            "newcommand*",
            "def",
            "DeclareMathOperator",
        }:
            position = _definition(tokens, position, macros)
            continue
        rest.append(token)
        position += 1
    if not macros:
        if len(rest) > MOST_TOKENS:
            raise Refusal(f"the display has more than {MOST_TOKENS} symbols", 0)
        return rest
    out: list[Token] = []
    todo = rest[::-1]
    steps = 0
    while todo:
        token = todo.pop()
        if token.kind != "command" or token.text not in macros:
            out.append(token)
            continue
        count, body = macros[token.text]
        arguments: list[list[Token]] = []
        for _ in range(count):
            arguments.append(_pop_argument(todo, token))
        steps += 1
        if steps > 500 or len(out) + len(todo) > MOST_TOKENS:
            raise Refusal(f"the macro \\{token.text} does not stop expanding", token.at)
        todo.extend(replace(piece, at=token.at) for piece in reversed(_fill(body, arguments)))
    return out


def _fill(body: list[Token], arguments: list[list[Token]]) -> list[Token]:
    out: list[Token] = []
    position = 0
    while position < len(body):
        token = body[position]
        following = body[position + 1] if position + 1 < len(body) else None
        if token.text == "#" and following is not None and following.kind == "number" and 1 <= int(float(following.text)) <= len(arguments):
            out.extend(arguments[int(float(following.text)) - 1])
            position += 2
            continue
        out.append(token)
        position += 1
    return out


def _pop_argument(todo: list[Token], macro: Token) -> list[Token]:
    while todo and todo[-1].kind == "blank":
        todo.pop()
    if not todo:
        raise Refusal(f"the macro \\{macro.text} lacks an argument", macro.at)
    first = todo.pop()
    if first.kind != "open":
        return [first]
    depth, inside = 1, [first]
    while todo and depth:
        token = todo.pop()
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        inside.append(token)
    if depth:
        raise Refusal("a brace is opened and never closed", first.at)
    return inside[1:-1]


def _definition(tokens: list[Token], position: int, macros: dict[str, tuple[int, list[Token]]]) -> int:
    """Read one macro definition at `position`; return where the text goes on."""
    start = tokens[position]
    rest = tokens[position + 1 :][::-1]
    names = [token for token in _pop_argument(rest, start) if token.kind == "command"]
    if len(names) != 1:
        raise Refusal("a macro definition names no macro", start.at)
    count = 0
    while rest and rest[-1].kind != "open":
        token = rest.pop()
        if token.kind == "number":
            count = min(9, max(count, int(float(token.text))))
    body = _pop_argument(rest, start)
    if start.text == "DeclareMathOperator":
        body = [Token("command", "operatorname", start.at), Token("open", "{", start.at), *body, Token("close", "}", start.at)]
    macros[names[0].text] = (count, body)
    return len(tokens) - len(rest)
