"""Rows of a display and the pieces of a row: outer environments off, rows joined where one continues the other, cut at commas and prose."""

from __future__ import annotations

import re
from dataclasses import replace

from ._lexicon import PROSE, words
from ._notation import CLOSERS, OPENERS, RELATIONS
from ._tokens import Refusal, Token, group_end

_OUTER = words("equation align aligned alignedat split gather gathered multline eqnarray displaymath alignat flalign math array")
_NEUTRAL_HEADS = {"only", "minimize", "maximize", "minimise", "maximise", "", "assuming"}
_ENDS = {"}", "right.", "right|"}
_CONTINUES = {"+", "-", "=", "cdot", "times", "odot", "*", "/"}


def undollared(tokens: list[Token]) -> list[Token]:
    return [token for token in tokens if token.text != "$" and not (token.kind == "command" and token.text in {"[", "]", "(", ")"})]


def outer(tokens: list[Token]) -> list[Token]:
    """Drop the begin and end of outer environments; mark the cells and rows of inner ones."""
    while tokens and tokens[0].kind == "open" and group_end(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    out: list[Token] = []
    frames: list[str] = []
    stacked: list[bool] = []  # the open brackets: whether they are braces, whose rows are no statements
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "command" and token.text in {"begin", "end"}:
            name, end = _environment(tokens, position)
            if token.text == "begin":
                frames.append(_role(name, tokens, position, end, bool(stacked) or "inner" in frames))
            elif not frames:
                raise Refusal(f"\\end{{{name}}} ends nothing", token.at)
            if frames[-1] == "inner":
                out.extend(tokens[position:end])
            elif token.text == "begin":
                end = _behind_arguments(name, tokens, end)
            if token.text == "end":
                frames.pop()
            position = end
            continue
        if token.kind == "open" or (token.kind in {"symbol", "command"} and token.text in OPENERS):
            stacked.append(token.kind == "open")
        elif stacked and (token.kind == "close" or (token.kind in {"symbol", "command"} and token.text in CLOSERS)):
            stacked.pop()
        role = "braces" if any(stacked) and frames[-1:] != ["inner"] else frames[-1] if frames else "outer"
        if token.kind == "align" and role == "inner":
            token = replace(token, kind="cell")
        elif token.kind == "row":
            token = replace(token, kind={"inner": "row", "braces": "row", "outer": "line", "flat": "align"}[role])
            position = _behind_gap(tokens, position)
        out.append(token)
        position += 1
    return out


def _environment(tokens: list[Token], position: int) -> tuple[str, int]:
    """The name that stands in braces behind a begin or end, and the place behind it."""
    end = position + 1
    while end < len(tokens) and tokens[end].kind != "close":
        end += 1
    return "".join(token.text for token in tokens[position + 1 : end] if token.kind != "open").strip(), end + 1


def _role(name: str, tokens: list[Token], position: int, start: int, inside: bool) -> str:
    """outer (its rows are statements) · inner (its rows are rows) · flat (inside brackets, only to break a line)."""
    if name.rstrip("*") not in _OUTER:
        return "inner"
    alone = all(token.kind in {"align", "space"} or token.text in {"begin", "displaystyle"} for token in tokens[:position][-1:])
    if not inside and (name != "array" or alone):
        return "outer"
    heads, depth = [], 1
    for place in range(start, len(tokens)):
        token = tokens[place]
        depth += {"begin": 1, "end": -1}.get(token.text, 0) if token.kind == "command" else 0
        if not depth:
            break
        if depth == 1 and token.kind == "row":
            heads.append(next((piece for piece in tokens[place + 1 :] if piece.kind not in {"align", "space"}), token))
    return "flat" if name != "array" and all(head.text in _CONTINUES for head in heads) else "inner"


def _behind_arguments(name: str, tokens: list[Token], position: int) -> int:
    """Where the content of an outer environment begins, behind its column specification or position."""
    if name in {"alignedat", "alignat", "alignat*", "array"} and position < len(tokens) and tokens[position].kind == "open":
        return group_end(tokens, position) + 1
    placed = name in {"aligned", "split", "gathered"} and [token.text for token in tokens[position : position + 3]]
    return position + 3 if placed and placed[0] == "[" and placed[-1] == "]" and placed[1] in {"t", "b", "c"} else position


def _behind_gap(tokens: list[Token], position: int) -> int:
    """The last place of a line end with its gap: \\\\[2pt]."""
    if [token.text for token in tokens[position + 1 : position + 2]] != ["["]:
        return position
    end = next((place for place in range(position + 1, len(tokens)) if tokens[place].text == "]"), position)
    inside = "".join(token.text for token in tokens[position + 2 : end])
    return end if re.fullmatch(r"-?[0-9.]+(pt|em|ex|mm|cm|in|baselineskip)", inside) else position


def joined_rows(tokens: list[Token]) -> list[list[Token]]:
    """Split at line ends; a row that begins with an operator, or follows an open bracket or operator, continues the one before."""
    rows: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "line":
            rows.append([])
            continue
        rows[-1].append(token)
    joined: list[list[Token]] = []
    for row in rows:
        body = [token for token in row if token.kind not in {"align", "space"}]
        if not body:
            continue
        while [token.kind for token in body[:2]] == ["open", "close"] and len(body) > 2:
            body = body[2:]  # {} + b: the braces only keep the sign a binary one
        first = body[0]
        begins = first.kind in {"symbol", "command"} and (first.text in _CONTINUES or RELATIONS.get(first.text) == "=")
        last = next((token for token in reversed(joined[-1]) if token.kind not in {"align", "space"}), None) if joined else None
        hangs = last is not None and last.kind in {"symbol", "command"} and (last.text in _CONTINUES or last.text in RELATIONS)
        if joined and (begins or hangs or _depth(joined[-1]) > 0):
            joined[-1].extend(row)
        else:
            joined.append(list(row))
    return joined


def _depth(tokens: list[Token]) -> int:
    opened = sum(token.text in {"(", "["} or (token.kind == "command" and token.text in {"{", "left."}) for token in tokens)
    return opened - sum(token.text in {")", "]"} or (token.kind == "command" and token.text in _ENDS) for token in tokens)


def segments(row: list[Token]) -> list[tuple[list[Token], str]]:
    """Cut a row at commas, wide spaces and prose outside brackets; each piece comes with what stood before it."""
    segments: list[tuple[list[Token], str]] = []
    current: list[Token] = []
    before = ""
    depth = environments = 0

    def cut(mark: str, last: bool = False) -> None:
        nonlocal current, before
        if [token for token in current if token.kind not in {"align", "space"}] or (last and before not in {"", ","}):
            segments.append((current, before))
            before = mark
        elif before in {"", ","}:
            before = mark
        elif mark != ",":
            before = f"{before} {mark}"
        current = []

    for position, token in enumerate(row):
        if token.kind == "command" and token.text in {"begin", "end"}:
            environments += 1 if token.text == "begin" else -1
        if token.kind == "open" or (token.kind in {"symbol", "command"} and token.text in {*OPENERS, "left."}):
            depth += 1
        elif token.kind == "close" or (token.kind in {"symbol", "command"} and token.text in CLOSERS):
            depth -= 1
        level = depth == 0 and environments == 0
        if level and token.kind == "symbol" and token.text in {",", "."} and _chain_goes_on(row, position):
            continue
        if (level and token.kind == "symbol" and token.text in {",", ";"}) or (
            level and token.kind == "symbol" and token.text == "." and _sentence_end(row, position)
        ):
            cut(",")
        elif level and token.kind == "text" and not (position and row[position - 1].kind in {"sub", "sup"}):
            cut("," if _is_remark(token.text) else token.text.strip().rstrip(",:").lower())
        elif level and token.kind == "word" and token.text.lower() in {"where", "with", "and", "for"}:
            cut(token.text.lower())
        elif level and token.kind == "command" and token.text == "forall":
            cut("for all")
        elif (
            level
            and token.kind == "space"
            and token.text in {"quad", "qquad"}
            and has_relation(current)
            and has_relation(row[position + 1 :])
        ):
            cut(",")
        else:
            current.append(token)
    cut("", last=True)
    return segments


def _is_remark(text: str) -> bool:
    """Whether prose only names or explains what is printed: (biased estimate), or depth: in front of an equation."""
    inside = re.fullmatch(r"\((.*)\)[.,]?|(.*):", text.strip())
    first = re.match(r"[\w.]*", (inside[1] or inside[2] or "").strip().lower()) if inside else None
    return first is not None and first[0] not in PROSE | _NEUTRAL_HEADS


def _chain_goes_on(row: list[Token], position: int) -> bool:
    """L = a, \\\\ = b: a comma in front of an equals sign ends a row, not the chain."""
    following = next((token for token in row[position + 1 :] if token.kind not in {"align", "space"}), None)
    return following is not None and following.kind == "symbol" and following.text == "="


def _sentence_end(row: list[Token], position: int) -> bool:
    return not any(token.text == "." for token in (row[position + 1 : position + 2] + row[max(0, position - 1) : position]))


def has_relation(tokens: list[Token]) -> bool:
    """Whether a relation stands outside all brackets."""
    depth = 0
    for token in tokens:
        if token.kind == "open" or (token.kind in {"symbol", "command"} and token.text in OPENERS):
            depth += 1
        elif token.kind == "close" or (token.kind in {"symbol", "command"} and token.text in CLOSERS):
            depth -= 1
        elif depth == 0 and token.kind in {"symbol", "command"} and RELATIONS.get(token.text):
            return True
    return False


def unnumbered(row: list[Token]) -> list[Token]:
    """A row without the (3) that is printed far behind it; anything else behind a wide space would be read as a factor."""
    shown = [place for place, token in enumerate(row) if token.kind != "align"]
    if len(shown) < 5 or [row[place].text for place in (shown[-3], shown[-1])] != ["(", ")"] or row[shown[-2]].kind != "number":
        return row
    gap = row[shown[-4]]
    return row[: shown[-4]] if gap.kind == "space" and gap.text in {"quad", "qquad", "hfill"} else row
