"""Protocol: labels of the test split, or the future of a series, in what a model is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, constant, dotted, last, name_role, names_in, offset, walk, words
from ._leakage import _assigned_role

_LABELS = re.compile(r"(y|labels?|targets?|classes|truth)\w*")


def label_names(code: Code, scope: ast.AST) -> set[str]:
    """Return the names of labels in a scope: by their spelling, or because a caller unpacks them into one that is spelled so."""
    names = {name for name in code.names(scope) if _LABELS.fullmatch(name) and not re.search(r"pred|hat|guess", name)}
    if isinstance(scope, ast.FunctionDef):
        for call in code.calls_of.get(scope.name, []):
            statement = code.within(call, ast.Assign)
            if isinstance(statement, ast.Assign) and statement.value is call:
                for target in statement.targets:
                    for one, value in code.pairs(target, call):
                        if isinstance(one, ast.Name) and isinstance(value, ast.Name) and _LABELS.fullmatch(one.id):
                            names.add(value.id)
    return names


def _one_hot(code: Code, item: ast.AST) -> bool:
    """Say whether an expression is the labels in another form: one_hot(y), np.eye(k)[y], y[:, None], a multiple of them."""
    names = label_names(code, code.scope_of.get(item, item))
    draws = re.search(r"rng|random|normal|randn", ast.unparse(item))
    for part in walk(item) if not draws else ():
        unit = (
            isinstance(part, ast.Subscript) and last(part.value) in ("eye", "identity") and isinstance(part.slice, ast.Name | ast.Attribute)
        )
        if unit and isinstance(part, ast.Subscript) and (last(part.slice) in names or _LABELS.fullmatch(last(part.slice))):
            return True
        if isinstance(part, ast.Call) and last(part.func) in ("one_hot", "get_dummies", "to_categorical", "label_binarize") and part.args:
            inner = last(part.args[0])
            if inner in names or _LABELS.fullmatch(inner or "-"):
                return True
    return False


def labels_seen(material: Material) -> Iterator[Evidence]:
    """Labels of the test split that enter the features, a prediction or the training."""
    code = material.code
    yield from _answers_changed(code)
    yield from _whole_frame(code)
    for node in code.walk(ast.Call):
        assert isinstance(node, ast.Call)
        name = last(node.func)
        if name in ("predict", "predict_proba", "forward", "embed", "transform") and any(
            _test_labels(item) for item in [*node.args, *(word.value for word in node.keywords)]
        ):
            yield found(code.place(node), f"a prediction is given the test labels: `{source(node)}`.", "predict from the inputs alone.")
        elif (
            name in ("hstack", "concatenate", "column_stack", "c_", "cat") and node.args and isinstance(node.args[0], ast.List | ast.Tuple)
        ):
            items = node.args[0].elts
            plain = {dotted(item.value) if isinstance(item, ast.Subscript) else dotted(item) for item in items}
            if any(_one_hot(code, item) for item in items) and len(items) > 1:
                yield found(
                    code.place(node), f"the labels are put beside the features: `{source(node)}`.", "keep the labels out of the inputs."
                )
            elif (
                plain & {"y", "labels", "target", "y_test", "y_train"}
                and plain & {"x", "X", "features", "x_test", "x_train"}
                and not _joint(code, node)
            ):
                yield found(
                    code.place(node),
                    f"the labels are put beside the features: `{source(node)}`.",
                    "keep the labels out of the inputs.",
                    sure=False,
                )
        elif (
            (
                name in ("fit", "train", "backward", "partial_fit")
                and len(node.args) >= 2
                and name_role(ast.unparse(node.args[0])) == "test"
                and _test_labels(node.args[1])
            )
            and "test" not in words(ast.unparse(node.func))
            and not re.search(r"probe|linear_eval", ast.unparse(node.func))
        ):
            yield found(code.place(node), f"the model is trained on the test split: `{source(node)}`.", "train on training data.")


def _answers_changed(code: Code) -> Iterator[Evidence]:
    """y_test[wrong] = predicted[wrong]: labels that are set to what was predicted."""
    for node in code.walk(ast.Assign):
        assert isinstance(node, ast.Assign)
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _test_labels(target.value):
                names = " ".join(names_in(node.value))
                if set(words(names)) & {"pred", "preds", "predicted", "prediction", "predictions", "guess", "output", "yhat", "hat"}:
                    yield found(code.place(node), f"test labels are set to predictions: `{source(node)}`.", "leave the labels as they are.")


def _whole_frame(code: Code) -> Iterator[Evidence]:
    """model.fit(frame.values, frame["y"]): the column to predict is one of the inputs."""
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        if last(call.func) != "fit" or len(call.args) < 2:
            continue
        inputs, answer = (_through(code, item) for item in call.args[:2])
        column = isinstance(answer, ast.Subscript) and isinstance(answer.slice, ast.Constant) and isinstance(answer.slice.value, str)
        base = ast.unparse(inputs.value) if isinstance(inputs, ast.Attribute) and inputs.attr == "values" else ""
        if isinstance(inputs, ast.Call) and isinstance(inputs.func, ast.Attribute) and inputs.func.attr in ("to_numpy", "copy", "astype"):
            base = ast.unparse(inputs.func.value)
        base = base or (ast.unparse(inputs) if isinstance(inputs, ast.Name) else "")
        if column and isinstance(answer, ast.Subscript) and base and base == ast.unparse(answer.value):
            yield found(code.place(call), f"the column to predict is among the inputs: `{source(call)}`.", "drop it from the inputs.")


def _through(code: Code, node: ast.AST) -> ast.AST:
    values = code.values(code.scope_of[node], node.id) if isinstance(node, ast.Name) and node in code.scope_of else []
    return (
        values[0]
        if (len(values) == 1 and not isinstance(values[0], ast.Call | ast.Name))
        or (len(values) == 1 and isinstance(values[0], ast.Call) and last(values[0].func) in ("to_numpy", "copy", "astype"))
        else node
    )


def _test_labels(node: ast.AST) -> bool:
    text = dotted(node.value) if isinstance(node, ast.Subscript) else dotted(node)
    return bool(re.fullmatch(r"(y|labels?|targets?)_?(test|te|tst|held|holdout)|(test|te)_?(y|labels?|targets?)|yte", text, re.IGNORECASE))


def _joint(code: Code, node: ast.AST) -> bool:
    statement = code.within(node, ast.Assign)
    return isinstance(statement, ast.Assign) and bool(
        set(words(" ".join(map(dotted, statement.targets)))) & {"table", "rows", "frame", "joint", "pairs", "key", "keys"}
    )


def shuffled_series(material: Material) -> Iterator[Evidence]:
    """Windows of a time series that are shuffled before they are split, although the text speaks of the future."""
    code = material.code
    prose = (material.repository.prose(paper=True) + material.repository.prose(paper=False)).lower()
    if not re.search(r"time series|forecast|chronolog|in time|temporal|future|last \d+ ?%|most recent", prose):
        return
    if not re.search(r"chronolog|(in|by) (order of )?time|future|last \d+|most recent|without shuffl|forecast", prose):
        return
    for node in code.walk(ast.Call):
        assert isinstance(node, ast.Call)
        unshuffled = any(
            word.arg == "shuffle" and isinstance(word.value, ast.Constant) and word.value.value is False for word in node.keywords
        )
        statement = code.within(node, ast.Assign)
        names = " ".join(map(dotted, statement.targets)) if isinstance(statement, ast.Assign) else ""
        if (last(node.func) == "train_test_split" and not unshuffled) or (
            last(node.func) == "permutation"
            and not re.search(r"batch|epoch", names)
            and code.within(node, ast.For) is None
            and _splits_by(code, statement)
        ):
            yield found(
                code.place(node),
                f"a series is split at random, so that training data lie after test data: `{source(node)}`.",
                "split in time.",
            )


def _splits_by(code: Code, statement: ast.AST | None) -> bool:
    if not isinstance(statement, ast.Assign):
        return False
    names = {name for target in statement.targets for name in names_in(target)}
    scope = code.scope_of[statement]
    return any(isinstance(item, ast.Assign) and _assigned_role(item, item) and names & names_in(item.value) for item in walk(scope))


_WINDOWS = {"rolling", "ewm", "expanding", "cumsum", "cummax", "cummin", "pct_change", "diff"}
_ANSWER = {"y", "target", "targets", "label", "labels"}


def looks_ahead(material: Material) -> Iterator[Evidence]:
    """Features of a series that hold the value to predict, or what comes after it."""
    code = material.code
    prose = (material.repository.prose(paper=True) + material.repository.prose(paper=False)).lower()
    ahead = re.search(r"forecast|next[- ](day|hour|step|week|month|value)|ahead|predict\w* the next|time series|lags?\b", prose)
    smooth = re.search(r"smooth|filter|moving average|denois|convol", prose)
    for node in code.walk(ast.Call):
        assert isinstance(node, ast.Call)
        if ahead and not smooth and _centred(node):
            yield found(
                code.place(node), f"a centred filter sees what comes after: `{source(node)}`.", "let the window end before the value."
            )
        if last(node.func) == "rolling" and any(
            word.arg == "center" and isinstance(word.value, ast.Constant) and word.value.value is True for word in node.keywords
        ):
            yield found(
                code.place(node), f"a centred window sees what comes after: `{source(node)}`.", "let the window end before the value."
            )
    for function in [*code.walk(ast.FunctionDef), *(module.tree for module in code.repository.code)]:
        yield from _unshifted(code, function)
        yield from _window_with_target(code, function)


def _centred(node: ast.Call) -> bool:
    """Say whether a call smooths a series with values on both sides: convolve(x, k, mode="same"), a Gaussian or Savitzky-Golay filter."""
    name = last(node.func)
    same = [*node.args[2:], *(word.value for word in node.keywords if word.arg == "mode")]
    if name == "convolve":
        return any(isinstance(item, ast.Constant) and item.value == "same" for item in same)
    return name in (
        "gaussian_filter1d",
        "savgol_filter",
        "uniform_filter1d",
        "medfilt",
        "median_filter",
        "filtfilt",
        "sosfiltfilt",
        "lowess",
    )


def _unshifted(code: Code, function: ast.AST) -> Iterator[Evidence]:
    """frame["recent"] = s.rolling(6).mean() beside frame["y"] = s."""
    columns = [
        (str(target.slice.value), node.value)
        for node in walk(function)
        if isinstance(node, ast.Assign) and code.scope_of[node] is function
        for target in node.targets
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str)
    ]
    targets = {ast.unparse(value) for key, value in columns if set(words(key)) & _ANSWER and isinstance(value, ast.Name | ast.Subscript)}
    for key, value in columns:
        calls = [item for item in walk(value) if isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute)]
        names = {last(call.func) for call in calls}
        base = next((call.func.value for call in calls if last(call.func) in _WINDOWS and isinstance(call.func, ast.Attribute)), None)
        back = any(last(c.func) == "shift" and c.args and (constant(c.args[0]) or 0) < 0 for c in calls)
        if (
            targets
            and not set(words(key)) & _ANSWER
            and ((names & _WINDOWS and "shift" not in names and base is not None and ast.unparse(base) in targets) or back)
        ):
            yield found(
                code.place(value), f"the feature `{key}` holds the value it is to predict: `{source(value)}`.", "shift it by one step."
            )


def _window_with_target(code: Code, function: ast.AST) -> Iterator[Evidence]:
    """x.append(s[i - 3 : i + 1]) beside y.append(s[i])."""
    windows: list[tuple[str, int, ast.AST]] = []
    points: list[tuple[str, int]] = []
    appended = [
        part
        for node in walk(function)
        if code.scope_of.get(node) is function
        for part in (
            node.args
            if isinstance(node, ast.Call) and last(node.func) == "append"
            else [node.elt]
            if isinstance(node, ast.ListComp)
            else []
        )
    ]
    for item in [piece for part in appended for piece in (part.elts if isinstance(part, ast.Tuple) else [part])]:
        if isinstance(item, ast.Subscript) and isinstance(item.slice, ast.Slice) and item.slice.lower is not None:
            end = offset(item.slice.upper)
            if (end is not None and offset(item.slice.lower) is not None) or (end is not None and "-" in ast.unparse(item.slice.lower)):
                windows.append((f"{ast.unparse(item.value)}|{end[0]}", end[1], item))
        elif isinstance(item, ast.Subscript) and not isinstance(item.slice, ast.Tuple):
            point = offset(item.slice)
            if point is not None:
                points.append((f"{ast.unparse(item.value)}|{point[0]}", point[1]))
    for name, last_index, node in windows:
        targets = [point for other, point in points if other == name]
        if targets and max(targets) < last_index:
            yield found(code.place(node), f"the window holds the value it is to predict: `{source(node)}`.", "let it end before the value.")


CHECKS = (
    Check(
        "labels-seen",
        "protocol",
        "test labels in the features, a prediction or the training",
        "a joint table that is split later",
        labels_seen,
    ),
    Check("shuffled-series", "protocol", "a time series split at random", "a series without a question about the future", shuffled_series),
    Check(
        "looks-ahead",
        "protocol",
        "features of a series that hold the value to predict or what comes after it",
        "a smoothing of a whole record in which nothing is predicted",
        looks_ahead,
    ),
)
