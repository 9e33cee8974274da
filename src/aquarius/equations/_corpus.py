"""Aquarius' own equations with right and wrong code: what `aquarius bench equations` scores where no other cases are given."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml


def corpus() -> dict[str, list[dict[str, Any]]]:
    """Cases, mutants and displays that must be refused, in the form that `aquarius bench equations` takes from files.

    `corpus.yaml` has one entry for each equation: its declarations as `translate` takes them, right code in several styles, and mutants,
    each a text of that code and what stands there instead. The first right code is the reference.
    """
    text = files(__package__).joinpath("corpus.yaml").read_text(encoding="utf-8")
    loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    cases, mutants = [], []
    for entry in loaded["equations"]:
        code = entry["code"]
        cases.append({name: value for name, value in entry.items() if name != "code"} | {"reference": code[0]["right"]})
        for item in code:
            for mutant in item["mutants"]:
                wrong = item["right"].replace(mutant["old"], mutant["new"], 1)
                mutants.append({"id": entry["id"], "correct": item["right"], "mutant": wrong, "mutation": mutant["what"]})
    return {"cases": cases, "mutants": mutants, "refuse": loaded["refuse"]}
