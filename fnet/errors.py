"""The exceptions of fnet: one hierarchy, shared by the TensorFlow side and the NumPy twin."""


class FnetError(Exception):
    """The base of every error that fnet raises by itself."""

    __init__ = Exception.__init__  # by this AutoGraph knows that it may raise one again, as it is


class InvalidArgument(FnetError, ValueError):
    """An argument was refused: the message says what was required, what came and what to do."""


class NotFinite(FnetError, ArithmeticError):
    """A loss, gradient or parameter stopped being finite during training.

    `run` is the `Run` up to the step before: its params are the last finite ones.
    """

    run = None
