"""The light half stays light: no torch behind the door, the command line's help, reading, the dossier, the verdict and the report."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "scipy", "matplotlib", "mcp")


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(result.stdout.split("\n")[-2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import aquarius",
        "import aquarius.core, aquarius.reading, aquarius.dossier, aquarius.verdict, aquarius.report, aquarius.workspace, aquarius.equations",
        "from aquarius import read, distill, judge, write, AquariusError",
        "from click.testing import CliRunner\nimport aquarius.cli._main as m\nm._Commands('', name='aquarius').main(['--help'], standalone_mode=False)",
        "from aquarius.workspace import actions\nfrom aquarius.workspace._signature import parameters\n[parameters(a.function) for a in actions.ACTIONS]",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert loaded_after(code) == set()


def test_help_loads_no_pydantic() -> None:
    code = "import sys, aquarius.cli._main; print('pydantic' in sys.modules, 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False False\n"


def test_the_test_can_fail() -> None:
    assert loaded_after("import torch") >= {"torch"}
