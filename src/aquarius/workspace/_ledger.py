"""The ledger: an append-only, hash-chained file of evidence, registrations, verdicts and notes, one JSON line each.

A line is the canonical JSON of `{hash, kind, previous, record, seq, time}`. `hash` is the sha256 of the same line without its
`"hash":"...",`, so it can be checked on the bytes as they stand; `previous` is the hash of the line before ("" for the first).

The chain shows every edit, removal and exchange of a line; `ledger.head`, beside it, shows that the end was cut off. It does not stop
somebody who writes the whole file anew: whoever wants that publishes the head's hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from ..core import BadInput, Broken, Evidence, Noun, StorageError, canonical, plain, validate
from ..verdict import Registration, Verdict

EntryKind = Literal["evidence", "registration", "verdict", "note"]
_RECORDS: dict[str, type[Noun]] = {"evidence": Evidence, "registration": Registration, "verdict": Verdict}
_START = b'{"hash":"'
_BODY = len(_START) + 64 + len(b'",')  # where a line's own content begins
_BLOCK = 1 << 16
LOCK_SECONDS = 60.0
EVERYTHING = "everything"  # the path of a rerun of a whole reproduction
RERUN, CONTROL = "rerun", "control"  # the checks whose evidence is about other evidence


@dataclass(frozen=True)
class Entry:
    """One line of the ledger."""

    seq: int  # 1 for the first
    time: str  # UTC, ISO 8601; entries that were appended together have one time
    kind: EntryKind
    record: dict[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True)
class Ledger:
    """The ledger at `path`; a file that is not there is an empty ledger."""

    path: Path

    def append(self, kind: EntryKind, record: Noun | dict[str, Any]) -> Entry:
        """Append one entry; see `append_all`."""
        return self.append_all(kind, [record])[0]

    def append_all(self, kind: EntryKind, records: Iterable[Noun | dict[str, Any]]) -> list[Entry]:
        """Append entries, all or none of them, safe under other writers, and on the disk when this returns.

        A last line that a crash has torn is moved to `ledger.torn` first, and a note says so.

        Raises:
            BadInput: a record that is not of this kind.
            Broken: the last line is no entry, so nothing can be chained to it.
            StorageError: disk full, no permission, or another process does not give up the lock; what was there before is intact.
        """
        bodies = [_body(kind, record) for record in records]
        if not bodies:
            return []
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_SECONDS):
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
                try:
                    return self._append(handle, kind, bodies)
                finally:
                    os.close(handle)
        except Timeout:
            raise StorageError(
                f"{self.path} is locked by another process for more than {LOCK_SECONDS:g} seconds: try again when it has ended."
            ) from None
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror or error}. What was there before is intact.") from None

    def entries(self) -> Iterator[Entry]:
        """Give every entry, oldest first; a torn last line is not one yet.

        Raises:
            Broken: a line does not match its hash, or the one before it.
        """
        for _, entry, problem in self._scan():
            if entry is None or problem:
                raise Broken(f"{self.path.name}, {problem}: run aquarius verify, and restore the file from a copy or from version control.")
            yield entry
        if cut := self._cut_off():
            raise Broken(f"{self.path.name}: {cut}: run aquarius verify, and restore the file from a copy or from version control.")

    def evidence(self) -> list[Evidence]:
        """Return the evidence that stands, in the order it was first given: what a rerun has replaced is left out (`standing`)."""
        return standing(
            (entry.time, validate(Evidence, entry.record, self.path.name)) for entry in self.entries() if entry.kind == "evidence"
        )

    def registration(self) -> Registration | None:
        """Return the newest registration."""
        return self._newest("registration", Registration)

    def verdict(self) -> Verdict | None:
        """Return the newest verdict."""
        return self._newest("verdict", Verdict)

    def verify(self) -> list[str]:
        """Return what is wrong, one sentence each, with the line: nothing, where the chain is whole."""
        return self.read()[1]

    def read(self) -> tuple[list[Entry], list[str]]:
        """Return every entry, and what is wrong as `verify` does, in one pass."""
        entries: list[Entry] = []
        problems: list[str] = []
        for _, entry, problem in self._scan(torn=True):
            entries += [] if entry is None else [entry]
            problems += [f"{problem}."] if problem else []
        if not problems and (cut := self._cut_off()):
            problems.append(f"{cut}.")
        return entries, problems

    def _newest(self, kind: EntryKind, record: type[Any]) -> Any:
        found = None
        for entry in self.entries():
            found = entry if entry.kind == kind else found
        return None if found is None else validate(record, found.record, self.path.name)

    def _append(self, handle: int, kind: EntryKind, bodies: list[dict[str, Any]]) -> list[Entry]:
        end = os.lseek(handle, 0, os.SEEK_END)
        line, torn = _tail(handle, end)
        if torn:
            with self.path.with_suffix(".torn").open("ab") as beside:
                beside.write(torn + b"\n")
                beside.flush()
                os.fsync(beside.fileno())
            end -= len(torn)
            os.ftruncate(handle, end)
        last: Entry | None = None
        if line:
            last, problem = _parse(line)
            if last is None or problem:
                raise Broken(f"the last line of {self.path} {problem}: run aquarius verify, and restore the file before anything is added.")
        if (head := self._head()) and (last is None or head[0] > last.seq or (head[0] == last.seq and head[1] != last.hash)):
            raise Broken(
                f"the end of {self.path} was cut off or exchanged (entry {head[0]} was written once): restore the file before anything is added."
            )
        noted: list[tuple[EntryKind, dict[str, Any]]] = []
        if torn:
            text = f"the last line was torn by a crash: {len(torn)} bytes were moved to {self.path.with_suffix('.torn').name}"
            noted = [("note", {"about": "healed", "text": text})]
        time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        made: list[Entry] = []
        lines: list[bytes] = []
        for each, body in [*noted, *((kind, body) for body in bodies)]:
            last, text_line = _seal(each, body, last, time)
            made.append(last)
            lines.append(text_line)
        _write(handle, b"".join(lines), end)
        self._remember(made[-1])
        return made[len(noted) :]

    def _remember(self, entry: Entry) -> None:
        # Not flushed to the disk: after a power cut an older head stands there, which is in the chain as well. Written over in place, always
        # of one length and within one block: a rename would make the next flush of the ledger several times slower.
        with contextlib.suppress(OSError):
            handle = os.open(self.path.with_suffix(".head"), os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.pwrite(handle, f"{entry.seq:020d} {entry.hash}\n".encode("ascii"), 0)
            finally:
                os.close(handle)

    def _head(self) -> tuple[int, str] | None:
        """Return the number and the hash of the newest entry as it was remembered."""
        try:
            number, _, head = self.path.with_suffix(".head").read_text(encoding="ascii").strip().partition(" ")
            return int(number), head
        except (OSError, ValueError):
            return None

    def _cut_off(self) -> str | None:
        """Say that the entry which the head names is not in the file."""
        named = self._head()
        if named is None:
            return None
        (number, head), found = named, ""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            for at, line in enumerate(file, 1):
                if at == number:
                    found = line[len(_START) : len(_START) + 64].decode("ascii", "replace")
                    break
        return None if found == head else f"entry {number}, which was written once, is not there any more or was exchanged"

    def _scan(self, *, torn: bool = False) -> Iterator[tuple[int, Entry | None, str]]:
        previous, seq = "", 0
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if not line.endswith(b"\n"):
                        if torn:
                            yield number, None, f"line {number} is torn (a crash in mid-write); the next entry that is written will heal it"
                        return
                    entry, problem = _parse(line[:-1])
                    if entry is not None and not problem:
                        seq += 1
                        if entry.previous != previous:
                            problem = "does not follow the line before it: a line was removed, added, moved or exchanged here"
                        elif entry.seq != seq:
                            problem = f"has the number {entry.seq}, and {seq} comes here"
                    if entry is not None:
                        previous, seq = entry.hash, entry.seq
                    yield number, entry, f"line {number} {problem}" if problem else ""
        except FileNotFoundError:
            return
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read: {error.strerror or error}.") from None


def standing(evidence: Iterable[tuple[str, Evidence]]) -> list[Evidence]:
    """Return the evidence that no later one has replaced, in the order it was first given. Each comes with the time of its entry: what was
    appended together has one time, and nothing in it replaces anything else in it.

    - A run gives way to a later run of the same experiment, claim, seed, path, assumptions, scale, stand-in and counting.
    - Anything else gives way to a later append of the same check and claim (and, for a conformance, about the same function) that names the
      same inputs, under the same assumptions; and to any later one of them that has seen one of its inputs in another version: so the
      findings about a repaired file, or of a plan that was changed, do not outlive the next examination.
    """
    kept: dict[int, Evidence] = {}
    keys: dict[tuple[Any, ...], tuple[str, list[int]]] = {}  # key -> time of its newest append, and what that append said
    groups: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
    for number, (time, one) in enumerate(evidence):
        inputs = one.receipt.inputs if one.receipt else {}
        group = (one.kind, one.check, one.claim, one.where if one.kind == "conformance" else None)
        key: tuple[Any, ...] = (*group, one.assumptions, one.scale, one.stand_in, one.counts)
        if one.kind == "run":
            key = (*key, one.path, one.receipt.seed if one.receipt else None)
        else:
            key = (*key, tuple(sorted(inputs)))
            for other in [other for other in groups.get(group, ()) if other != key and _older(kept, keys[other][1], inputs)]:
                _drop(kept, keys.pop(other)[1])
                groups[group].discard(other)
            groups.setdefault(group, set()).add(key)
        before, members = keys.get(key, (time, []))
        if one.kind == "run" or before != time:
            _drop(kept, members)
            members = []
        keys[key] = (time, [*members, number])
        kept[number] = one
    return list(kept.values())


def first_hand(one: Evidence) -> bool:
    """Say whether evidence is about the reproduction, and not about other evidence as a rerun and a negative control are: no verdict uses those."""
    return one.check not in (RERUN, CONTROL)


def bears(entry: Entry) -> bool:
    """Say whether an entry is first-hand evidence: what a verdict and a report may rest on."""
    return entry.kind == "evidence" and entry.record.get("check") not in (RERUN, CONTROL)


def _older(kept: dict[int, Evidence], members: list[int], inputs: dict[str, str]) -> bool:
    """Say whether one of these pieces of evidence has seen one of the inputs in another version."""
    receipts = [receipt for number in members if (receipt := kept[number].receipt) is not None]
    return any(receipt.inputs.get(name, value) != value for receipt in receipts for name, value in inputs.items())


def _drop(kept: dict[int, Evidence], members: list[int]) -> None:
    for number in members:
        del kept[number]


def _body(kind: EntryKind, record: Noun | dict[str, Any]) -> dict[str, Any]:
    if kind not in get_args(EntryKind):
        raise BadInput(f"{kind!r} is no kind of ledger entry: it is one of {', '.join(get_args(EntryKind))}.")
    wanted = _RECORDS.get(kind)
    if wanted is not None and not isinstance(record, wanted):
        record = validate(wanted, plain(record), f"a ledger entry of kind {kind}")
    data = record.to_data() if isinstance(record, Noun) else plain(record)
    if not isinstance(data, dict):
        raise BadInput(f"a ledger entry of kind {kind} is a JSON object, and {type(data).__name__} was given.")
    return data


def _seal(kind: EntryKind, record: dict[str, Any], last: Entry | None, time: str) -> tuple[Entry, bytes]:
    seq, previous = (1, "") if last is None else (last.seq + 1, last.hash)
    body = canonical({"seq": seq, "time": time, "kind": kind, "record": record, "previous": previous}).encode("utf-8", "surrogatepass")
    sha = hashlib.sha256(body).hexdigest()
    # canonical JSON sorts its keys, and "hash" comes first
    return Entry(seq, time, kind, record, previous, sha), _START + sha.encode() + b'",' + body[1:] + b"\n"


def _parse(line: bytes) -> tuple[Entry | None, str]:
    """Return the entry of a line, as far as it is one, and what is wrong with it."""
    try:
        data = json.loads(line)
        entry = Entry(**data)
        if not isinstance(entry.record, dict) or not isinstance(entry.seq, int) or entry.kind not in get_args(EntryKind):
            return None, "is no entry of a ledger"
    except (ValueError, TypeError, RecursionError):
        return None, "is no entry of a ledger"
    if not line.startswith(_START) or hashlib.sha256(b"{" + line[_BODY:]).hexdigest() != entry.hash:
        return entry, "was changed after it was written: it does not match its hash"
    return entry, ""


def _tail(handle: int, end: int) -> tuple[bytes, bytes]:
    """Return the last whole line without its newline, and what stands after it; only the end of the file is read."""
    data, start = b"", end
    while start > 0 and data.rstrip(b"\n").count(b"\n") < 2:
        size = min(max(_BLOCK, len(data)), start)
        start -= size
        data = os.pread(handle, size, start) + data
    whole, newline, torn = data.rpartition(b"\n")
    return (whole.rpartition(b"\n")[2], torn) if newline else (b"", data)


def _write(handle: int, data: bytes, end: int) -> None:
    """Write at the end and flush to the disk; where that fails, cut off what was written of it."""
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, end)
        raise
