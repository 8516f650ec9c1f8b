"""What `fuzz.py` does with a model that was loaded: every public use.

A use raises where something is wrong. `fuzz_refusals.py` has the errors that are right for a valid
model; everything else is a finding.
"""

import pickle
import tempfile
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from fuzz_commands import use_cli_predict, use_describe, use_describe_json, use_evaluate, use_report
from fuzz_files import ROWS, Call, features, targets, train
from fuzz_subjects import Subject, check, members, quantiles, rows, same
from sklearn.base import clone
from sklearn.pipeline import Pipeline

import fnet
from fnet.core.params import split
from fnet.encoding.records import used


class Use(NamedTuple):
    """A use of a model.

    Attributes:
        function: What uses it.
        share: The share of models that are used so.
        often: The share of those whose classes, features, scaling or history have changed.
        group: Whether it is quick, draws or needs TensorFlow.
    """

    function: Callable[[Subject], None]
    share: float = 1.0
    often: float = 1.0
    group: str = "quick"


# The model itself.


def use_repr(s: Subject) -> None:
    """The repr of the model, of its parts and of its run."""
    for value in (s.model, s.model.net, s.model.scaling, s.model.trained, s.model.run):
        check(isinstance(repr(value), str), "repr is no str")


def use_parts(s: Subject) -> None:
    """The attributes of the model are what its docstring says."""
    m, net = s.model, s.model.net
    check(isinstance(net, fnet.Network), "net is no Network")
    blocks, layers = split(net, m.params)
    check(len(layers) == len(net.layers), "params do not have an entry for each layer")
    check(len(blocks) == len(net.added), "params do not have an entry for each embedding")
    if m.features is not None:
        check(m.encoding or len(m.features) == net.sizes[0], "features do not fit")
        check(all(type(name) is str for name in m.features), "a feature has no str as its name")
    if m.classes is not None:
        check(isinstance(m.classes, np.ndarray) and m.classes.ndim == 1, "classes are no [K]")
    if m.scaling is not None:
        means, scales = m.scaling[::2], m.scaling[1::2]
        check(all(np.isfinite(mean).all() for mean in means if mean is not None), "means")
        check(all((scale > 0).all() for scale in scales if scale is not None), "a scale of 0")
    if (run := m.run) is None:
        return
    check(equal(run.params, m.params), "the run has other params than the model")
    check(equal(run.state, run.train_state.state), "the run has two states")
    now, losses = run.train_state, run.history["loss"]
    members = np.shape(now.ended)
    epoch, step = now.epoch, now.step
    check(int(epoch) == epoch >= 0 and int(step) == step >= 0, f"epoch {epoch} or step {step}")
    check(len(losses) == epoch, f"the history has {len(losses)} epochs, the run {epoch}")
    check(step < run.steps, f"step {step} of {run.steps}")
    check(all(len(v) == len(losses) for k, v in run.history.items() if k != "ended"), "lengths")
    check(np.shape(run.history["ended"]) == members, "the reason for the end does not fit")
    check((np.asarray(now.best_epoch) >= -1).all(), "the best epoch is before the first")


def equal(one: Any, other: Any) -> bool:
    """Whether two structures of tuples and arrays are equal."""
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one is other or np.array_equal(one, other, equal_nan=True)


def use_pickle(s: Subject) -> None:
    """A pickle of the model predicts the same."""
    again = pickle.loads(pickle.dumps(s.model))
    check(same(again.predict(rows(s)), s.model.predict(rows(s))), "a pickle predicts otherwise")


def use_predict(s: Subject) -> None:
    """Predictions have the shape and the kind that the docstring says."""
    m, found = s.model, s.model.predict(rows(s))
    axes = members(m)
    check(found.shape[: len(axes) + 1] == (*axes, 6), f"shape {found.shape}")
    if m.classes is not None and m.net.targets == "multiclass":
        known = {repr(name) for name in m.classes.tolist()}  # by repr, since NaN is not itself
        check({repr(name) for name in found.ravel().tolist()} <= known, "a prediction is no class")


def use_predict_proba(s: Subject) -> None:
    """Probabilities are from 0 to 1, and those of classes have the sum 1."""
    found = s.model.predict_proba(rows(s))
    check(np.isnan(found).any() or (found.min() >= 0 and found.max() <= 1.001), "no probabilities")
    if s.model.net.targets == "multiclass":
        total = found.sum(axis=-1)
        check(np.allclose(total[~np.isnan(total)], 1, atol=1e-2), "the sum is not 1")


def use_ensemble(s: Subject) -> None:
    """What an ensemble alone predicts: intervals, sets and how far its members disagree."""
    m, x, outputs = s.model, rows(s), s.model.net.sizes[-1]
    if m.ensemble is None:
        return
    spread = m.predict_std(x)
    check(len(spread) == 6 and not (spread < 0).any(), "no standard deviations")
    if m.ensemble.conformity is None:
        return
    most = 1 - 1 / (m.ensemble.conformity.rows + 1)
    for coverage in (most, most / 2):
        if m.net.targets == "multiclass":
            found = m.predict_set(x, coverage)
            check(found.shape == (6, outputs) and found.any(axis=1).all(), "an empty set")
        else:
            found = m.predict_interval(x, coverage)
            single = outputs == 1 or m.net.targets == "quantiles"
            check(found.shape == ((6, 2) if single else (6, outputs, 2)), f"shape {found.shape}")
            check(not (found[..., 0] > found[..., 1]).any(), "a lower end above the upper one")


def use_save(s: Subject) -> None:
    """The model saved again is the same model, and is saved to the same bytes once more."""
    first, second = s.path.with_suffix(".first"), s.path.with_suffix(".second")
    fnet.save(first, s.model)
    again = fnet.load(first)
    fnet.save(second, again)
    check(first.read_bytes() == second.read_bytes(), "it is saved to other bytes the second time")
    check(same(again.predict(rows(s)), s.model.predict(rows(s))), "saved, it predicts otherwise")


def use_functions(s: Subject) -> None:
    """The pure functions take the params."""
    fnet.reference.predict(s.model.net, s.model.params, features(s.model.net, 6))
    x, y = features(s.model.net, 6), targets(s.model.net, 6)
    tuning = fnet.Tuning(quantiles=quantiles(s.model.net))
    fnet.reference.grads(s.model.net, s.model.params, x, y, tuning=tuning)


# Pictures.


def use_curves(s: Subject) -> None:
    """The learning curves of the run, as a figure and in a notebook."""
    if s.model.run is not None:
        fnet.plots.learning_curves(s.model.run)
        check(isinstance(s.model.run._repr_html_(), str), "no HTML")


# The estimator.


def is_finite(predictions: Any) -> bool:
    """Whether predictions can be targets: they are finite, or classes."""
    return predictions.dtype.kind != "f" or bool(np.isfinite(predictions).all())


def use_estimator(s: Subject) -> None:
    """The estimator: its predictions, its score and its description."""
    estimator, x = s.model.estimator(), rows(s)
    found = estimator.predict(x)
    check(same(found, s.model.predict(x)), "estimator().predict disagrees with predict")
    if hasattr(estimator, "predict_proba"):
        expected = s.model.predict_proba(x)
        check(same(estimator.predict_proba(x), expected), "predict_proba disagrees")
    if is_finite(found):
        check(isinstance(estimator.score(x, found), float), "the score is no float")
    check(type(clone(estimator)) is type(estimator), "clone gives another class")
    check(isinstance(repr(estimator), str), "repr is no str")
    check(same(pickle.loads(pickle.dumps(estimator)).predict(x), found), "a pickle disagrees")
    mlp = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    net, params = mlp.functional()
    check(net == s.model.net and len(params) == len(s.model.params), "functional() is another one")
    if s.model.ensemble is not None:
        use_fitted_ensemble(s, estimator)
        return
    unknown = vars(mlp).keys() - mlp.get_params().keys() - s.attributes
    check(not unknown, f"the file has set {unknown}")
    check(mlp.n_features_in_ == net.sizes[0], "n_features_in_ disagrees")
    check(mlp.n_layers_ == len(net.sizes), "n_layers_ disagrees")
    check(mlp.n_outputs_ == net.sizes[-1], "n_outputs_ disagrees")
    if hasattr(mlp, "classes_"):
        check(same(mlp.classes_, s.model.classes), "classes_ disagree")


def use_fitted_ensemble(s: Subject, estimator: Any) -> None:
    """The attributes of an estimator of ensembles, and what it predicts."""
    m, x = s.model, rows(s)
    check(same(estimator.predict_std(x), m.predict_std(x)), "predict_std disagrees")
    check(estimator.cv_score_ is m.ensemble.cv_score, "cv_score_ disagrees")
    check(estimator.n_features_in_ == len(used(m.encoding)), "n_features_in_ disagrees")
    if m.ensemble.conformity is not None:
        most = 1 - 1 / (m.ensemble.conformity.rows + 1)
        name = "predict_set" if m.net.targets == "multiclass" else "predict_interval"
        found, expected = (getattr(each, name)(x, most) for each in (estimator, m))
        check(same(found, expected), f"{name} disagrees")


def use_estimator_html(s: Subject) -> None:
    """The estimator in a notebook."""
    html = s.model.estimator()._repr_html_()
    check("<script>alert" not in html, "a script of the file is in the HTML")


def use_partial_fit(s: Subject) -> None:
    """The estimator goes on with one more epoch."""
    estimator = s.model.estimator()
    if hasattr(estimator, "partial_fit"):
        if estimator.engine in ("auto", "tensorflow"):
            estimator.set_params(engine="numpy")
        x = rows(s, ROWS)
        if is_finite(y := estimator.predict(x)):
            estimator.partial_fit(x, y)
            check(estimator.n_iter_ == 1, "other epochs")


# Training.


def use_train(s: Subject) -> None:
    """The run goes on by one epoch."""
    goes_on(s, fnet.reference)


def use_train_tensorflow(s: Subject) -> None:
    """The run goes on by one epoch, by TensorFlow."""
    goes_on(s, fnet)


def goes_on(s: Subject, side: Any) -> None:
    """The run goes on by one epoch; without a run, a new one starts."""
    warnings.filterwarnings("ignore", ".*stopped being finite")  # where the call asks to warn
    if s.call is None or s.model.run is None:
        net = s.model.net
        call = Call(net, fnet.sgd(1e-3), {"tuning": fnet.Tuning(quantiles=quantiles(net))})
        run = train(call, s.model.params, 1, side)
        check(len(run.history["loss"]) == 1, "other epochs")
        return
    known = s.model.run
    epochs = len(known.history["loss"]) + 1
    run = train(s.call, known, epochs, side)
    ended = str(run.history["ended"])
    done = len(run.history["loss"])
    check(ended == "patience" or done == epochs == int(run.train_state.epoch), f"{done} epochs")
    state = train(s.call, known.train_state, 1, side)
    check(len(state.history["loss"]) == 1, "other epochs from the state")


def use_resume(s: Subject) -> None:
    """The call that wrote a checkpoint resumes from it."""
    if s.call is None or s.model.run is None:
        return
    path = s.path.with_suffix(".resumed")
    path.write_bytes(s.path.read_bytes())
    epochs = 3
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*was written in another environment")
        run = train(s.call, s.call.start(), epochs, callback=fnet.checkpoint(path))
    done = len(run.history["loss"])
    check(str(run.history["ended"]) == "patience" or done == epochs, f"resumed, {done} epochs")


# Exports.


def use_onnx(s: Subject) -> None:
    """The export for ONNX."""
    fnet.export(s.path.with_suffix(".onnx"), s.model)


def use_tflite(s: Subject) -> None:
    """The export for TFLite."""
    fnet.export(s.path.with_suffix(".tflite"), s.model)


def use_saved_model(s: Subject) -> None:
    """The export for TensorFlow Serving."""
    with tempfile.TemporaryDirectory() as folder:
        fnet.export(f"{folder}/model", s.model)


USES: dict[str, Use] = {
    "parts": Use(use_parts),
    "repr": Use(use_repr),
    "predict": Use(use_predict),
    "predict_proba": Use(use_predict_proba),
    "ensemble": Use(use_ensemble),
    "pickle": Use(use_pickle, 0.3),
    "functions": Use(use_functions, 0.3),
    "describe": Use(use_describe),
    "describe --json": Use(use_describe_json),
    "save": Use(use_save),
    "fnet predict": Use(use_cli_predict),
    "fnet evaluate": Use(use_evaluate),
    "estimator": Use(use_estimator),
    "estimator in a notebook": Use(use_estimator_html),
    "partial_fit": Use(use_partial_fit),
    "train": Use(use_train),
    "resume": Use(use_resume),
    "onnx": Use(use_onnx, 0.05, 0.2),
    "learning curves": Use(use_curves, 0.02, 0.3, "pictures"),
    "report": Use(use_report, 0.01, 0.05, "pictures"),
    "train by TensorFlow": Use(use_train_tensorflow, 0.002, 0.002, "tensorflow"),
    "tflite": Use(use_tflite, 0.0005, 0.0005, "tensorflow"),
    "saved_model": Use(use_saved_model, 0.0005, 0.0005, "tensorflow"),
}
"""Every use, by name."""
