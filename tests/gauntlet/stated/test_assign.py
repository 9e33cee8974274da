"""The equation's values under assignments, and what counts as agreement."""

from __future__ import annotations

import torch

from aquarius.gauntlet.stated._assign import attempts, candidates, close, difference, matched, undeclared


def test_leading_axes_are_gone_through_one_by_one() -> None:
    z = torch.randn(4, 3)
    values = [a.value for a in attempts(r"q_i=\frac{\exp(z_i)}{\sum_j\exp(z_j)}", {"z": z}, {}, {}, {}) if a.value is not None]
    assert any(matched(z.softmax(-1), value) is not None for value in values)
    assert not any(matched(z.log_softmax(-1), value) is not None for value in values)


def test_free_indices_are_named_and_shared_arrays_have_no_samples() -> None:
    a, b, g = torch.randn(4, 3), torch.randn(5, 3), torch.rand(3)
    assert any(
        x.value is not None and matched(torch.cdist(a, b) ** 2, x.value) is not None
        for x in attempts(r"\|a_i-b_j\|^2", {"a": a, "b": b}, {}, {}, {})
    )
    found = attempts("g_ia_i", {"g": g, "a": a}, {}, {}, {}, frozenset("g"))
    assert any(x.value is not None and matched(g * a, x.value) is not None for x in found)


def test_an_unknown_symbol_gives_its_reason_and_no_value() -> None:
    (only, *_) = attempts(r"x+\omega", {"x": torch.randn(3)}, {}, {}, {})
    assert only.value is None and "is not declared" in only.reason
    assert undeclared(r"x+\omega", {"x": torch.randn(3)}, {}) == r"\omega" and undeclared("x", {"x": torch.randn(3)}, {}) is None


def test_agreement_allows_rounding_means_and_transposes_and_nothing_else() -> None:
    value = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
    assert matched(value.T.float() * (1 + 1e-5), value) is not None and matched(value * 1.01, value) is None
    assert matched(torch.tensor(2.0), torch.tensor([1.0, 3.0])) is not None and matched(torch.tensor(2.5), torch.tensor([1.0, 3.0])) is None
    assert candidates(torch.zeros(5), value) == [] and not close(value, value + 1, 1e-2)
    assert difference(torch.tensor([1.0, float("nan")]), torch.tensor([1.0, 2.0])) == float("inf")
