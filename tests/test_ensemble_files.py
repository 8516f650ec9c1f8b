"""Ensembles and embeddings in files with right checksums: what no fit leaves is refused."""

import dataclasses

import numpy as np
import pytest
from sklearn.utils._param_validation import make_constraint
from test_file_content import PROBES, forge, refuse

import fnet
from fnet import InvalidArgument, Network, TabularClassifier, TabularRegressor
from fnet.core.conformal import MAX_SCORES, ConformityScores
from fnet.core.ensemble import Ensemble, Importances
from fnet.core.network import Codes, Embedding
from fnet.core.params import Layer, map_params
from fnet.core.printable import brief
from fnet.encoding.steps import Levels
from fnet.files import ensemble_checks, schema

RNG = np.random.default_rng(0)
X = {"a": RNG.normal(size=60), "b": RNG.normal(size=60), "town": ["Bonn", "Celle", "Ulm"] * 20}
Y = X["a"] + X["b"] ** 2


def content(kind, y, **options):
    model = kind(**{"cv": 3, "hidden": (4,), "epochs": 2, "engine": "numpy"} | options).fit(X, y)
    return schema.check_content(schema.content_of(model))


NUMBERS = content(TabularRegressor, np.stack([Y, -Y], axis=1), importance=True)
CLASSES = content(TabularClassifier, Y > 1)
QUANTILES = content(TabularRegressor, Y, quantiles=[0.1, 0.9])
LABELS = content(TabularClassifier, np.stack([Y > 1, Y > 0], axis=1).astype(int))
WITHOUT_FOLDS = content(TabularRegressor, Y, cv=0, repeats=2)
FOUND = {
    "numbers": NUMBERS,
    "classes": CLASSES,
    "quantiles": QUANTILES,
    "labels": LABELS,
    "without folds": WITHOUT_FOLDS,
    "counts": content(TabularRegressor, np.arange(60) % 4, loss="poisson"),
    "one row in each fold": content(TabularRegressor, Y, cv=60),
    "in time order": content(
        TabularRegressor, Y, cv=[(range(20), range(20, 40)), (range(40), range(40, 60))], repeats=2
    ),
}
CODES = content(TabularRegressor, Y, encoder=fnet.TableEncoder(embed=2))
CODED = CODES.net.codes
FOUND["codes"] = CODES
ENSEMBLE = NUMBERS.ensemble
SCORES, WEIGHTS = ENSEMBLE.conformity
DROPS = ENSEMBLE.importances.importances
LOSS = ENSEMBLE.history["loss"]


def changed(array, place, value):
    found = array.copy()
    found[place] = value
    return found


def test_what_a_fit_leaves_is_loaded(tmp_path):
    for found in FOUND.values():
        fnet.load(forge(tmp_path / "a.fnet", found)).estimator()
    assert np.isnan(FOUND["one row in each fold"].ensemble.cv_scores).all()


NO_NUMBERS = ["x", [0.5], True, 1.5, np.inf, np.zeros(1), None]
OF_ENSEMBLE = {
    "conformity": ["x", (SCORES, WEIGHTS), 1.0],
    "score": ["accuracy", "mean_pinball_loss", "<b>", None, 1, np.array(["r2", "r2"])],
    "cv_score": NO_NUMBERS,
    "cv_score_std_error": [*NO_NUMBERS[:3], None, -1.0],
    "cv_scores": [None, [0.1, 0.2, 0.3], np.zeros(3, np.float32), np.zeros((3, 1)), np.zeros(4)],
    "baseline_score": NO_NUMBERS,
    "importances": ["x", tuple(ENSEMBLE.importances), {}],
    "history": [[LOSS], {"mse": LOSS}, {"loss": np.tile(LOSS, (2, 1))}, {"loss": LOSS[:, :2]}]
    + [{"loss": LOSS, "validation_loss": LOSS[:1]}]
    + [{1: LOSS}, {"loss": LOSS.astype(np.float32)}, {"loss": LOSS.tolist()}],
    "n_epochs": [-1, 1, 2.0, "2", None, 10**400],
    "n_repeats": [0, 2, 1.0, "1", None],
}
OF_CONFORMITY = {
    "scores": [SCORES.astype(np.float32), SCORES[:2], SCORES[:, :, :1], SCORES[:, ::-1], "x"]
    + [changed(SCORES, (0, 0), np.nan), changed(SCORES, (0, 0), -np.inf), SCORES.tolist()]
    + [changed(SCORES, (0, -1, 0), np.inf), changed(SCORES, (0, 0), -1.0)],
    "weights": [WEIGHTS.astype(np.float32), WEIGHTS[:, 1:], -WEIGHTS, 0 * WEIGHTS, None]
    + [changed(WEIGHTS, (0, 0), value) for value in (np.nan, np.inf, 0.0, -1.0)]
    + [np.full_like(WEIGHTS, 1e308), WEIGHTS * 1.01, WEIGHTS / 1e6],
}
OF_IMPORTANCES = {
    "importances_mean": [
        DROPS,
        DROPS[:2, 0],
        DROPS.mean(axis=1) + 1,
        np.full(3, np.nan),
        DROPS[:, 0].astype(np.float32),
        [0.0] * 3,
        None,
    ],
    "importances_std": [
        DROPS,
        DROPS[:2, 0],
        DROPS[:, 0].tolist(),
        np.full(3, -1.0),
        np.full(3, np.nan),
    ],
    "importances": [DROPS[0], DROPS[:2], DROPS[:, :0], DROPS.astype(int), "x"]
    + [DROPS + 1, DROPS * np.nan, DROPS * np.inf, changed(DROPS, (0, 0), 1e300)],
    "names": [
        ["a", "b", "town"],
        ("a", "b"),
        ("b", "a", "town"),
        ("a", "b", "<b>"),
        ("a", "b", 1),
        ("a", "a", "b"),
        "abc",
        None,
    ],
}
TABLES = {
    "ensemble": (OF_ENSEMBLE, Ensemble, lambda **new: ENSEMBLE._replace(**new)),
    "conformity": (
        *(OF_CONFORMITY, ConformityScores),
        lambda **new: ENSEMBLE._replace(conformity=ENSEMBLE.conformity._replace(**new)),
    ),
    "importances": (
        *(OF_IMPORTANCES, Importances),
        lambda **new: ENSEMBLE._replace(importances=ENSEMBLE.importances._replace(**new)),
    ),
}


@pytest.mark.parametrize("table", TABLES)
def test_each_field_is_checked(table, tmp_path):
    fields, kind, make = TABLES[table]
    assert fields.keys() == set(kind._fields)
    for name, bad in fields.items():
        for value in bad:
            try:
                refuse(tmp_path / "a.fnet", NUMBERS._replace(ensemble=make(**{name: value})))
            except BaseException as error:
                error.add_note(f"{name} = {value!r}")
                raise


class Costly:
    """A value whose repr is counted."""

    count = 0

    def __repr__(self):
        Costly.count += 1
        return "x" * 50


def test_a_message_shows_few_of_many_values():
    many = (Costly(),) * 5000
    for value in (many, {"a": many, "b": [many] * 100}, Importances(many, many, many, many)):
        Costly.count = 0
        assert len(brief(value)) <= 200
        assert 0 < Costly.count < 500


OTHERS = {
    "scores of classes above 1": (CLASSES, lambda kept: kept._replace(scores=kept.scores + 1)),
    "scores of one more quantile": (
        QUANTILES,
        lambda kept: kept._replace(scores=np.repeat(kept.scores, 2, axis=2)),
    ),
    "too many scores": (
        QUANTILES,
        lambda kept: ConformityScores(np.zeros((3, MAX_SCORES + 1, 1)), np.ones((3, 201))),
    ),
    "scores of labels": (LABELS, lambda kept: CLASSES.ensemble.conformity),
    "none of numbers": (NUMBERS, lambda kept: None),
    "none of classes": (CLASSES, lambda kept: None),
    "scores of no rows": (
        QUANTILES,
        lambda kept: ConformityScores(np.full((3, 1, 1), np.inf), np.zeros((3, 1))),
    ),
    "scores without folds": (
        WITHOUT_FOLDS,
        lambda kept: ConformityScores(np.zeros((2, 1, 1)), np.ones((2, 1))),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_conformity_scores_go_with_the_targets(name, tmp_path):
    found, change = OTHERS[name]
    ensemble = found.ensemble._replace(conformity=change(found.ensemble.conformity))
    refuse(tmp_path / "a.fnet", found._replace(ensemble=ensemble))
    with pytest.raises(InvalidArgument):
        schema.check_content(found._replace(ensemble=ensemble))


@pytest.mark.parametrize("name", FOUND)
def test_an_ensemble_goes_with_its_estimator_and_params(name, tmp_path):
    found = FOUND[name]
    path = tmp_path / "a.fnet"
    other = QUANTILES if name in ("classes", "labels") else CLASSES
    for bad in (
        found._replace(ensemble=None),
        found._replace(ensemble="x"),
        found._replace(estimator=other.estimator),
        found._replace(estimator=found.estimator._replace(name="MLPRegressor")),
        found._replace(estimator=found.estimator._replace(fitted={"n_iter_": 3})),
        found._replace(params=found.params[1:]),
    ):
        refuse(path, bad)


def of(found, **fields):
    return found._replace(ensemble=found.ensemble._replace(**fields))


def of_arguments(found, **arguments):
    estimator = found.estimator
    return found._replace(estimator=estimator._replace(arguments=estimator.arguments | arguments))


def with_scaling(found, **fields):
    return found._replace(scaling=found.scaling._replace(**fields))


def test_an_ensemble_needs_no_estimator_to_predict(tmp_path):
    """As that of a report."""
    for found in FOUND.values():
        path = forge(tmp_path / "a.fnet", found._replace(estimator=None, pipeline=None))
        with pytest.raises(InvalidArgument, match="holds no estimator"):
            fnet.load(path).estimator()
        fnet.load(path).predict(X)


CONTRADICTIONS = {
    "no encoder": NUMBERS._replace(encoding=None, pipeline=None),
    "no classes": CLASSES._replace(classes=None),
    "a class twice": CLASSES._replace(classes=np.array([1, 1])),
    "classes of two kinds": CLASSES._replace(classes=np.array(["a", 1.0], object)),
    "accuracy above 1": of(CLASSES, cv_score=1.1),
    "accuracy below 0": of(CLASSES, cv_score=-0.1),
    "no accuracy": of(CLASSES, cv_score=np.nan),
    "baseline above 1": of(LABELS, baseline_score=1.1),
    "no accuracy of folds": of(LABELS, cv_scores=np.full(3, np.nan)),
    "no pinball loss": of(QUANTILES, cv_score=np.nan),
    "a loss that is no gain": of(QUANTILES, baseline_score=0.1),
    "scores of no folds": of(
        of_arguments(LABELS, cv=0), cv_scores=np.zeros(0), history=None, n_repeats=3
    ),
    "infinite importances": of(
        NUMBERS,
        importances=Importances(
            *(np.array([np.inf, 0, 0]), np.array([np.nan, 0, 0])),
            *(np.array([[np.inf] * 5, [0] * 5, [0] * 5]), ENSEMBLE.importances.names),
        ),
    ),
    "a score without folds": of(WITHOUT_FOLDS, cv_score=0.5),
    "importances without folds": of(WITHOUT_FOLDS, importances=ENSEMBLE.importances),
    "fewer repeats than networks": of(WITHOUT_FOLDS, n_repeats=1, history=None),
    "networks of fewer repeats": of(FOUND["in time order"], n_repeats=3, history=None),
    "fewer networks than folds": LABELS._replace(params=map_params(lambda p: p[:2], LABELS.params)),
    "curves of the networks that were kept": of(
        FOUND["in time order"], history={"loss": np.zeros((2, 2))}
    ),
    "features that are scaled": with_scaling(NUMBERS, x_scale=np.full(5, 2.0)),
    "features with means": with_scaling(NUMBERS, x_mean=np.full(5, 0.5)),
    "another cv": of_arguments(NUMBERS, cv=4),
    "no cv": of_arguments(NUMBERS, cv=0),
    "a cv without folds": of_arguments(WITHOUT_FOLDS, cv=2),
    "other quantiles": of_arguments(QUANTILES, quantiles=[0.1, 0.5, 0.9]),
    "no quantiles": of_arguments(QUANTILES, quantiles=None),
    "quantiles of a mean": of_arguments(WITHOUT_FOLDS, quantiles=0.5),
    "the loss of quantiles": of_arguments(WITHOUT_FOLDS, loss="pinball"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_parts_that_contradict_each_other_are_refused(name, tmp_path):
    refuse(tmp_path / "a.fnet", CONTRADICTIONS[name])
    with pytest.raises(InvalidArgument):
        schema.check_content(CONTRADICTIONS[name])


def with_levels(found, **fields):
    """A Content whose encoding has other levels."""
    columns = [
        column._replace(
            steps=tuple(
                step._replace(**fields) if type(step) is Levels else step for step in column.steps
            )
        )
        for column in found.encoding.columns
    ]
    return found._replace(encoding=found.encoding._replace(columns=tuple(columns)))


def of_codes(**fields):
    """A Content whose network has other codes, with params for them."""
    net = dataclasses.replace(CODES.net, embedding=None, codes=CODED._replace(**fields))
    params = fnet.reference.init_params(net, [0, 1, 2])
    return CODES._replace(net=net, params=params)


OTHER_CODES = {
    "more levels": with_levels(CODES, levels=("Bonn", "Celle", "Ulm", "Zell"), gap=4, pool=4),
    "fewer levels": with_levels(CODES, levels=("Bonn", "Celle"), gap=2, pool=2),
    "no codes": CODES._replace(encoding=NUMBERS.encoding),
    "codes of another feature": of_codes(features=(0,)),
    "more codes of a feature": of_codes(levels=(5,)),
    "fewer codes of a feature": of_codes(levels=(3,)),
    "codes of a number, too": of_codes(features=(1, 2), levels=(4, 4)),
}


@pytest.mark.parametrize("name", OTHER_CODES)
def test_an_encoding_gives_the_codes_of_the_network(name, tmp_path):
    assert (CODED.features, CODED.levels) == ((2,), (4,))
    fnet.load(forge(tmp_path / "a.fnet", of_codes()))
    refuse(tmp_path / "a.fnet", OTHER_CODES[name], "an encoding must give")
    with pytest.raises(InvalidArgument, match="an encoding must give"):
        schema.check_content(OTHER_CODES[name])


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_arguments_are_valid_in_a_file_where_scikit_learn_takes_them(kind):
    """But for a splitter, an encoder and a generator, which no file holds as they are."""
    known = ensemble_checks.ARGUMENTS | ensemble_checks.OWN_ARGUMENTS[kind.__name__]
    assert known.keys() == kind().get_params(deep=False).keys() - {"encoder"}
    for name in known.keys() - {"cv", "hidden", "quantiles", "class_weight"}:
        checks = list(map(make_constraint, kind._parameter_constraints[name]))
        for value in PROBES:
            takes = any(check.is_satisfied_by(value) for check in checks)
            assert known[name](value) == takes, (name, value)


BAD_ARGUMENTS = {
    "cv": [-1, 2.0, None, "x", [1]],
    "hidden": [(0,), "relu", 5, (4.0,)],
    "quantiles": [0.0, 1.0, [0.5, 2.0], "x"],
    "class_weight": ["x", [1.0], {"a": -1.0}, {(): 1.0}],
    "encoder": [None],
}


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_arguments_that_no_estimator_takes_are_refused(name, tmp_path):
    found = CLASSES if name == "class_weight" else NUMBERS
    for value in BAD_ARGUMENTS[name]:
        arguments = found.estimator.arguments | {name: value}
        bad = found._replace(estimator=found.estimator._replace(arguments=arguments))
        refuse(tmp_path / "a.fnet", bad, "arguments of Tab" if name == "encoder" else name)


# Embeddings.

SPECS = {
    "embedding": Embedding((0, 2), 3, 2),
    "codes": Codes((0, 2), (3, 5), 2),
}
NETS = {name: Network((4, 3), **{name: spec}) for name, spec in SPECS.items()}
ALL_PARAMS = {name: fnet.reference.init_params(net, 0) for name, net in NETS.items()}
NET, PARAMS = NETS["embedding"], ALL_PARAMS["embedding"]
EMBEDDED = PARAMS[0]
EACH = pytest.mark.parametrize("name", SPECS)


def of_network(name, spec):
    """A network whose embedding or codes were not checked."""
    net = Network((4, 3))
    object.__setattr__(net, name, spec)
    return net


SIZES = [0, -1, 4, 3.5, "3", None, 10**400]
BAD_FIELDS = {
    "features": [
        (2, 0),
        (0, 0),
        (0, 4),
        (-1, 2),
        (),
        (0.0, 2),
        ("0", 2),
        2,
        "02",
        None,
        [[0], [2]],
    ],
    "levels": [(), (3,), (3, 0), (3, 5, 2), (3, -1), (3.0, 5), 8, None, "35", [[3], [5]]],
    "frequencies": SIZES,
    "outputs": SIZES,
}


@EACH
def test_each_field_of_an_embedding_is_checked(name, tmp_path):
    path, params = tmp_path / "a.fnet", ALL_PARAMS[name]
    fnet.load(forge(path, schema.Content(NETS[name], params)))
    for field in SPECS[name]._fields:
        for value in BAD_FIELDS[field]:
            net = of_network(name, SPECS[name]._replace(**{field: value}))
            try:
                refuse(path, schema.Content(net, params))
            except BaseException as error:
                error.add_note(f"{field} = {value!r}")
                raise
    for other in ((0, 2), "x", 3, {}, SPECS[name][:2]):
        refuse(path, schema.Content(of_network(name, other), params))


@EACH
def test_each_array_of_an_embedding_is_checked(name, tmp_path):
    first, *layers = ALL_PARAMS[name]
    for field, array in first._asdict().items():
        for value in (
            *(None, "x", array.tolist(), array[:1], array[..., :1], array[None]),
            *(array.astype(np.float64), array.astype(int), array * np.nan, array + np.inf),
        ):
            params = (first._replace(**{field: value}), *layers)
            refuse(tmp_path / "a.fnet", schema.Content(NETS[name], params))


def test_params_have_the_entries_of_the_network(tmp_path):
    for net, params in (
        (NET, PARAMS[1:]),
        (NET, (PARAMS[1], EMBEDDED)),
        (NET, (EMBEDDED, EMBEDDED, *PARAMS[1:])),
        (NET, (Layer(EMBEDDED.w, EMBEDDED.b), *PARAMS[1:])),
        (Network((4, 3)), PARAMS),
    ):
        refuse(tmp_path / "a.fnet", schema.Content(net, params))
        with pytest.raises(InvalidArgument):
            fnet.save(tmp_path / "b.fnet", (net, params))
