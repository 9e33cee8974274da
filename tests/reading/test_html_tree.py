"""Nodes know their characters; tags left open are closed as browsers close them."""

from __future__ import annotations

import pytest

from aquarius.core import BadInput
from aquarius.reading import _html_tree
from aquarius.reading._html_tree import Words, tree_of


def test_nodes_and_words_know_their_characters() -> None:
    text = "<p class='a b'>one &amp; <b>two</b>&#8217;s</p>"
    (paragraph,) = tree_of("p", text).nodes()
    assert paragraph.has("b") and not paragraph.has("c") and text[paragraph.start : paragraph.end] == text
    words = [item for node in paragraph.walk() for item in node.children if isinstance(item, Words)]
    assert [(item.text, text[item.start : item.end]) for item in words] == [
        ("one ", "one "),
        ("&", "&amp;"),
        (" ", " "),
        ("’", "&#8217;"),
        ("s", "s"),
        ("two", "two"),
    ]
    assert paragraph.text() == "one & two’s"


def test_open_tags_are_closed_by_what_follows() -> None:
    root = tree_of("p", "<ul><li>a<li>b<ul><li>c</ul></ul><table><tr><td>x<td>y<tr><td>z</table><p>q<div>r</div>")
    assert [len([node for node in root.walk() if node.tag == tag]) for tag in ("li", "tr", "td", "p")] == [3, 2, 3, 1]
    rows = [row.text() for row in root.walk() if row.tag == "tr"]
    assert rows == ["x y", "z"]


def test_scripts_and_navigation_are_not_there_but_formulas_are() -> None:
    root = tree_of("p", "<script>a</script><nav>b<p>c</nav><script type='math/tex'>x^2</script>d")
    assert root.text() == "x^2d" and root.first("script") is not None


@pytest.mark.parametrize("text", ["<" * 3000, "<p>" + "a<b" * 3000, "<b>" * 3000])
def test_more_parts_than_a_paper_has_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(_html_tree, "NODES", 1000)
    with pytest.raises(BadInput, match=r"^a\.html holds more elements, or deeper ones, than any paper: it is refused\.$"):
        tree_of("a.html", text)


def test_an_element_with_more_attributes_than_a_page_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_html_tree, "ATTRIBUTES", 100)
    with pytest.raises(BadInput, match="more attributes than any page"):
        tree_of("a.html", "<p " + 'a="b" ' * 200 + ">x</p>")
    assert tree_of("a.html", '<img src="data:image/png;base64,' + "A" * 5000 + '=="><p>x</p>').text() == "x"
