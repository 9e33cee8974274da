"""The server over stdio, seen by the official client: the tools are the actions, an answer is data and text, a refusal is one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from aquarius.agent import guide, input_schema, serve, tool_name
from aquarius.core import BadInput, progress
from aquarius.workspace import create
from aquarius.workspace._outcome import Outcome
from aquarius.workspace.actions import ACTIONS, Action

START = [sys.executable, "-m", "aquarius", "mcp", "--root"]


def work() -> Outcome:
    """Work."""
    progress.step("Train")
    progress.note("seed 1 finished")
    return Outcome({"found": [1]}, lambda: "worked", ok=False)


def stumble() -> Outcome:
    """Stumble."""
    raise ValueError("no such thing")


def with_client(root: Path, use: Callable[[Any], Awaitable[Any]]) -> Any:
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters

    async def run() -> Any:
        async with Client(StdioServerParameters(command=START[0], args=[*START[1:], str(root)])) as client:
            return await use(client)

    return anyio.run(run)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create(tmp_path / "gcn", name="GCN", title="Graph Convolutional Networks", year=2017)
    return tmp_path


def test_tools_resource_prompt_one_good_call_and_bad_ones_over_stdio(root: Path) -> None:
    begin = time.perf_counter()

    async def use(client: Any) -> None:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == [tool_name(action) for action in ACTIONS]
        for tool, action in zip(tools, ACTIONS, strict=True):
            assert tool.input_schema == input_schema(action) and tool.description
        good = await client.call_tool("status", {"folder": "gcn"})
        assert not good.is_error and good.structured_content["ok"] is True
        assert [phase["number"] for phase in good.structured_content["data"]["phases"]] == [1, 2, 3, 4, 5]
        assert "analytical de-noising" in good.content[0].text
        for name, given, sentence in (
            ("status", {"folder": "nowhere"}, "does not exist: run aquarius start"),
            ("status", {"folder": "../.."}, "lies outside"),
            ("judge", {"folder": "gcn"}, "has no dossier.yaml yet"),
            ("status", {"fodler": "gcn"}, "Did you mean 'folder'?"),
            ("nothing", {}, "there is no tool 'nothing'"),
        ):
            bad = await client.call_tool(name, given)
            assert bad.is_error and sentence in bad.content[0].text and "\n" not in bad.content[0].text
        resources = (await client.list_resources()).resources
        assert [str(one.uri) for one in resources] == ["aquarius://guide"]
        assert (await client.read_resource("aquarius://guide")).contents[0].text == guide()
        assert [one.name for one in (await client.list_prompts()).prompts] == ["implement-paper"]
        prompt = await client.get_prompt("implement-paper", {"source": "paper.tex", "folder": "gcn"})
        assert "'paper.tex'" in prompt.messages[0].content.text and guide() in prompt.messages[0].content.text

    with_client(root, use)
    assert time.perf_counter() - begin < 20


def test_a_wrong_resource_and_prompt_are_protocol_errors(root: Path) -> None:
    from mcp.shared.exceptions import MCPError

    async def use(client: Any) -> None:
        with pytest.raises(MCPError, match="there is no resource aquarius://secrets"):
            await client.read_resource("aquarius://secrets")
        with pytest.raises(MCPError, match="needs the argument source"):
            await client.get_prompt("implement-paper", {})

    with_client(root, use)


def test_progress_reaches_the_client_and_a_fault_of_ours_is_one_sentence(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcp import Client

    import aquarius.agent._server as server
    import aquarius.agent._tools as tools

    actions = (Action("work", work), Action("stumble", stumble))
    monkeypatch.setattr(server, "ACTIONS", actions)
    monkeypatch.setattr(tools, "ACTIONS", actions)
    heard: list[tuple[float, str | None]] = []

    async def hear(done: float, total: float | None, text: str | None) -> None:
        heard.append((done, text))

    async def run() -> None:
        async with Client(server.make_server(root)) as client:
            good = await client.call_tool("work", {}, progress_callback=hear)
            assert good.structured_content == {"ok": False, "data": {"found": [1]}} and not good.is_error  # a finding is no error
            assert good.content[0].text == "worked\n\nNot all is well: a check or a verdict failed."
            bad = await client.call_tool("stumble", {})
            assert bad.is_error and bad.content[0].text == "this is a fault of Aquarius, not of your input: ValueError: no such thing."

    anyio.run(run)
    assert heard == [(1.0, "Train"), (2.0, "seed 1 finished")]


def test_standard_output_carries_the_protocol_only(root: Path) -> None:
    noisy = (
        "import os, sys\nfrom pathlib import Path\nimport aquarius.agent._tools as tools\n"
        "from aquarius.workspace._outcome import Outcome\nfrom aquarius.workspace.actions import Action\n"
        "def shout() -> Outcome:\n    '''Shout.'''\n    print('HELLO')\n    os.system('echo CHILD')\n    return Outcome({'said': True}, lambda: 'said')\n"
        "import aquarius.agent._server as server\nserver.ACTIONS = tools.ACTIONS = (Action('shout', shout),)\nserver.serve(Path(sys.argv[1]))\n"
    )
    said = [
        {"id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "shout", "arguments": {}}},
    ]  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", noisy, str(root)], stdin=-1, stdout=-1, stderr=-1, text=True)
    assert process.stdin and process.stdout
    for one in said:
        process.stdin.write(json.dumps({"jsonrpc": "2.0"} | one) + "\n")
        process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    rest, errors = process.communicate(timeout=20)
    assert answers[1]["result"]["structuredContent"] == {"ok": True, "data": {"said": True}}
    assert rest == "" and "HELLO" in errors and "CHILD" in errors


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no folder"):
        serve(tmp_path / "gone")
