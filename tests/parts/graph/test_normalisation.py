from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aquarius.core import BadInput
from aquarius.parts.graph import symmetric_normalisation


def path() -> Tensor:
    """0 - 1 - 2, and 3 alone."""
    adjacency = torch.zeros(4, 4)
    for one, two in ((0, 1), (1, 2)):
        adjacency[one, two] = adjacency[two, one] = 1
    return adjacency


def test_values_by_hand() -> None:
    out = symmetric_normalisation(path())
    assert out[0, 0].item() == pytest.approx(1 / 2)
    assert out[0, 1].item() == pytest.approx(1 / 6**0.5)
    assert out[3].tolist() == [0, 0, 0, 1]
    assert torch.equal(out, out.T)


@pytest.mark.parametrize("self_loops", [True, False])
def test_sparse_equals_dense(self_loops: bool) -> None:
    torch.manual_seed(0)
    upper = (torch.rand(20, 20) > 0.8).float().triu(1)
    adjacency = upper + upper.T
    sparse = symmetric_normalisation(adjacency.to_sparse(), self_loops=self_loops)
    assert sparse.is_sparse and sparse.is_coalesced()
    torch.testing.assert_close(sparse.to_dense(), symmetric_normalisation(adjacency, self_loops=self_loops))


def test_its_largest_eigenvalue_is_one() -> None:
    assert torch.linalg.eigvalsh(symmetric_normalisation(path().double())).max().item() == pytest.approx(1)


def test_a_lonely_node_without_a_loop_is_a_row_of_zeros() -> None:
    for adjacency in (path(), path().to_sparse()):
        out = symmetric_normalisation(adjacency, self_loops=False)
        dense = out.to_dense()
        assert dense.isfinite().all() and (dense[3] == 0).all()


def test_an_edge_listed_twice_counts_twice() -> None:
    twice = torch.sparse_coo_tensor(torch.tensor([[0, 0, 1, 1], [1, 1, 0, 0]]), torch.ones(4), (2, 2), check_invariants=True)
    torch.testing.assert_close(symmetric_normalisation(twice).to_dense(), symmetric_normalisation(twice.to_dense()))


def test_the_input_is_not_changed() -> None:
    adjacency = path()
    symmetric_normalisation(adjacency)
    assert torch.equal(adjacency, path())


@pytest.mark.filterwarnings("ignore:Sparse CSC")
def test_bad_input_is_refused() -> None:
    with pytest.raises(BadInput, match=r"square, got the shape \(2, 3\)"):
        symmetric_normalisation(torch.zeros(2, 3))
    with pytest.raises(BadInput, match="negative sum"):
        symmetric_normalisation(-2 * torch.ones(2, 2))
    with pytest.raises(BadInput, match=r"dense or sparse COO here, got torch\.sparse_csc"):
        symmetric_normalisation(path().to_sparse_csc())
