"""Protocol: what the training split learns of the test split."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, constant, dotted, last, name_role, names_in, returns, walk, words

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
        data = _split_data(code, split) or _given_to_split(code, split)
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
    names = [item for item in walk(node) if isinstance(item, ast.Name)] if join else []
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
        index = name_role(ast.unparse(node.slice))
        if direct or index in ("train", "test"):
            return {node.value.id} if not _target(node.value.id) else set()
    return set()


def _given_to_split(code: Code, call: ast.AST, depth: int = 2) -> set[str]:
    """Return the names that a call gives to a function of the repository which splits them: parts(x, y, seed)."""
    function = code.function(call) if isinstance(call, ast.Call) and depth else None
    if function is None or not isinstance(call, ast.Call):
        return set()
    parameters = [arg.arg for arg in function.args.args]
    if (id(function), depth) not in code.splitting:
        code.splitting[id(function), depth] = {
            name
            for node in walk(function)
            if isinstance(node, ast.Call | ast.Subscript) and code.scope_of[node] is function
            for name in _split_data(code, node) or _given_to_split(code, node, depth - 1)
        }
    split = code.splitting[id(function), depth]
    pairs = [*zip(parameters, call.args, strict=False), *((word.arg, word.value) for word in call.keywords)]
    return {item.id for name, item in pairs if name in split and isinstance(item, ast.Name) and name_role(item.id) is None}


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
            own |= {item for item in names_in(value) if item.lower().rstrip("0123456789") in _DATA}
    for call in walk(scope):
        if not isinstance(call, ast.Call) or code.scope_of.get(call) is not scope or getattr(call, "lineno", 0) > limit or call is split:
            continue
        if any(item is split for item in walk(call)):
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
    if any(_transforms(code, name) for name in makers.split()):
        return False
    return not re.search(
        r"Scal|Select|PCA|Vectoriz|Encoder|Normal|Imput|SVD|Transform|Discret|Embedd|SMOTE|Sampler|scaler|pca|vectori|encoder|tokeni|selector|imputer",
        makers + text,
    )


def _transforms(code: Code, name: str) -> bool:
    """Say whether a class of the repository changes data and predicts nothing: it has a method `transform` and none that predicts."""
    for node in code.walk(ast.ClassDef):
        if isinstance(node, ast.ClassDef) and node.name == name:
            methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            return bool(
                methods & {"transform", "apply", "fill", "encode", "normalise", "normalize", "scale", "standardise", "standardize"}
            ) and not (methods & {"predict", "forward", "predict_proba", "score", "perplexity", "sample"})
    return False


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
    if any(isinstance(item, ast.BinOp) for item in walk(statement.value)) and targets & _DATA:
        return True
    for later in walk(scope):
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
    body = [item for item in walk(function) if isinstance(item, ast.Call)]
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


CHECKS = (
    Check(
        "fit-before-split",
        "protocol",
        "a scaler, vocabulary or selection fitted to all data before the split",
        "a transform without parameters",
        before_split,
    ),
)
