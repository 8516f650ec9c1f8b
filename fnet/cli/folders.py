"""`fnet train` of a large folder of shards, which are read in turn."""

import os
from typing import Any

import numpy as np

import fnet
from fnet.cli import common, estimators, learning, sharing, training_results, training_rows
from fnet.cli.options import TrainOptions

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
    from fnet.streams import folders
    from fnet.tables import Table, Target, TrainingData, match_names

    for name in NEEDS_MEMORY:
        if getattr(options, name):
            raise common.usage_error(
                f"--{name} needs all rows in memory: {data} has more than {MAX_ROWS:,}."
            )
    columns = folders.open_shards(data)[0].columns
    table = Table(data, columns, None, iter(()))
    (target,) = match_names(table, [target])
    learner = learning.learner(table, options.reading, options.choices, [target])
    left_out = dict.fromkeys(match_names(table, options.choices.without), "ignored")
    given = learner.options._replace(kinds={**(learner.options.kinds or {}), **left_out})
    common.print_note(
        f"{data}: more than {MAX_ROWS:,} rows, which are read in turn: trains one network (as "
        "--cv 0) on all rows, so that there is no score of held-out rows"
    )
    with estimators.without_irrelevant_warnings(), sharing.by_workers(options):
        dataset = fnet.table_dataset(
            data,
            target,
            fnet.TableEncoder(**given._asdict(), dtype="float32"),
            options.batch_size or BATCH_ROWS,
            epochs or EPOCHS,
            options.seed,
            task=options.task,
        )
        encoding = dataset.encoder.encoding_
        for note in learner.notes(encoding):
            common.print_note(note)
        y = np.zeros(1) if dataset.classes is None else dataset.classes
        model = estimators.estimator(y, options._replace(patience=0), **progress)
        model.fit(dataset)
        common.raise_if_interrupted(
            str(model.ended_), model.n_iter_, dataset.epochs, options.checkpoint
        )
    found = dataset.target
    rows = np.empty(0, np.int64)
    kept = TrainingData(None, target, Target(y, rows, found.reason, (), found.notation))
    measured = training_results.Measured(dataset.plan.rows, 0, model.n_iter_, None, {})
    trained = training_results.record(data, None, kept, options.reading.missing, measured)
    fnet.save(out, training_rows.pipeline(given, encoding, model), trained=trained)
    features = [column.name for column in encoding.columns if column.steps]
    result = {"model": out, **training_results.description(model, features), **trained}
    common.print_result(training_results.lines(result), result, options.as_json)
