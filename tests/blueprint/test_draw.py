from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from aquarius.blueprint import Blueprint, draw
from aquarius.blueprint._draw import assemble
from aquarius.core import BadInput, Place
from aquarius.dossier import Dossier, Fact
from aquarius.subject import Limits, Subject

from .subjects import drawn, subject, trace, vectors

TINY = """
import torch
from torch import nn

facts = {"width": 6, "classes": 3}

def build():
    print("building")
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))

def batch(n, seed=0):
    return {"x": torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))}

def forward(model, batch):
    return model(batch["x"])
"""


def written(folder: Path, text: str) -> Subject:
    path = folder / "model.py"
    path.write_text(text)
    return Subject(path)


def test_a_file_is_drawn_in_a_child_process(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tiny = written(tmp_path, TINY)
    blueprint = draw(None, tiny, memory_bytes=10**9)
    assert capfd.readouterr().out == ""
    assert (blueprint.subject, blueprint.subject_hash, blueprint.parameters) == ("model.py", tiny.content_hash, 51)
    assert blueprint.layers[-1].output_shapes == (("B", "classes"),)
    assert blueprint.feasibility is not None and blueprint.feasibility.verdict == "fits"
    assert Blueprint.from_json(blueprint.to_json()) == blueprint


def test_given_facts_replace_the_files(tmp_path: Path) -> None:
    facts = trace(subject(lambda: nn.Linear(4, 6), vectors(4), width=6))
    path = written(tmp_path, TINY).path
    named = [assemble(facts, subject=Subject(path, given), dossier=None, batch_size=2, available=1) for given in (None, {"hidden": 6}, {})]
    assert [blueprint.layers[0].output_shapes for blueprint in named] == [(("B", "width"),), (("B", "hidden"),), (("B", "6"),)]


def test_the_dossier_names_what_the_subject_does_not(tmp_path: Path) -> None:
    facts = trace(subject(lambda: nn.Linear(4, 6), vectors(4)))
    place = Place(file="paper", start=0, end=1, line=1, quote="6")
    sizes = [("hidden size", 5, "base"), ("heads", 8, "base"), ("hidden size", 6, "big"), ("dropout", 0.1, "big")]
    stated = tuple(Fact(name=name, value=str(number), number=number, scope=scope, place=place) for name, number, scope in sizes)
    dossier = Dossier(title="", authors=(), document="", architecture=stated)
    blueprint = assemble(facts, subject=written(tmp_path, TINY), dossier=dossier, batch_size=2, available=1)
    assert blueprint.layers[0].output_shapes == (("B", "hidden_size"),) and blueprint.symbols["hidden_size"] == 6
    own = Subject(written(tmp_path, TINY).path, facts={"hidden_size": 7})  # the subject's name for another size is not the paper's
    blueprint = assemble(facts, subject=own, dossier=dossier, batch_size=2, available=1)
    assert blueprint.layers[0].output_shapes == (("B", "6"),) and "hidden_size" not in blueprint.symbols


def test_a_model_too_large_for_the_machine_is_drawn_and_does_not_fit(tmp_path: Path) -> None:
    build = lambda: nn.Sequential(nn.Linear(4, 1_000_000), nn.ReLU(), nn.Linear(1_000_000, 200_000))
    blueprint = drawn(subject(build, vectors(4)), tmp_path, available=16 * 2**30)
    assert blueprint.parameters == 200_005_200_000
    assert blueprint.feasibility is not None and blueprint.feasibility.verdict == "does not fit"
    assert "more than the 13.7 GB that may be used of 17.2 GB" in blueprint.feasibility.reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_library\n", r"model\.py cannot be drawn: ModuleNotFoundError: No module named 'no_such_library'"),
        (TINY.replace("def batch", "def batches"), "has no attribute 'batch'"),
        (TINY.replace("import torch\n", "import torch\nwhile True: pass\n", 1), "it did not end within 3 seconds"),
        (TINY.replace("return nn.Sequential", "import os; os._exit(3)\n    return nn.Sequential"), "left with exit code 3"),
    ],
    ids=["import", "no batch", "hangs", "exits"],
)
def test_a_file_that_cannot_be_drawn_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as raised:
        draw(None, written(tmp_path, text), limits=Limits(seconds=3 if "while True" in text else 60))
    assert str(raised.value).count("\n") == 0 and str(raised.value).endswith(".")


def test_a_batch_size_that_is_not_positive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the batch size must be positive, got 0"):
        draw(None, written(tmp_path, TINY), batch_size=0)


def test_a_labelled_subject_has_its_stated_count(shared: Path) -> None:
    case = Subject(shared / "bugs" / "d024" / "subject.py")
    blueprint = draw(None, case)
    assert blueprint.parameters == int(case.source.split(b'"parameters": ')[1].split(b",")[0])
    assert {layer.attention for layer in blueprint.layers if layer.attention} == {(("B", "heads", "S", "S"),)}
