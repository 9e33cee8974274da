"""HTML as a light tree whose nodes know their characters in the file. Forgiving as browsers are; bounded in size, depth and number of nodes."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from ..core import BadInput

DEPTH = 400
NODES = 1_000_000  # elements and runs of text
ATTRIBUTES = 50_000  # of one element
_VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"])
_SKIPPED = frozenset(["script", "style", "noscript", "template", "nav", "svg", "object", "iframe", "button", "form"])
# a start tag that ends an open one of the same family
_CLOSES = {"p": {"p"}, "li": {"li"}, "tr": {"tr", "td", "th"}, "td": {"td", "th"}, "th": {"td", "th"}, "tbody": {"thead", "tbody", "tr", "td", "th"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "option": {"option"}}  # fmt: skip
_BARRIERS = {"li": {"ul", "ol"}, "tr": {"table"}, "td": {"table"}, "th": {"table"}, "tbody": {"table"}, "dt": {"dl"}, "dd": {"dl"}, "p": {"table", "div", "section", "figure", "td", "li"}}  # fmt: skip
_BLOCKS = frozenset(["address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "ul"])  # fmt: skip


@dataclass
class Words:
    """A run of text and the characters of the file it comes from."""

    text: str
    start: int
    end: int


@dataclass
class Node:
    """An element."""

    tag: str
    attributes: dict[str, str]
    start: int
    end: int = 0
    children: list[Node | Words] = field(default_factory=list)

    def has(self, *classes: str) -> bool:
        """Say whether the element has one of these classes."""
        return any(name in classes for name in self.attributes.get("class", "").split())

    def nodes(self) -> Iterator[Node]:
        """Yield the elements right inside."""
        return (child for child in self.children if isinstance(child, Node))

    def walk(self) -> Iterator[Node]:
        """Yield the element and all inside it, in the order of the file."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(node.nodes())))

    def find(self, *classes: str) -> Node | None:
        """Return the first element inside with one of these classes."""
        return next((node for node in self.walk() if node.has(*classes)), None)

    def first(self, *tags: str) -> Node | None:
        """Return the first element inside with one of these tags."""
        return next((node for node in self.walk() if node is not self and node.tag in tags), None)

    def text(self) -> str:
        """Return all text inside, white space collapsed."""
        parts: list[str] = []
        waiting: list[Node | Words] = [self]
        while waiting:
            item = waiting.pop()
            if isinstance(item, Words):
                parts.append(item.text)
            else:
                if item.tag in _BLOCKS or item.tag in {"br", "td", "th", "tr"}:
                    parts.append(" ")
                waiting.extend(reversed(item.children))
        return " ".join("".join(parts).split())


def tree_of(name: str, text: str) -> Node:
    """Return the tree of an HTML file.

    Raises:
        BadInput: more elements, deeper ones, or more attributes of one than any paper has.
    """
    if any(len(part) > 2 * ATTRIBUTES and part.count("=") > ATTRIBUTES and "<" in part for part in text.split(">")):
        raise BadInput(f"{name} holds an element with more attributes than any page: it is refused.")
    builder = _Builder(name, text)
    builder.feed(text)
    builder.close()
    for node in builder.open:
        node.end = node.end or len(text)
    return builder.root


class _Builder(HTMLParser):
    def __init__(self, name: str, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.name, self.whole, self.size = name, text, len(text)
        self.lines = [0, *(index + 1 for index, character in enumerate(text) if character == "\n")]
        self.root = Node("", {}, 0, len(text))
        self.open = [self.root]
        self.skipping: list[str] = []
        self.count = 0

    def _at(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.skipping or tag in _SKIPPED:
            keep = tag == "script" and any(name == "type" and (value or "").startswith("math/tex") for name, value in attrs)
            if not keep:
                if tag not in _VOID:
                    self.skipping.append(tag)
                return
        closes = set(_CLOSES.get(tag, ())) | ({"p"} if tag in _BLOCKS else set())
        self._close_open(closes, _BARRIERS.get(tag, set()))
        self._count()
        start = self._at()
        node = Node(tag, {key: value or "" for key, value in attrs}, start, start + len(self.get_starttag_text() or ""))
        self.open[-1].children.append(node)
        if tag not in _VOID:
            self.open.append(node)

    def _count(self) -> None:
        self.count += 1
        if len(self.open) > DEPTH or self.count > NODES:
            raise BadInput(f"{self.name} holds more elements, or deeper ones, than any paper: it is refused.")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def _close_open(self, tags: set[str], barriers: set[str]) -> None:
        for index in range(len(self.open) - 1, 0, -1):
            if self.open[index].tag in barriers:
                return
            if self.open[index].tag in tags:
                self._close(index)

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            if tag in self.skipping:
                while self.skipping.pop() != tag:
                    pass
            return
        for index in range(len(self.open) - 1, 0, -1):
            if self.open[index].tag == tag:
                self._close(index, self._at() + len(tag) + 3)
                return
            if self.open[index].tag in {"table", "section", "article", "body"} and tag not in {
                "table",
                "section",
                "article",
                "body",
                "html",
            }:
                return

    def _close(self, index: int, end: int | None = None) -> None:
        for node in self.open[index:]:
            node.end = min(end if end is not None else self._at(), self.size)
        del self.open[index:]

    def _add(self, text: str, length: int) -> None:
        if not self.skipping:
            self._count()
            start = self._at()
            self.open[-1].children.append(Words(text, start, start + length))

    def handle_data(self, data: str) -> None:
        self._add(data, len(data))

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def _reference(self, raw: str) -> None:
        behind = self._at() + len(raw)
        shown = html.unescape(raw + ";")
        self._add(" " if shown == "\xa0" else shown, len(raw) + (self.whole[behind : behind + 1] == ";"))
