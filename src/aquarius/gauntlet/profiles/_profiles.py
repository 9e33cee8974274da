"""Checks for one kind of model each: experts, adapters, contrastive learning, games, graphs."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._objective import objective
from .._training import Training
from ..sequences._attention import PRODUCTS

PLAYER_STEPS = 6  # one player may be trained more often than the other


def chosen_experts(examination: Examination) -> Evidence | list[Evidence]:
    """Take one sample's output and count the experts that it has a gradient on: as many as are stated to be chosen."""
    count, chosen = examination.number("experts"), examination.number("top_k")
    model = examination.perturbed()
    lists = [(path, m) for path, m in model.named_modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    flat = all(
        value.ndim <= 2 and value.is_floating_point()
        for value in examination.batch().values()
        if isinstance(value, Tensor) and value.ndim > 1
    )
    if count is None or chosen is None or not lists or not examination.layout.rows or not flat:
        return examination.skipped("no number of chosen experts is stated, no list of as many is found, or an output sees several tokens")
    used = set()
    for row in range(4):
        output = examination.forward(model, examination.batch())
        if not output.requires_grad or output.ndim < 1 or output.shape[0] != examination.layout.size:
            return examination.skipped("the output has no axis of samples")
        model.zero_grad()
        one = output[row] if output.ndim < 3 else output[row, 0]
        one.square().sum().backward()
        for path, experts in lists:
            number = sum(any(p.grad is not None and bool(p.grad.abs().max() > 0) for p in expert.parameters()) for expert in experts)
            used.add((path, number))
    wrong = sorted({number for path, number in used if path == lists[0][0] and number != chosen})
    if wrong:
        where = examination.where(model, lists[0][0].rpartition(".")[0])
        message = f"one sample uses {', '.join(map(str, wrong))} of {count:g} experts, and {chosen:g} are stated"
        return examination.finding("fail", message, where=where, path=lists[0][0], hint="Look at topk and at what is done with the rest.")
    return examination.passed(f"each sample uses {chosen:g} of {count:g} experts")


def adapter_scale(examination: Examination) -> Evidence | list[Evidence]:
    """Set the frozen part of every adapted layer to zero and measure the factor on B A x: it is alpha over rank."""
    rank, alpha = examination.number("rank"), examination.number("alpha")
    if not rank or alpha is None:
        return examination.skipped("no rank and alpha of an adapter are stated")
    model = examination.perturbed()
    for path, module in model.named_modules():
        matrices = [(name, p) for name, p in module.named_parameters() if p.ndim == 2]
        down = [p for _, p in matrices if p.shape[0] == rank and p.shape[1] > rank]
        up = [p for _, p in matrices if p.shape[1] == rank and p.shape[0] > rank]
        if len(down) != 1 or len(up) != 1:
            continue
        inputs = torch.randn(5, down[0].shape[1], generator=torch.Generator().manual_seed(8))
        with torch.no_grad():
            for p in module.parameters():
                if p is not down[0] and p is not up[0]:
                    p.zero_()
            output = examination.quiet(lambda module=module, inputs=inputs: module(inputs))  # type: ignore[misc]
            plain = inputs @ down[0].T @ up[0].T
        if not isinstance(output, Tensor) or output.shape != plain.shape:
            continue
        factor = float((output * plain).sum() / plain.square().sum())
        if distance(factor * plain, output) > 1e-4:
            return examination.unsure("an adapted layer is not its frozen part plus a factor times B A x")
        if abs(factor / (alpha / rank) - 1) > 1e-3:
            message = f"the update of an adapted layer is {factor:.4g} times B A x, and alpha/rank is {alpha / rank:.4g}"
            return examination.finding("fail", message, where=examination.where(model, path), path=path, hint="Scale by alpha / rank.")
        return examination.passed("the update of an adapted layer is alpha/rank times B A x", factor=factor)
    return examination.unsure("no adapted layer is recognised")


def temperature(examination: Examination) -> Evidence | list[Evidence]:
    """Measure the factor from the similarities to the scores of the cross-entropy: it is one over the temperature."""
    stated, model = examination.number("temperature"), examination.perturbed(training=True)
    if stated is None and (begun := _begun(examination.words("temperature"))) is not None:
        stated, model = begun, examination.build()  # one that is learned has its stated value in a fresh model
    if stated is None or not 0 < stated < 100:
        return examination.skipped("no temperature is stated as a number")
    seen = objective(examination, model, examination.batch(), PRODUCTS | {"logsumexp", "log_softmax"})
    scores = [call.arguments[0] for call in seen.calls if call.name in ("cross_entropy", "logsumexp", "log_softmax") and call.arguments]
    products = [call for call in seen.calls if call.name in PRODUCTS and isinstance(call.result, Tensor) and call.result.requires_grad]
    for score in scores:
        if not isinstance(score, Tensor) or not score.requires_grad or score.ndim != 2:
            continue
        finite = torch.where(score.detach() > -1e4, score, 0.0)
        for call in reversed(products):
            (slope,) = torch.autograd.grad(finite.sum(), call.result, retain_graph=True, allow_unused=True)
            used = slope[slope != 0] if slope is not None else torch.empty(0)
            if used.numel() < 4 or float(used.max() - used.min()) > 1e-3 * float(used.abs().max()):
                continue
            pair = [item for item in call.arguments if isinstance(item, Tensor)][:2]
            if len(pair) != 2:
                continue
            return _sharpness(examination, stated, float(used.mean()), pair, call.where)
    return examination.unsure("similarities and the scores made of them are not seen")


def _begun(words: str) -> float | None:
    """Return the temperature at which a learned one is stated to begin: as a number, as 1/t, or as a logarithm of 1/t."""
    inverse = re.search(r"(?:ln|log|exp)?\s*\(?\s*1\s*/\s*(\d+\.?\d*)", words)
    if inverse is not None:
        return float(inverse[1])
    plain = re.search(r"(?:start|init|begin)[^\d(]*(\d+\.?\d*)", words)
    return float(plain[1]) if plain is not None and not re.search(r"\b(?:ln|log|exp)|scale|inverse|[/^]", words) else None


def _sharpness(examination: Examination, stated: float, factor: float, pair: Sequence[Tensor], where: str | None) -> Evidence:
    lengths = [tensor.detach().norm(dim=axis) for tensor, axis in zip(pair, (-1, -2), strict=True)]
    unit = all(bool(((length - 1).abs() < 1e-3).all()) for length in lengths)
    scaled = 1.0
    for length in lengths:  # vectors of one length that is not 1 carry a part of the factor
        if bool(((length / length.mean() - 1).abs() < 1e-3).all()):
            scaled *= float(length.mean())
    similar = examination.words("similarity") + examination.words("output")
    if not unit and ("cosine" in similar or "unit" in similar) and scaled == 1.0:
        return examination.finding(
            "fail",
            "similarities are stated to be cosines, and the vectors are not of length 1",
            where=where,
            hint="Normalise before the product.",
        )
    if abs(factor * scaled * stated - 1) > 1e-3:
        if not unit and scaled == 1.0:
            return examination.unsure("the vectors are not of one length, so a factor may hide in them", factor=factor)
        message = f"similarities are multiplied by {factor * scaled:.4g}, and one over the stated temperature is {1 / stated:.4g}"
        return examination.finding(
            "fail", message, where=where, hint="Divide by the temperature, once.", values={"factor": factor * scaled}
        )
    return examination.passed("similarities are divided by the stated temperature", factor=factor * scaled)


def views_differ(examination: Examination) -> Evidence | list[Evidence]:
    """Compare the views of a batch with one another: equal views teach nothing."""
    if not examination.facts.get("views"):
        return examination.skipped("no views are stated")
    batch = examination.batch()
    floats = {key: value for key, value in batch.items() if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2}
    keys = list(floats)
    for number, first in enumerate(keys):
        for second in keys[number + 1 :]:
            if floats[first].shape == floats[second].shape and torch.equal(floats[first], floats[second]):
                message = f"{first} and {second} are equal: both views are one"
                return examination.finding("fail", message, where="batch", path=second, hint="Draw the augmentation anew for each view.")
    return examination.passed("the views differ") if len(keys) > 1 else examination.skipped("no two views of one shape are in the batch")


def players(examination: Examination) -> Evidence | list[Evidence]:
    """Look at what each player's optimiser holds, and step twice: every player must move."""
    names = examination.facts.get("players")
    if not isinstance(names, list | tuple) or not examination.has("optimizer"):
        return examination.skipped("no players are stated")
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    children = {str(name): child for name, child in model.named_children() if str(name) in [str(n) for n in names]}
    if not isinstance(training.made, dict) or len(children) < 2:
        return examination.skipped("players and optimisers are not named alike")
    found = []
    for name, optimizer in training.made.items():
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        others = [other for other, child in children.items() if other != name and held & {id(p) for p in child.parameters()}]
        if name in children and others:
            message = f"the optimiser of the {name} holds parameters of the {others[0]}"
            found.append(examination.finding("fail", message, where="optimizer", path=others[0]))
    if examination.has("step"):
        before = {name: [p.detach().clone() for p in child.parameters()] for name, child in children.items()}
        for seed in range(PLAYER_STEPS):
            training.step(examination.batch(seed=seed), seed=seed)
        for name, child in children.items():
            if all(torch.equal(a, b) for a, b in zip(before[name], child.parameters(), strict=True)):
                found.append(examination.finding("fail", f"the {name} does not move in {PLAYER_STEPS} steps", where="step", path=name))
    return found or examination.passed("every player has its own optimiser and moves")


def self_loops(examination: Examination) -> Evidence | list[Evidence]:
    """Take all edges away: what a node is must still matter to its output where it is stated to attend to itself."""
    if examination.facts.get("self_loops") is not True:
        return examination.skipped("nothing is stated of a node's own part")
    model, batch = examination.probe, examination.batch()
    size = examination.layout.size
    adjacency = [key for key, value in batch.items() if isinstance(value, Tensor) and not value.is_sparse and value.shape == (size, size)]
    features = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim == 2 and value.shape[0] == size and key not in adjacency
    ]
    if len(adjacency) != 1 or not features:
        return examination.skipped("no one dense adjacency and no features of nodes are in the batch")
    value = batch[adjacency[0]]
    own = torch.diag(value.diagonal())
    ring = torch.maximum(own.float(), torch.eye(size).roll(1, dims=1)).to(value.dtype)  # one way round: nothing comes back in few layers
    taken = 0
    for edges, words in ((own, "without edges"), (ring, "where each node hears of one other")):
        batch[adjacency[0]] = edges.to(value.dtype)
        changed = dict(batch)
        changed[features[0]] = batch[features[0]].clone()
        changed[features[0]][0] += 1.0
        with torch.no_grad():
            before, after = examination.forward(model, batch, seed=1), examination.forward(model, changed, seed=1)
        if before.shape[0] != size or not bool(before.isfinite().all()):
            continue
        taken += 1
        if distance(before[0], after[0]) < 1e-6:
            message = f"a node's own features do not matter to its output {words}"
            return examination.finding("fail", message, where=_adds_loops(examination, model), hint="Add the identity to the adjacency.")
    return examination.passed("a node attends to itself") if taken else examination.skipped("the model takes neither of two small graphs")


def _adds_loops(examination: Examination, model: nn.Module) -> str:
    """Return the function that makes something of the adjacency, by its name or its code; the model's forward in doubt."""
    made = [
        name
        for name in examination.source.holding(r"adj|degree")
        if re.search(r"normali|laplac|propag|coeff|attend|attention", name.lower())
    ]
    made = [name for name in made if not name.endswith("__init__")]
    return made[0] if len(made) == 1 else examination.where(model, "")


EXPERTS = card(
    "profiles",
    "experts",
    "More or fewer experts for a sample than stated.",
    ("experts", "top_k"),
    "Experts chosen for single tokens: skipped.",
    chosen_experts,
)
ADAPTER = card(
    "profiles",
    "adapter",
    "An update of low rank with another factor than alpha over rank.",
    ("rank", "alpha"),
    "Adapters in other forms: 'unsure'.",
    adapter_scale,
)
TEMPERATURE = card(
    "profiles",
    "temperature",
    "Similarities divided by another temperature than stated, or of vectors that are not normalised.",
    ("temperature", "similarity", "output"),
    "Losses that take the exponential by hand: 'unsure'.",
    temperature,
)
VIEWS = card("profiles", "views", "Two views that are equal.", ("views",), "Nothing: equality is exact.", views_differ)
PLAYERS = card(
    "profiles",
    "players",
    "An optimiser that holds another player's parameters, a player that does not move.",
    ("players",),
    "A player that is trained every few steps only: six steps are looked at.",
    players,
)
SELF_LOOPS = card(
    "profiles",
    "self-loops",
    "A node whose own features do not matter.",
    ("self_loops",),
    "Graphs given as lists of edges: skipped.",
    self_loops,
)
