"""What the tokeniser knows: commands for fonts, for spacing and for notes, Unicode for commands, words of prose and names printed as letters."""

from __future__ import annotations


def words(text: str) -> set[str]:
    """The words of a text, as a set."""
    return set(text.split())


FONTS = {
    command: font
    for font, commands in {
        "rm": """
            mathrm text textrm operatorname operatorname* mathsf texttt textsc textnormal mathtt textsf mbox mathit
            textit emph textup hbox mathnormal
        """,
        "bf": """mathbf boldsymbol bm pmb textbf bold mathbold""",
        "cal": """mathcal mathscr""",
        "bb": """mathbb mathds mathbbm""",
        "frak": """mathfrak""",
    }.items()
    for command in commands.split()
}
OLD_FONTS = {"rm": "rm", "bf": "bf", "it": "", "cal": "cal", "sf": "rm", "tt": "rm", "boldmath": "bf"}
# Commands whose argument is text.
TEXT = words("""
    text textrm textnormal textit mbox textbf texttt textsc textsf hbox emph textup
    """)
# Commands that only move ink.
DROPPED = words("""
    left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm displaystyle textstyle
    scriptstyle limits nolimits nonumber notag ensuremath mathop mathrel mathbin mathord mathopen mathclose allowbreak
    nobreak hfill noindent centering small normalsize protect smash tiny scriptsize footnotesize large Large LARGE huge mathclap
    mathrlap mathllap mathstrut hline scriptscriptstyle hfil break newline linebreak pagebreak samepage bigstrut medspace
    thickspace negthinspace negmedspace negthickspace displaylimits nolinebreak hss vss null leavevmode rlap llap , ; : ! > / @ - xspace thinspace enspace strut
    mathstrut relax boxed unboldmath
    """)
# Commands that name or move something and take it with them.
DROPPED_WITH_ARGUMENT = words("""
    label tag tag* hspace hspace* vspace vspace* phantom hphantom vphantom cite footnote color citep citet eqref ref
    cref Cref autoref cline cmidrule kern mspace mskip addtocounter setcounter vcenter* textsuperscript numberthis
    """)
SPACES = {"quad", "qquad", " ", "hskip"}
SAME = {
    "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")", "vert": "|", "lvert": "|", "rvert": "|",
    "Vert": "\\|", "lVert": "\\|", "rVert": "\\|", "|": "\\|", "mid": "|", "ast": "*", "colon": ":",
    "parallel": "\\|", "lgroup": "(", "rgroup": ")",
}  # fmt: skip
_GREEK = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau upsilon phi chi psi omega
"""
UNICODE = {chr(0x3B1 + place): name for place, name in enumerate(_GREEK.split())}
_CAPITALS = {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"}
UNICODE |= {letter.upper(): name.capitalize() for letter, name in UNICODE.items() if name.capitalize() in _CAPITALS}
_SIGNS = """
    ∑ sum ∏ prod √ sqrt ≤ le ≥ ge ≠ ne ∈ in ∞ infty ∇ nabla × times · cdot
    ⋅ cdot ⊙ odot ⊗ otimes ⊤ top ∂ partial ∼ sim ≈ approx ← leftarrow ℓ ell ∀ forall … dots
"""
UNICODE |= dict(zip(_SIGNS.split()[::2], _SIGNS.split()[1::2], strict=True))
PROSE = words("""
    if otherwise where for and s.t s.t. st else with when or subject such that is in all each then so thus hence let
    here by as of the a an to from are be we on w.r.t. i.e. o.w. every while since because given which return unless not
    has have any some follows have: otherwise.
    """)
# Names that papers print in italics although they are one word; joined only where a bracket follows.
PLAIN_WORDS = words("""
    softmax Softmax softplus sigmoid tanh ReLU relu GELU sin cos tan exp log max min argmax argmin diag trace concat
    Concat sqrt clip abs sign mean Tr
    """)
