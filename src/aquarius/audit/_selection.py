"""Protocol: what was chosen on the test split."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import METRICS, Code, assigned, constant, dotted, last, name_role, names_in, walk, words

_PICKS = {"max", "min", "argmax", "argmin", "nanargmax", "nanargmin", "sorted", "idxmax", "idxmin", "nlargest", "nsmallest", "argsort"}


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
                    for item in walk(node.test)
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
    yield from best_candidate(material)
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
    for compare in (item for item in walk(node.test) if isinstance(item, ast.Compare)):
        if len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE):
            continue
        sides = [compare.left, compare.comparators[0]]
        for own, other in (sides, sides[::-1]):
            if constant(own) is not None or not isinstance(node, ast.If):
                continue
            kept = {
                dotted(target)
                for item in walk(node)
                if isinstance(item, ast.Assign)
                for whole in item.targets
                for target in (whole.elts if isinstance(whole, ast.Tuple) else [whole])
            }
            if (dotted(other) and dotted(other) in kept) or (isinstance(other, ast.Subscript) and dotted(other.value) in kept):
                return own
            if re.search(r"best|lowest|highest|top", dotted(other) or ast.unparse(other)) and (
                kept or any(isinstance(item, ast.Call) and last(item.func) in ("append", "save", "update") for item in walk(node))
            ):
                return own
    return None


def _called_validation(code: Code) -> Iterator[Evidence]:
    """val_loss = loss(model, x_test): a value that is called validation and is of the test split."""
    for node in code.walk(ast.Assign):
        assert isinstance(node, ast.Assign)
        for target, value in (pair for whole in node.targets for pair in assigned(whole, node.value)):
            if isinstance(target, ast.Name | ast.Tuple) and {name_role(name) for name in names_in(target)} == {"valid"}:
                roles = {name_role(item.id) for item in walk(value) if isinstance(item, ast.Name)}
                roles |= {name_role(item.attr) for item in walk(value) if isinstance(item, ast.Attribute) and item.attr != "test"}
                roles |= {
                    name_role(item.value)
                    for item in walk(value)
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
    names = {last(item) for item in walk(node) if isinstance(item, ast.Name | ast.Attribute)}
    names |= {
        last(item)
        for name in list(names_in(node))
        for value in material.code.values(material.code.scope_of.get(node, node), name)
        for item in walk(value)
        if isinstance(item, ast.Name | ast.Attribute)
    }
    return bool(names & {"y", "labels", "target", "truth", "classes", "y_true", "targets"})


_CANDIDATES = {
    "ckpt", "ckpts", "checkpoint", "checkpoints", "epoch", "epochs", "path", "paths", "glob", "step", "steps", "config", "configs", "grid", "params",
    "snapshot", "snapshots", "model", "models", "alpha", "alphas", "lr", "lrs", "depth", "depths", "candidate", "candidates", "threshold", "thresholds",
    "product", "history", "curve", "file", "files", "setting", "settings", "sweep",
}  # fmt: skip


def best_candidate(material: Material) -> Iterator[Evidence]:
    """A reported number that is itself the best over checkpoints, epochs or settings, no validation split being in sight."""
    code = material.code
    own = material.repository.prose(paper=False).lower()
    if re.search(
        r"best (epoch|checkpoint|setting|value)s? (on|over|of|by)|(lowest|highest|best|maximum|minimum) over|oracle|upper bound", own
    ):
        return
    for key, value in code.reported:
        if set(words(key)) & {
            "best",
            "max",
            "min",
            "lowest",
            "highest",
            "worst",
            "val",
            "valid",
            "validation",
            "dev",
            "train",
            "loss",
            "inertia",
        }:
            continue
        table = _extreme_of(code, value)
        if table is None or "valid" in code.roles(table) or code.roles(table) == {"train"}:
            continue
        over = {
            word
            for node in code.expand(table, 2)
            for loop in _loops_of(code, node)
            for name in names_in(loop.target) | names_in(loop.iter) | {last(c.func) for c in walk(loop.iter) if isinstance(c, ast.Call)}
            for word in words(name)
        }
        if over & _CANDIDATES and not over & {"seed", "seeds", "restart", "restarts", "fold", "folds", "val", "valid"}:
            yield found(
                code.place(value),
                f"`{key}` is the best over the candidates by the same number: `{source(value)}`.",
                "choose on a validation split.",
            )


def _loops_of(code: Code, node: ast.AST) -> list[ast.For | ast.comprehension]:
    loops: list[ast.For | ast.comprehension] = [item for item in walk(node) if isinstance(item, ast.comprehension)]
    around = code.within(node, ast.For)
    return [*loops, around] if isinstance(around, ast.For) else loops


def _extreme_of(code: Code, value: ast.AST) -> ast.AST | None:
    """Return the collection of which a value is the extreme: min(d.values()), d[min(d, key=d.get)], max(rows)[0]."""
    while isinstance(value, ast.Call) and last(value.func) in ("float", "round") and value.args:
        value = value.args[0]
    if isinstance(value, ast.Name) and value in code.scope_of:
        values = code.values(code.scope_of[value], value.id)
        value = values[0] if len(values) == 1 else value
    if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
        index = value.slice
        if isinstance(index, ast.Name):
            chosen = code.values(code.scope_of[index], index.id)
            index = chosen[0] if len(chosen) == 1 else index  # type: ignore[assignment]
        if isinstance(index, ast.Call) and last(index.func) in _PICKS and value.value.id in names_in(index):
            return value.value
        if constant(value.slice) == 0:
            picked = code.values(code.scope_of[value.value], value.value.id)
            value = picked[0] if len(picked) == 1 else value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("max", "min") and len(value.args) == 1:
        return value.args[0] if isinstance(value.args[0], ast.Name | ast.Call | ast.ListComp | ast.GeneratorExp | ast.Attribute) else None
    return None


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
    names = {word for item in walk(node) if isinstance(item, ast.Name | ast.Attribute) for word in words(last(item))}
    names |= {word for item in walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str) for word in words(item.value)}
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


CHECKS = (
    Check(
        "chosen-on-test",
        "protocol",
        "an epoch, checkpoint, setting or threshold chosen on the test split",
        "a validation split that the code calls test",
        on_test,
    ),
)
