"""A realistic bundle: claims like those of "Attention Is All You Need", with counts, equations, findings, runs with curves, and gaps."""

from __future__ import annotations

import math
from typing import Any

from aquarius.blueprint import Blueprint, Feasibility, Layer, Question
from aquarius.core import Environment, Evidence, Place, Receipt, measure
from aquarius.dossier import Claim, Contradiction, Dossier, Fact, Formula, Gap, Option
from aquarius.reading import Document
from aquarius.report import Bundle
from aquarius.verdict import Registration, Rule, Verdict, judge

ENVIRONMENT = Environment(
    python="3.11.14",
    platform="Linux x86_64",
    processor="x86-64, 2.1 GHz",
    cores=2,
    threads=1,
    packages={"torch": "2.13.0", "numpy": "2.4.6", "scipy": "1.17.1"},
)
CODE = {"workspace:src/transformer/model.py": "3f" * 32, "package:models/language/transformer.py": "a7" * 32}

# subject, settings, printed, non-embedding parameters, parameters per word: the eleven rows of Table 3 that print a number
ROWS = [
    ("base", {}, "65×10^6", 44_138_496, 512), ("B, d_k = 16", {"d_k": "16"}, "58×10^6", 37_060_608, 512), ("B, d_k = 32", {"d_k": "32"}, "60×10^6", 39_419_904, 512),
    ("C, N = 2", {"N": "2"}, "36×10^6", 14_712_832, 512), ("C, N = 4", {"N": "4"}, "50×10^6", 29_425_664, 512), ("C, N = 8", {"N": "8"}, "80×10^6", 58_851_328, 512),
    ("C, d_model = 256", {"d_model": "256", "d_k": "32"}, "28×10^6", 15_769_600, 256), ("C, d_model = 1024", {"d_model": "1024", "d_k": "128"}, "168×10^6", 126_009_344, 1024),
    ("C, d_ff = 1024", {"d_ff": "1024"}, "53×10^6", 31_543_296, 512), ("C, d_ff = 4096", {"d_ff": "4096"}, "90×10^6", 69_328_896, 512), ("big", {"d_model": "1024"}, "213×10^6", 176_449_536, 1024),
]  # fmt: skip


def place(label: str, quote: str, line: int = 64) -> Place:
    """Return a place in the paper."""
    return Place(file="results.tex", start=0, end=len(quote), line=line, quote=quote, label=label)


def receipt(**fields: Any) -> Receipt:
    """Return a receipt with environment and inputs."""
    given: dict[str, Any] = {
        "command": "aquarius reproduce .",
        "inputs": CODE,
        "environment": ENVIRONMENT,
        "started": "2026-03-01T10:00:00Z",
        "ended": "2026-03-01T10:00:09Z",
    }
    return Receipt(**(given | fields))


def claims() -> tuple[Claim, ...]:
    """Return claims of counts, values, an order and another system's number."""
    counted = tuple(
        Claim(
            id=f"table3/{subject.replace(' ', '')}/parameters", kind="exact", statement=f"The model of row {subject} has {printed.removesuffix('×10^6')} million parameters.",
            subject=f"Transformer ({subject})", quantity="parameters", measure=measure(printed), settings=settings, place=place("Table 3", printed),
        )
        for subject, settings, printed, _, _ in ROWS
    )  # fmt: skip
    common: dict[str, Any] = {"kind": "value", "quantity": "BLEU", "direction": "higher", "split": "test"}
    german, french = "WMT 2014 English-German", "WMT 2014 English-French"
    bleu = (
        Claim(id="table2/base/en-de", statement="The base model reaches 27.3 BLEU on English to German.", subject="Transformer (base)", measure=measure("27.3", unit="BLEU"), dataset=german, needs=(german,), place=place("Table 2", "27.3", 25), **common),
        Claim(id="table2/big/en-de", statement="The big model reaches 28.4 BLEU on English to German.", subject="Transformer (big)", measure=measure("28.4", unit="BLEU"), dataset=german, needs=(german, "8 GPUs for 3.5 days"), place=place("Table 2", "28.4", 26), **common),
        Claim(id="table2/big/en-fr", statement="The big model reaches 41.8 BLEU on English to French.", subject="Transformer (big)", measure=measure("41.8", unit="BLEU"), dataset=french, needs=(french,), place=place("Table 2", "41.8", 26), **common),
        Claim(id="table2/gnmt/en-de", statement="GNMT + RL reaches 24.6 BLEU on English to German.", subject="GNMT + RL", own=False, measure=measure("24.6", unit="BLEU"), dataset=german, place=place("Table 2", "24.6", 16), **common),
        Claim(id="text/scaling", kind="qualitative", statement="Without the scaling, dot products grow large and the softmax has small gradients.", subject="attention", quantity="gradient", place=place("Section 3.2.1", "extremely small gradients", 70)),
    )  # fmt: skip
    accuracy = Claim(
        id="table9/copy/accuracy", kind="value", statement="A two-layer model copies held-out sequences with 99.1 % of tokens right.", subject="Transformer (2 layers)", quantity="accuracy", direction="higher",
        measure=measure("99.1", unit="%", spread=0.3, spread_kind="sd", n=10), dataset="copy", split="test", place=place("Table 9", "99.1", 90),
    )  # fmt: skip
    return (*counted, *bleu, accuracy)


def dossier() -> Dossier:
    """Return the dossier of the sample."""
    formulas = (
        Formula(
            id="equation (1)",
            latex=r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}(\frac{QK^T}{\sqrt{d_k}})V",
            place=place("equation (1)", "softmax", 30),
        ),
        Formula(id="equation (2)", latex=r"\mathrm{FFN}(x)=\max(0, xW_1 + b_1) W_2 + b_2", place=place("equation (2)", "FFN", 60)),
        Formula(id="display 4", latex=r"\undefinedmacro{x} = 3", place=place("Section 3.5", "x = 3", 80)),
    )
    gap = Gap(
        name="vocabulary", question="How many entries has the shared vocabulary?", status="partial", suggestion="37000", weight=0.9, place=place("Section 5.1", "about 37000 tokens", 5),
        options=(Option(value="37000", source="Section 5.1: about 37000 tokens"), Option(value="32768", source="a padded vocabulary of the authors' library")),
    )  # fmt: skip
    return Dossier(
        title="Attention Is All You Need", authors=("Ashish Vaswani", "Noam Shazeer"), year=2017, url="https://arxiv.org/abs/1706.03762", document="d" * 64,
        claims=claims(), formulas=formulas, gaps=(gap, Gap(name="initialisation", question="How are weights drawn at first?", status="unspecified", options=(Option(value="Glorot uniform", source="the authors' code"),), suggestion="Glorot uniform")),
        recipe=(Fact(name="warmup steps", value="4000", number=4000.0, place=place("Section 5.3", "4000", 12)), Fact(name="dropout", value="0.1", number=0.1, scope="base", place=place("Table 3", "0.1"))),
        architecture=(Fact(name="layers", value="6", number=6.0, scope="base", place=place("Table 3", "6")),),
        contradictions=(Contradiction(message="The text says 41.0 BLEU on English to French, the table 41.8.", places=(place("Section 6.1", "41.0", 40), place("Table 2", "41.8", 26))),),
    )  # fmt: skip


def evidence() -> tuple[Evidence, ...]:
    """Return counts, comparisons, findings, a proxy experiment and runs that count."""
    found: list[Evidence] = []
    for subject, settings, printed, offset, slope in ROWS:
        claim, value = f"table3/{subject.replace(' ', '')}/parameters", measure(printed)
        count = offset + 37_000 * slope
        low, high = math.ceil((value.value - 5e5 - offset) / slope), math.floor((value.value + 5e5 - offset) / slope)
        right = abs(count - value.value) <= 5e5
        found.append(
            Evidence(
                kind="count",
                check="parameters",
                status="pass" if right else "fail",
                message=f"{subject}: {count:,}",
                claim=claim,
                values={"counted": count},
                assumptions=("vocabulary = 37000 (section 5.1)",),
                details={"settings": settings},
                receipt=receipt(environment=None),
            )
        )
        found.append(
            Evidence(
                kind="count",
                check="parameters",
                status="unsure",
                message=f"{subject}: solved",
                claim=claim,
                values={"offset": offset, "slope": slope, "low": low, "high": high},
                details={"size": "vocabulary"},
                receipt=receipt(environment=None),
            )
        )
    found.append(
        Evidence(
            kind="count",
            check="parameters",
            status="unsure",
            message="9 of 11 rows agree for one vocabulary from 39,769 to 41,180; the paper does not state it exactly.",
            receipt=receipt(environment=None),
        )
    )
    found += [
        Evidence(kind="conformance", check="equation (1)", status="pass", message="equations.py:attention conforms to the equation: largest difference 2.2e-16 over 12 draws.", where="attention", values={"max_error": 2.2e-16, "draws": 12}, details={"code": "equations.py:attention", "latex": "x"}, receipt=receipt()),
        Evidence(kind="conformance", check="equation (2)", status="pass", message="equations.py:feed_forward conforms to the equation: largest difference 0 over 12 draws.", where="feed_forward", values={"max_error": 0.0}, details={"code": "equations.py:feed_forward"}, receipt=receipt()),
        Evidence(kind="finding", check="causality", status="pass", message="Changing a target changes no output before it.", where="Decoder.forward", values={"largest change": 0.0}, receipt=receipt()),
        Evidence(kind="finding", check="gradient", status="pass", message="A gradient reaches all 184 parameters.", receipt=receipt()),
        Evidence(kind="finding", check="padding", status="pass", message="Longer padding changes no output.", where="Encoder.forward", path="encoder.layers.0", receipt=receipt()),
        Evidence(kind="finding", check="initial loss", status="pass", message="The first loss, 6.91, is near ln V = 6.91.", values={"loss": 6.91, "ln V": 6.908}, receipt=receipt()),
        Evidence(kind="finding", check="running statistics", status="skipped", message="Nothing here keeps running statistics.", receipt=receipt()),
    ]  # fmt: skip
    found += [
        run("copy-task", seed, 0.998 + 0.0005 * seed, claim=None, scale="proxy", stand_in=True, settings={"layers": 2, "warmup_steps": 400})
        for seed in range(3)
    ]
    found += [
        run(
            "copy-full",
            seed,
            99.1 + 0.25 * math.sin(7.1 * seed),
            claim="table9/copy/accuracy",
            settings={"dataset": "copy", "split": "test"},
        )
        for seed in range(10)
    ]
    return tuple(found)


def run(name: str, seed: int, accuracy: float, *, settings: dict[str, Any], **fields: Any) -> Evidence:
    """Return one run with a falling loss."""
    loss = [(step, 6.9 * math.exp(-step / (60 + 4 * seed)) + 0.05 * (1 + math.sin(step * 1.7 + seed))) for step in range(0, 400, 2)]
    right = [(step, min(100.0, 100 * (1 - math.exp(-step / (90 + 5 * seed))))) for step in range(0, 400, 10)]
    return Evidence(
        kind="run", check=name, status="pass", message=f"Seed {seed}: accuracy {accuracy:.4g}.", values={"accuracy": accuracy, "loss": loss[-1][1]}, curves={"loss": loss, "accuracy": right},
        details={"settings": settings, "metric": "accuracy"}, seconds=8.6, receipt=receipt(seed=seed, log=f"runs/{name}-{seed}/log.txt:41", inputs=CODE | {"value:settings": f"{seed:064x}"}), **fields,
    )  # fmt: skip


def registration(given: Dossier) -> Registration:
    """Return the rule of the one claim with runs."""
    rule = Rule(
        claim="table9/copy/accuracy",
        margin=0.5,
        margin_source="half a per cent of the metric's range",
        seeds=10,
        metric="accuracy",
        dataset="copy",
        split="test",
    )
    return Registration(rules=(rule,), dossier=given.content_hash)


def verdict() -> Verdict:
    """Return the verdict of the sample."""
    given = dossier()
    return judge(given, evidence(), registration(given), registered="before")


def blueprint() -> Blueprint:
    """Return a small blueprint."""
    layer = Layer(
        path="encoder",
        kind="Encoder",
        input_shapes=(("B", "S"),),
        output_shapes=(("B", "S", "d_model"),),
        parameters=18_914_304,
        flops=None,
    )
    return Blueprint(
        subject="model.py", subject_hash="5e" * 32, symbols={"B": 2, "S": 9, "d_model": 512}, layers=(layer,), parameters=63_082_496, trainable=63_082_496, buffers=0, diagram="ids (B, S)\n  -> encoder (B, S, d_model)",
        feasibility=Feasibility(parameter_bytes=252_329_984, training_bytes=1_400_000_000, forward_flops=None, verdict="fits", reason="1.4 GB of weights, gradients and optimiser state fit into 8 GB of memory"),
    )  # fmt: skip


def document() -> Document:
    """Return a document that names its files and one problem."""
    return Document(
        kind="latex",
        name="source",
        files={"ms.tex": "1a" * 32, "results.tex": "2b" * 32},
        title="Attention Is All You Need",
        title_place=None,
        authors=(),
        abstract="",
        sections=(),
        passages=(),
        equations=(),
        tables=(),
        problems=("results.tex:27: a rule is commented out.",),
    )


QUESTIONS = (Question(text="How many parameters does encoder (Encoder) have?", answer="18,914,304", kind="count", where="encoder"),)


def bundle(**fields: Any) -> Bundle:
    """Return the whole bundle."""
    given: dict[str, Any] = {
        "title": "Attention Is All You Need",
        "verdict": verdict(),
        "dossier": dossier(),
        "blueprint": blueprint(),
        "evidence": evidence(),
        "document": document(),
        "questions": QUESTIONS,
    }
    return Bundle(**(given | fields))
