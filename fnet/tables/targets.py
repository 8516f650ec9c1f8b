"""The target of a table: which rows have one, and whether it is classes or numbers."""

import collections
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument
from fnet.encoding.cells import UNITS
from fnet.tables import cells, notations
from fnet.tables.notations import Notation, Numbers, Problem
from fnet.tables.readers import Chunk
from fnet.tables.target_cells import ROWS_SHOWN, TargetCells, TargetOptions, read_cells

MAX_CLASSES = 20
"""The most distinct integers, or labels with digits, that are read as classes."""

MIN_ROWS_PER_CLASS = 3
"""The least rows per distinct value, on average, for integers to be read as classes."""

WHOLE = re.compile(r"^[+-]?[0-9]+$")
"""A label that is a whole number or a code."""

NUMBER_LIKE = re.compile(
    rf"^[+\u2212-]?\s*({UNITS})?\s*[+\u2212-]?[.,]?[0-9][0-9.,'\u2019\s]*"
    rf"([eE][+-]?[0-9]+)?\s*({UNITS})?$"
)
"""A label that is a number in some notation, or nearly one."""


class Target(NamedTuple):
    """The target of a table of N rows.

    Attributes:
        values: Int64 or text for classes, float64 for numbers, `[M]`.
        rows: The indices of the M rows that have a target, `[M]`.
        reason: What was decided, and why.
        notes: Lines that a user should read.
        notation: The notation of the numbers, or None.
    """

    values: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]
    reason: str
    notes: tuple[str, ...] = ()
    notation: Notation | None = None


def decide(chunks: Sequence[Chunk], name: str, options: TargetOptions) -> Target:
    """Read a target, and decide whether it is classes or numbers.

    The rule, for a target of N cells with D distinct values:

    1. Missing are empty cells and NA, N/A, #N/A, <NA>, nan, null and NULL; and None, ? and -
       where all other cells are numbers. `missing` replaces these tokens. A row without a target
       is refused, or left out if `drop_missing` is set.
    2. True and false, in any case, are the classes False and True.
    3. Cells are numbers if one notation fits all of them (see `notations`), and none is a code
       such as 007.
    4. Numbers are classes if all are whole, without a unit, D is at most 20 and N is at least 3 D;
       otherwise it is a regression.
    5. Whole numbers mixed with text, codes, and text in which every label has a digit are classes
       under the same limits on D and N.
    6. Other text is classes, unless more than half of the rows have a label that no other row has.
    7. Everything else is ambiguous and refused: fractions with text among them, numbers in several
       notations, dates, names, and numbers that are written in a way that has two meanings.

    `task` replaces rules 3 to 7: a classifier takes whole numbers, or any text as it is; a
    regressor takes numbers.

    Args:
        chunks: All rows of a table.
        name: The name of the target.
        options: How it is read.

    Returns:
        The Target.

    Raises:
        InvalidArgument: A row has no target, or the target is ambiguous or not what `task` needs.
    """
    found = read_cells(chunks, name, options)
    if options.task == "regressor":
        return _regression(found, "--task regressor")
    if options.task == "classifier":
        return _chosen_classes(found)
    if found.is_boolean:
        return _text(found, "true and false")
    if not isinstance(found.numbers, Problem) and not found.has_codes:
        return _decide_numbers(found, found.numbers)
    return _decide_text(found)


def _decide_numbers(found: TargetCells, numbers: Numbers) -> Target:
    """Rule 4: numbers are classes or a regression."""
    values, notation = numbers.values, numbers.notation
    count, distinct = len(values), len(np.unique(values))
    if distinct == 1:
        raise InvalidArgument(
            f"{found.where} is {found.labels[0]!r} in all {count:,} rows: there is nothing to "
            "learn; --task regressor trains on it all the same"
        )
    if not _whole(values).all():
        return _regression(found, "numbers with fractions")
    reason = f"{distinct:,} distinct whole numbers in {count:,} rows"
    if notation not in (None, notations.PLAIN) or not _few(distinct, count):
        return _regression(found, reason)
    return _classes(found, numbers, reason)


def _decide_text(found: TargetCells) -> Target:
    """Rules 5 to 7: text is classes, or ambiguous."""
    counts = collections.Counter(found.labels)
    count, distinct = len(found.labels), len(counts)
    counted = f"{distinct:,} distinct {{}} in {count:,} rows"
    like = [cell for cell in counts if NUMBER_LIKE.search(cell)]
    if like:
        if not _few(distinct, count) or not all(WHOLE.search(cell) for cell in like):
            raise _ambiguous(found, counted.format("values"))
        other = next((cell for cell in counts if cell not in like), None)
        if other is None:
            return _text(found, counted.format("codes"))
        note = (
            f"{found.where} mixes numbers with text such as {other!r}: all are taken as "
            f"{distinct} classes; --missing TOKEN says which cells have no value"
        )
        return _text(found, counted.format("labels, numbers among them,"), (note,))
    if all(any(map(str.isdigit, cell)) for cell in counts) and not _few(distinct, count):
        raise _ambiguous(found, counted.format("values"))
    if sum(number == 1 for number in counts.values()) > count / 2:
        raise InvalidArgument(
            f"{found.where} has {counted.format('texts')}, most of them in one row only: that is "
            "neither numbers nor classes; --task classifier takes it as classes"
        )
    return _text(found, counted.format("texts"))


def _few(distinct: int, count: int) -> bool:
    """Whether this many rows have few enough distinct values to be classes."""
    return distinct <= MAX_CLASSES and count >= MIN_ROWS_PER_CLASS * distinct


def known_classes(
    chunks: Sequence[Chunk], name: str, classes: Sequence[Any], options: TargetOptions
) -> Target:
    """Read a target of a classifier: each cell is one of its classes.

    Args:
        chunks: All rows of a table.
        name: The name of the target.
        classes: The classes, text or numbers.
        options: How the target is read.

    Returns:
        The Target, its values as the classifier has them.

    Raises:
        InvalidArgument: A row has no target, or one that is no class.
    """
    texts = tuple(known for known in classes if isinstance(known, str))
    found = read_cells(chunks, name, options._replace(classes=texts))
    text = bool(texts)
    spelled: dict[Any, Any] = (
        {cells.label(str(x)): x for x in classes} if text else {x: x for x in classes}
    )
    spelled |= {x: x for x in classes}
    values: Sequence[Any] = found.labels
    if not text and not isinstance(found.numbers, Problem):
        values = found.numbers.values.tolist()
    if unknown := [i for i, value in enumerate(values) if value not in spelled]:
        rows = ", ".join(str(found.row(i)) for i in unknown[:ROWS_SHOWN])
        raise InvalidArgument(
            f"{found.where}: the target must be one of the classes of the model, "
            f"{', '.join(map(repr, classes)):.200}; got {found.labels[unknown[0]]!r}, first in row "
            f"{found.row(unknown[0])} (such rows: {len(unknown):,}; {rows}"
            f"{', ...' if len(unknown) > ROWS_SHOWN else ''}). Leave such rows out, or train with "
            "them"
        )
    return Target(
        np.array([spelled[value] for value in values]), found.rows, "classes of the model"
    )


def _regression(found: TargetCells, reason: str) -> Target:
    """The target as numbers."""
    numbers = found.numbers
    if isinstance(numbers, Problem):
        raise _not_a_number(found, "correct it, or use --task classifier")
    return Target(numbers.values, found.rows, reason, found.notes, numbers.notation)


def _classes(found: TargetCells, numbers: Numbers, reason: str) -> Target:
    """Whole numbers as classes."""
    values = numbers.values.astype(np.int64)
    return Target(values, found.rows, reason, found.notes, numbers.notation)


def _text(found: TargetCells, reason: str, notes: tuple[str, ...] = ()) -> Target:
    """Labels as classes."""
    if len(set(found.labels)) == 1:
        raise InvalidArgument(
            f"{found.where} has only one class, {found.labels[0]!r}: a classifier needs at "
            "least two"
        )
    return Target(np.array(found.labels, dtype=str), found.rows, reason, (*found.notes, *notes))


def _chosen_classes(found: TargetCells) -> Target:
    """The classes of a target under `task="classifier"`."""
    reason, numbers = "--task classifier", found.numbers
    if isinstance(numbers, Problem) or found.has_codes or found.is_boolean:
        return _text(found, reason)
    if numbers.example:  # cells in another notation stay unchanged, and need no note on numbers
        return _text(found._replace(notes=found.notes[:-1]), reason)
    is_integer = _whole(numbers.values)
    if not is_integer.all():
        index = int(np.argmin(is_integer))
        raise InvalidArgument(
            f"{found.where}, row {found.row(index)}: {numbers.values[index]} is not a class; "
            "classes are integers or text: correct it, or use --task regressor"
        )
    if len(np.unique(numbers.values)) == 1:
        raise InvalidArgument(
            f"{found.where} has only one class, {found.labels[0]!r}: a classifier needs at least "
            "two; use --task regressor for a numeric target"
        )
    return _classes(found, numbers, reason)


def _ambiguous(found: TargetCells, counted: str) -> InvalidArgument:
    """The error for a target that may be numbers or classes."""
    return _not_a_number(
        found,
        f"it has {counted}: correct the cell, or use --missing TOKEN if it stands for no value, "
        "--task classifier for classes, or --decimal for the decimal character",
    )


def _not_a_number(found: TargetCells, advice: str) -> InvalidArgument:
    problem = found.numbers
    if not isinstance(problem, Problem):
        return InvalidArgument(f"{found.where}: {advice}")
    return InvalidArgument(f"{found.where}, row {found.row(problem.row)}: {problem.text}; {advice}")


def _whole(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which numbers are integers that float64 holds exactly."""
    found: npt.NDArray[np.bool_] = values == np.rint(values)
    return found & (np.abs(values) <= cells.MAX_EXACT_INTEGER)
