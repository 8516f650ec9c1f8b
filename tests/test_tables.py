"""Tables: values are read exactly, and bad cells are refused with their column and row."""

import datetime
import decimal
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, parquet

from fnet import InvalidArgument, encoding, tables


@pytest.fixture
def file(tmp_path):
    """Writes a file and returns its path as a string."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def numbers(path, names=None, delimiter=None, encoding=None):
    """The columns as plain numbers, or an error about the first cell that is none."""
    with tables.open_table(path, delimiter, encoding=encoding) as table:
        names = names or tables.feature_names(table)
        reader = tables.FeatureReader(tables.plain_encoding(names), names, tables.Writing())
        values = []
        for chunk in table.chunks:
            found = reader.read([chunk])
            if found.problems:
                message = found.problems[0].message(chunk.first_row)
                raise InvalidArgument(f"{table.name}: {message}")
            values.append(found.values)
    return np.concatenate(values)


def as_parquet(columns):
    stream = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue().to_pybytes()


def data(path, target, without=(), **options):
    with tables.open_table(path) as table:
        return tables.read_training_data(table, target, without, tables.TargetOptions(**options))


def read(path, target, without=(), task="classifier"):
    """`(x, y)`, the target as text unless it is whole numbers."""
    found = data(path, target, without, task=task)
    return np.column_stack(found.columns.columns), found.target.values


def used_columns(found, keep=()):
    """The columns that become numbers."""
    return [
        column.name
        for column in encoding.learn(found.columns, encoding.Options(keep=keep)).columns
        if column.steps
    ]


# Reading.


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,-4.5e3\n",
        "a,b\r\n1,2\r\n3,-4.5e3",
        "\ufeffa,b\n1,2\n3,-4.5e3\n",
        '"a","b"\n"1"," 2"\n 3 ,-4500.\n',
        "a,b\n\n1,+2\n\n\n3,-4.5E+3\n\n",
    ],
    ids=["plain", "of Windows, last line open", "byte-order mark", "quotes", "blank lines"],
)
def test_numbers_of_a_csv(file, text):
    np.testing.assert_array_equal(numbers(file(text)), [[1, 2], [3, -4500]])


def test_a_delimiter_is_given_or_chosen_by_the_suffix(file):
    np.testing.assert_array_equal(numbers(file("a;b\n1;2\n"), delimiter=";"), [[1, 2]])
    np.testing.assert_array_equal(numbers(file("a\tb\n1\t2\n", "table.TSV")), [[1, 2]])


def test_a_compressed_csv_is_read(file):
    path = file(gzip.compress(b"a,b\n1,2\n"), "table.csv.gz")
    np.testing.assert_array_equal(numbers(path), [[1, 2]])


def test_columns_are_read_by_name_in_any_order(file):
    path = file("c,a,b\n1,2,x\n")
    np.testing.assert_array_equal(numbers(path, ["a", "c"]), [[2, 1]])


def test_a_quoted_line_break_is_in_the_cell(file):
    path = file('a,note\n1,"two\nlines"\n2,x\n')
    np.testing.assert_array_equal(numbers(path, ["a"]), [[1], [2]])
    x, y = read(path, "note")
    assert y.tolist() == ["two\nlines", "x"]


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=20))
def test_numbers_are_read_exactly(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("bits") / "table.csv"
    path.write_text("a\n" + "\n".join(map(repr, values)) + "\n")
    np.testing.assert_array_equal(numbers(str(path))[:, 0], values)


def test_row_numbers_continue_from_chunk_to_chunk(file, monkeypatch):
    monkeypatch.setattr(tables.readers, "CSV_BLOCK_BYTES", 64)
    monkeypatch.setattr(tables.readers, "MIN_BYTES_PER_COLUMN", 1)
    path = file("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(100)))
    with tables.open_table(path) as table:
        chunks = [(chunk.first_row, len(chunk.columns)) for chunk in table.chunks]
    assert len(chunks) > 5
    assert [first for first, _ in chunks] == np.cumsum([1, *(n for _, n in chunks[:-1])]).tolist()
    with pytest.raises(InvalidArgument, match=r"column 'b', row 90: 'x' is not a number"):
        numbers(file(Path(path).read_text().replace("89,7921", "89,x")))
    with pytest.raises(InvalidArgument, match=r"row 90 has 1 cells, the header has 2"):
        numbers(file(Path(path).read_text().replace("89,x", "89")))


def test_parquet_of_every_numeric_type(tmp_path):
    path = str(tmp_path / "table")
    columns = {
        "a": pa.array([1, 2], pa.int8()),
        "b": pa.array([True, False]),
        "c": pa.array([decimal.Decimal("1.5"), decimal.Decimal("-2.5")]),
        "d": pa.array([0.5, 0.25], pa.float32()),
        "e": pa.array([2**63 - 1, 0]),
        "f": pa.array(["7", " 8 "]),
        "g": pa.array(["9", "10"]).dictionary_encode(),
    }
    parquet.write_table(pa.table(columns), path)
    expected = [[1, 1, 1.5, 0.5, 2.0**63, 7, 9], [2, 0, -2.5, 0.25, 0, 8, 10]]
    np.testing.assert_array_equal(numbers(path), expected)
    with tables.open_table(path) as table:
        assert table.rows == 2


@pytest.mark.parametrize("writer", ["pandas", "polars"])
def test_parquet_of_other_libraries(tmp_path, writer):
    path = str(tmp_path / "table.parquet")
    columns = {"a": [1.5, 2.5], "kind": ["x", "y"]}
    if writer == "pandas":
        pd.DataFrame(columns).to_parquet(path)
    else:
        pl.DataFrame(columns).write_parquet(path)
    x, y = read(path, "kind")
    assert x.tolist() == [[1.5], [2.5]]
    assert y.tolist() == ["x", "y"]


# The target; test_targets.py has the rule.


def test_columns_are_left_out(file):
    path = file("id,a,y\nk1,1,x\nk2,2,y\n")
    assert read(path, "y", without=["id"])[0].tolist() == [[1], [2]]


# Refusals.

CELLS = {
    "abc": "'abc' is not a number",
    "": "missing value",
    "  ": "missing value",
    "nan": "missing value",
    "-inf": "'-inf' is not a number",
    "1e400": "'1e400' is not a number",
    "9" * 400: r"'9{57}\.\.\.' is not a number",
    '"1,5x"': "'1,5x' is not a number",
    "-2e100": "'-2e100' is not a number",
    "NA": "missing value",
    "1_000": "'1_000' is not a number",
    "0x10": "'0x10' is not a number",
    "٣": "'٣' is not a number",
    "1 2": "'1 2' is not a number",
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_that_is_not_a_finite_number_is_refused_with_column_and_row(file, cell):
    path = file(f"a,width b\n1,2\n3,4\n5,{cell}\n6,7\n")
    with pytest.raises(
        InvalidArgument, match=rf"table.csv: column 'width b', row 3: {CELLS[cell]}"
    ):
        numbers(path)


FILES = {
    "empty": (b"", "is empty: a table needs a header row"),
    "blank": (b"\n\n", "is empty"),
    "names only": (b"a,b\n", "a header row but no data rows"),
    "a short row": (b"a,b\n1,2\n\n3\n", "row 2 has 1 cells, the header has 2"),
    "a long row": (b"a,b\n1,2,3\n", "row 1 has 3 cells, the header has 2"),
    "several delimiters": (b"a;b|c\n1;2|3\n", "its delimiter may be any of ';', '|' in the header"),
    "names alone": (b"a,b", "a header row but no data rows"),
    "a header that opens a quote": (b'a,"b\n1,2\n', "header opens a quote"),
    **{
        what: (start + b" and more", f"table.csv is .*{what}")
        for what, start in {
            "HTML page": b"\n <!DOCTYPE html><html>",
            "HTML": b"<HTML lang=en>",
            "XML": b"\xef\xbb\xbf<?xml version=",
            "JSON": b'[{"a": 1}]',
            "zip archive": b"PK\3\4",
            "Microsoft Office": b"\xd0\xcf\x11\xe0\xa1",
            "PDF": b"%PDF-1.7",
            "SQLite": b"SQLite format 3\0",
            "Feather file of version 1": b"FEA1\0",
            "pickle": b"\x80\x04\x95",
        }.items()
    },
    "UTF-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), "UTF-8 text: name the table's enc"),
    "names in Latin-1": ("a,größe\n1,2\n".encode("latin1"), "is not UTF-8 text"),
    "a name twice": (b"a,a\n1,2\n", "more than one column named 'a'"),
    "an open quote": (b'a,b\n1,"2\n3,4\n', r"row 1: '2\\n3,4\\n' is not a number"),
    "Parquet, cut": (b"PAR1abc", "is not a readable table"),
    "zeros": (b"\0\0\0\0", "is not UTF-8 text"),
    "a short row that is not UTF-8": (b"a,b\n\xff\n", "row 1 has 1 cells"),
    "a model": (b"\x20" + b"\0" * 7 + b"{}", "is a safetensors file, as a model is"),
    "Parquet without rows": (as_parquet({"a": pa.array([], pa.int64())}), "but no data rows"),
    "no UTF-8 after the header": (b"a,b\n1,2\n\xff,3\n", "row 2: .* is not UTF-8 text: name the"),
}


@pytest.mark.parametrize("name", FILES)
def test_bad_files_are_refused(file, name):
    content, message = FILES[name]
    with pytest.raises(InvalidArgument, match=message):
        numbers(file(content))


def test_an_open_quote_in_a_text_is_refused_and_a_stray_one_is_not(file):
    with pytest.raises(InvalidArgument, match="the last row opens a quote that is never closed"):
        read(file('a,y\n1,x\n2,"y\n3,z\n'), "y")
    x, y = read(file('a,y\n1,5" pipe\n2,"two\nlines"\n3,"x"\n'), "y")
    assert y.tolist() == ['5" pipe', "two\nlines", "x"]
    x, y = read(file('a,y\n1,"x"\n3,"two\nlines"\n'), "y")
    assert y.tolist() == ["x", "two\nlines"]


def test_a_row_longer_than_a_block_is_refused(file, monkeypatch):
    monkeypatch.setattr(tables.readers, "CSV_BLOCK_BYTES", 1 << 10)
    with pytest.raises(InvalidArgument, match="a row is longer than"):
        numbers(file("a,b\n" + "1,2\n" * 100 + '1,"' + "x\n" * 3000))


def test_a_header_without_an_end_is_refused(file, monkeypatch):
    monkeypatch.setattr(tables.formats, "MAX_HEADER_BYTES", 1 << 20)
    with pytest.raises(InvalidArgument, match="first row is longer than 1 MiB: .* never closed"):
        numbers(file('a,"b' + "x,\n" * 800_000))


def test_text_in_another_encoding_is_refused(file):
    path = file("a,y\n1,x\n2,größe\n".encode("latin1"))
    with pytest.raises(InvalidArgument, match=r"column 'y', row 2: 'gr.+' is not UTF-8 text"):
        read(path, "y")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_parquet_text_that_is_not_utf8_is_refused(tmp_path, kind):
    path = str(tmp_path / "table.parquet")
    raw = pa.array([b"x", b"\xff\x80"], pa.large_binary() if kind == pa.large_string() else None)
    column = raw if kind == pa.binary() else pa.Array.from_buffers(kind, 2, raw.buffers())
    parquet.write_table(pa.table({"a": [1, 2], "y": column}), path)
    with pytest.raises(InvalidArgument, match="column 'y', row 2: .* is not UTF-8 text"):
        read(path, "y")
    with pytest.raises(InvalidArgument, match="column 'y', row 2: .* is not UTF-8 text"):
        numbers(path, ["y"])


def test_parquet_with_dates_beyond_pythons_range_is_refused_as_text(tmp_path):
    path = str(tmp_path / "table.parquet")
    parquet.write_table(pa.table({"a": [1], "y": pa.array([10**8], pa.date32())}), path)
    with pytest.raises(InvalidArgument, match=r"column 'y' has values of type date32\[day\] that"):
        read(path, "y")


@pytest.mark.parametrize("metadata", [b"no JSON", b"[]", b"7", b'{"index_columns": [{"a": 1}]}'])
def test_metadata_that_pandas_did_not_write_name_no_index(tmp_path, metadata):
    path = str(tmp_path / "table.parquet")
    table = pa.table({"a": [1, 2], "y": ["x", "z"]})
    parquet.write_table(table.replace_schema_metadata({b"pandas": metadata}), path)
    assert data(path, "y", task="classifier").columns.column_names == ["a"]


def test_a_missing_target_is_refused(file):
    with pytest.raises(InvalidArgument, match=r"column 'y', row 2: missing value"):
        read(file("a,y\n1,x\n2, \n3,z\n"), "y")


def test_missing_columns_are_refused(file):
    path = file("a,b\n1,2\n")
    with pytest.raises(InvalidArgument, match=r"has no column 'c'; its columns are 'a', 'b'"):
        read(path, "c")
    with pytest.raises(InvalidArgument, match=r"has no column 'd'"):
        read(path, "a", without=["d"])
    with pytest.raises(InvalidArgument, match=r"no feature columns"):
        read(path, "a", without=["b"])
    with (
        tables.open_table(path) as table,
        pytest.raises(InvalidArgument, match=r"has no column 'x', 'y', 'z' and more"),
    ):
        tables.require_columns(table, ["x", "y", "a", "z", "w"])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1, None], "row 2: missing value"),
        ([1.0, float("nan")], "row 2: missing value"),
        ([datetime.date(2020, 1, 1)] * 2, "has dates"),
        ([[1], [2]], r"has lists \(list<.*--without 'a'"),
        (["1", "x"], "row 2: 'x' is not a number"),
        (pa.nulls(2), "row 1: missing value"),
    ],
)
def test_columns_of_parquet_are_refused(tmp_path, column, message):
    path = str(tmp_path / "table.parquet")
    parquet.write_table(pa.table({"a": column}), path)
    with pytest.raises(InvalidArgument, match=f"column 'a'.*{message}"):
        numbers(path)


# Names, delimiters and headers.


def test_blanks_around_names_are_no_part_of_them_where_that_is_clear(file):
    with tables.open_table(file("  a, b ,c\n1,2,3\n")) as table:
        assert table.columns == ("a", "b", "c")
    with tables.open_table(file("a,a ,c\n1,2,3\n")) as table:
        assert table.columns == ("a", "a ", "c")
        with pytest.raises(InvalidArgument, match="has no column 'b'; its columns are 'a', 'a ', "):
            tables.require_columns(table, ["b"])
        assert tables.match_names(table, ["a", "c "]) == ["a", "c"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_delimiter_is_found_in_the_header(file, delimiter):
    text = "a,b\n1,2\n3,-4.5e3\n".replace(",", delimiter)
    np.testing.assert_array_equal(numbers(file(text)), [[1, 2], [3, -4500]])
    with pytest.raises(InvalidArgument, match="only one column"):
        numbers(file(text), delimiter=",")


@pytest.mark.parametrize(("length", "count"), [(1, 200), (1000, 3)])
def test_a_header_may_be_longer_than_a_block(file, monkeypatch, length, count):
    monkeypatch.setattr(tables.readers, "CSV_BLOCK_BYTES", 256)
    names = [f"{'n' * length}{i}" for i in range(count)]
    path = file(",".join(names) + "\n" + ",".join(map(str, range(count))) + "\n")
    np.testing.assert_array_equal(numbers(path, names), [range(count)])


@pytest.mark.parametrize("name", ["ORCID", "ARROW1", "BZh9", "PAR", "{a}", "[a]"])
def test_a_name_may_begin_like_another_format(file, name):
    np.testing.assert_array_equal(numbers(file(f"{name},b\n1,2\n")), [[1, 2]])


def test_a_header_may_hold_line_breaks_and_other_delimiters(file):
    path = file('"a\nb","c;d"\n1,2\n')
    with tables.open_table(path) as table:
        assert table.columns == ("a\nb", "c;d")


# Notations of features.


def test_chunks_are_read_in_the_notation_of_the_first(file, monkeypatch):
    monkeypatch.setattr(tables.readers, "CSV_BLOCK_BYTES", 128)
    monkeypatch.setattr(tables.readers, "MIN_BYTES_PER_COLUMN", 1)

    def read_all(rows, **writing):
        reader = tables.FeatureReader(
            tables.plain_encoding(["a"]), ["a"], tables.Writing(**writing)
        )
        with tables.open_table(file("a;b\n" + rows)) as table:
            found = [reader.read([chunk]) for chunk in table.chunks]
        assert len(found) > 5
        return np.concatenate([each.values for each in found])[:, 0].tolist()

    point, comma = "1.25;1\n" * 100, "1.234,5;1\n" * 100
    assert read_all(point) == [1.25] * 100
    assert read_all(comma) == [1234.5] * 100
    assert read_all("1.234;1\n" * 100, decimal=",") == [1234] * 100
    np.testing.assert_array_equal(read_all(point + comma), [1.25] * 100 + [np.nan] * 100)


# Row names.


@pytest.mark.parametrize("values", [["3", "1", "2", "4"], ["r3", "r1", "r2", "r4"]])
@pytest.mark.parametrize("name", ["", "Unnamed: 0", "rownames", "row.names", "__index_level_0__"])
def test_row_names_in_any_order_are_not_learnt(file, name, values):
    rows = "".join(f"{value},{i % 3},{'xz'[i % 2]}\n" for i, value in enumerate(values))
    found = data(file(f"{name},a,y\n{rows}"), "y")
    assert found.columns.column_names == [name, "a"]
    assert used_columns(found) == ["a"]
    assert used_columns(found, keep=True) == [name, "a"]


def test_other_first_columns_are_features(file):
    for header, values in [("Unnamed: 0", "1123"), ("id", "3124")]:
        rows = "".join(f"{value},{i},{'xz'[i % 2]}\n" for i, value in enumerate(values))
        assert used_columns(data(file(f"{header},a,y\n{rows}"), "y")) == [header, "a"]


@pytest.mark.parametrize("index", ["day", None])
def test_what_pandas_calls_an_index_is_named(tmp_path, index):
    frame = pd.DataFrame({"a": [0.5, 1.5, 2.5], "y": ["x", "z", "x"]}, index=[9, 7, 7])
    frame.index.name = index
    table, path = pa.Table.from_pandas(frame), str(tmp_path / "table")
    for write in (parquet.write_table, feather.write_feather):
        write(table, path)
        with tables.open_table(path) as found:
            assert found.columns == ("a", "y", index or "__index_level_0__")
            assert found.index_columns == (index or "__index_level_0__",)


VALID = {
    "csv": b'a,b,y\n1,2.5,x\n3,-4,"y, z"\n5,6e1,x\n',
    "parquet": as_parquet({"a": [1, 2], "b": [0.5, 7], "y": ["x", "z"]}),
}
EDITS = st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=3) | st.just(b'"'))


@given(st.sampled_from(sorted(VALID)), st.lists(EDITS, min_size=1, max_size=5))
def test_any_bytes_are_read_or_refused(tmp_path_factory, kind, edits):
    content = bytearray(VALID[kind])
    for where, cut, put in edits:
        at = int(where * len(content))
        content[at : at + cut] = put
    path = tmp_path_factory.getbasetemp() / "edited"
    path.write_bytes(content)
    try:
        found = data(str(path), "y")
    except InvalidArgument:
        return
    assert len(found.columns) >= len(found.target.values) > 0


def test_errors_of_the_code_that_reads_chunks_pass_through(file):
    with pytest.raises(OSError, match="mine"), tables.open_table(file("a\n1\n")) as table:
        raise OSError(f"mine, not {table.name}'s")


def test_a_missing_file_raises_the_operating_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        numbers(str(tmp_path / "none.csv"))
    with pytest.raises(IsADirectoryError):
        numbers(str(tmp_path))
