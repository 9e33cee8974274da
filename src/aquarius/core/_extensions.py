"""The four extension points, and the one door through which built-ins and plugins both come.

A built-in is a line of the literal table; a plugin is an entry point of the group of the same name. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from ._errors import BadInput, did_you_mean

# group -> name -> "module:attribute"
BUILT_IN: dict[str, dict[str, str]] = {
    "aquarius.readers": {  # a function(name, files: path -> bytes) -> Document
        "latex": "aquarius.reading._latex:read_latex",
        "markdown": "aquarius.reading._markdown:read_markdown",
        "html": "aquarius.reading._html:read_html",
        "pdf": "aquarius.reading._pdf:read_pdf",
        "docx": "aquarius.reading._docx:read_docx",
    },
    "aquarius.checks": {  # a Check: card and function(Examination) -> list[Evidence]; they run in this order
        "interface": "aquarius.gauntlet._interface:INTERFACE",
        "training runs": "aquarius.gauntlet._interface:TRAINING_RUNS",
        "plain attributes": "aquarius.gauntlet._registration:PLAIN_ATTRIBUTES",
        "idle code": "aquarius.gauntlet._idle:IDLE",
        "parameters": "aquarius.gauntlet._registration:PARAMETERS",
        "twins": "aquarius.gauntlet._registration:TWINS",
        "optimiser covers": "aquarius.gauntlet._registration:COVERS",
        "gradient": "aquarius.gauntlet._gradient:GRADIENT",
        "segments": "aquarius.gauntlet._segments:SEGMENTS",
        "causality": "aquarius.gauntlet._causality:CAUSALITY",
        "padding": "aquarius.gauntlet._padding:PADDING",
        "last token": "aquarius.gauntlet._text_feature:LAST_TOKEN",
        "absent elements": "aquarius.gauntlet._padding:MASKED",
        "initial loss": "aquarius.gauntlet._loss:INITIAL_LOSS",
        "loss inputs": "aquarius.gauntlet._loss:LOSS_INPUTS",
        "ignored labels": "aquarius.gauntlet._loss:IGNORED_LABELS",
        "reduction": "aquarius.gauntlet._loss:REDUCTION",
        "counting": "aquarius.gauntlet._shares:COUNTED_ALIKE",
        "class weights": "aquarius.gauntlet._shares:WEIGHTS",
        "class axis": "aquarius.gauntlet._shares:CLASS_AXIS",
        "right answer": "aquarius.gauntlet._loss:RIGHT_ANSWER",
        "yes or no": "aquarius.gauntlet._loss_answers:BINARY",
        "loss weights": "aquarius.gauntlet._loss_answers:WEIGHTS",
        "overlap": "aquarius.gauntlet._loss_forms:OVERLAPS",
        "overlap of the right answer": "aquarius.gauntlet._perfect:OVERLAP_OF_RIGHT",
        "mean and spread": "aquarius.gauntlet._mean_spread:MEAN_AND_SPREAD",
        "likelihood spread": "aquarius.gauntlet._loss_forms:SPREAD",
        "quantiles": "aquarius.gauntlet._loss_forms:QUANTILES",
        "alignment": "aquarius.gauntlet._loss_forms:ALIGNMENT",
        "evaluation": "aquarius.gauntlet._mode:DETERMINISM",
        "stated noise": "aquarius.gauntlet._draws:STATED_NOISE",
        "dropout": "aquarius.gauntlet._mode:DROPOUT",
        "running statistics": "aquarius.gauntlet._mode:RUNNING",
        "independence": "aquarius.gauntlet._mode:INDEPENDENCE",
        "dropped branch": "aquarius.gauntlet._branches:EXPECTATION",
        "dropped samples": "aquarius.gauntlet._dropping:DROPPING",
        "dropped branches": "aquarius.gauntlet._dropping:DROPPED_BRANCHES",
        "step": "aquarius.gauntlet._step:STEP",
        "clipping": "aquarius.gauntlet._step:CLIPPING",
        "accumulation": "aquarius.gauntlet._step:ACCUMULATION",
        "optimiser": "aquarius.gauntlet._recipe:OPTIMISER",
        "schedule": "aquarius.gauntlet._recipe:SCHEDULE",
        "averaging function": "aquarius.gauntlet._averaging:AVERAGING",
        "moving average": "aquarius.gauntlet._recipe:AVERAGE",
        "forgetting average": "aquarius.gauntlet._updates:FORGETS",
        "shared memory": "aquarius.gauntlet._updates:SHARED",
        "moved back": "aquarius.gauntlet._updates:MOVED",
        "carried state": "aquarius.gauntlet._carried:CARRIED",
        "initialisation": "aquarius.gauntlet._initialisation:INITIALISATION",
        "dead start": "aquarius.gauntlet._unheard:DEAD_START",
        "head bias": "aquarius.gauntlet._head_bias:HEAD_BIAS",
        "echoed target": "aquarius.gauntlet._carried:ECHOED",
        "stated loss": "aquarius.gauntlet._stated_loss:STATED_LOSS",
        "stated equations": "aquarius.gauntlet._equations:EQUATIONS",
        "known formulas": "aquarius.gauntlet._formulas:KNOWN_FORMULAS",
        "equation slips": "aquarius.gauntlet._equation_slips:EQUATION_SLIPS",
        "stated curves": "aquarius.gauntlet._rates:CURVES",
        "recurrent cell": "aquarius.gauntlet._cells:CELLS",
        "stated stop-gradient": "aquarius.gauntlet._stopped:STOPPED",
        "silent terms": "aquarius.gauntlet._formulas:SILENT_TERMS",
        "weight penalty": "aquarius.gauntlet._weight_penalty:WEIGHT_PENALTY",
        "partial penalty": "aquarius.gauntlet._formulas:PARTIAL",
        "mean over samples": "aquarius.gauntlet._per_sample:PER_SAMPLE",
        "output": "aquarius.gauntlet._architecture:OUTPUT",
        "entries": "aquarius.gauntlet._architecture:ENTRIES",
        "unheard layers": "aquarius.gauntlet._unheard:UNHEARD",
        "permutation": "aquarius.gauntlet._symmetry:PERMUTATION",
        "symmetry": "aquarius.gauntlet._symmetry:SYMMETRY",
        "norm placement": "aquarius.gauntlet._normalisation:PLACEMENT",
        "norm stream": "aquarius.gauntlet._stream:STREAM",
        "normalisation": "aquarius.gauntlet._normalisation:NORMALISATION",
        "norm form": "aquarius.gauntlet._norm_forms:FORMS",
        "residual way": "aquarius.gauntlet._branches:RESIDUAL",
        "unread parts": "aquarius.gauntlet._unread:UNREAD",
        "skip connections": "aquarius.gauntlet._skips:SKIPS",
        "routing": "aquarius.gauntlet._experts:ROUTING",
        "balance loss": "aquarius.gauntlet._balance:BALANCE_LOSS",
        "activation": "aquarius.gauntlet._architecture:ACTIVATION",
        "linear chain": "aquarius.gauntlet._linear_chain:LINEAR_CHAIN",
        "embedding scale": "aquarius.gauntlet._architecture:EMBEDDING_SCALE",
        "patches": "aquarius.gauntlet._patches:PATCHES",
        "pooling": "aquarius.gauntlet._architecture:POOLING",
        "own series": "aquarius.gauntlet._levels:SERIES",
        "residual": "aquarius.gauntlet._residual:RESIDUAL",
        "growth": "aquarius.gauntlet._stability:GROWTH",
        "mixed axes": "aquarius.gauntlet._axes:AXES",
        "foreseen answer": "aquarius.gauntlet._answers:FORESEEN",
        "lengths": "aquarius.gauntlet._lengths:LENGTHS",
        "logit scale": "aquarius.gauntlet._attention:SCALE",
        "attention order": "aquarius.gauntlet._mixing:ORDER",
        "softmax axis": "aquarius.gauntlet._attention:AXIS",
        "shared heads": "aquarius.gauntlet._shared_heads:SHARED",
        "distance bias": "aquarius.gauntlet._position:BIAS",
        "rotation": "aquarius.gauntlet._rotary:ROTATION",
        "position": "aquarius.gauntlet._position:POSITIONS",
        "position table": "aquarius.gauntlet._tables:TABLE",
        "added positions": "aquarius.gauntlet._tables:ADDED",
        "learned positions": "aquarius.gauntlet._tables:ROWS",
        "ranges": "aquarius.gauntlet._data:RANGES",
        "known label": "aquarius.gauntlet._data:KNOWN_LABEL",
        "turned labels": "aquarius.gauntlet._turned_labels:TURNED_LABELS",
        "shown answer": "aquarius.gauntlet._skips:SHOWN",
        "negatives": "aquarius.gauntlet._data:NEGATIVES",
        "masking": "aquarius.gauntlet._masking:MASKING",
        "stated segments": "aquarius.gauntlet._masking:SEGMENTS",
        "loaders": "aquarius.gauntlet._data:LOADERS",
        "leaked statistics": "aquarius.gauntlet._statistics:LEAKED",
        "stated columns": "aquarius.gauntlet._overlaps:COLUMNS",
        "overlapping target": "aquarius.gauntlet._overlaps:OVERLAP",
        "own level": "aquarius.gauntlet._levels:LEVEL",
        "lone permutation": "aquarius.gauntlet._statistics:PERMUTED",
        "reward direction": "aquarius.gauntlet._reinforcement:REWARD",
        "after the end": "aquarius.gauntlet._reinforcement:ENDING",
        "target network": "aquarius.gauntlet._reinforcement:TARGET",
        "entropy bonus": "aquarius.gauntlet._policy:ENTROPY",
        "baseline": "aquarius.gauntlet._policy:BASELINE",
        "clipped ratio": "aquarius.gauntlet._policy:RATIO",
        "advantages": "aquarius.gauntlet._policy:ADVANTAGES",
        "group advantages": "aquarius.gauntlet._policy:GROUPS",
        "returns": "aquarius.gauntlet._returns:RETURNS",
        "trained action": "aquarius.gauntlet._bootstrap:ACTION",
        "bootstrapped target": "aquarius.gauntlet._bootstrap:BOOTSTRAP",
        "climbing actor": "aquarius.gauntlet._bootstrap:CLIMBING",
        "idle target": "aquarius.gauntlet._unused:IDLE_TARGET",
        "squashed density": "aquarius.gauntlet._densities:DENSITY",
        "drawn entropy": "aquarius.gauntlet._densities:DRAWN_ENTROPY",
        "projected mass": "aquarius.gauntlet._densities:MASS",
        "divergence": "aquarius.gauntlet._variational:DIVERGENCE",
        "own noise": "aquarius.gauntlet._code_noise:OWN_NOISE",
        "reconstruction": "aquarius.gauntlet._code_noise:RECONSTRUCTION",
        "mixture of noise": "aquarius.gauntlet._diffusion:MIXTURE",
        "noise schedule": "aquarius.gauntlet._noise_tables:NOISE_SCHEDULE",
        "steps drawn": "aquarius.gauntlet._draws:STEPS_DRAWN",
        "noise to predict": "aquarius.gauntlet._draws:NOISE_TO_PREDICT",
        "path velocity": "aquarius.gauntlet._diffusion:PATH",
        "stated prediction": "aquarius.gauntlet._diffusion:PREDICTION",
        "time embedding": "aquarius.gauntlet._diffusion:TIME_EMBEDDING",
        "conditions": "aquarius.gauntlet._unused:CONDITION",
        "constant input": "aquarius.gauntlet._diffusion:CONSTANT_INPUT",
        "inverse": "aquarius.gauntlet._flows:INVERSE",
        "log-determinant": "aquarius.gauntlet._flows:LOG_DETERMINANT",
        "likelihood": "aquarius.gauntlet._flows:LIKELIHOOD",
        "nearest code": "aquarius.gauntlet._flows:NEAREST_CODE",
        "opposite aims": "aquarius.gauntlet._game:AIMS",
        "views meet": "aquarius.gauntlet._pairs:MEET",
        "same term twice": "aquarius.gauntlet._likened:SAME_TERM",
        "order of samples": "aquarius.gauntlet._exchange:SAMPLES",
        "both orders": "aquarius.gauntlet._exchange:VIEWS",
        "stated distance": "aquarius.gauntlet._stated_distance:STATED_DISTANCE",
        "length of vectors": "aquarius.gauntlet._likened:LENGTH",
        "views made alike": "aquarius.gauntlet._likened:ALIKE_VIEWS",
        "collapse": "aquarius.gauntlet._pairs:COLLAPSE",
        "triples": "aquarius.gauntlet._pairs:TRIPLE",
        "stray sample": "aquarius.gauntlet._pairs:STRAY",
        "idle queue": "aquarius.gauntlet._unused:IDLE_QUEUE",
        "preference": "aquarius.gauntlet._pairs:PREFERENCE",
        "margin": "aquarius.gauntlet._pairs:MARGIN",
        "margin of equal samples": "aquarius.gauntlet._mining:MARGIN_OF_EQUAL_SAMPLES",
        "stated mining": "aquarius.gauntlet._mining:STATED_MINING",
        "standing still": "aquarius.gauntlet._rollouts:STANDING",
        "last state": "aquarius.gauntlet._rollouts:LAST_STATE",
        "value target": "aquarius.gauntlet._rollouts:VALUE_TARGET",
        "value coefficient": "aquarius.gauntlet._rollouts:COEFFICIENT",
        "one normalisation": "aquarius.gauntlet._rollouts:ONE_NORMALISATION",
        "neighbours": "aquarius.gauntlet._graphs:NEIGHBOURS",
        "neighbour weights": "aquarius.gauntlet._neighbour_weights:WEIGHTS",
        "averaged heads": "aquarius.gauntlet._neighbour_weights:AVERAGED",
        "reach": "aquarius.gauntlet._neighbour_weights:REACH",
        "matrix equations": "aquarius.gauntlet._matrix_equations:MATRICES",
        "both ways": "aquarius.gauntlet._graphs:BOTH_WAYS",
        "shown edges": "aquarius.gauntlet._graphs:SHOWN_EDGES",
        "experts": "aquarius.gauntlet._profiles:EXPERTS",
        "adapter": "aquarius.gauntlet._profiles:ADAPTER",
        "temperature": "aquarius.gauntlet._profiles:TEMPERATURE",
        "views": "aquarius.gauntlet._profiles:VIEWS",
        "both directions": "aquarius.gauntlet._both_directions:BOTH_DIRECTIONS",
        "players": "aquarius.gauntlet._profiles:PLAYERS",
        "self-loops": "aquarius.gauntlet._profiles:SELF_LOOPS",
        "half precision": "aquarius.gauntlet._numerics:HALF_PRECISION",
        "guards": "aquarius.gauntlet._numerics:GUARDS",
        "derivative": "aquarius.gauntlet._gradient:DERIVATIVE",
        "overfit": "aquarius.gauntlet._overfit:OVERFIT",
        "ladder": "aquarius.gauntlet._ladder:LADDER",
        "ablation": "aquarius.gauntlet._ablation:ABLATION",
    },
    "aquarius.parts": {  # a Part: card and builder
        "scaled dot-product attention": "aquarius.parts.attention:SCALED_DOT_PRODUCT_ATTENTION",
        "multi-head attention": "aquarius.parts.attention:MULTI_HEAD_ATTENTION",
        "layer normalisation": "aquarius.parts.norm:LAYER_NORM",
        "sinusoidal encoding": "aquarius.parts.position:SINUSOIDAL_ENCODING",
        "learned positions": "aquarius.parts.position:LEARNED_POSITIONS",
        "position-wise feed-forward": "aquarius.parts.feed_forward:POSITION_WISE_FEED_FORWARD",
        "residual connection": "aquarius.parts.residual:RESIDUAL",
        "Noam schedule": "aquarius.parts.schedule:NOAM_SCHEDULE",
        "label-smoothed cross-entropy": "aquarius.parts.loss:LABEL_SMOOTHED_CROSS_ENTROPY",
        "Glorot uniform": "aquarius.parts.initialisation:GLOROT_UNIFORM",
        "symmetric normalisation": "aquarius.parts.graph:SYMMETRIC_NORMALISATION",
        "graph convolution": "aquarius.parts.graph:GRAPH_CONVOLUTION",
    },
    "aquarius.reports": {  # a function(Bundle) -> bytes
        "html": "aquarius.report._html:html",
        "markdown": "aquarius.report._markdown:markdown",
        "json": "aquarius.report._json:as_json",
    },
}


def extension_names(group: str) -> list[str]:
    """Return the names of a group, built-ins first, each once."""
    names = dict.fromkeys(_table(group))
    names.update(dict.fromkeys(point.name for point in entry_points(group=group)))
    return list(names)


def load_extension(group: str, name: str) -> Any:
    """Import one extension.

    Raises:
        BadInput: no such name, or a plugin that does not import.
    """
    target = _table(group).get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
    for point in entry_points(group=group):
        if point.name == name:
            try:
                return point.load()
            except Exception as error:
                raise BadInput(f"the plugin {name!r} of {group} does not load: {type(error).__name__}: {error}.") from None
    raise BadInput(f"{name!r} is not one of {group}.{did_you_mean(name, extension_names(group))}")


def _table(group: str) -> dict[str, str]:
    if group not in BUILT_IN:
        raise BadInput(f"{group!r} is not an extension point.{did_you_mean(group, BUILT_IN)}")
    return BUILT_IN[group]
