"""Architecture: activation, factors, what the head reads, what the output is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._inputs import is_integer, is_mask
from .._trace import Event, Recorder, watching

ACTIVATIONS = {
    "relu": {"relu", "relu_", "clamp", "clamp_min", "maximum"},
    "gelu": {"gelu", "erf", "tanh"},  # by hand: with the error function or its approximation
    "silu": {"silu", "sigmoid"},
    "swish": {"silu", "sigmoid"},
    "elu": {"elu", "elu_"},
    "tanh": {"tanh"},
    "sigmoid": {"sigmoid"},
    "leaky relu": {"leaky_relu", "leaky_relu_"},
    "selu": {"selu"},
    "softplus": {"softplus"},
    "mish": {"mish"},
}


SMOOTH = frozenset(
    [
        "relu",
        "relu_",
        "gelu",
        "silu",
        "elu",
        "elu_",
        "tanh",
        "sigmoid",
        "leaky_relu",
        "leaky_relu_",
        "selu",
        "softplus",
        "mish",
        "celu",
        "prelu",
        "rrelu",
        "hardtanh",
        "hardswish",
        "erf",
        "glu",
    ]
)


SURE, ROUNDING = 1e-3, 2e-5


def activation(examination: Examination) -> Evidence:
    """Record the nonlinearities that are called; the stated one must be among them."""
    stated = examination.words("activation")
    names = ACTIVATIONS.get(stated)
    if names is None:
        return examination.skipped("no activation is stated in a word this check knows")
    recorder = Recorder(examination.source, SMOOTH | names)
    model = examination.probe
    with torch.no_grad(), recorder:
        examination.forward(model, examination.batch())
        examination.loss(model, examination.batch())
    called = {call.name for call in recorder.calls}
    if called & names:
        return examination.passed(f"{stated} is called", calls=sum(call.name in names for call in recorder.calls))
    others = called & SMOOTH
    hidden = [
        path
        for path, module in model.named_modules()
        if type(module).__module__.startswith("torch.nn.modules")
        and any(word in type(module).__name__ for word in ("RNN", "LSTM", "GRU", "Transformer"))
    ]
    if hidden or (not others and stated not in ("relu", "gelu", "tanh", "elu")):
        return examination.unsure(f"{stated} is not seen, and may be inside a library's layer or written by hand")
    if not others and re.search(
        r"where\(|maximum|clamp|[<>] ?0|abs\(|heaviside|custom", "".join(map(examination.source.code, examination.source.classes))
    ):
        return examination.unsure(f"{stated} is not seen, and may be written by hand")
    where = next((call.where for call in recorder.calls if call.where and call.name in others), None) or examination.where(model, "")
    instead = f", and {', '.join(sorted(others))} is called" if others else ", and no nonlinearity is called at all"
    return examination.finding("fail", f"{stated} is stated{instead}", where=where, hint="Look for the activation between the layers.")


def embedding_scale(examination: Examination) -> Evidence:
    """Take the slope from the token embedding to the input of the first layer after it: it is the stated factor."""
    stated = examination.number("embedding_scale")
    words = examination.words("embedding_scale")
    width = examination.number("d_model") or examination.number("width")
    if stated is None and re.search(r"sqrt|√", words) and width:
        stated = width**0.5
    if stated is None:
        return examination.skipped("no factor on the embeddings is stated")
    model = examination.build().eval()
    tables = [path for path, module in model.named_modules() if isinstance(module, nn.Embedding)]
    seen: list[tuple[str, str, list[Tensor]]]
    with watching(model) as seen:
        examination.forward(model, examination.batch())
    for number, (kind, path, outputs) in enumerate(seen):
        if kind != "out" or path not in tables or not outputs or outputs[0].ndim != 3:
            continue
        embedded = outputs[0]
        factors: list[float] = []
        for _, other, passed in seen[number + 1 :]:
            if other in tables or not passed or passed[0].shape != embedded.shape or not passed[0].requires_grad:
                continue
            slope = torch.autograd.grad(passed[0].sum(), embedded, retain_graph=True, allow_unused=True)[0]
            if slope is None or float(slope.std()) > 1e-4 * float(slope.abs().mean()) + 1e-9:
                break
            factors.append(float(slope.mean()))
        if factors:
            return _scale(examination, model, stated, min(factors, key=lambda factor: abs(factor - stated)), embedded, seen[number + 1 :])
    return examination.unsure("the way from the embedding to the first layer is not a plain factor")


def _scale(examination: Examination, model: nn.Module, stated: float, found: float, embedded: Tensor, after: Sequence[Event]) -> Evidence:
    if abs(found / stated - 1) < 1e-3:
        if examination.words("positional") == "sinusoidal" and _enlarged_waves(stated, embedded, after):
            return examination.finding(
                "fail",
                f"sinusoidal positions are added to the embeddings before both are multiplied by {stated:.4g}",
                where=examination.where(model, ""),
                hint="Multiply the token embeddings alone, before positions are added.",
            )
        return examination.passed("embeddings are multiplied by the stated factor", factor=found)
    return examination.finding(
        "fail",
        f"token embeddings are multiplied by {found:.4g} before the first layer, and {stated:.4g} is stated",
        where=examination.where(model, ""),
        hint="Multiply before positions are added.",
        values={"factor": found, "stated": stated},
    )


def _enlarged_waves(factor: float, embedded: Tensor, after: Sequence[Event]) -> bool:
    """Say whether what the first layer gets besides the scaled embeddings is sines and cosines, of amplitude `factor` in the place of 1."""
    for _, _, passed in after:
        if passed and passed[0].shape == embedded.shape:
            rest = (passed[0] - factor * embedded).detach()[0]
            power = rest.square().mean(dim=-1)  # one half at every position for sines beside cosines
            return bool(((power / factor**2 - 0.5).abs() < 1e-3).all())
    return False


def pooling(examination: Examination) -> Evidence:
    """Compare what the head reads with the first token and with the mean over tokens of the last sequence before it."""
    stated = examination.words("pooling")
    if "class token" not in stated and "mean" not in stated:
        return examination.skipped("what the head reads is not stated as class token or mean")
    model = examination.probe
    with torch.no_grad(), watching(model) as events:
        examination.forward(model, examination.batch())
    heads = [(n, inputs[0]) for n, (kind, _, inputs) in enumerate(events) if kind == "in" and inputs and inputs[0].ndim == 2]
    sequences = [(n, outputs[0]) for n, (kind, _, outputs) in enumerate(events) if kind == "out" and outputs and outputs[0].ndim == 3]
    for place, read in heads:
        for earlier, sequence in reversed(sequences):
            if earlier > place or sequence.shape[0] != read.shape[0] or sequence.shape[2] != read.shape[1]:
                continue
            ways = {
                "class token": sequence[:, 0],
                "mean": sequence.mean(dim=1),
                "last token": sequence[:, -1],
                "mean without the first": sequence[:, 1:].mean(dim=1),
                "maximum": sequence.amax(dim=1),
            }
            matched = [way for way, value in ways.items() if distance(value, read) < 1e-5]
            if not matched:
                continue
            expected = "class token" if "class token" in stated else "mean"
            if expected in matched or (expected == "mean" and "mean without the first" in matched):
                return examination.passed(f"the head reads the {expected}")
            where = examination.where(model, "")
            return examination.finding(
                "fail", f"the head reads the {matched[0]}, and {examination.facts['pooling']} is stated", where=where
            )
    return examination.unsure("what the head reads is not seen to be one token or a mean")


OUTPUTS = ("logits", "probabilities", "unit-norm embeddings", "distance")


def output_kind(examination: Examination) -> Evidence:
    """Hold the output of a perturbed model against the stated kind."""
    stated = examination.words("output")
    kind = next((kind for kind in OUTPUTS if stated.startswith(kind)), None)
    if kind is None:
        return examination.skipped("the kind of output is not stated in words this check knows")
    wrongs = []
    for seed in (1, 2, 3):  # one perturbed model may give such values by chance
        model = examination.perturbed(seed)
        with torch.no_grad():
            output = examination.forward(model, examination.batch(32) if not examination.layout.graph else examination.batch())
        if not output.is_floating_point() or output.numel() < 8:
            return examination.skipped("the output is too small to tell")
        wrongs.append(_unlike(examination, kind, stated, output))
    if all(wrongs):
        where = examination.where(model, "")
        message = f"the output is stated to be {kind}, and {wrongs[0]}"
        return examination.finding("fail", message, where=where, hint="Look at the last operation of forward.")
    return examination.passed(f"the output can be {kind}")


def _unlike(examination: Examination, kind: str, stated: str, output: Tensor) -> str:
    """Return what an output of the stated kind would not show, "" where it shows nothing of the sort."""
    values = output[output.isfinite()]
    axis = _class_axis(examination, output)
    inside = bool(((values >= 0) & (values <= 1)).all())
    sums = axis is not None and bool(((output.sum(dim=axis) - 1).abs() < 1e-4).all())
    if kind == "logits" and inside and (sums or len(values.unique()) > 4):
        return "every value lies between 0 and 1" + (" and the classes sum to 1" if sums else "")
    if kind == "logits" and bool((values >= 0).all()) and float((values == 0).float().mean()) > 0.1:
        return "no value is below 0 and many are 0, as after a ReLU"
    if kind == "logits" and (other := _normalised_axis(output, axis)) is not None:
        return f"their exponentials sum to one along axis {other}, which is not that of the classes"
    if kind == "probabilities" and not inside:
        return "its values are not between 0 and 1"
    several = axis is not None and output.shape[axis] > 1 and bool(examination.facts.get("classes")) and "sigmoid" not in stated
    if kind == "probabilities" and several and not sums:
        return "the classes do not sum to 1"
    if kind == "unit-norm embeddings" and not bool(((output.norm(dim=-1) - 1).abs() < 1e-3).all()):
        return f"the norms are {float(output.norm(dim=-1).mean()):.3g} on average"
    if kind == "distance" and bool((values < -1e-4 * max(1.0, float(values.abs().mean()))).any()):
        return "some values are negative"
    return ""


def _normalised_axis(output: Tensor, axis: int | None) -> int | None:
    """Return an axis, other than that of the classes, along which the exponentials of scores sum to one."""
    for other, length in enumerate(output.shape):
        if other != axis and length > 1 and bool(((output.exp().sum(dim=other) - 1).abs() < 1e-4).all()):
            return other
    return None


def _class_axis(examination: Examination, output: Tensor) -> int | None:
    for key in ("classes", "vocabulary", "actions"):
        size = examination.number(key)
        if size is not None:
            found = [axis for axis, length in enumerate(output.shape) if length == size and axis > 0]
            return found[-1] if found else None
    return output.ndim - 1 if output.ndim > 1 and output.shape[-1] > 1 else None


def unread_entries(examination: Examination) -> Evidence | list[Evidence]:
    """Exchange each entry that is a model's input by its name and see that something changes."""
    batch = examination.batch()
    silent = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor) and not is_mask(value) and not examination.reads(key) and not examination.loss_reads(key)
    ]
    everything = [key for key, value in batch.items() if isinstance(value, Tensor)]
    if everything and not any(examination.reads(key) for key in everything):
        return examination.finding(
            "fail",
            "the output does not depend on the batch at all",
            where=examination.where(examination.probe, ""),
            hint="Is the input used?",
        )
    silent += [key for key, value in batch.items() if is_mask(value) and not examination.reads(key) and not examination.loss_reads(key)]
    unread = [
        key
        for key in silent
        if not (_bookkeeping(examination, key) or _spare_label(examination, key) or _behind_views(examination, key))
        and not _read_in_training(examination, key)
    ]
    if unread:
        return examination.finding(
            "fail",
            f"{', '.join(unread)} of the batch is read by nothing: exchanging it changes neither forward nor loss, in evaluation or training",
            where=_given_to(examination, unread[0]),
            path=unread[0],
            hint="Is another entry read twice in its place, or is it masked out or overwritten?",
        )
    if silent:
        return examination.unsure(f"neither forward nor loss looks at {', '.join(silent)} in evaluation mode")
    return examination.passed("every entry of the batch is looked at")


def _given_to(examination: Examination, key: str) -> str:
    """Return the first method that has the name of an entry that `forward` passes on, else the loss."""
    passed_on = re.search(rf"""["']{re.escape(key)}["']""", examination.source.code("forward"))
    methods = [place for place in examination.source.holding(rf"\b{re.escape(key)}\b") if "." in place] if passed_on else []
    return (methods or ["forward" if passed_on else "loss"])[0]


TRANSITION = r"reward|return|^next_|^done|terminal|terminated"


def _bookkeeping(examination: Examination, key: str) -> bool:
    """Say whether an entry may be there for others: by its name, unless `forward` names it, or because another function of the file does."""
    given = re.search(rf"""["']{re.escape(key)}["']""", examination.source.code("forward"))
    if not given and re.search(r"(?i)length|count|name|index|seed|weight|(^|_)ids?$|meta|group|time|trunc", key):
        return True
    if re.search(TRANSITION, key.lower()) and not any(
        re.search(TRANSITION, other.lower()) and examination.loss_reads(other) for other in examination.batch()
    ):
        return True  # a policy that is learned from what an expert did reads no part of what came of it
    value = examination.batch()[key]
    if isinstance(value, Tensor) and value.ndim == 1 and is_integer(value) and len(value.unique()) == len(value) > 2:
        return True  # a number of its own for each row
    others = [
        place for place in examination.source.functions if place not in ("batch", "loss", "forward") and not place.endswith("_loader")
    ]
    return any(
        re.search(rf"[\"']{re.escape(key)}[\"']", examination.source.code(place))
        for place in others
        if place == "step" or re.search(r"(?i)evaluat|metric|accuracy|report|monitor|recall|concordance", place)
    )


def _spare_label(examination: Examination, key: str) -> bool:
    """Say whether one class number per sample may be there for metrics: no classes are stated, and only `batch` names it."""
    batch = examination.batch()
    value = batch[key]
    if not isinstance(value, Tensor) or value.ndim != 1 or value.is_floating_point() or is_mask(value):
        return False
    if any(examination.facts.get(fact) for fact in ("classes", "label")):
        return False
    alike = [other for other, entry in batch.items() if other != key and entry.dtype == value.dtype and entry.shape == value.shape]
    named = rf"[\"']{re.escape(key)}[\"']"
    return not alike and not any(
        re.search(named, examination.source.code(place)) for place in examination.source.functions if place != "batch"
    )


def _behind_views(examination: Examination, key: str) -> bool:
    """Say whether an entry may be what the views of a sample were made from: the loss reads two alike, and only `batch` names this one."""
    batch = examination.batch()
    value = batch[key]
    if not isinstance(value, Tensor) or is_mask(value):
        return False
    read = [other for other, entry in batch.items() if isinstance(entry, Tensor) and entry.is_floating_point() and entry.ndim > 1]
    read = [other for other in read if other != key and examination.loss_reads(other)]
    views = [other for other in read if any(batch[other].shape == batch[more].shape for more in read if more != other)]
    alike = any(batch[other].shape == value.shape for other in views)
    if not views or (alike and not re.search(r"(?i)clean|orig|source|raw|base|plain", key)):
        return False
    named = rf"[\"']{re.escape(key)}[\"']"
    return not any(re.search(named, examination.source.code(place)) for place in examination.source.functions if place != "batch")


def _read_in_training(examination: Examination, key: str) -> bool:
    """Say whether the loss of a model in training mode changes when one entry is that of another batch."""
    model = examination.perturbed(training=True)
    batch, mixed = examination.batch(), examination.batch()
    mixed[key] = examination.batch(seed=1)[key]
    with torch.no_grad():
        one = examination.quiet(lambda: examination.loss(model, batch, seed=3))
        two = examination.quiet(lambda: examination.loss(model, mixed, seed=3))
    return one is None or two is None or distance(one, two) > 0


ACTIVATION = card(
    "architecture",
    "activation",
    "Another nonlinearity than stated, or none.",
    ("activation",),
    "Nonlinearities inside recurrent library layers: 'unsure'.",
    activation,
)


EMBEDDING_SCALE = card(
    "architecture",
    "embedding scale",
    "Token embeddings that reach the first layer with another factor than stated.",
    ("embedding_scale", "d_model", "width"),
    "A normalisation between embedding and first layer: 'unsure'.",
    embedding_scale,
)


POOLING = card(
    "architecture",
    "pooling",
    "A head that reads another token, or another average, than stated.",
    ("pooling",),
    "Learned pooling: 'unsure'.",
    pooling,
)


OUTPUT = card(
    "architecture",
    "output",
    "An output of another kind than stated.",
    ("output", "classes"),
    "Logits that lie between 0 and 1 by chance, on 32 samples.",
    output_kind,
)


ENTRIES = card(
    "architecture",
    "entries",
    "An output that does not depend on the batch, an entry of it that nothing reads.",
    (),
    "Entries kept for others (names, lengths, indices) and those that the step alone reads: 'unsure'.",
    unread_entries,
)
