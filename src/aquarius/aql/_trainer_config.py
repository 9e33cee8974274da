"""The settings of the trainer: the keys of the AQL v2.0 description and mixed precision, each checked, no other taken."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from os import PathLike
from typing import Any

from ..core import BadInput
from ._pacing import Exponential, Linear, Pacing, Root, WarmUp

PACINGS = {"linear": Linear, "root": Root, "exponential": Exponential}
START, LEAST = 0.3, 0.05  # competence where the pacing starts, and where a warm-up does
_SHARES = ("uncertainty_ema", "selection_ratio", "warmup_ratio")
_COUNTS = ("uncertainty_update_freq", "total_steps", "buffer_size")
_SWITCHES = ("use_curriculum_selection", "use_streaming", "mixed_precision")


@dataclass(frozen=True)
class TrainerConfig:
    """The settings of AQLv2Trainer; the defaults are those of the AQL v2.0 description.

    Raises:
        BadInput: a value of the wrong kind or out of its range.
    """

    learning_rate: float = 1e-4  # of AdamW
    weight_decay: float = 0.01
    grad_clip: float = 1.0  # the largest norm of the gradient; 0 for none
    use_curriculum_selection: bool = True
    use_streaming: bool = True  # score every sample as it comes; else choose by the score of the latest visit
    uncertainty_ema: float = 0.95  # decay of the curvature
    uncertainty_update_freq: int = 10  # batches between two that are added to it
    total_steps: int = 10_000  # the length of the curriculum; training ends there at the latest
    warmup_ratio: float = 0.2  # of total_steps, in which the curriculum rises to where the pacing starts
    pacing_function: str = "root"
    buffer_size: int = 10_000  # the most samples that wait
    selection_ratio: float = 0.1  # of what is seen, that is trained on
    save_path: str | PathLike[str] | None = None
    mixed_precision: bool = False  # bfloat16 by torch.autocast

    def __post_init__(self) -> None:
        for name in ("learning_rate", "weight_decay", "grad_clip", *_SHARES):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise BadInput(f"{name} is a number, not {value!r}.")
        for name in _COUNTS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadInput(f"{name} is a whole number of at least 1, not {value!r}.")
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise BadInput(f"{name} is True or False, not {getattr(self, name)!r}.")
        if not (self.learning_rate > 0 and self.weight_decay >= 0 and self.grad_clip >= 0):
            raise BadInput("learning_rate is positive, weight_decay and grad_clip are at least 0.")
        if not (0 < self.uncertainty_ema <= 1 and 0 < self.selection_ratio <= 1 and 0 <= self.warmup_ratio < 1):
            raise BadInput("uncertainty_ema and selection_ratio lie in (0, 1], warmup_ratio in [0, 1).")
        if self.use_streaming and self.selection_ratio == 1:
            raise BadInput("A stream that is kept whole is not selected from: give a selection_ratio below 1, or use_streaming=False.")
        if self.pacing_function not in PACINGS:
            raise BadInput(f"pacing_function is {' or '.join(map(repr, PACINGS))}, not {self.pacing_function!r}.")
        if self.save_path is not None and not isinstance(self.save_path, (str, PathLike)):
            raise BadInput(f"save_path is a file or a folder, not {self.save_path!r}.")

    def pacing(self) -> Pacing:
        """The curriculum: for warmup_ratio of the run c rises evenly to 0.3, then by the pacing function to 1 at the end."""
        pacing = PACINGS[self.pacing_function](start=START, until=1.0)
        return WarmUp(pacing, ratio=self.warmup_ratio, least=LEAST) if self.warmup_ratio > 0 else pacing

    def decisive(self) -> dict[str, Any]:
        """What a resumed run must share: everything but where it is saved."""
        return {name: value for name, value in asdict(self).items() if name != "save_path"}


KEYS = tuple(each.name for each in fields(TrainerConfig))


def trainer_config(given: Mapping[str, Any] | TrainerConfig | None) -> TrainerConfig:
    """Return the settings from a mapping of exactly these keys.

    Raises:
        BadInput: an unknown key, with the nearest one, or a value that cannot be.
    """
    if isinstance(given, TrainerConfig):
        return given
    if given is not None and not isinstance(given, Mapping):
        raise BadInput(f"The config of a trainer is a mapping of settings, not {type(given).__name__}.")
    for name in given or {}:
        if name not in KEYS:
            nearest = difflib.get_close_matches(str(name), KEYS, n=1, cutoff=0.0)[0]
            raise BadInput(f"The trainer has no setting {name!r}; the nearest is {nearest!r}.")
    return TrainerConfig(**dict(given or {}))
