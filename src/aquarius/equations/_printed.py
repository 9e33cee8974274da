"""Names and sizes as a paper prints them, and as the declarations spell them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from ._names import NAME_KINDS, is_transpose, splits
from ._statements import parse_name
from ._symbols import _words
from ._tokens import Refusal
from ._tree import Node, key, latex, walk

_TEXT = re.compile(r"\\(?:text|mathrm|textrm|mathit|operatorname|mathsf)\s*\{([^{}]*)\}")
_SIZE_PIECE = re.compile(r"(?P<number>[1-9]\d*)|(?P<word>@\w+@)(?P<under>_\w+)?|(?P<letters>[A-Za-z]+)(?P<sub>_(?:\w|@\w+@|\{[\w@]+\}))?")


_SIGNS = {"~": "\\sim", "<=": "\\leq", ">=": "\\geq", "!=": "\\neq"}


@lru_cache(maxsize=4096)
def name_key(name: str) -> str | None:
    """The key of a printed name; None where it is no name."""
    try:
        node = parse_name(name, frozenset(_words(name)))
    except (Refusal, RecursionError):
        return None
    if node.kind not in {"symbol", "script", "accent"} or any(item.kind == "group" and item.text != "{}" for item in _bases(node)):
        return None
    return key(node)


def _bases(node: Node) -> list[Node]:
    return [*walk(node.items[0])] if node.kind == "script" else [node]


@lru_cache(maxsize=4096)
def dimension(text: str) -> str | None:
    """A printed size as the declarations spell it: d_k, d_model of d_{\\text{model}}, 2*d of 2d, h*d_v of hd_v; None where it is more than that."""
    plain = _TEXT.sub(lambda match: f"@{match[1]}@", text)
    plain = re.sub(r"\\[,;!]|\s|\\(?![A-Za-z])", "", plain)
    terms = [_factors(term) for term in plain.split("+")]
    return "+".join(term for term in terms if term is not None) if terms and None not in terms else None


def _factors(text: str) -> str | None:
    """One product of sizes: letters that stand together are factors, a word of three small letters or more is one name."""
    text = re.sub(r"\\(?:cdot|times)(?![A-Za-z])", "*", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda match: f"@{match[1]}@", text)
    while text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    found: list[str] = []
    position = 0
    while position < len(text):
        if text[position] == "*" and found:
            position += 1
            continue
        match = _SIZE_PIECE.match(text, position)
        if match is None:
            return None
        position = match.end()
        if match["number"]:
            found.append(match["number"])
        elif match["word"]:
            found.append(_plain(match["word"] + (match["under"] or "")))
        else:
            letters, below = match["letters"], _plain(match["sub"] or "")
            pieces = [letters] if len(letters) > 2 and letters.islower() else list(letters)
            found += [*pieces[:-1], pieces[-1] + below]
    return "*".join(found) if found and all(re.fullmatch(r"[1-9]\d*|[A-Za-z]\w*", piece) for piece in found) else None


def _plain(text: str) -> str:
    return re.sub(r"[@{}]", "", text)


def spelled(node: Node) -> str:
    """A name as the declarations spell it, so that it is read back as the same name."""
    return tidy(latex(_worded(node)))


def _worded(node: Node) -> Node:
    """The tree with every text as one name, its command kept."""
    if node.kind == "text":
        return Node("name", node.at, f"\\text{{{node.text}}}")
    letters = node.kind == "product" and not any(node.tag) and all(item.kind == "symbol" and len(item.text) == 1 for item in node.items)
    if letters and len({item.tag for item in node.items}) == 1 and not (node.items[0].tag and node.items[0].tag[0]):
        return Node("name", node.at, "".join(item.text for item in node.items))  # ref of \\pi_{ref}
    if node.kind == "relation":
        signs = [_SIGNS.get(sign, f"\\{sign}" if sign.isalpha() else sign) for sign in node.tag]
        return Node(
            "name",
            node.at,
            spelled(node.items[0]) + "".join(f" {sign} {spelled(item)}" for sign, item in zip(signs, node.items[1:], strict=True)),
        )
    return replace(node, items=tuple(_worded(item) for item in node.items)) if node.items else node


def tidy(printed: str) -> str:
    """t-1 as a person prints it, single scripts without braces, and words that hold an underscore as they are declared."""
    printed = re.sub(r"\\mathrm\{([A-Za-z]+(?:_[A-Za-z]+)+)\}", lambda match: match[1].replace("_", "\\_"), printed)
    printed = re.sub(r"([_^])\{\{([^{}]*)\}\}", r"\1{\2}", printed)
    return re.sub(r"([_^])\{(\w)\}", r"\1\2", re.sub(r"(?<=\S)\s*([-+])\s*(?=\S)", r"\1", printed))


def without_power(node: Node) -> Node:
    """A name without its transposition or numeric power."""
    power = all(item.kind in {"number", "sum", "fraction"} for item in walk(node.items[2])) if node.kind == "script" else False
    if node.kind == "script" and (power or is_transpose(node.items[2])):
        split = next((item for item in splits(node) if item.above is not None and not item.below), None)
        return split.name if split is not None else node
    return node


def holds(name: Node, bound: Collection[str]) -> bool:
    """Whether a running index stands in the scripts of a name."""
    if name.kind != "script":
        return False
    return any(key(item, fonts=False) in bound for side in name.items[1:] for item in walk(side) if item.kind in NAME_KINDS)
