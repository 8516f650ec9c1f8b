"""A Trace as text: every value with its formula, its shape and its numbers."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.core.printable import some_of

MAX_SHOWN = 5
"""The most places that an axis takes: the first entries, an ellipsis and the last one."""

LEAST, MOST = 1e-2, 1e4
"""The largest absolute value of an array lies between these, or it is printed with exponents."""


class Value(NamedTuple):
    """One value of a Trace.

    Attributes:
        formula: Its name, and how it follows from others.
        array: Its numbers, with any member axes.
        axes: Its axes without members.
        column: Whether a vector stands in a column, as the rows of a batch do.
    """

    formula: str
    array: npt.NDArray[Any]
    axes: int = 2
    column: bool = False


def text(trace: Any) -> str:
    """The values of a Trace in the order of the calculation, in sections with titles."""
    sections = list(_sections(trace))
    values = [value for _, of_section in sections for value in of_section]
    labels = max(len(value.formula) for value in values)
    shapes = max(len(_shape(value)) for value in values)
    lines = [_title(trace)]
    for title, of_section in sections:
        lines += ["", title]
        for value in of_section:
            start = f"  {value.formula:{labels}}  {_shape(value):{shapes}}"
            for row in _rows(value):
                lines.append(f"{start}  {row}")
                start = " " * len(start)
    return "\n".join(lines)


def _title(trace: Any) -> str:
    members = list(np.shape(trace.loss))
    first = f", members {members}, of which the first is shown" if members else ""
    return f"{trace.net!r}\nrows B = {trace.a[0].shape[-2]}, {trace.z[1].dtype}{first}"


def _sections(trace: Any) -> Iterator[tuple[str, list[Value]]]:
    """The title and the values of each section."""
    net, last = trace.net, len(trace.z)
    yield "x", [Value("a[0] = x", trace.a[0])]
    for i, f in enumerate((*net.hidden, net.output), 1):
        yield f"layer {i}, f = {f}", list(_forward(trace, i))
    yield f"loss l = {net.loss}", list(_loss(trace, last))
    for i in range(last, 0, -1):
        yield f"backward, layer {i}", list(_backward(trace, i, last))
    if added := _added(trace):
        yield f"The attribute grads has dw and db with: {', '.join(added)}", []


def _input(trace: Any, i: int) -> str:
    """The name of what layer i multiplies by its weights."""
    return f"a[{i - 1}]" if trace.inputs[i] is trace.a[i - 1] else f"inputs[{i}]"


def _forward(trace: Any, i: int) -> Iterator[Value]:
    if i - 1 in trace.masks:
        yield Value(f"masks[{i - 1}]", trace.masks[i - 1])
    name = _input(trace, i)
    if name == f"inputs[{i}]":
        mask = f" * masks[{i - 1}]" if i - 1 in trace.masks else ""
        of = f"a[{i - 1}]{mask}"
        embeds = i == 1 and trace.net.added
        yield Value(f"{name} = {f'embedded({of})' if embeds else of}", trace.inputs[i])
    yield Value(f"w[{i}]", trace.w[i])
    bias = ""
    if i in trace.b:
        yield Value(f"b[{i}]", trace.b[i], axes=1)
        bias = f" + b[{i}]"
    yield Value(f"z[{i}] = {name} @ w[{i}]{bias}", trace.z[i])
    yield Value(f"a[{i}] = f(z[{i}])", trace.a[i])


def _loss(trace: Any, last: int) -> Iterator[Value]:
    net, tuning = trace.net, trace.tuning
    if net.link not in ("identity", net.output):
        yield Value(f"predictions = {net.link}(z[{last}])", trace.predictions)
    yield Value("y", trace.y)
    outputs = f"a[{last}]" if net.link == "identity" else f"z[{last}]"
    yield Value(f"losses = l(y, {outputs})", trace.losses, axes=1, column=True)
    yield Value("weights", trace.weights, axes=1, column=True)
    penalty = "" if tuning.l1 is None and tuning.l2 is None else " + penalty"
    yield Value(f"loss = sum(weights * losses){penalty}", trace.loss, axes=0)


def _backward(trace: Any, i: int, last: int) -> Iterator[Value]:
    if i == last:
        yield Value(f"dl = d losses / dz[{i}]", trace.dl)
        yield Value(f"delta[{i}] = weights * dl", trace.delta[i])
    else:
        mask = f" * masks[{i}]" if i in trace.masks else ""
        yield Value(f"da[{i}] = delta[{i + 1}] @ w[{i + 1}].T{mask}", trace.da[i])
        yield Value(f"delta[{i}] = da[{i}] * f'(z[{i}])", trace.delta[i])
    yield Value(f"dw[{i}] = {_input(trace, i)}.T @ delta[{i}]", trace.dw[i])
    if i in trace.db:
        yield Value(f"db[{i}] = sum(delta[{i}])", trace.db[i], axes=1)


def _added(trace: Any) -> list[str]:
    """What `grads` has beside dw and db."""
    tuning = trace.tuning
    found = {
        "gradients of embeddings": bool(trace.net.added),
        "gradients of penalties": tuning.l1 is not None or tuning.l2 is not None,
        "clipping": tuning.clipvalue is not None or tuning.global_clipnorm is not None,
    }
    return [what for what, is_there in found.items() if is_there]


def _shape(value: Value) -> str:
    return str(list(np.shape(value.array)))


def _rows(value: Value) -> list[str]:
    """The numbers of the first member in lines, shortened along both axes."""
    array = np.asarray(value.array)
    one = array[(0,) * (array.ndim - value.axes)]
    one = one.reshape((-1, 1) if value.column else (-1, one.shape[-1] if one.ndim else 1))
    rows, columns = (some_of(count, MAX_SHOWN) for count in one.shape)
    shown = one[np.ix_(*([i for i in each if i is not None] for each in (rows, columns)))]
    write = _writer(float(np.abs(shown).max()))
    gap = "…".rjust(len(write(0)))

    def cell(i: int | None, j: int | None) -> str:
        if j is None:
            return "…"
        return gap if i is None else write(one[i, j])

    return ["  ".join(cell(i, j) for j in columns) for i in rows]


def _writer(largest: float) -> Callable[[float], str]:
    """A function that writes the numbers of an array with five digits, given the largest one."""
    if largest and not LEAST <= largest < MOST:
        return lambda number: f"{number:9.2e}"
    digits = 4 if largest < 1 else 4 - int(math.log10(largest))
    return lambda number: f"{round(float(number), digits) + 0.0:7.{digits}f}"  # no -0
