"""Circumvention by other people's work: a library in place of the method, ready weights, the network, the official repository."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, noted, source
from ._code import dotted, last

_OWN_WORK = re.compile(
    r"from scratch|no (library|sklearn|scikit-learn)|without (a |any )?(library|sklearn|scikit-learn)|our own implementation|own implementation|plain numpy|pure numpy|numpy only|only numpy|in numpy|by hand|self-written|own code|self-made"
)
_METHODS = {
    "KMeans": "k-means", "LogisticRegression": "logistic regression", "PCA": "PCA", "GaussianMixture": "mixture", "DecisionTreeClassifier": "tree", "RandomForestClassifier": "forest",
    "KNeighborsClassifier": "nearest neighbours", "SVC": "support vector machine", "LinearSVC": "support vector machine", "GaussianNB": "naive Bayes", "TSNE": "t-SNE", "NMF": "NMF", "Ridge": "ridge regression", "Lasso": "lasso",
    "GradientBoostingClassifier": "boosting", "GradientBoostingRegressor": "boosting", "MLPClassifier": "network", "MLPRegressor": "network", "SpectralClustering": "spectral clustering", "AdaBoostClassifier": "AdaBoost", "LinearRegression": "linear regression",
    "GaussianProcessRegressor": "Gaussian process", "MultinomialNB": "naive Bayes", "DBSCAN": "DBSCAN", "AgglomerativeClustering": "clustering", "RandomForestRegressor": "forest", "DecisionTreeRegressor": "tree", "Perceptron": "perceptron",
}  # fmt: skip
_SHINGLE = 12


def library(material: Material) -> Iterator[Evidence]:
    """A library's implementation where the README says that the method was written here."""
    code = material.code
    own = material.repository.prose(paper=False).lower()
    docs = " ".join(ast.get_docstring(module.tree) or "" for module in material.repository.code).lower()
    if not _OWN_WORK.search(own + " " + docs):
        return
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        method = code.aliases.get(last(call.func), last(call.func))
        if method in _METHODS and not re.search(
            rf"(sklearn|scikit-learn|library)[^.]*(baseline|comparison|parity|reference|check)|(baseline|comparison|parity|reference)[^.]*(sklearn|scikit-learn|library)|{method.lower()}",
            own,
        ):
            around = code.scope_of[call]
            if not (isinstance(around, ast.FunctionDef) and re.search(r"baseline|reference|parity|compare|check", around.name)):
                yield found(
                    code.place(call),
                    f"the text says the method is written here, the code runs the library's: `{source(call)}`.",
                    "use the code of the repository, or say that the library does it.",
                )


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
