"""Tokens as a display shows them: fonts carried by the letters, words joined, spacing and cross-references dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ._delimiters import marked
from ._lexicon import DROPPED, DROPPED_WITH_ARGUMENT, FONTS, OLD_FONTS, PLAIN_WORDS, PROSE, SAME, SPACES, TEXT
from ._macros import expand
from ._tokens import LONGEST_TEXT, Refusal, Token, balanced, group_end, pieces

_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


def tokenize(text: str, words: Iterable[str] = ()) -> list[Token]:
    """Return the tokens of a display; `words` are multi-letter names to keep whole where they are printed as plain letters.

    Raises:
        Refusal: the text is too long, too deep, or a macro does not end.
    """
    if len(text.encode("utf-8", "replace")) > LONGEST_TEXT:
        raise Refusal(f"the display is longer than {LONGEST_TEXT} bytes, which no single equation is", 0)
    strange = _NO_TEXT.search(text)
    if strange:
        at = len(text[: strange.start()].encode("utf-8", "replace"))
        raise Refusal(f"the character U+{ord(strange.group()):04X} is no text", at)
    tokens = expand(pieces(text))
    balanced(tokens)
    tokens = marked(tokens)
    return _join_plain_words(_fonts(tokens, "", frozenset(words)), frozenset(words))


def _fonts(tokens: list[Token], font: str, words: frozenset[str]) -> list[Token]:
    """Give every letter its font, join upright letters to words, and drop what only moves ink."""
    out: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token.kind == "blank":
            if out and out[-1].kind != "blank":
                out.append(token)
            continue
        if token.kind != "command":
            out.append(Token("letter", token.text, token.at, font) if font and token.kind == "letter" else token)
            continue
        name = token.text
        while (
            position < len(tokens)
            and tokens[position].kind == "blank"
            and (name in FONTS or name in DROPPED_WITH_ARGUMENT or name == "textcolor")
        ):
            position += 1
        opens = position < len(tokens) and tokens[position].kind == "open"
        if name in FONTS and opens:
            end = group_end(tokens, position)
            inside = tokens[position + 1 : end]
            position = end + 1
            out.extend(_text(inside, token.at, words) if name in TEXT else _styled(inside, FONTS[name], words))
        elif name in FONTS and position < len(tokens):
            out.extend(_styled([tokens[position]], FONTS[name], words))
            position += 1
        elif name in OLD_FONTS:
            font = OLD_FONTS[name]
            end = position
            depth = 0
            while end < len(tokens) and depth >= 0:
                depth += {"open": 1, "close": -1}.get(tokens[end].kind, 0)
                end += depth >= 0
            out.extend(_styled(tokens[position:end], font, words) if font else _fonts(tokens[position:end], "", words))
            position = end
            font = ""
        elif name in DROPPED_WITH_ARGUMENT or name == "textcolor":
            position = group_end(tokens, position) + 1 if opens else position
        elif name in DROPPED:
            if name in {"left", "right"} and position < len(tokens) and tokens[position].text == ".":
                position += 1
        elif name in SPACES:
            out.append(Token("space", name, token.at))
        elif name in SAME:
            same = SAME[name]
            out.append(Token("command" if same in "{}" else "symbol", same, token.at))
        else:
            out.append(Token("command", name, token.at, font) if font else token)
    return out


def _styled(inside: list[Token], font: str, words: frozenset[str]) -> list[Token]:
    """Letters of a font group; upright letters that stand together are one word, others only where the word is known."""
    tokens = _fonts(inside, font, words)
    out: list[Token] = []
    position = 0
    while position < len(tokens):
        end = position
        while end < len(tokens) and (tokens[end].kind in {"letter", "word"} or (end > position and _joins(tokens, end))):
            end += 1
        run = "".join(token.text for token in tokens[position:end])
        if len(run) > 1 and end > position and (font == "rm" or run in words or run in PLAIN_WORDS):
            out.append(Token("word", run, tokens[position].at))
            position = end
            continue
        if end > position:
            out.extend(tokens[position:end])
            position = end
            continue
        if tokens[position].kind == "number" and tokens[position].text == "1" and font in {"bb", "bf"}:
            out.append(Token("letter", "1", tokens[position].at, font))
        elif tokens[position].kind != "blank":
            out.append(tokens[position])
        position += 1
    return out


def _joins(tokens: list[Token], position: int) -> bool:
    """A digit, hyphen or underscore between the letters of an upright word."""
    token = tokens[position]
    if token.kind == "command" and token.text == "_":
        return True
    following = tokens[position + 1] if position + 1 < len(tokens) else None
    return token.text == "-" and following is not None and following.kind == "letter"


def _text(inside: list[Token], at: int, words: frozenset[str]) -> list[Token]:
    """The content of \\text: one word is a name, several are prose; mathematics between dollars is read as such."""
    out: list[Token] = []
    dollars = [position for position, token in enumerate(inside) if token.text == "$"]
    if len(dollars) >= 2:
        first, second = dollars[0], dollars[1]
        return [*_text(inside[:first], at, words), *_fonts(inside[first + 1 : second], "", words), *_text(inside[second + 1 :], at, words)]
    raw = "".join(" " if token.kind == "blank" or token.text in {" ", ",", "quad"} else token.text for token in inside).strip()
    if not raw:
        return []
    where = inside[0].at
    plain = re.sub(r"\s+", " ", raw)
    if plain in words or (re.fullmatch(r"[A-Za-z][A-Za-z0-9_\-+/*]*", plain) and plain.lower() not in PROSE):
        if len(plain) == 1:
            return [Token("letter", plain, where, "rm")]
        return [Token("word", plain, where)]
    if any(token.kind in {"sub", "sup"} for token in inside) and " " not in plain:
        return _styled(inside, "rm", words)
    if re.fullmatch(r"[0-9.]+", plain):
        return [Token("number", plain, where)]
    if re.fullmatch(r"[()\[\],;:.=+\-/|]", plain):
        return [Token("symbol", plain, where)]
    out.append(Token("text", plain, where))
    return out


def _join_plain_words(tokens: list[Token], words: frozenset[str]) -> list[Token]:
    """Join runs of plain letters that spell a declared name, or a known function before a bracket."""
    out: list[Token] = []
    position = 0
    longest = max((len(word) for word in words | PLAIN_WORDS), default=0)
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "blank":
            position += 1
            continue
        if token.kind == "letter":
            end = position
            while end < len(tokens) and end - position < longest and tokens[end].kind == "letter" and tokens[end].font == token.font:
                end += 1
            for stop in range(end, position + 1, -1):
                run = "".join(piece.text for piece in tokens[position:stop])
                after = tokens[stop] if stop < len(tokens) else None
                opens = after is not None and (after.text in {"(", "[", "{"} or after.kind in {"sub", "sup"})
                whole = position == 0 or tokens[position - 1].kind != "letter"
                if run in words or (run in PLAIN_WORDS and opens and whole and not token.font):
                    out.append(Token("word", run, token.at))
                    position = stop
                    break
            else:
                out.append(token)
                position += 1
            continue
        out.append(token)
        position += 1
    return out
