"""Tests of the scripts: what they print, and their figures. Lessons have `test_lessons.py`."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs a script in this process, checks its picture and returns its output."""

    def run(name, *options):
        picture = tmp_path / "picture.png"
        path = SCRIPTS / name
        monkeypatch.syspath_prepend(path.parent)
        monkeypatch.setattr(sys, "argv", [str(path), "--picture", str(picture), *options])
        runpy.run_path(str(path), run_name="__main__")
        assert picture.read_bytes()[:4] == b"\x89PNG"
        return capsys.readouterr().out

    return run


def test_the_main_job_prints_its_accuracy(run):
    printed = run("digits.py", "--epochs", "30")
    (accuracy,) = re.findall(r"^Test accuracy: (0\.\d{4})$", printed, re.MULTILINE)
    assert float(accuracy) > 0.95


def test_the_main_job_shows_a_progress_bar_and_no_message_of_tensorflow(tmp_path):
    command = [sys.executable, SCRIPTS / "digits.py", "--epochs", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"Test accuracy: 0\.\d{4}\nPicture: digits.png\n", done.stdout)
    assert all(
        "epoch/s]" in line or "s/epoch]" in line or "?epoch" in line
        for line in done.stderr.replace("\r", "\n").split("\n")
        if line
    )
    assert (tmp_path / "digits.png").exists()


@pytest.mark.slow
def test_the_benchmark_compares_implementations(tmp_path):
    """On a few epochs, with implementations that the plain install includes."""
    report = tmp_path / "report.json"
    command = [sys.executable, SCRIPTS / "benchmark.py", "--benchmarks", "digits"]
    command += ["--implementations", "twin", "blas", "--rounds", "1", "--epochs", "2"]
    command += ["--json", report, "--picture", tmp_path / "report.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in ("fnet", "twin", "blas"):
        assert re.search(rf"^{name} +[\d.,]+", done.stdout, re.MULTILINE)
    assert '"seconds_per_step"' in report.read_text()
    assert (tmp_path / "report.png").exists()


@pytest.mark.slow
def test_a_version_has_the_same_bits_as_itself():
    """Also refuses a folder that contains no fnet."""
    command = [sys.executable, SCRIPTS / "compare_versions.py", SCRIPTS.parent]
    done = subprocess.run(
        [*command, SCRIPTS.parent, "--bits", "--epochs", "2"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count(": same bits\n") == 8
    refused = subprocess.run([*command, SCRIPTS], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "contains no fnet/__init__.py" in refused.stderr
