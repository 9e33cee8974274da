"""Scoring a batch: which scores there are by name, what each needs, and the columns of the store that they go to."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..core import BadInput, did_you_mean
from . import _scores as scores
from ._bandit import ScorerBandit
from ._head import HeadTap
from ._shapes import HALF, counted, per_sample
from ._uncertainty import LaplacianUncertainty

Scorer = Callable[[Tensor, Tensor, Tensor | None], Tensor]  # logits, labels, features -> [B]
BY_NAME = ("epistemic", "entropy", "margin", "gini", "loss", "el2n", "gradient_norm", "reducible")
WITH_FEATURES = ("epistemic", "gradient_norm")
EVERY, STRIDE = 4, 8  # batches between two of the curvature, positions between two that are scored


class Scoring:
    """The scorer, what it keeps, and the tap on the head. With a bandit all its scorers are kept up to date, a column each, and one is played.

    Raises:
        BadInput: an unknown scorer, or one without what it needs.
    """

    def __init__(
        self,
        model: nn.Module,
        head: str | nn.Linear,
        scorer: str | Scorer | ScorerBandit,
        *,
        irreducible: Tensor | None,
        uncertainty: LaplacianUncertainty | None,
        difficulty: bool,
    ) -> None:
        self.scorer, self.irreducible = scorer, irreducible
        self.names = scorer.arms if isinstance(scorer, ScorerBandit) else (scorer,) if isinstance(scorer, str) else ()
        for name in self.names:
            if name not in BY_NAME:
                raise BadInput(f"There is no scorer {name!r}.{did_you_mean(name, BY_NAME)}")
        if "reducible" in self.names and irreducible is None:
            raise BadInput("The scorer 'reducible' needs irreducible=, a table [n] of a reference model's losses by sample id.")
        if uncertainty is None and "epistemic" in self.names:
            uncertainty = LaplacianUncertainty(model, head, every=EVERY, stride=STRIDE)
        self.uncertainty = uncertainty
        self.tap = uncertainty.tap if uncertainty is not None else None
        if self.tap is None and (difficulty or self.needs_features) and any(isinstance(each, nn.Linear) for each in model.modules()):
            self.tap = HeadTap(model, head)

    @property
    def needs_features(self) -> bool:
        """Whether the scorer looks at the head's input."""
        return not self.names or any(name in WITH_FEATURES for name in self.names)

    @property
    def column(self) -> str:
        """The column of the store by which samples are chosen now."""
        return f"score of {self.scorer.arm}" if isinstance(self.scorer, ScorerBandit) else "score"

    @property
    def ready(self) -> bool:
        """Whether the scorer that is played has seen what it judges by."""
        return self.uncertainty is None or self.uncertainty.updates > 0

    def features(self, logits: Tensor) -> Tensor | None:
        """Return the head's input [..., d] behind these logits; None where the head is no Linear and the scorer does not ask for it."""
        if self.tap is None:
            return None
        try:
            return self.tap.take(logits)
        except BadInput:
            if any(name in WITH_FEATURES for name in self.names):
                raise
            return None  # a head that is no Linear: the gradient norm is left out of the difficulty

    def values(
        self,
        logits: Tensor,
        labels: Tensor,
        features: Tensor | None,
        ids: Tensor,
        losses: Tensor,
        *,
        learn: bool = False,
        log_p: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the scores [B] by column of the store; with `learn` the batch is added to the curvature. `log_p` is what the loss made of the logits."""
        if learn and self.uncertainty is not None and "epistemic" not in self.names:
            self.uncertainty.update_fisher(logits, features, labels)
        if not self.names:
            assert callable(self.scorer)
            return {"score": self.scorer(logits.detach(), labels, features)}
        found = {name: self._one(name, logits, labels, features, ids, losses, learn, log_p) for name in self.names}
        return {f"score of {name}": each for name, each in found.items()} if len(found) > 1 else {"score": found[self.names[0]]}

    def _one(
        self,
        name: str,
        logits: Tensor,
        labels: Tensor,
        features: Tensor | None,
        ids: Tensor,
        losses: Tensor,
        learn: bool,
        log_p: Tensor | None,
    ) -> Tensor:
        if name == "loss":
            return losses
        if name == "reducible":
            assert self.irreducible is not None
            return losses - self.irreducible.to(losses)[ids.to(losses.device)]
        if name == "epistemic":
            assert self.uncertainty is not None
            if not learn:
                return self.uncertainty.score(logits, features, labels)
            if log_p is None or log_p.dtype in HALF:  # scores of half precision are made anew in single precision
                return self.uncertainty.update_and_score(logits, features, labels)
            return self.uncertainty.update_and_score(log_p, features, labels, normalised=True)
        if name == "gradient_norm":
            if features is None:
                raise BadInput("The gradient norm needs the head's input: the model has no Linear, give loss(..., features=...).")
            return per_sample(scores.gradient_norm(logits, labels, features), counted(labels))
        own = scores.el2n(logits, labels) if name == "el2n" else _OF_LOGITS[name](logits)
        return per_sample(own, counted(labels))

    def measures(
        self, logits: Tensor, labels: Tensor, features: Tensor | None, losses: Tensor, values: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the measures of difficulty [B]: loss, perplexity (by rank the loss), uncertainty (epistemic, or entropy), gradient norm."""
        mask = counted(labels)
        own = values.get("score of epistemic", values.get("score") if self.names == ("epistemic",) else None)
        found = {"loss": losses, "perplexity": losses}
        found["uncertainty"] = per_sample(scores.entropy(logits), mask) if own is None else own
        if features is not None:
            found["gradient_norm"] = per_sample(scores.gradient_norm(logits, labels, features), mask)
        return found

    def unknown(self, count: int) -> Tensor:
        """Return the score of what cannot be judged yet, +inf [count]."""
        return torch.full((count,), float("inf"))

    def close(self) -> None:
        """Take the hook off the model."""
        if self.tap is not None:
            self.tap.close()


_OF_LOGITS = {"entropy": scores.entropy, "margin": scores.margin, "gini": scores.gini}
