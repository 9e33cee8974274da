"""Functions of numbers against their stated equations: slips fail, other words for the same curve pass, what cannot be told is unsure."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.gauntlet.stated._rates import likeness
from bugs.corpus import findings, load
from gauntlet.stated.test_equations import SUBJECT

NOAM = r"d_{model}^{-0.5}\min(step\_num^{-0.5}, step\_num\cdot warmup\_steps^{-1.5})"
RAMP = r"\eta_t=\begin{cases}\frac{t}{T_w}&t<T_w\\\frac12\left(1+\cos\frac{\pi(t-T_w)}{T-T_w}\right)&t\ge T_w\end{cases}"
CASES = {
    "inverse root": (
        NOAM,
        "def f(step, width=32, warmup=40):\n    step = max(step, 1)\n    return width**-0.5 * min(step**-0.5, step * warmup**-1.5)",
    ),
    "cosine": (
        RAMP,
        "def f(step, warmup=10, total=100):\n    if step < warmup:\n        return step / warmup\n"
        "    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))",
    ),
    "anneal": (r"\min\left(1,\frac{t}{T}\right)", "def f(t, total=50):\n    return min(1.0, t / total)"),
}
SLIPS = {
    "inverse root": (("min(step", "max(step"), ("-1.5", "-1.0")),
    "cosine": (("step / warmup", "step // warmup"), ("(step - warmup) / (total - warmup)", "step / total"), ("0.5 * (1 +", "0.5 * (1 -")),
    "anneal": (("min(1.0", "max(1.0"), ("t / total", "1 - t / total")),
}


def told(latex: str, code: str, folder: Path) -> list[str]:
    """Return what the check says of a function that a schedule uses."""
    use = "\n\ndef scheduler(optimizer):\n    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda count: f(count + 1))\n"
    use += "\n\ndef optimizer(model):\n    return torch.optim.SGD(model.parameters(), lr=0.1)\n"
    text = SUBJECT.format(name="f", latex=latex, facts="", code=code, use="out.pow(2).mean()")
    return [finding.status for finding in findings(load(text + use, folder), ["stated curves"])]


@pytest.mark.parametrize("name", CASES)
def test_a_curve_that_follows_passes_and_every_slip_fails(name: str, tmp_path: Path) -> None:
    latex, code = CASES[name]
    assert told(latex, code, tmp_path) == ["pass"]
    for old, new in SLIPS[name]:
        assert code.count(old) >= 1
        assert told(latex, code.replace(old, new, 1), tmp_path) == ["fail"], new


def test_a_curve_one_step_later_or_times_a_number_does_not_fail(tmp_path: Path) -> None:
    latex, code = CASES["cosine"]
    assert told(latex, code.replace("if step", "step = step + 1\n    if step"), tmp_path) == ["pass"]
    assert told(latex, code.replace("return 0.5", "return 3 * 0.5").replace("return step", "return 3 * step"), tmp_path) == ["unsure"]


def test_symbols_that_are_no_arguments_are_unsure(tmp_path: Path) -> None:
    assert told(r"\kappa\,t^{-q}", "def f(step, width=32, warmup=40):\n    return step / warmup", tmp_path) == ["unsure"]
    assert told(r"\sum_i x_i", "def f(step):\n    return 1.0 / (1 + step)", tmp_path) == ["unsure"]


def test_functions_of_arrays_are_not_looked_at(tmp_path: Path) -> None:
    text = SUBJECT.format(name="f", latex="x^2", facts="", code="def f(x):\n    return x**2", use="f(out).mean()")
    assert [finding.status for finding in findings(load(text, tmp_path), ["stated curves"])] == ["skipped"]


def test_names_of_arguments_and_symbols() -> None:
    assert likeness("warmup", "T_w") >= 3 and likeness("warmup", "T") == 0
    assert likeness("total", "T") >= 3 and likeness("total", "T_{w}") == 0
    assert likeness("width", "d_{model}") >= 3
