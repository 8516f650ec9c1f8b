"""Types: a type checker accepts correct programs and refuses wrong calls."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent

pytestmark = pytest.mark.slow


def mypy(*arguments):
    command = [sys.executable, "-m", "mypy", "--strict", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_package_is_fully_typed():
    done = mypy("fnet")
    assert done.returncode == 0, done.stdout


def test_a_users_program_passes():
    done = mypy("tests/typing/program.py")
    assert done.returncode == 0, done.stdout


def test_each_wrong_call_is_refused():
    path = "tests/typing/wrong_calls.py"
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if "# wrong: " in line}
    assert len(wrong) == 23
    done = mypy(path)
    refused = {
        int(line.split(":")[1])
        for line in done.stdout.splitlines()
        if line.startswith(path) and ": error:" in line
    }
    assert refused == wrong, done.stdout
