"""`fnet inspect`: what the columns of a table are found to be, before anyone trains."""

from typing import Any

import click

from fnet.cli import common, learning
from fnet.cli.reading import Reading, open_table, reading_options


@click.command("inspect", cls=common.Command)
@common.data_argument
@click.option("--target", metavar="COLUMN", help="The column to predict, which is then no feature.")
@click.option(
    "--task",
    type=click.Choice(["classifier", "regressor"]),
    help="The kind of model.  [default: by the target]",
)
@learning.choice_options
@common.drop_missing_option
@reading_options
@common.json_option
def command(
    data: str,
    target: str | None,
    task: Any,
    drop_missing: bool,
    choices: learning.Choices,
    reading: Reading,
    as_json: bool,
) -> None:
    """Show what each column of a table is found to be, why, and what it becomes.

    It is what `fnet train` decides with the same options, from all rows. With --target, it also
    says whether the target is classes or numbers.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet inspect iris.csv
      $ fnet inspect iris.csv --target species --kind 'petal width (cm)=category' --json
    """
    from fnet import encoding, tables

    result: dict[str, Any] = {"table": data}
    lines = []
    with open_table(data, reading) as table:
        if target is None:
            learner = learning.learner(table, reading, choices, [])
            names = tables.feature_names(table, [], tables.match_names(table, choices.without))
            chunks = tables.read_chunks(table)
            text = names if reading.decimal_character() == "," else learner.as_text()
            numbers = {name: reading.missing for name in names if name not in text}
            columns = tables.feature_table(chunks, names, numbers)
            rows = None
        else:
            (target,) = tables.match_names(table, [target])
            learner = learning.learner(table, reading, choices, [target])
            how = reading.of_target(task=task, drop_missing=drop_missing)
            text = learner.as_text()
            found = tables.read_training_data(table, target, choices.without, how, text)
            columns, rows = found.columns, found.target.rows
            kind = "regressor" if found.target.values.dtype.kind == "f" else "classifier"
            result |= {"target": target, "task": kind, "decision": found.target.reason}
            lines = [f"{encoding.shown(target)}: target of a {kind} ({found.target.reason})"]
        columns_encoding = learner.learn(columns, rows)
    for note in (*(() if target is None else found.target.notes), *learner.notes(columns_encoding)):
        common.print_note(note)
    features = encoding.feature_names(columns_encoding)
    count = len(columns) if rows is None else len(rows)
    lines += encoding.describe(columns_encoding)
    lines.append(
        f"{common.count(count, 'row')}, {common.count(len(columns_encoding.columns), 'column')}: "
        f"{common.count(len(features), 'feature')} of the network"
    )
    result |= {
        "rows": count,
        "columns": [encoding.plain_column(column) for column in columns_encoding.columns],
        "features": features,
    }
    common.print_result(lines, result, as_json)
