"""A map of labels lies on its image as it is: neither turned nor mirrored."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._inputs import is_integer

TURNED = 0.3  # a map and an image whose correlation is this large belong together


def turned_labels(examination: Examination) -> Evidence:
    """Correlate a map of labels with its image as they are, turned and mirrored: as they are they agree best."""
    batches = [examination.batch(seed=seed) for seed in range(4)]
    images = [key for key, value in batches[0].items() if _is_image(value)]
    maps = [key for key, value in batches[0].items() if isinstance(value, Tensor) and _is_map(value)]
    for image, label in itertools.product(images, maps):
        pictures = torch.cat([batch[image].double() for batch in batches])
        labels = torch.cat([_flat(batch[label]) for batch in batches])
        if image == label or pictures.shape[0] != labels.shape[0] or pictures.shape[-2:] != labels.shape[-2:]:
            continue
        agreement = {name: _agreement(pictures, other) for name, other in _symmetries(labels)}
        plain = agreement.pop("as it is")
        name, best = max(agreement.items(), key=lambda item: item[1])
        if best > TURNED and plain < 0.5 * best:
            message = f"{label} agrees with {image} when it is {name} (correlation {best:.2f}), and not as it is ({plain:.2f})"
            hint = "Turn, mirror and crop the image and its labels together."
            return examination.finding("fail", message, where="batch", path=label, hint=hint, values={"as it is": plain, "turned": best})
        return examination.passed(f"{label} agrees with {image} as it is", plain=plain)
    return examination.skipped("no square image with a map of labels is in the batch")


def _is_image(value: object) -> bool:
    square = isinstance(value, Tensor) and value.ndim == 4 and value.shape[-1] == value.shape[-2] >= 6
    return square and isinstance(value, Tensor) and value.is_floating_point()


def _is_map(value: Tensor) -> bool:
    whole = is_integer(value) or value.dtype == torch.bool or bool(((value == 0) | (value == 1)).all())
    return whole and value.ndim in (3, 4) and value.shape[-1] == value.shape[-2] >= 6 and (value.ndim == 3 or value.shape[1] == 1)


def _flat(value: Tensor) -> Tensor:
    return (value[:, 0] if value.ndim == 4 else value).double()


def _symmetries(labels: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Yield the eight turned and mirrored forms of square maps."""
    for turns, mirrored in itertools.product(range(4), (False, True)):
        form = torch.rot90(labels, turns, (1, 2))
        name = {0: "as it is", 1: "turned by 90 degrees", 2: "turned by 180 degrees", 3: "turned by 270 degrees"}[turns]
        if mirrored:
            name = {0: "mirrored left to right", 1: "transposed", 2: "mirrored top to bottom", 3: "transposed the other way"}[turns]
        yield name, form.flip(2) if mirrored else form


def _agreement(pictures: Tensor, labels: Tensor) -> float:
    """Return the largest correlation, over channels and classes, of centred images with an indicator of the class."""
    best = 0.0
    classes = labels.unique()
    for channel, number in itertools.product(range(pictures.shape[1]), classes[: 8 if len(classes) > 2 else 1]):
        x, y = pictures[:, channel], (labels == number).double()
        x, y = x - x.mean(dim=(1, 2), keepdim=True), y - y.mean(dim=(1, 2), keepdim=True)
        scale = float(x.square().sum().sqrt() * y.square().sum().sqrt())
        best = max(best, abs(float((x * y).sum())) / scale if scale else 0.0)
    return best


TURNED_LABELS = card(
    "data",
    "turned labels",
    "A map of labels that is turned, mirrored or transposed against its image.",
    (),
    "Labels that have little to do with the brightness of the image: below a correlation of 0.3 nothing is said.",
    turned_labels,
)
