"""The body of a LaTeX paper: tokens become sections, passages, floats, footnotes and references, each with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ._document import SectionRole
from ._drafts import Draft, EquationDraft, FigureDraft, Float, SectionDraft, TableDraft
from ._macros import Gullet, Macro, Parameter, TheoremKind
from ._places import Piece
from ._roles import section_role
from ._tex_equations import DISPLAYS, display, inline
from ._tex_floats import begin_float
from ._tex_tables import TABULARS, tabular
from ._tex_text import (
    ACCENTS,
    ALGORITHM2E,
    CONDITIONED,
    DRAWINGS,
    DROPPED,
    ENVIRONMENT_ARGUMENTS,
    SHOWN_AFTER,
    STEPS,
    SYMBOLS,
    accented,
    counted,
    ligatures,
)
from ._tex_tokens import Token, extent, is_word, join, trim

LEVELS = {"chapter": 0, "section": 1, "subsection": 2, "subsubsection": 3, "paragraph": 4, "subparagraph": 5}
LISTS = frozenset(
    {"itemize", "enumerate", "description", "compactitem", "compactenum", "inparaenum", "list", "trivlist", "itemize*", "enumerate*"}
)
THEOREMS = {
    name: TheoremKind(name.capitalize(), None if name == "theorem" else "theorem")
    for name in ("theorem", "lemma", "proposition", "corollary", "definition", "assumption", "remark", "example", "claim", "conjecture")
}
NESTED = 40  # arguments within arguments


@dataclass
class Body:
    """Everything that has been read so far."""

    gullet: Gullet
    commands: dict[str, Callable[[Body, Token], None]] = field(default_factory=dict)
    referenced: frozenset[str] = frozenset()  # labels that some reference names
    only_referenced: bool = False  # mathtools' showonlyrefs
    visible: bool = False  # after \begin{document}
    flowing: bool = True  # paragraphs are being made; False inside a caption, a cell, a heading
    kind: str = "paragraph"
    pieces: list[Piece] = field(default_factory=list)
    pending: list[Draft] = field(default_factory=list)  # footnotes of the paragraph being read
    drafts: list[Draft] = field(default_factory=list)
    sections: list[SectionDraft] = field(default_factory=list)
    section: int | None = None
    equations: list[EquationDraft] = field(default_factory=list)
    tables: list[TableDraft] = field(default_factory=list)
    figures: list[FigureDraft] = field(default_factory=list)
    references: list[tuple[str, list[Piece]]] = field(default_factory=list)
    bibliographies: list[str] = field(default_factory=list)
    cited: dict[str, None] = field(default_factory=dict)
    title_tokens: list[Token] = field(default_factory=list)
    titled: bool = False  # \\maketitle was met: a later \\title prints nothing
    title_pieces: list[Piece] = field(default_factory=list)
    authors: list[tuple[str, list[Token]]] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # label -> kind, number
    anchor: tuple[str, str] = ("section", "")
    counters: dict[str, int] = field(default_factory=dict)
    within: dict[str, str] = field(default_factory=lambda: {"subsection": "section", "subsubsection": "subsection"})
    appendix: bool = False
    transactions: bool = False  # IEEEtran numbers sections and tables in Roman
    floats: list[Float] = field(default_factory=list)
    environments: list[tuple[str, Callable[[], None] | None]] = field(default_factory=list)
    depth: int = 0
    ended: bool = False
    lettered: str | None = None  # the number above subequations' letters

    # -- text --------------------------------------------------------------

    def add(self, text: str, token: Token) -> None:
        """Add printed text that a token gives."""
        if not self.visible:
            return
        pieces = self.pieces
        if pieces and self.flowing and pieces[-1].source != token.source:
            self.flush()
            pieces = self.pieces
        pieces.append(Piece(text, token.source, token.start, token.end))

    def word(self, token: Token) -> None:
        """Add a run of characters, TeX's ligatures printed."""
        faithful = token.end - token.start == len(token.text)
        for text, first, last in ligatures(token.text):
            self.add(text, token._replace(start=token.start + first, end=token.start + last) if faithful else token)

    def flush(self) -> None:
        """End the paragraph."""
        if not self.flowing:
            return
        if any(piece.text.strip() or piece.reference for piece in self.pieces):
            self.drafts.append(Draft(self.kind, self.pieces, self.section))
            self.pieces = []
        else:
            self.pieces.clear()
        if self.pending:
            self.drafts.extend(self.pending)
            self.pending = []

    def run(self, tokens: list[Token]) -> None:
        """Read tokens to their end."""
        if self.depth >= NESTED:
            self.gullet.problem(f"arguments are nested more than {NESTED} deep; the innermost are left out.")
            return
        self.depth += 1
        saved, scopes, environments = self.gullet.enter(tokens), len(self.gullet.scopes), len(self.environments)
        try:
            self.read()
        finally:
            while len(self.environments) > environments:
                self.close(self.environments[-1][0])
            self.gullet.leave(saved)
            while len(self.gullet.scopes) > scopes:
                self.gullet.close_scope()
            self.depth -= 1

    def plain(self, tokens: list[Token]) -> list[Piece]:
        """Return the plain text of tokens as pieces; equations and footnotes inside are kept where they belong."""
        saved = self.pieces, self.flowing, self.visible
        self.pieces, self.flowing, self.visible = [], False, True
        try:
            self.run(tokens)
            return self.pieces
        finally:
            self.pieces, self.flowing, self.visible = saved

    def text(self, tokens: list[Token]) -> str:
        """Return the plain text of tokens, blanks collapsed."""
        return " ".join("".join(piece.text for piece in self.plain(tokens)).split())

    def aside(self, tokens: list[Token], kind: str) -> None:
        """Read tokens as a passage of their own, put after the paragraph being read."""
        if not self.visible:
            return
        pieces = self.plain(tokens)
        if any(piece.text.strip() for piece in pieces):
            self.pending.append(Draft(kind, pieces, self.section))
        if not self.pieces and self.flowing:
            self.flush()

    def read(self) -> None:
        """Read until the tokens end or the document does."""
        gullet = self.gullet
        while not self.ended and (token := gullet.next()) is not None:
            kind = token.kind
            if kind == "w":
                self.word(token)
            elif kind == "s" or kind == "~":
                self.add(" ", token)
            elif kind == "p":
                if self.flowing:
                    self.flush()
                else:
                    self.add(" ", token)
            elif kind in "cC":
                self.command(token)
            elif kind == "$":
                self.mathematics(token)
            elif kind in "{}#":
                continue
            elif kind == "v":
                self.verbatim(token)
            elif kind == "u":
                self.add(token.text, token)
            elif kind == "h":
                self.run(gullet.argument())
                self.add(f" ({token.text})", token)
            else:
                self.add(token.text if kind != "&" else " ", token)

    def verbatim(self, token: Token) -> None:
        """Add text that stands as it is; several lines of it are a passage of their own."""
        if "\n" not in token.text or not self.flowing:
            self.add(" ".join(token.text.split()) if "\n" in token.text else token.text, token)
            return
        first = re.match(r"(?:\[[^\]\n]*\]|\{[^}\n]*\})*\s*\n", token.text)  # \\begin{minted}[options]{python}
        skipped = first.end() if first else 0
        self.flush()
        kind, self.kind = self.kind, "algorithm"
        self.add(token.text[skipped:].rstrip(), token._replace(start=token.start + skipped, end=token.start + len(token.text.rstrip())))
        self.flush()
        self.kind = kind

    # -- commands ----------------------------------------------------------

    def command(self, token: Token) -> None:
        """Carry out one command; an unknown one prints nothing, and its arguments in braces print themselves."""
        name = token.text
        action = self.commands.get(name)
        if action is not None:
            action(self, token)
            return
        if name in ACCENTS:
            self.accent(token)
            return
        if name in DROPPED or name in SHOWN_AFTER:
            self.gullet.star()
            self.gullet.arguments(DROPPED[name] if name in DROPPED else SHOWN_AFTER[name])
            return
        if self.kind == "algorithm" and self.step(token):
            return
        if SYMBOLS.get(name):
            self.add(SYMBOLS[name], token)
        if is_word(token):
            self.gullet.skip_blanks()

    def accent(self, token: Token) -> None:
        """Print an accented letter."""
        argument = self.gullet.argument()
        inner = self.text(argument)
        self.add(accented(token.text, inner) or " ", token._replace(end=self.gullet.end_of(token, argument)))

    def step(self, token: Token) -> bool:
        """Begin a line of an algorithm."""
        name = token.text
        printed = STEPS.get(name.lower())
        if printed is None:
            printed = ALGORITHM2E.get(name)
        if name in ("\\;", "\\\\"):
            self.flush()
            return True
        if printed is None:
            return False
        self.flush()
        if printed:
            self.add(printed, token)
        ahead = self.gullet.peek()
        if name.lower() in CONDITIONED and ahead is not None and ahead.kind == "{":
            self.run(self.gullet.argument())
            self.flush()
        return True

    def mathematics(self, token: Token) -> None:
        """Read $...$ or $$...$$."""
        ahead = self.gullet.peek()
        if ahead is not None and ahead.kind == "$":
            self.gullet.raw()
            display(self, "$$", token)
        else:
            inline(self, token, "$")

    # -- counters ----------------------------------------------------------

    def counter(self, name: str) -> str:
        """Print a counter as its \\the command says."""
        macro = self.gullet.macros.get(f"\\the{name}")
        if macro is not None and self.depth < NESTED:
            return self.text(list(macro.body))
        value = self.counters.get(name, 0)
        if self.transactions and name in ("section", "subsection", "table"):
            style = {"section": "Alph" if self.appendix else "Roman", "subsection": "Alph", "table": "Roman"}[name]
            return (self.counter("section") + "-" if name == "subsection" else "") + counted(style, value)
        if name in ("section", "chapter") and self.appendix and not (name == "section" and "chapter" in self.counters):
            return counted("Alph", value)
        if self.lettered is not None and name == "equation":
            return self.lettered + counted("alph", value)
        above = self.within.get(name)
        if above is None:
            return str(value)
        upper = self.counter(above)
        return f"{upper}.{value}" if upper not in ("", "0") or above in ("section", "chapter") else str(value)

    def step_counter(self, name: str) -> str:
        """Count one further and set back what is counted within it."""
        self.counters[name] = self.counters.get(name, 0) + 1
        self.reset_within(name)
        return self.counter(name)

    def reset_within(self, name: str, depth: int = 0) -> None:
        """Set back the counters within one."""
        for below, above in list(self.within.items()):
            if above == name and depth < 10:
                self.counters[below] = 0
                self.reset_within(below, depth + 1)

    # -- sections ----------------------------------------------------------

    def heading(self, token: Token, name: str) -> None:
        """Begin a section."""
        self.flush()
        starred = self.gullet.star()
        self.gullet.optional()
        tokens = self.gullet.argument()
        if not self.visible:
            return
        level = LEVELS[name]
        number = None
        if not starred and level <= 3:
            number = self.step_counter(name).rstrip(".")
            self.anchor = ("appendix" if self.appendix else "section", number)
        pieces = self.plain(tokens)
        source, start, end = extent([token, *tokens])
        title = " ".join("".join(piece.text for piece in pieces).split())
        role = section_role(title, level, [(s.level, s.role) for s in self.sections], appendix=self.appendix)
        self.section = len(self.sections)
        self.sections.append(SectionDraft(pieces, level, number, role, source, start, end))
        if pieces:
            self.drafts.append(Draft("heading", pieces, self.section))

    def section_of_its_own(self, title: str, role: SectionRole, token: Token) -> None:
        """Begin a section that a command or an environment titles: the abstract, the bibliography."""
        self.flush()
        self.section = len(self.sections)
        pieces = [Piece(title, token.source, token.start, token.end)]
        self.sections.append(SectionDraft(pieces, 1, None, role, token.source, token.start, token.end))

    # -- environments ------------------------------------------------------

    def begin(self, token: Token) -> None:
        """Begin an environment."""
        self.gullet.skip_blanks()
        group = self.gullet.argument()
        name = join(group).strip()
        token = token._replace(end=self.gullet.end_of(token, group))
        if name == "document":
            if not self.visible:
                self.visible = True
                self.pieces.clear()
            return
        self.gullet.open_scope()
        if name in DISPLAYS:
            display(self, name, token)
            self.gullet.close_scope()
        elif name in TABULARS:
            tabular(self, name, token)
            self.gullet.close_scope()
        elif name in DRAWINGS:
            self.skip(name)
            self.gullet.close_scope()
        else:
            closing = begin_float(self, name, token) or self.begin_text(name, token)
            self.environments.append((name, closing))

    def skip(self, name: str) -> None:
        """Leave an environment out; only its captions, files and labels would matter, and a drawing has none."""
        if self.gullet.collect_environment(name) is None:
            self.gullet.problem(f"\\begin{{{name}}} has no end.")

    def begin_text(self, name: str, token: Token) -> Callable[[], None] | None:
        """Begin an environment of text; return what to do at its end."""
        kind, visible = self.kind, self.visible
        if name in ENVIRONMENT_ARGUMENTS and name not in ("restatable", "thebibliography"):
            self.gullet.arguments(ENVIRONMENT_ARGUMENTS[name])
        if name == "abstract":
            self.visible = True
            outer = self.section
            self.section_of_its_own("Abstract", "abstract", token)
            return lambda: self._restore(kind, visible, outer, moved=True)
        if name == "subequations":
            return self._subequations()
        if name in ("appendices", "appendix", "subappendices"):
            self.begin_appendix()
            return self.flush
        if name in LISTS:
            self.flush()
            return lambda: self._restore(kind, self.visible, None)
        if name == "thebibliography":
            self.gullet.arguments("m")
            self.bibliography(token)
            return None
        if name == "restatable":
            title = self.gullet.optional() or []
            inner = self.gullet.name()
            self.gullet.macros[f"\\{self.gullet.name()}"] = Macro((Parameter("s"),), ())  # where it is stated again
            return self._theorem(inner, token, title)
        if name in self.gullet.theorems or name in THEOREMS:
            return self._theorem(name, token, self.gullet.optional() or [])
        if name == "proof":
            self.flush()
            self.gullet.optional()
            return self.flush
        if name in ("algorithmic", "algorithm2e"):
            self.flush()
            self.kind = "algorithm"
            return lambda: self._restore(kind, self.visible, None)
        return None

    def _restore(self, kind: str, visible: bool, section: int | None, *, moved: bool = False) -> None:
        self.flush()
        self.kind, self.visible = kind, visible
        if moved:
            self.section = section

    def _subequations(self) -> Callable[[], None]:
        self.lettered = None
        number = self.step_counter("equation")
        counted_so_far = self.counters["equation"]
        self.lettered, self.counters["equation"] = number, 0
        self.anchor = ("equation", number)

        def close() -> None:
            self.lettered, self.counters["equation"] = None, counted_so_far

        return close

    def _theorem(self, name: str, token: Token, title: list[Token]) -> Callable[[], None]:
        self.flush()
        theorem = self.gullet.theorems.get(name) or THEOREMS.get(name) or TheoremKind(name.capitalize())
        kind = self.kind
        number = ""
        if theorem.numbered:
            counter = theorem.like or name
            shared = self.gullet.theorems.get(counter)
            if shared is not None and shared.within:
                self.within.setdefault(counter, shared.within)
            number = self.step_counter(counter)
            self.anchor = (theorem.title, number)
        self.kind = "theorem"
        self.add(f"{theorem.title} {number}".strip(), token)
        if title:
            self.add(" (", token)
            self.run(title)
            self.add(")", token)
        self.add(".", token)
        self.add(" ", token)
        return lambda: self._restore(kind, self.visible, None)

    def begin_appendix(self) -> None:
        """Letters instead of numbers from here on."""
        self.flush()
        self.appendix = True
        top = "chapter" if "chapter" in self.counters else "section"
        self.counters[top] = 0
        self.reset_within(top)

    def close(self, name: str) -> None:
        """End the innermost open environment of this name; what was opened inside it and not closed is closed too."""
        if name == "document":
            self.flush()
            self.ended = not self.gullet.end_of_file()
            return
        if all(opened != name for opened, _ in self.environments):
            return
        while self.environments:
            opened, closing = self.environments.pop()
            if closing is not None:
                closing()
            self.gullet.close_scope()
            if opened == name:
                return

    def finish(self) -> None:
        """End what is still open, and read the title with the macros as they now are."""
        while self.environments:
            self.close(self.environments[-1][0])
        self.flush()
        self.ended = False
        self.title_pieces = self.plain(self.title_tokens)
        self.ended = True

    # -- bibliography ------------------------------------------------------

    def bibliography(self, token: Token) -> None:
        """Read the entries of a thebibliography, whose \\begin was read."""
        outer = self.section
        self.section_of_its_own("References", "references", token)
        entries = self.gullet.collect_environment("thebibliography") or []
        current: list[Token] | None = None
        groups: list[tuple[Token, list[Token]]] = []
        for part in entries:
            if part.text == "\\bibitem":
                current = []
                groups.append((part, current))
            elif current is not None:
                current.append(part)
        for mark, tokens in groups:
            saved = self.gullet.enter(tokens)
            self.gullet.optional()
            key = self.gullet.name()
            rest: list[Token] = []
            while (part_or_none := self.gullet.raw()) is not None:
                rest.append(part_or_none)
            self.gullet.leave(saved)
            pieces = self.plain(trim(rest)) or [Piece("", mark.source, mark.start, mark.end)]
            self.references.append((key, pieces))
        self.section = outer
