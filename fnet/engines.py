"""Which side does the work: the twin in NumPy or TensorFlow's compiled program."""

import fnet

START = 8.0
"""Seconds until TensorFlow takes its first step: 4 to 6 to import it, and 1 to compile."""

STEP = 60e-6
"""Seconds that a compiled step saves on NumPy's calls."""

OPERATION = 2e-11
"""Seconds that it saves on each floating-point operation."""


def side(engine, net, rows, steps):
    """`(side, its name)` for so many steps on so many rows each, by the amount of work alone.

    `engine` is "numpy" or "tensorflow", which says it outright, or "auto".
    """
    if engine == "auto":
        operations = 6 * rows * sum(d * h for d, h in net.layers)
        saved = steps * (STEP + OPERATION * operations)
        engine = "tensorflow" if saved > START else "numpy"
    return (fnet if engine == "tensorflow" else fnet.reference), engine
