"""Table 3 of arXiv:1706.03762 as a Dossier made by hand: the eleven rows that print a number of parameters."""

from __future__ import annotations

from aquarius.core import Place, measure
from aquarius.dossier import Claim, Dossier

PLACE = Place(file="table.tex", start=0, end=1, line=1, quote="6")
BASE = {
    "N": "6",
    "d_{\\text{model}}": "512",
    "d_{ff}": "2048",
    "h": "8",
    "d_k": "64",
    "d_v": "64",
    "P_{drop}": "0.1",
    "\\epsilon_{ls}": "0.1",
}
ROWS: dict[str, tuple[dict[str, str], str]] = {
    "base": (BASE, "65"),
    "B/d_k=16": ({"d_k": "16"}, "58"),
    "B/d_k=32": ({"d_k": "32"}, "60"),
    "C/N=2": ({"N": "2"}, "36"),
    "C/N=4": ({"N": "4"}, "50"),
    "C/N=8": ({"N": "8"}, "80"),
    "C/d_model=256": ({"d_{\\text{model}}": "256", "d_k": "32", "d_v": "32"}, "28"),
    "C/d_model=1024": ({"d_{\\text{model}}": "1024", "d_k": "128", "d_v": "128"}, "168"),
    "C/d_ff=1024": ({"d_{ff}": "1024"}, "53"),
    "C/d_ff=4096": ({"d_{ff}": "4096"}, "90"),
    "big": ({"N": "6", "d_{\\text{model}}": "1024", "d_{ff}": "4096", "h": "16", "P_{drop}": "0.3", "train steps": "300K"}, "213"),
}


def dossier(rows: dict[str, tuple[dict[str, str], str]]) -> Dossier:
    """Return a Dossier whose claims are these rows, printed in millions."""
    claims = tuple(
        Claim(
            id=f"table3/{name}/parameters",
            kind="exact",
            statement=f"{name} has {millions} million parameters.",
            subject=name,
            quantity="parameters",
            measure=measure(f"{millions}×10^6", unit="parameters"),
            settings=settings,
            place=PLACE,
        )
        for name, (settings, millions) in rows.items()
    )
    return Dossier(title="Attention Is All You Need", authors=(), document="0" * 64, claims=claims)
