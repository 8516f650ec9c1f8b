"""Rows of a table as numbers, by an Encoding: NumPy alone."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument
from fnet.core.names import suggestion
from fnet.encoding.columns import Columns, to_columns
from fnet.encoding.problems import MAX_NAMED, Problem, TableError, shown
from fnet.encoding.raw_columns import RawColumn, to_raw
from fnet.encoding.reading import KindError, cell_at, read
from fnet.encoding.records import ColumnEncoding, Encoding, read_step, used
from fnet.encoding.step_functions import STEPS, levels_of
from fnet.encoding.steps import Boolean, Date, Number, Step, Text
from fnet.encoding.unlike import unlike

BLOCK = 8192
"""The rows that are written at a time, so that they stay in the processor's cache."""

NO_COLUMNS = np.empty((0, 0))
"""What steps write that work on all cells at once."""

READ_AS: dict[type[Any], str] = {
    Number: "a number",
    Boolean: "a boolean",
    Date: "a date",
    Text: "text",
}
"""What the cells of a column must be, in messages."""


class Encoded(NamedTuple):
    """Rows as numbers.

    Attributes:
        values: `[N, D]`; NaN in rows that cannot be encoded.
        bad: Which rows cannot be encoded, `[N]`.
        problems: Why not, one for each column.
        unlike: Which cells are unlike training, of each column that the encoding uses, `[N, C]`;
            None if nobody asked. The rule is in `unlike.py`.
    """

    values: npt.NDArray[Any]
    bad: npt.NDArray[np.bool_]
    problems: tuple[Problem, ...]
    unlike: npt.NDArray[np.bool_] | None = None


class Part(NamedTuple):
    """How a column of a table becomes columns of the result.

    Attributes:
        column: The column.
        at_once: The steps that work on all cells at once, as functions `(value, out)`.
        by_blocks: Those that work on blocks of rows, as `(function, first, stop)`: the columns of
            the result that it writes.
    """

    column: ColumnEncoding
    at_once: tuple[Callable[..., Any], ...]
    by_blocks: tuple[tuple[Callable[..., Any], int, int], ...]


class Prepared(NamedTuple):
    """An Encoding that is ready to be applied many times: `prepare` has looked up all it needs.

    Attributes:
        encoding: The Encoding.
        parts: How each column that it uses becomes numbers.
        width: D, the number of columns of the result.
    """

    encoding: Encoding
    parts: tuple[Part, ...]
    width: int


def prepare(encoding: Encoding) -> Prepared:
    """An Encoding, ready to be applied many times."""
    parts, stop = [], 0
    for column in used(encoding):
        at_once: list[Any] = []
        by_blocks: list[Any] = []
        for step in column.steps[1:]:
            rule = STEPS[type(step)]
            apply = functools.partial(rule.apply, rule.prepare(step))
            if rule.at_once:
                at_once.append(apply)
            else:
                first, stop = stop, stop + rule.width(step)
                by_blocks.append((apply, first, stop))
        parts.append(Part(column, tuple(at_once), tuple(by_blocks)))
    return Prepared(encoding, tuple(parts), stop)


def encode(encoding: Encoding, table: Any, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """The rows of a table as numbers.

    Args:
        encoding: The encoding that `learn` has found.
        table: A table in any container, see `columns.to_columns`. Columns go by their names; others
            than those of the encoding are ignored.
        dtype: The floating-point type of the result.

    Returns:
        `[N, D]`, in C order.

    Raises:
        InvalidArgument: A column is missing or is of another kind, or a cell cannot be read.
    """
    found = encode_rows(encoding, table, dtype)
    if found.problems:
        raise TableError(found.problems)
    return found.values


def encode_rows(
    encoding: Encoding | Prepared,
    table: Any,
    dtype: npt.DTypeLike = np.float64,
    out: npt.NDArray[Any] | None = None,
    find_unlike: bool = False,
) -> Encoded:
    """The rows of a table as numbers, and which rows cannot be encoded, instead of an error.

    Args:
        encoding: The encoding that `learn` has found, or what `prepare` has made of it.
        table: A table in any container.
        dtype: The floating-point type of the result.
        out: Where to write them, `[N, D]` of zeros; None for a new array.
        find_unlike: Whether to tell which cells are unlike training.

    Returns:
        The Encoded rows.

    Raises:
        InvalidArgument: A column is missing, or is of another kind.
    """
    ready = encoding if isinstance(encoding, Prepared) else prepare(encoding)
    columns = to_columns(table)
    values_of, problems, bad = [], [], np.zeros(columns.rows, bool)
    errors: list[Problem] = []
    far: list[npt.NDArray[np.bool_]] = []
    for part, own in zip(ready.parts, select(ready, columns), strict=True):
        column = part.column
        try:
            raw = to_raw(column.name, own)
            value, refused = read(column.steps, raw)
        except KindError as error:
            errors.append(_another_kind(column, str(error)))
            continue
        except TableError as error:
            errors += error.problems
            continue
        if refused is not None:
            problems.append(_problem(column, raw, refused))
            bad |= refused
        if find_unlike:
            far.append(unlike(column, value, columns.rows))
        for apply in part.at_once:
            value = apply(value, NO_COLUMNS)
        values_of.append(value)
    if errors:
        raise TableError(errors)
    values = np.zeros((columns.rows, ready.width), dtype) if out is None else out
    for start in range(0, columns.rows, BLOCK):
        rows = slice(start, start + BLOCK)
        block = values[rows]
        for part, value in zip(ready.parts, values_of, strict=True):
            value = value[rows]
            for apply, first, stop in part.by_blocks:
                value = apply(value, block[:, first:stop])
    if problems:
        values[bad] = np.nan
    return Encoded(values, bad, tuple(problems), np.stack(far, axis=1) if far else None)


def select(ready: Prepared, columns: Columns) -> Sequence[Any]:
    """The cells of the columns that an encoding uses, by name, or by position without names.

    Raises:
        InvalidArgument: A column is missing, or the number of columns is another one.
    """
    encoding = ready.encoding
    if not (encoding.named and columns.named):
        given, expected = len(columns.names), len(encoding.columns)
        if given != expected:
            raise InvalidArgument(
                f"X has {given} features, but TableEncoder is expecting {expected} features as "
                "input"
            )
        pairs = zip(encoding.columns, columns.cells, strict=True)
        return [cells for column, cells in pairs if column.steps]
    by_name = dict(zip(columns.names, columns.cells, strict=True))
    names = [part.column.name for part in ready.parts]
    if missing := [name for name in names if name not in by_name]:
        named = ", ".join(map(shown, missing[:MAX_NAMED]))
        more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
        hint = suggestion(missing[0], by_name) if len(missing) == 1 else ""
        text = (
            f"lacks column{'s' * (len(missing) > 1)} {named}{more}; its columns are "
            f"{', '.join(map(shown, columns.names[:MAX_NAMED])) or 'none':.300}: give every column "
            f"that the encoder was fitted on, with gaps where nothing is known{hint}"
        )
        raise TableError([Problem(None, -1, (text,))])
    return [by_name[name] for name in names]


def _another_kind(column: ColumnEncoding, given: str) -> Problem:
    """Why not, for a column of another kind than in training."""
    was = {Number: "numbers", Boolean: "booleans", Date: "dates", Text: "text"}
    levels = ", ".join(map(shown, column.statistics.levels[:3]))
    kinds = f" ({levels}{', ...' if len(column.statistics.levels) > 3 else ''})" if levels else ""
    text = (
        f"has {given}, where the encoder was fitted on {was[type(read_step(column))]}{kinds}: give "
        "it as in training"
    )
    return Problem(column.name, -1, (text,))


def _problem(column: ColumnEncoding, raw: RawColumn, bad: npt.NDArray[np.bool_]) -> Problem:
    """The problem with a column, some of whose cells were refused."""
    row = int(bad.argmax())
    text = f"{cell_at(raw, row)} {why_refused(column.steps, raw)}"
    return Problem(column.name, row, (text,), int(bad.sum()))


def why_refused(steps: tuple[Step, ...], raw: RawColumn) -> str:
    """Why a cell was refused, and what to do."""
    step = steps[0]
    if levels_of(steps) and raw.kind == "numbers":
        return "is not below 2**53, where whole numbers are not told apart: give it as text"
    if isinstance(step, Number) and raw.kind == "numbers":
        return "is not finite or is larger than 1e+100: correct it, or leave it as a gap"
    what = READ_AS[type(step)]
    written = ""
    if isinstance(step, Date):
        written = f" written as {step.format}"
    elif isinstance(step, Number) and step[:3] != Number()[:3]:
        written = f" written with {_notation(step)}"
    return f"is not {what}{written}: correct it, or leave it as a gap"


def _notation(step: Number) -> str:
    """How numbers are written, in words."""
    parts = [f"{step.decimal!r} as the decimal character"] if step.decimal != "." else []
    parts += [f"{step.thousands!r} between thousands"] if step.thousands else []
    parts += [f"{step.unit!r}"] if step.unit else []
    return " and ".join(parts)
