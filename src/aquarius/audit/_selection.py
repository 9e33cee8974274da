"""Protocol: what was chosen on the test split, which runs were kept, and whether the seeds differ."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import METRICS, Code, assigned, constant, dotted, last, name_role, names_in, words

_PICKS = {"max", "min", "argmax", "argmin", "nanargmax", "nanargmin", "sorted", "idxmax", "idxmin", "nlargest", "nsmallest", "argsort"}
_SEEDING = {"default_rng", "seed", "manual_seed", "RandomState", "Random", "manual_seed_all", "PRNGKey", "set_seed", "seed_everything"}
_RUNS = {"seed", "seeds", "run", "runs", "repeat", "repeats", "repetition", "rep"}


def on_test(material: Material) -> Iterator[Evidence]:
    """An epoch, a checkpoint, a setting or a threshold that is chosen by its value on the test split."""
    code = material.code
    for node in code.walk(ast.If, ast.IfExp):
        assert isinstance(node, ast.If | ast.IfExp)
        compared = _improvement(code, node)
        if compared is not None and _by_labels(material, compared):
            yield found(
                code.place(node), f"what is kept is chosen by the labels: `{source(node.test)}`.", "choose by the method's own objective."
            )
        if compared is None and isinstance(node, ast.If) and any(isinstance(item, ast.Break) for item in node.body):
            compared = next(
                (
                    side
                    for item in ast.walk(node.test)
                    if isinstance(item, ast.Compare)
                    for side in (item.left, *item.comparators)
                    if constant(side) is None and _by_test(code, side)
                ),
                None,
            )
        if compared is not None and _by_test(code, compared):
            yield found(
                code.place(node),
                f"what is kept is chosen on the test split: `{source(node.test)}`.",
                "choose on a validation split; look at the test split once.",
            )
    yield from _called_validation(code)
    for node in code.walk(ast.Call):
        assert isinstance(node, ast.Call)
        name = last(node.func)
        if name in _PICKS and (node.args or isinstance(node.func, ast.Attribute)):
            by = _pick_key(code, node)
            if by is not None and _by_test(code, by) and _selects(code, node):
                yield found(
                    code.place(node),
                    f"what is kept is chosen on the test split: `{source(node)}`.",
                    "choose on a validation split; look at the test split once.",
                )
        elif name == "step" and node.args and re.search(r"sched|plateau", dotted(node.func).lower()) and _by_test(code, node.args[0]):
            yield found(code.place(node), f"the schedule follows the test split: `{source(node)}`.", "let it follow the validation split.")
        elif name == "fit":
            for word in node.keywords:
                if (
                    word.arg in ("eval_set", "validation_data", "X_val")
                    and "test" in code.roles(word.value)
                    and "valid" not in code.roles(word.value)
                ):
                    yield found(code.place(node), f"fitting watches the test split: `{source(node)}`.", "give it a validation split.")
        elif re.search(r"SearchCV$", name) or name == "cross_val_score":
            pass
    for node in code.walk(ast.Call):
        if isinstance(node, ast.Call) and last(node.func) == "fit" and isinstance(node.func, ast.Attribute) and node.args:
            maker = [last(item) for item in code.expand(node.func.value, 1)]
            if any("Search" in item for item in maker) and code.roles(node.args[0]) == {"test"}:
                yield found(
                    code.place(node), f"the search is run on the test split: `{source(node)}`.", "search on training and validation data."
                )


def _improvement(code: Code, node: ast.If | ast.IfExp) -> ast.AST | None:
    """Return what is compared with the best so far, where the branch then keeps it."""
    for compare in (item for item in ast.walk(node.test) if isinstance(item, ast.Compare)):
        if len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE):
            continue
        sides = [compare.left, compare.comparators[0]]
        for own, other in (sides, sides[::-1]):
            if constant(own) is not None or not isinstance(node, ast.If):
                continue
            kept = {
                dotted(target)
                for item in ast.walk(node)
                if isinstance(item, ast.Assign)
                for whole in item.targets
                for target in (whole.elts if isinstance(whole, ast.Tuple) else [whole])
            }
            if (dotted(other) and dotted(other) in kept) or (isinstance(other, ast.Subscript) and dotted(other.value) in kept):
                return own
            if re.search(r"best|lowest|highest|top", dotted(other) or ast.unparse(other)) and (
                kept or any(isinstance(item, ast.Call) and last(item.func) in ("append", "save", "update") for item in ast.walk(node))
            ):
                return own
    return None


def _called_validation(code: Code) -> Iterator[Evidence]:
    """val_loss = loss(model, x_test): a value that is called validation and is of the test split."""
    for node in code.walk(ast.Assign):
        assert isinstance(node, ast.Assign)
        for target, value in (pair for whole in node.targets for pair in assigned(whole, node.value)):
            if isinstance(target, ast.Name | ast.Tuple) and {name_role(name) for name in names_in(target)} == {"valid"}:
                roles = {name_role(item.id) for item in ast.walk(value) if isinstance(item, ast.Name)}
                roles |= {name_role(item.attr) for item in ast.walk(value) if isinstance(item, ast.Attribute) and item.attr != "test"}
                roles |= {
                    name_role(item.value)
                    for item in ast.walk(value)
                    if isinstance(item, ast.Constant) and isinstance(item.value, str) and len(item.value) < 16
                }
                carved = (isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice)) or (
                    isinstance(value, ast.Call) and re.search(r"split", last(value.func))
                )
                if "test" in roles and not roles & {"valid", "train"} and not carved:
                    yield found(
                        code.place(node),
                        f"what is called validation is the test split: `{source(node)}`.",
                        "hold out a validation split of the training data.",
                    )


def _by_labels(material: Material, node: ast.AST) -> bool:
    """An unsupervised method, whose text names an objective, that keeps what agrees best with the labels."""
    text = (material.repository.prose(paper=True) + material.repository.prose(paper=False)).lower()
    if not re.search(r"cluster|k-means|unsupervised|mixture|without labels|inertia|self-organi", text) or re.search(
        r"train(ing)? (set|split|part|data)|validation", text
    ):
        return False
    names = {last(item) for item in ast.walk(node) if isinstance(item, ast.Name | ast.Attribute)}
    names |= {
        last(item)
        for name in list(names_in(node))
        for value in material.code.values(material.code.scope_of.get(node, node), name)
        for item in ast.walk(value)
        if isinstance(item, ast.Name | ast.Attribute)
    }
    return bool(names & {"y", "labels", "target", "truth", "classes", "y_true", "targets"})


def _by_test(code: Code, node: ast.AST) -> bool:
    roles = code.roles(node)
    return "test" in roles and "valid" not in roles


def _pick_key(code: Code, node: ast.Call) -> ast.AST | None:
    key = next((word.value for word in node.keywords if word.arg == "key"), None)
    if key is not None:
        return key
    if isinstance(node.func, ast.Attribute) and not node.args:
        return node.func.value
    return node.args[0] if len(node.args) == 1 else None


def _selects(code: Code, node: ast.Call) -> bool:
    """Say whether the extreme is used for choosing or reporting, and is no axis of predictions or a bound of a plot."""
    if any(word.arg in ("axis", "dim") for word in node.keywords) or (
        last(node.func) in ("argmax", "argmin", "max", "min", "argsort") and len(node.args) > 1
    ):
        return False
    by = _pick_key(code, node)
    if last(node.func) in ("max", "min") and isinstance(node.func, ast.Name) and not any(word.arg == "key" for word in node.keywords):
        return by is not None and bool(_metric_words(code, by)) and not _extreme_is_named(code, node)
    if last(node.func) in ("argmax", "argmin", "argsort", "sorted", "max", "min"):
        return by is not None and (bool(_metric_words(code, by)) or isinstance(by, ast.Lambda))
    return True


def _metric_words(code: Code, node: ast.AST) -> set[str]:
    names = {word for item in ast.walk(node) if isinstance(item, ast.Name | ast.Attribute) for word in words(last(item))}
    names |= {
        word for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str) for word in words(item.value)
    }
    return {
        word
        for word in names | {name.rstrip("s") for name in names}
        if word in METRICS or word in ("curve", "history", "score", "losses", "accs", "value", "result")
    }


def _extreme_is_named(code: Code, node: ast.AST) -> bool:
    """A record that calls an extreme an extreme ("max": max(values)) hides nothing."""
    parent = code.parent.get(node)
    while isinstance(parent, ast.Call) and last(parent.func) in ("float", "round", "int"):
        node, parent = parent, code.parent.get(parent)
    if isinstance(parent, ast.Dict):
        names = [
            str(key.value) for key, value in zip(parent.keys, parent.values, strict=True) if value is node and isinstance(key, ast.Constant)
        ]
        return bool(
            {word for name in names for word in words(name)} & {"max", "min", "best", "lowest", "highest", "worst", "peak", "range"}
        )
    return any(
        isinstance(item, ast.Call) and last(item.func) in ("print", "ylim", "xlim", "set_ylim", "axhline") for item in code.ancestors(node)
    )


def best_of_seeds(material: Material) -> Iterator[Evidence]:
    """The best of several seeds, reported as if it were the result."""
    code, prose = material.code, material.repository.prose(paper=False).lower()
    said = re.search(r"best (of|seed|run|out)|lowest (of|over)|highest (of|over)|(maximum|minimum) (of|over)|best-of", prose)
    if said and not re.search(r"best of (the )?mean", prose):
        return
    for key, value in code.reported:
        if set(words(key)) & {"best", "max", "min", "lowest", "highest", "worst"}:
            continue
        for node in [value, *_through_names(code, value)]:
            call = node
            while isinstance(call, ast.Call) and last(call.func) in ("float", "round") and call.args:
                call = call.args[0]
            honest = isinstance(call, ast.Call) and any(
                word.arg == "key"
                and not _by_test(code, word.value)
                and re.search(r"val|dev|train|loss|inertia|objective", ast.unparse(word.value))
                for word in call.keywords
            )
            if (
                isinstance(call, ast.Call)
                and last(call.func) in ("max", "min", "nanmax", "nanmin")
                and not honest
                and _over_seeds(code, call)
            ):
                yield found(
                    code.place(call),
                    f"`{key}` is the best of several seeds: `{source(call)}`.",
                    "report the mean and the spread over all seeds.",
                )
                break


def _through_names(code: Code, value: ast.AST) -> list[ast.AST]:
    inner = value.args[0] if isinstance(value, ast.Call) and last(value.func) in ("float", "round") and value.args else value
    base = inner.value if isinstance(inner, ast.Subscript | ast.Attribute) else inner
    return code.values(code.scope_of[base], base.id) if isinstance(base, ast.Name) and base in code.scope_of else []


def _over_seeds(code: Code, call: ast.Call, more: frozenset[str] | set[str] = frozenset()) -> bool:
    by = call.args[0] if call.args else call.func.value if isinstance(call.func, ast.Attribute) else None
    if by is None or len(call.args) > 1:
        return False
    items = [
        by,
        *(
            value
            for name in names_in(by)
            for item in ast.walk(by)
            if isinstance(item, ast.Name) and item.id == name
            for value in code.values(code.scope_of[item], name)
        ),
    ]
    for item in items:
        for comprehension in (part for part in ast.walk(item) if isinstance(part, ast.comprehension)):
            if set(words(" ".join(names_in(comprehension.target) | names_in(comprehension.iter)))) & (_RUNS | more):
                return True
        loop = code.within(item, ast.For)
        while isinstance(loop, ast.For):
            if set(words(" ".join(names_in(loop.target) | names_in(loop.iter)))) & (_RUNS | more):
                return True
            loop = code.within(loop, ast.For)
    return bool(set(words(" ".join(names_in(by)))) & {"seeds", "runs", "trials"})


def dropped(material: Material) -> Iterator[Evidence]:
    """Runs left out of the mean by their own result."""
    code, prose = material.code, material.repository.prose(paper=False).lower()
    if re.search(r"trimmed|outlier|(diverged|failed) (runs|seeds) (are|were) (left out|removed|excluded|dropped)|interquartile", prose):
        return
    for node in code.walk(ast.ListComp, ast.GeneratorExp, ast.Subscript, ast.Call):
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            for part in node.generators:
                if part.ifs and _kept_by_value(code, node, part):
                    yield found(
                        code.place(node),
                        f"runs are kept by their result: `{source(node)}`.",
                        "the mean is over all runs, or the rule is stated in advance.",
                    )
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Slice)
            and last(node.value) in ("sorted", "sort")
            and isinstance(node.value, ast.Call)
        ):
            if _listed_runs(code, node.value) and _over_seeds(code, node.value, {"s", "r", "k", "fold", "folds", "_"}):
                yield found(code.place(node), f"the worst or best runs are cut off: `{source(node)}`.", "the mean is over all runs.")
        elif isinstance(node, ast.Call) and last(node.func) in ("remove", "pop") and isinstance(node.func, ast.Attribute) and node.args:
            inner = node.args[0]
            if (
                isinstance(inner, ast.Call)
                and last(inner.func) in ("min", "max", "argmin", "argmax", "index")
                and (_listed_runs(code, inner) or set(words(dotted(node.func.value))) & METRICS)
            ):
                yield found(code.place(node), f"the worst run is taken out: `{source(node)}`.", "the mean is over all runs.")
    for node in code.walk(ast.If):
        assert isinstance(node, ast.If)
        loop = code.within(node, ast.For, ast.While)
        over_runs = isinstance(loop, ast.For) and set(words(" ".join(names_in(loop.target) | names_in(loop.iter)))) & _RUNS
        until_enough = (
            isinstance(loop, ast.While)
            and re.search(r"len\(", ast.unparse(loop.test))
            and re.search(r"seed|run|trial", ast.unparse(loop).lower())
        )
        if (over_runs or until_enough) and _skips_bad(code, node):
            yield found(
                code.place(node), f"a run counts only where its result is good: `{source(node.test)}`.", "the mean is over all runs."
            )


def _kept_by_value(code: Code, node: ast.ListComp | ast.GeneratorExp, part: ast.comprehension) -> bool:
    if not isinstance(part.target, ast.Name) or not isinstance(part.iter, ast.Name):
        return False
    test = part.ifs[0]
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE):
        return False
    element = node.elt
    if part.target.id not in names_in(test) or constant(test.comparators[0]) is None:
        return False
    if isinstance(element, ast.Name) and element.id == part.target.id:
        return _metrics_list(code, part.iter)
    fields = [item for item in (element, test.left) if isinstance(item, ast.Subscript | ast.Attribute)]  # r["accuracy"] for r in rows
    return len(fields) == 2 and all(part.target.id in names_in(item) and _metric_words(code, item) for item in fields)


def _metrics_list(code: Code, node: ast.Name) -> bool:
    if set(words(node.id)) & (METRICS | {"values", "scores", "results", "accs", "errors", "losses", "accuracies", "runs", "returns"}):
        values = code.values(code.scope_of[node], node.id)
        return any(isinstance(item, ast.Call | ast.ListComp | ast.List | ast.DictComp) for value in values for item in [value])
    return False


def _listed_runs(code: Code, call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Name) and _metrics_list(code, call.args[0])


def _skips_bad(code: Code, node: ast.If) -> bool:
    tests = [
        item
        for item in ast.walk(node.test)
        if isinstance(item, ast.Compare) and isinstance(item.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE)
    ]
    metric = any(_metric_words(code, item) for item in tests)
    body = node.body[0] if node.body else None
    skips = isinstance(body, ast.Continue)
    adds = (
        isinstance(body, ast.Expr)
        and isinstance(body.value, ast.Call)
        and last(body.value.func) == "append"
        and len(node.body) == 1
        and not node.orelse
    )
    return metric and (skips or adds) and not any("best" in name for item in tests for name in names_in(item))


def same_seed(material: Material) -> Iterator[Evidence]:
    """Runs over several seeds that all draw from one seed: the loop's number reaches no generator."""
    code = material.code
    for node in code.walk(ast.For, ast.comprehension):
        assert isinstance(node, ast.For | ast.comprehension)
        if not isinstance(node.target, ast.Name) or not set(words(node.target.id)) & {"seed", "run", "trial", "repeat", "rep", "s"}:
            continue
        if node.target.id == "s" and not re.search(r"seed", ast.unparse(node.iter), re.IGNORECASE):
            continue
        around = code.parent[node] if isinstance(node, ast.comprehension) else node
        parts = node.body if isinstance(node, ast.For) else [around]
        seeded = [
            call for part in parts for call in ast.walk(part) if isinstance(call, ast.Call) and last(call.func) in _SEEDING and call.args
        ]
        for call in seeded:
            if all(constant(item) is not None for item in call.args) and not _varies(code, parts, node.target.id, call):
                yield found(
                    code.place(call),
                    f"every run over `{node.target.id}` starts from the same seed: `{source(call)}`.",
                    "seed from the number of the run.",
                )
        yield from _ignored_seed(code, node, parts)


def _varies(code: Code, parts: list[ast.AST] | list[ast.stmt], name: str, besides: ast.AST) -> bool:
    for part in parts:
        for call in (item for item in ast.walk(part) if isinstance(item, ast.Call) and item is not besides):
            if last(call.func) not in ("print", "append", "write", "dumps", "str", "info") and name in {
                n for arg in [*call.args, *(w.value for w in call.keywords)] for n in names_in(arg)
            }:
                return True
    return False


def _ignored_seed(code: Code, node: ast.For | ast.comprehension, parts: list[ast.AST] | list[ast.stmt]) -> Iterator[Evidence]:
    assert isinstance(node.target, ast.Name)
    for part in parts:
        for call in (item for item in ast.walk(part) if isinstance(item, ast.Call)):
            function = code.function(call)
            if function is None or node.target.id not in {
                n for arg in [*call.args, *(w.value for w in call.keywords)] for n in names_in(arg)
            }:
                continue
            parameter = next((arg.arg for arg in function.args.args if set(words(arg.arg)) & {"seed", "s", "run"}), None)
            if parameter is None or len(function.body) < 2:
                continue
            used = [
                item
                for item in ast.walk(function)
                if isinstance(item, ast.Name) and item.id == parameter and isinstance(item.ctx, ast.Load)
            ]
            live = [
                item
                for item in used
                if not any(
                    isinstance(up, ast.Call) and last(up.func) in ("write", "print", "dumps", "info", "append")
                    for up in code.ancestors(item)
                )
                or (code.within(item, ast.JoinedStr) is None and _reaches(code, item))
            ]
            fixed = [
                item
                for item in ast.walk(function)
                if isinstance(item, ast.Call) and last(item.func) in _SEEDING and item.args and constant(item.args[0]) is not None
            ]
            seeded = any(_seeds(code, item) for item in used)
            if fixed and (not live or not seeded):
                yield found(
                    code.place(fixed[0]),
                    f"`{function.name}` is given `{parameter}` and starts from a fixed seed: `{source(fixed[0])}`.",
                    "seed from the parameter.",
                )


def _seeds(code: Code, item: ast.AST) -> bool:
    """Say whether a seed goes into a generator or into other work than measuring and writing down."""
    for up in code.ancestors(item):
        if isinstance(up, ast.Call):
            return last(up.func) in _SEEDING or not set(words(last(up.func))) & {
                "evaluate",
                "eval",
                "test",
                "open",
                "write",
                "print",
                "dumps",
                "info",
                "append",
                "str",
                "dict",
                "log",
            }
        if isinstance(up, ast.JoinedStr | ast.Dict):
            return False
        if isinstance(up, ast.stmt):
            return not isinstance(up, ast.Expr | ast.Return)
    return False


def _reaches(code: Code, item: ast.AST) -> bool:
    """Say whether a seed goes into a generator or into a function, and not only into a text."""
    for up in code.ancestors(item):
        if isinstance(up, ast.JoinedStr | ast.Dict):
            return False
        if isinstance(up, ast.Call):
            return last(up.func) not in ("write", "print", "dumps", "info", "append", "str", "dict")
        if isinstance(up, ast.stmt):
            return not isinstance(up, ast.Expr)
    return False


def repeated_value(material: Material) -> Iterator[Evidence]:
    """One run whose number is copied into the rows of several."""
    code = material.code
    for node in code.walk(ast.BinOp):
        assert isinstance(node, ast.BinOp)
        if (
            isinstance(node.op, ast.Mult)
            and isinstance(node.left, ast.List)
            and len(node.left.elts) == 1
            and constant(node.left.elts[0]) is None
        ):
            parent = code.parent.get(node)
            text = ast.unparse(node.left.elts[0])
            if isinstance(parent, ast.Assign | ast.Dict) and (set(words(text)) & METRICS) and name_role(text) != "train":
                yield found(code.place(node), f"one number is written as several runs: `{source(node)}`.", "run every seed.")


CHECKS = (
    Check(
        "chosen-on-test",
        "protocol",
        "an epoch, checkpoint, setting or threshold chosen on the test split",
        "a validation split that the code calls test",
        on_test,
    ),
    Check(
        "best-of-seeds",
        "protocol",
        "the best of several seeds reported as the result",
        "restarts that the method itself chooses among",
        best_of_seeds,
    ),
    Check("dropped-runs", "protocol", "runs left out by their own result", "a rule for failed runs that was stated in advance", dropped),
    Check(
        "same-seed",
        "protocol",
        "several runs that all start from one seed",
        "a fixed seed for the data beside a varying one for the model",
        same_seed,
    ),
    Check(
        "repeated-value",
        "fabrication",
        "one number copied into the rows of several runs",
        "a constant list used as a default",
        repeated_value,
    ),
)
