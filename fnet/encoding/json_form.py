"""An encoding as plain data and as JSON, for programs that encode rows themselves."""

import json
from typing import Any

from fnet.core.errors import InvalidArgument
from fnet.encoding import steps
from fnet.encoding.records import ColumnEncoding, Encoding, Moments, Statistics

FORMAT = 1
"""The number of the form of the JSON; a change that readers must know of raises it."""

STEPS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in vars(steps).values()
    if isinstance(kind, type) and issubclass(kind, tuple) and kind.__module__ == steps.__name__
}
"""The steps by name."""


def plain_column(column: ColumnEncoding) -> dict[str, Any]:
    """What a column is, as JSON has it; each step is a dict with its name."""
    own_steps = [{"step": type(step).__name__, **step._asdict()} for step in column.steps]
    return {**column._asdict(), "steps": own_steps}


def plain(encoding: Encoding) -> dict[str, Any]:
    """An encoding as JSON has it.

    Args:
        encoding: The encoding.

    Returns:
        `format`, `named` and `columns`. A column has the fields of a ColumnEncoding, and a step its
        name under `step` beside its fields, see `fnet.encoding.steps`.
    """
    found: dict[str, Any] = json.loads(to_json(encoding))
    return found


def to_json(encoding: Encoding) -> str:
    """An encoding as JSON in ASCII."""
    columns = [
        plain_column(c) | {"statistics": _plain_statistics(c.statistics)} for c in encoding.columns
    ]
    return json.dumps({"format": FORMAT, "named": encoding.named, "columns": columns})


def _plain_statistics(found: Statistics) -> dict[str, Any]:
    moments = None if found.moments is None else found.moments._asdict()
    return {**found._asdict(), "moments": moments}


def from_json(text: str) -> Encoding:
    """The encoding that `to_json` has written.

    Args:
        text: The JSON.

    Raises:
        InvalidArgument: It is something else.
    """
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise ValueError(f"format is {found['format']!r:.50}, not {FORMAT}")
        columns = tuple(map(_column, found["columns"]))
        return Encoding(columns, bool(found["named"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidArgument(
            "text must be the JSON that TableEncoder.to_json gave; "
            f"{type(error).__name__}: {error!s:.200}"
        ) from None


def _column(fields: dict[str, Any]) -> ColumnEncoding:
    statistics = _tuples(fields["statistics"])
    if statistics["moments"] is not None:
        statistics["moments"] = Moments(**_tuples(statistics["moments"]))
    own_steps = [dict(_tuples(step)) for step in fields["steps"]]
    return ColumnEncoding(
        **{
            **fields,
            "statistics": Statistics(**statistics),
            "steps": tuple(STEPS[step.pop("step")](**step) for step in own_steps),
        }
    )


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields whose lists are tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
