"""The columns of a table as the inputs of a program, its outputs, and what describes both."""

import collections
import keyword
import re
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet import __version__
from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.encoding import ColumnEncoding, Encoding, feature_names
from fnet.encoding.cells import as_text
from fnet.encoding.records import read_step, used
from fnet.encoding.step_functions import level_number
from fnet.encoding.steps import Boolean, Date, Levels, Number, Text
from fnet.exports.patterns import is_unicode
from fnet.files.schema import Content

ENDS = ("lower", "upper")
"""The outputs that are the ends of an interval."""

OUTPUTS = ("label", "probabilities", "prediction", "outputs", *ENDS)
"""The names of outputs, which no input may have."""

RESERVED = frozenset((*OUTPUTS, "self", *map(str.lower, keyword.kwlist)))
"""Names that no input may have, in lower case: TensorFlow makes arguments of Python of them."""

MAX_LETTERS = 64
"""The most letters of the name of an input, before a number that makes it unique."""

TAKES: dict[type[Any], str] = {
    Number: "a number; NaN for a gap",
    Boolean: "text: true, yes, 1 or another spelling that fnet reads; empty for a gap",
    Date: "text: a date as in ISO 8601, with or without time and zone; empty for a gap",
    Text: "text; empty for a gap",
}
"""What each first step takes in a program."""


NO_LEVEL = -2
"""The code of a text that is no level, until it is known whether it is written as a number."""


class Input(NamedTuple):
    """An input of a program.

    Attributes:
        name: Its name in the program.
        column: The column of the table.
        is_number: Whether it takes numbers of 64 bits; otherwise text.
    """

    name: str
    column: ColumnEncoding
    is_number: bool

    @property
    def takes(self) -> str:
        """What it takes, in words."""
        return TAKES[type(self.column.steps[0])]


def inputs(encoding: Encoding) -> list[Input]:
    """The inputs of a program: a column each that has steps."""
    columns = used(encoding)
    names = input_names(column.name for column in columns)
    return [
        Input(name, column, isinstance(read_step(column), Number))
        for name, column in zip(names, columns, strict=True)
    ]


def input_names(names: Iterable[str]) -> list[str]:
    """Names of inputs for columns of any names: identifiers that differ in lower case, too.

    A name that is such an identifier stays, unless it is reserved. Of any other one, marks are
    known off letters, anything that is no ASCII letter or digit becomes an underscore, a digit in
    front gets `column_` before it, and a number at the end makes it unique.

    Example:
        >>> from fnet.exports.columns import input_names
        >>> input_names(["age", "Länge (cm)", "Länge, cm", "2020", "class", "度"])
        ['age', 'Lange_cm', 'Lange_cm_2', 'column_2020', 'class_2', 'column']
    """
    names, known = list(names), set(RESERVED)
    cleaned, found = list(map(_identifier, names)), dict[int, str]()
    for i, name in enumerate(names):
        if cleaned[i] == name and name.lower() not in known:
            found[i] = name
            known.add(name.lower())
    times = collections.Counter[str]()
    for i, name in enumerate(cleaned):
        if i not in found:
            found[i], base = name, name.lower()
            while found[i].lower() in known:
                times[base] += 1
                found[i] = f"{name}_{times[base] + 1}"
            known.add(found[i].lower())
    return [found[i] for i in range(len(names))]


def _identifier(name: str) -> str:
    """An identifier that resembles a name."""
    ascii_alone = unicodedata.normalize("NFKD", name[: 4 * MAX_LETTERS])
    ascii_alone = "".join(c for c in ascii_alone if not unicodedata.combining(c))
    found = re.sub(r"_*[^A-Za-z0-9_][^A-Za-z0-9]*", "_", ascii_alone)
    found = found.strip("_")[:MAX_LETTERS] or "column"
    return f"column_{found}" if found[0].isdigit() else found


def text_levels(step: Levels) -> dict[str, int]:
    """The code of each text, as a cell is once it is read; "" is a gap."""
    codes = {t: code for code, t in reversed(list(enumerate(step.levels))) if is_unicode(str(t))}
    return {t: code for t, code in codes.items() if isinstance(t, str)} | {"": step.gap}


def number_levels(step: Levels) -> dict[float, int]:
    """The code of each number that a cell is or is written as, in ascending order.

    A level that is this number comes first, then one that is its usual text, then any text of it.
    """
    found: dict[float, tuple[int, int]] = {}
    for code, level in enumerate(step.levels):
        if (number := level_number(level)) is not None:
            rank = isinstance(level, str) * (1 + (level != as_text(number)))
            found[number] = min(found.get(number, (rank, code)), (rank, code))
    return {number: code for number, (_, code) in sorted(found.items())}


def bare(content: Content) -> Content:
    """The network alone, which takes the D numbers of the encoder and has no classes."""
    features = content.features
    if content.encoding is not None:
        features = tuple(feature_names(content.encoding))
    return content._replace(encoding=None, pipeline=None, classes=None, features=features)


def dtype(content: Content) -> np.dtype[Any]:
    """The type in which fnet predicts: float64 for an ensemble, otherwise that of params."""
    found: np.dtype[Any] = checks.params_dtype(content.params)
    return found if content.ensemble is None else np.dtype(np.float64)


def has_labels(content: Content) -> bool:
    """Whether a program has the outputs of classes or labels."""
    of_labels = content.net.targets in ("multiclass", "multilabel")
    return of_labels and not (content.classes is None and content.encoding is None)


def labels(content: Content) -> npt.NDArray[Any] | None:
    """What `label` chooses from, `[C]`; None where each of several labels is 0 or 1.

    Raises:
        InvalidArgument: Some classes are text, and others are not.
    """
    net, classes = content.net, content.classes
    if net.targets == "multilabel" and net.sizes[-1] > 1:
        return None
    if classes is None:
        return np.arange(max(2, net.sizes[-1]))
    if classes.dtype.kind in "UO":
        if not all(isinstance(name, str) and is_unicode(name) for name in classes.tolist()):
            raise InvalidArgument(
                "export takes classes that are all text, all numbers or all booleans; got "
                f"{classes.tolist()!r:.200}. Train on classes of one type"
            )
        return np.array(classes.tolist(), object)
    kind = {"b": np.bool_, "f": np.float64, "i": np.int64}.get(classes.dtype.kind, np.uint64)
    return np.asarray(classes.astype(kind))


def metadata(
    content: Content, coverage: float | None, columns: list[Input] | None = None
) -> dict[str, Any]:
    """What a program takes and gives, and how good it is, as plain data for JSON.

    Args:
        content: What is exported.
        coverage: The coverage of its intervals, if it has any.
        columns: Its inputs; None where it takes rows of features.

    Returns:
        What is known, by name.
    """
    known: dict[str, Any] = {"fnet_version": __version__}
    if columns is None:
        known["features"] = content.features and list(content.features)
    else:
        known["inputs"] = [
            {"name": i.name, "column": i.column.name, "kind": i.column.kind, "takes": i.takes}
            for i in columns
        ]
    known["classes"] = None if content.classes is None else content.classes.tolist()
    known["coverage"] = coverage
    if content.ensemble is not None and content.ensemble.cv_score is not None:
        found = content.ensemble
        known["score"] = {
            "name": found.score,
            "cv_score": found.cv_score,
            "cv_score_std_error": found.cv_score_std_error,
            "baseline_score": found.baseline_score,
        }
    return {name: value for name, value in known.items() if value is not None}


def is_float32(content: Content) -> bool:
    """Whether the encoder gives float32."""
    return content.pipeline is not None and content.pipeline.encoder["dtype"] == "float32"
