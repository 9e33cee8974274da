"""Tables: a tabular's rows and cells, spans repeated in each place, rules dropped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ._drafts import CellDraft, Float, Grid
from ._places import Piece
from ._tex_equations import break_options
from ._tex_floats import end_float, loose_grid
from ._tex_text import BOLD, BOLD_MATHEMATICS, UNDERLINE
from ._tex_tokens import Token, extent, join, trim

if TYPE_CHECKING:
    from ._tex_body import Body

# environment -> arguments before the first cell
TABULARS = {
    "tabular": "om", "tabular*": "mom", "tabularx": "mom", "tabulary": "mm", "longtable": "om", "longtable*": "om", "supertabular": "m",
    "xltabular": "omm", "array": "om", "tblr": "om", "longtblr": "om", "talltblr": "om", "NiceTabular": "omo", "deluxetable": "m",
    "tabu": "m",
    "longtabu": "m", "tabularray": "om", "mytabular": "m", "xtabular": "om", "NiceTabularX": "mom",
}  # fmt: skip
_RULES = {
    "\\hline": "", "\\toprule": "o", "\\midrule": "o", "\\bottomrule": "o", "\\Xhline": "m", "\\hdashline": "o", "\\specialrule": "mmm",
    "\\thickhline": "",
    "\\firsthline": "", "\\lasthline": "", "\\heavyrule": "", "\\hlineB": "m", "\\Hline": "", "\\thinmidrule": "", "\\tabucline": "om",
    "\\noalign": "m",
}  # fmt: skip
_PARTIAL = {"\\cline": "m", "\\cmidrule": "opm", "\\cdashline": "mo", "\\hhline": "m", "\\addlinespace": "o", "\\morecmidrules": "",
"\\rowcolor": "om",
            "\\arrayrulecolor": "om", "\\cmidrulewidth": "", "\\SetRow": "om", "\\rowfont": "om", "\\rowstyle": "m", "\\cmrule": "m"}  # fmt: skip
_NUMBER_MARKS = BOLD_MATHEMATICS | UNDERLINE | {"\\textbf"}
_HEADS = frozenset({"\\endfirsthead", "\\endhead", "\\endfoot", "\\endlastfoot"})
_LONG = frozenset(
    {"longtable", "longtable*", "xltabular", "supertabular", "xtabular", "longtblr", "longtabu", "deluxetable"}
)  # floats of their own
LARGEST = 200_000  # cells of one table


def tabular(body: Body, name: str, token: Token) -> None:
    """Read a tabular, opened already, and give its grid to the float around it; inside a cell, its text to the cell."""
    gullet = body.gullet
    gullet.star()
    gullet.arguments(TABULARS[name])
    collected = gullet.collect_environment(name)
    if collected is None:
        gullet.problem(f"\\begin{{{name}}} has no end.")
        return
    tokens = gullet.expand(collected)
    if not body.flowing or any(part.text == "\\includegraphics" for part in tokens):
        body.run(tokens)  # a nested one is its cell's text; one that arranges pictures is no table
        return
    if not body.visible:
        return
    alone = Float("table", token, outer=body.floats[-1] if body.floats else None) if name in _LONG else None
    if alone is not None:
        body.floats.append(alone)
    rows = read_rows(body, tokens, token)
    if rows:
        _hand_in(body, rows, token, collected)
    if alone is not None:
        end_float(body, alone)


def _hand_in(body: Body, rows: list[list[CellDraft]], token: Token, collected: list[Token]) -> None:
    """Give a grid to the float around it, or keep it as a table of its own."""
    end = max([token.end, *(part.end for part in collected if part.source == token.source)])
    closing = re.compile(r"\s*(?:%[^\n]*\s*)*\\end\s*\{[^{}\n]*\}").match(body.gullet.sources[token.source].text, end)
    grid = Grid(rows, token.source, token.start, closing.end() if closing else end)
    if body.floats:
        body.floats[-1].items.append(grid)
    else:
        loose_grid(body, grid)


def read_rows(body: Body, tokens: list[Token], opening: Token) -> list[list[CellDraft]]:
    """Return the rows of a tabular's expanded tokens."""
    rows: list[list[CellDraft]] = []
    hanging: dict[int, tuple[int, CellDraft]] = {}  # column -> rows still to fill, the cell that spans them
    head = 0  # rows above the first full rule below some row
    ruled = False
    cells = 0
    covered: tuple[int, CellDraft] | None = None  # cells that tabularray writes although another covers them
    for cell_tokens, last_of_row, rules in _cells(body, tokens):
        if rules and not ruled and rows and not rows[-1] and any(_filled(row) for row in rows):
            head, ruled = len(rows) - 1, True
        if not rows:
            rows.append([])
        body.gullet.tick(5)
        row = rows[-1]
        cell, columns, down, written = _cell(body, cell_tokens, opening)
        cells += columns
        if cells > LARGEST:
            body.gullet.problem(f"a table has more than {LARGEST:,} cells; the rest is left out.")
            return _finish(rows, head)
        if covered and covered[0] and not cell.pieces:
            cell, covered = covered[1], (covered[0] - 1, covered[1])
        elif written:
            covered, columns = (columns - 1, cell), 1
        for _ in range(columns):
            _put(row, cell, down, hanging, rows)
        if last_of_row:
            covered = None
            for column in sorted(hanging):
                if column == len(row):
                    _put(row, _empty(opening), 0, hanging, rows)
            rows.append([])
    return _finish(rows, head)


def _put(row: list[CellDraft], cell: CellDraft, down: int, hanging: dict[int, tuple[int, CellDraft]], rows: list[list[CellDraft]]) -> None:
    """Put a cell into the next column; an empty one under a cell that spans rows takes that cell's text."""
    column = len(row)
    if column in hanging:
        left, above = hanging[column]
        if left > 1:
            hanging[column] = (left - 1, above)
        else:
            del hanging[column]
        if not any(piece.text.strip() for piece in cell.pieces):
            row.append(above)
            return
    row.append(cell)
    if down > 1:
        hanging[column] = (down - 1, cell)
    for upper in rows[max(0, len(rows) + down) : -1] if down < 0 else ():
        if column < len(upper) and not any(piece.text.strip() for piece in upper[column].pieces):
            upper[column] = cell


def _empty(token: Token) -> CellDraft:
    return CellDraft([], False, False, token.source, token.end, token.end)


def _filled(row: list[CellDraft]) -> bool:
    return any(piece.text.strip() or piece.reference for cell in row for piece in cell.pieces)


def _finish(rows: list[list[CellDraft]], head: int) -> list[list[CellDraft]]:
    """Drop rows in which nothing stands, and mark the header."""
    kept: list[list[CellDraft]] = []
    for index, row in enumerate(rows):
        if _filled(row):
            if index < head:
                row = [CellDraft(c.pieces, c.bold, c.underline, c.source, c.start, c.end, header=True) for c in row]
            kept.append(row)
    if not kept:
        return []
    if all(cell.header for row in kept for cell in row):
        kept = [[CellDraft(c.pieces, c.bold, c.underline, c.source, c.start, c.end) for c in row] for row in kept]
    longest = max(len(row) for row in kept)
    for row in kept:
        while len(row) < longest:
            last = row[-1]
            row.append(CellDraft([], False, False, last.source, last.end, last.end, header=last.header))
    return kept


def _cells(body: Body, tokens: list[Token]) -> list[tuple[list[Token], bool, bool]]:
    """Cut into cells: tokens, whether it ends its row, and whether a full rule stands before it."""
    cells: list[tuple[list[Token], bool, bool]] = []
    current: list[Token] = []
    depth = 0
    rules = False
    index = 0
    head_rows: int | None = None
    while index < len(tokens):
        token = tokens[index]
        index += 1
        text = token.text
        if token.kind == "{" or text == "\\begin":
            depth += 1
        elif token.kind == "}" or text == "\\end":
            depth -= 1
        elif depth <= 0 and token.kind in "cC" and text in ("\\\\", "\\tabularnewline", "\\cr", "\\\\*"):
            index += break_options(tokens, index)
            cells.append((current, True, rules))
            current, rules = [], False
            continue
        elif depth <= 0 and token.kind == "&":
            cells.append((current, False, rules))
            current, rules = [], False
            continue
        elif depth <= 0 and token.kind == "c" and (text in _RULES or text in _PARTIAL):
            index = _skip_arguments(tokens, index, _RULES.get(text, _PARTIAL.get(text, "")))
            rules = rules or text in _RULES
            continue
        elif depth <= 0 and token.kind == "c" and text in _HEADS:
            if text == "\\endfirsthead":
                head_rows = len(cells)
            elif text == "\\endhead" and head_rows is not None:
                del cells[head_rows:]  # the head is printed again on later pages
            elif text in ("\\endfoot", "\\endlastfoot"):
                while cells and not cells[-1][1]:
                    cells.pop()
            rules, current = True, []
            continue
        elif depth <= 0 and token.kind == "c" and text in ("\\caption", "\\label"):
            index = _hand_over(body, tokens, index - 1)
            continue
        current.append(token)
    cells.append((current, True, rules))
    return cells


def _hand_over(body: Body, tokens: list[Token], index: int) -> int:
    """A caption or label inside a longtable is read by the float around it."""
    end = _skip_arguments(tokens, index + 1, "som")
    body.run(tokens[index:end])
    return end


def _skip_arguments(tokens: list[Token], index: int, signature: str) -> int:
    """Return the index after a rule's arguments."""
    for kind in signature:
        at = index
        while at < len(tokens) and tokens[at].kind == "s":
            at += 1
        if at >= len(tokens):
            return index
        token = tokens[at]
        if kind == "m" and token.kind == "{":
            depth = 0
            while at < len(tokens):
                depth += (tokens[at].kind == "{") - (tokens[at].kind == "}")
                at += 1
                if depth == 0:
                    break
            index = at
        elif kind in "op" and token.kind == "w" and token.text[0] == "[("["op".index(kind)]:
            closing = "])"["op".index(kind)]
            while at < len(tokens) and closing not in tokens[at].text:
                at += 1
            if at < len(tokens):
                rest = tokens[at].text.partition(closing)[2]
                if rest:
                    tokens[at] = tokens[at]._replace(text=rest, start=tokens[at].end - len(rest))
                    index = at
                else:
                    index = at + 1
        elif kind == "s" and token.text == "*":
            index = at + 1
    return index


_OPTIONS = re.compile(r"([rc])\s*=\s*(\d+)")


def _cell(body: Body, tokens: list[Token], opening: Token) -> tuple[CellDraft, int, int, bool]:
    """Return the cell, how many columns it spans, how many rows (down; negative: up), and whether the covered cells are written too."""
    tokens = trim(tokens)
    columns = 1
    down = 0
    written = False
    content = tokens
    for _ in range(4):
        found = _spanning(content)
        if found is None:
            break
        name, amount, rest = found
        if name == "\\multicolumn":
            columns = max(1, min(amount, 500))
        elif name in ("\\SetCell", "\\Block"):
            columns, down, written = max(1, amount // 1000), amount % 1000, True
        else:
            down = max(-500, min(amount, 500))
        content = rest
    pieces = body.plain(_unmarked(content)) if content else []
    source, start, end = extent(tokens) if tokens else (opening.source, opening.end, opening.end)
    names = {token.text for token in content if token.kind in "cC"}
    bold = bool(names & BOLD) or (bool(names & BOLD_MATHEMATICS) and _digits_after(content, BOLD_MATHEMATICS))
    cell = CellDraft(_without_citations(pieces), bold, bool(names & UNDERLINE), source, start, end)
    return cell, columns, down, written


def _unmarked(tokens: list[Token]) -> list[Token]:
    """Drop bold and underline around a number in mathematics, which the cell's marks say: $\\mathbf{28.4}$ prints 28.4."""
    if not any(token.text in _NUMBER_MARKS for token in tokens):
        return tokens
    kept: list[Token] = []
    index = 0
    formula = False
    while index < len(tokens):
        token = tokens[index]
        index += 1
        formula = formula != (token.kind == "$")
        if formula and token.text in _NUMBER_MARKS:
            stop = _skip_arguments(tokens, index, "m")
            inner = trim(tokens[index:stop])[1:-1]
            if stop > index and all(part.kind in "ws" for part in inner) and any(character.isdigit() for character in join(inner)):
                kept.extend(inner)
                index = stop
                continue
        kept.append(token)
    return kept


def _digits_after(tokens: list[Token], names: frozenset[str]) -> bool:
    """Say whether a bold letter command holds digits: \\mathbf{28.4} marks a result, \\mathbf{x} is a vector."""
    for index, token in enumerate(tokens):
        if token.text in names:
            stop = _skip_arguments(tokens, index + 1, "m")
            if any(character.isdigit() for part in tokens[index + 1 : max(stop, index + 2)] for character in part.text):
                return True
    return False


def _spanning(tokens: list[Token]) -> tuple[str, int, list[Token]] | None:
    """See \\multicolumn{n}{spec}{content}, \\multirow{n}{width}{content} or \\SetCell[c=n]{..} content among a cell's first tokens."""
    for index, token in enumerate(tokens[:40]):
        if token.kind not in "cC" or token.text not in ("\\multicolumn", "\\multirow", "\\SetCell", "\\Block"):
            continue
        before = tokens[:index]
        if token.text == "\\SetCell":
            options = join(tokens[index + 1 : index + 12])
            spans = (
                {key: int(value) for key, value in _OPTIONS.findall(options.partition("]")[0])} if options.lstrip().startswith("[") else {}
            )
            after = _skip_arguments(list(tokens), index + 1, "om")
            return token.text, min(spans.get("c", 1), 500) * 1000 + min(spans.get("r", 0), 500), before + tokens[after:]
        if token.text == "\\Block":
            at = _skip_arguments(tokens, index + 1, "o")
            after = _skip_arguments(tokens, at, "m")
            size = re.search(r"(\d{1,3})\s*-\s*(\d{1,3})", join(tokens[at:after]))
            return token.text, (int(size[2]) * 1000 + int(size[1])) if size else 1001, before + tokens[after:]
        signature = "mm" if token.text == "\\multicolumn" else "omomo"
        groups: list[list[Token]] = []
        at = index + 1
        for kind in signature:
            after = _skip_arguments(tokens, at, kind)
            if kind == "m":
                groups.append(trim(tokens[at:after]))
                if after == at and at < len(tokens):  # an argument without braces: \multirow{2}*{x}
                    while at < len(tokens) and tokens[at].kind == "s":
                        at += 1
                    if at < len(tokens) and tokens[at].kind == "w" and len(tokens[at].text) > 1:
                        groups[-1] = [tokens[at]._replace(text=tokens[at].text[0])]
                        tokens = [
                            *tokens[:at],
                            tokens[at]._replace(text=tokens[at].text[1:], start=tokens[at].start + 1),
                            *tokens[at + 1 :],
                        ]
                    else:
                        groups[-1] = tokens[at : at + 1]
                        after = at + 1
            at = max(after, at)
        try:
            amount = int(float(join(groups[0]).strip("{} ="))) if groups else 1
        except (ValueError, OverflowError):
            amount = 1
        return token.text, amount, before + tokens[at:]
    return None


_CITATION = re.compile(r"^\[[^\]]*\]$")


def _without_citations(pieces: list[Piece]) -> list[Piece]:
    """Drop citations beside other text; a cell that only cites keeps them."""
    from_command = [piece for piece in pieces if _CITATION.match(piece.text) and piece.end - piece.start > 5]
    others = [piece for piece in pieces if piece.text.strip() and piece not in from_command]
    return [piece for piece in pieces if piece not in from_command] if others else pieces
