"""The command line: its results are the library's, and its examples run as printed."""

import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from processes import HANG_SECONDS
from sklearn import datasets, metrics
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

import fnet
from fnet import cli, exports
from fnet.cli import digits, options, sample
from fnet.estimators.tabular import base

ROOT = Path(__file__).parents[1]


def run_ok(shell, line, stdin=b""):
    """The output of a command that must succeed."""
    code, out, err = shell(line, stdin)
    assert code == 0, err
    return out


def run_json(shell, line):
    return json.loads(run_ok(shell, line + " --json"))


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


# Help.


def help_texts():
    """`(command, help)`, the group's own first."""
    group = cli.commands
    yield "fnet", group.help
    for name in cli.COMMANDS:
        yield name, group.get_command(None, name).help


EXAMPLES = {name: re.findall(r"^ *\$ (.+)$", text, re.MULTILINE) for name, text in help_texts()}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_in_the_help_run_as_printed(shell, monkeypatch, name):
    make_recipe = base.make_recipe

    def briefly(rows, hidden=None, epochs=None, *checked):
        return make_recipe(rows, hidden, epochs or 4, *checked)

    monkeypatch.setattr(base, "make_recipe", briefly)
    assert EXAMPLES[name]
    for line in EXAMPLES[name]:
        source, piped, command = line.rpartition(" | ")
        stdin = Path(source.removeprefix("cat ")).read_bytes() if piped else b""
        assert source in ("", "cat iris.csv")
        run_ok(shell, command, stdin)
        for path in re.findall(r"--(?:out|report|picture|checkpoint) (\S+)", command):
            assert Path(path).exists(), path


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_has_a_line_for_each_option(shell, name):
    line = "fnet --help" if name == "fnet" else f"fnet {name} -h"
    found = run_ok(shell, line)
    assert found.startswith("Usage: fnet")
    command = cli.commands if name == "fnet" else cli.commands.get_command(None, name)
    for parameter in command.params:
        for option in parameter.opts:
            assert option.lstrip("-").upper() in found.upper()
    assert max(map(len, found.splitlines())) <= 100


def test_the_installed_command_is_this_one():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"fnet": "fnet.cli:main"}
    assert list(cli.commands.list_commands(None)) == list(cli.COMMANDS)


def test_without_a_command_it_prints_the_help(shell):
    code, out, err = shell("fnet")
    assert (code, out) == (2, "")
    assert err.startswith("Usage: fnet [OPTIONS] COMMAND")


def test_version(shell):
    assert run_ok(shell, "fnet --version") == f"fnet {fnet.__version__}\n"


# Training.


def estimator(path):
    """The estimator behind the encoder in a file."""
    return fnet.load(path).estimator()[-1]


def hold_out(x, y, seed=0, fraction=0.2):
    """The split of `fnet train`, by scikit-learn's own function."""
    strata = None if y.dtype.kind == "f" else y
    count = int(np.ceil(fraction * len(x)))
    return train_test_split(x, y, test_size=count, stratify=strata, random_state=seed)


def test_a_classifier_is_the_estimator_fitted_on_the_training_rows(shell):
    arguments = "--hidden 9,5 --epochs 30 --batch-size 40 --learning-rate 0.01 --l2 0.1 --seed 3"
    arguments += " --patience 0"
    output = run_json(shell, f"fnet train iris.csv --target species --out new.fnet {arguments}")
    x, labels = datasets.load_iris(return_X_y=True)
    y = datasets.load_iris().target_names[labels]
    x, x_held, y, y_held = hold_out(x, y, seed=3)
    settings = {"max_iter": 30, "batch_size": 40, "learning_rate_init": 0.01, "alpha": 0.1}
    other = make_pipeline(
        fnet.TableEncoder(),
        fnet.MLPClassifier((9, 5), random_state=3, n_iter_no_change=np.inf, **settings),
    )
    with pytest.warns(match="Maximum iterations"):
        other.fit(x, y)
    model = fnet.load("new.fnet")
    np.testing.assert_array_equal(model.predict_proba(x_held), other.predict_proba(x_held))
    assert model.classes.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.features == tuple(datasets.load_iris().feature_names)
    score = metrics.accuracy_score(y_held, other.predict(x_held))
    assert output["scores"] == {"accuracy": score}
    assert estimator("new.fnet").validation_scores_[-1] == score
    assert (output["rows"], output["validation_rows"], output["epochs"]) == (120, 30, 30)
    assert output["sizes"] == [4, 9, 5, 3]
    assert [type(step) for step in model.estimator()] == [fnet.TableEncoder, fnet.MLPClassifier]


def test_a_regressor_is_the_estimator_with_its_target_standardized(shell):
    output = run_json(
        shell,
        "fnet train diabetes.csv --target progression --out new.fnet --epochs 20 --patience 0",
    )
    x, x_held, y, y_held = hold_out(*datasets.load_diabetes(return_X_y=True))
    settings = {"random_state": 0, "max_iter": 20, "n_iter_no_change": np.inf}
    other = make_pipeline(fnet.TableEncoder(), fnet.MLPRegressor(standardize="target", **settings))
    with pytest.warns(match="Maximum iterations"):
        other.fit(x, y)
    predicted = fnet.load("new.fnet").predict(x_held)
    np.testing.assert_array_equal(predicted, other.predict(x_held))
    assert output["task"] == "regressor"
    assert output["scores"]["r2"] == pytest.approx(metrics.r2_score(y_held, predicted))
    off = np.abs(predicted - y_held).mean()
    assert output["scores"]["mean_absolute_error"] == pytest.approx(off)


@pytest.mark.parametrize(
    ("cells", "arguments", "task", "classes"),
    [
        (["a", "b"], "", "classifier", ["a", "b"]),
        (["0", "1"], "", "classifier", [0, 1]),
        (["2.0", "1.0"], "", "classifier", [1, 2]),
        (["True", "False"], "", "classifier", ["False", "True"]),
        (["0.5", "1.5"], "", "regressor", None),
        (["0", "1"], "--task regressor", "regressor", None),
        ([str(i) for i in range(20)], "", "classifier", list(range(20))),
        ([str(i) for i in range(21)], "", "regressor", None),
        ([str(i) for i in range(21)], "--task classifier", "classifier", list(range(21))),
        (["9007199254740994", "0"], "", "regressor", None),
    ],
)
def test_the_target_decides_the_task(shell, cells, arguments, task, classes):
    lines = [f"{i},{cell}" for i, cell in enumerate(cells * 3)]
    Path("t.csv").write_text("a,y\n" + "\n".join(lines) + "\n")
    line = f"fnet train t.csv --target y --out t.fnet --epochs 1 --validation 0.34 {arguments}"
    output = run_json(shell, line)
    assert (output["task"], output["classes"]) == (task, classes)


def test_options_reach_the_estimator(shell):
    run_ok(
        shell,
        "fnet train iris.csv --target species --out new.fnet --hidden none --activation tanh "
        "--dropout 0.25 --patience 7 --no-standardize --engine numpy --class-weight setosa=2 "
        "--class-weight virginica=0.5 --epochs 9 --validation 0.5 "
        "--without 'petal width (cm)' --without 'petal length (cm)'",
    )
    loaded = estimator("new.fnet")
    assert (
        loaded.get_params()
        | {
            "hidden_layer_sizes": (),
            "activation": "tanh",
            "dropout": 0.25,
            "early_stopping": "loss",
            "n_iter_no_change": 7,
            "standardize": False,
            "class_weight": {"setosa": 2.0, "virginica": 0.5},
            "max_iter": 9,
            "engine": "numpy",
        }
        == loaded.get_params()
    )
    assert fnet.load("new.fnet").features == ("sepal length (cm)", "sepal width (cm)")
    assert fnet.load("new.fnet").scaling is None


def test_validation_0_holds_out_no_rows(shell):
    output = run_json(
        shell, "fnet train iris.csv --target species --out new.fnet --validation 0 --epochs 2"
    )
    assert (output["rows"], output["validation_rows"], output["scores"]) == (150, 0, {})


def test_patience_0_trains_all_epochs(shell):
    line = "fnet train iris.csv --target species --out new.fnet --epochs 30 --learning-rate 1e-9"
    output = run_json(shell, line + " --patience 0")
    assert (output["epochs"], output["best_epoch"]) == (30, None)
    assert estimator("new.fnet").early_stopping is False


def test_the_slightest_lower_loss_is_an_improvement(shell):
    line = "fnet train iris.csv --target species --out new.fnet --epochs 60 --learning-rate 1e-6"
    assert run_json(shell, line)["epochs"] == 60
    losses = estimator("new.fnet").validation_loss_curve_
    assert (np.diff(losses) < 0).all()


def test_training_stops_early_by_default_and_keeps_the_best_epoch(shell):
    """On 40 rows and 30 features, most of them noise, the validation loss soon rises again."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(40, 30)), columns=[f"x{i}" for i in range(30)])
    table["y"] = table["x0"] + 0.1 * rng.normal(size=40)
    table.to_csv("noise.csv", index=False)
    line = "fnet train noise.csv --target y --out new.fnet --learning-rate 0.01"
    all_epochs = run_json(shell, line + " --patience 0")
    losses = estimator("new.fnet").validation_loss_curve_
    best = int(np.argmin(losses)) + 1
    assert best < 100
    output = run_json(shell, line)
    assert output["best_epoch"] == best
    assert best + options.DEFAULT_PATIENCE <= output["epochs"] < 200 == all_epochs["epochs"]
    assert output["scores"]["r2"] > all_epochs["scores"]["r2"] + 0.01
    printed = run_ok(shell, line)
    assert f"for {output['epochs']} epochs by NumPy, kept epoch {best}\n" in printed
    assert "On 8 held-out rows, which chose the epoch too: R²" in printed
    assert run_json(shell, line + " --validation 0 --epochs 3")["best_epoch"] is None


def test_patience_stops_early_and_keeps_the_best_epoch(shell):
    line = "fnet train diabetes.csv --target progression --out new.fnet --patience 3 --epochs 900"
    done = run_json(shell, line + " --learning-rate 0.01")["epochs"]
    losses = estimator("new.fnet").validation_loss_curve_
    assert 4 <= done == len(losses) < 900
    assert np.argmin(losses) == done - 1 - 4


def test_the_same_command_writes_the_same_bytes_in_another_process(shell):
    line = "fnet train iris.csv --target species --out new.fnet --epochs 3"
    run_ok(shell, line)
    first = Path("new.fnet").read_bytes()
    command = [sys.executable, "-m", *shlex.split(line)]
    subprocess.run(command, check=True, capture_output=True)
    assert Path("new.fnet").read_bytes() == first


def test_parquet_trains_the_same_model(shell):
    pd.read_csv("iris.csv").to_parquet("iris.parquet")
    models = []
    for name in ("iris.csv", "iris.parquet"):
        run_ok(shell, f"fnet train {name} --target species --out new.fnet --epochs 3")
        models.append(fnet.load("new.fnet"))
    for a, b in zip(models[0].params, models[1].params, strict=True):
        np.testing.assert_array_equal(a.w, b.w)


@pytest.mark.parametrize(("more", "tolerance"), [("--cv 0", 1e-12), ("--cv 2 --hidden 8", 1e-5)])
def test_engine_tensorflow_trains_the_same_model(shell, more, tolerance):
    line = f"fnet train iris.csv --target species --epochs 2 {more}"
    output = run_json(shell, f"{line} --out new.fnet --engine tensorflow")
    assert output["engine"] == "tensorflow"
    run_ok(shell, f"{line} --out twin.fnet --engine numpy")
    for a, b in zip(fnet.load("new.fnet").params, fnet.load("twin.fnet").params, strict=True):
        np.testing.assert_allclose(a.w, b.w, rtol=0, atol=tolerance)


# Predicting.


def test_predictions_equal_the_models(shell):
    found = rows(run_ok(shell, "fnet predict iris.fnet iris.csv --probabilities --keep species"))
    model, x = fnet.load("iris.fnet"), datasets.load_iris().data
    assert [row["prediction"] for row in found] == model.predict(x).tolist()
    assert [row["species"] for row in found] == pd.read_csv("iris.csv")["species"].tolist()
    probabilities = model.predict_proba(x)
    for i, name in enumerate(model.classes):
        column = [float(row[f"probability_{name}"]) for row in found]
        np.testing.assert_array_equal(column, probabilities[:, i])
    assert list(found[0])[:2] == ["species", "prediction"]


def test_predictions_of_a_regressor(shell):
    found = rows(run_ok(shell, "fnet predict diabetes.fnet diabetes.csv"))
    predicted = fnet.load("diabetes.fnet").predict(datasets.load_diabetes().data)
    np.testing.assert_array_equal([float(row["prediction"]) for row in found], predicted)


def test_each_output_has_a_column(shell):
    x, y = np.eye(4), np.arange(8.0).reshape(4, 2)
    with pytest.warns(match="Maximum iterations"):
        model = fnet.MLPRegressor(hidden_layer_sizes=(3,), random_state=0, max_iter=2).fit(x, y)
    fnet.save("two.fnet", model)
    pd.DataFrame(x).to_csv("eye.csv", index=False)
    found = rows(run_ok(shell, "fnet predict two.fnet eye.csv"))
    assert list(found[0]) == ["prediction_0", "prediction_1"]
    np.testing.assert_array_equal(
        [float(row["prediction_1"]) for row in found], model.predict(x)[:, 1]
    )


def test_columns_may_be_in_any_order_among_others(shell):
    table = pd.read_csv("iris.csv")
    expected = run_ok(shell, "fnet predict iris.fnet iris.csv")
    table[table.columns[::-1]].assign(note="x,y").to_csv("other.csv", index=False)
    assert run_ok(shell, "fnet predict iris.fnet other.csv") == expected
    table.to_parquet("iris.parquet")
    assert run_ok(shell, "fnet predict iris.fnet iris.parquet") == expected
    table.to_csv("semicolons.csv", sep=";", index=False)
    assert run_ok(shell, "fnet predict iris.fnet semicolons.csv --delimiter ;") == expected


def test_predictions_come_from_standard_input_and_go_to_a_file(shell):
    expected = run_ok(shell, "fnet predict iris.fnet iris.csv")
    stdin = Path("iris.csv").read_bytes()
    assert run_ok(shell, "fnet predict iris.fnet -", stdin) == expected
    code, out, err = shell("fnet predict iris.fnet iris.csv --out out.csv")
    assert (code, out) == (0, "")
    assert re.fullmatch(r"150 predictions in out.csv, [\d,]+ rows a second\n", err)
    assert Path("out.csv").read_text() == expected


def test_predictions_as_json_are_a_line_for_each_row(shell):
    found = run_ok(shell, "fnet predict iris.fnet iris.csv --json --probabilities").splitlines()
    first = json.loads(found[0])
    assert len(found) == 150
    assert first["prediction"] == "setosa"
    assert sum(v for k, v in first.items() if k != "prediction") == pytest.approx(1)


def test_a_table_in_many_chunks_predicts_the_same(shell, monkeypatch):
    expected = run_ok(shell, "fnet predict iris.fnet iris.csv")
    monkeypatch.setattr("fnet.tables.readers.CSV_BLOCK_BYTES", 512)
    assert run_ok(shell, "fnet predict iris.fnet iris.csv") == expected


# Evaluating.


def test_an_evaluation_has_scikit_learns_metrics(shell):
    output = run_json(shell, "fnet evaluate iris.fnet iris.csv")
    truth = pd.read_csv("iris.csv")["species"]
    predicted = fnet.load("iris.fnet").predict(datasets.load_iris().data)
    assert output["metrics"]["accuracy"] == metrics.accuracy_score(truth, predicted)
    expected = metrics.classification_report(truth, predicted, output_dict=True)
    for name in ("setosa", "versicolor", "virginica"):
        found = output["classes"][name]
        for ours, theirs in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score")):
            assert found[ours] == pytest.approx(expected[name][theirs])
        assert found["rows"] == 50
    assert output["target"] == "species"


def test_an_evaluation_as_text(shell):
    printed = run_ok(shell, "fnet evaluate diabetes.fnet diabetes.csv --target progression")
    x, y = datasets.load_diabetes(return_X_y=True)
    score = metrics.r2_score(y, fnet.load("diabetes.fnet").predict(x))
    assert re.search(rf"^R² +{score:.4f}$", printed, re.MULTILINE)
    assert printed.startswith("442 rows\n")
    printed = run_ok(shell, "fnet evaluate iris.fnet iris.csv")
    assert re.search(r"^setosa +1\.0000 +\d\.\d{3,4} +\d\.\d{3,4} +50$", printed, re.MULTILINE)


def test_text_classes_that_look_like_numbers_stay_text(shell):
    lines = [f"{i % 2},{i % 2:02d}" for i in range(12)]
    Path("t.csv").write_text("a,y\n" + "\n".join([*lines, "1,x", "1,x"]) + "\n")
    run_ok(shell, "fnet train t.csv --target y --task classifier --out t.fnet --validation 0")
    assert fnet.load("t.fnet").classes.tolist() == ["00", "01", "x"]
    assert run_json(shell, "fnet evaluate t.fnet t.csv")["classes"]["00"]["rows"] == 6


def test_a_model_without_feature_names_is_evaluated_on_all_columns_but_the_target(shell):
    x, y = datasets.load_iris(return_X_y=True)
    model = fnet.MLPClassifier((), solver="lbfgs", max_iter=900, alpha=1.0, random_state=0)
    model.fit(x, datasets.load_iris().target_names[y])
    fnet.save("plain.fnet", model.functional(), classes=model.classes_)
    figures = run_json(shell, "fnet evaluate plain.fnet iris.csv --target species")["metrics"]
    expected = metrics.accuracy_score(model.classes_[y], model.predict(x))
    assert figures["accuracy"] == expected


def test_evaluating_on_the_training_data_prints_a_note(shell):
    run_ok(shell, "fnet train iris.csv --target species --out new.fnet --epochs 1")
    _, out, err = shell("fnet evaluate new.fnet iris.csv --json --report new.html")
    assert err == (
        "Note: new.fnet was trained on iris.csv; evaluate on unseen rows for an honest score\n"
    )
    assert json.loads(out)["trained_on"] is True
    assert "iris.csv, the training data" in Path("new.html").read_text()
    Path("more.csv").write_text(Path("iris.csv").read_text() + "5,3,1,0.2,setosa\n")
    _, out, err = shell("fnet evaluate new.fnet more.csv --json")
    assert (json.loads(out)["trained_on"], err) == (False, "")
    stdin = Path("iris.csv").read_bytes()
    run_ok(shell, "fnet train - --target species --out new.fnet --epochs 1", stdin)
    assert (
        json.loads(run_ok(shell, "fnet evaluate new.fnet - --json", stdin))["trained_on"] is False
    )


def test_a_report_is_complete(shell):
    out = run_ok(shell, "fnet evaluate iris.fnet iris.csv --report iris.html")
    assert out.endswith("Report: iris.html\n")
    page = Path("iris.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "fnet evaluate iris.fnet iris.csv --report iris.html" in page
    assert "fnet train" in page


# Describing, exporting, the digits run.


def test_a_description_shows_what_was_saved(shell):
    output = run_json(shell, "fnet describe iris.fnet")
    assert output["layers"] == [4, 8, 3]
    assert output["parameters"] == 4 * 8 + 8 + 8 * 3 + 3
    assert output["classes"] == ["setosa", "versicolor", "virginica"]
    assert output["trained"]["target"] == "species"
    assert output["trained"]["epochs"] == 60
    printed = run_ok(shell, "fnet describe iris.fnet")
    assert re.search(r"^layers +4, 8, 3$", printed, re.MULTILINE)
    assert re.search(r"^trained\n  fnet +\S+\n  command +fnet train ", printed, re.MULTILINE)


def test_a_description_of_a_run_and_of_members(shell):
    from fnet import reference

    net = fnet.Network((2, 3))
    x, y = np.eye(2), [0, 1]
    run = reference.train(
        *(net, reference.sgd(0.1), reference.init_params(net, [0, 1]), x, y),
        fnet.full_batch_plan(2, 4),
    )
    fnet.save("run.fnet", run)
    output = run_json(shell, "fnet describe run.fnet")
    assert output["members"] == [2]
    assert output["run"] == {"optimizer": "sgd", "epochs": 4, "ended": ["epochs", "epochs"]}
    assert output["features"] is None
    assert "members" in run_ok(shell, "fnet describe run.fnet")


def test_a_description_of_a_checkpoint_names_its_hyperparameters(shell):
    line = "fnet train iris.csv --target species --out new.fnet --epochs 3 --checkpoint run"
    run_ok(shell, line + " --dropout 0.25")
    output = run_json(shell, "fnet describe run")
    assert output["trained"]["optimizer"]["hyperparameters"]["learning_rate"] == 0.001
    assert output["trained"]["tuning"]["dropout"] == 0.25
    assert output["run"]["epochs"] == 3


def test_an_export_predicts_the_same(shell):
    import onnxruntime

    assert run_json(shell, "fnet export diabetes.fnet --out diabetes.onnx") == {
        **{"model": "diabetes.fnet", "format": "onnx", "out": "diabetes.onnx"},
        **{"plain": False, "interval": None},
    }
    table = pd.read_csv("diabetes.csv")
    expected = fnet.load("diabetes.fnet").predict(table)
    columns = {name: table[[name]].to_numpy() for name in fnet.load("diabetes.fnet").features}
    (found,) = onnxruntime.InferenceSession("diabetes.onnx").run(["prediction"], columns)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("options", ["--plain --out iris.onnx", "--out iris.tflite"])
def test_an_export_without_the_encoder_takes_its_numbers(shell, options):
    code, _, err = shell(f"fnet export iris.fnet {options}")
    assert code == 0
    assert "takes the 4 columns that the encoder of iris.fnet makes of a table" in err
    assert run_json(shell, f"fnet export iris.fnet {options}")["plain"] is True


def test_an_export_without_its_package_says_so(shell, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "fnet.exports.onnx_graph", raising=False)
    monkeypatch.delattr(exports, "onnx_graph", raising=False)
    code, _, err = shell("fnet export iris.fnet --out iris.onnx")
    assert code == 3
    assert 'needs the package onnx, which is not installed: run pip install "fnet[onnx]"' in err


@pytest.mark.parametrize("engine", ["numpy", "tensorflow"])
def test_the_digits_run_is_that_of_the_library(shell, engine):
    line = f"fnet digits --epochs 20 --seed 4 --out digits.fnet --engine {engine}"
    output = run_json(shell, line)
    assert Path("digits.png").read_bytes()[:4] == b"\x89PNG"
    side = {"numpy": fnet.reference, "tensorflow": fnet}[engine]
    run = digits.train(side, fnet.datasets.load_digits(scale=True), epochs=20, seed=4)
    assert output["accuracy"] == run.history["validation_accuracy"][-1] > 0.9
    run_ok(shell, "fnet sample digits --out digits.csv")
    assert run_json(shell, "fnet evaluate digits.fnet digits.csv")["rows"] == 1797


def test_samples_are_scikit_learns(shell):
    for name, target in sample.TARGETS.items():
        run_ok(shell, f"fnet sample {name} --out {name}.csv")
        table, data = pd.read_csv(f"{name}.csv"), getattr(datasets, f"load_{name}")()
        assert list(table.columns) == [*data.feature_names, target]
        scale = 16 if name == "digits" else 1
        values = table.to_numpy()[:, :-1].astype(float)
        np.testing.assert_allclose(values, data.data / scale, rtol=1e-12)  # as its versions differ


# The process.


def in_a_process(line, code=0):
    """`(output, messages, heavy imports)` of a command in a new process."""
    report = (
        "import atexit, sys\n"
        "heavy = 'tensorflow', 'keras', 'sklearn', 'matplotlib', 'pandas', 'scipy'\n"
        "atexit.register(lambda: print(*[m for m in heavy if m in sys.modules], file=sys.stderr))\n"
        "from fnet.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-W", "error", "-c", report, *shlex.split(line)[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert done.returncode == code, done.stderr
    *messages, loaded = done.stderr.removesuffix("\n").split("\n")
    return done.stdout, messages, loaded.split()


@pytest.mark.parametrize(
    "line",
    [
        "fnet --help",
        "fnet train --help",
        "fnet describe iris.fnet",
        "fnet predict iris.fnet iris.csv",
    ],
)
def test_quick_commands_import_nothing_heavy(shell, line):
    assert in_a_process(line)[2] == []


def test_a_small_training_imports_no_tensorflow(shell):
    out, messages, loaded = in_a_process(
        "fnet train iris.csv --target species --out new.fnet --epochs 3"
    )
    assert {"tensorflow", "keras", "matplotlib"} & set(loaded) == set()
    assert messages == []
    assert "\nModel: new.fnet\n" in out


def test_an_onnx_file_is_written_without_tensorflow(shell):
    assert in_a_process("fnet export iris.fnet --out iris.onnx")[2] == []


def test_training_on_tensorflow_imports_no_keras_and_is_quiet(shell):
    line = "fnet train iris.csv --target species --out new.fnet --epochs 1 --engine tensorflow"
    out, messages, loaded = in_a_process(line)
    assert "tensorflow" in loaded
    assert "keras" not in loaded
    assert messages == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_table_may_come_through_a_named_pipe(shell):
    expected = run_ok(shell, "fnet predict iris.fnet iris.csv")
    os.mkfifo("pipe")
    for line in ("fnet predict iris.fnet pipe", "fnet evaluate iris.fnet pipe"):
        content = Path("iris.csv").read_bytes()
        writer = threading.Thread(target=Path("pipe").write_bytes, args=(content,), daemon=True)
        writer.start()
        found = run_ok(shell, line)
        writer.join(HANG_SECONDS)
        assert found == expected or line.startswith("fnet evaluate")


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="needs /dev")
def test_device_files_of_the_shell_work_as_input_and_output(shell):
    expected = run_ok(shell, "fnet predict iris.fnet iris.csv")
    line = [
        sys.executable,
        "-m",
        *shlex.split("fnet predict iris.fnet /dev/stdin --out /dev/stdout"),
    ]
    content = Path("iris.csv").read_bytes()
    done = subprocess.run(line, input=content, capture_output=True, check=True)
    assert done.stdout.decode() == expected


@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_output_is_utf8_in_any_locale(shell, encoding):
    Path("t.csv").write_text("a,y\n" + "1,naïve\n2,日本\n" * 4, encoding="utf-8")
    run_ok(shell, "fnet train t.csv --target y --out t.fnet --epochs 1 --validation 0")
    for ending in ("", " --json"):
        line = [sys.executable, "-m", *shlex.split("fnet predict t.fnet t.csv" + ending)]
        env = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(line, env=env, capture_output=True, check=True)
        assert {"naïve", "日本"} & set(re.findall(r"[^\W\d_]+", done.stdout.decode("utf-8")))


def test_ctrl_c_during_the_import_of_tensorflow_ends_the_process_at_once(shell):
    """With a fake TensorFlow: an exception inside the real one's import can crash the process."""
    Path("tensorflow").mkdir()
    pressed = "import signal\nsignal.raise_signal(signal.SIGINT)\nprint('goes on')\n"
    Path("tensorflow/__init__.py").write_text(pressed)
    line = "fnet train iris.csv --target species --out new.fnet --engine tensorflow"
    command = [sys.executable, "-m", *shlex.split(line)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "Error: interrupted; nothing was written\n"
    assert not Path("new.fnet").exists()


@pytest.mark.skipif(not hasattr(signal, "SIGTERM"), reason="needs SIGTERM")
def test_a_terminated_process_removes_partly_written_files(shell):
    """The signal comes while the output is open and a copy of standard input exists."""
    code = (
        "import os, signal, sys\n"
        "from fnet.cli import main, predict\n"
        "def end(*_):\n"
        "    print(*(len(os.listdir(folder)) for folder in ('new', 'temporary')), flush=True)\n"
        "    signal.raise_signal(signal.SIGTERM)\n"
        "predict._predict_chunk = end\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    for folder in ("new", "temporary"):
        Path(folder).mkdir()
    line = "fnet predict iris.fnet - --out new/out.csv"
    done = subprocess.run(
        [sys.executable, "-c", code, *shlex.split(line)[1:]],
        input=Path("iris.csv").read_bytes(),
        env={**os.environ, "TMPDIR": "temporary"},
        capture_output=True,
        timeout=HANG_SECONDS,
    )
    assert done.stdout == b"1 1\n"
    assert done.returncode == 128 + signal.SIGTERM
    assert os.listdir("new") == os.listdir("temporary") == []


def test_a_users_matplotlib_settings_change_no_report(shell):
    line = "fnet evaluate iris.fnet iris.csv --report iris.html"
    run_ok(shell, line)
    expected = Path("iris.html").read_bytes()
    Path("matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 20\n")
    env = {**os.environ, "MPLBACKEND": "module://none"}
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(line)], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert Path("iris.html").read_bytes() == expected


def test_training_shows_a_bar_on_standard_error_from_the_epoch_of_its_checkpoint(
    shell, monkeypatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    line = "fnet train iris.csv --target species --out new.fnet --patience 0 --checkpoint i.run"
    for epochs in (20, 30):
        code, out, err = shell(f"{line} --epochs {epochs} --json")
        assert code == 0, err
        assert json.loads(out)["epochs"] == epochs
        assert f"{epochs}/{epochs}" in err
        assert "epoch" in err


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_is_no_error(shell, closed):
    line = f"{shlex.quote(sys.executable)} -m fnet train iris.csv --target species --out new.fnet"
    done = subprocess.run(f"{line} --epochs 2 {closed}", shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("new.fnet").exists()


def test_a_reader_that_closes_the_pipe_ends_the_command_quietly(shell):
    Path("long.csv").write_text(Path("iris.csv").read_text() + 400 * "5,3,1,0.2,setosa\n" * 100)
    line = [sys.executable, "-m", "fnet", "predict", "iris.fnet", "long.csv"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"prediction\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(HANG_SECONDS) == 141
