"""Fabrication through files: predictions that no code writes, data that are invented where the real ones are missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ..core import Evidence
from ._check import Check, Material, found, noted, source
from ._code import PAPERLIKE, Code, constant, dotted, last, names_in, walk, words
from ._repository import Module

_READS = {"load", "loadtxt", "genfromtxt", "read_csv", "read_json", "read_parquet", "read_pickle", "open", "read_text", "read_bytes", "fromfile", "memmap"}  # fmt: skip
_WRITES = {"save", "savez", "savez_compressed", "savetxt", "to_csv", "to_json", "to_parquet", "to_pickle", "dump", "write_text", "write_bytes", "tofile"}  # fmt: skip
_OUTPUTS = re.compile(r"^(y?_?pred(ict(ion|ed)?s?)?s?|logits?|prob(a|as|abilities|s)?|outputs?|guess(es)?|scores?|answers?|y_?hat|decoded|generated|samples_out)(_\w+)?$")  # fmt: skip
_GENERATED = re.compile(
    r"synthetic|generat|simulat|stand-?in|random (data|numbers|samples)|toy data|fall(s|ing)? ?back|surrogate|artificial|made[- ]up|drawn from"
)
_NAMED_SETS = {
    "iris", "digits", "wine", "diabetes", "mnist", "cifar", "cora", "citeseer", "pubmed", "imdb", "newsgroups", "covtype", "california", "boston",
    "olivetti", "treebank", "wikitext", "enwik8", "text8", "karate", "movielens", "adult", "svhn", "reuters", "shakespeare",
}  # fmt: skip
_MAKERS = re.compile(r"^(make_(classification|regression|blobs|moons|circles)|normal|randn|rand|standard_normal|uniform|random|randint|integers|choice|choices|gauss)$")  # fmt: skip


def literal_files(node: ast.AST) -> set[str]:
    """Return the names of the files that an expression writes out: "outputs/pred.npy" -> pred.npy."""
    texts = [item.value for item in walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return {PurePosixPath(text).name for text in texts if re.fullmatch(r"[\w./ {}*-]*\w\.\w{2,7}", text)}


def _opened(code: Code, call: ast.Call) -> tuple[set[str], bool]:
    """Return the files a call opens, through a named path, and whether it writes them."""
    parts: list[ast.AST] = [*call.args, *(word.value for word in call.keywords)]
    parts += [call.func.value] if isinstance(call.func, ast.Attribute) else []
    for name in {item for part in parts for item in names_in(part)}:
        for scope in (code.scope_of[call], code.module_of[call].tree):
            parts += [
                value
                for value in code.values(scope, name)
                if not isinstance(value, ast.Call) or last(value.func) in ("Path", "join", "open")
            ]
    mode = [item.value for part in parts for item in walk(part) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    writes = last(call.func) in _WRITES or (last(call.func) == "open" and any(re.fullmatch(r"[wax]b?\+?t?", text) for text in mode))
    return {file for part in parts for file in literal_files(part)}, writes


def shipped_outputs(material: Material) -> Iterator[Evidence]:
    """Predictions read from a file that no code of the repository writes."""
    code = material.code
    written: set[str] = set()
    reads: list[tuple[ast.Call, set[str]]] = []
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        if last(call.func) in _READS | _WRITES:
            files, writes = _opened(code, call)
            if writes:
                written |= files
            elif last(call.func) in _READS:
                reads.append((call, files))
    scripts = "\n".join(text for path, text in material.repository.files.items() if path.endswith((".sh", "Makefile")))
    for call, files in reads:
        missing = {file for file in files if file not in written and file not in scripts}
        statement = code.within(call, ast.Assign)
        targets = [name for target in statement.targets for name in names_in(target)] if isinstance(statement, ast.Assign) else []
        outputs = [name for name in targets if _OUTPUTS.match(name)] or [file for file in missing if _OUTPUTS.match(file.rsplit(".", 1)[0])]
        if missing and outputs and not set(words(" ".join(missing))) & {"reference", "paper", "config", "golden"}:
            yield found(
                code.place(call),
                f"`{sorted(outputs)[0]}` is read from `{sorted(missing)[0]}`, which no code writes: `{source(call)}`.",
                "compute the predictions in the run that reports them.",
            )


def stand_in(material: Material) -> Iterator[Evidence]:
    """Random data in the place of data that could not be read, or of a data set that the text names, without a word of it."""
    code = material.code
    own = material.repository.prose(paper=False).lower()
    if _GENERATED.search(own):
        return
    for node in code.walk(ast.Try, ast.If):
        assert isinstance(node, ast.Try | ast.If)
        if isinstance(node, ast.Try):
            tried, instead = node.body, [item for handler in node.handlers for item in handler.body]
        elif re.search(r"exists\(|is_file\(|is_dir\(", ast.unparse(node.test)):
            tried, instead = [*node.body, *node.orelse], [*node.body, *node.orelse]
        else:
            continue
        if _reads_data(tried, instead) and (draw := _draws(instead)) is not None:
            yield found(
                code.place(draw),
                f"where the data cannot be read, random ones take their place: `{source(draw)}`.",
                "let the run fail without its data, or say in the README that they are generated.",
            )
    yield from _never_loaded(material, own)


def _reads_data(tried: list[ast.stmt], instead: list[ast.stmt]) -> bool:
    calls = [item for part in tried for item in walk(part) if isinstance(item, ast.Call)]
    imports = [item for part in tried for item in walk(part) if isinstance(item, ast.ImportFrom)]
    reads = any(
        last(call.func) in _READS - {"open"} or re.match(r"fetch_|load_|urlretrieve|urlopen|read_", last(call.func)) for call in calls
    )
    return reads or any("datasets" in (item.module or "") for item in imports)


def _draws(body: list[ast.stmt]) -> ast.Call | None:
    for call in (item for part in body for item in walk(part) if isinstance(item, ast.Call)):
        if _MAKERS.match(last(call.func)) and (len(call.args) > 1 or call.keywords or last(call.func).startswith("make_")):
            return call
    return None


def _never_loaded(material: Material, own: str) -> Iterator[Evidence]:
    """The text names a public data set, the code never does, and a function of the data draws them."""
    code = material.code
    text = "\n".join(module.text for module in code.repository.code).lower()
    about = own + material.repository.prose(paper=True).lower()
    named = [name for name in sorted(_NAMED_SETS) if re.search(rf"\b{name}[\w-]*\b", about)]
    if (
        not named
        or any(name in text for name in named)
        or any(name in path.lower() for name in named for path in material.repository.files)
    ):
        return
    if re.search(r"sklearn\.datasets|torchvision|read_csv|loadtxt|np\.load|load_dataset|torch\.load", text):
        return
    for name, group in code.functions.items():
        for function in group if set(words(name)) & {"load", "data", "dataset", "loader", "fetch", "read"} else ():
            draw = _draws(function.body)
            if draw is not None and last(draw.func) not in ("choice", "random", "integers", "randint"):
                yield found(
                    code.place(draw),
                    f"the text speaks of `{named[0]}`, and `{name}` draws its data: `{source(draw)}`.",
                    "load the data that are named, or say that they are generated.",
                )
                return


def unknown_option(material: Material) -> Iterator[Evidence]:
    """A script that runs the experiment with an option which the program does not know."""
    code = material.code
    known: dict[str, set[str]] = {}
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        path = code.module_of[call].path
        if last(call.func) == "add_argument":
            options = {str(item.value) for item in call.args if isinstance(item, ast.Constant)}
            known.setdefault(path, set()).update(options)
        elif last(call.func) in ("parse_known_args", "add_subparsers", "option", "fire", "Fire", "cli") or dotted(call.func).startswith(
            "click."
        ):
            known.setdefault(path, set()).add("*")
    for path, text in material.repository.files.items():
        if not path.endswith((".sh", "Makefile")):
            continue
        for line in re.sub(r"\\\n", " ", text).splitlines():
            run = re.search(r"python\d?\s+(?:-m\s+([\w.]+)|([\w./-]+\.py))((?:\s+[^|;&>]*)?)", line)
            if not run:
                continue
            program = run.group(2) or run.group(1).replace(".", "/") + ".py"
            options = next((value for name, value in known.items() if name.endswith(program.removeprefix("./"))), set[str]())
            if not options or "*" in options:
                continue
            for option in re.findall(r"(?<=\s)(--[a-z][\w-]*)", run.group(3)):
                if not any(name.startswith(option) for name in options) and option != "--help":
                    message = f"the script runs `{program}` with `{option}`, which it does not know: the run ends at once."
                    yield noted(path, message, "let the script run what the record came from.")


_FIGURE = re.compile(r"savefig|imsave|<svg|\.(svg|png|pdf)\b|write_image")
_READING = re.compile(r"open\(|loads?\(|read_csv|read_text|loadtxt|genfromtxt|DictReader|from_json|read_json")


_STYLE = {"colour", "color", "colours", "colors", "palette", "ticks", "size", "grid", "rates", "margins"}


def _computes(code: Code, module: Module) -> bool:
    """Say whether a module of a figure is part of the run: it imports the repository's code, trains or draws numbers."""
    own = {PurePosixPath(item.path).stem for item in code.repository.code} | {item.path.split("/")[0] for item in code.repository.code}
    imports = {alias.name for node in walk(module.tree) if isinstance(node, ast.Import) for alias in node.names}
    imports |= {node.module or "." for node in walk(module.tree) if isinstance(node, ast.ImportFrom)}
    inside = any(part in own or not part for name in imports for part in name.split("."))
    return inside or bool(re.search(r"default_rng|manual_seed|\.fit\(|backward\(|random\.", module.text))


def drawn_by_hand(material: Material) -> Iterator[Evidence]:
    """A figure whose points are literals in the script: it reads no record, and the records hold other numbers."""
    code = material.code
    known = material.records.known()
    for module in material.repository.code:
        if not _FIGURE.search(module.text) or _READING.search(re.sub(r"open\([^)]*['\"]w", "", module.text)) or _computes(code, module):
            continue
        for node in code.walk(ast.List, ast.Tuple):
            if code.module_of[node] is not module or isinstance(code.parent.get(node), ast.List | ast.Tuple):
                continue
            numbers = [
                value for item in walk(node) if (value := constant(item)) is not None and value != int(value) and len(f"{value:g}") >= 4
            ]
            named = " ".join(dotted(target) for item in code.ancestors(node) if isinstance(item, ast.Assign) for target in item.targets)
            if len(numbers) < 3 or set(words(named)) & (PAPERLIKE | _STYLE) or isinstance(code.parent.get(node), ast.keyword):
                continue
            recorded = [number for number in numbers if any(abs(number - value) < 6e-4 * max(1.0, abs(number)) for value in known)]
            yield found(
                code.place(node),
                f"the points of a figure are literals: `{source(node)}`.",
                "draw the figure from the records of the run.",
                sure=len(recorded) < len(numbers) / 2,
            )
            return


CHECKS = (
    Check(
        "hand-drawn-figure",
        "fabrication",
        "a figure whose points are literals in the script and in no record",
        "a figure of the paper's own points",
        drawn_by_hand,
    ),
    Check(
        "shipped-outputs",
        "fabrication",
        "predictions read from a file that no code writes",
        "outputs of a model that is too large to run again, without a word of it",
        shipped_outputs,
    ),
    Check(
        "stand-in-data",
        "fabrication",
        "random data in the place of data that are named or could not be read",
        "generated data that the text calls by another word",
        stand_in,
    ),
    Check(
        "impossible-command",
        "circumvention",
        "a script that runs the experiment with an option which the program does not know",
        "a program that reads its options itself",
        unknown_option,
    ),
)
