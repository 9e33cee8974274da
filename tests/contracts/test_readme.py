"""The commands of the README are commands, and the snippets of the documentation name actions that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aquarius.workspace.actions import ACTIONS

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "AGENTS.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
NAMES = {action.name for action in ACTIONS} | {"mcp"}
GROUPS = {name.partition(".")[0] for name in NAMES if "." in name}


def commands(text: str) -> list[str]:
    """Give the action behind each `aquarius ...` of a code block or code span."""
    found = []
    for words in re.findall(r"(?:^|`|\$ )aquarius ([a-z][a-z-]*(?: [a-z-]+)?)", text, flags=re.MULTILINE):
        first, _, second = words.partition(" ")
        found.append(f"{first}.{second}" if first in GROUPS and second else first)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_exists(page: Path) -> None:
    unknown = [name for name in commands(page.read_text()) if name not in NAMES and name not in GROUPS]
    assert not unknown


@pytest.mark.parametrize("page", [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", page.read_text())) <= targets


def test_an_unknown_command_is_seen() -> None:
    assert commands("`aquarius reed paper` and\naquarius equation translate 'x'") == ["reed", "equation.translate"]


def test_the_site_has_a_page_for_each_line_of_its_menu() -> None:
    menu = re.findall(r"^\s+- .*?: (\S+\.md)$", (PROJECT / "mkdocs.yml").read_text(), flags=re.MULTILINE)
    pages = {path.name for path in (PROJECT / "docs").glob("*.md")}
    assert "index.md" in menu and set(menu) == pages
