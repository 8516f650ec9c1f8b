"""The same rows in any container, or as the text of a file, are encoded as the same numbers.

`CELLS` are columns of every kind as Python's objects; a container is one line of `CONTAINERS`. Each
pair of containers is crossed: learnt from one, applied to the other.
"""

import csv
import datetime
import decimal
import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from fnet import InvalidArgument
from fnet.encoding import encode, feature_names, learn
from fnet.encoding.columns import to_columns
from fnet.encoding.options import Options
from fnet.encoding.raw_columns import to_raw

N = 24
RANDOM = np.random.default_rng(5)


def _with_gaps(cells, every=5):
    return [None if i % every == 3 else cell for i, cell in enumerate(cells)]


FIRST_TIME = datetime.datetime(2023, 12, 30, 6, 15)
CELLS = {
    "integers": [int(v) for v in RANDOM.integers(-5, 100, N)],
    "school": [0, 7, 7, 0] * (N // 4),
    "float": _with_gaps([float(v) for v in RANDOM.normal(0, 30, N)]),
    "boolean": [bool(v) for v in RANDOM.integers(0, 2, N)],
    "boolean with gaps": _with_gaps([i % 3 == 0 for i in range(N)]),
    "text": ["red", "green", "blue", "green"] * (N // 4),
    "text with gaps": _with_gaps(["Élan", "x, y", 'a "b"', "x, y"] * (N // 4)),
    "date": [FIRST_TIME.date() + datetime.timedelta(days=9 * i) for i in range(N)],
    "time": _with_gaps([FIRST_TIME + datetime.timedelta(days=i, hours=7 * i) for i in range(N)]),
}
OPTIONS = Options(min_count=1)
CODES = Options(min_count=1, embed=1)

ARROW = {
    **{
        "integers": pa.int32(),
        "school": pa.int16(),
        "float": pa.float64(),
        "boolean": pa.bool_(),
        "text": pa.string(),
    },
    **{"boolean with gaps": pa.bool_(), "text with gaps": pa.string()},
    **{"date": pa.date32(), "time": pa.timestamp("ns")},
}
BERLIN = datetime.timezone(datetime.timedelta(hours=1))


def _file():
    """A CSV file's cells, all of them text."""
    stream = io.StringIO()
    pd.DataFrame(CELLS, dtype=object).to_csv(stream, index=False)
    header, *rows = csv.reader(io.StringIO(stream.getvalue()))
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def _json():
    """JSON rows, without the keys that are gaps."""
    rows = [dict(zip(CELLS, row, strict=True)) for row in zip(*CELLS.values(), strict=True)]
    rows = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return json.loads(json.dumps(rows, default=lambda date: date.isoformat()))


def _structured():
    kinds = {
        "integers": "i2",
        "school": "f4",
        "float": "f8",
        "boolean": "?",
        "date": "M8[D]",
        "time": "M8[s]",
    }
    found = np.empty(N, [(name, kinds.get(name, object)) for name in CELLS])
    for name, cells in CELLS.items():
        found[name] = cells
    return found


def _spelled(yes, no):
    return lambda cells: [{True: yes, False: no, None: ""}[cell] for cell in cells]


def _arrow(change=lambda name, kind: kind, parts=1):
    def column(name, cells):
        kind, cut = change(name, ARROW[name]), N // parts
        chunks = [cells[i : i + cut] for i in range(0, N, cut)]
        return pa.chunked_array([pa.array(chunk, ARROW[name]).cast(kind) for chunk in chunks])

    return pa.table({name: column(name, cells) for name, cells in CELLS.items()})


def _changed(name, kind):
    """Other types of Arrow for the same cells."""
    others = {
        **{
            "integers": pa.uint8() if min(CELLS["integers"]) >= 0 else pa.int64(),
            "text": pa.large_string(),
            "school": pa.float32(),
        },
        **{
            "text with gaps": pa.string_view(),
            "date": pa.date64(),
            "time": pa.timestamp("us", "UTC"),
        },
    }
    return others.get(name, kind)


def _dictionaries(name, kind):
    return pa.dictionary(pa.int8(), kind) if kind == pa.string() else kind


def _pandas(**dtypes):
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in CELLS.items()})
    return frame.astype({name.replace("_", " "): dtype for name, dtype in dtypes.items()})


NULLABLE = {
    **{
        "integers": "Int16",
        "school": "UInt8",
        "float": "Float64",
        "boolean": "boolean",
        "boolean_with_gaps": "boolean",
    },
    **{"text": "string", "text_with_gaps": "string"},
}


def _polars(**kinds):
    return pl.DataFrame(CELLS).with_columns(
        [pl.col(name.replace("_", " ")).cast(kind) for name, kind in kinds.items()]
    )


CONTAINERS = {
    "dict of lists": lambda: CELLS,
    "dict of arrays": lambda: {name: np.array(cells, object) for name, cells in CELLS.items()},
    "dict of pandas' arrays": lambda: {
        name: pd.Categorical(cells) if "text" in name else pd.Series(cells).array
        for name, cells in CELLS.items()
    },
    "list of dicts": lambda: [
        dict(zip(CELLS, row, strict=True)) for row in zip(*CELLS.values(), strict=True)
    ],
    "rows of JSON": _json,
    "text of a file": _file,
    "structured array": _structured,
    "T and F": lambda: CELLS | {"boolean": _spelled("T", "F")(CELLS["boolean"])},
    "yes and no": lambda: CELLS | {"boolean": _spelled("yes", "no")(CELLS["boolean"])},
    "TRUE and FALSE": lambda: (
        CELLS | {"boolean with gaps": _spelled("TRUE", "FALSE")(CELLS["boolean with gaps"])}
    ),
    "decimals": lambda: (
        CELLS | {"float": [None if v is None else decimal.Decimal(repr(v)) for v in CELLS["float"]]}
    ),
    "numbers as text": lambda: (
        CELLS
        | {
            "float": ["NA" if v is None else f" {v!r} " for v in CELLS["float"]],
            "school": ["7.0" if v else "-0" for v in CELLS["school"]],
        }
    ),
    "NumPy's scalars": lambda: (
        CELLS
        | {
            "integers": list(map(np.int16, CELLS["integers"])),
            "school": list(map(np.float32, CELLS["school"])),
            "boolean": list(map(np.bool_, CELLS["boolean"])),
            "date": list(map(np.datetime64, CELLS["date"])),
        }
    ),
    "zones": lambda: (
        CELLS
        | {"time": [v and v.replace(tzinfo=datetime.UTC).astimezone(BERLIN) for v in CELLS["time"]]}
    ),
    "zones as text": lambda: (
        CELLS
        | {
            "time": [
                v and v.replace(tzinfo=datetime.UTC).astimezone(BERLIN).isoformat()
                for v in CELLS["time"]
            ]
        }
    ),
    "pandas": lambda: pd.DataFrame(CELLS),
    "pandas objects": _pandas,
    "pandas objects with NaN": lambda: _pandas().where(pd.DataFrame(CELLS).notna(), np.nan),
    "pandas nullable": lambda: _pandas(**NULLABLE, date="datetime64[s]", time="datetime64[ns]"),
    "pandas Arrow": lambda: _arrow().to_pandas(types_mapper=pd.ArrowDtype),
    "pandas Arrow zones": lambda: _arrow(_changed).to_pandas(types_mapper=pd.ArrowDtype),
    "pandas category": lambda: _pandas(text="category", text_with_gaps="category"),
    "pandas category of booleans": lambda: _pandas(boolean="category", integers="int64"),
    "pandas zones": lambda: pd.DataFrame(CELLS).assign(
        time=lambda f: f["time"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    ),
    "pandas with an index": lambda: pd.DataFrame(CELLS).set_index(np.arange(N)[::-1] * 7),
    "polars": lambda: pl.DataFrame(CELLS),
    "polars categories": lambda: _polars(
        text=pl.Categorical, integers=pl.Int8, time=pl.Datetime("ms"), date=pl.Datetime("ns")
    ),
    "polars enum": lambda: _polars(text=pl.Enum(["red", "green", "blue"])),
    "polars zones": lambda: pl.DataFrame(CELLS).with_columns(
        pl.col("time").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
    ),
    "Arrow": _arrow,
    "Arrow chunks": lambda: _arrow(parts=3),
    "Arrow's other types": lambda: _arrow(_changed),
    "Arrow dictionaries": lambda: _arrow(_dictionaries, parts=2),
    "Arrow record batch": lambda: _arrow().to_batches()[0],
}
ENCODING = learn(CELLS, OPTIONS)


def test_the_columns_are_of_every_kind():
    kinds = [column.kind for column in ENCODING.columns]
    assert kinds == ["number"] * 3 + ["boolean"] * 2 + ["category"] * 2 + ["date"] * 2
    assert encode(ENCODING, CELLS).shape == (N, len(feature_names(ENCODING)))
    assert "school code" in feature_names(learn(CELLS, CODES))


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("options", [OPTIONS, CODES], ids=["columns", "codes"])
def test_any_container_gives_the_same_numbers(name, options):
    """Learnt from it, applied to it, and to the others' cells."""
    table, usual = CONTAINERS[name](), learn(CELLS, options)
    expected = encode(usual, CELLS)
    np.testing.assert_allclose(encode(usual, table), expected, rtol=0, atol=1e-12)
    encoding = learn(table, options)
    names = [(column.name, column.kind) for column in encoding.columns]
    assert names == [(column.name, column.kind) for column in usual.columns]
    assert feature_names(encoding) == feature_names(usual)
    for each in (table, CELLS, _file()):
        np.testing.assert_allclose(encode(encoding, each), expected, rtol=0, atol=1e-12)
    statistics = [column.statistics for column in encoding.columns]
    assert statistics == [column.statistics for column in usual.columns]


ROWS = {
    "float64": lambda v: v,
    "float32": lambda v: v.astype(np.float32),
    "int64": lambda v: v.astype(int),
    "uint8": lambda v: v.astype(np.uint8),
    "objects": lambda v: v.astype(object),
    "text": lambda v: v.astype(int).astype(str),
    "lists": lambda v: v.tolist(),
    "Fortran order": np.asfortranarray,
    "masked": lambda v: np.ma.masked_array(v, np.zeros(v.shape, bool)),
    "pandas": pd.DataFrame,
    "big-endian": lambda v: v.astype(">f8"),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_without_names_go_by_their_position(name):
    values = np.array([[1.0, 0, 7], [2, 5, 0], [4, 3, 9], [8, 1, 2]])
    encoding = learn(values)
    assert feature_names(encoding) == ["x0", "x1", "x2"]
    rows = ROWS[name](values)
    np.testing.assert_allclose(encode(encoding, rows), encode(encoding, values), atol=1e-12)
    np.testing.assert_allclose(encode(learn(rows), values), encode(encoding, values), atol=1e-12)


def test_mixed_rows_keep_their_kinds():
    encoding = learn([[1, "a", True], [2, "b", False], [4.5, "a", None], [3, "b", True]])
    assert [column.kind for column in encoding.columns] == ["number", "category", "boolean"]


def test_masked_cells_are_gaps():
    cells = np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False])
    assert feature_names(learn({"x": cells})) == ["x is missing", "x"]


def test_large_integers_and_other_pandas_types():
    frame = pd.DataFrame(
        {
            "sparse": pd.arrays.SparseArray([0.0, 1, 0, 3]),
            "period": pd.period_range("2024-01", periods=4, freq="M"),
            "interval": pd.cut([1, 2, 8, 9], [0, 5, 10]),
            "delta": pd.to_timedelta([1, 2, 3, None], "D"),
            "uint64": np.array([2**63, 2**63 + 2**20, 2**62, 5], np.uint64),
            "category": pd.Categorical([3, 1, 3, None]),
        }
    )
    encoding = learn(frame, Options(scaling="none", min_count=1))
    kinds = {column.name: column.kind for column in encoding.columns}
    expected = {"sparse": "number", "period": "date", "interval": "category", "delta": "number"}
    assert kinds == expected | {"uint64": "number", "category": "category"}
    found = dict(zip(feature_names(encoding), encode(encoding, frame).T, strict=True))
    np.testing.assert_array_equal(found["sparse"], [0, 1, 0, 3])
    np.testing.assert_array_equal(found["delta"], [1, 2, 3, 2])
    np.testing.assert_array_equal(found["category=3"], [1, 0, 1, 0])
    np.testing.assert_array_equal(found["category is missing"], [0, 0, 0, 1])
    days = (frame["period"].dt.to_timestamp() - pd.Timestamp("1970-01-01")).dt.days
    np.testing.assert_array_equal(found["period"], days)


def test_text_that_is_bytes_or_of_numpy():
    for cells in (np.array(["a", "b", "a", "b"]), np.array([b"a", b"b", b"a", b"b"])):
        raw = to_raw("x", cells)
        assert (raw.kind, raw.values.texts) == ("text", ["a", "b"])
    strings = np.array(["a", "b", "a", "b"], np.dtypes.StringDType())
    assert to_raw("x", strings).values.texts == ["a", "b"]


REFUSED = {
    "two of one name": (
        lambda: pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
        "two columns named 'a'",
    ),
    "two of one name, as text": (lambda: {1: [1, 2], "1": [3, 4]}, "two columns named '1'"),
    "long name": (lambda: pd.DataFrame([[1, 2]], columns=["a" * 10_000] * 2), "'aaa"),
    "other lengths": (lambda: {"a": [1, 2], "b": [1]}, "'a' has 2 cells and column 'b' has 1"),
    "one row as a dict": (lambda: {"a": 1, "b": "x"}, "one cell. Give a list of such dicts"),
    "text as a column": (lambda: {"a": "abc"}, "one cell"),
    "dicts and others": (lambda: [{"a": 1}, 3], "row 1 is '3'"),
    "lazy frame": (lambda: pl.DataFrame({"a": [1]}).lazy(), "collect()"),
    "one dimension": (lambda: np.zeros(3), "Expected 2D array, got 1D array"),
    "three dimensions": (lambda: np.zeros((2, 2, 2)), "Expected 2D array, got 3D array"),
    "ragged rows": (lambda: [[1, 2], [3]], "rows of one length|Expected 2D array"),
    "text": (lambda: "table.csv", "must be a data frame"),
    "nothing": (lambda: None, "must be a data frame"),
    "complex": (lambda: np.zeros((2, 2), complex), "Complex data not supported"),
    "complex column": (lambda: {"a": np.zeros(2, complex)}, "Complex data not supported"),
    "column of rows": (lambda: {"a": np.zeros((2, 2))}, r"shape \[2, 2\]"),
    "lists in pandas": (lambda: pd.DataFrame({"a": [[1], [2]]}), "column 'a', row 0: .* a list"),
    "dicts in polars": (lambda: pl.DataFrame({"a": [{"k": 1}, {"k": 2}]}), "row 0: .* a dict"),
    "lists in Arrow": (lambda: pa.table({"a": [None, [1]]}), "row 1: .* a list"),
    "bytes": (lambda: {"a": [1, object()]}, "row 1: .* an? object"),
    "no columns": (lambda: {}, r"0 feature\(s\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused(name):
    make, message = REFUSED[name]
    with pytest.raises(InvalidArgument, match=message) as caught:
        learn(make())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_columns_of_a_table():
    found = to_columns({"a": [1, 2], 3: ["x", "y"]})
    assert (found.names, found.rows, found.named) == (("a", "3"), 2, True)


def test_applying_imports_numpy_alone():
    code = (
        "import pickle, sys\n"
        "from fnet.encoding import encode, encode_rows, describe\n"
        "encoding = pickle.load(sys.stdin.buffer)\n"
        "encode(encoding, [{'n': '3,5', 'c': 'a', 'b': 'yes', 't': '2024-01-01'}])\n"
        "heavy = 'pandas', 'pyarrow', 'sklearn', 'scipy', 'tensorflow', 'polars', 'click'\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    import pickle

    table = {
        "n": ["1,5", "2,5"],
        "c": ["a", "b"],
        "b": [True, False],
        "t": ["2024-01-01", "2024-02-01"],
    }
    data = pickle.dumps(learn(table, OPTIONS))
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
