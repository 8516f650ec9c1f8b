"""What a picture is given, checked: networks, labels and numbers."""

from numbers import Integral

import numpy as np

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.core.params import map_params
from fnet.files import schema


def content(what):
    """What predicting takes of the Content of one network, in arrays; see `files.schema.content_of`."""
    found = schema.check_content(schema.content_of(what)._replace(run=None, estimator=None))
    if members := checks.members_of(found.params):
        raise InvalidArgument(
            f"a picture shows one network, but what has members {list(members)}; "
            "give (net, params) of one of them"
        )
    return found._replace(params=map_params(np.asarray, found.params))


def column(what, value):
    """One finite number a row: `[N]`, float64."""
    found = checks.finite(what, checks.array(what, value), "")
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1 or not len(found):
        raise InvalidArgument(
            f"{what} must be one number a row, [N]; got shape {list(found.shape)}. "
            "Of several outputs draw one at a time"
        )
    return found.astype(np.float64)


def same_rows(**columns):
    """Columns by name, which must have as many rows as each other."""
    lengths = [len(column) for column in columns.values()]
    if len(set(lengths)) > 1:
        raise InvalidArgument(
            f"{' and '.join(columns)} must have the same rows; "
            f"got {' and '.join(map(str, lengths))}"
        )


def places(classes, **labels):
    """`(classes, places)`: a list of all classes, and the place of each label in it.

    `labels` are labels `[N]` by name. `classes` are the values that they may have, in order; a
    whole number K, for 0 to K - 1; or None, for the sorted values that occur. Where classes are
    texts and labels whole numbers, these are places already.
    """
    labels = {what: _labels(what, values) for what, values in labels.items()}
    same_rows(**labels)
    if isinstance(classes, Integral):
        classes = list(range(checks.integer("classes", classes, least=1)))
        return classes, [checks.labels(*item, len(classes)) for item in labels.items()]
    classes = _occurring(labels) if classes is None else names(classes)
    return classes, [_places(*item, classes) for item in labels.items()]


def names(classes, count=None):
    """Classes in order as a list; where a count is given, of so many."""
    found = np.asarray(classes).tolist() if np.ndim(classes) == 1 else []
    if not found or len(set(found)) != len(found) or count not in (None, len(found)):
        raise InvalidArgument(
            f"classes must be {'the' if count is None else count} classes in order, each once; "
            f"got {classes!r:.200}"
        )
    return found


def _labels(what, values):
    found = np.asarray(values)
    if found.ndim != 1 or not len(found):
        raise InvalidArgument(f"{what} must be labels [N]; got shape {list(found.shape)}")
    return checks.finite(what, found, "")


def _occurring(labels):
    try:
        return sorted(set().union(*(values.tolist() for values in labels.values())))
    except TypeError:
        raise InvalidArgument(
            f"{' and '.join(labels)} must be labels of one kind, all numbers or all texts"
        ) from None


def _places(what, values, classes):
    if values.dtype.kind in "iu" and all(isinstance(c, str) for c in classes):
        return checks.labels(what, values, len(classes))
    known = {c: i for i, c in enumerate(classes)}
    values = values.tolist()
    found = np.array([known.get(value, -1) for value in values])
    if (found < 0).any():
        at = int(np.argmin(found))
        raise InvalidArgument(
            f"{what} must be of the classes {str(classes):.200}; "
            f"got {values[at]!r:.100} first in row {at}"
        )
    return found
