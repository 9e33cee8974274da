r"""Which symbols of a display are in no tree: letters, digits and signs counted in the text, and again in the trees and what they leave out.

The text is counted by its own few lines, which share nothing with the tokeniser under test: commands, letters, digits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ._statements import Statement
from ._tree import walk

_WITH_ARGUMENT = r"\\(?:label|tag|hspace|vspace|phantom|hphantom|vphantom|color|cite\w*|eqref|ref)\*?\s*\{[^{}]*\}"
_ENVIRONMENT = r"\\(?:begin|end)\s*\{[^{}]*\}(?:\{[^{}]*\})?(?:\[[tbc]\])?"
_PROSE = r"\\(?:text|textrm|textit|textbf|mbox|textnormal|textsc|hbox)\s*\{[^{}]*\}"
_NOTES = r"\\(?:under|over)brace"
_PIECE = re.compile(r"\\([A-Za-z]+)|\\.|([A-Za-z])|([0-9])|([+/])", re.DOTALL)


def printed(latex: str) -> Counter[str]:
    """Letters, digits, plus signs, slashes and Greek letters of a display; prose, labels and names of environments are left out."""
    text = re.sub(r"(?<!\\)%[^\n]*", " ", latex)
    for pattern in (_WITH_ARGUMENT, _ENVIRONMENT, _PROSE):
        text = re.sub(pattern, " ", text)
    text = re.sub(r"\\\\\[[^\]]*\]", " ", text)
    text = re.sub(r"\\textcolor\s*\{[^{}]*\}", " ", text)
    found: Counter[str] = Counter()
    for command, letter, digit, sign in _PIECE.findall(text):
        if command in GREEK:
            found[command] += 1
        elif letter or digit or sign:
            found[letter or digit or sign] += 1
    return found


_COUNTED = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta kappa lambda mu nu xi pi rho sigma tau phi varphi chi psi"
    " omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell nabla partial infty hat tilde bar sqrt sum prod int odot otimes"
)
GREEK = frozenset(_COUNTED.split())


def kept(statements: Iterable[Statement]) -> Counter[str]:
    """The same counted in the trees, with the words that stand in them as text."""
    found: Counter[str] = Counter()
    for statement in statements:
        for root in (statement.node, statement.lower, statement.upper):
            for node in walk(root) if root is not None else ():
                words = [node.text] if node.kind in {"symbol", "number", "name", "text", "big", "accent", "root"} else []
                words += ["sqrt"] if node.kind == "root" else []
                words += list(node.tag) if node.kind in {"product", "sum"} else []
                for word in words:
                    found += printed(word) if word.startswith("\\") or len(word) == 1 else Counter([*word, word])
    return found


def lost(latex: str, statements: Iterable[Statement]) -> dict[str, int]:
    """Symbols that the text has more often than the trees, and how often; a fraction keeps no slash, and the sign in front may go."""
    missing = printed(latex) - kept(statements)
    return dict(missing)
