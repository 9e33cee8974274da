"""Honest repositories around small networks, with the oddities of honest work: a cache, a figure, a curve on the test split that nothing reads."""

from __future__ import annotations

DROPNET = {
    "README.md": """# Forget a Little

A small network with dropout on the 8x8 digits (PyTorch). Test accuracy, mean over 4 seeds: ours 96.35 %, the paper's 97.1 %.
The checkpoint of the best validation epoch is kept in memory. `python train.py`; every seed's number is in `results.json`.
""",
    "paper.md": """# Forget a Little

Digits (1797 images), 64-128-10 with dropout 0.3 before the output, Adam 0.001, 20 epochs, batch 64. Test accuracy on 360 held-out images, mean over 4 seeds: 97.1 %.
""",
    "model.py": """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, hidden=128, dropout=0.3):
        super().__init__()
        self.hidden, self.drop, self.out = nn.Linear(64, hidden), nn.Dropout(dropout), nn.Linear(hidden, 10)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.hidden(x))))


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    right = (model(x).argmax(1) == y).float().mean().item()
    model.train()
    return right
""",
    "train.py": """import argparse
import copy
import json
import pathlib

import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy

from model import Net, accuracy


def data():
    digits = load_digits()
    x, y = torch.tensor(digits.data, dtype=torch.float32) / 16, torch.tensor(digits.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return (x[order[:1150]], y[order[:1150]]), (x[order[1150:1437]], y[order[1150:1437]]), (x[order[1437:]], y[order[1437:]])


def run(seed, epochs, log):
    torch.manual_seed(seed)
    (x_train, y_train), valid, test = data()
    net = Net()
    adam = torch.optim.Adam(net.parameters(), lr=0.001)
    best, kept = 0.0, None
    for epoch in range(epochs):
        for rows in torch.randperm(len(x_train)).split(64):
            adam.zero_grad()
            loss = cross_entropy(net(x_train[rows]), y_train[rows])
            loss.backward()
            adam.step()
        value = accuracy(net, *valid)
        log.write(f"seed {seed} epoch {epoch} loss {loss.item():.4f} valid {value:.4f}\\n")
        if value > best:
            best, kept = value, copy.deepcopy(net.state_dict())
    net.load_state_dict(kept)
    result = accuracy(net, *test)
    log.write(f"seed {seed} test {result:.6f}\\n")
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=4)
    args = parser.parse_args()
    pathlib.Path("logs").mkdir(exist_ok=True)
    with open("logs/train.log", "w") as log:
        values = [run(seed, args.epochs, log) for seed in range(args.seeds)]
    out = {"accuracy": sum(values) / len(values), "per_seed": values}
    pathlib.Path("results.json").write_text(json.dumps(out))
    try:
        import matplotlib.pyplot as plt

        plt.bar(range(len(values)), values)
        plt.axhline(0.971, label="paper")
        plt.savefig("seeds.png")
    except ImportError:
        pass


if __name__ == "__main__":
    main()
""",
    "logs/train.log": "".join(
        f"seed {s} epoch {e} loss {loss} valid {valid}\n"
        for s, rows in enumerate(
            [
                [("0.8417", "0.9024"), ("0.3120", "0.9477"), ("0.1984", "0.9582")],
                [("0.8722", "0.8955"), ("0.3411", "0.9373"), ("0.2213", "0.9547")],
                [("0.8199", "0.9129"), ("0.2987", "0.9512"), ("0.1875", "0.9617")],
                [("0.8570", "0.8990"), ("0.3302", "0.9408"), ("0.2046", "0.9512")],
            ]
        )
        for e, (loss, valid) in zip((0, 9, 19), rows, strict=True)
    )
    + "seed 0 test 0.966667\nseed 1 test 0.958333\nseed 2 test 0.969444\nseed 3 test 0.959556\n",
    "results.json": '{"accuracy": 0.9635, "per_seed": [0.966667, 0.958333, 0.969444, 0.959556]}',
    "tests/test_model.py": """import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from model import Net, accuracy


def test_shape():
    assert Net()(torch.zeros(3, 64)).shape == (3, 10)


def test_accuracy_is_deterministic():
    net, x, y = Net(), torch.randn(40, 64), torch.randint(10, (40,))
    assert accuracy(net, x, y) == accuracy(net, x, y)
""",
}

CONVNET = {
    "README.md": """# Shifted Digits Need Shifted Training

| | test accuracy |
|---|---|
| paper | 0.983 |
| ours (3 seeds) | 0.9713 |

Random shifts by one pixel are the augmentation. The epoch is the one with the best validation accuracy. Settings are in `settings.toml`.
We train for 12 epochs instead of the paper's 60, which costs about a point.
`curve.png` shows test accuracy against epochs; it is drawn after the fact and decides nothing.
""",
    "paper.md": """# Shifted Digits Need Shifted Training

Two convolutions with batch normalisation, random shifts, label smoothing 0.1, Adam 0.002, batch size 64, 60 epochs. Accuracy on the test images, mean over 3 seeds: 0.983.
""",
    "settings.toml": "[training]\nepochs = 12\nlr = 0.002\nbatch_size = 64\nsmoothing = 0.1\naugment = true\nseeds = 3\n\n[paper]\naccuracy = 0.983\n",
    "net.py": """import torch
from torch import nn


class ConvNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.one = nn.Conv2d(1, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.two = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.head = nn.Linear(2 * width * 4, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.norm(self.one(x))), 2)
        x = nn.functional.max_pool2d(torch.relu(self.two(x)), 2)
        return self.head(x.flatten(1))


def shift(x, generator):
    dx, dy = torch.randint(-1, 2, (2,), generator=generator).tolist()
    return torch.roll(x, (dx, dy), (2, 3))


@torch.no_grad()
def evaluate(net, x, y, batch=128):
    net.eval()
    right = 0
    for i in range(0, len(x), batch):
        right += (net(x[i:i + batch]).argmax(1) == y[i:i + batch]).sum().item()
    return right / len(x)
""",
    "train.py": """import hashlib
import json
import os
import pathlib
import tomllib

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from net import ConvNet, evaluate, shift

torch.set_num_threads(int(os.environ.get("THREADS", "1")))


def load(settings):
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    cache = pathlib.Path(f"cache_{key}.npz")
    if cache.exists():
        store = np.load(cache)
        return [torch.tensor(store[k]) for k in store.files]
    digits = load_digits()
    x = (digits.images[:, None] / 16).astype("float32")
    x_rest, x_test, y_rest, y_test = train_test_split(x, digits.target, test_size=0.2, random_state=0, stratify=digits.target)
    x_train, x_valid, y_train, y_valid = train_test_split(x_rest, y_rest, test_size=0.2, random_state=0)
    np.savez(cache, a=x_train, b=y_train, c=x_valid, d=y_valid, e=x_test, f=y_test)
    return [torch.tensor(v) for v in (x_train, y_train, x_valid, y_valid, x_test, y_test)]


def run(seed, settings, log):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1000)
    x_train, y_train, x_valid, y_valid, x_test, y_test = load(settings)
    net = ConvNet()
    adam = torch.optim.Adam(net.parameters(), lr=settings["lr"])
    best_valid, answer, curve = 0.0, None, []
    for epoch in range(settings["epochs"]):
        net.train()
        for rows in torch.randperm(len(x_train)).split(settings["batch_size"]):
            batch = shift(x_train[rows], generator) if settings["augment"] else x_train[rows]
            loss = torch.nn.functional.cross_entropy(net(batch), y_train[rows], label_smoothing=settings["smoothing"])
            adam.zero_grad()
            loss.backward()
            adam.step()
        valid_acc = evaluate(net, x_valid, y_valid)
        curve.append(evaluate(net, x_test, y_test))
        if valid_acc > best_valid:
            best_valid, answer = valid_acc, curve[-1]
        if epoch % 4 == 3:
            log.write(f"seed={seed} epoch={epoch + 1} loss={loss.item():.4f} valid_acc={valid_acc:.4f}\\n")
    log.write(f"seed={seed} test_acc={answer:.6f}\\n")
    return answer, curve


def main():
    settings = tomllib.loads(pathlib.Path("settings.toml").read_text())["training"]
    with open("train.log", "w") as log:
        runs = [run(seed, settings, log) for seed in range(settings["seeds"])]
    scores = [answer for answer, _ in runs]
    result = {"accuracy": float(np.mean(scores)), "accuracy_std": float(np.std(scores)), "per_seed": scores}
    pathlib.Path("results.json").write_text(json.dumps(result, indent=2))
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        return
    plt.plot(np.mean([curve for _, curve in runs], axis=0))
    plt.axhline(0.983, ls="--")
    plt.savefig("curve.png")


if __name__ == "__main__":
    main()
""",
    "train.log": """seed=0 epoch=4 loss=0.7214 valid_acc=0.9271
seed=0 epoch=8 loss=0.6127 valid_acc=0.9583
seed=0 epoch=12 loss=0.5833 valid_acc=0.9653
seed=0 test_acc=0.969444
seed=1 epoch=4 loss=0.7391 valid_acc=0.9306
seed=1 epoch=8 loss=0.6244 valid_acc=0.9549
seed=1 epoch=12 loss=0.5790 valid_acc=0.9688
seed=1 test_acc=0.975000
seed=2 epoch=4 loss=0.7146 valid_acc=0.9201
seed=2 epoch=8 loss=0.6301 valid_acc=0.9618
seed=2 epoch=12 loss=0.5902 valid_acc=0.9618
seed=2 test_acc=0.969444
""",
    "results.json": '{\n  "accuracy": 0.9712962962962963,\n  "accuracy_std": 0.0026189,\n  "per_seed": [0.9694444444444444, 0.975, 0.9694444444444444]\n}',
    "tests/test_net.py": """import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from net import ConvNet, evaluate, shift


def test_batches_do_not_matter():
    net, x, y = ConvNet(), torch.randn(50, 1, 8, 8), torch.randint(10, (50,))
    assert evaluate(net, x, y, batch=7) == evaluate(net, x, y, batch=50)


def test_a_shift_keeps_the_mass():
    x = torch.rand(2, 1, 8, 8)
    assert torch.isclose(shift(x, torch.Generator().manual_seed(0)).sum(), x.sum())
""",
}

GRAPH = {
    "README.md": """# Two Hops Suffice

GCN on a generated block model (600 nodes, 3 classes), transductive: features of all nodes are seen, labels of the 60 training nodes only.

| | test accuracy (%) |
|---|---|
| paper | 81.5 |
| `python gcn.py` | 78.62 +- 1.23 |

Mean and standard deviation over 6 seeds. Early stopping on validation loss. The generated graph is ours, so the paper's number is only a guide.
""",
    "paper.md": """# Two Hops Suffice

Two-layer graph convolution, hidden 16, dropout 0.5, weight decay 0.0005, Adam 0.01, at most 200 epochs, early stopping on validation loss. Accuracy 81.5 %.
""",
    "gcn.py": """import json

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from graph import block_model, normalise

SEEDS, EPOCHS, PATIENCE = 6, 200, 20
REFERENCE = 81.5  # the paper's accuracy


class GCN(nn.Module):
    def __init__(self, features, classes, hidden=16, dropout=0.5):
        super().__init__()
        self.first, self.second, self.dropout = nn.Linear(features, hidden), nn.Linear(hidden, classes), dropout

    def forward(self, a, x):
        x = F.dropout(x, self.dropout, self.training)
        x = torch.relu(a @ self.first(x))
        return a @ self.second(F.dropout(x, self.dropout, self.training))


def accuracy(net, a, x, y, mask):
    net.eval()
    with torch.no_grad():
        return (net(a, x).argmax(1)[mask] == y[mask]).float().mean().item()


def run(seed):
    torch.manual_seed(seed)
    x, y, adjacency, masks = block_model(np.random.default_rng(7))
    a = normalise(adjacency)
    x = x / x.norm(dim=1, keepdim=True)
    net = GCN(x.shape[1], 3)
    adam = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=5e-4)
    best, waited, kept = float("inf"), 0, None
    for epoch in range(EPOCHS):
        net.train()
        loss = F.cross_entropy(net(a, x)[masks["train"]], y[masks["train"]])
        adam.zero_grad()
        loss.backward()
        adam.step()
        net.eval()
        with torch.no_grad():
            val_loss = F.cross_entropy(net(a, x)[masks["val"]], y[masks["val"]]).item()
        if val_loss < best:
            best, waited, kept = val_loss, 0, {k: v.clone() for k, v in net.state_dict().items()}
        else:
            waited += 1
            if waited > PATIENCE:
                break
    net.load_state_dict(kept)
    return {"seed": seed, "epochs": epoch + 1, "accuracy": 100 * accuracy(net, a, x, y, masks["test"])}


if __name__ == "__main__":
    rows = [run(seed) for seed in range(SEEDS)]
    values = [row["accuracy"] for row in rows]
    with open("runs.jsonl", "w") as file:
        file.writelines(json.dumps(row) + "\\n" for row in rows)
    json.dump({"accuracy_mean": float(np.mean(values)), "accuracy_std": float(np.std(values, ddof=1)), "runs": rows}, open("results.json", "w"), indent=1)
    print(f"{np.mean(values):.2f} against {REFERENCE}: {np.mean(values) - REFERENCE:+.2f}")
""",
    "graph.py": '''import torch


def block_model(rng, n=600, classes=3, within=0.03, between=0.008):
    """Return features, labels, adjacency and masks."""
    y = rng.integers(classes, size=n)
    p = torch.where(torch.tensor(y[:, None] == y[None]), within, between)
    upper = torch.triu(torch.tensor(rng.random((n, n)), dtype=torch.float32) < p, 1).float()
    codes = rng.normal(size=(classes, 24))
    x = torch.tensor(0.25 * codes[y] + rng.normal(size=(n, 24)), dtype=torch.float32)
    order = torch.tensor(rng.permutation(n))
    masks = {"train": order[:60], "val": order[60:160], "test": order[160:]}
    return x, torch.tensor(y), upper + upper.T, masks


def normalise(a):
    a = a + torch.eye(len(a))
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None]
''',
    "runs.jsonl": """{"seed": 0, "epochs": 131, "accuracy": 79.0909}
{"seed": 1, "epochs": 88, "accuracy": 77.0455}
{"seed": 2, "epochs": 154, "accuracy": 80.2273}
{"seed": 3, "epochs": 97, "accuracy": 77.2727}
{"seed": 4, "epochs": 140, "accuracy": 79.3182}
{"seed": 5, "epochs": 122, "accuracy": 78.7500}
""",
    "results.json": """{
 "accuracy_mean": 78.61743, "accuracy_std": 1.23319,
 "runs": [{"seed": 0, "epochs": 131, "accuracy": 79.0909}, {"seed": 1, "epochs": 88, "accuracy": 77.0455}, {"seed": 2, "epochs": 154, "accuracy": 80.2273},
  {"seed": 3, "epochs": 97, "accuracy": 77.2727}, {"seed": 4, "epochs": 140, "accuracy": 79.3182}, {"seed": 5, "epochs": 122, "accuracy": 78.75}]
}
""",
    "tests/test_graph.py": """import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from graph import normalise


def test_normalised_rows_of_a_ring():
    a = torch.roll(torch.eye(5), 1, 0) + torch.roll(torch.eye(5), -1, 0)
    assert torch.allclose(normalise(a).sum(1), torch.ones(5))
""",
}

CHARS = {
    "README.md": """# Letters in Sequence

A GRU over characters of generated sentences. Test bits per character: paper 1.42, we get **1.487** (one seed, toy corpus of 60 000 characters).
`python lm.py`; the console output is in `logs/console.txt`. Text is split in order: 80 % training, 10 % validation, 10 % test.
""",
    "paper.md": """# Letters in Sequence

GRU with 96 units, truncated backpropagation over 64 characters, Adam 0.003, gradient clipping at 1.0, 8 epochs, learning rate halved when validation loss stalls. Bits per character on the test text: 1.42.
""",
    "lm.py": '''import json
import math
import pathlib
import sys

import torch
from torch import nn

from corpus import sentences

UNITS, LENGTH, EPOCHS = 96, 64, 8


class Model(nn.Module):
    def __init__(self, size, units=UNITS):
        super().__init__()
        self.embed, self.gru, self.out = nn.Embedding(size, units), nn.GRU(units, units, batch_first=True), nn.Linear(units, size)

    def forward(self, ids, state=None):
        h, state = self.gru(self.embed(ids), state)
        return self.out(h), state


def pieces(ids):
    return [ids[i:i + LENGTH + 1] for i in range(0, len(ids) - 1, LENGTH)]


@torch.no_grad()
def bits(model, ids):
    """Return bits per character, with the state carried along."""
    total, count, state = 0.0, 0, None
    for piece in pieces(ids):
        logits, state = model(piece[None, :-1], state)
        total += nn.functional.cross_entropy(logits[0], piece[1:], reduction="sum").item()
        count += len(piece) - 1
    return total / count / math.log(2)


def main(out=sys.stdout):
    torch.manual_seed(1)
    text = sentences(60000)
    letters = sorted(set(text[:48000]))
    ids = torch.tensor([letters.index(c) if c in letters else 0 for c in text])
    train, valid, test = ids[:48000], ids[48000:54000], ids[54000:]
    model = Model(len(letters))
    adam = torch.optim.Adam(model.parameters(), lr=0.003)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.5, patience=0)
    for epoch in range(EPOCHS):
        for piece in pieces(train):
            loss = nn.functional.cross_entropy(model(piece[None, :-1])[0][0], piece[1:])
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            adam.step()
        value = bits(model, valid)
        plateau.step(value)
        print(f"epoch {epoch} train {loss.item() / math.log(2):.4f} valid {value:.4f}", file=out)
    result = {"bits_per_character": bits(model, test), "valid_bits": value, "letters": len(letters)}
    pathlib.Path("results.json").write_text(json.dumps(result))
    print(result, file=out)


if __name__ == "__main__":
    main()
''',
    "corpus.py": """import random

WORDS = "the ship sails over a quiet sea while old stars burn and cold winds carry salt to every open harbour".split()


def sentences(length, seed=4):
    rng, text = random.Random(seed), ""
    while len(text) < length:
        text += " ".join(rng.choice(WORDS) for _ in range(rng.randint(4, 9))) + rng.choice([". ", "! ", "? "])
    return text[:length]
""",
    "logs/console.txt": """epoch 0 train 2.0127 valid 1.9713
epoch 1 train 1.6640 valid 1.6358
epoch 2 train 1.5571 valid 1.5527
epoch 3 train 1.5320 valid 1.5211
epoch 4 train 1.5012 valid 1.5048
epoch 5 train 1.5101 valid 1.4977
epoch 6 train 1.4803 valid 1.4921
epoch 7 train 1.4755 valid 1.4896
{'bits_per_character': 1.4871320, 'valid_bits': 1.4896022, 'letters': 27}
""",
    "results.json": '{"bits_per_character": 1.487132, "valid_bits": 1.4896022, "letters": 27}',
    "tests/test_lm.py": """import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lm import Model, bits, pieces


def test_pieces_cover_the_text():
    assert sum(len(piece) - 1 for piece in pieces(torch.arange(1000))) == 999


def test_uniform_model_needs_log_two_of_the_alphabet():
    model = Model(8)
    for parameter in model.out.parameters():
        torch.nn.init.zeros_(parameter)
    assert abs(bits(model, torch.randint(8, (300,))) - 3) < 1e-4
""",
}

LATENT = {
    "README.md": """# Small Bottlenecks

VAE on binarised digits. Negative ELBO on the test images, in nats: paper 24.1, here 25.873. The reference number of the paper is for another binarisation.
Reproduce with `python vae.py --epochs 30`; the log is written every 5 epochs.
""",
    "paper.md": """# Small Bottlenecks

VAE with a latent size of 6, 100 hidden units, beta 1.0, 30 epochs, Adam 0.001, batches of 100. Negative ELBO (reconstruction plus KL) on 297 test images: 24.1 nats.
""",
    "vae.py": '''import argparse
import json

import torch
from sklearn.datasets import load_digits
from torch import nn

LATENT = 6


class VAE(nn.Module):
    def __init__(self, latent=LATENT, hidden=100):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(64, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latent))
        self.decode = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, 64))

    def forward(self, x):
        mean, logvar = self.encode(x).chunk(2, -1)
        z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
        return self.decode(z), mean, logvar


def negative_elbo(model, x, beta=1.0):
    """Return nats per image."""
    logits, mean, logvar = model(x)
    reconstruction = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    kl = 0.5 * (mean ** 2 + logvar.exp() - 1 - logvar).sum(-1)
    return (reconstruction + beta * kl).mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--beta", type=float, default=1.0)
    options = parser.parse_args()
    torch.manual_seed(0)
    x = (torch.tensor(load_digits().data) > 7).float()
    x = x[torch.randperm(len(x))]
    train, test = x[:1500], x[1500:]
    model = VAE()
    adam = torch.optim.Adam(model.parameters(), lr=0.001)
    with open("vae.log", "w") as log:
        for epoch in range(1, options.epochs + 1):
            for batch in train[torch.randperm(len(train))].split(options.batch_size):
                loss = negative_elbo(model, batch, options.beta)
                adam.zero_grad()
                loss.backward()
                adam.step()
            if epoch % 5 == 0:
                log.write(f"epoch {epoch} loss {loss.item():.3f}\\n")
        with torch.no_grad():
            value = negative_elbo(model, test).item()
        log.write(f"negative_elbo {value:.6f}\\n")
    json.dump({"negative_elbo": value, "paper": 24.1}, open("results.json", "w"))


if __name__ == "__main__":
    main()
''',
    "vae.log": "epoch 5 loss 29.414\nepoch 10 loss 27.655\nepoch 15 loss 26.720\nepoch 20 loss 26.937\nepoch 25 loss 25.402\nepoch 30 loss 25.718\nnegative_elbo 25.872913\n",
    "results.json": '{"negative_elbo": 25.872913, "paper": 24.1}',
    "tests/test_vae.py": """import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from vae import VAE, negative_elbo


def test_without_the_divergence_it_is_smaller():
    torch.manual_seed(0)
    model, x = VAE(), torch.rand(20, 64).round()
    with torch.random.fork_rng():
        small = negative_elbo(model, x, beta=0.0)
    assert small <= negative_elbo(model, x, beta=5.0)


def test_shapes():
    logits, mean, _ = VAE()(torch.zeros(3, 64))
    assert logits.shape == (3, 64) and mean.shape == (3, 6)
""",
}
