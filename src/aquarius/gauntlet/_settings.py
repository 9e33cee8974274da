"""The settings that are used against those that the paper states, and the settings that a subject's own code shows."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..core import Evidence
from ..subject import Limits, Subject, run_in_child
from ._suspect import Suspect

if TYPE_CHECKING:
    from ..dossier import Dossier, Fact

TASK = "aquarius.gauntlet._settings:seen_in_child"
# how much a setting is known to move a result, from 0 to 1
INFLUENCE = {
    "learning rate": 1.0,
    "optimizer": 0.9,
    "training set size": 0.9,
    "epochs": 0.9,
    "steps": 0.9,
    "schedule": 0.8,
    "layers": 0.8,
    "hidden size": 0.7,
    "heads": 0.6,
    "batch size": 0.6,
    "warmup steps": 0.6,
    "warmup epochs": 0.6,
    "weight decay": 0.6,
    "dropout": 0.6,
    "label smoothing": 0.5,
    "momentum": 0.5,
    "gradient clipping": 0.5,
    "activation": 0.5,
    "beta1": 0.4,
    "beta2": 0.4,
    "optimizer epsilon": 0.2,
    "seeds": 0.1,
}
ORDINARY = 0.4  # of a setting that the table does not have
THEMES = {
    "learning rate": ("learning rate", "stability"),
    "optimizer": ("optimiser", "learning rate"),
    "epochs": ("length of training",),
    "steps": ("length of training",),
    "training set size": ("data", "regularisation"),
    "batch size": ("learning rate", "stability", "length of training"),
    "schedule": ("schedule", "learning rate"),
    "warmup steps": ("schedule", "stability"),
    "warmup epochs": ("schedule", "stability"),
    "weight decay": ("regularisation",),
    "dropout": ("regularisation", "capacity"),
    "label smoothing": ("objective", "regularisation"),
    "gradient clipping": ("stability",),
    "momentum": ("optimiser", "stability"),
    "layers": ("capacity",),
    "hidden size": ("capacity",),
    "heads": ("capacity",),
    "early stopping patience": ("length of training", "evaluation"),
    "checkpoints averaged": ("evaluation",),
}
OTHER_NAMES = {
    "lr": "learning rate",
    "base lr": "learning rate",
    "wd": "weight decay",
    "l2": "weight decay",
    "optimiser": "optimizer",
    "eps": "optimizer epsilon",
    "epsilon": "optimizer epsilon",
    "adam eps": "optimizer epsilon",
    "bs": "batch size",
    "batchsize": "batch size",
    "n layers": "layers",
    "num layers": "layers",
    "n heads": "heads",
    "num heads": "heads",
    "num epochs": "epochs",
    "n epochs": "epochs",
    "max epochs": "epochs",
    "max steps": "steps",
    "num steps": "steps",
    "iterations": "steps",
    "warmup": "warmup steps",
    "clip": "gradient clipping",
    "clip norm": "gradient clipping",
    "grad clip": "gradient clipping",
    "smoothing": "label smoothing",
    "p drop": "dropout",
    "drop": "dropout",
    "d model": "hidden size",
    "hidden": "hidden size",
    "width": "hidden size",
    "patience": "early stopping patience",
    "seq len": "sequence length",
}
SHARES = ("dropout", "label smoothing", "momentum", "beta1", "beta2", "discount", "GAE lambda", "stochastic depth")


def differences(
    settings: Mapping[str, Any], dossier: Dossier, *, scope: str = "", origins: Mapping[str, str] | None = None
) -> list[Suspect]:
    """Return a suspect for each setting that is stated and used with another value.

    A fact that holds for something named (a data set, a size) counts where `scope` names it; where the paper states several values and
    none of them is for this scope, the setting may be any of them. `origins` says of a setting that it is a declared deviation.
    """
    found = []
    for name, used in settings.items():
        standard = standard_name(name)
        facts = [fact for fact in (*dossier.architecture, *dossier.recipe) if standard_name(fact.name) == standard]
        named = [fact for fact in facts if fact.scope and fact.scope.casefold() in scope.casefold()]
        facts = named or [fact for fact in facts if not fact.scope] or facts
        values = used if isinstance(used, list | tuple) else [used]
        if not facts or not values or any(_equal(value, fact) for value in values for fact in facts):
            continue
        fact = min(facts, key=lambda fact: _size(standard, values[0], fact))
        size = _size(standard, values[0], fact)
        found.append(_difference(name, standard, values[0], fact, size, (origins or {}).get(name, "")))
    return found


def _difference(name: str, standard: str, used: Any, fact: Fact, size: float, origin: str) -> Suspect:
    stated = fact.number if fact.number is not None else fact.value
    return Suspect(
        name=f"{standard} is {_show(used)}, and {_show(stated)} is stated",
        source="recipe",
        weight=round(0.4 + 0.4 * INFLUENCE.get(standard, ORDINARY) * size, 4),
        themes=THEMES.get(standard, ()),
        reason=f"The recipe differs from the paper's{f' ({origin})' if origin else ''}.",
        evidence=(f"{fact.place}: {fact.place.quote[:160]!r}",),
        run=f"train: {standard} {_show(stated)} in place of {_show(used)}",
        tells="One seed, the first tenth of the steps: if the curve lies clearly below yours, this is (part of) the gap.",
        change={name: stated},
    )


def standard_name(name: str) -> str:
    """Return the field's name of a setting: "lr" and "Learning_Rate" are "learning rate"."""
    words = " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-\s/.]+", " ", name).casefold().split())
    return OTHER_NAMES.get(words, words)


def _equal(used: Any, fact: Fact) -> bool:
    if fact.number is not None and isinstance(used, int | float) and not isinstance(used, bool):
        tens = 100.0 if fact.unit.strip() == "%" else 1.0
        return any(math.isclose(float(used), number, rel_tol=5e-3, abs_tol=1e-12) for number in (fact.number, fact.number / tens))
    if fact.number is None and isinstance(used, str):
        return _word(used) in _word(fact.value) or _word(fact.value) in _word(used)
    return True  # a number beside a word: nothing to compare


def _size(name: str, used: Any, fact: Fact) -> float:
    """Return how far two values are apart, from 0 to 1: a factor of four, or 0.2 of a probability, counts fully."""
    if fact.number is None or not isinstance(used, int | float):
        return 1.0
    if name in SHARES:
        return min(1.0, abs(float(used) - fact.number) / 0.2)
    if used <= 0 or fact.number <= 0:
        return 1.0
    return min(1.0, abs(math.log(float(used) / fact.number)) / math.log(4))


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold().replace("stochastic gradient descent", "sgd"))


def _show(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


# --- what the code shows -----------------------------------------------------------------------------------------------


def seen_settings(subject: Subject, *, limits: Limits | None = None) -> dict[str, Any]:
    """Return the settings that a subject's own optimiser and model show, {} where it does not run."""
    result = run_in_child(TASK, subject=subject, limits=limits or Limits(seconds=60))
    return result.value if result.status == "ok" and isinstance(result.value, dict) else {}


def seen_in_child(module: ModuleType, emit: Callable[[Any], None], payload: Any) -> dict[str, Any]:
    """Build the model and its optimiser, and read their numbers; a rate that a schedule scales is left out."""
    import torch

    torch.manual_seed(0)
    model = module.build()
    rates = {float(part.p) for part in model.modules() if isinstance(part, torch.nn.modules.dropout._DropoutNd)}
    found: dict[str, Any] = {"dropout": sorted(rates)} if rates else {}
    made = module.optimizer(model) if callable(getattr(module, "optimizer", None)) else None
    if isinstance(made, torch.optim.Optimizer):
        found["optimizer"] = type(made).__name__
        groups = made.param_groups
        names = {"weight_decay": "weight decay", "momentum": "momentum", "eps": "optimizer epsilon"}
        if not callable(getattr(module, "scheduler", None)):
            names["lr"] = "learning rate"
        for key, name in names.items():
            values = sorted({float(group[key]) for group in groups if isinstance(group.get(key), int | float)})
            found |= {name: values} if values else {}
        betas = groups[0].get("betas")
        if isinstance(betas, tuple) and len(betas) == 2:
            found |= {"beta1": [float(betas[0])], "beta2": [float(betas[1])]}
    return found


# --- findings ----------------------------------------------------------------------------------------------------------

ABOUT = {  # family of a check -> what it is about
    "mode": ("evaluation", "regularisation"),
    "data": ("data",),
    "loss": ("objective",),
    "equations": ("objective",),
    "reinforcement": ("objective",),
    "optimisation": ("learning rate", "stability", "optimiser", "schedule"),
    "overfit": ("learning rate", "objective"),
    "gradient": ("objective", "stability"),
    "numerics": ("stability",),
    "initialisation": ("stability",),
}


def from_findings(findings: Iterable[Evidence], families: Mapping[str, str]) -> list[Suspect]:
    """Return a suspect for each place at which checks failed; several checks that name one place are one suspect."""
    places: dict[tuple[str, str], list[Evidence]] = {}
    for finding in findings:
        if finding.kind in ("finding", "conformance", "count") and finding.status == "fail":
            places.setdefault((finding.where or "", "" if finding.where else finding.check), []).append(finding)
    found = []
    for (where, _), group in places.items():
        checks = list(dict.fromkeys(finding.check for finding in group))
        themes = [theme for check in checks for theme in ABOUT.get(families.get(check, ""), ())]
        first = group[0]
        found.append(
            Suspect(
                name=f"{where or checks[0]}: {', '.join(checks)}",
                source="finding",
                weight=min(0.95, 0.9 + 0.01 * (len(checks) - 1)),
                themes=tuple(dict.fromkeys(themes)),
                reason="A check saw a bug in the code." + (f" {first.hint}" if first.hint else ""),
                evidence=tuple(dict.fromkeys(finding.message for finding in group)),
                run="check " + " ".join(f"--only {shlex.quote(check)}" for check in checks),
                tells="Repair it, see the check pass, then train one seed again: the gap that is left is not from here.",
            )
        )
    return found
