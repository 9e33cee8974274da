"""LaTeX to tokens with byte offsets: macros expanded, fonts carried by the letters, spacing and cross-references dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

LONGEST_TEXT = 40_000  # bytes of one display; longer is not an equation
MOST_TOKENS = 2_500  # after the expansion of macros
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
FONTS = {
    **dict.fromkeys(
        ("mathrm", "text", "textrm", "operatorname", "operatorname*", "mathsf", "texttt", "textsc", "textnormal", "mathtt"), "rm"
    ),
    **dict.fromkeys(("textsf", "mbox", "mathit", "textit", "emph", "textup", "hbox", "mathnormal"), "rm"),
    **dict.fromkeys(("mathbf", "boldsymbol", "bm", "pmb", "textbf", "bold", "mathbold"), "bf"),
    **dict.fromkeys(("mathcal", "mathscr"), "cal"),
    **dict.fromkeys(("mathbb", "mathds", "mathbbm"), "bb"),
    "mathfrak": "frak",
}
_OLD_FONTS = {"rm": "rm", "bf": "bf", "it": "", "cal": "cal", "sf": "rm", "tt": "rm", "boldmath": "bf"}
_TEXT = {"text", "textrm", "textnormal", "textit", "mbox", "textbf", "texttt", "textsc", "textsf", "hbox", "emph", "textup"}
_DROPPED = {
    *(
        "left",
        "right",
        "middle",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
        "bigm",
        "Bigm",
    ),
    *("displaystyle", "textstyle", "scriptstyle", "limits", "nolimits", "nonumber", "notag", "ensuremath", "mathop", "mathrel", "mathbin"),
    *(
        "mathord",
        "mathopen",
        "mathclose",
        "allowbreak",
        "nobreak",
        "hfill",
        "noindent",
        "centering",
        "small",
        "normalsize",
        "protect",
        "smash",
    ),
    *(",", ";", ":", "!", ">", "/", "@", "-", "xspace", "thinspace", "enspace", "strut", "mathstrut", "relax", "boxed", "unboldmath"),
}
_DROPPED_WITH_ARGUMENT = {
    "label",
    "tag",
    "tag*",
    "hspace",
    "hspace*",
    "vspace",
    "vspace*",
    "phantom",
    "hphantom",
    "vphantom",
    "cite",
    "footnote",
    "color",
}
_DROPPED_WITH_ARGUMENT |= {"citep", "citet", "eqref", "ref"}
_SPACES = {"quad", "qquad", " ", "hskip"}
_SAME = {
    "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")", "vert": "|", "lvert": "|", "rvert": "|",
    "Vert": "\\|", "lVert": "\\|", "rVert": "\\|", "|": "\\|", "mid": "|", "ast": "*", "colon": ":",
}  # fmt: skip
_GREEK = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "o",
    "pi",
    "rho",
    "varsigma",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
_UNICODE = {chr(0x3B1 + place): name for place, name in enumerate(_GREEK)}
_UNICODE |= {
    letter.upper(): name.capitalize()
    for letter, name in _UNICODE.items()
    if name.capitalize() in {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi"}
}
_UNICODE |= dict(
    zip(
        "ΣΦΨΩ∑∏√≤≥≠∈∞∇×·⋅⊙⊗⊤∂∼≈←ℓ∀…",
        [
            "Sigma",
            "Phi",
            "Psi",
            "Omega",
            "sum",
            "prod",
            "sqrt",
            "le",
            "ge",
            "ne",
            "in",
            "infty",
            "nabla",
            "times",
            "cdot",
            "cdot",
            "odot",
            "otimes",
            "top",
            "partial",
            "sim",
            "approx",
            "leftarrow",
            "ell",
            "forall",
            "dots",
        ],
        strict=True,
    )
)
PROSE = {
    *(
        "if",
        "otherwise",
        "where",
        "for",
        "and",
        "s.t",
        "s.t.",
        "st",
        "else",
        "with",
        "when",
        "or",
        "subject",
        "such",
        "that",
        "is",
        "in",
        "all",
        "each",
    ),
    *(
        "then",
        "so",
        "thus",
        "hence",
        "let",
        "here",
        "by",
        "as",
        "of",
        "the",
        "a",
        "an",
        "to",
        "from",
        "are",
        "be",
        "we",
        "on",
        "w.r.t.",
        "i.e.",
        "o.w.",
        "every",
    ),
    *(
        "while",
        "since",
        "because",
        "given",
        "which",
        "return",
        "unless",
        "not",
        "has",
        "have",
        "any",
        "some",
        "follows",
        "have:",
        "otherwise.",
    ),
}
# Names that papers print in italics although they are one word; joined only where a bracket follows.
PLAIN_WORDS = {
    *(
        "softmax",
        "Softmax",
        "softplus",
        "sigmoid",
        "tanh",
        "ReLU",
        "relu",
        "GELU",
        "sin",
        "cos",
        "tan",
        "exp",
        "log",
        "max",
        "min",
        "argmax",
        "argmin",
    ),
    *("diag", "trace", "concat", "Concat", "sqrt", "clip", "abs", "sign", "mean"),
}


def tokenize(text: str, words: Iterable[str] = ()) -> list[Token]:
    """Return the tokens of a display; `words` are multi-letter names to keep whole where they are printed as plain letters.

    Raises:
        Refusal: the text is too long, too deep, or a macro does not end.
    """
    if len(text.encode("utf-8", "replace")) > LONGEST_TEXT:
        raise Refusal(f"the display is longer than {LONGEST_TEXT} bytes, which no single equation is", 0)
    tokens = _expand(_pieces(text))
    _check_depth(tokens)
    return _join_plain_words(_fonts(tokens, "", frozenset(words)), frozenset(words))


def _pieces(text: str) -> list[Token]:
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
        if kind == "word":
            out.append(Token("word", piece.replace("\\_", "_"), at))
        elif kind == "command":
            out.append(Token("row", "\\\\", at) if piece == "\\\\" else Token("command", piece[1:], at))
        elif kind == "number":
            out.append(Token("number", piece.replace("{,}", ""), at))
        elif piece in _UNICODE:
            out.append(Token("command", _UNICODE[piece], at))
        elif piece == "\u2212":
            out.append(Token("symbol", "-", at))
        elif kind == "other":
            out.append(Token("letter" if piece.isalpha() and piece.isascii() else simple.get(piece, "symbol"), piece, at))
        else:
            out.append(Token(kind, piece, at))
    return out


def _expand(tokens: list[Token]) -> list[Token]:
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


def _check_depth(tokens: list[Token]) -> None:
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


def _group_end(tokens: list[Token], start: int) -> int:
    """Return the position of the brace that closes the one at `start`."""
    depth = 0
    for position in range(start, len(tokens)):
        depth += {"open": 1, "close": -1}.get(tokens[position].kind, 0)
        if not depth:
            return position
    raise Refusal("a brace is opened and never closed", tokens[start].at)


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
            out.append(replace(token, font=font) if token.kind == "letter" else token)
            continue
        name = token.text
        while (
            position < len(tokens)
            and tokens[position].kind == "blank"
            and (name in FONTS or name in _DROPPED_WITH_ARGUMENT or name == "textcolor")
        ):
            position += 1
        opens = position < len(tokens) and tokens[position].kind == "open"
        if name in FONTS and opens:
            end = _group_end(tokens, position)
            inside = tokens[position + 1 : end]
            position = end + 1
            out.extend(_text(inside, token.at, words) if name in _TEXT else _styled(inside, FONTS[name], words))
        elif name in FONTS and position < len(tokens):
            out.extend(_styled([tokens[position]], FONTS[name], words))
            position += 1
        elif name in _OLD_FONTS:
            font = _OLD_FONTS[name]
            end = position
            depth = 0
            while end < len(tokens) and depth >= 0:
                depth += {"open": 1, "close": -1}.get(tokens[end].kind, 0)
                end += depth >= 0
            out.extend(_styled(tokens[position:end], font, words) if font else _fonts(tokens[position:end], "", words))
            position = end
            font = ""
        elif name in _DROPPED_WITH_ARGUMENT or name == "textcolor":
            position = _group_end(tokens, position) + 1 if opens else position
        elif name in _DROPPED:
            if name in {"left", "right"} and position < len(tokens) and tokens[position].text == ".":
                position += 1
        elif name in _SPACES:
            out.append(Token("space", name, token.at))
        elif name in _SAME:
            same = _SAME[name]
            out.append(Token("command" if same in "{}" else "symbol", same, token.at))
        else:
            out.append(replace(token, font=font))
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
