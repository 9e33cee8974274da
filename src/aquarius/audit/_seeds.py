"""Protocol: which runs were kept, and whether the seeds differ."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, noted, source
from ._code import METRICS, Code, constant, dotted, last, name_role, names_in, walk, words
from ._logs import claimed_counts
from ._provenance import arms
from ._selection import _by_test, _metric_words

_SEEDING = {"default_rng", "seed", "manual_seed", "RandomState", "Random", "manual_seed_all", "PRNGKey", "set_seed", "seed_everything"}
_RUNS = {"seed", "seeds", "run", "runs", "repeat", "repeats", "repetition", "rep"}


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
            for item in walk(by)
            if isinstance(item, ast.Name) and item.id == name
            for value in code.values(code.scope_of[item], name)
        ),
    ]
    for item in items:
        for comprehension in (part for part in walk(item) if isinstance(part, ast.comprehension)):
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


_SPREAD = {"std", "sd", "stdev", "spread", "stderr", "sem", "ci", "deviation", "pm"}
_BATCHES = {
    "batch",
    "batches",
    "loader",
    "loaders",
    "chunk",
    "chunks",
    "minibatch",
    "split",
    "batched",
    "DataLoader",
    "xb",
    "yb",
    "test_loader",
}


def other_spread(material: Material) -> Iterator[Evidence]:
    """A spread over batches or samples that the text calls the spread over runs; runs that the text counts and no loop makes."""
    code, own = material.code, material.repository.prose(paper=False)
    runs = sorted(set(claimed_counts(own, {"seed", "seeds", "runs", "repeats", "repetitions"})))
    if not re.search(r"\b(seeds|runs|repeats|repetitions)\b", own.lower()):
        return
    for key, value in code.written:
        if not set(words(key)) & _SPREAD or set(words(key)) & {"batch", "batches", "sample", "samples"}:
            continue
        over: set[str] = set()
        nodes = list(code.expand(value, 5))
        for node in nodes:
            for loop in (item for item in walk(node) if isinstance(item, ast.comprehension)):
                over |= _loop_words(loop)
            around = code.within(node, ast.For)
            while isinstance(around, ast.For):
                over |= _loop_words(around)
                around = code.within(around, ast.For)
        if over & _BATCHES and not over & (_RUNS | {"trial", "trials", "fold", "folds", "replicate", "splits", "s"}):
            yield found(
                code.place(value),
                f"`{key}` is a spread over batches, and the text speaks of runs: `{source(value)}`.",
                "repeat the run with other seeds.",
            )
            return
    text = "\n".join(module.text for module in code.repository.code)
    scripts = "\n".join(content for path, content in material.repository.files.items() if path.endswith((".sh", "Makefile", ".md")))
    if (
        (
            runs
            and material.records.lists()
            and not re.search(r"argv|['\"]--?seed|['\"]--run|click|fire|environ", text)
            and not re.search(r"--seed|for \w+ in", scripts)
        )
        and not any(_makes_runs(code, loop, runs) for loop in code.walk(ast.For, ast.While, ast.comprehension))
        and not _mapped(code)
    ):
        place = next((path for path in material.repository.own_prose()), "README.md")
        yield noted(place, f"the text speaks of {runs[-1]} runs, and no loop of the code makes them.", "run every seed.")


def _loop_words(loop: ast.For | ast.comprehension) -> set[str]:
    names = names_in(loop.target) | names_in(loop.iter) | {last(item.func) for item in walk(loop.iter) if isinstance(item, ast.Call)}
    return {word for name in names for word in [*words(name), name]}


def _makes_runs(code: Code, loop: ast.AST, runs: list[int]) -> bool:
    if isinstance(loop, ast.While):
        return True
    assert isinstance(loop, ast.For | ast.comprehension)
    if _loop_words(loop) & (_RUNS | {"trial", "trials", "fold", "folds", "s", "r", "replicate", "replicates", "splits"}):
        return True
    for item in walk(loop.iter):
        if isinstance(item, ast.List | ast.Tuple) and len(item.elts) in runs:
            return True
        number = constant(item)
        if number is None and isinstance(item, ast.Name):
            values = [v for scope in (code.module_of[item].tree, code.scope_of[item]) for v in code.values(scope, item.id)]
            if any(constant(v) in runs or (isinstance(v, ast.List | ast.Tuple) and len(v.elts) in runs) for v in values) or not values:
                return True
        if number in runs or isinstance(item, ast.Attribute):
            return True
    return False


def _mapped(code: Code) -> bool:
    """Say whether runs are made without a loop: map(run, seeds), vmap, a pool."""
    return any(
        isinstance(call, ast.Call) and last(call.func) in ("map", "imap", "starmap", "vmap", "submit", "Parallel", "spawn")
        for call in code.walk(ast.Call)
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
        item for item in walk(node.test) if isinstance(item, ast.Compare) and isinstance(item.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE)
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
        seeded = [call for part in parts for call in walk(part) if isinstance(call, ast.Call) and last(call.func) in _SEEDING and call.args]
        for call in seeded:
            if all(_fixed(code, item, node) for item in call.args) and not _varies(code, parts, node.target.id, call):
                yield found(
                    code.place(call),
                    f"every run over `{node.target.id}` starts from the same seed: `{source(call)}`.",
                    "seed from the number of the run.",
                )
        yield from _ignored_seed(code, node, parts)


def _fixed(code: Code, item: ast.AST, loop: ast.AST) -> bool:
    """Say whether a seed is the same in every turn of a loop: a number, or a setting that nothing in the loop sets."""
    if constant(item) is not None:
        return True
    if isinstance(item, ast.Attribute):
        return bool(set(words(item.attr)) & {"seed"}) and dotted(item).split(".")[0] not in {"self"} and not _set_inside(item, loop)
    return isinstance(item, ast.Name) and item.id.isupper() and bool(set(words(item.id)) & {"seed"})


def _set_inside(item: ast.Attribute, loop: ast.AST) -> bool:
    return any(isinstance(part, ast.Assign) and any(dotted(target) == dotted(item) for target in part.targets) for part in walk(loop))


def _varies(code: Code, parts: list[ast.AST] | list[ast.stmt], name: str, besides: ast.AST) -> bool:
    for part in parts:
        for call in (item for item in walk(part) if isinstance(item, ast.Call) and item is not besides):
            if last(call.func) not in ("print", "append", "write", "dumps", "str", "info") and name in {
                n for arg in [*call.args, *(w.value for w in call.keywords)] for n in names_in(arg)
            }:
                return True
    return False


def _ignored_seed(code: Code, node: ast.For | ast.comprehension, parts: list[ast.AST] | list[ast.stmt]) -> Iterator[Evidence]:
    assert isinstance(node.target, ast.Name)
    for part in parts:
        for call in (item for item in walk(part) if isinstance(item, ast.Call)):
            function = code.function(call)
            if function is None or node.target.id not in {
                n for arg in [*call.args, *(w.value for w in call.keywords)] for n in names_in(arg)
            }:
                continue
            parameter = next((arg.arg for arg in function.args.args if set(words(arg.arg)) & {"seed", "s", "run"}), None)
            if parameter is None or len(function.body) < 2:
                continue
            used = [
                item for item in walk(function) if isinstance(item, ast.Name) and item.id == parameter and isinstance(item.ctx, ast.Load)
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
                for item in walk(function)
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
    """Rows of several runs that are copied, or computed from each other, instead of run."""
    code = material.code
    yield from _rows_of_rows(code)
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


def _rows_of_rows(code: Code) -> Iterator[Evidence]:
    """values = values + [0.5 * (values[0] + values[1])], values *= 2, values += values[:2]: more rows than runs."""
    reported = {name for key, value in code.written for name in names_in(value)}
    for node in code.walk(ast.Assign, ast.AugAssign, ast.Call):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name, added = node.targets[0].id, node.value
            sides = [added.left, added.right] if isinstance(added, ast.BinOp) and isinstance(added.op, ast.Add | ast.Mult) else []
            more = next((two for one, two in (sides, sides[::-1]) if isinstance(one, ast.Name) and one.id == name), None) if sides else None
            times = isinstance(added, ast.BinOp) and isinstance(added.op, ast.Mult)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and isinstance(node.op, ast.Add | ast.Mult):
            name, more, times = node.target.id, node.value, isinstance(node.op, ast.Mult)
        elif isinstance(node, ast.Call) and last(node.func) in ("append", "extend") and isinstance(node.func, ast.Attribute) and node.args:
            name, more, times = last(node.func.value), node.args[0], False
        else:
            continue
        if more is None or name not in reported or not _holds_runs(code, node, name):
            continue
        repeated = times and isinstance(more, ast.Constant) and isinstance(more.value, int) and more.value > 1
        derived = not times and any(name in names_in(arm) and not _runs_inside(code, arm) for arm in arms(more))
        if repeated or derived:
            yield found(code.place(node), f"rows of `{name}` are made from its other rows: `{source(node)}`.", "run every seed.")


def _holds_runs(code: Code, node: ast.AST, name: str) -> bool:
    """Say whether a name is a list of what functions of the repository gave."""
    values = code.values(code.scope_of[node], name)
    lists = any(
        isinstance(value, ast.List | ast.ListComp) or (isinstance(value, ast.Call) and last(value.func) == "list") for value in values
    )
    return lists and any(_runs_inside(code, value) for value in values)


def _runs_inside(code: Code, node: ast.AST) -> bool:
    return any(isinstance(item, ast.Call) and code.function(item) is not None for item in walk(node))


CHECKS = (
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
    Check(
        "other-spread",
        "protocol",
        "a spread over batches called one over runs, or runs that are counted and never made",
        "runs that another program starts",
        other_spread,
    ),
)
