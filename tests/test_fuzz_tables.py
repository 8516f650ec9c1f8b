"""A small run of `scripts/fuzz_tables.py`, and that it notices what it should."""

import sys
import warnings
from pathlib import Path

import pytest

from fnet import InvalidArgument, encoding, tables

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
import fuzz_table_kinds
import fuzz_tables

BLOCK = 100
"""Mutants of a test."""


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    monkeypatch.setattr(fuzz_tables, "SECONDS", 60.0)  # a test does not depend on the machine


@pytest.mark.parametrize("seed", range(6))
def test_a_hostile_table_is_read_or_refused(tmp_path, seed):
    path = str(tmp_path / "table")
    results = [fuzz_tables.examine(index, seed, path) for index in range(BLOCK)]
    findings = [finding for _, finding in results if finding is not None]
    assert not findings, "\n".join(finding.traceback for finding in findings)
    outcomes = {outcome.partition(":")[0] for outcome, _ in results}
    assert outcomes == {"read", "refused", "without a column of use"}


def _warn(*_, **__):
    warnings.warn("odd", stacklevel=1)


def _raise(error):
    def call(*_, **__):
        raise error

    return call


WRONG = {
    "another exception": (tables, "feature_table", _raise(KeyError("a"))),
    "a message of two lines": (tables, "feature_table", _raise(InvalidArgument("a\nb"))),
    "a long message": (tables, "feature_table", _raise(InvalidArgument("a" * 10_000))),
    "a warning": (tables, "text_column", _warn),
    "other numbers in chunks": (tables.FeatureReader, "read", lambda self, chunks: _Values()),
    "infinite numbers": (encoding, "encode", lambda *_: [float("inf")]),
}


class _Values:
    values = ((0.5,),)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(tmp_path, monkeypatch, name):
    monkeypatch.setattr(*WRONG[name])
    path = str(tmp_path / "table")
    assert any(fuzz_tables.examine(index, 0, path)[1] for index in range(20))


def test_a_slow_table_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz_tables, "SECONDS", 0.0)
    monkeypatch.setattr(fuzz_tables, "use", lambda *_: sum(range(10**6)) and "read")
    outcome, finding = fuzz_tables.examine(0, 0, str(tmp_path / "table"))
    assert outcome == "wrong"
    assert "s of processor time" in finding.error


def test_a_mutant_is_the_same_whatever_else_runs():
    first = [fuzz_table_kinds.make(fuzz_tables.random.Random(f"0 {i}")) for i in range(20)]
    again = [fuzz_table_kinds.make(fuzz_tables.random.Random(f"0 {i}")) for i in range(19, -1, -1)]
    assert first == again[::-1]
