"""Starting: a workspace from a paper, or from a reproduction that ships with Aquarius."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ..core import BadInput, Broken, did_you_mean, read_text, write_bytes, write_text
from ..dossier import Dossier, distill, from_yaml, state_claims, to_yaml
from ..reading import Document, read, source_files
from ._layout import Workspace, create
from ._manifest import MANIFEST
from ._templates import template_files, template_names


def start_workspace(
    source: str | Path, folder: Path, *, name: str | None = None, year: int | None = None, paper: Path | None = None
) -> Workspace:
    """Lay out a workspace for `source`: the name of a shipped reproduction, or a paper. Called again, it completes what is missing.

    `paper` replaces a shipped reproduction's fact sheet by the paper itself.

    Raises:
        BadInput: no such paper or reproduction, a folder that holds something else, or a paper whose year is not known.
    """
    shipped = str(source) in template_names() and not Path(source).exists()
    if not shipped and not Path(source).exists():
        raise BadInput(f"{source!s} is neither a paper nor a shipped reproduction.{did_you_mean(str(source), template_names())}")
    files = template_files(str(source)) if shipped else {}
    given = paper if paper is not None else None if shipped else Path(source)
    if given is not None:
        files.pop("paper/paper.md", None)
        document = read(given)
        files |= {f"paper/{path}": content for path, content in source_files(given).items()}
    else:
        sheet = {"paper.md": files["paper/paper.md"]}
        document = _read_sheet(sheet)
    year = year or document.year or (_sheet_year(str(source)) if shipped else None)
    if year is None:
        raise BadInput(f"{source!s} does not say in which year the paper appeared: give --year.")
    new = not (folder / MANIFEST).exists()
    workspace = create(
        folder, name=name or folder.resolve().name, title=document.title or folder.resolve().name, year=year, url=document.url
    )
    for path, content in files.items():
        target = workspace.inside(path)
        if not target.exists() or (new and target == workspace.inside("journal.md")):
            write_bytes(target, content)
    if shipped:
        with contextlib.suppress(OSError):  # its code lies in a folder of its own name
            workspace.code.rmdir()
    if not workspace.bindings.exists():
        write_text(workspace.bindings, _empty_plan(document))
    test = workspace.tests / "test_reproduction.py"
    if not test.exists():
        write_text(test, _TEST)
    read_paper(workspace)
    return workspace


def paper_path(workspace: Workspace) -> Path:
    """Return what is read in the workspace's paper folder: its fact sheet, else the folder with the LaTeX source."""
    sheet = workspace.paper / "paper.md"
    return sheet if sheet.is_file() else workspace.paper


def read_paper(workspace: Workspace) -> tuple[Document, Dossier]:
    """Read and distil the workspace's paper; a dossier that was edited by hand is kept.

    Raises:
        BadInput: the dossier is about another version of the paper.
    """
    path = paper_path(workspace)
    document = read(path)
    if _stored(workspace) != document:
        document.save(workspace.document)
    if workspace.dossier.exists():
        dossier = from_yaml(read_text(workspace.dossier))
        if dossier.document != document.content_hash:
            raise BadInput(
                f"{workspace.dossier.name} is about another version of the paper than {workspace.paper.name}/ holds: "
                "restore the paper, or move the dossier away to have it distilled again."
            )
    else:
        files = source_files(path)
        dossier = distill(document, files)
        if workspace.claims.exists():
            dossier = state_claims(read_text(workspace.claims), dossier, document, files, name=workspace.claims.name)
        write_text(workspace.dossier, to_yaml(dossier))
    return document, dossier


def _stored(workspace: Workspace) -> Document | None:
    try:
        return Document.load(workspace.document)
    except (BadInput, Broken):
        return None


def _read_sheet(files: dict[str, bytes]) -> Document:
    from ..core import load_extension

    document: Document = load_extension("aquarius.readers", "markdown")("paper.md", files)
    return document


def _sheet_year(name: str) -> int | None:
    return _read_sheet({"paper.md": template_files(name)["paper/paper.md"]}).year


def _empty_plan(document: Document) -> str:
    lines = [
        "# Which code is held against which equation, and what is counted. docs/workspace.md describes every field.",
        "# subject: src/NAME/model.py",
        "equations: []",
        "# One entry per equation that the code computes, for example:",
        "#  - formula: equation (1)",
        "#    code: src/NAME/model.py:function",
        "#    symbols: {inputs: {Q: [n, d_k]}, outputs: [...]}",
        "#    bind: {Q: query}",
        "counts: []",
        "",
        "# The displays of this paper:",
    ]
    for index, equation in enumerate(document.equations, 1):
        number = f"equation ({equation.number})" if equation.number else f"display {index}"
        lines.append(f"#   {number}: {' '.join(equation.expanded.split())[:110]}")
    return "\n".join(lines) + "\n"


_TEST = '''"""Made by `aquarius start`: the gauntlet as tests. Run with pytest in this folder."""

from pathlib import Path

import pytest

import aquarius as aq

SUBJECTS = sorted(Path(__file__).resolve().parents[1].glob("src/*/model.py"))


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda path: path.parent.name)
def test_no_check_fails(subject: Path) -> None:
    failed = [f"{item.check} at {item.where}: {item.message}" for item in aq.examine(subject) if item.status == "fail"]
    assert not failed, "\\n".join(failed)
'''
