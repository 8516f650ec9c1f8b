"""The target of a table: each row of a table of cases is decided by the written rule.

The rule is in the docstring of `fnet.tables.targets.decide`. What each target should give is
written by hand: the values, or the words of the refusal.
"""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from fnet import InvalidArgument, tables


def spread(*cells, times=10):
    """Each of the cells this many times."""
    return [cell for cell in cells for _ in range(times)]


def written(sign="", point=".", before="", after="", count=43):
    """43 different fractions in a notation, and their values."""
    pairs = [(i + 4, "27"[i % 2]) for i in range(count)]
    cells = [f"{before}{sign}{digits}{point}{part}{after}" for digits, part in pairs]
    return cells, [(-1 if sign else 1) * float(f"{digits}.{part}") for digits, part in pairs]


def regressor(cells, values, **options):
    return cells, options, ("regressor", list(map(float, values)))


def classifier(cells, classes, **options):
    return cells, options, ("classifier", classes)


def refused(cells, message, **options):
    return cells, options, ("refused", message)


DATES = [f"2024-{month:02d}-{day:02d}" for month in range(1, 13) for day in (3, 14)]
NAMES = [f"person {letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
GROUPED = ["1 234", "56 789", "7", "1 234 567"]
GROUPED_VALUES = [1234, 56789, 7, 1234567]

TARGETS = {
    # Numbers in one notation are numbers (rule 3); fractions are a regression (rule 4).
    "fractions": regressor(*written()),
    "two fractions": regressor(spread("0.5", "1.5"), [0.5] * 10 + [1.5] * 10),
    "exponents": regressor(["1e3", "2.5E-1", "7"], [1000, 0.25, 7]),
    "blanks around": regressor([" 1.5", "2.5 ", "\t3"], [1.5, 2.5, 3]),
    "a leading point": regressor([".5", "1.", "+2"], [0.5, 1, 2]),
    "decimal commas": regressor(*written(point=",")),
    "decimal commas below one": regressor(["0,123", "0,456", "0,5"], [0.123, 0.456, 0.5]),
    "three decimals below one": regressor(["0,123", "0,456"], [0.123, 0.456]),
    "percent with three decimals": regressor(["1.234%", "5.678%"], [1.234, 5.678]),
    "dollars with three digits": refused(["$1.234", "$5.678"], "may be 1.234 or 1234: say which"),
    "percent": regressor(*written(after="%")),
    "percent after a blank": regressor(*written(after=" %")),
    "whole percents": regressor(spread("5%", "10%"), [5] * 10 + [10] * 10),
    "percent with decimal commas": regressor(*written(point=",", after="%")),
    "dollars": regressor(*written(before="$")),
    "euros after the number": regressor(*written(point=",", after=" €")),
    "a code of a currency": regressor(*written(before="CHF ")),
    "negative dollars": regressor(["-$3.70", "$-4.20", "$5.10"], [-3.7, -4.2, 5.1]),
    "U+2212": regressor(*written(sign="\u2212")),
    "U+2212 and a hyphen": regressor(["\u22121.5", "-2.5", "3.5"], [-1.5, -2.5, 3.5]),
    "U+2212 before classes": classifier(spread("\u22121", "1"), [-1, 1]),
    "thousands after a blank": regressor(GROUPED, GROUPED_VALUES),
    "thousands after a no-break blank": regressor(
        [cell.replace(" ", "\u00a0") for cell in GROUPED], GROUPED_VALUES
    ),
    "thousands after a thin blank": regressor(
        [cell.replace(" ", "\u202f") for cell in GROUPED], GROUPED_VALUES
    ),
    "thousands after an apostrophe": regressor(["1'234.5", "12"], [1234.5, 12]),
    "thousands after a comma": regressor(["1,234.5", "2,345.25"], [1234.5, 2345.25]),
    "millions after commas": regressor(["1,234,567", "1,234"], [1234567, 1234]),
    "thousands after a point": regressor(["1.234,5", "12,25"], [1234.5, 12.25]),
    "currency and thousands": regressor(["$1,234.50", "$7.25"], [1234.5, 7.25]),
    "repeated thousands": regressor(spread("1 000", "2 000"), [1000] * 10 + [2000] * 10),
    "three digits, declared as decimals": regressor(
        ["1,234", "5,678"], [1.234, 5.678], decimal=","
    ),
    "three digits, declared as thousands": regressor(["1,234", "5,678"], [1234, 5678], decimal="."),
    # Whole numbers: distinct values against rows (rule 4).
    "women: 15 rows, 15 values": regressor([str(i) for i in range(115, 130)], range(115, 130)),
    "20 values, 3 rows each": classifier(spread(*map(str, range(20)), times=3), list(range(20))),
    "21 values, 3 rows each": regressor(
        spread(*map(str, range(21)), times=3), np.repeat(range(21), 3)
    ),
    "20 values, 2 rows each": regressor(
        spread(*map(str, range(20)), times=2), np.repeat(range(20), 2)
    ),
    "0 and 1": classifier(spread("0", "1", times=3), [0, 1]),
    "whole numbers with a point": classifier(spread("1.0", "2.0"), [1, 2]),
    "larger than float64 has exactly": regressor(
        spread("9007199254740994", "0"), [9007199254740994.0] * 10 + [0] * 10
    ),
    "declared as numbers": regressor(spread("0", "1"), [0] * 10 + [1] * 10, task="regressor"),
    "declared as classes": classifier(
        [str(i) for i in range(25)] * 2, list(range(25)), task="classifier"
    ),
    "one number": refused(spread("5"), "'5' in all 10 rows.*--task regressor"),
    # Codes and text (rules 5 and 6).
    "codes": classifier(spread("007", "010"), ["007", "010"]),
    "codes declared as numbers": regressor(["007", "010"], [7, 10], task="regressor"),
    "codes declared as classes": classifier(
        spread("007", "010"), ["007", "010"], task="classifier"
    ),
    "true and false declared as classes": classifier(
        spread("true", "False"), ["False", "True"], task="classifier"
    ),
    "zip codes": refused([f"0{i}" for i in range(1000, 1043)], "43 distinct.*--task classifier"),
    "text": classifier(spread("yes", "no"), ["no", "yes"]),
    "text with blanks": classifier(spread(" a", "a ", "b"), ["a", "b"]),
    "many classes of text": classifier(spread(*NAMES, times=2), NAMES),
    "names": refused(NAMES, "most of them in one row only.*--task classifier"),
    "names declared as classes": classifier(NAMES, NAMES, task="classifier"),
    "dates": refused(DATES, "24 distinct values in 24 rows.*--task classifier"),
    "dates with points": refused(
        [f"{day}.3.2024" for day in range(1, 25)], "is not a number.*--task classifier"
    ),
    "ranges": classifier(spread("0-9", "10-19", "20+"), ["0-9", "10-19", "20+"]),
    "labels with digits": classifier(spread("q1", "q2"), ["q1", "q2"]),
    "one class of text": refused(spread("x"), "only one class, 'x'"),
    # True and false (rule 2).
    "True and False": classifier(spread("True", "False"), ["False", "True"]),
    "false in any case": classifier(spread("false", "False", "TRUE"), ["False", "True"]),
    "true, false and a third": classifier(
        spread("true", "FALSE", "maybe"), ["False", "True", "maybe"]
    ),
    # Numbers and text mixed (rules 5 and 7).
    "grades": classifier(spread("1", "2", "3", "4", "K", "D"), ["1", "2", "3", "4", "D", "K"]),
    "grades of a few pupils": refused(["1", "2", "3", "K"], "'K' is not a number.*--task classi"),
    "grades of a few, declared as classes": classifier(
        ["1", "2", "3", "K"], ["1", "2", "3", "K"], task="classifier"
    ),
    "a slip among fractions": refused(["0.5", "1.5", "oops"], "row 3: 'oops' is not a number"),
    "a slip among many decimal commas": refused(
        [*written(point=",")[0], "oops"], "row 44: 'oops' is not a number, as '4,2' is"
    ),
    "fractions and text, repeated": refused(spread("0.5", "1.5", "oops"), "'oops' is not a num"),
    "comma and point": refused(spread("3,7", "3.7"), "is not a number.*--task classifier"),
    "some percents": refused(["3.7%", "4.5%", "0.5"], "row 3: '0.5' is not a number"),
    "two currencies": refused(["$3.70", "€4.20"], "'€4.20' is not a number"),
    "three digits after a comma": refused(["1,234", "5,678"], "may be 1.234 or 1234: say which"),
    "three digits of dollars": refused(["$1,234", "$5,678"], "'.1,234' may be 1.234 or 1234"),
    "text declared as numbers": refused(spread("x", "1"), "row 1: 'x' is not", task="regressor"),
    "fractions declared as classes": refused(
        ["0.5", "1"], "row 1: 0.5 is not a class.*--task regressor", task="classifier"
    ),
    "one number declared as a class": refused(
        ["3", "3"], "has only one class, '3'.*use --task regressor", task="classifier"
    ),
    "decimal commas declared as classes": classifier(
        ["1,5", "2,5", "1,5"], ["1,5", "2,5"], task="classifier"
    ),
    "decimal commas beyond float64": refused(
        ["1,5", "9" * 400 + ",5"], "row 2: '999.* is not finite"
    ),
    # Missing values (rule 1).
    "an empty cell": refused(["a", "", "a", "b", "b"], r"row 2: missing value \(empty\)"),
    "None among text": classifier(spread("None", "a"), ["None", "a"]),
    "? among text": classifier(spread("?", "a"), ["?", "a"]),
    "- among text": classifier(spread("-", "a"), ["-", "a"]),
    "NA declared as a class": classifier(spread("NA", "a"), ["NA", "a"], missing=("",)),
    "another token": refused(
        spread("1", "2", "-999"), r"row.* 21, 22, .*missing value \('-999'\)", missing=("-999",)
    ),
    "only missing": refused(["NA", ""], "no value in any row"),
    **{
        f"{token} among text": refused(
            [*spread("a", "b"), token], rf"row 21: missing value \('{token}'\) in 1 of 21 rows"
        )
        for token in ("NA", "nan", "NaN", "NULL", "null", "N/A", "n/a", "<NA>", "#N/A")
    },
    **{
        f"{token} among numbers": refused(
            ["1.5", token, "2.5"], "row 2: missing value.*--drop-missing"
        )
        for token in ("None", r"?", "-", "NA", "<NA>")
    },
    "left out on request": regressor(["1.5", "NA", "2.5", ""], [1.5, 2.5], drop_missing=True),
    "left out among commas": regressor(["1,5", "?", "2,5"], [1.5, 2.5], drop_missing=True),
}


def decide(path, **options):
    with tables.open_table(path) as table:
        return tables.read_training_data(table, "y", options=tables.TargetOptions(**options))


def write(folder, cells):
    """The cells as the column y of a CSV, next to a column of numbers."""
    path = folder / "t.csv"
    quoted = ['"{}"'.format(cell.replace('"', '""')) for cell in cells]
    path.write_text("a,y\n" + "".join(f"{i % 7},{cell}\n" for i, cell in enumerate(quoted)))
    return path


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_decided_as_the_rule_says(tmp_path, name):
    cells, options, (kind, expected) = TARGETS[name]
    path = write(tmp_path, cells)
    if kind == "refused":
        with pytest.raises(InvalidArgument, match=f"column 'y'.*{expected}"):
            decide(path, **options)
        return
    found = decide(path, **options).target
    assert (found.values.dtype.kind == "f") == (kind == "regressor")
    assert found.reason
    if kind == "regressor":
        np.testing.assert_array_equal(found.values, expected)
    else:
        assert np.unique(found.values).tolist() == expected


def test_there_are_at_least_sixty_targets():
    assert len(TARGETS) >= 60


@pytest.mark.parametrize("name", [name for name in TARGETS if TARGETS[name][2][0] != "refused"])
def test_parquet_text_is_decided_as_a_csv(tmp_path, name):
    cells, options, _ = TARGETS[name]
    path = tmp_path / "t.parquet"
    numbers = [i % 7 for i in range(len(cells))]
    columns = {"a": numbers, "y": pa.array([cell or None for cell in cells])}
    parquet.write_table(pa.table(columns), path)
    found, same = decide(path, **options).target, decide(write(tmp_path, cells), **options).target
    assert found.values.tolist() == same.values.tolist()
    assert found.reason == same.reason


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([True, False] * 5, "U", ["False", "True"]),
        ([1, 2] * 5, "i", [1, 2]),
        ([1.0, 2.0] * 5, "i", [1, 2]),
        (list(range(15)), "f", [float(i) for i in range(15)]),
        ([0.5, 1.5], "f", [0.5, 1.5]),
    ],
)
def test_typed_columns_follow_the_same_rule(tmp_path, values, kind, expected):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": list(range(len(values))), "y": values}), path)
    found = decide(path).target
    assert found.values.dtype.kind == kind
    assert np.unique(found.values).tolist() == expected


@pytest.mark.parametrize("gap", [None, float("nan")])
def test_missing_values_of_a_typed_column_are_named(tmp_path, gap):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": [1, 2, 3, 4], "y": [0.5, gap, 1.5, 2.5]}), path)
    with pytest.raises(InvalidArgument, match=r"column 'y', row 2: missing value.*--drop-missing"):
        decide(path)
    found = decide(path, drop_missing=True)
    assert found.target.values.tolist() == [0.5, 1.5, 2.5]
    assert found.target.rows.tolist() == [0, 2, 3]
    assert any("left out 1 row without a target" in note for note in found.target.notes)


def test_a_target_of_dates_is_text_on_request_only(tmp_path):
    path, days = tmp_path / "t.parquet", [datetime.date(2020, 1, day) for day in (1, 2, 1, 2)]
    parquet.write_table(pa.table({"a": [1, 2, 3, 4], "y": days}), path)
    with pytest.raises(
        InvalidArgument, match=r"type date32\[day\]: a target must be numbers.*--task"
    ):
        decide(path)
    found = decide(path, task="classifier").target
    assert np.unique(found.values).tolist() == ["2020-01-01", "2020-01-02"]


@pytest.mark.parametrize("values", [[1, -999, 2, 1] * 5, [1.0, -999.0, 2.5, 1.5] * 5])
def test_a_missing_token_may_be_a_number_of_a_typed_column(tmp_path, values):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": list(range(20)), "y": values}), path)
    found = decide(path, drop_missing=True, missing=("-999",)).target
    assert found.values.tolist() == [value for value in values if value != -999]


def test_a_class_of_the_model_is_no_missing_value(tmp_path):
    with tables.open_table(write(tmp_path, ["NA", "a", "nan"])) as table:
        chunks = list(table.chunks)
    options = tables.TargetOptions()
    found = tables.targets.known_classes(chunks, "y", ["NA", "a", "nan"], options)
    assert found.values.tolist() == ["NA", "a", "nan"]
    with pytest.raises(InvalidArgument, match=r"row 3: missing value \('nan'\)"):
        tables.targets.known_classes(chunks, "y", ["NA", "a"], options)


def test_a_note_shows_how_another_notation_is_read(tmp_path):
    notes = decide(write(tmp_path, written(point=",")[0])).target.notes
    assert any("'4,2' is read as 4.2" in note and "--task classifier" in note for note in notes)
    assert decide(write(tmp_path, written()[0])).target.notes == ()
    notes = decide(write(tmp_path, TARGETS["grades"][0])).target.notes
    assert any("mixes numbers with text such as 'K'" in note for note in notes)
