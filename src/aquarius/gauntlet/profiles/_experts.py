"""Mixtures of experts: the weight of each expert's output for each token, and the router's gradient."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination

SAME = 1e-3
NEVER = 1e-6


@dataclass
class Mixture:
    """One mixture in one run: its path, the scores of its router, and what each expert's output counts for each token."""

    path: str
    scores: Tensor  # tokens, experts
    weights: Tensor  # tokens, experts


Expert = nn.Module | tuple[Tensor, int]  # a module, or one row of a stack of biases that are added last


def mixtures(examination: Examination, model: nn.Module) -> dict[str, tuple[list[list[Expert]], nn.Linear]]:
    """Return the modules that hold as many experts as are stated, and one linear layer with as many outputs.

    The experts are a list of modules, or rows of stacked parameters; then each stack that may hold what is added last is one way to read them.
    """
    count = examination.number("experts")
    found: dict[str, tuple[list[list[Expert]], nn.Linear]] = {}
    for path, module in model.named_modules():
        lists = [child for child in module.children() if isinstance(child, nn.ModuleList) and len(child) == count and _alike(child)]
        stacks = [value for value in module.parameters(recurse=False) if value.ndim >= 2 and value.shape[0] == count]
        routers = [
            child
            for name, child in module.named_modules()
            if isinstance(child, nn.Linear) and child.out_features == count and not re.search(r"\.\d+\.", f".{name}.")
        ]
        if len(routers) != 1 or (len(lists) != 1 and not any(value.ndim >= 3 for value in stacks)):
            continue
        last = [value for value in stacks if value.numel() == value.shape[0] * value.shape[-1]]
        found[path] = ([list(lists[0])] if len(lists) == 1 else [[(value, row) for row in range(len(value))] for value in last], routers[0])
    return found


def _alike(modules: nn.ModuleList) -> bool:
    return len({tuple(tuple(p.shape) for p in module.parameters()) for module in modules}) == 1


def seen(examination: Examination, model: nn.Module) -> list[Mixture]:
    """Measure each expert's weight for each token: add a vector to what it gives and see how much of it comes out of the mixture."""
    found = []
    for path, (ways, router) in mixtures(examination, model).items():
        for experts in ways:
            mixture = _measured(examination, model, path, experts, router)
            if mixture is not None:
                found.append(mixture)
                break
    return found


def _measured(examination: Examination, model: nn.Module, path: str, experts: list[Expert], router: nn.Linear) -> Mixture | None:
    base, scores = _run(examination, model, path, router, None, None)
    tokens = 0 if scores is None else scores.shape[:-1].numel()
    if base is None or scores is None or not tokens or base.numel() % tokens or base.shape[-1] not in (base.numel() // tokens, tokens):
        return None
    width = base.numel() // tokens
    added = torch.randn(width, generator=torch.Generator().manual_seed(0)) * 10 * float(base.detach().abs().mean() + 1)
    columns = []
    for expert in experts:
        if isinstance(expert, tuple) and expert[0].shape[-1] != width:
            return None
        moved, _ = _run(examination, model, path, router, expert, added)
        if moved is None or moved.shape != base.shape:
            return None
        change = (moved - base).reshape(-1, width).double()
        share = change @ added.double() / added.double().square().sum()
        if float((change - share[:, None] * added.double()).abs().max()) > 1e-3 * float(added.abs().max()):
            return None  # what comes out is not a sum of what the experts give
        columns.append(share)
    return Mixture(path, scores.reshape(-1, scores.shape[-1]).double(), torch.stack(columns, dim=-1))


def _run(
    examination: Examination, model: nn.Module, path: str, router: nn.Linear, expert: Expert | None, added: Tensor | None
) -> tuple[Tensor | None, Tensor | None]:
    """Return the first output of a mixture and its router's scores in one forward pass, with a vector added to one expert's output."""
    outputs: list[Tensor] = []
    scores: list[Tensor] = []
    with ExitStack() as stack, torch.no_grad():
        if isinstance(expert, tuple) and added is not None:
            kept = expert[0].detach().clone()
            expert[0].data[expert[1]] += added
            stack.callback(lambda: expert[0].data.copy_(kept))
        elif isinstance(expert, nn.Module):
            stack.callback(expert.register_forward_hook(lambda _, given, output: output + added).remove)
        stack.callback(router.register_forward_hook(lambda _, given, output: scores.append(output.detach())).remove)
        mixture = model.get_submodule(path)
        stack.callback(mixture.register_forward_hook(lambda _, given, output: outputs.append(_first(output))).remove)
        examination.quiet(lambda: examination.forward(model, examination.batch(), seed=3))
    return (outputs[0] if outputs else None), (scores[0] if scores else None)


def _first(output: Any) -> Tensor:
    value = next((item for item in output if isinstance(item, Tensor)), None) if isinstance(output, tuple | list) else output
    return value.detach() if isinstance(value, Tensor) else torch.zeros(1)


def routing(examination: Examination) -> Evidence:
    """Compare the measured weights with the router's scores: how many experts a token has, which, and with which shares."""
    chosen = examination.number("top_k")
    if examination.number("experts") is None or chosen is None:
        return examination.skipped("no number of experts and of those chosen is stated")
    if examination.random_evaluation:
        return examination.skipped("the output is random in evaluation mode")
    model = examination.probe
    found = seen(examination, model)
    if not found:
        return examination.skipped("no mixture whose output is a sum over a list of experts is seen")
    for mixture in found:
        wrong = _wrong(examination, mixture, int(chosen)) or _silent(examination, model, mixture)
        if wrong:
            status, text = wrong
            where = examination.where(model, mixture.path)
            hint = "Look at topk, at the softmax, and at which weight meets which expert."
            return examination.finding(status, text, where=where, path=mixture.path, hint=hint)
    return examination.passed("tokens go to the experts with the highest scores, with the router's shares", mixtures=len(found))


def _wrong(examination: Examination, mixture: Mixture, chosen: int) -> tuple[Any, str] | None:
    weights, scores = mixture.weights, mixture.scores
    used = weights.abs() > NEVER
    counts = used.sum(dim=-1)
    if int(counts.max()) > chosen or (int(counts.min()) < chosen and int(counts.max()) < chosen):
        return "fail", f"a token is given to {int(counts.max())} of {weights.shape[-1]} experts, and {chosen} are stated"
    full = counts == chosen  # fewer: experts that are full
    if int(full.sum()) < 4:
        return "unsure", "too few tokens reach as many experts as are stated"
    working = used.any(dim=0)  # an expert that no token reaches may be left idle on purpose
    over_all = scores[full].softmax(dim=-1)[:, working]
    weights, scores, used = weights[full][:, working], scores[full][:, working], used[full][:, working]
    best = torch.zeros_like(used).scatter(1, scores.topk(chosen, dim=-1).indices, True)
    if not bool((best == used).all()):
        share = float((best != used).any(dim=-1).double().mean())
        return ("fail" if share > 0.2 else "unsure"), f"{share:.0%} of the tokens go to other experts than those with the highest scores"
    top = scores.topk(chosen, dim=-1)
    return _shares(
        examination,
        weights.gather(1, top.indices),
        top.values,
        [form.gather(1, top.indices) for form in (scores.softmax(dim=-1), over_all)],
    )


def _shares(examination: Examination, kept: Tensor, best: Tensor, over_all: list[Tensor]) -> tuple[Any, str] | None:
    """Hold the weights of the chosen experts, the likeliest first, against the usual shares."""
    plain = min(over_all, key=lambda form: float((form - kept).abs().max()))  # over all experts, or over those that work
    if best.shape[-1] > 1 and float((kept - kept[0]).abs().max()) < 1e-6 and float(kept.sum(dim=-1)[0] - 1) > SAME:
        return "fail", "the experts' outputs are added without the router's weights"
    forms = {"whole": best.softmax(dim=-1), "plain": plain, "sigmoid": best.sigmoid(), "even": torch.full_like(best, 1 / best.shape[-1])}
    forms["sigmoid whole"] = forms["sigmoid"] / forms["sigmoid"].sum(dim=-1, keepdim=True)
    fitting = {name for name, form in forms.items() if float((form - kept).abs().max()) < SAME}
    stated = _stated_shares(examination)
    if best.shape[-1] == 1 and float((kept - 1).abs().max()) < SAME and "plain" in stated:
        return "fail", "the chosen expert is not weighted with its probability, as the stated equation has it"
    if fitting and best.shape[-1] > 1 and stated and not fitting & stated:
        return "fail", (
            "the shares of the chosen experts are "
            + ("not made to sum to one" if "whole" in stated else "made to sum to one")
            + ", other than the stated equation has it"
        )
    if fitting:
        return None
    if best.shape[-1] > 1:
        for form in (forms["whole"], plain):
            if float((form.flip(-1) - kept).abs().max()) < SAME or float((form[:, :1].expand_as(form) - kept).abs().max()) < SAME:
                return "fail", "a chosen expert is weighted with the share of another"
    return "unsure", "the weights of the experts are no usual shares of the router's scores"


def _stated_shares(examination: Examination) -> set[str]:
    """Return the shares that a stated equation of a mixture asks for: made to sum to one over those chosen, or not; empty in doubt."""
    gates = examination.words("gates")
    if re.search(r"not (re)?normali|without (re)?normali|un-?(re)?normali|(over|of) all", gates) and not re.search(
        "renormalised over|then", gates
    ):
        return {"plain", "sigmoid"}
    if re.search(r"renormali|sum(s|med)? to (one|1)|(over|of) (the|its|their) \w*\s?(selected|chosen|top|kept|best|k\b)", gates):
        return {"whole", "sigmoid whole"}
    equations = examination.facts.get("equations")
    for latex in equations.values() if isinstance(equations, dict) else ():
        text = str(latex)
        if not re.search(r"top|arg\s*\\?max|\\mathcal\s*\{?T|\\in\s*\\?\w*\{?[TS]", text, re.IGNORECASE) or not re.search(
            "E_|FFN|[Ee]xpert", text
        ):
            continue
        over = r"(?:top|\\mathcal\s*\{?\s*T|\\in\s*\\mathcal|\\in\s*[TS]\b)"
        if re.search(rf"\\frac\s*\{{[^{{}}]*(?:_\{{?\w+\}}?)?[^{{}}]*\}}\s*\{{\s*\\sum_\{{.*?{over}", text, re.IGNORECASE):
            return {"whole", "sigmoid whole"}
        if re.search(r"softmax\}?\s*(?:\\left)?\(\s*(?:\\\w+\s*\{)?\s*(?:top|keep)", text, re.IGNORECASE):
            return {"whole"}
        if "\\frac" not in text and "/" not in text and re.search(r"softmax", text) and not re.search("normali", text):
            return {"plain"}
    return set()


def _silent(examination: Examination, model: nn.Module, mixture: Mixture) -> tuple[Any, str] | None:
    """Say that no gradient reaches the router from the output, though the weights follow its scores."""
    if float(mixture.weights[mixture.weights.abs() > NEVER].std()) < 1e-3:
        return None  # a lone expert whose share is always one
    _, router = mixtures(examination, model)[mixture.path]
    output = examination.quiet(lambda: examination.forward(model, examination.batch(), seed=3))
    if output is None or not output.requires_grad:
        return None
    slope = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad((output * slope).sum(), [router.weight], allow_unused=True)
    if router.weight.requires_grad and (gradient is None or float(gradient.abs().max()) == 0.0):
        return "fail", "experts are weighted by the router's shares, and no gradient of the output reaches the router"
    return None


ROUTING = card(
    "architecture",
    "routing",
    "An expert that is weighted with another's share, shares that are not as the stated equation has them, a router that the output does not train.",
    ("experts", "top_k", "equations"),
    "Experts that are neither a list of modules nor rows of stacked parameters with a last bias, and outputs that are no sum over experts, are skipped; full experts leave tokens out.",
    routing,
)
