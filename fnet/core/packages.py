"""Packages that fnet imports where it uses them; what is missing is named."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fnet.core.errors import FnetError

INSTALLED_BY = {
    **dict.fromkeys(("jinja2", "matplotlib", "pandas", "scipy", "tensorflow", "tqdm"), "fnet"),
    **dict.fromkeys(("click", "numpy", "pyarrow", "safetensors", "sklearn"), "fnet"),
    "threadpoolctl": "fnet",
    "onnx": '"fnet[onnx]"',
}
"""What `pip install` takes, for the module of each package."""


class MissingPackage(FnetError, ModuleNotFoundError):
    """A package that is needed is not installed. The message has the line that installs it."""

    if not TYPE_CHECKING:  # that of FnetError takes no name
        __init__ = ModuleNotFoundError.__init__


@contextlib.contextmanager
def naming_what_is_missing() -> Iterator[None]:
    """Within it, the import of a package of fnet that is not installed raises a MissingPackage.

    Yields:
        None.

    Raises:
        MissingPackage: A package is missing.

    Example:
        >>> from fnet.core import packages
        >>> with packages.naming_what_is_missing():
        ...     raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")
        Traceback (most recent call last):
        fnet.core.packages.MissingPackage: this needs the package sklearn, which is not installed: \
run pip install fnet
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in INSTALLED_BY or isinstance(error, MissingPackage):
            raise
        raise MissingPackage(
            f"this needs the package {package}, which is not installed: run pip install "
            f"{INSTALLED_BY[package]}",
            name=error.name,
        ) from error
