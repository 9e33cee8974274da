"""The tree of errors: what ends a command with exit code 2, and what each says."""

from __future__ import annotations

from aquarius.core import AquariusError, BadInput, Broken, MissingExtra, StorageError, did_you_mean


def test_all_end_with_exit_code_2() -> None:
    for kind in (BadInput, Broken, StorageError):
        assert issubclass(kind, AquariusError) and kind("x").exit_code == 2


def test_a_missing_library_names_the_command() -> None:
    assert str(MissingExtra("scipy", "stats", "judging a value")) == (
        "judging a value needs scipy, which is not installed: run pip install 'aquarius[stats]'."
    )


def test_did_you_mean() -> None:
    assert did_you_mean("chek", ["check", "train"]) == " Did you mean 'check'?"
    assert did_you_mean("zzz", ["check", "train"]) == " Known: check, train."
    assert did_you_mean("zzz", []) == ""
