"""Rows of a table as numbers, by an Encoding: NumPy alone."""

import collections
import functools
import math
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
from fnet.encoding.step_functions import STEPS, level_codes, levels_of, width_of, writing
from fnet.encoding.steps import Boolean, Date, Levels, Number, Step, Text
from fnet.encoding.unlike import unlike

BLOCK_CELLS = 1 << 17
"""The cells that are encoded at a time. They stay in the processor's cache, and are enough that
threads seldom wait for Python's lock.
"""

GROUP_COLUMNS = 32
"""The most columns that are encoded at a time."""

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


class Group(NamedTuple):
    """Columns of a table with the same types of steps, so that each step works on all at once.

    Attributes:
        columns: Their positions among the columns that the encoding uses.
        steps: What their steps do, as functions `(block, spare, rows of the result)`.
    """

    columns: tuple[int, ...]
    steps: tuple[Callable[..., Any], ...]


class Prepared(NamedTuple):
    """An Encoding that is ready to be applied many times: `prepare` has looked up all it needs.

    Attributes:
        encoding: The Encoding.
        columns: The columns that it uses, with the levels of each.
        groups: How they become numbers.
        width: D, the number of columns of the result.
    """

    encoding: Encoding
    columns: tuple[tuple[ColumnEncoding, Levels | None], ...]
    groups: tuple[Group, ...]
    width: int


def prepare(encoding: Encoding) -> Prepared:
    """An Encoding, ready to be applied many times."""
    columns = used(encoding)
    ends = np.cumsum([0, *(width_of(column.steps) for column in columns)])
    alike: dict[Any, list[int]] = collections.defaultdict(list)
    for i, column in enumerate(columns):
        alike[tuple(map(type, column.steps))].append(i)
    groups = []
    for members in alike.values():
        for start in range(0, len(members), GROUP_COLUMNS):
            some = members[start : start + GROUP_COLUMNS]
            groups.append(Group(tuple(some), _together([columns[i] for i in some], ends[some])))
    with_levels = tuple((column, levels_of(column.steps)) for column in columns)
    return Prepared(encoding, with_levels, tuple(groups), int(ends[-1]))


def _together(
    columns: list[ColumnEncoding], places: npt.NDArray[Any]
) -> tuple[Callable[..., Any], ...]:
    """What steps do, of columns with the same types of steps, from these places of the result."""
    found = []
    for steps in zip(*(writing(column.steps) for column in columns), strict=True):
        rule = STEPS[type(steps[0])]
        found.append(functools.partial(rule.apply, rule.prepare(steps, places)))
        places = places + [rule.width(step) for step in steps]
    return tuple(found)


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
    for (column, levels), own in zip(ready.columns, select(ready, columns), strict=True):
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
        values_of.append(value if levels is None else level_codes(levels, value))
    if errors:
        raise TableError(errors)
    values = np.zeros((columns.rows, ready.width), dtype) if out is None else out
    for group in ready.groups:
        _write(group.steps, [values_of[i] for i in group.columns], values)
    if problems:
        values[bad] = np.nan
    return Encoded(values, bad, tuple(problems), np.stack(far, axis=1) if far else None)


def _write(
    steps: tuple[Callable[..., Any], ...], cells: list[npt.NDArray[Any]], out: npt.NDArray[Any]
) -> None:
    """Write the columns of a group, from what was read of them, block by block."""
    size = BLOCK_CELLS // len(cells) | 1  # odd: columns a power of two apart share cache lines
    most = min(size, len(out)) * len(cells)
    work = np.empty(most, cells[0].dtype), np.empty(most)
    for start in range(0, len(out), size):
        rows = out[start : start + size]
        shape = len(cells), len(rows)
        value, spare = (each[: math.prod(shape)].reshape(shape) for each in work)
        np.concatenate([each[start : start + size] for each in cells], out=value.reshape(-1))
        for apply in steps:
            value = apply(value, spare, rows)


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
    names = [column.name for column, _ in ready.columns]
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
