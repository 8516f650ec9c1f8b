"""Damage and forge files: each must be refused with FormatError, or hold what it held before.

Files are changed in their bytes, in the text of their header, and in the values of the header. A
forged file has a valid digest for its changed description, so it may hold something else; then
loading and predicting must raise no errors but those of fnet. No load may take more than a
second of the processor, or more memory than 1.2 times the file plus 16 MiB.
"""

import argparse
import collections
import copy
import hashlib
import json
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from tqdm import tqdm

import fnet
from fnet import reference
from fnet.files import schema, storage
from fnet.files.model import Model

Random: TypeAlias = np.random.Generator

TOKENS = [
    *("NaN", "Infinity", "-1", "1e999", "0", "true", "null", '""', "[]", "{}", "9" * 5000),
    *(str(2**31), str(2**62), str(2**64), '"F64"', '"\\ud800"', "[" * 100_000, '{"a":' * 100_000),
    *('"a":1,"a":1', "\x00", "\\", '"', ",", ":", "]", "}", "é", "0.1", '"__metadata__":{}'),
]
"""What `insert_token` puts into the text of a header."""


def originals(folder: Path) -> Iterator[tuple[bytes, str]]:
    """Files of several kinds: `(bytes, content as JSON)`."""
    random = np.random.default_rng(0)
    net = fnet.Network((3, 4, 3), "tanh")
    x, y = random.normal(size=(20, 3)), random.integers(3, size=20)
    plan = fnet.kfold_plan(20, 5, epochs=3, seed=0)
    run = reference.train(
        *(net, fnet.adam(0.01), reference.init_params(net, seed=[0, 1]), x, y, plan),
        validation=(x, y),
        patience=2,
    )
    other = fnet.Network((40, 30, 2), loss="squared_error", bias=False)
    wide = other, reference.init_params(other, 0, dtype="float64")
    trained = {"with": fnet.adam(0.01), "tuning": fnet.Tuning(l2=0.1), "by": ["ab", 1, None]}
    saved: list[tuple[Any, dict[str, Any]]] = [
        ((net, reference.init_params(net, 0)), {"classes": ["ä", "\ud800", "🐍"]}),
        (run, {"features": ["a", "b\0", "\u202e"], "trained": trained}),
        (wide, {"features": [f"column {i}" for i in range(40)]}),
    ]
    for what, named in saved:
        path = folder / "original.fnet"
        fnet.save(path, what, **named)
        yield path.read_bytes(), content_json(fnet.load(path))


def content_json(model: Model) -> str:
    """The content of a model as JSON."""
    return storage.canonical_json(schema.content_of(model))


def flip_bits(data: bytes, random: Random) -> bytes:
    """Flip one to eight bits, half of the time in the header."""
    changed = bytearray(data)
    stop = len(data) if random.random() < 0.5 else 8 + int.from_bytes(data[:8], "little")
    for at in random.integers(stop, size=random.integers(1, 9)):
        changed[at] ^= 1 << int(random.integers(8))
    return bytes(changed)


def cut_bytes(data: bytes, random: Random) -> bytes:
    """Cut off the end, leave out, repeat, zero or replace a part, or append bytes."""
    start, stop = sorted(int(i) for i in random.integers(len(data) + 1, size=2))
    changes: list[Callable[[], bytes]] = [
        lambda: data[:start],
        lambda: data[:start] + data[stop:],
        lambda: data[:stop] + data[start:],
        lambda: data[:start] + bytes(stop - start) + data[stop:],
        lambda: data + random.bytes(int(random.integers(1, 100))),
        lambda: random.bytes(8) + data[8:],
        lambda: random.bytes(len(data)),
    ]
    return changes[random.integers(len(changes))]()


def join(header: str, arrays: bytes) -> bytes:
    """The bytes of a file with this header and these bytes of arrays."""
    encoded = header.encode("utf-8", "surrogatepass")
    return len(encoded).to_bytes(8, "little") + encoded + arrays


def split(data: bytes) -> tuple[str, bytes]:
    """`(header, arrays)` of the bytes of a file."""
    end = 8 + int.from_bytes(data[:8], "little")
    return data[8:end].decode(), data[end:]


def insert_token(data: bytes, random: Random) -> bytes:
    """Insert a token somewhere in the header, replacing up to five characters."""
    header, arrays = split(data)
    start = int(random.integers(len(header)))
    stop = start + int(random.integers(0, 6))
    token = TOKENS[random.integers(len(TOKENS))]
    return join(header[:start] + token + header[stop:], arrays)


def change_value(data: bytes, random: Random) -> bytes:
    """Change a value or a key in the JSON of the header."""
    header, arrays = split(data)
    entries = json.loads(header)
    change(entries, random)
    return join(json.dumps(entries), arrays)


def forge_description(data: bytes, random: Random) -> bytes:
    """Change values or keys in the description, and correct its digest."""
    header, arrays = split(data)
    entries = json.loads(header)
    version, _, text = entries["__metadata__"]["fnet"].split(" ", 2)
    found = json.loads(text)
    for _ in range(random.integers(1, 4)):
        change(found, random)
    text = json.dumps(found)
    digest = hashlib.sha256(text.encode()).hexdigest()
    entries["__metadata__"]["fnet"] = f"{version} {digest} {text}"
    return join(json.dumps(entries), arrays)


def change(tree: Any, random: Random) -> None:
    """Change one place in a tree of dicts and lists."""
    nodes: list[Any] = [tree]
    for node in nodes:
        parts = node.values() if isinstance(node, dict) else node
        nodes += [part for part in parts if isinstance(part, (dict, list)) and part]
    node = nodes[random.integers(len(nodes))]
    key = list(node)[random.integers(len(node))] if isinstance(node, dict) else None
    key = int(random.integers(len(node))) if key is None else key
    other = nodes[random.integers(len(nodes))]
    other = copy.deepcopy(list(other.values() if isinstance(other, dict) else other))
    strange: list[Any] = [
        None,
        True,
        -1,
        0,
        0.5,
        2**62,
        10**30,
        "",
        "x",
        "F32",
        [],
        {},
        [[]],
        {"a": 1},
    ]
    what = random.integers(4)
    if what == 0:
        del node[key]
    elif what == 1:
        node[key] = strange[random.integers(len(strange))]
    elif what == 2:
        node[key] = other[random.integers(len(other))]
    elif isinstance(node, dict):
        node[f"{key}_"] = node.pop(key)
    else:
        node.append(other[random.integers(len(other))])


MUTATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(flip_bits, cut_bytes, insert_token, change_value, forge_description),
)


def load(path: Path) -> Model | None:
    """The model in a file, or None if it is refused."""
    try:
        return fnet.load(path)
    except fnet.FormatError:
        return None


def outcome(path: Path, data: bytes, before: str, is_forged: bool) -> tuple[str, float, float]:
    """What a mutated file turned out to be, the seconds of its load, and its excess bytes.

    The excess is the memory of the load beyond 1.2 times the file plus 16 MiB.
    """
    path.write_bytes(data)
    began = time.process_time()
    load(path)
    seconds = time.process_time() - began
    tracemalloc.start()
    model = load(path)
    excess = tracemalloc.get_traced_memory()[1] - 1.2 * len(data) - (16 << 20)
    tracemalloc.stop()
    if model is None:
        return "refused", seconds, excess
    if is_forged:
        repr(model)
        model.predict(np.zeros((2, model.net.sizes[0])))
        return "different", seconds, excess
    return "unchanged" if content_json(model) == before else "UNDETECTED", seconds, excess


def mutate(count: int, seed: int, folder: Path) -> tuple[Any, float, float]:
    """How often each mutation had each outcome, and the most seconds and excess bytes."""
    random = np.random.default_rng(seed)
    files = list(originals(folder))
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    seconds, excess = 0.0, -float("inf")
    for i in tqdm(range(count), desc="mutations"):
        data, before = files[random.integers(len(files))]
        mutation = MUTATIONS[i % len(MUTATIONS)]
        changed = mutation(data, random)
        found, *measured = outcome(
            folder / "mutated.fnet", changed, before, mutation is forge_description
        )
        counts[mutation.__name__, found] += 1
        seconds, excess = max(seconds, measured[0]), max(excess, measured[1])
    return counts, seconds, excess


def main() -> None:
    """Mutate files and print the outcomes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000, help="how many files to mutate")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations")
    options = parser.parse_args()
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        counts, seconds, excess = mutate(options.count, options.seed, Path(folder))
    for (mutation, found), number in sorted(counts.items()):
        print(f"{mutation:17} {found:10} {number:6}")
    print(
        f"longest load {seconds:.3f} s; most memory {excess / 2**20:+.1f} MiB relative to the limit"
    )


if __name__ == "__main__":
    main()
