"""Run the test suite with the lowest version that pyproject.toml allows of each dependency.

A lower bound that nobody has tried is a guess. The versions named in pyproject.toml are installed
in a new environment: those of the build, of fnet and of its tests. What these need in turn is the
newest that pip finds, as it is for a user. Then fnet itself is installed, and the suite runs
against the installed package.

    python scripts/lowest.py                       # everything, with the Python that runs this
    python scripts/lowest.py --pytest tests/test_files.py
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]

EXTRAS = ("onnx", "test")
"""The extras that the suite needs. The benchmarks' peers are no part of it."""

NAME = r"(?P<name>[A-Za-z0-9._-]+)(?P<extras>\[[^]]*\])?"
BOUND = r">=\s*(?P<bound>[^\s,;]+)"


def lowest_version(requirement: str) -> str:
    """The requirement as a pin to its lower bound, as "click==8.2" of "click>=8.2,<9"."""
    text, _, marker = requirement.partition(";")
    named, bound = re.match(NAME, text.strip()), re.search(BOUND, text)
    if named is None or bound is None:
        raise SystemExit(f"{requirement!r} in pyproject.toml has no lower bound: add >=VERSION")
    pin = f"{named[0]}=={bound['bound']}"
    return f"{pin}; {marker.strip()}" if marker.strip() else pin


def lowest_versions(pyproject: Path) -> list[str]:
    """A pin for each requirement of the build, of fnet and of `EXTRAS`, sorted, without repeats."""
    entries = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    optional = entries["project"]["optional-dependencies"]
    requirements = [
        *entries["build-system"]["requires"],
        *entries["project"]["dependencies"],
        *(requirement for extra in EXTRAS for requirement in optional[extra]),
    ]
    return sorted({lowest_version(requirement) for requirement in requirements})


def make_environment(python: str, folder: Path, pins: Sequence[str] = ()) -> Path:
    """Install fnet in a new environment, with these pins or the newest versions.

    Returns the interpreter of the environment.
    """
    subprocess.run([python, "-m", "venv", folder], check=True)
    interpreter = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if pins:
        subprocess.run([*pip, *pins], check=True)
        subprocess.run([*pip, "--no-build-isolation", "--no-deps", ROOT], check=True)
    else:
        subprocess.run([*pip, f"{ROOT}[{','.join(EXTRAS)}]"], check=True)
    return interpreter


def run_suite(interpreter: Path, arguments: Sequence[str]) -> int:
    """The exit code of the suite, which imports fnet as it is installed.

    It runs in a copy of the repository, so that a change meanwhile has no effect. With `-P`, Python
    does not look for the package in the current folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "repository"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns("__pycache__", ".git", ".*_cache")
        )
        command = [interpreter, "-P", "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(command, cwd=copy).returncode


def main() -> None:
    """Make the environment, run the suite and exit with its code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="the Python of the environment")
    parser.add_argument("--pytest", nargs=argparse.REMAINDER, default=[], help="its arguments")
    options = parser.parse_args()
    pins = lowest_versions(ROOT / "pyproject.toml")
    print(*pins, sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        interpreter = make_environment(options.python, Path(folder), pins)
        sys.exit(run_suite(interpreter, options.pytest))


if __name__ == "__main__":
    main()
