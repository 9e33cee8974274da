"""`count_claims`: what a paper prints as numbers of parameters, held against models built from what each row says."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import BadInput, Evidence, Receipt, hash_data, progress
from ..subject import Limits, Subject, run_in_child
from ._affine import agrees, serves_most
from ._blueprint import Count

if TYPE_CHECKING:
    from ..dossier import Claim, Dossier

CHECK = "parameters"
LIMITS = Limits(seconds=120.0)


def count_claims(
    dossier: Dossier,
    builder: str,
    *,
    claims: str = "*",
    assumed: Sequence[Mapping[str, Any]] = (),
    solve: str | None = None,
    command: str = "aquarius draw",
    limits: Limits = LIMITS,
) -> list[Evidence]:
    """Return one piece of evidence per claim and assumption, and with `solve` one more per claim and one for the whole table.

    `builder` is "module:function" or "path/to/file.py:function", called as `function(settings, **assumed)` under the meta device in a
    child process; it returns a torch.nn.Module. `claims` is a glob on claim ids; only the paper's own claims of the quantity "parameters"
    that print a number are counted. Each of `assumed` is `{"settings": {...}, "source": "where it is suggested"}`; an empty sequence is
    one assumption of nothing. `solve` names a size that the paper does not state: the count is affine in it, or the answer is "unsure".

    A count passes when |counted - printed| <= half the last printed place.

    Raises:
        BadInput: no claim matches, the builder's name has another form, or the child could not run it.
    """
    chosen = [claim for claim in dossier.claims if claim.own and claim.quantity == "parameters" and claim.measure is not None]
    chosen = [claim for claim in chosen if fnmatch.fnmatchcase(claim.id, claims)]
    if not chosen:
        raise BadInput(f"no claim of the quantity 'parameters' with a printed number has an id like {claims!r}.")
    assumptions = [_assumption(each) for each in assumed] or [({}, "")]
    without = _without(assumptions, solve)
    rows = [_row(claim) for claim in chosen]
    payload = {
        "rows": rows,
        "assumed": [settings for settings, _ in assumptions],
        "assumed_without": [settings for settings, _ in without],
        "solve": solve,
    }
    value = _in_child(builder, payload, limits)
    inputs = value["sources"] | {f"value:{claim.id}": hash_data(row) for claim, row in zip(chosen, rows, strict=True)}
    receipt = Receipt(command=command, inputs=inputs)
    found = [
        _counted(claim, answer, settings, source, receipt)
        for claim, row in zip(chosen, value["rows"], strict=True)
        for answer, (settings, source) in zip(row["counts"], assumptions, strict=True)
    ]
    if solve is not None:
        for index, (settings, source) in enumerate(without):
            answers = [row["solved"][index] for row in value["rows"]]
            found += _solved(chosen, answers, solve, _text(settings, source), receipt)
    return found


def _assumption(each: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    unknown = set(each) - {"settings", "source"}
    if unknown or not isinstance(each.get("settings"), Mapping):
        raise BadInput(f'an assumption is {{"settings": {{...}}, "source": "..."}}, got {dict(each)!r}.')
    return dict(each["settings"]), str(each.get("source", ""))


def _without(assumptions: Sequence[tuple[dict[str, Any], str]], solve: str | None) -> list[tuple[dict[str, Any], str]]:
    """Return the assumptions with the solved size left out, each once. What is left of one that was only about the size has no source."""
    rest: dict[str, tuple[dict[str, Any], str]] = {}
    for settings, source in assumptions:
        kept = {name: value for name, value in settings.items() if name != solve}
        rest.setdefault(hash_data(kept), (kept, source if kept else ""))
    return list(rest.values())


def _row(claim: Claim) -> dict[str, Any]:
    assert claim.measure is not None
    return {"settings": dict(claim.settings), "printed": claim.measure.value, "last_place": claim.measure.last_place}


def _in_child(builder: str, payload: dict[str, Any], limits: Limits) -> dict[str, Any]:
    name, _, function = builder.rpartition(":")
    if not name or not function.isidentifier():
        raise BadInput(f'a builder is "module:function" or "file.py:function", got {builder!r}.')
    if name.endswith(".py"):
        subject = Subject(Path(name))
        extra = {"function": function, "folder": str(subject.path.resolve().parent)}
        result = run_in_child("aquarius.blueprint._build:count_rows", payload | extra, subject=subject, limits=limits, on_message=_progress)
    else:
        extra = {"function": function, "module": name, "folder": str(Path.cwd())}
        result = run_in_child("aquarius.blueprint._build:count_from_package", payload | extra, limits=limits, on_message=_progress)
    if result.status != "ok":
        raise BadInput(f"the builder {builder} cannot be used: {result.error.rstrip('.')}.")
    value: dict[str, Any] = result.value
    return value


def _progress(message: Any) -> None:
    if isinstance(message, dict) and isinstance(message.get("rows"), int) and message.get("of"):
        progress.advance(f"{message['rows']} of {message['of']} rows counted", message["rows"] / message["of"])


def _counted(claim: Claim, answer: dict[str, Any], settings: dict[str, Any], source: str, receipt: Receipt) -> Evidence:
    measure = claim.measure
    assert measure is not None
    assumption = _text(settings, source)
    under = f" under {assumption}" if assumption else ""
    common: dict[str, Any] = {"kind": "count", "check": CHECK, "claim": claim.id, "receipt": receipt}
    common["assumptions"] = (assumption,) if assumption else ()
    if "error" in answer:
        message = f"{claim.subject}: no model could be built from this row{under}: {answer['error'].rstrip('.')}."
        return Evidence(status="unsure", message=message, details={"settings": claim.settings}, **common)
    counted = int(answer["value"])
    right = agrees(counted, measure.value, measure.last_place)
    count = Count(
        claim=claim.id,
        settings=claim.settings,
        counted=counted,
        printed=measure.printed,
        last_place=measure.last_place,
        agrees=right,
        assumptions=common["assumptions"],
    )
    verb = "agrees with" if right else "does not agree with"
    return Evidence(
        status="pass" if right else "fail",
        message=f"{claim.subject}: {counted:,} parameters{under} {verb} the printed {measure.printed} within ±{measure.last_place / 2:,.0f}.",
        values={
            "counted": counted,
            "printed": measure.value,
            "difference": counted - measure.value,
            "tolerance": measure.last_place / 2,
        },
        details={"count": count.to_data()},
        **common,
    )


def _solved(claims: Sequence[Claim], answers: Sequence[dict[str, Any]], size: str, assumption: str, receipt: Receipt) -> list[Evidence]:
    """Return one piece of evidence per row, and one for the table: at which sizes they agree."""
    known = [answer.get("value", {}) for answer in answers]
    spans = [tuple(value["interval"]) if value.get("interval") else None for value in known]
    served, places = serves_most(spans)
    table = {
        claim.id: {"interval": list(span) if span else None, "served": bool(places and span and span[0] <= places[0][0] <= span[1])}
        for claim, span in zip(claims, spans, strict=True)
    }
    details = {"size": size, "table": table, "served": served, "rows": len(claims), "intervals": [list(place) for place in places]}
    common: dict[str, Any] = {"kind": "count", "check": CHECK, "receipt": receipt, "assumptions": (assumption,) if assumption else ()}
    found = [_solved_row(claim, answer, size, details, common) for claim, answer in zip(claims, answers, strict=True)]
    if places:
        low, high = places[0]
        left = [claim.id for claim in claims if not table[claim.id]["served"]]
        but = f"; {', '.join(left)} would need another" if left else ""
        more = f" (one of {len(places)} equally good intervals)" if len(places) > 1 else ""
        message = (
            f"{served} of {len(claims)} rows agree for one {size} from {low:,} to {high:,}{more}{but}; the paper does not state it exactly."
        )
        values: dict[str, float] = {"low": low, "high": high, "served": served, "rows": len(claims)}
        found.append(Evidence(status="unsure", message=message, values=values, details=details, **common))
    return found


def _solved_row(claim: Claim, answer: dict[str, Any], size: str, details: dict[str, Any], common: dict[str, Any]) -> Evidence:
    measure = claim.measure
    assert measure is not None
    own = common | {"claim": claim.id}
    name = f"{claim.subject}, printed {measure.printed}"
    if "error" in answer:
        return Evidence(status="unsure", message=f"{name}: no model could be built: {answer['error'].rstrip('.')}.", **own)
    value = answer["value"]
    if not value["affine"]:
        message = f"{name}: the count is not an affine function of {size}, so for which {size} it agrees cannot be told."
        return Evidence(status="unsure", message=message, **own)
    values: dict[str, float] = {"offset": value["offset"], "slope": value["slope"]}
    if value["slope"] == 0:
        right = agrees(value["offset"], measure.value, measure.last_place)
        message = f"{name}: {value['offset']:,} parameters whatever the {size}, which {'agrees' if right else 'does not agree'}."
        return Evidence(status="pass" if right else "fail", message=message, values=values, **own)
    if value["interval"] is None:
        return Evidence(status="fail", message=f"{name}: no {size} gives a count that agrees.", values=values, details=details, **own)
    low, high = value["interval"]
    message = f"{name}: agrees for a {size} from {low:,} to {high:,}, which the paper does not state exactly."
    return Evidence(status="unsure", message=message, values=values | {"low": low, "high": high}, details=details, **own)


def _text(settings: Mapping[str, Any], source: str) -> str:
    """Return an assumption as it is printed: "vocabulary = 37000 (section 5.1)"."""
    stated = ", ".join(f"{name} = {value}" for name, value in settings.items())
    return f"{stated} ({source})" if stated and source else stated
