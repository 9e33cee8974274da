"""The child's side of `examine`: run the checks one after the other, each within its share of the time, and stream what they find."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import torch

from ..core import Evidence
from ._check import Check, checks
from ._examination import Examination
from ._quick_start import without_compiler

HANG = 10.0  # seconds within which one call of build, batch, forward or loss must come back where the budget ends
CALL = 20.0  # seconds after which such a call is told as one that does not come back, whatever is left of the budget
REMOVING = frozenset({"os.remove", "os.rmdir", "os.rename", "os.truncate", "shutil.rmtree"})
TICK = 1.0  # seconds between two looks at the clock


class OutOfTime(BaseException):
    """A check's share of the time is over. No Exception, so that no subject catches it by accident."""


def run_checks(module: ModuleType, emit: Callable[[Any], None], payload: dict[str, Any]) -> None:
    """Run the checks named in the payload; emit {"begin": name} before and {"finding": record} for each finding."""
    torch.set_num_threads(1)
    deadline = time.perf_counter() + float(payload["seconds"])
    examination = Examination(module, stated=payload.get("stated"))
    keep_files(Path(examination.source.file).parent)
    without_compiler(examination.source.text)
    usable = True
    known = {check.name: check for check in checks()}
    for name in payload["checks"]:
        emit({"begin": name})
        if not usable and name != "interface":
            found = [examination.skipped("the subject does not run on legal input, so nothing else can be said of it")]
            seconds = 0.0
        else:
            found, seconds = run_check(known[name], examination, deadline - time.perf_counter())
        if name == "interface":
            usable = all(finding.status != "fail" for finding in found)
        for finding in found:
            complete = finding.model_copy(update={"check": finding.check or name, "seconds": round(seconds / len(found), 4)})
            emit({"finding": complete.to_data()})


def keep_files(folder: Path) -> None:
    """Refuse, from now on and in this process, to remove or rename files in the subject's folder: an examination leaves it as it was."""
    kept = str(folder.resolve()) + os.sep

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in REMOVING and arguments and isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if path.startswith(kept) or kept.startswith(path + os.sep):
                raise PermissionError(f"an examined model may not change the files in its folder ({event} of {os.path.basename(path)})")

    sys.addaudithook(hook)


def run_check(check: Check, examination: Examination, remaining: float) -> tuple[list[Evidence], float]:
    """Run one check within what remains of the time; whatever happens inside is a finding."""
    begin = time.perf_counter()
    if remaining <= 0.5:
        return [examination.skipped("the time given to the examination was over before this check began")], 0.0
    examination.calling = None
    ring = _ring(examination, begin + remaining)
    try:
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, min(TICK, remaining), TICK)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning of the subject is no finding, and no error either
            result = check.function(examination)
        found = result if isinstance(result, list) else [result]
        if not found:
            found = [examination.skipped("nothing here to which this check applies")]
    except OutOfTime:
        found = [_out_of_time(examination)]
    except Exception as error:
        where = examination.source.where_of_error(error.__traceback__)
        text = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200] if str(error).strip() else ''}"
        blame = f"the subject's {where} raised {text}" if where else f"the check came upon {text}"
        found = [examination.finding("unsure", f"{blame} while this check looked, so it cannot tell", where=where)]
    finally:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        except OutOfTime:  # the clock rang while it was being stopped
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    torch.set_grad_enabled(True)
    return found, time.perf_counter() - begin


def _out_of_time(examination: Examination) -> Evidence:
    if examination.calling is not None:
        function, since = examination.calling
        elapsed = time.perf_counter() - since
        if elapsed >= HANG:
            found = examination.finding(
                "fail",
                f"{function} did not come back within {elapsed:.0f} seconds on a small batch",
                where=function,
                hint=f"Look for a loop in {function} that never ends, or for work that does not depend on the batch.",
            )
            return found.model_copy(update={"check": "process"})
        return examination.finding(
            "unsure", f"{function} did not come back within {elapsed:.0f} seconds, all that was left of the time", where=function
        )
    return examination.skipped("its share of the time was over before it had an answer")


def _ring(examination: Examination, deadline: float) -> Callable[[int, FrameType | None], None]:
    """Return the handler of the clock: it ends a check at its deadline, and a single call of the subject that does not come back before."""

    def ring(number: int, frame: FrameType | None) -> None:
        now, calling = time.perf_counter(), examination.calling
        if now >= deadline or (calling is not None and now - calling[1] >= CALL):
            raise OutOfTime

    return ring
