"""A progress bar on a terminal and in a notebook; elsewhere occasional lines of text."""

import sys
from typing import Any, Self

from fnet.core.printable import printable

LINE_SECONDS = 10.0
"""Seconds before the first line in a pipe or a file, and from one line to the next."""

UNIT_SCALE_FROM = 10_000
"""Totals from here on are written with a prefix, as 10.0k."""


def progress_bar(
    total: int | None, unit: str, *, initial: int = 0, label: str | None = None, shown: bool = True
) -> Any:
    """A tqdm bar on standard error, as a context manager: call `bar.update(n)` for n units.

    `total` is None if it is unknown. In a pipe or a file the bar prints a line every LINE_SECONDS;
    shorter work prints nothing. Without tqdm there is no bar.
    """
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        return _NoBar(initial)
    shown = shown and sys.stderr is not None
    lines: dict[str, Any] = {}
    if shown and not sys.stderr.isatty() and "ipykernel" not in sys.modules:
        every = {"mininterval": LINE_SECONDS, "maxinterval": LINE_SECONDS, "delay": LINE_SECONDS}
        lines = {"file": _Lines(), "ncols": 0, **every}
    return tqdm(
        total=total,
        initial=initial,
        desc=None if label is None else printable(label),
        disable=not shown,
        unit=unit,
        unit_scale=total is None or total >= UNIT_SCALE_FROM,
        **{"miniters": 0, **lines},
    )


class _NoBar:
    """What a bar has, and shows nothing."""

    def __init__(self, initial: int) -> None:
        self.n = initial

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, n: int = 1) -> None:
        """Count n units."""
        self.n += n

    def set_postfix_str(self, *_: object, **__: object) -> None:
        """Show nothing."""


class _Lines:
    """Standard error, with one line for each state of a bar instead of overwriting."""

    def write(self, text: str) -> None:
        if state := text.strip():
            sys.stderr.write(state + "\n")

    def flush(self) -> None:
        sys.stderr.flush()
