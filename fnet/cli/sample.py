"""`fnet sample`: tables to try the other commands with."""

import click

from fnet.cli import common, writers

TARGETS = {
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "digits": "digit",
}
"""The tables, each with the name of its last column, the target."""


@click.command("sample", cls=common.Command)
@click.argument("name", metavar="NAME", type=click.Choice(list(TARGETS)))
@click.option(
    "--out", required=True, type=common.file_path, metavar="FILE", help="The table, as in predict."
)
@common.json_option
def command(name: str, out: str, as_json: bool) -> None:
    """Write a small table to try fnet with.

    NAME is iris, wine, breast_cancer, diabetes or digits: data sets that come with scikit-learn.
    The last column is the target. The pixels of digits are scaled to 0 to 1, as in
    `fnet digits`.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet sample digits --out digits.csv
    """
    file_format = writers.format_of(out, as_json=False)
    common.check_output_path(out)

    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    names, x = list(data.feature_names), data.data
    if name == "digits":
        x = x / 16
    y = data.target_names[data.target] if hasattr(data, "target_names") else data.target
    columns = {feature: column.tolist() for feature, column in zip(names, x.T, strict=True)}
    with writers.open_writer(out, file_format) as write:
        write({**columns, TARGETS[name]: y.tolist()})
    line = f"{common.count(len(x), 'row')}, target {TARGETS[name]}: {out}"
    result = {"table": out, "rows": len(x), "features": names, "target": TARGETS[name]}
    common.print_result([line], result, as_json)
