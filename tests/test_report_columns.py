"""What a report says about the columns of a table, and what each is worth to the model."""

import html.parser
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.inspection import permutation_importance
from sklearn.pipeline import make_pipeline

import fnet
from fnet import Layer, MLPClassifier, MLPRegressor, Network, TableEncoder
from fnet.plots import style
from fnet.reports import content, images, importance, page
from fnet.reports.evaluation import evaluate

ROWS = 120


def table():
    """A column of each kind, with gaps, and one of no use; two targets that some of them decide."""
    random = np.random.default_rng(0)
    size = random.normal(10, 3, ROWS).round(2)
    colour = random.choice(["red", "green", "blue"], ROWS, p=[0.5, 0.3, 0.2])
    frame = pd.DataFrame(
        {
            "size": np.where(random.random(ROWS) < 0.2, np.nan, size),
            "colour": np.where(random.random(ROWS) < 0.1, None, colour),
            "new": random.random(ROWS) < 0.4,
            "sold": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(random.integers(0, 900, ROWS), "D"),
            "planet": "Earth",
            "noise": random.normal(size=ROWS).round(3),
        }
    )
    value = size + 5 * (colour == "red") + 3 * frame["new"]
    return frame, np.where(value > 13, "dear", "cheap"), np.asarray(value, float)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """`(pipeline, frame, y, model, evaluation)` of a classifier and of a regressor."""
    frame, classes, value = table()
    found = {}
    for make, y in ((MLPClassifier, classes), (MLPRegressor, value)):
        options = {"solver": "lbfgs", "max_iter": 40, "random_state": 0}
        network = make(hidden_layer_sizes=(6,), **options)
        pipeline, *rest = saved(tmp_path_factory.mktemp("columns"), network, frame, y)
        found[make] = pipeline, frame, y, *rest
    return found


def saved(path, network, frame, y):
    """The model of a fitted pipeline, and its evaluation on the rows it was fitted on."""
    pipeline = make_pipeline(TableEncoder(), network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence in so few epochs
        pipeline.fit(frame, y)
    fnet.save(path / "model.fnet", pipeline)
    model = fnet.load(path / "model.fnet")
    return pipeline, model, evaluate(model, frame, y)


class Tables(html.parser.HTMLParser):
    """The tables of a page by their label: the header and the rows."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.rows, self.in_cell = {}, [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        label = dict(attrs).get("aria-label")
        if label:
            self.rows = self.tables[label] = []
        elif tag == "tr":
            self.rows.append([])
        self.in_cell = tag in ("th", "td")
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.in_cell = False

    def handle_data(self, data):
        if self.in_cell:
            self.rows[-1][-1] += data


def write(model, evaluation):
    return page(model, evaluation, source="new.csv", command="fnet evaluate")


# Importance.


def scikit_learns_orders(rows, repeats, seed):
    """The orders of rows by which `permutation_importance` permutes each column."""
    random = np.random.RandomState(np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1))
    order, orders = np.arange(rows), []
    shuffled = np.arange(rows)
    for _ in range(repeats):
        random.shuffle(order)
        shuffled = shuffled[order]
        orders.append(shuffled)
    return np.array(orders)


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_the_importance_is_scikit_learns(fitted, make):
    """By the same orders of rows; columns of the table, whatever they became."""
    pipeline, frame, y, model, evaluation = fitted[make]
    expected = permutation_importance(pipeline, frame, y, n_repeats=4, random_state=7)
    found = importance.permuted(model, evaluation, scikit_learns_orders(ROWS, 4, 7))
    used = [name != "planet" for name in frame]
    np.testing.assert_allclose(found, expected.importances[used], rtol=1e-9, atol=1e-12)
    assert not expected.importances[np.invert(used)].any()
    assert evaluation.x.shape[1] > len(found)


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_the_importance_is_scikit_learns_up_to_the_seed(fitted, make):
    pipeline, frame, y, model, evaluation = fitted[make]
    expected = permutation_importance(pipeline, frame, y, n_repeats=10, random_state=1)
    found = importance.of_columns(model, evaluation)
    assert found.names == ("size", "colour", "new", "sold", "noise")
    assert (found.rows, found.repeats) == (ROWS, importance.REPEATS)
    means, deviations = (
        np.delete(values, 4) for values in (expected.importances_mean, expected.importances_std)
    )
    assert (abs(found.means - means) <= 3 * (deviations + found.deviations) + 1e-12).all()
    assert found.means.argmax() == means.argmax()
    again = importance.of_columns(model, evaluation)
    np.testing.assert_array_equal(found.means, again.means)
    other = importance.of_columns(model, evaluation, seed=1)
    assert (found.means != other.means).any()


@pytest.fixture
def by_first(tmp_path):
    """A model of two columns that the first one alone decides, on balanced rows."""
    net = Network((2, 2))
    params = (Layer(np.array([[-9.0, 9.0], [0.0, 0.0]]), np.zeros(2)),)
    fnet.save(tmp_path / "m.fnet", (net, params), features=["sign", "noise"])
    x = np.random.default_rng(0).normal(size=(400, 2))
    x[:, 0] = np.repeat([-1, 1], 200)
    model = fnet.load(tmp_path / "m.fnet")
    return model, evaluate(model, x, np.repeat([0, 1], 200))


def test_a_column_that_decides_is_worth_what_chance_loses(by_first):
    model, evaluation = by_first
    orders = np.array([np.arange(400), np.arange(400)[::-1], np.roll(np.arange(400), 50)])
    found = importance.permuted(model, evaluation, orders)
    np.testing.assert_array_equal(found, [[0, 1, 0.25], [0, 0, 0]])
    by_chance = importance.of_columns(model, evaluation)
    assert by_chance.means == pytest.approx([0.5, 0], abs=0.05)
    assert by_chance.deviations[1] == 0
    assert by_chance.names == ("sign", "noise")


def test_the_rows_are_as_before(by_first):
    model, evaluation = by_first
    before = evaluation.x.copy()
    importance.of_columns(model, evaluation)
    np.testing.assert_array_equal(evaluation.x, before)


def test_many_rows_are_sampled_and_the_page_says_so(by_first, monkeypatch):
    model, evaluation = by_first
    expected_ = importance.of_columns(model, evaluation)
    assert "among 400 rows:" in content.measured(expected_, evaluation)
    calls = []
    predict = fnet.files.model.Model.predict_proba
    monkeypatch.setattr(importance, "MAX_ROWS", 50)
    monkeypatch.setattr(
        fnet.files.model.Model,
        "predict_proba",
        lambda model, x: calls.append(len(x)) or predict(model, x),
    )
    found = importance.of_columns(model, evaluation)
    assert found.rows == 50
    assert calls == [50] * (1 + 2 * importance.REPEATS)
    assert found.means == pytest.approx([0.5, 0], abs=0.15)
    assert "among a random sample of 50 rows:" in content.measured(found, evaluation)


def test_the_work_bounds_the_rows(by_first, monkeypatch):
    model, evaluation = by_first
    work = 2 * importance.REPEATS * 6  # of a row: 2 columns, 6 parameters
    monkeypatch.setattr(importance, "MAX_WORK", 40 * work)
    assert importance.of_columns(model, evaluation).rows == 40
    monkeypatch.setattr(importance, "MAX_WORK", 29 * work)
    assert importance.of_columns(model, evaluation).startswith("Permuting 2 columns takes long")
    text = write(model, evaluation)
    assert "Not measured. Permuting 2 columns takes long with 6 parameters." in text
    assert not {"Importance", "Columns", "Columns left out"} & set(Tables(text).tables)
    few = evaluation._replace(rows=10, x=evaluation.x[::40], y_true=evaluation.y_true[::40])
    assert importance.of_columns(model, few).rows == 10


def test_a_single_row_has_no_importance(by_first):
    model, _ = by_first
    evaluation = evaluate(model, [[1, 2]], [1])
    found = importance.of_columns(model, evaluation)
    assert content.measured(found, evaluation) == "Not measured. It needs at least two rows."


HUGE = np.array([[1e308], [-1e308]])


@pytest.mark.parametrize(
    "layers",
    [
        [Layer(HUGE, [0.0])],  # infinite where the two columns differ
        [Layer(HUGE[:, [0, 0]], [0.0, 0.0]), Layer([[1.0], [-1.0]], [0.0])],  # infinity - infinity
    ],
)
def test_predictions_that_overflow_are_as_bad_as_can_be(tmp_path, layers):
    sizes = (2, *(np.shape(layer.w)[1] for layer in layers))
    fnet.save(tmp_path / "m", (Network(sizes, loss="squared_error"), tuple(layers)))
    model = fnet.load(tmp_path / "m")
    rows = np.repeat([[1.0, 1.0], [-1.0, -1.0]], 10, axis=0)
    evaluation = evaluate(model, rows, np.arange(20))
    found = importance.of_columns(model, evaluation)
    assert np.isfinite(found.means).all()
    assert (found.means > 1e50).all()


def test_the_mean_and_the_deviation_are_those_over_the_repeats(by_first, monkeypatch):
    drops = np.array([[1.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.0, 0.0, 0.0, 0.5]])
    monkeypatch.setattr(importance, "permuted", lambda model, evaluation, orders: drops)
    found = importance.of_columns(*by_first)
    assert found.means == pytest.approx([0.6, 0.1])
    assert found.deviations == pytest.approx([np.sqrt(0.14), 0.2])


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_the_page_has_the_importance_of_each_column(fitted, make):
    *_, model, evaluation = fitted[make]
    found = importance.of_columns(model, evaluation)
    text = write(model, evaluation)
    (_, *rows) = Tables(text).tables["Importance"]
    drops = dict(zip(found.names, zip(found.means, found.deviations, strict=True), strict=True))
    assert [name for name, *_ in rows] == sorted(found.names, key=lambda name: -drops[name][0])
    for name, *values in rows:
        assert [float(value) for value in values] == pytest.approx(drops[name], rel=1e-3, abs=1e-9)
    score = {MLPClassifier: "accuracy", MLPRegressor: "R²"}[make]
    assert f"Drop in {score} when the cells of a column are permuted among {ROWS} rows" in text
    assert f'alt="Importance of columns, drop in {score}: {rows[0][0]} ' in text


# Columns.


def test_the_page_has_each_column(fitted):
    _, frame, _, model, evaluation = fitted[MLPClassifier]
    found = Tables(write(model, evaluation)).tables
    header, *rows = found["Columns"]
    assert header == ["Column", "Kind", "Gaps", "Values in training", "Reason", "Inputs"]
    by_name = {name: cells for name, *cells in rows}
    assert list(by_name) == ["size", "colour", "new", "sold", "noise"]
    kinds = ["number", "category", "boolean", "date", "number"]
    assert [kind for kind, *_ in by_name.values()] == kinds
    for name, (_, gaps, *_) in by_name.items():
        count = int(frame[name].isna().sum())
        assert gaps == (f"{count} ({count / ROWS:.1%})" if count else "0")
    for name in ("size", "noise"):
        column = frame[name]
        numbers = re.findall(r"-?[\d.]+", by_name[name][2])
        expected = [column.min(), column.max(), column.median()]
        assert [float(number) for number in numbers] == pytest.approx(expected, rel=1e-5)
    days = [frame["sold"].min(), frame["sold"].max(), frame["sold"].median()]
    assert re.findall(r"\d{4}-\d\d-\d\d", by_name["sold"][2]) == [str(day.date()) for day in days]
    counts = frame["colour"].value_counts()
    assert by_name["colour"][2] == ", ".join(f"'{name}' {n}" for name, n in counts.items())
    new = int(frame["new"].sum())
    assert by_name["new"][2] == f"'false' {ROWS - new}, 'true' {new}"
    assert sum(int(inputs) for *_, inputs in by_name.values()) == model.net.sizes[0]
    assert found["Columns left out"] == [["Column", "Reason"], ["planet", "has one value"]]


def test_the_page_holds_no_row_of_the_data(tmp_path):
    """But for the levels that the file has, and ends of ranges."""
    frame, classes, _ = table()
    frame["secret"] = frame[""] = [f"person {i}" for i in range(ROWS)]
    network = MLPClassifier((2,), solver="lbfgs", max_iter=2, random_state=0)
    _, model, evaluation = saved(tmp_path, network, frame, classes)
    text = write(model, evaluation)
    assert "person" not in text
    left_out = Tables(text).tables["Columns left out"]
    assert ["secret", "has texts that all differ"] in left_out
    assert "(no name)" in [name for name, _ in left_out]


@pytest.mark.parametrize(
    ("standardize", "text"),
    [
        (False, "none"),
        ("target", "the target is standardized to mean 0 .*"),
        (True, "features are standardized to mean 0 .*, and so is the target"),
    ],
)
def test_the_scaling_beside_an_encoding_is_described(tmp_path, standardize, text):
    frame, _, value = table()
    network = MLPRegressor(
        hidden_layer_sizes=(), max_iter=2, random_state=0, standardize=standardize
    )
    _, model, _ = saved(tmp_path, network, frame, value)
    described = dict(content.description(model._of_features(), model.encoding))
    assert re.fullmatch(text, described["Scaling"])
    assert described["Features"].startswith(
        f"{model.net.sizes[0]} from 5 columns: size is missing, "
    )


# Figures of encoded rows.


def test_encoded_pixels_are_images(tmp_path):
    """Columns that are left out are pixels too, and a square of those that stay is no image."""
    x, y = datasets.load_digits(return_X_y=True)
    x, y = x[:300], y[:300]
    x[:, 0] = 7  # left out, as the others that are constant
    frame = pd.DataFrame(x, columns=[f"pixel {i}" for i in range(64)])
    frame["pixel 1"] = frame["pixel 1"] > 0  # a boolean
    network = MLPClassifier((3,), solver="lbfgs", max_iter=2, random_state=0)
    _, model, evaluation = saved(tmp_path, network, frame, y)
    assert model.net.sizes[0] < 64
    alone = model._of_features()
    found = images.find(alone, evaluation.x, model.encoding)
    pixels = found.rows.reshape(300, 64)
    np.testing.assert_allclose(pixels, frame.to_numpy(float), atol=1e-6)
    kept = frame.nunique() > 1
    np.testing.assert_array_equal(found.params[0].w[kept], alone.params[0].w)
    assert not found.params[0].w[~kept].any()
    text = write(model, evaluation)
    for title in ("Misclassified", "First-layer weights of 3 hidden units"):
        assert f'alt="{title}' in text
    some = model.encoding._replace(columns=model.encoding.columns[1:])
    assert images.find(alone, evaluation.x[:, 1:], some) is None


def test_a_column_with_gaps_is_no_pixel(tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 16)))
    frame.columns = [f"pixel {i}" for i in range(16)]
    frame.iloc[3, 3] = np.nan
    network = MLPRegressor(hidden_layer_sizes=(), max_iter=2, random_state=0)
    _, model, evaluation = saved(tmp_path, network, frame, range(30))
    assert images.find(model._of_features(), evaluation.x, model.encoding) is None


def test_regions_of_encoded_columns_say_so(tmp_path):
    x, y = datasets.load_iris(return_X_y=True)
    frame = pd.DataFrame(x[:, 2:], columns=["length", "width" * 9])
    network = MLPClassifier((), solver="lbfgs", max_iter=5, random_state=0)
    _, model, evaluation = saved(tmp_path, network, frame, y)
    text = write(model, evaluation)
    (alt,) = re.findall(r'alt="(Decision regions[^"]*)"', text)
    assert re.search(r"over length, encoded and width\w*…\w*width, encoded\.", alt)
    assert len(re.search(r"and (\S* encoded)", alt)[1]) == style.MAX_AXIS_LETTERS
