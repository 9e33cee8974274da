"""Evidence carries its numbers and its receipt through JSON."""

from __future__ import annotations

from aquarius.core import Environment, Evidence, Receipt


def test_round_trip_with_receipt_and_curves() -> None:
    environment = Environment(python="3.11.7", platform="Linux x86_64", processor="", cores=2, threads=1, packages={"torch": "2.13.0"})
    receipt = Receipt(command="aquarius reproduce .", inputs={"workspace:src/model.py": "0" * 64}, seed=3, environment=environment)
    evidence = Evidence(
        kind="run",
        check="copy",
        status="pass",
        message="m",
        values={"accuracy": 0.5},
        curves={"loss": [(1, 2.5), (2, 1.5)]},
        receipt=receipt,
    )
    assert Evidence.from_json(evidence.to_json()) == evidence
