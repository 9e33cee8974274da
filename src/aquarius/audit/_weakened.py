"""Circumvention in the tests: checks that cannot fail, comparisons that were replaced, references that are the code under test."""

from __future__ import annotations

import ast
import operator
import re
import sys
from collections.abc import Iterator
from typing import Any

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, constant, dotted, last, names_in, returns, walk, words

_PROMISES = {
    "match",
    "matches",
    "equal",
    "equals",
    "close",
    "against",
    "reference",
    "agree",
    "agrees",
    "agreement",
    "correct",
    "exact",
    "parity",
}
_DATA = {
    "toy",
    "load",
    "make",
    "data",
    "sample",
    "samples",
    "text",
    "batch",
    "inputs",
    "fixture",
    "random",
    "generate",
    "case",
    "cases",
    "problem",
    "blobs",
}
_COMPARE = {
    "allclose",
    "isclose",
    "assert_allclose",
    "assert_array_almost_equal",
    "assert_almost_equal",
    "array_equal",
    "assert_close",
    "approx",
    "assert_array_equal",
    "assert_equal",
}


def cannot_fail(material: Material) -> Iterator[Evidence]:
    """A test whose assertion holds whatever the code does, is never reached, or is swallowed."""
    code = material.code
    for node in code.walk(ast.Assert, tests=True):
        assert isinstance(node, ast.Assert)
        why = _always(code, node.test)
        if why:
            yield found(code.place(node), f"this assertion cannot fail, {why}: `{source(node.test)}`.", "assert what the code must do.")
    for node in code.walk(ast.Try, tests=True):
        assert isinstance(node, ast.Try)
        if not any(
            isinstance(item, ast.Assert) or (isinstance(item, ast.Call) and last(item.func) in _COMPARE)
            for part in node.body
            for item in walk(part)
        ):
            continue
        for handler in node.handlers:
            kinds = {
                last(item)
                for item in ([handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts)
                if item is not None
            } or {"Exception"}
            if kinds & {"Exception", "AssertionError", "BaseException"} and not any(
                isinstance(item, ast.Raise | ast.Assert) or (isinstance(item, ast.Call) and last(item.func) == "fail")
                for item in walk(handler)
            ):
                yield found(code.place(handler), "a failed assertion is swallowed.", "let the test fail.")
    for function in code.walk(ast.FunctionDef, tests=True):
        assert isinstance(function, ast.FunctionDef)
        if function.name.startswith("test"):
            yield from _test(code, function)


def _always(code: Code, test: ast.expr) -> str:
    if isinstance(test, ast.Constant) and test.value:
        return "it is a constant"
    if isinstance(test, ast.Tuple) and test.elts:
        return "a tuple is always true"
    if (
        isinstance(test, ast.BoolOp)
        and isinstance(test.op, ast.Or)
        and any((isinstance(item, ast.Constant) and item.value) or _always(code, item) for item in test.values)
    ):
        return "one side is always true"
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = test.left, test.comparators[0]
        if ast.dump(left) == ast.dump(right) and isinstance(test.ops[0], ast.Eq | ast.LtE | ast.GtE | ast.Is) and not _has_call(left):
            return "both sides are the same"
        number = constant(right)
        if isinstance(test.ops[0], ast.GtE) and number == 0 and isinstance(left, ast.Call) and last(left.func) in ("abs", "len", "norm"):
            return "it is never negative"
        if (
            isinstance(test.ops[0], ast.IsNot)
            and isinstance(right, ast.Constant)
            and right.value is None
            and isinstance(left, ast.Call)
            and last(left.func) in ("float", "abs")
        ):
            return "a number is never None"
        if (
            isinstance(test.ops[0], ast.Lt | ast.LtE)
            and number is not None
            and isinstance(left, ast.Call)
            and last(left.func) == "abs"
            and left.args
            and isinstance(left.args[0], ast.BinOp)
        ):
            other = constant(left.args[0].right)
            if (other is not None and 0 < abs(other) <= number and number >= 1) or (
                other is not None and 0 < abs(other) <= 1 and number >= 0.9
            ):
                return "the tolerance is as wide as the number"
            if number >= 1e3 and (other is None or abs(other) < number):
                return "the tolerance is huge"
    for call in (item for item in walk(test) if isinstance(item, ast.Call) and last(item.func) in _COMPARE):
        if _wide(call):
            return "the tolerance is huge"
        if len(call.args) >= 2 and ast.dump(call.args[0]) == ast.dump(call.args[1]) and not _has_call(call.args[0]):
            return "both sides are the same"
    if isinstance(test, ast.Call) and last(test.func) == "isinstance":
        return ""
    return ""


def _has_call(node: ast.AST) -> bool:
    return any(isinstance(item, ast.Call) for item in walk(node))


def _largest(call: ast.Call) -> float:
    """Return the absolute tolerance from which on a comparison says nothing: nearly the expected number, where it is written down."""
    given = [part for item in call.args for part in (item.elts if isinstance(item, ast.List | ast.Tuple) else [item])]
    expected = [abs(number) for number in map(constant, given) if number]
    return 0.9 * max(expected) if expected else 5.0


def _wide(call: ast.Call) -> bool:
    for word in call.keywords:
        number = constant(word.value)
        if number is None:
            if (isinstance(word.value, ast.Call) and ast.unparse(word.value) in ("float('inf')",)) or ast.unparse(word.value) in (
                "np.inf",
                "math.inf",
            ):
                return word.arg in ("rtol", "rel", "rel_tol", "atol", "abs", "abs_tol")
        elif (word.arg in ("rtol", "rel", "rel_tol") and number >= 0.5) or (
            word.arg in ("atol", "abs", "abs_tol") and number >= _largest(call)
        ):
            return True
    return False


_HERE = {"sys.version_info": sys.version_info[:2], "os.name": "posix", "sys.platform": "linux", "sys.byteorder": "little"}
_ORDER = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not}  # fmt: skip


def always_true(test: ast.AST) -> bool:
    """Say whether a condition of constants, of the Python version or of the platform holds wherever this code is run today."""
    try:
        text = test.value if isinstance(test, ast.Constant) and isinstance(test.value, str) else None  # pytest evaluates a text
        return bool(_folded(test if text is None else ast.parse(text, mode="eval").body))
    except (TypeError, ValueError, SyntaxError):  # it depends on something else
        return False


def _folded(node: ast.AST) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(map(_folded, node.elts))
    if isinstance(node, ast.Attribute) and dotted(node) in _HERE:
        return _HERE[dotted(node)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _folded(node.operand)
    if isinstance(node, ast.BoolOp):
        values = list(map(_folded, node.values))
        return any(values) if isinstance(node.op, ast.Or) else all(values)
    if isinstance(node, ast.Compare) and all(type(item) in _ORDER for item in node.ops):
        sides = list(map(_folded, [node.left, *node.comparators]))
        return all(_ORDER[type(item)](one, two) for item, one, two in zip(node.ops, sides, sides[1:], strict=False))
    raise ValueError("not a condition of constants")


def _test(code: Code, function: ast.FunctionDef) -> Iterator[Evidence]:
    body = list(walk(function))
    asserts = [item for item in body if isinstance(item, ast.Assert)]
    calls = [item for item in body if isinstance(item, ast.Call)]
    checking = [
        item
        for item in calls
        if last(item.func) in _COMPARE | {"raises", "warns", "fail", "assertEqual", "assertTrue", "assertAlmostEqual", "gradcheck"}
        or last(item.func).startswith(("assert", "check", "expect", "verify"))
    ]
    for number, statement in enumerate(function.body[:-1]):
        later = [item for rest in function.body[number + 1 :] for item in walk(rest) if isinstance(item, ast.Assert)]
        if isinstance(statement, ast.Return) and later:
            yield found(code.place(statement), "the test returns before its assertions.", "take the return out.")
        elif (
            later
            and isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Call)
            and dotted(statement.value.func) in ("pytest.skip", "pytest.xfail")
        ):
            yield found(code.place(statement), f"the test is given up before its assertions: `{source(statement)}`.", "let it run.")
    for inner in (item for item in body if isinstance(item, ast.FunctionDef) and item is not function):
        holds = any(isinstance(item, ast.Assert) for item in walk(inner))
        if holds and not any(isinstance(item, ast.Name) and item.id == inner.name for item in body) and not inner.decorator_list:
            yield found(code.place(inner), f"`{inner.name}` holds the assertions of the test, and nothing calls it.", "call it.")
    for item in asserts:
        for up in code.ancestors(item):
            if (
                (isinstance(up, ast.If) and isinstance(up.test, ast.Constant) and not up.test.value)
                or (isinstance(up, ast.For) and isinstance(up.iter, ast.List | ast.Tuple) and not up.iter.elts)
                or (
                    isinstance(up, ast.For)
                    and last(up.iter) == "range"
                    and isinstance(up.iter, ast.Call)
                    and [constant(arg) for arg in up.iter.args] == [0.0]
                )
            ):
                yield found(code.place(up), "the assertions stand where they are never reached.", "let them run.")
    for call in calls:
        if last(call.func) in _COMPARE and not any(isinstance(up, ast.Assert) for up in code.ancestors(call)):
            if _wide(call):
                yield found(code.place(call), f"the tolerance is huge: `{source(call)}`.", "take the tolerance the arithmetic allows.")
            elif last(call.func) in ("allclose", "isclose", "array_equal") and isinstance(code.parent.get(call), ast.Expr):
                yield found(code.place(call), f"the comparison is made and not asserted: `{source(call)}`.", "assert it.")
    for mark in function.decorator_list:
        text = ast.unparse(mark)
        if last(mark) == "parametrize" and isinstance(mark, ast.Call) and len(mark.args) > 1 and _empty(code, mark.args[1]):
            yield found(code.place(function), f"`{function.name}` has no case to run with: `{text[:60]}`.", "give it cases.")
        always = last(mark) == "skipif" and isinstance(mark, ast.Call) and any(always_true(item) for item in mark.args[:1])
        if always or re.search(r"mark\.skip\b|xfail\((?!.*raises)|mark\.xfail$", text):
            yield found(
                code.place(function),
                f"`{function.name}` never counts: `{text[:60]}`.",
                "let it run.",
                sure=always or "xfail" in text or not re.search(r"slow|gpu|cuda|download|network", text),
            )
    promises = bool(set(words(function.name)) & _PROMISES) and "smoke" not in function.name
    if not asserts and not checking and not any(isinstance(item, ast.Raise) for item in body):
        helpers = any(
            code.functions.get(last(item.func)) is None
            and isinstance(item.func, ast.Name)
            and "assert" in ast.unparse(code.module_of[function].tree)
            for item in calls
        )
        yield found(
            code.place(function), f"`{function.name}` asserts nothing.", "assert what the code must do.", sure=promises and not helpers
        )


def _empty(code: Code, cases: ast.AST) -> bool:
    """Say whether a list of cases has none: a literal, a name of one, or a slice that leaves nothing."""
    if isinstance(cases, ast.Name):
        values = code.values(code.module_of[cases].tree, cases.id)
        return len(values) == 1 and _empty(code, values[0])
    if isinstance(cases, ast.Call) and last(cases.func) == "range" and cases.args:
        return all(constant(item) == 0 for item in cases.args)
    if isinstance(cases, ast.Subscript) and isinstance(cases.slice, ast.Slice):
        return constant(cases.slice.upper) == 0
    return isinstance(cases, ast.List | ast.Tuple) and not cases.elts


def _stood_in(code: Code) -> Iterator[Evidence]:
    """A function of the repository that is replaced for the tests and whose result a test then asserts."""
    asserted = {
        last(call.func)
        for node in code.walk(ast.Assert, tests=True)
        for side in [node, *(value for name in names_in(node) for value in code.values(code.scope_of[node], name))]
        for call in walk(side)
        if isinstance(call, ast.Call)
    }
    for node in code.walk(ast.Call, ast.Assign, tests=True):
        name, replacement = _replacement(node)
        if name not in code.functions or name not in asserted or replacement is None:
            continue
        own = isinstance(replacement, ast.Lambda) and not any(isinstance(item, ast.Call) for item in walk(replacement.body))
        if own or (isinstance(replacement, ast.keyword) and replacement.arg == "return_value"):
            yield found(
                code.place(node),
                f"`{name}` is replaced before a test asserts what it gives: `{source(node)}`.",
                "let the test run the code of the repository.",
            )


def _replacement(node: ast.AST) -> tuple[str, ast.AST | None]:
    """Return which function a statement of a test replaces, and by what."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        return node.targets[0].attr, node.value
    if isinstance(node, ast.Call) and last(node.func) == "setattr" and len(node.args) >= 2:
        named = node.args[1] if len(node.args) > 2 else node.args[0]
        return (str(named.value).rsplit(".", 1)[-1] if isinstance(named, ast.Constant) else "", node.args[-1])
    if isinstance(node, ast.Call) and last(node.func) in ("patch", "object") and node.args:
        text = next((str(item.value) for item in node.args if isinstance(item, ast.Constant)), "")
        by = next((word for word in node.keywords if word.arg == "return_value"), None)
        return text.rsplit(".", 1)[-1], by or (node.args[-1] if isinstance(node.args[-1], ast.Lambda) else None)
    return "", None


def _copied(code: Code) -> Iterator[Evidence]:
    """A test that defines the function it tests once more, in the same words as the code, so that it tests its own copy."""
    for node in code.walk(ast.FunctionDef, tests=True):
        assert isinstance(node, ast.FunctionDef)
        originals = code.functions.get(node.name, [])
        if len(node.body) > 1 and any(ast.dump(ast.Module(one.body, [])) == ast.dump(ast.Module(node.body, [])) for one in originals):
            yield found(
                code.place(node),
                f"the tests hold a copy of `{node.name}` and test the copy.",
                "import it from the code that is to be tested.",
            )


def _ended(code: Code) -> Iterator[Evidence]:
    """An exit with code 0 inside the tests or their configuration, whatever failed before it."""
    for node in code.walk(ast.Call, tests=True):
        assert isinstance(node, ast.Call)
        codes = [*node.args[:1], *(word.value for word in node.keywords if word.arg in ("returncode", "code", "status"))]
        if dotted(node.func) == "pytest.exit":
            codes = codes[1:] or [word.value for word in node.keywords if word.arg == "returncode"]
        good = codes == [] or all(constant(item) == 0 or last(item) in ("OK", "EX_OK") for item in codes)
        registered = last(node.func) == "register" and node.args and last(node.args[0]) in ("_exit", "exit")
        function = code.scope_of[node]
        ends = dotted(node.func) in ("os._exit", "_exit", "sys.exit", "exit", "quit", "pytest.exit", "SystemExit") and good
        if registered or (ends and not (isinstance(function, ast.Module) and "__main__" in ast.unparse(code.within(node, ast.If) or node))):
            raising = any(isinstance(item, ast.With) and "raises" in ast.unparse(item.items[0]) for item in code.ancestors(node))
            if not raising:
                yield found(code.place(node), f"the tests end with exit code 0 whatever failed: `{source(node)}`.", "let a failure be one.")


def replaced(material: Material) -> Iterator[Evidence]:
    """A comparison, a metric or a test's outcome that is replaced before the tests run."""
    code = material.code
    yield from _ended(code)
    yield from _stood_in(code)
    yield from _copied(code)
    for tests in (True, False):
        for node in code.walk(ast.Assign, ast.Call, ast.FunctionDef, tests=tests):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute) and (
                        target.attr in _COMPARE | {"accuracy_score", "f1_score", "assertEqual", "log_loss"}
                        or dotted(target) in ("time.time", "time.perf_counter", "rep.outcome", "report.outcome", "session.exitstatus")
                    ):
                        yield found(
                            code.place(node), f"a comparison is replaced: `{source(node)}`.", "compare with the library's own function."
                        )
            elif isinstance(node, ast.Call) and last(node.func) == "setattr":
                text = ast.unparse(node)
                replaced_names = re.search(r"\b(" + "|".join(sorted(_COMPARE)) + r"|accuracy_score|f1_score)\b", text)
                constant_value = any(isinstance(arg, ast.Lambda) and isinstance(arg.body, ast.Constant) for arg in node.args)
                if replaced_names and node.args and (constant_value or tests):
                    yield found(
                        code.place(node), f"a comparison is replaced: `{source(node)}`.", "compare with the library's own function."
                    )
            elif isinstance(node, ast.FunctionDef) and node.name in (
                "pytest_runtest_makereport",
                "pytest_sessionfinish",
                "pytest_collection_modifyitems",
                "pytest_runtest_call",
                "pytest_pyfunc_call",
                "pytest_runtest_logreport",
            ):
                text = ast.unparse(node)
                if re.search(
                    r"outcome\b.*= .*['\"]passed|exitstatus = |items\[:\] ?=|items\.clear|del items|force_result|xfail|add_marker\((pytest\.mark\.)?skip\b|return True",
                    text,
                ) and not re.search(r"slow|gpu|cuda|runslow|getoption", text):
                    yield found(code.place(node), f"`{node.name}` changes what the tests say.", "let the outcome be what the test gave.")
            if (
                isinstance(node, ast.FunctionDef)
                and node.name == "pytest_ignore_collect"
                and not re.search(r"slow|gpu|cuda|getoption", ast.unparse(node))
                and any(
                    "test" in ast.unparse(value) or (isinstance(value, ast.Constant) and value.value is True) for value in returns(node)
                )
            ):
                yield found(code.place(node), "a hook keeps files of tests from being collected.", "collect them all.")
            if (
                isinstance(node, ast.FunctionDef)
                and node.name in ("__eq__", "__lt__", "__float__", "allclose", "isclose")
                and [item for item in returns(node) if isinstance(item, ast.Constant) and item.value is True] == returns(node) != []
            ):
                yield found(code.place(node), f"`{node.name}` is always true.", "compare.")


CHECKS = (
    Check(
        "test-cannot-fail",
        "circumvention",
        "a test that cannot fail, is never reached or is swallowed",
        "a smoke test that is called one",
        cannot_fail,
    ),
    Check(
        "comparison-replaced", "circumvention", "a comparison or a test's outcome that is replaced", "a fake clock for one test", replaced
    ),
)
