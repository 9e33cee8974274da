"""Fabrication around the run: failures that pass, answers that are read, examiners that are recognised, work left undone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, noted, source
from ._code import METRICS, Code, constant, dotted, last, names_in, returns, walk, words
from ._provenance import number as literal
from ._spine import spine

_WRITERS = {"dump", "dumps", "write_text", "write", "to_csv", "save", "savez", "to_json"}
_READERS = {"load", "loads", "read_text", "open", "read", "safe_load", "read_csv", "read_json"}
_BROAD = {"Exception", "BaseException", ""}


def swallowed(material: Material) -> Iterator[Evidence]:
    """A broad handler around the work that lets a failed run end like a good one, or puts a number in its place."""
    code = material.code
    for node in code.walk(ast.Try):
        assert isinstance(node, ast.Try)
        for handler in node.handlers:
            kinds = {
                last(item)
                for item in ([handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts)
                if item is not None
            } or {""}
            stand_in = _metric_fallback(code, handler)
            if stand_in is not None:
                yield found(
                    code.place(handler),
                    f"where the work fails, a number takes its place: `{source(stand_in)}`.",
                    "let the run fail, or record that it failed.",
                )
            elif kinds & _BROAD and _exits_well(handler):
                yield found(code.place(handler), "where the work fails, the run ends with exit code 0.", "let a failure be one.")
            elif (
                kinds & _BROAD
                and _work(code, node)
                and not any(isinstance(item, ast.Raise) for item in walk(handler))
                and not _exits(handler)
            ):
                yield found(
                    code.place(handler),
                    f"`except {' '.join(sorted(kinds)).strip()}` around `{source(node.body[0])}` lets a failed run end with exit code 0.",
                    "catch what is expected, or raise again.",
                )
        for call in (item for part in node.finalbody for item in walk(part) if isinstance(item, ast.Call)):
            if last(call.func) in ("exit", "_exit") and (not call.args or constant(call.args[0]) == 0):
                yield found(
                    code.place(call), f"the run ends with exit code 0 whatever happened: `{source(call)}`.", "let a failure be one."
                )
    for node in code.walk(ast.With):
        assert isinstance(node, ast.With)
        for item in node.items:
            if last(item.context_expr) == "suppress" and re.search(r"\((Base)?Exception\)", ast.unparse(item.context_expr)):
                protected = ast.Try(body=node.body, handlers=[], orelse=[], finalbody=[])
                if _work(code, protected):
                    yield found(
                        code.place(node), f"every failure of the run is suppressed: `{source(item.context_expr)}`.", "let a failure be one."
                    )
    for path, text in material.repository.files.items():
        for row, line in enumerate(text.splitlines(), 1):
            if (path.endswith(".sh") or path.endswith("Makefile")) and _forgiven(line):
                yield noted(path, f"line {row}: a failed command counts as a good one: `{line.strip()[:70]}`.", "let the command fail.")


def _forgiven(line: str) -> bool:
    """Say whether a line of a script goes on as if nothing had happened after a command of the experiment failed."""
    code = line.split(" #")[0]
    return bool(
        re.search(r"(python\d?|pytest|torchrun|\$\(?PYTHON\)?)\b.*(\|\||;)\s*(true|:|exit 0|cp|cat|mv|echo)(\b|\s|$)", code)
        or re.search(r"^\s*-\s*(python\d?|pytest)\b", code)
    )


def _metric_fallback(code: Code, handler: ast.ExceptHandler) -> ast.AST | None:
    for item in walk(handler):
        if isinstance(item, ast.Return) and item.value is not None and _invented(code, item.value):
            return item
        if isinstance(item, ast.Assign) and _invented(code, item.value) and set(words(" ".join(map(dotted, item.targets)))) & METRICS:
            return item
        if isinstance(item, ast.Call) and last(item.func) == "append" and item.args and _invented(code, item.args[0]):
            return item
    return None


def _invented(code: Code, value: ast.AST) -> bool:
    """Say whether a value is a number that nothing measured: a literal, or arithmetic of constants of the module alone."""
    if isinstance(value, ast.Dict):
        return any(_invented(code, item) for item in value.values)
    parts = [value.left, value.right] if isinstance(value, ast.BinOp) else []
    if parts:
        return any(_invented(code, item) for item in parts) and not any(isinstance(item, ast.Call) for item in walk(value))
    known = literal(code, value)
    return known is not None and known != int(known)


def _exits_well(handler: ast.ExceptHandler) -> bool:
    ends = [item for item in walk(handler) if isinstance(item, ast.Call) and dotted(item.func) in ("sys.exit", "exit", "quit", "os._exit")]
    return bool(ends) and all(not item.args or constant(item.args[0]) == 0 for item in ends)


def _exits(handler: ast.ExceptHandler) -> bool:
    for item in walk(handler):
        if isinstance(item, ast.Call) and last(item.func) in ("exit", "_exit", "SystemExit", "fail"):
            value = item.args[0] if item.args else ast.Constant(0)
            return constant(value) != 0 if isinstance(value, ast.Constant) else True
    return False


def _work(code: Code, node: ast.Try) -> bool:
    """Say whether the protected part is the experiment itself: it calls main, or something of the repository that trains or measures."""
    for item in (child for part in node.body for child in walk(part) if isinstance(child, ast.Call)):
        if last(item.func) in ("main", "run", "train", "evaluate", "fit", "backward", "experiment", "check_call"):
            return True
        function = code.function(item)
        if function is not None and not set(words(function.name)) & {"plot", "figure", "draw", "save", "git", "version", "cache"}:
            return True
    return False


def old_answers(material: Material) -> Iterator[Evidence]:
    """A result that is read from an old result file, from the paper's text or from the answers, and not computed."""
    code = material.code
    yield from _kept_numbers(code)
    yield from _only_once(code)
    for node in code.walk(ast.Call):
        assert isinstance(node, ast.Call)
        if last(node.func) not in _READERS:
            continue
        text = ast.unparse(node)
        if last(node.func) == "open" and re.search(r"['\"][wax]b?\+?['\"]", text):
            continue
        file = re.search(
            r"[\w./-]*(results?|metrics|scores|paper|README|answers?|solution|expected|labels|golden)[\w-]*\.(json|jsonl|md|txt|csv|npy|npz|pkl|pt)",
            text,
        )
        if not file or (isinstance(code.parent.get(node), ast.Attribute) and last(code.parent[node]) in _WRITERS):
            continue
        if (
            isinstance(code.parent.get(node), ast.Attribute)
            and isinstance(code.parent.get(code.parent[node]), ast.Call)
            and last(code.parent[node]) in _READERS
        ):
            continue  # the call around it is looked at itself
        outer = code.within(node, ast.Call)
        if _shown(code, node) and not _instead(code, node):
            continue
        name = file.group(1).lower()
        if name in ("paper", "readme", "answers", "answer", "solution", "expected", "golden"):
            yield found(
                code.place(node),
                f"the code reads `{file.group().strip('/')}`: `{source(outer or node)}`.",
                "the answer must not be an input of the run.",
            )
        elif _guarded(code, node):
            yield found(
                code.place(node),
                f"an old `{file.group().strip('/')}` takes the place of a run: `{source(outer or node)}`.",
                "run again, or say in the README that the numbers are kept.",
            )


def _kept_numbers(code: Code) -> Iterator[Evidence]:
    """A measurement that gives back what a file holds, where the file is there, and the file's name says nothing of what it depends on."""
    for key, value in code.reported:
        for bone in spine(code, value):
            call = bone.node
            if (
                isinstance(call, ast.Call)
                and last(call.func) in _READERS
                and isinstance(code.scope_of.get(call), ast.FunctionDef)
                and _guarded(code, call)
            ):
                yield found(
                    code.place(call),
                    f"`{key}` is read from a file where one is there: `{source(call)}`.",
                    "measure it, or key the file by everything that the number depends on.",
                )


def _only_once(code: Code) -> Iterator[Evidence]:
    """if not exists("results.json"): main() - with the file there, the program ends without a run."""
    for node in code.walk(ast.If):
        assert isinstance(node, ast.If)
        missing = [
            item.operand
            for item in walk(node.test)
            if isinstance(item, ast.UnaryOp) and isinstance(item.op, ast.Not) and re.search(r"exists|is_file", ast.unparse(item))
        ]
        named = " ".join(
            [ast.unparse(item) for item in missing]
            + [ast.unparse(value) for item in missing for name in names_in(item) for value in code.values(code.module_of[node].tree, name)]
        )
        runs = [
            item
            for part in node.body
            for item in walk(part)
            if isinstance(item, ast.Call) and last(item.func) in ("main", "run", "run_all", "experiment")
        ]
        if runs and not node.orelse and re.search(r"(results?|metrics|scores|summary)[\w-]*\.(json|csv|txt)", named):
            yield found(code.place(node), f"with old results there, nothing is run: `{source(node.test)}`.", "run again.")


def _instead(code: Code, node: ast.AST) -> bool:
    """if results.exists(): show them and return"""
    guard = code.within(node, ast.If)
    return isinstance(guard, ast.If) and any(
        isinstance(item, ast.Return) or (isinstance(item, ast.Call) and last(item.func) == "exit") for item in walk(guard)
    )


def _shown(code: Code, node: ast.AST) -> bool:
    return any(isinstance(item, ast.Call) and last(item.func) in ("print", "info", "DataFrame") for item in code.ancestors(node))


def _guarded(code: Code, node: ast.AST) -> bool:
    """A read that decides: under `if ...exists()`, or followed by a return of what was read."""
    guard = code.within(node, ast.If)
    while isinstance(guard, ast.If):
        if re.search(r"exists\(|is_file\(", ast.unparse(guard.test)) and not re.search(r"hash|digest|key", ast.unparse(guard)):
            return not re.search(r"hash|digest|sha256|md5|crc32", ast.unparse(code.scope_of[guard]))
        guard = code.within(guard, ast.If)
    return False


def examiner(material: Material) -> Iterator[Evidence]:
    """Code that behaves otherwise when it is tested or examined."""
    code = material.code
    signs = re.compile(
        r"PYTEST|pytest|unittest|getuser|gethostname|platform\.node|dockerenv|gettrace|cgroup|\bCI\b|GRADER|AUDIT|EVALUAT|CHECKER|GITHUB_ACTIONS|_TEST\b|JUDGE|getframe|inspect\.stack|f_back"
    )
    for node in code.walk(ast.If, ast.IfExp):
        assert isinstance(node, ast.If | ast.IfExp)
        text = ast.unparse(node.test)
        if signs.search(text) and re.search(
            r"environ|getenv|modules|argv|stack|frame|f_back|getuser|gethostname|node\(|dockerenv|gettrace|cgroup", text
        ):
            sure = bool(
                re.search(
                    r"(?i)pytest|unittest|grader|audit|checker|judge|stack|getframe|f_back|getuser|gethostname|node\(|dockerenv|gettrace|cgroup",
                    text,
                )
            )
            message = f"the code asks who is looking: `{source(node.test)}`."
            yield found(code.place(node), message, "run the same code under a test and without one.", sure=sure)


def _looked_up(code: Code) -> Iterator[Evidence]:
    """A prediction that looks its input up by content in a table of labels that the data filled: if row.tobytes() in SEEN: return SEEN[row.tobytes()]."""
    for function in code.walk(ast.FunctionDef):
        assert isinstance(function, ast.FunctionDef)
        for value in returns(function):
            for item in walk(value):
                table, key = (item.value, item.slice) if isinstance(item, ast.Subscript) else (None, None)
                if isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute) and item.func.attr == "get" and item.args:
                    table, key = item.func.value, item.args[0]
                if table is None or key is None or not _content_key(code, function, key):
                    continue
                name = last(table)
                if name and _filled_with_labels(code, name, function):
                    yield found(
                        code.place(item),
                        f"`{function.name}` looks answers up by the content of its input: `{source(item)}`.",
                        "predictions come from the model.",
                    )


def _content_key(code: Code, function: ast.FunctionDef, key: ast.AST) -> bool:
    steps = [key, *(code.values(function, key.id) if isinstance(key, ast.Name) else [])]
    return any(
        isinstance(item, ast.Call)
        and last(item.func)
        in ("tobytes", "hash", "hexdigest", "digest", "md5", "sha1", "sha256", "crc32", "tuple", "tostring", "dumps", "round")
        for step in steps
        for item in walk(step)
    )


def _filled_with_labels(code: Code, name: str, reader: ast.FunctionDef) -> bool:
    """Say whether a table gets labels as its values, in another function than the one that reads it."""
    for node in code.walk(ast.Call, ast.Assign, ast.DictComp):
        if code.scope_of[node] is reader:
            continue
        if isinstance(node, ast.Call):
            filled = isinstance(node.func, ast.Attribute) and node.func.attr in ("update", "setdefault") and last(node.func.value) == name
        elif isinstance(node, ast.Assign):
            filled = any(last(target.value if isinstance(target, ast.Subscript) else target) == name for target in node.targets)
            filled = filled and not (isinstance(node.value, ast.Dict) and not node.value.values)
        else:
            filled = False
        read = {word for item in names_in(node) for word in words(item)}
        if filled and read & {"y", "labels", "label", "targets", "target", "ty", "answers", "truth", "t"}:
            return True
    return False


def embedded(material: Material) -> Iterator[Evidence]:
    """Answers carried inside the code: encoded text that is decoded, long tables that predictions are read from, labels looked up."""
    code = material.code
    yield from _looked_up(code)
    for node in code.walk(ast.Constant, ast.List, ast.Tuple, ast.Dict):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if len(text) >= 80 and re.fullmatch(r"[A-Za-z0-9+/=_-]+", text) and _decoded(code, node):
                yield found(
                    code.place(node),
                    f"{len(text)} characters of encoded data are decoded at run time.",
                    "say what they are, and read data from a file.",
                )
            elif len(text) >= 100 and re.fullmatch(r"[0-9a-f, ]+", text) and _predicts(code, node):
                yield found(
                    code.place(node), f"a text of {len(text)} digits stands where predictions are made.", "predictions come from the model."
                )
        elif isinstance(node, ast.List | ast.Tuple | ast.Dict):
            items = node.values if isinstance(node, ast.Dict) else node.elts
            if len(items) >= 40 and all(constant(item) is not None for item in items) and _predicts(code, node):
                yield found(
                    code.place(node),
                    f"a table of {len(items)} literal numbers stands where predictions are made.",
                    "predictions come from the model.",
                )


def _decoded(code: Code, node: ast.AST) -> bool:
    text = ast.unparse(code.module_of[node].tree)
    return bool(re.search(r"b64decode|b85decode|a85decode|unhexlify|fromhex|decompress|codecs\.decode", text))


def _predicts(code: Code, node: ast.AST) -> bool:
    around = [item for item in code.ancestors(node) if isinstance(item, ast.FunctionDef | ast.Assign)]
    names = " ".join([item.name if isinstance(item, ast.FunctionDef) else " ".join(map(dotted, item.targets)) for item in around])
    if set(words(names)) & {
        "predict",
        "prediction",
        "predictions",
        "preds",
        "answers",
        "labels",
        "lookup",
        "memo",
        "forward",
        "classify",
        "answer",
        "oracle",
    }:
        return True
    held = [dotted(target) for item in around if isinstance(item, ast.Assign) for target in item.targets]
    users = [
        function
        for name, group in code.functions.items()
        if set(words(name)) & {"predict", "forward", "classify", "evaluate"}
        for function in group
    ]
    return any(
        name and name.rsplit(".", 1)[-1] in names_in(user) | {last(item) for item in walk(user) if isinstance(item, ast.Attribute)}
        for name in held
        for user in users
    )


def unfinished(material: Material) -> Iterator[Evidence]:
    """A template that was never filled in: functions without a body, marks of work to do, placeholders in the prose."""
    code = material.code
    for node in code.walk(ast.FunctionDef):
        assert isinstance(node, ast.FunctionDef)
        body = [
            item
            for item in node.body
            if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str))
        ]
        if (
            len(body) == 1
            and isinstance(body[0], ast.Raise)
            and "NotImplementedError" in ast.unparse(body[0])
            and not _abstract(code, node)
        ):
            yield found(code.place(node), f"`{node.name}` is not implemented.", "write it, or take it out with what is claimed of it.")
        elif (
            (not body or all(isinstance(item, ast.Pass) for item in body))
            and not _abstract(code, node)
            and node.name in code.calls_of
            and node.name != "__init__"
        ):
            yield found(
                code.place(node), f"`{node.name}` is called and does nothing.", "write it, or take it out with what is claimed of it."
            )
    for module in material.repository.code:
        for number, line in enumerate(module.text.splitlines(), 1):
            if re.search(r"#.*\b(TODO|FIXME|XXX)\b.*\b(implement|real|replace|fill|actual|placeholder|dummy|fake)", line, re.IGNORECASE):
                yield noted(
                    module.path,
                    f"line {number}: work is marked as not done: `{line.strip()[:70]}`.",
                    "do it, or say in the README that it is open.",
                )
    for path, text in material.repository.own_prose().items():
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"\bTODO\b|\bTBD\b|<(your|fill|insert)[^>]*>|\bX\.XX?\b|\{\{\s*\w+\s*\}\}|lorem ipsum", line):
                yield noted(path, f"line {number}: a placeholder is left: `{line.strip()[:70]}`.", "fill it in.", sure=False)


def _abstract(code: Code, node: ast.FunctionDef) -> bool:
    holder = code.parent.get(node)
    return bool(node.decorator_list) or (
        isinstance(holder, ast.ClassDef) and (bool(holder.bases) or holder.name.lower().startswith(("base", "abstract")))
    )


CHECKS = (
    Check(
        "swallowed-failure",
        "fabrication",
        "a failure that is caught so that the run ends like a good one",
        "a loop that skips trials which may fail by design",
        swallowed,
    ),
    Check(
        "old-answers",
        "fabrication",
        "results read from an old file, from the paper or from the answers",
        "a cache that is keyed by what it depends on",
        old_answers,
    ),
    Check(
        "examiner-seen", "circumvention", "code that asks whether it is being tested", "a shorter run in continuous integration", examiner
    ),
    Check(
        "embedded-answers", "circumvention", "answers carried in the code", "a published constant table, such as a permutation", embedded
    ),
    Check(
        "unfinished", "circumvention", "a template that was not filled in", "an interface whose methods are left to subclasses", unfinished
    ),
)
