"""Discrete-time survival on tabular rows: categorical embeddings, numeric columns and a hazard for every interval (Nnet-survival)."""

import torch
import torch.nn as nn
import torch.nn.functional as F

CARDINALITIES = [6, 4, 9]
NUMERIC = 4
INTERVALS = 8

facts = {
    "task": "survival",
    "output": "logits",
    "parameters": 3836,
    "activation": "relu",
    "dropout": 0.2,
    "normalisation": "batch",
    "embedding": 4,
    "loss": "mean negative log-likelihood of event or censoring",
    "loss_scaling": True,
    "clip_norm": 1.0,
    "init": {"embeddings.*.weight": "uniform(-0.05, 0.05)", "out.bias": "constant -2"},
    "optimizer": {"name": "NAdam", "lr": 2e-3},
    "head_bias": -2.0,
    "equations": {
        "hazard_nll": r"-\frac1N\sum_i\left[\sum_{k<t_i}\ln(1-\sigma(z_{ik}))+e_i\ln\sigma(z_{it_i})+(1-e_i)\ln(1-\sigma(z_{it_i}))\right]",
        "survival_curve": r"S_k=\prod_{j\le k}(1-h_j)",
    },
}


class TabularNet(nn.Module):
    def __init__(self, cards=CARDINALITIES, numeric=NUMERIC, dim=4, hidden=48, out=INTERVALS, p=0.2):
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(c, dim) for c in cards)
        for emb in self.embeddings:
            nn.init.uniform_(emb.weight, -0.05, 0.05)
        self.bn_numeric = nn.BatchNorm1d(numeric)
        d = dim * len(cards) + numeric
        self.hidden = nn.ModuleList([nn.Linear(d, hidden), nn.Linear(hidden, hidden)])
        self.bns = nn.ModuleList([nn.BatchNorm1d(hidden), nn.BatchNorm1d(hidden)])
        self.drop = nn.Dropout(p)
        self.out = nn.Linear(hidden, out)
        nn.init.constant_(self.out.bias, -2.0)

    def forward(self, x_cat, x_num):
        parts = [emb(x_cat[:, j]) for j, emb in enumerate(self.embeddings)]
        h = torch.cat([*parts, self.bn_numeric(x_num)], dim=1)
        for lin, bn in zip(self.hidden, self.bns):
            h = self.drop(bn(F.relu(lin(h))))
        return self.out(h)


def build():
    return TabularNet()


def batch(n, seed=0):
    gen = torch.Generator().manual_seed(seed)
    x_cat = torch.stack([torch.randint(0, c, (n,), generator=gen) for c in CARDINALITIES], dim=1)
    x_num = torch.randn(n, NUMERIC, generator=gen)
    risk = 0.9 * x_num[:, 0] - 0.6 * x_num[:, 1] + 0.4 * (x_cat[:, 0] - 2.5) + 0.5 * (x_cat[:, 1] == 2).float()
    hazard = torch.sigmoid(risk - 1.5)
    event_time = torch.floor(torch.log(torch.rand(n, generator=gen)) / torch.log1p(-hazard)).clamp(max=1e6).long()
    censor_time = torch.randint(2, 2 * INTERVALS, (n,), generator=gen).clamp(max=INTERVALS - 1)
    event = (event_time <= censor_time).float()
    time = torch.minimum(event_time, censor_time)
    return {"x_cat": x_cat, "x_num": x_num, "time": time, "event": event}


def forward(model, batch):
    return model(batch["x_cat"], batch["x_num"])


def hazard_nll(z, t, e):
    k = torch.arange(z.shape[1])[None]
    at_risk = (k <= t[:, None]).float()
    y = (k == t[:, None]).float() * e[:, None]
    bce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    return (bce * at_risk).sum(dim=1).mean()


def survival_curve(h):
    return torch.cumprod(1 - h, dim=-1)


def loss(model, batch):
    return hazard_nll(forward(model, batch), batch["time"], batch["event"])


def optimizer(model):
    return torch.optim.NAdam(model.parameters(), lr=2e-3)


SCALER = {}


def step(model, optimizer, batch):
    scaler = SCALER.setdefault(id(optimizer), torch.amp.GradScaler("cpu", init_scale=2.0**10))
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    scaler.scale(value).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    return value.detach()
