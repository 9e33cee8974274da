"""The gates of the protocol: each looks at the evidence on disk and says whether its step has been shown, never whether somebody says so."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..core import BadInput, Evidence, file_hash, read_bytes
from ._artifacts import artifacts_differ
from ._config import ExperimentFile
from ._facts import Facts, changed_sources, open_gaps, untrue_places
from ._ledger import CONTROL, EVERYTHING, RERUN, bears, first_hand
from ._registered import apart, registrations

OVERFIT = "overfit"  # the gauntlet's check that one batch can be learned by heart
_FEW = 4  # items that a reason lists before it counts the rest


@dataclass(frozen=True)
class Seen:
    """What a gate saw."""

    open: bool
    reason: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gate:
    """A gate: the phase it stands in, the gates that must be open before it, what opens it, and the function that looks."""

    name: str
    phase: int
    shows: str  # what is shown when it is open
    needs: tuple[str, ...]
    do: str  # what to do while it is shut
    look: Callable[[Facts], Seen] = field(compare=False)
    required: bool = True  # False: nothing depends on it, and its phase counts as passed without it


def paper(facts: Facts) -> Seen:
    """The document loads, matches its own hash, and its source files are what it was read from."""
    if not facts.workspace.document.exists():
        return _shut("the paper has not been read: paper/document.json is missing")
    document = facts.document
    changed = changed_sources(document, facts.sources)
    if not document.files:
        return _shut("paper/document.json names no file that it was read from")
    if changed:
        return _shut(f"paper/document.json is of another version of the paper: {_list(changed)}")
    return _open(f"{len(document.files)} source files as they were read", [document.content_hash])


def dossier(facts: Facts) -> Seen:
    """The dossier is about this document, has claims, and every quote of it stands at its place."""
    if not facts.workspace.dossier.exists():
        return _shut("dossier.yaml is missing")
    found = facts.dossier
    if found.document != facts.document.content_hash:
        return _shut("dossier.yaml is about another document than paper/document.json")
    if not any(claim.own for claim in found.claims):
        return _shut("dossier.yaml has no claim of the paper's own")
    untrue = untrue_places(found, facts.sources)
    if untrue:
        return _shut(f"{len(untrue)} quotes of dossier.yaml do not stand at their place: {_list(untrue)}")
    return _open(f"{len(found.claims)} claims, every quote stands at its place", [found.content_hash])


def gaps(facts: Facts) -> Seen:
    """Every gap has an answer with its source."""
    unanswered = open_gaps(facts.workspace, facts.dossier, facts.experiments.values())
    if unanswered:
        return _shut(f"{len(unanswered)} of {len(facts.dossier.gaps)} gaps are not answered: {_list(gap.name for gap in unanswered)}")
    return _open(f"{len(facts.dossier.gaps)} gaps, each answered with its source")


def blueprint(facts: Facts) -> Seen:
    """The blueprint was drawn from the subject as it is now."""
    name = facts.plan.subject
    if name is None:
        return _shut("blueprint.yaml names no subject")
    path = facts.workspace.inside(name)
    if not path.is_file():
        return _shut(f"the subject {name} does not exist")
    if not facts.workspace.blueprint.exists():
        return _shut("blueprint.json is missing: nothing was drawn")
    if facts.blueprint.subject_hash != hashlib.sha256(read_bytes(path)).hexdigest():
        return _shut(f"{name} changed after blueprint.json was drawn")
    if not facts.blueprint.layers:
        return _shut("blueprint.json has no layer: the trace shows nothing")
    return _open(f"{facts.blueprint.parameters:,} parameters in {len(facts.blueprint.layers)} modules", [facts.blueprint.content_hash])


def equations(facts: Facts) -> Seen:
    """Every equation that blueprint.yaml binds conforms."""
    if not facts.plan.equations:
        if not facts.dossier.formulas:
            return _open("the paper has no equation to hold code against")
        return _shut(f"blueprint.yaml binds none of the paper's {len(facts.dossier.formulas)} formulas to code")
    used: list[Evidence] = []
    problems: list[str] = []
    for binding in facts.plan.equations:
        function = binding.code.rpartition(":")[2]
        fresh, old = facts.evidence("conformance", binding.formula)
        mine = [one for one in fresh if one.where in (None, function)]
        used += mine
        if not mine:
            problems.append(f"{binding.formula}: {'stale, ' + old[0].partition(': ')[2] if old else 'not held against ' + binding.code}")
        problems += [f"{binding.formula}: {one.status} ({one.message.rstrip('.')})" for one in mine if one.status != "pass"]
    if problems:
        return _shut(_list(problems), used)
    return _open(f"{len(facts.plan.equations)} bound equations conform", used)


def counts(facts: Facts) -> Seen:
    """Every claim that blueprint.yaml plans to count was counted; whether it agrees is the verdict's affair."""
    if not facts.plan.counts:
        return _open("blueprint.yaml plans no count")
    wanted = [claim.id for claim in facts.dossier.claims if any(fnmatch.fnmatch(claim.id, item.claims) for item in facts.plan.counts)]
    fresh, old = facts.evidence("count")
    have = {one.claim for one in fresh}
    missing = [claim for claim in wanted if claim not in have]
    if not wanted:
        return _shut("the counts of blueprint.yaml match no claim of the dossier")
    if missing:
        return _shut(f"{len(missing)} of {len(wanted)} claims are not counted: {_list(missing)}{_because(old)}", fresh)
    return _open(f"{len(wanted)} claims counted", fresh)


def questions(facts: Facts) -> Seen:
    """The checkpoint questions that the trace can answer are answered right, each graded again here."""
    from ._next import unanswered

    asked, left = unanswered(facts)
    if left:
        return _shut(f"{len(left)} of {len(asked)} checkpoint questions are not answered right")
    return _open(f"{len(asked)} checkpoint questions answered right")


def gauntlet(facts: Facts) -> Seen:
    """Every check of the gauntlet that runs unasked looked at the subject as it is now, and none failed."""
    from ..gauntlet import check_names

    mine, old = _findings(facts)
    if old:
        return _shut(f"the findings are stale{_because(old)}", mine)
    if not mine:
        return _shut(f"{facts.plan.subject or 'the subject'} was not examined")
    failed = [f"{one.check} at {one.where or one.path or 'the model'}" for one in mine if one.status == "fail"]
    if failed:
        return _shut(f"{len(failed)} findings failed: {_list(failed)}", mine)
    missing = [name for name in check_names() if name not in {one.check for one in mine}]
    if missing:
        return _shut(f"{len(missing)} checks did not look: {_list(missing)}", mine)
    passed = sum(one.status == "pass" for one in mine)
    if not passed:
        return _shut("no check passed: each was skipped or could not tell", mine)
    unsure = [one.check for one in mine if one.status == "unsure"]
    return _open(f"{passed} checks passed, none failed{', unsure: ' + _list(unsure) if unsure else ''}", mine)


def overfit(facts: Facts) -> Seen:
    """The subject learns one batch by heart."""
    mine, old = _findings(facts)
    mine = [one for one in mine if one.check == OVERFIT]
    if old or not mine:
        return _shut("stale" + _because(old) if old else "it was not tried whether the model learns one batch by heart")
    if any(one.status != "pass" for one in mine):
        return _shut(next(one.message for one in mine if one.status != "pass").rstrip("."), mine)
    return _open("the model learns one batch by heart", mine)


def registration(facts: Facts) -> Seen:
    """The rules of all claims that experiments bear on were frozen before the first run that counts, those of a table together, and are those of conf/."""
    if not facts.experiments:
        return _shut("conf/ plans no experiment")
    planned = {rule.claim: rule for item in facts.experiments.values() for rule in (item.rule, *item.rules) if rule is not None}
    if not planned:
        return _open("no experiment bears on a claim, so there is no rule to register")
    frozen = facts.registration
    if frozen is None:
        return _shut("no rule is registered")
    if frozen.dossier != facts.dossier.content_hash:
        return _shut("the rules were registered for another dossier")
    rules = {rule.claim: rule for rule in frozen.rules}
    when_frozen, joined = registrations(facts.entries, frozen, facts.dossier), apart(facts.entries, frozen)
    problems = []
    for claim, own in planned.items():
        when = when_frozen.get(claim, "never")
        rule = rules.get(claim)
        if rule is None:
            problems.append(f"{claim}: no rule")
        elif rule.model_copy(update={"seeds": own.seeds}) != own:
            problems.append(f"{claim}: conf/ has another rule than the registered one")
        elif when != "before":
            problems.append(f"{claim}: registered {when} the first run that counts")
        elif claim in joined:
            problems.append(f"{claim}: joined its table after runs for {joined[claim]}")
    if problems:
        return _shut(_list(problems), hashes=[frozen.content_hash])
    return _open(f"{len(planned)} rules registered before the first run that counts", hashes=[frozen.content_hash])


def runs(facts: Facts) -> Seen:
    """Every planned experiment has a fresh, finished run for each of its seeds, whose folder is still there."""
    if not facts.experiments:
        return _shut("conf/ plans no experiment")
    used: list[Evidence] = []
    problems: list[str] = []
    for name, item in facts.experiments.items():
        fresh, old = facts.evidence("run", name)
        mine = [one for one in fresh if one.counts and one.claim == item.claim and one.receipt is not None]
        used += mine
        problems += _run_problems(facts, name, item, mine, old)
    if problems:
        return _shut(_list(problems), used)
    return _open(f"{len(used)} runs of {len(facts.experiments)} experiments", used)


def verdict(facts: Facts) -> Seen:
    """The recorded verdict is the one that follows from the evidence as it is now."""
    recorded = facts.verdict
    if recorded is None:
        return _shut("nothing was judged")
    if recorded.dossier != facts.dossier.content_hash:
        return _shut("the recorded verdict is about another dossier")
    if recorded != facts.judged:
        return _shut("the recorded verdict does not follow from the evidence as it is now")
    tally = ", ".join(f"{number} {word}" for word in ("reproduced", "better", "worse", "refuted", "inconclusive", "not tested") if (number := recorded.count(word)))  # type: ignore[arg-type]  # fmt: skip
    return _open(tally, hashes=[recorded.content_hash])


def results(facts: Facts) -> Seen:
    """The published artifacts say what the verdict says."""
    differ = artifacts_differ(facts.workspace, facts.judged)
    return _shut(_list(differ)) if differ else _open("the artifacts say what the verdict says")


def report(facts: Facts) -> Seen:
    """The report was written from the current verdict, is as it was written, and no evidence is newer."""
    notes = facts.notes("report")
    if not notes:
        return _shut("no report was written")
    note = notes[-1]
    path = facts.workspace.inside(str(note.record.get("file")))
    if not path.is_file():
        return _shut(f"{note.record.get('file')} is gone")
    if file_hash(path) != note.record.get("hash"):
        return _shut(f"{note.record.get('file')} was changed after it was written")
    if note.record.get("verdict") != facts.judged.content_hash:
        return _shut(f"{note.record.get('file')} is about another verdict")
    if any(bears(entry) and entry.seq > note.seq for entry in facts.entries):
        return _shut(f"there is evidence newer than {note.record.get('file')}")
    return _open(f"{note.record.get('file')} is of the current verdict", hashes=[facts.judged.content_hash])


def controls(facts: Facts) -> Seen:
    """Every equation, count and comparison failed on a broken twin; of the gauntlet's checks it is said which did not."""
    from ._controls import expected

    fresh, old = facts.evidence("finding", CONTROL)
    seen = {one.path: one for one in fresh}
    missing = [path for path in expected(facts) if path not in seen]
    if missing:
        return _shut(
            f"{len(missing)} of {len(expected(facts))} checks and comparisons met no broken twin: {_list(missing)}{_because(old)}", fresh
        )
    wrong = [one for one in fresh if one.status != "pass"]
    empty = [one.path.removeprefix("check ") for one in wrong if one.path is not None and one.path.startswith("check ")]
    if len(empty) < len(wrong):
        return _shut(_list(one.message.rstrip(".") for one in wrong if not str(one.path).startswith("check ")), fresh)
    return _open(
        f"{len(fresh) - len(wrong)} of {len(fresh)} failed on a broken twin{'; empty here: ' + _list(empty) if empty else ''}", fresh
    )


def rerun(facts: Facts) -> Seen:
    """The newest rerun of everything in a fresh room gave every number of the runs that stand."""
    fresh, old = facts.evidence("finding", RERUN)
    mine = [one for one in fresh if one.path == EVERYTHING and one.details.get("fresh")]
    if not mine:
        return _shut(f"the reproduction was not rerun in a fresh room{_because(old)}")
    if mine[-1].status != "pass":
        return _shut(mine[-1].message.rstrip("."), mine[-1:])
    missing = [one for one in facts.evidence("run")[0] if one.content_hash not in mine[-1].details.get("of", ())]
    return (
        _shut(f"{len(missing)} runs are newer than the rerun of everything", mine[-1:])
        if missing
        else _open(mine[-1].message.rstrip("."), mine[-1:])
    )


def _findings(facts: Facts) -> tuple[list[Evidence], list[str]]:
    """Return the fresh findings about the plan's subject, and why others are stale."""
    fresh, old = facts.evidence("finding")
    fresh, old = list(filter(first_hand, fresh)), [reason for reason in old if reason.partition(":")[0] not in (RERUN, CONTROL)]
    subject = f"workspace:{facts.plan.subject}"
    return [one for one in fresh if one.receipt is not None and subject in one.receipt.inputs], old


def _run_problems(facts: Facts, name: str, item: ExperimentFile, mine: list[Evidence], old: list[str]) -> list[str]:
    rule = next((rule for rule in facts.registration.rules if rule.claim == item.claim), None) if facts.registration else None
    needed = rule.seeds if rule is not None else item.seeds
    by_seed = {one.receipt.seed: one for one in mine if one.receipt is not None}
    problems = []
    missing = [seed for seed in range(needed) if seed not in by_seed]
    if missing:
        problems.append(f"{name}: {len(missing)} of {needed} seeds have no fresh run{_because(old)}")
    failed = [str(seed) for seed, one in by_seed.items() if one.status != "pass"]
    if failed:
        problems.append(f"{name}: seed {_list(failed)} did not finish")
    if any(one.scale != item.scale or one.stand_in != item.stand_in for one in mine):
        problems.append(f"{name}: a run has another scale or other data than conf/{name}.yaml says")
    gone = [one.receipt.log for one in mine if one.receipt is not None and one.receipt.log and not _log(facts, one.receipt.log)]
    if gone:
        problems.append(f"{name}: {gone[0]} is gone")
    problems += [f"{name}: seed {seed} was run twice from the same inputs with different numbers" for seed in _disagreeing(facts, mine)]
    return problems


def _disagreeing(facts: Facts, mine: list[Evidence]) -> list[int | None]:
    """Return the seeds of which an earlier run from the same inputs gave other numbers: a number was chosen, or the run is not exact."""
    key = lambda one: (
        one.check,
        one.claim,
        one.scale,
        one.stand_in,
        one.counts,
        one.receipt.seed,
        tuple(sorted(one.receipt.inputs.items())),
    )
    stands = {key(one): one.values for one in mine}
    every = (one for _, one in facts.all_evidence if one.kind == "run" and one.status == "pass" and one.receipt is not None)
    return list(dict.fromkeys(one.receipt.seed for one in every if one.receipt and one.values != stands.get(key(one), one.values)))


def _log(facts: Facts, log: str) -> bool:
    name = log.rpartition(":")[0] if log.rpartition(":")[2].isdigit() else log
    try:
        return facts.workspace.inside(f".aquarius/{name}").is_file()
    except BadInput:
        return False


def _open(reason: str, evidence: Iterable[Evidence | str] = (), hashes: Iterable[str] = ()) -> Seen:
    return Seen(True, reason, _hashes(evidence, hashes))


def _shut(reason: str, evidence: Iterable[Evidence | str] = (), hashes: Iterable[str] = ()) -> Seen:
    return Seen(False, reason, _hashes(evidence, hashes))


def _hashes(evidence: Iterable[Evidence | str], hashes: Iterable[str]) -> tuple[str, ...]:
    return (*(one if isinstance(one, str) else one.content_hash for one in evidence), *hashes)


def _list(items: Iterable[str]) -> str:
    every = list(items)
    rest = f" and {len(every) - _FEW} more" if len(every) > _FEW else ""
    return "; ".join(every[:_FEW]) + rest


def _because(reasons: list[str]) -> str:
    return f" (stale: {_list(dict.fromkeys(reason.partition(': ')[2] for reason in reasons))})" if reasons else ""
