"""How names and numbers are written, and the template that they are written into."""

import math
from typing import Any

import jinja2
import numpy as np

from fnet.core.printable import printable
from fnet.plots import style

MAX_LENGTH = 160
"""The most letters of a name or a value; longer ones are shortened."""


def clean(value: Any) -> Any:
    """A string whose controls are escaped, but for line breaks; HTML and other types unchanged."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return printable(value, keep="\n")


def names(values: Any) -> tuple[str, ...] | None:
    """Classes or features as a tuple of clean strings; None of None."""
    if values is None:
        return None
    return tuple(clean(_plain(value)) for value in np.asarray(values).tolist())


def number(value: float) -> str:
    """An integer in full, other numbers with 4 significant digits, NaN as "–"."""
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return "–" if math.isnan(value) else str(value).replace("inf", "∞")
    size = abs(value)
    if size == 0:
        return "0"
    if not 1e-4 <= size < 1e9:
        return f"{value:.3e}"
    return f"{value:,.{max(0, 3 - math.floor(math.log10(size)))}f}"


def exact(value: Any) -> str:
    """Any plain value on one line, numbers with all their digits."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        text = ", ".join(map(exact, value))
    else:
        text = _plain(value)
    return short(text)


def short(text: str) -> str:
    """A string, shortened in the middle if it is too long."""
    return style.name(text, MAX_LENGTH)


def label(key: Any) -> str:
    """A key of a dict as a term on the page: `validation_rows` is "Validation rows"."""
    return sentence(exact(key).replace("_", " "))


def sentence(text: str) -> str:
    """A string that starts with a capital letter."""
    return text[:1].upper() + text[1:]


def template(name: str) -> jinja2.Template:
    """A template of this package. Its output is escaped and `clean`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fnet", "reports"),
        autoescape=True,
        finalize=clean,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "short": short}
    return environment.get_template(name)


def _plain(value: Any) -> str:
    """A value as a string, a float without a trailing `.0`."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
