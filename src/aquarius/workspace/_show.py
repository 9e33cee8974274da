"""What a person reads: rich renderables made from records. Nothing is decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..blueprint import Blueprint
from ..core import Evidence, Measure
from ..dossier import Dossier
from ..gauntlet import Diagnosis
from ..reading import Document
from ..report import outcome
from ..verdict import ClaimVerdict, Verdict, number

STYLE = {"pass": "green", "fail": "bold red", "unsure": "yellow", "skipped": "dim"}
_RESULT_STYLE = {
    "reproduced": "green",
    "better": "cyan",
    "worse": "bold red",
    "refuted": "bold red",
    "inconclusive": "yellow",
    "not tested": "dim",
}
_FEW = 12  # rows of a long list before it is cut, with the count of the rest


def table_view(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Show rows with equal keys."""
    table = new_table(title, *(rows[0] if rows else ()))
    for row in rows:
        table.add_row(*(f"{value:,.1f}" if isinstance(value, float) else str(value) for value in row.values()))
    return table


def paper_view(document: Document, dossier: Dossier) -> Group:
    """Show what was read and what was understood of it."""
    head = Text.assemble((document.title, "bold"), "\n", ", ".join(document.authors) or "no authors found")
    counts = (
        f"{len(document.sections)} sections, {sum(e.number is not None for e in document.equations)} numbered equations of {len(document.equations)}, "
        f"{len(document.tables)} tables, {len(dossier.claims)} claims, {len(dossier.recipe) + len(dossier.architecture)} settings, {len(dossier.gaps)} gaps"
    )
    return Group(head, Text(counts), *_dossier_parts(dossier), *_problems(document.problems))


def dossier_view(dossier: Dossier) -> Group:
    """Show a dossier."""
    return Group(Text(dossier.title, "bold"), *_dossier_parts(dossier))


def proposal_view(proposal: Any) -> Group:
    """Show which proposed facts were added, with their places, and which were refused, with the reason."""
    added = new_table(f"Added, proposed by {proposal.by}", "fact", "value", "for", "where")
    for item in proposal.accepted:
        added.add_row(item.fact.name, f"{item.fact.value} {item.fact.unit}".strip(), item.fact.scope or "the paper", str(item.fact.place))
    refused = new_table("Refused", "fact", "why")
    for item in proposal.refused:
        refused.add_row(item.name, item.reason)
    return Group(*([added] if proposal.accepted else []), *([refused] if proposal.refused else []))


def _dossier_parts(dossier: Dossier) -> list[Any]:
    facts = new_table("Stated", "name", "value", "for", "where")
    for fact in (*dossier.architecture, *dossier.recipe):
        where = f"{fact.place}{f', proposed by {fact.proposed_by}' if fact.proposed_by else ''}"
        facts.add_row(fact.name, f"{fact.value} {fact.unit}".strip(), fact.scope or "the paper", where)
    claims = new_table("Claims of the paper's own systems", "claim", "paper", "where")
    own = [claim for claim in dossier.claims if claim.own]
    for claim in own[:_FEW]:
        claims.add_row(claim.id, measure_text(claim.measure), str(claim.place))
    gaps = new_table("Not stated, most weighty first", "gap", "suggestion", "from")
    for gap in dossier.gaps:
        source = next((option.source for option in gap.options if option.value == gap.suggestion), "")
        gaps.add_row(f"{gap.name}{' (in part)' if gap.status == 'partial' else ''}", gap.suggestion, source)
    rest = [Text(f"... and {len(own) - _FEW} claims more: --json lists all", "dim")] if len(own) > _FEW else []
    return [facts, claims, *rest, gaps, *_problems(item.message for item in dossier.contradictions)]


def translation_view(latex: str, translation: Any) -> Group:
    """Show an equation and its code, or why there is none."""
    if translation.status != "ok":
        return Group(Text(latex), Text(" " * (translation.offset or 0) + "^", "yellow"), Text(f"refused: {translation.reason}", "yellow"))
    note = f"{translation.backend} is not installed: this text comes from code that was checked, but was not run itself"
    unrun = [] if translation.verified else [Text(note, "yellow")]
    return Group(Text(latex, "dim"), Text(translation.code), *unrun)


def evidence_view(evidence: Sequence[Evidence]) -> Group:
    """Show findings, failed ones first, with the numbers behind each."""
    order = {"fail": 0, "unsure": 1, "pass": 2, "skipped": 3}
    table = new_table("", "status", "check", "where", "finding", "s")
    skipped = [item.check for item in evidence if item.status == "skipped"]
    for item in sorted((item for item in evidence if item.status != "skipped"), key=lambda item: order[item.status]):
        message = Text(item.message)
        if item.status in ("fail", "unsure") and item.hint:
            message.append(f"\nlook at: {item.hint}", "dim")
        where = "\n".join(dict.fromkeys(part for part in (item.where, item.path) if part))
        table.add_row(Text(item.status, STYLE[item.status]), item.check, where, message, f"{item.seconds:.1f}")
    why = [Text(f"skipped, as they do not apply here (--json says why): {', '.join(skipped)}", "dim")] if skipped else []
    return Group(table, *why, Text(_tally(item.status for item in evidence)))


def conformance_view(evidence: Evidence) -> Group:
    """Show the verdict on code held against an equation, with the smallest inputs on which they differ."""
    from ._conformance import counterexample_text

    text = counterexample_text(evidence)
    return Group(evidence_view([evidence]), *([Text(text)] if text else []))


def cards_view(cards: Sequence[Mapping[str, Any]]) -> Table:
    """Show the card of every check."""
    table = new_table("", "check", "finds", "facts", "what can mislead it", "cost")
    for card in cards:
        table.add_row(card["check"], card["finds"], ", ".join(card["facts"]), Text(card["misled_by"], "dim"), card["cost"])
    return table


def audit_cards_view(cards: Sequence[Mapping[str, Any]]) -> Table:
    """Show the card of every check of the audit."""
    table = new_table("", "check", "family", "finds", "what can mislead it")
    for card in cards:
        table.add_row(card["check"], card["family"], card["finds"], Text(card["misled_by"], "dim"))
    return table


def diagnosis_view(diagnosis: Diagnosis) -> Group:
    """Show the suspects, the most likely first, each with the run that would tell."""
    parts: list[Any] = []
    if diagnosis.claimed is not None and diagnosis.measured is not None:
        parts.append(Text(f"claimed {diagnosis.claimed:g}, measured {diagnosis.measured:.6g}", "bold"))
    for rank, suspect in enumerate(diagnosis.suspects[:_FEW], 1):
        parts.append(Text.assemble((f"{rank}. {suspect.name}", "bold"), (f"  {suspect.weight:.2f} {suspect.source}", "dim")))
        parts += [Text(f"   {suspect.reason}"), *(Text(f"   - {line}") for line in suspect.evidence)]
        parts += [Text(f"   try: {suspect.run}", "cyan"), Text(f"   {suspect.tells}", "dim")]
    rest = len(diagnosis.suspects) - _FEW
    parts += [Text(f"... and {rest} suspects more: --json lists all", "dim")] if rest > 0 else []
    parts += [] if diagnosis.suspects else [Text("nothing found that would explain a difference")]
    parts += [Text(f"looked at: {'; '.join(diagnosis.looked_at) or 'nothing'}", "dim")]
    parts += [Text(f"would tell more: {line}", "dim") for line in diagnosis.missing]
    return Group(*parts)


def runs_view(evidence: Sequence[Evidence]) -> Group:
    """Show one row per run, then mean and standard deviation of what every run measured."""
    import statistics

    table = new_table("", "seed", "status", "metrics", "s")
    for item in evidence:
        metrics = ", ".join(f"{name} {value:.6g}" for name, value in item.values.items()) or item.message
        seed = item.receipt.seed if item.receipt else None
        table.add_row(str(seed), Text(item.status, STYLE[item.status]), metrics, f"{item.seconds:.1f}")
    good = [item.values for item in evidence if item.status == "pass"]
    lines = []
    for name in good[0] if good else ():
        values = [item[name] for item in good if name in item]
        spread = f" ± {statistics.stdev(values):.4g}" if len(values) > 1 else ""
        lines.append(f"{name}: {statistics.fmean(values):.6g}{spread} (n = {len(values)})")
    return Group(table, Text("\n".join(lines)))


def blueprint_view(blueprint: Blueprint) -> Group:
    """Show the flow of data, the layers and the cost."""
    table = new_table("", "module", "class", "in", "out", "parameters")
    for layer in blueprint.layers:
        shapes = [" ".join(f"({', '.join(shape)})" for shape in side) for side in (layer.input_shapes, layer.output_shapes)]
        table.add_row(layer.path, layer.kind, *shapes, f"{layer.parameters:,}" if layer.parameters else "")
    lines = [f"{blueprint.parameters:,} parameters, {blueprint.trainable:,} of them trained; {blueprint.buffers:,} numbers in buffers"]
    if blueprint.feasibility is not None:
        lines.append(f"{blueprint.feasibility.verdict}: {blueprint.feasibility.reason}")
    return Group(Text(blueprint.diagram), table, Text("\n".join(lines)), *_problems(blueprint.problems))


def verdict_view(verdict: Verdict, *, report: Path | None = None) -> Group:
    """Show every claim that was tested, and count the others by what they need."""
    table = new_table(verdict.title, "claim", "paper", "measured", "verdict", "because")
    tested = [claim for claim in verdict.claims if claim.result != "not tested" or claim.execution != "none"]
    for claim in tested:
        result = Text(claim.result, _RESULT_STYLE[claim.result])
        if claim.scale != "full":
            result.append(f" ({claim.scale})", "dim")
        table.add_row(claim.claim, measure_text(claim.paper), _measured(claim), result, claim.reasons[0] if claim.reasons else "")
    rest = [claim for claim in verdict.claims if claim not in tested]
    lines = [outcome(verdict)]
    needs = Counter(claim.reasons[0] if claim.reasons else "no evidence" for claim in rest)
    lines += [f"{count} × not tested: {why}" for why, count in needs.most_common(6)]
    if report is not None:
        lines.append(f"Report: {report}")
    return Group(*([table] if tested else []), Text("\n".join(lines)))


def started_view(workspace: Any) -> str:
    """Say what was made and what comes next."""
    return f"{workspace.root} is laid out: paper/, dossier.yaml, blueprint.yaml, conf/, src/, tests/, journal.md.\nNext: aquarius next {workspace.root}"


def status_view(state: Any) -> Group:
    """Show the phases, their days and their gates."""
    table = new_table("", "phase", "days", "gate", "state", "because")
    for phase in state.phases:
        for index, gate in enumerate(phase.gates):
            mark = Text("open", "green") if gate.open else Text("shut", "yellow")
            first = index == 0
            table.add_row(f"{phase.number} {phase.name}" if first else "", phase.days if first else "", gate.name, mark, gate.reason)
    notes = [*(f"stale: {item}" for item in state.stale), *(f"not at hand: {item}" for item in state.unseen)]
    return Group(table, *_problems(notes), Text(f"Next: {state.next}"))


def gate_view(gate: Any) -> Text:
    """Say whether one gate is open, and why."""
    return Text.assemble((f"{gate.name}: ", "bold"), ("open", "green") if gate.open else ("shut", "yellow"), f" because {gate.reason}")


def problems_view(problems: Sequence[str]) -> Text:
    """List problems, or say that there are none."""
    return Text("\n".join(f"- {problem}" for problem in problems) if problems else "nothing to object to")


def next_view(step: Any, graded: Sequence[Any]) -> Group:
    """Show the next step, the questions, and how the answers given were graded."""
    marks = [Text(f"{'right' if item.right else 'not right'}: {item.text}", "green" if item.right else "yellow") for item in graded]
    questions = [Text(f"  {question.number}. {question.text}") for question in step.questions]
    head = [Text("Questions (answer with --answer NUMBER=TEXT):")] if questions else []
    return Group(*marks, Text.assemble((f"Phase {step.phase}, gate {step.gate}: ", "bold"), step.do), *head, *questions)


def verified_view(problems: Sequence[str], checked: Mapping[str, int]) -> Text:
    """Say what was checked and what is wrong."""
    what = ", ".join(f"{count} {name}" for name, count in checked.items())
    return Text(f"checked {what}\n" + ("\n".join(f"- {problem}" for problem in problems) if problems else "all is as it was recorded"))


def measure_text(measure: Measure | None) -> str:
    """Return a paper's number as printed, with its spread and unit."""
    if measure is None:
        return ""
    spread = f" ± {measure.spread:g}" if measure.spread is not None else ""
    return f"{measure.printed or format(measure.value, 'g')}{spread} {measure.unit}".strip()


def _measured(claim: ClaimVerdict) -> str:
    found = claim.measured
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{found.mean:,.10g}"
    return f"{number(found.mean)} [{number(found.low)}, {number(found.high)}], n = {found.n}"


def _tally(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in Counter(words).most_common())


def _problems(problems: Iterable[str]) -> list[Text]:
    return [Text(f"! {problem}", "yellow") for problem in problems]


def new_table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", title_style="bold", show_edge=False, pad_edge=False, header_style="dim")
    for name in columns:
        table.add_column(name, overflow="fold", justify="right" if name in ("s", "parameters") else "left")
    return table
