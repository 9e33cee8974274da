"""The words of mathematical LaTeX that the parser knows: relations, operators, functions, accents, brackets and environments."""

from __future__ import annotations

from ._lexicon import words


def _each(meanings: dict[str, str]) -> dict[str, str]:
    """One entry for each of the words that share a meaning."""
    return {word: meaning for meaning, spelled in meanings.items() for word in spelled.split()}


RELATIONS = _each(
    {
        "=": "= := coloneqq triangleq equiv doteq leftarrow gets coloneq Leftarrow longleftarrow Longleftarrow eqdef defeq colonequals eqqcolon",
        "<": "< ll lt lll lesssim",
        ">": "> gg gt ggg gtrsim",
        "<=": "le leq leqslant leqq",
        ">=": "ge geq geqslant geqq",
        "!=": "ne neq not=",
        "in": "in",
        "notin": "notin",
        "~": "sim",
        "approx": "approx simeq cong asymp approxeq thickapprox",
        "propto": "propto",
        "to": "to rightarrow mapsto longmapsto longrightarrow hookrightarrow leadsto rightsquigarrow dashrightarrow",
        "subset": "subset subseteq subsetneq supset supseteq ni",
        "implies": "implies Rightarrow Longrightarrow models vdash",
        "iff": "iff Leftrightarrow leftrightarrow Longleftrightarrow rightleftharpoons",
        "and": "land wedge",
        "or": "lor vee",
        "succ": "succ succeq succcurlyeq",
        "prec": "prec preceq preccurlyeq",
        "perp": "perp",
        "setminus": "setminus",
    }
)
# What a relation says, in words, where it computes nothing.
RELATION_WORDS = {"~": "a distribution", "<=": "a bound", ">=": "a bound", "<": "a bound", ">": "a bound", "approx": "an approximation"}
RELATION_WORDS |= {
    "propto": "a proportionality",
    "to": "a map or limit",
    "in": "membership",
    "!=": "an inequality",
    ":": "what kind of thing a name is",
}
OPERATORS = _each(
    {
        "\\cdot": "cdot bullet ⋅",
        "\\times": "times",
        "*": "* ast",
        "\\odot": "odot",
        "\\circ": "circ",
        "\\otimes": "otimes",
        "/": "/ div",
        "\\oplus": "oplus",
        "\\star": "star",
        "@": "@",
        "\\cup": "cup",
        "\\cap": "cap",
        "\\bmod": "bmod mod",
    }
)
BIG = words("""
    sum prod max min argmax argmin int iint oint bigcup bigcap bigoplus sup inf lim coprod bigodot bigotimes
    """)
UNBOUNDED = words("""
    int iint oint lim bigcup bigcap sup inf coprod bigoplus bigodot bigotimes
    """)
FUNCTIONS = words("""
    log ln exp sin cos tan tanh sinh cosh arctan arcsin arccos det sigmoid sigm sec csc cot softmax Softmax SoftMax ReLU
    relu RELU ELU GELU softplus Softplus sign sgn tr Tr trace diag coth Sigmoid Tanh logsumexp erf logit LeakyReLU rank
    vec Concat concat CONCAT Var var Cov mean abs
    """)
ACCENTS = _each(
    {
        "hat": "hat widehat",
        "tilde": "tilde widetilde",
        "bar": "bar overline",
        "dot": "dot",
        "ddot": "ddot",
        "vec": "vec overrightarrow",
        "check": "check",
        "breve": "breve",
        "underline": "underline",
        "acute": "acute",
        "grave": "grave",
        "ring": "mathring",
    }
)
OPENERS = {"(": ")", "[": "]", "{": "}", "lfloor": "rfloor", "lceil": "rceil", "langle": "rangle", "llbracket": "rrbracket"}
BRACKETS = {"(": "()", "[": "[]", "{": "{}", "lfloor": "\u230a\u230b", "lceil": "\u2308\u2309", "langle": "\u27e8\u27e9"}
BRACKETS["llbracket"] = "\u27e6\u27e7"
CLOSERS = {*OPENERS.values(), "right.", "right|"}
DOTS = {"dots", "ldots", "cdots", "dotsc", "dotsb", "dotsm", "dotso", "vdots", "ddots", "hdots"}
MATRICES = {"aligned", "alignedat", "split", "gathered", "matrix", "bmatrix", "pmatrix", "vmatrix", "Bmatrix", "smallmatrix", "array"}
CASES = {"cases", "dcases", "rcases", "cases*"}
ASIDES = {"underbrace", "overbrace", "underset", "overset", "stackrel"}
