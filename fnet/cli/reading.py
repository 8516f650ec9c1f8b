"""How the commands read tables: their options, and errors and notes in the words of a shell."""

import contextlib
import hashlib
import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from fnet.cli import common
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.encoding import Encoding, Option, TableError
    from fnet.files.model import Model
    from fnet.tables import FeatureReader, Notation, Table, TargetOptions, Writing

DELIMITERS = {
    "\\t": "\t",
    "tab": "\t",
    "comma": ",",
    "semicolon": ";",
    "space": " ",
    "pipe": "|",
}
"""Names of delimiters that a shell makes hard to type."""

THOUSANDS = {",": ".", ".": ",", " ": None, "'": None}
"""Thousands separators, each with the decimal character that it leaves."""

DATE_FORMATS = ("YYYY-MM-DD", "YYYY/MM/DD", "DD.MM.YYYY", "MM/DD/YYYY", "DD/MM/YYYY")
"""How dates may be written; a test compares them with those of the encoding."""

KINDS = ("number", "boolean", "category", "date", "ignored")
"""What a column may be; a test compares them with those of the encoding."""


def pair(values: Sequence[str], alone: bool = False) -> Callable[[Any], Any]:
    """The type of COLUMN=VALUE with a value of a closed list; where `alone`, also of VALUE."""

    def convert(value: Any) -> tuple[str | None, str]:
        """The column, or None, and the value."""
        column, equals, kind = value.rpartition("=")
        if kind not in values or not (equals or alone):
            raise click.BadParameter(
                f"{value!r} must be {'VALUE or ' * alone}COLUMN=VALUE, with VALUE one of "
                f"{', '.join(values)}."
            )
        return column if equals else None, kind

    return convert


_OPTIONS = (
    click.option(
        "--delimiter",
        metavar="CHARACTER",
        help="Delimiter of a CSV, or tab.  [default: comma, or tab for .tsv, or by the header]",
    ),
    click.option(
        "--encoding",
        metavar="NAME",
        help="Encoding of text, such as latin-1 or cp1252.  [default: by the file's first bytes, "
        "otherwise UTF-8]",
    ),
    click.option(
        "--decimal",
        type=click.Choice([".", ","]),
        help="Decimal character of numbers in text.  [default: the one that fits all of a column]",
    ),
    click.option(
        "--thousands",
        type=click.Choice(list(THOUSANDS)),
        help="Separator of thousands of numbers in text.  [default: the one that fits]",
    ),
    click.option(
        "--date-format",
        multiple=True,
        type=pair(DATE_FORMATS, alone=True),
        metavar="FORMAT",
        help=f"How dates are written, of all columns or as COLUMN=FORMAT: {', '.join(DATE_FORMATS)}"
        ".  [repeatable; default: the one that fits all of a column]",
    ),
    click.option(
        "--missing",
        multiple=True,
        metavar="TOKEN",
        help="A cell that means no value: in features beside the usual ones, in the target instead "
        "of them ('' for empty cells alone).  [repeatable; default: empty, NA, N/A, <NA>, nan, "
        "null, and None but for a class; among numbers also ? and -]",
    ),
)

strict_option = click.option(
    "--strict", is_flag=True, help="Refuse a table with rows that cannot be predicted."
)


class Reading(NamedTuple):
    """How a table is read."""

    delimiter: str | None
    encoding: str | None
    decimal: str | None
    thousands: str | None
    date_format: tuple[tuple[str | None, str], ...]
    missing: tuple[str, ...]

    def decimal_character(self) -> str | None:
        """The decimal character, which a thousands separator may say too."""
        if self.thousands is not None and self.decimal == self.thousands:
            raise common.usage_error("--decimal and --thousands must be different characters.")
        return self.decimal or THOUSANDS.get(self.thousands or "")

    def forms(self, names: Sequence[str]) -> dict[str, Any]:
        """The format of dates by column, of all these columns where one is given for all."""
        of_all = [date_format for column, date_format in self.date_format if column is None]
        by_column = {
            column: date_format for column, date_format in self.date_format if column is not None
        }
        if len(of_all) > 1 or len(by_column) + len(of_all) < len(self.date_format):
            raise common.usage_error("--date-format is given twice for the same columns.")
        return dict.fromkeys(names, *of_all) | by_column if of_all else by_column

    def writing(self, names: Sequence[str]) -> "Writing":
        """How the cells of a table to predict are written."""
        from fnet.tables import Writing

        return Writing(self.decimal_character(), self.missing, self.forms(names))

    def of_target(self, **fields: Any) -> "TargetOptions":
        """How a target is read; other fields by name."""
        from fnet.tables import TargetOptions

        given = {"missing": self.missing or None, "decimal": self.decimal_character()}
        return TargetOptions(**(given | {k: v for k, v in fields.items() if v is not None}))


reading_options = common.options_as("reading", Reading, _OPTIONS)
"""The options of a command that reads a table."""


@contextlib.contextmanager
def open_table(path: str, reading: Reading) -> Iterator["Table"]:
    """The open Table of a DATA argument; `-` is standard input."""
    from fnet import tables
    from fnet.encoding import TableError

    delimiter = DELIMITERS.get(reading.delimiter or "", reading.delimiter)
    if delimiter is not None and len(delimiter.encode()) != 1:
        raise common.usage_error(
            f"--delimiter must be a single ASCII character, or tab; got {delimiter!r}."
        )
    with (
        tables.as_file(path) as (file, name),
        tables.open_table(file, delimiter, name, reading.encoding) as table,
    ):
        try:
            yield table
        except TableError as error:
            raise InvalidArgument(in_words(error, table.name)) from None


@contextlib.contextmanager
def open_training_table(path: str, reading: Reading) -> Iterator["Table"]:
    """The open Table of a DATA argument that may be a folder, whose files are shards of a table."""
    from fnet.encoding import TableError

    if not os.path.isdir(path):
        with open_table(path, reading) as table:
            yield table
        return
    from fnet.streams import folders

    if reading.delimiter or reading.encoding:
        raise common.usage_error("--delimiter and --encoding are of a file: DATA is a folder.")
    with folders.open_folder(path) as table:
        try:
            yield table
        except TableError as error:
            raise InvalidArgument(in_words(error, table.name)) from None


def sha256(path: str) -> str | None:
    """The SHA-256 of a file, by which a table is recognized; None for a stream."""
    from fnet import tables

    if not tables.is_file(path):
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Words.


def as_option(option: "Option") -> str:
    """An option of the encoding as an option of a command."""
    name, values, column = option
    if name == "keep":
        names = ["NAME" if value is True else shlex.quote(value) for value in values]
        return " ".join(f"--keep-column {name}" for name in names)
    if name == "kinds" and values == ("ignored",):
        return f"--without {shlex.quote(column or '')}"
    option_name = {"kinds": "--kind"}.get(name, f"--{name.replace('_', '-')}")
    given = [f"{column}={value}" if column else str(value) for value in values]
    return " ".join(f"{option_name} {shlex.quote(each)}" for each in given)


def in_words(error: "TableError", table: str) -> str:
    """An error about a table with its name, its rows from 1, and options of commands."""
    of_columns = any(problem.column is not None for problem in error.problems)
    return f"{table}: " * of_columns + error.message(1, as_option, table)


# Models.


def trained_notations(model: "Model") -> "dict[str, Notation]":
    """How the numbers of columns were written in the training data, where it was not plain."""
    from fnet.tables import Notation

    found = common.training_record(model).get("notations")
    return {name: Notation(**fields) for name, fields in (found or {}).items()}


def encoding_of(table: "Table", model: "Model", path: str, target: str | None = None) -> "Encoding":
    """The encoding of the model at this path; where it has none, that of plain numbers.

    A model without names of features takes all columns but the target.
    """
    from fnet import tables

    if model.encoding is not None:
        return model.encoding
    others = feature_names(table, target)
    expected = list(model.features or others)
    if len(expected) != (inputs := model.net.sizes[0]):
        raise InvalidArgument(
            f"{table.name} has {len(others)} feature columns, but {path}, which has no feature "
            f"names, takes {inputs}: keep only the columns it was trained on, in that order"
        )
    return tables.plain_encoding(expected, trained_notations(model))


def feature_names(table: "Table", target: str | None = None) -> list[str]:
    """The columns of a table but the target and those of row names."""
    return [name for name in table.columns if name not in (target, *table.index_columns)]


def feature_reader(
    table: "Table", encoding: "Encoding", reading: Reading, target: str | None = None
) -> "FeatureReader":
    """What encodes the features of a table."""
    from fnet import tables
    from fnet.encoding.records import used

    expected = [column.name for column in used(encoding)]
    names = tables.match_names(table, expected) if encoding.named else feature_names(table, target)
    tables.require_columns(table, names)
    return tables.FeatureReader(encoding, names, reading.writing(names))
