"""Formulas of Word files (Office Math, ECMA-376 part 1, section 22.1) as LaTeX."""

from __future__ import annotations

from collections.abc import Callable

from ._html_tree import Node, Words

_SIGNS = {
    "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "√": r"\sqrt", "∞": r"\infty", "∂": r"\partial", "∇": r"\nabla", "∈": r"\in", "∉": r"\notin", "⊂": r"\subset",
    "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv", "∼": r"\sim", "∝": r"\propto", "×": r"\times", "⋅": r"\cdot", "·": r"\cdot",
    "⊙": r"\odot", "⊗": r"\otimes", "⊕": r"\oplus", "→": r"\to", "←": r"\leftarrow", "±": r"\pm", "−": "-", "…": r"\ldots", "⋯": r"\cdots", "′": "'",
    "‖": r"\|", "∥": r"\|", "⟨": r"\langle", "⟩": r"\rangle", "ℝ": r"\mathbb{R}", "𝔼": r"\mathbb{E}", "ℓ": r"\ell", "⌊": r"\lfloor", "⌋": r"\rfloor", "⊤": r"\top",
    "∣": r"\mid", "∧": r"\wedge", "∨": r"\vee", "∀": r"\forall", "∃": r"\exists", "∅": r"\emptyset", "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_",
}  # fmt: skip
_GREEK = dict(
    zip(
        "αβγδεϵζηθικλμνξπρστυφϕχψωΓΔΘΛΞΠΣΥΦΨΩ",
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "varepsilon",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "varphi",
            "phi",
            "chi",
            "psi",
            "omega",
            "Gamma",
            "Delta",
            "Theta",
            "Lambda",
            "Xi",
            "Pi",
            "Sigma",
            "Upsilon",
            "Phi",
            "Psi",
            "Omega",
        ],
        strict=True,
    )
)
_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u20d7": "vec", "\u030c": "check"}
_FUNCTIONS = {"log", "ln", "exp", "sin", "cos", "tan", "max", "min", "lim", "sup", "inf", "det", "tanh", "arg", "Pr"}


def latex_of(node: Node) -> str:
    """Return the LaTeX of a formula; what has no counterpart stands as its text."""
    return " ".join(_of(node).split())


def _of(node: Node) -> str:
    maker = _MAKERS.get(node.tag)
    return maker(node) if maker is not None else _inside(node)


def _inside(node: Node) -> str:
    return " ".join(filter(None, (_of(child) for child in node.nodes())))


def _part(node: Node, name: str) -> str:
    return next((_inside(child) for child in node.nodes() if child.tag == name), "")


def _property(node: Node, name: str, default: str) -> str:
    properties = next((child for child in node.nodes() if child.tag.endswith("Pr")), None)
    found = next((part for part in properties.walk() if part.tag == name), None) if properties is not None else None
    return found.attributes.get("val", "") if found is not None else default


def _run(node: Node) -> str:
    text = "".join(item.text for child in node.nodes() if child.tag == "t" for item in child.children if isinstance(item, Words))
    style = next((part.attributes.get("val") for part in node.walk() if part.tag == "sty"), None)
    upright = style == "p" or any(part.tag == "nor" for part in node.walk())
    if text.strip() in _FUNCTIONS:
        return "\\" + text.strip()
    shown = _signs(text)
    if upright and len(text.strip()) > 1 and text.strip().isalpha():
        return rf"\mathrm{{{text.strip()}}}"
    return rf"\mathbf{{{shown.strip()}}}" if style in {"b", "bi"} and shown.strip() else shown


def _signs(text: str) -> str:
    return "".join(
        f"\\{_GREEK[c]} " if c in _GREEK else _SIGNS[c] + (" " if _SIGNS[c][-1].isalpha() else "") if c in _SIGNS else c for c in text
    ).strip()


def _scripted(node: Node) -> str:
    below, above = _part(node, "sub"), _part(node, "sup")
    base = _part(node, "e")
    base = base if base.isalnum() or (base.startswith("\\") and base[1:].isalpha()) else f"{{{base}}}"
    return base + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")


def _fraction(node: Node) -> str:
    return rf"\frac{{{_part(node, 'num')}}}{{{_part(node, 'den')}}}"


def _root(node: Node) -> str:
    degree = _part(node, "deg")
    return rf"\sqrt[{degree}]{{{_part(node, 'e')}}}" if degree else rf"\sqrt{{{_part(node, 'e')}}}"


def _large(node: Node) -> str:
    sign = _signs(_property(node, "chr", "∫"))
    below, above = _part(node, "sub"), _part(node, "sup")
    return sign + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "") + f" {_part(node, 'e')}"


def _delimited(node: Node) -> str:
    opening, closing = _property(node, "begChr", "("), _property(node, "endChr", ")")
    between = f" {_signs(_property(node, 'sepChr', '|'))} ".join(_inside(child) for child in node.nodes() if child.tag == "e")
    fence = lambda sign: {"": ".", "{": r"\{", "}": r"\}", "|": "|"}.get(sign, _signs(sign))
    return rf"\left{fence(opening)} {between} \right{fence(closing)}"


def _accent(node: Node) -> str:
    name = _ACCENTS.get(_property(node, "chr", "\u0302"), "hat")
    return rf"\{name}{{{_part(node, 'e')}}}"


def _bar(node: Node) -> str:
    command = "overline" if _property(node, "pos", "bot") == "top" else "underline"
    return rf"\{command}{{{_part(node, 'e')}}}"


def _called(node: Node) -> str:
    return f"{_part(node, 'fName')} {_part(node, 'e')}"


def _limit(node: Node) -> str:
    mark = "_" if node.tag == "limLow" else "^"
    return f"{_part(node, 'e')}{mark}{{{_part(node, 'lim')}}}"


def _matrix(node: Node) -> str:
    rows = [" & ".join(_inside(cell) for cell in row.nodes() if cell.tag == "e") for row in node.nodes() if row.tag == "mr"]
    return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"


def _array(node: Node) -> str:
    return r" \\ ".join(_inside(row) for row in node.nodes() if row.tag == "e")


_MAKERS: dict[str, Callable[[Node], str]] = {
    "r": _run, "f": _fraction, "rad": _root, "nary": _large, "d": _delimited, "acc": _accent, "bar": _bar, "func": _called, "limLow": _limit, "limUpp": _limit,
    "sSub": _scripted, "sSup": _scripted, "sSubSup": _scripted, "m": _matrix, "eqArr": _array,
}  # fmt: skip
_MAKERS |= {name: lambda node: "" for name in ("ctrlPr", "rPr", "fPr", "radPr", "naryPr", "dPr", "accPr", "sSubPr", "sSupPr", "sSubSupPr", "funcPr", "mPr", "eqArrPr", "limLowPr", "limUppPr", "barPr", "oMathParaPr")}  # fmt: skip
