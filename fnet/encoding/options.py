"""How a table is read and encoded, as the caller says."""

import numbers
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from fnet.core.errors import InvalidArgument
from fnet.core.names import suggestion
from fnet.encoding import cells
from fnet.encoding.columns import Columns
from fnet.encoding.problems import Problem, TableError, shown
from fnet.encoding.records import KINDS

MAX_LEVELS = 50
"""The most levels of a category that have columns of their own."""

_FORMATS = (None, *cells.DATE_FORMATS)

Scaling = Literal["robust", "standard", "none"]

SCALINGS: tuple[Scaling, ...] = ("robust", "standard", "none")


class Options(NamedTuple):
    """How a table is read and encoded.

    Attributes:
        kinds: What columns are, by name: "number", "boolean", "category", "date" or "ignored".
        scaling: How numbers are scaled: "robust", "standard" or "none".
        max_levels: The most levels of a category that have columns of their own.
        min_count: The rows of a level that is not rare; None for the default of rule 6.
        embed: A category of more levels than this is one column of codes, and whole numbers of
            more values have one beside their own, see rules 3 and 6; None for never.
        keep: The names of columns to keep although they seem of no use; True for all.
        missing: Cells that are gaps in any column.
        date_format: How dates are written, where two formats fit; or that of each column, by name.
        decimal: The decimal character, where two fit.
    """

    kinds: Mapping[str, Any] | None = None
    scaling: str = "robust"
    max_levels: int = MAX_LEVELS
    min_count: int | None = None
    embed: int | None = None
    keep: Any = ()
    missing: tuple[str, ...] = ()
    date_format: Any = None
    decimal: str | None = None


def check(options: Options, columns: Columns) -> None:
    """Refuse a table without rows or columns, and options that do not fit it."""
    rows, width = columns.rows, len(columns.names)
    if not width:
        raise InvalidArgument(
            f"X has 0 feature(s) (shape=({rows}, 0)) while a minimum of 1 is required."
        )
    if rows < 2:
        text = f"must have at least 2 rows to learn from; got n_samples = {rows}"
        raise TableError([Problem(None, -1, (text,))])
    for name in _named(options):
        if name not in columns.names:
            raise InvalidArgument(
                f"kinds, keep and date_format must name columns of X; got {shown(name)}"
                f"{suggestion(name, columns.names)}"
            )
    forms = options.date_format
    choices = [
        ("kinds", (options.kinds or {}).values(), KINDS),
        ("date_format", forms.values() if isinstance(forms, Mapping) else [forms], _FORMATS),
        ("scaling", [options.scaling], SCALINGS),
        ("decimal", [options.decimal], (None, ".", ",")),
    ]
    for option, values, known in choices:
        for value in values:
            if value not in known:
                names = [each for each in known if each is not None]
                raise InvalidArgument(
                    f"{option} must be one of {', '.join(names)}; got {shown(value)}"
                    f"{suggestion(value, names)}"
                )
    limits = {"max_levels": options.max_levels, "min_count": options.min_count}
    for option, limit in (limits | {"embed": options.embed}).items():
        least = 0 if option == "embed" else 1
        if limit is not None and not (isinstance(limit, numbers.Integral) and limit >= least):
            raise InvalidArgument(
                f"{option} must be an integer of at least {least}; got {shown(limit)}"
            )
    if isinstance(options.missing, str) or not all(isinstance(x, str) for x in options.missing):
        raise InvalidArgument(f"missing must be a list of texts; got {shown(options.missing)}")


def _named(options: Options) -> list[Any]:
    """The names of columns that the options have."""
    keep = [] if isinstance(options.keep, bool) else options.keep
    if isinstance(keep, str):
        raise InvalidArgument(f"keep must be a list of names, or True; got {shown(keep)}")
    forms = options.date_format if isinstance(options.date_format, Mapping) else ()
    return [*(options.kinds or ()), *keep, *forms]
