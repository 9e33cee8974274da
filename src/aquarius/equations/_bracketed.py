"""Declared names that hold brackets, found among the tokens of a display."""

from __future__ import annotations

from ._tokens import Token


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
