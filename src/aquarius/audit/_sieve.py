"""Protocol: examples or runs that are left out of a reported number by their own value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import METRICS, Code, constant, dotted, last, name_role, names_in, walk, words
from ._spine import _behind

_SAID = re.compile(
    r"outlier|exclud\w*|(left|leav\w+|leave) out|dropp?(ed|ing)\b(?! ?out)|discard\w*|ignored|trimm\w+|remov\w+|filter\w*|censor\w*|interquartile|"
    r"\bnan\b|not finite|diverged|skipped|only (the )?(those|queries|samples|runs|examples|users)"
)
_DENIED = re.compile(r"\b(no|not|none|nothing|never|without|neither|nor|all|every)\b[^.;|]{0,40}$")
_OTHER_THINGS = re.compile(
    r"duplicat|\bcop(y|ies)\b|stop ?words|punctuation|edges?\b|noise|features?\b|variables?\b|columns?\b|before (the|any)"
)
_EXTREME_KEYS = {"best", "max", "min", "lowest", "highest", "worst", "top", "trimmed"}
_SIZES = {"len", "sum", "size", "count", "shape", "numel", "count_nonzero", "get", "int", "split"}
_MEASURING = METRICS | {"evaluate", "eval", "test", "measure", "metric", "metrics", "rank", "ranks", "validate"}


def left_out_is_said(text: str) -> bool:
    """Say whether a text speaks of something left out, and not only of nothing that was ("no seed left out")."""
    text = " ".join(item for item in re.split(r"(?<=[.;|])\s|\n", text) if not _OTHER_THINGS.search(item))
    return any(not _DENIED.search(text[max(0, item.start() - 60) : item.start()]) for item in _SAID.finditer(text))


def sieved(material: Material) -> Iterator[Evidence]:
    """A reported number from which examples or runs are left out by their own value: x[x < limit], sorted(x)[k:], `if bad: continue`."""
    code, own = material.code, material.repository.prose(paper=False).lower()
    if left_out_is_said(own):
        return
    seen: set[int] = set()
    for key, value in code.reported:
        if set(words(key)) & _EXTREME_KEYS:
            continue
        for part in _chain(code, value):
            if id(part) not in seen:
                seen.add(id(part))
                if _part_of_sorted(code, part) and _goes_into_sum(code, part):
                    yield found(
                        code.place(part), f"`{key}` leaves out the best or worst of the results: `{source(part)}`.", "report all of them."
                    )
                elif _end_cut_off(code, part) and not _ENDS.search(own):
                    yield found(
                        code.place(part), f"`{key}` is averaged over a part of its entries: `{source(part)}`.", "average all of them."
                    )
                elif _by_own_value(code, part):
                    yield found(code.place(part), f"`{key}` leaves out what has a bad value: `{source(part)}`.", "report all of them.")
    yield from _narrowed(code)
    for test in _skips(code):
        yield found(code.place(test), f"an example counts only where its value is good: `{source(test)}`.", "count all of them.")


def _chain(code: Code, value: ast.AST) -> Iterator[ast.AST]:
    """Give the outermost operations behind a reported value; of a comparison, a ratio or a method its sides, never the arguments of work."""
    stack, seen = [value], set[int]()
    while stack and len(seen) < 120:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, ast.Compare):
            stack += [node.left, *node.comparators]
        elif isinstance(node, ast.BinOp):
            stack += [node.left, node.right]
        elif isinstance(node, ast.Subscript):
            stack.append(node.value)
        else:
            stack += [inner for inner, _ in _behind(code, node)]


def _part_of_sorted(code: Code, node: ast.AST) -> bool:
    """sorted(x)[k:], np.sort(x)[: n // 2], nlargest(3, x), x[argsort(x)[k:]]"""
    if isinstance(node, ast.Call) and last(node.func) in ("nlargest", "nsmallest", "trim_mean", "topk"):
        return True
    if not isinstance(node, ast.Subscript):
        return False
    if not isinstance(node.slice, ast.Slice):
        return _part_of_sorted(code, node.slice) if isinstance(node.slice, ast.Subscript) and last(node.slice.value) == "argsort" else False
    if all(bound is None or constant(bound) == 0 for bound in (node.slice.lower, node.slice.upper)):
        return False
    if isinstance(node.value, ast.Call):
        return last(node.value.func) in ("sorted", "sort", "partition", "argsort")
    if isinstance(node.value, ast.Name) and node.value in code.scope_of:
        scope = code.scope_of[node.value]
        ordered = [
            item for item in code.values(scope, node.value.id) if isinstance(item, ast.Call) and last(item.func) in ("sorted", "sort")
        ]
        in_place = any(
            dotted(call.func) == f"{node.value.id}.sort" and code.scope_of[call] is scope and call.lineno <= node.lineno
            for call in code.calls_of.get("sort", [])
        )
        return in_place or (len(ordered) == len(code.values(scope, node.value.id)) > 0)
    return False


_ENDS = re.compile(
    r"\b(last|first|final|after|burn|warm|background|ignor\w+|exclud\w+|without|besides?|except|skip\w*|padding|foreground)\b"
)


def _end_cut_off(code: Code, node: ast.AST) -> bool:
    """f1[:-1].mean(), np.mean(recall[1:]): the average of all entries but those at one end."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Slice) or node.slice.step is not None:
        return False
    low, high = constant(node.slice.lower), constant(node.slice.upper)
    one_end = (node.slice.lower is None and high is not None and high < 0) or (node.slice.upper is None and low is not None and low > 0)
    up = code.parent.get(node)
    method = isinstance(up, ast.Attribute) and up.attr == "mean"
    return one_end and (
        method or (isinstance(up, ast.Call) and last(up.func) in ("mean", "fmean", "average", "nanmean") and node in up.args)
    )


def _goes_into_sum(code: Code, node: ast.AST) -> bool:
    """Say whether a list is averaged, here or under the name it is given; what is read from a sorted list otherwise may be a quantile."""
    for up in code.ancestors(node):
        if isinstance(up, ast.Call):
            return last(up.func) in ("mean", "fmean", "sum", "average", "nanmean", "median", "fsum") or last(up.func) in ("float", "array")
        if isinstance(up, ast.Assign):
            names, scope = {dotted(target) for target in up.targets}, code.scope_of[up]
            return any(
                isinstance(call, ast.Call)
                and last(call.func) in ("mean", "fmean", "sum", "average", "nanmean")
                and (names & set(map(dotted, call.args)) or dotted(call.func).rsplit(".", 1)[0] in names)
                for call in walk(scope)
            )
        if isinstance(up, ast.stmt):
            return False
    return False


def _by_own_value(code: Code, node: ast.AST) -> bool:
    """x[x < limit], x[~isnan(x)], [v for v in values if v > limit]"""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and dotted(node.value):
        rules = [node.slice]
        if isinstance(node.slice, ast.Name) and node.slice in code.scope_of:
            rules += code.values(code.scope_of[node.slice], node.slice.id)  # type: ignore[arg-type]
        return any(_judges(item, dotted(node.value)) for rule in rules for item in walk(rule))
    if isinstance(node, ast.ListComp | ast.GeneratorExp) and len(node.generators) == 1:
        part = node.generators[0]
        own = isinstance(part.target, ast.Name) and ast.dump(node.elt) == ast.dump(ast.Name(part.target.id, ast.Load()))
        return (
            own and isinstance(part.iter, ast.Name) and any(_judges(item, dotted(part.target)) for rule in part.ifs for item in walk(rule))
        )
    return False


def _judges(test: ast.AST, name: str) -> bool:
    """Say whether a condition is on the size of the very value: not on its sign, and not on an index or a label that is equal."""
    if isinstance(test, ast.Call):
        return last(test.func) in ("isnan", "isfinite") and name in map(dotted, test.args)
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE):
        return False
    sides = [test.left, test.comparators[0]]
    return any(
        dotted(one) == name and not isinstance(one, ast.Call) and constant(two) not in (0.0, -1.0) for one, two in (sides, sides[::-1])
    )


def _narrowed(code: Code) -> Iterator[Evidence]:
    """hidden &= often[users]: the rows that are measured become fewer after the others were taken."""
    for node in code.walk(ast.AugAssign, ast.Assign):
        target = node.target if isinstance(node, ast.AugAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(target, ast.Name) or not isinstance(node, ast.AugAssign | ast.Assign):
            continue
        name, scope = target.id, code.scope_of[node]
        rule = _rule_of(node, name)
        earlier = [item for item in code.binders(scope, name) if isinstance(item, ast.Assign) and item.lineno < node.lineno]
        if rule is None or not earlier or re.search(r"train|seen|known|fit", ast.unparse(rule)):
            continue
        complement = [
            item
            for item in walk(scope)
            if isinstance(item, ast.Assign)
            and earlier[-1].lineno <= item.lineno < node.lineno
            and isinstance(item.value, ast.UnaryOp)
            and isinstance(item.value.op, ast.Invert)
            and dotted(item.value.operand) == name
        ]
        learns = {dotted(item.targets[0]) for item in complement}
        indexed = any(
            isinstance(item, ast.Subscript)
            and name in names_in(item.slice)
            and item.lineno > node.lineno
            and isinstance(item.ctx, ast.Load)
            for item in walk(scope)
        )
        if (learns or name_role(name) == "test") and indexed:
            yield found(
                code.place(node),
                f"rows are left out of what is measured after the split: `{source(node)}`.",
                "measure all rows of the split.",
            )


def _rule_of(node: ast.AST, name: str) -> ast.AST | None:
    """Return the condition by which a mask or an array of places is made smaller."""
    if isinstance(node, ast.AugAssign):
        return node.value if isinstance(node.op, ast.BitAnd) else None
    value = node.value if isinstance(node, ast.Assign) else None
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitAnd):
        sides = [value.left, value.right]
        return next((two for one, two in (sides, sides[::-1]) if dotted(one) == name and not isinstance(one, ast.Call)), None)
    if isinstance(value, ast.Call) and last(value.func) in ("logical_and", "intersect1d") and name in map(dotted, value.args):
        return value.args[1] if dotted(value.args[0]) == name else value.args[0]
    return None


def _skips(code: Code) -> Iterator[ast.AST]:
    """Give conditions under which a loop that measures goes on without counting: `if rank > 100: continue`."""
    for node in code.walk(ast.If):
        assert isinstance(node, ast.If)
        scope, loop = code.scope_of[node], code.within(node, ast.For)
        if (
            not isinstance(loop, ast.For)
            or not isinstance(node.body[0], ast.Continue)
            or not isinstance(scope, ast.FunctionDef)
            or not (set(words(scope.name)) & _MEASURING)
            or re.search(r"backward\(|zero_grad", ast.unparse(scope))
        ):
            continue
        inside = {
            dotted(target): item.value
            for part in loop.body
            for item in walk(part)
            if isinstance(item, ast.Assign)
            for target in item.targets
        }
        for test in (item for item in walk(node.test) if isinstance(item, ast.Compare)):
            if not isinstance(test.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE):
                continue
            for name in {dotted(side) for side in (test.left, *test.comparators) if isinstance(side, ast.Name)} & inside.keys():
                made = inside[name]
                if isinstance(made, ast.Call | ast.BinOp) and not {last(c.func) for c in walk(made) if isinstance(c, ast.Call)} & _SIZES:
                    yield test


CHECKS = (
    Check(
        "left-out",
        "protocol",
        "examples or runs left out of a reported number by their own value",
        "a limit that belongs to the metric's definition",
        sieved,
    ),
)
