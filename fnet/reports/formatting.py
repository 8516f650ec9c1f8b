"""How names and numbers are written, and the template that they are written into."""

import math
import re

import jinja2
import numpy as np

from fnet.plots import style

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What no HTML and no SVG may hold."""

MOST = 160
"""Letters of a name or a value; what is longer is cut."""


def clean(value):
    """A text with escapes in place of what no page may hold; HTML and what is no text stay."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), value)


def names(values):
    """Classes or features as a tuple of texts; None of None."""
    if values is None:
        return None
    return tuple(clean(_plain(value)) for value in np.asarray(values).tolist())


def number(value):
    """A whole number as it is, others with 4 significant digits; "–" where there is none."""
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


def exact(value):
    """Any plain value in a line, numbers to the last digit."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        text = ", ".join(map(exact, value))
    else:
        text = _plain(value)
    return short(text)


def short(text):
    """A text that is cut in the middle where it is too long."""
    return style.name(text, MOST)


def label(key):
    """A key in a dict as a term on the page: `validation_rows` is "Validation rows"."""
    text = exact(key).replace("_", " ")
    return text[:1].upper() + text[1:]


def template(name):
    """A template of this room. What it writes is escaped, and `clean`."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("fnet", "reports"),
        autoescape=True,
        finalize=clean,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"number": number, "short": short}
    return found.get_template(name)


def _plain(value):
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
