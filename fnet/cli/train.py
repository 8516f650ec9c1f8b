"""`fnet train`: from a table to a model in a file."""

import math
import os
import warnings

import click

import fnet
from fnet.cli import common, training_rows
from fnet.core.errors import InvalidArgument

MOST = 10**9
"""The most epochs, or rows in a batch."""

EXPECTED = (
    "Stochastic Optimizer: Maximum iterations",  # as many epochs as were asked for
    "Training interrupted",  # which is said in other words
    "Got `batch_size`",
    "The number of unique classes",  # among the rows held out
)
"""Warnings of a fit that tell a user of the command line nothing."""


class Sizes(click.ParamType):
    """Sizes of hidden layers: `64,32`, or `none`."""

    name = "sizes"

    def convert(self, value, parameter, context):
        if not isinstance(value, str):
            return value
        if value == "none":
            return ()
        try:
            sizes = tuple(int(size) for size in value.split(","))
        except ValueError:
            sizes = (0,)
        if min(sizes) < 1:
            self.fail(
                f"{value!r} must be whole numbers from 1 up between commas, as 64,32, or none.",
                *(parameter, context),
            )
        return sizes


class Number(click.FloatRange):
    """A finite number in a range."""

    def convert(self, value, parameter, context):
        found = super().convert(value, parameter, context)
        if not math.isfinite(found):
            self.fail(f"{value!r} must be finite.", parameter, context)
        return found


@click.command("train")
@common.data_argument
@click.option("--target", required=True, metavar="COLUMN", help="What to learn to predict.")
@click.option("--out", required=True, metavar="MODEL", help="The file to write.")
@click.option(
    "--task",
    type=click.Choice(["classifier", "regressor"]),
    help="What to train.  [default: by the target]",
)
@click.option(
    "--without", multiple=True, metavar="COLUMN", help="Leave a column out.  [repeatable]"
)
@click.option(
    "--hidden",
    type=Sizes(),
    default="100",
    metavar="SIZES",
    show_default=True,
    help="Units of each hidden layer, as 64,32, or none.",
)
@click.option(
    "--activation", metavar="NAME", default="relu", show_default=True, help="Of the hidden layers."
)
@click.option(
    "--epochs", metavar="NUMBER", type=click.IntRange(1, MOST), default=200, show_default=True
)
@click.option(
    "--batch-size", type=click.IntRange(1, MOST), metavar="ROWS", help="[default: 200, or all rows]"
)
@click.option(
    "--learning-rate",
    metavar="RATE",
    type=Number(0, min_open=True),
    default=0.001,
    show_default=True,
)
@click.option(
    "--l2",
    metavar="NUMBER",
    type=Number(0),
    default=0.0001,
    show_default=True,
    help="The penalty on squared weights.",
)
@click.option(
    "--dropout",
    metavar="SHARE",
    type=Number(0, 1, max_open=True),
    default=0.0,
    show_default=True,
)
@click.option(
    "--validation",
    metavar="SHARE",
    type=Number(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="The share of rows to hold out and to score; 0 trains on all.",
)
@click.option(
    "--patience",
    type=click.IntRange(1, MOST),
    metavar="EPOCHS",
    help="Stop after so many without a smaller loss of rows held out; keep the best.",
)
@click.option(
    "--class-weight",
    multiple=True,
    metavar="CLASS=WEIGHT",
    help="How much rows of a class count, or 'balanced'.  [repeatable]",
)
@click.option(
    "--standardize/--no-standardize",
    default=True,
    show_default=True,
    help="Learn mean and deviation of features, and of a regressor's target.",
)
@click.option(
    "--seed", metavar="NUMBER", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True
)
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="Keep the run in this file; the same command goes on from it.",
)
@common.engine_option
@common.delimiter_option
@common.json_option
def command(data, target, out, **options):
    """Train a classifier or a regressor on a table and save it.

    DATA is a CSV in UTF-8 whose first row has the names of its columns, or a Parquet file, or - for
    standard input. All columns but the target are features, and must hold a number in every row.

    A target of text (codes as 007 among it), or of at most 20 different whole numbers, is taken for
    classes, any other for numbers.

    \b
    Examples:
      $ fnet sample iris --out iris.csv
      $ fnet train iris.csv --target species --out iris.fnet
      $ fnet sample diabetes --out diabetes.csv
      $ fnet train diabetes.csv --target progression --out d.fnet --hidden 64,32 --patience 20
      $ fnet train iris.csv --target species --out i.fnet --epochs 400 --checkpoint i.run
    """
    from fnet.core import checks, network

    common.writable(out, data)
    if options["checkpoint"] is not None:
        common.writable(options["checkpoint"], data)
        if os.path.realpath(options["checkpoint"]) == os.path.realpath(out):
            raise common.usage("--checkpoint and --out must be two files.")
    if options["patience"] and not options["validation"]:
        raise common.usage("--patience needs rows held out: give --validation a share above 0.")
    checks.one_of("--activation", options["activation"], network.ACTIVATIONS)
    x, y, features = training_rows.read(data, target, options)
    sha256 = common.digest(data)
    model = _estimator(y, options)
    (x, y), held = training_rows.parts(x, y, options)
    _fit(model, x, y, held, options)
    scores = _scores(model, *held) if held else {}
    trained = {
        "fnet": fnet.__version__,
        "command": common.command_line(),
        "data": data,
        "sha256": sha256,
        "target": target,
        "rows": len(x),
        "validation_rows": len(held[0]) if held else 0,
        "epochs": model.n_iter_,
        "scores": scores,
    }
    fnet.save(out, model, features=features, trained=trained)
    _say(model, features, out, trained, options["as_json"])


def _estimator(y, options):
    """The estimator that these options ask for, not yet fitted."""
    from fnet.estimators import MLPClassifier, MLPRegressor

    checkpoint = options["checkpoint"]
    arguments = {
        "hidden_layer_sizes": options["hidden"],
        "activation": options["activation"],
        "max_iter": options["epochs"],
        "batch_size": options["batch_size"] or "auto",
        "learning_rate_init": options["learning_rate"],
        "alpha": options["l2"],
        "dropout": options["dropout"],
        "early_stopping": "loss" if options["patience"] else False,
        "n_iter_no_change": options["patience"] or math.inf,
        "standardize": options["standardize"],
        "random_state": options["seed"],
        "callback": checkpoint and fnet.checkpoint(checkpoint),
        "verbose": True,
    }
    if y.dtype.kind == "f":
        if options["class_weight"]:
            raise InvalidArgument(
                "--class-weight is for classes, and the target is taken for numbers: give --task "
                "classifier, or leave it away"
            )
        return MLPRegressor(**arguments)
    return MLPClassifier(
        class_weight=training_rows.class_weight(y, options["class_weight"]), **arguments
    )


def _fit(model, x, y, held, options):
    """Fit quietly, by the engine that so much work asks for; NumPy alone where it is small."""
    import numpy as np

    from fnet import backends

    width = min(options["batch_size"] or 200, len(x))
    outputs = 1 if y.dtype.kind == "f" else len(np.unique(y))
    net = fnet.Network((x.shape[1], *options["hidden"], outputs), loss="squared_error")
    steps = options["epochs"] * math.ceil(len(x) / width)
    model.engine = backends.choose(options["engine"], net, width, steps)[1]
    if model.engine == "tensorflow":
        backends.import_tensorflow(keras=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "|".join(EXPECTED))
        model.fit(x, y, validation_data=held)
    common.unless_interrupted(model.ended_, model.n_iter_, options["epochs"], options["checkpoint"])


def _scores(model, x, y):
    from sklearn import metrics

    said = model.predict(x)
    if y.dtype.kind != "f":
        return {"accuracy": float(metrics.accuracy_score(y, said))}
    found = {"mean absolute error": float(metrics.mean_absolute_error(y, said))}
    return ({"R²": float(metrics.r2_score(y, said))} if len(y) > 1 else {}) | found


def _say(model, features, out, trained, as_json):
    net = model.functional()[0]
    engine = {"numpy": "NumPy", "tensorflow": "TensorFlow"}[model.engine_]
    classes = getattr(model, "classes_", None)
    what = "a regressor" if classes is None else f"a classifier of {len(classes)} classes"
    lines = [
        f"{trained['target']}: {what} from {common.counted(len(features), 'feature')}",
        f"Trained {'-'.join(map(str, net.sizes))} on {common.counted(trained['rows'], 'row')} for "
        f"{common.counted(trained['epochs'], 'epoch')} by {engine}",
    ]
    if trained["scores"]:
        scores = ", ".join(
            f"{name} {common.number(value)}" for name, value in trained["scores"].items()
        )
        lines.append(f"On {common.counted(trained['validation_rows'], 'row')} held out: {scores}")
    lines.append(f"Model: {out}")
    facts = {
        "model": out,
        "task": "regressor" if classes is None else "classifier",
        "features": features,
        "classes": classes,
        "sizes": net.sizes,
        "engine": model.engine_,
        **trained,
    }
    common.say("\n".join(lines), facts, as_json)
