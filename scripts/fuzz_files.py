"""The files that `fuzz.py` changes: one of every kind that fnet loads."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import neural_network

import fnet
from fnet import reference
from fnet.cli import main as fnet_main

ROWS, EPOCHS = 24, 2
"""Rows of the data that runs and estimators train on, and the epochs of a run."""

OLD_FILES = Path(__file__).parents[1] / "tests" / "models_0_1_0"


# Data to train on and to predict.


def features(net: fnet.Network, rows: int = ROWS) -> Any:
    """Rows `[N, D]` for a network: short decimals, which a table holds exactly."""
    x = np.random.default_rng(1).integers(-8, 9, (rows, net.sizes[0])) / 4
    if net.codes is not None:
        x[:, net.codes.features] = np.arange(rows)[:, None] % np.array(net.codes.levels)
    return x


def targets(net: fnet.Network, rows: int = ROWS) -> Any:
    """Targets for a network, every class among them."""
    outputs = net.sizes[-1]
    if net.targets == "multiclass":
        return np.arange(rows) % outputs
    if net.targets == "multilabel":
        return (np.arange(rows)[:, None] >> np.arange(outputs)) % 2
    shape = (rows, 1 if net.targets == "quantiles" else outputs)
    return np.random.default_rng(2).integers(0, 9, shape) / 2


class Call(NamedTuple):
    """A call of `train`, to be repeated with other epochs, from another start, by either engine."""

    net: fnet.Network
    optimizer: Any
    options: Any
    rows: int = ROWS
    steps: int = 2
    members: tuple[int, ...] = ()

    def start(self) -> Any:
        """The params to start from."""
        seed = np.arange(*self.members) if self.members else 0
        return reference.init_params(self.net, seed)


def train(call: Call, start: Any, epochs: int, side: Any = reference, **options: Any) -> Any:
    """The Run of a call."""
    net, rows = call.net, call.rows
    x, y = features(net, rows), targets(net, rows)
    plan = fnet.minibatch_plan(rows, -(-rows // call.steps), epochs, seed=0)
    options = {"validation": (x[:8], y[:8]), **call.options, **options}
    return side.train(net, call.optimizer, start, x, y, plan, **options)


# Files of every kind.


class Kind(NamedTuple):
    """A kind of file: what writes one, and the call of `train` that goes on with its run."""

    write: Callable[[Path], Any]
    call: Call | None = None


NAMES = ("width", "height", "age")

TREES = ("ash", "beech", "cedar")

SMALL = {"hidden_layer_sizes": (4, 3), "engine": "numpy", "max_iter": 3, "random_state": 0}
"""Arguments of small estimators."""


def _network(outputs: int = 3, members: tuple[int, ...] = (), **kinds: Any) -> tuple[Any, Any]:
    net = fnet.Network((3, 5, 4, outputs), **kinds)
    params = reference.init_params(net, np.arange(*members) if members else 0, dtype="float64")
    return net, params


def _save(what: Callable[[], Any], **fields: Any) -> Kind:
    return Kind(lambda path: fnet.save(path, what(), **fields))


def _run(
    optimizer: Any, members: tuple[int, ...] = (), again: bool = False, **options: Any
) -> Kind:
    """A Run; `again` starts another one from its state."""
    call = Call(fnet.Network((3, 4, 3), hidden="tanh"), optimizer, options, members=members)

    def write(path: Path) -> None:
        run = train(call, call.start(), EPOCHS)
        fnet.save(path, train(call, run.train_state, 1) if again else run, features=NAMES)

    return Kind(write, call)


def _checkpoint(optimizer: Any, **options: Any) -> Kind:
    call = Call(fnet.Network((3, 4, 3), hidden="tanh"), optimizer, options)

    def write(path: Path) -> None:
        train(call, call.start(), EPOCHS, callback=fnet.checkpoint(path))

    return Kind(write, call)


def _table(net: fnet.Network) -> Any:
    return pd.DataFrame(features(net), columns=NAMES)


def _classifier(
    classes: Any = None, outputs: int = 0, again: bool = False, **arguments: Any
) -> Kind:
    """A classifier of classes, or of labels; `again` fits it one epoch more."""
    net = fnet.Network((3, max(outputs, 2)), loss="sigmoid_cross_entropy")
    y = (
        targets(net)
        if outputs
        else np.array(classes or TREES)[np.arange(ROWS) % len(classes or TREES)]
    )

    def write(path: Path) -> None:
        model = fnet.MLPClassifier(**SMALL | arguments).fit(_table(net), y)
        fnet.save(path, model.partial_fit(_table(net), y) if again else model)

    return Kind(write)


def _regressor(outputs: int = 1, **arguments: Any) -> Kind:
    net = fnet.Network((3, outputs), loss="squared_error")

    def write(path: Path) -> None:
        model = fnet.MLPRegressor(**SMALL | arguments)
        fnet.save(path, model.fit(_table(net), targets(net).squeeze()))

    return Kind(write)


def _ensemble(kind: Any, y: Any, **arguments: Any) -> Kind:
    """An ensemble for a table with numbers, and with levels as text and as numbers."""
    count = 60
    table = {
        "width": np.random.default_rng(1).integers(-8, 9, count) / 4,
        "wood": [*TREES, "oak"] * (count // 4),
        "id": np.arange(count) % 4,
    }
    given = {"cv": 3, "hidden": (4,), "epochs": EPOCHS, "engine": "numpy"} | arguments

    def write(path: Path) -> None:
        model = kind(encoder=fnet.TableEncoder(embed=2), **given)
        fnet.save(path, model.fit(table, y(np.arange(count))))

    return Kind(write)


def _from_sklearn(path: Path) -> None:
    net = fnet.Network((3, 3))
    other = neural_network.MLPClassifier((4,), max_iter=3, random_state=0, early_stopping=True)
    fnet.save(path, fnet.MLPClassifier.from_sklearn(other.fit(_table(net), targets(net))))


def _from_functional(path: Path) -> None:
    net, params = _network(1, loss="squared_error", bias=False)
    fnet.save(path, fnet.MLPRegressor.from_functional(net, params))


def _command(sample: str, target: str, *options: str) -> Kind:
    def write(path: Path) -> None:
        words = ["train", f"{sample}.csv", "--target", target, "--out", str(path), "--epochs", "3"]
        words += ["--cv", "0"]
        for line in (["sample", sample, "--out", f"{sample}.csv"], [*words, *options]):
            if fnet_main([*line]) != 0:
                raise RuntimeError(f"fnet {' '.join(line)} failed")

    return Kind(write)


def _amounts(path: Path) -> None:
    """A model of a table whose numbers are not plain."""
    rows = [f'"{i},5",{i % 7},"{i * 3}%","{i * 1000},25 €"' for i in range(ROWS)]
    Path("amounts.csv").write_text("\n".join(["a,b,c,price", *rows, ""]))
    words = ["train", "amounts.csv", "--target", "price", "--out", str(path), "--epochs", "3"]
    words += ["--cv", "0"]
    if fnet_main([*words, "--hidden", "3"]) != 0:
        raise RuntimeError("fnet train failed")


OPTIMIZERS = {
    "sgd": fnet.sgd(0.1),
    "momentum": fnet.sgd(0.1, momentum=0.5),
    "nesterov": fnet.sgd(0.1, momentum=0.5, nesterov=True),
    "adam": fnet.adam(fnet.schedules.cosine(0.1, 10)),
    "adamw": fnet.adamw(0.01, weight_decay=0.01),
    "amsgrad": fnet.amsgrad(0.01),
    "nadam": fnet.nadam(0.01),
    "rmsprop": fnet.rmsprop(0.01),
    "rmsprop_momentum": fnet.rmsprop(0.01, momentum=0.5),
    "rmsprop_centered": fnet.rmsprop(0.01, centered=True),
    "rmsprop_centered_momentum": fnet.rmsprop(0.01, momentum=0.5, centered=True),
    "adagrad": fnet.adagrad(0.01),
    "lion": fnet.lion(0.01),
}
"""An optimizer of each kind."""

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"restore_best": True},
    {"patience": 9, "lr_factor": 0.5, "metrics": ("log_loss",)},
    {"tuning": fnet.Tuning(l2=0.01, ema_momentum=0.5), "restore_best": True},
    {"validation": None},
)
"""Options of runs, one after another."""

OLD_CALLS = {
    "checkpoint": Call(
        fnet.Network((2, 3, 1), hidden="tanh", loss="squared_error"),
        fnet.adam(0.01),
        {"tuning": fnet.Tuning(l2=0.01, ema_momentum=0.5), "restore_best": True},
        rows=8,
        steps=1,
    ),
    "run": Call(
        fnet.Network((5, 6, 3), hidden="gelu"), fnet.adam(0.01), {"restore_best": True}, 60, 3
    ),
}
"""The calls that go on with runs of version 0.1.0."""

KINDS: dict[str, Kind] = {
    "params": _save(lambda: _network()),
    "text classes": _save(lambda: _network(), classes=TREES, features=NAMES),
    "number classes": _save(lambda: _network(), classes=[10, 20, 40], trained={"note": [1, 2.5]}),
    "bool classes": _save(lambda: _network(1, loss="sigmoid_cross_entropy"), classes=[False, True]),
    "one class": _save(lambda: _network(1), classes=["ash"], features=NAMES),
    "labels": _save(lambda: _network(3, loss="sigmoid_cross_entropy"), classes=["a", "b", "c"]),
    "members": _save(lambda: _network(members=(2,)), features=NAMES),
    "no biases": _save(lambda: _network(1, loss="squared_error", bias=False), features=NAMES),
    "quantiles": _save(lambda: _network(3, loss="pinball")),
    "counts": _save(lambda: _network(2, loss="poisson", hidden=("relu", "tanh"))),
    **{
        f"{what} {name}": make(optimizer, **OPTIONS[i % len(OPTIONS)])
        for what, make in (("run", _run), ("checkpoint", _checkpoint))
        for i, (name, optimizer) in enumerate(OPTIMIZERS.items())
    },
    "run members": _run(fnet.adam(0.1), (2,), patience=[1, 9], restore_best=True),
    "run not finite": _run(fnet.sgd([0.1, 1e38]), (2,), on_not_finite="warn"),
    "run again": _run(fnet.adam(0.1), again=True, restore_best=True),
    "classifier": _classifier(standardize=True, early_stopping=True),
    "classifier again": _classifier(again=True, early_stopping=True),
    "classifier lbfgs": _classifier(solver="lbfgs", activation="tanh"),
    "classifier sgd": _classifier([3, 1, 2], solver="sgd", learning_rate="adaptive"),
    "classifier bools": _classifier([True, False], class_weight={True: 2.0}),
    "classifier one": _classifier(["ash"]),
    "classifier labels": _classifier(outputs=2, solver=fnet.rmsprop(0.01)),
    "classifier of scikit-learn": Kind(_from_sklearn),
    "regressor": _regressor(standardize=True, early_stopping="loss"),
    "regressor huber": _regressor(loss="huber", tuning=fnet.Tuning(l1=0.01)),
    "regressor outputs": _regressor(outputs=2, hidden_layer_sizes=()),
    "regressor of params": Kind(_from_functional),
    "ensemble classifier": _ensemble(fnet.TabularClassifier, np.array(TREES)[[0, 1, 2] * 20].take),
    "ensemble labels": _ensemble(
        fnet.TabularClassifier, lambda i: np.stack([i % 2, i % 3 == 0], axis=1).astype(int)
    ),
    "ensemble regressor": _ensemble(fnet.TabularRegressor, np.sqrt, importance=True),
    "ensemble outputs": _ensemble(
        fnet.TabularRegressor, lambda i: np.stack([np.sqrt(i), -i], axis=1), importance=True
    ),
    "ensemble quantiles": _ensemble(
        fnet.TabularRegressor, np.sqrt, quantiles=[0.1, 0.9], importance=True
    ),
    "ensemble counts": _ensemble(fnet.TabularRegressor, lambda i: i % 5, loss="poisson", repeats=2),
    "ensemble without folds": _ensemble(fnet.TabularRegressor, np.sqrt, cv=0, repeats=2),
    "trained classifier": _command("iris", "species", "--hidden", "4"),
    "trained regressor": _command("diabetes", "progression", "--hidden", "4", "--patience", "0"),
    "trained on amounts": Kind(_amounts),
    **{
        f"0.1.0 {path.stem}": Kind(
            lambda target, path=path: shutil.copy(path, target), OLD_CALLS.get(path.stem)
        )
        for path in sorted(OLD_FILES.glob("*.fnet"))
    },
}
"""Every kind of file, by name."""


def write_kind(name: str, path: Path) -> bytes:
    """The bytes of a new file of this kind."""
    KINDS[name].write(path)
    return path.read_bytes()
