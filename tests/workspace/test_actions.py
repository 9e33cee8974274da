"""The actions themselves, as any face calls them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace import actions
from workspace.small_paper import write_paper


def test_reading_gives_what_the_scorers_take(tmp_path: Path) -> None:
    data = actions.read((str(write_paper(tmp_path)),)).data
    assert (data["title"], data["authors"], data["n_numbered_equations"]) == ("A Small Paper on Lines", ["Ada Example", "Ben Sample"], 1)
    assert {"equations", "tables", "hyperparameters", "datasets", "metrics", "unstated", "seconds"} <= set(data)
    assert any(item["name"] == "learning_rate" and item["value"] == "0.01" for item in data["hyperparameters"])


def test_a_dossier_is_never_overwritten(tmp_path: Path) -> None:
    paper, target = write_paper(tmp_path), tmp_path / "dossier.yaml"
    actions.distill(str(paper), to=target)
    with pytest.raises(BadInput, match="exists and may have been edited"):
        actions.distill(str(paper), to=target)


def test_a_shut_gate_is_a_failed_exit(tmp_path: Path) -> None:
    actions.start(str(write_paper(tmp_path)), tmp_path / "w")
    assert actions.status(tmp_path / "w", gate="paper").ok
    assert not actions.status(tmp_path / "w", gate="verdict").ok
    with pytest.raises(BadInput, match="Did you mean 'verdict'"):
        actions.status(tmp_path / "w", gate="verdikt")


def test_a_session_that_says_too_much_is_refused(tmp_path: Path) -> None:
    actions.start(str(write_paper(tmp_path)), tmp_path / "w")
    notes = tmp_path / "notes.md"
    notes.write_text(actions.session(tmp_path / "w").data["text"])
    assert actions.session(tmp_path / "w", check=notes).ok
    notes.write_text(notes.read_text() + "\nThe paper was reproduced.\n")
    said = actions.session(tmp_path / "w", check=notes)
    assert not said.ok and "no current verdict" in said.data["problems"][0]


def test_a_translation_and_a_refusal(tmp_path: Path) -> None:
    symbols = tmp_path / "s.yaml"
    symbols.write_text("inputs: {W: [m, n], x: [n]}\n")
    good, bad = actions.equation_translate("y = W x", symbols=symbols), actions.equation_translate("y = f(x")
    assert good.ok and "W @ x" in good.data["code"]
    assert not bad.ok and bad.data["status"] == "refused" and bad.data["offset"] == 5


def test_a_translation_for_another_library_says_whether_it_was_run(tmp_path: Path) -> None:
    symbols = tmp_path / "s.yaml"
    symbols.write_text("inputs: {W: [m, n], x: [n]}\n")
    numpy = actions.equation_translate("y = e^{W x}", symbols=symbols, to="numpy")
    assert numpy.ok and "np.exp(W @ x)" in numpy.data["code"] and numpy.data["library"] == "numpy" and numpy.data["verified"] is True
    other = actions.equation_translate("y = W x", symbols=symbols, to="tensorflow")
    assert other.ok and "tf.linalg.matvec(W, x)" in other.data["code"]
    assert other.data["verified"] == (importlib.util.find_spec("tensorflow") is not None)
