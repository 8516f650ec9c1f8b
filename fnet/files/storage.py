"""A `Content` in a file."""

import json
import os
from typing import Any

from fnet.core.errors import FnetError, FormatError
from fnet.files import atomic, codec, format, schema, values


def canonical_json(value: Any) -> str:
    """Plain data as one string, with digests for arrays: equal for data that is equal bit for bit.

    Raises:
        InvalidArgument: Something is no plain data.
    """
    encoded, arrays = codec.encode(value)
    digests = {name: format.digest(format.little_endian(array)) for name, array in arrays.items()}
    return json.dumps([encoded, digests], sort_keys=True)


def write(path: str | os.PathLike[str], content: schema.Content) -> None:
    """Replace the file at `path`. An error leaves the file that was there.

    Raises:
        InvalidArgument: The parts of the content do not fit each other, or cannot be saved.
        OSError: The file cannot be written.
    """
    encoded = codec.encode(schema.check_content(content))
    values.check_trained(content.trained)
    atomic.write(path, format.to_bytes(*encoded))


def read(path: str | os.PathLike[str]) -> schema.Content:
    """The Content of a file.

    Raises:
        FormatError: The bytes are not as `write` wrote them.
        OSError: The file cannot be read.
    """
    try:
        found = schema.check_content(schema.check_form(codec.decode(*format.read(path))))
        values.check_trained(found.trained)
    except FnetError as error:
        raise FormatError(f"{path}: {error}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the description has another form: {error!r:.200}") from None
    return found
