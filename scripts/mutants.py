"""Break lines of fnet one at a time: the tests that run a line must notice.

The lines are drawn by a seed, the same number from each part, and one way to break each. A mutant
is killed if a test fails or takes far longer than it did; if all pass it survives. The tests that
run the line are tried first, the quickest of them first, and then the others that run any
line of its module.

    python scripts/mutants.py --map map.json --count 150 --processes 2

Which tests run a line is recorded once, by a run of the whole suite, and kept in the file of
`--map`. The recording needs Python 3.12 or later.
"""

import argparse
import concurrent.futures
import difflib
import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from mutations import Mutation, apply, mutations

ROOT = Path(__file__).parents[1]

PARTS = ("core", "engine", "reference", "files", "tables", "estimators")

COPIED = ("fnet", "tests", "scripts", "pyproject.toml", "README.md", "LICENSE", ".github", ".ci")
"""What a copy of the repository needs for its tests."""

FIRST_SECONDS, ALL_SECONDS = 20.0, 120.0
"""How long the first tests of a mutant took when they were recorded, and all of its tests."""

TIMEOUT_FACTOR, STARTUP_SECONDS = 5.0, 120.0
"""A mutant is stopped after this many times the recorded seconds, plus those of the start."""

Coverage: TypeAlias = dict[str, Any]
"""`{test: {"seconds": ..., "lines": {module: [line, ...]}}}`"""


class Mutant(NamedTuple):
    """A mutation of a module, named by its path in the package."""

    module: str
    mutation: Mutation


def choose(count: int, seed: int, parts: Sequence[str]) -> list[Mutant]:
    """`count` mutants of different lines, as evenly from the parts as it divides."""
    rng = random.Random(seed)
    chosen: list[Mutant] = []
    for i, part in enumerate(parts):
        by_line: dict[tuple[str, int], list[Mutant]] = {}
        for path in sorted((ROOT / "fnet" / part).rglob("*.py")):
            module = path.relative_to(ROOT / "fnet").as_posix()
            for mutation in mutations(path.read_text(encoding="utf-8")):
                by_line.setdefault((module, mutation.line), []).append(Mutant(module, mutation))
        number = count // len(parts) + (i < count % len(parts))
        lines = sorted(rng.sample(sorted(by_line), min(number, len(by_line))))
        chosen += [rng.choice(by_line[line]) for line in lines]
    return chosen


def record(path: Path, processes: int, tests: Sequence[str]) -> Coverage:
    """Run tests with the plugin `line_coverage`, write the file, and return what it contains."""
    with tempfile.TemporaryDirectory() as folder:
        repository = copy_repository(Path(folder))
        found = Path(folder) / "found"
        run_pytest(repository, ["-n", str(processes), *tests], LINE_COVERAGE_WRITE=str(found))
        coverage: Coverage = {}
        for part in Path(folder).glob("found.*"):
            coverage |= json.loads(part.read_text())
    if not coverage:
        raise SystemExit("no test passed: run the suite alone to see why")
    path.write_text(json.dumps(coverage))
    return coverage


def copy_repository(folder: Path) -> Path:
    """A copy of the repository in this folder."""
    copy = folder / "repository"
    copy.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    return copy


def run_pytest(
    repository: Path, arguments: Sequence[str], timeout: float | None = None, **variables: str
) -> int | None:
    """The exit code of pytest in a copy of the repository; None if it had to be stopped.

    No bytecode is written: a file that changes twice in a second would be taken for its old self.
    """
    paths = [str(repository), str(ROOT / "scripts")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "line_coverage", "-p", "no:cacheprovider"]
    command += ["-o", "addopts=", "-m", "not slow", "-q", "--tb=no", *arguments]
    with subprocess.Popen(
        command,
        cwd=repository,
        env={**env, **variables},
        stdout=None if "LINE_COVERAGE_WRITE" in variables else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with the processes that tests have started
            return None


def batches_of_tests(coverage: Coverage, mutant: Mutant) -> Iterator[list[str]]:
    """The tests for a mutant: first those that run its line, then more of those of its module."""
    module, line = mutant.module, mutant.mutation.line

    def order(test: str) -> tuple[bool, float]:
        is_at_line = line in coverage[test]["lines"][module] or mutant.mutation.is_at_import
        return not is_at_line, coverage[test]["seconds"]

    tests = sorted((test for test in coverage if module in coverage[test]["lines"]), key=order)
    batch: list[str] = []
    seconds, limit = 0.0, FIRST_SECONDS
    for test in tests:
        seconds += coverage[test]["seconds"]
        if batch and seconds > limit:
            yield batch
            if limit == ALL_SECONDS:
                return
            batch, limit = [], ALL_SECONDS
        batch.append(test)
    if batch:
        yield batch


def verdict(repository: Path, coverage: Coverage, mutant: Mutant, is_control: bool) -> str:
    """What became of a mutant in this copy: killed, stopped, survived or not run.

    As a control the same tests run without the change, and all of them must pass.
    """
    path = repository / "fnet" / mutant.module
    source = path.read_text(encoding="utf-8")
    found = "not run"
    chosen = repository / "chosen.json"
    if not is_control:
        path.write_text(apply(source, mutant.mutation), encoding="utf-8")
    try:
        for batch in batches_of_tests(coverage, mutant):
            chosen.write_text(json.dumps(batch))
            files = sorted({test.partition("::")[0] for test in batch})
            seconds = sum(coverage[test]["seconds"] for test in batch)
            timeout = STARTUP_SECONDS + TIMEOUT_FACTOR * seconds
            code = run_pytest(
                repository, ["-x", "-p", "no:xdist", *files], timeout, LINE_COVERAGE_RUN=str(chosen)
            )
            found = {None: "stopped", 0: "survived"}.get(code, "killed")
            if found != "survived":
                break
    finally:
        path.write_text(source, encoding="utf-8")
    return found


def describe(mutant: Mutant) -> str:
    """Where a mutant is, and the lines before and after."""
    source = (ROOT / "fnet" / mutant.module).read_text(encoding="utf-8")
    before, after = source.splitlines(), apply(source, mutant.mutation).splitlines()
    changes = list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:]
    heading = f"fnet/{mutant.module}:{mutant.mutation.line}: {mutant.mutation.kind}"
    return "\n    ".join([heading, *changes])


def main() -> None:
    """Record the coverage where there is none yet, try the mutants and print the survivors."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=150, help="how many lines to break")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of lines")
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--processes", type=int, default=2, help="how many to try at once")
    parser.add_argument("--map", type=Path, default=Path("line_coverage.json"))
    parser.add_argument("--tests", nargs="*", default=["tests"], help="which tests to record")
    parser.add_argument(
        "--control", action="store_true", help="run the tests of each mutant without the change"
    )
    options = parser.parse_args()
    if options.map.exists():
        coverage = json.loads(options.map.read_text())
    else:
        coverage = record(options.map, options.processes, options.tests)
    mutants = choose(options.count, options.seed, options.parts)
    with tempfile.TemporaryDirectory() as folder:
        copies: queue.Queue[Path] = queue.Queue()
        for i in range(options.processes):
            (Path(folder) / str(i)).mkdir()
            copies.put(copy_repository(Path(folder) / str(i)))

        def try_one(mutant: Mutant) -> str:
            repository = copies.get()
            found = verdict(repository, coverage, mutant, options.control)
            copies.put(repository)
            print(f"{found}: {describe(mutant)}", flush=True)
            return found

        with concurrent.futures.ThreadPoolExecutor(options.processes) as pool:
            found = list(pool.map(try_one, mutants))
    noticed = sum(one in {"killed", "stopped"} for one in found)
    print(f"{noticed} of {len(found)} noticed, {noticed / len(found):.1%}; not noticed:")
    for one, mutant in zip(found, mutants, strict=True):
        if one not in {"killed", "stopped"}:
            print(f"{one}: {describe(mutant)}")


if __name__ == "__main__":
    main()
