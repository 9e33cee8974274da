"""The actions on evidence: rerun it, try its checks on broken twins, compare reproductions, write to the authors, read curves. `actions` lists them."""

from __future__ import annotations

from pathlib import Path

from ._outcome import Outcome


def rerun(
    what: str | None = None, *, folder: Path = Path("."), all: bool = False, fresh: bool = False, workers: int | None = None
) -> Outcome:
    """Make evidence again in a copy of the workspace and compare every number with what was recorded; on equal machines none may differ.

    Args:
        what: the start of the hash of a piece of evidence or of the name of its run, or an experiment or check
        folder: the workspace
        all: rerun all the evidence that holds, and compare every number of the verdict and the report too
        fresh: in a new virtual environment as well, without your own folders and variables
        workers: training processes at a time; all cores if not given
    """
    from ._layout import Workspace
    from ._rerun import rerun as run_again
    from ._show_evidence import rerun_view

    one = run_again(Workspace.open(folder), what, everything=all, fresh=fresh, workers=workers)
    return Outcome(one.to_data(), lambda: rerun_view(one), ok=one.status == "pass")


def controls(folder: Path = Path("."), *, only: tuple[str, ...] = (), workers: int | None = None) -> Outcome:
    """Try every check, equation, count and comparison of a workspace on broken twins; one that never fails there shows nothing.

    Args:
        folder: the workspace
        only: try this alone: an experiment, or a name as the table prints it ("check twins", "equation*"); may be given several times
        workers: training processes at a time; all cores if not given
    """
    from ._controls import control
    from ._layout import Workspace
    from ._show_evidence import controls_view

    made = control(Workspace.open(folder), only=only, workers=workers)
    ok = all(one.status == "pass" for one in made if not str(one.path).startswith("check "))
    return Outcome({"controls": [one.to_data() for one in made]}, lambda: controls_view(made), ok=ok)


def bench_ledger(*, entries: int = 100_000, appends: int = 100) -> Outcome:
    """Measure how long a ledger of many entries takes to verify, and one append to it, flushed to the disk.

    Args:
        entries: pieces of evidence in the ledger
        appends: single appends that are timed
    """
    from ._bench_ledger import ledger_figures
    from ._show import table_view

    figures = ledger_figures(entries, appends)
    return Outcome(figures, lambda: table_view("The ledger", figures["rows"]), ok=figures["within"])


def diff(first: Path, second: Path) -> Outcome:
    """Compare two reproductions claim by claim: numbers, settings, data, code and surroundings, and rank what could explain a difference.

    Args:
        first: a workspace
        second: another one, of the same paper or of a related one
    """
    from ._diff import compare_workspaces
    from ._layout import Workspace
    from ._show_evidence import diff_view

    found = compare_workspaces(Workspace.open(first), Workspace.open(second))
    same = all(pair.numbers in ("equal", "within the spread") and pair.first.result == pair.second.result for pair in found.pairs)
    return Outcome(found.to_data(), lambda: diff_view(found), ok=same and bool(found.pairs))


def correction(folder: Path = Path("."), *, claim: tuple[str, ...] = (), to: Path | None = None) -> Outcome:
    """Write to the authors what the evidence holds against their paper: both quotes, exact numbers, the smallest case, the command.

    Args:
        folder: the workspace
        claim: a claim to write about; may be given several times; all that can be put to the authors if not given
        to: the Markdown file to write; printed if not given
    """
    from ..core import BadInput, write_text
    from ._correction import correction as find
    from ._correction import to_markdown
    from ._layout import Workspace

    workspace = Workspace.open(folder)
    issues, withheld = find(workspace, claim)
    if not issues and withheld:
        raise BadInput(f"nothing to send: {' '.join(withheld)}")
    text = to_markdown(workspace, issues)
    if to is not None:
        write_text(to, text)
    data = {"issues": [issue.to_data() for issue in issues], "withheld": withheld, "text": text, "file": str(to) if to else None}
    shown = f"{to}: {len(issues)} to send" if to else text
    return Outcome(data, lambda: "\n".join([shown, *(f"not sent: {reason}" for reason in withheld)]))


def digitise(
    image: Path,
    *,
    x: str,
    y: str,
    log_x: bool = False,
    log_y: bool = False,
    colour: tuple[str, ...] = (),
    to: Path | None = None,
) -> Outcome:
    """Read the curves of a published plot as numbers, one curve for each colour; refused where it cannot be told which is which.

    Args:
        image: a PNG of a line plot
        x: the horizontal axis: values of its first and last tick (0,10), of all its ticks (0,5,10), or PIXEL=VALUE,PIXEL=VALUE from the left
        y: the vertical axis, as x from bottom to top; pixels from the top
        log_x: the horizontal axis is logarithmic
        log_y: the vertical axis is logarithmic
        colour: read this colour alone, as #RRGGBB, grey and black too; may be given several times
        to: write the points to this CSV file (colour, x, y); to a YAML file, one curve as the `curve` of a rule that runs are held against
    """
    from ..core import write_text
    from ._curve_rule import rule_lines
    from ._digitise import digitise as read_plot
    from ._show_evidence import reading_view

    found = read_plot(image, x, y, log_x=log_x, log_y=log_y, colours=colour)
    if to is not None and to.suffix.casefold() in (".yaml", ".yml"):
        write_text(to, rule_lines(found, log_y=log_y))
    elif to is not None:
        rows = [f"{curve.colour},{a!r},{b!r}" for curve in found.curves for a, b in curve.points]
        write_text(to, "\n".join(["colour,x,y", *rows]) + "\n")
    return Outcome(found.to_data(), lambda: reading_view(found))


def bench_curves(*, plots: int = 50, seed: int = 0) -> Outcome:
    """Draw plots with known curves, read them, and print how far what is read lies from the truth, in percent of the axis range.

    Args:
        plots: how many
        seed: the first plot's seed; each plot has the next one
    """
    from ._bench_curves import curve_figures
    from ._show import table_view

    figures = curve_figures(plots, seed)
    return Outcome(figures, lambda: table_view("Curves", figures["rows"]), ok=figures["within"] == figures["of"])
