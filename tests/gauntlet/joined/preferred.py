"""Direct preference optimisation of a small recurrent language model against a frozen reference (Rafailov et al. 2023)."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

PAD = 0
facts = {
    "task": "preference",
    "vocabulary": 24,
    "causal": True,
    "padding_index": 0,
    "output": "logits",
    "parameters": 8400,
    "trainable_parameters": 4200,
    "frozen": ["reference.*"],
    "loss": "mean negative log-sigmoid of the scaled difference of the two implicit rewards",
    "beta": 0.2,
    "stop_gradient": "the reference",
    "optimizer": {"name": "AdamW", "lr": 1e-3, "weight_decay": 0.0},
    "equations": {
        "loss": r"-\frac1N\sum\ln\sigma\left(\beta\left[\log\frac{\pi(y_w)}{\pi_{ref}(y_w)}-\log\frac{\pi(y_l)}{\pi_{ref}(y_l)}\right]\right)",
        "sequence_logp": r"\sum_{t:\,m_t=1}\log\pi(y_t|y_{<t})",
    },
}


class LM(nn.Module):
    def __init__(self, vocab=24, dim=24):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.head = nn.Linear(dim, vocab, bias=False)
        self.head.weight = self.embed.weight
        self.norm = nn.LayerNorm(dim, bias=False)

    def forward(self, ids):
        h, _ = self.rnn(self.embed(ids))
        return self.head(self.norm(h))


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.policy = LM()
        self.reference = copy.deepcopy(self.policy)
        for p in self.reference.parameters():
            p.requires_grad = False

    def forward(self, ids):
        return self.policy(ids)


def build():
    return Pair()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    prompt = torch.randint(1, 24, (n, 4), generator=g)
    good = (prompt + 1) % 23 + 1
    bad = torch.randint(1, 24, (n, 4), generator=g)
    size = torch.randint(2, 5, (n, 2), generator=g)
    keep = torch.arange(4)[None, None, :] < size[:, :, None]
    answers = torch.stack([good, bad], 1) * keep
    ids = torch.cat([prompt[:, None].expand(n, 2, 4), answers], dim=2)
    mask = torch.cat([torch.zeros(n, 2, 4), keep.float()], dim=2)
    return {"chosen": ids[:, 0], "rejected": ids[:, 1], "chosen_mask": mask[:, 0], "rejected_mask": mask[:, 1]}


def sequence_logp(model, ids, mask):
    logp = F.log_softmax(model(ids)[:, :-1], dim=-1)
    token = logp.gather(2, ids[:, 1:, None]).squeeze(2)
    return (token * mask[:, 1:]).sum(dim=1)


def forward(model, batch):
    return model(batch["chosen"])


def loss(model, batch, beta=0.2):
    chosen = sequence_logp(model.policy, batch["chosen"], batch["chosen_mask"])
    rejected = sequence_logp(model.policy, batch["rejected"], batch["rejected_mask"])
    with torch.no_grad():
        ref_chosen = sequence_logp(model.reference, batch["chosen"], batch["chosen_mask"])
        ref_rejected = sequence_logp(model.reference, batch["rejected"], batch["rejected_mask"])
    margin = (chosen - ref_chosen) - (rejected - ref_rejected)
    return -F.logsigmoid(beta * margin).mean()


def optimizer(model):
    return torch.optim.AdamW(model.policy.parameters(), lr=1e-3, weight_decay=0.0)
