"""Named-entity tagger: bidirectional LSTM over packed sequences, labels of padding and of word pieces ignored."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PAD, IGNORE = 0, -100
facts = {
    "task": "sequence-labelling",
    "classes": 5,
    "vocabulary": 48,
    "padding_index": 0,
    "ignore_index": -100,
    "causal": False,
    "output": "logits",
    "embedding": 16,
    "hidden": 20,
    "dropout": 0.25,
    "parameters": 7053,
    "loss": "mean cross-entropy over labelled tokens",
    "accumulation": 2,
    "clip_norm": 1.0,
    "init": {"lstm.weight_hh*": "orthogonal in each of the four gate blocks", "embedding.weight": "normal(0, 0.1), padding row zeros"},
    "optimizer": {"name": "SGD", "lr": 0.3, "momentum": 0.9},
    "schedule": {"warmup": 10, "kind": "linear", "total": 100, "per": "step"},
    "equations": {
        "factor": r"\eta(t)=\min\left(\frac{t+1}{T_w},\frac{T-t}{T-T_w}\right)",
        "loss": r"-\frac{1}{|\{t:y_t\ne -100\}|}\sum_{t:y_t\ne -100}\log p(y_t\mid x)",
    },
}


class Tagger(nn.Module):
    def __init__(self, vocabulary=48, width=16, hidden=20, classes=5, dropout=0.25):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.lstm = nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * hidden, classes)
        nn.init.normal_(self.embedding.weight, std=0.1)
        with torch.no_grad():
            self.embedding.weight[PAD] = 0.0
        for name, p in self.lstm.named_parameters():
            if name.startswith("weight_hh"):
                for gate in p.data.chunk(4):
                    nn.init.orthogonal_(gate)

    def forward(self, tokens):
        length = (tokens != PAD).sum(dim=1)
        x = self.dropout(self.embedding(tokens))
        packed = pack_padded_sequence(x, length, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=tokens.shape[1])
        return self.head(self.dropout(h))


def build():
    return Tagger()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    length = torch.randint(6, 13, (n, 1), generator=g)
    real = torch.arange(12)[None] < length
    tokens = torch.randint(1, 48, (n, 12), generator=g).masked_fill(~real, PAD)
    after = torch.cat([tokens[:, 1:], torch.zeros(n, 1, dtype=torch.long)], dim=1)
    label = tokens % 4 + (after % 2 == 1).long() * (tokens % 4 == 3).long()
    piece = torch.rand(n, 12, generator=g) < 0.2
    return {"tokens": tokens, "label": label.masked_fill(~real | piece, IGNORE)}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).flatten(0, 1), batch["label"].flatten(), ignore_index=IGNORE)


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)


def factor(t, warmup=10, total=100):
    return max(0.0, min((t + 1) / warmup, (total - t) / (total - warmup)))


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad()
    labelled = (batch["label"] != IGNORE).sum()
    total = 0.0
    for tokens, label in zip(batch["tokens"].chunk(2), batch["label"].chunk(2)):
        logits = model(tokens)
        value = F.cross_entropy(logits.flatten(0, 1), label.flatten(), ignore_index=IGNORE, reduction="sum") / labelled
        value.backward()
        total = total + value.detach()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    return total
