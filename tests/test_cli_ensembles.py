"""`fnet train` with folds, and what `predict`, `evaluate` and `describe` make of its models."""

import csv
import io
import json
import re
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

import fnet
from fnet.cli import ensembles
from fnet.core import training_loop
from fnet.estimators.tabular import importance
from fnet.estimators.tabular.base import BaseTabular
from fnet.files import schema
from fnet.files.model import Model
from fnet.reports import evaluation

N = 60
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "a": RNG.normal(size=N),
        "b": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(size=N)),
        "town": RNG.choice(["Aachen", "Bonn"], N),
        "when": np.arange(N) + 1000.5,
        "weight": RNG.integers(1, 4, N) / 2,
        "group": [f"g{i % 5}" for i in range(N)],
    }
)
FRAME["y"] = (3 * FRAME["a"] + (FRAME["town"] == "Bonn") + 0.2 * RNG.normal(size=N)).round(4)
FRAME["kind"] = np.where(FRAME["y"] > 1, "high", np.where(FRAME["y"] > -1, "middle", "low"))
FEATURES = ["a", "b", "town", "when"]
EPOCHS = 20
SMALL = f"--hidden 6 --epochs {EPOCHS}"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the table, a regressor `y.fnet` and a classifier `kind.fnet`, with reports."""
    from fnet.cli import main

    folder = tmp_path_factory.mktemp("ensembles")
    FRAME.to_csv(folder / "t.csv", index=False)
    for target in ("y", "kind"):
        out = ["--out", str(folder / f"{target}.fnet"), "--report", str(folder / f"{target}.html")]
        without = [f"--without={name}" for name in ("weight", "group", "kind", "y")]
        without.remove(f"--without={target}")
        line = ["train", str(folder / "t.csv"), "--target", target, *out, *without]
        assert main([*line, "--cv", "4", *SMALL.split()]) == 0
    return folder


@pytest.fixture
def run(shell, models):
    """Runs a command in a folder with the table and the models: `(exit code, out, err)`."""
    for path in models.iterdir():
        Path(path.name).write_bytes(path.read_bytes())
    return shell


def ok(run, line):
    code, out, err = run(line)
    assert code == 0, err
    assert "Warning" not in err
    return out, err


def train(run, target, more=SMALL, out="m.fnet", data="t.csv"):
    """The JSON of a training on the features, its notes, and its model."""
    others = (
        {"y", "kind", "weight", "group"}
        - {target}
        - set(re.findall(r"--(?:weights|groups|time) (\w+)", more))
    )
    without = " ".join(f"--without {name}" for name in others if name in pd.read_csv(data))
    line = f"fnet train {data} --target {target} --out {out} --json {without} {more}"
    printed, err = ok(run, line)
    return json.loads(printed), err, fnet.load(out)


# Training.

OPTIONS = {
    "the default": ("", {}, {}),
    "fewer folds": ("--cv 3", {"cv": 3}, {}),
    "seed and repeats": (
        *("--cv 2 --repeats 2 --seed 7", {"cv": 2, "repeats": 2, "random_state": 7}, {}),
    ),
    "weights": ("--cv 3 --weights weight", {"cv": 3}, {"sample_weight": FRAME["weight"]}),
    "groups": ("--cv 3 --groups group", {"cv": 3}, {"groups": FRAME["group"]}),
    "time": ("--cv 3 --time when", {"cv": 3}, {"times": FRAME["when"]}),
    "a kind": (
        *("--cv 2 --kind when=category", {"cv": 2}, {}),
        {"kinds": {"when": "category"}},
    ),
}


@pytest.mark.parametrize("target", ["y", "kind"])
@pytest.mark.parametrize("name", OPTIONS)
def test_a_training_is_the_estimators(run, name, target):
    line, arguments, given, *encoder = OPTIONS[name]
    found, _, model = train(run, target, f"{SMALL} {line}")
    kind = fnet.TabularRegressor if target == "y" else fnet.TabularClassifier
    known = {"hidden": (6,), "epochs": EPOCHS, "importance": True} | arguments
    if encoder:
        known["encoder"] = fnet.TableEncoder(**encoder[0])
    if "groups" in given:  # the command counts groups in the order of their names
        given = {"groups": np.unique(given["groups"], return_inverse=True)[1]}
    other = kind(**known).fit(FRAME[FEATURES], FRAME[target], **given)
    np.testing.assert_array_equal(model.predict(FRAME), other.predict(FRAME[FEATURES]))
    assert found["cv_score"] == other.cv_score_
    assert found["cv_score_std_error"] == other.cv_score_std_error_
    assert found["cv_scores"] == other.cv_scores_.tolist()
    assert found["baseline_score"] == other.baseline_score_
    assert (found["networks"], found["epochs"]) == (len(other.splits_), EPOCHS)
    assert model.trained["target"] == target
    drops = other.importances_
    order = np.argsort(-drops.importances_mean, kind="stable")
    expected = [(drops.names[i], drops.importances_mean[i]) for i in order]
    assert list(found["importances"].items()) == expected


def test_class_weights_change_a_training(run):
    _, _, plain = train(run, "kind", f"{SMALL} --cv 2")
    _, _, weighted = train(run, "kind", f"{SMALL} --cv 2 --class-weight high=9")
    other = fnet.TabularClassifier(cv=2, hidden=(6,), epochs=EPOCHS, class_weight={"high": 9})
    other.fit(FRAME[FEATURES], FRAME["kind"])
    assert (weighted.predict_proba(FRAME) != plain.predict_proba(FRAME)).any()
    np.testing.assert_array_equal(weighted.predict_proba(FRAME), other.predict_proba(FRAME))


PRINTED = {
    "y": ("y: regressor from ", "R²", 1, "always predicting the mean", True),
    "kind": ("kind: classifier of ", "accuracy", 3, "always predicting the most frequent", False),
}


@pytest.mark.parametrize("target", PRINTED)
def test_what_is_printed_is_what_was_found(run, target):
    begin, label, outputs, baseline, has_intervals = PRINTED[target]
    line = f"fnet train t.csv --target {target} --out m.fnet {SMALL} --cv 3"
    found = json.loads(ok(run, f"{line} --json")[0])
    task, trained, expected, important, model, after = ok(run, line)[0].splitlines()
    assert task.startswith(begin)
    assert re.fullmatch(
        rf"Trained 3 networks \d+-6-{outputs} on 60 rows, each without a fold, for up to "
        rf"{EPOCHS} epochs by NumPy",
        trained,
    )
    score, error, base = re.findall(r"-?\d\.\d{4}", expected)
    assert expected.startswith(f"Expect on new rows: {label} {score} ± {error}; {baseline}")
    assert float(score) == pytest.approx(found["cv_score"], abs=5e-5)
    assert float(error) == pytest.approx(found["cv_score_std_error"], abs=5e-5)
    assert float(base) == pytest.approx(found["baseline_score"], abs=5e-5)
    assert important.startswith(f"Most important, by the drop in {label} when permuted: ")
    shown = important.partition(": ")[2].split(", ")
    assert [each.rpartition(" ")[0] for each in shown] == list(found["importances"])[:5]
    assert model == "Model: m.fnet"
    assert after.startswith("Next: fnet predict m.fnet TABLE")
    assert ("--interval 0.9" in after) == has_intervals
    for command in ("predict", "describe", "evaluate"):
        assert f"fnet {command} m.fnet" in after


SINGLE = {
    "--cv 0": "",
    "--activation tanh": "--activation",
    "--batch-size 9": "--batch-size",
    "--learning-rate 0.1": "--learning-rate",
    "--l2 0": "--l2",
    "--dropout 0.1": "--dropout",
    "--validation 0.3": "--validation",
    "--patience 3": "--patience",
    "--no-standardize": "--standardize",
    "--checkpoint run": "--checkpoint",
}


@pytest.mark.parametrize("option", SINGLE)
def test_options_of_one_network_train_one(run, option):
    line = f"fnet train t.csv --target y --out m.fnet {SMALL} {option}"
    out, _ = ok(run, line)
    assert fnet.load("m.fnet").ensemble is None
    assert "held-out row" in out
    assert ("A single network, as" in out) == (option != "--cv 0")
    if option == "--cv 0":
        return
    code, _, err = run(f"{line} --cv 3")
    assert code == 2
    assert f"{SINGLE[option]} is of a single network, and --cv 3" in err


REFUSED = {
    "--cv 1": (2, "'1' must be an integer of at least 2, or 0"),
    "--cv 2.5": (2, "'2.5' must be an integer of at least 2, or 0"),
    "--cv 99999999999": (2, "'99999999999' must be an integer of at least 2, or 0"),
    "--cv x": (2, "'x' must be an integer of at least 2, or 0"),
    "--cv 0 --repeats 2": (2, "--repeats needs folds, and --cv 0 trains a single network"),
    "--cv 0 --report p.html": (2, "--report needs folds, and --cv 0 trains a single network"),
    "--l2 1 --report p.html": (2, "--report needs folds, and --l2 trains a single network"),
    "--time-limit 9 --patience 3": (2, "--time-limit needs folds, and --patience trains a single"),
    "--time-limit 1e-9": (3, "--time-limit must leave time for one epoch .* use --engine numpy"),
    "--report ./m.fnet": (2, "--report and --out must be different files"),
    "--report m.fnet": (2, "--report and --out must be different files"),
    "--report none/p.html": (4, "its folder does not exist"),
    "--report t.csv": (3, "t.csv is an input of this command"),
    "--class-weight balanced": (3, "--class-weight needs a classifier"),
    "--class-weight high=2": (3, "--class-weight needs a classifier"),
    "--weights first": (3, "weights of the training rows of a split"),
    "--groups one": (3, "--groups must name a column with at least two groups"),
    "--time one": (3, "--time must name a column with at least two times"),
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_cannot_be_is_refused_in_the_words_of_the_command(run, options):
    code, expected = REFUSED[options]
    first = (np.arange(N) == 0).astype(int)
    FRAME.assign(one=1, first=first).to_csv("t.csv", index=False)
    found, out, err = run(f"fnet train t.csv --target y --out m.fnet --epochs 1 {options}")
    assert (found, out) == (code, ""), err
    assert re.search(expected, err.splitlines()[-1]), err
    assert not Path("m.fnet").exists()


NOTES = {
    "rows": (FRAME[:5], "y", "", "5 rows make 5 folds, fewer than --cv 8"),
    "rows of a class": (
        *(FRAME.assign(kind=np.where(np.arange(N) < 3, "rare", "usual")), "kind", ""),
        "1 of 2 classes have fewer rows than the 8 folds",
    ),
    "groups": (FRAME, "y", "--groups group", "5 groups make 5 folds, fewer than --cv 8"),
    "one number": (FRAME.assign(y=2.5), "y", "--task regressor", "all targets are equal"),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_estimators_warn_of_is_a_note(run, name):
    frame, target, options, expected = NOTES[name]
    frame.to_csv("few.csv", index=False)
    _, err, model = train(run, target, f"--hidden 4 --epochs 2 {options}", data="few.csv")
    notes = [line for line in err.splitlines() if expected in line]
    assert len(notes) == 1
    assert all(line.startswith("Note: ") for line in err.splitlines())
    assert len(model.predict(frame)) == len(frame)


def test_a_time_limit_says_how_to_repeat_the_result(run):
    line = "fnet train t.csv --target y --out m.fnet --cv 2 --hidden 4 --epochs 3"
    out, _ = ok(run, f"{line} --time-limit 1000")
    assert "for up to 3 epochs by NumPy (--epochs 3 repeats this)" in out
    limited = fnet.load("m.fnet").predict(FRAME)
    ok(run, line)
    np.testing.assert_array_equal(fnet.load("m.fnet").predict(FRAME), limited)


def press(monkeypatch, owner, name, call=1):
    """Ctrl-C in this call of a function, counted from 1; the calls that were made."""
    function, calls = getattr(owner, name), []

    def pressed(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return function(*arguments, **options)

    monkeypatch.setattr(owner, name, pressed)
    return calls


STAGES = {  # of a training: a function of each, and in which of its calls Ctrl-C is pressed
    "training": (training_loop, "_show_score", 3),
    "scoring": (BaseTabular, "_scores", 1),
    "importances": (importance, "_permuted", 4),
    "saving": (fnet, "save", 1),
}
DURING, AFTER = "Note: Training interrupted", "Note: Interrupted after the training"
LEFT_OUT = "; the importances of columns are left out"
PRESSES = {
    ("training",): [f"{DURING}{LEFT_OUT}"],
    ("training", "scoring"): [f"{DURING}{LEFT_OUT}"],
    ("training", "saving"): [f"{DURING}{LEFT_OUT}"],
    ("training", "scoring", "saving"): [f"{DURING}{LEFT_OUT}"],
    ("scoring",): [f"{AFTER}{LEFT_OUT}"],
    ("importances",): [f"{AFTER}{LEFT_OUT}"],
    ("saving",): [],
}


@pytest.mark.parametrize("how", ["", "--time-limit 1000"])
@pytest.mark.parametrize("stages", PRESSES, ids=" and ".join)
def test_ctrl_c_keeps_the_networks_as_they_are(run, monkeypatch, stages, how):
    calls = {stage: press(monkeypatch, *STAGES[stage]) for stage in stages}
    epochs = 100_000 if "training" in stages else 3
    line = f"fnet train t.csv --target y --out m.fnet --cv 2 --hidden 4 --epochs {epochs} {how}"
    code, out, err = run(line)
    assert code == 130
    assert [text for text in err.splitlines() if "nterrupted" in text][:-1] == PRESSES[stages]
    assert all(len(calls[stage]) >= STAGES[stage][2] for stage in stages)
    assert len(calls.get("importances", ())) <= 5  # two networks have one permutation
    model = fnet.load("m.fnet")
    done = model.ensemble.n_epochs
    assert done < epochs if "training" in stages else done == epochs
    assert err.splitlines()[-1] == (
        f"Error: interrupted after {done:,} epoch{'s' * (done != 1)}; the networks as they were "
        "are in m.fnet"
    )
    assert "Expect on new rows: R²" in out
    assert "repeats this" not in out
    has_importances = stages == ("saving",)
    assert ("Most important" in out) == has_importances
    assert (model.ensemble.importances is not None) == has_importances
    assert np.isfinite(model.predict(FRAME)).all()
    if "training" not in stages:
        other = fnet.TabularRegressor(cv=2, hidden=(4,), epochs=3)
        columns = [*FEATURES, "weight", "group", "kind"]
        other.fit(FRAME[columns], FRAME["y"])
        np.testing.assert_array_equal(model.predict(FRAME), other.predict(FRAME[columns]))


def test_ctrl_c_while_the_report_is_drawn_keeps_the_model(run, monkeypatch):
    press(monkeypatch, ensembles, "_page")
    line = "fnet train t.csv --target y --out m.fnet --report p.html --cv 2 --hidden 4 --epochs 3"
    code, _, err = run(line)
    assert code == 130
    assert err.splitlines()[-1].endswith("are in m.fnet, without a report")
    assert fnet.load("m.fnet").ensemble.importances is not None
    assert not Path("p.html").exists()


def test_a_bar_shows_the_loss_on_held_out_rows(run, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    _, err = ok(run, f"fnet train t.csv --target y --out m.fnet --cv 2 {SMALL}")
    losses = fnet.load("m.fnet").ensemble.history["validation_loss"]
    assert re.findall(r"validation loss ([\d.]+)", err)[-1] == f"{losses[-1].mean():.4g}"


# Predicting.


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_intervals_and_spreads_are_the_models(run):
    found = rows(ok(run, "fnet predict y.fnet t.csv --interval 0.8 --std")[0])
    assert list(found[0]) == ["prediction", "lower", "upper", "std"]
    numbers = np.array([[float(cell) for cell in row.values()] for row in found])
    model = fnet.load("y.fnet")
    np.testing.assert_array_equal(numbers[:, 0], model.predict(FRAME))
    np.testing.assert_array_equal(numbers[:, 1:3], model.predict_interval(FRAME, 0.8))
    np.testing.assert_array_equal(numbers[:, 3], model.predict_std(FRAME))


def test_sets_and_spreads_of_classes_are_the_models(run):
    found = rows(ok(run, "fnet predict kind.fnet t.csv --set 0.7 --std --probabilities")[0])
    model = fnet.load("kind.fnet")
    expected = {
        "std": model.predict_std(FRAME),
        "probability": model.predict_proba(FRAME),
        "in_set": model.predict_set(FRAME, 0.7),
    }
    names = [f"{what}_{name}" for what in expected for name in ("high", "low", "middle")]
    assert list(found[0]) == ["prediction", *names]
    for what, values in expected.items():
        for name, column in zip(("high", "low", "middle"), values.T.tolist(), strict=True):
            assert [row[f"{what}_{name}"] for row in found] == [str(cell) for cell in column]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_row_that_cannot_be_read_has_no_interval(run, suffix):
    FRAME.astype({"a": object}).assign(a=["x", *FRAME["a"][1:]]).to_csv("bad.csv", index=False)
    ok(run, f"fnet predict y.fnet bad.csv --interval 0.9 --std --out p.{suffix}")
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}
    read["jsonl"] = lambda path: pd.read_json(path, lines=True)
    found = read[suffix](f"p.{suffix}")
    assert list(found) == ["prediction", "lower", "upper", "std"]
    assert found.iloc[0].isna().all()
    assert found.iloc[1:].notna().all(axis=None)


def test_each_output_has_an_interval(run):
    targets = FRAME[["y", "a"]].to_numpy()
    model = fnet.TabularRegressor(cv=3, hidden=(4,), epochs=3).fit(FRAME[["a", "b"]], targets)
    fnet.save("two.fnet", model)
    found = rows(ok(run, "fnet predict two.fnet t.csv --interval 0.9 --std")[0])
    expected = model.predict_interval(FRAME[["a", "b"]], 0.9)
    assert list(found[0])[2:] == ["lower_0", "lower_1", "upper_0", "upper_1", "std_0", "std_1"]
    assert [float(row["upper_1"]) for row in found] == expected[:, 1, 1].tolist()


PREDICTIONS_REFUSED = {
    "kind.fnet t.csv --interval 0.9": "kind.fnet predicts classes, .* use --set for",
    "y.fnet t.csv --set 0.9": "y.fnet predicts numbers, which have no --set: use --interval",
    "y.fnet t.csv --probabilities": "y.fnet has no classes",
    "y.fnet t.csv --interval 0.999": r"--interval: coverage must be at most 0\.983607, .* 60 rows",
    "kind.fnet t.csv --set 0.999": r"--set: coverage must be at most 0\.983607, .* 60 rows",
    "y.fnet t.csv --interval 0": "0.0 is not in the range 0<x<1",
    "y.fnet t.csv --interval 1": "1.0 is not in the range 0<x<1",
    "diabetes.fnet diabetes.csv --interval 0.9": "diabetes.fnet is a single network, .* with folds",
    "iris.fnet iris.csv --set 0.9": "iris.fnet is a single network, and --set needs one for each",
    "iris.fnet iris.csv --std": "iris.fnet is a single network, and --std needs one for each fold",
}


@pytest.mark.parametrize("line", PREDICTIONS_REFUSED)
def test_what_a_model_does_not_have_is_refused_before_anything_is_written(run, line):
    code, out, err = run(f"fnet predict {line}")
    assert code in (2, 3)
    assert out == ""
    assert re.search(PREDICTIONS_REFUSED[line], err), err


# Reports, `describe` and `evaluate`.


def out_of_fold(target):
    """The estimator, fitted as the fixture's models."""
    kind = fnet.TabularRegressor if target == "y" else fnet.TabularClassifier
    return kind(cv=4, hidden=(6,), epochs=EPOCHS).fit(FRAME[FEATURES], FRAME[target])


def figures(page):
    return re.findall(r'<img [^>]*alt="([^"]*)"', page)


def test_the_report_of_a_regressor_is_about_its_held_out_rows(models):
    page = (models / "y.html").read_text()
    found = out_of_fold("y").oof_predictions_
    error = metrics.mean_absolute_error(FRAME["y"], found)
    assert f"The mean absolute error is {error:.4g}" in page
    assert "each row by the networks that had not seen it" in page
    values, importance, curves = figures(page)
    for title in ("predicted against actual values", "Importance of columns", "Loss by epoch"):
        assert title in page
    r2 = metrics.r2_score(FRAME["y"], found)
    inside = re.search(rf"60 rows: R² {r2:.3f}, .*, (\d+\.\d)% inside their intervals", values)
    assert 85 <= float(inside[1]) <= 100
    assert importance.startswith("Importance of columns, drop in R²: a ")
    assert curves.startswith("Loss by epoch: training from")


def test_the_report_of_a_classifier_is_about_its_held_out_rows(models):
    page = (models / "kind.html").read_text()
    found = out_of_fold("kind")
    for title in ("Confusion matrix", "Reliability", "Importance of columns", "Loss by epoch"):
        assert title in page
    assert "each row by the networks that had not seen it" in page
    right = (found.classes_[found.oof_predictions_.argmax(axis=1)] == FRAME["kind"]).sum()
    confusion, calibration, ranking, importance, curves = figures(page)
    assert confusion.startswith(f"Confusion matrix: {right} of 60 correct")
    assert calibration.startswith("Reliability diagram")
    area = metrics.roc_auc_score(FRAME["kind"] == "high", found.oof_predictions_[:, 0])
    precision = metrics.average_precision_score(
        FRAME["kind"] == "high", found.oof_predictions_[:, 0]
    )
    assert f"ROC: chance; high: area {area:.3f};" in ranking
    assert f"Precision and recall: high: average precision {precision:.3f};" in ranking
    assert importance.startswith("Importance of columns, drop in accuracy: a ")
    assert curves.startswith("Loss by epoch")


def test_intervals_of_held_out_rows_hold_as_many_as_promised():
    y = FRAME["y"].to_numpy()
    estimator = out_of_fold("y")
    model = Model(schema.content_of(estimator))
    x = estimator.encoder_.transform(FRAME[FEATURES])
    found = evaluation.evaluate(model._of_features(), x, y, estimator.oof_predictions_)
    lower, upper = found.intervals.T
    assert found.metrics["interval_coverage"] == ((lower <= y) & (y <= upper)).mean()
    inside = np.abs(y - estimator.oof_predictions_) <= (upper - lower) / 2 + 1e-9
    assert np.ceil(0.9 * (N + 1)) == inside.sum()  # the rank that CV+ takes, without ties


@pytest.mark.parametrize("target", ["y", "kind"])
def test_describe_tells_what_an_ensemble_holds(run, target):
    found = json.loads(ok(run, f"fnet describe {target}.fnet --json")[0])["ensemble"]
    model = fnet.load(f"{target}.fnet").ensemble
    assert found["cv_score"] == model.cv_score
    assert found["cv_score_std_error"] == model.cv_score_std_error
    assert found["baseline_score"] == model.baseline_score
    assert found["cv_scores"] == model.cv_scores.tolist()
    assert found["largest_coverage"] == 1 - 1 / (N + 1)
    assert next(iter(found["importances"])) == "a"
    assert sorted(found["importances"]) == sorted(model.importances.names) == sorted(FEATURES)
    printed = ok(run, f"fnet describe {target}.fnet")[0]
    score = "r2" if target == "y" else "accuracy"
    assert found["score"] == score
    assert re.search(rf"^ensemble\n  score +{score}\n  cv_score +0\.\d+", printed, re.M)


@pytest.mark.parametrize("target", ["y", "kind"])
def test_evaluate_takes_an_ensemble_and_recalls_what_to_expect(run, target):
    line = f"fnet evaluate {target}.fnet t.csv"
    found = json.loads(ok(run, f"{line} --json")[0])
    out = ok(run, f"{line} --report new.html")[0]
    model = fnet.load(f"{target}.fnet")
    predicted, known = model.predict(FRAME), model.ensemble
    if target == "y":
        ends = model.predict_interval(FRAME, 0.9)
        inside = (ends[:, 0] <= FRAME["y"]) & (FRAME["y"] <= ends[:, 1])
        assert found["metrics"]["interval_coverage"] == inside.mean()
        error = np.abs(predicted - FRAME["y"]).mean()
        assert found["metrics"]["mean_absolute_error"] == pytest.approx(error, rel=1e-12)
        assert found["metrics"]["r2"] == pytest.approx(metrics.r2_score(FRAME["y"], predicted))
    else:
        assert found["metrics"]["accuracy"] == (FRAME["kind"] == predicted).mean()
    assert found["expected"]["value"] == known.cv_score
    assert f"{known.cv_score:.4f} ± {known.cv_score_std_error:.4f}" in out
    assert "4, whose mean predicts" in Path("new.html").read_text()
