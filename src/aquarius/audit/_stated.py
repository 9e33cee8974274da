"""Circumvention of the claim: what the prose says and the code does not do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from ..core import Evidence
from ._check import Check, Material, found, noted, source
from ._code import PAPERLIKE, Code, assigned, constant, dotted, last, walk, words
from ._features import claimed
from ._logs import claimed_counts
from ._repository import is_settings

# a unit of the prose -> the words that name it in code
_UNITS: dict[str, set[str]] = {
    "epochs": {"epochs", "epoch"}, "restarts": {"restarts", "restart"}, "folds": {"folds", "fold", "splits"}, "seeds": {"seeds", "runs"}, "runs": {"runs", "seeds"},
    "iterations": {"iterations", "iters", "iter"}, "layers": {"layers"}, "heads": {"heads", "nhead"}, "trees": {"trees", "estimators"}, "episodes": {"episodes"},
    "neighbours": {"neighbors", "neighbours"}, "neighbors": {"neighbors", "neighbours"}, "repeats": {"repeats", "repeat"}, "particles": {"particles"}, "clusters": {"clusters"},
}  # fmt: skip
_EXCUSE = re.compile(
    r"paper|original|authors|instead of|rather than|reduced|smaller|shorter|fewer|toy|scaled down|deviate|deviation from|differ|they "
)


def stated_settings(material: Material) -> Iterator[Evidence]:
    """A number of epochs, seeds, folds or the like that the README states and the code sets otherwise."""
    code, own = material.code, material.repository.own_prose()
    values = set_in_code(material)
    whole = " ".join(own.values())
    for path, text in own.items():
        for sentence in re.split(r"(?<=[.;|])\s|\n", text):
            if _EXCUSE.search(sentence.lower()):
                continue
            yield from (
                noted(path, message, "let the text say what the code does.")
                for message in _contradictions(sentence, values, "README states")
            )
    paper = material.repository.prose(paper=True)
    if not _EXCUSE.search(re.sub(r"\bpaper\b", "", whole.lower())) and not re.search(r"toy|scale", whole.lower()):
        for message in _contradictions(paper, values, "paper states"):
            unit = message.split("`")[1] if "`" in message else ""
            said = claimed_counts(whole, {unit})
            yield noted(
                next(iter(own), "README.md"),
                message + " The README does not say so.",
                "say what was changed.",
                sure=not said and bool(code.repository.code),
            )


def _contradictions(text: str, values: dict[str, set[float]], who: str) -> Iterator[str]:
    for unit, spellings in _UNITS.items():
        singular = unit.rstrip("s") if who.startswith("paper") or unit in ("neighbours", "particles") else unit
        counts = claimed_counts(
            text, ({unit, singular} - {"run", "seed", "layer", "head", "tree"}) | ({"fold"} if unit == "folds" else set())
        )
        here = {
            value
            for name, group in values.items()
            if set(words(name)) & spellings and not set(words(name)) & PAPERLIKE
            for value in group
            if value == int(value) and value > 0
        }
        for stated in sorted(set(counts)) if not here & set(counts) else ():
            if here and float(stated) not in here and not _product(stated, here, values):
                yield f"the {who} {stated} `{unit}`, the code sets {', '.join(f'{value:g}' for value in sorted(here))}."
    lower = " ".join(text.lower().split())
    for phrase, names in _NAMED.items():
        stated_values = {
            float(number)
            for number in re.findall(
                rf"\b(?:{phrase})(?: of| is| =|:| =)? (\d+(?:\.\d+)?(?:e-?\d+)?)(?![\d.]*\d|e-?\d| ?%| ?[×x*^])", lower
            )
        }
        here = {
            value
            for name, group in values.items()
            if any(spelling <= set(words(name)) or name == "_".join(spelling) for spelling in names)
            for value in group
        }
        if len(stated_values) == 1 and 0 < len(here) <= 2 and not stated_values & here:
            yield f"the {who} `{phrase.split('|')[0]}` {min(stated_values):g}, the code sets {', '.join(f'{value:g}' for value in sorted(here))}."


# how a text calls a setting -> the words of the names that hold it in code
_NAMED: dict[str, tuple[set[str], ...]] = {
    "learning rate|step size": ({"lr"}, {"learning", "rate"}),
    "dropout(?: rate| probability)?": ({"dropout"},),
    "weight decay": ({"weight", "decay"}, {"wd"}),
    "momentum": ({"momentum"},),
    "batch(?: size)?|batches of": ({"batch", "size"},),
    "temperature": ({"temperature"},),
    "epsilon": ({"epsilon"},),
    "rank": ({"rank"},),
    "label smoothing": ({"label", "smoothing"},),
    "gamma|discount(?: factor)?": ({"gamma"}, {"discount"}),
    "regulari[sz]ation|penalty": ({"regularisation"}, {"regularization"}, {"penalty"}, {"lam"}, {"lambda"}),
    "beta": ({"beta"},),
    "latent dimension|latent size": ({"latent", "dim"}, {"latent"}),
}


def _product(claimed: int, here: set[float], values: dict[str, set[float]]) -> bool:
    """A count may be put together in code: a product of two settings, one more or less, or one of several experiments."""
    counts = {"folds", "repeats", "repeat", "seeds", "runs", "restarts", "splits", "trials"}
    everything = {value for name, group in values.items() if set(words(name)) & counts for value in group if 0 < value < 1e6}
    put_together = any(claimed == one * two for one in here for two in everything)
    return put_together or any(abs(claimed - one) == 1 for one in here) or len(here) > 2


def set_in_code(material: Material) -> dict[str, set[float]]:
    """Return the numbers that names, parameters, keywords and settings are set to."""
    table: dict[str, set[float]] = {}
    code = material.code
    for node in code.walk(ast.Assign, ast.FunctionDef, ast.keyword, ast.Call, ast.For, ast.comprehension):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = (
                    zip(target.elts, node.value.elts, strict=False)
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                    else [(target, node.value)]
                )
                for one, value in pairs:
                    _put(table, dotted(one), value)
        elif isinstance(node, ast.FunctionDef):
            arguments = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            for arg, default in zip(arguments, node.args.defaults, strict=True):
                if not _always_given(code, node, arg.arg):
                    _put(table, arg.arg, default)
            for arg, only in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                if only is not None:
                    _put(table, arg.arg, only)
        elif isinstance(node, ast.keyword) and node.arg:
            _put(table, node.arg, node.value)
        elif isinstance(node, ast.Call) and last(node.func) == "add_argument" and node.args and isinstance(node.args[0], ast.Constant):
            for word in node.keywords:
                if word.arg == "default":
                    _put(table, str(node.args[0].value).lstrip("-"), word.value)
        elif (
            isinstance(node, ast.For | ast.comprehension)
            and isinstance(node.iter, ast.Call)
            and last(node.iter.func) == "range"
            and len(node.iter.args) == 1
        ):
            _put(table, dotted(node.target) + "s", node.iter.args[0])
    for data in material.records.settings.values():
        for key, number in _flat(data):
            table.setdefault(key, set()).add(number)
    return table


def _always_given(code: Code, function: ast.FunctionDef, name: str) -> bool:
    """Say whether every call gives this parameter, so that its default never counts."""
    calls = code.calls_of.get(function.name, [])
    position = [arg.arg for arg in function.args.args].index(name)
    return bool(calls) and all(len(call.args) > position or any(word.arg == name for word in call.keywords) for call in calls)


def _put(table: dict[str, set[float]], name: str, node: ast.AST) -> None:
    number = constant(node)
    if number is None and isinstance(node, ast.Call) and last(node.func) == "range" and len(node.args) == 1:
        number = constant(node.args[0])
    if number is None and isinstance(node, ast.Tuple | ast.List) and len(node.elts) > 1:
        number = float(len(node.elts))
    if name and number is not None:
        table.setdefault(name, set()).add(number)


def _flat(data: Any) -> Iterator[tuple[str, float]]:
    for key, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, dict):
            yield from _flat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield str(key), float(value)
        elif isinstance(value, list) and len(value) > 1:
            yield str(key), float(len(value))


def unused(material: Material) -> Iterator[Evidence]:
    """A feature that is claimed and never runs: a parsed option, a parameter, a setting or a part of the code that nothing uses."""
    code = material.code
    prose = (material.repository.prose(paper=False) + material.repository.prose(paper=True)).lower()
    if not code.repository.code:
        return
    text = "\n".join(module.text for module in material.repository.modules)
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        if (
            last(call.func) == "add_argument"
            and call.args
            and isinstance(call.args[0], ast.Constant)
            and str(call.args[0].value).startswith("--")
        ):
            given = str(call.args[0].value)
            named = next(
                (str(word.value.value) for word in call.keywords if word.arg == "dest" and isinstance(word.value, ast.Constant)),
                given.lstrip("-").replace("-", "_"),
            )
            if not re.search(rf"\.{named}\b|['\"]{named}['\"]\]|vars\(|\*\*(vars|args|options|opts)\b", text):
                yield found(code.place(call), f"the option `{given}` is parsed and never used.", "use it, or take it out.")
    yield from _unused_parameters(code, prose)
    yield from _unused_parts(code, prose, text)
    yield from _unread_settings(material, text, prose)
    yield from _dead_branches(code, prose)


def _unused_parameters(code: Code, prose: str) -> Iterator[Evidence]:
    for function in code.walk(ast.FunctionDef):
        assert isinstance(function, ast.FunctionDef)
        parent = code.parent.get(function)
        if (
            function.decorator_list
            or (isinstance(parent, ast.ClassDef) and parent.bases and function.name != "__init__" and function.name != "forward")
            or (len(function.body) == 1 and isinstance(function.body[0], ast.Raise | ast.Pass))
        ):
            continue
        read = {item.id for item in walk(function) if isinstance(item, ast.Name)}
        for arg in [*function.args.args, *function.args.kwonlyargs]:
            if arg.arg in ("self", "cls", "_") or arg.arg.startswith("_") or arg.arg in read:
                continue
            if (
                len(arg.arg) > 3
                and claimed(arg.arg, prose)
                and (function.name in code.calls_of or function.name in ("__init__", "forward"))
            ):
                yield found(
                    code.place(function),
                    f"`{function.name}` takes `{arg.arg}` and never uses it.",
                    "use it, or take it out with what is claimed of it.",
                )
        if function.name == "__init__" and isinstance(parent, ast.ClassDef):
            yield from _unused_members(code, parent, function, prose)


def _unused_members(code: Code, holder: ast.ClassDef, init: ast.FunctionDef, prose: str) -> Iterator[Evidence]:
    """A part that a module builds and its forward pass never calls."""
    attributes, reflective = code.attributes, code.words["getattr"] > 0
    for node in (item for item in walk(init) if isinstance(item, ast.Assign)):
        for target, value in (pair for whole in node.targets for pair in assigned(whole, node.value)):
            if not (isinstance(target, ast.Attribute) and dotted(target.value) == "self"):
                continue
            uses = attributes[target.attr]
            built = isinstance(value, ast.Call) and re.search(r"^(torch\.)?nn\.|^[A-Z]", dotted(value.func))
            if uses == 1 and (built or claimed(target.attr, prose)) and not reflective and target.attr not in ("name", "seed"):
                yield found(
                    code.place(node),
                    f"`{holder.name}` builds `{target.attr}` and never uses it: `{source(value)}`.",
                    "call it, or take it out with what is claimed of it.",
                    sure=claimed(target.attr, prose) or claimed(dotted(value), prose),
                )


def _unused_parts(code: Code, prose: str, text: str) -> Iterator[Evidence]:
    """A function or class that the prose speaks of and no code calls; a test alone does not count as use."""
    by_name = "globals()" in text or code.words["getattr"] > 0
    for node in code.walk(ast.FunctionDef, ast.ClassDef):
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        if (
            node.name.startswith("_")
            or node.name in ("main", "forward")
            or node.decorator_list
            or isinstance(code.parent.get(node), ast.ClassDef)
        ):
            continue
        if not by_name and code.words[node.name] == 1:
            parts = [word for word in words(node.name) if len(word) > 3]
            if parts and all(re.search(rf"\b{re.escape(word.rstrip('es'))}", prose) for word in parts):
                yield found(
                    code.place(node), f"`{node.name}` is what the text speaks of, and no code calls it.", "call it, or take the claim out."
                )


def _unread_settings(material: Material, text: str, prose: str) -> Iterator[Evidence]:
    for path, data in material.records.settings.items():
        if (
            not is_settings(path)
            or re.search(r"(^|/)(pytest|tox|mypy)\.ini$|setup\.cfg$|pyproject\.toml$|ruff\.toml$", path)
            or not isinstance(data, dict)
            or re.search(r"\*\*\s*\w*(cfg|conf|config|settings|params|args)|\.items\(\)|SimpleNamespace|(?i:config)\(\*\*", text)
        ):
            continue
        if not re.search(re.escape(path.rsplit("/", 1)[-1]), text):
            yield noted(path, "no code opens this settings file.", "read it, or take it out.", sure=False)
            continue
        for key, _ in _keys(data):
            if not re.search(rf"\b{re.escape(key)}\b", text) and not set(words(key)) & (
                PAPERLIKE | {"note", "notes", "comment", "description", "name", "title", "version", "dataset", "data"}
            ):
                yield noted(
                    path, f"the setting `{key}` is read by no code.", "use it, or take it out.", sure=claimed(key, prose) or len(key) > 4
                )


def _keys(data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _keys(value)
        else:
            yield str(key), value


def _dead_branches(code: Code, prose: str) -> Iterator[Evidence]:
    """A feature behind a condition that is never true: `if False`, a constant that is off, a weight of zero."""
    for node in code.walk(ast.If, ast.IfExp):
        assert isinstance(node, ast.If | ast.IfExp)
        test = node.test
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            test = next((item for item in test.values if isinstance(item, ast.Constant)), test)
        if isinstance(test, ast.Constant) and not test.value:
            yield found(code.place(node), f"this branch is never taken: `{source(node.test)}`.", "take the condition out, or the claim.")
            continue
        name = test.id if isinstance(test, ast.Name) else ""
        values = code.values(code.module_of[node].tree, name) if name else []
        if (
            len(values) == 1
            and isinstance(values[0], ast.Constant)
            and values[0].value in (False, None, 0)
            and claimed(name.removeprefix("USE_"), prose)
            and not code.values(code.scope_of[node], name)[1:]
        ):
            yield found(
                code.place(node),
                f"`{name}` is off, so the branch that the text speaks of is never taken.",
                "switch it on, or take the claim out.",
            )


CHECKS = (
    Check(
        "stated-settings",
        "circumvention",
        "epochs, seeds, folds or the like that the text states and the code sets otherwise",
        "a deviation that the README explains in other words",
        stated_settings,
    ),
    Check("unused-feature", "circumvention", "a claimed feature that never runs", "an option kept for compatibility", unused),
)
