"""A `Content` in a file."""

import errno
import json
import os
from typing import Any

from fnet.core.errors import FnetError, FormatError
from fnet.files import atomic, codec, format, schema, values

MAX_MESSAGE = 1000
"""The most letters of a message about the content of a file."""


def canonical_json(value: Any) -> str:
    """Plain data as one string, with digests for arrays: equal for data that is equal bit for bit.

    Raises:
        InvalidArgument: Something is no plain data.
    """
    encoded, arrays = codec.encode(value)
    digests = {name: format.digest(format.little_endian(array)) for name, array in arrays.items()}
    return json.dumps([encoded, digests], sort_keys=True)


def write(path: str | os.PathLike[str], content: schema.Content, *, new: bool = False) -> None:
    """Replace the file at `path`. An error leaves the file that was there.

    Args:
        path: The path of the file.
        content: What to write.
        new: Whether to raise FileExistsError if there is a file already.

    Raises:
        InvalidArgument: The parts of the content do not fit each other, or cannot be saved.
        OSError: The file cannot be written. The error names `path`.
    """
    encoded = codec.encode(schema.check_content(content))
    values.check_trained(content.trained)
    atomic.write(path, format.to_bytes(*encoded), new=new)


def read(path: str | os.PathLike[str]) -> schema.Content:
    """The Content of a file. What dead processes left beside it is removed.

    Raises:
        FormatError: The bytes are not as `write` wrote them.
        OSError: The file cannot be read, or there is not enough memory. The error names `path`.
    """
    try:
        found = schema.check_content(schema.check_form(codec.decode(*format.read(path))))
        values.check_trained(found.trained)
    except FnetError as error:
        raise FormatError(f"{path}: {_one_line(error)}") from None
    except MemoryError:
        reason = "there is not enough memory to load this file"
        raise OSError(errno.ENOMEM, reason, os.fspath(path)) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise FormatError(
            f"{path}: the description has another form: {_one_line(repr(error))}"
        ) from None
    atomic.remove_leftovers(path)
    return found


def _one_line(message: object) -> str:
    """A message about the content of a file, which it may quote, on one line."""
    return " ".join(str(message).split())[:MAX_MESSAGE]
