"""Training within a time limit, so that the result can be repeated without a clock.

The learning rate falls to 0 by the last epoch, so a run that is cut short equals no run of fewer
epochs. Instead complete runs are trained: one epoch, a few, and then as many as the time that is
left allows. The last one that ended is the result, and its number of epochs says how to repeat it.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from fnet.core.errors import InvalidArgument

clock = time.perf_counter

FEW = 4
"""The epochs of the second run. The first one does not tell what an epoch takes: it may compile."""

USED = 0.8
"""The part of the time left that a run is planned to take."""

T = TypeVar("T")


class TimeIsUp(Exception):
    """The time limit was reached during a run."""


def train_within(
    limit: float | None,
    start: float,
    epochs: int,
    run: Callable[[int, Callable[..., None] | None], T],
    seconds_after: Callable[[T], float],
    interrupted: Callable[[], bool],
) -> tuple[T, int]:
    """Train as many epochs as a time limit allows.

    Args:
        limit: Seconds, or None without a limit.
        start: The value of `clock()` that they are counted from.
        epochs: The most epochs.
        run: `run(epochs, callback)` trains anew for that many epochs, and calls the callback
            several times a second.
        seconds_after: Takes the result of the first run; returns the seconds that are needed after
            the training.
        interrupted: Returns whether the run at hand shall be the last one.

    Returns:
        The result of the last run that ended in time or was interrupted, and its number of epochs.

    Raises:
        InvalidArgument: The time was up before one epoch had ended.
    """
    if limit is None:
        return run(epochs, None), epochs
    deadline = start + limit

    def stop(*_: object) -> None:
        if clock() > deadline:
            raise TimeIsUp

    result: T | None = None
    done, wanted = 0, 1
    while wanted > done:
        begun = clock()
        try:
            found = run(wanted, stop)
        except TimeIsUp:
            break
        if interrupted():
            return found, wanted
        seconds = (clock() - begun) / wanted  # of an epoch
        if result is None:
            deadline -= seconds_after(found)
        result, done = found, wanted
        affordable = FEW if done == 1 else int(USED * (deadline - clock()) / seconds)
        wanted = min(affordable, epochs) if clock() < deadline else done
    if result is None:
        raise InvalidArgument(
            f"time_limit must leave time for one epoch of all networks; {limit} s were over before "
            "one had ended. Allow more time, or set engine='numpy', which needs none to compile"
        )
    return result, done
