"""Run the test suite with each Python given, in a new environment for each.

    python scripts/pythons.py python3.11 python3.12 python3.13
    python scripts/pythons.py python3.13 --pytest tests/test_files.py

Each environment gets the newest versions that pip finds. `lowest.py` tries the lowest.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from lowest import make_environment, run_suite


def main() -> None:
    """Run the suite with each Python, and exit with 1 if it failed with any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pythons", nargs="+", help="the interpreters, by name or path")
    parser.add_argument("--pytest", nargs=argparse.REMAINDER, default=[], help="its arguments")
    options = parser.parse_args()
    codes = {}
    for python in options.pythons:
        with tempfile.TemporaryDirectory() as folder:
            interpreter = make_environment(python, Path(folder))
            version = subprocess.run([interpreter, "--version"], capture_output=True, text=True)
            codes[version.stdout.strip()] = run_suite(interpreter, options.pytest)
    for version, code in codes.items():
        print(f"{version}: {'passed' if code == 0 else f'failed, exit code {code}'}")
    sys.exit(any(codes.values()))


if __name__ == "__main__":
    main()
