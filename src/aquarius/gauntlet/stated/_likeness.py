"""How well a parameter of a function and an atom of its stated equation go together, by their names."""

from __future__ import annotations

import re

from ._expressions import Node
from ._spellings import spellings

# a word in a parameter's name -> the symbols that the field writes for it
WORDS: dict[str, tuple[str, ...]] = {
    "done": ("d",),
    "terminal": ("d",),
    "terminated": ("d",),
    "ended": ("d",),
    "entropy": ("H",),
    "centre": ("c",),
    "center": ("c",),
    "spread": ("\\sigma",),
    "std": ("\\sigma",),
    "deviation": ("\\sigma",),
    "sigma": ("\\sigma",),
    "scale": ("\\sigma",),
    "logvar": ("\\sigma",),
    "log_std": ("\\sigma",),
    "variance": ("\\sigma",),
    "mean": ("\\mu", "m"),
    "value": ("V", "v"),
    "values": ("V", "v"),
    "taken": ("Q",),
    "ratio": ("\\rho", "r", "w"),
    "trace": ("c",),
    "delta": ("\\delta",),
    "probability": ("\\pi", "p"),
    "probabilities": ("\\pi", "p"),
    "logprob": ("\\pi", "p", "\\ell"),
    "logp": ("\\pi", "p", "\\ell"),
    "log_prob": ("\\pi", "p", "\\ell"),
    "policy": ("\\pi",),
    "behaviour": ("\\mu",),
    "weights": ("w", "p"),
    "advantage": ("A", "\\hat A"),
    "advantages": ("A", "\\hat A"),
    "returns": ("G", "R"),
    "return": ("G", "R"),
    "distance": ("d", "D"),
    "score": ("s",),
    "scores": ("s", "z"),
    "logits": ("z", "s", "\\pi", "p"),
    "action": ("a",),
    "average": ("\\bar \\theta", "\\theta'", "\\xi"),
    "slow": ("\\bar \\theta", "\\xi"),
    "mask": ("m",),
    "alive": ("m",),
    "present": ("m",),
    "momentum": ("m", "\\mu"),
    "noise": ("\\epsilon", "\\varepsilon", "z"),
    "prediction": ("\\hat y", "\\hat x", "\\hat \\epsilon"),
    "real": ("x", "D", "y"),
    "fake": ("\\hat x", "\\tilde x", "D"),
    "teacher": ("t", "p"),
    "student": ("s", "q"),
    "target": ("y", "p", "t"),
    "quantile": ("\\tau",),
    "weight": ("w", "W"),
    "likelihood": ("p",),
    "prior": ("p",),
    "posterior": ("q",),
    "start": ("x",),
    "data": ("x",),
    "clean": ("x",),
    "image": ("x",),
}
# words in a parameter's name -> how the atom is marked that goes with it
MARKS = (
    (("ref", "reference", "old"), r"ref|old"),
    (("next", "following"), r"'|prime"),
    (("prior",), r"\(z\)"),
    (("likelihood",), r"\(x\\mid"),
    (("teacher",), r"\^t"),
    (("student",), r"\^s"),
)
PLUS = frozenset(["positive", "pos", "chosen", "preferred", "winner", "winning", "better", "real", "true", "clean"])
MINUS = frozenset(["negative", "neg", "negatives", "rejected", "loser", "losing", "worse", "fake", "generated"])


def words(name: str) -> list[str]:
    """Return the words of a parameter's name."""
    return [word for word in re.split(r"[_\[\].]+", name) if word]


def pole(name: str) -> int:
    """Return 1 for a parameter that names the better side of a pair, -1 for the other side, 0 for none."""
    own = set(words(name))
    return bool(own & PLUS) - bool(own & MINUS)


def atom_pole(atom: Node) -> int:
    """Return 1 for an atom marked as the better side of a pair (+, w), -1 for the other (-, l, a hat in its argument)."""
    marks = atom.index
    if re.search(r"\^\+|\^w|_w\b|_\{?w|\(y_w|\(x\)|\(x_i\)|\(x_n\)", marks):
        return 1
    if re.search(r"\^-|\^l|_l\b|\(y_l|\(\\(?:hat|tilde)", marks):
        return -1
    return 0


def likeness(parameter: str, atom: Node) -> int:
    """Return 2 and more where a parameter's name is a usual name of the atom, 1 where they share a first letter, 0 or less otherwise."""
    base = re.sub(r"\[\d+\]", "", parameter)
    marks = atom.index.replace("_", "").replace("{", "").replace("}", "")
    found = 0
    for symbol in spellings(base):
        head, _, below = symbol.partition("_")
        if head == atom.name and (not below or below in marks):
            found = max(found, 3 if below or len(base) > 1 or base == atom.name else 2)
    own = words(base)
    if found < 2 and any(atom.name in WORDS.get(word.lower(), ()) for word in [*own, base]):
        found = 2
    letter = atom.name.split()[-1].removeprefix("\\")[0]
    if found == 0 and any(word[0].lower() == letter.lower() for word in own):
        found = 1
    if digits := re.findall(r"\d", base):
        found += 1 if digits[-1] in marks and found else -1
    if re.search(r"\[\d+\]", parameter) and len(base) == 1:
        found += 2 if base in marks else -1
        found += 1 if atom.name == ("\\mu", "\\sigma")[min(1, int(parameter[-2]))] else 0
    for own_words, mark in MARKS:
        said, printed = (
            any(word in own for word in own_words),
            re.search(mark, atom.index) is not None or (mark[0] == "'" and atom.shift > 0),
        )
        found += (1 if said else 0) if said == printed else -1
    if pole(base) and atom_pole(atom):
        found += 2 if pole(base) == atom_pole(atom) else -4
    return found
