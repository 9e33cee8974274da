"""The Markdown report: the same content as text. What comes from papers and code is escaped, so that it stays text wherever it is rendered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ._bundle import Bundle
from ._view import view

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")


def markdown(bundle: Bundle) -> bytes:
    """Return the report as Markdown (GitHub's tables), in the order of the HTML report."""
    data = view(bundle)
    lines = [f"# {text(data['title'])}", ""]
    about = [", ".join(data["authors"]), str(data["year"] or ""), data["url"] or ""]
    lines += [text(" · ".join(part for part in about if part)), ""] if any(about) else []
    lines += [f"**{text(data['outcome'])}**", ""]
    lines += [line for sentence in data["qualification"] for line in (text(sentence), "")]
    lines += _claims(data) + _counts(data) + _equations(data) + _findings(data) + _runs(data) + _rest(data)
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8", "replace")


def text(value: object) -> str:
    """Return a value as one line of Markdown that renders as exactly these characters."""
    line = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"://", ":&#47;&#47;", _SPECIAL.sub(r"\\\1", line))  # no bare address becomes a link


def _code(value: object) -> str:
    line = " ".join(str(value).split()).replace("`", "ˋ").replace("|", "¦")
    return f"`{line}`" if line else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    titles = list(head)
    body = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}", *body, ""] if body else []


def _claims(data: dict[str, Any]) -> list[str]:
    rows = [
        (
            text(row["statement"]), text(row["paper"]), text(row["measured"] + (f" (n = {row['n']})" if row["n"] else "")), text(row["interval"] or "—"),
            text(" · ".join(part for part in (row["margin"], row["registered"]) if part)), text(row["badge"]), text(row["reasons"][0] if row["reasons"] else ""),
        )
        for row in data["claims"]
    ]  # fmt: skip
    lines = ["## Claims", ""]
    lines += _table(("Claim", "Paper", "Measured", "Difference", "Margin", "Verdict", "Because"), rows) or [
        "No claim of the paper met any evidence.",
        "",
    ]
    if data["untested"]:
        lines += [f"### Not tested: {len(data['untested'])}", ""]
        untested = (
            (text(row["statement"]), text(row["paper"]), text(row["where"]), text(row["reasons"][0] if row["reasons"] else ""))
            for row in data["untested"]
        )
        lines += _table(("Claim", "Paper", "Where", "Why not"), untested)
    return lines


def _counts(data: dict[str, Any]) -> list[str]:
    rows = [
        (
            text(row["subject"]), text(row["printed"]),
            "<br>".join(text(f"{count['value']} {count['under'] and 'under ' + count['under']}") for count in row["counted"]) or "—",
            "<br>".join(text(f"{size['size']}: {size['range']}") for size in row["sizes"]) or "—", text(row["badge"]),
        )
        for row in data["counts"]["rows"]
    ]  # fmt: skip
    if not rows:
        return []
    notes = [line for note in data["counts"]["notes"] for line in (text(note), "")]
    return ["## Parameters, counted", "", *notes, *_table(("Row", "Printed", "Counted", "Sizes that would fit", "Verdict"), rows)]


def _equations(data: dict[str, Any]) -> list[str]:
    rows = [
        (text(row["id"]), text(row["where"]), _code(row["latex"]), "<br>".join(f"{text(check['status'])}: {text(check['message'])}" for check in row["checks"]) or "not held against code")
        for row in data["equations"]
    ]  # fmt: skip
    return ["## Equations, held against the code", "", *_table(("Equation", "Place", "LaTeX", "Result"), rows)] if rows else []


def _findings(data: dict[str, Any]) -> list[str]:
    rows = [(text(row["status"]), text(row["check"]), text(row["message"]), _code(row["where"])) for row in data["findings"]]
    return ["## Checks of the implementation", "", *_table(("Result", "Check", "What was seen", "Where"), rows)] if rows else []


def _runs(data: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for experiment in data["experiments"]:
        lines += [f"### {text(experiment['name'])}: {experiment['count']} runs", ""]
        lines += [line for note in experiment["notes"] for line in (f"**{text(note)}**", "")]
        metrics = (
            (text(m["name"]), text(m["mean"]), text(m["sd"]), text(m["low"]), text(m["high"]), str(m["n"])) for m in experiment["metrics"]
        )
        lines += _table(("At the end", "Mean", "Standard deviation", "Least", "Greatest", "Runs"), metrics)
    receipts = (
        (
            text(run["experiment"]),
            str(run["seed"]),
            text(run["status"]),
            text(run["message"]),
            _code(run["command"]),
            _code(run["log"]),
            _code(run["short"]),
        )
        for run in data["runs"]
    )
    lines += _table(("Experiment", "Seed", "Ended", "Said", "Command", "Log", "Evidence"), receipts)
    return ["## Runs", "", *lines] if lines else []


def _rest(data: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    gaps = [
        (text(gap["name"]), text(gap["question"]), "<br>".join(text(f"{option['value']}{' (suggested)' if option['suggested'] else ''}: {option['source']}") for option in gap["options"]))
        for gap in data["gaps"]
    ]  # fmt: skip
    if gaps:
        lines += ["## What the paper leaves open", "", *_table(("Gap", "Question", "Options"), gaps)]
    if data["deviations"] or data["contradictions"]:
        lines += ["## Deviations and contradictions", ""]
        lines += _table(
            ("Experiment", "Setting", "Paper", "Here"),
            ([text(row[key]) for key in ("experiment", "name", "paper", "here")] for row in data["deviations"]),
        )
        lines += _table(("What", "Where"), ((text(row["message"]), text(row["where"])) for row in data["contradictions"]))
    if data["blueprint"]:
        drawn = data["blueprint"]
        lines += [
            "## The model, before it ran",
            "",
            text(f"{drawn['subject']}: {drawn['parameters']} parameters ({drawn['trainable']} trainable). {drawn['feasibility']}"),
            "",
        ]
    if data["places"]:
        lines += ["## Where every number stands in the paper", ""]
        lines += _table(
            ("What", "Value", "Place", "Quote"),
            ((text(row["what"]), text(row["value"]), text(row["where"]), _code(row["quote"])) for row in data["places"]),
        )
    lines += ["## How to run it again", "", *(f"    {' '.join(command.split())}" for command in data["rerun"]), ""]
    for environment in data["environments"]:
        lines += [
            text(f"Python {environment['python']}, {environment['platform']}, {environment['processor']}, {environment['cores']} cores."),
            "",
        ]
    lines += _table(("Record", "Hash"), ((text(row["name"]), _code(row["hash"])) for row in data["hashes"]))
    return lines
