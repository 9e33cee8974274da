"""The diagonal and the Kronecker form against laplace-torch: numbers that it printed, and the library itself where it is installed."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from aquarius.aql import LaplacianUncertainty

FROZEN = json.loads(Path(__file__).with_name("laplace_torch.json").read_text())
FORMS = {"diag": "diagonal", "kron": "kronecker"}
PRIOR = 0.7


def waves(shape: tuple[int, ...], step: float) -> Tensor:
    """Numbers without a generator: the same everywhere."""
    count = int(torch.tensor(shape).prod())
    return torch.sin(torch.arange(1, count + 1, dtype=torch.float64) * step).reshape(shape)


X, NEW, Y = waves((24, 5), 1.7) * 2, waves((6, 5), 2.3) * 2, (torch.arange(24) * 7) % 3


def model(structure: str) -> nn.Sequential:
    """The Kronecker form of laplace-torch has the bias in a block of its own, ours beside the weight: there the head has none."""
    made = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3, bias=structure == "diag")).double().eval()
    with torch.no_grad():
        for place, each in enumerate(made.parameters()):
            each.copy_(waves(tuple(each.shape), 0.9 + 0.3 * place))
    return made


def ours(structure: str, prior: float = PRIOR) -> tuple[Tensor, Tensor]:
    net = model(structure)
    own = LaplacianUncertainty(net, form=FORMS[structure], decay=None, prior=prior)  # type: ignore[arg-type]
    own.update_fisher(net(X))
    logits = net(NEW)
    assert own.tap is not None
    return own.logit_variance(own.tap.take(logits)), own.estimate(logits).epistemic


@pytest.mark.parametrize("structure", FORMS)
def test_it_equals_what_laplace_torch_printed(structure: str) -> None:
    variance, epistemic = ours(structure)
    wanted = FROZEN[structure]
    assert torch.allclose(variance, torch.tensor(wanted["logit_variance"], dtype=torch.float64), rtol=1e-6, atol=0)
    assert torch.allclose(epistemic, torch.tensor(wanted["epistemic"], dtype=torch.float64), rtol=1e-6, atol=0)
    other, _ = ours(structure, prior=2.0)
    assert not torch.allclose(other, torch.tensor(wanted["logit_variance"], dtype=torch.float64), rtol=1e-2)


@pytest.mark.skipif(importlib.util.find_spec("laplace") is None, reason="laplace-torch is not installed")
@pytest.mark.parametrize("structure", FORMS)
def test_it_equals_laplace_torch(structure: str) -> None:
    from laplace import Laplace

    net: Any = model(structure)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = Laplace(net, "classification", subset_of_weights="last_layer", hessian_structure=structure, prior_precision=PRIOR)
        oracle.fit(DataLoader(TensorDataset(X, Y), batch_size=24))
        _, covariance = oracle._glm_predictive_distribution(NEW)
    variance, epistemic = ours(structure)
    assert torch.allclose(variance, covariance.detach().diagonal(dim1=1, dim2=2), rtol=1e-6, atol=0)
    p = net(NEW).softmax(-1).detach()
    curvature = torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2)
    assert torch.allclose(epistemic, 0.5 * torch.einsum("nij,nji->n", curvature, covariance.detach()), rtol=1e-6, atol=0)
