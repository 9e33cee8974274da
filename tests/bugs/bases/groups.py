"""Group-relative policy optimisation of a small autoregressive policy: several answers per prompt, scored by a rule."""

import copy

import torch
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "vocabulary": 16,
    "output": "logits",
    "causal": True,
    "clip": 0.2,
    "beta": 0.04,
    "frozen": ["reference.*"],
    "advantage_normalised": False,
    "samples_coupled": True,
    "optimizer": {"name": "AdamW", "lr": 1e-3, "weight_decay": 0.0},
    "equations": {"group_advantage": r"\hat A_{ij}=\frac{r_{ij}-\mathrm{mean}_j(r_{ij})}{\mathrm{std}_j(r_{ij})+10^{-4}}"},
}
GROUP, PROMPT, ANSWER = 4, 3, 6


class Policy(nn.Module):
    def __init__(self, vocabulary=16, width=24):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.mix = nn.GRU(width, width, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        return self.out(self.norm(self.mix(self.tokens(tokens))[0]))


class Trainer(nn.Module):
    def __init__(self):
        super().__init__()
        self.policy = Policy()
        self.reference = copy.deepcopy(self.policy)
        self.reference.requires_grad_(False)

    def forward(self, tokens):
        return self.policy(tokens)


def build():
    return Trainer()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    prompt = torch.randint(0, 16, (n, 1, PROMPT), generator=g).expand(n, GROUP, PROMPT)
    answer = torch.randint(0, 16, (n, GROUP, ANSWER), generator=g)
    reward = (answer % 2 == prompt[..., -1:] % 2).float().mean(-1) + 0.05 * torch.randn(n, GROUP, generator=g)
    old = -2.77 + 0.15 * torch.randn(n, GROUP, ANSWER, generator=g)
    return {"tokens": torch.cat([prompt, answer], -1), "reward": reward, "old_log_probability": old}


def forward(model, batch):
    return model(batch["tokens"].flatten(0, 1))


def group_advantage(reward):
    return (reward - reward.mean(dim=1, keepdim=True)) / (reward.std(dim=1, keepdim=True) + 1e-4)


def answer_log_probability(net, tokens):
    flat = tokens.flatten(0, 1)
    log_probability = net(flat[:, :-1]).log_softmax(-1)
    each = log_probability.gather(-1, flat[:, 1:, None]).squeeze(-1)
    return each[:, -ANSWER:].view(*tokens.shape[:2], ANSWER)


def loss(model, batch):
    log_probability = answer_log_probability(model.policy, batch["tokens"])
    with torch.no_grad():
        reference = answer_log_probability(model.reference, batch["tokens"])
    advantage = group_advantage(batch["reward"])[..., None]
    ratio = (log_probability - batch["old_log_probability"]).exp()
    surrogate = torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)
    gap = reference - log_probability
    penalty = gap.exp() - gap - 1
    return -(surrogate - 0.04 * penalty).mean()


def optimizer(model):
    return torch.optim.AdamW(model.policy.parameters(), lr=1e-3, weight_decay=0.0)
