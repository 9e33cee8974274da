"""Doing again what evidence was made by, in a copy of the workspace that has no ledger and no runs."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

from ..core import AquariusError, BadInput, Evidence, StorageError
from ._config import read_experiments, read_plan
from ._judging import workspace_dossier
from ._layout import Workspace

_LEFT_OUT = {".aquarius", ".git", ".venv", "venv", "report", "__pycache__", ".pytest_cache", "node_modules"}
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "AQUARIUS_DATA", "AQUARIUS_CACHE", "XDG_CACHE_HOME")  # of the variables
_PACKAGE = Path(__file__).resolve().parents[2]


def copy_workspace(workspace: Workspace, to: Path) -> Workspace:
    """Copy what a person wrote and the paper, not what Aquarius made: no ledger, no runs, no report."""
    try:
        shutil.copytree(workspace.root, to, ignore=lambda folder, names: _LEFT_OUT & set(names), symlinks=True)
    except (OSError, shutil.Error) as error:
        raise StorageError(f"{workspace.root} cannot be copied: {error!s:.200}.") from None
    return Workspace.open(to)


def perform(workspace: Workspace, wanted: Sequence[tuple[str, str, int | None]], *, workers: int | None = None) -> list[Evidence]:
    """Make the evidence of these kinds, checks and seeds again, in a workspace without a ledger.

    Raises:
        BadInput: the workspace does not plan it any more, or its data are not at hand.
    """
    from . import _stages as stages

    plan, dossier = read_plan(workspace.bindings), workspace_dossier(workspace)
    checks = {kind: {check for of, check, _ in wanted if of == kind} for kind in ("count", "conformance", "finding")}
    made: list[Evidence] = []
    if checks["count"]:
        made += stages.count(workspace, plan, dossier)
    if checks["conformance"]:
        bound = tuple(one for one in plan.equations if one.formula in checks["conformance"])
        made += stages.conform(workspace, plan.model_copy(update={"equations": bound}), dossier)
    if checks["finding"]:
        made += stages.examine_subject(workspace, plan, dossier)
    experiments = read_experiments(workspace.conf)
    for name in dict.fromkeys(check for kind, check, _ in wanted if kind == "run"):
        if name not in experiments:
            raise BadInput(f"conf/{name}.yaml is gone, so the runs of {name} cannot be made again.")
        seeds = sorted({seed for kind, check, seed in wanted if kind == "run" and check == name and seed is not None})
        made += stages.run_experiment(workspace, name, experiments[name], workers=workers, seeds=seeds)
    return made


def new_interpreter(folder: Path) -> tuple[Path, str]:
    """Make a virtual environment; return its interpreter and how it was made, or this interpreter and why there is no other.

    Nothing is installed, as that needs a network: the new environment reads the libraries that are installed here, and nothing of the user's
    own folders or variables.
    """
    try:
        venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt", clear=True).create(folder)
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        where = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages(), str(_PACKAGE)}
        found = sorted(folder.rglob("site-packages"))[0]
        lines = "".join(f"import site; site.addsitedir({path!r})\n" for path in sorted(where) if Path(path).is_dir())
        (found / "borrowed.pth").write_text(lines, encoding="utf-8")
        done = subprocess.run(
            [python, "-I", "-c", "import aquarius.workspace"], env=_variables(), capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise OSError(done.stderr.strip().rpartition("\n")[2] or "its interpreter does not start")
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        return Path(sys.executable), f"no virtual environment could be made ({error!s:.160}), so this one was used"
    return python, "a new virtual environment, reading the libraries installed here: nothing can be installed without a network"


def perform_apart(
    python: Path, workspace: Workspace, wanted: Sequence[tuple[str, str, int | None]], *, workers: int | None
) -> list[Evidence]:
    """Do `perform` with another interpreter, without the user's variables.

    Raises:
        BadInput: what `perform` refuses, or the interpreter ended without an answer.
    """
    answer = workspace.root.parent / "answer.json"
    request = {"root": str(workspace.root), "wanted": list(wanted), "workers": workers, "answer": str(answer)}
    done = subprocess.run(
        [python, "-I", "-m", "aquarius.workspace._again"], input=json.dumps(request), env=_variables(), stdout=subprocess.PIPE, text=True
    )
    if done.returncode == 2:
        raise BadInput(done.stdout.strip())
    if done.returncode or not answer.is_file():
        raise BadInput(f"the new interpreter ended with exit code {done.returncode} and no answer.")
    return [Evidence.from_json(text, name="answer.json") for text in json.loads(answer.read_text(encoding="utf-8"))]


def main() -> int:
    """Read a request on standard input and write the evidence where it says; exit code 2 with one sentence where it is refused."""
    request = json.loads(sys.stdin.read())
    try:
        wanted = [(kind, check, seed) for kind, check, seed in request["wanted"]]
        made = perform(Workspace.open(request["root"]), wanted, workers=request["workers"])
    except AquariusError as error:
        print(error)
        return 2
    Path(request["answer"]).write_text(json.dumps([one.to_json() for one in made]), encoding="utf-8")
    return 0


def _variables() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


if __name__ == "__main__":
    raise SystemExit(main())
