"""`pytest --aquarius model.py` and the fixture, in pytest runs of their own; nothing heavy is imported at pytest's start."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from gauntlet.subjects import text

PLUGIN = "aquarius.gauntlet.pytest_plugin"
INSTALLED = any(point.value == PLUGIN for point in entry_points(group="pytest11"))


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder of its own, with warnings as errors."""
    given = [] if INSTALLED else ["-p", PLUGIN]
    command = [sys.executable, "-m", "pytest", *given, "-W", "error", "-p", "no:cacheprovider", "--rootdir", str(folder), *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=clean)


def test_every_check_is_a_test_and_a_failed_one_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(text())
    (tmp_path / "broken.py").write_text(text(forward="return self.inner(x)[:, :3]"))
    result = run_pytest(tmp_path, "--aquarius", "model.py", "broken.py", "-rs", "-k", "interface or gradient or process or causality")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "model.py ..ss." in result.stdout and "broken.py .Fss." in result.stdout
    assert "gradient: " in result.stdout and "Net.forward" in result.stdout and "Traceback" not in result.stdout
    assert "skipped: " in result.stdout


def test_nothing_changes_where_it_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(text())
    assert "no tests ran" in run_pytest(tmp_path, "model.py").stdout  # without --aquarius, pytest's own answer
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    result = run_pytest(tmp_path, "--aquarius", "test_own.py")
    assert result.returncode == 0 and "1 passed" in result.stdout


def test_a_file_that_is_no_subject_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("def build():\n    pass\n")
    result = run_pytest(tmp_path, "--aquarius", "model.py")
    assert result.returncode == 2 and "is no subject: it defines no batch and no forward and no loss" in result.stdout
    assert "Traceback" not in result.stdout


def test_the_fixture_returns_findings_and_fails_on_a_failed_one(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(text())
    (tmp_path / "broken.py").write_text(text(forward="return self.inner(x)[:, :3]"))
    (tmp_path / "test_models.py").write_text(
        "def test_good(gauntlet):\n"
        "    found = gauntlet('model.py', only=['gradient'])\n"
        "    assert {finding.check for finding in found} == {'interface', 'gradient', 'derivative', 'segments', 'stated stop-gradient'}\n\n\n"
        "def test_bad(gauntlet):\n"
        "    gauntlet('broken.py', only=['gradient'])\n"
    )
    result = run_pytest(tmp_path, "test_models.py")
    assert result.returncode == 1 and "1 failed, 1 passed" in result.stdout
    assert "gradient: " in result.stdout and "look at: " in result.stdout


def test_nothing_heavy_is_imported_at_the_start() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import aquarius.gauntlet.pytest_plugin; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; print(sorted(new - set(sys.stdlib_module_names)))"
    )
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "['aquarius']", result.stdout + result.stderr
