"""The gauntlet in pytest: `pytest --aquarius model.py` makes every check a test, and the fixture `gauntlet` examines a model inside a test.

Loaded in every run of pytest where Aquarius is installed, so it imports nothing but pytest until it is asked for something.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..core import Evidence

PROCESS = "process"  # a crash, a hang or a process left behind belongs to no single check


class GauntletFailure(Exception):
    """A check failed; the text is what the reader sees."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --aquarius and its two companions."""
    group = parser.getgroup("aquarius", "Aquarius, the gauntlet for PyTorch models")
    group.addoption("--aquarius", action="store_true", help="examine the model files named on the command line: every check is a test")
    group.addoption("--aquarius-no-facts", action="store_true", help="examine without what the file states about itself")
    group.addoption("--aquarius-budget", type=float, metavar="SECONDS", help="for the whole examination of one file")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a model file that is named on the command line; every other file stays with pytest, and nothing is imported here."""
    config = parent.config
    if not config.getoption("--aquarius", default=False) or not parent.session.isinitpath(module_path):
        return None
    if any(fnmatch.fnmatch(module_path.name, pattern) for pattern in config.getini("python_files")):
        return None
    collector: pytest.Collector = ModelFile.from_parent(parent, path=module_path)
    return collector


class ModelFile(pytest.File):
    """A subject; its checks run together in one child process when the first of its tests runs."""

    found: list[Evidence] | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Give one test for each check, and one for the process that they ran in."""
        from ..core import BadInput
        from ..subject import Subject
        from ._examine import check_names, require_functions

        try:
            require_functions(Subject(self.path))
        except BadInput as error:
            raise self.CollectError(str(error)) from None
        for name in [*check_names(), PROCESS]:
            yield CheckItem.from_parent(self, name=name)

    def findings(self) -> list[Evidence]:
        """Examine the file once, with the checks whose tests were selected."""
        if self.found is None:
            from . import examine

            chosen = [item.name for item in self.session.items if item.parent is self and item.name != PROCESS]
            option = self.config.getoption
            self.found = examine(
                self.path, only=chosen or ["interface"], facts=not option("--aquarius-no-facts"), budget=option("--aquarius-budget")
            )
        return self.found

    def others(self) -> list[Evidence]:
        """Return the findings that belong to no check's test."""
        from ._examine import check_names

        names = check_names()
        return [finding for finding in self.findings() if finding.check not in names]


class CheckItem(pytest.Item):
    """One check of one file: passes, fails, or is skipped with the reason where it cannot tell or does not apply."""

    def runtest(self) -> None:
        """Look up what the check found; `unsure` is no pass."""
        parent = self.parent
        assert isinstance(parent, ModelFile)
        found = [finding for finding in parent.findings() if finding.check == self.name] if self.name != PROCESS else parent.others()
        failed = [finding for finding in found if finding.status == "fail"]
        if failed:
            raise GauntletFailure(told(failed))
        for status in ("unsure", "skipped"):
            some = [finding.message for finding in found if finding.status == status]
            if some and all(finding.status in (status, "skipped") for finding in found):
                pytest.skip(f"{status}: {'; '.join(some)}")
        if not found and self.name != PROCESS:
            pytest.skip("its findings are told under `process`")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show a failed check as its findings, without a traceback."""
        if isinstance(excinfo.value, GauntletFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the file and the check."""
        return self.path, None, f"aquarius check {self.path.name} --only {self.name!r}"


@pytest.fixture
def gauntlet() -> Callable[..., list[Evidence]]:
    """Examine a model: `gauntlet(path_or_subject, only=..., facts=..., budget=...)` returns the findings and fails the test on a failed one."""

    def run(subject: Any, *, only: Sequence[str] = (), facts: bool = True, budget: float | None = None) -> list[Evidence]:
        from . import examine

        found = examine(subject, only=only, facts=facts, budget=budget)
        failed = [finding for finding in found if finding.status == "fail"]
        if failed:
            pytest.fail(told(failed), pytrace=False)
        return found

    return run


def told(failed: Sequence[Evidence]) -> str:
    """Return failed findings as text: what, where, the numbers, and what to look at."""
    lines = []
    for finding in failed:
        place = ", ".join(dict.fromkeys(part for part in (finding.where, finding.path) if part))
        lines.append(f"{finding.check}: {finding.message}" + (f" [{place}]" if place else ""))
        lines += [f"    {name} = {value:.6g}" for name, value in finding.values.items()]
        lines += [f"    look at: {finding.hint}"] if finding.hint else []
    return "\n".join(lines)
