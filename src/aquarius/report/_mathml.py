"""LaTeX as native MathML. The text is a paper's and may be hostile: what comes out is rebuilt from elements and attributes that are known to be harmless."""

from __future__ import annotations

import re
import xml.etree.ElementTree as tree

LONGEST = 4_000  # characters of LaTeX; a longer display is shown as text
DEEPEST = 40  # braces within braces

ELEMENTS = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "ms",
        "mspace",
        "mtext",
        "mfrac",
        "msqrt",
        "mroot",
        "mstyle",
        "merror",
        "mpadded",
        "mphantom",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mmultiscripts",
        "mprescripts",
        "none",
        "mtable",
        "mtr",
        "mtd",
        "mlabeledtr",
        "menclose",
        "semantics",
    ]
)
ATTRIBUTES = frozenset(
    [
        "display",
        "mathvariant",
        "stretchy",
        "fence",
        "separator",
        "form",
        "accent",
        "accentunder",
        "linethickness",
        "columnalign",
        "rowalign",
        "columnspacing",
        "rowspacing",
        "lspace",
        "rspace",
        "width",
        "height",
        "depth",
        "minsize",
        "maxsize",
        "symmetric",
        "largeop",
        "movablelimits",
        "displaystyle",
        "scriptlevel",
        "notation",
        "columnlines",
        "rowlines",
    ]
)
_ROWS = re.compile(r"\\(begin|end)\{(?:aligned|align\*?|alignedat|split|gathered|gather\*?|eqnarray\*?|multline\*?)\}")
_VALUE = re.compile(r"^[\w .,%#+-]{0,60}$")


def mathml(latex: str) -> str | None:
    """Return a display as MathML, or None where it cannot be: the caller then shows the LaTeX as text."""
    text = _ROWS.sub(r"\\\1{matrix}", latex).replace(r"\nonumber", "").strip()
    if not text or len(text) > LONGEST or _depth(text) > DEEPEST:
        return None
    if ("&" in text.replace(r"\&", "") or r"\\" in text) and r"\begin{" not in text:
        text = rf"\begin{{matrix}}{text}\end{{matrix}}"
    from latex2mathml.converter import convert

    try:
        root = tree.fromstring(convert(text, display="block"))
        clean = _clean(root)
    except Exception:  # the library raises a dozen kinds for what it does not know, RecursionError among them
        return None
    if clean is None or r"\\" in "".join(clean.itertext()):
        return None
    if any((element.text or "").startswith("\\") for element in clean.iter()):
        return None  # a macro that it does not know stands there as text: half a formula misleads
    return tree.tostring(clean, encoding="unicode")


def _clean(element: tree.Element) -> tree.Element | None:
    """Return a copy made of known elements and attributes alone; None where an element is unknown."""
    name = element.tag.rpartition("}")[2]
    if name not in ELEMENTS:
        return None
    kept = {key: value for key, value in element.attrib.items() if key in ATTRIBUTES and _VALUE.match(value)}
    copy = tree.Element(name, kept)
    copy.text = element.text
    for child in element:
        cleaned = _clean(child)
        if cleaned is None:
            return None
        cleaned.tail = child.tail
        copy.append(cleaned)
    return _joined(copy)


def _joined(row: tree.Element) -> tree.Element:
    """Join the upright letters of a word, which the library writes one by one: softmax is one identifier."""
    children = list(row)
    if len(children) < 2 or row.tag not in ("mrow", "math", "mtd", "mstyle"):
        return row
    for child in children:
        row.remove(child)
    for child in children:
        last = row[-1] if len(row) else None
        if last is not None and _upright(last) and _upright(child):
            last.text = (last.text or "") + (child.text or "")
        else:
            row.append(child)
    for child in row:
        if _upright(child) and len(child.text or "") > 1:
            del child.attrib["mathvariant"]  # an identifier of several letters is upright by itself
    return row


def _upright(element: tree.Element) -> bool:
    return element.tag == "mi" and element.attrib == {"mathvariant": "normal"} and not len(element)


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    return deepest
