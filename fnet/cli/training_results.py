"""What `fnet train` reports about a training: the kept epoch, the scores and the lines."""

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy.typing as npt

import fnet
from fnet.cli import common

if TYPE_CHECKING:
    from fnet.estimators import MLPClassifier, MLPRegressor
    from fnet.estimators.tabular import TabularClassifier, TabularRegressor
    from fnet.tables import TrainingData

    Fitted: TypeAlias = MLPClassifier | MLPRegressor | TabularClassifier | TabularRegressor


ENGINES = {"numpy": "NumPy", "tensorflow": "TensorFlow"}
"""The names of the engines, as people read them."""


def best_epoch(model: "MLPClassifier | MLPRegressor") -> int | None:
    """The epoch whose params are kept, where that is the one with the lowest validation loss."""
    if not model.early_stopping:
        return None
    losses = model.validation_loss_curve_ or []
    return 1 + min(range(len(losses)), key=losses.__getitem__)


class Measured(NamedTuple):
    """On how many rows was trained and validated, for how long, and with which scores."""

    rows: int
    validation_rows: int
    epochs: int
    best_epoch: int | None
    scores: dict[str, float]


def record(
    data: str,
    digest: str | None,
    table: "TrainingData",
    missing: tuple[str, ...],
    measured: Measured,
) -> dict[str, Any]:
    """What a model file keeps of a training.

    Args:
        data: The path of the table.
        digest: Its SHA-256, or None for a stream.
        table: The table.
        missing: Cells that are gaps.
        measured: The rows, the epochs and the scores.

    Returns:
        The record.
    """
    return {
        "fnet": fnet.__version__,
        "command": common.command_line(),
        "data": data,
        "sha256": digest,
        "target": table.target_name,
        "decision": table.target.reason,
        **measured._asdict(),
        "notations": notations(table),
        "missing": list(missing) or None,
    }


def notations(table: "TrainingData") -> dict[str, dict[str, str]]:
    """How the numbers of the target are written, by its name, where it is not plain."""
    from fnet.tables import Notation

    notation = table.target.notation
    if notation in (None, Notation()):
        return {}
    return {table.target_name: {field: text for field, text in notation._asdict().items() if text}}


def scores(
    y: npt.NDArray[Any], predicted: npt.NDArray[Any], weights: npt.NDArray[Any] | None
) -> dict[str, float]:
    """The scores of predictions `[V]` of held-out rows with their targets and weights."""
    from sklearn import metrics

    of_rows = {"y_true": y, "y_pred": predicted, "sample_weight": weights}
    if y.dtype.kind != "f":
        return {"accuracy": float(metrics.accuracy_score(**of_rows))}
    r2 = {"r2": float(metrics.r2_score(**of_rows))} if len(y) > 1 else {}
    return {**r2, "mean_absolute_error": float(metrics.mean_absolute_error(**of_rows))}


def description(model: "Fitted", features: list[str]) -> dict[str, Any]:
    """What was trained, and by which engine."""
    classes = getattr(model, "classes_", None)
    return {
        "task": "regressor" if classes is None else "classifier",
        "features": features,
        "classes": classes,
        "sizes": model.functional()[0].sizes,
        "engine": model.engine_,
    }


def task_line(result: dict[str, Any]) -> str:
    """What is predicted, from what, and why."""
    classes = result["classes"]
    task = (
        "regressor" if classes is None else f"classifier of {common.count(len(classes), 'class')}"
    )
    features = common.count(len(result["features"]), "feature")
    return (
        f"{result['target']}: {task} from {features} ({result['decision']}; --task overrides this)"
    )


def lines(result: dict[str, Any]) -> list[str]:
    """The result of a single network as text."""
    engine = ENGINES[result["engine"]]
    lines = [
        task_line(result),
        f"Trained {'-'.join(map(str, result['sizes']))} on {common.count(result['rows'], 'row')} "
        f"for {common.count(result['epochs'], 'epoch')} by {engine}",
    ]
    chosen = ""
    if result["best_epoch"] is not None:
        lines[-1] += f", kept epoch {result['best_epoch']:,}"
        chosen = ", which chose the epoch too"
    if result["scores"]:
        lines.append(
            f"On {common.count(result['validation_rows'], 'held-out row')}{chosen}: "
            f"{scores_text(result['scores'])}"
        )
    return [*lines, f"Model: {result['model']}"]


def scores_text(scores: dict[str, float]) -> str:
    """Scores by name on one line."""
    return ", ".join(
        f"{common.metric_label(name)} {common.format_number(value)}"
        for name, value in scores.items()
    )
