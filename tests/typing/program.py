"""A user's program, as a type checker sees it: it must pass `mypy --strict`."""

from pathlib import Path

import numpy as np

import fnet
from fnet import reference


def train(seed: int) -> fnet.Run:
    """Digits by the pure functions."""
    x, x_test, y, y_test = fnet.datasets.load_digits(scale=True)
    net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
    params = fnet.init_params(net, seed=seed, scheme=("he_normal", "zeros"), dtype="float32")
    first: fnet.Layer = params[0]
    print(first.w.shape, fnet.loss(net, params, x, y), fnet.grads(net, params, x, y)[0].w)

    adam = fnet.adam(learning_rate=fnet.schedules.cosine(0.005, decay_steps=1000))
    state = adam.init(params)
    params, state = fnet.update(adam, params, state, fnet.grads(net, params, x, y))
    steps: int = int(state.step)
    print(steps)

    plan = fnet.kfold_plan(len(x), batch_size=64, epochs=5, seed=seed)
    return fnet.train(
        net,
        adam,
        params,
        x,
        y,
        plan,
        tuning=fnet.Tuning(l2=1e-4, dropout=[0.1]),
        validation=(x_test, y_test),
        metrics=("accuracy", "log_loss"),
        monitor="validation_loss",
        patience=3,
        restore_best=True,
        callback=lambda run: print(run.history["loss"]),
    )


def go_on(run: fnet.Run, path: Path) -> float:
    """The same run again from a file, and its twin."""
    fnet.save(path, run, classes=[str(digit) for digit in range(10)])
    model = fnet.load(path)
    rows = np.zeros((3, 64))
    labels = model.predict(rows)
    same = reference.predict(run.net, run.params, rows)
    figure = fnet.plots.learning_curves(run)
    print(labels, same.shape, figure, run.train_state.best_epoch)
    return float(reference.accuracy(same, [0, 1, 2]))


def look_inside(net: fnet.Network, params: tuple[fnet.Layer, ...], x: list[list[float]]) -> float:
    """The values of a step, and pictures of them."""
    trace = reference.trace(net, params, x, [0] * len(x))
    print(trace, trace.z[1].shape, trace.delta[len(net.layers)].mean())
    figure = fnet.plots.network(net, params, trace, row=1)
    axes = fnet.plots.gradient_flow([trace.grads], epochs=[3], ax=figure.axes[0])
    regions = fnet.plots.decision_regions(
        (net, params), x, [0] * len(x), features=(0, 2), at={1: 0.5, "feature 3": 2.0}
    )
    print(axes.get_title(), regions)
    return float(trace.loss)


def table(x: list[list[float]], y: list[str]) -> list[str]:
    """scikit-learn's way."""
    model = fnet.MLPClassifier((30,), activation="tanh", solver="adam", random_state=0)
    names: list[str] = model.fit(x, y).predict(x).tolist()
    return names


def search(x: list[list[float]], y: list[str]) -> dict[str, object]:
    """Hyperparameters by scikit-learn's searches."""
    model = fnet.MLPClassifier((30,))
    grid = fnet.GridSearchCV(model, {"alpha": [0.0, 0.1]}, cv=3, scoring="accuracy").fit(x, y)
    print(grid.cv_results_["mean_test_score"], grid.best_estimator_, grid.best_score_)
    randomized = fnet.RandomizedSearchCV(model, {"alpha": [0.0, 0.1]}, n_iter=2, random_state=0)
    return randomized.fit(x, y).best_params_
