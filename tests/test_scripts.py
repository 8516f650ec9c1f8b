"""Tests of the scripts: they print the numbers of the notes and write their figure."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
LINE = r"^Epoch \[(\d{3,})/\d+\], (?:Accuracy: \[(\d\.\d\d)\], )?Loss: \[(\d+\.\d{4})\]$"


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


def epochs(printed):
    """`(epoch, accuracy or "", loss)` of each printed line in the format of the notes, as text."""
    return re.findall(LINE, printed, re.MULTILINE)


def test_the_numpy_network_ends_at_the_loss_of_the_notes(run):
    printed = run("notes/1_numpy_network.py")
    assert "mean loss 0.888905" in printed
    assert "149 of 150 rows correct" in printed
    assert "the loss rises in 0 of 2000 steps" in printed


@pytest.mark.parametrize("name", ["2_tensorflow_tape.py", "3_tensorflow_optimizer.py"])
def test_tape_and_optimizer_print_the_notes_losses(run, name):
    printed = run(f"notes/{name}")
    assert epochs(printed)[:3] == [
        ("000", "", "1.2723"),
        ("100", "", "0.9051"),
        ("200", "", "0.8889"),
    ]
    assert "at steps [1, 100, 200]: 1.272302, 0.905149, 0.888928" in printed
    corrected = epochs(printed)[3:]
    assert float(corrected[-1][2]) < 0.05
    if name.startswith("2"):
        assert "the loss rises in 0 of 400 steps" in printed


@pytest.mark.parametrize(
    ("name", "first_loss"),
    [
        ("4_digits_full_batch.py", "450.4118"),
        ("5_digits_kfold.py", None),
        ("6_digits_tf_data.py", None),
    ],
)
def test_the_digits_scripts_print_accuracy_and_loss(run, name, first_loss):
    lines = epochs(run(f"notes/{name}", "--epochs", "100"))
    assert [epoch for epoch, *_ in lines] == ["000", "100"] * (len(lines) // 2)
    notes, corrected = lines[-3], lines[-1]
    assert float(notes[1]) > 0.85
    assert float(corrected[1]) > 0.95
    if first_loss:
        assert [loss for *_, loss in lines[:3:2]] == [first_loss, first_loss]
        assert lines[0][1] == ""  # the section of 200 epochs prints only the loss


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
