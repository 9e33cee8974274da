"""What LaTeX's text commands print: symbols, accents, which arguments are shown and which are only for the eye."""

from __future__ import annotations

import re
import unicodedata

SYMBOLS = {
    "\\ldots": "…", "\\dots": "…", "\\textellipsis": "…", "\\S": "§", "\\P": "¶", "\\dag": "†", "\\dagger": "†", "\\ddag": "‡",
    "\\ddagger": "‡",
    "\\textdagger": "†", "\\textdaggerdbl": "‡", "\\copyright": "©", "\\pounds": "£", "\\euro": "€", "\\texteuro": "€",
    "\\textregistered": "®",
    "\\texttrademark": "™", "\\textdegree": "°", "\\degree": "°", "\\textbullet": "•", "\\bullet": "•", "\\textendash": "–",
    "\\textemdash": "—",
    "\\textquoteleft": "‘", "\\textquoteright": "’", "\\textquotedblleft": "“", "\\textquotedblright": "”", "\\textasciitilde": "~",
    "\\textasciicircum": "^", "\\textbackslash": "\\", "\\textunderscore": "_", "\\textbar": "|", "\\textless": "<", "\\textgreater": ">",
    "\\textpm": "±", "\\pm": "±", "\\texttimes": "×", "\\times": "×", "\\textmu": "µ", "\\checkmark": "✓", "\\cmark": "✓", "\\xmark": "✗",
    "\\uparrow": "↑", "\\downarrow": "↓", "\\rightarrow": "→", "\\to": "→", "\\leftarrow": "←", "\\textuparrow": "↑",
    "\\textdownarrow": "↓",
    "\\textrightarrow": "→", "\\star": "⋆", "\\ast": "∗", "\\textasteriskcentered": "*", "\\LaTeX": "LaTeX", "\\TeX": "TeX",
    "\\BibTeX": "BibTeX",
    "\\ss": "ß", "\\ae": "æ", "\\AE": "Æ", "\\oe": "œ", "\\OE": "Œ", "\\aa": "å", "\\AA": "Å", "\\o": "ø", "\\O": "Ø", "\\l": "ł",
    "\\L": "Ł",
    "\\i": "ı", "\\j": "ȷ", "\\%": "%", "\\&": "&", "\\$": "$", "\\#": "#", "\\_": "_", "\\{": "{", "\\}": "}", "\\-": "", "\\/": "",
    "\\@": "",
    "\\,": " ", "\\;": " ", "\\:": " ", "\\ ": " ", "\\\n": " ", "\\!": "", "\\>": " ", "\\quad": " ", "\\qquad": " ", "\\enspace": " ",
    "\\thinspace": " ",
    "\\space": " ", "\\newline": " ", "\\linebreak": " ", "\\nobreakspace": " ", "\\hfill": " ", "\\hfil": " ", "\\slash": "/",
    "\\textsection": "§",
    "\\geq": "≥", "\\leq": "≤", "\\ge": "≥", "\\le": "≤", "\\sim": "∼", "\\approx": "≈", "\\tabularnewline": " ", "\\textquotesingle": "'",
    "\\textordmasculine": "º", "\\textordfeminine": "ª", "\\percent": "%", "\\KwTo": "to ", "\\TO": "to ", "\\infty": "∞", "\\dh": "ð",
    "\\th": "þ", "\\TH": "Þ", "\\ng": "ŋ",
    "\\alpha": "α", "\\beta": "β", "\\gamma": "γ", "\\lambda": "λ", "\\mu": "μ", "\\sigma": "σ", "\\epsilon": "ε", "\\diamond": "⋄",
    "\\cdot": "·",
    "\\slshape": "", "\\textquotedbl": '"', "\\guillemotleft": "«", "\\guillemotright": "»", "\\ie": "i.e.", "\\eg": "e.g.",
    "\\etc": "etc.", "\\etal": "et al.",
}  # fmt: skip

ACCENTS = {
    "\\'": "\u0301", "\\`": "\u0300", "\\^": "\u0302", '\\"': "\u0308", "\\~": "\u0303", "\\=": "\u0304", "\\.": "\u0307", "\\u": "\u0306",
    "\\v": "\u030c", "\\H": "\u030b", "\\c": "\u0327", "\\k": "\u0328", "\\r": "\u030a", "\\d": "\u0323", "\\b": "\u0331", "\\t": "\u0361",
}  # fmt: skip


def _signatures(table: dict[str, str]) -> dict[str, str]:
    return {f"\\{name}": signature for signature, names in table.items() for name in names.split()}


# Commands whose arguments print nothing: signatures as in `Gullet.arguments`; a star is read before them.
DROPPED = _signatures(
    {
        "m": "sethlcolor vspace thispagestyle pagestyle pagenumbering bibliographystyle graphicspath hypersetup lstset sisetup urlstyle"
        " tikzset usetikzlibrary"
        " usepgfplotslibrary pgfplotsset phantom hphantom vphantom nocite index marginpar setcitestyle icmlsetsymbol setcopyright ccsdesc"
        " orcid inst tnote"
        " fontfamily fontseries fontshape enlargethispage arrayrulecolor stepcounter refstepcounter affiliation institute address affil"
        " institution email"
        " icmlkeywords keywords hyphenation geometry theoremstyle newsavebox newlength hhline noalign thanks date icmltitlerunning"
        " titlerunning authorrunning"
        " setstretch linespread bibpunct authornote authornotemark settopmatter acmDOI acmISBN acmYear copyrightyear subjclass"
        " AtBeginDocument AtEndDocument"
        " selectlanguage pdfinfo tcbset tcbuselibrary endnote crefalias mathtoolsset",
        "om": "cline todo rowcolor cellcolor columncolor pagecolor includepdf SetCell SetRow SetColumn rowfont",
        "opm": "cmidrule",
        "mm": "setlength addtolength colorlet crefname Crefname lstdefinestyle lstdefinelanguage settowidth settoheight SetKwInOut"
        " SetKwFunction SetKw SetKwData"
        " restylefloat floatname icmlaffiliation icmlcorrespondingauthor newlist DeclareUnicodeCharacter DeclareCaptionFont pdfbookmark"
        " AtBeginEnvironment fontsize",
        "mmm": "definecolor specialrule addcontentsline",
        "omm": "rule setlist",
        "mom": "newcolumntype newfloat",
        "mo": "newcounter",
        "o": "addlinespace toprule midrule bottomrule newpage pagebreak samethanks footnotemark hline linebreak nolinebreak"
        " allowdisplaybreaks listoftodos",
        "oom": "SetHline SetVline",
        "ommm": "rowcolors",
        "omom": "newtcolorbox",
        "mmmm": "titlespacing",
        "mommmm": "titleformat",
        "mmmmm": "patchcmd",
    }
)

# Commands that show a later argument: what stands before it is read away, and the argument follows as a plain group.
SHOWN_AFTER = _signatures(
    {
        "m": "bibfield bibinfo hyperlink hypertarget foreignlanguage adjustbox trimbox clipbox",
        "om": "textcolor color colorbox rotatebox parbox",
        "mm": "resizebox fcolorbox multicolumn",
        "mo": "scalebox",
        "o": "makecell thead shortstack Centerstack rotcell textls hyperref fbox framebox",
        "oo": "makebox",
        "moo": "raisebox",
        "omomo": "multirow",
    }
)

BOLD = frozenset({"\\textbf", "\\bf", "\\bfseries", "\\boldmath"})
BOLD_MATHEMATICS = frozenset({"\\mathbf", "\\bm", "\\boldsymbol", "\\pmb"})
UNDERLINE = frozenset({"\\underline", "\\ul", "\\uline", "\\underbar"})

# algorithmic and algorithm2e: how a line begins
STEPS = {
    "\\state": "", "\\statex": "", "\\require": "Require: ", "\\ensure": "Ensure: ", "\\input": "Input: ", "\\output": "Output: ",
    "\\if": "if ",
    "\\elsif": "else if ", "\\else": "else", "\\endif": "end if", "\\for": "for ", "\\forall": "for all ", "\\endfor": "end for",
    "\\while": "while ",
    "\\endwhile": "end while", "\\repeat": "repeat", "\\until": "until ", "\\loop": "loop", "\\endloop": "end loop", "\\return": "return ",
    "\\print": "print ", "\\procedure": "procedure ", "\\endprocedure": "end procedure", "\\function": "function ",
    "\\endfunction": "end function",
}  # fmt: skip
ALGORITHM2E = {"\\KwIn": "Input: ", "\\KwOut": "Output: ", "\\KwData": "Data: ", "\\KwResult": "Result: ", "\\KwRet": "return ",
"\\Return": "return ",
               "\\For": "for ", "\\ForEach": "for each ", "\\While": "while ", "\\If": "if ", "\\ElseIf": "else if ", "\\Else": "else ",
               "\\uIf": "if ",
               "\\eIf": "if "}  # fmt: skip

# Steps whose condition stands in braces, before the lines they hold.
CONDITIONED = frozenset(
    {"\\for", "\\forall", "\\foreach", "\\while", "\\if", "\\elsif", "\\elseif", "\\until", "\\uif", "\\eif", "\\procedure", "\\function"}
)

# Environments of which nothing is text.
DRAWINGS = frozenset(
    {
        "tikzpicture",
        "tikzpicture*",
        "axis",
        "pgfpicture",
        "picture",
        "pspicture",
        "forest",
        "overpic",
        "tikzcd",
        "circuitikz",
        "filecontents",
        "keyword",
    }
)
# Arguments of environments that print nothing.
ENVIRONMENT_ARGUMENTS = {
    "minipage": "ooom", "wrapfigure": "omom", "wraptable": "omom", "subfigure": "om", "subtable": "om", "multicols": "m", "adjustbox": "m",
    "adjustwidth": "mm", "spacing": "m", "tcolorbox": "o", "mdframed": "o", "figure": "o", "figure*": "o", "table": "o", "table*": "o",
    "algorithm": "o",
    "algorithm*": "o", "enumerate": "o", "itemize": "o", "description": "o", "compactitem": "o", "compactenum": "o", "algorithmic": "o",
    "sidewaystable": "o", "sidewaystable*": "o", "sidewaysfigure": "o", "threeparttable": "o", "SCtable": "oo", "SCfigure": "oo",
    "tablenotes": "o",
    "restatable": "omm", "list": "mm", "landscape": "", "thebibliography": "m", "floatrow": "o", "subtable*": "om", "subfigure*": "om",
    "proof": "",
    "scope": "o", "turn": "m", "rotate": "m", "cases": "", "IEEEkeywords": "", "frame": "o", "block": "m", "wrapfloat": "momom",
    "table1": "o",
}  # fmt: skip

_PUNCTUATION = re.compile(r"---|--|``|''|`|'")
_PRINTED = {"---": "—", "--": "–", "``": "“", "''": "”", "`": "‘", "'": "’"}


def ligatures(text: str) -> list[tuple[str, int, int]]:
    """Cut a word at TeX's ligatures; return printed runs with their extent in the word."""
    if "-" not in text and "'" not in text and "`" not in text:
        return [(text, 0, len(text))]
    runs: list[tuple[str, int, int]] = []
    position = 0
    for found in _PUNCTUATION.finditer(text):
        if found.start() > position:
            runs.append((text[position : found.start()], position, found.start()))
        printed = _PRINTED[found.group()] if found.group() not in "'" else "'"
        runs.append((printed, found.start(), found.end()))
        position = found.end()
    if position < len(text):
        runs.append((text[position:], position, len(text)))
    return runs


def accented(accent: str, letter: str) -> str:
    """Put an accent on the first letter: ("\\\\'", "e") gives "é"."""
    if not letter:
        return ""
    base = {"ı": "i", "ȷ": "j"}.get(letter[0], letter[0])
    return unicodedata.normalize("NFC", base + ACCENTS[accent]) + letter[1:]


_ROMAN = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)


def counted(style: str, number: int) -> str:
    """Print a counter: arabic, Alph, alph, Roman, roman."""
    if style in ("Alph", "alph"):
        letters = ""
        while number > 0 and len(letters) < 4:
            number, rest = divmod(number - 1, 26)
            letters = chr(65 + rest) + letters
        return letters if style == "Alph" else letters.lower()
    if style in ("Roman", "roman"):
        numeral = ""
        for value, sign in _ROMAN:
            while number >= value and len(numeral) < 20:
                numeral += sign
                number -= value
        return numeral if style == "Roman" else numeral.lower()
    return str(number)
