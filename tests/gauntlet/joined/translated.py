"""Knowledge graph embedding by translation: margin ranking against corrupted tails (Bordes et al. 2013)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "link-prediction",
    "embedding": 12,
    "parameters": 528,
    "margin": 1.0,
    "distance": "L1",
    "output": "distance",
    "negatives": "tails for which the triple is not in the graph",
    "loss": "margin ranking loss, mean over triples",
    "optimizer": {"name": "SGD", "lr": 0.5},
    "init": {"*.weight": "uniform(-0.25, 0.25)"},
    "equations": {"TransE.forward": r"\|e_h+r_r-e_t\|_1", "loss": r"\frac1N\sum\max(0,\gamma+d(h,r,t)-d(h,r,t'))"},
}


class TransE(nn.Module):
    def __init__(self, entities=40, relations=4, dim=12):
        super().__init__()
        self.entity = nn.Embedding(entities, dim)
        self.relation = nn.Embedding(relations, dim)
        for table in (self.entity, self.relation):
            nn.init.uniform_(table.weight, -0.25, 0.25)

    def forward(self, head, relation, tail):
        e = F.normalize(self.entity.weight, dim=1)
        return (e[head] + self.relation(relation) - e[tail]).abs().sum(dim=-1)


def build():
    return TransE()


def triples():
    head = torch.arange(40).repeat_interleave(4)
    relation = torch.arange(4).repeat(40)
    return torch.stack([head, relation, (head + torch.tensor([1, 3, 7, 12])[relation]) % 40], dim=1)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    known = triples()
    pick = known[torch.randint(0, len(known), (n,), generator=g)]
    truth = torch.zeros(40, 4, 40, dtype=torch.bool)
    truth[known[:, 0], known[:, 1], known[:, 2]] = True
    allowed = ~truth[pick[:, 0], pick[:, 1]]
    corrupt = torch.multinomial(allowed.float(), 1, generator=g).squeeze(1)
    return {"head": pick[:, 0], "relation": pick[:, 1], "tail": pick[:, 2], "corrupt_tail": corrupt}


def forward(model, batch):
    return model(batch["head"], batch["relation"], batch["tail"])


def loss(model, batch):
    positive = forward(model, batch)
    negative = model(batch["head"], batch["relation"], batch["corrupt_tail"])
    return F.relu(1.0 + positive - negative).mean()


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.5)
