"""Compare two checkouts of fnet: the speed of the digits run, and the bits of its result.

    python scripts/compare_versions.py OLD NEW
    python scripts/compare_versions.py OLD NEW --rounds 9
    python scripts/compare_versions.py OLD NEW --bits

OLD and NEW are folders that contain the package `fnet`. The digits run trains a 64-30-10 network
with Adam at 0.005 on mini-batches of 65 or 66 rows: 22 steps per epoch.

Speed: fresh processes of the two checkouts take turns (OLD NEW OLD NEW), so that noise affects
both alike. Each process trains once to compile and then times further runs under XLA. Its time is
the median of these.

Bits: each checkout trains for 50 epochs with seed 0, under XLA and as a plain graph. The exit
status is 1 if any final parameter differs. Floating-point sums depend on the number of threads,
so both processes run on the same machine with the same settings.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

STEPS_PER_EPOCH = 22

BITS_EPOCHS = 50

SETUP = """
import json, pathlib, sys, time
import numpy as np
import fnet

folder, epochs, extra = sys.argv[1], int(sys.argv[2]), sys.argv[3]
found = pathlib.Path(fnet.__file__).resolve().parents[1]
if found != pathlib.Path(folder).resolve():
    sys.exit(f"fnet was imported from {found}, not from {folder}")
x, _, y, _ = fnet.datasets.load_digits(scale=True)
x, y = x.astype(np.float32), y.astype(np.float32)
net = fnet.Network((64, 30, 10))
params = fnet.init_params(net, seed=0)


def run(xla):
    plan = fnet.kfold_plan(len(x), 64, epochs, seed=0)
    return fnet.train(net, fnet.adam(0.005), params, x, y, plan, xla=xla)
"""
"""Start of each child process; its names exist in every version of fnet."""

SPEED = """
run(True)
seconds = []
for _ in range(int(extra)):
    start = time.perf_counter()
    run(True)
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds))
"""

BITS = """
arrays = {}
for name, xla in (("XLA", True), ("plain graph", False)):
    for i, entry in enumerate(run(xla).params):
        for field, array in zip(entry._fields, entry, strict=True):
            if array is not None:
                arrays[f"{name}: params[{i}].{field}"] = np.asarray(array)
np.savez(extra, **arrays)
print(json.dumps(len(arrays)))
"""


def run_in(folder: Path, code: str, epochs: int, extra: str) -> Any:
    """Run SETUP and `code` in a fresh process with one checkout's fnet.

    Args:
        folder: The checkout.
        code: SPEED or BITS.
        epochs: Length of a training run.
        extra: Number of timed runs (SPEED), or path of the file to write (BITS).

    Returns:
        The JSON value on the last line of the process's output.
    """
    path = os.pathsep.join([str(folder.resolve()), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-P", "-c", SETUP + code, str(folder), str(epochs), extra]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"The run with {folder} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare_speed(folders: list[Path], epochs: int, rounds: int, repeats: int) -> None:
    """Time both checkouts in turns and print microseconds per step and their ratio.

    Args:
        folders: The old and the new checkout.
        epochs: Epochs per run.
        rounds: Processes per checkout.
        repeats: Timed runs per process.
    """
    times: list[list[float]] = [[], []]
    print(f"Digits run, {epochs} epochs, XLA, microseconds per step")
    print("round       OLD       NEW   NEW/OLD")
    for number in range(1, rounds + 1):
        for found, folder in zip(times, folders, strict=True):
            seconds = run_in(folder, SPEED, epochs, str(repeats))
            found.append(statistics.median(seconds) / (epochs * STEPS_PER_EPOCH) * 1e6)
        print_row(str(number), times[0][-1], times[1][-1])
    print_row("median", statistics.median(times[0]), statistics.median(times[1]))
    print_row("minimum", min(times[0]), min(times[1]))


def print_row(label: str, old: float, new: float) -> None:
    """One row of the table of speeds."""
    print(f"{label:<7}{old:>8.2f}{new:>10.2f}{new / old:>10.3f}", flush=True)


def compare_bits(folders: list[Path], epochs: int) -> bool:
    """Train with both checkouts, print whether the final params have the same bits.

    Args:
        folders: The old and the new checkout.
        epochs: Epochs of the run.

    Returns:
        True if all params are equal, bit for bit.
    """
    with tempfile.TemporaryDirectory() as temporary:
        results: list[dict[str, npt.NDArray[Any]]] = []
        for name, folder in zip(("old", "new"), folders, strict=True):
            file = Path(temporary, f"{name}.npz")
            run_in(folder, BITS, epochs, str(file))
            with np.load(file) as arrays:
                results.append(dict(arrays))
    old, new = results
    if old.keys() != new.keys():
        print(f"Different params: {sorted(old.keys() ^ new.keys())}")
        return False
    same = True
    for name, array in old.items():
        equal = array.dtype == new[name].dtype and array.tobytes() == new[name].tobytes()
        same &= equal
        difference = f"maximum difference {np.abs(array - new[name]).max():.2e}"
        print(f"{name}: {'same bits' if equal else difference}")
    return same


def positive(text: str) -> int:
    """An integer of at least 1 from the command line."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def checkout(text: str) -> Path:
    """A folder from the command line that contains fnet."""
    if not Path(text, "fnet", "__init__.py").is_file():
        raise argparse.ArgumentTypeError(f"{text!r} contains no fnet/__init__.py")
    return Path(text)


def main() -> int:
    """Run the comparison that the command line asks for; the result is the exit status."""
    about, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("old", metavar="OLD", type=checkout, help="folder of the first checkout")
    add("new", metavar="NEW", type=checkout, help="folder of the second checkout")
    add("--bits", action="store_true", help="compare the bits of the final params, not the speed")
    add("--rounds", type=positive, default=5, help="processes per checkout (default: 5)")
    add("--repeats", type=positive, default=3, help="timed runs per process (default: 3)")
    add("--epochs", type=positive, help=f"epochs per run (default: 500; {BITS_EPOCHS} for --bits)")
    options = parser.parse_args()
    folders = [options.old, options.new]
    if options.bits:
        return 0 if compare_bits(folders, options.epochs or BITS_EPOCHS) else 1
    compare_speed(folders, options.epochs or 500, options.rounds, options.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
