"""Which scorer pays? A bandit over scorers, rewarded by the fall of the validation loss: the meta-learned policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ..core import BadInput

HISTORY = 50  # rewards that a new one is held against


class ScorerBandit:
    """Plays one scorer between two validations; its reward is the log fall of the validation loss, held against the falls of late.

    Give it as `scorer` to AQL, and tell the validation loss by `aql.observe` after equally many trained samples. Rewards are scaled to [-1, 1] by the 20 %
    and 80 % quantiles of the last 50, so that falls that shrink over the run stay comparable. exploration: the least share of lots drawn evenly;
    forgetting: the share of weight spread evenly at each play, so that a scorer that starts to pay later is found.

    Source: Auer, Cesa-Bianchi, Freund, Schapire, "The Nonstochastic Multiarmed Bandit Problem" (2002), section 8 (EXP3.S); with rewards scaled as in
    Graves et al., "Automated Curriculum Learning for Neural Networks" (2017), section 3.

    Raises:
        BadInput: fewer than two scorers, one twice, or a share out of its range.
    """

    def __init__(
        self, arms: Sequence[str], *, exploration: float = 0.1, forgetting: float = 0.01, rate: float = 0.2, seed: int = 0
    ) -> None:
        self.arms = tuple(arms)
        if len(set(self.arms)) != len(self.arms) or len(self.arms) < 2:
            raise BadInput(f"A bandit plays two scorers or more, each named once; got {', '.join(self.arms) or 'none'}.")
        if not (0 < exploration <= 1 and 0 <= forgetting < 1 and rate > 0):
            raise BadInput(
                f"Exploration lies in (0, 1], forgetting in [0, 1), the rate is positive; got {exploration}, {forgetting} and {rate}."
            )
        self.exploration, self.forgetting, self.rate = exploration, forgetting, rate
        self._weights = [0.0] * len(self.arms)  # log weights
        self._rewards: list[float] = []
        self._last: float | None = None
        self._generator = torch.Generator().manual_seed(seed)
        self.plays = dict.fromkeys(self.arms, 0)
        self._playing = self._drawn()

    @property
    def arm(self) -> str:
        """The scorer that is played now."""
        return self.arms[self._playing]

    def chances(self) -> dict[str, float]:
        """Return the chance of each scorer at the next draw."""
        top = max(self._weights)
        raw = [math.exp(weight - top) for weight in self._weights]
        even = self.exploration / len(self.arms)
        return {arm: (1 - self.exploration) * each / sum(raw) + even for arm, each in zip(self.arms, raw, strict=True)}

    def observe(self, validation_loss: float) -> str:
        """Tell the validation loss at the end of a window; return the scorer of the next one. The first loss starts the count and rewards nobody.

        Raises:
            BadInput: the loss is negative or not a number.
        """
        if not validation_loss >= 0:
            raise BadInput(f"A validation loss is a number of at least 0; got {validation_loss}.")
        loss, before = max(validation_loss, 1e-12), self._last
        self._last = loss
        if before is not None:
            self._reward(math.log(before / loss))
        self._playing = self._drawn()
        return self.arm

    def _drawn(self) -> int:
        chances = torch.tensor(list(self.chances().values()), dtype=torch.float64)
        return int(torch.multinomial(chances, 1, generator=self._generator))

    def _reward(self, fall: float) -> None:
        chance = self.chances()[self.arm]
        self.plays[self.arm] += 1
        self._rewards = [*self._rewards[-HISTORY + 1 :], fall]
        low, high = torch.tensor(self._rewards, dtype=torch.float64).quantile(torch.tensor([0.2, 0.8]).double()).tolist()
        scaled = 0.0 if high - low < 1e-12 else min(1.0, max(-1.0, 2 * (fall - low) / (high - low) - 1))
        self._weights[self._playing] += self.rate * scaled / (len(self.arms) * chance)  # an unbiased estimate of every scorer's reward
        self._forget()

    def _forget(self) -> None:
        """Mix a share of the total weight evenly over the scorers, in logs."""
        top = max(self._weights)
        raw = [math.exp(weight - top) for weight in self._weights]
        even = self.forgetting * sum(raw) / len(raw)
        self._weights = [math.log((1 - self.forgetting) * each + even) for each in raw]

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later draws depend on."""
        own = {"weights": list(self._weights), "rewards": list(self._rewards), "last": self._last, "playing": self._playing}
        return {**own, "arms": list(self.arms), "plays": dict(self.plays), "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken.

        Raises:
            BadInput: the state is of a bandit over other scorers.
        """
        if tuple(state["arms"]) != self.arms:
            raise BadInput(f"The state is of a bandit over {', '.join(state['arms'])}, this one plays {', '.join(self.arms)}.")
        self._weights, self._rewards, self._last = list(state["weights"]), list(state["rewards"]), state["last"]
        self._playing, self.plays = state["playing"], dict(state["plays"])
        self._generator.set_state(state["generator"])
