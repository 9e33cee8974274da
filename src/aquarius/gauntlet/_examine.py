"""`examine`: run the gauntlet over a subject in a child process, and turn what it tells into evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import BadInput, Evidence, did_you_mean, extension_names, progress, validate
from ..subject import ChildResult, Limits, Subject, run_in_child

if TYPE_CHECKING:
    from ..dossier import Dossier

BUDGET = 60.0  # seconds for all checks together, where the caller names none
START = 30.0  # seconds more for starting the interpreter and importing torch and the subject
REQUIRED = ("build", "batch", "forward", "loss")
ON_REQUEST = frozenset({"ladder", "ablation"})  # checks that take long, and run where they or their family are named
TASK = "aquarius.gauntlet._runner:run_checks"


def examine(
    subject: Subject | str | Path,
    dossier: Dossier | None = None,
    *,
    budget: float | None = None,
    facts: bool = True,
    only: Sequence[str] = (),
    limits: Limits | None = None,
) -> list[Evidence]:
    """Return one finding or more for every check, in the order of the table.

    `budget` is in seconds, for all checks together. Without `facts`, what the subject states of itself is not used. `only` names checks or
    families. A dossier fills the facts that do not depend on the model's size where the subject states none.

    Raises:
        BadInput: no such check, or a subject that cannot be used: missing, not Python, does not import, lacks a required function.
    """
    subject = subject if isinstance(subject, Subject) else Subject(Path(subject))
    if not facts:
        subject = Subject(subject.path, facts={})
    names = check_names(only)
    if budget is not None and not 0 < budget < 86_400:
        raise BadInput(f"a budget is a number of seconds between 0 and a day, got {budget:g}.")
    seconds = budget or BUDGET
    found: list[Evidence] = []
    audits: dict[str, None] = {}
    require_functions(subject)
    while names:
        progress.note(f"examining {subject.path.name}: {len(names)} checks")
        allowed = limits or Limits(seconds=seconds + START)
        payload = {"checks": names, "seconds": seconds, "stated": _stated(dossier) if facts else {}}
        result = run_in_child(TASK, payload, subject=subject, limits=allowed)
        begun, some = _read(result)
        found += some
        audits |= dict.fromkeys(result.audits)
        if result.status == "ok":
            found += _never_told(names, begun)
            break
        if not begun:
            raise BadInput(_refusal(subject, result))
        found.append(_ended(result, begun[-1]))
        names = names[names.index(begun[-1]) + 1 :]
        seconds -= result.seconds
        if begun[-1] == "interface":  # what does not survive its four functions survives nothing else
            found += [
                _skipped(name, "the subject's process does not survive legal input, so nothing else can be said of it") for name in names
            ]
            break
        if seconds < 1 or result.status == "timeout":
            found += [_skipped(name, "the time given to the examination was over before this check began") for name in names]
            break
    return found + ([_started(list(audits))] if audits else [])


def check_names(only: Sequence[str] = ()) -> list[str]:
    """Return the names of the checks that run, in their order: those named, by themselves or by family, else all but the long ones.

    Raises:
        BadInput: no such check or family.
    """
    names = extension_names("aquarius.checks")
    if not only:
        return [name for name in names if name not in ON_REQUEST]
    from ._check import checks

    families = {check.family for check in checks()}
    for name in only:
        if name not in names and name not in families:
            raise BadInput(f"there is no check or family {name!r}.{did_you_mean(name, [*names, *families])}")
    chosen = {check.name for check in checks() if check.name in only or check.family in only}
    return [name for name in names if name in chosen or name == "interface"]


def require_functions(subject: Subject, required: Sequence[str] = REQUIRED) -> None:
    """Refuse a file that cannot be a subject before a process is started for it.

    Raises:
        BadInput: the file defines one of the functions nowhere.
    """
    import ast

    tree = ast.parse(subject.source)
    if any(isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names) for node in ast.walk(tree)):
        return  # what it defines is known after the import only
    defined: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {name.asname or name.name for name in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
    missing = [name for name in required if name not in defined]
    if missing:
        raise BadInput(f"{subject.path} is no subject: it defines no {' and no '.join(missing)} (needed are {', '.join(required)}).")


def _stated(dossier: Dossier | None) -> dict[str, float]:
    """Return the dossier's facts that hold at every size of the model and are stated once, for the whole paper."""
    if dossier is None:
        return {}
    names = {"label smoothing": "label_smoothing"}
    stated: dict[str, set[float]] = {}
    for fact in (*dossier.architecture, *dossier.recipe):
        if fact.name in names and fact.number is not None:
            stated.setdefault(names[fact.name], set()).add(fact.number)
    return {name: next(iter(values)) for name, values in sorted(stated.items()) if len(values) == 1}


def _read(result: ChildResult) -> tuple[list[str], list[Evidence]]:
    begun: list[str] = []
    found: list[Evidence] = []
    for message in result.messages:
        if not isinstance(message, dict):
            continue
        if "begin" in message:
            begun.append(str(message["begin"]))
        elif "finding" in message:
            found.append(validate(Evidence, _printable(message["finding"]), "a finding"))
    return begun, found


def _refusal(subject: Subject, result: ChildResult) -> str:
    end = "." if result.status == "raised" else "; look at what runs at its top level."
    return f"{subject.path} does not import: {_printable(result.error)}{end}"


def _ended(result: ChildResult, check: str) -> Evidence:
    """Return the finding for a process that did not come back from a check."""
    hints: dict[str, Any] = {
        "timeout": "Look for a loop that never ends, or for a call that waits.",
        "memory": "Look for a tensor whose size grows with the square of the batch, or for a list that keeps graphs alive.",
        "crashed": "Look for a call into compiled code with an index or a shape that it does not check, or for os._exit.",
    }
    return Evidence(
        kind="finding",
        check="process",
        status="fail",
        message=f"the subject's process did not survive the check {check!r}: {_printable(result.error)}",
        where=result.where,
        hint=hints.get(result.status, ""),
        seconds=round(result.seconds, 4),
    )


def _started(audits: list[str]) -> Evidence:
    """Return the finding for processes that the subject started and addresses that it reached; loaders with workers do so with reason."""
    return Evidence(
        kind="finding",
        check="process",
        status="unsure",
        message=f"the subject started a process or reached for the network while it was examined: {', '.join(audits)}",
        hint="A model needs neither. A loader with workers starts processes.",
    )


def _never_told(names: Sequence[str], begun: Sequence[str]) -> list[Evidence]:
    """Return the finding for checks that an examination left out although it says that it came to its end."""
    silent = [name for name in names if name not in begun]
    if not silent:
        return []
    message = f"the examination says that it ended, and {len(silent)} of its checks never began ({silent[0]} first)"
    hint = "Look for code that writes to file descriptors which it did not open."
    return [Evidence(kind="finding", check="process", status="fail", message=message, hint=hint)]


def _skipped(name: str, why: str) -> Evidence:
    return Evidence(kind="finding", check=name, status="skipped", message=why)


def _printable(value: Any) -> Any:
    """Return a message with halves of letters replaced: a subject's error can hold them, and no file can."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_printable(name): _printable(item) for name, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list) else value
