"""Hostile names crossed with every place where a name comes out.

Each output is parsed again, by another parser than the one that wrote it, and must hold the same
names, or what `hostile_names.shown` makes of them, and nothing that controls a terminal, a page or
a picture. A place is a function with `@place`: it uses a World and yields each name once its output
is checked. `pytest -s -n 0 tests/test_hostile_names.py` prints how many names each place has shown.
"""

import ast
import base64
import csv
import html.parser
import io
import json
import os
import re
import warnings
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hostile_names import NAMES, is_safe, is_utf8, shown
from matplotlib.figure import Figure
from pyarrow import csv as arrow_csv
from pyarrow import json as arrow_json
from pyarrow import parquet

import fnet
from fnet import InvalidArgument, Layer, Network, encoding, plots
from fnet.core.printable import json_escaped, printable
from fnet.encoding import ColumnEncoding, Encoding, Statistics
from fnet.encoding import shown as encoding_shown
from fnet.encoding import steps as steps_of
from fnet.encoding.step_functions import width_of
from fnet.files import schema
from fnet.files.model import Model
from fnet.reports import formatting, page
from fnet.reports.evaluation import evaluate

TEXTS = [name for name in NAMES if is_utf8(name)]
"""What a table can hold."""

COLUMNS = [name for name in TEXTS if name.strip()]
"""What a column can be called and be found by."""

LABELS = [name for name in COLUMNS if name == name.strip()]
"""What a class can be called in a table, where blanks around a label do not count."""

DRAWN = [name for name in NAMES if shown(name) != name or set("$<>&\"'\\-]") & set(name)]
"""What a picture might not show as it is."""

WORDS = [name for name in NAMES if "\0" not in name]
"""What a word of a command line can be."""


class World(NamedTuple):
    """A folder with models and tables whose columns and classes have hostile names.

    Attributes:
        run: Runs a command in the folder: `(exit code, out, err)`.
        monkeypatch: For the length of a test.
    """

    run: object
    monkeypatch: pytest.MonkeyPatch

    def ok(self, *words):
        """The standard output of a command that must succeed."""
        code, out, err = self.run(*words)
        assert code == 0, err
        assert is_safe(err)
        return out


def net_of(names):
    """A network that predicts the class of the one feature that is 1, and its params."""
    count = len(names)
    return Network((count, count)), (Layer(60 * np.eye(count), np.zeros(count)),)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A classifier of all names and one of LABELS, and tables with a row for each class."""
    at = tmp_path_factory.mktemp("hostile")
    for name, classes, features in (
        ("all", NAMES, [f"x{i}" for i in range(len(NAMES))]),
        ("texts", TEXTS, [f"x{i}" for i in range(len(TEXTS))]),
        ("columns", COLUMNS, COLUMNS),
        ("labels", LABELS, LABELS),
    ):
        trained = {"target": "kind", "command": "fnet train " + "".join(NAMES), "\x1b[1m": "\x9b1m"}
        named = {"classes": classes, "features": features, "trained": trained}
        fnet.save(at / f"{name}.fnet", net_of(classes), **named)
        if name != "all":
            table = dict(zip(features, np.eye(len(classes)), strict=True))
            parquet.write_table(pa.table({**table, "kind": classes}), at / f"{name}.parquet")
    pd.DataFrame(np.eye(len(LABELS)), columns=LABELS).assign(kind=LABELS).to_csv(
        at / "labels.csv", index=False, quoting=csv.QUOTE_ALL
    )
    twice = pa.table({"x": range(2 * len(LABELS)), "kind": LABELS * 2})
    parquet.write_table(twice, at / "labels_twice.parquet")
    fnet.save(at / "plain.fnet", net_of("a"), features=["x"])
    pd.DataFrame({"x": range(8), "kind": [0, 1] * 4}).to_csv(at / "plain.csv", index=False)
    return at


@pytest.fixture
def world(folder, capfd, monkeypatch):
    from fnet.cli import main

    monkeypatch.chdir(folder)

    def run(*words):
        capfd.readouterr()
        code = main(words)
        return code, *capfd.readouterr()

    return World(run, monkeypatch)


PLACES = {}


def place(function):
    """Adds a place; its arguments' default is the names that it can show."""
    PLACES[function.__name__] = function
    return function


def refused(world, *words):
    """The one line that a command prints which must fail; safe to show."""
    code, out, err = world.run(*words)
    assert code in (2, 3, 4), (words, err)
    assert out == ""
    assert re.fullmatch(r"Error: [^\n]+\n", err), err
    assert is_safe(err), err
    return err


# The terminal.


@place
def describe(world, names=NAMES):
    world.monkeypatch.setattr("fnet.cli.describe.MAX_ITEMS", len(names))
    out = world.ok("describe", "all.fnet")
    assert is_safe(out)
    (line,) = re.findall("^classes .*", out, re.MULTILINE)
    assert line.split(maxsplit=1)[1] == ", ".join(map(shown, names))
    assert shown("\x1b[1m") in out
    yield from names


@place
def evaluate_text(world, names=LABELS):
    out = world.ok("evaluate", "labels.fnet", "labels.csv", "--missing=")
    assert is_safe(out)
    rows = out.partition("rows\n\n")[2] or out.partition("\n\n")[2]
    _, *rows = rows.splitlines()
    for name, row in zip(names, rows, strict=True):
        assert re.fullmatch(r" +1\.0000 +1\.0000 +1\.0000 +1", row.removeprefix(shown(name)))
        yield name


@place
def training_text(world, names=LABELS[::4]):
    """The name of the target. A training takes long."""
    for name in names:
        table = pd.DataFrame({name: list("ab") * 4, "x": range(8)})
        parquet.write_table(pa.Table.from_pandas(table, preserve_index=False), "t.parquet")
        words = ("--target=" + name, "--out", "t.fnet", "--epochs", "1", "--validation", "0")
        out = world.ok("train", "t.parquet", *words, "--hidden", "none")
        assert is_safe(out)
        assert out.startswith(f"{shown(name)}: classifier of 2 classes from 1 feature")
        assert fnet.load("t.fnet").trained["target"] == name
        yield name


@place
def held_out_predictions(world, names=LABELS):
    """The classes in the predictions of a cross-validation, which also draws them."""
    world.ok(
        "cv",
        "labels_twice.parquet",
        "--target=kind",
        "--task=classifier",
        "--folds=2",
        "--epochs=1",
        "--validation=0",
        "--hidden=none",
        "--missing=",
        "--out=out.csv",
        "--picture=out.png",
    )
    for header, *rows in read_csv(Path("out.csv").read_bytes()):
        classes = sorted(names)
        assert header == [
            "row",
            "fold",
            "actual",
            "prediction",
            *(f"probability_{n}" for n in classes),
        ]
        assert [row[2] for row in rows] == names * 2
    yield from names


@place
def notes(world, names=COLUMNS):
    """Of numbers in another notation."""
    for name in names:
        fnet.save("t.fnet", net_of("a"), features=[name])
        parquet.write_table(pa.table({name: ["1,5", "2,5"]}), "t.parquet")
        code, _, err = world.run("predict", "t.fnet", "t.parquet")
        assert code == 0
        assert is_safe(err)
        assert err.startswith(
            f"Note: t.parquet: numbers in another notation: {encoding.shown(name)}: "
        )
        assert err.count("\n") == 2
        yield name


@place
def predictions_on_a_terminal(world, names=TEXTS):
    terminal = Terminal()
    world.monkeypatch.setattr("sys.stdout", terminal)
    world.ok("predict", "texts.fnet", "texts.parquet", "--keep", "kind", "--probabilities")
    out = terminal.getvalue()
    assert is_safe(out)
    header, *rows = csv.reader(io.StringIO(out, newline=""))
    assert header[2:] == [shown(f"probability_{name}") for name in names]
    for name, row in zip(names, rows, strict=True):
        assert row[:2] == [shown(name)] * 2
        yield name


class Terminal(io.StringIO):
    """A terminal as the standard output."""

    def isatty(self):
        return True


# Errors.


@place
def no_such_column(world, names=WORDS):
    for name in names:
        err = refused(world, "predict", "plain.fnet", "plain.csv", f"--keep={name}?")
        assert f"plain.csv has no column {encoding.shown(name + '?')}" in err
        yield name


@place
def no_such_column_in_the_table(world, names=NAMES):
    for name in names:
        fnet.save("t.fnet", net_of("ab"), features=["x", name + " missing"])
        err = refused(world, "predict", "t.fnet", "plain.csv")
        assert f"plain.csv has no column {encoding.shown(name + ' missing')}" in err
        yield name


@place
def a_bad_cell(world, names=COLUMNS):
    for name in names:
        cells = ["\x1b[1m", *(f"{i}.5" for i in range(39))]
        parquet.write_table(pa.table({name: cells, "k": [0, 1] * 20}), "t.parquet")
        err = refused(world, "train", "t.parquet", "--target", "k", "--out", "t.fnet")
        assert r"row 1: '\x1b[1m' (1 such cells), but all others are numbers" in err
        yield name


@place
def a_bad_label(world, names=LABELS):
    fnet.save("t.fnet", net_of("ab"), classes=["a", "b"], features=["x", "y"])
    for name in names:
        parquet.write_table(pa.table({"x": [0], "y": [1], "kind": [name]}), "t.parquet")
        err = refused(world, "evaluate", "t.fnet", "t.parquet", "--target", "kind")
        assert "t.parquet: column 'kind'" in err
        yield name


@place
def usage_errors(world, names=WORDS):
    for name in names:
        lines = (
            [name + "-"],
            ["predict", "all.fnet", "labels.csv", f"--no{name}"],
            ["predict", "all.fnet", "labels.csv", f"--decimal=x{name}"],
            ["sample", "x" + name, "--out", "x"],
            ["describe", "all.fnet", "x" + name],
            ["train", "plain.csv", "--target", "kind", "--out", "x", f"--hidden=x{name}"],
            ["train", "plain.csv", "--target", "kind", "--out", "x", f"--activation=x{name}"],
            ["train", "plain.csv", "--target", "kind", "--out", "x", f"--class-weight={name}=x"],
        )
        for words in lines:
            assert refused(world, *words)
        yield name


@place
def exceptions(world, names=NAMES):
    """What the library says in Python; a message may have several lines there."""
    model = fnet.load("labels.fnet")
    for name in names:
        for error in (
            InvalidArgument(f"{name} is bad"),
            fnet.FormatError(f"{name}: cut"),
            fnet.NotFinite(name),
        ):
            assert is_safe(str(error)), error
        if is_utf8(name):
            with pytest.raises(InvalidArgument) as caught:
                model.predict(pd.DataFrame({name: [1.0]}))
            assert is_safe(str(caught.value))
        with pytest.raises(InvalidArgument) as caught:
            fnet.Network((1, 1), hidden=name)
        assert is_safe(str(caught.value), "")
        yield name


# Files.


@place
def paths(world, names=NAMES):
    """Of models and tables, where there is such a file and where there is none."""
    for name in names:
        if "\0" in name or not name:
            assert "a path must have a letter" in refused(world, "describe", name)
            yield name
            continue
        path = os.path.join("files", name)
        err = refused(world, "describe", path)
        assert shown(path) in err or "../x" in name or "\n" in name
        if not re.search("[/\ud800]", name) and len(os.fsencode(name)) < 250:
            os.makedirs("files", exist_ok=True)
            data = Path("plain.csv").read_bytes()
            Path(path + ".csv").write_bytes(data)
            words = ("predict", "plain.fnet", path + ".csv", "--out", path + ".out.csv")
            code, out, err = world.run(*words)
            assert (code, out) == (0, "")
            assert is_safe(err)
            assert f"predictions in {shown(path)}.out.csv, " in err
            assert Path(path + ".out.csv").is_file()
        yield name


# Data.


@place
def json_of_describe(world, names=NAMES):
    out = world.ok("describe", "all.fnet", "--json")
    assert is_safe(out)
    assert json.loads(out)["classes"] == names
    yield from names


@place
def json_of_evaluate(world, names=LABELS):
    out = world.ok("evaluate", "labels.fnet", "labels.csv", "--missing=", "--json")
    assert is_safe(out)
    assert list(json.loads(out)["classes"]) == names
    yield from names


@place
def json_lines(world, names=TEXTS):
    out = world.ok("predict", "texts.fnet", "texts.parquet", "--json", "--keep", "kind")
    assert is_safe(out)
    lines = [json.loads(line) for line in out.split("\n")[:-1]]
    assert lines == [{"kind": name, "prediction": name} for name in names]
    assert arrow_json.read_json(io.BytesIO(out.encode()))["prediction"].to_pylist() == names
    yield from names


@place
def json_lines_of_all(world, names=NAMES):
    """With lone surrogates, which JSON can hold."""
    columns = [f"x{i}" for i in range(len(NAMES))]
    parquet.write_table(pa.table(dict(zip(columns, np.eye(len(NAMES)), strict=True))), "t.parquet")
    out = world.ok("predict", "all.fnet", "t.parquet", "--json", "--probabilities")
    assert is_safe(out)
    for name, line in zip(names, out.split("\n")[:-1], strict=True):
        found = json.loads(line)
        assert found["prediction"] == name
        assert list(found)[1:] == [f"probability_{each}" for each in NAMES]
        yield name


NUL_FOR_PANDAS = "\ue000"
"""Given to pandas in place of NUL, where pandas 2 cuts a cell. The other parsers read NUL."""


def read_csv(data, delimiter=","):
    """The rows of a CSV, the header first, by each of three parsers."""
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))
    assert NUL_FOR_PANDAS not in data.decode()
    frame = pd.read_csv(
        io.BytesIO(data.replace(b"\0", NUL_FOR_PANDAS.encode())),
        sep=delimiter,
        header=None,
        dtype=str,
        keep_default_na=False,
        engine="c",
    ).replace(NUL_FOR_PANDAS, "\0", regex=True)
    table = arrow_csv.read_csv(
        io.BytesIO(data),
        arrow_csv.ReadOptions(autogenerate_column_names=True),
        arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        arrow_csv.ConvertOptions(column_types={f"f{i}": pa.string() for i in range(len(rows[0]))}),
    )
    others = [
        frame.to_numpy().tolist(),
        list(map(list, zip(*table.to_pydict().values(), strict=True))),
    ]
    return [rows, *others]


@pytest.mark.parametrize("options", [(), ("--keep", "kind")])
def test_each_cell_of_a_csv_is_read_again(world, options):
    for suffix, delimiter in ((".csv", ","), (".tsv", "\t")):
        path = f"out{suffix}"
        world.ok("predict", "texts.fnet", "texts.parquet", *options, "--out", path)
        for header, *rows in read_csv(Path(path).read_bytes(), delimiter):
            assert header == [*options[1:], "prediction"]
            assert rows == [[name] * len(header) for name in TEXTS]


@place
def cells_of_a_csv(world, names=TEXTS):
    out = world.ok("predict", "texts.fnet", "texts.parquet", "--keep", "kind")
    for _, *rows in read_csv(out.encode()):
        assert rows == [[name, name] for name in names]
    yield from names


@place
def header_of_a_csv(world, names=COLUMNS):
    keep = [f"--keep={name}" for name in sorted(names, key=lambda name: name[:1] != "\ufeff")]
    words = ("predict", "columns.fnet", "columns.parquet", "--out", "out.csv")
    world.ok(*words, *keep, "--probabilities")
    kept = [word.removeprefix("--keep=") for word in keep]
    for header, *_ in read_csv(Path("out.csv").read_bytes()):
        assert header == [*kept, "prediction", *(f"probability_{name}" for name in names)]
    yield from names


@place
def parquet_file(world, names=COLUMNS):
    keep = [f"--keep={name}" for name in names]
    words = ("predict", "columns.fnet", "columns.parquet", "--out", "out.parquet")
    world.ok(*words, "--probabilities", *keep)
    table = parquet.read_table("out.parquet")
    assert table["prediction"].to_pylist() == names
    expected = [*names, "prediction", *(f"probability_{name}" for name in names)]
    assert table.column_names == list(pd.read_parquet("out.parquet")) == expected
    yield from names


@place
def safe_csv(world, names=TEXTS):
    out = world.ok("predict", "texts.fnet", "texts.parquet", "--keep", "kind", "--safe-csv")
    for _, *rows in read_csv(out.encode()):
        for name, row in zip(names, rows, strict=True):
            formula = name[:1] in tuple("=+-@\t\r\n\uff1d") and name not in ("+1", "-1")
            assert row == [f"'{name}" if name and formula else name] * 2
    yield from names


# Pages and pictures.

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section"),
    *("div", "h1", "h2", "p", "strong", "small", "span", "table", "caption", "thead", "tbody"),
    *("tr", "th", "td", "figure", "img", "figcaption", "dl", "dt", "dd", "ul", "li", "pre", "code"),
}


class Page(html.parser.HTMLParser):
    """The tags of a page, the names of classes and of columns in it, its cells, and its pictures.

    A name is in a `th` of class "name" or "column"; cells are the texts in each `td`.
    """

    def __init__(self, text):
        super().__init__()
        self.tags, self.pictures, self.within = set(), [], None
        self.texts = {"name": [], "column": [], "cell": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        kinds = {"td": "cell", "th": dict(attrs).get("class")}
        self.within = self.texts.get(kinds.get(tag))
        if self.within is not None:
            self.within.append("")
        if tag == "img":
            source = dict(attrs)["src"].removeprefix("data:image/svg+xml;base64,")
            self.pictures.append(base64.b64decode(source))

    def handle_endtag(self, tag):
        self.within = None

    def handle_data(self, data):
        if self.within is not None:
            self.within[-1] += data

    def handle_comment(self, data):
        pytest.fail(f"a comment: {data}")


def check_page(text):
    """The Page of a report, of known tags, without controls, and with pictures that are XML."""
    assert is_safe(text)
    found = Page(text)
    assert found.tags <= TAGS
    for picture in found.pictures:
        check_svg(picture)
    return found


def check_svg(data):
    """All text in a picture; it is XML that draws and does nothing else."""
    text = data.decode()
    assert is_safe(text)
    root = ElementTree.fromstring(text)
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not kinds & {"script", "foreignObject", "iframe", "animate", "set"}
    return "\n".join(root.itertext())


@place
def report(world, names=LABELS):
    world.ok("evaluate", "labels.fnet", "labels.csv", "--missing=", "--report", "out.html")
    texts = check_page(Path("out.html").read_text(encoding="utf-8")).texts
    assert texts["name"] == [cell(name) for name in names]
    assert sorted(texts["column"]) == sorted(texts["name"])  # the importance of each feature
    yield from names


def cell(name):
    """A name as a table of a report has it."""
    short = len(shown(name)) <= formatting.MAX_LENGTH
    return shown(name) if short else formatting.short(shown(name))


def column(name, levels):
    """A category of these levels."""
    seen = Statistics(9, gaps=1, distinct=len(levels), levels=levels, counts=(3,) * len(levels))
    steps = (steps_of.Text(), steps_of.Levels(levels), steps_of.OneHot(len(levels)))
    return ColumnEncoding(name, "category", f"text of {name}", seen, steps, f"see {name}")


def page_of(columns, rows):
    """The page on a model that takes these columns, and on rows that are all the same number."""
    width = sum(width_of(each.steps) for each in columns)
    net, params = Network((width, 1), loss="squared_error"), (Layer(np.ones((width, 1)), [0.0]),)
    encoding = Encoding(tuple(columns))
    model = Model(schema.check_content(schema.Content(net, params, encoding=encoding)))
    x = np.arange(rows)[:, None] * np.ones(width)
    found = evaluate(model._of_features(), x, x[:, 0] + 1)
    return check_page(page(model, found, source="t.csv", command="fnet evaluate"))


@place
def columns_of_a_report(world, names=NAMES):
    """Those that are used, with their reasons and levels, and those that are left out."""
    used = [column(name, ("a", "b")) for name in names[::2]]
    ignored = [
        ColumnEncoding(name, "ignored", f"has {name}", Statistics(9)) for name in names[1::2]
    ]
    texts = page_of([*used, *ignored], 5).texts
    expected = [cell(name) or "(no name)" for name in [*names, *names[::2]]]
    assert sorted(texts["column"]) == sorted(expected)
    for name in names:
        what = f"text of {name}; see {name}" if name in names[::2] else f"has {name}"
        assert shown(what) in texts["cell"]
        yield name


@place
def levels_of_a_report(world, names=NAMES):
    columns = [column(f"x{i}", (name, "other level")) for i, name in enumerate(names)]
    texts = page_of(columns, 5).texts
    for name in names:
        levels = f"{encoding_shown(name)} 3, 'other level' 3"
        assert levels in texts["cell"]
        yield name


@place
def report_of_a_regressor(world, names=NAMES[::40]):
    """Its target is in the figure. A page takes long: all names are drawn by `axes_of_a_plot`."""
    net = Network((1, 1), loss="squared_error")
    for name in names:
        trained = {"target": name, "data": name, name: name}
        fnet.save("t.fnet", (net, (Layer([[1.0]], [0.0]),)), trained=trained, features=[name])
        model = fnet.load("t.fnet")
        text = page(model, evaluate(model, [[1], [2], [3]], [1, 2, 4]), source=name, command=name)
        assert len(check_page(text).pictures) == 1
        yield name


def svg(figure):
    """The text in a figure's SVG, with text as text; what matplotlib's font lacks is no matter."""
    file = io.BytesIO()
    with warnings.catch_warnings(), matplotlib.rc_context({"svg.fonttype": "none"}):
        warnings.simplefilter("ignore", UserWarning)  # of glyphs, and of a legend that is large
        figure.savefig(file, format="svg")
    return check_svg(file.getvalue())


def svg_of_texts(texts):
    """The text in the SVG of these texts alone, because axes take long to draw."""
    page = Figure()
    for text in texts:
        page.text(0, 0, text.get_text(), parse_math=text.get_parse_math())
    return svg(page)


def labels(names, draw):
    """The labels of an Axes after `draw(name, axes)`, for each name."""
    axes = Figure().subplots()
    for name in names:
        axes.clear()
        draw(name, axes)
        yield from (axes.title, axes.xaxis.label, axes.yaxis.label)


def has(drawing, name, text="{}", longest=24):
    """Whether a drawing has a text with a name, or the name is too long for it, or blank."""
    return len(shown(name)) > longest or text.format(shown(name)).strip() in drawing


@place
def targets_in_a_plot(world, names=DRAWN):
    def draw(name, axes):
        plots.predicted_vs_actual([1.0, 2.0], [1.0, 3.0], name, ax=axes)

    found = svg_of_texts(labels(names, draw))
    for name in names:
        assert has(found, name, "actual {}" if name.strip() else "actual")
        yield name


@place
def columns_in_an_importance(world, names=DRAWN):
    world.monkeypatch.setattr("fnet.plots.importance.MAX_BARS", len(names))

    def draw(some, axes):
        drops = np.arange(len(some), 0, -1.0)
        plots.column_importance(some, drops, score=some[0], ax=axes)
        yield from (axes.xaxis.label, *axes.get_yticklabels())

    found = svg_of_texts(draw(names, Figure().subplots()))
    for name in names:
        assert has(found, name, longest=36)
        yield name


@place
def classes_of_a_calibration(world, names=DRAWN):
    def draw(name, axes):
        plots.calibration([0, 1], [[0.9, 0.1], [0.2, 0.8]], ["another", name], ax=axes)

    found = svg_of_texts(labels(names, draw))
    for name in names:
        assert has(found, name, "observed frequency of {}")
        yield name


@place
def classes_in_a_matrix(world, names=DRAWN):
    for i in range(0, len(names), 26):
        some = names[i : i + 26]
        found = svg(plots.confusion_matrix(some, some, some))
        for name in some:
            assert has(found, name)
            yield name


@place
def classes_of_regions(world, names=NAMES):
    """In the legend, with hostile names of both axes."""
    net, params = Network((2, len(names))), (Layer(np.eye(2, len(names)), np.zeros(len(names))),)
    x = np.random.default_rng(0).normal(size=(len(names), 2))
    features = [names[0], r"$\frac{$"]
    world.monkeypatch.setattr("fnet.plots.regions.POINTS", 5)
    found = svg(plots.decision_regions((net, params), x, names, names, features))
    assert has(found, features[0])
    assert has(found, features[1])
    for name in names:
        assert has(found, name) or name[:1] == "_"  # matplotlib leaves it out of a legend
        yield name


@place
def classes_of_images(world, names=DRAWN):
    world.monkeypatch.setattr("fnet.plots.images.MAX_IMAGES", len(names))
    images, others = np.zeros((len(names), 2, 2)), [*names[1:], names[0]]
    figure = plots.misclassified(images, names, others)
    found = svg_of_texts(axes.title for axes in figure.axes)
    for name in names:
        assert has(found, name, "true {}", longest=12)
        yield name


# Notebooks.


@place
def repr_of_a_model(world, names=NAMES):
    for name in names:
        fnet.save("t.fnet", net_of("ab"), classes=["a", name], features=[name, name + "b"])
        text = repr(fnet.load("t.fnet"))
        assert is_safe(text)
        assert text.count("\n") == 3
        yield name


@place
def html_of_an_estimator(world, names=TEXTS):
    """The names of columns and of classes."""
    plain = html_tags(estimator(["a", "b"], ["c", "d"]))
    for name in names:
        assert html_tags(estimator(["a", name], ["c", name])) == plain
        yield name


def estimator(columns, classes):
    """A fitted classifier with weights of classes."""
    frame = pd.DataFrame(np.eye(2), columns=columns)
    options = {"hidden_layer_sizes": (), "max_iter": 1, "batch_size": 2, "n_iter_no_change": 9}
    weights = dict.fromkeys(classes, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fnet.MLPClassifier(class_weight=weights, **options).fit(frame, classes)


def html_tags(estimator):
    """The tags of the page that an estimator shows itself by; it has no controls."""
    found = Tags()
    text = estimator._repr_html_()
    assert is_safe(text, "\n\t")
    found.feed(text)
    return found.tags


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, sorted(name for name, _ in attrs)))


# The one gate.


def test_nothing_but_the_printer_prints():
    """Of the command line; `verbose` prints numbers, and a job what a worker has printed."""
    found = set()
    for path in Path(fnet.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.fullmatch(
                r"print|click\.(echo|secho|echo_via_pager)|sys\.(stdout|stderr)\.write",
                ast.unparse(node.func),
            ):
                found.add(path.relative_to(Path(fnet.__file__).parent).as_posix())
    printers = {"cli/common.py", "core/progress_bar.py"}
    assert found == printers | {"estimators/verbose.py", "distributed/launching.py"}


# The function itself.


@place
def function(world, names=NAMES):
    for name in names:
        assert printable(name) == shown(name) == printable(shown(name))
        text = printable(json.dumps(name, ensure_ascii=False), escape=json_escaped)
        assert is_safe(text, "")
        assert json.loads(text) == name
        yield name


def names_of(name):
    """The names that a place can show."""
    return PLACES[name].__defaults__[0]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.slow
def test_a_place_shows_every_name(world, name):
    found = list(PLACES[name](world))
    assert found == names_of(name)
    print(f"{name}: {len(found)} names")


def test_there_are_enough_names_and_places():
    assert len(set(NAMES)) == len(NAMES) >= 60
    assert sum(len(names_of(name)) >= 60 for name in PLACES) >= 20
    print(f"{sum(len(names_of(name)) for name in PLACES):,} names x {len(PLACES)} places")
