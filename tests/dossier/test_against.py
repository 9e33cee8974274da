"""Text against display: told where both cannot be meant, silent where they may."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.dossier import distill
from aquarius.reading import read, source_files

BARE = "$$\\mathrm{Attn}(Q,K,V) = \\mathrm{softmax}(Q K^T) V$$"
ROOTED = "$$\\mathrm{Attn}(Q,K,V) = \\mathrm{softmax}(Q K^T / \\sqrt{d}) V$$"


def told(folder: Path, body: str) -> list[str]:
    path = folder / "paper.tex"
    path.write_text(f"\\documentclass{{article}}\\begin{{document}}\\title{{T}}\\maketitle\\section{{Method}}\n{body}\n\\end{{document}}")
    files = source_files(path)
    found = distill(read(path), files).contradictions
    for item in found:
        assert len(item.places) == 2 and all(place.quote and place.is_true_of(files[place.file]) for place in item.places)
    return [item.message for item in found]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("We sum the squared deviation over all frames: $$\\ell = \\frac{1}{T}\\sum_{t=1}^{T} (g_t - 1)^2$$", "divides the sum"),
        ("The losses of all rows are averaged: $$\\ell = \\sum_{i=1}^{n} d(x_i, y_i)$$", "sums without dividing"),
        ("We minimise the mean absolute error, $$\\ell = \\frac{1}{H}\\sum_{h=1}^{H} (a_h - x_h)^2$$", "squares it"),
        (
            "We set $\\lambda = 0.1$ in all runs. The loss is $$\\mathcal{L} = A + \\lambda B, \\quad \\lambda = 0.01$$",
            "prints \\lambda = 0.01",
        ),
        ("The auxiliary CTC loss is weighted with 0.5. The loss is $$\\mathcal{L} = A + 0.3\\,\\mathcal{L}_{\\mathrm{CTC}}$$", "0.3"),
        (
            "Each objective has a proximal term with coefficient 0.01: $$F(P) = \\ell(P) + \\frac{\\rho}{2} P^2, \\quad \\rho=0.1$$",
            "\\rho=0.1",
        ),
        (f"We use {BARE} where the logits are divided by $\\sqrt{{d_k}}$.", "divides by a root"),
        (f"We do not scale the logits. We use {ROOTED}", "does not scale"),
    ],
)
def test_what_cannot_both_be_meant_is_told(tmp_path: Path, body: str, words: str) -> None:
    (message,) = told(tmp_path, body)
    assert words in message


@pytest.mark.parametrize(
    "body",
    [
        "We average the squared deviation over all frames: $$\\ell = \\frac{1}{T}\\sum_{t=1}^{T} (g_t - 1)^2$$",
        "We sum over all rows: $$\\ell = \\sum_{i=1}^{n} d(x_i, y_i)$$",
        "We sum over all rows, normalised by their variance: $$\\ell = \\frac{1}{T}\\sum_{t=1}^{T} g_t$$",
        "A weighted average of the rows is taken: $$h = \\sum_{i=1}^{n} a_i x_i$$",
        "The rows are averaged: $$h = \\sum_{i=1}^{n} a_i x_i, \\quad a = \\mathrm{softmax}(s)$$",
        "The sum of both losses is $$\\ell = \\frac{1}{T}\\sum_{t=1}^{T} g_t + b$$",
        "We minimise the mean squared error, $$\\ell = \\frac{1}{H}\\sum_{h=1}^{H} (a_h - x_h)^2$$",
        "We minimise the mean absolute error, $$\\ell = \\frac{1}{H}\\sum_{h=1}^{H} |a_h - x_h|$$",
        "We vary $\\lambda = 0.1$ up to 1. The loss is $$\\mathcal{L} = A + \\lambda B, \\quad \\lambda = 0.01$$",
        "We start with $\\lambda = 0.1$. The loss is $$\\mathcal{L} = A + \\lambda B, \\quad \\lambda = 0.01$$",
        "We set $\\lambda = 0.010$ in all runs. The loss is $$\\mathcal{L} = A + \\lambda B, \\quad \\lambda = 0.01$$",
        "We set $\\lambda_1 = 0.1$ in all runs. The loss is $$\\mathcal{L} = A + \\lambda B, \\quad \\lambda = 0.01$$",
        f"We use {ROOTED} where the logits are divided by $\\sqrt{{d}}$.",
        "The auxiliary CTC loss is weighted with 0.3. The loss is $$\\mathcal{L} = A + 0.3\\,\\mathcal{L}_{\\mathrm{CTC}}$$",
    ],
)
def test_what_may_be_meant_is_left_alone(tmp_path: Path, body: str) -> None:
    assert told(tmp_path, body) == []
