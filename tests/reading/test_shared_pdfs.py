"""Real papers as PDFs: each a document with title, sections and pages, within its time, every place true of the text layer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aquarius.reading import read, source_files

PAPERS = ("adapters", "advantage_alignment", "attention", "cebm", "ddqn", "diff_transformer", "distillation", "e_maml", "ff_attention", "ilm", "mobilenetv3", "repa_e", "roberta", "siss", "style_transfer", "unet", "yolov3")  # fmt: skip
QUICK = ("ff_attention", "distillation", "yolov3")


@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PAPERS])
def test_a_real_paper(name: str, shared: Path) -> None:
    path = shared / "papers" / name / "paper.pdf"
    begin = time.thread_time()
    found = read(path)
    assert time.thread_time() - begin < 5
    assert found.title and len(found.sections) >= 4 and len(found.passages) >= 20 and found.abstract
    files = source_files(path)
    places = [passage.place for passage in found.passages] + [cell.place for table in found.tables for row in table.rows for cell in row]
    assert all(place.is_true_of(files[place.file]) and place.page for place in places)
    pages = [passage.place.page for passage in found.passages if passage.kind == "heading"]
    assert pages == sorted(pages, key=lambda page: page or 0)
