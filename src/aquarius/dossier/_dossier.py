"""The Dossier: what has to be shown, what is stated, what is not."""

from __future__ import annotations

from typing import ClassVar, Literal

from ..core import Measure, Noun, Place, Record

ClaimKind = Literal["exact", "value", "order", "trend", "qualitative"]


class Fact(Record):
    """A stated value with its place. `scope` is what it holds for: a data set, a model size, "baseline"; "" is the whole paper."""

    name: str  # the field's standard term, lower case: "learning rate", "dropout", "layers"
    value: str  # as a person would write it
    number: float | None = None  # the same as a number, where it is one
    unit: str = ""
    scope: str = ""
    proposed_by: str | None = None  # who added it, where no rule found it
    place: Place


class Claim(Record):
    """A number or an order that the paper states, in a form that can be put to the test."""

    id: str  # stable and readable: "table3/base/parameters"
    kind: ClaimKind
    statement: str  # one sentence, in our words
    subject: str  # the system it is about: "Transformer (base model)"
    quantity: str  # the metric: "BLEU", "accuracy", "parameters"
    measure: Measure | None = None  # the paper's number; for an order, the size of the effect where it is stated
    direction: Literal["higher", "lower"] | None = None
    dataset: str | None = None
    split: str | None = None
    settings: dict[str, str] = {}  # what the row or sentence says of the configuration: "d_model" -> "512"
    against: str | None = None  # for an order: the claim id or system that it beats
    own: bool = True  # the paper's own system; False: a baseline's number that it prints
    needs: tuple[str, ...] = ()  # what a test needs that is not here: "WMT 2014 English-German"
    place: Place


class Option(Record):
    """One way to fill a gap, and where the suggestion comes from."""

    value: str
    source: str


class Gap(Record):
    """What a re-implementer needs and the paper does not say, or says in part. Never filled silently."""

    name: str
    question: str
    status: Literal["partial", "unspecified"]
    options: tuple[Option, ...]
    suggestion: str  # the value of one of the options
    weight: float = 0.5  # 0-1, how much the result is likely to depend on it; gaps are sorted by it
    place: Place | None = None  # what is said in part


class Contradiction(Record):
    """Two places of one paper that cannot both be true."""

    message: str
    places: tuple[Place, Place]


class Protocol(Record):
    """What is measured on what, and against whom: a data set, its part, a metric and the baselines of the paper's tables."""

    dataset: str
    metric: str
    split: str | None = None
    baselines: tuple[str, ...] = ()
    place: Place  # of the first number, or of the sentence that says so


class Symbol(Record):
    """A symbol that the text defines: "where d_k is the dimension of the keys"."""

    latex: str
    meaning: str
    shape: tuple[str, ...] | None = None  # where the text states it
    place: Place


class Formula(Record):
    """An equation to be held against code."""

    id: str  # "equation (1)", or "display 4" where the paper does not number it
    latex: str  # macros expanded
    label: str | None = None
    place: Place


class Dossier(Noun):
    """What a paper claims, what it is made of, how it was trained and measured, what it leaves open. Each fact has its place."""

    SCHEMA: ClassVar[str] = "aquarius.dossier"

    title: str
    authors: tuple[str, ...]
    year: int | None = None
    url: str | None = None
    document: str  # content hash of the Document
    summary: tuple[Fact, ...] = ()  # the primary claim's sentences, quoted
    mechanism: tuple[str, ...] = ()  # "attention", "loss", "training dynamics", ...
    claims: tuple[Claim, ...] = ()
    formulas: tuple[Formula, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    architecture: tuple[Fact, ...] = ()
    recipe: tuple[Fact, ...] = ()
    datasets: tuple[Fact, ...] = ()
    metrics: tuple[Fact, ...] = ()
    protocol: tuple[Protocol, ...] = ()
    compute: tuple[Fact, ...] = ()  # time and machines of the training, as stated
    links: tuple[Fact, ...] = ()  # addresses of code, models and data
    gaps: tuple[Gap, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()

    def claim(self, claim_id: str) -> Claim | None:
        """Return the claim of that id, or None."""
        return next((claim for claim in self.claims if claim.id == claim_id), None)
