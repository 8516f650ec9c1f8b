"""The rooms of the house: who imports whom, what the door shows, and what a plain import costs."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import fnet
from fnet import (
    activations,
    checks,
    losses,
    measures,
    metrics,
    network,
    optimizers,
    reference,
    schedules,
    starts,
)

HOUSE = Path(fnet.__file__).parent
FLOORS = {
    "ground": {
        *("batches", "checks", "classes", "datasets", "driving", "errors", "lbfgs", "measures"),
        *("network", "philox", "progress", "runs", "scaling", "tuning"),
    },
    "twin": {"reference"},
    "engine": {
        *("activations", "draws", "dropout", "functions", "layout", "losses", "metrics"),
        *("minimizing", "optimizers", "penalties", "pipelines", "program", "rules", "schedules"),
        *("starts", "tensors", "training"),
    },
    "edge": {
        *("__main__", "cli", "digits", "engines", "estimators", "evaluation", "exports", "files"),
        *("plots", "quiet", "reports", "tables"),
    },
    "door": {"__init__"},
}
BELOW = {
    "ground": {"ground"},
    "twin": {"ground", "twin"},
    "engine": {"ground", "engine"},
    "edge": {"ground", "twin", "engine", "edge", "door"},
    "door": set(),
}
PACKAGES = {
    "ground": {"numpy"},
    "twin": {"numpy"},
    "engine": {"numpy", "tensorflow"},
    "edge": {
        *("click", "jinja2", "matplotlib", "numpy", "onnx", "pyarrow", "safetensors", "scipy"),
        *("sklearn", "tensorflow"),
    },
    "door": set(),
}
INSIDE = {  # imported only where they are used
    "batches": {"tensorflow"},
    "datasets": {"pandas", "sklearn"},
    "lbfgs": {"scipy"},
    "progress": {"tqdm"},
    "quiet": {"tensorflow"},
}
FILES = sorted(HOUSE.rglob("*.py"))


def room_of(path):
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def floor_of(room):
    return next(floor for floor, rooms in FLOORS.items() if room in rooms)


def imports(path):
    """`(module, at the top)` of all that a file imports, with `fnet.x` for a room x."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module
            names = [f"fnet.{a.name}" for a in node.names] if module == "fnet" else [module]
        else:
            continue
        for name in names:
            yield name, node in tree.body


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_room_imports_its_own_floor_and_those_below(path):
    room = room_of(path)
    floor = floor_of(room)
    for name, top in imports(path):
        package, *rest = name.split(".")
        if package == "fnet":
            assert floor_of(rest[0] if rest else "__init__") in BELOW[floor], (
                f"{room} must not import {name}"
            )
        elif package not in sys.stdlib_module_names:
            allowed = PACKAGES[floor] if top else PACKAGES[floor] | INSIDE.get(room, set())
            assert package in allowed, f"{room} must not import {name} here"


def test_every_room_stands_on_a_floor():
    rooms = {room_of(path) for path in FILES}
    assert rooms == set().union(*FLOORS.values())


def test_rooms_import_each_other_in_no_circle():
    graph = {}
    for path in FILES:
        found = {name.split(".")[1] for name, _ in imports(path) if name.startswith("fnet.")}
        graph.setdefault(room_of(path), set()).update(found - {room_of(path)})
    while free := {room for room, needs in graph.items() if not needs & set(graph)}:
        graph = {room: needs for room, needs in graph.items() if room not in free}
    assert graph == {}


def test_each_room_of_the_twin_has_its_like_in_the_engine():
    rooms = {path.stem for path in (HOUSE / "reference").glob("*.py")} - {"__init__"}
    assert rooms <= FLOORS["engine"]


def test_both_sides_have_one_set_of_names_and_signatures():
    both = set(reference.__all__)
    ours_alone = {"datasets", "pipeline", "plots", "reference"}
    ours_alone |= {"MLPClassifier", "MLPRegressor"}
    ours_alone |= {"FormatError", "checkpoint", "export", "load", "save"}
    assert both == set(fnet.__all__) - ours_alone
    pairs = {name: (getattr(fnet, name), getattr(reference, name)) for name in both}
    pairs |= {
        name: (getattr(fnet.schedules, name), getattr(reference.schedules, name))
        for name in fnet.schedules.RULES
    }
    for name, (ours, theirs) in pairs.items():
        if inspect.isfunction(theirs):
            assert inspect.signature(ours) == inspect.signature(theirs), name


def public(module):
    """The functions that a module has for its users, by name."""
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
    }


def test_both_sides_have_one_set_of_metrics():
    ours, theirs = public(metrics), public(reference.metrics)
    assert list(ours) == list(theirs)
    for name, function in ours.items():
        assert inspect.signature(function) == inspect.signature(theirs[name]), name
        assert inspect.getdoc(function), name
        assert inspect.getdoc(theirs[name]), name
    assert fnet.metrics.accuracy is fnet.accuracy
    assert reference.metrics.accuracy is reference.accuracy


@pytest.mark.parametrize(
    ("names", "tables"),
    [
        (network.ACTIVATIONS, (activations.ACTIVATIONS, reference.activations.ACTIVATIONS)),
        (network.LOSSES, (losses.LOSSES, reference.losses.LOSSES)),
        (network.SCHEMES, (starts.SCHEMES, reference.starts.SCHEMES)),
        (optimizers.RULES, (reference.optimizers.RULES,)),
        (measures.METRICS, (metrics.METRICS, reference.metrics.METRICS)),
        *(
            (names, (metrics.METRICS[kind], reference.metrics.METRICS[kind]))
            for kind, names in measures.METRICS.items()
        ),
        (checks.schedules.KINDS, (schedules.RULES, reference.schedules.RULES)),
    ],
)
def test_the_tables_of_both_sides_have_the_same_names(names, tables):
    for table in tables:
        assert list(table) == list(names)


def test_the_stub_shows_what_the_door_shows():
    stub = ast.parse((HOUSE / "__init__.pyi").read_text(encoding="utf-8"))
    homes = {
        alias.name: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(homes) == fnet.__all__
    for name, home in homes.items():
        assert getattr(fnet, name) is getattr(__import__(home, fromlist=[name]), name)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'forwards'"):
        _ = fnet.forwards
    assert set(fnet.__all__) <= set(dir(fnet))


def test_public_functions_have_docstrings():
    for room, names in ((fnet, fnet.__all__), (fnet.schedules, fnet.schedules.RULES)):
        for name in names:
            assert inspect.getdoc(getattr(room, name)), name


def new_process(code):
    """What this code prints as JSON, in a process of its own."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_twin_trains_without_any_engine():
    """Nothing but NumPy and tqdm is loaded by the twin, and nothing at all by the door."""
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


def test_quiet_import_says_nothing():
    found = new_process(
        "import json, os\n"
        "os.environ.pop('TF_CPP_MIN_LOG_LEVEL', None)\n"
        "from fnet import quiet\n"
        "tf = quiet.tensorflow()\n"
        "double = tf.function(lambda x: 2 * x, jit_compile=True)\n"
        "print(json.dumps(float(double(tf.constant(2.0)))))\n"
    )
    assert found == 4
