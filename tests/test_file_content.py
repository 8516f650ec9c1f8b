"""The content of a file with a right checksum: what `load` lets pass works everywhere."""

import contextlib
import json
import tracemalloc
import warnings

import numpy as np
import pytest
from sklearn.utils._param_validation import make_constraint

import fnet
from fnet import (
    FormatError,
    InvalidArgument,
    Layer,
    MLPClassifier,
    MLPRegressor,
    Network,
    Tuning,
    reference,
)
from fnet.core.optimizers import MOMENTS, Optimizer
from fnet.core.params import map_params
from fnet.core.scaling import Scaling
from fnet.core.schedules import Schedule
from fnet.files import codec, estimators, format, regular, run_checks, schema, values

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4))
LABELS = RNG.integers(3, size=20)
NET = Network((4, 5, 3))
PARAMS = reference.init_params(NET, 0)


def trained(net=NET, y=LABELS, optimizer=None, seed=0, **options):
    params = reference.init_params(net, seed)
    plan = fnet.kfold_plan(20, 5, epochs=3, seed=0)
    return reference.train(net, optimizer or fnet.adam(0.1), params, X, y, plan, **options)


def fitted(estimator, y, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator(
            hidden_layer_sizes=(5,), max_iter=3, random_state=0, standardize=True, **arguments
        ).fit(X, y)


def content(what, **named):
    return schema.check_content(schema.content_of(what, **named))


RUN = content(trained(validation=(X, LABELS)))
MEMBERS = content(trained(seed=[0, 1]))
CLASSIFIER = content(fitted(MLPClassifier, LABELS, early_stopping="loss"))
REGRESSOR = content(fitted(MLPRegressor, X[:, 0]))


def forge(path, found):
    """Write a Content that was not checked, with every sum right."""
    encoded, arrays = codec.encode(found)
    path.write_bytes(format.to_bytes(json.loads(json.dumps(encoded)), arrays))
    return path


def refuse(path, found, match=None):
    """The file of this Content is refused by one line that names it."""
    forge(path, found)
    with pytest.raises(FormatError, match=match) as caught:
        fnet.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    assert len(message) < 2000


# Runs.


def of_run(found=RUN, **fields):
    return found._replace(run=found.run._replace(**fields))


def of_state(found=RUN, **fields):
    return of_run(found, train_state=found.run.train_state._replace(**fields))


def of_history(found=RUN, drop=(), **fields):
    history = {k: v for k, v in (found.run.history | fields).items() if k not in drop}
    return of_run(found, history=history)


def of_moments(moments, found=RUN):
    state = found.run.state._replace(moments=moments)
    return of_state(of_run(found, state=state), state=state)


LOSSES = np.zeros(3)
MOMENT = RUN.run.state.moments[0]

BAD_RUNS = {
    "no loss": of_history(drop=["loss"]),
    "no reason": of_history(drop=["ended"]),
    "loss is a number": of_history(loss=0.5),
    "loss is a scalar": of_history(loss=np.float64(0.5)),
    "loss is a list": of_history(loss=[0.5, 0.5, 0.5]),
    "loss of integers": of_history(loss=np.zeros(3, int)),
    "loss of float32": of_history(loss=np.zeros(3, np.float32)),
    "loss of fewer epochs": of_history(loss=np.zeros(2)),
    "validation of fewer epochs": of_history(validation_loss=np.zeros(2)),
    "unknown name": of_history(mse=LOSSES),
    "metric of other targets": of_history(validation_r2=LOSSES),
    "no member axis": of_history(MEMBERS, loss=LOSSES),
    "another reason": of_history(ended="<script>"),
    "reason is a number": of_history(ended=np.float64(1)),
    "one reason for members": of_history(MEMBERS, ended="epochs"),
    "reasons are a list": of_history(MEMBERS, ended=["epochs", "epochs"]),
    "history is a list": of_run(history=[LOSSES]),
    "another optimizer": of_run(optimizer="sgd"),
    "unknown optimizer": of_run(optimizer="<script>"),
    "rows are a float": of_run(rows=20.0),
    "too many rows": of_run(rows=10**400),
    "xla is 1": of_run(xla=1),
    "other params": of_run(params=map_params(lambda array: array + 1, RUN.params)),
    "another state": of_run(state=RUN.run.state._replace(step=np.int64(5))),
    "no moments": of_moments(()),
    "a moment too many": of_moments((MOMENT,) * 3),
    "moments of float64": of_moments((map_params(lambda a: a.astype(float), MOMENT),) * 2),
    "moments are a text": of_moments("ab"),
    "moments are lists": of_moments(tuple([[a.tolist() for a in e] for e in MOMENT] * 2)),
    "step of the optimizer below 0": of_run(
        *(RUN,), state=RUN.run.state._replace(step=np.int64(-1))
    ),
    "epoch is a list": of_state(epoch=[3]),
    "step of an epoch": of_state(step=np.int64(4)),
    "params with inf": of_state(params=map_params(lambda a: a + np.inf, RUN.params)),
    "best is None": of_state(best=None),
    "best is a list": of_state(best=list(RUN.params)),
}
NUMBERS = {
    "lr_scale": [0.0, 2.0, np.nan],
    "best_value": [np.nan],
    "best_epoch": [-5, 1.5],
    "wait": [-1, 1e300],
    "ended": [np.int32(3), np.int32(-1)],
    "ended_at": [-2],
    "epoch": [-5, 1.5, np.nan, 1e300, 2**62, 4],
    "step": [-1, 0.5],
    "loss_sum": [1],
    "weight_sum": [np.nan, -1.0, np.inf],
}


@pytest.mark.parametrize("name", BAD_RUNS)
def test_runs_that_would_fail_later_are_refused(name, tmp_path):
    refuse(tmp_path / "a.fnet", BAD_RUNS[name])


def test_moments_that_are_not_finite_are_saved(tmp_path):
    """A run that diverged may have such; each of its two states has arrays of its own."""
    run = RUN.run
    state, same_state = (
        run.state._replace(moments=tuple(map_params(lambda a: a * np.nan, m) for m in moments))
        for moments in (run.state.moments, run.state.moments)
    )
    run = run._replace(state=state, train_state=run.train_state._replace(state=same_state))
    fnet.save(tmp_path / "a.fnet", run)
    assert np.isnan(fnet.load(tmp_path / "a.fnet").run.state.moments[0][0].w).all()


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, found in NUMBERS.items() for value in found]
)
def test_numbers_of_a_run_out_of_range_are_refused(name, value, tmp_path):
    assert NUMBERS.keys() == run_checks.STATE.keys()
    refuse(tmp_path / "a.fnet", of_state(**{name: np.asarray(value)}), f"{name} |epochs")


@pytest.mark.parametrize("name", run_checks.STATE)
def test_numbers_of_a_run_of_another_shape_are_refused(name, tmp_path):
    """A number that may have the member axes has them or none."""
    is_each = run_checks.STATE[name][1]
    found = getattr(MEMBERS.run.train_state, name)
    if is_each is None:
        for value in (np.float64(2), np.full(2, 2.0)):
            loaded = fnet.load(forge(tmp_path / "a.fnet", of_state(MEMBERS, **{name: value})))
            assert np.array_equal(getattr(loaded.run.train_state, name), value)
    others = [found[0], found[:1]] if is_each else [np.array([found] * 3), np.array([found])]
    for other in others:
        refuse(tmp_path / "a.fnet", of_state(MEMBERS, **{name: other}), name)


# Estimators.


def of_estimator(found, **fitted_attributes):
    estimator = found.estimator
    return found._replace(estimator=estimator._replace(fitted=estimator.fitted | fitted_attributes))


def of_arguments(found, **arguments):
    estimator = found.estimator
    return found._replace(estimator=estimator._replace(arguments=estimator.arguments | arguments))


@pytest.mark.parametrize("found", [CLASSIFIER, REGRESSOR], ids=["classifier", "regressor"])
@pytest.mark.parametrize(
    "name",
    ["_doc_link_module", "_doc_link_template", "note_", "predict", "_fit", "__class__", "_net_"],
)
def test_attributes_that_no_fit_sets_are_refused(found, name, tmp_path):
    refuse(tmp_path / "a.fnet", of_estimator(found, **{name: "<script>"}), "is none")


def test_a_regressor_has_no_classes(tmp_path):
    changed = of_estimator(REGRESSOR, classes_=np.arange(2))
    refuse(tmp_path / "a.fnet", changed, "'classes_' is none")


def test_attributes_of_the_user_are_not_saved(tmp_path):
    model = fitted(MLPClassifier, LABELS)
    fnet.save(tmp_path / "a.fnet", model)
    model.note_, model._doc_link_module = "mine", "<script>"
    fnet.save(tmp_path / "b.fnet", model)
    assert (tmp_path / "a.fnet").read_bytes() == (tmp_path / "b.fnet").read_bytes()
    assert not hasattr(fnet.load(tmp_path / "b.fnet").estimator(), "note_")


@pytest.mark.parametrize("value", [{"<b>": 1}, 1e300, "<script>", [1], PARAMS])
@pytest.mark.parametrize("name", estimators.FITTED)
def test_attributes_of_another_kind_are_refused(name, value, tmp_path):
    if isinstance(value, float) and name in ("loss_", "best_loss_", "best_validation_score_"):
        value = "a number as text"
    match = name.removeprefix("_")
    refuse(tmp_path / "a.fnet", of_estimator(CLASSIFIER, **{name: value}), match)


FITTED = CLASSIFIER.estimator.fitted
STATE = FITTED["_train_state"]

CONTRADICTIONS = {
    "_net": Network((4, 5, 3), "tanh"),
    "coefs_": [w + 1 for w in FITTED["coefs_"]],
    "intercepts_": FITTED["intercepts_"][:1],
    "n_layers_": 4,
    "n_outputs_": 2,
    "n_features_in_": 5,
    "out_activation_": "logistic",
    "scaling_": None,
    "classes_": np.array([2, 1, 0]),
    "feature_names_in_": np.array(list("abcd"), object),
    "_train_state": STATE._replace(state=STATE.state._replace(moments=STATE.state.moments[:1])),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_attributes_that_contradict_the_model_are_refused(name, tmp_path):
    refuse(tmp_path / "a.fnet", of_estimator(CLASSIFIER, **{name: CONTRADICTIONS[name]}))


@pytest.mark.parametrize("name", [*estimators.ALWAYS, *estimators.OF_A_CLASSIFIER])
def test_attributes_that_every_fit_sets_must_be_there(name, tmp_path):
    estimator = CLASSIFIER.estimator
    fewer = {key: value for key, value in estimator.fitted.items() if key != name}
    found = CLASSIFIER._replace(estimator=estimator._replace(fitted=fewer))
    refuse(tmp_path / "a.fnet", found, f"must have {name}")


def test_the_model_and_its_estimator_cannot_be_saved_with_different_names(tmp_path):
    model = fitted(MLPClassifier, LABELS)
    with pytest.raises(InvalidArgument, match="classes_ of the estimator must agree"):
        fnet.save(tmp_path / "a.fnet", model, classes=["x", "y", "z"])
    fnet.save(tmp_path / "a.fnet", model, features=list("abcd"))


def test_the_list_of_attributes_is_what_fits_set():
    import sklearn.neural_network

    options = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = [
            MLPClassifier(**options, early_stopping=True).fit(X, LABELS),
            MLPRegressor(**options, solver="lbfgs").fit(X, X),
            MLPRegressor(**options, quantiles=(0.1, 0.9)).fit(X, X[:, 0]),
            MLPClassifier.from_functional(NET, PARAMS),
            MLPClassifier.from_sklearn(
                sklearn.neural_network.MLPClassifier(**options, early_stopping=True).fit(X, LABELS)
            ),
        ]
    found = [vars(model).keys() - model.get_params().keys() for model in models]
    assert set().union(*found) | {"feature_names_in_"} == estimators.FITTED.keys()
    assert set(estimators.ALWAYS) <= set.intersection(*found)


@pytest.mark.parametrize("found", [CLASSIFIER, REGRESSOR], ids=["classifier", "regressor"])
def test_the_arguments_are_all_there_and_no_others(found, tmp_path):
    estimator = found.estimator
    for arguments in (
        {**estimator.arguments, "solver_": "adam"},
        {k: v for k, v in estimator.arguments.items() if k != "solver"},
    ):
        changed = found._replace(estimator=estimator._replace(arguments=arguments))
        refuse(tmp_path / "a.fnet", changed, "the arguments of MLP.* must be hidden_layer_sizes")


PROBES = [
    *(None, True, np.True_, 0, 1, -1, 2**32 - 1, 2**32, 0.0, 0.5, 1.0, 1e300, -0.5, 1.5),
    *(float("nan"), float("inf"), float("-inf"), np.float64(0.5), np.float32(0.5), np.int64(3)),
    *("", "auto", "adam", "lbfgs", "bar", "loss", "relu", "logistic", "balanced", "constant"),
    *("invscaling", "squared_error", "pinball", "softmax_cross_entropy", "numpy", "verbose"),
]


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_arguments_are_valid_in_a_file_where_scikit_learn_takes_them(kind):
    known = estimators.ARGUMENTS | estimators.OWN_ARGUMENTS[kind.__name__]
    constraints = kind._parameter_constraints
    assert known.keys() == constraints.keys() == kind().get_params().keys()
    for name, valid in known.items():
        checks = list(map(make_constraint, constraints[name]))
        for value in PROBES:
            takes = any(check.is_satisfied_by(value) for check in checks)
            assert valid(value) == takes, (name, value)


BAD_ARGUMENTS = {
    "alpha": [10**400],
    "hidden_layer_sizes": [(5, "a"), [[5]], np.array([[5]]), {}],
    "activation": [["relu", "<b>"], [["relu"]]],
    "solver": [
        Optimizer("adam", {}),
        Optimizer("adam", {"learning_rate": "a function"}),
        fnet.adam([0.1, 0.2]),
    ],
    "learning_rate": [
        Schedule("cosine", {"decay_steps": np.float64(3)}),
        fnet.schedules.cosine([0.1, 0.2], 100),
    ],
    "tuning": [Tuning(l2="x"), Tuning(l2=-1.0), Tuning(delta=1.0), {"l2": 1.0}],
    "class_weight": [{"a": "b"}, {NET: 1.0}, [{"a": -1.0}], [["balanced"]]],
    "callback": ["print"],
    "engine": [np.array(["numpy"])],
    "tol": [[1e-4]],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, found in BAD_ARGUMENTS.items() for value in found]
)
def test_arguments_that_no_estimator_takes_are_refused(name, value, tmp_path):
    refuse(tmp_path / "a.fnet", of_arguments(CLASSIFIER, **{name: value}))


def test_weights_of_other_classes_are_refused(tmp_path):
    weights = {0: 2.0, 7: 1.0}
    refuse(tmp_path / "a.fnet", of_arguments(CLASSIFIER, class_weight=weights), "not in class_weig")


def test_an_estimator_goes_with_the_targets_of_its_network(tmp_path):
    for found, other in ((CLASSIFIER, "MLPRegressor"), (REGRESSOR, "MLPClassifier")):
        estimator = found.estimator._replace(name=other)
        refuse(tmp_path / "a.fnet", found._replace(estimator=estimator), "network of its targets")


def test_a_file_holds_a_run_or_an_estimator(tmp_path):
    both = RUN._replace(estimator=CLASSIFIER.estimator)
    refuse(tmp_path / "a.fnet", both, "a run, an estimator or neither")


def test_curves_of_an_estimator_are_as_long_as_each_other(tmp_path):
    short = of_estimator(CLASSIFIER, loss_curve_=FITTED["loss_curve_"][:1])
    refuse(tmp_path / "a.fnet", short, "loss_curve_")


# Scaling, classes and features.


@pytest.mark.parametrize(
    ("found", "scaling"),
    [
        (CLASSIFIER, Scaling(np.zeros(4), np.full(4, np.nan))),
        (CLASSIFIER, Scaling(np.zeros(4), np.zeros(4))),
        (CLASSIFIER, Scaling(np.zeros(4), -np.ones(4))),
        (CLASSIFIER, Scaling(np.full(4, np.inf), np.ones(4))),
        (CLASSIFIER, Scaling(np.zeros(4, bool), np.ones(4))),
        (CLASSIFIER, Scaling([0.0] * 4, np.ones(4))),
        (CLASSIFIER, Scaling(np.zeros(4), np.ones(4), np.zeros(3), np.ones(3))),
        (REGRESSOR, Scaling(np.zeros(4), np.ones(4), np.zeros(1), None)),
        (REGRESSOR, Scaling(np.zeros(4), np.ones(4), None, np.ones(1))),
    ],
)
def test_a_scaling_that_spoils_predictions_is_refused(found, scaling, tmp_path):
    changed = found._replace(scaling=scaling, estimator=None)
    refuse(tmp_path / "a.fnet", changed, "[Ss]cal")


@pytest.mark.parametrize(
    "classes", [({}, {}, {}), ("a", "b", "c"), [1, 2, 3], "abc", 5, np.zeros((3, 1))]
)
def test_classes_in_a_file_are_an_array(classes, tmp_path):
    refuse(tmp_path / "a.fnet", RUN._replace(classes=classes), "classes")


@pytest.mark.parametrize(
    "classes",
    [np.array([0, 0, 1]), np.array([0.0, 1.0, np.nan]), np.array(["a", "b", "a"])]
    + [np.array(["a", "b", 1], object), np.array(["a", "b", "a"], object)],
    ids=repr,
)
def test_classes_of_an_estimator_are_of_one_kind_and_each_once(classes, tmp_path):
    found = of_estimator(CLASSIFIER, classes_=classes)._replace(classes=classes)
    refuse(tmp_path / "a.fnet", found, "classes_")


def test_names_that_would_take_too_much_memory_as_an_array_are_refused(tmp_path):
    names = ["x" * (schema.MAX_NAMES_SIZE // 4), "a", "b", "c", "d"]
    path, net = tmp_path / "a.fnet", Network((5, 5))
    found = schema.Content(net, reference.init_params(net, 0))
    for named in ({"features": tuple(names)}, {"classes": np.array(names, object)}):
        with pytest.raises(InvalidArgument, match="Shorten the longest"):
            schema.check_content(found._replace(**named))
        short = {key: value[1:] for key, value in named.items()}
        with pytest.raises(InvalidArgument, match="must be"):
            schema.check_content(found._replace(**short))
    fnet.save(path, (net, found.params), features=["x" * 10_000, *names[1:]])
    assert len(fnet.load(path).features[0]) == 10_000


# How it was trained.

RECORDS = {
    "a network": {"net": NET},
    "params": [PARAMS],
    "a run": RUN.run,
    "a state": (RUN.run.train_state,),
    "a scaling": {"a": [Scaling(np.zeros(4), np.ones(4))]},
    "a key": {NET: 1},
    "an optimizer of no kind": fnet.adam(0.1)._replace(kind="<b>"),
    "an optimizer without numbers": Optimizer("adam", {}),
    "an optimizer of text": Optimizer("adam", {"learning_rate": "<b>"}),
    "a schedule of no kind": Schedule("<b>", {}),
    "a tuning of text": Tuning(l2="<b>"),
    "notations": {"notations": {"a": {"decimal": ",", "more": 5}}},
    "a notation": {"notations": {"a": 5}},
    "notations of numbers": {"notations": {"a": {"decimal": 5}}},
    "missing": {"missing": 5},
    "missing numbers": {"missing": [5]},
    "sha256": {"sha256": np.zeros(3)},
    "call": {"call": {"data": np.zeros(3)}, "machine": {}},
    "machine": {"call": {}, "machine": {5: 5}},
    "machine of arrays": {"call": {}, "machine": {"threads": np.zeros(3)}},
}


@pytest.mark.parametrize("name", RECORDS)
def test_records_of_a_training_that_no_command_can_use_are_refused(name, tmp_path):
    path = tmp_path / "a.fnet"
    refuse(path, content((NET, PARAMS))._replace(trained=RECORDS[name]), "trained")
    path.unlink()
    with pytest.raises(InvalidArgument):
        fnet.save(path, (NET, PARAMS), trained=RECORDS[name])
    assert list(tmp_path.iterdir()) == []


def test_free_records_of_a_training_are_kept(tmp_path):
    record = {
        "rate": fnet.adam(fnet.schedules.cosine(0.1, 100)),
        "all": [Tuning(l2=0.1), (None, True, 1.5, "x", np.arange(3), np.array(["a", 1], object))],
        ("a", 1): {2: {3.5: None}},
    }
    fnet.save(tmp_path / "a.fnet", (NET, PARAMS), trained=record)
    assert fnet.load(tmp_path / "a.fnet").trained.keys() == record.keys()


OPTIMIZERS = [
    *(fnet.sgd(0.1), fnet.sgd(0.1, 0.9), fnet.sgd(0.1, [0.5, 0.9], nesterov=True)),
    *(fnet.adam(fnet.schedules.exponential(0.1, 10, 0.5)), fnet.amsgrad(0.1), fnet.nadam(0.1)),
    *(fnet.rmsprop(0.1), fnet.rmsprop(0.1, momentum=0.5), fnet.rmsprop(0.1, centered=True)),
    *(fnet.rmsprop(0.1, momentum=0.5, centered=True), fnet.adagrad(0.1), fnet.lion(0.1)),
    fnet.adamw(0.1, weight_decay=[0.1, 0.2], decay_biases=True),
]


def test_every_kind_of_optimizer_is_known_and_may_not_be_changed():
    assert values.OPTIMIZERS.keys() == MOMENTS.keys() == {one.kind for one in OPTIMIZERS}
    for one in OPTIMIZERS:
        assert values.is_optimizer(one)
        given = one.hyperparameters
        others = [given | {"more": np.float64(0)}, given | {"learning_rate": np.float64(-1)}]
        needed = given.keys() - {"weight_decay", "bias_decay"}
        others += [{k: v for k, v in given.items() if k != name} for name in needed]
        others += [given | {name: "x"} for name in given]
        others += [given | {name: np.float32(0.5)} for name in given]
        for found in others:
            assert not values.is_optimizer(one._replace(hyperparameters=found)), found


# Memory.


def peak(path):
    tracemalloc.start()
    with contextlib.suppress(FormatError):
        fnet.load(path)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


WIDE = Network((1, 15_000))
WIDE_PARAMS = (Layer(np.zeros((1, 15_000), np.float32), np.zeros(15_000, np.float32)),)
NAMES = ["x" * 90_000, *("a" for _ in range(14_999))]


@pytest.mark.parametrize(
    "found",
    [
        schema.Content(WIDE, WIDE_PARAMS, classes=NAMES),
        schema.Content(WIDE, WIDE_PARAMS, classes=np.array(NAMES, object)),
        schema.Content(WIDE, WIDE_PARAMS, trained=NAMES),
        schema.Content(WIDE, NAMES),
        schema.Content(WIDE, (tuple(NAMES), None)),
        schema.Content(WIDE, (Layer(NAMES, NAMES),)),
        schema.Content(
            Network((15_000, 1)),
            (Layer(np.zeros((15_000, 1), np.float32), np.zeros(1, np.float32)),),
            features=NAMES,
        ),
        of_history(loss=NAMES),
        of_history(ended=NAMES),
        of_state(epoch=NAMES),
        of_state(best=NAMES),
        of_moments(NAMES),
        of_moments((NAMES[:5000],)),
        of_arguments(CLASSIFIER, tuning=Tuning(l2=NAMES)),
        of_arguments(CLASSIFIER, hidden_layer_sizes=NAMES),
        of_arguments(CLASSIFIER, solver=Optimizer("sgd", {"learning_rate": NAMES})),
        of_estimator(CLASSIFIER, coefs_=NAMES),
        of_estimator(CLASSIFIER, loss_curve_=NAMES),
        CLASSIFIER._replace(scaling=Scaling(NAMES, NAMES)),
    ],
)
def test_one_long_name_among_many_does_not_multiply_the_memory(found, tmp_path):
    path = forge(tmp_path / "a.fnet", found)
    assert peak(path) < 3 * path.stat().st_size + (16 << 20)


def test_a_sparse_file_is_refused_before_it_is_read(tmp_path):
    size = 1 << 40
    header = '{"__metadata__":{"fnet":"%s"},"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}'
    text = '{"arrays":{"a":"x"},"content":null}'
    found = f"1 {format._sha256(text)} {text}".replace('"', '\\"')
    data = (header % (found, size, size)).encode()
    path = tmp_path / "a.fnet"
    with open(path, "wb") as file:
        file.write(len(data).to_bytes(8, "little") + data)
        file.truncate(8 + len(data) + size)
    if path.stat().st_blocks * 512 > 1 << 20:
        pytest.skip("the file system has no sparse files")
    with pytest.raises(FormatError, match="this sparse file says 1099511627"):
        fnet.load(path)
    assert peak(path) < 1 << 20


def test_a_file_system_that_reports_no_blocks_is_believed_if_there_is_no_hole(
    tmp_path, monkeypatch
):
    net = Network((10, 10))
    fnet.save(tmp_path / "a.fnet", (net, reference.init_params(net, 0)))
    monkeypatch.setattr(regular, "BLOCK_BYTES", 0)
    monkeypatch.setattr(regular, "MAX_SPARSE_BYTES", 0)
    fnet.load(tmp_path / "a.fnet")


def test_too_little_memory_is_an_error_of_the_system(tmp_path, monkeypatch):
    def too_little(*_):
        raise MemoryError("Unable to allocate 20 GiB")

    path = tmp_path / "a.fnet"
    fnet.save(path, (NET, PARAMS))
    monkeypatch.setattr(np, "empty", too_little)
    with pytest.raises(OSError, match="not enough memory") as caught:
        fnet.load(path)
    assert caught.value.filename == str(path)
