"""For the test files of a workspace: a function held against an equation that is named as the paper names it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..core import BadInput, did_you_mean, read_text
from ..dossier import Dossier, from_yaml
from ._config import Binding, read_plan


def assert_conforms(
    label: str,
    function: Callable[..., Any],
    *,
    dossier: Dossier | Path | str | None = None,
    symbols: Mapping[str, Any] | None = None,
) -> None:
    """Fail unless a function conforms to an equation of the paper, named by its id ("equation (1)") or its label ("eq:attention").

    The equation is the dossier's, its symbols and their binding to parameters are those of blueprint.yaml; both are looked for from the
    calling file's folder upwards. `dossier` names another dossier, `symbols` declares the symbols where no blueprint.yaml does.

    Raises:
        AssertionError: the function differs from the equation, with the nearest known deviation and a counterexample, or cannot be told.
        BadInput: no such equation is found, nothing declares its symbols, or a parameter stands for none of them.
    """
    from ..equations import conform

    caller = sys._getframe(1).f_code.co_filename
    root = None if dossier is not None and symbols is not None else _workspace_of(Path(caller))
    found = _dossier(dossier, root)
    binding = _binding(label, found, root)
    table = dict(symbols) if symbols is not None else dict(binding.symbols) if binding is not None else None
    if table is None:
        raise BadInput(f"Nothing declares the symbols of {label!r}: bind it in blueprint.yaml, or give symbols=.")
    latex = binding.latex if binding is not None and binding.latex else _latex(label, found)
    verdict = conform(latex, table, function, binding=binding.bind if binding is not None and symbols is None else None)
    if verdict.verdict != "conforms":
        why = "; ".join(part for part in (verdict.reason, verdict.explanation) if part)
        example = f"\n{verdict.counterexample}" if verdict.counterexample else ""
        raise AssertionError(f"{label}: {verdict.verdict}: {why}{example}")


def _workspace_of(caller: Path) -> Path | None:
    """The nearest folder at or above the calling file that holds a blueprint.yaml."""
    start = caller.resolve().parent if caller.exists() else Path.cwd()  # a notebook has no file
    return next((folder for folder in (start, *start.parents) if (folder / "blueprint.yaml").is_file()), None)


def _dossier(given: Dossier | Path | str | None, root: Path | None) -> Dossier:
    if isinstance(given, Dossier):
        return given
    path = Path(given) if given is not None else (root / "dossier.yaml" if root is not None else None)
    if path is None:
        raise BadInput(
            "No blueprint.yaml is found from the calling file upwards: put the test into a workspace, or give dossier= and symbols=."
        )
    return from_yaml(read_text(path))


def _binding(label: str, dossier: Dossier, root: Path | None) -> Binding | None:
    if root is None:
        return None
    ids = {label} | {formula.id for formula in dossier.formulas if formula.label == label}
    return next((item for item in read_plan(root / "blueprint.yaml").equations if item.formula in ids or ids & set(item.covers)), None)


def _latex(label: str, dossier: Dossier) -> str:
    known = [name for formula in dossier.formulas for name in (formula.id, formula.label) if name]
    found = [formula for formula in dossier.formulas if label in (formula.id, formula.label)]
    if not found:
        raise BadInput(f"The dossier has no equation {label!r}.{did_you_mean(label, known)}")
    if len({formula.latex for formula in found}) > 1:
        raise BadInput(f"The dossier has {len(found)} equations {label!r} that differ: name one by its label.")
    return found[0].latex
