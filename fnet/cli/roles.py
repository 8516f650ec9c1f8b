"""Columns that are no features: the weights, the groups and the times of rows."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fnet.cli.options import TrainOptions
from fnet.core.errors import InvalidArgument

if TYPE_CHECKING:
    from fnet.tables import TrainingData


def numbers(
    table: str,
    found: "TrainingData",
    name: str,
    options: TrainOptions,
    kinds: tuple[str, ...] = ("number",),
    least: float = -np.inf,
) -> npt.NDArray[np.float64]:
    """A column as numbers, such as weights or times, of the rows that have a target.

    Args:
        table: The name of the table.
        found: The table.
        name: The name of the column.
        options: How the table is read.
        kinds: What it may be: "number", or "date", which becomes days since 1970.
        least: The smallest number.

    Returns:
        Float64 `[M]`.

    Raises:
        InvalidArgument: It is something else, has a gap or too small a number.
    """
    from fnet import encoding

    rows = found.target.rows
    column = found.columns.select([name])
    reading = options.reading
    how = encoding.Options(
        scaling="none",
        keep=True,
        missing=reading.missing,
        date_format=reading.forms([name]).get(name),
        decimal=reading.decimal_character(),
    )
    columns_encoding = encoding.learn(column, how, rows)
    where = f"{table}: column {encoding.shown(name)}"
    (only,) = columns_encoding.columns
    if only.kind not in kinds:
        raise InvalidArgument(
            f"{where} has {only.reason}, but must have {' or '.join(f'{kind}s' for kind in kinds)}"
        )
    values = encoding.encode(columns_encoding, column)[rows]
    if only.statistics.gaps:
        row = int(rows[values[:, 0].argmax()]) + 1
        raise InvalidArgument(f"{where}, row {row} is a gap: fill it in, or leave such rows out")
    found_values: npt.NDArray[np.float64] = values[:, -1]
    if (low := found_values < least).any():
        row = int(low.argmax())
        raise InvalidArgument(
            f"{where}, row {rows[row] + 1}: {found_values[row]:g} must be at least {least:g}"
        )
    return found_values


def weights(
    table: str, found: "TrainingData", name: str, options: TrainOptions
) -> npt.NDArray[np.float64]:
    """The weights of the rows that have a target."""
    return numbers(table, found, name, options, least=0.0)


def group_codes(
    table: str, found: "TrainingData", name: str, missing: tuple[str, ...] = ()
) -> npt.NDArray[Any]:
    """The number of the group of each row with a target, in the order in which they appear.

    Text is compared without blanks around it, as everywhere.
    """
    from fnet.encoding import step_functions, steps
    from fnet.encoding.cells import Texts
    from fnet.encoding.raw_columns import to_raw
    from fnet.encoding.reading import read

    raw = to_raw(name, found.columns.column(name).take(found.target.rows))
    kinds = {"numbers": steps.Number, "booleans": steps.Boolean, "dates": steps.Date}
    codes = read((kinds.get(raw.kind, steps.Text)(gaps=missing),), raw).value
    if isinstance(codes, Texts):
        places: dict[str, int] = {}
        of_text = [-1 if t is None else places.setdefault(t, len(places)) for t in codes.texts]
        codes = np.array([*of_text, -1])[codes.codes]
    if (gaps := step_functions.is_missing(codes)).any():
        row = int(found.target.rows[gaps.argmax()]) + 1
        raise InvalidArgument(
            f"{table}: column {name!r}, row {row} is a gap: every row needs a group"
        )
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(first.argsort().argsort()[group])
