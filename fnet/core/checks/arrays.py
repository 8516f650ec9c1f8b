"""Checks of one array.

An array is anything that `numpy.asarray` takes. A symbolic tensor (one inside a user's own
`tf.function`) has a shape and a dtype but no values yet: it passes through as it is, and its
values go unchecked.
"""

import numpy as np

from fnet.core.errors import InvalidArgument

CHUNK = 1 << 20
"""How many entries are looked at in one go, so that a check takes no memory to speak of."""


FILL = ". Encode text and drop or fill what is missing first"
"""What to do about data that are no numbers."""


def array(what, value, advice=""):
    """`value` as a NumPy array of numbers, or itself where it is symbolic."""
    try:
        found = np.asarray(value)
    except NotImplementedError:  # what TensorFlow raises for a symbolic tensor
        found = value
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{what} must be an array of numbers: {error}") from None
    if kind(found) not in "biuf":
        raise InvalidArgument(
            f"{what} must be bool, whole or floating-point numbers; got dtype {dtype_of(found)}"
            f"{advice}"
        )
    return found


def dtype_of(value):
    """The NumPy dtype of an array or a tensor."""
    return np.dtype(getattr(value.dtype, "as_numpy_dtype", value.dtype))


def kind(value):
    """The NumPy kind of an array or a tensor: b, i, u or f for the ones fnet takes."""
    return dtype_of(value).kind


def shape_of(value):
    """The shape of an array or a tensor as a tuple; None where it is not known yet."""
    return tuple(value.shape)


def fits(shape, wanted):
    """Whether a shape is the wanted one, where None on either side fits anything."""
    return len(shape) == len(wanted) and all(
        a is None or b is None or a == b for a, b in zip(shape, wanted, strict=True)
    )


def text(shape):
    """A shape as a message writes it: `[N, 64]`, with N for what is not known yet."""
    return "[" + ", ".join("N" if n is None else str(n) for n in shape) + "]"


def finite(what, value, advice=". Drop or fill such rows before training"):
    """`value`, none of whose entries may be NaN or infinite."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    flat = value.reshape(-1)  # a view where the array is contiguous
    for start in range(0, flat.size, CHUNK):
        good = np.isfinite(flat[start : start + CHUNK])
        if not good.all():
            at = start + int(np.argmin(good))
            *_, row, column = (None, *np.unravel_index(at, value.shape))
            place = f"row {column}" if row is None else f"row {row}, column {column}"
            raise InvalidArgument(f"{what} must be finite; got {flat[at]} first in {place}{advice}")
    return value


def features(what, value, width, members=()):
    """x as `[N, width]` or `[*members, N, width]`: finite, and at least one row."""
    found = array(what, value, FILL)
    shape = shape_of(found)
    wanted = [(None, width)] + ([(*members, None, width)] if members else [])
    if not any(fits(shape, each) for each in wanted):
        raise InvalidArgument(
            (
                f"{what} must be rows of {width} features, [N, {width}]"
                if width
                else "x must be [N, D]"
            )
            + (f" or {[*members, 'N', width]}" if members else "")
            + f"; got shape {list(shape)}"
        )
    if shape[-2] == 0:
        raise InvalidArgument(f"{what} must have at least one row; got shape {list(shape)}")
    return finite(what, found)


def row_weights(value, rows, members=()):
    """A weight for each of `rows`, `[N]` or with the member axes of x or of params before it.

    Finite, and not negative.
    """
    found = array("weights", value)
    shape = shape_of(found)
    if not any(fits(shape, (*axes, rows[-1])) for axes in ((), rows[:-1], members)):
        raise InvalidArgument(
            f"weights must be one number a row, {text(rows[-1:])}; got shape {text(shape)}"
        )
    if isinstance(found, np.ndarray):
        finite("weights", found)
        if (found < 0).any():
            at = int(np.argwhere(found < 0)[0][-1])
            raise InvalidArgument(
                f"weights must not be negative; got {found.min():g}, first in row {at}"
            )
    return found


def labels(what, value, classes):
    """Integer labels from 0 to classes - 1."""
    found = array(what, value)
    if kind(found) not in "iu":
        raise InvalidArgument(
            f"{what} must be integer labels; got dtype {dtype_of(found)}. "
            "Use labels.astype(int), or rows of probabilities"
        )
    if isinstance(found, np.ndarray) and found.size:
        bad = (found < 0) | (found >= classes)
        if bad.any():
            at = tuple(int(i) for i in np.argwhere(bad)[0])
            raise InvalidArgument(
                f"{what} must be labels from 0 to {classes - 1}; got {found[at]} "
                f"first in row {at[-1]}"
            )
    return found


def distributions(value, wanted="y must be one-hot rows or probabilities"):
    """One-hot rows, or rows of probabilities: nothing below 0, each row with the sum 1."""
    if not isinstance(value, np.ndarray):
        return value
    sums = value.sum(axis=-1, dtype=np.float64)
    bad = (np.abs(sums - 1) > 1e-3) | (value.min(axis=-1) < 0)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidArgument(
            f"{wanted}, none below 0 and each row with the sum 1; "
            f"row {at[-1]} has the sum {sums[at]:g} and the least entry {float(value[at].min()):g}"
        )
    return value


def bounded(what, value, least, most, where=""):
    """`value`, none of whose entries may lie outside `[least, most]`."""
    if isinstance(value, np.ndarray) and value.size:
        low, high = value.min(), value.max()
        if low < least or high > most:
            worst = low if low < least else high
            at = int(np.argwhere(value == worst)[0][-1 if value.ndim == 1 else -2])
            span = f"of at least {least:g}" if most == np.inf else f"from {least:g} to {most:g}"
            raise InvalidArgument(
                f"{what} must be numbers {span}{where}; got {worst:g}, first in row {at}"
            )
    return value


def logits(value):
    """Scores `[..., K]` of at least one class; whole numbers become float32."""
    found = array("logits", value)
    shape = shape_of(found)
    if not shape or shape[-1] == 0:
        raise InvalidArgument(f"logits must be [..., classes]; got shape {text(shape)}")
    if isinstance(found, np.ndarray) and found.dtype.kind != "f":
        return found.astype(np.float32)
    return found
