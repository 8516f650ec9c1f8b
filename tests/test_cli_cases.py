"""The command line on tables that once gave wrong models or misleading messages, in `cases/`.

Each case is one line of the table: what to train on, and what it must give.
"""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

import fnet
from fnet import cli

CASES = Path(__file__).parent / "cases"


@pytest.fixture
def run(shell):
    """Runs a command in a folder with the cases: `(exit code, out, err)`."""
    for path in CASES.iterdir():
        shutil.copy(path, ".")
    return shell


def train(run, line, out="m.fnet"):
    """The summary and the notes of a training that must succeed, and its model."""
    code, printed, err = run(f"fnet train {line} --out {out}")
    assert code == 0, err
    assert not re.search("^Error", err, re.MULTILINE)
    return printed, err, fnet.load(out)


NAMES = ["a", "b", "c"]

TRAINED = {
    "a Parquet index": ("index_leak.parquet --target y", NAMES, "no yes", "'__index_level_0__'"),
    "a CSV index": ("index_unnamed.csv --target y", NAMES, "no yes", "'Unnamed: 0'"),
    "decimal commas": ("t_decimal_comma.csv --target y", ["a", "b"], None, "'3,7' is read as 3.7"),
    "decimal commas, semicolons": (
        *("t_decimal_comma.csv --target y --delimiter ;", ["a", "b"], None),
        "'3,7' is read as 3.7",
    ),
    "percent": ("t_percent.csv --target y", ["a", "b"], None, "'3.7%' is read as 3.7"),
    "U+2212": ("t_minus.csv --target y", ["a", "b"], None, "'−3.7' is read as -3.7"),
    "a feature with commas": (
        *("t_feature_comma.csv --target b", ["a", "y"], None, "'y': '3,7' is read as 3.7"),
    ),
    "mixed labels": (
        *("mixed_labels.csv --target grade", ["a", "b"], "1 2 3 4 D K"),
        "'grade' mixes numbers with text such as '[DK]': all are taken as 6 classes",
    ),
    "nan left out": ("na_x110_3.csv --target y --drop-missing", ["a"], "no yes", "out 12 rows"),
    "empty left out": ("na_x32_1.csv --target y --drop-missing", ["a"], "no yes", "out 12 rows"),
    "aligned": ("d_aligned.csv --target y", ["x1", "x2"], "a b", ""),
    "tabs": ("d_tabs.csv --target y", ["x1", "x2"], "a b", ""),
    r"tabs as \t": (r"d_tabs.csv --target y --delimiter '\t'", ["x1", "x2"], "a b", ""),
    "tabs as tab": ("d_tabs.csv --target y --delimiter tab", ["x1", "x2"], "a b", ""),
}


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.slow
def test_a_case_trains_the_right_model(run, name):
    line, features, classes, note = TRAINED[name]
    printed, notes, model = train(run, f"{line} --epochs 60")
    assert list(model.features) == features
    found = None if model.classes is None else sorted(map(str, model.classes))
    assert found == (classes.split() if classes else None)
    assert re.search(note, notes) if note else notes == ""
    assert re.match(r"\w+: (classifier|regressor) .*\(.+; --task overrides this\)\n", printed)


@pytest.mark.parametrize("table", ["index_leak.parquet", "index_unnamed.csv"])
def test_noise_is_not_learnt_from_the_index(run, table):
    printed, _, _ = train(run, f"{table} --target y --epochs 20")
    assert abs(float(re.search(r"accuracy ([\d.]+)", printed)[1]) - 0.5) < 0.15
    _, notes, model = train(run, f"{table} --target y --keep-index --epochs 2")
    assert len(model.features) == 4
    assert "left out" not in notes


REFUSED = {
    "nan": ("na_x110_3.csv --target y", 3, "'y', rows 1, 11, 21, .*'nan'.* 12 of 120 rows"),
    "empty": ("na_x32_1.csv --target y", 3, r"'y', rows 1, 11, 21, .*\(empty\).* 12 of 120 rows"),
    "two targets": ("two_targets.csv --target t1 --target t2", 2, "--target is given twice"),
    "a header alone": ("oneline.csv --target y", 3, "a header row but no data rows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_case_is_refused(run, name):
    line, expected, message = REFUSED[name]
    code, out, err = run(f"fnet train {line} --out m.fnet")
    assert (code, out) == (expected, "")
    assert re.fullmatch(f"Error: .*{message}.*\n", err), err
    assert not Path("m.fnet").exists()


def test_the_numbers_of_all_notations_are_the_same(run):
    truth = pd.read_csv("t_percent.csv")["y"].str.rstrip("%").astype(float).to_numpy()
    models = {}
    for table in ("t_decimal_comma.csv", "t_percent.csv", "t_minus.csv"):
        models[table] = train(run, f"{table} --target y --epochs 5", f"{table}.fnet")[2]
        code, out, err = run(f"fnet evaluate {table}.fnet {table} --json")
        assert code == 0, err
    x = pd.read_csv("t_percent.csv")[["a", "b"]].to_numpy(float)
    first = models["t_decimal_comma.csv"].predict(x)
    np.testing.assert_array_equal(models["t_percent.csv"].predict(x), first)
    np.testing.assert_allclose(models["t_minus.csv"].predict(x), -first, atol=np.ptp(truth) / 2)
    assert truth.min() < first.mean() < truth.max()


def test_a_model_reads_features_in_the_notation_of_its_training(run):
    Path("t.csv").write_text("a;y\n" + "".join(f"1.{i:03},5;{i % 2}\n" for i in range(30)))
    train(run, "t.csv --target y --epochs 2")
    expected = fnet.load("m.fnet").predict_proba([[1234.0]])[0, 1]
    Path("one.csv").write_text("a\n1.234\n")
    code, out, err = run("fnet predict m.fnet one.csv --probabilities")
    assert code == 0, err
    assert float(out.split("\n")[1].split(",")[2]) == expected
    assert "'a': '1.234' is read as 1234" in err


def test_an_index_is_no_column_of_another_table(run):
    _, notes, model = train(run, "idx_train.parquet --target target")
    assert "__index_level_0__" not in model.features
    code, out, err = run("fnet predict m.fnet idx_test.parquet")
    assert code == 0, err
    assert out.count("\n") == 39


def test_booleans_are_the_same_in_a_csv_and_a_parquet(run):
    models = [
        train(run, f"bool_feature.{kind} --target y --epochs 9")[2] for kind in ("csv", "parquet")
    ]
    for one, other in zip(*(model.params for model in models), strict=True):
        np.testing.assert_array_equal(one.w, other.w)


@pytest.mark.parametrize("trained", ["boolt_arrow.csv", "boolt.parquet"])
def test_boolean_classes_are_the_same_in_a_csv_and_a_parquet(run, trained):
    model = train(run, f"{trained} --target y --epochs 9")[2]
    assert model.classes.tolist() == ["False", "True"]
    printed = []
    for table in ("boolt_arrow.csv", "boolt.parquet"):
        code, out, err = run(f"fnet evaluate m.fnet {table}")
        assert code == 0, err
        printed.append(out)
    assert printed[0] == printed[1]


def test_classes_of_an_older_model_keep_their_spelling(run):
    net = fnet.Network((1, 2))
    classes = np.array(["false", "true"])
    params = fnet.reference.init_params(net, 0)
    fnet.save("old.fnet", (net, params), classes=classes, features=["a"])
    for table in ("boolt_arrow.csv", "boolt.parquet"):
        code, out, err = run(f"fnet evaluate old.fnet {table} --target y")
        assert code == 0, err
        assert re.search(r"^false ", out, re.MULTILINE)


def test_a_class_that_the_model_never_saw_is_refused_with_its_rows(run):
    train(run, "d_tabs.csv --target y --epochs 2")
    code, out, err = run("fnet evaluate m.fnet unseen.csv")
    assert (code, out) == (3, "")
    assert re.search(r"one of the classes of the model, 'a', 'b'; got 'c', first in row 2 \(", err)


def test_rows_without_a_target_are_left_out_of_an_evaluation_on_request(run):
    train(run, "na_x110_3.csv --target y --epochs 2 --drop-missing")
    code, _, err = run("fnet evaluate m.fnet na_x110_3.csv")
    assert code == 3
    assert "missing value ('nan') in 12 of 120 rows" in err
    code, out, err = run("fnet evaluate m.fnet na_x110_3.csv --drop-missing")
    assert (code, out.split("\n")[0]) == (0, "108 rows")


def test_a_missing_token_is_remembered_by_the_model(run):
    Path("t.csv").write_text("a,y\n" + "1,NA\n2,b\n3,x\n4,b\n5,NA\n" * 6)
    line = "t.csv --target y --epochs 2 --missing x --drop-missing"
    model = train(run, line)[2]
    assert model.classes.tolist() == ["NA", "b"]
    code, out, err = run("fnet evaluate m.fnet t.csv --drop-missing")
    assert (code, out.split("\n")[0]) == (0, "24 rows"), err


def test_a_class_with_one_row_stays_in_training_with_a_note(run):
    rows = "".join(f"{i},{'xz'[i % 2]}\n" for i in range(20))
    Path("t.csv").write_text(f"a,y\n{rows}9,q\n")
    _, notes, model = train(run, "t.csv --target y --epochs 3 --cv 0")
    assert model.classes.tolist() == ["q", "x", "z"]
    assert re.fullmatch("Note: class 'q' has only one row, which stays in training: .*\n", notes)
    assert model.trained["validation_rows"] == 5
    assert model.trained["rows"] == 16


# Options given twice.

OPTIONS = [
    (name, option)
    for name in cli.COMMANDS
    for option in cli.commands.get_command(None, name).params
    if option.param_type_name == "option"
]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_any_option_given_twice_is_refused_unless_it_is_repeatable(run, name, option):
    value = "" if option.is_flag else " 1"
    twice = f" {option.opts[-1]}{value}" * 2
    code, _, err = run(f"fnet {name}{twice}")
    assert code == 2
    assert ("is given twice" in err) == (not option.multiple)


def test_a_flag_and_its_opposite_are_given_twice(run):
    code, _, err = run("fnet train d_tabs.csv --target y --out m --standardize --no-standardize")
    assert code == 2
    assert "--standardize/--no-standardize is given twice" in err


# Formats of predictions.


def test_predictions_are_written_as_parquet(run):
    frame = pd.read_csv("iris.csv").assign(id=range(150))
    frame.to_parquet("iris.parquet")
    code, out, err = run(
        "fnet predict iris.fnet iris.parquet --probabilities --keep id --keep species "
        "--out p.parquet"
    )
    assert (code, out) == (0, ""), err
    found, x = parquet.read_table("p.parquet").to_pandas(), frame.iloc[:, :4]
    model = fnet.load("iris.fnet")
    assert found["id"].dtype == np.int64
    assert found["id"].tolist() == list(range(150))
    assert found["species"].tolist() == frame["species"].tolist()
    assert found["prediction"].tolist() == model.predict(x).tolist()
    np.testing.assert_array_equal(found["probability_setosa"], model.predict_proba(x)[:, 0])


@pytest.mark.parametrize("suffix", [".tsv", ".parquet", ".csv"])
def test_what_a_command_writes_can_be_read_under_its_name(run, suffix):
    for line in (
        f"fnet sample iris --out s{suffix}",
        f"fnet predict iris.fnet s{suffix} --keep 'petal width (cm)' --out p{suffix}",
    ):
        code, _, err = run(line)
        assert code == 0, err
    with fnet.tables.open_table(f"p{suffix}") as table:
        assert table.columns == ("petal width (cm)", "prediction")
        chunk = next(table.chunks)
        assert fnet.tables.text_column(chunk, "prediction")[0] == "setosa"
        assert float(fnet.tables.text_column(chunk, "petal width (cm)")[0]) == 0.2


def test_predictions_as_json_lines_by_the_suffix(run):
    code, _, err = run("fnet predict iris.fnet iris.csv --out p.jsonl")
    assert code == 0, err
    assert Path("p.jsonl").read_text().startswith('{"prediction": "setosa"}\n')
