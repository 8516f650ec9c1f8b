"""Invalid arguments and data: the messages, and no estimator is left half fitted."""

import re
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

import fnet
from fnet import MLPClassifier, MLPRegressor, Network, reference

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
LABELS = (X[:, :3] > 3).astype(int)


def cases(**named):
    return [pytest.param(*case, id=name.replace("_", " ")) for name, case in named.items()]


@pytest.mark.parametrize(
    ("settings", "message"),
    cases(
        alpha=(
            {"alpha": -1},
            r"The 'alpha' parameter of MLPClassifier must be .*0.0, inf.* Got -1",
        ),
        solver=(
            {"solver": "newton"},
            "The 'solver' parameter of MLPClassifier must be a str among",
        ),
        activation=({"activation": "sine"}, "The 'activation' parameter .*'gelu'.* Got 'sine'"),
        rate=({"learning_rate_init": 0}, "The 'learning_rate_init' parameter .* Got 0"),
        schedule=({"learning_rate": "cosine"}, "The 'learning_rate' parameter .* Got 'cosine'"),
        epochs=({"max_iter": 0}, r"The 'max_iter' parameter .* \[1, inf\). Got 0"),
        fraction=({"validation_fraction": 1.0}, "The 'validation_fraction' parameter"),
        dropout=({"dropout": 1.0}, r"The 'dropout' parameter .* \[0.0, 1.0\). Got 1.0"),
        clipping=({"clipvalue": 0.0}, "The 'clipvalue' parameter"),
        tuning=({"tuning": {"l2": 1}}, "The 'tuning' parameter"),
        callback=({"callback": 5}, "The 'callback' parameter of MLPClassifier must be a callable"),
        engine=({"engine": "torch"}, "The 'engine' parameter .* Got 'torch'"),
        class_weight=({"class_weight": "heavy"}, "The 'class_weight' parameter"),
    ),
)
def test_arguments_are_refused_as_scikit_learn_does(settings, message):
    with pytest.raises(InvalidParameterError, match=message):
        MLPClassifier(**settings).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "arguments", "message"),
    cases(
        hidden_sizes=(
            {"hidden_layer_sizes": (5, 0)},
            {},
            r"hidden_layer_sizes must be > 0, got \[5, 0\]",
        ),
        activations=({"activation": ["relu", "tanh"]}, {}, "one for each of the 1 hidden layers"),
        other_rows=({}, {"y": Y[:-1]}, r"inconsistent numbers of samples: \[150, 149\]"),
        missing_values=({}, {"X": np.where(X > 7, np.nan, X)}, "(?s)Input X contains NaN.*"),
        infinite=({}, {"X": np.where(X > 7, np.inf, X)}, "Input X contains infinity"),
        no_target=({}, {"y": None}, "requires y to be passed, but the target y is None"),
        numbers_as_classes=({}, {"y": X[:, 0] + 0.05}, "Unknown label type: continuous"),
        classes_of_several=({}, {"y": np.stack([Y, Y], 1)}, "Multioutput target data is not"),
        transposed=(
            {},
            {"X": X[:3], "y": LABELS[:4].T[:, :4]},
            r"more outputs than rows.*\[3, 4\]",
        ),
        weights_of_other_rows=({}, {"sample_weight": np.ones(3)}, r"sample_weight.shape == \(3,\)"),
        weights_below_0=({}, {"sample_weight": -np.ones(150)}, "weights must not be negative"),
        weights_of_0=({}, {"sample_weight": np.zeros(150)}, "(?i)weights must .*"),
        weight_of_no_class=(
            {"class_weight": {5: 2.0}},
            {},
            r"The classes, \[0, 1, 2\], are not in class_weight, .* for \[5\] instead",
        ),
        weight_below_0=(
            {"class_weight": {"b": -1.0}},
            {"y": np.array(["a", "b", "c"])[Y]},
            "class_weight for class 'b' must be a number",
        ),
        half_validation=({}, {"X_val": X}, "X_val is provided, but y_val was not provided"),
        other_half=({}, {"y_val": Y}, "y_val is provided, but X_val was not provided"),
        weights_alone=(
            {},
            {"sample_weight_val": Y},
            "sample_weight_val is provided, but X_val was",
        ),
        validation_twice=(
            {},
            {"X_val": X, "y_val": Y, "validation_data": (X, Y)},
            "give validation rows once: validation_data and X_val and y_val",
        ),
        X_val_of_other_width=({}, {"X_val": X[:, :2], "y_val": Y}, "X_val: X has 2 features, but"),
        X_val_with_NaN=(
            {},
            {"X_val": np.where(X > 7, np.nan, X), "y_val": Y},
            "X_val: Input X contains NaN.* column 0",
        ),
        class_too_small=(
            {"early_stopping": True},
            {"y": np.where(np.arange(150) == 7, "yes", "no")},
            r"early_stopping needs at least two rows .* members are: \['yes'\]",
        ),
        validation_of_a_new_class=(
            {},
            {"validation_data": (X[:2], [0, 9])},
            r"validation_data: `y` has classes not .*\[9\]",
        ),
        validation_of_other_width=(
            {},
            {"validation_data": (X[:, :2], Y)},
            "validation_data: X has 2 features, but",
        ),
        validation_that_is_no_pair=({}, {"validation_data": X}, r"must be \(X, y\) or"),
        validation_too_small=(
            {"early_stopping": True, "validation_fraction": 0.1},
            {"X": X[45:55], "y": Y[45:55]},
            "(?s)The validation set is too small|test_size = 1",
        ),
        wild=(
            {"solver": "sgd", "learning_rate_init": 1e30, "max_iter": 50},
            {},
            "Solver produced non-finite parameter weights.*need to be preprocessed",
        ),
    ),
)
def test_invalid_data_leave_the_estimator_as_it_was(settings, arguments, message):
    arguments = {"X": X, "y": Y, **arguments}
    fresh = MLPClassifier(**settings)
    before = dict(vars(fresh))
    with pytest.raises(ValueError, match=message):
        fresh.fit(**arguments)
    assert vars(fresh) == before
    with pytest.raises(NotFittedError, match="This MLPClassifier instance is not fitted yet"):
        fresh.predict(X)
    fitted = MLPClassifier(max_iter=2).fit(X[:, :3], Y).set_params(**settings)
    kept = dict(vars(fitted))
    with pytest.raises(ValueError, match=message):
        fitted.fit(**arguments)
    assert vars(fitted).keys() == kept.keys()
    assert all(vars(fitted)[name] is value for name, value in kept.items())


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    ("name", "correct"),
    [("hook", "callback"), ("max_itr", "max_iter"), ("hidden_layers", "hidden_layer_sizes")],
)
def test_a_wrong_argument_name_gets_a_suggestion(kind, name, correct):
    message = f"{kind.__name__} has no argument '{name}'; did you mean '{correct}'?"
    with pytest.raises(TypeError, match=re.escape(message)):
        kind(**{name: None})
    with pytest.raises(ValueError, match=re.escape(message)):
        kind().set_params(**{name: None})


def test_other_wrong_names_are_refused_as_python_and_scikit_learn_do():
    with pytest.raises(TypeError, match="unexpected keyword argument 'xyzzy'"):
        MLPClassifier(xyzzy=1)
    with pytest.raises(ValueError, match="Invalid parameter 'xyzzy' for estimator MLPClassifier"):
        MLPClassifier().set_params(xyzzy=1)


def test_a_subclass_may_take_arguments_of_its_own():
    class Mine(MLPClassifier):
        def __init__(self, hook=None, **arguments):
            super().__init__(**arguments)
            self.hook = hook

    assert Mine(hook=1, max_iter=3).max_iter == 3


def test_an_error_in_a_callback_leaves_the_estimator_unfitted():
    def fail(run):
        raise RuntimeError("enough")

    estimator = MLPClassifier(callback=fail)
    with pytest.raises(RuntimeError, match="enough"):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "coefs_")


@pytest.mark.parametrize(
    ("first", "second", "message"),
    cases(
        no_classes=({}, {}, "classes must be passed on the first call to partial_fit"),
        other_classes=(
            {"classes": [0, 1, 2]},
            {"classes": [0, 1]},
            "is not the same as on last call",
        ),
        unseen=({"classes": [0, 1, 2]}, {"y": Y + 1}, "has classes not in `self.classes_`"),
        unseen_at_first=({"classes": [0, 1]}, {}, "has classes not in `self.classes_`"),
        one_class=({"classes": [0]}, {}, "has classes not in `self.classes_`"),
        labels_later=({"classes": [0, 1, 2]}, {"y": LABELS}, "must be as in the first fit"),
        classes_later=({"y": LABELS}, {"y": Y}, "must be as in the first fit"),
        more_labels=({"y": LABELS[:, :2]}, {"y": LABELS}, "must be as in the first fit"),
        other_width=(
            {"classes": [0, 1, 2]},
            {"X": X[:, :2]},
            "X has 2 features, but MLPClassifier is",
        ),
    ),
)
def test_partial_fit_refuses(first, second, message):
    def both():
        estimator = MLPClassifier()
        for arguments in (first, second):
            estimator.partial_fit(**{"X": X, "y": Y, **arguments})

    with pytest.raises(ValueError, match=message):
        both()


def test_partial_fit_needs_a_solver_with_steps_and_no_balanced_weights():
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'"):
        _ = MLPRegressor(solver="lbfgs").partial_fit
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


def test_a_warm_start_needs_the_same_classes_network_and_outputs():
    estimator = MLPClassifier(warm_start=True, max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
        estimator.fit(X[:100], Y[:100])
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
        estimator.fit(X, Y + 1)
    with pytest.raises(ValueError, match=r"a fit must continue with its network, .*\(4, 100, 3\)"):
        estimator.set_params(hidden_layer_sizes=(5,)).fit(X, Y)
    regressor = MLPRegressor(warm_start=True, max_iter=2).fit(X, Y)
    with pytest.raises(
        ValueError, match=r"y must have shape \[N\], as in the first fit; got \[150, 3\]"
    ):
        regressor.fit(X, LABELS)


@pytest.mark.parametrize(
    ("settings", "y", "message"),
    cases(
        loss=({"loss": "softmax_cross_entropy"}, Y, "The 'loss' parameter of MLPRegressor"),
        counts_below_0=(
            {"loss": "poisson"},
            Y - 1,
            "y must be numbers of at least 0 under poisson",
        ),
        text=(
            {},
            np.array(["a", "b", "c"])[Y],
            "y must be bools, integers or floats; got text",
        ),
        transposed=({}, np.ones((150, 151)), r"y must not have more outputs than rows"),
        quantile=({"quantiles": 1.5}, Y, "The 'quantiles' parameter of MLPRegressor"),
        order=({"quantiles": (0.9, 0.1)}, Y, "quantiles must be ascending"),
        quantiles_of_squares=(
            {"loss": "huber", "quantiles": 0.5},
            Y,
            "quantiles need loss='pinball'",
        ),
    ),
)
def test_a_regressor_refuses(settings, y, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**settings).fit(X, y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_overflowing_targets_are_refused(solver):
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights.* In detai"):
        MLPRegressor(solver=solver).fit(X, Y * 1e200)


def test_an_unfitted_estimator_raises_not_fitted_error():
    for call in ("predict", "predict_proba", "functional"):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(MLPClassifier(), call)(*([X] if call != "functional" else []))
    with pytest.raises(NotFittedError):
        MLPRegressor().score(X, Y)


def test_networks_of_another_kind_are_refused():
    net = Network((4, 3), loss="squared_error")
    params = reference.init_params(net, 0)
    with pytest.raises(
        ValueError, match="MLPClassifier does not support a network with loss squared_error"
    ):
        MLPClassifier.from_functional(net, params)
    with pytest.raises(ValueError, match="must be those of one network"):
        MLPRegressor.from_functional(net, reference.init_params(net, [0, 1]))
    with pytest.raises(ValueError, match=r"classes must be the names of the 3 classes"):
        MLPClassifier.from_functional(Network((4, 3)), params, classes=["a", "b"])
    from sklearn.neural_network import MLPClassifier as Other

    with pytest.raises(NotFittedError):
        MLPClassifier.from_sklearn(Other())


def test_y_as_a_column_gives_a_warning():
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        MLPClassifier(max_iter=2).fit(X, Y[:, None])
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataConversionWarning)
        fnet.MLPRegressor(max_iter=2).fit(X, LABELS)
