"""A letter to the authors: what in a paper does not hold, with both quotes, exact numbers, the smallest counterexample and the command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..core import BadInput, Evidence, Place, Record
from ..dossier import Claim
from ..verdict import ClaimVerdict, number
from ._facts import Facts
from ._layout import Workspace
from ._ledger import first_hand

_MOST_LETTERS = 600  # of a quote


class Issue(Record):
    """One thing that the evidence holds against the paper."""

    title: str
    kind: str  # "contradiction", "count", "result"
    claim: str | None
    quotes: tuple[Place, ...]
    paper: str
    found: str
    counterexample: tuple[str, ...]  # lines, the smallest case that shows it
    command: str
    reservations: tuple[str, ...] = ()  # what the authors may know better


def correction(workspace: Workspace, claims: tuple[str, ...] = ()) -> tuple[list[Issue], list[str]]:
    """Return what can be put to the authors, and why other claims that differ cannot be.

    Raises:
        BadInput: a claim that the dossier does not have.
    """
    facts = Facts(workspace)
    for claim in claims:
        if facts.dossier.claim(claim) is None:
            raise BadInput(f"the dossier has no claim {claim!r}.")
    found = [] if claims else list(_contradictions(facts))
    withheld: list[str] = []
    for judged in facts.judged.claims:
        stated = facts.dossier.claim(judged.claim)
        if stated is None or (claims and judged.claim not in claims):
            continue
        if judged.result not in ("worse", "refuted"):
            if claims:
                withheld.append(f"{judged.claim}: the verdict is {judged.result!r}, which says nothing against the paper.")
            continue
        if reason := _doubt(judged):
            withheld.append(f"{judged.claim}: {reason}")
        else:
            found.append(_result(facts, stated, judged))
    return found, withheld


def to_markdown(workspace: Workspace, issues: list[Issue]) -> str:
    """Return the packet as Markdown, ready to be sent.

    Raises:
        BadInput: there is nothing to send.
    """
    if not issues:
        raise BadInput(
            "nothing here is held against the paper: no contradiction, and no claim that was refuted or came out worse with a verified implementation."
        )
    facts = Facts(workspace)
    head = [
        f"# Possible corrections to “{facts.dossier.title}”",
        "",
        f"{_authors(facts.dossier.authors)},",
        "",
        f"While reproducing your paper we found {len(issues)} {'place' if len(issues) == 1 else 'places'} that we cannot bring together with what we measured or read. "
        "Each is given with the text as we read it, the exact numbers, and the command that shows it. We may be wrong: please tell us where.",
        "",
    ]  # fmt: skip
    parts = [line for position, issue in enumerate(issues, 1) for line in _section(position, issue)]
    foot = [
        "## What this rests on",
        "",
        f"- Dossier `{facts.dossier.content_hash[:16]}`, verdict `{facts.judged.content_hash[:16]}`, {len(facts.entries)} entries in the ledger"
        + (f", the last with the hash `{facts.entries[-1].hash[:16]}`." if facts.entries else "."),
        "- `aquarius verify .` checks every number here; `aquarius rerun --all --fresh` makes them again.",
        "",
    ]
    return "\n".join([*head, *parts, *foot])


def _contradictions(facts: Facts) -> Iterator[Issue]:
    for item in facts.dossier.contradictions:
        untrue = [place for place in item.places if place.file not in facts.sources or not place.is_true_of(facts.sources[place.file])]
        if untrue:
            continue  # a quote that does not stand in the paper is no one's mistake but ours
        lines = tuple(f"{place}: “{_quote(place)}”" for place in item.places)
        yield Issue(title="Two places of the paper that cannot both be true", kind="contradiction", claim=None, quotes=item.places, paper=item.message, found="No code is needed to see it: the two places disagree.", counterexample=lines, command="aquarius read paper/")  # fmt: skip


def _result(facts: Facts, stated: Claim, judged: ClaimVerdict) -> Issue:
    evidence = [one for one in facts.divided[0] if first_hand(one) and one.content_hash in judged.evidence]
    runs = [one for one in evidence if one.kind == "run"]
    counts = [one for one in evidence if one.kind == "count"]
    other = _other_quote(facts, stated)
    place = (stated.place, *([other] if other else []))
    paper = f"{stated.statement} Printed: {stated.measure.printed or number(stated.measure.value)} {stated.measure.unit}".strip() if stated.measure else stated.statement  # fmt: skip
    if counts and not runs:
        lines = tuple(line for one in counts for line in _count_lines(one))
        return Issue(title=f"The count of {stated.subject}", kind="count", claim=stated.id, quotes=place, paper=paper, found=judged.reasons[0], counterexample=lines, command="aquarius reproduce .", reservations=judged.assumptions)  # fmt: skip
    return Issue(
        title=f"{stated.quantity} of {stated.subject}{' on ' + stated.dataset if stated.dataset else ''}",
        kind="result",
        claim=stated.id,
        quotes=place,
        paper=paper,
        found=judged.reasons[0],
        counterexample=tuple(_run_lines(facts, runs, judged)),
        command=next((one.receipt.command for one in runs if one.receipt), "aquarius reproduce ."),
        reservations=tuple(_reservations(facts, stated, judged)),
    )


def _run_lines(facts: Facts, runs: list[Evidence], judged: ClaimVerdict) -> Iterator[str]:
    """Give the smallest case first: the one run that is nearest to the paper's number and still away from it; then every seed."""
    if judged.measured is not None:
        low, high = judged.measured.low, judged.measured.high
        interval = f", interval {number(low)} to {number(high)}" if low is not None and high is not None else ""
        yield f"mean {number(judged.measured.mean)} over {judged.measured.n} seeds{interval}"
    metrics = {name: item.metric for name, item in facts.experiments.items()}
    values = [(one, one.values[name]) for one in runs if (name := metrics.get(one.check)) in one.values and name is not None]
    if values and judged.paper is not None:
        wanted = judged.paper.value
        best, value = min(values, key=lambda pair: abs(pair[1] - wanted))
        seed = best.receipt.seed if best.receipt else None
        yield f"the run nearest to the paper: seed {seed} gives {value!r} ({best.receipt.log if best.receipt else ''})"
    for one, value in values:
        yield f"seed {one.receipt.seed if one.receipt else None}: {value!r}"


def _count_lines(one: Evidence) -> Iterator[str]:
    yield one.message
    for name, value in sorted(one.values.items()):
        yield f"{name} = {value:,.0f}" if value == int(value) else f"{name} = {value!r}"
    yield from one.assumptions


def _reservations(facts: Facts, stated: Claim, judged: ClaimVerdict) -> Iterator[str]:
    yield from judged.assumptions
    gaps = [gap.name for gap in facts.dossier.gaps if gap.weight >= 0.5]
    if gaps:
        yield f"The paper leaves open: {', '.join(gaps[:8])}. Our answers to these may not be yours."
    for name, item in facts.experiments.items():
        if item.claim == stated.id:
            for setting, value in item.settings.items():
                if value.origin == "deviation":
                    yield f"{name} deviates in {setting} = {value.value}: {value.source}"


def _doubt(judged: ClaimVerdict) -> str:
    """Say why a result against the paper must not be sent: it may be our own mistake."""
    if judged.implementation != "verified" and judged.measured is not None:
        return f"it came out {judged.result!r}, and our implementation is {judged.implementation}: repair that first."
    if judged.registered != "before" and judged.measured is not None:
        return f"it came out {judged.result!r}, and its rule was registered {judged.registered} the runs."
    if judged.scale != "full":
        return f"it came out {judged.result!r} at {judged.scale} scale."
    return ""


def _other_quote(facts: Facts, stated: Claim) -> Place | None:
    """Return a second place where the paper states the same number, so that both can be looked at."""
    if stated.measure is None:
        return None
    same: Iterable[Place] = (each.place for each in facts.dossier.claims if each.id != stated.id and each.measure == stated.measure and each.quantity == stated.quantity)  # fmt: skip
    return next((place for place in same if place != stated.place), None)


def _section(position: int, issue: Issue) -> Iterator[str]:
    yield from (f"## {position}. {issue.title}", "")
    for place in issue.quotes:
        yield from (f"The paper, {place}:", "", *(f"> {line}" for line in _quote(place).splitlines()), "")
    yield from (f"**As we read it.** {issue.paper.rstrip('.')}.", "", f"**What we find.** {issue.found}", "")
    if issue.counterexample:
        yield from ("**The smallest case that shows it.**", "", "```", *issue.counterexample, "```", "")
    yield from ("**To see it yourself**, in the folder of this reproduction:", "", f"    {issue.command}", "")
    if issue.reservations:
        yield from ("**What could explain it otherwise.**", "", *(f"- {line.rstrip('.')}." for line in issue.reservations), "")


def _quote(place: Place) -> str:
    text = place.quote.strip()
    return text if len(text) <= _MOST_LETTERS else text[:_MOST_LETTERS].rstrip() + " …"


def _authors(names: tuple[str, ...]) -> str:
    return f"Dear {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"Dear {names[0]}" if names else "Dear authors"
