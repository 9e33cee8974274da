"""The one table of actions. The command line, the tools of a coding agent and the documentation are derived from it.

An action is a typed function: its signature gives the options, its docstring the help, its `Outcome` what is printed. Imports are inside
the functions, so that listing the actions costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import _dossier_actions as on_dossier
from . import _evidence_actions as on_evidence
from . import _verdict_actions as on_verdict
from ._outcome import Outcome


@dataclass(frozen=True)
class Action:
    """A name ("check", "equation.translate") and the function behind it."""

    name: str
    function: Callable[..., Outcome]


def read(source: tuple[str, ...], *, pdf: Path | None = None, jobs: int = 0, to: Path | None = None, cluster: str | None = None) -> Outcome:
    """Read a paper and say what it states: title, equations, tables, hyperparameters, data sets, and what it leaves open; many papers on all cores.

    Args:
        source: a LaTeX folder, file or archive (tar, tar.gz, zip), a PDF, an HTML page, a Word file, a Markdown fact sheet, or an arXiv identifier; any number of them
        pdf: the printed paper beside its source, for page numbers; the source is what is read
        jobs: papers read at a time where several are given; as many as there are cores if not given
        to: a folder for one JSON file per paper
        cluster: the address of a Ray cluster that reads the papers; without an address, the cluster of this machine, which is started where there is none
    """
    from ..core import BadInput
    from ._papers import papers_view, read_paper, read_papers
    from ._show import paper_view

    if not source:
        raise BadInput("give at least one paper to read.")
    if pdf is not None and (len(source) > 1 or to is not None):
        raise BadInput("--pdf gives the pages of one paper, and several were given.")
    if cluster is not None and (pdf is not None or jobs):
        raise BadInput("--cluster reads as many papers at a time as the cluster can: it goes with neither --jobs nor --pdf.")
    if len(source) == 1 and to is None and cluster is None:
        document, dossier, data = read_paper(source[0], pdf)
        return Outcome(data, lambda: paper_view(document, dossier))
    rows = read_papers(source, jobs=jobs, to=to, cluster=cluster)
    return Outcome({"papers": rows}, lambda: papers_view(rows), ok=not any("refused" in row for row in rows))


def distill(source: str, *, to: Path | None = None) -> Outcome:
    """Distil a paper into its dossier: claims, equations, recipe and gaps, each fact with its place in the source.

    Args:
        source: a paper, as for `read`
        to: write the dossier to this YAML file, to be read and edited by hand
    """
    from ..core import BadInput, write_text
    from ..dossier import distill as distill_document
    from ..dossier import to_yaml
    from ..reading import read as read_source
    from ..reading import source_files
    from ._show import dossier_view

    dossier = distill_document(read_source(source), source_files(source))
    if to is not None:
        if to.exists():
            raise BadInput(f"{to} exists and may have been edited: name another file, or remove it first.")
        write_text(to, to_yaml(dossier))
    return Outcome(dossier.to_data(), lambda: dossier_view(dossier))


def equations(source: str, *, symbols: Path | None = None) -> Outcome:
    """List every display of a paper: translated to code with what it rests on, refused (why), open (one question per symbol), or not a computation.

    Args:
        source: a paper, as for `read`
        symbols: a YAML or JSON file that answers the questions: a symbol maps to "a number", "a vector", "a matrix", "a function" or its sizes
    """
    from ..dossier import distill as distill_document
    from ..reading import read as read_source
    from ..reading import source_files
    from ._equations import list_equations
    from ._show_equations import equations_view
    from ._symbols_file import read_symbols

    document = read_source(source)
    data = list_equations(document, distill_document(document, source_files(source)), read_symbols(symbols))
    return Outcome(data, lambda: equations_view(data))


def equation_translate(latex: str, *, symbols: Path | None = None, to: Literal["torch", "numpy", "jax", "tensorflow"] = "torch") -> Outcome:
    """Translate an equation into readable code, checked against a slow reference before it is shown; or refuse, with the reason.

    Args:
        latex: the equation as the paper prints it
        symbols: a JSON or YAML file that declares the symbols: inputs with shapes, constants, functions, outputs
        to: the library to write for; where it is not installed, its text comes from code that was checked but is not run itself
    """
    from ..equations import translate
    from ._show import translation_view
    from ._symbols_file import read_symbols

    translation = translate(latex, read_symbols(symbols), backend=to)
    data = {
        "status": translation.status,
        "reason": translation.reason,
        "offset": translation.offset,
        "code": translation.code,
        "signature": translation.signature,
        "shapes": translation.shapes,
        "library": translation.backend,
        "verified": translation.verified,
    }
    return Outcome(data, lambda: translation_view(latex, translation), ok=translation.status == "ok")


def equation_conform(latex: str, code: str, *, symbols: Path, bind: tuple[str, ...] = ()) -> Outcome:
    """Hold code against an equation: values and gradients on inputs that tell them apart; a counterexample where they differ.

    Args:
        latex: the equation as the paper prints it
        code: the function under test, as FILE.py:function or FILE.py:Class.method
        symbols: a JSON or YAML file that declares the symbols: inputs with shapes, constants, functions, outputs
        bind: which parameter takes a symbol, as SYMBOL=parameter; those of the same name need none
    """
    from ._conformance import conform_file
    from ._show import conformance_view
    from ._symbols_file import read_symbols

    evidence = conform_file(latex, code, read_symbols(symbols), bind)
    return Outcome(evidence.to_data(), lambda: conformance_view(evidence), ok=evidence.status == "pass")


def draw(subject: Path, *, dossier: Path | None = None) -> Outcome:
    """Trace a model before it runs: shapes with symbolic sizes, parameters, operations, memory, and the flow of data.

    Args:
        subject: a Python file with build, batch, forward and loss
        dossier: a dossier.yaml whose facts the trace is held against
    """
    from ..blueprint import draw as draw_subject
    from ..subject import Subject
    from ._show import blueprint_view

    blueprint = draw_subject(_dossier(dossier), Subject(subject))
    return Outcome(blueprint.to_data(), lambda: blueprint_view(blueprint))


def check(
    file: Path | None = None,
    *,
    no_facts: bool = False,
    only: tuple[str, ...] = (),
    budget: float | None = None,
    dossier: Path | None = None,
    plot: Path | None = None,
    list: bool = False,
) -> Outcome:
    """Examine a model with the gauntlet: silent bugs, where they are, the numbers that show them, and what to look at.

    Args:
        file: a Python file with build, batch, forward and loss
        no_facts: examine without what the file states about itself
        only: run this check or family alone; may be given several times
        budget: seconds for the whole examination
        dossier: a dossier.yaml whose facts the model is held against
        plot: draw the curves of the findings (those of the ladder) into this SVG, PNG or PDF file
        list: print the card of every check and examine nothing
    """
    from ..core import BadInput
    from ._show import cards_view, evidence_view

    if list:
        from ..gauntlet import cards

        return Outcome({"checks": cards()}, lambda: cards_view(cards()))
    if file is None:
        raise BadInput("name the model file to examine, or give --list to see the checks.")
    from ..gauntlet import examine
    from ..subject import Subject
    from ._plots import write_plot

    evidence = examine(Subject(file, facts={} if no_facts else None), _dossier(dossier), budget=budget, facts=not no_facts, only=only)
    if plot is not None:
        write_plot(evidence, plot)
    findings = [
        {name: getattr(item, name) for name in ("check", "status", "where", "path", "message", "hint", "seconds")}
        | {"evidence": item.values}
        for item in evidence
    ]
    runs = all(item.status == "pass" for item in evidence if item.check == "interface")  # else nothing was examined
    ok = runs and all(item.status != "fail" for item in evidence)
    return Outcome({"subject": file.name, "findings": findings}, lambda: evidence_view(evidence), ok=ok)


def compare_models(first: Path, second: Path) -> Outcome:
    """Compare two implementations of one model: the same weights, the same input, and the first module where they part.

    Args:
        first: a Python file with build, batch and forward
        second: another one, of the same model
    """
    from ..gauntlet import compare_models as compare
    from ._show import evidence_view

    evidence = compare(first, second)
    names = ("status", "message", "where", "path", "values", "details", "hint", "seconds")
    return Outcome({name: getattr(evidence, name) for name in names}, lambda: evidence_view([evidence]), ok=evidence.status == "pass")


def diagnose(
    what: Path = Path("."),
    *,
    log: tuple[Path, ...] = (),
    claimed: float | None = None,
    measured: float | None = None,
    metric: str | None = None,
    settings: Path | None = None,
    dossier: Path | None = None,
    experiment: str | None = None,
    budget: float | None = None,
) -> Outcome:
    """Rank what could explain that a result is not the paper's, each suspect with its evidence and a cheap run that would tell.

    Args:
        what: a workspace, or a model file, or the log of a run (CSV or JSON lines)
        log: the log of a run; may be given several times, one for each seed
        claimed: the paper's number; in a workspace, that of the experiment's claim if not given
        measured: your number; the mean over the logs or runs if not given
        metric: the column of the logs that is compared with the claim
        settings: a YAML or JSON file of the settings that you used
        dossier: a dossier.yaml whose recipe your settings are held against
        experiment: the experiment of a workspace, where it has several
        budget: seconds for the examination of the model
    """
    from ._diagnose import diagnose_file, diagnose_workspace
    from ._show import diagnosis_view
    from ._values import read_mapping

    if what.is_dir():
        refuse = {"--dossier": dossier, "--settings": settings, "--metric": metric}
        given = [name for name, value in refuse.items() if value is not None]
        if given:
            from ..core import BadInput

            raise BadInput(f"{what} is a workspace and has its own {given[0].removeprefix('--')}: leave {given[0]} out.")
        found = diagnose_workspace(_workspace(what), experiment=experiment, logs=log, claimed=claimed, measured=measured, budget=budget)
    else:
        model = what if what.suffix == ".py" else None
        found = diagnose_file(
            model,
            log if model else (what, *log),
            dossier=_dossier(dossier),
            settings=None if settings is None else read_mapping(settings),
            metric=metric,
            claimed=claimed,
            measured=measured,
            budget=budget,
        )
    return Outcome(found.to_data(), lambda: diagnosis_view(found), ok=not found.suspects)


def train(
    experiment: Path,
    *,
    seeds: int = 1,
    setting: tuple[str, ...] = (),
    data: tuple[str, ...] = (),
    runs: Path = Path("runs"),
    workers: int | None = None,
) -> Outcome:
    """Run an experiment once per seed, each in a process of its own, resumed where it was interrupted; one piece of evidence per run.

    Args:
        experiment: a Python file with train(run), which returns its metrics
        seeds: how many seeds: 0, 1, 2, ...
        setting: a setting, as NAME=VALUE; may be given several times
        data: a data set that the experiment may ask for; may be given several times
        runs: the folder that keeps the runs
        workers: processes at a time; all cores if not given
    """
    from ..lab import train as run_experiment
    from ._show import runs_view
    from ._values import parse_settings

    evidence = run_experiment(
        experiment, name=experiment.stem, seeds=seeds, settings=parse_settings(setting), runs=runs, data=data, workers=workers
    )
    ok = all(item.status == "pass" for item in evidence)
    return Outcome({"runs": [item.to_data() for item in evidence]}, lambda: runs_view(evidence), ok=ok)


def judge(folder: Path = Path(".")) -> Outcome:
    """Judge every claim of a workspace from the evidence in its ledger. The same ledger gives the same bytes.

    Args:
        folder: the workspace
    """
    from ._judging import judge_workspace
    from ._show import verdict_view

    verdict = judge_workspace(_workspace(folder))
    return Outcome(verdict.to_data(), lambda: verdict_view(verdict), ok=_sound(verdict))


def write(folder: Path = Path("."), *, to: Path | None = None, format: Literal["html", "markdown", "json"] = "html") -> Outcome:
    """Write the report of a workspace: one file that needs no network.

    Args:
        folder: the workspace
        to: the file to write; report/index.html in the workspace if not given
        format: what kind of file
    """
    from ._road import write_report

    path = write_report(_workspace(folder), to=to, format=format)
    return Outcome({"report": str(path), "bytes": path.stat().st_size}, lambda: f"{path} ({path.stat().st_size / 1e3:,.0f} kB)")


def start(source: str, folder: Path, *, name: str | None = None, year: int | None = None) -> Outcome:
    """Start a reproduction: lay out a workspace for a paper, read it, and distil its dossier.

    Args:
        source: a paper, as for `read`, or the name of a reproduction that ships with Aquarius
        folder: where the workspace is made; missing or empty
        name: the workspace's name; the folder's if not given
        year: the year the paper appeared, where the paper does not say
    """
    from ._show import started_view
    from ._start import start_workspace

    workspace = start_workspace(source, folder, name=name, year=year)
    return Outcome({"workspace": str(workspace.root), "manifest": workspace.manifest.name}, lambda: started_view(workspace))


def status(folder: Path = Path("."), *, gate: str | None = None) -> Outcome:
    """Show the five phases with their days, and each gate open or shut by the evidence on disk.

    Args:
        folder: the workspace
        gate: ask about this gate alone; the exit code is 1 while it is shut
    """
    from ..core import BadInput, did_you_mean
    from ._show import gate_view, status_view
    from .protocol import GATES
    from .protocol import status as protocol_status

    state = protocol_status(_workspace(folder))
    if gate is None:
        return Outcome(state.to_data(), lambda: status_view(state))
    if gate not in {known.name for known in GATES}:
        raise BadInput(f"{gate!r} is no gate.{did_you_mean(gate, [known.name for known in GATES])}")
    one = state.gate_named(gate)
    return Outcome(one.to_data(), lambda: gate_view(one), ok=one.open)


def next(folder: Path = Path("."), *, answer: tuple[str, ...] = ()) -> Outcome:
    """Say what to do now, and ask the questions whose answers the trace of the model can compute.

    Args:
        folder: the workspace
        answer: an answer, as NUMBER=TEXT; may be given several times
    """
    from ._next import answer_questions, next_step
    from ._show import next_view

    workspace = _workspace(folder)
    graded = answer_questions(workspace, answer) if answer else ()
    step = next_step(workspace)
    data = step.to_data() | {"graded": [item.to_data() for item in graded]}
    return Outcome(data, lambda: next_view(step, graded), ok=all(item.right for item in graded))


def session(folder: Path = Path("."), *, check: Path | None = None) -> Outcome:
    """Write the report of a working session from the evidence on disk, or hold one that somebody wrote against it.

    Args:
        folder: the workspace
        check: a session report (Markdown) to check: its headings, and whether it claims what no verdict shows
    """
    from ..core import read_text
    from ._session import session as session_text
    from ._session import session_problems
    from ._show import problems_view

    workspace = _workspace(folder)
    if check is None:
        text = session_text(workspace)
        return Outcome({"text": text}, lambda: text)
    problems = session_problems(read_text(check), workspace)
    return Outcome({"problems": problems}, lambda: problems_view(problems), ok=not problems)


def reproduce(what: str, *, seeds: int | None = None, into: Path | None = None, workers: int | None = None) -> Outcome:
    """Walk the whole road: read, distil, draw, hold equations, examine, train, judge and write. What is finished is not done again.

    Args:
        what: a reproduction that ships with Aquarius (gcn-cora, sgc-cora, attention, aql), or the folder of a workspace
        seeds: runs of each experiment that counts; as registered if not given
        into: the workspace to make or go on with; workspaces/NAME if not given
        workers: training processes at a time; all cores if not given
    """
    from ._road import reproduce as walk
    from ._show import verdict_view

    journey = walk(what, seeds=seeds, into=into, workers=workers)
    return Outcome(journey.to_data(), lambda: verdict_view(journey.verdict, report=journey.report), ok=_sound(journey.verdict))


def demo(what: Literal["attention", "aql"] = "attention", *, paper: Path | None = None, into: Path | None = None) -> Outcome:
    """Put "Attention Is All You Need" through the whole road, as far as two minutes on two cores reach; or show AQL beside uniform training. No download.

    Args:
        what: attention, the whole road on one paper; or aql, data selection against uniform training on the embedded digits
        paper: the paper's own LaTeX folder, instead of the fact sheet that ships with Aquarius
        into: the workspace to make or go on with; workspaces/attention (with --paper, workspaces/attention-from-source) if not given
    """
    from ._road import reproduce as walk
    from ._show import verdict_view

    if what == "aql":
        return _demo_aql(paper, into)
    folder = into or Path("workspaces") / ("attention" if paper is None else "attention-from-source")
    journey = walk("attention", into=folder, paper=paper)
    return Outcome(journey.to_data(), lambda: verdict_view(journey.verdict, report=journey.report), ok=_sound(journey.verdict))


def _demo_aql(paper: Path | None, into: Path | None) -> Outcome:
    from ..core import BadInput
    from ._demo_aql import compare
    from ._show import table_view

    if paper is not None or into is not None:
        raise BadInput("--paper and --into are of the demo of the road; `aquarius demo aql` writes nothing.")
    found = compare()
    return Outcome(found, lambda: table_view(found["sentence"], found["rows"]))


def verify(folder: Path = Path(".")) -> Outcome:
    """Verify a workspace: the chain of its ledger, the inputs of each piece of evidence, and that the verdict follows from them.

    Args:
        folder: the workspace
    """
    from ._show import verified_view
    from ._verify import verify_workspace

    problems, checked = verify_workspace(_workspace(folder))
    return Outcome({"problems": problems, "checked": checked}, lambda: verified_view(problems, checked), ok=not problems)


def audit(
    folder: Path | None = None,
    *,
    only: tuple[str, ...] = (),
    official: Path | None = None,
    run: bool = False,
    seconds: float = 120.0,
    list: bool = False,
) -> Outcome:
    """Audit a finished repository: fabricated numbers, broken protocol, circumvented checks. Code and records are read; nothing is run unasked.

    Args:
        folder: the folder of a finished repository or workspace
        only: run this check or family (fabrication, protocol, circumvention) alone; may be given several times
        official: the folder of the official repository, to be compared with
        run: run the README's commands too, in a copy and a child with limits, as a second opinion
        seconds: how long all of them may run
        list: print the card of every check and audit nothing
    """
    from ..audit import audit as audit_folder
    from ..audit import cards, second_opinion
    from ..core import BadInput
    from ._show import audit_cards_view, evidence_view

    if list:
        return Outcome({"checks": cards()}, lambda: audit_cards_view(cards()))
    if folder is None:
        raise BadInput("name the folder of a finished repository, or give --list to see the checks.")
    evidence = audit_folder(folder, only=only, official=official)
    if run:
        evidence += second_opinion(folder, seconds=seconds)
    findings = [
        {name: getattr(item, name) for name in ("check", "status", "where", "path", "message", "hint", "seconds")}
        | {"evidence": item.values}
        for item in evidence
    ]
    ok = all(item.status != "fail" for item in evidence)
    return Outcome({"subject": folder.name, "findings": findings}, lambda: evidence_view(evidence), ok=ok)


def bench_startup(*, runs: int = 20) -> Outcome:
    """Measure the wall time of `aquarius --help` beside bare Python, in turn.

    Args:
        runs: how many times each is started
    """
    from ._bench import startup
    from ._show import table_view

    figures = startup(runs)
    return Outcome(figures, lambda: table_view("Start, milliseconds of wall time", figures["rows"]), ok=figures["within"])


def bench_aql(*, steps: int = 40, chunks: int = 100, longest: int = 1_000_000_000) -> Outcome:
    """Measure what the epistemic score costs a training step beside MC dropout, how fast a stream is selected from, and whether memory stays flat.

    Args:
        steps: training steps that are timed of each kind, in turn
        chunks: of a million scores that are pushed
        longest: scores of the simulated stream whose memory is looked at after each tenfold
    """
    from ._bench_aql import aql_figures
    from ._show import table_view

    figures = aql_figures(steps, chunks, longest)
    return Outcome(figures, lambda: table_view("AQL, on one thread", figures["rows"]), ok=figures["within"])


def bench_read(folder: Path, *, pdf: bool = False, jobs: int = 0) -> Outcome:
    """Read a folder of papers on all cores and print what was found of each against its gold.json, whether each place is true, and how fast.

    Args:
        folder: a folder of papers, each a folder with source/ or paper.pdf, and gold.json where there is one
        pdf: read every paper.pdf, and where there is no gold.json hold it against the LaTeX source beside it
        jobs: papers read at a time; as many as there are cores if not given
    """
    from rich.console import Group

    from ._bench_reading import score_reading, tables
    from ._show import table_view

    figures = score_reading(folder, pdf=pdf, jobs=jobs)
    return Outcome(figures, lambda: Group(*(table_view(title, rows) for title, rows in tables(figures))))


def bench_equations(
    cases: Path | None = None, *, mutants: Path | None = None, refuse: Path | None = None, papers: Path | None = None, seeds: int = 3
) -> Outcome:
    """Score the translation of equations and the conformance of code on known right answers: right, refused, silently wrong, and how fast.

    Args:
        cases: a JSONL file, one equation a line: latex, declarations, and the Python source of its reference; our own cases if not given
        mutants: a JSONL file of right and wrong implementations (id, correct, mutant) of the cases
        refuse: a JSONL file of displays (id, latex, declarations) that no reader can turn into code
        papers: a folder of papers whose displays are parsed
        seeds: inputs on which each translation is compared with its reference
    """
    from ._bench_equations import score_equations
    from ._show import table_view

    figures = score_equations(cases, mutants=mutants, refuse=refuse, papers=papers, seeds=seeds)
    return Outcome(figures, lambda: table_view("Equations", figures["rows"]))


def bench_gauntlet(folder: Path | None = None, *, jobs: int = 2) -> Outcome:
    """Examine labelled subjects, with facts and without, and print detection, false alarms, places, categories and seconds.

    Args:
        folder: a folder of subjects, each a folder with subject.py and label.json; our own corpus (in a source checkout) if not given
        jobs: how many are examined at a time
    """
    import tempfile

    from ._bench_gauntlet import gauntlet, write_own_corpus
    from ._show import table_view

    with tempfile.TemporaryDirectory() as temporary:
        if folder is None:
            write_own_corpus(Path(temporary))
        figures = gauntlet(folder or Path(temporary), jobs)
    return Outcome(figures, lambda: table_view("The gauntlet", figures["rows"]))


def _workspace(folder: Path):  # type: ignore[no-untyped-def]
    from ._layout import Workspace

    return Workspace.open(folder)


def _dossier(path: Path | None):  # type: ignore[no-untyped-def]
    from ..core import read_text
    from ..dossier import from_yaml

    return None if path is None else from_yaml(read_text(path))


def _sound(verdict) -> bool:  # type: ignore[no-untyped-def]
    """A verdict is sound news when nothing was refuted, worse or broken; what could not be tested is no failure."""
    return all(claim.result not in ("refuted", "worse") and claim.implementation != "broken" for claim in verdict.claims)


ACTIONS: tuple[Action, ...] = (
    Action("demo", demo),
    Action("reproduce", reproduce),
    Action("start", start),
    Action("status", status),
    Action("next", next),
    Action("session", session),
    Action("read", read),
    Action("distill", distill),
    Action("dossier.propose", on_dossier.dossier_propose),
    Action("draw", draw),
    Action("equations", equations),
    Action("equation.translate", equation_translate),
    Action("equation.conform", equation_conform),
    Action("check", check),
    Action("compare-models", compare_models),
    Action("diagnose", diagnose),
    Action("train", train),
    Action("power", on_verdict.power),
    Action("judge", judge),
    Action("rubric.import", on_verdict.rubric_import),
    Action("rubric.export", on_verdict.rubric_export),
    Action("export", on_verdict.export),
    Action("write", write),
    Action("verify", verify),
    Action("rerun", on_evidence.rerun),
    Action("controls", on_evidence.controls),
    Action("diff", on_evidence.diff),
    Action("correction", on_evidence.correction),
    Action("digitise", on_evidence.digitise),
    Action("audit", audit),
    Action("bench.startup", bench_startup),
    Action("bench.read", bench_read),
    Action("bench.gauntlet", bench_gauntlet),
    Action("bench.aql", bench_aql),
    Action("bench.ledger", on_evidence.bench_ledger),
    Action("bench.curves", on_evidence.bench_curves),
    Action("bench.equations", bench_equations),
    Action("bench.verdict", on_verdict.bench_verdict),
)
