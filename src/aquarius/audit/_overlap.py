"""Protocol: samples that training and test data share."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, assigned, constant, dotted, last, name_role, names_in, offset, walk, words
from ._leakage import _given_to_split, _model_fit, _union


def overlap(material: Material) -> Iterator[Evidence]:
    """A test split that holds training data: a slice of it, the same seed, overlapping borders, or a union."""
    code = material.code
    for node in code.walk(ast.Assign):
        assert isinstance(node, ast.Assign)
        pairs = [(one, two) for target in node.targets for one, two in code.pairs(target, node.value)]
        for target, value in pairs:
            message = _overlapping(code, target, value)
            if message:
                yield found(code.place(node), message, "training and test data must not share a sample.")
        message = _same_source(pairs) or _same_seed_source(code, node) or _shared(pairs)
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
        inner = {name_role(item.id) for item in walk(value) if isinstance(item, ast.Name)}
        if role == "train" and "test" in inner:
            return f"the training data are joined with the test data: `{source(value)}`"
        if role == "test" and "train" in inner and not re.search(r"[|^]", ast.unparse(value)):
            return f"the test data are joined with training data: `{source(value)}`" if not _padding(value) else ""
    if role == "test" and isinstance(value, ast.Subscript | ast.Name):
        base = value.value if isinstance(value, ast.Subscript) else value
        if isinstance(base, ast.Name) and name_role(base.id) == "train" and not _reduced(code, base, value):
            return f"the test data are taken out of the training data, which keep them: `{source(value)}`"
    if role == "test" and isinstance(value, ast.Call):
        wrapped = last(value.func) in ("DataLoader", "TensorDataset", "Subset", "DMatrix", "from_tensor_slices")
        given = {name_role(item.id) for part in value.args for item in walk(part) if isinstance(item, ast.Name)} - {None}
        asked = any(
            word.arg == "train" and isinstance(word.value, ast.Constant) and word.value.value is True for word in value.keywords
        ) or any(
            word.arg in ("split", "subset", "partition", "part") and isinstance(word.value, ast.Constant) and word.value.value == "train"
            for word in value.keywords
        )
        if (wrapped and given == {"train"}) or asked:
            return f"what is called the test data are the training data: `{source(value)}`"
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
        for item in walk(value)
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


def _shared(pairs: list[tuple[ast.AST, ast.AST]]) -> str:
    """train, test = ids, ids[n:], or ids[: n + 500], ids[n:]: one is a part of the other, or reaches into it."""
    sides: dict[str, list[ast.AST]] = {"train": [], "test": []}
    for target, value in pairs:
        role = name_role(dotted(target))
        if role in sides:
            sides[role].append(value)
    for mine in sides["train"]:
        for theirs in sides["test"]:
            cut = isinstance(theirs, ast.Subscript) and isinstance(theirs.slice, ast.Slice)
            if cut and isinstance(theirs, ast.Subscript) and isinstance(mine, ast.Name) and dotted(theirs.value) == mine.id:
                return f"the test data `{source(theirs)}` are a part of the training data `{mine.id}`"
            if _reaches(mine, theirs):
                return f"the training data `{source(mine)}` reach into the test data `{source(theirs)}`"
    return ""


def _reaches(mine: ast.AST, theirs: ast.AST) -> bool:
    """Say whether x[: n + a] and x[n + b :] overlap, a > b."""
    if not all(isinstance(item, ast.Subscript) and isinstance(item.slice, ast.Slice) for item in (mine, theirs)):
        return False
    assert isinstance(mine, ast.Subscript) and isinstance(theirs, ast.Subscript)
    assert isinstance(mine.slice, ast.Slice) and isinstance(theirs.slice, ast.Slice)
    if ast.dump(mine.value) != ast.dump(theirs.value) or mine.slice.lower is not None or theirs.slice.upper is not None:
        return False
    end, begin = offset(mine.slice.upper), offset(theirs.slice.lower)
    return end is not None and begin is not None and end[0] == begin[0] and end[1] > begin[1]


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
    names = [dotted(part) for target in node.targets for part in ([target, *target.elts] if isinstance(target, ast.Tuple) else [target])]
    if not any(name_role(name) for name in names):
        return ""
    scope = code.scope_of[node]
    makers: list[tuple[str | None, ast.Call]] = []
    for item in walk(scope):
        if isinstance(item, ast.Assign) and code.scope_of[item] is scope:
            for target in item.targets:
                for one, value in assigned(target, item.value):
                    names = [dotted(part) for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
                    roles = {name_role(name) for name in names} - {None}
                    if isinstance(value, ast.Call) and len(roles) == 1:
                        makers.append((roles.pop(), value))
    for one_role, one in makers:
        for two_role, two in makers:
            if one_role != two_role and one is not two and one.lineno <= two.lineno and any(two is part for part in walk(node)):
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
        if not isinstance(node.value, ast.Call):
            continue
        names = {dotted(target) for target in node.targets}
        scope = code.scope_of[node]
        stepped = any(
            dotted(item.func).split(".")[0] in names and code.scope_of[item] is scope for item in code.calls_of.get("backward", [])
        )
        if not stepped:
            continue
        for part in (item for item in walk(node.value) if isinstance(item, ast.Subscript)):
            indices = [part.slice, *(code.values(scope, part.slice.id) if isinstance(part.slice, ast.Name) else [])]
            direct = {name_role(item.id) for index in indices for item in walk(index) if isinstance(item, ast.Name)}
            direct |= {
                name_role(item.value)
                for index in indices
                for item in walk(index)
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
        helper = _given_to_split(code, split)
        if not helper and last(split.func) not in ("train_test_split", "split", "permutation", "random_split", "randperm"):
            continue
        scope = code.scope_of[split]
        names = helper or {item.id for arg in split.args for item in walk(arg) if isinstance(item, ast.Name) and name_role(item.id) is None}
        for name in sorted(names):
            whole = [
                item.value for item in walk(scope) if isinstance(item, ast.Assign) and any(name in names_in(one) for one in item.targets)
            ]
            for value in [*code.values(scope, name), *whole]:
                if getattr(value, "lineno", 0) < getattr(split, "lineno", 0) and (_copies(value, name) or _resampled(code, value)):
                    yield found(
                        code.place(value),
                        f"`{name}` holds copies of its samples before it is split: `{source(value)}`.",
                        "split first, then add copies to the training part.",
                    )
                    return


def _resampled(code: Code, value: ast.AST) -> bool:
    """Say whether a value comes from a function that adds copies: by its name, or because it draws rows with replacement."""
    for call in (item for item in walk(value) if isinstance(item, ast.Call)):
        if set(words(last(call.func))) & {"oversample", "upsample", "smote", "adasyn", "oversampler"} or last(call.func) == "fit_resample":
            return True
        function = code.function(call)
        if function is None or any(last(item) == "train_test_split" for item in walk(function) if isinstance(item, ast.Call)):
            continue
        drawn = any(
            isinstance(item, ast.Call)
            and last(item.func) in ("choice", "choices", "resample", "repeat", "tile")
            and len(item.args) > 1
            and not any(
                word.arg == "replace" and isinstance(word.value, ast.Constant) and word.value.value is False for word in item.keywords
            )
            for item in walk(function)
        )
        joined = any(
            isinstance(item, ast.Call) and last(item.func) in ("concatenate", "vstack", "cat", "concat", "append")
            for item in walk(function)
        )
        if drawn and joined and set(words(function.name)) & {"balance", "balanced", "rebalance", "augment", "augmented", "augmentation", "duplicate", "expand", "bootstrap", "enlarge", "grow", "copies"}:  # fmt: skip
            return True
    return False


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
        for node in (item for item in walk(function) if isinstance(item, ast.Assign) and code.scope_of[item] is function):
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
            for item in walk(scope)
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


CHECKS = (
    Check("train-test-overlap", "protocol", "a test split that holds training data", "a window of history before a test series", overlap),
)
