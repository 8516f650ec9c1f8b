"""`fnet describe`: what a model file contains."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from fnet.cli import common

MAX_ITEMS = 12
"""The most items of a list that are printed as text."""


@click.command("describe", cls=common.Command)
@common.model_argument
@click.option(
    "--markdown",
    is_flag=True,
    help="Print a model card: data, columns, score, calibration, intervals and limits.",
)
@common.json_option
def command(model: str, markdown: bool, as_json: bool) -> None:
    """Show what a model is and how it was trained.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet describe iris.fnet
      $ fnet describe iris.fnet --json
      $ fnet describe iris.fnet --markdown
    """
    import fnet
    from fnet import encoding
    from fnet.reports import card

    if markdown and as_json:
        raise common.usage_error("--markdown and --json must not be given together.")
    loaded = fnet.load(model)
    if markdown:
        for line in card.markdown(loaded, Path(model).stem).splitlines():
            common.print_line(line)
        return
    result = {"model": model, **description(loaded)}
    shown = result if loaded.encoding is None else {**result, "columns": None}
    columns = [] if loaded.encoding is None else ["", *encoding.describe(loaded.encoding)]
    common.print_result([*_lines(shown), *columns], result, as_json)


def description(model: Any) -> dict[str, Any]:
    """What a model is and how it was trained, as JSON has it; None for what the file lacks."""
    from fnet.core import checks
    from fnet.core.params import leaves
    from fnet.encoding import plain_column

    net, run = model.net, model.run
    weights = leaves(model.params)
    trained = common.training_record(model)
    trained.pop("call", None)  # digests by which a checkpoint recognizes its training call
    description: dict[str, Any] = common.to_json(
        {
            "layers": net.sizes,
            "activations": net.hidden,
            "output": net.output,
            "loss": net.loss,
            "parameters": sum(array.size for array in weights),
            "dtype": str(weights[0].dtype),
            "members": checks.members_of(model.params),
            "classes": model.classes,
            "features": model.features,
            "columns": model.encoding and [plain_column(each) for each in model.encoding.columns],
            "standardized": model.scaling is not None,
            "trained": trained or None,
            "ensemble": model.ensemble and _ensemble(model.ensemble),
            "run": run
            and {
                "optimizer": run.optimizer,
                "epochs": len(run.history["loss"]),
                "ended": run.history["ended"],
            },
        }
    )
    return description


def _ensemble(found: Any) -> dict[str, Any]:
    """What to expect of the networks of folds on new rows, and what columns are worth to them."""
    columns = found.importances
    order = [] if columns is None else (-columns.importances_mean).argsort(kind="stable").tolist()
    kept = found.conformity
    return {
        "score": found.score,
        "cv_score": found.cv_score,
        "cv_score_std_error": found.cv_score_std_error,
        "cv_scores": found.cv_scores,
        "baseline_score": found.baseline_score,
        "epochs": found.n_epochs,
        "largest_coverage": None if kept is None else 1 - 1 / (kept.rows + 1),
        "importances": {columns.names[i]: float(columns.importances_mean[i]) for i in order},
    }


def _lines(result: dict[str, Any], indent: str = "") -> Iterator[str]:
    """An aligned line for each item that is present; the items of a dict are indented."""
    shown = {name: value for name, value in result.items() if value not in (None, [], {})}
    width = max(map(len, shown), default=0) + 2
    for name, value in shown.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name:{width}}{_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        more = f" and {len(value) - MAX_ITEMS:,} more" if len(value) > MAX_ITEMS else ""
        return ", ".join(map(_text, value[:MAX_ITEMS])) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
