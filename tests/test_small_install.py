"""Where only numpy, safetensors, click and pyarrow are installed: what works, and what is missing.

Other packages are kept from being imported in a process of its own; a slow test makes the
environment.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import HANG_SECONDS

import fnet
from fnet.core import packages

ROOT = Path(fnet.__file__).parents[1]
PACKAGES = ("numpy", "safetensors", "click", "pyarrow")
MAX_MEGABYTES = 300

BLOCKED = """
import sys

OTHERS = "dateutil jinja2 joblib matplotlib onnx pandas scipy sklearn tensorflow".split()
OTHERS += "threadpoolctl tqdm".split()

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in OTHERS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""

WORKS = """
import contextlib, io, json, sys
import fnet
from fnet import cli

rows = [{"size": 1.5, "town": "Bonn"}, {"size": None, "town": "Nowhere"}]
found = {}
for name in ("numbers", "classes"):
    model = fnet.load(f"{name}.fnet")
    found[name] = [model.predict(rows).tolist(), model.predict_std(rows).tolist()]
found["interval"] = fnet.load("numbers.fnet").predict_interval(rows).tolist()
for name, line in json.loads(sys.stdin.read()).items():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert cli.main(line.split()) == 0, line
    found[name] = out.getvalue()
print(json.dumps(found))
"""

COMMANDS = {
    "csv": "predict numbers.fnet table.csv --interval 0.9 --std --keep town",
    "json": "predict classes.fnet table.csv --probabilities --set 0.9 --json",
    "file": "predict classes.fnet table.csv --out found.parquet",
    "parquet": "predict numbers.fnet table.parquet",
    "describe": "describe numbers.fnet",
    "describe as json": "describe classes.fnet --json",
    "card": "describe classes.fnet --markdown",
    "inspect": "inspect table.csv",
}

MISSING = {
    "train": ("cli.main(['train', 'table.csv', '--target', 'town', '--out', 'x.fnet'])", "sklearn"),
    "evaluate": ("cli.main('evaluate classes.fnet table.csv --target town'.split())", "sklearn"),
    "onnx": ("cli.main(['export', 'classes.fnet', '--out', 'x.onnx'])", "onnx"),
    "tflite": ("cli.main(['export', 'classes.fnet', '--out', 'x.tflite'])", "tensorflow"),
    "sample": ("cli.main(['sample', 'iris', '--out', 'x.csv'])", "sklearn"),
    "an estimator": ("fnet.TabularClassifier", "sklearn"),
    "an encoder": ("fnet.TableEncoder", "sklearn"),
    "a function": ("fnet.train", "tensorflow"),
    "plots": ("fnet.plots", "matplotlib"),
    "data": ("fnet.datasets.load_digits()", "sklearn"),
    "a CSV": ("fnet.datasets.load_course('table.csv')", "pandas"),
    "an export": ("fnet.export('x.onnx', fnet.load('classes.fnet'))", "onnx"),
    "a loaded estimator": ("fnet.load('classes.fnet').estimator()", "sklearn"),
}
"""What needs a package that is not installed."""


def run_python(code, folder, given="", python=sys.executable):
    env = {**os.environ, "PYTHONPATH": str(ROOT) if python == sys.executable else ""}
    done = subprocess.run(
        [python, "-c", code],
        input=given,
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table and two models of it."""
    found, rng = tmp_path_factory.mktemp("small"), np.random.default_rng(0)
    table = {"size": rng.normal(size=60).tolist(), "town": ["Aachen", "Bonn", "Celle"] * 20}
    options = {"cv": 3, "epochs": 2, "hidden": (4,), "engine": "numpy"}
    y = np.array(table["size"])
    fnet.save(found / "numbers.fnet", fnet.TabularRegressor(**options).fit(table, y))
    kinds = np.where(y > 0, "big", "small")
    fnet.save(found / "classes.fnet", fnet.TabularClassifier(**options).fit(table, kinds))
    import pandas as pd

    pd.DataFrame(table).to_csv(found / "table.csv", index=False)
    pd.DataFrame(table).to_parquet(found / "table.parquet")
    return found


def check_what_works(found, folder):
    rows = [{"size": 1.5, "town": "Bonn"}, {"size": None, "town": "Nowhere"}]
    model = fnet.load(folder / "numbers.fnet")
    np.testing.assert_allclose(found["numbers"], [model.predict(rows), model.predict_std(rows)])
    np.testing.assert_allclose(found["interval"], model.predict_interval(rows))
    assert found["classes"][0] == fnet.load(folder / "classes.fnet").predict(rows).tolist()
    assert found["csv"].splitlines()[0] == "town,prediction,lower,upper,std"
    assert len(found["csv"].splitlines()) == len(found["parquet"].splitlines()) == 61
    assert json.loads(found["json"].splitlines()[0])["prediction"] in ("big", "small")
    assert "cv_score" in found["describe"]
    assert json.loads(found["describe as json"])["classes"] == ["big", "small"]


def test_files_are_read_described_and_predict(folder):
    found = json.loads(run_python(BLOCKED + WORKS, folder, json.dumps(COMMANDS)))
    check_what_works(found, folder)


def test_what_is_missing_is_named_with_the_line_that_installs_it(folder):
    code = [BLOCKED, "import contextlib, io, json", "import fnet", "from fnet import cli"]
    code.append("found = {}")
    for name, (call, _) in MISSING.items():
        code.append(
            f"with contextlib.redirect_stderr(io.StringIO()) as err:\n"
            f"    try:\n"
            f"        found[{name!r}] = [{call}, '']\n"
            f"    except ImportError as error:\n"
            f"        found[{name!r}] = [type(error).__name__, str(error)]\n"
            f"found[{name!r}][1] += err.getvalue()"
        )
    code.append("print(json.dumps(found))")
    found = json.loads(run_python("\n".join(code), folder))
    for name, (call, package) in MISSING.items():
        result, message = found[name]
        installed = '"fnet[onnx]"' if package == "onnx" else "fnet"
        assert result == (3 if call.startswith("cli") else "MissingPackage"), name
        assert (
            f"this needs the package {package}, which is not installed: run pip install {installed}"
        ) in message, name


def test_other_missing_modules_are_not_explained():
    with (
        pytest.raises(ModuleNotFoundError, match="^No module named 'of_a_user'$") as caught,
        packages.naming_what_is_missing(),
    ):
        raise ModuleNotFoundError("No module named 'of_a_user'", name="of_a_user")
    assert type(caught.value) is ModuleNotFoundError


def test_every_dependency_has_a_line_that_installs_it():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {line.split(">")[0].split("!")[0] for line in project["dependencies"]}
    modules = {name.replace("scikit-learn", "sklearn") for name in names}
    assert {name for name, by in packages.INSTALLED_BY.items() if by == "fnet"} == modules
    assert [*project["optional-dependencies"]][0] == "onnx"


@pytest.mark.slow
def test_an_environment_of_four_packages(folder, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps"]
    env = {**os.environ, "PYTHONPATH": ""}
    subprocess.run([*pip, *PACKAGES, str(ROOT)], check=True, env=env, timeout=HANG_SECONDS)
    files = [path.lstat().st_size for path in (tmp_path / "venv").rglob("*")]
    assert sum(files) < MAX_MEGABYTES * 2**20
    found = json.loads(run_python(WORKS, folder, json.dumps(COMMANDS), python))
    check_what_works(found, folder)
