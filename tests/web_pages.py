"""Models with their pages, and what their script computes, under Node.js."""

import atexit
import csv
import functools
import io
import json
import re
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from processes import HANG_SECONDS
from sklearn.pipeline import make_pipeline

import fnet
from fnet import Layer, MLPClassifier, MLPRegressor, TableEncoder
from fnet.encoding import ColumnEncoding, Encoding, Statistics, steps
from fnet.encoding.records import Moments
from fnet.encoding.step_functions import width_of
from fnet.exports import web_page
from fnet.files import schema

NODE = shutil.which("node")
HARNESS = Path(__file__).with_name("web_page.js")
FOLDER = Path(tempfile.mkdtemp(prefix="fnet-pages-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
N = 1000
FIT_ROWS = 300
RANDOM = np.random.default_rng(21)


def choice(*levels, size=N):
    return [levels[i] for i in RANDOM.integers(0, len(levels), size)]


def with_gaps(values, every=7):
    return [None if i % every == 3 else value for i, value in enumerate(values)]


DAYS = pd.Timestamp("1969-01-01") + pd.to_timedelta(RANDOM.uniform(0, 30_000, N), "D")
TABLE = {
    "number": RANDOM.normal(50, 20, N).tolist(),
    "with gaps": with_gaps(RANDOM.lognormal(0, 2, N).tolist()),
    "decimal commas": with_gaps([f"{v:.2f}".replace(".", ",") for v in RANDOM.normal(0, 5, N)]),
    "money": [f"${v:,.2f}" for v in RANDOM.uniform(100, 9_000_000, N)],
    "school": with_gaps(choice(-4, 0, 7, 30, 31, 1_000_007)),
    "boolean": choice("yes", "no"),
    "boolean with gaps": with_gaps(choice("True", "false")),
    "text": choice("red", "green", "dark  blue", "Élan, x", 'a "b"'),
    "text with gaps": with_gaps(choice("a", "b", "7", "007", "true")),
    "many": [f"zip {i % 60}" for i in range(N)],
    "date": [f"{d:%Y-%m-%d}" for d in DAYS],
    "german date": with_gaps([f"{d:%d.%m.%Y}" for d in DAYS]),
    "time": [f"{d:%Y-%m-%d %H:%M:%S}" for d in DAYS],
}
UNSEEN = {
    "number": ["1e3", "-1e99", "\u22127", " 12 "],
    "text": ["pink", "NA", "", "line\nbreak"],
    "text with gaps": ["7.0", "7", "TRUE", "n/a"],
    "school": ["7.0", "8", "1e2", "#N/A"],
    "many": ["zip 999", "", "zip 1 ", "null"],
    "date": ["0001-01-01", "9999-12-31 23:59:59.123456789", "2024-02-29T23:30-05:30", ""],
    "time": ["1970-01-01", "1969-12-31 23:59:59Z", "2000-01-01 00:00+14", "2024-06-30 7:05"],
}
Y = np.array(TABLE["number"]) / 10 + np.array([len(c) for c in TABLE["text"]])


def rows_to_predict():
    """The rows as text, with gaps, unseen levels and dates of all kinds."""
    found = {
        name: ["" if value is None else str(value) for value in values]
        for name, values in TABLE.items()
    }
    for name, cells_ in UNSEEN.items():
        found[name][FIT_ROWS : FIT_ROWS + len(cells_)] = cells_
        found[name][FIT_ROWS + 9] = "NA"
    return found


def fitted(estimator, y, rows=FIT_ROWS):
    table = {name: values[:rows] for name, values in TABLE.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(table, y[:rows])


def tabular(kind, **options):
    encoder = TableEncoder(embed=5, min_count=2)
    return kind(cv=3, hidden=(16, 16), epochs=6, encoder=encoder, engine="numpy", **options)


def digits():
    x, _, y, _ = fnet.datasets.load_digits(scale=True)
    net = fnet.Network((64, 30, 10))
    plan = fnet.kfold_plan(len(x), batch_size=64, epochs=2, seed=0)
    run = fnet.reference.train(
        net, fnet.adam(0.02), fnet.reference.init_params(net, seed=0), x, y, plan
    )
    return run.net, run.params


def pipeline(estimator):
    return make_pipeline(
        TableEncoder(min_count=2), estimator.set_params(max_iter=4, random_state=0)
    )


CUTS = np.digitize(Y, np.quantile(Y, [0.33, 0.66]))
NAMED = np.array(["low", "Mittel, €", "high"])[CUTS]
MODELS = {
    "classes": lambda: fitted(tabular(fnet.TabularClassifier), NAMED),
    "two classes": lambda: fitted(tabular(fnet.TabularClassifier), np.median(Y) < Y),
    "labels": lambda: fitted(
        tabular(fnet.TabularClassifier), np.stack([Y > 10, Y > 9, Y > 12], 1).astype(int)
    ),
    "numbers": lambda: fitted(tabular(fnet.TabularRegressor), Y),
    "several numbers": lambda: fitted(tabular(fnet.TabularRegressor), np.stack([Y, -Y], 1)),
    "counts": lambda: fitted(tabular(fnet.TabularRegressor, loss="poisson"), np.rint(Y)),
    "quantiles": lambda: fitted(
        tabular(fnet.TabularRegressor, loss="pinball", quantiles=[0.1, 0.5, 0.9]), Y
    ),
    "single network": lambda: fitted(
        pipeline(MLPRegressor(hidden_layer_sizes=(8,), standardize=True)), Y
    ),
    "single classifier": lambda: fitted(
        pipeline(MLPClassifier(hidden_layer_sizes=(8,), activation="tanh")), NAMED
    ),
    "digits": digits,
}


@functools.cache
def page(name):
    """`(model, path of its page)` of a model, which is made once."""
    path = FOLDER / f"{name}.fnet"
    fnet.save(path, MODELS[name](), trained={"target": "worth"})
    fnet.export(path.with_suffix(".html"), fnet.load(path))
    return fnet.load(path), path.with_suffix(".html")


def hostile_page(path, names):
    """A page whose columns, levels, classes and target have hostile names."""
    moments = Moments(-1.0, 1.0, 0.0, 0.5, (-1.0, -0.9, -0.5, 0.0, 0.5, 0.9, 1.0))
    number = (steps.Number(), steps.Fill(0.0), steps.Value())
    columns = [
        ColumnEncoding(name, "number", "made", Statistics(9, moments=moments), number)
        for name in names[6:]
    ]
    parts = [names, *(names[i : i + 25] for i in range(0, len(names), 25))]
    for name, levels in zip(names[:6], parts, strict=False):
        found = Statistics(9, levels=tuple(levels), counts=(1,) * len(levels))
        of_levels = (steps.Text(), steps.Levels(tuple(levels)), steps.OneHot(len(levels)))
        columns.append(ColumnEncoding(name, "category", "made", found, of_levels))
    encoding, count = Encoding(tuple(columns)), len(names)
    net = fnet.Network((sum(width_of(column.steps) for column in columns), count))
    random = np.random.default_rng(0)
    layer = Layer(*(random.normal(size=s).astype(np.float32) for s in (net.layers[0], count)))
    trained = {"target": "".join(names), "scores": {names[40]: 0.5}, "validation_rows": 3}
    content = schema.Content(
        net, (layer,), np.array(names, object), encoding=encoding, trained=trained
    )
    path.write_text(web_page.page(schema.check_content(content)), encoding="utf-8")


def evaluate(path, expression, given=""):
    """What an expression gives in the script of a page, which knows `model` and `input`."""
    found = subprocess.run(
        [NODE, HARNESS, path, expression],
        input=given.encode("utf-8", "surrogatepass"),
        capture_output=True,
        check=False,
        timeout=HANG_SECONDS,
    )
    assert found.returncode == 0, found.stderr.decode()[-2000:]
    return json.loads(found.stdout)


def as_csv(table, delimiter=",", line="\n"):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return out.getvalue()


def rows_of(text):
    """`(header, columns by name)` of a CSV as a page writes it."""
    delimiter = max(",;\t|", key=text.split("\n")[0].count)
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    assert all(len(row) == len(header) for row in rows)
    return header, dict(zip(header, zip(*rows, strict=True), strict=True))


def numbers(columns, *names):
    return np.array([columns[name] for name in names], float).T


def model_rows(name):
    """The rows of a model as columns of text, and as the model takes them."""
    if name == "digits":
        x = np.concatenate(fnet.datasets.load_digits(scale=True)[:2])[:N].round(4)
        return {f"x{i}": list(map(str, column)) for i, column in enumerate(x.T)}, x
    table = rows_to_predict()
    return table, table


def coverage_of(model):
    """The coverage of intervals that a page is asked for; 0 for a model without."""
    return 0.9 if model.ensemble is not None and model.classes is None else 0.0


def check_predictions(name, model, header, columns):
    """Hold the columns that a page adds to what the model predicts for `model_rows`."""
    table, x = model_rows(name)
    assert list(columns["problem"]) == [""] * N
    if model.encoding is not None:
        assert [set(filter(None, cell.split("; "))) for cell in columns["unlike_training"]] == [
            set(np.array(model.features)[cells]) for cells in model.unlike_training(x)
        ]
    expected = model.predict(x)
    if model.net.targets in ("multiclass", "multilabel"):
        found = numbers(columns, *(n for n in header if n.startswith("probability_")))
        np.testing.assert_allclose(found, model.predict_proba(x), atol=1e-5)
    if expected.ndim == 1:
        assert header[len(table)] == "prediction"
        found = columns["prediction"]
    else:
        found = np.array([columns[f"prediction_{k}"] for k in range(expected.shape[1])]).T
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(np.array(found, float), expected, rtol=1e-5, atol=1e-5)
    else:
        assert np.array_equal(np.array(found), expected.astype(str))
    if coverage := coverage_of(model):
        ends = model.predict_interval(x, coverage).reshape(N, -1, 2)
        for end, what in enumerate(("lower", "upper")):
            found = numbers(columns, *(n for n in header if re.fullmatch(rf"{what}(_\d+)?", n)))
            np.testing.assert_allclose(found, ends[..., end], rtol=1e-5, atol=1e-5)
