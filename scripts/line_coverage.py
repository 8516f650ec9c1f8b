"""A pytest plugin for `mutants.py`: which test runs which line, and a choice of tests.

`pytest -p line_coverage` writes, for each test that passed, its seconds and the lines of
the package that ran in it, to LINE_COVERAGE_WRITE; or runs only the tests that LINE_COVERAGE_RUN
lists, in that order. Both are paths of JSON files. A line that runs only once in a process, in a
cache or in a trace of TensorFlow, is counted for the first test that needs it.
"""

import json
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

WRITE = os.environ.get("LINE_COVERAGE_WRITE")
RUN = os.environ.get("LINE_COVERAGE_RUN")
PACKAGE = str(Path.cwd() / "fnet") + os.sep

lines: set[tuple[str, int]] = set()
tests: dict[str, Any] = {}
not_passed: set[str] = set()


def record_line(code: Any, line: int) -> Any:
    """Note a line of the package, once a test."""
    if code.co_filename.startswith(PACKAGE):
        lines.add((code.co_filename[len(PACKAGE) :], line))
    return sys.monitoring.DISABLE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: Any) -> Generator[None, Any, Any]:
    """Record the lines of one test with its fixtures."""
    if not WRITE:
        return (yield)
    lines.clear()
    sys.monitoring.restart_events()
    start = time.perf_counter()
    result = yield
    by_file: dict[str, list[int]] = {}
    for name, line in sorted(lines):
        by_file.setdefault(name, []).append(line)
    tests[item.nodeid] = {"seconds": time.perf_counter() - start, "lines": by_file}
    return result


def pytest_runtest_logreport(report: Any) -> None:
    """Keep no test that failed or was skipped."""
    if WRITE and not report.passed:
        not_passed.add(report.nodeid)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Keep the chosen tests, in their order. That one is missing counts as a failure."""
    if RUN:
        chosen = {nodeid: i for i, nodeid in enumerate(json.loads(Path(RUN).read_text()))}
        items[:] = sorted((i for i in items if i.nodeid in chosen), key=lambda i: chosen[i.nodeid])
        if len(items) != len(chosen):
            raise pytest.UsageError("chosen tests are missing")


def pytest_sessionfinish() -> None:
    """Write what this process ran."""
    if WRITE:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, 0)
        kept = {nodeid: tests[nodeid] for nodeid in set(tests) - not_passed}
        Path(f"{WRITE}.{worker}").write_text(json.dumps(kept))


if WRITE:
    sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "line_coverage")
    sys.monitoring.register_callback(
        sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, record_line
    )
    sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE)
