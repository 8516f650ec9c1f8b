"""The files that `fnet cv` and `fnet search` write."""

import io
import os
import warnings
from typing import Any

from fnet.cli import common


def check(data: str, **paths: str | None) -> None:
    """Refuse paths that cannot be written, or that are the same, before any work is done.

    Args:
        data: The input.
        **paths: The outputs, by option.
    """
    given = {name: path for name, path in paths.items() if path is not None}
    real: dict[str, str] = {}
    for name, path in given.items():
        common.check_output_path(path, data)
        same = real.setdefault(os.path.realpath(path), name)
        if same != name:
            raise common.usage_error(f"--{same} and --{name} must be different files.")


def write_picture(figure: Any, path: str) -> None:
    """Write a figure of matplotlib as a PNG, completely or not at all."""
    from fnet.files import atomic

    image = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a name in another script
        figure.savefig(image, format="png")
    atomic.write(path, image.getvalue())


def lines(written: dict[str, str | None]) -> list[str]:
    """A line for each file that was written, by option."""
    names = {"out": "Results", "picture": "Picture", "model": "Model"}
    return [f"{names[name]}: {path}" for name, path in written.items() if path is not None]
