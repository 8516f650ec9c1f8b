"""Models that carry their own encoding: saved pipelines, and what a file lets pass of them."""

import contextlib
import datetime
import json
import subprocess
import sys
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from test_encoding_containers import CELLS, CONTAINERS, N
from test_file_content import refuse

import fnet
from fnet import InvalidArgument, MLPClassifier, MLPRegressor, TableEncoder
from fnet.encoding import code_features, describe, encode, feature_names, steps
from fnet.files import Model, codec, encoding_checks, names, schema
from fnet.files.storage import canonical_json
from fnet.reports.evaluation import evaluate

TABLE = CONTAINERS["dict of lists"]()
Y = np.random.default_rng(0).normal(size=N)
LABELS = np.where(Y > 0, "yes", "no")


def fitted(estimator, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = estimator(hidden_layer_sizes=(4,), max_iter=4, random_state=0)
        return make_pipeline(TableEncoder(min_count=1, **options), network).fit(TABLE, y)


def small():
    return MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=500, tol=1e-2)


CLASSIFIER, REGRESSOR = fitted(MLPClassifier, LABELS), fitted(MLPRegressor, Y)
PIPELINES = {"classifier": CLASSIFIER, "regressor": REGRESSOR}


def saved(path, what, **named):
    fnet.save(path, what, **named)
    return fnet.load(path)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {name: saved(folder / name, pipeline) for name, pipeline in PIPELINES.items()}


def outputs(model, table):
    """What a model says of a table, as numbers."""
    found = model.predict_proba(table) if hasattr(model, "classes_") else model.predict(table)
    return np.asarray(found, np.float64)


# The same predictions.


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_file_predicts_what_the_pipeline_does_from_any_container(container, models):
    table = CONTAINERS[container]()
    expected = CLASSIFIER.predict_proba(TABLE)
    for found in (CLASSIFIER, models["classifier"]):
        np.testing.assert_allclose(found.predict_proba(table), expected, rtol=0, atol=1e-12)
        assert found.predict(table).tolist() == CLASSIFIER.predict(TABLE).tolist()
    for found in (REGRESSOR, models["regressor"]):
        np.testing.assert_allclose(
            found.predict(table), REGRESSOR.predict(TABLE), rtol=0, atol=1e-12
        )


OPTIONS = {
    "float32": {"dtype": np.float32},
    "standard": {"scaling": "standard"},
    "no scaling": {"scaling": "none"},
    "embedding": {"embed": 1},
    "categories of numbers": {"kinds": {"integers": "category"}},
    "some kept": {"keep": {"text": 1}.keys(), "missing": ("?",)},
    "dates": {"date_format": {"date": "DD.MM.YYYY"}, "decimal": "."},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_pipeline_is_restored_as_it_was(options, tmp_path):
    pipeline = fitted(MLPRegressor, Y, **options)
    model = saved(tmp_path / "a.fnet", pipeline)
    restored = model.estimator()
    for found in (model, restored):
        np.testing.assert_array_equal(found.predict(TABLE), pipeline.predict(TABLE))
    assert list(restored.named_steps) == ["tableencoder", "mlpregressor"]
    before, after = pipeline[0], restored[0]
    assert after.encoding_ == before.encoding_
    assert after.notes_ == before.notes_
    assert after.n_features_in_ == before.n_features_in_
    assert after.feature_names_in_.tolist() == list(CELLS)
    for name, value in before.get_params().items():
        same = np.dtype(value) == after.dtype if name == "dtype" else None
        assert same or type(value) in (dict, type({}.keys())) or getattr(after, name) == value
    for what in (model, restored):
        fnet.save(tmp_path / "b.fnet", what)
        assert (tmp_path / "b.fnet").read_bytes() == (tmp_path / "a.fnet").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        restored.fit(TABLE, Y)
    np.testing.assert_array_equal(restored.predict(TABLE), pipeline.predict(TABLE))


def test_the_names_of_steps_are_kept(tmp_path):
    pipeline = Pipeline([("table", TableEncoder(min_count=1)), ("net", REGRESSOR[-1])])
    pipeline.named_steps["table"].fit(TABLE)
    assert list(saved(tmp_path / "a.fnet", pipeline).estimator().named_steps) == ["table", "net"]


def test_a_pipeline_that_gives_data_frames_is_saved(tmp_path):
    pipeline = make_pipeline(TableEncoder(min_count=1), small())
    pipeline.set_output(transform="pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline.fit(TABLE, Y)
    model = saved(tmp_path / "a.fnet", pipeline)
    for found in (model, model.estimator()):
        np.testing.assert_allclose(
            found.predict(TABLE), pipeline.predict(TABLE), rtol=0, atol=1e-12
        )


def test_rows_of_numbers_without_names_go_by_their_position(tmp_path):
    x = np.random.default_rng(1).normal(size=(N, 3))
    x[3, 1] = np.nan
    pipeline = make_pipeline(TableEncoder(), small())
    model = saved(tmp_path / "a.fnet", pipeline.fit(x, Y))
    assert model.features is None
    np.testing.assert_array_equal(model.predict(x), pipeline.predict(x))
    np.testing.assert_array_equal(model.predict(x.tolist()), pipeline.predict(x))
    with pytest.raises(InvalidArgument, match="has 2 features"):
        model.predict(x[:, :2])


PREDICT = """
import json, sys
for name in ("sklearn", "pandas", "pyarrow", "polars", "scipy", "tensorflow", "tqdm"):
    sys.modules[name] = None
import fnet
model, (columns, rows) = fnet.load(sys.argv[1]), json.loads(sys.stdin.read())
print(json.dumps([model.predict_proba(t).tolist() for t in (columns, rows, rows[:1])]))
"""


def test_a_file_predicts_tables_where_only_numpy_and_safetensors_can_be_imported(tmp_path):
    fnet.save(tmp_path / "a.fnet", CLASSIFIER)
    rows = CONTAINERS["rows of JSON"]()
    columns = {name: [row.get(name) for row in rows] for name in CELLS}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREDICT, tmp_path / "a.fnet"],
        input=json.dumps([columns, rows]),
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(fnet.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    expected = CLASSIFIER.predict_proba(TABLE)
    for found, wanted in zip(
        json.loads(done.stdout), (expected, expected, expected[:1]), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


# Rows that training has not seen.

ROW = {name: cells[0] for name, cells in CELLS.items()}

SAME = {
    "another order": (lambda row: dict(reversed(row.items())), lambda row: row),
    "a column beside them": (lambda row: row | {"extra": [1, 2]}, lambda row: row),
    "yes for true": (lambda row: row | {"boolean": "Yes"}, lambda row: row | {"boolean": True}),
    "0 for false": (lambda row: row | {"boolean": 0}, lambda row: row | {"boolean": False}),
    "NA for a gap": (lambda row: row | {"float": "NA"}, lambda row: row | {"float": None}),
    "a key that is left out": (
        lambda row: {k: v for k, v in row.items() if k != "float"},
        lambda row: row | {"float": None},
    ),
    "two unseen levels": (lambda row: row | {"text": "pink"}, lambda row: row | {"text": "teal"}),
    "a gap in a column without gaps": (
        lambda row: row | {"integers": None},
        lambda row: row | {"integers": float(np.median(CELLS["integers"]))},
    ),
    "a date as text": (
        lambda row: row | {"date": "2023-12-30T00:00Z"},
        lambda row: row | {"date": datetime.date(2023, 12, 30)},
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_two_ways_to_write_a_row_give_one_prediction(case, models):
    one, other = (write(ROW) for write in SAME[case])
    rest = ROW | dict.fromkeys(CELLS)  # so that every column is there
    for model in models.values():
        found = [model.predict([row, rest])[0] for row in (one, other)]
        assert found[0] == found[1]


REFUSED = {
    "a missing column": (lambda row: {"text": row["text"]}, "X lacks columns 'integers'"),
    "a text for a number": (
        lambda row: row | {"integers": "much"},
        "column 'integers', row 0: 'much'",
    ),
    "no such date": (lambda row: row | {"date": "2023-02-30"}, "column 'date', row 0"),
    "a list": (lambda row: row | {"text": [1]}, "column 'text', row 0"),
    "numbers for text": (lambda row: row | {"text": 5}, "column 'text' has numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_row_that_cannot_be_encoded_is_named(case, models):
    write, match = REFUSED[case]
    for model in models.values():
        with pytest.raises(InvalidArgument, match=match) as caught:
            model.predict([write(ROW)])
        assert len(str(caught.value).splitlines()) == 1


def test_rows_that_cannot_be_predicted_are_told_apart(models):
    rows = [
        ROW,
        ROW | {"integers": "much"},
        ROW | {"boolean": False},
        ROW | {"integers": "?", "date": 1},
    ]
    rows[3]["date"] = "soon"
    for model in models.values():
        found = model.predict_rows(rows)
        assert found.bad.tolist() == [False, True, False, True]
        good = [rows[0], rows[2]]
        assert found.predicted.tolist() == model.predict(good).tolist()
        if model.classes is None:
            assert found.probabilities is None
        else:
            assert found.probabilities.tolist() == model.predict_proba(good).tolist()
        assert [(p.column, p.row, p.rows) for p in found.problems] == [
            ("integers", 1, 2),
            ("date", 3, 1),
        ]
        none = model.predict_rows(rows[1:2])
        assert none.bad.tolist() == [True]
        assert len(none.predicted) == 0
        with pytest.raises(InvalidArgument, match="at least one row"):
            model.predict_rows({name: [] for name in CELLS})


def test_without_an_encoding_no_row_is_bad(tmp_path):
    net = fnet.Network((2, 3))
    model = saved(tmp_path / "a.fnet", (net, fnet.reference.init_params(net, 0)))
    found = model.predict_rows([[0.0, 1.0]])
    assert found.predicted.tolist() == model.predict([[0.0, 1.0]]).tolist()
    assert found.probabilities.shape == (1, 3)
    assert found.bad.tolist() == [False]
    assert found.problems == ()
    with pytest.raises(InvalidArgument, match="must be finite"):
        model.predict_rows([[0.0, np.nan]])


def test_numbers_that_overflow_are_refused(tmp_path):
    pipeline = make_pipeline(TableEncoder(), small()).fit({"a": np.arange(9) * 1e-280}, Y[:9])
    model = saved(tmp_path / "a.fnet", pipeline)
    with pytest.raises(InvalidArgument, match="x must be finite; got nan, first in row 1, .*'a'"):
        model.predict({"a": [0, 1e99]})


# What a model tells.


def test_a_model_tells_its_columns_and_its_encoding(models):
    model = models["classifier"]
    assert model.features == tuple(CELLS)
    assert model.encoding == CLASSIFIER[0].encoding_
    assert f"encoding: {len(CELLS)} columns to {model.net.sizes[0]}" in repr(model)
    assert "estimator: MLPClassifier" in repr(model)


def test_columns_that_are_left_out_are_no_features(tmp_path):
    table = {"a": np.arange(9.0), "b": ["x"] * 9}
    pipeline = make_pipeline(TableEncoder(), small())
    model = saved(tmp_path / "a.fnet", pipeline.fit(table, np.arange(9)))
    assert model.features == ("a",)
    assert [column.name for column in model.encoding.columns] == ["a", "b"]
    assert len(model.predict([{"a": 1}])) == 1


@pytest.mark.parametrize("name", PIPELINES)
def test_a_model_with_an_encoding_is_evaluated_on_a_table(name, models):
    y = LABELS if name == "classifier" else Y
    pipeline, found = PIPELINES[name], evaluate(models[name], TABLE, y)
    assert next(iter(found.metrics.values())) == pytest.approx(pipeline.score(TABLE, y), abs=1e-12)
    np.testing.assert_array_equal(found.x, pipeline[0].transform(TABLE))


# What is refused.


def refused_pipelines():
    plain = make_pipeline(StandardScaler(), small())
    plain.fit(np.arange(8.0).reshape(4, 2), np.arange(4.0))
    encoder, network = REGRESSOR
    return {
        "another transformer": plain,
        "three steps": make_pipeline(encoder, StandardScaler(), network),
        "one step": make_pipeline(encoder),
        "nothing to predict with": make_pipeline(encoder, "passthrough"),
        "the wrong order": make_pipeline(network, encoder),
    }


@pytest.mark.parametrize("case", refused_pipelines())
def test_other_pipelines_are_refused(case, tmp_path):
    with pytest.raises(InvalidArgument, match="must be a TableEncoder and an MLPClassifier or"):
        fnet.save(tmp_path / "a.fnet", refused_pipelines()[case])
    assert not (tmp_path / "a.fnet").exists()


def test_features_cannot_be_given_for_an_encoder(tmp_path):
    with pytest.raises(InvalidArgument, match="features must be left out"):
        fnet.save(tmp_path / "a.fnet", REGRESSOR, features=list(CELLS))


# The format.


def test_every_step_has_a_name_in_the_file_and_a_check():
    known = {
        kind for part in typing.get_args(steps.Step) for kind in (typing.get_args(part) or (part,))
    }
    assert known == encoding_checks.STEPS.keys() == encoding_checks.FLOW.keys()
    assert known <= {kind for kind, _ in names.RECORDS.values()}
    assert encoding_checks.ARGUMENTS.keys() == TableEncoder().get_params().keys()


def test_fields_that_have_their_default_are_left_out():
    step = steps.Number(unit="%")
    encoded, _ = codec.encode((step, steps.Clip(), steps.Clip(2.0)))
    assert encoded == [{"StepNumber": {"unit": "%"}}, {"StepClip": {}}, {"StepClip": {"limit": 2}}]
    assert codec.decode(encoded, {}) == (step, steps.Clip(), steps.Clip(2.0))
    for lacking in ({"StepScale": {"center": 0.0}}, {"StepClip": {"other": 1.0}}):
        with pytest.raises(ValueError, match="must have the fields"):
            codec.decode(lacking, {})


def test_a_file_without_an_encoding_does_not_mention_one(tmp_path):
    fnet.save(tmp_path / "a.fnet", REGRESSOR[-1])
    assert b"encoding" not in (tmp_path / "a.fnet").read_bytes()
    assert b"pipeline" not in (tmp_path / "a.fnet").read_bytes()


KINDS = {"integers": "category"} | dict.fromkeys(("boolean", "text with gaps", "time"), "ignored")
WHOLE = schema.check_content(schema.content_of(fitted(MLPRegressor, Y, kinds=KINDS, missing=["?"])))
CODES = schema.check_content(
    schema.content_of(
        fitted(MLPRegressor, Y, kinds=KINDS | dict.fromkeys(("float", "date"), "ignored"), embed=1)
    )
)


def paths(value, path=()):
    """The place of every value in records and tuples."""
    yield path
    if isinstance(value, tuple):
        for i, part in enumerate(value):
            yield from paths(part, (*path, i))


def changed(value, path, new):
    """A copy with another value in one place."""
    if not path:
        return new
    parts = list(value)
    parts[path[0]] = changed(value[path[0]], path[1:], new)
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


ODD = (
    *(None, True, -1, 0, 1, 10**30, -0.5, 1e308, float("nan"), "", "a", "integers", (), ("a", "a")),
    *([], {}, np.float64(1), np.arange(3), steps.Value(), steps.OneHot(2**50), steps.Missing()),
    *(steps.Levels((), 0), steps.Contrast(), steps.Cycle("hour"), steps.Days()),
    *(steps.Code((7.0,)), steps.Code((7, 0)), (0, 7.5), (-0.0, 0.0)),
)
PLACES = [(content, place) for content in (WHOLE, CODES) for place in paths(content.encoding)]


def use(model):
    """Everything that reads an encoding; errors are one line."""
    assert len(set(feature_names(model.encoding))) == model.net.sizes[0]
    assert len(describe(model.encoding)) == len(model.encoding.columns)
    assert repr(model)
    for table in (TABLE, [ROW]):
        with contextlib.suppress(InvalidArgument):
            assert np.isfinite(model.predict(table)).all()
            for i, size in code_features(model.encoding):
                assert np.isin(encode(model.encoding, table)[:, i], np.arange(size)).all()
    with contextlib.suppress(InvalidArgument):
        assert np.isfinite(model.estimator().predict([ROW])).all()


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.slow
def test_whatever_passes_of_an_encoding_works(odd):
    """Each place of an encoding gets an odd value: refused on one line, or all uses work."""
    accepted = 0
    for content, place in PLACES:
        given = changed(content.encoding, place, odd)
        value, arrays = codec.encode(given)
        try:
            found = codec.decode(json.loads(json.dumps(value)), arrays)
            encoding_checks.check_encoding(found, content.net)
        except ValueError:
            continue
        accepted += 1
        assert canonical_json(found) == canonical_json(given)
        use(Model(content._replace(encoding=found)))
    assert accepted < len(PLACES)


def column(name, /, **fields):
    """The whole content with other fields of one column."""
    columns = [
        each._replace(**fields) if each.name == name else each for each in WHOLE.encoding.columns
    ]
    return WHOLE._replace(encoding=WHOLE.encoding._replace(columns=tuple(columns)))


def steps_of(name):
    return next(each.steps for each in WHOLE.encoding.columns if each.name == name)


FLOAT, TEXT = steps_of("float"), steps_of("text")
DATE, LEVELS = steps_of("date"), steps_of("integers")


def coded(*levels):
    """The whole content with codes of these levels beside a number."""
    return column("float", steps=(FLOAT[0], steps.Code(levels), *FLOAT[2:]))


BAD = {
    "no level of a code": (coded(), "valid steps"),
    "equal levels of a code": (coded(1.0, 2.0, 2.0), "valid steps"),
    "levels of a code in another order": (coded(2.0, 1.0), "valid steps"),
    "equal numbers as levels of a code": (coded(2**53, 2**53 + 1), "valid steps"),
    "a level of a code that is text": (coded(1.0, "2"), "valid steps"),
    "a level of a code that is no number": (coded(1.0, float("nan")), "valid steps"),
    "a level of a code that is infinite": (coded(1.0, float("inf")), "valid steps"),
    "a level of a code that is a boolean": (coded(False, 1.0), "valid steps"),
    "two codes": (
        column("float", steps=(FLOAT[0], *[steps.Code((1.0,))] * 2, *FLOAT[2:])),
        "each once",
    ),
    "a code of a value without gaps": (
        column("float", steps=(*FLOAT[:3], steps.Code((1.0,)), *FLOAT[3:])),
        "fit each other",
    ),
    "a code of text": (column("text", steps=(TEXT[0], steps.Code((1.0,)), *TEXT[1:])), "beside"),
    "a code of a date": (
        column("date", steps=(*DATE[:-2], steps.Code((1.0,)), *DATE[-2:])),
        "beside numbers",
    ),
    "a code of a category": (
        column("integers", steps=(LEVELS[0], steps.Code((1.0,)), *LEVELS[1:])),
        "beside numbers",
    ),
    "no code for some cells": (
        column("text", steps=(TEXT[0], TEXT[1], steps.Value())),
        "a code for every cell",
    ),
    "no first step": (column("float", steps=FLOAT[1:]), "a first step that reads its kind"),
    "two reads": (column("float", steps=(FLOAT[0], *FLOAT)), "fit each other"),
    "a step twice": (column("float", steps=(*FLOAT, FLOAT[-1])), "each once"),
    "no fill": (
        column("float", steps=tuple(s for s in FLOAT if type(s) is not steps.Fill)),
        "fit each other",
    ),
    "another kind": (column("float", kind="date"), "a first step that reads its kind"),
    "ignored with steps": (column("float", kind="ignored"), "be ignored"),
    "kept without steps": (column("float", steps=()), "be ignored"),
    "nothing written": (column("float", steps=FLOAT[:1]), "writes a column"),
    "another width": (column("float", steps=FLOAT[:2]), "must give the"),
    "equal levels": (
        column("text", steps=(TEXT[0], steps.Levels(("a", "a", "b"), 0), TEXT[2])),
        "different levels",
    ),
    "numbers among texts": (
        column("text", steps=(TEXT[0], steps.Levels(("a", 1.0, "b")), TEXT[2])),
        "as its first step reads",
    ),
    "a code beyond": (
        column("text", steps=(TEXT[0], TEXT[1]._replace(pool=9), TEXT[2])),
        "codes from 0 without gaps",
    ),
    "a code of a level": (
        column("text", steps=(TEXT[0], TEXT[1]._replace(gap=1), TEXT[2])),
        "codes from 0 without gaps",
    ),
    "another size": (column("text", steps=(*TEXT[:2], steps.OneHot(2))), "a column for each of 3"),
    "one name twice": (column("text", name="float"), "different names"),
    "long names": (column("text", name="x" * (1 << 21)), "at most"),
    "features too": (
        WHOLE._replace(features=tuple(map(str, range(WHOLE.net.sizes[0])))),
        "features must be left out",
    ),
    "no pipeline": (WHOLE._replace(pipeline=None), "must hold a pipeline"),
    "a pipeline alone": (WHOLE._replace(encoding=None), "must hold a pipeline"),
    "one step": (WHOLE._replace(pipeline=WHOLE.pipeline._replace(steps=("a",))), "two steps"),
    "a name of two": (
        WHOLE._replace(pipeline=WHOLE.pipeline._replace(steps=("a__b", "c"))),
        "without '__'",
    ),
    "an argument more": (
        WHOLE._replace(
            pipeline=WHOLE.pipeline._replace(encoder=WHOLE.pipeline.encoder | {"more": 1})
        ),
        "the arguments of TableEncoder",
    ),
    "an argument of another kind": (
        WHOLE._replace(
            pipeline=WHOLE.pipeline._replace(encoder=WHOLE.pipeline.encoder | {"dtype": "O"})
        ),
        "dtype of the TableEncoder",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_an_encoding_that_does_not_work_is_refused(case, tmp_path):
    content, match = BAD[case]
    if case != "long names":  # which no header has room for
        refuse(tmp_path / "a.fnet", content, match)
    with pytest.raises(InvalidArgument, match=match):
        schema.check_content(content)
