"""The names in the code are the field's; functions have few arguments and, if long, docstrings."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

_OLD = (
    # Public names.
    "Progress State Minimum hook hooks watch reduce_rate reduce_to labelled truth_and_prediction "
    # Modules.
    "driving starts draws minimizing engines quiet storing facts lite "
    # Internal names.
    "slopes admitted tuned opened as_written at_right padded weighed passed _work_off work_off "
    "closely _spoilt _good _close _stayed _pays Form form Watch watching made _again _ready "
    "planned pieces drive DEAR SAVED ROOM FIRST ENTRIES LOOKED_AT START STEP OPERATION USER "
    "STRAIGHT WANING NOTHING whole flag one_each chances estimates Perceptron Exchange going "
    "_learn _parts _held _take _outputs learnt "
    # Prose: modules, layers, the package.
    "room rooms floors door house "
    # Participles in place of a noun.
    "said told held taken"
)
OLD_NAMES = set(_OLD.split())
"""Names that the code must not have: each has a better one in the vocabulary of the field.

Names with a meaning of their own are left out: n (an argument of `kfold_plan`, and a count in a
formula), step, at, like, graph, classes, numbers, words (of Philox), parts, program, rules, runs,
measures, values, curves, pictures, container, contents, disk, machine, plain, given (of
Hypothesis), inside, absent, beside, closed (of an interval), shared, shares, prediction, cost,
added, clipped, factors, changes, begin, ready, piecewise, first_layer, exchange and scales.
"""

ALLOWED = {
    "fnet/engine/functions.py": {"watch"},  # of tf.GradientTape
    "fnet/exports/tflite.py": {"lite"},  # tf.lite
    "scripts/line_coverage.py": {"passed"},  # of a report of pytest
    "scripts/notes/02_tensorflow_tape.py": {"watch"},  # of tf.GradientTape
    "tests/test_estimators_bad_input.py": {"hook"},  # a wrong keyword
    "tests/typing/wrong_calls.py": {"hook", "Progress"},  # wrong calls
}
"""By file: names of other libraries, and wrong names that a test uses on purpose."""

MAX_ARGUMENTS = 8
"""The most arguments of a function that is not public; more belong into a NamedTuple."""

PUBLIC_WITH_MORE = {
    ("fnet/core/signatures/cross_validation.py", "cross_validate"),
    ("fnet/core/signatures/training.py", "train"),
    ("fnet/core/signatures/training.py", "minimize_lbfgs"),
    ("fnet/encoding/transformer.py", "__init__"),
    ("fnet/estimators/classifier.py", "__init__"),
    ("fnet/estimators/classifier.py", "partial_fit"),
    ("fnet/estimators/regressor.py", "__init__"),
    ("fnet/estimators/tabular/classifier.py", "__init__"),
    ("fnet/estimators/tabular/regressor.py", "__init__"),
    ("fnet/search/searches.py", "__init__"),
    ("fnet/streams/dataset.py", "table_dataset"),
}
"""Public functions whose users give keywords."""

MAX_LINES_WITHOUT_DOCSTRING = 60
"""The most lines of a function without a docstring."""


def trees(*folders):
    """`(path, tree)` of each file in these folders."""
    for folder in folders or ("fnet", "scripts", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def identifiers(tree):
    """`(name, line)` of each function, class, argument, variable, attribute, keyword and module."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.keyword(arg=str(name)):
                yield name, node.value.lineno
            case ast.alias(name=name, asname=alias):
                yield name.split(".")[-1], node.lineno
                if alias:
                    yield alias, node.lineno


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def test_no_identifier_is_an_old_name():
    left = [
        f"{path}:{line}: {name}"
        for path, tree in trees()
        for name, line in identifiers(tree)
        if name in OLD_NAMES - ALLOWED.get(path, set())
    ]
    assert left == []


def test_each_allowed_name_occurs():
    for path, names in ALLOWED.items():
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert names <= {name for name, _ in identifiers(tree)}, path


def test_no_module_has_an_old_name_or_one_of_the_standard_library():
    modules = {path.stem for path in (ROOT / "fnet").rglob("*.py")} - {"__init__", "__main__"}
    old = {"program", "rules", "runs", "measures", "progress", "classes", "words"}
    assert modules & (OLD_NAMES | old) == set()
    assert modules & set(sys.stdlib_module_names) == set()


def test_functions_have_at_most_eight_arguments():
    many = {}
    for path, tree in trees("fnet", "scripts"):
        for function in functions(tree):
            arguments = function.args
            count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
            if count > MAX_ARGUMENTS:
                many[path, function.name] = count
    assert set(many) == PUBLIC_WITH_MORE, many


def test_long_functions_have_docstrings():
    long = [
        f"{path}:{function.lineno}: {function.name}"
        for path, tree in trees("fnet", "scripts")
        for function in functions(tree)
        if function.end_lineno - function.lineno >= MAX_LINES_WITHOUT_DOCSTRING
        and not ast.get_docstring(function)
    ]
    assert long == []
