"""Abstractive summariser: recurrent encoder, attention decoder with a copy gate; padded articles and summaries."""

import torch
import torch.nn.functional as F
from torch import nn

PAD = 0
facts = {
    "parameters": 10523,
    "task": "summarisation",
    "vocabulary": 26,
    "padding_index": 0,
    "ignore_index": 0,
    "causal": "decoder",
    "hidden": 20,
    "output": "log-probabilities",
    "loss": "mean negative log-likelihood of the summary's real tokens",
    "equations": {"Summariser.mix": r"p=g\,p_{vocab}+(1-g)\sum_j a_j\mathbf 1[x_j=w]"},
}


class Summariser(nn.Module):
    def __init__(self, vocabulary=26, size=16, hidden=20):
        super().__init__()
        self.vocabulary = vocabulary
        self.words = nn.Embedding(vocabulary, size, padding_idx=PAD)
        self.reader = nn.GRU(size, hidden, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden, hidden)
        self.keys = nn.Linear(2 * hidden, hidden, bias=False)
        self.writer = nn.GRUCell(size, hidden)
        self.out = nn.Linear(3 * hidden, vocabulary)
        self.gate = nn.Linear(3 * hidden, 1)

    def mix(self, g, p, a, article):
        copied = torch.zeros(len(p), self.vocabulary).scatter_add(1, article, a)
        return g * p + (1 - g) * copied

    def forward(self, article, summary):
        lengths = (article != PAD).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(self.words(article), lengths, batch_first=True, enforce_sorted=False)
        notes, last = self.reader(packed)
        notes, _ = nn.utils.rnn.pad_packed_sequence(notes, batch_first=True, total_length=article.shape[1])
        state = torch.tanh(self.bridge(torch.cat([last[0], last[1]], dim=-1)))
        keys = self.keys(notes)
        absent = article == PAD
        result = []
        for word in self.words(summary).unbind(1):
            state = self.writer(word, state)
            energy = torch.einsum("bd,btd->bt", state, keys) / keys.shape[-1] ** 0.5
            a = energy.masked_fill(absent, float("-inf")).softmax(dim=1)
            context = torch.einsum("bt,btd->bd", a, notes)
            both = torch.cat([state, context], dim=-1)
            p = self.mix(torch.sigmoid(self.gate(both)), self.out(both).softmax(-1), a, article)
            result.append((p + 1e-8).log())
        return torch.stack(result, dim=1)


def build():
    return Summariser()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    length = torch.randint(6, 13, (n,), generator=g)
    article = torch.randint(2, 26, (n, 12), generator=g) * (torch.arange(12)[None] < length[:, None])
    keep = (length + 1) // 2
    target = article[:, ::2] * (torch.arange(6)[None] < keep[:, None])
    summary = torch.cat([torch.ones(n, 1, dtype=torch.long), target[:, :-1]], dim=1)
    return {"article": article, "summary": summary, "target": target}


def forward(model, batch):
    return model(batch["article"], batch["summary"])


def loss(model, batch):
    scores = forward(model, batch)
    return F.nll_loss(scores.transpose(1, 2), batch["target"], ignore_index=PAD)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3)
