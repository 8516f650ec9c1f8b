"""`fnet evaluate`: what a model is worth on rows whose truth is known."""

from pathlib import Path

import click

from fnet.cli import common
from fnet.core.errors import InvalidArgument


@click.command("evaluate")
@common.model_argument
@common.data_argument
@click.option(
    "--target", metavar="COLUMN", help="The truth.  [default: what the model was trained on]"
)
@click.option("--report", metavar="PAGE", help="Write a page of HTML with pictures, too.")
@common.delimiter_option
@common.json_option
def command(model, data, target, report, delimiter, as_json):
    """Say how well a model predicts a column that is there.

    Of classes it tells the accuracy and more, and for each class how well it is told; of numbers R²
    and how far predictions are off. A report is one page that needs no network, with all of this,
    how the model was trained, and pictures.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet evaluate iris.fnet iris.csv
      $ fnet evaluate iris.fnet iris.csv --target species --report iris.html
    """
    from fnet import tables
    from fnet.reports import evaluation

    if report is not None:
        common.writable(report, data, model)
    path, model = model, common.loaded(model)
    target = target or _target(model, path)
    with common.table(data, delimiter) as table:
        names = common.features(table, model, path, target)
        x, y = tables.whole(table, names, target, _share(model))
    try:
        found = evaluation.evaluate(model, x, y)
    except InvalidArgument as error:
        raise InvalidArgument(f"{table.name}, column {target!r}: {error}") from None
    seen = _trained(model).get("sha256") == common.digest(data) is not None
    if seen:
        common.note(f"{data} is what {path} was trained on; rows that it has not seen tell more")
    if report is not None:
        from fnet import reports

        page = reports.page(
            model,
            found,
            source=f"{data}, on which it was trained" if seen else data,
            command=common.command_line(),
            name=Path(path).stem,
        )
        common.written(page, report)
    facts = {
        "model": path,
        "target": target,
        "rows": found.rows,
        "trained_on": seen,
        "figures": found.figures,
        "classes": {
            str(name): row._asdict() for name, row in zip(_names(found), found.table, strict=True)
        },
        "report": report,
    }
    common.say("\n".join(_lines(found, report)), facts, as_json)


def _target(model, path):
    """The column that the model was trained to predict, if it knows."""
    target = _trained(model).get("target")
    if not isinstance(target, str):
        raise InvalidArgument(f"{path} does not tell its target: give --target COLUMN")
    return target


def _trained(model):
    """What `fnet train` has kept with a model; of others nothing."""
    return model.trained if isinstance(model.trained, dict) else {}


def _share(model):
    """How `tables.whole` is to read the target: as text only where classes are text."""
    text = model.classes is not None and model.classes.dtype.kind == "U"
    return 2.0 if text else 0.0


def _names(found):
    return [] if found.classes is None else found.classes.tolist()


def _lines(found, report):
    """The figures, and a line for each class, aligned."""
    yield f"{common.counted(found.rows, 'row')}"
    width = max(map(len, found.figures)) + 2
    yield from (f"{name:{width}}{common.number(value)}" for name, value in found.figures.items())
    if found.table:
        names = list(map(str, _names(found)))
        width = max(5, *map(len, names)) + 2
        yield ""
        yield f"{'class':{width}}{'precision':>9}  {'recall':>6}  {'F1':>6}  {'rows':>6}"
        for name, row in zip(names, found.table, strict=True):
            precision, recall, f1 = map(common.number, row[:3])
            yield f"{name:{width}}{precision:>9}  {recall:>6}  {f1:>6}  {row.rows:>6}"
    if report is not None:
        yield f"Report: {report}"
