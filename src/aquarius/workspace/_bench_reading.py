"""How well papers are read: against a gold.json, or a PDF against the LaTeX source of the same paper."""

from __future__ import annotations

import json
import os
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from ..core import BadInput, progress, read_text
from ._facts import places_in

Share = tuple[int, int]  # right, of


def score_reading(folder: Path, *, pdf: bool = False, jobs: int = 0) -> dict[str, Any]:
    """Read the papers of a folder, all cores at once, and return what was found of each, and of all together.

    A paper is a folder with source/ or paper.pdf, and gold.json where somebody has checked it by hand. With `pdf` every paper.pdf is
    read, and where there is no gold, what is read from the LaTeX source beside it stands for it. What needs no gold is measured on all:
    whether each place is true of the source, macros of the author's that are left in equations, figures with their caption, seconds.

    Raises:
        BadInput: no folder, or no paper in it.
    """
    papers = [paper for paper in sorted(folder.iterdir()) if _source(paper, pdf)] if folder.is_dir() else []
    if not papers:
        raise BadInput(f"{folder} holds no paper: a folder with source/ or paper.pdf, and gold.json where there is one.")
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(max_workers=jobs or os.cpu_count() or 1) as pool:
        for row in pool.map(_score, papers, [pdf] * len(papers)):
            rows.append(row)
            progress.advance("papers", len(rows) / len(papers))
    return {"rows": [*map(_shown, rows), _shown(_all(rows))], "figures": _figures(_all(rows))}


def _source(paper: Path, pdf: bool) -> Path | None:
    source, printed = paper / "source", paper / "paper.pdf"
    if not pdf and source.is_dir():
        return source
    return printed if printed.is_file() else None


def _score(paper: Path, pdf: bool) -> dict[str, Any]:
    """Read one paper and return each share as (right, of)."""
    from ..dossier import distill, summary_data
    from ..reading import read, source_files

    path = _source(paper, pdf)
    assert path is not None
    begin, before = time.perf_counter(), _processor()
    document = read(path)
    files = source_files(path)
    dossier = distill(document, files)
    found = summary_data(document, dossier)
    seconds, processor = time.perf_counter() - begin, _processor() - before
    if (paper / "gold.json").is_file():
        gold, against = json.loads(read_text(paper / "gold.json")), "gold"
    elif pdf and (paper / "source").is_dir():
        other = read(paper / "source")
        gold, against = summary_data(other, distill(other)), "source"
        gold["tables"] = [table for table in gold["tables"] if table["number"]]
        gold["hyperparameters"] = gold["datasets"] = gold["metrics"] = gold["unstated"] = []
    else:
        gold, against = None, "–"
    own = {"places": _places((document, dossier), files), "macros expanded": _expanded(document, files), "captions": _captions(document)}
    times = {"seconds": seconds, "processor seconds": processor}
    if gold is None:
        return {"paper": paper.name, "against": against, **dict.fromkeys(_WITH_GOLD, (0, 0)), **own, **times}
    tables = _tables(gold["tables"], found["tables"])
    return {
        "paper": paper.name,
        "against": against,
        "title": _count([_plain(gold["title"]) == _plain(found["title"])]),
        "authors": _count(_plain(name) in set(map(_plain, found["authors"])) for name in gold["authors"]),
        "equations": _equations(gold, found, path.suffix == ".pdf"),
        **tables,
        **_settings(gold["hyperparameters"], found["hyperparameters"]),
        "data sets": _count(_named(name, found["datasets"]) for name in gold["datasets"]),
        "metrics": _count(_named(name, found["metrics"]) for name in gold["metrics"]),
        "unstated": _count(_named(name, found["unstated"]) for name in gold.get("unstated", ())),
        **own,
        **times,
    }


_WITH_GOLD = (
    *("title", "authors", "equations", "tables", "cells", "cell precision", "numbers", "number precision", "in place"),
    *("settings", "setting precision", "scope", "data sets", "metrics", "unstated"),
)


def _processor() -> float:
    """Return the processor time of this process and of the children it has waited for: a PDF is opened in one."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _places(nouns: Sequence[Any], files: dict[str, bytes]) -> Share:
    """Return how many places of a document and its dossier stand in the source, byte for byte."""
    found = [place for noun in nouns for place in places_in(noun)]
    return _count(place.is_true_of(files.get(place.file, b"")) for place in found)


_DEFINED = re.compile(
    rb"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator|DeclareRobustCommand)\*?\s*\{?\s*\\([a-zA-Z]+)|\\def\s*\\([a-zA-Z]+)"
)


def _expanded(document: Any, files: dict[str, bytes]) -> Share:
    """Return how many equations hold no macro of the author's own any more; a macro that redefines a standard name does not count."""
    names = {(first or second).decode() for data in files.values() for first, second in _DEFINED.findall(data)}
    own = {name for name in names if not re.fullmatch(r"[A-Za-z]|[a-z]{2,3}|operatorname|mathbb|mathcal|mathbf", name)}
    used = [set(re.findall(r"\\([a-zA-Z]+)", equation.expanded)) for equation in document.equations]
    return _count(not commands & own for commands in used) if own else (0, 0)


def _captions(document: Any) -> Share:
    """Return how many figures have their caption."""
    return _count(bool(figure.caption) for figure in document.figures)


def _count(answers: Iterable[bool]) -> Share:
    answers = list(answers)
    return sum(answers), len(answers)


def _plain(text: Any) -> str:
    """Return the letters and digits of a text, without accents."""
    flat = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\\[a-z]+", "", flat))


def _named(name: str, found: Sequence[str]) -> bool:
    wanted = _plain(re.sub(r"\(.*?\)", "", name))
    return any(_plain(item) in wanted or wanted in _plain(item) for item in found if _plain(item) and wanted)


def _equations(gold: dict[str, Any], found: dict[str, Any], picture: bool) -> Share:
    """Return how many numbered equations have their number with their content; of a picture of text, the number alone."""
    numbers = [equation["number"] for equation in found["equations"] if equation["number"]]
    wanted = [equation for equation in gold["equations"] if equation.get("number")]
    if picture or not wanted:
        total = int(gold["n_numbered_equations"])
        return min(total, len(set(numbers))) - max(0, len(numbers) - total), total
    latex = {equation["number"]: _formula(equation["latex"]) for equation in found["equations"] if equation["number"]}
    return _count(
        _formula(equation["latex"]) == latex.get(equation["number"])
        or _formula(equation.get("latex_expanded", "")) == latex.get(equation["number"])
        for equation in wanted
    )


def _formula(latex: str) -> str:
    """Return a formula without white space, alignment, sizes and the full stop behind it."""
    latex = re.sub(
        r"\\(?:left|right|[bB]igg?[lr]?|nonumber|notag|displaystyle|quad|qquad|[,;:!> ])(?![a-zA-Z])|\\(?:label|tag)\{[^}]*\}|\\begin\{[^}]*\}|\\end\{[^}]*\}|&|\\\\|~",
        "",
        latex,
    )
    return re.sub(r"[\s{}]", "", latex).strip(".,;")


def cell_text(text: str) -> str:
    """Return a cell as cells are compared: markup, citations, blanks and thousands' commas gone, 0.930 as 0.93."""
    text = unicodedata.normalize("NFKC", str(text))
    text = re.sub(r"\\(?:cite\w*|footnotemark|label|ref)\*?(?:\[[^\]]*\])*\{[^{}]*\}|\[[^\]]*\d[^\]]*\]|\[\s*\?\s*\]|\(\?\)", "", text)
    for wide, plain in {
        "−": "-",
        "–": "-",
        "—": "-",
        "×": "x",
        "\\times": "x",
        "·": "*",
        "\\cdot": "*",
        "±": "+-",
        "\\pm": "+-",
        "\\%": "%",
    }.items():
        text = text.replace(wide, plain)
    text = re.sub(r"\\(?:text\w*|math\w*|bm|boldsymbol|emph|underline|makecell)\b|[\\${}^_*()'\"`]", "", text).lower()
    text = re.sub(r"\s+|(?<=\d),(?=\d{3}\b)", "", text)
    return re.sub(r"\d+\.\d+", lambda found: f"{float(found[0]):.10g}", re.sub(r"(?<![\d.])\.(\d)", r"0.\1", text)).strip(".:;,|")


def _tables(gold: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, Share]:
    """Return the shares of tables found under their number, cells and numbers (recall, precision), and cells in their place."""
    shares: Counter[str] = Counter()
    by_number = {str(table["number"]): _cells(table) for table in found if table["number"]}
    for table in gold:
        wanted = _cells(table)
        have = by_number.get(str(table["number"]), [])
        want_cells, have_cells = (
            Counter(cell for row in wanted for cell in row if cell),
            Counter(cell for row in have for cell in row if cell),
        )
        hit = want_cells & have_cells
        shares["tables"] += sum(hit.values()) >= 0.5 * sum(want_cells.values())
        for name, filter_ in (("cells", lambda cell: True), ("numbers", lambda cell: any(map(str.isdigit, cell)))):
            shares[name] += sum(count for cell, count in hit.items() if filter_(cell))
            shares[name + " of"] += sum(count for cell, count in want_cells.items() if filter_(cell))
            shares[name + " printed"] += sum(count for cell, count in have_cells.items() if filter_(cell))
        shares["in place"] += _in_place(wanted, have)
    return {
        "tables": (shares["tables"], len(gold)),
        "cells": (shares["cells"], shares["cells of"]),
        "cell precision": (shares["cells"], shares["cells printed"]),
        "numbers": (shares["numbers"], shares["numbers of"]),
        "number precision": (shares["numbers"], shares["numbers printed"]),
        "in place": (shares["in place"], shares["cells of"]),
    }


def _cells(table: dict[str, Any]) -> list[list[str]]:
    return [[cell_text(cell) for cell in row] for row in table["cells"]]


def _in_place(wanted: list[list[str]], have: list[list[str]]) -> int:
    """Return how many cells stand in the same column of rows in the same order, at best."""
    best = [0] * (len(have) + 1)
    for row in wanted:
        above = best[:]
        for index, other in enumerate(have):
            same = sum(1 for first, second in zip(row, other, strict=False) if first and first == second)
            best[index + 1] = max(above[index + 1], best[index], above[index] + same)
    return best[-1]


def _settings(gold: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, Share]:
    """Return the shares of hyperparameters: found, right among the printed, and with a scope that shares a word."""
    left = list(found)
    hits: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for fact in gold:
        same = [other for other in left if other["name"] == fact["name"] and _values(other["value"]) == _values(fact["value"])]
        same.sort(key=lambda other: not _scoped(fact, other))
        if same:
            hits.append((fact, same[0]))
            left.remove(same[0])
    right = sum(
        any(other["name"] == fact["name"] and _values(other["value"]) == _values(fact["value"]) for fact in gold) for other in found
    )
    scoped = [fact for fact in gold if fact.get("scope")]
    return {
        "settings": (len(hits), len(gold)),
        "setting precision": (right, len(found) if gold else 0),
        "scope": (sum(_scoped(fact, other) for fact, other in hits if fact.get("scope")), len(scoped)),
    }


def _values(text: str) -> tuple[Any, ...]:
    """Return the numbers of a value, or its letters where it has none."""
    flat = re.sub(
        r"(?<=\d)[,\s](?=\d{3}\b)", "", str(text).replace("\\times", "×").replace("\\cdot", "×").replace("·", "×").replace("−", "-")
    )
    flat = re.sub(r"[${}\\]", "", flat)
    flat = re.sub(r"(?:(\d*\.?\d+)\s*[×x]\s*)?10\s*\^\s*(-?\d+)", lambda found: f"{found[1] or '1'}e{found[2]}", flat)
    scale = {"%": 0.01, "k": 1e3, "m": 1e6, "b": 1e9}
    numbers = re.findall(r"-?\d*\.?\d+(?:e[-+]?\d+)?(?:\s?(?:%|[kKMB])(?![a-zA-Z]))?", flat)
    if not numbers:
        return (_plain(text),)
    return tuple(float(f"{float(n.rstrip('%kKMB ')) * scale.get(n[-1].lower(), 1.0):.6g}") for n in numbers)


def _scoped(fact: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = (set(re.findall(r"[a-z0-9]+", str(each.get("scope") or "").lower())) for each in (fact, other))
    return bool(first & second)


def _all(rows: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {"paper": f"all {len(rows)}", "against": ""}
    for name, value in rows[0].items():
        if isinstance(value, tuple):
            total[name] = (sum(row[name][0] for row in rows), sum(row[name][1] for row in rows))
    for name in ("seconds", "processor seconds"):
        total[name] = sum(row[name] for row in rows) / len(rows)
    return total


def _shown(row: dict[str, Any]) -> dict[str, str]:
    def show(value: Any) -> str:
        if isinstance(value, tuple):
            return f"{value[0]}/{value[1]}" if value[1] else "–"
        return f"{value:.2f}" if isinstance(value, float) else str(value)

    return {name: show(value) for name, value in row.items()}


# what is printed together: three tables that fit a terminal of 100 columns, under short heads
_PARTS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "Against the gold: right / of, front and tables",
        {
            "title": "title", "authors": "authors", "equations": "eq.", "tables": "tables", "cells": "cells", "cell precision": "printed",
            "numbers": "numbers", "number precision": "printed ", "in place": "in place",
        },
    ),
    (
        "Against the gold: right / of, what the paper states",
        {
            "against": "against", "settings": "settings", "setting precision": "printed", "scope": "scope", "data sets": "data sets",
            "metrics": "metrics", "unstated": "unstated",
        },
    ),
    (
        "Every paper: true places, macros expanded, captions, seconds",
        {"places": "places", "macros expanded": "macros", "captions": "captions", "seconds": "seconds", "processor seconds": "processor"},
    ),
)  # fmt: skip


def tables(figures: dict[str, Any]) -> list[tuple[str, list[dict[str, str]]]]:
    """Return what a person reads: (title, rows) of three narrow tables; a paper without a gold is in the last one alone."""
    shown = []
    for title, heads in _PARTS:
        with_gold = [row for row in figures["rows"] if "title" not in row or row["title"] != "–"]
        rows = figures["rows"] if "places" in heads else with_gold
        if rows:
            shown.append((title, [{"paper": row["paper"]} | {head: row.get(name, "–") for name, head in heads.items()} for row in rows]))
    return shown


def _figures(total: dict[str, Any]) -> dict[str, float | None]:
    """Return each share as a number between 0 and 1; None where there was nothing to find."""
    shares = {name: (round(value[0] / value[1], 4) if value[1] else None) for name, value in total.items() if isinstance(value, tuple)}
    return shares | {name: round(total[name], 3) for name in ("seconds", "processor seconds")}
