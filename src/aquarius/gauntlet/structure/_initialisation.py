"""Initialisation: the moments of fresh parameters, over several seeds, against the stated rule."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from ..sequences._cells import forget_block

SEEDS = 4
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Rule:
    """What a rule demands: a distribution's name, its mean, deviation and bounds; None where the rule does not say."""

    name: str
    mean: float
    deviation: float | None
    bound: float | None = None


def number(text: str, names: dict[str, float]) -> float | None:
    """Return the value of a small formula: digits, + - * / ^, sqrt and stated names; None where it is anything else."""
    text = text.strip().replace("^", "**").replace("√", "sqrt").replace("−", "-").replace("×", "*")
    text = re.sub(r"sqrt\s*(\d+)", r"sqrt(\1)", text)

    def value(node: ast.AST) -> float:
        if isinstance(node, ast.Expression):
            return value(node.body)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sqrt" and len(node.args) == 1:
            return math.sqrt(value(node.args[0]))
        if isinstance(node, ast.Name) and node.id in names:
            return names[node.id]
        raise ValueError

    try:
        return value(ast.parse(text, mode="eval"))
    except (ValueError, SyntaxError, ZeroDivisionError, OverflowError):
        return None


def read_rule(text: str, parameter: Tensor, names: dict[str, float]) -> Rule | None:
    """Return what a rule in words demands of a parameter; None where its words are not known for certain."""
    text = re.sub(r"\bfan[ -](in|out)\b(?=[^a-z]*[)*/])", r"fan_\1", text.lower().replace("−", "-").strip())
    text = re.sub(r"^(?:constant|filled with|all)[ :=]+(-?[\d.][\d./e-]*)$", r"constant(\1)", text)
    found = _distribution(text)
    fan_in, fan_out = fans(parameter)
    names = names | {"fan_in": fan_in, "fan_out": fan_out}
    if whole := re.fullmatch(r"(?:all )?(zero|one)s?\b(?:[ ,;]+.*padding.*)?[ .]*", text):
        return Rule(whole[1] + "s", float(whole[1] == "one"), 0.0)
    if found:
        kind, inside = found
        values = [number(part.split("=")[-1], names) for part in _split(inside)]
        if any(value is None for value in values) or not values:
            return None
        a, b = float(values[0] or 0.0), float(values[-1] or 0.0)
        if kind == "constant":
            return Rule("constant", a, 0.0)
        if len(values) < 2:
            return None
        if kind == "uniform":
            return Rule("uniform", (a + b) / 2, (b - a) / math.sqrt(12), max(abs(a), abs(b)))
        return Rule(kind, a, b)
    if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text):
        return Rule("constant", float(text), 0.0)
    if spread := re.fullmatch(
        r"(truncated )?normal,?(?: (?:of |with )?mean 0(?:\.0)?,?(?: and)?)? (?:of |with )?(variance|standard deviation|deviation|std) (?:of )?(\S+)",
        text,
    ):
        value = number(spread[3], names)
        if value is not None and value > 0:
            return Rule((spread[1] or "") + "normal", 0.0, math.sqrt(value) if spread[2] == "variance" else value)
    if parameter.ndim < 2 or "each" in text or "block" in text:
        return None
    if ("xavier" in text or "glorot" in text) and ("uniform" in text or "normal" in text) and "gain" not in text and "(" not in text:
        return Rule(text, 0.0, math.sqrt(2 / (fan_in + fan_out)))
    if (
        ("kaiming" in text or re.match(r"he\b", text))
        and ("uniform" in text or "normal" in text)
        and "leaky" not in text
        and "a=" not in text
    ):
        if "fan" not in text and fan_in != fan_out:
            return None  # torch's own default and the habit of convolutions differ
        return Rule(text, 0.0, math.sqrt(2 / (fan_out if "out" in text else fan_in)))
    return None


def _either(text: str, parameter: Tensor) -> list[Rule]:
    """Return what He's rule may mean where it names no fan: either fan, with the gain of a rectifier or of none, or torch's own default."""
    if (
        parameter.ndim < 2
        or not re.match(r"kaiming|he\b", text)
        or not re.search("uniform|normal", text)
        or re.search(r"leaky|a=|fan|gain", text)
    ):
        return []
    variances = [gain / fan for fan in fans(parameter) for gain in ((2.0,) if "relu" in text else (2.0, 1.0, 1 / 3))]
    return [Rule(text, 0.0, math.sqrt(variance)) for variance in variances]


def _distribution(text: str) -> tuple[str, str] | None:
    """Return (name, arguments) of "name(arguments)", with nothing after it but a word on the row of padding."""
    found = re.match(r"(truncated normal|normal|uniform|constant)\s*\(", text)
    if found is None:
        return None
    depth = 1
    for place in range(found.end(), len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            rest = text[place + 1 :].strip(" ,.")
            return (found[1], text[found.end() : place]) if not rest or "padding" in rest else None
    return None


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def fans(parameter: Tensor) -> tuple[float, float]:
    """Return fan in and fan out as torch counts them."""
    if parameter.ndim < 2:
        return float(parameter.numel()), float(parameter.numel())
    field = parameter[0][0].numel() if parameter.ndim > 2 else 1
    return float(parameter.shape[1] * field), float(parameter.shape[0] * field)


def initialisation(examination: Examination) -> Evidence | list[Evidence]:
    """Pool the values of several fresh models and compare mean, deviation and bounds with the rule, within sampling error."""
    rules = examination.facts.get("init")
    if not isinstance(rules, dict) or not rules:
        return examination.skipped("no initialisation is stated")
    models = [examination.build(seed=seed) for seed in range(SEEDS)]
    names = {
        key: float(value) for key, value in examination.facts.items() if isinstance(value, int | float) and not isinstance(value, bool)
    }
    padding = _padding_rows(models[0])
    found, unread, compared = [], set(), 0
    for name, first in models[0].named_parameters():
        text = next((str(rule) for glob, rule in reversed(list(rules.items())) if fnmatchcase(name, str(glob))), None)
        if text is None:
            continue
        samples = [dict(model.named_parameters())[name].detach().double() for model in models]
        if "orthogonal" in text.lower():
            wrong: str | None = _orthogonal(samples[0], text, names)
            known = wrong is not None
            wrong = wrong or None
        elif _FORGET.fullmatch(text.strip().lower()):
            wrong = _forget_gate(examination, models[0], name, samples[0])
            known = wrong is not None
            wrong = wrong or None
            if not known:
                unread.add(text)
                continue
        else:
            rule = read_rule(text, first, names)
            either = [rule] if rule is not None else _either(text.lower(), first)
            if first.ndim == 3 and not isinstance(models[0].get_submodule(name.rpartition(".")[0]), nn.modules.conv._ConvNd):
                either += [
                    one for one in (read_rule(text, first[0], names),) if rule is not None and one is not None
                ]  # a stack of matrices
            known = bool(either)
            if not known:
                unread.add(text)
                continue
            rows = padding.get(id(first))
            if rows is not None and re.search("padding.*zero", text.lower()) and float(samples[0][rows].abs().max()) > 0:
                found.append(_off(examination, models[0], name, text, "the row of padding is not zero"))
                continue
            if rows is not None:
                samples = [torch.cat([value[:rows], value[rows + 1 :]]) for value in samples]
            doubts = [_unlike(torch.stack(samples), one, _rounding(text)) for one in either]
            wrong = doubts[0] if all(doubts) else None
        compared += known
        if wrong:
            found.append(_off(examination, models[0], name, text, wrong))
    if found:
        return found[:3]
    if not compared:
        return examination.unsure(f"the stated rules are not in words this check knows: {', '.join(sorted(unread))[:200]}")
    return examination.passed(f"{compared} parameters start as stated", compared=compared)


def _padding_rows(model: nn.Module) -> dict[int, int]:
    return {id(m.weight): m.padding_idx for m in model.modules() if isinstance(m, nn.Embedding) and m.padding_idx is not None}


def _rounding(text: str) -> float:
    """Return half a unit in the last place of the numbers of a rule that are printed with three digits or more; 0 where there are none."""
    printed = [number for number in re.findall(r"\d*\.(\d+)", text) if len(number.lstrip("0")) >= 3]
    return max((0.5 * 10.0 ** -len(digits) for digits in printed), default=0.0)


def _unlike(values: Tensor, rule: Rule, rounding: float = 0.0) -> str:
    """Return what differs beyond five standard errors, a small share and the rounding of what is printed, "" where nothing does."""
    count = values.numel()
    mean, deviation = float(values.mean()), float(values.std()) if count > 1 else 0.0
    if rule.deviation == 0.0:
        error = float((values - rule.mean).abs().max())
        return f"its values are off by up to {error:.3g}" if error > max(rounding, 1e-6 * max(1.0, abs(rule.mean))) else ""
    expected = rule.deviation or 0.0
    lowest = 0.85 if rule.name == "truncated normal" else 1.0  # cut at two deviations, it keeps 0.88 of its own
    slack = 6 / math.sqrt(2 * count) + 0.02
    if not lowest * expected * (1 - slack) <= deviation <= expected * (1 + slack):
        return f"its standard deviation is {deviation:.4g}, not {expected:.4g}"
    if abs(mean - rule.mean) > 6 * expected / math.sqrt(count) + 0.01 * expected:
        return f"its mean is {mean:.4g}, not {rule.mean:.4g}"
    if rule.bound is not None and float(values.abs().max()) > rule.bound * (1 + 1e-5) + rounding:
        return f"its largest value is {float(values.abs().max()):.4g}, beyond {rule.bound:.4g}"
    if rule.name.startswith("normal") and count >= 500 and float((values - mean).pow(4).mean()) / deviation**4 < 2.2:
        return "its values are spread evenly, not normally"
    if "uniform" in rule.name and count >= 500 and float((values - mean).pow(4).mean()) / deviation**4 > 2.4:
        return "its values have the tails of a normal distribution, and are stated to be uniform"
    return ""


def _orthogonal(value: Tensor, text: str, names: dict[str, float]) -> str | None:
    """Return "" for an orthogonal matrix times its gain, what is wrong for another, None where the rule's blocks or gain are not known."""
    text = text.lower().strip()
    gain = re.fullmatch(r"orthogonal\s*[,;:(]?\s*(?:with |of |at )?(?:a )?gain\s*(?:of |=|:)?\s*((?:[^,;()]|\([^()]*\))+)\)?", text)
    factor = number(gain[1], names) if gain else 1.0
    if gain and factor:
        if value.ndim != 2:
            return None
        wrong = _orthogonal(value / factor, "orthogonal", names)
        return f"{wrong} times {factor:g}" if wrong else wrong
    blocks = {"three gate": 3, "four gate": 4, "each gate": 0}
    count = next((number for words, number in blocks.items() if words in text.lower()), 1)
    if value.ndim != 2 or count == 0 or "gain" in text.lower() or "(" in text:
        return None
    for block in value.chunk(count):
        small = block @ block.T if block.shape[0] <= block.shape[1] else block.T @ block
        if float((small - torch.eye(small.shape[0], dtype=small.dtype)).abs().max()) > 1e-4:
            return "it is not orthogonal" if count == 1 else "its blocks are not orthogonal"
    return ""


_FORGET = re.compile(
    r"zeros?,? (?:except |but |with |and )?(?:the )?forget[ -]gates?(?:'s)?(?: (?:part|bias|biases|block|at|to|of|is))* (?:ones?|1(?:\.0)?)"
)


def _forget_gate(examination: Examination, model: nn.Module, name: str, value: Tensor) -> str | None:
    """Return "" for a bias of four blocks that is one in the forget gate's and zero elsewhere, what is wrong for another, None in doubt."""
    owner = model.get_submodule(name.rpartition(".")[0])
    blocks = value.chunk(4)
    if value.ndim != 1 or len(value) % 4 or any(float((block - block[0]).abs().max()) > 0 for block in blocks):
        return "it is not four blocks of one value each" if value.ndim == 1 and len(value) % 4 == 0 else None
    levels = [float(block[0]) for block in blocks]
    if sorted(levels) != [0.0, 0.0, 0.0, 1.0]:
        return f"its four blocks start at {', '.join(format(level, 'g') for level in levels)}"
    if isinstance(owner, nn.LSTM | nn.LSTMCell):
        return "" if levels[1] else "the ones are not in the second block, which is torch's forget gate"
    forgets = forget_block(examination, model, name)
    return (
        None
        if forgets is None
        else ""
        if levels[forgets]
        else f"the ones are in block {levels.index(1.0) + 1}, and block {forgets + 1} forgets"
    )


def _off(examination: Examination, model: nn.Module, name: str, text: str, wrong: str) -> Evidence:
    places = [
        place for place in examination.source.holding(r"init\.|\.normal_\(|\.uniform_\(|trunc_normal_|zeros_\(|\.data\b") if "." in place
    ]
    owner = examination.where_parameter(model, name, "__init__")
    same = [place for place in places if place.split(".")[0] == owner.split(".")[0]]
    where = same[0] if same else places[0] if len(places) == 1 else owner
    return examination.finding(
        "fail",
        f"{name} is stated to start as {text}: {wrong}",
        where=where,
        path=name,
        hint="Look at what is called after the layer is made, and on which layers.",
    )


INITIALISATION = Check(
    name="initialisation",
    family="initialisation",
    finds="Fresh parameters whose mean, deviation, bounds or tails are not those of the stated rule.",
    uses=("init",),
    misled_by="Rules in words that it does not know for certain are left out; if it knows none, it is 'unsure'.",
    cost="instant",
    function=initialisation,
)
