"""`fnet describe`: what is in the file of a model."""

import click

from fnet.cli import common

MOST = 12
"""How many of a list are written out for people."""


@click.command("describe")
@common.model_argument
@common.json_option
def command(model, as_json):
    """Tell what a model is, and how it was trained.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet describe iris.fnet
      $ fnet describe iris.fnet --json
    """
    import fnet

    facts = {"model": model, **described(fnet.load(model))}
    common.say("\n".join(_lines(facts)), facts, as_json)


def described(model):
    """What a model is and how it was trained, as plain data; None for what the file has not."""
    net, params, run = model.net, model.params, model.run
    trained = dict(model.trained) if isinstance(model.trained, dict) else {}
    trained.pop("call", None)  # digests, by which a checkpoint knows its call again
    shape = params[0].w.shape
    return common.plain(
        {
            "layers": net.sizes,
            "activations": net.hidden,
            "output": net.output,
            "loss": net.loss,
            "numbers": sum(part.size for layer in params for part in layer if part is not None),
            "dtype": str(params[0].w.dtype),
            "members": shape[:-2],
            "classes": model.classes,
            "features": model.features,
            "standardized": model.scaling is not None,
            "trained": trained or None,
            "run": run
            and {
                "optimizer": run.optimizer,
                "epochs": len(run.history["loss"]),
                "ended": run.history["ended"],
            },
        }
    )


def _lines(facts, indent=""):
    """A line for each fact that there is, aligned; those of a dict stand below its name."""
    shown = {name: value for name, value in facts.items() if value not in (None, [], {})}
    width = max(map(len, shown), default=0) + 2
    for name, value in shown.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name:{width}}{_shown(value)}"


def _shown(value):
    if isinstance(value, list):
        more = f" and {len(value) - MOST:,} more" if len(value) > MOST else ""
        return ", ".join(map(_shown, value[:MOST])) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
