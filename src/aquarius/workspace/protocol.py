"""The Aquarius Protocol, 14 days in five phases, as a view of a workspace: every gate is decided by evidence on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core import AquariusError, BadInput, Record, file_hash
from ..verdict import Verdict
from . import _gates as gates
from ._facts import Facts
from ._gates import Gate, Seen
from ._layout import Workspace
from ._ledger import bears
from ._stale import unseen


@dataclass(frozen=True)
class Phase:
    """A phase of the protocol: its days and what it is for."""

    number: int
    name: str
    days: str
    objective: str


PHASES = (
    Phase(1, "analytical de-noising", "1", "Say what the paper claims, where it says so, and what it leaves open."),
    Phase(2, "logical blueprinting", "2-3", "Know every shape, count and equation before anything is trained."),
    Phase(3, "core implementation", "4-7", "Build the model from scratch until no check finds a bug in it."),
    Phase(4, "empirical verification", "8-11", "Run what was registered, and judge it by the registered rule."),
    Phase(5, "knowledge distillation", "12-14", "Write down what was shown, what was not, and why."),
)

GATES = (
    Gate("paper", 1, "the paper was read", (), "run aquarius start SOURCE DIR in an empty folder, or restore paper/ and run aquarius reproduce .", gates.paper),
    Gate("dossier", 1, "its claims are known, with their places", ("paper",), "correct dossier.yaml so that each quote stands in the paper, or move it away and run aquarius reproduce . to have it distilled again", gates.dossier),
    Gate("gaps", 1, "what it does not say is answered", ("dossier",), "answer each gap: with origin: gap in conf/NAME.yaml, or with a line '- gap NAME: VALUE (SOURCE)' in journal.md; dossier.yaml lists the options, and aquarius status . looks again", gates.gaps),
    Gate("blueprint", 2, "shapes and counts are drawn", ("dossier",), "write src/NAME/model.py, name it as subject in blueprint.yaml, look with aquarius draw, then run aquarius reproduce .", gates.blueprint),
    Gate("equations", 2, "code conforms to the equations", ("dossier",), "bind each equation to code in blueprint.yaml, look with aquarius equation conform, then run aquarius reproduce .", gates.equations),
    Gate("counts", 2, "printed parameter counts were counted", ("dossier",), "name the builder of each count in blueprint.yaml, then run aquarius reproduce .", gates.counts),
    Gate("questions", 2, "the model is understood", ("blueprint",), "answer the questions with aquarius next . --answer NUMBER=TEXT", gates.questions, required=False),
    Gate("gauntlet", 3, "no check finds a bug", ("blueprint",), "repair what aquarius check src/NAME/model.py finds, then run aquarius reproduce .", gates.gauntlet),
    Gate("overfit", 3, "one batch is learned by heart", ("blueprint",), "repair the model or its loss until aquarius check src/NAME/model.py --only overfit passes, then run aquarius reproduce .", gates.overfit),
    Gate("registration", 4, "the rule was fixed before the runs", ("dossier", "gaps"), "write the claim, the metric and the rule into conf/NAME.yaml, then run aquarius reproduce .; a rule that came after its runs cannot be mended here, and a new workspace begins clean", gates.registration),
    Gate("runs", 4, "every planned run is complete", ("registration", "equations", "gauntlet", "overfit"), "run aquarius reproduce .; what is finished is not done again", gates.runs),
    Gate("verdict", 4, "the claims are judged", ("runs", "counts"), "run aquarius reproduce . to judge and record; aquarius judge . only shows", gates.verdict),
    Gate("controls", 4, "checks and comparisons fail on broken twins", ("verdict",), "run aquarius controls .", gates.controls, required=False),
    Gate("results", 5, "the published artifacts agree", ("verdict",), "run aquarius reproduce . to write them again", gates.results),
    Gate("report", 5, "the report is of this verdict", ("verdict",), "run aquarius write .", gates.report),
    Gate("rerun", 5, "every number comes again", ("verdict",), "run aquarius rerun --all --fresh", gates.rerun, required=False),
)  # fmt: skip


class GateState(Record):
    """A gate, open or shut, why, and the hashes of the evidence that it rests on."""

    name: str
    shows: str
    open: bool
    reason: str
    required: bool
    evidence: tuple[str, ...] = ()


class PhaseState(Record):
    """A phase with its gates; it is passed when every required gate is open."""

    number: int
    name: str
    days: str
    objective: str
    passed: bool
    gates: tuple[GateState, ...]


class Status(Record):
    """Where a reproduction stands, by the evidence on disk alone."""

    name: str
    paper: str
    phases: tuple[PhaseState, ...]
    stale: tuple[str, ...]  # one phrase for each piece of stale evidence
    unseen: tuple[str, ...]  # data files that evidence was made from and that are not at hand here
    phase: int  # of the next step; 0 when every gate is open
    gate: str
    next: str

    def gate_named(self, name: str) -> GateState:
        """Return one gate."""
        return next(gate for phase in self.phases for gate in phase.gates if gate.name == name)


def status(workspace: Workspace) -> Status:
    """Look at a workspace and return which gates are open; nothing is written."""
    return status_of(Facts(workspace))


def status_of(facts: Facts) -> Status:
    """Return the status for one look at a workspace."""
    from ._manifest import read_manifest

    manifest = read_manifest(facts.workspace.manifest)
    states = _states(facts)
    phases = tuple(
        PhaseState(
            number=phase.number,
            name=phase.name,
            days=phase.days,
            objective=phase.objective,
            passed=all(states[gate.name].open for gate in GATES if gate.phase == phase.number and gate.required),
            gates=tuple(states[gate.name] for gate in GATES if gate.phase == phase.number),
        )
        for phase in PHASES
    )
    current = next_gate(states)
    return Status(
        name=manifest.name,
        paper=manifest.paper.title,
        phases=phases,
        stale=_stale(facts),
        unseen=_unseen(facts),
        phase=current.phase if current else 0,
        gate=current.name if current else "",
        next=f"phase {current.phase}, gate {current.name}: {current.do}"
        if current
        else "every gate is open: aquarius verify . checks it all again",
    )


def record_report(workspace: Workspace, path: Path, verdict: Verdict) -> None:
    """Note in the ledger that a report was written from a verdict: the report gate rests on it. A report outside the workspace is not noted."""
    try:
        name = workspace.relative(path)
    except BadInput:
        return
    note = {"about": "report", "file": name, "hash": file_hash(path), "verdict": verdict.content_hash}
    ledger = workspace.open_ledger()
    last = next(
        (entry.record for entry in reversed(list(ledger.entries())) if bears(entry) or entry.record.get("about") == "report"),
        None,
    )
    if last != note:
        ledger.append("note", note)


def next_gate(states: dict[str, GateState]) -> Gate | None:
    """Return the first shut gate whose needs are met, required ones first; None when all are open."""
    shut = [gate for gate in GATES if not states[gate.name].open and all(states[name].open for name in gate.needs)]
    return next((gate for gate in sorted(shut, key=lambda gate: not gate.required)), None)


def stage_of(state: Status) -> int:
    """Return the manifest's stage, 1 to 6: the first whose work is not shown."""
    last = {1: ("paper", "dossier", "gaps"), 2: ("blueprint", "equations", "counts"), 3: ("gauntlet", "overfit"), 4: ("registration", "runs"), 5: ("verdict",)}  # fmt: skip
    return next((stage for stage, names in last.items() if not all(state.gate_named(name).open for name in names)), 6)


def _states(facts: Facts) -> dict[str, GateState]:
    states: dict[str, GateState] = {}
    for gate in GATES:
        blocked = [name for name in gate.needs if not states[name].open]
        if blocked:
            seen = Seen(False, f"waits for {', '.join(blocked)}")
        else:
            try:
                seen = gate.look(facts)
            except AquariusError as error:
                seen = Seen(False, str(error).rstrip("."))
        states[gate.name] = GateState(
            name=gate.name, shows=gate.shows, open=seen.open, reason=seen.reason, required=gate.required, evidence=seen.evidence
        )
    return states


def _stale(facts: Facts) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(f"{one.check}{_of(one.claim)}: {'; '.join(reasons)}" for one, reasons in facts.divided[1]))
    except AquariusError as error:
        return (str(error).rstrip("."),)


def _unseen(facts: Facts) -> tuple[str, ...]:
    try:
        return tuple(unseen(facts.workspace, facts.divided[0]))
    except AquariusError:
        return ()  # the ledger cannot be read, which every gate says


def _of(claim: str | None) -> str:
    return f" ({claim})" if claim else ""
