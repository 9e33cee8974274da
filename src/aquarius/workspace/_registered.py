"""Was a rule frozen before its runs? The order of the ledger's entries decides, not a clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..core import Evidence
from ..dossier import Dossier
from ..verdict import Registration, Rule, family, related_claims
from ._ledger import Entry, Ledger, bears

When = Literal["before", "after", "never"]
_UNSAID = Rule(claim="").to_data()  # a rule that was frozen before a field existed says of it what the default says


@dataclass(frozen=True)
class _Run:
    """What counts of a run's entry."""

    seq: int
    claims: frozenset[str]
    experiment: str
    seed: int | None
    counts: bool
    elsewhere: bool  # at another scale, or on other data


def registered(ledger: Ledger | Sequence[Entry], claim: str, related: Collection[str] = ()) -> When:
    """Say whether the rule for a claim was frozen before the first run that bears on it.

    - A run bears on a claim when it names it, or one of the `related` claims, or names none and belongs to an experiment that has such a run.
    - A pilot, which does not count, bears on it where it ran at full scale with a seed of a run that counts: its number was seen.
    - A rule counts from its last change, and so does the claim that the dossier states for it.
    """
    entries = list(ledger.entries()) if isinstance(ledger, Ledger) else ledger
    return _when(*_divided(entries), claim, related)


def _when(frozen: Sequence[Entry], runs: Sequence[_Run], claim: str, related: Collection[str]) -> When:
    since = _since(frozen, claim)
    if since is None:
        return "never"
    wanted = frozenset({claim, *related})
    experiments = {run.experiment for run in runs if run.claims & wanted}
    bearing = [run for run in runs if run.claims & wanted or (not run.claims and run.experiment in experiments)]
    seeds = {run.seed for run in bearing if run.counts} - {None}
    first = [run.seq for run in bearing if run.counts or (run.seed in seeds and not run.elsewhere)]
    return "before" if not first or since < min(first) else "after"


def registrations(entries: Sequence[Entry], registration: Registration | None, dossier: Dossier) -> dict[str, When]:
    """Return for each registered claim when its rule was frozen."""
    rules = registration.rules if registration is not None else ()
    frozen, runs = _divided(entries)
    return {rule.claim: _when(frozen, runs, rule.claim, related_claims(dossier, rule.claim)) for rule in rules}


def known(entries: Sequence[Entry], usable: Sequence[Evidence], registration: Registration | None, dossier: Dossier) -> dict[str, Any]:
    """Return what the ledger knows and a verdict has to be told: when the rules were frozen, and which numbers were seen and are not used."""
    return {
        "registered": registrations(entries, registration, dossier),
        "seen_before": seen_before(entries, usable),
        "apart": apart(entries, registration),
    }


def apart(entries: Sequence[Entry], registration: Registration | None) -> dict[str, str]:
    """Return each registered claim whose rule was frozen after a run that counts for another registered claim of its table, and that claim.

    The cells of a table are registered together: one that joins later may have been chosen by what was seen.
    """
    rules = registration.rules if registration is not None else ()
    frozen, runs = _divided(entries)
    first: dict[str, int] = {}  # claim -> its first run that counts
    for run in runs:
        for claim in run.claims if run.counts and not run.elsewhere else ():
            first[claim] = min(first.get(claim, run.seq), run.seq)
    found = {}
    for rule in rules:
        since = _since(frozen, rule.claim)
        mates = [other.claim for other in rules if other.claim != rule.claim and family(other.claim) == family(rule.claim)]
        seen = [claim for claim in mates if since is not None and first.get(claim, since) < since]
        if seen:
            found[rule.claim] = min(seen, key=lambda claim: first[claim])
    return found


def seen_before(entries: Iterable[Entry], usable: Iterable[Evidence]) -> dict[str, int]:
    """Return for each claim how many full-scale runs that counted once gave a number which no run that stands gives with that seed."""
    stands = {(item.claim, item.receipt.seed if item.receipt else None, _values(item.values)) for item in usable if item.kind == "run"}
    lost: dict[str, set[Any]] = {}
    for entry in entries:
        record = entry.record
        if entry.kind != "evidence" or record.get("kind") != "run" or not record.get("claim") or not bears(entry):
            continue
        key = (record["claim"], _seed(record), _values(record.get("values", {})))
        if record.get("counts", True) and record.get("status") == "pass" and not _elsewhere(record) and key not in stands:
            lost.setdefault(str(record["claim"]), set()).add(key)
    return {claim: len(keys) for claim, keys in sorted(lost.items())}


def _divided(entries: Iterable[Entry]) -> tuple[list[Entry], list[_Run]]:
    """Return the registrations and the runs of a ledger."""
    frozen, runs = [], []
    for entry in entries:
        if entry.kind == "registration":
            frozen.append(entry)
        elif entry.kind == "evidence" and entry.record.get("kind") == "run" and bears(entry):
            runs.append(_run(entry))
    return frozen, runs


def _since(frozen: Iterable[Entry], claim: str) -> int | None:
    """Return the entry that last changed the rule of a claim, or what the dossier says of the claim; None where there is no rule."""
    since: int | None = None
    rule: Any = None
    about: tuple[Any, Any] = (None, None)  # the dossier, and of it what the rule is about
    for entry in frozen:
        record = entry.record
        found = next((_UNSAID | each for each in record.get("rules", []) if each.get("claim") == claim), None)
        now = (record.get("dossier"), (record.get("claims") or {}).get(claim))
        same = now[0] == about[0] or (now[1] is not None and now[1] == about[1])
        if found is not None and (found != rule or not same):
            since = entry.seq
        rule, about = found, now
    return None if rule is None else since


def _run(entry: Entry) -> _Run:
    record = entry.record
    named = (record.get("details") or {}).get("claims")
    claims = {record.get("claim"), *(named if isinstance(named, list) else ())}
    return _Run(
        entry.seq,
        frozenset(str(claim) for claim in claims if claim),
        str(record.get("check")),
        _seed(record),
        bool(record.get("counts", True)),
        _elsewhere(record),
    )


def _seed(record: dict[str, Any]) -> int | None:
    return (record.get("receipt") or {}).get("seed")


def _elsewhere(record: dict[str, Any]) -> bool:
    return bool(record.get("stand_in")) or record.get("scale", "full") != "full"


def _values(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in values.items()))
