"""The scripts that check the tests and the bounds: what they break and which versions they pin."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "scripts"))

import lowest
import mutants
import mutations


def broken(source):
    """The sources that come of each mutation of a source."""
    return [mutations.apply(source, mutation) for mutation in mutations.mutations(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["(a <= b)"]),
        ("a is not b", ["(a is b)"]),
        ("a in b", ["(a not in b)"]),
        ("a + b", ["(a - b)"]),
        ("a += b", ["a -= b", "pass"]),
        ("a = not b", ["a = (b)"]),
        ("a = -b", ["a = (b)"]),
        ("a and b", ["(a or b)"]),
        ("a = True", ["a = (False)"]),
        ("a = 2", ["a = (3)"]),
        ("a = 0.0", ["a = (1.0)"]),
        ("a = 0.5", ["a = (1.0)"]),
        ("a if b else c", ["(c if b else a)"]),
        ("f(a)", ["pass"]),
        ("a.b = c", ["pass"]),
        ("raise ValueError(f'{a + 1} is {b}')", ["pass"]),
        ("while a:\n    break", ["while a:\n    pass"]),
        ("def f():\n    return a", ["def f():\n    return None"]),
        ("é = 'ü', a < b", ["é = 'ü', (a <= b)"]),
        ("def f(\n    a=1,\n): ...", ["def f(\n    a=(2),\n): ..."]),
    ],
)
def test_a_line_is_broken_in_each_way(source, expected):
    assert sorted(broken(source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        '"""Text of a < b."""',
        "a: int | None",
        "def f(a: list[int | None]) -> int | None: ...",
        "A: TypeAlias = int | None",
        "T = TypeVar('T', bound=int | None)",
        "if TYPE_CHECKING:\n    a = 1",
        "f'{a + 1}'",
        "from a import b",
        "def f():\n    return None",
    ],
)
def test_what_changes_no_result_is_left_alone(source):
    assert broken(source) == []


def test_lines_are_drawn_evenly_and_again_by_the_seed():
    chosen = mutants.choose(14, 3, mutants.PARTS)
    parts = [mutant.module.partition("/")[0] for mutant in chosen]
    assert {part: parts.count(part) for part in parts} == dict(
        zip(mutants.PARTS, [3, 3, 2, 2, 2, 2], strict=True)
    )
    assert len({(mutant.module, mutant.mutation.line) for mutant in chosen}) == 14
    assert mutants.choose(14, 3, mutants.PARTS) == chosen
    assert mutants.choose(14, 4, mutants.PARTS) != chosen


def test_the_tests_of_a_line_come_first_and_the_quickest_of_them():
    def ran(seconds, *lines):
        return {"seconds": seconds, "lines": {"core/a.py": list(lines)}}

    coverage = {
        "slow": ran(30, 7),
        "quick": ran(1, 7),
        "elsewhere": ran(0.5, 8),
        "long": ran(500, 8),
        "other module": {"seconds": 1, "lines": {"core/b.py": [7]}},
    }
    mutant = mutants.Mutant("core/a.py", mutations.Mutation(7, False, 0, 1, "", ""))
    assert list(mutants.batches_of_tests(coverage, mutant)) == [["quick"], ["slow", "elsewhere"]]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("click>=8.2", "click==8.2"),
        ("tensorflow>=2.21,<2.22", "tensorflow==2.21"),
        ("a[b] >= 1.0 ; python_version < '3.13'", "a[b]==1.0; python_version < '3.13'"),
    ],
)
def test_the_lowest_version_is_the_lower_bound(requirement, expected):
    assert lowest.lowest_version(requirement) == expected


def test_a_requirement_without_a_lower_bound_is_refused():
    with pytest.raises(SystemExit, match="'numpy<3' in pyproject.toml has no lower bound"):
        lowest.lowest_version("numpy<3")


def test_every_requirement_of_the_package_has_a_lower_bound():
    pins = lowest.lowest_versions(lowest.ROOT / "pyproject.toml")
    assert {pin.partition("==")[0] for pin in pins} >= {"hatchling", "numpy", "onnx", "pytest"}
