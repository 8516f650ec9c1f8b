"""`fnet train` of a large folder of shards, which are read in turn."""

import os
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

import fnet
from fnet.cli import (
    common,
    ensembles,
    estimators,
    learning,
    sharing,
    training_results,
    training_rows,
)
from fnet.cli.ensembles import FoldOptions
from fnet.cli.options import TrainOptions
from fnet.cli.training_results import Measured

if TYPE_CHECKING:
    from fnet.encoding import Options

MAX_ROWS = 1_000_000
"""The most rows of a folder that are read into memory."""

EPOCHS, BATCH_ROWS = 10, 1024
"""The epochs and the rows in a batch of a large folder, where the user does not say."""

NEEDS_MEMORY = ("weights", "groups", "time")
"""The options that need all rows in memory."""


def is_large(data: str) -> bool:
    """Whether a DATA argument is a folder with more rows than are read into memory."""
    if not os.path.isdir(data):
        return False
    from fnet.streams import folders

    return folders.has_more_rows(folders.open_shards(data), MAX_ROWS)


class Folder(NamedTuple):
    """The shards of a folder, ready to train on.

    Attributes:
        path: The path of the folder.
        target: The column to predict.
        dataset: The rows.
        options: How the encoding was learnt.
    """

    path: str
    target: str
    dataset: Any
    options: "Options"

    @property
    def y(self) -> npt.NDArray[Any]:
        """Some values of the target, which tell what it is: all classes, or a number."""
        classes: npt.NDArray[Any] | None = self.dataset.classes
        return np.zeros(1) if classes is None else classes


def read(data: str, target: str, options: TrainOptions, epochs: int | None) -> Folder:
    """Open a large folder.

    Args:
        data: The path of the folder.
        target: The column to predict.
        options: The options.
        epochs: The epochs, or None for those of a large folder.

    Returns:
        The Folder.

    Raises:
        InvalidArgument: A shard or an option is not what it must be.
    """
    from fnet.streams import folders
    from fnet.tables import Table, match_names

    for name in NEEDS_MEMORY:
        if getattr(options, name):
            _refuse(name, data)
    columns = folders.open_shards(data)[0].columns
    table = Table(data, columns, None, iter(()))
    (target,) = match_names(table, [target])
    learner = learning.learner(table, options.reading, options.choices, [target])
    left_out = dict.fromkeys(match_names(table, options.choices.without), "ignored")
    given = learner.options._replace(kinds={**(learner.options.kinds or {}), **left_out})
    dataset = fnet.table_dataset(
        data,
        target,
        fnet.TableEncoder(**given._asdict(), dtype="float32"),
        options.batch_size or BATCH_ROWS,
        epochs or EPOCHS,
        options.seed,
        task=options.task,
    )
    for note in learner.notes(dataset.encoder.encoding_):
        common.print_note(note)
    return Folder(data, target, dataset, given)


def train(
    data: str, target: str, out: str, options: TrainOptions, epochs: int | None, progress: Any
) -> None:
    """Train one network on the shards of a folder, which are read in turn.

    Args:
        data: The path of the folder.
        target: The column to predict.
        out: The path of the model.
        options: The options.
        epochs: The epochs, or None for those of a large folder.
        progress: The arguments of an estimator that show and keep its progress.

    Raises:
        InvalidArgument: A shard or an option is not what it must be.
    """
    common.print_note(
        f"{data}: more than {MAX_ROWS:,} rows, which are read in turn: trains one network (as "
        "--cv 0) on all rows, so that there is no score of held-out rows"
    )
    with estimators.without_irrelevant_warnings(), sharing.by_workers(options):
        folder = read(data, target, options, epochs)
        model = estimators.estimator(folder.y, options._replace(patience=0), **progress)
        model.fit(folder.dataset)
        common.raise_if_interrupted(
            str(model.ended_), model.n_iter_, folder.dataset.epochs, options.checkpoint
        )
    measured = Measured(folder.dataset.plan.rows, 0, model.n_iter_, None, {})
    encoding = folder.dataset.encoder.encoding_
    saved = training_rows.pipeline(folder.options, encoding, model)
    result = _save(folder, (model, saved), out, options, measured)
    common.print_result(training_results.lines(result), result, options.as_json)


def train_folds(
    data: str, target: str, out: str, options: TrainOptions, folds: FoldOptions
) -> None:
    """Train a network for each fold of the shards of a folder, which are read in turn.

    Args:
        data: The path of the folder.
        target: The column to predict.
        out: The path of the model.
        options: The options.
        folds: The options of an ensemble.

    Raises:
        InvalidArgument: A shard or an option is not what it must be.
        KeyboardInterrupt: Ctrl-C, after what was trained until then is saved.
    """
    for name in ("report", "time_limit"):
        if getattr(folds, name):
            _refuse(name.replace("_", "-"), data)
    folder = read(data, target, options, folds.epochs)
    model = ensembles.estimator(folder.y, options, folds._replace(epochs=None), None)
    interrupted = ensembles.fit(model, folder.dataset)
    scored = len(np.asarray(model.oof_predictions_))
    score = "r2" if folder.dataset.classes is None else "accuracy"
    scores = {score: float(model.cv_score_ or 0.0)}
    measured = Measured(folder.dataset.plan.rows, scored, model.n_epochs_, None, scores)
    result = _save(folder, (model, model), out, options, measured)
    result |= ensembles.outcome(model, folds)
    common.print_result(ensembles.lines(result, interrupted), result, options.as_json)
    if interrupted:
        epochs = common.count(model.n_epochs_, "epoch")
        raise KeyboardInterrupt(
            f"interrupted after {epochs}; the networks as they were are in {out}"
        )


def _save(
    folder: Folder, model: tuple[Any, Any], out: str, options: TrainOptions, measured: Measured
) -> dict[str, Any]:
    """Save a model, of which the second form is kept; return what is known of it."""
    from fnet.tables import Target, TrainingData

    fitted, saved = model
    found = folder.dataset.target
    target = Target(folder.y, np.empty(0, np.int64), found.reason, (), found.notation)
    kept = TrainingData(None, folder.target, target)
    trained = training_results.record(folder.path, None, kept, options.reading.missing, measured)
    fnet.save(out, saved, trained=trained)
    encoding = folder.dataset.encoder.encoding_
    features = [column.name for column in encoding.columns if column.steps]
    return {"model": out, **training_results.description(fitted, features), **trained}


def _refuse(name: str, data: str) -> NoReturn:
    raise common.usage_error(
        f"--{name} needs all rows in memory: {data} has more than {MAX_ROWS:,}."
    )
