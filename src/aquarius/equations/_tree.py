"""The tree of a display. It does not decide application against product, nor index against name: the resolver does, with the symbol table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """One construct. `kind` says what `items` are:

    number · symbol (text, tag = font) · accent (text, [inner]) · script ([base, below or none, above or none], tag = primes) ·
    group (text = brackets, items, tag = separators) · fraction ([above, below]) · root ([body] or [body, degree]) ·
    product (items, tag = operators between them, "" where they only stand together) · sum (items, tag = signs) ·
    big (text = operator, [below or none, above or none, body]) · call (function without bracket: [function, argument]) ·
    relation (items, tag = operators) · cases and matrix (rows) · row (cells) · dots · text (prose) · none · name (a declared name with brackets in it)
    """

    kind: str
    at: int
    text: str = ""
    items: tuple[Node, ...] = ()
    tag: tuple[str, ...] = ()


NONE = Node("none", 0)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, depth first."""
    yield node
    for item in node.items:
        yield from walk(item)


_FONT_COMMANDS = {"bf": "\\mathbf", "rm": "\\mathrm", "cal": "\\mathcal", "bb": "\\mathbb", "frak": "\\mathfrak"}


def key(node: Node, fonts: bool = True) -> str:
    """Return one spelling for all ways of printing the same thing: the key under which names are declared and found.

    Without `fonts`, bold and upright are as italics; calligraphic, blackboard and Fraktur letters always stand for something else.
    """
    kind = node.kind
    if kind == "symbol":
        text = {"\\ast": "*", "\\star": "*"}.get(node.text, node.text)
        font = node.tag[0] if node.tag else ""
        return f"{font}:{text}" if font in {"cal", "bb", "frak"} or (fonts and font == "bf") else text
    if kind == "number":
        return node.text
    if kind == "name":
        return node.text
    if kind == "accent":
        return f"{node.text}({key(node.items[0], fonts)})"
    if kind == "script":
        base, below, above = node.items
        text = key(base, fonts) + "'" * len(node.tag)
        text += f"_{{{key(below, fonts)}}}" if below.kind != "none" else ""
        return text + (f"^{{{key(above, fonts)}}}" if above.kind != "none" else "")
    if kind == "group":
        opening, closing = node.text[: len(node.text) // 2], node.text[len(node.text) // 2 :]
        return opening + ",".join(key(item, fonts) for item in node.items) + closing
    if kind == "sum":
        return "".join(sign + key(item, fonts) for sign, item in zip(node.tag, node.items, strict=True)).removeprefix("+")
    if kind == "product":
        return "".join(operator + key(item, fonts) for operator, item in zip(("", *node.tag), node.items, strict=True))
    return node.text + kind + "[" + ";".join(key(item, fonts) for item in node.items) + "]" if kind != "none" else ""


def latex(node: Node) -> str:
    """Return a node as LaTeX, for messages and for the names of outputs."""
    kind = node.kind
    if kind == "symbol":
        font = node.tag[0] if node.tag else ""
        if font:
            return f"{_FONT_COMMANDS[font]}{{{node.text}}}"
        return f"\\mathrm{{{node.text}}}" if len(node.text) > 1 and node.text[0] != "\\" else node.text
    if kind in {"number", "name", "text"}:
        return node.text
    if kind == "accent":
        return f"\\{node.text}{{{latex(node.items[0])}}}"
    if kind == "script":
        base, below, above = node.items
        text = latex(base) + "'" * len(node.tag)
        text += f"_{{{latex(below)}}}" if below.kind != "none" else ""
        return text + (f"^{{{latex(above)}}}" if above.kind != "none" else "")
    if kind == "group":
        half = len(node.text) // 2
        return node.text[:half] + ", ".join(latex(item) for item in node.items) + node.text[half:]
    if kind == "sum":
        return " ".join(sign + latex(item) for sign, item in zip(node.tag, node.items, strict=True)).removeprefix("+")
    if kind == "product":
        return " ".join(f"{operator} {latex(item)}".strip() for operator, item in zip(("", *node.tag), node.items, strict=True))
    if kind == "fraction":
        return f"\\frac{{{latex(node.items[0])}}}{{{latex(node.items[1])}}}"
    if kind == "root":
        return f"\\sqrt{{{latex(node.items[0])}}}"
    if kind == "call":
        return f"{latex(node.items[0])} {latex(node.items[1])}"
    if kind == "dots":
        return "\\dots"
    if kind == "none":
        return ""
    return f"({node.text or kind})"
