"""The server: every action a tool, the guide a resource, `implement-paper` a prompt; standard output carries the protocol and nothing else."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import AquariusError, BadInput, MissingExtra
from ..core.progress import listening
from ..workspace._signature import description, summary
from ..workspace.actions import ACTIONS
from ._guide import GUIDE, guide, implement_paper
from ._tools import call, input_schema, tool_name

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

PROMPT = "implement-paper"
INSTRUCTIONS = (
    "Aquarius turns a machine-learning paper into a reproduction that can be believed. Call status and next to see where a workspace stands; "
    f"read {GUIDE} first. Nothing is done or reproduced unless a gate or a verdict of these tools shows it."
)


def serve(root: Path) -> None:
    """Serve the actions over standard input and output until the client leaves; every path lies inside `root`.

    Raises:
        BadInput: `root` is no folder.
        MissingExtra: the mcp library is not installed.
    """
    if not root.is_dir():
        raise BadInput(f"{root} is no folder: name the folder that holds the workspaces with --root.")
    try:
        import anyio
        from mcp.server.stdio import stdio_server
    except ImportError:
        raise MissingExtra("mcp", "agent", "aquarius mcp") from None
    os.chdir(root)
    server = make_server(Path.cwd())

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)


def make_server(root: Path) -> Server[Any]:
    """Return the server, not yet connected to anything."""
    import mcp_types as types
    from mcp.server.lowlevel import Server

    async def list_tools(context: Any, request: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=_tools())

    async def call_tool(context: Any, request: types.CallToolRequestParams) -> types.CallToolResult:
        import anyio
        from anyio.from_thread import run as in_loop

        done = 0

        def hear(event: str, text: str, fraction: float | None) -> None:
            nonlocal done
            done += 1
            in_loop(context.session.report_progress, float(done), None, text)

        return await anyio.to_thread.run_sync(_answer, request.name, dict(request.arguments or {}), root, hear)

    async def list_resources(context: Any, request: Any) -> types.ListResourcesResult:
        about = "What each phase asks, with which tools, and what may never be said."
        return types.ListResourcesResult(resources=[types.Resource(uri=GUIDE, name="guide", description=about, mime_type="text/markdown")])

    async def read_resource(context: Any, request: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        if str(request.uri) != GUIDE:
            raise _unknown(f"there is no resource {request.uri}: {GUIDE} is the only one.")
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=GUIDE, mime_type="text/markdown", text=guide())])

    async def list_prompts(context: Any, request: Any) -> types.ListPromptsResult:
        source = types.PromptArgument(
            name="source", description="the paper: a LaTeX folder, file or archive, or a fact sheet", required=True
        )
        folder = types.PromptArgument(name="folder", description="the workspace; made where it is missing", required=False)
        about = "Implement a paper, from reading it to a verdict."
        return types.ListPromptsResult(prompts=[types.Prompt(name=PROMPT, description=about, arguments=[source, folder])])

    async def get_prompt(context: Any, request: types.GetPromptRequestParams) -> types.GetPromptResult:
        given = request.arguments or {}
        if request.name != PROMPT or "source" not in given:
            raise _unknown(f"the prompt is {PROMPT}, and it needs the argument source.")
        text = implement_paper(given["source"], given.get("folder", "."))
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=types.TextContent(text=text))])

    return Server(
        "aquarius",
        version=version("aquarius"),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )


def _tools() -> list[Any]:
    import mcp_types as types

    output = {"type": "object", "properties": {"ok": {"type": "boolean"}, "data": {}}, "required": ["ok", "data"]}
    return [
        types.Tool(
            name=tool_name(action),
            title=summary(action.function),
            description=description(action.function),
            input_schema=input_schema(action),
            output_schema=output,
        )
        for action in ACTIONS
    ]


def _answer(name: str, given: dict[str, Any], root: Path, hear: Callable[[str, str, float | None], None]) -> Any:
    import mcp_types as types

    try:
        with listening(hear):
            answer = call(name, given, root)
    except AquariusError as error:
        return types.CallToolResult(content=[types.TextContent(text=str(error))], is_error=True)
    except OSError as error:
        text = f"{error.filename or 'a file'} cannot be read or written: {error.strerror or error}. What was written before is intact."
        return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        text = f"this is a fault of Aquarius, not of your input: {type(error).__name__}: {error}."
        return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
    return types.CallToolResult(content=[types.TextContent(text=answer.text)], structured_content=answer.data)


def _unknown(sentence: str) -> Exception:
    from mcp.shared.exceptions import MCPError
    from mcp_types import INVALID_PARAMS

    return MCPError(INVALID_PARAMS, sentence)
