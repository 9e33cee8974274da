"""Evidence: a finding, a count, a comparison or a run, with the receipt that lets anyone make it again."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ._record import Noun, Record

Status = Literal["pass", "fail", "unsure", "skipped"]
Scale = Literal["full", "reduced", "proxy"]
EvidenceKind = Literal["finding", "count", "conformance", "run"]


class Environment(Record):
    """The machine and the libraries of a run. No clock, no host name, no path: two runs on equal machines compare equal."""

    python: str
    platform: str  # "Linux x86_64"
    processor: str
    cores: int
    threads: int
    packages: dict[str, str] = {}  # name -> version
    accelerator: str | None = None


class Receipt(Record):
    """What is needed to make a piece of evidence again, and to see that its inputs have not changed since.

    `inputs` maps a name to a sha256. Names say where the input lies: "workspace:src/model.py", "package:models/language/transformer.py",
    "data:planetoid/ind.cora.x", "value:config".
    """

    command: str  # what to type in the workspace to do it again
    inputs: dict[str, str] = {}
    seed: int | None = None
    environment: Environment | None = None
    started: str = ""  # UTC, ISO 8601
    ended: str = ""
    exit_status: int = 0
    log: str | None = None  # "runs/<id>/log.txt:12", the line a number came from


class Evidence(Noun):
    """One piece of evidence. A finding is a value, never an exception: `status` says what was seen.

    - pass, fail: seen, with numbers in `values`
    - unsure: looked, and cannot tell; `message` says why
    - skipped: not applicable here, or a budget ran out; `message` says which
    """

    SCHEMA: ClassVar[str] = "aquarius.evidence"

    kind: EvidenceKind
    check: str  # the check's or experiment's name: "causality", "parameters", "equation (1)", "gcn-cora"
    status: Status
    message: str  # one sentence
    where: str | None = None  # "Class.method" or a function of the subject's file
    path: str | None = None  # the module or parameter
    hint: str = ""  # what to look at next
    claim: str | None = None  # the claim it bears on, where it bears on one
    values: dict[str, float] = {}  # what was measured, by name; a run's final metrics
    curves: dict[str, list[tuple[int, float]]] = {}  # name -> (step, value)
    details: dict[str, Any] = {}  # JSON values, for the report
    assumptions: tuple[str, ...] = ()  # under which it holds
    scale: Scale = "full"
    stand_in: bool = False  # the data were not the paper's: can never enter a comparison with its table
    counts: bool = True  # False: a pilot or a trial, which no verdict may use
    seconds: float = 0.0
    receipt: Receipt | None = None
