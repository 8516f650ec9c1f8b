"""Metrics: scikit-learn as the oracle, both sides, and the same numbers inside a run."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle
from strategies import fewer, seeds

import fnet
from fnet import Network, reference
from fnet.core import metric_names
from fnet.core.optimizers import spec
from fnet.core.params import map_params
from fnet.engine import compiled_loop

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])
MEMBERS = st.sampled_from([(), (1,), (3,), (2, 2)])


def near(found, expected):
    """float64, of the members' shape, within 1e-12."""
    assert found.dtype == np.float64
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def of_each(members, expected, *arrays):
    """`expected(*arrays)` for each member; arrays without member axes are shared."""
    broadcast = [
        a if a is None else np.broadcast_to(a, (*members, *a.shape[-n:])) for a, n in arrays
    ]
    found = [
        expected(*(a if a is None else a[member] for a in broadcast))
        for member in np.ndindex(members)
    ]
    return np.reshape(found, members)


@st.composite
def frames(draw, least=1):
    """Member axes, a number of rows, their weights, and a random generator.

    Weights are None, or multiples of 0.5 with many zeros; at least `least` are positive.
    """
    members, rows = draw(MEMBERS), draw(st.integers(least, 9))
    rng = np.random.default_rng(draw(seeds))
    if draw(st.booleans()):
        return members, rows, None, rng
    weights = rng.integers(3, size=(*(members if draw(st.booleans()) else ()), rows)) / 2.0
    weights[..., :least] += 0.5
    return members, rows, weights, rng


@st.composite
def scored(draw, classes=(1, 6)):
    """Logits with ties and of any size, labels of some of the classes, weights and members."""
    members, rows, weights, rng = draw(frames())
    count = draw(st.integers(*classes))
    scale = draw(st.sampled_from([1e-3, 1.0, 1e4]))
    logits = scale * rng.integers(-2, 3, size=(*members, rows, count))
    labels = rng.integers(draw(st.integers(1, count)), size=logits.shape[:-1])
    if draw(st.booleans()):
        labels = labels[(0,) * len(members)]
    return logits, labels, weights


@st.composite
def estimated(draw, outputs=None, least=1):
    """Predictions and targets with ties and constants, weights and members."""
    members, rows, weights, rng = draw(frames(least))
    outputs = draw(st.integers(1, 3)) if outputs is None else outputs
    y = rng.normal(size=(*members, rows, outputs)) * draw(st.sampled_from([1.0, 1e4]))
    if draw(st.booleans()):
        y[..., 0] = 3
    off = rng.normal(size=y.shape) * draw(st.sampled_from([0.0, 1e-3, 1.0]))
    return np.where(rng.random(y.shape) < 0.2, y, y + off), y, weights


def true_labels(labels, classes, one_hot):
    return np.eye(classes)[labels] if one_hot else labels


# Against scikit-learn.


@BOTH
@given(case=scored(), one_hot=st.booleans())
@fewer(4)
def test_accuracy_and_balanced_accuracy_equal_scikit_learns(side, case, one_hot):
    logits, labels, weights = case
    arrays = (logits, 2), (labels, 1), (weights, 1)
    given_labels = true_labels(labels, logits.shape[-1], one_hot)

    def expected(score):
        def of_one(z, label, w):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about classes that are predicted but never true
                return score(label, z.argmax(axis=-1), sample_weight=w)

        return of_each(logits.shape[:-2], of_one, *arrays)

    found = side.metrics.accuracy(logits, given_labels, weights)
    near(found, expected(oracle.accuracy_score))
    found = side.metrics.balanced_accuracy(logits, given_labels, weights)
    near(found, expected(oracle.balanced_accuracy_score))


@BOTH
@given(case=scored(classes=(3, 6)), k=st.integers(1, 6), one_hot=st.booleans())
@fewer(4)
def test_top_k_accuracy_equals_scikit_learns(side, case, k, one_hot):
    """scikit-learn sorts; there are many ties here. With k = K it warns, and all rows count."""
    logits, labels, weights = case
    classes = logits.shape[-1]
    k = min(k, classes)

    def expected(z, label, w):
        if k == classes:
            return 1.0
        return oracle.top_k_accuracy_score(label, z, k=k, sample_weight=w, labels=range(classes))

    found = side.metrics.top_k_accuracy(logits, true_labels(labels, classes, one_hot), k, weights)
    near(found, of_each(logits.shape[:-2], expected, (logits, 2), (labels, 1), (weights, 1)))


@BOTH
@given(case=scored(classes=(2, 6)), one_hot=st.booleans(), exact=st.booleans())
@fewer(4)
def test_log_loss_equals_scikit_learns(side, case, one_hot, exact):
    """Also for probabilities that are exactly 0 and 1."""
    logits, labels, weights = case
    p, classes = reference.softmax(logits), logits.shape[-1]
    p = np.eye(classes)[p.argmax(axis=-1)] if exact else p

    def expected(p, label, w):
        return oracle.log_loss(label, p, sample_weight=w, labels=range(classes))

    found = side.metrics.log_loss(p, true_labels(labels, classes, one_hot), weights)
    near(found, of_each(p.shape[:-2], expected, (p, 2), (labels, 1), (weights, 1)))


@BOTH
@given(case=scored(), dtype=st.sampled_from([bool, int, float]))
@fewer(4)
def test_subset_accuracy_equals_scikit_learns(side, case, dtype):
    logits, _, weights = case
    labels = logits + np.arange(logits.shape[-2])[:, None] % 3 > 0  # wrong in some of the rows

    def expected(z, label, w):
        if label.shape[-1] == 1:  # scikit-learn would treat these as two classes
            return oracle.accuracy_score(label[:, 0], z[:, 0] > 0, sample_weight=w)
        return oracle.accuracy_score(label, z > 0, sample_weight=w)

    found = side.metrics.subset_accuracy(logits, labels.astype(dtype), weights)
    near(found, of_each(logits.shape[:-2], expected, (logits, 2), (labels, 2), (weights, 1)))


@BOTH
@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("mean_squared_error", oracle.mean_squared_error),
        ("mean_absolute_error", oracle.mean_absolute_error),
        ("r2", oracle.r2_score),
    ],
)
@given(case=estimated(least=2), short=st.booleans(), for_all=st.booleans())
@fewer(4)
def test_regression_metrics_equal_scikit_learns(side, name, score, case, short, for_all):
    predictions, y, weights = case
    y = y[(0,) * (y.ndim - 2)] if for_all else y

    def expected(a, y, w):
        return score(y, a, sample_weight=w)

    given_y = y[..., 0] if short and y.shape[-1] == 1 else y
    found = getattr(side.metrics, name)(predictions, given_y, weights)
    wanted = of_each(predictions.shape[:-2], expected, (predictions, 2), (y, 2), (weights, 1))
    size = np.maximum(np.abs(wanted), 1)
    near(found / size, wanted / size)


@BOTH
@given(case=estimated(outputs=3), own=st.booleans(), column=st.booleans())
@fewer(4)
def test_mean_pinball_loss_equals_scikit_learns(side, case, own, column):
    predictions, y, weights = case
    members = predictions.shape[:-2]
    quantiles = np.array([0.125, 0.5, 0.9])
    if own:
        quantiles = quantiles + np.linspace(0, 0.05, int(np.prod(members))).reshape(*members, 1)
    y = y[..., :1] if column else y[..., 0]

    def expected(a, y, w, quantiles):
        return np.mean(
            [
                oracle.mean_pinball_loss(y, a[:, i], alpha=q, sample_weight=w)
                for i, q in enumerate(quantiles)
            ]
        )

    found = side.metrics.mean_pinball_loss(predictions, y, quantiles, weights)
    arrays = (predictions, 2), (y, 1 + column), (weights, 1), (quantiles, 1)
    wanted = of_each(members, expected, *arrays)
    size = np.maximum(np.abs(wanted), 1)
    near(found / size, wanted / size)


# By hand, and cases that scikit-learn refuses.


@BOTH
def test_classes_without_weight_are_ignored(side):
    """Recalls 1/2 and 1: the row of class 2 has no weight, and class 3 no row."""
    logits = np.eye(4)[[0, 1, 1, 0]]
    assert side.metrics.balanced_accuracy(logits, [0, 0, 1, 2], [1, 1, 5, 0]) == 0.75
    assert side.metrics.accuracy(logits, [0, 0, 1, 2], [1, 1, 5, 0]) == 6 / 7


@BOTH
def test_ties_count_as_in_scikit_learn(side):
    logits = np.zeros((4, 4))
    assert side.metrics.accuracy(logits, [0, 1, 2, 3]) == 0.25
    for k in (1, 2, 3, 4):
        assert side.metrics.top_k_accuracy(logits, [0, 1, 2, 3], k) == k / 4
        assert side.metrics.top_k_accuracy(logits[:1], [3], k) == 1
        assert side.metrics.top_k_accuracy(logits[:1], [0], k) == (k == 4)


@BOTH
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_log_loss_clips_by_the_eps_of_the_dtype(side, dtype):
    eps = np.finfo(dtype if dtype != "int64" else "float64").eps
    certain = np.eye(2, dtype=dtype)
    near(side.metrics.log_loss(certain, [1, 0]), -np.log(np.float64(eps)))
    near(side.metrics.log_loss(certain, [0, 1]), -np.log1p(-np.float64(eps)))


@BOTH
def test_log_loss_of_rows_of_probabilities_is_the_cross_entropy(side):
    p, y = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]), np.array([[0.5, 0.5, 0], [0, 0, 1]])
    by_hand = (0.5 * np.log(2) + 0.5 * np.log(4) + 3 * np.log(4 / 3)) / 4
    near(side.metrics.log_loss(p, y, [1, 3]), by_hand)


@BOTH
@pytest.mark.parametrize("target", [0.1, 1e4 / 3, -7.0])
@pytest.mark.parametrize("weights", [None, [0.1, 0.3, 0.7, 0], [0.1, 0.2, 0.3, 0]])
def test_r2_of_constant_targets_is_1_or_0(side, target, weights):
    """Exactly: rounding of their mean does not give a variance above 0.

    With weights, the row of weight 0 has another target, which must not matter.
    """
    y = np.full(4, target)
    y[3] -= 0 if weights is None else 50 / 3
    assert side.metrics.r2(y[:, None], y, weights) == 1
    assert side.metrics.r2(y[:, None] + [[1e-3], [0], [0], [0]], y, weights) == 0


@BOTH
def test_r2_of_fewer_than_two_rows_is_nan_without_a_warning(side):
    assert np.isnan(side.metrics.r2([[1.0]], [1.0]))
    assert np.isnan(side.metrics.r2([[1.0], [2.0], [3.0]], [1, 2, 3], [0, 2, 0]))
    found = side.metrics.r2(np.ones((2, 3, 1)), [1, 2, 3], [[0, 1, 0], [0, 1, 1]])
    assert np.isnan(found).tolist() == [True, False]


@BOTH
@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "top_k_accuracy", "log_loss"])
def test_extreme_logits_have_finite_metrics(side, name):
    logits = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4], [1e4, 1e4, 1e4]])
    scores = side.softmax(logits) if name == "log_loss" else logits
    found = getattr(side.metrics, name)(scores, [1, 0, 2])
    assert np.isfinite(found)
    assert 0 <= found <= -np.log(np.finfo(float).eps)


@BOTH
def test_equal_weights_equal_no_weights_and_weight_0_leaves_rows_out(side):
    rng = np.random.default_rng(0)
    y, predictions, labels = rng.normal(size=8), rng.normal(size=(8, 3)), rng.integers(3, size=8)
    weights = np.array([1, 0, 2, 0, 1, 1, 0, 3.0])
    kept = weights > 0
    for name, scores, truth in (
        ("accuracy", predictions, labels),
        ("balanced_accuracy", predictions, labels),
        ("top_k_accuracy", predictions, labels),
        ("log_loss", reference.softmax(predictions), labels),
        ("subset_accuracy", predictions, predictions > y[:, None]),
        ("mean_squared_error", predictions, predictions * y[:, None]),
        ("mean_absolute_error", predictions[:, :1], y),
        ("r2", predictions[:, :1], y),
    ):
        measure = getattr(side.metrics, name)
        near(measure(scores, truth, weights=np.full(8, 0.3)), measure(scores, truth))
        left = measure(scores[kept], truth[kept], weights=weights[kept])
        near(measure(scores, truth, weights=weights), left)


def test_metrics_work_inside_a_tf_function():
    rng = np.random.default_rng(1)
    z, y, weights = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.random(6)
    p, labels = reference.softmax(z), rng.integers(3, size=6)

    def everything(side, z, p, y, labels, weights):
        m = side.metrics
        of_classes = (m.accuracy, m.balanced_accuracy, m.top_k_accuracy)
        of_numbers = (m.mean_squared_error, m.mean_absolute_error, m.r2)
        return [
            *(measure(z, labels, weights=weights) for measure in of_classes),
            *(measure(z, y, weights=weights) for measure in of_numbers),
            m.log_loss(p, labels, weights),
            m.subset_accuracy(z, y > 0, weights),
            m.mean_pinball_loss(z, y[:, 0], [0.1, 0.5, 0.9], weights),
        ]

    arguments = z, p, y, labels, weights
    specs = [tf.TensorSpec([None, *a.shape[1:]], a.dtype) for a in arguments]
    inside = tf.function(lambda *a: everything(fnet, *a), input_signature=specs)
    for ours, theirs in zip(
        inside(*map(tf.constant, arguments)), everything(reference, *arguments), strict=True
    ):
        near(ours.numpy(), theirs)


# Inside a run.

RNG = np.random.default_rng(3)
X = RNG.normal(size=(23, 3))
HELD = RNG.normal(size=(12, 3))
WEIGHTS = np.array([0, 1, 2, 1, 0, 3, 1, 1, 2, 1, 1, 0.5])
CLASSES, NUMBERS = RNG.integers(3, size=(2, 23)), RNG.normal(size=(23, 2))
SOFT = RNG.dirichlet(np.ones(3), size=12)
NETS = {
    "multiclass": Network((3, 4, 3), "tanh"),
    "linked": Network((3, 4, 3), "tanh", "softmax"),
    "real": Network((3, 4, 2), "tanh", "tanh", loss="squared_error"),
    "single output": Network((3, 4, 1), "tanh", loss="squared_error"),
    "counts": Network((3, 4, 2), "tanh", loss="poisson"),
    "multilabel": Network((3, 4, 2), "tanh", loss="sigmoid_cross_entropy"),
    "quantiles": Network((3, 4, 3), "tanh", loss="pinball"),
}
HELD_TARGETS = {
    "multiclass": RNG.integers(2, size=12),  # one class is absent
    "linked": SOFT,
    "real": RNG.normal(size=(12, 2)),
    "single output": RNG.normal(size=12),
    "counts": RNG.poisson(2.0, (12, 2)),
    "multilabel": RNG.integers(2, size=(12, 2)),
    "quantiles": RNG.normal(size=12),
}
TARGETS = {
    "multiclass": CLASSES[0],
    "linked": CLASSES[1],
    "real": NUMBERS,
    "single output": NUMBERS[:, 0],
    "counts": RNG.poisson(2.0, (23, 2)),
    "multilabel": RNG.integers(2, size=(23, 2)),
    "quantiles": NUMBERS[:, 1],
}
QUANTILES = [0.1, 0.5, 0.75]
EPOCHS = 4


def metrics_of(net):
    return metric_names.METRICS[net.targets]


def run_on(side, kind, seed=1, epochs=EPOCHS, rate=0.25, dtype="float64", **options):
    net = NETS[kind]
    params = reference.init_params(net, seed, dtype=dtype)
    plan = fnet.kfold_plan(23, 5, epochs, seed=7)
    options = {"validation": (HELD, HELD_TARGETS[kind], WEIGHTS)} | options
    if kind == "quantiles":
        options["tuning"] = fnet.Tuning(quantiles=QUANTILES)
    return side.train(net, side.adam(rate), params, X, TARGETS[kind], plan, **options)


def by_hand(side, kind, name, params):
    """The public metric of the results of `forward` and `predict`."""
    net, y = NETS[kind], HELD_TARGETS[kind]
    logits = reference.forward(net, params, HELD)
    scores = reference.predict(net, params, HELD) if name in metric_names.OF_PREDICTIONS else logits
    if kind == "multilabel":
        return side.metrics.subset_accuracy(scores, y, WEIGHTS)
    quantiles = (QUANTILES,) if kind == "quantiles" else ()
    return getattr(side.metrics, name)(scores, y, *quantiles, weights=WEIGHTS)


@pytest.mark.parametrize(
    ("side", "xla", "seed", "kind"),
    [
        *(pytest.param(fnet, False, [1, 2], kind, id=f"{kind}-graph, members") for kind in NETS),
        *(pytest.param(reference, None, [1, 2], kind, id=f"{kind}-twin, members") for kind in NETS),
        *(pytest.param(reference, None, 1, kind, id=f"{kind}-twin") for kind in NETS),
        pytest.param(fnet, True, [1, 2], "multiclass", id="multiclass-xla, members"),
        pytest.param(fnet, True, [1, 2], "real", id="real-xla, members"),
        pytest.param(fnet, False, 1, "linked", id="linked-graph"),
    ],
)
@pytest.mark.slow
def test_a_run_measures_the_metrics_of_each_epoch(side, kind, xla, seed):
    names = metrics_of(NETS[kind])
    run = run_on(side, kind, seed, metrics=names, xla=xla)
    history = {f"validation_{name}": [] for name in names}
    for epochs in range(1, EPOCHS + 1):
        params = run_on(reference, kind, seed, epochs, validation=None).params
        for name in names:
            history[f"validation_{name}"].append(by_hand(side, kind, name, params))
    assert list(run.history) == ["loss", "validation_loss", *history, "ended"]
    for name, expected in history.items():
        assert run.history[name].dtype == np.float64
        np.testing.assert_allclose(run.history[name], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", NETS)
def test_both_sides_measure_the_same_in_float32(kind):
    names = metrics_of(NETS[kind])
    ours, theirs = (
        run_on(side, kind, [4, 5], metrics=names, dtype="float32", xla=False).history
        for side in (fnet, reference)
    )
    assert list(ours) == list(theirs)
    for name in ours.keys() - {"ended"}:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-4)


@BOTH
def test_the_history_has_the_requested_metrics(side):
    def names(kind, **options):
        return [name for name in run_on(side, kind, epochs=0, **options).history if name != "ended"]

    assert names("multiclass") == ["loss", "validation_loss", "validation_accuracy"]
    assert names("real") == ["loss", "validation_loss"]
    assert names("multiclass", metrics=()) == ["loss", "validation_loss"]
    assert names("multiclass", validation=None) == ["loss"]
    order = ["loss", "validation_loss", "validation_accuracy", "validation_log_loss"]
    assert names("multiclass", metrics=["log_loss", "accuracy", "log_loss"]) == order


@pytest.mark.parametrize(
    ("side", "kind", "name"),
    [
        (reference, kind, name)
        for kind in ("multiclass", "single output")
        for name in metrics_of(NETS[kind])
    ]
    + [
        (fnet, "multiclass", "balanced_accuracy"),
        (fnet, "multiclass", "log_loss"),
        (fnet, "single output", "r2"),
    ],
)
def test_the_best_epoch_has_the_largest_score_or_smallest_error(side, kind, name):
    monitor = f"validation_{name}"
    options = {"metrics": (name,), "epochs": 12, "seed": [1, 2], "rate": 0.5}
    run = run_on(side, kind, monitor=monitor, restore_best=True, **options)
    values = run.history[monitor]
    larger = name.endswith("accuracy") or name == "r2"
    best = (values.argmax if larger else values.argmin)(axis=0)
    assert np.array_equal(run.train_state.best_epoch, best)
    assert (best < 11).any()  # so that the last epoch is not the best
    expected = values[best, range(2)] * (-1 if larger else 1)
    np.testing.assert_array_equal(run.train_state.best_value, expected)
    for member in range(2):
        params = map_params(lambda p, m=member: np.asarray(p)[m], run.params)
        again = by_hand(side, kind, name, params)
        np.testing.assert_allclose(again, values[best[member], member], rtol=1e-9)


@BOTH
def test_patience_waits_for_a_score_to_rise(side):
    options = {"metrics": ("r2",), "monitor": "validation_r2", "rate": 0.5}
    free = run_on(side, "single output", epochs=30, **options).history["validation_r2"]
    run = run_on(side, "single output", epochs=30, patience=3, min_delta=0.01, **options)
    best, wait, epochs = -np.inf, 0, 0
    while wait < 3:
        value, epochs = free[epochs], epochs + 1
        best, wait = (value, 0) if value > best + 0.01 else (best, wait + 1)
    assert run.history["ended"] == "patience"
    assert len(run.history["loss"]) == epochs < 30


@BOTH
def test_a_run_is_resumed_with_its_metrics_in_any_order(side):
    run = run_on(side, "multiclass", epochs=2, metrics=("accuracy", "log_loss"))
    net, plan = NETS["multiclass"], fnet.kfold_plan(23, 5, EPOCHS, seed=7)
    data = X, TARGETS["multiclass"], plan
    options = {"validation": (HELD, HELD_TARGETS["multiclass"], WEIGHTS)}
    with pytest.raises(fnet.InvalidArgument, match="the names in its history"):
        side.train(net, side.adam(0.25), run, *data, **options)
    options["metrics"] = ("log_loss", "accuracy")
    on = side.train(net, side.adam(0.25), run, *data, **options)
    broadcast = run_on(side, "multiclass", metrics=("accuracy", "log_loss"))
    for name in on.history.keys() - {"ended"}:
        np.testing.assert_array_equal(on.history[name], broadcast.history[name])


def test_other_validation_data_add_no_trace():
    compiled_loop.compiled.cache_clear()
    for seed in (1, 2):
        run_on(fnet, "multiclass", seed, metrics=("log_loss",), epochs=seed, xla=False)
    names = "loss", "validation_loss", "validation_log_loss"
    program = compiled_loop.Program(NETS["multiclass"], spec(fnet.adam(0.1)), None, names, None)
    traced = compiled_loop.compiled(program, False)
    assert traced.experimental_get_tracing_count() == 1
