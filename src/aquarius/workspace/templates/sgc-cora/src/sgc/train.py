"""Train simple graph convolution on a citation graph: Wu et al. 2019, section 5.1, and their code where the paper is silent.

`train(run)` is called once for each seed. Every number is a setting of conf/sgc-cora.yaml, with its origin there.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from aquarius.models.graph.sgc import SGCConfig, SimpleGraphConvolution
from aquarius.parts.graph import symmetric_normalisation


def train(run) -> dict[str, float]:
    """Average the features once, then fit logistic regression on the training nodes; return accuracies in percent after the last epoch.

    No checkpoint: a run takes a fraction of a second, and an interrupted one begins again with the same bits.
    """
    settings = run.settings
    graph = run.data(settings["dataset"])
    model = SimpleGraphConvolution(SGCConfig(graph.features.shape[1], graph.classes, settings["hops"]))
    averaged = model.precompute(row_normalised(graph.features), normalised_adjacency(graph))  # [nodes, features]
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"])
    for epoch in range(1, settings["epochs"] + 1):
        optimizer.zero_grad()
        loss = cross_entropy(model.classify(averaged[graph.train]), graph.labels[graph.train])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            logits = model.classify(averaged[graph.validation])
            validation_loss = cross_entropy(logits, graph.labels[graph.validation])
        run.log(
            epoch, train_loss=loss, validation_loss=validation_loss, validation_accuracy=accuracy(logits, graph.labels[graph.validation])
        )
    with torch.no_grad():
        final = model.classify(averaged)
    return {
        "test_accuracy": accuracy(final[graph.test], graph.labels[graph.test]),
        "validation_accuracy": accuracy(final[graph.validation], graph.labels[graph.validation]),
    }


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the accuracy in percent."""
    return 100.0 * (logits.argmax(dim=1) == labels).sum().item() / labels.numel()


def row_normalised(features: Tensor) -> Tensor:
    """Return features whose rows sum to 1, as in the authors' code; a row of zeros stays zero."""
    sums = features.sum(dim=1, keepdim=True)
    return torch.where(sums > 0, features / sums, 0.0)


def normalised_adjacency(graph) -> Tensor:
    """Return S = D^-1/2 (A + I) D^-1/2 as a sparse tensor [nodes, nodes] (section 2.1)."""
    nodes = graph.features.shape[0]
    return symmetric_normalisation(
        torch.sparse_coo_tensor(graph.edges, torch.ones(graph.edges.shape[1]), (nodes, nodes), check_invariants=False).coalesce()
    )
