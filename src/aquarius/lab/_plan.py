"""What a run is made of, and its name: the hash of code, settings, data and seed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core import BadInput, file_hash, hash_data

MANIFEST = "aquarius.project.json"  # lies at the root of a workspace
MOST_SEEDS = 10_000
MOST_FILES = 2_000


def workspace_of(experiment: Path) -> Path:
    """Return the folder that receipts name files from: the nearest one above with a workspace's manifest, else the experiment's own."""
    home = experiment.resolve().parent
    return next((folder for folder in (home, *home.parents) if (folder / MANIFEST).is_file()), home)


def code_hashes(experiment: Path, root: Path) -> dict[str, str]:
    """Return "workspace:..." -> sha256 of every Python file in and below the experiment's folder.

    Raises:
        BadInput: so many files that it cannot be the folder of one experiment.
    """
    home, base = experiment.resolve().parent, root.resolve()
    files = []
    for path in home.rglob("*.py"):
        if {"site-packages", "__pycache__", ".venv"} & set(path.relative_to(home).parts):
            continue
        files.append(path)
        if len(files) > MOST_FILES:
            raise BadInput(
                f"{home} holds more than {MOST_FILES:,} Python files, and all of them would be part of the run: give {experiment.name} a folder of its own."
            )
    files.sort()
    return {f"workspace:{path.relative_to(base).as_posix()}": file_hash(path) for path in files}


def current_hashes(names: Mapping[str, str], root: Path) -> dict[str, str | None]:
    """Return what the files that a receipt names ("workspace:...", "package:...") have for a sha256 now; None where one is gone."""
    package = Path(__file__).resolve().parents[1]
    found: dict[str, str | None] = {}
    for name in names:
        where, _, inside = name.partition(":")
        if where not in ("workspace", "package"):
            continue
        path = (package if where == "package" else root) / inside
        found[name] = file_hash(path) if path.is_file() else None
    return found


def unchanged(names: Mapping[str, str], root: Path) -> bool:
    """Say whether every source file of a receipt is what it was."""
    return all(names[name] == now for name, now in current_hashes(names, root).items())


def run_id(code: Mapping[str, str], settings: Mapping[str, Any], data: Mapping[str, str], seed: int, *, labels: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits that stand for code, settings, data, seed, and how the run is labelled (scale, stand-in, counts).

    The labels are in it so that a pilot is never read back as a run that counts, nor a run of the file beside it.
    """
    return hash_data({"code": code, "settings": settings, "data": data, "seed": seed, "labels": labels})[:16]


def seed_list(seeds: int | Sequence[int]) -> list[int]:
    """Return the seeds: 0 to n - 1 for a number n.

    Raises:
        BadInput: none, too many, one twice, or one outside 0 to 2^32 - 1.
    """
    chosen = list(range(seeds)) if isinstance(seeds, int) and 0 < seeds <= MOST_SEEDS else [] if isinstance(seeds, int) else list(seeds)
    if not chosen or len(chosen) > MOST_SEEDS:
        raise BadInput(f"between 1 and {MOST_SEEDS:,} seeds are run, got {seeds!r:.60}.")
    for seed in chosen:
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 1 << 32:
            raise BadInput(f"a seed is a whole number from 0 to 4,294,967,295, got {seed!r:.60}.")
    if len(set(chosen)) != len(chosen):
        raise BadInput(f"each seed is run once, got {chosen!r:.120}.")
    return chosen


def plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as plain JSON values.

    Raises:
        BadInput: a value of another kind, a number that is not finite, or a number that YAML read as a text ("1e-3").
    """
    return {_key(name): _plain(value, str(name)) for name, value in settings.items()}


def _key(name: object) -> str:
    if not isinstance(name, str):
        raise BadInput(f"a setting's name is a text, got {name!r:.60}.")
    return name


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadInput(f"the setting {where} is {value}, and a finite number is needed.")
        return value
    if isinstance(value, str):
        if _is_number(value):
            raise BadInput(f"the setting {where} is the text {value!r}: write {float(value)!r}, so that it is a number.")
        return value
    if isinstance(value, Mapping):
        return {_key(name): _plain(item, f"{where}.{name}") for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise BadInput(f"the setting {where} is a {type(value).__name__}, and a number, text, list or mapping is needed.")


def _is_number(text: str) -> bool:
    """Say whether YAML took a number for a text: it does so with an exponent and no point, and with nothing else that people write."""
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+", text) is not None and math.isfinite(float(text))
