"""Code of the user held against an equation, in a child process: the result is evidence."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..core import BadInput, Evidence, Receipt, did_you_mean, hash_data
from ..subject import ChildResult, Limits, Subject, loaded_sources, run_in_child
from ._values import parse_settings

_STATUS = {"conforms": "pass", "differs": "fail", "unsure": "unsure"}
SECONDS = 45.0  # for the start of the child and one equation; a third of it for each further one
_LONGEST_EXAMPLE = 2_000  # letters of a counterexample that is printed
NOT_FINISHED = "not finished"  # a detail of evidence whose child did not end: it is tried again when the road is walked again


def conform_file(latex: str, code: str, symbols: dict[str, Any], bind: Sequence[str] = ()) -> Evidence:
    """Hold FILE.py:function against an equation.

    Raises:
        BadInput: the file or function is missing, or the declarations cannot be used.
    """
    path, _, function = code.rpartition(":")
    if not path:
        raise BadInput(f"{code!r} names no function: write FILE.py:function.")
    binding = {name: str(value) for name, value in parse_settings(bind).items()}
    return conform_in_child(Path(path), [Request(latex, function, symbols, binding)])[0]


@dataclass(frozen=True)
class Request:
    """An equation, the function of a file that is held against it, and what the evidence is called."""

    latex: str
    function: str
    symbols: dict[str, Any]
    bind: dict[str, str]
    check: str = "equation"


def conform_in_child(path: Path, requests: Sequence[Request], *, root: Path | None = None) -> list[Evidence]:
    """Hold functions of one file against their equations, in one child; what they do wrong is in the evidence, never an exception.

    Raises:
        BadInput: the file or a function is missing, or declarations cannot be used.
    """
    limits = Limits(seconds=SECONDS * (2 + len(requests)) / 3)
    payload = {"requests": [asdict(request) for request in requests], "root": str(root or path.parent)}
    result = run_in_child("aquarius.workspace._conformance:conform_task", payload, subject=Subject(path), limits=limits)
    answers = {message["index"]: message for message in result.messages if isinstance(message, dict) and "index" in message}
    for answer in answers.values():
        if "bad_input" in answer:
            raise BadInput(answer["bad_input"])
    if result.status == "raised" and not answers and result.where == "<module>":  # while it was imported
        raise BadInput(f"{path} does not import: {result.error}.")
    sources = result.value if result.status == "ok" else {}
    return [_evidence(path, request, answers.get(index), result, sources) for index, request in enumerate(requests)]


def _evidence(path: Path, request: Request, found: dict[str, Any] | None, result: ChildResult, sources: dict[str, str]) -> Evidence:
    where = f"{path.name}:{request.function}"
    if found is None or result.status != "ok":
        message = f"{where} could not be held against the equation: {result.error.rstrip('.')}."
        details = {"latex": request.latex, NOT_FINISHED: result.status}
        return Evidence(kind="conformance", check=request.check, status="unsure", message=message, where=request.function, details=details)
    about = hash_data({"latex": request.latex, "symbols": request.symbols, "bind": request.bind})
    return Evidence(
        kind="conformance",
        check=request.check,
        status=_STATUS[found["verdict"]],  # type: ignore[arg-type]
        message=_sentence(where, found),
        where=request.function,
        values={name: value for name, value in found["values"].items() if value is not None},
        details={"latex": request.latex, "code": where, "explanation": found["explanation"], "counterexample": found["counterexample"]},
        seconds=found["seconds"],
        receipt=Receipt(command="aquarius reproduce .", inputs=sources | {"value:equation": about}),
    )


def _sentence(where: str, found: dict[str, Any]) -> str:
    why = "; ".join(part.rstrip(".") for part in (found["reason"], found["explanation"]) if part)
    explanation = f": {why}" if why else ""
    if found["verdict"] == "conforms":
        error, draws = found["values"].get("max_error"), found["values"].get("draws")
        return f"{where} conforms to the equation: largest difference {error:.1e} over {draws:.0f} draws."
    return (
        f"{where} {'differs from the equation' if found['verdict'] == 'differs' else 'could not be told from the equation'}{explanation}."
    )


def conform_task(module: ModuleType, emit: Any, payload: dict[str, Any]) -> dict[str, str]:
    """Run in the child: hold each function against its equation, say each answer as it comes, return the sources that were imported."""
    from ..core import AquariusError, plain
    from ..equations import conform

    for index, request in enumerate(payload["requests"]):
        begin = time.perf_counter()
        try:
            implementation = callable_of(module, request["function"])
            found = conform(request["latex"], request["symbols"], implementation, binding=request["bind"])
        except AquariusError as error:
            emit({"index": index, "bad_input": str(error)})
            continue
        values = {"max_error": found.max_error, "max_gradient_error": found.max_gradient_error, "draws": found.draws}
        answer = {
            "index": index,
            "verdict": found.verdict,
            "values": {name: None if value is None else float(value) for name, value in values.items()},
            "reason": found.reason,
            "explanation": found.explanation,
            "counterexample": plain(found.counterexample),
            "seconds": round(time.perf_counter() - begin, 3),
        }
        emit(answer)
    return loaded_sources(Path(payload["root"]))


def callable_of(module: ModuleType, name: str) -> Callable[..., Any]:
    """The function, method (Class.method) or class of a file that a name means; of a class that takes no arguments an object is made.

    Raises:
        BadInput: there is none of that name, it cannot be called, or its class needs arguments.
    """
    file = Path(module.__file__ or "").name
    found: Any = module
    for place, part in enumerate(name.split(".")):
        if isinstance(found, type) and not isinstance(inspect.getattr_static(found, part, None), (staticmethod, classmethod)):
            found = _made(found, file)
        if not hasattr(found, part):
            known = [item for item in dir(found) if not item.startswith("_") and callable(getattr(found, item, None))]
            inside = f"{'.'.join(name.split('.')[:place])} of {file}" if place else file
            raise BadInput(f"{inside} has no function {part!r}.{did_you_mean(part, known)}")
        found = getattr(found, part)
    if isinstance(found, type):
        found = _made(found, file)
    if not callable(found):
        raise BadInput(f"{name} of {file} is no function, but of the type {type(found).__name__}.")
    return found  # type: ignore[no-any-return]


def _made(kind: type, file: str) -> Any:
    try:
        return kind()
    except Exception as error:  # a stranger's class
        raise BadInput(
            f"{kind.__name__} of {file} cannot be made without arguments ({type(error).__name__}: {error}): write a function that makes one and calls it."
        ) from None


def counterexample_text(evidence: Evidence) -> str:
    """The smallest inputs on which code differs, one value a line; empty where there are none or they are long."""
    example = evidence.details.get("counterexample")
    if not isinstance(example, dict) or example.get("returned") is None:
        return ""
    lines = ["on these inputs:", *(f"  {name} = {_value(value)}" for name, value in example["inputs"].items())]
    for name, value in example["expected"].items():
        lines += [
            f"the equation gives {name} = {_value(value)}",
            f"the code returns {' ' * len(name)}   {_value(example['returned'].get(name))}",
        ]
    text = "\n".join(lines)
    return text if len(text) <= _LONGEST_EXAMPLE else ""


def _value(value: Any) -> str:
    return json.dumps(value) if not isinstance(value, float) else f"{value:g}"
