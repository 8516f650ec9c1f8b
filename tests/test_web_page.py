"""The page of a model: what its script computes is held to NumPy, and what the file holds.

The script runs under Node.js; `test_web_page_in_chromium.py` tests the page in a browser.
"""

import base64
import codecs
import csv
import hashlib
import io
import json
import re
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from web_pages import (
    MODELS,
    NODE,
    RANDOM,
    TABLE,
    N,
    as_csv,
    check_predictions,
    coverage_of,
    evaluate,
    model_rows,
    page,
    rows_of,
    rows_to_predict,
)

import fnet
from fnet import InvalidArgument, Layer
from fnet.core import conformal, network
from fnet.encoding import ColumnEncoding, Encoding, Statistics, cells, encode_rows, steps
from fnet.encoding.reading import READS
from fnet.encoding.step_functions import width_of
from fnet.exports import web_page
from fnet.exports.web_page import examples
from fnet.files import schema
from fnet.reference import activations, embeddings

needs_node = pytest.mark.skipif(NODE is None, reason="needs Node.js")


def predicted(path, text, coverage=0.0):
    """`(header, columns by name, blocks)` of the predictions of a table."""
    options = json.dumps({"coverage": coverage})
    blocks = evaluate(path, f"[...predictTable(model, input, {options})]", text)
    written = blocks[0]["header"] + "".join(block["text"] for block in blocks)
    return *rows_of(written), blocks


@needs_node
@pytest.mark.parametrize("name", MODELS)
def test_the_page_predicts_as_numpy_does(name):
    model, path = page(name)
    text = as_csv(model_rows(name)[0])
    header, columns, blocks = predicted(path, text, coverage_of(model))
    check_predictions(name, model, header, columns)
    assert sum(block["rows"] for block in blocks) == N


# The closed lists.


@needs_node
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Object.keys(READS)", [step.__name__ for step in READS]),
        ("Object.keys({...READS, ...STEPS})", [step.__name__ for step in get_args(steps.Step)]),
        ("Object.keys(CYCLES)", list(get_args(steps.CyclePart))),
        ("Object.keys(ACTIVATIONS)", list(activations.ACTIVATIONS)),
        ("Object.keys(OUTPUTS)", list(activations.OUTPUTS)),
        ("Object.keys(EMBEDDINGS)", [kind.__name__ for kind in embeddings.EMBEDDINGS]),
        ("OUTPUTS && Object.keys(ACTIVATIONS)", list(network.ACTIVATIONS)),
    ],
)
def test_the_page_knows_all_of_a_closed_list(expression, expected):
    assert sorted(evaluate(page("digits")[1], expression)) == sorted(expected)


Z = [*np.linspace(-12, 12, 241).tolist(), 1e-9, -1e-9, 40.0, -40.0, 70.0, 700.0, -700.0]


@needs_node
def test_activations_and_links_are_those_of_the_twin():
    expression = """Object.fromEntries(Object.entries(OUTPUTS).map(([name, f]) => {
        const row = Float64Array.from(JSON.parse(input));
        f(row);
        return [name, [...row]];
    }))"""
    found = evaluate(page("digits")[1], expression, json.dumps(Z))
    for name, output in activations.OUTPUTS.items():
        expected = output.value(np.array([Z]))[0]
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-16, err_msg=name)


NUMBERS = [
    steps.Number(decimal, thousands, unit, gaps)
    for decimal, thousands in ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", "'"))
    for unit in ("", "%", "$", "kr.", "EUR")
    for gaps in ((), ("-", "999"))
]
LEVELS = ("a", "True", "7", "007", "1.50", "-0", "1e3", "0.00001", "ä b", "")
STEP_LISTS = {
    **{str(tuple(step)): (step, steps.Missing(), steps.Value()) for step in NUMBERS},
    "boolean": (steps.Boolean(("?",)), steps.Missing(), steps.Contrast(), steps.OneHot(2)),
    **{
        written: (
            steps.Date(written, ("00",)),
            steps.Missing(),
            *(steps.Cycle(part) for part in get_args(steps.CyclePart)),
            *(steps.Days(), steps.Fill(-1.0), steps.Scale(7.0, 0.01), steps.Clip(), steps.Value()),
        )
        for written in cells.DATE_FORMATS
    },
    "levels": (steps.Text(), steps.Levels(LEVELS), steps.Missing(), steps.OneHot(10)),
    "pool": (steps.Text(("?",)), steps.Levels(LEVELS, 10, 11), steps.Value(), steps.OneHot(12)),
    "two": (steps.Text(), steps.Levels(("7.0", "b")), steps.Contrast(), steps.Value()),
    "levels of numbers": (steps.Number(), steps.Levels((7, 2.5, -0.0, 1e-5), 4), steps.OneHot(5)),
    "code": (steps.Number(), steps.Code((-1.0, 0.0, 2.5, 7.0)), steps.Fill(3.0), steps.Value()),
}
BLANK = [" ", "\t", "\u00a0", "\u2009", "\u202f", "\x1f", "\ufeff", "\u3000", "\u0085"]
PARTS = [
    *("1", "0", "7", "12", "2024", "234", "999", "٣", "29", "02", "2", "23", "59", "31"),
    *("-", "+", "\u2212", ".", ",", "'", "\u2019", "/", ":", "e", "E", "e5", "T", "Z", "UTC"),
    *("%", "$", "kr.", "EUR", "€", "nan", "inf", "true", "FALSE", "yes", "N", "a", "ä", "?"),
    *("2024-02-29", "31.12.1969", "02/03/0099", "1/2/2024", "2024/2/30", "10:30", "+05:30", "-08"),
    *BLANK,
]
FIXED = [
    *cells.GAPS,
    *cells.LIKELY_GAPS,
    *cells.BOOLEANS,
    *map(str, LEVELS),
    *(" true ", "tRUE", "YES", "1e-5", "1e-05", "0.00001", "7.0", "07", "7e0", "1.5", "-0.0"),
    *("1e99", "1e100", "1.1e100", "1e400", "9007199254740991", "9007199254740993", "1e16"),
    *("1,234.5", "1.234,5", "3 700", "3\u202f700", "1'000", "1\u2019000", "12,34,567", "5.", ".5"),
    *("$ 3.70", "-$3", "$-3", "3.7 %", "- 3 %", "EUR3", "3EUR", "kr.5", "5 kr.", "%"),
    *("0001-01-01", "9999-12-31T23:59:59.999999Z", "0000-01-01", "2023-02-29", "2024-13-01"),
    *("2024-02-29 24:00", "2024-02-29 23:60", "2024-02-29 7:05", "2024-02-29  07:05 +0530"),
    *("1969-12-31 23:59:59.5", "1970-01-01 00:00-14", "2024-02-29T07:05:06,123456789"),
    *("2024-02-29T", "2024-02-29 07", "٢٠٢٤-02-29", "2024-02-29\u00a007:05"),
]


def random_cells(count):
    return [
        "".join(PARTS[i] for i in RANDOM.integers(0, len(PARTS), RANDOM.integers(1, 5)))
        for _ in range(count)
    ]


@needs_node
def test_cells_are_read_and_encoded_as_by_the_encoder(tmp_path):
    """All first steps, and all that may follow, on cells of all kinds and on random ones."""
    texts = [*FIXED, *random_cells(4000)]
    encoding = Encoding(
        tuple(
            ColumnEncoding(name, "number", "made", Statistics(0), steps_)
            for name, steps_ in STEP_LISTS.items()
        )
    )
    path = page_of(tmp_path, encoding)
    expression = """JSON.parse(input).map((cell) => model.columns.map((column) => {
        const value = column.read(cell);
        if (value === undefined) return null;
        const out = new Float64Array(column.width);
        column.write(value, out, 0);
        return [...out];
    }))"""
    found = evaluate(path, expression, json.dumps(texts))
    for i, column in enumerate(encoding.columns):
        expected = encode_rows(Encoding((column,)), {column.name: texts})
        refused = [text for text, row in zip(texts, found, strict=True) if row[i] is None]
        assert refused == [texts[n] for n in np.flatnonzero(expected.bad)], column.name
        read = np.array([row[i] for row in found if row[i] is not None], float)
        values = expected.values[~expected.bad]
        np.testing.assert_allclose(read, values, rtol=1e-14, atol=1e-13, err_msg=column.name)
        assert 0 < expected.bad.sum() < len(texts) or isinstance(column.steps[0], steps.Text)


def page_of(folder, encoding, classes=None, **fields):
    """The page of a network without use, with an encoding and classes."""
    width = sum(width_of(column.steps) for column in encoding.columns)
    count = 1 if classes is None else len(classes)
    loss = "squared_error" if classes is None else "softmax_cross_entropy"
    net = fnet.Network((width, count), loss=loss)
    layer = Layer(np.zeros((width, count), np.float32), np.arange(count, dtype=np.float32))
    path = folder / "page.html"
    found = schema.Content(net, (layer,), classes, encoding=encoding, **fields)
    path.write_text(web_page.page(found), encoding="utf-8")
    return path


@needs_node
@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.999])
@pytest.mark.parametrize("spread", [0.01, 1.0, 100.0])
def test_intervals_are_those_of_numpy(coverage, spread):
    """Also where the predictions of members differ far more than the scores."""
    random = np.random.default_rng(5)
    kept = conformal.keep_scores(
        [random.gamma(1, 1, (rows, 1)) for rows in (1, 40, 400, 999)], rows=1440
    )
    members = spread * random.normal(size=(4, 50, 1))
    expected = conformal.interval(members, members, kept, coverage)[:, 0]
    given = {
        "scores": kept.scores.ravel().tolist(),
        "weights": kept.weights.ravel().tolist(),
        "width": kept.scores.shape[1],
        "members": members[..., 0].T.tolist(),
        "rank": float(np.ceil(coverage * (kept.rows + 1) - 1e-9)),
    }
    expression = """(() => {
        const given = JSON.parse(input, (_, value) => value === "inf" ? Infinity : value);
        const members = prepareScores(given.scores, given.weights, given.width, 1, 0);
        const own = ownScores(members, given.rank);
        return given.members.map((each) => interval(each, each, members, own, given.rank));
    })()"""
    text = json.dumps(given).replace("Infinity", '"inf"')
    found = np.array(evaluate(page("digits")[1], expression, text), float)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


# Tables.


NASTY = [
    "a",
    "",
    " b ",
    'say "hi"',
    "x, y",
    "x; y",
    "two\nlines",
    "\r\n",
    "日本",
    '"',
    "\t",
    "|",
    "'",
]
BYTES = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with its mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 of large machines": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
}


@needs_node
@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_is_read_as_python_reads_it(delimiter, line):
    given = {name: [NASTY[i] for i in RANDOM.integers(0, len(NASTY), 50)] for name in NASTY[:5]}
    text = as_csv(given, delimiter, line)
    given = json.dumps([text, delimiter])
    found = evaluate(page("digits")[1], "[...csvRows(...JSON.parse(input))]", given)
    assert found == list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@needs_node
@pytest.mark.parametrize("kind", BYTES)
def test_a_table_is_text_of_these_encodings(kind):
    given = json.dumps(list(BYTES[kind]("é,日本\n1,2\n")))
    expression = "[...csvRows(asTable(Uint8Array.from(JSON.parse(input)).buffer), ',')]"
    assert evaluate(page("digits")[1], expression, given) == [["é", "日本"], ["1", "2"]]


REFUSED = {
    "a column is missing": (lambda t: drop(t, "text"), "Missing columns: “text”."),
    "others are there instead": (
        lambda t: drop(t, "text", "many") | {"Text?": t["text"], "<b>": t["text"]},
        "Missing columns: “text”, “many”. Columns that the model does not know: “Text?”, “<b>”.",
    ),
    "many are missing": (
        lambda t: {"x": t["text"]},
        "“school” and 8 more. Columns that the model does not know: “x”.",
    ),
}


def drop(table, *names):
    return {name: column for name, column in table.items() if name not in names}


def refusal(path, text):
    expression = """(() => {
        try { return [...predictTable(model, input)].length; }
        catch (error) { return error instanceof TableError ? error.message : String(error.stack); }
    })()"""
    return evaluate(path, expression, text)


@needs_node
@pytest.mark.parametrize("case", REFUSED)
def test_a_table_of_other_columns_is_refused_by_their_names(case):
    change, message = REFUSED[case]
    rows = {name: column[:3] for name, column in rows_to_predict().items()}
    assert message in refusal(page("numbers")[1], as_csv(change(rows)))


@needs_node
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Missing columns"),
        (",".join(TABLE) + '\n1,"2', "A quote is never closed."),
        ("number,number," + ",".join(TABLE) + "\n", "Columns that are there twice: “number”."),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(text, message):
    assert message in refusal(page("numbers")[1], text)


@needs_node
def test_a_model_without_names_takes_as_many_columns():
    path = page("digits")[1]
    assert refusal(path, "a,b\n1,2\n") == "The table has 2 columns, and the model takes 64."
    assert refusal(path, ",".join(["any"] * 64) + "\n" + ",".join("1" * 64)) == 1


@needs_node
def test_rows_that_cannot_be_read_are_named_and_others_stay():
    model, path = page("numbers")
    rows = {name: column[:6] for name, column in rows_to_predict().items()}
    expected = model.predict(rows)
    rows["number"][1], rows["date"][4] = "twelve", "31.12.2020"
    lines = as_csv({"id": list("abcdef"), **rows}).splitlines(keepends=True)
    text = "".join([*lines[:4], "\n", "one cell alone,2\n", *lines[4:]])
    blocks = evaluate(path, "[...predictTable(model, input, {coverage: 0.9})]", text)
    assert blocks[0]["ignored"] == ["id"]
    assert blocks[0]["refused"] == 3
    assert blocks[0]["problems"] == [
        [2, "number: “twelve” is not a number"],
        [4, "has 2 cells, and the header 14"],
        [6, "date: “31.12.2020” is not a date"],
    ]
    found = list(csv.reader(io.StringIO(blocks[0]["text"], newline="")))
    good = [row for row in found if row[-1] == "" and len(row) > 10]
    assert [row[0] for row in good] == ["a", "c", "d", "f"]
    values = [float(row[14]) for row in good]
    np.testing.assert_allclose(values, expected[[0, 2, 3, 5]], rtol=1e-5)
    assert all(row[14:17] == ["", "", ""] for row in found if row[-1] and len(row) > 10)


@needs_node
def test_workers_share_a_table_without_gap_or_overlap():
    path, text = page("classes")[1], as_csv(rows_to_predict())
    expression = """[1, 3].map((shares) => {
        const blocks = [];
        for (let share = 0; share < shares; share++) {
            const own = predictTable(model, input, {share, shares});
            for (const block of own) blocks[block.block] = block;
        }
        return blocks.map((block) => block.text).join("");
    })"""
    in_one, shared = evaluate(path, expression, text)
    assert in_one == shared
    assert len(list(csv.reader(io.StringIO(in_one, newline="")))) == N


@needs_node
def test_added_columns_get_names_that_the_table_has_not():
    rows = {name: column[:2] for name, column in rows_to_predict().items()}
    rows |= {"prediction": ["1", "2"], "prediction_2": ["3", "4"]}
    assert predicted(page("numbers")[1], as_csv(rows))[0][-5:] == [
        *("prediction", "prediction_2", "prediction_3", "unlike_training", "problem")
    ]


@needs_node
def test_values_far_from_training_are_flagged():
    rows = {name: [column[0]] * 6 for name, column in rows_to_predict().items()}
    rows["number"][1] = "1e6"
    rows["text"][2] = "pink"
    rows["date"][3], rows["number"][3] = "1700-01-01", "-999"
    rows["text"][4] = rows["number"][4] = ""
    _, columns, blocks = predicted(page("numbers")[1], as_csv(rows))
    assert list(columns["unlike_training"]) == ["", "number", "text", "number; date", "", ""]
    assert blocks[0]["unlike"] == 3


# The page as a file.


@pytest.mark.parametrize("name", ["classes", "digits"])
def test_a_page_is_one_file_that_asks_for_nothing(name):
    html = page(name)[1].read_text(encoding="utf-8")
    assert not re.findall(r"https?://|\bsrc=|<link|@import|url\(|\son\w+=", html)
    policy = re.search('Content-Security-Policy" content="([^"]*)"', html)[1]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    inline = re.findall('<style>(.*?)</style>|<script(?: id="program")?>(.*?)</script>', html, re.S)
    texts = ["".join(parts) for parts in inline]
    assert len(texts) == 3
    for text in texts:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model, path = page("quantiles")
    fnet.export(tmp_path / "again", model, format="html")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_page_holds_examples_alone(tmp_path):
    model, path = page("numbers")
    rows = {name: column[:4] for name, column in TABLE.items()}
    data = data_of(path)
    assert data["examples"] == []
    fnet.export(tmp_path / "page.html", model, examples=pd.DataFrame(rows))
    found = data_of(tmp_path / "page.html")
    first = [row[0] for row in found["examples"]]
    assert first == TABLE["number"][:4]
    assert found["examples"][3][1] == ""
    assert {**found, "examples": []} == data


def data_of(path):
    html = path.read_text(encoding="utf-8")
    return json.loads(re.search('id="data">(.*?)</script>', html, re.S)[1])


def test_examples_of_data_frames_are_written_as_the_columns_are(tmp_path):
    days = pd.date_range("2020-01-01", periods=40, freq="36h")
    frame = pd.DataFrame({"day": days, "flag": [True, None] * 20, "x": np.arange(40.0)})
    text = frame.assign(day=days.strftime("%d.%m.%Y %H:%M:%S"))
    for given, first in ((frame, "2020-01-02 12:00:00.000000"), (text, "02.01.2020 12:00:00")):
        encoding = fnet.encoding.learn(given)
        found = examples.rows_of(encoding, given[1:3])
        assert found == [[first, "", 1.0], [found[1][0], "true", 2.0]]
    with pytest.raises(InvalidArgument, match="at most 100 rows"):
        examples.rows_of(encoding, pd.concat([text] * 3))
    with pytest.raises(InvalidArgument, match="'x', row 0: 'one' is not a number"):
        examples.rows_of(encoding, text[:1].assign(x=["one"]))


def test_examples_are_for_a_page_alone(tmp_path):
    with pytest.raises(InvalidArgument, match="examples go into a web page alone"):
        fnet.export(tmp_path / "x.onnx", page("single network")[0], examples=TABLE)


def test_a_model_that_is_too_large_is_refused_with_its_size(tmp_path):
    net = fnet.Network((4000, 3200, 1), loss="squared_error")
    with pytest.raises(InvalidArgument, match=r"at most 48 MiB; these are 65\.1 MiB as base64"):
        fnet.export(tmp_path / "x.html", (net, fnet.reference.init_params(net, seed=0)))
    assert not list(tmp_path.iterdir())


def test_networks_that_are_no_ensemble_are_refused(tmp_path):
    net = fnet.Network((2, 1), loss="squared_error")
    params = fnet.reference.init_params(net, seed=[0, 1])
    with pytest.raises(InvalidArgument, match="member axes"):
        fnet.export(tmp_path / "x.html", (net, params))


def test_a_page_of_eight_networks_is_small(tmp_path):
    net = fnet.Network((20, 128, 128, 1), loss="squared_error")
    params = fnet.reference.init_params(net, seed=range(8))
    kept = conformal.keep_scores([np.ones((500, 1))] * 8, rows=4000)
    content = schema.Content(net, params, ensemble=fnet.core.ensemble.Ensemble(kept))
    assert len(web_page.page(content)) < 1_000_000
