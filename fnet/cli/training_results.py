"""What `fnet train` reports about a training: the kept epoch, the scores and the lines."""

from typing import TYPE_CHECKING, Any, NamedTuple

import fnet
from fnet.cli import common
from fnet.cli.training_rows import Rows

if TYPE_CHECKING:
    from fnet.estimators import MLPClassifier, MLPRegressor
    from fnet.tables import TrainingData


def best_epoch(model: "MLPClassifier | MLPRegressor") -> int | None:
    """The epoch whose params are kept, where that is the one with the lowest validation loss."""
    if not model.early_stopping:
        return None
    losses = model.validation_loss_curve_ or []
    return 1 + min(range(len(losses)), key=losses.__getitem__)


class Measured(NamedTuple):
    """On how many rows was trained and validated, and with which scores."""

    rows: int
    validation_rows: int
    scores: dict[str, float]


def record(
    data: str,
    digest: str | None,
    table: "TrainingData",
    model: "MLPClassifier | MLPRegressor",
    missing: tuple[str, ...],
    measured: Measured,
) -> dict[str, Any]:
    """What a model file keeps of a training.

    Args:
        data: The path of the table.
        digest: Its SHA-256, or None for a stream.
        table: The table.
        model: The fitted estimator.
        missing: Cells that are gaps.
        measured: The rows and the scores.

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
        "rows": measured.rows,
        "validation_rows": measured.validation_rows,
        "epochs": model.n_iter_,
        "best_epoch": best_epoch(model),
        "scores": measured.scores,
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


def scores(model: "MLPClassifier | MLPRegressor", rows: Rows) -> dict[str, float]:
    """The scores on the validation rows."""
    from sklearn import metrics

    y, predicted = rows.y, model.predict(rows.x)
    of_rows = {"y_true": y, "y_pred": predicted, "sample_weight": rows.weights}
    if y.dtype.kind != "f":
        return {"accuracy": float(metrics.accuracy_score(**of_rows))}
    r2 = {"r2": float(metrics.r2_score(**of_rows))} if len(y) > 1 else {}
    return {**r2, "mean_absolute_error": float(metrics.mean_absolute_error(**of_rows))}


def description(model: "MLPClassifier | MLPRegressor", features: list[str]) -> dict[str, Any]:
    """What was trained, and by which engine."""
    classes = getattr(model, "classes_", None)
    return {
        "task": "regressor" if classes is None else "classifier",
        "features": features,
        "classes": classes,
        "sizes": model.functional()[0].sizes,
        "engine": model.engine_,
    }


def lines(result: dict[str, Any]) -> list[str]:
    """A result as text."""
    engine = {"numpy": "NumPy", "tensorflow": "TensorFlow"}[result["engine"]]
    classes = result["classes"]
    task = "regressor" if classes is None else f"classifier of {len(classes)} classes"
    features = common.count(len(result["features"]), "feature")
    lines = [
        f"{result['target']}: {task} from {features} ({result['decision']}; --task overrides this)",
        f"Trained {'-'.join(map(str, result['sizes']))} on {common.count(result['rows'], 'row')} "
        f"for {common.count(result['epochs'], 'epoch')} by {engine}",
    ]
    chosen = ""
    if result["best_epoch"] is not None:
        lines[-1] += f", kept epoch {result['best_epoch']:,}"
        chosen = ", which chose the epoch too"
    if result["scores"]:
        scores = ", ".join(
            f"{common.metric_label(name)} {common.format_number(value)}"
            for name, value in result["scores"].items()
        )
        lines.append(
            f"On {common.count(result['validation_rows'], 'held-out row')}{chosen}: {scores}"
        )
    return [*lines, f"Model: {result['model']}"]
