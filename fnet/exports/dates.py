"""The calendar in whole numbers, written once for tensors, values of ONNX and arrays.

Numbers are int64. All quotients are of numbers that are not negative, so that it does not matter
how a library rounds negative ones.
"""

from typing import Any, NamedTuple

from fnet.encoding.steps import MICROSECONDS, CyclePart

SHIFT = 719_468
"""Days from 0000-03-01, with which the arithmetic starts, to 1970-01-01."""


class Parts(NamedTuple):
    """A date and a time as they are written; `zone` is how many minutes they are ahead of UTC."""

    year: Any
    month: Any
    day: Any
    hour: Any
    minute: Any
    second: Any
    microsecond: Any
    zone: Any


class Dates(NamedTuple):
    """Microseconds since 1970-01-01 UTC, and which of them are gaps."""

    microseconds: Any
    missing: Any


def to_microseconds(parts: Parts) -> tuple[Any, Any]:
    """`(microseconds since 1970, whether there is such a date and time)`.

    References:
        https://howardhinnant.github.io/date_algorithms.html
    """
    year, month, day, hour, minute, second, microsecond, zone = parts
    from_march = (month + 9) % 12
    years = year - from_march // 10
    leap_days = years // 4 - years // 100 + years // 400
    days = years * 365 + leap_days + (from_march * 153 + 2) // 5 + day - (1 + SHIFT)
    exists = (_month(days + SHIFT) == month) & (
        year >= 1
    )  # a day that is not there is another month
    exists = exists & (hour <= 23) & (minute <= 59) & (second <= 59)
    minutes = days * 1440 + hour * 60 + minute - zone
    return (minutes * 60 + second) * 1_000_000 + microsecond, exists


def _month(days: Any) -> Any:
    """The month, from 1, of days since 0000-03-01."""
    of_era = days % 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (year * 365 + year // 4 - year // 100)
    return ((of_year * 5 + 2) // 153 + 2) % 12 + 1


def position(part: CyclePart, microseconds: Any) -> tuple[Any, int]:
    """Where dates stand in a cycle: `(position, period)`, as whole numbers."""
    since_march = microseconds + SHIFT * MICROSECONDS
    days = since_march // MICROSECONDS
    if part == "hour":
        return since_march % MICROSECONDS, MICROSECONDS
    if part == "weekday":
        return (days + (3 - SHIFT) % 7) % 7, 7
    return _month(days) - 1, 12
