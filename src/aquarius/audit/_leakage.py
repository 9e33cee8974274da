"""Protocol: what the training split learns of the test split."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, assigned, constant, dotted, last, name_role, names_in, returns, words

_FITS = {
    "fit",
    "fit_transform",
    "fit_resample",
    "f_classif",
    "chi2",
    "mutual_info_classif",
    "f_regression",
    "corrcoef",
    "svd",
    "fit_on_texts",
    "Counter",
    "adapt",
}
_SPLITS = {
    "train_test_split",
    "split",
    "random_split",
    "KFold",
    "StratifiedKFold",
    "ShuffleSplit",
    "cross_val_score",
    "cross_validate",
    "cross_val_predict",
    "permutation",
}
_STATS = {"mean", "std", "median", "var", "quantile", "percentile"}
_DATA = {
    "x",
    "data",
    "features",
    "texts",
    "docs",
    "inputs",
    "images",
    "y",
    "labels",
    "samples",
    "corpus",
    "words",
    "frame",
    "df",
    "table",
    "series",
    "values",
}


def before_split(material: Material) -> Iterator[Evidence]:
    """A scaler, vocabulary, selection of features or resampling that is fitted to all data before they are split."""
    code = material.code
    yield from _fitted_to_union(code)
    if "transductive" in (material.repository.prose(paper=True) + material.repository.prose(paper=False)).lower():
        return
    for split in code.walk(ast.Call, ast.Subscript):
        data = _split_data(code, split)
        scope = code.scope_of[split]
        for name in data:
            for fit in _fits(code, scope, name, getattr(split, "lineno", 0), split):
                yield found(
                    code.place(fit),
                    f"`{source(fit)}` sees `{name}` before it is split in line {getattr(split, 'lineno', 0)}.",
                    "fit on the training part alone.",
                )
                return


def _fitted_to_union(code: Code) -> Iterator[Evidence]:
    """A fit to training and test data joined: vocabulary(train + test), scaler.fit(np.vstack([x_train, x_test]))."""
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        learns = last(call.func) in _FITS - {"svd", "corrcoef"} or set(words(last(call.func))) & {
            "vocab",
            "vocabulary",
            "scaler",
            "normaliser",
            "normalizer",
            "statistics",
            "select",
            "selection",
            "rank",
            "bpe",
            "tokenizer",
            "tokeniser",
            "idf",
        }
        for item in call.args if learns else ():
            joined = [item, *(code.values(code.scope_of[item], item.id) if isinstance(item, ast.Name) and item in code.scope_of else [])]
            if any({"train", "test"} <= _union(part) for part in joined):
                yield found(code.place(call), f"`{source(call)}` learns from the test data too.", "fit on the training part alone.")


def _union(node: ast.AST) -> set[str]:
    """Return the splits that an expression joins."""
    join = (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)) or (
        isinstance(node, ast.Call) and last(node.func) in ("concatenate", "vstack", "hstack", "concat", "cat", "chain")
    )
    join |= isinstance(node, ast.List | ast.Tuple) and any(isinstance(item, ast.Starred) for item in node.elts)
    names = [item for item in ast.walk(node) if isinstance(item, ast.Name)] if join else []
    return {str(name_role(item.id)) for item in names if not re.match(r"y|label|target", item.id)}


def _split_data(code: Code, node: ast.AST) -> set[str]:
    """Return the names of the data that a call or a slice splits."""
    if (
        isinstance(node, ast.Call)
        and last(node.func) in _SPLITS
        and last(node.func) not in ("permutation", "KFold", "StratifiedKFold", "ShuffleSplit")
    ):
        if last(node.func) == "split" and not re.search(
            r"fold|split|cv|kf|skf", re.sub(r"\.split$", "", ast.unparse(node.func)), re.IGNORECASE
        ):
            return set()
        items = node.args[1:] if last(node.func).startswith("cross_val") else node.args
        return {item.id for item in items if isinstance(item, ast.Name) and name_role(item.id) is None and not _target(item.id)}
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and name_role(node.value.id) is None
        and isinstance(node.ctx, ast.Load)
    ):
        statement = code.within(node, ast.Assign)
        direct = isinstance(statement, ast.Assign) and _assigned_role(statement, node)
        if direct or (name_role(ast.unparse(node.slice)) in ("train", "test") and code.within(node, ast.Call) is not None):
            return {node.value.id} if not _target(node.value.id) else set()
    return set()


def _target(name: str) -> bool:
    return name in ("y", "labels", "target", "targets", "index", "idx", "order", "perm")


def _assigned_role(statement: ast.Assign, node: ast.AST) -> bool:
    names = [dotted(item) for target in statement.targets for item in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return any(name_role(name) in ("train", "test") for name in names)


def _fits(code: Code, scope: ast.AST, name: str, before: int, split: ast.AST) -> Iterator[ast.AST]:
    """Give what learns from all of a name before it is split: fits, statistics that change it, and functions that fit."""
    loop = code.within(split, ast.For)
    limit = min(before, getattr(loop, "lineno", before)) if loop is not None else before
    own = {name}
    for value in code.values(scope, name):
        if getattr(value, "lineno", 0) <= limit and not (
            isinstance(value, ast.Call) and last(value.func) in ("load", "read_csv", "zeros", "arange")
        ):
            own |= {item for item in names_in(value) if item in _DATA or item.rstrip("0123456789") in _DATA}
    for call in ast.walk(scope):
        if not isinstance(call, ast.Call) or code.scope_of.get(call) is not scope or getattr(call, "lineno", 0) > limit or call is split:
            continue
        if any(item is split for item in ast.walk(call)):
            continue
        given = [item for item in [*call.args, *(word.value for word in call.keywords)] if isinstance(item, ast.Name) and item.id in own]
        given += [
            item.args[0]
            for item in call.args
            if isinstance(item, ast.Call)
            and item.args
            and isinstance(item.args[0], ast.Name)
            and item.args[0].id in own
            and last(item.func) in _FITS
        ]
        method = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id in own
        if (
            (last(call.func) in _FITS and given and not _model_fit(code, call))
            or (last(call.func) in _STATS and (method or given) and _changes(code, call, own, limit, scope))
            or (given and (function := code.function(call)) is not None and _learns(code, function, given, call))
        ):
            yield call


def _model_fit(code: Code, call: ast.Call) -> bool:
    text = ast.unparse(call.func)
    if last(call.func) != "fit":
        return last(call.func) == "Counter" and not re.search(r"vocab", ast.unparse(code.within(call, ast.Assign) or call))
    makers = " ".join(last(item) for item in (code.expand(call.func.value, 1) if isinstance(call.func, ast.Attribute) else []))
    return not re.search(
        r"Scal|Select|PCA|Vectoriz|Encoder|Normal|Imput|SVD|Transform|Discret|Embedd|SMOTE|Sampler|scaler|pca|vectori|encoder|tokeni|selector|imputer",
        makers + text,
    )


def _changes(code: Code, call: ast.Call, own: set[str], limit: int, scope: ast.AST) -> bool:
    """Say whether a statistic goes back into the data: x = (x - x.mean(0)) / ..., or a name that does."""
    statement = code.within(call, ast.Assign, ast.AugAssign)
    if isinstance(statement, ast.AugAssign):
        return dotted(statement.target) in own
    if not isinstance(statement, ast.Assign):
        return False
    targets = {name for target in statement.targets for name in names_in(target)}
    axis = any(word.arg == "axis" and constant(word.value) in (1.0, -1.0) for word in call.keywords) or bool(
        call.args and constant(call.args[-1]) in (1.0, -1.0)
    )
    if (any(word.arg == "keepdims" for word in call.keywords) and axis) or axis:
        return False
    if targets & own:
        return isinstance(statement.value, ast.BinOp | ast.Tuple | ast.Call)
    if any(isinstance(item, ast.BinOp) for item in ast.walk(statement.value)) and targets & _DATA:
        return True
    for later in ast.walk(scope):
        if (
            isinstance(later, ast.Assign)
            and targets & names_in(later.value)
            and getattr(later, "lineno", 0) <= limit
            and isinstance(later.value, ast.BinOp)
        ) and {name for target in later.targets for name in names_in(target)} & own:
            return True
    return False


def _learns(code: Code, function: ast.FunctionDef, given: list[ast.Name], call: ast.Call, depth: int = 3) -> bool:
    """Say whether a function of the repository fits something to a parameter and does no splitting itself."""
    parameters = [item.arg for item in function.args.args]
    position = [
        parameters[number] for number, item in enumerate(call.args) if any(item is one for one in given) and number < len(parameters)
    ]
    body = [item for item in ast.walk(function) if isinstance(item, ast.Call)]
    if any(last(item.func) in _SPLITS for item in body) or depth == 0:
        return False
    supervised = {"f_classif", "chi2", "mutual_info_classif", "f_regression", "corrcoef", "fit_resample"}
    for item in body:
        if {name for arg in item.args for name in names_in(arg)} & set(position) and (
            last(item.func) in supervised
            or (last(item.func) in ("fit_transform",))
            or (last(item.func) == "fit" and not _model_fit(code, item))
        ):
            return True
    stats = {last(item.func) for item in body if isinstance(item.func, ast.Attribute) and names_in(item.func) & set(position)}
    return (
        {"mean", "std"} <= stats
        and any(isinstance(value, ast.BinOp) for value in returns(function))
        and not any(name_role(p) for p in parameters)
    )


def overlap(material: Material) -> Iterator[Evidence]:
    """A test split that holds training data: a slice of it, the same seed, overlapping borders, or a union."""
    code = material.code
    for node in code.walk(ast.Assign):
        assert isinstance(node, ast.Assign)
        pairs = [(one, two) for target in node.targets for one, two in assigned(target, node.value)]
        for target, value in pairs:
            message = _overlapping(code, target, value)
            if message:
                yield found(code.place(node), message, "training and test data must not share a sample.")
        message = _same_source(pairs) or _same_seed_source(code, node)
        if message:
            yield found(code.place(node), message, "training and test data must not share a sample.")
    for node in code.walk(ast.BinOp):
        assert isinstance(node, ast.BinOp)
        if isinstance(node.op, ast.BitOr) and {name_role(last(side)) for side in (node.left, node.right)} == {"train", "test"}:
            statement, around = code.within(node, ast.Assign), code.within(node, ast.Call, ast.Subscript)
            named = isinstance(statement, ast.Assign) and name_role(" ".join(map(dotted, statement.targets))) == "train"
            if named or (
                around is not None and isinstance(statement, ast.Assign) and "loss" in words(" ".join(map(dotted, statement.targets)))
            ):
                yield found(code.place(node), f"the training mask holds the test samples: `{source(node)}`.", "train on the training mask.")
    yield from _borders(code)
    yield from _test_rows_in_loss(code)
    yield from _doubled(code)
    yield from _trained_on_all(code)


def _overlapping(code: Code, target: ast.AST, value: ast.AST) -> str:
    role = name_role(dotted(target))
    if (
        isinstance(value, ast.Call) and last(value.func) in ("concatenate", "vstack", "hstack", "concat", "cat", "append", "chain", "r_")
    ) or (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add)):
        inner = {name_role(item.id) for item in ast.walk(value) if isinstance(item, ast.Name)}
        if role == "train" and "test" in inner:
            return f"the training data are joined with the test data: `{source(value)}`"
        if role == "test" and "train" in inner and not re.search(r"[|^]", ast.unparse(value)):
            return f"the test data are joined with training data: `{source(value)}`" if not _padding(value) else ""
    if role == "test" and isinstance(value, ast.Subscript | ast.Name):
        base = value.value if isinstance(value, ast.Subscript) else value
        if isinstance(base, ast.Name) and name_role(base.id) == "train" and not _reduced(code, base, value):
            return f"the test data are taken out of the training data, which keep them: `{source(value)}`"
    if (
        role == "test"
        and isinstance(value, ast.Call)
        and last(value.func) in ("choice", "sample", "choices")
        and value.args
        and isinstance(value.args[0], ast.Name)
        and name_role(value.args[0].id) == "train"
    ):
        return f"the test data are drawn from the training data: `{source(value)}`"
    return ""


def _padding(value: ast.AST) -> bool:
    """A window of history before a test series is no overlap of targets."""
    return any(
        isinstance(item, ast.Subscript)
        and isinstance(item.slice, ast.Slice)
        and item.slice.lower is not None
        and "-" in ast.unparse(item.slice.lower)
        for item in ast.walk(value)
    )


def _reduced(code: Code, base: ast.Name, value: ast.AST) -> bool:
    scope = code.scope_of[base]
    return any(
        getattr(item, "lineno", 0) >= getattr(value, "lineno", 0)
        and base.id in names_in(item)
        and isinstance(item, ast.Subscript | ast.Call)
        for item in code.values(scope, base.id)
        if item is not value
    )


def _same_source(pairs: list[tuple[ast.AST, ast.AST]]) -> str:
    """train, test = make(1000, 0), make(200, 0)."""
    calls = [(name_role(dotted(target)), value) for target, value in pairs if isinstance(value, ast.Call)]
    for one_role, one in calls:
        for two_role, two in calls:
            if one_role == "train" and two_role == "test" and dotted(one.func) == dotted(two.func) and one is not two:
                mine, theirs = (
                    list(map(ast.unparse, one.args + [word.value for word in one.keywords])),
                    list(map(ast.unparse, two.args + [word.value for word in two.keywords])),
                )
                if mine == theirs and mine and all(constant(item) is not None for item in one.args) and "split" not in ast.unparse(two):
                    return f"training and test data are made by the same call: `{source(one)}`"
    return ""


def _same_seed_source(code: Code, node: ast.Assign) -> str:
    """Two calls of one maker of data that differ in size alone, the seed being the same number."""
    scope = code.scope_of[node]
    makers: list[tuple[str | None, ast.Call]] = []
    for item in ast.walk(scope):
        if isinstance(item, ast.Assign) and code.scope_of[item] is scope:
            for target in item.targets:
                for one, value in assigned(target, item.value):
                    names = [dotted(part) for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
                    roles = {name_role(name) for name in names} - {None}
                    if isinstance(value, ast.Call) and len(roles) == 1:
                        makers.append((roles.pop(), value))
    for one_role, one in makers:
        for two_role, two in makers:
            if one_role != two_role and one is not two and one.lineno <= two.lineno and any(two is part for part in ast.walk(node)):
                function = code.function(one)
                if function is not None and code.function(two) is function and _equal_seed(function, one, two):
                    return f"two parts of the data come from the same seed: `{source(one, 40)}` and `{source(two, 40)}`"
    return ""


def _equal_seed(function: ast.FunctionDef, one: ast.Call, two: ast.Call) -> bool:
    parameters = [item.arg for item in function.args.args]
    defaults = dict(zip(parameters[len(parameters) - len(function.args.defaults) :], function.args.defaults, strict=True))
    seeds = [name for name in parameters if set(words(name)) & {"seed", "state"}]
    if len(seeds) != 1:
        return False
    values = []
    for call in (one, two):
        given: dict[str, ast.expr] = (
            dict(defaults) | dict(zip(parameters, call.args, strict=False)) | {word.arg: word.value for word in call.keywords if word.arg}
        )
        other = " ".join(ast.unparse(value) for name, value in given.items() if name != seeds[0])
        values.append((ast.unparse(given[seeds[0]]) if seeds[0] in given else "", "test" in other or "split" in given))
    return values[0][0] == values[1][0] != "" and not values[1][1] and not re.search(r"rng|gen", values[0][0])


def _test_rows_in_loss(code: Code) -> Iterator[Evidence]:
    """A loss that is stepped on and indexed with test samples."""
    for node in code.walk(ast.Assign):
        assert isinstance(node, ast.Assign)
        names = {dotted(target) for target in node.targets}
        scope = code.scope_of[node]
        stepped = any(
            isinstance(item, ast.Call) and last(item.func) == "backward" and dotted(item.func).split(".")[0] in names
            for item in ast.walk(scope)
        )
        if not stepped or not isinstance(node.value, ast.Call):
            continue
        for part in (item for item in ast.walk(node.value) if isinstance(item, ast.Subscript)):
            indices = [part.slice, *(code.values(scope, part.slice.id) if isinstance(part.slice, ast.Name) else [])]
            direct = {name_role(item.id) for index in indices for item in ast.walk(index) if isinstance(item, ast.Name)}
            direct |= {
                name_role(item.value)
                for index in indices
                for item in ast.walk(index)
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
            if "test" in direct or (isinstance(part.value, ast.Name) and name_role(part.value.id) == "test"):
                yield found(
                    code.place(node), f"the loss that is trained on takes test samples: `{source(part)}`.", "train on training samples."
                )
                break
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        if last(call.func) in ("fit", "train", "partial_fit") and call.args and isinstance(call.func, ast.Attribute):
            joined = [call.args[0], *(code.values(code.scope_of[call], call.args[0].id) if isinstance(call.args[0], ast.Name) else [])]
            if _model_fit(code, call) and any({"train", "test"} <= _union(part) for part in joined):
                yield found(
                    code.place(call), f"the model is fitted to training and test data: `{source(call)}`.", "fit on the training part."
                )


def _doubled(code: Code) -> Iterator[Evidence]:
    """Copies of samples, changed or not, that are added before a random split puts them on both sides."""
    for split in code.walk(ast.Call):
        assert isinstance(split, ast.Call)
        if last(split.func) not in ("train_test_split", "split", "permutation", "random_split", "randperm"):
            continue
        scope = code.scope_of[split]
        names = {item.id for arg in split.args for item in ast.walk(arg) if isinstance(item, ast.Name) and name_role(item.id) is None}
        for name in sorted(names):
            for value in code.values(scope, name):
                if getattr(value, "lineno", 0) < getattr(split, "lineno", 0) and _copies(value, name):
                    yield found(
                        code.place(value),
                        f"`{name}` holds copies of its samples before it is split: `{source(value)}`.",
                        "split first, then add copies to the training part.",
                    )
                    return


def _copies(value: ast.AST, name: str) -> bool:
    if isinstance(value, ast.Call) and last(value.func) in ("concatenate", "vstack", "cat", "append", "concat"):
        axis = next((constant(word.value) for word in value.keywords if word.arg in ("axis", "dim")), 0.0)
        if len(value.args) > 1 and constant(value.args[1]) is not None:
            axis = constant(value.args[1])
        parts = value.args[0].elts if value.args and isinstance(value.args[0], ast.List | ast.Tuple) else value.args
        return axis == 0 and sum(name in names_in(part) for part in parts) > 1
    if isinstance(value, ast.Call) and last(value.func) in ("repeat", "tile", "resample", "fit_resample") and value.args:
        axis = next((constant(word.value) for word in value.keywords if word.arg == "axis"), 0.0)
        return name in names_in(value.args[0]) and axis == 0
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Add)
        and all(name in names_in(side) for side in (value.left, value.right))
        and isinstance(value.right, ast.ListComp | ast.Name)
        and isinstance(value.left, ast.Name)
        and isinstance(value.right, ast.ListComp)
    )


def _borders(code: Code) -> Iterator[Evidence]:
    """x[:a] for training and x[b:] for testing with b < a."""
    for function in [*code.walk(ast.FunctionDef), *(module.tree for module in code.repository.code)]:
        upper: dict[str, float] = {}
        for node in (item for item in ast.walk(function) if isinstance(item, ast.Assign) and code.scope_of[item] is function):
            for target in node.targets:
                for one, value in assigned(target, node.value):
                    if not (isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice) and isinstance(value.value, ast.Name)):
                        continue
                    role, name = name_role(dotted(one)), value.value.id
                    low, high = constant(value.slice.lower), constant(value.slice.upper)
                    if role == "train" and high is not None and value.slice.lower is None and high > 0:
                        upper[name] = high
                    elif role == "train" and value.slice.upper is None and value.slice.lower is None:
                        upper[name] = float("inf")
                    elif role == "test" and name in upper and low is not None and 0 <= low < upper[name]:
                        yield found(
                            code.place(node),
                            f"the test data begin at {low:g}, inside the training data: `{source(value)}`.",
                            "begin where the training data end.",
                        )


def _trained_on_all(code: Code) -> Iterator[Evidence]:
    """A model fitted to all of x and measured on a part of it."""
    for node in code.walk(ast.Call):
        assert isinstance(node, ast.Call)
        if (
            last(node.func) != "fit"
            or not node.args
            or not isinstance(node.args[0], ast.Name)
            or not _model_fit(code, node)
            or not isinstance(node.func, ast.Attribute)
        ):
            continue
        name, scope = node.args[0].id, code.scope_of[node]
        if name_role(name) is not None or len(node.args) < 2:
            continue
        for other in (
            item
            for item in ast.walk(scope)
            if isinstance(item, ast.Call) and last(item.func) in ("predict", "score", "predict_proba", "decision_function")
        ):
            for part in (item for item in other.args if isinstance(item, ast.Subscript | ast.Name)):
                mine = isinstance(part, ast.Subscript) and dotted(part.value) == name and name_role(ast.unparse(part.slice)) == "test"
                split = (
                    isinstance(part, ast.Name)
                    and name_role(part.id) == "test"
                    and any(name in names_in(value) for value in code.values(scope, part.id))
                )
                if (mine or split) and dotted(other.func).split(".")[0] == dotted(node.func).split(".")[0]:
                    yield found(
                        code.place(node),
                        f"the model is fitted to all of `{name}`, the test part `{source(part)}` included.",
                        "fit on the training part.",
                    )
                    return


_ONE_HOT = re.compile(
    r"(F\.|\w+\.)?one_?hot\((y|labels|\w+\.(y|target))(, .*)?\)(\.\w+\(\w*\))*|(np|torch)\.eye\(.*\)\[(y|labels|\w+\.(y|target))\]"
)


def labels_seen(material: Material) -> Iterator[Evidence]:
    """Labels of the test split that enter the features, a prediction or the training."""
    code = material.code
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
            if any(isinstance(item, ast.Call | ast.Subscript) and _ONE_HOT.fullmatch(ast.unparse(item)) for item in items):
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
    return any(isinstance(item, ast.Assign) and _assigned_role(item, item) and names & names_in(item.value) for item in ast.walk(scope))


CHECKS = (
    Check(
        "fit-before-split",
        "protocol",
        "a scaler, vocabulary or selection fitted to all data before the split",
        "a transform without parameters",
        before_split,
    ),
    Check("train-test-overlap", "protocol", "a test split that holds training data", "a window of history before a test series", overlap),
    Check(
        "labels-seen",
        "protocol",
        "test labels in the features, a prediction or the training",
        "a joint table that is split later",
        labels_seen,
    ),
    Check("shuffled-series", "protocol", "a time series split at random", "a series without a question about the future", shuffled_series),
)
