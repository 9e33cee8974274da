"""Circumvention by other people's work: a library in place of the method, ready weights, the network, the official repository."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, noted, source
from ._code import Code, dotted, last

_OWN_WORK = re.compile(
    r"from scratch|no (library|sklearn|scikit-learn)|without (a |any )?(library|sklearn|scikit-learn)|our own implementation|own implementation|plain numpy|pure numpy|numpy only|only numpy|in numpy|by hand|self-written|own code|self-made|"
    r"written (out|by us|here)|(is|are) (all )?(ours|our own)|(implemented|written|coded) (it |them )?ourselves|re-?implement|our (own )?(version|code) of"
)
# where libraries keep methods, beside data, metrics and tools
_METHOD_HOMES = re.compile(
    r"^(sklearn\.(cluster|linear_model|manifold|decomposition|ensemble|tree|neighbors|svm|naive_bayes|mixture|neural_network|gaussian_process|"
    r"discriminant_analysis|semi_supervised|kernel_ridge|cross_decomposition|isotonic)|scipy\.cluster|xgboost|lightgbm|catboost|hmmlearn|"
    r"gensim|hdbscan|umap|statsmodels|transformers|torch_geometric\.nn|faiss|implicit|surprise|pomegranate)"
)
_SHINGLE = 12


def library(material: Material) -> Iterator[Evidence]:
    """A library's implementation where the README says that the method was written here."""
    code = material.code
    yield from _denied(material)
    own = material.repository.prose(paper=False).lower()
    docs = " ".join(ast.get_docstring(module.tree) or "" for module in material.repository.code).lower()
    if not _OWN_WORK.search(own + " " + docs):
        return
    methods, imported = _library_methods(code), _library_names(code)
    sentences = [part for part in re.split(r"[.\n]\s", own + "\n " + docs) if _OWN_WORK.search(part)]
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        name = _namesake(code, call, imported)
        said = any(name.lower() in part for part in sentences)
        if name and said and not re.search(r"baseline|reference|parity|compare|check", name.lower()):
            yield found(
                code.place(call),
                f"`{name}` is said to be written here and hands over to the library's: `{source(call)}`.",
                "use the code of the repository, or say that the library does it.",
            )
            continue
        method = methods.get(dotted(call.func)) or methods.get(dotted(call.func).split(".")[0] + ".*", "")
        if not method:
            continue
        method = last(call.func) if method == "*" else method
        if not re.search(
            rf"(sklearn|scikit-learn|library)[^.]*(baseline|comparison|parity|reference|check)|(baseline|comparison|parity|reference)[^.]*(sklearn|scikit-learn|library)|{re.escape(method.lower())}",
            own,
        ):
            around = code.scope_of[call]
            if not (isinstance(around, ast.FunctionDef) and re.search(r"baseline|reference|parity|compare|check", around.name)):
                yield found(
                    code.place(call),
                    f"the text says the method is written here, the code runs the library's: `{source(call)}`.",
                    "use the code of the repository, or say that the library does it.",
                )


def _denied(material: Material) -> Iterator[Evidence]:
    """The text says that a class or function of a library is not used ("no `nn.GRU`"), and the code uses it, as a call or as a base."""
    code = material.code
    denied = set(
        re.findall(
            r"\b(?:no|without|not use|not call|instead of|never use|never call)s?\s+`([A-Za-z_][\w.]*)`",
            material.repository.prose(paper=False),
        )
    )
    names = {item.rsplit(".", 1)[-1] for item in denied if "." in item or not item.islower()}
    if any(item.name in names for item in code.walk(ast.ClassDef) if isinstance(item, ast.ClassDef)):
        return
    for node in code.walk(ast.Call, ast.ClassDef) if names else ():
        called = [node.func] if isinstance(node, ast.Call) else node.bases if isinstance(node, ast.ClassDef) else []
        used = [last(each) for each in called]
        if names & set(used):
            yield found(
                code.place(node),
                f"the text says that `{sorted(names & set(used))[0]}` is not used, and the code uses it.",
                "let the text say what the code does.",
            )


def _namesake(code: Code, call: ast.Call, names: set[str]) -> str:
    """Return the class or function of the repository that runs a library's of its own name, among `names` imported: class Adam around torch.optim.Adam."""
    front, _, name = dotted(call.func).rpartition(".")
    module = front.split(".")[0]
    imported = module in ("torch", "nn", "optim", "sklearn", "scipy", "np", "F", "functional") or name in names
    if not imported or len(name) < 3 or name in ("array", "zeros", "tensor"):
        return ""
    holders = [item.name for item in code.ancestors(call) if isinstance(item, ast.ClassDef | ast.FunctionDef)]
    plain = re.sub(r"_|classifier|regressor", "", name.lower())
    return next(
        (holder for holder in holders if re.sub(r"_|^(my|our|own|tiny|small|mini)|classifier|regressor", "", holder.lower()) == plain), ""
    )


def _library_names(code: Code) -> set[str]:
    libraries = ("torch", "sklearn", "scipy", "statsmodels")
    nodes = [
        node for node in code.walk(ast.ImportFrom) if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in libraries
    ]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def _library_methods(code: Code) -> dict[str, str]:
    """Return the names under which the code imports methods of libraries: name -> method, "alias.*" -> "*" for a module."""
    table: dict[str, str] = {}
    for node in code.walk(ast.ImportFrom, ast.Import):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if _METHOD_HOMES.match(node.module):
                    table[alias.asname or alias.name] = alias.name
                elif _METHOD_HOMES.match(f"{node.module}.{alias.name}"):
                    table[f"{alias.asname or alias.name}.*"] = "*"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _METHOD_HOMES.match(alias.name):
                    table[f"{(alias.asname or alias.name).split('.')[0]}.*"] = "*"
    return table


def ready_weights(material: Material) -> Iterator[Evidence]:
    """Weights or predictions loaded where the text says that they were trained."""
    code = material.code
    own = (material.repository.prose(paper=False) + material.repository.prose(paper=True)).lower()
    text = "\n".join(module.text for module in code.repository.code)
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        name = dotted(call.func)
        line = ast.unparse(call)
        if re.search(r"pretrain|checkpoint|fine-?tun|weights of|loads? |resum|downloaded|cache", own):
            return
        loads = name in ("torch.load", "joblib.load", "pickle.load", "np.load", "numpy.load") or last(call.func) in (
            "from_pretrained",
            "load_state_dict_from_url",
            "load_weights",
        )
        file = re.search(r"['\"]([\w./-]+\.(pt|pth|pkl|npz|npy|joblib|bin|ckpt))['\"]", line)
        if loads and (file or last(call.func) == "from_pretrained"):
            made_here = (
                file
                and len(re.findall(re.escape(file.group(1).rsplit("/", 1)[-1]), text)) > 1
                and re.search(r"torch\.save|\.dump\(|np\.savez?|\.save\(", text)
            )
            if not made_here:
                yield found(
                    code.place(call),
                    f"ready weights or values are loaded, which no text mentions: `{source(call)}`.",
                    "say where they come from, or train.",
                    sure=not re.search(r"data|images|features", file.group(1) if file else ""),
                )


def network(material: Material) -> Iterator[Evidence]:
    """An address that is opened during a run and brings no data set that the text names."""
    code = material.code
    prose = material.repository.prose(paper=False).lower()
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        if dotted(call.func) in (
            "urllib.request.urlopen",
            "urlopen",
            "requests.get",
            "requests.post",
            "urllib.request.urlretrieve",
            "urlretrieve",
            "httpx.get",
        ):
            address = re.search(r"https?://([\w.-]+)", ast.unparse(call))
            answers = re.search(r"leaderboard|result|answer|label|predict|api\.|openai|completions", ast.unparse(call))
            if answers or not re.search(r"download|fetch|https?://", prose):
                yield found(
                    code.place(call),
                    f"the run opens {address.group(1) if address else 'an address'}: `{source(call)}`.",
                    "say what is fetched and pin its hash.",
                    sure=bool(answers),
                )


def official(material: Material) -> Iterator[Evidence]:
    """Code taken over from the official repository: shared runs of tokens, names of variables left out of account."""
    theirs = [_shingles(text) for text in material.repository.official]
    everything = set().union(*theirs) if theirs else set()
    for module in material.repository.modules if everything else ():
        own = _shingles(module.text)
        if len(own) >= 30:
            share = len(own & everything) / len(own)
            if share >= 0.35:
                yield noted(
                    module.path,
                    f"{share:.0%} of its runs of {_SHINGLE} tokens are in the official repository.",
                    "say what was taken over, or write it from the paper.",
                    share=share,
                )


def _shingles(text: str) -> set[tuple[str, ...]]:
    """Return runs of tokens, comments and layout left out and each name put down as a name, so that renaming hides nothing."""
    tokens: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME:
                tokens.append(token.string if token.string in _KEPT else "n")
            elif token.type in (tokenize.OP, tokenize.NUMBER):
                tokens.append(token.string)
            elif token.type == tokenize.STRING:
                tokens.append("s")
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return set()
    runs = (tuple(tokens[i : i + _SHINGLE]) for i in range(len(tokens) - _SHINGLE + 1))
    return {run for run in runs if len(set(run)) >= 6}


_KEPT = {
    "def",
    "return",
    "if",
    "else",
    "elif",
    "for",
    "while",
    "in",
    "not",
    "and",
    "or",
    "class",
    "lambda",
    "with",
    "import",
    "from",
    "as",
    "try",
    "except",
    "raise",
    "yield",
    "self",
    "True",
    "False",
    "None",
    "range",
    "len",
}


CHECKS = (
    Check(
        "library-instead",
        "circumvention",
        "a library's method where the text says it was written here",
        "a library used for data or as a baseline",
        library,
    ),
    Check("ready-weights", "circumvention", "weights or values loaded that no text mentions", "arrays of data", ready_weights),
    Check("address-opened", "circumvention", "an address opened during a run", "a download of data in other words", network),
    Check(
        "official-code",
        "circumvention",
        "code taken over from the official repository (with --official)",
        "a short standard algorithm",
        official,
    ),
)
