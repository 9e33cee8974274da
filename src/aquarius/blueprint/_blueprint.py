"""The Blueprint: what will be built, before anything runs: shapes, counts, cost, feasibility."""

from __future__ import annotations

from typing import ClassVar, Literal

from ..core import Noun, Record


class Layer(Record):
    """One module of the trace: its path, class, shapes with symbolic sizes, own parameters and floating-point operations."""

    path: str
    kind: str  # class name
    input_shapes: tuple[tuple[str, ...], ...]  # sizes as symbols ("B", "S", "d_model") or digits
    output_shapes: tuple[tuple[str, ...], ...]
    parameters: int  # of this module alone, tied ones counted once, at their first owner
    flops: int | None  # forward, of this module with its children, over all its calls; None where it cannot be told
    cost: str = ""  # the operations as a polynomial of the sizes that move, "B*(4096*S*S + 512*S)"; "" where it cannot be told
    calls: int = 1  # in one forward pass; 0 where it holds parameters and was never called: they are used by its parent, or not at all
    attention: tuple[tuple[str, ...], ...] = ()  # shapes of the attention weights that it computes, one per computation
    reads: tuple[str, ...] = ()  # modules whose output it takes as it is


class Count(Record):
    """A parameter count from a configuration, beside what the paper prints."""

    claim: str
    settings: dict[str, str]
    counted: int
    printed: str
    last_place: float
    agrees: bool  # |counted - printed| <= half the last printed place
    assumptions: tuple[str, ...]


class Feasibility(Record):
    """Whether it can be run here: bytes and seconds with a range, each with how it was told."""

    parameter_bytes: int
    training_bytes: int  # weights, gradients, optimiser state; activations of one batch where they could be told
    forward_flops: int | None
    verdict: Literal["fits", "does not fit", "cannot tell"]
    reason: str


class Blueprint(Noun):
    """Shapes, counts and cost of a Subject, and what the paper says they must be."""

    SCHEMA: ClassVar[str] = "aquarius.blueprint"

    subject: str  # the file's name
    subject_hash: str
    symbols: dict[str, int]  # symbolic size -> the size it was traced with
    layers: tuple[Layer, ...]
    parameters: int  # distinct storages, tied ones once
    trainable: int
    buffers: int
    counts: tuple[Count, ...] = ()
    feasibility: Feasibility | None = None
    diagram: str = ""  # the flow of data as text
    problems: tuple[str, ...] = ()
