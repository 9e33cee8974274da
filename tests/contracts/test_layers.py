"""A package imports only from rows below its own; packages in one row never import one another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "aquarius"
ROWS = [
    {"core"},
    {"reading", "equations", "parts", "aql"},
    {"dossier", "models"},
    {"subject"},
    {"blueprint", "verdict"},
    {"gauntlet", "lab", "audit"},
    {"report"},
    {"workspace"},
    {"web", "agent"},
    {"cli"},  # the command line starts the other faces
]
ROW = {package: number for number, row in enumerate(ROWS) for package in row}


def imported(path: Path, tree: ast.AST) -> Iterator[str]:
    """Give the package of Aquarius behind every import of a file, those under TYPE_CHECKING and in functions too."""
    package = ["aquarius", *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            parts = [*base, *(node.module.split(".") if node.module else [])]
            names = [parts, *([*parts, alias.name] for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        else:
            continue
        yield from (name[1] for name in names if len(name) > 1 and name[0] == "aquarius")


def violations(path: Path, text: str) -> list[str]:
    own = path.relative_to(SOURCE).parts[0]
    return [
        f"{path.relative_to(SOURCE)} imports {other}"
        for other in imported(path, ast.parse(text))
        if own in ROW and other in ROW and other != own and ROW[other] >= ROW[own]
    ]


def test_every_package_has_a_row() -> None:
    packages = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert packages <= set(ROW)


def test_imports_go_down() -> None:
    found = [line for path in SOURCE.rglob("*.py") if "templates" not in path.parts for line in violations(path, path.read_text())]
    assert not found, "\n".join(sorted(set(found)))


def test_an_upward_import_is_seen() -> None:
    path = SOURCE / "verdict" / "_judge.py"
    assert violations(path, "from ..blueprint import draw\nif TYPE_CHECKING:\n    from ..report import write\n")
    assert violations(path, "def f():\n    import aquarius.workspace.actions\n")
    assert not violations(path, "from ..core import Record\nfrom ._verdict import Verdict\n")
