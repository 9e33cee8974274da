"""`draw`: a Subject (and, where there is one, a Dossier) to a Blueprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core import BadInput
from ..subject import Limits, Subject, run_in_child
from ._blueprint import Blueprint, Layer
from ._cost import polynomial
from ._diagram import diagram
from ._feasibility import feasibility, physical_memory
from ._symbols import Role, name_shape, stated_sizes

if TYPE_CHECKING:
    from ..dossier import Dossier

Runs = Sequence[Mapping[str, Any]]


def draw(
    dossier: Dossier | None, subject: Subject, *, batch_size: int = 2, memory_bytes: int | None = None, limits: Limits | None = None
) -> Blueprint:
    """Trace a Subject in a child process and return its Blueprint: nothing is trained, and where the meta device serves no weight is made.

    Sizes are named by what they follow (B the batch, S and T the lengths, N a graph's nodes) and by what the subject's facts, the model's
    own configuration and the dossier call them. `memory_bytes` is what a training step may use (default: this machine's memory).

    Raises:
        BadInput: the batch size is not positive, or the file does not import, build, or make a batch within the limits.
    """
    if batch_size < 1:
        raise BadInput(f"the batch size must be positive, got {batch_size}.")
    result = run_in_child("aquarius.blueprint._trace:trace_subject", {"batch_size": batch_size}, subject=subject, limits=limits)
    if result.status != "ok":
        raise BadInput(f"{subject.path} cannot be drawn: {result.error.rstrip('.')}.")
    return assemble(
        result.value,
        subject=subject,
        dossier=dossier,
        batch_size=batch_size,
        available=physical_memory() if memory_bytes is None else memory_bytes,
    )


def assemble(trace: dict[str, Any], *, subject: Subject, dossier: Dossier | None, batch_size: int, available: int) -> Blueprint:
    """Return the Blueprint of a trace (what `aquarius.blueprint._trace.trace_subject` returned)."""
    stated = _stated(trace, subject, dossier)
    layers = _layers(trace, stated)
    elements: dict[str, int] = trace["elements"]
    return Blueprint(
        subject=subject.path.name,
        subject_hash=subject.content_hash,
        symbols=_symbols(trace, layers, stated),
        layers=layers,
        parameters=elements["parameters"],
        trainable=elements["trainable"],
        buffers=elements["buffers"],
        feasibility=feasibility(
            elements,
            forward_flops=trace["runs"][0]["flops"] if trace["runs"] else None,
            activation_bytes=trace["activation_bytes"],
            batch_size=trace["batch_size"],
            available=available,
        ),
        diagram=diagram(layers),
        problems=_problems(trace, layers, batch_size),
    )


def _stated(trace: dict[str, Any], subject: Subject, dossier: Dossier | None) -> list[dict[str, int]]:
    """Return names of sizes, the nearest source first: facts, configuration, dossier. A name belongs to the first source that has it."""
    sources = [
        stated_sizes(trace["facts"] if subject.facts is None else subject.facts),
        stated_sizes(trace["config"]),
        _of_one_scope(dossier, trace["runs"]),
    ]
    taken: set[str] = set()
    for source in sources:
        for name in taken & set(source):
            del source[name]
        taken |= set(source)
    return sources


def _of_one_scope(dossier: Dossier | None, runs: Runs) -> dict[str, int]:
    """Return the sizes of the dossier's scope ("base", "big") that fits the trace best: a paper's models share a name, not a size."""
    scopes: dict[str, dict[str, int]] = {}
    for fact in dossier.architecture if dossier is not None else ():
        if fact.number is not None and fact.number == int(fact.number):
            scopes.setdefault(fact.scope, {})[fact.name.replace(" ", "_").replace("-", "_")] = int(fact.number)
    shapes = [shape for layer in (runs[0]["layers"].values() if runs else ()) for shape in (*layer["inputs"], *layer["outputs"])]
    present = {size for shape in shapes for size in shape}
    fitting = [stated_sizes(scope) for scope in scopes.values()]
    return max(fitting, key=lambda sizes: len(present & set(sizes.values())), default={})


def _layers(trace: dict[str, Any], stated: Sequence[Mapping[str, int]]) -> tuple[Layer, ...]:
    runs: Runs = trace["runs"]
    modules: dict[str, dict[str, Any]] = trace["modules"]
    called = runs[0]["layers"] if runs else {}
    totals = [_operations(run["layers"]) for run in runs]
    layers = [_layer(path, modules[path]["parameters"], runs, [total.get(path) for total in totals], stated) for path in called]
    for path, module in modules.items():
        if path not in called and module["parameters"]:
            kind, parameters = module["kind"], module["parameters"]
            layers.append(Layer(path=path, kind=kind, input_shapes=(), output_shapes=(), parameters=parameters, flops=None, calls=0))
    return tuple(layers)


def _layer(path: str, parameters: int, runs: Runs, counts: Sequence[int | None], stated: Sequence[Mapping[str, int]]) -> Layer:
    seen = [run["layers"].get(path) for run in runs]
    base = runs[0]["layers"][path]
    sizes = [run["sizes"] for run in runs]

    def named(what: str, role: Role = "inside") -> tuple[tuple[str, ...], ...]:
        def of(entry: dict[str, Any] | None, index: int) -> list[int] | None:
            return entry[what][index] if entry is not None and index < len(entry[what]) else None

        return tuple(name_shape([of(entry, index) for entry in seen], sizes, stated, role=role) for index in range(len(base[what])))

    return Layer(
        path=path,
        kind=base["kind"],
        input_shapes=named("inputs", "inside" if path else "given"),
        output_shapes=named("outputs", "final" if base["final"] else "inside"),
        parameters=parameters,
        flops=counts[0],
        cost=polynomial(counts, sizes),
        calls=base["calls"],
        attention=named("attention"),
        reads=tuple(base["reads"]),
    )


def _operations(layers: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the operations of every module with everything inside it in one run, None where some cannot be counted."""
    totals: dict[str, int | None] = dict.fromkeys(layers, 0)
    for path, entry in layers.items():
        parts = path.split(".") if path else []
        for outer in (".".join(parts[:length]) for length in range(len(parts) + 1)):
            total = totals.get(outer)
            if total is not None:
                totals[outer] = total + entry["flops"] if entry["counted"] else None
    return totals


def _symbols(trace: dict[str, Any], layers: Sequence[Layer], stated: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return the size of every symbol: those that were changed on purpose first, then the stated ones that a shape uses."""
    moved: dict[str, int] = dict(trace["runs"][0]["sizes"]) if trace["runs"] else {}
    used = {axis for layer in layers for shape in (*layer.input_shapes, *layer.output_shapes, *layer.attention) for axis in shape}
    return moved | {name: size for source in stated for name, size in source.items() if name in used}


def _problems(trace: dict[str, Any], layers: Sequence[Layer], batch_size: int) -> tuple[str, ...]:
    found: list[str] = []
    if trace["problem"] is not None:
        return (f"{trace['problem']}: parameters are counted, shapes and operations are not known.",)
    if trace["batch_size"] != batch_size:
        found.append(f"The subject makes no batch of {batch_size}; it was traced with {trace['batch_size']}.")
    for layer in layers:
        if layer.calls == 0 and not trace["modules"][layer.path]["used"]:
            found.append(
                f"{layer.path or 'The model'} ({layer.kind}) holds {layer.parameters:,} parameters that take no part in the forward pass."
            )
    if len(trace["runs"]) == 1:
        found.append("The subject ran at one size only, so no axis is named after what it moves with.")
    unnamed = sum("?" in shape for layer in layers for shape in layer.output_shapes)
    if unnamed:
        found.append(f"{unnamed} output shapes have an axis that moves with no size that was changed on purpose: it is written as ?.")
    if trace["runs"] and trace["runs"][0]["flops"] is None:
        found.append("Some operations cannot be counted, so the number of floating-point operations is not known.")
    return tuple(found)
