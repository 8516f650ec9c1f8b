"""Files of every format: the same rows give the same numbers, and what is wrong is refused.

`CELLS` are columns of every kind; a format is a line of `FORMATS`, a type of Arrow one of `TYPES`.
"""

import bz2
import codecs
import csv
import datetime
import decimal
import gzip
import io
import json
import lzma
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from processes import HANG_SECONDS
from pyarrow import feather, parquet

from fnet import InvalidArgument, encoding, tables
from fnet.encoding import Options, encode, feature_names, learn

N = 60
RANDOM = np.random.default_rng(7)
FIRST_TIME = datetime.datetime(2023, 12, 30, 6, 15)


def with_gaps(cells):
    return [None if i % 7 == 3 else cell for i, cell in enumerate(cells)]


CELLS = {
    "whole": [int(v) for v in RANDOM.integers(-5, 100, N)],
    "whole with gaps": with_gaps([int(v) for v in RANDOM.integers(-5, 100, N)]),
    "float": with_gaps([float(v) for v in RANDOM.normal(0, 1e5, N)]),
    "large": [float(v) for v in 10.0 ** RANDOM.integers(-90, 90, N)],
    "boolean": [bool(v) for v in RANDOM.integers(0, 2, N)],
    "boolean with gaps": with_gaps([i % 3 == 0 for i in range(N)]),
    "text": ["red", "green", "blue", " green "] * (N // 4),
    "text with gaps": with_gaps(["Élan", "x, y", 'a "b"\nc', "tab\tß"] * (N // 4)),
    "codes": [f"{v:03}" for v in RANDOM.integers(0, 5, N)],
    "thousands": with_gaps([f"{v:,}.50" for v in RANDOM.integers(1000, 10**7, N)]),
    "comma": [f"{v:.2f}".replace(".", ",") for v in RANDOM.normal(0, 9, N)],
    "percent": [f"{v}%" for v in RANDOM.integers(0, 100, N)],
    "odd gaps": ["?" if i % 9 == 1 else str(i * 0.5) for i in range(N)],
    "date": [FIRST_TIME.date() + datetime.timedelta(days=9 * i) for i in range(N)],
    "time": with_gaps([FIRST_TIME + datetime.timedelta(days=i, hours=7 * i) for i in range(N)]),
    "German date": [f"{i % 28 + 1:02}.{i % 12 + 1:02}.20{i % 20 + 10}" for i in range(N)],
    "time of day": [datetime.time(i % 3, 30) for i in range(N)],
    "nothing": [None] * N,
}
OPTIONS = Options(min_count=1)
KINDS = {
    **dict.fromkeys(("whole", "whole with gaps", "float", "large"), "number"),
    **dict.fromkeys(("thousands", "comma", "percent", "odd gaps"), "number"),
    **dict.fromkeys(("boolean", "boolean with gaps"), "boolean"),
    **dict.fromkeys(("text", "text with gaps", "codes", "time of day"), "category"),
    **dict.fromkeys(("date", "time", "German date"), "date"),
    "nothing": "ignored",
}
ENCODING = learn(CELLS, OPTIONS)
EXPECTED = encode(ENCODING, CELLS)


def arrow(**types):
    """A table of Arrow, its columns of other types where these are given."""
    columns = {name: pa.array(cells) for name, cells in CELLS.items()}
    columns |= {name.replace("_", " "): cast(columns, name, to) for name, to in types.items()}
    return pa.table(columns)


def cast(columns, name, to):
    column = columns[name.replace("_", " ")]
    return to(column) if callable(to) else column.cast(to)


def as_csv(delimiter=",", **pandas):
    frame = pd.DataFrame(CELLS, dtype=object)
    return frame.to_csv(index=False, sep=delimiter, **pandas)


def as_json():
    rows = [dict(zip(CELLS, row, strict=True)) for row in zip(*CELLS.values(), strict=True)]
    for row in rows[1:]:  # keys that are absent, and null in the first row
        for name in [name for name, cell in row.items() if cell is None]:
            del row[name]
    return "\n".join(json.dumps(row, default=str) for row in rows)


def written(write, *arguments, **options):
    """What a function that takes a table and a stream writes."""

    def content():
        stream = io.BytesIO()
        table = arrow()
        write(table, stream, *arguments, **options)
        return stream.getvalue()

    return content


def stream_of(table, options=None):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=17)
    return sink.getvalue()


def file_of(table):
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=17)
    return sink.getvalue()


def packed(codec):
    return lambda text: pa.compress(text, codec=codec, asbytes=True)


def polars_frame():
    return pl.DataFrame(CELLS)


def saved(write):
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def latin_1():
    return as_csv().encode("latin-1")


FORMATS = {
    "CSV": lambda: as_csv().encode(),
    "CSV of Windows": lambda: as_csv(lineterminator="\r\n").encode("utf-8-sig"),
    "CSV with NA": lambda: as_csv(na_rep="NA").encode(),
    "CSV with quotes": lambda: as_csv(quoting=csv.QUOTE_ALL).encode(),
    "CSV with semicolons": lambda: as_csv(";").encode(),
    "TSV": lambda: as_csv("\t").encode(),
    "CSV in gzip": lambda: gzip.compress(as_csv().encode()),
    "CSV in bzip2": lambda: bz2.compress(as_csv().encode()),
    "CSV in zstd": lambda: packed("zstd")(as_csv().encode()),
    "CSV in lz4": lambda: packed("lz4")(as_csv().encode()),
    "CSV in xz": lambda: lzma.compress(as_csv().encode()),
    "CSV in UTF-16": lambda: as_csv().encode("utf-16"),
    "CSV in UTF-16, big-endian": lambda: codecs.BOM_UTF16_BE + as_csv().encode("utf-16-be"),
    "CSV in UTF-32": lambda: as_csv().encode("utf-32"),
    "CSV in UTF-16 in gzip": lambda: gzip.compress(as_csv().encode("utf-16")),
    "JSON lines": lambda: as_json().encode(),
    "JSON lines with a mark": lambda: as_json().encode("utf-8-sig"),
    "JSON lines in zstd": lambda: packed("zstd")(as_json().encode()),
    "JSON lines in UTF-16": lambda: as_json().encode("utf-16"),
    "Parquet": written(parquet.write_table),
    "Parquet in row groups": written(parquet.write_table, row_group_size=7, compression="zstd"),
    "Parquet of pandas": lambda: saved(pd.DataFrame(CELLS).to_parquet),
    "Parquet of polars": lambda: saved(polars_frame().write_parquet),
    "Feather": written(feather.write_feather),
    "Feather in zstd": written(feather.write_feather, compression="zstd"),
    "Feather, not compressed": written(feather.write_feather, compression="uncompressed"),
    "Feather of pandas": lambda: saved(pd.DataFrame(CELLS).to_feather),
    "Arrow file in batches": lambda: file_of(arrow()),
    "Arrow file of polars": lambda: saved(polars_frame().write_ipc),
    "Arrow stream": lambda: stream_of(arrow()),
    "Arrow stream of polars": lambda: saved(polars_frame().write_ipc_stream),
    "Arrow stream in gzip": lambda: gzip.compress(stream_of(arrow())),
}

ENCODED = {"latin-1": latin_1, "cp1252": latin_1, "utf-16-le": lambda: as_csv().encode("utf-16-le")}
"""Text whose encoding must be said."""


def as_decimal(value):
    return None if value is None else decimal.Decimal(repr(value))


TYPES = {
    "numbers": {"whole": pa.int8(), "whole_with_gaps": pa.float32(), "large": pa.float64()},
    "decimals": {"whole": pa.decimal128(22, 2), "whole_with_gaps": pa.decimal256(50, 3)},
    "exact decimals": {"float": lambda column: pa.array(map(as_decimal, column.to_pylist()))},
    "large text": {"text": pa.large_string(), "text_with_gaps": pa.large_string()},
    "views": {"text": pa.string_view(), "text_with_gaps": pa.string_view()},
    "bytes": {"text": pa.binary(), "text_with_gaps": pa.large_binary(), "comma": pa.binary_view()},
    "bytes of one size": {"codes": pa.binary(3)},
    "dictionaries": {"text": pa.dictionary(pa.int8(), pa.string())},
    "dictionaries of text and bytes": {
        "text": pa.dictionary(pa.uint16(), pa.large_string()),
        "text_with_gaps": pa.dictionary(pa.int64(), pa.string()),
        "codes": pa.dictionary(pa.int32(), pa.binary()),
    },
    "dictionaries of dates": {"date": lambda column: column.dictionary_encode()},
    "seconds": {"time": pa.timestamp("s"), "date": pa.timestamp("s")},
    "milliseconds": {"time": pa.timestamp("ms", "UTC"), "date": pa.date64()},
    "microseconds": {"time": pa.timestamp("us", "Europe/Berlin")},
    "nanoseconds": {"time": pa.timestamp("ns"), "date": pa.timestamp("ns")},
    "times": {"time_of_day": pa.time32("ms")},
    "fine times": {"time_of_day": pa.time64("ns")},
    "run ends": {"whole": lambda column: pa.compute.run_end_encode(column)},
    "run ends of text": {"text": lambda column: pa.compute.run_end_encode(column)},
    "nulls of text": {"nothing": pa.string()},
}


@pytest.fixture
def file(tmp_path):
    def write(content, name="table"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def features(path, codes=False, **options):
    """All columns of a file, as the encoder takes them in training."""
    with tables.open_table(path, **options) as table:
        chunks = list(table.chunks)
        rows = table.rows
    found = tables.feature_table(chunks, table.columns, dict.fromkeys(table.columns, ()), codes)
    assert rows in (None, found.num_rows)
    return found


def predicted(path, known, **options):
    """The rows of a file, encoded chunk by chunk."""
    names = [column.name for column in encoding.records.used(known)]
    with tables.open_table(path, **options) as table:
        reader = tables.FeatureReader(known, names, tables.Writing())
        found = [reader.read([chunk]) for chunk in table.chunks]
    assert not any(each.problems for each in found)
    return np.concatenate([each.values for each in found]), len(found)


def check(path, **options):
    """Learnt from the file, applied to it as a whole and in chunks, and to the cells."""
    own = features(path, **options)
    found = learn(own, OPTIONS)
    assert {column.name: column.kind for column in found.columns} == KINDS
    assert feature_names(found) == feature_names(ENCODING)
    np.testing.assert_allclose(encode(ENCODING, own), EXPECTED, rtol=0, atol=1e-12)
    np.testing.assert_allclose(encode(found, CELLS), EXPECTED, rtol=0, atol=1e-12)
    for known in (found, ENCODING):
        values, chunks = predicted(path, known, **options)
        np.testing.assert_allclose(values, EXPECTED, rtol=0, atol=1e-12)
    return chunks


def test_the_columns_are_of_every_kind():
    assert {column.name: column.kind for column in ENCODING.columns} == KINDS


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_any_format_gives_the_same_numbers(file, name, monkeypatch):
    content = FORMATS[name]()
    check(file(content))
    monkeypatch.setattr(tables.readers, "CSV_BLOCK_BYTES", 1 << 11)
    monkeypatch.setattr(tables.readers, "MIN_BYTES_PER_COLUMN", 1)
    monkeypatch.setattr(tables.json_tables, "PARSED_BYTES", 1 << 11)
    monkeypatch.setattr(tables.arrow_tables, "CHUNK_ROWS", 13)
    assert check(file(content)) > 2


@pytest.mark.parametrize("name", ENCODED)
def test_text_in_an_encoding_that_is_said(file, name):
    check(file(ENCODED[name]()), encoding=name)


@pytest.mark.parametrize("name", TYPES)
def test_any_type_of_arrow_gives_the_same_numbers(file, name):
    check(file(file_of(arrow(**TYPES[name]))))
    try:
        content = saved(lambda stream: parquet.write_table(arrow(**TYPES[name]), stream))
    except pa.ArrowNotImplementedError:
        return
    check(file(content))


NO_CELLS = {
    "lists": lambda column: pa.array([[cell] for cell in column.to_pylist()]),
    "objects": lambda column: pa.array([{"a": cell} for cell in column.to_pylist()]),
    "other values": lambda column: pa.nulls(N, pa.month_day_nano_interval()),
}


@pytest.mark.parametrize("kind", NO_CELLS)
@pytest.mark.parametrize("write", [file_of, stream_of])
def test_a_column_without_cells_is_refused_and_may_be_left_out(file, write, kind):
    path = file(write(arrow(text=NO_CELLS[kind])))
    with tables.open_table(path) as table:
        chunks = list(table.chunks)
    with pytest.raises(InvalidArgument, match=f"column 'text' has {kind} .*--without 'text'"):
        tables.feature_table(chunks, table.columns, {})
    names = [name for name in table.columns if name != "text"]
    assert tables.feature_table(chunks, names, {}).num_rows == N


def test_a_time_that_microseconds_cannot_hold_is_refused_with_its_row(file):
    for kind in (pa.timestamp("s"), pa.date32()):
        times = pa.array([0, 1, 2**31 - 1 if kind == pa.date32() else 2**60], kind)
        with pytest.raises(InvalidArgument, match="column 't', row 3: is a date beyond"):
            features(file(file_of(pa.table({"t": times}))))


def test_a_time_in_a_zone_that_does_not_exist_has_no_text(file):
    times = pa.array([0, 1], pa.timestamp("s", "nowhere"))
    with tables.open_table(file(file_of(pa.table({"t": times})))) as table:
        (chunk,) = table.chunks
    with pytest.raises(InvalidArgument, match="column 't' has values of type .*nowhere"):
        tables.text_column(chunk, "t")


def test_a_time_in_a_zone_whose_name_is_no_text_has_no_text(file):
    content = stream_of(pa.table({"t": pa.array([0], pa.timestamp("s", "Mars/Moon"))}))
    with tables.open_table(file(content.replace(b"Mars/Moon", b"Mars\x80Moon"))) as table:
        (chunk,) = table.chunks
    with pytest.raises(InvalidArgument, match="column 't' has values of type timestamp"):
        tables.text_column(chunk, "t")


def test_a_type_that_python_cannot_read_is_refused(file):
    content = stream_of(pa.table({"t": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}))

    def of_months(i):
        """The stream with months as the unit of its intervals, if this byte, a 2, is the unit."""
        changed = content[:i] + b"\0" + content[i + 1 :]
        try:
            kind = str(pa.ipc.open_stream(changed).schema.field(0).type)
        except (ValueError, OSError):
            return None
        return changed if kind == "month_interval" else None

    (changed,) = filter(None, (of_months(i) for i, byte in enumerate(content) if byte == 2))
    with (
        pytest.raises(InvalidArgument, match="column 't' has values of type month_interval"),
        tables.open_table(file(changed)) as table,
    ):
        list(table.chunks)


def test_text_that_is_plain_numbers_is_found_in_all_chunks(file, monkeypatch):
    monkeypatch.setattr(tables.readers, "CSV_BLOCK_BYTES", 64)
    monkeypatch.setattr(tables.readers, "MIN_BYTES_PER_COLUMN", 1)
    names = ["plain", "late", "code", "other", "gaps", "large", "infinite"]
    rows = [f" {i}.5 ,{i},{i:03},{i},NA,1e{i},{i}" for i in range(90)] + ["1,x,1,1,,1e101,inf"]
    path = file("\n".join([",".join(names), *rows]))
    found = features(path, codes=True)
    assert found.column_names == names
    assert "".join(str(kind)[0] for kind in found.schema.types) == "dsdddss"
    assert found.column("plain").to_pylist() == [i + 0.5 for i in range(90)] + [1]
    assert found.column("gaps").null_count == 91
    assert found.column("large").to_pylist()[-2:] == ["1e89", "1e101"]
    assert str(features(path).column("code").type) == "string"


def lines(*rows):
    return "\n".join(rows).encode()


JSON = {
    "text and numbers": (lines('{"a": 1}', '{"a": "x"}'), "changed from number to string in row 2"),
    "no object": (lines('{"a": 1}', "", "3"), "row 2: '3' is not an object on one line"),
    "an array": (b'[{"a": 1}]', "is a JSON array: save it as JSON lines"),
    "over several lines": (lines("{", '"a": 1', "}"), "row 1: '{' is not an object on one line"),
    "a key twice": (lines('{"a": 1}', '{"a": 1, "a": 2}'), "specified twice in row 2"),
    "no keys": (lines("{}", "{}"), "has no columns"),
    "cut": (lines('{"a": 1}', '{"a": '), "row 2: .* is not an object"),
    "deep": (b'{"a": ' + b"[" * 10**5 + b"]" * 10**5 + b"}", "row 1: values are nested deeper"),
    "deep, open": (b'{"a": "]]]]", "b": ' + b"[" * 10**5 + b"}", "row 1: values are nested deeper"),
    "not UTF-8": (b'{"a": "x"}\n{"a": "\xff"}', "column 'a', row 2: .* is not UTF-8 text: name"),
    "a lone surrogate": (lines('{"a": "\\ud800"}'), "surrogate pair .* in row 1"),
    "too large": (lines('{"a": 1e999}'), "too big .* in row 1"),
    "nested": (lines('{"a": 1, "b": [1]}', '{"b": [2]}'), "column 'b' has lists"),
    "nested otherwise": (
        lines('{"b": [1]}', '{"b": [{}]}'),
        "changed from number to object in row",
    ),
    "nested otherwise later": (lines('{"a": 1, "b": [1]}', '{"b": {}}'), "changed from array to"),
}


@pytest.mark.parametrize("name", JSON)
def test_bad_json_lines_are_refused(file, name):
    content, message = JSON[name]
    with pytest.raises(InvalidArgument, match=message) as caught:
        features(file(content))
    assert "\n" not in str(caught.value)


def test_json_lines_of_many_types_are_one_table(file, monkeypatch):
    monkeypatch.setattr(tables.json_tables, "PARSED_BYTES", 8)
    rows = ['{"a": null}', '{"b": 1, "a": "2024-01-01"}', '{"a": "[[x", "c": 9}', "", '{"b": 1.5}']
    found = features(file("\r\n".join(rows)))
    assert found.to_pydict() == {
        "a": [None, "2024-01-01", "[[x", None],
        "b": [None, 1, None, 1.5],
        "c": [None, None, 9, None],
    }
    with pytest.raises(InvalidArgument, match="'b' has numbers in the rows before, and text in ro"):
        features(file("\n".join([*rows, '{"b": "x"}'])))
    with tables.open_table(file("\n".join(['{"n": {"m": 1}}', '{"n": [1], "a": 2}']))) as table:
        assert table.columns == ("n", "a")
        chunks = list(table.chunks)
    assert tables.feature_table(chunks, ["a"], {}).to_pydict() == {"a": [None, 2]}


CSV = b"a,b\n1,2\n"
BAD = {
    "compressed twice": (lambda: gzip.compress(gzip.compress(CSV)), "is compressed twice"),
    "Parquet in gzip": (
        lambda: gzip.compress(FORMATS["Parquet"]()),
        "is a Parquet file that is compressed by gzip: unpack it",
    ),
    "Feather in zstd": (
        lambda: packed("zstd")(FORMATS["Feather"]()),
        "is an Arrow file that is compressed by zstd: unpack it",
    ),
    "nothing in gzip": (lambda: gzip.compress(b""), "is empty"),
    "cut Feather": (lambda: FORMATS["Feather"]()[:-9], "is not a readable table|cannot be read"),
    "half of UTF-16": (lambda: "a,b\n1,2".encode("utf-16") + b"x", "is not UTF-16 text"),
    "columns without end": (lambda: packed("zstd")(b"," * 10**7), "has no data rows|a header row"),
    "too many columns": (
        lambda: packed("zstd")(b"," * 10**6 + b"\n1"),
        r"has 1,000,001 columns; a table may have 100,000",
    ),
    "no rows": (lambda: file_of(pa.table({"a": pa.array([], pa.int8())})), "no data rows"),
}
PACKED = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
PACKED |= {codec: packed(codec) for codec in ("zstd", "lz4")}


@pytest.mark.parametrize("name", BAD)
def test_other_bad_files_are_refused(file, name):
    make, message = BAD[name]
    with pytest.raises(InvalidArgument, match=message) as caught:
        features(file(make()))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("codec", PACKED)
def test_compressed_files_may_have_parts_and_must_be_whole(file, codec):
    pack = PACKED[codec]
    rows = b"".join(b"%d,%d\n" % (i, i * 7919) for i in range(2000))
    found = features(file(pack(b"a,b\n") + pack(rows), "any name.csv"))
    assert found.column("b").to_pylist() == [i * 7919.0 for i in range(2000)]
    with pytest.raises(InvalidArgument, match="cannot be read: .*(Truncated|xz)"):
        features(file(pack(b"a,b\n" + rows)[:-20]))


def test_an_encoding_is_said_only_where_there_is_no_mark(file):
    for name in ("no such", "hex", "\0", "", "undefined"):
        with pytest.raises(InvalidArgument, match="encoding must be the name of an encoding"):
            features(file(CSV), encoding=name)
    assert features(file("ä,b\n1,2".encode("utf-8-sig")), encoding="latin-1").column_names[0] == "ä"
    with pytest.raises(InvalidArgument, match=r"is not CP1252 text: name the table's encoding"):
        features(file(b"a,b\n1,\x81\n"), encoding="cp1252")
    with pytest.raises(InvalidArgument, match=r"column 'b', row 2: .* is not UTF-8 text: name the"):
        features(file("a,b\n1,ü\n2,ö\n".encode("latin-1").replace(b"\xfc", b"u")))


def test_damaged_buffers_of_arrow_are_refused(file):
    """Arrow itself reads beyond a buffer where an offset is wrong."""
    content = bytearray(file_of(pa.table({"a": ["xyz" * 5] * 4, "b": [1, 2, 3, 4]})))
    offsets = np.arange(5, dtype=np.int32) * 15
    at = bytes(content).index(offsets.tobytes())
    content[at : at + 20] = (offsets * 10**6).tobytes()
    with pytest.raises(InvalidArgument, match="is damaged: column 'a': .*offset"):
        features(file(bytes(content)))


BOMBS = {
    "rows": "pack(b'a,b\\n' + b'1,2\\n' * (1 << 26))",
    "a cell": "pack(b'a,b\\n1,' + b'0' * (1 << 28))",
    "a header": "pack(b'a' * (1 << 28))",
    "quotes": 'pack(b\'a,b\\n1,"\' + b"\\n" * (1 << 28))',
    "a line of JSON": "pack(b'{\"a\": \"' + b'0' * (1 << 28))",
    "rows of JSON": "pack((b'{\"a\": \"' + b'0' * 1000 + b'\"}\\n') * (1 << 18))",
    "keys of JSON": "pack(b'\\n'.join(b'{\"a%d\": 1}' % i for i in range(6000)))",
    "xz": "lzma.compress(b'a,b\\n1,' + b'0' * (1 << 28), preset=0)",
}


READ_BOMB = """if True:
    import sys
    from pathlib import Path
    from fnet import InvalidArgument, tables
    def peak():
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10
    def read(path):
        with tables.open_table(path) as table:
            return sum(len(chunk.columns) for chunk in table.chunks)
    for small in sys.argv[2:]:
        read(small)
    before = peak()
    try:
        print(read(sys.argv[1]), "rows")
    except InvalidArgument as error:
        print(error)
    print(peak() - before)
    """


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.slow
def test_a_compression_bomb_takes_no_memory_but_blocks(file, name):
    """Each takes 256 MiB or more when it is unpacked or parsed whole."""
    path = file(eval(BOMBS[name], {"pack": packed("zstd"), "lzma": lzma}), "bomb")
    small = file(gzip.compress(CSV), "small"), file('{"a": 1}', "small.jsonl")
    command = [sys.executable, "-c", READ_BOMB, path, *small]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert (done.returncode, done.stderr) == (0, "")
    message, more = done.stdout.splitlines()
    assert int(more) < 300, message
    assert any(word in message for word in (" rows", "row is longer", "line is longer"))
