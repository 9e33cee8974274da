"""The plugin: every tool, command, gate and verdict that its texts name exists, and its files have the form that a host reads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from aquarius.agent import guide, tool_name
from aquarius.verdict._verdict import Result
from aquarius.workspace.actions import ACTIONS
from aquarius.workspace.protocol import GATES, PHASES

PLUGIN = Path(__file__).resolve().parents[2] / "plugin"
SKILL, AGENT = PLUGIN / "skills" / "implement-paper" / "SKILL.md", PLUGIN / "agents" / "paper-implementer.md"
TEXTS = (SKILL, AGENT)
TOOLS = {tool_name(action) for action in ACTIONS}
COMMANDS = {action.name.replace(".", " ") for action in ACTIONS} | {"mcp"}
# Words in code type that are no tools: files, functions, fields, arguments, verdicts.
OTHER = {"answer", "subject", "source", "unsure", "pass", "implement-paper"}


def unknown_names(text: str) -> list[str]:
    """Return the names in code type that are neither a tool nor another known word, and the commands that do not exist."""
    words = re.findall(r"`([a-z][a-z_\-]*)`", text)
    found = [word for word in words if word not in TOOLS | OTHER]
    for command in re.findall(r"`aquarius ([a-z. ]+)`", text):
        if command.strip() not in COMMANDS:
            found.append(f"aquarius {command.strip()}")
    return found


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_tool_and_command_exists(path: Path) -> None:
    assert unknown_names(path.read_text()) == []


def test_a_tool_that_does_not_exist_is_seen() -> None:
    assert unknown_names("Call `reproduce`, then `celebrate`, or `aquarius finish`.") == ["celebrate", "aquarius finish"]


def test_every_action_of_the_road_is_in_the_skill() -> None:
    text = SKILL.read_text()
    assert [name for name in TOOLS if f"`{name}`" not in text and not name.startswith("bench")] == []


def test_the_phases_and_gates_are_those_of_the_protocol() -> None:
    text = SKILL.read_text()
    for phase in PHASES:
        days = f"day {phase.days}" if "-" not in phase.days else f"days {phase.days}"
        assert f"### Phase {phase.number}, {days}: {phase.name}" in text
        named = re.findall(r"- Gates: (.*)\.", text.partition(f"### Phase {phase.number},")[2])[0].split(", ")
        assert named == [gate.name for gate in GATES if gate.phase == phase.number]


def test_the_agent_may_say_reproduced_only_by_the_verdict() -> None:
    text = AGENT.read_text()
    assert "reproduced" in get_args(Result) and re.search(r'\| "reproduced" \| the verdict of `judge` says reproduced', text)
    assert re.search(r'\| "done" \| every required gate', text)
    for heading in ("Goal", "Prerequisites", "Code", "Questions and answers", "Verification", "Common bugs", "Next"):
        assert heading in text and f"\n    {heading}  " in SKILL.read_text()


@pytest.mark.parametrize(("path", "name"), [(SKILL, "implement-paper"), (AGENT, "paper-implementer")])
def test_the_head_says_name_and_use(path: Path, name: str) -> None:
    _, head, body = path.read_text().split("---\n", 2)
    data = yaml.safe_load(head)
    assert data["name"] == name == (path.parent.name if path.name == "SKILL.md" else path.stem)
    assert 40 < len(data["description"]) < 1024 and body.strip()


def test_the_skill_and_the_guide_of_the_server_are_one_text() -> None:
    assert SKILL.read_text().split("---\n", 2)[2].strip() == guide().strip()


def test_the_manifest_and_the_server() -> None:
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    assert manifest["name"] == "aquarius" and re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    server = json.loads((PLUGIN / ".mcp.json").read_text())["mcpServers"]["aquarius"]
    assert (server["command"], server["args"][0]) == ("aquarius", "mcp")
