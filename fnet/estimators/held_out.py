"""Validation rows that the user gives to `fit`."""

import sys
import warnings
from types import FrameType
from typing import Any, NamedTuple

from fnet.core.aliases import ArrayLike
from fnet.core.errors import InvalidArgument
from fnet.estimators.arguments import ArgumentsMixin, MatrixLike, ValidationData
from fnet.estimators.data import Data, validate_rows
from fnet.estimators.targets import Targets

LIBRARIES = ("fnet", "sklearn", "joblib")
"""The packages whose functions may be called between a Pipeline and its estimator."""


class HeldOut(NamedTuple):
    """The arguments of `fit` that give validation rows.

    Attributes:
        validation_data: `(X, y)` or `(X, y, sample_weight)`, or None.
        X_val: Features, or None.
        y_val: Targets, or None.
        sample_weight_val: Row weights, or None.
    """

    validation_data: ValidationData | None
    X_val: MatrixLike | None = None
    y_val: MatrixLike | None = None
    sample_weight_val: ArrayLike | None = None

    def validate(self, estimator: ArgumentsMixin, targets: Targets) -> Data | None:
        """The validation rows, checked and with targets as the network takes them, or None."""
        columns = self._columns()
        if columns is None:
            return None
        if estimator.solver == "lbfgs":
            warnings.warn(
                "solver='lbfgs' minimizes without epochs: the validation rows are not used",
                stacklevel=_stacklevel_and_pipeline()[0],
            )
            return None
        name = "X_val" if self.validation_data is None else "validation_data"
        try:
            data = validate_rows(estimator, *columns, reset=False)
            return data._replace(y=targets.encode(data.y))
        except ValueError as error:
            raise InvalidArgument(f"{name}: {error}") from error

    def _columns(self) -> tuple[Any, Any, Any] | None:
        """`(X, y, sample_weight)`, or None where no validation rows are given."""
        by_name = {name: getattr(self, name) for name in ("X_val", "y_val", "sample_weight_val")}
        given = [name for name, value in by_name.items() if value is not None]
        if self.validation_data is None:
            if not given:
                return None
            for name in ("X_val", "y_val"):
                if by_name[name] is None:
                    raise InvalidArgument(f"{given[0]} is provided, but {name} was not provided.")
            return self.X_val, self.y_val, self.sample_weight_val
        if given:
            raise InvalidArgument(
                "give validation rows once: validation_data and "
                f"{' and '.join(given)} were provided"
            )
        data = self.validation_data
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise InvalidArgument(
                f"validation_data must be (X, y) or (X, y, sample_weight); got {type(data)}"
            )
        _warn_inside_pipeline()
        return data[0], data[1], data[2] if len(data) == 3 else None


def _warn_inside_pipeline() -> None:
    """Warn if a Pipeline transforms X for this fit, but not `validation_data`."""
    level, inside = _stacklevel_and_pipeline()
    if inside:
        warnings.warn(
            "validation_data in a Pipeline is not transformed: it is measured as it comes. Pass "
            'X_val and y_val with Pipeline(..., transform_input=["X_val"]) and '
            "sklearn.set_config(enable_metadata_routing=True), or transform it yourself",
            stacklevel=level,
        )


def _stacklevel_and_pipeline() -> tuple[int, bool]:
    """The `stacklevel` of the user's call, and whether a Pipeline with earlier steps made this fit.

    The calls are followed up to the first one that is neither fnet's nor scikit-learn's.
    """
    pipelines = sys.modules.get("sklearn.pipeline")
    frame: FrameType | None = sys._getframe(1)
    level, inside = 1, False
    while frame is not None:
        caller = frame.f_locals.get("self")
        if pipelines is not None and isinstance(caller, pipelines.Pipeline):
            inside |= any(step not in (None, "passthrough") for _, step in caller.steps[:-1])
        elif frame.f_globals.get("__name__", "").partition(".")[0] not in LIBRARIES:
            break
        frame, level = frame.f_back, level + 1
    return level, inside
