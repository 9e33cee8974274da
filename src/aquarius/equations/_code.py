"""Pieces of Python text with how tightly they bind, and readable Python names for LaTeX names."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field

# How tightly a piece of text binds: comparison, sum, product, sign, power, atom.
COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
_RESERVED = {"torch", "math", "F", "sum", "max", "min", "abs", "range", "int", "float", "lambda", "zip", "len"}


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of text, how tightly it binds, and whether it is a plain Python number."""

    text: str
    level: int = ATOM
    plain: bool = False

    def at(self, level: int) -> str:
        """The text, in brackets where it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass
class Names:
    """Python names for LaTeX names, each used once."""

    taken: dict[str, str] = field(default_factory=dict)  # python -> what it stands for
    known: dict[str, str] = field(default_factory=dict)  # what it stands for -> python

    def of(self, what: str, wish: str | None = None) -> str:
        """The Python name of one thing; a number is added where two things would share it."""
        if what in self.known:
            return self.known[what]
        name = base = python_name(wish if wish is not None else what)
        number = 2
        while name in self.taken:
            name, number = f"{base}{number}", number + 1
        self.taken[name] = what
        self.known[what] = name
        return name


def python_name(latex: str) -> str:
    r"""A readable Python name: \hat{m}_t -> m_hat_t, W^Q -> W_Q, \theta_{t-1} -> theta_t_minus_1."""
    text = re.sub(
        r"\\(?:mathbf|mathrm|mathcal|mathbb|mathsf|mathit|mathfrak|boldsymbol|bm|text|textrm|textbf|textit|operatorname|mathscr|left|right)\b",
        "",
        latex,
    )
    for _ in range(4):
        text = re.sub(r"\\(?:wide)?(hat|tilde|bar|dot|ddot|vec|check)\s*\{([^{}]*)\}", r"\2_\1", text)
        text = re.sub(r"\\(?:wide)?(hat|tilde|bar|dot|ddot|vec|check)\s*(\\?[A-Za-z]+)", r"\2_\1", text)
        text = re.sub(r"\{([^{}]*)\}", lambda match: match.group(1) if match.group(1).isalnum() else f"_{match.group(1)}_", text)
    text = text.replace("\\ell", "ell").replace("\\_", "_").replace("'", "_prime").replace("\\prime", "_prime").replace("*", "_star")
    text = re.sub(r"(?<![A-Za-z0-9\\])((?:[A-Za-z] )+[A-Za-z])(?![A-Za-z0-9])", lambda match: match[1].replace(" ", ""), text)
    text = re.sub(r"\s*\+\s*", "_plus_", text)
    text = re.sub(r"\s*-\s*", "_minus_", text)
    text = re.sub(r"[^A-Za-z0-9_]+", "_", text.replace("\\", ""))
    text = re.sub(r"_+", "_", text).strip("_") or "value"
    text = f"x_{text}" if text[0].isdigit() else text
    return text + "_" if keyword.iskeyword(text) or text in _RESERVED else text


def summed(items: list[tuple[str, Code]]) -> Code:
    """Terms with their signs, as one sum."""
    text = ""
    for sign, code in items:
        if not text:
            text = code.at(SUM) if sign == "+" else "-" + code.at(SIGN)
        else:
            text += f" {sign} {code.at(PRODUCT if sign == '-' else SUM)}"
    return Code(text, SUM, all(code.plain for _, code in items))


def tensor_text(code: Code) -> str:
    """The text where a tensor must stand: a plain number is made one."""
    return f"torch.tensor({code.text}, dtype=torch.float64)" if code.plain else code.text


_CLAMPED = re.compile(r"torch\.(?:relu\((?P<positive>.*)\)|clamp\((?P<inside>.*), min=(?P<least>[^()=]*)\))")


def clamped(text: str, limit: str, number: str) -> str:
    """An array held between limits; a lower limit below it joins an upper one in a single call."""
    below = _CLAMPED.fullmatch(text) if limit == "max" else None
    inside = (below["positive"] or below["inside"]) if below else ""
    if below is None or not _balanced(inside):
        return f"torch.clamp({text}, {limit}={number})"
    return f"torch.clamp({inside}, min={below['least'] or 0}, max={number})"


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if depth < 0:
            return False
    return not depth
