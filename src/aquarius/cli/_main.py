"""From the table of actions to commands: options from signatures, help from docstrings, exit codes from outcomes and errors."""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import Any

import click

from ..core._errors import AquariusError
from ..workspace._signature import Parameter, description, parameters, summary
from ..workspace.actions import ACTIONS, Action

_ALONE = {"cluster": "auto"}  # options that may stand without a value, and the value that they then have
INTERNAL_ERROR = 70  # of sysexits.h: a fault of ours, not of the input


class _Commands(click.Group):
    """A group whose commands are made when they are asked for; the list alone is enough for `--help`."""

    def __init__(self, prefix: str, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.prefix = prefix

    def list_commands(self, context: click.Context) -> list[str]:
        mine = [action.name.removeprefix(self.prefix) for action in ACTIONS if action.name.startswith(self.prefix)]
        extra = [] if self.prefix else ["mcp"]
        return list(dict.fromkeys([name.partition(".")[0] for name in mine] + extra))  # in the order of the road

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if not self.prefix and name == "mcp":
            return _mcp_command()
        full = self.prefix + name
        action = next((action for action in ACTIONS if action.name == full), None)
        if action is not None:
            return _command(action, name)
        group = [action for action in ACTIONS if action.name.startswith(full + ".")]
        if group:
            return _Commands(
                full + ".", name=name, help=f"{name.capitalize()}: " + ", ".join(a.name.rpartition(".")[2] for a in group) + "."
            )
        return None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(context):
            action = next((action for action in ACTIONS if action.name == self.prefix + name), None)
            command = None if action else self.get_command(context, name)
            rows.append((name, summary(action.function) if action else (command.help or "").partition("\n")[0] if command else ""))
        with formatter.section("Commands, in the order of the road"):
            formatter.write_dl(rows)

    def resolve_command(self, context: click.Context, arguments: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, arguments)
        except click.UsageError:
            from ..core._errors import did_you_mean

            raise click.UsageError(
                f"{arguments[0]!r} is not a command.{did_you_mean(arguments[0], self.list_commands(context))}", context
            ) from None


def main() -> None:
    """Run the command line and leave with 0 (fine), 1 (a check or verdict failed) or 2 (bad input)."""
    group = _Commands("", name="aquarius", help="Turn a machine-learning paper into a reproduction that can be believed.")
    group.params.append(
        click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
    )
    try:
        code = group.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        _leave("interrupted; what was finished is kept, and the same command goes on from there.", 130)
    except click.ClickException as error:
        _leave(error.format_message(), 2)
    except AquariusError as error:
        _leave(str(error), error.exit_code)
    except KeyboardInterrupt:
        _leave("interrupted; what was finished is kept, and the same command goes on from there.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EFBIG):
            _internal(error)
        _leave(f"{error.filename or 'a file'} cannot be written: {error.strerror}. What was written before is intact.", 2)
    except Exception as error:
        _internal(error)


def _internal(error: Exception) -> None:
    if os.environ.get("AQUARIUS_TRACEBACK"):
        raise error
    _leave(
        f"this is a fault of Aquarius, not of your input: {type(error).__name__}: {error}. AQUARIUS_TRACEBACK=1 shows where.",
        INTERNAL_ERROR,
    )


def _leave(sentence: str, code: int) -> None:
    click.echo(f"aquarius: {sentence}", err=True)
    sys.exit(code)


def _version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"aquarius {version('aquarius')}")
        context.exit()


def _command(action: Action, name: str) -> click.Command:
    options: list[click.Parameter] = [_option(parameter) for parameter in parameters(action.function)]
    options.append(click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."))

    def call(as_json: bool, **given: Any) -> int:
        return _run(action, as_json, given)

    return click.Command(name, params=options, callback=call, help=_help(action), short_help=summary(action.function))


def _help(action: Action) -> str:
    arguments = [parameter for parameter in parameters(action.function) if parameter.positional]
    return description(action.function) + "".join(f"\n\n{parameter.name.upper()}: {parameter.description}" for parameter in arguments)


def _option(parameter: Parameter) -> click.Parameter:
    kind: Any = click.Choice(parameter.choices) if parameter.choices else parameter.kind
    if parameter.kind.__name__ == "Path":
        kind = click.Path(path_type=parameter.kind)
    if parameter.positional:
        nargs = -1 if parameter.many else 1
        given: dict[str, Any] = {} if parameter.required else {"default": parameter.default}
        return click.Argument([parameter.name], type=kind, nargs=nargs, required=parameter.required, **given)
    flag = "--" + parameter.name.replace("_", "-")
    if parameter.kind is bool:
        return click.Option([flag, parameter.name], is_flag=True, default=parameter.default, help=parameter.description)
    default = () if parameter.many else None if parameter.required else parameter.default
    names = [flag, parameter.name] + (["-s"] if parameter.name == "setting" else [])
    alone = {"is_flag": False, "flag_value": _ALONE[parameter.name]} if parameter.name in _ALONE else {}
    return click.Option(
        names,
        **alone,  # type: ignore[arg-type]
        type=kind,
        multiple=parameter.many,
        required=parameter.required,
        default=default,
        help=parameter.description,
        show_default=default not in (None, ()),
    )


def _run(action: Action, as_json: bool, given: dict[str, Any]) -> int:
    from ._terminal import progress_on_terminal, show

    with progress_on_terminal(quiet=as_json):
        outcome = action.function(**given)
    if as_json:
        from ..core import plain

        click.echo(json.dumps(plain(outcome.data), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        show(outcome.view())
    return 0 if outcome.ok else 1


def _mcp_command() -> click.Command:
    def serve(root: str) -> None:
        from pathlib import Path

        from ..agent import serve as serve_agent

        serve_agent(Path(root))

    root = click.Option(["--root"], default=".", show_default=True, help="The folder that every path given by the agent must lie in.")
    return click.Command(
        "mcp", params=[root], callback=serve, help="Serve the actions to a coding agent (MCP, over standard input and output)."
    )
