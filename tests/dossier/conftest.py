"""A small paper of our own, written as Markdown and read by the reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aquarius.dossier import Dossier, distill
from aquarius.reading import Document, read, source_files

HEAD = """# A Network of Our Own

Authors: Ada One; Ben Two
Year: 2024

## Abstract

We propose the Ournet, a network. It reaches an accuracy of 90.1 on MNIST.

"""


@pytest.fixture
def paper(tmp_path: Path) -> Callable[[str], Document]:
    """Read the body of a paper, under the title, authors and abstract above."""

    def make(body: str, head: str = HEAD) -> Document:
        path = tmp_path / "paper.md"
        path.write_text(head + body, encoding="utf-8")
        return read(path)

    return make


@pytest.fixture
def distilled(paper: Callable[[str], Document], tmp_path: Path) -> Callable[[str], Dossier]:
    """Distill the body of a paper, every place held against the file."""

    def make(body: str) -> Dossier:
        document = paper(body)
        return distill(document, source_files(tmp_path / "paper.md"))

    return make
