"""The layout: laid out once, completed when interrupted, never over something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput, StorageError
from aquarius.workspace import Workspace, create, package_name
from workspace.samples import put, workspace


def test_the_layout(tmp_path: Path) -> None:
    work = workspace(tmp_path / "gcn")
    for folder in (work.paper, work.conf, work.tests, work.report, work.runs, work.results, work.code):
        assert folder.is_dir()
    assert work.code == tmp_path / "gcn" / "src" / "gcn_on_cora"
    assert work.subject.name == "model.py" and work.experiment.name == "train.py"
    assert (
        work.journal.read_text()
        == "# Journal: GCN on Cora\n\nDecisions, deviations from the paper, answers to gaps and checkpoint questions.\n"
    )
    other = create(tmp_path / "other", name="x", title="y", year=2020, journal="- gap a: b (c)\n")
    assert other.journal.read_text() == "# Journal: x\n\n- gap a: b (c)\n"
    assert Workspace.open(tmp_path / "gcn") == work
    assert work.relative(work.subject) == "src/gcn_on_cora/model.py"
    assert list(work.open_ledger().entries()) == []


def test_calling_it_again_completes_and_overwrites_nothing(tmp_path: Path) -> None:
    work = workspace(tmp_path)
    put(work, "journal.md", "my own words")
    put(work, "src/gcn_on_cora/model.py", "x = 1")
    before = work.manifest.read_bytes()
    work.conf.rmdir()
    assert workspace(tmp_path) == work
    assert work.conf.is_dir() and work.journal.read_text() == "my own words" and work.subject.read_text() == "x = 1"
    assert work.manifest.read_bytes() == before


def test_an_interrupted_first_write_is_completed(tmp_path: Path) -> None:
    (tmp_path / ".aquarius.project.json.k2j3").write_text("{")
    (tmp_path / ".git").mkdir()
    assert workspace(tmp_path).manifest.is_file()


def test_a_foreign_folder_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(BadInput, match=r"is not empty \(it holds 'thesis.tex'\) and no workspace: choose an empty or a new folder\.$"):
        workspace(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_workspace_of_another_paper_is_refused(tmp_path: Path) -> None:
    workspace(tmp_path)
    with pytest.raises(BadInput, match="is already the workspace 'GCN on Cora' for 'Semi-Supervised"):
        create(tmp_path, name="SGC", title="Simplifying Graph Convolutional Networks", year=2019)


@pytest.mark.parametrize(
    ("name", "sentence"), [("gone", "does not exist: run aquarius start"), ("file", "is a file"), ("empty", "is no workspace")]
)
def test_what_is_no_workspace_is_refused(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=sentence):
        Workspace.open(tmp_path / name)
    if name == "file":
        with pytest.raises(BadInput, match=sentence):
            workspace(tmp_path / name)


def test_paths_are_relative_to_the_root_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace(tmp_path / "gcn")
    monkeypatch.chdir(tmp_path)
    work = Workspace.open("gcn")
    assert work.relative(work.report / "index.html") == "report/index.html"
    with pytest.raises(BadInput, match="lies outside"):
        work.relative(Path("elsewhere.html"))


def test_a_path_outside_the_workspace_is_refused(tmp_path: Path) -> None:
    work = workspace(tmp_path / "gcn")
    with pytest.raises(BadInput, match="lies outside"):
        work.inside("../other/model.py")
    (tmp_path / "secret").write_text("")
    (work.root / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(BadInput, match="lies outside"):
        work.inside("link")


def test_a_link_out_of_the_folder_is_not_followed_when_laying_out(tmp_path: Path) -> None:
    work = workspace(tmp_path / "gcn")
    work.conf.rmdir()
    (tmp_path / "elsewhere").mkdir()
    work.conf.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="lies outside"):
        workspace(tmp_path / "gcn")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made or read"):
        workspace(tmp_path / "file" / "gcn")


@pytest.mark.parametrize(
    ("name", "package"), [("gcn-cora", "gcn_cora"), ("1706.03762", "paper_1706_03762"), ("Class", "paper_class"), ("é", "paper")]
)
def test_package_names(name: str, package: str) -> None:
    assert package_name(name) == package and package.isidentifier()
