"""Protocol: an evaluation in training mode, on a part of the test split, or with more than is said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, constant, dotted, last, name_role, walk, words
from ._metrics import _named


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
    yield from _filtered(code, own)
    yield from _last_batch(code)
    if not re.search(r"(unknown|unseen|out-of-vocabulary|oov) (words|tokens|characters) are (skipped|left out|ignored)", own + paper):
        yield from _known_words(code)


def _filtered(code: Code, own: str) -> Iterator[Evidence]:
    """test = test[np.isin(y[test], (0, 2))]: the test samples are sieved by a rule that the training samples are not."""
    if re.search(r"\b(filter|exclud|restrict|only the|subset|classes? \d|of the ten|without the|left out|remov)", own):
        return
    for node in code.walk(ast.Assign):
        assert isinstance(node, ast.Assign)
        for target, value in (pair for whole in node.targets for pair in code.pairs(whole, node.value)):
            if name_role(dotted(target)) != "test":
                continue
            sieve: ast.AST | None = None
            if isinstance(value, ast.Subscript) and name_role(dotted(value.value)) == "test" and dotted(value.value) == dotted(target):
                sieve = value.slice if not isinstance(value.slice, ast.Slice) else None
            elif isinstance(value, ast.ListComp) and name_role(dotted(value.generators[0].iter)) == "test" and value.generators[0].ifs:
                sieve = value.generators[0].ifs[0]
            if sieve is None or isinstance(sieve, ast.Constant):
                continue
            parts = [sieve, *(code.values(code.scope_of[node], sieve.id) if isinstance(sieve, ast.Name) else [])]
            rule = any(
                isinstance(item, ast.Compare)
                or (isinstance(item, ast.Call) and last(item.func) in ("isin", "in1d", "nonzero", "flatnonzero", "where"))
                for part in parts
                for item in walk(part)
            )
            unknown = "not in" in ast.unparse(sieve) and "train" in ast.unparse(sieve)  # duplicates of the training data are taken out
            if rule and not unknown and not _same_sieve(code, node, sieve):
                yield found(
                    code.place(node), f"test samples are sieved before they are measured: `{source(node)}`.", "measure all of them."
                )


def _same_sieve(code: Code, node: ast.Assign, sieve: ast.AST) -> bool:
    """Say whether the training samples go through the same rule."""
    wanted = re.sub(r"test|te\b|held", "train", ast.unparse(sieve))
    scope = code.scope_of[node]
    return any(
        isinstance(item, ast.Assign)
        and item is not node
        and wanted in ast.unparse(item.value)
        and name_role(" ".join(map(dotted, item.targets))) == "train"
        for item in walk(scope)
    )


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
            for node in walk(function):
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


_OBJECTIVES = {"loss", "elbo", "inertia", "likelihood", "nll", "objective", "reward", "return", "returns", "regret"}
_TRUTH = re.compile(r"^(y|labels?|targets?|truth|y_?true|t|values?|rows|data|x|loader|inputs?)\w*$")


def on_training(material: Material) -> Iterator[Evidence]:
    """A result that is measured on the training part, although the text speaks of held-out data."""
    code = material.code
    prose = (material.repository.prose(paper=False) + material.repository.prose(paper=True)).lower()
    if not re.search(r"held[- ]?out|test|unseen|validation|generali", prose):
        return
    seen: set[int] = set()
    for key, value in code.reported:
        if set(words(key)) & ({"train", "training", "fit", "insample", "tr"} | _OBJECTIVES):
            continue
        for node in code.expand(value, 5):
            for call in (item for item in walk(node) if isinstance(item, ast.Call)):
                if id(call) in seen or not set(words(last(call.func))) & _MEASURES:
                    continue
                seen.add(id(call))
                if _measured_on(code, call) == {"train"}:
                    yield found(
                        code.place(call), f"`{key}` is measured on the training part: `{source(call)}`.", "measure on the held-out part."
                    )
                    return


_MEASURES = {
    "accuracy", "error", "score", "evaluate", "mse", "rmse", "mae", "r2", "f1", "auc", "nmi", "perplexity", "precision", "recall", "measure", "metric",
    "metrics", "mean", "eval", "acc", "squared", "absolute", "bpc", "bits",
}  # fmt: skip


def _measured_on(code: Code, call: ast.Call) -> set[str]:
    """Return the parts of the data that a measuring call is given in so many words; empty where one argument is of no known part."""
    found_here: set[str] = set()
    for item in [*call.args, *(word.value for word in call.keywords)]:
        parts = [
            part
            for part in walk(item)
            if isinstance(part, ast.Subscript | ast.Name) and not isinstance(code.parent.get(part), ast.Subscript)
        ]
        fitted = {id(sub) for inner in walk(item) if isinstance(inner, ast.Call) and last(inner.func) == "fit" for sub in walk(inner)}
        for part in (part for part in parts if id(part) not in fitted):
            name = part.id if isinstance(part, ast.Name) else dotted(part.value)
            base = name.rsplit(".", 1)[-1]
            role = name_role(base)
            if role is None and isinstance(part, ast.Subscript):
                index = [sub.id for sub in walk(part.slice) if isinstance(sub, ast.Name)]
                roles = {r for i in index for r in ([name_role(i)] if name_role(i) else code.rest(code.scope_of[part], i))}
                if len(roles) == 1:
                    role = roles.pop()
            if role is not None:
                found_here.add(role)
            elif _TRUTH.match(base) and (last(call.func) != "mean" or isinstance(part, ast.Subscript)):
                deeper = code.roles(part)
                found_here |= deeper or {"unknown"}
    return found_here


CHECKS = (
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
    Check(
        "measured-on-training",
        "protocol",
        "a result that is measured on the training part",
        "a fit that is reported beside the held-out result under the same name",
        on_training,
    ),
)
