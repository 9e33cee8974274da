"""Nodes know their characters; tags left open are closed as browsers close them."""

from __future__ import annotations

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
