"""Freezing the rules: what a registration says of a claim, so that neither the rule nor the claim can change unseen afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from ..core import BadInput, hash_data
from ..dossier import Claim, Dossier
from ._gather import same_name
from ._verdict import Registration, Rule

_SUBSTANCE = ("kind", "subject", "quantity", "measure", "direction", "dataset", "split", "settings", "against", "own")


def register(dossier: Dossier, rules: Iterable[Rule]) -> Registration:
    """Return the registration of these rules: each once, with the hash of what the dossier says of its claim and of the baselines beside it.

    Raises:
        BadInput: two different rules for one claim, or a rule for no claim of the dossier.
    """
    kept: dict[str, Rule] = {}
    for rule in rules:
        if kept.setdefault(rule.claim, rule) != rule:
            raise BadInput(f"two different rules are given for {rule.claim!r}: every experiment that bears on a claim states the same one.")
        if dossier.claim(rule.claim) is None:
            raise BadInput(f"a rule is given for {rule.claim!r}, which is no claim of the dossier.")
    return Registration(
        rules=tuple(kept.values()), dossier=dossier.content_hash, claims={name: claim_hash(dossier, name) for name in sorted(kept)}
    )


def claim_hash(dossier: Dossier, claim_id: str) -> str:
    """Return the hash of what a verdict on a claim depends on in the dossier: the claim, its rival, the baselines beside it; no places, no prose."""
    claim = dossier.claim(claim_id)
    if claim is None:
        return ""
    beside = [
        other
        for other in dossier.claims
        if other.id in (claim_id, claim.against)
        or (not other.own and same_name(other.quantity, claim.quantity) and (other.dataset, other.split) == (claim.dataset, claim.split))
    ]
    return hash_data(sorted(([one.id, _substance(one)] for one in beside), key=str))


def related_claims(dossier: Dossier, claim_id: str) -> frozenset[str]:
    """Return the claims whose runs the verdict on a claim may rest on: for an order, the values of both systems too."""
    claim = dossier.claim(claim_id)
    if claim is None or claim.kind != "order":
        return frozenset({claim_id})
    other = dossier.claim(claim.against) if claim.against else None
    return frozenset({claim_id, *twins(dossier, claim), *({other.id} if other is not None else ())})


def family(claim_id: str) -> str:
    """Return the table that a claim belongs to: "table2" of "table2/GCN/Cora/accuracy"; differences are corrected for their number within it."""
    return claim_id.split("/")[0]


def twins(dossier: Dossier, claim: Claim) -> set[str]:
    """Return the values that the dossier states for the claim's own system, of the same quantity on the same data."""
    return {
        twin.id
        for twin in dossier.claims
        if twin.kind == "value"
        and same_name(twin.subject, claim.subject)
        and same_name(twin.quantity, claim.quantity)
        and twin.dataset == claim.dataset
    }


def _substance(claim: Claim) -> dict[str, object]:
    data = claim.to_data()
    return {name: data[name] for name in _SUBSTANCE}
