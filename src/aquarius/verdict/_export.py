"""A verdict for others to use: a data set of claims, the badges of artifact evaluation, and the reproducibility checklist of machine learning.

Badges and checklist state facts that evidence shows; what the ledger cannot tell is "not shown", which is no reproach and no excuse.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from ..core import Evidence, Record
from ..dossier import Dossier
from ._gather import ordered
from ._numbers import many
from ._verdict import Verdict

CONTRADICTED = ("worse", "refuted")


class Shown(Record):
    """One item: shown, with the fact and the evidence for it, or not shown, with what is missing."""

    item: str
    status: Literal["shown", "not shown"]
    fact: str
    evidence: tuple[str, ...] = ()  # content hashes


def dataset_lines(verdict: Verdict, dossier: Dossier) -> str:
    """Return a verdict as JSON lines, one claim a line, in the order of the verdict; every line stands alone."""
    claims = {claim.id: claim for claim in dossier.claims}
    lines = []
    for item in verdict.claims:
        about, paper, rule = claims.get(item.claim), item.paper, item.rule
        line = {
            "paper": verdict.title, "dossier": verdict.dossier, "claim": item.claim, "kind": about.kind if about else None,
            "statement": item.statement, "quantity": about.quantity if about else None, "dataset": about.dataset if about else None,
            "split": about.split if about else None, "printed": paper.printed if paper else None, "value": paper.value if paper else None,
            "unit": paper.unit if paper else None, "measured": item.measured.to_data() if item.measured else None,
            "difference": item.difference.to_data() if item.difference else None, "margin": rule.margin if rule else None,
            "alpha": rule.alpha if rule else None, "seeds": rule.seeds if rule else None, "registered": item.registered, "test": item.test,
            "result": item.result, "implementation": item.implementation, "execution": item.execution, "scale": item.scale,
            "reasons": list(item.reasons), "seeds_needed": item.seeds_needed, "evidence": list(item.evidence),
        }  # fmt: skip
        lines.append(json.dumps(line, ensure_ascii=False, sort_keys=True, allow_nan=False))
    return "".join(f"{line}\n" for line in lines)


def badges(verdict: Verdict, evidence: Iterable[Evidence]) -> list[Shown]:
    """Return the five badges of ACM's artifact review (version 1.1) that evidence shows.

    A reproduction with Aquarius is written anew, so it can show that results were replicated, never that the authors' own artifacts were used.
    """
    usable = {digest: item for digest, item in ordered(evidence).items() if item.counts}
    tested = [claim for claim in verdict.claims if claim.result != "not tested"]
    good = [claim for claim in tested if claim.result == "reproduced" and claim.scale == "full"]
    bad = [claim for claim in tested if claim.result in CONTRADICTED]
    told = f"{len(good)} of {many(len(verdict.claims), 'claim')} reproduced at full scale, {len(bad)} contradicted, {len(verdict.claims) - len(tested)} not tested"
    whole = bool(good) and len(good) == len(verdict.claims)
    reruns = {digest: item for digest, item in ordered(evidence).items() if item.check == "rerun" and item.status == "pass"}
    runs = {digest: item for digest, item in usable.items() if item.kind == "run"}
    functional = bool(reruns and runs)
    return [
        Shown(item="Artifacts Available", status="not shown", fact="The ledger does not tell whether the artifacts are in a public archive."),
        Shown(
            item="Artifacts Evaluated: Functional",
            status="shown" if functional else "not shown",
            fact=f"{many(len(runs), 'run')} with receipts, and a rerun that gave the same numbers." if functional else "No rerun of recorded runs has given the same numbers.",
            evidence=tuple(sorted({*runs, *reruns})) if functional else (),
        ),
        Shown(item="Artifacts Evaluated: Reusable", status="not shown", fact="Whether others can build on the artifacts is for them to say."),
        Shown(item="Results Reproduced", status="not shown", fact="This badge is about the authors' own artifacts, and the code here was written anew."),
        Shown(
            item="Results Replicated",
            status="shown" if whole else "not shown",
            fact=f"{told}." if whole else f"{told}: the badge asks for the main results, and all claims are the only ones that need no choice.",
            evidence=tuple(sorted({digest for claim in good for digest in claim.evidence})) if whole else (),
        ),
    ]  # fmt: skip


def checklist(verdict: Verdict, dossier: Dossier, evidence: Iterable[Evidence]) -> list[Shown]:
    """Return the items of the machine learning reproducibility checklist, of this reproduction, with the evidence that shows each.

    Source: Pineau et al., "Improving Reproducibility in Machine Learning Research", JMLR 22, 2021, Figure 8; the items are in our words.
    """
    usable = {digest: item for digest, item in ordered(evidence).items() if item.counts}
    return [_shown(item, usable, test, yes, no) for item, test, yes, no in _ITEMS] + _of_verdict(verdict, dossier, usable)


def _of_verdict(verdict: Verdict, dossier: Dossier, usable: Mapping[str, Evidence]) -> list[Shown]:
    runs = {digest: item for digest, item in usable.items() if item.kind == "run"}
    spread = [claim for claim in verdict.claims if claim.measured is not None and claim.measured.sd is not None]
    before = [claim for claim in verdict.claims if claim.rule is not None and claim.registered == "before"]
    metrics = sorted({claim.rule.metric for claim in before if claim.rule is not None and claim.rule.metric})
    seconds = round(sum(item.seconds for item in runs.values()))
    return [
        _item("results: the number of training and evaluation runs", bool(runs), f"{many(len(runs), 'run')} that count.", "No run counts.", runs),
        _item("results: what is measured, and how", bool(metrics), f"Registered: {'; '.join(metrics)}.", "No rule states its metric's signature.", ()),
        _item(
            "results: centre and spread, not the best of several runs",
            bool(spread),
            f"Mean, standard deviation and interval of {many(len(spread), 'claim')}.",
            "No claim has more than one value.",
            {digest for claim in spread for digest in claim.evidence},
        ),
        _item("results: how the analysis was chosen before the runs", bool(before), f"{many(len(before), 'rule')} registered before the first run that counts.", "No rule was registered before the runs.", ()),
        _item("results: run time", seconds > 0, f"{seconds:,} seconds of wall time over {many(len(runs), 'run')}.", "No run states its time.", runs),
        _item("paper: what it leaves open is listed", bool(dossier.gaps), f"{many(len(dossier.gaps), 'gap')} with options in the dossier.", "The dossier lists no gap.", ()),
    ]  # fmt: skip


def _has_environment(item: Evidence) -> bool:
    return item.kind == "run" and item.receipt is not None and item.receipt.environment is not None


def _has_input(*prefixes: str) -> Callable[[Evidence], bool]:
    return lambda item: item.kind == "run" and item.receipt is not None and any(name.startswith(prefixes) for name in item.receipt.inputs)


_ITEMS: tuple[tuple[str, Callable[[Evidence], bool], str, str], ...] = (
    ("models: the algorithm is the one that is described", lambda item: item.kind == "conformance" and item.status == "pass", "equations held against the code", "No equation was held against the code."),
    ("models: size and cost", lambda item: item.kind == "count", "counts of parameters", "Nothing was counted."),
    ("data: which data, by their hashes", _has_input("data:"), "runs name the hash of each data file", "No run names the hash of its data."),
    ("data: the split", lambda item: item.kind == "run" and isinstance(item.details.get("split"), str), "runs state their split", "No run states its split."),
    ("code: the training and evaluation code, by its hashes", _has_input("workspace:", "package:"), "runs name the hash of their code", "No run names the hash of its code."),
    ("code: the command that makes each number", lambda item: item.kind == "run" and item.receipt is not None and bool(item.receipt.command), "runs with the command to make them again", "No run has a receipt."),
    ("code: dependencies with their versions", lambda item: _has_environment(item) and bool(item.receipt and item.receipt.environment and item.receipt.environment.packages), "runs with the versions of their libraries", "No run states its libraries."),
    ("results: the machine", _has_environment, "runs with processor, cores and accelerator", "No run states its machine."),
    ("results: every hyperparameter", lambda item: item.kind == "run" and isinstance(item.details.get("settings"), dict), "runs with all settings", "No run states its settings."),
)  # fmt: skip


def _shown(item: str, usable: Mapping[str, Evidence], test: Callable[[Evidence], bool], yes: str, no: str) -> Shown:
    found = [digest for digest, one in usable.items() if test(one)]
    return _item(item, bool(found), f"{len(found)} {yes}.", no, found)


def _item(item: str, shown: bool, fact: str, missing: str, evidence: Iterable[str] | Mapping[str, Any]) -> Shown:
    return Shown(
        item=item,
        status="shown" if shown else "not shown",
        fact=fact if shown else missing,
        evidence=tuple(sorted(evidence)) if shown else (),
    )
