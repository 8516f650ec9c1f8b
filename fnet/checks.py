"""Every check of an argument, and its message, once. All raise InvalidArgument.

An array is anything that `numpy.asarray` takes. A symbolic tensor (one inside a user's own
`tf.function`) has a shape and a dtype but no values yet: it passes through as it is, and its
values go unchecked.
"""

import difflib
import itertools
import math
import numbers

import numpy as np

from fnet.errors import InvalidArgument

CHUNK = 1 << 20
"""How many entries are looked at in one go, so that a check takes no memory to speak of."""


def one_of(what, value, known):
    """`value`, which must be one of the names in `known`."""
    if isinstance(value, str) and value in known:
        return value
    near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise InvalidArgument(f"{what} must be one of {', '.join(known)}; got {value!r}{hint}")


def one_each(what, value, count, known):
    """A tuple of `count` names: `value` is one name for all, or a sequence with one for each."""
    names = (value,) * count if isinstance(value, str) else value
    if isinstance(value, str):
        one_of(what, value, known)
    if not isinstance(names, (tuple, list)) or len(names) != count:
        raise InvalidArgument(
            f"{what} must be one name, or one for each of the {count} hidden layers; got {value!r}"
        )
    return tuple(one_of(what, name, known) for name in names)


def whole(what, value, least=0, most=None):
    """`value` as an int, which must be a whole number from `least` to `most`."""
    if isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_)):
        value = int(value)
        if value >= least and (most is None or value <= most):
            return value
    to = "up" if most is None else f"to {most}"
    raise InvalidArgument(f"{what} must be a whole number from {least} {to}; got {value!r}")


def flag(what, value):
    """`value`, which must be True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidArgument(f"{what} must be True or False; got {value!r}")
    return bool(value)


def sizes(value):
    """A tuple of at least two layer sizes."""
    try:
        found = tuple(value)
    except TypeError:
        found = ()
    if len(found) < 2:
        raise InvalidArgument(
            f"sizes must be (inputs, hidden..., outputs), at least two numbers; got {value!r}"
        )
    return tuple(whole("each of sizes", size, least=1) for size in found)


def seed(value):
    """Seeds as uint32: one whole number, or an array of them with the member axes."""
    if not hasattr(value, "__len__") and np.ndim(value) == 0:
        return np.uint32(whole("seed", np.asarray(value)[()], most=2**32 - 1))
    found = np.asarray(value)
    if found.dtype.kind not in "iu" or found.size == 0 or found.min() < 0 or found.max() >= 2**32:
        raise InvalidArgument(
            f"seed must be whole numbers from 0 to {2**32 - 1}, one for each member; got {value!r}"
        )
    return found.astype(np.uint32)


def number(what, value, least=0.0, most=math.inf, *, open_end=False):
    """A number, or an array of them with the member axes, as float64 in [least, most].

    With `open_end` the upper bound itself is refused. Symbolic tensors pass.
    """
    found = array(what, value)
    if not isinstance(found, np.ndarray):
        return found
    found = found.astype(np.float64)
    inside = (found >= least) & ((found < most) if open_end else (found <= most))
    if found.size == 0 or not np.all(inside & np.isfinite(found)):
        upper = "up" if most == math.inf else f"to {'below ' if open_end else ''}{most:g}"
        raise InvalidArgument(f"{what} must be a number from {least:g} {upper}; got {value!r}")
    return found


def dtype(value):
    """A dtype of params: float32 or float64."""
    try:
        found = np.dtype(value)
    except TypeError:
        found = None
    if found not in (np.dtype("float32"), np.dtype("float64")):
        raise InvalidArgument(f"dtype must be float32 or float64; got {value!r}")
    return found


def array(what, value):
    """`value` as a NumPy array of numbers, or itself where it is symbolic."""
    try:
        found = np.asarray(value)
    except NotImplementedError:  # what TensorFlow raises for a symbolic tensor
        found = value
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{what} must be an array of numbers: {error}") from None
    if kind(found) not in "biuf":
        raise InvalidArgument(
            f"{what} must be bool, whole or floating-point numbers; got dtype {dtype_of(found)}. "
            "Encode text and drop or fill what is missing first"
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


def params(net, value):
    """`(layers, members, dtype)`: params as a tuple of `(w, b)`, their member axes and dtype."""
    try:
        layers = [(layer[0], layer[1]) for layer in value]
    except (TypeError, IndexError, KeyError):
        layers = None
    if layers is None or len(layers) != len(net.layers):
        raise InvalidArgument(
            f"params must be one Layer(w, b) for each of the {len(net.layers)} layers of {net}; "
            f"got {_outline(value)}. Use init_params(net, seed)"
        )
    arrays = [
        tuple(p if p is None or hasattr(p, "shape") else np.asarray(p) for p in layer)
        for layer in layers
    ]
    first = arrays[0][0]
    members = shape_of(first)[:-2] if first is not None else ()
    for i, ((w, b), (d, h)) in enumerate(zip(arrays, net.layers, strict=True)):
        for name, found, wanted in (("w", w, (d, h)), ("b", b, (h,) if net.bias else None)):
            wanted = wanted if wanted is None else (*members, *wanted)
            if (wanted is None) != (found is None) or (
                found is not None and not fits(shape_of(found), wanted)
            ):
                came = None if found is None else list(shape_of(found))
                need = None if wanted is None else list(wanted)
                raise InvalidArgument(
                    f"params do not fit {net}: layer {i} needs {name} of shape {need}; got {came}"
                )
    dtypes = {dtype_of(p) for layer in arrays for p in layer if p is not None}
    if len(dtypes) != 1:
        raise InvalidArgument(f"params must be of one dtype; got {sorted(map(str, dtypes))}")
    return tuple(arrays), members, dtype(dtypes.pop())


def like(what, value, params_):
    """A structure like params, whose arrays have the shapes and the dtype of params'."""
    try:
        layers = [(layer[0], layer[1]) for layer in value]
    except (TypeError, IndexError, KeyError):
        layers = []
    for i, (ours, theirs) in enumerate(itertools.zip_longest(params_, layers)):
        for name, p, found in zip("wb", ours or (None, None), theirs or (None, None), strict=True):
            if _form(p) != _form(found):
                raise InvalidArgument(
                    f"{what} must be like params: layer {i} needs {name} of {_form(p)}; "
                    f"got {_form(found)}"
                )
    return layers


def _form(value):
    if value is None:
        return "None"
    value = value if hasattr(value, "shape") else np.asarray(value)
    return f"shape {_text(shape_of(value))} and dtype {dtype_of(value)}"


def sgd(learning_rate, momentum, nesterov):
    """The kind and the numbers of an sgd; without momentum nothing is kept from step to step."""
    rate = number("learning_rate", learning_rate)
    momentum = number("momentum", momentum, most=1, open_end=True)
    nesterov = flag("nesterov", nesterov)
    if isinstance(momentum, np.ndarray) and not momentum.any():
        return "sgd", {"learning_rate": rate}
    kind = "nesterov" if nesterov else "momentum"
    return kind, {"learning_rate": rate, "momentum": momentum}


def adam(learning_rate, beta_1, beta_2, epsilon):
    """The kind and the numbers of an adam."""
    return "adam", {
        "learning_rate": number("learning_rate", learning_rate),
        "beta_1": number("beta_1", beta_1, most=1, open_end=True),
        "beta_2": number("beta_2", beta_2, most=1, open_end=True),
        "epsilon": number("epsilon", epsilon),
    }


def optimizer(value, params_, rules):
    """An Optimizer whose kind is known and whose numbers go with the member axes of params."""
    if not (hasattr(value, "kind") and hasattr(value, "numbers")):
        raise InvalidArgument(f"optimizer must be one, as adam(0.001) makes it; got {value!r}")
    one_of("optimizer", value.kind, rules)
    members = shape_of(params_[0][0])[:-2]
    for name, found in value.numbers.items():
        if shape_of(found) not in ((), members):
            raise InvalidArgument(
                f"{name} must be one number, or one for each of the members {_text(members)} "
                f"of params; got shape {_text(shape_of(found))}"
            )
    return value


def state(value, params_, moments):
    """An optimizer's State, with this many moments like params."""
    kept = getattr(value, "moments", None)
    if kept is None or len(kept) != moments:
        raise InvalidArgument(
            f"state must be a State with {moments} moments, as optimizer.init(params) makes it; "
            f"got {_outline(value) if kept is None else f'{len(kept)} moments'}"
        )
    for moment in kept:
        like("each of state.moments", moment, params_)
    return value


def _outline(value):
    try:
        return f"{type(value).__name__} of {len(value)}"
    except TypeError:
        return repr(value)


def batch(net, params_, x, y=None, weights=None):
    """`(params, x, y, weights)`, checked against the network and each other, and cast.

    x is `[N, D]` or `[*members, N, D]`; y and weights have its leading axes. Floating-point
    values are cast to the dtype of params; labels become int32. What is symbolic stays uncast.
    """
    layers, members, to = params(net, params_)
    x = features("x", x, net.sizes[0], members)
    x_shape = shape_of(x)
    if y is not None:
        y = targets(net, y, x_shape)
        y = _cast(y, np.int32 if len(shape_of(y)) < len(x_shape) and net.labelled else to)
    if weights is not None:
        weights = _cast(row_weights(weights, x_shape[:-1], members), to)
    return layers, _cast(x, to), y, weights


def _cast(value, to):
    return value.astype(to, copy=False) if isinstance(value, np.ndarray) else value


def features(what, value, width, members=()):
    """x as `[N, width]` or `[*members, N, width]`: finite, and at least one row."""
    found = array(what, value)
    shape = shape_of(found)
    wanted = [(None, width)] + ([(*members, None, width)] if members else [])
    if not any(fits(shape, each) for each in wanted):
        raise InvalidArgument(
            f"{what} must be rows of {width} features, [N, {width}]"
            + (f" or {[*members, 'N', width]}" if members else "")
            + f"; got shape {list(shape)}"
        )
    if shape[-2] == 0:
        raise InvalidArgument(f"{what} must have at least one row; got shape {list(shape)}")
    return finite(what, found)


def targets(net, value, x_shape):
    """y for features of this shape: rows, or integer labels, or one target a row."""
    found = array("y", value)
    shape, rows, outputs = shape_of(found), x_shape[:-1], net.sizes[-1]
    short = f"integer labels {_text(rows)}" if net.labelled else f"targets {_text(rows)}"
    wanted = f"rows {_text((*rows, outputs))}" + (
        f" or {short}" if net.labelled or outputs == 1 else ""
    )
    if fits(shape, (*rows, outputs)):
        finite("y", found)
        return distributions(found) if net.labelled else found
    if fits(shape, rows) and net.labelled:
        return labels("y", found, outputs)
    if fits(shape, rows) and outputs == 1:
        return finite("y", found)
    raise InvalidArgument(f"y must be {wanted} for x of {_text(x_shape)}; got shape {_text(shape)}")


def _text(shape):
    return "[" + ", ".join("N" if n is None else str(n) for n in shape) + "]"


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


def scores(logits, truth):
    """Scores `[..., B, K]` with integer labels `[..., B]` or one-hot rows `[..., B, K]`."""
    logits, truth = array("logits", logits), array("labels", truth)
    shape = shape_of(logits)
    if len(shape) < 2 or 0 in shape:
        raise InvalidArgument(f"logits must be [..., rows, classes]; got shape {_text(shape)}")
    if fits(shape_of(truth), shape):
        return logits, truth
    if fits(shape_of(truth), shape[:-1]):
        return logits, labels("labels", truth, shape[-1])
    raise InvalidArgument(
        f"labels must be {_text(shape[:-1])} or one-hot {_text(shape)}, as logits are; "
        f"got shape {_text(shape_of(truth))}"
    )


def distributions(value):
    """One-hot rows, or rows of probabilities: nothing below 0, each row with the sum 1."""
    if not isinstance(value, np.ndarray):
        return value
    sums = value.sum(axis=-1, dtype=np.float64)
    bad = (np.abs(sums - 1) > 1e-3) | (value.min(axis=-1) < 0)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidArgument(
            "y must be one-hot rows or probabilities, none below 0 and each row with the sum 1; "
            f"row {at[-1]} has the sum {sums[at]:g} and the least entry {value[at].min():g}"
        )
    return value


def row_weights(value, rows, members=()):
    """A weight for each row, `[N]` or `[*members, N]`: finite and not negative."""
    found = array("weights", value)
    shape = shape_of(found)
    if not (fits(shape, rows) or fits(shape, (*members, rows[-1]))):
        raise InvalidArgument(
            f"weights must be one number a row, {_text(rows)}; got shape {_text(shape)}"
        )
    if isinstance(found, np.ndarray):
        finite("weights", found)
        if (found < 0).any():
            at = int(np.argwhere(found < 0)[0][-1])
            raise InvalidArgument(
                f"weights must not be negative; got {found.min():g}, first in row {at}"
            )
    return found


def finite(what, value):
    """`value`, none of whose entries may be NaN or infinite."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    flat = value.reshape(-1)  # a view where the array is contiguous
    for start in range(0, flat.size, CHUNK):
        good = np.isfinite(flat[start : start + CHUNK])
        if not good.all():
            at = start + int(np.argmin(good))
            where = np.unravel_index(at, value.shape)
            place = f"row {where[-2]}, column {where[-1]}" if value.ndim > 1 else f"row {where[-1]}"
            raise InvalidArgument(
                f"{what} must be finite; got {flat[at]} first in {place}. "
                "Drop or fill such rows before training"
            )
    return value


def given(what, value):
    """`value`, which must not be left out."""
    if value is None:
        raise InvalidArgument(f"{what} is missing: train takes x, y and plan, or data")
    return value


def shared(x):
    """Rows `[N, D]` that all members share."""
    if x.ndim != 2:
        raise InvalidArgument(
            f"x must be rows [N, D] that all members share; got {list(x.shape)}"
        )
    return x


def same_length(x, y):
    """x and y, which must have as many rows as each other."""
    if shape_of(x)[0] != shape_of(y)[0]:
        raise InvalidArgument(
            f"x and y must have the same rows; got {shape_of(x)[0]} and {shape_of(y)[0]}"
        )


def validation(net, params_, value):
    """Validation data `(x, y)` or `(x, y, weights)` as arrays `(x, y, weights)`."""
    if not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
        raise InvalidArgument(f"validation must be (x, y) or (x, y, weights); got {_outline(value)}")
    try:
        _, x, y, weights = batch(net, params_, *value)
    except InvalidArgument as error:
        raise InvalidArgument(f"validation: {error}") from None
    weights = np.ones(x.shape[:1], x.dtype) if weights is None else weights
    if x.ndim != 2 or not weights.any():
        raise InvalidArgument(
            "validation must be rows [N, D] that all members share, with weights not all 0; "
            f"got x of shape {list(x.shape)}"
        )
    return x, y, weights


def plan(value, rows):
    """A plan, which must be made for this number of rows."""
    if not all(hasattr(value, name) for name in ("piece", "rows", "epochs", "steps", "width")):
        raise InvalidArgument(
            f"plan must be a Plan, as kfold_plan or full_batch_plan make one; got {value!r}"
        )
    if value.rows != rows:
        raise InvalidArgument(
            f"plan was made for {value.rows} rows, but x has {rows}; make one for len(x)"
        )
    return value
