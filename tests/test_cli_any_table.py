"""The command line on tables with columns of every kind, against pipelines of scikit-learn."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn import metrics
from sklearn.pipeline import make_pipeline

import fnet
from fnet import encoding
from fnet.cli import reading, splits

N = 120
MODELS = Path(__file__).parent / "models_0_1_0"


def mixed():
    """A table with columns of every kind and gaps; the target depends on two of them."""
    rng = np.random.default_rng(0)
    age, town = rng.integers(18, 80, N).astype(float), rng.choice(["Ulm", "Köln", "Bonn"], N)
    table = pd.DataFrame({"": [f"r{i}" for i in range(N)], "age": age, "town": town})
    table["member"] = rng.choice(["yes", "no"], N)
    table["since"] = pd.date_range("2020-01-01", periods=N, freq="3D").strftime("%d.%m.%Y")
    table["zip"] = rng.choice(["01067", "50667", "89073"], N)
    table["price"] = [f"{x:.2f}".replace(".", ",") for x in rng.uniform(1, 99, N)]
    table["same"] = "x"
    table["w"], table["g"] = rng.integers(0, 3, N) / 2, rng.integers(0, 9, N)
    table.loc[::7, "age"] = np.nan
    table.loc[3::11, "town"] = None
    table["y"] = np.where((town == "Ulm") ^ (age > 50), "a", "b")
    table["z"] = age / 10 + (town == "Ulm")
    return table


NUMBERED = ["w", "g", "z"]


@pytest.fixture
def run(shell):
    """Runs a command that must succeed: `(out, err)`; the table is in any.csv."""
    mixed().to_csv("any.csv", index=False)

    def ok(line):
        code, out, err = shell(line)
        assert code == 0, err
        return out, err

    ok.shell = shell
    return ok


def train(run, more="", target="y", data="any.csv"):
    """The result of a training of a few epochs, its notes, and its model."""
    line = f"fnet train {data} --target {target} --out m.fnet --epochs 5 --hidden 6 --json {more}"
    out, err = run(line)
    return json.loads(out), err, fnet.load("m.fnet")


def column(model, name):
    return encoding.find_encoding(model.encoding, name)


# Training.


def test_a_table_trains_as_it_comes(run):
    result, err, model = train(run)
    kinds = {each.name: each.kind for each in model.encoding.columns}
    assert kinds == {
        "": "ignored",
        **dict.fromkeys(("age", "price", *NUMBERED), "number"),
        **dict.fromkeys(("town", "zip"), "category"),
        "member": "boolean",
        "since": "date",
        "same": "ignored",
    }
    assert result["features"] == [name for name, kind in kinds.items() if kind != "ignored"]
    (left_out, remark) = err.strip().split("\n")
    assert left_out == (
        "Note: any.csv: left out as of no use: '' has row names; 'same' has one value. "
        "--keep-column '' --keep-column same keeps them"
    )
    assert re.fullmatch(r"Note: any.csv: 'price': '\d+,\d\d' is read as [\d.]+", remark)


@pytest.mark.parametrize("target", ["y", "z"])
def test_a_model_is_a_pipeline_fitted_on_the_training_rows(run, target):
    """The encoder learns nothing from the held-out rows."""
    result, _, model = train(
        run, "--patience 0 --without y --without z".replace(target, "w"), target
    )
    table = mixed()
    y = table.pop(target).to_numpy()
    table = table.drop(columns=["w", "z" if target == "y" else "y"])
    split = splits.at_random(y, 0.2, 0)
    kind = fnet.MLPClassifier if target == "y" else fnet.MLPRegressor
    settings = {"max_iter": 5, "random_state": 0, "n_iter_no_change": np.inf}
    settings |= {} if target == "y" else {"standardize": "target"}
    other = make_pipeline(fnet.TableEncoder(decimal=","), kind(hidden_layer_sizes=(6,), **settings))
    with pytest.warns(match="Maximum iterations"):
        other.fit(table.iloc[split.train], y[split.train])
    held_out = table.iloc[split.held_out]
    np.testing.assert_array_equal(model.predict(held_out), other.predict(held_out))
    np.testing.assert_array_equal(model.estimator().predict(held_out), other.predict(held_out))
    assert result["validation_rows"] == len(held_out) == 24


CHOICES = {
    "--kind zip=number": lambda model: column(model, "zip").kind == "number",
    "--kind age=category": lambda model: column(model, "age").kind == "category",
    "--kind g=ignored": lambda model: column(model, "g").kind == "ignored",
    "--keep-column same": lambda model: "same" in model.features,
    "--keep-index": lambda model: "" in model.features,
    "--without town": lambda model: column(model, "town") is None,
    "--without ''": lambda model: column(model, "") is None,
    "--missing Ulm": lambda model: set(column(model, "town").statistics.levels) == {"Köln", "Bonn"},
    "--missing 0.5": lambda model: (
        column(model, "w").statistics.moments.minimum == 0
        and column(model, "w").steps[0].gaps == ("0.5",)
    ),
    "--weights w": lambda model: column(model, "w") is None,
    "--groups g": lambda model: column(model, "g") is None,
    "--time since": lambda model: column(model, "since").kind == "date",
    "--no-standardize": lambda model: (
        not any(isinstance(step, encoding.steps.Scale) for step in column(model, "age").steps)
    ),
    "--decimal ,": lambda model: column(model, "price").steps[0].decimal == ",",
    "--thousands .": lambda model: column(model, "price").steps[0].decimal == ",",
    "--date-format since=DD.MM.YYYY": lambda model: column(model, "since").kind == "date",
}


@pytest.mark.parametrize("options", CHOICES)
def test_an_option_says_what_a_column_is(run, options):
    _, _, model = train(run, options)
    assert CHOICES[options](model)
    if "--weights" not in options:
        inspected, _ = run(
            f"fnet inspect any.csv --target y --json {options}".replace("--groups g", "--without g")
            .replace("--time since", "")
            .replace("--no-standardize", "")
        )
        kinds = {each["name"]: each["kind"] for each in json.loads(inspected)["columns"]}
        assert kinds == {each.name: each.kind for each in model.encoding.columns}


NOTATIONS = {
    "a decimal comma": ("1,5", "", 1.5),
    "thousands": ("1.234,5", "", 1234.5),
    "percent": ("12.5%", "", 12.5),
    "a currency": ("$1,234.50", "", 1234.5),
    "said thousands": ("1,234", "--thousands ,", 1234),
    "a said decimal comma": ("1,234", "--decimal ,", 1.234),
    "points between thousands": ("1.234", "--thousands .", 1234),
}


@pytest.mark.parametrize("name", NOTATIONS)
def test_numbers_in_another_notation_are_numbers(run, name):
    """And the model reads them so in a table to predict, where it says how."""
    cell, options, number = NOTATIONS[name]
    rows = "".join(f"{cell.replace('1', str(1 + i % 9), 1)};{'pq'[i % 2]}\n" for i in range(30))
    Path("n.csv").write_text("a;y\n" + rows)
    _, err, model = train(run, f"--delimiter ; {options}", data="n.csv")
    assert column(model, "a").statistics.moments.minimum == number
    assert f"'a': '{cell}' is read as {number:.15g}" in err
    _, err = run("fnet predict m.fnet n.csv --out p.csv")
    assert f"n.csv: numbers in another notation: 'a': '{cell}' is read as {number:.15g}" in err


UNLIKE = {
    "a point for a comma": ("2,5", "1.500", "'1.500' is read as 1.5, which is not written as"),
    "a comma for a point": ("2.5", "1,50", "'1,50' is read as 1.5, which is not written as"),
    "another currency": ("$2.50", "€3", "'€3' is read as 3, which is not written as in training"),
    "percent for none": ("0.05", "5%", "'5%' is read as 5, which is not written as in training"),
    "none for percent": ("5%", "0.05", "'0.05' is read as 0.05, where training had '%'"),
    "some for percent": ("5%", "0.05\n7%", "'0.05' is read as 0.05, where training had '%'"),
    "none for a currency": ("$2.50", "3", None),
    "whole numbers": ("2,5", "3", None),
}


@pytest.mark.parametrize("name", UNLIKE)
def test_numbers_that_are_not_written_as_in_training_are_noted(run, name):
    before, now, note = UNLIKE[name]
    rows = "".join(f"{before.replace('5', str(1 + i % 9))};{'pq'[i % 2]}\n" for i in range(30))
    Path("n.csv").write_text("a;y\n" + rows)
    train(run, "--delimiter ; --validation 0", data="n.csv")
    Path("now.csv").write_text(f"a;b\n{now}\n".replace("\n", ";1\n").replace("a;b;1", "a;b"))
    _, err = run("fnet predict m.fnet now.csv --strict")
    assert (note is None and "Note" not in err) or f"'a': {note}" in err


def test_a_fraction_for_a_percentage_is_noted_in_any_format(run):
    Path("n.csv").write_text("a,y\n" + "".join(f"{1 + i % 9}%,{'pq'[i % 2]}\n" for i in range(30)))
    train(run, "--validation 0", data="n.csv")
    pd.DataFrame({"a": [None, 0.07]}).to_parquet("now.parquet")
    _, err = run("fnet predict m.fnet now.parquet")
    assert "'a': 0.07 is read as 0.07, where training had '%'" in err


def test_dates_that_may_be_others_are_said(run):
    rows = "".join(f"0{1 + i % 9}/0{1 + i % 7}/2024,{'pq'[i % 2]}\n" for i in range(30))
    Path("d.csv").write_text("day,y\n" + rows)
    for written, last in (("MM/DD/YYYY", "2024-09-06"), ("DD/MM/YYYY", "2024-07-07")):
        _, _, model = train(run, f"--date-format {written} --validation 0", data="d.csv")
        assert column(model, "day").steps[0].format == written
        days = int(column(model, "day").statistics.moments.maximum)
        assert str(np.datetime64(days, "D")) == last
        run("fnet predict m.fnet d.csv --strict")


def test_text_in_another_encoding_is_said(run):
    mixed().to_csv("latin.csv", index=False, encoding="latin-1")
    code, _, err = run.shell("fnet train latin.csv --target y --out m.fnet")
    assert code == 3
    assert "--encoding" in err
    _, _, model = train(run, "--encoding latin-1", data="latin.csv")
    assert "Köln" in column(model, "town").statistics.levels
    one, _ = run("fnet predict m.fnet latin.csv --encoding latin-1")
    other, _ = run("fnet predict m.fnet any.csv")
    assert one == other


# Weights, and the rows that are held out.


def test_rows_have_weights_in_the_loss_and_in_the_score(run):
    result, _, model = train(run, "--weights w --patience 0")
    table = mixed()
    y, weights = table.pop("y").to_numpy(), table.pop("w").to_numpy()
    train_rows, held_out, _ = splits.at_random(y, 0.2, 0)
    encoder = fnet.TableEncoder(decimal=",").fit(table.iloc[train_rows])
    x = encoder.transform(table)
    other = fnet.MLPClassifier((6,), max_iter=5, random_state=0, n_iter_no_change=np.inf)
    with pytest.warns(match="Maximum iterations"):
        other.fit(x[train_rows], y[train_rows], weights[train_rows])
    np.testing.assert_array_equal(model.predict_proba(table), other.predict_proba(x))
    score = metrics.accuracy_score(
        y[held_out], other.predict(x[held_out]), sample_weight=weights[held_out]
    )
    assert result["scores"]["accuracy"] == pytest.approx(score)
    plain = metrics.accuracy_score(y[held_out], other.predict(x[held_out]))
    assert score != plain


def test_groups_are_never_split():
    for seed in range(20):
        groups = np.random.default_rng(seed).integers(0, 12, 200)
        train_rows, held_out, _ = splits.by_groups(groups, 0.2, seed)
        assert not set(groups[train_rows]) & set(groups[held_out])
        assert sorted([*train_rows, *held_out]) == list(range(200))
        assert abs(len(held_out) - 40) <= np.bincount(groups).max() / 2 + 1


def test_the_newest_rows_are_held_out_and_ties_stay_together():
    for seed in range(20):
        times = np.random.default_rng(seed).integers(0, 15, 100).astype(float)
        train_rows, held_out, _ = splits.by_time(times, 0.2)
        assert times[train_rows].max() < times[held_out].min()
        assert sorted([*train_rows, *held_out]) == list(range(100))
    train_rows, held_out, _ = splits.by_time(np.array([1.0, 2, 2, 2]), 0.25)
    assert (train_rows.tolist(), held_out.tolist()) == ([0], [1, 2, 3])


def test_a_group_and_a_time_decide_what_is_held_out(run):
    table = mixed()
    for options, rows in (
        ("--groups g", splits.by_groups(pd.factorize(table["g"])[0], 0.25, 0).held_out),
        ("--time since", np.arange(90, 120)),
    ):
        result, _, model = train(run, f"{options} --validation 0.25")
        held_out = table.iloc[rows].drop(columns=["y"])
        score = metrics.accuracy_score(table["y"].iloc[rows], model.predict(held_out))
        assert result["validation_rows"] == len(rows)
        assert result["scores"]["accuracy"] == pytest.approx(score)


def test_blanks_around_a_group_make_no_other_group(run):
    groups = [f"t{i * i % 7}" for i in range(N)]
    blank = [cell + " " * (i % 3) for i, cell in enumerate(groups)]
    scores = []
    for cells in (groups, blank, pd.factorize(np.array(groups))[0]):
        result, _, _ = train(run, "--groups u", data=saved(mixed().assign(u=cells)))
        scores.append((result["scores"], result["validation_rows"]))
    assert scores == [scores[0]] * 3


def saved(table):
    table.to_csv("saved.csv", index=False)
    return "saved.csv"


ROLES = {
    "--time r --date-format r=DD/MM/YYYY": ("%d/%m/%Y", "--time since"),
    "--time r --date-format MM/DD/YYYY": ("%m/%d/%Y", "--time since"),
}


@pytest.mark.parametrize("options", ROLES)
def test_what_is_said_of_dates_holds_for_times(run, options):
    """Dates of the first twelve days of a month, which may be read in two ways."""
    written, same = ROLES[options]
    days = pd.Series(pd.date_range("2020-01-01", periods=2 * N))
    days = days[days.dt.day <= 12][:90].reset_index(drop=True)
    table = mixed()[:90].assign(r=days.dt.strftime(written), since=days.dt.strftime("%Y-%m-%d"))
    found, _, model = train(run, options, data=saved(table))
    table["r"] = table["since"]
    other, _, _ = train(run, same, data=saved(table))
    assert found["scores"] == other["scores"]
    assert column(model, "r").kind == "date"


def test_what_is_said_of_numbers_holds_for_weights(run):
    table = mixed()
    table["w"] += 1
    plain, _, _ = train(run, "--weights w", data=saved(table.drop(columns="z")))
    table["w"] = [f"{w:.3f}".replace(".", ",") for w in table["w"]]
    found, _, _ = train(run, "--weights w --decimal ,", data=saved(table.drop(columns="z")))
    assert found["scores"] == pytest.approx(plain["scores"])


def test_a_class_of_new_times_alone_is_left_out_of_the_score(run):
    table = mixed()
    table.loc[118:, "y"] = "new"
    table.to_csv("new.csv", index=False)
    result, err, model = train(run, "--time since --cv 0", data="new.csv")
    assert (
        "left 2 held-out rows out of the score, of classes that no training row has: 'new'" in err
    )
    assert model.classes.tolist() == ["a", "b"]
    assert result["validation_rows"] == 22


@pytest.mark.parametrize("target", ["y", "z"])
def test_another_table_validates(run, target):
    table = mixed()
    table.iloc[:40].to_csv("held.csv", index=False)
    table.iloc[40:].to_csv("rest.csv", index=False)
    result, _, _ = train(run, "--validation held.csv", target, "rest.csv")
    assert (result["rows"], result["validation_rows"]) == (80, 40)
    evaluated = json.loads(run("fnet evaluate m.fnet held.csv --json")[0])
    for name, score in result["scores"].items():
        assert evaluated["metrics"][name] == pytest.approx(score)


# Rows that cannot be predicted.


BAD = {"age": "old", "member": "perhaps", "since": "30.02.2020"}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_a_row_that_cannot_be_read_has_an_empty_prediction(run, suffix, monkeypatch):
    """In any chunk, the first one included."""
    monkeypatch.setattr("fnet.tables.readers.CSV_BLOCK_BYTES", 1 << 10)
    _, _, model = train(run)
    table, bad = mixed().astype(object), {0: "age", 57: "member", 119: "since"}
    for row, name in bad.items():
        table.loc[row, name] = BAD[name]
    table.to_csv("bad.csv", index=False)
    _, err = run(f"fnet predict m.fnet bad.csv --probabilities --out p{suffix}")
    read = {
        ".csv": pd.read_csv,
        ".tsv": lambda path: pd.read_csv(path, sep="\t"),
        ".jsonl": lambda path: pd.read_json(path, lines=True),
        ".parquet": pd.read_parquet,
    }[suffix]
    found, good = read(f"p{suffix}"), [i for i in range(N) if i not in bad]
    assert found["prediction"].isna().to_numpy().nonzero()[0].tolist() == list(bad)
    assert found["prediction"][good].tolist() == model.predict(mixed().iloc[good]).tolist()
    probabilities = model.predict_proba(mixed().iloc[good])
    np.testing.assert_allclose(found["probability_a"][good], probabilities[:, 0], atol=1e-15)
    assert found["probability_a"].isna().sum() == 3
    assert "bad.csv: 3 rows cannot be predicted and have empty predictions (1, 58, 120): " in err
    for row, name in bad.items():
        assert f"column '{name}', row {row + 1}: '{BAD[name]}' is not a" in err


def test_rows_that_cannot_be_read_are_left_out_of_an_evaluation(run):
    train(run)
    table = mixed().astype(object)
    table.loc[5, "age"] = "old"
    table.to_csv("bad.csv", index=False)
    mixed().drop(index=5).to_csv("rest.csv", index=False)
    out, err = run("fnet evaluate m.fnet bad.csv --json")
    rest = json.loads(run("fnet evaluate m.fnet rest.csv --json")[0])
    found = json.loads(out)
    assert (found["rows"], found["metrics"]) == (N - 1, rest["metrics"])
    assert "bad.csv: 1 row cannot be predicted and is left out (6): column 'age', row 6: " in err


ROWS = {
    "another order of columns": lambda table: table[table.columns[::-1]],
    "other columns among them": lambda table: table.assign(more="x"),
    "another spelling of a boolean": lambda table: table.replace({"yes": "TRUE", "no": "f"}),
    "blanks around cells": lambda table: table.assign(town=" " + table["town"] + " "),
    "blanks around names": lambda table: table.rename(columns={"age": " age "}),
    "another name of a gap": lambda table: table.astype(object).where(table.notna(), "null"),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_same_rows_written_otherwise_predict_the_same(run, name):
    train(run)
    expected, _ = run("fnet predict m.fnet any.csv --probabilities")
    ROWS[name](mixed()).to_csv("other.csv", index=False)
    assert run("fnet predict m.fnet other.csv --probabilities")[0] == expected


def test_an_unseen_level_is_none_of_the_levels_and_a_gap_is_its_own(run):
    _, _, model = train(run)
    names = encoding.feature_names(model.encoding)
    rows = mixed().head(2).assign(town=["Rom", None])
    found = encoding.encode(model.encoding, rows)
    town = [i for i, name in enumerate(names) if name.startswith("town")]
    assert found[0, town].sum() == 0
    assert names[town[int(found[1, town].argmax())]] == "town is missing"
    rows.to_csv("rows.csv", index=False)
    out, _ = run("fnet predict m.fnet rows.csv")
    assert out.split() == ["prediction", *model.predict(rows)]


# Models without an encoding.


def test_a_model_of_an_earlier_version_predicts_numbers_in_any_notation(run):
    expected = json.loads((MODELS / "expected.json").read_text())["iris.fnet"]
    names = fnet.load(MODELS / "iris.fnet").features
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 3.0, 4.2, 1.5]])
    frame = pd.DataFrame(rows, columns=names)
    frame.to_csv("plain.csv", index=False)
    frame.to_csv("comma.csv", index=False, sep=";", decimal=",")
    plain, err = run(f"fnet predict {MODELS}/iris.fnet plain.csv --probabilities")
    assert "Note" not in err
    comma, err = run(f"fnet predict {MODELS}/iris.fnet comma.csv --probabilities")
    assert "'5,1' is read as 5.1" in err
    assert plain == comma
    assert plain.split("\n")[1].split(",")[0] in map(str, fnet.load(MODELS / "iris.fnet").classes)
    assert expected
    frame.iloc[1, 2] = np.nan
    frame.to_csv("gap.csv", index=False)
    out, err = run(f"fnet predict {MODELS}/iris.fnet gap.csv")
    assert out.split("\n")[2] == '""'
    assert f"column '{names[2]}', row 2: missing value: fill it in" in err


# Inspecting and describing.


def test_inspect_prints_what_was_decided_for_each_column(run):
    out, err = run("fnet inspect any.csv --target y")
    lines = out.strip().split("\n")
    assert lines[0] == "'y': target of a classifier (2 distinct texts in 120 rows)"
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["''", "ignored"],
        ["'age'", "number"],
        ["'town'", "category"],
    ]
    assert re.fullmatch(
        r"'age' +number +numbers; 18 to 79, median [\d.]+; 18 gaps; 2 columns", lines[2]
    )
    assert re.fullmatch(r"120 rows, 11 columns: \d+ features of the network", lines[-1])
    assert "left out as of no use: '' has row names; 'same' has one value" in err
    found = json.loads(run("fnet inspect any.csv --target y --json")[0])
    assert found["task"] == "classifier"
    age = next(each for each in found["columns"] if each["name"] == "age")
    assert (age["kind"], age["statistics"]["gaps"]) == ("number", 18)
    steps = [step["step"] for step in age["steps"]]
    assert " ".join(steps) == "Number Missing Fill Scale Clip Value"
    assert len(found["features"]) == int(re.search(r"(\d+) features", lines[-1])[1])


def test_inspect_without_a_target_takes_every_column(run):
    found = json.loads(run("fnet inspect any.csv --json")[0])
    assert [each["name"] for each in found["columns"]] == list(mixed())
    assert "target" not in found


def test_describe_has_the_columns(run):
    _, _, model = train(run)
    printed, _ = run("fnet describe m.fnet")
    assert printed.endswith("\n".join(encoding.describe(model.encoding)) + "\n")
    found = json.loads(run("fnet describe m.fnet --json")[0])
    assert [each["name"] for each in found["columns"]] == [c.name for c in model.encoding.columns]


# Bad input.


def late_date():
    dates = pd.date_range("2001-01-01", periods=9000, freq="D").strftime("%Y-%m-%d").tolist()
    dates[6999] = "2020-02-30"
    return {"day": dates, "y": ["p", "q"] * 4500}


REFUSED = {
    "a date in row 7,000": (
        late_date,
        "column 'day', row 7000: '2020-02-30' .*--kind day=category",
    ),
    "lists": (lambda: {"a": [[1], [2]] * 9}, "column 'a' has lists .*--without 'a'"),
    "dicts": (lambda: {"a": [{"k": 1}, {"k": 2}] * 9}, "column 'a' has objects .*--without 'a'"),
    "nothing of use": (lambda: {"a": [None] * 18, "b": ["q"] * 18}, "must have a column of use"),
    "a target of gaps": (lambda: {"a": [1] * 18, "y": [None] * 18}, "'y' has no value in any row"),
    "a gap in the target": (lambda: {"a": [1] * 18, "y": ["p", None] * 9}, "'y', rows 2, 4, 6"),
    "infinite": (lambda: {"a": [1.5, np.inf] * 9}, "column 'a', row 2: inf is not finite"),
    "a name of 10,000 letters": (
        lambda: {"n" * 10_000: [np.inf, 1] * 9},
        r"'n+\.\.\.', row 1: inf",
    ),
    "a name of controls": (lambda: {"\x1b[2J": [np.inf, 1] * 9}, r"'\\x1b\[2J', row 1: inf"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_columns_are_refused_with_column_and_row(run, name):
    make, message = REFUSED[name]
    columns = make()
    columns.setdefault("y", ["p", "q"] * (len(next(iter(columns.values()))) // 2))
    parquet.write_table(pa.table(columns), "bad.parquet")
    code, out, err = run.shell("fnet train bad.parquet --target y --out new.fnet")
    assert (code, out) == (3, "")
    assert re.fullmatch(rf"Error: bad.parquet[: ].*{message}.*\n", err), err
    assert len(err) < 1500
    assert not Path("new.fnet").exists()


OTHER_KINDS = {
    "age": (pa.array([[1]] * N), "column 'age' has lists"),
    "town": (pa.array([True] * N), "column 'town' has booleans, where .* fitted on text"),
    "since": (pa.array([1.5] * N), "column 'since' has numbers, where .* fitted on dates"),
    "price": (
        pa.array([pd.Timestamp("2020-01-01")] * N),
        "column 'price' has dates, where the encoder was fitted on numbers",
    ),
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_a_column_of_another_kind_is_refused_with_both_kinds(run, name):
    values, message = OTHER_KINDS[name]
    train(run)
    table = pa.Table.from_pandas(mixed(), preserve_index=False)
    table = table.set_column(table.column_names.index(name), name, values)
    parquet.write_table(table, "other.parquet")
    for command in ("predict", "evaluate"):
        code, out, err = run.shell(f"fnet {command} m.fnet other.parquet")
        assert (code, out) == (3, "")
        assert re.fullmatch(f"Error: other.parquet: {message}.*\n", err), err


@pytest.mark.parametrize("name", ["=1+1", "<b>a</b>", "__import__('os')", "a,b", "a=b", "--kind"])
def test_columns_may_be_called_anything(run, name):
    """And the options in notes name them so that a shell reads them."""
    rows = {name: range(40), f"{name} 2": ["x"] * 40, "y": ["p", "q"] * 20}
    pd.DataFrame(rows).to_csv("odd.csv", index=False)
    _, err, model = train(run, data="odd.csv")
    option = re.search(r"(--keep-column .*) keeps them", err)[1]
    _, _, model = train(run, option, data="odd.csv")
    assert list(model.features) == [name, f"{name} 2"]
    run("fnet predict m.fnet odd.csv")


def test_a_missing_token_is_a_gap_in_the_table_to_predict_alone(run):
    _, _, model = train(run)
    mixed().assign(age=mixed()["age"].fillna(-1)).to_csv("tokens.csv", index=False)
    expected, _ = run("fnet predict m.fnet any.csv --probabilities")
    assert run("fnet predict m.fnet tokens.csv --probabilities --missing -1")[0] == expected
    assert run("fnet predict m.fnet tokens.csv --probabilities")[0] != expected
    assert column(model, "age").steps[0].gaps == ()


def test_the_values_of_options_are_those_of_the_encoding():
    assert reading.KINDS == encoding.records.KINDS
    assert tuple(encoding.cells.DATE_FORMATS) == reading.DATE_FORMATS
    assert set(reading.THOUSANDS) == set(encoding.cells.THOUSANDS) - {""}
