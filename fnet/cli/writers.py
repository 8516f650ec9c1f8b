"""Tables that commands write, in the format that the suffix of the path names."""

import contextlib
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from fnet.cli import common

if TYPE_CHECKING:
    from fnet.tables import Chunk

Columns: TypeAlias = dict[str, list[Any]]
"""Columns of a table by name, in order."""

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


def format_of(path: str | None, as_json: bool) -> str:
    """The format of an output: csv, tsv, json or parquet.

    Args:
        path: The file, or None for standard output.
        as_json: Whether JSON was asked for.

    Returns:
        The name of the format.

    Raises:
        click.UsageError: The suffix is that of another format.
    """
    suffix = Path(path or "").suffix.lower()
    if suffix in REFUSED:
        raise common.usage_error(
            f"--out cannot write {suffix}: use .csv, .tsv, .jsonl or .parquet."
        )
    found = FORMATS.get(suffix, "csv")
    if as_json and found == "parquet":
        raise common.usage_error("--json and --out with a Parquet file do not go together.")
    return "json" if as_json else found


@contextlib.contextmanager
def open_writer(path: str | None, file_format: str) -> Iterator[Write]:
    """A function that writes rows to standard output, or to a file that appears when complete."""
    if path is None:
        yield _text_writer(sys.stdout, file_format)
        return
    from fnet.files import atomic

    with atomic.replacing(path) as file:
        if file_format == "parquet":
            with _parquet_writer(file) as write:
                yield write
            return
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        yield _text_writer(text, file_format)
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


def _text_writer(file: TextIO, file_format: str) -> Write:
    """Writes columns as a JSON object for each row, or as rows of a CSV after a header."""
    if file_format == "json":
        return _json_writer(file)
    rows = csv.writer(file, lineterminator="\n", delimiter="\t" if file_format == "tsv" else ",")
    first = True

    def write(columns: Columns) -> None:
        nonlocal first
        if first:
            rows.writerow(columns)
            first = False
        rows.writerows(zip(*columns.values(), strict=True))

    return write


def _json_writer(file: TextIO) -> Write:
    """Writes columns as a JSON object for each row."""

    def write(columns: Columns) -> None:
        for row in zip(*columns.values(), strict=True):
            cells = dict(zip(columns, row, strict=True))
            file.write(json.dumps(cells, ensure_ascii=False) + "\n")

    return write


@contextlib.contextmanager
def _parquet_writer(file: Any) -> Iterator[Write]:
    """Writes columns as row groups; their types are those of the first rows."""
    import pyarrow as pa
    from pyarrow import parquet

    with contextlib.ExitStack() as stack:
        writer: Any = None

        def write(columns: Columns) -> None:
            nonlocal writer
            table = pa.table(dict(columns))
            if writer is None:
                writer = stack.enter_context(parquet.ParquetWriter(file, table.schema))
            writer.write_table(table)

        yield write
