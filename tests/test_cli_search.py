"""`fnet search` and `fnet cv`: the results of the library's search, what is refused, Ctrl-C."""

import csv
import itertools
import json
import re
import signal
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from PIL import Image
from sklearn import metrics
from sklearn import model_selection as theirs
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.pipeline import Pipeline

import fnet
from fnet import cli
from fnet.cli import grids, search_picture, search_results, searching, splits
from fnet.cli.search_results import Row

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

Options = namedtuple("Options", "learning_rate")

SEARCH = "fnet search iris.csv --target species --folds 3 --epochs 6"
CV = "fnet cv iris.csv --target species --folds 3 --epochs 6"
RATES = "learning-rate=1e-3..1e-1:3"
TWO = f'--grid {RATES} --grid "hidden=4;5,3"'


@pytest.fixture
def mixed(shell):
    """A table of columns of several kinds, with gaps, in `mixed.csv`."""
    random = np.random.default_rng(0)
    word = np.array(["red", "green", "blue"])[random.integers(0, 3, 90)]
    frame = pd.DataFrame(
        {
            "number": random.normal(50, 9, 90).round(3),
            "word": word,
            "day": pd.date_range("2024-01-01", periods=90).astype(str),
            "weight": random.uniform(0.5, 2, 90).round(3),
            "group": np.repeat(np.arange(15), 6),
        }
    )
    frame["y"] = (frame["number"] / 7 + (word == "red") * 3 + random.normal(0, 0.3, 90)).round(4)
    frame["kind"] = np.where(frame["y"] > frame["y"].median(), "high", "low")
    frame.loc[::11, "number"] = None
    frame.to_csv("mixed.csv", index=False)
    return frame


def run_json(shell, line):
    code, out, err = shell(line + " --json")
    assert code == 0, err
    return json.loads(out)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def is_png(path):
    with Image.open(path) as image:
        image.load()
        return image.format == "PNG"


def without_times(rows):
    return [{name: cell for name, cell in row.items() if name != "seconds"} for row in rows]


# What is found.


SPLITS = {
    "classes": ("--target kind", theirs.StratifiedKFold(3, shuffle=True, random_state=2)),
    "numbers": ("--target y", theirs.KFold(3, shuffle=True, random_state=2)),
    "weights": ("--target y --weights weight", theirs.KFold(3, shuffle=True, random_state=2)),
    "groups of classes": (
        "--target kind --groups group",
        theirs.StratifiedGroupKFold(3, shuffle=True, random_state=2),
    ),
    "groups": ("--target y --groups group", theirs.GroupKFold(3, shuffle=True, random_state=2)),
    "time": ("--target y --time day", theirs.TimeSeriesSplit(3, test_size=22)),
}
"""How rows are split, and scikit-learn's splitter."""


@pytest.mark.parametrize("case", SPLITS)
def test_results_are_those_of_the_librarys_search(shell, mixed, case):
    """Over the table as it is, with an encoder in the pipeline, which each fold fits anew."""
    arguments, splitter = SPLITS[case]
    found = run_json(
        shell,
        f"fnet search mixed.csv {arguments} --grid l2=0,0.1 {TWO} --folds 3 --seed 2 --epochs 7 "
        "--patience 3 --validation 0.25 --out results.csv --model best.fnet",
    )
    target = re.search(r"--target (\w+)", arguments)[1]
    roles = {name for name in ("weight", "group") if name in arguments.split()}
    kind = fnet.MLPClassifier if target == "kind" else fnet.MLPRegressor
    model = kind(
        max_iter=7,
        early_stopping="loss",
        n_iter_no_change=3,
        tol=0.0,
        validation_fraction=0.25,
        random_state=2,
        **({} if target == "kind" else {"standardize": "target"}),
    )
    pipeline = Pipeline([("encoder", fnet.TableEncoder()), ("network", model)])
    grid = {
        "network__alpha": [0.0, 0.1],
        "network__learning_rate_init": np.geomspace(1e-3, 1e-1, 3),
        "network__hidden_layer_sizes": [(4,), (5, 3)],
    }
    weights = mixed["weight"].to_numpy() if "weight" in roles else None
    given = {} if weights is None else {"network__sample_weight": weights}
    groups = mixed["group"] if "group" in roles else None
    table, y = mixed.drop(columns=[target, *roles]), mixed[target].to_numpy()
    own = list(splitter.split(table, y, groups))
    if case == "time":  # its last part has the rows that are left over
        own = [(np.arange(n), np.arange(n, end)) for n, end in ((22, 45), (45, 67), (67, 90))]

    def score(fitted, X, y):
        own_weights = None if weights is None else weights[X.index]
        predicted = fitted.predict(X)
        if target == "kind":
            return metrics.accuracy_score(y, predicted)
        return metrics.r2_score(y, predicted, sample_weight=own_weights)

    search = fnet.GridSearchCV(pipeline, grid, cv=own, scoring=score).fit(table, y, **given)
    expected = pd.DataFrame(search.cv_results_)
    rows = read_csv("results.csv")
    assert len(rows) == len(expected) == 12
    metric = found["metric"]
    for row in rows:
        hidden = tuple(int(size) for size in row["hidden"].split(","))
        of_row = expected[
            (expected["param_network__alpha"] == float(row["l2"]))
            & (expected["param_network__learning_rate_init"] == float(row["learning-rate"]))
            & (expected["param_network__hidden_layer_sizes"] == hidden)
        ]
        (of_row,) = of_row.to_dict("records")
        for i in range(3):
            np.testing.assert_allclose(
                float(row[f"{metric}_fold_{i + 1}"]), of_row[f"split{i}_test_score"], rtol=1e-9
            )
        np.testing.assert_allclose(float(row[f"{metric}_mean"]), of_row["mean_test_score"])
        np.testing.assert_allclose(float(row[f"{metric}_std"]), of_row["std_test_score"], atol=1e-9)
    ranked = sorted(int(row["rank"]) for row in rows)
    assert [int(row["rank"]) for row in rows] == ranked
    assert ranked == sorted(expected["rank_test_score"])
    saved = fnet.load("best.fnet")
    assert saved.trained["scores"] == {metric: float(rows[0][f"{metric}_mean"])}
    best = search.best_params_
    if expected["rank_test_score"].tolist().count(1) == 1:
        assert found["best"] == {
            "l2": best["network__alpha"],
            "learning-rate": best["network__learning_rate_init"],
            "hidden": list(best["network__hidden_layer_sizes"]),
        }
        proba = "predict_proba" if target == "kind" else "predict"
        np.testing.assert_allclose(
            getattr(saved, proba)(table), getattr(search, proba)(table), rtol=1e-6
        )


def test_folds_are_scikit_learns_and_none_is_lost_at_equal_times(mixed):
    y = mixed["y"].to_numpy()
    times = np.repeat([3.0, 1.0, 2.0, 5.0], [20, 40, 10, 20])
    folds = splits.folds(y, 2, 0, times=times)
    for train, held_out in folds:
        assert times[train].max() < times[held_out].min()
    covered = np.concatenate([held_out for _, held_out in folds])
    assert sorted(covered.tolist()) == np.flatnonzero(times > 1).tolist()


def test_the_encoder_sees_no_held_out_row(shell, mixed, monkeypatch):
    """Each fold's is learnt from its training rows alone."""
    from fnet.cli.training_rows import TableRows

    seen = []
    learn = TableRows.learn
    monkeypatch.setattr(
        TableRows, "learn", lambda self, rows: seen.append(set(rows.tolist())) or learn(self, rows)
    )
    run_json(shell, "fnet cv mixed.csv --target y --folds 3 --epochs 2 --seed 1 --out o.csv")
    every, *of_folds = seen
    assert every == set(range(90))
    held_out = [{int(r["row"]) - 1 for r in read_csv("o.csv") if r["fold"] == f} for f in "123"]
    assert sorted(map(sorted, of_folds)) == sorted(sorted(every - rows) for rows in held_out)


@pytest.mark.parametrize("target", ["kind", "y"])
def test_cv_scores_what_it_predicts(shell, mixed, target):
    found = run_json(
        shell,
        f"fnet cv mixed.csv --target {target} --weights weight --folds 3 --epochs 9 --out o.csv "
        "--picture o.png",
    )
    rows = pd.read_csv("o.csv")
    assert rows["row"].tolist() == list(range(1, 91))
    assert rows["actual"].tolist() == mixed[target].tolist()
    weights = mixed["weight"].to_numpy()
    for fold, scores in enumerate(found["scores"], 1):
        own = rows["fold"] == fold
        assert int(own.sum()) == scores["held_out_rows"] == 90 - scores["training_rows"]
        true, guess, w = rows["actual"][own], rows["prediction"][own], weights[own]
        train = {"X": np.zeros((90 - own.sum(), 1)), "y": rows["actual"][~own]}
        if target == "kind":
            proba = rows.loc[own, ["probability_high", "probability_low"]]
            assert (proba.idxmax(axis=1) == "probability_" + guess).all()
            expected = {
                "accuracy": metrics.accuracy_score(true, guess, sample_weight=w),
                "balanced_accuracy": metrics.balanced_accuracy_score(true, guess, sample_weight=w),
                "log_loss": metrics.log_loss(true, proba, sample_weight=w),
            }
        else:
            error = metrics.root_mean_squared_error(true, guess, sample_weight=w)
            expected = {
                "r2": metrics.r2_score(true, guess, sample_weight=w),
                "mean_absolute_error": metrics.mean_absolute_error(true, guess, sample_weight=w),
                "root_mean_squared_error": error,
            }
        assert scores["scores"] == pytest.approx(expected, abs=1e-12)
    baselines = []
    for fold in (1, 2, 3):
        own = rows["fold"] == fold
        dummy = DummyClassifier() if target == "kind" else DummyRegressor()
        dummy.fit(train["X"][: (~own).sum()], rows["actual"][~own], weights[~own])
        baselines.append(dummy.score(np.zeros((own.sum(), 1)), rows["actual"][own], weights[own]))
    first = next(iter(found["summary"]))
    values = [scores["scores"][first] for scores in found["scores"]]
    assert found["summary"][first] == pytest.approx(
        {
            "mean": np.mean(values),
            "standard_error": np.std(values, ddof=1) / np.sqrt(3),
            "baseline": np.mean(baselines),
        }
    )
    assert is_png("o.png")


def test_a_score_of_which_lower_is_better_ranks_and_refits(shell):
    found = run_json(shell, f"{SEARCH} {TWO} --metric log_loss --model m.fnet")
    means = [row["log_loss_mean"] for row in found["results"]]
    assert means == sorted(means)
    assert min(means) > 0
    assert [row["rank"] for row in found["results"]] == [1, 2, 3, 4, 5, 6]
    sizes = fnet.load("m.fnet").net.sizes[1:-1]
    assert ",".join(map(str, sizes)) == found["results"][0]["hidden"]
    assert fnet.load("m.fnet").trained["scores"] == {"log_loss": means[0]}


def test_what_is_printed(shell):
    code, out, err = shell(f"{SEARCH} --grid l2=0..1 --grid seed=1")
    assert code == 2, err
    code, out, err = shell(f"{SEARCH} --grid batch-size=8..64:4 --grid seed=0,1,2 --out r.tsv")
    assert (code, err) == (0, "")
    head, fits, names, *rows = out.splitlines()
    assert head.startswith("species: classifier of 3 classes from 4 features (3 distinct texts")
    assert fits == "12 candidates on 3 folds: 36 fits"
    assert names.split() == ["rank", "batch-size", "seed", "accuracy", "±"]
    assert rows[0].split()[0] == "1"
    assert rows[10] == "and 2 more candidates"
    batch, seed = rows[0].split()[1:3]
    assert rows[11:] == [f"Best: --batch-size {batch} --seed {seed}", "Results: r.tsv"]
    table = pd.read_csv("r.tsv", sep="\t")
    assert sorted(set(table["batch-size"])) == [8, 16, 32, 64]
    code, out, err = shell(f"{CV} --metrics log_loss,accuracy")
    lines = [line.split() for line in out.splitlines()[1:]]
    assert lines[0] == ["fold", "rows", "log", "loss", "accuracy"]
    assert [line[0] for line in lines[1:]] == ["1", "2", "3", "mean", "standard", "baseline"]


def test_ranks_are_scikit_learns_and_what_is_not_finished_comes_last():
    scores = [
        [0.5, 0.7],
        [0.9, None],
        [np.nan, 1.0],
        [0.7, 0.5],
        [None, None],
        [0.9, 0.9],
        [0.95, None],
    ]
    rate = grids.Axis("learning-rate", tuple(range(1, 8)))
    candidates = [Options(learning_rate=value) for value in rate.values]
    found = [
        [None if score is None else searching.FoldScore({"r2": score}, 1.0) for score in each]
        for each in scores
    ]
    rows = search_results.rows([rate], candidates, found, "r2")
    ranked = [(row.values["learning-rate"], row.rank) for row in rows]
    assert ranked == [(6, 1), (1, 2), (4, 2), (3, 4), (7, None), (2, None)]
    assert (rows[1].mean, rows[1].deviation) == pytest.approx((0.6, 0.1))
    assert rows[4].folds == [0.95, None]
    assert rows[4].seconds == 1.0
    printed = list(search_results.lines(rows, "r2"))
    assert printed[0].split() == ["rank", "learning-rate", "R²", "±", "folds"]
    assert printed[5].split() == ["–", "7", "0.9500", "0.0000", "1"]


# Values of a grid.


AXES = {
    "l2=1e-4..1e-1:4": [1e-4, 1e-3, 1e-2, 1e-1],
    "learning-rate=0.1..1:3": np.geomspace(0.1, 1, 3).tolist(),
    "batch-size=1..4:9": [1, 2, 3, 4],
    "dropout=0, 0.5": [0.0, 0.5],
    "dropout=0;0.5": [0.0, 0.5],
    "l2=0,1e-2..1:2": [0.0, 0.01, 1.0],
    "hidden=64,32": [(64, 32)],
    "hidden=none;8; 8,4": [(), (8,), (8, 4)],
    "activation=relu,tanh": ["relu", "tanh"],
    "--epochs=3": [3],
    "seed=0,1": [0, 1],
    "patience=0,5": [0, 5],
}


@pytest.mark.parametrize("text", AXES)
def test_values_of_a_grid(text):
    command = cli.commands.get_command(None, "search")
    with command.make_context("search", ["t.csv", "--target", "y"], resilient_parsing=True):
        (axis,) = grids.axes([grids.grid_type(text)])
    assert list(axis.values) == pytest.approx(AXES[text]) if axis.is_log else AXES[text]
    assert list(map(type, axis.values)) == list(map(type, AXES[text]))
    assert axis.is_log == (text.partition("=")[2].count("..") == 1 and "," not in text)


def test_every_option_of_a_grid_is_one_of_train_and_changes_the_estimator():
    options = {
        option.opts[0].removeprefix("--")
        for option in cli.commands.get_command(None, "train").params
    }
    covered = {text.partition("=")[0].removeprefix("--") for text in AXES}
    assert set(grids.SEARCHABLE) == covered
    assert set(grids.SEARCHABLE) <= options


ONE_OF = f"one of {', '.join(grids.SEARCHABLE)}"

REFUSED = {
    "no grid": ("", 2, "--grid NAME=VALUES must be given"),
    "no equals sign": ("--grid l2", 2, "'l2' must be NAME=VALUES"),
    "unknown": ("--grid lr=1", 2, f"no 'lr'; did you mean 'learning-rate'\\? It must be {ONE_OF}"),
    "an argument": ("--grid alpha=1", 2, "no 'alpha'; did you mean 'l2'"),
    "nothing near": ("--grid zzz=1", 2, f"no 'zzz'. It must be {ONE_OF}"),
    "unsearchable": ("--grid target=y", 2, f"target cannot be searched: use {ONE_OF}"),
    "unsearchable flag": ("--grid standardize=1", 2, "standardize cannot be searched"),
    "no values": ("--grid l2=", 2, "--grid l2 has no values"),
    "an empty value": ("--grid l2=1,,2", 2, "has a value that --l2 refuses"),
    "twice": ("--grid l2=1 --grid l2=2", 2, "--grid l2 is given twice"),
    "an option too": ("--grid l2=0,1 --l2 1", 2, "--grid l2 and --l2 do not go together"),
    "a value twice": ("--grid l2=0.1,1e-1", 2, "has the value 0.1 twice"),
    "sizes twice": ("--grid 'hidden=4;4'", 2, "has the value 4 twice"),
    "a word": ("--grid l2=much", 2, "--l2 refuses: 'much' is not a valid float"),
    "a fraction of rows": (
        "--grid batch-size=1.5",
        2,
        "--batch-size refuses: '1.5' is not a valid",
    ),
    "out of range": ("--grid dropout=1", 2, "--dropout refuses: 1.0 is not in the range"),
    "not finite": ("--grid learning-rate=inf", 2, "--learning-rate refuses: 'inf' must be finite"),
    "bad sizes": ("--grid hidden=4,x", 2, "--hidden refuses: '4,x' must be integers"),
    "from 0": ("--grid l2=0..1:3", 2, "range '0..1:3': .* must be above 0 and finite"),
    "from below 0": ("--grid l2=-1..1:3", 2, "must be above 0 and finite"),
    "backwards": ("--grid l2=1..0.1:3", 2, "the smaller one first"),
    "to infinity": ("--grid l2=1..inf:3", 2, "must be above 0 and finite"),
    "no count": ("--grid l2=1..2", 2, "must have ranges as 1e-4..1e-1:20; got '1..2'"),
    "one value": ("--grid l2=1..2:1", 2, "must have 2 to 10,000 values"),
    "too many": ("--grid l2=1..2:9999 --grid dropout=0,0.1", 2, "19,998 candidates, but a search"),
    "a range of words": ("--grid activation=1..2:3", 2, "activation takes no numbers"),
    "an activation": ("--grid activation=relu,swish", 3, "--activation must be .* 'silu'"),
    "patience": ("--grid patience=0,5 --validation 0", 2, "--patience needs validation rows"),
    "a metric of the other": ("--grid l2=0 --metric r2", 3, "a metric of a classifier must be"),
    "no such metric": ("--grid l2=0 --metric r3", 2, "'r3' is not one of"),
    "folds": ("--grid l2=0 --folds 1", 2, "--folds"),
    "too many folds": ("--grid l2=0 --folds 51", 3, "--folds 51 needs a class with as many rows"),
    "far too many folds": ("--grid l2=0 --folds 999", 3, "as many rows, but there are 150"),
    "one file": ("--grid l2=0 --out r.csv --model ./r.csv", 2, "--out and --model must be diff"),
    "an input": ("--grid l2=0 --model iris.csv", 3, "iris.csv is an input of this command"),
    "a format": ("--grid l2=0 --out r.xlsx", 2, "--out cannot write .xlsx"),
    "no folder": ("--grid l2=0 --picture none/p.png", 4, "its folder does not exist"),
    "a table for a fraction": ("--grid l2=0 --validation iris.csv", 2, "not a valid float"),
    "no checkpoint": ("--grid l2=0 --checkpoint iris.fnet", 3, "iris.fnet holds no checkpoint"),
    "groups": ("--grid l2=0 --groups none", 3, "none"),
    **{
        f"no split by {fraction}": (
            f"--grid l2=0 --validation {fraction}",
            3,
            "all 15 fits failed; the first: a fold's training rows cannot be divided by --valid",
        )
        for fraction in (0.001, 0.999)
    },
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_one_line_and_leaves_no_file(shell, case):
    options, expected, message = REFUSED[case]
    before = {path: path.read_bytes() for path in Path(".").iterdir()}
    folds = "" if "--folds" in options else "--folds 15"
    code, out, err = shell(f"fnet search iris.csv --target species --epochs 2 {folds} {options}")
    assert re.fullmatch(r"Error: [^\n]+\n", err), err
    assert re.search(message, err), err
    assert (code, out) == (expected, "")
    assert {path: path.read_bytes() for path in Path(".").iterdir()} == before


CV_REFUSED = {
    "a metric": ("--metrics acc", 3, "must be one of accuracy, .*; got 'acc'; did you mean"),
    "a metric twice": ("--metrics accuracy,accuracy", 2, "names a score twice"),
    "one file": ("--out r --picture r", 2, "--out and --picture must be different files"),
    "groups and time": ("--groups species --time species", 2, "must name different columns"),
}


@pytest.mark.parametrize("case", CV_REFUSED)
def test_what_cv_refuses(shell, case):
    options, expected, message = CV_REFUSED[case]
    code, out, err = shell(f"{CV} {options}")
    assert re.search(message, err), err
    assert (code, out) == (expected, "")


def test_a_candidate_that_fails_leaves_the_others_alone(shell):
    """A rate at which the loss overflows."""
    command = f"{SEARCH} --engine numpy --patience 0"
    alone = run_json(shell, f"{command} --grid learning-rate=0.01")
    code, out, err = shell(f"{command} --grid learning-rate=0.01,1e300 --out r.csv --json")
    assert code == 0
    found = json.loads(out)
    assert without_times(found["results"][:1]) == without_times(alone["results"])
    bad = found["results"][1]
    assert (bad["rank"], bad["accuracy_mean"]) == (2, None)
    assert "finite" in bad["error"]
    assert err.startswith("Note: 1 candidate failed on a fold, the first: ")
    assert read_csv("r.csv")[1]["accuracy_mean"] == ""


def test_a_class_with_one_row(shell):
    Path("t.csv").write_text("a,y\n" + "1,u\n2,v\n3,u\n4,v\n" * 6 + "9,w\n")
    code, out, err = shell("fnet cv t.csv --target y --folds 3 --epochs 2 --patience 0 --out o.csv")
    assert code == 0, err
    assert err == (
        "Note: fewer rows than folds have the classes 'w': not every fold holds out one of each\n"
    )
    (row,) = [row for row in read_csv("o.csv") if row["actual"] == "w"]
    assert row["probability_w"] == ""
    assert row["prediction"] in ("u", "v")


# Ctrl-C and checkpoints.


def press(monkeypatch, after, how):
    """Interrupt the fits after a number of groups; Ctrl-C comes while the next one trains."""
    from fnet.search import parallel

    evaluate, count = parallel.evaluate, 0

    def interrupted(work):
        nonlocal count
        if (count := count + 1) > after:
            how()
        return evaluate(work)

    monkeypatch.setattr(parallel, "evaluate", interrupted)
    return lambda: count


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def killed():
    raise SystemExit(137)


@pytest.mark.parametrize("how", [ctrl_c, killed])
@pytest.mark.parametrize("command", [f"{SEARCH} {TWO}", CV], ids=["search", "cv"])
def test_the_same_command_goes_on_with_the_same_results(shell, monkeypatch, command, how):
    undisturbed = run_json(shell, f"{command} --out undisturbed.csv")
    line = f"{command} --out r.csv --picture p.png --checkpoint run"
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with monkeypatch.context() as patches:
        press(patches, 2, how)
        if how is killed:
            with pytest.raises(SystemExit):
                shell(line)
            assert not Path("r.csv").exists()
        else:
            code, out, err = shell(line)
            assert code == 130
            assert re.search(
                r"Error: interrupted after \d+ of \d+ fits; what is done is in r.csv, p.png; the "
                "checkpoint is run, run the same command to resume\n$",
                err,
            )
            assert "Results: r.csv" in out
            assert is_png("p.png")
            assert read_csv("r.csv")
    done = len(json.loads(Path("run").read_text())["results"])
    assert 0 < done < (18 if "search" in command else 3)
    with monkeypatch.context() as patches:
        groups = press(patches, 99, killed)
        resumed = run_json(shell, line)
        assert groups() == (6 if "search" in command else 3) - 2
    for found, expected in ((resumed, undisturbed), (run_json(shell, line), undisturbed)):
        key = "results" if "search" in command else "scores"
        assert without_times(found[key]) == without_times(expected[key])
        assert found.get("summary") == expected.get("summary")
    assert without_times(read_csv("r.csv")) == without_times(read_csv("undisturbed.csv"))


def test_ctrl_c_before_any_fit_has_finished(shell, monkeypatch):
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before = set(Path(".").iterdir())
    with monkeypatch.context() as patches:
        press(patches, 0, ctrl_c)
        code, out, err = shell(f"{SEARCH} {TWO} --out r.csv --model m.fnet")
    message = "Error: interrupted before a fit had finished; nothing was written\n"
    assert (code, out, err) == (130, "", message)
    assert set(Path(".").iterdir()) == before


def test_a_run_that_ends_half_way_is_no_model(shell, monkeypatch):
    """Ctrl-C while the best candidate is fitted on all rows."""
    from fnet.estimators.base import BaseMLP

    fit = BaseMLP._fit

    def interrupted(self, *arguments):
        found = fit(self, *arguments)
        found.ended_ = "interrupted"
        return found

    monkeypatch.setattr(BaseMLP, "_fit", interrupted)
    code, out, err = shell(f"{SEARCH} {TWO} --out r.csv --model m.fnet")
    assert code == 130
    assert "interrupted after all fits, but not of the last one on all rows" in err
    assert "Model" not in out
    assert not Path("m.fnet").exists()
    assert len(read_csv("r.csv")) == 6


L2 = f"{SEARCH} --grid l2=0,0.1"

DIFFERENT = {
    "--grid": f"{SEARCH} --grid l2=0,0.5",
    "--folds": L2.replace("--folds 3", "--folds 4"),
    "--hidden": f"{L2} --hidden 5",
    "--seed": f"{L2} --seed 1",
    "--standardize": f"{L2} --no-standardize",
    "--target": L2.replace("species", "'petal width (cm)'"),
    "--metric": f"{L2} --metric log_loss",
    "--epochs": L2.replace("--epochs 6", "--epochs 7"),
    "--validation": f"{L2} --validation 0.3",
    "command": CV,
    "the table, or how it is read": f"{L2} --without 'petal width (cm)'",
}


def test_a_checkpoint_of_another_command_is_refused_by_name(shell):
    assert shell(f"{L2} --checkpoint run")[0] == 0
    before = Path("run").read_bytes()
    for name, line in DIFFERENT.items():
        code, out, err = shell(f"{line} --checkpoint run")
        assert (code, out) == (3, ""), name
        assert re.fullmatch(r"Error: [^\n]+\n", err)
        assert f"run is the checkpoint of a command that differs in {name}" in err, err
        assert "repeat that command, or give another path" in err
    assert Path("run").read_bytes() == before


BAD_CHECKPOINTS = {
    "no JSON": lambda text: text[:-9],
    "another kind": lambda text: text.replace("checkpoint of fnet", "letter of fnet"),
    "no results": lambda text: text.replace('"results"', '"fruits"'),
    "a fit too many": lambda text: text.replace('"results": {"0"', '"results": {"99"'),
    "a word for a score": lambda text: text.replace('"accuracy": ', '"accuracy": "x", "b": '),
    "a list": lambda text: f"[{text}]",
    "nothing": lambda text: "",
    "deep": lambda text: "[" * 100_000,
}


def test_a_broken_checkpoint_is_refused(shell):
    assert shell(f"{L2} --checkpoint run")[0] == 0
    text = Path("run").read_text()
    for case, damage in BAD_CHECKPOINTS.items():
        broken = damage(text)
        assert broken != text
        Path("run").write_text(broken)
        code, _, err = shell(f"{L2} --checkpoint run")
        assert (code, err.count("\n")) == (3, 1), case
        assert "Error: run holds no checkpoint" in err
        assert Path("run").read_text() == broken


def test_a_checkpoint_of_another_machine_is_told(shell):
    assert shell(f"{L2} --checkpoint run")[0] == 0
    content = json.loads(Path("run").read_text())
    content["machine"]["numpy"] = "1.0"
    Path("run").write_text(json.dumps(content))
    code, _, err = shell(f"{L2} --checkpoint run")
    assert code == 0
    assert re.fullmatch(
        "Note: run was written in another environment, so that the last bits may differ: numpy "
        r"was 1\.0, now [^\n]*\n",
        err,
    )


# Pictures.


def row(values, mean):
    return Row(values, 1, mean, 0.1, [mean], 1.0, None)


def drawn(*axes, metric="r2"):
    """The Axes of a picture of all candidates, whose score is their number."""
    names = [axis.name for axis in axes]
    combinations = itertools.product(*(axis.values for axis in axes))
    rows = [
        row(dict(zip(names, each, strict=True)), float(i)) for i, each in enumerate(combinations)
    ]
    figure = search_picture.draw(axes, rows[::-1], metric)
    return [panel for panel in figure.axes if isinstance(panel, Axes)]


RATE = grids.Axis("learning-rate", (0.001, 0.01, 0.1), True)
MANY = grids.Axis("l2", tuple(np.geomspace(1e-5, 1, 8).tolist()), True)
SIZES = grids.Axis("hidden", ((), (8,), (8, 4)))


def test_pictures():
    (panel,) = drawn(RATE)
    assert (panel.get_xscale(), panel.get_xlabel()) == ("log", "learning-rate")
    (line, *_) = panel.get_lines()
    np.testing.assert_array_equal(line.get_xydata(), [[0.001, 0], [0.01, 1], [0.1, 2]])
    (panel,) = drawn(SIZES)
    assert [label.get_text() for label in panel.get_xticklabels()] == ["none", "8", "8,4"]
    assert panel.get_lines()[0].get_linestyle() == "None"
    (panel,) = drawn(SIZES, MANY)
    texts = [text.get_text() for text in panel.get_legend().get_texts()]
    assert texts == ["hidden none", "hidden 8", "hidden 8,4"]
    assert panel.get_xscale() == "log"
    panel, _ = drawn(MANY, MANY._replace(name="dropout"))
    image = panel.get_images()[0].get_array()
    assert image[2, 5] == 5 * 8 + 2
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("l2", "dropout")
    panels = drawn(RATE, SIZES, MANY)
    assert [panel.get_xlabel() for panel in panels] == ["learning-rate", "hidden", "l2"]
    best = panels[0].get_lines()[0].get_xydata()
    np.testing.assert_array_equal(best, [[0.001, 23], [0.01, 47], [0.1, 71]])
    worst = drawn(RATE, SIZES, MANY, metric="log_loss")[0].get_lines()[0].get_xydata()
    np.testing.assert_array_equal(worst, [[0.001, 0], [0.01, 24], [0.1, 48]])
