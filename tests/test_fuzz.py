"""A small run of `scripts/fuzz.py`, and that it notices what it should."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "scripts"))

import fuzz
import fuzz_files
import fuzz_mutations
import fuzz_parts
import fuzz_verdicts

from fnet.files import schema

CATEGORIES = fuzz_mutations.CATEGORIES
GROUPS = ("quick",)
KINDS = (
    *("params", "text classes", "bool classes", "members", "quantiles", "run adam", "run lion"),
    *(
        "run rmsprop_centered",
        "checkpoint adam",
        "checkpoint sgd",
        "classifier",
        "classifier lbfgs",
    ),
    *("classifier labels", "regressor", "trained classifier", "trained on amounts", "0.1.0 run"),
    *("ensemble classifier", "ensemble regressor", "ensemble without folds"),
    *("0.1.0 iris", "0.1.0 checkpoint", "0.1.0 optimizers"),
)
"""Kinds of every sort."""

BLOCK = 50
"""How many mutants each test examines."""


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The files that are changed, used once unchanged, in a folder of their own."""
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(os, "fsync", lambda _: None)
        found = fuzz_verdicts.make_originals(KINDS)
        findings = fuzz_verdicts.examine_unchanged(found, GROUPS)
        assert not findings, fuzz.summary(findings, 0)
        yield found


@pytest.mark.parametrize("seed", range(5))
def test_a_mutant_is_refused_when_it_is_loaded_or_every_use_of_it_works(seed, originals):
    results = [fuzz_verdicts.examine(i, seed, originals, GROUPS) for i in range(BLOCK)]
    findings = [finding for _, found in results for finding in found]
    assert not findings, fuzz.summary(findings, seed)
    assert {name.partition(": ")[2] for name, _ in results} == {"refused", "loaded"}


@pytest.mark.parametrize("category", ["description", "meaning", "arrays"])
def test_without_the_schema_mutants_are_found_in_every_category(category, originals, monkeypatch):
    monkeypatch.setattr(schema, "check_content", lambda content: content)
    weights = {name: (float(name == category), table) for name, (_, table) in CATEGORIES.items()}
    monkeypatch.setattr(fuzz_mutations, "CATEGORIES", weights)
    assert any(fuzz_verdicts.examine(i, 0, originals, GROUPS)[1] for i in range(60))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_in_parts_is_put_together_to_the_same_content(kind, originals):
    parts = fuzz_parts.take_apart(originals.data[kind])
    again = fuzz_parts.put_together(parts)
    assert fuzz_parts.take_apart(again) == parts
    Path("again.fnet").write_bytes(again)
    model, problems = fuzz_verdicts.load(Path("again.fnet"), len(again))
    assert not problems
    assert fuzz_verdicts.looks(model) == fuzz_verdicts.looks(originals.models[kind])


def test_a_mutant_depends_on_its_seed_and_its_index_alone(originals):
    drawn = {
        (seed, index): fuzz_verdicts.draw(seed, index, originals)[1:]
        for seed in range(2)
        for index in range(30)
    }
    for (seed, index), expected in reversed(drawn.items()):
        assert fuzz_verdicts.draw(seed, index, originals)[1:] == expected
    assert len({mutant.data for _, mutant in drawn.values()}) > 50


@pytest.mark.parametrize(
    ("category", "name"), [(c, name) for c, (_, table) in CATEGORIES.items() for name in table]
)
def test_every_change_changes_some_file(category, name, originals, monkeypatch):
    one = {category: (1.0, {name: CATEGORIES[category][1][name]})}
    monkeypatch.setattr(fuzz_mutations, "CATEGORIES", one)
    unchanged = {
        kind: fuzz_parts.put_together(fuzz_parts.take_apart(data))
        for kind, data in originals.data.items()
    }
    for index in range(60):
        _, kind, mutant = fuzz_verdicts.draw(0, index, originals)
        if mutant.data not in (unchanged[kind], originals.data[kind]):
            return
    pytest.fail("it has changed nothing")


def test_a_hang_a_warning_and_memory_are_findings(originals, monkeypatch):
    subject = fuzz_verdicts.Subject(Path("x"), originals.models["params"], *[None] * 4)

    def hang(_):
        while True:
            pass

    cases = {
        "Hang": hang,
        "Noise": lambda _: warnings.warn("odd", stacklevel=1),
        "KeyError": lambda _: {}["loss"],
        "InvalidArgument": lambda s: s.model.predict("text"),
    }
    monkeypatch.setitem(fuzz_verdicts.SECONDS, "quick", 0.05)
    for error, function in cases.items():
        ((_, found, *_),) = fuzz_verdicts.try_use("predict", fuzz_verdicts.Use(function), subject)
        assert found == error
    monkeypatch.setattr(fuzz_verdicts, "MEMORY_BYTES", 0)
    Path("y.fnet").write_bytes(originals.data["params"])
    _, problems = fuzz_verdicts.load(Path("y.fnet"), 1)
    assert [error for _, error, *_ in problems] == ["Memory"]


def test_the_script_examines_mutants_and_says_so(tmp_path):
    command = [sys.executable, fuzz_files.__file__.replace("fuzz_files", "fuzz"), "--count", "6"]
    command += ["--groups", "quick", "--kinds", "params"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n6 mutants in " in done.stdout
    assert done.stdout.endswith("\n0 findings\n")
