"""Commands that define macros, environments, theorems and switches, and those that include files, for `Gullet`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from ._macros import Gullet, Parameter, TheoremKind
from ._tex_tokens import Token, join, trim


def _newcommand(gullet: Gullet, token: Token) -> None:
    gullet.star()
    named = trim(gullet.argument())
    count = join(gullet.optional() or []).strip()
    default = gullet.optional()
    body = gullet.argument()
    if not named or named[0].kind not in "cC":
        return
    if token.text == "\\providecommand" and named[0].text in gullet.macros:
        return
    gullet.define(named[0].text, gullet.macro(_parameters(count, default), body))


def _parameters(count: str, default: list[Token] | None) -> tuple[Parameter, ...]:
    number = int(count) if count.isdigit() and len(count) == 1 else 0
    parameters = [Parameter("m")] * number
    if default is not None and parameters:
        parameters[0] = Parameter("o", tuple(default))
    return tuple(parameters)


def _def(gullet: Gullet, token: Token) -> None:
    gullet.skip_blanks()
    named = gullet.raw()
    parameters: list[Parameter] = []
    literal = ""
    while (part := gullet.raw()) is not None and part.kind != "{":
        if part.kind == "#":
            literal = _settle(parameters, literal)
            parameters.append(Parameter("m"))
        elif part.kind in "}p":
            gullet.push([part])
            return
        elif part.kind == "s":
            continue
        else:
            literal += part.text
    _settle(parameters, literal)
    body = gullet.balanced() if part is not None else []
    if named is not None and named.kind in "cC":
        gullet.define(named.text, gullet.macro(tuple(parameters), body), everywhere=token.text in ("\\gdef", "\\xdef"))


def _settle(parameters: list[Parameter], literal: str) -> str:
    """A literal after a parameter delimits it; one before the first must simply stand there."""
    if literal and parameters and parameters[-1].kind == "m":
        parameters[-1] = Parameter("d", literal=literal)
    elif literal:
        parameters.append(Parameter("l", literal=literal))
    return ""


def _let(gullet: Gullet, token: Token) -> None:
    gullet.skip_blanks()
    left = gullet.raw()
    ahead = gullet.peek()
    while ahead is not None and (ahead.kind == "s" or ahead.text == "="):
        gullet.raw()
        ahead = gullet.peek()
    right = gullet.raw()
    if left is None or right is None or left.kind not in "cC":
        return
    known = gullet.macros.get(right.text) if right.kind == "c" else None
    if known is not None:
        gullet.define(left.text, known)
    elif left.text != right.text:
        frozen = right._replace(kind="C") if right.kind == "c" else right
        gullet.define(left.text, gullet.macro((), [frozen]))


def _operator(gullet: Gullet, token: Token) -> None:
    starred = gullet.star()
    named, body = trim(gullet.argument()), gullet.argument()
    if named and named[0].kind in "cC":
        opening = [token._replace(text="\\operatorname")] + ([token._replace(kind="w", text="*")] if starred else [])
        wrapped = [*opening, token._replace(kind="{", text="{"), *body, token._replace(kind="}", text="}")]
        gullet.define(named[0].text, gullet.macro((), wrapped))


def _paired(gullet: Gullet, token: Token) -> None:
    named = trim(gullet.argument())
    count = 1
    if token.text != "\\DeclarePairedDelimiter":
        number = join(gullet.optional() or []).strip()
        count = int(number) if number.isdigit() and len(number) == 1 else 1
    left, right = gullet.argument(), gullet.argument()
    inner = [token._replace(kind="#", text="#3")]
    if token.text != "\\DeclarePairedDelimiter":
        inner = [t._replace(text=f"#{int(t.text[1:]) + 2}") if t.kind == "#" and t.text[1:].isdigit() else t for t in gullet.argument()]
        inner = [t for t in inner if t.text != "\\delimsize"]
    if named:
        parameters = (Parameter("s"), Parameter("o"), *[Parameter("m")] * count)
        gullet.define(named[0].text, gullet.macro(parameters, [*left, *inner, *right]))


def _environment(gullet: Gullet, token: Token) -> None:
    gullet.star()
    name = gullet.name()
    count = join(gullet.optional() or []).strip()
    default = gullet.optional()
    opening, closing = gullet.argument(), gullet.argument()
    if name and not (gullet.packaged and name in gullet.environments):
        gullet.environments[name] = (gullet.macro(_parameters(count, default), opening), gullet.macro((), closing))


def _document_command(gullet: Gullet, token: Token) -> None:
    named = trim(gullet.argument())
    specification = gullet.argument()
    parameters = _specified(specification)
    body = gullet.argument()
    if token.text.endswith("Environment"):
        closing = gullet.argument()
        gullet.environments[join(named).strip()] = (gullet.macro(parameters, body), gullet.macro((), closing))
    elif named:
        gullet.define(named[0].text, gullet.macro(parameters, body))


def _specified(tokens: list[Token]) -> tuple[Parameter, ...]:
    """Read an argument specification: m, v, r mandatory, s a star, o and O{default} optional."""
    letters = [part for token in tokens for part in ([token._replace(text=c) for c in token.text] if token.kind == "w" else [token])]
    parameters: list[Parameter] = []
    position = 0
    while position < len(letters) and len(parameters) < 9:
        letter = letters[position].text
        position += 1
        if letter in ("m", "v", "r", "b"):
            parameters.append(Parameter("m"))
        elif letter in ("s", "t"):
            parameters.append(Parameter("s"))
        elif letter in ("o", "O", "d", "D"):
            default: list[Token] = []
            if letter == "O" and position < len(letters) and letters[position].kind == "{":
                end = _group_end(letters, position)
                default, position = letters[position + 1 : end - 1], end
            parameters.append(Parameter("o", tuple(default)))
    return tuple(parameters)


def _group_end(tokens: list[Token], index: int) -> int:
    """Return the index after the group that opens at `index`."""
    depth = 0
    while index < len(tokens):
        depth += (tokens[index].kind == "{") - (tokens[index].kind == "}")
        index += 1
        if depth == 0:
            break
    return index


def _newif(gullet: Gullet, token: Token) -> None:
    named = trim(gullet.argument())
    if named and named[0].text.startswith("\\if"):
        gullet.switches[named[0].text[3:]] = False


def _theorem(gullet: Gullet, token: Token) -> None:
    starred = gullet.star()
    name = gullet.name()
    like = join(gullet.optional() or []).strip()
    title = gullet.name()
    within = join(gullet.optional() or []).strip()
    gullet.theorems[name] = TheoremKind(title or name, like or None, within or None, not starred)


def _declared_theorem(gullet: Gullet, token: Token) -> None:
    options = join(gullet.optional() or [])
    name = gullet.name()
    options += join(gullet.optional() or [])
    titled = re.search(r"name\s*=\s*\{?([^,{}]+)", options)
    like, within = (
        re.search(r"(?:sibling|numberlike|sharenumber)\s*=\s*(\w+)", options),
        re.search(r"(?:numberwithin|within|parent)\s*=\s*(\w+)", options),
    )
    gullet.theorems[name] = TheoremKind(
        titled[1].strip() if titled else name.capitalize(),
        like[1] if like else None,
        within[1] if within else None,
        "numbered=no" not in options,
    )


def _csname(gullet: Gullet, token: Token) -> None:
    parts: list[str] = []
    while (part := gullet.raw()) is not None and part.text != "\\endcsname" and len(parts) < 40:
        parts.append(part.text)
    gullet.push([token._replace(text="\\" + "".join(parts).strip())])


def _input(gullet: Gullet, token: Token) -> None:
    ahead = gullet.peek()
    while ahead is not None and ahead.kind == "s":
        gullet.raw()
        ahead = gullet.peek()
    if ahead is not None and ahead.kind == "{":
        gullet.include(gullet.name())
        return
    parts: list[str] = []
    while ahead is not None and ahead.kind in "w_~" and len(parts) < 20:
        parts.append(ahead.text)
        gullet.raw()
        ahead = gullet.peek()
    if parts:
        gullet.include("".join(parts))


def _import(gullet: Gullet, token: Token) -> None:
    folder = gullet.name()
    gullet.include(gullet.name(), folder=folder)


def _package(gullet: Gullet, token: Token) -> None:
    gullet.optional()
    for name in gullet.name().split(","):
        path = posixpath.normpath(posixpath.join(gullet.folder, name.strip() + ".sty"))
        if path in gullet.files and path not in gullet.opened and not gullet.packaged:
            _definitions(gullet, path)
    gullet.optional()


def _definitions(gullet: Gullet, path: str) -> None:
    """Read only the definitions of a package that lies beside the paper."""
    saved, scopes = gullet.stack, gullet.scopes
    gullet.stack, gullet.scopes, gullet.packaged = [], [], True
    gullet.level += 1
    try:
        if gullet.open_file(path, internal=True):
            while gullet.next() is not None:
                pass
    finally:
        gullet.leave(saved)
        gullet.scopes, gullet.packaged = scopes, False


def _end_of_input(gullet: Gullet, token: Token) -> None:
    gullet.end_of_file()


ACTIONS: dict[str, Callable[[Gullet, Token], None]] = {
    **dict.fromkeys(
        ("\\newcommand", "\\renewcommand", "\\providecommand", "\\DeclareRobustCommand", "\\newrobustcmd", "\\renewrobustcmd"), _newcommand
    ),
    **dict.fromkeys(("\\def", "\\gdef", "\\edef", "\\xdef"), _def),
    "\\let": _let,
    "\\DeclareMathOperator": _operator,
    **dict.fromkeys(("\\DeclarePairedDelimiter", "\\DeclarePairedDelimiterX", "\\DeclarePairedDelimiterXPP"), _paired),
    **dict.fromkeys(("\\newenvironment", "\\renewenvironment"), _environment),
    **dict.fromkeys(
        (
            "\\NewDocumentCommand",
            "\\RenewDocumentCommand",
            "\\DeclareDocumentCommand",
            "\\ProvideDocumentCommand",
            "\\NewDocumentEnvironment",
            "\\RenewDocumentEnvironment",
        ),
        _document_command,
    ),
    "\\newif": _newif,
    "\\newtheorem": _theorem,
    "\\declaretheorem": _declared_theorem,
    "\\csname": _csname,
    **dict.fromkeys(("\\input", "\\include", "\\subfile", "\\subfileinclude"), _input),
    **dict.fromkeys(("\\import", "\\subimport"), _import),
    **dict.fromkeys(("\\usepackage", "\\RequirePackage"), _package),
    "\\endinput": _end_of_input,
}
