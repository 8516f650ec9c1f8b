"""Benchmarks of the command line, in whole processes."""

import argparse
import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import Result, python_path, take_turns

COMMANDS = (
    "--help",
    "describe digits.fnet",
    "predict digits.fnet digits.csv --out predictions.csv",
    "train iris.csv --target species --out new.fnet --cv 0",
    "train breast_cancer.csv --target diagnosis --out new.fnet --cv 0",
    "digits",
)

BASELINE = "-c import numpy"
"""A process that only imports NumPy: no command can be faster."""

DIGITS_ROWS = 360
"""Rows of digits.csv."""

LONG_TABLE_ROWS = (250_000, 1_000_000)
"""Rows of the long tables, which have 64 features."""


def commands(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Commands on small tables, compared with a process that only imports NumPy."""
    with tempfile.TemporaryDirectory() as folder:
        _prepare(folder, (DIGITS_ROWS,))
        os.replace(Path(folder, f"{DIGITS_ROWS}.csv"), Path(folder, "digits.csv"))
        lines = (BASELINE, *(f"-m fnet {line}" for line in COMMANDS))
        runs = {line: functools.partial(_run_process, line, folder) for line in lines}
        results = take_turns(runs, options.rounds, name)
    times = {line: np.array([elapsed for elapsed, _ in each]) for line, each in results.items()}
    baseline = times.pop(BASELINE)
    rows = [["import numpy", np.median(baseline), baseline.min(), 1.0]]
    for line, each in times.items():
        command = line.replace("-m fnet", "fnet")
        rows.append([command, np.median(each), each.min(), np.median(each / baseline)])
    return {
        "title": f"{name}: whole processes, seconds",
        "columns": ["command", "median", "minimum", "ratio to import numpy"],
        "rows": rows,
        "notes": [f"digits.csv has {DIGITS_ROWS} rows"],
    }


def table(name: str, epochs: int, options: argparse.Namespace) -> Result:
    """Predictions for long tables with `fnet predict`."""
    with tempfile.TemporaryDirectory() as folder:
        _prepare(folder, LONG_TABLE_ROWS)
        line = "-m fnet predict digits.fnet {}.csv --out predictions.csv"
        runs = {n: functools.partial(_run_process, line.format(n), folder) for n in LONG_TABLE_ROWS}
        results = take_turns(runs, options.rounds, name, warm=0)
    rows = []
    for n_rows, each in results.items():
        elapsed, memory = np.median(each, axis=0)
        rows.append([f"{n_rows:,}", elapsed, n_rows / elapsed, memory])
    short, long = rows
    return {
        "title": f"{name}: fnet predict, a CSV with 64 features",
        "columns": ["rows", "seconds", "rows per second", "peak memory, MB"],
        "rows": rows,
        "notes": [f"peak memory, {long[0]} rows / {short[0]} rows: {long[3] / short[3]:.2f}"],
    }


def _prepare(folder: str, lengths: tuple[int, ...]) -> None:
    """Write sample tables, a model, and digits tables of these lengths, into a folder."""
    for data in ("iris", "breast_cancer", "digits"):
        _run_fnet(folder, "sample", data, "--out", f"{data}.csv")
    _run_fnet(folder, "digits", "--epochs", "50", "--out", "digits.fnet")
    header, *lines = Path(folder, "digits.csv").read_text().splitlines(keepends=True)
    for length in lengths:
        repeats, rest = divmod(length, len(lines))
        with open(Path(folder, f"{length}.csv"), "w") as file:
            file.write(header)
            for _ in range(repeats):
                file.writelines(lines)
            file.writelines(lines[:rest])


def _run_fnet(folder: str, *arguments: str) -> None:
    """Run one command of fnet in a folder."""
    _run_process(" ".join(["-m fnet", *arguments]), folder)


def _run_process(line: str, folder: str) -> tuple[float, float]:
    """Seconds and peak megabytes of `python` with these arguments, run in a folder."""
    arguments = ["-c", line[3:]] if line.startswith("-c ") else line.split()
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": python_path(), "PYTHONDONTWRITEBYTECODE": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(errors.decode())
    return time.perf_counter() - start, usage.ru_maxrss / 1024
