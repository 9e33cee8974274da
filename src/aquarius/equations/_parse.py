"""A Pratt parser: tokens of one statement to a tree, never dropping a symbol; what it cannot read it refuses by name and offset."""

from __future__ import annotations

from ._brackets import items_until, stops
from ._constructs import big, command
from ._notation import BIG, BRACKETS, CLOSERS, FUNCTIONS, OPENERS, OPERATORS, RELATIONS
from ._tokens import Refusal, Token, shown
from ._tree import NONE, Node

DEEPEST = 60
_FARTHEST = 4  # ends behind the last token: how far ahead anything looks


class Parser:
    """One pass over the tokens of one statement."""

    def __init__(self, tokens: list[Token], words: frozenset[str] = frozenset()) -> None:
        self.end = Token("end", "", tokens[-1].at + 1 if tokens else 0)
        self.tokens = [token for token in tokens if token.kind not in {"space", "align"}] + [self.end] * _FARTHEST
        self.words = words
        self.place = 0
        self.depth = 0
        self.bars: list[str] = []
        self.ignored: list[Token] = []  # notes under braces: read, and no part of the tree

    def peek(self, ahead: int = 0) -> Token:
        return self.tokens[self.place + ahead]

    def take(self) -> Token:
        token = self.tokens[self.place]
        if token.kind != "end":
            self.place += 1
        return token

    def is_symbol(self, text: str) -> bool:
        token = self.peek()
        return token.text == text and token.kind in {"symbol", "command"}

    def whole(self) -> Node:
        """Parse the whole statement; a symbol left over is a refusal."""
        node = self.relation()
        token = self.peek()
        if token.text in {"|", "\\|"} and token.kind == "symbol":  # f | X ~ N(...), printed without brackets
            self.place += 1
            node = Node("given", node.at, "", (node, self.relation()))
        elif token.text == ":" and token.kind == "symbol":  # f : A -> B
            self.place += 1
            node = Node("relation", node.at, "", (node, self.relation()), (":",))
        token = self.peek()
        if token.kind != "end":
            raise Refusal(f"{shown(token)} is out of place here", token.at)
        return node

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Refusal(f"the display is nested more than {DEEPEST} deep", self.peek().at)

    def relation(self) -> Node:
        self.deeper()
        start = self.peek().at
        items, operators = [self.additive() if not self._relation_here() else NONE], []
        while operator := self._relation_here():
            while self.peek().text == ":":  # := and ::=
                self.place += 1
            self.place += 1
            operators.append(operator)
            following = self.peek()
            if operator == "in" and following.kind == "text":  # i in {the target style}
                self.place += 1
                items.append(Node("text", following.at, following.text))
                continue
            items.append(NONE if following.kind == "end" or self._closes(following) else self.additive())
        while self.peek().kind == "text" and operators and len(items) > 1 and self.peek().text.strip() in {"and", "or"}:
            word = self.take().text.strip()
            right = self.relation()
            self.depth -= 1
            return Node("relation", start, "", (Node("relation", start, "", tuple(items), tuple(operators)), right), (word,))
        self.depth -= 1
        return items[0] if not operators else Node("relation", start, "", tuple(items), tuple(operators))

    def _relation_here(self) -> str:
        token = self.peek()
        if (
            token.kind == "symbol"
            and token.text == ":"
            and (self.peek(1).text == "=" or (self.peek(1).text == ":" and self.peek(2).text == "="))
        ):
            return "="
        if token.kind == "command" and token.text == "not" and RELATIONS.get(self.peek(1).text):
            self.place += 1
            relation = RELATIONS[self.peek().text]
            return {"=": "!=", "in": "notin"}.get(relation, "not " + relation)
        return RELATIONS.get(token.text, "") if token.kind in {"symbol", "command"} else ""

    def additive(self) -> Node:
        self.deeper()
        start = self.peek().at
        items: list[Node] = []
        signs: list[str] = []
        sign = "+"
        if self.is_symbol("-") or self.is_symbol("+"):
            sign = self.take().text
        while True:
            while self.is_symbol("-"):
                sign = "-" if sign == "+" else "+"
                self.place += 1
            items.append(self.product())
            signs.append(sign)
            if not (self.is_symbol("+") or self.is_symbol("-") or self.is_symbol("pm") or self.is_symbol("mp")):
                break
            token = self.take()
            sign = token.text if token.kind == "symbol" else "\\" + token.text
            if self.peek().kind == "end" or self._closes(self.peek()):
                raise Refusal("nothing stands after the sign", self.peek().at)
        self.depth -= 1
        if len(items) == 1 and signs == ["+"]:
            return items[0]
        return Node("sum", start, "", tuple(items), tuple(signs))

    def product(self) -> Node:
        start = self.peek().at
        items = [self.factor()]
        operators: list[str] = []
        while True:
            token = self.peek()
            operator = OPERATORS.get(token.text, "") if token.kind in {"command", "symbol"} else ""
            if operator == "*" and self.peek(1).kind == "close":
                break  # B* in a script
            if self._evaluates(token):
                items, operators = [self._evaluated(start, items, operators)], []
                continue
            if operator:
                self.place += 1
                if self.is_symbol("-"):
                    minus = self.take()
                    inner = self.factor()
                    items.append(Node("sum", minus.at, "", (inner,), ("-",)))
                else:
                    items.append(self.factor())
                operators.append(operator)
            elif self.starts_factor(token):
                items.append(self.factor())
                operators.append("")
            else:
                break
        return items[0] if len(items) == 1 else Node("product", start, "", tuple(items), tuple(operators))

    def starts_factor(self, token: Token) -> bool:
        if token.kind in {"letter", "word", "number", "open", "name"}:
            return True
        if token.kind == "command":
            return not (
                token.text in CLOSERS
                or token.text in RELATIONS
                or token.text in OPERATORS
                or token.text in {"pm", "mp", "}", "end", "middle", "not"}
            )
        if token.kind == "symbol":
            if token.text in {"|", "\\|"}:
                return token.text not in self.bars and self.bar_opens(token.text)
            return token.text in {"(", "["} or token.text == "\u221e"
        return False

    def _evaluates(self, token: Token) -> bool:
        """Whether a bar with a script says at which point what stands before it is evaluated."""
        return token.text == "|" and token.kind == "symbol" and "|" not in self.bars and self.peek(1).kind in {"sub", "sup"}

    def _evaluated(self, start: int, items: list[Node], operators: list[str]) -> Node:
        body = items[0] if len(items) == 1 else Node("product", start, "", tuple(items), tuple(operators))
        bar = self.take()
        return Node("evaluated", bar.at, "", (body, *self.bounds()))

    def bounds(self) -> tuple[Node, Node]:
        """The scripts that stand here: below and above."""
        below, above = NONE, NONE
        while self.peek().kind in {"sub", "sup"}:
            if self.take().kind == "sub":
                below = self.script()
            else:
                above = self.script()
        return below, above

    def bar_opens(self, bar: str) -> bool:
        """A bar in the middle opens a norm only where another one follows on this level and no condition is being read."""
        depth = 0
        for token in self.tokens[self.place + 1 :]:
            if token.text in {"(", "[", "{"} and token.kind != "word":
                depth += 1
            elif token.text in {")", "]", "}"}:
                depth -= 1
                if depth < 0:
                    return False
            elif token.text == bar and depth == 0:
                return True
        return False

    def _closes(self, token: Token) -> bool:
        return token.kind in {"close", "row"} or token.text in {")", "]", ",", ";"} or token.text in CLOSERS

    def factor(self) -> Node:
        self.deeper()
        bare = self.peek().kind in {"sub", "sup"}  # {}^{*}x, printed without the braces
        node = self.postfix(Node("group", self.peek().at, "{}", (), ()) if bare else self.atom())
        self.depth -= 1
        return node

    def postfix(self, base: Node) -> Node:
        """Scripts and primes after a base."""
        below, above, primes = NONE, NONE, 0
        start = base.at
        while True:
            token = self.peek()
            if token.kind == "symbol" and token.text in {"'", "\u2019"}:
                self.place += 1
                primes += 1
            elif token.kind == "sub":
                if below.kind != "none":
                    raise Refusal("two subscripts stand on one base", token.at)
                self.place += 1
                below = self.script()
            elif token.kind == "sup":
                self.place += 1
                value = self.script()
                marks = _primes(value)
                if marks:
                    primes += marks
                    continue
                if value.kind == "product" and _primes(value.items[0]):
                    primes += _primes(value.items[0])
                    rest = value.items[1:]
                    value = rest[0] if len(rest) == 1 else Node("product", value.at, "", rest, value.tag[1:])
                if above.kind != "none":
                    raise Refusal("two superscripts stand on one base", token.at)
                above = value
            elif token.text == "!" and token.kind == "symbol":
                self.place += 1
                factorial = Node("symbol", token.at, "!", (), ("",))
                whole = self.with_scripts(base, below, above, primes)
                base = Node("call", start, "()", (factorial, Node("group", start, "()", (whole,), ())))
                below, above, primes = NONE, NONE, 0
            else:
                break
        return self.with_scripts(base, below, above, primes)

    def with_scripts(self, base: Node, below: Node, above: Node, primes: int) -> Node:
        """A base with the scripts and primes read behind it; those of a scripted base join its own where there is room."""
        start = base.at
        if below.kind == above.kind == "none" and not primes:
            return base
        if base.kind == "accent" and base.items[0].kind == "script" and base.items[0].items[1].kind == "none":
            return Node("script", start, "", (base, below, above), ("'",) * primes)
        if base.kind == "script" and not primes:
            inner, old_below, old_above = base.items
            if (
                (below.kind == "none" or old_below.kind == "none")
                and (above.kind == "none" or old_above.kind == "none")
                and old_above.kind == "none"
            ):
                return Node("script", start, "", (inner, below if old_below.kind == "none" else old_below, above), base.tag)
        return Node("script", start, "", (base, below, above), ("'",) * primes)

    def script(self) -> Node:
        """One script: a braced expression, list or relation, or a single symbol."""
        self.deeper()
        node = self._script()
        self.depth -= 1
        return node

    def _script(self) -> Node:
        token = self.peek()
        if token.kind == "open":
            self.place += 1
            node = items_until(self, "close", token)
            return node
        if token.kind == "number" and len(token.text) > 1:  # x_12 is x with subscript 1, then 2
            self.tokens[self.place : self.place + 1] = [
                Token("number", token.text[0], token.at),
                Token("number", token.text[1:], token.at + 1),
            ]
        if token.kind == "symbol" and token.text in {"*", "+", "-", "'"}:
            self.place += 1
            return Node("symbol", token.at, token.text, (), ("",))
        if token.kind == "command" and token.text in {"ast", "star", "dagger", "circ", "top", "prime"}:
            self.place += 1
            return Node("symbol", token.at, "\\" + token.text, (), ("",))
        if token.kind == "text":
            self.place += 1
            return Node("symbol", token.at, token.text, (), ("",))
        if token.kind == "end":
            raise Refusal("a script is missing", token.at)
        return self.atom()

    def atom(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return Node("number", token.at, token.text)
        if token.kind == "letter":
            return self.called(Node("symbol", token.at, token.text, (), (token.font,)))
        if token.kind == "word":
            return self.word(token)
        if token.kind == "name":
            return Node("name", token.at, token.text)
        if token.kind == "open":
            if stops(self, "close"):
                self.take()
                return Node("group", token.at, "{}", (), ())
            inner = items_until(self, "close", token)
            return inner if inner.kind not in {"product", "sum", "relation"} else Node("group", token.at, "{}", (inner,), ())
        if token.kind == "symbol":
            return self.symbol(token)
        if token.kind == "command":
            return command(self, token)
        if token.kind == "end":
            raise Refusal("the expression ends too early", token.at)
        raise Refusal(f"{shown(token)} is out of place here", token.at)

    def word(self, token: Token) -> Node:
        node = Node("symbol", token.at, token.text, (), ("",))
        if token.text in self.words:
            return node
        if token.text in {"max", "min", "argmax", "argmin", "sum", "arg max", "arg min"}:
            return big(self, token.text.replace(" ", ""), token)
        return self.called(node)

    def called(self, node: Node) -> Node:
        """A known function takes what follows; anything else is only a symbol."""
        if node.text.removeprefix("\\") not in FUNCTIONS or node.text in self.words:
            return node
        function = self.postfix(node)
        following = self.peek()
        if following.text in {"(", "["} or (following.kind in {"open"}) or (following.kind == "command" and following.text == "{"):
            argument = self.atom()
            if argument.kind not in {"group"} or argument.text == "{}":
                argument = Node(
                    "group",
                    following.at,
                    "()",
                    argument.items if argument.kind == "group" else (argument,),
                    argument.tag if argument.kind == "group" else (),
                )
            return Node("call", node.at, "()", (function, argument))
        if not self.starts_factor(following):
            return function
        items, operators = [self.factor()], []
        while self.starts_factor(self.peek()) and not self._is_function(self.peek()):
            items.append(self.factor())
            operators.append("")
        argument = items[0] if len(items) == 1 else Node("product", items[0].at, "", tuple(items), tuple(operators))
        return Node("call", node.at, "", (function, argument))

    def _is_function(self, token: Token) -> bool:
        return token.text in FUNCTIONS or token.text in BIG

    def symbol(self, token: Token) -> Node:
        if token.text in {"(", "["}:
            return items_until(self, OPENERS[token.text], token, BRACKETS[token.text])
        if token.text in {"|", "\\|"}:
            self.bars.append(token.text)
            items = [self.relation()]
            while self.peek().text == ",":
                self.take()
                items.append(self.relation())
            if not self.is_symbol(token.text):
                raise Refusal("a bar is opened and never closed", token.at)
            self.take()
            self.bars.pop()
            return Node("group", token.at, "||" if token.text == "|" else "\u2016\u2016", tuple(items), (",",) * (len(items) - 1))
        if token.text == "\u221e":
            return Node("symbol", token.at, "\\infty", (), ("",))
        if token.text == "." and self.peek().text == "." and self.peek(1).text == ".":
            self.place += 2
            return Node("dots", token.at)
        if token.text in {")", "]"}:
            raise Refusal(f"{token.text} closes nothing", token.at)
        raise Refusal(f"{shown(token)} is out of place here", token.at)


def _primes(node: Node) -> int:
    if node.kind == "symbol" and node.text in {"\\prime", "'"}:
        return 1
    if node.kind == "product" and node.items and all(_primes(item) for item in node.items):
        return len(node.items)
    return 0
