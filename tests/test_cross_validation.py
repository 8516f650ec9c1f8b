"""Cross-validation whose folds are members of one run, on both sides."""

import importlib
import tracemalloc

import numpy as np
import pytest
from refusals import refused_alike
from sklearn import metrics as sklearn_metrics
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

import fnet
from fnet import Network, Tuning, reference
from fnet.core import metric_names
from fnet.core.params import map_params

BOTH = pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])

N = 30
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
LABELS = (X[:, 0] > 0.4).astype(int) + (X[:, 1] > 0.4)
TARGETS = X[:, 0] - X[:, 1] ** 2
NET = Network((3, 5, 3), hidden="tanh")
REAL = Network((3, 5, 1), hidden="tanh", loss="squared_error")
PLAN = fnet.minibatch_plan(N, 8, 5, seed=1)
GROUPS = np.repeat(np.arange(10), 3)
MASKS = [(np.arange(N) % 3 != i, np.arange(N) % 3 == i) for i in range(3)]

SPLITS = {
    "k-fold": (KFold(5), None),
    "stratified": (StratifiedKFold(3, shuffle=True, random_state=0), None),
    "grouped": (GroupKFold(3), GROUPS),
    "repeated": (RepeatedKFold(n_splits=2, n_repeats=2, random_state=0), None),
    "time series": (TimeSeriesSplit(3), None),
    "random": (ShuffleSplit(3, test_size=0.2, random_state=0), None),
    "predefined": (PredefinedSplit(np.arange(N) % 4 - 1), None),
    "pairs": ([([0, 1, 2, 3], [4, 5]), ([4, 5, 6], [7, 8, 9, 0])], None),
    "masks": (MASKS, None),
}
"""Every kind of splitter, and pairs, with groups where it takes them."""

SIDES_AND_SPLITS = [
    *(pytest.param(reference, name, id=f"{name}-twin") for name in SPLITS),
    *(pytest.param(fnet, name, id=f"{name}-tensorflow") for name in ("repeated", "time series")),
]
"""Which rows a split has is decided on the host, for both engines alike. So TensorFlow takes two:
one with several parts for each row, one with parts of different sizes."""


def arrays(params):
    return [np.asarray(p) for entry in params for p in entry if p is not None]


def validate(side, splits, net=NET, y=LABELS, plan=PLAN, **options):
    optimizer = side.adam(0.05)
    return side.cross_validate(net, optimizer, X, y, splits, plan, **options)


def start_params(members, net=NET):
    return reference.init_params(net, fnet.member_seeds(0, members), dtype="float64")


@pytest.mark.parametrize(("side", "name"), SIDES_AND_SPLITS)
def test_each_fold_equals_train_on_its_rows(side, name):
    """And its predictions, its scores and its history; float64 makes the tolerance small."""
    splits, groups = SPLITS[name]
    if hasattr(splits, "split"):
        expected = list(splits.split(X, LABELS, groups))
    else:
        expected = [tuple(np.arange(N)[part] for part in pair) for pair in splits]
    params = start_params(len(expected))
    found = validate(
        side, splits, groups=groups, params=params, tuning=Tuning(dropout=0.2), restore_best=True
    )
    assert len(found.splits) == len(expected)
    total, count = np.zeros((N, 3)), np.zeros((N, 1))
    for m, (train, held_out) in enumerate(expected):
        assert np.array_equal(found.splits[m][0], train)
        assert np.array_equal(found.splits[m][1], held_out)
        weights = np.bincount(train, minlength=N)
        alone = reference.train(
            *(NET, reference.adam(0.05), map_params(lambda p, m=m: p[m], params), X, LABELS),
            fnet.minibatch_plan(N, 8, 5, seed=1, weights=weights),
            validation=(X[held_out], LABELS[held_out]),
            tuning=Tuning(dropout=0.2, seed=fnet.member_seeds(0, m + 1)[m]),
            restore_best=True,
        )
        for p, q in zip(arrays(found.params), arrays(alone.params), strict=True):
            np.testing.assert_allclose(p[m], q, rtol=1e-10, atol=1e-10)
        for name in ("loss", "validation_loss", "validation_accuracy"):
            ours = found.history[name][:, m]
            np.testing.assert_allclose(ours, alone.history[name], rtol=1e-10)
        own = reference.predict(NET, alone.params, X[held_out])
        np.add.at(total, held_out, own)
        np.add.at(count, held_out, 1)
        for name in metric_names.METRICS["multiclass"]:
            value = getattr(reference.metrics, name)(own, LABELS[held_out])
            np.testing.assert_allclose(found.scores[name][m], value, rtol=1e-9)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    np.testing.assert_allclose(found.predictions, mean, rtol=1e-9)


@pytest.mark.parametrize(
    ("side", "xla"), [(reference, None), (fnet, False), (fnet, True)], ids=["twin", "graph", "xla"]
)
def test_held_out_rows_are_measured_in_slices(side, xla, monkeypatch):
    """Of any size: no result depends on it but by rounding."""
    splits = RepeatedKFold(n_splits=4, n_repeats=2, random_state=0)
    expected = validate(reference, splits, params=start_params(8))
    monkeypatch.setattr("fnet.core.batch_source.MAX_SLICE_ENTRIES", 8 * 5 * 3)  # 3 of 8 rows
    folder = "engine" if side is fnet else "reference"
    functions, gathered = importlib.import_module(f"fnet.{folder}.functions"), set()
    logits = functions.logits

    def spy(net, params, x, *others):
        if len(x.shape) == 3:
            gathered.add(x.shape[1])
        return logits(net, params, x, *others)

    monkeypatch.setattr(functions, "logits", spy)
    fnet.clear_cache()
    found = validate(side, splits, params=start_params(8), xla=xla)
    fnet.clear_cache()
    assert gathered <= {2, 3}
    assert gathered
    np.testing.assert_allclose(found.predictions, expected.predictions, rtol=1e-9)
    for ours, theirs in ((found.scores, expected.scores), (found.history, expected.history)):
        assert ours.keys() == theirs.keys()
        for name in ours:
            if name != "ended":
                np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-9)


def test_memory_does_not_grow_by_copies_of_the_rows():
    """Twenty splits that hold out half of the rows would copy them ten times."""
    x = RNG.normal(size=(2000, 200)).astype(np.float32)
    splits, plan = ShuffleSplit(20, test_size=0.5), fnet.minibatch_plan(len(x), 32, 1, seed=0)
    net = Network((200, 2, 1), loss="squared_error")
    tracemalloc.start()
    reference.cross_validate(net, reference.adam(0.1), x, x[:, 0], splits, plan)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * x.nbytes


@BOTH
def test_members_start_and_drop_out_by_seed_and_their_number(side):
    tuning = Tuning(dropout=0.3)
    found = validate(side, KFold(3), seed=7, tuning=tuning)
    seeds = fnet.member_seeds(7, 3)
    params = side.init_params(NET, seeds)
    given = validate(side, KFold(3), params=params, tuning=tuning._replace(seed=seeds))
    for p, q in zip(arrays(found.params), arrays(given.params), strict=True):
        assert np.array_equal(p, q)
    other = validate(side, KFold(3), seed=8, tuning=tuning)
    assert not np.array_equal(arrays(found.params)[0], arrays(other.params)[0])


def test_member_seeds_depend_on_the_seed_and_the_member_alone():
    seeds = fnet.member_seeds(3, 1000)
    assert seeds.dtype == np.uint32
    assert np.array_equal(seeds[:7], fnet.member_seeds(3, 7))
    assert len(np.unique(seeds)) == 1000
    assert not np.isin(fnet.member_seeds(4, 1000), seeds).any()


TASKS = {
    "classes": (NET, LABELS, ("accuracy", "balanced_accuracy", "top_k_accuracy", "log_loss")),
    "one-hot": (NET, np.eye(3)[LABELS], ("balanced_accuracy",)),
    "softmax output": (Network((3, 4, 3), output="softmax"), LABELS, ("accuracy", "log_loss")),
    "labels": (
        Network((3, 4, 2), loss="sigmoid_cross_entropy", output="sigmoid"),
        np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int),
        ("accuracy",),
    ),
    "targets": (REAL, TARGETS, ("mean_squared_error", "mean_absolute_error", "r2")),
    "counts": (
        Network((3, 4, 1), loss="poisson"),
        RNG.poisson(2.0, N).astype(float),
        ("r2", "mean_squared_error"),
    ),
    "quantiles": (Network((3, 4, 2), loss="pinball"), TARGETS, ("mean_pinball_loss",)),
}
"""Each kind of targets, with metrics."""


def scored(name, predictions, y, weights):
    """scikit-learn's value of a metric, from predictions."""
    if name == "log_loss":
        return sklearn_metrics.log_loss(y, predictions, sample_weight=weights, labels=range(3))
    if name == "top_k_accuracy":
        return sklearn_metrics.top_k_accuracy_score(
            y, predictions, k=2, sample_weight=weights, labels=range(3)
        )
    if name == "mean_pinball_loss":
        return np.mean(
            [
                sklearn_metrics.mean_pinball_loss(y, column, alpha=q, sample_weight=weights)
                for q, column in zip((0.25, 0.75), predictions.T, strict=True)
            ]
        )
    if name in ("accuracy", "balanced_accuracy"):
        labels = predictions > 0.5 if y.ndim == 2 else predictions.argmax(axis=1)
        return getattr(sklearn_metrics, f"{name}_score")(y, labels, sample_weight=weights)
    name = {"r2": "r2_score"}.get(name, name)
    return getattr(sklearn_metrics, name)(y, predictions, sample_weight=weights)


@BOTH
@pytest.mark.parametrize(("net", "y", "names"), TASKS.values(), ids=TASKS)
def test_scores_are_scikit_learns_on_the_predictions(side, net, y, names):
    """Every kind of targets; the weights of rows weight the held-out ones too."""
    weights = RNG.integers(1, 4, N) / 2.0
    plan = fnet.minibatch_plan(N, 8, 3, seed=1, weights=weights)
    tuning = Tuning(quantiles=[0.25, 0.75]) if net.targets == "quantiles" else None
    options = {"params": start_params(3, net), "tuning": tuning, "metrics": names}
    found = validate(side, KFold(3), net, y, plan, **options)
    assert sorted(found.scores) == sorted(names)
    assert {f"validation_{name}" for name in names} < set(found.history)
    predictions = np.asarray(found.predictions)
    labels = y.argmax(axis=1) if y.shape == (N, 3) else y
    for m, (_, held_out) in enumerate(found.splits):
        for name in names:
            expected = scored(name, predictions[held_out], labels[held_out], weights[held_out])
            np.testing.assert_allclose(found.scores[name][m], expected, rtol=1e-9)
            np.testing.assert_allclose(found.history[f"validation_{name}"][-1, m], expected)
    ensemble = side.mean_prediction(net, found.params, X)
    each = [
        reference.predict(net, map_params(lambda p, m=m: np.asarray(p)[m], found.params), X)
        for m in range(3)
    ]
    np.testing.assert_allclose(ensemble, np.mean(each, axis=0), rtol=1e-9, atol=1e-12)


@BOTH
def test_a_fold_whose_training_part_lacks_a_class_fits(side):
    lacking = np.flatnonzero(LABELS == 2)
    found = validate(
        side,
        [(np.flatnonzero(LABELS != 2), lacking)],
        class_weight="balanced",
        params=start_params(1),
    )
    assert found.scores["accuracy"] == [0.0]
    assert np.isfinite(np.asarray(found.predictions)[lacking]).all()


@BOTH
def test_rows_that_are_repeated_count_as_often(side):
    """As in a bootstrap."""
    train = RNG.integers(N, size=N)
    held_out = np.setdiff1d(np.arange(N), train)
    found = validate(side, [(train, held_out)], params=start_params(1))
    weights = np.bincount(train, minlength=N)
    plan = fnet.minibatch_plan(N, 8, 5, seed=1, weights=weights)
    params = map_params(lambda p: p[0], start_params(1))
    alone = reference.train(NET, reference.adam(0.05), params, X, LABELS, plan)
    for p, q in zip(arrays(found.params), arrays(alone.params), strict=True):
        np.testing.assert_allclose(p[0], q, rtol=1e-10, atol=1e-12)


@BOTH
def test_leave_one_out_and_one_member_that_diverges(side):
    """Every other member is as without it."""
    rates = np.full(N, 0.05)
    plain = validate(side, LeaveOneOut(), params=start_params(N), metrics=("accuracy",))
    rates[3] = 1.5e308
    with pytest.warns(RuntimeWarning, match="1 of 30 members"):
        found = side.cross_validate(
            *(NET, side.adam(rates), X, LABELS, LeaveOneOut(), PLAN),
            params=start_params(N),
            metrics=("accuracy",),
            on_not_finite="warn",
        )
    assert found.history["ended"][3] == "not finite"
    others = np.arange(N) != 3
    for p, q in zip(arrays(found.params), arrays(plain.params), strict=True):
        np.testing.assert_allclose(p[others], q[others], rtol=1e-10, atol=1e-12)


def bad(splits, **options):
    return lambda side: validate(side, splits, **options)


REFUSED = {
    "no splitter": (bad(5), r"splits must be a splitter .* or pairs .*; got 5"),
    "a name": (bad("kfold"), "splits must be a splitter .*; got 'kfold'"),
    "nothing": (bad([]), r"at least one; got \[\]"),
    "no pairs": (bad([[1, 2, 3]]), r"or pairs \(training rows, held-out rows\)"),
    "no training rows": (bad([([], [1])]), "training rows of split 0 must be at least one row"),
    "no held-out rows": (
        bad([([1], [2]), ([1], [])]),
        "held-out rows of split 1 must be at least one row; got none",
    ),
    "a row too many": (
        bad([([1, 30], [2])]),
        "training rows of split 0 must be from 0 to 29, since x has 30 rows; got 30",
    ),
    "a negative row": (bad([([1], [-1])]), "held-out rows of split 0 must be from 0 .* got -1"),
    "numbers that are no rows": (bad([([1.5], [1])]), "split 0 must be row numbers, .* float64"),
    "masks of other rows": (
        bad([(np.ones(4, bool), [1])]),
        r"must be row numbers, or a mask of the 30 rows of x; got bool of shape \[4\]",
    ),
    "too many folds": (bad(KFold(31)), "splits: Cannot have number of splits n_splits=31"),
    "groups missing": (bad(GroupKFold(3)), "splits: The 'groups' parameter should not be None"),
    "groups without a splitter": (
        bad([([1], [2])], groups=GROUPS),
        "groups go with a splitter, as GroupKFold",
    ),
    "groups of other rows": (bad(GroupKFold(3), groups=[1, 2]), "splits: Found input variables"),
    "a plan of other rows": (
        bad(KFold(3), plan=fnet.full_batch_plan(4, 1)),
        "plan was made for 4 rows, but x has 30",
    ),
    "params of other members": (
        bad(KFold(3), params=start_params(2)),
        r"params must have the member axis \[3\], one for each split; got \[2\]",
    ),
    "a seed of each member": (bad(KFold(3), seed=[1, 2, 3]), "seed must be an integer from 0"),
    "another metric": (bad(KFold(3), metrics=("r2",)), "metrics under softmax_cross_entropy must"),
    "weights that leave a split nothing": (
        bad(KFold(2), plan=fnet.full_batch_plan(N, 1, np.arange(N) < 15)),
        r"weights of the training rows of a split must not all be 0; .*, for member \[0\] too",
    ),
    "weights that leave nothing to score": (
        bad([(range(30), range(15, 30))], plan=fnet.full_batch_plan(N, 1, np.arange(N) < 15)),
        r"weights of the rows that a split holds out must not all be 0",
    ),
}


@pytest.mark.parametrize(("call", "match"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, match):
    refused_alike(call, match)


def test_an_unknown_argument_is_a_type_error_with_a_suggestion():
    with pytest.raises(TypeError, match="cross_validate.. has no argument 'metric'.*metrics"):
        validate(reference, KFold(3), metric=("accuracy",))


def test_splitters_see_labels_where_y_is_one_hot():
    one_hot = validate(reference, StratifiedKFold(3), y=np.eye(3)[LABELS])
    labels = validate(reference, StratifiedKFold(3))
    for ours, theirs in zip(one_hot.splits, labels.splits, strict=True):
        assert all(map(np.array_equal, ours, theirs))
