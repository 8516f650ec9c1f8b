"""The guide for contributors: each list of places to touch is complete, and each place exists."""

import ast
import functools
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (.*?)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
SOURCES = [*sorted((ROOT / "fnet").rglob("*.py")), ROOT / "fnet/__init__.pyi"]

EXAMPLES = {
    "An activation": "silu",
    "A loss": "huber",
    "A hyperparameter of the loss or its gradient": "label_smoothing",
    "An optimizer": "lion",
    "A schedule": "log_cosine",
    "A metric": "top_k_accuracy",
    "An initializer": "he_uniform",
    "A command": "sample",
}
"""An entry of each kind. Its places in the code are compared with those that the guide lists."""

NOT_OF_THE_EXAMPLE = {
    "A loss": {"OUTPUTS", "OutputName"},  # of a new link, which huber does not need
    "A metric": {"OF_PREDICTIONS"},  # top_k_accuracy takes logits
}
"""Tables that the guide lists under a condition which the example does not meet."""

USERS = {"fnet/estimators/tabular/recipe.py"}
"""Files that use an entry, as any program may, and need nothing for a new one."""

NO_TABLES = ("Tuning", "command")
"""Names in the lists that are a class and a function; all others but the entry's are tables."""

PREFIXES = ("", "validation_")
"""Prefixes of the name of an entry in a table."""


@functools.cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def names_of(node):
    """The names that a statement defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def mentions(node, example):
    """Whether a node is the entry: a string, a function, a field, an attribute or an import."""
    if isinstance(node, ast.Constant):
        return node.value in [prefix + example for prefix in PREFIXES]
    if isinstance(node, ast.AnnAssign):
        return getattr(node.target, "id", None) == example
    if isinstance(node, ast.Attribute):
        return node.attr == example
    return isinstance(node, (ast.FunctionDef, ast.alias)) and node.name == example


def occurrences(example):
    """`(tables, files)` of an entry in the package; a table is `(its name, its file)`."""
    tables, files = set(), set()
    for path in SOURCES:
        place = str(path.relative_to(ROOT))
        for statement in parsed(path).body:
            if any(mentions(node, example) for node in ast.walk(statement)):
                files.add(place)
                if isinstance(statement, (ast.Assign, ast.AnnAssign)):
                    tables |= {(name, place) for name in names_of(statement)}
    return tables, files


def listed(section, example="NAME"):
    """`(places, files)` of a section; a place is `(a name, its file)`, a file one of fnet/."""
    text = SECTIONS[section].replace("NAME", example)
    places = set(re.findall(r"`(\w+)`\s+in\s+`([\w/.]+)`", text))
    return places, set(re.findall(r"`(fnet/[\w/.]+\.pyi?)`", text))


def test_the_guide_has_an_example_of_each_kind_that_has_a_name():
    without_a_name = {
        "A field of a layer",
        "A kind of entry of params",
        "A step of the encoder of tables",
    }
    assert set(SECTIONS) == set(EXAMPLES) | without_a_name
    for section, example in EXAMPLES.items():
        assert f'As "{example}".' in SECTIONS[section]


@pytest.mark.parametrize("section", EXAMPLES)
def test_the_guide_lists_every_place_of_an_entry(section):
    example = EXAMPLES[section]
    tables, files = occurrences(example)
    places, listed_files = listed(section, example)
    skipped = {place for place in places if place[0] in NOT_OF_THE_EXAMPLE.get(section, ())}
    kept = places - skipped
    assert tables == {place for place in kept if place[0] not in (example, *NO_TABLES)}
    files_of_skipped = {path for _, path in skipped} - {path for _, path in kept}
    assert files - USERS == listed_files - files_of_skipped


@pytest.mark.parametrize("section", SECTIONS)
def test_every_place_is_defined_where_the_guide_says(section):
    for name, path in listed(section, EXAMPLES.get(section, "NAME"))[0]:
        defined = set().union(*(names_of(node) for node in ast.walk(parsed(ROOT / path))))
        assert name in defined, f"{name} in {path}"


@pytest.mark.parametrize("section", EXAMPLES)
def test_the_tests_that_the_guide_names_know_the_entry(section):
    files = re.findall(r"`(tests/\w+\.py)`", SECTIONS[section])
    assert files
    for path in files:
        assert re.search(rf"\b{EXAMPLES[section]}\b", (ROOT / path).read_text()), path


def test_every_path_exists():
    paths = set(re.findall(r"`((?:\.github|fnet|scripts|tests)/[\w/.]*)`", TEXT)) - {
        "fnet/cli/NAME.py"
    }
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), path


def test_the_commands_name_extras_and_marks_that_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for extra in re.findall(r'"\.\[(\w+)\]"', TEXT):
        assert extra in project["project"]["optional-dependencies"]
    marks = project["tool"]["pytest"]["ini_options"]["markers"]
    for mark in re.findall(r"pytest -m (\w+)", TEXT):
        assert any(line.startswith(f"{mark}:") for line in marks)
