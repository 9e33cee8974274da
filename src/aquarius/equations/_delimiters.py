r"""Brackets that grow: what a dot stands for in \left. and \right., double bars, and notes printed over a relation."""

from __future__ import annotations

from ._lexicon import FONTS
from ._notation import ACCENTS, RELATIONS
from ._tokens import Token, group_end

_CLOSING = {"(": ")", "[": "]", "{": "}", "lbrace": "rbrace", "|": "|", "\\|": "\\|", "vert": "vert", "lvert": "rvert", "langle": "rangle"}
_CLOSING |= {"Vert": "Vert", "lVert": "rVert", "lfloor": "rfloor", "lceil": "rceil", "lbrack": "rbrack", "<": ">"}
_BARS = {"|", "vert", "rvert", "lvert"}
_ANGLES = {"<": "langle", ">": "rangle"}
_SIGNS = {"+", "-", "/", "Vert", "|", "cdot", "times", "odot", "oplus", "otimes"}
_TAKING = {*FONTS, *ACCENTS, "frac", "dfrac", "tfrac", "sqrt", "stackrel", "overset", "underset", "}"}
_OVER = {"stackrel", "overset", "underset"}
_ARROWS = {"xrightarrow": "rightarrow", "xleftarrow": "leftarrow", "xlongequal": "="}
_IN_DISTRIBUTION = {"d", "D", "L", "dist", "dist.", "law", "w"}


def marked(tokens: list[Token]) -> list[Token]:
    """The tokens with these marks said once and for all."""
    if any(token.text in {"left", "over"} for token in tokens if token.kind == "command"):
        tokens = paired(_fractions(tokens))
    if any(token.text in _OVER or token.text in _ARROWS for token in tokens if token.kind == "command"):
        tokens = unstacked(tokens)
    return double_bars(_unwrapped(tokens))


def _unwrapped(tokens: list[Token]) -> list[Token]:
    r"""a{=}b and a \mathbin{+} b without the braces, which only set the space around the sign."""
    out: list[Token] = []
    for place, token in enumerate(tokens):
        before = next((piece for piece in reversed(out) if piece.kind != "blank"), None)
        if token.kind == "open" and [piece.kind for piece in tokens[place + 2 : place + 3]] == ["close"] and _is_sign(tokens[place + 1]):
            argument = before is not None and (before.kind in {"sub", "sup"} or before.text in _TAKING)
            if not argument:
                continue
        closes = token.kind == "close" and place > 1 and tokens[place - 2].kind == "open" and _is_sign(tokens[place - 1])
        if closes and (len(out) < 2 or out[-2] is not tokens[place - 2]):
            continue
        out.append(token)
    return out


def _is_sign(token: Token) -> bool:
    return token.kind in {"symbol", "command"} and (token.text in _SIGNS or token.text in RELATIONS)


def _fractions(tokens: list[Token]) -> list[Token]:
    r"""{a \over b} as \frac{a}{b}."""
    while True:
        place = next((place for place, token in enumerate(tokens) if token.kind == "command" and token.text == "over"), None)
        if place is None:
            return tokens
        start, depth = place - 1, 0
        while start >= 0 and not (tokens[start].kind == "open" and depth == 0):
            depth += {"close": 1, "open": -1}.get(tokens[start].kind, 0)
            start -= 1
        end = group_end(tokens, start) if start >= 0 else len(tokens)
        at = tokens[place].at
        middle = [Token("close", "}", at), Token("open", "{", at)]
        inside = [*tokens[start + 1 : place], *middle, *tokens[place + 1 : end]]
        head = [Token("open", "{", at), Token("command", "frac", at), Token("open", "{", at)]
        tail = [Token("close", "}", at), Token("close", "}", at)]
        tokens = [*tokens[: max(start, 0)], *head, *inside, *tail, *tokens[end + 1 :]]


def paired(tokens: list[Token]) -> list[Token]:
    r"""Say what the dots of \left. and \right. stand for: a bracket that goes on in the next row, the bar of an evaluation, an open brace."""
    pairs = _pairs(tokens)
    replaced: dict[int, Token | None] = {}
    waiting: list[str] = []  # brackets that a \right. left open
    for left, right in pairs:
        opening, closing = tokens[left], tokens[right]
        for place in (left, right):
            if tokens[place].text in _ANGLES:
                replaced[place] = Token("command", _ANGLES[tokens[place].text], tokens[place].at)
        if closing.text == "." and opening.text in _CLOSING:
            goes_on = any(tokens[a].text == "." and tokens[b].text == _CLOSING[opening.text] for a, b in pairs if a > right)
            if goes_on:
                waiting.append(_CLOSING[opening.text])
            elif opening.text in {"{", "lbrace"}:
                replaced[right] = Token("command", "right.", closing.at)
        elif opening.text == "." and closing.text in waiting:
            waiting.remove(closing.text)
        elif opening.text == "." and closing.text in {"}", "rbrace"}:
            replaced[left] = Token("command", "{", opening.at)  # a brace on the right only
        elif opening.text == "." and closing.text in _BARS:
            replaced[left] = Token("command", "left.", opening.at)
            replaced[right] = Token("command", "right|", closing.at)
        if opening.text == ".":
            replaced.setdefault(left, None)
        if closing.text == ".":
            replaced.setdefault(right, None)
    kept = ((replaced.get(place, token)) for place, token in enumerate(tokens))
    return [token for token in kept if token is not None]


def _pairs(tokens: list[Token]) -> list[tuple[int, int]]:
    r"""The places of the delimiters behind every \left and its \right."""
    found: list[tuple[int, int]] = []
    open_: list[int] = []
    for place, token in enumerate(tokens):
        if token.kind != "command" or token.text not in {"left", "right"}:
            continue
        delimiter = place + 1
        while delimiter < len(tokens) and tokens[delimiter].kind == "blank":
            delimiter += 1
        if delimiter == len(tokens):
            break
        if token.text == "left":
            open_.append(delimiter)
        elif open_:
            found.append((open_.pop(), delimiter))
    return sorted(found)


def double_bars(tokens: list[Token]) -> list[Token]:
    """Two bars without a blank between them are one double bar, unless a single bar is open: |a||b| is a product."""
    out: list[Token] = []
    single = [False]
    for place, token in enumerate(tokens):
        if token.kind == "open" or token.text in {"(", "[", "{"}:
            single.append(False)
        elif (token.kind == "close" or token.text in {")", "]", "}"}) and len(single) > 1:
            single.pop()
        elif token.kind == "symbol" and token.text == "|":
            twin = tokens[place + 1] if place + 1 < len(tokens) else None
            second = bool(out) and out[-1].text == "\\|" and out[-1].at == token.at - 1
            if second:
                continue
            if twin is not None and twin.text == "|" and twin.kind == "symbol" and twin.at == token.at + 1 and not single[-1]:
                out.append(Token("symbol", "\\|", token.at))
                continue
            single[-1] = not single[-1]
        out.append(token)
    return out


def unstacked(tokens: list[Token]) -> list[Token]:
    r"""Take notes off relations: \stackrel{def}{=} is =, \xrightarrow{n} is an arrow; an equality in distribution is no equality."""
    out: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.kind == "command" and token.text in _OVER:
            note = _argument(tokens, place + 1)
            base = _argument(tokens, note[1])
            inside = [piece for piece in tokens[base[0] : base[1]] if piece.kind not in {"open", "close", "blank"}]
            if len(inside) == 1 and inside[0].kind in {"symbol", "command"} and RELATIONS.get(inside[0].text):
                text = "".join(piece.text for piece in tokens[note[0] : note[1]] if piece.kind == "letter")
                out.append(Token("command", "sim", token.at) if inside[0].text == "=" and text in _IN_DISTRIBUTION else inside[0])
                place = base[1]
                continue
        if token.kind == "command" and token.text in _ARROWS:
            place += 1
            if place < len(tokens) and tokens[place].text == "[":
                while place < len(tokens) and tokens[place].text != "]":
                    place += 1
                place += 1
            place = _argument(tokens, place)[1]
            name = _ARROWS[token.text]
            out.append(Token("symbol" if name == "=" else "command", name, token.at))
            continue
        out.append(token)
        place += 1
    return out


def _argument(tokens: list[Token], place: int) -> tuple[int, int]:
    """Where the argument at `place` begins and ends."""
    while place < len(tokens) and tokens[place].kind == "blank":
        place += 1
    if place < len(tokens) and tokens[place].kind == "open":
        return place, group_end(tokens, place) + 1
    return place, min(place + 1, len(tokens))
