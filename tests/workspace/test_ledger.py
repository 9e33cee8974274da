"""The ledger: chained, safe under many writers and crashes, and every manipulation is named."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from aquarius.core import BadInput, Broken, Evidence, StorageError, hash_data
from aquarius.workspace import Ledger, registered, standing
from workspace.samples import CLAIM, finding, registration, run, write_many


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / ".aquarius" / "ledger.jsonl")


def lines(ledger: Ledger) -> list[bytes]:
    return ledger.path.read_bytes().splitlines(keepends=True)


def filled(ledger: Ledger, count: int = 5) -> Ledger:
    for seed in range(count):
        ledger.append("evidence", run(seed, 80.0 + seed))
    return ledger


def test_entries_are_chained_and_come_back(ledger: Ledger) -> None:
    assert ledger.verify() == [] and list(ledger.entries()) == []  # nothing there is an empty ledger
    first = ledger.append("evidence", finding())
    second = ledger.append("note", {"text": "a decision: π ≠ 3"})
    assert (first.seq, first.previous, second.seq, second.previous) == (1, "", 2, first.hash)
    assert list(ledger.entries()) == [first, second]
    assert ledger.evidence() == [finding()]
    assert ledger.verify() == []


def test_the_hash_is_that_of_the_canonical_json_of_everything_but_the_hash(ledger: Ledger) -> None:
    entry = ledger.append("note", {"b": 1.5, "a": ["é", None]})
    data = json.loads(lines(ledger)[0])
    assert set(data) == {"seq", "time", "kind", "record", "previous", "hash"}
    assert data.pop("hash") == entry.hash == hash_data(data)


def test_a_record_of_another_kind_is_refused_and_nothing_is_written(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="a ledger entry of kind evidence: kind: field required"):
        ledger.append("evidence", {"accuracy": 99.9})
    with pytest.raises(BadInput, match="'proof' is no kind of ledger entry"):
        ledger.append("proof", {})  # type: ignore[arg-type]
    assert not ledger.path.exists()


def test_append_all_is_all_or_nothing(ledger: Ledger) -> None:
    with pytest.raises(BadInput):
        ledger.append_all("evidence", [finding(), {"check": "no evidence"}])
    assert ledger.append_all("evidence", []) == []
    assert len(ledger.append_all("evidence", [finding(), run()])) == 2
    assert ledger.verify() == []


def test_an_edited_number_is_named_with_its_line(ledger: Ledger) -> None:
    filled(ledger)
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b'"accuracy":82.0', b'"accuracy":84.0'))
    assert ledger.verify() == ["line 3 was changed after it was written: it does not match its hash."]
    with pytest.raises(Broken, match=r"ledger\.jsonl, line 3 was changed .* run aquarius verify"):
        ledger.evidence()


def test_an_edited_number_with_a_new_hash_breaks_the_chain(ledger: Ledger) -> None:
    filled(ledger)
    every = lines(ledger)
    data = json.loads(every[2])
    data["record"]["values"]["accuracy"] = 84.0
    data.pop("hash")
    body = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    every[2] = f'{{"hash":"{hash_data(data)}",{body[1:]}\n'.encode()
    ledger.path.write_bytes(b"".join(every))
    assert ledger.verify() == ["line 4 does not follow the line before it: a line was removed, added, moved or exchanged here."]


@pytest.mark.parametrize("manipulate", ["remove", "swap", "double", "first"])
def test_a_removed_moved_or_doubled_line_is_named(ledger: Ledger, manipulate: str) -> None:
    every = lines(filled(ledger))
    changed = {
        "remove": every[:2] + every[3:],
        "swap": [every[0], every[2], every[1], *every[3:]],
        "double": [*every[:3], every[2], *every[3:]],
        "first": every[1:],
    }[manipulate]
    ledger.path.write_bytes(b"".join(changed))
    problems = ledger.verify()
    assert problems and "does not follow the line before it" in problems[0]


def test_a_deleted_last_run_is_named(ledger: Ledger) -> None:
    every = lines(filled(ledger))
    ledger.path.write_bytes(b"".join(every[:-1]))
    assert ledger.verify() == ["entry 5, which was written once, is not there any more or was exchanged."]
    with pytest.raises(Broken, match="entry 5"):
        ledger.evidence()
    with pytest.raises(Broken, match="was cut off or exchanged"):
        ledger.append("evidence", run(4, 99.0))  # nor can another run take its place
    ledger.path.unlink()
    assert "entry 5" in ledger.verify()[0]


@pytest.mark.parametrize("cut", [1, 40, 10_000])
def test_a_torn_last_line_is_healed_and_said(ledger: Ledger, cut: int) -> None:
    filled(ledger, 2)
    whole = ledger.path.read_bytes()
    torn = (b'{"hash":"' + b"0" * 64 + b'","kind":"note",' + b"x" * 20_000)[:cut]
    ledger.path.write_bytes(whole + torn)
    assert ledger.verify() == ["line 3 is torn (a crash in mid-write); the next entry that is written will heal it."]
    assert len(ledger.evidence()) == 2
    ledger.append("evidence", run(7))
    assert ledger.verify() == []
    assert [entry.kind for entry in ledger.entries()] == ["evidence", "evidence", "note", "evidence"]
    note = list(ledger.entries())[2].record
    assert note["about"] == "healed" and f"{cut} bytes were moved to ledger.torn" in note["text"]
    assert ledger.path.with_suffix(".torn").read_bytes() == torn + b"\n"


def test_a_ledger_that_is_only_torn_is_healed(ledger: Ledger) -> None:
    ledger.path.parent.mkdir(parents=True)
    ledger.path.write_bytes(b'{"hash":"')
    assert ledger.append("evidence", run()).seq == 2
    assert ledger.verify() == []


def test_nothing_is_chained_to_a_line_that_is_no_entry(ledger: Ledger) -> None:
    filled(ledger, 1)
    with ledger.path.open("ab") as file:
        file.write(b"not an entry\n")
    with pytest.raises(Broken, match=r"the last line of .* is no entry of a ledger"):
        ledger.append("evidence", run())
    assert ledger.verify() == ["line 2 is no entry of a ledger."]


def test_many_writers_from_several_processes(ledger: Ledger) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(str(ledger.path), who, 25)) for who in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert ledger.verify() == []
    every = [(entry.record["who"], entry.record["number"]) for entry in ledger.entries()]
    assert sorted(every) == [(who, number) for who in range(4) for number in range(25)]
    for who in range(4):
        assert [number for each, number in every if each == who] == list(range(25))  # each writer's own order is kept


def test_every_changed_byte_is_noticed(ledger: Ledger) -> None:
    filled(ledger, 3)
    ledger.append("note", {"text": "π is not 3"})
    whole = ledger.path.read_bytes()
    random = Random(0)
    for position in [0, len(whole) - 1, *(random.randrange(len(whole)) for _ in range(300))]:
        other = random.choice([byte for byte in (*b'09af{}", \n\\\x00\xff',) if byte != whole[position]])
        ledger.path.write_bytes(whole[:position] + bytes([other]) + whole[position + 1 :])
        assert ledger.verify(), (position, other)
    ledger.path.write_bytes(whole)
    assert ledger.verify() == []


KILLED = """
import sys
from pathlib import Path
from aquarius.workspace import Ledger
ledger = Ledger(Path(sys.argv[1]))
number = 0
while True:
    number = ledger.append("note", {"number": number, "padding": "x" * 200_000}).seq
    print(number, flush=True)
"""


def test_a_writer_that_is_killed_loses_nothing_that_it_was_told_is_written(ledger: Ledger) -> None:
    told = 0
    for wait in (1, 4, 9):
        writer = subprocess.Popen([sys.executable, "-c", KILLED, str(ledger.path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(wait):
            told = int(writer.stdout.readline())
        writer.kill()
        rest = writer.communicate(timeout=30)[0].split()
        told = int(rest[-1]) if rest else told
        assert ledger.append("note", {"text": "after the crash"}).seq > told
        assert ledger.verify() == []


FULL = """
import resource, signal, sys
from pathlib import Path
from aquarius.core import StorageError
from aquarius.workspace import Ledger
ledger = Ledger(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
written = 0
try:
    while True:
        ledger.append("note", {"text": "x" * 3000})
        written += 1
except StorageError as error:
    print(written, error)
"""


def test_a_full_disk_is_one_sentence_and_the_ledger_still_verifies(ledger: Ledger) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(ledger.path)], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("6 ") and "ledger.jsonl cannot be written: File too large" in done.stdout
    assert len(list(ledger.entries())) == 6 and ledger.verify() == []
    assert ledger.append("note", {"text": "room again"}).seq == 7


def test_a_write_that_fails_in_the_middle_leaves_no_trace(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(ledger, 2)
    before, real = ledger.path.read_bytes(), os.write

    def half(handle: int, data: bytes) -> int:
        if len(data) > 100:
            return real(handle, data[:50])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", lambda handle, data: half(handle, bytes(data)[:101] if len(data) > 400 else bytes(data)[:90]))
    with pytest.raises(StorageError, match=r"No space left on device\. What was there before is intact"):
        ledger.append("evidence", run(5))
    monkeypatch.undo()
    assert ledger.path.read_bytes() == before and ledger.verify() == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        Ledger(tmp_path / "file" / "ledger.jsonl").append("note", {})


def test_a_hundred_thousand_entries(ledger: Ledger) -> None:
    ledger.append_all("evidence", (run(seed) for seed in range(100)))
    ledger.append_all("note", ({"text": f"entry {number} " + "x" * 300} for number in range(99_900)))
    begin = time.process_time()
    assert ledger.verify() == []
    assert time.process_time() - begin < 5.0
    begin = time.process_time()
    for seed in range(20):
        ledger.append("evidence", run(seed))
    # the flush to the disk is the disk's; the rest does not grow with the ledger
    assert (time.process_time() - begin) / 20 < 0.05


def stands(*appended: list[Evidence]) -> list[Evidence]:
    return standing((str(time), one) for time, together in enumerate(appended) for one in together)


def test_a_rerun_replaces_and_another_seed_does_not() -> None:
    assert stands([run(0, 80.0)], [run(1, 81.0)], [run(0, 82.0)]) == [run(1, 81.0), run(0, 82.0)]
    pilot = run(0, 80.0, counts=False)
    assert stands([pilot], [run(0, 82.0)]) == [pilot, run(0, 82.0)]


def test_what_was_appended_together_is_kept_together() -> None:
    bad = [finding("gradient", "fail", path="a"), finding("gradient", "fail", path="b"), finding("gradient", "pass")]
    assert stands(bad) == bad  # a pass hides no failure of the same examination
    assert stands(bad, [finding("gradient", "pass")]) == [finding("gradient", "pass")]  # the next examination does
    assert stands(bad, [finding("overfit", "pass")]) == [*bad, finding("overfit", "pass")]


def test_the_findings_about_a_repaired_file_do_not_outlive_its_next_examination() -> None:
    old, new = {"workspace:src/gcn/model.py": "a" * 64}, {"workspace:src/gcn/model.py": "b" * 64, "workspace:src/gcn/part.py": "d" * 64}
    other = finding("causality", inputs={"workspace:src/gcn/second.py": "c" * 64})
    bad = [finding("causality", "fail", inputs=old, path=f"layers.{index}") for index in range(3)]
    good = finding("causality", "pass", inputs=new)
    assert stands(bad, [other]) == [*bad, other]  # three places, two subjects
    assert stands(bad, [other], [good]) == [other, good]
    assert stands([finding("overfit", "fail", inputs=old)], [good]) == [finding("overfit", "fail", inputs=old), good]


def test_two_functions_held_against_one_equation_both_stand() -> None:
    stages = [{"workspace:src/gcn/model.py": "a" * 64, "value:stage": digit * 64} for digit in "12"]
    two = [
        finding("equation (1)", inputs=inputs).model_copy(update={"kind": "conformance", "where": where})
        for inputs, where in zip(stages, ("first", "second"), strict=True)
    ]
    assert stands([two[0]], [two[1]]) == two and stands([two[0]], [two[1]], [two[0]]) == [two[1], two[0]]


def test_a_rule_is_registered_before_after_or_never(ledger: Ledger) -> None:
    assert registered(ledger, CLAIM) == "never"
    ledger.append("evidence", run(7, counts=False))  # a pilot may be seen first, on a seed of its own
    ledger.append("registration", registration())
    assert registered(ledger, CLAIM) == "before"
    ledger.append("evidence", run(0))
    assert registered(ledger, CLAIM) == "before"
    ledger.append("registration", registration())  # the same again changes nothing
    assert registered(ledger, CLAIM) == "before"
    assert registered(ledger, "another claim") == "never"


def test_a_rule_changed_after_results_were_seen_is_after(ledger: Ledger) -> None:
    ledger.append("registration", registration(0.5))
    ledger.append("evidence", run(0))
    ledger.append("registration", registration(5.0))
    assert registered(ledger, CLAIM) == "after"
    ledger.append("registration", registration(0.5))
    assert registered(ledger, CLAIM) == "after"  # there and back does not undo it


def test_a_look_at_the_results_without_a_claim_counts_too(ledger: Ledger) -> None:
    ledger.append("evidence", run(0, claim=None))
    ledger.append("registration", registration())
    assert registered(ledger, CLAIM) == "before"  # nothing ties that run to the claim yet
    ledger.append("evidence", run(0))
    assert registered(ledger, CLAIM) == "after"


def test_a_withdrawn_rule_is_never(ledger: Ledger) -> None:
    ledger.append("registration", registration())
    ledger.append("registration", registration(claim="another"))
    assert registered(ledger, CLAIM) == "never"
