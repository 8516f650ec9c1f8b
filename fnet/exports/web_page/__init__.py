"""A model as a web page: one HTML file that predicts by itself, with nothing from a network.

  content.py: the model as plain data; examples.py: rows that the form offers.
  page.html, page.css: the page.
  cells.js, steps.js: cells and the steps of an encoder, as `fnet.encoding` has them.
  network.js: networks, as `fnet.reference` computes them.
  interval.js: intervals, as `fnet.core.conformal` computes them.
  model.js: from the cells of a row to an answer.
  table.js: tables as CSV.
  fields.js, answers.js, form.js: what a person sees.

The first six are one script without any use of the page, which workers run too.
"""

import base64
import hashlib
import html
import importlib.resources
import json
import os
import re
from typing import Any

from fnet import __version__
from fnet.core.errors import InvalidArgument
from fnet.core.params import leaves
from fnet.core.printable import printable
from fnet.exports.web_page import content as contents
from fnet.files import atomic
from fnet.files.schema import Content

PROGRAM = ("cells.js", "steps.js", "network.js", "interval.js", "model.js", "table.js")
"""The files of the script that computes."""

FORM = ("fields.js", "answers.js", "form.js")
"""The files of the script that shows."""

MAX_MEBIBYTES = 48
"""The most that the params may take in a page, as base64."""

MAX_NAME = 80
"""The most letters of a name."""


def write(path: str | os.PathLike[str], content: Content, examples: Any = None) -> None:
    """Replace the file at `path` by the page of a single network or an ensemble."""
    atomic.write(path, page(content, examples).encode())


def page(content: Content, examples: Any = None) -> str:
    """The page of a model.

    Args:
        content: The checked Content of a single network or an ensemble.
        examples: A table of rows that fill the form; None for none.

    Returns:
        The page. The same arguments give the same page.

    Raises:
        InvalidArgument: The model is too large, or the examples cannot be read.
    """
    size = contents.size(content) / 2**20
    if size > MAX_MEBIBYTES:
        raise InvalidArgument(
            f"a web page takes params of at most {MAX_MEBIBYTES} MiB; these are {size:.1f} MiB as "
            "base64. Export another format, or train a smaller network"
        )
    style, program, controls = (
        "".join(map(_read, names)) for names in (["page.css"], PROGRAM, FORM)
    )
    data = contents.data(content, examples)
    policy = (
        f"default-src 'none'; script-src {_hash(program)} {_hash(controls)}; "
        f"style-src {_hash(style)}; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": _text(title(content)),
        "summary": _text(summary(content)),
        "facts": "\n".join(
            f"<dt>{_text(term)}</dt>\n<dd>{_text(what)}</dd>" for term, what in summary_of(content)
        ),
        "version": _text(__version__),
        "examples": "" if examples is None else ", but for its examples, which were given for it",
        "style": style,
        "data": json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
        "program": program,
        "form": controls,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def title(content: Content) -> str:
    """What the page predicts."""
    target = contents.target(content)
    return "Predict with a network" if target is None else f"Predict {_short(target)}"


def summary(content: Content) -> str:
    """What to expect of the predictions."""
    found = content.ensemble
    if found is not None and found.cv_score is not None:
        score, error = found.cv_score, found.cv_score_std_error
        spread = "" if error is None else f" ± {error:.2g}"
        return f"{_score_name(found.score)} to expect on new rows: {score:.4g}{spread}"
    trained = content.trained if isinstance(content.trained, dict) else {}
    scores, rows = trained.get("scores"), trained.get("validation_rows")
    if isinstance(scores, dict) and scores and isinstance(rows, int):
        name, score = next(iter(scores.items()))
        if isinstance(name, str) and isinstance(score, float):
            return (
                f"{_short(_score_name(name))} on {rows:,} rows that training held out: {score:.4g}"
            )
    return "The model does not say how good its predictions are."


def summary_of(content: Content) -> list[tuple[str, str]]:
    """What the page says of the model, as terms and descriptions."""
    net, ensemble = content.net, content.ensemble
    members = len(leaves(content.params)[0]) if ensemble is not None else 1
    found = [("Columns", f"{len(contents.columns(content, contents.encoding_of(content)))}")]
    if (classes := contents.classes(content)) is not None:
        shown = ", ".join(map(_short, classes[:5]))
        found.append(("Classes", f"{len(classes)}: {shown}{', …' if len(classes) > 5 else ''}"))
    found.append(("Networks", f"{members} of {'–'.join(map(str, net.sizes))} units"))
    found.append(("Parameters", f"{sum(leaf.size for leaf in leaves(content.params)):,}"))
    if ensemble is not None:
        if ensemble.baseline_score is not None:
            found.append(("Baseline", f"{ensemble.baseline_score:.4g} without any column"))
        found.append(("Epochs", f"{ensemble.n_epochs:,}"))
    if content.encoding is not None:
        rows = max((c.statistics.rows for c in content.encoding.columns), default=0)
        found += [("Rows of training", f"{rows:,}")] if rows else []
    flagged = "a number or a date beyond the range of training by more than its width"
    if content.encoding is None and content.scaling is not None:
        flagged = f"more than {contents.FAR_DEVIATIONS:g} standard deviations from the mean"
    elif content.encoding is None:
        flagged = "nothing: the model does not know the values of training"
    else:
        flagged += ", and a new level"
    return [*found, ("Flagged as unlike training", flagged)]


def _score_name(score: str) -> str:
    words = {"r2": "R²"}.get(score, score.replace("_", " "))
    return words[:1].upper() + words[1:]


def _short(name: str) -> str:
    """A name of up to `MAX_NAME` letters."""
    half = MAX_NAME // 2
    return name if len(name) <= MAX_NAME else f"{name[:half]}…{name[1 - half :]}"


def _text(text: str) -> str:
    """Text of the page: controls are visible escapes, and all but ASCII is a reference."""
    return html.escape(printable(text)).encode("ascii", "xmlcharrefreplace").decode()


def _read(name: str) -> str:
    return importlib.resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What a content policy calls a script or a style sheet."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
