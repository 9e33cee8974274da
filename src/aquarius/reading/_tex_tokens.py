"""TeX's characters become tokens, each with its place; comments, `comment` environments and verbatim text are settled here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ._places import SourceFile


class Token(NamedTuple):
    """One token. Tokens that a macro makes carry the place of the call."""

    # w word, s blank, p paragraph break, c control sequence, C control sequence that no macro may replace, v verbatim, u address,
    # h target of a link, # parameter; { } $ & ^ _ ~ stand for themselves
    kind: str
    text: str
    source: int  # index of the file
    start: int  # characters
    end: int


COMMENTS = frozenset({"comment", "filecontents", "filecontents*", "CCSXML"})
VERBATIM = frozenset({"verbatim", "verbatim*", "Verbatim", "BVerbatim", "lstlisting", "minted", "python", "alltt"}) | COMMENTS

_GAP = r"(?P<gap>(?:\s|\ufeff|%[^\n]*)+)"
_WORD = r"|(?P<w>[^\\{}$&^_#~%\s\ufeff]+)"
_VERB = r"|(?P<v>\\(?:verb\*?|lstinline)(?P<bar>[^a-zA-Z\s*\[{])[^\n]*?(?P=bar))"
_ADDRESS = r"|(?P<u>\\(?:url|path|nolinkurl)\s*\{[^{}\n]*\})|(?P<h>\\href\s*\{[^{}\n]*\})"
_REST = r"|(?P<x>[{}$&^_~])|(?P<par>#+\d?)"
_PLAIN = re.compile(_GAP + _WORD + _VERB + _ADDRESS + r"|(?P<c>\\(?:[a-zA-Z]+|(?:.|\n)|$))" + _REST)
_INTERNAL = re.compile(_GAP + _WORD + _VERB + _ADDRESS + r"|(?P<c>\\(?:[a-zA-Z@]+|(?:.|\n)|$))" + _REST)
_BEGIN = re.compile(r"\\begin\s*\{(" + "|".join(re.escape(name) for name in sorted(VERBATIM, reverse=True)) + r")\}")
_COMMENT = re.compile(r"%[^\n]*\n?")
_PARAGRAPH = re.compile(r"[\n\0][ \t\r]*\n")
_AT_LETTER = re.compile(r"\\makeatletter(?![a-zA-Z])")


def tokenise(
    file: SourceFile, source: int, *, internal: bool = False, largest: int = 2_000_000, watch: Callable[[], None] = lambda: None
) -> list[Token]:
    """Return the tokens of a file; `internal` makes @ a letter of names, as in packages.

    More than `largest` tokens are cut off; `watch` is called now and then, and may raise to end it.
    """
    text = file.text
    pattern = _INTERNAL if internal or _AT_LETTER.search(text) else _PLAIN
    tokens: list[Token] = []
    position, size = 0, len(text)
    rounds = 0
    while position < size and len(tokens) < largest:
        rounds += 1
        if rounds % 20_000 == 0:
            watch()
        found = pattern.match(text, position)
        if found is None:  # a character that no rule wants
            position += 1
            continue
        kind, start = found.lastgroup or "w", position
        position = found.end()
        value = found.group()
        if kind == "gap":
            blank = _gap(value)
            if blank:
                tokens.append(Token(blank, " ", source, start, position))
            continue
        if kind == "c" and value == "\\begin":
            opened = _BEGIN.match(text, start)
            closing = f"\\end{{{opened[1]}}}" if opened else ""
            stop = text.find(closing, opened.end()) if opened else -1
            if opened and stop >= 0:
                if opened[1] not in COMMENTS:
                    tokens.append(Token("v", text[opened.end() : stop], source, opened.end(), stop))
                position = stop + len(closing)
                continue
        tokens.append(_token(kind, value, source, start, position))
    return tokens


def _token(kind: str, value: str, source: int, start: int, end: int) -> Token:
    if kind == "x":
        return Token(value, value, source, start, end)
    if kind == "par":
        return Token("#", value, source, start, end)
    if kind in ("u", "h"):
        return Token(kind, value[value.index("{") + 1 : -1].strip(), source, start, end)
    if kind in ("v", "bar"):
        inner = value[len("\\verb") :] if value.startswith("\\verb") else value[len("\\lstinline") :]
        inner = inner.lstrip("*")[1:-1]
        return Token("v", inner, source, end - 1 - len(inner), end - 1)
    return Token(kind, value, source, start, end)


def _gap(value: str) -> str:
    """Return "s", "p" or "" for white space and comments, as TeX reads them: a comment swallows its line's end and the next indent."""
    if "%" not in value:
        return "p" if value.count("\n") > 1 else "s"
    value = _COMMENT.sub("\0", value)
    if _PARAGRAPH.search(value):
        return "p"
    return "s" if value.partition("\0")[0] else ""


def commands(names: str) -> frozenset[str]:
    """Return control sequences for names written with blanks between them."""
    return frozenset("\\" + name for name in names.split())


def is_word(token: Token) -> bool:
    """Say whether a token is a control word: a backslash and letters."""
    return token.kind in "cC" and len(token.text) > 1 and (token.text[1].isalpha() or token.text[1] == "@")


def join(tokens: list[Token]) -> str:
    """Write tokens as TeX again: a blank after a control word only where a letter would otherwise run into it."""
    parts: list[str] = []
    after_word = False
    for token in tokens:
        text = token.text
        if after_word and text[:1].isalpha():
            parts.append(" ")
        if token.kind == "p":
            text = "\n"
        elif token.kind == "v":
            text = f"\\verb|{text}|"
        elif token.kind in "uh":
            text = f"\\{'url' if token.kind == 'u' else 'href'}{{{text}}}"
        parts.append(text)
        after_word = is_word(token)
    return "".join(parts)


def trim(tokens: list[Token]) -> list[Token]:
    """Drop blanks and paragraph breaks at both ends."""
    first, last = 0, len(tokens)
    while first < last and tokens[first].kind in "sp":
        first += 1
    while last > first and tokens[last - 1].kind in "sp":
        last -= 1
    return tokens[first:last]


def extent(tokens: list[Token]) -> tuple[int, int, int]:
    """Return file, first and last character of tokens, in the file of the first."""
    source, start, end = tokens[0].source, tokens[0].start, tokens[0].end
    for token in tokens:
        if token.source == source:
            start = min(start, token.start)
            end = max(end, token.end)
    return source, start, end
