"""Train the two-layer GCN on a citation graph: Kipf and Welling 2017, sections 5.1 and 5.2, and their code where the paper is silent.

`train(run)` is called once for each seed. Every number is a setting of conf/gcn-cora.yaml, with its origin there.
"""

import warnings

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout

from aquarius.models.graph.gcn import GCN, GCNConfig
from aquarius.parts.graph import symmetric_normalisation


def train(run) -> dict[str, float]:
    """Train with early stopping on the validation loss; return accuracies in percent after the last epoch, and the epochs.

    No checkpoint: a run takes a second, and an interrupted one begins again with the same bits.
    """
    settings = run.settings
    graph = run.data(settings["dataset"])
    features, adjacency = Sparse.of(row_normalised(graph.features).to_sparse_coo()), Sparse.of(normalised_adjacency(graph))
    model = GCN(GCNConfig(graph.features.shape[1], settings["hidden"], graph.classes, settings["dropout"]))
    model.dropout = Dropout(settings["dropout"])
    optimizer = torch.optim.Adam(
        [
            # weight_decay * sum(w^2) / 2 in the loss has the gradient weight_decay * w, which is what Adam's weight_decay adds
            {"params": model.hidden.parameters(), "weight_decay": settings["weight_decay"]},
            {"params": model.output.parameters(), "weight_decay": 0.0},
        ],
        lr=settings["learning_rate"],
    )
    validation_losses: list[float] = []
    logits = torch.empty(0)
    for epoch in range(1, settings["epochs"] + 1):
        model.train()
        optimizer.zero_grad()
        loss = cross_entropy(model(features, adjacency)[graph.train], graph.labels[graph.train])
        loss.backward()
        optimizer.step()

        model.eval()
        with torch.no_grad():
            logits = model(features, adjacency)  # [nodes, classes]
            penalty = settings["weight_decay"] * model.hidden.weight.square().sum() / 2  # the authors' validation loss has it too
            validation_loss = cross_entropy(logits[graph.validation], graph.labels[graph.validation]) + penalty
        validation_losses.append(validation_loss.item())
        run.log(epoch, train_loss=loss, validation_loss=validation_loss, validation_accuracy=accuracy(logits, graph, graph.validation))
        if stops(validation_losses, settings["early_stopping_window"]):
            break
    return {
        "test_accuracy": accuracy(logits, graph, graph.test),
        "validation_accuracy": accuracy(logits, graph, graph.validation),
        "epochs": float(len(validation_losses)),
    }


def stops(losses: list[float], window: int) -> bool:
    """Say whether the last validation loss exceeds the mean of the `window` before it; as in the authors' code, never in the first epochs."""
    return len(losses) > window + 1 and losses[-1] > sum(losses[-window - 1 : -1]) / window


def accuracy(logits: Tensor, graph, nodes: Tensor) -> float:
    """Return the accuracy over some nodes, in percent."""
    return 100.0 * (logits[nodes].argmax(dim=1) == graph.labels[nodes]).sum().item() / nodes.numel()


def row_normalised(features: Tensor) -> Tensor:
    """Return features whose rows sum to 1 (section 5.2); a row of zeros stays zero."""
    sums = features.sum(dim=1, keepdim=True)
    return torch.where(sums > 0, features / sums, 0.0)


def normalised_adjacency(graph) -> Tensor:
    """Return D^-1/2 (A + I) D^-1/2 as a sparse tensor [nodes, nodes]."""
    nodes = graph.features.shape[0]
    return symmetric_normalisation(
        torch.sparse_coo_tensor(graph.edges, torch.ones(graph.edges.shape[1]), (nodes, nodes), check_invariants=False).coalesce()
    )


class Sparse:
    """A constant sparse matrix that is multiplied as `matrix @ dense`, quickly in both directions.

    It holds itself and its transpose in compressed rows: torch would transpose anew in every backward pass, which takes most of the time.
    """

    def __init__(self, matrix: Tensor, transposed: Tensor, order: Tensor) -> None:
        self.matrix, self.transposed, self.order = matrix, transposed, order

    @staticmethod
    def of(matrix: Tensor) -> "Sparse":
        """Build from a sparse COO tensor."""
        matrix = matrix.coalesce()
        places = torch.arange(matrix.values().numel())
        numbered = torch.sparse_coo_tensor(matrix.indices().flip(0), places, matrix.shape[::-1], check_invariants=False).coalesce()
        order = numbered.values()  # where the transpose's entries lie in the matrix
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch calls compressed rows a beta feature
            return Sparse(matrix.to_sparse_csr(), matrix.t().coalesce().to_sparse_csr(), order)

    def __matmul__(self, dense: Tensor) -> Tensor:
        return _Product.apply(dense, self.matrix, self.transposed)

    def dropped(self, rate: float) -> "Sparse":
        """Return the matrix after dropout. Zeros stay zero either way, so only what is stored is drawn for."""
        values = dropout(self.matrix.values(), rate)
        rows = lambda like, kept: torch.sparse_csr_tensor(like.crow_indices(), like.col_indices(), kept, like.shape, check_invariants=False)
        return Sparse(rows(self.matrix, values), rows(self.transposed, values[self.order]), self.order)


class _Product(torch.autograd.Function):
    """matrix @ dense, and transposed @ gradient on the way back."""

    @staticmethod
    def forward(context, dense: Tensor, matrix: Tensor, transposed: Tensor) -> Tensor:
        context.transposed = transposed
        return matrix @ dense

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, None, None]:
        return context.transposed @ gradient, None, None


class Dropout(nn.Module):
    """Dropout of dense tensors and of `Sparse`."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if isinstance(x, Sparse):
            return x.dropped(self.rate) if self.training else x
        return dropout(x, self.rate, self.training)
