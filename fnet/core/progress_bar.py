"""TrainState of long work: a bar on a terminal and in a notebook, elsewhere a line now and then."""

import sys

SECONDS = 10.0
"""How long work must last before it is worth a line, and from one line to the next."""


def progress_bar(total, unit, *, initial=0, label=None, shown=True):
    """A bar of tqdm's on standard error, as a context: `bar.update(n)` for each n units done.

    `total` is None where it is not known. What goes to a pipe or a file is whole lines, one every
    SECONDS, and nothing at all of work that is done sooner.
    """
    from tqdm.auto import tqdm

    lines, shown = {}, shown and sys.stderr is not None
    if shown and not sys.stderr.isatty() and "ipykernel" not in sys.modules:
        every = {"mininterval": SECONDS, "maxinterval": SECONDS, "delay": SECONDS}
        lines = {"file": _Lines(), "ncols": 0, **every}
    scaled = {"unit": unit, "unit_scale": total is None or total >= 10_000}
    return tqdm(
        **{"total": total, "initial": initial, "desc": label, "disable": not shown},
        **{"miniters": 0, **scaled, **lines},
    )


class _Lines:
    """Standard error, with a line for each state of a bar that would be drawn in place."""

    def write(self, text):
        if state := text.strip():
            sys.stderr.write(state + "\n")

    def flush(self):
        sys.stderr.flush()
