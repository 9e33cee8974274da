"""What the uncertainty is worth: can it tell digits that were never seen from those that were, as well as MC dropout can? And what entropies mean."""

import torch
from model import network
from sources import digits, scaled
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aquarius.aql import LaplacianUncertainty, entropy, gini, mc_dropout

CLASSES = 5  # the digits that are trained on; the others were never seen


def train(run) -> dict[str, float]:
    """Train on half of the digits, then score test images of both halves by every measure; values in percent of the area under the ROC curve."""
    settings = run.settings
    x, y, test_x, test_y = digits(run)
    known, x = y < CLASSES, scaled(x)
    order = torch.randperm(int(known.sum()), generator=torch.Generator().manual_seed(4000 + run.seed))[: settings["images"]]
    x, y = x[known][order], y[known][order]
    model = network(settings["hidden"], settings["dropout"], CLASSES)
    before = mean_entropy(model, scaled(test_x[test_y < CLASSES]))
    laplace = fitted(model, x, y, settings)
    chosen = torch.randperm(len(test_x), generator=torch.Generator().manual_seed(5000 + run.seed))[: settings["test"]]
    inputs, new = scaled(test_x[chosen]), test_y[chosen] >= CLASSES
    model.eval()
    with torch.no_grad():
        logits = model(inputs)
        features = model[:-1](inputs)
    scores = {
        "laplace": laplace.estimate(logits, features).epistemic,
        "dropout": mc_dropout(model, inputs, passes=settings["passes"]),
        "entropy": entropy(logits),
        "without_fisher": features.square().sum(1)
        * gini(logits),  # the same formula with the identity in place of the posterior's covariance
        "shuffled": laplace.estimate(logits, features).epistemic[torch.randperm(len(logits))],
    }
    found = {f"{name}_area": 100 * area(values, new) for name, values in scores.items()}
    found["laplace_less_dropout_area"] = found["laplace_area"] - found["dropout_area"]
    found["laplace_less_entropy_area"] = found["laplace_area"] - found["entropy_area"]
    found["laplace_less_without_fisher_area"] = found["laplace_area"] - found["without_fisher_area"]
    found["accuracy"] = 100 * (logits[~new].argmax(1) == test_y[chosen][~new]).float().mean().item()
    found["entropy_of_an_untrained_network"] = before
    found["entropy_of_a_trained_network"] = entropy(logits[~new]).mean().item()
    return found


def fitted(model: nn.Module, x: Tensor, y: Tensor, settings: dict) -> LaplacianUncertainty:
    """Train the model; return its last layer's Laplace approximation over all training images, at the weights that came out."""
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["learning_rate"])
    model.train()
    for _ in range(settings["epochs"]):
        for batch in torch.randperm(len(x)).split(settings["batch_size"]):
            optimizer.zero_grad()
            cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    model.eval()
    laplace = LaplacianUncertainty(model, decay=None, prior=settings["prior"])
    with torch.no_grad():
        for part in x.split(500):
            laplace.update_fisher(model(part))
    return laplace


def mean_entropy(model: nn.Module, inputs: Tensor) -> float:
    """Return the mean entropy of the model's predictions, in nats."""
    model.eval()
    with torch.no_grad():
        return entropy(model(inputs)).mean().item()


def area(scores: Tensor, positive: Tensor) -> float:
    """Return the area under the ROC curve: the chance that a positive has the higher score, ties counted half."""
    scores, positive = scores.double(), positive.bool()
    _, places, counts = scores.unique(return_inverse=True, return_counts=True)
    ranks = (counts.cumsum(0) - (counts - 1) / 2).double()[places]
    yes, no = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - yes * (yes + 1) / 2) / (yes * no))
