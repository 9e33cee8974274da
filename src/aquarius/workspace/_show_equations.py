"""What became of a paper's displays, for a person: code with its evidence, reasons, and the questions as a file to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.text import Text

_STYLE = {"translated": "green", "refused": "yellow", "open": "cyan"}
_FEW = 4  # displays named behind a question


def equations_view(data: Mapping[str, Any]) -> Group:
    """Show what became of each display of a paper, the code of those translated with what it rests on, the questions, and the counts."""
    parts: list[Any] = []
    for row in data["equations"]:
        names = ", ".join([row["id"], *row["covers"]])
        parts.append(Text.assemble((names, "bold"), f" ({row['place']}): ", (row["status"], _STYLE.get(row["status"], "dim"))))
        parts.append(Text(f"  {row['latex']}", "dim"))
        parts += _translated(row) if row["status"] == "translated" else [Text(f"  {_why(row)}")]
    return Group(*parts, *_questions(data["questions"]), Text(_tally(data["counts"], data.get("pictured", 0)), "bold"))


def _translated(row: Mapping[str, Any]) -> list[Text]:
    code = [line for line in row["code"].splitlines() if line.strip() and not line.startswith("import ")]
    parts = [Text("\n".join(f"    {line}" for line in code))]
    parts += [Text(f"  {item['symbol']} is {item['is']}: {item['because']}", "dim") for item in row["evidence"]]
    parts += [Text(f"  supposing that {'; '.join(row['supposes'])}", "yellow")] if row["supposes"] else []
    return parts + ([] if row["verified"] else [Text("  not verified: PyTorch is not installed", "yellow")])


def _why(row: Mapping[str, Any]) -> str:
    if row["status"] == "open":
        return f"open: {', '.join(item['symbol'] for item in row['ask'])}"
    spot = f" (byte {row['offset']})" if "offset" in row else ""
    return f"{row['why']}{spot}"


def _questions(questions: Sequence[Mapping[str, Any]]) -> list[Text]:
    """The questions as YAML that can be filled in and given back."""
    if not questions:
        return []
    parts = [Text(f"\n{_count(len(questions), 'question')}. Put the answers into a file and give it back with --symbols:", "bold")]
    for question in questions:
        displays = question["displays"]
        where = ", ".join(displays[:_FEW]) + (f" and {len(displays) - _FEW} more" if len(displays) > _FEW else "")
        names = ", ".join(question["symbols"])
        parts.append(Text(f"  # {names}: {question['question']} ({where}; first at {question['place']})", "dim"))
        parts.append(Text(f"  {question['template']}"))
    return parts


def _tally(counts: Mapping[str, int], pictured: int) -> str:
    if pictured:
        return (
            f"{_count(pictured, 'display')} in a picture of text, whose structure is lost: give the paper's LaTeX source or its HTML page"
        )
    if not counts["displays"]:
        return "the paper has no display equations"
    tally = ", ".join(f"{count} {name}" for name, count in counts.items() if name not in ("displays", "rows"))
    return f"{_count(counts['displays'], 'display')} in {_count(counts['rows'], 'row')}: {tally}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
