"""Protocol: a metric under another metric's name, an evaluation in training mode, on a part, or with more than is said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, constant, dotted, last, name_role, names_in, returns, words

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
        wanted = {_NAMED[word] for word in words(name) if word in _NAMED}
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
        _LIBRARY[last(item.func)] for node in nodes for item in ast.walk(node) if isinstance(item, ast.Call) and last(item.func) in _LIBRARY
    }
    return found_here


def _rooted(code: Code, value: ast.AST) -> bool:
    return any(
        (isinstance(item, ast.Call) and last(item.func) == "sqrt")
        or (isinstance(item, ast.BinOp) and isinstance(item.op, ast.Pow) and constant(item.right) == 0.5)
        for node in code.expand(value, 2)
        for item in ast.walk(node)
    )


def _body_message(code: Code, function: ast.FunctionDef, wanted: set[str]) -> str:
    text = ast.unparse(ast.Module(function.body, []))
    values = returns(function)
    library = {_LIBRARY[last(item.func)] for item in ast.walk(function) if isinstance(item, ast.Call) and last(item.func) in _LIBRARY}
    if library and not library & wanted and not (wanted == {"rmse"} and "mse" in library):
        return f"computes the {' and the '.join(sorted(library))}"
    if wanted == {"rmse"} and re.search(r"\*\* ?2|mse|square", text) and not re.search(r"sqrt|\*\* ?0\.5|norm\(|root_mean|\(1 / 2\)", text):
        return "takes no root: it is the mean squared error"
    if wanted == {"mse"} and re.search(r"\babs\(", text) and not re.search(r"\*\* ?2|square|mse_loss|mean_squared", text):
        return "takes absolute values: it is the mean absolute error"
    if wanted == {"f1"} and len(values) == 1 and _is_accuracy(values[0]):
        return f"is the accuracy: `{source(values[0])}`"
    if wanted == {"mae"} and re.search(r"\*\* ?2", text) and "abs" not in text:
        return "squares: it is no absolute error"
    return ""


def _is_accuracy(value: ast.AST) -> bool:
    text = ast.unparse(value)
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
            loops = any(isinstance(item, ast.For | ast.comprehension) for item in ast.walk(function))
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
        used = {last(item.func) for node in [inner, *_named(code, inner)] for item in ast.walk(node) if isinstance(item, ast.Call)} & ratio
        name, scope = call.func.value.id, code.scope_of[call]
        outside: list[ast.AST] = [
            item
            for item in ast.walk(scope)
            if isinstance(item, ast.Call)
            and last(item.func) == "mean"
            and name in names_in(item)
            and not any(up is loop for up in code.ancestors(item))
        ]
        outside += [
            item
            for item in ast.walk(scope)
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


def training_mode(material: Material) -> Iterator[Evidence]:
    """A network with dropout or batch normalisation that is measured in training mode."""
    code = material.code
    text = "\n".join(module.text for module in code.repository.code)
    if not re.search(r"Dropout|BatchNorm|dropout\(", text) or "torch" not in text:
        return
    if not re.search(r"\.eval\(\)|\.train\(False\)|train\(mode=False\)", text):
        for function in _measuring(code):
            yield found(
                code.place(function),
                f"`{function.name}` measures a network with dropout or batch normalisation, and nothing puts it into evaluation mode.",
                "call model.eval() before measuring.",
            )
            return
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        scope = code.scope_of[call]
        if (
            last(call.func) == "train"
            and isinstance(call.func, ast.Attribute)
            and isinstance(scope, ast.FunctionDef)
            and not call.args
            and set(words(scope.name)) & {"evaluate", "eval", "test", "accuracy", "measure", "score", "error", "predict", "validate"}
        ):
            inner = ast.unparse(scope)
            if ".eval()" not in inner or (inner.index(".train()") < inner.index(".eval()") and "return" in inner[: inner.index(".eval()")]):
                yield found(
                    code.place(call), f"`{scope.name}` measures in training mode: `{source(call)}`.", "call model.eval() before measuring."
                )
    for word in code.walk(ast.keyword):
        assert isinstance(word, ast.keyword)
        around = code.parent.get(word)
        if (
            word.arg == "training"
            and isinstance(word.value, ast.Constant)
            and word.value.value is True
            and isinstance(around, ast.Call)
            and last(around.func) in ("dropout", "batch_norm")
        ):
            yield found(code.place(around), f"noise of training stays on at evaluation: `{source(around)}`.", "give it self.training.")


def _measuring(code: Code) -> list[ast.FunctionDef]:
    chosen = [
        function
        for name, group in code.functions.items()
        for function in group
        if set(words(name)) & {"evaluate", "accuracy", "measure", "test", "score", "error", "perplexity", "mse", "validate"}
    ]
    return [item for item in chosen if not re.search(r"backward\(", ast.unparse(item))] or [
        item for group in code.functions.values() for item in group if item.name in ("main", "run", "experiment")
    ]


def on_a_part(material: Material) -> Iterator[Evidence]:
    """An evaluation on a part of the test split: the first samples, the confident ones, the easy ones."""
    code, own, paper = material.code, material.repository.prose(paper=False).lower(), material.repository.prose(paper=True).lower()
    if re.search(r"subset|first \d+ (test|images|samples|sentences)|(a|the) part of the test|only \d+ test|\d+ of the \d+ test", own):
        return
    for node in code.walk(ast.Subscript):
        assert isinstance(node, ast.Subscript)
        if not isinstance(node.value, ast.Name | ast.Attribute) or name_role(last(node.value)) != "test":
            continue
        part = node.slice
        statement = code.within(node, ast.Assign)
        again = isinstance(statement, ast.Assign) and name_role(" ".join(map(dotted, statement.targets))) == "valid"
        if isinstance(part, ast.Slice) and part.lower is None and part.upper is not None and not again and not _batch(code, node):
            if (
                (constant(part.upper) is not None and constant(part.upper) != -1.0)
                or re.search(r"//|\* ?0?\.\d", ast.unparse(part.upper))
                or (isinstance(part.upper, ast.Name) and part.upper.id.isupper())
            ) and not _stated(part.upper, own + paper):
                yield found(
                    code.place(node),
                    f"only a part of the test data is measured: `{source(node)}`.",
                    "measure all of it, or say in the README how much.",
                )
        elif _easy(code, part):
            yield found(
                code.place(node), f"the test samples that are measured are chosen by the model: `{source(node)}`.", "measure all of them."
            )
    for node in code.walk(ast.Call):
        if isinstance(node, ast.Call) and last(node.func) == "DataLoader" and node.args and name_role(ast.unparse(node.args[0])) == "test":
            if any(word.arg == "drop_last" and isinstance(word.value, ast.Constant) and word.value.value is True for word in node.keywords):
                yield found(code.place(node), f"the last test batch is dropped: `{source(node)}`.", "measure all samples.")
        elif isinstance(node, ast.Call) and last(node.func) == "islice" and node.args and "test" in code.roles(node.args[0]):
            yield found(
                code.place(node),
                f"only a part of the test data is measured: `{source(node)}`.",
                "measure all of it, or say in the README how much.",
            )
    yield from _confident(code, own)
    yield from _last_batch(code)
    if not re.search(r"(unknown|unseen|out-of-vocabulary|oov) (words|tokens|characters) are (skipped|left out|ignored)", own + paper):
        yield from _known_words(code)


def _stated(size: ast.AST, prose: str) -> bool:
    """Say whether the text itself gives the size of the test data that are measured."""
    number = constant(size)
    return number is not None and bool(re.search(rf"\b{number:.0f}\b", prose.replace(" 000", "000").replace(",000", "000")))


def _batch(code: Code, node: ast.AST) -> bool:
    return any(
        isinstance(item, ast.Call) and last(item.func) in ("print", "imshow", "show", "plot", "scatter", "save_image", "make_grid")
        for item in code.ancestors(node)
    )


def _easy(code: Code, part: ast.AST) -> bool:
    nodes = [part, *_named(code, part)] if isinstance(part, ast.Name) else [part]
    for node in nodes:
        if (
            isinstance(node, ast.Compare | ast.BinOp | ast.Call)
            and re.search(r"conf|proba|margin|entropy|max\((axis|1|-1|dim)|correct|certain|easy", ast.unparse(node))
            and re.search(r"[<>]|argsort|nonzero|where", ast.unparse(node))
        ):
            return True
    return False


def _last_batch(code: Code) -> Iterator[Evidence]:
    """for i in range(0, len(x) - batch, batch) in a function that measures."""
    for node in code.walk(ast.For, ast.comprehension):
        assert isinstance(node, ast.For | ast.comprehension)
        function = code.scope_of[node]
        if (
            not isinstance(function, ast.FunctionDef)
            or re.search(r"backward\(|\.step\(|optimi", ast.unparse(function))
            or last(node.iter) != "range"
        ):
            continue
        if not set(words(function.name)) & {
            "evaluate",
            "eval",
            "accuracy",
            "error",
            "test",
            "measure",
            "score",
            "perplexity",
            "loss",
            "mse",
            "predict",
        }:
            continue
        arguments = node.iter.args if isinstance(node.iter, ast.Call) else []
        whole = [ast.unparse(argument) for argument in arguments]
        steps = len(whole) == 3 and re.fullmatch(rf"len\(.*\) - {re.escape(whole[2])}", whole[1])
        floor = len(whole) == 1 and re.fullmatch(r"(len\(.*\)|n|\w+\.shape\[0\]|\w+\.size\(0\)) // \w+", whole[0])
        if steps or floor:
            yield found(code.place(node.iter), f"the last test samples are left out: `{source(node.iter)}`.", "measure all samples.")


def _known_words(code: Code) -> Iterator[Evidence]:
    """A likelihood that leaves out the words that the model does not know."""
    for name, group in code.functions.items():
        if not set(words(name)) & {"perplexity", "ppl", "nll", "likelihood", "bits", "bpc", "entropy", "loss"}:
            continue
        for function in group:
            for node in ast.walk(function):
                filtered = isinstance(node, ast.comprehension) and any(
                    isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In) and "vocab" in ast.unparse(test) for test in node.ifs
                )
                skipped = (
                    isinstance(node, ast.If)
                    and isinstance(node.test, ast.Compare)
                    and isinstance(node.test.ops[0], ast.NotIn)
                    and isinstance(node.body[0], ast.Continue)
                )
                if filtered or skipped:
                    yield found(
                        code.place(function), f"`{name}` leaves out words that the model does not know.", "count them as unknown words."
                    )
                    break


def _confident(code: Code, own: str) -> Iterator[Evidence]:
    """pred[keep] == y[keep] with keep chosen from the model's confidence."""
    if re.search(r"confiden|coverage|selective|reject|abstain", own):
        return
    for node in code.walk(ast.Compare):
        assert isinstance(node, ast.Compare)
        sides = [node.left, *node.comparators]
        if isinstance(node.ops[0], ast.Eq) and all(isinstance(side, ast.Subscript) for side in sides):
            keys = {ast.unparse(side.slice) for side in sides if isinstance(side, ast.Subscript)}
            part = sides[0].slice if isinstance(sides[0], ast.Subscript) else None
            if len(keys) == 1 and isinstance(part, ast.Name | ast.Compare) and _easy(code, part):
                yield found(
                    code.place(node), f"only samples of which the model is sure are counted: `{source(node)}`.", "count all of them."
                )


def more_than_said(material: Material) -> Iterator[Evidence]:
    """Averaging over augmented copies or over models at evaluation that neither text mentions."""
    code = material.code
    prose = (material.repository.prose(paper=True) + material.repository.prose(paper=False)).lower()
    if re.search(
        r"ensembl|averag\w+ (of|over) (the )?(\w+ )?(models|networks|members|views|crops|flips|copies|checkpoints|predictions)|test[- ]time|tta|committee|bagg|vote|voting|swa\b|ema\b|monte carlo|mc dropout",
        prose,
    ):
        return
    for name, group in code.functions.items():
        for function in group:
            text = ast.unparse(function)
            if set(words(name)) & {
                "evaluate",
                "predict",
                "accuracy",
                "error",
                "test",
                "measure",
                "score",
                "probabilities",
                "logits",
                "mse",
            } and not set(words(name)) & {"train"}:
                flips = re.search(r"(flip\w*|\broll|rot90|crop\w*|jitter\w*|\bshift|augment\w*)\(|\[.*[:.], ::-1\]", text) and re.search(
                    r"mean\(|/ ?\d|sum\(", text
                )
                members = re.search(
                    r"for (model|net|m|member|w|clf|p) in (models|nets|members|ensemble|self\.(models|members)|snapshots|checkpoints|clfs)",
                    text,
                ) and re.search(r"mean\(|sum\(|/ len", text)
                if (
                    flips
                    and not re.search(r"backward\(|\.step\(\)", text)
                    and re.search(r"(mean|sum|stack)\(\s*[\[(]|\) \+ \w+\(|\+ (self|net|model|predict)\(|\+=", text)
                ):
                    yield found(
                        code.place(function),
                        f"`{name}` averages over changed copies of its input, which no text mentions.",
                        "say so, or measure a single pass.",
                    )
                elif members:
                    yield found(
                        code.place(function),
                        f"`{name}` averages over several models, which no text mentions.",
                        "say so, or measure a single model.",
                    )


CHECKS = (
    Check("metric-name", "protocol", "a metric under another metric's name", "a short name used for several metrics", another_name),
    Check("averaging", "protocol", "another average or unit than the text states", "two averages that are both reported", averaging),
    Check("training-mode", "protocol", "a network measured in training mode", "Monte Carlo dropout", training_mode),
    Check(
        "part-of-test",
        "protocol",
        "an evaluation on a part of the test split",
        "a smaller test set that the text states in other words",
        on_a_part,
    ),
    Check(
        "unsaid-ensemble",
        "protocol",
        "averaging over copies or models that no text mentions",
        "a method whose definition is an average",
        more_than_said,
    ),
)
