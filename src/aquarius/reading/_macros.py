"""The paper's own macros: definitions, expansion, conditionals and `\\input`, all of it bounded.

`Gullet.next()` gives the next token that no macro replaces. Tokens out of a macro's body carry the place of the call.
"""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ._places import SourceFile, source_file
from ._tex_tokens import Token, commands, is_word, join, tokenise

# s star, o optional, m mandatory, l literal that must stand here, d everything up to a literal
ParameterKind = Literal["s", "o", "m", "l", "d"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a macro."""

    kind: ParameterKind
    default: tuple[Token, ...] = ()
    literal: str = ""


@dataclass(frozen=True)
class Macro:
    """A macro of the paper. A structural one changes how a display is cut (an unpaired \\begin, a \\label), so it is expanded early."""

    parameters: tuple[Parameter, ...]
    body: tuple[Token, ...]
    structural: bool = False


@dataclass(frozen=True)
class TheoremKind:
    """A theorem environment: its printed name and how it is counted."""

    title: str
    like: str | None = None
    within: str | None = None
    numbered: bool = True


class OutOfTime(Exception):
    """The time for one paper is over; what was read so far is kept."""


@dataclass
class Frame:
    """A list of tokens being read; `file` is the name of an open source file."""

    tokens: list[Token]
    position: int = 0
    file: str | None = None
    base: bool = False  # tokens of the source, out of which budgets count anew


DEPTH = 20  # files open at once
INCLUDED = 2_000  # files read in all
CALLS = 1_000  # expansions that one token of a file may cause
PUSHED = 20_000  # tokens that one token of a file may cause
TOTAL = 1_000_000  # tokens out of macros in one paper
TOKENS = 1_000_000  # of all files
LARGEST_FILE = 8 * 1024 * 1024

# Commands that carry the paper's structure: a paper's redefinition of them changes how they look, never what they are.
PROTECTED = commands(
    "begin end documentclass usepackage section subsection subsubsection chapter part paragraph subparagraph caption captionof label tag"
    " ref eqref"
    " cref Cref autoref cite citep citet footnote footnotetext item title author maketitle thanks date abstract input include bibitem"
    " bibliography"
    " multicolumn multirow hline toprule midrule bottomrule cmidrule cline includegraphics appendix and And AND def newcommand"
    " renewcommand let par"
    " textbf textit texttt textrm textsf textsc emph underline text mathbf mathrm nonumber notag left right frac sqrt makecell footnotemark"
    " subfloat subcaption numberwithin setcounter addtocounter icmltitle icmlauthor affiliation email newblock fi else \\ & % $ # _ { }"
)
_STRUCTURE = frozenset({"\\label", "\\tag", "\\nonumber", "\\notag", "\\[", "\\]"})
_CONDITIONALS = commands(
    "iffalse iftrue ifx if ifcat ifnum ifdim ifodd ifmmode ifvmode ifhmode ifinner ifvoid ifhbox ifvbox ifeof ifcase ifdefined ifcsname"
    " ifpdf"
    " ifPDFTeX ifxetex ifluatex ifxetexorluatex"
)
_BRANCHED = {"\\IfFileExists": 1, "\\ifthenelse": 1, "\\iftoggle": 1, "\\ifbool": 1, "\\ifblank": 1, "\\ifstrequal": 2, "\\ifdefempty": 1}
_IGNORED = commands(
    "expandafter noexpand protect relax long global outer protected makeatletter makeatother ignorespaces unskip unexpanded"
)
_COMPARISON = re.compile(r"\s*(-?\d+)\s*([<>=])\s*(-?\d+)")


@dataclass
class Gullet:
    """The reading end of a paper: open files, macros, budgets."""

    files: dict[str, bytes]
    deadline: float
    actions: Mapping[str, Callable[[Gullet, Token], None]]  # commands that define, include or assign
    problems: list[str] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    environments: dict[str, tuple[Macro, Macro]] = field(default_factory=dict)
    theorems: dict[str, TheoremKind] = field(default_factory=dict)
    switches: dict[str, bool] = field(default_factory=dict)  # \newif
    built_in_environments: frozenset[str] = frozenset()
    known_commands: frozenset[str] = frozenset()
    folder: str = ""
    stack: list[Frame] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    scopes: list[dict[str, Macro | None]] = field(default_factory=list)
    level: int = 0  # lists entered and not left
    endless: set[tuple[str, int]] = field(default_factory=set)  # environments, by level, that are known to have no end
    unclosed: int = 0  # conditions without \\fi
    included: int = 0
    tokens: int = 0  # of files
    calls: int = 0
    pushed: int = 0
    total: int = 0
    ticks: int = 0
    packaged: bool = False  # reading a package's definitions: nothing that is known is replaced

    # -- frames ------------------------------------------------------------

    def open_file(self, name: str, *, internal: bool = False) -> bool:
        """Push a file of the paper; say whether it was there and may be read."""
        if len(self.opened) >= DEPTH or name in self.opened or (self.sources and name == self.sources[0].name):
            self.problem(f"{name} includes itself, or files are nested more than {DEPTH} deep: it is not read again.")
            return False
        if self.included >= INCLUDED:
            self.problem(f"more than {INCLUDED} files are included; the rest is not read.")
            return False
        data = self.files[name]
        if len(data) > LARGEST_FILE:
            self.problem(f"{name} has {len(data):,} bytes, and at most {LARGEST_FILE:,} of one TeX file are read: it is left out.")
            return False
        self.included += 1
        index = next((i for i, source in enumerate(self.sources) if source.name == name), -1)
        if index < 0:
            index = len(self.sources)
            self.sources.append(source_file(name, data))
            if self.sources[index].encoding != "utf-8":
                self.problem(f"{name} is not UTF-8; it is read as latin-1.")
        self.tick(0, force=True)
        self.opened.append(name)
        room = max(0, TOKENS - self.tokens)
        tokens = tokenise(self.sources[index], index, internal=internal, largest=room, watch=lambda: self.tick(0, force=True))
        self.tokens += len(tokens)
        if len(tokens) == room:
            self.problem(f"the paper has more than {TOKENS:,} words and signs; what follows in {name} is not read.")
        self.stack.append(Frame(tokens, file=name))
        return True

    def end_of_file(self) -> bool:
        """Leave the rest of an included file; say whether one is open, which the main file is not."""
        if len(self.opened) < 2:
            return False
        while self.stack and self.stack[-1].file is None and not self.stack[-1].base:
            self.stack.pop()
        if not self.stack or self.stack[-1].file is None:
            return False
        self.stack[-1].position = len(self.stack[-1].tokens)
        return True

    def push(self, tokens: list[Token] | tuple[Token, ...]) -> None:
        """Put tokens before what comes next."""
        if tokens:
            self.stack.append(Frame(list(tokens)))

    def enter(self, tokens: list[Token]) -> list[Frame]:
        """Read only `tokens` from now on; give what is returned to `leave`."""
        saved = self.stack
        self.stack = [Frame(tokens, base=True)]
        self.level += 1
        return saved

    def leave(self, saved: list[Frame]) -> None:
        """Go back to what was read before `enter`."""
        for frame in self.stack:
            if frame.file is not None and frame.file in self.opened:
                self.opened.remove(frame.file)
        self.stack = saved
        self.level -= 1
        self.endless = {(name, level) for name, level in self.endless if level <= self.level}

    def problem(self, sentence: str) -> None:
        """Note what could not be read, each thing once and not without end."""
        if sentence not in self.problems and len(self.problems) < 200:
            self.problems.append(sentence)

    def tick(self, count: int = 1, *, force: bool = False) -> None:
        """Look at the clock now and then."""
        self.ticks += count
        if force or self.ticks >= 2_000:
            self.ticks = 0
            if time.thread_time() > self.deadline:
                raise OutOfTime

    # -- raw tokens --------------------------------------------------------

    def raw(self) -> Token | None:
        """Return the next token as it is written."""
        stack = self.stack
        while stack:
            frame = stack[-1]
            if frame.position < len(frame.tokens):
                token = frame.tokens[frame.position]
                frame.position += 1
                if frame.file is not None or frame.base:
                    self.calls = self.pushed = 0
                self.ticks += 1
                if self.ticks >= 2_000:
                    self.tick(0)
                return token
            stack.pop()
            if frame.file is not None and frame.file in self.opened:
                self.opened.remove(frame.file)
        return None

    def peek(self) -> Token | None:
        """Return the next raw token and leave it."""
        token = self.raw()
        if token is not None:
            self.stack.append(Frame([token]))
        return token

    def skip_blanks(self) -> None:
        """Drop blanks, not paragraph breaks."""
        while (token := self.peek()) is not None and token.kind == "s":
            self.raw()

    def argument(self) -> list[Token]:
        """Return a mandatory argument without its braces; one token where there are none, nothing at a paragraph's or group's end."""
        self.skip_blanks()
        token = self.raw()
        if token is None:
            return []
        if token.kind in "}p":
            self.push([token])
            return []
        if token.kind == "{":
            return self.balanced()
        if token.kind == "w" and len(token.text) > 1:
            head = token._replace(text=token.text[0], end=min(token.end, token.start + 1))
            self.push([token._replace(text=token.text[1:], start=min(token.start + 1, token.end))])
            return [head]
        return [token]

    def optional(self) -> list[Token] | None:
        """Return an argument in brackets, or None where there is none."""
        skipped: list[Token] = []
        while (token := self.raw()) is not None and token.kind == "s":
            skipped.append(token)
        if token is None or token.kind != "w" or not token.text.startswith("["):
            self.push([*skipped, token] if token is not None else skipped)
            return None
        if len(token.text) > 1:
            self.push([token._replace(text=token.text[1:], start=min(token.start + 1, token.end))])
        return self._bracketed()

    def star(self) -> bool:
        """Take a star where one stands."""
        token = self.peek()
        if token is None or token.kind != "w" or not token.text.startswith("*"):
            return False
        self.raw()
        if len(token.text) > 1:
            self.push([token._replace(text=token.text[1:], start=min(token.start + 1, token.end))])
        return True

    def name(self) -> str:
        """Return a mandatory argument as text without blanks at its ends."""
        return join(self.argument()).strip()

    def balanced(self) -> list[Token]:
        """Return the tokens up to the brace that closes one already read."""
        tokens: list[Token] = []
        depth = 0
        while (token := self.raw()) is not None:
            if token.kind == "{":
                depth += 1
            elif token.kind == "}":
                if depth == 0:
                    return tokens
                depth -= 1
            elif token.text == "\\end" and self._ends_document():
                self.push([token])
                break
            tokens.append(token)
        self.problem("a brace is opened and never closed.")
        return tokens

    def _ends_document(self) -> bool:
        ahead = [self.raw() for _ in range(3)]
        kept = [token for token in ahead if token is not None]
        self.push(kept)
        return [token.text for token in kept] == ["{", "document", "}"]

    def _bracketed(self) -> list[Token]:
        tokens: list[Token] = []
        depth = brackets = 0
        while (token := self.raw()) is not None:
            if token.kind == "p" and depth == 0:
                self.push([token])
                break
            if token.kind == "{":
                depth += 1
            elif token.kind == "}":
                if depth == 0:
                    self.push([token])
                    break
                depth -= 1
            elif token.kind == "w" and depth == 0 and ("]" in token.text or "[" in token.text):
                for index, character in enumerate(token.text):
                    brackets += (character == "[") - (character == "]")
                    if brackets < 0:
                        if index:
                            tokens.append(token._replace(text=token.text[:index], end=min(token.end, token.start + index)))
                        if index + 1 < len(token.text):
                            self.push([token._replace(text=token.text[index + 1 :], start=min(token.start + index + 1, token.end))])
                        return tokens
            tokens.append(token)
        return tokens

    def arguments(self, signature: str) -> list[list[Token]]:
        """Read arguments by signature: s star, o optional, m mandatory, p in parentheses (an absent one is empty)."""
        found: list[list[Token]] = []
        for kind in signature:
            if kind == "m":
                found.append(self.argument())
            elif kind == "o":
                found.append(self.optional() or [])
            elif kind == "s":
                self.star()
                found.append([])
            elif kind == "p":
                token = self.peek()
                if token is not None and token.kind == "w" and token.text.startswith("("):
                    self.raw()
                    inner, _, rest = token.text[1:].partition(")")
                    if rest:
                        self.push([token._replace(text=rest)])
                    elif ")" not in token.text:
                        self._up_to(")")
                    found.append([token._replace(text=inner)])
                else:
                    found.append([])
        return found

    # -- expansion ---------------------------------------------------------

    def next(self) -> Token | None:
        """Return the next token that no macro replaces; definitions, conditionals and inclusions are carried out on the way."""
        while (token := self.raw()) is not None:
            kind = token.kind
            if kind == "{":
                self.scopes.append({})
                return token
            if kind == "}":
                self._close_scope()
                return token
            if kind != "c":
                return token
            macro = self.macros.get(token.text)
            if macro is not None:
                self.call(token, macro)
                continue
            if not self._primitive(token):
                return token
        return None

    def expand(self, tokens: list[Token]) -> list[Token]:
        """Return tokens with every macro replaced."""
        saved, depth = self.enter(tokens), len(self.scopes)
        result: list[Token] = []
        try:
            while (token := self.next()) is not None:
                result.append(token)
        finally:
            self.leave(saved)
            while len(self.scopes) > depth:
                self._close_scope()
        return result

    def collect_environment(self, name: str) -> list[Token] | None:
        """Return what stands between a \\begin{name} that was read and its \\end: raw, but for structural macros; None without an end."""
        if (name, self.level) in self.endless:
            return None
        collected: list[Token] = []
        depth = 0
        while (token := self.raw()) is not None:
            if token.kind == "c":
                macro = self.macros.get(token.text)
                if macro is not None and macro.structural:
                    self.call(token, macro)
                    continue
                if token.text in ("\\begin", "\\end"):
                    group = self._group_ahead()
                    named = group[1].text if len(group) == 3 else ""
                    if named in self.environments and named not in self.built_in_environments:
                        self._use_environment(token, named, group)
                        continue
                    if token.text == "\\end" and named == "document":
                        self.push([token, *group])
                        break
                    if named == name:
                        if token.text == "\\end" and depth == 0:
                            return collected
                        depth += 1 if token.text == "\\begin" else -1
                    collected.append(token)
                    collected.extend(group)
                    continue
            collected.append(token)
        self.push(collected)
        self.endless.add((name, self.level))
        return None

    def _group_ahead(self) -> list[Token]:
        """Take "{name}" where it stands next; anything else is left."""
        self.skip_blanks()
        taken: list[Token] = []
        while len(taken) < 12 and (token := self.raw()) is not None:
            taken.append(token)
            if len(taken) == 1 and token.kind != "{":
                break
            if token.kind == "}":
                middle = "".join(part.text for part in taken[1:-1]).strip()
                return [taken[0], taken[0]._replace(kind="w", text=middle), taken[-1]]
        self.push(taken)
        return []

    def _close_scope(self) -> None:
        if self.scopes:
            for name, old in self.scopes.pop().items():
                if old is None:
                    self.macros.pop(name, None)
                else:
                    self.macros[name] = old

    def open_scope(self) -> None:
        """Begin a group in which definitions are local."""
        self.scopes.append({})

    def close_scope(self) -> None:
        """End the innermost group."""
        self._close_scope()

    def call(self, call: Token, macro: Macro) -> None:
        """Replace a macro's call, already read, by its body with the arguments in place."""
        self.calls += 1
        if self.calls > CALLS or self.pushed > PUSHED or self.total > TOTAL:
            self._stop_expanding(call)
            return
        arguments: dict[str, list[Token]] = {}
        start, end = call.start, call.end
        if not macro.parameters and is_word(call):
            self.skip_blanks()
        for number, parameter in enumerate(macro.parameters, 1):
            tokens = self._parameter(parameter)
            arguments[f"#{number}"] = tokens
            end = max(end, self.end_of(call, tokens))
        arguments = {
            f"#{i}": value
            for i, value in enumerate((v for p, v in zip(macro.parameters, arguments.values(), strict=True) if p.kind != "l"), 1)
        }
        result: list[Token] = []
        for token in macro.body:
            if token.kind == "#":
                if token.text in arguments:
                    result.extend(arguments[token.text])
                    if len(result) > PUSHED:
                        break
                elif token.text.startswith("##"):
                    result.append(Token("#", token.text[1:], call.source, start, end))
                continue
            result.append(Token(token.kind, token.text, call.source, start, end))
        self.pushed += len(result)
        self.total += len(result) + 1
        self.tick(len(result) // 4)
        self.push(result)

    def end_of(self, call: Token, argument: list[Token]) -> int:
        """Return where a command with its last argument ends in the source, closing brace included where one stands there."""
        end = call.end
        for token in argument[-1:]:
            if token.source == call.source and end <= token.end < call.start + 20_000:
                end = token.end
        text = self.sources[call.source].text
        return end + 1 if call.end < end < len(text) and text[end] == "}" else end

    def _stop_expanding(self, call: Token) -> None:
        self.problem(f"the macro {call.text} expands without end or beyond measure: it is left out from here on.")
        self.macros.pop(call.text, None)
        while self.stack and self.stack[-1].file is None and len(self.stack) > 1:
            self.stack.pop()
        self.calls = self.pushed = 0

    def _parameter(self, parameter: Parameter) -> list[Token]:
        if parameter.kind == "m":
            return self.argument()
        if parameter.kind == "o":
            found = self.optional()
            return list(parameter.default) if found is None else found
        if parameter.kind == "s":
            self.star()
            return []
        if parameter.kind == "l":
            for expected in parameter.literal:
                token = self.peek()
                if token is None or not token.text.startswith(expected):
                    break
                self.raw()
                if len(token.text) > 1 and token.kind == "w":
                    self.push([token._replace(text=token.text[1:], start=min(token.start + 1, token.end))])
            return []
        return self._up_to(parameter.literal)

    def _up_to(self, literal: str) -> list[Token]:
        """Return the tokens before `literal`, which is taken too; at a paragraph's end what was found."""
        tokens: list[Token] = []
        depth = 0
        while (token := self.raw()) is not None and len(tokens) < 10_000:
            if token.kind == "{":
                depth += 1
            elif token.kind == "}":
                if depth == 0:
                    self.push([token])
                    break
                depth -= 1
            elif token.kind == "p":
                self.push([token])
                break
            elif depth == 0 and (token.text == literal or (token.kind == "w" and literal in token.text)):
                before, _, after = token.text.partition(literal)
                if after:
                    self.push([token._replace(text=after, start=min(token.end, token.start + len(before) + len(literal)))])
                if before:
                    tokens.append(token._replace(text=before, end=min(token.end, token.start + len(before))))
                return tokens
            tokens.append(token)
        return tokens

    # -- definitions -------------------------------------------------------

    def define(self, name: str, macro: Macro, *, everywhere: bool = False) -> None:
        """Define a macro, unless its name carries structure, or a package would replace what is known."""
        if name in PROTECTED or not name.startswith("\\") or (self.packaged and (name in self.known_commands or name in self.macros)):
            return
        if self.scopes and not everywhere:
            self.scopes[-1].setdefault(name, self.macros.get(name))
        self.macros[name] = macro

    def macro(self, parameters: tuple[Parameter, ...], body: list[Token]) -> Macro:
        """Make a macro and see whether it is structural."""
        return Macro(parameters, tuple(body), self._structural(body))

    def _structural(self, body: list[Token]) -> bool:
        balance = depth = 0
        for token in body:
            if token.kind == "{":
                depth += 1
            elif token.kind == "}":
                depth -= 1
            elif token.kind == "c":
                text = token.text
                if text == "\\begin":
                    balance += 1
                elif text == "\\end":
                    balance -= 1
                    if balance < 0:
                        return True
                elif text in _STRUCTURE or (text == "\\\\" and balance == 0 and depth == 0) or self._is_structural(text):
                    return True
        return balance != 0

    def _is_structural(self, name: str) -> bool:
        macro = self.macros.get(name)
        return macro is not None and macro.structural

    def _primitive(self, token: Token) -> bool:
        """Carry out a command that concerns macros, files or conditions; say whether it was one."""
        text = token.text
        if text in _IGNORED:
            return True
        action = self.actions.get(text)
        if action is not None:
            action(self, token)
            return True
        if text == "\\begin" or text == "\\end":
            group = self._group_ahead()
            named = group[1].text if group else ""
            if named in self.environments and named not in self.built_in_environments:
                self._use_environment(token, named, group)
                return True
            self.push(group)
            return False
        if text.startswith("\\if") and (text in _CONDITIONALS or text[3:] in self.switches or text.startswith("\\if@")):
            self._condition(token)
            return True
        if text in ("\\else", "\\or"):
            self._skip_branch(stop_at_else=False)
            return True
        if text == "\\fi":
            return True
        for ending, value in (("true", True), ("false", False)):
            if text.endswith(ending) and text[1 : -len(ending)] in self.switches:
                self.switches[text[1 : -len(ending)]] = value
                return True
        if text in _BRANCHED:
            for _ in range(_BRANCHED[text]):
                self.argument()
            self.argument()
            self.push(self.argument())
            return True
        return False

    def _use_environment(self, token: Token, named: str, group: list[Token]) -> None:
        opening, closing = self.environments[named]
        call = token._replace(end=max(token.end, group[-1].end) if group[-1].source == token.source else token.end)
        if token.text == "\\begin":
            self.call(call._replace(text="\\begin{" + named + "}"), opening)
        else:
            self.call(call._replace(text="\\end{" + named + "}"), closing)

    def _condition(self, token: Token) -> None:
        text, value = token.text, False
        if text in ("\\iftrue", "\\ifpdf", "\\ifPDFTeX"):
            value = True
        elif text[3:] in self.switches:
            value = self.switches[text[3:]]
        elif text == "\\ifx":
            left, right = self.raw(), self.raw()
            if left is not None and right is not None:
                one, two = self.macros.get(left.text), self.macros.get(right.text)
                value = one.body == two.body if one and two else one is two and left.text == right.text
        elif text == "\\ifdefined":
            named = self.raw()
            value = named is not None and (named.text in self.macros or named.text in self.known_commands)
        elif text in ("\\ifnum", "\\ifodd", "\\ifdim", "\\ifcase"):
            self.skip_blanks()
            ahead = self.raw()
            found = _COMPARISON.match(ahead.text) if ahead is not None else None
            if found:
                value = {"<": int(found[1]) < int(found[3]), ">": int(found[1]) > int(found[3]), "=": int(found[1]) == int(found[3])}[
                    found[2]
                ]
        elif text in ("\\if", "\\ifcat"):
            first = self.argument()
            second = self.argument()
            value = bool(first) and bool(second) and first[0].text == second[0].text
        if not value:
            self._skip_branch(stop_at_else=True)

    def _skip_branch(self, *, stop_at_else: bool) -> None:
        if self.unclosed >= 20:
            return
        depth = 0
        skipped: list[Token] = []
        while (token := self.raw()) is not None:
            skipped.append(token)
            if token.kind != "c":
                continue
            text = token.text
            if text == "\\fi":
                if depth == 0:
                    return
                depth -= 1
            elif text == "\\else" and depth == 0 and stop_at_else:
                return
            elif text in _CONDITIONALS or (text.startswith("\\if") and text[3:] in self.switches):
                depth += 1
            elif text == "\\end" and self._ends_document():
                break
        self.unclosed += 1
        self.problem("a condition (\\if...) is opened and never closed; both branches are read.")
        self.push(skipped)

    # -- files -------------------------------------------------------------

    def include(self, given: str, *, folder: str = "") -> None:
        """Push the file that \\input names, found beside the main file or in the folder named; refused outside the paper."""
        given = given.strip().strip('"')
        for base in dict.fromkeys(
            (posixpath.join(self.folder, folder), self.folder, posixpath.dirname(self.opened[-1]) if self.opened else "")
        ):
            path = posixpath.normpath(posixpath.join(base, given))
            if given.startswith(("/", "~", "|")) or path.startswith(("..", "/")) or re.match(r"^[A-Za-z]:", given):
                self.problem(f"the file {given!r} lies outside the paper's folder and is not read.")
                return
            for candidate in (path + ".tex", path):
                if candidate in self.files:
                    self.open_file(candidate)
                    return
        self.problem(f"the file {given!r} is included and not there.")
