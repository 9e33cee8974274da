"""Mathematics: inline formulas as text, displays as equations with the numbers they print."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._drafts import EquationDraft
from ._places import Piece
from ._tex_tokens import Token, extent, is_word, join, trim

if TYPE_CHECKING:
    from ._tex_body import Body

# environment -> numbered, a number per row
DISPLAYS: dict[str, tuple[bool, bool]] = {
    "$$": (False, False),
    "\\[": (False, False),
    "equation": (True, False),
    "multline": (True, False),
    "dmath": (True, False),
    "displaymath": (False, False),
    "align": (True, True),
    "alignat": (True, True),
    "flalign": (True, True),
    "gather": (True, True),
    "eqnarray": (True, True),
    "dgroup": (True, True),
    "IEEEeqnarray": (True, True),
    "xalignat": (True, True),
    "math": (False, False),
    "empheq": (True, False),
}
DISPLAYS |= {name + "*": (False, rows) for name, (_, rows) in DISPLAYS.items() if name[0].isalpha() and name not in ("math", "displaymath")}
_ARGUMENTS = {
    "alignat": "m",
    "alignat*": "m",
    "xalignat": "m",
    "xalignat*": "m",
    "IEEEeqnarray": "om",
    "IEEEeqnarray*": "om",
    "empheq": "om",
    "dmath": "o",
    "dmath*": "o",
}
_SILENT = frozenset({"\\ensuremath", "\\xspace", "\\protect"})
_BLANKS = re.compile(r"\s+")


def inline(body: Body, opening: Token, closing: str) -> None:
    """Read a formula up to `closing` and add it to the text as $...$, macros expanded."""
    raw = _until(body, closing)
    if raw is None:
        body.gullet.problem("a formula is opened and never closed.")
        return
    tokens, end = raw
    expanded = expand_formula(body, tokens)
    if trim(expanded):
        add_formula(body, expanded, "$", opening, end)


def expand_formula(body: Body, tokens: list[Token]) -> list[Token]:
    """Return mathematics with every macro replaced, and without the commands that only matter to text."""
    return [token for token in body.gullet.expand(tokens) if token.text not in _SILENT]


def add_formula(body: Body, tokens: list[Token], mark: str, opening: Token, closing: Token) -> None:
    """Add expanded mathematics to the text between marks, token by token, so that each character keeps its place."""
    body.add(mark, opening)
    after_word = False
    for token in trim(tokens):
        text = join([token])
        if token.kind == "p":
            text = " "
        elif token.kind in "cC" and token.text in ("\\label", "\\nonumber", "\\notag"):
            text = token.text
        if after_word and text[:1].isalpha():
            body.add(" ", token)
        body.add(text, token)
        after_word = is_word(token)
    body.add(mark, closing)


def _until(body: Body, closing: str) -> tuple[list[Token], Token] | None:
    """Return the raw tokens before `closing`; None where the paragraph ends first, with everything put back."""
    gullet = body.gullet
    tokens: list[Token] = []
    depth = 0
    while (token := gullet.raw()) is not None:
        if token.kind == "{":
            depth += 1
        elif token.kind == "}":
            depth -= 1
        elif depth <= 0 and token.text == closing and token.kind in "$c":
            return tokens, token
        elif token.kind == "p" and depth <= 0 and closing != "\\]":
            gullet.push([*tokens, token])
            return None
        elif token.kind == "c" and (macro := gullet.macros.get(token.text)) is not None and closing in ("\\)", "\\]") and macro.structural:
            gullet.call(token, macro)
            continue
        tokens.append(token)
    gullet.push(tokens)
    return None


def display(body: Body, name: str, opening: Token) -> None:
    """Read a display, opened already; one equation per number it prints, or one without a number."""
    gullet = body.gullet
    numbered, by_row = DISPLAYS[name]
    closing = opening
    if name == "$$":
        found = _dollars(body)
        if found is None:
            gullet.problem("a display ($$) is opened and never closed.")
            return
        tokens, closing = found
    elif name == "\\[":
        found = _until(body, "\\]")
        if found is None:
            gullet.problem("a display (\\[) is opened and never closed.")
            return
        tokens, closing = found
    else:
        gullet.arguments(_ARGUMENTS.get(name, ""))
        collected = gullet.collect_environment(name)
        if collected is None:
            gullet.problem(f"\\begin{{{name}}} has no end.")
            return
        tokens = collected
        closing = _closing(body, tokens, opening, name)
    if name == "math":
        add_formula(body, expand_formula(body, tokens), "$", opening, closing)
        return
    whole = opening._replace(end=max(opening.end, closing.end)) if closing.source == opening.source else opening
    rows = _rows(tokens) if by_row else [tokens]
    for index, row in enumerate(rows):
        if by_row and index == len(rows) - 1 and not trim(row) and index:
            if numbered:  # LaTeX prints a number beside the empty last row
                if not body.only_referenced:
                    body.step_counter("equation")
                gullet.problem(f"equation ({body.counter('equation')}) is an empty row: a line break stands before the end of {name}.")
            continue
        _equation(body, row, numbered, whole if len(rows) == 1 else None, opening)
    if body.visible:
        shown = [token for token in expand_formula(body, _numbering(tokens).content) if token.text not in ("\\nonumber", "\\notag")]
        if trim(shown):
            body.add(" ", opening)
            add_formula(body, shown, "$$", opening, closing)
            body.add(" ", closing)


def _dollars(body: Body) -> tuple[list[Token], Token] | None:
    gullet = body.gullet
    tokens: list[Token] = []
    depth = 0
    while (token := gullet.raw()) is not None:
        depth += (token.kind == "{") - (token.kind == "}")
        if token.kind == "$" and depth <= 0:
            ahead = gullet.peek()
            if ahead is not None and ahead.kind == "$":
                gullet.raw()
                return tokens, ahead
        if token.kind == "p" and len(tokens) > 2_000:
            break
        tokens.append(token)
    gullet.push(tokens)
    return None


def _closing(body: Body, tokens: list[Token], opening: Token, name: str) -> Token:
    """Return a token at the \\end of a collected environment: found in the text, as collecting has eaten it."""
    text = body.gullet.sources[opening.source].text
    last = max((token.end for token in tokens if token.source == opening.source), default=opening.end)
    found = re.compile(r"\s*(?:%[^\n]*\s*)*\\end\s*\{\s*" + re.escape(name) + r"\s*\}").match(text, last)
    end = found.end() if found else last
    return opening._replace(start=min(last, end), end=end)


def _rows(tokens: list[Token]) -> list[list[Token]]:
    """Cut at line breaks outside braces and inner environments."""
    rows: list[list[Token]] = [[]]
    depth = 0
    skip = 0
    for index, token in enumerate(tokens):
        if skip:
            skip -= 1
            continue
        if token.kind == "{":
            depth += 1
        elif token.kind == "}":
            depth -= 1
        elif token.text == "\\begin":
            depth += 1
        elif token.text == "\\end":
            depth -= 1
        elif depth == 0 and token.text in ("\\\\", "\\\\*", "\\cr", "\\tabularnewline"):
            rows.append([])
            skip = break_options(tokens, index + 1)
            continue
        rows[-1].append(token)
    return rows


_AMOUNT = re.compile(r"\[\s*-?[\d.\s]*(?:pt|ex|em|mm|cm|in|bp|\\[a-zA-Z]+)\s*\]")


def break_options(tokens: list[Token], index: int) -> int:
    """Count the tokens of "*" and "[2pt]" at `index`, after a line break; what else a token holds is left in its place."""
    first = index
    if index < len(tokens) and tokens[index].kind == "w" and tokens[index].text.startswith("*"):
        if len(tokens[index].text) > 1:
            tokens[index] = tokens[index]._replace(text=tokens[index].text[1:])
        else:
            index += 1
    if index < len(tokens) and tokens[index].kind == "w" and tokens[index].text.startswith("["):
        for last in range(index, min(index + 5, len(tokens))):
            before, closed, after = tokens[last].text.partition("]")
            if closed and _AMOUNT.fullmatch(join(tokens[index:last]) + before + closed):
                if after:
                    tokens[last] = tokens[last]._replace(text=after, start=min(tokens[last].end, tokens[last].start + len(before) + 1))
                    return last - first
                return last + 1 - first
    return index - first


@dataclass
class _Numbering:
    """A display's or row's content, and what it says about its number."""

    content: list[Token] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    tag: list[Token] | None = None
    silent: bool = False
    counting: list[Token] = field(default_factory=list)  # \\addtocounter and the like


_NUMBERING = {
    **dict.fromkeys(("\\label", "\\tag", "\\intertext", "\\shortintertext", "\\stepcounter", "\\refstepcounter"), 1),
    **dict.fromkeys(("\\addtocounter", "\\setcounter"), 2),
    **dict.fromkeys(("\\nonumber", "\\notag"), 0),
}


def _numbering(tokens: list[Token]) -> _Numbering:
    """Part what a display shows from what only concerns its number."""
    found = _Numbering()
    index = 0
    while index < len(tokens):
        token = tokens[index]
        index += 1
        if token.kind in "cC" and token.text in ("\\eqno", "\\leqno"):  # the rest of the display is its number
            found.tag = tokens[index:]
            break
        arguments = _NUMBERING.get(token.text) if token.kind in "cC" else None
        if arguments is None:
            found.content.append(token)
            continue
        first = index
        inner: list[Token] = []
        for _ in range(arguments):
            inner, index = _group(tokens, index)
        if token.text == "\\label":
            found.labels.append(join(inner).strip())
        elif token.text == "\\tag":
            found.tag = inner
        elif arguments == 0:
            found.silent = True
        elif "counter" in token.text:
            found.counting.extend([token, *tokens[first:index]])
    return found


def _group(tokens: list[Token], index: int) -> tuple[list[Token], int]:
    """Return the group that stands next, after blanks and a star, and the index behind it."""
    while index < len(tokens) and (tokens[index].kind == "s" or tokens[index].text == "*"):
        index += 1
    inner: list[Token] = []
    if index < len(tokens) and tokens[index].kind == "{":
        depth = 0
        while index < len(tokens):
            part = tokens[index]
            index += 1
            depth += (part.kind == "{") - (part.kind == "}")
            if depth == 0:
                break
            if not (part.kind == "{" and depth == 1):
                inner.append(part)
    return inner, index


def _equation(body: Body, tokens: list[Token], numbered: bool, whole: Token | None, opening: Token) -> None:
    written = _numbering(tokens)
    content, labels, tag, silent = written.content, written.labels, written.tag, written.silent
    made = _numbering(expand_formula(body, content))  # a macro may hold a \\label or a \\notag too
    expanded = made.content
    labels, tag, silent = labels + made.labels, tag or made.tag, silent or made.silent
    body.run(written.counting + made.counting)
    if body.only_referenced and not (set(labels) & body.referenced) and tag is None:
        silent = True
    number: str | list[Piece] | None = None
    printed = ""
    if tag is not None:
        number = body.plain(tag)
        printed = body.text(tag).strip("()")
    elif numbered and not silent:
        number = printed = body.step_counter("equation")
    for label in labels:
        body.labels.setdefault(label, ("equation", printed))
    latex = _BLANKS.sub(" ", join(content)).strip()
    if not latex and not trim(expanded):
        return
    if not body.visible:
        return
    source, start, end = (whole.source, whole.start, whole.end) if whole is not None else extent(trim(tokens) or [opening])
    if source != opening.source:
        source, start, end = opening.source, opening.start, opening.end
    body.equations.append(
        EquationDraft(
            number, labels[0] if labels else None, latex, _BLANKS.sub(" ", join(expanded)).strip(), body.section, source, start, end
        )
    )
