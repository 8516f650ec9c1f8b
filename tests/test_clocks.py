"""The tests themselves: none depends on how quick or how busy the machine is."""

import ast
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.glob("*.py"))

CLOCKS = {
    "sleep",
    "time",
    "perf_counter",
    "perf_counter_ns",
    "monotonic",
    "monotonic_ns",
    "timeit",
    "repeat",
}
"""Functions of `time` and `timeit` that follow the wall clock. `process_time` does not."""

WAITS = {"join": 0, "wait": 0, "communicate": 1, "result": 0}
"""Functions that take a limit in seconds, and which argument it is, other than `timeout`."""


def is_number(node):
    return isinstance(node, ast.Constant) and type(node.value) in {int, float}


def clocks_of(source):
    """`line: what` of each use of the wall clock, and of each limit that is a plain number."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, at = node.func.attr, WAITS.get(node.func.attr)
            if ast.unparse(node.func.value) in {"time", "timeit"} and name in CLOCKS:
                yield f"{node.lineno}: time.{name}"
            if at is not None and len(node.args) > at and is_number(node.args[at]):
                yield f"{node.lineno}: {name} with a limit of its own"
        if isinstance(node, ast.keyword) and node.arg == "timeout" and is_number(node.value):
            yield f"{node.value.lineno}: a timeout of its own"
        if isinstance(node, ast.ImportFrom) and node.module in {"time", "timeit"}:
            yield from (f"{node.lineno}: {a.name}" for a in node.names if a.name in CLOCKS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_test_depends_on_the_speed_of_the_machine(path):
    """Wait for an event, not for a time; and for it no shorter than `processes.HANG_SECONDS`."""
    assert list(clocks_of(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("time.sleep(2)", ["1: time.sleep"]),
        ("seconds = time.perf_counter() - start", ["1: time.perf_counter"]),
        ("timeit.repeat(call)", ["1: time.repeat"]),
        ("from time import monotonic", ["1: monotonic"]),
        ("subprocess.run(command, timeout=60)", ["1: a timeout of its own"]),
        ("process.wait(60)", ["1: wait with a limit of its own"]),
        ("thread.join(30)", ["1: join with a limit of its own"]),
        ("subprocess.run(command, timeout=HANG_SECONDS)", []),
        ("thread.join(HANG_SECONDS)", []),
        ("', '.join(names); time.process_time()", []),
    ],
)
def test_what_counts_as_a_clock(code, found):
    assert list(clocks_of(code)) == found
