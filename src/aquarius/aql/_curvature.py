"""The generalised Gauss-Newton of the head, in three forms, as sums over positions with a decay.

A sum S ← decay·S + Σ_batch with a count n ← decay·n + M is the exponential moving average S/n with its effective number of positions n ≈ M/(1-decay);
decay = 1 is the running sum. φ ∈ [M, d] is the head's input, with a one appended where the head has a bias; p ∈ [M, C] its probabilities; δ the prior precision.

Source: Daxberger et al., "Laplace Redux" (2021), for the last layer; Schraudolph (2002) for the Gauss-Newton, Λ = diag(p) - ppᵀ.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, distributed

from ..core import BadInput
from ._ranks import gathered

SMALLEST = 1e-18  # of a probability; its square is a normal number: sums of subnormal ones take five times as long
LOWEST = math.log(SMALLEST)
DAMPING = 1e-3  # of leverage, relative to the mean eigenvalue of E[φφᵀ]


class Curvature:
    """What the three forms share: named sums, their count and what was last made of them. A form is one of the functions below by name."""

    def __init__(self, form: str, decay: float, prior: float, samples: int | None) -> None:
        self.form, self.decay, self.prior, self.samples = form, decay, prior, samples
        self.sums: dict[str, Tensor] = {}
        self.count = 0.0
        self.others: dict[str, Tensor] = {}  # the sums of the other ranks when all last met, decayed since as they are there
        self.others_count = 0.0
        self.age = 0  # updates since the factors were last made
        self._factors: tuple[Tensor, ...] | None = None

    def update(self, phi: Tensor, probabilities: Tensor) -> None:
        """Add one batch: φ [M, d], p [M, C]."""
        for name, value in _PARTS[self.form](phi, probabilities).items():
            if name in self.sums and self.sums[name].shape != value.shape:
                raise BadInput(
                    f"This batch's head has shape {list(value.shape)}, the ones before {list(self.sums[name].shape)}; reset first."
                )
            self.sums[name] = value if name not in self.sums else self.sums[name].mul_(self.decay).add_(value)
        self.count = self.count * self.decay + len(phi)
        for value in self.others.values():
            value.mul_(self.decay)
        self.others_count *= self.decay
        self.age += 1

    def total(self, name: str) -> Tensor:
        """Return a sum over all ranks, as far as they have met."""
        return self.sums[name] + self.others[name] if name in self.others else self.sums[name]

    @property
    def positions(self) -> float:
        """Positions counted, over all ranks as far as they have met."""
        return self.count + self.others_count

    @property
    def scale(self) -> float:
        """What the averages stand for: the number of positions counted, or `samples` where that was given."""
        return 1.0 if self.samples is None else self.samples / self.positions

    def synchronise(self, group: Any = None) -> None:
        """Take in the sums of all other ranks of an initialised `torch.distributed`, in place of those of the last time; call it on every rank at once."""
        states = gathered({"sums": {name: value.cpu() for name, value in self.sums.items()}, "count": self.count}, group)
        if len(states) == 1 or not self.sums:  # a rank that has seen no batch does not know its form yet
            return
        own = distributed.get_rank(group)
        rest = [state for rank, state in enumerate(states) if rank != own and state["sums"]]
        shapes = {name: value.shape for name, value in self.sums.items()}
        if any({name: value.shape for name, value in state["sums"].items()} != shapes for state in rest):
            raise BadInput("The ranks' heads have different shapes, so their curvatures cannot be added.")
        self.others = {
            name: sum((state["sums"][name].to(value) for state in rest), torch.zeros_like(value)) for name, value in self.sums.items()
        }
        self.others_count = sum(state["count"] for state in rest)
        self._factors = None

    def factors(self, refresh: int) -> tuple[Tensor, ...]:
        """Return what the scores are made from, made again when `refresh` updates came since."""
        if not self.sums:
            raise BadInput("The curvature has seen no batch yet: call update_fisher first.")
        if self._factors is None or self.age >= refresh:
            self._factors, self.age = _FACTORS[self.form](self), 0
        return self._factors

    def clear(self) -> None:
        """Forget every batch."""
        self.sums, self.count, self.others, self.others_count, self.age, self._factors = {}, 0.0, {}, 0.0, 0, None


def _diagonal_parts(phi: Tensor, p: Tensor) -> dict[str, Tensor]:
    return {"fisher": (p * (1 - p)).T @ phi.square()}  # [C, d]


def _kronecker_parts(phi: Tensor, p: Tensor) -> dict[str, Tensor]:
    return {"A": phi.T @ phi, "G": torch.diag(p.sum(0)) - p.T @ p}


def _leverage_parts(phi: Tensor, p: Tensor) -> dict[str, Tensor]:
    return {"A": phi.T @ phi}


def _diagonal_factors(own: Curvature) -> tuple[Tensor, ...]:
    return (1 / (own.scale * own.total("fisher") + own.prior),)  # the posterior variance of each weight, [C, d]


def _eigen(matrix: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return values.clamp(min=0), vectors


def _kronecker_factors(own: Curvature) -> tuple[Tensor, ...]:
    """A = Q diag(a) Qᵀ, G = R diag(b) Rᵀ: variances 1/(N a_i b_j + δ) [d, C] in the common eigenbasis, exact with the prior.

    Source: Ritter, Botev, Barber, "A Scalable Laplace Approximation for Neural Networks" (2018).
    """
    a, q = _eigen(own.total("A"))
    b, r = _eigen(own.total("G"))
    variances = 1 / (own.scale / own.positions * torch.outer(a, b) + own.prior)
    return variances, q, r


def _leverage_factors(own: Curvature) -> tuple[Tensor, ...]:
    a, q = _eigen(own.total("A") / own.positions)
    return (q * (a + DAMPING * a.mean().clamp(min=1e-30)).rsqrt(),)  # [d, d]


def logit_variance(own: Curvature, phi: Tensor, refresh: int) -> Tensor:
    """Return Var f_c [M, C] of the head's outputs under the posterior."""
    if own.form == "diagonal":
        (variances,) = own.factors(refresh)
        return phi.square() @ variances.T
    if own.form == "kronecker":
        variances, q, r = own.factors(refresh)
        return ((phi @ q).square() @ variances) @ r.square().T
    raise BadInput("The leverage form has no variance per class; use form='diagonal' or 'kronecker'.")


def variance_trace(own: Curvature, phi: Tensor, refresh: int) -> Tensor:
    """Return tr V(x) [M]; in the leverage form φᵀ(A + εI)⁻¹φ, which ranks alike and is in units of its own."""
    if own.form == "leverage":
        (root,) = own.factors(refresh)
        return (phi @ root).square().sum(-1)
    if own.form == "kronecker":
        variances, q, _ = own.factors(refresh)
        return (phi @ q).square() @ variances.sum(1)
    return phi.square() @ own.factors(refresh)[0].sum(0)


def epistemic(own: Curvature, phi: Tensor, p: Tensor, refresh: int) -> Tensor:
    """Return ½ tr(ΛV) [M]: to second order the mutual information of label and weights, in nats; leverage × Gini in the leverage form.

    In the Kronecker form V = Σ_j u_j r_j r_jᵀ with u_j = Σ_i (q_iᵀφ)²/(N a_i b_j + δ), so tr(ΛV) = Σ_j u_j (Σ_c p_c R_cj² - (Σ_c p_c R_cj)²).

    Source: Houlsby et al. (2011), equation 2, expanded to second order in the logits around their mean.
    """
    if own.form == "leverage":
        squares = torch.linalg.vector_norm(p, dim=-1).square()
        return variance_trace(own, phi, refresh) * (1 - squares)
    if own.form == "diagonal":
        return 0.5 * (p * (1 - p) * logit_variance(own, phi, refresh)).sum(-1)
    variances, q, r = own.factors(refresh)
    u = (phi @ q).square() @ variances
    return 0.5 * (u * (p @ r.square() - (p @ r).square())).sum(-1).clamp(min=0)


_PARTS = {"diagonal": _diagonal_parts, "kronecker": _kronecker_parts, "leverage": _leverage_parts}
_FACTORS = {"diagonal": _diagonal_factors, "kronecker": _kronecker_factors, "leverage": _leverage_factors}
FORMS = tuple(_PARTS)
