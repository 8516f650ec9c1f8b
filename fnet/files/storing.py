"""A Content in a file."""

from fnet.errors import FnetError, FormatError
from fnet.files import container, contents, disk, plain


def write(path, content):
    """Replace the file at `path`, or raise InvalidArgument or OSError and leave it as it is."""
    disk.write(path, container.written(*plain.packed(contents.sound(content))))


def read(path):
    """The Content of a file, or FormatError; the system's own OSError where none can be read."""
    try:
        return contents.sound(plain.unpacked(*container.read(path)))
    except FnetError as error:
        raise FormatError(f"{path}: {error}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the description is of another form: {error!r:.200}") from None
