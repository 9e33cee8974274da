"""Phone recogniser: bidirectional recurrence over frames, connectionist temporal classification (Graves 2006)."""

import torch
import torch.nn.functional as F
from torch import nn

BLANK = 0
facts = {
    "task": "speech recognition",
    "classes": 7,
    "output": "logits",
    "causal": False,
    "hidden": 32,
    "parameters": 18695,
    "loss": "connectionist temporal classification, blank 0, each sequence's loss divided by its number of labels, mean over the batch",
    "clip_norm": 1.0,
    "optimizer": {"name": "Adam", "lr": 3e-3, "betas": [0.9, 0.98]},
}


class Recogniser(nn.Module):
    def __init__(self, inputs=13, hidden=32, classes=7):
        super().__init__()
        self.subsample = nn.Conv1d(inputs, hidden, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(hidden)
        self.rnn = nn.LSTM(hidden, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, frames, lengths):
        x = self.subsample(frames.transpose(1, 2)).transpose(1, 2)
        x = F.gelu(self.norm(x))
        packed = nn.utils.rnn.pack_padded_sequence(x, self.out_lengths(lengths).cpu(), batch_first=True, enforce_sorted=False)
        h, _ = self.rnn(packed)
        h, _ = nn.utils.rnn.pad_packed_sequence(h, batch_first=True, total_length=x.shape[1])
        return self.head(h)

    @staticmethod
    def out_lengths(lengths):
        return (lengths + 1) // 2


def build():
    return Recogniser()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    phones = torch.randn(7, 13, generator=torch.Generator().manual_seed(11))
    frames, targets = torch.zeros(n, 40, 13), torch.zeros(n, 6, dtype=torch.long)
    lengths, target_lengths = torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long)
    for i in range(n):
        count = int(torch.randint(3, 7, (1,), generator=g))
        labels = torch.randint(1, 7, (count,), generator=g)
        spans = torch.randint(4, 7, (count,), generator=g)
        track = phones[labels.repeat_interleave(spans)]
        frames[i, : len(track)] = track + 0.3 * torch.randn(len(track), 13, generator=g)
        targets[i, :count], lengths[i], target_lengths[i] = labels, len(track), count
    return {"frames": frames, "lengths": lengths, "targets": targets, "target_lengths": target_lengths}


def forward(model, batch):
    return model(batch["frames"], batch["lengths"])


def loss(model, batch):
    scores = forward(model, batch).log_softmax(dim=-1).transpose(0, 1)
    return F.ctc_loss(
        scores, batch["targets"], model.out_lengths(batch["lengths"]), batch["target_lengths"], blank=BLANK, zero_infinity=True
    )


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.9, 0.98))


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return value.detach()
