"""The commands that carry a paper's structure, by name."""

from __future__ import annotations

import re
from collections.abc import Callable

from ._places import Piece
from ._tex_body import LEVELS, Body
from ._tex_equations import display, inline
from ._tex_floats import caption, graphics, labelled, subfloat, table_box
from ._tex_text import counted
from ._tex_tokens import Token, commands, join, trim

Action = Callable[[Body, Token], None]


def _heading(name: str) -> Action:
    return lambda body, token: body.heading(token, name)


def _begin(body: Body, token: Token) -> None:
    body.begin(token)


def _end(body: Body, token: Token) -> None:
    body.close(body.gullet.name())


def _title(body: Body, token: Token) -> None:
    body.gullet.optional()
    tokens = body.gullet.argument()
    if trim(tokens) and not (body.title_tokens and body.titled):
        body.title_tokens = tokens
        body.titled = body.titled or (body.visible and token.text == "\\icmltitle")  # which prints it at once


def _author(body: Body, token: Token) -> None:
    body.gullet.optional()
    body.authors.append((token.text, body.gullet.argument()))


def _speech_author(body: Body, token: Token) -> None:
    """\\name{A, B, C} of ICASSP and Interspeech, or \\name[affiliation={1}]{First}{Last} for one of them."""
    single = body.gullet.optional() is not None
    name = body.gullet.argument()
    if single:
        name = [*name, token._replace(kind="s", text=" "), *body.gullet.argument()]
    body.authors.append((token.text, name))


def _icml_author(body: Body, token: Token) -> None:
    body.authors.append((token.text, body.gullet.argument()))
    body.gullet.argument()


def _footnote(body: Body, token: Token) -> None:
    body.gullet.optional()
    body.aside(body.gullet.argument(), "footnote")


def _label(body: Body, token: Token) -> None:
    labelled(body, body.gullet.name())


def _reference(form: str) -> Action:
    def act(body: Body, token: Token) -> None:
        body.gullet.star()
        tokens = body.gullet.argument()
        end = body.gullet.end_of(token, tokens)
        for index, label in enumerate(join(tokens).split(",")):
            if index:
                body.add(", ", token)
            if body.visible:
                body.pieces.append(Piece(form, token.source, token.start, end, label.strip()))

    return act


def _cite(body: Body, token: Token) -> None:
    gullet = body.gullet
    gullet.star()
    first, second = gullet.optional(), gullet.optional()
    tokens = gullet.argument()
    keys = [key.strip() for key in join(tokens).split(",") if key.strip()]
    body.cited.update(dict.fromkeys(keys))
    note = second if second is not None else first
    extra = f", {body.text(note)}" if note else ""
    end = gullet.end_of(token, tokens)
    body.add(f"[{', '.join(keys)}{extra}]", token._replace(end=end))


def _item(body: Body, token: Token) -> None:
    body.flush()
    if body.kind in ("paragraph", "item"):
        body.kind = "item" if body.environments else body.kind
    given = body.gullet.optional()
    if given:
        body.run(given)
        body.add(" ", token)


def _paragraph_end(body: Body, token: Token) -> None:
    if body.flowing:
        body.flush()
    else:
        body.add(" ", token)


def _break(body: Body, token: Token) -> None:
    body.gullet.star()
    body.gullet.optional()
    if body.kind == "algorithm" and body.flowing:
        body.flush()
    else:
        body.add(" ", token)


def _appendix(body: Body, token: Token) -> None:
    body.begin_appendix()


def _counter_style(style: str) -> Action:
    def act(body: Body, token: Token) -> None:
        number = body.counters.get(body.gullet.name(), 0)
        body.add(counted(style, number), token)

    return act


def _the(name: str) -> Action:
    def act(body: Body, token: Token) -> None:
        body.add(body.counter(name), token)

    return act


def _set_counter(*, add: bool) -> Action:
    def act(body: Body, token: Token) -> None:
        name, value = body.gullet.name(), body.gullet.name()
        try:
            number = int(value)
        except ValueError:
            return
        body.counters[name] = number + (body.counters.get(name, 0) if add else 0)

    return act


def _number_within(body: Body, token: Token) -> None:
    body.gullet.star()
    body.gullet.optional()
    name, above = body.gullet.name(), body.gullet.name()
    if name and above and not _reaches(body.within, above, name):
        body.within[name] = above


def _without(body: Body, token: Token) -> None:
    body.gullet.star()
    name, _ = body.gullet.name(), body.gullet.name()
    body.within.pop(name, None)


def _reaches(within: dict[str, str], start: str, goal: str) -> bool:
    """Say whether `start` is counted within `goal`, so that a circle is never made."""
    for _ in range(20):
        if start == goal:
            return True
        if start not in within:
            return False
        start = within[start]
    return True


def _abstract(body: Body, token: Token) -> None:
    tokens = body.gullet.argument()
    visible, outer = body.visible, body.section
    body.visible = True
    body.section_of_its_own("Abstract", "abstract", token)
    body.run(tokens)
    body.flush()
    body.visible, body.section = visible, outer


def _bibliography(body: Body, token: Token) -> None:
    names = body.gullet.name()
    body.bibliographies.extend(name.strip() for name in names.split(","))
    gullet = body.gullet
    stem = gullet.opened[0].removesuffix(".tex") if gullet.opened else ""
    compiled = [path for path in sorted(gullet.files) if path.endswith(".bbl") and b"\\bibitem" in gullet.files[path]]
    path = stem + ".bbl" if stem + ".bbl" in compiled else compiled[0] if len(compiled) == 1 else None
    if path is not None and path not in gullet.opened:
        gullet.open_file(path)


def _resource(body: Body, token: Token) -> None:
    body.gullet.optional()
    body.bibliographies.append(body.gullet.name())


def _ensure_math(body: Body, token: Token) -> None:
    tokens = body.gullet.argument()
    dollar = token._replace(kind="$", text="$")
    body.gullet.push([dollar, *tokens, dollar])


def _space(body: Body, token: Token) -> None:
    ahead = body.gullet.peek()
    if ahead is None or ahead.kind in "$cC" or (ahead.kind == "w" and ahead.text[0] not in ".,;:!?)']/-"):
        body.add(" ", token)


def _either(body: Body, token: Token) -> None:
    """\\texorpdfstring{printed}{for bookmarks}."""
    body.run(body.gullet.argument())
    body.gullet.argument()


def _document_class(body: Body, token: Token) -> None:
    body.gullet.optional()
    name = body.gullet.name()
    if name in ("book", "report", "scrbook", "scrreprt", "memoir") and not body.visible:
        body.within |= dict.fromkeys(("section", "equation", "table", "figure"), "chapter")
    body.transactions = body.transactions or name == "IEEEtran"


def _space_of(body: Body, token: Token) -> None:
    body.gullet.star()
    if not body.gullet.name().startswith("-"):
        body.add(" ", token)


def _number(body: Body, token: Token) -> None:
    body.gullet.optional()
    first = body.gullet.argument()
    body.run(_units(first) if token.text in ("\\si", "\\unit") else first)
    if token.text in ("\\SI", "\\qty"):
        body.gullet.optional()
        body.add(" ", token)
        body.run(_units(body.gullet.argument()))


# siunitx: what the commands of a unit print
_UNITS = {
    "milli": "m", "micro": "μ", "nano": "n", "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "second": "s", "minute": "min", "hour": "h",
    "meter": "m", "metre": "m", "gram": "g", "hertz": "Hz", "byte": "B", "bit": "bit", "percent": "%", "watt": "W", "joule": "J", "kelvin": "K",
    "decibel": "dB", "ms": "ms", "us": "μs", "kHz": "kHz", "Hz": "Hz", "per": "/",
}  # fmt: skip


def _units(tokens: list[Token]) -> list[Token]:
    """Return the tokens of a unit with its commands spelled out: "\\milli\\second" is "ms"."""
    return [
        token._replace(kind="w", text=_UNITS[token.text[1:]]) if token.kind in "cC" and token.text[1:] in _UNITS else token
        for token in tokens
    ]


def _diagonal(body: Body, token: Token) -> None:
    body.gullet.optional()
    body.run(body.gullet.argument())
    body.add(" / ", token)
    body.run(body.gullet.argument())


def _ding(body: Body, token: Token) -> None:
    body.add({"51": "✓", "52": "✓", "55": "✗", "56": "✗"}.get(body.gullet.name(), "•"), token)


def _comment_command(body: Body, token: Token) -> None:
    if "\\comment" not in body.gullet.macros:
        body.gullet.argument()


def _two_columns(body: Body, token: Token) -> None:
    tokens = body.gullet.optional()
    if tokens:
        body.run(tokens)
        body.flush()


def _float_kind(body: Body, token: Token) -> None:
    body.gullet.star()
    body.gullet.optional()
    options = body.gullet.name().replace(" ", "")
    if body.floats and "type=table" in options:
        body.floats[-1].kind = "table"
    elif body.floats and "type=figure" in options:
        body.floats[-1].kind = "figure"


_LENGTH = re.compile(r"=?-?(?:\d+\.?\d*|\.\d+)?(?:pt|em|ex|in|cm|mm|bp|pc|sp|mu|fil+)?$")


def _glue(body: Body, token: Token) -> None:
    """Drop "-0.15in", "=3pt plus 1pt minus 1pt" and "0.5\\baselineskip" behind a length."""
    gullet = body.gullet
    gullet.skip_blanks()
    for _ in range(6):
        ahead = gullet.peek()
        if ahead is None or not (ahead.kind == "w" and (_LENGTH.match(ahead.text) or ahead.text in ("plus", "minus", "by"))):
            break
        gullet.raw()
        if ahead.text not in ("plus", "minus", "by"):
            following = gullet.peek()
            if following is not None and following.text in _LENGTHS:
                gullet.raw()
        gullet.skip_blanks()


_LENGTHS = commands(
    "vskip hskip kern mskip itemsep parskip parsep topsep partopsep parindent tabcolsep textwidth linewidth columnwidth textheight"
    " baselineskip lineskip"
    " abovedisplayskip belowdisplayskip abovecaptionskip belowcaptionskip floatsep textfloatsep intextsep leftmargin hsize vsize"
    " columnsep arraycolsep"
    " abovedisplayshortskip belowdisplayshortskip abovetopsep belowrulesep aboverulesep advance hoffset voffset"
)


def _maths_options(body: Body, token: Token) -> None:
    if "showonlyrefs" in body.gullet.name():
        body.only_referenced = True


def _make_title(body: Body, token: Token) -> None:
    body.titled = True


def _nothing(body: Body, token: Token) -> None:
    return


def _fraction(body: Body, token: Token) -> None:
    body.run(body.gullet.argument())
    body.add("/", token)
    body.run(body.gullet.argument())


def _script(mark: str) -> Action:
    def act(body: Body, token: Token) -> None:
        inner = trim(body.gullet.argument())
        if inner:
            body.add(mark, token)
            body.run(inner)

    return act


COMMANDS: dict[str, Action] = {
    **dict.fromkeys(_LENGTHS, _glue),
    **{f"\\{name}": _heading(name) for name in LEVELS},
    "\\begin": _begin,
    "\\end": _end,
    **dict.fromkeys(("\\title", "\\icmltitle"), _title),
    **dict.fromkeys(("\\author", "\\IEEEauthorblockN"), _author),
    "\\icmlauthor": _icml_author,
    "\\name": _speech_author,
    **dict.fromkeys(("\\footnote", "\\footnotetext", "\\blfootnote"), _footnote),
    "\\label": _label,
    **dict.fromkeys(("\\ref", "\\pageref", "\\nameref", "\\subref", "\\ref*"), _reference("")),
    "\\eqref": _reference("()"),
    **dict.fromkeys(("\\cref", "\\Cref", "\\autoref", "\\vref"), _reference("name")),
    **dict.fromkeys(
        commands(
            "cite citep citet citealp citealt citeauthor citeyear citeyearpar Citet Citep parencite textcite autocite footcite shortcite"
            " newcite onlinecite citenum fullcite"
        ),
        _cite,
    ),
    "\\item": _item,
    "\\par": _paragraph_end,
    **dict.fromkeys(("\\\\", "\\newline", "\\tabularnewline"), _break),
    "\\appendix": _appendix,
    **{f"\\{style}": _counter_style(style) for style in ("arabic", "Alph", "alph", "Roman", "roman", "value")},
    **{f"\\the{name}": _the(name) for name in ("chapter", "section", "subsection", "subsubsection", "equation", "table", "figure")},
    "\\setcounter": _set_counter(add=False),
    "\\addtocounter": _set_counter(add=True),
    **dict.fromkeys(("\\numberwithin", "\\counterwithin"), _number_within),
    "\\@addtoreset": _number_within,
    "\\counterwithout": _without,
    "\\abstract": _abstract,
    "\\abstracts": _abstract,
    "\\bibliography": _bibliography,
    "\\addbibresource": _resource,
    "\\ensuremath": _ensure_math,
    "\\xspace": _space,
    **dict.fromkeys(("\\num", "\\SI", "\\qty", "\\si", "\\unit"), _number),
    **dict.fromkeys(("\\diagbox", "\\backslashbox", "\\slashbox"), _diagonal),
    "\\ding": _ding,
    "\\comment": _comment_command,
    "\\twocolumn": _two_columns,
    "\\captionsetup": _float_kind,
    "\\mathtoolsset": _maths_options,
    **dict.fromkeys(("\\nicefrac", "\\sfrac", "\\frac", "\\tfrac", "\\dfrac"), _fraction),
    "\\textsuperscript": _script("^"),
    "\\textsubscript": _script("_"),
    "\\caption": lambda body, token: caption(body, token),
    "\\captionof": lambda body, token: caption(body, token, named=True),
    "\\subcaption": lambda body, token: caption(body, token, sub=True),
    "\\hspace": _space_of,
    "\\texorpdfstring": _either,
    "\\documentclass": _document_class,
    **dict.fromkeys(("\\ttabbox", "\\capbtabbox"), lambda body, token: table_box(body, token)),
    "\\subcaptionbox": lambda body, token: subfloat(body, token, braces=True),
    "\\subtable": lambda body, token: subfloat(body, token),
    "\\subfloat": lambda body, token: subfloat(body, token),
    "\\subfigure": lambda body, token: subfloat(body, token),
    "\\includegraphics": lambda body, token: graphics(body, token),
    "\\(": lambda body, token: inline(body, token, "\\)"),
    "\\[": lambda body, token: display(body, "\\[", token),
    "\\maketitle": _make_title,
    "\\item*": _item,
}
