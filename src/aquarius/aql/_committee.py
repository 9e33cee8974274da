"""Scores by a committee: dropout masks, heads that saw different bootstraps, or a reference model that knows what cannot be learnt."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

from ..core import BadInput
from ._modes import modes_kept
from ._scores import loss, mutual_information
from ._shapes import IGNORED, checked_logits, counted, exact, per_sample, wide


@torch.no_grad()
def mc_dropout(model: nn.Module, *inputs: Any, passes: int = 10, seed: int = 0) -> Tensor:
    """Return the mutual information [...] over `passes` dropout masks, everything but dropout in evaluation mode: `passes` forwards.

    The model gets every mode back, and the global random state too, so that scoring does not change the training run.

    Source: Gal, Ghahramani, "Dropout as a Bayesian Approximation" (2016); Gal, Islam, Ghahramani, "Deep Bayesian Active Learning" (2017).

    Raises:
        BadInput: the model has no dropout layer with p > 0, or fewer than two passes are asked for.
    """
    dropouts = [module for module in model.modules() if isinstance(module, _DropoutNd) and module.p > 0]
    if not dropouts or passes < 2:
        raise BadInput("MC dropout needs a model with a dropout layer of p > 0 and two passes or more.")
    devices = sorted({parameter.device.index for parameter in model.parameters() if parameter.device.type == "cuda"})
    with modes_kept(model), torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        model.eval()
        for module in dropouts:
            module.training = True
        return mutual_information(torch.stack([wide(model(*inputs)).softmax(-1) for _ in range(passes)]))


class LastLayerEnsemble:
    """K linear heads on the features of the training forward, each trained on its own bootstrap; their disagreement is the score.

    One update is a normalised gradient step of every head on Poisson(1) weights of the batch: two products of K heads' size, no pass of the model.

    Source: Lakshminarayanan, Pritzel, Blundell, "Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles" (2017), on
    features as in Osband et al., "Deep Exploration via Bootstrapped DQN" (2016) (a shared body); Oza, Russell, "Online Bagging" (2001).
    """

    def __init__(self, width: int, classes: int, *, members: int = 5, rate: float = 0.5, decay: float = 1e-4, seed: int = 0) -> None:
        if min(width, classes) < 1 or members < 2:
            raise BadInput("An ensemble needs a positive width, classes, and two members or more.")
        self.rate, self.decay = rate, decay
        self._generator = torch.Generator().manual_seed(seed)
        self.heads = torch.randn(members, width + 1, classes, generator=self._generator) / width**0.5

    def update(self, features: Tensor, labels: Tensor) -> None:
        """Train every head on features [..., d] and labels [...]; ignored positions are left out."""
        with exact(features):
            rows, targets = self._rows(features), labels.flatten()
            keep = targets != IGNORED
            rows, targets = rows[keep], targets[keep]
            if not len(rows):
                return
            members, _, classes = self.heads.shape
            share = torch.poisson(torch.ones(members, len(rows)), generator=self._generator).to(rows).unsqueeze(-1)
            error = (rows @ self.heads).softmax(-1) - functional.one_hot(targets, classes).to(rows)
            gradient = rows.T @ (share * error) / len(rows)
            step = self.rate / rows.square().sum(-1).mean().clamp(min=1e-12)
            self.heads = self.heads * (1 - self.rate * self.decay) - step * gradient

    def score(self, features: Tensor) -> Tensor:
        """Return the mutual information of the heads [...] for features [..., d], in nats."""
        with exact(features):
            return mutual_information((self._rows(features) @ self.heads).softmax(-1)).reshape(features.shape[:-1])

    def _rows(self, features: Tensor) -> Tensor:
        rows = wide(features).flatten(0, -2)
        if rows.shape[-1] + 1 != self.heads.shape[1]:
            raise BadInput(f"The ensemble was built for features of width {self.heads.shape[1] - 1}; these have {rows.shape[-1]}.")
        self.heads = self.heads.to(rows)
        return torch.cat([rows, rows.new_ones(len(rows), 1)], 1)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the heads and the random state."""
        return {"heads": self.heads.clone(), "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.heads = state["heads"].clone()
        self._generator.set_state(state["generator"])


class ReducibleLoss:
    """The loss less that of a reference: what is left to learn, without the noise that no model fits.

    `reference` is a model trained on data held out from this run, run in evaluation mode, or a table [n] of its losses by sample id.

    Source: Mindermann et al., "Prioritized Training on Points that are Learnable, Worth Learning, and not yet Learnt" (2022).
    """

    def __init__(self, reference: nn.Module | Tensor) -> None:
        self.reference = reference

    def score(self, logits: Tensor, labels: Tensor, *, inputs: Any = None, ids: Tensor | None = None) -> Tensor:
        """Return the reducible loss per sample [B]: may be negative, and then there is nothing to gain.

        Raises:
            BadInput: a model without inputs, a table without ids, or ids outside the table.
        """
        checked_logits(logits, labels)
        return per_sample(loss(logits, labels), counted(labels)) - self.irreducible(labels, inputs, ids).to(logits.device)

    @torch.no_grad()
    def irreducible(self, labels: Tensor, inputs: Any = None, ids: Tensor | None = None) -> Tensor:
        """Return the reference's loss per sample [B]."""
        if isinstance(self.reference, Tensor):
            if ids is None or bool(((ids < 0) | (ids >= len(self.reference))).any()):
                raise BadInput(f"A table of {len(self.reference)} reference losses needs the samples' ids, each inside it.")
            return self.reference[ids.to(self.reference.device)]
        if inputs is None:
            raise BadInput("A reference model needs the inputs: score(logits, labels, inputs=x).")
        with modes_kept(self.reference):
            self.reference.eval()
            return per_sample(loss(self.reference(inputs), labels), counted(labels))
