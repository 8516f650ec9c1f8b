"""The works of `benchmark.py` that time the command line, in whole processes."""

import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import take_turns

import fnet

COMMANDS = (
    "--help",
    "describe digits.fnet",
    "predict digits.fnet digits.csv --out said.csv",
    "train iris.csv --target species --out new.fnet",
    "train breast_cancer.csv --target diagnosis --out new.fnet",
    "digits",
)

FLOOR = "-c import numpy"
"""The least that any of them could do."""

TABLE = 360
"""Rows to predict."""

LONG = (250_000, 1_000_000)
"""Rows of the long tables, of 64 features."""


def commands(name, epochs, options):
    """Commands on small tables, beside a process that imports NumPy and no more."""
    with tempfile.TemporaryDirectory() as folder:
        _prepare(folder, (TABLE,))
        os.replace(Path(folder, f"{TABLE}.csv"), Path(folder, "digits.csv"))
        sides = (FLOOR, *(f"-m fnet {line}" for line in COMMANDS))
        runs = {side: functools.partial(_process, side, folder) for side in sides}
        found = take_turns(runs, options.rounds, name)
    times = {side: np.array([seconds for seconds, _ in each]) for side, each in found.items()}
    floor = times.pop(FLOOR)
    rows = [["import numpy", np.median(floor), floor.min(), 1.0]]
    for side, each in times.items():
        line = side.replace("-m fnet", "fnet")
        rows.append([line, np.median(each), each.min(), np.median(each / floor)])
    return {
        "title": f"{name}: whole processes, seconds",
        "columns": ["command", "median", "shortest", "over import numpy"],
        "rows": rows,
        "notes": [f"digits.csv has {TABLE} rows"],
    }


def table(name, epochs, options):
    """Long tables through `fnet predict`."""
    with tempfile.TemporaryDirectory() as folder:
        _prepare(folder, LONG)
        line = "-m fnet predict digits.fnet {}.csv --out said.csv"
        runs = {n: functools.partial(_process, line.format(n), folder) for n in LONG}
        found = take_turns(runs, options.rounds, name, warm=0)
    rows = []
    for count, each in found.items():
        taken, memory = np.median(each, axis=0)
        rows.append([f"{count:,}", taken, count / taken, memory])
    few, many = rows
    return {
        "title": f"{name}: fnet predict, 64 features of a CSV",
        "columns": ["rows", "seconds", "rows a second", "peak, MB"],
        "rows": rows,
        "notes": [f"memory for {many[0]} rows over that for {few[0]}: {many[3] / few[3]:.2f}"],
    }


def _prepare(folder, lengths):
    """Tables of digits, repeated to these lengths, and what the commands read, in a folder."""
    for data in ("iris", "breast_cancer", "digits"):
        _fnet(folder, "sample", data, "--out", f"{data}.csv")
    _fnet(folder, "digits", "--epochs", "50", "--out", "digits.fnet")
    header, *lines = Path(folder, "digits.csv").read_text().splitlines(keepends=True)
    for length in lengths:
        whole, rest = divmod(length, len(lines))
        with open(Path(folder, f"{length}.csv"), "w") as file:
            file.write(header)
            for _ in range(whole):
                file.writelines(lines)
            file.writelines(lines[:rest])


def _fnet(folder, *arguments):
    _process(" ".join(["-m fnet", *arguments]), folder)


def _process(line, folder):
    """Seconds and megabytes at most of `python` with these arguments, in a process of its own."""
    path = os.pathsep.join([str(Path(fnet.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    arguments = ["-c", line[3:]] if line.startswith("-c ") else line.split()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(said.decode())
    return time.perf_counter() - began, usage.ru_maxrss / 1024
