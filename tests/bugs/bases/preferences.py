"""Direct preference optimisation of a small recurrent language model against a frozen reference."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "preference",
    "vocabulary": 20,
    "output": "logits",
    "causal": True,
    "beta": 0.1,
    "frozen": ["reference.*"],
    "padding_index": 0,
    "loss": "negative log-sigmoid of the scaled difference of log ratios, mean over pairs",
    "optimizer": {"name": "AdamW", "lr": 5e-4, "weight_decay": 0.0},
    "equations": {
        "loss": r"-\frac1N\sum_i\log\sigma\left(\beta\log\frac{\pi_\theta(y_w|x)}{\pi_{ref}(y_w|x)}-\beta\log\frac{\pi_\theta(y_l|x)}{\pi_{ref}(y_l|x)}\right)"
    },
}
PAD = 0


class Language(nn.Module):
    def __init__(self, vocabulary=20, width=24):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.cell = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        return self.head(self.cell(self.embedding(tokens))[0])


class Aligned(nn.Module):
    def __init__(self):
        super().__init__()
        self.policy = Language()
        self.reference = copy.deepcopy(self.policy).requires_grad_(False)

    def forward(self, tokens):
        return self.policy(tokens)


def build():
    return Aligned()


def answers(prompt, better, length, g):
    n = len(prompt)
    step = torch.ones(n, 1, dtype=torch.long) if better else torch.randint(2, 9, (n, 1), generator=g)
    tokens = (prompt[:, -1:] - 1 + step * torch.arange(1, 9)[None]) % 19 + 1
    return tokens.masked_fill(torch.arange(8)[None] >= length[:, None], PAD)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    prompt = torch.randint(1, 20, (n, 4), generator=g)
    chosen = answers(prompt, True, torch.randint(4, 9, (n,), generator=g), g)
    rejected = answers(prompt, False, torch.randint(4, 9, (n,), generator=g), g)
    return {"chosen": torch.cat([prompt, chosen], 1), "rejected": torch.cat([prompt, rejected], 1)}


def forward(model, batch):
    return model(batch["chosen"])


def log_probability(model, tokens, prompt=4):
    """Summed log-likelihood of the answer's tokens, padding left out."""
    logits = model(tokens[:, :-1]).log_softmax(-1)
    target = tokens[:, 1:]
    each = logits.gather(-1, target[..., None]).squeeze(-1)
    keep = (target != PAD) & (torch.arange(target.shape[1]) >= prompt - 1)
    return (each * keep).sum(-1)


def loss(model, batch):
    chosen, rejected = (log_probability(model.policy, batch[key]) for key in ("chosen", "rejected"))
    with torch.no_grad():
        old_chosen, old_rejected = (log_probability(model.reference, batch[key]) for key in ("chosen", "rejected"))
    margin = 0.1 * ((chosen - old_chosen) - (rejected - old_rejected))
    return -F.logsigmoid(margin).mean()


def optimizer(model):
    return torch.optim.AdamW(model.policy.parameters(), lr=5e-4, weight_decay=0.0)
