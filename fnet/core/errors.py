"""The exceptions of fnet: one hierarchy, shared by the TensorFlow side and the NumPy twin."""


class FnetError(Exception):
    """The base of every error that fnet raises by itself."""

    __init__ = Exception.__init__  # by this AutoGraph knows that it may raise one again, as it is


class InvalidArgument(FnetError, ValueError):
    """An argument was refused: the message says what was required, what came and what to do."""


class FormatError(FnetError, ValueError):
    """The bytes of a file were refused: they are not a file of fnet, or not as it was written."""


class NotFinite(FnetError, ArithmeticError):
    """A loss, gradient or parameter stopped being finite during training.

    `run` is the `Run` up to the step before: its params are the last finite ones.
    """

    run = None
