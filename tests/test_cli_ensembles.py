"""`fnet train` with folds, and what the other commands make of its models."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from test_cli_bad_input import press_ctrl_c_after_three_chunks

import fnet

EPOCHS = "--epochs 6 --hidden 8"
SEED = np.random.default_rng(0)
N = 90
SIZE, TOWN = SEED.normal(size=N), SEED.choice(["Aachen", "Bonn", "Celle"], N)
FRAME = pd.DataFrame(
    {
        "size": SIZE,
        "town": TOWN,
        "family": np.arange(N) % 9,
        "day": np.arange(N),
        "cost": (2 * SIZE + (TOWN == "Bonn") + 0.1 * SEED.normal(size=N)).round(3),
        "kind": np.where(SIZE > 0.3, "big", np.where(SIZE > -0.5, "middle", "small")),
    }
)


@pytest.fixture
def run(shell):
    """Runs a command that must succeed, on `table.csv`; its standard output and error."""
    FRAME.to_csv("table.csv", index=False)

    def run(line):
        code, out, err = shell(line)
        assert code == 0, err
        return out, err

    return run


def train(run, target, more="", out="m.fnet"):
    drop = "kind" if target == "cost" else "cost"
    line = (
        f"fnet train table.csv --target {target} --kind {drop}=ignored --out {out} {EPOCHS} {more}"
    )
    return run(line)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("target", ["cost", "kind"])
def test_it_equals_the_estimator(run, target):
    found = json.loads(train(run, target, "--json")[0])
    columns = ["size", "town", "family", "day"]
    kind = fnet.TabularRegressor if target == "cost" else fnet.TabularClassifier
    model = kind(epochs=6, hidden=(8,), importance=True).fit(FRAME[columns], FRAME[target])
    assert found["cv_score"] == model.cv_score_
    assert found["cv_score_std_error"] == model.cv_score_std_error_
    assert found["cv_scores"] == model.cv_scores_.tolist()
    assert found["baseline_score"] == model.baseline_score_
    assert (found["networks"], found["epochs"]) == (8, 6)
    order = np.argsort(-model.importances_.importances_mean, kind="stable")
    assert list(found["importances"]) == [model.importances_.names[i] for i in order]
    loaded = fnet.load("m.fnet")
    np.testing.assert_array_equal(loaded.predict(FRAME), model.predict(FRAME[columns]))
    assert loaded.trained["target"] == target


@pytest.mark.parametrize("target", ["cost", "kind"])
def test_it_prints_the_score_the_baseline_columns_and_what_to_do_next(run, target):
    out, err = train(run, target)
    label, baseline = ("R²", "the mean") if target == "cost" else ("accuracy", "the most frequent")
    assert f"Expect on new rows: {label} " in out
    assert " ± " in out
    assert f"always predicting {baseline}" in out
    assert "Trained 8 networks 6-8-" in out
    assert "Most important" in out
    assert "size" in out.split("Most important")[1]
    next_line = out.splitlines()[-1]
    assert next_line.startswith("Next: fnet predict m.fnet TABLE")
    assert ("--interval 0.9" in next_line) == (target == "cost")
    assert "Traceback" not in err
    assert "Warning" not in err


FOLDS = {
    "fewer folds": ("--cv 3", 3),
    "repeats": ("--cv 2 --repeats 2", 4),
    "groups": ("--groups family --cv 3", 3),
    "time": ("--time day --cv 3", 3),
}


@pytest.mark.parametrize("case", FOLDS.values(), ids=list(FOLDS))
def test_folds(run, case):
    more, networks = case
    assert json.loads(train(run, "cost", f"{more} --json")[0])["networks"] == networks


SINGLE = {
    "asked for": "--cv 0",
    "an option of one network": "--patience 5",
    "its validation rows": "--validation 0.3",
}


@pytest.mark.parametrize("more", SINGLE.values(), ids=list(SINGLE))
def test_a_single_network(run, more):
    out = train(run, "cost", more)[0]
    assert fnet.load("m.fnet").ensemble is None
    assert "held-out row" in out
    assert ("A single network, as" in out) == ("--cv" not in more)


REFUSED = {
    "folds and an option of one network": ("--cv 4 --patience 5", "--patience is of a single"),
    "repeats of one network": ("--cv 0 --repeats 2", "--repeats needs folds"),
    "a report of one network": ("--l2 1 --report r.html", "--report needs folds"),
    "one fold": ("--cv 1", "must be an integer of at least 2, or 0"),
    "half a fold": ("--cv 2.5", "must be an integer of at least 2, or 0"),
    "very many folds": ("--cv 99999999999", "must be an integer of at least 2, or 0"),
    "the report is the model": ("--report m.fnet", "must be different files"),
    "weights of classes": ("--class-weight big=2", "--class-weight needs a classifier"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_what_is_refused(shell, tmp_path, case):
    more, message = case
    FRAME.to_csv("table.csv", index=False)
    code, _, err = shell(f"fnet train table.csv --target cost --out m.fnet {EPOCHS} {more}")
    assert code != 0
    assert message in " ".join(err.split())
    assert not (tmp_path / "m.fnet").exists()


def test_fewer_rows_than_folds_is_a_note(shell):
    FRAME[:6].to_csv("table.csv", index=False)
    code, _, err = shell(
        f"fnet train table.csv --target cost --kind kind=ignored --out m.fnet {EPOCHS}"
    )
    assert code == 0, err
    assert "Note: " in err
    assert "--cv 8" in err
    assert "Warning" not in err


@pytest.mark.parametrize("target", ["cost", "kind"])
def test_the_report_is_about_predictions_of_held_out_rows(run, target):
    found = json.loads(train(run, target, "--report page.html --json")[0])
    with open("page.html", encoding="utf-8") as file:
        page = file.read()
    score = found["scores"]["r2" if target == "cost" else "accuracy"]
    assert f"{score:#.4g}" in page
    assert "each row by the networks that had not seen it" in page
    figures = {
        "cost": ["predicted against actual values"],
        "kind": ["Confusion matrix", "Reliability"],
    }
    for title in [*figures[target], "Importance of columns", "Loss by epoch"]:
        assert title in page


def test_intervals_and_standard_deviations_are_those_of_the_model(run):
    train(run, "cost")
    found = rows(run("fnet predict m.fnet table.csv --interval 0.8 --std")[0])
    model = fnet.load("m.fnet")
    assert list(found[0]) == ["prediction", "lower", "upper", "std"]
    ends = model.predict_interval(FRAME, 0.8)
    for name, values in (
        *(("prediction", model.predict(FRAME)), ("lower", ends[:, 0]), ("upper", ends[:, 1])),
        ("std", model.predict_std(FRAME)),
    ):
        np.testing.assert_array_equal([float(row[name]) for row in found], values)


def test_standard_deviations_of_probabilities(run):
    train(run, "kind")
    found = rows(run("fnet predict m.fnet table.csv --std --probabilities")[0])
    names = ["big", "middle", "small"]
    kinds = ("std", "probability")
    assert list(found[0]) == ["prediction", *(f"{kind}_{name}" for kind in kinds for name in names)]
    spread = fnet.load("m.fnet").predict_std(FRAME)
    np.testing.assert_array_equal([[float(r[f"std_{n}"]) for n in names] for r in found], spread)


NOT_PREDICTED = {
    "an interval of classes": ("kind", "", "--interval 0.9", "predicts classes"),
    "an interval of one network": ("cost", "--cv 0", "--interval 0.9", "train it with folds"),
    "more than the rows allow": ("cost", "", "--interval 0.999", "coverage must be"),
    "nothing covered": ("cost", "", "--interval 0", "range"),
    "the spread of one network": ("cost", "--cv 0", "--std", "is a single network"),
}


@pytest.mark.parametrize("case", NOT_PREDICTED.values(), ids=list(NOT_PREDICTED))
def test_what_a_model_cannot_say(run, shell, case):
    target, how, more, message = case
    train(run, target, how)
    code, out, err = shell(f"fnet predict m.fnet table.csv {more}")
    assert code != 0
    assert message in " ".join(err.split())
    assert out == ""


@pytest.mark.parametrize("target", ["cost", "kind"])
def test_describe_and_evaluate_know_ensembles(run, target):
    train(run, target)
    found = json.loads(run("fnet describe m.fnet --json")[0])["ensemble"]
    model = fnet.load("m.fnet")
    assert found["cv_score"] == model.ensemble.cv_score
    assert found["largest_coverage"] == 1 - 1 / (N + 1)
    assert set(found["importances"]) == {"size", "town", "family", "day"}
    assert "cv_score" in run("fnet describe m.fnet")[0]
    metrics = json.loads(run("fnet evaluate m.fnet table.csv --json")[0])["metrics"]
    if target == "kind":
        assert metrics["accuracy"] == (model.predict(FRAME) == FRAME["kind"]).mean()
    else:
        error = np.abs(model.predict(FRAME) - FRAME["cost"]).mean()
        assert metrics["mean_absolute_error"] == pytest.approx(error, rel=1e-12)


BAD_FOLDS = {
    "one group": ("--groups same", "--groups must name a column with at least two groups"),
    "one time": ("--time same", "--time must name a column with at least two times"),
    "no weight in training": ("--weights first", "weights of the training rows of a split"),
}


@pytest.mark.parametrize("case", BAD_FOLDS.values(), ids=list(BAD_FOLDS))
def test_folds_that_cannot_be_made(shell, tmp_path, case):
    more, message = case
    table = FRAME.assign(same=1, first=np.arange(N) == 0)
    table.astype({"first": int}).to_csv("table.csv", index=False)
    code, _, err = shell(f"fnet train table.csv --target cost --out m.fnet {EPOCHS} {more}")
    assert code == 3
    assert message in err.splitlines()[-1]
    assert not (tmp_path / "m.fnet").exists()


def test_after_ctrl_c_the_networks_as_they_are_then_are_kept(run, shell, monkeypatch):
    press_ctrl_c_after_three_chunks(monkeypatch)
    FRAME.to_csv("table.csv", index=False)
    code, out, err = shell(
        "fnet train table.csv --target cost --out m.fnet --hidden 8 --epochs 100000"
    )
    assert (code, out) != (0, "")
    found = re.fullmatch(
        r"interrupted after (\d+) epochs; the networks as they were are in m.fnet",
        err.splitlines()[-1].removeprefix("Error: "),
    )
    model = fnet.load("m.fnet")
    assert model.ensemble.n_epochs == int(found[1]) < 100_000
    assert np.isfinite(model.predict(FRAME)).all()
