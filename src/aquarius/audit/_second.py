"""A second opinion by running: the stated commands in a copy of the folder, in a child with limits, and what that shows against the records."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence
from ..subject import ChildResult, Limits, run_in_child
from ._check import noted
from ._code import METRICS, words
from ._records import Records, leaves
from ._repository import MOST_ENTRIES, Repository, load

CHECK = "second-opinion"
MOST_PROGRAMS, MOST_COPIED = 4, 512 * 1024 * 1024
_TIMES = {"time", "seconds", "elapsed", "wall", "timestamp", "date", "duration", "ms", "runtime", "hours", "minutes"}
_FREE, _LARGE = 1e-9, 0.02  # relative: what counts as the same number, and as another one


def second_opinion(folder: str | Path, *, seconds: float = 120.0) -> list[Evidence]:
    """Run what the README says to run, in a copy and within limits, and hold files, addresses and numbers against the records.

    The copy is thrown away and the folder is not touched. Writing outside the copy, starting processes and opening addresses are refused and
    written down; it is no sandbox: code that reaches past the interpreter is not held.

    Raises:
        BadInput: no such folder, or it is too large to copy.
    """
    root = Path(folder)
    repository = load(root)
    programs = stated_programs(repository)
    if not programs:
        return [
            _said("skipped", None, "no command of the README and no single program was found to run.", "name the command in the README.")
        ]
    records = Records(repository)
    with tempfile.TemporaryDirectory(prefix="aquarius-audit-") as place:
        copy = _copied(root, Path(place) / "copy")
        left, found, written = seconds, [], set()
        for program, arguments, module in programs:
            if left <= 1:
                found.append(_said("unsure", None, f"{seconds:g} s were up before `{program}`.", "give it more time."))
                break
            payload = {"folder": str(copy), "program": program, "arguments": arguments, "module": module}
            limits = Limits(seconds=left, memory_bytes=12 * 1024**3)
            result = run_in_child("aquarius.audit._runner:run", payload, limits=limits, folder=copy)
            left -= result.seconds
            found += list(_of_run(" ".join([program, *arguments]), result, records, repository, seconds))
            if isinstance(result.value, dict):
                written |= {path for path, mode in result.value["opened"] if mode == "w"}
        if not any(item.status in ("fail", "unsure") for item in found):
            found += list(_numbers(records, copy, written))
        else:
            found += [item for item in _numbers(records, copy, written) if item.status == "fail"]
    good = _said("pass", None, f"{len(programs)} programs were run; files, addresses and numbers are as recorded.", "")
    return [item.model_copy(update={"check": CHECK}) for item in found] or [good]


def stated_programs(repository: Repository) -> list[tuple[str, list[str], bool]]:
    """Return the Python programs that the README says to run, in its order, tests left out: (script or module, arguments, is a module).

    Without a command there, the single file that is a program.
    """
    text = (
        "\n".join(repository.own_prose().values())
        + "\n"
        + "\n".join(
            content
            for path, content in repository.files.items()
            if path.endswith((".sh", "Makefile")) and path.rsplit("/", 1)[-1] in repository.prose(paper=False)
        )
    )
    paths = {module.path for module in repository.code}
    found: list[tuple[str, list[str], bool]] = []
    for line in _commands(text):
        match = re.search(r"\bpython\d?\s+(?:-m\s+([\w.]+)|([\w./-]+\.py))(.*)", line)
        if match is None:
            continue
        name, module = (match.group(1), True) if match.group(1) else (match.group(2).removeprefix("./"), False)
        file = name.replace(".", "/") if module else name
        known = file in paths or f"{file}.py" in paths or f"{file}/__main__.py" in paths
        arguments = re.split(r"\s#|\d?>|[|;&`)]|\s->", match.group(3))[0].split()
        if known and (name, arguments, module) not in found:
            found.append((name, arguments, module))
    if not found:
        programs = [module.path for module in repository.code if "__main__" in module.text and module.path.endswith(".py")]
        found = [(programs[0], [], False)] if len(programs) == 1 else []
    return found[:MOST_PROGRAMS]


def _commands(text: str) -> Iterator[str]:
    """Give the commands of a text: its lines of code, and what stands in backticks."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or re.match(r"\s{4}|\t|\s*\$ |\s*python\d? ", line):
            yield line
        else:
            yield from re.findall(r"`([^`]+)`", line)


def _copied(root: Path, to: Path) -> Path:
    size = 0
    for count, path in enumerate(root.rglob("*")):
        size += path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
        if size > MOST_COPIED or count > MOST_ENTRIES:
            raise BadInput(f"{root} is too large to be copied for a run: more than {MOST_COPIED >> 20} MiB or {MOST_ENTRIES:,} entries.")
    shutil.copytree(root, to, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__", ".venv", "node_modules"))
    for path in to.rglob("*"):
        if path.is_symlink():
            path.unlink()  # a link could lead a write back to the original
    return to


def _of_run(command: str, result: ChildResult, records: Records, repository: Repository, seconds: float) -> Iterator[Evidence]:
    if result.status == "timeout":
        yield _said("unsure", None, f"`{command}` did not end within {seconds:g} s.", "give it more time.")
    elif result.status != "ok":
        missing = re.search(r"ModuleNotFoundError|MissingExtra", result.error)
        status = "unsure" if missing or result.status == "memory" else "fail"
        yield _said(
            status,
            command.split()[0],
            f"`{command}` does not run: {result.error or result.status}.",
            "let the stated command run to its end.",
        )
    if not isinstance(result.value, dict):
        return
    value: dict[str, Any] = result.value
    program = command.split()[0]
    if "Traceback (most recent call last)" in result.output and value["code"] == 0:
        yield _said("fail", program, f"`{command}` prints a traceback and ends with exit code 0.", "let a failure be one.")
    elif value["code"] != 0:
        yield _said("fail", program, f"`{command}` ends with exit code {value['code']}.", "let the stated command run to its end.")
    yield from (
        _said("fail", item.split(":")[0], f"a fit sees the test data: {item}.", "fit on the training part.")
        for item in value["fitted_test"]
    )
    yield from _files(command, value, records)
    own = repository.prose(paper=False).lower()
    for address in sorted(set(value["addresses"]))[:3]:
        status = "unsure" if re.search(r"download|fetch|https?://", own) else "fail"
        yield _said(status, program, f"`{command}` opens the address {address}.", "say what is fetched, and pin its hash.")
    for item in [*value["refused"], *value["started"]][:3]:
        yield _said("unsure", program, f"`{command}` was refused: {item}.", "write inside the folder; start no process.")
    reads = any(mode == "r" for _, mode in value["opened"])
    writes = any(path in records.results and mode == "w" for path, mode in value["opened"])
    if writes and value["seconds"] < 0.5 and not value["numerical"] and not reads:
        yield _said("fail", program, f"`{command}` writes its results in {value['seconds']:.2f} s and touches no data.", "measure.")


def _files(command: str, value: dict[str, Any], records: Records) -> Iterator[Evidence]:
    """What the run reads: a result file that it then writes, or keeps; the paper and the README."""
    first: dict[str, str] = {}
    for path, mode in value["opened"]:
        first.setdefault(path, mode)
    written = {path for path, mode in value["opened"] if mode == "w"}
    for path, mode in first.items():
        name = path.rsplit("/", 1)[-1].lower()
        if mode == "r" and path in written and path in records.results:
            yield _said("fail", path, f"`{command}` reads {path} before it writes it.", "a result is computed, not read.")
        elif mode == "r" and re.match(r"(paper|readme|article)\b.*\.(md|txt|pdf|tex|json)$", name):
            yield _said("fail", path, f"`{command}` reads {path}.", "the answer must not be an input of the run.")


def _numbers(records: Records, copy: Path, written: set[str]) -> Iterator[Evidence]:
    """Every number of a result file that the run wrote again, against the one that was recorded."""
    import json

    for path, recorded in sorted(records.results.items()):
        if path not in written:
            if any(set(words(key)) & METRICS for key, _ in leaves(recorded)):
                yield _said(
                    "unsure", path, f"{path} holds results, and no program that was run writes it.", "name the command that makes it."
                )
            continue
        try:
            again = dict(leaves(json.loads((copy / path).read_text())))
        except (OSError, ValueError):
            yield _said("fail", path, f"the run leaves no readable {path}.", "let it write its results.")
            continue
        for key, old in leaves(recorded):
            new = again.get(key)
            if set(words(key)) & _TIMES or new is None or isinstance(old, list) != isinstance(new, list):
                continue
            pairs = list(zip(old, new, strict=False)) if isinstance(old, list) and isinstance(new, list) else [(old, new)]
            worst = max(pairs, key=lambda pair: _apart(*pair))  # type: ignore[arg-type]
            apart = _apart(*worst)  # type: ignore[arg-type]
            if apart > _FREE:
                message = f"`{key}` of {path} was recorded as {worst[0]:.6g}, and the run gives {worst[1]:.6g}."
                yield _said("fail" if apart > _LARGE else "unsure", path, message, "record what the code gives.")


def _apart(one: float, two: float) -> float:
    return abs(one - two) / max(abs(one), abs(two), 1e-12) if one != two else 0.0


def _said(status: str, where: str | None, message: str, hint: str) -> Evidence:
    item = noted(where or ".", message, hint, sure=status == "fail")
    return item.model_copy(update={"check": CHECK, "status": status, "where": where, "path": where})
