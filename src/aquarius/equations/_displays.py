"""What kind of display it is: whether it computes anything, what makes it hopeless, which functions it defines."""

from __future__ import annotations

from ._names import NAME_KINDS, left_side
from ._notation import RELATION_WORDS, UNBOUNDED
from ._printed import name_key, spelled
from ._statements import statements
from ._tokens import Refusal
from ._tree import Node, key, latex, walk

DISTRIBUTIONS = {"Cat", "Bern", "Bernoulli", "Uniform", "Unif"}


def not_computed(display: str) -> str:
    """Say what a display is where it computes nothing: a bound, a distribution, a definition of notation; "" where it may compute."""
    try:
        found = [statement.node for statement in statements(display) if statement.kind == "equation"]
    except Refusal as refusal:
        return "a definition of notation" if refusal.reason.startswith("there is nothing to compute") else ""
    for node in found:
        if node.kind != "relation":
            continue
        bad = next((operator for operator in node.tag if operator != "="), None)
        if bad is not None:
            return RELATION_WORDS.get(bad, "a relation")
        right = node.items[-1]
        if right.kind == "group" and right.text == "{}" and not any(item.kind == "dots" for item in right.items):
            return "a definition of notation"
        head = right.items[0] if right.kind == "product" else None
        while head is not None and head.kind == "script":
            head = head.items[0]
        named = head is not None and head.kind == "symbol" and (key(head) == "cal:N" or head.text in DISTRIBUTIONS)
        if named and len(right.items) == 2 and right.items[1].kind == "group":
            return "a distribution"
    return ""


def unreadable(display: str) -> tuple[str, int] | None:
    """Say why and at which byte no declarations could help: it cannot be parsed, a side is missing, it integrates or derives."""
    try:
        found = [statement.node for statement in statements(display) if statement.kind == "equation"]
    except Refusal as refusal:
        return refusal.reason, refusal.at
    if len(found) > 1:
        nameless = next((node for node in found if node.kind != "relation" or left_side(node.items[0]) is None), None)
        if nameless is not None:
            return "one of the left sides is not a name, so what is computed does not show", nameless.at
    for node in found:
        if node.kind == "relation" and any(item.kind == "none" for item in node.items):
            return "one side of the equation is missing", node.at
        big = next((item for item in walk(node) if item.kind == "big" and item.text in UNBOUNDED), None)
        if big is not None:
            return f"\\{big.text} is no finite computation", big.at
        forever = endless(node)
        if forever is not None:
            return "a sum to infinity is no finite computation", forever.at
        parts = taken_apart(node)
        if parts is not None:
            return "the sizes of the parts on the left side do not show", parts.at
        named = gradient_by_name_only(node)
        if named is not None:
            by = latex(named.items[1])
            return f"the gradient is taken by {by}, on which the function depends in a way that the display does not show", named.at
        derived = next((item for item in walk(node) if item.kind == "symbol" and item.text == "\\partial"), None)
        if derived is not None:
            return "a derivative is taken; only \\nabla is supported", derived.at
    return None


def defined_functions(display: str) -> tuple[tuple[str, int], ...]:
    """Return the functions that a display defines by name and plain arguments, f(x, y) = ..., with the number of arguments."""
    try:
        found = statements(display)
    except Refusal:
        return ()
    names = []
    for node in (statement.node for statement in found if statement.kind == "equation" and statement.node.kind == "relation"):
        left = left_side(node.items[0]) if node.tag[0] == "=" else None
        bar = any("|" in item.tag for item in walk(node.items[0]) if item.kind == "group")
        if left is not None and left.arguments and not left.indices and not bar and all(item.kind in NAME_KINDS for item in left.arguments):
            names.append((spelled(left.name), len(left.arguments)))
    return tuple((name, count) for name, count in names if name_key(name) is not None)


def taken_apart(node: Node) -> Node | None:
    """[a, b] = f(x): the left side of a relation that takes apart what a call gives, the sizes of whose parts nothing shows."""
    if node.kind != "relation" or node.tag[0] != "=":
        return None
    left = left_side(node.items[0])
    right = node.items[-1]
    called = right.kind == "call" or (right.kind == "product" and len(right.items) == 2 and right.items[1].kind == "group")
    return node.items[0] if left is not None and left.parts and called and right.kind != "group" else None


def endless(node: Node) -> Node | None:
    """The sum or product of a display that runs to infinity, if there is one."""
    for item in walk(node):
        if item.kind == "big" and any(part.kind == "symbol" and part.text == "\\infty" for part in walk(item.items[1])):
            return item
    return None


def gradient_by_name_only(node: Node) -> Node | None:
    """A gradient by what the function behind it has in its name but not among its arguments: how it hangs on it is not in the display."""
    for item in walk(node):
        if item.kind != "product":
            continue
        for first, function, bracket in zip(item.items, item.items[1:], item.items[2:], strict=False):
            nabla = first.kind == "script" and first.items[0].kind == "symbol" and first.items[0].text == "\\nabla"
            called = function.kind in NAME_KINDS and bracket.kind == "group" and bracket.text in {"()", "[]", "{}"}
            if (
                nabla
                and called
                and key(first.items[1], fonts=False) not in {key(part, fonts=False) for part in walk(bracket) if part.kind in NAME_KINDS}
            ):
                return first
    return None


Signature = tuple[int, tuple[str, ...]]  # the number of arguments and what separates them


def calls(display: str) -> tuple[list[tuple[str, Signature, bool]], set[str]]:
    """What stands before brackets in a display: (name, signature, whether only a call is printed so), and the names that stand alone.

    Several arguments, or one that is a plain name, are a call: nobody puts one factor into brackets.
    """
    try:
        found = [statement.node for statement in statements(display) if statement.kind == "equation"]
    except Refusal:
        return [], set()
    called: list[tuple[str, Signature, bool]] = []
    alone: set[str] = set()
    for node in found:
        running = {key(part, fonts=False) for item in walk(node) if item.kind == "big" for part in walk(item.items[0])}
        _calls(node, running, called, alone)
    return called, alone


def _calls(node: Node, running: set[str], called: list[tuple[str, Signature, bool]], alone: set[str]) -> None:
    skip = -1
    for position, item in enumerate(node.items):
        after = node.items[position + 1] if node.kind == "product" and position + 1 < len(node.items) and node.tag[position] == "" else None
        bracket = after.items[0] if after is not None and after.kind == "script" else after
        named = item.kind in NAME_KINDS and not (item.kind == "script" and item.items[0].kind not in NAME_KINDS)
        if named and bracket is not None and bracket.kind == "group" and bracket.text in {"()", "[]"} and bracket.items:
            names = [part.kind in NAME_KINDS for part in bracket.items]
            walked = all(part.kind in NAME_KINDS and key(part, fonts=False) in running for part in bracket.items)
            clear = (len(bracket.items) > 1 or all(names)) and not walked
            called.append((spelled(item), (len(bracket.items), bracket.tag), clear))
            skip = position
        elif named and position != skip:
            alone.add(spelled(item))
        if not named:
            _calls(item, running, called, alone)
