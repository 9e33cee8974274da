"""`read` and `source_files`: which sources are read, and one sentence for each that is not."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from aquarius.core import BadInput, Place
from aquarius.reading import Document, _read, read, source_files

Untrue = Callable[[Document, Mapping[str, bytes]], list[Place]]
PAPER = rb"\documentclass{article}\title{A Paper}\author{Ada Lovelace}\begin{document}\maketitle We train for $10$ epochs.\end{document}"


def test_a_folder_a_file_and_archives_give_the_same_paper(tmp_path: Path, untrue: Untrue) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "main.tex").write_bytes(PAPER)
    (folder / "figure.png").write_bytes(b"\x89PNG")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(folder / "main.tex", "main.tex")
    (tmp_path / "paper.tar.gz").write_bytes(packed.getvalue())
    with zipfile.ZipFile(tmp_path / "paper.zip", "w") as zipped:
        zipped.writestr("main.tex", PAPER)
    (tmp_path / "main.tex.gz").write_bytes(gzip.compress(PAPER, mtime=0))
    for source in ("source", "source/main.tex", "paper.tar.gz", "paper.zip", "main.tex.gz"):
        document = read(tmp_path / source)
        files = source_files(tmp_path / source)
        assert (document.title, document.authors, document.kind) == ("A Paper", ("Ada Lovelace",), "latex"), source
        assert files == {"main.tex": PAPER}
        assert document.files == {"main.tex": hashlib.sha256(PAPER).hexdigest()}
        assert untrue(document, files) == []


def test_reading_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "main.tex").write_bytes(PAPER)
    assert read(tmp_path / "main.tex").to_json() == read(tmp_path / "main.tex").to_json()


def test_markdown_is_chosen_by_its_ending_and_latex_wins(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n\ntext\n")
    assert read(tmp_path).kind == "markdown"
    (tmp_path / "main.tex").write_bytes(PAPER)
    assert read(tmp_path).kind == "latex"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.tex", b"", "empty.tex is empty"),
        ("paper.pdf", b"%PDF-1.5 ...", "paper.pdf is not a PDF that can be opened"),
        ("disguised.tex", b"%PDF-1.5 ...", "disguised.tex is not a PDF that can be opened"),
        ("page.html", b"<html></html>", "page.html holds no text of a paper"),
        ("text.docx", b"PK\x03\x04", "is not a whole archive"),
        ("noise.bin", bytes(range(256)) * 40, "is binary and no archive"),
        ("words.txt", b"only words", "holds no paper"),
        ("fragment.tex", b"\\section{A} text", "no file has \\begin{document}"),
        ("cut.zip", b"PK\x03\x04 cut off", "is not a whole archive"),
        ("cut.gz", gzip.compress(PAPER, mtime=0)[:40], "is not a whole archive"),
    ],
)
def test_what_is_no_paper_is_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read(tmp_path / name)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_path_an_address_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        read(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="is no address of a paper on arXiv: fetch it yourself"):
        read("https://example.org/paper.tar.gz")
    with pytest.raises(BadInput, match="holds no paper"):
        read(tmp_path)
    with pytest.raises(BadInput, match="does not exist"):
        read("x" * 5_000)


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("secret")
    folder = tmp_path / "paper"
    folder.mkdir()
    (folder / "main.tex").write_bytes(PAPER)
    (folder / "stolen.tex").symlink_to(secret)
    assert set(source_files(folder)) == {"main.tex"}


def test_a_file_brings_what_it_includes_and_nothing_from_outside(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    (folder / "sections").mkdir(parents=True)
    (tmp_path / "secret.tex").write_text("secret")
    (folder / "main.tex").write_text(
        r"\documentclass{article}\usepackage{mine,amsmath}\begin{document}\input{sections/one}\input{../secret}\input{link}\cite{a}\bibliography{refs}\end{document}"
    )
    (folder / "sections" / "one.tex").write_text(r"One. \input{sections/two.tex}")
    (folder / "sections" / "two.tex").write_text(r"Two by \us.")
    (folder / "mine.sty").write_text(r"\newcommand{\us}{us}")
    (folder / "refs.bib").write_text("@misc{a, title={T}, year=2020}")
    (folder / "unused.tex").write_text("unused")
    (folder / "link.tex").symlink_to(tmp_path / "secret.tex")
    files = source_files(folder / "main.tex")
    assert set(files) == {"main.tex", "sections/one.tex", "sections/two.tex", "mine.sty", "refs.bib"}
    document = read(folder / "main.tex")
    assert " ".join(passage.text for passage in document.passages).startswith("One. Two by us.")
    assert not any("secret" in passage.text for passage in document.passages)
    assert [reference.text for reference in document.references] == ["T. 2020"]


def test_a_folder_beyond_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_read, "MEMBERS", 3)
    for number in range(5):
        (tmp_path / f"{number}.tex").write_bytes(PAPER)
    with pytest.raises(BadInput, match="more than 3 files: give the folder of one paper"):
        read(tmp_path)
    monkeypatch.setattr(_read, "LARGEST", 100)
    monkeypatch.setattr(_read, "MEMBERS", 10)
    with pytest.raises(BadInput, match=r"and at most 100 are read"):
        read(tmp_path)
