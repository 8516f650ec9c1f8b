"""The report page: its content, valid HTML, and a layout that fits a phone."""

import base64
import html
import html.parser
import json
import re
import shutil
import subprocess
import sys
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest
from processes import HANG_SECONDS
from sklearn import datasets

import fnet
from fnet import InvalidArgument, Layer, MLPClassifier, MLPRegressor, Network, reference
from fnet.files import schema
from fnet.files.model import Model
from fnet.reports import card, content, formatting, page
from fnet.reports.evaluation import LABELS, evaluate

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)
SCRIPT = "<script>alert(1)</script>"
HOSTILE = [
    *(SCRIPT, r"$\frac$", "日本語", "a\x00\x1b\ud800b", "W" * 5000, '"><img src=x>', "{{ 7 * 7 }}"),
    *("&amp;", "", "\u202eexe", "two\nlines"),
]
NAMES = HOSTILE + [f"class {i}" for i in range(100 - len(HOSTILE))]
FEATURES = [f"<b>feature {i}</b>" * (1 + i % 3) for i in range(500)]
TRAINED = {
    "command": "fnet train data.csv --target 'a class'",
    "target": "a class",
    "rows": 1347,
    "validation_rows": 150,
    "scores": {"validation accuracy": 0.97654321},
    "options": {"learning_rate": 0.00123456789, "seed": 0},
    "fnet": "0.1.0",
}


def digits():
    x, y = datasets.load_digits(return_X_y=True)
    fitted = MLPClassifier((12,), max_iter=12, random_state=0, early_stopping=True).fit(x, y)
    return fitted, {"features": [f"pixel {i}" for i in range(64)], "trained": TRAINED}, x, y


def iris():
    x, y = datasets.load_iris(return_X_y=True)
    x, y = x[y > 0, 2:], np.array(["", "versicolor", "virginica"])[y[y > 0]]
    fitted = MLPClassifier((8,), solver="lbfgs", max_iter=50, random_state=0, standardize=True)
    return fitted.fit(x, y), {"features": ["length", "width"]}, x, y


def diabetes():
    x, y = datasets.load_diabetes(return_X_y=True)
    settings = {"hidden_layer_sizes": (8,), "max_iter": 40, "random_state": 0, "standardize": True}
    return MLPRegressor(**settings).fit(x, y), {"trained": {"target": "progression"}}, x, y


def a_run():
    net = Network((3, 4, 2), hidden="tanh", bias=False)
    x, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    plan = fnet.kfold_plan(40, 8, epochs=5, seed=0)
    optimizer = reference.adam(0.01)
    return reference.train(net, optimizer, reference.init_params(net, 0), x, y, plan), {}, x, y


def hostile():
    net, rng = Network((500, 100)), np.random.default_rng(0)
    x, truth = rng.normal(size=(600, 500)), [NAMES[i] for i in rng.integers(100, size=600)]
    trained = {
        "command": f"fnet train {SCRIPT} \x1b[31m" + "x" * 3000,
        "target": SCRIPT,
        "options": {SCRIPT: "</dl>", "array": np.arange(10.0)},
        "scores": {"none": None, "nan": float("nan")},
        7: [1, None, {"deep": ("er", 1)}],
    }
    named = {"classes": NAMES, "features": FEATURES, "trained": trained}
    return (net, reference.init_params(net, 0)), named, x, truth


def hostile_plane():
    net, x = Network((2, len(HOSTILE))), np.random.default_rng(0).normal(size=(50, 2))
    named = {"classes": HOSTILE, "features": ["<i>" * 9, "\x00 $^"], "trained": "by hand"}
    return (net, reference.init_params(net, 0)), named, x, [HOSTILE[i % 7] for i in range(50)]


MAKERS = {make.__name__: make for make in (digits, iris, diabetes, a_run, hostile, hostile_plane)}


@pytest.fixture(scope="module")
def make_page(tmp_path_factory):
    """A function that returns `(model, evaluation, page)` by the name of a maker, cached."""
    done = {}

    def get(name):
        if name not in done:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                what, named, x, truth = MAKERS[name]()
            path = tmp_path_factory.mktemp(name) / "model.fnet"
            fnet.save(path, what, **named)
            model = fnet.load(path)
            found = evaluate(model, x, truth)
            title = SCRIPT * 9 if name == "hostile" else None
            done[name] = model, found, write(model, found, title)
        return done[name]

    return get


def write(model, evaluation, name=None):
    return page(model, evaluation, source="<data>.csv", command="fnet evaluate 'it'", name=name)


class Checker(html.parser.HTMLParser):
    """A strict parser of a page: `tags` are `(name, attributes, text inside)`."""

    VOID = {"meta", "img"}
    KNOWN = VOID | {
        *("html", "head", "title", "style", "body", "main", "header", "footer", "section", "div"),
        *("h1", "h2", "p", "strong", "small", "span", "table", "caption", "thead", "tbody", "tr"),
        *("th", "td", "figure", "figcaption", "dl", "dt", "dd", "ul", "li", "pre", "code"),
    }
    PHRASES = {"p", "h1", "h2", "dt", "small", "strong", "span", "code", "pre", "figcaption"}
    INLINE = {"strong", "small", "span", "code"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_decl(self, decl):
        assert decl == "doctype html"
        assert self.tags == []

    def handle_starttag(self, tag, attrs):
        assert tag in self.KNOWN, tag
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        assert not any(name.startswith("on") for name, _ in attrs)
        if self.open and self.open[-1][0] in self.PHRASES:
            assert tag in self.INLINE, f"{tag} in {self.open[-1][0]}"
        element = [tag, dict(attrs), ""]
        self.tags.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        pytest.fail(f"<{tag}/> is no HTML")

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def handle_comment(self, data):
        pytest.fail("there is nothing to hide")

    def of(self, tag, **attributes):
        """The texts of the elements with this tag and these attributes."""
        return [
            text.strip()
            for name, found, text in self.tags
            if name == tag and attributes.items() <= found.items()
        ]

    def attributes(self, tag):
        return [found for name, found, _ in self.tags if name == tag]


def pairs(checker):
    return dict(zip(checker.of("dt"), checker.of("dd"), strict=True))


def alts(text):
    return [found["alt"] for found in Checker(text).attributes("img")]


def drawings(text):
    return [
        base64.b64decode(found["src"].removeprefix("data:image/svg+xml;base64,"), validate=True)
        for found in Checker(text).attributes("img")
    ]


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_is_sound_html(make_page, name):
    text = make_page(name)[2]
    checker = Checker(text)
    assert text.startswith("<!doctype html>\n")
    assert checker.attributes("html") == [{"lang": "en"}]
    assert {"charset": "utf-8"} in checker.attributes("meta")
    assert any(found.get("name") == "viewport" for found in checker.attributes("meta"))
    assert len(checker.of("title")) == len(checker.of("h1")) == len(checker.of("main")) == 1
    assert all(checker.of("h2"))
    order = [tag for tag, *_ in checker.tags if tag in ("h1", "h2")]
    assert order == ["h1"] + ["h2"] * (len(order) - 1)
    assert len(checker.of("caption")) == len(checker.of("table"))
    assert all(found.get("scope") in ("row", "col") for found in checker.attributes("th"))
    assert len(checker.of("figcaption")) == len(checker.of("figure")) == len(checker.of("img"))
    ids = [found["id"] for _, found, _ in checker.tags if "id" in found]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_needs_nothing_else(make_page, name):
    text = make_page(name)[2]
    checker = Checker(text)
    for tag, found, _ in checker.tags:
        assert tag == "img" or not {"src", "href", "srcset", "data"} & set(found)
    (style,) = checker.of("style")
    assert not re.search(r"url\(|@import|://", style)
    assert text.encode("utf-8").decode("utf-8") == text
    for drawing in drawings(text):
        for element in ElementTree.fromstring(drawing).iter():
            assert element.tag.split("}")[1] not in ("script", "foreignObject", "a")
            for attribute, value in element.items():
                if attribute.endswith("href"):
                    assert value.startswith(("#", "data:image/png;base64,"))


@pytest.mark.parametrize("name", MAKERS)
def test_each_figure_has_its_text_and_size(make_page, name):
    for found in Checker(make_page(name)[2]).attributes("img"):
        assert re.search(r"\d", found["alt"])
        assert len(found["alt"]) > 30
        assert int(found["width"]) > 100
        assert int(found["height"]) > 100


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        (
            "digits",
            [
                *("Confusion", "Reliability", "ROC", "Misclassified", "First-layer", "The 20"),
                "Loss by epoch",
            ],
        ),
        ("iris", ["Confusion", "Reliability", "ROC", "Decision regions", "Importance"]),
        ("diabetes", ["442 rows: R²", "Importance", "Loss by epoch"]),
        ("a_run", ["Confusion", "Reliability", "ROC", "Importance", "Loss by epoch"]),
        ("hostile", ["Confusion", "Reliability", "ROC", "The 20"]),
        ("hostile_plane", ["Confusion", "Reliability", "ROC", "Decision regions", "Importance"]),
    ],
)
def test_the_figures_are_those_that_apply(make_page, name, titles):
    found = alts(make_page(name)[2])
    assert len(found) == len(titles)
    for title in titles:
        assert sum(alt.startswith(title) for alt in found) == 1, title


def test_images_are_recognized_by_feature_names(make_page):
    """Sixty-four columns are not an image just because of their number."""
    model, found, _ = make_page("digits")
    right = found._replace(y_true=found.y_pred)  # so that none is misclassified
    pixels = [f"Pixel {i}" for i in range(64)]
    for features, more in ((pixels, ["First-layer"]), ([*pixels[:-1], "age"], []), (None, [])):
        named = Model(schema.content_of(model)._replace(features=features))
        titles = ["Confusion", "Reliability", "ROC", *more, "The 20", "Loss by epoch"]
        for alt, title in zip(alts(write(named, right)), titles, strict=True):
            assert alt.startswith(title)


def test_the_main_figure_comes_first(make_page):
    for name, metric, label in (("digits", "accuracy", "Accuracy"), ("diabetes", "r2", "R²")):
        _, found, text = make_page(name)
        checker = Checker(text)
        (value,) = checker.of("div", **{"class": "value"})
        assert checker.of("strong") == [label]
        assert value == formatting.number(found.metrics[metric])
        assert float(value) == pytest.approx(found.metrics[metric], abs=5e-5)


@pytest.mark.parametrize("name", MAKERS)
def test_the_numbers_are_those_of_the_evaluation(make_page, name):
    _, found, text = make_page(name)
    checker = Checker(text)
    rows = checker.of("th", scope="row")[: len(found.metrics)]
    for row, name in zip(rows, found.metrics, strict=True):
        assert row.casefold().startswith(LABELS[name].casefold() + " ")
    values = checker.of("td", **{"class": "number"})
    for value in found.metrics.values():
        assert formatting.number(value) in values
    if name == "digits":
        right = int(np.sum(found.y_true == found.y_pred))
        assert f"{right:,} of 1,797 rows are predicted correctly" in text
        numbers = [formatting.number(number) for row in found.by_class for number in row]
        assert values[len(found.metrics) :][: len(numbers)] == numbers


def test_alternative_texts_have_the_numbers(make_page):
    _, found, text = make_page("digits")
    confusion, *_, curves = alts(text)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (found.y_true, found.y_pred), 1)
    assert f"{np.trace(counts):,} of 1,797 correct" in confusion
    np.fill_diagonal(counts, 0)
    is_, predicted_class = np.unravel_index(counts.argmax(), counts.shape)
    assert f"in rows: {is_} predicted as {predicted_class} {counts.max()};" in confusion
    estimator = make_page("digits")[0].estimator()
    first, last = (formatting.number(estimator.loss_curve_[i]) for i in (0, -1))
    assert f"training from {first} to {last}" in curves


def test_the_model_is_described(make_page):
    checker = Checker(make_page("digits")[2])
    terms = pairs(checker)
    assert terms["Parameters"] == "910 in float64"  # 64 * 12 + 12 + 12 * 10 + 10
    assert terms["Loss"] == "softmax cross entropy"
    assert terms["Classes"] == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert terms["Features"].startswith("pixel 0, pixel 1,")
    assert terms["Features"].endswith("pixel 23 and 40 more")
    assert terms["Scaling"] == "none"
    cells = checker.of("td")
    for row in (["64", "12", "relu", "780"], ["12", "10", "softmax", "130"]):
        assert row in [cells[i : i + 4] for i in range(len(cells))]
    terms = pairs(Checker(make_page("diabetes")[2]))
    assert terms["Features"] == "10 without names"
    assert terms["Scaling"].endswith("and so is the target")
    assert Checker(make_page("a_run")[2]).of("h1") == ["Network 3–4–2"]


def test_the_training_is_described(make_page):
    model, _, text = make_page("digits")
    terms, estimator = pairs(Checker(text)), model.estimator()
    assert terms["Estimator"] == "MLPClassifier"
    assert terms["Engine"] == estimator.engine_
    assert terms["Epochs"] == str(estimator.n_iter_)
    assert terms["Arguments"].split("\n") == [
        *("early_stopping True", "hidden_layer_sizes 12", "max_iter 12", "random_state 0")
    ]
    assert (terms["Target"], terms["Rows"], terms["Validation rows"]) == ("a class", "1,347", "150")
    assert terms["Scores"] == "validation accuracy 0.9765"
    assert terms["Options"].split("\n") == ["learning_rate 0.00123456789", "seed 0"]
    assert terms["Version of fnet"] == "0.1.0"
    assert "Command" not in terms
    terms = pairs(Checker(make_page("a_run")[2]))
    assert (terms["Optimizer"], terms["Epochs"], terms["Ended"]) == ("adam", "5", "epochs")


@pytest.mark.parametrize("name", ["iris", "digits", "hostile"])
def test_the_page_has_the_card_of_the_model(make_page, name):
    model, _, text = make_page(name)
    shown = {" ".join(each.split()) for each in Checker(text).of("li")}
    for term, sentences in card.sections(model):
        assert {" ".join(formatting.clean(s).split()) for s in sentences} <= shown, term


def test_the_page_has_the_commands_that_reproduce_it(make_page):
    train = "fnet train data.csv --target 'a class'"
    assert Checker(make_page("digits")[2]).of("code") == [train, "fnet evaluate 'it'"]
    assert Checker(make_page("iris")[2]).of("code") == ["fnet evaluate 'it'"]
    model, evaluation, _ = make_page("digits")
    text = page(model, evaluation, source="them", command=train)
    assert Checker(text).of("code") == [train]


@pytest.mark.parametrize(
    ("trained", "terms"),
    [
        *(("by hand", {"Notes": "by hand"}), (("a", 1.5), {"Notes": "a, 1.5"})),
        *((np.arange(3), {"Notes": "0, 1, 2"}), ({"a_b": 1, 2: True}, {"A b": "1", "2": "True"})),
        *(({"a": {"b": 1, "c": (1, 2)}}, {"A": "b 1\nc 1, 2"}), (None, {})),
        *(({}, {}), ({"a": None, "b": {}}, {}), ({"command": "go"}, {})),
    ],
)
def test_partial_training_information_is_shown(tmp_path, trained, terms):
    net = Network((1, 1), loss="squared_error")
    fnet.save(tmp_path / "m", (net, reference.init_params(net, 0)), trained=trained)
    found = dict(content.training(schema.content_of(fnet.load(tmp_path / "m"))))
    lines = {
        term: description if isinstance(description, str) else "\n".join(map(" ".join, description))
        for term, description in found.items()
    }
    assert lines == terms


def test_hostile_names_are_escaped(make_page):
    model, _, text = make_page("hostile")
    checker = Checker(text)
    assert checker.of("title")[0].endswith("on <data>.csv")
    shown = checker.of("th", **{"class": "name"})
    assert len(shown) == 100
    assert shown[0] == SCRIPT
    assert shown[2] == "日本語"
    assert shown[3] == r"a\x00\x1b\ud800b"
    assert (shown[4][:9], len(shown[4])) == ("W" * 9, formatting.MAX_LENGTH)
    assert shown[5:9] == ['"><img src=x>', "{{ 7 * 7 }}", "&amp;", ""]
    assert checker.of("code")[0].startswith(f"fnet train {SCRIPT} \\x1b[31mxxx")
    assert pairs(checker)["Features"].startswith("<b>feature 0</b>, <b>feature 1</b><b>")


def test_hostile_names_are_escaped_in_figures(make_page):
    confusion, _, ranking, regions, importance = drawings(make_page("hostile_plane")[2])
    for drawing in (confusion, regions):
        drawn = [text.strip() for text in ElementTree.fromstring(drawing).itertext()]
        for name in (
            '"><img src=x>',
            r"$\frac$",
            "日本語",
            r"a\x00\x1b\ud800b",
            "{{ 7 * 7 }}",
            "&amp;",
        ):
            assert name in drawn
    drawn = " ".join(ElementTree.fromstring(ranking).itertext())
    assert '"><img src=x>: area' in drawn
    for drawing in (regions, importance):
        drawn = [text.strip() for text in ElementTree.fromstring(drawing).itertext()]
        assert {"<i>" * 9, r"\x00 $^"} <= set(drawn)


@pytest.fixture
def larger(tmp_path):
    """A model that predicts which of two features is the larger."""
    fnet.save(tmp_path / "m", (Network((2, 2)), (Layer(np.eye(2), np.zeros(2)),)))
    return fnet.load(tmp_path / "m")


def test_a_page_on_many_rows_is_no_larger(larger):
    x = np.random.default_rng(0).normal(size=(20_000, 2))
    assert len(write(larger, evaluate(larger, x, x.argmax(axis=1)))) < 500_000


def test_undefined_metrics_have_a_reason(larger):
    text = write(larger, evaluate(larger, [[1, 0], [0, 1]], [1, 1]))
    checker = Checker(text)
    assert "ROC AUC not defined: it needs rows of both classes" in checker.of("th", scope="row")
    assert checker.of("td", **{"class": "number"}).count("–") == 2  # its own row, and a recall
    assert "“–” means not defined" in text
    assert "“–”" not in write(larger, evaluate(larger, [[1, 0], [0, 1]], [0, 1]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.97654321, "0.9765"), (1.0, "1.000"), (0.0, "0"), (43.2, "43.20"), (-1.5, "-1.500")),
        *((12345.6, "12,346"), (0.000123456, "0.0001235"), (1.2346e-7, "1.235e-07")),
        *((1.5e300, "1.500e+300"), (float("nan"), "–"), (float("-inf"), "-∞"), (12345, "12,345")),
    ],
)
def test_numbers_have_four_digits(value, text):
    assert formatting.number(value) == text


def test_the_page_is_the_same_in_another_process(make_page, tmp_path):
    model, found, text = make_page("iris")
    assert write(model, found) == text
    fnet.save(tmp_path / "m", model)
    np.savez(tmp_path / "data.npz", x=found.x, y=found.classes[found.y_true])
    code = (
        "import sys, numpy, fnet\n"
        "from fnet.reports.evaluation import evaluate\n"
        "from fnet.reports import page\n"
        "model, data = fnet.load(sys.argv[1]), numpy.load(sys.argv[2])\n"
        "found = evaluate(model, data['x'], data['y'])\n"
        "text = page(model, found, source='<data>.csv', command=\"fnet evaluate 'it'\")\n"
        "assert 'tensorflow' not in sys.modules\n"
        "sys.stdout.buffer.write(text.encode())\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, tmp_path / "m", tmp_path / "data.npz"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.decode() == text
    assert done.stderr == b""


def test_other_types_than_models_and_evaluations_are_refused(make_page):
    model, found, _ = make_page("iris")
    for wrong in ((found, model), (model.net, found), (model, found.metrics)):
        with pytest.raises(InvalidArgument, match="needs what fnet.load and evaluate returned"):
            write(*wrong)
    with pytest.raises(InvalidArgument, match="classes must be one for each output"):
        write(model, make_page("digits")[1])


WRAPPER = """<!doctype html><title>-</title><script>
addEventListener("load", () => {
  document.title = JSON.stringify([...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, images = [...page.images]
    return [page.documentElement.scrollWidth, page.documentElement.clientWidth,
      images.filter(image => image.naturalWidth > 100).length, page.querySelectorAll("h1").length]
  }))
})
</script>"""


@pytest.mark.skipif(BROWSER is None, reason="needs chromium, chromium-browser or google-chrome")
def test_in_a_browser_nothing_overflows_a_phone(make_page, tmp_path):
    """At widths of 360 and 1200 pixels; each figure is rendered."""
    texts = [make_page(name)[2] for name in MAKERS]
    frames = [
        f'<iframe style="border: 0; width: {width}px; height: 900px" srcdoc="{html.escape(text)}">'
        "</iframe>"
        for width in (360, 1200)
        for text in texts
    ]
    file = tmp_path / "all.html"
    file.write_text(WRAPPER + "".join(frames), encoding="utf-8")
    command = [BROWSER, *QUIET, f"--user-data-dir={tmp_path}", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANG_SECONDS)
    found = json.loads(html.unescape(re.search("<title>(.*?)</title>", done.stdout)[1]))
    images = [len(Checker(text).of("img")) for text in texts]
    assert found == [[width, width, count, 1] for width in (360, 1200) for count in images]
