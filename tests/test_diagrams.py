"""Pictures of what is inside a network: its diagram, its gradients, and planes of its inputs."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from sklearn.datasets import load_iris

import fnet
from fnet import InvalidArgument, Layer, Network, plots, reference
from fnet.plots import style

NET = Network((2, 3, 1), "relu", loss="squared_error")
PARAMS = (
    Layer(np.array([[0.5, -1.0, 0.25], [1.0, 0.5, -0.5]]), np.array([0.5, -0.5, 1.0])),
    Layer(np.array([[1.0], [2.0], [-2.0]]), np.array([-1.0])),
)
TRACE = reference.trace(NET, PARAMS, [[1.0, 2.0], [3.0, -1.0]], [1.0, -3.5])


# The diagram.


def weights_of(figure):
    """`(ends, is positive, width)` of each weight that is drawn."""
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    lines = [line for line in lines if line.get_linestyle() in ("-", "--")]
    for line in lines:
        positive = line.get_linestyle() == "-"
        assert to_hex(line.get_color()).upper() == (style.BLUE if positive else style.VERMILLION)
        yield line.get_xydata(), positive, line.get_linewidth()


def texts_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_each_weight_is_a_line_by_its_sign_and_size():
    drawn = list(weights_of(plots.network(NET, PARAMS)))
    weights = np.concatenate([layer.w.ravel() for layer in PARAMS])
    assert [positive for _, positive, _ in drawn] == (weights > 0).tolist()
    widths = np.array([width for *_, width in drawn])
    np.testing.assert_allclose(widths, 0.4 + 4.6 * np.abs(weights) / 2)
    begins, ends = (np.array([ends[k] for ends, *_ in drawn]) for k in (0, 1))
    assert np.all(ends[:, 0] - begins[:, 0] == ends[0, 0] - begins[0, 0])
    first = begins[:, 0] == 0
    assert len(set(begins[first, 1])) == 2
    assert len(set(ends[first, 1])) == len(set(begins[~first, 1])) == 3
    assert begins[0, 1] > begins[3, 1]  # the first unit is above


def test_a_trace_gives_the_values_of_one_row():
    for row, (x, a, z, delta, y, loss) in enumerate(
        [
            (
                ["1", "2"],
                ["3", "0", "0.25"],
                ["3", "-0.5", "0.25"],
                ["0.5", "0", "-1"],
                "1",
                "0.25",
            ),
            (["3", "-1"], ["1", "0", "2.25"], ["1", "-4", "2.25"], ["-1", "0", "2"], "-3.5", "1"),
        ]
    ):
        figure = plots.network(NET, PARAMS, TRACE, row=row)
        texts = texts_of(figure)
        b = ["0.5", "-0.5", "1"]
        below = [f"b {b[k]}\nz {z[k]}\nδ {delta[k]}" for k in range(3)]
        out, d = ("1.5", "0.5") if row == 0 else ("-4.5", "-1")
        below.append(f"b -1\nz {out}\nδ {d}\ny {y}")
        assert [text for text in texts if "\n" in text] == below
        inside = [text for text in texts if "\n" not in text][9:]  # after the nine weights
        assert inside == [*x, *a, out]
        assert figure.axes[0].get_title() == f"Network 2-3-1, row {row}: loss {loss}"
    assert texts_of(plots.network(NET, PARAMS))[9:] == [
        *("", "", "", "b 0.5", "", "b -0.5", "", "b 1", "", "b -1"),
    ]


def test_numbers_of_weights_stand_on_their_lines():
    figure = plots.network(NET, PARAMS, TRACE)
    texts = figure.axes[0].texts[:9]
    weights = [w for layer in PARAMS for w in layer.w.ravel()]
    assert [float(text.get_text()) for text in texts] == weights
    for text, (ends, _, _) in zip(texts, weights_of(figure), strict=True):
        (x0, y0), (x1, y1) = ends
        x, y = text.get_position()
        assert x0 < x < x1
        assert y == pytest.approx(y0 + (x - x0) / (x1 - x0) * (y1 - y0))


@pytest.mark.parametrize(
    "sizes", [(2, 3, 1), (1, 1), (2, 4, 3), (4, 5, 3), (4, 3, 2, 2, 1), (2, 8, 1), (20, 20, 20)]
)
def test_texts_do_not_overlap(sizes):
    """On a projector: 12 points in a figure of at most 17 x 11 inches."""
    net = Network(sizes, "tanh", loss="squared_error")
    params = reference.init_params(net, 1, "normal", dtype="float64")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1, sizes[0])), rng.normal(size=(1, sizes[-1]))
    figure = plots.network(net, params, reference.trace(net, params, x, y))
    assert (figure.get_size_inches() <= (17, 11)).all()
    figure.draw_without_rendering()
    (axes,) = figure.axes
    texts = [text for text in axes.texts if text.get_text()]
    below = [text for text in texts if "\n" in text.get_text()]
    assert bool(below) == (max(sizes) <= 5)
    if below:
        assert min(text.get_fontsize() for text in texts) >= 9
        assert min(text.get_fontsize() for text in below) == 12
    boxes = [text.get_window_extent().shrunk(0.98, 0.9) for text in texts]
    for i, box in enumerate(boxes):
        assert box.count_overlaps(boxes) == 1, texts[i].get_text()  # itself
    circles = [
        Bbox.from_bounds(*(center - radius), 2 * radius, 2 * radius)
        for line in axes.lines
        if line.get_marker() == "o"
        for radius in [line.get_markersize() / 72 * figure.dpi / 2]
        for center in axes.transData.transform(line.get_xydata())
    ]
    outside = [text for text in texts if text.get_bbox_patch() is not None]
    assert set(below) <= set(outside)
    for text in outside:
        assert text.get_window_extent().count_overlaps(circles) == 0, text.get_text()
    low, high = figure.get_tightbbox().get_points()
    assert (low >= 0).all()
    assert (high <= figure.get_size_inches()).all()


def test_large_layers_are_shortened():
    net = Network((64, 30, 8))
    params = reference.init_params(net, 0, dtype="float64")
    x = np.arange(64.0)[None]
    figure = plots.network(net, params, reference.trace(net, params, x, [3]))
    (axes,) = figure.axes
    units = [line for line in axes.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in units] == [7, 7, 8]
    assert len(list(weights_of(figure))) == 7 * 7 + 7 * 8
    assert texts_of(figure)[:8] == ["⋮", *"012345", "63"]
    assert texts_of(figure).count("⋮") == 2
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "x\n64 units",
        "layer 1\nrelu\n30 units",
        "layer 2\nidentity",
    ]


def test_embeddings_members_and_quantiles_are_drawn(tmp_path):
    net = Network((2, 3, 2), "tanh", loss="pinball", embedding=fnet.Embedding((1,), 2, 1))
    params = reference.init_params(net, 0)
    tuning = fnet.Tuning(quantiles=(0.1, 0.9))
    trace = reference.trace(net, params, [[1.0, 2.0]], [3.0], tuning=tuning)
    figure = plots.network(net, params, trace)
    figure.savefig(tmp_path / "it.svg")
    assert figure.axes[0].get_xticklabels()[0].get_text() == "embedded x"
    assert [float(text) for text in texts_of(figure)[15:18]] == [
        float(f"{value:.3g}") for value in trace.inputs[1][0]
    ]
    assert [text[-3:] for text in texts_of(figure)[-1:]] == ["y 3"]


def test_a_small_axes_has_small_texts():
    sizes = []
    for width in (3, 9):
        axes = Figure((width, 6)).subplots()
        plots.network(NET, PARAMS, TRACE, ax=axes)
        sizes.append(axes.texts[0].get_fontsize())
    assert sizes[0] < sizes[1] <= 12


# Gradients.


def test_the_size_of_a_gradient_is_its_root_mean_square():
    first = (Layer(np.array([[3.0], [4.0]]), np.array([0.0])), Layer(np.array([[2.0]])))
    second = (Layer(np.array([[1.0], [1.0]]), np.array([1.0])), Layer(np.array([[0.0]])))
    (axes,) = plots.gradient_flow([first, second], epochs=[5, 7]).axes
    drawn = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_allclose(drawn["layer 1"], [[5, (25 / 3) ** 0.5], [7, 1]])
    np.testing.assert_array_equal(drawn["layer 2"], [[5, 2], [7, np.nan]])
    assert drawn["layer 2: 0"][:, 0].tolist() == [7]
    assert "layer 1: 0" not in drawn
    assert axes.get_yscale() == "log"
    assert plots.gradient_flow([first]).axes[0].lines[0].get_xdata().tolist() == [1]


@pytest.mark.parametrize("side", [fnet, reference], ids=["tensorflow", "twin"])
def test_gradients_of_a_run_of_members_have_a_line_for_each(side, tmp_path):
    net = Network((2, 3, 2), embedding=fnet.Embedding((1,), 2, 2))
    x, y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]
    runs = []
    plan = fnet.full_batch_plan(2, epochs=3)
    params = side.init_params(net, [0, 1, 2])
    run = side.train(net, fnet.sgd(0.1), params, x, y, plan, callback=runs.append)
    runs = [*runs, run][-1:]
    grads = [side.grads(net, each.params, x, y) for each in runs]
    epochs = [int(each.train_state.epoch) for each in runs]
    figure = plots.gradient_flow(grads, epochs)
    figure.savefig(tmp_path / "it.png")
    lines = figure.axes[0].lines
    assert len(lines) == 3 * 3
    labels = [line.get_label() for line in lines]
    assert [label for label in labels if not label.startswith("_")] == [
        *("PeriodicEmbedding", "layer 1", "layer 2"),
    ]
    expected = [
        np.sqrt((np.sum(w[m] ** 2) + np.sum(b[m] ** 2)) / (w[m].size + b[m].size))
        for w, b in [[np.asarray(array) for array in layer] for layer in grads[0][1:]]
        for m in range(3)
    ]
    found = [line.get_ydata()[0] for line in lines[3:]]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_gradients_that_are_0_or_not_finite_are_drawn(tmp_path):
    zero, bad = ((Layer(np.full((2, 2), value)),) for value in (0.0, np.inf))
    for grads in ([zero], [zero, zero], [bad, zero], [bad]):
        plots.gradient_flow(grads).savefig(tmp_path / "it.png")


def test_tick_labels_are_no_formulas():
    figure = plots.gradient_flow([(Layer(np.full((1, 1), 10.0**-k)),) for k in range(1, 7)])
    figure.draw_without_rendering()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert any(labels)
    assert not any("$" in label for label in labels)


# Planes of two features.

IRIS = load_iris(as_frame=True)
TABLE = pd.DataFrame(
    {
        "age": [20.0, 30, 40, 50, 60, np.nan] * 5,
        "plan": ["basic", "plus", "plus"] * 10,
        "income": np.linspace(10, 40, 30),
        "since": pd.to_datetime(["2020-01-01", "2021-05-01"] * 15),
    }
)
LEAVES = np.where((TABLE.age > 35) ^ (TABLE.plan == "plus"), "yes", "no")


def region_map(figure):
    """`(classes [rows, columns] from below, x of columns, y of rows)` of a plane."""
    image = figure.axes[0].images[0]
    found = np.asarray(image.get_array())
    left, right, bottom, top = image.get_extent()
    return found, np.linspace(left, right, len(found)), np.linspace(bottom, top, len(found))


@pytest.fixture(scope="module")
def iris():
    model = fnet.MLPClassifier((5,), solver="lbfgs", random_state=0, standardize=True)
    return model.fit(IRIS.data, IRIS.target)


@pytest.fixture(scope="module")
def table_model():
    return fnet.TabularClassifier(cv=3, hidden=(4,), epochs=30, random_state=0).fit(TABLE, LEAVES)


@pytest.mark.parametrize(
    ("features", "places"),
    [((0, 2), (0, 2)), ((3, 1), (3, 1)), (("petal width (cm)", 0), (3, 0))],
)
@pytest.mark.parametrize("at", [None, "dict", "row"])
def test_a_plane_shows_predictions_with_the_others_held(iris, features, places, at, monkeypatch):
    monkeypatch.setattr("fnet.plots.regions.POINTS", 20)
    names = list(IRIS.data.columns)
    kept = np.sort(IRIS.data.to_numpy(), axis=0)[74]  # the lower median of 150
    other = next(k for k in range(4) if k not in places)
    if at == "dict":
        kept[other] = 6.5
        at = {names[other]: 6.5}
    elif at == "row":
        kept = np.array([6.0, 3.5, 4.5, 2])
        at = kept.tolist()
    figure = plots.decision_regions(iris, IRIS.data, IRIS.target, features=features, at=at)
    found, columns, rows = region_map(figure)
    for i in (0, 7, 19):
        for j in (0, 11, 19):
            point = kept.copy()
            point[list(places)] = columns[j], rows[i]
            assert found[i, j] == iris.predict(pd.DataFrame([point], columns=names))[0]
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == tuple(names[k] for k in places)
    right = round(150 * iris.score(IRIS.data, IRIS.target))
    others = ", ".join(f"{names[k]} = {kept[k]:g}" for k in range(4) if k not in places)
    assert axes.get_title() == f"Decision regions: {right} of 150 rows correct\n{others}"
    drawn = np.concatenate([line.get_xydata() for line in axes.lines])
    np.testing.assert_array_equal(
        drawn, IRIS.data.to_numpy()[np.argsort(IRIS.target, kind="stable")][:, places]
    )


def test_columns_of_a_table_are_taken_by_name(iris):
    shuffled = IRIS.data[IRIS.data.columns[::-1]]
    one, other = (
        plots.decision_regions(iris, x, IRIS.target, features=("sepal length (cm)", 2))
        for x in (IRIS.data, shuffled)
    )
    np.testing.assert_array_equal(region_map(one)[0], region_map(other)[0])
    for a, b in zip(one.axes[0].lines, other.axes[0].lines, strict=True):
        np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())


def test_many_held_features_are_counted():
    net = Network((64, 10))
    x, _, y, _ = fnet.datasets.load_digits()
    params = reference.init_params(net, 0)
    figure = plots.decision_regions((net, params), x, y.argmax(axis=1), features=(20, 40))
    assert figure.axes[0].get_title().endswith("rows correct\n62 other features held")
    assert figure.axes[0].get_xlabel() == "feature 20"


@pytest.mark.parametrize("at", [None, {"plan": "basic", "since": pd.Timestamp("2020-01-01")}])
@pytest.mark.parametrize("container", [pd.DataFrame, dict, "arrow", "records"])
def test_a_plane_of_a_table(table_model, at, container, monkeypatch, tmp_path):
    monkeypatch.setattr("fnet.plots.regions.POINTS", 12)
    table = TABLE
    if container == "arrow":
        pa = pytest.importorskip("pyarrow")
        table = pa.Table.from_pandas(TABLE)
    elif container == "records":
        table = TABLE.to_dict("records")
    else:
        table = container(TABLE)
    figure = plots.decision_regions(table_model, table, LEAVES, features=("income", "age"), at=at)
    figure.savefig(tmp_path / "it.png")
    found, columns, rows = region_map(figure)
    points = pd.DataFrame(
        {
            "age": np.repeat(rows, len(columns)),
            "plan": "plus" if at is None else "basic",
            "income": np.tile(columns, len(rows)),
            "since": pd.Timestamp("2020-01-01"),  # as frequent as the other, and first
        }
    )
    predicted = table_model.predict(points)
    np.testing.assert_array_equal(table_model.classes_[found.ravel()], predicted)
    title = figure.axes[0].get_title()
    assert re.search(r"\nplan = (plus|basic), since = 2020-01-01", title)
    drawn = sum(np.isfinite(line.get_xydata()).all(axis=1).sum() for line in figure.axes[0].lines)
    assert drawn == 25  # five ages are not known


def test_a_plane_of_rows_without_names(monkeypatch):
    """Columns are taken by position, also those that the model leaves out."""
    monkeypatch.setattr("fnet.plots.regions.POINTS", 12)
    rows = np.array(TABLE[["age", "plan", "income"]], object)
    rows = np.insert(rows, 1, [f"id {i}" for i in range(30)], axis=1)
    model = fnet.TabularClassifier(cv=3, hidden=(4,), epochs=30, random_state=0).fit(rows, LEAVES)
    figure = plots.decision_regions(model, rows, LEAVES, features=(3, 0))
    found, columns, ages = region_map(figure)
    points = [[age, "id 0", "plus", column] for age in ages for column in columns]
    predicted = model.predict(points)
    np.testing.assert_array_equal(model.classes_[found.ravel()], predicted)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("x3", "x0")


def test_a_saved_table_model_has_the_same_plane(table_model, monkeypatch, tmp_path):
    monkeypatch.setattr("fnet.plots.regions.POINTS", 12)
    fnet.save(tmp_path / "it.fnet", table_model)
    one, other = (
        region_map(plots.decision_regions(model, TABLE, LEAVES, features=("age", "income")))[0]
        for model in (table_model, fnet.load(tmp_path / "it.fnet"))
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ("age", "plan")}, "two columns of numbers; 'plan' has none"),
        ({}, "two of the 4 features"),
        ({"features": ("age", "height")}, "two of the 4 features, .* 'height'.* they are"),
        (
            {"features": ("age", 2), "at": {"height": 3}},
            "at must have values of features.*'height'",
        ),
        ({"features": ("age", 2), "at": [1, 2]}, "at must be a value for each of the 4 features"),
        ({"features": ("plan", 0)}, "'plan' has none"),
        ({"features": ("age", 2), "at": {"plan": 3}}, "plan"),
    ],
)
def test_a_plane_that_does_not_fit_is_refused(table_model, options, message):
    with pytest.raises(InvalidArgument, match=message):
        plots.decision_regions(table_model, TABLE, LEAVES, **options)


def test_held_numbers_must_be_numbers(iris):
    for at in ({0: "a"}, ["a", 1, 2, 3]):
        with pytest.raises(InvalidArgument, match="at must have a number for 'sepal length"):
            plots.decision_regions(iris, IRIS.data, IRIS.target, features=(1, 2), at=at)


def test_other_names_of_the_only_two_features():
    net, params = Network((2, 2)), (Layer(np.eye(2), np.zeros(2)),)
    x = pd.DataFrame([[0.0, 4.0], [4.0, 0.0]], columns=["a", "b"])
    for features, labels in (
        (None, ("a", "b")),
        (("c", "d"), ("c", "d")),
        (("b", "a"), ("b", "a")),
    ):
        (axes,) = plots.decision_regions((net, params), x, [1, 0], features=features).axes
        assert (axes.get_xlabel(), axes.get_ylabel()) == labels
        flipped = labels == ("b", "a")
        assert axes.lines[0].get_xydata().tolist() == [[0.0, 4.0] if flipped else [4.0, 0.0]]


def test_large_ensembles_predict_at_fewer_points(table_model, monkeypatch):
    products = table_model._plain()["net"].products * 3
    monkeypatch.setattr("fnet.plots.regions.MAX_PRODUCTS", 30.5**2 * products)
    figure = plots.decision_regions(table_model, TABLE, LEAVES, features=("age", "income"))
    assert region_map(figure)[0].shape == (30, 30)
