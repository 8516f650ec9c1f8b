"""`fnet evaluate`: evaluate a model on labelled data."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fnet.cli import common
from fnet.cli.reading import (
    Reading,
    encoding_of,
    feature_reader,
    open_table,
    reading_options,
    sha256,
    strict_option,
    trained_notations,
)
from fnet.cli.row_notes import BadRows
from fnet.core.errors import InvalidArgument
from fnet.core.printable import printable

if TYPE_CHECKING:
    from fnet.files.model import Model
    from fnet.reports.evaluation import Evaluation


MAX_WIDTH = 60
"""Letters to which the names of classes are padded. Longer names shift their row."""


@click.command("evaluate", cls=common.Command)
@common.model_argument
@common.data_argument
@click.option(
    "--target",
    metavar="COLUMN",
    help="The column of true values.  [default: the target that the model was trained on]",
)
@click.option(
    "--report", type=common.file_path, metavar="PAGE", help="Write an HTML page with figures, too."
)
@strict_option
@common.drop_missing_option
@reading_options
@common.json_option
def command(
    model: str,
    data: str,
    target: str | None,
    report: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Evaluate a model on a table that has the target.

    For a classifier it prints the accuracy and other metrics, and precision, recall and F1 by
    class; for a regressor R² and the errors. The report is one self-contained page with all of
    this, what each column is and what it is worth to the model, how that was trained, and figures.
    Rows with a cell that the model cannot read, as text for a number, are left out with a note.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet evaluate iris.fnet iris.csv
      $ fnet evaluate iris.fnet iris.csv --target species --report iris.html
    """
    if report is not None:
        common.check_output_path(report, data, model)
    loaded = common.load_model(model)
    target = target or _trained_target(loaded, model)
    found = _evaluate(loaded, model, data, target, **options)
    digest = sha256(data)
    trained_on = digest is not None and common.training_record(loaded).get("sha256") == digest
    if trained_on:
        common.print_note(
            f"{model} was trained on {data}; evaluate on unseen rows for an honest score"
        )
    if report is not None:
        from fnet import reports

        page = reports.page(
            loaded,
            found,
            source=f"{data}, the training data" if trained_on else data,
            command=common.command_line(),
            name=Path(model).stem,
        )
        common.write_text(page, report)
    result = {
        "model": model,
        "target": target,
        "rows": found.rows,
        "trained_on": trained_on,
        "metrics": found.metrics,
        "expected": loaded.ensemble
        and {
            "score": loaded.ensemble.score,
            "value": loaded.ensemble.cv_score,
            "standard_error": loaded.ensemble.cv_score_std_error,
            "baseline": loaded.ensemble.baseline_score,
        },
        "classes": {
            str(name): row._asdict()
            for name, row in zip(_class_names(found), found.by_class, strict=True)
        },
        "report": report,
    }
    lines = [*_lines(found), *_expected(loaded)]
    if report is not None:
        lines.append(f"Report: {report}")
    common.print_result(lines, result, as_json)


def _evaluate(
    model: "Model",
    path: str,
    data: str,
    target: str,
    strict: bool,
    drop_missing: bool,
    reading: Reading,
) -> "Evaluation":
    """The Evaluation of a model on a table; errors name the table and its target."""
    import numpy as np

    from fnet import tables
    from fnet.reports import evaluation

    evaluation.is_classifier(model)  # refuses a model of several targets
    missing = reading.missing or common.training_record(model).get("missing")
    how = reading.of_target(
        task="regressor" if model.classes is None else None,
        missing=tuple(missing) if missing else None,
        drop_missing=drop_missing,
        expected=trained_notations(model).get(target),
    )
    with open_table(data, reading) as table:
        (target,) = tables.match_names(table, [target])
        reader = feature_reader(table, encoding_of(table, model, path, target), reading, target)
        tables.require_columns(table, [target])
        classes = None if model.classes is None else model.classes.tolist()
        chunks = tables.read_chunks(table)
        found = tables.read_target(chunks, target, how, classes)
        encoded = reader.read(chunks)
        with_target = np.isin(np.arange(len(encoded.bad)), found.rows)
        bad = BadRows(table.name, strict)
        bad.add(encoded._replace(bad=encoded.bad & with_target))
        bad.finish(len(found.rows), "is left out", "are left out")
    good = ~encoded.bad[found.rows]
    if reader.examples:
        common.print_note(tables.notation_note(table.name, reader.examples))
    for note in found.notes:
        common.print_note(note)
    try:
        x = encoded.values[found.rows][good]
        return evaluation.evaluate(model._of_features(), x, found.values[good])
    except InvalidArgument as error:
        raise InvalidArgument(f"{table.name}, column {target!r}: {error}") from None


def _trained_target(model: "Model", path: str) -> str:
    """The column that the model was trained to predict."""
    target = common.training_record(model).get("target")
    if not isinstance(target, str):
        raise InvalidArgument(f"{path} has no record of its target: use --target COLUMN")
    return target


def _class_names(found: "Evaluation") -> list[Any]:
    return [] if found.classes is None else list(found.classes.tolist())


def _expected(model: "Model") -> Iterator[str]:
    """What the training of an ensemble let expect."""
    found = model.ensemble
    if found is None or found.cv_score is None or found.baseline_score is None:
        return
    error = math.nan if found.cv_score_std_error is None else found.cv_score_std_error
    number = common.format_number
    yield ""
    yield (
        f"Expected from its training: {common.metric_label(found.score)} {number(found.cv_score)} "
        f"± {number(error)}; baseline {number(found.baseline_score)}"
    )


def _lines(found: "Evaluation") -> Iterator[str]:
    """The metrics, and a line for each class, aligned."""
    yield f"{common.count(found.rows, 'row')}"
    metrics = {common.metric_label(name): value for name, value in found.metrics.items()}
    width = max(map(len, metrics)) + 2
    yield from (f"{name:{width}}{common.format_number(value)}" for name, value in metrics.items())
    if found.by_class:
        names = [printable(str(name)) for name in _class_names(found)]
        width = min(max(5, *map(len, names)), MAX_WIDTH) + 2
        yield ""
        yield f"{'class':{width}}{'precision':>9}  {'recall':>6}  {'F1':>6}  {'rows':>6}"
        for name, row in zip(names, found.by_class, strict=True):
            precision, recall, f1 = map(common.format_number, row[:3])
            yield f"{name:{width}}{precision:>9}  {recall:>6}  {f1:>6}  {row.rows:>6}"
