"""The front: a loader that chooses, a loss that scores, a report that counts. Nothing of the model is changed but one forward hook on its head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from ..core import BadInput
from . import _scores as scores
from ._background import Background, BackgroundScorer
from ._bandit import ScorerBandit
from ._chosen import ChosenDataset
from ._curriculum import CurriculumAQL, CurriculumScheduler
from ._forward import logits_of
from ._governor import Governor
from ._loader import Batch, checked_loader, rebuilt, unpacked
from ._modes import modes_kept
from ._pacing import Pacing
from ._payoff import Payoff
from ._policies import Policy, TopK, Uniform, importance_weights, with_quotas
from ._scoring import WITH_FEATURES, Scorer, Scoring
from ._shapes import IGNORED, checked_logits, counted, exact, per_sample
from ._store import ScoreStore
from ._stream_curriculum import StreamCurriculum
from ._streamed import Streamed
from ._uncertainty import LaplacianUncertainty
from ._wrapped import Wrapped

Mode = Literal["cached", "online", "proxy", "offline", "asynchronous", "streaming"]
MODES = ("cached", "online", "proxy", "offline", "asynchronous", "streaming")


@dataclass(frozen=True)
class AQLReport:
    """What selection did and cost. Samples seen, scored and trained on are three numbers, always."""

    mode: str
    selecting: bool  # whether the policy chooses now; False in a uniform window and after the return to uniform
    steps: int
    seen: int  # candidates that were considered
    scored: int  # samples whose score was made anew
    trained: int  # samples that went through a backward
    forwards: float  # cost in forwards of one sample: 3 for each trained, 1 for each scored by a forward of its own
    overhead: float  # time spent scoring as a share of the rest of the wall time
    mean_age: float  # steps since the latest score was made, of the samples that have one
    oldest: int
    visited: float  # share of the data set that was trained on at least once
    mass: dict[int, float]  # share of the trained samples by class, for labels [B]
    curriculum: dict[str, Any] | None
    uncertainty: dict[str, float] | None
    scorers: dict[str, int] | None  # windows that a bandit played each scorer


class AQL:
    """Adaptive selection for a PyTorch loop: `for batch in aql.wrap(loader): aql.loss(model(batch.x), batch.y).backward()`.

    scorer: a name, a function (logits, labels, features) -> [B], or a ScorerBandit. policy: what chooses; curriculum: a pacing, by the samples' own losses.
    mode "cached" chooses by the score of the latest visit, and costs nothing but the score; "online" scores fresh candidates with a forward of the
    model, "proxy" with one of `proxy`; "offline" by scores that `score` made before; "asynchronous" by those that a thread makes with a copy of the
    model, as `background` says; "streaming" scores every sample as it comes, in O(buffer_size) memory, for data sets without indices too.
    budget: the share of the wall time that scoring may take, None for no limit and no clock. importance: weigh losses by 1/(n π). quota: share of its
    size that each class keeps. payoff: the return to uniform. irreducible: a table [n] of reference losses, for "reducible". total_steps: of the run,
    for curriculum and policies that end.

    Raises:
        BadInput: an unknown scorer or mode, or one without what it needs.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        head: str | nn.Linear = "auto",
        scorer: str | Scorer | ScorerBandit = "epistemic",
        policy: Policy | None = None,
        curriculum: Pacing | CurriculumScheduler | None = None,
        mode: Mode = "cached",
        budget: float | None = 0.02,
        importance: bool = False,
        quota: float = 0.0,
        payoff: Payoff | None = None,
        proxy: nn.Module | None = None,
        irreducible: Tensor | None = None,
        uncertainty: LaplacianUncertainty | None = None,
        background: Background | None = None,
        buffer_size: int = 10_000,
        total_steps: int | None = None,
        seed: int = 0,
    ) -> None:
        self.policy: Policy = TopK() if policy is None else policy
        _checked(mode, proxy, scorer, self.policy, importance, quota)
        self.scoring = Scoring(model, head, scorer, irreducible=irreducible, uncertainty=uncertainty, difficulty=curriculum is not None)
        self.model, self.scorer, self.mode, self.proxy = model, scorer, mode, proxy
        self.importance, self.quota, self.payoff = importance, quota, payoff
        self.background, self.buffer_size, self.total_steps = background or Background(), buffer_size, total_steps
        self.governor = Governor(budget)
        self.store = ScoreStore()
        self.steps = self.scored = self.fresh = self.trained = 0
        self.mass: dict[int, int] = {}
        self.generator = torch.Generator().manual_seed(seed)
        self.pacing = curriculum
        self.curriculum: CurriculumAQL | StreamCurriculum | None = None
        self.current: Batch | None = None
        self._loader: Wrapped | Streamed | ChosenDataset | None = None
        self._thread: BackgroundScorer | None = None

    def wrap(self, loader: DataLoader[Any], *, epochs: int = 1, unpack: Callable[[Any], tuple[Any, Any]] = unpacked) -> Wrapped | Streamed:
        """Return the loader to train from; the same one each time it is called with the same loader, so that an epoch goes on where it stopped.

        An epoch is as many batches as the policy's share of the data set makes; in the mode "streaming" it is one pass over the loader.
        epochs: of the run, where total_steps was not given.

        Raises:
            BadInput: a loader that cannot be wrapped, or a second one.
        """
        if self._loader is not None:
            if self._loader.source is not loader or isinstance(self._loader, ChosenDataset):
                raise BadInput("This AQL wraps another loader already; one AQL keeps the scores of one data set.")
            return self._loader
        if self.mode == "streaming":
            assert isinstance(self.policy, TopK)
            wrapped: Wrapped | Streamed = Streamed(
                self, loader, unpack, keep=self.policy.keep, floor=self.policy.floor, buffer_size=self.buffer_size
            )
        else:
            wrapped = Wrapped(self, loader, unpack)
        self._attach(wrapped, epochs)
        if self.mode == "asynchronous":
            self._thread = BackgroundScorer(self.model, self.scoring, loader, unpack, self.background)
        return wrapped

    def dataset(self, inner: Any) -> ChosenDataset:
        """Return the data set to train on, in place of `wrap`, for training code that owns its loader; choose each epoch's samples by its `draw`.

        Raises:
            BadInput: a data set without indices, a mode that needs a loader, a curriculum without total_steps, or a second data set.
        """
        if self.total_steps is None and self.pacing is not None and not isinstance(self.pacing, CurriculumScheduler):
            raise BadInput("A curriculum in training code that owns its loader needs total_steps: the steps of the run.")
        if self._loader is not None:
            raise BadInput("This AQL has a data set already; one AQL keeps the scores of one data set.")
        chosen = ChosenDataset(self, inner)
        self._attach(chosen, 1)
        return chosen

    def _attach(self, wrapped: Wrapped | Streamed | ChosenDataset, epochs: int) -> None:
        self.total_steps = self.total_steps or max(1, epochs * wrapped.length)
        if self.pacing is not None:
            own = self.pacing
            scheduler = own if isinstance(own, CurriculumScheduler) else CurriculumScheduler(own, self.total_steps)
            self.curriculum = StreamCurriculum(scheduler) if self.mode == "streaming" else CurriculumAQL(self.store, scheduler)
        self._loader = wrapped

    @property
    def selecting(self) -> bool:
        """Whether the policy chooses now."""
        return self.payoff is None or self.payoff.selecting

    def choose(self, candidates: list[int]) -> list[tuple[int, float]]:
        """Return the ids to train on of these candidates, by their scores in the store, with the weights of their losses."""
        ids = torch.tensor(candidates)
        places, weights = self.select(self.store.get(self.scoring.column, ids).nan_to_num(nan=float("inf")), self.store.get("label", ids))
        return [(candidates[place], weight) for place, weight in zip(places.tolist(), weights.tolist(), strict=True)]

    def select(self, values: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the places to train on among candidates with these scores [n] and labels [n], and the weights of their losses."""
        policy = self.policy if self.selecting else Uniform(self.policy.share())
        chosen = policy.select(values, self.generator, self.steps / (self.total_steps or 1))
        if self.quota > 0:
            chosen = with_quotas(chosen, values, labels.nan_to_num(-1).long(), self.quota)
        weights = importance_weights(chosen, len(values)).float() if self.importance else chosen.weights
        return chosen.places, weights

    def loss(
        self, logits: Tensor, labels: Tensor, *, ids: Tensor | None = None, weights: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        """Return the cross-entropy of the batch, a scalar to call backward on, and keep its samples' scores.

        Equal to `functional.cross_entropy` where no sample has a weight of its own. ids and weights are those of the batch that `wrap` gave last, unless
        given; logits [B, C] or [B, T, V] with labels [B] or [B, T], -100 for positions to leave out.

        Raises:
            BadInput: shapes do not agree, or the batch is not the last that `wrap` gave.
        """
        checked_logits(logits, labels)
        batch = self.current
        if ids is None:
            if batch is None:
                raise BadInput("No ids: iterate over aql.wrap(loader), or give loss(..., ids=...).")
            ids = batch.ids
            weights = batch.weights if weights is None else weights
        if len(ids) != len(labels):
            raise BadInput(f"The logits are of {len(labels)} samples, the batch is of {len(ids)}; give ids for another batch.")
        log_p, places = _places(logits, labels)
        mask = counted(labels)
        shared = places if weights is None else weights.to(places).reshape(-1, *[1] * (labels.dim() - 1)) * places
        self._learn(logits, labels, ids, places.detach(), mask, features, log_p)
        return shared.mean() if mask is None else shared.sum() / mask.sum().clamp(min=1)

    def learn(self, logits: Tensor, labels: Tensor, ids: Tensor, *, features: Tensor | None = None) -> None:
        """Keep the scores of a batch whose loss is computed elsewhere.

        Raises:
            BadInput: shapes do not agree.
        """
        checked_logits(logits, labels)
        with torch.no_grad():
            log_p, places = _places(logits, labels)
            self._learn(logits, labels, ids, places, counted(labels), features, log_p)

    def features(self, logits: Tensor) -> Tensor | None:
        """Return the head's input [..., d] behind the logits that the head made, to be sliced as they are sliced: `loss(z[:, -1], y, features=f[:, -1])`."""
        return self.scoring.features(logits)

    def _learn(
        self, logits: Tensor, labels: Tensor, ids: Tensor, places: Tensor, mask: Tensor | None, features: Tensor | None, log_p: Tensor
    ) -> None:
        losses = per_sample(places, mask)
        kept: dict[str, Tensor] = {"loss": losses}
        if labels.dim() == 1:
            kept["label"] = labels
            for label, count in enumerate(torch.bincount(labels if mask is None else labels[mask]).tolist()):
                if count:
                    self.mass[label] = self.mass.get(label, 0) + count
        if self.mode != "streaming":  # there every sample was scored when it came, and none is met again
            if self.governor.due():
                with self.governor.measured(logits), exact(logits):
                    features = self.scoring.features(logits) if features is None else features
                    values = self.scoring.values(logits, labels, features, ids, losses, learn=True, log_p=log_p)
                    if isinstance(self.curriculum, CurriculumAQL) and not self.curriculum.frozen:
                        kept |= self.scoring.measures(logits, labels, features, losses, values)
                kept |= values if self.mode != "offline" else {}
                self.scored += len(ids)
            self.store.update(ids, self.steps, kept)
        self.trained += len(ids)
        self.steps += 1
        if self.curriculum is not None:
            self.curriculum.scheduler.step()

    def fresh_scores(self, model: nn.Module, x: Any, y: Tensor, ids: Tensor) -> Tensor:
        """Return the scores [B] of one batch by a forward in evaluation mode; +inf where the scorer has seen nothing yet. Every mode is given back."""
        return self.scored_fresh(model, x, y, ids, learn=False)[0]

    @torch.no_grad()
    def scored_fresh(self, model: nn.Module, x: Any, y: Tensor, ids: Tensor, *, learn: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the scores [B] as `fresh_scores` does, and with a curriculum the measures of difficulty; with `learn` the batch goes into the curvature."""
        with modes_kept(model):
            model.eval()
            logits = logits_of(model, x)
        y = y.to(logits.device)
        features = self.scoring.features(logits) if model is self.model else None
        self.fresh += len(ids)
        self.scored += len(ids)
        if not self.scoring.ready and not learn:
            return torch.full((len(ids),), float("inf")), {}
        losses = per_sample(scores.loss(logits, y), counted(y))
        with exact(logits):
            values = self.scoring.values(logits, y, features, ids, losses, learn=learn)
            wanted = learn and self.pacing is not None
            found = self.scoring.measures(logits, y, features, losses, values) if wanted else {}
        return values[self.scoring.column].cpu(), found

    def arrived(self) -> None:
        """Take in what the background scorer made, and renew its copy of the model when that is due; the loader calls it at each batch."""
        if self._thread is None:
            return
        for made in self._thread.arrived():
            self.store.update(made.ids, made.step, made.values, visit=False)
            self.scored += len(made.ids)
            self.fresh += len(made.ids)
        self._thread.renew(self.model, self.scoring, self.steps)

    def score(self, loader: DataLoader[Any], *, unpack: Callable[[Any], tuple[Any, Any]] = unpacked) -> Tensor:
        """Score the whole data set of a loader, for the mode "offline", with the proxy where there is one; return the scores [n]."""
        count, size = checked_loader(loader)
        for ids, data in rebuilt(loader, [list(range(start, min(start + size, count))) for start in range(0, count, size)]):
            x, y = unpack(data)
            self.store.update(ids, -1, {"score": self.fresh_scores(self.proxy or self.model, x, y, ids)}, visit=False)
        return self.store.get("score")

    def observe(self, validation_loss: float) -> None:
        """Tell the validation loss: it brings the curriculum forward, decides whether selection pays, and rewards a bandit's scorer."""
        if self.curriculum is not None:
            self.curriculum.scheduler.observe(validation_loss)
        if self.payoff is not None:
            self.payoff.observe(validation_loss)
        if isinstance(self.scorer, ScorerBandit):
            self.scorer.observe(validation_loss)

    def report(self) -> AQLReport:
        """Return what selection did and cost so far."""
        ages = self.store.ages(self.steps)
        count = max(1, self._loader.count if self._loader is not None else len(self.store))
        total, uncertainty = sum(self.mass.values()), self.scoring.uncertainty
        return AQLReport(
            mode=self.mode,
            selecting=self.selecting,
            steps=self.steps,
            seen=self._loader.seen if self._loader is not None else self.trained,
            scored=self.scored,
            trained=self.trained,
            forwards=3.0 * self.trained + self.fresh,
            overhead=self.governor.overhead,
            mean_age=float(ages.double().mean()) if len(ages) else 0.0,
            oldest=int(ages.max()) if len(ages) else 0,
            visited=int((self.store.visits > 0).sum()) / count,
            mass={label: number / total for label, number in sorted(self.mass.items())},
            curriculum=None if self.curriculum is None else self.curriculum.telemetry(),
            uncertainty=uncertainty.monitor() if uncertainty is not None and uncertainty.updates else None,
            scorers=dict(self.scorer.plays) if isinstance(self.scorer, ScorerBandit) else None,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later choices depend on; save it beside model, optimiser and random state. With a budget the clock has its say too."""
        parts = {name: None if part is None else part.state_dict() for name, part in self._parts().items()}
        own = {name: getattr(self, name) for name in _COUNTS}
        return {**parts, **own, "mass": dict(self.mass), "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken; wrap the loader first.

        Raises:
            BadInput: the state has a part that this AQL lacks, or the other way round.
        """
        for name, part in self._parts().items():
            if (part is None) != (state[name] is None):
                raise BadInput(f"The state and this AQL differ in {name}: build it as it was, and wrap the loader before loading.")
            if part is not None:
                part.load_state_dict(state[name])
        for name in _COUNTS:
            setattr(self, name, state[name])
        self.mass = dict(state["mass"])
        self.generator.set_state(state["generator"])

    def _parts(self) -> dict[str, Any]:
        return {
            "store": self.store,
            "uncertainty": self.scoring.uncertainty,
            "curriculum": self.curriculum,
            "payoff": self.payoff,
            "bandit": self.scorer if isinstance(self.scorer, ScorerBandit) else None,
            "loader": self._loader,
        }

    def synchronise(self, group: Any = None) -> None:
        """Bring scores and curvature of all ranks of an initialised `torch.distributed` together; call it on every rank at once."""
        self.store.synchronise(group)
        if self.scoring.uncertainty is not None:
            self.scoring.uncertainty.synchronise(group)

    def close(self) -> None:
        """End the background scorer, and take the hook off the model."""
        if self._thread is not None:
            self._thread.close()
        self.scoring.close()

    def __enter__(self) -> AQL:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _places(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The log-probabilities, shaped as the logits, and the cross-entropy of each position, [B] or [B, T]."""
    log_p = functional.log_softmax(logits.flatten(0, -2), -1)
    flat = functional.nll_loss(log_p, labels.flatten(), reduction="none", ignore_index=IGNORED)
    return log_p.reshape(logits.shape), flat.reshape(labels.shape)


_COUNTS = ("steps", "scored", "fresh", "trained", "total_steps")


def _checked(mode: str, proxy: nn.Module | None, scorer: object, policy: Policy, importance: bool, quota: float) -> None:
    if mode not in MODES:
        raise BadInput(f"The mode is {', '.join(MODES[:-1])} or {MODES[-1]}, not {mode!r}.")
    if mode == "proxy" and (proxy is None or scorer in WITH_FEATURES or isinstance(scorer, ScorerBandit)):
        raise BadInput(
            "The mode 'proxy' needs proxy=, a smaller model, and one scorer of its logits alone: not epistemic or gradient_norm."
        )
    if mode == "offline" and isinstance(scorer, ScorerBandit):
        raise BadInput("The mode 'offline' has one score made before; a bandit needs scores of all its scorers.")
    if mode == "streaming" and (not isinstance(policy, TopK) or policy.keep * (1 - policy.floor) >= 1 or importance or quota > 0):
        raise BadInput(
            "The mode 'streaming' keeps the best share of a stream: give TopK(keep, floor) with keep below 1, no importance and no quota."
        )
    if importance and quota > 0:
        raise BadInput("Importance weights are not known after quotas: use one of importance and quota.")
