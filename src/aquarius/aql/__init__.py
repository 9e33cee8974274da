"""AQL v2: spend training steps on the samples that teach. Uncertainty, streaming selection and curriculum for any PyTorch loop; torch and `core` only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "LaplacianUncertainty": "._uncertainty",
        "Uncertainty": "._uncertainty",
        "PerSampleFisher": "._fisher",
        "HeadTap": "._head",
        "per_sample": "._shapes",
        "entropy": "._scores",
        "margin": "._scores",
        "gini": "._scores",
        "loss": "._scores",
        "el2n": "._scores",
        "gradient_norm": "._scores",
        "mutual_information": "._scores",
        "mc_dropout": "._committee",
        "LastLayerEnsemble": "._committee",
        "ReducibleLoss": "._committee",
        "DistilledEnsemble": "._distilled",
        "merge_workers": "._workers",
        "TopKBuffer": "._topk",
        "RateThreshold": "._rate",
        "StreamingAQL": "._streaming",
        "SelectedBatch": "._streaming",
        "merge_ranks": "._streaming",
        "ScoreStore": "._store",
        "rank_mixture": "._store",
        "Linear": "._pacing",
        "Root": "._pacing",
        "Polynomial": "._pacing",
        "Exponential": "._pacing",
        "Step": "._pacing",
        "Logarithmic": "._pacing",
        "WarmUp": "._pacing",
        "CurriculumScheduler": "._curriculum",
        "CurriculumAQL": "._curriculum",
        "Policy": "._policies",
        "Selection": "._policies",
        "Uniform": "._policies",
        "TopK": "._policies",
        "GumbelTopK": "._policies",
        "PercentilePower": "._policies",
        "SoftPruning": "._policies",
        "Threshold": "._policies",
        "importance_weights": "._policies",
        "with_quotas": "._policies",
        "AQL": "._aql",
        "AQLReport": "._aql",
        "Batch": "._loader",
        "Wrapped": "._wrapped",
        "Governor": "._governor",
        "Payoff": "._payoff",
        "ScorerBandit": "._bandit",
        "ChosenDataset": "._chosen",
        "HuggingFaceCallback": "._huggingface",
        "LightningCallback": "._lightning",
        "AccelerateLoader": "._accelerate",
        "Background": "._background",
        "BackgroundScorer": "._background",
        "StreamCurriculum": "._stream_curriculum",
        "Streamed": "._streamed",
        "AQLv2Trainer": "._trainer",
        "TrainerConfig": "._trainer_config",
    },
)

if TYPE_CHECKING:
    from ._accelerate import AccelerateLoader as AccelerateLoader
    from ._aql import AQL as AQL
    from ._aql import AQLReport as AQLReport
    from ._background import Background as Background
    from ._background import BackgroundScorer as BackgroundScorer
    from ._bandit import ScorerBandit as ScorerBandit
    from ._chosen import ChosenDataset as ChosenDataset
    from ._committee import LastLayerEnsemble as LastLayerEnsemble
    from ._committee import ReducibleLoss as ReducibleLoss
    from ._committee import mc_dropout as mc_dropout
    from ._curriculum import CurriculumAQL as CurriculumAQL
    from ._curriculum import CurriculumScheduler as CurriculumScheduler
    from ._distilled import DistilledEnsemble as DistilledEnsemble
    from ._fisher import PerSampleFisher as PerSampleFisher
    from ._governor import Governor as Governor
    from ._head import HeadTap as HeadTap
    from ._huggingface import HuggingFaceCallback as HuggingFaceCallback
    from ._lightning import LightningCallback as LightningCallback
    from ._loader import Batch as Batch
    from ._pacing import Exponential as Exponential
    from ._pacing import Linear as Linear
    from ._pacing import Logarithmic as Logarithmic
    from ._pacing import Polynomial as Polynomial
    from ._pacing import Root as Root
    from ._pacing import Step as Step
    from ._pacing import WarmUp as WarmUp
    from ._payoff import Payoff as Payoff
    from ._policies import GumbelTopK as GumbelTopK
    from ._policies import PercentilePower as PercentilePower
    from ._policies import Policy as Policy
    from ._policies import Selection as Selection
    from ._policies import SoftPruning as SoftPruning
    from ._policies import Threshold as Threshold
    from ._policies import TopK as TopK
    from ._policies import Uniform as Uniform
    from ._policies import importance_weights as importance_weights
    from ._policies import with_quotas as with_quotas
    from ._rate import RateThreshold as RateThreshold
    from ._scores import el2n as el2n
    from ._scores import entropy as entropy
    from ._scores import gini as gini
    from ._scores import gradient_norm as gradient_norm
    from ._scores import loss as loss
    from ._scores import margin as margin
    from ._scores import mutual_information as mutual_information
    from ._shapes import per_sample as per_sample
    from ._store import ScoreStore as ScoreStore
    from ._store import rank_mixture as rank_mixture
    from ._stream_curriculum import StreamCurriculum as StreamCurriculum
    from ._streamed import Streamed as Streamed
    from ._streaming import SelectedBatch as SelectedBatch
    from ._streaming import StreamingAQL as StreamingAQL
    from ._streaming import merge_ranks as merge_ranks
    from ._topk import TopKBuffer as TopKBuffer
    from ._trainer import AQLv2Trainer as AQLv2Trainer
    from ._trainer_config import TrainerConfig as TrainerConfig
    from ._uncertainty import LaplacianUncertainty as LaplacianUncertainty
    from ._uncertainty import Uncertainty as Uncertainty
    from ._workers import merge_workers as merge_workers
    from ._wrapped import Wrapped as Wrapped
