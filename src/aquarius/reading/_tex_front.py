"""Who wrote a paper: names out of \\author, in the many ways authors write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ._tex_body import Body
from ._tex_equations import break_options
from ._tex_text import ACCENTS, SYMBOLS, accented
from ._tex_tokens import Token, commands, join

_NEW_BLOCK = frozenset({"\\and", "\\And", "\\AND", "\\ANDs", "\\Andd"})
_NEW_LINE = frozenset(
    {
        "\\\\",
        "\\newline",
        "\\par",
        "\\tabularnewline",
        "\\IEEEauthorblockA",
        "\\affiliation",
        "\\affil",
        "\\address",
        "\\addr",
        "\\institute",
        "\\\\*",
    }
)
_NEW_NAME = frozenset({"\\quad", "\\qquad", "\\hspace", "\\hskip", "\\hfill", "\\hfil", "\\enspace", "\\hphantom", "\\phantom"})
_MARKS = commands(
    "thanks footnotemark footnote textsuperscript inst samethanks authornotemark orcidlink orcidID IEEEauthorrefmark tnoteref corref fnref dag ddag dagger"
    " ddagger S P ast star"
)
_AWAY = commands("texttt email tt ttfamily mailto vspace url href IEEEauthorblockA orcid")
_DIMENSIONS = frozenset({"\\hspace", "\\vspace", "\\hskip", "\\hphantom", "\\phantom"})
_INSTITUTION = re.compile(
    r"\b(univ|institut|department|dept|laborator|labs?\b|research|google|microsoft|openai|deepmind|college|school|inc\b|academ|cent(?:er"
    r"|re)\b|facebook"
    r"|meta\b|corporation|corp\b|group\b|technolog|eth\b|epfl|inria|cnrs|mila\b|nvidia|amazon|apple\b|ibm\b|adobe|baidu|tencent|alibaba"
    r"|huawei|samsung|division"
    r"|faculty|polytechni|hospital|foundation|ltd\b|gmbh|company|csiro|street|avenue|usa\b|equal contribution|corresponding|contributed"
    r"|anonymous|brain\b"
    r"|under review|project page|http|ai\b|salesforce|intel\b|sciences?\b|engineering)",
    re.IGNORECASE,
)
_TITLES = re.compile(
    r"^(?:(?:Senior |Student |Life |Graduate Student )?(?:Member|Fellow)|IEEE|ACM|Ph\.?D\.?|M\.?D\.?|Jr\.?|Sr\.?|et al\.?)$", re.IGNORECASE
)
_NOT_NAME = re.compile(r"[\d@/\\{}<>|:;]")
_PARTICLES = frozenset(
    [
        "de",
        "da",
        "di",
        "du",
        "del",
        "della",
        "der",
        "den",
        "van",
        "von",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ben",
        "dos",
        "das",
        "e",
        "y",
        "te",
        "ter",
        "ten",
        "af",
        "av",
        "zu",
    ]
)


@dataclass
class _Piece:
    text: str = ""
    marked_before: bool = False  # a superscript stands before: an affiliation
    marked_after: bool = False


def authors_of(body: Body) -> tuple[str, ...]:
    """Return the names of every \\author of the paper, in order, each once."""
    names: list[str] = []
    speech = all(command == "\\name" for command, _ in body.authors)  # beside \\author, it is some other macro
    for command, tokens in body.authors:
        if command == "\\name" and not speech:
            continue
        expanded = body.gullet.expand(tokens)
        found = [_clean(_flat(body, expanded))] if command == "\\icmlauthor" else _names(body, expanded)
        names.extend(name for name in found if name)
    return tuple(dict.fromkeys(names))


def _flat(body: Body, tokens: list[Token]) -> str:
    blocks = _blocks(body, tokens)
    return " ".join(piece.text for block in blocks for line in block for piece in line)


def _names(body: Body, tokens: list[Token]) -> list[str]:
    blocks = [block for block in _blocks(body, tokens) if any(piece.text.strip() for line in block for piece in line)]
    names: list[str] = []
    for block in blocks:
        taken = marked = continued = False
        for line in block:
            expected, continued = continued, len(line) > 1 and not line[-1].text.strip()  # the line ends in a comma
            pieces = [piece for piece in line if piece.text.strip(" ,*")]
            if not pieces:
                if taken and any(p.marked_before for p in line):
                    continue
                if taken:
                    break
                continue
            if taken and not expected and len(blocks) > 1 and not any(piece.marked_after for piece in pieces):
                break
            good = [piece for piece in pieces if not piece.marked_before and _is_name(_clean(piece.text))]
            if not good or pieces[0].marked_before:
                if taken:
                    break
                continue
            single = len(pieces) == 1 and not marked and not pieces[0].marked_after and not expected
            if taken and (len(good) < len(pieces) or single):
                break
            names.extend(_clean(piece.text) for piece in good)
            taken, marked = True, marked or any(piece.marked_after for piece in good)
    return names


def _clean(text: str) -> str:
    text = re.sub(r"[*†‡§¶∗⋆⋄✉♯♠♣♢]|\(.*?\)|\[.*?\]", "", text)
    return (
        " ".join(text.split()).strip(" ,.;~") if not re.search(r"\b[A-Z]\.$|Jr\.$", text.strip()) else " ".join(text.split()).strip(" ,;~")
    )


def _is_name(text: str) -> bool:
    words = text.replace(".", ". ").split()
    if not 1 <= len(words) <= 7 or _TITLES.match(text) or _NOT_NAME.search(text) or _INSTITUTION.search(text):
        return False
    capitals = [word for word in words if word[0].isupper() or not word[0].isascii()]
    return bool(capitals) and all(word in capitals or word.lower().strip(".'") in _PARTICLES or word[0] in "'-" for word in words)


def _blocks(body: Body, tokens: list[Token]) -> list[list[list[_Piece]]]:
    """Cut an author list into blocks (\\and), lines (\\\\) and pieces (commas, wide spaces); marks are noted and dropped."""
    blocks: list[list[list[_Piece]]] = [[[_Piece()]]]
    index, ties = 0, 0

    def piece() -> _Piece:
        return blocks[-1][-1][-1]

    def new_piece() -> None:
        if piece().text.strip() or piece().marked_before:
            blocks[-1][-1].append(_Piece())

    def mark() -> None:
        if piece().text.strip():
            piece().marked_after = True
        else:
            piece().marked_before = True

    while index < len(tokens):
        token = tokens[index]
        index += 1
        text = token.text
        ties = ties + 1 if token.kind == "~" else ties if token.kind in "$s" else 0
        if token.kind in "cC":
            if text in _NEW_BLOCK:
                blocks.append([[_Piece()]])
            elif text in _NEW_LINE:
                blocks[-1].append([_Piece()])
                index += break_options(tokens, index)
                if text not in ("\\\\", "\\newline", "\\par", "\\tabularnewline", "\\\\*", "\\addr"):
                    index = _after_group(tokens, index)
            elif text in _NEW_NAME:
                if text in _DIMENSIONS:
                    index = _after_group(tokens, index)
                new_piece()
            elif text in _MARKS:
                index = _after_group(tokens, index)
                if text != "\\thanks":
                    mark()
            elif text in _AWAY:
                after = _after_group(tokens, index)
                if text == "\\email" and after == index:  # \\email a@b.org, without braces
                    new_piece()
                    piece().marked_before = True
                index = after
            elif text == "\\&":
                new_piece()
            elif text in ("\\begin", "\\end"):
                name = join(tokens[index : _after_group(tokens, index)])
                index = _after_group(tokens, index)
                if text == "\\begin" and name in ("{tabular}", "{minipage}", "{tabular*}"):
                    index = _after_group(tokens, index)
            else:
                printed, index = _printed(body, tokens, index - 1)
                piece().text += printed
        elif token.kind == "^":
            index = _after_group(tokens, index, bare=True)
            mark()
        elif token.kind == "_" or token.kind in "uhv":
            continue
        elif token.kind == "p":
            blocks[-1].append([_Piece()])
        elif token.kind == "&":
            new_piece()
        elif token.kind in "s~":
            piece().text += " "
            if ties >= 3:
                new_piece()
        elif token.kind == "w":
            for part in re.split(r"(,|;)", text):
                if part in (",", ";") or part in ("and", "&"):
                    new_piece()
                elif part:
                    piece().text += part
    return blocks


def _printed(body: Body, tokens: list[Token], index: int) -> tuple[str, int]:
    """Print a command inside a name: an accent with its letter, a symbol; anything else prints nothing."""
    token = tokens[index]
    if token.text in ACCENTS:
        following = tokens[index + 1] if index + 1 < len(tokens) else token
        if following.kind == "w":
            if len(following.text) > 1:
                tokens[index + 1] = following._replace(text=following.text[1:])
            return accented(token.text, following.text[0]), index + (1 if len(following.text) > 1 else 2)
        after = _after_group(tokens, index + 1, bare=True)
        return body.text(tokens[index:after]), after
    return SYMBOLS.get(token.text, "") if not token.text.startswith(("\\diamond", "\\bullet")) else "", index + 1


def _after_group(tokens: list[Token], index: int, *, bare: bool = False) -> int:
    """Return the index after "[..]" and "{..}", or after one token where `bare` allows that."""
    at = index
    while at < len(tokens) and tokens[at].kind == "s":
        at += 1
    if at < len(tokens) and tokens[at].text == "*":
        at += 1
    if at < len(tokens) and tokens[at].kind == "w" and tokens[at].text.startswith("["):
        while at < len(tokens) and "]" not in tokens[at].text:
            at += 1
        if at < len(tokens):
            rest = tokens[at].text.partition("]")[2]
            if rest:
                tokens[at] = tokens[at]._replace(text=rest)
                return at
            at += 1
        index = at
    if at < len(tokens) and tokens[at].kind == "{":
        depth = 0
        while at < len(tokens):
            depth += (tokens[at].kind == "{") - (tokens[at].kind == "}")
            at += 1
            if depth == 0:
                return at
        return at
    if bare and at < len(tokens):
        if tokens[at].kind == "w" and len(tokens[at].text) > 1:
            tokens[at] = tokens[at]._replace(text=tokens[at].text[1:])
            return at
        return at + 1
    return index
