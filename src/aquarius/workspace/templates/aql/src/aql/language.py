"""Text among noise: how many samples each way of choosing needs to model the useful text as well as tuned uniform training does."""

import torch
from arms import Curve, Task, compared, shuffled, train_arm
from sources import Text, plays_among_noise
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aquarius import aql as library
from aquarius.aql import TopK


class Letters(nn.Module):
    """A small recurrent language model over letters."""

    def __init__(self, alphabet: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(alphabet, width)
        self.body = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, alphabet)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits [batch, length, alphabet] of the next letters."""
        return self.head(self.body(self.embedding(windows))[0])


def train(run) -> dict[str, float]:
    """Train every arm on one stream; quality is minus the loss, in nats a letter, on held-out useful text. No checkpoint."""
    settings, data = run.settings, plays_among_noise(run)
    target, samples, keep = data.target, settings["samples"], settings["keep"]
    policy = TopK(keep, settings["floor"])
    useful = (data.kind == 0).long()  # 1 where worth training on
    mixed = torch.cat([data.windows, target.repeat(settings["repeats"], 1)])
    filtered = filter_by_n_grams(data, settings["buckets"], keep, run.seed)
    stream = task_of(run, data, data.windows)
    uniform = train_arm(stream, samples, kind=useful)

    small, large = (reference(run, data, settings[name]) for name in ("reference_width", "width"))
    share = size_of(small) / size_of(large)  # of a forward of the model
    learnt = 3.0 * settings["reference_samples"]  # what the reference cost, in its own forwards
    fewer = int((3 * samples - share * learnt) / (3 + share / keep))  # for which selection has paid as much as uniform in all
    slow = int((3 * samples - learnt) / (3 + 2 / keep))  # with two large models' forwards of every candidate
    arms = {
        "aql": train_arm(stream, fewer, kind=useful, fixed_cost=share * learnt, cost_of_scoring=share - 1, scorer=likely, policy=policy, mode="proxy", proxy=small),
        "reducible": train_arm(stream, slow, kind=useful, fixed_cost=learnt, cost_of_scoring=1.0, scorer="reducible", irreducible=losses_of(large, data), policy=policy, mode="online"),
        "target_only": train_arm(task_of(run, data, target), samples),
        "uniform_and_target": train_arm(task_of(run, data, mixed), samples),
        "filter": train_arm(task_of(run, data, data.windows[filtered]), samples, kind=useful[filtered]),
        "shuffled": train_arm(stream, slow, kind=useful, scorer=shuffled(run.seed), policy=policy, mode="online"),
    }  # fmt: skip
    for name, curve in {"uniform": uniform, **arms}.items():
        for place in range(len(curve.samples)):
            run.log(curve.samples[place], **{f"validation loss {name}": -curve.quality[place]})
    return figures(uniform, arms)


def task_of(run, data: Text, windows: Tensor) -> Task:
    """Return the task on these windows, judged on the held-out useful text."""
    settings = run.settings

    def quality(model: nn.Module) -> float:
        return -cross_entropy(model(data.validation[:, :-1]).flatten(0, 1), data.validation[:, 1:].flatten()).item()

    return Task(
        x=windows[:, :-1],
        y=windows[:, 1:],
        build=lambda: Letters(data.alphabet, settings["width"]),
        quality=quality,
        learning_rate=settings["learning_rate"],
        batch_size=settings["batch_size"],
        every=settings["evaluate_every"],
        seed=run.seed,
        clip=settings["clip"],
        averaged=settings["averaged"],
    )


def reference(run, data: Text, width: int) -> nn.Module:
    """Return a model that was trained on the small target set alone."""
    settings = run.settings
    torch.manual_seed(run.seed + 1)
    model = Letters(data.alphabet, width)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["learning_rate"])
    for _ in range(settings["reference_samples"] // settings["batch_size"]):
        batch = data.target[torch.randint(len(data.target), (settings["batch_size"],))]
        optimizer.zero_grad()
        cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten()).backward()
        optimizer.step()
    return model.eval()


def size_of(model: nn.Module) -> int:
    """Return how many multiplications a forward of one letter takes, about: the weights of all products."""
    return sum(parameter.numel() for name, parameter in model.named_parameters() if parameter.dim() == 2 and "embedding" not in name)


def likely(logits: Tensor, labels: Tensor, features: Tensor | None) -> Tensor:
    """Score windows by minus the reference's loss: what looks like the target comes first."""
    return -library.per_sample(library.loss(logits, labels), None)


@torch.no_grad()
def losses_of(model: nn.Module, data: Text) -> Tensor:
    """Return a reference's losses [n] of the whole stream."""
    parts = [cross_entropy(model(part[:, :-1]).transpose(1, 2), part[:, 1:], reduction="none").mean(1) for part in data.windows.split(500)]
    return torch.cat(parts)


def filter_by_n_grams(data: Text, buckets: int, keep: float, seed: int) -> Tensor:
    """Return the places of a share of the stream, drawn by importance: how much likelier its hashed n-grams are in the target than in the stream.

    Source: Xie et al., "Data Selection for Language Models via Importance Resampling" (2023): bags of hashed n-grams and Gumbel top-k.
    """
    target = counted(data.target, buckets).sum(0) + 0.1
    stream = sum(counted(part, buckets).sum(0) for part in data.windows.split(2000)) + 0.1
    weights = (target / target.sum()).log() - (stream / stream.sum()).log()
    scores = torch.cat([counted(part, buckets) @ weights for part in data.windows.split(2000)])
    noise = -torch.empty(len(scores)).exponential_(generator=torch.Generator().manual_seed(seed)).log()
    return (scores + noise).argsort(descending=True)[: round(keep * len(scores))]


def counted(windows: Tensor, buckets: int) -> Tensor:
    """Return how often each bucket of hashed one-, two- and three-letter groups comes in each window [n, buckets]."""
    counts = torch.zeros(len(windows), buckets)
    for size in (1, 2, 3):
        parts = [windows[:, place : windows.shape[1] - size + 1 + place] for place in range(size)]
        groups = (sum(131**power * part for power, part in enumerate(parts)) * 2654435761 + 97 * size) % buckets
        counts.scatter_add_(1, groups, torch.ones_like(groups, dtype=torch.float))
    return counts


def figures(uniform: Curve, arms: dict[str, Curve]) -> dict[str, float]:
    """Return what is judged; gains are in nats a letter, higher is better."""
    target = sum(uniform.quality[-3:]) / len(uniform.quality[-3:])
    found = {"uniform_loss": -target, "uniform_samples": float((uniform.reach(target) or (uniform.samples[-1],))[0])}
    for name, curve in {"uniform": uniform, **arms}.items():
        found |= {f"{name}_{what}": value for what, value in curve.counts.items()}
    samples, compute = arms["aql"].samples[-1], uniform.compute[-1]
    found["equal_samples"] = float(samples)
    for name, curve in arms.items():
        ratios = compared(uniform, curve, target)
        found |= {f"{name}_sample_ratio": ratios["ratio"], f"{name}_compute_ratio": ratios["compute"], f"{name}_reached": ratios["reached"]}
        found[f"{name}_gain_at_equal_samples"] = curve.at_samples(samples) - uniform.at_samples(samples)
        found[f"{name}_gain_at_equal_compute"] = curve.at_compute(compute) - uniform.at_compute(compute)
    for rival in ("target_only", "uniform_and_target", "filter"):
        found[f"aql_less_{rival}_at_equal_samples"] = arms["aql"].at_samples(samples) - arms[rival].at_samples(samples)
        found[f"aql_less_{rival}_at_equal_compute"] = arms["aql"].at_compute(compute) - arms[rival].at_compute(compute)
    return found
