"""The light half stays light: no torch behind the door, the command line's help, reading, the dossier, the verdict and the report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
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
        "import aquarius.aql",
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


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was started once."""
    folder = tmp_path_factory.mktemp("light") / "w"
    command = [sys.executable, "-m", "aquarius", "start", "examples/small_paper.md", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=PROJECT, timeout=60)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "examples/small_paper.md"],
        ["distill", "examples/small_paper.md"],
        ["start", "examples/small_paper.md", "FOLDER"],
        ["status", "FOLDER"],
        ["next", "FOLDER"],
        ["judge", "FOLDER"],
        ["write", "FOLDER"],
        ["verify", "FOLDER"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_light_half_works_where_nothing_heavy_is_installed(arguments: list[str], room: Path) -> None:
    words = [str(room) if word == "FOLDER" else word for word in arguments]
    code = f"import sys\nfor name in {HEAVY!r}: sys.modules[name] = None\nsys.argv = ['aquarius', *{words!r}]\nfrom aquarius.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=PROJECT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words", [["equation", "translate", "y = x"], ["check", "examples/leaky_decoder.py"], ["draw", "examples/leaky_decoder.py"]]
)
def test_what_needs_torch_says_how_to_install_it(words: list[str]) -> None:
    code = f"import sys\nfor name in {HEAVY!r}: sys.modules[name] = None\nsys.argv = ['aquarius', *{words!r}]\nfrom aquarius.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=PROJECT)
    assert done.returncode == 2
    assert "pip install 'aquarius[torch]'" in done.stderr
