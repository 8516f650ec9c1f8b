"""What a table is found to be, before a model learns from it: the same in `train` and `inspect`."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy.typing as npt

from fnet.cli import common
from fnet.cli.reading import KINDS, Reading, as_option, pair

if TYPE_CHECKING:
    from fnet.encoding import Encoding, Options
    from fnet.tables import Table


class Choices(NamedTuple):
    """What a user says about the columns of a table.

    Attributes:
        without: Columns to leave out.
        kinds: Columns with their kinds.
        keep: Columns to keep although they seem of no use.
        keep_index: Whether to keep all columns of row names.
        scaling: How numbers are scaled, as in `encoding.Options`.
    """

    without: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    keep: tuple[str, ...] = ()
    keep_index: bool = False
    scaling: str = "robust"


choice_options = common.options_as(
    "choices",
    Choices,
    (
        click.option(
            "--without",
            multiple=True,
            metavar="COLUMN",
            help="Leave out a column, '' one without a name.  [repeatable]",
        ),
        click.option(
            "--kind",
            "kinds",
            multiple=True,
            type=pair(KINDS),
            metavar="COLUMN=KIND",
            help=f"What a column is: {', '.join(KINDS)}.  [repeatable; default: found from its "
            "cells]",
        ),
        click.option(
            "--keep-column",
            "keep",
            multiple=True,
            metavar="COLUMN",
            help="Keep a column although it seems of no use.  [repeatable]",
        ),
        click.option("--keep-index", is_flag=True, help="Keep all columns of row names."),
    ),
)
"""The options of a command that finds out what the columns of a table are."""


class Learner(NamedTuple):
    """How a table is encoded.

    Attributes:
        table: Its name.
        row_names: The columns that hold row names because the file says so.
        options: The options of the encoding.
    """

    table: str
    row_names: tuple[str, ...]
    options: "Options"

    def as_text(self) -> list[str]:
        """The columns whose text stays text although it is plain numbers."""
        return [name for name, kind in (self.options.kinds or {}).items() if kind != "number"]

    def learn(self, columns: Any, rows: npt.NDArray[Any] | None = None) -> "Encoding":
        """The encoding of a table, learnt from some of its rows; None for all."""
        from fnet import encoding

        found = encoding.learn(columns, self.options, rows)
        why = [
            column._replace(reason="has row names") if column.name in self.row_names else column
            for column in found.columns
        ]
        return found._replace(columns=tuple(why))

    def notes(self, found: "Encoding") -> list[str]:
        """Which columns are left out, and what else a user should check."""
        from fnet import encoding

        return [f"{self.table}: {note}" for note in encoding.notes(found, as_option)]


def learner(table: "Table", reading: Reading, choices: Choices, others: Sequence[str]) -> Learner:
    """How a table is encoded.

    Args:
        table: The table.
        reading: How it is read.
        choices: What a user says about its columns.
        others: The names of columns that are no features, as the target.

    Returns:
        The Learner.

    Raises:
        InvalidArgument: A name is that of no feature.
    """
    from fnet import tables
    from fnet.encoding import Options
    from fnet.encoding.learn import INDEX_NAME

    features = [name for name in table.columns if name not in (*others, *choices.without)]
    part = table._replace(columns=tuple(features))

    def matched(names: Sequence[str]) -> list[str]:
        found = tables.match_names(part, names)
        tables.require_columns(part, found)
        return found

    kinds = dict(
        zip(
            matched([name for name, _ in choices.kinds]),
            (kind for _, kind in choices.kinds),
            strict=True,
        )
    )
    if len(kinds) < len(choices.kinds):
        raise common.usage_error("--kind is given twice for one column.")
    keep = matched(choices.keep)
    if choices.keep_index:
        keep += [n for n in features if re.fullmatch(INDEX_NAME, n) or n in table.index_columns]
    index = tuple(n for n in table.index_columns if n in features and n not in (*keep, *kinds))
    forms = reading.forms(features)
    matched(list(forms))
    options = Options(
        kinds=kinds | dict.fromkeys(index, "ignored"),
        scaling=choices.scaling,
        keep=tuple(dict.fromkeys(keep)),
        missing=reading.missing,
        date_format=forms,
        decimal=reading.decimal_character(),
    )
    return Learner(table.name, index, options)
