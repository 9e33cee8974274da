"""Train an experiment with several seeds, each in its own child process; what is finished is read back, what was interrupted goes on."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ..core import AquariusError, BadInput, Evidence, StorageError, hash_data, write_text
from ..core.progress import advance
from ..subject import ChildResult, Limits, Subject, run_in_child
from ._plan import code_hashes, plain_settings, run_id, seed_list, workspace_of
from ._result import Job, read_back, run_evidence
from .data import card, locate

DEFAULT_LIMITS = Limits(seconds=3600.0)
_TASK = "aquarius.lab._runner:run_experiment"
_REFUSALS: dict[str, type[AquariusError]] = {"BadInput": BadInput, "StorageError": StorageError}


@dataclass
class _Crew:
    """The children at work, so that they can be ended from the main thread, and what they say."""

    stopped: threading.Event = field(default_factory=threading.Event)
    processes: set[int] = field(default_factory=set)
    heard: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def last_word(self) -> str:
        """Wait a moment for a word and return the newest; the others are passed over."""
        text = ""
        with contextlib.suppress(queue.Empty):
            text = self.heard.get(timeout=0.1)
            while True:
                text = self.heard.get_nowait() or text
        return text

    def stop(self) -> None:
        """End every child now; one that only starts is ended when it first speaks."""
        self.stopped.set()
        for process in list(self.processes):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process, signal.SIGKILL)


class _Stopped(Exception):
    """The crew was stopped while a child was starting."""


def train(
    experiment: Path | str,
    *,
    seeds: int | Sequence[int],
    runs: Path,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    claim: str | None = None,
    metric: str | None = None,
    scale: Literal["full", "reduced", "proxy"] = "full",
    stand_in: bool = False,
    counts: bool = True,
    data: Sequence[str] = (),
    limits: Limits | None = None,
    workers: int | None = None,
    command: str = "",
    offline: bool = False,
) -> list[Evidence]:
    """Run `train(run)` of an experiment file once for each seed, and return evidence of kind "run" in the order of the seeds.

    Each run has the folder `runs`/<id>: config.json, environment.json, metrics.jsonl, log.txt, checkpoint.pt where the experiment saves
    one, and result.json, written whole when the run is over. The id is a hash of code, settings, data and seed. Called again, a finished
    run is read back, one that was interrupted or failed goes on from its checkpoint. A run that raises, ends in a number that is not
    finite, or passes a limit is evidence with status "fail". An interrupt ends the children and keeps what is finished.

    `metric` names the value that every run must return; `data` the data sets of the catalogue that the experiment asks for.

    Raises:
        BadInput: the experiment does not import or defines no `train`, a setting or data set is missing, seeds or settings are no numbers.
        StorageError: the disk is full; finished runs are intact.
    """
    subject = Subject(Path(experiment))
    chosen = seed_list(seeds)
    root = workspace_of(subject.path)
    sets = [locate(each, offline=offline) for each in data]
    plain = plain_settings(settings or {})
    hashes = {f"data:{file}": digest for each in sets for file, digest in each.hashes.items()}
    job = Job(
        subject=subject,
        root=root,
        runs=Path(runs).resolve(),
        name=name or subject.path.resolve().parent.name,
        claim=claim,
        metric=metric,
        labels={"scale": scale, "stand_in": stand_in, "counts": counts},
        settings=plain,
        data={each.name: str(each.folder.resolve()) for each in sets},
        splits={each.name: card(each.name).split_hash for each in sets},
        inputs=hashes | {"value:settings": hash_data(plain)},
        limits=limits or DEFAULT_LIMITS,
        command=command,
    )
    code = code_hashes(subject.path, root)
    file = subject.path.resolve().relative_to(root.resolve()).as_posix()
    ids = {seed: run_id(code, plain, hashes, seed, labels=job.labels | {"file": file}) for seed in chosen}
    found = {seed: evidence for seed in chosen if (evidence := read_back(job, job.runs / ids[seed])) is not None}
    waiting = [seed for seed in chosen if seed not in found]
    found |= _run_all(job, code, {seed: ids[seed] for seed in waiting}, _workers(workers, job.limits, len(waiting)))
    return [found[seed] for seed in chosen]


def _workers(workers: int | None, limits: Limits, waiting: int) -> int:
    if workers is not None and workers < 1:
        raise BadInput(f"at least one worker is needed, got {workers}.")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(workers or cores // max(1, limits.threads), waiting))


def _run_all(job: Job, code: dict[str, str], ids: dict[int, str], workers: int) -> dict[int, Evidence]:
    """Run the seeds that wait, `workers` at a time; the main thread tells the progress and is the one that an interrupt reaches."""
    found: dict[int, Evidence] = {}
    if not ids:
        return found
    crew = _Crew()
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="run")
    try:
        pending: dict[Future[Evidence], int] = {pool.submit(_run_one, job, code, crew, seed, ids[seed]): seed for seed in ids}
        while pending:
            for future in [future for future in pending if future.done()]:
                found[pending.pop(future)] = future.result()
                advance(f"{job.name}: {len(found)} of {len(ids)} runs", len(found) / len(ids))
            if text := crew.last_word():
                advance(f"{job.name}: {len(found)} of {len(ids)} runs, {text}", len(found) / len(ids))
    except BaseException:
        crew.stop()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return found


def _run_one(job: Job, code: dict[str, str], crew: _Crew, seed: int, identity: str) -> Evidence:
    folder = job.runs / identity
    with _held(folder):
        config = {"experiment": job.name, "seed": seed, "settings": job.settings, "code": code, "inputs": job.inputs, "metric": job.metric}
        write_text(folder / "config.json", _json(config | job.labels))
        started = datetime.now(UTC)
        payload = {
            "seed": seed,
            "settings": job.settings,
            "data": job.data,
            "folder": str(folder),
            "root": str(job.root.resolve()),
            "metric": job.metric,
            "threads": job.limits.threads,
        }
        result, known = _in_child(job, crew, seed, payload)
        if result.trace or result.output:
            _append(folder / "log.txt", "\n".join(part.rstrip() for part in (result.output, result.trace) if part) + "\n")
        answer = result.value if result.status == "ok" else {}
        if "refused" in answer:
            kind, text = answer["refused"]
            raise _REFUSALS[kind](f"seed {seed} of {job.name}: {text}" + (" Finished runs are intact." if kind == "StorageError" else ""))
        if result.status == "raised" and not known:
            raise BadInput(f"{job.subject.path} does not import: {result.error}.")
        evidence = run_evidence(job, code, seed, folder, result, (started, datetime.now(UTC)))
        evidence.save(folder / "result.json")
        crew.heard.put("")  # so that the main thread need not wait
        return evidence


def _in_child(job: Job, crew: _Crew, seed: int, payload: dict[str, Any]) -> tuple[ChildResult, bool]:
    """Run the child; return how it ended and whether it came as far as the experiment's `train`."""
    own: list[int] = []

    def listen(message: Any) -> None:
        if crew.stopped.is_set():
            raise _Stopped
        if not isinstance(message, dict):
            return
        if isinstance(message.get("pid"), int):
            own.append(message["pid"])
            crew.processes.add(message["pid"])
        elif "step" in message:
            numbers = ", ".join(f"{name} {float(value):.4g}" for name, value in message.get("values", {}).items())
            crew.heard.put(f"seed {seed} at step {message['step']}: {numbers}")

    if crew.stopped.is_set():
        raise _Stopped
    try:
        result = run_in_child(_TASK, payload, subject=job.subject, limits=job.limits, on_message=listen)
    finally:
        crew.processes.difference_update(own)
    if crew.stopped.is_set():
        raise _Stopped  # it was ended from here: not a result
    return result, bool(own)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Make the run's folder and hold it: two processes never write the same run."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0, thread_local=False)
        lock.acquire()
    except Timeout:
        raise BadInput(f"run {folder.name} is being worked on by another process: wait for it, or end it.") from None
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror or error}. Finished runs are intact.") from None
    try:
        yield
    finally:
        lock.release()


def _append(path: Path, text: str) -> None:
    with contextlib.suppress(OSError), path.open("a", encoding="utf-8", errors="replace") as file:  # a help for the reader, no result
        file.write(text)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
