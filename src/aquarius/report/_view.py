"""What a report shows, as plain rows in the order in which a reader wants them. Shared by the HTML and the Markdown report; nothing is escaped here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..core import Evidence, Place
from ..dossier import Claim, Dossier
from ..verdict import ClaimVerdict, number, score
from ._bundle import Bundle
from ._runs import environments, experiments, inputs, rerun, runs
from ._words import (
    REGISTERED,
    RESULTS,
    SYMBOLS,
    interval,
    measured_number,
    outcome,
    paper_number,
    qualification,
    shortened,
    spread_note,
)

WEB = re.compile(r"^https?://[^\s<>\"'`\\]{1,500}$")
FINDING_ORDER = {"fail": 0, "unsure": 1, "pass": 2, "skipped": 3}


def view(bundle: Bundle) -> dict[str, Any]:
    """Return everything that a report shows, by section."""
    dossier, verdict = bundle.dossier, bundle.verdict
    claims = {claim.id: claim for claim in dossier.claims} if dossier else {}
    judged = [claim_row(item, claims.get(item.claim)) for item in verdict.claims]
    tested = [row for row in judged if row["tested"]]
    counted = counts(bundle, claims)
    in_counts = {row["id"] for row in counted["rows"]}
    return {
        "title": bundle.title,
        "authors": list(dossier.authors) if dossier else [],
        "year": dossier.year if dossier else None,
        "url": dossier.url if dossier and dossier.url and WEB.match(dossier.url) else None,
        "outcome": outcome(verdict),
        "qualification": qualification(verdict),
        "shares": shares(bundle),
        "claims": [row for row in tested if row["id"] not in in_counts],
        "untested": [row for row in judged if not row["tested"]],
        "untested_why": Counter(row["reasons"][0] for row in judged if not row["tested"] and row["reasons"]).most_common(6),
        "counts": counted,
        "equations": equations(bundle),
        "findings": findings(bundle.evidence),
        "findings_told": tally(bundle.evidence),
        "experiments": experiments(bundle.evidence),
        "runs": runs(bundle.evidence, verdict),
        "gaps": gaps(dossier),
        "deviations": deviations(dossier, bundle.evidence),
        "contradictions": contradictions(dossier),
        "blueprint": blueprint(bundle),
        "questions": [{"text": item.text, "answer": item.answer, "where": item.where} for item in bundle.questions],
        "places": places(dossier),
        "environments": environments(bundle.evidence),
        "inputs": inputs(bundle.evidence),
        "rerun": rerun(bundle.evidence),
        "problems": list(bundle.document.problems) if bundle.document else [],
        "hashes": hashes(bundle),
    }


def claim_row(item: ClaimVerdict, claim: Claim | None) -> dict[str, Any]:
    """Return one claim: the paper's number beside the measured one, the rule, the verdict and its reasons."""
    rule, exact = item.rule, item.test == "equality within printed rounding"
    return {
        "id": item.claim,
        "statement": item.statement,
        "where": place_label(claim.place) if claim else "",
        "about": " · ".join(part for part in ((claim.dataset, claim.split, claim.quantity) if claim else ()) if part),
        "paper": paper_number(item.paper),
        "paper_note": spread_note(item.paper),
        "measured": measured_number(item.measured),
        "n": item.measured.n if item.measured and not exact else None,
        "interval": interval(item),
        "difference": item.difference,
        "margin": f"±{number(item.difference.margin)}" if item.difference and item.difference.margin else "",
        "margin_source": rule.margin_source if rule else "",
        "registered": "needs no registration" if exact else "" if item.result == "not tested" else REGISTERED[item.registered],
        "registered_late": item.registered != "before" and not exact,
        "result": item.result,
        "badge": RESULTS[item.result][0],
        "symbol": SYMBOLS[item.result],
        "implementation": item.implementation,
        "execution": item.execution,
        "scale": item.scale,
        "test": item.test,
        "reasons": list(item.reasons),
        "assumptions": list(item.assumptions),
        "seeds_needed": [f"{seeds} seeds for power {wanted}" for wanted, seeds in sorted(item.seeds_needed.items())],
        "evidence": list(item.evidence),
        "needs": list(claim.needs) if claim else [],
        "tested": item.execution != "none",
    }


def shares(bundle: Bundle) -> list[dict[str, Any]]:
    """Return the share of each result, largest detail first: for the bar beneath the outcome."""
    total = len(bundle.verdict.claims)
    found = score(bundle.verdict)
    if not total:
        return []
    counted = [(result, bundle.verdict.count(result)) for result in RESULTS]  # type: ignore[arg-type]
    assert found.claims == total
    return [
        {"result": result, "badge": RESULTS[result][0], "symbol": SYMBOLS[result], "count": count, "percent": round(100 * count / total, 2)}
        for result, count in counted
        if count
    ]


def counts(bundle: Bundle, claims: dict[str, Claim]) -> dict[str, Any]:
    """Return the table of counted parameters: printed, counted, and the sizes under which the printed number comes out."""
    verdicts = {item.claim: item for item in bundle.verdict.claims}
    by_claim: dict[str, list[Evidence]] = {}
    notes = []
    for item in bundle.evidence:
        if item.kind == "count" and item.counts:
            if item.claim is None:
                notes.append(item.message)
            else:
                by_claim.setdefault(item.claim, []).append(item)
    rows = []
    for claim_id in [claim_id for claim_id in (*claims, *sorted(set(by_claim) - set(claims))) if claim_id in by_claim]:
        claim, verdict, items = claims.get(claim_id), verdicts.get(claim_id), by_claim[claim_id]
        rows.append(
            {
                "id": claim_id,
                "subject": claim.subject if claim else claim_id,
                "settings": ", ".join(f"{name} = {value}" for name, value in sorted(claim.settings.items())) if claim else "",
                "printed": paper_number(claim.measure) if claim else "—",
                "counted": [
                    {"value": f"{item.values['counted']:,.0f}", "status": item.status, "under": ", ".join(item.assumptions)}
                    for item in items
                    if "counted" in item.values
                ],
                "sizes": [
                    {"size": str(item.details.get("size", "size")), "range": _range(item), "under": ", ".join(item.assumptions)}
                    for item in items
                    if "slope" in item.values
                ],
                "reasons": list(verdict.reasons) if verdict else [],
                "unused": verdict is not None and not {item.content_hash for item in items} & set(verdict.evidence),
                "unsure": [item.message for item in items if not {"counted", "slope"} & set(item.values)],
                "result": verdict.result if verdict else "not tested",
                "badge": RESULTS[verdict.result][0] if verdict else "not judged",
                "symbol": SYMBOLS[verdict.result] if verdict else "–",
            }
        )
    return {"rows": rows, "notes": notes}


def equations(bundle: Bundle) -> list[dict[str, Any]]:
    """Return every formula of the dossier with what was held against it; comparisons with a formula that the dossier lacks come last."""
    compared: dict[str, list[Evidence]] = {}
    for item in bundle.evidence:
        if item.kind == "conformance" and item.counts:
            compared.setdefault(item.check, []).append(item)
    joined = {name for items in compared.values() for item in items for name in _covers(item)}  # rows of a display that were held as one
    rows = []
    for formula in bundle.dossier.formulas if bundle.dossier else ():
        checks = compared.pop(formula.id, [])
        if formula.id in joined and not checks:
            continue
        whole = next((str(item.details["latex"]) for item in checks if _covers(item)), None)
        latex = formula.latex if whole is None else f"\\begin{{aligned}}{whole}\\end{{aligned}}"
        rows.append({"id": formula.id, "latex": latex, "where": place_label(formula.place), "checks": [_check(item) for item in checks]})
    for name, items in sorted(compared.items()):
        latex = next((str(item.details["latex"]) for item in items if isinstance(item.details.get("latex"), str)), "")
        rows.append({"id": name, "latex": latex, "where": "", "checks": [_check(item) for item in items]})
    return sorted(rows, key=lambda row: not row["checks"])  # those that were held against code come first


def _covers(item: Evidence) -> list[str]:
    names = item.details.get("covers")
    return [str(name) for name in names] if isinstance(names, list) else []


def findings(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return the findings of the gauntlet, failures first."""
    found = [item for item in evidence if item.kind == "finding" and item.counts]
    found.sort(key=lambda item: (FINDING_ORDER[item.status], item.check, item.content_hash))
    return [_check(item) | {"check": item.check, "hint": item.hint, "path": item.path or ""} for item in found]


def tally(evidence: Sequence[Evidence]) -> str:
    """Return how the findings ended, in one sentence."""
    found: Counter[str] = Counter(item.status for item in evidence if item.kind == "finding" and item.counts)
    told = (("pass", "passed"), ("fail", "failed"), ("unsure", "could not tell"), ("skipped", "did not apply"))
    return f"{', '.join(f'{found[status]} {word}' for status, word in told if found[status])}." if found else ""


def gaps(dossier: Dossier | None) -> list[dict[str, Any]]:
    """Return what the paper leaves open, the weightiest first, with the options and the source of each."""
    found = sorted(dossier.gaps if dossier else (), key=lambda gap: -gap.weight)
    return [
        {
            "name": gap.name,
            "question": gap.question,
            "status": gap.status,
            "weight": f"{gap.weight:.1f}",
            "options": [
                {"value": option.value, "source": option.source, "suggested": option.value == gap.suggestion} for option in gap.options
            ],
            "where": place_label(gap.place) if gap.place else "",
        }
        for gap in found
    ]


def deviations(dossier: Dossier | None, evidence: Sequence[Evidence]) -> list[dict[str, str]]:
    """Return where a run's settings differ from what the paper states, and what runs say of themselves under "deviations"."""
    stated: dict[str, set[float]] = {}
    for fact in (*dossier.recipe, *dossier.architecture) if dossier else ():
        if fact.number is not None:
            stated.setdefault(_name(fact.name), set()).add(fact.number)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for item in evidence:
        if item.kind != "run":
            continue
        settings = item.details.get("settings")
        for name, value in sorted(settings.items()) if isinstance(settings, dict) else ():
            known = stated.get(_name(name), set())
            if isinstance(value, int | float) and not isinstance(value, bool) and known and float(value) not in known:
                paper = " or ".join(number(each) for each in sorted(known))
                rows.setdefault((item.check, name), {"experiment": item.check, "name": name, "paper": paper, "here": number(float(value))})
        said = item.details.get("deviations")
        for text in said if isinstance(said, list) else ():
            rows.setdefault((item.check, str(text)), {"experiment": item.check, "name": str(text), "paper": "", "here": ""})
    return list(rows.values())


def contradictions(dossier: Dossier | None) -> list[dict[str, str]]:
    """Return where the paper contradicts itself."""
    found = dossier.contradictions if dossier else ()
    return [{"message": item.message, "where": " and ".join(place_label(place) for place in item.places)} for item in found]


def blueprint(bundle: Bundle) -> dict[str, Any] | None:
    """Return what was drawn of the model before anything ran."""
    drawn = bundle.blueprint
    if drawn is None:
        return None
    feasible = drawn.feasibility
    return {
        "subject": drawn.subject,
        "parameters": f"{drawn.parameters:,}",
        "trainable": f"{drawn.trainable:,}",
        "layers": len(drawn.layers),
        "symbols": ", ".join(f"{name} = {size}" for name, size in sorted(drawn.symbols.items())),
        "feasibility": f"{feasible.verdict}: {feasible.reason}" if feasible else "",
        "diagram": shortened(drawn.diagram, 6_000),
        "problems": list(drawn.problems),
    }


def places(dossier: Dossier | None) -> list[dict[str, str]]:
    """Return every number that was taken from the paper, with its place and the quote that stands there."""
    if dossier is None:
        return []
    rows: list[tuple[str, str, str, Place]] = [
        (claim.statement, paper_number(claim.measure), "claim" if claim.own else "another system's number", claim.place)
        for claim in dossier.claims
    ]
    for kind in ("architecture", "recipe", "datasets", "metrics"):
        for fact in getattr(dossier, kind):
            what = f"{fact.name} ({fact.scope})" if fact.scope else fact.name
            rows.append((what, f"{fact.value} {fact.unit}".strip(), kind, fact.place))
    return [
        {"what": what, "value": value, "kind": kind, "where": place_label(place), "quote": shortened(" ".join(place.quote.split()), 160)}
        for what, value, kind, place in rows
    ]


def hashes(bundle: Bundle) -> list[dict[str, str]]:
    """Return the content hashes that tie the report to its records."""
    rows = [("verdict", bundle.verdict.content_hash), ("dossier", bundle.verdict.dossier)]
    if bundle.verdict.registration:
        rows.append(("registration", bundle.verdict.registration))
    if bundle.document:
        rows += [(f"paper: {name}", digest) for name, digest in sorted(bundle.document.files.items())]
    if bundle.blueprint:
        rows.append((f"code: {bundle.blueprint.subject}", bundle.blueprint.subject_hash))
    return [{"name": name, "hash": value, "short": value[:12]} for name, value in rows]


def place_label(place: Place) -> str:
    """Return how a reader finds a place: "Table 3 (ms.tex:64)"."""
    return shortened(str(place), 120)


def _check(item: Evidence) -> dict[str, Any]:
    where = str(item.details.get("code") or item.where or "")
    return {
        "status": item.status,
        "symbol": SYMBOLS[item.status],
        "message": shortened(item.message),
        "where": where,
        "shown_where": "" if where and where in item.message else where,
        "numbers": shortened(", ".join(f"{name} {number(value)}" for name, value in sorted(item.values.items())), 300),
    }


def _range(item: Evidence) -> str:
    low, high = item.values.get("low"), item.values.get("high")
    if item.values.get("slope") == 0:
        return "any (the count does not depend on it)"
    return "none" if low is None or high is None else f"{low:,.0f} to {high:,.0f}"


def _name(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold().replace("_", " ")))
