"""What a person answers to the questions about a paper's symbols: a file that maps names to what they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core import BadInput
from ._stated import Said
from ._symbols import DOMAINS, KEYS

RANK_WORDS = {"number": 0, "scalar": 0, "vector": 1, "matrix": 2, "array of three axes": 3, "array of four axes": 4}
SAMPLES_KEY = "samples"  # the names that an expectation draws


@dataclass(frozen=True)
class Answers:
    """Answers as evidence; `letters` are those given for all names of one letter ("W_*"), `samples` the names that are drawn."""

    said: tuple[Said, ...] = ()
    letters: tuple[Said, ...] = ()
    samples: tuple[str, ...] = ()
    numbers: dict[str, float | int] = field(default_factory=dict)
    sigmoid: tuple[str, ...] = ()
    index: dict[str, str] = field(default_factory=dict)


def answers(table: Mapping[str, Any] | None) -> Answers:
    """Read answers: a name maps to "a number", "a vector", "a matrix", "a function", "sigmoid", a list of sizes, or a number.

    The tables that `translate` takes (inputs, constants, functions, domains) are read too.

    Raises:
        BadInput: an answer is none of these.
    """
    said: list[Said] = []
    letters: list[Said] = []
    numbers: dict[str, float | int] = {}
    sigmoid: list[str] = []
    table = {name: value for name, value in (table or {}).items() if value is not None}  # left empty: not answered
    samples = table.pop(SAMPLES_KEY, [])
    index = table.pop("index", {})
    index = {name: span for name, span in index.items() if span is not None} if isinstance(index, Mapping) else index
    if not isinstance(index, Mapping) or not all(re.fullmatch(r".+\.\..+", str(span)) for span in index.values()):
        raise BadInput("The answer for index maps each index to its range, such as k: 1..n.")
    for name, value in _flat(table):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            numbers[name] = value
            continue
        if value == "sigmoid":
            sigmoid.append(name)
            continue
        one = _said(name, value)
        (letters if name.endswith("_*") else said).append(one)
    if not isinstance(samples, list):
        raise BadInput(f"The answer for {SAMPLES_KEY} is a list of the names that are drawn, not {samples!r}.")
    return Answers(
        tuple(said),
        tuple(letters),
        tuple(map(str, samples)),
        numbers,
        tuple(sigmoid),
        {str(name): str(span) for name, span in index.items()},
    )


def _flat(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    domains = table.get("domains") if isinstance(table.get("domains"), Mapping) else {}
    for name, value in table.items():
        if name not in KEYS:
            found.append((str(name), value))
        elif name == "functions" and isinstance(value, (list, dict)):
            found += [(str(item), "function") for item in value]
        elif name in {"inputs", "constants"} and isinstance(value, Mapping):
            found += [(str(item), what) for item, what in value.items()]
        elif name not in {"domains", "outputs", "functions"}:
            raise BadInput(f"The answers for a paper have no table {name!r}: name the symbols themselves, inputs, constants or functions.")
    return [(name, domains.get(name, value) if value == [] and domains else value) for name, value in found]


def _said(name: str, value: Any) -> Said:
    quote = f"{name}: {value}"
    if isinstance(value, list) and all(isinstance(size, (str, int)) for size in value):
        kind, what = ("shape", tuple(map(str, value))) if value else ("scalar", ("",))
        return Said(name, kind, what, quote, "", "the answer")
    words = re.sub(r"^(?:a|an|the)\s+", "", str(value).strip().lower())
    if words in RANK_WORDS:
        rank = RANK_WORDS[words]
        return Said(name, "rank" if rank else "scalar", (str(rank),) if rank else ("",), quote, "", "the answer")
    if words in DOMAINS:
        return Said(name, "scalar", (words,), quote, "", "the answer")
    target = re.fullmatch(r"function to (?:an? )?(?P<what>.+)", words)
    if target is not None and target["what"] in RANK_WORDS:
        return Said(name, "function", (str(RANK_WORDS[target["what"]]),), quote, "", "the answer")
    if words == "function":
        return Said(name, "function", (), quote, "", "the answer")
    known = ", ".join(f"a {word}" if word[0] != "a" else f"an {word}" for word in RANK_WORDS)
    raise BadInput(
        f"The answer for {name} is {value!r}; it is one of: {known}, a function, a function to a number, sigmoid, a number, or a list of sizes such as [n, d]."
    )
