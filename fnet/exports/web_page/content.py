"""A model as the plain data that its page computes with."""

import base64
import math
import re
from typing import Any

import numpy as np

from fnet.core import checks
from fnet.core.params import PeriodicEmbedding, leaves, split
from fnet.encoding import ColumnEncoding, Encoding, cells
from fnet.encoding.apply import READ_AS
from fnet.encoding.records import QUANTILES, read_step
from fnet.encoding.step_functions import levels_of
from fnet.encoding.steps import Boolean, Cycle, Date, Number
from fnet.encoding.unlike import bounds, knows_all_levels
from fnet.exports.columns import is_float32
from fnet.exports.web_page.examples import rows_of
from fnet.files.schema import Content
from fnet.tables import plain_encoding

FAR_DEVIATIONS = 5.0
"""Where only a mean and a standard deviation are known: beyond this many of them."""

STANDARD_POINTS = (-1.645, -0.674, 0.0, 0.674, 1.645)
"""The quantiles .05, .25, .5, .75 and .95 of the standard normal distribution."""

MAX_POINTS = 20
"""The most levels of a column that are tried for what changes the answer."""

MAX_DIGITS = 15
"""The most decimals of a number in the form."""


def encoding_of(content: Content) -> Encoding:
    """The encoding of a model; of one without, each feature is a number."""
    if content.encoding is not None:
        return content.encoding
    count = content.net.sizes[0]
    names = [f"x{i}" for i in range(count)] if content.features is None else content.features
    return plain_encoding(names)._replace(named=content.features is not None)


def data(content: Content, examples: Any = None) -> dict[str, Any]:
    """A model as plain data for JSON, with arrays as base64.

    Args:
        content: The checked Content of a single network or an ensemble.
        examples: A table of rows that fill the form; None for none.

    Returns:
        What `model.js` prepares.

    Raises:
        InvalidArgument: The examples cannot be read.
    """
    net, encoding = content.net, encoding_of(content)
    return {
        "notation": notation(),
        "isNamed": encoding.named,
        "width": len(encoding.columns),
        "columns": columns(content, encoding),
        "isFloat32": is_float32(content),
        "network": network(content),
        "scaling": scaling(content),
        "targets": net.targets,
        "classes": classes(content),
        "outputs": outputs(content),
        "target": target(content),
        "conformity": conformity(content),
        "examples": [] if examples is None else rows_of(encoding, examples),
    }


def array(values: Any, dtype: str = "float64") -> dict[str, str] | None:
    """Numbers as base64, in C order, the lowest byte first."""
    if values is None:
        return None
    found = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return {"dtype": dtype, "base64": base64.b64encode(found.tobytes()).decode()}


def notation() -> dict[str, Any]:
    """The words and patterns by which cells are read; patterns as JavaScript writes them."""
    return {
        "gaps": sorted(cells.GAPS),
        "booleans": cells.BOOLEANS,
        "thousands": cells.THOUSANDS,
        "dates": {name: _pattern(found) for name, found in cells.DATE_FORMATS.items()},
        "time": _pattern(cells.TIME),
        "maxMagnitude": cells.MAX_MAGNITUDE,
        "maxLevel": cells.MAX_LEVEL,
    }


def _pattern(pattern: str) -> str:
    """A pattern of ASCII as JavaScript writes it, whose blanks would be those of Unicode."""
    return re.sub(r"\(\?P<", "(?<", pattern).replace(r"\s", r"[ \t-\r]")


def columns(content: Content, encoding: Encoding) -> list[dict[str, Any]]:
    """The columns that become numbers, with what the form and the flags need."""
    found: list[dict[str, Any]] = []
    for position, column in enumerate(encoding.columns):
        if column.steps:
            is_plain = content.encoding is None
            seen = _by_scaling(content, len(found)) if is_plain else _seen(column)
            found.append(
                {
                    "name": column.name,
                    "position": position,
                    "steps": [{"step": type(s).__name__, **s._asdict()} for s in column.steps],
                    "takes": READ_AS[type(read_step(column))],
                    "control": _control(column),
                    "hasGaps": column.statistics.gaps > 0,
                    "knowsAllLevels": knows_all_levels(column),
                    **seen,
                }
            )
    return found


def _control(column: ColumnEncoding) -> str:
    """What a form asks with."""
    first = read_step(column)
    if isinstance(first, Boolean) or levels_of(column.steps) is not None:
        return "levels"
    if isinstance(first, Date):
        has_time = any(isinstance(step, Cycle) and step.part == "hour" for step in column.steps)
        return "time" if has_time else "date"
    return "number" if isinstance(first, Number) else "text"


def _seen(column: ColumnEncoding) -> dict[str, Any]:
    """What training has shown of a column.

    `start` is its usual value, `range` the smallest and the largest with a number of `digits` after
    the point, `bounds` beyond which a value is far, `levels` the usual ones first, and `points`
    what is tried for what changes the answer.
    """
    moments, levels = column.statistics.moments, list(column.statistics.levels)
    known = levels_of(column.steps)
    if isinstance(read_step(column), Boolean):
        levels = sorted(("true", "false"), key=[*levels, "true", "false"].index)
    elif known is not None:
        levels += [level for level in known.levels if level not in set(levels)]
    if moments is None or levels:
        start = levels[0] if levels else None
        return _what(start, None, None, levels, levels[:MAX_POINTS])
    low, high = moments.minimum, moments.maximum
    points = sorted({low, *moments.quantiles, high})
    digits = _digits(points)
    median = round(moments.quantiles[QUANTILES.index(0.5)], digits)
    seen = _what(median, [low, high], list(bounds(column)), [], points)
    return {**seen, "digits": digits}


def _digits(points: list[float]) -> int:
    """How many decimals tell a thousandth of the range of values; 0 for whole ones."""
    span = points[-1] - points[0]
    if span == 0 or all(value == round(value) for value in points):
        return 0
    return min(max(0, 3 - math.floor(math.log10(span))), MAX_DIGITS)


def _by_scaling(content: Content, feature: int) -> dict[str, Any]:
    """What standardization tells of a feature of a model without an encoding."""
    if content.scaling is None:
        return _what(0.0, None, None, [], [])
    mean, scale = (float(x[feature]) for x in (content.scaling.x_mean, content.scaling.x_scale))
    far = FAR_DEVIATIONS * scale
    points = [mean + scale * each for each in STANDARD_POINTS]
    return _what(mean, None, [mean - far, mean + far], [], points)


def _what(start: Any, span: Any, bounds: Any, levels: Any, points: Any) -> dict[str, Any]:
    return {"start": start, "range": span, "bounds": bounds, "levels": levels, "points": points}


def network(content: Content) -> dict[str, Any]:
    """The network with its params."""
    net, dtype = content.net, str(checks.params_dtype(content.params))
    blocks, layers = split(net, content.params)
    entries = []
    for entry in blocks:
        of_net: Any = net.embedding if isinstance(entry, PeriodicEmbedding) else net.codes
        arrays = {name: array(value, dtype) for name, value in entry._asdict().items()}
        entries.append({"kind": type(entry).__name__, "arrays": arrays, **of_net._asdict()})
    return {
        "inputs": net.sizes[0],
        "numbers": net.numbers,
        "entries": entries,
        "layers": [
            {"inputs": d, "outputs": h, "w": array(layer.w, dtype), "b": array(layer.b, dtype)}
            for (d, h), layer in zip(net.layers, layers, strict=True)
        ],
        "hidden": net.hidden,
        "last": net.output if net.link == "identity" else net.link,
        "members": int(np.prod(checks.members_of(content.params))),
        "isFloat32": dtype == "float32",
    }


def scaling(content: Content) -> dict[str, Any] | None:
    """The means and deviations of features and targets."""
    if content.scaling is None:
        return None
    return {name: array(value) for name, value in content.scaling._asdict().items()}


def classes(content: Content) -> list[str] | None:
    """The names of the classes or labels; None for a model of numbers."""
    net = content.net
    if net.targets not in ("multiclass", "multilabel"):
        return None
    count = net.sizes[-1] if net.targets == "multiclass" else max(2, net.sizes[-1])
    found = range(count) if content.classes is None else content.classes.tolist()
    return list(map(str, found))


def outputs(content: Content) -> list[str]:
    """What each output of a model of numbers is, where there are several."""
    saved = content.estimator
    of_model: Any = None if saved is None else saved.arguments.get("quantiles")
    count = content.net.sizes[-1]
    if content.net.targets == "quantiles" and np.size(of_model) == count and of_model is not None:
        return [f"quantile {level:g}" for level in np.ravel(of_model).tolist()]
    return [f"output {k}" for k in range(count)]


def target(content: Content) -> str | None:
    """The name of the target, where the model knows it."""
    found = content.trained.get("target") if isinstance(content.trained, dict) else None
    return found if isinstance(found, str) else None


def conformity(content: Content) -> dict[str, Any] | None:
    """The scores of held-out rows of a model of numbers."""
    kept = None if content.ensemble is None else content.ensemble.conformity
    if kept is None or content.net.targets in ("multiclass", "multilabel"):
        return None
    arrays = {name: array(value) for name, value in kept._asdict().items()}
    return {"width": kept.scores.shape[1], "outputs": kept.scores.shape[2], "arrays": arrays}


def size(content: Content) -> int:
    """The bytes that the params take as base64."""
    return sum(4 * -(-leaf.nbytes // 3) for leaf in leaves(content.params))
