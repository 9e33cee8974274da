"""The face for coding agents: the table of actions as tools of the Model Context Protocol, over standard input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "serve": "._server",
        "make_server": "._server",
        "call": "._tools",
        "tool_name": "._tools",
        "input_schema": "._tools",
        "guide": "._guide",
    },
)

if TYPE_CHECKING:
    from ._guide import guide as guide
    from ._server import make_server as make_server
    from ._server import serve as serve
    from ._tools import call as call
    from ._tools import input_schema as input_schema
    from ._tools import tool_name as tool_name
