"""Draw the pictures of the README from stored figures, after taking in new ones.

    python scripts/draw_benchmarks.py                               # draw what is stored
    python scripts/benchmark.py --benchmarks digits --json speed.json
    python scripts/draw_benchmarks.py --speed speed.json            # what `benchmark.py` wrote
    python scripts/draw_benchmarks.py --accuracy accuracy.jsonl     # what `accuracy.py` wrote

The figures are stored in `.github/measured.json`: microseconds of a step and the time relative to
fnet for each implementation; for each model the median seconds of a fit, and the score on each
outer fold of each table, so that ranks can be computed without fitting again. The pictures are
`.github/speed.svg` and `.github/accuracy.svg`.
"""

import argparse
import json
import textwrap
from collections import defaultdict
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

FOLDER = Path(__file__).parents[1] / ".github"
STORED = FOLDER / "measured.json"

IMPLEMENTATIONS = {
    "notes": "the notes' own loop",
    "keras": "Keras fit, default",
    "keras-best": "Keras fit, jit_compile and an epoch in one execution",
    "skorch": "skorch",
    "torch": "PyTorch, eager, fused Adam",
    "scikit-learn": "scikit-learn MLPClassifier",
    "twin": "fnet's NumPy twin",
    "jax": "JAX, shuffling as its users do",
    "jax-plan": "JAX, given fnet's plan",
    "fnet": "fnet",
    "c": "the step in C, matrix products by OpenBLAS",
}
"""What `benchmark.py` times, as the README calls it."""

REALMLP = ("RealMLP-TD-S", "RealMLP-TD", "RealMLP-TD-S x8", "RealMLP-TD x8")

MODELS = ("fnet", "hist", "LightGBM", "CatBoost", "MLP", *REALMLP)
"""What of `accuracy.py` is drawn."""

LABELS = {"hist": "scikit-learn's histogram boosting", "MLP": "scikit-learn's MLP, scaled"}
"""What models are called where `accuracy.py` has a short name."""

SIDES = {
    "above": {"xytext": (0, 9), "ha": "center", "va": "bottom"},
    "below": {"xytext": (0, -9), "ha": "center", "va": "top"},
    "left": {"xytext": (-9, 0), "ha": "right", "va": "center"},
    "right": {"xytext": (9, 0), "ha": "left", "va": "center"},
}
"""Where a label stands beside its point."""

MODEL_SIDES = {
    "hist": "right",
    "CatBoost": "right",
    "MLP": "left",
    "RealMLP-TD-S": "right",
    "RealMLP-TD": "left",
    "RealMLP-TD-S x8": "left",
}
"""The side of the label of a model; others stand above."""

FNET = ("fnet", "twin")
"""What is fnet's own."""

LETTERS = 26
"""The most letters in a line of a label."""

SIZE = (6, 4.5)
"""Width and height in inches, which a phone still shows large enough."""

OURS, OTHERS = "#D55E00", "#0072B2"
"""Colours of Okabe and Ito (2008)."""


def speed_of(path: Path) -> dict[str, Any]:
    """For each implementation the microseconds of a step, and the time relative to fnet."""
    rows = json.loads(path.read_text())["results"]["digits"]["rows"]
    found = {row[0]: [row[1], row[3]] for row in rows}
    return {name: found[name] for name in IMPLEMENTATIONS if name in found}


def accuracy_of(path: Path) -> dict[str, Any]:
    """For each model the median seconds, and its scores on the tables and folds that all share."""
    lines: dict[str, dict[str, dict[int, Any]]] = defaultdict(lambda: defaultdict(dict))
    for line in map(json.loads, path.read_text().splitlines()):
        if line["model"] in MODELS:
            lines[line["model"]][line["table"]][line["fold"]] = line
    tables = sorted(set.intersection(*(set(of_model) for of_model in lines.values())))
    found = {}
    for model in filter(lines.__contains__, MODELS):
        seconds, scores = [], {}
        for table in tables:
            folds = set.intersection(*(set(of_model[table]) for of_model in lines.values()))
            shared = [lines[model][table][fold] for fold in sorted(folds)]
            seconds.append(np.median([line["seconds"] for line in shared]))
            scores[table] = [round(line["score"], 4) for line in shared]
        found[model] = {"seconds": round(float(np.median(seconds)), 2), "scores": scores}
    return found


def draw_speed(ax: Axes, speed: dict[str, Any]) -> None:
    """A bar for each implementation: microseconds of a step, on a logarithmic axis."""
    names = [textwrap.fill(IMPLEMENTATIONS[name], LETTERS) for name in speed]
    times = [microseconds for microseconds, _ in speed.values()]
    bars = ax.barh(names, times, color=[OURS if name in FNET else OTHERS for name in speed])
    ax.bar_label(
        bars, [f"{time:,.0f}" if time >= 100 else f"{time:.1f}" for time in times], padding=3
    )
    ax.invert_yaxis()
    ax.set(xscale="log", xlabel="microseconds a step, on two cores")
    ax.margins(x=0.12)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter("{x:,g}")


def draw_accuracy(ax: Axes, accuracy: dict[str, Any]) -> None:
    """A point for each model: the mean score against the seconds of a fit."""
    for name, measured in accuracy.items():
        seconds, scores = measured["seconds"], measured["scores"]
        score = np.mean([np.mean(folds) for folds in scores.values()])
        ours = name in FNET
        ax.plot(seconds, score, "o" if ours else "s", color=OURS if ours else OTHERS, markersize=9)
        place = {"textcoords": "offset points"} | SIDES[MODEL_SIDES.get(name, "above")]
        weight = "bold" if ours else "normal"
        ax.annotate(LABELS.get(name, name), (seconds, score), weight=weight, **place)
    ax.set(xscale="log", xlabel="seconds of a fit, the median of the tables")
    ax.set_ylabel(f"mean accuracy or R² on {len(scores)} tables")
    ax.margins(x=0.3, y=0.2)
    ax.xaxis.set_major_locator(LogLocator())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter("{x:g}")


def draw(stored: dict[str, Any], folder: Path) -> None:
    """Draw both pictures into a folder; the same figures give the same bytes."""
    style = {"svg.fonttype": "none", "svg.hashsalt": "fnet", "font.size": 11}
    pictures = {"speed": draw_speed, "accuracy": draw_accuracy}
    for name, draw_into in pictures.items():
        with matplotlib.rc_context(style):
            figure = Figure(figsize=SIZE, layout="constrained")
            ax = figure.subplots()
            ax.spines[["top", "right"]].set_visible(False)
            draw_into(ax, stored[name])
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})


def main() -> None:
    """Take in new figures, and draw all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--speed", type=Path, help="what `benchmark.py --json` wrote")
    parser.add_argument("--accuracy", type=Path, help="what `accuracy.py --out` wrote")
    options = parser.parse_args()
    stored = json.loads(STORED.read_text())
    if options.speed:
        stored["speed"] = speed_of(options.speed)
    if options.accuracy:
        stored["accuracy"] = accuracy_of(options.accuracy)
    STORED.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draw(stored, FOLDER)


if __name__ == "__main__":
    main()
