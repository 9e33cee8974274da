"""The front: a loader that chooses, a loss that scores, a report that counts. Nothing of the model is changed but one forward hook on its head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from ..core import BadInput, did_you_mean
from . import _scores as scores
from ._curriculum import CurriculumAQL, CurriculumScheduler
from ._governor import Governor
from ._head import HeadTap
from ._loader import Batch, ChosenSampler, checked_loader, rebuilt, rows_of, unpacked
from ._modes import modes_kept
from ._pacing import Pacing
from ._payoff import Payoff
from ._policies import Policy, TopK, Uniform, importance_weights, with_quotas
from ._shapes import IGNORED, checked_logits, counted, exact, per_sample
from ._store import ScoreStore
from ._uncertainty import LaplacianUncertainty

Scorer = Callable[[Tensor, Tensor, Tensor | None], Tensor]  # logits, labels, features -> [B]
Mode = Literal["cached", "online", "proxy", "offline"]
BY_NAME = ("epistemic", "entropy", "margin", "gini", "loss", "el2n", "gradient_norm", "reducible")
WITH_FEATURES = ("epistemic", "gradient_norm")
MEASURES = {"uncertainty": "entropy", "gradient_norm": "gradient_norm", "perplexity": "loss"}  # of difficulty, beside the loss itself


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
    mean_age: float  # steps since the latest visit of the visited samples
    oldest: int
    visited: float  # share of the data set that was trained on at least once
    mass: dict[int, float]  # share of the trained samples by class, for labels [B]
    curriculum: dict[str, Any] | None
    uncertainty: dict[str, float] | None


class AQL:
    """Adaptive selection for a PyTorch loop: `for batch in aql.wrap(loader): aql.loss(model(batch.x), batch.y).backward()`.

    scorer: a name of BY_NAME, or a function (logits, labels, features) -> [B]. policy: what chooses; curriculum: a pacing, by the samples' own losses.
    mode "cached" chooses by the score of the latest visit, and costs nothing but the score; "online" scores fresh candidates with a forward of the
    model, "proxy" with one of `proxy`; "offline" by scores that `score` made before. budget: the share of the wall time that scoring may take, None for
    no limit and no clock. importance: weigh losses by 1/(n π). quota: share of its size that each class keeps. payoff: the return to uniform.
    irreducible: a table [n] of reference losses, for "reducible". total_steps: of the run, for curriculum and policies that end.

    Raises:
        BadInput: an unknown scorer or mode, or one without what it needs.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        head: str | nn.Linear = "auto",
        scorer: str | Scorer = "epistemic",
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
        total_steps: int | None = None,
        seed: int = 0,
    ) -> None:
        _checked(scorer, mode, proxy, irreducible, importance and quota > 0)
        self.model, self.scorer, self.mode, self.proxy = model, scorer, mode, proxy
        self.policy: Policy = TopK() if policy is None else policy
        self.importance, self.quota, self.payoff, self.irreducible = importance, quota, payoff, irreducible
        self.total_steps = total_steps
        self.governor = Governor(budget)
        self.store = ScoreStore()
        self.steps = self.scored = self.fresh = self.trained = 0
        self.mass: dict[int, int] = {}
        self._generator = torch.Generator().manual_seed(seed)
        self._uncertainty = uncertainty or (LaplacianUncertainty(model, head, stride=8) if scorer == "epistemic" else None)
        needs_features = scorer in WITH_FEATURES or callable(scorer) or curriculum is not None
        self._tap = self._uncertainty.tap if self._uncertainty is not None else None
        if self._tap is None and needs_features and _has_linear(model):
            self._tap = HeadTap(model, head)
        self._pacing = curriculum
        self.curriculum: CurriculumAQL | None = None
        self._loader: Wrapped | None = None
        self._current: Batch | None = None

    def wrap(self, loader: DataLoader[Any], *, epochs: int = 1, unpack: Callable[[Any], tuple[Any, Any]] = unpacked) -> Wrapped:
        """Return the loader to train from; the same one each time it is called with the same loader, so that an epoch goes on where it stopped.

        An epoch is as many batches as the policy's share of the data set makes. epochs: of the run, where total_steps was not given.

        Raises:
            BadInput: a loader that cannot be wrapped, or a second one.
        """
        if self._loader is not None:
            if self._loader.source is not loader:
                raise BadInput("This AQL wraps another loader already; one AQL keeps the scores of one data set.")
            return self._loader
        self._loader = Wrapped(self, loader, unpack)
        if self._pacing is not None:
            if isinstance(self._pacing, CurriculumScheduler):
                scheduler = self._pacing
            else:
                scheduler = CurriculumScheduler(self._pacing, self.total_steps or max(1, epochs * self._loader.length))
            self.curriculum = CurriculumAQL(self.store, scheduler)
        self.total_steps = self.total_steps or max(1, epochs * self._loader.length)
        return self._loader

    @property
    def selecting(self) -> bool:
        """Whether the policy chooses now."""
        return self.payoff is None or self.payoff.selecting

    def choose(self, candidates: list[int]) -> list[tuple[int, float]]:
        """Return the ids to train on of these candidates, by their scores in the store, with the weights of their losses."""
        ids = torch.tensor(candidates)
        places, weights = self._select(self.store.get("score", ids).nan_to_num(nan=float("inf")), self.store.get("label", ids))
        return [(candidates[place], weight) for place, weight in zip(places.tolist(), weights.tolist(), strict=True)]

    def _select(self, values: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        policy = self.policy if self.selecting else Uniform(self.policy.share())
        chosen = policy.select(values, self._generator, self.steps / (self.total_steps or 1))
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
        batch = self._current
        if ids is None:
            if batch is None:
                raise BadInput("No ids: iterate over aql.wrap(loader), or give loss(..., ids=...).")
            ids = batch.ids
            weights = batch.weights if weights is None else weights
        if len(ids) != len(labels):
            raise BadInput(f"The logits are of {len(labels)} samples, the batch is of {len(ids)}; give ids for another batch.")
        places = functional.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none", ignore_index=IGNORED).reshape(
            labels.shape
        )
        shares = torch.ones_like(ids, dtype=places.dtype) if weights is None else weights
        shares = shares.to(places).reshape(-1, *[1] * (labels.dim() - 1))
        total = (shares * places).sum() / (labels != IGNORED).sum().clamp(min=1)
        self._learn(logits, labels, ids, per_sample(places.detach(), counted(labels)), features)
        return total

    def _learn(self, logits: Tensor, labels: Tensor, ids: Tensor, losses: Tensor, features: Tensor | None) -> None:
        kept: dict[str, Tensor] = {"loss": losses}
        if labels.dim() == 1:
            kept["label"] = labels
            for label, count in zip(*(each.tolist() for each in labels.unique(return_counts=True)), strict=True):
                self.mass[label] = self.mass.get(label, 0) + count
        if self.governor.due():
            with self.governor.measured(logits), exact(logits):
                features = self._taken(logits) if features is None else features
                values = self._score(logits, labels, features, ids, losses, learn=True)
                if self.curriculum is not None and not self.curriculum.frozen:
                    kept |= self._measures(logits, labels, features, losses, values)
            if self.mode != "offline":
                kept["score"] = values
            self.scored += len(ids)
        self.store.update(ids, self.steps, kept)
        self.trained += len(ids)
        self.steps += 1
        if self.curriculum is not None:
            self.curriculum.scheduler.step()

    def _taken(self, logits: Tensor) -> Tensor | None:
        if self._tap is None:
            return None
        try:
            return self._tap.take(logits)
        except BadInput:
            if self.scorer in WITH_FEATURES:
                raise
            return None  # a head that is no Linear: the gradient norm is left out of the difficulty

    def _score(
        self, logits: Tensor, labels: Tensor, features: Tensor | None, ids: Tensor, losses: Tensor, *, learn: bool = False
    ) -> Tensor:
        if learn and self._uncertainty is not None and self.scorer != "epistemic":
            self._uncertainty.update_fisher(logits, features, labels)
        if callable(self.scorer):
            return self.scorer(logits.detach(), labels, features)
        mask = counted(labels)
        if self.scorer == "loss":
            return losses
        if self.scorer == "reducible":
            assert self.irreducible is not None
            return losses - self.irreducible.to(losses)[ids.to(losses.device)]
        if self.scorer == "epistemic":
            assert self._uncertainty is not None
            return (self._uncertainty.update_and_score if learn else self._uncertainty.score)(logits, features, labels)
        return per_sample(_named(self.scorer, logits, labels, features), mask)

    def _measures(self, logits: Tensor, labels: Tensor, features: Tensor | None, losses: Tensor, values: Tensor) -> dict[str, Tensor]:
        found = {
            "perplexity": losses,
            "uncertainty": values if self.scorer == "epistemic" else per_sample(scores.entropy(logits), counted(labels)),
        }
        if features is not None:
            found["gradient_norm"] = per_sample(scores.gradient_norm(logits, labels, features), counted(labels))
        return found

    @torch.no_grad()
    def fresh_scores(self, model: nn.Module, x: Any, y: Tensor, ids: Tensor) -> Tensor:
        """Return the scores [B] of one batch by a forward in evaluation mode; +inf where the scorer has seen nothing yet. Every mode is given back."""
        with modes_kept(model):
            model.eval()
            logits = model(x)
        features = self._taken(logits) if model is self.model else None
        self.fresh += len(ids)
        self.scored += len(ids)
        if self._uncertainty is not None and self._uncertainty.updates == 0:
            return torch.full((len(ids),), float("inf"))
        losses = per_sample(scores.loss(logits, y), counted(y))
        with exact(logits):
            return self._score(logits, y, features, ids, losses).cpu()

    def score(self, loader: DataLoader[Any], *, unpack: Callable[[Any], tuple[Any, Any]] = unpacked) -> Tensor:
        """Score the whole data set of a loader, for the mode "offline", with the proxy where there is one; return the scores [n]."""
        count, size = checked_loader(loader)
        for ids, data in rebuilt(loader, [list(range(start, min(start + size, count))) for start in range(0, count, size)]):
            x, y = unpack(data)
            self.store.update(ids, -1, {"score": self.fresh_scores(self.proxy or self.model, x, y, ids)})
        self.store.visits.zero_()
        return self.store.get("score")

    def observe(self, validation_loss: float) -> None:
        """Tell the validation loss: it brings the curriculum forward, and decides whether selection pays."""
        if self.curriculum is not None:
            self.curriculum.scheduler.observe(validation_loss)
        if self.payoff is not None:
            self.payoff.observe(validation_loss)

    def report(self) -> AQLReport:
        """Return what selection did and cost so far."""
        ages = self.store.ages(self.steps)
        count = self._loader.sampler.count if self._loader is not None else max(1, len(self.store))
        total = sum(self.mass.values())
        return AQLReport(
            mode=self.mode,
            selecting=self.selecting,
            steps=self.steps,
            seen=self._loader.sampler.seen if self._loader is not None else self.trained,
            scored=self.scored,
            trained=self.trained,
            forwards=3.0 * self.trained + self.fresh,
            overhead=self.governor.overhead,
            mean_age=float(ages.double().mean()) if len(ages) else 0.0,
            oldest=int(ages.max()) if len(ages) else 0,
            visited=int((self.store.visits > 0).sum()) / count,
            mass={label: number / total for label, number in sorted(self.mass.items())},
            curriculum=None if self.curriculum is None else self.curriculum.telemetry(),
            uncertainty=None if self._uncertainty is None else self._uncertainty.monitor() if self._uncertainty.updates else None,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later choices depend on; save it beside model, optimiser and random state. With a budget the clock has its say too."""
        parts = {name: None if part is None else part.state_dict() for name, part in self._parts().items()}
        own = {name: getattr(self, name) for name in ("steps", "scored", "fresh", "trained", "total_steps")}
        return {**parts, **own, "mass": dict(self.mass), "generator": self._generator.get_state()}

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
        for name in ("steps", "scored", "fresh", "trained", "total_steps"):
            setattr(self, name, state[name])
        self.mass = dict(state["mass"])
        self._generator.set_state(state["generator"])

    def _parts(self) -> dict[str, Any]:
        sampler = None if self._loader is None else self._loader.sampler
        return {
            "store": self.store,
            "uncertainty": self._uncertainty,
            "curriculum": self.curriculum,
            "payoff": self.payoff,
            "sampler": sampler,
        }

    def close(self) -> None:
        """Take the hook off the model."""
        if self._tap is not None:
            self._tap.close()


class Wrapped:
    """What `AQL.wrap` gives: iterate over it once an epoch. A batch that was left by `break` is not given again; the rest of its epoch is."""

    def __init__(self, aql: AQL, loader: DataLoader[Any], unpack: Callable[[Any], tuple[Any, Any]]) -> None:
        count, size = checked_loader(loader)
        share = aql.policy.share()
        self.source, self._aql, self._unpack = loader, aql, unpack
        self.length = max(1, int(count * share) // size)
        fresh = aql.mode in ("online", "proxy")
        candidates = max(1, round(size / share))
        if fresh:
            self.sampler = ChosenSampler(count, min(candidates, count), self.length, candidates, _all, self._easy_enough, aql._generator)
        else:
            self.sampler = ChosenSampler(count, size, self.length, candidates, aql.choose, self._easy_enough, aql._generator)
        self._fresh = fresh
        self._loader = rebuilt(loader, self.sampler)

    def _easy_enough(self, ids: Tensor) -> Tensor:
        curriculum = self._aql.curriculum
        return torch.ones(len(ids), dtype=torch.bool) if curriculum is None else curriculum.easy_enough(ids)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Batch]:
        for ids, data in self._loader:
            weights = torch.tensor([weight for _, weight in self.sampler.hand_out()])
            x, y = self._unpack(data)
            batch = Batch(x=x, y=y, ids=ids, weights=weights, data=data)
            if self._fresh:
                batch = self._chosen(batch)
            self._aql._current = batch
            yield batch

    def _chosen(self, batch: Batch) -> Batch:
        """Score the candidates with a forward of their own, and keep those that the policy chooses."""
        model = self._aql.proxy if self._aql.mode == "proxy" else self._aql.model
        assert model is not None
        values = self._aql.fresh_scores(model, batch.x, batch.y, batch.ids)
        labels = batch.y if isinstance(batch.y, Tensor) and batch.y.dim() == 1 else torch.zeros(len(batch.ids))
        places, weights = self._aql._select(values, labels.cpu().float())
        data = rows_of(batch.data, places)
        x, y = self._unpack(data)
        return replace(batch, x=x, y=y, ids=batch.ids[places], weights=weights, data=data)


def _all(candidates: list[int]) -> list[tuple[int, float]]:
    return [(name, 1.0) for name in candidates]


def _has_linear(model: nn.Module) -> bool:
    return any(isinstance(module, nn.Linear) for module in model.modules())


def _named(name: str, logits: Tensor, labels: Tensor, features: Tensor | None) -> Tensor:
    if name == "gradient_norm":
        if features is None:
            raise BadInput("The gradient norm needs the head's input: the model has no Linear, give loss(..., features=...).")
        return scores.gradient_norm(logits, labels, features)
    if name == "el2n":
        return scores.el2n(logits, labels)
    return {"entropy": scores.entropy, "margin": scores.margin, "gini": scores.gini}[name](logits)


def _checked(scorer: str | Scorer, mode: str, proxy: nn.Module | None, irreducible: Tensor | None, both: bool) -> None:
    if isinstance(scorer, str) and scorer not in BY_NAME:
        raise BadInput(f"There is no scorer {scorer!r}.{did_you_mean(scorer, BY_NAME)}")
    if mode not in ("cached", "online", "proxy", "offline"):
        raise BadInput(f"The mode is cached, online, proxy or offline, not {mode!r}.")
    if mode == "proxy" and (proxy is None or scorer in WITH_FEATURES):
        raise BadInput("The mode 'proxy' needs proxy=, a smaller model, and a scorer of its logits alone: not epistemic or gradient_norm.")
    if scorer == "reducible" and irreducible is None:
        raise BadInput("The scorer 'reducible' needs irreducible=, a table [n] of a reference model's losses by sample id.")
    if both:
        raise BadInput("Importance weights are not known after quotas: use one of importance and quota.")
