"""Protocol: a metric under another metric's name, in another unit, or averaged in another way than is stated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, constant, last, name_role, names_in, returns, walk, words

_LIBRARY = {
    "accuracy_score": "accuracy", "balanced_accuracy_score": "balanced accuracy", "f1_score": "f1", "precision_score": "precision", "recall_score": "recall",
    "roc_auc_score": "auc", "average_precision_score": "average precision", "mean_squared_error": "mse", "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae", "r2_score": "r2", "normalized_mutual_info_score": "nmi", "adjusted_rand_score": "ari", "adjusted_mutual_info_score": "ami",
    "log_loss": "nll", "l1_loss": "mae", "mse_loss": "mse", "cross_entropy": "nll", "matthews_corrcoef": "mcc", "homogeneity_score": "homogeneity",
}  # fmt: skip
_NAMED = {
    "f1": "f1",
    "auc": "auc",
    "auroc": "auc",
    "mse": "mse",
    "rmse": "rmse",
    "mae": "mae",
    "nmi": "nmi",
    "ari": "ari",
    "r2": "r2",
    "precision": "precision",
    "recall": "recall",
    "accuracy": "accuracy",
    "acc": "accuracy",
    "mcc": "mcc",
}


def another_name(material: Material) -> Iterator[Evidence]:
    """A metric that is written under the name of another one."""
    code = material.code
    for key, value in code.reported:
        wanted = {_NAMED[word] for word in words(key) if word in _NAMED}
        got = _computed(code, value)
        if not got and isinstance(value, ast.Name):
            got = {_NAMED[word] for word in words(value.id) if word in _NAMED}
        if (
            len(wanted) == 1
            and got
            and not wanted & got
            and not (wanted == {"rmse"} and "mse" in got and _rooted(code, value))
            and not set(words(key)) & {"balanced"}
        ):
            yield found(
                code.place(value),
                f"`{key}` holds the {' and the '.join(sorted(got))}: `{source(value)}`.",
                "name it as what it is, or compute what is named.",
            )
    for name, group in code.functions.items():
        wanted = {_NAMED[word] for word in words(name) if word in _NAMED} or (
            {"exact match"} if {"exact", "match"} <= set(words(name)) else set()
        )
        for function in group:
            message = _body_message(code, function, wanted) if len(wanted) == 1 else ""
            if message:
                yield found(code.place(function), f"`{name}` {message}.", "name it as what it is, or compute what is named.")


def _computed(code: Code, value: ast.AST) -> set[str]:
    """Return the library metrics that an expression itself computes."""
    nodes = [value]
    inner = value.args[0] if isinstance(value, ast.Call) and last(value.func) in ("float", "round", "mean") and value.args else value
    if isinstance(inner, ast.Name) and inner in code.scope_of:
        nodes += code.values(code.scope_of[inner], inner.id)
    found_here = {
        _LIBRARY[last(item.func)] for node in nodes for item in walk(node) if isinstance(item, ast.Call) and last(item.func) in _LIBRARY
    }
    return found_here


def _rooted(code: Code, value: ast.AST) -> bool:
    return any(
        (isinstance(item, ast.Call) and last(item.func) == "sqrt")
        or (isinstance(item, ast.BinOp) and isinstance(item.op, ast.Pow) and constant(item.right) == 0.5)
        for node in code.expand(value, 2)
        for item in walk(node)
    )


def _body_message(code: Code, function: ast.FunctionDef, wanted: set[str]) -> str:
    text = ast.unparse(ast.Module(function.body, []))
    values = returns(function)
    library = {_LIBRARY[last(item.func)] for item in walk(function) if isinstance(item, ast.Call) and last(item.func) in _LIBRARY}
    if library and not library & wanted and not (wanted == {"rmse"} and "mse" in library):
        return f"computes the {' and the '.join(sorted(library))}"
    if wanted == {"rmse"} and re.search(r"\*\* ?2|mse|square", text) and not re.search(r"sqrt|\*\* ?0\.5|norm\(|root_mean|\(1 / 2\)", text):
        return "takes no root: it is the mean squared error"
    if wanted == {"mse"} and re.search(r"\babs\(", text) and not re.search(r"\*\* ?2|square|mse_loss|mean_squared", text):
        return "takes absolute values: it is the mean absolute error"
    if wanted & {"precision", "recall", "accuracy"} and len(values) == 1 and re.match(r"(float|int)?\(?any\(", ast.unparse(values[0])):
        return f"counts whether there is a hit at all: `{source(values[0])}`"
    if wanted == {"f1"} and len(values) == 1 and _is_accuracy(values[0]):
        return f"is the accuracy: `{source(values[0])}`"
    if "balanced" in words(function.name) and len(values) == 1 and _pooled(values[0], text):
        return f"counts all samples together, not class by class: `{source(values[0])}`"
    if (
        wanted == {"exact match"}
        and len(values) == 1
        and _is_accuracy(values[0], code, function)
        and not re.search(r"\ball\(|equal\(|prod\(|\bmin\(", text)
    ):
        return f"counts single places, not whole ones: `{source(values[0])}`"
    if wanted == {"mae"} and re.search(r"\*\* ?2", text) and "abs" not in text:
        return "squares: it is no absolute error"
    return ""


def _pooled(value: ast.AST, text: str) -> bool:
    """Say whether a value is one ratio of all samples: trace / sum, mean(a == b)."""
    whole = re.search(r"(diagonal\(\)|diag\([^()]*\))\.sum\(\) / |trace\(.*?\) / |mean\([^()]*==", ast.unparse(value)) or _is_accuracy(
        value
    )
    return bool(whole) and not re.search(r"\bfor\b|bincount|unique|axis|sum\([01-]", text)


def _is_accuracy(value: ast.AST, code: Code | None = None, function: ast.AST | None = None) -> bool:
    """Say whether a value is the mean of a comparison, seen through the names of the function where it is given."""
    text = ast.unparse(value)
    for name in names_in(value) if code is not None and function is not None else ():
        for inner in code.values(function, name) if code is not None and function is not None else ():
            text = re.sub(rf"\b{name}\b", lambda _, inner=inner: f"({ast.unparse(inner)})", text)  # type: ignore[misc]
    return bool(re.search(r"mean\(.*==|\(.*==.*\)(\.float\(\))?\.mean\(", text)) and "precision" not in text


def averaging(material: Material) -> Iterator[Evidence]:
    """Another average than the text states: micro for macro, a median for a mean, a mean of batch ratios, another base of the logarithm."""
    code = material.code
    paper, own = material.repository.prose(paper=True).lower(), material.repository.prose(paper=False).lower()
    stated = [
        word
        for word in ("macro", "micro", "weighted")
        if re.search(rf"\b{word}[- ]?(averaged?|f1|f-?score|precision|recall|mean|auc)", paper + own)
    ]
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        used = next((word.value.value for word in call.keywords if word.arg == "average" and isinstance(word.value, ast.Constant)), None)
        if used == "micro" and last(call.func) == "f1_score" and "micro" not in paper + own:
            yield found(
                code.place(call),
                f"the micro average of F1 is the accuracy, and no text speaks of it: `{source(call)}`.",
                "compute the stated average.",
            )
        elif (
            used in ("macro", "micro", "weighted")
            and len(stated) == 1
            and used != stated[0]
            and last(call.func) in ("f1_score", "precision_score", "recall_score", "precision_recall_fscore_support", "roc_auc_score")
        ):
            yield found(
                code.place(call),
                f"the text states the {stated[0]} average, the code takes the {used} one: `{source(call)}`.",
                "compute the stated one.",
            )
    yield from _macro_by_hand(code, stated)
    yield from _median(code, paper, own)
    yield from _batch_means(code)
    yield from _base(code, paper + own)


def _macro_by_hand(code: Code, stated: list[str]) -> Iterator[Evidence]:
    """A function called f1 under a stated macro average that pools all classes before it divides."""
    if stated != ["macro"]:
        return
    for name, group in code.functions.items():
        for function in group:
            if not set(words(name)) & {"f1", "fscore", "macro"}:
                continue
            loops = any(isinstance(item, ast.For | ast.comprehension) for item in walk(function))
            text = ast.unparse(function)
            pooled = re.search(r"tp \+=|tp\.sum\(\)|sum\(tp\)|true_pos\w* \+=|tps? = 0", text)
            mean = re.search(r"mean\(|/ len\(|/ (k|n_?classes|classes|num_classes)\b", text)
            if (loops or "axis" in text or "diag" in text) and pooled and not mean:
                yield found(
                    code.place(function),
                    f"`{name}` pools the counts of all classes: it is the micro average, and the text states the macro average.",
                    "average over the classes.",
                )


def _median(code: Code, paper: str, own: str) -> Iterator[Evidence]:
    if "median" in paper or "median" in own or "mean" not in paper + own:
        return
    for key, value in code.reported:
        for node in [value, *_named(code, value)]:
            if isinstance(node, ast.Call) and last(node.func) in ("float", "round") and node.args:
                node = node.args[0]
            if isinstance(node, ast.Call) and last(node.func) in ("median", "nanmedian") and not set(words(key)) & {"median"}:
                yield found(code.place(node), f"`{key}` is a median, and the text speaks of a mean: `{source(node)}`.", "report the mean.")
            if isinstance(node, ast.Call) and last(node.func) in ("trim_mean", "tmean"):
                yield found(
                    code.place(node), f"`{key}` is a trimmed mean, and the text speaks of a mean: `{source(node)}`.", "report the mean."
                )


def _named(code: Code, value: ast.AST) -> list[ast.AST]:
    return code.values(code.scope_of[value], value.id) if isinstance(value, ast.Name) and value in code.scope_of else []


def _batch_means(code: Code) -> Iterator[Evidence]:
    """A ratio or an exponential taken in every batch and averaged over batches."""
    ratio = {
        "f1",
        "f1_score",
        "precision",
        "recall",
        "perplexity",
        "ppl",
        "auc",
        "roc_auc_score",
        "exp",
        "bleu",
        "rmse",
        "sqrt",
        "precision_score",
        "recall_score",
        "macro_f1",
        "iou",
        "r2_score",
        "r2",
        "average_precision_score",
        "psnr",
    }
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        if (
            last(call.func) != "append"
            or not call.args
            or not isinstance(call.func, ast.Attribute)
            or not isinstance(call.func.value, ast.Name)
        ):
            continue
        loop = code.within(call, ast.For)
        if not isinstance(loop, ast.For) or not re.search(
            r"batch|loader|range\(0, *len|range\(0, .*, ", ast.unparse(loop.target) + " " + ast.unparse(loop.iter)
        ):
            continue
        inner = call.args[0]
        used = {last(item.func) for node in [inner, *_named(code, inner)] for item in walk(node) if isinstance(item, ast.Call)} & ratio
        name, scope = call.func.value.id, code.scope_of[call]
        outside: list[ast.AST] = [
            item
            for item in walk(scope)
            if isinstance(item, ast.Call)
            and last(item.func) == "mean"
            and name in names_in(item)
            and not any(up is loop for up in code.ancestors(item))
        ]
        outside += [
            item
            for item in walk(scope)
            if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Div) and ast.unparse(item).startswith(f"sum({name})")
        ]
        if used and outside and "train" not in {name_role(name)} and not re.search(r"psnr", name):
            yield found(
                code.place(outside[0]),
                f"`{sorted(used)[0]}` of every batch is averaged over batches: `{source(outside[0])}`.",
                "pool the counts or losses of all batches, then take the ratio.",
            )


def _base(code: Code, prose: str) -> Iterator[Evidence]:
    for name, group in code.functions.items():
        if not set(words(name)) & {"perplexity", "ppl", "bits", "bpc", "bpd"}:
            continue
        for function in group:
            text = ast.unparse(function)
            two, natural = (
                "log2(" in text,
                bool(re.search(r"(?<!\w)(math|np|torch)\.log\(|\blog\(|log_softmax|cross_entropy|logprob", text)),
            )
            if set(words(name)) & {"perplexity", "ppl"} and (
                (two and re.search(r"\.exp\(", text)) or (natural and re.search(r"2(\.0)? \*\* ", text) and not re.search(r"log\(2", text))
            ):
                yield found(code.place(function), f"`{name}` mixes the bases of logarithm and power.", "use one base.")
            if set(words(name)) & {"bits", "bpc", "bpd"} and natural and not re.search(r"log\(2|log2|0\.69|1\.44|LN2|LOG2", text):
                yield found(code.place(function), f"`{name}` is in nats.", "divide by log 2.")


CHECKS = (
    Check("metric-name", "protocol", "a metric under another metric's name", "a short name used for several metrics", another_name),
    Check("averaging", "protocol", "another average or unit than the text states", "two averages that are both reported", averaging),
)
