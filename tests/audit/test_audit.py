"""The audit on staged pairs: every flaw is found in its file, and the honest repository is left in peace."""
# tests _borrowed.py, _evaluation.py, _features.py, _files.py, _history.py, _invented.py, _labels.py, _leakage.py, _logs.py, _metrics.py, _numbers.py, _overlap.py, _reference.py, _regular.py, _runs.py, _seeds.py, _selection.py, _spine.py, _stated.py, _suite.py, _techniques.py, _training.py, _weakened.py, _words.py, _check.py, _budgets.py, _chosen.py, _flow.py, _promised.py, _sieve.py

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aquarius.audit import audit, cards
from aquarius.audit._audit import _run
from aquarius.audit._check import Check, Material, noted
from aquarius.audit._code import Code
from aquarius.audit._records import Records
from aquarius.audit._repository import load
from aquarius.core import BadInput, Evidence
from audit.repositories import BANDIT, BOOST, FACTORS, POWER, SERIES, SPAM
from audit.repositories_more import ANOMALY, FOREST, POLICY
from audit.repositories_protocol import HONEST as PROTOCOL_HONEST
from audit.repositories_torch import CHARS, CONVNET, DROPNET, GRAPH, LATENT
from audit.staged import FLAWS, Flaw, write
from audit.staged_more import FLAWS as MORE_FLAWS
from audit.staged_protocol import FLAWS as PROTOCOL_FLAWS
from audit.staged_torch import FLAWS as TORCH_FLAWS

HONEST = {
    "boost": BOOST, "factors": FACTORS, "spam": SPAM, "series": SERIES, "dropnet": DROPNET, "bandit": BANDIT, "power": POWER,
    "convnet": CONVNET, "graph": GRAPH, "chars": CHARS, "latent": LATENT, "forest": FOREST, "policy": POLICY, "anomaly": ANOMALY,
    **PROTOCOL_HONEST,
}  # fmt: skip


@pytest.mark.parametrize("case", [*FLAWS, *TORCH_FLAWS, *MORE_FLAWS, *PROTOCOL_FLAWS], ids=lambda case: case.name)
def test_a_flaw_is_found_where_it_is(case: Flaw, tmp_path: Path) -> None:
    failed = [item for item in audit(write(case.flawed(), tmp_path)) if item.status == "fail"]
    places = {(item.where or "").split(":")[0] for item in failed}
    # what contradicts the text or another record is found in the text or in the record
    contradiction = case.category == "fabrication" or any(item.check == "stated-settings" for item in failed)
    assert case.where in places or (contradiction and places & {"README.md", "results.json"}), places


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_repository_raises_no_alarm(name: str, tmp_path: Path) -> None:
    found = audit(write(HONEST[name], tmp_path))
    assert [(item.check, item.where, item.message) for item in found if item.status == "fail"] == []


def test_the_same_folder_gives_the_same_findings(tmp_path: Path) -> None:
    write(FLAWS[0].flawed(), tmp_path)
    first, second = ([item.model_copy(update={"seconds": 0.0}) for item in audit(tmp_path)] for _ in range(2))
    assert first == second


def test_only_one_family_runs(tmp_path: Path) -> None:
    write(BOOST, tmp_path)
    protocol = {card["check"] for card in cards() if card["family"] == "protocol"}
    assert {item.check for item in audit(tmp_path, only=("protocol",))} == protocol
    assert {item.check for item in audit(tmp_path, only=("chosen-on-test",))} == {"chosen-on-test"}


def test_an_unknown_check_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no check or family named 'leak'"):
        audit(write(BOOST, tmp_path), only=("leak",))


def test_the_official_repository_is_compared(tmp_path: Path) -> None:
    ours, theirs = (
        write(BOOST, tmp_path / "ours"),
        write({"a.py": BOOST["boost.py"].replace("stump", "tree").replace("alpha", "vote")}, tmp_path / "theirs"),
    )
    found = [item for item in audit(ours, only=("official-code",), official=theirs) if item.status == "fail"]
    assert [item.where for item in found] == ["boost.py"] and found[0].values["share"] > 0.9
    other = write({"a.py": SERIES["forecast.py"]}, tmp_path / "other")
    assert all(item.status == "pass" for item in audit(ours, only=("official-code",), official=other))
    assert [item.status for item in audit(ours, only=("official-code",))] == ["skipped"]


def test_no_time_left_is_said(tmp_path: Path) -> None:
    found = audit(write(BOOST, tmp_path), budget=-1.0)
    assert {item.status for item in found} == {"skipped"}


def test_every_check_has_a_card() -> None:
    assert all(card["finds"] and card["misled_by"] and card["family"] in ("fabrication", "protocol", "circumvention") for card in cards())
    assert len({card["check"] for card in cards()}) == len(cards()) > 30
    json.dumps(cards())


# What looks like a flaw and is none: one line changed in an honest repository, and still no alarm.
ODDITIES = [
    ("a figure line at the paper's number", BOOST, "boost.py", 'print(out, "paper", PAPER)', 'print(out, "paper", PAPER, "gap", out["test_error"] - PAPER)'),
    ("probabilities are clipped", BANDIT, "bandit.py", "r = float(rng.random() < means[a])\n        n[a], s[a], regret = n[a] + 1, s[a] + r, regret + means.max() - means[a]\n    return regret\n\n\ndef greedy",
     "r = float(rng.random() < np.clip(means[a], 1e-6, 1 - 1e-6))\n        n[a], s[a], regret = n[a] + 1, s[a] + r, regret + means.max() - means[a]\n    return regret\n\n\ndef greedy"),
    ("a curve on the test part", SERIES, "forecast.py", "    value = mae(w, *windows(test, order))", "    test_curve = [mae(w, *windows(test[:k], order)) for k in range(100, len(test), 100)]\n    print(test_curve)\n    value = mae(w, *windows(test, order))"),
    ("the median is shown beside the mean", BOOST, "boost.py", '"errors": errors}', '"errors": errors, "median_error": float(np.median(errors))}'),
    ("a step of a world costs a little", POLICY, "env.py", "class Grid:", "def reward(done, rng):\n    return rng.normal(1.0, 0.1) if done else -0.035\n\n\nclass Grid:"),
    ("a failed import of a figure", POWER, "components.py", "    print(value)", "    try:\n        import seaborn\n    except ImportError:\n        pass\n    print(value)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "files", "path", "old", "new"), ODDITIES, ids=lambda value: value if isinstance(value, str) and len(value) < 60 else ""
)
def test_an_oddity_is_no_flaw(name: str, files: dict[str, str], path: str, old: str, new: str, tmp_path: Path) -> None:
    assert files[path].count(old) == 1
    found = audit(write({**files, path: files[path].replace(old, new)}, tmp_path))
    assert [(item.check, item.where, item.message) for item in found if item.status == "fail"] == []


@pytest.mark.parametrize(("call", "alarms"), [("rows.append(1)", 0), ("append(1)", 1)])
def test_a_containers_method_is_not_a_function_of_its_name(call: str, alarms: int, tmp_path: Path) -> None:
    files = BOOST | {
        "README.md": BOOST["README.md"] + "\nWhat is measured is appended to a list.\n",
        "boost.py": BOOST["boost.py"] + f"\n\ndef append(row):\n    return [row]\n\n\nrows = []\n{call}\nprint(rows)\n",
    }
    found = audit(write(files, tmp_path), only=["switched-off"])
    assert sum(item.status == "fail" for item in found) == alarms


def test_the_page_lists_every_check_in_its_family() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    listed = {
        (name, section.split("\n", 1)[0].strip().lower())
        for section in text.split("\n## ")[1:]
        for name in re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)
    }
    assert {(card["check"], card["family"]) for card in cards()} == listed


def test_a_check_without_time_left_is_skipped_and_says_so(tmp_path: Path) -> None:
    found = audit(write(BOOST, tmp_path), budget=-1.0)
    assert {item.status for item in found} == {"skipped"}
    assert {item.message for item in found if item.check != "official-code"} == {"the time was up before this check."}


def test_the_time_may_be_up_in_the_middle_of_a_check(tmp_path: Path) -> None:
    repository = load(write(BOOST, tmp_path))

    def slow(material: Material) -> Iterator[Evidence]:
        yield noted("README.md", "found before the time was up", "none")
        time.sleep(0.03)
        yield from (noted("README.md", "found too late", "none") for _ in material.code.walk(ast.Name))

    check = Check("slow", "protocol", "nothing", "nothing", slow)
    found = _run(check, Material(repository, Code(repository), Records(repository)), time.perf_counter() + 0.01)
    assert [(item.status, item.message) for item in found] == [
        ("fail", "found before the time was up"),
        ("skipped", "the time was up in the middle of this check."),
    ]
