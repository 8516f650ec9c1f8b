"""The figures of `export_figures.py` that are about pages."""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
from measuring import seconds

import fnet
from fnet.core import conformal
from fnet.core.ensemble import Ensemble
from fnet.encoding import learn
from fnet.exports import web_page
from fnet.files.schema import Content

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))
import browsers  # noqa: E402
import hostile_names  # noqa: E402
import web_pages  # noqa: E402

MODELS = ("classes", "two classes", "labels", "numbers", "quantiles", "digits")
WIDTHS = (360, 1200)
SCHEMES = ("light", "dark")
ROWS, FEATURES, NETWORKS = 100_000, 20, 8


class Figure(NamedTuple):
    """A figure.

    Attributes:
        what: What is measured.
        value: The value.
        limit: The most that it may be.
        unit: Its unit; "" for none.
    """

    what: str
    value: float
    limit: float
    unit: str = ""


def upload(browser: Any, path: Path) -> None:
    """Choose a file in the page, and wait until it is predicted."""
    browser.find_element("id", "file").send_keys(str(path))
    browsers.wait_for(lambda: browser.find_element("id", "download").is_displayed())


# Size and speed of the page.


def _processor_time(browser: Any) -> float:
    """The seconds that all processes of a browser have computed."""
    processes = psutil.Process(browser.service.process.pid).children(recursive=True)
    return sum(sum(each.cpu_times()[:2]) for each in processes)


TIME_OF_PREDICTIONS = """
const model = prepare(JSON.parse(document.getElementById("data").textContent));
const cells = model.columns.map((column) => String(column.start));
const times = [];
for (let i = 0; i < 300; i++) {
  cells[0] = String(i / 100);
  const begin = performance.now();
  predictRow(model, cells);
  times.push(performance.now() - begin);
}
const field = document.querySelector(".field input");
for (let i = 0; i < 30; i++) {
  field.value = i / 10;
  const begin = performance.now();
  field.dispatchEvent(new Event("input", {bubbles: true}));
  document.body.getBoundingClientRect();
  times.push(performance.now() - begin);
}
return [times.slice(0, 300), times.slice(300)];
"""

WATCH = """
window.longest = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  window.longest = Math.max(window.longest, now - last);
  last = now;
}, 5);
"""


def speed(folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    """The page of eight networks."""
    random = np.random.default_rng(0)
    names = [f"column {i}" for i in range(FEATURES)]
    table = dict(zip(names, random.normal(size=(FEATURES, 4000)), strict=True))
    net = fnet.Network((FEATURES, 128, 128, 1), loss="squared_error")
    scores = [random.exponential(size=(4000 // NETWORKS, 1)) for _ in range(NETWORKS)]
    content = Content(
        net,
        fnet.reference.init_params(net, seed=range(NETWORKS), dtype="float32"),
        encoding=learn(table),
        ensemble=Ensemble(conformal.keep_scores(scores, rows=4000)),
    )
    page = folder / "page.html"
    page.write_text(web_page.page(content), encoding="utf-8")
    yield Figure("page of 8 networks of 20-128-128-1", page.stat().st_size / 1e6, 2.5, "MB")
    long = folder / "long.csv"
    rows = random.normal(size=(ROWS, FEATURES))
    np.savetxt(long, rows, "%.5f", ",", header=",".join(names), comments="")
    browser = browsers.start(folder)
    try:
        browser.get(page.as_uri())
        alone, with_form = browser.execute_script(TIME_OF_PREDICTIONS)
        yield Figure("a prediction, median", statistics.median(alone), 5, "ms")
        yield Figure("the same with the form, median", statistics.median(with_form), 5, "ms")
        browser.execute_script(WATCH)
        before = _processor_time(browser)
        time = seconds(functools.partial(upload, browser, long))
        yield Figure(f"a CSV of {ROWS:,} rows", time, 10, "s")
        used = _processor_time(browser) - before
        yield Figure("processor time of the browser meanwhile, two cores", used, 20, "s")
        longest = browser.execute_script("return window.longest")
        yield Figure("longest time between ticks meanwhile", longest, 200, "ms")
    finally:
        browser.quit()


# Checkers of pages.


def checkers(folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    """The Nu HTML checker and axe-core."""
    if options.npm is None:
        sys.exit("checkers needs --npm FOLDER, where npm has installed vnu-jar and axe-core")
    modules = Path(options.npm, "node_modules")
    pages = {f"page of {name}": web_pages.page(name)[1] for name in MODELS}
    pages |= {"page of hostile names": folder / "hostile.html", "report": folder / "report.html"}
    web_pages.hostile_page(pages["page of hostile names"], hostile_names.NAMES)
    _write_report(folder)
    jar = modules / "vnu-jar" / "build" / "dist" / "vnu.jar"
    for what, path in pages.items():
        done = subprocess.run(
            ["java", "-jar", jar, "--format", "json", path], capture_output=True, check=False
        )
        messages = json.loads(done.stderr)["messages"]  # "info" is that it knows no hashes
        errors = [each["message"] for each in messages if each["type"] != "info"]
        print(*(f"{what}: {error}" for error in errors), sep="\n", file=sys.stderr, end="")
        yield Figure(f"{what}: errors of the Nu checker", len(errors), 0)
    axe = (modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    browser = browsers.start(folder)
    try:
        for what, path in pages.items():
            yield Figure(f"{what}: violations of axe", _violations(browser, path, axe), 0)
    finally:
        browser.quit()


def _violations(browser: Any, path: Path, axe: str) -> int:
    """What axe-core finds in a page, at each width and in each scheme."""
    count = 0
    for width in WIDTHS:
        for scheme in SCHEMES:
            browsers.resize(browser, width)
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            browser.get(path.as_uri())
            browser.execute_script(axe)
            found = browser.execute_async_script(
                "axe.run().then((found) => arguments[0](found.violations))"
            )
            for each in found:
                print(f"{path.name}, {width}, {scheme}: {each['id']}: {each['help']}")
            count += len(found)
    return count


def _write_report(folder: Path) -> None:
    """A report of a classifier of flowers."""
    for line in (
        "sample iris --out iris.csv",
        "train iris.csv --target species --out iris.fnet --epochs 40 --hidden 16 "
        "--report report.html",
    ):
        command = [sys.executable, "-m", "fnet", *line.split()]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, cwd=folder, env=env, capture_output=True)
