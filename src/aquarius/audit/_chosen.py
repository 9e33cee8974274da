"""Protocol: what is kept is chosen by the very number that is reported, whatever the parts of the data are called."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, dotted, last, names_in, walk, words
from ._flow import Context, Path, measurements, part, sources
from ._selection import _improvement

_OTHER_KEYS = {"val", "valid", "validation", "dev", "train", "training", "fit", "best", "loss", "inertia", "objective", "elbo", "likelihood", "oracle", "cv", "chosen", "selected"}  # fmt: skip


def by_the_reported(material: Material) -> Iterator[Evidence]:
    """A choice by a function of the same rows as the number that is reported: max(grid, key=lambda t: f1(y, p > t)) beside f1(y, p > chosen)."""
    code = material.code
    choices: dict[str, list[tuple[ast.AST, frozenset[tuple[str, str]]]]] = {}
    for place, value, path in _choices(code):
        for call, held, _ in measurements(code, value, path):
            choices.setdefault(last(call.func), []).append((place, held))
    if not choices:
        return
    for key, value in code.reported:
        if set(words(key)) & _OTHER_KEYS:
            continue
        for call, mine, _ in measurements(code, value):
            for place, theirs in choices.get(last(call.func), ()):
                if mine <= theirs and not _same_turn(code, value, place):
                    yield found(
                        code.place(place),
                        f"what is kept is chosen by the number that is reported as `{key}`, `{source(call)}` of the same rows: `{source(place, 60)}`.",
                        "choose on rows that the report does not use.",
                    )
                    return


def _choices(code: Code) -> Iterator[tuple[ast.AST, ast.AST, Path]]:
    """Give every choice of the code: where it stands, the value by which it is made, and the path into that value."""
    for node in code.walk(ast.Call, ast.If):
        if isinstance(node, ast.If):
            compared = _improvement(code, node)
            if compared is not None:
                yield node.test, compared, ()
            continue
        assert isinstance(node, ast.Call)
        name = last(node.func)
        if name in ("argmax", "argmin", "nanargmax", "nanargmin", "idxmax", "idxmin"):
            if len(node.args) == 1 and isinstance(node.func, ast.Attribute) and not node.keywords and _plain(node.args[0]):
                yield node, node.args[0], ("*",)
            elif not node.args and not node.keywords and isinstance(node.func, ast.Attribute):
                yield node, node.func.value, ("*",)
        elif name in ("max", "min", "sorted", "nlargest", "nsmallest") and isinstance(node.func, ast.Name) and node.args:
            yield from _by_key(node)


def _same_turn(code: Code, value: ast.AST, place: ast.AST) -> bool:
    """Say whether a value is written in the loop in which the choice is made: the log of the choice itself."""
    loop = code.within(place, ast.For, ast.While)
    return loop is not None and any(up is loop for up in code.ancestors(value))


def _plain(node: ast.AST) -> bool:
    return not isinstance(node, ast.Constant)


def _by_key(node: ast.Call) -> Iterator[tuple[ast.AST, ast.AST, Path]]:
    key = next((word.value for word in node.keywords if word.arg == "key"), None)
    if isinstance(key, ast.Lambda):
        yield node, key.body, ()
        path = _element(key.body, key.args.args[0].arg if key.args.args else "")
        if path is not None:
            yield node, node.args[-1], ("*", *path)
    elif isinstance(key, ast.Attribute) and key.attr in ("get", "__getitem__"):
        yield node, key.value, ("*",)
    elif key is None and len(node.args) == 1:
        elements = node.args[0].elt if isinstance(node.args[0], ast.ListComp | ast.GeneratorExp) else None
        if isinstance(elements, ast.Tuple):
            yield node, elements.elts[0], ()


def _element(body: ast.AST, name: str) -> Path | None:
    """Return the path of `kv[1][0]` into the element kv; None where the key is no part of it."""
    path: list[int | str] = []
    while isinstance(body, ast.Subscript) and isinstance(body.slice, ast.Constant) and isinstance(body.slice.value, int | str):
        path.insert(0, body.slice.value)
        body = body.value
    return tuple(path) if isinstance(body, ast.Name) and body.id == name and path else None


def fitted_to_measured(material: Material) -> Iterator[Evidence]:
    """A fit to all rows of data of which the report measures a part: Biases().fit(pairs, stars) beside rmse(b.predict(pairs[hidden]), stars[hidden])."""
    code = material.code
    text = (material.repository.prose(paper=True) + material.repository.prose(paper=False)).lower()
    if re.search(r"transductive|semi-supervised|all (rows|labels|images) are used|unsupervised", text):
        return
    seen: set[int] = set()
    for key, value in code.reported:
        if set(words(key)) & _OTHER_KEYS:
            continue
        for call, _, context in measurements(code, value):
            if id(call) in seen:
                continue
            seen.add(id(call))
            for base, scope in _measured_parts(code, call, context):
                fit = _fit_to_all(code, scope, base, call)
                if fit is not None:
                    yield found(
                        code.place(fit),
                        f"`{source(fit)}` sees all of `{base}`, of which `{key}` measures a part.",
                        "fit on the other rows alone.",
                    )
                    return


def _measured_parts(code: Code, call: ast.Call, context: Context) -> Iterator[tuple[str, ast.AST]]:
    """Give the names of data of which an argument of a measurement is a cut: stars in rmse(guess, stars[hidden])."""
    for item in call.args:
        for node in [
            item,
            *(part(value, path) for value, path, _ in (sources(code, item, (), context) if isinstance(item, ast.Name) else [])),
        ]:
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and not isinstance(node.slice, ast.Constant):
                yield node.value.id, code.scope_of[node]


def _fit_to_all(code: Code, scope: ast.AST, base: str, measured: ast.Call) -> ast.Call | None:
    """Return a fit in a scope that is given the whole of some data, where another part of them is cut out too and the measured model is its work."""
    cuts = {
        ast.unparse(item.slice)
        for item in walk(scope)
        if isinstance(item, ast.Subscript)
        and isinstance(item.ctx, ast.Load)
        and dotted(item.value) == base
        and isinstance(item.slice, ast.Name | ast.Slice | ast.UnaryOp)
    }
    if len(cuts) < 2 and not _drawn(code, scope, cuts):
        return None
    behind = {name for item in measured.args for node in code.expand(item, 3) for name in names_in(node)}
    for call in (item for item in walk(scope) if isinstance(item, ast.Call)):
        learns = last(call.func) in ("fit", "partial_fit") or set(words(last(call.func))) & {"fit", "train", "learn"}
        if not learns or not any(isinstance(item, ast.Name) and item.id == base for item in call.args):
            continue
        statement = code.within(call, ast.Assign)
        made = names_in(statement.targets[0]) if isinstance(statement, ast.Assign) else set()
        made |= (
            {dotted(call.func).split(".")[0]} if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else set()
        )
        if made & behind:
            return call
    return None


def _drawn(code: Code, scope: ast.AST, cuts: set[str]) -> bool:
    """Say whether one of the cuts is drawn at random, as a split is."""
    values = [value for cut in cuts if cut.isidentifier() for value in code.values(scope, cut)]
    return any(re.search(r"\b(random|permutation|shuffle|choice|randperm|rand|split)\(", ast.unparse(value)) for value in values)


CHECKS = (
    Check(
        "chosen-by-the-report",
        "protocol",
        "a choice by the very number that is reported, computed from the same rows",
        "an objective that the method itself minimises and reports",
        by_the_reported,
    ),
    Check(
        "fitted-to-measured",
        "protocol",
        "a fit to all rows of which the report measures a part",
        "a final model that is fitted after the measurement",
        fitted_to_measured,
    ),
)
