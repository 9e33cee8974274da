"""Mode: evaluation is deterministic, dropout acts in training, running statistics move and are used."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ...core import Evidence, Status
from .._check import Check
from .._examination import Examination, distance, perturb
from .._inputs import Batch
from .._trace import RANDOM, Recorder, first_difference, watching

BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)
DROPOUTS = (nn.modules.dropout._DropoutNd,)
DELIBERATE = r"training\s*=\s*True|def train\(|def eval\(|\.train\(|reparam|torch\.randn|randn_like"


def evaluation_is_deterministic(examination: Examination) -> Evidence:
    """Run a perturbed model twice in evaluation mode with different global seeds; name the function that drew random numbers."""
    model = examination.perturbed()
    recorder, batch = Recorder(examination.source, RANDOM), examination.batch()
    with torch.no_grad(), recorder:
        one = examination.forward(model, batch, seed=1)
    again = Recorder(examination.source, RANDOM)  # a recorder keeps torch off its fast paths, which round otherwise: both runs have one
    with torch.no_grad(), again:
        two = examination.forward(model, examination.batch(), seed=2)
    change = distance(one, two)
    meant = examination.facts.get("stochastic_evaluation") is True
    if change == 0:
        if meant:
            message = "evaluation is stated to be random, and it is not"
            hint = "Look for dropout that follows the model's mode."
            return examination.finding("fail", message, where=examination.where(model, ""), hint=hint)
        return examination.passed("evaluation is deterministic")
    if meant:
        return examination.passed("evaluation is random, as stated", change=change)
    drawn = [call for call in recorder.calls if not (call.name == "dropout" and _off(call.arguments, call.named))]
    where = next((call.where for call in drawn if call.where), None)
    drops = any("dropout" in call.name for call in drawn)
    code = examination.source.code(where) if where else ""
    kept = [path for path, module in model.named_modules() if isinstance(module, DROPOUTS) and module.training]
    message = f"in evaluation mode the output changes from call to call, by {change:.3g} of its scale"
    hint = "Look for dropout with its default training=True, and for noise that does not ask for self.training."
    if not examination.facts and (kept or _deliberate(examination, code)):
        return examination.finding("unsure", f"{message}; the code says so on purpose, and nothing is stated", where=where)
    sampler = (re.search(r"sampl|reparam", (where or "").lower()) or ".rsample(" in code) and not examination.words("stochastic")
    if sampler and not drops:
        return examination.finding(
            "unsure", f"{message}; a function that samples may do so in evaluation too, and nothing is stated", where=where
        )
    if _stated_in_forward(examination.words("stochastic")) and not drops:
        return examination.finding("unsure", f"{message}; randomness of some kind is stated", where=where)
    return examination.finding(
        "fail", message, where=where or examination.where(model, kept[0] if kept else ""), hint=hint, values={"change": change}
    )


def _off(arguments: tuple, named: dict) -> bool:
    training = named.get("training", arguments[2] if len(arguments) > 2 else True)
    p = named.get("p", arguments[1] if len(arguments) > 1 else 0.5)
    return training is False or p == 0


def _stated_in_forward(words: str) -> bool:
    """Say whether the words leave room for randomness of the output in evaluation: they name neither training nor the loss alone."""
    if re.search(r"(loss|batch|step) (itself )?(draws|samples|adds|perturbs)", words):
        return False  # it is said which function draws
    return bool(words) and "training" not in words and not ("loss" in words and not re.search(r"forward|output|code|latent|sampl", words))


def _deliberate(examination: Examination, code: str) -> bool:
    return bool(re.search(DELIBERATE, code)) or bool(
        re.search(r"def train\(|def eval\(|Dropout\([^)]*\)\.train\(|(?i:monte[ -]?carlo|mc[ _]?dropout)", examination.source.text)
    )


def dropout_acts(examination: Examination) -> Evidence | list[Evidence]:
    """Run a model twice in training mode with different seeds; look for dropout that nothing calls and for another probability than the stated one."""
    model = examination.perturbed(training=True)
    modules = {path: module for path, module in model.named_modules() if isinstance(module, DROPOUTS)}
    stated = next((number for key in ("dropout", "corruption", "stochastic_depth") if (number := examination.number(key))), None)
    recorder = Recorder(examination.source, RANDOM)
    with torch.no_grad(), watching(model) as events, recorder:
        one = examination.forward(model, examination.batch(), seed=1)
        examination.loss(model, examination.batch(), seed=1)
    quiet = not _draws(examination, model, one)
    called = {path for _, path, _ in events}
    if stated and quiet and not (examination.number("corruption") and examination.has("step")):
        key = next(key for key in ("dropout", "corruption", "stochastic_depth") if examination.number(key))
        message = f"{key.replace('_', ' ')} of {stated:g} is stated, and training mode draws nothing: two runs are equal"
        where = examination.where(model, next(iter(modules), ""))
        return examination.finding(
            "fail", message, where=where, hint="Look at the probability, at the flag 'training', and for a layer that is not called."
        )
    functional = any("dropout" in call.name for call in recorder.calls if call.where)
    silent = [path for path, module in modules.items() if module.p > 0 and path not in called and path.rpartition(".")[0] in called]
    if (
        silent
        and not functional
        and not any(
            type(parent).__module__.startswith("torch.nn")
            for path in silent
            if (parent := model.get_submodule(path.rpartition(".")[0])) is not model
        )
    ):
        place = examination.where(model, silent[0])
        return examination.finding(
            "fail", f"{silent[0]} is built and never called", where=place, path=silent[0], hint="Call it, or remove it."
        )
    number = examination.number("dropout")
    if number is not None:
        used = {round(float(module.p), 6) for module in modules.values()} | _probabilities(recorder)
        if used and round(number, 6) not in used:
            message = f"dropout of {number:g} is stated, and the model uses {', '.join(f'{p:g}' for p in sorted(used))}"
            where = examination.where(model, next(iter(modules), "").rpartition(".")[0], "__init__")
            return examination.finding("fail", message, where=where, hint="Is it the probability to drop, or to keep?")
        kept = next((path for path, module in modules.items() if number != 0.5 and abs(module.p - (1 - number)) < 1e-6), None)
        if kept is not None:
            message = f"{kept} drops with probability {1 - number:g}, and {number:g} is stated: the one to keep"
            return examination.finding("fail", message, where=examination.where(model, kept, "__init__"), path=kept)
    if not modules and stated is None:
        return examination.skipped("no dropout is built or stated")
    return examination.passed("dropout acts in training", modules=len(modules))


def _draws(examination: Examination, model: nn.Module, one: Tensor) -> bool:
    """Say whether output or loss change in training with the seed; branches that are dropped rarely, for a whole batch, take some draws."""
    with torch.no_grad():
        loss = examination.loss(model, examination.batch(), seed=1)
        for seed in range(2, 26):
            if distance(one, examination.forward(model, examination.batch(), seed=seed)) > 0:
                return True
            if seed == 2 and distance(loss, examination.loss(model, examination.batch(), seed=seed)) > 0:
                return True
    return False


def _probabilities(recorder: Recorder) -> set[float]:
    found = set()
    for call in recorder.calls:
        if call.name == "dropout":
            p = call.named.get("p", call.arguments[1] if len(call.arguments) > 1 else 0.5)
            if isinstance(p, float | int):
                found.add(round(float(p), 6))
    return found


def running_statistics(examination: Examination) -> Evidence | list[Evidence]:
    """Step through training batches: running statistics must move; then change them: evaluation must follow."""
    model = examination.build().train()
    norms = {path: module for path, module in model.named_modules() if isinstance(module, BATCH_NORMS)}
    if not norms:
        return examination.skipped("no batch normalisation is built")
    bare = [path for path, module in norms.items() if module.running_mean is None]
    still = [path for path, module in norms.items() if not module.training]
    if bare or still:
        what = "keep no running statistics" if bare else "stay in evaluation mode while the model trains"
        return examination.unsure(f"batch normalisations ({', '.join((bare or still)[:3])}) {what}, which may be meant")
    means = {path: module.running_mean for path, module in norms.items() if module.running_mean is not None}
    before = {path: mean.clone() for path, mean in means.items()}
    with torch.no_grad(), watching(model) as events:
        for seed in (0, 1):
            examination.loss(model, examination.batch(seed=seed), seed=seed)
    called = {path for _, path, _ in events}
    fixed = [path for path in called if path in means and torch.equal(before[path], means[path])]
    idle = [path for path in norms if path not in called]
    if (borrowed := _borrowed(examination, model, idle)) is not None:
        text = f"training normalises by the running statistics of {borrowed}, which nothing moves"
        hint = "Call the layer itself, or give F.batch_norm training=self.training."
        return examination.finding("fail", text, where=_reader(examination, model, borrowed), path=borrowed, hint=hint)
    if fixed:
        where = examination.where(model, fixed[0])
        return examination.finding("fail", f"the running statistics of {fixed[0]} do not move in training", where=where, path=fixed[0])
    model.eval()
    loud = [path for path in called if path in norms and norms[path].training]
    if loud:
        return examination.unsure(f"{loud[0]} stays in training mode when the model evaluates, which may be meant")
    used = _follows(examination, model, list(means.values()))
    if not used:  # behind a gate that starts at zero, perhaps
        perturb(model, 1)
        used = _follows(examination, model, list(means.values()))
    if not used and not idle:
        return examination.finding(
            "fail",
            "evaluation does not use the running statistics",
            where=examination.where(model, next(iter(norms))),
            path=next(iter(norms)),
        )
    if idle and len(idle) < len(norms):
        return examination.unsure(f"{idle[0]} is built and not called in training")
    return examination.passed("running statistics move in training and are used in evaluation", modules=len(norms))


def _follows(examination: Examination, model: nn.Module, means: list[Tensor]) -> bool:
    """Say whether output or loss of a model in evaluation mode changes with its running means."""
    batch = examination.batch()
    with torch.no_grad():
        before = examination.forward(model, batch), examination.loss(model, batch)
        for mean in means:
            mean.add_(1.0)
        after = examination.forward(model, batch), examination.loss(model, batch)
    return any(distance(one, two) != 0 for one, two in zip(before, after, strict=True))


def _borrowed(examination: Examination, model: nn.Module, idle: list[str]) -> str | None:
    """Return a normalisation that is not called, whose trained gain and running mean the training output follows, and whose mean stays."""
    for path in idle:
        norm = model.get_submodule(path)
        mean = norm.running_mean
        if not isinstance(mean, Tensor) or norm.weight is None or not norm.weight.requires_grad:
            continue
        kept = mean.clone()
        with torch.no_grad():
            one = examination.loss(model, examination.batch(), seed=1)
            moved = not torch.equal(kept, mean)
            mean.add_(1.0)
            two = examination.loss(model, examination.batch(), seed=1)
            mean.copy_(kept)
        if not moved and distance(one, two) > 1e-6:
            return path
    return None


def _reader(examination: Examination, model: nn.Module, path: str) -> str:
    """Return the method of the owner's class that names the layer's running mean."""
    owner = type(model.get_submodule(path.rpartition(".")[0])).__name__
    places = [place for place in examination.source.holding(r"running_mean") if place.startswith(owner + ".")]
    return places[0] if places else examination.where(model, path)


def independence(examination: Examination) -> Evidence:
    """Replace all samples but one and demand that its output stays: in evaluation mode samples do not know of one another."""
    if examination.facts.get("samples_coupled"):
        return examination.skipped("samples are stated to influence one another")
    axes = examination.layout.axes
    if examination.layout.graph or not axes or all(axis is None for axis in axes.values()):
        return examination.skipped("one batch is one structure")
    model = examination.probe
    if examination.random_evaluation:
        return examination.skipped("evaluation is random")
    for size in (examination.layout.size, 11, 13):  # a size that no other axis of the output has
        with torch.no_grad():
            output = examination.forward(model, examination.batch(size), seed=1)
        places = [axis for axis, length in enumerate(output.shape) if length == size]
        if len(places) == 1:
            break
    if len(places) != 1:
        return examination.skipped("the output has no one axis of samples")
    worst, blamed = 0.0, None
    for kept in (0, size // 2):
        for mixed in _others_replaced(examination, kept, size):
            change, path = _other_samples(examination, model, mixed, kept, places[0], size)
            if change > worst:
                worst, blamed = change, path
    if worst > 1e-3:
        loose = [path for path, m in model.named_modules() if isinstance(m, BATCH_NORMS) and (m.training or m.running_mean is None)]
        status: Status = "unsure" if loose and not examination.facts else "fail"
        return examination.finding(
            status,
            f"in evaluation mode the output of one sample changes by {worst:.3g} of its scale when the others are replaced",
            where=examination.where(model, blamed or ""),
            path=blamed,
            hint="Look for a statistic over the batch, a recurrence or softmax along the wrong axis, and for a view that mixes samples.",
            values={"change": worst},
        )
    if worst > 1e-5:
        return examination.unsure(
            "the output of one sample changes by little more than rounding when the others are replaced", change=worst
        )
    return examination.passed("samples do not know of one another in evaluation mode", change=worst)


def _others_replaced(examination: Examination, kept: int, size: int) -> list[Batch]:
    """Return batches in which one sample is kept: beside samples of another batch, and beside copies of itself."""
    axes = examination.layout.axes
    batch, other, same = examination.batch(size), examination.batch(size, seed=1), examination.batch(size)
    for key, axis in axes.items():
        if axis is None:
            other[key] = batch[key]  # such as examples that all samples are held against
        else:
            other[key].select(axis, kept).copy_(batch[key].select(axis, kept))
            same[key].copy_(batch[key].select(axis, kept).unsqueeze(axis).expand_as(batch[key]))
    return [other, same]


def _other_samples(examination: Examination, model: nn.Module, mixed: Batch, kept: int, axis: int, size: int) -> tuple[float, str | None]:
    """Return by how much the kept sample's output changes, and the module that first makes it."""
    with torch.no_grad(), watching(model) as one:
        before = examination.forward(model, examination.batch(size), seed=1)
    with torch.no_grad(), watching(model) as two:
        after = examination.forward(model, mixed, seed=1)
    if before.shape != after.shape:
        return 0.0, None

    def view(tensor: Tensor) -> Tensor | None:
        found = [place for place, length in enumerate(tensor.shape) if length == size]
        return tensor.select(axis, kept) if found == [axis] else None

    return distance(before.select(axis, kept), after.select(axis, kept)), first_difference(one, two, view)


DETERMINISM = Check(
    name="evaluation",
    family="mode",
    finds="An output that is random in evaluation mode, or is not where that is stated.",
    uses=("stochastic_evaluation", "stochastic"),
    misled_by="Monte-Carlo dropout and sampled latents: 'unsure' where nothing is stated and the code asks for them in words.",
    cost="forward",
    function=evaluation_is_deterministic,
)
DROPOUT = Check(
    name="dropout",
    family="mode",
    finds="Dropout that does not act in training, is never called, or has another probability than the stated one.",
    uses=("dropout", "corruption", "stochastic_depth"),
    misled_by="A probability of 0 is taken as meant.",
    cost="forward",
    function=dropout_acts,
)
RUNNING = Check(
    name="running statistics",
    family="mode",
    finds="Batch normalisation whose running statistics do not move in training or are not used in evaluation.",
    uses=(),
    misled_by="Batch normalisation that is frozen on purpose: 'unsure'.",
    cost="forward",
    function=running_statistics,
)
INDEPENDENCE = Check(
    name="independence",
    family="mode",
    finds="A sample whose output in evaluation mode depends on the other samples of the batch.",
    uses=("samples_coupled",),
    misled_by="Graphs and similarity matrices: skipped, for their output has no single axis of samples.",
    cost="forward",
    function=independence,
)
