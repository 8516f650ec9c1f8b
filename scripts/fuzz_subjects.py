"""A model that `fuzz.py` uses, and what its uses share."""

import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from fuzz_files import TREES, Call, features

import fnet
from fnet.core import checks
from fnet.encoding.records import used


class Wrong(Exception):
    """A use that gave a wrong result."""


class Subject(NamedTuple):
    """What is used.

    Attributes:
        path: The file.
        model: The model in it.
        original: The model in the unchanged file.
        attributes: The fitted attributes that fnet writes.
        call: The call of `train` that goes on with the run of its kind.
        rng: The generator of choices.
    """

    path: Path
    model: Any
    original: Any
    attributes: frozenset[str]
    call: Call | None
    rng: random.Random


def check(condition: Any, message: str) -> None:
    """Raise Wrong with this message unless the condition holds."""
    if not condition:
        raise Wrong(message)


def same(one: Any, other: Any) -> bool:
    """Whether two arrays are equal, with NaN equal to NaN and the last bits free."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    if one.dtype.kind == "f":
        return np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True)
    return bool((one == other).all())


def rows(s: Subject, count: int = 6) -> Any:
    """A few rows for the model, with the names that its estimator was fitted with."""
    x, names, saved = features(s.model.net, count), s.model.features, s.model._content.estimator
    if s.model.encoding is not None:
        found = cells(s.model, count)
        return pd.DataFrame(found) if names is not None else np.array([*found.values()], object).T
    fitted_with = saved is not None and "feature_names_in_" in saved.fitted
    return x if names is None or not fitted_with else pd.DataFrame(x, columns=list(names))


def cells(model: Any, count: int) -> dict[str, Any]:
    """The columns of a table for a model with an encoding: short decimals, or levels."""
    columns = used(model.encoding)
    x = np.random.default_rng(1).integers(-8, 9, (len(columns), count)) / 4
    levels = [(*TREES, "oak", "a new one")[i % 5] for i in range(count)]
    return {
        column.name: levels if column.kind == "category" else numbers.tolist()
        for column, numbers in zip(columns, x, strict=True)
    }


def members(model: Any) -> tuple[int, ...]:
    """The member axes of the predictions of a model."""
    return () if model.ensemble is not None else checks.members_of(model.params)


def quantiles(net: fnet.Network) -> Any:
    """Quantiles for the outputs of a network that predicts them."""
    outputs = net.sizes[-1]
    return np.arange(1, outputs + 1) / (outputs + 1) if net.targets == "quantiles" else None
