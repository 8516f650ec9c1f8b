"""The uses of a model by the command line; see `fuzz_uses.py`."""

import contextlib
import csv
import io
import json
import re

from fuzz_files import features, targets
from fuzz_subjects import Subject, cells, check

import fnet
from fnet import cli

INVALID = 3
"""The exit code of `fnet` for invalid data, models or values."""


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What a terminal may take as a command, or as another direction of text."""


class Refused(fnet.FnetError):
    """What a command refused, with its message."""


def fnet_command(*words: str, is_text: bool = True) -> tuple[str, str]:
    """`(output, notes)` of a command, which raises Refused where it exits with INVALID.

    `is_text` says that the output is for a terminal, and no data for a program.
    """
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        code = cli.main(list(words))
    for stream in streams:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]
    found = CONTROL.search(out + err if is_text else err)
    check(not found, f"{found and found[0]!r} reaches the terminal")
    if code == INVALID:
        check(re.fullmatch(r"Error: [^\n\r]*\n", err), f"not one line: {err!r}")
        raise Refused(err.strip())
    check(code == 0, f"exit code {code}: {err!r:.500}")
    return out, err


def use_describe(s: Subject) -> None:
    """`fnet describe`."""
    out, err = fnet_command("describe", str(s.path))
    check(out and not err, f"standard error: {err!r:.300}")


def use_describe_json(s: Subject) -> None:
    """`fnet describe --json` is JSON of the same model."""
    out, err = fnet_command("describe", str(s.path), "--json", is_text=False)
    found = json.loads(out)
    check(not err, f"standard error: {err!r:.300}")
    check(found["layers"] == list(s.model.net.sizes), "other layers")
    if s.model.run is not None:
        check(found["run"]["epochs"] == int(s.model.run.train_state.epoch), "other epochs")


def table(s: Subject, with_target: bool = True) -> tuple[str, list[str]]:
    """The path of a small table for the model, and the option that names its target, if it has."""
    m = s.model
    if m.encoding is None:
        names = list(m.features or [f"x{i}" for i in range(m.net.sizes[0])])
        data = features(m.net, 12).tolist()
    else:
        found = cells(m, 12)
        names, data = list(found), list(zip(*found.values(), strict=True))
    record = m.trained if isinstance(m.trained, dict) else {}
    known = isinstance(record.get("target"), str)
    target = record["target"] if known else "the target"
    y = targets(m.net, 12)
    if m.classes is not None and (m.net.targets == "multiclass" or m.net.sizes[-1] == 1):
        written = [name for name in m.classes.tolist() if name == name]  # NaN would be a gap
        column = [written[i % len(written)] for i in range(12)]
    else:
        column = (y if y.ndim == 1 else y[:, 0]).tolist()
    path = s.path.with_suffix(".csv")
    with open(path, "w", newline="", encoding="utf-8", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow([*names, target][: None if with_target else -1])
        for x, cell in zip(data, column, strict=True):
            writer.writerow([*x, cell][: None if with_target else -1])
    return str(path), [] if known else ["--target", target]


def check_notes(err: str) -> None:
    """Raise Wrong for notes that are warnings of NumPy or Python."""
    check("encountered" not in err and "Warning" not in err, f"standard error: {err!r:.300}")


def use_cli_predict(s: Subject) -> None:
    """`fnet predict` writes a line for each row."""
    path, _ = table(s, with_target=False)
    as_json = s.rng.random() < 0.5
    words = ["--json"] if as_json else []
    if s.model.classes is not None and s.rng.random() < 0.7:
        words.append("--probabilities")
    if s.model.ensemble is not None and s.rng.random() < 0.7:
        words += ["--std"]
        if s.model.ensemble.conformity is not None:
            words += ["--set" if s.model.net.targets == "multiclass" else "--interval", "0.5"]
    out, err = fnet_command("predict", str(s.path), path, *words, is_text=False)
    check_notes(err)
    if as_json:
        check(len([json.loads(line) for line in out.splitlines()]) == 12, "not a row for each row")
    else:
        found = list(csv.reader(io.StringIO(out, newline="")))
        check(len(found) == 13 and len(set(map(len, found))) == 1, "not a row for each row")


def use_evaluate(s: Subject) -> None:
    """`fnet evaluate`, plain or as JSON."""
    path, words = table(s)
    as_json = s.rng.random() < 0.5
    words += ["--json"] * as_json
    out, err = fnet_command("evaluate", str(s.path), path, *words, is_text=not as_json)
    check_notes(err)
    if as_json:
        check(json.loads(out)["rows"] == 12, "other rows")


def use_report(s: Subject) -> None:
    """`fnet evaluate --report` writes a page."""
    path, words = table(s)
    page = s.path.with_suffix(".html")
    check_notes(fnet_command("evaluate", str(s.path), path, *words, "--report", str(page))[1])
    check(page.stat().st_size > 1000, "no page")
