"""What a column of a table is found to be, and the numbers that it becomes.

`COLUMNS` is a table: a column is one line with its cells, its kind, and the numbers of its rows,
worked by hand. `DATES` has texts with the time that Python's datetime gives them. scikit-learn is
the oracle for whole tables of numbers and categories.
"""

import datetime
import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from fnet import InvalidArgument
from fnet.encoding import (
    cells,
    code_features,
    describe,
    encode,
    feature_names,
    learn,
    notes,
    number_features,
    step_functions,
    steps,
)
from fnet.encoding.options import Options
from fnet.encoding.reading import READS
from fnet.encoding.records import find_encoding
from fnet.encoding.step_functions import STEPS

PLAIN = Options(scaling="none")


class Column(NamedTuple):
    """A column: its cells, its kind, the numbers `[N, D]` without scaling, and other options."""

    cells: Any
    kind: str
    numbers: Any = None
    options: dict[str, Any] = {}  # noqa: RUF012


def rows(*columns: Any) -> list[list[float]]:
    return np.array(columns, float).T.tolist()


AB = ["a", "b", "a", "b", "c", "c"]
NO = None

COLUMNS = {
    # Numbers.
    "floats": Column([0.5, 1, 2, 3], "number", rows([0.5, 1, 2, 3])),
    "a gap": Column([1, NO, 2, 6], "number", rows([0, 1, 0, 0], [1, 2, 2, 6])),
    "NaN": Column([1, math.nan, 2, 6], "number", rows([0, 1, 0, 0], [1, 2, 2, 6])),
    "two whole numbers": Column([0, 1, 1, 0], "number", rows([0, 1, 1, 0])),
    "one value and gaps": Column([7, NO, 7, 7], "number", rows([0, 1, 0, 0])),
    "numbers as text": Column(["1", " 2.5 ", "-3e1", "+.5"], "number", rows([1, 2.5, -30, 0.5])),
    "minus sign": Column(["1", "\u22122", "3"], "number", rows([1, -2, 3])),
    "gaps as text": Column(
        ["1", "NA", "", "N/A", "nan", " null ", "<NA>", "None", "3", "5"],
        "number",
        rows([0, 1, 1, 1, 1, 1, 1, 1, 0, 0], [1, 3, 3, 3, 3, 3, 3, 3, 3, 5]),
    ),
    "marks for gaps": Column(["1", "?", "-", "3"], "number", rows([0, 1, 1, 0], [1, 2, 2, 3])),
    "missing=": Column(
        ["1", "-9", "3"], "number", rows([0, 1, 0], [1, 2, 3]), {"missing": ("-9",)}
    ),
    "missing= of numbers": Column(
        [1, -9, 3.0], "number", rows([0, 1, 0], [1, 2, 3]), {"missing": ("-9.0",)}
    ),
    "decimal comma": Column(["1,5", "2,25", "3"], "number", rows([1.5, 2.25, 3])),
    "thousands": Column(["1,234.5", "2", "3,000"], "number", rows([1234.5, 2, 3000])),
    "points between thousands": Column(
        ["1.234,5", "2", "3.000"], "number", rows([1234.5, 2, 3000])
    ),
    "blanks between thousands": Column(
        ["1 234", "2", "3\u00a0000"], "number", rows([1234, 2, 3000])
    ),
    "apostrophes": Column(["1'234", "2", "3’000"], "number", rows([1234, 2, 3000])),
    "said decimal": Column(["1,234", "2,000"], "number", rows([1.234, 2]), {"decimal": ","}),
    "percent": Column(["1%", "2.5 %", "30%"], "number", rows([1, 2.5, 30])),
    "dollars": Column(["$1.50", "-$2", "$ 3"], "number", rows([1.5, -2, 3])),
    "euros": Column(["1,50 €", "2 €"], "number", rows([1.5, 2])),
    "booleans among numbers": Column(["True", "0", "2"], "number", rows([1, 0, 2])),
    "said number": Column(["007", "010"], "number", rows([7, 10]), {"kinds": {"x": "number"}}),
    # Whole numbers with codes beside.
    "codes of whole numbers": Column(
        [30, 10, 20] * 10, "number", rows([2, 0, 1] * 10, [30, 10, 20] * 10), {"embed": 2}
    ),
    "codes, a rare value and a gap": Column(
        [*[30, 10, 20] * 13, 7, NO],
        "number",
        rows([0] * 40 + [1], [2, 0, 1] * 13 + [3, 3], [30, 10, 20] * 13 + [7, 20]),
        {"embed": 3},
    ),
    "codes of numbers as text": Column(
        ["30", "10.0", " 2e1 "] * 10,
        "number",
        rows([2, 0, 1] * 10, [30, 10, 20] * 10),
        {"embed": 2},
    ),
    "codes in ascending order": Column(
        [0, -0.0, 5, -12] * 10,
        "number",
        rows([1, 1, 2, 0] * 10, [0, 0, 5, -12] * 10),
        {"embed": 2},
    ),
    "codes of two values": Column(
        [0, 1] * 10, "number", rows([0, 1] * 10, [0, 1] * 10), {"embed": 1}
    ),
    "codes and min_count": Column(
        [1] * 21 + [0] * 9 + [2] * 10,
        "number",
        rows([0] * 21 + [1] * 9 + [1] * 10, [1] * 21 + [0] * 9 + [2] * 10),
        {"embed": 2, "min_count": 11},
    ),
    "no more values than embed": Column(
        [30, 10, 20] * 10, "number", rows([30, 10, 20] * 10), {"embed": 3}
    ),
    "too few rows for codes": Column(
        [30, 10, 20] * 9 + [30, 10, NO],
        "number",
        rows([0] * 29 + [1], [30, 10, 20] * 9 + [30, 10, 20]),
        {"embed": 2},
    ),
    "no level for a code": Column(
        [30, 10, 20] * 10, "number", rows([30, 10, 20] * 10), {"embed": 2, "min_count": 11}
    ),
    "no whole numbers": Column(
        [30, 10, 20.5] * 10, "number", rows([30, 10, 20.5] * 10), {"embed": 2}
    ),
    "whole numbers that float64 does not tell apart": Column(
        [-(2.0**53), 1, 2] * 10, "number", rows([-(2.0**53), 1, 2] * 10), {"embed": 2}
    ),
    "no codes of booleans": Column([True, False] * 10, "boolean", rows([1, -1] * 10), {"embed": 1}),
    "no codes of dates": Column(
        ["1970-01-05", "1970-01-12", "1970-01-19"] * 10,  # all Mondays in January
        "date",
        rows([4, 11, 18] * 10),
        {"embed": 2},
    ),
    # Booleans.
    "booleans": Column([True, False, True], "boolean", rows([1, -1, 1])),
    "booleans and a gap": Column([True, NO, False], "boolean", rows([0, 1, 0], [1, 0, -1])),
    "true and gaps": Column([True, NO, True], "boolean", rows([0, 1, 0])),
    **{
        f"{yes} and {no}": Column([yes, no, yes, no], "boolean", rows([1, -1, 1, -1]))
        for yes, no in (
            *(("true", "false"), ("True", "False"), ("TRUE", "FALSE"), ("T", "F"), ("t", "f")),
            *(("yes", "no"), ("Yes", "No"), ("YES", "NO"), ("Y", "N"), ("y", "n"), ("on", "off")),
        )
    },
    "several spellings": Column(["TRUE", "f", "T", "false"], "boolean", rows([1, -1, 1, -1])),
    "said boolean": Column([1, 0, 1], "boolean", rows([1, -1, 1]), {"kinds": {"x": "boolean"}}),
    "letters like booleans": Column(["y", "n", "f"] * 2, "category"),
    "only yes": Column(["yes", "", "yes", ""], "category", rows([-1, 1, -1, 1])),
    # Categories.
    "two levels": Column(["m", "f", "m"], "category", rows([-1, 1, -1]), {"min_count": 1}),
    "three levels": Column(
        AB, "category", rows([1, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1])
    ),
    "blanks around": Column(["a", " a", "b ", "b"], "category", rows([-1, -1, 1, 1])),
    "a gap as a level": Column(
        ["a", "a", "b", "b", NO, "NA"],
        "category",
        rows([1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]),
    ),
    "rare levels": Column(
        ["a", "a", "b", "b", "c", "d"],
        "category",
        rows([1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]),
    ),
    "a rare gap": Column(["a", "a", "a", "c", NO], "category", rows([-1, -1, -1, 1, 1])),
    "max_levels": Column(
        [*AB, "a", "b", "a"],
        "category",
        rows([1, 0, 1, 0, 0, 0, 1, 0, 1], [0, 1, 0, 1, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1, 0, 0, 0]),
        {"max_levels": 2},
    ),
    "embed": Column([*AB, "d", NO], "category", rows([0, 1, 0, 1, 2, 2, 3, 3]), {"embed": 2}),
    "said category": Column(
        [1, 2, 2, 1, NO, NO],
        "category",
        rows([1, 0, 0, 1, 0, 0], [0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1]),
        {"kinds": {"x": "category"}},
    ),
    "codes": Column(["007", "010", "007", "010"], "category", rows([-1, 1, -1, 1])),
    "numbers among text": Column(["1.234,5", 1.234, "2"], "number", rows([1234.5, 1.234, 2])),
    "text and numbers": Column(["a", 3, "a", 3.0], "category", rows([1, -1, 1, -1])),
    # Dates; more of them in `DATES`.
    "days": Column(
        [datetime.date(1970, 1, 5), datetime.date(1970, 1, 5) + datetime.timedelta(21)] * 2,
        "date",
        rows([4, 25, 4, 25]),  # both Mondays in January
    ),
    "a gap among dates": Column(
        ["1970-01-05", "", "1970-01-12"], "date", rows([0, 1, 0], [4, 7.5, 11])
    ),
    "durations": Column(
        [datetime.timedelta(hours=h) for h in (12, 36)], "number", rows([0.5, 1.5])
    ),
    # Columns of no use.
    "one value": Column([3, 3, 3], "ignored"),
    "one text": Column(["a", "a"], "ignored"),
    "empty": Column([NO, NO], "ignored"),
    "empty text": Column(["", "NA"], "ignored"),
    "names": Column(["Ada", "Bob", "Cyd"], "ignored"),
    "said ignored": Column([1, 2], "ignored", NO, {"kinds": {"x": "ignored"}}),
    "kept": Column([3, 3], "number", rows([3, 3]), {"keep": ("x",)}),
    "kept names": Column(["b", "a"], "category", rows([1, -1]), {"keep": True}),
}


def column_of(case: Column) -> Any:
    """The encoding of the case's column, beside a column of use, and its part of the numbers."""
    table = {"x": case.cells, "other": np.arange(len(case.cells))}
    encoding = learn(table, PLAIN._replace(**case.options))
    width = len(feature_names(encoding)) - 1
    return encoding, encode(encoding, table)[:, :width]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_found_and_encoded(name):
    case = COLUMNS[name]
    encoding, numbers = column_of(case)
    assert encoding.columns[0].kind == case.kind, encoding.columns[0]
    if case.numbers is not None:
        np.testing.assert_allclose(numbers, case.numbers, rtol=0, atol=1e-12)
    assert np.isfinite(numbers).all()
    assert len(describe(encoding)) == 2


DATES = {
    "YYYY-MM-DD": (
        *("2024-02-29", "2023-12-31T23:59:59.999999", "1969-07-20 20:17", "0001-01-01"),
        *("2024-01-01T00:00:00Z", "2024-01-01 02:00+02:00", "2024-01-01 12:30:15.5-0330"),
        *("9999-12-31", "2024-05-05 10:00:00 UTC"),
    ),
    "YYYY/MM/DD": ("2024/2/29", "2023/12/31 23:59"),
    "DD.MM.YYYY": ("29.02.2024", "1.3.1999 4:05:06"),
    "MM/DD/YYYY": ("02/29/2024", "12/31/1999 23:59"),
    "DD/MM/YYYY": ("29/02/2024", "31/12/1999 23:59"),
}
PYTHON = {
    "YYYY/MM/DD": "%Y/%m/%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def python_date(written: str, text: str) -> datetime.datetime:
    """A text as Python reads it."""
    if written == "YYYY-MM-DD":
        found = datetime.datetime.fromisoformat(text.replace(" UTC", "Z"))
    else:
        clock = ("", " %H:%M", " %H:%M:%S")[text.count(":")]
        found = datetime.datetime.strptime(text, PYTHON[written] + clock)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


@pytest.mark.parametrize("written", DATES)
def test_dates_are_read_as_python_reads_them(written):
    read = cells.date_reader(written)
    for text in DATES[written]:
        expected = (python_date(written, text) - EPOCH) // datetime.timedelta(microseconds=1)
        assert read(text) == expected, text
    case = Column([*DATES[written][:2], ""], "date")
    assert find_encoding(column_of(case)[0], "x").steps[0] == steps.Date(written)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "2024-01-01T24:00",
            "2024-01-01 10:60",
            "20240101",
        ),
        *("2024-01-01x", "2024-01-01 10:00:60", "0000-01-01", "2024-01-01T10", "２０２４-01-01"),
    ],
)
def test_what_is_no_date(text):
    assert cells.date_reader("YYYY-MM-DD")(text) is None


def test_the_cycles_that_vary_are_those_of_datetime():
    start = datetime.datetime(2023, 11, 27, 3, 30)
    times = [start + datetime.timedelta(days=11 * i, hours=5 * i) for i in range(20)]
    table = {"t": times}
    encoding = learn(table, PLAIN)
    angles = [
        [2 * math.pi * position for position in positions]
        for positions in (
            [(t - t.replace(hour=0, minute=0)).total_seconds() / 86400 for t in times],
            [t.weekday() / 7 for t in times],
            [(t.month - 1) / 12 for t in times],
        )
    ]
    waves = [[wave(a) for a in each] for each in angles for wave in (math.sin, math.cos)]
    days = [(t.replace(tzinfo=datetime.UTC) - EPOCH).total_seconds() / 86400 for t in times]
    np.testing.assert_allclose(encode(encoding, table), rows(*waves, days), rtol=1e-12, atol=1e-12)
    assert feature_names(encoding)[:2] == ["t hour sine", "t hour cosine"]
    gap = encode(encoding, {"t": [None]})[0]
    np.testing.assert_allclose(gap, [0] * 6 + [np.median(days)], rtol=1e-12)


def test_the_days_alone_do_not_have_hours():
    found = learn({"t": ["2024-01-01", "2024-01-02", "2024-01-03"]})
    parts = [step.part for step in found.columns[0].steps if isinstance(step, steps.Cycle)]
    assert parts == ["weekday"]


# Scaling, against scikit-learn.


def table_of(n, seed=0, gaps=True):
    random = np.random.default_rng(seed)
    numbers = {f"n{i}": random.normal(i, i + 1, n) ** (1 + i % 3) for i in range(4)}
    levels = {
        f"c{i}": np.array([*"abcdefgh"], object)[random.integers(0, 3 + i, n)] for i in range(4)
    }
    if gaps:
        numbers["n1"][random.random(n) < 0.1] = np.nan
    return numbers | levels


@pytest.mark.parametrize(
    ("scaling", "scaler"), [("robust", RobustScaler()), ("standard", StandardScaler())]
)
def test_numbers_and_categories_are_those_of_scikit_learn(scaling, scaler):
    import pandas as pd

    frame = pd.DataFrame(table_of(500))
    encoding = learn(frame, Options(scaling=scaling, min_count=1))
    found = encode(encoding, frame)
    names = feature_names(encoding)
    numbers, levels = list(frame)[:4], list(frame)[4:]
    fill = SimpleImputer(strategy="median")
    if scaling == "standard":  # the deviation is that of the numbers without the gaps
        fill = make_pipeline(StandardScaler(), fill)
        scaler = "passthrough"
    transformer = ColumnTransformer(
        [
            ("numbers", make_pipeline(scaler, fill), numbers),
            ("levels", OneHotEncoder(sparse_output=False), levels),
        ]
    ).fit(frame)
    theirs = dict(
        zip(transformer.get_feature_names_out(), transformer.transform(frame).T, strict=True)
    )
    for column in numbers:
        expected = theirs[f"numbers__{column}"]
        if scaling == "robust":
            expected = expected / np.sqrt(1 + (expected / 3) ** 2)
        np.testing.assert_allclose(found[:, names.index(column)], expected, rtol=0, atol=1e-12)
    for column in levels:
        for level in sorted(set(frame[column])):
            ours = found[:, names.index(f"{column}={level}")]
            np.testing.assert_array_equal(ours, theirs[f"levels__{column}_{level}"])
    np.testing.assert_array_equal(found[:, names.index("n1 is missing")], frame["n1"].isna())
    assert len(names) == 4 + 1 + 3 + 4 + 5 + 6


def test_the_robust_scaling_of_a_column_whose_quartiles_are_equal():
    """RealMLP divides by half the range where the interquartile range is 0."""
    x = np.array([5.0] * 8 + [1.0, 11.0])
    z = (x - 5) / (0.5 * (11 - 1))
    found = encode(learn({"x": x}), {"x": x})[:, 0]
    np.testing.assert_allclose(found, z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)
    assert encode(learn({"x": x}), {"x": [1e99]})[0, 0] == pytest.approx(3)
    kept = learn({"x": [2.0, 2.0]}, Options(keep=True))
    assert encode(kept, {"x": [2.0, 9.0]}).tolist() == [[0], [0]]


# Rows that training has not seen.


def test_an_unseen_level_is_the_pool_or_nothing():
    pooled = learn({"x": [*AB, "d"]})
    assert encode(pooled, {"x": ["d", "new", None]}).tolist() == [[0, 0, 0, 1]] * 3
    assert feature_names(pooled) == ["x=a", "x=b", "x=c", "x is another"]
    none = learn({"x": AB})
    assert encode(none, {"x": ["new", None]}).tolist() == [[0, 0, 0]] * 2
    two = learn({"x": ["a", "a", "b", "b"]})
    assert encode(two, {"x": ["a", "b", "new", None]}).tolist() == [[-1], [1], [0], [0]]
    gap = learn({"x": [*AB, None, None, "d", "e"]})
    assert feature_names(gap) == ["x=a", "x=b", "x=c", "x is another", "x is missing"]
    assert encode(gap, {"x": ["new", None]}).tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]


def test_a_gap_where_training_had_none_is_the_median():
    found = learn({"x": [1.0, 2.0, 6.0]}, PLAIN)
    assert encode(found, {"x": [None, 5, "", "NA"]}).tolist() == [[2], [5], [2], [2]]


ALSO = [
    ([1, 2, 3], [True, False, "true"], [1, 0, 1]),
    ([1, 2, 3], ["3.5", 2, "NA"], [3.5, 2, 2]),
    ([True, False], ["TRUE", "f", "Yes", 0, 1.0, "1", " no "], [1, -1, 1, -1, 1, 1, -1]),
    (["yes", "no"], [True, False, None], [1, -1, 0]),
    (["a", "b", "a", "b"], [" a", "b "], [-1, 1]),
    (["007", "010", "007", "010"], [7, 10.0, 11], [-1, 1, 0]),
    (["007", "010", "007", "010"], ["7", "10.0", "11", " 007"], [-1, 1, 0, -1]),
    (["7.0", "10.0", "7.0", "10.0"], ["7", "010", 7, "7.5"], [1, -1, 1, 0]),
    (["1", "01", "1", "01"], ["1", "01", 1, "1.0"], [1, -1, 1, 1]),
    (["a", "b", "a", "b"], ["7", "1e5"], [0, 0]),
    (["TRUE", "maybe"] * 2, ["true", True, "True"], [-1, -1, -1]),
    (["2024-01-01", "2024-01-08"], [datetime.date(2024, 1, 1)], [19723]),
    ([datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 8)], ["2024-01-08"], [19730]),
]


@pytest.mark.parametrize(("training", "new", "expected"), ALSO)
def test_other_spellings_of_the_same_cells(training, new, expected):
    as_levels = {"x": "category"} if training[0] in ("7.0", "1") else None
    encoding = learn({"x": training}, PLAIN._replace(kinds=as_levels))
    assert encode(encoding, {"x": new}).tolist() == rows(expected)


CODES = [
    (["30", "10.0", 20, "2e1"], [2, 0, 1, 1]),
    ([None, "", "NA", math.nan], [3, 3, 3, 3]),
    ([15, 9.999, 40, -1e99, 1e99, True, "20.5"], [3] * 7),
    (np.array([10, 20, 30, 31], np.int8), [0, 1, 2, 3]),
    (pd.Series([20, None, 30], dtype="Int64"), [1, 3, 2]),
    ([], []),
]


@pytest.mark.parametrize(("new", "expected"), CODES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_codes_of_other_cells(new, expected, dtype):
    encoding = learn({"x": [30, 10, 20] * 10}, Options(embed=2))
    assert encoding.columns[0].steps[1] == steps.Code((10.0, 20.0, 30.0))
    assert feature_names(encoding) == ["x code", "x"]
    assert encode(encoding, {"x": new}, dtype)[:, 0].tolist() == expected


def test_the_code_of_a_level_of_minus_zero_is_that_of_zero():
    column = learn({"x": [0, -0.0, 1] * 10}, Options(embed=1)).columns[0]
    assert str(column.steps[1]) == "Code(levels=(0.0, 1.0))"
    assert str(learn({"x": [-0.0, 1] * 10}, Options(embed=1)).columns[0].steps[1]) == str(
        column.steps[1]
    )


def test_codes_and_numbers_are_different_columns_of_the_result():
    """Codes are for an embedding, and numbers are those that have more than two values."""
    table = {
        "gaps": [*range(10), None, 0] * 10,
        "two": [0, 1] * 60,
        "few": [1.5, 2, 3, 4] * 30,
        "text": ["a", "b", "c", "d", "e", None] * 20,
        "short": ["a", "b", "c"] * 40,
        "school": [70, 30, 50, 40, 60] * 24,
        "flag": [True, False] * 60,
        "date": ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29"] * 24,
    }
    encoding = learn(table, Options(embed=4))
    names, width = feature_names(encoding), {"gaps code": 11, "text": 7, "school code": 6}
    assert {names[i]: size for i, size in code_features(encoding)} == width
    assert [names[i] for i in number_features(encoding)] == ["gaps", "few", "school", "date"]
    values = encode(encoding, table)
    new = encode(encoding, {name: [cells[0], None] for name, cells in table.items()})
    for i, size in code_features(encoding):
        both = np.concatenate([values, new])[:, i]
        assert (both == np.rint(both)).all()
        assert both.min() >= 0
        assert both.max() < size
    assert code_features(learn(table)) == ()
    for codes in ((-1, 2), (2, 2), (3, 2), (2, -1)):
        assert step_functions.n_codes(steps.Levels(("a", "b"), *codes)) == max(codes) + 1


def test_large_levels_are_told_apart_as_text_or_refused():
    """Not taken for their neighbour, which is the same number in float64."""
    texts = [str(2**53 + i) for i in range(3)] * 2
    for kinds in (None, {"x": "category"}):
        categories = pd.Categorical(texts) if kinds is None else texts
        encoding = learn({"x": categories}, Options(kinds=kinds))
        assert encode(encoding, {"x": texts[:3]}).tolist() == np.eye(3).tolist()
        assert encode(encoding, {"x": [str(2**53 + 3), "9007199254740992.0"]}).sum() == 0
        with pytest.raises(InvalidArgument, match=r"'x', row 1: .* is not below 2\*\*53"):
            encode(encoding, {"x": np.array([1, 2**53 + 1])})


def test_columns_go_by_their_names():
    table = table_of(30)
    encoding = learn(table)
    expected = encode(encoding, table)
    turned = dict(reversed(table.items())) | {"more": [[]] * 30}
    np.testing.assert_array_equal(encode(encoding, turned), expected)


def test_a_key_that_a_row_lacks_is_a_gap():
    encoding = learn([{"a": 1, "b": "x"}, {"a": 2}, {"b": "y"}, {"b": "x"}], Options(min_count=1))
    found = encode(encoding, [{"a": 1}, {"b": "x"}])
    same = encode(encoding, {"a": [1, None], "b": [None, "x"]})
    np.testing.assert_array_equal(found, same)


# Statistics, notes and names.


def test_statistics():
    table = {
        "n": [1.0, 2, None, 4, 9],
        "c": ["a", "b", "b", "c", None],
        "b": [True, True, 0, 1, NO],
    }
    encoding = learn(table, Options(kinds={"b": "boolean"}))
    number, category, boolean = (column.statistics for column in encoding.columns)
    assert (number.rows, number.gaps, number.distinct) == (5, 1, 4)
    found = number.moments
    assert (found.minimum, found.maximum, found.mean) == (1, 9, 4)
    assert found.deviation == pytest.approx(np.std([1, 2, 4, 9]))
    expected = np.percentile([1, 2, 4, 9], [1, 5, 25, 50, 75, 95, 99])
    np.testing.assert_allclose(found.quantiles, expected)
    assert (category.levels, category.counts, category.pooled) == (("b",), (2,), 2)
    assert (boolean.levels, boolean.counts, boolean.gaps) == (("false", "true"), (1, 3), 1)


def test_rare_levels_are_not_kept():
    """A name that one row has is a row of the training data, and no part of a model."""
    encoding = learn(
        {"x": ["a"] * 9 + ["Ada Lovelace"], "name": [f"Person {i}" for i in range(10)]}
    )
    assert "Lovelace" not in repr(encoding)
    assert "Person" not in repr(encoding)


def test_the_rule_of_rare_levels():
    for n, least in ((40, 2), (500, 5), (5000, 10)):
        cells = ["a"] * (n - 2 * least + 1) + ["b"] * least + ["c"] * (least - 1)
        assert learn({"x": cells}).columns[0].statistics.levels == ("a", "b"), n


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "rownames", "row.names", "__index_level_0__"])
@pytest.mark.parametrize("cells", [[3, 1, 2], ["3", "1", "2"], ["Ada", "Bob", "Cyd"]])
def test_row_names_are_left_out(name, cells):
    encoding = learn({name: cells, "x": [1, 2, 3]})
    assert encoding.columns[0].kind == "ignored"
    assert encoding.columns[0].reason == "has row names"
    assert learn({name: [3, 3, 2], "x": [1, 2, 3]}).columns[0].kind == "number"
    assert (
        learn({name: [1, 2, 3], "x": [1, 2, 3]}, Options(keep=(name,))).columns[0].kind == "number"
    )


def test_one_note_names_all_columns_of_no_use():
    table = {"id": ["a", "b"], "one": [1, 1], "x": [1, 2], "p": ["1,5", "2,5"], "no": [1, 2]}
    found = notes(learn(table, Options(kinds={"no": "ignored"})))
    assert found == [
        "left out as of no use: 'id' has texts that all differ; 'one' has one value. "
        "keep=['id', 'one'] keeps them",
        "'p': '1,5' is read as 1.5",
    ]
    assert notes(learn({"x": [1, 2]})) == []


def test_what_was_decided_can_be_printed():
    table = {
        "n": [*map(float, range(9)), None],
        "p": [*(f"{i},5" for i in range(8)), "?", "?"],
        "c": [*"aaabbbccde"],
        "d": ["2024-01-01", "2024-02-05"] * 5,
        "b": [True, None] * 5,
        "one": [1] * 10,
        "kept": [1, 2] * 5,
    }
    lines = describe(learn(table, Options(kinds={"kept": "category"})))
    assert lines == [
        "'n'     number    numbers; 0 to 8, median 4; 1 gap; 2 columns",
        "'p'     number    numbers; '0,5' is read as 0.5; 0.5 to 7.5, median 4; 2 gaps; "
        "'?' read as gaps; 2 columns",
        "'c'     category  text, 5 levels, 2 of them pooled; 'a' 3, 'b' 3, 'c' 2, pooled 2; "
        "4 columns",
        "'d'     date      dates written as YYYY-MM-DD; 2024-01-01 to 2024-02-05, "
        "median 2024-01-18; 3 columns",
        "'b'     boolean   true and false; one value, or a gap; 'true' 5; 5 gaps; 1 column",
        "'one'   ignored   has one value",
        "'kept'  category  said by kinds: numbers, 2 levels; '1' 5, '2' 5; 1 column",
    ]
    assert "..." in describe(learn({"c": [*"aabbccdd"]}))[0]


def test_codes_for_an_embedding():
    for embed, columns in ((3, 3), (2, 1), (0, 1)):
        assert len(feature_names(learn({"x": AB}, Options(embed=embed)))) == columns
    found = learn({"x": [*AB, None, None]}, Options(embed=0))
    assert encode(found, {"x": ["a", "b", "c", "new", None]}).tolist() == rows([0, 1, 2, 3, 4])


def test_codes_among_whole_numbers_are_text_with_a_remark():
    encoding = learn({"x": [*map(str, range(40)), "17a"] * 2})
    assert encoding.columns[0].kind == "category"
    assert notes(encoding) == ["'x': all cells are whole numbers but '17a' (row 40) and such"]


def test_the_names_of_the_result_are_unique():
    table = {"a": AB, "a=b": [1, 2, 3, 4, 5, None], "a=b is missing": [1, 2, 3, 4, 5, 6]}
    names = feature_names(learn(table))
    assert len(set(names)) == len(names) == 6
    assert "a=b (2)" in names


def test_numbers_as_text():
    numbers = [3.0, -0.5, 0.1 + 0.2, 1e15, 2.0**53, 1e22, math.inf]
    expected = ["3", "-0.5", "0.30000000000000004", "1" + "0" * 15, "9007199254740992.0", "1e+22"]
    assert list(map(cells.as_text, numbers)) == [*expected, "inf"]


def test_an_encoding_is_learnt_from_some_rows_but_reads_the_cells_of_all():
    rows = np.arange(0, 40, 2)
    table = {
        "number": [float(i) if i % 3 else None for i in range(40)],
        "text": ["ab"[i // 2 % 2] if i % 2 == 0 else "c" for i in range(40)],
        "flag": [bool(i % 4) for i in range(40)],
        "day": [datetime.date(2024, 1 + i % 3, 1 + i % 5) for i in range(40)],
    }
    some = {name: [cells_[i] for i in rows] for name, cells_ in table.items()}
    assert learn(table, rows=rows) == learn(some)
    dates = ["03/04/2024"] * 20 + ["25/12/2024", None] * 10
    found = learn({"x": dates, "y": table["number"]}, rows=np.arange(19))
    assert found.columns[0].reason == "has one value"
    found = learn({"x": [*dates[19:], "04/04/2024"], "y": table["number"][:22]}, rows=rows[:9])
    assert found.columns[0].steps[0].format == "DD/MM/YYYY"
    gaps = learn({"x": [None, None, "2024-01-01"], "y": [1, 2, 3]}, rows=np.arange(2))
    assert gaps.columns[0].reason == "is empty"


def test_every_step_has_one_function():
    listed = {
        kind for kind in vars(steps).values() if isinstance(kind, type) and hasattr(kind, "_fields")
    }
    assert {*READS, steps.Levels, *STEPS} == listed == set(steps.Step.__args__)
    for kind in listed:
        assert f"| `{kind.__name__}` |" in steps.__doc__


def test_what_is_learnt_is_plain_data():
    def check(value):
        if isinstance(value, tuple):
            for each in value:
                check(each)
        else:
            assert value is None or type(value) in (int, float, str, bool), value

    table = table_of(50) | {"t": ["2024-01-01", "2024-02-03 10:00"] * 25, "b": [True, None] * 25}
    check(learn(table))
    table["n1"] = [7, 8] * 25
    check(learn(table, Options(kinds={"n0": "category"}, embed=1)))


@pytest.mark.parametrize("columns", [1, 2])
def test_the_result_does_not_depend_on_blocks_of_rows_and_columns(monkeypatch, columns):
    table = table_of(100) | {"t": np.datetime64("2024-01-01T05:00") + np.arange(100) * 1000}
    encoding = learn(table)
    together = encode(encoding, table)
    monkeypatch.setattr("fnet.encoding.apply.BLOCK_CELLS", 7)
    monkeypatch.setattr("fnet.encoding.apply.GROUP_COLUMNS", columns)
    np.testing.assert_array_equal(encode(encoding, table), together)
    single = [
        encode(encoding, {name: column[i : i + 1] for name, column in table.items()})
        for i in range(9)
    ]
    np.testing.assert_array_equal(np.concatenate(single), together[:9])
    assert encode(encoding, {name: column[:0] for name, column in table.items()}).shape == (
        0,
        together.shape[1],
    )
    assert encode(encoding, table, "float32").dtype == np.float32


def test_columns_are_encoded_together_as_each_alone():
    table = {
        f"{name} {i}": (column[i:] + column[:i] if isinstance(column, list) else np.roll(column, i))
        for name, column in table_of(100).items()
        for i in range(3)
    }
    random = np.random.default_rng(0)
    for i in range(5):  # numbers with gaps, whose center and spread differ
        cells = random.normal(10 * i, 1 + i, 100)
        cells[i::7] = np.nan
        table[f"gaps {i}"] = cells
    found = learn(table)
    first = found.columns[0]
    found = found._replace(columns=(*found.columns, of_levels(first, 2), of_levels(first, 3)))
    table |= {"levels 2": list("abab") * 25, "levels 3": list("cabc") * 25}
    alone = [encode(found._replace(columns=(each,)), table) for each in found.columns if each.steps]
    np.testing.assert_array_equal(encode(found, table), np.concatenate(alone, axis=1))


def of_levels(like, count):
    """A column whose levels become columns of their own, and then their code."""
    text = steps.Text(), steps.Levels(tuple("abc"[:count])), steps.OneHot(count), steps.Value()
    return like._replace(name=f"levels {count}", kind="category", steps=text)


REFUSED = {
    "ambiguous number": (["1,234", "2,345"], {}, ["row 0", "1.234 or 1234.0", "decimal='.'"]),
    "ambiguous date": (
        ["03/04/2024", "05/05/2024"],
        {},
        ["row 0", "2024-03-04 or 2024-04-03", "date_format='DD/MM/YYYY'"],
    ),
    "date in row 7,000": (
        [f"2024-01-{1 + i % 28:02}" for i in range(7000)] + ["2024-02-30"],
        {},
        ["row 7000", "'2024-02-30'", "all others are dates written as YYYY-MM-DD", "missing="],
    ),
    "typing error": ([*(f"{i}.5" for i in range(30)), "3.o"], {}, ["row 30", "'3.o'", "numbers"]),
    "infinite": ([1.0, 2.0, math.inf], {}, ["row 2", "inf", "not finite"]),
    "too large": ([1.0, 2.0, 1.5e100], {}, ["row 2", "1.5e+100"]),
    "huge integer": ([1, 10**400], {}, ["row 1", "inf"]),
    "levels that float64 does not tell apart": (
        [1, 2**53 + 1],
        {"kinds": {"x": "category"}},
        ["row 1", "is not below 2**53", "give it as text"],
    ),
    "list": (["a", ["b"], "c"], {}, ["row 1", "['b']", "a list"]),
    "dict": ([{"k": 1}, None], {}, ["row 0", "a dict"]),
    "no number": (["1", "b"], {"kinds": {"x": "number"}}, ["row 1", "'b'", "kinds says"]),
    "no boolean": ([0, 1, 2], {"kinds": {"x": "boolean"}}, ["row 2", "2.0", "not a boolean"]),
    "no date": ([1, 2], {"kinds": {"x": "date"}}, ["has numbers", "'date'"]),
    "unknown kind": ([1, 2], {"kinds": {"x": "numeric"}}, ["kinds must be one of", "'numeric'"]),
    "unknown column": ([1, 2], {"kinds": {"xx": "number"}}, ["'xx'", "did you mean 'x'?"]),
    "unknown scaling": ([1, 2], {"scaling": "robst"}, ["scaling", "did you mean 'robust'?"]),
    "bad max_levels": ([1, 2], {"max_levels": 0}, ["max_levels", "at least 1"]),
    "bad min_count": ([1, 2], {"min_count": 1.5}, ["min_count", "1.5"]),
    "bad date_format": ([1, 2], {"date_format": "MM-DD"}, ["date_format", "YYYY-MM-DD"]),
    "keep as text": ([1, 2], {"keep": "x"}, ["keep must be a list"]),
    "missing as text": ([1, 2], {"missing": "NA"}, ["missing must be a list"]),
    "one row": ([1], {}, ["n_samples = 1"]),
    "nothing of use": ([3, 3], {}, ["a column of use", "'x' has one value", "keep=True"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_column_that_cannot_be_learnt_is_refused(name):
    column, options, expected = REFUSED[name]
    with pytest.raises(InvalidArgument) as caught:
        learn({"x": column}, Options(**options))
    for part in expected:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_ambiguity_rule_of_dates():
    assert learn({"x": ["03/04/2024", "13/04/2024"]}).columns[0].steps[0].format == "DD/MM/YYYY"
    assert learn({"x": ["03/04/2024", "03/13/2024"]}).columns[0].steps[0].format == "MM/DD/YYYY"
    for written in ("DD/MM/YYYY", "MM/DD/YYYY"):
        for option in (written, {"x": written}):
            found = learn({"x": ["03/04/2024", "05/06/2024"]}, Options(date_format=option))
            assert found.columns[0].steps[0].format == written
    same = learn({"x": ["01/01/2024", "02/02/2024"]})  # one meaning either way
    assert same.columns[0].statistics.moments.maximum == 19755


def test_all_refused_columns_are_named_at_once():
    with pytest.raises(InvalidArgument) as caught:
        learn({f"x{i}": [1.0, math.inf] for i in range(30)})
    assert "column 'x0'" in str(caught.value)
    assert "column 'x9'" in str(caught.value)
    assert str(caught.value).endswith("and 20 more columns")
