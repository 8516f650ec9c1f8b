"""`TableEncoder` as a transformer of scikit-learn, and its errors about bad rows."""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import fnet
from fnet import InvalidArgument, TableEncoder

FRAME = pd.DataFrame(
    {
        "age": [31.0, np.nan, 45, 22, 31, 60],
        "sex": ["f", "m", "f", "m", "m", "f"],
        "member": [True, False, True, True, False, False],
        "since": pd.to_datetime(["2024-01-01", "2024-02-05", "2023-01-02"] * 2),
        "town": ["Ulm", "Ulm", "Bonn", "Bonn", "Kiel", "Kiel"],
        "one": [1, 1, 1, 1, 1, 1],
    }
)
ENCODER = TableEncoder().fit(FRAME)


@pytest.mark.parametrize(
    "encoder", [TableEncoder(), TableEncoder(scaling="standard", dtype="float32", keep=True)]
)
def test_scikit_learns_own_checks(encoder):
    found = check_estimator(encoder, on_fail=None, on_skip=None)
    failed = [each["check_name"] for each in found if each["status"] not in ("passed", "skipped")]
    assert (failed, len(found) > 30) == ([], True)


def test_fit_ignores_y():
    for y in (None, [1, 0, 1, 0, 1, 0], "anything"):
        assert TableEncoder().fit(FRAME, y).encoding_ == ENCODER.encoding_
    assert "y" not in ENCODER.encoding_.columns[0]._fields


def test_what_a_fit_leaves_behind():
    assert ENCODER.n_features_in_ == 6
    assert ENCODER.feature_names_in_.tolist() == list(FRAME)
    names = ENCODER.get_feature_names_out()
    assert names.tolist()[:3] == ["age is missing", "age", "sex=m"]
    assert ENCODER.transform(FRAME).shape == (6, len(names))
    assert ENCODER.transform(FRAME).flags.c_contiguous
    assert ENCODER.notes_ == ["left out as of no use: 'one' has one value. keep=['one'] keeps them"]
    assert [line.split()[1] for line in ENCODER.describe().splitlines()] == [
        *("number", "category", "boolean", "date", "category", "ignored")
    ]
    again = TableEncoder().fit(FRAME).fit(FRAME.to_numpy())
    assert not hasattr(again, "feature_names_in_")
    assert again.get_feature_names_out()[0] == "x0 is missing"
    renamed = again.get_feature_names_out([*"abcdef"])
    assert renamed[0] == "a is missing"


def test_copies():
    settings = {
        "kinds": {"age": "category"},
        "missing": ("?",),
        "dtype": "float32",
        "max_levels": 2,
    }
    encoder = TableEncoder(**settings).fit(FRAME)
    assert clone(encoder).get_params() == encoder.get_params()
    other = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(other.transform(FRAME), encoder.transform(FRAME))
    assert other.transform(FRAME).dtype == np.float32


def test_set_output():
    encoder = clone(ENCODER).set_output(transform="pandas").fit(FRAME)
    frame = FRAME.set_index(np.arange(6) * 3)
    found = encoder.transform(frame)
    assert list(found) == ENCODER.get_feature_names_out().tolist()
    assert list(found.index) == list(frame.index)
    np.testing.assert_array_equal(found, ENCODER.transform(FRAME))
    polars = clone(ENCODER).set_output(transform="polars").fit_transform(pl.DataFrame(FRAME))
    np.testing.assert_array_equal(polars, ENCODER.transform(FRAME))


@pytest.mark.parametrize("call", ["transform", "transform_rows"])
def test_an_array_in_place_of_named_columns_is_taken_by_position_with_a_warning(call):
    with pytest.warns(UserWarning, match="does not have valid feature names") as caught:
        found = getattr(ENCODER, call)(FRAME.to_numpy())
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(getattr(found, "values", found), ENCODER.transform(FRAME))
    unnamed = clone(ENCODER).fit(FRAME.to_numpy())
    np.testing.assert_array_equal(unnamed.transform(FRAME.to_numpy()), ENCODER.transform(FRAME))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pipelines():
    table = pd.concat([FRAME] * 10, ignore_index=True)
    y = np.arange(60) % 2
    pipeline = make_pipeline(TableEncoder(), fnet.MLPClassifier(max_iter=3, random_state=0))
    assert np.isfinite(cross_val_score(pipeline, table, y, cv=2)).all()
    grid = {"tableencoder__scaling": ["robust", "none"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(table, y)
    records = table.astype(object).to_dict("records")
    np.testing.assert_array_equal(search.predict(records), search.predict(table))


def test_not_fitted():
    for call in ("transform", "transform_rows", "describe", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(TableEncoder(), call)(*[FRAME] * (call.startswith("transform")))


def test_a_bad_type_is_refused():
    for dtype in ("int32", "float16", "no", dict):
        with pytest.raises(InvalidArgument, match="dtype must be float64 or float32"):
            TableEncoder(dtype=dtype).fit(FRAME)


# Rows that cannot be encoded.


def row(**cells):
    """Three rows, of which the last has these cells."""
    found = FRAME.astype(object).iloc[:3].copy()
    for name, cell in cells.items():
        found[name] = found[name].astype(object)
        found.at[2, name] = cell
    return found


REFUSED = {
    "text for a number": (row(age="old"), ["column 'age', row 2", "'old'", "not a number"]),
    "infinite": (row(age=np.inf), ["column 'age', row 2", "not finite"]),
    "another number": (row(member=2), ["column 'member', row 2", "2.0", "not a boolean"]),
    "text for a boolean": (
        row(member="perhaps"),
        ["'member', row 2", "'perhaps'", "not a boolean"],
    ),
    "no such day": (
        FRAME.assign(since=["2024-01-01", "2023-02-29", "", "NA", None, "2024-01-01"]),
        ["'since', row 1", "'2023-02-29'", "not a date written as YYYY-MM-DD"],
    ),
    "numbers for text": (
        FRAME.assign(sex=[0, 1, 0, 1, 1, 0]),
        ["'sex' has numbers", "fitted on text ('f', 'm')"],
    ),
    "booleans for text": (FRAME.assign(sex=True), ["'sex' has booleans", "fitted on text"]),
    "numbers for dates": (FRAME.assign(since=20240101), ["'since' has numbers", "fitted on dates"]),
    "dates for numbers": (
        FRAME.assign(age=FRAME["since"]),
        ["'age' has dates", "fitted on numbers"],
    ),
    "dates for text": (FRAME.assign(sex=FRAME["since"]), ["'sex' has dates", "fitted on text"]),
    "dates for booleans": (FRAME.assign(member=FRAME["since"]), ["'member' has dates"]),
    "missing column": (FRAME.drop(columns="sex"), ["lacks column 'sex'", "'age', 'member'"]),
    "missing columns": (FRAME[["age"]], ["lacks columns 'sex', 'member', 'since', 'town'"]),
    "another case": (FRAME.rename(columns={"sex": "Sex"}), ["'sex'", "did you mean 'Sex'?"]),
    "key that no row has": ([{"age": 3}], ["lacks columns 'sex'"]),
    "other width": (FRAME.to_numpy()[:, :3], ["3 features", "6 features"]),
    "list": (row(town=["Ulm"]), ["'town', row 2", "a list"]),
    "twice": (pd.concat([FRAME, FRAME], axis=1), ["two columns named 'age'"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rows_that_cannot_be_encoded_are_refused(name):
    table, expected = REFUSED[name]
    with pytest.raises(InvalidArgument) as caught:
        ENCODER.transform(table)
    for part in expected:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_number_in_another_notation_is_refused():
    encoder = TableEncoder().fit({"x": ["1.234,5 €", "2,5 €", "3 €"]})
    with pytest.raises(
        InvalidArgument,
        match=re.escape(
            "'1.5 €' is not a number written with ',' as the decimal character and '.' between "
            "thousands and '€'"
        ),
    ):
        encoder.transform({"x": ["1.5 €"]})
    same = encoder.transform({"x": ["1.234,5", 2.5, "€3"]})
    np.testing.assert_array_equal(same, encoder.transform({"x": [1234.5, 2.5, 3.0]}))


def test_all_columns_are_named_at_once():
    with pytest.raises(InvalidArgument, match=r"'age', row 2.*; column 'member', row 2"):
        ENCODER.transform(row(age="old", member="perhaps"))
    with pytest.raises(InvalidArgument, match=r"'sex' has numbers.*; column 'since' has numbers"):
        ENCODER.transform(FRAME.assign(sex=1, since=1))


def test_rows_that_cannot_be_encoded_can_be_told_instead():
    table = FRAME.astype(object)
    table.loc[[1, 4], "age"] = ["old", "x"]
    table.loc[4, "member"] = "perhaps"
    found = ENCODER.transform_rows(table)
    assert found.bad.tolist() == [False, True, False, False, True, False]
    assert np.isnan(found.values[found.bad]).all()
    expected = ENCODER.transform(FRAME)[~found.bad]
    np.testing.assert_array_equal(found.values[~found.bad], expected)
    assert [problem.message(first_row=1) for problem in found.problems] == [
        "column 'age', row 2: 'old' is not a number: correct it, or leave it as a gap "
        "(2 such cells)",
        "column 'member', row 5: 'perhaps' is not a boolean: correct it, or leave it as a gap",
    ]
    good = ENCODER.transform_rows(FRAME)
    assert (good.bad.any(), good.problems) == (False, ())
    with pytest.raises(InvalidArgument, match="lacks column"):
        ENCODER.transform_rows(FRAME[["age"]])


def test_long_names_are_shortened():
    name = "n" * 10_000
    encoder = TableEncoder().fit({name: [1, 2], "a": [1, 2]})
    for table in ({"a": [1]}, {name: ["x"], "a": [1]}, {name: [[]], "a": [1]}):
        with pytest.raises(InvalidArgument) as caught:
            encoder.transform(table)
        assert len(str(caught.value)) < 400
    assert len(encoder.describe()) < 400
    assert encoder.get_feature_names_out()[0] == name


def test_names_like_code_are_shown_as_they_are():
    for name in ("<b>x</b>", "=1+1", "a\nb", "'; DROP", "{0}", "%s"):
        encoder = TableEncoder().fit({name: [1, 2]})
        with pytest.raises(InvalidArgument) as caught:
            encoder.transform({name: ["x"]})
        assert repr(name) in str(caught.value)
        assert "\n" not in encoder.describe()
