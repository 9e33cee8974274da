"""Epistemic uncertainty of the head from the training forward itself: a last-layer Laplace approximation that needs no pass of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..core import BadInput
from ._curvature import FORMS, LOWEST, SMALLEST, Curvature, epistemic, logit_variance, variance_trace
from ._head import HeadTap
from ._modes import modes_kept
from ._shapes import checked_logits, counted, exact, per_sample, wide

Form = Literal["auto", "diagonal", "kronecker", "leverage"]
LARGEST_KRONECKER = 1024  # classes; above, G [C, C] costs more than it tells


@dataclass(frozen=True)
class Uncertainty:
    """Predictions and what is not known about them, for logits [B, C] or [B, T, C]; per position unless said otherwise."""

    predictions: Tensor  # [...] the likeliest class
    probabilities: Tensor  # [..., C] softmax of the logits damped by their variance; plain softmax in the leverage form
    epistemic: Tensor  # [...] ½ tr(ΛV), nats; leverage × Gini in the leverage form
    aleatoric: Tensor  # [...] 1 - Σ p²
    variance: Tensor  # [...] tr V, of the logits
    sample: Tensor  # [B] epistemic, averaged over the positions that count


class LaplacianUncertainty:
    """A Gaussian posterior over the head's weights, kept up to date from features and logits of the training forward.

    form: "diagonal" (C·d numbers), "kronecker" (d² + C²), "leverage" (d², for large vocabularies); "auto" is kronecker up to 1,024 classes, else leverage.
    decay: of the sums at each update; None keeps a running sum.  prior: precision δ of the Gaussian prior, weight decay × number of samples for L2.
    samples: how many positions the posterior stands for, the counted ones if None.  refresh: updates between eigendecompositions.
    every: of the batches offered, every `every`-th is added to the curvature, the first always; all are scored.  stride: of [B, T, V], every stride-th position is used in updates and in `score`.

    Raises:
        BadInput: a value out of its range, or no Linear to take as head.
    """

    def __init__(
        self,
        model: nn.Module | None = None,
        head: str | nn.Linear = "auto",
        *,
        form: Form = "auto",
        decay: float | None = 0.95,
        prior: float = 1.0,
        samples: int | None = None,
        refresh: int = 10,
        every: int = 1,
        stride: int = 1,
        bias: bool | None = None,
    ) -> None:
        if form not in ("auto", *FORMS):
            raise BadInput(f"The form is one of auto, {', '.join(FORMS)}, not {form!r}.")
        if decay is not None and not 0 < decay <= 1:
            raise BadInput(f"The decay lies in (0, 1], or is None for a running sum; got {decay}.")
        if not prior > 0 or min(refresh, every, stride) < 1 or (samples is not None and samples < 1):
            raise BadInput("The prior must be positive; refresh, every, stride and samples are at least 1.")
        self.tap = HeadTap(model, head) if model is not None else None
        self.model = model
        self.form: Form = form
        self.refresh, self.every, self.stride, self.bias = refresh, every, stride, bias
        self.updates = self.skipped = self._offered = 0
        self._curvature = Curvature(form, 1.0 if decay is None else decay, prior, samples)

    def update_fisher(self, logits: Tensor, features: Tensor | None = None, labels: Tensor | None = None) -> None:
        """Add one batch to the curvature; positions whose label is -100 do not count. A batch that is not finite is skipped and counted as such."""
        self._seen(logits, features, labels, update=True, score=False)

    def score(self, logits: Tensor, features: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """Return the epistemic score per sample [B], from every stride-th position: the cheap way for a training loop."""
        return self._seen(logits, features, labels, update=False, score=True)

    def update_and_score(
        self, logits: Tensor, features: Tensor | None = None, labels: Tensor | None = None, *, normalised: bool = False
    ) -> Tensor:
        """Do both at once: `update_fisher`, then `score`. `normalised` logits are log-probabilities, as the loss made them: no softmax is needed."""
        return self._seen(logits, features, labels, update=True, score=True, normalised=normalised)

    def _seen(
        self, logits: Tensor, features: Tensor | None, labels: Tensor | None, *, update: bool, score: bool, normalised: bool = False
    ) -> Tensor:
        offered = update
        update = offered and (self._offered % self.every == 0 or not self.updates)
        self._offered += offered
        if not (update or score):
            return logits.new_empty(0)
        thin, inner, kept = self._thinned(logits, self._features(logits, features), labels)
        mask = counted(kept)
        with exact(logits):
            phi, z = self._rows(thin, inner)
            p = z.clamp(min=LOWEST).exp_() if normalised else z.softmax(-1).clamp_(min=SMALLEST)
            if update:
                keep = slice(None) if mask is None else mask.flatten()
                self._update(phi[keep], p[keep])
            if not score:
                return phi.new_empty(0)
            if offered and not self.updates:  # every batch so far was skipped: nothing is known
                return phi.new_full((len(logits),), float("inf"))
            return per_sample(epistemic(self._curvature, phi, p, self.refresh).reshape(thin.shape[:-1]), mask)

    def _update(self, phi: Tensor, p: Tensor) -> None:
        if len(phi) == 0:
            return
        if not bool(torch.isfinite(phi.sum() + p[:, 0].sum())):  # a softmax with one value that is no number has none that is
            self.skipped += 1
            return
        if self._curvature.form == "auto":
            self._curvature.form = "kronecker" if p.shape[-1] <= LARGEST_KRONECKER else "leverage"
        self._curvature.update(phi, p)
        self.updates += 1

    def estimate(self, logits: Tensor, features: Tensor | None = None, labels: Tensor | None = None) -> Uncertainty:
        """Return predictions and uncertainty of every position together.

        Source: MacKay, "The Evidence Framework Applied to Classification Networks" (1992), for damping logits by 1/√(1 + πσ²/8).

        Raises:
            BadInput: no batch was added yet, or shapes do not agree.
        """
        with exact(logits):
            return self._estimate(logits, self._features(logits, features), labels)

    def _estimate(self, logits: Tensor, features: Tensor, labels: Tensor | None) -> Uncertainty:
        phi, z = self._rows(logits, features)
        shape, p = logits.shape[:-1], z.softmax(-1)
        own = self._curvature
        if own.form == "leverage":
            mean, trace = p, variance_trace(own, phi, self.refresh)
        else:
            variance = logit_variance(own, phi, self.refresh)
            mean, trace = (z / (1 + torch.pi / 8 * variance).sqrt()).softmax(-1), variance.sum(-1)
        score = epistemic(own, phi, p, self.refresh).reshape(shape)
        return Uncertainty(
            predictions=mean.argmax(-1).reshape(shape),
            probabilities=mean.reshape(logits.shape),
            epistemic=score,
            aleatoric=(1 - p.square().sum(-1)).reshape(shape),
            variance=trace.reshape(shape),
            sample=per_sample(score, counted(labels)),
        )

    @torch.no_grad()
    def predict(self, *inputs: Any) -> Uncertainty:
        """Run the model in evaluation mode, give it its modes back, and return predictions and uncertainty together."""
        if self.model is None:
            raise BadInput("predict needs the model: LaplacianUncertainty(model).")
        with modes_kept(self.model):
            self.model.eval()
            logits = self.model(*inputs)
        return self.estimate(logits)

    def logit_variance(self, features: Tensor) -> Tensor:
        """Return Var f_c [..., C] of the logits for features [..., d]."""
        with exact(features):
            phi = self._with_one(wide(features).flatten(0, -2))
            return logit_variance(self._curvature, phi, self.refresh).reshape(*features.shape[:-1], -1)

    def monitor(self) -> dict[str, float]:
        """Return what is worth a look while training: updates, skipped batches, positions counted, age of the factors, bytes, mean of the sums."""
        own = self._curvature
        size = sum(each.numel() * each.element_size() for each in [*own.sums.values(), *own.others.values(), *(own._factors or ())])
        seen = {
            f"mean_{name}": float(value.diagonal().mean() if name in "AG" else value.mean()) / own.count for name, value in own.sums.items()
        }
        counts = {"updates": self.updates, "skipped": self.skipped, "positions": own.positions, "age": own.age, "bytes": size}
        return {**{name: float(value) for name, value in counts.items()}, **seen}

    def reset(self) -> None:
        """Forget every batch, as after a change of the head."""
        self._curvature.clear()
        self._curvature.form = self.form
        self.updates = self.skipped = self._offered = 0

    def synchronise(self, group: Any = None) -> None:
        """Add what the other ranks of an initialised `torch.distributed` have seen; call it on every rank at once. Without ranks nothing changes.

        Raises:
            BadInput: the heads of the ranks differ in shape.
        """
        self._curvature.synchronise(group)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later scores depend on."""
        own = self._curvature
        factors = None if own._factors is None else [each.clone() for each in own._factors]
        sums = {name: value.clone() for name, value in own.sums.items()}
        return {
            "form": own.form,
            "sums": sums,
            "count": own.count,
            "others": {name: value.clone() for name, value in own.others.items()},
            "others_count": own.others_count,
            "age": own.age,
            "factors": factors,
            "updates": self.updates,
            "skipped": self.skipped,
            "offered": self._offered,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        own = self._curvature
        own.form, own.count, own.age = state["form"], state["count"], state["age"]
        own.sums = {name: value.clone() for name, value in state["sums"].items()}
        own.others, own.others_count = {name: value.clone() for name, value in state["others"].items()}, state["others_count"]
        own._factors = None if state["factors"] is None else tuple(each.clone() for each in state["factors"])
        self.updates, self.skipped, self._offered = state["updates"], state["skipped"], state["offered"]

    def _features(self, logits: Tensor, features: Tensor | None) -> Tensor:
        if features is None:
            if self.tap is None:
                raise BadInput("Features are needed: give them, or build LaplacianUncertainty with the model.")
            features = self.tap.take(logits)
        checked_logits(logits, None, features)
        return features

    def _thinned(self, logits: Tensor, features: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Keep every stride-th position of [B, T, V]; all samples of [B, C]."""
        checked_logits(logits, labels, features)
        if logits.dim() == 2 or self.stride == 1:
            return logits, features, labels
        start = min(self.stride - 1, logits.shape[1] - 1)  # the last of each stretch: it has seen the most context
        return (
            logits[:, start :: self.stride],
            features[:, start :: self.stride],
            None if labels is None else labels[:, start :: self.stride],
        )

    def _rows(self, logits: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        phi = self._with_one(wide(features).flatten(0, -2))
        return phi, wide(logits).flatten(0, -2).to(phi.dtype)

    def _with_one(self, phi: Tensor) -> Tensor:
        head = self.tap.head if self.tap is not None else None
        bias = self.bias if self.bias is not None else head is not None and head.bias is not None
        return torch.cat([phi, phi.new_ones(len(phi), 1)], 1) if bias else phi
