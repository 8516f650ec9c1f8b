"""Tables that commands write, in the format that the suffix of the path names."""

import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from fnet.cli import common
from fnet.core.printable import printable

if TYPE_CHECKING:
    from fnet.tables import Chunk

Columns: TypeAlias = dict[str, Any]
"""Columns of a table by name, in order: lists, or arrays, whose masked cells are empty."""

Write: TypeAlias = Callable[[Columns], None]
"""Writes some rows."""

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".tsv": "tsv",
}
"""The formats by suffix; any other suffix is a CSV."""

REFUSED = frozenset(
    (".xlsx", ".xls", ".ods", ".feather", ".arrow", ".orc", ".h5", ".html", ".pkl", ".npy", ".fnet")
    + (".gz", ".bz2", ".xz", ".zip", ".zst")
)
"""Suffixes of formats that are not written."""

FORMULA = re.compile("[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]")
"""How a cell begins that a spreadsheet takes for a formula, in full width too."""

NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*([eE][+-]?[0-9]+)?%?")
"""Text that is a number to a spreadsheet, and so no formula."""


def format_of(path: str | None, as_json: bool, safe_csv: bool = False) -> str:
    """The format of an output: csv, tsv, json or parquet.

    Args:
        path: The file, or None for standard output.
        as_json: Whether JSON was asked for.
        safe_csv: Whether formulas were asked to be quoted, as only a CSV can.

    Returns:
        The name of the format.

    Raises:
        click.UsageError: The suffix is that of another format, or options do not go together.
    """
    suffix = Path(path or "").suffix.lower()
    if suffix in REFUSED:
        raise common.usage_error(
            f"--out cannot write {suffix}: use .csv, .tsv, .jsonl or .parquet."
        )
    found = FORMATS.get(suffix, "csv")
    if as_json and found == "parquet":
        raise common.usage_error("--json and --out with a Parquet file do not go together.")
    found = "json" if as_json else found
    if safe_csv and found not in ("csv", "tsv"):
        raise common.usage_error("--safe-csv is for CSV and TSV; no other format has formulas.")
    return found


@contextlib.contextmanager
def open_writer(path: str | None, file_format: str, safe_csv: bool = False) -> Iterator[Write]:
    """A function that writes rows to standard output, or to a file that appears when complete."""
    if path is None:
        to_stdout = _text_writer(sys.stdout, file_format, safe_csv)

        def named(columns: Columns) -> None:
            with common.naming(common.STANDARD_OUTPUT):
                to_stdout(columns)

        yield named
        return
    from fnet.files import atomic

    with atomic.replacing(path) as file:
        if file_format == "parquet":
            with _parquet_writer(file) as write:
                yield write
            return
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        yield _text_writer(text, file_format, safe_csv)
        text.flush()
        text.detach()


def kept_columns(chunk: "Chunk", names: list[str], file_format: str) -> dict[str, Any]:
    """Columns of a table to copy: as text, or in a Parquet file with their own types.

    Args:
        chunk: N rows of the table.
        names: The names of the columns.
        file_format: The format of the output.

    Returns:
        The columns by name, `[N]` each.
    """
    from fnet import tables

    found: dict[str, Any] = {}
    for name in names:
        column = chunk.columns.column(name)
        typed = file_format == "parquet" and str(column.type) not in ("binary", "null")
        found[name] = column if typed else tables.text_column(chunk, name)
    return found


def _text_writer(file: TextIO, file_format: str, safe_csv: bool) -> Write:
    """Writes columns as a JSON object for each row, or as rows of a CSV after a header.

    A cell is in quotes where a reader would not find the same cell without. Python's csv does so
    too, but up to 3.12 not for a carriage return, and never for a byte-order mark, which is lost at
    the start of a file, or for a cell of blanks without others, whose row is lost.
    """
    if file_format == "json":
        return _json_writer(file)
    delimiter = "\t" if file_format == "tsv" else ","
    special = re.compile(f'[{delimiter}"\r\n]|^\ufeff')
    shown = printable if file.isatty() else str  # exact anywhere but on a terminal
    first = True

    def text(cell: str, alone: bool) -> str:
        if safe_csv and FORMULA.match(cell) and not NUMBER.fullmatch(cell):
            cell = "'" + cell
        cell = shown(cell)
        if special.search(cell) or (alone and not cell.strip()):
            return '"' + cell.replace('"', '""') + '"'
        return cell

    def texts(column: Any, alone: bool) -> Iterable[str]:
        cells = _listed(column)
        kinds = set(map(type, cells))
        if kinds & {str, type(None)}:
            return [text("" if cell is None else str(cell), alone) for cell in cells]
        return map(str, cells)  # numbers are quick

    def write(columns: Columns) -> None:
        nonlocal first
        alone = len(columns) == 1
        rows = zip(*(texts(column, alone) for column in columns.values()), strict=True)
        if first:
            file.write(delimiter.join(texts(columns, alone)) + "\n")
            first = False
        file.writelines(delimiter.join(row) + "\n" for row in rows)

    return write


def _listed(column: Any) -> list[Any]:
    """The cells of a column; None for a masked one."""
    found: list[Any] = column.tolist() if hasattr(column, "tolist") else column
    return found


def _json_writer(file: TextIO) -> Write:
    """Writes columns as a JSON object for each row."""

    def write(columns: Columns) -> None:
        for row in zip(*map(_listed, columns.values()), strict=True):
            file.write(common.json_text(dict(zip(columns, row, strict=True))) + "\n")

    return write


@contextlib.contextmanager
def _parquet_writer(file: Any) -> Iterator[Write]:
    """Writes columns as row groups; their types are those of the first rows."""
    import pyarrow as pa
    from pyarrow import parquet

    with contextlib.ExitStack() as stack:
        writer: Any = None

        def typed(column: Any) -> Any:
            kind = getattr(getattr(column, "dtype", None), "kind", "")
            types = {"f": pa.float64(), "i": pa.int64(), "b": pa.bool_(), "U": pa.string()}
            if kind not in types:
                return column if hasattr(column, "type") else _listed(column)
            return pa.array(column.tolist(), types[kind])  # not by its mask, which imports pandas

        def write(columns: Columns) -> None:
            nonlocal writer
            table = pa.table({name: typed(column) for name, column in columns.items()})
            if writer is None:
                writer = stack.enter_context(parquet.ParquetWriter(file, table.schema))
            writer.write_table(table)

        yield write
