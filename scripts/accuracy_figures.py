"""The figures of `accuracy.py`, from what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from accuracy_models import OTHERS
from accuracy_tables import NAMES

Lines = Sequence[Mapping[str, Any]]
"""What was measured of a model: a line for each table and outer fold."""

BINS = 10
"""The bins of the calibration error, of equal counts."""


def by_table(lines: Lines, key: str) -> dict[str, dict[int, float]]:
    """A measured number for each table and fold that has it."""
    found: dict[str, dict[int, float]] = {}
    for line in lines:
        if line.get(key) is not None:
            found.setdefault(line["table"], {})[line["fold"]] = line[key]
    return {name: found[name] for name in NAMES if name in found}


def mean(values: Mapping[int, float]) -> float:
    """The mean over folds."""
    return float(np.mean(list(values.values())))


def calibration_error(lines: Lines) -> float:
    """The expected calibration error of pooled rows: Guo and others (2017), equal counts."""
    confidence = np.concatenate([line["confidence"] for line in lines])
    correct = np.concatenate([[c == "1" for c in line["correct"]] for line in lines])
    order = np.argsort(confidence, kind="stable")
    bins = np.array_split(order, BINS)
    return float(
        sum(len(b) * abs(confidence[b].mean() - correct[b].mean()) for b in bins) / len(order)
    )


def show(results: Mapping[str, Lines]) -> None:
    """Print all figures for which there is something."""
    scores = {m: by_table(lines, "score") for m, lines in results.items() if m not in OTHERS}
    print_scores(scores)
    if "fnet" in results:
        print_pairs(scores)
        print_honesty(results["fnet"])
    print_calibration(results)
    print_intervals(results)
    print_times(results)


def print_scores(scores: Mapping[str, dict[str, dict[int, float]]]) -> None:
    """The scores of all models on the folds that all have, and their ranks."""
    ranks, means = [], []
    print(f"{'score':14s}", *(f"{model[:12]:>12s}" for model in scores))
    for name in NAMES:
        folds = [set(found.get(name, ())) for found in scores.values()]
        shared = set.intersection(*folds) if folds else set()
        if shared:
            row = [mean({f: found[name][f] for f in shared}) for found in scores.values()]
            means.append(row)
            ranks.append([1 + sum(o > s + 1e-12 for o in row) for s in row])
            label = f"{name} ({len(shared)})"
        else:
            row = [mean(found[name]) if name in found else np.nan for found in scores.values()]
            label = f"{name} (-)"
        print(f"{label:17s}"[:17], *(f"{score:11.4f} " for score in row))
    if ranks:
        print(f"{'mean':17s}", *(f"{value:11.4f} " for value in np.mean(means, axis=0)))
        print(f"{'mean rank':17s}", *(f"{value:11.2f} " for value in np.mean(ranks, axis=0)))


def print_pairs(scores: Mapping[str, dict[str, dict[int, float]]]) -> None:
    """fnet less each other model, paired over folds."""
    for model, found in scores.items():
        if model == "fnet":
            continue
        differences, behind, ahead = [], [], []
        for name, own in scores["fnet"].items():
            pairs = [own[f] - found[name][f] for f in own if f in found.get(name, {})]
            if len(pairs) > 1:
                differences.append(np.mean(pairs))
                error = np.std(pairs, ddof=1) / np.sqrt(len(pairs))
                if differences[-1] < -2 * error:
                    behind.append(name)
                if differences[-1] > 2 * error:
                    ahead.append(name)
        if differences:
            print(
                f"fnet less {model}: {np.mean(differences):+.4f} over {len(differences)} tables; "
                f"beyond two standard errors {len(ahead)} ahead, {len(behind)} behind "
                f"({', '.join(behind)})"
            )


def print_honesty(lines: Lines) -> None:
    """`cv_score_` less the score on fresh rows."""
    expected, seen = by_table(lines, "cv_score"), by_table(lines, "score")
    gaps, beyond = [], []
    for name, values in expected.items():
        pairs = [values[fold] - seen[name][fold] for fold in values]
        gaps.append(np.mean(pairs))
        if len(pairs) > 1:
            error = np.std(pairs, ddof=1) / np.sqrt(len(pairs))
            if abs(gaps[-1]) > 2 * error:
                beyond.append(f"{name} {gaps[-1]:+.3f}")
    if gaps:
        print(
            f"cv_score less fresh score: {np.mean(gaps):+.4f} over {len(gaps)} tables; beyond two "
            f"standard errors {len(beyond)} ({', '.join(beyond)})"
        )


def print_calibration(results: Mapping[str, Lines]) -> None:
    """The calibration error and the log loss of each model on the tables of classes."""
    for model, lines in results.items():
        of_tables: dict[str, list[Any]] = {}
        for line in lines:
            if "confidence" in line:
                of_tables.setdefault(line["table"], []).append(line)
        if of_tables:
            errors = [calibration_error(found) for found in of_tables.values()]
            losses = [np.mean([line["log_loss"] for line in f]) for f in of_tables.values()]
            print(
                f"{model}: calibration error {np.mean(errors):.4f}, log loss "
                f"{np.mean(losses):.4f} over {len(errors)} tables of classes"
            )


def print_intervals(results: Mapping[str, Lines]) -> None:
    """How many fresh rows intervals and sets hold, and how wide they are."""
    for model, lines in results.items():
        for what, classes in (("intervals", False), ("sets", True)):
            own = [line for line in lines if line["classes"] == classes]
            covered, width = by_table(own, "covered"), by_table(own, "width")
            if covered:
                per_table = {name: mean(values) for name, values in covered.items()}
                least = min(per_table, key=lambda name: per_table[name])
                print(
                    f"{model}: {what} hold {np.mean(list(per_table.values())):.3f} in the mean of "
                    f"{len(per_table)} tables, {per_table[least]:.3f} at least ({least}); width "
                    f"{np.mean([mean(values) for values in width.values()]):.3f}"
                )


def print_times(results: Mapping[str, Lines]) -> None:
    """The seconds of a fit, and fnet's over the others'."""
    times = {m: by_table(lines, "seconds") for m, lines in results.items()}
    again = {m: by_table(lines, "seconds_again") for m, lines in results.items()}
    for model, found in times.items():
        medians = [np.median(list(values.values())) for values in found.values()]
        print(f"{model}: {np.median(medians):.2f} s a fit, {max(medians):.1f} at most")
    large = {line["table"] for lines in results.values() for line in lines if line["rows"] > 1000}
    for what, own in (("with compiling", times), ("compiled", again)):
        for model, found in times.items():
            shared = [n for n in large if n in own.get("fnet", {}) and n in found]
            if model != "fnet" and shared:
                ratios = [_median(own["fnet"][n]) / _median(found[n]) for n in shared]
                print(
                    f"fnet {what} over {model}: {np.median(ratios):.3f} in the median, "
                    f"{max(ratios):.2f} at most, of {len(shared)} tables of more than 1,000 rows"
                )


def _median(values: Mapping[int, float]) -> float:
    """The median over folds."""
    return float(np.median(list(values.values())))
