"""The page of a model in a browser: its form, its tables, and names that are hostile to it."""

import csv
import io
import re

import browsers
import numpy as np
import pytest
from hostile_names import NAMES, is_safe, is_utf8
from web_pages import (
    MODELS,
    TABLE,
    as_csv,
    check_predictions,
    coverage_of,
    hostile_page,
    model_rows,
    page,
    rows_of,
    rows_to_predict,
)

import fnet

pytestmark = pytest.mark.skipif(not browsers.IS_THERE, reason="needs Chromium and Selenium")


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def chromium(downloads):
    browser = browsers.start(downloads)
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium):
    """The browser, which may have nothing to say at the end."""
    chromium.get_log("browser")
    yield chromium
    assert chromium.get_log("browser") == []


def text_of(browser, name):
    return browser.find_element("id", name).text


def fill(browser, cells):
    """Give the controls of the form their values, as a person does."""
    script = """for (const [name, value] of Object.entries(arguments[0])) {
        const label = [...document.querySelectorAll(".field label")].find(
            (each) => each.textContent === name);
        const control = document.getElementById(label.htmlFor);
        control.value = value;
        control.dispatchEvent(new Event("input", {bubbles: true}));
    }"""
    browser.execute_script(script, cells)


def upload(browser, path):
    """Choose a file and wait for the end; the text of its predictions' file, or None."""
    browser.find_element("id", "file").send_keys(str(path))
    browsers.wait_for(lambda: not (text_of(browser, "status") or "…").endswith("…"))
    return browser.find_element("id", "download")


@pytest.mark.parametrize("name", MODELS)
def test_a_table_is_predicted_as_by_numpy(browser, downloads, tmp_path, name):
    model, path = page(name)
    given = tmp_path / f"{name} table.csv"
    given.write_text(as_csv(model_rows(name)[0]), encoding="utf-8", newline="")
    browser.get(path.as_uri())
    upload(browser, given).click()
    found = downloads / f"{name} table predicted.csv"
    browsers.wait_for_download(found)
    text = found.read_bytes().decode("utf-8-sig")
    header, columns = rows_of(text)
    check_predictions(name, model, header, columns)
    assert text_of(browser, "status").startswith("1,000 rows.")
    assert bool(coverage_of(model)) == any(each.startswith("lower") for each in header)


@pytest.mark.parametrize("name", MODELS)
def test_the_form_shows_a_prediction_and_what_changes_it(browser, name):
    model, path = page(name)
    browser.get(path.as_uri())
    assert text_of(browser, "answer")
    assert "No prediction" not in text_of(browser, "answer")
    labels = browser.find_elements("css selector", ".field label")
    numbered = tuple(f"x{i}" for i in range(model.net.sizes[0]))
    assert tuple(each.text for each in labels) == (model.features or numbered)
    if model.encoding is not None:
        effects = "return document.querySelectorAll('#effects li').length"
        browsers.wait_for(lambda: browser.execute_script(effects) == min(12, len(TABLE)))


def test_the_form_predicts_what_it_shows(browser):
    model, path = page("numbers")
    browser.get(path.as_uri())
    cells = {
        **dict.fromkeys(TABLE, ""),
        **{"number": "61.5", "decimal commas": "2.75", "money": "250000", "many": "zip 7"},
        **{"date": "2001-02-28", "german date": "1999-12-31", "time": "2020-02-29T13:45"},
    }
    fill(browser, cells)
    texts = cells | {
        **{"decimal commas": "2,75", "money": "$250,000", "german date": "31.12.1999"},
        "time": "2020-02-29 13:45",
    }
    row = {name: [cell] for name, cell in texts.items()}
    low, high = model.predict_interval(row, 0.9)[0]
    shown = re.findall(r"-?[\d.,]+", text_of(browser, "answer").replace(",", ""))
    np.testing.assert_allclose([*map(float, shown)], [model.predict(row)[0], low, high], rtol=2e-4)
    fill(browser, {"number": "10000"})
    assert text_of(browser, "flags").startswith("Unlike training: “number”.")
    fill(browser, {"number": "50", "many": "elsewhere"})
    assert text_of(browser, "flags").startswith("Unlike training: “many”.")
    browser.find_element("css selector", "button[type=reset]").click()
    assert text_of(browser, "flags") == ""


def test_examples_fill_the_form(browser, tmp_path):
    model, _ = page("numbers")
    rows = {name: column[:3] for name, column in rows_to_predict().items()}
    fnet.export(tmp_path / "page.html", model, examples=rows)
    browser.get((tmp_path / "page.html").as_uri())
    for i, expected in enumerate(model.predict(rows)):
        choose = "const e = document.getElementById('example'); e.value = arguments[0];"
        browser.execute_script(choose + "e.dispatchEvent(new Event('input', {bubbles: true}))", i)
        shown = float(text_of(browser, "answer").split()[0].replace(",", ""))
        np.testing.assert_allclose(shown, expected, rtol=1e-3)  # a time to the minute


def test_a_table_of_other_columns_is_refused(browser, tmp_path):
    browser.get(page("numbers")[1].as_uri())
    (tmp_path / "other.csv").write_text("a;<b>number</b>\n1;2\n")
    link = upload(browser, tmp_path / "other.csv")
    assert text_of(browser, "status").endswith("does not know: “a”, “<b>number</b>”.")
    assert not link.is_displayed()
    (tmp_path / "bytes.csv").write_bytes(b"\xe4,\xf6\n1,2\n")
    upload(browser, tmp_path / "bytes.csv")
    browsers.wait_for(lambda: "is not text in UTF-8" in text_of(browser, "status"))


TEXTS = [name for name in NAMES if is_utf8(name)]
"""What a CSV can hold."""


@pytest.mark.parametrize("names", [NAMES, TEXTS], ids=["all", "text"])
@pytest.mark.parametrize("width", [360, 1200])
def test_hostile_names_neither_run_nor_break_the_page(browser, tmp_path, width, names):
    hostile_page(tmp_path / "page.html", names)
    browsers.resize(browser, width)
    browser.get((tmp_path / "page.html").as_uri())
    assert len(browser.find_elements("css selector", ".field")) == len(names)
    browsers.wait_for(lambda: browser.find_elements("css selector", "#effects li"))
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    assert browser.execute_script("return document.images.length + document.links.length") == 0
    assert browser.execute_script("return document.scripts.length") == 3
    wide = """const right = (each) => each.getBoundingClientRect().right;
        const all = [...document.querySelectorAll("main *, header *, footer *")];
        return all.filter((each) => right(each) > innerWidth + 1).map((each) => each.outerHTML)"""
    assert browser.execute_script(wide) == []
    assert is_safe(browser.execute_script("return document.body.innerText + document.title"))


def test_a_table_of_hostile_names_is_predicted(browser, downloads, tmp_path):
    hostile_page(tmp_path / "page.html", TEXTS)
    browser.get((tmp_path / "page.html").as_uri())
    given = {name: ["0", "x", '<img src="x">'] for name in TEXTS}
    (tmp_path / "hostile.csv").write_text(as_csv(given, line="\r\n"), encoding="utf-8", newline="")
    upload(browser, tmp_path / "hostile.csv").click()
    browsers.wait_for_download(downloads / "hostile predicted.csv")
    text = (downloads / "hostile predicted.csv").read_bytes().decode("utf-8-sig")
    header, first, *others = csv.reader(io.StringIO(text, newline=""))
    assert header[: len(TEXTS)] == TEXTS
    assert [name for name in header if name.startswith("probability_")] == [
        f"probability_{name}" for name in TEXTS
    ]
    assert first[len(TEXTS)] in TEXTS
    assert all(row[-1].endswith("is not a number") for row in others)
    assert is_safe(text_of(browser, "problems"))
