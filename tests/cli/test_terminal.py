"""What is printed while work goes on, and when it is done."""

from __future__ import annotations

import io

from rich.console import Console

from aquarius.cli import _terminal
from aquarius.core import progress


def test_steps_and_notes_are_printed_and_markup_in_them_is_text(capsys: object) -> None:
    out = io.StringIO()
    printer = _terminal._Printer(Console(file=out, width=60, highlight=False))
    with progress.listening(printer.hear):
        progress.step("Read [bold]what[/bold] it says")
        progress.note("a note that is longer than the sixty columns of this terminal, and stays on one line")
        progress.advance("seeds", 0.5)  # no terminal: not printed
    printer.close()
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("Read [bold]what[/bold] it says")
    assert "stays on one line" in lines[1]
    assert "seeds" not in out.getvalue()


def test_json_output_is_not_disturbed(capsys: object) -> None:
    with _terminal.progress_on_terminal(quiet=True):
        progress.step("unheard")
