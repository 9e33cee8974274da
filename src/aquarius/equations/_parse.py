"""A Pratt parser: tokens of one statement to a tree, never dropping a symbol; what it cannot read it refuses by name and offset."""

from __future__ import annotations

from ._tokens import Refusal, Token
from ._tree import NONE, Node

DEEPEST = 60

RELATIONS = {
    **{
        "=": "=",
        ":=": "=",
        "coloneqq": "=",
        "triangleq": "=",
        "equiv": "=",
        "doteq": "=",
        "leftarrow": "=",
        "gets": "=",
        "coloneq": "=",
        "Leftarrow": "=",
    },
    **{
        "<": "<",
        ">": ">",
        "le": "<=",
        "leq": "<=",
        "leqslant": "<=",
        "leqq": "<=",
        "ge": ">=",
        "geq": ">=",
        "geqslant": ">=",
        "geqq": ">=",
    },
    **{
        "ne": "!=",
        "neq": "!=",
        "in": "in",
        "notin": "notin",
        "sim": "~",
        "approx": "approx",
        "propto": "propto",
        "to": "to",
        "rightarrow": "to",
    },
    **{
        "simeq": "approx",
        "cong": "approx",
        "ll": "<",
        "gg": ">",
        "subset": "subset",
        "subseteq": "subset",
        "mapsto": "to",
        "implies": "implies",
    },
    **{
        "Rightarrow": "implies",
        "iff": "iff",
        "Leftrightarrow": "iff",
        "land": "and",
        "wedge": "and",
        "lor": "or",
        "vee": "or",
        "longrightarrow": "to",
    },
    **{
        "xrightarrow": "to",
        "succ": "succ",
        "prec": "prec",
        "lt": "<",
        "gt": ">",
        "leftrightarrow": "iff",
        "perp": "perp",
        "setminus": "setminus",
    },
}
# What a relation says, in words, where it computes nothing.
RELATION_WORDS = {"~": "a distribution", "<=": "a bound", ">=": "a bound", "<": "a bound", ">": "a bound", "approx": "an approximation"}
RELATION_WORDS |= {"propto": "a proportionality", "to": "a map or limit", "in": "membership", "!=": "an inequality"}
OPERATORS = {
    **{
        "cdot": "\\cdot",
        "times": "\\times",
        "*": "*",
        "odot": "\\odot",
        "circ": "\\circ",
        "otimes": "\\otimes",
        "/": "/",
        "oplus": "\\oplus",
    },
    **{
        "ast": "*",
        "star": "\\star",
        "bullet": "\\cdot",
        "div": "/",
        "cup": "\\cup",
        "cap": "\\cap",
        "bmod": "\\bmod",
        "mod": "\\bmod",
        "\u22c5": "\\cdot",
    },
}
BIG = {
    "sum",
    "prod",
    "max",
    "min",
    "argmax",
    "argmin",
    "int",
    "iint",
    "oint",
    "bigcup",
    "bigcap",
    "bigoplus",
    "sup",
    "inf",
    "lim",
    "coprod",
    "bigodot",
    "bigotimes",
}
UNBOUNDED = {"int", "iint", "oint", "lim", "bigcup", "bigcap", "sup", "inf", "coprod", "bigoplus", "bigodot", "bigotimes"}
FUNCTIONS = {
    *("log", "ln", "exp", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan", "arcsin", "arccos", "det", "sigmoid", "sigm", "sec", "csc", "cot"),
    *("softmax", "Softmax", "SoftMax", "ReLU", "relu", "RELU", "ELU", "GELU", "softplus", "Softplus", "sign", "sgn", "tr", "Tr", "trace", "diag", "coth"),
    *("Sigmoid", "Tanh", "logsumexp", "erf", "logit", "LeakyReLU", "rank", "vec", "Concat", "concat", "CONCAT", "Var", "var", "Cov", "mean", "abs"),
}  # fmt: skip
ACCENTS = {
    "hat": "hat",
    "widehat": "hat",
    "tilde": "tilde",
    "widetilde": "tilde",
    "bar": "bar",
    "overline": "bar",
    "dot": "dot",
    "ddot": "ddot",
    "vec": "vec",
}
ACCENTS |= {
    "check": "check",
    "breve": "breve",
    "underline": "underline",
    "acute": "acute",
    "grave": "grave",
    "mathring": "ring",
    "overrightarrow": "vec",
}
OPENERS = {"(": ")", "[": "]", "{": "}", "lfloor": "rfloor", "lceil": "rceil", "langle": "rangle"}
BRACKETS = {"(": "()", "[": "[]", "{": "{}", "lfloor": "\u230a\u230b", "lceil": "\u2308\u2309", "langle": "\u27e8\u27e9"}
CLOSERS = set(OPENERS.values())
DOTS = {"dots", "ldots", "cdots", "dotsc", "dotsb", "dotsm", "dotso", "vdots", "ddots", "hdots"}
_MATRICES = {"matrix", "bmatrix", "pmatrix", "vmatrix", "Bmatrix", "smallmatrix", "array"}
_CASES = {"cases", "dcases", "rcases", "cases*"}
_ASIDES = {"underbrace", "overbrace", "underset", "overset", "stackrel"}


class Parser:
    """One pass over the tokens of one statement."""

    def __init__(self, tokens: list[Token], words: frozenset[str] = frozenset()) -> None:
        self.tokens = [token for token in tokens if token.kind not in {"space", "align"}]
        self.words = words
        self.place = 0
        self.depth = 0
        self.bars: list[str] = []
        self.end = Token("end", "", self.tokens[-1].at + 1 if self.tokens else 0)

    def peek(self, ahead: int = 0) -> Token:
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else self.end

    def take(self) -> Token:
        token = self.peek()
        self.place += 1
        return token

    def is_symbol(self, text: str) -> bool:
        token = self.peek()
        return token.text == text and token.kind in {"symbol", "command"}

    def whole(self) -> Node:
        """Parse the whole statement; a symbol left over is a refusal."""
        node = self.relation()
        token = self.peek()
        if token.kind != "end":
            raise Refusal(f"{_shown(token)} is out of place here", token.at)
        return node

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Refusal(f"the display is nested more than {DEEPEST} deep", self.peek().at)

    # ---- levels of binding, loosest first

    def relation(self) -> Node:
        self.deeper()
        start = self.peek().at
        items, operators = [self.additive() if not self._relation_here() else NONE], []
        while operator := self._relation_here():
            self.place += 2 if self.peek().text == ":" else 1
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
        if token.kind == "symbol" and token.text == ":" and self.peek(1).text == "=":
            return "="
        if token.kind == "command" and token.text == "not" and self.peek(1).text == "=":
            self.place += 1
            return "!="
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
            token = self.peek()
            if token.kind == "command" and token.text in {"pm", "mp"}:
                raise Refusal(f"\\{token.text} means two values at once", token.at)
            if not (self.is_symbol("+") or self.is_symbol("-")):
                break
            sign = self.take().text
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
            if operator:
                self.place += 1
                if self.is_symbol("-"):
                    minus = self.take()
                    inner = self.factor()
                    items.append(Node("sum", minus.at, "", (inner,), ("-",)))
                else:
                    items.append(self.factor())
                operators.append(operator)
            elif self._starts_factor(token):
                items.append(self.factor())
                operators.append("")
            else:
                break
        return items[0] if len(items) == 1 else Node("product", start, "", tuple(items), tuple(operators))

    def _starts_factor(self, token: Token) -> bool:
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
                return token.text not in self.bars and self._bar_opens(token.text)
            return token.text in {"(", "["} or token.text == "\u221e"
        return False

    def _bar_opens(self, bar: str) -> bool:
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

    # ---- factors

    def factor(self) -> Node:
        self.deeper()
        node = self.postfix(self.atom())
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
                raise Refusal("factorials are not supported", token.at)
            else:
                break
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
        token = self.peek()
        if token.kind == "open":
            self.place += 1
            node = self.items_until("close", token)
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
        if token.kind == "end":
            raise Refusal("a script is missing", token.at)
        return self.atom()

    def items_until(self, stop: str, opened: Token, bracket: str = "") -> Node:
        """Items up to the closing brace (stop = "close") or bracket; one item is itself, several are a group with their separators."""
        self.deeper()
        items: list[Node] = []
        separators: list[str] = []
        bars, self.bars = self.bars, []
        while not self._at(stop):
            token = self.peek()
            if token.kind == "end":
                raise Refusal(f"{_shown(opened)} is opened and never closed", opened.at)
            whole_axis = token.text == ":" and len(items) == len(separators) and (self._at(stop, 1) or self.peek(1).text == ",")
            if whole_axis:
                self.place += 1
                items.append(Node("symbol", token.at, ":", (), ("",)))
            elif token.text in {",", ";", ":"} and token.kind == "symbol" and RELATIONS.get(":" + self.peek(1).text) is None:
                self.place += 1
                separators.append(token.text)
            elif token.text in {"|", "\\|"} and items and len(separators) < len(items):
                self.place += 1
                separators.append("|")
            elif token.text == "|" and not items and stop != "close" and not self._bar_opens("|"):
                self.place += 1
                items.append(NONE)  # pi(|s): what is printed is kept, and refused where it is computed
                separators.append("|")
            elif token.kind in {"row"}:
                self.place += 1
                separators.append(";")
            elif token.kind == "text":
                self.place += 1
                items.append(Node("text", token.at, token.text))
            elif items and len(separators) < len(items) and items[-1].kind != "text":
                if token.kind == "symbol" and token.text in {"*", "+", "-"} and self._at(stop, 1):
                    self.place += 1
                    items[-1] = Node("product", items[-1].at, "", (items[-1], Node("symbol", token.at, token.text, (), ("",))), ("",))
                    continue
                raise Refusal(f"{_shown(token)} is out of place here", token.at)
            elif token.kind in {"symbol"} and token.text in {"*", "+", "-", "\u22c5"} and self._at(stop, 1):
                self.place += 1
                items.append(Node("symbol", token.at, token.text, (), ("",)))
            elif token.text in {"cdot", "prime", "circ", "odot", "top", "ast", "star", "bullet", "dagger", "times"} and (
                self._at(stop, 1) or self.peek(1).text in {"|", ","} or (token.text in {"circ", "prime", "odot"})
            ):
                self.place += 1
                mark = Node("symbol", token.at, "\\" + token.text, (), ("",))
                if self._at(stop) or self.peek().text in {",", ";", "|"}:
                    items.append(mark)
                else:
                    rest = self.product()
                    tail = rest.items if rest.kind == "product" else (rest,)
                    items.append(Node("product", token.at, "", (mark, *tail), ("", *(rest.tag if rest.kind == "product" else ()))))
            else:
                items.append(self.relation())
        self.take()
        self.bars = bars
        self.depth -= 1
        if stop == "close" and len(items) == 1 and not separators:
            return items[0]
        return Node("group", opened.at, bracket or "{}", tuple(items), tuple(separators))

    def _at(self, stop: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind == "close" if stop == "close" else token.text == stop and token.kind in {"symbol", "command"}

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
            if self._at("close"):
                self.take()
                return Node("group", token.at, "{}", (), ())
            inner = self.items_until("close", token)
            return inner if inner.kind not in {"product", "sum", "relation"} else Node("group", token.at, "{}", (inner,), ())
        if token.kind == "symbol":
            return self.symbol(token)
        if token.kind == "command":
            return self.command(token)
        if token.kind == "end":
            raise Refusal("the expression ends too early", token.at)
        raise Refusal(f"{_shown(token)} is out of place here", token.at)

    def word(self, token: Token) -> Node:
        node = Node("symbol", token.at, token.text, (), ("",))
        if token.text in self.words:
            return node
        if token.text in {"max", "min", "argmax", "argmin", "sum", "arg max", "arg min"}:
            return self.big(token.text.replace(" ", ""), token)
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
        if not self._starts_factor(following):
            return function
        items, operators = [self.factor()], []
        while self._starts_factor(self.peek()) and not self._is_function(self.peek()):
            items.append(self.factor())
            operators.append("")
        argument = items[0] if len(items) == 1 else Node("product", items[0].at, "", tuple(items), tuple(operators))
        return Node("call", node.at, "", (function, argument))

    def _is_function(self, token: Token) -> bool:
        return token.text in FUNCTIONS or token.text in BIG

    def symbol(self, token: Token) -> Node:
        if token.text in {"(", "["}:
            return self.items_until(OPENERS[token.text], token, BRACKETS[token.text])
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
        raise Refusal(f"{_shown(token)} is out of place here", token.at)

    def command(self, token: Token) -> Node:
        name = token.text
        if name in OPENERS:
            return self.items_until(OPENERS[name], token, BRACKETS[name])
        if name in {"frac", "dfrac", "tfrac", "cfrac"}:
            return Node("fraction", token.at, "", (self.script(), self.script()))
        if name == "nicefrac":
            return Node("fraction", token.at, "", (self.script(), self.script()))
        if name == "sqrt":
            degree = None
            if self.peek().text == "[":
                degree = self.items_until("]", self.take(), "[]").items[0]
            body = self.script()
            return Node("root", token.at, "", (body,) if degree is None else (body, degree))
        if name in ACCENTS:
            inner = self.script()
            if inner.kind == "script" and inner.items[0].kind in {"symbol", "accent"}:
                base, below, above = inner.items
                return Node("script", token.at, "", (Node("accent", token.at, ACCENTS[name], (base,)), below, above), inner.tag)
            return Node("accent", token.at, ACCENTS[name], (inner,))
        if name in BIG:
            return self.big(name, token)
        if name == "arg" and self.peek().text in {"max", "min"}:
            return self.big("arg" + self.take().text, token)
        if name == "begin":
            return self.environment(token)
        if name in DOTS:
            return Node("dots", token.at)
        if name in _ASIDES:
            return self.aside(token)
        if name in {"substack"}:
            return self.script()
        if name in {"binom", "dbinom"}:
            raise Refusal("binomial coefficients are not supported", token.at)
        if name in CLOSERS or name == "}":
            raise Refusal(f"{_shown(token)} closes nothing", token.at)
        if name in OPERATORS or name in RELATIONS:
            raise Refusal(f"{_shown(token)} has nothing on its left", token.at)
        if name in {"lbrace", "rbrace", "over", "atop", "choose"}:
            raise Refusal(f"\\{name} is not supported", token.at)
        if not name[0].isalpha() or name in {"end", "limits", "middle"}:
            raise Refusal(f"\\{name} is not supported here", token.at)
        return self.called(Node("symbol", token.at, "\\" + name, (), (token.font,)))

    def aside(self, token: Token) -> Node:
        """Braces and notes over or under an expression: the expression counts, the note does not."""
        first = self.script()
        if token.text in {"underset", "overset", "stackrel"}:
            second = self.script()
            if second.kind == "symbol" and second.text in {"max", "min", "argmax", "argmin", "sum"}:
                return self.reduction(second.text, token, first, NONE) if token.text == "underset" else second
            return second
        while self.peek().kind in {"sub", "sup"}:
            self.take()
            self.script()
        return Node("group", token.at, "{}", (first,), ())

    def big(self, name: str, token: Token) -> Node:
        """A reduction with bounds; its body runs to the end of the product. max(a, b) without bounds is a call."""
        below, above = NONE, NONE
        while self.peek().kind in {"sub", "sup"}:
            if self.take().kind == "sub":
                below = self.script()
            else:
                above = self.script()
        return self.reduction(name, token, below, above)

    def reduction(self, name: str, token: Token, below: Node, above: Node) -> Node:
        """A reduction once its bounds are read: its body, or its arguments where it has no bounds."""
        following = self.peek()
        if name in {"max", "min", "argmax", "argmin"} and below.kind == "none" and above.kind == "none":
            function = Node("symbol", token.at, name, (), ("",))
            if following.text in {"(", "[", "{"}:
                argument = self.atom()
                if argument.kind != "group":
                    argument = Node("group", argument.at, "()", (argument,), ())
                return Node("call", token.at, "()", (function, argument))
            if self._starts_factor(following):
                return Node("call", token.at, "", (function, self.factor()))
            return function
        if not (self._starts_factor(following) or self.is_symbol("-")):
            if name in UNBOUNDED:
                return Node("big", token.at, name, (below, above, NONE))
            raise Refusal(f"{name} has no body", token.at)
        if name in {"max", "min", "argmax", "argmin"} and following.text in {"(", "[", "{"} and following.kind != "open":
            body = self.factor()  # max_i (a, ...) holds exactly its bracket
        elif self.is_symbol("-"):
            minus = self.take()
            body = Node("sum", minus.at, "", (self.product(),), ("-",))
        else:
            body = self.product()
        return Node("big", token.at, name, (below, above, body))

    def environment(self, token: Token) -> Node:
        name = self._brace_name()
        if (name == "array" or name == "subarray") and self.peek().kind == "open":
            self._brace_name()
        if name not in _MATRICES | _CASES:
            raise Refusal(f"the environment {name} is not supported inside an equation", token.at)
        rows: list[Node] = []
        cells: list[Node] = []
        self.deeper()
        while True:
            here = self.peek()
            if here.kind == "end":
                raise Refusal(f"\\begin{{{name}}} is never ended", token.at)
            if here.text == "end" and here.kind == "command":
                self.take()
                self._brace_name()
                break
            if here.kind == "row":
                self.take()
                if cells:
                    rows.append(Node("row", cells[0].at, "", tuple(cells)))
                cells = []
            elif here.kind == "cell" or (here.text in {",", ";", "."} and here.kind == "symbol"):
                self.take()
            elif here.kind == "text":
                self.take()
                cells.append(Node("text", here.at, here.text))
            elif here.text in {"lvert"}:
                self.take()
            else:
                cells.append(self.relation())
        if cells:
            rows.append(Node("row", cells[0].at, "", tuple(cells)))
        self.depth -= 1
        if not rows:
            raise Refusal(f"the environment {name} is empty", token.at)
        return Node("cases" if name in _CASES else "matrix", token.at, name, tuple(rows))

    def _brace_name(self) -> str:
        if self.peek().kind != "open":
            raise Refusal("the name of an environment is missing", self.peek().at)
        self.take()
        text = ""
        while self.peek().kind not in {"close", "end"}:
            text += self.take().text
        self.take()
        return text


def _primes(node: Node) -> int:
    if node.kind == "symbol" and node.text in {"\\prime", "'"}:
        return 1
    if node.kind == "product" and node.items and all(_primes(item) for item in node.items):
        return len(node.items)
    return 0


def _shown(token: Token) -> str:
    if token.kind == "end":
        return "the end"
    if token.kind == "text":
        return f"the text '{token.text}'"
    return f"\\{token.text}" if token.kind == "command" else token.text
