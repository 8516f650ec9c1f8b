"""The mutants of `fuzz.py`: a change of bytes, or changes of the description or of the arrays.

The latter two leave every sum right.
"""

import contextlib
import json
import pickle
import random
from typing import Any, NamedTuple

from fuzz_arrays import TENSORS
from fuzz_changes import DESCRIPTION, MEANING
from fuzz_parts import Parts, prune, put_together

SPARSE_BYTES = 1 << 26
"""The size that a sparse file claims to have."""


class Mutant(NamedTuple):
    """A changed file: its bytes, the zeros without blocks on the disk that follow, the changes."""

    data: bytes
    hole: int
    changes: str


def mutate(
    rng: random.Random, name: str, originals: dict[str, bytes], parts: dict[str, bytes]
) -> Mutant:
    """A changed file of this kind.

    Args:
        rng: The generator.
        name: The kind.
        originals: The bytes of a file of each kind.
        parts: The pickled Parts of each.
    """
    (category,) = rng.choices(list(CATEGORIES), [weight for weight, _ in CATEGORIES.values()])
    table: Any = CATEGORIES[category][1]
    names = [rng.choice(list(table)) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    if category == "bytes":
        data, hole = originals[name], 0
        for change in names[:1]:
            data, hole = table[change](rng, data, originals[rng.choice(list(originals))])
    else:
        changed: Parts = pickle.loads(parts[name])
        donor: Parts = pickle.loads(parts[rng.choice(list(parts))])
        for change in names:
            with contextlib.suppress(AttributeError, LookupError, TypeError, ValueError):
                table[change](rng, changed, donor)  # it may not apply after the one before
        if rng.random() < 0.95:
            prune(changed)
        data, hole = put_together(changed), 0
    return Mutant(data, hole, f"{category}: {', '.join(names)}")


# Changes of bytes: each takes the bytes and those of another file, and returns bytes and a hole.


def _flip(rng: random.Random, data: bytes, other: bytes) -> tuple[bytes, int]:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed), 0


def _truncate(rng: random.Random, data: bytes, other: bytes) -> tuple[bytes, int]:
    return data[: rng.choice((0, 1, 7, 8, 9, rng.randrange(len(data)), len(data) - 1))], 0


def _insert(rng: random.Random, data: bytes, other: bytes) -> tuple[bytes, int]:
    i, count = rng.randrange(len(data) + 1), rng.choice((1, 2, 8, 100))
    return data[:i] + rng.randbytes(count) + data[i:], 0


def _remove(rng: random.Random, data: bytes, other: bytes) -> tuple[bytes, int]:
    i = rng.randrange(len(data))
    return data[:i] + data[i + rng.choice((1, 2, 8, 100)) :], 0


def _splice(rng: random.Random, data: bytes, other: bytes) -> tuple[bytes, int]:
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :], 0


def _length(rng: random.Random, data: bytes, other: bytes) -> tuple[bytes, int]:
    length = int.from_bytes(data[:8], "little")
    new = rng.choice(
        (0, 1, length - 1, length + 1, len(data), 2**20, 2**20 + 1, 2**32, 2**63, 2**64 - 1)
    )
    return new.to_bytes(8, "little") + data[8:], 0


def _hole(rng: random.Random, data: bytes, other: bytes) -> tuple[bytes, int]:
    """A sparse file: little on the disk, and an array that claims to be large."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    last = max(
        (n for n in header if n != "__metadata__"), key=lambda n: header[n]["data_offsets"][1]
    )
    entry, size = header[last], len(data) - start
    begin = entry["data_offsets"][0]
    entry |= {"dtype": "U8", "shape": [size + SPARSE_BYTES - begin]}
    entry["data_offsets"] = [begin, size + SPARSE_BYTES]
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(8, "little") + encoded + data[start:], SPARSE_BYTES


BYTES = {
    **{
        "flip": _flip,
        "truncate": _truncate,
        "insert": _insert,
        "remove": _remove,
        "splice": _splice,
    },
    **{"length": _length, "hole": _hole},
}

CATEGORIES: dict[str, tuple[float, Any]] = {
    "bytes": (0.1, BYTES),
    "description": (0.4, DESCRIPTION),
    "meaning": (0.3, MEANING),
    "arrays": (0.2, TENSORS),
}
"""The share and the table of each category. An entry twice is drawn twice as often."""
