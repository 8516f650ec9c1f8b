"""Exports with their encoder: tables in, predictions out, held to those of NumPy.

Pipelines compare the whole; encoders alone are compared in float64, column by column.
"""

import datetime
import json
import re
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from hostile_names import NAMES
from processes import HANG_SECONDS
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

import fnet
from fnet import (
    InvalidArgument,
    MLPClassifier,
    MLPRegressor,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
    exports,
)
from fnet.encoding import Encoding, cells, encode, learn, step_functions, steps
from fnet.encoding.options import Options
from fnet.encoding.reading import READS
from fnet.encoding.records import ColumnEncoding, Statistics, used
from fnet.exports import (
    columns,
    dates,
    onnx_encoder,
    onnx_graph,
    onnx_network,
    saved_model_encoder,
)
from fnet.exports.onnx_tensors import Graph
from fnet.files import Model, schema

N = 300
RANDOM = np.random.default_rng(17)
DAYS = [datetime.datetime(1968, 1, 1) + datetime.timedelta(hours=1009.7 * i) for i in range(N)]


def choice(*levels):
    return [levels[i] for i in RANDOM.integers(0, len(levels), N)]


def with_gaps(values, gap=None):
    return [gap if i % 7 == 3 else value for i, value in enumerate(values)]


COMMAS = [f"{v:.2f}".replace(".", ",") for v in RANDOM.normal(0, 5, N)]
TABLE = {
    "number": RANDOM.normal(50, 20, N).tolist(),
    "with gaps": with_gaps(RANDOM.lognormal(0, 2, N).tolist()),
    "one value, or a gap": with_gaps([1.0] * N),
    "decimal commas": with_gaps(COMMAS),
    "large": (1_700_000_000 + RANDOM.integers(0, 10**6, N)).tolist(),
    "boolean": [bool(v) for v in RANDOM.integers(0, 2, N)],
    "yes or no": with_gaps(choice("yes", "no")),
    "text": choice("red", "green", "dark  blue"),
    "text with gaps": with_gaps(choice("Élan", "x, y", 'a "b"', "True", "false")),
    "two levels": choice("left", "right"),
    "many": [f"zip {i % 60}" for i in range(N)],
    "codes": choice(7, 19, 2.5),
    "codes with gaps": with_gaps(choice(1, 2)),
    "date": [day.date() for day in DAYS],
    "time": with_gaps(DAYS),
    "german date": [f"{d:%d.%m.%Y}" for d in DAYS],
    "school": with_gaps(choice(-4, 0, 7, 30, 31, 1_000_000_007)),
}
KINDS = {"codes": "category", "codes with gaps": "category", "many": "category"}
ENCODER = {"kinds": KINDS, "embed": 5, "min_count": 2, "missing": ("999", "nothing")}


MANY = {
    name: TABLE[name] for name in ("with gaps", "text", "codes", "many", "german date", "school")
}
FEW = {name: TABLE[name] for name in ("with gaps", "yes or no", "text with gaps", "time", "school")}


def fitted(network, y, table=FEW, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = network.set_params(max_iter=4, random_state=0)
        options = {"kinds": None} | options
        return make_pipeline(TableEncoder(**ENCODER | options), network).fit(table, y)


def ensemble(estimator, y, table=MANY):
    """An ensemble of three small networks, of an estimator that is not fitted yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoder = TableEncoder(
            **ENCODER | {"kinds": {name: KINDS[name] for name in KINDS.keys() & table.keys()}}
        )
        estimator.set_params(cv=3, hidden=(8,), epochs=4, engine="numpy", encoder=encoder)
        return estimator.fit(table, y)


PIXELS, DIGIT = load_digits(return_X_y=True)
DIGITS = {f"pixel {i}": PIXELS[:N, i].tolist() for i in range(64)}
Y = RANDOM.normal(100, 30, N)
PIPELINES = {
    "ensemble of classes": lambda: ensemble(TabularClassifier(), choice("a", "b", "c")),
    "ensemble of two classes": lambda: ensemble(TabularClassifier(), Y > 100),
    "ensemble of labels": lambda: ensemble(
        TabularClassifier(), np.stack([Y > 100, Y > 80], 1).astype(int)
    ),
    "ensemble of numbers": lambda: ensemble(TabularRegressor(), Y),
    "ensemble of two numbers": lambda: ensemble(TabularRegressor(), np.stack([Y, -Y], 1)),
    "ensemble of quantiles": lambda: ensemble(
        TabularRegressor(loss="pinball", quantiles=(0.05, 0.5, 0.95)), Y
    ),
    "ensemble of counts": lambda: ensemble(TabularRegressor(loss="poisson"), np.arange(N) % 7),
    "ensemble of digits": lambda: ensemble(TabularClassifier(), DIGIT[:N], DIGITS),
    "three classes": lambda: fitted(
        MLPClassifier(hidden_layer_sizes=(8,)), choice("a", "b", "Ünïcode"), TABLE, kinds=KINDS
    ),
    "two classes": lambda: fitted(MLPClassifier(hidden_layer_sizes=(8,)), np.array(choice(3, 10))),
    "booleans": lambda: fitted(MLPClassifier(hidden_layer_sizes=(8,)), Y > 100),
    "labels": lambda: fitted(
        MLPClassifier(hidden_layer_sizes=(8,)), np.stack([Y > 100, Y > 80], 1).astype(int)
    ),
    "one class": lambda: fitted(MLPClassifier(hidden_layer_sizes=(8,)), ["a"] * N),
    "numbers": lambda: fitted(MLPRegressor(hidden_layer_sizes=(8,), standardize=True), Y),
    "two numbers": lambda: fitted(
        MLPRegressor(hidden_layer_sizes=(8,)), np.stack([Y, -Y], 1), scaling="standard"
    ),
    "float32": lambda: fitted(
        *(MLPClassifier(hidden_layer_sizes=(8,), standardize=True), choice("a", "b", "c")),
        FEW | {"large": TABLE["large"]},
        **{"dtype": "float32", "scaling": "none"},
    ),
}


ROWS = 1000


def unseen(names):
    """1,000 rows of these columns, with gaps and levels that training did not have."""
    every = TABLE | DIGITS
    found = {name: (every[name] * 4)[:ROWS] for name in names}
    for i, values in enumerate(found.values()):
        values[i] = values[i + 20] = None
    cells = {
        "text": ["pink", "NA", "nothing"],
        "text with gaps": ["pink", "NA", "nothing"],
        "number": [999, 1e99, 0],
        "with gaps": [999, 1e6, 0],
        "codes": [8, 999, 7.0],
        "school": [8, 999, -0.0],
        "date": [datetime.date(year, 2, 28) for year in (1, 9999, 1900)],
    }
    for name in cells.keys() & found.keys():
        found[name][50:53] = cells[name]
    return found


def given(name, column, value):
    """A cell as a program takes it."""
    if column.is_number:
        value = value.replace(",", ".") if isinstance(value, str) else value
        return np.nan if value is None else float(value)
    return "" if value is None else str(value)


def feeds(encoding, table):
    """The cells of each input of a program."""
    for i in columns.inputs(encoding):
        cells = [given(i.name, i, value) for value in table[i.column.name]]
        yield i.name, np.array(cells, np.float64 if i.is_number else object)


def saved_model(folder, what, signature="serving_default", **options):
    if not (folder / "model").exists():
        fnet.export(folder / "model", what, **options)
    program = tf.saved_model.load(folder / "model").signatures[signature]

    def run(named):
        found = program(**{name: tf.constant(values) for name, values in named})
        return {name: value.numpy() for name, value in found.items()}

    return run


def onnx_file(folder, what, **options):
    fnet.export(folder / "model.onnx", what, **options)
    session = onnxruntime.InferenceSession(folder / "model.onnx")

    def run(named):
        found = session.run(None, {name: values[:, None] for name, values in named})
        return dict(zip([o.name for o in session.get_outputs()], found, strict=True))

    return run


BACKENDS = {"saved_model": saved_model, "onnx": onnx_file}
"""How a program of each format is run."""

OF_A_BACKEND = pytest.mark.parametrize("backend", BACKENDS)


def close(found, wanted, tolerance):
    """Equal within a part of each number, and of 1."""
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """What `load` returns of each pipeline, fitted when it is first asked for."""
    folder, found = tmp_path_factory.mktemp("models"), {}

    def model(name):
        if name not in found:
            fnet.save(folder / name, PIPELINES[name]())
            found[name] = fnet.load(folder / name)
        return found[name]

    return model


# The whole.


@OF_A_BACKEND
@pytest.mark.parametrize("name", PIPELINES)
def test_a_program_predicts_tables_like_numpy(name, backend, models, tmp_path):
    model = models(name)
    table = unseen(model.features)
    is_float32 = model.ensemble is None and model.params[0].w.dtype == np.float32
    tolerance = 1e-5 if is_float32 else 1e-9
    has_interval = model.ensemble is not None and model.classes is None
    run = BACKENDS[backend](tmp_path, model, interval=0.9 if has_interval else None)
    found = run(feeds(model.encoding, table))
    assert ("lower" in found) == has_interval
    if has_interval:
        wanted = model.predict_interval(table, 0.9)
        ends = np.stack([found["lower"], found["upper"]], axis=-1)
        close(ends.reshape(wanted.shape), wanted, tolerance)
    assert ("label" in found) == (model.net.targets in ("multiclass", "multilabel"))
    if "label" in found:
        close(found["probabilities"], model.predict_proba(table), tolerance)
        decode = np.vectorize(lambda v: v.decode() if isinstance(v, bytes) else v)
        assert decode(found["label"]).tolist() == model.predict(table).tolist()
    else:
        wanted = model.predict(table)
        close(found["prediction"].reshape(wanted.shape), wanted, tolerance)
    one = run((name, values[5:6]) for name, values in feeds(model.encoding, table))
    for output, values in one.items():
        assert values.shape == (1, *found[output].shape[1:])
        if values.dtype.kind == "f":
            close(values[0], found[output][5], tolerance)


@OF_A_BACKEND
def test_no_rows_give_no_predictions(backend, models, tmp_path):
    model = models("two classes")
    run = BACKENDS[backend](tmp_path, model)
    found = run((name, values[:0]) for name, values in feeds(model.encoding, TABLE))
    assert found["label"].shape == (0,)
    assert found["probabilities"].shape == (0, 2)


SERVED = """
import json, sys
import numpy as np
import tensorflow as tf

program = tf.saved_model.load("model").signatures["serving_default"]
_, specs = program.structured_input_signature
rows = json.loads(sys.stdin.read())["instances"]
assert all(row.keys() == specs.keys() for row in rows)
cells = {name: tf.constant([row[name] for row in rows], spec.dtype) for name, spec in specs.items()}
found = {name: value.numpy().tolist() for name, value in program(**cells).items()}
print(json.dumps(found, default=bytes.decode))
"""
"""What TensorFlow Serving makes of `{"instances": [...]}`: a tensor for each input of every row."""


def test_another_process_serves_rows_of_json(models, tmp_path):
    model = models("ensemble of classes")
    table = unseen(model.features)
    fnet.export(tmp_path / "model", model)
    named = {name: values.tolist() for name, values in feeds(model.encoding, table)}
    rows = [dict(zip(named, cells, strict=True)) for cells in zip(*named.values(), strict=True)]
    done = subprocess.run(
        [sys.executable, "-c", SERVED],
        input=json.dumps({"instances": rows}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["label"] == model.predict(table).tolist()
    close(np.array(found["probabilities"]), model.predict_proba(table), 1e-9)


def test_a_saved_model_takes_numbers_of_32_bits_too(models, tmp_path):
    model = models("ensemble of numbers")
    table = {name: TABLE[name] for name in model.features}
    named = {
        name: values.astype("f4") if values.dtype == np.float64 else values
        for name, values in feeds(model.encoding, table)
    }
    wide = {k: v.astype("f8") if v.dtype == np.float32 else v for k, v in named.items()}
    found = saved_model(tmp_path, model, "serving_default_float32")(named.items())
    wanted = saved_model(tmp_path, model)(wide.items())
    close(found["prediction"], wanted["prediction"], 1e-12)
    outputs = saved_model(tmp_path, model, "forward_float32")(named.items())["outputs"]
    assert outputs.shape == (3, N, 1)


# The encoder alone.


def onnx_encoding(encoding, named):
    """The rows that an ONNX file encodes, in float64."""
    graph, inputs = Graph(), columns.inputs(encoding)
    rows = onnx_encoder.encode(graph, inputs)
    types = {i.name: (np.float64 if i.is_number else np.object_, ["N", 1], "") for i in inputs}
    program = onnx_graph.Program(types, {"rows": (rows, ["N", "D"])}, {})
    model = onnx_graph.model_of(graph, program).SerializeToString()
    session = onnxruntime.InferenceSession(model)
    return session.run(None, {name: values[:, None] for name, values in named})[0]


def tensorflow_encoding(encoding, named):
    """The rows that TensorFlow encodes, in float64."""
    inputs = columns.inputs(encoding)
    cells = [tf.constant(values) for _, values in named]
    tables = saved_model_encoder.lookup_tables(inputs)
    return saved_model_encoder.encode(inputs, cells, tables).numpy()


ENCODERS = {"saved_model": tensorflow_encoding, "onnx": onnx_encoding}


OPTIONS = {
    "robust": {},
    "standard": {"scaling": "standard"},
    "not scaled": {"scaling": "none"},
    "nothing pooled": {"min_count": 1, "max_levels": 100, "embed": None},
}


@OF_A_BACKEND
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_program_encodes_like_numpy(options, backend):
    encoding, table = learn(TABLE, Options(**ENCODER | options)), unseen(TABLE)
    found = ENCODERS[backend](encoding, feeds(encoding, table))
    close(found, encode(encoding, table), 1e-12)


def test_both_programs_implement_the_closed_list_of_steps():
    closed = [*READS, steps.Levels, *step_functions.STEPS]
    for table in (onnx_encoder.STEPS, saved_model_encoder.STEPS):
        assert list(table) == closed
    encodings = [learn(TABLE, Options(**ENCODER | each)) for each in OPTIONS.values()]
    tested = {type(s) for each in encodings for column in used(each) for s in column.steps}
    assert tested == set(closed)


# Cells, one step at a time: a line is a column with its cells.

NUMBERS = [0.0, -0.0, 1.5, 7, 999, 1e100, 1.1e100, np.inf, -np.inf, np.nan, 2.0**53, 1e-300]
TEXTS = [
    "a",
    " a ",
    "a b",
    "",
    " ",
    "NA",
    " NA ",
    "none",
    "nothing",
    "true",
    "TRUE",
    "tRuE",
    "fALSE",
]
TEXTS += [
    "a\nb",
    "é",
    "e\u0301",
    "a  b",
    "AB",
    "<NA>",
    "1.#IND",
    "(",
    "\\",
    "🙂",
    "x" * 5000,
    "a.b",
]
BOOLEANS = [*cells.BOOLEANS, "True", "FALSE", "Yes", "oN", "0", "1", "1.0", "+1", "-0", "00", ".0"]
BOOLEANS += [
    "0e5",
    "01",
    "1e0",
    "\u22120",
    "2",
    "",
    "NA",
    "maybe",
    "yess",
    "1 0",
    "-1",
    " no ",
    "y.",
]
DATES = ["2023-02-28", "2023-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "0001-01-01"]
DATES += ["9999-12-31", "0000-01-01", "2023-00-10", "2023-13-01", "2023-04-31", "2023-01-00"]
DATES += ["1969-12-31T23:59:59.999999", "1970-01-01", "2023-1-1", "20230101", "soon", "", "NaT"]
DATES += [
    f"2023-03-01{time}"
    for time in (
        *("T10:11:12Z", " 10:11", "T1:02", "T24:00", "T23:60", "T23:59:60", "  10:11:12.5", "T10"),
        *("T10:11:12.123456789", "T10:11:12,25", "T00:30+01:00", "T23:30-0130", "T10:11+14", "Z"),
        *("T10:11:12.1234569 +05:30", " 10:11 UTC", " 10:11:12 GMT", "T10:11:12.000001", "T10:11z"),
        *(" 10:11:", "T10:11:12.", "T10:11+1", "T10:11+99:99", "T10:11:12.1234567890", "T10:11-00"),
        *("T10:11U", "T10:11 G", " T10:11", "\u0661"),
    )
]
DATES += [" 2023-02-28 ", "2023-02-28 nothing", "1.2.2023", "28.02.2023 10:11:12.5+01:00"]
DATES += ["2023/2/8", "2023/02/08 1:02", "2/28/2023", "28/2/2023 23:59", "31.04.2023", "29.2.1900"]
DATES += [f"{1 + 37 * i:04d}-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(250)]
LEVELS = steps.Levels(("a", "a b", "True", "é", "a  b", "true", "\ud800", "a\nb"), 9, 8)
ENDS = (steps.Missing(), steps.Days(), steps.Fill(-5.0), steps.Value())
CYCLES = tuple(map(steps.Cycle, ("hour", "weekday", "month")))

CASES = {
    "numbers": ((steps.Number(), steps.Missing(), steps.Fill(-5.0), steps.Value()), NUMBERS),
    "numbers that are gaps": (
        (steps.Number(gaps=("999", "1.50", "x")), steps.Missing(), steps.Fill(3), steps.Value()),
        NUMBERS,
    ),
    "a number and no clip": (
        (steps.Number(), steps.Fill(2.0), steps.Scale(3.0, 0.5), steps.Value()),
        NUMBERS[:5],
    ),
    "a number, clipped": (
        (steps.Number(), steps.Fill(2.0), steps.Scale(3.0, 0.5), steps.Clip(2.5), steps.Value()),
        NUMBERS[:5],
    ),
    "levels of numbers": (
        (steps.Number(), steps.Levels((7, 1.5, 0, 2**53 + 1), 5, 4), steps.Value()),
        NUMBERS,
    ),
    "levels of numbers without a pool": (
        (steps.Number(), steps.Levels((7, 1.5)), steps.Missing(), steps.OneHot(2)),
        NUMBERS,
    ),
    "no level of a number": ((steps.Number(), steps.Levels((), 0, 0), steps.Value()), NUMBERS),
    "codes of numbers": (
        (
            steps.Number(gaps=("1.5",)),
            steps.Code((-7.0, 0.0, 1.5, 7, 999.0, 2.0**53, 1e100)),
            steps.Fill(2.0),
            steps.Value(),
        ),
        NUMBERS,
    ),
    "a code of minus zero": (
        (steps.Number(), steps.Code((-0.0, 1e-300)), steps.Missing()),
        NUMBERS,
    ),
    "one code of a number": ((steps.Number(), steps.Missing(), steps.Code((7.0,))), NUMBERS),
    "booleans": ((steps.Boolean(), steps.Missing(), steps.Contrast()), BOOLEANS),
    "booleans that are gaps": (
        (steps.Boolean(("no", "True", "1", "false")), steps.Missing(), steps.Contrast()),
        BOOLEANS,
    ),
    "text": ((steps.Text(), LEVELS, steps.Value()), TEXTS),
    "codes": (
        (steps.Text(), steps.Levels(("007", "01", "1", "-2.50", "x", "True"), 9, 8), steps.Value()),
        [
            *"17x0",
            "7.0",
            "+1",
            "01",
            "1e0",
            "1.",
            ".5",
            "-2.5",
            "True",
            "1e400",
            "9" * 30,
            "",
            "7a",
        ],
    ),
    "levels of numbers and codes": (
        (steps.Number(), steps.Levels(("007", "01", "1", 0.5, "2.0", "2"), 9, 8), steps.Value()),
        [7.0, 1.0, 0.5, 2.0, 3.0, np.nan],
    ),
    "texts that are gaps": (
        (steps.Text(("a", "nothing", "(", "\\", "True")), LEVELS, steps.Value()),
        TEXTS,
    ),
    "text without a pool": (
        (steps.Text(), steps.Levels(("a", "🙂"), 2), steps.Missing(), steps.OneHot(3)),
        TEXTS,
    ),
    "gaps and levels of odd letters": (
        (
            steps.Text(("nul\0", "\ud800", "a\nb", "[x]", "^", "é")),
            steps.Levels(("\0", "\x7f", "ab\u202e", "}{", "$", "\U0001f600"), 7, 6),
            steps.Value(),
        ),
        [
            "\0",
            "nul\0",
            "nul",
            "a\nb",
            "[x]",
            "x",
            "^",
            "é",
            "\x7f",
            "ab\u202e",
            "}{",
            "$",
            "😀",
            "{",
        ],
    ),
    "no level of text": ((steps.Text(), steps.Levels((), 0, 0), steps.Value()), TEXTS),
    **{
        f"dates as {date_format}": (
            (steps.Date(date_format, ("1970-01-01",)), *CYCLES, *ENDS),
            DATES,
        )
        for date_format in cells.DATE_FORMATS
    },
}


def wanted_of(encoding, own):
    """What NumPy makes of cells: those that it refuses are gaps, and ISO 8601 dates are dates."""
    table = {"x": own}
    found = fnet.encoding.encode_rows(encoding, table)
    values = found.values
    [column] = encoding.columns
    if type(column.steps[0]) is steps.Date:
        iso = column._replace(
            steps=(column.steps[0]._replace(format="YYYY-MM-DD"), *column.steps[1:])
        )
        other = fnet.encoding.encode_rows(Encoding((iso,)), table)
        values = np.where(other.bad[:, None], values, other.values)
        found = found._replace(bad=found.bad & other.bad)
    gap = fnet.encoding.encode_rows(encoding, {"x": [None]}).values
    return np.where(found.bad[:, None], gap, values)


def one_column(*own_steps):
    """The encoding of a column "x"."""
    return Encoding((ColumnEncoding("x", "number", "", Statistics(2), own_steps),))


@OF_A_BACKEND
@pytest.mark.parametrize("case", CASES)
def test_each_cell_is_read_as_in_numpy(case, backend):
    own_steps, own = CASES[case]
    encoding = one_column(*own_steps)
    found = ENCODERS[backend](
        encoding, [("x", np.array(own, type(own[0]).__name__.replace("str", "O")))]
    )
    close(found, wanted_of(encoding, own), 1e-12)


@OF_A_BACKEND
def test_blanks_around_text_are_dropped(backend):
    """In ONNX spaces alone, but where a whole pattern is looked for."""
    blanks = "\t\n\u00a0\u3000 "
    own = [f"{blanks}a{blanks}", f"{blanks}NA{blanks}"]
    encoding = one_column(steps.Text(), steps.Levels(("a",), 2, 1), steps.Value())
    wanted = encode(encoding, {"x": own})
    assert wanted.tolist() == [[0], [2]]
    found = ENCODERS[backend](encoding, [("x", np.array(own, object))])
    assert found.tolist() == ([[1], [2]] if backend == "onnx" else wanted.tolist())
    encoding = one_column(steps.Boolean(), steps.Contrast())
    found = ENCODERS[backend](encoding, [("x", np.array([f"{blanks}no{blanks}"], object))])
    assert found.tolist() == [[-1]]


def test_the_calendar_is_that_of_python():
    days = np.arange(np.datetime64("0001-01-01"), np.datetime64("9999-12-31"), 97)
    text = days.astype(str)
    year, month, day = (np.array([t.split("-")[i] for t in text], int) for i in range(3))
    nothing = np.zeros(len(days), int)
    parts = dates.Parts(year, month, day, *[nothing] * 5)
    found, exists = dates.to_microseconds(parts)
    assert exists.all()
    assert (found == days.astype("M8[us]").view(int)).all()
    for part in ("hour", "weekday", "month"):
        position, period = dates.position(part, found + 10**9)
        wanted = step_functions.position(part, (found + 10**9).view("M8[us]"))
        np.testing.assert_allclose(position / period, wanted, rtol=0, atol=1e-15)
    for bad in (parts._replace(day=day + 31), parts._replace(month=nothing)):
        assert not dates.to_microseconds(bad)[1].any()


# Names.

CLEANED = {
    "age": "age",
    "Sepal length (cm)": "Sepal_length_cm",
    "a__b": "a__b",
    "_private_": "private",
    "Größe": "Gro_e",
    "été": "ete",
    "2020": "column_2020",
    "": "column",
    "度": "column",
    "class": "class_2",
    "True": "True_2",
    "label": "label_2",
    "Prediction": "Prediction_2",
    "self": "self_2",
    "a/b\\c;d": "a_b_c_d",
    "x" * 10_000: "x" * columns.MAX_LETTERS,
}


@pytest.mark.parametrize("name", CLEANED, ids=lambda name: name[:20])
def test_a_name_becomes_an_identifier(name):
    [found] = columns.input_names([name])
    assert found == CLEANED[name]


def test_names_of_inputs_are_unique_and_good_ones_stay():
    assert columns.input_names(["a b", "a_b", "a-b", "A_B", "a_b_2", "", "column"]) == [
        *("a_b_3", "a_b", "a_b_4", "A_B_5", "a_b_2", "column_2", "column"),
    ]
    many = [*NAMES, *("é" * i for i in range(50)), *map(str, range(50))]
    found = columns.input_names(many)
    assert len({name.lower() for name in found}) == len(many)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) for name in found)
    assert columns.input_names(found) == found


@OF_A_BACKEND
def test_hostile_names_and_levels_go_through(backend, tmp_path):
    some = [*NAMES[::9], "", "label", "class", "tensor.0.0", "A", "a", "x" * 10_000]
    kinds = dict.fromkeys(some[:3], "category")
    table = {name: RANDOM.normal(size=9).tolist() for name in some}
    table |= {name: [*some[3:6]] * 3 for name in kinds}
    network = MLPRegressor(hidden_layer_sizes=(3,))
    pipeline = fitted(network, np.arange(9), table, kinds=kinds, min_count=1)
    found = BACKENDS[backend](tmp_path, pipeline)(feeds(pipeline[0].encoding_, table))
    close(found["prediction"][:, 0], pipeline.predict(table), 1e-6)


# What describes a program.


def test_an_ensemble_tells_its_score_and_has_the_same_bytes_each_time(models, tmp_path):
    model = models("ensemble of numbers")
    for name in ("a.onnx", "b.onnx"):
        fnet.export(tmp_path / name, model, interval=0.8)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    found = onnx.load(tmp_path / "a.onnx")
    assert [o.name for o in found.graph.output] == ["prediction", "lower", "upper"]
    metadata = {prop.key: prop.value for prop in found.metadata_props}
    score = json.loads(metadata["score"])
    assert score["name"] == "r2"
    assert score["cv_score"] == model.ensemble.cv_score
    assert score["cv_score_std_error"] == model.ensemble.cv_score_std_error
    assert json.loads(metadata["coverage"]) == 0.8


def test_an_onnx_file_describes_itself_and_has_the_same_bytes_each_time(models, tmp_path):
    model = models("three classes")
    for name in ("a.onnx", "b.onnx"):
        fnet.export(tmp_path / name, model)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    found = onnx.load(tmp_path / "a.onnx")
    assert [o.name for o in found.graph.output] == ["label", "probabilities"]
    metadata = {prop.key: prop.value for prop in found.metadata_props}
    assert metadata["fnet_version"] == fnet.__version__
    assert json.loads(metadata["classes"]) == ["a", "b", "Ünïcode"]
    described = json.loads(metadata["inputs"])
    assert [each["name"] for each in described] == [i.name for i in found.graph.input]
    assert [each["column"] for each in described] == list(model.features)
    for each, value in zip(described, found.graph.input, strict=True):
        kind = value.type.tensor_type
        number = each["takes"] == columns.TAKES[steps.Number]
        assert kind.elem_type == (onnx.TensorProto.DOUBLE if number else onnx.TensorProto.STRING)
        assert [d.dim_param or d.dim_value for d in kind.shape.dim] == ["N", 1]
        assert value.doc_string == f"column {json.dumps(each['column'])}: {each['takes']}"


def test_a_saved_model_describes_itself(models, tmp_path):
    model = models("two classes")
    run = saved_model(tmp_path, model, "forward")
    metadata = json.loads((tmp_path / "model" / "assets.extra" / "fnet.json").read_text())
    assert [each["column"] for each in metadata["inputs"]] == list(model.features)
    assert metadata["classes"] == [3, 10]
    logits = run(feeds(model.encoding, TABLE))["outputs"]
    probabilities = model.predict_proba(TABLE)
    close(1 / (1 + np.exp(-logits[:, 0])), probabilities[:, 1], 1e-5)


def test_columns_that_are_left_out_are_no_inputs(tmp_path):
    table = {"constant": [1.0] * 9, "a": np.arange(9.0)}
    pipeline = make_pipeline(
        TableEncoder(), MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", tol=1e-1)
    )
    fnet.export(tmp_path / "m.onnx", pipeline.fit(table, np.arange(9.0)))
    assert [i.name for i in onnx.load(tmp_path / "m.onnx").graph.input] == ["a"]


# The network alone, and what is refused.


@pytest.mark.parametrize("name", ["numbers", "ensemble of numbers", "ensemble of classes"])
def test_plain_exports_and_tflite_take_the_numbers_of_the_encoder(name, models, tmp_path):
    model = models(name)
    wanted = model.predict_proba(TABLE) if model.classes is not None else model.predict(TABLE)
    fnet.export(tmp_path / "m.tflite", model)
    with zipfile.ZipFile(tmp_path / "m.tflite") as archive:
        known = json.loads(archive.read("fnet.json"))
    assert known.get("classes") == (None if model.classes is None else model.classes.tolist())
    encoder = TableEncoder.from_json(json.dumps(known["encoding"]))
    assert known["features"] == encoder.get_feature_names_out().tolist()
    x = encoder.transform(TABLE).astype("f4")
    runner = Interpreter(model_path=str(tmp_path / "m.tflite")).get_signature_runner()
    close(runner(x=x)["prediction"].reshape(wanted.shape), wanted, 1e-5)
    fnet.export(tmp_path / "m.onnx", model, plain=True)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    [found] = session.run(None, {"x": x})
    close(found.reshape(wanted.shape), wanted, 1e-5)
    again = (tmp_path / "m.tflite").read_bytes()
    fnet.export(tmp_path / "m.tflite", model)
    assert (tmp_path / "m.tflite").read_bytes() == again


def test_classes_of_several_types_are_refused(models, tmp_path):
    content = schema.content_of(models("three classes"))
    mixed = content._replace(
        estimator=None, pipeline=None, classes=np.array(["a", 1, True], object)
    )
    with pytest.raises(InvalidArgument, match="classes that are all text, all numbers or all boo"):
        fnet.export(tmp_path / "m.onnx", Model(mixed))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("table", "key", "named"),
    [
        (onnx_network.OPERATIONS, "relu", "relu"),
        (onnx_network.EMBEDDINGS, fnet.PeriodicEmbedding, "PeriodicEmbedding"),
        (onnx_network.EMBEDDINGS, fnet.CodeEmbedding, "CodeEmbedding"),
    ],
)
def test_what_onnx_lacks_is_named(table, key, named, models, tmp_path, monkeypatch):
    monkeypatch.delitem(table, key)
    with pytest.raises(InvalidArgument, match=f"ONNX export has no operators for {named}"):
        fnet.export(tmp_path / "m.onnx", models("ensemble of numbers"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "size"), [("model", "1.0"), ("m.onnx", "1.0"), ("m.tflite", "0.5")]
)
def test_a_model_that_is_too_large_is_refused_with_its_size(path, size, tmp_path, monkeypatch):
    net = fnet.Network((512, 256))
    params = fnet.reference.init_params(net, seed=0, dtype="float64")
    monkeypatch.setattr(exports, "MAX_MEBIBYTES", 0.25)
    with pytest.raises(InvalidArgument, match=f"at most 0.25 MiB; these are {size} MiB"):
        fnet.export(tmp_path / path, (net, params))
    assert list(tmp_path.iterdir()) == []


NO_INTERVALS = {
    "of classes": ("ensemble of classes", "m.onnx", 0.9, "needs a model of numbers"),
    "of one network": ("numbers", "m.onnx", 0.9, "needs a model that was fitted with folds"),
    "of TFLite": ("ensemble of numbers", "m.tflite", 0.9, "TFLite lacks"),
    "of another coverage": ("ensemble of numbers", "model", 2, "coverage must be a number above 0"),
    "of too few rows": ("ensemble of numbers", "model", 0.999, "coverage must be at most 0.99"),
}


@pytest.mark.parametrize("case", NO_INTERVALS)
def test_intervals_that_there_are_not_are_refused(case, models, tmp_path):
    name, path, coverage, message = NO_INTERVALS[case]
    with pytest.raises(InvalidArgument, match=message):
        fnet.export(tmp_path / path, models(name), interval=coverage)
    assert list(tmp_path.iterdir()) == []


# The encoding as JSON.


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_an_encoding_comes_back_from_json(options):
    encoder = TableEncoder(**ENCODER | options).fit(TABLE)
    again = TableEncoder.from_json(encoder.to_json())
    assert again.encoding_ == encoder.encoding_
    np.testing.assert_array_equal(again.transform(TABLE), encoder.transform(TABLE))
    found = json.loads(encoder.to_json())
    assert found["named"] is True
    assert [column["name"] for column in found["columns"]] == list(TABLE)
    kinds = {step["step"] for column in found["columns"] for step in column["steps"]}
    assert kinds <= {kind.__name__ for kind in (*READS, steps.Levels, *step_functions.STEPS)}


def test_rows_without_names_and_hostile_names_come_back_from_json():
    for table in (RANDOM.normal(size=(9, 2)), {name: [1.0, 2.5, 4] for name in NAMES}):
        encoder = TableEncoder().fit(table)
        again = TableEncoder.from_json(encoder.to_json(), dtype="float32")
        assert again.encoding_ == encoder.encoding_
        assert again.transform(table).dtype == np.float32


NOT_ENCODINGS = {
    "nothing": "",
    "no object": "[1]",
    "another format": '{"format": 2, "named": true, "columns": []}',
    "no columns": '{"format": 1, "named": true}',
    "a column that is none": '{"format": 1, "named": true, "columns": [1]}',
    "a step that is none": TableEncoder().fit({"a": [1, 2]}).to_json().replace("Fill", "eval"),
    "a field that is none": TableEncoder().fit({"a": [1, 2]}).to_json().replace("decimal", "x"),
}


@pytest.mark.parametrize("text", NOT_ENCODINGS.values(), ids=NOT_ENCODINGS)
def test_another_text_is_no_encoding(text):
    with pytest.raises(InvalidArgument, match="must be the JSON that TableEncoder.to_json gave"):
        TableEncoder.from_json(text)
