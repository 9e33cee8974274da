"""The streams: MNIST made redundant, plays among noise; and made-up stand-ins of both, from which nothing can be concluded."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

FAMILIES = 4  # of windows in the text stream: useful, and three kinds of noise


@dataclass(frozen=True)
class Images:
    """Images [n, 784] with labels [n], of which `kind` [n] says what they are (0 near-duplicate, 1 true tail, 2 wrongly labelled), and a test set."""

    x: Tensor
    y: Tensor
    kind: Tensor
    test_x: Tensor
    test_y: Tensor


@dataclass(frozen=True)
class Text:
    """Windows [n, length + 1] of a stream with their `kind` [n] (0 useful), a small target set, and validation windows."""

    windows: Tensor
    kind: Tensor
    target: Tensor
    validation: Tensor
    alphabet: int


def digits(run) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return images [n, 28, 28] and labels of training and test: MNIST, or made-up digits where the settings say so."""
    if run.settings["source"] != "mnist":
        return made_digits()
    folder = Path(run.data("mnist")) / "mnist"
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    x, y, test_x, test_y = (read_idx(folder / f"{name}-ubyte.gz") for name in names)
    return x, y.long(), test_x, test_y.long()


def read_idx(path: Path) -> Tensor:
    """Read one file of the MNIST format: a magic number whose last byte counts the dimensions, their sizes, then bytes."""
    with gzip.open(path) as file:
        content = bytearray(file.read())
    dimensions = content[3]
    sizes = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    return torch.frombuffer(content, dtype=torch.uint8, offset=4 + 4 * dimensions).reshape(sizes)


def made_digits(train: int = 14_000, test: int = 2_000) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return a stand-in for MNIST: ten smooth random shapes, each image one of them, moved and under noise."""
    generator = torch.Generator().manual_seed(7)
    shapes = torch.nn.functional.interpolate(torch.rand(10, 1, 7, 7, generator=generator), size=28, mode="bicubic")[:, 0]
    y = torch.randint(10, (train + test,), generator=generator)
    moves = torch.randint(-3, 4, (train + test, 2), generator=generator)
    x = torch.stack([shapes[label].roll((int(dy), int(dx)), (0, 1)) for label, (dy, dx) in zip(y.tolist(), moves, strict=True)])
    x = (255 * (x + 0.25 * torch.randn(x.shape, generator=generator))).clamp(0, 255).to(torch.uint8)
    return x[:train], y[:train], x[train:], y[train:]


def scaled(x: Tensor) -> Tensor:
    """Return bytes [n, 28, 28] as floats [n, 784] with about zero mean and unit spread."""
    return ((x.float() / 255 - 0.1307) / 0.3081).flatten(1)


def redundant(run) -> Images:
    """Return the redundant stream of this seed: near-duplicates of few originals, and a tail of other images, partly with wrong labels."""
    settings = run.settings
    x, y, test_x, test_y = digits(run)
    generator = torch.Generator().manual_seed(1000 + run.seed)
    count = min(settings["images"], int(len(x) / 0.31))
    copies = round(settings["duplicates"] * count)
    order = torch.randperm(len(x), generator=generator)
    originals, tail = order[: settings["originals"]], order[settings["originals"] :][: count - copies]
    of = originals[torch.randint(len(originals), (copies,), generator=generator)]
    near = scaled(x[of]) + settings["noise"] * torch.randn(copies, 784, generator=generator)
    labels = y[tail].clone()
    wrong = torch.rand(len(tail), generator=generator) < settings["wrong_labels"]
    labels[wrong] = (labels[wrong] + torch.randint(1, 10, (int(wrong.sum()),), generator=generator)) % 10
    mixed = torch.randperm(copies + len(tail), generator=generator)
    kind = torch.cat([torch.zeros(copies, dtype=torch.long), 1 + wrong.long()])
    return Images(
        x=torch.cat([near, scaled(x[tail])])[mixed],
        y=torch.cat([y[of], labels])[mixed],
        kind=kind[mixed],
        test_x=scaled(test_x),
        test_y=test_y,
    )


def clean(run) -> Images:
    """Return so many images of this seed as they are."""
    x, y, test_x, test_y = digits(run)
    chosen = torch.randperm(len(x), generator=torch.Generator().manual_seed(2000 + run.seed))[: run.settings["images"]]
    return Images(scaled(x[chosen]), y[chosen], torch.ones(len(chosen), dtype=torch.long), scaled(test_x), test_y)


def letters(run) -> tuple[Tensor, int]:
    """Return a text as numbers [n], and how many different ones there are."""
    if run.settings["source"] == "tinyshakespeare":
        text = (Path(run.data("tinyshakespeare")) / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
        numbers = {letter: number for number, letter in enumerate(sorted(set(text)))}
        return torch.tensor([numbers[letter] for letter in text]), len(numbers)
    return made_letters(), 40


def made_letters(count: int = 400_000) -> Tensor:
    """Return a stand-in for a text: words of a made-up language of 40 letters, one after the other."""
    generator = torch.Generator().manual_seed(8)
    words = [torch.cat([torch.randint(1, 40, (int(size),), generator=generator), torch.zeros(1, dtype=torch.long)]) for size in 2 + torch.randint(6, (300,), generator=generator)]  # fmt: skip
    drawn = (300 * torch.rand(count // 3, generator=generator) ** 2).long().tolist()
    return torch.cat([words[word] for word in drawn])[:count]


def plays_among_noise(run) -> Text:
    """Return the text stream of this seed: a share of useful windows, the rest shuffled letters, random letters and lines read backwards."""
    settings, length = run.settings, run.settings["length"] + 1
    text, alphabet = letters(run)
    generator = torch.Generator().manual_seed(3000 + run.seed)
    border = int(0.9 * len(text))
    windows = text[: border // length * length].reshape(-1, length)
    windows = windows[torch.randperm(len(windows), generator=generator)]
    target, rest = windows[: settings["target_windows"]], windows[settings["target_windows"] :]
    count = settings["windows"]
    useful = round(settings["useful"] * count)
    third = (count - useful) // 3
    source = rest[torch.randint(len(rest), (count - useful,), generator=generator)]
    parts = [
        rest[torch.randint(len(rest), (useful,), generator=generator)] if useful > len(rest) else rest[:useful],
        torch.stack([window[torch.randperm(length, generator=generator)] for window in source[:third]]),
        torch.randint(alphabet, (third, length), generator=generator),
        source[2 * third :].flip(1),
    ]
    kind = torch.cat([torch.full((len(part),), number) for number, part in enumerate(parts)])
    mixed = torch.randperm(len(kind), generator=generator)
    held_out = text[border:][: (len(text) - border) // length * length].reshape(-1, length)
    return Text(
        torch.cat(parts)[mixed], kind[mixed], target, held_out[:: max(1, len(held_out) // settings["validation_windows"])], alphabet
    )
