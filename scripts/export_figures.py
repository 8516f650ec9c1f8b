"""Measure models outside of fnet: how near they are to it, how large and how fast, and their pages.

    python scripts/export_figures.py                    # all but the checkers: some minutes
    python scripts/export_figures.py parity speed
    npm install --prefix FOLDER vnu-jar axe-core
    python scripts/export_figures.py checkers --npm FOLDER

parity    ONNX, SavedModel and the page in Chromium against fnet: 1,000 rows with gaps, new levels
          and dates. The greatest difference of any number, as a part of it or of 1, whichever is
          larger; labels are compared as they are.
speed     The page of 8 networks of 20-128-128-1: its size, the time of a prediction, and a CSV of
          100,000 rows; while it is predicted, the longest time between two ticks of the page.
install   An environment of the four packages that predicting needs: its size, and what
          `fnet predict` of one row takes in it.
checkers  The errors that the Nu HTML checker and axe-core find in pages and in a report, at two
          widths, light and dark.

The page needs Chromium with chromedriver and Selenium, the checkers Java and npm's packages, the
install an index of packages. Processor times hold on a busy machine, too. Exits with 1 if a figure
is beyond its limit.
"""

import argparse
import functools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import page_figures
from measuring import seconds
from page_figures import MODELS, ROOT, Figure, browsers, upload, web_pages

import fnet
from fnet.encoding.raw_columns import to_raw
from fnet.encoding.reading import read
from fnet.exports import columns

COVERAGE = 0.9
SMALL_INSTALL = ("numpy", "safetensors", "click", "pyarrow")
REPEATS = 20

Found = dict[str, npt.NDArray[Any]]
"""The outputs of a program, by name."""


# Parity.


def parity(folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    """How far programs are from fnet."""
    browser = browsers.start(folder)
    try:
        for name in MODELS:
            model, path = web_pages.page(name)
            table, x = web_pages.model_rows(name)
            interval = COVERAGE if web_pages.coverage_of(model) else None
            expected = _expected(model, x)
            single = model.ensemble is None
            for format_name, run in (("SavedModel", _saved_model), ("ONNX", _onnx)):
                feeds = _feeds(model, table, x)
                found = run(folder / f"{name} {format_name}", model, feeds, interval)
                yield from _compare(f"{name}, {format_name}", found, expected, single)
            found = _in_chromium(browser, path, folder / f"{name}.csv", table, expected)
            yield from _compare(f"{name}, page in Chromium", found, expected, single)
    finally:
        browser.quit()


def _expected(model: Any, x: Any) -> Found:
    """What fnet predicts."""
    if model.net.targets in ("multiclass", "multilabel"):
        return {"label": model.predict(x), "probabilities": model.predict_proba(x)}
    found = {"prediction": model.predict(x)}
    if web_pages.coverage_of(model):
        ends = model.predict_interval(x, COVERAGE)
        found |= {"lower": ends[..., 0], "upper": ends[..., 1]}
    return found


def _compare(what: str, found: Found, expected: Found, single: bool) -> Iterator[Figure]:
    """The labels that differ, and the greatest difference of numbers."""
    greatest = 0.0
    for name, wanted in expected.items():
        values = np.asarray(found[name]).reshape(wanted.shape)
        if name == "label":
            yield Figure(
                f"{what}: labels that differ", (values.astype(str) != wanted.astype(str)).sum(), 0
            )
        else:
            size = np.maximum(np.abs(wanted), 1)
            greatest = max(greatest, (np.abs(values - wanted) / size).max())
    yield Figure(f"{what}: greatest difference", greatest, 1e-5 if single else 1e-6)


def _feeds(model: Any, table: Any, x: Any) -> Found:
    """The inputs of a program: numbers as float64 with NaN, anything else as text."""
    if model.encoding is None:
        return {"x": np.asarray(x, np.float32)}
    found: Found = {}
    for each in columns.inputs(model.encoding):
        cells = table[each.column.name]
        if each.is_number:
            cells = read(each.column.steps, to_raw(each.column.name, cells)).value
        found[each.name] = np.array(cells, np.float64 if each.is_number else object)
    return found


def _labels(model: Any, found: Found) -> Found:
    """The outputs with the labels of a model without an encoding, which its program leaves out."""
    if "label" in found or model.classes is not None or model.net.targets != "multiclass":
        return found
    probabilities = found["prediction"]
    return {"label": probabilities.argmax(axis=-1), "probabilities": probabilities}


def _saved_model(path: Path, model: Any, feeds: Found, interval: float | None) -> Found:
    import tensorflow as tf

    fnet.export(path, model, interval=interval)
    program = tf.saved_model.load(path).signatures["serving_default"]
    named = {name: tf.constant(values) for name, values in feeds.items()}
    found = {name: value.numpy() for name, value in program(**named).items()}
    if found.get("label", np.empty(0)).dtype == object:
        found["label"] = np.array([text.decode() for text in found["label"]])
    return _labels(model, found)


def _onnx(path: Path, model: Any, feeds: Found, interval: float | None) -> Found:
    import onnxruntime

    fnet.export(path, model, format="onnx", interval=interval)
    session = onnxruntime.InferenceSession(path)
    cells = {k: v if v.ndim == 2 else v[:, None] for k, v in feeds.items()}
    names = [output.name for output in session.get_outputs()]
    return _labels(model, dict(zip(names, session.run(None, cells), strict=True)))


def _in_chromium(browser: Any, page: Path, path: Path, table: Any, expected: Found) -> Found:
    """What the page in a browser adds to a CSV that is dropped on it."""
    path.write_text(web_pages.as_csv(table), encoding="utf-8", newline="")
    browser.get(page.as_uri())
    upload(browser, path)
    browser.find_element("id", "download").click()
    written = path.with_name(f"{path.stem} predicted.csv")
    browsers.wait_for(written.exists)
    _, cells = web_pages.rows_of(written.read_bytes().decode("utf-8-sig"))
    prefixes = {"label": "prediction", "probabilities": "probability_"}
    found = {}
    for name in expected:
        prefix = prefixes.get(name, name)
        each = [values for column, values in cells.items() if column.startswith(prefix)]
        found[name] = np.array(each).T.astype(str if name == "label" else float)
    return found


# The small install.


def install(folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    """An environment of four packages."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps"]
    env = {**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    subprocess.run([*pip, *SMALL_INSTALL, ROOT], check=True, env=env)
    size = sum(path.lstat().st_size for path in (folder / "venv").rglob("*"))
    yield Figure("environment with numpy, safetensors, click, pyarrow", size / 2**20, 300, "MiB")
    fnet.save(folder / "numbers.fnet", web_pages.page("numbers")[0])
    rows = {name: column[:1] for name, column in web_pages.rows_to_predict().items()}
    (folder / "row.csv").write_text(web_pages.as_csv(rows), encoding="utf-8")
    line = [folder / "venv/bin/fnet", "predict", "numbers.fnet", "row.csv"]
    run = functools.partial(
        subprocess.run, line, check=True, cwd=folder, env=env, capture_output=True
    )
    run()
    before = _time_of_children()
    times = [seconds(run) for _ in range(REPEATS)]
    yield Figure("fnet predict of one row, median", statistics.median(times), 0.5, "s")
    used = (_time_of_children() - before) / REPEATS
    yield Figure("processor time of it, mean", used, 0.5, "s")


def _time_of_children() -> float:
    """The seconds that processes which have ended have computed."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


PARTS: dict[str, Callable[[Path, argparse.Namespace], Iterator[Figure]]] = {
    "parity": parity,
    "speed": page_figures.speed,
    "install": install,
    "checkers": page_figures.checkers,
}


def main() -> None:
    """Print a table of figures in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--npm", help="the folder where npm has installed vnu-jar and axe-core")
    options = parser.parse_args()
    names = options.parts or [name for name in PARTS if name != "checkers" or options.npm]
    is_beyond = False
    print("| figure | value | limit |\n|---|---|---|")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            for what, value, limit, unit in PARTS[name](Path(folder), options):
                print(f"| {what} | {value:.3g} {unit} | {limit:g} {unit} |", flush=True)
                is_beyond |= bool(value > limit)
    sys.exit(int(is_beyond))


if __name__ == "__main__":
    main()
