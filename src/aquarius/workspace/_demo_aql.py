"""`aquarius demo aql`: uniform training and AQL side by side on the embedded digits, paired seeds, equal numbers of trained samples."""

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from importlib import resources
from typing import Any

from ..core import BadInput, progress

SEEDS = 5
TRAINED, BATCH = 8_000, 32  # samples of each run: six epochs of the uniform arm
HELD_OUT = 450
# Student's t at 97.5 % for 2 to 20 runs: the half-width of a 95 % interval of the mean difference, in standard errors
T = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09)


def digits() -> tuple[Any, Any]:
    """Return the 1,797 handwritten digits that ship with Aquarius: x [n, 64] in [0, 1], y [n].

    Source: Alpaydin, Kaynak, "Optical Recognition of Handwritten Digits" (UCI Machine Learning Repository, 1998, CC BY 4.0), the test part, as
    scikit-learn ships it.
    """
    import torch

    text = gzip.decompress(resources.files(__package__).joinpath("data/digits.csv.gz").read_bytes()).decode()
    table = torch.tensor([[float(value) for value in line.split(",")] for line in text.splitlines()])
    return table[:, :64] / 16, table[:, 64].long()


def compare(seeds: int = SEEDS, trained: int = TRAINED) -> dict[str, Any]:
    """Train both arms on the same split, weights and number of trained samples for each seed; return rows, the difference and a sentence.

    Raises:
        BadInput: seeds outside 2 to 20, or fewer trained samples than a batch.
    """
    import torch

    if not 2 <= seeds <= len(T) + 1 or trained < BATCH:
        raise BadInput(f"The demo compares 2 to {len(T) + 1} seeds, each of at least {BATCH} trained samples; got {seeds} and {trained}.")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        runs = []
        for seed in range(seeds):
            progress.step(f"seed {seed + 1} of {seeds}")
            runs.append([_trained(arm, seed, trained) for arm in ("uniform", "AQL")])
    finally:
        torch.set_num_threads(threads)
    rows = []
    for arm, name in enumerate(("uniform", "AQL")):
        mine = [pair[arm] for pair in runs]
        rows.append({"arm": name, **{key: round(sum(run[key] for run in mine) / seeds) for key in ("seen", "scored", "trained on")}})
        rows[-1] |= {"cost, forwards": round(sum(run["forwards"] for run in mine) / seeds)}
        rows[-1] |= {"accuracy, %": 100 * sum(run["accuracy"] for run in mine) / seeds}
        rows[-1] |= {"each seed, %": " ".join(f"{100 * run['accuracy']:.1f}" for run in mine)}
    gains = [100 * (pair[1]["accuracy"] - pair[0]["accuracy"]) for pair in runs]
    mean, half = interval(gains)
    return {"rows": rows, "seeds": seeds, "difference": mean, "half_width": half, "sentence": sentence(mean, half, seeds)}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the half-width of its 95 % interval, by Student's t."""
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return mean, T[len(values) - 2] * spread / math.sqrt(len(values))


def sentence(mean: float, half: float, seeds: int) -> str:
    """Say what the difference shows, and no more."""
    found = f"AQL less uniform: {mean:+.2f} points, 95 % interval [{mean - half:+.2f}, {mean + half:+.2f}], {seeds} paired seeds"
    if mean - half > 0:
        return f"{found}. Here, on these digits and this small network, selection was better at equal numbers of trained samples."
    if mean + half < 0:
        return f"{found}. Selection was worse here at equal numbers of trained samples: this is what uniform training is kept for."
    return f"{found}. No difference is shown: clean, balanced data has little that selection could leave out."


def _trained(arm: str, seed: int, trained: int) -> dict[str, Any]:
    import torch
    from torch import nn
    from torch.utils.data import DataLoader

    from ..aql import AQL, TopK, Uniform

    x, y = digits()
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
    held, own = order[:HELD_OUT], order[HELD_OUT:]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # the same weights in both arms
        model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        uniform = arm == "uniform"
        aql = AQL(
            model,
            policy=Uniform(1.0) if uniform else TopK(0.25, floor=0.1),
            scorer="loss" if uniform else "epistemic",
            budget=None,
            seed=seed,
        )
        x_own, y_own = x[own], y[own]
        loader: Any = DataLoader(range(len(own)), batch_size=BATCH, collate_fn=lambda ids: (x_own[ids], y_own[ids]))  # type: ignore[arg-type]
        while aql.trained + BATCH <= trained:
            for batch in aql.wrap(loader):
                optimizer.zero_grad()
                aql.loss(model(batch.x), batch.y).backward()
                optimizer.step()
                if aql.trained + BATCH > trained:
                    break
        model.eval()
        with torch.no_grad():
            accuracy = float((model(x[held]).argmax(1) == y[held]).double().mean())
        report = aql.report()
        aql.close()
    scored = 0 if uniform else report.scored  # the loss that the uniform arm trains on is no score that chooses
    return {"seen": report.seen, "scored": scored, "trained on": report.trained, "forwards": report.forwards, "accuracy": accuracy}
