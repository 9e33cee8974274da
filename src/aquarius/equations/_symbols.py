"""What a display's symbols stand for: shapes, constants, functions, index ranges. Declared by the caller, checked here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core import BadInput, did_you_mean
from ._bracketed import join_names, signature
from ._parse import Parser
from ._statements import parse_name
from ._tokenize import tokenize
from ._tokens import Refusal, Token
from ._tree import Node, key, walk

KEYS = ("inputs", "constants", "functions", "domains", "random", "sets", "index", "dims", "outputs", "aliases", "output_shapes")
DOMAINS = {"normal", "pos", "prob", "simplex", "unit", "binary", "adj", "diagpos", "onehot", "corr", "wide"}
# Declared keys that a case may carry besides, for the reader's eyes only.
_IGNORED = {"sizes", "notes", "latex", "id", "paper", "source", "tags", "reference"}

Dim = str  # a size: a name, a number, or an expression of both such as "h*d_v"


@dataclass(frozen=True)
class Symbols:
    """The checked declarations of one display; every name is kept as written and found through its key."""

    inputs: dict[str, tuple[Dim, ...]] = field(default_factory=dict)
    constants: dict[str, float | int | str] = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    domains: dict[str, str] = field(default_factory=dict)
    random: dict[str, str] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    index: dict[str, str] = field(default_factory=dict)
    dims: dict[str, int] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    output_shapes: dict[str, tuple[Dim, ...]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    names: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> (kind, declared name)
    plain_names: dict[str, tuple[str, str] | None] = field(default_factory=dict)  # the same without fonts; None where two share it
    bracketed: dict[tuple[str, ...], str] = field(default_factory=dict)

    def find(self, node: Node) -> tuple[str, str] | None:
        """Return (kind, declared name) of a name-like node, fonts first, then without where that is unique."""
        found = self.names.get(key(node))
        return found if found is not None else self.plain_names.get(key(node, fonts=False))


def declarations(table: Mapping[str, Any] | Symbols | None) -> Symbols:
    """Check the declarations of one display and return them as a record.

    Raises:
        BadInput: an unknown key, a malformed shape, a domain without its input, a name that is not LaTeX.
    """
    if isinstance(table, Symbols):
        return table
    table = {} if table is None else table
    if not isinstance(table, Mapping):
        raise BadInput(f"The declarations of an equation are a table of {', '.join(KEYS)}, not a {type(table).__name__}.")
    for name in table:
        if name not in KEYS and name not in _IGNORED:
            raise BadInput(f"The declarations of an equation have no key {name!r}.{did_you_mean(str(name), KEYS)}")
    inputs = {str(name): _shape(name, shape) for name, shape in _mapping(table, "inputs").items()}
    constants = {str(name): _constant(name, value) for name, value in _mapping(table, "constants").items()}
    functions = table.get("functions", ())
    if isinstance(functions, str) or not isinstance(functions, (Sequence, Mapping, set, frozenset)):
        raise BadInput("The key 'functions' of the declarations is a list of LaTeX names.")
    functions = (
        tuple(sorted(str(name) for name in functions))
        if isinstance(functions, (set, frozenset))
        else tuple(str(name) for name in functions)
    )
    domains = {str(name): str(value) for name, value in _mapping(table, "domains").items()}
    for name, value in domains.items():
        if value not in DOMAINS and not value.startswith("int:"):
            raise BadInput(f"The domain {value!r} of {name} is not known.{did_you_mean(value, DOMAINS)}")
        if name not in inputs:
            raise BadInput(f"A domain is declared for {name}, which is not among the inputs.{did_you_mean(name, inputs)}")
    outputs = table.get("outputs", ())
    outputs = (outputs,) if isinstance(outputs, str) else tuple(str(name) for name in outputs or ())
    dims: dict[str, int] = {}
    for name, size in _mapping(table, "dims").items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise BadInput(f"The size {name} in 'dims' is a positive whole number, not {size!r}.")
        dims[str(name)] = size
    record = {
        "inputs": inputs,
        "constants": constants,
        "functions": functions,
        "domains": domains,
        "random": _random(table.get("random"), {dim for shape in inputs.values() for dim in shape}),
        "sets": _texts(table, "sets"),
        "index": _texts(table, "index"),
        "dims": dims,
        "outputs": outputs,
        "aliases": _texts(table, "aliases"),
        "output_shapes": {str(name): _shape(name, shape) for name, shape in _mapping(table, "output_shapes").items()},
    }
    return Symbols(**record, **_tables(record))  # type: ignore[arg-type]


def _tables(record: dict[str, Any]) -> dict[str, Any]:
    """The look-up tables: multi-letter words, keys of names, names that hold brackets."""
    every: list[tuple[str, str, str]] = []  # (printed form, kind, declared name)
    for kind, table in (("input", record["inputs"]), ("constant", record["constants"]), ("function", record["functions"])):
        every += [(name, kind, name) for name in table]
    known = {name for name, _, _ in every}
    every += [(name, "output", name) for name in record["outputs"] if name not in known]
    every += [(name, "set", name) for name in record["sets"] if name not in known and name not in record["index"]]
    every += [(name, "index", name) for name in record["index"] if name not in known]
    kinds = {name: kind for name, kind, _ in every}
    for printed, name in record["aliases"].items():
        every.append((printed, kinds.get(name, "size"), name))
    words = frozenset(word for printed, _, _ in every for word in _words(printed))
    names: dict[str, tuple[str, str]] = {}
    plain: dict[str, tuple[str, str] | None] = {}
    bracketed: dict[tuple[str, ...], str] = {}
    for printed, kind, name in every:
        try:
            tokens = tokenize(printed, words)
            if any(token.text in {"(", "[", "|", ","} and token.kind == "symbol" for token in tokens) and not _only_scripts(printed, words):
                stem = _stem(tokens)
                text = "".join(token.text for token in stem)
                bracketed[signature(stem)] = text
                node = Parser(join_names(tokens, {signature(stem): text}), words).whole()
                names.setdefault(key(node), (kind, name))
                plain.setdefault(key(node, fonts=False), (kind, name))
                continue
            node = parse_name(printed, words)
        except Refusal as refusal:
            tokens = _tokens_of(printed, words)
            if tokens:  # a name that is no formula is looked for as it is printed
                bracketed[signature(tokens)] = printed
                names[printed] = (kind, name)
                continue
            raise BadInput(f"The declared name {printed!r} cannot be read as LaTeX: {refusal.reason}.") from None
        if node.kind not in {"symbol", "script", "accent", "number", "name"}:
            bracketed[signature(tokens)] = printed
            names[printed] = (kind, name)
            continue
        names.setdefault(key(node), (kind, name))
        bare = key(node, fonts=False)
        plain[bare] = (kind, name) if bare not in plain or plain[bare] == (kind, name) else None
    return {"words": words, "names": names, "plain_names": plain, "bracketed": bracketed}


def _tokens_of(printed: str, words: frozenset[str]) -> list[Token]:
    try:
        return tokenize(printed, words)
    except Refusal:
        return []


def _stem(tokens: list[Token]) -> list[Token]:
    """A name with brackets without the scripts behind its last bracket: E[g^2] of E[g^2]_{t-1}."""
    last = max(position for position, token in enumerate(tokens) if token.text in {")", "]", "|"})
    return tokens[: last + 1]


def _only_scripts(printed: str, words: frozenset[str]) -> bool:
    """Brackets stand inside scripts only, as in H^{(l)}."""
    try:
        node = parse_name(printed, words)
    except Refusal:
        return False
    return node.kind in {"symbol", "script", "accent"} and not any(
        item.kind == "group" for item in walk(node.items[0] if node.kind == "script" else node)
    )


def _words(printed: str) -> list[str]:
    """Multi-letter names that may be printed as plain letters: pos, lrate, PE."""
    head = re.split(r"[_^({\[]", re.sub(r"\\_", "", printed), maxsplit=1)[0].strip()
    found = [head] if re.fullmatch(r"[A-Za-z]{2,}", head) else []
    for inner in re.findall(
        r"\\(?:mathbf|mathcal|boldsymbol|bm|text|mathrm|operatorname|mathsf|mathit|textit|textbf)\s*\{([A-Za-z0-9_\\\- ]{2,})\}", printed
    ):
        found.append(re.sub(r"\\_", "_", inner).strip())
    found += [run.replace("\\_", "_") for run in re.findall(r"[A-Za-z]+(?:\\_[A-Za-z0-9]+)+", printed)]
    return found


def _mapping(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = table.get(name) or {}
    if not isinstance(value, Mapping):
        raise BadInput(f"The key {name!r} of the declarations is a table from LaTeX names, not a {type(value).__name__}.")
    return value


def _texts(table: Mapping[str, Any], name: str) -> dict[str, str]:
    return {str(left): str(right) for left, right in _mapping(table, name).items()}


def _random(value: Any, dims: set[str]) -> dict[str, str]:
    """The sample axis: one for all ("" -> axis), a list of axes, or a table from the random name to its axis or the other way round."""
    if value is None:
        return {}
    if isinstance(value, str):
        return {"": value}
    if isinstance(value, Mapping):
        pairs: list[tuple[str, str]] = []
        for name, axis in value.items():
            several = [str(item) for item in axis] if isinstance(axis, (list, tuple)) else [str(axis).removeprefix("axis ").strip()]
            turned = str(name) in dims and not any(item in dims for item in several)
            pairs += [(item, str(name)) for item in several] if turned else [(str(name), item) for item in several]
        return dict(pairs)
    if isinstance(value, Sequence):
        return {str(position) if position else "": str(axis) for position, axis in enumerate(value)}
    raise BadInput("The key 'random' of the declarations names the axis that holds the samples.")


def _shape(name: Any, shape: Any) -> tuple[Dim, ...]:
    if isinstance(shape, str) or not isinstance(shape, Sequence):
        raise BadInput(f"The shape of {name} is a list of sizes such as ['n', 'd_k'], not {shape!r}.")
    out = []
    for size in shape:
        if isinstance(size, bool) or not isinstance(size, (str, int)) or (isinstance(size, int) and size < 1) or size == "":
            raise BadInput(f"The shape of {name} holds {size!r}, which is neither a name nor a positive whole number.")
        out.append(str(size).strip())
    return tuple(out)


def _constant(name: Any, value: Any) -> float | int | str:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise BadInput(f"The constant {name} is a number or the name of a size, not {value!r}.")
    return value
