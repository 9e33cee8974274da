"""The symmetrically normalised adjacency of a graph, dense or sparse."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import BadInput
from .._part import Part


def symmetric_normalisation(adjacency: Float[Tensor, "nodes nodes"], *, self_loops: bool = True) -> Float[Tensor, "nodes nodes"]:
    """Return D^-1/2 (A + I) D^-1/2 with D the row sums of A + I; without `self_loops` the I is left out.

    Sparse (COO) in, sparse (COO, coalesced) out; dense in, dense out. A node without any edge keeps a row of 0, not NaN.
    An edge that A lists twice counts twice; a self-loop that A already has is kept beside the one of I.

    Source: arXiv:1609.02907, section 2, equation (2) (the renormalisation trick).

    Raises:
        BadInput: not square, a layout other than dense and sparse COO, or a row with a negative sum.
    """
    if adjacency.ndim != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise BadInput(f"an adjacency matrix is square, got the shape {tuple(adjacency.shape)}.")
    if adjacency.layout not in (torch.strided, torch.sparse_coo):
        raise BadInput(f"an adjacency matrix is dense or sparse COO here, got {adjacency.layout}: convert it with to_sparse_coo().")
    nodes = adjacency.shape[0]
    if not adjacency.is_sparse:
        with_loops = adjacency + torch.eye(nodes, dtype=adjacency.dtype, device=adjacency.device) if self_loops else adjacency
        scale = _inverse_root(with_loops.sum(dim=1))
        return scale[:, None] * with_loops * scale[None, :]
    indices, values = adjacency.coalesce().indices(), adjacency.coalesce().values()
    if self_loops:
        loop = torch.arange(nodes, device=indices.device)
        indices = torch.cat((indices, torch.stack((loop, loop))), dim=1)
        values = torch.cat((values, values.new_ones(nodes)))
    degree = values.new_zeros(nodes).index_add(0, indices[0], values)
    scale = _inverse_root(degree)
    scaled = scale[indices[0]] * values * scale[indices[1]]
    return torch.sparse_coo_tensor(indices, scaled, (nodes, nodes), check_invariants=False).coalesce()


def _inverse_root(degree: Float[Tensor, " nodes"]) -> Float[Tensor, " nodes"]:
    """Return degree^-1/2, and 0 for a node without edges."""
    if bool((degree < 0).any()):
        raise BadInput("a row of the adjacency matrix has a negative sum, and its square root does not exist.")
    return torch.where(degree > 0, degree.clamp(min=torch.finfo(degree.dtype).tiny).rsqrt(), 0.0)


SYMMETRIC_NORMALISATION = Part(
    name="symmetric normalisation",
    paper="arXiv:1609.02907",
    section="section 2, equation (2)",
    equation=r"\tilde{D}^{-\frac{1}{2}}\tilde{A}\tilde{D}^{-\frac{1}{2}}, \quad \tilde{A} = A + I_N, \quad \tilde{D}_{ii} = \sum_j \tilde{A}_{ij}",
    gotcha="The degrees are those of A + I, not of A; without self-loops a lonely node divides by 0.",
    build=symmetric_normalisation,
)
