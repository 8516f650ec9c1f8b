"""A Content in a file."""

import json

from fnet.core.errors import FnetError, FormatError
from fnet.files import atomic, codec, format, schema


def text(value):
    """All of plain data as one text, which is the same for the same data to the bit."""
    described, arrays = codec.packed(value)
    digests = {name: format.digest(format.little(array)) for name, array in arrays.items()}
    return json.dumps([described, digests], sort_keys=True)


def write(path, content):
    """Replace the file at `path`, or raise InvalidArgument or OSError and leave it as it is."""
    atomic.write(path, format.written(*codec.packed(schema.sound(content))))


def read(path):
    """The Content of a file, or FormatError; the system's own OSError where none can be read."""
    try:
        return schema.sound(codec.unpacked(*format.read(path)))
    except FnetError as error:
        raise FormatError(f"{path}: {error}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the description is of another form: {error!r:.200}") from None
