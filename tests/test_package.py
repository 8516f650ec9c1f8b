"""The package as a whole: which layer imports which, the public API, and what an import costs."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import fnet
from fnet import reference
from fnet.core import metric_names, network, schedules
from fnet.core.optimizers import MOMENTS
from fnet.engine import activations, initializers, learning_rates, losses, metrics, update_rules

PACKAGE = Path(fnet.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS = {
    "core": {"core"},
    "reference": {"core", "reference"},
    "engine": {"core", "engine"},
    "encoding": {"core", "encoding"},
}
"""The folders of `fnet` that each of these may import; any other part may import all of it."""

PACKAGES = {
    "core": {"numpy"},
    "reference": {"numpy"},
    "engine": {"numpy", "tensorflow"},
    "encoding": {"numpy"},
}
"""What each may import at the top of a file, besides the standard library."""

AT_THE_TOP = {
    "encoding/sklearn_api.py": {"sklearn"},
}
"""What a file may import at its top, beside those."""

INSIDE = {
    "core/blas_threads.py": {"threadpoolctl"},
    "core/lbfgs.py": {"scipy"},
    "core/progress_bar.py": {"tqdm"},
}
"""What a file may import inside its functions."""


def imports(path):
    """`(module, at the top)` of everything that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module, node in tree.body
            yield from ((f"{node.module}.{alias.name}", node in tree.body) for alias in node.names)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_itself_and_core(layer):
    for path in (PACKAGE / layer).rglob("*.py"):
        for name, top in imports(path):
            package, *rest = name.split(".")
            if package == "fnet":
                assert not rest or rest[0] in LAYERS[layer], f"{path} imports {name}"
            elif package not in sys.stdlib_module_names:
                inside = (AT_THE_TOP if top else INSIDE).get(
                    path.relative_to(PACKAGE).as_posix(), set()
                )
                assert package in PACKAGES[layer] | inside, f"{path} imports {name}"


def test_there_are_no_circular_imports():
    """Between the entries of `fnet/`; imports inside functions count too."""
    graph = {}
    for path in FILES:
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found = {name.split(".")[1] for name, _ in imports(path) if name.startswith("fnet.")}
        graph.setdefault(part, set()).update(found - {part})
    while free := {part for part, needs in graph.items() if not needs & set(graph)}:
        graph = {part: needs for part, needs in graph.items() if part not in free}
    assert graph == {}


def test_each_file_of_the_twin_has_its_namesake_in_the_engine():
    twin, engine = (
        {p.name for p in (PACKAGE / side).glob("*.py")} for side in ("reference", "engine")
    )
    assert twin - engine == {"trace_text.py", "tracing.py"}  # of `trace`


def test_the_package_has_few_entries():
    assert len([p for p in PACKAGE.iterdir() if p.name != "__pycache__"]) <= 20


def test_both_sides_have_one_set_of_names_and_signatures():
    theirs_alone = {"trace"}
    both = set(reference.__all__) - theirs_alone
    ours_alone = {"clear_cache", "datasets", "distributed", "pipeline", "plots", "reference"}
    ours_alone |= {"MLPClassifier", "MLPRegressor", "TableEncoder"}
    ours_alone |= {"table_dataset"}
    ours_alone |= {"TabularClassifier", "TabularRegressor"}
    ours_alone |= {"GridSearchCV", "RandomizedSearchCV"}
    ours_alone |= {"FormatError", "checkpoint", "export", "load", "save"}
    assert both == set(fnet.__all__) - ours_alone
    assert not theirs_alone & set(fnet.__all__)
    pairs = {name: (getattr(fnet, name), getattr(reference, name)) for name in both}
    assert fnet.schedules is reference.schedules
    for name, (ours, theirs) in pairs.items():
        if inspect.isfunction(theirs) and ours is not theirs:
            parameters = [inspect.signature(side).parameters for side in (ours, theirs)]
            assert parameters[0] == parameters[1], name
            assert inspect.getdoc(ours) == inspect.getdoc(theirs), name


def public(module):
    """The public functions of a module, by name."""
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
    }


def test_both_sides_have_one_set_of_metrics():
    ours, theirs = public(metrics), public(reference.metrics)
    assert list(ours) == list(theirs)
    for name, function in ours.items():
        parameters = [inspect.signature(side).parameters for side in (function, theirs[name])]
        assert parameters[0] == parameters[1], name
        assert inspect.getdoc(function), name
        assert inspect.getdoc(function) == inspect.getdoc(theirs[name]), name
    assert fnet.metrics.accuracy is fnet.accuracy
    assert reference.metrics.accuracy is reference.accuracy


@pytest.mark.parametrize(
    ("names", "tables"),
    [
        (network.ACTIVATIONS, (activations.ACTIVATIONS, reference.activations.ACTIVATIONS)),
        (network.LOSSES, (losses.LOSSES, reference.losses.LOSSES)),
        (network.SCHEMES, (initializers.SCHEMES, reference.initializers.SCHEMES)),
        (
            MOMENTS,
            (
                update_rules.RULES,
                reference.update_rules.RULES,
            ),
        ),
        (metric_names.METRICS, (metrics.METRICS, reference.metrics.METRICS)),
        *(
            (names, (metrics.METRICS[kind], reference.metrics.METRICS[kind]))
            for kind, names in metric_names.METRICS.items()
        ),
        (schedules.KINDS, (learning_rates.RULES, reference.learning_rates.RULES)),
    ],
)
def test_the_tables_of_both_sides_have_the_same_names(names, tables):
    for table in tables:
        assert list(table) == list(names)


def test_the_stub_shows_the_public_api():
    """What both engines implement is shown by its signature, which has the docstring."""
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    homes = {
        alias.name: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(homes) == fnet.__all__
    for name, home in homes.items():
        shown, real = getattr(__import__(home, fromlist=[name]), name), getattr(fnet, name)
        if home.startswith("fnet.core.signatures"):
            assert inspect.getdoc(shown) == inspect.getdoc(real) or inspect.ismodule(real), name
        else:
            assert shown is real, name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'forwards'"):
        _ = fnet.forwards
    assert set(fnet.__all__) <= set(dir(fnet))


def test_public_functions_have_docstrings():
    for module, names in ((fnet, fnet.__all__), (fnet.schedules, fnet.schedules.KINDS)):
        for name in names:
            assert inspect.getdoc(getattr(module, name)), name


def new_process(code):
    """The JSON that this code prints in a new process."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_twin_trains_without_tensorflow():
    """The twin loads only NumPy and tqdm, and `import fnet` loads neither."""
    loaded = new_process(
        "import json, sys\n"
        "heavy = 'tensorflow', 'keras', 'sklearn', 'pandas', 'matplotlib', 'scipy'\n"
        "here = lambda: [name for name in heavy if name in sys.modules]\n"
        "import fnet\n"
        "after_import = ['numpy'] * ('numpy' in sys.modules) + here()\n"
        "from fnet import reference\n"
        "net = fnet.Network((2, 3))\n"
        "plan = fnet.kfold_plan(4, 2, 3, seed=0)\n"
        "run = reference.train(net, reference.adam(0.1), reference.init_params(net, 0),\n"
        "    [[0, 1], [2, 3], [4, 5], [6, 7]], [0, 1, 2, 0], plan)\n"
        "reference.predict(net, run.params, [[1, 2]])\n"
        "print(json.dumps([after_import, here()]))\n"
    )
    assert loaded == [[], []]


def test_importing_tensorflow_prints_nothing():
    found = new_process(
        "import json, os\n"
        "os.environ.pop('TF_CPP_MIN_LOG_LEVEL', None)\n"
        "from fnet import backends\n"
        "tf = backends.import_tensorflow()\n"
        "double = tf.function(lambda x: 2 * x, jit_compile=True)\n"
        "print(json.dumps(float(double(tf.constant(2.0)))))\n"
    )
    assert found == 4
