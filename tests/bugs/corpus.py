"""The corpus: correct bases, and bases with one planted bug, loaded in this process."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
from pathlib import Path
from types import ModuleType

import torch

from aquarius.core import Evidence
from aquarius.gauntlet import Examination, checks
from aquarius.gauntlet._examine import check_names
from aquarius.gauntlet._runner import run_check
from bugs.mutations import BUGS as LANGUAGE
from bugs.mutations import Bug
from bugs.mutations_cells import CELLS, ODD_CELLS
from bugs.mutations_fresh import FRESH, OPEN
from bugs.mutations_generative import GENERATIVE
from bugs.mutations_generative import ODD as GENERATIVE_VARIANTS
from bugs.mutations_languages import LANGUAGES
from bugs.mutations_more import MORE
from bugs.mutations_neighbours import NEIGHBOURS, ODD_NEIGHBOURS
from bugs.mutations_profiles import PROFILES
from bugs.mutations_profiles_more import MORE_PROFILES, OPEN_MORE_PROFILES
from bugs.mutations_profiles_open import OPEN_PROFILES
from bugs.mutations_recipes import RECIPES
from bugs.mutations_rollouts import OPEN_ROLLOUTS, ROLLOUTS
from bugs.mutations_sequences import OPEN_SEQUENCES, SEQUENCES
from bugs.mutations_tabular import OPEN_TABULAR, TABULAR
from bugs.mutations_tokens import ODD_TOKENS, TOKENS
from bugs.mutations_vision import OPEN_VISION, VISION
from bugs.variants import VARIANTS as FIRST_VARIANTS
from bugs.variants import Variant
from bugs.variants_languages import LANGUAGE_VARIANTS
from bugs.variants_rollouts import ODD_ROLLOUTS
from bugs.variants_vision import VISION_VARIANTS

BUGS = (
    CELLS
    + TOKENS
    + LANGUAGE
    + MORE
    + FRESH
    + RECIPES
    + PROFILES
    + MORE_PROFILES
    + SEQUENCES
    + LANGUAGES
    + GENERATIVE
    + VISION
    + TABULAR
    + ROLLOUTS
    + NEIGHBOURS
)
VARIANTS = (
    FIRST_VARIANTS + LANGUAGE_VARIANTS + GENERATIVE_VARIANTS + VISION_VARIANTS + ODD_ROLLOUTS + ODD_NEIGHBOURS + ODD_TOKENS + ODD_CELLS
)
STILL_OPEN = OPEN + OPEN_PROFILES + OPEN_MORE_PROFILES + OPEN_SEQUENCES + OPEN_VISION + OPEN_TABULAR + OPEN_ROLLOUTS
BASES = Path(__file__).parent / "bases"
NAMES = sorted(path.stem for path in BASES.glob("*.py"))
_number = itertools.count()
torch.set_num_threads(1)  # as in the child process


def planted(bug: Bug) -> str:
    """Return the text of a base with one bug."""
    text = (BASES / f"{bug.base}.py").read_text()
    assert text.count(bug.old) >= 1, f"{bug.base} {bug.name}: the base does not hold what is to be changed"
    return text.replace(bug.old, bug.new, 1)


def changed(variant: Variant) -> str:
    """Return the text of a base with the changes of an odd but correct variant."""
    text = (BASES / f"{variant.base}.py").read_text()
    for old, new in variant.changes:
        assert text.count(old) >= 1, f"{variant.base} {variant.name}: the base does not hold {old!r}"
        text = text.replace(old, new, 1)
    return text + "".join(f"\nfacts.pop({name!r}, None)\n" for name in variant.without)


def load(text: str, folder: Path) -> ModuleType:
    """Import the text of a subject under a name of its own."""
    name = f"subject_{next(_number)}"
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def findings(module: ModuleType, names: list[str] | None = None, *, facts: bool = True) -> list[Evidence]:
    """Run checks over a subject in this process and return what they find."""
    if not facts:
        module.facts = {}  # type: ignore[attr-defined]
    examination = Examination(module)
    found = []
    for check in checks():
        if check.name in (check_names() if names is None else names):
            some, _ = run_check(check, examination, 60.0)
            found += [finding.model_copy(update={"check": finding.check or check.name}) for finding in some]
    return found


def same_place(found: str | None, wanted: str) -> bool:
    """Say whether a finding names the bug's function, or another method of its class."""
    return found == wanted or (bool(found) and "." in wanted and str(found).split(".")[0] == wanted.split(".")[0])


def write_corpus(folder: Path) -> None:
    """Write every base, variant and bug as NAME/subject.py and label.json, as `aquarius bench gauntlet` takes them."""
    correct = [(name, name, (BASES / f"{name}.py").read_text()) for name in NAMES]
    correct += [(f"{variant.base}-{variant.name}", variant.base, changed(variant)) for variant in VARIANTS]
    cases = [(name, text, {"base": base, "bug": None, "category": "correct", "where": None}) for name, base, text in correct]
    for bug in BUGS + STILL_OPEN:
        label = {"base": bug.base, "bug": bug.name, "category": bug.category, "where": bug.where}
        cases.append((f"{bug.base}-{bug.name}", planted(bug), label))
    for name, text, label in cases:
        (folder / name).mkdir(parents=True)
        (folder / name / "subject.py").write_text(text)
        (folder / name / "label.json").write_text(json.dumps(label))


__all__ = [
    "BASES",
    "BUGS",
    "GENERATIVE",
    "GENERATIVE_VARIANTS",
    "LANGUAGES",
    "LANGUAGE_VARIANTS",
    "NAMES",
    "NEIGHBOURS",
    "ODD_NEIGHBOURS",
    "ODD_ROLLOUTS",
    "ROLLOUTS",
    "SEQUENCES",
    "STILL_OPEN",
    "TABULAR",
    "VARIANTS",
    "VISION",
    "VISION_VARIANTS",
    "Bug",
    "Variant",
    "changed",
    "findings",
    "load",
    "planted",
    "same_place",
    "write_corpus",
]
