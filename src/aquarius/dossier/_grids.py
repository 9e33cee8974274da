"""Hyperparameters inside tables: a name per row or per column, the scope in the other direction, and the base row of a table of variations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ..core import Place
from ..reading import Cell, Document, Table
from ._dossier import Fact
from ._metrics import metric_of
from ._names import dataset_spans
from ._numbers import COUNT, NUMBER, number_of, print_number
from ._recipe import SKIPPED_ROLES, Stated
from ._scope import GENERIC, scope_of
from ._systems import base_row
from ._tables import cell_text, label_text, layout, value_of
from ._term import Group, Term, plausible
from ._terms import BY_NAME, TERMS, cell_mention, term_of_cell
from ._terms_fields import FIELD_TERMS
from ._text import Sentence, flatten, squeeze

# what a cell may name besides the terms with numbers: the name, the key, the group
_WORDED: dict[str, tuple[str, str, Group]] = {
    r"optimi[sz]er": ("optimizer", "optimizer", "recipe"),
    r"(?:noise|variance) schedule": ("noise schedule", "noise_schedule", "recipe"),
    r"(?:lr|learning rate) (?:schedule|decay|scheduler)|scheduler?|lr schedule": ("learning rate schedule", "lr_schedule", "recipe"),
    r"activation(?: function)?s?|non-?linearit(?:y|ies)": ("activation", "activation", "architecture"),
    r"(?:weight )?initiali[sz]ation|init": ("initialization", "init", "recipe"),
    r"loss(?: function)?": ("loss", "loss", "recipe"),
    r"(?:data )?augmentation": ("data augmentation", "data_augmentation", "recipe"),
    r"gpus?|hardware|number of gpus": ("hardware", "gpus", "recipe"),
    r"normali[sz]ation": ("normalization", "normalization", "architecture"),
    r"precision": ("precision", "precision", "recipe"),
}
_DECLARED = re.compile(
    r"hyper-?\s?param|training (?:settings|configuration|details)|configurations? (?:of|for|used)|implementation details", re.IGNORECASE
)
_HEADS = re.compile(r"(?:hyper-?)?param(?:eter)?s?|settings?|config(?:uration)?s?", re.IGNORECASE)
_PLAIN = re.compile(
    r"[()]|\b(?:optimi[sz]er|training|value|rate|adam|number of|num|maximum|max|initial|total|per|each|samples|examples|alpha|beta|gamma|lambda|eta|tau|epsilon|[a-zA-Z](?:_\w+)?)\b\.?",
    re.IGNORECASE,
)  # words that say nothing of the scope
_BLANK = re.compile(r"^(?:[-–—/]|n/?a|none)?$", re.IGNORECASE)


Named = tuple[str, str, Group, Term | None, str]  # name, key, group, term, what the cell says besides: "actor"


def _named(text: str) -> Named | None:
    """Return the hyperparameter that a cell names by itself."""
    plain = cell_text(text)
    term = term_of_cell(plain)
    if term is not None and term in FIELD_TERMS:  # no name is standard here: the paper's own is kept
        name = re.sub(r"(?<=[a-z]{3})\s+\(?[a-zα-ω](?:_\w+)?\)?$", "", _unmarked(plain).rstrip(":"))
        return name, re.sub(r"\W+", "_", name).strip("_"), term.group, term, ""
    if term is not None:
        return term.name, term.key, term.group, term, ""
    for pattern, (name, key, group) in _WORDED.items():
        if re.fullmatch(pattern, plain.lower()):
            return name, key, group, None, ""
    return None


def _called(text: str) -> Named | None:
    """Return what a cell of a table of hyperparameters names: a known one among other words ("Actor hidden size"), else the words as printed."""
    exact = _named(text)
    plain = re.sub(r"\s+", " ", label_text(text)).strip().rstrip(":")
    if exact is not None or not re.search(r"[A-Za-z]", plain) or len(plain) > 60:
        return exact
    bare = _unmarked(plain)
    found = [(match, term) for term in TERMS if (match := cell_mention(term, plain)) is not None]
    if (
        found
        and exact is None
        and re.fullmatch(r"(?i)(?:clip(?:ping)?|(?:max )?norm|decay rate|decay factor|latent|hidden)", found[0][0][0])
    ):
        found = []  # "noise clip" clips no gradients
    if found:
        match, term = max(found, key=lambda item: len(item[0][0]))
        rest = _PLAIN.sub(" ", plain[: match.start()] + " " + plain[match.end() :])
        rest = re.sub(r"\s+", " ", rest).strip(" -,")
        return term.name, term.key, term.group, term, rest
    for pattern, (name, key, group) in _WORDED.items():
        match = re.search(rf"(?<![\w-])(?:{pattern})(?![\w-])", plain, re.IGNORECASE)
        if match:
            return name, key, group, None, (plain[: match.start()] + plain[match.end() :]).strip(" ()-,")
    return bare, re.sub(r"\W+", "_", bare).strip("_"), "recipe", None, ""


def _unmarked(label: str) -> str:
    """Return a label in small letters, with "num" for "number of": "Number of critics M" is "num critics m"."""
    return re.sub(r"^(?:total |the )?(?:number of|no\. of|# ?(?:of )?)\s*", "num ", label.lower())


def tabled(document: Document) -> list[Stated]:
    """Return the facts of tables of hyperparameters, in order."""
    found: dict[tuple[str, str, str], Stated] = {}
    for table in document.tables:
        for item in _of_table(table):
            found.setdefault((item.fact.name, item.fact.value, item.fact.scope), item)
    return list(found.values())


_ITEM = re.compile(r"^[\s•*-]*(?P<name>[A-Za-z#][^:=]{1,40}?)\s*[:=]\s*(?P<value>\S.{0,40}?)[\s.;,]*$")


def itemized(text: list[Sentence], files: Mapping[str, bytes] | None) -> list[Stated]:
    """Return the facts of lists that give a name and a value per item: "Batch size: 32"."""
    found = []
    for sentence in text:
        match = _ITEM.match(sentence.flat) if sentence.passage.kind == "item" and sentence.role not in SKIPPED_ROLES else None
        what = _named(match["name"]) if match else None
        if match is None or what is None:
            continue
        name, key, group, term, _ = what
        printed = re.match(rf"(?:{COUNT})(?=\s+\w+$|$)", match["value"], re.IGNORECASE)
        number = number_of(print_number(printed[0])) if printed else None
        if term is not None and (number is None or not plausible(term.values, number)):
            continue
        value = print_number(printed[0]) if printed and term is not None else squeeze(match["value"])
        place = sentence.place(match.start("name"), match.end("value"), files)
        scope = scope_of(sentence, match.start("value"), None, name)
        unit = term.unit if term is not None else ""
        found.append(Stated(group, key, Fact(name=name, value=value, number=number, unit=unit, scope=scope, place=place)))
    return found


def _of_table(table: Table) -> Iterator[Stated]:
    rows = [row for row in table.rows if any(cell.text.strip() for cell in row)]
    if len(rows) < 2 or len(rows[0]) < 2:
        return
    yield from _bracketed(table, rows)
    if len(rows[0]) > 2 and sum(_named(row[1].text) is not None for row in rows if len(row) > 2) >= 3 > sum(
        _named(row[0].text) is not None for row in rows
    ):
        rows = [row[1:] for row in rows]  # the first column groups the rows: "RoBERTa base"
    rows = _joined_heads(table, rows)
    by_row = [row for row in rows if _named(row[0].text)]
    by_column = [index for index, cell in enumerate(rows[0]) if _named(cell.text)]
    results = any((metric := metric_of(cell_text(cell.text))) and not metric.cost for row in rows[:2] for cell in row[1:])
    declared = _DECLARED.search(flatten(table.caption)) or _HEADS.fullmatch(cell_text(rows[0][0].text))
    known = [row for row in rows if declared and (what := _called(row[0].text)) is not None and what[3] is not None]
    if declared and not results and len(known) >= 2 and len(known) > len(by_column):
        yield from _rows(table, rows, rows if known[0] is rows[0] else rows[1:], _called)
    elif len(by_row) >= 3 and len(by_row) >= 0.5 * (len(rows) - 1) and len(by_row) > len(by_column):
        yield from _rows(table, rows, by_row, _named)
    elif not results and (len(by_column) >= 3 or (declared and len(by_column) >= 2)) and len(by_column) >= 0.5 * len(rows[0]):
        yield from _columns(table, rows, by_column)


def _joined_heads(table: Table, rows: list[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """Put a header of several rows into one, where that names more hyperparameters: "Learning" above "rate"."""
    count = next((index for index, row in enumerate(rows) if any(value_of(cell.text) for cell in row[1:])), 0)
    if not 2 <= count <= 3 or len({len(row) for row in rows}) != 1 or any(_named(row[0].text) for row in rows[:count]):
        return rows
    heads = []
    for column in range(len(rows[0])):
        texts = list(dict.fromkeys(text for row in rows[:count] if (text := row[column].text.strip())))
        joined = " ".join(texts)
        heads.append(rows[0][column].model_copy(update={"text": joined if not texts or _named(joined) else texts[-1]}))
    more = sum(_named(cell.text) is not None for cell in heads) > sum(_named(cell.text) is not None for cell in rows[0])
    return [tuple(heads), *rows[count:]] if more else rows


def _rows(
    table: Table, rows: list[tuple[Cell, ...]], named: list[tuple[Cell, ...]], read: Callable[[str], Named | None]
) -> Iterator[Stated]:
    heads = rows[0] if rows[0] is not named[0] else None
    scope = _caption_scope(table)
    group = ""
    for row in named:
        if _is_group(row):
            group = label_text(row[0].text)
            group = "" if _COMMON_GROUP.search(group) else group
            continue
        what = read(row[0].text)
        if what is None:
            continue
        names = [_head(heads, column, len(row)) for column in range(len(row))]
        for column in range(1, len(row)):
            if column > 1 and row[column].place == row[column - 1].place:
                continue
            spanned = [names[index] for index in range(column, len(row)) if row[index].place == row[column].place]
            everywhere = len(spanned) > 1 and len(spanned) == len(row) - 1  # one value under all heads holds for all of them
            head = "" if everywhere else ", ".join(dict.fromkeys(name for name in spanned if name))
            yield from _fact(what, row[column], _joined(head, group, scope), table)


_COMMON_GROUP = re.compile(
    r"^(?:shared|common|general|global|default|all|other|misc\w*|hyper-?param\w*|training|optimi[sz]\w*|architecture|model|data|schedule)\b",
    re.IGNORECASE,
)
_HEADED = re.compile(r"values?|settings?|hyper-?parameters?|default(?: values?)?|config(?:uration)?|symbol|description", re.IGNORECASE)


def _joined(head: str, group: str, caption: tuple[str, ...]) -> str:
    """Join what a head, a group and a caption say; a head that is one of the caption's data sets leaves the others out."""
    lower = head.lower()
    told = bool(head) and any(name in lower or lower in name for name in (part.lower() for part in caption))
    data = {name for part in caption for name, _, _ in dataset_spans(part)}
    return ", ".join(dict.fromkeys(part for part in (head, group, *(() if told and data else caption)) if part))


def _head(heads: tuple[Cell, ...] | None, column: int, width: int) -> str:
    head = label_text(heads[column].text) if heads is not None and column < len(heads) and width > 2 else ""
    return "" if _HEADED.fullmatch(head) else head


def _is_group(row: tuple[Cell, ...]) -> bool:
    """Say whether a row is a heading inside the table: one text over all columns, or a first cell alone."""
    texts = {label_text(cell.text) for cell in row}
    return (
        len(row) > 1
        and (len(texts) == 1 or (texts - {""} == {label_text(row[0].text)} and "" in texts))
        and not re.search(r"\d", label_text(row[0].text))
    )


def _columns(table: Table, rows: list[tuple[Cell, ...]], named: list[int]) -> Iterator[Stated]:
    scope = _caption_scope(table)
    for row in rows[1:]:
        first = _named(rows[0][0].text)
        label = label_text(row[0].text) if first is None or first[0] == "parameters" else ""  # a size names its row: "6.7B"
        for column in named:
            what = _named(rows[0][column].text)
            if what is not None and column < len(row):
                yield from _fact(what, row[column], _joined(label, "", scope), table)


def _fact(what: Named, cell: Cell, scope: str, table: Table) -> Iterator[Stated]:
    name, key, group, term, rest = what
    scope = ", ".join(part for part in (rest, scope) if part)
    value = label_text(cell.text)
    if _BLANK.match(value) or len(value) > 60:
        return
    if term is not None and term.name == "beta1" and (pair := re.fullmatch(rf"\(?\s*({NUMBER})\s*,\s*({NUMBER})\s*\)?", value)):
        for other, part in ((BY_NAME["beta1"], pair[1]), (BY_NAME["beta2"], pair[2])):
            yield from _fact((other.name, other.key, other.group, other, ""), cell.model_copy(update={"text": part}), scope, table)
        return
    told = _BETAS_CELL.search(value)
    if told:
        for other, part in ((BY_NAME["beta1"], told[1]), (BY_NAME["beta2"], told[2])):
            yield from _fact((other.name, other.key, other.group, other, ""), cell.model_copy(update={"text": part}), scope, table)
        return
    listed = list(_EACH.finditer(value))
    if len(listed) > 1 and not _EACH.sub("", value).strip(" ,;/"):
        for part in listed:
            what_for = re.sub(r"^(?:for|on)\s+", "", part["what"].strip())
            yield from _fact((name, key, group, term, what_for), cell.model_copy(update={"text": part["value"]}), scope, table)
        return
    if re.fullmatch(r"(?i)yes|true|on|✓|✔", value) and re.search(r"(?i)norm(?:ali[sz]ation)?$", name):
        name, key, group, value = "normalization", "normalization", "architecture", name  # "batch norm: yes"
    aside = _ASIDE.match(value)
    if aside:  # "0.99 (0.995 for AntMaze)"
        yield from _fact((name, key, group, term, ""), cell.model_copy(update={"text": aside["value"]}), scope, table)
        yield from _fact((name, key, group, term, aside["what"].strip()), cell.model_copy(update={"text": aside["other"]}), scope, table)
        return
    if term is not None and not re.search(r"\d", value):
        if term.name != "learning rate decay":
            return
        name, key = "learning rate schedule", "lr_schedule"
    number = number_of(value) if re.fullmatch(NUMBER, value) else None
    value = print_number(value) if number is not None else value
    unit = term.unit if term is not None and number is not None else ""
    yield Stated(group, key, Fact(name=name, value=value, number=number, unit=unit, scope=scope, place=_place(cell.place, table)))


_BRACKETED = re.compile(
    r"(?:in|within)\s+(?:brackets|parenthes[ei]s),?\s+(?:the\s+)?(?P<after>[A-Za-z][A-Za-z -]{2,40}?)s?\s+(?:chosen|used|selected|found)|(?P<name>[A-Za-z][A-Za-z -]{2,40}?)s?\s+(?:(?:is|are|was|given|shown|printed|reported|listed)\s+)*(?:in|within)\s+(?:the\s+)?(?:brackets|parenthes[ei]s)",
    re.IGNORECASE,
)
# "top-1 accuracy (learning rate)": the caption's brackets stand for the cells'
_LIKE_CELLS = re.compile(r"\(\s*(?:chosen |best |tuned |selected |the )?(?P<name>[A-Za-z][A-Za-z -]{2,30}?)s?\s*\)")
_IN_BRACKETS = re.compile(rf"\(\s*({NUMBER})\s*\)\s*$")


def _bracketed(table: Table, rows: list[tuple[Cell, ...]]) -> Iterator[Stated]:
    """Yield what stands in brackets behind a result, where the caption says what it is: "82.3% (4e-3)" with "chosen learning rate in brackets"."""
    caption = flatten(table.caption)
    said = _BRACKETED.search(caption) or next(
        (like for like in _LIKE_CELLS.finditer(caption) if term_of_cell(cell_text(like["name"]))), None
    )
    found = (
        [
            (match, term)
            for term in TERMS
            if said and (match := cell_mention(term, said.groupdict().get("after") or said["name"])) is not None
        ]
        if said
        else []
    )
    if not found:
        return
    term = max(found, key=lambda item: len(item[0][0]))[1]
    for row in rows[1:]:
        for column, cell in enumerate(row[1:], start=1):
            value = _IN_BRACKETS.search(cell_text(cell.text))
            number = number_of(print_number(value[1])) if value else None
            if value is None or number is None or not plausible(term.values, number):
                continue
            scope = ", ".join(
                part for part in (label_text(row[0].text), label_text(rows[0][column].text) if column < len(rows[0]) else "") if part
            )
            fact = Fact(
                name=term.name, value=print_number(value[1]), number=number, unit=term.unit, scope=scope, place=_place(cell.place, table)
            )
            yield Stated(term.group, term.key, fact)


_TITLED = re.compile(
    r"(?:(?:Common|Shared|General|Default|Final|Chosen|Selected|Optimal|Best|Detailed|Full|Main|All|The|A|An|List of|Summary of)\s+)*(?P<what>(?:[A-Z][\w'.-]*(?:\s+|$)){0,4}?)(?i:(?:training |model |optimi[sz]ation |pre-?training |fine-?tuning )?(?:hyper-?\s?param|settings))"
)


def _caption_scope(table: Table) -> tuple[str, ...]:
    """Return what a table of hyperparameters says it is for: the name before "hyperparameters", and the data sets or the name after "for"."""
    caption = flatten(table.caption)
    head = _TITLED.match(table.caption)
    name = head["what"].strip() if head and not GENERIC.match(head["what"]) else ""
    stage = re.search(r"\b(pre-?training|fine-?tuning)\b", caption, re.IGNORECASE)
    parts = [name, stage[1].lower() if stage else ""]
    data = list(dict.fromkeys(found for found, _, _ in dataset_spans(caption)))[:3]
    if not data and not name:
        found = re.search(r"\b(?:for|on|of)\s+(?:the\s+)?((?:[A-Z][\w-]*)(?:\s+[A-Z][\w-]*)*)", caption)
        parts.append(found[1] if found and not GENERIC.match(found[1]) else "")
    return tuple(dict.fromkeys(part for part in (*parts, *data) if part))


_ASIDE = re.compile(rf"(?P<value>{NUMBER})\s*\(\s*(?P<other>{NUMBER})\s+(?:for|on|in|with)\s+(?:the\s+)?(?P<what>[^()]{{2,40}})\)$")
_BETAS_CELL = re.compile(rf"^\(?beta_?1\s*,\s*beta_?2\)?\s*=\s*\(?({NUMBER})\s*,\s*({NUMBER})")
_EACH = re.compile(rf"(?P<value>{NUMBER})\s*\((?P<what>(?:for |on )?[A-Za-z][^()\d]{{2,30}})\)")  # "0.999 (ResNet), 0.98 (ViT)"


def _place(place: Place, table: Table) -> Place:
    return place if place.label or not table.number else place.model_copy(update={"label": f"Table {table.number}"})


def base_facts(document: Document, facts: list[Stated]) -> list[Stated]:
    """Scope what the base row of a table of variations repeats as "base", and add the rows that describe a whole system of their own ("big")."""
    for table in document.tables:
        grid = layout(table)
        base = base_row(grid, flatten(table.caption)) if grid is not None else None
        if grid is None or base is None:
            continue
        terms = {
            index: what
            for index, header in enumerate(grid.headers)
            if index not in grid.label_columns and (what := _named(header)) and what[3] is not None
        }
        labels = [row.labels[0] for row in grid.rows]
        whole = [row for row in grid.rows if labels.count(row.labels[0]) == 1 and re.fullmatch(r"[A-Za-z][\w -]{2,}", row.labels[0])]
        listed = {what[0]: value.value for index, what in terms.items() if (value := value_of(base.cells[index].text)) is not None}
        name = base.labels[0]
        facts = [
            _scoped(item, name)
            if not item.fact.scope and item.fact.number is not None and listed.get(item.fact.name) == item.fact.number
            else item
            for item in facts
        ]
        known = {(item.fact.name, item.fact.number, part) for item in facts for part in (item.fact.scope.split(", "))}
        for row in whole:
            for index, what in terms.items():
                for item in _fact(what, row.cells[index], row.labels[0], table):
                    if (item.fact.name, item.fact.number, row.labels[0]) not in known and (
                        row is base or listed.get(what[0]) != item.fact.number
                    ):
                        facts.append(item)
                        known.add((item.fact.name, item.fact.number, row.labels[0]))
    return facts


def _scoped(item: Stated, scope: str) -> Stated:
    return Stated(item.group, item.key, item.fact.model_copy(update={"scope": scope}), item.vague)
