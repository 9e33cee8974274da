"""LaTeX to tokens with byte offsets."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ._lexicon import UNICODE

LONGEST_TEXT = 40_000  # bytes of one display; longer is not an equation
MOST_PIECES = 10_000
DEEPEST_GROUP = 40


class Refusal(Exception):
    """The display cannot be read or means more than one thing: the reason, and the byte where it shows. Never leaves the package."""

    def __init__(self, reason: str, at: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


@dataclass(frozen=True, slots=True)
class Token:
    """kind: letter, word, number, command, symbol, open, close, sup, sub, align, row, space, text or end."""

    kind: str
    text: str
    at: int
    font: str = ""


_PIECE = re.compile(
    r"(?P<comment>%[^\n]*\n?)|(?P<word>[A-Za-z]+(?:\\_[A-Za-z0-9]+)+)|(?P<command>\\(?:[A-Za-z]+\*?|[^A-Za-z]))"
    r"|(?P<number>[0-9]{1,3}(?:\{,\}[0-9]{3})+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)|(?P<blank>\s+)|(?P<other>.)",
    re.DOTALL,
)


_STARRED = {"operatorname", "tag", "hspace", "vspace", "DeclareMathOperator", "newcommand", "renewcommand", "def"}


def pieces(text: str) -> list[Token]:
    """The pieces of a text as they are written, blanks among them."""
    offsets = None if text.isascii() else [0]
    if offsets is not None:
        for character in text:
            offsets.append(offsets[-1] + len(character.encode("utf-8", "replace")))
    out: list[Token] = []
    simple = {"{": "open", "}": "close", "^": "sup", "_": "sub", "&": "align", "~": "blank"}
    for match in _PIECE.finditer(text):
        kind, piece = str(match.lastgroup), match.group()
        at = offsets[match.start()] if offsets is not None else match.start()
        if kind == "comment":
            continue
        if len(out) > MOST_PIECES:
            raise Refusal(f"the display has more than {MOST_PIECES} symbols", at)
        if kind == "word":
            out.append(Token("word", piece.replace("\\_", "_"), at))
        elif kind == "command":
            starred = piece[-1] == "*" and len(piece) > 2 and piece[1:-1] not in _STARRED
            name = piece[1:-1] if starred else piece[1:]
            out.append(Token("row", "\\\\", at) if piece == "\\\\" else Token("command", name, at))
            if starred:  # \\beta*x
                out.append(Token("symbol", "*", at + len(piece) - 1))
        elif kind == "number":
            out.append(Token("number", piece.replace("{,}", ""), at))
        elif "\U0001d400" <= piece <= "\U0001d7ff":  # letters that are printed in a font of their own
            plain = unicodedata.normalize("NFKC", piece)
            out.append(Token("command", UNICODE[plain], at) if plain in UNICODE else Token(_kind(plain), plain, at))
        elif piece in UNICODE:
            out.append(Token("command", UNICODE[piece], at))
        elif piece == "\u2212":
            out.append(Token("symbol", "-", at))
        elif kind == "other":
            out.append(Token(simple.get(piece) or _kind(piece), piece, at))
        else:
            out.append(Token(kind, piece, at))
    return out


def _kind(piece: str) -> str:
    return "number" if piece.isascii() and piece.isdigit() else "letter" if piece.isascii() and piece.isalpha() else "symbol"


def balanced(tokens: list[Token]) -> None:
    """Refuse braces that do not match, or too many of them."""
    stack: list[Token] = []
    for token in tokens:
        if token.kind == "open":
            stack.append(token)
            if len(stack) > DEEPEST_GROUP:
                raise Refusal(f"braces are nested more than {DEEPEST_GROUP} deep", token.at)
        elif token.kind == "close":
            if not stack:
                raise Refusal("a brace is closed that was never opened", token.at)
            stack.pop()
    if stack:
        raise Refusal("a brace is opened and never closed", stack[-1].at)


def group_end(tokens: list[Token], start: int) -> int:
    """Return the position of the brace that closes the one at `start`."""
    depth = 0
    for position in range(start, len(tokens)):
        depth += {"open": 1, "close": -1}.get(tokens[position].kind, 0)
        if not depth:
            return position
    raise Refusal("a brace is opened and never closed", tokens[start].at)


def shown(token: Token) -> str:
    """A token as it is named in messages."""
    if token.kind == "end":
        return "the end"
    if token.kind == "text":
        return f"the text '{token.text}'"
    if not token.text.isprintable():
        return " ".join(f"the character U+{ord(character):04X}" for character in token.text)
    return f"\\{token.text}" if token.kind == "command" else token.text
