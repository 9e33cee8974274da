"""Floats: captions and their numbers, which grid belongs to which caption, sub-floats, graphics, labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ._drafts import Caption, CellDraft, Draft, FigureDraft, Float, Grid, TableDraft
from ._places import Piece
from ._tex_text import ENVIRONMENT_ARGUMENTS, counted
from ._tex_tokens import Token, extent, join

if TYPE_CHECKING:
    from ._tex_body import Body

FLOATS = {
    **dict.fromkeys(("table", "table*", "sidewaystable", "sidewaystable*", "wraptable", "SCtable", "margintable"), "table"),
    **dict.fromkeys(("figure", "figure*", "sidewaysfigure", "wrapfigure", "SCfigure", "teaserfigure", "marginfigure"), "figure"),
    **dict.fromkeys(("algorithm", "algorithm*", "algorithm2e", "listing"), "algorithm"),
}
SUBFLOATS = frozenset({"subtable", "subfigure", "subtable*", "subfigure*"})
_BOXES = frozenset({"minipage", "floatrow", "adjustbox", "threeparttable", "center", "longtable", "figwindow", "tabwindow", "strip"})
_CAPTIONED = ("table", "figure", "algorithm")


def begin_float(body: Body, name: str, token: Token) -> Callable[[], None] | None:
    """Begin a float, a sub-float or a box inside one; return what to do at its end, None where the environment is none of these."""
    if name in FLOATS:
        kind = FLOATS[name]
    elif name in SUBFLOATS:
        kind = "sub"
    elif name in _BOXES and (name == "minipage" or not body.floats):
        kind = "box"
    else:
        return None
    outer_kind = body.kind
    if body.flowing:
        body.flush()
    body.gullet.arguments(ENVIRONMENT_ARGUMENTS.get(name, "o"))
    if name.startswith("algorithm"):
        body.kind = "algorithm"
    floating = Float(kind, token, outer=body.floats[-1] if body.floats else None)
    body.floats.append(floating)

    def close() -> None:
        body.flush()
        body.kind = outer_kind
        end_float(body, floating)

    return close


def end_float(body: Body, floating: Float) -> None:
    """Pair captions with grids; what a box holds without a caption of its own goes to the float around it."""
    while body.floats and body.floats[-1] is not floating:
        body.floats.pop()
    if body.floats:
        body.floats.pop()
    captions = [item for item in floating.items if isinstance(item, Caption)]
    outer = floating.outer
    if outer is None and not captions and floating.kind == "box":
        for item in floating.items:
            if isinstance(item, Grid):
                loose_grid(body, item)
        return
    if outer is not None and not captions:
        outer.items.extend(floating.items)
        outer.files.extend(floating.files)
        outer.labels.extend(floating.labels)
        return
    source, start, end = _extent_of(body, floating)
    if outer is not None and floating.kind == "sub":
        outer.files.extend(floating.files)
    for caption, grids in _paired(floating.items, captions):
        rows = [row for grid in grids for row in grid.rows]
        if rows:
            body.tables.append(TableDraft(caption, _level(rows), body.section, source, start, end))
    for caption in captions:
        if caption.kind == "figure":
            body.figures.append(FigureDraft(caption, floating.files, source, start, end))
    if not captions and floating.files and floating.kind == "figure":
        body.figures.append(FigureDraft(None, floating.files, source, start, end))


def _extent_of(body: Body, floating: Float) -> tuple[int, int, int]:
    """The float from its \\begin to the last thing that was read of it."""
    begin = floating.begin
    end = begin.end
    for item in floating.items:
        if item.source == begin.source:
            end = max(end, item.end)
    return begin.source, begin.start, end


def _paired(items: list[Caption | Grid], captions: list[Caption]) -> list[tuple[Caption | None, list[Grid]]]:
    """Give each grid the caption it stands under, or over where the captions come after the grids."""
    grids = [item for item in items if isinstance(item, Grid)]
    if len(captions) <= 1:
        caption = captions[0] if captions else None
        return [(caption, grids)] if caption is not None else [(None, [grid]) for grid in grids]
    pairs: list[tuple[Caption | None, list[Grid]]] = [(caption, []) for caption in captions]
    above = isinstance(items[0], Caption)
    at = -1 if above else 0
    for item in items:
        if isinstance(item, Caption):
            at += 1
        else:
            pairs[max(0, min(at, len(pairs) - 1))][1].append(item)
    return pairs


def _level(rows: list[list[CellDraft]]) -> list[list[CellDraft]]:
    """Make all rows equally long."""
    width = max(len(row) for row in rows)
    for row in rows:
        filler = row[-1] if row else None
        while len(row) < width:
            source, end = (filler.source, filler.end) if filler is not None else (-1, 0)
            row.append(CellDraft([], False, False, source, end, end, header=bool(row) and row[0].header))
    return rows


def loose_grid(body: Body, grid: Grid) -> None:
    """A grid outside any float: a table without a number, unless it only arranges pictures."""
    body.tables.append(TableDraft(None, _level(grid.rows), body.section, grid.source, grid.start, grid.end))


def caption(body: Body, token: Token, *, named: bool = False, sub: bool = False) -> None:
    """Read \\caption, \\caption*, \\captionof{table}, \\subcaption."""
    gullet = body.gullet
    starred = gullet.star()
    kind = gullet.name() if named else ""
    gullet.optional()
    tokens = gullet.argument()
    if not body.visible:
        return
    pieces = body.plain(tokens)
    source, start, end = extent(tokens) if tokens else (token.source, token.start, token.end)
    floating = body.floats[-1] if body.floats else None
    if floating is not None and (floating.kind == "sub" or sub):
        _sub_caption(body, floating, pieces, source, start, end)
        return
    around = floating
    while around is not None and around.kind not in _CAPTIONED:
        around = around.outer
    kind = kind or (around.kind if around is not None else "figure")
    number = None if starred or kind not in _CAPTIONED else body.step_counter(kind)
    if number is not None:
        body.anchor = (kind, number)
    made = Caption(kind, number, pieces, source, start, end)
    label = f"{kind.capitalize()} {number}" if number else None
    if floating is not None:
        for item in _sub_captions(body, around or floating):
            item.main = item.main or made
        if floating.labels:
            made.label = floating.labels.pop()
            body.labels[made.label] = (kind, number or "")
        floating.items.append(made)
    body.pending.append(Draft("caption", pieces, body.section, label))


def _sub_captions(body: Body, floating: Float) -> list[Caption]:
    """The captions of finished sub-floats that wait for the caption of the float around them."""
    start = floating.begin.start
    return [
        table.caption
        for table in body.tables
        if table.caption is not None and table.caption.kind == "sub" and table.source == floating.begin.source and table.start >= start
    ]


def _sub_caption(body: Body, floating: Float, pieces: list[Piece], source: int, start: int, end: int) -> None:
    around = floating
    while around.outer is not None and around.kind not in _CAPTIONED:
        around = around.outer
    around.letters += 1
    main = next((item for item in around.items if isinstance(item, Caption)), None)
    kind = around.kind if around.kind in _CAPTIONED else "figure"
    if main is not None and main.number is not None:
        number = main.number
    else:  # the caption of the whole comes later, with the next number
        before = body.counters.get(kind, 0)
        body.counters[kind] = before + 1
        number = body.counter(kind)
        body.counters[kind] = before
    number += counted("alph", around.letters)
    body.anchor = (kind, number)
    made = Caption("sub", number, pieces, source, start, end, main=main)
    if floating.labels:
        made.label = floating.labels.pop()
        body.labels[made.label] = (kind, number)
    floating.items.append(made)
    if pieces:
        body.pending.append(Draft("caption", pieces, body.section, f"{kind.capitalize()} {number}"))


def subfloat(body: Body, token: Token, *, braces: bool = False) -> None:
    """Read \\subfloat[caption]{content} or \\subcaptionbox{caption}[width]{content}: a sub-float written as a command."""
    text = body.gullet.argument() if braces else body.gullet.optional()
    body.gullet.optional()
    content = body.gullet.argument()
    floating = Float("sub", token, outer=body.floats[-1] if body.floats else None)
    body.floats.append(floating)
    if floating.outer is not None and text is not None:
        pieces = body.plain(text)
        source, start, end = extent(text) if text else (token.source, token.start, token.end)
        _sub_caption(body, floating, pieces, source, start, end)
    body.run(content)
    end_float(body, floating)


def table_box(body: Body, token: Token) -> None:
    """Read \\ttabbox{caption}{content} or \\capbtabbox{content}{caption}: a table beside a figure."""
    floating = Float("table", token, outer=body.floats[-1] if body.floats else None)
    body.floats.append(floating)
    body.gullet.optional()
    body.run(body.gullet.argument())
    body.gullet.optional()
    body.run(body.gullet.argument())
    end_float(body, floating)


def labelled(body: Body, label: str) -> None:
    """Give a label to what was numbered last."""
    if not label:
        return
    floating = body.floats[-1] if body.floats else None
    if floating is not None:
        captions = [item for item in floating.items if isinstance(item, Caption)]
        around = floating
        while around.kind == "box" and around.outer is not None:
            around = around.outer
        if around.kind == "box" and not captions:
            body.labels.setdefault(label, body.anchor)
        elif captions:
            made = captions[-1]
            made.label = made.label or label
            body.labels.setdefault(label, (made.kind if made.kind != "sub" else body.anchor[0], made.number or ""))
        else:
            floating.labels.append(label)
        return
    body.labels.setdefault(label, body.anchor)


def graphics(body: Body, token: Token) -> None:
    """Note a graphic's file."""
    body.gullet.star()
    body.gullet.optional()
    name = join(body.gullet.argument()).strip()
    if body.floats:
        body.floats[-1].files.append(name)
