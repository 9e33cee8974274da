"""Which LaTeX symbols a parameter of a function may stand for: the same letters after markup is removed, and the field's usual aliases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "zeta",
        "eta",
        "theta",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "phi",
        "varphi",
        "chi",
        "psi",
        "omega",
    ]
)
ALIASES: Mapping[str, tuple[str, ...]] = {
    "logits": ("z", "o", "s"),
    "scores": ("s", "z"),
    "label": ("y", "t"),
    "labels": ("y", "t"),
    "target": ("y", "t"),
    "targets": ("y", "t"),
    "truth": ("y", "g", "t"),
    "prediction": (r"\hat y", r"\hat x", "p"),
    "predictions": (r"\hat y", r"\hat x", "p"),
    "predicted": (r"\hat y", r"\hat x", "p"),
    "probabilities": ("p", r"\hat p", r"\hat y"),
    "probability": ("p", r"\hat p", r"\hat y"),
    "reconstruction": (r"\hat x",),
    "mean": (r"\mu",),
    "query": ("q", "Q"),
    "key": ("k", "K"),
    "value": ("v", "V"),
    "weight": ("w", "W", r"\gamma", "g"),
    "gain": ("g", r"\gamma"),
    "scale": ("s", r"\gamma", "g"),
    "bias": ("b", r"\beta"),
    "eps": (r"\epsilon", r"\varepsilon"),
    "temperature": (r"\tau", "T"),
    "margin": ("m", r"\alpha", r"\gamma"),
    "noise": (r"\epsilon", r"\varepsilon"),
    "reward": ("r", "R"),
    "rewards": ("r", "R"),
    "discount": (r"\gamma",),
    "features": ("x", "h", "f"),
    "hidden": ("h",),
    "anchor": ("a",),
    "positive": ("p",),
    "negative": ("n",),
    "prototypes": ("c",),
    "quantile": (r"\tau", "q"),
    "error": ("e", r"\delta"),
    "adjacency": ("A",),
}
# symbol -> the facts that may give its value
CONSTANTS: Mapping[str, tuple[str, ...]] = {
    r"\tau": ("temperature",),
    "T": ("temperature",),
    r"\gamma": ("discount", "margin"),
    r"\lambda": ("regularisation", "gae_lambda", "balance_coefficient"),
    r"\epsilon": ("norm_eps", "clip", "label_smoothing"),
    r"\varepsilon": ("norm_eps", "clip", "label_smoothing"),
    r"\beta": ("beta", "entropy_coefficient"),
    r"\alpha": ("alpha", "margin", "label_smoothing", "entropy_coefficient"),
    "m": ("margin", "ema"),
    "r": ("rank",),
}
_FONT = re.compile(r"\\(?:mathbf|boldsymbol|bm|mathrm|mathcal|vec)(?:\s*\{\s*([A-Za-z]|\\[a-z]+)\s*\}|\s+([A-Za-z]|\\[a-z]+)(?![a-zA-Z]))")
BATCH_SIZES = frozenset(["N", "B", "n", "M", "m", "T"])
LAST_SIZES = frozenset(["d", "D", "d_k", "C", "K", "n", "H", "T"])


def spellings(parameter: str) -> tuple[str, ...]:
    """Return the LaTeX names that a parameter of this name may stand for, the likeliest first."""
    name = parameter.strip("_")
    found: list[str] = []
    if len(name) == 1:
        found += [name, name.lower(), name.upper()]
    elif name.lower() in GREEK:
        found += [f"\\{name.lower()}"]
        found += [r"\varepsilon"] if name.lower() == "epsilon" else []
    elif hat := re.fullmatch(r"([A-Za-z])_?(?:hat|pred)", name):
        found += [f"\\hat {hat[1]}"]
    elif indexed := re.fullmatch(r"([A-Za-z])_?([A-Za-z0-9])", name):
        found += [f"{indexed[1]}_{indexed[2]}"]
    found += ALIASES.get(name.lower(), ())
    return tuple(dict.fromkeys(found))


def stands_in(symbol: str, latex: str) -> bool:
    """Say whether a symbol is printed in a display, as a name of its own and not as an index or as a part of a command."""
    bare = _FONT.sub(r" \1\2 ", latex)
    if symbol.startswith("\\hat "):
        return re.search(rf"\\hat\s*\{{?\s*{re.escape(symbol[5:])}(?![a-zA-Z])", bare) is not None
    bare = re.sub(r"\\(?:hat|tilde|bar)\s*\{?\s*[A-Za-z]\s*\}?", " ", bare)
    bare = re.sub(r"\\(?:mathrm|text|operatorname)\s*\{[^}]*\}", " ", bare)
    if "_" not in symbol:
        if re.search(rf"{re.escape(symbol)}\s*_\{{?\s*\d", bare):
            return False  # x_0 is a name, not an element of x
        bare = re.sub(r"_(\{[^{}]*\}|\\[a-z]+|[A-Za-z0-9])", " ", bare)
    else:
        bare = re.sub(r"_\{([^{}])\}", r"_\1", bare)
    if symbol.startswith("\\"):
        return re.search(rf"{re.escape(symbol)}(?![a-zA-Z])", bare) is not None
    plain = re.sub(r"\\[a-zA-Z]+", " ", bare)
    if len(symbol) == 1:  # two letters side by side are a product, more are a word
        return any(symbol in letters for letters in re.findall(r"[A-Za-z]+", plain) if len(letters) < 3)
    return re.search(rf"(?<![a-zA-Z]){re.escape(symbol)}(?![a-zA-Z])", plain) is not None


def indexed(symbol: str, latex: str) -> bool:
    """Say whether a symbol carries its indices wherever it is printed, so that equal sizes leave no doubt about its axes."""
    letters = re.escape(symbol.removeprefix("\\hat ").split("_")[0])
    start = r"\\hat\s*\{?\s*" if symbol.startswith("\\hat ") else r"(?<![a-zA-Z\\])"
    bare = _FONT.sub(r" \1\2", latex)
    below = len(re.findall(rf"{start}{letters}\s*\}}?\s*_", bare))
    return below > 0 and below == len(re.findall(rf"{start}{letters}(?![a-zA-Z])", re.sub(r"_(\{{[^{{}}]*\}}|[A-Za-z0-9])", "_ ", bare)))


def constants(symbol: str, facts: Mapping[str, Any], parameter_values: Mapping[str, float]) -> list[float | str]:
    """Return what an undeclared symbol may be: a stated number, a number in the module's attributes, "first" or "last" for a size."""
    symbol = re.sub(r"\{(.)\}", r"\1", symbol)
    found: list[float | str] = [value for name, value in parameter_values.items() if symbol in spellings(name)]
    for fact in CONSTANTS.get(symbol, ()):
        value = facts.get(fact)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.append(float(value))
    if symbol in BATCH_SIZES:
        found.append("first")
    if symbol in LAST_SIZES:
        found.append("last")
    return list(dict.fromkeys(found))
